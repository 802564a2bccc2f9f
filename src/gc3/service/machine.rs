//! The service as a machine: finds the room that an input is for, and lets it speak.

use jid::BareJid;

use super::state::{CapsKey, CapsQuery, Held, Name, ServiceConfig, State, Waiter};
use super::{activity, caps, create, disco};
use crate::codec::{Fault, Header, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::gc3::host::{Answer, Command, Input, Notice, Order, Token};
use crate::gc3::id::ParticipantId;
pub(super) use crate::gc3::refusals::{GONE, JID_MALFORMED, NOT_FOUND, UNAVAILABLE};
use crate::gc3::room::{DefaultTopics, Room, RoomOrder, answered, parse_base36};
use crate::gc3::rules::{muc, muc2, table as rule};
use crate::limits::Gc3Limits;
use crate::machine::{Action, Machine, Misuse, Sink, Within};
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// A group chat service: every room of a domain.
///
/// Its host routes to it all stanzas for the domain and for whatever is below it, answers the [`Order`]s that carry a
/// token, and sends what it says. A restart is a [`save`](Snapshot::save) and a [`load`](Snapshot::load); the host then
/// passes its configuration again.
///
/// ```
/// use xmpp_machines::codec::Reader;
/// use xmpp_machines::gc3::{Input, Service, ServiceConfig};
/// use xmpp_machines::limits::Gc3Limits;
/// use xmpp_machines::seed::Seed;
/// use xmpp_machines::{Machine, Outbox, Snapshot, Time};
///
/// let config = ServiceConfig::new(&jid::BareJid::new("rooms.example")?);
/// let mut service = Service::new(config.clone(), Gc3Limits::default(), Seed::new([7; 32]));
/// let mut said = Outbox::new();
/// let ping = b"<iq type='get' id='1' from='ann@tea.example/pot' to='rooms.example'><ping xmlns='urn:xmpp:ping'/></iq>";
/// let input = Input::Stanza(Reader::one("jabber:client", ping)?);
/// service.handle(Time::from_millis(1_800_000_000_000), input, &mut said)?;
/// assert_eq!(said.deliveries().map(|delivery| delivery.to).collect::<Vec<_>>(), ["ann@tea.example/pot"]);
///
/// let mut service = Service::load(&service.save())?;
/// service.reconfigure(config)?;
/// assert_eq!((service.len(), service.deadline()), (0, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Service {
    pub(super) state: State,
}

/// Where a service says things.
pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

impl Service {
    /// A service without rooms. `seed` is a secret: who knows it can predict every address, ID and stanza-id.
    #[must_use]
    pub const fn new(config: ServiceConfig, limits: Gc3Limits, seed: Seed) -> Self {
        Self { state: State::new(config, limits, seed) }
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &ServiceConfig {
        &self.state.config
    }

    /// Puts another configuration in force.
    ///
    /// # Errors
    /// [`Misuse::Impossible`] if it is for another domain: rooms cannot move.
    pub fn reconfigure(&mut self, config: ServiceConfig) -> Result<(), Misuse> {
        if config.domain != self.state.config.domain {
            return Err(Misuse::Impossible {
                what: "rooms cannot move to another domain: make another service for it",
            });
        }
        self.state.config = config;
        for held in self.state.rooms.values_mut() {
            held.room.belong(&self.state.config.policy());
        }
        Ok(())
    }

    /// How many rooms there are, destroyed ones that are still remembered included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.rooms.len()
    }

    /// A room, by its address; none by an alias.
    #[must_use]
    pub fn room_at(&self, address: &BareJid) -> Option<&Room> {
        let here = address.domain().as_str() == self.state.config.domain;
        match self.state.names.get(address.node().filter(|_| here)?.as_str())? {
            Name::Room(serial) => self.state.rooms.get(serial).map(|held| &held.room),
            Name::Alias(_) => None,
        }
    }

    /// The latest time seen.
    pub(crate) const fn now(&self) -> Time {
        self.state.now
    }

    /// Whether a parent is told who takes part in rooms, who listens and what is accepted. Not saved: it says so again
    /// after loading.
    pub(crate) fn watch(&mut self, on: bool) {
        self.state.watched = on;
        for held in self.state.rooms.values_mut() {
            held.room.watch(on);
        }
    }

    /// A room that is not gone, by its address as text.
    pub(crate) fn room_named(&self, address: &str) -> Option<&Room> {
        let node = address.strip_suffix(&self.state.config.domain)?.strip_suffix('@')?;
        match self.state.names.get(node)? {
            Name::Room(serial) => {
                let room = self.state.rooms.get(serial).map(|held| &held.room);
                room.filter(|room| room.state.destroyed.is_none())
            }
            Name::Alias(_) => None,
        }
    }

    /// The addresses of the rooms that are not gone.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Box<str>> + '_ {
        let there = self.state.rooms.values().filter(|held| held.room.state.destroyed.is_none());
        there.map(|held| held.room.address().as_str().into())
    }

    /// The ID that an account has in a room, whether it was ever there or not.
    #[must_use]
    pub fn participant_id(&self, room: &BareJid, account: &BareJid) -> Option<ParticipantId> {
        Some(self.room_at(room)?.state.id_of(account.as_str()))
    }

    /// Whether there is no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.rooms.is_empty()
    }

    /// Whether everything in the service and its rooms fits together.
    ///
    /// # Errors
    /// What does not fit. A service never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()?;
        self.state.rooms.values().try_for_each(|held| held.room.check())
    }

    fn stanza(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        let Some(to) = stanza.to.as_ref().filter(|to| to.domain().as_str() == self.state.config.domain) else {
            return drop(out, rule::G4_8, &stanza);
        };
        if stanza.fault == Some(Fault::From) {
            return refuse(out, rule::V6, &stanza, &JID_MALFORMED);
        }
        if stanza.from.is_none() {
            return drop(out, rule::G4_8, &stanza);
        }
        let Some(node) = to.node() else { return self.take(stanza, out) };
        match self.state.names.get(node.as_str()) {
            Some(Name::Room(serial)) => {
                let serial = *serial;
                self.give_room(serial, stanza, out);
            }
            Some(Name::Alias(serial)) => {
                let serial = *serial;
                self.give_alias(serial, stanza, out);
            }
            None if create::wants_room(&self.state, &stanza) => self.create_by_entering(stanza, out),
            None => refuse(out, rule::G13_4, &stanza, &NOT_FOUND),
        }
    }

    /// Gives a stanza to a room.
    fn give_room(&mut self, serial: u32, stanza: Stanza, out: &mut Out<'_>) {
        create::check_aliases(&mut self.state, serial, &stanza);
        // A stanza is no misuse.
        let _ = self.room(serial, Input::Stanza(stanza), out);
    }

    /// An alias answers what one needs to find the room, and tells all else where it is (G12.5).
    fn give_alias(&mut self, serial: u32, stanza: Stanza, out: &mut Out<'_>) {
        let finds = stanza.payload().is_some_and(|payload| {
            payload.is("join-form", ns::GC3) || payload.is("join", ns::GC3) || payload.is("query", ns::DISCO_INFO)
        });
        if finds && stanza.to.as_ref().is_some_and(|to| to.resource().is_none()) {
            return self.give_room(serial, stanza, out);
        }
        let Some(held) = self.state.rooms.get(&serial) else { return };
        let uri = format!("xmpp:{}?join", held.room.state.address);
        refuse(out, rule::G12_5, &stanza, &GONE.uri(&uri));
    }

    /// Takes a stanza for the domain itself.
    fn take(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        if stanza.to.as_ref().is_some_and(|to| to.resource().is_none())
            && activity::heard(&mut self.state, &stanza, out)
        {
            return;
        }
        if matches!(stanza.type_, StanzaType::Result | StanzaType::Error) {
            return self.returned(stanza, out);
        }
        let bare = stanza.to.as_ref().is_some_and(|to| to.resource().is_none());
        let set = stanza.type_ == StanzaType::Set;
        if stanza.kind != StanzaKind::Iq || !bare || stanza.fault.is_some() {
            let malformed = stanza.kind == StanzaKind::Iq && stanza.fault.is_some();
            let (why, error) =
                if malformed { (rule::G14_12, crate::gc3::wire::BAD_REQUEST) } else { (rule::G13_5, UNAVAILABLE) };
            return refuse(out, why, &stanza, &error);
        }
        let Some(payload) = stanza.payload() else { return };
        match (payload.ns().as_str(), payload.name(), set) {
            (ns::GC3, "create-form", false) => create::form(&self.state, out, &stanza),
            (ns::GC3, "create", true) => self.create(&stanza, out),
            (ns::DISCO_INFO, "query", false) => disco::info(&self.state, out, &stanza),
            (ns::DISCO_ITEMS, "query", false) => disco::items(&self.state, out, &stanza, payload),
            (ns::GC_REPORT, "report-chat", true) => create::report(&mut self.state, out, &stanza, payload),
            (ns::PING, "ping", false) => result(out, rule::G9_1, &stanza, |_| {}),
            _ => refuse(out, rule::G13_5, &stanza, &UNAVAILABLE),
        }
    }

    /// An answer to something that was asked under the service's own name: for features, or for a room.
    fn returned(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        let id = stanza.id.as_deref().unwrap_or_default();
        if let Some(key) = self.state.caps_ids.get(id).cloned() {
            return self.features_came(&key, &stanza, out);
        }
        let serial = id.split_once('.').and_then(|(serial, _)| parse_base36(serial));
        match serial.and_then(|serial| u32::try_from(serial).ok()).filter(|n| self.state.rooms.contains_key(n)) {
            Some(serial) => self.give_room(serial, stanza, out),
            None => drop(out, rule::G13_6, &stanza),
        }
    }

    /// Creates a room, if the stanza may.
    fn create(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        match create::judge(&mut self.state, stanza) {
            Err((why, error, form)) => create::refuse(&self.state, out, why, stanza, &error, form),
            Ok(founding) => {
                let serial = founding.serial;
                create::found(&mut self.state, founding, stanza, out);
                self.after(serial, Vec::new(), out);
            }
        }
    }

    /// Creates the room that somebody enters, if it may, and lets it in.
    fn create_by_entering(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        if crate::gc3::wire::muc2::is_named(&stanza) {
            out.push(muc2::C6, Action::Tell(Notice::Also));
        }
        match create::by_entering(&mut self.state, &stanza, out) {
            Ok(serial) => {
                self.give_room(serial, stanza, out);
                // Who was not let in has made nothing.
                if let Some(room) = self.state.rooms.get(&serial).and_then(|held| held.room.never_entered()) {
                    out.push(muc::C6, Action::Tell(Notice::Destroyed { room }));
                    self.state.remove(serial);
                    self.state.reindex(serial);
                }
            }
            Err((why, error)) => refuse(out, why, &stanza, &error),
        }
    }

    /// Calls a room and does what it orders of the service.
    pub(super) fn room(&mut self, serial: u32, input: Input, out: &mut Out<'_>) -> Result<(), Misuse> {
        let mut own = Vec::new();
        let now = self.state.now;
        let Some(held) = self.state.rooms.get_mut(&serial) else { return Ok(()) };
        held.room.handle(now, input, &mut within(out, &mut own))?;
        self.after(serial, own, out);
        Ok(())
    }

    /// Follows what a room ordered of the service, and keeps the index of deadlines right.
    fn after(&mut self, serial: u32, own: Vec<RoomOrder>, out: &mut Out<'_>) {
        for order in own {
            match order {
                RoomOrder::Host(_) => {}
                RoomOrder::Aliases(aliases) => self.state.alias(serial, &aliases),
                RoomOrder::Features { token, jid, hash, ver, node, second } => {
                    self.features_wanted(CapsKey { second, hash, ver }, Waiter { token, jid, node }, out);
                }
            }
        }
        if let Some(held) = self.state.rooms.get(&serial).filter(|held| held.room.has_vanished()) {
            if held.room.unended().is_some() {
                out.push(muc::C8, Action::Tell(Notice::Also));
            }
            self.state.remove(serial);
        }
        activity::after(&mut self.state, serial, out);
        self.state.reindex(serial);
    }

    /// A room wants the features of a session: they are known, or are asked for once for all who wait (G4.6).
    fn features_wanted(&mut self, key: CapsKey, waiter: Waiter, out: &mut Out<'_>) {
        if let Some(&topics) = self.state.caps.get(&key) {
            return self.features(waiter.token, Answer::Features(topics), out);
        }
        if let Some(query) = self.state.caps_queries.get_mut(&key) {
            query.waiters.push_back(waiter);
            return;
        }
        if self.state.caps_queries.len() >= self.state.limits.caps {
            return self.features(waiter.token, Answer::Unavailable, out);
        }
        let until = self.state.now.plus(self.state.limits.pending_for);
        let query = CapsQuery { id: "".into(), waiters: [waiter].into(), until };
        self.ask_features(key, query, out);
    }

    /// Asks the first who waits.
    fn ask_features(&mut self, key: CapsKey, mut query: CapsQuery, out: &mut Out<'_>) {
        let Some(waiter) = query.waiters.front() else { return };
        self.state.drawn += 1;
        let id = format!("c.{}", self.state.seed.draw_nth("caps", self.state.drawn).base32());
        let node = if key.second {
            format!("{}#{}.{}", ns::CAPS2, key.hash, key.ver)
        } else {
            format!("{}#{}", waiter.node, key.ver)
        };
        let header = Header {
            kind: StanzaKind::Iq,
            type_: StanzaType::Get,
            from: &self.state.config.domain,
            id: Some(&id),
            lang: None,
        };
        let stanza = Outgoing::new(&header, |writer| {
            writer.open("query", ns::DISCO_INFO).attr("node", &node).close();
        });
        out.push(rule::G4_6, Action::Send { to: Audience::one(&waiter.jid), stanza: &stanza });
        query.id = id.into();
        self.state.caps_ids.insert(query.id.clone(), key.clone());
        self.state.caps_due.insert((query.until, query.id.clone()));
        self.state.caps_queries.insert(key, query);
    }

    /// Features came, or an error instead. What a hash does not verify counts for the one who was asked.
    fn features_came(&mut self, key: &CapsKey, stanza: &Stanza, out: &mut Out<'_>) {
        let Some(query) = self.state.caps_queries.get_mut(key) else { return };
        let from = stanza.from.as_ref().map_or("", |from| from.as_str());
        if query.waiters.front().is_none_or(|waiter| *waiter.jid != *from) {
            return drop(out, rule::G13_6, stanza);
        }
        let info = stanza.payload().filter(|p| stanza.type_ == StanzaType::Result && p.is("query", ns::DISCO_INFO));
        let topics = info.map_or_else(DefaultTopics::default, caps::topics);
        let Some(mut query) = self.state.caps_queries.remove(key) else { return };
        self.state.caps_ids.remove(&query.id);
        self.state.caps_due.remove(&(query.until, query.id.clone()));
        if info.is_some_and(|info| caps::verifies(info, &key.hash, &key.ver, key.second)) {
            self.state.learn(key.clone(), topics);
            for waiter in query.waiters {
                self.features(waiter.token, Answer::Features(topics), out);
            }
            return;
        }
        if let Some(waiter) = query.waiters.pop_front() {
            self.features(waiter.token, Answer::Features(topics), out);
        }
        if !query.waiters.is_empty() {
            self.ask_features(key.clone(), query, out);
        }
    }

    /// Tells a room what it asked for. The session may be gone: then nobody asks any more.
    fn features(&mut self, token: Token, answer: Answer, out: &mut Out<'_>) {
        let _ = self.room(serial_of(token), Input::Answer { token, answer }, out);
    }

    fn command(&mut self, command: Command, out: &mut Out<'_>) {
        let serials: Vec<u32> = match &command {
            Command::Forget { room, .. } => {
                let node = room.node().map(|node| node.as_str()).unwrap_or_default();
                self.state.names.get(node).map(|name| name.serial()).into_iter().collect()
            }
            _ => self.state.rooms.keys().copied().collect(),
        };
        for serial in serials {
            // The command was meant for the host's own machine: no room calls it misuse.
            let _ = self.room(serial, Input::Command(command.clone()), out);
        }
    }

    /// Drops questions for features that nobody answered; the rooms have timers of their own.
    fn forget_queries(&mut self) {
        let now = self.state.now;
        while self.state.caps_due.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, id)) = self.state.caps_due.pop_first() else { return };
            if let Some(key) = self.state.caps_ids.remove(&id) {
                self.state.caps_queries.remove(&key);
            }
        }
    }
}

/// The number of the room whose question a token is.
const fn serial_of(token: Token) -> u32 {
    (token >> 32) as u32
}

/// A room's view of the sink: what it orders of the service is kept in `own`.
pub(super) fn within<'s>(
    out: &'s mut Out<'_>,
    own: &'s mut Vec<RoomOrder>,
) -> Within<'s, Order, Notice, impl FnMut(RoomOrder) -> Option<Order> + 's, impl FnMut(Notice) -> Option<Notice> + 's> {
    Within {
        out,
        order: |order| match order {
            RoomOrder::Host(order) => Some(order),
            other => {
                own.push(other);
                None
            }
        },
        notice: Some,
    }
}

/// Answers a request of the service's own.
pub(super) fn result(out: &mut Out<'_>, why: Rule, stanza: &Stanza, payload: impl FnOnce(&mut Writer)) {
    if let (Some(answer), Some(to)) = (Outgoing::result(stanza, payload), stanza.sender()) {
        out.push(why, Action::Send { to: Audience::one(to), stanza: &answer });
    }
}

/// Refuses a stanza, if it is one that is answered; exactly as a room refuses.
pub(super) fn refuse(out: &mut Out<'_>, why: Rule, stanza: &Stanza, error: &StanzaError<'_>) {
    let answer = Outgoing::error(stanza, error).filter(|_| answered(stanza));
    let (Some(answer), Some(to)) = (answer, stanza.sender()) else { return drop(out, why, stanza) };
    out.push(why, Action::Send { to: Audience::one(to), stanza: &answer });
    out.push(why, Action::Tell(Notice::Refused { from: Some(to.into()) }));
}

/// Tells that a stanza was dropped.
fn drop(out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    out.push(why, Action::Tell(Notice::Dropped { from: stanza.sender().map(Into::into) }));
}

impl Machine for Service {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        match input {
            Input::Stanza(stanza) => {
                self.state.now = self.state.now.max(now);
                self.stanza(stanza, out);
            }
            Input::Answer { token, answer } => {
                let serial = serial_of(token);
                let known = |held: &Held| held.room.state.questions.contains_key(&token);
                if !self.state.rooms.get(&serial).is_some_and(known) {
                    return Err(Misuse::NotAsked { token });
                }
                let before = self.state.now;
                self.state.now = before.max(now);
                create::check_aliases_again(&mut self.state, serial, token);
                if let Err(misuse) = self.room(serial, Input::Answer { token, answer }, out) {
                    self.state.now = before;
                    return Err(misuse);
                }
            }
            Input::Command(command) => {
                self.state.now = self.state.now.max(now);
                self.command(command, out);
            }
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        let now = self.state.now;
        self.forget_queries();
        while let Some(&(at, serial)) = self.state.deadlines.first() {
            if at > now {
                break;
            }
            let mut own = Vec::new();
            if let Some(held) = self.state.rooms.get_mut(&serial) {
                held.room.wake(now, &mut within(out, &mut own));
            }
            self.after(serial, own, out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        let rooms = self.state.deadlines.first().map(|&(at, _)| at);
        let queries = self.state.caps_due.first().map(|&(until, _)| until);
        match (rooms, queries) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

impl Snapshot for Service {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "gc3.service";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let mut service = Self { state: State::load(body)? };
        let config = service.state.config.clone();
        for held in service.state.rooms.values_mut() {
            held.room.belong(&config.policy());
        }
        Ok(service)
    }
}
