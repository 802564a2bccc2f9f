//! Names of people, those who left included, by occupant-id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};

/// The longest name and the longest id that are kept, in bytes.
const TEXT_BYTES: usize = 1023;

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The latest name.
    pub nick: Box<str>,
    /// Since when it is known.
    pub since: Time,
    /// When whoever has it left, if they did.
    pub left: Option<Time>,
    /// When it was last needed.
    used: Time,
}

/// Names by occupant-id. The latest name of an id wins; two ids are never one, whatever they are called.
///
/// ```
/// use xmpp_machines::gc3::client::NickBook;
/// use xmpp_machines::{Span, Time};
///
/// let mut book = NickBook::new(1000, Span::from_days(730));
/// book.learn("-Zk1", "Ben", Time::from_millis(5000));
/// book.learn("-Zk1", "Old Ben", Time::from_millis(4000)); // heard later, said earlier
/// book.left("-Zk1", Time::from_millis(6000));
/// assert_eq!(book.get("-Zk1").map(|named| &*named.nick), Some("Ben"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NickBook {
    names: BTreeMap<Box<str>, Named>,
    most: usize,
    keep: Span,
}

impl NickBook {
    /// An empty book of at most so many names, each kept so long after it was last used.
    #[must_use]
    pub const fn new(most: usize, keep: Span) -> Self {
        Self { names: BTreeMap::new(), most, keep }
    }

    /// The name of an occupant-id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Named> {
        self.names.get(id)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Somebody had this name at that time. Whether that is news.
    pub fn learn(&mut self, id: &str, nick: &str, at: Time) -> bool {
        if id.is_empty() || nick.is_empty() || id.len() > TEXT_BYTES || nick.len() > TEXT_BYTES {
            return false;
        }
        if let Some(named) = self.names.get_mut(id) {
            named.used = named.used.max(at);
            let news = at >= named.since && *named.nick != *nick;
            if news {
                (named.nick, named.since) = (nick.into(), at);
            }
            return news;
        }
        if self.names.len() >= self.most {
            self.thin();
        }
        if self.names.len() < self.most {
            self.names.insert(id.into(), Named { nick: nick.into(), since: at, left: None, used: at });
        }
        true
    }

    /// Somebody left at that time.
    pub fn left(&mut self, id: &str, at: Time) {
        if let Some(named) = self.names.get_mut(id) {
            named.left = Some(at);
        }
    }

    /// Somebody is here.
    pub(super) fn back(&mut self, id: &str) {
        if let Some(named) = self.names.get_mut(id) {
            named.left = None;
        }
    }

    /// Forgets what was not used for too long.
    pub fn forget(&mut self, now: Time) {
        let keep = self.keep;
        self.names.retain(|_, named| named.used.plus(keep) > now);
    }

    /// Forgets the sixteenth part that was used least: looking for one at a time would cost a look at all each time.
    fn thin(&mut self) {
        let mut used: Vec<Time> = self.names.values().map(|named| named.used).collect();
        let place = (used.len() / 16).min(used.len().saturating_sub(1));
        if used.is_empty() {
            return;
        }
        let (_, border, _) = used.select_nth_unstable(place);
        let (border, mut left) = (*border, place + 1);
        self.names.retain(|_, named| {
            let goes = named.used <= border && left > 0;
            left -= usize::from(goes);
            !goes
        });
    }

    /// Whether a snapshot may hold it.
    pub(super) fn check(&self) -> bool {
        self.names.len() <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_bounded_and_forgets_the_least_used() {
        let mut book = NickBook::new(16, Span::from_days(730));
        for n in 0..100_u64 {
            book.learn(&format!("-{n}"), "Ben", Time::from_millis(n));
            assert!(book.len() <= 16);
        }
        assert!(book.get("-99").is_some() && book.get("-0").is_none());
        book.forget(Time::from_millis(99).plus(Span::from_days(730)));
        assert!(book.is_empty());
    }

    #[test]
    fn two_people_of_one_name_stay_two() {
        let mut book = NickBook::new(16, Span::from_days(730));
        assert!(book.learn("-a", "Ben", Time::from_millis(1)) && book.learn("-b", "Ben", Time::from_millis(2)));
        book.left("-a", Time::from_millis(3));
        assert_eq!((book.len(), book.get("-b").and_then(|named| named.left)), (2, None));
    }
}
