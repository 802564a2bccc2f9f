//! Delayed delivery ([XEP-0203](https://xmpp.org/extensions/xep-0203.html)).

use minidom::Element;

use super::Writer;
use crate::ns;
use crate::time::Time;

/// When a stanza was sent at first, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay<'a> {
    /// When (XEP-0082).
    pub stamp: Time,
    /// Who kept it meanwhile.
    pub from: Option<&'a str>,
    /// Why, for people.
    pub reason: Option<&'a str>,
}

impl<'a> Delay<'a> {
    /// Reads a `<delay/>`; `None` if it is none or its stamp is no moment since 1970.
    #[must_use]
    pub fn read(element: &'a Element) -> Option<Self> {
        if !element.is("delay", ns::DELAY) {
            return None;
        }
        let stamp = Time::parse(element.attr("stamp")?)?;
        Some(Self { stamp, from: element.attr("from"), reason: element.texts().next() })
    }

    /// The delay that `from` has noted in an element. What others note there may be forged.
    #[must_use]
    pub fn by(parent: &'a Element, from: &str) -> Option<Self> {
        parent.children().filter_map(Self::read).find(|delay| delay.from == Some(from))
    }

    /// Writes the `<delay/>`.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("delay", ns::DELAY).attr_opt("from", self.from).attr("stamp", &self.stamp.to_string());
        if let Some(reason) = self.reason {
            writer.text(reason);
        }
        writer.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    #[test]
    fn a_delay_reads_as_written() {
        let delay =
            Delay { stamp: Time::from_millis(1_770_000_000_007), from: Some("tea.example"), reason: Some("off") };
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("message", ns::CLIENT);
        Delay { from: Some("evil.example"), ..delay }.write(&mut writer);
        delay.write(&mut writer);
        writer.open("delay", ns::DELAY).attr("from", "late.example").attr("stamp", "yesterday").close();
        writer.close();
        let stanza = Reader::one(ns::CLIENT, &writer.finish()).unwrap();
        assert_eq!(Delay::by(&stanza.element, "tea.example"), Some(delay));
        assert_eq!(Delay::by(&stanza.element, "late.example"), None);
    }
}
