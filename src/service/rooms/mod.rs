//! Rooms whose members are told what is said while they are away: a room service with the copies of each of its rooms.
//!
//! [`Rooms`] takes what a [`gc3::Service`](crate::gc3::Service) takes and orders what it orders. Beside each room it holds
//! a [`push::Room`](crate::push::Room), which it tells who takes part, who listens, what was accepted and what came back.
//! Copies are said after what the room itself says.
//!
//! ```
//! use xmpp_machines::gc3::{Input, ServiceConfig};
//! use xmpp_machines::limits::Gc3Limits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::service::Rooms;
//! use xmpp_machines::service::rooms::Copies;
//! use xmpp_machines::{Machine, Snapshot};
//!
//! let config = ServiceConfig::new(&jid::BareJid::new("rooms.example")?);
//! let rooms = Rooms::new(config.clone(), Gc3Limits::default(), Seed::new([7; 32]), Some(Copies::default()));
//! let mut rooms = Rooms::load(&rooms.save())?;
//! rooms.reconfigure(config, None)?; // from now on nobody is sent copies
//! assert_eq!((rooms.service().len(), rooms.deadline()), (0, None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod machine;
#[cfg(test)]
mod tests;

pub use machine::{Copies, Notice, Rooms};
