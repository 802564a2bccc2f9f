//! The laws of every machine, in random conversations.

mod gc3;
mod sm;
