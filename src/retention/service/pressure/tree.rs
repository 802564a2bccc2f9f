//! Binary search trees of lots by their use, in which each part knows which of its lots has the oldest file: so that the
//! oldest of all that use more than something is found without a look at the others.
//!
//! They are treaps: a lot stands above those of less weight, and weights are drawn with a key that nobody knows, so that
//! nobody can make a tree deep. All trees share one array, a place for each lot. Their shape is never shown.

use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::Home;
use crate::retention::service::heap::NOWHERE;
use crate::time::Time;

/// When a file was stored, and its number: no two files are equal.
pub(super) type Age = (Time, u64);

/// What is younger than every file.
const YOUNGEST: Age = (Time::from_millis(u64::MAX), u64::MAX);

/// The place of a lot.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The tree in which it stands.
    pub(super) home: Option<Home>,
    up: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    weight: u32,
    pub(super) used: u64,
    /// The age of its oldest file.
    pub(super) front: Age,
    /// The age of the oldest file of all lots from here down.
    pub(super) oldest: Age,
}

/// The places of all lots.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    key: [u8; 16],
    nodes: Vec<Node>,
}

impl Nodes {
    pub(super) const fn new(key: [u8; 16]) -> Self {
        Self { key, nodes: Vec::new() }
    }

    /// The place of a lot; none at [`NOWHERE`].
    pub(super) fn get(&self, lot: u32) -> Option<&Node> {
        self.nodes.get(lot as usize)
    }

    fn get_mut(&mut self, lot: u32) -> Option<&mut Node> {
        self.nodes.get_mut(lot as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Makes places up to that lot's.
    fn reach(&mut self, lot: u32) {
        while self.nodes.len() <= lot as usize {
            if self.nodes.len() == self.nodes.capacity() {
                self.nodes.reserve_exact(self.nodes.len() / 16 + 4);
            }
            let mut hasher = SipHasher13::new_with_key(&self.key);
            hasher.write_u64(self.nodes.len() as u64);
            self.nodes.push(Node {
                home: None,
                up: NOWHERE,
                left: NOWHERE,
                right: NOWHERE,
                weight: hasher.finish() as u32,
                used: 0,
                front: YOUNGEST,
                oldest: YOUNGEST,
            });
        }
    }

    /// Puts a lot that stands nowhere into a tree.
    pub(super) fn insert(&mut self, root: &mut u32, lot: u32, home: Home, used: u64, front: Age) {
        self.reach(lot);
        let (mut up, mut at) = (NOWHERE, *root);
        while let Some(node) = self.get_mut(at) {
            node.oldest = node.oldest.min(front);
            up = at;
            at = if (used, lot) < (node.used, at) { node.left } else { node.right };
        }
        if let Some(node) = self.get_mut(lot) {
            (node.home, node.up, node.left, node.right) = (Some(home), up, NOWHERE, NOWHERE);
            (node.used, node.front, node.oldest) = (used, front, front);
        }
        match self.get_mut(up) {
            Some(above) if (used, lot) < (above.used, up) => above.left = lot,
            Some(above) => above.right = lot,
            None => *root = lot,
        }
        while let Some(node) = self.get(lot)
            && self.get(node.up).is_some_and(|above| above.weight < node.weight)
        {
            self.lift(root, lot);
        }
    }

    /// Takes a lot out of its tree.
    pub(super) fn remove(&mut self, root: &mut u32, lot: u32) {
        // Down, until nothing hangs from it.
        while let Some(node) = self.get(lot) {
            let heavier = match (self.get(node.left), self.get(node.right)) {
                (Some(left), Some(right)) if left.weight < right.weight => node.right,
                (Some(_), _) => node.left,
                (None, Some(_)) => node.right,
                (None, None) => break,
            };
            self.lift(root, heavier);
        }
        let Some(node) = self.get_mut(lot) else { return };
        let mut up = node.up;
        (node.home, node.up) = (None, NOWHERE);
        self.hang(root, up, lot, NOWHERE);
        while let Some(above) = self.get(up) {
            let (was, next) = (above.oldest, above.up);
            self.look(up);
            if self.get(up).is_some_and(|above| above.oldest == was) {
                // Nothing further up knew of what is gone.
                break;
            }
            up = next;
        }
    }

    /// Lets a lot stand where another one stands: below `up`, or at the root.
    fn hang(&mut self, root: &mut u32, up: u32, old: u32, new: u32) {
        match self.get_mut(up) {
            Some(above) if above.left == old => above.left = new,
            Some(above) => above.right = new,
            None => *root = new,
        }
        if let Some(node) = self.get_mut(new) {
            node.up = up;
        }
    }

    /// Lifts a lot over the one above it.
    fn lift(&mut self, root: &mut u32, lot: u32) {
        let Some(above) = self.get(lot).map(|node| node.up) else { return };
        let Some(parent) = self.get(above) else { return };
        let (further, is_left) = (parent.up, parent.left == lot);
        let Some(node) = self.get_mut(lot) else { return };
        let between = if is_left {
            core::mem::replace(&mut node.right, above)
        } else {
            core::mem::replace(&mut node.left, above)
        };
        if let Some(node) = self.get_mut(between) {
            node.up = above;
        }
        if let Some(parent) = self.get_mut(above) {
            *(if is_left { &mut parent.left } else { &mut parent.right }) = between;
        }
        self.hang(root, further, above, lot);
        if let Some(parent) = self.get_mut(above) {
            parent.up = lot;
        }
        self.look(above);
        self.look(lot);
    }

    /// Finds out anew which file is the oldest from here down.
    fn look(&mut self, lot: u32) {
        let Some(node) = self.get(lot) else { return };
        let below = [node.left, node.right].into_iter().filter_map(|n| self.get(n)).map(|below| below.oldest);
        let oldest = below.fold(node.front, Ord::min);
        if let Some(node) = self.get_mut(lot) {
            node.oldest = oldest;
        }
    }

    /// The lots of a tree and the sum of their use; an error where something in it is not as it must be.
    pub(super) fn check(&self, root: u32, home: Home) -> Result<(u64, u128), &'static str> {
        let (mut lots, mut sum) = (0_u64, 0_u128);
        let mut open = vec![(root, NOWHERE, (0, 0), (u64::MAX, u32::MAX))];
        while let Some((lot, up, least, most)) = open.pop() {
            let Some(node) = self.get(lot) else { continue };
            let key = (node.used, lot);
            let below = [node.left, node.right].into_iter().filter_map(|n| self.get(n));
            let oldest = below.clone().map(|below| below.oldest).fold(node.front, Ord::min);
            let light = below.map(|below| below.weight).all(|weight| weight <= node.weight);
            let sorted = least <= key && key <= most;
            if node.up != up || !sorted || !light || node.oldest != oldest || node.home != Some(home) {
                return Err("a tree of lots is out of order");
            }
            if lots as usize >= self.len() {
                return Err("a tree of lots has no end");
            }
            lots += 1;
            sum += u128::from(node.used);
            open.push((node.left, lot, least, key));
            open.push((node.right, lot, key, most));
        }
        Ok((lots, sum))
    }
}
