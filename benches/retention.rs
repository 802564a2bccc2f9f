//! What an upload service costs: a slot decided among ten, ten thousand and a million files, beside a ledger that is
//! looked through; a slot on a full service, for which files of others go; a sweep of a million deadlines; reading.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench may fail")]

#[path = "../tests/common/uploads.rs"]
mod uploads;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use uploads::{request, service, store};
use xmpp_machines::retention::{Input, Purpose, Service, SlotId, SlotRequest, Verdict, Wish};
use xmpp_machines::{Machine, Time};

const START: u64 = 1_800_000_000_000;
const DAY: u64 = 86_400_000;
const ASKED: SlotRequest<'_> = SlotRequest {
    name: "cup.webp",
    size: Some(9000),
    content_type: Some("image/webp"),
    wish: Wish::Unsaid,
    directory: None,
};

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
        group.bench_function(BenchmarkId::new("decided", files), |b| {
            b.iter(|| service.judge(black_box("user0@tea.example"), black_box(&ASKED)));
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

/// Makes a service full, so that for a slot that many files of others go, and lets all files grow old enough.
fn press(service: &mut Service, files: u64) {
    let mut policy = service.policy().clone();
    let hard = service.used();
    (policy.hard, policy.soft) = (hard, hard - 9000 * (files - 1));
    let class = &mut policy.classes[0];
    class.hard = class.hard.min(hard);
    for purpose in Purpose::ALL {
        let bucket = class.bucket_mut(purpose);
        bucket.hard = bucket.hard.min(hard);
        (bucket.soft, bucket.max_file) = (bucket.soft.min(hard), bucket.max_file.min(hard));
    }
    service.handle_with(Time::from_millis(START + 2 * DAY), Input::Policy(Box::new(policy)), |_, _| {}).unwrap();
    let (_, verdict) = service.judge("user0@tea.example", &ASKED);
    assert!(matches!(verdict, Verdict::Grant(grant) if grant.plan.files.len() as u64 == files));
}

/// What the files of a full service are without an index: the use of each account, and its oldest file.
fn look_through(accounts: &[(u64, u64, usize)], files: u64) -> u64 {
    let fair = accounts.iter().map(|(used, _, _)| used).sum::<u64>() / accounts.len() as u64;
    let over = accounts.iter().filter(|(used, _, _)| *used > fair);
    let mut oldest: BinaryHeap<_> = over.map(|(_, stored, n)| Reverse((*stored, *n))).collect();
    (0..files).map_while(|_| oldest.pop()).map(|Reverse((stored, _))| stored).sum()
}

fn pressure(c: &mut Criterion) {
    let mut group = c.benchmark_group("slot under pressure");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for accounts in [1000, 100_000, 1_000_000] {
        // Each account has a file, and each tenth has two: these are over the fair share.
        let mut service = service();
        for n in 0..accounts * 11 / 10 {
            store(&mut service, Time::from_millis(START + n as u64), n * 10 / 11 % accounts);
        }
        let used = |n: usize| if n.is_multiple_of(10) { 18_000 } else { 9000 };
        let naive: Vec<_> = (0..accounts).map(|n| (used(n), START + n as u64, n)).collect();
        for files in [10, 1000] {
            if files > accounts / 10 {
                continue;
            }
            press(&mut service, files as u64);
            group.bench_function(BenchmarkId::new(format!("{files} files planned"), accounts), |b| {
                b.iter(|| service.judge(black_box("user0@tea.example"), black_box(&ASKED)));
            });
            group.bench_function(
                BenchmarkId::new(format!("naive: all accounts looked through for {files} files"), accounts),
                |b| b.iter(|| look_through(black_box(&naive), files as u64)),
            );
        }
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

criterion_group!(benches, slots, pressure, sweep);
criterion_main!(benches);
