//! What a message costs through a whole domain, beside the naive way, in the same run. Read the ratios, not the times.

#![allow(clippy::expect_used, reason = "a bench may fail")]

#[path = "../tests/common/domain.rs"]
mod people;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use minidom::Element;
use people::{asleep, at, domain, listening, message, said, session};
use rxml::{Namespace, NcName};
use xmpp_machines::codec::Reader;
use xmpp_machines::service::Input;
use xmpp_machines::{Machine, Outbox};

fn chat(c: &mut Criterion) {
    let (mut domain, mut now) = domain(2, false);
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
    let (mut domain, mut now, room) = listening(PEOPLE);
    let mut outbox = Outbox::new();
    domain.handle(at(&mut now), message(&room), &mut outbox).expect("it is no misuse");
    assert_eq!(outbox.deliveries().count(), PEOPLE, "everybody hears it");
    let mut group = c.benchmark_group("to a room of accounts of the domain");
    group.throughput(Throughput::Elements(PEOPLE as u64));
    group.bench_function(BenchmarkId::new("through the domain", PEOPLE), |b| {
        b.iter_batched(
            || message(&room),
            |input| {
                outbox.clear();
                domain.handle(at(&mut now), input, &mut outbox)
            },
            BatchSize::SmallInput,
        );
    });
    let (mut sleeping, mut later, den) = asleep(PEOPLE);
    group.bench_function(BenchmarkId::new("to accounts whose phones sleep", PEOPLE), |b| {
        b.iter_batched(
            || message(&den),
            |input| {
                outbox.clear();
                sleeping.handle(at(&mut later), input, &mut outbox)
            },
            BatchSize::SmallInput,
        );
    });
    let Input::FromSession { stanza, .. } = message(&room) else { return };
    let element: Element = stanza.element;
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
