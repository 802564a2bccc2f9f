//! A machine between its journal and its output, without a socket: the part that must lose nothing.
//!
//! Every input is journalled before the machine sees it, a whole batch with one wait for the disk. What the machine says
//! goes into a [`Queue`]; what it orders is done before the next batch; what it asks is answered by inputs that are
//! journalled like all others. Opening the engine loads the latest snapshot and replays the journal. Output of replayed
//! inputs is sent again only if it is not known to be sent: at least once, never not at all.
//!
//! An input that makes the machine panic is marked in the store, and the state is built again without it. So no stanza
//! can stop the service for longer than a replay takes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use tracing::{debug, error, info, trace, warn};
use xmpp_machines::codec::{ReadError, Reader, Stanza};
use xmpp_machines::gc3::{Answer, Command, Input, Order, Token};
use xmpp_machines::limits::CodecLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Misuse, Outbox, Snapshot, Span, Time, ns};

use crate::archive;
use crate::queue::Queue;
use crate::store::{Entry, Journalled, Saved, Store, StoreError};

/// What may come from the server. Generous: the server has its own limits, and what it has let through must be answered
/// by the rooms, not by a broken stream.
#[must_use]
pub fn limits() -> CodecLimits {
    CodecLimits {
        depth: 256,
        stanza_bytes: 4 << 20,
        token_bytes: 4 << 20,
        attributes: 1024,
        elements: 1 << 16,
        ..CodecLimits::default()
    }
}

/// A journal of this many bytes brings a snapshot, however few its inputs: big stanzas must not fill the disk.
const JOURNAL: usize = 64 << 20;
/// Archive changes are written after this many orders in a replay.
const CHUNK: usize = 1000;

/// What the engine runs.
pub trait Rooms: Machine<Input = Input, Order = Order, Notice: Debug> + Snapshot {}

impl<M: Machine<Input = Input, Order = Order, Notice: Debug> + Snapshot> Rooms for M {}

/// When snapshots are taken.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoints {
    /// After this many inputs.
    pub inputs: u64,
    /// After this time, if there were inputs.
    pub every: Span,
}

/// One input, before it is journalled.
#[derive(Clone, Debug)]
pub struct Taken {
    entry: Entry,
    stanza: Option<Box<Stanza>>,
}

impl Taken {
    /// A stanza and the bytes it was read from.
    #[must_use]
    pub fn stanza(stanza: Box<Stanza>, bytes: Bytes) -> Self {
        Self { entry: Entry::Stanza(bytes), stanza: Some(stanza) }
    }

    /// A command of the host.
    #[must_use]
    pub fn command(command: Command) -> Self {
        Self { entry: Entry::Command(command), stanza: None }
    }

    /// A deadline that is due.
    #[must_use]
    pub fn wake() -> Self {
        Self { entry: Entry::Wake, stanza: None }
    }
}

/// The machine, its journal and its output.
#[expect(missing_debug_implementations, reason = "holds a machine that may hold secrets")]
pub struct Engine<M: Rooms> {
    store: Store,
    running: Running<M>,
    checkpoints: Checkpoints,
    inputs: u64,
    checkpoint: Time,
}

struct Running<M: Rooms> {
    machine: M,
    said: Outbox<Order, M::Notice>,
    orders: Vec<Order>,
    queue: Queue,
    /// Output of entries up to this one is not sent (again).
    resend_after: u64,
}

struct Panicked;

impl<M: Rooms> Engine<M> {
    /// Opens the store and brings the machine to where it was. `fresh` makes a new one from a seed; `configure` tells
    /// it the present configuration, once everything that happened under the former one is replayed.
    ///
    /// # Errors
    /// The store fails, its snapshot is not one of this machine, or the machine refuses the configuration.
    pub fn open(
        mut store: Store,
        checkpoints: Checkpoints,
        now: Time,
        fresh: impl FnOnce(Seed) -> M,
        configure: impl FnOnce(&mut M) -> Result<(), Misuse>,
    ) -> Result<Self, StoreError> {
        let saved = match store.saved()? {
            Some(saved) => saved,
            None => {
                let saved = Saved { seq: 0, machine: fresh(store.seed()?).save(), unsent: Vec::new() };
                store.save(&saved.machine, std::iter::empty(), 0)?;
                saved
            }
        };
        let mut queue = Queue::default();
        for (seq, stanza) in saved.unsent {
            if seq > store.sent() {
                queue.push(seq, stanza.into(), Bytes::new());
            }
        }
        let running = Running {
            machine: load(&saved.machine)?,
            said: Outbox::new(),
            orders: Vec::new(),
            queue,
            resend_after: store.sent(),
        };
        let inputs = store.journal_len()?;
        let mut engine = Self { store, running, checkpoints, inputs, checkpoint: now };
        engine.rebuild()?;
        engine.settle(now)?;
        info!(replayed = inputs, unsent = engine.running.queue.bytes(), "state restored");
        configure(&mut engine.running.machine).map_err(StoreError::Configuration)?;
        engine.checkpoint(now)?;
        Ok(engine)
    }

    /// Journals the inputs, calls the machine for each, and does what it orders.
    ///
    /// # Errors
    /// The store fails. The engine must not be used further.
    pub fn take(&mut self, now: Time, batch: Vec<Taken>) -> Result<(), StoreError> {
        self.run(now, batch)?;
        self.settle(now)?;
        let due = self.checkpoint.plus(self.checkpoints.every) <= now;
        let long = self.inputs >= self.checkpoints.inputs || self.store.appended() >= JOURNAL;
        if long || (due && self.inputs > 0) {
            self.checkpoint(now)?;
        }
        Ok(())
    }

    /// When to [`take`](Self::take) a [`Taken::wake`] next.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.running.machine.deadline()
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &M {
        &self.running.machine
    }

    /// What waits to be sent.
    pub fn queue(&mut self) -> &mut Queue {
        &mut self.running.queue
    }

    /// Whether output was sent that is not noted as sent.
    #[must_use]
    pub fn unnoted(&self) -> bool {
        self.running.queue.sent() != self.store.sent()
    }

    /// Notes what was sent, so that a restart does not send it again.
    ///
    /// # Errors
    /// The store fails.
    pub fn note_sent(&mut self) -> Result<(), StoreError> {
        self.store.mark_sent(self.running.queue.sent())
    }

    /// Takes a snapshot and empties the journal.
    ///
    /// # Errors
    /// The store fails.
    pub fn checkpoint(&mut self, now: Time) -> Result<(), StoreError> {
        let bytes = self.running.machine.save();
        let queue = &self.running.queue;
        self.store.save(&bytes, queue.iter(), queue.sent())?;
        debug!(inputs = self.inputs, bytes = bytes.len(), "snapshot taken");
        (self.inputs, self.checkpoint) = (0, now);
        Ok(())
    }

    fn run(&mut self, now: Time, batch: Vec<Taken>) -> Result<(), StoreError> {
        let (entries, stanzas): (Vec<_>, Vec<_>) = batch.into_iter().map(|taken| (taken.entry, taken.stanza)).unzip();
        let first = self.store.append(now, &entries, self.running.queue.sent())?;
        self.inputs += entries.len() as u64;
        for (seq, (entry, stanza)) in (first..).zip(entries.into_iter().zip(stanzas)) {
            if let Err(Panicked) = self.running.step(Journalled { seq, at: now, entry }, stanza) {
                self.store.poison(seq)?;
                // What came before in this batch is queued; what comes after is in the journal.
                self.running.resend_after = seq;
                return self.rebuild();
            }
        }
        Ok(())
    }

    /// Does what the machine ordered, until it has no more questions.
    fn settle(&mut self, now: Time) -> Result<(), StoreError> {
        while !self.running.orders.is_empty() {
            let orders = std::mem::take(&mut self.running.orders);
            let questions = apply(&self.store, orders)?;
            if questions.is_empty() {
                break;
            }
            let archive = self.store.archive()?;
            let mut answers = Vec::with_capacity(questions.len());
            for order in questions {
                let (token, answer) = match order {
                    Order::Fetch { token, room, query } => (token, archive.fetch(room.as_str(), &query)),
                    Order::Find { token, room, id } => (token, archive.find(room.as_str(), &id)),
                    // This host knows no pubsub service to ask.
                    Order::Parent { token, .. } => (token, Ok(Answer::Unavailable)),
                    Order::Store { .. } | Order::Replace { .. } | Order::Drop { .. } => continue,
                };
                let answer = match answer {
                    Err(StoreError::Damaged(what)) => {
                        error!(what, "a question about the archive cannot be answered");
                        Answer::Unavailable
                    }
                    answer => answer?,
                };
                answers.push(Taken { entry: Entry::Answer { token, answer }, stanza: None });
            }
            self.run(now, answers)?;
        }
        Ok(())
    }

    /// Loads the latest snapshot and replays the journal after it.
    fn rebuild(&mut self) -> Result<(), StoreError> {
        let saved = self.store.saved()?.ok_or_else(|| StoreError::Damaged("the snapshot is missing".into()))?;
        loop {
            self.running.machine = load(&saved.machine)?;
            self.running.said.clear();
            self.running.orders.clear();
            self.running.queue.complete(saved.seq);
            let (store, running) = (&self.store, &mut self.running);
            let mut open = BTreeMap::new();
            let mut stopped = None;
            let mut failed = Ok(());
            store.journal(saved.seq, |journalled| {
                if stopped.is_some() || failed.is_err() {
                    return;
                }
                let seq = journalled.seq;
                if let Entry::Answer { token, .. } = journalled.entry {
                    // A question of this entry's past: those asked so far must be known before it is crossed out.
                    failed = sort(store, &mut running.orders, &mut open);
                    open.remove(&token);
                }
                match running.step(journalled, None) {
                    Ok(()) if running.orders.len() >= CHUNK => failed = sort(store, &mut running.orders, &mut open),
                    Ok(()) => {}
                    Err(Panicked) => stopped = Some(seq),
                }
            })?;
            failed?;
            let Some(seq) = stopped else {
                sort(store, &mut running.orders, &mut open)?;
                running.orders.extend(open.into_values());
                return Ok(());
            };
            self.store.poison(seq)?;
            self.running.resend_after = self.running.resend_after.max(seq);
        }
    }
}

impl<M: Rooms> Running<M> {
    /// Calls the machine for one journal entry and takes what it says.
    fn step(&mut self, journalled: Journalled, stanza: Option<Box<Stanza>>) -> Result<(), Panicked> {
        let Journalled { seq, at, entry } = journalled;
        let (machine, said) = (&mut self.machine, &mut self.said);
        let called = match input(entry, stanza) {
            Ok(Some(input)) => catch_unwind(AssertUnwindSafe(|| machine.handle(at, input, said))),
            Ok(None) => catch_unwind(AssertUnwindSafe(|| {
                machine.wake(at, said);
                Ok(())
            })),
            Err(error) => {
                error!(seq, %error, "a journalled stanza cannot be read again and is left out");
                Ok(Ok(()))
            }
        };
        match called {
            Ok(Ok(())) => {}
            Ok(Err(misuse)) => warn!(seq, %misuse, "the machine refused an input of its host"),
            Err(_) => {
                error!(seq, "the machine panicked: this input is left out and the state is built again");
                return Err(Panicked);
            }
        }
        self.absorb(seq);
        Ok(())
    }

    fn absorb(&mut self, seq: u64) {
        let again = seq <= self.resend_after;
        if !again {
            let mut heads = BytesMut::new();
            for delivery in self.said.deliveries() {
                heads.extend_from_slice(delivery.head);
                debug!(seq, rule = delivery.why.id(), to = delivery.to, "send");
                trace!(seq, to = delivery.to, stanza = %Text(delivery.head, delivery.tail));
                self.queue.push(seq, heads.split().freeze(), delivery.tail.clone());
            }
            for (why, notice) in self.said.notices() {
                debug!(seq, rule = why.id(), says = why.says(), ?notice, "notice");
            }
        }
        for (why, order) in self.said.take_orders() {
            if !again {
                debug!(seq, rule = why.id(), order = name(&order), "order");
            }
            self.orders.push(order);
        }
        self.said.clear();
        self.queue.complete(seq);
    }
}

fn load<M: Rooms>(snapshot: &[u8]) -> Result<M, StoreError> {
    M::load(snapshot).map_err(|corrupt| StoreError::Damaged(corrupt.to_string()))
}

/// What the machine takes for a journal entry; `None` for a wake.
fn input(entry: Entry, stanza: Option<Box<Stanza>>) -> Result<Option<Input>, ReadError> {
    Ok(match entry {
        Entry::Wake => None,
        Entry::Command(command) => Some(Input::Command(command)),
        Entry::Answer { token, answer } => Some(Input::Answer { token, answer }),
        Entry::Stanza(bytes) => Some(Input::Stanza(match stanza {
            Some(stanza) => *stanza,
            None => Reader::one_within(limits(), ns::CLIENT, &bytes)?,
        })),
    })
}

/// Makes the changes that were ordered in the archive, and gives back the questions.
fn apply(store: &Store, orders: Vec<Order>) -> Result<Vec<Order>, StoreError> {
    let is_question = |order: &Order| matches!(order, Order::Fetch { .. } | Order::Find { .. } | Order::Parent { .. });
    let (questions, changes): (Vec<_>, Vec<_>) = orders.into_iter().partition(is_question);
    if !changes.is_empty() {
        store.change_archive(|write| {
            for order in &changes {
                match order {
                    Order::Store { room, record } | Order::Replace { room, record } => {
                        archive::put(write, room.as_str(), record)?;
                    }
                    Order::Drop { room } => archive::drop_room(write, room.as_str())?,
                    Order::Fetch { .. } | Order::Find { .. } | Order::Parent { .. } => {}
                }
            }
            Ok(())
        })?;
    }
    Ok(questions)
}

/// As [`apply`], in a replay: questions are kept by token, because their answers may be in the journal.
fn sort(store: &Store, orders: &mut Vec<Order>, open: &mut BTreeMap<Token, Order>) -> Result<(), StoreError> {
    for order in apply(store, std::mem::take(orders))? {
        if let Order::Fetch { token, .. } | Order::Find { token, .. } | Order::Parent { token, .. } = &order {
            open.insert(*token, order);
        }
    }
    Ok(())
}

fn name(order: &Order) -> &'static str {
    match order {
        Order::Store { .. } => "store",
        Order::Replace { .. } => "replace",
        Order::Fetch { .. } => "fetch",
        Order::Find { .. } => "find",
        Order::Parent { .. } => "parent",
        Order::Drop { .. } => "drop",
    }
}

/// A stanza in a log.
struct Text<'a>(&'a [u8], &'a [u8]);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", String::from_utf8_lossy(self.0), String::from_utf8_lossy(self.1))
    }
}
