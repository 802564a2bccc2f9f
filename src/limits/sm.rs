//! Bounds of the queue of one stream.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Bounds on a stream management queue (PROFILE, section Limits). Each has the default that the profile names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmLimits {
    /// Stanzas that are kept until they are acknowledged. Default 10 000.
    pub stanzas: usize,
    /// Bytes of the stanzas that are kept, those shared with other queues included. Default 16 MiB.
    pub bytes: usize,
    /// After how many stanzas the peer is asked what it has. Default 10.
    pub ask_every: u32,
    /// How long a stanza waits at most until the peer is asked. Default 5 s.
    pub ask_after: Span,
    /// How long the peer may take to answer before its stream counts as dead. Default 60 s.
    pub answer_for: Span,
    /// How long a stream may be resumed. The peer may ask for less. Default 300 s.
    pub resume_for: Span,
    /// How old a stanza may be that is sent once more on a new stream, and for how long a server is tried. Default 60 s.
    pub retry_for: Span,
    /// The first and the longest wait before a server is tried again. Default 5 s and 60 s.
    pub reconnect: (Span, Span),
    /// Errors to the senders of one domain. Default 100 a second.
    pub bounces: u32,
    /// How long the count of an ended stream is remembered. Default 1 h.
    pub remember_for: Span,
}

impl Default for SmLimits {
    fn default() -> Self {
        Self {
            stanzas: 10_000,
            bytes: 16 * 1024 * 1024,
            ask_every: 10,
            ask_after: Span::from_secs(5),
            answer_for: Span::from_secs(60),
            resume_for: Span::from_secs(300),
            retry_for: Span::from_secs(60),
            reconnect: (Span::from_secs(5), Span::from_secs(60)),
            bounces: 100,
            remember_for: Span::from_hours(1),
        }
    }
}
