//! Bounds of the user's server's side of push.

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::time::Span;

/// Bounds on a push router, which is one per account (PROFILE, section Limits). Each has the default that the profile
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRouterLimits {
    /// Sessions of the account that are looked after, at most 64: each is a bit beside every message. Default 64.
    pub sessions: u32,
    /// Registrations of the account, at most 16: each is a bit beside every message. Default 16.
    pub registrations: u32,
    /// Filters of one registration. Default 256.
    pub filters: usize,
    /// Bytes of one `<enable/>`. Default 8 KiB.
    pub enable_bytes: usize,
    /// Rooms that are remembered: in the room set, left a moment ago, or bookmarked. Default 1024.
    pub rooms: usize,
    /// Contacts of which something is remembered: what was looked at longest ago goes first. Default 256.
    pub contacts: usize,
    /// Blocked addresses. Default 4096.
    pub blocked: usize,
    /// Ids that are remembered for one chat. Default 512.
    pub seen: usize,
    /// Ids that are remembered for all chats together: with many chats each has its share. Default 32 768.
    pub seen_total: usize,
    /// Requests of one session whose answers are waited for. Default 64.
    pub pending: usize,
    /// Services that one session asked for indications of activity (XEP-0437). Default 16.
    pub services: usize,
    /// How long a room stays in the room set when its last ground is gone. Default 10 min.
    pub left_for: Span,
    /// How long an explicit subscription counts without approval after the session's last stanza to the room. Default
    /// 15 min.
    pub bare_for: Span,
    /// Longest grace that a registration gets, however much it asks for. Default 10 min.
    pub grace: Span,
    /// Publishes of the account. Default 60 a minute.
    pub publishes: Rate,
    /// The pause between two publishes to one registration, except those of high priority. Default 2 s.
    pub pace: Span,
    /// Publishes of one registration that are not answered yet. Default 4.
    pub in_flight: usize,
    /// How long a push service may take to answer a publish. Default 60 s.
    pub answer_for: Span,
    /// The first and the longest wait before a publish is tried again. Default 30 s and 1 h.
    pub retry: (Span, Span),
    /// How often one notification is tried. Default 6.
    pub tries: u8,
    /// Errors in a row that are neither final nor a reason to wait, until the registration is disabled. Default 16.
    pub errors: u32,
    /// For how long nothing may succeed until the registration is disabled. Default 72 h.
    pub failing_for: Span,
    /// Raised priorities by mention in one room. Default 1 in 10 min.
    pub mentions_room: Rate,
    /// Raised priorities by mention of one account. Default 6 an hour, all at once if need be.
    pub mentions_account: Rate,
    /// Bytes of a body in a notification. Default 1 KiB.
    pub body_bytes: usize,
}

impl Default for PushRouterLimits {
    fn default() -> Self {
        Self {
            sessions: 64,
            registrations: 16,
            filters: 256,
            enable_bytes: 8 * 1024,
            rooms: 1024,
            contacts: 256,
            blocked: 4096,
            seen: 512,
            seen_total: 32_768,
            pending: 64,
            services: 16,
            left_for: Span::from_mins(10),
            bare_for: Span::from_mins(15),
            grace: Span::from_mins(10),
            publishes: Rate::per(60, Span::from_mins(1)),
            pace: Span::from_secs(2),
            in_flight: 4,
            answer_for: Span::from_secs(60),
            retry: (Span::from_secs(30), Span::from_hours(1)),
            tries: 6,
            errors: 16,
            failing_for: Span::from_hours(72),
            mentions_room: Rate::per(1, Span::from_mins(10)),
            mentions_account: Rate::per(6, Span::from_hours(1)),
            body_bytes: 1024,
        }
    }
}
