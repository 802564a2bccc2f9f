//! A stream management queue.

use allocation_counter::measure;
use bytes::Bytes;
use xmpp_machines::limits::SmLimits;
use xmpp_machines::party::Address;
use xmpp_machines::seed::Seed;
use xmpp_machines::sm::{Input, Nonza, Order, Pair, Parcel, Queue, Role};
use xmpp_machines::{Machine, Time};

const HEAD: &[u8] = b"<message to='ann@tea.example/pot'";
const TAIL: &[u8] = b" from='den@rooms.example/-x' id='1' type='groupchat'><body>Tea?</body></message>";

fn counted() -> (Queue, Pair) {
    let address = |text| Address::from_normalised(text).unwrap();
    let pair = Pair { peer: address("ann@tea.example/pot"), local: address("tea.example") };
    let mut queue = Queue::new(Role::Client, pair.clone(), SmLimits::default(), Seed::new([7; 32]));
    queue.handle_with(Time::EPOCH, Input::Open { link: 1, offered: true }, |_, _| {}).unwrap();
    let element = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>".parse().unwrap();
    queue.handle_with(Time::EPOCH, Input::Element { link: 1, pair: pair.clone(), element }, |_, _| {}).unwrap();
    (queue, pair)
}

#[test]
fn a_stanza_costs_one_allocation_and_the_payload_is_shared() {
    let (mut queue, pair) = counted();
    let tail = Bytes::from_static(TAIL);
    let fill = |queue: &mut Queue| {
        for _ in 0..1000 {
            let parcel = Parcel::of(Bytes::copy_from_slice(HEAD), tail.clone());
            queue.handle_with(Time::EPOCH, Input::Send(parcel), |_, _| {}).unwrap();
        }
    };
    fill(&mut queue);
    let element = "<a xmlns='urn:xmpp:sm:3' h='1000'/>".parse().unwrap();
    queue.handle_with(Time::EPOCH, Input::Element { link: 1, pair, element }, |_, _| {}).unwrap();
    assert!(queue.is_empty());
    let counted = measure(|| fill(&mut queue));
    // The head is copied by the host, and shared between the queue and the order to write it.
    assert_eq!(counted.count_total, 2 * 1000);
    assert_eq!(counted.bytes_current as usize / 1000, HEAD.len() + 24, "no stanza keeps a payload of its own");
}

#[test]
fn an_acknowledgement_allocates_nothing_but_what_it_reads() {
    let (mut queue, pair) = counted();
    for _ in 0..9 {
        let parcel = Parcel::of(Bytes::from_static(HEAD), Bytes::from_static(TAIL));
        queue.handle_with(Time::EPOCH, Input::Send(parcel), |_, _| {}).unwrap();
    }
    let element = "<a xmlns='urn:xmpp:sm:3' h='9'/>".parse().unwrap();
    let input = Input::Element { link: 1, pair, element };
    let counted = measure(|| queue.handle_with(Time::EPOCH, input, |_, _| {}).unwrap());
    // The name of the element, in case it has to be told.
    assert_eq!((queue.len(), counted.count_total), (0, 1));
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<Parcel>(), 72);
    assert_eq!(size_of::<Order>(), 80);
    assert_eq!(size_of::<Nonza>(), 32);
}
