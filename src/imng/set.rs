//! A set of sessions in one word.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign};

use crate::party::Seat;

/// A set of up to 64 sessions, by their seats. Iterates in seat order.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SessionSet(u64);

impl SessionSet {
    /// Nobody.
    pub const EMPTY: Self = Self(0);

    /// One session.
    #[must_use]
    pub const fn of(seat: Seat) -> Self {
        Self(if seat.0 < 64 { 1 << seat.0 } else { 0 })
    }

    /// Whether nobody is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in it.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether a session is in it.
    #[must_use]
    pub const fn contains(self, seat: Seat) -> bool {
        self.0 & Self::of(seat).0 != 0
    }

    /// Adds a session. A seat above 63 is none of a set's.
    pub const fn insert(&mut self, seat: Seat) {
        self.0 |= Self::of(seat).0;
    }

    /// Those who are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The first in seat order.
    #[must_use]
    pub const fn first(self) -> Option<Seat> {
        if self.0 == 0 { None } else { Some(Seat(self.0.trailing_zeros())) }
    }

    /// The sessions in seat order.
    pub fn iter(self) -> impl Iterator<Item = Seat> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let seat = Self(left).first()?;
            left &= left - 1;
            Some(seat)
        })
    }

    /// The set as bits: that of the lowest seat is the lowest.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl BitOr for SessionSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for SessionSet {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for SessionSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Seat> for SessionSet {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> Self {
        let mut set = Self::EMPTY;
        for seat in seats {
            set.insert(seat);
        }
        set
    }
}

impl fmt::Debug for SessionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|seat| seat.0)).finish()
    }
}
