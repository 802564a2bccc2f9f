//! Decides, and changes nothing: what a member copy and a message of one person lead to, for each session and for each
//! registration.

mod test;

use std::sync::Arc;

use jid::Jid;
use minidom::Element;
use smallvec::SmallVec;

pub(crate) use test::{Test, Tested, tests};

use super::copy::{MemberCopy, Read};
use super::state::{Chat, Mark, Mask, State, bit};
use super::table as rule;
use crate::codec::Condition;
use crate::party::Seat;
use crate::rule::Rule;
use crate::time::Time;

/// All registrations.
pub(crate) const EVERY: u16 = u16::MAX;

/// A message that may push.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The chat: a room's or a contact's bare JID, or the full JID of an occupant who writes in private.
    pub(crate) chat: &'a str,
    /// The mark of its id.
    pub(crate) id: u64,
    pub(crate) message: &'a Element,
    pub(crate) read: &'a Read,
    /// What happened to it before.
    pub(crate) known: Mark,
    /// The account wrote it itself.
    pub(crate) own: bool,
    /// What it is, beside a message.
    pub(crate) kind: Kind,
}

impl<'a> Asked<'a> {
    /// A room's message.
    pub(crate) fn of(chat: (&'a str, &Chat), id: u64, message: &'a Element, read: &'a Read, own: bool) -> Self {
        let known = chat.1.seen.get(id).unwrap_or_default();
        Self { chat: chat.0, id, message, read, known, own, kind: Kind::Room }
    }
}

/// What a message that may push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A member copy, or a live message of a room.
    Room,
    /// A mention that the room forwarded (XEP-0452).
    Forwarded,
    /// Of one person.
    Person {
        /// The sender is in the roster.
        known: bool,
        /// The user's archive holds it.
        archived: bool,
    },
}

/// What a member copy leads to in the sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    /// Those that get the copy, in seat order.
    pub(crate) deliver: SmallVec<[Seat; 8]>,
    /// Those that got the message live.
    pub(crate) seen: Mask,
    /// Those that have the room live.
    pub(crate) live: Mask,
    /// Those that are told of activity by the room's service instead.
    pub(crate) indicated: Mask,
    /// Those that could not use it.
    pub(crate) withheld: Mask,
}

impl Sessions {
    /// Those that do not get it, each set with its rule.
    pub(crate) const fn withheld(&self) -> [(Rule, Mask); 4] {
        [(rule::P5, self.seen), (rule::P6, self.live), (rule::P7_1, self.indicated), (rule::P8, self.withheld)]
    }
}

/// Why a message of type groupchat for the bare JID is none that is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) why: Rule,
    /// What its sender is told; `None`: nothing.
    pub(crate) condition: Option<Condition>,
}

/// What becomes of a member copy.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// The room.
    pub(crate) name: Arc<str>,
    /// The mark of the message's id.
    pub(crate) mark: u64,
    /// What happened to it before.
    pub(crate) known: Mark,
    /// The account wrote it itself.
    pub(crate) own: bool,
    pub(crate) sessions: Sessions,
    pub(crate) tested: SmallVec<[Tested; 16]>,
}

/// Decides about a message of type groupchat for the bare JID: whether it is a member copy (MC1).
pub(crate) fn copy(state: &State, copy: &MemberCopy, now: Time) -> Result<Taken, Refusal> {
    let (stanza, read) = (copy.stanza(), copy.inner());
    let refused = |why, condition| Err(Refusal { why, condition: Some(condition) });
    let dropped = |why| Err(Refusal { why, condition: None });
    let (Some(from), Some(room)) = (&stanza.from, copy.room()) else {
        return refused(rule::P1, Condition::JidMalformed);
    };
    if state.is_blocked(from) {
        return refused(rule::P2, Condition::ServiceUnavailable);
    }
    let known = state.chats.get_key_value(room.as_str());
    let inside = |chat: &Chat| chat.room.as_deref().is_some_and(|room| room.inside);
    let Some((name, chat)) = known.filter(|(_, chat)| inside(chat)) else {
        return refused(rule::P1, Condition::ServiceUnavailable);
    };
    let Some(id) = &read.id else { return dropped(rule::P3) };
    let own = is_own(chat, from, read);
    let asked = Asked::of((name, chat), state.mark(id), &stanza.element, read, own);
    if asked.known.copied {
        return dropped(rule::MC6);
    }
    let tested = tests(state, chat, &asked, EVERY, now);
    let sessions = sessions(state, (name, chat), asked.known, now);
    let (name, mark, known) = (Arc::clone(name), asked.id, asked.known);
    Ok(Taken { name, mark, known, own, sessions, tested })
}

/// Whether the account wrote a room's message itself (P4): by occupant id if both are known, else by nickname.
pub(crate) fn is_own(chat: &Chat, from: &Jid, read: &Read) -> bool {
    let Some(room) = &chat.room else { return false };
    match (&read.author, &room.occupant) {
        (Some(author), Some(own)) => author == own,
        _ => from.resource().is_some_and(|nick| room.nick_text.as_deref() == Some(nick.as_str())),
    }
}

/// Which sessions get a copy (MC6).
pub(crate) fn sessions(state: &State, (room, chat): (&str, &Chat), known: Mark, now: Time) -> Sessions {
    let service = room.split_once('@').map_or(room, |(_, service)| service);
    let mut found = Sessions::default();
    for (seat, session) in state.sessions.iter() {
        let live = chat
            .room
            .as_ref()
            .is_some_and(|room| room.is_live(seat, session.default_receive, state.limits.bare_for, now));
        let set = if known.has & bit(seat) != 0 {
            &mut found.seen
        } else if live {
            &mut found.live
        } else if session.indicated.contains(service) {
            &mut found.indicated
        } else if state.capable & bit(seat) != 0 {
            found.deliver.push(seat);
            continue;
        } else {
            &mut found.withheld
        };
        *set |= bit(seat);
    }
    found
}

/// Why a message does not even come to the push test, if so.
pub(crate) fn hopeless(asked: &Asked<'_>) -> Option<Rule> {
    if asked.read.content.is_none() {
        Some(rule::P13)
    } else if asked.own {
        Some(rule::P4)
    } else {
        None
    }
}
