//! What an error that came back means for the copies of an account. Decides, and changes nothing.

use super::rules as rule;
use super::state::{Account, State, Status};
use crate::codec::{Condition, ErrorType, Stanza, StanzaError, StanzaKind};
use crate::party::Seat;
use crate::rule::Rule;
use crate::time::{Span, Time};

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers no copy.
    Ignore,
    /// A copy came back. It is counted, with this many strikes from now on.
    Count { seat: Seat, number: u64, strikes: u8 },
    /// A copy came back, and another one did so less than a minute ago.
    Again { seat: Seat, number: u64 },
    /// There will be no copies until then.
    Suspend { seat: Seat, number: u64, until: Time, trouble: (Time, Span) },
    /// There will be no copies; not even after it joins, unless it is said so.
    Stop { seat: Seat, number: u64, joins: bool },
}

/// Decides about a message of type error.
pub(super) fn judge(state: &State, error: &Stanza) -> (Rule, Verdict) {
    let ignore = (rule::R11, Verdict::Ignore);
    let Some(from) = error.from.as_ref().filter(|_| error.kind == StanzaKind::Message) else { return ignore };
    if from.resource().is_some() {
        return (rule::R10, Verdict::Ignore);
    }
    let to_room = error.to.as_ref().is_some_and(|to| to.to_bare().as_str() == state.room.as_str());
    let (Some(said), Some(id)) = (StanzaError::read(error).filter(|_| to_room), error.id.as_deref()) else {
        return ignore;
    };
    let Some((seat, account)) = state.accounts.find(from.as_str()).and_then(|seat| Some((seat, state.get(seat)?)))
    else {
        return ignore;
    };
    let Some((number, _)) = state.copied(seat, id) else { return ignore };
    decide(state, seat, account, number, &said)
}

fn decide(state: &State, seat: Seat, account: &Account, number: u64, said: &StanzaError<'_>) -> (Rule, Verdict) {
    let wait = said.type_ == ErrorType::Wait
        || matches!(
            said.condition,
            Condition::RemoteServerTimeout | Condition::RemoteServerNotFound | Condition::ResourceConstraint
        );
    let gone = matches!(
        said.condition,
        Condition::ItemNotFound | Condition::Gone | Condition::Forbidden | Condition::NotAllowed
    );
    if !wait && gone {
        return (rule::R8, Verdict::Stop { seat, number, joins: false });
    }
    if number < account.bounced {
        // Each copy comes back once.
        return (rule::R11, Verdict::Ignore);
    }
    if account.status != Status::Active {
        // What was on its way when the copies ended says nothing new.
        return (if wait { rule::R9 } else { rule::R13 }, Verdict::Again { seat, number });
    }
    if !account.counted.allows(state.limits.bounces, state.now) {
        return (rule::R13, Verdict::Again { seat, number });
    }
    let succeeded = state.succeeded(seat, number);
    if wait {
        return unreachable(state, seat, account, number, succeeded);
    }
    let strikes = if succeeded { 1 } else { account.strikes.saturating_add(1) };
    if account.claim(&state.config).is_some_and(|claim| claim.explicit) {
        if state.now.since(account.alive) <= state.limits.alive_for {
            (rule::R7A, Verdict::Count { seat, number, strikes })
        } else {
            (rule::R7A, Verdict::Stop { seat, number, joins: false })
        }
    } else if strikes >= state.limits.strikes {
        (rule::R7B, Verdict::Stop { seat, number, joins: true })
    } else {
        (rule::R7B, Verdict::Count { seat, number, strikes })
    }
}

fn unreachable(state: &State, seat: Seat, account: &Account, number: u64, succeeded: bool) -> (Rule, Verdict) {
    let (first, longest) = state.limits.pause;
    let (since, pause) = match account.trouble.filter(|_| !succeeded) {
        Some((since, last)) => (since, last.doubled().min(longest)),
        None => (state.now, first),
    };
    if state.now.since(since) >= state.limits.pause_for {
        return (rule::R9, Verdict::Stop { seat, number, joins: false });
    }
    let until = state.now.plus(pause);
    (rule::R9, Verdict::Suspend { seat, number, until, trouble: (since, pause) })
}
