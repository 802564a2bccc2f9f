//! The room's side: which members get a copy of a message at their bare JIDs, and what the copies that come back mean.
//!
//! A room that sends messages to its sessions only cannot wake a phone that sleeps while a desktop is joined: it knows
//! sessions, and not which devices there are. So every message with content goes once more to the bare JID of each member
//! who wants it, and the member's server, which knows the devices, decides. Whoever wants copies says so: by the push
//! setting of a participant, by a registration, or by joining with the bare JID. Errors end copies only if they answer
//! one that was sent.
//!
//! - The rules: [`rules`]. The whole text: `spec-vectors/push-room/PROFILE.md`.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::limits::PushRoomLimits;
//! use xmpp_machines::push::room::{Affiliation, Broadcast, Config, Dialect, Input, Registration, Role, Room};
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let (room, ben) = (jid::BareJid::new("tea@rooms.example")?, jid::BareJid::new("ben@oak.example")?);
//! let mut copies = Room::new(&room, Config::default(), PushRoomLimits::default(), &Seed::new([7; 32]));
//! let (mut said, now) = (Outbox::new(), Time::from_millis(1_800_000_000_000));
//! let asked = Registration {
//!     jid: ben,
//!     id: "".into(),
//!     nick: "Ben".into(),
//!     offline: Some(true),
//!     affiliation: Affiliation::Member,
//!     role: Role::Participant,
//!     own: true,
//! };
//! copies.handle(now, Input::Registered(asked), &mut said)?;
//!
//! let message = br#"<message type='groupchat' id='m1' from='tea@rooms.example/Ann'><body>Tea?</body>
//!     <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='1'/></message>"#;
//! let message = Reader::one("jabber:client", message)?;
//! let broadcast = Broadcast::read(None, &message).rendered(Dialect::Muc, &message, true);
//! copies.handle(now, Input::Broadcast(broadcast), &mut said)?;
//! let to: Vec<_> = said.deliveries().map(|copy| (copy.to, copy.why.id())).collect();
//! assert_eq!(to, [("ben@oak.example", "push-room.R4")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounce;
mod broadcast;
mod host;
mod index;
mod machine;
pub mod rules;
mod state;

pub use broadcast::Broadcast;
pub use host::{Affiliation, Config, Dialect, Input, Mode, Notice, Participant, Registration, Role, Wish};
pub use machine::Room;
