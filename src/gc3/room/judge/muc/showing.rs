//! Presence of occupants: shown otherwise, under another name, or no more (XEP-0045 §7.6, §7.7, §7.14).

use super::{Change, Renaming, refuse};
use crate::gc3::nick;
use crate::gc3::refusals::{CONFLICT, INCOMPLETE, TOO_FAST};
use crate::gc3::room::judge::{Change as Any, Sender, Verdict};
use crate::gc3::room::state::{Dialect, Directed, State};
use crate::gc3::rules::{muc as rule, muc2, table};
use crate::gc3::wire::muc::Shown;
use crate::party::Address;
use crate::rule::Rule;

/// Decides about presence that does not ask to enter.
pub(super) fn show(state: &State, sender: &Sender<'_>, name: &str, shown: &Shown) -> (Rule, Verdict) {
    let Some((seat, session)) = state.occupant(sender.full) else {
        // A session of the other dialect is not astray; and who has no device cannot be told.
        let other = state.sessions.find(sender.full).is_some() || !sender.is_full;
        return (rule::P11, if other { Verdict::Drop } else { Verdict::Accept(Any::Muc(Change::Astray)) });
    };
    let who = session.person;
    let Some((person, full)) = state.people.get(who).zip(Address::from_normalised(sender.full)) else {
        return (table::G4_8, Verdict::Drop);
    };
    let directed = Directed::of(full, shown);
    let show = |why, nick| (why, Verdict::Accept(Any::Muc(Change::Show { seat, who, directed, nick })));
    let by_id = session.dialect == Dialect::Muc2;
    if name == state.name(who) || name == person.id.as_str() {
        return show(if by_id { muc2::U2 } else { rule::U1 }, None);
    }
    if by_id {
        return refuse(muc2::U3, INCOMPLETE);
    }
    let Some(wanted) = nick::prepare(name) else { return refuse(rule::N3, INCOMPLETE) };
    if state.nick_is_anothers(&wanted, sender.bare) {
        return refuse(rule::N2, CONFLICT);
    }
    if wanted == *person.nick {
        return show(rule::U1, None);
    }
    if !person.allowance.allows(state.limits.input, state.now) {
        return refuse(table::G14_14, TOO_FAST);
    }
    let as_asked = wanted == name;
    show(rule::N1, Some(Renaming { nick: wanted.into(), as_asked }))
}

/// Decides about unavailable presence.
pub(super) fn exit(state: &State, sender: &Sender<'_>) -> (Rule, Verdict) {
    match state.occupant(sender.full) {
        Some(_) if state.locked => super::owner::abandoned(),
        Some((seat, _)) => (rule::X1, Verdict::Accept(Any::Muc(Change::Exit { seat, whole: false }))),
        None => (rule::X1, Verdict::Drop),
    }
}
