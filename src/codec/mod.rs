//! Bytes ⇄ stanzas, and nothing about what they mean.

mod outgoing;
mod stanza;
mod write;

pub use outgoing::{Header, Outgoing};
pub use stanza::{Fault, Stanza, StanzaKind, StanzaType};
pub use write::Writer;
