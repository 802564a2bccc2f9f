//! What an account knows: its list, what it asked rooms, what it told them to forget. Plain data; decides nothing.

use std::collections::BTreeMap;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::Way;
use crate::limits::{AccountLimits, Allowance};
use crate::party::{Address, Roster, Seat};
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt};
use crate::time::{Span, Time};

/// A room on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) way: Way,
    /// Whether the account joined it; else a session did, and said so.
    pub(super) through: bool,
    /// Whether the room's subscription was approved here.
    pub(super) approved: bool,
    /// The address that was joined, where it is another: an alias, or the service of a creation.
    pub(super) asked: Option<Box<str>>,
    pub(super) id: Option<Box<str>>,
    pub(super) nick: Option<Box<str>>,
    pub(super) since: Time,
}

/// A join or a creation that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    /// The session that asked.
    pub(super) asker: Address,
    /// The id of its request.
    pub(super) id: Box<str>,
    /// Who was asked.
    pub(super) to: Address,
    pub(super) way: Way,
    pub(super) create: bool,
    /// Whether the session is gone.
    pub(super) alone: bool,
    pub(super) until: Time,
}

/// A leave that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leaving {
    /// The id of the last request.
    pub(super) id: Box<str>,
    pub(super) way: Way,
    pub(super) next: Time,
    pub(super) pause: Span,
    pub(super) until: Time,
}

/// A subscription request that may belong to an open join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Early {
    pub(super) until: Time,
    pub(super) contact: bool,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) account: Address,
    pub(super) limits: AccountLimits,
    seed: Seed,
    pub(super) now: Time,
    drawn: u64,
    pub(super) joins: Allowance,
    pub(super) rooms: BTreeMap<Box<str>, Entry>,
    /// Rooms that went off the list a short while ago, and until when their copies are taken.
    pub(super) lost: BTreeMap<Box<str>, Time>,
    pub(super) requests: BTreeMap<Box<str>, Request>,
    pub(super) leaves: BTreeMap<Box<str>, Leaving>,
    pub(super) early: BTreeMap<Box<str>, Early>,
    /// The sessions that are told of changes.
    pub(super) sessions: Roster,
}

/// As it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    account: Address,
    limits: AccountLimits,
    seed: Seed,
    now: Time,
    drawn: u64,
    joins: Allowance,
    rooms: BTreeMap<Box<str>, Entry>,
    lost: BTreeMap<Box<str>, Time>,
    requests: BTreeMap<Box<str>, Request>,
    leaves: BTreeMap<Box<str>, Leaving>,
    early: BTreeMap<Box<str>, Early>,
    sessions: Vec<(Seat, Address)>,
}

impl State {
    pub(super) fn new(account: &BareJid, limits: AccountLimits, seed: Seed) -> Self {
        let key = hash_key(&seed);
        Self {
            account: account.into(),
            limits,
            seed,
            now: Time::EPOCH,
            drawn: 0,
            joins: Allowance::default(),
            rooms: BTreeMap::new(),
            lost: BTreeMap::new(),
            requests: BTreeMap::new(),
            leaves: BTreeMap::new(),
            early: BTreeMap::new(),
            sessions: Roster::new(key),
        }
    }

    /// An id that nobody can guess.
    pub(super) fn draw(&mut self) -> Box<str> {
        self.drawn += 1;
        self.seed.draw_nth("account", self.drawn).base32().into()
    }

    /// Seats a session that wants to hear of changes; whether there was room for it.
    pub(super) fn wants(&mut self, full: Address) -> bool {
        let room = self.sessions.find(full.as_str()).is_some() || self.sessions.len() < self.limits.sessions;
        if room {
            self.sessions.seat(full);
        }
        room
    }

    pub(super) fn gone(&mut self, full: &str) {
        if let Some(seat) = self.sessions.find(full) {
            self.sessions.unseat(seat);
        }
        for request in self.requests.values_mut().filter(|request| request.asker.as_str() == full) {
            request.alone = true;
        }
    }

    /// Takes a room off the list; its copies are still taken for a while. The oldest such room goes first.
    pub(super) fn unlist(&mut self, room: &str) -> Option<Entry> {
        let entry = self.rooms.remove(room)?;
        while self.lost.len() >= self.limits.rooms.max(1) {
            let oldest = self.lost.iter().min_by_key(|(_, until)| **until).map(|(room, _)| room.clone());
            let Some(oldest) = oldest else { break };
            self.lost.remove(&oldest);
        }
        self.lost.insert(room.into(), self.now.plus(self.limits.copies_for));
        Some(entry)
    }

    /// Joins to one domain that are open.
    pub(super) fn awaits(&self, domain: &str) -> bool {
        self.requests.values().any(|request| request.way == Way::Gc3 && domain_of(request.to.as_str()) == domain)
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let requests = self.requests.values().map(|request| request.until);
        let leaves = self.leaves.values().map(|leaving| leaving.next);
        let early = self.early.values().map(|early| early.until);
        requests.chain(leaves).chain(early).chain(self.lost.values().copied()).min()
    }

    fn saved(&self) -> Saved {
        Saved {
            account: self.account.clone(),
            limits: self.limits,
            seed: self.seed.clone(),
            now: self.now,
            drawn: self.drawn,
            joins: self.joins,
            rooms: self.rooms.clone(),
            lost: self.lost.clone(),
            requests: self.requests.clone(),
            leaves: self.leaves.clone(),
            early: self.early.clone(),
            sessions: self.sessions.iter().map(|(seat, jid)| (seat, jid.clone())).collect(),
        }
    }

    pub(super) fn save(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.saved(), into);
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let saved: Saved = snapshot::take(body)?;
        let mut sessions = Roster::new(hash_key(&saved.seed));
        let most = saved.limits.sessions.saturating_mul(2).max(64);
        for (seat, jid) in saved.sessions {
            if seat.index() >= most || !sessions.seat_at(seat, jid) {
                return Err(Corrupt::Body("a session sits where it cannot"));
            }
        }
        let state = Self {
            account: saved.account,
            limits: saved.limits,
            seed: saved.seed,
            now: saved.now,
            drawn: saved.drawn,
            joins: saved.joins,
            rooms: saved.rooms,
            lost: saved.lost,
            requests: saved.requests,
            leaves: saved.leaves,
            early: saved.early,
            sessions,
        };
        state.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&state.saved(), body)?;
        Ok(state)
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let room = |text: &str| super::wire::room(text).is_some_and(|jid| jid.as_str() == text);
        if self.account.resource().is_some() {
            return Err("the account is no bare JID");
        }
        let keys = self.rooms.keys().chain(self.lost.keys()).chain(self.leaves.keys()).chain(self.early.keys());
        if !{ keys }.all(|key| room(key)) {
            return Err("a room is no bare JID with a localpart");
        }
        if self.rooms.len() > self.limits.rooms || self.requests.len() > self.limits.open {
            return Err("more rooms or requests than there may be");
        }
        if self.rooms.values().any(|entry| entry.approved && (entry.way != Way::Gc3 || !entry.through)) {
            return Err("an approval without a join of the account");
        }
        if self.leaves.keys().any(|room| self.rooms.get(room).is_some_and(|entry| entry.through)) {
            return Err("a room is joined and left");
        }
        if self.sessions.len() > self.limits.sessions {
            return Err("more sessions than there may be");
        }
        Ok(())
    }
}

fn hash_key(seed: &Seed) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&seed.draw("sessions", &[]).bytes()[..16]);
    key
}

/// The domain of a bare JID.
pub(super) fn domain_of(bare: &str) -> &str {
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}
