//! The machine between its journal, the files and those who wait for an answer.
//!
//! What changes the machine is journalled before the machine sees it, with a wait for the disk. A 201 goes out when the
//! file is in its place and the journal says so. After a crash the journal is replayed: what the machine orders then
//! was done before, or is done now.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use component::engine::limits;
use component::host::clock;
use component::store::{Journalled, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Duration, Instant, sleep_until};
use tracing::{debug, error, info, warn};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::limits::RetentionLimits;
use xmpp_machines::retention::{HttpMeta, Input, Notice, Order, Service, ServiceConfig, SlotId, Token};
use xmpp_machines::{Machine as _, Outbox, Snapshot as _, Time, ns};

use crate::config::Config;
use crate::files::Files;

/// A snapshot after so many inputs: a replay takes a moment only.
const INPUTS: u64 = 10_000;

/// What happens to the machine, as the journal keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Entry {
    /// A stanza came: its bytes.
    Stanza(Bytes),
    /// A deadline is due.
    Wake,
    /// Anything but a stanza.
    Input(Input),
}

/// Something for the engine to do.
#[derive(Debug)]
pub struct Job {
    entry: Entry,
    stanza: Option<Box<Stanza>>,
    answers: Option<(Token, UnboundedSender<Answer>)>,
}

impl Job {
    /// Something that happens, and is no stanza.
    #[must_use]
    pub fn new(input: Input) -> Self {
        Self { entry: Entry::Input(input), stanza: None, answers: None }
    }

    /// A deadline is due.
    const fn wake() -> Self {
        Self { entry: Entry::Wake, stanza: None, answers: None }
    }

    /// A stanza and the bytes that it was read from.
    #[must_use]
    pub fn stanza(stanza: Box<Stanza>, bytes: Bytes) -> Self {
        Self { entry: Entry::Stanza(bytes), stanza: Some(stanza), answers: None }
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Read the body.
    Receive {
        /// Into this slot.
        slot: SlotId,
        /// Exactly so many bytes.
        size: u64,
    },
    /// It is a file now.
    Accept,
    /// End with this status.
    Refuse {
        /// The status.
        status: u16,
    },
    /// Send the file.
    Serve {
        /// Which.
        slot: SlotId,
        /// Its type.
        content_type: String,
        /// What goes with it.
        meta: HttpMeta,
    },
}

/// The way to the engine, for as many as there are.
#[derive(Clone, Debug)]
pub struct Door {
    jobs: UnboundedSender<Job>,
    tokens: Arc<AtomicU64>,
}

impl Door {
    /// A door, and what comes through it.
    #[must_use]
    pub fn new() -> (Self, UnboundedReceiver<Job>) {
        let (jobs, door) = unbounded_channel();
        // Tokens stay unique over restarts: nobody starts more than a thousand requests a millisecond.
        let first = clock().millis().saturating_mul(1000);
        (Self { jobs, tokens: Arc::new(AtomicU64::new(first)) }, door)
    }

    /// The name of a new request.
    #[must_use]
    pub fn token(&self) -> Token {
        self.tokens.fetch_add(1, Ordering::Relaxed)
    }

    /// Says something.
    pub fn tell(&self, job: Job) {
        // Without an engine the program is at its end.
        let _ = self.jobs.send(job);
    }

    /// Says something, and hears what becomes of the request.
    #[must_use]
    pub fn ask(&self, token: Token, mut job: Job) -> UnboundedReceiver<Answer> {
        let (answer, answers) = unbounded_channel();
        job.answers = Some((token, answer));
        self.tell(job);
        answers
    }
}

/// Why the engine stops.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be put in its place, or deleted.
    #[error("the folder of files failed: {0}")]
    Files(#[from] io::Error),
}

/// The machine and what it needs.
#[expect(missing_debug_implementations, reason = "holds a machine that holds secrets")]
pub struct Engine {
    store: Store,
    files: Files,
    machine: Service,
    said: Outbox<Order, Notice>,
    waiting: BTreeMap<Token, UnboundedSender<Answer>>,
    outgoing: UnboundedSender<(Bytes, Bytes)>,
    inputs: u64,
    replay: bool,
}

impl Engine {
    /// Opens the store and brings the machine to where it was, under the present configuration and policy. What it says
    /// over XMPP goes into `outgoing`.
    ///
    /// # Errors
    /// The store fails, or what it holds does not go with the configuration.
    pub fn open(config: &Config, outgoing: UnboundedSender<(Bytes, Bytes)>) -> Result<Self, EngineError> {
        let store = Store::open(&config.folder.join("upload.redb"))?;
        let files = Files::open(&config.folder)?;
        let seed = store.seed()?;
        let service = ServiceConfig::new(config.domain.as_str(), &config.url, seed.child("put", &[]));
        let saved = store.saved()?;
        let fresh = saved.is_none();
        let (seq, machine) = match saved {
            Some(saved) => {
                let damaged = |corrupt: xmpp_machines::Corrupt| StoreError::Damaged(corrupt.to_string());
                (saved.seq, Service::load(&saved.machine).map_err(damaged)?)
            }
            None => {
                let made = Service::new(service.clone(), config.policy.clone(), RetentionLimits::default(), seed);
                (0, made.map_err(StoreError::Configuration)?)
            }
        };
        let said = Outbox::new();
        let mut engine =
            Self { store, files, machine, said, waiting: BTreeMap::new(), outgoing, inputs: 0, replay: true };
        if fresh {
            // The journal begins with the machine as it is.
            engine.save()?;
        }
        let mut journal = Vec::new();
        engine.store.journal(seq, |journalled: Journalled<Entry>| journal.push(journalled))?;
        info!(replayed = journal.len(), "state restored");
        for Journalled { at, entry, .. } in journal {
            engine.step(at, entry, None)?;
        }
        engine.replay = false;
        engine.files.tidy()?;
        engine.machine.reconfigure(service).map_err(StoreError::Configuration)?;
        if *engine.machine.policy() != config.policy {
            let policy = Input::Policy(Box::new(config.policy.clone()));
            engine.machine.handle(clock(), policy, &mut engine.said).map_err(StoreError::Configuration)?;
            engine.obey()?;
        }
        // Neither of these is in the journal.
        engine.save()?;
        Ok(engine)
    }

    /// The folders.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Works until the door is closed or `stop` is ready, and leaves a snapshot.
    ///
    /// # Errors
    /// The store or the folder of files fails.
    pub async fn run(
        mut self,
        mut jobs: UnboundedReceiver<Job>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EngineError> {
        tokio::pin!(stop);
        loop {
            let now = clock();
            if self.machine.deadline().is_some_and(|due| due <= now) {
                self.take(now, Job::wake())?;
                continue;
            }
            let due = self.machine.deadline().map(|due| due.since(now).millis());
            let due = Instant::now() + due.map_or(Duration::from_secs(3600), Duration::from_millis);
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => self.take(clock(), job)?,
                    None => break,
                },
                () = sleep_until(due) => {}
                () = &mut stop => break,
            }
        }
        self.save()?;
        info!("stopped; everything is saved");
        Ok(())
    }

    fn take(&mut self, now: Time, job: Job) -> Result<(), EngineError> {
        let Job { entry, stanza, answers } = job;
        if let Some((token, answers)) = answers {
            self.waiting.insert(token, answers);
        }
        if let Entry::Input(Input::Get { token, slot }) = &entry {
            let (why, seen) = self.machine.look(now, slot);
            debug!(rule = why.id(), slot, "read");
            match seen {
                // Reading it changes nothing: it need not be journalled.
                Ok((slot, meta)) if !meta.touch => {
                    self.serve(*token, slot, meta);
                    return Ok(());
                }
                Ok(_) => {}
                Err(status) => {
                    self.end(*token, Answer::Refuse { status });
                    return Ok(());
                }
            }
        }
        self.store.append(now, std::slice::from_ref(&entry), 0)?;
        self.step(now, entry, stanza)?;
        self.inputs += 1;
        if self.inputs >= INPUTS {
            self.save()?;
        }
        Ok(())
    }

    fn step(&mut self, now: Time, entry: Entry, stanza: Option<Box<Stanza>>) -> Result<(), EngineError> {
        let input = match entry {
            Entry::Wake => {
                self.machine.wake(now, &mut self.said);
                return self.obey();
            }
            Entry::Stanza(bytes) => match stanza {
                Some(stanza) => Input::Stanza(*stanza),
                None => match Reader::one_within(limits(), ns::CLIENT, &bytes) {
                    Ok(stanza) => Input::Stanza(stanza),
                    Err(error) => {
                        error!(%error, "a journalled stanza cannot be read again and is left out");
                        return Ok(());
                    }
                },
            },
            Entry::Input(input) => input,
        };
        if let Err(misuse) = self.machine.handle(now, input, &mut self.said) {
            warn!(%misuse, "the machine refused an input of its host");
        }
        self.obey()
    }

    /// Sends what was said, and does what was ordered.
    fn obey(&mut self) -> Result<(), EngineError> {
        if !self.replay {
            for delivery in self.said.deliveries() {
                debug!(rule = delivery.why.id(), to = delivery.to, "send");
                let _ = self.outgoing.send((Bytes::copy_from_slice(delivery.head), delivery.tail.clone()));
            }
            for (why, notice) in self.said.notices() {
                debug!(rule = why.id(), says = why.says(), ?notice, "notice");
            }
        }
        let orders: Vec<_> = self.said.take_orders().collect();
        self.said.clear();
        for (why, order) in orders {
            debug!(rule = why.id(), ?order, "order");
            match order {
                Order::Receive { token, slot, size, content_type, .. } => {
                    self.files.note_type(slot, &content_type)?;
                    if let Some(answers) = self.waiting.get(&token) {
                        let _ = answers.send(Answer::Receive { slot, size });
                    }
                }
                Order::Accept { token, slot } => {
                    self.files.keep(slot)?;
                    self.end(token, Answer::Accept);
                }
                Order::Refuse { token, status, .. } => self.end(token, Answer::Refuse { status }),
                Order::Serve { token, slot, meta } => self.serve(token, slot, meta),
                Order::Delete { slot, owner, name, reason, .. } => {
                    self.files.delete(slot)?;
                    info!(rule = why.id(), %slot, %owner, %name, ?reason, "deleted");
                }
                // A component may not publish for an account, and nobody can ask it to delete by an item.
                Order::Retracted { .. } | Order::Publish { .. } | Order::Unpublish { .. } => {}
            }
        }
        Ok(())
    }

    fn serve(&mut self, token: Token, slot: SlotId, meta: HttpMeta) {
        let content_type = self.files.content_type(slot);
        self.end(token, Answer::Serve { slot, content_type, meta });
    }

    /// The last that a request hears.
    fn end(&mut self, token: Token, answer: Answer) {
        if let Some(answers) = self.waiting.remove(&token) {
            // Who went away need not know.
            let _ = answers.send(answer);
        }
    }

    fn save(&mut self) -> Result<(), StoreError> {
        self.store.save(&self.machine.save(), std::iter::empty(), 0)?;
        self.inputs = 0;
        Ok(())
    }
}
