//! Bounds of a room's copies.

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::time::Span;

/// Bounds on [`push::Room`](crate::push::Room).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRoomLimits {
    /// Members above which only those without a session in the room get copies: each message costs one stanza for each
    /// of them. Default 5000.
    pub members: usize,
    /// Accounts that are remembered, with a ground or a session: each costs some 400 bytes. Default 100 000.
    pub accounts: usize,
    /// Sessions of one account. Default 32.
    pub sessions: u32,
    /// Messages whose copies are known when they come back. Default 512.
    pub recent: usize,
    /// How long an account counts as alive after it did something. Default 30 days.
    pub alive_for: Span,
    /// Refusals without a success between them that end copies by default. Default 3.
    pub strikes: u8,
    /// After which time without an error a copy has arrived. Default 60 s.
    pub silence: Span,
    /// Bounces of one member that count. Default 1 a minute.
    pub bounces: Rate,
    /// The first and the longest pause for a server that is out of reach. Default 1 min and 1 h.
    pub pause: (Span, Span),
    /// For how long that is tried. Default 72 h.
    pub pause_for: Span,
}

impl Default for PushRoomLimits {
    fn default() -> Self {
        let minute = Span::from_mins(1);
        Self {
            members: 5000,
            accounts: 100_000,
            sessions: 32,
            recent: 512,
            alive_for: Span::from_days(30),
            strikes: 3,
            silence: minute,
            bounces: Rate::per(1, minute),
            pause: (minute, Span::from_hours(1)),
            pause_for: Span::from_hours(72),
        }
    }
}
