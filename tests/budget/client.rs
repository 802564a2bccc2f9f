//! A device in a room, and its account at home.

use std::mem::size_of;

use allocation_counter::measure;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::account;
use xmpp_machines::gc3::client::{Command, Input, NickBook};
use xmpp_machines::sim::{talk_account, talk_client};
use xmpp_machines::{Machine as _, Snapshot as _, Span, Time};

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn stanza(text: &str) -> xmpp_machines::codec::Stanza {
    Reader::one("jabber:client", text.as_bytes()).unwrap()
}

fn message(n: u32) -> Input {
    let text = format!(
        "<message type='groupchat' from='tea@rooms.example/-ben' to='ann@tea.example/pot'><body>hello</body>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-ben'/><nick xmlns='http://jabber.org/protocol/nick'>Ben</nick>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s{n}'/></message>"
    );
    Input::Stanza { stanza: stanza(&text), contact: false }
}

#[test]
fn a_live_message_costs_little_and_leaves_little() {
    let mut client = talk_client::client(0);
    client.handle_with(NOW, Input::Command(Command::Online), |_, _| {}).unwrap();
    client.handle_with(NOW, Input::Command(Command::Join), |_, _| {}).unwrap();
    for n in 0..100 {
        client.handle_with(NOW, message(n), |_, _| {}).unwrap();
    }
    let (before, next) = (client.save().len(), message(101));
    let counted = measure(|| client.handle_with(NOW, next, |_, _| {}).unwrap());
    assert!(counted.count_total <= 48, "a message costs {} allocations", counted.count_total);
    assert!(client.save().len() <= before + 64, "what a client remembers of messages is bounded");
}

#[test]
fn a_copy_costs_the_same_however_many_rooms_there_are() {
    let copy = |room: &str| {
        let text = format!("<message type='groupchat' from='{room}/-b' to='ann@tea.example'><body>a</body></message>");
        account::Input::Foreign { stanza: stanza(&text), contact: false }
    };
    let mut account = talk_account::account();
    let publish = "<iq type='set' id='p' from='ann@tea.example/pot'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
        <publish node='urn:xmpp:gc3:0:joined'><item id='tea@rooms.example'><joined xmlns='urn:xmpp:gc3:0'/></item></publish>\
        </pubsub></iq>";
    account.handle_with(NOW, account::Input::Own(stanza(publish)), |_, _| {}).unwrap();
    let input = copy("tea@rooms.example");
    let counted = measure(|| account.handle_with(NOW, input, |_, _| {}).unwrap());
    assert!(counted.count_total <= 8, "a copy costs {} allocations", counted.count_total);
}

#[test]
fn a_name_costs_at_most_160_bytes() {
    const NAMES: u32 = 10_000;
    let mut book = NickBook::new(NAMES as usize, Span::from_days(730));
    let counted = measure(|| {
        for n in 0..NAMES {
            book.learn(&format!("-Zk1cWq8yTn0b4Rf{n:05}"), "Ben of the Oak", NOW);
        }
    });
    let each = counted.bytes_current as usize / NAMES as usize;
    assert!(each <= 160, "a name costs {each} bytes, its texts included");
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<account::Order>(), 48);
    assert_eq!(size_of::<xmpp_machines::gc3::client::Order>(), 40);
    assert_eq!(size_of::<xmpp_machines::gc3::client::Standing>(), 1);
}
