//! A stanza written once for any number of recipients.

use bytes::Bytes;

use super::escape::{Place, escape_into, is_plain};
use super::{ReadError, Reader, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::ns;

/// The header of an outgoing stanza, all but its `to`.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Message, presence or iq.
    pub kind: StanzaKind,
    /// Its type; written unless it is the kind's default.
    pub type_: StanzaType,
    /// The sender; empty for none.
    pub from: &'a str,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its `xml:lang`.
    pub lang: Option<&'a str>,
}

/// A stanza written once: every recipient's copy is a head of its own and the shared tail.
///
/// Like all stanzas in a stream it carries no `xmlns`: it inherits that of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    kind: StanzaKind,
    addressed: Option<Box<str>>,
    tail: Bytes,
}

impl Outgoing {
    /// Writes the header, then the payload.
    #[must_use]
    pub fn new(header: &Header<'_>, payload: impl FnOnce(&mut Writer)) -> Self {
        debug_assert!(header.type_.is_of(header.kind), "a {:?} is never {:?}", header.kind, header.type_);
        let mut writer = Writer::within_head(ns::CLIENT);
        if !header.from.is_empty() {
            writer.attr("from", header.from);
        }
        writer.attr_opt("id", header.id);
        writer.attr_opt("type", header.type_.as_attr());
        if let Some(lang) = header.lang {
            writer.attr_ns(ns::XML, "lang", lang);
        }
        payload(&mut writer);
        let mut tail = writer.finish();
        tail.extend_from_slice(foot(header.kind));
        Self { kind: header.kind, addressed: None, tail: tail.into() }
    }

    /// The error that answers a stanza (RFC 6120 §8.3.1): from the address it was sent to, with its id, for its
    /// [sender](Stanza::sender). `None` if it must not be answered: it is an error or a result itself.
    #[must_use]
    pub fn error(of: &Stanza, error: &StanzaError<'_>) -> Option<Self> {
        if matches!(of.type_, StanzaType::Error | StanzaType::Result) {
            return None;
        }
        Some(Self::new(&answer(of, StanzaType::Error), |writer| error.write(writer)))
    }

    /// The [error](Self::error) that answers a stanza, with more beside the `<error/>`: what the sender may try instead.
    #[must_use]
    pub fn error_beside(of: &Stanza, error: &StanzaError<'_>, beside: impl FnOnce(&mut Writer)) -> Option<Self> {
        if matches!(of.type_, StanzaType::Error | StanzaType::Result) {
            return None;
        }
        Some(Self::new(&answer(of, StanzaType::Error), |writer| {
            error.write(writer);
            beside(writer);
        }))
    }

    /// The result that answers an iq, for its [sender](Stanza::sender). `None` unless it is a get or a set.
    #[must_use]
    pub fn result(of: &Stanza, payload: impl FnOnce(&mut Writer)) -> Option<Self> {
        if !matches!(of.type_, StanzaType::Get | StanzaType::Set) {
            return None;
        }
        Some(Self::new(&answer(of, StanzaType::Result), payload))
    }

    /// The stanza of that kind whose [tail](Self::tail) these bytes are.
    #[must_use]
    pub(crate) const fn of(kind: StanzaKind, tail: Bytes) -> Self {
        Self { kind, addressed: None, tail }
    }

    /// The same stanza with one `to` for everybody: it is delivered to each recipient as it was addressed, such as a
    /// message to a bare JID that goes to several sessions (RFC 6121 §8.5.2: `to` is never rewritten).
    #[must_use]
    pub fn addressed_to(mut self, to: &str) -> Self {
        self.addressed = Some(to.into());
        self
    }

    /// Message, presence or iq.
    #[must_use]
    pub const fn kind(&self) -> StanzaKind {
        self.kind
    }

    /// What follows the head, for every recipient.
    #[must_use]
    pub const fn tail(&self) -> &Bytes {
        &self.tail
    }

    /// Appends the head for one recipient: `<message to='…'`. Gives the offset in the head at which the recipient's
    /// address stands as it is, or `None` where it had to be escaped or another `to` [stands](Self::addressed_to) there.
    pub fn head_into(&self, to: &str, into: &mut Vec<u8>) -> Option<u32> {
        let start = start(self.kind);
        let (to, same) = self.addressed.as_deref().map_or((to, true), |fixed| (fixed, fixed == to));
        into.reserve(start.len() + to.len() + 1);
        into.extend_from_slice(start);
        let plain = is_plain(to);
        if plain {
            into.extend_from_slice(to.as_bytes());
        } else {
            escape_into(to, Place::Attribute, into);
        }
        into.push(b'\'');
        (plain && same).then_some(start.len() as u32)
    }

    /// The whole stanza for one recipient.
    #[must_use]
    pub fn encode(&self, to: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(start(self.kind).len() + to.len() + 1 + self.tail.len());
        self.head_into(to, &mut bytes);
        bytes.extend_from_slice(&self.tail);
        bytes
    }

    /// The stanza that one recipient reads; for tests and for hosts that hand it on within the process.
    ///
    /// # Errors
    /// It is over the default limits.
    pub fn to_stanza(&self, to: &str) -> Result<Stanza, ReadError> {
        Reader::one(ns::CLIENT, &self.encode(to))
    }
}

fn answer(of: &Stanza, type_: StanzaType) -> Header<'_> {
    Header { kind: of.kind, type_, from: of.element.attr("to").unwrap_or_default(), id: of.id.as_deref(), lang: None }
}

const fn start(kind: StanzaKind) -> &'static [u8] {
    match kind {
        StanzaKind::Message => b"<message to='",
        StanzaKind::Presence => b"<presence to='",
        StanzaKind::Iq => b"<iq to='",
    }
}

const fn foot(kind: StanzaKind) -> &'static [u8] {
    match kind {
        StanzaKind::Message => b"</message>",
        StanzaKind::Presence => b"</presence>",
        StanzaKind::Iq => b"</iq>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_addressed_keeps_its_address_for_every_recipient() {
        let header = Header {
            kind: StanzaKind::Message,
            type_: StanzaType::Chat,
            from: "ben@oak.example",
            id: None,
            lang: None,
        };
        let stanza = Outgoing::new(&header, |_| {});
        let mut head = Vec::new();
        assert_eq!(stanza.head_into("ann@tea.example/pot", &mut head), Some(13));
        let stanza = stanza.addressed_to("ann@tea.example");
        assert!(stanza.encode("ann@tea.example/pot").starts_with(b"<message to='ann@tea.example' from="));
        assert_eq!(stanza.head_into("ann@tea.example/pot", &mut head), None, "the address does not stand in it");
        assert_eq!(stanza.head_into("ann@tea.example", &mut head), Some(13));
    }
}
