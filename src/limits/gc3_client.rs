//! Bounds of a device in a room.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Bounds on [`gc3::Client`](crate::gc3::Client) (client PROFILE, section Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientLimits {
    /// How long the room may take to answer. Default 30 s.
    pub answer_for: Span,
    /// After how much silence the client asks whether it is in. Default 15 min.
    pub silence: Span,
    /// How often it asks while the room does not see its presence: a bare session lives 15 minutes. Default 10 min.
    pub keep_alive: Span,
    /// The first and the longest pause before another try. Default 1 min and 60 min.
    pub retry: (Span, Span),
    /// How long a subscription request may come before or after the answer to the join. Default 60 s.
    pub approve_for: Span,
    /// People of the room that are kept. Default 10 000.
    pub people: usize,
    /// Names of people, those who left included. Default 20 000.
    pub names: usize,
    /// How long a name is kept after it was last used. Default 730 days.
    pub names_for: Span,
    /// Messages of one page of the archive. Default 100.
    pub page: u32,
    /// Pages that are read at one time before a gap is left. Default 20.
    pub pages: u32,
    /// Ids by which a message that comes twice is known. Default 512.
    pub seen: usize,
    /// Gaps that are kept; older ones grow together. Default 16.
    pub gaps: usize,
    /// Messages whose own reactions are remembered: as many as messages are, for to react to what is out of sight is
    /// rare, and costs no more than that the reactions there have to be given again. Default 512.
    pub reacted: usize,
    /// Reactions that the room allows, of which the user chooses: more than anybody would look through, and 32 KiB at
    /// the most. Default 512.
    pub offered: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            answer_for: Span::from_secs(30),
            silence: Span::from_mins(15),
            keep_alive: Span::from_mins(10),
            retry: (Span::from_mins(1), Span::from_mins(60)),
            approve_for: Span::from_secs(60),
            people: 10_000,
            names: 20_000,
            names_for: Span::from_days(730),
            page: 100,
            pages: 20,
            seen: 512,
            gaps: 16,
            reacted: 512,
            offered: 512,
        }
    }
}
