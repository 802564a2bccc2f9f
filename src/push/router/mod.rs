//! The user's server's side of group chat push: one account, its sessions, its devices that sleep.
//!
//! A [`Router`] sees what its account sees, and decides for each message of a room which sessions get the copy that came
//! to the bare JID, and which sleeping devices are woken, by XEP-0357 or Push 2.0. The same test is made for messages of
//! one person. It answers the clients' requests to enable and disable push, and looks after errors of the push services.
//!
//! > A device that may see a message has it from its session, is pushed for it, or the rule is told why not; and no
//! > device is pushed twice for one message.
//!
//! - [`Input`]: what the account sees. The router observes joins, subscriptions and registrations in passing.
//! - The normative text: `spec-vectors/push-router/PROFILE.md`; the rules: [`table`].
//!
//! One device is in the room, another sleeps. The first has the message from the room; the copy wakes the second:
//!
//! ```
//! use jid::{BareJid, FullJid};
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::limits::PushRouterLimits;
//! use xmpp_machines::push::router::{Input, Membership, RoomFact, Router, RouterConfig, SessionEvent};
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let (ann, room) = (BareJid::new("ann@tea.example")?, BareJid::new("kettle@rooms.example")?);
//! let phone = FullJid::new("ann@tea.example/phone")?;
//! let mut router = Router::new(&RouterConfig::new(&ann), PushRouterLimits::default(), Seed::new([7; 32]));
//! let now = Time::from_millis(1_800_000_000_000);
//! let enable = br#"<iq type="set" id="e1">
//!     <enable xmlns="urn:xmpp:push:0" jid="push.fig.example" node="n1"/></iq>"#;
//! for input in [
//!     Input::Room { room, fact: RoomFact::Member(Membership::Registered, true) },
//!     Input::Session { jid: phone.clone(), event: SessionEvent::Up { client: None, enable: None } },
//!     Input::Sent { session: phone.clone(), stanza: Reader::one("jabber:client", enable)? },
//!     Input::Session { jid: phone, event: SessionEvent::Gone { unacked: Vec::new() } },
//! ] {
//!     router.handle_with(now, input, |_, _| {})?;
//! }
//!
//! let copy = br#"<message type="groupchat" from="kettle@rooms.example/Ben" to="ann@tea.example">
//!     <body>Tea?</body><stanza-id xmlns="urn:xmpp:sid:0" by="kettle@rooms.example" id="s1"/></message>"#;
//! let mut said = Outbox::new();
//! router.handle(now, Input::Arrived(Reader::one("jabber:client", copy)?), &mut said)?;
//! let pushed: Vec<_> = said.deliveries().map(|delivery| (delivery.to, delivery.why.id())).collect();
//! assert_eq!(pushed, [("push.fig.example", "push-router.T4")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copies;
mod copy;
mod input;
mod judge;
mod judgement;
mod machine;
mod publishing;
mod rooms;
mod say;
mod sessions;
mod state;
pub mod table;

pub use copy::MemberCopy;
pub use input::{Candidate, Input, Item, Membership, Notice, Order, RoomFact, RouterConfig, SessionEvent};
pub use judgement::{Judgement, Push};
pub use machine::Router;
