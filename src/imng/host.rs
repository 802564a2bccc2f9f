//! What an account and its host exchange: sessions, facts, orders, notices.

use core::fmt;

use jid::{BareJid, FullJid, Jid};
use serde::{Deserialize, Serialize};

use crate::codec::{Condition, Outgoing, Stanza};
use crate::party::Address;
use crate::time::Time;

/// A question's number. The answer carries it back.
pub type Token = u64;

/// What goes into an [`Account`](super::Account).
#[derive(Clone, Debug)]
pub enum Input {
    /// A stanza for this account from another account, a room, a service or the server itself.
    Stanza(Stanza),
    /// A stanza that a session of this account sent, to anybody.
    FromSession {
        /// The session.
        session: FullJid,
        /// What it sent. Its `from` may be absent.
        stanza: Stanza,
    },
    /// Something happened to a session.
    Session {
        /// The session.
        session: FullJid,
        /// What.
        event: Event,
    },
    /// Something that the host knows and routing needs.
    Fact(Fact),
    /// Messages kept for later, oldest first: the answer to [`Order::FetchOffline`]. The host has forgotten them.
    Offline {
        /// The token of the order.
        token: Token,
        /// The messages.
        messages: Vec<Stored>,
        /// Whether the host has more.
        more: bool,
    },
    /// The push router has decided on a room's member copy ([`Order::MemberCopy`]).
    MemberCopy {
        /// The message, as it was ordered.
        stanza: Stanza,
        /// Who gets it.
        to: Vec<FullJid>,
    },
}

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum Event {
    /// It is bound (RFC 6120 §7). One of that name is replaced.
    Bound,
    /// It is available with this priority, at first or again. The account reads this from the presence that the session
    /// sends; a host says it for sessions that it restores.
    Available {
        /// From -128 to 127.
        priority: i8,
    },
    /// It is connected but not available.
    Unavailable,
    /// Carbons are on or off. The account answers the session's own requests; a host says it for SASL2 or bind 2.
    Carbons(bool),
    /// IM-NG is on or off. As for carbons; turning it on turns carbons off.
    Imng(bool),
    /// Whether somebody is looking at the client (XEP-0352).
    Active(bool),
    /// Whether it understands groupchat messages to the bare JID without being in the room.
    Capable(bool),
    /// Its connection is lost and may be resumed (XEP-0198): it is addressed as before.
    Hibernated,
    /// It is connected again, and active.
    Resumed,
    /// It has a room live: the room writes to it. With the nickname it has there, where that is known.
    RoomLive {
        /// The room.
        room: BareJid,
        /// The nickname.
        nick: Option<Box<str>>,
    },
    /// It has left a room.
    RoomEnded {
        /// The room.
        room: BareJid,
    },
    /// It is gone for good.
    Gone {
        /// What was sent to it and never acknowledged (XEP-0198), in order.
        unacked: Vec<Stanza>,
    },
}

/// What the host knows and routing needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The whole block list, as it is stored.
    Blocked(Vec<Jid>),
    /// The subscription of a contact; [`Subscription::None`] forgets it.
    Contact {
        /// The contact.
        jid: BareJid,
        /// The state of its subscription.
        subscription: Subscription,
    },
    /// Whether the account belongs to a room, and by what; no ground removes it from the room set.
    Room {
        /// The room.
        room: BareJid,
        /// By what it belongs to it.
        grounds: Grounds,
    },
    /// How many messages the host keeps for later.
    OfflineCount(u32),
}

/// A roster item's subscription (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subscription {
    /// Neither sees the other.
    #[default]
    None,
    /// The account sees the contact.
    To,
    /// The contact sees the account.
    From,
    /// Both.
    Both,
}

impl Subscription {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::To => "to",
            Self::From => "from",
            Self::Both => "both",
        }
    }

    /// Whether the account sees the contact's presence.
    #[must_use]
    pub const fn sees_contact(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// Whether the contact may see the account's presence.
    #[must_use]
    pub const fn sees_account(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }
}

/// By what an account belongs to a room; a session that is in it is a ground of its own ([`Event::RoomLive`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grounds {
    /// The account has joined it (GC3, MUC2).
    pub joined: bool,
    /// The account is registered in it (XEP-0045 §7.10).
    pub registered: bool,
    /// It is a bookmark with autojoin (XEP-0402).
    pub bookmarked: bool,
}

impl Grounds {
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.joined || self.registered || self.bookmarked)
    }
}

/// A message kept for later.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// When it came first.
    pub stamp: Time,
    /// The message, as it was given to be stored.
    pub stanza: Stanza,
}

/// Which way a message of the archive went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// To the account.
    In,
    /// From the account, also to itself.
    Out,
}

/// A message for the archive.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id in the archive: the `stanza-id` by the account in all that was delivered or copied.
    pub id: Box<str>,
    /// The other side: who sent it to the account, or to whom the account sent it.
    pub with: Jid,
    /// Which way it went.
    pub direction: Direction,
    /// When.
    pub stamp: Time,
    /// The message, with its id in the archive and the `to` that it was sent to.
    pub stanza: Outgoing,
}

/// What the host must do.
#[derive(Clone, PartialEq)]
pub enum Order {
    /// Put a message into the account's archive.
    Archive(Box<Record>),
    /// Keep a message for later. The machine counts.
    StoreOffline {
        /// When it came first.
        stamp: Time,
        /// The message. It [has](Outgoing::addressed_to) the `to` that it was sent to: whatever is asked for, its bytes
        /// and [`to_stanza`](Outgoing::to_stanza) have that.
        stanza: Outgoing,
    },
    /// Hand back the oldest messages that are kept, at most `max`, and forget them; answer with [`Input::Offline`].
    FetchOffline {
        /// Comes back with the answer.
        token: Token,
        /// How many.
        max: u32,
    },
    /// A room of the account's room set sent a message for the account itself. Let the push router decide and answer with
    /// [`Input::MemberCopy`], or do nothing. A host without one answers with the candidates.
    MemberCopy {
        /// The message.
        stanza: Box<Stanza>,
        /// Sessions that do not have the room live and can read it: by IM-NG, or because they are capable.
        candidates: Vec<Address>,
        /// Sessions that have the room live: they get the message from the room itself.
        live: Vec<Address>,
    },
    /// A message came that a sleeping device may have to be woken for. Only if
    /// [`AccountConfig::push`](super::AccountConfig::push) says so.
    Push(Box<PushCandidate>),
    /// A session's presence for everybody: send it to the contacts that may see it and to the account's own sessions
    /// (RFC 6121 §4.2.2, §4.4.2, §4.5.2). Sent to the account's bare JID it reaches all of these.
    Broadcast {
        /// The session.
        session: Address,
        /// What it was before: `None` if it was not available. An initial presence also probes the contacts.
        was: Option<i8>,
        /// Where it sent directed presence, if it becomes unavailable: they are told too (RFC 6121 §4.6.3).
        directed: Vec<Address>,
        /// The presence.
        stanza: Box<Stanza>,
    },
    /// A presence that changes a subscription or asks for one (RFC 6121 §3).
    Subscription {
        /// The session that sent it; `None` if it came from outside.
        session: Option<Address>,
        /// The presence.
        stanza: Box<Stanza>,
    },
    /// Somebody's server asks for the account's presence (RFC 6121 §4.3).
    Probe {
        /// The probe.
        stanza: Box<Stanza>,
    },
    /// A request to the account that the host answers, by [`AccountConfig::host_answers`](super::AccountConfig::host_answers).
    Iq {
        /// The session that sent it; `None` if it came from outside.
        session: Option<Address>,
        /// The request.
        stanza: Box<Stanza>,
    },
    /// Store these on the block list, and send them the unavailable presence of each session, where they may see it
    /// (XEP-0191 §3.3).
    Block(Vec<Address>),
    /// Take these off the stored block list, and send them the presence of each session, where they may see it
    /// (XEP-0191 §3.4).
    Unblock(Vec<Address>),
    /// End a session's stream.
    End {
        /// The session.
        session: FullJid,
        /// With which error.
        condition: EndCondition,
    },
}

/// With which stream error a session ends (RFC 6120 §4.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndCondition {
    /// `invalid-from`: it spoke in another's name.
    InvalidFrom,
    /// `resource-constraint`: the account has too many sessions.
    ResourceConstraint,
}

impl EndCondition {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFrom => "invalid-from",
            Self::ResourceConstraint => "resource-constraint",
        }
    }
}

/// A message that a sleeping device may have to be woken for, and who has it already.
#[derive(Clone, PartialEq)]
pub struct PushCandidate {
    /// The message.
    pub stanza: Stanza,
    /// Its id in the archive.
    pub archive_id: Option<Box<str>>,
    /// Whether it is kept for later.
    pub stored: bool,
    /// The sessions that got it, by delivery or as a copy, and whether each is connected and somebody looks at it.
    pub reached: Vec<Reached>,
}

/// A session that got a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The session.
    pub session: Address,
    /// Whether its connection is lost and may be resumed: what it gets now waits.
    pub hibernated: bool,
    /// Whether somebody is looking at the client (XEP-0352).
    pub active: bool,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A stanza was refused; the error went to its sender.
    Refused {
        /// The sender, as far as it can be told.
        from: Option<Box<str>>,
        /// The error.
        condition: Condition,
    },
    /// A stanza was dropped without an answer.
    Dropped {
        /// The sender, as far as it can be told.
        from: Option<Box<str>>,
    },
    /// A further rule took part in what was just said.
    Also,
    /// A session that should have got something is not there any more.
    NotThere {
        /// The session.
        session: Box<str>,
    },
}

/// XML as it is, and no tree of it.
struct Xml(String);

impl fmt::Debug for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Stanza> for Xml {
    fn from(stanza: &Stanza) -> Self {
        Self(String::from_utf8_lossy(&stanza.to_bytes()).into_owned())
    }
}

impl From<&Outgoing> for Xml {
    fn from(stanza: &Outgoing) -> Self {
        Self(String::from_utf8_lossy(&stanza.encode("")).into_owned())
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("stamp", &self.stamp).field("stanza", &Xml::from(&self.stanza)).finish()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, with, direction, stamp, stanza } = self;
        let mut record = f.debug_struct("Record");
        record.field("id", id).field("with", &Xml(with.to_string())).field("direction", direction);
        record.field("stamp", stamp).field("stanza", &Xml::from(stanza)).finish()
    }
}

impl fmt::Debug for PushCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stanza, archive_id, stored, reached } = self;
        let mut candidate = f.debug_struct("PushCandidate");
        candidate.field("stanza", &Xml::from(stanza)).field("archive_id", archive_id);
        candidate.field("stored", stored).field("reached", reached).finish()
    }
}

/// Stanzas are written as XML.
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let xml = |stanza: &Stanza| Xml::from(stanza);
        match self {
            Self::Archive(record) => f.debug_tuple("Archive").field(record).finish(),
            Self::StoreOffline { stamp, stanza } => {
                f.debug_struct("StoreOffline").field("stamp", stamp).field("stanza", &Xml::from(stanza)).finish()
            }
            Self::FetchOffline { token, max } => {
                f.debug_struct("FetchOffline").field("token", token).field("max", max).finish()
            }
            Self::MemberCopy { stanza, candidates, live } => {
                let mut order = f.debug_struct("MemberCopy");
                order.field("candidates", candidates).field("live", live).field("stanza", &xml(stanza)).finish()
            }
            Self::Push(candidate) => f.debug_tuple("Push").field(candidate).finish(),
            Self::Broadcast { session, was, directed, stanza } => {
                let mut order = f.debug_struct("Broadcast");
                order.field("session", session).field("was", was).field("directed", directed);
                order.field("stanza", &xml(stanza)).finish()
            }
            Self::Subscription { session, stanza } => {
                f.debug_struct("Subscription").field("session", session).field("stanza", &xml(stanza)).finish()
            }
            Self::Probe { stanza } => f.debug_struct("Probe").field("stanza", &xml(stanza)).finish(),
            Self::Iq { session, stanza } => {
                f.debug_struct("Iq").field("session", session).field("stanza", &xml(stanza)).finish()
            }
            Self::Block(jids) => f.debug_tuple("Block").field(jids).finish(),
            Self::Unblock(jids) => f.debug_tuple("Unblock").field(jids).finish(),
            Self::End { session, condition } => {
                let mut order = f.debug_struct("End");
                order.field("session", &Xml(session.to_string())).field("condition", condition).finish()
            }
        }
    }
}
