//! Uploads over HTTP (XEP-0363): purpose in, deadline out, and the right file goes first.
//!
//! A [`Service`] grants slots, says what each PUT and GET is answered with, and orders the deletion of files. It never
//! sees a byte of them: whoever stores bytes, and however, does what it orders. A [`Client`] chooses the purpose, tells
//! the user what cannot be promised, and tries again when the service says so.
//!
//! - A file's life is decided by its **purpose**: a message's picture for weeks, an avatar as long as somebody uses it, a
//!   story until tomorrow, a blog for good. [`Policy`] is what an operator says about it, as data.
//! - What is decided has a rule: [`rules::table`], [`rules::client`]. The whole text: `spec-vectors/retention/PROFILE.md`
//!   and `spec-vectors/retention-client/PROFILE.md`.
//! - Who keeps a ledger of their own uses [`judge`] alone.
//! - Sources: XEP-0363 1.2.0, XEP-0498, XEP-0504, XEP-0501, XEP-0466, `pubsub#item_expire` of XEP-0060.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::limits::RetentionLimits;
//! use xmpp_machines::retention::{Input, Order, Policy, Service, ServiceConfig, SlotId};
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! // The secret signs what a PUT brings along; the seed draws the names of slots.
//! let config = ServiceConfig::new("up.example", "https://up.example/", Seed::new([3; 32]));
//! let mut service = Service::new(config, Policy::default(), RetentionLimits::default(), Seed::new([7; 32]))?;
//! let mut said = Outbox::new();
//! let now = Time::from_millis(1_800_000_000_000);
//!
//! let request = br#"<iq type='get' id='u1' from='ann@tea.example/pot' to='up.example'>
//!   <request xmlns='urn:xmpp:http:upload:0' filename='cup.webp' size='9000' content-type='image/webp'/></iq>"#;
//! service.handle(now, Input::Stanza(Reader::one("jabber:client", request)?), &mut said)?;
//! let answer = said.deliveries().next().map(|delivery| String::from_utf8_lossy(delivery.tail).into_owned()).unwrap();
//! assert!(answer.contains("<put url='https://up.example/"));
//!
//! // The client's PUT arrives: the host asks before it reads the body.
//! let between = |text: &str, a: &str, b: &str| text.split_once(a).unwrap().1.split_once(b).unwrap().0.to_owned();
//! let slot = between(&answer, "put url='https://up.example/", "/");
//! let authorization = Some(between(&answer, "name='Authorization'>", "<").into());
//! said.clear();
//! let put = Input::Put { token: 1, slot: slot.as_str().into(), authorization, length: Some(9000), content_type: None };
//! service.handle(now, put, &mut said)?;
//! assert!(matches!(said.orders(), [(why, Order::Receive { size: 9000, .. })] if why.id() == "retention.S18"));
//!
//! // Its bytes are stored: may it be answered with 201?
//! said.clear();
//! let stored = Input::Stored { token: 1, slot: SlotId::parse(&slot).unwrap(), bytes: 9000 };
//! service.handle(now, stored, &mut said)?;
//! assert!(matches!(said.orders(), [(_, Order::Accept { token: 1, .. })]));
//!
//! // Thirty days later it goes, unless it had to make room before.
//! said.clear();
//! let due = service.deadline().unwrap();
//! service.wake(due, &mut said);
//! assert!(matches!(said.orders(), [(why, Order::Delete { .. })] if why.id() == "retention.D1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod host;
mod http;
mod judge;
mod policy;
mod purpose;
pub mod rules;
mod service;
mod slot;
mod token;
mod wire;

pub use client::{Client, ClientInput, ClientNotice, ClientOrder, GaveUp, Use, Wanted, Warning};
pub use host::{Input, Notice, Order, Reason, Reference, Retracted, Shared, Token, Which};
pub use http::HttpMeta;
pub use judge::{Candidate, Denial, Grant, Ledger, Plan, SlotRequest, Unfit, Verdict, Wish, deadline, fit, judge};
#[cfg(feature = "toml")]
pub use policy::BadPolicy;
pub use policy::{
    Backups, Bucket, BucketName, Class, DIRECTORIES, FILES_PER_BUCKET, Keep, Policy, PolicyFault, parse_bytes,
    parse_span, write_bytes, write_span,
};
pub use purpose::Purpose;
pub use service::{Service, ServiceConfig};
pub use slot::SlotId;
pub use token::Pass;
