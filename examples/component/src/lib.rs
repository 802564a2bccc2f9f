//! A host for the rooms of `xmpp-machines`: an external component (XEP-0114) behind any XMPP server.
//!
//! The machine decides, this crate does: [`link`] is the socket and its handshake, [`store`] the journal and the
//! snapshots, [`archive`] the messages of the rooms, [`engine`] the machine between journal and output, [`host`] the
//! loop that joins them. The README says how to run it.

pub mod archive;
pub mod config;
pub mod engine;
pub mod host;
pub mod link;
pub mod queue;
pub mod store;
