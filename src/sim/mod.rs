//! The world to try machines in.

pub mod xml;
