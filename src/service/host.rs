//! What a domain and its host exchange.

use core::fmt;

use jid::{BareJid, FullJid};

use crate::codec::Stanza;
use crate::gc3::account;
use crate::push::{room as copies, router};
use crate::{gc3, imng, retention};

/// What goes into a [`Domain`](super::Domain).
#[derive(Clone, Debug)]
pub enum Input {
    /// An account comes to be, without sessions. Its roster, block list and what is kept for it follow as facts.
    Create {
        /// The account.
        account: BareJid,
    },
    /// An account ceases to be, and so do the files that it uploaded. What else the host stores for it is the host's to
    /// remove.
    Remove {
        /// The account.
        account: BareJid,
    },
    /// Something happened to a session.
    Session {
        /// The session.
        session: FullJid,
        /// What.
        event: imng::Event,
    },
    /// A session sent a stanza.
    FromSession {
        /// The session.
        session: FullJid,
        /// What it sent. Its `from` may be absent; a forged one ends the session.
        stanza: Stanza,
    },
    /// Another server sent a stanza.
    FromServer {
        /// The domain for which that server authenticated on this stream.
        peer: BareJid,
        /// What it sent.
        stanza: Stanza,
    },
    /// The host speaks in the name of the domain or of one of its accounts: an answer to a request that it was handed, a
    /// presence of a subscription that it decided about.
    FromHost {
        /// What it says, with `from` and `to`.
        stanza: Stanza,
    },
    /// Something that the host knows about an account.
    Fact {
        /// The account.
        account: BareJid,
        /// What.
        fact: imng::Fact,
    },
    /// What only an account's push router wants to know: an item of the account's own nodes, what a client announced, what
    /// the user chose about the words in notifications; of a session that was just bound, the id of its client and what it
    /// enables while it binds; of one that was just hibernated, what it never acknowledged. All else the domain tells it.
    Push {
        /// The account.
        account: BareJid,
        /// What: [`Item`](router::Input::Item), [`Bodies`](router::Input::Bodies), [`Room`](router::Input::Room), or of a
        /// [`Session`](router::Input::Session) its `Features`, `Up` or `Hibernated`.
        input: router::Input,
    },
    /// A session wants to hear of changes of the list of rooms: the host, who knows what each client can, has found
    /// `urn:xmpp:gc3:0:joined+notify` in its capabilities (XEP-0163 §4). A session that reads the list hears of them anyway.
    Wants {
        /// The session.
        session: FullJid,
    },
    /// Messages kept for later: the answer to [`imng::Order::FetchOffline`].
    Offline {
        /// The account.
        account: BareJid,
        /// The token of the order.
        token: imng::Token,
        /// The messages, oldest first.
        messages: Vec<imng::Stored>,
        /// Whether the host has more.
        more: bool,
    },
    /// The answer to an order of the rooms that carries a token.
    Answer {
        /// The token of the order.
        token: gc3::Token,
        /// What the host found out.
        answer: gc3::Answer,
    },
    /// Something that the host decided about the rooms.
    Command(gc3::Command),
    /// What the uploads have to know: of HTTP, of items that refer to files, of the operator. All but
    /// [`Stanza`](retention::Input::Stanza), which is a misuse: stanzas come from a session, another server or the host.
    Uploads(retention::Input),
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Something for an account. Never a member copy or a session's presence for everybody: these stay inside.
    Account {
        /// The account.
        account: BareJid,
        /// What.
        order: imng::Order,
    },
    /// The subscription of a contact has become another, and no session and no host has decided it: a room that the account
    /// joined sees it now, or sees it no more. Store it in the roster and push the item (RFC 6121 §2.1.6, §3.1.5). The
    /// domain knows it already; a host that has to create the domain anew tells it as a fact, like all of the roster.
    Contact {
        /// The account.
        account: BareJid,
        /// The contact.
        jid: BareJid,
        /// The state of its subscription.
        subscription: imng::Subscription,
    },
    /// Something for the rooms.
    Rooms(gc3::Order),
    /// Something for the uploads: answer a PUT or a GET, delete a file.
    Uploads(retention::Order),
    /// End a session: its account is no more.
    End {
        /// The session.
        session: FullJid,
    },
    /// Close the stream from another server.
    Close {
        /// The domain for which it authenticated.
        peer: BareJid,
        /// With which error.
        condition: StreamCondition,
    },
}

/// With which stream error a server's stream is closed (RFC 6120 §4.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamCondition {
    /// `improper-addressing`
    ImproperAddressing,
    /// `invalid-from`
    InvalidFrom,
}

impl StreamCondition {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImproperAddressing => "improper-addressing",
            Self::InvalidFrom => "invalid-from",
        }
    }
}

impl fmt::Display for StreamCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What an account told.
    Account(imng::Notice),
    /// What a room told.
    Rooms(gc3::Notice),
    /// What the upload service told.
    Uploads(retention::Notice),
    /// What the copies of a room told.
    Copies {
        /// The room.
        room: Box<str>,
        /// What.
        notice: copies::Notice,
    },
    /// What an account's push router told.
    Push(router::Notice),
    /// What an account's half of group chat told.
    Pam(account::Notice),
    /// A rule took part: there is no more to tell.
    Also,
    /// A stanza was dropped.
    Dropped {
        /// Its sender, as far as it can be told.
        from: Option<Box<str>>,
        /// Its addressee, as far as it can be told.
        to: Option<Box<str>>,
    },
    /// So many deliveries inside the domain were not made.
    NotDelivered {
        /// How many.
        count: usize,
    },
}
