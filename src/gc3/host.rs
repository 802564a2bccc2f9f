//! What a room service and its host exchange besides stanzas: orders, answers, commands, notices.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::id::ParticipantId;
use crate::codec::{Outgoing, Stanza};
use crate::time::Time;

/// A question's number. The answer carries it back.
pub type Token = u64;

/// What goes into a [`Service`](super::Service) or a [`Room`](super::Room).
#[derive(Clone, Debug)]
pub enum Input {
    /// A stanza that the server routed here.
    Stanza(Stanza),
    /// The answer to an [`Order`] that carries a token.
    Answer {
        /// The token of the order.
        token: Token,
        /// What the host found out.
        answer: Answer,
    },
    /// Something that the host decided or learnt.
    Command(Command),
}

/// What the host must do.
///
/// This is a whole host, with its archive in memory. [`Query::answer`] looks for records where nothing faster does.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use xmpp_machines::{Machine, Misuse, Outbox, Time};
/// # use xmpp_machines::gc3::{Answer, Input, Notice, Order, Query, Record, Service};
/// # use xmpp_machines::jid::BareJid;
/// type Archive = BTreeMap<BareJid, Vec<Record>>;
///
/// fn hear(
///     service: &mut Service,
///     archive: &mut Archive,
///     now: Time,
///     input: Input,
///     said: &mut Outbox<Order, Notice>,
/// ) -> Result<(), Misuse> {
///     let mut inputs = vec![input];
///     while let Some(input) = inputs.pop() {
///         service.handle(now, input, said)?; // its deliveries gather in `said`
///         let orders: Vec<Order> = said.take_orders().map(|(_why, order)| order).collect();
///         for order in orders {
///             let (token, answer) = match order {
///                 Order::Store { room, record } => {
///                     archive.entry(room).or_default().push(record);
///                     continue;
///                 }
///                 Order::Replace { room, record } => {
///                     let records = archive.entry(room).or_default().iter_mut();
///                     records.filter(|old| old.seq == record.seq).for_each(|old| *old = record.clone());
///                     continue;
///                 }
///                 Order::Drop { room } => {
///                     archive.remove(&room);
///                     continue;
///                 }
///                 Order::Fetch { token, room, query } => (token, query.answer(archive.entry(room).or_default().iter())),
///                 Order::Find { token, room, id } => {
///                     (token, Query::find(id).answer(archive.entry(room).or_default().iter()))
///                 }
///                 Order::Parent { token, .. } => (token, Answer::No), // it knows no spaces
///             };
///             inputs.push(Input::Answer { token, answer });
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Store a message in the room's archive. Records of one room come with rising sequence numbers.
    Store {
        /// The room.
        room: BareJid,
        /// What to store.
        record: Record,
    },
    /// Put this record in the place of the one with the same sequence number: the message was retracted. What stood
    /// there must not be readable any more.
    Replace {
        /// The room.
        room: BareJid,
        /// The tombstone.
        record: Record,
    },
    /// Read a page of the room's archive; answer with [`Answer::Page`], [`Answer::NoSuchId`] or
    /// [`Answer::Unavailable`] within 30 seconds.
    Fetch {
        /// Comes back with the answer.
        token: Token,
        /// The room.
        room: BareJid,
        /// Which records.
        query: Query,
    },
    /// Find the room's record with this stanza-id, whatever its age ([`Query::find`]); answer with a page of one,
    /// [`Answer::NoSuchId`] or [`Answer::Unavailable`] within 30 seconds.
    Find {
        /// Comes back with the answer.
        token: Token,
        /// The room.
        room: BareJid,
        /// The stanza-id.
        id: String,
    },
    /// Find out about an account and a pubsub node; answer with [`Answer::Yes`], [`Answer::No`] or
    /// [`Answer::Unavailable`] within 10 seconds.
    Parent {
        /// Comes back with the answer.
        token: Token,
        /// The space, an XMPP URI with a node.
        uri: String,
        /// The account.
        jid: BareJid,
        /// What is asked about it.
        fact: ParentFact,
    },
    /// The room is gone for good: its archive may be deleted.
    Drop {
        /// The room.
        room: BareJid,
    },
}

/// What a room asks about an account and its parent space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ParentFact {
    /// Is it subscribed to the node?
    Member,
    /// May it publish to the node?
    Publisher,
}

/// What the host found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Answer {
    /// Records of the archive.
    Page(Page),
    /// An id in the query names no record.
    NoSuchId,
    /// Yes.
    Yes,
    /// No.
    No,
    /// The default subscriptions of a session. Only for a [`Room`](super::Room) that is held without a service.
    Features(super::DefaultTopics),
    /// It cannot be found out now.
    Unavailable,
}

/// What the host decides or learns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// The service shuts down.
    Shutdown,
    /// State was restored and something may be missing: versions that clients hold are void, and presence is asked for
    /// again.
    Restored,
    /// An account is no longer subscribed to a parent space.
    ParentLost {
        /// The space.
        uri: String,
        /// The account.
        jid: BareJid,
    },
    /// A parent space is gone.
    ParentGone {
        /// The space.
        uri: String,
    },
    /// No message in the archive needs the name of this participant any more.
    Forget {
        /// The room.
        room: BareJid,
        /// The participant ID.
        id: String,
    },
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A room was created.
    Created {
        /// Its address.
        room: BareJid,
    },
    /// A room was destroyed.
    Destroyed {
        /// Its address.
        room: BareJid,
    },
    /// An account became a participant.
    Joined {
        /// The room.
        room: BareJid,
        /// The account.
        jid: BareJid,
    },
    /// An account is no participant any more.
    Left {
        /// The room.
        room: BareJid,
        /// The account.
        jid: BareJid,
    },
    /// A stanza was refused; the error went to its sender.
    Refused {
        /// The sender, as far as it can be told.
        from: Option<Box<str>>,
    },
    /// A stanza was dropped without an answer.
    Dropped {
        /// The sender, as far as it can be told.
        from: Option<Box<str>>,
    },
    /// A further rule took part in what was just said.
    Also,
    /// A session ended without its owner saying so.
    SessionEnded {
        /// The full JID.
        jid: Box<str>,
    },
    /// A message was dropped that had been held for a session whose features are not known: too many came.
    NotHeld {
        /// The session's full JID.
        jid: Box<str>,
    },
    /// A message was accepted. Told only to a parent that watches, as is all that follows but reports.
    Accepted(Box<Accepted>),
    /// Something about a participant, or about somebody who is registered, may be different now: its settings or rights.
    Changed {
        /// The room.
        room: Box<str>,
        /// The account; `None`: everybody, by the configuration or by many changes at once.
        jid: Option<Box<str>>,
        /// By what the account itself has just said so; `None`: somebody else did.
        own: Option<Ground>,
    },
    /// A session hears messages from now on, or does not any more.
    Hears {
        /// The room.
        room: Box<str>,
        /// The session's full JID.
        jid: Box<str>,
        /// Whether it does.
        on: bool,
    },
    /// Owners and administrators were told of a report.
    Reported {
        /// The room.
        room: BareJid,
    },
}

/// What an account does itself to have a room remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// It takes part, with settings of its own.
    Participation,
    /// It occupies the room by its bare JID (`urn:xmpp:muc:0`).
    Occupancy,
    /// It registered (XEP-0045 §7.10).
    Registration,
}

/// A message that a room accepted, for a parent that sends it to others than those who listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The room.
    pub room: Box<str>,
    /// The author's account.
    pub author: Box<str>,
    /// The message's id.
    pub id: Arc<str>,
    /// Whether it carries a stanza-id.
    pub identified: bool,
    /// The message as it was sent to those who listen. It shows no real JID.
    pub message: Outgoing,
    /// The message as those hear it who are in by XEP-0045, if there is anybody whom the parent may send that to.
    pub as_muc: Option<Outgoing>,
}

/// A change of rights or rules, or a moderation, with who made it. A room keeps the last 500
/// ([`Gc3Limits::audit`](crate::limits::Gc3Limits::audit)), so that a service can undo what was done with an account that
/// was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When it was made.
    pub at: Time,
    /// Who made it, in the room or not: [`Service::participant_id`](crate::gc3::Service::participant_id) tells whether it
    /// was a given account.
    pub actor: ParticipantId,
    /// What was done, in words for people.
    pub what: Box<str>,
}

/// One archived message, as the room wants it stored and given back. A host may index it by sequence, stanza-id, stamp
/// and author; the body is opaque to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the room's one order. Counts all messages, archived or not, so there are gaps.
    pub seq: u64,
    /// Its id by the room (XEP-0359).
    pub stanza_id: Arc<str>,
    /// When the room accepted it.
    pub stamp: Time,
    /// The author's participant ID; none if the room itself speaks.
    pub author: Option<ParticipantId>,
    /// The author's nickname then.
    pub nick: Arc<str>,
    /// The author's bare JID, for readers who may see it. A host that must forget JIDs may clear it.
    pub jid: Option<Arc<str>>,
    /// The `id` that the author gave the message.
    pub id: Arc<str>,
    /// The message's children as bytes of XML, in `jabber:client`.
    pub body: Bytes,
}

impl Record {
    /// The record as bytes, for hosts that store it whole.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + self.body.len());
        crate::snapshot::put(self, &mut bytes);
        bytes
    }

    /// The record of those bytes; `None` if they are not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        crate::snapshot::take(bytes).ok()
    }
}

/// Which records of an archive are asked for. All conditions hold together. An id that names no record, or one that is
/// not above `above_seq`, makes the answer [`Answer::NoSuchId`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Not before.
    pub start: Option<Time>,
    /// Not after.
    pub end: Option<Time>,
    /// Only records with a greater sequence number: older ones are not for this reader.
    pub above_seq: Option<u64>,
    /// Only records of this author.
    pub author: Option<ParticipantId>,
    /// Only after the record with this stanza-id (a filter, XEP-0313 `after-id`).
    pub after_id: Option<String>,
    /// Only before the record with this stanza-id (a filter, XEP-0313 `before-id`).
    pub before_id: Option<String>,
    /// Only these stanza-ids; each must exist. Empty: all.
    pub ids: Vec<String>,
    /// Where the page starts.
    pub from: Edge,
    /// How many records at the most.
    pub max: u32,
}

/// Where a page of a result starts (XEP-0059).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// At the oldest.
    #[default]
    First,
    /// Just after the record with this stanza-id.
    After(String),
    /// Just before the record with this stanza-id, backwards.
    Before(String),
    /// At the newest, backwards.
    Last,
}

/// One page of an archive, oldest record first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// Whether the result ends with this page, in the direction of paging.
    pub complete: bool,
    /// How many records of the whole result stand before the first of these.
    pub index: u64,
    /// How many records the whole result has.
    pub count: u64,
}

/// Only the conditions that there are.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end, above_seq, author, after_id, before_id, ids, from, max } = self;
        let conditions: [(&str, Option<&dyn fmt::Debug>); 7] = [
            ("start", start.as_ref().map(|start| start as _)),
            ("end", end.as_ref().map(|end| end as _)),
            ("above_seq", above_seq.as_ref().map(|seq| seq as _)),
            ("author", author.as_ref().map(|author| author as _)),
            ("after_id", after_id.as_ref().map(|id| id as _)),
            ("before_id", before_id.as_ref().map(|id| id as _)),
            ("ids", (!ids.is_empty()).then_some(ids as _)),
        ];
        let mut query = f.debug_struct("Query");
        for (name, value) in conditions {
            if let Some(value) = value {
                query.field(name, value);
            }
        }
        query.field("from", from).field("max", max).finish()
    }
}

impl Query {
    /// The query that an [`Order::Find`] stands for: the one record with this stanza-id.
    #[must_use]
    pub fn find(id: String) -> Self {
        Self { ids: vec![id], max: 1, ..Self::default() }
    }

    /// Answers the query from all records of the room, in rising order of their sequence numbers: what a host with a
    /// small archive, or a test, needs. [`Answer::Page`] or [`Answer::NoSuchId`]; its time grows with the archive.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use xmpp_machines::gc3::{Input, Order, Query, Record};
    ///
    /// /// All that a host with its archives in memory does for a service.
    /// fn obey(order: Order, archives: &mut BTreeMap<jid::BareJid, BTreeMap<u64, Record>>) -> Option<Input> {
    ///     let (token, room, query) = match order {
    ///         Order::Store { room, record } | Order::Replace { room, record } => {
    ///             archives.entry(room).or_default().insert(record.seq, record);
    ///             return None;
    ///         }
    ///         Order::Drop { room } => {
    ///             archives.remove(&room);
    ///             return None;
    ///         }
    ///         Order::Parent { token, .. } => {
    ///             return Some(Input::Answer { token, answer: xmpp_machines::gc3::Answer::Unavailable });
    ///         }
    ///         Order::Fetch { token, room, query } => (token, room, query),
    ///         Order::Find { token, room, id } => (token, room, Query::find(id)),
    ///     };
    ///     let records = archives.get(&room).into_iter().flat_map(BTreeMap::values);
    ///     Some(Input::Answer { token, answer: query.answer(records) })
    /// }
    /// ```
    #[must_use]
    pub fn answer<'r>(&self, records: impl Iterator<Item = &'r Record> + Clone) -> Answer {
        let readable = |seq: u64| self.above_seq.is_none_or(|above| seq > above);
        let place =
            |id: &str| records.clone().find(|r| *r.stanza_id == *id).map(|r| r.seq).filter(|&seq| readable(seq));
        let mut bounds = (self.above_seq, None);
        if let Some(id) = &self.after_id {
            let Some(seq) = place(id) else { return Answer::NoSuchId };
            bounds.0 = bounds.0.max(Some(seq));
        }
        if let Some(id) = &self.before_id {
            let Some(seq) = place(id) else { return Answer::NoSuchId };
            bounds.1 = Some(seq);
        }
        if !self.ids.iter().all(|id| place(id).is_some()) {
            return Answer::NoSuchId;
        }
        let all: Vec<&Record> = records
            .clone()
            .filter(|r| bounds.0.is_none_or(|above| r.seq > above) && bounds.1.is_none_or(|below| r.seq < below))
            .filter(|r| self.start.is_none_or(|start| r.stamp >= start) && self.end.is_none_or(|end| r.stamp <= end))
            .filter(|r| self.author.is_none() || r.author == self.author)
            .filter(|r| self.ids.is_empty() || self.ids.iter().any(|id| **id == *r.stanza_id))
            .collect();
        let max = self.max as usize;
        let (start, end) = match &self.from {
            Edge::First => (0, max.min(all.len())),
            Edge::Last => (all.len().saturating_sub(max), all.len()),
            Edge::After(id) => {
                let Some(seq) = place(id) else { return Answer::NoSuchId };
                let start = all.partition_point(|r| r.seq <= seq);
                (start, start.saturating_add(max).min(all.len()))
            }
            Edge::Before(id) => {
                let Some(seq) = place(id) else { return Answer::NoSuchId };
                let end = all.partition_point(|r| r.seq < seq);
                (end.saturating_sub(max), end)
            }
        };
        let backwards = matches!(self.from, Edge::Before(_) | Edge::Last);
        let complete = if backwards { start == 0 } else { end == all.len() };
        let records = all.get(start..end).unwrap_or_default().iter().map(|&r| r.clone()).collect();
        Answer::Page(Page { records, complete, index: start as u64, count: all.len() as u64 })
    }
}
