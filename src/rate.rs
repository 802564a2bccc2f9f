//! A token bucket in eight bytes.

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

#[cfg(test)]
mod tests {
    use super::*;

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
