//! A device in a room.

use std::collections::{BTreeMap, BTreeSet};

use jid::{BareJid, FullJid};

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::{Builtin, Stage, put, read, set_limit, unknown};
use crate::gc3::Client;
use crate::gc3::client::{ClientConfig, Command, Dialect, Input, Order, Standing, Why};
use crate::limits::ClientLimits;
use crate::ns;
use crate::reactions::Wish;
use crate::seed::Seed;
use crate::time::Time;

/// The namespace of orders.
const NS: &str = "xmpp-machines:client:0";

/// The stage of a device in a room.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Roster contacts with a name or a group.
    contacts: BTreeSet<String>,
}

/// Keeps what is to be shown.
#[derive(Clone, Debug, Default)]
pub struct Shown(Vec<Order>);

impl Host<Client> for Shown {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.0.push(order);
        None
    }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Stanza { stanza, .. } => stanza.element.attr("from").unwrap_or("nobody").to_owned(),
            Self::Command(_) => "user".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza { stanza, .. } => What::stanza(stanza),
            Self::Command(command) => What::Text(format!("{command:?}")),
        }
    }
}

impl Stage for Device {
    type Machine = Client;
    type Host = Shown;

    fn set_up(&mut self, vector: &Vector) -> Result<(Client, Shown), Stop> {
        self.contacts.clear();
        let mut limits = ClientLimits::default();
        let mut told = BTreeMap::new();
        for (name, value) in &vector.limits {
            // What a client is told at its beginning stands among the limits: it is there before anything happens.
            match name.as_str() {
                "muc" | "account" | "no-archive" | "no-occupant-ids" | "alias" | "reactions" => {
                    _ = told.insert(name.clone(), *value);
                }
                _ => limit(&mut limits, name, *value).map_err(Stop::Fail)?,
            }
        }
        let wrong = |why: jid::Error| Stop::Fail(why.to_string());
        let is = |name: &str| told.get(name).is_some_and(|&value| value != 0);
        let room = if is("alias") { "pot@rooms.example" } else { "tea@rooms.example" };
        let config = ClientConfig {
            room: BareJid::new(room).map_err(wrong)?,
            me: FullJid::new("ann@tea.example/pot").map_err(wrong)?,
            dialect: if is("muc") { Dialect::Muc } else { Dialect::Gc3 },
            nick: "Ann".into(),
            password: None,
            archive: !is("no-archive"),
            occupant_ids: !is("no-occupant-ids"),
            account: is("account"),
            reactions: is("reactions"),
        };
        Ok((Client::new(config, limits, Seed::new([7; 32])), Shown::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        let stanza = read::stanza(element)?;
        let sender = stanza.from.as_ref().map(|from| from.to_bare().to_string()).unwrap_or_default();
        Ok(Input::Stanza { stanza, contact: self.contacts.contains(&sender) })
    }

    fn host(
        &mut self,
        bench: &mut Bench<Client, Shown>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        for (name, value) in facts {
            let command = match (name.as_str(), value.as_str()) {
                ("contact", who) => {
                    self.contacts.insert(who.to_owned());
                    continue;
                }
                ("restart", "yes") => {
                    read::restart(bench)?;
                    continue;
                }
                ("name", id) => {
                    let named = bench.machine.book().get(id).map(|named| named.nick.to_string());
                    let wanted = facts.get("is").cloned();
                    if named != wanted {
                        return Err(Stop::Fail(format!("{id} is called {named:?}, not {wanted:?}")));
                    }
                    continue;
                }
                ("is" | "add" | "remove" | "give", _) => continue,
                ("react", to) => Command::React { to: to.into(), wish: wish(facts)? },
                ("people", wanted) => {
                    let people: Vec<&str> = bench.machine.people().map(|(_, person)| &*person.nick).collect();
                    if people.join(", ") != *wanted {
                        return Err(Stop::Fail(format!("the people are {people:?}, not {wanted}")));
                    }
                    continue;
                }
                ("want", "in") => Command::Join,
                ("want", "out") => Command::Leave,
                ("stream", "up") => Command::Online,
                ("stream", "down") => Command::Offline,
                ("listed", yes) => Command::Listed(yes == "yes"),
                ("seen", yes) => Command::Seen(yes == "yes"),
                (name, value) => return Err(unknown(name, value)),
            };
            put(bench, now, Input::Command(command))?;
        }
        Ok(())
    }

    fn ordered(&mut self, host: &mut Shown) -> Vec<Tree> {
        host.0.drain(..).map(|order| element(&order)).collect()
    }
}

fn element(order: &Order) -> Tree {
    let mut tree = match order {
        Order::Standing(_) => Tree::new("standing", NS),
        Order::Message(_) => Tree::new("show", NS),
        Order::Gap(_) => Tree::new("gap", NS),
        Order::Reactions(_) => Tree::new("reactions", NS),
        Order::Offer(_) => Tree::new("offer", NS),
    };
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            tree.set(name, value);
        }
    };
    match order {
        Order::Standing(standing) => {
            let (is, why) = match standing {
                Standing::Out(why) => ("out", Some(word(*why))),
                Standing::Joining => ("joining", None),
                Standing::In => ("in", None),
                Standing::Unsure => ("unsure", None),
            };
            set("is", Some(is));
            set("why", why);
        }
        Order::Message(heard) => {
            set("id", heard.id.as_deref());
            set("author", heard.author.as_deref());
            set("nick", heard.nick.as_deref());
            set("live", Some(if heard.live { "yes" } else { "no" }));
            set("stamp", heard.stamp.map(|stamp| stamp.to_string()).as_deref());
            if let Some(reactions) = &heard.reactions {
                set("reacts-to", Some(&reactions.to));
                set("reactions", Some(&reactions.set.join(" ")));
            }
            set("body", heard.message.get_child("body", ns::CLIENT).map(minidom::Element::text).as_deref());
        }
        Order::Gap(gap) => {
            set("after", gap.after.as_deref());
            set("before", gap.before.as_deref());
        }
        Order::Reactions(reactions) => {
            set("to", Some(&reactions.to));
            set("are", Some(&reactions.set.join(" ")));
        }
        Order::Offer(allowed) => {
            set("max", allowed.max.map(|max| max.to_string()).as_deref());
            let list = (!allowed.allowed.is_empty()).then(|| allowed.allowed.join(" "));
            set("of", list.as_deref());
        }
    }
    tree
}

/// What the user wishes: the reaction to add or to remove, or all of them.
fn wish(facts: &BTreeMap<String, String>) -> Result<Wish, Stop> {
    let fact = |name: &str| facts.get(name).map(String::as_str);
    match (fact("add"), fact("remove"), fact("give")) {
        (Some(one), None, None) => Ok(Wish::Add(one.into())),
        (None, Some(one), None) => Ok(Wish::Remove(one.into())),
        (None, None, Some(all)) => Ok(Wish::Set(all.split_whitespace().map(Into::into).collect())),
        _ => Err(Stop::Fail("who reacts adds, removes or gives".to_owned())),
    }
}

const fn word(why: Why) -> &'static str {
    match why {
        Why::Never => "never",
        Why::Left => "left",
        Why::Kicked => "kicked",
        Why::Banned => "banned",
        Why::Config => "config",
        Why::Gone => "gone",
        Why::Refused => "refused",
        Why::Lost => "lost",
    }
}

/// The client of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn client() -> Builtin<Device> {
    Builtin::new(Device::default())
}

fn limit(limits: &mut ClientLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers people names page pages seen gaps reacted offered; rates);
    Ok(())
}
