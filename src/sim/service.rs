//! The host of a domain under test: it keeps what is to be kept, answers at once, and notes orders as elements.

use std::collections::{BTreeMap, VecDeque};

use super::bench::Host;
use super::host::SimHost;
use super::transcript::{Show, What};
use super::vectors::builtin::retention;
use super::xml::Tree;
use crate::gc3;
use crate::imng::{self, Direction, Stored};
use crate::push::router::Input as Push;
use crate::service::{Domain, Input, Order};

/// The namespace of the elements that stand for a domain's inputs and orders.
pub const NS: &str = "xmpp-machines:service:0";

/// A host that does at once what a domain orders, from memory.
#[derive(Clone, Debug, Default)]
pub struct DomainHost {
    /// Messages kept for later, by account, oldest first.
    pub kept: BTreeMap<String, VecDeque<Stored>>,
    /// The host of the rooms.
    pub rooms: SimHost,
    ordered: Vec<Tree>,
}

impl DomainHost {
    /// What was ordered since the last call. What the rooms ordered is not among it.
    pub fn take_ordered(&mut self) -> Vec<Tree> {
        core::mem::take(&mut self.ordered)
    }
}

impl Host<Domain> for DomainHost {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.ordered.extend(element(&order));
        match order {
            Order::Account { account, order: imng::Order::StoreOffline { stamp, stanza } } => {
                if let Ok(stanza) = stanza.to_stanza("") {
                    self.kept.entry(account.to_string()).or_default().push_back(Stored { stamp, stanza });
                }
                None
            }
            Order::Account { account, order: imng::Order::FetchOffline { token, max } } => {
                let kept = self.kept.entry(account.to_string()).or_default();
                let messages = kept.drain(..kept.len().min(max as usize)).collect();
                let more = !kept.is_empty();
                Some(Input::Offline { account, token, messages, more })
            }
            Order::Rooms(order) => match Host::<gc3::Service>::obey(&mut self.rooms, order)? {
                gc3::Input::Answer { token, answer } => Some(Input::Answer { token, answer }),
                gc3::Input::Command(command) => Some(Input::Command(command)),
                gc3::Input::Stanza(_) => None,
            },
            Order::Account { .. }
            | Order::Contact { .. }
            | Order::Uploads(_)
            | Order::End { .. }
            | Order::Close { .. } => None,
        }
    }
}

/// An order as an element, with what matters of it.
fn element(order: &Order) -> Option<Tree> {
    let (account, order) = match order {
        Order::Rooms(_) => return None,
        Order::Uploads(order) => return Some(retention::element(order)),
        Order::End { session } => {
            let mut tree = Tree::new("end", NS);
            tree.set("session", session.to_string());
            return Some(tree);
        }
        Order::Close { peer, condition } => {
            let mut tree = Tree::new("close", NS);
            tree.set("peer", peer.to_string());
            tree.set("condition", condition.as_str());
            return Some(tree);
        }
        Order::Contact { account, jid, subscription } => {
            let mut tree = Tree::new("contact", NS);
            tree.set("account", account.to_string());
            tree.set("jid", jid.to_string());
            tree.set("subscription", subscription.as_str());
            return Some(tree);
        }
        Order::Account { account, order } => (account, order),
    };
    let named = |name: &str, more: &[(&str, Option<&str>)]| {
        let mut tree = Tree::new(name, NS);
        tree.set("account", account.to_string());
        for (name, value) in more {
            value.iter().for_each(|value| tree.set(name, *value));
        }
        tree
    };
    let handed = |name: &str, stanza: &crate::codec::Stanza| {
        named(name, &[("from", stanza.sender()), ("id", stanza.id.as_deref()), ("type", Some(stanza.type_.as_str()))])
    };
    Some(match order {
        imng::Order::Archive(record) => {
            let direction = if record.direction == Direction::In { "in" } else { "out" };
            named(
                "archive",
                &[("id", Some(&record.id)), ("with", Some(record.with.as_str())), ("direction", Some(direction))],
            )
        }
        imng::Order::StoreOffline { stanza, .. } => {
            let stanza = stanza.to_stanza("").ok();
            named("store-offline", &[("message", stanza.as_ref().and_then(|stanza| stanza.id.as_deref()))])
        }
        imng::Order::FetchOffline { .. } => named("fetch-offline", &[]),
        imng::Order::Push(candidate) => named("push", &[("message", candidate.stanza.id.as_deref())]),
        imng::Order::Subscription { stanza, .. } => handed("subscription", stanza),
        imng::Order::Probe { stanza } => handed("probe", stanza),
        imng::Order::Iq { stanza, .. } => handed("iq", stanza),
        imng::Order::Block(_) => named("block", &[]),
        imng::Order::Unblock(_) => named("unblock", &[]),
        imng::Order::End { session, condition } => {
            named("end", &[("session", Some(session.resource().as_str())), ("condition", Some(condition.as_str()))])
        }
        imng::Order::Broadcast { .. } | imng::Order::MemberCopy { .. } => return None,
    })
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::FromSession { session, .. } | Self::Session { session, .. } | Self::Wants { session } => {
                session.to_string()
            }
            Self::FromServer { stanza, .. } => stanza.sender().unwrap_or("nobody").to_owned(),
            Self::Uploads(input) => input.from(),
            _ => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::FromSession { stanza, .. } | Self::FromServer { stanza, .. } => What::stanza(stanza),
            Self::FromHost { stanza } => What::Stanza(Tree::from(&stanza.element).trimmed()),
            Self::Session { event: imng::Event::Gone { unacked }, .. } => {
                What::Text(format!("gone with {} unacknowledged", unacked.len()))
            }
            Self::Session { event, .. } => What::Text(format!("{event:?}")),
            Self::Wants { .. } => What::Text("wants the list of rooms".into()),
            Self::Create { account } => What::Text(format!("create {account}")),
            Self::Remove { account } => What::Text(format!("remove {account}")),
            Self::Fact { account, fact } => What::Text(format!("{account} {fact:?}")),
            Self::Push { account, input } => What::Text(match input {
                Push::Item(item) => format!("{account} {} {}", item.node, item.id),
                other => format!("{account} {other:?}"),
            }),
            Self::Offline { account, messages, .. } => {
                What::Text(format!("{} messages kept for {account}", messages.len()))
            }
            Self::Answer { token, answer } => What::Text(format!("answer {token} {answer:?}")),
            Self::Command(command) => What::Text(format!("{command:?}")),
            Self::Uploads(input) => input.what(),
        }
    }
}
