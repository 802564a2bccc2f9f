//! An HTTP upload service (XEP-0363) on `retention::Service`: the machine decides, this crate stores and serves.
//!
//! [`engine`] is the machine with its journal, [`files`] the bytes, [`http`] PUT and GET, [`xmpp`] the stream to the
//! server. The README says how to run it.

pub mod config;
pub mod engine;
pub mod files;
pub mod http;
pub mod xmpp;
