//! PUTs: from the first header to the file.

use super::heap::NOWHERE;
use super::ledger::View;
use super::machine::{Out, Service};
use super::state::{Cause, File, Flags, NEVER, Slot};
use crate::machine::Action;
use crate::retention::host::{Notice, Order, Reason, Shared, Token};
use crate::retention::http::{harmless, percent};
use crate::retention::judge;
use crate::retention::policy::OCTETS;
use crate::retention::rules::table as rule;
use crate::retention::slot::SlotId;
use crate::retention::token::Pass;
use crate::rule::Rule;

fn refuse(out: &mut Out<'_>, why: Rule, token: Token, slot: &str, status: u16) {
    out.push(why, Action::Do(Order::Refuse { token, slot: slot.into(), status }));
}

impl Service {
    /// A PUT begins (S17 to S20, U1, U2).
    pub(super) fn put(
        &mut self,
        token: Token,
        text: &str,
        authorization: Option<&str>,
        length: Option<u64>,
        content_type: Option<&str>,
        out: &mut Out<'_>,
    ) {
        let id = SlotId::parse(text);
        let pass = id.zip(authorization).and_then(|(id, header)| Pass::read(&self.config.secret, id, header));
        let (Some(id), Some(_)) = (id, pass) else { return refuse(out, rule::S17, token, text, 403) };
        let Some(&number) = self.state.slot_ids.get(&id) else {
            // Whoever holds the pass may know that there is, or was, a file.
            let used = self.state.find(id).is_some() || self.state.tombstones.contains_key(&id);
            return refuse(out, rule::S17, token, text, if used { 409 } else { 403 });
        };
        let Some(slot) = self.state.slots.get(&number) else { return };
        if slot.put.is_some() {
            return refuse(out, rule::S17, token, text, 409);
        }
        if slot.expire_before.is_some_and(|at| at <= self.state.now) {
            self.state.release(number);
            return refuse(out, rule::D2, token, text, 410);
        }
        if let Some(length) = length.filter(|length| *length != slot.size) {
            let status = if length > slot.size { 413 } else { 400 };
            return refuse(out, rule::U1, token, text, status);
        }
        let same = |wanted: &str, got: &str| bare(wanted).eq_ignore_ascii_case(bare(got));
        let wanted = slot.content_type.as_deref();
        if wanted.zip(content_type).is_some_and(|(wanted, got)| !same(wanted, got)) {
            return refuse(out, rule::U2, token, text, 415);
        }
        let known = wanted.or_else(|| content_type.filter(|got| got.len() <= self.state.limits.type_bytes));
        let content_type: Box<str> = known.unwrap_or(OCTETS).into();
        let size = slot.size;
        let Some(why) = self.settle(number, out) else {
            return refuse(out, rule::S20, token, text, 507);
        };
        let until = self.state.now.plus(self.state.limits.put_for);
        self.state.postpone(number, until);
        if let Some(slot) = self.state.slots.get_mut(&number) {
            slot.put = Some((token, text.into()));
            slot.content_type = Some(content_type.clone());
        }
        out.push(why, Action::Do(Order::Receive { token, slot: id, size, content_type, until }));
    }

    /// The bytes of a PUT are stored (S17 to S20, U3): from now on there is a file, and what was planned for it goes.
    pub(super) fn stored(&mut self, token: Token, id: SlotId, bytes: u64, out: &mut Out<'_>) {
        let text = id.text();
        let running = self.state.slot_ids.get(&id).copied().filter(|number| {
            let slot = self.state.slots.get(number);
            slot.and_then(|slot| slot.put.as_ref()).is_some_and(|(running, _)| *running == token)
        });
        let Some(number) = running else { return refuse(out, rule::S17, token, &text, 409) };
        let Some(slot) = self.state.slots.get(&number) else { return };
        let late = slot.expire_before.is_some_and(|at| at <= self.state.now);
        if slot.size != bytes || late {
            self.end(number);
            let (why, status) = if late { (rule::D2, 410) } else { (rule::U3, 400) };
            return refuse(out, why, token, &text, status);
        }
        let Some(why) = self.settle(number, out) else { return refuse(out, rule::S20, token, &text, 507) };
        self.evict(number, out);
        let Some(slot) = self.state.release(number) else { return };
        out.push(why, Action::Do(Order::Accept { token, slot: id }));
        self.keep(number, slot, out);
    }

    /// A PUT broke off (U5).
    pub(super) fn failed(&mut self, id: SlotId, out: &mut Out<'_>) {
        let Some(&number) = self.state.slot_ids.get(&id) else {
            return out.push(rule::U5, Action::Tell(Notice::NothingChanged));
        };
        self.end(number);
        out.push(rule::U5, Action::Tell(Notice::Ended { slot: id }));
    }

    fn end(&mut self, number: u64) {
        if let Some(slot) = self.state.release(number) {
            self.state.tidy_lot(slot.lot);
        }
    }

    /// Whether a slot still fits: as it was planned, or with another plan. If not, it ends.
    fn settle(&mut self, number: u64, out: &mut Out<'_>) -> Option<Rule> {
        let state = &self.state;
        let slot = state.slots.get(&number)?;
        let (id, lot_index, size) = (slot.id, slot.lot, slot.size);
        let (bytes, files, account_bytes, service_bytes) = slot.net;
        let lot = state.lot(lot_index)?;
        let account = state.account(lot.account)?;
        // Nobody may upload any more, or not into this bucket: then it fits nowhere.
        let terms = state.terms(lot_index).filter(|(_, bucket)| bucket.enabled);
        let fits = terms.is_some_and(|(class, bucket)| {
            lot.used.saturating_add(bytes) <= bucket.hard
                && lot.files.saturating_add(files) <= u64::from(bucket.max_files)
                && account.used.saturating_add(account_bytes) <= class.hard
                && state.used.saturating_add(service_bytes) <= state.policy.hard
                && size <= bucket.max_file
        });
        if fits {
            return Some(rule::S18);
        }
        // What was planned for it is free for its new plan.
        self.state.unplan(number);
        let state = &self.state;
        let terms = state.terms(lot_index).filter(|(_, bucket)| bucket.enabled && size <= bucket.max_file);
        let plan = terms.zip(state.lot(lot_index)).and_then(|((class, bucket), lot)| {
            let name = state.bucket_name(lot.bucket).0;
            let view = View { state, account: Some(lot.account), stored_only: true };
            judge::fit(&state.policy, &state.limits, class, bucket, name, &view, size, state.now).ok()
        });
        let Some(plan) = plan else {
            self.end(number);
            return None;
        };
        let files = plan.files.iter().filter_map(|file| u32::try_from(file.file).ok()).collect();
        self.state.replan(number, files, (plan.bucket_target, plan.service_target));
        out.push(rule::S19, Action::Tell(Notice::Replanned { slot: id, plan: self.planned(number) }));
        Some(rule::S19)
    }

    /// Deletes what is planned for a slot, as far as it is in the way (E2, E3, E4).
    fn evict(&mut self, number: u64, out: &mut Out<'_>) {
        let plan = self.state.slots.get(&number).map(|slot| slot.plan.clone()).unwrap_or_default();
        let over = self.in_the_way(number, false);
        for index in plan {
            let (Some(file), Some(slot)) = (self.state.file(index), self.state.slots.get(&number)) else { continue };
            let (id, own) = (file.id, file.lot == slot.lot);
            let still = self.in_the_way(number, true);
            if !((own && over.0 && still.0) || (over.1 && still.1)) {
                out.push(rule::E3, Action::Tell(Notice::Spared { slot: id }));
                continue;
            }
            let (why, reason) = if own { (rule::E2, Reason::Evicted) } else { (rule::E4, Reason::Pressure) };
            self.delete(index, why, reason, out);
        }
    }

    /// Whether the file of a slot is too much for its owner, and for the service, beside what other slots may add: for
    /// the hard quotas, or for those at which its plan ends.
    fn in_the_way(&self, number: u64, target: bool) -> (bool, bool) {
        let state = &self.state;
        let found = state.slots.get(&number).and_then(|slot| {
            let lot = state.lot(slot.lot)?;
            Some((slot, lot, state.account(lot.account)?, state.terms(slot.lot)?))
        });
        let Some((slot, lot, account, (class, bucket))) = found else { return (false, false) };
        let sum = |used: u64, net: u64, own: u64, more: u64| {
            used.saturating_add(net.saturating_sub(own)).saturating_add(more)
        };
        let (bucket_most, service_most) = if target {
            (bucket.hard.min(slot.bucket_target), state.policy.hard.min(slot.service_target))
        } else {
            (bucket.hard, state.policy.hard)
        };
        let owner = sum(lot.used, lot.net, slot.net.0, slot.size) > bucket_most
            || sum(lot.files, lot.net_files, slot.net.1, 1) > u64::from(bucket.max_files)
            || sum(account.used, account.net, slot.net.2, slot.size) > class.hard;
        (owner, sum(state.used, state.net, slot.net.3, slot.size) > service_most)
    }

    /// Makes a file of a slot that was used.
    fn keep(&mut self, number: u64, slot: Slot, out: &mut Out<'_>) {
        let state = &mut self.state;
        let now = state.now;
        let purpose = state.purpose(slot.lot);
        let Some((class, bucket)) = state.terms(slot.lot) else { return };
        let (why, at) = judge::deadline(&state.policy, class, bucket, purpose, slot.expire_before, (slot.granted, now));
        let content_type = slot.content_type.unwrap_or_else(|| OCTETS.into());
        let mut flags = Flags::default();
        flags.set(Flags::INLINE, harmless(&content_type));
        let (id, name, size) = (slot.id, slot.name.clone(), slot.size);
        let index = state.store(File {
            id,
            name: slot.name,
            size,
            stored: now,
            deadline: at.unwrap_or(NEVER),
            number,
            lot: slot.lot,
            at: NOWHERE,
            cause: Cause::of(why),
            flags,
        });
        out.push(why, Action::Tell(Notice::Deadline { slot: id, at }));
        if !self.state.policy.uploaded_node {
            return;
        }
        let Some(suffixed) = self.state.list(index) else { return };
        let owner = self.state.owner(slot.lot).map(|owner| owner.jid.clone());
        if let (Some((node, item)), Some(owner)) = (self.state.item(index), owner) {
            let url = format!("{}{id}/{}", self.config.get_base, percent(&name)).into();
            let file = Shared { name, size, content_type, url };
            let order = Order::Publish { account: (*owner).into(), node: node.into(), item: item.into(), file };
            out.push(if suffixed { rule::R5 } else { rule::R1 }, Action::Do(order));
        }
    }
}

/// The content type without its parameters.
fn bare(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}
