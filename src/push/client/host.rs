//! What a device's push and its host exchange: wishes, sessions, and what came of them.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use crate::codec::{Condition, Stanza};
use crate::push::enable::Enable;
use crate::push::room::Wish;

/// What goes into a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub enum Input {
    /// Where this device wants to be pushed; nowhere, if both are missing.
    Want(Wanted),
    /// What the account wants from a room; `None`: it has nothing to do with the room any more, and nothing is sent.
    Room {
        /// The room.
        room: BareJid,
        /// What is wanted.
        want: Option<OptIn>,
    },
    /// A session began, or an earlier one was resumed (XEP-0198).
    Online {
        /// What the account's server announces.
        features: Features,
        /// Whether what was sent and not answered will still be answered.
        resumed: bool,
    },
    /// The session is gone.
    Offline,
    /// A stanza came: an answer, perhaps.
    Stanza(Stanza),
    /// Another device of the account was removed: what it had enabled is undone.
    Removed(Enable),
    /// The user logs this device out.
    Logout {
        /// Whether the account has no other device that is pushed: then rooms need send no copies either.
        last: bool,
    },
}

/// Where a device wants to be pushed, in the words of each of the two protocols.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// By XEP-0357.
    pub node: Option<Enable>,
    /// By Push 2.0, which is preferred where the server knows it.
    pub client: Option<Enable>,
}

/// What an account wants from a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptIn {
    /// How the room is told.
    pub by: By,
    /// Which messages. A registration knows all or none: there `Mentions` asks for all, and the user's server sorts.
    pub copies: Wish,
}

/// How a room is told which copies are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// By registering a nickname (XEP-0045 §7.10).
    Registration {
        /// The nickname.
        nick: Box<str>,
    },
    /// By the settings of a participant of group chat 3.
    Participation,
}

/// What the account's server announces on the account's bare JID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// `urn:xmpp:push:0`
    pub push: bool,
    /// `urn:xmpp:push2:0`
    pub push2: bool,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// This device is pushed from now on.
    Enabled,
    /// A registration is undone.
    Disabled {
        /// The push service.
        service: Box<str>,
    },
    /// A room knows what is wanted.
    Settled {
        /// The room.
        room: Box<str>,
    },
    /// The account's server knows none of the protocols that are wanted.
    Unsupported,
    /// A room registers nobody for copies: its form does not ask, or asks for more than is known.
    NotOffered {
        /// The room.
        room: Box<str>,
    },
    /// A request was refused, and is not repeated before the next session or another wish.
    Refused {
        /// Who refused it.
        by: Box<str>,
        /// Why; `None`: there was no answer.
        condition: Option<Condition>,
    },
    /// A registration without a node cannot be undone without undoing those of other devices, and is left.
    Left {
        /// The push service.
        service: Box<str>,
    },
    /// A request will be repeated.
    Later,
    /// Something came that answers nothing.
    Ignored,
    /// There are too many rooms, or registrations to undo.
    Full,
    /// Everything that logging out has to undo is undone, or cannot be.
    Finished,
    /// A further rule took part in what was just said.
    Also,
}
