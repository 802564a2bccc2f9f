//! What routing costs: the decision alone, the delivery, and both from bytes, beside the naive way in the same run.
//!
//! Read the ratios, not the times. The naive way clones the message for each session, changes what differs and writes it.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jid::{BareJid, FullJid};
use minidom::Element;
use minidom::rxml::{Namespace, NcName};
use xmpp_machines::codec::{Reader, Stanza, Writer};
use xmpp_machines::imng::{Account, AccountConfig, Event, Input};
use xmpp_machines::limits::ImngLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Outbox, Time};

const NOW: Time = Time::from_millis(1_800_000_000_000);
const SIZES: [usize; 3] = [1, 5, 20];
const BYTES: &[u8] = b"<message type='chat' id='m1' from='ben@oak.example/hut' to='ann@tea.example' xml:lang='en'>\
    <body>Who puts the kettle on? There is a cake as well.</body><origin-id xmlns='urn:xmpp:sid:0' id='m1'/>\
    <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>";

fn session(n: usize) -> FullJid {
    FullJid::new(&format!("ann@tea.example/session{n}")).expect("it is one")
}

/// The first session is the most available, the others have carbons or IM-NG by turns: everybody gets each message.
fn account(sessions: usize, archive: bool) -> Account {
    let mut config = AccountConfig::new(&BareJid::new("ann@tea.example").expect("it is one"));
    config.archive = archive;
    let mut account = Account::new(config, ImngLimits::default(), Seed::new([7; 32]));
    for n in 0..sessions {
        let flavour = if n % 2 == 1 { Event::Carbons(true) } else { Event::Imng(n > 0) };
        for event in [Event::Bound, Event::Available { priority: i8::from(n == 0) }, flavour] {
            let input = Input::Session { session: session(n), event };
            account.handle_with(NOW, input, |_, _| {}).expect("the host does what it may");
        }
    }
    account
}

fn message() -> Stanza {
    Reader::one("jabber:client", BYTES).expect("it is a message")
}

fn set(element: &mut Element, name: &str, value: &str) {
    let name = NcName::try_from(name).expect("it is a name");
    element.attrs_mut().insert(Namespace::NONE, name, value.to_owned());
}

/// A clone for each session, whole or in a copy's wrapper, and each is written.
fn naive(stanza: &Stanza, sessions: &[String], socket: &mut Vec<u8>) {
    for (n, session) in sessions.iter().enumerate() {
        let mut message = stanza.element.clone();
        let id = Element::bare("stanza-id", "urn:xmpp:sid:0");
        message.append_child(id);
        if n % 2 == 1 {
            let forwarded = Element::builder("forwarded", "urn:xmpp:forward:0").append(message).build();
            let received = Element::builder("received", "urn:xmpp:carbons:2").append(forwarded).build();
            message = Element::builder("message", "jabber:client").append(received).build();
            set(&mut message, "from", "ann@tea.example");
            set(&mut message, "to", session);
        }
        let mut writer = Writer::inheriting("jabber:client");
        writer.element(&message);
        socket.extend_from_slice(&writer.finish());
    }
}

fn routing(c: &mut Criterion) {
    let mut group = c.benchmark_group("a chat message to the bare JID");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let stanza = message();
        let mut with = account(size, true);
        let mut without = account(size, false);
        group.bench_function(BenchmarkId::new("decided", size), |b| {
            b.iter(|| black_box(with.judge(black_box(&stanza), None)));
        });
        group.bench_function(BenchmarkId::new("said to nobody, no archive", size), |b| {
            b.iter_batched(
                || Input::Stanza(stanza.clone()),
                |input| without.handle_with(NOW, input, |_, action| drop(black_box(action))),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("said to nobody", size), |b| {
            b.iter_batched(
                || Input::Stanza(stanza.clone()),
                |input| with.handle_with(NOW, input, |_, action| drop(black_box(action))),
                BatchSize::SmallInput,
            );
        });
        let mut said = Outbox::new();
        group.bench_function(BenchmarkId::new("into an outbox", size), |b| {
            b.iter_batched(
                || Input::Stanza(stanza.clone()),
                |input| {
                    said.clear();
                    with.handle(NOW, input, &mut said)
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("from bytes into an outbox", size), |b| {
            b.iter(|| {
                said.clear();
                let input = Input::Stanza(Reader::one("jabber:client", black_box(BYTES)).expect("it is a message"));
                with.handle(NOW, input, &mut said)
            });
        });
        let sessions: Vec<String> = (0..size).map(|n| session(n).to_string()).collect();
        let mut socket = Vec::new();
        group.bench_function(BenchmarkId::new("naive: a clone for each session", size), |b| {
            b.iter(|| {
                socket.clear();
                naive(black_box(&stanza), &sessions, &mut socket);
            });
        });
    }
    group.bench_function("reading alone", |b| b.iter(|| Reader::one("jabber:client", black_box(BYTES))));
    group.bench_function("a draw of an archive id", |b| {
        let seed = Seed::new([7; 32]);
        b.iter(|| black_box(&seed).draw_nth("archive id", black_box(7)).base32());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = routing
}
criterion_main!(benches);
