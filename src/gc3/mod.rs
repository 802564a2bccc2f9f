//! Group chat 3: rooms that know who belongs to them, whoever is online.

mod host;
pub mod rules;

pub use host::{Answer, Command, Edge, Input, Notice, Order, Page, ParentFact, Query, Record, Token};
