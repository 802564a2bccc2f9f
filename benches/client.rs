//! What a device and its account do with a message of a room, beside reading the same bytes.
//!
//! Read the ratios: whoever takes a stanza should cost no more than whoever reads it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench may fail")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::gc3::account;
use xmpp_machines::gc3::client::{Command, Input};
use xmpp_machines::sim::world::chat;
use xmpp_machines::sim::{talk_account, talk_client};
use xmpp_machines::{Machine as _, Snapshot as _, Time};

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn text(n: u64, to: &str) -> String {
    format!(
        "<message type='groupchat' from='tea@rooms.example/-ben' to='{to}'><body>hello</body>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-ben'/><nick xmlns='http://jabber.org/protocol/nick'>Ben</nick>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s{n}'/></message>"
    )
}

fn read(text: &str) -> Stanza {
    Reader::one("jabber:client", text.as_bytes()).unwrap()
}

fn messages(c: &mut Criterion) {
    let mut group = c.benchmark_group("a message of a room");
    let bytes = text(1, "ann@tea.example/pot");
    group.bench_function("read", |b| b.iter(|| read(black_box(&bytes))));

    let mut client = talk_client::client(2);
    client.handle_with(NOW, Input::Command(Command::Online), |_, _| {}).unwrap();
    client.handle_with(NOW, Input::Command(Command::Join), |_, _| {}).unwrap();
    let mut n = 0;
    group.bench_function("taken by a client", |b| {
        b.iter_batched(
            || {
                n += 1;
                Input::Stanza { stanza: read(&text(n, "ann@tea.example/pot")), contact: false }
            },
            |input| client.handle_with(NOW, input, |_, action| drop(black_box(action))),
            BatchSize::SmallInput,
        );
    });

    let mut account = talk_account::account();
    let copy = read(&text(1, "ann@tea.example"));
    group.bench_function("passed by an account", |b| {
        b.iter_batched(
            || account::Input::Foreign { stanza: copy.clone(), contact: false },
            |input| account.handle_with(NOW, input, |_, action| drop(black_box(action))),
            BatchSize::SmallInput,
        );
    });
    let bytes = client.save();
    group.bench_function("snapshot of a client", |b| b.iter(|| client.save()));
    group.bench_function("memcpy of the snapshot", |b| b.iter(|| black_box(&bytes).clone()));
    group.finish();
}

fn histories(c: &mut Criterion) {
    let mut group = c.benchmark_group("a simulated history");
    group.sample_size(10);
    group.bench_function("four devices, 30 deeds, hours of time", |b| b.iter(|| chat::history(7, 30).unwrap()));
    group.finish();
}

criterion_group!(benches, messages, histories);
criterion_main!(benches);
