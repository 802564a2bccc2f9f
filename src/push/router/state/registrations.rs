//! The account's push registrations, and what each is owed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sessions::Session;
use crate::push::enable::{Enable, Target};
use crate::push::publish::Priority;
use crate::time::{Span, Time};

/// One registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// Its number, by which the host hears of it. Never given twice.
    pub(crate) number: u64,
    pub(crate) owner: Owner,
    pub(crate) enable: Enable,
    /// The identity of the device's client, for XEP-0492.
    pub(crate) identity: Option<(Box<str>, Box<str>)>,
    /// It failed and gets nothing.
    pub(crate) disabled: bool,
    /// Errors in a row that were neither final nor a reason to wait.
    pub(crate) errors: u32,
    /// The last wait after an error; none after a success.
    pub(crate) wait: Span,
    /// Until when nothing is tried.
    pub(crate) hold: Option<Time>,
    /// Since when nothing succeeded.
    pub(crate) failing: Option<Time>,
    /// When the next push of less than high priority may go.
    pub(crate) next: Time,
    /// Pushes since the device was last connected.
    pub(crate) sent: u32,
    /// What it is owed or was pushed for, by chat.
    pub(crate) notes: BTreeMap<Arc<str>, Note>,
}

/// Whose device a registration is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The id of the client, if it told one.
    pub(crate) client: Option<Box<str>>,
    /// The resource from which it was enabled.
    pub(crate) resource: Box<str>,
}

impl Owner {
    pub(crate) fn of(session: &Session) -> Self {
        Self { client: session.client.clone(), resource: session.jid.resource().unwrap_or_default().into() }
    }

    /// Whether a session is one of that device.
    pub(crate) fn is(&self, session: &Session) -> bool {
        match &self.client {
            Some(client) => session.client.as_ref() == Some(client),
            None => session.jid.resource() == Some(&self.resource),
        }
    }

    /// Whether two registrations are of one device.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.client, &other.client) {
            (Some(one), Some(other)) => one == other,
            (None, None) => self.resource == other.resource,
            _ => false,
        }
    }
}

impl Registration {
    pub(crate) const fn is_second(&self) -> bool {
        matches!(self.enable.target, Target::Client { .. })
    }
}

/// A push for one chat: it stands for all messages until it is settled (T8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) stage: Stage,
    pub(crate) priority: Priority,
    /// Its priority was raised once.
    pub(crate) raised: bool,
    pub(crate) tries: u8,
    /// The mark of the newest message it stands for.
    pub(crate) newest: u64,
    pub(crate) text: Option<Words>,
}

/// Where a push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// It will be sent then.
    Owed(Time, Owing),
    /// It was sent and stands.
    Sent,
}

/// Why a push waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owing {
    /// Another session is active (P12).
    Grace,
    /// The registration had one a moment ago (X8).
    Pace,
    /// The account had many (X9).
    Rate,
    /// Too many are not answered (X7).
    Busy,
    /// The last one failed (X2).
    Retry,
}

/// Who wrote what, for a notification that may tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) sender: Box<str>,
    pub(crate) nick: Option<Box<str>>,
    pub(crate) body: Box<str>,
}

/// A publish that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) id: Box<str>,
    pub(crate) slot: u8,
    pub(crate) chat: Arc<str>,
    pub(crate) due: Time,
}
