//! What a whole domain does: machines that hold the machines of several topics and let them speak to each other.

pub mod rooms;

pub use rooms::Rooms;
