//! Decides, and changes nothing: what a member copy and a message of one person lead to, for each session and for each
//! registration.

mod test;

use minidom::Element;
use smallvec::SmallVec;

pub(crate) use test::{Test, Tested, tests};

use super::state::{Chat, Mask, State, bit};
use super::table as rule;
use crate::party::Seat;
use crate::push::content::Content;
use crate::rule::Rule;
use crate::time::Time;

/// A message that may push.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The chat: a room's or a contact's bare JID, or the full JID of an occupant who writes in private.
    pub(crate) chat: &'a str,
    /// The mark of its id.
    pub(crate) id: u64,
    pub(crate) message: &'a Element,
    pub(crate) content: Option<Content>,
    /// The account wrote it itself.
    pub(crate) own: bool,
    /// What it is, beside a message.
    pub(crate) kind: Kind,
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
    /// Those that could not use it.
    pub(crate) withheld: Mask,
}

/// Which sessions get a copy (MC6).
pub(crate) fn sessions(state: &State, chat: &Chat, id: u64, now: Time) -> Sessions {
    let has = chat.seen.get(id).map_or(0, |mark| mark.has);
    let mut found = Sessions::default();
    for (seat, session) in state.sessions.iter() {
        let live = chat
            .room
            .as_ref()
            .is_some_and(|room| room.is_live(seat, session.default_receive, state.limits.bare_for, now));
        let set = if has & bit(seat) != 0 {
            &mut found.seen
        } else if live {
            &mut found.live
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
    if asked.content.is_none() {
        Some(rule::P13)
    } else if asked.own {
        Some(rule::P4)
    } else {
        None
    }
}
