//! Coming and going: participants, their sessions and their presence.

use std::collections::{BTreeSet, VecDeque};

use super::{
    Asked, Dialect, HeldKind, Marks, Origin, Pending, Person, Question, Redeeming, Session, Show, Slot, Standing,
    State, Timer, Tomb, Topics, Turn, Why,
};
use bytes::Bytes;

use crate::codec::{Fragment, Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::config::{Push, Visibility};
use crate::gc3::host::Token;
use crate::gc3::id::ParticipantId;
use crate::party::{Address, Seat};
use crate::time::{Span, Time};

/// An account that becomes a participant.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    pub(crate) jid: Address,
    pub(crate) id: ParticipantId,
    pub(crate) nick: Box<str>,
    pub(crate) affiliation: Affiliation,
    pub(crate) push: Option<Push>,
    /// What lets it in.
    pub(crate) pass: Pass,
}

/// What lets an account in.
#[derive(Clone, Debug)]
pub(crate) enum Pass {
    /// What it is itself, or what the room is.
    Own,
    /// Only the parent space's membership.
    Parent,
    /// A token, by which it becomes a member first (XEP-0488).
    Token(Box<Redeeming>),
}

impl Pass {
    /// The affiliation that it comes in with, whose own is `listed`: whom the parent admits is as if on the list (SP5).
    pub(crate) const fn affiliation(&self, listed: Affiliation) -> Affiliation {
        match self {
            Self::Own => listed,
            Self::Parent | Self::Token(_) => Affiliation::Member,
        }
    }
}

/// A participant that is no more.
#[derive(Clone, Debug)]
pub(crate) struct Departed {
    pub(crate) jid: Address,
    pub(crate) person: Person,
    /// Its full JIDs, as they were, in seat order.
    pub(crate) sessions: Vec<(Address, Session)>,
    pub(crate) why: Why,
    pub(crate) reason: Option<Box<str>>,
    /// The version of the list with it gone.
    pub(crate) version: u64,
    /// The name by which XEP-0045 addressed it.
    pub(crate) name: Box<str>,
    /// Whether its JID was hidden from those who see real JIDs only since everybody does.
    pub(crate) promised: bool,
    /// Who removed it, if somebody did.
    pub(crate) actor: Option<ParticipantId>,
    /// The version of the access list before it was removed, and after (XEP-0463).
    pub(crate) mav: Option<(Option<u64>, u64)>,
    /// Its last words, if it left by presence.
    pub(crate) words: Fragment,
}

/// A presence that is to be announced: `None`, unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) who: Slot,
    pub(crate) show: Option<Show>,
    /// Whether it was the other way round before.
    pub(crate) turn: Turn,
}

/// A moment in whole seconds.
fn seconds(at: Time) -> u32 {
    u32::try_from(at.millis() / 1000).unwrap_or(u32::MAX)
}

/// What came of a change to somebody's sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The session.
    pub(crate) seat: Option<Seat>,
    /// The presence to announce.
    pub(crate) present: Option<Present>,
    /// The question for features that has to be put.
    pub(crate) features: Option<Token>,
}

impl State {
    /// Makes an account a participant, who is to be asked for its subscription.
    pub(crate) fn join(&mut self, joining: Joining) -> Slot {
        let who = self.admit(joining);
        if let Some(person) = self.people.get_mut(who) {
            person.marks.set(Marks::BY_REQUEST, true);
        }
        self.ask(who);
        who
    }

    /// Makes an account a participant, on no ground yet but its presence.
    pub(super) fn admit(&mut self, joining: Joining) -> Slot {
        let tomb = self.tombs.remove(joining.id);
        let since_seq = tomb.map_or(self.talk.seq, |tomb| tomb.since_seq);
        let version = self.next_version();
        let mut person = Person::new(joining.id, joining.nick, joining.affiliation, version, since_seq);
        person.push = joining.push;
        person.marks.set(Marks::REVEALED, self.shows_jids());
        person.displayed = !self.is_crowd();
        person.last_seen = seconds(self.now);
        let who = self.people.add(joining.jid, person);
        if let Pass::Parent = joining.pass {
            self.by_parent.insert(who);
        }
        self.give_name(who);
        self.note_seen(who);
        self.announce_soon();
        who
    }

    /// Notes that an account is asked for its subscription now.
    pub(crate) fn ask(&mut self, who: Slot) {
        let now = self.now;
        if let Some(person) = self.people.get_mut(who)
            && person.standing != Standing::Approved
        {
            person.standing = Standing::Asked;
        }
        self.asked.insert(who, Asked { at: now, wait: Span::ZERO, since: now });
    }

    /// Forgets when accounts were asked, where it does not matter any more.
    pub(crate) fn forget_asked(&mut self) {
        let (now, again) = (self.now, self.limits.subscribe_again);
        self.asked.retain(|_, asked| asked.wait != Span::ZERO || now.since(asked.at) < again);
    }

    /// Whether an account may be asked again (J5).
    pub(crate) fn may_ask_again(&self, who: Slot) -> bool {
        self.asked.get(&who).is_none_or(|asked| self.now.since(asked.at) >= self.limits.subscribe_again)
    }

    /// Whether an account has still to answer the room's request, or was asked again just now.
    pub(crate) fn awaits_approval(&self, who: Slot) -> bool {
        let open = self.people.get(who).is_some_and(|person| person.standing == Standing::Asked);
        open || !self.may_ask_again(who)
    }

    /// Ends a participation and everything that hangs on it.
    pub(crate) fn depart(&mut self, who: Slot, why: Why, reason: Option<Box<str>>) -> Option<Departed> {
        let seats: Vec<Seat> = self.sessions.of(&self.people, who).collect();
        let sessions = seats.into_iter().filter_map(|seat| self.detach(seat)).collect();
        for timer in [Timer::Presence(who), Timer::Probe(who), Timer::Resubscribe(who)] {
            self.timers.clear(timer);
        }
        self.asked.remove(&who);
        self.by_parent.remove(&who);
        let promised = self.release(who);
        let name = self.name(who).into();
        let (jid, person) = self.people.remove(who)?;
        self.give_name(who);
        self.stale.remove(&who);
        let version = self.next_version();
        let listed = self.access.own(jid.as_str(), person.id).is_some();
        let trace = person.spoke || listed || why.is_removal();
        let tomb = Tomb {
            nick: person.nick.clone(),
            jid: trace.then(|| jid.as_str().into()),
            left: self.now,
            why,
            version,
            spoke: person.spoke,
            trace,
            seen: person.seen,
            since_seq: person.since_seq,
        };
        self.tombs.insert(person.id, tomb);
        if let Some(floor) = self.tombs.trim(self.limits.tombstones) {
            self.version.floor = self.version.floor.max(floor);
        }
        self.forget_later();
        self.announce_soon();
        Some(Departed {
            jid,
            person,
            sessions,
            why,
            reason,
            version,
            name,
            promised,
            actor: None,
            mav: None,
            words: Fragment::default(),
        })
    }

    /// Sets the timer that forgets real JIDs and names (L1).
    pub(crate) fn forget_later(&mut self) {
        if self.timers.get(Timer::Forget).is_some() {
            return;
        }
        let jid = self.tombs.oldest_with_jid().map(|left| left.plus(self.limits.forget_jid));
        let name = self.tombs.oldest().map(|left| left.plus(self.limits.forget_nick));
        if let Some(at) = jid.into_iter().chain(name).min() {
            // Never at once: forgetting waits at least until the next call.
            self.timers.set(Timer::Forget, at.max(self.now.plus(Span::from_millis(1))));
        }
    }

    /// Closes a session and what hangs on it.
    pub(crate) fn detach(&mut self, seat: Seat) -> Option<(Address, Session)> {
        for timer in [Timer::Session(seat), Timer::Pending(seat), Timer::Check(seat)] {
            self.timers.clear(timer);
        }
        self.settle(seat);
        self.occupancy.remove(&seat);
        self.relays.retain(|_, relay| relay.what != super::Relayed::Check(seat));
        self.sessions.close(&mut self.people, seat)
    }

    /// Ends the wait for a session's features; gives back what was held for it.
    pub(crate) fn settle(&mut self, seat: Seat) -> Option<Pending> {
        let pending = self.pending.remove(&seat)?;
        self.timers.clear(Timer::Pending(seat));
        self.timers.clear(Timer::Question(pending.token));
        self.questions.remove(&pending.token);
        Some(pending)
    }

    /// Opens a session, or finds the one that is there.
    pub(crate) fn attach(&mut self, who: Slot, full: &Address, origin: Origin) -> Seat {
        if let Some(seat) = self.sessions.find(full.as_str()) {
            return seat;
        }
        let mut session = Session::new(who, origin, self.now);
        if let Some(person) = self.people.get(who) {
            session.view = self.view(person);
        }
        let seat = self.sessions.open(&mut self.people, full.clone(), session);
        if origin == Origin::Bare {
            self.timers.set(Timer::Session(seat), self.now.plus(self.limits.bare_for));
        }
        seat
    }

    /// Adds to or takes from what a full JID hears, by its own word. Opens a bare session where there is none.
    pub(crate) fn subscribe(&mut self, who: Slot, full: &Address, add: Topics, remove: Topics) -> Option<Seat> {
        if self.sessions.find(full.as_str()).is_none() && add.is_empty() {
            return None;
        }
        Some(self.attune(who, full, add, remove))
    }

    /// The same for a session that is opened if it is not there (G5.1).
    pub(crate) fn attune(&mut self, who: Slot, full: &Address, add: Topics, remove: Topics) -> Seat {
        let seat = self.attach(who, full, Origin::Bare);
        self.sessions.change(seat, |session| {
            session.topics = session.topics.with(add).without(remove);
            session.explicit = session.explicit.with(add).with(remove);
        });
        self.seen(seat);
        seat
    }

    /// A stanza came from a session: a bare one lives on (G4.5).
    pub(crate) fn seen(&mut self, seat: Seat) {
        let now = self.now;
        if self.sessions.get(seat).is_some_and(|s| s.origin == Origin::Bare && s.last < now) {
            self.sessions.change(seat, |session| session.last = now);
        }
    }

    /// Available presence of an approved account (P1). `known` are the default subscriptions, if they are known;
    /// otherwise, with `wait`, the session is pending.
    pub(crate) fn available(&mut self, who: Slot, full: &Address, show: Show, priority: i8, wait: bool) -> Applied {
        let now = self.now;
        let known = self.sessions.find(full.as_str());
        let opened = known.and_then(|seat| self.sessions.get(seat)).is_none_or(|s| s.origin == Origin::Bare);
        let seat = self.attach(who, full, Origin::Presence);
        self.timers.clear(Timer::Session(seat));
        if self.sessions.get(seat).is_some_and(|session| session.dialect.is_by_presence()) {
            // What it directed to the room says more than what it broadcasts.
            self.sessions.change(seat, |session| session.origin = Origin::Presence);
            self.timers.clear(Timer::Probe(who));
            return Applied { seat: Some(seat), present: None, features: None };
        }
        self.sessions.change(seat, |session| {
            session.origin = Origin::Presence;
            (session.show, session.priority, session.last) = (show, priority, now);
        });
        let mut features = None;
        if opened && wait {
            let token = self.next_token();
            self.questions.insert(token, Question::Features(seat));
            self.pending.insert(seat, Pending { token, held: Vec::new() });
            self.timers.set(Timer::Pending(seat), now.plus(self.limits.pending_for));
            features = Some(token);
        }
        self.timers.clear(Timer::Probe(who));
        Applied { seat: Some(seat), present: self.present(who), features }
    }

    /// The features of a session are known, or will never be: what it hears by default, and what was held for it.
    pub(crate) fn default_topics(&mut self, seat: Seat, topics: Topics) -> Option<Pending> {
        let pending = self.settle(seat);
        self.sessions.change(seat, |session| {
            session.topics = session.topics.with(topics.without(session.explicit));
        });
        pending
    }

    /// A session ended.
    pub(crate) fn unavailable(&mut self, seat: Seat) -> (Option<(Address, Session)>, Option<Present>) {
        let closed = self.detach(seat);
        let present = closed.as_ref().and_then(|(_, session)| self.present(session.person));
        (closed, present)
    }

    /// The account agreed to the subscription.
    pub(crate) fn approve(&mut self, who: Slot) {
        self.timers.clear(Timer::Resubscribe(who));
        if let Some(person) = self.people.get_mut(who) {
            person.standing = Standing::Approved;
        }
    }

    /// The account refused the subscription: its presence sessions end (P2).
    pub(crate) fn decline(&mut self, who: Slot) -> (Vec<(Address, Session)>, Option<Present>) {
        self.timers.clear(Timer::Resubscribe(who));
        self.timers.clear(Timer::Probe(who));
        if let Some(person) = self.people.get_mut(who) {
            person.standing = Standing::Declined;
        }
        let of = |origin| move |s: &Session| s.origin == Origin::Presence && (s.dialect == Dialect::Gc3) == origin;
        let seats = |gc3: bool| -> Vec<Seat> {
            let fits = |seat: &Seat| self.sessions.get(*seat).is_some_and(of(gc3));
            self.sessions.of(&self.people, who).filter(fits).collect()
        };
        let (seats, entered) = (seats(true), seats(false));
        // Who entered by presence stays by it.
        for seat in entered {
            self.sessions.change(seat, |session| session.origin = Origin::Directed);
        }
        let closed = seats.into_iter().filter_map(|seat| self.detach(seat)).collect();
        (closed, self.present(who))
    }

    /// What the room shows of a participant now (P3).
    fn shows(&self, who: Slot) -> Option<Show> {
        let person = self.people.get(who)?;
        let show = self.sessions.best_show(&self.people, who).filter(|_| person.show_presence)?;
        let coarse = self.config.visibility == Visibility::Moderators || show == Show::Chat;
        Some(if coarse { Show::Online } else { show })
    }

    /// Whether a participant's presence has to be announced, now: what comes too fast is merged (P14).
    pub(crate) fn present(&mut self, who: Slot) -> Option<Present> {
        let show = self.shows(who);
        let person = self.people.get(who)?;
        if person.shown == show {
            if !self.stale.contains(&who) {
                self.timers.clear(Timer::Presence(who));
            }
            return None;
        }
        let (now, rate) = (self.now, self.limits.input);
        if !self.people.get_mut(who)?.allowance.take(rate, now) {
            if self.timers.get(Timer::Presence(who)).is_none() {
                // Never at once, or a room that may never speak would try without end.
                self.timers.set(Timer::Presence(who), self.now.plus(rate.every.max(Span::from_millis(1))));
            }
            return None;
        }
        if !self.stale.contains(&who) {
            self.timers.clear(Timer::Presence(who));
        }
        let person = self.people.get_mut(who)?;
        if show.is_none() {
            person.last_seen = seconds(now);
        }
        let turn = if person.shown.is_some() == show.is_some() { Turn::Other } else { Turn::Online };
        person.shown = show;
        Some(Present { who, show, turn })
    }

    /// What everybody may see follows from something that is about all of them.
    pub(crate) fn refresh_views(&mut self) {
        let people: BTreeSet<Slot> = self.sessions.iter().map(|(_, session)| session.person).collect();
        people.into_iter().for_each(|who| self.refresh_view(who));
    }

    /// A participant's rights changed: what its sessions may see follows.
    pub(crate) fn refresh_view(&mut self, who: Slot) {
        let Some(person) = self.people.get(who) else { return };
        let view = self.view(person);
        let seats: Vec<Seat> = self.sessions.of(&self.people, who).collect();
        for seat in seats {
            if self.sessions.get(seat).is_some_and(|s| s.view != view) {
                self.sessions.change(seat, |session| session.view = view);
            }
        }
    }

    /// Who is to be told by `unsubscribe` when the room ends.
    pub(crate) fn all_accounts(&self) -> VecDeque<Box<str>> {
        let subscribed = self.people.iter().filter(|(_, person)| person.is(Marks::BY_REQUEST));
        subscribed.map(|(slot, _)| self.people.jid(slot).into()).collect()
    }
}

impl State {
    /// Spends from a participant's allowance for messages and requests.
    pub(crate) fn spend_input(&mut self, who: Option<Slot>, stanza: &Stanza) {
        let (now, rate) = (self.now, self.limits.input);
        let counts =
            stanza.kind != StanzaKind::Presence && !matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
        if let Some(person) = who.filter(|_| counts).and_then(|who| self.people.get_mut(who)) {
            person.allowance.take(rate, now);
        }
    }

    /// What a full JID hears now.
    pub(crate) fn topics(&self, full: &Address) -> Topics {
        let session = self.sessions.find(full.as_str()).and_then(|seat| self.sessions.get(seat));
        session.map_or(Topics::NONE, |session| session.topics)
    }

    /// Keeps a message for the sessions whose features are not known yet (G4.6). Beyond the limit, of
    /// messages or of the bytes that the ring may have, the oldest goes; gives back for whom.
    pub(crate) fn hold(&mut self, stanza: &Outgoing) -> Vec<Box<str>> {
        let mut overfull = Vec::new();
        for (&seat, pending) in &mut self.pending {
            let decided = self.sessions.get(seat).is_none_or(|s| s.explicit.contains(Topics::MESSAGE));
            if !decided {
                pending.held.push((HeldKind::Message, stanza.tail().clone()));
                let fits = |held: &[(HeldKind, Bytes)]| {
                    let bytes: usize = held.iter().map(|(_, tail)| tail.len()).sum();
                    held.len() <= self.limits.held && bytes <= self.limits.held_bytes
                };
                if !fits(&pending.held) {
                    overfull.push(self.sessions.jid(seat).into());
                }
                while !fits(&pending.held) {
                    pending.held.remove(0);
                }
            }
        }
        overfull
    }

    /// Has an account whose server could not be reached asked again: after a minute, then after twice as long each time
    /// (G4.2).
    pub(crate) fn ask_later(&mut self, who: Slot) {
        let (first, most) = self.limits.retry;
        let now = self.now;
        let asked = self.asked.entry(who).or_insert(Asked { at: now, wait: Span::ZERO, since: now });
        asked.wait = if asked.wait == Span::ZERO { first } else { asked.wait.doubled().min(most) };
        if now.since(asked.since) < self.limits.retry_for {
            let at = now.plus(asked.wait);
            self.timers.set(Timer::Resubscribe(who), at);
        }
    }

    /// Whether an account whose timer is due is to be asked again now.
    pub(crate) fn ask_again(&mut self, who: Slot) -> bool {
        let now = self.now;
        let Some(asked) = self.asked.get_mut(&who) else { return false };
        asked.at = now;
        self.people.get(who).is_some_and(|person| person.standing == Standing::Asked)
    }

    /// Whether a probe that is due is to be sent; sets the next one (G4.7).
    pub(crate) fn probe_again(&mut self, who: Slot) -> bool {
        let now = self.now;
        // A host that sets no pause at all must not make the room talk without end.
        let first = self.limits.probe_after.max(Span::from_millis(1));
        let most = self.limits.retry.1;
        if self.people.get(who).is_none_or(|person| person.standing != Standing::Approved) {
            self.asked.remove(&who);
            return false;
        }
        let asked = self.asked.entry(who).or_insert(Asked { at: now, wait: Span::ZERO, since: now });
        if asked.wait == Span::ZERO {
            (asked.wait, asked.since) = (first, now);
        }
        asked.wait = asked.wait.doubled().min(most.max(first));
        asked.at = now;
        if now.since(asked.since) < self.limits.retry_for {
            let at = now.plus(asked.wait);
            self.timers.set(Timer::Probe(who), at);
        }
        true
    }

    /// Forgets the real JIDs of those who left long ago, and their names after still longer (L1).
    pub(crate) fn forget(&mut self) {
        let before = |span: Span| Time::from_millis(self.now.millis().saturating_sub(span.millis()));
        let (jids, names) = (before(self.limits.forget_jid), before(self.limits.forget_nick));
        self.tombs.forget_jids(jids);
        if let Some(floor) = self.tombs.evict(names) {
            self.version.floor = self.version.floor.max(floor);
        }
        self.timers.clear(Timer::Forget);
        self.forget_later();
    }
}
