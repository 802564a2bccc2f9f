//! A token bucket in eight bytes, and many of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};

/// How often something may happen: `burst` at once, and one more after each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// After which time one more is allowed.
    pub every: Span,
}

impl Rate {
    /// `count` per `span`, all of them at once if need be.
    #[must_use]
    pub const fn per(count: u32, span: Span) -> Self {
        let every = if count == 0 { u64::MAX } else { span.millis() / count as u64 };
        Self { burst: count, every: Span::from_millis(every) }
    }
}

/// What is left of a [`Rate`]: the moment at which the bucket will be full again (a generic cell rate algorithm, so
/// that nothing has to be refilled).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance(Time);

impl Allowance {
    /// Nothing was taken yet.
    pub(crate) const NONE: Self = Self(Time::EPOCH);

    /// Whether one more is allowed now.
    #[must_use]
    pub const fn allows(self, rate: Rate, now: Time) -> bool {
        let bound = rate.every.millis().saturating_mul(rate.burst as u64);
        rate.burst > 0 && self.after(rate, now).0.since(now).millis() <= bound
    }

    /// From when on one more is allowed: now, or later; never (the end of time) where nothing is.
    #[must_use]
    pub const fn free_at(self, rate: Rate, now: Time) -> Time {
        if rate.burst == 0 {
            return Time::from_millis(u64::MAX);
        }
        let ahead = rate.every.millis().saturating_mul(rate.burst as u64 - 1);
        let free = self.0.millis().saturating_sub(ahead);
        if free > now.millis() { Time::from_millis(free) } else { now }
    }

    /// What is left after one more.
    #[must_use]
    pub const fn after(self, rate: Rate, now: Time) -> Self {
        let from = if self.0.millis() > now.millis() { self.0 } else { now };
        Self(from.plus(rate.every))
    }

    /// When the bucket is full again: then it need not be remembered.
    #[must_use]
    pub const fn full_at(self) -> Time {
        self.0
    }

    /// Takes one if it is allowed.
    pub const fn take(&mut self, rate: Rate, now: Time) -> bool {
        let allowed = self.allows(rate, now);
        if allowed {
            *self = self.after(rate, now);
        }
        allowed
    }
}

/// What is left of rates that only few use at a time, by what they bound and for whom. They are forgotten again when they
/// are full, which costs little however many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "B: Ord + Serialize", deserialize = "B: Ord + Deserialize<'de>"))]
pub(crate) struct Rates<B> {
    left: BTreeMap<(B, Box<str>), Allowance>,
    /// In the order in which they are full again.
    #[serde(skip, default = "BTreeSet::new")]
    order: BTreeSet<(Time, B, Box<str>)>,
}

impl<B: Copy + Ord> Rates<B> {
    /// Nothing was taken yet.
    pub(crate) const fn new() -> Self {
        Self { left: BTreeMap::new(), order: BTreeSet::new() }
    }

    /// What is left of one.
    pub(crate) fn get(&self, bound: B, whose: &str) -> Allowance {
        self.left.get(&(bound, whose.into())).copied().unwrap_or_default()
    }

    /// Takes one if it is allowed. Where `most` are remembered already, those that are full go first.
    pub(crate) fn take(&mut self, bound: B, whose: &str, rate: Rate, most: usize, now: Time) -> bool {
        let mut left = self.get(bound, whose);
        let allowed = left.take(rate, now);
        if allowed {
            while self.left.len() >= most
                && let Some((_, bound, whose)) = self.order.first().filter(|(at, ..)| *at <= now).cloned()
            {
                self.remove(bound, whose);
            }
            self.remove(bound, whose.into());
            self.order.insert((left.full_at(), bound, whose.into()));
            self.left.insert((bound, whose.into()), left);
        }
        allowed
    }

    fn remove(&mut self, bound: B, whose: Box<str>) {
        let key = (bound, whose);
        if let Some(left) = self.left.remove(&key) {
            self.order.remove(&(left.full_at(), key.0, key.1));
        }
    }

    /// Builds what is derived, after loading.
    pub(crate) fn reindex(&mut self) {
        self.order = self.left.iter().map(|((bound, whose), left)| (left.full_at(), *bound, whose.clone())).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_ones_go_when_there_are_many_and_others_stay() {
        let mut rates = Rates::new();
        let rate = Rate::per(1, Span::from_secs(10));
        for n in 0..100u64 {
            let now = Time::from_millis(n * 1000);
            let whose = n.to_string();
            assert!(rates.take((), &whose, rate, 4, now));
            assert!((n.saturating_sub(9)..=n).all(|n| !rates.take((), &n.to_string(), rate, 4, now)));
            assert!(rates.left.len() <= 11);
        }
        let built = rates.clone();
        rates.order.clear();
        rates.reindex();
        assert_eq!(rates, built);
    }

    #[test]
    fn a_burst_and_then_one_at_a_time() {
        let rate = Rate { burst: 3, every: Span::from_secs(1) };
        let mut left = Allowance::default();
        let at = Time::from_millis;
        assert!((0..3).all(|_| left.take(rate, at(5000))));
        assert!(!left.take(rate, at(5000)));
        assert!(!left.take(rate, at(5999)));
        assert_eq!(left.free_at(rate, at(5999)), at(6000));
        assert!(left.take(rate, at(6000)));
        assert!(!left.take(rate, at(6000)));
        assert_eq!(left.free_at(rate, at(9999)), at(9999));
        assert!((0..3).all(|_| left.take(rate, at(60_000))));
        assert!(!Allowance::default().allows(Rate::per(0, Span::from_secs(1)), at(1)));
    }
}
