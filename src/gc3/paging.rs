//! Which part of a sorted list is asked for (G2.8, XEP-0059).

use core::cmp::Ordering;
use core::ops::Range;

use crate::codec::{PageRequest, Position};

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The items of the page.
    pub(crate) range: Range<usize>,
    /// What `<set/>` says of it, if there is to be one: it was asked for, or the page is not the whole.
    pub(crate) paged: Option<Paged>,
}

/// A page among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paged {
    /// How many items stand before the page.
    pub(crate) index: u64,
    /// How many there are.
    pub(crate) count: u64,
}

/// The page of `items` that is asked for: at most `most` items. `order` compares an item with the text of a key; a key
/// that is no item's stands between those that it would stand between.
pub(crate) fn part<T>(
    items: &[T],
    request: Option<PageRequest<'_>>,
    most: usize,
    order: impl Fn(&T, &str) -> Ordering,
) -> Part {
    let wanted = request.unwrap_or_default();
    let max = wanted.max.map_or(most, |max| most.min(max as usize));
    let forwards = |start: usize| start..start.saturating_add(max).min(items.len());
    let backwards = |end: usize| end.saturating_sub(max)..end;
    let range = match wanted.at {
        Position::First => forwards(0),
        Position::After(key) => forwards(items.partition_point(|item| order(item, key).is_le())),
        Position::Before(key) => backwards(items.partition_point(|item| order(item, key).is_lt())),
        Position::Last => backwards(items.len()),
        Position::Index(index) => forwards(usize::try_from(index).unwrap_or(usize::MAX).min(items.len())),
    };
    let paged = (request.is_some() || range.len() < items.len())
        .then_some(Paged { index: range.start as u64, count: items.len() as u64 });
    Part { range, paged }
}
