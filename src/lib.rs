#![doc = include_str!("../README.md")]

pub mod codec;
pub mod gc3;
pub mod imng;
pub mod limits;
pub mod machine;
pub mod ns;
mod outbox;
pub mod party;
pub mod push;
mod rate;
pub mod reactions;
pub mod retention;
pub mod rule;
pub mod seed;
pub mod service;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sm;
mod snapshot;
pub mod time;

/// The crates whose types stand in this interface, in the versions that it uses.
pub use {jid, minidom};

pub use machine::{Action, Machine, Misuse, Sink, Within};
pub use outbox::{Delivery, Outbox};
pub use rule::Rule;
pub use snapshot::{Corrupt, Snapshot};
pub use time::{Span, Time};
