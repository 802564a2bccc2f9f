//! Push for group chat: copies of a room's messages for members whose devices sleep, and what each side does about them.
//!
//! A room sends each message with content once more to the bare JID of every member who wants it; the member's server
//! gives it to the sessions that can use it and wakes the devices that sleep; a device says beforehand that it wants
//! both. One role, one folder:
//!
//! - [`room`]: a room's copies for its members; [`client`]: what a device sends.
//! - what a message is about, for both servers: [`content`], and whom it is for: [`mention`].
//! - what a device says beforehand: [`enable`] and [`filter`]; what a push service is told: [`publish`].
//! - the member's server: [`router`].
//! - Sources: XEP-0357, Push 2.0 (`urn:xmpp:push2:0`), XEP-0045 §7.10 with the registration field of Tigase, XEP-0372,
//!   XEP-0452, XEP-0461, XEP-0492, XEP-0513.

pub mod client;
pub mod content;
pub mod enable;
pub mod filter;
pub mod mention;
pub mod publish;
pub mod room;
pub mod router;

pub use client::Client;
pub use room::Room;
