//! A bare JID occupies the room, or leaves it: requests that an account's server makes (MUC2-PAM).

use minidom::Element;

use super::{Named, another, nickname};
use crate::gc3::refusals::{NOT_ALLOWED, NOT_IN, UNAVAILABLE};
use crate::gc3::room::judge::muc::admitted;
use crate::gc3::room::judge::{Change, Sender, Verdict, refuse};
use crate::gc3::room::state::{Marks, State};
use crate::gc3::rules::{muc2 as rule, table};
use crate::party::Address;
use crate::rule::Rule;

/// A bare JID that comes to occupy the room.
#[derive(Debug)]
pub(crate) struct Occupying {
    /// The account, if it is not in yet.
    pub(crate) who: Result<crate::gc3::room::state::Slot, crate::gc3::room::state::Joining>,
    /// Its new nickname, if it is in and wants another.
    pub(crate) nick: Option<Box<str>>,
    pub(crate) rules: Vec<Rule>,
}

/// Decides about a request to occupy the room.
pub(super) fn occupy(
    state: &State,
    sender: &Sender<'_>,
    nick: Option<&str>,
    password: Option<&Element>,
) -> (Rule, Verdict) {
    judged(state, sender, nick, password).unwrap_or_else(|refused| *refused)
}

fn judged(
    state: &State,
    sender: &Sender<'_>,
    wished: Option<&str>,
    password: Option<&Element>,
) -> Result<(Rule, Verdict), Box<(Rule, Verdict)>> {
    let no = |why, error| Err(refuse(why, error).into());
    // Only a server may say that its account's copies are welcome at the bare JID.
    if sender.is_full {
        return no(rule::B2, NOT_ALLOWED);
    }
    if !state.serves_the_absent() {
        return no(rule::B6, UNAVAILABLE);
    }
    let Some(jid) = Address::from_normalised(sender.bare) else { return no(table::G13_5, UNAVAILABLE) };
    let known = sender.who.and_then(|who| Some((who, state.people.get(who)?)));
    let again = known.is_some_and(|(_, person)| person.is(Marks::BARE));
    let admitted = admitted(state, sender, password, again).map_err(|mut refused| {
        if let Verdict::Refuse(refusal) = &mut refused.1 {
            refusal.also = refusal.also.or(Some(rule::B7));
        }
        refused
    })?;
    let mut rules = Vec::new();
    let refused = |(why, error)| Box::new(refuse(why, error));
    let (who, nick, why) = match known {
        Some((who, _)) => {
            let wanted = another(state, who, sender.bare, wished).map_err(refused)?;
            rules.extend(wanted.as_ref().filter(|_| again).map(|_| rule::N1));
            (Ok(who), wanted.filter(|_| again).map(|named| named.nick), if again { rule::B3 } else { rule::B1 })
        }
        None => {
            let Named { nick, why, .. } = nickname(state, sender.bare, wished).map_err(refused)?;
            rules.push(why);
            (Err(admitted.joining(jid, nick)), None, rule::B1)
        }
    };
    let occupying = Occupying { who, nick, rules };
    Ok((why, Verdict::Accept(Change::Occupy(Box::new(occupying)))))
}

/// Decides about a request to leave. Whichever device says it, it is the account that leaves.
pub(super) fn vacate(state: &State, sender: &Sender<'_>) -> (Rule, Verdict) {
    match sender.who.filter(|&who| state.people.get(who).is_some_and(|person| person.is(Marks::BARE))) {
        Some(who) => (rule::B4, Verdict::Accept(Change::Vacate { who })),
        None => refuse(rule::B4, NOT_IN),
    }
}
