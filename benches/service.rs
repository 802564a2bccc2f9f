//! What a message costs through a whole domain, beside the naive way, in the same run. Read the ratios, not the times.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jid::{BareJid, FullJid};
use minidom::Element;
use rxml::{Namespace, NcName};
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::ServiceConfig;
use xmpp_machines::imng::Event;
use xmpp_machines::limits::ServiceLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::service::{Domain, DomainConfig, Input};
use xmpp_machines::{Machine, Outbox, Time};

fn session(n: usize) -> FullJid {
    FullJid::new(&format!("user{n:05}@tea.example/pot")).expect("it is a full JID")
}

fn at(at: &mut u64) -> Time {
    *at += 1000;
    Time::from_millis(*at)
}

/// A domain with so many accounts, each with an available session; and the moment.
fn domain(accounts: usize) -> (Domain, u64) {
    let bare = |text: &str| BareJid::new(text).expect("it is a JID");
    let config = DomainConfig::new(&bare("tea.example")).with_rooms(ServiceConfig::new(&bare("rooms.tea.example")));
    let mut domain = Domain::new(config, ServiceLimits::default(), Seed::new([7; 32])).expect("two domains");
    let mut now = 1_800_000_000_000;
    for n in 0..accounts {
        let session = session(n);
        let time = at(&mut now);
        let mut give = |input| domain.handle_with(time, input, |_, _| {}).expect("it is no misuse");
        give(Input::Create { account: session.to_bare() });
        give(Input::Session { session: session.clone(), event: Event::Bound });
        give(said(&session, "<presence/>"));
    }
    (domain, now)
}

fn said(session: &FullJid, xml: &str) -> Input {
    let stanza = Reader::one("jabber:client", xml.as_bytes()).expect("it is a stanza");
    Input::FromSession { session: session.clone(), stanza }
}

fn form(kind: &str, nick: &str) -> String {
    let field = |name: &str, value: &str| format!("<field var='{name}'><value>{value}</value></field>");
    let f = "urn:xmpp:gc3:fields:";
    format!(
        "<{kind} xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>{}{}{}{}</x><subscribe type='message'/></{kind}>",
        field("FORM_TYPE", &format!("urn:xmpp:gc3:{kind}-form")),
        field(&format!("{f}nickname"), nick),
        field(&format!("{f}kind"), "channel"),
        field(&format!("{f}name"), "Tea"),
    )
}

fn chat(c: &mut Criterion) {
    let (mut domain, mut now) = domain(2);
    let to = session(1).to_bare();
    let xml = format!("<message to='{to}' id='m' type='chat'><body>Shall we meet for tea at five?</body></message>");
    let mut group = c.benchmark_group("from one account to another");
    group.bench_function("through the domain", |b| {
        b.iter_batched(
            || said(&session(0), &xml),
            |input| domain.handle_with(at(&mut now), input, |_, action| drop(black_box(action))),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn room(c: &mut Criterion) {
    const PEOPLE: usize = 1000;
    let (mut domain, mut now) = domain(PEOPLE);
    let mut outbox = Outbox::new();
    let create = format!("<iq type='set' id='c' to='rooms.tea.example'>{}</iq>", form("create", "Nick"));
    domain.handle(at(&mut now), said(&session(0), &create), &mut outbox).expect("it is no misuse");
    let first = outbox.deliveries().next().expect("an answer");
    let text = String::from_utf8_lossy(first.tail).into_owned();
    let room =
        text.split("<subscription-jid>").nth(1).and_then(|rest| rest.split('<').next()).expect("a room").to_owned();
    for n in 1..PEOPLE {
        let join = format!("<iq type='set' id='j' to='{room}'>{}</iq>", form("join", &format!("Nick{n}")));
        domain.handle_with(at(&mut now), said(&session(n), &join), |_, _| {}).expect("it is no misuse");
    }
    let xml = format!("<message to='{room}' id='g' type='groupchat'><body>Who brings the cups?</body></message>");
    outbox.clear();
    domain.handle(at(&mut now), said(&session(0), &xml), &mut outbox).expect("it is no misuse");
    assert_eq!(outbox.deliveries().count(), PEOPLE, "everybody hears it");
    let mut group = c.benchmark_group("to a room of accounts of the domain");
    group.throughput(Throughput::Elements(PEOPLE as u64));
    group.bench_function(BenchmarkId::new("through the domain", PEOPLE), |b| {
        b.iter_batched(
            || said(&session(0), &xml),
            |input| {
                outbox.clear();
                domain.handle(at(&mut now), input, &mut outbox)
            },
            BatchSize::SmallInput,
        );
    });
    let element: Element = Reader::one("jabber:client", xml.as_bytes()).expect("it is a stanza").element;
    let (name, mut socket) = (NcName::try_from("to").expect("it is a name"), Vec::new());
    group.bench_function(BenchmarkId::new("naive: written and read again for each", PEOPLE), |b| {
        b.iter(|| {
            socket.clear();
            for n in 0..PEOPLE {
                let mut copy = element.clone();
                copy.attrs_mut().insert(Namespace::NONE, name.clone(), session(n).to_string());
                let bytes = xso::to_vec(&copy).expect("it can be written");
                let again = Reader::one("jabber:client", &bytes).expect("it can be read");
                socket.extend_from_slice(&xso::to_vec(&again.element).expect("it can be written"));
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = chat, room
}
criterion_main!(benches);
