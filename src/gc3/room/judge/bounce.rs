//! Errors and results that come back to the room (P6, G9.3, G9.5).

use super::{Change, Sender, Verdict};
use crate::codec::{Condition, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::gc3::room::state::{Bound, Relayed, State, Timer};
use crate::gc3::rules::table as rule;
use crate::party::Seat;
use crate::rule::Rule;

/// Decides about a result or an error.
pub(super) fn returned(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    match stanza.kind {
        StanzaKind::Iq => answered(state, stanza, sender),
        StanzaKind::Message => bounced(state, stanza, sender),
        StanzaKind::Presence => (rule::G13_6, Verdict::Drop),
    }
}

/// An answer to a request that the room sent to an account, or to a ping that it sent to a session.
fn answered(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    let fits = |id: &str, to: &str| stanza.id.as_deref() == Some(id) && to == sender.full;
    let found = state.relays.iter().find(|(_, relay)| fits(&relay.id, &relay.to));
    let Some((&number, relay)) = found else { return (rule::G13_6, Verdict::Drop) };
    let Relayed::Check(seat) = relay.what else {
        let why = if stanza.type_ == StanzaType::Error { rule::G9_5 } else { rule::G9_3 };
        return (why, Verdict::Accept(Change::Relayed { number }));
    };
    let there = StanzaError::read(stanza).is_none_or(|error| error.condition == Condition::FeatureNotImplemented);
    if there || !may_end(state, seat) {
        (rule::P6, Verdict::Accept(Change::Checked { seat }))
    } else {
        (rule::P6, Verdict::Accept(Change::Lost { seat }))
    }
}

/// A message that came back. It counts only if the room sent it to that very session, and heard nothing from it since:
/// servers may be late to say that an earlier session of that full JID was gone.
fn bounced(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    let Some(seat) = state.sessions.find(sender.full) else { return (rule::P6, Verdict::Drop) };
    let id = stanza.id.as_deref().filter(|id| !id.is_empty());
    let heard = state.sessions.get(seat).map(|session| session.last);
    let sent = id.and_then(|id| state.talk.sent(id)).is_some_and(|sent| Some(sent) >= heard);
    if !sent {
        return (rule::P6, Verdict::Drop);
    }
    returned_error(state, stanza, seat)
}

/// A presence that came back from a session that is in by presence. It needs no id: whoever sends it, or whose server
/// does, is no other.
pub(super) fn presence(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    match state.occupant(sender.full) {
        Some((seat, _)) => returned_error(state, stanza, seat),
        None => (rule::P6, Verdict::Drop),
    }
}

/// What an error says of the session that it came from.
fn returned_error(state: &State, stanza: &Stanza, seat: Seat) -> (Rule, Verdict) {
    let Some(error) = StanzaError::read(stanza).filter(|_| may_end(state, seat)) else {
        return (rule::P6, Verdict::Drop);
    };
    match error.condition {
        Condition::Gone
        | Condition::ItemNotFound
        | Condition::RecipientUnavailable
        | Condition::Redirect
        | Condition::RemoteServerNotFound
        | Condition::RemoteServerTimeout => (rule::P6, Verdict::Accept(Change::Lost { seat })),
        // Said of a resource that is gone, and by a server whose user blocks the author.
        Condition::ServiceUnavailable
            if state.timers.get(Timer::Check(seat)).is_none() && state.relays.len() < state.limits.in_flight =>
        {
            (rule::P6, Verdict::Accept(Change::Check { seat }))
        }
        _ => (rule::P6, Verdict::Drop),
    }
}

/// Whether a session may end by a bounce now: one per full JID and minute.
pub(crate) fn may_end(state: &State, seat: Seat) -> bool {
    state.allowance(Bound::Bounce, state.sessions.jid(seat)).allows(state.limits.bounces, state.now)
}
