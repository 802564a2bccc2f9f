//! Rules: what a room and its service decide, and why.

pub mod acl;
pub mod table;
