//! Participants in the order of their IDs: a sorted list in chunks, so that a join into a large room moves little.

use super::people::Slot;
use crate::gc3::id::ParticipantId;

/// The most slots of one chunk: four kilobytes.
const CHUNK: usize = 1024;

/// Slots in the order of their participants' IDs, which the caller looks up.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// None of them is empty.
    chunks: Vec<Vec<Slot>>,
}

impl Order {
    /// The order of slots that are sorted already.
    pub(super) fn of(sorted: &[Slot]) -> Self {
        Self { chunks: sorted.chunks(CHUNK / 2).map(<[Slot]>::to_vec).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.chunks.iter().flatten().copied()
    }

    /// The chunk where an ID is, or where it would be.
    fn chunk(&self, id: ParticipantId, id_of: &impl Fn(Slot) -> Option<ParticipantId>) -> usize {
        let before = |chunk: &Vec<Slot>| chunk.last().and_then(|&slot| id_of(slot)) < Some(id);
        self.chunks.partition_point(before).min(self.chunks.len().saturating_sub(1))
    }

    pub(super) fn find(&self, id: ParticipantId, id_of: impl Fn(Slot) -> Option<ParticipantId>) -> Option<Slot> {
        let chunk = self.chunks.get(self.chunk(id, &id_of))?;
        let at = chunk.binary_search_by_key(&Some(id), |&slot| id_of(slot)).ok()?;
        chunk.get(at).copied()
    }

    pub(super) fn insert(&mut self, id: ParticipantId, slot: Slot, id_of: impl Fn(Slot) -> Option<ParticipantId>) {
        let nth = self.chunk(id, &id_of);
        let Some(chunk) = self.chunks.get_mut(nth) else { return self.chunks.push(vec![slot]) };
        chunk.insert(chunk.partition_point(|&other| id_of(other) < Some(id)), slot);
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.chunks.insert(nth + 1, rest);
        }
    }

    pub(super) fn remove(&mut self, id: ParticipantId, id_of: impl Fn(Slot) -> Option<ParticipantId>) {
        let nth = self.chunk(id, &id_of);
        let Some(chunk) = self.chunks.get_mut(nth) else { return };
        if let Ok(at) = chunk.binary_search_by_key(&Some(id), |&slot| id_of(slot)) {
            chunk.remove(at);
        }
        if chunk.is_empty() {
            self.chunks.remove(nth);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::party::Seat;
    use crate::seed::Seed;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn it_stays_sorted_and_finds_all(ops in prop::collection::vec((any::<bool>(), 0u32..4000), 0..6000)) {
            let seed = Seed::new([5; 32]);
            let ids: Vec<_> = (0..4000u32).map(|n| ParticipantId::of(&seed, &n.to_string())).collect();
            let id_of = |slot: Seat| ids.get(slot.index()).copied();
            let mut order = Order::default();
            let mut model = std::collections::BTreeMap::new();
            for (add, n) in ops {
                let id = ids[n as usize];
                if add && model.insert(id, Seat(n)).is_none() {
                    order.insert(id, Seat(n), id_of);
                } else if !add && model.remove(&id).is_some() {
                    order.remove(id, id_of);
                }
            }
            prop_assert!(order.iter().eq(model.values().copied()));
            prop_assert!(order.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
            for (n, &id) in ids.iter().enumerate() {
                prop_assert_eq!(order.find(id, id_of), model.get(&id).map(|_| Seat(n as u32)));
            }
            let sorted: Vec<Seat> = order.iter().collect();
            prop_assert!(Order::of(&sorted).iter().eq(sorted.iter().copied()));
        }
    }
}
