//! What an upload service costs: a slot decided among ten, ten thousand and a million files, beside a ledger that is
//! looked through; a sweep of a million deadlines; reading.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench may fail")]

#[path = "../tests/common/uploads.rs"]
mod uploads;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use uploads::{request, service, store};
use xmpp_machines::retention::{Service, SlotId, SlotRequest, Wish};
use xmpp_machines::{Machine, Time};

const START: u64 = 1_800_000_000_000;

/// A service with that many files of up to a thousand accounts, and their names.
fn filled(files: usize) -> (Service, Vec<SlotId>) {
    let mut service = service();
    let owners = (files / 100).clamp(1, 1000);
    let ids = (0..files).map(|n| store(&mut service, Time::from_millis(START + n as u64), n % owners)).collect();
    (service, ids)
}

fn slots(c: &mut Criterion) {
    let mut group = c.benchmark_group("slot");
    for files in [10, 10_000, 1_000_000] {
        let (mut service, ids) = filled(files);
        let asked = SlotRequest {
            name: "cup.webp",
            size: Some(9000),
            content_type: Some("image/webp"),
            wish: Wish::Unsaid,
            directory: None,
        };
        group.bench_function(BenchmarkId::new("decided", files), |b| {
            b.iter(|| service.judge(black_box("user0@tea.example"), black_box(&asked)));
        });
        let text = ids[files / 2].to_string();
        group.bench_function(BenchmarkId::new("read", files), |b| {
            b.iter(|| service.look(Time::from_millis(START), black_box(&text)));
        });
        let sizes: Vec<(usize, u64)> = (0..files).map(|n| (n % 1000, 9000)).collect();
        group.bench_function(BenchmarkId::new("naive: a sum over all files", files), |b| {
            b.iter(|| black_box(&sizes).iter().filter(|(owner, _)| *owner == 0).map(|(_, size)| size).sum::<u64>());
        });
        let mut at = START + files as u64;
        group.bench_function(BenchmarkId::new("granted and answered, signed", files), |b| {
            b.iter_batched(
                || request(0),
                |input| {
                    // Each after the one before has ended, so that it is granted.
                    at += 300_001;
                    service.handle_with(Time::from_millis(at), input, |_, action| drop(black_box(action)))
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn sweep(c: &mut Criterion) {
    let mut group = c.benchmark_group("sweep");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    let (full, _) = filled(1_000_000);
    group.bench_function("a million deadlines, a thousand in each wake", |b| {
        b.iter_batched(
            || full.clone(),
            |mut service| {
                let mut gone = 0_u64;
                while let Some(due) = service.deadline() {
                    service.wake_with(due, |_, action| {
                        gone += 1;
                        drop(black_box(action));
                    });
                }
                assert!(gone >= 1_000_000);
                service
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, slots, sweep);
criterion_main!(benches);
