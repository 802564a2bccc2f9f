//! A push router.

use std::mem::size_of;

use allocation_counter::measure;
use jid::{BareJid, FullJid};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::limits::PushRouterLimits;
use xmpp_machines::push::router::{Input, Membership, Notice, RoomFact, Router, RouterConfig, SessionEvent};
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Snapshot, Time};

fn stanza(text: &str) -> Stanza {
    Reader::one("jabber:client", text.as_bytes()).unwrap()
}

/// An account in one room, with that many devices that sleep.
fn asleep(registrations: usize) -> Router {
    let (ann, room) = (BareJid::new("ann@tea.example").unwrap(), BareJid::new("kettle@rooms.example").unwrap());
    let mut router = Router::new(&RouterConfig::new(&ann), PushRouterLimits::default(), Seed::new([7; 32]));
    let mut put = |input| router.handle_with(Time::from_millis(1000), input, |_, _| {}).unwrap();
    put(Input::Room { room, fact: RoomFact::Member(Membership::Registered, true) });
    for n in 0..registrations {
        let jid = FullJid::new(&format!("ann@tea.example/phone{n}")).unwrap();
        let enable =
            format!("<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n{n}'/></iq>");
        put(Input::Session { jid: jid.clone(), event: SessionEvent::Up { client: None, enable: None } });
        put(Input::Sent { session: jid.clone(), stanza: stanza(&enable) });
        put(Input::Session { jid, event: SessionEvent::Gone { unacked: Vec::new() } });
    }
    router
}

fn copy(id: usize) -> Input {
    Input::Arrived(stanza(&format!(
        "<message type='groupchat' from='kettle@rooms.example/Ben' to='ann@tea.example'><body>Is there tea?</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='kettle@rooms.example' id='{id}'/></message>"
    )))
}

/// What a message costs for which a push stands already, in allocations.
fn cost(registrations: usize) -> u64 {
    let mut router = asleep(registrations);
    for id in 0..600 {
        router.handle_with(Time::from_millis(2000), copy(id), |_, _| {}).unwrap();
    }
    let input = copy(600);
    let counted = measure(|| router.handle_with(Time::from_millis(3000), input, |_, _| {}).unwrap());
    counted.count_total
}

#[test]
fn a_message_costs_the_same_for_every_number_of_devices() {
    let (one, four, sixteen) = (cost(1), cost(4), cost(16));
    assert_eq!((one, four), (four, sixteen), "allocations must not depend on the number of registrations");
    assert!(one <= 12, "a message costs {one} allocations");
}

#[test]
fn a_room_costs_what_it_remembers() {
    let mut router = asleep(1);
    let empty = router.save().len();
    for id in 0..2000 {
        router.handle_with(Time::from_millis(2000), copy(id), |_, _| {}).unwrap();
    }
    let each = (router.save().len() - empty) / 512;
    assert!(each <= 16, "a remembered message costs {each} bytes of a snapshot");
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<Notice>(), 40);
    assert_eq!(size_of::<PushRouterLimits>(), 216);
}
