//! Which files go first when the whole service is full (E4), without a look at every account.
//!
//! Lots whose files may go stand in trees by their use, one tree for each purpose, priority and least age. So the fair
//! share is a sum that is kept, and the lot with the oldest file among those above it is found on one way down. What a
//! decision costs grows with the files that it shows and with the logarithm of the accounts.

mod tree;

#[cfg(test)]
mod tests;

use core::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::heap::NOWHERE;
use super::state::State;
use crate::retention::Purpose;
use crate::retention::judge::Candidate;
use crate::time::{Span, Time};
use tree::{Age, Nodes};

/// The purposes in the order in which their files go. Permanent files never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Message,
    Ephemeral,
    Profile,
}

/// The tree in which a lot stands while it has files that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Home {
    turn: Turn,
    priority: u8,
    min_age: Span,
}

impl Home {
    /// Trees of one group share what is fair, and are emptied together.
    fn group(&self) -> (Turn, u8) {
        (self.turn, self.priority)
    }
}

/// A tree of lots.
#[derive(Clone, Copy, Debug)]
struct Tree {
    root: u32,
    lots: u64,
    used: u128,
}

/// All lots that may have to give.
#[derive(Clone, Debug)]
pub(super) struct Pressure {
    trees: BTreeMap<Home, Tree>,
    nodes: Nodes,
}

impl Pressure {
    pub(super) const fn new(key: [u8; 16]) -> Self {
        Self { trees: BTreeMap::new(), nodes: Nodes::new(key) }
    }

    /// Lets a lot stand there and nowhere else.
    fn put(&mut self, lot: u32, place: Option<(Home, u64, Age)>) {
        let node = self.nodes.get(lot);
        let old = node.and_then(|node| Some((node.home?, node.used, node.front)));
        if old == place {
            return;
        }
        if let Some((home, used, _)) = old
            && let Some(tree) = self.trees.get_mut(&home)
        {
            self.nodes.remove(&mut tree.root, lot);
            tree.lots = tree.lots.saturating_sub(1);
            tree.used = tree.used.saturating_sub(u128::from(used));
            if tree.root == NOWHERE {
                self.trees.remove(&home);
            }
        }
        if let Some((home, used, front)) = place {
            let tree = self.trees.entry(home).or_insert(Tree { root: NOWHERE, lots: 0, used: 0 });
            self.nodes.insert(&mut tree.root, lot, home, used, front);
            tree.lots += 1;
            tree.used += u128::from(used);
        }
    }
}

impl State {
    /// Where a lot belongs while it has files that may go.
    fn home_of(&self, lot: u32) -> Option<Home> {
        let (_, bucket) = self.terms(lot)?;
        let turn = match self.purpose(lot) {
            Purpose::Message => Turn::Message,
            Purpose::Ephemeral => Turn::Ephemeral,
            Purpose::Profile => Turn::Profile,
            Purpose::Permanent => return None,
        };
        // What is never evicted for its owner is not evicted for others.
        bucket.evict.then_some(Home { turn, priority: bucket.priority, min_age: bucket.min_age })
    }

    fn place_of(&self, lot: u32) -> Option<(Home, u64, Age)> {
        let lot = self.lot(lot)?;
        let front = self.file(*lot.queue.front()?)?;
        Some((lot.home?, lot.used, (front.stored, front.number)))
    }

    /// Finds a lot its home: to be called when it is new, and when its account's class or the policy is another one.
    pub(super) fn rehome(&mut self, lot: u32) {
        let home = self.home_of(lot);
        if let Some(lot) = self.lot_mut(lot) {
            lot.home = home;
        }
        self.replace(lot);
    }

    /// Puts a lot where it belongs, after its use or its oldest file changed.
    pub(super) fn replace(&mut self, lot: u32) {
        let place = self.place_of(lot);
        self.pressure.put(lot, place);
    }

    /// Shows the files of everybody that may go, in the order of rule E4, until `more` is `false`.
    pub(super) fn pressed(&self, now: Time, more: &mut dyn FnMut(Candidate) -> bool) {
        let trees: Vec<_> = self.pressure.trees.iter().collect();
        for group in trees.chunk_by(|(a, _), (b, _)| a.group() == b.group()) {
            let mut walk = Walk { state: self, now, shown: BTreeMap::new(), next: BinaryHeap::new() };
            if !walk.group(group, more) {
                return;
            }
        }
    }

    /// Whether every lot stands where it belongs.
    pub(super) fn check_pressure(&self) -> Result<(), &'static str> {
        let mut standing = 0;
        for lot in (0..).take(self.lots.len().max(self.pressure.nodes.len())) {
            if self.lot(lot).is_some_and(|found| found.home != self.home_of(lot)) {
                return Err("a lot has the home of another policy or class");
            }
            let node = self.pressure.nodes.get(lot);
            let place = node.and_then(|node| Some((node.home?, node.used, node.front)));
            if place != self.place_of(lot) {
                return Err("a lot does not stand where it belongs");
            }
            standing += u64::from(place.is_some());
        }
        for (home, tree) in &self.pressure.trees {
            if self.pressure.nodes.check(tree.root, *home)? != (tree.lots, tree.used) || tree.lots == 0 {
                return Err("the sum of a tree of lots is wrong");
            }
            standing = standing.saturating_sub(tree.lots);
        }
        if standing == 0 { Ok(()) } else { Err("a lot stands in no tree") }
    }
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A file of this lot.
    File(u32),
    /// Something from this lot down in its tree.
    Below(u32),
}

/// A walk through the files of a group of trees.
struct Walk<'a> {
    state: &'a State,
    now: Time,
    /// Of each lot of which files were shown: where its queue goes on, and how much it would have left.
    shown: BTreeMap<u32, (usize, u64)>,
    /// What is next, by an age that none of its files exceeds.
    next: BinaryHeap<Reverse<(Age, Next)>>,
}

impl Walk<'_> {
    /// Shows files in the order in which they were stored: first of those who have more than a fair share, as long as
    /// they do, then of all. `false` once enough was shown.
    fn group(&mut self, trees: &[(&Home, &Tree)], more: &mut dyn FnMut(Candidate) -> bool) -> bool {
        let (used, lots) = trees.iter().fold((0_u128, 0_u64), |(used, lots), (_, tree)| {
            (used.saturating_add(tree.used), lots.saturating_add(tree.lots))
        });
        let fair = u64::try_from(used / u128::from(lots.max(1))).unwrap_or(u64::MAX);
        for (_, tree) in trees {
            self.over(tree.root, fair);
        }
        if !self.show(Some(fair), more) {
            return false;
        }
        for (_, tree) in trees {
            self.below(tree.root);
        }
        let shown: Vec<_> = self.shown.iter().map(|(lot, (at, _))| (*lot, *at)).collect();
        for (lot, at) in shown {
            self.go_on(lot, at);
        }
        self.show(None, more)
    }

    fn show(&mut self, fair: Option<u64>, more: &mut dyn FnMut(Candidate) -> bool) -> bool {
        let state = self.state;
        while let Some(Reverse((_, next))) = self.next.pop() {
            let index = match next {
                Next::Below(lot) => {
                    self.open(lot);
                    continue;
                }
                Next::File(lot) => lot,
            };
            let Some(lot) = state.lot(index) else { continue };
            let (at, left) = self.shown.get(&index).copied().unwrap_or((0, lot.used));
            let Some((number, file)) = lot.queue.get(at).and_then(|n| Some((*n, state.file(*n)?))) else { continue };
            if !more(Candidate { file: u64::from(number), size: file.size, stored: file.stored }) {
                return false;
            }
            let (at, left) = (at + 1, left.saturating_sub(file.size));
            self.shown.insert(index, (at, left));
            if fair.is_none_or(|fair| left > fair) {
                self.go_on(index, at);
            }
        }
        true
    }

    /// What of a tree uses more than that: on one way down, each lot that does, with all that is right of it.
    fn over(&mut self, root: u32, fair: u64) {
        let mut at = root;
        while let Some(node) = self.state.pressure.nodes.get(at) {
            if node.used > fair {
                self.add(at, node.front, Next::File(at));
                self.below(node.right);
                at = node.left;
            } else {
                at = node.right;
            }
        }
    }

    /// A lot and what is below it, each for itself.
    fn open(&mut self, lot: u32) {
        let Some(node) = self.state.pressure.nodes.get(lot) else { return };
        // A lot of which files were shown goes on by itself.
        if !self.shown.contains_key(&lot) {
            self.add(lot, node.front, Next::File(lot));
        }
        self.below(node.left);
        self.below(node.right);
    }

    fn below(&mut self, lot: u32) {
        if let Some(node) = self.state.pressure.nodes.get(lot) {
            self.add(lot, node.oldest, Next::Below(lot));
        }
    }

    fn go_on(&mut self, lot: u32, at: usize) {
        let next = self.state.lot(lot).and_then(|lot| self.state.file(*lot.queue.get(at)?));
        if let Some(file) = next {
            self.add(lot, (file.stored, file.number), Next::File(lot));
        }
    }

    /// Remembers what may come next, if any of it is old enough.
    fn add(&mut self, lot: u32, age: Age, next: Next) {
        let home = self.state.pressure.nodes.get(lot).and_then(|node| node.home);
        if home.is_some_and(|home| age.0.plus(home.min_age) <= self.now) {
            self.next.push(Reverse((age, next)));
        }
    }
}
