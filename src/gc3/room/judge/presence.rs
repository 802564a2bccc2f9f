//! What the room makes of presence that it is subscribed to, and of what comes back (P1–P6, G4).

use super::{Change, Sender, Verdict};
use crate::codec::{Condition, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::gc3::room::state::{Origin, Slot, Standing, State, Timer};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::Presence;
use crate::party::{Address, Seat};
use crate::rule::Rule;

/// Decides about presence to the room's bare address.
pub(super) fn presence(
    state: &State,
    stanza: &Stanza,
    sender: &Sender<'_>,
    presence: &Presence<'_>,
) -> (Rule, Verdict) {
    let Some(who) = sender.who else { return (rule::G3_4, Verdict::Drop) };
    let directed = match presence {
        Presence::Available { .. } => super::muc2::shown(state, stanza, sender),
        Presence::Unavailable => super::muc2::gone(state, sender),
        Presence::Subscribed | Presence::Unsubscribed => None,
    };
    if let Some(verdict) = directed {
        return verdict;
    }
    let standing = state.people.get(who).map_or(Standing::None, |person| person.standing);
    match presence {
        Presence::Available { show, priority, .. } => {
            let known = state.sessions.find(sender.full);
            let full = Address::from_normalised(sender.full).filter(|_| sender.is_full);
            let approve = standing == Standing::Asked;
            match (standing, full) {
                (Standing::Asked | Standing::Approved, Some(full)) => {
                    let count = state.sessions.of(&state.people, who).count();
                    if known.is_none() && count >= state.limits.sessions as usize {
                        return (rule::G14_15, Verdict::Drop);
                    }
                    let change = Change::Available { who, full, show: *show, priority: *priority, approve };
                    (rule::P1, Verdict::Accept(change))
                }
                // A bare JID has no session to open, but its server would not send it unasked.
                (Standing::Asked, None) => (rule::G4_1, Verdict::Accept(Change::Approve { who })),
                _ => (rule::P1, Verdict::Drop),
            }
        }
        Presence::Unavailable => {
            let seats = ended(state, who, standing, sender);
            let probed = state.timers.get(Timer::Probe(who)).is_some();
            if seats.is_empty() && !probed {
                return (rule::P1, Verdict::Drop);
            }
            let why = if seats.is_empty() { rule::G4_7 } else { rule::P1 };
            (why, Verdict::Accept(Change::Unavailable { who, seats }))
        }
        Presence::Subscribed if standing == Standing::Approved => (rule::G4_1, Verdict::Drop),
        Presence::Subscribed => (rule::G4_1, Verdict::Accept(Change::Approve { who })),
        Presence::Unsubscribed if standing == Standing::Declined => (rule::P2, Verdict::Drop),
        Presence::Unsubscribed => (rule::P2, Verdict::Accept(Change::Decline { who })),
    }
}

/// The sessions that an unavailable presence ends: its own, or all presence sessions if a server answers a probe from
/// the bare JID. While the request is open, some servers acknowledge it in the same words.
fn ended(state: &State, who: Slot, standing: Standing, sender: &Sender<'_>) -> Vec<Seat> {
    if sender.is_full {
        return state.sessions.find(sender.full).into_iter().collect();
    }
    let by_presence = |seat: &Seat| state.sessions.get(*seat).is_some_and(|s| s.origin == Origin::Presence);
    state.sessions.of(&state.people, who).filter(|_| standing != Standing::Asked).filter(by_presence).collect()
}

/// Decides about a result or an error (P6, G4.2, G4.3, M9).
pub(super) fn returned(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    if stanza.kind == StanzaKind::Presence && stanza.type_ == StanzaType::Error {
        if state.occupant(sender.full).is_some() {
            return super::bounce::presence(state, stanza, sender);
        }
        return subscription_failed(state, stanza, sender);
    }
    super::bounce::returned(state, stanza, sender)
}

/// An error in answer to `subscribe` or `probe`, from the account's server.
fn subscription_failed(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> (Rule, Verdict) {
    let Some(who) = sender.who.filter(|_| !sender.is_full) else { return (rule::G13_6, Verdict::Drop) };
    let Some(error) = StanzaError::read(stanza) else { return (rule::G13_6, Verdict::Drop) };
    let asked = state.awaits_approval(who);
    let awaited = asked || state.timers.get(Timer::Probe(who)).is_some();
    match error.condition {
        Condition::ItemNotFound | Condition::Gone if awaited => (rule::G4_3, Verdict::Accept(Change::Gone { who })),
        Condition::RemoteServerNotFound | Condition::RemoteServerTimeout if asked => {
            (rule::G4_2, Verdict::Accept(Change::AskLater { who }))
        }
        _ => (rule::G4_3, Verdict::Drop),
    }
}
