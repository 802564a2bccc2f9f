//! Rates that only few use at a time: forgotten again when they are full, which costs little however many there are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Allowance, Bound};
use crate::time::Time;

type Key = (Bound, Box<str>);

/// What is left of each rate, by what it bounds and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rates {
    left: BTreeMap<Key, Allowance>,
    /// In the order in which they are full again.
    #[serde(skip)]
    order: BTreeSet<(Time, Key)>,
}

impl Rates {
    /// What is left of one.
    pub(crate) fn get(&self, bound: Bound, whose: &str) -> Allowance {
        self.left.get(&(bound, whose.into())).copied().unwrap_or_default()
    }

    /// Notes what is left of one. Where there are `most` already, those that are full go first.
    pub(crate) fn set(&mut self, bound: Bound, whose: &str, left: Allowance, most: usize, now: Time) {
        while self.left.len() >= most
            && let Some((_, key)) = self.order.first().filter(|(at, _)| *at <= now).cloned()
        {
            self.remove(&key);
        }
        let key = (bound, whose.into());
        self.remove(&key);
        self.order.insert((left.full_at(), key.clone()));
        self.left.insert(key, left);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(left) = self.left.remove(key) {
            self.order.remove(&(left.full_at(), key.clone()));
        }
    }

    /// Builds what is derived, after loading.
    pub(super) fn reindex(&mut self) {
        self.order = self.left.iter().map(|(key, left)| (left.full_at(), key.clone())).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;
    use crate::time::Span;

    #[test]
    fn full_ones_go_when_there_are_many_and_others_stay() {
        let mut rates = Rates::default();
        let rate = Rate::per(1, Span::from_secs(10));
        for n in 0..100u64 {
            let now = Time::from_millis(n * 1000);
            let whose = n.to_string();
            assert!(rates.get(Bound::Sync, &whose).allows(rate, now));
            rates.set(Bound::Sync, &whose, rates.get(Bound::Sync, &whose).after(rate, now), 4, now);
            assert!(!rates.get(Bound::Sync, &whose).allows(rate, now));
            assert!((n.saturating_sub(9)..=n).all(|n| !rates.get(Bound::Sync, &n.to_string()).allows(rate, now)));
            assert!(rates.left.len() <= 11);
        }
        let built = rates.clone();
        rates.order.clear();
        rates.reindex();
        assert_eq!(rates, built);
    }
}
