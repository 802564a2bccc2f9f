//! The account as a machine: read, judge, apply, say.

use std::collections::BTreeMap;

use jid::BareJid;

use super::judge::{self, Answer, Foreign, Joined, Joining, Own};
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Early, Entry, Leaving, Request, State};
use super::wire::{self, Ask, Published};
use super::{Input, Listed, Notice, Order, Way};
use crate::codec::{Stanza, StanzaError, StanzaType};
use crate::gc3::refusals::{CONFLICT, LATE, NOT_IN};
use crate::limits::AccountLimits;
use crate::machine::{Machine, Misuse, Sink};
use crate::party::Address;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;

/// One account at its own server. See the [module](super).
#[derive(Clone, Debug)]
pub struct Account {
    state: State,
}

impl Account {
    /// An account that is in no room. `seed` is a secret of this account alone.
    #[must_use]
    pub fn new(account: &BareJid, limits: AccountLimits, seed: Seed) -> Self {
        Self { state: State::new(account, limits, seed) }
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.state.account.as_str()
    }

    /// The rooms that the account is in, in the order of their addresses.
    pub fn rooms(&self) -> impl Iterator<Item = (&str, Way)> {
        self.state.rooms.iter().map(|(room, entry)| (&**room, entry.way))
    }

    /// Whether the subscription of a room was approved here, and not withdrawn since.
    #[must_use]
    pub fn approved(&self, room: &str) -> bool {
        self.state.rooms.get(room).is_some_and(|entry| entry.approved)
    }

    /// What is known of a room that the account is in.
    #[must_use]
    pub fn listed(&self, room: &str) -> Option<Listed<'_>> {
        let entry = self.state.rooms.get(room)?;
        Some(Listed { way: entry.way, id: entry.id.as_deref(), nick: entry.nick.as_deref() })
    }

    /// Whether what a session sends is the account's business: what is not would pass. Changes nothing.
    #[must_use]
    pub fn is_asked(&self, stanza: &Stanza) -> bool {
        let ask = wire::read(stanza, self.account());
        !matches!(ask, Ask::Pass) && !matches!(judge::own(&self.state, ask).1, Own::Pass)
    }

    /// Whether what comes from somebody else is the account's business: what is not would pass. Changes nothing.
    #[must_use]
    pub fn is_concerned(&self, stanza: &Stanza) -> bool {
        judge::foreign(&self.state, stanza, false).0 != rule::E6
    }

    /// The account ceases to be: each room that it is in, or that has not answered its join yet, is told once that it
    /// leaves. What is ordered besides concerns nobody any more.
    pub fn end(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        self.state.now = self.state.now.max(now);
        let listed = self.rooms().map(|(room, way)| (room.to_owned(), way));
        let asked = self.state.requests.values().map(|request| (request.to.as_str().to_owned(), request.way));
        let rooms: BTreeMap<String, Way> = asked.chain(listed).collect();
        for (room, way) in rooms {
            // A service that was asked for a room has told no address yet.
            let Some(room) = wire::room(&room) else { continue };
            self.part(&room, rule::G3, out);
            self.leave(&room, way, rule::G3, out);
        }
    }

    /// Whether everything in it fits together.
    ///
    /// # Errors
    /// What does not fit. An account never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn own(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        let account = self.state.account.clone();
        let (why, verdict) = judge::own(&self.state, wire::read(&stanza, account.as_str()));
        match verdict {
            Own::Pass => say::pass(out, why, stanza),
            Own::Info => say::order(out, why, Order::Info(Box::new(stanza))),
            Own::Refuse(error) => say::refuse(out, why, &stanza, &error),
            Own::Join(joining) => self.join(&stanza, why, &joining, out),
            Own::Leave(room, way) => {
                self.part(&room, why, out);
                say::result(out, why, &stanza, |_| {});
                self.leave(&room, way, why, out);
            }
            Own::Items(page) => {
                say::items(&self.state, out, why, &stanza, page);
                if let Some(full) = stanza.from.as_ref().filter(|from| from.resource().is_some()) {
                    self.state.wants(full.into());
                }
            }
            Own::Publish(published) => self.publish(&stanza, why, published, out),
            Own::Retract(room) => {
                self.part(&room, why, out);
                say::result(out, why, &stanza, |_| {});
            }
            Own::Departs(room) => {
                self.part(&room, why, out);
                say::pass(out, why, stanza);
            }
            Own::Arrives(room) => {
                self.state.leaves.remove(room.as_str());
                say::pass(out, why, stanza);
            }
        }
    }

    fn join(&mut self, stanza: &Stanza, why: Rule, joining: &Joining, out: &mut Out<'_>) {
        let (Some(from), Some(id)) = (&stanza.from, &stanza.id) else { return };
        self.state.joins.take(self.state.limits.joins, self.state.now);
        // The room hears the join after the leave, so the leave need not be heard at all (G4).
        if self.state.leaves.remove(joining.to.as_str()).is_some() {
            say::also(out, rule::G4);
        }
        let own = self.state.draw();
        say::ask(&self.state, out, why, &own, joining);
        let request = Request {
            asker: from.into(),
            id: id.clone(),
            to: (&joining.to).into(),
            way: joining.way,
            create: joining.create,
            alone: false,
            until: self.state.now.plus(self.state.limits.answer_for),
        };
        self.state.requests.insert(own, request);
    }

    fn publish(&mut self, stanza: &Stanza, why: Rule, published: Published, out: &mut Out<'_>) {
        let Published { room, way, id, nick } = published;
        self.state.leaves.remove(room.as_str());
        let known = self.state.rooms.get(room.as_str());
        // What the account itself knows of a room that it joined stays.
        let entry = match known.cloned() {
            Some(entry) => Entry { id: id.or(entry.id), nick: nick.or(entry.nick), ..entry },
            None => {
                let since = self.state.now;
                Entry { way, through: false, approved: false, asked: None, id, nick, since }
            }
        };
        self.list(&room, entry, why, out);
        say::published(out, why, stanza, &room);
    }

    /// Puts a room on the list, and tells who wants to know.
    fn list(&mut self, room: &BareJid, entry: Entry, why: Rule, out: &mut Out<'_>) {
        let key: Box<str> = room.as_str().into();
        self.state.lost.remove(&key);
        let before = self.state.rooms.insert(key, entry.clone());
        if before.as_ref() != Some(&entry) {
            say::event(&self.state, out, room.as_str(), Some(&entry));
        }
        if before.as_ref().is_none_or(|before| before.way != entry.way) {
            if let Some(before) = before {
                let old = Order::Ground { room: room.clone(), way: before.way, holds: false };
                say::order(out, why, old);
            }
            say::order(out, why, Order::Ground { room: room.clone(), way: entry.way, holds: true });
            say::tell(out, why, Notice::Listed { room: room.clone() });
        }
    }

    /// Takes a room off the list with all that hung on it, and ends the joins that it has not answered.
    fn part(&mut self, room: &BareJid, why: Rule, out: &mut Out<'_>) {
        if let Some(entry) = self.state.unlist(room.as_str()) {
            say::event(&self.state, out, room.as_str(), None);
            say::order(out, why, Order::Ground { room: room.clone(), way: entry.way, holds: false });
            if entry.approved {
                say::subscription(&self.state, out, why, room, false);
            }
            say::tell(out, why, Notice::Unlisted { room: room.clone() });
        }
        self.state.early.remove(room.as_str());
        let ids: Vec<Box<str>> = self
            .state
            .requests
            .iter()
            .filter(|(_, request)| request.to.as_str() == room.as_str())
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            if let Some(request) = self.state.requests.remove(&id) {
                self.reflect_refusal(&request, rule::G3_3, &CONFLICT, None, out);
            }
        }
    }

    /// Tells a room that the account is out, and goes on until it answers.
    fn leave(&mut self, room: &BareJid, way: Way, why: Rule, out: &mut Out<'_>) {
        while self.state.leaves.len() >= self.state.limits.leaving.max(1)
            && !self.state.leaves.contains_key(room.as_str())
        {
            let first = self.state.leaves.iter().min_by_key(|(_, leaving)| leaving.until).map(|(room, _)| room.clone());
            let Some(first) = first else { break };
            self.give_up(&first, out);
        }
        let id = self.state.draw();
        say::leave(&self.state, out, why, &id, room.as_str(), way);
        let (pause, now) = (self.state.limits.retry.0, self.state.now);
        let until = now.plus(self.state.limits.retry_for);
        let leaving = Leaving { id, way, next: now.plus(pause), pause, until };
        self.state.leaves.insert(room.as_str().into(), leaving);
    }

    fn give_up(&mut self, room: &str, out: &mut Out<'_>) {
        self.state.leaves.remove(room);
        if let Some(room) = wire::room(room) {
            say::tell(out, rule::G3_2, Notice::GaveUp { room });
        }
    }

    fn foreign(&mut self, stanza: Stanza, contact: bool, out: &mut Out<'_>) {
        let (why, verdict) = judge::foreign(&self.state, &stanza, contact);
        match verdict {
            Foreign::Pass => say::pass(out, why, stanza),
            Foreign::Drop => say::tell(out, why, Notice::Dropped { from: stanza.sender().map(Into::into) }),
            Foreign::Copy(room) => {
                say::order(out, why, Order::MemberCopy { room, stanza: Box::new(stanza) });
            }
            Foreign::Approve(room) => self.approve(&room, out),
            Foreign::Contact(room) => {
                self.failed(&room, why, out);
                say::pass(out, why, stanza);
            }
            Foreign::Keep(room) => {
                let until = self.state.now.plus(self.state.limits.early_for);
                self.state.early.insert(room.as_str().into(), Early { until, contact });
                say::tell(out, why, Notice::Kept { from: room.as_str().into() });
            }
            Foreign::Ended(room) => {
                let through = self.state.rooms.get(room.as_str()).is_some_and(|entry| entry.through);
                self.part(&room, why, out);
                // Of what the user approved, the server takes care itself.
                if !through {
                    say::pass(out, why, stanza);
                }
            }
            Foreign::Answered(id, answer) => self.answered(&stanza, id, answer, why, out),
            Foreign::Left(room) => {
                self.state.leaves.remove(room.as_str());
                say::also(out, why);
            }
        }
    }

    fn approve(&mut self, room: &BareJid, out: &mut Out<'_>) {
        if let Some(entry) = self.state.rooms.get_mut(room.as_str()) {
            entry.approved = true;
            say::subscription(&self.state, out, rule::J13, room, true);
        }
    }

    /// A join that must not stand although the room says that it does (J13): both addresses are told to forget it.
    fn failed(&mut self, room: &BareJid, why: Rule, out: &mut Out<'_>) {
        let asked = self.state.rooms.get(room.as_str()).and_then(|entry| entry.asked.clone());
        self.part(room, why, out);
        self.leave(room, Way::Gc3, rule::J13_E, out);
        if let Some(asked) = asked.as_deref().and_then(wire::room) {
            self.leave(&asked, Way::Gc3, rule::J13_E, out);
        }
    }

    fn answered(&mut self, stanza: &Stanza, id: &str, answer: Answer<'_>, why: Rule, out: &mut Out<'_>) {
        let Some(request) = self.state.requests.remove(id) else { return };
        match answer {
            Answer::Refused(error) => self.reflect_refusal(&request, why, &error, Some(stanza), out),
            Answer::Joined(joined) => self.joined(&request, joined, why, out),
            Answer::Wrong(told) => {
                self.reflect_refusal(&request, why, &NOT_IN, None, out);
                let asked = wire::room(request.to.as_str());
                for room in asked.iter().chain(told.iter().filter(|told| asked.as_ref() != Some(told))) {
                    // A room that names another may not throw the account out of that.
                    if asked.as_ref() == Some(room) || !self.state.rooms.contains_key(room.as_str()) {
                        self.part(room, why, out);
                        self.leave(room, request.way, rule::J13_E, out);
                    }
                }
            }
        }
    }

    fn reflect_refusal(
        &self,
        request: &Request,
        why: Rule,
        error: &StanzaError<'_>,
        of: Option<&Stanza>,
        out: &mut Out<'_>,
    ) {
        if request.alone {
            return say::also(out, rule::E5);
        }
        say::refused(&self.state, out, why, request, error, of);
    }

    fn joined(&mut self, request: &Request, joined: Joined<'_>, why: Rule, out: &mut Out<'_>) {
        let room = joined.room.clone();
        let before = self.state.rooms.get(room.as_str()).cloned();
        // The room is one of those that the account leaves: it comes back.
        self.state.leaves.remove(room.as_str());
        if request.alone {
            say::also(out, rule::E5);
        } else {
            say::joined(&self.state, out, why, request, &joined);
        }
        // Who is in by another way now is not subscribed to any more.
        if before.as_ref().is_some_and(|entry| entry.approved) && request.way != Way::Gc3 {
            say::subscription(&self.state, out, why, &room, false);
        }
        let asked = (request.to.as_str() != room.as_str()).then(|| request.to.as_str().into());
        let approved = before.as_ref().is_some_and(|entry| entry.approved) && request.way == Way::Gc3;
        let entry = Entry {
            way: request.way,
            through: true,
            approved,
            asked,
            id: joined.id,
            nick: joined.nick,
            since: before.map_or(self.state.now, |entry| entry.since),
        };
        self.list(&room, entry, why, out);
        if request.way != Way::Gc3 {
            return;
        }
        if let Some(early) = self.state.early.remove(room.as_str()) {
            say::also(out, rule::J13_D);
            if early.contact {
                self.failed(&room, rule::J13_C, out);
                say::pass(out, rule::J13_C, self.request_of(room.as_str()));
            } else {
                self.approve(&room, out);
            }
        }
    }

    /// A subscription request that was kept, as it is passed on at last.
    fn request_of(&self, from: &str) -> Stanza {
        Stanza::presence(from, self.state.account.as_str()).with_type(StanzaType::Subscribe)
    }

    /// A join that the room did not answer in time (E1).
    fn late(&mut self, id: &str, out: &mut Out<'_>) {
        let Some(request) = self.state.requests.remove(id) else { return };
        self.reflect_refusal(&request, rule::E1, &LATE, None, out);
        if let Some(room) = wire::room(request.to.as_str()) {
            self.part(&room, rule::E1, out);
            self.leave(&room, request.way, rule::E1, out);
        } else {
            say::also(out, rule::E1);
        }
    }

    fn again(&mut self, room: &str, out: &mut Out<'_>) {
        let now = self.state.now;
        let Some(leaving) = self.state.leaves.get(room) else { return };
        if leaving.until <= now {
            return self.give_up(room, out);
        }
        let way = leaving.way;
        let id = self.state.draw();
        say::leave(&self.state, out, rule::G3_2, &id, room, way);
        let most = self.state.limits.retry.1;
        if let Some(leaving) = self.state.leaves.get_mut(room) {
            leaving.id = id;
            leaving.pause = leaving.pause.doubled().min(most).max(crate::Span::from_secs(1));
            leaving.next = now.plus(leaving.pause).min(leaving.until.max(now.plus(crate::Span::from_millis(1))));
        }
    }
}

/// Why an input is not one of this account's.
const NOT_OURS: Misuse = Misuse::Impossible {
    what: "give an account only what its own sessions send, and what others send to it, with `from` as the server knows it",
};

impl Machine for Account {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        let account = self.state.account.as_str();
        let ours = |jid: &jid::Jid| jid.to_bare().as_str() == account;
        let fits = match &input {
            Input::Own(stanza) => stanza.from.as_ref().is_some_and(ours),
            Input::Foreign { stanza, .. } => stanza.to.as_ref().is_none_or(ours),
            Input::Wants(full) | Input::Gone(full) => ours(full),
        };
        if !fits {
            return Err(NOT_OURS);
        }
        if matches!(&input, Input::Wants(full) if self.state.sessions.find(full.as_str()).is_none())
            && self.state.sessions.len() >= self.state.limits.sessions
        {
            return Err(Misuse::Impossible {
                what: "more sessions want the list than there may be: say which are gone, or raise the limit",
            });
        }
        self.state.now = self.state.now.max(now);
        match input {
            Input::Own(stanza) => self.own(stanza, out),
            Input::Foreign { stanza, contact } => self.foreign(stanza, contact, out),
            Input::Wants(full) => {
                self.state.wants(Address::from(&*full));
            }
            Input::Gone(full) => self.state.gone(full.as_str()),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        let now = self.state.now;
        let due: Vec<Box<str>> =
            self.state.requests.iter().filter(|(_, r)| r.until <= now).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.late(&id, out);
        }
        let due: Vec<Box<str>> =
            self.state.leaves.iter().filter(|(_, l)| l.next <= now).map(|(room, _)| room.clone()).collect();
        for room in due {
            self.again(&room, out);
        }
        let due: Vec<Box<str>> =
            self.state.early.iter().filter(|(_, e)| e.until <= now).map(|(room, _)| room.clone()).collect();
        for room in due {
            self.state.early.remove(&room);
            say::pass(out, rule::J13_D, self.request_of(&room));
        }
        self.state.lost.retain(|_, until| *until > now);
    }

    fn deadline(&self) -> Option<Time> {
        self.state.deadline()
    }
}

impl Snapshot for Account {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "gc3.account";

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
