//! Files that are there: reading, deleting, referring, holding, and what a new policy or class does to them.

use super::machine::{Out, Service};
use super::state::{Cause, File, Flags, NEVER, State};
use crate::machine::Action;
use crate::retention::Purpose;
use crate::retention::host::{Notice, Order, Reason, Reference, Retracted, Token, Which};
use crate::retention::http::HttpMeta;
use crate::retention::policy::{Keep, Policy};
use crate::retention::rules::table as rule;
use crate::retention::slot::SlotId;
use crate::rule::Rule;
use crate::time::{Span, Time};

/// How often reading a profile file lengthens its life.
const TOUCH: Span = Span::from_days(1);

impl Service {
    /// What a GET is answered with: the file with its headers, or a status. Nothing changes: where
    /// [`HttpMeta::touch`] says so, the host tells the machine too.
    ///
    /// `text` is what stands in the URL.
    pub fn look(&self, now: Time, text: &str) -> (Rule, Result<(SlotId, HttpMeta), u16>) {
        let now = now.max(self.state.now);
        let Some(id) = SlotId::parse(text) else { return (rule::H4, Err(404)) };
        let Some(file) = self.state.find(id).and_then(|index| self.state.file(index)) else {
            let deleted = self.state.tombstones.get(&id);
            let known = deleted.is_some_and(|at| at.plus(self.state.policy.tombstone_for) > now);
            return if known { (rule::H3, Err(410)) } else { (rule::H4, Err(404)) };
        };
        if !Self::available(file, now) {
            return (rule::H3, Err(410));
        }
        let ephemeral = self.state.purpose(file.lot) == Purpose::Ephemeral;
        let inline = file.flags.has(Flags::INLINE);
        let deadline = (file.deadline != NEVER).then_some(file.deadline);
        let mut meta = HttpMeta::new(now, deadline, ephemeral, inline);
        meta.touch = self.touched(file, now).is_some();
        let why = match (ephemeral, inline) {
            (true, _) => rule::H2,
            (false, true) => rule::H1,
            (false, false) => rule::H5,
        };
        (why, Ok((id, meta)))
    }

    /// The deadline that a file has when it is read now, if that is another one (D6).
    fn touched(&self, file: &File, now: Time) -> Option<Time> {
        if file.cause != Cause::Unread {
            return None;
        }
        let Keep::For(keep) = self.state.terms(file.lot)?.1.keep else { return None };
        let at = now.plus(keep);
        (at.since(file.deadline) >= TOUCH).then_some(at)
    }

    pub(super) fn get(&mut self, token: Token, text: Box<str>, out: &mut Out<'_>) {
        match self.look(self.state.now, &text) {
            (why, Err(status)) => out.push(why, Action::Do(Order::Refuse { token, slot: text, status })),
            (why, Ok((id, meta))) => {
                out.push(why, Action::Do(Order::Serve { token, slot: id, meta }));
                let found = self.state.find(id);
                let file = found.and_then(|index| self.state.file(index));
                if let (Some(index), Some(at)) = (found, file.and_then(|file| self.touched(file, self.state.now))) {
                    self.set(index, at, Cause::Unread, out);
                }
            }
        }
    }

    /// Gives a file another deadline, no later than its own item has, and tells it.
    fn set(&mut self, index: u32, at: Time, cause: Cause, out: &mut Out<'_>) {
        let Some(file) = self.state.file(index) else { return };
        let id = file.id;
        let link = self.state.links.get(&file.number).copied().filter(|link| *link < at);
        let (at, cause) = link.map_or((at, cause), |link| (link, Cause::Linked));
        self.state.set_deadline(index, at, cause);
        let at = (at != NEVER).then_some(at);
        out.push(cause.rule(), Action::Tell(Notice::Deadline { slot: id, at }));
    }

    /// A user deletes a file (R3, R4).
    pub(super) fn retract(&mut self, token: Token, account: &str, which: &Which, out: &mut Out<'_>) {
        let found = match which {
            Which::Slot(text) => SlotId::parse(text).and_then(|id| self.state.find(id)),
            Which::Item { node, item } => self.state.find_item(account, node, item),
        };
        let refused = match found.and_then(|index| self.state.file(index)) {
            None => Some(Retracted::NotFound),
            Some(file) => {
                let own = self.state.owner(file.lot).is_some_and(|owner| *owner.jid == *account);
                (!own || file.flags.has(Flags::PINNED)).then_some(Retracted::Forbidden)
            }
        };
        match (refused, found) {
            (None, Some(index)) => {
                self.delete(index, rule::R3, Reason::Retracted, out);
                out.push(rule::R3, Action::Do(Order::Retracted { token, done: Retracted::Done }));
            }
            (done, _) => {
                let done = done.unwrap_or(Retracted::NotFound);
                out.push(rule::R4, Action::Do(Order::Retracted { token, done }));
            }
        }
    }

    /// An item refers to a file (D3, D10).
    pub(super) fn referenced(&mut self, text: &str, by: Reference, out: &mut Out<'_>) {
        let Some((index, number)) = self.referred(text, &by) else {
            return out.push(rule::D10, Action::Tell(Notice::NothingChanged));
        };
        let limits = &self.state.limits;
        let long = by.node.len().saturating_add(by.item.len()) > limits.reference_bytes;
        if long || self.state.references_of(number).count() >= limits.references {
            return out.push(rule::D10, Action::Tell(Notice::NothingChanged));
        }
        self.state.references.insert((number, by));
        self.state.flag(index, Flags::REFERENCED, true);
        self.state.spare(index);
        if self.is_profile(index) {
            self.set(index, NEVER, Cause::Referenced, out);
        } else {
            out.push(rule::D3, Action::Tell(Notice::Done));
        }
    }

    /// An item no longer refers to a file (D4).
    pub(super) fn unreferenced(&mut self, text: &str, by: &Reference, out: &mut Out<'_>) {
        let found = self.referred(text, by);
        let gone = found.filter(|(_, number)| self.state.references.remove(&(*number, by.clone())));
        let Some((index, number)) = gone else {
            return out.push(rule::D10, Action::Tell(Notice::NothingChanged));
        };
        if self.state.references_of(number).next().is_some() {
            return out.push(rule::D3, Action::Tell(Notice::Done));
        }
        self.state.flag(index, Flags::REFERENCED, false);
        if self.is_profile(index) {
            let at = self.state.now.plus(self.state.policy.profile_grace);
            self.set(index, at, Cause::Grace, out);
        } else {
            out.push(rule::D4, Action::Tell(Notice::Done));
        }
    }

    fn is_profile(&self, index: u32) -> bool {
        self.state.file(index).is_some_and(|file| self.state.purpose(file.lot) == Purpose::Profile)
    }

    /// The file that an item of its owner refers to, and its number.
    fn referred(&self, text: &str, by: &Reference) -> Option<(u32, u64)> {
        let index = self.state.find(SlotId::parse(text)?)?;
        let file = self.state.file(index).filter(|file| Self::available(file, self.state.now))?;
        (*self.state.owner(file.lot)?.jid == *by.account).then_some((index, file.number))
    }

    /// The own item of a file expires (D8).
    pub(super) fn linked(&mut self, id: SlotId, published: Time, item_expire: Option<Span>, out: &mut Out<'_>) {
        let file = self.state.find(id).and_then(|index| Some((index, self.state.file(index)?)));
        let Some(((index, file), span)) = file.zip(item_expire) else {
            return out.push(rule::D8, Action::Tell(Notice::NothingChanged));
        };
        let link = published.plus(span);
        let (number, deadline, cause) = (file.number, file.deadline, file.cause);
        // What was promised once is not taken back by a later change of the node.
        let link = self.state.links.get(&number).map_or(link, |before| link.min(*before));
        self.state.links.insert(number, link);
        if link < deadline {
            self.set(index, link, Cause::Linked, out);
        } else {
            self.set(index, deadline, cause, out);
        }
    }

    pub(super) fn pin(&mut self, id: SlotId, on: bool, out: &mut Out<'_>) {
        let Some(index) = self.state.find(id) else {
            return out.push(rule::A3, Action::Tell(Notice::NothingChanged));
        };
        self.state.flag(index, Flags::PINNED, on);
        if on {
            self.state.spare(index);
        }
        out.push(rule::A3, Action::Tell(Notice::Done));
        self.sweep(out);
    }

    pub(super) fn remove(&mut self, id: SlotId, out: &mut Out<'_>) {
        match self.state.find(id) {
            Some(index) => self.delete(index, rule::A2, Reason::Removed, out),
            None => out.push(rule::A2, Action::Tell(Notice::NothingChanged)),
        }
    }

    /// An account is gone (A1).
    pub(super) fn account_removed(&mut self, jid: &str, out: &mut Out<'_>) {
        let Some(index) = self.state.find_account(jid) else {
            return out.push(rule::A1, Action::Tell(Notice::NothingChanged));
        };
        self.state.set_class(index, None);
        let Some(account) = self.state.account(index) else { return };
        let (lots, open) = (account.lots.clone(), account.open.clone());
        for number in open {
            if let Some(slot) = self.state.release(number) {
                match slot.put {
                    Some((token, text)) => {
                        out.push(rule::A1, Action::Do(Order::Refuse { token, slot: text, status: 403 }));
                    }
                    None => out.push(rule::A1, Action::Tell(Notice::Ended { slot: slot.id })),
                }
            }
        }
        // In the order in which they were stored.
        let all = lots.iter().flat_map(|(_, lot)| self.state.files_of(*lot));
        let mut files: Vec<(Time, u64, u32)> =
            all.filter_map(|index| self.state.file(index).map(|file| (file.stored, file.number, index))).collect();
        files.sort_unstable();
        for (_, _, index) in files {
            self.delete(index, rule::A1, Reason::AccountRemoved, out);
        }
        for (_, lot) in lots {
            // Its rate stays: else to leave and to come again would be worth something.
            self.state.tidy_lot(lot);
        }
        self.state.tidy_account(index);
        out.push(rule::A1, Action::Tell(Notice::Done));
    }

    /// An account is put into another class (A4).
    pub(super) fn class(&mut self, jid: &str, class: Option<Box<str>>, out: &mut Out<'_>) {
        let index = match (self.state.find_account(jid), class.is_some()) {
            (None, false) => None,
            (None, true) => Some(self.state.need_account(jid)),
            (found, _) => found,
        };
        if let Some(index) = index {
            self.state.set_class(index, class);
            self.state.tidy_account(index);
        }
        out.push(rule::A4, Action::Tell(Notice::Done));
    }

    /// A new policy is in force (D9).
    pub(super) fn policy_in_force(&mut self, policy: Policy, out: &mut Out<'_>) {
        let old = core::mem::replace(&mut self.state.policy, policy);
        self.state.take_directories();
        for lot in 0..u32::try_from(self.state.lots.len()).unwrap_or(u32::MAX) {
            self.state.rehome(lot);
        }
        let mut shortened = 0;
        for index in 0..u32::try_from(self.state.files.len()).unwrap_or(u32::MAX) {
            let Some(at) = self.state.shortened(index, &old) else { continue };
            shortened += 1;
            self.state.set_deadline(index, at, Cause::Shortened);
        }
        out.push(rule::D9, Action::Tell(Notice::PolicyInForce { shortened }));
    }
}

impl State {
    /// The deadline that a new policy gives a file, if it is sooner than that which it has.
    fn shortened(&self, index: u32, old: &Policy) -> Option<Time> {
        let file = self.file(index)?;
        let (class, bucket) = self.terms(file.lot)?;
        let after = |start: Time, keep: Keep| match keep {
            Keep::Infinite => NEVER,
            Keep::For(span) => start.plus(span),
        };
        let at = match (self.purpose(file.lot), file.cause) {
            (Purpose::Permanent, _) => return None,
            (Purpose::Profile, Cause::Unused) => match class.bucket(Purpose::Message).keep {
                Keep::Infinite => NEVER,
                Keep::For(span) => file.stored.plus(span.max(self.policy.profile_unused)),
            },
            (Purpose::Profile, Cause::Unread) => {
                let name = self.bucket_name(self.lot(file.lot)?.bucket).0;
                let before = old.class_named(&class.name).and_then(|class| {
                    old.buckets(class).find(|(other, _)| *other == name).map(|(_, bucket)| bucket.keep)
                });
                let Some(Keep::For(before)) = before else { return None };
                let read = Time::from_millis(file.deadline.millis().saturating_sub(before.millis()));
                after(read, bucket.keep)
            }
            // While it is referred to, and in its grace.
            (Purpose::Profile, _) => return None,
            (_, _) => after(file.stored, bucket.keep),
        };
        let at = at.max(self.now.plus(self.policy.notice)).min(file.deadline);
        (at < file.deadline).then_some(at)
    }

    /// Whether the operator buckets of a policy find numbers beside those that still have files.
    pub(super) fn room_for(&self, policy: &Policy) -> bool {
        let kept = self.directories.iter().filter(|(name, _)| !policy.directories.contains_key(&**name)).count();
        kept + policy.directories.len() <= usize::from(u8::MAX) - 4
    }

    /// Gives the operator buckets of the policy numbers: those that they have, else new ones.
    pub(super) fn take_directories(&mut self) {
        for (name, purpose) in &self.policy.directories {
            match self.directories.iter_mut().find(|(known, _)| **known == **name) {
                Some(known) => known.1 = *purpose,
                None => self.directories.push((name.as_str().into(), *purpose)),
            }
        }
    }
}
