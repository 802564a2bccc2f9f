//! What things cost, exactly: allocations, sizes of types, memory.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[cfg(feature = "sim")]
mod client;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/copies.rs"]
mod copies;
#[path = "../common/domain.rs"]
mod domain;
mod gc3;
mod imng;
mod muc2;
mod push_client;
mod push_room;
mod push_router;
mod retention;
mod service;
mod sm;
