//! What was said: the one order of messages, the latest of them, and the subject.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::gc3::host::Record;
use crate::gc3::id::ParticipantId;
use crate::time::Time;

/// What is remembered of a message that carries a stanza-id (1024 of them): enough to say what somebody missed, to know
/// the author of what is retracted, and to know a bounce from a forgery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) seq: u64,
    /// The stanza-id.
    pub(crate) stanza_id: Arc<str>,
    /// The `id` under which it was reflected.
    pub(crate) id: Arc<str>,
    /// `None`: the room itself.
    pub(crate) author: Option<ParticipantId>,
    pub(crate) nick: Arc<str>,
    pub(crate) stamp: Time,
    pub(crate) archived: bool,
    pub(crate) retracted: bool,
}

/// A message as those who enter by XEP-0045 are told of it (M14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) seq: u64,
    pub(crate) stanza_id: Arc<str>,
    pub(crate) stamp: Time,
    pub(crate) author: ParticipantId,
    /// The author's name then.
    pub(crate) name: Arc<str>,
    pub(crate) id: Arc<str>,
    /// Its children, as bytes.
    pub(crate) body: Bytes,
}

/// How much was said in each of the last hours (XEP-0502), the present one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Activity {
    counts: VecDeque<u32>,
    /// The hour of the first count, in hours since 1970.
    hour: u64,
    /// When counting began.
    since: u64,
}

/// Whole hours that are counted, besides the present one.
const HOURS: u64 = 24;
const HOUR: u64 = 3_600_000;

impl Activity {
    /// Counts a message.
    pub(crate) fn count(&mut self, now: Time) {
        let hour = now.millis() / HOUR;
        if self.counts.is_empty() {
            (self.hour, self.since) = (hour, hour);
            self.counts.push_front(0);
        }
        for _ in 0..hour.saturating_sub(self.hour).min(HOURS + 1) {
            self.counts.push_front(0);
        }
        self.hour = self.hour.max(hour);
        self.counts.truncate(HOURS as usize + 1);
        if let Some(first) = self.counts.front_mut() {
            *first = first.saturating_add(1);
        }
    }

    /// Messages of an hour, in hundredths, by the whole hours of the last day; `None` before there is one.
    pub(crate) fn hourly(&self, now: Time) -> Option<u64> {
        let hour = now.millis() / HOUR;
        let whole = hour.saturating_sub(self.since).min(HOURS);
        if self.counts.is_empty() || whole == 0 {
            return None;
        }
        let shift = hour.saturating_sub(self.hour);
        let counted = self.counts.iter().zip(shift..).filter(|(_, age)| (1..=HOURS).contains(age));
        Some(counted.map(|(&count, _)| u64::from(count)).sum::<u64>() * 100 / whole)
    }
}

/// The last subject that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) author: ParticipantId,
    pub(crate) nick: Arc<str>,
    pub(crate) stamp: Time,
    pub(crate) stanza_id: Arc<str>,
    /// The `<subject/>` elements, as bytes.
    pub(crate) body: Bytes,
}

/// Everything that was said, as far as the room itself remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// The number of the last message that was accepted; all count.
    pub(crate) seq: u64,
    /// The last archived message: its number, its stanza-id, and when it was said.
    pub(crate) last_archived: Option<(u64, Arc<str>, Time)>,
    pub(crate) recent: VecDeque<Said>,
    /// The `id`s of the last messages that carry no stanza-id, and when they were sent: who types must not make the room
    /// forget what was said.
    pub(crate) passing: VecDeque<(Arc<str>, Time)>,
    pub(crate) subject: Option<Subject>,
    /// The last archived messages whole, where rooms are entered by XEP-0045 (M14).
    pub(crate) ring: VecDeque<Past>,
    pub(crate) activity: Activity,
    /// The number of the last message that counts as activity.
    pub(crate) spoken: u64,
}

impl Talk {
    pub(crate) fn find(&self, stanza_id: &str) -> Option<&Said> {
        self.recent.iter().rev().find(|said| *said.stanza_id == *stanza_id)
    }

    /// The nickname that the author of a message of the ring had.
    pub(crate) fn nick_of<'a>(&'a self, past: &'a Past) -> &'a str {
        let said = self.recent.iter().rev().find(|said| said.seq == past.seq);
        said.map_or(&past.name, |said| &said.nick)
    }

    /// When a message of that `id` was sent to all, if one was lately.
    pub(crate) fn sent(&self, id: &str) -> Option<Time> {
        let recent = self.recent.iter().rev().find(|said| *said.id == *id).map(|said| said.stamp);
        let passing = self.passing.iter().rev().find(|(said, _)| **said == *id).map(|&(_, stamp)| stamp);
        recent.max(passing)
    }

    pub(crate) fn remember(&mut self, said: Said, keep: usize) {
        if said.stanza_id.is_empty() {
            self.passing.push_back((said.id, said.stamp));
            while self.passing.len() > keep {
                self.passing.pop_front();
            }
            return;
        }
        self.recent.push_back(said);
        while self.recent.len() > keep {
            self.recent.pop_front();
        }
    }

    /// Keeps a message whole; beyond so many, or so many bytes, the oldest goes.
    pub(crate) fn keep(&mut self, past: Past, (most, bytes): (usize, usize)) {
        self.ring.push_back(past);
        let size = |past: &Past| past.body.len() + past.id.len() + past.name.len();
        let mut all: usize = self.ring.iter().map(size).sum();
        while self.ring.len() > most || all > bytes {
            let Some(gone) = self.ring.pop_front() else { return };
            all -= size(&gone);
        }
    }

    /// Puts a tombstone in the place of a retracted message, wherever the room still holds it.
    pub(crate) fn retract(&mut self, tombstone: &Record) {
        for said in self.recent.iter_mut().filter(|said| said.seq == tombstone.seq) {
            said.retracted = true;
        }
        for past in self.ring.iter_mut().filter(|past| past.seq == tombstone.seq) {
            past.body = tombstone.body.clone();
        }
        if self.subject.as_ref().is_some_and(|s| *s.stanza_id == *tombstone.stanza_id) {
            self.subject = None;
        }
    }
}
