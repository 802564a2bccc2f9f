//! What goes in, and what is told.

use std::sync::Arc;

use jid::{BareJid, FullJid, Jid};
use minidom::Element;

use super::copy::MemberCopy;
use crate::codec::Stanza;
use crate::time::Time;

/// How one account's router is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterConfig {
    /// The account.
    pub account: BareJid,
    /// Whether the operator lets notifications say who wrote what (N2). Default no.
    pub bodies: bool,
    /// What the user chose about that, out of band (XEP-0357 §10). Default nothing.
    pub user_bodies: Option<bool>,
}

impl RouterConfig {
    /// The default for an account: notifications say nothing.
    #[must_use]
    pub fn new(account: &BareJid) -> Self {
        Self { account: account.clone(), bodies: false, user_bodies: None }
    }
}

/// What goes into a router: what its account sees.
#[derive(Clone, Debug)]
pub enum Input {
    /// A stanza from elsewhere: for the bare JID, for one of the account's sessions, or, from a push service, for the
    /// server. The router observes what is for a session, and does not deliver it.
    ///
    /// Of what is for the bare JID, only messages of type groupchat, forwarded mentions and what push services announce
    /// concern it; the router answers for those of type groupchat.
    Arrived(Stanza),
    /// A message of type groupchat for the bare JID, that was read already. It says the same as the stanza itself in
    /// [`Arrived`](Self::Arrived), and costs less where one message is for many accounts.
    Copy(Arc<MemberCopy>),
    /// A message of type groupchat for one of the account's sessions, that was read already: as in
    /// [`Arrived`](Self::Arrived).
    Live {
        /// The session.
        session: FullJid,
        /// The message.
        copy: Arc<MemberCopy>,
    },
    /// A stanza that one of the account's sessions sends, to anybody. The router answers only requests to enable and
    /// disable push; of others it observes those that concern rooms.
    Sent {
        /// The session.
        session: FullJid,
        /// What it sent. Its `from` may be absent.
        stanza: Stanza,
    },
    /// A message of one person to the account, that the account's rules let through, whether or not it was delivered.
    Candidate(Candidate),
    /// Something about one of the account's sessions.
    Session {
        /// The session.
        jid: FullJid,
        /// What happened.
        event: SessionEvent,
    },
    /// A fact about a room that stanzas did not show.
    Room {
        /// The room.
        room: BareJid,
        /// The fact.
        fact: RoomFact,
    },
    /// The whole block list, as it is stored (XEP-0191).
    Blocked(Vec<Jid>),
    /// An item of the account's own nodes was published or retracted: of bookmarks (XEP-0402) and of displayed messages
    /// (XEP-0490). Items of other nodes are passed over.
    Item(Item),
    /// What the user chose about the words in notifications (N2).
    Bodies(Option<bool>),
}

/// A message of one person to the account.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The message, as it arrived.
    pub message: Stanza,
    /// The id that the account's server gave it, if any.
    pub stanza_id: Option<String>,
    /// Whether the user's archive holds it.
    pub archived: bool,
    /// Whether the sender is in the roster.
    pub known: bool,
}

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// It is bound.
    Up {
        /// The id of its client, if it told one (XEP-0388 user agent).
        client: Option<String>,
        /// What it enables while it binds (Bind 2), if anything.
        enable: Option<Box<Element>>,
    },
    /// What its client announced: the features that the router knows, and its first identity.
    Features {
        /// Every feature.
        features: Vec<String>,
        /// Category and type of its identity.
        identity: Option<(String, String)>,
    },
    /// IM-NG is on or off.
    ImNg(bool),
    /// It is active or not (XEP-0352).
    Active(bool),
    /// Its stream is gone, and it may come back (XEP-0198).
    Hibernated {
        /// What it never acknowledged.
        unacked: Vec<Stanza>,
    },
    /// It is back.
    Resumed,
    /// It is over.
    Gone {
        /// What it never acknowledged.
        unacked: Vec<Stanza>,
    },
}

/// A fact about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomFact {
    /// The account is in the room by that dialect, or no longer.
    Member(Membership, bool),
    /// It is a bookmark with autojoin (XEP-0402), or no longer. An [item](Input::Item) says more.
    Bookmarked(bool),
    /// The account approved the room's subscription (gc3), or withdrew it.
    Approved(bool),
    /// The account's nickname there.
    Nick(String),
    /// The account's occupant id or participant ID there.
    OccupantId(String),
    /// Whether anybody may enter.
    Open(bool),
    /// Whether everybody there sees real JIDs.
    JidsShown(bool),
}

/// How an account belongs to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Membership {
    /// `urn:xmpp:gc3:0`
    Gc3,
    /// `urn:xmpp:muc:0`, by a join of the bare JID.
    Muc2,
    /// Registered in it (XEP-0045 §7.10).
    Registered,
}

/// An item of a node of the account's own.
#[derive(Clone, Debug)]
pub struct Item {
    /// The node.
    pub node: String,
    /// The id: a chat's address in the nodes that the router knows.
    pub id: String,
    /// Its content; nothing if it was retracted.
    pub payload: Option<Element>,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A member copy: the router has it in hand. Do not store, archive, carbon or bounce it.
    Claimed {
        /// The room.
        room: Arc<str>,
    },
    /// A message was dropped or ignored.
    Dropped {
        /// Who sent it.
        from: Arc<str>,
    },
    /// So many sessions did not get the copy, by this rule.
    Withheld {
        /// The room.
        room: Arc<str>,
        /// How many.
        sessions: u32,
    },
    /// A registration is not pushed for a message, by this rule.
    NotPushed {
        /// The registration's number.
        registration: u64,
        /// The chat.
        chat: Arc<str>,
    },
    /// A push waits.
    Deferred {
        /// The registration's number.
        registration: u64,
        /// The chat.
        chat: Arc<str>,
        /// Until when.
        until: Time,
    },
    /// A push that waited or stood is settled: the device is there, or the chat was displayed.
    Settled {
        /// The registration's number.
        registration: u64,
        /// The chat.
        chat: Arc<str>,
    },
    /// A notification was given up.
    GivenUp {
        /// The registration's number.
        registration: u64,
        /// The chat.
        chat: Arc<str>,
    },
    /// A registration is in force, new or changed.
    Enabled {
        /// Its number.
        registration: u64,
    },
    /// A registration has ended, or was disabled because it failed.
    Disabled {
        /// Its number.
        registration: u64,
    },
    /// A chat's pointer moved: what an unread state would publish.
    Unread {
        /// The chat.
        chat: Arc<str>,
        /// The id of its last message.
        last: Arc<str>,
        /// Unread messages.
        count: u32,
    },
    /// A room came into the room set. An account's rules for other stanzas may want to know.
    RoomIn {
        /// The room.
        room: Arc<str>,
    },
    /// A room left the room set.
    RoomOut {
        /// The room.
        room: Arc<str>,
    },
    /// A session has a room live, or no longer.
    Live {
        /// The room.
        room: Arc<str>,
        /// The session.
        jid: Arc<str>,
        /// Whether it has.
        on: bool,
    },
    /// A request of Bind 2 was refused: the condition for the answer.
    Refused {
        /// The condition.
        condition: crate::codec::Condition,
    },
    /// Something about a session or a room that is not looked after.
    PassedOver,
    /// A further rule took part.
    Also,
}

/// What the embedding program must do beside sending: nothing.
pub type Order = core::convert::Infallible;
