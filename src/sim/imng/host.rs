//! The host of an account under test: it keeps messages for later, lets candidates have member copies, and notes every
//! order as an element.

use std::collections::VecDeque;

use jid::FullJid;

use super::super::bench::Host;
use super::super::transcript::{Show, What};
use super::super::xml::Tree;
use crate::codec::{Outgoing, Stanza};
use crate::imng::{Account, Direction, Event, Input, Order, Stored};
use crate::party::Address;

/// The namespace of the elements that stand for an account's inputs and orders.
pub const NS: &str = "xmpp-machines:imng:0";

/// A host that does at once what an account orders.
#[derive(Clone, Debug)]
pub struct AccountHost {
    /// Messages kept for later, oldest first.
    pub kept: VecDeque<Stored>,
    /// Whether the store gives back what it keeps.
    pub store_answers: bool,
    /// Whether the push router lets the candidates have member copies.
    pub router_answers: bool,
    /// Ids in the archive, in order.
    pub archived: Vec<String>,
    /// A question for what is kept that is not answered yet.
    pub open: Option<(u64, u32)>,
    ordered: Vec<Tree>,
}

impl Default for AccountHost {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            store_answers: true,
            router_answers: true,
            archived: Vec::new(),
            open: None,
            ordered: Vec::new(),
        }
    }
}

impl AccountHost {
    /// What was ordered since the last call.
    pub fn take_ordered(&mut self) -> Vec<Tree> {
        core::mem::take(&mut self.ordered)
    }

    /// The answer to a question for what is kept.
    pub fn fetched(&mut self, token: u64, max: u32) -> Input {
        let count = self.kept.len().min(max as usize);
        let messages = self.kept.drain(..count).collect();
        Input::Offline { token, messages, more: !self.kept.is_empty() }
    }
}

impl Host<Account> for AccountHost {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.ordered.push(element(&order));
        match order {
            Order::StoreOffline { stamp, stanza } => {
                if let Ok(stanza) = stanza.to_stanza("") {
                    self.kept.push_back(Stored { stamp, stanza });
                }
                None
            }
            Order::FetchOffline { token, max } if self.store_answers => Some(self.fetched(token, max)),
            Order::FetchOffline { token, max } => {
                self.open = Some((token, max));
                None
            }
            Order::Archive(record) => {
                self.archived.push(record.id.into());
                None
            }
            Order::MemberCopy { stanza, candidates, .. } => {
                let to = candidates.iter().filter_map(|jid| FullJid::new(jid.as_str()).ok()).collect();
                self.router_answers.then_some(Input::MemberCopy { stanza: *stanza, to })
            }
            _ => None,
        }
    }
}

/// An order as an element, with what matters of it.
fn element(order: &Order) -> Tree {
    let tree = |name: &str| Tree::new(name, NS);
    match order {
        Order::Archive(record) => {
            let mut tree = tree("archive");
            tree.set("id", &*record.id);
            tree.set("with", record.with.to_string());
            tree.set("direction", if record.direction == Direction::In { "in" } else { "out" });
            message(&mut tree, &record.stanza);
            tree
        }
        Order::StoreOffline { stanza, .. } => {
            let mut tree = tree("store-offline");
            message(&mut tree, stanza);
            tree
        }
        Order::FetchOffline { max, .. } => {
            let mut tree = tree("fetch-offline");
            tree.set("max", max.to_string());
            tree
        }
        Order::MemberCopy { stanza, candidates, live } => {
            let mut tree = tree("member-copy");
            id(&mut tree, stanza);
            tree.set("candidates", names(candidates));
            tree.set("live", names(live));
            tree
        }
        Order::Push(candidate) => {
            let mut tree = tree("push");
            id(&mut tree, &candidate.stanza);
            if let Some(id) = &candidate.archive_id {
                tree.set("archive-id", &**id);
            }
            tree.set("stored", if candidate.stored { "yes" } else { "no" });
            let state = |hibernated, active| match (hibernated, active) {
                (true, _) => "hibernated",
                (false, true) => "active",
                (false, false) => "inactive",
            };
            let reached = candidate.reached.iter().map(|reached| {
                let name = reached.session.resource().unwrap_or_default();
                format!("{name}:{}", state(reached.hibernated, reached.active))
            });
            tree.set("reached", reached.collect::<Vec<_>>().join(" "));
            tree
        }
        Order::Broadcast { session, was, directed, stanza } => {
            let mut tree = tree("broadcast");
            tree.set("session", session.resource().unwrap_or_default());
            tree.set("type", stanza.type_.as_str());
            if let Some(was) = was {
                tree.set("was", was.to_string());
            }
            if !directed.is_empty() {
                tree.set("directed", directed.iter().map(Address::as_str).collect::<Vec<_>>().join(" "));
            }
            tree
        }
        Order::Subscription { session, stanza } => {
            let mut tree = tree("subscription");
            handed(&mut tree, session.as_ref(), stanza);
            tree
        }
        Order::Probe { stanza } => {
            let mut tree = tree("probe");
            handed(&mut tree, None, stanza);
            tree
        }
        Order::Iq { session, stanza } => {
            let mut tree = tree("iq");
            handed(&mut tree, session.as_ref(), stanza);
            tree
        }
        Order::Block(jids) => {
            let mut tree = tree("block");
            tree.set("jids", jids.iter().map(Address::as_str).collect::<Vec<_>>().join(" "));
            tree
        }
        Order::Unblock(jids) => {
            let mut tree = tree("unblock");
            tree.set("jids", jids.iter().map(Address::as_str).collect::<Vec<_>>().join(" "));
            tree
        }
        Order::End { session, condition } => {
            let mut tree = tree("end");
            tree.set("session", session.resource().as_str());
            tree.set("condition", condition.as_str());
            tree
        }
    }
}

fn names(sessions: &[Address]) -> String {
    sessions.iter().filter_map(Address::resource).collect::<Vec<_>>().join(" ")
}

fn id(tree: &mut Tree, stanza: &Stanza) {
    if let Some(id) = &stanza.id {
        tree.set("message", &**id);
    }
}

fn message(tree: &mut Tree, stanza: &Outgoing) {
    if let Ok(stanza) = stanza.to_stanza("") {
        id(tree, &stanza);
    }
}

fn handed(tree: &mut Tree, session: Option<&Address>, stanza: &Stanza) {
    if let Some(session) = session {
        tree.set("session", session.resource().unwrap_or_default());
    }
    tree.set("from", stanza.sender().unwrap_or_default());
    if let Some(id) = &stanza.id {
        tree.set("id", &**id);
    }
    tree.set("type", stanza.type_.as_str());
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Stanza(stanza) => stanza.sender().unwrap_or("nobody").to_owned(),
            Self::FromSession { session, .. } | Self::Session { session, .. } => session.to_string(),
            Self::Fact(_) | Self::Offline { .. } | Self::MemberCopy { .. } => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza(stanza) | Self::FromSession { stanza, .. } => What::stanza(stanza),
            Self::Session { event: Event::Gone { unacked }, .. } => {
                What::Text(format!("gone with {} unacknowledged", unacked.len()))
            }
            Self::Session { event, .. } => What::Text(format!("{event:?}")),
            Self::Fact(fact) => What::Text(format!("{fact:?}")),
            Self::Offline { messages, more, .. } => What::Text(format!(
                "{} messages kept for later{}",
                messages.len(),
                if *more { ", and more" } else { "" }
            )),
            Self::MemberCopy { to, .. } => {
                let to: Vec<String> = to.iter().map(ToString::to_string).collect();
                What::Text(format!("member copy to [{}]", to.join(" ")))
            }
        }
    }
}
