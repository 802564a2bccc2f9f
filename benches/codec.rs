//! What reading and writing cost, each beside the memory copy of the same bytes.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use xmpp_machines::codec::{Header, Incoming, Outgoing, Reader, Stanza, StanzaKind, StanzaType};
use xmpp_machines::ns;

const HEADER: &[u8] =
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

fn message() -> Vec<u8> {
    let bytes = b"<message from='lounge@rooms.example' id='7b1c0c1e-8d5f-4a39-9f1d-0a6c2b9e4f10' type='groupchat'>\
        <body>Who puts the kettle on &amp; who brings the milk? I am on my way, ten minutes at most, promised. Well then.</body>\
        <origin-id xmlns='urn:xmpp:sid:0' id='7b1c0c1e-8d5f-4a39-9f1d-0a6c2b9e4f10'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='lounge@rooms.example' id='01JD7Z2W8G5K3N9Q'/>\
        <occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72603deec90a38ba552f7c68cbcc61bca202cd'/></message>";
    assert_eq!(bytes.len(), 477);
    bytes.to_vec()
}

fn reading(c: &mut Criterion) {
    let message = message();
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("memcpy", |b| b.iter(|| black_box(&message).clone()));
    group.bench_function("one", |b| b.iter(|| Reader::one(ns::CLIENT, black_box(&message))));
    let mut reader = Reader::default();
    assert!(matches!(reader.feed(&mut &HEADER[..]), Ok(Some(Incoming::Open(_)))));
    group.bench_function("in a stream", |b| b.iter(|| reader.feed(&mut &black_box(&message)[..])));
    let deep = "<a>".repeat(1_000_000 / 3);
    group.bench_function("refuse 1 MB of nesting", |b| b.iter(|| Reader::one(ns::CLIENT, black_box(deep.as_bytes()))));
    group.finish();
}

fn writing(c: &mut Criterion) {
    let stanza = Reader::one(ns::CLIENT, &message()).ok();
    let mut group = c.benchmark_group("write");
    group.bench_function("a read message", |b| b.iter(|| stanza.as_ref().map(Stanza::to_bytes)));
    group.bench_function("a presence", |b| {
        let header = Header {
            kind: StanzaKind::Presence,
            type_: StanzaType::Available,
            from: "lounge@rooms.example/ann",
            id: None,
            lang: None,
        };
        b.iter(|| {
            Outgoing::new(black_box(&header), |writer| {
                writer.open("x", ns::MUC_USER).open("item", ns::MUC_USER);
                writer.attr("affiliation", "member").attr("role", "participant").close().close();
            })
        });
    });
    group.finish();
}

fn fan_out(c: &mut Criterion) {
    const RECIPIENTS: usize = 1000;
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Groupchat,
        from: "lounge@rooms.example",
        id: Some("01JD7Z2W8G5K3N9Q"),
        lang: None,
    };
    let stanza = Reader::one(ns::CLIENT, &message()).ok();
    let outgoing = Outgoing::new(&header, |writer| {
        for child in stanza.iter().flat_map(|stanza| stanza.element.children()) {
            writer.element(child);
        }
    });
    let to: Vec<String> = (0..RECIPIENTS).map(|n| format!("person{n}@tea.example/phone")).collect();
    let heads: Vec<Vec<u8>> = to
        .iter()
        .map(|to| {
            let mut head = Vec::new();
            outgoing.head_into(to, &mut head);
            head
        })
        .collect();
    let mut group = c.benchmark_group("fan-out");
    group.throughput(Throughput::Elements(RECIPIENTS as u64));
    let empty = || Vec::with_capacity(RECIPIENTS * 1000);
    group.bench_function("heads", |b| {
        b.iter_batched_ref(
            empty,
            |arena| {
                for to in &to {
                    outgoing.head_into(black_box(to), arena);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("heads, memcpy", |b| {
        b.iter_batched_ref(
            empty,
            |arena| {
                for head in &heads {
                    arena.extend_from_slice(black_box(head));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("all bytes", |b| {
        b.iter_batched_ref(
            empty,
            |arena| {
                for to in &to {
                    outgoing.head_into(black_box(to), arena);
                    arena.extend_from_slice(outgoing.tail());
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("all bytes, memcpy", |b| {
        b.iter_batched_ref(
            empty,
            |arena| {
                for head in &heads {
                    arena.extend_from_slice(black_box(head));
                    arena.extend_from_slice(outgoing.tail());
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, reading, writing, fan_out);
criterion_main!(benches);
