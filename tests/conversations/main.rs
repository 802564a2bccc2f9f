//! Whole conversations with a room service: stories, tables of its small automata, misuse, privacy.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod misuse;
mod muc;
mod pairs;
mod privacy;
mod streams;
mod transcripts;
mod world;
