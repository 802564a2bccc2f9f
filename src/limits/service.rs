//! Bounds of a whole domain.

use serde::{Deserialize, Serialize};

use super::{AccountLimits, Gc3Limits, ImngLimits, PushRouterLimits, RetentionLimits};

/// Bounds on a [`Domain`](crate::service::Domain) (PROFILE, section Limits), and on what is in it. Each has the default
/// that the profile names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLimits {
    /// Accounts. Default 1 000 000.
    pub accounts: usize,
    /// Stanzas that one input may have delivered inside the domain: one to each session in a large room, and their answers.
    /// Default 250 000.
    pub deliveries: usize,
    /// How many stanzas may follow one from the other inside the domain in answer to one input. Default 8.
    pub hops: u8,
    /// Bytes of a presence that is remembered for those who ask later. A longer one is sent and not remembered. Default
    /// 16 KiB.
    pub presence_bytes: usize,
    /// Contacts of one account whose subscription is known. Default 10 000.
    pub contacts: usize,
    /// Bounds on each account.
    pub account: ImngLimits,
    /// Bounds on the rooms.
    pub rooms: Gc3Limits,
    /// Bounds on the upload service.
    pub uploads: RetentionLimits,
    /// Bounds on each account's push router.
    pub push: PushRouterLimits,
    /// Bounds on each account's half of group chat.
    pub pam: AccountLimits,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            accounts: 1_000_000,
            deliveries: 250_000,
            hops: 8,
            presence_bytes: 16 * 1024,
            contacts: 10_000,
            account: ImngLimits::default(),
            rooms: Gc3Limits::default(),
            uploads: RetentionLimits::default(),
            push: PushRouterLimits::default(),
            pam: AccountLimits::default(),
        }
    }
}
