//! Who may do what: affiliations, roles, hats, verbs, and the policy over them.
//!
//! A room that never changed its policy decides by the tables of XEP-0045 §5 alone: [`allows`] is a function of the
//! configuration, one affiliation, one role and one verb, and costs the room nothing. Once somebody changes it, a
//! [`Policy`] holds ordered [groups](Group) of people with a value for some verbs; the first group that somebody is in
//! and that has a value decides. The tables are the last groups of every policy, so that what nobody changed stays what
//! it was.
//!
//! - The rules: [`rules::acl`](crate::gc3::rules::acl). The whole text: `spec-vectors/acl/PROFILE.md`.
//! - Sources: the Entity ACL ProtoXEP (`urn:xmpp:entity-acl:0`), XEP-0045 §5, XEP-0317; MIMI room policy for [`mimi`].
//!
//! ```
//! use xmpp_machines::gc3::acl::{Affiliation, Decider, Group, Of, Policy, Role, Subject, Value, Verb, allows};
//! use xmpp_machines::gc3::config::{Config, Kind};
//!
//! let config = Config::of(Kind::Channel);
//! assert!(allows(&config, Affiliation::Member, Some(Role::Participant), Verb::SendMessage));
//!
//! // Whoever wears the hat is silent, whatever else they are.
//! let mut muted = Group::new(Of::Hat("urn:example:muted".into()));
//! muted.set(Verb::SendMessage, Value::Deny);
//! let mut policy = Policy::default();
//! policy.insert(0, muted);
//!
//! let worn = ["urn:example:muted".into()].into();
//! let ben = Subject { jid: "ben@oak.example", affiliation: Affiliation::Member, role: Some(Role::Participant), hats: Some(&worn) };
//! let decision = policy.decide(&config, &ben, Verb::SendMessage);
//! assert_eq!((decision.allowed, decision.by), (false, Decider::Group(0)));
//! ```

pub mod mimi;
mod policy;
mod rank;
mod tables;
#[cfg(test)]
mod tests;
mod verb;

pub use policy::{Decider, Decision, Group, Of, Policy, RankChange, Subject, Value};
pub use rank::{Affiliation, Role};
pub use tables::{allows, by_affiliation, by_role};
pub use verb::Verb;
