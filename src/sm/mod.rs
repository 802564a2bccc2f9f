//! Stream management: what a peer has not acknowledged is neither lost silently nor delivered twice to one session.
//!
//! A [`Queue`] stands between a stream and whoever routes. Stanzas for the peer go in; writes for the connection come
//! out, in order, and with them questions for acknowledgement. When a connection breaks, the queue keeps what nobody
//! acknowledged until the stream is resumed; when the session is over, each such stanza meets its fate: it is routed
//! anew, or its sender gets an error, or, where neither helps, only the host is told.
//!
//! - The rules, one sentence each: [`rules`]. The whole text: `spec-vectors/sm/PROFILE.md`.
//! - Sources: XEP-0198 (the server's side of a client's stream, both sides between servers), XEP-0203.
//! - The rooms of this folder: `wire` reads and writes elements, `state` counts, `fate` decides what becomes of what is
//!   left, `machine` leads a stream from its beginning to its end.
//!
//! The orders that write ([`Order::Stanza`], [`Order::Nonza`], [`Order::Close`]) are for the connection; the stanzas in
//! the lane `Send` are errors, to be routed like any other stanza.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::limits::SmLimits;
//! use xmpp_machines::party::Address;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::sm::{Input, Nonza, Order, Pair, Parcel, Queue, Role};
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let address = |text| Address::from_normalised(text).expect("it is normalised");
//! let pair = Pair { peer: address("ann@tea.example/pot"), local: address("tea.example") };
//! let mut queue = Queue::new(Role::Client, pair.clone(), SmLimits::default(), Seed::new([7; 32]));
//! let mut said = Outbox::new();
//! let at = Time::from_millis;
//! queue.handle(at(1000), Input::Open { link: 1, offered: true }, &mut said)?;
//! let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>".parse()?;
//! queue.handle(at(1000), Input::Element { link: 1, pair: pair.clone(), element: enable }, &mut said)?;
//! let hello = b"<message to='ann@tea.example/pot' from='ben@oak.example/hat' id='m1'><body>Tea?</body></message>";
//! let hello = bytes::Bytes::from_static(hello);
//! queue.handle(at(2000), Input::Send(Parcel::of(hello, bytes::Bytes::new())), &mut said)?;
//!
//! // The connection breaks before she acknowledges; a minute later she is back, having seen nothing.
//! queue.handle(at(3000), Input::Lost { link: 1 }, &mut said)?;
//! said.clear();
//! let previd = queue.id().expect("it can be resumed");
//! let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{previd}' h='0'/>").parse()?;
//! queue.handle(at(63_000), Input::Element { link: 2, pair, element: resume }, &mut said)?;
//! let written: Vec<&Order> = said.orders().iter().map(|(_, order)| order).collect();
//! let [Order::Nonza { nonza: Nonza::Resumed { h: 0, .. }, .. }, Order::Stanza { head, .. }, Order::Nonza { .. }] = written[..]
//! else {
//!     panic!("resumed, the message again, and a question");
//! };
//! assert!(String::from_utf8_lossy(head).contains("stamp='1970-01-01T00:00:02Z'"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod breaking;
mod fate;
mod host;
mod machine;
pub mod rules;
mod state;
mod wire;

pub use host::{Copies, Input, Link, Notice, Order, Pair, Parcel, Role};
pub use machine::Queue;
pub use wire::{Nonza, NotNonza, StreamError};
