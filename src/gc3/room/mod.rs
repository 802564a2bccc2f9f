//! One room: a machine of its own, which a [`Service`](super::Service) holds many of.

mod asking;
mod due;
mod judge;
mod machine;
mod muc;
mod perform;
mod relaying;
mod say;
mod state;
#[cfg(test)]
pub(super) mod tests;
mod views;
mod watch;

pub use machine::{DefaultTopics, Room, RoomOrder};

pub(crate) use machine::Policy;

pub(crate) use judge::answered;
pub(crate) use judge::muc::Asked;
pub(crate) use state::{Level, Person, Question, Reacting, Show, State, State as RoomState, Topics, parse_base36};
pub(crate) use watch::Member;

/// Where a room says things.
type Out<'a> = dyn crate::machine::Sink<RoomOrder, crate::gc3::host::Notice> + 'a;
