//! Whole conversations with a room service: stories, tables of its small automata, misuse, privacy.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod domain;
mod misuse;
mod muc;
mod muc2;
mod pairs;
mod privacy;
mod promises;
mod push_client;
mod push_room;
mod push_router;
#[path = "../common/ranks.rs"]
mod ranks;
mod routing;
mod schroedinger;
mod story;
mod streams;
mod transcripts;
mod uploads;
mod world;
