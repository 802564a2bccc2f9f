//! The full JIDs that are attached to the room, what each one hears, and the sets of those who hear the same.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::people::{Link, People, Slot, grow};
use crate::party::{Address, Roster, Seat, Seats};
use crate::time::Time;

/// How a session is spoken to. The seam for further dialects: a session has one, and everything that is written is
/// written once per dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Dialect {
    /// `urn:xmpp:gc3:0`
    Gc3,
    /// XEP-0045: in by presence, hears everything.
    Muc,
    /// `urn:xmpp:muc:0`: in by presence, addresses people by their IDs, and chooses how much presence it hears.
    Muc2,
}

impl Dialect {
    pub(crate) const ALL: [Self; 3] = [Self::Gc3, Self::Muc, Self::Muc2];

    /// Those that are entered by presence.
    pub(crate) const BY_PRESENCE: [Self; 2] = [Self::Muc, Self::Muc2];

    const fn index(self) -> usize {
        match self {
            Self::Gc3 => 0,
            Self::Muc => 1,
            Self::Muc2 => 2,
        }
    }

    /// Whether it is entered by presence.
    pub(crate) const fn is_by_presence(self) -> bool {
        !matches!(self, Self::Gc3)
    }
}

/// How much presence a session of `urn:xmpp:muc:0` wants (P5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    /// None of others.
    None,
    /// Who becomes available or unavailable.
    Join,
    /// All.
    #[default]
    Full,
}

impl Level {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [("none", Self::None), ("join", Self::Join), ("full", Self::Full)]
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, level)| level)
    }

    /// What a session of that level hears.
    pub(crate) const fn topics(self) -> Topics {
        match self {
            Self::None => Topics::MESSAGE,
            Self::Join => Topics::MESSAGE.with(Topics::PARTICIPANT),
            Self::Full => Topics::ALL,
        }
    }
}

/// Which presence of a participant readers of presence are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// One by which it becomes available or unavailable.
    Online,
    /// Any other.
    Other,
}

/// What a session may hear: a set of the three subscriptions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topics(u8);

impl Topics {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const MESSAGE: Self = Self(1);
    pub(crate) const PRESENCE: Self = Self(2);
    pub(crate) const PARTICIPANT: Self = Self(4);
    pub(crate) const ALL: Self = Self(7);

    /// Each with its name on the wire.
    pub(crate) const NAMES: [(Self, &'static str); 3] =
        [(Self::MESSAGE, "message"), (Self::PRESENCE, "presence"), (Self::PARTICIPANT, "participant")];

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, n)| *n == name).map(|(topic, _)| *topic)
    }

    /// Its names, separated by spaces.
    pub(crate) fn names(self) -> String {
        let mut names = String::new();
        for (topic, name) in Self::NAMES {
            if self.contains(topic) {
                if !names.is_empty() {
                    names.push(' ');
                }
                names.push_str(name);
            }
        }
        names
    }
}

impl core::fmt::Debug for Topics {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{{{}}}", self.names())
    }
}

/// The availability of a session, best first (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Show {
    /// Free for chat: shown as plainly available.
    Chat,
    /// Available.
    Online,
    /// Away.
    Away,
    /// Away for long.
    Xa,
    /// Do not disturb.
    Dnd,
}

impl Show {
    /// What stands in `<show/>`, if anything.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Chat | Self::Online => None,
            Self::Away => Some("away"),
            Self::Xa => Some("xa"),
            Self::Dnd => Some("dnd"),
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "chat" => Self::Chat,
            "away" => Self::Away,
            "xa" => Self::Xa,
            "dnd" => Self::Dnd,
            _ => Self::Online,
        }
    }
}

/// How a session came to be (G4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// By the presence that the room is subscribed to.
    Presence,
    /// By `<subscribe/>`, without known presence: lives a while after each stanza.
    Bare,
    /// By presence directed to the room, in a dialect that enters so.
    Directed,
}

/// How much of the participant list somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum View {
    /// Moderators and oneself.
    Moderators,
    /// Everybody, without real JIDs.
    Plain,
    /// Everybody, with the real JIDs of those who came since everybody sees them.
    Open,
    /// Everybody, with real JIDs.
    Jids,
}

impl View {
    pub(crate) const ALL: [Self; 4] = [Self::Moderators, Self::Plain, Self::Open, Self::Jids];
}

/// One full JID attached to the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) person: Slot,
    pub(crate) dialect: Dialect,
    pub(crate) origin: Origin,
    pub(crate) topics: Topics,
    /// The topics that were asked for or refused one by one: default features do not touch them.
    pub(crate) explicit: Topics,
    pub(crate) show: Show,
    pub(crate) priority: i8,
    /// How much of the participant list the account may see.
    pub(crate) view: View,
    /// When its last presence (or, for a bare session, its last stanza) came.
    pub(crate) last: Time,
    #[serde(skip)]
    pub(super) next: Link,
}

impl Session {
    /// Whether it is sent messages.
    pub(crate) const fn hears_messages(&self) -> bool {
        self.topics.contains(Topics::MESSAGE)
    }

    pub(crate) fn new(person: Slot, origin: Origin, now: Time) -> Self {
        Self {
            person,
            dialect: Dialect::Gc3,
            origin,
            topics: Topics::NONE,
            explicit: Topics::NONE,
            show: Show::Online,
            priority: 0,
            view: View::Plain,
            last: now,
            next: Link::default(),
        }
    }
}

/// Who hears what, in one dialect.
#[derive(Clone, Debug, Default)]
struct Hearers {
    all: Seats,
    message: Seats,
    presence: Seats,
    /// Participant changes, by view. In a dialect whose changes are presence, all sessions but those that want none.
    participant: [Seats; View::ALL.len()],
    /// In such a dialect, those that want every change, by view.
    every: [Seats; View::ALL.len()],
}

/// All sessions.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    roster: Roster,
    slots: Vec<Option<Session>>,
    hearers: [Hearers; Dialect::ALL.len()],
    /// Who began and who ceased to hear messages since it was last told; `None`: nobody watches. Not saved.
    changes: Option<Vec<(Box<str>, bool)>>,
    /// Who ceased to, for the sake of activity indicators; `None`: there are none. Not saved.
    ceased: Option<Vec<Box<str>>>,
}

impl Sessions {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self { roster: Roster::new(key), slots: Vec::new(), hearers: Default::default(), changes: None, ceased: None }
    }

    /// Whether it is noted who hears messages.
    pub(crate) fn watch(&mut self, on: bool) {
        self.changes = on.then(Vec::new);
    }

    pub(crate) const fn is_watched(&self) -> bool {
        self.changes.is_some()
    }

    /// Who began and who ceased to hear messages, in order.
    pub(crate) fn take_changes(&mut self) -> Vec<(Box<str>, bool)> {
        self.changes.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// Whether it is noted who ceases to hear messages.
    pub(crate) fn indicate(&mut self, on: bool) {
        self.ceased = on.then(Vec::new);
    }

    /// Who ceased to hear messages, in order.
    pub(crate) fn take_ceased(&mut self) -> Vec<Box<str>> {
        self.ceased.as_mut().map(core::mem::take).unwrap_or_default()
    }

    fn note(&mut self, seat: Seat, was: bool, is: bool) {
        if was
            && !is
            && let Some(ceased) = &mut self.ceased
        {
            ceased.push(self.roster.get(seat).map_or("", Address::as_str).into());
        }
        if was != is
            && let Some(changes) = &mut self.changes
        {
            changes.push((self.roster.get(seat).map_or("", Address::as_str).into(), is));
        }
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(crate) fn find(&self, full: &str) -> Option<Seat> {
        self.roster.find(full)
    }

    pub(crate) fn get(&self, seat: Seat) -> Option<&Session> {
        self.slots.get(seat.index())?.as_ref()
    }

    pub(crate) fn jid(&self, seat: Seat) -> &str {
        self.roster.get(seat).map_or("", Address::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Seat, &Session)> {
        self.roster.taken().iter().filter_map(|seat| Some((seat, self.get(seat)?)))
    }

    /// Every session of a dialect.
    pub(crate) fn all(&self, dialect: Dialect) -> &Seats {
        &self.hearers[dialect.index()].all
    }

    pub(crate) fn hearing_messages(&self, dialect: Dialect) -> &Seats {
        &self.hearers[dialect.index()].message
    }

    pub(crate) fn hearing_presence(&self, dialect: Dialect) -> &Seats {
        &self.hearers[dialect.index()].presence
    }

    pub(crate) fn hearing_changes(&self, dialect: Dialect, view: View) -> &Seats {
        &self.hearers[dialect.index()].participant[view as usize]
    }

    /// Those of a dialect that is entered by presence who are told of a participant's presence.
    pub(crate) fn hearing_turn(&self, dialect: Dialect, view: View, turn: Turn) -> &Seats {
        let hearers = &self.hearers[dialect.index()];
        match turn {
            Turn::Online => &hearers.participant[view as usize],
            Turn::Other => &hearers.every[view as usize],
        }
    }

    fn index(&mut self, seat: Seat, session: &Session, there: bool) {
        let hearers = &mut self.hearers[session.dialect.index()];
        let presence = there && session.topics.contains(Topics::PRESENCE);
        hearers.all.set(seat, there);
        hearers.message.set(seat, there && session.topics.contains(Topics::MESSAGE));
        hearers.presence.set(seat, presence);
        let changes = there && session.topics.contains(Topics::PARTICIPANT);
        for (view, seats) in View::ALL.into_iter().zip(&mut hearers.participant) {
            seats.set(seat, changes && session.view == view);
        }
        if session.dialect.is_by_presence() {
            for (view, seats) in View::ALL.into_iter().zip(&mut hearers.every) {
                seats.set(seat, changes && presence && session.view == view);
            }
        }
    }

    /// Attaches a full JID that is not attached yet.
    pub(crate) fn open(&mut self, people: &mut People, jid: Address, session: Session) -> Seat {
        let seat = self.roster.seat(jid);
        self.put(people, seat, session);
        seat
    }

    fn put(&mut self, people: &mut People, seat: Seat, mut session: Session) {
        grow(&mut self.slots, seat.index());
        // An account's sessions are chained in seat order, so that the order of farewells is not history.
        let mut before = None;
        let mut next = people.first_session(session.person);
        while let Some(at) = next.get()
            && at < seat
        {
            before = Some(at);
            next = self.get(at).map_or_else(Link::default, |s| s.next);
        }
        session.next = next;
        self.index(seat, &session, true);
        self.note(seat, false, session.hears_messages());
        let person = session.person;
        self.slots[seat.index()] = Some(session);
        self.chain(people, person, before, Link::to(Some(seat)));
    }

    fn chain(&mut self, people: &mut People, person: Slot, before: Option<Seat>, to: Link) {
        match before.and_then(|at| self.slots.get_mut(at.index())).and_then(Option::as_mut) {
            Some(sibling) => sibling.next = to,
            None => people.set_first_session(person, to),
        }
    }

    /// Detaches; gives back who it was.
    pub(crate) fn close(&mut self, people: &mut People, seat: Seat) -> Option<(Address, Session)> {
        let session = self.slots.get_mut(seat.index())?.take()?;
        self.index(seat, &session, false);
        self.note(seat, session.hears_messages(), false);
        let mut before = None;
        let mut at = people.first_session(session.person).get();
        while let Some(sibling) = at
            && sibling != seat
        {
            before = at;
            at = self.get(sibling).and_then(|s| s.next.get());
        }
        self.chain(people, session.person, before, session.next);
        Some((self.roster.unseat(seat)?, session))
    }

    /// Changes a session and keeps the sets of hearers right.
    pub(crate) fn change(&mut self, seat: Seat, change: impl FnOnce(&mut Session)) {
        let Some(mut session) = self.get(seat).copied() else { return };
        self.index(seat, &session, false);
        let was = session.hears_messages();
        change(&mut session);
        self.index(seat, &session, true);
        self.note(seat, was, session.hears_messages());
        self.slots[seat.index()] = Some(session);
    }

    /// The session whose presence speaks for a person in the dialects that enter by presence: the highest priority, then
    /// the latest.
    pub(crate) fn best_occupant(&self, people: &People, person: Slot) -> Option<Seat> {
        let occupies = |seat: &Seat| self.get(*seat).is_some_and(|s| s.dialect.is_by_presence());
        let rank = |seat: &Seat| self.get(*seat).map(|s| (s.priority, s.last));
        self.of(people, person).filter(occupies).max_by_key(rank)
    }

    /// The sessions of a person, in seat order; at most as many as the limits allow, 32 by default.
    pub(crate) fn of<'a>(&'a self, people: &People, person: Slot) -> impl Iterator<Item = Seat> + use<'a> {
        let first = people.first_session(person).get();
        core::iter::successors(first, |&seat| self.get(seat).and_then(|s| s.next.get()))
    }

    /// What the room would announce of a person: the show of the best session with known presence.
    pub(crate) fn best_show(&self, people: &People, person: Slot) -> Option<Show> {
        self.of(people, person)
            .filter_map(|seat| self.get(seat))
            .filter(|s| s.origin != Origin::Bare)
            .max_by_key(|s| (s.priority, s.last))
            .map(|s| s.show)
    }
}

/// Saved as the slots; what each session hears together with others is derived.
impl Serialize for Sessions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.roster.key(), Slots { sessions: self }).serialize(serializer)
    }
}

/// The slots as they are saved, without copies.
struct Slots<'a> {
    sessions: &'a Sessions,
}

impl Serialize for Slots<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = self.sessions.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let slots = self.sessions.slots.iter().take(used).enumerate();
        serializer.collect_seq(
            slots.map(|(at, session)| session.as_ref().map(|session| (self.sessions.jid(Seat(at as u32)), session))),
        )
    }
}

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, slots) = <([u8; 16], Vec<Option<(&str, Session)>>)>::deserialize(deserializer)?;
        if slots.last().is_some_and(Option::is_none) {
            return Err(D::Error::custom("empty seats at the end"));
        }
        let mut sessions = Self::new(key);
        sessions.slots.reserve_exact(slots.len());
        sessions.roster.reserve(slots.len());
        for (at, slot) in slots.into_iter().enumerate() {
            let Some((jid, session)) = slot else {
                sessions.slots.push(None);
                continue;
            };
            let seat = u32::try_from(at).map_err(D::Error::custom)?;
            let address = Address::from_saved(jid).ok_or_else(|| D::Error::custom("not a JID"))?;
            if !sessions.roster.seat_at(Seat(seat), address) {
                return Err(D::Error::custom("two sessions are one"));
            }
            sessions.slots.push(Some(session));
        }
        Ok(sessions)
    }
}

impl Sessions {
    /// Builds what is derived, after loading: who hears what, and the chains of each person's sessions. `false` if a
    /// session belongs to nobody.
    pub(super) fn relink(&mut self, people: &mut People) -> bool {
        for at in (0..self.slots.len()).rev() {
            let seat = Seat(at as u32);
            let Some(mut session) = self.get(seat).copied() else { continue };
            if people.get(session.person).is_none() {
                return false;
            }
            // From the last seat to the first, each becomes the first of its chain.
            session.next = people.first_session(session.person);
            people.set_first_session(session.person, Link::to(Some(seat)));
            self.index(seat, &session, true);
            self.slots[at] = Some(session);
        }
        true
    }
}
