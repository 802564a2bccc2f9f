//! The state as a [`Ledger`]: what a decision about one owner reads of it.

use super::state::State;
use crate::limits::Allowance;
use crate::retention::judge::{Candidate, Ledger};
use crate::retention::policy::BucketName;
use crate::time::Time;

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
        self.state.pressed(now, more);
    }
}
