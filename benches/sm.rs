//! What it costs to keep a stanza until it is acknowledged, beside a copy of the same bytes and beside the naive way.
//!
//! Read the ratios, not the times.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use xmpp_machines::limits::SmLimits;
use xmpp_machines::party::Address;
use xmpp_machines::seed::Seed;
use xmpp_machines::sm::{Input, Pair, Parcel, Queue, Role};
use xmpp_machines::{Action, Machine, Outbox, Time};

const HEAD: &[u8] = b"<message to='ann@tea.example/pot'";

/// Stanzas of one round; the last is followed by an acknowledgement of all.
const ROUND: u32 = 100;

fn counted() -> (Queue, Pair) {
    let address = |text| Address::from_normalised(text).expect("it is normalised");
    let pair = Pair { peer: address("ann@tea.example/pot"), local: address("tea.example") };
    let mut queue = Queue::new(Role::Client, pair.clone(), SmLimits::default(), Seed::new([7; 32]));
    let mut said = Outbox::new();
    queue.handle(Time::EPOCH, Input::Open { link: 1, offered: true }, &mut said).expect("it is the first stream");
    let element = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>".parse().expect("it is XML");
    let input = Input::Element { link: 1, pair: pair.clone(), element };
    queue.handle(Time::EPOCH, input, &mut said).expect("it is an element");
    (queue, pair)
}

fn tail(bytes: usize) -> Bytes {
    let body = "x".repeat(bytes);
    format!(" from='den@rooms.example/-x' id='1' type='groupchat'><body>{body}</body></message>").into()
}

fn rounds(c: &mut Criterion) {
    let mut group = c.benchmark_group("a hundred stanzas, sent and acknowledged");
    for size in [100, 1000, 10_000] {
        let tail = tail(size);
        group.throughput(Throughput::Elements(ROUND.into()));
        let (mut queue, pair) = counted();
        let mut h = 0_u32;
        group.bench_function(BenchmarkId::new("queue", size), |b| {
            b.iter(|| {
                for _ in 0..ROUND {
                    let parcel = Parcel::of(Bytes::copy_from_slice(HEAD), tail.clone());
                    let _ = queue.handle_with(Time::EPOCH, Input::Send(parcel), |_, action| drop(black_box(action)));
                }
                h = h.wrapping_add(ROUND);
                let mut element = minidom::Element::bare("a", "urn:xmpp:sm:3");
                let name = rxml::NcName::try_from("h").expect("it is a name");
                element.attrs_mut().insert(rxml::Namespace::NONE, name, h.to_string());
                let input = Input::Element { link: 1, pair: pair.clone(), element };
                let _ = queue.handle_with(Time::EPOCH, input, |_, action| drop(black_box(action)));
                assert!(queue.is_empty(), "all are acknowledged");
            });
        });
        let (mut queue, pair) = counted();
        let (mut h, mut socket) = (0_u32, Vec::new());
        group.bench_function(BenchmarkId::new("queue, and written to a buffer", size), |b| {
            b.iter(|| {
                socket.clear();
                for _ in 0..ROUND {
                    let parcel = Parcel::of(Bytes::copy_from_slice(HEAD), tail.clone());
                    let _ = queue.handle_with(Time::EPOCH, Input::Send(parcel), |_, action| {
                        if let Action::Do(xmpp_machines::sm::Order::Stanza { head, tail, .. }) = action {
                            socket.extend_from_slice(&head);
                            socket.extend_from_slice(&tail);
                        }
                    });
                }
                h = h.wrapping_add(ROUND);
                let element = format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>").parse().expect("it is XML");
                let input = Input::Element { link: 1, pair: pair.clone(), element };
                let _ = queue.handle_with(Time::EPOCH, input, |_, action| drop(black_box(action)));
            });
        });
        let whole = [HEAD, &tail].concat();
        let mut copies = Vec::new();
        group.bench_function(BenchmarkId::new("memcpy of the same bytes", size), |b| {
            b.iter(|| {
                copies.clear();
                for _ in 0..ROUND {
                    copies.extend_from_slice(black_box(&whole));
                }
            });
        });
        let element = xmpp_machines::codec::Reader::one("jabber:client", &whole).expect("it is a stanza").element;
        let (mut kept, mut socket) = (std::collections::VecDeque::new(), Vec::new());
        group.bench_function(BenchmarkId::new("naive: trees are kept, and written each", size), |b| {
            b.iter(|| {
                socket.clear();
                for _ in 0..ROUND {
                    kept.push_back(black_box(&element).clone());
                    socket.extend_from_slice(&xso::to_vec(&element).expect("it can be written"));
                }
                kept.clear();
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = rounds
}
criterion_main!(benches);
