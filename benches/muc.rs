//! What clients of XEP-0045 and of the New MUC draft cost a room, beside clients of GC3 in the same run.
//!
//! Read the ratios: an entry among ten times as many occupants, a message to all dialects against one of them, presence to
//! those who want all of it against those who want little.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jid::BareJid;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::{Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Machine as _, Time};

const START: u64 = 1_800_000_000_000;

fn stanza(text: &str) -> Input {
    Input::Stanza(Reader::one("jabber:client", text.as_bytes()).expect("it is a stanza"))
}

/// A channel, owned by Ann, and its address.
fn channel() -> (Service, String) {
    let mut config = ServiceConfig::new(&BareJid::new("rooms.example").expect("it is a JID"));
    (config.muc, config.muc2) = (true, true);
    let mut service = Service::new(config, Gc3Limits::default(), Seed::new([7; 32]));
    let field =
        |var: &str, value: &str| format!("<field var='urn:xmpp:gc3:fields:{var}'><value>{value}</value></field>");
    let create = format!(
        "<iq type='set' id='c' from='ann@tea.example/laptop' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:create-form</value></field>\
         {}{}{}</x></create></iq>",
        field("nickname", "Ann"),
        field("kind", "channel"),
        field("name", "Tea"),
    );
    let mut room = String::new();
    let heard = service.handle_with(Time::from_millis(START), stanza(&create), |_, action| {
        if let Action::Send { stanza, .. } = action {
            let text = String::from_utf8_lossy(stanza.tail()).into_owned();
            if let Some((_, rest)) = text.split_once("<subscription-jid>") {
                room = rest.split('<').next().unwrap_or_default().to_owned();
            }
        }
    });
    heard.expect("a stanza is no misuse");
    (service, room)
}

fn give(service: &mut Service, at: u64, text: &str) -> usize {
    let mut reached = 0;
    let heard = service.handle_with(Time::from_millis(START + at), stanza(text), |_, action| {
        if let Action::Send { to, stanza } = action {
            reached += to.len();
            black_box(stanza.tail());
        }
    });
    heard.expect("a stanza is no misuse");
    reached
}

fn enter(n: usize, room: &str) -> String {
    format!(
        "<presence from='user{n}@tea.example/pot' to='{room}/Nick{n}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    )
}

fn enter_by_id(n: usize, room: &str, level: &str) -> String {
    format!(
        "<presence from='id{n}@fig.example/pot' to='{room}'><x xmlns='http://jabber.org/protocol/muc'>\
         <muc2 xmlns='urn:xmpp:muc:0'><nickname>Id{n}</nickname><presence level='{level}'/></muc2></x></presence>"
    )
}

fn join(n: usize, room: &str) -> String {
    format!(
        "<iq type='set' id='j' from='gc{n}@oak.example/pot' to='{room}'><join xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field>\
         <field var='urn:xmpp:gc3:fields:nickname'><value>Name{n}</value></field></x><subscribe type='message'/></join></iq>"
    )
}

/// A channel with so many occupants by name and so many by ID, and so many participants that hear messages by request.
fn crowd(occupants: usize, by_id: (usize, &str), participants: usize) -> (Service, String) {
    let (mut service, room) = channel();
    for n in 0..by_id.0 {
        give(&mut service, 1000, &enter_by_id(n, &room, by_id.1));
    }
    for n in 0..occupants {
        give(&mut service, 1000, &enter(n, &room));
    }
    for n in 0..participants {
        give(&mut service, 1000, &join(n, &room));
    }
    service.wake(Time::from_millis(START + 10_000), &mut |_: xmpp_machines::Rule, _: Action<'_, _, _>| {});
    (service, room)
}

/// Somebody enters and leaves again: the presence of all others to one, and of one to all others.
fn entering(c: &mut Criterion) {
    let mut group = c.benchmark_group("muc entry and leave");
    group.sample_size(10);
    for occupants in [100, 1000, 4000] {
        let (mut service, room) = crowd(occupants, (0, "full"), 0);
        let (enter, leave) = (
            enter(occupants + 1, &room),
            format!("<presence type='unavailable' from='user{}@tea.example/pot' to='{room}/x'/>", occupants + 1),
        );
        group.throughput(Throughput::Elements(occupants as u64));
        let mut at = 20_000;
        group.bench_function(BenchmarkId::from_parameter(occupants), |b| {
            b.iter(|| {
                at += 10_000;
                give(&mut service, at, &enter) + give(&mut service, at, &leave)
            });
        });
    }
    group.finish();
}

/// A message to a thousand, of one dialect, of another, and of all.
fn speaking(c: &mut Criterion) {
    let mut group = c.benchmark_group("message to 1000");
    for (name, occupants, by_id, participants) in [
        ("gc3", 0, 0, 1000),
        ("muc", 1000, 0, 0),
        ("muc2", 0, 1000, 0),
        ("half gc3, half muc", 500, 0, 500),
        ("a third of each", 333, 333, 334),
    ] {
        let (service, room) = crowd(occupants, (by_id, "none"), participants);
        let text = format!(
            "<message type='groupchat' id='m1' from='ann@tea.example/laptop' to='{room}'><body>Kettle is on.</body></message>"
        );
        let mut service = service;
        let mut at = 20_000;
        group.bench_function(name, |b| {
            b.iter_batched(
                || stanza(&text),
                |input| {
                    at += 2000;
                    service.handle_with(Time::from_millis(START + at), input, |_, action| drop(black_box(action)))
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// An occupant among a thousand goes away and comes back: to those who want all presence, and to those who do not.
fn showing(c: &mut Criterion) {
    let mut group = c.benchmark_group("presence to 1000");
    for (name, occupants, by_id) in [
        ("muc", 1000, (0, "full")),
        ("muc2, full", 0, (1000, "full")),
        ("muc2, join", 0, (1000, "join")),
        ("muc2, none", 0, (1000, "none")),
        ("half muc, half muc2", 500, (500, "full")),
    ] {
        let (mut service, room) = crowd(occupants, by_id, 0);
        let who = format!("from='shy@elm.example/pot' to='{room}/Shy'");
        give(&mut service, 15_000, &format!("<presence {who}><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
        let mut at = 20_000;
        let mut away = false;
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    away = !away;
                    stanza(&format!("<presence {who}><show>{}</show></presence>", if away { "away" } else { "dnd" }))
                },
                |input| {
                    at += 2000;
                    service.handle_with(Time::from_millis(START + at), input, |_, action| drop(black_box(action)))
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// A page of the occupants of a large room.
fn listing(c: &mut Criterion) {
    let mut group = c.benchmark_group("disco#items, 500 of");
    group.sample_size(10);
    for participants in [1000, 100_000] {
        let (mut service, room) = crowd(0, (0, "full"), participants);
        let ask = format!(
            "<iq type='get' id='i' from='gc1@oak.example/pot' to='{room}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        );
        let mut at = 20_000;
        group.bench_function(BenchmarkId::from_parameter(participants), |b| {
            b.iter(|| {
                at += 2000;
                give(&mut service, at, &ask)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, entering, speaking, showing, listing);
criterion_main!(benches);
