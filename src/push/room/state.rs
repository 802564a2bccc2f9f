//! What a room knows of those who may get copies: plain ordered data, and the only ways in which it changes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::host::{Affiliation, Config, Dialect, Mode, Role, Wish};
use super::index::Index;
use crate::limits::PushRoomLimits;
use crate::party::{Address, Roster, Seat, Seats};
use crate::push::mention::Nick;
use crate::rate::Allowance;
use crate::snapshot::{self, Corrupt};
use crate::time::{Span, Time};

/// Everything that is known.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The room's bare JID.
    pub(super) room: Address,
    pub(super) config: Config,
    pub(super) limits: PushRoomLimits,
    pub(super) now: Time,
    /// How many messages had copies: the next one's number.
    pub(super) seq: u64,
    pub(super) accounts: Roster,
    slots: Vec<Option<Account>>,
    /// The sessions in the room, and the account of each.
    sessions: Roster,
    of: Vec<Seat>,
    /// The messages that were copied last.
    pub(super) recent: VecDeque<Copied>,
    /// Who gets every copy now, by dialect. Derived, as is all that follows.
    pub(super) all: [Seats; 3],
    /// Who gets the copies that mention them, by dialect.
    pub(super) mentioned: [Seats; 3],
    /// Those who get mentions, by occupant id and by the first word of their nickname.
    pub(super) ids: Index,
    pub(super) words: Index,
    nicks: Vec<Option<Nick>>,
    /// When pauses end.
    pub(super) pauses: BTreeSet<(Time, Seat)>,
    /// How many are entitled.
    pub(super) members: usize,
    /// Whether they are too many.
    pub(super) crowded: bool,
}

/// An account with a ground for copies, or with a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
    pub(super) participant: Option<Entry<Option<Wish>>>,
    pub(super) registered: Option<Entry<Option<bool>>>,
    pub(super) occupancy: bool,
    /// When it last did something.
    pub(super) alive: Time,
    pub(super) status: Status,
    /// Refusals without a success between them.
    pub(super) strikes: u8,
    /// How often its bounces may count.
    pub(super) counted: Allowance,
    /// How many copies came back.
    pub(super) bounces: u32,
    /// Since when its server is out of reach, and the last pause.
    pub(super) trouble: Option<(Time, Span)>,
    /// The first message whose copies it could get, and the first that it could not get any more.
    pub(super) from: u64,
    pub(super) until: Option<u64>,
    /// The first message of which nothing came back yet.
    pub(super) bounced: u64,
    /// What it got then: every copy, or those that mention it.
    got: Wish,
    /// What it gets now, in which words. Derived, as is the number of its sessions.
    #[serde(skip)]
    pub(super) place: Option<(Wish, Dialect)>,
    #[serde(skip)]
    pub(super) entitled: bool,
    #[serde(skip)]
    pub(super) live: u32,
}

/// A ground that the account gave itself: under which name, and with which wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry<W> {
    pub(super) id: Box<str>,
    pub(super) nick: Box<str>,
    pub(super) wish: W,
}

/// Whether copies are sent to an account that is entitled to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    #[default]
    Active,
    Suspended {
        until: Time,
    },
    /// Until it asks again, or also until it joins.
    Unsupported {
        joins: bool,
    },
}

/// A message that was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) id: Arc<str>,
    pub(super) at: Time,
    /// The author, if it got none.
    pub(super) but: Option<Seat>,
    /// Who got it because it mentions them; `None`: everybody who gets mentions.
    pub(super) mentioned: Option<Box<[Seat]>>,
}

/// What an account is entitled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) wish: Wish,
    /// Whether it said so itself.
    pub(super) explicit: bool,
    pub(super) dialect: Dialect,
}

impl Account {
    /// One that gets nothing yet.
    const fn new(seq: u64) -> Self {
        Self {
            affiliation: Affiliation::None,
            role: Role::Participant,
            participant: None,
            registered: None,
            occupancy: false,
            alive: Time::EPOCH,
            status: Status::Active,
            strikes: 0,
            counted: Allowance::NONE,
            bounces: 0,
            trouble: None,
            from: seq,
            until: Some(seq),
            bounced: seq,
            got: Wish::Never,
            place: None,
            entitled: false,
            live: 0,
        }
    }

    const fn interval(&self) -> (u64, Option<u64>, u64, Wish) {
        (self.from, self.until, self.bounced, self.got)
    }

    const fn set_interval(&mut self, interval: (u64, Option<u64>, u64, Wish)) {
        (self.from, self.until, self.bounced, self.got) = interval;
    }

    /// Whether nothing is known of it that would have to be remembered.
    fn is_idle(&self) -> bool {
        self.participant.is_none() && self.registered.is_none() && !self.occupancy && self.live == 0
    }

    pub(super) const fn has_ground(&self) -> bool {
        self.participant.is_some() || self.registered.is_some() || self.occupancy
    }

    /// What it is entitled to (R3, R16, MC7, MC8).
    pub(super) fn claim(&self, config: &Config) -> Option<Claim> {
        if self.affiliation == Affiliation::Outcast {
            return None;
        }
        let own =
            self.participant.as_ref().map(|entry| (entry.wish.unwrap_or(config.participants), entry.wish.is_some()));
        let occupancy = self.occupancy.then_some((Wish::Always, true));
        let registered = self.registered.as_ref().filter(|_| self.affiliation != Affiliation::None).map(|entry| {
            let on = entry.wish.unwrap_or(config.registered);
            (if on { Wish::Always } else { Wish::Never }, entry.wish.is_some())
        });
        let grounds = [own, occupancy, registered];
        // What an account says outweighs what a room assumes.
        let explicit = grounds.iter().flatten().any(|(_, explicit)| *explicit);
        let wish = grounds.iter().flatten().filter(|ground| ground.1 || !explicit).map(|ground| ground.0).max()?;
        let dialect = match (own, occupancy) {
            (Some(_), _) => Dialect::Gc3,
            (None, Some(_)) => Dialect::Muc2,
            (None, None) => Dialect::Muc,
        };
        (wish > Wish::Never).then_some(Claim { wish, explicit, dialect })
    }

    /// Its nickname and occupant id.
    pub(super) fn names(&self) -> (&str, &str) {
        match (&self.participant, &self.registered) {
            (Some(entry), _) => (&entry.nick, &entry.id),
            (None, Some(entry)) => (&entry.nick, &entry.id),
            (None, None) => ("", ""),
        }
    }
}

impl State {
    pub(super) fn new(room: Address, config: Config, limits: PushRoomLimits, key: [u8; 16]) -> Self {
        Self {
            room,
            config,
            limits,
            now: Time::EPOCH,
            seq: 0,
            accounts: Roster::new(key),
            slots: Vec::new(),
            sessions: Roster::new(key),
            of: Vec::new(),
            recent: VecDeque::new(),
            all: Default::default(),
            mentioned: Default::default(),
            ids: Index::new(key),
            words: Index::new(key),
            nicks: Vec::new(),
            pauses: BTreeSet::new(),
            members: 0,
            crowded: false,
        }
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Account> {
        self.slots.get(seat.index())?.as_ref()
    }

    pub(super) fn jid(&self, seat: Seat) -> &str {
        self.accounts.get(seat).map_or("", Address::as_str)
    }

    pub(super) fn nick(&self, seat: Seat) -> Option<&Nick> {
        self.nicks.get(seat.index())?.as_ref()
    }

    /// Whether copies go to those only who have no session here.
    pub(super) fn absent_only(&self) -> bool {
        self.crowded || self.config.mode != Mode::Always
    }

    /// The seat of an account, given to it if there is room.
    pub(super) fn seat(&mut self, bare: &str, address: impl FnOnce() -> Address) -> Option<Seat> {
        if let Some(seat) = self.accounts.find(bare) {
            return Some(seat);
        }
        if self.accounts.len() >= self.limits.accounts {
            return None;
        }
        let seat = self.accounts.seat(address());
        if self.slots.len() <= seat.index() {
            self.slots.resize(seat.index() + 1, None);
            self.nicks.resize(seat.index() + 1, None);
        }
        self.slots[seat.index()] = Some(Account::new(self.seq));
        Some(seat)
    }

    /// Changes an account, and everything that follows from that; forgets it if nothing is left of it.
    pub(super) fn change(&mut self, seat: Seat, change: impl FnOnce(&mut Account)) {
        let Some(account) = self.slots.get_mut(seat.index()).and_then(Option::as_mut) else { return };
        if let Status::Suspended { until } = account.status {
            self.pauses.remove(&(until, seat));
        }
        change(account);
        if let Status::Suspended { until } = account.status {
            self.pauses.insert((until, seat));
        }
        let claim = account.claim(&self.config);
        let entitled = claim.is_some();
        if entitled != account.entitled {
            account.entitled = entitled;
            if entitled {
                self.members += 1;
            } else {
                self.members -= 1;
            }
        }
        let idle = account.is_idle();
        self.place(seat);
        if idle {
            let gone = self.slots[seat.index()].take();
            if let Some(Status::Suspended { until }) = gone.map(|account| account.status) {
                self.pauses.remove(&(until, seat));
            }
            self.accounts.unseat(seat);
        }
    }

    /// An account did something.
    pub(super) fn alive(&mut self, bare: &str) {
        let seat = self.accounts.find(bare);
        if let Some(account) = seat.and_then(|seat| self.slots.get_mut(seat.index())).and_then(Option::as_mut) {
            account.alive = self.now;
        }
    }

    /// Whether the number of members has passed the limit, in either direction; then everybody's place is found anew.
    pub(super) fn crowd(&mut self) -> bool {
        let crowded = self.members > self.limits.members;
        let changed = crowded != self.crowded;
        if changed {
            self.crowded = crowded;
            self.replace();
        }
        changed
    }

    /// Finds everybody's place anew: other rules hold.
    pub(super) fn replace(&mut self) {
        let seats: Vec<Seat> = self.accounts.taken().iter().collect();
        for seat in seats {
            self.change(seat, |_| {});
        }
    }

    /// Puts an account where it gets what it is to get now.
    fn place(&mut self, seat: Seat) {
        let Some(account) = self.get(seat) else { return };
        let new = self.due(account);
        let old = account.place;
        if old == new && new.is_none_or(|(wish, _)| wish == Wish::Always) {
            return;
        }
        let names = account.names();
        let nick = new.filter(|(wish, _)| *wish == Wish::Mentions).and_then(|_| Nick::new(names.0));
        let listens = new.is_some_and(|(wish, _)| wish == Wish::Mentions);
        let id: Box<str> = if listens { names.1.into() } else { "".into() };
        self.unlist(seat);
        if let Some((wish, dialect)) = old {
            let set = if wish == Wish::Always { &mut self.all } else { &mut self.mentioned };
            set[dialect.index()].remove(seat);
        }
        if let Some((wish, dialect)) = new {
            let set = if wish == Wish::Always { &mut self.all } else { &mut self.mentioned };
            set[dialect.index()].insert(seat);
        }
        if let Some(nick) = &nick {
            self.words.insert(nick.first_word(), seat);
        }
        if !id.is_empty() {
            self.ids.insert(&id, seat);
        }
        self.nicks[seat.index()] = nick;
        let seq = self.seq;
        let Some(account) = self.slots.get_mut(seat.index()).and_then(Option::as_mut) else { return };
        if old != new {
            account.place = new;
            if let Some((wish, _)) = new {
                (account.from, account.until, account.got) = (seq, None, wish);
                account.bounced = account.bounced.max(seq);
            } else {
                account.until = Some(seq);
            }
        }
    }

    /// What an account is to get now.
    fn due(&self, account: &Account) -> Option<(Wish, Dialect)> {
        let claim = account.claim(&self.config)?;
        let there = self.absent_only() && account.live > 0;
        let active = account.status == Status::Active;
        if there || !active {
            return None;
        }
        match self.config.mode {
            Mode::MentionsOnly if account.affiliation < Affiliation::Member => None,
            Mode::MentionsOnly => Some((Wish::Mentions, claim.dialect)),
            Mode::Always | Mode::AbsentOnly => Some((claim.wish, claim.dialect)),
        }
    }

    fn unlist(&mut self, seat: Seat) {
        if let Some(nick) = self.nicks.get_mut(seat.index()) {
            *nick = None;
        }
        self.words.remove(seat);
        self.ids.remove(seat);
    }

    /// Whether a session is there.
    pub(super) fn is_there(&self, full: &str) -> bool {
        self.sessions.find(full).is_some()
    }

    /// A session came. `false` if it is one too many.
    pub(super) fn join(&mut self, full: Address, seat: Seat) -> bool {
        if self.sessions.find(full.as_str()).is_some() {
            return true;
        }
        if self.get(seat).is_none_or(|account| account.live >= self.limits.sessions) {
            return false;
        }
        let session = self.sessions.seat(full);
        if self.of.len() <= session.index() {
            self.of.resize(session.index() + 1, Seat(0));
        }
        self.of[session.index()] = seat;
        self.change(seat, |account| account.live += 1);
        true
    }

    /// A session is gone. Whether it was there.
    pub(super) fn leave(&mut self, full: &str) -> Option<Seat> {
        let session = self.sessions.find(full)?;
        self.sessions.unseat(session);
        let seat = self.of.get(session.index()).copied()?;
        self.change(seat, |account| account.live = account.live.saturating_sub(1));
        Some(seat)
    }

    /// The number of the newest message with that id of which this account got a copy, and when that was.
    pub(super) fn copied(&self, seat: Seat, id: &str) -> Option<(u64, Time)> {
        let account = self.get(seat)?;
        let oldest = self.oldest();
        let found = self
            .recent
            .iter()
            .enumerate()
            .rev()
            .find(|(n, copied)| *copied.id == *id && self.got(account, seat, oldest + *n as u64, copied));
        found.map(|(n, copied)| (oldest + n as u64, copied.at))
    }

    /// The number of the oldest message that is remembered.
    pub(super) fn oldest(&self) -> u64 {
        self.seq - self.recent.len() as u64
    }

    /// Whether an account got a copy of a message.
    fn got(&self, account: &Account, seat: Seat, number: u64, copied: &Copied) -> bool {
        let there = account.from <= number && account.until.is_none_or(|until| number < until);
        let listens = account.got == Wish::Mentions;
        let hit = !listens || copied.mentioned.as_ref().is_none_or(|seats| seats.binary_search(&seat).is_ok());
        there && hit && copied.but != Some(seat)
    }

    /// Whether a copy arrived between those that came back: sent before this one, and long enough ago.
    pub(super) fn succeeded(&self, seat: Seat, before: u64) -> bool {
        let Some(account) = self.get(seat) else { return false };
        let oldest = self.oldest();
        let arrived = |at: Time| self.now >= at.plus(self.limits.silence);
        let first = account.bounced.max(account.from);
        // What is not remembered any more was sent before what is.
        let forgotten = first < oldest && self.recent.front().is_some_and(|copied| arrived(copied.at));
        forgotten
            || (first.max(oldest)..before).any(|number| {
                let copied = usize::try_from(number - oldest).ok().and_then(|n| self.recent.get(n));
                copied.is_some_and(|copied| arrived(copied.at) && self.got(account, seat, number, copied))
            })
    }

    /// Remembers a message that was copied.
    pub(super) fn remember(&mut self, copied: Copied) {
        self.seq += 1;
        if self.recent.len() >= self.limits.recent {
            self.recent.pop_front();
        }
        if self.limits.recent > 0 {
            self.recent.push_back(copied);
        }
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let mut members = 0;
        for (seat, _) in self.accounts.iter() {
            let account = self.get(seat).ok_or("an account has no slot")?;
            members += usize::from(account.claim(&self.config).is_some());
            if account.place != self.due(account) {
                return Err("an account is not where it belongs");
            }
            for dialect in Dialect::ALL {
                let here = |wish| account.place == Some((wish, dialect));
                if self.all[dialect.index()].contains(seat) != here(Wish::Always)
                    || self.mentioned[dialect.index()].contains(seat) != here(Wish::Mentions)
                {
                    return Err("an account is in a set where it does not belong");
                }
            }
            if account.from > self.seq || account.bounced > self.seq || account.until.is_some_and(|at| at > self.seq) {
                return Err("an account knows of messages to come");
            }
            let got = account.place.is_none_or(|(wish, _)| wish == account.got);
            if account.place.is_some() != account.until.is_none()
                || !got
                || account.from > account.until.unwrap_or(u64::MAX)
            {
                return Err("an account got what it did not get");
            }
            if account.is_idle() {
                return Err("an account is remembered for nothing");
            }
            if let Status::Suspended { until } = account.status
                && !self.pauses.contains(&(until, seat))
            {
                return Err("a pause never ends");
            }
        }
        if members != self.members || self.crowded != (members > self.limits.members) {
            return Err("the members are not counted");
        }
        let live: usize = self.slots.iter().flatten().map(|account| account.live as usize).sum();
        if live != self.sessions.len() || self.slots.iter().flatten().count() != self.accounts.len() {
            return Err("sessions or accounts are not counted");
        }
        if self.recent.len() as u64 > self.seq || self.recent.len() > self.limits.recent {
            return Err("more messages are remembered than there were");
        }
        Ok(())
    }
}

/// The state as it is saved: what is looked at only is borrowed.
#[derive(Serialize, Deserialize)]
struct Saved<C, A, S, R> {
    room: Address,
    config: C,
    limits: PushRoomLimits,
    now: Time,
    seq: u64,
    key: [u8; 16],
    /// By seat.
    accounts: Vec<Option<A>>,
    sessions: Vec<Option<S>>,
    recent: R,
}

type Loaded = Saved<Config, (Box<str>, Account), (Box<str>, Seat), VecDeque<Copied>>;

impl State {
    pub(super) fn save(&self, into: &mut Vec<u8>) {
        let filled = |seats: &Seats| seats.iter().last().map_or(0, |seat| seat.0 + 1);
        let account = |seat| Some((self.accounts.get(seat)?.as_str(), self.get(seat)?));
        let session = |seat: Seat| Some((self.sessions.get(seat)?.as_str(), *self.of.get(seat.index())?));
        let saved = Saved {
            room: self.room.clone(),
            config: &self.config,
            limits: self.limits,
            now: self.now,
            seq: self.seq,
            key: self.accounts.key(),
            accounts: (0..filled(self.accounts.taken())).map(|n| account(Seat(n))).collect(),
            sessions: (0..filled(self.sessions.taken())).map(|n| session(Seat(n))).collect(),
            recent: &self.recent,
        };
        snapshot::put(&saved, into);
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        const BAD: Corrupt = Corrupt::Body("an account or a session is not where it can be");
        let saved: Loaded = snapshot::take(body)?;
        let mut state = Self::new(saved.room, saved.config, saved.limits, saved.key);
        (state.now, state.seq, state.recent) = (saved.now, saved.seq, saved.recent);
        if state.recent.len() as u64 > state.seq || saved.accounts.len() > u32::MAX as usize {
            return Err(Corrupt::Body("more is remembered than there was"));
        }
        state.nicks = vec![None; saved.accounts.len()];
        state.accounts.reserve(saved.accounts.len());
        for (seat, slot) in (0..).map(Seat).zip(saved.accounts) {
            if let Some((jid, _)) = &slot {
                let address = Address::from_saved(jid).filter(|address| address.resource().is_none()).ok_or(BAD)?;
                if !state.accounts.seat_at(seat, address) {
                    return Err(BAD);
                }
            }
            state.slots.push(slot.map(|(_, account)| account));
        }
        state.of = vec![Seat(0); saved.sessions.len()];
        for (session, slot) in (0..).map(Seat).zip(saved.sessions) {
            let Some((jid, seat)) = slot else { continue };
            let address = Address::from_saved(&jid).filter(|address| address.resource().is_some()).ok_or(BAD)?;
            let own = state.accounts.get(seat).is_some_and(|account| account.as_str() == address.bare());
            let account = state.slots.get_mut(seat.index()).and_then(Option::as_mut);
            let Some(account) = account.filter(|_| own) else { return Err(BAD) };
            account.live += 1;
            if !state.sessions.seat_at(session, address) {
                return Err(BAD);
            }
            state.of[session.index()] = seat;
        }
        let intervals: Vec<_> = state.slots.iter().map(|slot| slot.as_ref().map(Account::interval)).collect();
        state.replace();
        state.crowd();
        for (slot, interval) in state.slots.iter_mut().zip(intervals) {
            if let (Some(account), Some(interval)) = (slot, interval) {
                account.set_interval(interval);
            }
        }
        state.check().map_err(Corrupt::Body)?;
        let mut again = Vec::with_capacity(body.len());
        state.save(&mut again);
        if again == body { Ok(state) } else { Err(Corrupt::Body("not the canonical form")) }
    }
}
