//! What an account knows: plain data and the sets that follow from it. No decisions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::config::AccountConfig;
use super::host::{Grounds, Subscription, Token};
use super::set::SessionSet;
use crate::limits::ImngLimits;
use crate::party::{Address, Roster, Seat, bare};
use crate::seed::Seed;
use crate::snapshot::{Corrupt, put, take};
use crate::time::Time;

/// Sets of sessions are one word.
pub(super) const MOST_SESSIONS: usize = 64;

/// One connection of the account, or what is left of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Its priority if it is available.
    pub(super) priority: Option<i8>,
    pub(super) carbons: bool,
    pub(super) imng: bool,
    pub(super) inactive: bool,
    pub(super) capable: bool,
    pub(super) hibernated: bool,
    /// It asked for the block list.
    pub(super) blocking: bool,
    /// Where it sent directed presence.
    pub(super) directed: BTreeSet<Box<str>>,
}

/// The sets that routing asks for. They follow from the sessions and are never saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sets {
    pub(super) bound: SessionSet,
    pub(super) available: SessionSet,
    /// Available, with a priority that is not negative.
    pub(super) reachable: SessionSet,
    /// Of these, all of the highest priority.
    pub(super) top: SessionSet,
    pub(super) carbons: SessionSet,
    pub(super) imng: SessionSet,
    /// Of the reachable, those that somebody looks at.
    pub(super) active: SessionSet,
    pub(super) hibernated: SessionSet,
}

/// A session that has a room live, and its nickname there.
pub(super) type Live = (u32, Option<Box<str>>);

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) config: AccountConfig,
    pub(super) limits: ImngLimits,
    seed: Seed,
    pub(super) latest: Time,
    pub(super) roster: Roster,
    sessions: Vec<Option<Session>>,
    pub(super) sets: Sets,
    contacts: BTreeMap<Box<str>, Subscription>,
    blocked: BTreeSet<Box<str>>,
    rooms: BTreeMap<Box<str>, Grounds>,
    live: BTreeMap<Box<str>, Vec<Live>>,
    recent: VecDeque<u64>,
    pub(super) offline: u32,
    /// The question for what is kept, and for which session.
    pub(super) open: Option<(Token, Option<u32>)>,
    drawn: u64,
    tokens: u64,
    pushes: u64,
}

/// What is saved of a [`State`].
#[derive(Serialize, Deserialize)]
struct Saved {
    config: AccountConfig,
    limits: ImngLimits,
    seed: Seed,
    latest: Time,
    sessions: Vec<(u32, Address, Session)>,
    contacts: Vec<(Box<str>, Subscription)>,
    blocked: Vec<Box<str>>,
    rooms: Vec<(Box<str>, Grounds)>,
    live: Vec<(Box<str>, Vec<Live>)>,
    recent: Vec<u64>,
    offline: u32,
    open: Option<(Token, Option<u32>)>,
    drawn: u64,
    tokens: u64,
    pushes: u64,
}

/// Which way a message went whose error may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

impl State {
    pub(super) fn new(config: AccountConfig, limits: ImngLimits, seed: Seed) -> Self {
        let limits = ImngLimits { sessions: limits.sessions.min(MOST_SESSIONS), ..limits };
        Self {
            roster: Roster::new(hash_key(&seed)),
            config,
            limits,
            seed,
            latest: Time::EPOCH,
            sessions: Vec::new(),
            sets: Sets::default(),
            contacts: BTreeMap::new(),
            blocked: BTreeSet::new(),
            rooms: BTreeMap::new(),
            live: BTreeMap::new(),
            recent: VecDeque::new(),
            offline: 0,
            open: None,
            drawn: 0,
            tokens: 0,
            pushes: 0,
        }
    }

    pub(super) fn account(&self) -> &str {
        self.config.account()
    }

    pub(super) fn session(&self, seat: Seat) -> Option<&Session> {
        self.sessions.get(seat.index())?.as_ref()
    }

    /// Changes a session, and the sets with it. `None` if there is none.
    pub(super) fn change<T>(&mut self, seat: Seat, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let done = change(self.sessions.get_mut(seat.index())?.as_mut()?);
        self.sets = self.count();
        Some(done)
    }

    /// Seats a session. One of that name begins anew. `None` if there are too many.
    pub(super) fn bind(&mut self, address: Address) -> Option<Seat> {
        if let Some(seat) = self.roster.find(address.as_str()) {
            self.unseat(seat);
        }
        if self.roster.len() >= self.limits.sessions {
            return None;
        }
        let seat = self.roster.seat(address);
        if self.sessions.len() <= seat.index() {
            self.sessions.resize_with(seat.index() + 1, || None);
        }
        self.sessions[seat.index()] = Some(Session::default());
        self.sets = self.count();
        Some(seat)
    }

    /// A session is gone, with all that belonged to it.
    pub(super) fn unseat(&mut self, seat: Seat) {
        self.roster.unseat(seat);
        if let Some(session) = self.sessions.get_mut(seat.index()) {
            *session = None;
        }
        while self.sessions.last().is_some_and(Option::is_none) {
            self.sessions.pop();
        }
        self.live.retain(|_, sessions| {
            sessions.retain(|(at, _)| *at != seat.0);
            !sessions.is_empty()
        });
        if let Some((_, who)) = &mut self.open
            && *who == Some(seat.0)
        {
            *who = None;
        }
        self.sets = self.count();
    }

    fn count(&self) -> Sets {
        let mut sets = Sets::default();
        let mut best = None;
        for (at, session) in self.sessions.iter().enumerate() {
            let Some(session) = session else { continue };
            let seat = Seat(at as u32);
            sets.bound.insert(seat);
            if session.carbons {
                sets.carbons.insert(seat);
            }
            if session.imng {
                sets.imng.insert(seat);
            }
            if session.hibernated {
                sets.hibernated.insert(seat);
            }
            let Some(priority) = session.priority else { continue };
            sets.available.insert(seat);
            if priority < 0 {
                continue;
            }
            sets.reachable.insert(seat);
            if !session.inactive && !session.hibernated {
                sets.active.insert(seat);
            }
            if best < Some(priority) {
                best = Some(priority);
                sets.top = SessionSet::EMPTY;
            }
            if best == Some(priority) {
                sets.top.insert(seat);
            }
        }
        sets
    }

    /// All sessions, in seat order.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (Seat, &Address, &Session)> {
        self.roster.iter().filter_map(|(seat, address)| Some((seat, address, self.session(seat)?)))
    }

    pub(super) fn addresses(&self, set: SessionSet) -> Vec<Address> {
        set.iter().filter_map(|seat| self.roster.get(seat).cloned()).collect()
    }

    /// The sessions that asked for the block list.
    pub(super) fn watching_blocks(&self) -> SessionSet {
        self.sessions().filter(|(_, _, session)| session.blocking).map(|(seat, ..)| seat).collect()
    }

    // Contacts.

    /// Whether it could be remembered.
    pub(super) fn set_contact(&mut self, jid: &str, subscription: Subscription) -> bool {
        if subscription == Subscription::None {
            self.contacts.remove(jid);
            return true;
        }
        let room = self.contacts.len() < self.limits.contacts || self.contacts.contains_key(jid);
        if room {
            self.contacts.insert(jid.into(), subscription);
        }
        room
    }

    pub(super) fn sees_account(&self, bare: &str) -> bool {
        self.contacts.get(bare).is_some_and(|subscription| subscription.sees_account())
    }

    // Blocking.

    pub(super) fn blocked(&self) -> impl ExactSizeIterator<Item = &str> {
        self.blocked.iter().map(|jid| &**jid)
    }

    pub(super) fn set_blocked(&mut self, all: impl Iterator<Item = Box<str>>) -> bool {
        self.blocked = all.collect();
        let fits = self.blocked.len() <= self.limits.blocked;
        while self.blocked.len() > self.limits.blocked {
            self.blocked.pop_last();
        }
        fits
    }

    pub(super) fn block(&mut self, jids: &[Address]) {
        self.blocked.extend(jids.iter().map(|jid| jid.as_str().into()));
    }

    pub(super) fn unblock(&mut self, jids: &[Address]) {
        for jid in jids {
            self.blocked.remove(jid.as_str());
        }
    }

    pub(super) fn unblock_all(&mut self) -> Vec<Address> {
        let all = core::mem::take(&mut self.blocked);
        all.iter().filter_map(|jid| Address::from_saved(jid)).collect()
    }

    /// Whether the list still fits with these.
    pub(super) fn may_block(&self, jids: &[Address]) -> bool {
        let new: BTreeSet<&str> = jids.iter().map(Address::as_str).filter(|jid| !self.blocked.contains(*jid)).collect();
        self.blocked.len() + new.len() <= self.limits.blocked
    }

    /// Whether an address is blocked (XEP-0191 §5): it itself, its bare JID, or its domain. Never the own account.
    pub(super) fn is_blocked(&self, jid: &str) -> bool {
        if self.blocked.is_empty() {
            return false;
        }
        let bare = bare(jid);
        if bare == self.account() {
            return false;
        }
        let domain = bare.split_once('@').map_or(bare, |(_, domain)| domain);
        [jid, bare, domain].iter().any(|form| self.blocked.contains(*form))
    }

    // Rooms.

    /// Whether it could be remembered.
    pub(super) fn set_room(&mut self, room: &str, grounds: Grounds) -> bool {
        if grounds.is_empty() {
            self.rooms.remove(room);
            return true;
        }
        let fits = self.rooms.len() < self.limits.rooms || self.rooms.contains_key(room);
        if fits {
            self.rooms.insert(room.into(), grounds);
        }
        fits
    }

    pub(super) fn grounds(&self, room: &str) -> Grounds {
        self.rooms.get(room).copied().unwrap_or_default()
    }

    /// Whether it could be remembered.
    pub(super) fn set_live(&mut self, seat: Seat, room: &str, nick: Option<Box<str>>) -> bool {
        let count = self.live.values().filter(|sessions| sessions.iter().any(|(at, _)| *at == seat.0)).count();
        if count >= self.limits.rooms && !self.is_live(room).contains(seat) {
            return false;
        }
        let sessions = self.live.entry(room.into()).or_default();
        sessions.retain(|(at, _)| *at != seat.0);
        let at = sessions.partition_point(|(at, _)| *at < seat.0);
        sessions.insert(at, (seat.0, nick));
        true
    }

    pub(super) fn end_live(&mut self, seat: Seat, room: &str) {
        if let Some(sessions) = self.live.get_mut(room) {
            sessions.retain(|(at, _)| *at != seat.0);
            if sessions.is_empty() {
                self.live.remove(room);
            }
        }
    }

    /// The sessions that have a room live.
    pub(super) fn is_live(&self, room: &str) -> SessionSet {
        self.live.get(room).into_iter().flatten().map(|(at, _)| Seat(*at)).collect()
    }

    /// Whether any session has the room live.
    pub(super) fn has_live(&self, room: &str) -> bool {
        !self.live.is_empty() && self.live.contains_key(room)
    }

    pub(super) fn in_room_set(&self, room: &str) -> bool {
        self.rooms.contains_key(room) || self.live.contains_key(room)
    }

    /// The sessions with the same nickname in a room as this one. Those whose nickname is not known are not among them.
    pub(super) fn same_nick(&self, seat: Seat, room: &str) -> SessionSet {
        let sessions = self.live.get(room).map(Vec::as_slice).unwrap_or_default();
        let nick = sessions.iter().find(|(at, _)| *at == seat.0).and_then(|(_, nick)| nick.as_deref());
        let Some(nick) = nick else { return SessionSet::EMPTY };
        sessions.iter().filter(|(_, other)| other.as_deref() == Some(nick)).map(|(at, _)| Seat(*at)).collect()
    }

    /// Sessions that can read a member copy of a room and do not get the message from the room itself.
    pub(super) fn candidates(&self, room: &str) -> SessionSet {
        let able = self.sessions().filter(|(_, _, session)| session.imng || session.capable).map(|(seat, ..)| seat);
        able.collect::<SessionSet>().without(self.is_live(room))
    }

    // Messages whose errors are recognised.

    fn trace(&self, way: Way, peer: &str, id: &str) -> u64 {
        use core::hash::Hasher as _;
        let mut hasher = siphasher::sip::SipHasher13::new_with_key(&self.roster.key());
        hasher.write_u8(way as u8);
        hasher.write(peer.as_bytes());
        hasher.write_u8(b'/');
        hasher.write(id.as_bytes());
        hasher.finish()
    }

    pub(super) fn remember(&mut self, way: Way, peer: &str, id: &str) {
        if self.limits.recent == 0 {
            return;
        }
        if self.recent.len() >= self.limits.recent {
            self.recent.pop_front();
        }
        self.recent.push_back(self.trace(way, peer, id));
    }

    pub(super) fn remembers(&self, way: Way, peer: &str, id: &str) -> bool {
        self.recent.contains(&self.trace(way, peer, id))
    }

    // Numbers.

    /// The next id in the archive.
    pub(super) fn peek_id(&self) -> String {
        self.seed.draw_nth("archive id", self.drawn).base32()
    }

    /// That id is used now.
    pub(super) const fn took_id(&mut self) {
        self.drawn = self.drawn.saturating_add(1);
    }

    pub(super) const fn next_token(&mut self) -> Token {
        self.tokens = self.tokens.saturating_add(1);
        self.tokens
    }

    pub(super) fn next_push(&mut self) -> String {
        let id = self.seed.draw_nth("push id", self.pushes);
        self.pushes = self.pushes.saturating_add(1);
        id.base32_short()
    }

    /// What is wrong, if anything.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let fine = |fine: bool, what: &'static str| if fine { Ok(()) } else { Err(what) };
        let limits = &self.limits;
        fine(self.config.account.resource().is_none(), "an account with a resource")?;
        fine(limits.sessions <= MOST_SESSIONS, "more sessions are allowed than a set holds")?;
        fine(self.roster.len() <= limits.sessions, "there are too many sessions")?;
        fine(self.sets == self.count(), "the sets are not those of the sessions")?;
        fine(self.contacts.len() <= limits.contacts, "there are too many contacts")?;
        fine(self.blocked.len() <= limits.blocked, "too many are blocked")?;
        fine(self.rooms.len() <= limits.rooms, "there are too many rooms")?;
        fine(self.recent.len() <= limits.recent, "too many messages are remembered")?;
        for (_, address, session) in self.sessions() {
            fine(address.bare() == self.account() && address.resource().is_some(), "a session of another account")?;
            fine(!(session.carbons && session.imng), "a session with carbons and IM-NG")?;
            fine(session.directed.len() <= limits.directed, "too many addresses of directed presence")?;
        }
        let seated = |at: u32| self.session(Seat(at)).is_some();
        for sessions in self.live.values() {
            fine(!sessions.is_empty(), "a live room of nobody")?;
            fine(sessions.is_sorted_by(|(a, _), (b, _)| a < b), "live sessions are not in order")?;
            fine(sessions.iter().all(|(at, _)| seated(*at)), "a live room of a session that is gone")?;
        }
        let per_session = |seat: Seat| self.live.values().filter(|s| s.iter().any(|(at, _)| *at == seat.0)).count();
        fine(self.sets.bound.iter().all(|seat| per_session(seat) <= limits.rooms), "too many live rooms")?;
        fine(self.open.is_none_or(|(_, who)| who.is_none_or(seated)), "a question for a session that is gone")?;
        fine(self.open.is_none_or(|(token, _)| token == self.tokens), "a question with a number that was not given")
    }

    pub(super) fn save(&self, into: &mut Vec<u8>) {
        let sessions = self.sessions().map(|(seat, address, session)| (seat.0, address.clone(), session.clone()));
        let saved = Saved {
            config: self.config.clone(),
            limits: self.limits,
            seed: self.seed.clone(),
            latest: self.latest,
            sessions: sessions.collect(),
            contacts: self.contacts.iter().map(|(jid, subscription)| (jid.clone(), *subscription)).collect(),
            blocked: self.blocked.iter().cloned().collect(),
            rooms: self.rooms.iter().map(|(room, grounds)| (room.clone(), *grounds)).collect(),
            live: self.live.iter().map(|(room, sessions)| (room.clone(), sessions.clone())).collect(),
            recent: self.recent.iter().copied().collect(),
            offline: self.offline,
            open: self.open,
            drawn: self.drawn,
            tokens: self.tokens,
            pushes: self.pushes,
        };
        put(&saved, into);
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let saved: Saved = take(body)?;
        if saved.limits.sessions > MOST_SESSIONS {
            return Err(Corrupt::Body("more sessions are allowed than a set holds"));
        }
        let mut state = Self::new(saved.config, saved.limits, saved.seed);
        for (seat, address, session) in saved.sessions {
            if seat as usize >= MOST_SESSIONS || !state.roster.seat_at(Seat(seat), address) {
                return Err(Corrupt::Body("a seat is taken twice or is none"));
            }
            let at = seat as usize;
            if state.sessions.len() <= at {
                state.sessions.resize_with(at + 1, || None);
            }
            state.sessions[at] = Some(session);
        }
        state.sets = state.count();
        state.latest = saved.latest;
        state.contacts = saved.contacts.into_iter().collect();
        state.blocked = saved.blocked.into_iter().collect();
        state.rooms = saved.rooms.into_iter().collect();
        state.live = saved.live.into_iter().collect();
        state.recent = saved.recent.into();
        state.offline = saved.offline;
        state.open = saved.open;
        state.drawn = saved.drawn;
        state.tokens = saved.tokens;
        state.pushes = saved.pushes;
        state.check().map_err(Corrupt::Body)?;
        let mut again = Vec::with_capacity(body.len());
        state.save(&mut again);
        if again == body { Ok(state) } else { Err(Corrupt::Body("not the canonical form")) }
    }
}

fn hash_key(seed: &Seed) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&seed.draw("hash key", &[]).bytes()[..16]);
    key
}
