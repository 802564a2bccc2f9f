//! Message routing of one account: RFC 6121 §8, carbons, IM-NG, offline store, archive, blocking.
//!
//! - [`host`](Input): what goes in and what the host is asked to do.
//! - [`AccountConfig`] and [`Policy`]: what the specifications leave open.

mod config;
mod host;

pub use config::{AccountConfig, Policy};
pub use host::{
    Direction, EndCondition, Event, Fact, Grounds, Input, Notice, Order, PushCandidate, Reached, Record, Stored,
    Subscription, Token,
};
