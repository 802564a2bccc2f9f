//! A domain full of rooms: creates them, finds them by name and alias, lists them, asks clients for their features
//! once, and gives every stanza to the room it is for.

mod activity;
#[cfg(test)]
mod audit_tests;
mod caps;
mod create;
mod disco;
mod machine;
mod state;
#[cfg(test)]
mod tests;
mod views;

pub use machine::Service;
pub use state::{Creators, ServiceConfig};
