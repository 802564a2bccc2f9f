//! The contract itself: machines behind `dyn`, every kind of sink, one machine within another.

mod common;

use common::{give, join, message, now, presence, room_of, subscribe};
use xmpp_machines::gc3::{Input, Notice, Order, Room, RoomOrder};
use xmpp_machines::{Action, Machine, Outbox, Rule, Sink, Within};

type AnyRoom = Box<dyn Machine<Input = Input, Order = RoomOrder, Notice = Notice>>;

/// What was said, as recipient and bytes.
fn written(said: &Outbox<RoomOrder, Notice>) -> Vec<(String, Vec<u8>)> {
    said.deliveries().map(|d| (d.to.to_owned(), [d.head, d.tail].concat())).collect()
}

#[test]
fn a_machine_can_be_a_trait_object() {
    let mut room: AnyRoom = Box::new(room_of(3));
    let mut said = Outbox::new();
    room.handle(now(), Input::Stanza(message(1)), &mut said).unwrap();
    assert_eq!(said.deliveries().count(), 3);
    assert!(room.deadline().is_none_or(|deadline| deadline > now()));
}

#[test]
fn every_sink_hears_the_same() {
    let room = room_of(5);
    let mut outbox = Outbox::new();
    room.clone().handle(now(), Input::Stanza(message(1)), &mut outbox).unwrap();
    let mut direct = Vec::new();
    room.clone()
        .handle_with(now(), Input::Stanza(message(1)), |_, action| {
            if let Action::Send { to, stanza } = action {
                for recipient in to {
                    direct.push((recipient.jid.to_owned(), stanza.encode(recipient.jid)));
                }
            }
        })
        .unwrap();
    assert_eq!(written(&outbox), direct);
    assert_eq!(direct.len(), 5);
}

#[test]
fn a_cleared_outbox_is_as_new() {
    let mut room = room_of(4);
    let (mut reused, mut fresh) = (Outbox::new(), Outbox::new());
    room.handle(now(), Input::Stanza(message(1)), &mut reused).unwrap();
    reused.clear();
    assert!(reused.is_empty());
    room.clone().handle(now(), Input::Stanza(message(2)), &mut fresh).unwrap();
    room.handle(now(), Input::Stanza(message(2)), &mut reused).unwrap();
    assert_eq!(written(&reused), written(&fresh));
    assert_eq!(reused.orders(), fresh.orders());
    assert_eq!(reused.notices(), fresh.notices());
}

#[test]
fn a_parent_maps_what_a_child_orders_and_may_keep_it() {
    let mut room = room_of(2);
    let mut kept = 0;
    let mut heard: Vec<(Rule, &'static str)> = Vec::new();
    let mut parent = |why: Rule, action: Action<'_, Order, &'static str>| {
        heard.push((
            why,
            match action {
                Action::Send { .. } => "send",
                Action::Do(_) => "do",
                Action::Tell(what) => what,
            },
        ));
    };
    let mut within = Within {
        out: &mut parent,
        order: |order| match order {
            RoomOrder::Host(order) => Some(order),
            _ => None,
        },
        notice: |_: Notice| {
            kept += 1;
            None
        },
    };
    room.handle(now(), Input::Stanza(message(1)), &mut within).unwrap();
    within.push(xmpp_machines::gc3::rules::table::V4, Action::Tell(Notice::Also));
    assert_eq!(
        heard.iter().map(|(why, what)| (why.id(), *what)).collect::<Vec<_>>(),
        [("gc3.M2", "send"), ("gc3.G7.1", "do"),]
    );
    assert!(kept > 0, "notices stay with the parent");
}

#[test]
fn recipients_come_in_seat_order_and_seats_are_reused() {
    let mut room = room_of(4);
    let listeners = |room: &mut Room| {
        let mut jids = Vec::new();
        room.handle_with(now(), Input::Stanza(message(0)), |_, action| {
            if let Action::Send { to, .. } = action {
                jids.extend(to.iter().map(|r| (r.seat.map(|seat| seat.0), r.jid.to_owned())));
            }
        })
        .unwrap();
        jids
    };
    let before = listeners(&mut room);
    assert!(before.is_sorted_by_key(|(seat, _)| *seat));
    let gone = presence(1).with_type(xmpp_machines::codec::StanzaType::Unavailable);
    give(&mut room, gone);
    give(&mut room, join(9));
    give(&mut room, presence(9));
    give(&mut room, subscribe(9, "message"));
    let after = listeners(&mut room);
    assert_eq!(after[1], (Some(1), common::full(9)), "the lowest free seat is given to the next who comes");
}
