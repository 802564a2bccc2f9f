//! What a client and its host exchange besides stanzas.

use jid::{BareJid, FullJid};
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::codec::Stanza;
use crate::reactions::{Refused, Restrictions, Wish};
use crate::time::Time;

/// How the room is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// `urn:xmpp:gc3:0`.
    Gc3,
    /// XEP-0045, on any service.
    Muc,
}

/// What a client is told at its beginning. Whoever writes it knows the room's features.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientConfig {
    /// The room, or an alias of it.
    pub room: BareJid,
    /// This device.
    pub me: FullJid,
    /// How the room is spoken to.
    pub dialect: Dialect,
    /// The nickname that is wished for.
    pub nick: String,
    /// The password, if the room has one.
    pub password: Option<String>,
    /// Whether the room has an archive (`urn:xmpp:mam:2`).
    pub archive: bool,
    /// Whether the room has occupant-ids (`urn:xmpp:occupant-id:0`). Elsewhere whoever speaks may write one, and none
    /// counts. A room of GC3 has them.
    pub occupant_ids: bool,
    /// Whether the account joins for its devices (`urn:xmpp:gc3:0:pam`).
    pub account: bool,
    /// Whether the room takes reactions (`urn:xmpp:reactions:0`), and so may restrict them: then it is asked what it
    /// allows. No other room is asked, and there everything is allowed until one refuses.
    pub reactions: bool,
}

/// What goes into a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub enum Input {
    /// A stanza that came for this device or its account.
    Stanza {
        /// The stanza.
        stanza: Stanza,
        /// Whether the sender's bare JID is on the roster with a name or in a group. Matters for subscription requests.
        contact: bool,
    },
    /// Something that the user wants, or that the host learnt.
    Command(Command),
}

/// What the user wants, or the host learnt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// Be in the room.
    Join,
    /// Be in the room no more.
    Leave,
    /// The stream is up: fresh, or resumed (XEP-0198).
    Online,
    /// The stream is down.
    Offline,
    /// The account's list of joined rooms has this room, or has it not.
    Listed(bool),
    /// The room's subscription was approved, by the account or by another device, or is not any more: whether the room
    /// sees this device's presence.
    Seen(bool),
    /// The user reacts to a message, or takes that back.
    React {
        /// The message, by the id that the room gave it.
        to: Box<str>,
        /// What the user wishes.
        wish: Wish,
    },
}

/// Whether the client is in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Out.
    Out(Why),
    /// Joining.
    Joining,
    /// In, as far as anybody can know: the room said so at most 15 minutes and a timeout ago.
    In,
    /// Not known: not connected, or the room does not answer.
    Unsure,
}

/// Why the client is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Why {
    /// It never joined.
    Never,
    /// The user left, on this device or on another.
    Left,
    /// It was kicked.
    Kicked,
    /// It is banned.
    Banned,
    /// It lost the right to be in.
    Config,
    /// The room is gone, or may not be known.
    Gone,
    /// The room refused the join.
    Refused,
    /// The room does not know it, and the list of the account has the room no more.
    Lost,
}

/// What the host must do: show it to the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Show whether the user is in.
    Standing(Standing),
    /// Show a message. Messages of the archive come in their order; live ones may come before older ones of the archive.
    Message(Box<Heard>),
    /// Show that messages may be missing here.
    Gap(Gap),
    /// Show these as the user's own reactions to a message, whatever was shown there before.
    Reactions(Box<Reactions>),
    /// Offer these reactions from now on.
    Offer(Box<Restrictions>),
}

/// All reactions of somebody to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    /// The message, by the id that the room gave it.
    pub to: Box<str>,
    /// The reactions, each once; none: they were taken away.
    pub set: Vec<String>,
}

/// Why the user's reactions are not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSent {
    /// The client is not in.
    NotIn,
    /// The message has no id that a room gives.
    NoMessage,
    /// They are not allowed.
    Refused(Refused),
}

/// A message of the room.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Its id by the room, if it has one.
    pub id: Option<Box<str>>,
    /// Who wrote it: the occupant-id; none if the room itself speaks or has no such ids.
    pub author: Option<Box<str>>,
    /// The author's name when it was sent.
    pub nick: Option<Box<str>>,
    /// When it was sent, if that is not now.
    pub stamp: Option<Time>,
    /// Whether it came live.
    pub live: bool,
    /// The author's reactions to a message, if it gives some. They take the place of the author's earlier ones, unless
    /// those were sent later.
    pub reactions: Option<Box<Reactions>>,
    /// The message.
    pub message: Element,
}

/// A place where messages may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last message before it; none: from the beginning.
    pub after: Option<Box<str>>,
    /// The first message after it; none if no later one is known yet.
    pub before: Option<Box<str>>,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The people in the room have changed.
    People,
    /// History is whole up to now, gaps apart.
    CaughtUp,
    /// A stanza was not this client's business.
    NotMine,
    /// A subscription request is for the user to decide.
    AskUser {
        /// Who wants to subscribe.
        from: Box<str>,
    },
    /// What the user wished was not sent.
    NotSent {
        /// To which message the user would react.
        to: Box<str>,
        /// Why not.
        why: NotSent,
    },
    /// A further rule took part in what was just said.
    Also,
}
