//! Versions of the access list (XEP-0463): what changed since one, to who may read it.

use minidom::Element;

use crate::codec::{Condition, ErrorType, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::room::Out;
use crate::gc3::room::judge::muc::real;
use crate::gc3::room::say::{also, own_header, send, send_one};
use crate::gc3::room::state::{Key, Slot, State};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::party::{Audience, Seat};

/// Writes `<mav/>`.
pub(super) fn write_mav(state: &State, since: Option<u64>, until: u64, writer: &mut Writer) {
    writer.open("mav", ns::MAV).attr_opt("since", since.map(|since| state.version_text(since)).as_deref());
    writer.attr("until", &state.version_text(until)).close();
}

/// What somebody who enters asks for: the list, or what changed since a version.
pub(super) fn asked(stanza: &Stanza) -> Option<&Element> {
    stanza.child("x", ns::MUC)?.get_child("mav", ns::MAV)
}

/// The affiliation that a reader is told of: who may not see bans learns no more than that somebody is not on the list.
fn told(state: &State, key: &Key, all: bool) -> Affiliation {
    let affiliation = state.access.get(key).map_or(Affiliation::None, |entry| entry.affiliation);
    if all || affiliation > Affiliation::Outcast { affiliation } else { Affiliation::None }
}

fn item(jid: &str, affiliation: Affiliation, writer: &mut Writer) {
    writer.open("item", ns::MUC_USER).attr("jid", jid).attr("affiliation", affiliation.name()).close();
}

/// Answers who enters and asks for versions, before any presence.
pub(super) fn on_entry(state: &State, out: &mut Out<'_>, who: Slot, to: &str, asked: &Element, stanza: &Stanza) {
    let (bare, now) = (state.people.jid(who), state.access.version);
    let all = state.permits(bare, Verb::Ban);
    if !all && !state.reads_members(bare) {
        return refuse(out, to, stanza);
    }
    let since = asked.attr("since").and_then(|text| state.known_access_version(text));
    if since == Some(now) {
        return also(out, rule::E1);
    }
    // What was before one's own time is not told (Security Considerations).
    let own = state.access.get(&Key::Account(bare.into()));
    if since.zip(own).is_some_and(|(since, entry)| since < entry.version) {
        return refuse(out, to, stanza);
    }
    let removed = since.map(|since| state.access.removed_since(since));
    let mut keys: Vec<(u64, &Key)> = removed.into_iter().flatten().map(|key| (now, key)).collect();
    let kept = state.access.iter().filter(|(_, entry)| since.is_none_or(|since| entry.version > since));
    keys.extend(kept.map(|(key, entry)| (entry.version, key)));
    if since.is_none() {
        keys.retain(|(_, key)| told(state, key, all) != Affiliation::None);
    }
    keys.sort_unstable();
    let mut from = since;
    let mut rest = keys.as_slice();
    loop {
        let (chunk, later) = rest.split_at(rest.len().min(state.limits.list_page));
        let until = if later.is_empty() { now } else { chunk.last().map_or(now, |(version, _)| *version) };
        let message = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
            writer.open("x", ns::MUC_USER);
            write_mav(state, from, until, writer);
            for (_, key) in chunk {
                if let Some(jid) = real(state, key) {
                    item(jid, told(state, key, all), writer);
                }
            }
            writer.close();
        });
        send_one(out, rule::E1, to, &message);
        (from, rest) = (Some(until), later);
        if rest.is_empty() {
            break;
        }
    }
}

/// Who may not ask is told so by a message, and is in all the same.
fn refuse(out: &mut Out<'_>, to: &str, stanza: &Stanza) {
    let error = StanzaError::new(ErrorType::Auth, Condition::Forbidden);
    let header = crate::codec::Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Error,
        from: stanza.to.as_ref().map_or("", |to| to.as_str()).split('/').next().unwrap_or_default(),
        id: stanza.id.as_deref(),
        lang: None,
    };
    let message = Outgoing::new(&header, |writer| error.write(writer));
    send_one(out, rule::E2, to, &message);
}

/// Tells who may know it of affiliations that changed, of those who are not in: who is in is shown by its presence.
pub(crate) fn changed(state: &State, out: &mut Out<'_>, keys: &[Key], versions: (u64, u64)) {
    let away = |key: &&Key| match key {
        Key::Account(jid) => state.people.find(jid).is_none(),
        Key::Domain(_) => true,
        Key::Id(id) => state.people.find_id(*id).is_none() && state.real_jid(*id).is_some(),
    };
    let keys: Vec<&Key> = keys.iter().filter(away).collect();
    if keys.is_empty() {
        return;
    }
    let (mut see_all, mut see_members) = (Vec::new(), Vec::new());
    for (seat, session) in state.sessions.iter().filter(|(_, session)| session.dialect.is_by_presence()) {
        let bare = state.people.jid(session.person);
        if state.permits(bare, Verb::Ban) {
            see_all.push(seat);
        } else if state.reads_members(bare) {
            see_members.push(seat);
        }
    }
    let write = |seats: &[Seat], all: bool, out: &mut Out<'_>| {
        if seats.is_empty() {
            return;
        }
        let message = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
            writer.open("x", ns::MUC_USER);
            write_mav(state, Some(versions.0), versions.1, writer);
            for key in &keys {
                if let Some(jid) = real(state, key) {
                    item(jid, told(state, key, all), writer);
                }
            }
            writer.close();
        });
        send(out, rule::E3, Audience::few(state.sessions.roster(), seats), &message);
    };
    write(&see_all, true, out);
    write(&see_members, false, out);
}
