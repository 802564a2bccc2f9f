//! What a device knows of its push: wishes, what the server was told, and what is still to be done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::host::{Features, OptIn, Wanted};
use crate::limits::PushClientLimits;
use crate::party::Address;
use crate::push::enable::{Enable, Target};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// Everything that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) account: Address,
    pub(super) limits: PushClientLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    /// How many ids were drawn.
    pub(super) drawn: u64,
    /// What the server announces in this session; `None`: there is no session.
    pub(super) online: Option<Features>,
    pub(super) wanted: Wanted,
    /// What the server has accepted last, or may have.
    pub(super) enabled: Option<Enable>,
    pub(super) jobs: BTreeMap<Key, Job>,
    /// Whether the user logs out; and whether that is still to be reported.
    pub(super) leaving: bool,
}

/// What is to be done, and about what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Key {
    /// This device's registration.
    Own,
    /// A registration to undo: its service and node, or its being of Push 2.0.
    Undo(Box<str>, Option<Box<str>>, bool),
    /// What a room is asked for.
    Room(Box<str>),
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) what: What,
    pub(super) status: Status,
    /// How often it was tried in vain.
    pub(super) tries: u8,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    /// The registration that was sent last. In a box: a device has one, and a thousand rooms.
    Enable(Option<Box<Enable>>),
    Disable,
    /// What is wanted of a room, and whether its form was seen.
    Room(OptIn, bool),
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// To be sent then.
    Due(Time),
    /// Sent under this id; given up then.
    Asked(Box<str>, Time),
    Done,
    /// Not before the next session.
    Refused,
}

impl Key {
    /// What undoes a registration.
    pub(super) fn undo(enable: &Enable) -> Self {
        match &enable.target {
            Target::Node { node, .. } => Self::Undo(enable.service.clone(), node.clone(), false),
            Target::Client { .. } => Self::Undo(enable.service.clone(), None, true),
        }
    }
}

impl Job {
    pub(super) const fn due(what: What, at: Time) -> Self {
        Self { what, status: Status::Due(at), tries: 0 }
    }

    /// Whether there is nothing left to do about it in this session.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.status, Status::Done | Status::Refused)
    }
}

impl State {
    /// The registration that fits this session (E2, E3).
    pub(super) fn fitting(&self) -> Option<&Enable> {
        let features = self.online?;
        let second = self.wanted.client.as_ref().filter(|_| features.push2);
        second.or_else(|| self.wanted.node.as_ref().filter(|_| features.push))
    }

    /// Whether this device is registered as it wants to be.
    pub(super) fn is_registered(&self) -> bool {
        self.jobs.get(&Key::Own).is_some_and(|job| job.status == Status::Done)
    }

    /// How many requests wait for their answers.
    pub(super) fn in_flight(&self) -> usize {
        self.jobs.values().filter(|job| matches!(job.status, Status::Asked(..))).count()
    }

    /// The pause before something is tried again.
    pub(super) fn pause(&self, tries: u8) -> Span {
        let (first, longest) = self.limits.retry;
        (1..tries).fold(first, |pause, _| pause.doubled().min(longest))
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let fits = |(key, job): (&Key, &Job)| {
            matches!(
                (key, &job.what),
                (Key::Own, What::Enable(_)) | (Key::Undo(..), What::Disable) | (Key::Room(_), What::Room(..))
            )
        };
        if !self.jobs.iter().all(fits) {
            return Err("something is to be done about the wrong thing");
        }
        if self.in_flight() > self.limits.in_flight {
            return Err("too many requests are in flight");
        }
        if self.account.resource().is_some() {
            return Err("the account is a session");
        }
        Ok(())
    }
}
