//! The upload service: grants slots, takes files, and lets the right one go first.

mod change;
mod disco;
mod due;
mod files;
mod heap;
mod ledger;
mod machine;
mod pressure;
mod put;
mod save;
mod slots;
mod state;

pub use machine::{Service, ServiceConfig};
