//! What an account and its host exchange besides stanzas.

use jid::BareJid;

use crate::codec::Stanza;

/// What goes into an [`Account`](super::Account).
#[derive(Clone, Debug)]
pub enum Input {
    /// A session of the account sends this: to the account itself, or to anybody. `from` is the session's full JID.
    Own(Stanza),
    /// Somebody else sends this to the account.
    Foreign {
        /// The stanza.
        stanza: Stanza,
        /// Whether the sender's bare JID is on the roster with a name or in a group. Matters for subscription requests.
        contact: bool,
    },
    /// A session wants to hear of changes of the list, for example because its capabilities say so (`+notify`).
    Wants(jid::FullJid),
    /// A session is gone.
    Gone(jid::FullJid),
}

/// How an account is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Way {
    /// As a participant of a gc3 room.
    Gc3,
    /// By a bare-JID occupancy of a muc2 room.
    Muc2,
}

/// What is known of a room that an account is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// How the account is in it.
    pub way: Way,
    /// Its participant ID there.
    pub id: Option<&'a str>,
    /// Its nickname there.
    pub nick: Option<&'a str>,
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// This is not the account's business: do with it what the server does without this machine.
    Pass(Box<Stanza>),
    /// A question for the features of the account: answer it, and name [`FEATURES`](super::FEATURES) among the others.
    Info(Box<Stanza>),
    /// A groupchat message to the bare JID that must not be bounced: give it to the push router or the IM router.
    MemberCopy {
        /// The room.
        room: BareJid,
        /// The message.
        stanza: Box<Stanza>,
    },
    /// The account is in a room now, or is not any more: a ground of the room set that the routers keep.
    Ground {
        /// The room.
        room: BareJid,
        /// By what.
        way: Way,
        /// Whether it is in.
        holds: bool,
    },
    /// The room's subscription is approved: it is subscribed to the account's presence from now on, and hears at once
    /// of every available session. The `subscribed` has been sent.
    Approve {
        /// The room.
        room: BareJid,
    },
    /// The room's subscription ends: it hears `unavailable` of every available session, and nothing any more. The
    /// `unsubscribed` follows (RFC 6121 §3.2.2).
    Revoke {
        /// The room.
        room: BareJid,
    },
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A room is on the list now.
    Listed {
        /// The room.
        room: BareJid,
    },
    /// A room is not on the list any more.
    Unlisted {
        /// The room.
        room: BareJid,
    },
    /// A request was refused; the error went to the session that made it.
    Refused {
        /// The session.
        to: Box<str>,
    },
    /// Something was dropped without an answer.
    Dropped {
        /// The sender, as far as it can be told.
        from: Option<Box<str>>,
    },
    /// A subscription request is kept until a join is answered.
    Kept {
        /// Who wants to subscribe.
        from: Box<str>,
    },
    /// A room does not answer a leave, and is not told any more.
    GaveUp {
        /// The room.
        room: BareJid,
    },
    /// A further rule took part in what was just said.
    Also,
}
