//! Nicknames ([XEP-0172](https://xmpp.org/extensions/xep-0172.html)).

use minidom::Element;

use super::Writer;
use crate::ns;

/// The nickname in a stanza, as sent; `None` if it is empty.
#[must_use]
pub fn nick(stanza: &Element) -> Option<&str> {
    stanza.get_child("nick", ns::NICK)?.texts().next()
}

/// Writes a `<nick/>`.
pub fn write_nick(writer: &mut Writer, nick: &str) {
    writer.leaf("nick", ns::NICK, nick);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    #[test]
    fn a_nick_reads_as_written() {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("presence", ns::CLIENT);
        write_nick(&mut writer, "Ann 🍵 <tea>");
        writer.close();
        let stanza = Reader::one(ns::CLIENT, &writer.finish()).unwrap();
        assert_eq!(nick(&stanza.element), Some("Ann 🍵 <tea>"));
    }
}
