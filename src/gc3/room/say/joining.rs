//! What is said when somebody comes or goes (G3.1–G3.3).

use super::{also, muc, own_header, result, send_one, write_nick};
use crate::codec::{Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::host::Notice;
use crate::gc3::room::Out;
use crate::gc3::room::judge::last_readable;
use crate::gc3::room::state::{Departed, Dialect, Marks, Person, Slot, State};
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;

/// Writes the join form for the sender of a stanza.
pub(super) fn write_form(state: &State, stanza: &Stanza, writer: &mut Writer) {
    let bare = stanza.from.as_ref().map(|from| from.to_bare());
    let aliased = stanza.to.as_ref().is_some_and(|to| to.to_bare().as_str() != state.address.as_str());
    writer.open("join-form", ns::GC3);
    crate::gc3::form::write_join(state, bare.as_ref().map_or("", |jid| jid.as_str()), aliased, writer);
    writer.close();
}

/// Answers a join, and asks for the subscription.
pub(crate) fn joined(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, who: Slot, ask_too: bool) {
    let Some(person) = state.people.get(who) else { return };
    result(out, why, stanza, |writer| write_joined(state, who, person, "joined", writer));
    if ask_too {
        ask(state, out, rule::G3_1, who);
    }
}

/// Answers a creation, and asks the creator for the subscription.
pub(crate) fn created(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, who: Slot) {
    let Some(person) = state.people.get(who) else { return };
    result(out, why, stanza, |writer| write_joined(state, who, person, "created", writer));
    ask(state, out, rule::G3_1, who);
}

/// Writes `<joined/>` or `<created/>`.
pub(crate) fn write_joined(state: &State, who: Slot, person: &Person, name: &str, writer: &mut Writer) {
    writer.open(name, ns::GC3).attr("id", person.id.as_str());
    writer.attr("version", &state.version_text(state.version.counter));
    writer.attr_opt("last", last_readable(state, who));
    writer.leaf("subscription-jid", ns::GC3, state.address.as_str());
    write_nick(writer, &person.nick);
    writer.close();
}

/// Asks an account for its subscription.
pub(crate) fn ask(state: &State, out: &mut Out<'_>, why: Rule, who: Slot) {
    let stanza = Outgoing::new(&own_header(state, StanzaKind::Presence, StanzaType::Subscribe), |_| {});
    send_one(out, why, state.people.jid(who), &stanza);
}

/// Answers a leave; the rest is [`departed`].
pub(crate) fn left(out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    result(out, why, stanza, |_| {});
}

/// Says that somebody is in no more: to its own sessions at once if it was removed, as presence to the others, and to
/// its server. The participant list follows with the next announcement.
pub(crate) fn departed(state: &State, out: &mut Out<'_>, why: Rule, gone: &Departed) {
    also(out, rule::G2_7);
    if gone.why.is_removal() {
        let change = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
            let before = state.version_text(state.version.announced);
            writer.open("participants", ns::GC3).attr("since", &before);
            writer.attr("version", &state.version_text(gone.version));
            super::lists::write_leaver(gone, state.now, writer);
            writer.close();
        });
        for (jid, _) in gone.sessions.iter().filter(|(_, session)| session.dialect == Dialect::Gc3) {
            send_one(out, rule::G3_3, jid.as_str(), &change);
        }
        also(out, rule::G3_3);
    }
    muc::gone(state, out, why, gone);
    if gone.person.shown.is_some() {
        super::changes::write_presence(state, out, why, &gone.person, None);
    }
    if gone.person.is(Marks::BY_REQUEST) {
        let end = Outgoing::new(&own_header(state, StanzaKind::Presence, StanzaType::Unsubscribe), |_| {});
        send_one(out, why, gone.jid.as_str(), &end);
    }
    also(out, rule::G2_7);
    if let Ok(jid) = jid::BareJid::new(gone.jid.as_str())
        && let Ok(room) = jid::BareJid::new(state.address.as_str())
    {
        out.push(why, Action::Tell(Notice::Left { room, jid }));
    }
}
