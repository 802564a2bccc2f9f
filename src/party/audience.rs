//! Who one action is for.

use core::fmt;

use super::seats::SeatsIter;
use super::{Roster, Seat, Seats};

/// Who one action is for: a view that borrows from the machine, costs no allocation and says "all but these" in one.
#[derive(Clone, Copy)]
pub struct Audience<'a>(Who<'a>);

#[derive(Clone, Copy)]
enum Who<'a> {
    One(&'a str),
    Few { roster: &'a Roster, seats: &'a [Seat] },
    Addresses { roster: &'a Roster, seats: &'a [Seat] },
    All { roster: &'a Roster, seats: &'a Seats, except: &'a [Seat] },
    Word { roster: &'a Roster, bits: u64 },
}

/// One recipient of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient<'a> {
    /// The seat, where the recipient has one: a server may keep its sockets in a table by seat.
    pub seat: Option<Seat>,
    /// The address, normalised; full or bare.
    pub jid: &'a str,
}

impl<'a> Audience<'a> {
    /// One address, seated or not.
    #[must_use]
    pub const fn one(jid: &'a str) -> Self {
        Self(Who::One(jid))
    }

    /// A few seats, which must be sorted and unique. Empty seats are passed over.
    #[must_use]
    pub fn few(roster: &'a Roster, seats: &'a [Seat]) -> Self {
        debug_assert!(seats.is_sorted_by(|a, b| a < b), "seats of an audience are sorted and unique");
        Self(Who::Few { roster, seats })
    }

    /// The addresses of a few seats, which must be sorted and unique: for whom the seats themselves mean nothing. One
    /// address stays what it is.
    #[must_use]
    pub fn addresses<'b>(&self, seats: &'b [Seat]) -> Audience<'b>
    where
        'a: 'b,
    {
        debug_assert!(seats.is_sorted_by(|a, b| a < b), "seats of an audience are sorted and unique");
        match self.0 {
            Who::One(jid) => Audience(Who::One(jid)),
            Who::Few { roster, .. }
            | Who::Addresses { roster, .. }
            | Who::All { roster, .. }
            | Who::Word { roster, .. } => Audience(Who::Addresses { roster, seats }),
        }
    }

    /// Those of the first 64 seats whose bits are set, that of seat 0 the lowest. Empty seats are passed over.
    #[must_use]
    pub const fn word(roster: &'a Roster, bits: u64) -> Self {
        Self(Who::Word { roster, bits })
    }

    /// All of a set.
    #[must_use]
    pub const fn all(roster: &'a Roster, seats: &'a Seats) -> Self {
        Self::all_but(roster, seats, &[])
    }

    /// All of a set but a few.
    #[must_use]
    pub const fn all_but(roster: &'a Roster, seats: &'a Seats, except: &'a [Seat]) -> Self {
        Self(Who::All { roster, seats, except })
    }

    /// How many recipients there are. Counts, where some are excepted.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Who::One(_) => 1,
            Who::All { seats, except: [], .. } => seats.len(),
            Who::Few { .. } | Who::Addresses { .. } | Who::All { .. } | Who::Word { .. } => self.iter().count(),
        }
    }

    /// Whether there is nobody. A machine never pushes such an action.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Who::One(_) => false,
            Who::All { seats, except: [], .. } => seats.is_empty(),
            Who::Few { .. } | Who::Addresses { .. } | Who::All { .. } | Who::Word { .. } => {
                self.iter().next().is_none()
            }
        }
    }

    /// The recipients in seat order, each once.
    #[must_use]
    pub fn iter(&self) -> Recipients<'a> {
        Recipients(match self.0 {
            Who::One(jid) => Inner::One(Some(jid)),
            Who::Few { roster, seats } => Inner::Few { roster, seats: seats.iter() },
            Who::Addresses { roster, seats } => Inner::Addresses { roster, seats: seats.iter() },
            Who::All { roster, seats, except } => Inner::All { roster, seats: SeatsIter::of(seats), except },
            Who::Word { roster, bits } => Inner::Word { roster, seats: SeatsIter::word(bits) },
        })
    }
}

impl fmt::Debug for Audience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|r| r.jid)).finish()
    }
}

impl<'a> IntoIterator for Audience<'a> {
    type Item = Recipient<'a>;
    type IntoIter = Recipients<'a>;

    fn into_iter(self) -> Recipients<'a> {
        self.iter()
    }
}

/// The recipients of an [`Audience`], in seat order.
pub struct Recipients<'a>(Inner<'a>);

enum Inner<'a> {
    One(Option<&'a str>),
    Few { roster: &'a Roster, seats: core::slice::Iter<'a, Seat> },
    Addresses { roster: &'a Roster, seats: core::slice::Iter<'a, Seat> },
    All { roster: &'a Roster, seats: SeatsIter<'a>, except: &'a [Seat] },
    Word { roster: &'a Roster, seats: SeatsIter<'a> },
}

impl fmt::Debug for Recipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipients")
    }
}

impl<'a> Iterator for Recipients<'a> {
    type Item = Recipient<'a>;

    fn next(&mut self) -> Option<Recipient<'a>> {
        match &mut self.0 {
            Inner::One(jid) => jid.take().map(|jid| Recipient { seat: None, jid }),
            Inner::Few { roster, seats } => {
                let roster: &'a Roster = roster;
                seats.find_map(|&seat| Some(Recipient { seat: Some(seat), jid: roster.get(seat)?.as_str() }))
            }
            Inner::Addresses { roster, seats } => {
                let roster: &'a Roster = roster;
                seats.find_map(|&seat| Some(Recipient { seat: None, jid: roster.get(seat)?.as_str() }))
            }
            Inner::Word { roster, seats } => {
                let roster: &'a Roster = roster;
                seats.find_map(|seat| Some(Recipient { seat: Some(seat), jid: roster.get(seat)?.as_str() }))
            }
            Inner::All { roster, seats, except } => {
                let roster: &'a Roster = roster;
                let except: &'a [Seat] = except;
                // The exceptions are the sessions of one account: at most 32.
                seats
                    .filter(|seat| except.is_empty() || !except.contains(seat))
                    .find_map(|seat| Some(Recipient { seat: Some(seat), jid: roster.get(seat)?.as_str() }))
            }
        }
    }
}
