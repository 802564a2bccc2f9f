//! Addresses and their slots.

use core::fmt;
use core::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use super::{Address, Seats};

/// A slot in a [`Roster`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Seat(pub u32);

impl Seat {
    /// The slot as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A slab of addresses with look-up by text. The hash is keyed, so that nobody can choose addresses that collide.
#[derive(Clone)]
pub struct Roster {
    slots: Vec<Option<Address>>,
    taken: Seats,
    lowest_free: u32,
    index: HashTable<u32>,
    key: [u8; 16],
}

impl Roster {
    /// An empty roster whose look-up is hashed under `key`, a secret.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self { slots: Vec::new(), taken: Seats::new(), lowest_free: 0, index: HashTable::new(), key }
    }

    /// The key under which the look-up is hashed.
    pub(crate) const fn key(&self) -> [u8; 16] {
        self.key
    }

    fn hash(key: &[u8; 16], text: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(key);
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// Makes room for that many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.slots.reserve_exact(more);
        let (key, slots) = (self.key, &self.slots);
        self.index.reserve(more, |&slot| {
            slots.get(slot as usize).and_then(Option::as_ref).map_or(0, |a| Self::hash(&key, a.as_str()))
        });
    }

    /// How many are seated.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether nobody is seated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// The seat that the next one will be given.
    #[must_use]
    pub fn next_seat(&self) -> Seat {
        Seat(self.lowest_free)
    }

    /// Seats an address in the lowest free slot. One that is seated already keeps its seat.
    pub fn seat(&mut self, address: Address) -> Seat {
        if let Some(seat) = self.find(address.as_str()) {
            return seat;
        }
        let seat = Seat(self.lowest_free);
        let hash = Self::hash(&self.key, address.as_str());
        self.place(seat, address, hash);
        seat
    }

    /// Seats an address in a given free slot, as a snapshot says. `false` if the slot or the address is taken.
    pub fn seat_at(&mut self, seat: Seat, address: Address) -> bool {
        let hash = Self::hash(&self.key, address.as_str());
        let free = !self.taken.contains(seat) && self.find_hashed(hash, address.as_str()).is_none();
        if free {
            self.place(seat, address, hash);
        }
        free
    }

    fn place(&mut self, seat: Seat, address: Address, hash: u64) {
        let at = seat.index();
        if at >= self.slots.capacity() {
            // By a sixteenth: a room of a hundred thousand must not hold twice its size.
            self.slots.reserve_exact((at + 1 - self.slots.len()).max(self.slots.len() / 16 + 4));
        }
        while self.slots.len() <= at {
            self.slots.push(None);
        }
        let key = self.key;
        let slots = &mut self.slots;
        self.index.insert_unique(hash, seat.0, |&slot| {
            slots.get(slot as usize).and_then(Option::as_ref).map_or(0, |a| Self::hash(&key, a.as_str()))
        });
        slots[at] = Some(address);
        self.taken.insert(seat);
        if seat.0 == self.lowest_free {
            self.lowest_free = self.taken.first_gap(seat.0);
        }
    }

    /// Frees a seat; gives back who sat there.
    pub fn unseat(&mut self, seat: Seat) -> Option<Address> {
        let hash = Self::hash(&self.key, self.slots.get(seat.index())?.as_ref()?.as_str());
        if let Ok(found) = self.index.find_entry(hash, |&slot| slot == seat.0) {
            found.remove();
        }
        let address = self.slots[seat.index()].take();
        self.taken.remove(seat);
        self.lowest_free = self.lowest_free.min(seat.0);
        address
    }

    /// The seat of an address.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Seat> {
        self.find_hashed(Self::hash(&self.key, text), text)
    }

    fn find_hashed(&self, hash: u64, text: &str) -> Option<Seat> {
        let holds = |&slot: &u32| self.get(Seat(slot)).is_some_and(|a| a.as_str() == text);
        self.index.find(hash, holds).map(|&slot| Seat(slot))
    }

    /// Who sits in a seat.
    #[must_use]
    pub fn get(&self, seat: Seat) -> Option<&Address> {
        self.slots.get(seat.index())?.as_ref()
    }

    /// All who are seated, in seat order.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, &Address)> {
        self.taken.iter().filter_map(|seat| Some((seat, self.get(seat)?)))
    }

    /// The seats that are taken.
    #[must_use]
    pub fn taken(&self) -> &Seats {
        &self.taken
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
