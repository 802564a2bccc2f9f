//! One room.

mod state;
