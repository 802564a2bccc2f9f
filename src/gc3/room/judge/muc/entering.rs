//! Entering by presence (XEP-0045 §7.2): the checks, in the order of J12.

use super::{Change, refuse};
use crate::gc3::acl::Affiliation;
use crate::gc3::id::ParticipantId;
use crate::gc3::nick;
use crate::gc3::refusals::{CONFLICT, FULL, INCOMPLETE, JID_MALFORMED, NOT_FOUND, PASSWORD, TOO_FAST, TOO_MANY};
use crate::gc3::room::judge::{Change as Any, Sender, Verdict, joining};
use crate::gc3::room::state::{Bound, Dialect, Directed, Entering, Joining, Level, Pass, Slot, State};
use crate::gc3::rules::{muc as rule, table};
use crate::gc3::wire::muc::Enter;
use crate::party::Address;
use crate::rule::Rule;

/// An account that may be in, as far as nicknames do not decide.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    id: ParticipantId,
    affiliation: Affiliation,
    pass: Pass,
}

impl Admitted {
    /// The account as a participant, under a nickname.
    pub(crate) fn joining(self, jid: Address, nick: Box<str>) -> Joining {
        let Self { id, affiliation, pass } = self;
        let affiliation = pass.affiliation(affiliation);
        Joining { jid, id, nick, affiliation, push: None, pass }
    }
}

/// Whether an account may enter, with that password; `again` if it does so from a session that is in.
pub(crate) fn admitted(
    state: &State,
    sender: &Sender<'_>,
    password: Option<&minidom::Element>,
    again: bool,
) -> Result<Admitted, Box<(Rule, Verdict)>> {
    let password = password.map(minidom::Element::text);
    let id = state.id_of(sender.bare);
    let affiliation = state.access.affiliation(sender.bare, id);
    let mut admitted = Admitted { id, affiliation, pass: Pass::Own };
    // Until it is configured the room is nobody's but its creator's.
    if state.locked && affiliation != Affiliation::Owner {
        return Err(refuse(table::G13_4, NOT_FOUND).into());
    }
    if sender.who.is_none() {
        let token = password.as_deref();
        admitted.pass =
            joining::admission(state, sender, affiliation, token).map_err(|refused| in_this_dialect(*refused))?;
    }
    let fits = state.config.password.is_empty() || password.as_deref() == Some(&*state.config.password);
    if !fits && !again {
        return Err(refuse(rule::J9, PASSWORD).into());
    }
    if !again && !state.allowance(Bound::Enter, sender.bare).allows(state.limits.entries, state.now) {
        return Err(refuse(table::G14_14, TOO_FAST).into());
    }
    let most = state.config.max_participants.min(state.limits.participants) as usize;
    if sender.who.is_none() && state.people.len() >= most && affiliation < Affiliation::Admin {
        return Err(refuse(rule::J6, FULL).into());
    }
    Ok(admitted)
}

/// Whether a full JID of an account that is in may have a session.
pub(crate) fn has_space(state: &State, who: Slot, sender: &Sender<'_>) -> Result<(), Box<(Rule, Verdict)>> {
    let known = state.sessions.find(sender.full).is_some();
    if !known && state.sessions.of(&state.people, who).count() >= state.limits.sessions as usize {
        return Err(refuse(table::G14_15, TOO_MANY).into());
    }
    Ok(())
}

/// Decides about a presence that wants to enter under a name.
pub(super) fn enter(state: &State, sender: &Sender<'_>, name: &str, enter: &Enter<'_>) -> (Rule, Verdict) {
    judged(state, sender, name, enter).unwrap_or_else(|refused| *refused)
}

fn judged(
    state: &State,
    sender: &Sender<'_>,
    name: &str,
    enter: &Enter<'_>,
) -> Result<(Rule, Verdict), Box<(Rule, Verdict)>> {
    let no = |why, error| Err(refuse(why, error).into());
    let full = Address::from_normalised(sender.full).filter(|_| sender.is_full);
    let Some(full) = full.filter(|_| !name.is_empty()) else { return no(rule::P12, JID_MALFORMED) };
    let again = state.occupant(sender.full).is_some_and(|(_, session)| session.dialect == Dialect::Muc);
    let admitted = admitted(state, sender, enter.password, state.occupant(sender.full).is_some())?;
    let (who, wanted, why) = match sender.who {
        // An account that is in enters from one more device, or anew from the same: under the name that it has.
        Some(who) => {
            has_space(state, who, sender)?;
            (Ok(who), state.name(who).to_owned(), if again { rule::J5 } else { rule::P7 })
        }
        None => {
            let Some(wanted) = nick::prepare(name) else { return no(rule::N3, INCOMPLETE) };
            if state.nick_is_anothers(&wanted, sender.bare) {
                return no(rule::J4, CONFLICT);
            }
            (Err(admitted.joining(full.to_bare(), wanted.as_str().into())), wanted, rule::P8)
        }
    };
    let as_asked = wanted == name;
    let mut rules = vec![rule::P8, rule::T1];
    rules.extend((!as_asked).then_some(rule::J10));
    let directed = Directed::of(full, &enter.shown);
    let entering = Box::new(Entering { who, directed, dialect: Dialect::Muc, level: Level::Full });
    let change = Change::Enter { entering, nick: None, history: enter.history, as_asked, rules };
    Ok((why, Verdict::Accept(Any::Muc(change))))
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
