//! A room full of people, for the tests and benches that count.

#![allow(dead_code, unreachable_pub, reason = "each test and bench uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jid::BareJid;
use minidom::Element;
use xmpp_machines::codec::{Stanza, StanzaType};
use xmpp_machines::gc3::config::{Config, Kind};
use xmpp_machines::gc3::{Input, Room};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Time};

pub const ROOM: &str = "kettle@rooms.example";
pub const GC3: &str = "urn:xmpp:gc3:0";
pub const DATA: &str = "jabber:x:data";

/// The moment at which everything happens.
pub fn now() -> Time {
    Time::from_millis(1_800_000_000_000)
}

/// The full JID of the `n`-th participant.
pub fn full(n: usize) -> String {
    format!("user{n:07}@tea.example/pot")
}

pub fn bare(n: usize) -> String {
    format!("user{n:07}@tea.example")
}

/// A channel without participants.
pub fn empty() -> Room {
    let mut config = Config::of(Kind::Channel);
    config.name = "Kettle".to_owned();
    config.max_participants = 2_000_000;
    let limits = Gc3Limits { participants: 2_000_000, ..Gc3Limits::default() };
    let (room, owner) = (BareJid::new(ROOM).unwrap(), BareJid::new("owner@tea.example").unwrap());
    Room::new(&room, 1, &owner, config, limits, Seed::new([7; 32]), Time::from_millis(1_700_000_000_000))
}

/// Gives a room an input, and drops what it says.
pub fn give(room: &mut Room, stanza: Stanza) {
    give_at(room, now(), stanza);
}

fn give_at(room: &mut Room, at: Time, stanza: Stanza) {
    room.handle_with(at, Input::Stanza(stanza), |_, _| {}).unwrap();
}

/// The join of the `n`-th participant, under the nickname `Nick` and the number.
pub fn join(n: usize) -> Stanza {
    let nick = Element::builder("field", DATA).attr(name("var"), "urn:xmpp:gc3:fields:nickname");
    let nick = nick.append(Element::builder("value", DATA).append(format!("Nick{n:07}")).build()).build();
    let kind = Element::builder("field", DATA).attr(name("var"), "FORM_TYPE");
    let kind = kind.append(Element::builder("value", DATA).append("urn:xmpp:gc3:join-form").build()).build();
    let form = Element::builder("x", DATA).attr(name("type"), "submit").append(kind).append(nick).build();
    let join = Element::builder("join", GC3).append(form).build();
    Stanza::iq(&full(n), ROOM).with_type(StanzaType::Set).with_id("j").with_child(join)
}

/// The presence of the `n`-th participant.
pub fn presence(n: usize) -> Stanza {
    Stanza::presence(&full(n), ROOM)
}

/// The wish of the `n`-th participant to hear something.
pub fn subscribe(n: usize, topic: &str) -> Stanza {
    let subscribe = Element::builder("subscribe", GC3).attr(name("type"), topic).build();
    Stanza::iq(&full(n), ROOM).with_type(StanzaType::Set).with_id("s").with_child(subscribe)
}

/// A message of the `n`-th participant.
pub fn message(n: usize) -> Stanza {
    Stanza::message(&full(n), ROOM).with_type(StanzaType::Groupchat).with_id("m1").with_body("Who puts the kettle on?")
}

/// A room of `n` participants, each with one presence session that hears messages.
pub fn room_of(n: usize) -> Room {
    let mut room = empty();
    // A hundred a second, the last of them some minutes ago.
    let start = now().millis() - 1_000_000 - 10 * n as u64;
    for n in 0..n {
        let at = Time::from_millis(start + 10 * n as u64);
        room.wake_with(at, |_, _| {});
        give_at(&mut room, at, join(n));
        give_at(&mut room, at, presence(n));
        give_at(&mut room, at, subscribe(n, "message"));
    }
    room.wake_with(now(), |_, _| {});
    room
}

pub fn name(name: &str) -> rxml::NcName {
    rxml::NcName::try_from(name).unwrap()
}
