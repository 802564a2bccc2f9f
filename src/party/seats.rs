//! Sets of seats.

use core::fmt;

use super::Seat;

/// A set of seats, as a bitmap. Iterates in seat order, so it is sorted and unique by construction.
#[derive(Clone, Default)]
pub struct Seats {
    words: Vec<u64>,
    len: u32,
}

impl Seats {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new(), len: 0 }
    }

    /// How many seats are in the set.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a seat; whether it was not there.
    pub fn insert(&mut self, seat: Seat) -> bool {
        let (word, bit) = Self::place(seat);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u32::from(new);
        new
    }

    /// Removes a seat; whether it was there.
    pub fn remove(&mut self, seat: Seat) -> bool {
        let (word, bit) = Self::place(seat);
        let Some(bits) = self.words.get_mut(word) else { return false };
        let there = *bits & bit != 0;
        *bits &= !bit;
        self.len -= u32::from(there);
        there
    }

    /// Adds or removes.
    pub fn set(&mut self, seat: Seat, there: bool) {
        if there {
            self.insert(seat);
        } else {
            self.remove(seat);
        }
    }

    /// Whether a seat is in the set.
    #[must_use]
    pub fn contains(&self, seat: Seat) -> bool {
        let (word, bit) = Self::place(seat);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// The seats in order.
    pub fn iter(&self) -> impl Iterator<Item = Seat> + '_ {
        SeatsIter::of(self)
    }

    /// The lowest seat at or after `from` that is not in the set.
    pub(super) fn first_gap(&self, from: u32) -> u32 {
        let start = (from / 64) as usize;
        for (at, &bits) in self.words.iter().enumerate().skip(start) {
            let below = if at == start { (1u64 << (from % 64)) - 1 } else { 0 };
            let full = bits | below;
            if full != u64::MAX {
                return u32::try_from(at * 64).unwrap_or(u32::MAX).saturating_add(full.trailing_ones());
            }
        }
        u32::try_from(self.words.len() * 64).unwrap_or(u32::MAX).max(from)
    }

    const fn place(seat: Seat) -> (usize, u64) {
        ((seat.0 / 64) as usize, 1 << (seat.0 % 64))
    }
}

impl fmt::Debug for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|seat| seat.0)).finish()
    }
}

impl FromIterator<Seat> for Seats {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> Self {
        let mut set = Self::new();
        for seat in seats {
            set.insert(seat);
        }
        set
    }
}

/// The seats of a set, in order.
pub(super) struct SeatsIter<'a> {
    words: &'a [u64],
    at: usize,
    bits: u64,
}

impl<'a> SeatsIter<'a> {
    pub(super) fn of(seats: &'a Seats) -> Self {
        Self { words: &seats.words, at: 0, bits: seats.words.first().copied().unwrap_or(0) }
    }

    /// The first 64 seats that have a bit.
    pub(super) const fn word(bits: u64) -> Self {
        Self { words: &[], at: 0, bits }
    }
}

impl Iterator for SeatsIter<'_> {
    type Item = Seat;

    fn next(&mut self) -> Option<Seat> {
        while self.bits == 0 {
            self.at += 1;
            self.bits = *self.words.get(self.at)?;
        }
        let bit = self.bits.trailing_zeros();
        self.bits &= self.bits - 1;
        Some(Seat(self.at as u32 * 64 + bit))
    }
}
