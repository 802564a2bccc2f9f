//! Bounds of an account at its own server.

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::time::Span;

/// Bounds on [`gc3::Account`](crate::gc3::Account) (account PROFILE, section Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLimits {
    /// Rooms on the list: each costs some 200 bytes, and a client syncs each of them. Default 500.
    pub rooms: usize,
    /// Joins and creations that are not answered yet. Default 16.
    pub open: usize,
    /// Joins and creations. Default 10 a minute.
    pub joins: Rate,
    /// How long a room may take to answer one. Default 30 s.
    pub answer_for: Span,
    /// Subscription requests that are kept because they may belong to an open join. Default 16.
    pub early: usize,
    /// How long they are kept (J13). Default 60 s.
    pub early_for: Span,
    /// The first and the longest wait before a leave is repeated. Default 1 min and 1 h.
    pub retry: (Span, Span),
    /// For how long it is repeated. Default 24 h.
    pub retry_for: Span,
    /// Leaves that are not answered yet. Default 500.
    pub leaving: usize,
    /// For how long copies are taken from a room that went off the list. Default 10 min.
    pub copies_for: Span,
    /// Sessions that are told of changes of the list. Default 64.
    pub sessions: usize,
    /// Rooms on one page of the list. Default 100.
    pub page: usize,
    /// Bytes of a form that is sent on. Default 16 KiB.
    pub form_bytes: usize,
}

impl Default for AccountLimits {
    fn default() -> Self {
        let minute = Span::from_mins(1);
        Self {
            rooms: 500,
            open: 16,
            joins: Rate::per(10, minute),
            answer_for: Span::from_secs(30),
            early: 16,
            early_for: minute,
            retry: (minute, Span::from_hours(1)),
            retry_for: Span::from_hours(24),
            leaving: 500,
            copies_for: Span::from_mins(10),
            sessions: 64,
            page: 100,
            form_bytes: 16 * 1024,
        }
    }
}
