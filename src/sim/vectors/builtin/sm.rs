//! A stream management queue.

use std::collections::BTreeMap;

use minidom::Element;

use super::super::super::bench::Bench;
use super::super::super::sm::{SmHost, pair};
use super::super::super::xml::{self, Node, Tree};
use super::super::{Stop, Vector};
use super::{Builtin, Stage, facts, put, read, set_limit, unknown};
use crate::codec::{Condition, Writer};
use crate::limits::SmLimits;
use crate::ns;
use crate::party::Address;
use crate::seed::Seed;
use crate::sm::{Copies, Input, Link, Order, Pair, Parcel, Queue, Role};
use crate::time::{Span, Time};

/// The namespace of orders in vectors.
const NS: &str = "xmpp-machines:sm:0";

/// The stage of queues: who speaks on which connection.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    link: Link,
    /// The pair of the queue, and that of whoever speaks.
    pairs: Option<(Pair, Pair)>,
    copies: Copies,
}

/// A queue of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn sm() -> Builtin<Streams> {
    Builtin::new(Streams::default())
}

impl Stage for Streams {
    type Machine = Queue;
    type Host = SmHost;

    fn set_up(&mut self, vector: &Vector) -> Result<(Queue, SmHost), Stop> {
        let role = match facts(vector, "role").next().map(String::as_str) {
            None | Some("client") => Role::Client,
            Some("incoming") => Role::Incoming,
            Some("outgoing") => Role::Outgoing,
            Some(other) => return Err(unknown("role", other)),
        };
        let mut limits = SmLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        let own = pair(role);
        *self = Self { link: 1, pairs: Some((own.clone(), own.clone())), copies: Copies::Only };
        Ok((Queue::new(role, own, limits, Seed::new([7; 32])), SmHost::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        let Some((own, speaker)) = &self.pairs else { return Err(Stop::Fail("not started".into())) };
        if element.ns != ns::CLIENT {
            let element: Element = element.line("").parse().map_err(|why| Stop::Fail(format!("{why}")))?;
            return Ok(Input::Element { link: self.link, pair: speaker.clone(), element });
        }
        let stanza = read::stanza(element)?;
        let from = stanza.from.as_ref().map(Address::from);
        let peer = &own.peer;
        let theirs = from.is_some_and(|from| from == *peer || from.bare().rsplit('@').next() == Some(peer.as_str()));
        Ok(if theirs {
            Input::Handled { count: 1 }
        } else {
            Input::Send(Parcel::of(stanza.to_bytes().into(), bytes::Bytes::new()).copies(self.copies))
        })
    }

    fn host(
        &mut self,
        bench: &mut Bench<Queue, SmHost>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let number = |name: &str, value: &str| {
            value.parse::<u64>().map_err(|_| Stop::Fail(format!("{name}='{value}' is no number")))
        };
        let address = |text: &str| {
            Address::from_normalised(text).ok_or_else(|| Stop::Fail(format!("'{text}' is no normalised address")))
        };
        for (name, value) in facts {
            match (name.as_str(), value.as_str()) {
                // Known from the start, or part of another fact.
                ("role" | "offered", _) => {}
                ("open", link) => {
                    self.link = number("open", link)?;
                    let offered = facts.get("offered").is_none_or(|offered| offered != "no");
                    put(bench, now, Input::Open { link: self.link, offered })?;
                }
                ("lost", link) => put(bench, now, Input::Lost { link: number("lost", link)? })?,
                ("closed", link) => put(bench, now, Input::Closed { link: number("closed", link)? })?,
                ("close", "yes") => put(bench, now, Input::Close)?,
                ("handled", count) => {
                    let count = number("handled", count)?.try_into();
                    let count = count.map_err(|_| Stop::Fail("handled= is too large".into()))?;
                    put(bench, now, Input::Handled { count })?;
                }
                ("unreachable", condition) => {
                    let found = Condition::from_name(condition);
                    let condition = found.ok_or_else(|| unknown("unreachable", condition))?;
                    put(bench, now, Input::Unreachable { condition })?;
                }
                ("link", link) => self.link = number("link", link)?,
                ("peer", peer) => {
                    let peer = address(peer)?;
                    self.pairs.iter_mut().for_each(|(_, speaker)| speaker.peer = peer.clone());
                }
                ("local", local) => {
                    let local = address(local)?;
                    self.pairs.iter_mut().for_each(|(_, speaker)| speaker.local = local.clone());
                }
                ("copies", "others") => self.copies = Copies::Others,
                ("copies", "only") => self.copies = Copies::Only,
                (name, value) => return Err(unknown(name, value)),
            }
        }
        Ok(())
    }

    fn ordered(&mut self, host: &mut SmHost) -> Vec<Tree> {
        host.orders.drain(..).map(|order| shown(&order)).collect()
    }
}

/// An order as an element.
fn shown(order: &Order) -> Tree {
    let holds = |name: &str, link: Option<Link>, inside: Option<Tree>| {
        let mut tree = Tree::new(name, NS);
        link.iter().for_each(|link| tree.set("link", link.to_string()));
        tree.nodes.extend(inside.map(|inside| Node::Tree(inside.trimmed())));
        tree
    };
    let written = |bytes: &[u8]| xml::read_stanza(&String::from_utf8_lossy(bytes), ns::CLIENT).ok();
    match order {
        Order::Stanza { link, head, tail } => holds("write", Some(*link), written(&[&**head, &**tail].concat())),
        Order::Nonza { link, nonza } => holds("write", Some(*link), written(&nonza.to_bytes())),
        Order::Close { link, error } => {
            let error = error.and_then(|error| {
                let mut writer = Writer::inheriting(ns::CLIENT);
                error.write(&mut writer);
                written(&writer.finish())
            });
            holds("close", Some(*link), error)
        }
        Order::Return { stanza, .. } => holds("return", None, Some(Tree::from(&stanza.element))),
        Order::Connect => holds("connect", None, None),
    }
}

fn limit(limits: &mut SmLimits, name: &str, value: u64) -> Result<(), String> {
    if name == "resume-for" {
        limits.resume_for = Span::from_secs(value);
        return Ok(());
    }
    set_limit!(limits, name, value; numbers stanzas bytes ask_every bounces; rates);
    Ok(())
}
