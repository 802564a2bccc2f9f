//! Bounds of the upload service and of the uploading client.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Bounds of [`retention::Service`](crate::retention::Service). What an operator chooses stands in the
/// [`Policy`](crate::retention::Policy); these are what the machine holds out against whatever the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionLimits {
    /// Bytes of a file name in UTF-8: file systems take no more. Default 255.
    pub name_bytes: usize,
    /// Bytes of a content type. Default 255.
    pub type_bytes: usize,
    /// Slots of one account that are granted and not yet used: each holds quota that nobody else can have. Default 10.
    pub open_slots: usize,
    /// How long a PUT may run once it has begun: a connection that never ends would hold its quota for ever. Default 6 h.
    pub put_for: Span,
    /// Files that one plan may evict: a large file must not turn over a whole service in one call. Default 1000.
    pub plan_files: usize,
    /// Deletions and ended slots of one wake; the next wake is a millisecond later. Default 1000.
    pub sweep: usize,
    /// References to one file by other items. Default 64.
    pub references: usize,
    /// Bytes of what names a reference. Default 1024.
    pub reference_bytes: usize,
    /// Deleted files that are remembered, to answer 410 instead of 404. Default 1 000 000.
    pub tombstones: usize,
    /// Accounts that have files, slots or a rate that is not yet forgotten. Default 1 000 000.
    pub accounts: usize,
    /// Files and open slots of the service. Default 10 000 000.
    pub files: usize,
    /// Accounts that are forgotten, and tombstones that are dropped, in one call. Default 16.
    pub forget: usize,
}

impl Default for RetentionLimits {
    fn default() -> Self {
        Self {
            name_bytes: 255,
            type_bytes: 255,
            open_slots: 10,
            put_for: Span::from_hours(6),
            plan_files: 1000,
            sweep: 1000,
            references: 64,
            reference_bytes: 1024,
            tombstones: 1_000_000,
            accounts: 1_000_000,
            files: 10_000_000,
            forget: 16,
        }
    }
}

/// Bounds of [`retention::Client`](crate::retention::Client).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionClientLimits {
    /// Uploads that are under way at once. Default 32.
    pub uploads: usize,
    /// Files that wait to be uploaded again because they could not be stored for long. Default 256.
    pub kept: usize,
    /// How long the service may take to answer. Default 60 s.
    pub answer_for: Span,
    /// The first pause where the service names none; it doubles each time. Default 60 s.
    pub back_off: Span,
    /// The longest pause, also of those that the service names. Default 1 day.
    pub longest: Span,
    /// Slots that are asked for, for one file. Default 6.
    pub tries: u32,
    /// Features that are read of one answer. Default 512.
    pub features: usize,
    /// Headers of one slot. Default 16.
    pub headers: usize,
    /// Bytes of a URL or of a header's value. Default 8 KiB.
    pub text_bytes: usize,
    /// How long what the service offers is believed. Default 1 day.
    pub believed: Span,
    /// How long a reader may take to open an ephemeral message: its timer starts only then. Default 14 days.
    pub reading: Span,
}

impl Default for RetentionClientLimits {
    fn default() -> Self {
        Self {
            uploads: 32,
            kept: 256,
            answer_for: Span::from_secs(60),
            back_off: Span::from_secs(60),
            longest: Span::from_days(1),
            tries: 6,
            features: 512,
            headers: 16,
            text_bytes: 8 * 1024,
            believed: Span::from_days(1),
            reading: Span::from_days(14),
        }
    }
}
