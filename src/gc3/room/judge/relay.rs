//! What is sent to an occupant's address: requests, which are answered by the room or relayed to the account (G9, P9),
//! and private messages (G6.6).

use minidom::Element;

use super::{Change, NOT_FOUND, NOT_IN, Reply, Sender, TOO_LARGE, TOO_MANY, Verdict, refuse};
use crate::codec::{Fragment, Stanza, StanzaKind, StanzaType};
use crate::gc3::acl::Verb;
use crate::gc3::id::ParticipantId;
use crate::gc3::room::state::{Bound, Person, Relayed, Slot, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::{UNAVAILABLE, forged};
use crate::ns;
use crate::rule::Rule;

/// How many items of a node one request may name.
const ITEMS: usize = 8;

/// A request that is relayed.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) asker: Slot,
    pub(crate) target: Slot,
    pub(crate) what: Relayed,
    /// The items of the node that are asked for; empty: all.
    pub(crate) items: Vec<Box<str>>,
}

/// A private message.
#[derive(Debug)]
pub(crate) struct Private {
    pub(crate) author: Slot,
    pub(crate) target: Slot,
    /// Its children, without forgeries.
    pub(crate) body: Fragment,
    pub(crate) stripped: bool,
}

/// Decides about a stanza to an occupant's address.
pub(super) fn occupant(state: &State, stanza: &Stanza, sender: &Sender<'_>, resource: &str) -> (Rule, Verdict) {
    let outside = match stanza.kind {
        StanzaKind::Presence => return (rule::G4_8, Verdict::Drop),
        StanzaKind::Message => rule::M1,
        StanzaKind::Iq => rule::G9_4,
    };
    let Some((who, person)) = sender.who.and_then(|who| Some((who, state.people.get(who)?))) else {
        return refuse(outside, NOT_IN);
    };
    let held = state.holder(resource).and_then(|slot| Some((slot, state.people.get(slot)?)));
    let Some((target, other)) = held else { return refuse(rule::P15, NOT_FOUND) };
    if stanza.kind == StanzaKind::Message {
        return private(state, stanza, who, person, target);
    }
    let Some(payload) = stanza.payload() else { return refuse(rule::G9_2, UNAVAILABLE) };
    let get = stanza.type_ == StanzaType::Get;
    if get && payload.is("ping", ns::PING) {
        return ping(state, sender, who, target);
    }
    if state.occupant(sender.full).is_some()
        && let Some((seat, _)) = state.spoken_for(target)
    {
        return super::muc::request(state, stanza, (who, target), seat, payload);
    }
    let seen = state.shows_jid(state.sight(person), target) || who == target;
    let agreed = state.config.profile_relay && other.profile;
    let Some((what, items)) = request(payload).filter(|_| get && (seen || agreed)) else {
        return refuse(rule::G9_2, UNAVAILABLE);
    };
    if !allowed(state, person, other) {
        return refuse(rule::G9_7, TOO_MANY);
    }
    (rule::G9_2, Verdict::Accept(Change::Relay(Request { asker: who, target, what, items })))
}

/// The own address is pinged to learn whether one's session is there (P9); another's says nothing (G9.1).
fn ping(state: &State, sender: &Sender<'_>, who: Slot, target: Slot) -> (Rule, Verdict) {
    if who != target {
        (rule::G9_1, Verdict::Answer(Reply::Done))
    } else if state.sessions.find(sender.full).is_some() {
        (rule::P9, Verdict::Answer(Reply::Done))
    } else {
        refuse(rule::P9, NOT_IN)
    }
}

/// What is asked for, if it is something that may be asked of an account.
pub(super) fn request(payload: &Element) -> Option<(Relayed, Vec<Box<str>>)> {
    let namespace = payload.ns();
    let what = match (namespace.as_str(), payload.name()) {
        (ns::VCARD, "vCard") => Relayed::VcardTemp,
        (ns::VCARD4, "vcard") => Relayed::Vcard4,
        (ns::PUBSUB, "pubsub") => {
            let items = payload.get_child("items", ns::PUBSUB)?;
            let what = match items.attr("node")? {
                ns::AVATAR_METADATA => Relayed::AvatarMetadata,
                ns::AVATAR_DATA => Relayed::AvatarData,
                _ => return None,
            };
            let ids = items.children().filter(|item| item.is("item", ns::PUBSUB)).filter_map(|item| item.attr("id"));
            return Some((what, ids.take(ITEMS).map(Into::into).collect()));
        }
        _ => return None,
    };
    Some((what, Vec::new()))
}

pub(super) fn allowed(state: &State, asker: &Person, target: &Person) -> bool {
    let pair = pair(asker.id, target.id);
    let within = |bound, whose: &str, rate| state.allowance(bound, whose).allows(rate, state.now);
    state.relays.len() < state.limits.in_flight
        && within(Bound::RelayPair, &pair, state.limits.relay_pair)
        && within(Bound::RelayAsker, asker.id.as_str(), state.limits.relay_asker)
        && within(Bound::RelayTarget, target.id.as_str(), state.limits.relay_target)
}

/// By which the requests of one participant to another are counted.
pub(crate) fn pair(asker: ParticipantId, target: ParticipantId) -> String {
    format!("{asker} {target}")
}

/// Decides about a private message.
fn private(state: &State, stanza: &Stanza, author: Slot, person: &Person, target: Slot) -> (Rule, Verdict) {
    if !state.may(person, Verb::SendPm) {
        return refuse(rule::M8, UNAVAILABLE);
    }
    let mut stripped = false;
    let body = Fragment::new(|writer| {
        for child in stanza.element.children() {
            if forged(child, stanza) {
                stripped = true;
            } else {
                writer.element(child);
            }
        }
    });
    if body.bytes().len() > state.limits.message_bytes {
        return refuse(rule::M13, TOO_LARGE);
    }
    (rule::G6_6, Verdict::Accept(Change::Private(Private { author, target, body, stripped })))
}
