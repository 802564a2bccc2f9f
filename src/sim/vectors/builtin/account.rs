//! An account at its own server.

use std::collections::{BTreeMap, BTreeSet};

use jid::BareJid;

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::{Builtin, Stage, put, read, set_limit, unknown};
use crate::codec::Stanza;
use crate::gc3::Account;
use crate::gc3::account::{FEATURES, Input, Order, Way};
use crate::limits::AccountLimits;
use crate::seed::Seed;
use crate::time::Time;

/// The account under test.
const ANN: &str = "ann@tea.example";

/// The namespace of orders and of what is no stanza.
const NS: &str = "xmpp-machines:account:0";

/// The stage of the account of a user at its own server.
#[derive(Clone, Debug, Default)]
pub struct AtHome {
    /// Roster contacts with a name or a group.
    contacts: BTreeSet<String>,
}

/// Keeps what is ordered.
#[derive(Clone, Debug, Default)]
pub struct Ordered(Vec<Order>);

impl Host<Account> for Ordered {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.0.push(order);
        None
    }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Own(stanza) | Self::Foreign { stanza, .. } => {
                stanza.element.attr("from").unwrap_or("nobody").to_owned()
            }
            Self::Wants(full) | Self::Gone(full) => full.to_string(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Own(stanza) | Self::Foreign { stanza, .. } => What::stanza(stanza),
            Self::Wants(_) => What::Text("wants the list".into()),
            Self::Gone(_) => What::Text("is gone".into()),
        }
    }
}

impl Stage for AtHome {
    type Machine = Account;
    type Host = Ordered;

    fn set_up(&mut self, vector: &Vector) -> Result<(Account, Ordered), Stop> {
        self.contacts.clear();
        let mut limits = AccountLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        let account = BareJid::new(ANN).map_err(|why| Stop::Fail(why.to_string()))?;
        Ok((Account::new(&account, limits, Seed::new([7; 32])), Ordered::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        let stanza = read::stanza(element)?;
        let sender = stanza.from.as_ref().map(|from| from.to_bare().to_string()).unwrap_or_default();
        if sender == ANN {
            return Ok(Input::Own(stanza));
        }
        Ok(Input::Foreign { stanza, contact: self.contacts.contains(&sender) })
    }

    fn host(
        &mut self,
        bench: &mut Bench<Account, Ordered>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        for (name, value) in facts {
            match name.as_str() {
                "contact" => {
                    self.contacts.insert(value.clone());
                }
                "wants" => put(bench, now, Input::Wants(read::full(value)?))?,
                "gone" => put(bench, now, Input::Gone(read::full(value)?))?,
                "restart" => read::restart(bench)?,
                _ => return Err(unknown(name, value)),
            }
        }
        Ok(())
    }

    fn ordered(&mut self, host: &mut Ordered) -> Vec<Tree> {
        host.0.drain(..).map(|order| element(&order)).collect()
    }
}

fn element(order: &Order) -> Tree {
    let named = |name: &str, attrs: &[(&str, &str)]| {
        let mut tree = Tree::new(name, NS);
        for (name, value) in attrs {
            tree.set(name, *value);
        }
        tree
    };
    match order {
        Order::Pass(stanza) => passed("pass", stanza),
        Order::Info(stanza) => {
            let mut tree = passed("info", stanza);
            tree.set("features", FEATURES.join(" "));
            tree
        }
        Order::MemberCopy { room, stanza } => {
            let id = stanza.id.as_deref().unwrap_or_default();
            named("member-copy", &[("room", room.as_str()), ("id", id)])
        }
        Order::Ground { room, way, holds } => {
            let way = if *way == Way::Gc3 { "gc3" } else { "muc2" };
            let holds = if *holds { "yes" } else { "no" };
            named("ground", &[("room", room.as_str()), ("way", way), ("holds", holds)])
        }
        Order::Approve { room } => named("approve", &[("room", room.as_str())]),
        Order::Revoke { room } => named("revoke", &[("room", room.as_str())]),
    }
}

/// A stanza that is handed on, by its header.
fn passed(name: &str, stanza: &Stanza) -> Tree {
    let mut tree = Tree::new(name, NS);
    tree.set("kind", stanza.kind.as_str());
    tree.set("type", stanza.type_.as_str());
    for attr in ["from", "to", "id"] {
        if let Some(value) = stanza.element.attr(attr) {
            tree.set(attr, value);
        }
    }
    tree
}

/// The account of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn account() -> Builtin<AtHome> {
    Builtin::new(AtHome::default())
}

fn limit(limits: &mut AccountLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers rooms open early leaving sessions page form_bytes; rates joins);
    Ok(())
}
