//! What clients of XEP-0045 and of the New MUC draft cost a room, beside clients of GC3 in the same run.
//!
//! Read the ratios: an entry among ten times as many occupants, a message to all dialects against one of them, presence to
//! those who want all of it against those who want little, a list of a hundred times as many members.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use jid::BareJid;
use minidom::Element;
use minidom::rxml::NcName;
use xmpp_machines::codec::{Reader, Stanza, StanzaType};
use xmpp_machines::gc3::{Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Machine as _, Time};

const START: u64 = 1_800_000_000_000;
const ADMIN: &str = "http://jabber.org/protocol/muc#admin";

fn stanza(text: &str) -> Input {
    Input::Stanza(Reader::one("jabber:client", text.as_bytes()).expect("it is a stanza"))
}

/// A channel, owned by Ann, and its address. However many there are, everybody is shown to everybody.
fn channel() -> (Service, String) {
    channel_within(Gc3Limits { crowd: 1_000_000, access: 1_000_000, ..Gc3Limits::default() })
}

fn channel_within(limits: Gc3Limits) -> (Service, String) {
    let mut config = ServiceConfig::new(&BareJid::new("rooms.example").expect("it is a JID"));
    (config.muc, config.muc2) = (true, true);
    let mut service = Service::new(config, limits, Seed::new([7; 32]));
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
    let mut channel = channel();
    fill(&mut channel, occupants, by_id, participants);
    channel
}

fn fill((service, room): &mut (Service, String), occupants: usize, by_id: (usize, &str), participants: usize) {
    for n in 0..by_id.0 {
        give(service, 1000, &enter_by_id(n, room, by_id.1));
    }
    for n in 0..occupants {
        give(service, 1000, &enter(n, room));
    }
    for n in 0..participants {
        give(service, 1000, &join(n, room));
    }
    service.wake(Time::from_millis(START + 10_000), &mut |_: xmpp_machines::Rule, _: Action<'_, _, _>| {});
}

/// Somebody enters and leaves again: the presence of all others to one, and of one to all others.
fn entering(c: &mut Criterion) {
    let mut group = c.benchmark_group("muc entry and leave");
    group.sample_size(10);
    let mut speakers = channel_within(Gc3Limits::default());
    fill(&mut speakers, 10_000, (0, "full"), 0);
    let rooms = [
        ("100", crowd(100, (0, "full"), 0)),
        ("1000", crowd(1000, (0, "full"), 0)),
        ("10000", crowd(10_000, (0, "full"), 0)),
        ("10000, of whom those are shown who speak", speakers),
    ];
    for (name, (mut service, room)) in rooms {
        let enter = enter(20_000, &room);
        let leave = format!("<presence type='unavailable' from='user20000@tea.example/pot' to='{room}/x'/>");
        let mut at = 20_000;
        group.bench_function(name, |b| {
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

/// Makes members, a thousand with each request, as often as the room allows it. Gives the time at its end.
fn members(service: &mut Service, room: &str, count: usize) -> u64 {
    let name = |name: &str| NcName::try_from(name).expect("it is a name");
    let mut at = 20_000;
    for thousand in 0..count / 1000 {
        let mut query = Element::bare("query", ADMIN);
        for n in thousand * 1000..(thousand + 1) * 1000 {
            let jid = format!("member{n}@fig.example");
            let item = Element::builder("item", ADMIN).attr(name("affiliation"), "member").attr(name("jid"), jid);
            query.append_child(item.build());
        }
        at += 10_000;
        let set = Stanza::iq("ann@tea.example/laptop", room).with_type(StanzaType::Set).with_id("m").with_child(query);
        let heard = service.handle_with(Time::from_millis(START + at), Input::Stanza(set), |_, _| {});
        heard.expect("a stanza is no misuse");
    }
    at
}

/// Lists of a room of a thousand, and of a hundred thousand. Those of GC3 and of service discovery come in pages of 500;
/// that of XEP-0045 knows no pages.
fn listing(c: &mut Criterion) {
    let mut group = c.benchmark_group("lists");
    group.sample_size(10);
    for size in [1000, 100_000] {
        let (mut service, room) = crowd(0, (0, "full"), size);
        let mut at = members(&mut service, &room, size);
        for (what, from, payload) in [
            ("disco#items, a page", "gc1@oak.example/pot", "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
            ("participants, a page", "gc1@oak.example/pot", "<participants xmlns='urn:xmpp:gc3:0'/>"),
            ("access, a page", "ann@tea.example/laptop", "<access xmlns='urn:xmpp:gc3:0'/>"),
            (
                "muc#admin members, all",
                "ann@tea.example/laptop",
                "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query>",
            ),
        ] {
            let ask = format!("<iq type='get' id='i' from='{from}' to='{room}'>{payload}</iq>");
            let mut written = 0;
            group.bench_function(BenchmarkId::new(what, size), |b| {
                b.iter(|| {
                    at += 2000;
                    let now = Time::from_millis(START + at);
                    let heard = service.handle_with(now, stanza(&ask), |_, action| {
                        if let Action::Send { stanza, .. } = action {
                            written = black_box(stanza.tail()).len();
                        }
                    });
                    heard.expect("a stanza is no misuse");
                });
            });
            assert!(written > 10_000, "{what}: an answer of {written} bytes is no list");
        }
    }
    group.finish();
}

criterion_group!(benches, entering, speaking, showing, listing);
criterion_main!(benches);
