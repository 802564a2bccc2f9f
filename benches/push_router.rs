//! What it costs to decide for one message which of an account's devices are woken, beside reading and copying the
//! message.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jid::{BareJid, FullJid};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::limits::PushRouterLimits;
use xmpp_machines::push::router::{Input, MemberCopy, Membership, RoomFact, Router, RouterConfig, SessionEvent};
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Time};

fn stanza(text: &str) -> Stanza {
    Reader::one("jabber:client", text.as_bytes()).expect("a stanza")
}

fn text(id: u64) -> String {
    format!(
        "<message type='groupchat' from='kettle@rooms.example/Ben' to='ann@tea.example'><body>Is there any tea?</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='kettle@rooms.example' id='{id}'/></message>"
    )
}

/// An account in one room, with that many devices that sleep, and inside each `<enable/>` this.
fn asleep(registrations: usize, inner: &str) -> Router {
    let (ann, room) =
        (BareJid::new("ann@tea.example").expect("a JID"), BareJid::new("kettle@rooms.example").expect("a JID"));
    let mut router = Router::new(&RouterConfig::new(&ann), PushRouterLimits::default(), Seed::new([7; 32]));
    let mut put = |input| router.handle_with(Time::from_millis(1000), input, |_, _| {}).expect("no misuse");
    put(Input::Room { room: room.clone(), fact: RoomFact::Member(Membership::Registered, true) });
    put(Input::Room { room, fact: RoomFact::Nick("Ann".to_owned()) });
    for n in 0..registrations {
        let jid = FullJid::new(&format!("ann@tea.example/phone{n}")).expect("a JID");
        let enable = format!(
            "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n{n}'>{inner}</enable></iq>"
        );
        put(Input::Session { jid: jid.clone(), event: SessionEvent::Up { client: None, enable: None } });
        put(Input::Sent { session: jid.clone(), stanza: stanza(&enable) });
        put(Input::Session { jid, event: SessionEvent::Gone { unacked: Vec::new() } });
    }
    router
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("a copy");
    let muted = "<muted xmlns='tigase:push:filter:muted:0'><item jid='kettle@rooms.example'/></muted>";
    for registrations in [1, 4, 16] {
        for (what, inner) in [("decided, a push stands", ""), ("decided, muted", muted)] {
            let mut router = asleep(registrations, inner);
            let mut id = 0;
            group.bench_function(BenchmarkId::new(what, registrations), |b| {
                b.iter_batched(
                    || {
                        id += 1;
                        Input::Arrived(stanza(&text(id)))
                    },
                    |input| router.handle_with(Time::from_millis(2000), input, |_, action| drop(black_box(action))),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    let message = text(1);
    group.bench_function("read for a router", |b| {
        b.iter_batched(
            || stanza(&message),
            |stanza| {
                let copy = MemberCopy::read(stanza);
                black_box(copy.mentions());
                copy
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("read from its bytes", |b| b.iter(|| stanza(black_box(&message))));
    let read = stanza(&message);
    group.bench_function("cloned", |b| b.iter(|| black_box(&read).clone()));
    group.finish();
}

/// One message for a thousand accounts of one server: read once, decided for each.
fn accounts(c: &mut Criterion) {
    const ACCOUNTS: usize = 1000;
    let mut group = c.benchmark_group("a message for a thousand accounts");
    group.throughput(Throughput::Elements(ACCOUNTS as u64));
    let mentioned = "<groupchat xmlns='tigase:push:filter:groupchat:0'>\
                     <room jid='kettle@rooms.example' allow='mentioned' nick='Ann'/></groupchat>";
    let muted = "<muted xmlns='tigase:push:filter:muted:0'><item jid='kettle@rooms.example'/></muted>";
    for (what, inner) in [("a push stands", ""), ("on mention", mentioned), ("muted", muted)] {
        let mut routers = vec![asleep(1, inner); ACCOUNTS];
        let mut id = 0;
        let mut decide = |input: &dyn Fn() -> Input| {
            for router in &mut routers {
                let done = router.handle_with(Time::from_millis(2000), input(), |_, action| drop(black_box(action)));
                done.expect("no misuse");
            }
        };
        group.bench_function(BenchmarkId::new("read once, decided", what), |b| {
            b.iter_batched(
                || {
                    id += 1;
                    Arc::new(MemberCopy::read(stanza(&text(id))))
                },
                |copy| decide(&|| Input::Copy(Arc::clone(&copy))),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("naive: a clone for each, decided", what), |b| {
            b.iter_batched(
                || {
                    id += 1;
                    stanza(&text(id))
                },
                |copy| decide(&|| Input::Arrived(copy.clone())),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = decisions, accounts
}
criterion_main!(benches);
