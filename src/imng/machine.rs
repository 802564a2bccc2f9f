//! The account as a machine: read, judge, apply, say.

use std::borrow::Cow;

use jid::{BareJid, FullJid, Jid};

use super::config::AccountConfig;
use super::explain::{self, Explanation};
use super::host::{Direction, EndCondition, Fact, Grounds, Input, Notice, Order, PushCandidate, Reached, Record};
use super::judge::{self, Answer, Errand, Refusal, Source, Then, Verdict};
use super::rules::table as rule;
use super::say::{self, Letter, Out, Wanted};
use super::set::SessionSet;
use super::state::{State, Way};
use super::wire::{self, Traits};
use crate::codec::{Stanza, StanzaKind, StanzaType};
use crate::limits::ImngLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::party::{Address, Audience, Seat, bare};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;

/// One account at its own server: it decides for each stanza, from outside or from an own session, who gets it, who gets a
/// copy, and whether it is archived, kept for later, answered or dropped.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) state: State,
}

impl Account {
    /// An account without sessions. `secret` must belong to this account alone: the ids in the archive are drawn from it.
    #[must_use]
    pub fn new(config: AccountConfig, limits: ImngLimits, secret: Seed) -> Self {
        Self { state: State::new(config, limits, secret) }
    }

    /// What it is set to.
    #[must_use]
    pub const fn config(&self) -> &AccountConfig {
        &self.state.config
    }

    /// Decides what becomes of a stanza, and changes nothing. `session` is the own session that sent it; `None` if it
    /// comes from outside, and also where that session is not bound.
    #[must_use]
    pub fn judge(&self, stanza: &Stanza, session: Option<&FullJid>) -> Verdict {
        let sender = session.and_then(|session| self.seat(session));
        judge::judge(&self.state, &judge::read(&self.state, stanza, sender))
    }

    /// The whole path of a stanza: what [`judge`](Self::judge) decides, and for each session what it gets or why not.
    #[must_use]
    pub fn explain(&self, stanza: &Stanza, session: Option<&FullJid>) -> Explanation {
        let sender = session.and_then(|session| self.seat(session));
        let ask = judge::read(&self.state, stanza, sender);
        let verdict = judge::judge(&self.state, &ask);
        explain::explain(&self.state, &ask, verdict)
    }

    /// The seat of a session, by which [`Verdict`] names it.
    #[must_use]
    pub fn seat(&self, session: &FullJid) -> Option<Seat> {
        self.state.roster.find(session.as_str())
    }

    /// The sessions, in seat order.
    pub fn sessions(&self) -> impl Iterator<Item = (Seat, &Address)> {
        self.state.roster.iter()
    }

    /// The priority of a session that is available.
    #[must_use]
    pub fn priority(&self, session: &FullJid) -> Option<i8> {
        self.state.session(self.seat(session)?)?.priority
    }

    /// How many messages the host keeps for later.
    #[must_use]
    pub const fn offline(&self) -> u32 {
        self.state.offline
    }

    /// The block list, normalised and in order.
    pub fn blocked(&self) -> impl ExactSizeIterator<Item = &str> {
        self.state.blocked()
    }

    /// Whether a session has IM-NG on.
    #[must_use]
    pub fn speaks_imng(&self, session: &FullJid) -> bool {
        self.seat(session).and_then(|seat| self.state.session(seat)).is_some_and(|session| session.imng)
    }

    /// Whether a session is hibernated, or not; `None` if there is no such session.
    #[must_use]
    pub fn is_hibernated(&self, session: &FullJid) -> Option<bool> {
        Some(self.state.session(self.seat(session)?)?.hibernated)
    }

    /// Whether an address is on the block list, itself or by its bare JID or domain.
    #[must_use]
    pub fn is_blocked(&self, jid: &Jid) -> bool {
        self.state.is_blocked(jid.as_str())
    }

    /// By what the account belongs to a room, as it was told last.
    #[must_use]
    pub fn grounds(&self, room: &BareJid) -> Grounds {
        self.state.grounds(room.as_str())
    }

    /// The sessions that a room's member copy may go to: those of [`Order::MemberCopy`].
    #[must_use]
    pub fn candidates(&self, room: &BareJid) -> Vec<Address> {
        self.state.addresses(self.state.candidates(room.as_str()))
    }

    /// What is wrong with the state, if anything: for tests.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        self.state.check().map_err(Into::into)
    }

    /// Takes a stanza from outside that is for others too: as [`Input::Stanza`], but for that nothing is cloned that is
    /// not kept.
    pub fn receive(&mut self, now: Time, stanza: &Stanza, out: &mut dyn Sink<Order, Notice>) {
        let now = now.max(self.state.latest);
        self.take(now, Cow::Borrowed(stanza), None, out);
        self.state.latest = now;
    }

    fn take(&mut self, now: Time, stanza: Cow<'_, Stanza>, sender: Option<Seat>, out: &mut Out<'_>) {
        let ask = judge::read(&self.state, &stanza, sender);
        let verdict = judge::judge(&self.state, &ask);
        let (traits, source) = (ask.traits, ask.source);
        match verdict.then {
            Then::Refuse(refusal) => {
                say::refuse(out, &self.state, verdict.why, &stanza, sender, refusal);
                say::also(out, &verdict);
            }
            Then::Drop => {
                say::tell(out, verdict.why, Notice::Dropped { from: say::sender(&stanza) });
                say::also(out, &verdict);
            }
            Then::End => {
                let session = sender.and_then(|seat| full_jid(self.state.roster.get(seat)?));
                if let Some(session) = session {
                    let condition = EndCondition::InvalidFrom;
                    say::order(out, verdict.why, Order::End { session, condition });
                }
            }
            Then::Host(errand) => self.errand(verdict.why, errand, stanza.into_owned(), sender, out),
            Then::Answer(answer) => self.answer(verdict.why, answer, &stanza, sender, out),
            Then::Nothing | Then::Forward | Then::Store(_) => {
                self.deliver(now, &verdict, stanza, traits, source, out);
            }
        }
    }

    /// Delivers, copies, keeps and archives.
    fn deliver(
        &mut self,
        now: Time,
        verdict: &Verdict,
        stanza: Cow<'_, Stanza>,
        traits: Traits,
        source: Source,
        out: &mut Out<'_>,
    ) {
        let sender = match source {
            Source::Own(seat) => Some(seat),
            Source::Outside | Source::Room | Source::Server => None,
        };
        let imng = verdict.imng.map_or(SessionSet::EMPTY, |(_, set)| set);
        let archived = verdict.archive.filter(|(_, yes)| *yes).map(|(why, _)| why);
        let store = match verdict.then {
            Then::Store(by) => Some(by),
            _ => None,
        };
        let wanted = Wanted {
            kept: archived.is_some() || store.is_some() || !(verdict.deliver | imng | verdict.reflect).is_empty(),
            sent: verdict.then == Then::Forward,
            copy: (!verdict.copies.to.is_empty()).then_some(verdict.copies.sent),
        };
        let id = archived.map(|_| self.state.peek_id());
        let state = &self.state;
        let session = sender.and_then(|seat| state.roster.get(seat));
        let from = session.map_or_else(|| stanza.from.as_ref().map_or("", |jid| jid.as_str()), Address::as_str);
        let to = stanza.element.attr("to").unwrap_or_else(|| state.account());
        let strip = traits.has(Traits::FORGED_ID);
        let letter = Letter { stanza: &stanza, from, to, account: state.account(), strip, id: id.as_deref() };
        let forms = letter.write(wanted);
        if stanza.kind == StanzaKind::Message && forms.bytes > state.limits.message_bytes {
            return say::refuse(out, state, rule::Z1, &stanza, sender, Refusal::TooLarge);
        }

        // Everything that follows is certain now.
        let way = if sender.is_some() { Way::Out } else { Way::In };
        if verdict.copies.eligible
            && stanza.type_ != StanzaType::Error
            && let Some(id) = stanza.id.as_deref()
        {
            let peer: Box<str> = match way {
                Way::Out => bare(stanza.to.as_ref().map_or_else(|| state.account(), |jid| jid.as_str())).into(),
                Way::In => bare(from).into(),
            };
            self.state.remember(way, &peer, id);
        }
        if let (Some(why), Some(kept), Some(id)) = (archived, &forms.kept, &id) {
            self.state.took_id();
            let (with, direction) = match way {
                Way::Out => (stanza.to.clone().or_else(|| Jid::new(self.state.account()).ok()), Direction::Out),
                Way::In => (stanza.from.clone(), Direction::In),
            };
            if let Some(with) = with {
                let id = id.as_str().into();
                let record = Record { id, with, direction, stamp: now, stanza: kept.clone() };
                say::order(out, why, Order::Archive(Box::new(record)));
            }
        }
        if let (Some(by), Some(kept)) = (store, &forms.kept) {
            self.state.offline = self.state.offline.saturating_add(1);
            say::order(out, by, Order::StoreOffline { stamp: now, stanza: kept.clone() });
        }
        let unremembered = self.directed(verdict, &stanza, sender);
        let state = &self.state;
        if let Some(kept) = &forms.kept {
            say::send(out, state, verdict.why, verdict.deliver, kept);
            if let Some((why, set)) = verdict.imng {
                say::send(out, state, why, set, kept);
            }
            say::send(out, state, rule::I8, verdict.reflect, kept);
        }
        if let (Some(copy), Some(why)) = (&forms.copy, verdict.copies.why) {
            say::send(out, state, why, verdict.copies.to, copy);
        }
        if let (Some(sent), Some(to)) = (&forms.sent, &stanza.to) {
            out.push(verdict.why, Action::Send { to: Audience::one(to.as_str()), stanza: sent });
        }
        if store.is_some_and(|by| by != verdict.why) && !state.sets.bound.is_empty() {
            // Why nobody may get it now.
            say::tell(out, verdict.why, Notice::Also);
        }
        say::also(out, verdict);
        if unremembered {
            say::tell(out, rule::Z10, Notice::Also);
        }
        if strip {
            say::tell(out, rule::A8, Notice::Also);
        }
        if stanza.kind == StanzaKind::Message {
            self.told(verdict, stanza, traits, sender, id, out);
        }
    }

    /// What is told about a message beside what became of it.
    fn told(
        &self,
        verdict: &Verdict,
        stanza: Cow<'_, Stanza>,
        traits: Traits,
        sender: Option<Seat>,
        id: Option<String>,
        out: &mut Out<'_>,
    ) {
        let state = &self.state;
        if !(verdict.reached() & state.sets.hibernated).is_empty() {
            say::tell(out, rule::G6, Notice::Also);
        }
        // What would have been done, had a rule not kept it from being done.
        if let (Some(why), false) = (verdict.copies.why, verdict.copies.eligible)
            && !state.sets.carbons.without(verdict.reached()).is_empty()
            && why != verdict.why
        {
            say::tell(out, why, Notice::Also);
        }
        if let Some((why, false)) = verdict.archive_matters()
            && why != verdict.why
        {
            say::tell(out, why, Notice::Also);
        }
        let for_people = matches!(stanza.type_, StanzaType::Chat | StanzaType::Normal) && traits.has(Traits::CONTENT);
        if state.config.push && for_people && sender.is_none() {
            let stored = matches!(verdict.then, Then::Store(_));
            let stanza = stanza.into_owned();
            let candidate =
                PushCandidate { stanza, archive_id: id.map(Into::into), stored, reached: self.reached(verdict) };
            say::order(out, rule::W1, Order::Push(Box::new(candidate)));
        }
    }

    fn reached(&self, verdict: &Verdict) -> Vec<Reached> {
        let sessions = verdict.reached().iter().filter_map(|seat| {
            let session = self.state.session(seat)?;
            Some(Reached {
                session: self.state.roster.get(seat)?.clone(),
                hibernated: session.hibernated,
                active: !session.inactive,
            })
        });
        sessions.collect()
    }

    /// Remembers where a session sends directed presence. Whether there was no room for it.
    fn directed(&mut self, verdict: &Verdict, stanza: &Stanza, sender: Option<Seat>) -> bool {
        let (Some(seat), Some(to)) = (sender.filter(|_| verdict.why == rule::P9), &stanza.to) else { return false };
        let most = self.state.limits.directed;
        let kept = self.state.change(seat, |session| {
            if stanza.type_ == StanzaType::Unavailable {
                session.directed.remove(to.as_str());
                return true;
            }
            let fits = session.directed.len() < most || session.directed.contains(to.as_str());
            if fits {
                session.directed.insert(to.as_str().into());
            }
            fits
        });
        kept == Some(false)
    }

    /// Hands a stanza to the host.
    fn errand(&mut self, why: Rule, errand: Errand, stanza: Stanza, sender: Option<Seat>, out: &mut Out<'_>) {
        let session = sender.and_then(|seat| self.state.roster.get(seat)).cloned();
        let stanza = Box::new(match &session {
            Some(session) => stamped(stanza, session),
            None => stanza,
        });
        match (errand, sender, session) {
            (Errand::Broadcast, Some(seat), Some(session)) => {
                let available = stanza.type_ == StanzaType::Available;
                let priority = available.then(|| wire::priority(&stanza));
                self.available(why, seat, session, priority, Some(stanza), out);
            }
            (Errand::Broadcast, ..) => {}
            (Errand::Subscription, _, session) => say::order(out, why, Order::Subscription { session, stanza }),
            (Errand::Probe, ..) => say::order(out, why, Order::Probe { stanza }),
            (Errand::Iq, _, session) => say::order(out, why, Order::Iq { session, stanza }),
            (Errand::MemberCopy, ..) => {
                let room = stanza.from.as_ref().map_or("", |jid| bare(jid.as_str()));
                let candidates = self.state.addresses(self.state.candidates(room));
                let live = self.state.addresses(self.state.is_live(room));
                say::order(out, why, Order::MemberCopy { stanza, candidates, live });
            }
        }
    }

    /// Answers a request, and does what it asks.
    fn answer(&mut self, why: Rule, answer: Answer, stanza: &Stanza, sender: Option<Seat>, out: &mut Out<'_>) {
        let payload = stanza.payload();
        let items = || payload.and_then(wire::items).unwrap_or_default();
        let mut order = None;
        if let Some(seat) = sender {
            match answer {
                Answer::Carbons(on) => {
                    self.state.change(seat, |session| session.carbons = on);
                }
                Answer::Imng => {
                    self.state.change(seat, |session| (session.imng, session.carbons) = (true, false));
                }
                Answer::BlockList => {
                    self.state.change(seat, |session| session.blocking = true);
                }
                Answer::Block => {
                    let items = items();
                    self.state.block(&items);
                    order = Some(Order::Block(items));
                }
                Answer::Unblock => {
                    let items = items();
                    let gone = if items.is_empty() { self.state.unblock_all() } else { items };
                    self.state.unblock(&gone);
                    order = Some(Order::Unblock(gone));
                }
                Answer::Done | Answer::Info => {}
            }
        }
        let changed = order.is_some();
        if let Some(order) = order {
            say::order(out, why, order);
        }
        let push = changed.then(|| self.state.next_push());
        let state = &self.state;
        say::result(out, state, why, stanza, sender, |writer| match answer {
            Answer::Info => say::info(writer, state),
            Answer::BlockList => say::block_list(writer, state),
            _ => {}
        });
        if let (Some(id), Some(payload)) = (push, payload) {
            say::block_push(out, state, why, &id, payload);
        }
    }

    /// The push router has decided.
    fn member_copy(&self, stanza: &Stanza, to: &[FullJid], out: &mut Out<'_>) {
        let state = &self.state;
        let named: SessionSet = to.iter().filter_map(|jid| self.seat(jid)).collect();
        let letter = Letter {
            stanza,
            from: stanza.from.as_ref().map_or("", |jid| jid.as_str()),
            to: stanza.element.attr("to").unwrap_or_else(|| state.account()),
            account: state.account(),
            strip: true,
            id: None,
        };
        if !named.is_empty()
            && let Some(kept) = letter.write(Wanted { kept: true, ..Wanted::default() }).kept
        {
            say::send(out, state, rule::M2, named, &kept);
        }
        for jid in to.iter().filter(|jid| self.seat(jid).is_none()) {
            say::tell(out, rule::M3, Notice::NotThere { session: jid.as_str().into() });
        }
    }

    fn fact(&mut self, fact: Fact, out: &mut Out<'_>) {
        let fits = match fact {
            Fact::Blocked(all) => self.state.set_blocked(all.iter().map(|jid| jid.as_str().into())),
            Fact::Contact { jid, subscription } => self.state.set_contact(jid.as_str(), subscription),
            Fact::Room { room, grounds } => self.state.set_room(room.as_str(), grounds),
            Fact::OfflineCount(count) => {
                self.state.offline = count;
                true
            }
        };
        self.remembered(fits, out);
    }
}

impl Machine for Account {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        let impossible = |what| Err(Misuse::Impossible { what });
        let now = now.max(self.state.latest);
        match input {
            Input::Stanza(stanza) => self.take(now, Cow::Owned(stanza), None, out),
            Input::FromSession { session, stanza } => {
                let Some(seat) = self.seat(&session) else {
                    return impossible("the session is not bound: say `Event::Bound` first");
                };
                self.take(now, Cow::Owned(stanza), Some(seat), out);
            }
            Input::Session { session, event } => self.event(now, session, event, out)?,
            Input::Fact(fact) => self.fact(fact, out),
            Input::Offline { token, messages, more } => {
                let Some((_, seat)) = self.state.open.filter(|(open, _)| *open == token) else {
                    return Err(Misuse::NotAsked { token });
                };
                if messages.len() > self.state.limits.offline_page as usize {
                    return impossible("more messages are handed back than were asked for: at most `max`, then `more`");
                }
                self.state.open = None;
                self.handed_back(seat, messages, more, out);
            }
            Input::MemberCopy { stanza, to } => {
                if stanza.kind != StanzaKind::Message {
                    return impossible("a member copy is a message: give back the stanza of the order");
                }
                self.member_copy(&stanza, &to, out);
            }
        }
        self.state.latest = now;
        Ok(())
    }

    /// Nothing is ever due: an account decides when something comes.
    fn wake(&mut self, _: Time, _: &mut dyn Sink<Order, Notice>) {}

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Snapshot for Account {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "imng.account";

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

/// Answers a stanza for an account that does not exist (RFC 6121 §8.5.1), with the verdict of
/// [`nobody`](super::nobody): byte for byte as an account that exists answers what it does not take.
pub fn refuse_for_nobody<O>(stanza: &Stanza, out: &mut dyn Sink<O, Notice>) {
    let verdict = judge::nobody(stanza);
    let answer = match verdict.then {
        Then::Refuse(refusal) => crate::codec::Outgoing::error(stanza, &refusal.error()).zip(Some(refusal)),
        _ => None,
    };
    let from = say::sender(stanza);
    match answer {
        Some((error, refusal)) => {
            let to = stanza.from.as_ref().map_or("", |jid| jid.as_str());
            if !to.is_empty() {
                out.push(verdict.why, Action::Send { to: Audience::one(to), stanza: &error });
            }
            let condition = refusal.error().condition;
            out.push(verdict.why, Action::Tell(Notice::Refused { from, condition }));
        }
        None => out.push(verdict.why, Action::Tell(Notice::Dropped { from })),
    }
}

/// The stanza in the name of the session that sent it.
fn stamped(stanza: Stanza, session: &Address) -> Stanza {
    let other = Jid::new(session.as_str()).ok().filter(|_| stanza.element.attr("from") != Some(session.as_str()));
    match other {
        Some(session) => stanza.sent_by(session),
        None => stanza,
    }
}

fn full_jid(address: &Address) -> Option<FullJid> {
    FullJid::new(address.as_str()).ok()
}
