//! Message routing of one account: where a stanza goes, who gets a copy, what is kept, archived, answered or dropped.
//!
//! An [`Account`] is one account at its own server: the rules of RFC 6121 §8, carbons (XEP-0280), IM-NG (XEP-0409), the
//! offline store (XEP-0160), hints (XEP-0334), the archive's decision (XEP-0313) and blocking (XEP-0191), for sessions of
//! any mixture. It says for every stanza why: [`Account::explain`] tells for each session what it gets or why not.
//!
//! - The rules, one sentence each: [`rules::table`]. The whole text: `spec-vectors/imng/PROFILE.md`.
//! - What the specifications leave open is a switch: [`Policy`].
//! - Rosters are the host's: it tells the account what it needs as a [`Fact`], and is handed what changes them.
//! - The rooms of this folder: `wire` reads, `judge` decides, `state` knows, `say` writes, `explain` tells why.
//!
//! ```
//! use jid::{BareJid, FullJid};
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::imng::{Account, AccountConfig, Event, Input};
//! use xmpp_machines::limits::ImngLimits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let now = Time::from_millis(1_800_000_000_000);
//! let config = AccountConfig::new(&BareJid::new("ann@tea.example")?);
//! let mut account = Account::new(config, ImngLimits::default(), Seed::new([7; 32]));
//! let mut said = Outbox::new();
//! let (desk, phone) = (FullJid::new("ann@tea.example/desk")?, FullJid::new("ann@tea.example/phone")?);
//! for (session, event) in [
//!     (&desk, Event::Bound),
//!     (&desk, Event::Available { priority: 5 }),
//!     (&phone, Event::Bound),
//!     (&phone, Event::Carbons(true)),
//! ] {
//!     account.handle(now, Input::Session { session: session.clone(), event }, &mut said)?;
//! }
//!
//! let hello = b"<message type='chat' from='ben@oak.example/hut' to='ann@tea.example'><body>Tea?</body></message>";
//! let stanza = Reader::one("jabber:client", hello)?;
//! println!("{}", account.explain(&stanza, None));
//! account.handle(now, Input::Stanza(stanza), &mut said)?;
//! let why: Vec<_> = said.deliveries().map(|delivery| (delivery.to, delivery.why.id())).collect();
//! // The desk is the most available; the phone asked for copies.
//! assert_eq!(why, [("ann@tea.example/desk", "imng.B1"), ("ann@tea.example/phone", "imng.C5")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod explain;
mod host;
mod judge;
mod machine;
pub mod rules;
mod say;
mod sessions;
mod set;
mod state;
mod wire;

pub use config::{AccountConfig, Policy};
pub use explain::{Explanation, Outcome, Told};
pub use host::{
    Direction, EndCondition, Event, Fact, Grounds, Input, Notice, Order, PushCandidate, Reached, Record, Stored,
    Subscription, Token,
};
pub use judge::{Answer, Copies, Errand, Refusal, Source, Target, Then, Verdict, nobody};
pub use machine::{Account, refuse_for_nobody};
pub use say::FEATURES;
pub use set::SessionSet;
pub use wire::{Fallback, Mode, Route, Traits};
