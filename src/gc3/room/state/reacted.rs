//! Who reacted how to what, as far as the room remembers it: what somebody takes away is always accepted (XEP-0444).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::gc3::id::ParticipantId;

/// Reactions that somebody sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reacting {
    /// The message that they are for, by its stanza-id.
    pub(crate) to: Box<str>,
    pub(crate) set: Box<[Box<str>]>,
}

/// The message by its stanza-id, and who reacts.
type Key = (Box<str>, ParticipantId);

/// Bytes of a set beyond which it is not remembered.
const BYTES: usize = 1024;

/// The last sets of reactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reacted {
    sets: BTreeMap<Key, Box<[Box<str>]>>,
    /// In the order in which they were first made.
    order: VecDeque<Key>,
}

impl Reacted {
    /// Somebody's reactions to a message.
    pub(crate) fn of(&self, message: &str, who: ParticipantId) -> impl Iterator<Item = &str> {
        self.sets.get(&(message.into(), who)).into_iter().flatten().map(|reaction| &**reaction)
    }

    /// The reactions of all others to a message.
    pub(crate) fn others<'a>(&'a self, message: &'a str, who: ParticipantId) -> impl Iterator<Item = &'a str> {
        // No ID is smaller.
        let from = self.sets.range((Box::from(message), ParticipantId::NOBODY)..);
        let here = from.take_while(move |((of, _), _)| **of == *message).filter(move |((_, by), _)| *by != who);
        here.flat_map(|(_, set)| set.iter().map(|reaction| &**reaction))
    }

    /// Notes a set; the oldest is forgotten beyond `most`.
    pub(crate) fn set(&mut self, who: ParticipantId, Reacting { to, set }: &Reacting, most: usize) {
        let key = (to.clone(), who);
        let fits = to.len() + set.iter().map(|reaction| reaction.len()).sum::<usize>() <= BYTES;
        if set.is_empty() || !fits {
            if self.sets.remove(&key).is_some() {
                self.order.retain(|known| *known != key);
            }
            return;
        }
        if self.sets.insert(key.clone(), set.clone()).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.sets.remove(&oldest);
            }
        }
    }

    /// Whether it fits itself, for what was read from a snapshot.
    pub(super) fn check(&self) -> bool {
        self.order.len() == self.sets.len() && self.order.iter().all(|key| self.sets.contains_key(key))
    }
}
