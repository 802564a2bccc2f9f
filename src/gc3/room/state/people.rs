//! The participants: a slab by slot, found by bare JID, by ID and by nickname, and in the order of their last change.

use core::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use super::order::Order;
use super::sessions::Show;
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::Push;
use crate::gc3::id::ParticipantId;
use crate::gc3::nick;
use crate::party::{Address, Roster, Seat};
use crate::rate::Allowance;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A participant's slot.
pub(crate) type Slot = Seat;

/// The room's subscription to a participant's presence (G4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// Nothing was sent.
    #[default]
    None,
    /// The room asked.
    Asked,
    /// The account, or its server for it, agreed.
    Approved,
    /// The account refused.
    Declined,
}

impl Standing {
    /// Whether presence may come that was not meant for the room alone.
    pub(crate) const fn is_subscribed(self) -> bool {
        matches!(self, Self::Asked | Self::Approved)
    }
}

/// An account that is in the room, online or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: ParticipantId,
    pub(crate) affiliation: Affiliation,
    /// The role that it was given, kept until it is changed; `None`: the affiliation's.
    pub(crate) kept_role: Option<Role>,
    pub(crate) standing: Standing,
    /// Whether a message of its was ever accepted.
    pub(crate) spoke: bool,
    /// Whether it is or was seen by everybody since it joined, though not all participants are: as a moderator, mostly.
    pub(crate) seen: bool,
    /// Whether others may read its avatar through the room.
    pub(crate) profile: bool,
    /// Whether others may see when it is online.
    pub(crate) show_presence: bool,
    /// Whether those who are in by XEP-0045 were shown it.
    pub(crate) displayed: bool,
    /// On which grounds it is in, and what others could see of it.
    pub(crate) marks: Marks,
    /// Its own push setting; `None`: the room's default.
    pub(crate) push: Option<Push>,
    /// When it was last online, in seconds since 1970.
    pub(crate) last_seen: u32,
    /// The presence that was announced last; `None`: unavailable.
    pub(crate) shown: Option<Show>,
    pub(crate) nick: Box<str>,
    /// The version of its last change.
    pub(crate) version: u64,
    /// The version of its own join: what happened before is not told to it (L4).
    pub(crate) joined: u64,
    /// The sequence number of the room when it first joined: `since-join` history starts after it.
    pub(crate) since_seq: u64,
    pub(crate) allowance: Allowance,
    #[serde(skip)]
    links: Links,
}

/// Positions in lists that are derived from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Links {
    older: Link,
    newer: Link,
    first_session: Link,
}

/// A slot or none, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Default for Link {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Link {
    pub(super) const fn to(seat: Option<Seat>) -> Self {
        match seat {
            Some(seat) => Self(seat.0),
            None => Self(u32::MAX),
        }
    }

    pub(super) const fn get(self) -> Option<Seat> {
        if self.0 == u32::MAX { None } else { Some(Seat(self.0)) }
    }
}

impl Person {
    pub(crate) fn new(
        id: ParticipantId,
        nick: Box<str>,
        affiliation: Affiliation,
        version: u64,
        since_seq: u64,
    ) -> Self {
        Self {
            id,
            affiliation,
            kept_role: None,
            standing: Standing::None,
            spoke: false,
            seen: false,
            profile: false,
            show_presence: true,
            displayed: true,
            marks: Marks::default(),
            last_seen: 0,
            push: None,
            shown: None,
            nick,
            version,
            joined: version,
            since_seq,
            allowance: Allowance::default(),
            links: Links::default(),
        }
    }
}

/// Facts of a participant, in one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks(u8);

impl Marks {
    /// It joined by a request of GC3, and stays when its devices go.
    pub(crate) const BY_REQUEST: Self = Self(1);
    /// Its bare JID occupies the room by `urn:xmpp:muc:0`, and it stays when its devices go.
    pub(crate) const BARE: Self = Self(2);
    /// Others could see its real JID at some time since it came.
    pub(crate) const REVEALED: Self = Self(4);

    pub(crate) const fn set(&mut self, mark: Self, on: bool) {
        self.0 = if on { self.0 | mark.0 } else { self.0 & !mark.0 };
    }
}

impl Person {
    /// Whether it has a mark.
    pub(crate) const fn is(&self, mark: Marks) -> bool {
        self.marks.0 & mark.0 != 0
    }

    /// Whether it is in by directed presence only, and leaves with its last session.
    pub(crate) const fn is_ephemeral(&self) -> bool {
        !self.is(Marks::BY_REQUEST) && !self.is(Marks::BARE)
    }
}

/// All participants.
#[derive(Clone, Debug)]
pub(crate) struct People {
    roster: Roster,
    slots: Vec<Option<Person>>,
    /// Slots by the text of their IDs, for lists and their pages.
    by_id: Order,
    by_nick: HashTable<Slot>,
    oldest: Link,
    newest: Link,
    key: [u8; 16],
}

impl People {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            roster: Roster::new(key),
            slots: Vec::new(),
            by_id: Order::default(),
            by_nick: HashTable::new(),
            oldest: Link::default(),
            newest: Link::default(),
            key,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roster.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.roster.len()
    }

    /// The bare JIDs, for audiences.
    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(crate) fn find(&self, bare: &str) -> Option<Slot> {
        self.roster.find(bare)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Person> {
        self.slots.get(slot.index())?.as_ref()
    }

    /// Changes a person's own facts. Nick, ID and version have ways of their own, for they are indexed.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Person> {
        self.slots.get_mut(slot.index())?.as_mut()
    }

    pub(crate) fn jid(&self, slot: Slot) -> &str {
        self.roster.get(slot).map_or("", Address::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Person)> {
        self.roster.taken().iter().filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    fn id_at(&self, slot: Slot) -> Option<ParticipantId> {
        self.get(slot).map(|p| p.id)
    }

    pub(crate) fn find_id(&self, id: ParticipantId) -> Option<Slot> {
        self.by_id.find(id, |slot| self.id_at(slot))
    }

    /// All slots in the order of their IDs.
    pub(crate) fn by_id(&self) -> impl Iterator<Item = Slot> + '_ {
        self.by_id.iter()
    }

    /// The hash of a nickname, such that two that cannot be told apart have the same.
    fn nick_hash(key: &[u8; 16], nick: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(key);
        hasher.write(nick::key(nick).as_bytes());
        hasher.finish()
    }

    /// Adds a slot to the index of nicknames.
    fn index_nick(&mut self, slot: Slot) {
        let (key, slots) = (self.key, &self.slots);
        let hash = |slot: Slot| {
            let person = slots.get(slot.index()).and_then(Option::as_ref);
            person.map_or(0, |person| Self::nick_hash(&key, &person.nick))
        };
        self.by_nick.insert_unique(hash(slot), slot, |&other| hash(other));
    }

    /// Who holds a nickname that cannot be told from this one (G11.2).
    pub(crate) fn find_nick(&self, wanted: &str) -> Option<Slot> {
        let key = nick::key(wanted);
        let same = |&slot: &Slot| self.get(slot).is_some_and(|p| nick::key(&p.nick) == key);
        self.by_nick.find(Self::nick_hash(&self.key, wanted), same).copied()
    }

    /// Adds a person. The caller has made sure that neither the account nor the nickname is there.
    pub(crate) fn add(&mut self, jid: Address, person: Person) -> Slot {
        let slot = self.roster.seat(jid);
        self.put(slot, person);
        slot
    }

    fn put(&mut self, slot: Slot, person: Person) {
        let at = slot.index();
        grow(&mut self.slots, at);
        let id = person.id;
        let slots = &self.slots;
        self.by_id.insert(id, slot, |other| slots.get(other.index())?.as_ref().map(|p| p.id));
        self.slots[at] = Some(person);
        self.index_nick(slot);
        self.link_by_version(slot);
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<(Address, Person)> {
        let id = self.get(slot)?.id;
        self.unlink(slot);
        self.forget_nick(slot);
        let slots = &self.slots;
        self.by_id.remove(id, |other| slots.get(other.index())?.as_ref().map(|p| p.id));
        let person = self.slots.get_mut(slot.index())?.take()?;
        Some((self.roster.unseat(slot)?, person))
    }

    fn forget_nick(&mut self, slot: Slot) {
        let Some(person) = self.get(slot) else { return };
        let hash = Self::nick_hash(&self.key, &person.nick);
        if let Ok(found) = self.by_nick.find_entry(hash, |&other| other == slot) {
            found.remove();
        }
    }

    /// Gives another nickname; gives back the old one.
    pub(crate) fn rename(&mut self, slot: Slot, nick: Box<str>) -> Option<Box<str>> {
        self.forget_nick(slot);
        let old = core::mem::replace(&mut self.get_mut(slot)?.nick, nick);
        self.index_nick(slot);
        Some(old)
    }

    /// Marks a person as changed in `version`, which is above all others.
    pub(crate) fn touch(&mut self, slot: Slot, version: u64) {
        self.unlink(slot);
        if let Some(person) = self.get_mut(slot) {
            person.version = version;
        }
        self.link_by_version(slot);
    }

    /// Who changed after `version`, newest change first. Costs only as much as it gives.
    pub(crate) fn changed_since(&self, version: u64) -> impl Iterator<Item = Slot> + '_ {
        let step = |slot: &Slot| self.get(*slot).and_then(|p| p.links.older.get());
        core::iter::successors(self.newest.get(), step)
            .take_while(move |&slot| self.get(slot).is_some_and(|p| p.version > version))
    }

    /// Links a slot into the list by version: at its end, but for a snapshot that is being loaded.
    fn link_by_version(&mut self, slot: Slot) {
        let Some(version) = self.get(slot).map(|p| p.version) else { return };
        let mut older = self.newest.get();
        let mut newer = None;
        while let Some(at) = older {
            let Some(other) = self.get(at) else { break };
            if other.version <= version {
                break;
            }
            newer = Some(at);
            older = other.links.older.get();
        }
        self.set_links(slot, |links| (links.older, links.newer) = (Link::to(older), Link::to(newer)));
        match older {
            Some(at) => self.set_links(at, |links| links.newer = Link::to(Some(slot))),
            None => self.oldest = Link::to(Some(slot)),
        }
        match newer {
            Some(at) => self.set_links(at, |links| links.older = Link::to(Some(slot))),
            None => self.newest = Link::to(Some(slot)),
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let Some(links) = self.get(slot).map(|p| p.links) else { return };
        match links.older.get() {
            Some(at) => self.set_links(at, |l| l.newer = links.newer),
            None => self.oldest = links.newer,
        }
        match links.newer.get() {
            Some(at) => self.set_links(at, |l| l.older = links.older),
            None => self.newest = links.older,
        }
    }

    fn set_links(&mut self, slot: Slot, set: impl FnOnce(&mut Links)) {
        if let Some(person) = self.get_mut(slot) {
            set(&mut person.links);
        }
    }

    pub(super) fn first_session(&self, slot: Slot) -> Link {
        self.get(slot).map_or_else(Link::default, |p| p.links.first_session)
    }

    pub(super) fn set_first_session(&mut self, slot: Slot, first: Link) {
        self.set_links(slot, |links| links.first_session = first);
    }
}

/// Saved as the key of the tables and the slots; everything else is derived.
impl Serialize for People {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.key, Slots { people: self }).serialize(serializer)
    }
}

/// The slots as they are saved, without copies.
struct Slots<'a> {
    people: &'a People,
}

impl Serialize for Slots<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = self.people.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let slots = self.people.slots.iter().take(used).enumerate();
        serializer.collect_seq(
            slots.map(|(at, person)| person.as_ref().map(|person| (self.people.jid(Seat(at as u32)), person))),
        )
    }
}

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, slots) = <([u8; 16], Vec<Option<(&str, Person)>>)>::deserialize(deserializer)?;
        Self::load(key, slots).ok_or_else(|| D::Error::custom("two participants are one"))
    }
}

impl People {
    /// All at once: the indexes are built by sorting, not one by one.
    fn load(key: [u8; 16], slots: Vec<Option<(&str, Person)>>) -> Option<Self> {
        let mut people = Self::new(key);
        people.slots.reserve_exact(slots.len());
        people.roster.reserve(slots.len());
        people.by_nick.reserve(slots.len(), |_| 0);
        let (mut by_id, mut by_version) = (Vec::with_capacity(slots.len()), Vec::with_capacity(slots.len()));
        if slots.last().is_some_and(Option::is_none) {
            return None;
        }
        for (at, slot) in slots.into_iter().enumerate() {
            let Some((jid, person)) = slot else {
                people.slots.push(None);
                continue;
            };
            let slot = Seat(u32::try_from(at).ok()?);
            if people.find_nick(&person.nick).is_some() || !people.roster.seat_at(slot, Address::from_saved(jid)?) {
                return None;
            }
            by_id.push((person.id, slot));
            by_version.push((person.version, slot));
            people.slots.push(Some(person));
            people.index_nick(slot);
        }
        by_id.sort_unstable();
        if !by_id.is_sorted_by(|a, b| a.0 < b.0) {
            return None;
        }
        people.by_id = Order::of(&by_id.iter().map(|&(_, slot)| slot).collect::<Vec<_>>());
        by_version.sort_unstable();
        for (_, slot) in by_version {
            people.link_by_version(slot);
        }
        Some(people)
    }
}

/// Makes room for an index. Grows by a sixteenth, for a room of a hundred thousand must not hold twice its size.
pub(super) fn grow<T>(slots: &mut Vec<Option<T>>, at: usize) {
    if at >= slots.capacity() {
        slots.reserve_exact((at + 1 - slots.len()).max(slots.len() / 16 + 4));
    }
    while slots.len() <= at {
        slots.push(None);
    }
}

/// The last change of all, for tests of consistency.
impl People {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let mut count = 0;
        let mut last = u64::MAX;
        for slot in self.changed_since(0) {
            let version = self.get(slot).map_or(0, |p| p.version);
            if version > last {
                return Err("people are not in the order of their versions");
            }
            last = version;
            count += 1;
        }
        let sorted: Vec<Slot> = self.by_id.iter().collect();
        let (ids, sorted) = (sorted.len(), sorted.is_sorted_by(|&a, &b| self.id_at(a) < self.id_at(b)));
        if count != self.len() || ids != self.len() || self.by_nick.len() != self.len() || !sorted {
            return Err("the indexes of people do not fit");
        }
        Ok(())
    }
}
