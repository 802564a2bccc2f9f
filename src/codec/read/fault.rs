//! Why bytes are refused.

use core::fmt;

use minidom::rxml;

/// Why bytes were refused, and where. A stream does not survive it: what follows cannot be understood for sure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadError {
    /// How many bytes of the stream, or of the record, were good or could be read until it was noticed.
    pub at: u64,
    /// What is wrong.
    pub fault: ReadFault,
}

/// What is wrong with bytes, or with an element.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReadFault {
    /// Not XML, or of its parts that XMPP forbids.
    Syntax(Syntax),
    /// Nested deeper than [`CodecLimits::depth`](crate::limits::CodecLimits::depth).
    Depth,
    /// Longer than [`CodecLimits::stanza_bytes`](crate::limits::CodecLimits::stanza_bytes).
    Bytes,
    /// More elements than [`CodecLimits::elements`](crate::limits::CodecLimits::elements).
    Elements,
    /// More attributes in one element than [`CodecLimits::attributes`](crate::limits::CodecLimits::attributes).
    Attributes,
    /// A namespace longer than [`CodecLimits::namespace_bytes`](crate::limits::CodecLimits::namespace_bytes).
    Namespace,
    /// An attribute given twice.
    DuplicateAttribute,
    /// A prefix or namespace that XML keeps to itself is bound.
    Reserved,
    /// A prefix that nothing binds.
    Prefix,
    /// A name that is none; only of an element that was not read from bytes.
    Name,
    /// Text between stanzas.
    StrayText,
    /// A stream was to begin, and something else did.
    NotAStream,
    /// A stanza was to be read, and this is none.
    NotAStanza,
    /// Bytes follow after the end.
    Trailing,
    /// The bytes end too early.
    Incomplete,
}

/// What is wrong with the XML.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Syntax(pub(super) rxml::Error);

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ReadFault {
    /// The stream error condition to send before hanging up (RFC 6120 §4.9.3).
    #[must_use]
    pub const fn stream_condition(self) -> &'static str {
        match self {
            Self::Depth | Self::Bytes | Self::Elements | Self::Attributes | Self::Namespace => "policy-violation",
            Self::Syntax(Syntax(rxml::Error::RestrictedXml(_))) => "restricted-xml",
            Self::Syntax(_) | Self::DuplicateAttribute | Self::Prefix | Self::Reserved | Self::Name => {
                "not-well-formed"
            }
            Self::StrayText | Self::Trailing | Self::Incomplete => "bad-format",
            Self::NotAStream => "invalid-namespace",
            Self::NotAStanza => "unsupported-stanza-type",
        }
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax(syntax) => return syntax.fmt(f),
            Self::Depth => "nested too deep",
            Self::Bytes => "too long",
            Self::Elements => "too many elements",
            Self::Attributes => "too many attributes",
            Self::Namespace => "namespace too long",
            Self::DuplicateAttribute => "attribute given twice",
            Self::Reserved => "reserved prefix or namespace",
            Self::Prefix => "prefix without a namespace",
            Self::Name => "impossible name",
            Self::StrayText => "text between stanzas",
            Self::NotAStream => "not a stream header",
            Self::NotAStanza => "not a stanza",
            Self::Trailing => "bytes after the end",
            Self::Incomplete => "ends too early",
        })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.fault, self.at)
    }
}

impl core::error::Error for ReadError {}
impl core::error::Error for ReadFault {}
