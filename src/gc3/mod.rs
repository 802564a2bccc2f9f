//! Group chat 3: rooms that know who belongs to them, whoever is online.

pub mod acl;
pub mod config;
mod form;
mod host;
mod id;
pub mod nick;
mod room;
pub mod rules;
mod service;
mod wire;

pub use host::{Answer, Command, Edge, Input, Notice, Order, Page, ParentFact, Query, Record, Token};
pub use id::ParticipantId;
pub use room::{DefaultTopics, Room, RoomOrder};
pub use service::{Creators, Service, ServiceConfig};
