//! What is decided, and by which rule. Reads the state and changes nothing.

use jid::BareJid;
use minidom::Element;

use super::rules as rule;
use super::state::{State, domain_of};
use super::wire::{self, Ask, Join, Published};
use super::{Way, wire::short};
use crate::codec::{Condition, ErrorType, Fragment, PageRequest, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::gc3::refusals::{BAD_REQUEST, NOT_FOUND, TOO_FAST, TOO_LARGE, TOO_MANY};
use crate::ns;
use crate::rule::Rule;

/// What happens to a session's stanza.
#[derive(Debug)]
pub(super) enum Own<'a> {
    Pass,
    Info,
    Refuse(StanzaError<'static>),
    Join(Joining),
    Leave(BareJid, Way),
    Items(PageRequest<'a>),
    Publish(Published),
    Retract(BareJid),
    Departs(BareJid),
    Arrives(BareJid),
}

/// A join that is sent on.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) to: BareJid,
    pub(super) way: Way,
    pub(super) create: bool,
    /// The request.
    pub(super) content: Fragment,
}

/// Decides about what a session sends.
pub(super) fn own<'a>(state: &State, ask: Ask<'a>) -> (Rule, Own<'a>) {
    match ask {
        Ask::Pass => (rule::E6, Own::Pass),
        Ask::Bad => (rule::E3, Own::Refuse(BAD_REQUEST)),
        Ask::Info => (rule::D2, Own::Info),
        Ask::Join(join) => join_(state, &join),
        Ask::Leave(room, way) => (rule::G3, Own::Leave(room, way)),
        Ask::Items(page) => (rule::D4, Own::Items(page)),
        Ask::Publish(published) => {
            let full = state.rooms.len() >= state.limits.rooms && !state.rooms.contains_key(published.room.as_str());
            if full { (rule::D4_4, Own::Refuse(TOO_MANY)) } else { (rule::D4_2, Own::Publish(published)) }
        }
        Ask::Retract(room) if !state.rooms.contains_key(room.as_str()) => (rule::D4_3, Own::Refuse(NOT_FOUND)),
        Ask::Retract(room) => (rule::D4_3, Own::Retract(room)),
        Ask::Departs(room) if state.rooms.contains_key(room.as_str()) => (rule::G3_1, Own::Departs(room)),
        Ask::Arrives(room) if state.leaves.contains_key(room.as_str()) => (rule::G4, Own::Arrives(room)),
        Ask::Departs(_) | Ask::Arrives(_) => (rule::E6, Own::Pass),
    }
}

fn join_<'a>(state: &State, join: &Join<'_>) -> (Rule, Own<'a>) {
    let (name, space) = match (join.way, join.create) {
        (Way::Muc2, _) => ("join", ns::MUC2),
        (Way::Gc3, false) => ("join", ns::GC3),
        (Way::Gc3, true) => ("create", ns::GC3),
    };
    let content = Fragment::new(|writer| {
        writer.open(name, space);
        if let Some(form) = join.form {
            writer.element(form);
        }
        if let Some(nick) = &join.nick {
            writer.leaf("nickname", ns::MUC2, nick);
        }
        writer.close();
    });
    let refuse = |why, error| (why, Own::Refuse(error));
    if content.bytes().len() > state.limits.form_bytes {
        return refuse(rule::E4, TOO_LARGE);
    }
    if !state.joins.allows(state.limits.joins, state.now) {
        return refuse(rule::E4, TOO_FAST);
    }
    if state.requests.len() >= state.limits.open {
        return refuse(rule::E4, TOO_MANY);
    }
    let listed = state.rooms.contains_key(join.to.as_str());
    if !listed && state.rooms.len().saturating_add(state.requests.len()) >= state.limits.rooms {
        return refuse(rule::D4_4, TOO_MANY);
    }
    let why = match (join.way, join.create) {
        (Way::Muc2, _) => rule::D1,
        (Way::Gc3, false) => rule::G1,
        (Way::Gc3, true) => rule::G2,
    };
    (why, Own::Join(Joining { to: join.to.clone(), way: join.way, create: join.create, content }))
}

/// What happens to a stanza for the account.
#[derive(Debug)]
pub(super) enum Foreign<'a> {
    Pass,
    Drop,
    /// A member copy.
    Copy(BareJid),
    /// The room's subscription is approved.
    Approve(BareJid),
    /// The room is a contact: its join has failed.
    Contact(BareJid),
    /// Kept until a join is answered.
    Keep(BareJid),
    /// The room says that the account is not in it any more.
    Ended(BareJid),
    /// The answer to an open join, by its id.
    Answered(&'a str, Answer<'a>),
    /// The answer to a leave.
    Left(BareJid),
}

/// What a room answered.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    Joined(Joined<'a>),
    /// It names an address for the subscription that it may not name, or none.
    Wrong(Option<BareJid>),
    Refused(StanzaError<'a>),
}

/// The account is in a room.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    pub(super) room: BareJid,
    pub(super) id: Option<Box<str>>,
    pub(super) nick: Option<Box<str>>,
    pub(super) version: Option<&'a str>,
    pub(super) last: Option<&'a str>,
}

/// Decides about what somebody else sends to the account.
pub(super) fn foreign<'a>(state: &State, stanza: &'a Stanza, contact: bool) -> (Rule, Foreign<'a>) {
    let Some(from) = stanza.from.as_ref().filter(|_| stanza.fault.is_none()) else { return (rule::E6, Foreign::Pass) };
    let bare = from.to_bare();
    let to_bare = stanza.to.as_ref().is_none_or(|to| to.resource().is_none());
    match (stanza.kind, stanza.type_) {
        (StanzaKind::Message, StanzaType::Groupchat) if to_bare => {
            if state.rooms.contains_key(bare.as_str()) {
                (rule::D3, Foreign::Copy(bare))
            } else if state.lost.get(bare.as_str()).is_some_and(|until| *until > state.now) {
                (rule::D3_1, Foreign::Copy(bare))
            } else {
                (rule::E6, Foreign::Pass)
            }
        }
        (StanzaKind::Presence, StanzaType::Subscribe) => subscribe(state, bare, contact),
        (StanzaKind::Presence, StanzaType::Unsubscribe) => match state.rooms.get(bare.as_str()) {
            Some(entry) if entry.way == Way::Gc3 => (rule::G5, Foreign::Ended(bare)),
            _ => (rule::E6, Foreign::Pass),
        },
        (StanzaKind::Presence, StanzaType::Unavailable) if to_bare => match state.rooms.get(bare.as_str()) {
            Some(entry) if entry.way == Way::Muc2 && removes(stanza) => (rule::G5_1, Foreign::Ended(bare)),
            _ => (rule::E6, Foreign::Pass),
        },
        (StanzaKind::Iq, StanzaType::Result | StanzaType::Error) if to_bare => answered(state, stanza, from.as_str()),
        _ => (rule::E6, Foreign::Pass),
    }
}

/// Whether an occupant's presence says to the account itself that it is not in the room any more.
fn removes(stanza: &Stanza) -> bool {
    let Some(x) = stanza.child("x", ns::MUC_USER) else { return false };
    let own = |child: &Element| child.is("status", ns::MUC_USER) && child.attr("code") == Some("110");
    let out = |child: &Element| child.is("item", ns::MUC_USER) && child.attr("role") == Some("none");
    x.children().any(own) && x.children().any(out)
}

/// J13.
fn subscribe<'a>(state: &State, room: BareJid, contact: bool) -> (Rule, Foreign<'a>) {
    let joined = state.rooms.get(room.as_str()).is_some_and(|entry| entry.through && entry.way == Way::Gc3);
    match (joined, contact) {
        (true, false) => (rule::J13, Foreign::Approve(room)),
        (true, true) => (rule::J13_C, Foreign::Contact(room)),
        (false, _) => {
            let awaited = room.node().is_some() && state.awaits(room.domain().as_str());
            let space = state.early.len() < state.limits.early || state.early.contains_key(room.as_str());
            if awaited && space { (rule::J13_D, Foreign::Keep(room)) } else { (rule::J13_B, Foreign::Pass) }
        }
    }
}

fn answered<'a>(state: &State, stanza: &'a Stanza, from: &str) -> (Rule, Foreign<'a>) {
    let id = stanza.id.as_deref().unwrap_or_default();
    if let Some(request) = state.requests.get(id) {
        if request.to.as_str() != from {
            return (rule::E2, Foreign::Drop);
        }
        let why = match (request.way, request.create) {
            (Way::Muc2, _) => rule::D1,
            (Way::Gc3, false) => rule::G1,
            (Way::Gc3, true) => rule::G2,
        };
        if let Some(error) = StanzaError::read(stanza) {
            return (why, Foreign::Answered(id, Answer::Refused(error)));
        }
        let name = match (request.way, request.create) {
            (Way::Muc2, _) => return (why, Foreign::Answered(id, muc2(stanza, from))),
            (Way::Gc3, false) => "joined",
            (Way::Gc3, true) => "created",
        };
        let answer = gc3(stanza, name, request.to.as_str());
        let why = if matches!(answer, Answer::Wrong(_)) { rule::J13_A } else { why };
        return (why, Foreign::Answered(id, answer));
    }
    let left = state.leaves.iter().find(|(_, leaving)| *leaving.id == *id);
    match left {
        Some((room, _)) if **room != *from => (rule::E2, Foreign::Drop),
        Some((room, _)) => match wire::room(room) {
            Some(room) if is_final(stanza) => (rule::G3, Foreign::Left(room)),
            // It is asked again.
            _ => (rule::G3_2, Foreign::Drop),
        },
        None => (rule::E6, Foreign::Pass),
    }
}

/// Whether an answer to a leave says that the account is out: all but those that say that the room was not reached.
fn is_final(stanza: &Stanza) -> bool {
    StanzaError::read(stanza).is_none_or(|error| {
        let unreached = matches!(error.condition, Condition::RemoteServerNotFound | Condition::RemoteServerTimeout);
        error.type_ != ErrorType::Wait && !unreached
    })
}

/// J13 (a): the room names a bare JID with a localpart on the domain that was asked.
fn gc3<'a>(stanza: &'a Stanza, name: &str, asked: &str) -> Answer<'a> {
    let Some(joined) = stanza.payload().filter(|payload| payload.is(name, ns::GC3)) else {
        return Answer::Wrong(None);
    };
    let told = joined.get_child("subscription-jid", ns::GC3).map(Element::text);
    let told = told.as_deref().map(str::trim).and_then(crate::codec::parse_jid);
    let fits = told.as_ref().is_some_and(|jid| {
        jid.resource().is_none() && jid.node().is_some() && jid.domain().as_str() == domain_of(asked)
    });
    match told.map(|jid| jid.to_bare()) {
        Some(room) if fits => Answer::Joined(Joined {
            room,
            id: joined.attr("id").and_then(short),
            nick: crate::codec::nick::nick(joined).and_then(short),
            version: joined.attr("version"),
            last: joined.attr("last"),
        }),
        other => Answer::Wrong(other.filter(|jid| jid.node().is_some())),
    }
}

fn muc2<'a>(stanza: &'a Stanza, from: &str) -> Answer<'a> {
    let joined = stanza.payload().filter(|payload| payload.is("join", ns::MUC2));
    let nick = joined.and_then(|join| join.get_child("nickname", ns::MUC2)).map(Element::text);
    match (joined, wire::room(from)) {
        (Some(_), Some(room)) => {
            let nick = nick.as_deref().and_then(short);
            Answer::Joined(Joined { room, id: None, nick, version: None, last: None })
        }
        _ => Answer::Wrong(None),
    }
}
