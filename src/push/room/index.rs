//! Seats by a text, several of them under one: a keyed hash, looked up and never iterated.

use core::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use crate::party::Seat;

/// Seats by the hash of a text. What is found may be another's and is to be verified.
#[derive(Clone, Debug)]
pub(super) struct Index {
    table: HashTable<(u64, Seat)>,
    /// Under which hash each seat is listed.
    of: Vec<Option<u64>>,
    key: [u8; 16],
}

impl Index {
    pub(super) const fn new(key: [u8; 16]) -> Self {
        Self { table: HashTable::new(), of: Vec::new(), key }
    }

    fn hash(&self, text: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// Whether nobody is listed.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Lists a seat, which stands under one text only.
    pub(super) fn insert(&mut self, text: &str, seat: Seat) {
        self.remove(seat);
        let hash = self.hash(text);
        if self.of.len() <= seat.index() {
            self.of.resize(seat.index() + 1, None);
        }
        self.of[seat.index()] = Some(hash);
        self.table.insert_unique(hash, (hash, seat), |(hash, _)| *hash);
    }

    /// Takes a seat off the list.
    pub(super) fn remove(&mut self, seat: Seat) {
        if let Some(hash) = self.of.get_mut(seat.index()).and_then(Option::take)
            && let Ok(found) = self.table.find_entry(hash, |(_, other)| *other == seat)
        {
            found.remove();
        }
    }

    /// Calls with every seat that is listed under a text, in no order.
    pub(super) fn each(&self, text: &str, mut with: impl FnMut(Seat)) {
        let hash = self.hash(text);
        for (_, seat) in self.table.iter_hash(hash).filter(|(other, _)| *other == hash) {
            with(*seat);
        }
    }
}
