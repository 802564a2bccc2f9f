//! What is due when. One timer of each name; setting it again moves it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::people::Slot;
use crate::gc3::host::Token;
use crate::party::Seat;
use crate::time::Time;

/// Everything that can become due in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Timer {
    /// The merged participant changes are sent (G2.11).
    Announce,
    /// A bare session may have ended (G4.5).
    Session(Seat),
    /// A pending session's features did not come (G4.6).
    Pending(Seat),
    /// A session's ping was not answered (P6).
    Check(Seat),
    /// A held-back presence is announced (P14).
    Presence(Slot),
    /// Presence is asked for (G4.7).
    Probe(Slot),
    /// The subscription is asked for again (G4.2).
    Resubscribe(Slot),
    /// The host did not answer (G7.3, SP6).
    Question(Token),
    /// An account did not answer (G9.6).
    Relay(u64),
    /// Real JIDs of those who left are forgotten (L1).
    Forget,
    /// The next `unsubscribe` after the end of the room (G3.5).
    Farewell,
    /// The remains of a destroyed room are dropped (G3.5).
    Vanish,
    /// The first configuration did not come (XEP-0045 §10.1.1).
    Unconfigured,
}

/// All timers that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timers {
    at: BTreeMap<Timer, Time>,
    #[serde(skip)]
    order: BTreeSet<(Time, Timer)>,
}

impl Timers {
    /// Sets a timer. The end of time never comes: a timer that would be set there, because arithmetic saturates, would
    /// be due again as soon as it was served.
    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        if at.millis() == u64::MAX {
            return self.clear(timer);
        }
        if let Some(old) = self.at.insert(timer, at) {
            self.order.remove(&(old, timer));
        }
        self.order.insert((at, timer));
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        if let Some(old) = self.at.remove(&timer) {
            self.order.remove(&(old, timer));
        }
    }

    pub(crate) fn get(&self, timer: Timer) -> Option<Time> {
        self.at.get(&timer).copied()
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.order.first().map(|&(at, _)| at)
    }

    /// Takes out one that is due; the earliest first.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Timer> {
        let &(at, timer) = self.order.first()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }

    pub(super) fn reindex(&mut self) {
        self.order = self.at.iter().map(|(&timer, &at)| (at, timer)).collect();
    }
}
