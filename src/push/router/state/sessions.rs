//! The account's sessions, and what they wait for from rooms.

use std::collections::BTreeSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::party::{Address, Roster, Seat};
use crate::time::Time;

/// A set of sessions by seat: there are 64 at most.
pub(crate) type Mask = u64;

/// The bit of a seat.
pub(crate) const fn bit(seat: Seat) -> Mask {
    1 << (seat.0 & 63)
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) jid: Address,
    /// The id of its client, by which a device is known again.
    pub(crate) client: Option<Box<str>>,
    /// It has a stream; else it is hibernated.
    pub(crate) connected: bool,
    /// The client says that somebody looks at it (XEP-0352).
    pub(crate) active: bool,
    pub(crate) im_ng: bool,
    /// Its client says that it takes room messages addressed to the bare JID (P7).
    pub(crate) announced: bool,
    /// Its client asks to receive the messages of gc3 rooms by default.
    pub(crate) default_receive: bool,
    pub(crate) identity: Option<(Box<str>, Box<str>)>,
    /// When somebody last did something there.
    pub(crate) last: Option<Time>,
    /// Requests to rooms that are not answered yet, oldest first.
    pub(crate) pending: Vec<Pending>,
    /// Services that it asked for indications of activity (XEP-0437).
    pub(crate) indicated: BTreeSet<Box<str>>,
}

impl Session {
    pub(crate) fn new(jid: Address, client: Option<Box<str>>) -> Self {
        Self {
            jid,
            client,
            connected: true,
            active: true,
            im_ng: false,
            announced: false,
            default_receive: false,
            identity: None,
            last: None,
            pending: Vec::new(),
            indicated: BTreeSet::new(),
        }
    }
}

/// A request to a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The id of the iq; empty for a join by presence.
    pub(crate) id: Box<str>,
    /// To whom it went: a bare JID.
    pub(crate) room: Box<str>,
    pub(crate) what: Awaited,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Awaited {
    /// XEP-0045: presence with status 110.
    Join,
    /// XEP-0045 §7.10: registered under this nickname.
    Register(Box<str>),
    /// No longer registered.
    Unregister,
    /// gc3: joined; whether messages were subscribed to with it.
    Joined(bool),
    /// gc3: no longer in it.
    Leave,
    /// gc3: subscribed to messages.
    Subscribe,
    /// gc3: no longer.
    Unsubscribe,
}

/// All sessions, by seat.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    roster: Roster,
    slots: Vec<Option<Session>>,
}

impl Sessions {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self { roster: Roster::new(key), slots: Vec::new() }
    }

    pub(crate) const fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(crate) fn find(&self, jid: &str) -> Option<Seat> {
        self.roster.find(jid)
    }

    pub(crate) fn get(&self, seat: Seat) -> Option<&Session> {
        self.slots.get(seat.index())?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, seat: Seat) -> Option<&mut Session> {
        self.slots.get_mut(seat.index())?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Seat, &Session)> {
        let numbered = self.slots.iter().enumerate();
        numbered.filter_map(|(at, slot)| Some((Seat(at as u32), slot.as_ref()?)))
    }

    /// Seats a session; the same full JID bound anew is another session in the same seat.
    pub(crate) fn seat(&mut self, session: Session) -> Seat {
        let seat = self.roster.seat(session.jid.clone());
        if self.slots.len() <= seat.index() {
            self.slots.resize(seat.index() + 1, None);
        }
        self.slots[seat.index()] = Some(session);
        seat
    }

    pub(crate) fn unseat(&mut self, seat: Seat) -> Option<Session> {
        let session = self.slots.get_mut(seat.index())?.take();
        while self.slots.last().is_some_and(Option::is_none) {
            self.slots.pop();
        }
        self.roster.unseat(seat);
        session
    }
}

impl Serialize for Sessions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.roster.key(), &self.slots).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, slots) = <([u8; 16], Vec<Option<Session>>)>::deserialize(deserializer)?;
        if slots.last().is_some_and(Option::is_none) || slots.len() > 64 {
            return Err(D::Error::custom("seats that cannot be"));
        }
        let mut sessions = Self::new(key);
        for (at, session) in slots.iter().enumerate() {
            let Some(session) = session else { continue };
            if !sessions.roster.seat_at(Seat(at as u32), session.jid.clone()) {
                return Err(D::Error::custom("two sessions are one"));
            }
        }
        sessions.slots = slots;
        Ok(sessions)
    }
}
