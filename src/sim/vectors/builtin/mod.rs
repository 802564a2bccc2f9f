//! The machines of this crate as subjects: one [`Stage`] for each topic, and one [`Builtin`] that plays on any of them.

mod account;
mod client;
mod gc3;
mod imng;
pub(in crate::sim) mod push_client;
pub(in crate::sim) mod push_room;
mod push_router;
mod read;
pub(in crate::sim) mod retention;
mod retention_client;
pub(in crate::sim) mod service;
mod sm;

use core::fmt;
use std::collections::BTreeMap;

use super::super::bench::{Bench, Host, Restless};
use super::super::transcript::{Line, Show};
use super::super::xml::Tree;
use super::{Event, Said, Sent, Stop, Subject, Vector};
use crate::machine::{Machine, Misuse};
use crate::time::Time;

use read::unknown;

pub use account::{AtHome, Ordered, account};
pub use client::{Device, Shown, client};
pub use gc3::{Fresh, Rooms, gc3, muc2};
pub use imng::{Accounts, imng};
pub use push_client::{Device as PushDevice, push_client};
pub use push_room::{Copies, Idle, push_room};
pub use push_router::{ACCOUNT, NoOrders, Routers, push_router};
pub use retention::{Shelves, UPLOADS, Uploads, policy_of_vectors, retention};
pub use retention_client::{Program, Uploading, retention_client};
pub use service::{Domains, service};
pub use sm::{Streams, sm};

/// The moment 0 of a vector: 2026-01-01T00:00:00Z.
pub const START: Time = Time::from_millis(1_767_225_600_000);

/// What a topic's vectors need to be played on its machine.
pub trait Stage {
    /// The machine under test.
    type Machine: Machine<Input: Show + Clone, Order: fmt::Debug, Notice: fmt::Debug>;
    /// Who does what it orders.
    type Host: Host<Self::Machine>;

    /// A fresh machine, and its host, as a vector wants them.
    ///
    /// # Errors
    /// [`Stop`] if the vector wants what cannot be.
    fn set_up(&mut self, vector: &Vector) -> Result<(Self::Machine, Self::Host), Stop>;

    /// What comes in: a stanza, or an element that stands for another input.
    ///
    /// # Errors
    /// [`Stop`] if it stands for nothing.
    fn input(&mut self, element: &Tree) -> Result<<Self::Machine as Machine>::Input, Stop>;

    /// The host learns or decides something. Use [`put`] to tell the machine.
    ///
    /// # Errors
    /// [`Stop`] if there is no such fact.
    fn host(
        &mut self,
        bench: &mut Bench<Self::Machine, Self::Host>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop>;

    /// The orders since the last call as elements for the recipient `host`, for topics whose vectors expect orders.
    fn ordered(&mut self, host: &mut Self::Host) -> Vec<Tree> {
        let _ = host;
        Vec::new()
    }

    /// The whole path of what is about to come in, as text, for topics whose machine can tell it.
    fn explain(&mut self, machine: &Self::Machine, element: &Tree) -> Option<String> {
        let _ = (machine, element);
        None
    }
}

/// A machine of this crate on a bench, started afresh for each vector.
#[expect(missing_debug_implementations, reason = "holds whatever a stage holds")]
pub struct Builtin<S: Stage> {
    stage: S,
    bench: Option<Bench<S::Machine, S::Host>>,
}

impl<S: Stage> Builtin<S> {
    /// A subject that plays on this stage.
    pub const fn new(stage: S) -> Self {
        Self { stage, bench: None }
    }

    /// The machine and its host as the last vector left them.
    #[must_use]
    pub const fn bench(&self) -> Option<&Bench<S::Machine, S::Host>> {
        self.bench.as_ref()
    }
}

impl<S: Stage> Subject for Builtin<S> {
    fn start(&mut self, vector: &Vector) -> Result<(), Stop> {
        let (machine, host) = self.stage.set_up(vector)?;
        self.bench = Some(Bench::new(machine, host, START));
        Ok(())
    }

    fn act(&mut self, at: u64, what: &Event) -> Result<Said, Stop> {
        let bench = self.bench.as_mut().ok_or_else(|| Stop::Fail("not started".into()))?;
        let now = Time::from_millis(START.millis().saturating_add(at));
        bench.pass(now).map_err(failed)?;
        match what {
            Event::In(element) => {
                let input = self.stage.input(element)?;
                put(bench, now, input)?;
            }
            Event::Wake => {}
            Event::Host(facts) => self.stage.host(bench, now, facts)?,
        }
        let mut said = said(bench.take_lines());
        let orders = self.stage.ordered(&mut bench.host);
        said.sent.extend(orders.into_iter().map(|stanza| Sent { to: HOST.into(), stanza }));
        Ok(said)
    }

    fn explain(&mut self, element: &Tree) -> Option<String> {
        self.stage.explain(&self.bench.as_ref()?.machine, element)
    }
}

/// The recipient of what a machine orders.
pub const HOST: &str = "host";

/// Hands an input to the machine of a bench.
///
/// # Errors
/// [`Stop`] if the machine finds it misused, or does not come to rest.
pub fn put<M, H>(bench: &mut Bench<M, H>, now: Time, input: M::Input) -> Result<(), Stop>
where
    M: Machine<Input: Show + Clone, Order: fmt::Debug, Notice: fmt::Debug>,
    H: Host<M>,
{
    let done = bench.handle(now, input).map_err(failed)?;
    done.map_err(|misuse: Misuse| Stop::Fail(format!("the host did what it must not: {misuse}")))
}

fn failed(why: Restless) -> Stop {
    Stop::Fail(why.to_string())
}

fn said(lines: Vec<Line>) -> Said {
    let mut said = Said { rules: Some(Vec::new()), ..Said::default() };
    for line in &lines {
        if let (Some(rule), Some(rules)) = (line.rule(), &mut said.rules) {
            rules.push(rule.id().to_owned());
        }
        if let Line::Send { to, stanza, .. } = line {
            said.sent.extend(to.iter().map(|to| Sent::new(to.clone(), Tree::clone(stanza))));
        }
    }
    said.lines = lines;
    said
}

/// Sets a limit by its name in the format: `set_limit!(limits, name, value; numbers a b; rates c)`. A rate is set by how
/// much is allowed at once. Returns from the function with what is wrong, as text.
macro_rules! set_limit {
    ($limits:expr, $name:expr, $value:expr; numbers $($number:ident)*; rates $($rate:ident)*) => {
        match $name.replace('-', "_").as_str() {
            $(stringify!($number) => $limits.$number = $value.try_into().map_err(|_| crate::sim::vectors::builtin::large($name, $value))?,)*
            $(stringify!($rate) => $limits.$rate.burst = $value.try_into().map_err(|_| crate::sim::vectors::builtin::large($name, $value))?,)*
            _ => return Err(format!("there is no limit {}", $name)),
        }
    };
}
use set_limit;

fn large(name: &str, value: u64) -> String {
    format!("the limit {name}='{value}' is too large")
}

/// What a vector ever says of the host under one name: some of it a service knows from the start.
fn facts<'v>(vector: &'v Vector, name: &'static str) -> impl Iterator<Item = &'v String> {
    let given = vector.given.iter().flat_map(|given| &given.steps);
    let acts = given.chain(&vector.steps).flat_map(|step| &step.acts);
    acts.filter_map(move |act| match &act.what {
        Event::Host(facts) => facts.get(name),
        Event::In(_) | Event::Wake => None,
    })
}
