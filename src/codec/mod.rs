//! Bytes ⇄ stanzas, and nothing about what they mean.
//!
//! In: the [`Reader`] takes bytes in any split, within [limits](crate::limits::CodecLimits), and gives [`Stanza`]s: the
//! header typed, all else as it was. Out: a [`Writer`] writes straight into bytes, and an [`Outgoing`] is a stanza
//! written once for any number of recipients.
//!
//! Text that XML forbids is never written, and nothing of what was received is copied into output unescaped.

mod delay;
mod error;
mod escape;
mod form;
#[cfg(feature = "sim")]
pub mod fuzzing;
#[cfg(feature = "xmpp-parsers")]
mod interop;
pub mod nick;
mod outgoing;
mod read;
mod rebuild;
mod rsm;
pub mod sid;
mod stanza;
mod write;

pub use delay::Delay;
pub use error::{Condition, ErrorType, StanzaError};
pub use form::{Allow, Choice, Field, FieldType, Form, FormError, FormFault, FormType, Method, Validate};
pub use outgoing::{Header, Outgoing};
pub use read::{Incoming, ReadError, ReadFault, Reader, StreamHeader, Syntax};
pub use rsm::{BadPage, Page, PageRequest, Position};
pub use stanza::{Fault, Stanza, StanzaKind, StanzaType, parse_jid};
pub use write::{Fragment, Writer};
