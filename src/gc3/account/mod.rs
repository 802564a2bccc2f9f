//! The user's server: joins rooms in the account's name, keeps the list of the rooms that it is in, and approves
//! exactly those subscription requests that come of it.
//!
//! One [`Account`] stands before the routers of one account. It hears what the account's sessions send and what comes
//! for the account, does what is its business and [passes](Order::Pass) the rest. Its [grounds](Order::Ground) are the
//! room set of the push router and of the IM router.
//!
//! - The rules, one sentence each: [`rules`]. The whole text: `spec-vectors/account/PROFILE.md`.
//! - Sources: the GC3 ProtoXEP (`urn:xmpp:gc3:0`), the New MUC ProtoXEP (MUC2-PAM), XEP-0060, 0402, RFC 6121 §3.
//!
//! ```
//! use jid::BareJid;
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::gc3::Account;
//! use xmpp_machines::gc3::account::Input;
//! use xmpp_machines::limits::AccountLimits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let ann = BareJid::new("ann@tea.example")?;
//! let mut account = Account::new(&ann, AccountLimits::default(), Seed::new([7; 32]));
//! let mut said = Outbox::new();
//!
//! let join = b"<iq type='set' id='j1' from='ann@tea.example/pot' to='ann@tea.example'>
//!   <join xmlns='urn:xmpp:muc:0' room='cups@rooms.example'><nickname>Ann</nickname></join></iq>";
//! account.handle(Time::from_millis(1000), Input::Own(Reader::one("jabber:client", join)?), &mut said)?;
//! // The account asks the room, and reflects what it answers.
//! let asked: Vec<_> = said.deliveries().map(|delivery| (delivery.to, delivery.why.id())).collect();
//! assert_eq!(asked, [("cups@rooms.example", "account.D1")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod host;
mod judge;
mod machine;
pub mod rules;
mod say;
mod state;
mod wire;

pub use host::{Input, Listed, Notice, Order, Way};
pub use machine::Account;

/// What service discovery at the account must name, besides what the other parts of the server name.
pub const FEATURES: [&str; 2] = ["urn:xmpp:muc:pam:0", "urn:xmpp:gc3:0:pam"];

/// The node of the list.
pub const NODE: &str = "urn:xmpp:gc3:0:joined";
