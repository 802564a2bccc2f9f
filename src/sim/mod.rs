//! The world to try machines in (feature `sim`): a host that answers at once, time that is a number, and everything
//! written down.
//!
//! - [`Transcript`] is a sink that writes down inputs and actions, the one rendering used everywhere; [`chart`] draws it.
//! - [`Bench`] puts a machine and its [`Host`] together; [`SimHost`] is the host of a room service.
//! - [`laws`] are what every machine keeps, as functions for property tests and fuzzing.
//! - [`talk`] holds random conversations with a room service, for the laws and for fuzzing; [`talk_push_room`] with a
//!   room's copies, [`talk_push_client`] with a device's push.
//! - [`sleep`] compares two ways to wake a device that sleeps.
//! - [`vectors`] reads conformance vectors and plays them on this implementation or on any other.
//!
//! Nothing here opens a file, looks at a clock or draws a random number either.

mod bench;
pub mod chart;
mod choice;
mod host;
pub mod imng;
pub mod laws;
pub mod service;
pub mod sleep;
mod sm;
pub mod talk;
pub mod talk_account;
pub mod talk_client;
mod talk_deeds;
pub mod talk_push_client;
pub mod talk_push_room;
pub mod talk_push_router;
pub mod talk_retention;
pub mod talk_service;
pub mod talk_sm;
pub mod talk_upload;
#[cfg(test)]
mod toy;
mod transcript;
pub mod vectors;
pub mod world;
pub mod xml;

pub use bench::{Bench, Host, Restless};
pub use host::{Parent, SimHost};
pub use sm::SmHost;
pub use transcript::{Line, Show, Transcript, What};
