//! Result set management ([XEP-0059](https://xmpp.org/extensions/xep-0059.html)): which page, and what page it is.

use minidom::Element;

use super::Writer;
use crate::ns;

/// Which page is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageRequest<'a> {
    /// How many items at most; 0 asks for the count only.
    pub max: Option<u32>,
    /// Where the page is.
    pub at: Position<'a>,
}

/// Where a page is in the whole set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position<'a> {
    /// The first page.
    #[default]
    First,
    /// The page that follows an item.
    After(&'a str),
    /// The page that precedes an item.
    Before(&'a str),
    /// The last page.
    Last,
    /// The page that begins with the item of that number, from 0.
    Index(u64),
}

/// What page a response holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// The ids of its first and last item; `None` for an empty page.
    pub ends: Option<(&'a str, &'a str)>,
    /// The number of its first item in the whole set, from 0.
    pub index: Option<u64>,
    /// How many items the whole set has.
    pub count: Option<u64>,
}

/// A `<set/>` that says two things at once, or a number that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPage;

impl<'a> PageRequest<'a> {
    /// Reads the `<set/>` in an element; `Ok(None)` if there is none.
    ///
    /// # Errors
    /// [`BadPage`], to be answered with `bad-request`.
    pub fn read(parent: &'a Element) -> Result<Option<Self>, BadPage> {
        let Some(set) = parent.get_child("set", ns::RSM) else { return Ok(None) };
        let mut request = Self::default();
        for child in set.children().filter(|child| child.has_ns(ns::RSM)) {
            let at = match (child.name(), text(child)) {
                ("max", max) => {
                    request.max = Some(number(max).ok_or(BadPage)?);
                    continue;
                }
                ("after", "") => continue,
                ("after", id) => Position::After(id),
                ("before", "") => Position::Last,
                ("before", id) => Position::Before(id),
                ("index", index) => Position::Index(number(index).ok_or(BadPage)?),
                _ => continue,
            };
            if request.at != Position::First {
                return Err(BadPage);
            }
            request.at = at;
        }
        Ok(Some(request))
    }

    /// Writes the `<set/>`.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("set", ns::RSM);
        if let Some(max) = self.max {
            writer.leaf("max", ns::RSM, &max.to_string());
        }
        match self.at {
            Position::First => &mut *writer,
            Position::After(id) => writer.leaf("after", ns::RSM, id),
            Position::Before(id) => writer.leaf("before", ns::RSM, id),
            Position::Last => writer.leaf("before", ns::RSM, ""),
            Position::Index(index) => writer.leaf("index", ns::RSM, &index.to_string()),
        };
        writer.close();
    }
}

impl<'a> Page<'a> {
    /// Reads the `<set/>` in an element; `Ok(None)` if there is none.
    ///
    /// # Errors
    /// [`BadPage`]: a number that is none, or only one end.
    pub fn read(parent: &'a Element) -> Result<Option<Self>, BadPage> {
        let Some(set) = parent.get_child("set", ns::RSM) else { return Ok(None) };
        let count = set.get_child("count", ns::RSM).map(|count| number(text(count)).ok_or(BadPage)).transpose()?;
        let (first, last) = (set.get_child("first", ns::RSM), set.get_child("last", ns::RSM));
        let index = first.and_then(|first| first.attr("index"));
        let index = index.map(|index| number(index).ok_or(BadPage)).transpose()?;
        match (first, last) {
            (Some(first), Some(last)) => Ok(Some(Self { ends: Some((text(first), text(last))), index, count })),
            (None, None) => Ok(Some(Self { ends: None, index: None, count })),
            _ => Err(BadPage),
        }
    }

    /// Writes the `<set/>`.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("set", ns::RSM);
        if let Some((first, last)) = self.ends {
            let index = self.index.map(|index| index.to_string());
            writer.open("first", ns::RSM).attr_opt("index", index.as_deref()).text(first).close();
            writer.leaf("last", ns::RSM, last);
        }
        if let Some(count) = self.count {
            writer.leaf("count", ns::RSM, &count.to_string());
        }
        writer.close();
    }
}

fn text(element: &Element) -> &str {
    element.texts().next().unwrap_or_default()
}

fn number<N: core::str::FromStr>(text: &str) -> Option<N> {
    // A sign is no digit, though `parse` would take a plus.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Reader, Stanza};

    fn written(write: impl FnOnce(&mut Writer)) -> Stanza {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("message", ns::CLIENT);
        write(&mut writer);
        writer.close();
        Reader::one(ns::CLIENT, &writer.finish()).unwrap()
    }

    #[test]
    fn requests_read_as_written() {
        for at in [Position::First, Position::After("a&b"), Position::Before("c"), Position::Last, Position::Index(7)] {
            for max in [None, Some(0), Some(50)] {
                let request = PageRequest { max, at };
                let stanza = written(|writer| request.write(writer));
                assert_eq!(PageRequest::read(&stanza.element), Ok(Some(request)));
            }
        }
        assert_eq!(PageRequest::read(&written(|_| {}).element), Ok(None));
    }

    #[test]
    fn pages_read_as_written() {
        for (ends, index) in [(None, None), (Some(("a", "b")), None), (Some(("a", "a")), Some(3))] {
            for count in [None, Some(800)] {
                let page = Page { ends, index, count };
                assert_eq!(Page::read(&written(|writer| page.write(writer)).element), Ok(Some(page)));
            }
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for children in [&[("max", "ten")][..], &[("max", "-1")], &[("max", "+1")], &[("max", "")], &[("index", "x")]]
            .into_iter()
            .chain([&[("after", "a"), ("before", "b")][..], &[("before", ""), ("index", "0")]])
        {
            let stanza = written(|writer| {
                writer.open("set", ns::RSM);
                for (name, text) in children {
                    writer.leaf(name, ns::RSM, text);
                }
                writer.close();
            });
            assert_eq!(PageRequest::read(&stanza.element), Err(BadPage), "{children:?}");
        }
        let half = written(|writer| {
            writer.open("set", ns::RSM).leaf("first", ns::RSM, "a").close();
        });
        assert_eq!(Page::read(&half.element), Err(BadPage));
    }
}
