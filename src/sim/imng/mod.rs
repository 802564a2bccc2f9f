//! What surrounds an account's router when it is tried: its host, its decision table, random conversations.

mod host;

pub use host::{AccountHost, NS};
