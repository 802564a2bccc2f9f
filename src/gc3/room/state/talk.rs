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
    /// The last archived message.
    pub(crate) last_archived: Option<(u64, Arc<str>)>,
    pub(crate) recent: VecDeque<Said>,
    /// The `id`s of the last messages that carry no stanza-id, and when they were sent: who types must not make the room
    /// forget what was said.
    pub(crate) passing: VecDeque<(Arc<str>, Time)>,
    pub(crate) subject: Option<Subject>,
}

impl Talk {
    pub(crate) fn find(&self, stanza_id: &str) -> Option<&Said> {
        self.recent.iter().rev().find(|said| *said.stanza_id == *stanza_id)
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

    /// Puts a tombstone in the place of a retracted message, wherever the room still holds it.
    pub(crate) fn retract(&mut self, tombstone: &Record) {
        for said in self.recent.iter_mut().filter(|said| said.seq == tombstone.seq) {
            said.retracted = true;
        }
        if self.subject.as_ref().is_some_and(|s| *s.stanza_id == *tombstone.stanza_id) {
            self.subject = None;
        }
    }
}
