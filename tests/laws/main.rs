//! The laws of every machine, in random conversations.

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
