//! Entering by presence (XEP-0045 §7.2): the checks, in the order of J12.

use super::{Change, refuse};
use crate::gc3::acl::Affiliation;
use crate::gc3::nick;
use crate::gc3::refusals::{CONFLICT, FULL, INCOMPLETE, JID_MALFORMED, NOT_FOUND, PASSWORD, TOO_FAST, TOO_MANY};
use crate::gc3::room::judge::{Change as Any, Sender, Verdict, joining};
use crate::gc3::room::state::{Bound, Directed, Entering, Joining, Slot, State};
use crate::gc3::rules::{muc as rule, table};
use crate::gc3::wire::muc::Enter;
use crate::party::Address;
use crate::rule::Rule;

/// Decides about a presence that wants to enter under a name.
pub(super) fn enter(state: &State, sender: &Sender<'_>, name: &str, enter: &Enter<'_>) -> (Rule, Verdict) {
    let full = Address::from_normalised(sender.full).filter(|_| sender.is_full);
    let Some(full) = full.filter(|_| !name.is_empty()) else { return refuse(rule::P12, JID_MALFORMED) };
    let id = state.id_of(sender.bare);
    let affiliation = state.access.affiliation(sender.bare, id);
    // Until it is configured the room is nobody's but its creator's.
    if state.locked && affiliation != Affiliation::Owner {
        return refuse(table::G13_4, NOT_FOUND);
    }
    let mut by_parent = false;
    if sender.who.is_none() {
        match joining::admission(state, sender, affiliation) {
            Ok(admitted) => by_parent = admitted,
            Err(refused) => return in_this_dialect(*refused),
        }
    }
    let password = enter.password.map(minidom::Element::text);
    let fits = state.config.password.is_empty() || password.as_deref() == Some(&*state.config.password);
    let again = state.occupant(sender.full).is_some();
    if !fits && !again {
        return refuse(rule::J9, PASSWORD);
    }
    if !again && !state.allowance(Bound::Enter, sender.bare).allows(state.limits.entries, state.now) {
        return refuse(table::G14_14, TOO_FAST);
    }
    let (who, wanted, why) = match sender.who {
        Some(who) => match another_session(state, who, sender, again) {
            Ok((wanted, why)) => (Ok(who), wanted, why),
            Err(refused) => return *refused,
        },
        None => {
            let most = state.config.max_participants.min(state.limits.participants) as usize;
            if state.people.len() >= most && affiliation < Affiliation::Admin {
                return refuse(rule::J6, FULL);
            }
            let Some(wanted) = nick::prepare(name) else { return refuse(rule::N3, INCOMPLETE) };
            if state.nick_is_anothers(&wanted, sender.bare) {
                return refuse(rule::J4, CONFLICT);
            }
            // Whom the parent admits is as if on the list (SP5).
            let affiliation = if by_parent { Affiliation::Member } else { affiliation };
            let nick = wanted.as_str().into();
            let joining = Joining { jid: full.to_bare(), id, nick, affiliation, push: None, by_parent };
            (Err(joining), wanted, rule::P8)
        }
    };
    let as_asked = wanted == name;
    let mut rules = vec![rule::P8, rule::T1];
    rules.extend((!as_asked).then_some(rule::J10));
    let shown = &enter.shown;
    let payload = shown.payload.bytes().clone();
    let directed = Directed { full, show: shown.show, priority: shown.priority, payload };
    let entering = Box::new(Entering { who, directed });
    let change = Change::Enter { entering, history: enter.history, as_asked, rules };
    (why, Verdict::Accept(Any::Muc(change)))
}

/// An account that is in enters from one more device, or anew from the same: under the name that it has.
fn another_session(
    state: &State,
    who: Slot,
    sender: &Sender<'_>,
    again: bool,
) -> Result<(String, Rule), Box<(Rule, Verdict)>> {
    let known = state.sessions.find(sender.full).is_some();
    if !known && state.sessions.of(&state.people, who).count() >= state.limits.sessions as usize {
        return Err(refuse(table::G14_15, TOO_MANY).into());
    }
    Ok((state.name(who).to_owned(), if again { rule::J5 } else { rule::P7 }))
}

/// The refusals of the other dialect are those of this one, under its own rules and as presence.
fn in_this_dialect((why, verdict): (Rule, Verdict)) -> (Rule, Verdict) {
    let same = [(table::J1, rule::J1), (table::J2, rule::J2)];
    let why = same.into_iter().find(|(theirs, _)| *theirs == why).map_or(why, |(_, ours)| ours);
    match verdict {
        Verdict::Refuse(mut refusal) => {
            (refusal.form, refusal.insist) = (false, true);
            (why, Verdict::Refuse(refusal))
        }
        other => (why, other),
    }
}
