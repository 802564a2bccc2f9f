//! Changes of the state: each keeps every index and every sum right, and decides nothing.

use core::hash::Hasher as _;
use std::sync::Arc;

use siphasher::sip::SipHasher13;
use smallvec::SmallVec;

use super::heap::NOWHERE;
use super::state::{Account, File, Flags, Lot, NEVER, Slot, State};
use crate::limits::Allowance;
use crate::retention::policy::BucketName;
use crate::retention::slot::SlotId;
use crate::time::Time;

/// Grows by a sixteenth: a service of a million files must not hold twice its size.
fn slab<T>(slab: &mut Vec<Option<T>>, free: &mut Vec<u32>, item: T) -> u32 {
    if let Some(index) = free.pop() {
        slab[index as usize] = Some(item);
        return index;
    }
    if slab.len() == slab.capacity() {
        slab.reserve_exact(slab.len() / 16 + 4);
    }
    slab.push(Some(item));
    (slab.len() - 1) as u32
}

impl State {
    fn keyed(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.hash_key);
        for part in parts {
            hasher.write(part);
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }

    pub(super) fn find_account(&self, jid: &str) -> Option<u32> {
        let same = |index: &u32| self.account(*index).is_some_and(|account| *account.jid == *jid);
        self.by_jid.find(self.keyed(&[jid.as_bytes()]), same).copied()
    }

    /// The account of that address, new if need be.
    pub(super) fn need_account(&mut self, jid: &str) -> u32 {
        if let Some(index) = self.find_account(jid) {
            return index;
        }
        let hash = self.keyed(&[jid.as_bytes()]);
        let account =
            Account { jid: Arc::from(jid), class: None, lots: SmallVec::new(), used: 0, net: 0, open: SmallVec::new() };
        let index = slab(&mut self.accounts, &mut self.free_accounts, account);
        let mut by_jid = core::mem::take(&mut self.by_jid);
        by_jid.insert_unique(hash, index, |other| {
            self.account(*other).map_or(0, |account| self.keyed(&[account.jid.as_bytes()]))
        });
        self.by_jid = by_jid;
        index
    }

    /// The lot of an account in a bucket, new if need be.
    pub(super) fn need_lot(&mut self, account: u32, bucket: u8) -> u32 {
        if let Some(lot) = self.find_lot(account, bucket) {
            return lot;
        }
        let lot = Lot {
            account,
            bucket,
            born: self.granted.saturating_add(1),
            used: 0,
            files: 0,
            net: 0,
            net_files: 0,
            slots: 0,
            allowance: Allowance::default(),
            heap: Vec::new(),
            queue: std::collections::VecDeque::new(),
            at: NOWHERE,
            home: None,
        };
        let index = slab(&mut self.lots, &mut self.free_lots, lot);
        if let Some(account) = self.account_mut(account) {
            account.lots.push((bucket, index));
            account.lots.sort_unstable();
        }
        self.rehome(index);
        index
    }

    /// Puts an account into a class; without one, it is in that of the policy.
    pub(super) fn set_class(&mut self, index: u32, class: Option<Box<str>>) {
        let Some(account) = self.account_mut(index) else { return };
        account.class = class;
        let lots = account.lots.clone();
        for (_, lot) in lots {
            self.rehome(lot);
        }
    }

    /// Forgets a lot with nothing in it once its rate is full again, and an account with no lots and no class.
    pub(super) fn tidy_lot(&mut self, index: u32) {
        let Some(lot) = self.lot(index) else { return };
        let (account, bucket, idle) = (lot.account, lot.bucket, (lot.allowance.full_at(), lot.born));
        if lot.files > 0 || lot.slots > 0 {
            return;
        }
        if idle.0 > self.now {
            self.idle.insert(idle, index);
            return;
        }
        self.idle.remove(&idle);
        self.lots[index as usize] = None;
        self.replace(index);
        self.free_lots.push(index);
        if let Some(account) = self.account_mut(account) {
            account.lots.retain(|(b, _)| *b != bucket);
        }
        self.tidy_account(account);
    }

    pub(super) fn tidy_account(&mut self, index: u32) {
        let Some(account) = self.account(index) else { return };
        if !account.lots.is_empty() || account.class.is_some() {
            return;
        }
        let hash = self.keyed(&[account.jid.as_bytes()]);
        if let Ok(found) = self.by_jid.find_entry(hash, |other| *other == index) {
            found.remove();
        }
        self.accounts[index as usize] = None;
        self.free_accounts.push(index);
    }

    /// Forgets what may be forgotten, a little in each call.
    pub(super) fn forget(&mut self) {
        for _ in 0..self.limits.forget {
            let Some((&idle, &lot)) = self.idle.first_key_value().filter(|((full, _), _)| *full <= self.now) else {
                break;
            };
            self.idle.remove(&idle);
            self.tidy_lot(lot);
        }
        for _ in 0..self.limits.forget {
            let over = self.buried.len() > self.limits.tombstones;
            let Some(&(at, id)) = self.buried.front() else { break };
            if !over && at.plus(self.policy.tombstone_for) > self.now {
                break;
            }
            self.buried.pop_front();
            self.tombstones.remove(&id);
        }
    }

    /// Counts a slot against the rate of its lot, which is used again.
    pub(super) fn count_slot(&mut self, lot: u32, rate: crate::limits::Rate) {
        let now = self.now;
        let Some(lot) = self.lots.get_mut(lot as usize).and_then(Option::as_mut) else { return };
        self.idle.remove(&(lot.allowance.full_at(), lot.born));
        lot.allowance = lot.allowance.after(rate, now);
    }

    /// Adds a slot: its size is reserved, its plan is its own.
    pub(super) fn reserve(&mut self, number: u64, slot: Slot) {
        let (lot, id, until) = (slot.lot, slot.id, slot.until);
        let plan = slot.plan.clone();
        self.granted = self.granted.max(number);
        self.count += 1;
        self.slots.insert(number, slot);
        self.slot_ids.insert(id, number);
        self.slots_due.insert((until, number));
        let mut account = None;
        if let Some(lot) = self.lot_mut(lot) {
            lot.slots += 1;
            account = Some(lot.account);
        }
        if let Some(account) = account.and_then(|account| self.account_mut(account)) {
            account.open.push(number);
        }
        for file in plan {
            self.planned.insert(file, number);
            self.flag(file, Flags::PLANNED, true);
        }
        self.renet(number);
    }

    /// Takes a slot away: what it reserved is free, and so are the files that were planned for it.
    pub(super) fn release(&mut self, number: u64) -> Option<Slot> {
        self.unplan(number);
        let slot = self.slots.remove(&number)?;
        self.count = self.count.saturating_sub(1);
        self.slot_ids.remove(&slot.id);
        self.slots_due.remove(&(slot.until, number));
        self.add_net(slot.lot, slot.net, false);
        let mut account = None;
        if let Some(lot) = self.lot_mut(slot.lot) {
            lot.slots = lot.slots.saturating_sub(1);
            account = Some(lot.account);
        }
        if let Some(account) = account.and_then(|account| self.account_mut(account)) {
            account.open.retain(|open| *open != number);
        }
        Some(slot)
    }

    /// Frees the files that are planned for a slot. Its net is not counted anew.
    pub(super) fn unplan(&mut self, number: u64) {
        let plan = self.slots.get_mut(&number).map(|slot| core::mem::take(&mut slot.plan)).unwrap_or_default();
        for file in plan {
            self.planned.remove(&file);
            self.flag(file, Flags::PLANNED, false);
        }
    }

    /// Takes a file out of the plan that it is in: something else counts more by now.
    pub(super) fn spare(&mut self, file: u32) {
        let Some(number) = self.planned.remove(&file) else { return };
        self.flag(file, Flags::PLANNED, false);
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.plan.retain(|other| *other != file);
        }
        self.renet(number);
    }

    /// Gives a slot another plan.
    pub(super) fn replan(&mut self, number: u64, plan: Vec<u32>, (bucket, service): (u64, u64)) {
        self.unplan(number);
        for file in &plan {
            self.planned.insert(*file, number);
            self.flag(*file, Flags::PLANNED, true);
        }
        if let Some(slot) = self.slots.get_mut(&number) {
            (slot.plan, slot.bucket_target, slot.service_target) = (plan, bucket, service);
        }
        self.renet(number);
    }

    /// Moves the end of a slot.
    pub(super) fn postpone(&mut self, number: u64, until: Time) {
        if let Some(slot) = self.slots.get_mut(&number) {
            self.slots_due.remove(&(slot.until, number));
            slot.until = until;
            self.slots_due.insert((until, number));
        }
    }

    /// What a slot adds at the most, now that its plan or the files in it changed.
    fn renet(&mut self, number: u64) {
        let Some(slot) = self.slots.get(&number) else { return };
        let (lot, size, old) = (slot.lot, slot.size, slot.net);
        let account = self.lot(lot).map(|lot| lot.account);
        let (mut own, mut same, mut all, mut files) = (0_u64, 0_u64, 0_u64, 0_u64);
        for file in slot.plan.iter().filter_map(|index| self.file(*index)) {
            all = all.saturating_add(file.size);
            if file.lot == lot {
                own = own.saturating_add(file.size);
                files += 1;
            }
            if self.lot(file.lot).map(|lot| lot.account) == account {
                same = same.saturating_add(file.size);
            }
        }
        let net = (
            size.saturating_sub(own),
            1_u64.saturating_sub(files),
            size.saturating_sub(same),
            size.saturating_sub(all),
        );
        self.add_net(lot, old, false);
        self.add_net(lot, net, true);
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.net = net;
        }
    }

    fn add_net(&mut self, lot: u32, (bytes, files, account_bytes, service_bytes): (u64, u64, u64, u64), more: bool) {
        let add = |sum: &mut u64, part: u64| {
            // The sums of what was admitted are below the quotas; what saturates here could never have been granted.
            *sum = if more { sum.saturating_add(part) } else { sum.saturating_sub(part) };
        };
        add(&mut self.net, service_bytes);
        let Some(lot) = self.lots.get_mut(lot as usize).and_then(Option::as_mut) else { return };
        add(&mut lot.net, bytes);
        add(&mut lot.net_files, files);
        if let Some(account) = self.accounts.get_mut(lot.account as usize).and_then(Option::as_mut) {
            add(&mut account.net, account_bytes);
        }
    }

    /// Counts a file that came or went, once its lot's queue is right.
    fn add_used(&mut self, index: u32, size: u64, more: bool) {
        let add = |sum: &mut u64| *sum = if more { sum.saturating_add(size) } else { sum.saturating_sub(size) };
        add(&mut self.used);
        let Some(lot) = self.lots.get_mut(index as usize).and_then(Option::as_mut) else { return };
        add(&mut lot.used);
        lot.files = if more { lot.files + 1 } else { lot.files.saturating_sub(1) };
        if let Some(account) = self.accounts.get_mut(lot.account as usize).and_then(Option::as_mut) {
            add(&mut account.used);
        }
        self.replace(index);
    }

    /// Adds a file.
    pub(super) fn store(&mut self, file: File) -> u32 {
        let (id, lot, size) = (file.id, file.lot, file.size);
        let index = slab(&mut self.files, &mut self.free_files, file);
        let mut by_id = core::mem::take(&mut self.by_id);
        by_id.insert_unique(id.hash(), index, |other| self.file(*other).map_or(0, |file| file.id.hash()));
        self.by_id = by_id;
        self.count += 1;
        self.queue(index);
        self.add_used(lot, size, true);
        self.schedule(index);
        index
    }

    /// Gives a file another deadline.
    pub(super) fn set_deadline(&mut self, index: u32, deadline: Time, cause: super::state::Cause) {
        if let Some(file) = self.file_mut(index) {
            (file.deadline, file.cause) = (deadline, cause);
        }
        self.schedule(index);
    }

    /// Takes a file away, with everything that is known of it; it is remembered as deleted.
    pub(super) fn delete(&mut self, index: u32) -> Option<(File, Arc<str>)> {
        let owner = Arc::clone(&self.owner(self.file(index)?.lot)?.jid);
        if self.file(index).is_some_and(|file| file.flags.has(Flags::ITEM)) {
            let hash = self.item_hash(index);
            if let Ok(found) = self.by_item.find_entry(hash, |other| *other == index) {
                found.remove();
            }
        }
        if let Some(file) = self.file_mut(index) {
            file.deadline = NEVER;
        }
        self.schedule(index);
        let planned = self.planned.remove(&index);
        if let Some(slot) = planned.and_then(|number| self.slots.get_mut(&number)) {
            slot.plan.retain(|other| *other != index);
        }
        self.unqueue(index);
        let file = self.files.get_mut(index as usize)?.take()?;
        self.free_files.push(index);
        self.kept.remove(&(file.lot, file.number));
        if let Ok(found) = self.by_id.find_entry(file.id.hash(), |other| *other == index) {
            found.remove();
        }
        self.links.remove(&file.number);
        let of_file: Vec<_> = self.references_of(file.number).cloned().collect();
        for reference in of_file {
            self.references.remove(&(file.number, reference));
        }
        self.count = self.count.saturating_sub(1);
        self.add_used(file.lot, file.size, false);
        if let Some(number) = planned {
            self.renet(number);
        }
        self.tidy_lot(file.lot);
        if self.limits.tombstones > 0 && self.policy.tombstone_for > crate::time::Span::ZERO {
            self.tombstones.insert(file.id, self.now);
            self.buried.push_back((self.now, file.id));
        }
        Some((file, owner))
    }

    /// The items that refer to a file.
    pub(super) fn references_of(&self, number: u64) -> impl Iterator<Item = &crate::retention::host::Reference> {
        let least = crate::retention::host::Reference { account: "".into(), node: "".into(), item: "".into() };
        self.references.range((number, least)..).take_while(move |(n, _)| *n == number).map(|(_, reference)| reference)
    }

    /// The directory of a file's item, and how the item is called.
    pub(super) fn item(&self, index: u32) -> Option<(String, String)> {
        let file = self.file(index)?;
        let node = match self.bucket_name(self.lot(file.lot)?.bucket).0 {
            BucketName::Of(_) => crate::ns::FILE_SHARING_UPLOADED.to_owned(),
            BucketName::Directory(name) => format!("{}:{name}/{name}", crate::ns::FILE_SHARING),
        };
        Some((node, item_name(&file.name, file.id, file.flags.has(Flags::SUFFIXED))))
    }

    fn item_hash(&self, index: u32) -> u64 {
        let Some((node, item)) = self.item(index) else { return 0 };
        let owner = self.file(index).and_then(|file| self.owner(file.lot)).map_or("", |owner| &owner.jid);
        self.keyed(&[owner.as_bytes(), node.as_bytes(), item.as_bytes()])
    }

    /// The file of an item.
    pub(super) fn find_item(&self, owner: &str, node: &str, item: &str) -> Option<u32> {
        let hash = self.keyed(&[owner.as_bytes(), node.as_bytes(), item.as_bytes()]);
        let same = |index: &u32| {
            let of_owner = self.file(*index).and_then(|file| self.owner(file.lot)).is_some_and(|o| *o.jid == *owner);
            of_owner && self.item(*index).is_some_and(|(n, i)| n == node && i == item)
        };
        self.by_item.find(hash, same).copied()
    }

    /// Makes a file an item of its owner's directory: whether it could be, and whether under a longer name.
    pub(super) fn list(&mut self, index: u32) -> Option<bool> {
        let owner = Arc::clone(&self.owner(self.file(index)?.lot)?.jid);
        for suffixed in [false, true] {
            if let Some(file) = self.file_mut(index) {
                file.flags.set(Flags::SUFFIXED, suffixed);
            }
            let (node, item) = self.item(index)?;
            if self.find_item(&owner, &node, &item).is_none() {
                if let Some(file) = self.file_mut(index) {
                    file.flags.set(Flags::ITEM, true);
                }
                self.index_item(index);
                return Some(suffixed);
            }
        }
        if let Some(file) = self.file_mut(index) {
            file.flags.set(Flags::SUFFIXED, false);
        }
        None
    }

    pub(super) fn index_item(&mut self, index: u32) {
        let hash = self.item_hash(index);
        let mut by_item = core::mem::take(&mut self.by_item);
        by_item.insert_unique(hash, index, |other| self.item_hash(*other));
        self.by_item = by_item;
    }
}

/// How the item of a file is called.
fn item_name(name: &str, id: SlotId, suffixed: bool) -> String {
    if suffixed { format!("{name}~{}", id.short()) } else { name.to_owned() }
}
