//! The domain as a machine: whose stanza it is, and who is next.

use std::borrow::Cow;

use jid::{BareJid, FullJid};

use super::host::{Input, Notice, Order};
use super::post::{FromAccount, FromRooms, Here, Job, Out, Post, Work};
use super::rooms::Rooms;
use super::rules as rule;
use super::state::{DomainConfig, Home, State};
use crate::codec::Stanza;
use crate::limits::ServiceLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::party::{Address, bare};
use crate::push::router::Router;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;
use crate::{gc3, imng, retention};

/// A domain: its accounts, its rooms, its uploads, and all that passes between them, to sessions, and to other servers.
#[derive(Clone, Debug)]
pub struct Domain {
    pub(super) state: State,
}

impl Domain {
    /// A domain without accounts. `seed` is a secret.
    ///
    /// # Errors
    /// [`Misuse::Impossible`] if accounts, rooms and uploads are not each at a domain of their own, or if the uploads cannot
    /// be what they are set to.
    pub fn new(config: DomainConfig, limits: ServiceLimits, seed: Seed) -> Result<Self, Misuse> {
        config.apart().map_err(|what| Misuse::Impossible { what })?;
        let uploads = config.uploads.as_ref().map(|uploads| uploads.start(limits.uploads, &seed)).transpose()?;
        let rooms = config.rooms.clone();
        let copies = config.copies;
        let rooms = rooms.map(|rooms| Rooms::new(rooms, limits.rooms, seed.child("rooms", &[]), copies));
        let (now, created, homes) = (Time::EPOCH, 0, Default::default());
        let (deadlines, publishes) = Default::default();
        Ok(Self { state: State { config, limits, seed, now, created, homes, rooms, uploads, deadlines, publishes } })
    }

    /// What it is set to.
    #[must_use]
    pub const fn config(&self) -> &DomainConfig {
        &self.state.config
    }

    /// How many accounts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.homes.len()
    }

    /// Whether there is no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.homes.is_empty()
    }

    /// An account, for those who want to know what it would do: [`imng::Account::explain`].
    #[must_use]
    pub fn account(&self, account: &BareJid) -> Option<&imng::Account> {
        self.state.homes.get(account.as_str()).map(|home| &home.account)
    }

    /// The rooms.
    #[must_use]
    pub const fn rooms(&self) -> Option<&Rooms> {
        self.state.rooms.as_ref()
    }

    /// The push router of an account, if it has one.
    #[must_use]
    pub fn router(&self, account: &BareJid) -> Option<&Router> {
        self.state.homes.get(account.as_str())?.router.as_deref()
    }

    /// The half of group chat that is an account's own, if it takes part.
    #[must_use]
    pub fn pam(&self, account: &BareJid) -> Option<&gc3::Account> {
        self.state.homes.get(account.as_str())?.pam.as_deref()
    }

    /// Whether everything in the domain fits together.
    ///
    /// # Errors
    /// What does not fit. A domain never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), String> {
        self.state.check()?;
        self.state.homes.values().try_for_each(|home| home.account.check())?;
        self.state.homes.values().filter_map(|home| home.pam.as_deref()).try_for_each(gc3::Account::check)?;
        self.state.rooms.as_ref().map_or(Ok(()), Rooms::check)?;
        self.state.uploads.as_ref().map_or(Ok(()), retention::Service::check)?;
        #[cfg(feature = "sim")]
        self.state.homes.values().filter_map(|home| home.router.as_deref()).try_for_each(Router::check)?;
        Ok(())
    }

    pub(super) fn here(&self) -> Here<'_> {
        Here::of(&self.state.config)
    }

    pub(super) fn post<'a, 'o>(&'a self, hops: u8, work: &'a mut Work, out: &'a mut Out<'o>) -> Post<'a, 'o> {
        Post { here: self.here(), work, out, hops }
    }

    /// Hands an input to an account, and follows its orders.
    pub(super) fn hand(
        &mut self,
        name: &str,
        input: imng::Input,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Result<(), Misuse> {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(home) = state.homes.get_mut(name) else {
            return Err(Misuse::Impossible { what: "there is no such account: create it first" });
        };
        let seen = super::push::seen(home, &input);
        let mut orders = Vec::new();
        let post = Post { here, work, out, hops };
        home.account.handle(state.now, input, &mut FromAccount { post, orders: &mut orders })?;
        self.followed(name, seen, orders, hops, work, out);
        Ok(())
    }

    /// Hands a stanza to an account that is for others too.
    fn hand_shared(&mut self, name: &str, stanza: &Stanza, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        if let Some(why) = self.is_copy(name, stanza) {
            let copy = work.copy(Cow::Borrowed(stanza));
            return self.member_copy(name, why, copy, hops, work, out);
        }
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(home) = state.homes.get_mut(name) else { return };
        let seen = super::push::seen_shared(home, stanza, work);
        let mut orders = Vec::new();
        let post = Post { here, work, out, hops };
        home.account.receive(state.now, stanza, &mut FromAccount { post, orders: &mut orders });
        self.followed(name, seen, orders, hops, work, out);
    }

    /// Has an account's router see what was handed to the account, and follows the account's orders.
    fn followed(
        &mut self,
        name: &str,
        seen: Option<crate::push::router::Input>,
        orders: Vec<(Rule, imng::Order)>,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        if let Some(seen) = seen
            && !orders.iter().any(|(_, order)| matches!(order, imng::Order::End { .. }))
        {
            self.observe(name, seen, hops, work, out);
        }
        for (why, order) in orders {
            self.order(name, why, order, hops, work, out);
        }
    }

    /// Does what an account orders, or passes it on to the host.
    fn order(&mut self, name: &str, why: Rule, order: imng::Order, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        let Some(order) = self.push_order(name, why, order, hops, work, out) else { return };
        match order {
            imng::Order::MemberCopy { stanza, candidates, .. } => {
                out.push(why, Action::Tell(Notice::Also));
                Self::to_candidates(name, *stanza, &candidates, hops, work, out);
            }
            imng::Order::Broadcast { session, was, directed, stanza } => {
                out.push(why, Action::Tell(Notice::Also));
                self.broadcast(name, session.as_str(), was, &directed, &stanza, hops, work, out);
            }
            imng::Order::Probe { stanza } => {
                out.push(why, Action::Tell(Notice::Also));
                self.probe(name, &stanza, hops, work, out);
            }
            order => {
                if let Ok(account) = BareJid::new(name) {
                    out.push(why, Action::Do(Order::Account { account, order }));
                }
            }
        }
    }

    /// Gives a member copy to all who can read it.
    pub(super) fn to_candidates(
        name: &str,
        stanza: Stanza,
        candidates: &[Address],
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        let to: Vec<FullJid> = candidates.iter().filter_map(|jid| FullJid::new(jid.as_str()).ok()).collect();
        out.push(rule::M1, Action::Tell(Notice::Also));
        if !to.is_empty() {
            work.push(Job::Account(name.into(), imng::Input::MemberCopy { stanza, to }, hops));
        }
    }

    /// Hands a stanza to whoever it is for.
    fn route(&mut self, stanza: Cow<'_, Stanza>, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        let Some(to) = &stanza.to else { return };
        if Some(to.domain().as_str()) == self.state.config.rooms() {
            out.push(rule::R2, Action::Tell(Notice::Also));
            // A stanza is no misuse.
            let _ = self.hand_rooms(gc3::Input::Stanza(stanza.into_owned()), hops, work, out);
            return;
        }
        if Some(to.domain().as_str()) == self.state.config.uploads() {
            return self.ask_uploads(stanza.into_owned(), hops, work, out);
        }
        if to.domain().as_str() != self.state.config.domain() {
            let sent = super::post::passed(&stanza);
            let to = to.clone();
            return self.post(hops, work, out).to(rule::R3, to.as_str(), &sent);
        }
        if to.node().is_none() {
            return self.server(&stanza, hops, work, out);
        }
        let name: Box<str> = bare(to.as_str()).into();
        out.push(rule::R1, Action::Tell(Notice::Also));
        if self.state.homes.contains_key(&name) {
            match self.arrives(&name, stanza, hops, work, out) {
                Some(Cow::Owned(stanza)) => drop(self.hand(&name, imng::Input::Stanza(stanza), hops, work, out)),
                Some(Cow::Borrowed(stanza)) => self.hand_shared(&name, stanza, hops, work, out),
                None => {}
            }
        } else {
            let mut orders = Vec::new();
            let post = Post { here: self.here(), work, out, hops };
            imng::refuse_for_nobody(&stanza, &mut FromAccount { post, orders: &mut orders });
        }
    }

    fn hand_rooms(&mut self, input: gc3::Input, hops: u8, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(rooms) = &mut state.rooms else {
            return Err(Misuse::Impossible { what: "there are no rooms: configure them first" });
        };
        rooms.handle(state.now, input, &mut FromRooms(Post { here, work, out, hops }))
    }

    /// Does all that follows inside the domain.
    fn settle(&mut self, work: &mut Work, out: &mut Out<'_>) {
        while let Some(job) = work.next() {
            match job {
                Job::Stanza(stanza, hops) => self.route(Cow::Owned(stanza), hops, work, out),
                Job::Shared(to, batch, hops) => {
                    let Some(mut stanza) = work.lend(batch) else { continue };
                    stanza.readdress(to);
                    self.route(Cow::Borrowed(&stanza), hops, work, out);
                    work.give_back(batch, stanza);
                }
                Job::Account(name, input, hops) => {
                    let _ = self.hand(&name, input, hops, work, out);
                }
            }
        }
        if work.lost() > 0 {
            out.push(rule::L1, Action::Tell(Notice::NotDelivered { count: work.lost() }));
        }
    }

    fn create(&mut self, account: &BareJid) -> Result<(), Misuse> {
        let state = &mut self.state;
        let here = account.domain().as_str() == state.config.domain() && account.node().is_some();
        if !here {
            return Err(Misuse::Impossible { what: "an account has a name in this domain" });
        }
        if state.homes.contains_key(account.as_str()) {
            return Err(Misuse::Impossible { what: "there is such an account already" });
        }
        if state.homes.len() >= state.limits.accounts {
            return Err(Misuse::Impossible { what: "there are as many accounts as there may be: raise the limit" });
        }
        state.created += 1;
        // Never the same for an account that is created again: what was drawn once must not be drawn again.
        let parts = [account.as_str().as_bytes(), &state.created.to_be_bytes()];
        let seed = state.seed.child("account", &parts);
        let mut config = state.config.account.clone();
        config.account = Address::from(account);
        let router = state.config.push.then(|| super::push::router(&mut config, account, state, &seed));
        let pam = state.config.pam.then(|| super::pam::pam(&mut config, account, state, &seed));
        let account_ = imng::Account::new(config, state.limits.account, seed);
        let (router, pam) = (router.map(Box::new), pam.map(Box::new));
        let (contacts, shown) = Default::default();
        let home = Home { account: account_, contacts, shown, router, pam, due: None, awaited: Vec::new() };
        state.homes.insert(account.as_str().into(), home);
        Ok(())
    }

    fn remove(&mut self, account: &BareJid, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        let Some(home) = self.state.homes.get(account.as_str()) else {
            return Err(Misuse::Impossible { what: "there is no such account" });
        };
        let sessions = home.account.sessions().filter_map(|(_, session)| FullJid::new(session.as_str()).ok());
        for session in sessions.collect::<Vec<_>>() {
            let event = imng::Event::Gone { unacked: Vec::new() };
            let _ = self.session(session.clone(), event, work, out);
            out.push(rule::A1, Action::Do(Order::End { session }));
        }
        self.leave_rooms(account.as_str(), work, out);
        self.state.forget(account.as_str());
        self.account_gone(account, work, out);
        Ok(())
    }

    /// The host speaks for the domain or an account.
    fn speak(&mut self, stanza: Stanza, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        let from = stanza.from.as_ref().filter(|from| from.domain().as_str() == self.state.config.domain());
        if from.is_none() || stanza.to.is_none() {
            return Err(Misuse::Impossible {
                what: "the host speaks for the domain and its accounts: give `from` and `to`",
            });
        }
        self.spoken(&stanza, work, out);
        work.push(Job::Stanza(stanza, 1));
        Ok(())
    }

    /// Something happened to a session.
    fn session(
        &mut self,
        session: FullJid,
        event: imng::Event,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Result<(), Misuse> {
        let name = bare(session.as_str());
        // One that is bound anew has forgotten all that the one of its name wanted.
        let over = matches!(event, imng::Event::Bound | imng::Event::Gone { .. });
        self.hand(name, imng::Input::Session { session: session.clone(), event }, 0, work, out)?;
        if over {
            self.over(&session, work, out);
        }
        Ok(())
    }

    fn input(&mut self, input: Input, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        match input {
            Input::Create { account } => self.create(&account),
            Input::Remove { account } => self.remove(&account, work, out),
            Input::Session { session, event } => self.session(session, event, work, out),
            Input::FromSession { session, stanza } => {
                let Some(stanza) = self.leaves(&session, stanza, work, out) else { return Ok(()) };
                let name = bare(session.as_str()).to_owned();
                self.hand(&name, imng::Input::FromSession { session, stanza }, 0, work, out)
            }
            Input::FromServer { peer, stanza } => {
                self.hear(peer, stanza, work, out);
                Ok(())
            }
            Input::FromHost { stanza } => self.speak(stanza, work, out),
            Input::Fact { account, fact } => {
                self.contact(account.as_str(), &fact, out);
                let fact = self.listed(account.as_str(), fact, out);
                let Some(fact) = self.push_fact(account.as_str(), fact, work, out) else { return Ok(()) };
                self.hand(account.as_str(), imng::Input::Fact(fact), 0, work, out)
            }
            Input::Wants { session } => self.wants(session, work, out),
            Input::Push { account, input } => self.push_input(account.as_str(), input, work, out),
            Input::Offline { account, token, messages, more } => {
                self.hand(account.as_str(), imng::Input::Offline { token, messages, more }, 0, work, out)
            }
            Input::Answer { token, answer } => self.hand_rooms(gc3::Input::Answer { token, answer }, 0, work, out),
            Input::Command(command) => self.hand_rooms(gc3::Input::Command(command), 0, work, out),
            Input::Uploads(input) => self.tell_uploads(input, work, out),
        }
    }
}

impl Machine for Domain {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        let before = self.state.now;
        self.state.now = before.max(now);
        let mut work = Work::new(&self.state.limits);
        if let Err(misuse) = self.input(input, &mut work, out) {
            self.state.now = before;
            return Err(misuse);
        }
        self.settle(&mut work, out);
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        let now = self.state.now.max(now);
        self.state.now = now;
        while self.deadline().is_some_and(|due| due <= now) {
            let mut work = Work::new(&self.state.limits);
            let state = &mut self.state;
            let here = Here::of(&state.config);
            let post = Post { here, work: &mut work, out, hops: 0 };
            if let Some(rooms) = &mut state.rooms {
                rooms.wake(state.now, &mut FromRooms(post));
            }
            self.wake_uploads(&mut work, out);
            while let Some((_, name)) = self.state.deadlines.first().filter(|(due, _)| *due <= now).cloned() {
                self.wake_router(&name, &mut work, out);
                self.wake_pam(&name, &mut work, out);
            }
            self.settle(&mut work, out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        let rooms = self.state.rooms.as_ref().and_then(Machine::deadline);
        let accounts = self.state.deadlines.first().map(|(due, _)| *due);
        let uploads = self.state.uploads.as_ref().and_then(Machine::deadline);
        rooms.into_iter().chain(accounts).chain(uploads).min()
    }
}

impl Snapshot for Domain {
    const FORMAT: u16 = 2;
    const KIND: &'static str = "service.domain";

    fn save_body(&self, into: &mut Vec<u8>) {
        self.state.save(into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        State::load(body).map(|state| Self { state })
    }
}
