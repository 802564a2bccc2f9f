//! The queue as a machine: stanzas and elements in, writes and what is left out.

use minidom::Element;

use super::fate;
use super::host::{Input, Link, Notice, Order, Out, Pair, Parcel, Role, order, tell};
use super::rules as rule;
use super::state::{Ack, Entry, Mark, Phase, State};
use super::wire::{Nonza, NotNonza, StreamError};
use crate::codec::Condition;
use crate::limits::SmLimits;
use crate::machine::{Machine, Misuse, Sink};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::{Span, Time};

/// The stanzas on one stream that its peer has not acknowledged.
///
/// A client's session has one queue, from the binding of its resource until everything about it is forgotten, over all
/// the connections that it uses. A pair of servers has one for each direction.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(super) state: State,
}

impl Queue {
    /// A queue without a stream. `seed` is a secret: who knows it can resume the streams of others. No two queues have
    /// the same.
    #[must_use]
    pub fn new(role: Role, pair: Pair, limits: SmLimits, seed: Seed) -> Self {
        Self { state: State::new(role, pair, limits, seed) }
    }

    /// The id by which the stream can be resumed now, or for which it is told why not.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        let session = self.state.session.as_ref().and_then(|session| session.id.as_deref());
        session.or_else(|| self.state.past.as_ref().map(|past| &*past.id))
    }

    /// How many stanzas are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.entries.len()
    }

    /// Whether no stanza is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.entries.is_empty()
    }

    /// How many bytes the kept stanzas have.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.state.bytes
    }

    /// The connection on which the stream is open.
    #[must_use]
    pub const fn link(&self) -> Option<Link> {
        self.state.link()
    }

    /// Whether nothing can come of it any more: the host may drop it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state.phase == Phase::Over && self.state.past.is_none() && self.state.bounces.is_empty()
    }

    /// Whether everything in the queue fits together.
    ///
    /// # Errors
    /// What does not fit. A queue never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn open(&mut self, link: Link, offered: bool, out: &mut Out<'_>) {
        let state = &mut self.state;
        if state.role != Role::Outgoing {
            state.phase = Phase::Open(link);
            return;
        }
        (state.connecting, state.connect_at) = (false, None);
        state.backoff = state.limits.reconnect.0;
        let resumable = state.session.as_ref().and_then(|session| Some((session.handled, session.id.clone()?)));
        if let (true, Phase::Broken(_), Some((h, previd))) = (offered, state.phase, resumable) {
            state.phase = Phase::Resuming(link);
            return order(out, rule::R9, Order::Nonza { link, nonza: Nonza::Resume { h, previd } });
        }
        state.doubt();
        self.begin(link, offered, out);
    }

    /// The initiating side begins a new session on an open stream, with what may still be sent.
    fn begin(&mut self, link: Link, offered: bool, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.phase = Phase::Open(link);
        if offered {
            state.count();
            state.phase = Phase::Enabling(link);
            let max = u32::try_from(state.limits.resume_for.millis() / 1000).ok();
            order(out, rule::E6, Order::Nonza { link, nonza: Nonza::Enable { resume: true, max } });
        }
        let mut lost = Vec::new();
        for mut entry in state.take() {
            if entry.mark == Mark::Doubt {
                let stanza = fate::read(&entry.parcel);
                let again = |stanza| fate::may_go_again(&entry, stanza, state.limits.retry_for, state.now);
                if !stanza.as_ref().is_some_and(again) {
                    lost.push(entry);
                    continue;
                }
                entry.again = true;
                write_late(state, link, rule::R11, &mut entry, out);
            } else {
                write_late(state, link, rule::R7, &mut entry, out);
            }
            if offered {
                state.put_back(entry);
            }
        }
        if !lost.is_empty() {
            tell(out, rule::R11, Notice::Also);
        }
        fate::give_up(state, lost, false, out);
    }

    fn element(&mut self, link: Link, pair: &Pair, element: &Element, out: &mut Out<'_>) {
        let ours = self.state.link() == Some(link);
        let refused = Notice::Refused { name: element.name().into() };
        let nonza = match Nonza::read(element) {
            Ok(nonza) => nonza,
            Err(NotNonza::NotMine) => return tell(out, rule::E7, refused),
            Err(NotNonza::Malformed) => return self.fail(link, rule::A8, StreamError::BadFormat, out),
        };
        let outgoing = self.state.role == Role::Outgoing;
        match (nonza, self.state.phase) {
            (Nonza::Request, Phase::Counted(_)) if ours => {
                let h = self.handled();
                order(out, rule::A1, Order::Nonza { link, nonza: Nonza::Ack { h } });
            }
            (Nonza::Ack { h }, Phase::Counted(_) | Phase::Enabling(_)) if ours => self.acknowledged(link, h, out),
            (Nonza::Enable { resume, max }, Phase::Open(_)) if ours && !outgoing => {
                self.enable(link, resume, max, out);
            }
            (Nonza::Enable { .. }, Phase::Counted(_)) if ours && !outgoing => {
                self.fail(link, rule::E4, StreamError::PolicyViolation, out);
            }
            (Nonza::Resume { h, previd }, _) if !ours && !outgoing => self.resume(link, pair, h, &previd, out),
            (Nonza::Enable { .. } | Nonza::Resume { .. }, _) if !outgoing => {
                failed(link, rule::E3, Condition::UnexpectedRequest, None, out);
            }
            (Nonza::Enabled { id, max }, Phase::Enabling(_)) if ours => self.enabled(link, id, max, out),
            (Nonza::Failed { .. }, Phase::Enabling(_)) if ours => {
                self.state.phase = Phase::Open(link);
                self.state.session = None;
                self.state.take();
                tell(out, rule::E6, refused);
            }
            (Nonza::Resumed { h, previd }, Phase::Resuming(_)) if ours && self.id() == Some(&*previd) => {
                self.resumed(link, h, out);
            }
            (Nonza::Failed { h, .. }, Phase::Resuming(_)) if ours => self.not_resumed(link, h, out),
            _ => tell(out, rule::E7, refused),
        }
    }

    fn handled(&self) -> u32 {
        self.state.session.as_ref().map_or(0, |session| session.handled)
    }

    /// The peer wants to be counted.
    fn enable(&mut self, link: Link, resume: bool, max: Option<u32>, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.count();
        state.phase = Phase::Counted(link);
        let wished = max.map_or(state.limits.resume_for, |max| Span::from_secs(max.into()));
        let resume_for = wished.min(state.limits.resume_for);
        let id = (resume && resume_for.millis() >= 1000).then(|| state.draw_id());
        if let Some(session) = &mut state.session {
            session.resume_for = resume_for;
            session.id.clone_from(&id);
        }
        let max = id.as_ref().and_then(|_| u32::try_from(resume_for.millis() / 1000).ok());
        let why = if id.is_some() { rule::E2 } else { rule::E1 };
        order(out, why, Order::Nonza { link, nonza: Nonza::Enabled { id: id.clone(), max } });
        tell(out, rule::E1, Notice::Enabled { id });
    }

    /// The peer counts as we asked.
    fn enabled(&mut self, link: Link, id: Option<Box<str>>, max: Option<u32>, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.phase = Phase::Counted(link);
        let limit = state.limits.resume_for;
        if let Some(session) = &mut state.session {
            session.handled = 0;
            session.resume_for = max.map_or(limit, |max| Span::from_secs(max.into()).min(limit));
            // The id goes into a snapshot and into each `resume`.
            session.id = id.filter(|id| id.len() <= 4000);
            tell(out, rule::E6, Notice::Enabled { id: session.id.clone() });
        }
        self.ask(false, out);
    }

    fn acknowledged(&mut self, link: Link, h: u32, out: &mut Out<'_>) {
        let Some(session) = &self.state.session else { return };
        let sent = session.sent;
        match session.judge(h) {
            Ack::More(more) => {
                if h < session.acked {
                    tell(out, rule::A2, Notice::Also);
                }
                self.state.acknowledge(more);
                tell(out, rule::A3, Notice::Also);
                self.ask(false, out);
            }
            Ack::Back => tell(out, rule::A7, Notice::Refused { name: "a".into() }),
            Ack::TooHigh => self.lied(link, h, sent, out),
        }
    }

    /// The counts disagree for good.
    fn lied(&mut self, link: Link, h: u32, sent: u32, out: &mut Out<'_>) {
        if let Some(other) = self.state.link().filter(|ours| *ours != link) {
            order(out, rule::R4, Order::Close { link: other, error: Some(StreamError::Conflict) });
        }
        order(out, rule::A6, Order::Close { link, error: Some(StreamError::TooHigh { h, sent }) });
        self.unresumable(rule::A6, out);
    }

    /// Asks the peer what it has, if it is time to or at once, or sets the time.
    fn ask(&mut self, at_once: bool, out: &mut Out<'_>) {
        let state = &mut self.state;
        let (Phase::Counted(link), Some(session)) = (state.phase, &mut state.session) else { return };
        if session.answer_by.is_some() {
            return;
        }
        if state.entries.is_empty() {
            (session.ask_at, session.unasked) = (None, 0);
            return;
        }
        if at_once || session.unasked >= state.limits.ask_every {
            (session.ask_at, session.unasked) = (None, 0);
            session.answer_by = Some(state.now.plus(state.limits.answer_for));
            let why = if at_once { rule::R8 } else { rule::A4 };
            order(out, why, Order::Nonza { link, nonza: Nonza::Request });
        } else if session.ask_at.is_none() {
            session.ask_at = Some(state.now.plus(state.limits.ask_after));
        }
    }

    /// Somebody wants to go on where a stream broke off.
    fn resume(&mut self, link: Link, pair: &Pair, h: u32, previd: &str, out: &mut Out<'_>) {
        let state = &mut self.state;
        let known = same_pair(state.role, &state.pair, pair);
        if let Some(past) = state.past.as_ref().filter(|past| known && *past.id == *previd) {
            let h = Some(past.handled);
            return failed(link, rule::R5, Condition::ItemNotFound, h, out);
        }
        let session = state.session.as_ref().filter(|session| known && session.id.as_deref() == Some(previd));
        let Some(session) = session else {
            return failed(link, rule::R3, Condition::ItemNotFound, None, out);
        };
        let (sent, handled) = (session.sent, session.handled);
        match session.judge(h) {
            Ack::TooHigh => self.lied(link, h, sent, out),
            Ack::Back => {
                self.close_other(out);
                failed(link, rule::R6, Condition::ItemNotFound, Some(handled), out);
                self.end(rule::R6, out);
            }
            Ack::More(more) => {
                self.close_other(out);
                self.state.phase = Phase::Counted(link);
                let nonza = Nonza::Resumed { h: handled, previd: previd.into() };
                order(out, rule::R2, Order::Nonza { link, nonza });
                self.go_on(link, more, out);
            }
        }
    }

    /// A stream that is resumed elsewhere ends.
    fn close_other(&self, out: &mut Out<'_>) {
        if let Some(link) = self.state.link() {
            order(out, rule::R4, Order::Close { link, error: Some(StreamError::Conflict) });
        }
    }

    /// The server went on with our stream.
    fn resumed(&mut self, link: Link, h: u32, out: &mut Out<'_>) {
        let Some(session) = &self.state.session else { return };
        let sent = session.sent;
        match session.judge(h) {
            Ack::More(more) => {
                self.state.phase = Phase::Counted(link);
                self.go_on(link, more, out);
            }
            Ack::Back | Ack::TooHigh => self.lied(link, h, sent, out),
        }
    }

    /// Sends again what the peer has not, with new numbers.
    fn go_on(&mut self, link: Link, more: u32, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.acknowledge(more);
        if let Some(session) = &mut state.session {
            session.sent = session.acked;
            session.ask_at = None;
        }
        let again = state.entries.len();
        for mut entry in state.take() {
            write_late(state, link, rule::R2, &mut entry, out);
            state.put_back(entry);
        }
        tell(out, rule::R2, Notice::Resumed { again });
        self.ask(true, out);
    }

    /// The server does not go on with our stream. If it tells its count, what arrived is certain.
    fn not_resumed(&mut self, link: Link, h: Option<u32>, out: &mut Out<'_>) {
        let state = &mut self.state;
        let more = match (h, &state.session) {
            (Some(h), Some(session)) => match session.judge(h) {
                Ack::More(more) => Some(more),
                Ack::Back | Ack::TooHigh => None,
            },
            _ => None,
        };
        if let Some(more) = more {
            state.acknowledge(more);
            state.session = None;
            for entry in &mut state.entries {
                entry.mark = Mark::New;
            }
            tell(out, rule::R10, Notice::Also);
        } else {
            state.doubt();
        }
        self.begin(link, true, out);
    }

    fn send(&mut self, parcel: Parcel, out: &mut Out<'_>) {
        let state = &mut self.state;
        match state.phase {
            Phase::Open(link) => write(link, rule::E5, parcel, out),
            Phase::Enabling(link) | Phase::Counted(link) => {
                let Some(session) = &mut state.session else { return };
                session.sent = session.sent.wrapping_add(1);
                session.unasked = session.unasked.saturating_add(1);
                let seq = session.sent;
                write(link, rule::A10, parcel.clone(), out);
                state.keep(parcel, Mark::Sent(seq));
                self.ask(false, out);
            }
            Phase::Broken(_) | Phase::Resuming(_) => state.keep(parcel, Mark::New),
            Phase::Fresh => {
                state.keep(parcel, Mark::New);
                if state.connect_at.is_none() {
                    self.connect(rule::R9, out);
                }
            }
            Phase::Over => {
                let entry = Entry { parcel, first: state.now, mark: Mark::New, again: false };
                tell(out, rule::D12, Notice::Also);
                return fate::give_up(state, [entry], false, out);
            }
        }
        self.keep_within(out);
    }

    /// Gives up the oldest while more is kept than may be.
    fn keep_within(&mut self, out: &mut Out<'_>) {
        let mut oldest = Vec::new();
        while self.state.is_over_limits() {
            let Some(entry) = self.state.pop() else { break };
            oldest.push(entry);
        }
        if !oldest.is_empty() {
            tell(out, rule::L1, Notice::Also);
            fate::give_up(&mut self.state, oldest, false, out);
        }
    }

    /// Gives up what waited for a server too long.
    pub(super) fn give_up_stale(&mut self, out: &mut Out<'_>) {
        let mut old = Vec::new();
        while self.state.stale().is_some_and(|at| at <= self.state.now) {
            let Some(entry) = self.state.pop() else { break };
            old.push(entry);
        }
        fate::give_up(&mut self.state, old, false, out);
        if self.state.phase == Phase::Fresh && self.is_empty() {
            self.state.connect_at = None;
        }
    }

    /// The stream is closed in order, by either side.
    fn closed(&mut self, link: Link, out: &mut Out<'_>) {
        if matches!(self.state.phase, Phase::Counted(_)) {
            let h = self.handled();
            order(out, rule::A9, Order::Nonza { link, nonza: Nonza::Ack { h } });
        }
        order(out, rule::D8, Order::Close { link, error: None });
    }

    /// The host closes the stream: what was not acknowledged is given up.
    fn close(&mut self, out: &mut Out<'_>) {
        if let Some(link) = self.state.link() {
            self.closed(link, out);
        }
        match (self.state.role, self.state.phase) {
            (_, Phase::Over) | (Role::Client | Role::Incoming, Phase::Fresh) => {}
            (Role::Client | Role::Incoming, _) => self.end(rule::D8, out),
            (Role::Outgoing, _) => {
                let state = &mut self.state;
                (state.phase, state.session, state.connect_at) = (Phase::Fresh, None, None);
                let all = state.take();
                tell(out, rule::D8, Notice::Ended { left: all.len() });
                fate::give_up(state, all, false, out);
            }
        }
    }

    /// Does the one thing that is due first.
    fn due(&mut self, out: &mut Out<'_>) {
        let state = &mut self.state;
        let now = state.now;
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if let (Phase::Counted(link), Some(session)) = (state.phase, &mut state.session) {
            if is_due(session.answer_by) {
                return self.fail(link, rule::A5, StreamError::ConnectionTimeout, out);
            }
            if is_due(session.ask_at) {
                session.unasked = u32::MAX;
                return self.ask(false, out);
            }
        }
        if let Phase::Broken(until) = state.phase
            && until <= now
        {
            return self.unresumable(rule::R5, out);
        }
        if is_due(state.stale()) {
            return self.give_up_stale(out);
        }
        if is_due(state.connect_at) {
            return self.connect(rule::R9, out);
        }
        if is_due(state.bounce_at()) {
            return fate::flush(state, out);
        }
        if state.past.take_if(|past| past.until <= now).is_some() {
            tell(out, rule::R5, Notice::Forgotten);
        }
    }
}

/// Refuses `enable` or `resume`.
fn failed(link: Link, why: Rule, condition: Condition, h: Option<u32>, out: &mut Out<'_>) {
    order(out, why, Order::Nonza { link, nonza: Nonza::Failed { condition, h } });
}

fn write(link: Link, why: Rule, parcel: Parcel, out: &mut Out<'_>) {
    order(out, why, Order::Stanza { link, head: parcel.head, tail: parcel.tail });
}

/// Writes what was kept: with the time of its first attempt, if that is past, and its number, if the stream is counted.
fn write_late(state: &mut State, link: Link, why: Rule, entry: &mut Entry, out: &mut Out<'_>) {
    let late = fate::delayed(state, entry);
    if let Some(session) = &mut state.session {
        session.sent = session.sent.wrapping_add(1);
        session.unasked = session.unasked.saturating_add(1);
        entry.mark = Mark::Sent(session.sent);
    }
    if late.is_some() {
        tell(out, rule::R7, Notice::Also);
    }
    write(link, why, late.unwrap_or_else(|| entry.parcel.clone()), out);
}

/// Whether a stream belongs to who authenticated now: a client by its account, a server by its domain, and both to the
/// same domain of ours.
fn same_pair(role: Role, own: &Pair, other: &Pair) -> bool {
    let peer = match role {
        Role::Client => own.peer.bare() == other.peer.bare(),
        Role::Incoming | Role::Outgoing => own.peer == other.peer,
    };
    peer && own.local == other.local
}

impl Machine for Queue {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        let misuse = |what| Err(Misuse::Impossible { what });
        match (&input, self.state.role, self.state.phase) {
            (Input::Open { .. }, Role::Outgoing, Phase::Fresh | Phase::Broken(_)) => {}
            (Input::Open { .. }, Role::Client | Role::Incoming, Phase::Fresh) => {}
            (Input::Open { .. }, Role::Outgoing, _) => {
                return misuse("a stream is open already: tell first that it is lost or closed");
            }
            (Input::Open { .. }, ..) => {
                return misuse("a queue has one stream: make another, and hand in `resume` as an element");
            }
            (Input::Send(parcel), ..) if parcel.kind().is_none() => {
                return misuse("a parcel holds a stanza: make it of what an outbox delivers");
            }
            (Input::Send(_), Role::Client | Role::Incoming, Phase::Fresh) => {
                return misuse("there is nobody to send to: open the stream first");
            }
            (Input::Unreachable { .. }, ..) if !self.state.connecting => {
                return misuse("no connection was wanted: answer each `Order::Connect` once");
            }
            _ => {}
        }
        self.state.now = self.state.now.max(now);
        match input {
            Input::Open { link, offered } => self.open(link, offered, out),
            Input::Element { link, pair, element } => self.element(link, &pair, &element, out),
            Input::Handled { count } => {
                if let (Phase::Counted(_), Some(session)) = (self.state.phase, &mut self.state.session) {
                    let (handled, over) = session.handled.overflowing_add(count);
                    session.handled = handled;
                    if over {
                        tell(out, rule::A2, Notice::Also);
                    }
                }
            }
            Input::Send(parcel) => self.send(parcel, out),
            Input::Lost { link } => self.lost(link, out),
            Input::Closed { link } if self.state.link() == Some(link) => {
                self.closed(link, out);
                self.unresumable(rule::D8, out);
            }
            Input::Closed { .. } => {}
            Input::Close => self.close(out),
            Input::Unreachable { condition } => self.unreachable(condition, out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        let now = self.state.now.max(now);
        self.state.now = now;
        while self.deadline().is_some_and(|due| due <= now) {
            self.due(out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.state.deadline()
    }
}

impl Snapshot for Queue {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "sm.queue";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let state: State = snapshot::take(body)?;
        state.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&state, body)?;
        Ok(Self { state })
    }
}
