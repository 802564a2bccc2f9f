//! The copies of a room as a machine: who gets them, and what becomes of those that come back.

use jid::BareJid;
use smallvec::SmallVec;

use super::bounce::{self, Verdict};
use super::broadcast::{Broadcast, forwarded};
use super::host::{Affiliation, Config, Dialect, Input, Mode, Notice, Participant, Registration, Wish};
use super::rules as rule;
use super::state::{Account, Copied, Entry, State, Status};
use crate::limits::PushRoomLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::party::{Address, Audience, Seat, bare};
use crate::push::mention::{Name, Permitted, words};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;

/// The copies of one room's messages for the bare JIDs of its members.
///
/// Usually held beside the room by a service, which tells it who belongs to the room, who is there, what is said and
/// what comes back. It sends the copies itself, all members' in one action for each dialect.
#[derive(Clone, Debug)]
pub struct Room {
    state: State,
}

type Out<'a> = dyn Sink<core::convert::Infallible, Notice> + 'a;

impl Room {
    /// The copies of a room without members. `secret` keys what is looked up by text.
    #[must_use]
    pub fn new(room: &BareJid, config: Config, limits: PushRoomLimits, secret: &Seed) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&secret.draw("push-room-key", &[]).bytes()[..16]);
        Self { state: State::new(Address::from(room), config, limits, key) }
    }

    /// The room's address.
    pub(crate) fn address(&self) -> &str {
        self.state.room.as_str()
    }

    /// What it is set to.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.state.config
    }

    /// How many accounts are entitled to copies.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.state.members
    }

    /// Whether nobody has anything to do with it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.accounts.is_empty()
    }

    /// Whether a message would be sent to anybody who wants to be mentioned in it: only then need it be read for that.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.state.mentioned.iter().any(|seats| !seats.is_empty())
    }

    /// Whether an account has a ground for copies or a session.
    #[must_use]
    pub fn knows(&self, bare: &str) -> bool {
        self.state.accounts.find(bare).is_some()
    }

    /// The accounts with a ground for copies.
    pub(crate) fn grounded(&self) -> impl Iterator<Item = &str> {
        let grounded = |seat: &Seat| self.state.get(*seat).is_some_and(Account::has_ground);
        self.state.accounts.taken().iter().filter(grounded).map(|seat| self.state.jid(seat))
    }

    /// Whether an account is known to be in with its bare JID.
    #[must_use]
    pub fn is_occupied_by(&self, bare: &str) -> bool {
        let account = self.state.accounts.find(bare).and_then(|seat| self.state.get(seat));
        account.is_some_and(|account| account.occupancy)
    }

    /// Whether everything fits together.
    ///
    /// # Errors
    /// What does not fit. It never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    /// Changes an account that may be new, and tells what it is entitled to if that changed.
    fn account(&mut self, why: Rule, jid: &BareJid, change: impl FnOnce(&mut Account), out: &mut Out<'_>) {
        match self.state.seat(jid.as_str(), || Address::from(jid)) {
            Some(seat) => self.change(why, seat, change, out),
            None => out.push(rule::R17, Action::Tell(Notice::Full { jid: jid.as_str().into() })),
        }
    }

    /// Changes an account that is known.
    fn known(&mut self, why: Rule, jid: &BareJid, change: impl FnOnce(&mut Account), out: &mut Out<'_>) {
        match self.state.accounts.find(jid.as_str()) {
            Some(seat) => self.change(why, seat, change, out),
            None => also(out, why),
        }
    }

    fn change(&mut self, why: Rule, seat: Seat, change: impl FnOnce(&mut Account), out: &mut Out<'_>) {
        let jid: Box<str> = self.state.jid(seat).into();
        let claim = |state: &State| {
            let account = state.accounts.find(&jid).and_then(|seat| state.get(seat));
            account.and_then(|account| Some((account.claim(&state.config)?, account.status)))
        };
        let before = claim(&self.state);
        self.state.change(seat, change);
        let after = claim(&self.state);
        match (before, after) {
            (Some((old, _)), Some((new, _))) if (old.wish, old.dialect) == (new.wish, new.dialect) => also(out, why),
            (_, Some((new, _))) => {
                let (wish, dialect) = (new.wish, new.dialect);
                out.push(why, Action::Tell(Notice::Entitled { jid: jid.clone(), wish, dialect }));
            }
            (Some(_), None) => out.push(why, Action::Tell(Notice::NotEntitled { jid: jid.clone() })),
            (None, None) => also(out, why),
        }
        if let (Some((_, old)), Some((_, Status::Active))) = (before, after)
            && old != Status::Active
        {
            let why = if matches!(old, Status::Suspended { .. }) { rule::R9 } else { rule::R18 };
            out.push(why, Action::Tell(Notice::Resumed { jid }));
        }
        self.crowd(out);
    }

    fn crowd(&mut self, out: &mut Out<'_>) {
        if self.state.crowd() {
            out.push(rule::R14, Action::Tell(Notice::Crowded { on: self.state.crowded }));
        }
    }

    fn participant(&mut self, who: Participant, out: &mut Out<'_>) {
        let now = self.state.now;
        let Participant { jid, id, nick, push, affiliation, role, own } = who;
        let why = if affiliation == Affiliation::Outcast { rule::R3 } else { rule::MC7 };
        let change = |account: &mut Account| {
            let new = account.participant.is_none();
            account.participant = Some(Entry { id, nick, wish: push });
            (account.affiliation, account.role) = (affiliation, role);
            if own || new {
                // Somebody new has just come, as far as anybody here knows.
                account.alive = now;
            }
            if own {
                asks_again(account, push.is_some_and(|push| push > Wish::Never), new);
            }
        };
        self.account(why, &jid, change, out);
    }

    fn registered(&mut self, registration: Registration, out: &mut Out<'_>) {
        let now = self.state.now;
        let Registration { jid, id, nick, offline, affiliation, role, own } = registration;
        let why = match (affiliation, offline) {
            (Affiliation::Outcast | Affiliation::None, _) => rule::R3,
            (_, None) => rule::R16,
            (_, Some(_)) => rule::MC7,
        };
        let change = |account: &mut Account| {
            let new = account.registered.is_none();
            account.registered = Some(Entry { id, nick, wish: offline });
            (account.affiliation, account.role) = (affiliation, role);
            if own || new {
                account.alive = now;
            }
            if own {
                asks_again(account, offline == Some(true), new);
            }
        };
        self.account(why, &jid, change, out);
    }

    fn affiliation(&mut self, jid: &BareJid, affiliation: Affiliation, out: &mut Out<'_>) {
        let ground = self.state.accounts.find(jid.as_str()).and_then(|seat| self.state.get(seat));
        let barred = matches!(affiliation, Affiliation::Outcast | Affiliation::None);
        let why = match ground {
            Some(account) if account.has_ground() && barred => rule::R3,
            Some(account) if account.has_ground() => rule::MC7,
            _ => rule::R15,
        };
        self.known(why, jid, |account| account.affiliation = affiliation, out);
    }

    fn joined(&mut self, jid: &jid::FullJid, out: &mut Out<'_>) {
        let bare = jid.to_bare();
        let now = self.state.now;
        let full = || Notice::Full { jid: jid.as_str().into() };
        let Some(seat) = self.state.seat(bare.as_str(), || Address::from(&bare)) else {
            return out.push(rule::R17, Action::Tell(full()));
        };
        let came = !self.state.is_there(jid.as_str());
        if !self.state.join(Address::from(&jid::Jid::from(jid.clone())), seat) {
            // If it was not known before, it is not now.
            self.state.change(seat, |_| {});
            return out.push(rule::R17, Action::Tell(full()));
        }
        let change = |account: &mut Account| {
            account.alive = now;
            asks_again(account, false, came);
        };
        self.change(rule::R5, seat, change, out);
    }

    fn left(&mut self, jid: &jid::FullJid, out: &mut Out<'_>) {
        self.state.leave(jid.as_str());
        also(out, rule::R5);
    }

    /// Sends the copies of a message.
    fn broadcast(&mut self, message: &Broadcast, out: &mut Out<'_>) {
        let not = if message.content.is_none() { Some(rule::R2) } else { (!message.identified).then_some(rule::R1) };
        if let Some(why) = not {
            return out.push(why, Action::Tell(Notice::NotCopied { id: message.id.clone() }));
        }
        let state = &self.state;
        let author = message.author.as_ref().and_then(|author| state.accounts.find(author.as_str()));
        let but: SmallVec<[Seat; 1]> = author.filter(|_| state.absent_only()).into_iter().collect();
        let hit = if self.reads() { self.mentioned(message, author) } else { Hit::Few(SmallVec::new()) };
        let mut dialects = 0;
        for dialect in Dialect::ALL {
            let Some(written) = message.rendering(dialect) else { continue };
            let everybody = Audience::all_but(&state.accounts, &state.all[dialect.index()], &but);
            let mut some = send(out, if state.absent_only() { rule::R5 } else { rule::R4 }, everybody, written);
            some |= self.send_mentioned(message, &hit, author, dialect, written, out);
            dialects += usize::from(some);
        }
        if dialects > 1 {
            also(out, rule::MC8);
        }
        if message.stripped {
            also(out, rule::R12);
        }
        if author.is_some() {
            also(out, rule::R6);
        }
        if dialects == 0 {
            out.push(rule::R1, Action::Tell(Notice::NotCopied { id: message.id.clone() }));
        }
        let mentioned = match hit {
            Hit::All => None,
            Hit::Few(seats) => Some(seats.into_vec().into_boxed_slice()),
        };
        // The author gets a copy only of all that is said.
        let all = |seat: &Seat| self.state.all.iter().any(|seats| seats.contains(*seat));
        let but = author.filter(|seat| !but.is_empty() || !all(seat));
        let copied = Copied { id: message.id.clone(), at: state.now, but, mentioned };
        self.state.remember(copied);
    }

    fn send_mentioned(
        &self,
        message: &Broadcast,
        hit: &Hit,
        author: Option<Seat>,
        dialect: Dialect,
        written: &crate::codec::Outgoing,
        out: &mut Out<'_>,
    ) -> bool {
        let state = &self.state;
        let listening = &state.mentioned[dialect.index()];
        let few: SmallVec<[Seat; 16]> = match hit {
            Hit::All => SmallVec::new(),
            Hit::Few(seats) => seats.iter().copied().filter(|seat| listening.contains(*seat)).collect(),
        };
        let but: SmallVec<[Seat; 1]> = author.into_iter().collect();
        let to = match hit {
            Hit::All => Audience::all_but(&state.accounts, listening, &but),
            Hit::Few(_) => Audience::few(&state.accounts, &few),
        };
        if to.is_empty() {
            return false;
        }
        if state.config.mode != Mode::MentionsOnly {
            return send(out, rule::T5, to, written);
        }
        match forwarded(state.room.as_str(), &message.id, &state.now.to_string(), written) {
            Some(forwarded) => send(out, rule::F1, to, &forwarded),
            None => false,
        }
    }

    /// Whom a message mentions, of those who want to be told of mentions only (T5).
    fn mentioned(&self, message: &Broadcast, author: Option<Seat>) -> Hit {
        let state = &self.state;
        let Some(mentions) = message.mentions.as_ref().filter(|mentions| !mentions.is_unreadable()) else {
            return Hit::All;
        };
        let permitted = Permitted {
            count: state.config.mentions,
            individual: true,
            channel: message.role >= state.config.groups,
            associations: message.role >= state.config.groups,
        };
        let mut seats: SmallVec<[Seat; 8]> = SmallVec::new();
        let mut add = |seat: Seat, active: bool| {
            let there = state.get(seat).is_some_and(|account| account.live > 0);
            if Some(seat) != author && (there || !active) {
                seats.push(seat);
            }
        };
        for named in mentions.named(state.room.as_str(), &permitted) {
            match named.whom {
                Name::Occupant(id) => self.by_id(id, |seat| add(seat, named.active)),
                Name::Address(jid) => match jid.split_once('/') {
                    Some((room, resource)) if room == state.room.as_str() => {
                        self.by_id(resource, |seat| add(seat, named.active));
                        self.by_nick(resource, |seat| add(seat, named.active));
                    }
                    _ => {
                        let bare = bare(jid);
                        state.accounts.find(bare).into_iter().for_each(|seat| add(seat, named.active));
                    }
                },
                Name::Group(group) => {
                    for seat in state.mentioned.iter().flat_map(crate::party::Seats::iter) {
                        if state.get(seat).is_some_and(|account| is_in(account, group)) {
                            add(seat, named.active);
                        }
                    }
                }
            }
        }
        if !state.words.is_empty() {
            for (at, word) in words(mentions.text()) {
                state.words.each(word, |seat| {
                    if state.nick(seat).is_some_and(|nick| nick.stands_at(mentions.text(), at)) {
                        add(seat, false);
                    }
                });
            }
        }
        seats.retain(|seat| state.mentioned.iter().any(|listening| listening.contains(*seat)));
        seats.sort_unstable();
        seats.dedup();
        Hit::Few(seats)
    }

    /// Those with an occupant id.
    fn by_id(&self, id: &str, mut with: impl FnMut(Seat)) {
        self.state.ids.each(id, |seat| {
            if self.state.get(seat).is_some_and(|account| account.names().1 == id) {
                with(seat);
            }
        });
    }

    /// Those with exactly that nickname.
    fn by_nick(&self, nick: &str, mut with: impl FnMut(Seat)) {
        let Some(folded) = crate::push::mention::Nick::new(nick) else { return };
        self.state.words.each(folded.first_word(), |seat| {
            if self.state.get(seat).is_some_and(|account| account.names().0 == nick) {
                with(seat);
            }
        });
    }

    fn returned(&mut self, error: &crate::codec::Stanza, out: &mut Out<'_>) {
        let (why, verdict) = bounce::judge(&self.state, error);
        let now = self.state.now;
        let rate = self.state.limits.bounces;
        let jid = |state: &State, seat| -> Box<str> { state.jid(seat).into() };
        let came_back = |account: &mut Account, number: u64| {
            account.bounces = account.bounces.saturating_add(1);
            account.bounced = account.bounced.max(number + 1);
        };
        match verdict {
            Verdict::Ignore => {
                out.push(why, Action::Tell(Notice::Ignored { from: error.sender().unwrap_or_default().into() }));
            }
            Verdict::Count { seat, number, strikes } => {
                self.state.change(seat, |account| {
                    came_back(account, number);
                    account.counted = account.counted.after(rate, now);
                    account.strikes = strikes;
                });
                self.bounced(why, seat, out);
            }
            Verdict::Again { seat, number } => {
                self.state.change(seat, |account| came_back(account, number));
                self.bounced(why, seat, out);
            }
            Verdict::Suspend { seat, number, until, trouble } => {
                self.state.change(seat, |account| {
                    came_back(account, number);
                    account.counted = account.counted.after(rate, now);
                    account.status = Status::Suspended { until };
                    account.trouble = Some(trouble);
                });
                out.push(why, Action::Tell(Notice::Suspended { jid: jid(&self.state, seat), until }));
            }
            Verdict::Stop { seat, number, joins } => {
                self.state.change(seat, |account| {
                    came_back(account, number);
                    account.counted = account.counted.after(rate, now);
                    account.status = Status::Unsupported { joins };
                    account.trouble = None;
                });
                out.push(why, Action::Tell(Notice::Unsupported { jid: jid(&self.state, seat) }));
            }
        }
    }

    fn bounced(&self, why: Rule, seat: Seat, out: &mut Out<'_>) {
        let count = self.state.get(seat).map_or(0, |account| account.bounces);
        out.push(why, Action::Tell(Notice::Bounced { jid: self.state.jid(seat).into(), count }));
    }

    fn configure(&mut self, config: Config, out: &mut Out<'_>) {
        self.state.config = config;
        self.state.replace();
        also(out, rule::MC7);
        self.crowd(out);
    }
}

/// Who gets a message because it mentions them.
enum Hit {
    /// Everybody: it cannot be read.
    All,
    /// These, sorted.
    Few(SmallVec<[Seat; 8]>),
}

/// Whether an account is in a group that can be mentioned.
fn is_in(account: &Account, group: &str) -> bool {
    group == "channel" || group == account.affiliation.name() || group == account.role.group()
}

/// The account asked for copies (or only came), which ends that it gets none.
fn asks_again(account: &mut Account, asked: bool, came: bool) {
    let ends = match account.status {
        Status::Active => false,
        Status::Suspended { .. } => asked,
        Status::Unsupported { joins } => asked || (joins && came),
    };
    if ends {
        account.status = Status::Active;
        (account.strikes, account.trouble) = (0, None);
    }
}

fn also(out: &mut Out<'_>, why: Rule) {
    out.push(why, Action::Tell(Notice::Also));
}

fn send(out: &mut Out<'_>, why: Rule, to: Audience<'_>, stanza: &crate::codec::Outgoing) -> bool {
    let some = !to.is_empty();
    if some {
        out.push(why, Action::Send { to, stanza });
    }
    some
}

impl Machine for Room {
    type Input = Input;
    type Order = core::convert::Infallible;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out<'_>) -> Result<(), Misuse> {
        self.state.now = self.state.now.max(now);
        match input {
            Input::Broadcast(message) => self.broadcast(&message, out),
            Input::Participant(who) => self.participant(who, out),
            Input::Departed { jid } => self.known(rule::MC7, &jid, |account| account.participant = None, out),
            Input::Registered(registration) => self.registered(registration, out),
            Input::Unregistered { jid } => self.known(rule::MC7, &jid, |account| account.registered = None, out),
            Input::Occupancy { jid, on } => {
                let now = self.state.now;
                let change = |account: &mut Account| {
                    account.occupancy = on;
                    account.alive = now;
                    asks_again(account, on, on);
                };
                if on {
                    self.account(rule::MC7, &jid, change, out);
                } else {
                    self.known(rule::MC7, &jid, change, out);
                }
            }
            Input::Affiliation { jid, affiliation } => self.affiliation(&jid, affiliation, out),
            Input::Joined { jid } => self.joined(&jid, out),
            Input::Left { jid } => self.left(&jid, out),
            Input::Alive { jid } => {
                self.state.alive(jid.as_str());
                also(out, rule::R7A);
            }
            Input::Returned(error) => self.returned(&error, out),
            Input::Configure(config) => self.configure(config, out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut Out<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        while let Some(&(until, seat)) = self.state.pauses.first() {
            if until > self.state.now {
                break;
            }
            self.state.change(seat, |account| account.status = Status::Active);
            out.push(rule::R9, Action::Tell(Notice::Resumed { jid: self.state.jid(seat).into() }));
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.state.pauses.first().map(|(until, _)| *until)
    }
}

impl Snapshot for Room {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "push.room";

    fn save_body(&self, into: &mut Vec<u8>) {
        self.state.save(into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        Ok(Self { state: State::load(body)? })
    }
}
