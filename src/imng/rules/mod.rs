//! The rules of routing, and the words in which they are printed.

pub mod table;
