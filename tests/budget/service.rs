//! A whole domain.

use allocation_counter::measure;
use xmpp_machines::service::Domain;
use xmpp_machines::{Machine, Time};

use super::domain::{asleep, at, listening, message};

/// What a message in a room costs in allocations, and how many recipients it has.
fn cost((mut domain, mut now, room): (Domain, u64, String)) -> (u64, usize) {
    let mut say = |now: Time| {
        let (input, mut told) = (message(&room), 0);
        let sink = |_, action: xmpp_machines::Action<'_, _, _>| {
            if let xmpp_machines::Action::Send { to, .. } = action {
                told += to.len();
            }
        };
        let counted = measure(|| domain.handle_with(now, input, sink).unwrap());
        (counted.count_total, told)
    };
    // The first may make room for what comes.
    say(at(&mut now));
    say(at(&mut now))
}

/// What each recipient more costs.
fn each(make: fn(usize) -> (Domain, u64, String)) -> u64 {
    let ((few, _), (many, _)) = (cost(make(20)), cost(make(120)));
    (many - few) / 100
}

#[test]
fn a_session_of_the_domain_that_hears_a_room_costs_few_allocations() {
    assert_eq!(cost(listening(20)).1, 20);
    assert_eq!(each(listening), LIVE);
}

#[test]
fn a_phone_that_sleeps_costs_few_allocations() {
    assert_eq!(each(asleep), AWAY);
}

/// For each session: its address in the stanza that all share, and what its account writes.
const LIVE: u64 = 15;

/// For each account: its address in the stanza that all share, and what its router remembers.
const AWAY: u64 = 5;
