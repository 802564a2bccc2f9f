//! A device in a room: is it in, who is there, what did it miss, and what does it do next?
//!
//! The hard question is the first. A room may lose a device without a word, and then both are silent: the device
//! believes that it is in. A [`Client`] therefore claims to be [in](Standing::In) only as long as something proved it a
//! short while ago, asks when nothing did, and cures what it finds: by `sync` in rooms that speak GC3, by self-ping
//! (XEP-0410) everywhere else. What was missed is read from the archive, and what cannot be read is a [`Gap`] that is
//! shown rather than hidden.
//!
//! It also keeps the user's own reactions (XEP-0444): sends what the room allows, and takes back what it refuses.
//!
//! - The rules, one sentence each: [`rules`]. The whole text: `spec-vectors/client/PROFILE.md`.
//! - Sources: the GC3 ProtoXEP, XEP-0045, 0313, 0410, 0421, 0444, 0198.
//!
//! ```
//! use xmpp_machines::gc3::Client;
//! use xmpp_machines::gc3::client::{ClientConfig, Command, Dialect, Input, Standing};
//! use xmpp_machines::limits::ClientLimits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let config = ClientConfig {
//!     room: jid::BareJid::new("tea@rooms.example")?,
//!     me: jid::FullJid::new("ann@tea.example/pot")?,
//!     dialect: Dialect::Gc3,
//!     nick: "Ann".into(),
//!     password: None,
//!     archive: true,
//!     occupant_ids: true,
//!     account: false,
//!     reactions: true,
//! };
//! let mut client = Client::new(config, ClientLimits::default(), Seed::new([7; 32]));
//! let mut said = Outbox::new();
//! let now = Time::from_millis(1_800_000_000_000);
//! client.handle(now, Input::Command(Command::Online), &mut said)?;
//! client.handle(now, Input::Command(Command::Join), &mut said)?;
//! assert_eq!(said.deliveries().map(|delivery| delivery.why.id()).collect::<Vec<_>>(), ["client.J1"]);
//! assert_eq!(client.standing(), Standing::Joining);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod book;
mod history;
mod host;
mod live;
mod machine;
mod muc;
mod people;
mod reacting;
pub mod rules;
mod say;
mod state;

pub use book::{Named, NickBook};
pub use host::{ClientConfig, Command, Dialect, Gap, Heard, Input, NotSent, Notice, Order, Reactions, Standing, Why};
pub use machine::Client;
pub use state::Person;
