//! What the copies of a room cost for each member, beside the naive way, in the same run.
//!
//! Read the ratios, not the times: a decision per member, written copies against a clone of the message for each.

#![allow(clippy::expect_used, reason = "a bench may fail")]

#[path = "../tests/common/copies.rs"]
mod copies;

use std::hint::black_box;
use std::time::Duration;

use copies::{broadcast, later, member, room_of};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use minidom::rxml::{Namespace, NcName};
use xmpp_machines::push::mention::{Me, Mentions, Nick, Permitted};
use xmpp_machines::push::room::{Dialect, Input, Mode, Wish};
use xmpp_machines::{Action, Machine, Snapshot};

fn messages(c: &mut Criterion) {
    let mut group = c.benchmark_group("copies");
    for size in [10, 100, 1000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(size as u64));
        for (name, mode, wish) in [
            ("decided for all", Mode::Always, Wish::Always),
            ("decided for the absent", Mode::AbsentOnly, Wish::Always),
            ("decided by mention", Mode::Always, Wish::Mentions),
        ] {
            let mut room = room_of(size, mode, wish);
            let mut n = 0;
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter_batched(
                    || Input::Broadcast(broadcast(1)),
                    |input| {
                        n += 1;
                        room.handle_with(later(n), input, |_, action| {
                            if let Action::Send { to, .. } = action {
                                to.iter().for_each(|to| {
                                    black_box(to);
                                });
                            }
                        })
                    },
                    BatchSize::SmallInput,
                );
            });
        }
        if size > 10_000 {
            continue;
        }
        let mut room = room_of(size, Mode::Always, Wish::Always);
        let (mut n, mut socket) = (0, Vec::new());
        group.bench_function(BenchmarkId::new("written, every byte", size), |b| {
            b.iter_batched(
                || Input::Broadcast(broadcast(1)),
                |input| {
                    n += 1;
                    socket.clear();
                    room.handle_with(later(n), input, |_, action| {
                        if let Action::Send { to, stanza } = action {
                            for to in to {
                                stanza.head_into(to.jid, &mut socket);
                                socket.extend_from_slice(stanza.tail());
                            }
                        }
                    })
                },
                BatchSize::SmallInput,
            );
        });
        let message = broadcast(1);
        let element =
            message.rendering(Dialect::Gc3).expect("it is written").to_stanza("a@b").expect("it can be read").element;
        let to = NcName::try_from("to").expect("a name");
        group.bench_function(BenchmarkId::new("naive: a clone for each member", size), |b| {
            b.iter(|| {
                socket.clear();
                for n in 0..size {
                    let mut copy = element.clone();
                    copy.set_attr(Namespace::NONE, to.clone(), member(n).as_str());
                    socket.extend_from_slice(&xso::to_vec(&copy).expect("a stanza can be written"));
                }
            });
        });
        let mentions = Mentions::read(&element);
        let nicks: Vec<Nick> = (0..size).filter_map(|n| Nick::new(&format!("Nick{n:07}"))).collect();
        group.bench_function(BenchmarkId::new("naive: every nickname looked for", size), |b| {
            b.iter(|| {
                for nick in &nicks {
                    black_box(mentions.answer(&Me { nick: Some(nick), ..Me::default() }, &Permitted::default()));
                }
            });
        });
    }
    group.finish();
}

fn snapshots(c: &mut Criterion) {
    let mut group = c.benchmark_group("snapshot of 10 000 members");
    group.sample_size(10);
    let room = room_of(10_000, Mode::Always, Wish::Always);
    let bytes = room.save();
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("memcpy", |b| b.iter(|| black_box(&bytes).clone()));
    group.bench_function("save", |b| b.iter(|| room.save()));
    group.bench_function("load", |b| b.iter(|| xmpp_machines::push::Room::load(&bytes)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = messages, snapshots
}
criterion_main!(benches);
