//! What a queue and its host exchange.

use core::fmt;

use bytes::Bytes;
use minidom::Element;
use serde::{Deserialize, Serialize};

use super::wire::{Nonza, StreamError};
use crate::codec::{Condition, Stanza, StanzaKind};
use crate::outbox::Delivery;
use crate::party::Address;
use crate::rule::Rule;
use crate::time::Time;

/// A connection, as the host numbers it. A number is never used twice.
pub type Link = u64;

/// What the peer of a queue is, and who begins its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// A client that connects to us: one queue for each session.
    Client,
    /// A server that connects to us.
    Incoming,
    /// A server that we connect to.
    Outgoing,
}

/// Who authenticated to whom. A client is named by its account or its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The peer.
    pub peer: Address,
    /// Our domain.
    pub local: Address,
}

/// What goes into a [`Queue`](super::Queue).
#[derive(Clone, Debug)]
pub enum Input {
    /// A stream is open and its peer authenticated; a client's has its resource bound. Of a queue for clients or for
    /// incoming servers there is one such stream; others only [resume](Nonza::Resume) it.
    Open {
        /// The connection.
        link: Link,
        /// Whether the features of the stream offer stream management. Counts for the initiating side only.
        offered: bool,
    },
    /// The peer sent an element of the stream itself. Whatever is not of stream management is passed over.
    Element {
        /// The connection.
        link: Link,
        /// Who authenticated on it.
        pair: Pair,
        /// What was sent.
        element: Element,
    },
    /// Stanzas of the peer were handled: the host answers for them from now on. Those that came before an element are
    /// counted before it is handed in.
    Handled {
        /// How many.
        count: u32,
    },
    /// A stanza for the peer.
    Send(Parcel),
    /// A connection broke.
    Lost {
        /// Which.
        link: Link,
    },
    /// The peer closed its stream in order.
    Closed {
        /// The connection.
        link: Link,
    },
    /// The host wants the stream closed in order.
    Close,
    /// The server could not be reached, in answer to [`Order::Connect`].
    Unreachable {
        /// `remote-server-not-found` or `remote-server-timeout`, or whatever the senders are to be told.
        condition: Condition,
    },
}

/// What the host must do. Writes to one connection are made in the order in which they come.
#[derive(Clone, PartialEq)]
pub enum Order {
    /// Write a stanza.
    Stanza {
        /// To which connection.
        link: Link,
        /// Its first bytes.
        head: Bytes,
        /// The others.
        tail: Bytes,
    },
    /// Write an element of stream management.
    Nonza {
        /// To which connection.
        link: Link,
        /// Which.
        nonza: Nonza,
    },
    /// Close the stream, with that error before if there is one, and the connection. It is not told as lost.
    Close {
        /// Which connection.
        link: Link,
        /// Why.
        error: Option<StreamError>,
    },
    /// Route this message as one to a resource that is not there. It carries the time of its first attempt.
    Return {
        /// The message.
        stanza: Box<Stanza>,
        /// When it was sent at first.
        first: Time,
    },
    /// Open a stream to the server; answer with [`Input::Open`] or [`Input::Unreachable`].
    Connect,
}

/// Shows stanzas as they are written.
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Stanza { link, head, tail } => {
                write!(f, "Stanza {{ link: {link}, {}{} }}", text(head), text(tail))
            }
            Self::Nonza { link, nonza } => write!(f, "Nonza {{ link: {link}, {} }}", text(&nonza.to_bytes())),
            Self::Close { link, error } => write!(f, "Close {{ link: {link}, error: {error:?} }}"),
            Self::Return { stanza, first } => {
                write!(f, "Return {{ {}, first: {} }}", text(&stanza.to_bytes()), first.millis())
            }
            Self::Connect => f.write_str("Connect"),
        }
    }
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The stream is counted from now on.
    Enabled {
        /// The id by which it can be resumed: where the host finds the queue when somebody resumes.
        id: Option<Box<str>>,
    },
    /// The stream broke, and can be resumed.
    Hibernates {
        /// Until when.
        until: Time,
        /// How many stanzas are kept.
        kept: usize,
    },
    /// The stream goes on.
    Resumed {
        /// How many stanzas were sent again.
        again: usize,
    },
    /// The session is over. The account's server sends unavailable presence for it.
    Ended {
        /// How many stanzas were not acknowledged.
        left: usize,
    },
    /// The last that was remembered of an ended session is forgotten: the queue can be dropped.
    Forgotten,
    /// A stanza is lost, and its sender is not told.
    Dropped {
        /// What it was.
        kind: StanzaKind,
    },
    /// An element was passed over or refused.
    Refused {
        /// Its name.
        name: Box<str>,
    },
    /// A further rule took part: there is no more to tell.
    Also,
}

/// Whether other sessions got the same message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Copies {
    /// This session alone: nobody has the message if it is lost.
    #[default]
    Only,
    /// Others got it too, or it is a copy by itself (a carbon).
    Others,
}

/// A stanza on its way to the peer: its bytes, and what its loss would mean.
///
/// The bytes are as a [`Delivery`] has them, so that what is the same for many recipients is kept once for all queues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub(super) head: Bytes,
    pub(super) tail: Bytes,
    pub(super) copies: Copies,
}

impl Parcel {
    /// A stanza as an outbox delivers it. Head and tail together are its bytes, in the form in which this crate writes
    /// them.
    #[must_use]
    pub fn new(delivery: &Delivery<'_>) -> Self {
        Self::of(Bytes::copy_from_slice(delivery.head), delivery.tail.clone())
    }

    /// A stanza of its parts: where the head ends does not matter.
    #[must_use]
    pub const fn of(head: Bytes, tail: Bytes) -> Self {
        Self { head, tail, copies: Copies::Only }
    }

    /// The same, where others get it too.
    #[must_use]
    pub const fn copies(mut self, copies: Copies) -> Self {
        self.copies = copies;
        self
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// All of them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&*self.head, &*self.tail].concat()
    }

    /// Whether it has none; then it is no stanza.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Message, presence or iq, by its first bytes.
    #[must_use]
    pub fn kind(&self) -> Option<StanzaKind> {
        let kinds = [StanzaKind::Message, StanzaKind::Presence, StanzaKind::Iq];
        let name = self.head.strip_prefix(b"<")?;
        kinds.into_iter().find(|kind| {
            let rest = name.strip_prefix(kind.as_str().as_bytes());
            rest.is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'/' | b'>')))
        })
    }
}

/// Where a queue says things.
pub(super) type Out<'a> = dyn crate::machine::Sink<Order, Notice> + 'a;

/// Says what the host must do.
pub(super) fn order(out: &mut Out<'_>, why: Rule, order: Order) {
    out.push(why, crate::machine::Action::Do(order));
}

/// Says what the host may like to know.
pub(super) fn tell(out: &mut Out<'_>, why: Rule, notice: Notice) {
    out.push(why, crate::machine::Action::Tell(notice));
}
