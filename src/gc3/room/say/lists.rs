//! The participant list and the access list: their items, their pages, and what is said of their changes (G2).

use super::{also, result, settings};
use crate::codec::{Page, Stanza, Writer};
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::room::Out;
use crate::gc3::room::judge::{AccessReply, ListReply, Listed, Paged};
use crate::gc3::room::state::{Departed, Key, Person, Slot, State, Tomb, View, Why};
use crate::gc3::rules::{acl, table as rule};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

/// Answers `<participants/>`.
pub(super) fn participants(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &ListReply) {
    result(out, why, stanza, |writer| {
        writer.open("participants", ns::GC3);
        writer.attr_opt("since", reply.since.map(|since| state.version_text(since)).as_deref());
        writer.attr("version", &state.version_text(state.version.counter));
        for &listed in &reply.listed {
            match listed {
                Listed::Here(who) => {
                    if let Some(person) = state.people.get(who) {
                        write_item(state, who, person, reply.view, writer);
                    }
                }
                Listed::Gone(id) => {
                    if let Some(tomb) = state.tombs.get(id) {
                        write_tomb(id.as_str(), tomb, writer);
                    }
                }
            }
        }
        let id = |listed: Option<&Listed>| match listed? {
            Listed::Here(who) => state.people.get(*who).map(|person| person.id),
            Listed::Gone(id) => Some(*id),
        };
        let ends = (id(reply.listed.first()), id(reply.listed.last()));
        let ends = (ends.0.as_ref().map(|id| id.as_str()), ends.1.as_ref().map(|id| id.as_str()));
        write_page(reply.paged, ends, writer);
        writer.close();
    });
    let wears = |listed: &Listed| match listed {
        Listed::Here(who) => state.hats.of(state.people.jid(*who)).is_some(),
        Listed::Gone(_) => false,
    };
    if reply.listed.iter().any(wears) {
        also(out, acl::H8);
    }
    for &rule in reply.rules.iter().filter(|&&rule| rule != why) {
        also(out, rule);
    }
}

/// Answers `<access/>`.
pub(super) fn access(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &AccessReply) {
    result(out, why, stanza, |writer| {
        writer.open("access", ns::GC3);
        writer.attr_opt("since", reply.since.map(|since| state.version_text(since)).as_deref());
        writer.attr("version", &state.version_text(state.access.version));
        for key in &reply.keys {
            write_entry(state, key, reply.nicks, writer);
        }
        let ends = (reply.keys.first().map(Key::text), reply.keys.last().map(Key::text));
        write_page(reply.paged, ends, writer);
        writer.close();
    });
    if reply.paged.is_some() {
        also(out, rule::G2_8);
    }
    if reply.since.is_some() {
        also(out, rule::C5);
    }
}

fn write_page(paged: Option<Paged>, ends: (Option<&str>, Option<&str>), writer: &mut Writer) {
    let Some(Paged { index, count }) = paged else { return };
    let ends = ends.0.zip(ends.1);
    Page { ends, index: ends.map(|_| index), count: Some(count) }.write(writer);
}

/// Writes an entry of the access list; one that was taken off as `none`.
fn write_entry(state: &State, key: &Key, nicks: bool, writer: &mut Writer) {
    let entry = state.access.get(key);
    let (name, id) = match key {
        Key::Id(id) => ("id", Some(*id)),
        Key::Account(bare) => ("jid", Some(state.id_of(bare))),
        Key::Domain(_) => ("jid", None),
    };
    writer.open("item", ns::GC3).attr(name, key.text());
    writer.attr("affiliation", entry.map_or(Affiliation::None, |entry| entry.affiliation).name());
    let person = id.and_then(|id| state.people.find_id(id)).and_then(|who| state.people.get(who));
    let kept = entry.filter(|_| nicks).and_then(|entry| entry.nick.as_deref());
    writer.attr_opt("nick", person.map(|person| &*person.nick).or(kept));
    if let Some(reason) = entry.and_then(|entry| entry.reason.as_deref()) {
        writer.leaf("reason", ns::GC3, reason);
    }
    writer.close();
}

/// Answers a set of rights, and says who is not in any more by it.
pub(crate) fn edited(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    rules: &[Rule],
    departed: &[Departed],
) {
    result(out, why, stanza, |_| {});
    settings::removed(state, out, departed);
    if departed.iter().any(|gone| gone.why == Why::Banned) {
        also(out, rule::C3);
    }
    for &rule in rules {
        also(out, rule);
    }
}

/// The rule by which somebody was removed.
pub(super) const fn removal(why: Why) -> Rule {
    match why {
        Why::Kicked => rule::G2_17,
        Why::Banned => rule::G2_13,
        _ => rule::C3,
    }
}

/// Writes the item of somebody who is in, as a reader with that view may see it.
pub(crate) fn write_item(state: &State, who: Slot, person: &Person, view: View, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", person.id.as_str()).attr("nick", &person.nick);
    writer.attr("affiliation", person.affiliation.name());
    let role = state.role(person);
    if role != Role::initial(&state.config, person.affiliation) || role != Role::Participant {
        writer.attr("role", role.name());
    }
    if state.shows_jid(view, who) {
        writer.attr("jid", state.people.jid(who));
    }
    if person.shown.is_some() {
        writer.attr("online", "yes");
    }
    if person.is_ephemeral() {
        writer.attr("ephemeral", "yes");
    }
    super::acl::write_hats(&state.hats, state.people.jid(who), writer);
    writer.close();
}

/// Writes the item of somebody who just left.
pub(crate) fn write_leaver(gone: &Departed, now: Time, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", gone.person.id.as_str()).attr("nick", &gone.person.nick);
    writer.attr("left", &now.to_string()).attr("why", gone.why.name());
    if let Some(reason) = &gone.reason {
        writer.leaf("reason", ns::GC3, reason);
    }
    writer.close();
}

/// Writes the item of somebody who left some time ago.
pub(crate) fn write_tomb(id: &str, tomb: &Tomb, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", id).attr("nick", &tomb.nick);
    writer.attr("left", &tomb.left.to_string()).attr("why", tomb.why.name()).close();
}
