//! A machine on a bench: a host answers its orders at once, time is a number, and everything is written down.

use core::fmt;

use super::laws::{Moment, Op};
use super::transcript::{Line, Show, Transcript};
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::rule::Rule;
use crate::time::Time;

/// Wakes and answers that one moment may take. A machine that goes on longer does not come to rest.
const RESTLESS: usize = 100_000;

/// Who does what a machine orders.
pub trait Host<M: Machine> {
    /// Does what is ordered. Gives the answer, if there is one and it comes at once.
    fn obey(&mut self, order: M::Order) -> Option<M::Input>;
}

/// A machine, its host and the transcript of both.
#[derive(Debug)]
pub struct Bench<M: Machine, H> {
    /// The machine.
    pub machine: M,
    /// Its host.
    pub host: H,
    start: Time,
    transcript: Transcript,
    journal: Vec<Moment<M::Input>>,
}

/// The machine does not come to rest: it keeps waking or keeps asking at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restless;

impl fmt::Display for Restless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {RESTLESS} wakes or answers at one moment")
    }
}

impl core::error::Error for Restless {}

impl<M, H> Bench<M, H>
where
    M: Machine<Input: Show + Clone, Order: fmt::Debug, Notice: fmt::Debug>,
    H: Host<M>,
{
    /// A bench whose times count from `start`.
    pub const fn new(machine: M, host: H, start: Time) -> Self {
        Self { machine, host, start, transcript: Transcript::new(start), journal: Vec::new() }
    }

    /// Lets time pass up to `now`, with everything that becomes due, then hands in the input.
    ///
    /// # Errors
    /// [`Restless`].
    pub fn handle(&mut self, now: Time, input: M::Input) -> Result<Result<(), Misuse>, Restless> {
        self.pass(now)?;
        self.transcript.heard(now, &input);
        self.journal.push((now, Op::Input(input.clone())));
        let mut orders = Vec::new();
        let mut tee = Tee { transcript: &mut self.transcript, orders: &mut orders };
        let done = self.machine.handle(now, input, &mut tee);
        if let Err(misuse) = &done {
            self.transcript.misused(misuse.clone());
        }
        self.obey(now, orders)?;
        Ok(done)
    }

    /// Lets time pass up to `now`: each deadline is served at its moment.
    ///
    /// # Errors
    /// [`Restless`].
    pub fn pass(&mut self, now: Time) -> Result<(), Restless> {
        for _ in 0..RESTLESS {
            let Some(due) = self.machine.deadline().filter(|due| *due <= now) else { return Ok(()) };
            self.transcript.woken(due);
            self.journal.push((due, Op::Wake));
            let mut orders = Vec::new();
            self.machine.wake(due, &mut Tee { transcript: &mut self.transcript, orders: &mut orders });
            self.obey(due, orders)?;
        }
        Err(Restless)
    }

    fn obey(&mut self, now: Time, orders: Vec<M::Order>) -> Result<(), Restless> {
        let mut open: std::collections::VecDeque<M::Order> = orders.into();
        for _ in 0..RESTLESS {
            let Some(order) = open.pop_front() else { return Ok(()) };
            let Some(answer) = self.host.obey(order) else { continue };
            self.transcript.heard(now, &answer);
            self.journal.push((now, Op::Input(answer.clone())));
            let mut orders = Vec::new();
            let mut tee = Tee { transcript: &mut self.transcript, orders: &mut orders };
            if let Err(misuse) = self.machine.handle(now, answer, &mut tee) {
                self.transcript.misused(misuse);
            }
            open.extend(orders);
        }
        Err(Restless)
    }

    /// When the bench began.
    #[must_use]
    pub const fn start(&self) -> Time {
        self.start
    }

    /// Everything that happened since the lines were last taken.
    pub fn take_lines(&mut self) -> Vec<Line> {
        self.transcript.take()
    }

    /// Everything that went into the machine, answers and wakes included: a script for the laws.
    #[must_use]
    pub fn journal(&self) -> &[Moment<M::Input>] {
        &self.journal
    }
}

/// Writes down what is said, and keeps the orders.
struct Tee<'a, O> {
    transcript: &'a mut Transcript,
    orders: &'a mut Vec<O>,
}

impl<O: fmt::Debug, N: fmt::Debug> Sink<O, N> for Tee<'_, O> {
    fn push(&mut self, why: Rule, action: Action<'_, O, N>) {
        match action {
            Action::Do(order) => {
                let shown: Action<'_, &O, N> = Action::Do(&order);
                self.transcript.push(why, shown);
                self.orders.push(order);
            }
            other => self.transcript.push(why, other),
        }
    }
}
