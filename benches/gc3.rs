//! What a room costs, beside a copy of the same bytes and beside the naive way, in the same run.
//!
//! Read the ratios, not the times: decision per recipient, written fan-out against `memcpy`, a join at a hundred
//! thousand against one at ten.

#![allow(clippy::expect_used, reason = "a bench may fail")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{GC3, ROOM, full, join, message, name, now, room_of};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use minidom::Element;
use minidom::rxml::Namespace;
use xmpp_machines::codec::{Stanza, StanzaType};
use xmpp_machines::gc3::{Input, Notice, Room, RoomOrder};
use xmpp_machines::{Action, Machine, Outbox, Snapshot, Time};

const SIZES: [usize; 4] = [10, 100, 1000, 10_000];

/// A moment later than the last: nobody may speak faster than the room allows.
fn tick(at: &mut u64) -> Time {
    *at += 1000;
    Time::from_millis(*at)
}

fn messages(c: &mut Criterion) {
    let mut group = c.benchmark_group("message");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let mut room = room_of(size);
        let mut at = now().millis();
        group.bench_function(BenchmarkId::new("decided", size), |b| {
            b.iter_batched(
                || Input::Stanza(message(1)),
                |input| room.handle_with(tick(&mut at), input, |_, action| drop(black_box(action))),
                BatchSize::SmallInput,
            );
        });
        let mut said = Outbox::new();
        group.bench_function(BenchmarkId::new("heads in an outbox, one tail", size), |b| {
            b.iter_batched(
                || Input::Stanza(message(1)),
                |input| {
                    said.clear();
                    room.handle(tick(&mut at), input, &mut said)
                },
                BatchSize::SmallInput,
            );
        });
        let mut socket = Vec::new();
        group.bench_function(BenchmarkId::new("written, every byte", size), |b| {
            b.iter_batched(
                || Input::Stanza(message(1)),
                |input| {
                    socket.clear();
                    room.handle_with(tick(&mut at), input, |_, action| write_all(&action, &mut socket))
                },
                BatchSize::SmallInput,
            );
        });
        let bytes = socket.clone();
        group.bench_function(BenchmarkId::new("memcpy of the same bytes", size), |b| {
            b.iter(|| {
                socket.clear();
                for part in black_box(&bytes).chunks(bytes.len() / size) {
                    socket.extend_from_slice(part);
                }
            });
        });
        let recipients: Vec<String> = (0..size).map(full).collect();
        let reflected = reflection(&said);
        group.bench_function(BenchmarkId::new("naive: a clone for each recipient", size), |b| {
            b.iter(|| {
                socket.clear();
                naive(&reflected, &recipients, &mut socket);
            });
        });
    }
    group.finish();
}

fn write_all(action: &Action<'_, RoomOrder, Notice>, socket: &mut Vec<u8>) {
    if let Action::Send { to, stanza } = action {
        for recipient in *to {
            stanza.head_into(recipient.jid, socket);
            socket.extend_from_slice(stanza.tail());
        }
    }
}

/// The first stanza that was said, as a tree.
fn reflection(said: &Outbox<RoomOrder, Notice>) -> Element {
    let first = said.deliveries().next().expect("somebody listens");
    let bytes = [first.head, first.tail].concat();
    xmpp_machines::codec::Reader::one("jabber:client", &bytes).expect("what a room writes can be read").element
}

fn naive(stanza: &Element, recipients: &[String], socket: &mut Vec<u8>) {
    for to in recipients {
        let mut copy = stanza.clone();
        copy.set_attr(Namespace::NONE, name("to"), to.as_str());
        socket.extend_from_slice(&xso::to_vec(&copy).expect("a stanza can be written"));
    }
}

fn joins(c: &mut Criterion) {
    let mut group = c.benchmark_group("join and leave");
    for size in [10, 1000, 100_000] {
        let mut room = room_of(size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched(
                || (Input::Stanza(join(size)), Input::Stanza(leave(size))),
                |(join, leave)| {
                    let _ = room.handle_with(now(), join, |_, action| drop(black_box(action)));
                    let _ = room.handle_with(now(), leave, |_, action| drop(black_box(action)));
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn leave(n: usize) -> Stanza {
    iq(n, StanzaType::Set, Element::bare("leave", GC3))
}

fn iq(n: usize, type_: StanzaType, payload: Element) -> Stanza {
    Stanza::iq(&full(n), ROOM).with_type(type_).with_id("q").with_child(payload)
}

/// What changed since a version that is ten changes old.
fn differences(c: &mut Criterion) {
    let mut group = c.benchmark_group("participants since");
    for size in [1000, 100_000] {
        let mut room = room_of(size);
        let mut at = now().millis();
        let version = version(&mut room, size - 20, &mut at);
        for n in size..size + 10 {
            common::give(&mut room, join(n));
        }
        let query = Element::builder("participants", GC3).attr(name("since"), version.as_str()).build();
        group.bench_function(BenchmarkId::new("ten changes of", size), |b| {
            b.iter_batched(
                || Input::Stanza(iq(1, StanzaType::Get, query.clone())),
                |input| room.handle_with(tick(&mut at), input, |_, action| drop(black_box(action))),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The version of the participant list, by `sync`.
fn version(room: &mut Room, who: usize, at: &mut u64) -> String {
    let mut version = String::new();
    let sync = Input::Stanza(iq(who, StanzaType::Get, Element::bare("sync", GC3)));
    let _ = room.handle_with(tick(at), sync, |_, action| {
        if let Action::Send { to, stanza } = action
            && let Some(recipient) = to.iter().next()
        {
            let answer = stanza.to_stanza(recipient.jid).expect("what a room writes can be read");
            version = answer.payload().and_then(|sync| sync.attr("version")).unwrap_or_default().to_owned();
        }
    });
    version
}

fn snapshots(c: &mut Criterion) {
    let mut group = c.benchmark_group("snapshot of 100 000");
    group.sample_size(10);
    let room = room_of(100_000);
    let bytes = room.save();
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("memcpy", |b| b.iter(|| black_box(&bytes).clone()));
    group.bench_function("save", |b| b.iter(|| room.save()));
    group.bench_function("load", |b| b.iter(|| Room::load(&bytes)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = messages, joins, differences, snapshots
}
criterion_main!(benches);
