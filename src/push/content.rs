//! Whether a message is worth waking somebody: it says something, to a person.
//!
//! Chat states, markers, receipts, subjects, retractions and a room's own notices never are. Encrypted messages are, whatever their
//! body says: a sender may leave it out.

use minidom::Element;

use crate::ns;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Content {
    /// Words in clear text.
    Body,
    /// A file, or a link to one.
    Attachment,
    /// Something that only the recipient can read.
    Encrypted,
    /// An invitation to a call.
    Call,
}

impl Content {
    /// What a message holds, the most urgent first; `None` if it is not worth a copy.
    #[must_use]
    pub fn of(message: &Element) -> Option<Self> {
        if message.attr("type") == Some("error") {
            return None;
        }
        let mut found = None;
        for child in message.children() {
            if child.is("x", ns::MUC_USER) && child.children().any(|status| status.is("status", ns::MUC_USER)) {
                return None;
            }
            if child.is("retract", ns::RETRACT) {
                return None;
            }
            found = found.max(Self::child(child));
        }
        found
    }

    fn child(child: &Element) -> Option<Self> {
        match child.name() {
            "body" if child.has_ns(ns::CLIENT) => Some(Self::Body),
            "x" if child.has_ns(ns::OOB) => Some(Self::Attachment),
            "file-sharing" if child.has_ns(ns::SFS) => Some(Self::Attachment),
            "invite" if child.has_ns(ns::CALL_INVITES) => Some(Self::Call),
            "propose" if child.has_ns(ns::JINGLE_MESSAGE) => Some(Self::Call),
            _ if is_encrypted(child) => Some(Self::Encrypted),
            _ => None,
        }
    }
}

/// Whether a child of a message holds something encrypted.
#[must_use]
pub fn is_encrypted(child: &Element) -> bool {
    match child.name() {
        "encrypted" => child.has_ns(ns::OMEMO_LEGACY) || child.ns().starts_with("urn:xmpp:omemo:"),
        "openpgp" => child.has_ns(ns::OPENPGP),
        "x" => child.has_ns(ns::PGP_LEGACY),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    #[test]
    fn what_says_something_is_worth_a_copy() {
        for (inner, content) in [
            ("<body>Tea?</body>", Some(Content::Body)),
            ("<subject>Title</subject><body>Tea?</body>", Some(Content::Body)),
            ("<subject>Tea</subject>", None),
            ("<subject/>", None),
            ("<composing xmlns='http://jabber.org/protocol/chatstates'/>", None),
            ("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", None),
            ("<received xmlns='urn:xmpp:receipts' id='1'/>", None),
            ("<x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>", None),
            ("<body>Changed</body><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>", None),
            ("<x xmlns='http://jabber.org/protocol/muc#user'/><body>Tea?</body>", Some(Content::Body)),
            ("<encrypted xmlns='eu.siacs.conversations.axolotl'/>", Some(Content::Encrypted)),
            ("<encrypted xmlns='urn:xmpp:omemo:2'/><body>Encrypted</body>", Some(Content::Encrypted)),
            ("<encrypted xmlns='urn:example:other'/>", None),
            ("<retract xmlns='urn:xmpp:message-retract:1' id='1'/><body>Retracted</body>", None),
            ("<openpgp xmlns='urn:xmpp:openpgp:0'/>", Some(Content::Encrypted)),
            ("<x xmlns='jabber:x:encrypted'>x</x>", Some(Content::Encrypted)),
            ("<x xmlns='jabber:x:oob'><url>https://tea.example/a.jpg</url></x>", Some(Content::Attachment)),
            ("<invite xmlns='urn:xmpp:call-invites:0'/>", Some(Content::Call)),
            ("<body>Call</body><propose xmlns='urn:xmpp:jingle-message:0' id='1'/>", Some(Content::Call)),
        ] {
            let xml = format!("<message type='groupchat'>{inner}</message>");
            assert_eq!(Content::of(&Reader::one(ns::CLIENT, xml.as_bytes()).unwrap().element), content, "{inner}");
        }
        let error = Reader::one(ns::CLIENT, b"<message type='error'><body>Tea?</body></message>").unwrap();
        assert_eq!(Content::of(&error.element), None);
    }
}
