//! What is known of each chat: a room, or a contact.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sessions::{Mask, bit};
use crate::limits::Allowance;
use crate::party::Seat;
use crate::push::filter::Settings;
use crate::push::mention::{Nick, Permitted};
use crate::time::{Span, Time};

/// One chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chat {
    /// What is known of it as a room; a contact is none.
    pub(crate) room: Option<Box<Room>>,
    pub(crate) settings: Settings,
    pub(crate) seen: Seen,
    /// The last message that a device of the account displayed, by its mark.
    pub(crate) displayed: Option<u64>,
    pub(crate) unread: u32,
    pub(crate) last: Option<Arc<str>>,
    /// When something was last known of it.
    pub(crate) touched: Time,
}

impl Chat {
    pub(crate) fn contact(now: Time) -> Self {
        Self {
            room: None,
            settings: Settings::default(),
            seen: Seen::default(),
            displayed: None,
            unread: 0,
            last: None,
            touched: now,
        }
    }

    pub(crate) fn room(now: Time) -> Self {
        Self { room: Some(Box::default()), ..Self::contact(now) }
    }

    /// Whether a message was displayed: it, or one after it, or one after all that is remembered of it.
    pub(crate) fn is_displayed(&self, id: u64) -> bool {
        let Some(displayed) = self.displayed else { return false };
        displayed == id || self.seen.is_before(id, displayed)
    }
}

/// Why a room is in the room set (MC2), as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grounds(u8);

impl Grounds {
    pub(crate) const GC3: Self = Self(1);
    pub(crate) const MUC2: Self = Self(2);
    pub(crate) const REGISTERED: Self = Self(4);
    pub(crate) const BOOKMARK: Self = Self(8);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }

    pub(super) const fn is_sane(self) -> bool {
        self.0 < 16
    }
}

/// A room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) grounds: Grounds,
    /// It is bookmarked, with autojoin or not: its settings are kept.
    pub(crate) bookmarked: bool,
    /// It is in the room set.
    pub(crate) inside: bool,
    /// When the last ground went.
    pub(crate) left: Option<Time>,
    /// The account approved the room's subscription (gc3).
    pub(crate) approved: bool,
    /// Sessions that are occupants (XEP-0045).
    pub(crate) occupants: Mask,
    /// Sessions that subscribed to messages (gc3).
    pub(crate) subscribed: Mask,
    /// Sessions that unsubscribed.
    pub(crate) unsubscribed: Mask,
    /// When each session that subscribed last sent something there.
    pub(crate) heard: BTreeMap<u32, Time>,
    pub(crate) nick: Option<Nick>,
    /// The nickname as it is written.
    pub(crate) nick_text: Option<Box<str>>,
    pub(crate) occupant: Option<Box<str>>,
    /// Addresses by which others name the account here.
    pub(crate) addresses: Vec<Box<str>>,
    /// Whether anybody may enter.
    pub(crate) open: Option<bool>,
    /// Whether everybody sees real JIDs.
    pub(crate) shown: Option<bool>,
    pub(crate) permitted: Option<Allowed>,
    /// What is left of the raised priorities (T8.2).
    pub(crate) mentions: Allowance,
}

/// Which mentions the room permits to everybody (XEP-0513): its own form of the mention detection's, to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowed {
    pub(crate) count: u16,
    pub(crate) individual: bool,
    pub(crate) channel: bool,
    pub(crate) associations: bool,
}

impl Room {
    /// Whether any ground holds.
    pub(crate) const fn is_grounded(&self) -> bool {
        !self.grounds.is_empty() || self.occupants | self.subscribed != 0
    }

    pub(crate) fn permitted(&self) -> Permitted {
        self.permitted.map_or_else(Permitted::default, |allowed| Permitted {
            count: usize::from(allowed.count),
            individual: allowed.individual,
            channel: allowed.channel,
            associations: allowed.associations,
        })
    }

    /// Whether a session has it live (MC5).
    pub(crate) fn is_live(&self, seat: Seat, default_receive: bool, bare_for: Span, now: Time) -> bool {
        let bit = bit(seat);
        if self.occupants & bit != 0 {
            return true;
        }
        let approved = self.approved && self.grounds.has(Grounds::GC3);
        if self.subscribed & bit != 0 {
            let heard = self.heard.get(&seat.0).copied().unwrap_or_default();
            return approved || heard.plus(bare_for) > now;
        }
        default_receive && approved && self.unsubscribed & bit == 0
    }

    /// A session is over: nothing of it remains.
    pub(crate) fn forget(&mut self, seat: Seat) {
        self.occupants &= !bit(seat);
        self.subscribed &= !bit(seat);
        self.unsubscribed &= !bit(seat);
        self.heard.remove(&seat.0);
    }
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Sessions that got it, live or as a copy.
    pub(crate) has: Mask,
    /// Registrations that were pushed for it, by slot.
    pub(crate) told: u16,
    /// Its copy was here.
    pub(crate) copied: bool,
    /// It counts as unread.
    pub(crate) unread: bool,
}

/// Where an id stands last. Most are looked for in vain: a block at a time is compared without a branch for each id.
fn find_last(ids: &[u64], id: u64) -> Option<usize> {
    let mut begin = ids.len();
    for block in ids.rchunks(32) {
        begin -= block.len();
        if block.iter().fold(false, |found, other| found | (*other == id)) {
            return block.iter().rposition(|other| *other == id).map(|at| begin + at);
        }
    }
    None
}

/// The last messages of a chat, oldest first: the mark of each id, and what happened to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    ids: VecDeque<u64>,
    marks: VecDeque<Mark>,
}

impl Seen {
    /// Where a message stands; the newest are looked at first.
    pub(crate) fn find(&self, id: u64) -> Option<usize> {
        let (front, back) = self.ids.as_slices();
        let late = find_last(back, id).map(|at| front.len() + at);
        late.or_else(|| find_last(front, id))
    }

    pub(crate) fn get(&self, id: u64) -> Option<Mark> {
        self.find(id).and_then(|at| self.marks.get(at)).copied()
    }

    /// The mark of a message, which is remembered from now on. At most `keep` are.
    pub(crate) fn note(&mut self, id: u64, keep: usize) -> &mut Mark {
        let at = self.find(id).unwrap_or_else(|| {
            while self.ids.len() >= keep.max(1) {
                self.ids.pop_front();
                self.marks.pop_front();
            }
            self.ids.push_back(id);
            self.marks.push_back(Mark::default());
            self.ids.len() - 1
        });
        &mut self.marks[at]
    }

    /// Whether one message is known to stand before another.
    pub(crate) fn is_before(&self, one: u64, other: u64) -> bool {
        match (self.find(one), self.find(other)) {
            (Some(one), Some(other)) => one < other,
            _ => false,
        }
    }

    /// Every message up to that one is read. Gives how many were not.
    pub(crate) fn read_up_to(&mut self, id: u64) -> u32 {
        let Some(at) = self.find(id) else { return 0 };
        let mut read = 0;
        for mark in self.marks.iter_mut().take(at + 1) {
            read += u32::from(core::mem::take(&mut mark.unread));
        }
        read
    }

    pub(crate) fn forget_session(&mut self, seat: Seat) {
        self.marks.iter_mut().for_each(|mark| mark.has &= !bit(seat));
    }

    pub(crate) fn forget_registration(&mut self, slot: u8) {
        self.marks.iter_mut().for_each(|mark| mark.told &= !(1 << slot));
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.ids.len() != self.marks.len() {
            return Err("a message without a mark");
        }
        let mut sorted: Vec<u64> = self.ids.iter().copied().collect();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() == self.ids.len() { Ok(()) } else { Err("a message is remembered twice") }
    }
}
