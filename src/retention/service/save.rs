//! Saves and loads a service: files, slots and accounts in an order of their own, and no index.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::heap::NOWHERE;
use super::machine::{Service, ServiceConfig};
use super::state::{Cause, File, Flags, NEVER, Slot, State};
use crate::limits::{Allowance, RetentionLimits};
use crate::retention::Purpose;
use crate::retention::host::{Reference, Token};
use crate::retention::policy::Policy;
use crate::retention::slot::SlotId;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

#[derive(Serialize, Deserialize)]
struct SavedFile {
    number: u64,
    id: SlotId,
    name: Box<str>,
    size: u64,
    stored: Time,
    deadline: Time,
    cause: Cause,
    flags: Flags,
    link: Option<Time>,
    references: Vec<[Box<str>; 3]>,
}

#[derive(Serialize, Deserialize)]
struct SavedSlot {
    number: u64,
    id: SlotId,
    name: Box<str>,
    size: u64,
    content_type: Option<Box<str>>,
    expire_before: Option<Time>,
    granted: Time,
    until: Time,
    put: Option<(Token, Box<str>)>,
    /// Files by number.
    plan: Vec<u64>,
    targets: (u64, u64),
}

#[derive(Serialize, Deserialize)]
struct SavedLot {
    bucket: u8,
    born: u64,
    allowance: Allowance,
    files: Vec<SavedFile>,
    slots: Vec<SavedSlot>,
}

#[derive(Serialize, Deserialize)]
struct SavedAccount {
    jid: Box<str>,
    class: Option<Box<str>>,
    lots: Vec<SavedLot>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    config: ServiceConfig,
    policy: Policy,
    limits: RetentionLimits,
    seed: Seed,
    now: Time,
    granted: u64,
    resting: Time,
    directories: Vec<(Box<str>, Purpose)>,
    accounts: Vec<SavedAccount>,
    buried: Vec<(Time, SlotId)>,
}

pub(super) fn save(service: &Service, into: &mut Vec<u8>) {
    snapshot::put(&Saved::of(service), into);
}

pub(super) fn load(format: u16, body: &[u8]) -> Result<Service, Corrupt> {
    if format != Service::FORMAT {
        return Err(Corrupt::Format(format));
    }
    let saved: Saved = snapshot::take(body)?;
    let service = saved.restore()?;
    service.state.check().map_err(Corrupt::Body)?;
    snapshot::canonical(&Saved::of(&service), body)?;
    Ok(service)
}

impl Saved {
    fn of(service: &Service) -> Self {
        let state = &service.state;
        let mut accounts: Vec<_> = state.accounts.iter().flatten().collect();
        accounts.sort_unstable_by(|a, b| a.jid.cmp(&b.jid));
        let accounts = accounts.into_iter().map(|account| SavedAccount {
            jid: (*account.jid).into(),
            class: account.class.clone(),
            lots: account.lots.iter().filter_map(|(_, lot)| SavedLot::of(state, *lot)).collect(),
        });
        Self {
            config: service.config.clone(),
            policy: state.policy.clone(),
            limits: state.limits,
            seed: state.seed.clone(),
            now: state.now,
            granted: state.granted,
            resting: state.resting,
            directories: state.directories.clone(),
            accounts: accounts.collect(),
            buried: state.buried.iter().copied().collect(),
        }
    }

    fn restore(self) -> Result<Service, Corrupt> {
        let mut state = State::new(self.policy, self.limits, self.seed);
        (state.now, state.granted, state.resting) = (self.now, self.granted, self.resting);
        state.directories = self.directories;
        state.tombstones = self.buried.iter().map(|(at, id)| (*id, *at)).collect();
        state.buried = VecDeque::from(self.buried);
        let mut numbers = BTreeMap::new();
        let mut slots = Vec::new();
        for account in self.accounts {
            let index = state.need_account(&account.jid);
            state.set_class(index, account.class);
            for lot in account.lots {
                let lot_index = state.need_lot(index, lot.bucket);
                if let Some(restored) = state.lot_mut(lot_index) {
                    (restored.born, restored.allowance) = (lot.born, lot.allowance);
                }
                for file in lot.files {
                    let number = file.number;
                    let file_index = state.restore_file(lot_index, file);
                    if numbers.insert(number, file_index).is_some() {
                        return Err(Corrupt::Body("two files have one number"));
                    }
                }
                slots.extend(lot.slots.into_iter().map(|slot| (slot.number, lot_index, slot)));
            }
        }
        // Plans name files of any lot; open slots stand in the order of their numbers.
        slots.sort_unstable_by_key(|(number, _, _)| *number);
        for (number, lot, slot) in slots {
            if state.slots.contains_key(&number) || numbers.contains_key(&number) {
                return Err(Corrupt::Body("two slots have one number"));
            }
            let plan: Option<Vec<u32>> = slot.plan.iter().map(|file| numbers.get(file).copied()).collect();
            let plan = plan.ok_or(Corrupt::Body("a plan names no file"))?;
            if plan.iter().any(|file| state.planned.contains_key(file)) {
                return Err(Corrupt::Body("a file is in two plans"));
            }
            state.reserve(number, slot.restore(lot, plan));
        }
        let lots = u32::try_from(state.lots.len()).unwrap_or(u32::MAX);
        for lot in 0..lots {
            let Some(found) = state.lot(lot) else { continue };
            let (files, slots, idle) = (found.files, found.slots, (found.allowance.full_at(), found.born));
            if files == 0 && slots == 0 {
                state.idle.insert(idle, lot);
            }
        }
        Ok(Service { config: self.config, state })
    }
}

impl SavedLot {
    fn of(state: &State, index: u32) -> Option<Self> {
        let lot = state.lot(index)?;
        let mut files: Vec<_> = state.files_of(index).filter_map(|file| state.file(file)).collect();
        files.sort_unstable_by_key(|file| file.number);
        let files = files.into_iter().map(|file| SavedFile {
            number: file.number,
            id: file.id,
            name: file.name.clone(),
            size: file.size,
            stored: file.stored,
            deadline: file.deadline,
            cause: file.cause,
            flags: {
                let mut flags = file.flags;
                // It follows from the plans.
                flags.set(Flags::PLANNED, false);
                flags
            },
            link: state.links.get(&file.number).copied(),
            references: state
                .references_of(file.number)
                .map(|by| [by.account.clone(), by.node.clone(), by.item.clone()])
                .collect(),
        });
        let open = state.account(lot.account)?.open.iter().filter_map(|number| state.slots.get_key_value(number));
        let mut open: Vec<_> = open.filter(|(_, slot)| slot.lot == index).collect();
        open.sort_unstable_by_key(|(number, _)| **number);
        let slots = open.into_iter().map(|(number, slot)| SavedSlot {
            number: *number,
            id: slot.id,
            name: slot.name.clone(),
            size: slot.size,
            content_type: slot.content_type.clone(),
            expire_before: slot.expire_before,
            granted: slot.granted,
            until: slot.until,
            put: slot.put.clone(),
            plan: slot.plan.iter().filter_map(|file| Some(state.file(*file)?.number)).collect(),
            targets: (slot.bucket_target, slot.service_target),
        });
        let (files, slots) = (files.collect(), slots.collect());
        Some(Self { bucket: lot.bucket, born: lot.born, allowance: lot.allowance, files, slots })
    }
}

impl SavedSlot {
    fn restore(self, lot: u32, plan: Vec<u32>) -> Slot {
        Slot {
            id: self.id,
            lot,
            name: self.name,
            size: self.size,
            content_type: self.content_type,
            expire_before: self.expire_before,
            granted: self.granted,
            until: self.until,
            put: self.put,
            plan,
            bucket_target: self.targets.0,
            service_target: self.targets.1,
            net: (0, 0, 0, 0),
        }
    }
}

impl State {
    fn restore_file(&mut self, lot: u32, saved: SavedFile) -> u32 {
        let mut flags = saved.flags;
        let (pinned, referenced) = (flags.has(Flags::PINNED), !saved.references.is_empty());
        flags.set(Flags::PINNED, false);
        flags.set(Flags::REFERENCED, false);
        flags.set(Flags::PLANNED, false);
        let (number, item) = (saved.number, flags.has(Flags::ITEM));
        let index = self.store(File {
            id: saved.id,
            name: saved.name,
            size: saved.size,
            stored: saved.stored,
            deadline: saved.deadline,
            number,
            lot,
            at: NOWHERE,
            cause: saved.cause,
            flags,
        });
        if item {
            self.index_item(index);
        }
        self.flag(index, Flags::PINNED, pinned);
        self.flag(index, Flags::REFERENCED, referenced);
        if let Some(link) = saved.link {
            self.links.insert(number, link);
        }
        for [account, node, item] in saved.references {
            self.references.insert((number, Reference { account, node, item }));
        }
        index
    }

    /// Whether everything fits together: every sum is what a recount gives, and nothing is in two places.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let ensure = |fine: bool, what: &'static str| if fine { Ok(()) } else { Err(what) };
        let (mut used, mut net, mut count) = (0_u64, 0_u64, self.slots.len());
        for account in self.accounts.iter().flatten() {
            let (mut account_used, mut account_net) = (0_u64, 0_u64);
            for (bucket, index) in &account.lots {
                let lot = self.lot(*index).ok_or("a lot is missing")?;
                ensure(lot.bucket == *bucket, "a lot is of another bucket")?;
                ensure(usize::from(lot.bucket) < 4 + self.directories.len(), "a lot is of no bucket")?;
                let mut sum = 0_u64;
                let mut files = 0;
                for file in self.files_of(*index).filter_map(|file| self.file(file)) {
                    ensure(file.lot == *index && file.size > 0, "a file is in another lot")?;
                    ensure(file.number <= self.granted && file.flags.is_known(), "a file was never granted")?;
                    let due = file.deadline != NEVER && !file.flags.has(Flags::PINNED);
                    ensure(due == (file.at != NOWHERE), "a deadline is not where it should be")?;
                    sum = sum.checked_add(file.size).ok_or("files are larger than can be counted")?;
                    files += 1;
                }
                ensure(sum == lot.used && files == lot.files, "the sum of a lot is wrong")?;
                let open: Vec<&Slot> = account.open.iter().filter_map(|number| self.slots.get(number)).collect();
                let own = || open.iter().filter(|slot| slot.lot == *index);
                ensure(own().count() == lot.slots as usize, "the slots of a lot are wrong")?;
                let (lot_net, net_files) = own().fold((0_u64, 0_u64), |(bytes, files), slot| {
                    (bytes.saturating_add(slot.net.0), files.saturating_add(slot.net.1))
                });
                ensure((lot_net, net_files) == (lot.net, lot.net_files), "what is reserved in a lot is wrong")?;
                account_used = account_used.checked_add(sum).ok_or("files are larger than can be counted")?;
                account_net = own().fold(account_net, |sum, slot| sum.saturating_add(slot.net.2));
                net = own().fold(net, |sum, slot| sum.saturating_add(slot.net.3));
                count += usize::try_from(files).unwrap_or(usize::MAX);
            }
            ensure((account_used, account_net) == (account.used, account.net), "the sum of an account is wrong")?;
            used = used.checked_add(account_used).ok_or("files are larger than can be counted")?;
        }
        ensure((used, net, count) == (self.used, self.net, self.count), "the sum of the service is wrong")?;
        ensure(self.slots.keys().all(|number| *number <= self.granted), "a slot was never granted")?;
        let planned = |file: &u32| self.file(*file).is_some_and(|file| file.flags.has(Flags::PLANNED));
        ensure(self.slots.values().flat_map(|slot| &slot.plan).all(planned), "a plan names a file that is not kept")?;
        self.check_pressure()?;
        ensure(self.buried.len() == self.tombstones.len(), "what is deleted is remembered twice")?;
        ensure(self.policy.check().is_empty(), "the policy contradicts itself")
    }
}
