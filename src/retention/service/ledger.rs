//! The state as a [`Ledger`]: what a decision about one owner reads of it.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use super::state::State;
use crate::limits::Allowance;
use crate::retention::Purpose;
use crate::retention::judge::{Candidate, Ledger};
use crate::retention::policy::BucketName;
use crate::time::{Span, Time};

/// What one owner has.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    /// The account, if the service knows it.
    pub(super) account: Option<u32>,
    /// Open slots do not count: a slot that is being used asks for itself alone.
    pub(super) stored_only: bool,
}

impl View<'_> {
    fn lot(&self, bucket: BucketName<'_>) -> Option<u32> {
        self.state.find_lot(self.account?, self.state.bucket_number(bucket)?)
    }

    fn candidate(&self, index: u32) -> Option<Candidate> {
        let file = self.state.file(index)?;
        Some(Candidate { file: u64::from(index), size: file.size, stored: file.stored })
    }
}

impl Ledger for View<'_> {
    fn bucket(&self, bucket: BucketName<'_>) -> (u64, u64) {
        let Some(lot) = self.lot(bucket).and_then(|lot| self.state.lot(lot)) else { return (0, 0) };
        if self.stored_only {
            return (lot.used, lot.files);
        }
        (lot.used.saturating_add(lot.net), lot.files.saturating_add(lot.net_files))
    }

    fn account(&self) -> u64 {
        let Some(account) = self.account.and_then(|account| self.state.account(account)) else { return 0 };
        if self.stored_only { account.used } else { account.used.saturating_add(account.net) }
    }

    fn service(&self) -> u64 {
        if self.stored_only { self.state.used } else { self.state.used.saturating_add(self.state.net) }
    }

    fn full(&self) -> bool {
        let accounts = self.state.accounts.len() - self.state.free_accounts.len();
        self.state.count >= self.state.limits.files
            || (self.account.is_none() && accounts >= self.state.limits.accounts)
    }

    fn open(&self) -> (usize, Option<Time>) {
        let Some(account) = self.account.and_then(|account| self.state.account(account)) else { return (0, None) };
        let ends = account.open.iter().filter_map(|number| Some(self.state.slots.get(number)?.until));
        (account.open.len(), ends.min())
    }

    fn allowance(&self, bucket: BucketName<'_>) -> Allowance {
        self.lot(bucket).and_then(|lot| self.state.lot(lot)).map_or_else(Allowance::default, |lot| lot.allowance)
    }

    fn first_deadline(&self, bucket: BucketName<'_>) -> Option<Time> {
        self.state.lot_deadline(self.lot(bucket)?)
    }

    fn oldest(&self, bucket: BucketName<'_>, more: &mut dyn FnMut(Candidate) -> bool) {
        let Some(lot) = self.lot(bucket).and_then(|lot| self.state.lot(lot)) else { return };
        for candidate in lot.queue.iter().filter_map(|index| self.candidate(*index)) {
            if !more(candidate) {
                return;
            }
        }
    }

    fn pressed(&self, now: Time, more: &mut dyn FnMut(Candidate) -> bool) {
        for purpose in [Purpose::Message, Purpose::Ephemeral, Purpose::Profile] {
            let mut lots = self.lots_of(purpose);
            // Buckets of one purpose by their priority.
            lots.sort_unstable_by_key(|share| share.priority);
            for lots in lots.chunk_by(|a, b| a.priority == b.priority) {
                if !self.share(lots, now, more) {
                    return;
                }
            }
        }
    }
}

/// A lot that may have to give.
struct Share {
    lot: u32,
    priority: u8,
    used: u64,
    min_age: Span,
}

impl View<'_> {
    fn lots_of(&self, purpose: Purpose) -> Vec<Share> {
        let all = (0..).zip(&self.state.lots);
        let shares = all.filter_map(|(index, lot)| {
            let lot = lot.as_ref().filter(|lot| !lot.queue.is_empty())?;
            if self.state.bucket_name(lot.bucket).1 != purpose {
                return None;
            }
            let (_, bucket) = self.state.terms(index)?;
            // What is never evicted for its owner is not evicted for others.
            bucket.evict.then_some(Share {
                lot: index,
                priority: bucket.priority,
                used: lot.used,
                min_age: bucket.min_age,
            })
        });
        shares.collect()
    }

    /// Shows files in the order in which they were stored: first of those who have more than a fair share, as long as
    /// they do, then of all. `false` once enough was shown.
    fn share(&self, lots: &[Share], now: Time, more: &mut dyn FnMut(Candidate) -> bool) -> bool {
        let sum: u128 = lots.iter().map(|share| u128::from(share.used)).sum();
        let fair = u64::try_from(sum / lots.len().max(1) as u128).unwrap_or(u64::MAX);
        // Of each lot: where its queue goes on, and how much it would have left.
        let mut at: Vec<(usize, u64)> = lots.iter().map(|share| (0, share.used)).collect();
        for only_over in [true, false] {
            let gives = |left: u64| !only_over || left > fair;
            let mut oldest: BinaryHeap<Reverse<(Time, u64, usize)>> = (0..lots.len())
                .filter(|n| gives(at[*n].1))
                .filter_map(|n| self.front(lots, n, at[n].0, now).map(Reverse))
                .collect();
            while let Some(Reverse((_, _, n))) = oldest.pop() {
                let index = self.state.lot(lots[n].lot).and_then(|lot| lot.queue.get(at[n].0));
                let Some(candidate) = index.and_then(|index| self.candidate(*index)) else { continue };
                if !more(candidate) {
                    return false;
                }
                at[n] = (at[n].0 + 1, at[n].1.saturating_sub(candidate.size));
                if gives(at[n].1) {
                    oldest.extend(self.front(lots, n, at[n].0, now).map(Reverse));
                }
            }
        }
        true
    }

    /// The oldest file of a lot that is left, if it is old enough.
    fn front(&self, lots: &[Share], n: usize, at: usize, now: Time) -> Option<(Time, u64, usize)> {
        let share = lots.get(n)?;
        let file = self.state.file(*self.state.lot(share.lot)?.queue.get(at)?)?;
        (file.stored.plus(share.min_age) <= now).then_some((file.stored, file.number, n))
    }
}
