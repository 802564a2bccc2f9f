//! Bounds of a device's push.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Bounds on [`push::Client`](crate::push::Client).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushClientLimits {
    /// Rooms that are asked for copies. Default 1000.
    pub rooms: usize,
    /// Registrations of this device and of removed ones that are still to be undone. Default 16.
    pub undo: usize,
    /// Requests that wait for their answers: a server may answer one after the other. Default 8.
    pub in_flight: usize,
    /// How long an answer may take. Default 30 s.
    pub answer_for: Span,
    /// The first and the longest pause before something is tried again. Default 30 s and 1 h.
    pub retry: (Span, Span),
    /// How often something is tried in one session. Default 6.
    pub tries: u8,
}

impl Default for PushClientLimits {
    fn default() -> Self {
        Self {
            rooms: 1000,
            undo: 16,
            in_flight: 8,
            answer_for: Span::from_secs(30),
            retry: (Span::from_secs(30), Span::from_hours(1)),
            tries: 6,
        }
    }
}
