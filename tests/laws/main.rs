//! The laws of every machine, in random conversations.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod account;
mod chat;
mod client;
mod gc3;
mod imng;
mod push_client;
mod push_room;
mod push_router;
mod retention;
mod service;
mod sm;

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;
use xmpp_machines::sim::laws::{Moment, Op};
use xmpp_machines::{Action, Machine, Rule};

/// Has a machine live through a script, and notes which rules decided something. Gives how many inputs were a misuse.
fn live<M: Machine>(
    machine: &mut M,
    script: impl IntoIterator<Item = Moment<M::Input>>,
    decided: &mut BTreeSet<&'static str>,
) -> usize {
    let mut misused = 0;
    let mut sink = |why: Rule, _: Action<'_, M::Order, M::Notice>| {
        decided.insert(why.id());
    };
    for (now, op) in script {
        match op {
            Op::Input(input) => misused += usize::from(machine.handle(now, input, &mut sink).is_err()),
            Op::Wake => machine.wake(now, &mut sink),
        }
    }
    misused
}

/// What was decided in conversations of a fixed kind.
#[derive(Debug, Default)]
struct Reached {
    decided: BTreeSet<&'static str>,
    /// How many inputs were a misuse.
    misused: usize,
}

impl Reached {
    /// The rules of a topic that nothing was decided by.
    fn missing<'a>(&self, topic: &str, rules: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        rules.into_iter().filter(|rule| !self.decided.contains(format!("{topic}.{rule}").as_str())).collect()
    }

    /// The rules of a table, but for the rare ones, that nothing was decided by.
    fn missing_of(&self, table: &[Rule], rare: &[&str]) -> Vec<&'static str> {
        let ids = table.iter().map(|rule| rule.id());
        ids.filter(|id| !self.decided.contains(id) && !rare.contains(id)).collect()
    }
}

/// Holds so many conversations of a fixed kind, so that what the laws are tried on is known to reach far enough. `script`
/// makes a machine and what it lives through.
fn reached<T, M: Machine>(
    rounds: u16,
    strategy: impl Strategy<Value = T>,
    mut script: impl FnMut(u16, T) -> (M, Vec<Moment<M::Input>>),
) -> Reached {
    let mut runner = TestRunner::deterministic();
    let mut reached = Reached::default();
    for round in 0..rounds {
        let (mut machine, script) = script(round, strategy.new_tree(&mut runner).unwrap().current());
        reached.misused += live(&mut machine, script, &mut reached.decided);
    }
    reached
}
