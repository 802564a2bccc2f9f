//! The world to try machines in.

mod bench;
pub mod chart;
mod host;
pub mod laws;
#[cfg(test)]
mod toy;
mod transcript;
pub mod vectors;
pub mod xml;

pub use bench::{Bench, Host, Restless};
pub use host::{Parent, SimHost};
pub use transcript::{Line, Show, Transcript, What};
