//! A room.

use std::mem::size_of;

use allocation_counter::measure;
use xmpp_machines::codec::{Outgoing, Stanza};
use xmpp_machines::gc3::{Input, Record};
use xmpp_machines::party::{Address, Audience, Recipient, Seat};
use xmpp_machines::{Machine, Outbox, Rule, Time};

use super::common::{full, give, message, now, room_of};

/// How many allocations a message costs, and how many recipients it reached.
fn cost_of_a_message(recipients: usize) -> (u64, usize) {
    let mut room = room_of(recipients);
    // The first message fills what grows once: the memory of ids.
    give(&mut room, message(1));
    let stanza = message(2);
    let mut reached = 0;
    let later = Time::from_millis(now().millis() + 10_000);
    let counted = measure(|| {
        room.handle_with(later, Input::Stanza(stanza), |_, action| {
            if let xmpp_machines::Action::Send { to, .. } = action {
                reached += to.len();
            }
        })
        .unwrap();
    });
    (counted.count_total, reached)
}

#[test]
fn a_message_costs_the_same_whoever_listens() {
    let (few, reached_few) = cost_of_a_message(10);
    let (many, reached_many) = cost_of_a_message(10_000);
    assert_eq!((reached_few, reached_many), (10, 10_000));
    assert_eq!(few, many, "allocations must not depend on the number of recipients");
    assert!(few <= 12, "a message costs {few} allocations");
}

#[test]
fn a_reused_outbox_allocates_nothing_per_recipient() {
    let mut room = room_of(1000);
    let mut said = Outbox::new();
    room.handle(now(), Input::Stanza(message(1)), &mut said).unwrap();
    said.clear();
    let stanza = message(2);
    let counted = measure(|| {
        room.handle(now(), Input::Stanza(stanza), &mut said).unwrap();
    });
    assert_eq!(said.deliveries().count(), 1000);
    assert!(counted.count_total <= 12, "{} allocations for 1000 recipients", counted.count_total);
}

#[test]
fn a_participant_with_one_session_costs_at_most_200_bytes() {
    const PEOPLE: usize = 10_000;
    let text = full(0).len() + super::common::bare(0).len() + "Nick0000000".len();
    let mut room = None;
    let counted = measure(|| room = Some(room_of(PEOPLE)));
    let each = counted.bytes_current as usize / PEOPLE - text;
    assert!(each <= 200, "a participant costs {each} bytes beyond JIDs and nickname");
    drop(room);
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<Rule>(), 8);
    assert_eq!(size_of::<Time>(), 8);
    assert_eq!(size_of::<Seat>(), 4);
    assert_eq!(size_of::<Address>(), 16);
    assert_eq!(size_of::<Audience<'static>>(), 40);
    assert_eq!(size_of::<Recipient<'static>>(), 24);
    assert_eq!(size_of::<Outgoing>(), 56);
    assert_eq!(size_of::<Stanza>(), 216);
    assert_eq!(size_of::<Record>(), 136);
}

#[test]
fn rights_that_nobody_changed_cost_nothing() {
    use xmpp_machines::gc3::acl::{Affiliation, Role, Verb, allows};
    use xmpp_machines::gc3::config::{Config, Kind};

    let config = Config::of(Kind::Channel);
    let mut allowed = 0;
    let counted = measure(|| {
        for affiliation in Affiliation::ALL {
            for role in Role::ALL {
                allowed += Verb::ALL.iter().filter(|&&verb| allows(&config, affiliation, Some(role), verb)).count();
            }
        }
    });
    assert!(allowed > 0);
    assert_eq!(counted.count_total, 0, "a decision allocates nothing");
}
