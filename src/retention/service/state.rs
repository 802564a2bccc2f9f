//! What a service knows: files, what each account has in each bucket, open slots. Plain data with its indexes; nothing
//! here decides.
//!
//! > Of a bucket of an account, `used` is the sum of its files, and `net` is what its open slots add at the most, whichever
//! > of them is used, and in whatever order: the size of each less what is planned to go for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::heap::{self, NOWHERE, Places};
use super::pressure::{Home, Pressure};
use crate::limits::{Allowance, RetentionLimits};
use crate::retention::Purpose;
use crate::retention::host::{Reference, Token};
use crate::retention::policy::{Bucket, BucketName, Class, Policy};
use crate::retention::rules::table as rule;
use crate::retention::slot::SlotId;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// No deadline.
pub(super) const NEVER: Time = Time::from_millis(u64::MAX);

/// Why a file has the deadline that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Cause {
    Kept,
    Ephemeral,
    Referenced,
    Grace,
    Unused,
    Unread,
    Permanent,
    Linked,
    Shortened,
}

impl Cause {
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Kept => rule::D1,
            Self::Ephemeral => rule::D2,
            Self::Referenced => rule::D3,
            Self::Grace => rule::D4,
            Self::Unused => rule::D5,
            Self::Unread => rule::D6,
            Self::Permanent => rule::D7,
            Self::Linked => rule::D8,
            Self::Shortened => rule::D9,
        }
    }

    /// The cause that a rule of [`deadline`](crate::retention::deadline) stands for.
    pub(super) fn of(why: Rule) -> Self {
        let all = [Self::Ephemeral, Self::Unused, Self::Unread, Self::Permanent];
        all.into_iter().find(|cause| cause.rule() == why).unwrap_or(Self::Kept)
    }
}

/// What is true of a file besides its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flags(u8);

impl Flags {
    /// The operator holds it.
    pub(super) const PINNED: Self = Self(1);
    /// An item of its owner refers to it.
    pub(super) const REFERENCED: Self = Self(2);
    /// It goes when a certain slot is used.
    pub(super) const PLANNED: Self = Self(4);
    /// A browser may show it in place.
    pub(super) const INLINE: Self = Self(8);
    /// It is an item of a directory.
    pub(super) const ITEM: Self = Self(16);
    /// Its item is called as the file and the slot.
    pub(super) const SUFFIXED: Self = Self(32);
    const KEPT: Self = Self(1 | 2 | 4);
    const ALL: u8 = 63;

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn set(&mut self, other: Self, on: bool) {
        self.0 = if on { self.0 | other.0 } else { self.0 & !other.0 };
    }

    pub(super) const fn is_known(self) -> bool {
        self.0 & !Self::ALL == 0
    }
}

/// A stored file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: SlotId,
    pub(super) name: Box<str>,
    pub(super) size: u64,
    pub(super) stored: Time,
    pub(super) deadline: Time,
    /// The number of its slot: slots are numbered as they are granted, and this breaks ties.
    pub(super) number: u64,
    pub(super) lot: u32,
    /// Its place among the deadlines of its lot.
    pub(super) at: u32,
    pub(super) cause: Cause,
    pub(super) flags: Flags,
}

/// What an account has in one bucket.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    pub(super) account: u32,
    pub(super) bucket: u8,
    /// The number of the slot that it began with.
    pub(super) born: u64,
    pub(super) used: u64,
    pub(super) files: u64,
    pub(super) net: u64,
    pub(super) net_files: u64,
    pub(super) slots: u32,
    pub(super) allowance: Allowance,
    /// Its files that have a deadline and are not pinned: a heap.
    pub(super) heap: Vec<u32>,
    /// Its files that may be evicted, in the order in which they were stored.
    pub(super) queue: VecDeque<u32>,
    /// Its place among the lots that have deadlines.
    pub(super) at: u32,
    /// Where it stands on a full service while files of it may go: what its account's class says.
    pub(super) home: Option<Home>,
}

/// An account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) jid: Arc<str>,
    /// The class that the host put it into.
    pub(super) class: Option<Box<str>>,
    pub(super) lots: SmallVec<[(u8, u32); 2]>,
    pub(super) used: u64,
    pub(super) net: u64,
    /// Its open slots, by number.
    pub(super) open: SmallVec<[u64; 2]>,
}

/// A slot that is granted and has no file yet.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) id: SlotId,
    pub(super) lot: u32,
    pub(super) name: Box<str>,
    pub(super) size: u64,
    pub(super) content_type: Option<Box<str>>,
    pub(super) expire_before: Option<Time>,
    pub(super) granted: Time,
    pub(super) until: Time,
    /// The PUT that is running.
    pub(super) put: Option<(Token, Box<str>)>,
    /// Files that go when it is used, by index.
    pub(super) plan: Vec<u32>,
    pub(super) bucket_target: u64,
    pub(super) service_target: u64,
    /// What it adds to its lot (bytes, files), to its account and to the service, at the most.
    pub(super) net: (u64, u64, u64, u64),
}

/// Everything that a service knows.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) policy: Policy,
    pub(super) limits: RetentionLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    /// Slots ever granted.
    pub(super) granted: u64,
    /// Nothing that is due is served before: the last sweep did as much as one call may.
    pub(super) resting: Time,
    /// Buckets of the operator's, by number less four. Where a policy lost one that still has files, its name stays.
    pub(super) directories: Vec<(Box<str>, Purpose)>,

    pub(super) files: Vec<Option<File>>,
    pub(super) free_files: Vec<u32>,
    pub(super) by_id: HashTable<u32>,
    /// Files that are items, by owner, directory and name of the item.
    pub(super) by_item: HashTable<u32>,
    pub(super) lots: Vec<Option<Lot>>,
    pub(super) free_lots: Vec<u32>,
    /// The lots that have deadlines: a heap.
    pub(super) due: Vec<u32>,
    /// The lots whose files may go for others.
    pub(super) pressure: Pressure,
    pub(super) accounts: Vec<Option<Account>>,
    pub(super) free_accounts: Vec<u32>,
    pub(super) by_jid: HashTable<u32>,
    /// Lots in which nothing is left but the rate, by when it may be forgotten.
    pub(super) idle: BTreeMap<(Time, u64), u32>,

    pub(super) slots: BTreeMap<u64, Slot>,
    pub(super) slot_ids: BTreeMap<SlotId, u64>,
    pub(super) slots_due: BTreeSet<(Time, u64)>,

    /// Files that are pinned, referenced or planned, by lot and number.
    pub(super) kept: BTreeMap<(u32, u64), u32>,
    /// The slot for which a file is planned.
    pub(super) planned: BTreeMap<u32, u64>,
    /// The items that refer to a file, by its number.
    pub(super) references: BTreeSet<(u64, Reference)>,
    /// When the own item of a file expires, by its number.
    pub(super) links: BTreeMap<u64, Time>,

    pub(super) tombstones: BTreeMap<SlotId, Time>,
    /// The same in the order of deletion.
    pub(super) buried: VecDeque<(Time, SlotId)>,

    pub(super) used: u64,
    pub(super) net: u64,
    pub(super) count: usize,
    pub(super) hash_key: [u8; 16],
}

impl State {
    pub(super) fn new(policy: Policy, limits: RetentionLimits, seed: Seed) -> Self {
        let directories = policy.directories.iter().map(|(name, purpose)| (name.as_str().into(), *purpose)).collect();
        let mut hash_key = [0; 16];
        hash_key.copy_from_slice(&seed.draw("look-up", &[]).bytes()[..16]);
        Self {
            policy,
            limits,
            seed,
            now: Time::EPOCH,
            granted: 0,
            resting: Time::EPOCH,
            directories,
            files: Vec::new(),
            free_files: Vec::new(),
            by_id: HashTable::new(),
            by_item: HashTable::new(),
            lots: Vec::new(),
            free_lots: Vec::new(),
            due: Vec::new(),
            pressure: Pressure::new(hash_key),
            accounts: Vec::new(),
            free_accounts: Vec::new(),
            by_jid: HashTable::new(),
            idle: BTreeMap::new(),
            slots: BTreeMap::new(),
            slot_ids: BTreeMap::new(),
            slots_due: BTreeSet::new(),
            kept: BTreeMap::new(),
            planned: BTreeMap::new(),
            references: BTreeSet::new(),
            links: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            buried: VecDeque::new(),
            used: 0,
            net: 0,
            count: 0,
            hash_key,
        }
    }

    pub(super) fn file(&self, index: u32) -> Option<&File> {
        self.files.get(index as usize)?.as_ref()
    }

    pub(super) fn file_mut(&mut self, index: u32) -> Option<&mut File> {
        self.files.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn lot(&self, lot: u32) -> Option<&Lot> {
        self.lots.get(lot as usize)?.as_ref()
    }

    pub(super) fn lot_mut(&mut self, lot: u32) -> Option<&mut Lot> {
        self.lots.get_mut(lot as usize)?.as_mut()
    }

    pub(super) fn account(&self, account: u32) -> Option<&Account> {
        self.accounts.get(account as usize)?.as_ref()
    }

    pub(super) fn account_mut(&mut self, account: u32) -> Option<&mut Account> {
        self.accounts.get_mut(account as usize)?.as_mut()
    }

    /// The account of a lot.
    pub(super) fn owner(&self, lot: u32) -> Option<&Account> {
        self.account(self.lot(lot)?.account)
    }

    /// The file of a slot.
    pub(super) fn find(&self, id: SlotId) -> Option<u32> {
        let same = |index: &u32| self.file(*index).is_some_and(|file| file.id == id);
        self.by_id.find(id.hash(), same).copied()
    }

    /// The class that an account is in.
    pub(super) fn class_of(&self, jid: &str) -> Option<&Class> {
        let chosen = self.find_account(jid).and_then(|account| self.account(account)?.class.as_deref());
        match chosen {
            // A class that a later policy does not have puts nobody anywhere.
            Some(name) => self.policy.class_named(name),
            None => self.policy.class_of(jid),
        }
    }

    /// The number of a bucket.
    pub(super) fn bucket_number(&self, name: BucketName<'_>) -> Option<u8> {
        match name {
            BucketName::Of(purpose) => Some(purpose.index() as u8),
            BucketName::Directory(name) => {
                let at = self.directories.iter().position(|(known, _)| **known == *name)?;
                u8::try_from(at + 4).ok()
            }
        }
    }

    /// The bucket of a number: its name, and its purpose.
    pub(super) fn bucket_name(&self, bucket: u8) -> (BucketName<'_>, Purpose) {
        match Purpose::ALL.get(usize::from(bucket)) {
            Some(purpose) => (BucketName::Of(*purpose), *purpose),
            None => {
                let known = self.directories.get(usize::from(bucket).saturating_sub(4));
                known.map_or((BucketName::Directory(""), Purpose::Message), |(name, p)| {
                    (BucketName::Directory(name), *p)
                })
            }
        }
    }

    /// What the policy says of a lot; `None` where its account is in no class any more, or its bucket is gone.
    pub(super) fn terms(&self, lot: u32) -> Option<(&Class, &Bucket)> {
        let class = self.class_of(&self.owner(lot)?.jid)?;
        let bucket = match self.bucket_name(self.lot(lot)?.bucket).0 {
            BucketName::Of(purpose) => class.bucket(purpose),
            BucketName::Directory(name) => class.directories.get(name)?,
        };
        Some((class, bucket))
    }

    pub(super) fn purpose(&self, lot: u32) -> Purpose {
        self.lot(lot).map_or(Purpose::Message, |lot| self.bucket_name(lot.bucket).1)
    }

    /// The lot of an account in a bucket.
    pub(super) fn find_lot(&self, account: u32, bucket: u8) -> Option<u32> {
        self.account(account)?.lots.iter().find(|(b, _)| *b == bucket).map(|(_, lot)| *lot)
    }

    /// The least deadline of a lot.
    pub(super) fn lot_deadline(&self, lot: u32) -> Option<Time> {
        Some(self.file(*self.lot(lot)?.heap.first()?)?.deadline)
    }

    /// All files of a lot, in no order that anybody should see.
    pub(super) fn files_of(&self, lot: u32) -> impl Iterator<Item = u32> + '_ {
        let queue = self.lot(lot).into_iter().flat_map(|lot| lot.queue.iter().copied());
        queue.chain(self.kept.range((lot, 0)..=(lot, u64::MAX)).map(|(_, index)| *index))
    }

    /// Puts a file among the deadlines, takes it out, or moves it, as it has a deadline and is not pinned.
    pub(super) fn schedule(&mut self, index: u32) {
        let Some(file) = self.file(index) else { return };
        let (lot, inside) = (file.lot, file.at != NOWHERE);
        let belongs = file.deadline != NEVER && !file.flags.has(Flags::PINNED);
        let Some(mut heap) = self.lot_mut(lot).map(|lot| core::mem::take(&mut lot.heap)) else { return };
        match (inside, belongs) {
            (false, true) => heap::push(&mut heap, &mut Deadlines(&mut self.files), index),
            (true, false) => heap::remove(&mut heap, &mut Deadlines(&mut self.files), index),
            (true, true) => heap::fix(&mut heap, &mut Deadlines(&mut self.files), index),
            (false, false) => {}
        }
        if let Some(lot) = self.lot_mut(lot) {
            lot.heap = heap;
        }
        self.schedule_lot(lot);
    }

    fn schedule_lot(&mut self, lot: u32) {
        let Some((inside, belongs)) = self.lot(lot).map(|lot| (lot.at != NOWHERE, !lot.heap.is_empty())) else {
            return;
        };
        let mut due = core::mem::take(&mut self.due);
        let mut places = Dues { lots: &mut self.lots, files: &self.files };
        match (inside, belongs) {
            (false, true) => heap::push(&mut due, &mut places, lot),
            (true, false) => heap::remove(&mut due, &mut places, lot),
            (true, true) => heap::fix(&mut due, &mut places, lot),
            (false, false) => {}
        }
        self.due = due;
    }

    /// The file that goes next, and when.
    pub(super) fn next_due(&self) -> Option<(Time, u32)> {
        let index = *self.lot(*self.due.first()?)?.heap.first()?;
        Some((self.file(index)?.deadline, index))
    }

    /// Changes flags of a file, and puts it among those that may be evicted, or takes it out.
    pub(super) fn flag(&mut self, index: u32, flag: Flags, on: bool) {
        let Some(file) = self.file_mut(index) else { return };
        let was = file.flags.has(Flags::KEPT);
        file.flags.set(flag, on);
        let is = file.flags.has(Flags::KEPT);
        let (lot, number) = (file.lot, file.number);
        match (was, is) {
            (false, true) => {
                self.unqueue(index);
                self.kept.insert((lot, number), index);
                self.replace(lot);
            }
            (true, false) => {
                self.kept.remove(&(lot, number));
                self.queue(index);
                self.replace(lot);
            }
            _ => {}
        }
        if flag == Flags::PINNED {
            self.schedule(index);
        }
    }

    /// Where a file stands, or would stand, in the queue of its lot.
    fn place(&self, index: u32) -> Option<(u32, Result<usize, usize>)> {
        let file = self.file(index)?;
        let key = (file.stored, file.number);
        let queue = &self.lot(file.lot)?.queue;
        let order = |other: &u32| self.file(*other).map_or(key, |file| (file.stored, file.number)).cmp(&key);
        Some((file.lot, queue.binary_search_by(order)))
    }

    /// Puts a file among those that may be evicted. Its lot is to be [replaced](Self::replace) after it.
    pub(super) fn queue(&mut self, index: u32) {
        if let Some((lot, Err(at))) = self.place(index)
            && let Some(lot) = self.lot_mut(lot)
        {
            lot.queue.insert(at, index);
        }
    }

    /// Takes a file out of those that may be evicted. Its lot is to be [replaced](Self::replace) after it.
    pub(super) fn unqueue(&mut self, index: u32) {
        if let Some((lot, Ok(at))) = self.place(index)
            && let Some(lot) = self.lot_mut(lot)
        {
            lot.queue.remove(at);
        }
    }
}

/// The deadlines of files, with ties in the order of their slots.
pub(super) struct Deadlines<'a>(pub(super) &'a mut [Option<File>]);

fn order(files: &[Option<File>], index: u32) -> (Time, u64) {
    files.get(index as usize).and_then(Option::as_ref).map_or((NEVER, u64::MAX), |file| (file.deadline, file.number))
}

impl Places for Deadlines<'_> {
    fn before(&self, a: u32, b: u32) -> bool {
        order(self.0, a) < order(self.0, b)
    }
    fn place(&self, member: u32) -> u32 {
        self.0.get(member as usize).and_then(Option::as_ref).map_or(NOWHERE, |file| file.at)
    }
    fn placed(&mut self, member: u32, at: u32) {
        if let Some(file) = self.0.get_mut(member as usize).and_then(Option::as_mut) {
            file.at = at;
        }
    }
}

/// The lots by their least deadlines.
struct Dues<'a> {
    lots: &'a mut [Option<Lot>],
    files: &'a [Option<File>],
}

impl Dues<'_> {
    fn order(&self, lot: u32) -> (Time, u64) {
        let lot = self.lots.get(lot as usize).and_then(Option::as_ref);
        lot.and_then(|lot| lot.heap.first()).map_or((NEVER, u64::MAX), |first| order(self.files, *first))
    }
}

impl Places for Dues<'_> {
    fn before(&self, a: u32, b: u32) -> bool {
        self.order(a) < self.order(b)
    }
    fn place(&self, member: u32) -> u32 {
        self.lots.get(member as usize).and_then(Option::as_ref).map_or(NOWHERE, |lot| lot.at)
    }
    fn placed(&mut self, member: u32, at: u32) {
        if let Some(lot) = self.lots.get_mut(member as usize).and_then(Option::as_mut) {
            lot.at = at;
        }
    }
}
