//! Bounds of an account's router.

use serde::{Deserialize, Serialize};

/// Bounds on an [`Account`](crate::imng::Account) (PROFILE, section Limits). Each has the default that the profile names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImngLimits {
    /// Sessions of the account. Never more than 64, whatever stands here: sets of sessions are one word. Default 64.
    pub sessions: usize,
    /// Messages that the host keeps for later: without an end to them a stranger fills the disk. Default 1000.
    pub offline: u32,
    /// Messages that the host hands back at once. Default 100.
    pub offline_page: u32,
    /// Bytes of one message, its `to` apart: it may be stored twice and copied to 64 sessions. Default 128 KiB.
    pub message_bytes: usize,
    /// Bytes of a stanza's id, which answers repeat. Default 1024.
    pub id_bytes: usize,
    /// Addresses on the block list. Default 1000.
    pub blocked: usize,
    /// Contacts that the account knows. Default 10 000.
    pub contacts: usize,
    /// Rooms in the room set, and rooms that one session may have live. Default 1000.
    pub rooms: usize,
    /// Addresses to which one session sent directed presence. Default 256.
    pub directed: usize,
    /// Messages whose errors are recognised. Default 256.
    pub recent: usize,
}

impl Default for ImngLimits {
    fn default() -> Self {
        Self {
            sessions: 64,
            offline: 1000,
            offline_page: 100,
            message_bytes: 128 * 1024,
            id_bytes: 1024,
            blocked: 1000,
            contacts: 10_000,
            rooms: 1000,
            directed: 256,
            recent: 256,
        }
    }
}
