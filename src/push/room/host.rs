//! What the copies of a room and their host exchange: who belongs to it, what it says, what comes back.

use std::sync::Arc;

use jid::{BareJid, FullJid};
use serde::{Deserialize, Serialize};

use super::broadcast::Broadcast;
use crate::codec::Stanza;
use crate::time::Time;

/// What goes into a [`Room`](super::Room).
#[derive(Clone, Debug)]
pub enum Input {
    /// The room accepted a message and sends it to those who are there.
    Broadcast(Broadcast),
    /// An account is a participant by the rules of group chat 3, or something about it changed.
    Participant(Participant),
    /// An account is no participant any more.
    Departed {
        /// The account.
        jid: BareJid,
    },
    /// An account registered with the room (XEP-0045 §7.10), or something about it changed.
    Registered(Registration),
    /// An account is not registered any more.
    Unregistered {
        /// The account.
        jid: BareJid,
    },
    /// An account joined with its bare JID, by the rules of the new MUC, or left so.
    Occupancy {
        /// The account.
        jid: BareJid,
        /// Whether it is in.
        on: bool,
    },
    /// What an account is allowed to be changed. Says nothing about whether it wants copies.
    Affiliation {
        /// The account.
        jid: BareJid,
        /// What it is now.
        affiliation: Affiliation,
    },
    /// A session joined, or subscribed to messages.
    Joined {
        /// The session.
        jid: FullJid,
    },
    /// A session is not there any more.
    Left {
        /// The session.
        jid: FullJid,
    },
    /// An account did something in the room: there is somebody.
    Alive {
        /// The account.
        jid: BareJid,
    },
    /// A message of type error came to the room or to one of its occupants.
    Returned(Stanza),
    /// Other rules hold from now on.
    Configure(Config),
}

/// An account that is in the room whether or not it has a session there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The account.
    pub jid: BareJid,
    /// Its occupant id.
    pub id: Box<str>,
    /// Its nickname.
    pub nick: Box<str>,
    /// Its own push setting; `None`: the room's default.
    pub push: Option<Wish>,
    /// What it is in the room.
    pub affiliation: Affiliation,
    /// Its role.
    pub role: Role,
    /// Whether the account itself has just joined or set this: that is a sign of life, and opts in again.
    pub own: bool,
}

/// A registration with the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The account.
    pub jid: BareJid,
    /// Its occupant id; empty if it has none.
    pub id: Box<str>,
    /// Its nickname.
    pub nick: Box<str>,
    /// What the form said of messages to those who are away; `None`: nothing.
    pub offline: Option<bool>,
    /// What it is in the room.
    pub affiliation: Affiliation,
    /// Its role.
    pub role: Role,
    /// Whether the account itself has just registered: that is a sign of life, and opts in again.
    pub own: bool,
}

/// What an account may be in a room (XEP-0045 §5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Affiliation {
    /// Banned.
    Outcast,
    /// Nothing in particular.
    #[default]
    None,
    /// On the list of members.
    Member,
    /// An administrator.
    Admin,
    /// An owner.
    Owner,
}

impl Affiliation {
    /// Its name on the wire, which is also its name as a group (XEP-0513).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The affiliation of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Outcast, Self::None, Self::Member, Self::Admin, Self::Owner].into_iter().find(|a| a.name() == name)
    }
}

/// What an account may do in a room (XEP-0045 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Listens.
    Visitor,
    /// Speaks.
    #[default]
    Participant,
    /// Keeps order.
    Moderator,
}

impl Role {
    /// Its name as a group (XEP-0513).
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Visitor => "visitors",
            Self::Participant => "participants",
            Self::Moderator => "moderators",
        }
    }
}

/// Which messages somebody wants while away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Wish {
    /// None.
    Never,
    /// Those that mention them.
    Mentions,
    /// All.
    Always,
}

impl Wish {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Mentions => "mentions",
            Self::Always => "always",
        }
    }

    /// The wish of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Never, Self::Mentions, Self::Always].into_iter().find(|wish| wish.name() == name)
    }
}

/// In which words an account knows the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// Group chat 3.
    Gc3,
    /// The new MUC.
    Muc2,
    /// XEP-0045.
    Muc,
}

impl Dialect {
    /// All, in the order in which they are preferred.
    pub const ALL: [Self; 3] = [Self::Gc3, Self::Muc2, Self::Muc];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gc3 => "gc3",
            Self::Muc2 => "muc2",
            Self::Muc => "muc",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// When copies are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// To every member, wherever its sessions are: the room cannot know which of an account's devices sleep.
    #[default]
    Always,
    /// To members without a session in the room, as Tigase and Prosody do.
    AbsentOnly,
    /// To members without a session in the room, if mentioned, as a forwarded message (XEP-0452): for servers that refuse
    /// group chat to bare JIDs.
    MentionsOnly,
}

/// What a room's copies are set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// When copies are sent. Default `Always`.
    pub mode: Mode,
    /// The wish of participants who set none. Default `Always`.
    pub participants: Wish,
    /// Whether a registration whose form does not say wants copies. Default yes.
    pub registered: bool,
    /// Whether only moderators see real JIDs: then no copy shows any. Default yes.
    pub hidden: bool,
    /// How many explicit mentions a message may have (`mentions#count`). Default 5.
    pub mentions: usize,
    /// Who may mention everybody or those of a role (`mentions#channel`, `mentions#associations`). Default moderators.
    pub groups: Role,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Always,
            participants: Wish::Always,
            registered: true,
            hidden: true,
            mentions: 5,
            groups: Role::Moderator,
        }
    }
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// An account gets copies from now on, or others than before.
    Entitled {
        /// The account.
        jid: Box<str>,
        /// Which messages.
        wish: Wish,
        /// In which words.
        dialect: Dialect,
    },
    /// An account gets no copies any more.
    NotEntitled {
        /// The account.
        jid: Box<str>,
    },
    /// A message is sent to nobody who is away.
    NotCopied {
        /// The message's id.
        id: Arc<str>,
    },
    /// A copy came back, and that changes nothing yet.
    Bounced {
        /// The account.
        jid: Box<str>,
        /// How many of its copies came back so far.
        count: u32,
    },
    /// An account gets no copies for a while: its server cannot be reached.
    Suspended {
        /// The account.
        jid: Box<str>,
        /// Until when.
        until: Time,
    },
    /// An account gets copies again.
    Resumed {
        /// The account.
        jid: Box<str>,
    },
    /// An account gets no copies until it asks again: they reach nobody.
    Unsupported {
        /// The account.
        jid: Box<str>,
    },
    /// An error was ignored: it answers no copy.
    Ignored {
        /// Who sent it.
        from: Box<str>,
    },
    /// There are so many members that those who are there get no copies, or no longer so many.
    Crowded {
        /// Whether there are so many.
        on: bool,
    },
    /// An account is one too many to be remembered, or a session of it.
    Full {
        /// The account.
        jid: Box<str>,
    },
    /// A further rule took part in what was just said.
    Also,
}
