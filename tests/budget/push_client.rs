//! The push of a device.

use std::mem::size_of;

use allocation_counter::measure;
use xmpp_machines::jid::BareJid;
use xmpp_machines::limits::PushClientLimits;
use xmpp_machines::push::client::{By, Client, Features, Input, Notice, OptIn, Wanted};
use xmpp_machines::push::enable::{Enable, Target};
use xmpp_machines::push::filter::Filters;
use xmpp_machines::push::room::Wish;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Outbox, Time};

fn later(millis: u64) -> Time {
    Time::from_millis(1_800_000_000_000 + millis)
}

/// A device in a session, with as many rooms that it asks for copies. Nothing is answered yet.
fn device_in(rooms: usize) -> Client {
    let account = BareJid::new("ann@tea.example").unwrap();
    let mut client = Client::new(&account, PushClientLimits::default(), Seed::new([7; 32]));
    let target = Target::Node { node: Some("n1".into()), options: Vec::new(), filters: Filters::default() };
    let enable = Enable { service: "push.fig.example".into(), target };
    client.handle_with(later(0), Input::Want(Wanted { node: Some(enable), client: None }), |_, _| {}).unwrap();
    let features = Features { push: true, push2: false };
    client.handle_with(later(0), Input::Online { features, resumed: false }, |_, _| {}).unwrap();
    for number in 0..rooms {
        let room = BareJid::new(&format!("room{number}@rooms.example")).unwrap();
        let want = Some(OptIn { by: By::Participation, copies: Wish::Always });
        client.handle_with(later(1), Input::Room { room, want }, |_, _| {}).unwrap();
    }
    client
}

/// A message that answers nothing, as most of what a device receives.
fn message() -> Input {
    let text = "<message from='ben@oak.example/desk' type='chat' id='m1'><body>tea?</body></message>";
    Input::Stanza(xmpp_machines::codec::Reader::one("jabber:client", text.as_bytes()).unwrap())
}

#[test]
fn what_answers_nothing_costs_nothing() {
    let mut client = device_in(1000);
    let (stanza, mut told) = (message(), 0);
    let counted = measure(|| client.handle_with(later(2), stanza, |_, _| told += 1).unwrap());
    assert_eq!((counted.count_total, told), (0, 1), "a stanza that is none of its business was paid for");
}

#[test]
fn a_request_costs_the_same_however_many_rooms_there_are() {
    let cost = |rooms: usize| {
        let mut client = device_in(rooms);
        let mut said = Outbox::new();
        // The enable is given up, sent again and given up again: what grows once has grown.
        for _ in 0..3 {
            let due = client.deadline().unwrap();
            client.wake(due, &mut said);
        }
        said.clear();
        let due = client.deadline().unwrap();
        let counted = measure(|| client.wake(due, &mut said));
        (counted.count_total, said.deliveries().count())
    };
    let (few, many) = (cost(1), cost(1000));
    assert_eq!((few.1, many.1), (1, 1));
    assert_eq!(few, many, "allocations must not depend on the number of rooms");
    assert!(few.0 <= 10, "a request costs {} allocations", few.0);
}

#[test]
fn a_room_costs_at_most_240_bytes() {
    const ROOMS: usize = 1000;
    let (mut none, mut client) = (None, None);
    let without = measure(|| none = Some(device_in(0))).bytes_current;
    let counted = measure(|| client = Some(device_in(ROOMS)));
    let each = (counted.bytes_current - without) as usize / ROOMS;
    assert!(each <= 240, "a room costs {each} bytes, its JID included");
    drop((none, client));
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<Notice>(), 24);
    assert_eq!(size_of::<Client>(), 512);
}
