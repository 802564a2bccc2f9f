//! The laws of every machine, in random conversations.

mod account;
mod chat;
mod client;
mod gc3;
mod imng;
mod push_client;
mod push_room;
mod push_router;
mod retention;
mod service;
mod sm;
