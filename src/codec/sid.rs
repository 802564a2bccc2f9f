//! Unique and stable stanza ids ([XEP-0359](https://xmpp.org/extensions/xep-0359.html)).
//!
//! A `stanza-id` counts only if whoever it is `by` has removed those that claim to be by it: [`is_by`] finds them, when
//! a stanza is copied child by child, and [`strip`] removes them.

use jid::Jid;
use minidom::{Element, Node};

use super::Writer;
use crate::ns;

/// The id that `by` has given to the stanza. `by` is a normalised JID.
#[must_use]
pub fn stanza_id<'a>(stanza: &'a Element, by: &str) -> Option<&'a str> {
    stanza.children().find(|child| is_by(child, by))?.attr("id")
}

/// All ids that a stanza carries: the id, and who claims to have given it.
pub fn stanza_ids(stanza: &Element) -> impl Iterator<Item = (&str, &str)> {
    stanza
        .children()
        .filter(|child| child.is("stanza-id", ns::SID))
        .filter_map(|child| Some((child.attr("id")?, child.attr("by")?)))
}

/// The id that its sender has given to the stanza.
#[must_use]
pub fn origin_id(stanza: &Element) -> Option<&str> {
    stanza.get_child("origin-id", ns::SID)?.attr("id")
}

/// Whether a child is a `stanza-id` that claims to be by `by`, a normalised JID, in whatever form it writes it.
#[must_use]
pub fn is_by(child: &Element, by: &str) -> bool {
    // A dot at the end of a domain is the same domain.
    let same = |text: &str| Jid::new(text.strip_suffix('.').unwrap_or(text)).is_ok_and(|jid| jid.as_str() == by);
    child.is("stanza-id", ns::SID) && child.attr("by").is_some_and(|text| text == by || same(text))
}

/// Removes all `stanza-id`s that claim to be by `by`, a normalised JID.
pub fn strip(stanza: &mut Element, by: &str) {
    if stanza.children().any(|child| is_by(child, by)) {
        for node in stanza.take_nodes() {
            match node {
                Node::Element(child) if is_by(&child, by) => {}
                // Joins texts that are neighbours now.
                Node::Text(text) => stanza.append_text(text),
                node @ Node::Element(_) => stanza.append_node(node),
            }
        }
    }
}

/// Writes a `stanza-id`.
pub fn write_stanza_id(writer: &mut Writer, id: &str, by: &str) {
    writer.open("stanza-id", ns::SID).attr("by", by).attr("id", id).close();
}

/// Writes an `origin-id`.
pub fn write_origin_id(writer: &mut Writer, id: &str) {
    writer.open("origin-id", ns::SID).attr("id", id).close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    #[test]
    fn ids_are_found_and_stripped() {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("message", ns::CLIENT).text("a");
        write_stanza_id(&mut writer, "1", "Room@Rooms.Example");
        write_stanza_id(&mut writer, "3", "room@rooms.example.");
        write_origin_id(&mut writer, "o");
        write_stanza_id(&mut writer, "2", "tea.example");
        writer.close();
        let mut element = Reader::one(ns::CLIENT, &writer.finish()).unwrap().element;
        assert_eq!(stanza_id(&element, "room@rooms.example"), Some("1"));
        strip(&mut element, "room@rooms.example");
        assert_eq!(stanza_id(&element, "room@rooms.example"), None);
        assert_eq!(stanza_ids(&element).collect::<Vec<_>>(), [("2", "tea.example")]);
        assert_eq!((origin_id(&element), element.text()), (Some("o"), "a".to_owned()));
    }
}
