//! The device's side: which registrations and opt-ins it sends, when it sends them again, and what it undoes.
//!
//! A device is pushed if three things hold: its server was told where ([`Enable`](super::enable::Enable)), the rooms were
//! told that copies are wanted, and nobody undid either. A [`Client`] is told what its user wants and keeps all three so:
//! it waits for answers, tries again, begins anew in a new session and does not repeat itself in a resumed one.
//!
//! - The rules: [`rules`]. The whole text: `spec-vectors/push-client/PROFILE.md`.
//!
//! ```
//! use xmpp_machines::limits::PushClientLimits;
//! use xmpp_machines::push::client::{Client, Features, Input, Wanted};
//! use xmpp_machines::push::enable::{Enable, Target};
//! use xmpp_machines::push::filter::Filters;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let account = jid::BareJid::new("ann@tea.example")?;
//! let mut client = Client::new(&account, PushClientLimits::default(), Seed::new([7; 32]));
//! let (mut said, now) = (Outbox::new(), Time::from_millis(1_800_000_000_000));
//! let target = Target::Node { node: Some("n1".into()), options: Vec::new(), filters: Filters::default() };
//! let enable = Enable { service: "push.fig.example".into(), target };
//! client.handle(now, Input::Want(Wanted { node: Some(enable), client: None }), &mut said)?;
//! assert!(said.is_empty()); // nobody is there to be told yet
//! client.handle(now, Input::Online { features: Features { push: true, push2: false }, resumed: false }, &mut said)?;
//! assert_eq!(said.deliveries().map(|iq| (iq.to, iq.why.id())).collect::<Vec<_>>(), [("ann@tea.example", "push-client.E1")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod host;
mod machine;
pub mod rules;
mod say;
mod state;

pub use host::{By, Features, Input, Notice, OptIn, Wanted};
pub use machine::Client;
