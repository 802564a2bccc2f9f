//! What a service knows: its rooms, their names, and what it has asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jid::BareJid;
use serde::{Deserialize, Serialize, Serializer};

use super::activity::Indicators;
use crate::codec::{Header, StanzaKind, StanzaType};
use crate::gc3::host::Token;
use crate::gc3::room::{DefaultTopics, Policy, Room, RoomState};
use crate::limits::Gc3Limits;
use crate::machine::Machine;
use crate::rate::{Rate, Rates};
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt};
use crate::time::Time;

/// What the host decides about a service. It may be changed at any time, and is not part of a snapshot's promise: the
/// host passes it again after loading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// The domain of the service. All stanzas for it and for whatever is below it belong here.
    pub domain: String,
    /// The name that service discovery shows.
    pub name: String,
    /// Accounts that administer every room (G13.1), as normalised bare JIDs.
    pub admins: BTreeSet<String>,
    /// Who may create rooms.
    pub create: Creators,
    /// Whether owners of listed rooms may give them aliases; administrators always may (G12.3).
    pub owners_set_aliases: bool,
    /// Whether its rooms are entered by clients of XEP-0045, too.
    pub muc: bool,
    /// Whether its rooms are entered by clients of the New MUC draft (`urn:xmpp:muc:0`), too. Accounts occupy rooms by
    /// their bare JIDs only where messages are sent on to them, as [`service::Rooms`](crate::service::Rooms) does.
    pub muc2: bool,
}

/// Who may create rooms (C7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Creators {
    /// Everybody.
    #[default]
    Everybody,
    /// Accounts of these domains, and administrators.
    Domains(BTreeSet<String>),
    /// Administrators.
    Admins,
}

impl ServiceConfig {
    /// A service at `domain` where everybody may create rooms, and where clients speak GC3 only.
    #[must_use]
    pub fn new(domain: &BareJid) -> Self {
        Self {
            domain: domain.as_str().to_owned(),
            name: "Group chat".to_owned(),
            admins: BTreeSet::new(),
            create: Creators::Everybody,
            owners_set_aliases: false,
            muc: false,
            muc2: false,
        }
    }

    /// What it decides for all of its rooms.
    pub(super) const fn policy(&self) -> Policy<'_> {
        Policy { admins: &self.admins, owners_set_aliases: self.owners_set_aliases, muc: self.muc, muc2: self.muc2 }
    }

    /// Whether an account may create rooms.
    pub(super) fn may_create(&self, bare: &str) -> bool {
        self.admins.contains(bare)
            || match &self.create {
                Creators::Everybody => true,
                Creators::Domains(domains) => domains.contains(bare.split_once('@').map_or(bare, |(_, domain)| domain)),
                Creators::Admins => false,
            }
    }
}

/// A room in its place.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) room: Room,
    pub(super) creator: Box<str>,
    /// The deadline that the index knows.
    pub(super) deadline: Option<Time>,
    /// The last message that activity indicators know of.
    pub(super) spoken: u64,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Name {
    /// The room of that number.
    Room(u32),
    /// An alias of the room of that number.
    Alias(u32),
}

impl Name {
    pub(super) const fn serial(self) -> u32 {
        match self {
            Self::Room(serial) | Self::Alias(serial) => serial,
        }
    }
}

/// A hash that stands for features.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct CapsKey {
    pub(super) second: bool,
    pub(super) hash: Box<str>,
    pub(super) ver: Box<str>,
}

/// A session whose features are waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiter {
    pub(super) token: Token,
    pub(super) jid: Box<str>,
    pub(super) node: Box<str>,
}

/// A question for features that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CapsQuery {
    /// The id under which it was sent.
    pub(super) id: Box<str>,
    /// Who was asked: the first of those who wait.
    pub(super) waiters: VecDeque<Waiter>,
    pub(super) until: Time,
}

/// What a rate bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Bound {
    /// Rooms that an account creates.
    Creation,
    /// Reports of whole rooms.
    Report,
    /// Subscriptions to activity indicators.
    Indication,
}

/// Everything that a service knows.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(super) config: ServiceConfig,
    pub(super) limits: Gc3Limits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    /// Whether a parent watches. Not saved.
    pub(super) watched: bool,
    pub(super) rooms: BTreeMap<u32, Held>,
    pub(super) names: BTreeMap<Box<str>, Name>,
    pub(super) deadlines: BTreeSet<(Time, u32)>,
    /// The rooms by who created them.
    pub(super) created: BTreeSet<(Box<str>, u32)>,
    /// When open questions for features are given up, by the ids under which they were sent.
    pub(super) caps_due: BTreeSet<(Time, Box<str>)>,
    pub(super) next_serial: u32,
    pub(super) drawn: u64,
    /// What is left to each account of what only the service bounds.
    rates: Rates<Bound>,
    pub(super) caps: BTreeMap<CapsKey, DefaultTopics>,
    /// The hashes in the order in which they were learnt.
    pub(super) caps_order: VecDeque<CapsKey>,
    pub(super) caps_queries: BTreeMap<CapsKey, CapsQuery>,
    /// The open questions by the ids under which they were sent.
    pub(super) caps_ids: BTreeMap<Box<str>, CapsKey>,
    /// Who is told of activity.
    pub(super) indicators: Indicators,
}

impl State {
    pub(super) const fn new(config: ServiceConfig, limits: Gc3Limits, seed: Seed) -> Self {
        Self {
            config,
            limits,
            seed,
            now: Time::EPOCH,
            watched: false,
            rooms: BTreeMap::new(),
            names: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            created: BTreeSet::new(),
            caps_due: BTreeSet::new(),
            next_serial: 1,
            drawn: 0,
            rates: Rates::new(),
            caps: BTreeMap::new(),
            caps_order: VecDeque::new(),
            caps_queries: BTreeMap::new(),
            caps_ids: BTreeMap::new(),
            indicators: Indicators::new(),
        }
    }

    /// Keeps the index of deadlines right after a room was called.
    pub(super) fn reindex(&mut self, serial: u32) {
        let Some(held) = self.rooms.get_mut(&serial) else { return };
        let deadline = held.room.deadline();
        if held.deadline == deadline {
            return;
        }
        if let Some(old) = held.deadline {
            self.deadlines.remove(&(old, serial));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, serial));
        }
        held.deadline = deadline;
    }

    /// The header of a message that the service itself sends.
    pub(super) fn word(&self) -> Header<'_> {
        let (kind, type_) = (StanzaKind::Message, StanzaType::Normal);
        Header { kind, type_, from: &self.config.domain, id: None, lang: None }
    }

    /// The rate of a bound.
    const fn rate(&self, bound: Bound) -> Rate {
        match bound {
            Bound::Creation => self.limits.creation,
            Bound::Report => self.limits.reports,
            Bound::Indication => self.limits.indications,
        }
    }

    /// Whether an account may do one more of what is bounded.
    pub(super) fn allows(&self, bound: Bound, bare: &str) -> bool {
        self.rates.get(bound, bare).allows(self.rate(bound), self.now)
    }

    /// Counts one; whether it was allowed.
    pub(super) fn spend(&mut self, bound: Bound, bare: &str) -> bool {
        self.rates.take(bound, bare, self.rate(bound), self.limits.rates_remembered, self.now)
    }

    /// The rooms of an account that still exist.
    pub(super) fn created_by(&self, bare: &str) -> usize {
        let of_account = self.created.range((bare.into(), 0)..=(bare.into(), u32::MAX));
        let exists = |serial| self.rooms.get(serial).is_some_and(|held| held.room.state.destroyed.is_none());
        of_account.filter(|(_, serial)| exists(serial)).count()
    }

    /// Adds a room under its drawn name.
    pub(super) fn add(&mut self, localpart: &str, creator: &str, serial: u32, room: Room) {
        self.names.insert(localpart.into(), Name::Room(serial));
        self.created.insert((creator.into(), serial));
        self.rooms.insert(serial, Held { room, creator: creator.into(), deadline: None, spoken: 0 });
        self.next_serial = self.next_serial.max(serial.saturating_add(1));
        self.reindex(serial);
    }

    /// Removes a room that has vanished, with every name that it had.
    pub(super) fn remove(&mut self, serial: u32) {
        if let Some(held) = self.rooms.remove(&serial) {
            if let Some(old) = held.deadline {
                self.deadlines.remove(&(old, serial));
            }
            self.created.remove(&(held.creator, serial));
        }
        self.names.retain(|_, name| name.serial() != serial);
        self.indicators.forget(serial);
    }

    /// Gives a room exactly these aliases.
    pub(super) fn alias(&mut self, serial: u32, aliases: &[String]) {
        self.names.retain(|_, name| *name != Name::Alias(serial));
        for alias in aliases {
            self.names.entry(alias.as_str().into()).or_insert(Name::Alias(serial));
        }
    }

    /// Remembers what a verified hash stands for; forgets the oldest beyond the limit.
    pub(super) fn learn(&mut self, key: CapsKey, topics: DefaultTopics) {
        if self.caps.insert(key.clone(), topics).is_none() {
            self.caps_order.push_back(key);
        }
        while self.caps_order.len() > self.limits.caps {
            if let Some(old) = self.caps_order.pop_front() {
                self.caps.remove(&old);
            }
        }
    }
}

/// A service as it is saved. What is looked at only is borrowed.
#[derive(Serialize, Deserialize)]
struct Saved<C, N, R, L, K, I> {
    config: C,
    limits: Gc3Limits,
    seed: Seed,
    now: Time,
    next_serial: u32,
    drawn: u64,
    names: N,
    rooms: Vec<(u32, Box<str>, R)>,
    rates: L,
    caps: Vec<(CapsKey, DefaultTopics)>,
    caps_queries: K,
    indicators: I,
}

type Loaded =
    Saved<ServiceConfig, BTreeMap<Box<str>, Name>, RoomState, Rates<Bound>, BTreeMap<CapsKey, CapsQuery>, Indicators>;

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let learnt = |key: &CapsKey| Some((key.clone(), *self.caps.get(key)?));
        Saved {
            config: &self.config,
            limits: self.limits,
            seed: self.seed.clone(),
            now: self.now,
            next_serial: self.next_serial,
            drawn: self.drawn,
            names: &self.names,
            rooms: self.rooms.iter().map(|(&n, held)| (n, held.creator.clone(), &held.room.state)).collect(),
            rates: &self.rates,
            caps: self.caps_order.iter().filter_map(learnt).collect(),
            caps_queries: &self.caps_queries,
            indicators: &self.indicators,
        }
        .serialize(serializer)
    }
}

impl State {
    /// Reads a body, rebuilds what is derived and checks that it makes sense.
    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let saved: Loaded = snapshot::take(body)?;
        let mut state = Self::new(saved.config, saved.limits, saved.seed);
        (state.now, state.next_serial, state.drawn) = (saved.now, saved.next_serial, saved.drawn);
        state.names = saved.names;
        state.rates = saved.rates;
        state.rates.reindex();
        state.caps_ids = saved.caps_queries.iter().map(|(key, query)| (query.id.clone(), key.clone())).collect();
        state.caps_due = saved.caps_queries.values().map(|query| (query.until, query.id.clone())).collect();
        state.caps_queries = saved.caps_queries;
        for (key, topics) in saved.caps {
            state.caps_order.push_back(key.clone());
            state.caps.insert(key, topics);
        }
        state.indicators = saved.indicators;
        state.indicators.reindex();
        for (serial, creator, room) in saved.rooms {
            let room = Room::of(room)?;
            if room.state.serial != serial || serial >= state.next_serial {
                return Err(Corrupt::Body("a room has another's number"));
            }
            state.created.insert((creator.clone(), serial));
            let spoken = room.state.talk.spoken;
            state.rooms.insert(serial, Held { room, creator, deadline: None, spoken });
            state.reindex(serial);
        }
        state.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&state, body)?;
        Ok(state)
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !self.names.values().all(|name| self.rooms.contains_key(&name.serial())) {
            return Err("a name stands for no room");
        }
        let own = |(serial, held): (&u32, &Held)| {
            let address = held.room.state.address.as_str();
            let name = address.strip_suffix(&self.config.domain).and_then(|rest| rest.strip_suffix('@'));
            name.and_then(|name| self.names.get(name)) == Some(&Name::Room(*serial))
        };
        if !self.rooms.iter().all(own) {
            return Err("a room is not found under its name");
        }
        if !self.caps_queries.values().all(|query| !query.waiters.is_empty()) {
            return Err("features are asked for nobody");
        }
        if !self.indicators.check(|serial| self.rooms.contains_key(&serial)) {
            return Err("somebody waits for a room that there is not");
        }
        Ok(())
    }
}
