//! Streams between nodes, and what goes wrong on them.

use std::collections::BTreeMap;

use super::Id;
use crate::codec::{Condition, Outgoing, Stanza, StanzaError, StanzaType};
use crate::time::{Span, Time};

/// Chance as a value (splitmix64): the same seed, the same throws.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `below`; 0 if that is 0.
    pub const fn throw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        if below == 0 { 0 } else { z % below }
    }

    /// Whether something happens that happens so many times in a thousand.
    pub const fn permille(&mut self, chance: u32) -> bool {
        self.throw(1000) < chance as u64
    }
}

/// How bad the net is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Climate {
    /// How many of a thousand stanzas are lost alone.
    pub loss: u32,
    /// How many of a thousand lost ones come back as errors.
    pub bounce: u32,
    /// The longest that a stanza takes. The shortest is a millisecond.
    pub delay: Span,
}

impl Climate {
    /// Nothing is lost, and everything takes at most 50 ms.
    pub const CALM: Self = Self { loss: 0, bounce: 0, delay: Span::from_millis(50) };
}

#[derive(Clone, Debug)]
struct Flight {
    from: Id,
    to: Id,
    stanza: Stanza,
}

/// All streams.
#[derive(Clone, Debug)]
pub struct Net {
    /// How bad it is now.
    pub climate: Climate,
    dice: Dice,
    /// When the last stanza of a stream arrives: the next one does not overtake it.
    last: BTreeMap<(Id, Id), Time>,
    /// Until when a stream is cut.
    cut: BTreeMap<(Id, Id), Time>,
    flights: BTreeMap<(Time, u64), Flight>,
    count: u64,
    /// How many stanzas were lost so far.
    pub lost: u64,
}

impl Net {
    /// A calm net whose chances come from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            climate: Climate::CALM,
            dice: Dice::new(seed),
            last: BTreeMap::new(),
            cut: BTreeMap::new(),
            flights: BTreeMap::new(),
            count: 0,
            lost: 0,
        }
    }

    /// Cuts the streams between two nodes until some time: everything on them is lost.
    pub fn cut(&mut self, one: Id, other: Id, until: Time) {
        self.cut.insert((one, other), until);
        self.cut.insert((other, one), until);
    }

    /// All streams are whole again.
    pub fn mend(&mut self) {
        self.cut.clear();
    }

    pub(super) fn send(&mut self, now: Time, from: Id, to: Id, stanza: Stanza) {
        let cut = self.cut.get(&(from, to)).is_some_and(|until| *until > now);
        if cut || self.dice.permille(self.climate.loss) {
            self.lost += 1;
            if self.dice.permille(self.climate.bounce)
                && let Some(error) = bounced(&stanza)
            {
                self.fly(now, to, from, error);
            }
            return;
        }
        self.fly(now, from, to, stanza);
    }

    fn fly(&mut self, now: Time, from: Id, to: Id, stanza: Stanza) {
        let delay = 1 + self.dice.throw(self.climate.delay.millis());
        let last = self.last.entry((from, to)).or_default();
        *last = now.plus(Span::from_millis(delay)).max(*last);
        self.count += 1;
        self.flights.insert((*last, self.count), Flight { from, to, stanza });
    }

    /// When the next stanza arrives.
    pub(super) fn next(&self) -> Option<Time> {
        self.flights.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn land(&mut self) -> Option<(Id, Id, Stanza)> {
        self.flights.pop_first().map(|(_, flight)| (flight.from, flight.to, flight.stanza))
    }
}

/// What a server sends back of a stanza that it could not deliver.
fn bounced(stanza: &Stanza) -> Option<Stanza> {
    if matches!(stanza.type_, StanzaType::Error | StanzaType::Result) {
        return None;
    }
    let error = StanzaError::of(Condition::RemoteServerTimeout);
    Outgoing::error(stanza, &error)?.to_stanza(stanza.sender()?).ok()
}
