//! The push router of one account.

use std::collections::BTreeMap;

use jid::{BareJid, FullJid, Jid};
use minidom::Element;

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::read::{restart, stanza};
use super::{Builtin, Stage, facts, set_limit, unknown};
use crate::codec::Reader;
use crate::limits::PushRouterLimits;
use crate::ns;
use crate::push::router::{Candidate, Input, Item, Membership, Order, RoomFact, Router, RouterConfig, SessionEvent};
use crate::seed::Seed;
use crate::time::Time;

/// The account whose router vectors test.
pub const ACCOUNT: &str = "ann@tea.example";

/// The namespace of inputs that are no stanzas.
const NS: &str = "xmpp-machines:push-router:0";

/// The stage of push routers.
#[derive(Clone, Copy, Debug)]
pub struct Routers;

/// The host of a router: it has nothing to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOrders;

impl Host<Router> for NoOrders {
    fn obey(&mut self, order: Order) -> Option<Input> {
        match order {}
    }
}

/// A router of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn push_router() -> Builtin<Routers> {
    Builtin::new(Routers)
}

impl Stage for Routers {
    type Machine = Router;
    type Host = NoOrders;

    fn set_up(&mut self, vector: &Vector) -> Result<(Router, NoOrders), Stop> {
        let account = BareJid::new(ACCOUNT).map_err(|why| Stop::Fail(why.to_string()))?;
        let mut config = RouterConfig::new(&account);
        config.bodies = facts(vector, "bodies").any(|yes| yes == "yes");
        let mut limits = PushRouterLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        Ok((Router::new(&config, limits, Seed::new([7; 32])), NoOrders))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        if element.ns == NS { other(element) } else { stanza_input(element) }
    }

    fn host(
        &mut self,
        bench: &mut Bench<Router, NoOrders>,
        _: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        for (name, value) in facts {
            match (name.as_str(), value.as_str()) {
                // Known from the start.
                ("bodies", "yes") => {}
                ("restarted", _) => restart(bench)?,
                (name, value) => return Err(unknown(name, value)),
            }
        }
        Ok(())
    }
}

fn limit(limits: &mut PushRouterLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value;
        numbers sessions registrations filters enable_bytes rooms contacts blocked seen seen_total pending services in_flight
            tries errors body_bytes;
        rates publishes mentions_room mentions_account);
    Ok(())
}

/// What one of the account's sessions sends, or what arrives.
fn stanza_input(element: &Tree) -> Result<Input, Stop> {
    let stanza = stanza(element)?;
    let own = stanza.from.as_ref().filter(|from| from.to_bare().as_str() == ACCOUNT);
    match own.and_then(|from| from.try_as_full().ok()) {
        Some(session) => Ok(Input::Sent { session: session.clone(), stanza }),
        None => Ok(Input::Arrived(stanza)),
    }
}

fn other(element: &Tree) -> Result<Input, Stop> {
    let attr = |name: &str| element.attr(name).ok_or_else(|| Stop::Fail(format!("<{}> without {name}=", element.name)));
    let stanzas = || element.children().map(stanza).collect::<Result<Vec<_>, _>>();
    let odd = |what: &str| Stop::Fail(format!("<{}> does not know {what}", element.name));
    match element.name.as_str() {
        "session" => {
            let jid = FullJid::new(attr("jid")?).map_err(|why| Stop::Fail(why.to_string()))?;
            let event = match attr("event")? {
                "up" => SessionEvent::Up {
                    client: element.attr("client").map(Into::into),
                    enable: element.children().next().map(payload).transpose()?.map(Box::new),
                },
                "features" => SessionEvent::Features {
                    features: element.attr("features").unwrap_or_default().split_whitespace().map(Into::into).collect(),
                    identity: element
                        .attr("identity")
                        .and_then(|text| text.split_once('/'))
                        .map(|(category, type_)| (category.to_owned(), type_.to_owned())),
                },
                "im-ng" => SessionEvent::ImNg(true),
                "active" => SessionEvent::Active(true),
                "inactive" => SessionEvent::Active(false),
                "hibernated" => SessionEvent::Hibernated { unacked: stanzas()? },
                "resumed" => SessionEvent::Resumed,
                "gone" => SessionEvent::Gone { unacked: stanzas()? },
                what => return Err(odd(what)),
            };
            Ok(Input::Session { jid, event })
        }
        "room" => room(element, attr("jid")?),
        "item" => {
            let payload = element.children().next().map(payload).transpose()?;
            Ok(Input::Item(Item { node: attr("node")?.to_owned(), id: attr("id")?.to_owned(), payload }))
        }
        "blocked" => {
            let jids = element.text().split_whitespace().map(Jid::new).collect::<Result<_, _>>();
            Ok(Input::Blocked(jids.map_err(|why| Stop::Fail(why.to_string()))?))
        }
        "candidate" => {
            let message = stanzas()?.pop().ok_or_else(|| odd("what is in it"))?;
            Ok(Input::Candidate(Candidate {
                message,
                stanza_id: element.attr("stanza-id").map(Into::into),
                archived: element.attr("archived") == Some("yes"),
                known: element.attr("known") == Some("yes"),
            }))
        }
        "bodies" => match attr("choice")? {
            "yes" => Ok(Input::Bodies(Some(true))),
            "no" => Ok(Input::Bodies(Some(false))),
            "none" => Ok(Input::Bodies(None)),
            what => Err(odd(what)),
        },
        name => Err(Stop::Fail(format!("there is no input <{name}>"))),
    }
}

/// One fact about a room: the first attribute beside its address.
fn room(element: &Tree, jid: &str) -> Result<Input, Stop> {
    let room = BareJid::new(jid).map_err(|why| Stop::Fail(why.to_string()))?;
    let membership = |text: &str| match text {
        "gc3" => Ok(Membership::Gc3),
        "muc2" => Ok(Membership::Muc2),
        "registered" => Ok(Membership::Registered),
        other => Err(Stop::Fail(format!("nobody is in a room by {other}"))),
    };
    let facts = element.attrs.iter().filter(|((_, name), _)| name != "jid" && name != "xmlns");
    let [((_, name), value)] = facts.collect::<Vec<_>>()[..] else {
        return Err(Stop::Fail("<room> tells one fact".into()));
    };
    let yes = value == "yes";
    let fact = match name.as_str() {
        "joined" => RoomFact::Member(membership(value)?, true),
        "left" => RoomFact::Member(membership(value)?, false),
        "bookmarked" => RoomFact::Bookmarked(yes),
        "approved" => RoomFact::Approved(yes),
        "nick" => RoomFact::Nick(value.clone()),
        "occupant-id" => RoomFact::OccupantId(value.clone()),
        "open" => RoomFact::Open(yes),
        "jids-shown" => RoomFact::JidsShown(yes),
        name => return Err(Stop::Fail(format!("<room> does not know {name}"))),
    };
    Ok(Input::Room { room, fact })
}

pub(super) fn payload(tree: &Tree) -> Result<Element, Stop> {
    let text = format!("<iq xmlns='jabber:client' type='set' id='1'>{}</iq>", tree.line(ns::CLIENT));
    let stanza = Reader::one(ns::CLIENT, text.as_bytes()).map_err(|why| Stop::Fail(why.to_string()))?;
    stanza.payload().cloned().ok_or_else(|| Stop::Fail("nothing is in it".into()))
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Arrived(stanza) => stanza.sender().unwrap_or("nobody").to_owned(),
            Self::Copy(copy) | Self::Live { copy, .. } => copy.stanza().sender().unwrap_or("nobody").to_owned(),
            Self::Sent { session, .. } => session.to_string(),
            Self::Candidate(candidate) => candidate.message.sender().unwrap_or("nobody").to_owned(),
            Self::Session { jid, .. } => jid.to_string(),
            Self::Room { .. } | Self::Blocked(_) | Self::Item(_) | Self::Bodies(_) => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Arrived(stanza) | Self::Sent { stanza, .. } => What::stanza(stanza),
            Self::Copy(copy) | Self::Live { copy, .. } => What::stanza(copy.stanza()),
            Self::Candidate(candidate) => What::stanza(&candidate.message),
            Self::Session { event, .. } => What::Text(session_event(event)),
            Self::Room { room, fact } => What::Text(format!("{room}: {fact:?}")),
            Self::Blocked(list) => What::Text(format!("blocked: {list:?}")),
            Self::Item(item) => {
                let what = if item.payload.is_some() { "item" } else { "retracted" };
                What::Text(format!("{what} {} of {}", item.id, item.node))
            }
            Self::Bodies(choice) => What::Text(format!("bodies: {choice:?}")),
        }
    }
}

fn session_event(event: &SessionEvent) -> String {
    match event {
        SessionEvent::Up { client, enable } => {
            let client = client.as_deref().map(|client| format!(" as {client}")).unwrap_or_default();
            format!("up{client}{}", if enable.is_some() { ", enables push" } else { "" })
        }
        SessionEvent::Hibernated { unacked } => format!("hibernated, {} not acknowledged", unacked.len()),
        SessionEvent::Gone { unacked } => format!("gone, {} not acknowledged", unacked.len()),
        SessionEvent::Features { .. } | SessionEvent::ImNg(_) | SessionEvent::Active(_) | SessionEvent::Resumed => {
            format!("{event:?}")
        }
    }
}
