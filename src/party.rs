//! Who can be spoken to: a [`Roster`] of addresses, sets of [`Seats`] in it, and the [`Audience`] of one action.
//!
//! A seat is a slot in a roster. The lowest free slot is given to the next who comes, so that the order of recipients
//! depends on who is here and never on how they came; that order is also what a snapshot restores.

use core::fmt;
use core::hash::Hasher;

use hashbrown::HashTable;
use jid::{BareJid, Jid};
use siphasher::sip::SipHasher13;

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

/// An address as text, normalised. Bare or full: the first `/` ends the bare part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(Box<str>);

impl Address {
    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(bare, _)| bare)
    }

    /// The resource, if there is one.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, resource)| resource)
    }

    /// The address of a text that [`as_str`](Self::as_str) gave, as a snapshot holds it. Looks at its shape only: that
    /// the text was not changed since is what the checksum is for.
    pub(crate) fn from_saved(text: &str) -> Option<Self> {
        let (bare, resource) = text.split_once('/').map_or((text, None), |(bare, rest)| (bare, Some(rest)));
        let domain = bare.split_once('@').map_or(bare, |(_, domain)| domain);
        let fits = !domain.is_empty() && !bare.starts_with('@') && resource != Some("") && text.len() <= 3 * 1023 + 2;
        fits.then(|| Self(text.into()))
    }

    /// The bare part as an address of its own.
    #[must_use]
    pub fn to_bare(&self) -> Self {
        Self(self.bare().into())
    }

    /// The address of a text that is already normalised, as a snapshot holds it; `None` if it is not one.
    #[must_use]
    pub fn from_normalised(text: &str) -> Option<Self> {
        let jid = Jid::new(text).ok()?;
        (jid.as_str() == text).then(|| Self::from(&jid))
    }
}

impl From<&Jid> for Address {
    fn from(jid: &Jid) -> Self {
        Self(jid.as_str().into())
    }
}

impl From<&BareJid> for Address {
    fn from(jid: &BareJid) -> Self {
        let jid: &Jid = jid;
        Self::from(jid)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        Self::from_saved(text).ok_or_else(|| serde::de::Error::custom("not a JID"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        SeatsIter { words: &self.words, at: 0, bits: self.words.first().copied().unwrap_or(0) }
    }

    /// The lowest seat at or after `from` that is not in the set.
    fn first_gap(&self, from: u32) -> u32 {
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

struct SeatsIter<'a> {
    words: &'a [u64],
    at: usize,
    bits: u64,
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

/// Who one action is for: a view that borrows from the machine, costs no allocation and says "all but these" in one.
#[derive(Clone, Copy)]
pub struct Audience<'a>(Who<'a>);

#[derive(Clone, Copy)]
enum Who<'a> {
    One(&'a str),
    Few { roster: &'a Roster, seats: &'a [Seat] },
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
            Who::Few { .. } | Who::All { .. } | Who::Word { .. } => self.iter().count(),
        }
    }

    /// Whether there is nobody. A machine never pushes such an action.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Who::One(_) => false,
            Who::All { seats, except: [], .. } => seats.is_empty(),
            Who::Few { .. } | Who::All { .. } | Who::Word { .. } => self.iter().next().is_none(),
        }
    }

    /// The recipients in seat order, each once.
    #[must_use]
    pub fn iter(&self) -> Recipients<'a> {
        Recipients(match self.0 {
            Who::One(jid) => Inner::One(Some(jid)),
            Who::Few { roster, seats } => Inner::Few { roster, seats: seats.iter() },
            Who::All { roster, seats, except } => {
                let bits = seats.words.first().copied().unwrap_or(0);
                Inner::All { roster, seats: SeatsIter { words: &seats.words, at: 0, bits }, except }
            }
            Who::Word { roster, bits } => Inner::Word { roster, seats: SeatsIter { words: &[], at: 0, bits } },
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(n: u32) -> Address {
        Address::from(&Jid::new(&format!("user{n}@tea.example/pot")).unwrap())
    }

    #[test]
    fn an_address_knows_its_parts() {
        let full = Address::from(&Jid::new("Ann@Tea.example/Pot/1").unwrap());
        assert_eq!((full.as_str(), full.bare()), ("ann@tea.example/Pot/1", "ann@tea.example"));
        assert_eq!(full.resource(), Some("Pot/1"));
        let bare = Address::from(&Jid::new("tea.example").unwrap());
        assert_eq!((bare.bare(), bare.resource()), ("tea.example", None));
        assert_eq!(Address::from_normalised("Ann@tea.example"), None);
    }

    #[test]
    fn the_lowest_free_seat_is_given() {
        let mut roster = Roster::new([1; 16]);
        for n in 0..130 {
            assert_eq!(roster.seat(address(n)), Seat(n));
        }
        assert_eq!(roster.seat(address(5)), Seat(5), "one address has one seat");
        roster.unseat(Seat(70));
        roster.unseat(Seat(3));
        assert_eq!(roster.seat(address(500)), Seat(3));
        assert_eq!(roster.seat(address(501)), Seat(70));
        assert_eq!(roster.seat(address(502)), Seat(130));
        assert_eq!(roster.find("user500@tea.example/pot"), Some(Seat(3)));
        assert_eq!(roster.find("user3@tea.example/pot"), None);
    }

    #[test]
    fn an_audience_can_leave_some_out() {
        let mut roster = Roster::new([1; 16]);
        let seats: Seats = (0..4).map(|n| roster.seat(address(n))).collect();
        let audience = Audience::all_but(&roster, &seats, &[Seat(1), Seat(2)]);
        assert_eq!(audience.len(), 2);
        assert_eq!(format!("{audience:?}"), r#"["user0@tea.example/pot", "user3@tea.example/pot"]"#);
        assert!(Audience::few(&roster, &[]).is_empty());
        let word = Audience::word(&roster, 0b100_0101);
        assert_eq!(format!("{word:?}"), r#"["user0@tea.example/pot", "user2@tea.example/pot"]"#);
        assert_eq!((word.len(), Audience::word(&roster, 1 << 40).is_empty()), (2, true));
        assert_eq!(Audience::one("a@b").iter().next(), Some(Recipient { seat: None, jid: "a@b" }));
    }

    proptest! {
        #[test]
        fn seats_are_a_sorted_set(ops in prop::collection::vec((any::<bool>(), 0u32..300), 0..200)) {
            let mut set = Seats::new();
            let mut model = std::collections::BTreeSet::new();
            for (add, n) in ops {
                if add {
                    prop_assert_eq!(set.insert(Seat(n)), model.insert(n));
                } else {
                    prop_assert_eq!(set.remove(Seat(n)), model.remove(&n));
                }
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().map(|s| s.0).eq(model.iter().copied()));
            let gap = (0..).find(|n| !model.contains(n)).unwrap();
            prop_assert_eq!(set.first_gap(0), gap);
        }

        #[test]
        fn a_roster_finds_whom_it_seats(ops in prop::collection::vec((any::<bool>(), 0u32..60), 0..200)) {
            let mut roster = Roster::new([9; 16]);
            let mut model = std::collections::BTreeMap::new();
            for (come, n) in ops {
                if come {
                    let lowest = (0..).find(|s| !model.values().any(|v| v == s)).unwrap();
                    let seat = roster.seat(address(n));
                    prop_assert_eq!(seat.0, *model.entry(n).or_insert(lowest));
                } else if let Some(seat) = model.remove(&n) {
                    prop_assert_eq!(roster.unseat(Seat(seat)), Some(address(n)));
                }
                for n in 0..60 {
                    prop_assert_eq!(roster.find(address(n).as_str()).map(|s| s.0), model.get(&n).copied());
                }
            }
        }
    }
}
