//! A binary heap of numbers whose members know their places, so that any of them can be taken out.
//!
//! The order of the array depends on history and is never shown: only the top is.

/// What a heap needs to know of its members.
pub(super) trait Places {
    /// Whether `a` comes before `b`. No two members are equal.
    fn before(&self, a: u32, b: u32) -> bool;
    /// The place of a member.
    fn place(&self, member: u32) -> u32;
    /// Remembers the place of a member.
    fn placed(&mut self, member: u32, at: u32);
}

/// The place of what is in no heap.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Adds a member.
pub(super) fn push(heap: &mut Vec<u32>, places: &mut impl Places, member: u32) {
    heap.push(member);
    let at = heap.len() - 1;
    places.placed(member, at as u32);
    up(heap, places, at);
}

/// Takes a member out; does nothing if it is not in the heap.
pub(super) fn remove(heap: &mut Vec<u32>, places: &mut impl Places, member: u32) {
    let at = places.place(member) as usize;
    if heap.get(at) != Some(&member) {
        return;
    }
    heap.swap_remove(at);
    places.placed(member, NOWHERE);
    if let Some(&moved) = heap.get(at) {
        places.placed(moved, at as u32);
        fix(heap, places, moved);
    }
}

/// Puts a member where it belongs after its order changed.
pub(super) fn fix(heap: &mut [u32], places: &mut impl Places, member: u32) {
    let at = places.place(member) as usize;
    if heap.get(at) == Some(&member) {
        let at = up(heap, places, at);
        down(heap, places, at);
    }
}

fn up(heap: &mut [u32], places: &mut impl Places, mut at: usize) -> usize {
    while at > 0 {
        let parent = (at - 1) / 2;
        if !places.before(heap[at], heap[parent]) {
            break;
        }
        swap(heap, places, at, parent);
        at = parent;
    }
    at
}

fn down(heap: &mut [u32], places: &mut impl Places, mut at: usize) {
    loop {
        let left = 2 * at + 1;
        let Some(&first) = heap.get(left) else { return };
        let child = match heap.get(left + 1) {
            Some(&second) if places.before(second, first) => left + 1,
            _ => left,
        };
        if !places.before(heap[child], heap[at]) {
            return;
        }
        swap(heap, places, at, child);
        at = child;
    }
}

fn swap(heap: &mut [u32], places: &mut impl Places, a: usize, b: usize) {
    heap.swap(a, b);
    places.placed(heap[a], a as u32);
    places.placed(heap[b], b as u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Keys {
        keys: Vec<u64>,
        at: Vec<u32>,
    }

    impl Places for Keys {
        fn before(&self, a: u32, b: u32) -> bool {
            (self.keys[a as usize], a) < (self.keys[b as usize], b)
        }
        fn place(&self, member: u32) -> u32 {
            self.at[member as usize]
        }
        fn placed(&mut self, member: u32, at: u32) {
            self.at[member as usize] = at;
        }
    }

    proptest! {
        #[test]
        fn the_top_is_the_least_whatever_comes_and_goes(ops in prop::collection::vec((0u8..3, 0u32..40, 0u64..50), 0..200)) {
            let mut places = Keys { keys: vec![0; 40], at: vec![NOWHERE; 40] };
            let mut heap = Vec::new();
            for (what, member, key) in ops {
                let inside = places.at[member as usize] != NOWHERE;
                match what {
                    0 if !inside => {
                        places.keys[member as usize] = key;
                        push(&mut heap, &mut places, member);
                    }
                    1 => remove(&mut heap, &mut places, member),
                    _ => {
                        places.keys[member as usize] = key;
                        fix(&mut heap, &mut places, member);
                    }
                }
                let least = heap.iter().copied().min_by_key(|m| (places.keys[*m as usize], *m));
                prop_assert_eq!(heap.first().copied(), least);
                prop_assert!(heap.iter().enumerate().all(|(at, m)| places.at[*m as usize] == at as u32));
            }
        }
    }
}
