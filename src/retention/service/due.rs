//! What falls due: slots that nobody used, and files at their deadlines, in order, a bounded number at a time.

use super::machine::{Out, Service};
use super::state::{File, Flags};
use crate::machine::Action;
use crate::retention::host::{Notice, Order, Reason};
use crate::retention::rules::table as rule;
use crate::rule::Rule;
use crate::time::{Span, Time};

impl Service {
    /// Ends what is due by now.
    pub(super) fn sweep(&mut self, out: &mut Out<'_>) {
        let now = self.state.now;
        let mut left = self.state.limits.sweep;
        while left > 0
            && let Some(&(_, number)) = self.state.slots_due.first().filter(|(until, _)| *until <= now)
        {
            left -= 1;
            self.abandon(number, out);
        }
        while left > 0
            && let Some((_, index)) = self.state.next_due().filter(|(deadline, _)| *deadline <= now)
        {
            left -= 1;
            let why = self.state.file(index).map_or(rule::D1, |file| file.cause.rule());
            self.delete(index, why, Reason::Expired, out);
        }
        let slot = self.state.slots_due.first().map(|(until, _)| *until);
        let file = self.state.next_due().map(|(deadline, _)| deadline);
        if slot.into_iter().chain(file).any(|due| due <= now) {
            self.state.resting = now.plus(Span::from_millis(1));
            out.push(rule::E5, Action::Tell(Notice::More));
        }
    }

    /// Ends a slot whose time is over.
    fn abandon(&mut self, number: u64, out: &mut Out<'_>) {
        let Some(slot) = self.state.release(number) else { return };
        match slot.put {
            Some((token, text)) => {
                out.push(rule::U4, Action::Do(Order::Refuse { token, slot: text, status: 408 }));
            }
            None => out.push(rule::E1, Action::Tell(Notice::Ended { slot: slot.id })),
        }
        self.state.tidy_lot(slot.lot);
    }

    /// Deletes a file, and its item with it.
    pub(super) fn delete(&mut self, index: u32, why: Rule, reason: Reason, out: &mut Out<'_>) {
        let item = self.state.item(index);
        let Some((file, owner)) = self.state.delete(index) else { return };
        let File { id, name, size, flags, .. } = file;
        let owner: Box<str> = (*owner).into();
        out.push(why, Action::Do(Order::Delete { slot: id, owner: owner.clone(), name, size, reason }));
        if let Some((node, item)) = item.filter(|_| flags.has(Flags::ITEM)) {
            let order = Order::Unpublish { account: owner, node: node.into(), item: item.into() };
            out.push(rule::R2, Action::Do(order));
        }
    }

    /// Whether a file may be read at that moment.
    pub(super) fn available(file: &File, now: Time) -> bool {
        file.deadline > now
    }
}
