//! Group chat 3: rooms that know who belongs to them, whoever is online.
//!
//! A [`Service`] is a domain full of rooms; a [`Room`] is one of them. A participant is an *account*: it stays in while
//! its devices come and go, has one nickname and one stable ID, and every device asks with one request (`sync`) whether
//! the room still knows it, what it subscribed to and whether it missed something. Rooms learn who is online by a
//! presence subscription, never send real JIDs to those who may not see them, and put all messages into one order.
//!
//! - The rules, one sentence each: [`rules::table`]. The whole text: `spec-vectors/gc3/PROFILE.md`.
//! - Sources: the GC3 ProtoXEP (`urn:xmpp:gc3:0`), XEP-0045, 0313, 0359, 0421, 0424, 0425.
//! - The rooms of this folder: `wire` reads stanzas, `room::judge` decides, `room::state` changes, `room::say`
//!   writes; [`acl`] is who may do what, [`config`] what a room is set to, [`nick`] when two names are one.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::gc3::{Input, Service, ServiceConfig};
//! use xmpp_machines::limits::Gc3Limits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let domain = jid::BareJid::new("rooms.example")?;
//! let mut service = Service::new(ServiceConfig::new(&domain), Gc3Limits::default(), Seed::new([7; 32]));
//! let mut said = Outbox::new();
//!
//! let create = br#"<iq type='set' id='c1' from='ann@tea.example/laptop' to='rooms.example'>
//!   <create xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>
//!     <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:gc3:create-form</value></field>
//!     <field var='urn:xmpp:gc3:fields:nickname'><value>Ann</value></field>
//!     <field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field>
//!     <field var='urn:xmpp:gc3:fields:name'><value>Tea and cake</value></field>
//!   </x></create></iq>"#;
//! let stanza = Reader::one("jabber:client", create)?;
//! service.handle(Time::from_millis(1_800_000_000_000), Input::Stanza(stanza), &mut said)?;
//!
//! let why: Vec<&str> = said.deliveries().map(|delivery| delivery.why.id()).collect();
//! assert_eq!(why, ["gc3.G3.6", "gc3.G3.1"]); // the answer, and the room's subscription request
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod account;
pub mod acl;
pub mod client;
pub mod config;
mod form;
mod host;
mod id;
pub mod nick;
mod paging;
mod refusals;
mod room;
pub mod rules;
mod service;
mod wire;

pub use account::Account;
pub use client::Client;
pub use host::{
    Accepted, Answer, Audit, Command, Edge, Ground, Input, Notice, Order, Page, ParentFact, Query, Record, Token,
};
pub use id::ParticipantId;
pub use room::{DefaultTopics, Room, RoomOrder};
pub use service::{Creators, Service, ServiceConfig};

pub(crate) use room::Member;
