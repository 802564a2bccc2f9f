//! What surrounds an account's router when it is tried: its host, its decision table, random conversations.

mod host;
pub mod table;
pub mod talk;

pub use host::{AccountHost, NS};
