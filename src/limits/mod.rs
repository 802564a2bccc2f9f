//! Every bound in the crate, each with its reason and a default. One struct for the codec and one for each machine.

mod gc3;
mod gc3_account;
mod gc3_client;
mod imng;
mod push_client;
mod push_room;
mod push_router;
mod retention;
mod service;
mod sm;

pub use self::gc3::Gc3Limits;
pub use self::gc3_account::AccountLimits;
pub use self::gc3_client::ClientLimits;
pub use self::imng::ImngLimits;
pub use self::push_client::PushClientLimits;
pub use self::push_room::PushRoomLimits;
pub use self::push_router::PushRouterLimits;
pub use self::retention::{RetentionClientLimits, RetentionLimits};
pub use self::service::ServiceLimits;
pub use self::sm::SmLimits;
pub use crate::rate::{Allowance, Rate};

/// Bounds on what the codec reads. Everything from the wire is hostile until it is inside these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecLimits {
    /// Levels of nesting in one stanza, its root included. Deeper trees would cost stack when they are cloned,
    /// compared or written. Default 64.
    pub depth: usize,
    /// Bytes of one stanza, also when it is written without prefixes. A host buffers that much for every peer. Default
    /// 256 KiB.
    pub stanza_bytes: usize,
    /// Bytes of one name or attribute value. Default 64 KiB.
    pub token_bytes: usize,
    /// Bytes of one namespace. Each element holds a copy of its own, so that a long one would turn a stanza into a
    /// thousand times its size. Default 512.
    pub namespace_bytes: usize,
    /// Attributes of one element, namespace declarations included. Default 64.
    pub attributes: usize,
    /// Elements in one stanza, its root included: each costs memory of its own, far above its bytes. Default 8192.
    pub elements: usize,
}

impl Default for CodecLimits {
    fn default() -> Self {
        Self {
            depth: 64,
            stanza_bytes: 256 * 1024,
            token_bytes: 64 * 1024,
            namespace_bytes: 512,
            attributes: 64,
            elements: 8192,
        }
    }
}
