//! What happens to the state when a message is accepted.

use std::sync::Arc;

use bytes::Bytes;

use super::{Bound, Past, Reacting, Said, Slot, State, Subject};
use crate::codec::Fragment;
use crate::gc3::host::Record;
use crate::gc3::id::ParticipantId;

/// A message that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) who: Slot,
    pub(crate) author: ParticipantId,
    /// The id under which it is reflected.
    pub(crate) id: Arc<str>,
    /// Its children without forgeries.
    pub(crate) body: Fragment,
    /// Whether it goes into the archive.
    pub(crate) archived: bool,
    /// Whether it carries a stanza-id.
    pub(crate) identified: bool,
    /// The `<subject/>` elements, if it changes the subject.
    pub(crate) subject: Option<Bytes>,
    /// What takes the place of the message that it retracts.
    pub(crate) retracts: Option<Tombstone>,
    /// Whether slow mode counts it (XEP-0500 §7: messages with a body).
    pub(crate) paced: bool,
    /// Whether it counts as activity (XEP-0502 §5): a message with a body that corrects no other.
    pub(crate) counted: bool,
    /// The reactions that it sets.
    pub(crate) reactions: Option<Reacting>,
}

/// What takes the place of a retracted message (G8.2).
#[derive(Clone, Debug)]
pub(crate) struct Tombstone {
    pub(crate) record: Box<Record>,
    /// Whether the archive holds the message.
    pub(crate) archived: bool,
}

/// A message that a moderator retracts (G8.3).
#[derive(Clone, Debug)]
pub(crate) struct Moderation {
    /// The moderator.
    pub(crate) actor: ParticipantId,
    /// The id of the announcement.
    pub(crate) id: Arc<str>,
    /// What the announcement holds.
    pub(crate) body: Fragment,
    /// The same for those who address people by name.
    pub(crate) by_name: Fragment,
    pub(crate) tombstone: Tombstone,
}

impl State {
    /// The stanza-id of the message of that number (G6.5).
    pub(crate) fn stanza_id(&self, seq: u64) -> Arc<str> {
        self.secret.hmac(&[b"sid", &seq.to_be_bytes()]).base32_shared()
    }

    /// The id of the next message that comes without one, or that the room itself says. Its number is as unique as an
    /// id has to be, and replay finds it again.
    pub(crate) fn next_message_id(&self) -> String {
        self.secret.draw_nth("message-id", self.talk.seq + 1).base32()
    }

    /// Retracts a message for a moderator; gives back the announcement's stanza-id, and its record if it is archived.
    pub(crate) fn moderate(&mut self, moderation: &Moderation) -> (Arc<str>, Option<Record>) {
        self.talk.seq = self.talk.seq.saturating_add(1);
        let seq = self.talk.seq;
        let stanza_id = self.stanza_id(seq);
        let (now, archived) = (self.now, self.config.has_archive());
        self.talk.retract(&moderation.tombstone.record);
        self.note(moderation.actor, format!("moderate {}", moderation.tombstone.record.stanza_id));
        let record = archived.then(|| Record {
            seq,
            stanza_id: stanza_id.clone(),
            stamp: now,
            author: None,
            nick: Arc::default(),
            jid: None,
            id: moderation.id.clone(),
            body: moderation.body.bytes().clone(),
        });
        let said = Said {
            seq,
            stanza_id: stanza_id.clone(),
            id: moderation.id.clone(),
            author: None,
            nick: "".into(),
            stamp: now,
            archived,
            retracted: false,
        };
        self.remember(said, record.as_ref());
        (stanza_id, record)
    }

    /// Accepts a message; gives back its number, its stanza-id if it carries one, and the record to store.
    pub(crate) fn speak(&mut self, speech: &Speech) -> (u64, Arc<str>, Option<Record>) {
        self.talk.seq = self.talk.seq.saturating_add(1);
        let seq = self.talk.seq;
        let stanza_id = if speech.identified { self.stanza_id(seq) } else { Arc::default() };
        let now = self.now;
        let mut nick: Arc<str> = Arc::default();
        if let Some(person) = self.people.get_mut(speech.who) {
            person.spoke = true;
            nick = (*person.nick).into();
        }
        if self.config.slow_mode > 0 && speech.paced {
            let rate = self.slow_rate();
            self.spend(Bound::Slow, speech.author.as_str(), rate);
        }
        if let Some(tombstone) = &speech.retracts {
            self.talk.retract(&tombstone.record);
        }
        if let Some(reacting) = &speech.reactions {
            self.reacted.set(speech.author, reacting, self.limits.reacted);
        }
        if let Some(body) = &speech.subject {
            self.talk.subject = Some(Subject {
                author: speech.author,
                nick: nick.clone(),
                stamp: now,
                stanza_id: stanza_id.clone(),
                body: body.clone(),
            });
        }
        let record = speech.archived.then(|| Record {
            seq,
            stanza_id: stanza_id.clone(),
            stamp: now,
            author: Some(speech.author),
            nick: nick.clone(),
            // What was promised is promised to readers of the archive, too.
            jid: (!self.is_promised(speech.who)).then(|| self.people.jid(speech.who).into()),
            id: speech.id.clone(),
            body: speech.body.bytes().clone(),
        });
        if self.by_presence() {
            self.keep_whole(seq, &stanza_id, speech, &nick);
        }
        let said = Said {
            seq,
            stanza_id: stanza_id.clone(),
            id: speech.id.clone(),
            author: Some(speech.author),
            nick,
            stamp: now,
            archived: speech.archived,
            retracted: false,
        };
        self.remember(said, record.as_ref());
        (seq, stanza_id, record)
    }

    /// Keeps an archived message whole, for those who enter by XEP-0045; the subject has a place of its own (§7.2.13).
    fn keep_whole(&mut self, seq: u64, stanza_id: &Arc<str>, speech: &Speech, nick: &Arc<str>) {
        if speech.counted {
            self.talk.activity.count(self.now);
            self.talk.spoken = seq;
        }
        if !speech.archived || speech.subject.is_some() {
            return;
        }
        let name = if self.has_other_name(speech.who) { self.name(speech.who).into() } else { nick.clone() };
        let past = Past {
            seq,
            stanza_id: stanza_id.clone(),
            stamp: self.now,
            author: speech.author,
            name,
            id: speech.id.clone(),
            body: speech.body.bytes().clone(),
        };
        self.talk.keep(past, (self.limits.ring, self.limits.ring_bytes));
    }

    /// Remembers a message that was sent to all.
    pub(crate) fn remember(&mut self, said: Said, record: Option<&Record>) {
        if let Some(record) = record {
            self.talk.last_archived = Some((record.seq, record.stanza_id.clone(), record.stamp));
        }
        self.talk.remember(said, self.limits.recent);
    }

    /// The rate of slow mode.
    pub(crate) fn slow_rate(&self) -> super::Rate {
        super::Rate { burst: 1, every: crate::time::Span::from_secs(u64::from(self.config.slow_mode)) }
    }
}
