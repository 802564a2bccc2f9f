//! What a router knows, as plain ordered data. Nothing is decided here.

mod chats;
mod registrations;
mod sessions;

use core::hash::Hasher;
use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

pub(crate) use chats::{Allowed, Chat, Grounds, Mark, Room};
pub(crate) use registrations::{Flight, Note, Owing, Owner, Registration, Stage, Words};
pub(crate) use sessions::{Awaited, Mask, Pending, Session, Sessions, bit};

use super::input::RouterConfig;
use crate::limits::{Allowance, PushRouterLimits};
use crate::party::{Address, Seat};
use crate::seed::Seed;
use crate::time::Time;

/// Everything that can become due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A room leaves the room set.
    Room(Arc<str>),
    /// An owed push goes out.
    Note(u8, Arc<str>),
    /// A publish was not answered.
    Flight(u64),
}

/// The state of a router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) account: Address,
    pub(crate) bodies: bool,
    pub(crate) user_bodies: Option<bool>,
    pub(crate) limits: PushRouterLimits,
    pub(crate) seed: Seed,
    /// The key of the marks: nobody can choose ids that collide.
    key: [u8; 16],
    pub(crate) now: Time,
    pub(crate) drawn: u64,
    pub(crate) sessions: Sessions,
    pub(crate) registrations: Vec<Option<Registration>>,
    pub(crate) chats: BTreeMap<Arc<str>, Chat>,
    pub(crate) blocked: BTreeSet<Box<str>>,
    pub(crate) flights: BTreeMap<u64, Flight>,
    pub(crate) publishes: Allowance,
    pub(crate) mentions: Allowance,
    /// What is due, derived from all of the above.
    #[serde(skip)]
    due: BTreeSet<(Time, Due)>,
    /// Registrations whose device is connected, by slot; derived.
    #[serde(skip)]
    pub(crate) connected: u16,
    /// Registrations whose device is hibernated and not connected; derived.
    #[serde(skip)]
    pub(crate) hibernated: u16,
    /// Sessions that are capable (P7); derived.
    #[serde(skip)]
    pub(crate) capable: Mask,
    /// How many chats are rooms; derived.
    #[serde(skip)]
    pub(crate) rooms: usize,
}

impl State {
    pub(crate) fn new(config: &RouterConfig, limits: PushRouterLimits, seed: Seed) -> Self {
        let draw = |purpose| {
            let mut key = [0; 16];
            key.copy_from_slice(&seed.draw(purpose, &[]).bytes()[..16]);
            key
        };
        Self {
            account: Address::from(&config.account),
            bodies: config.bodies,
            user_bodies: config.user_bodies,
            limits,
            key: draw("marks"),
            now: Time::EPOCH,
            drawn: 0,
            sessions: Sessions::new(draw("sessions")),
            registrations: Vec::new(),
            chats: BTreeMap::new(),
            blocked: BTreeSet::new(),
            flights: BTreeMap::new(),
            publishes: Allowance::default(),
            mentions: Allowance::default(),
            due: BTreeSet::new(),
            connected: 0,
            hibernated: 0,
            capable: 0,
            rooms: 0,
            seed,
        }
    }

    /// The account's server.
    pub(crate) fn domain(&self) -> &str {
        let bare = self.account.as_str();
        bare.split_once('@').map_or(bare, |(_, domain)| domain)
    }

    /// The mark of an id.
    pub(crate) fn mark(&self, id: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(id.as_bytes());
        hasher.finish()
    }

    /// How many messages of one chat are remembered: with many chats each has its share.
    pub(crate) fn keep(&self) -> usize {
        self.limits.seen.min(self.limits.seen_total / self.chats.len().max(1)).max(1)
    }

    /// The chat of a name as the map holds it.
    pub(crate) fn name(&self, chat: &str) -> Option<Arc<str>> {
        self.chats.get_key_value(chat).map(|(name, _)| Arc::clone(name))
    }

    pub(crate) fn room(&self, room: &str) -> Option<&Room> {
        self.chats.get(room)?.room.as_deref()
    }

    pub(crate) fn room_mut(&mut self, room: &str) -> Option<&mut Room> {
        self.chats.get_mut(room)?.room.as_deref_mut()
    }

    /// Whether a room is in the room set (MC2).
    pub(crate) fn is_member(&self, room: &str) -> bool {
        self.room(room).is_some_and(|room| room.inside)
    }

    /// The room of that name, made if it is not known; `None` if there are too many.
    pub(crate) fn make_room(&mut self, room: &str) -> Option<&mut Room> {
        let now = self.now;
        match self.chats.get(room) {
            Some(chat) if chat.room.is_some() => {}
            Some(_) if self.rooms < self.limits.rooms => {
                // What was known as a contact turns out to be a room.
                self.chats.get_mut(room)?.room = Some(Box::default());
                self.rooms += 1;
            }
            None if self.rooms < self.limits.rooms => {
                self.chats.insert(room.into(), Chat::room(now));
                self.rooms += 1;
            }
            _ => return None,
        }
        self.room_mut(room)
    }

    /// The contact that has to go before another one is remembered, if there are too many: the one that was looked at
    /// longest ago.
    pub(crate) fn surplus_contact(&self, contact: &str) -> Option<Arc<str>> {
        let known = self.chats.contains_key(contact);
        if known || self.chats.len() - self.rooms < self.limits.contacts.max(1) {
            return None;
        }
        let contacts = self.chats.iter().filter(|(_, chat)| chat.room.is_none());
        contacts.min_by_key(|(_, chat)| chat.touched).map(|(name, _)| Arc::clone(name))
    }

    /// The contact of that name, made if it is not known.
    pub(crate) fn make_contact(&mut self, contact: &str) {
        let now = self.now;
        match self.chats.get_mut(contact) {
            Some(chat) => chat.touched = now,
            None => {
                self.chats.insert(contact.into(), Chat::contact(now));
            }
        }
    }

    /// Drops a chat and everything about it.
    pub(crate) fn forget_chat(&mut self, chat: &str) {
        for slot in 0..self.registrations.len() as u8 {
            self.drop_note(slot, chat);
        }
        if let Some(gone) = self.chats.remove(chat) {
            self.rooms -= usize::from(gone.room.is_some());
        }
    }

    /// Whether somebody is blocked (XEP-0191 §3.5): the address itself, its bare JID, or its domain.
    pub(crate) fn is_blocked(&self, jid: &Jid) -> bool {
        if self.blocked.is_empty() {
            return false;
        }
        let bare = jid.to_bare();
        [jid.as_str(), bare.as_str(), bare.domain().as_str()].iter().any(|who| self.blocked.contains(*who))
    }

    pub(crate) fn is_account(&self, jid: &BareJid) -> bool {
        jid.as_str() == self.account.as_str()
    }

    pub(crate) fn registration(&self, slot: u8) -> Option<&Registration> {
        self.registrations.get(usize::from(slot))?.as_ref()
    }

    pub(crate) fn registration_mut(&mut self, slot: u8) -> Option<&mut Registration> {
        self.registrations.get_mut(usize::from(slot))?.as_mut()
    }

    /// All registrations, with their slots.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u8, &Registration)> {
        let numbered = self.registrations.iter().enumerate();
        numbered.filter_map(|(slot, registration)| Some((slot as u8, registration.as_ref()?)))
    }

    /// The registrations of the device that a session is of, as a set of slots.
    pub(crate) fn device(&self, session: &Session) -> u16 {
        self.each().filter(|(_, reg)| reg.owner.is(session)).fold(0, |set, (slot, _)| set | 1 << slot)
    }

    /// Takes a registration out, with its notes and flights.
    pub(crate) fn take_registration(&mut self, slot: u8) -> Option<Registration> {
        let taken = self.registrations.get_mut(usize::from(slot))?.take()?;
        while self.registrations.last().is_some_and(Option::is_none) {
            self.registrations.pop();
        }
        for (name, note) in &taken.notes {
            if let Stage::Owed(due, _) = note.stage {
                self.due.remove(&(due, Due::Note(slot, Arc::clone(name))));
            }
        }
        self.chats.values_mut().for_each(|chat| chat.seen.forget_registration(slot));
        self.land_all(slot);
        self.relink_devices();
        Some(taken)
    }

    /// Sets a note, and when it is due.
    pub(crate) fn put_note(&mut self, slot: u8, chat: &Arc<str>, note: Note) {
        self.drop_note(slot, chat);
        if let Stage::Owed(due, _) = note.stage {
            self.schedule(due, Due::Note(slot, Arc::clone(chat)));
        }
        if let Some(registration) = self.registration_mut(slot) {
            registration.notes.insert(Arc::clone(chat), note);
        }
    }

    /// Removes a note.
    pub(crate) fn drop_note(&mut self, slot: u8, chat: &str) -> Option<Note> {
        let registration = self.registration_mut(slot)?;
        let (name, note) = registration.notes.remove_entry(chat)?;
        if let Stage::Owed(due, _) = note.stage {
            self.due.remove(&(due, Due::Note(slot, name)));
        }
        Some(note)
    }

    /// How many publishes of a registration are not answered.
    pub(crate) fn flying(&self, slot: u8) -> usize {
        self.flights.values().filter(|flight| flight.slot == slot).count()
    }

    /// A publish goes out; gives its number.
    pub(crate) fn take_off(&mut self, flight: Flight) {
        let number = self.drawn;
        self.schedule(flight.due, Due::Flight(number));
        self.flights.insert(number, flight);
    }

    /// A publish is answered, or given up.
    pub(crate) fn land(&mut self, number: u64) -> Option<Flight> {
        let flight = self.flights.remove(&number)?;
        self.due.remove(&(flight.due, Due::Flight(number)));
        Some(flight)
    }

    /// No publish of a registration is waited for any more.
    pub(crate) fn land_all(&mut self, slot: u8) {
        let of = self.flights.iter().filter(|(_, flight)| flight.slot == slot);
        let flights: Vec<u64> = of.map(|(&number, _)| number).collect();
        for number in flights {
            self.land(number);
        }
    }

    /// The time of a room that has lost its last ground, or none.
    pub(crate) fn set_left(&mut self, name: &Arc<str>, left: Option<Time>) {
        let left_for = self.limits.left_for;
        let Some(room) = self.room_mut(name) else { return };
        let old = core::mem::replace(&mut room.left, left);
        if let Some(old) = old {
            self.due.remove(&(old.plus(left_for), Due::Room(Arc::clone(name))));
        }
        if let Some(left) = left {
            self.schedule(left.plus(left_for), Due::Room(Arc::clone(name)));
        }
    }

    /// The end of time never comes: what would be due there would be due again as soon as it was served.
    fn schedule(&mut self, at: Time, due: Due) {
        if at.millis() < u64::MAX {
            self.due.insert((at, due));
        }
    }

    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes out what is due, the earliest first.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Due> {
        if self.due.first()?.0 > now {
            return None;
        }
        self.due.pop_first().map(|(_, due)| due)
    }

    /// Unread messages of all chats.
    pub(crate) fn unread(&self) -> u32 {
        self.chats.values().fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// Builds what is derived of sessions and registrations.
    pub(crate) fn relink_devices(&mut self) {
        let (mut connected, mut hibernated, mut capable) = (0, 0, 0);
        for (seat, session) in self.sessions.iter() {
            let device = self.device(session);
            if session.connected {
                connected |= device;
            } else {
                hibernated |= device;
            }
            let second = self.each().any(|(slot, reg)| device & (1 << slot) != 0 && reg.is_second() && !reg.disabled);
            if session.im_ng || session.announced || second {
                capable |= bit(seat);
            }
        }
        (self.connected, self.hibernated, self.capable) = (connected, hibernated & !connected, capable);
    }

    /// Builds everything that is derived, after loading.
    pub(crate) fn relink(&mut self) {
        self.relink_devices();
        self.rooms = self.chats.values().filter(|chat| chat.room.is_some()).count();
        let mut due = Vec::new();
        for (name, chat) in &self.chats {
            if let Some(left) = chat.room.as_ref().and_then(|room| room.left) {
                due.push((left.plus(self.limits.left_for), Due::Room(Arc::clone(name))));
            }
        }
        for (slot, registration) in self.each() {
            for (name, note) in &registration.notes {
                if let Stage::Owed(at, _) = note.stage {
                    due.push((at, Due::Note(slot, Arc::clone(name))));
                }
            }
        }
        due.extend(self.flights.iter().map(|(&number, flight)| (flight.due, Due::Flight(number))));
        self.due.clear();
        for (at, what) in due {
            self.schedule(at, what);
        }
    }

    /// Whether everything fits together. For tests, fuzzing and loaded snapshots.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let slots = self.registrations.len();
        if slots > 16 || self.registrations.last().is_some_and(Option::is_none) {
            return Err("there are more registrations than slots");
        }
        if self.account.resource().is_some() {
            return Err("the account is a session");
        }
        let mut taken: Mask = 0;
        for (seat, session) in self.sessions.iter() {
            taken |= bit(seat);
            if session.jid.bare() != self.account.as_str() || session.jid.resource().is_none() {
                return Err("a session is somebody else's");
            }
        }
        let slot_mask = (0..slots).fold(0_u32, |mask, slot| mask | 1 << slot);
        let registered = self.each().fold(0_u32, |mask, (slot, _)| mask | 1 << slot);
        for chat in self.chats.values() {
            chat.seen.check()?;
            if let Some(room) = &chat.room {
                if !room.grounds.is_sane() || (room.occupants | room.subscribed | room.unsubscribed) & !taken != 0 {
                    return Err("a room holds a session that is none");
                }
                let grounded = room.is_grounded();
                if room.inside != (grounded || room.left.is_some()) || (grounded && room.left.is_some()) {
                    return Err("a room is in the room set without a ground");
                }
                if room.heard.keys().any(|seat| *seat > 63 || room.subscribed & bit(Seat(*seat)) == 0) {
                    return Err("a room heard a session that does not listen");
                }
            }
        }
        let mut numbers = BTreeSet::new();
        for (_, registration) in self.each() {
            if !numbers.insert(registration.number) || registration.number > self.drawn {
                return Err("a registration's number is not its own");
            }
            if registration.notes.keys().any(|chat| !self.chats.contains_key(chat)) {
                return Err("a note is about no chat");
            }
            if registration.disabled && !registration.notes.is_empty() {
                return Err("a disabled registration is owed something");
            }
        }
        if slot_mask & !0xffff != 0
            || self.flights.values().any(|f| registered & (1 << (f.slot & 31)) == 0 || f.slot > 15)
        {
            return Err("a publish is of no registration");
        }
        if self.flights.range((Bound::Excluded(self.drawn), Bound::Unbounded)).next().is_some() {
            return Err("a publish is newer than all");
        }
        Ok(())
    }
}
