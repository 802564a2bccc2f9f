//! Stanza → what is asked of the account.

use jid::BareJid;
use minidom::Element;

use super::{NODE, Way};
use crate::codec::{PageRequest, Stanza, StanzaKind, StanzaType, parse_jid};
use crate::ns;

/// The longest name or id of a room's making that is kept, in bytes.
const TEXT_BYTES: usize = 1023;

/// What a session asks.
#[derive(Debug)]
pub(super) enum Ask<'a> {
    /// The features of the account.
    Info,
    /// A join of a room, or the creation of one at a service, in the account's name.
    Join(Join<'a>),
    /// A leave in the account's name.
    Leave(BareJid, Way),
    /// A page of the list.
    Items(PageRequest<'a>),
    /// A room is to be on the list.
    Publish(Published),
    /// A room is to be off the list.
    Retract(BareJid),
    /// A leave that goes to the room itself.
    Departs(BareJid),
    /// A join that goes to the room itself.
    Arrives(BareJid),
    /// Not the account's business.
    Pass,
    /// Meant for the account, and wrong.
    Bad,
}

/// A join or a creation.
#[derive(Clone, Debug)]
pub(super) struct Join<'a> {
    /// The room, an alias of it, or the service.
    pub(super) to: BareJid,
    pub(super) way: Way,
    pub(super) create: bool,
    /// The form of a gc3 join.
    pub(super) form: Option<&'a Element>,
    /// The nickname of a muc2 join.
    pub(super) nick: Option<String>,
}

/// A room that a session writes into the list.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) room: BareJid,
    pub(super) way: Way,
    pub(super) id: Option<Box<str>>,
    pub(super) nick: Option<Box<str>>,
}

/// A text that may be kept.
pub(super) fn short(text: &str) -> Option<Box<str>> {
    (!text.is_empty() && text.len() <= TEXT_BYTES).then(|| text.into())
}

/// The bare JID, without a resource, that a text writes.
pub(super) fn bare(text: &str) -> Option<BareJid> {
    parse_jid(text).filter(|jid| jid.resource().is_none()).map(|jid| jid.to_bare())
}

/// The room that a text names: a bare JID with a localpart.
pub(super) fn room(text: &str) -> Option<BareJid> {
    bare(text).filter(|jid| jid.node().is_some())
}

/// Reads what a session sends. `own` is its account.
pub(super) fn read<'a>(stanza: &'a Stanza, own: &str) -> Ask<'a> {
    let request = stanza.kind == StanzaKind::Iq && matches!(stanza.type_, StanzaType::Get | StanzaType::Set);
    if !request || stanza.fault.is_some() {
        return Ask::Pass;
    }
    let Some(payload) = stanza.payload() else { return Ask::Pass };
    let set = stanza.type_ == StanzaType::Set;
    if let Some(to) = stanza.to.as_ref().filter(|to| to.as_str() != own) {
        let at_room = to.resource().is_none() && to.node().is_some() && set;
        let gc3 = payload.has_ns(ns::GC3) || payload.has_ns(ns::MUC2);
        return match payload.name() {
            "leave" if at_room && gc3 => Ask::Departs(to.to_bare()),
            // A session cannot join for its account in the other way: the room refuses it.
            "join" if at_room && payload.has_ns(ns::GC3) => Ask::Arrives(to.to_bare()),
            _ => Ask::Pass,
        };
    }
    match (payload.ns().as_str(), payload.name(), set) {
        (ns::DISCO_INFO, "query", false) if payload.attr("node").is_none() => Ask::Info,
        (ns::GC3, "join", true) => join(payload, "room", Way::Gc3, false),
        (ns::GC3, "create", true) => join(payload, "service", Way::Gc3, true),
        (ns::MUC2, "join", true) => join(payload, "room", Way::Muc2, false),
        (ns::GC3, "leave", true) => leave(payload, Way::Gc3),
        (ns::MUC2, "leave", true) => leave(payload, Way::Muc2),
        (ns::PUBSUB, "pubsub", _) => pubsub(payload, set),
        _ => Ask::Pass,
    }
}

fn join<'a>(payload: &'a Element, name: &str, way: Way, create: bool) -> Ask<'a> {
    let to = payload.attr(name).and_then(bare).filter(|to| to.node().is_some() != create);
    // Subscriptions belong to a session, and the account is none.
    let subscribes = payload.children().any(|child| child.is("subscribe", ns::GC3));
    let Some(to) = to.filter(|_| !subscribes) else { return Ask::Bad };
    let nick = payload.get_child("nickname", ns::MUC2).map(Element::text);
    if way == Way::Muc2 && nick.as_deref().and_then(short).is_none() {
        return Ask::Bad;
    }
    Ask::Join(Join { to, way, create, form: payload.get_child("x", ns::DATA), nick })
}

fn leave(payload: &Element, way: Way) -> Ask<'_> {
    payload.attr("room").and_then(room).map_or(Ask::Bad, |room| Ask::Leave(room, way))
}

/// Reads what is asked of the list; requests for other nodes are none of the account's.
fn pubsub(payload: &Element, set: bool) -> Ask<'_> {
    let Some(verb) = payload.children().find(|child| child.has_ns(ns::PUBSUB)) else { return Ask::Pass };
    if verb.attr("node") != Some(NODE) {
        return Ask::Pass;
    }
    let item = || {
        let mut items = verb.children().filter(|child| child.is("item", ns::PUBSUB));
        items.next().filter(|_| items.next().is_none())
    };
    match (verb.name(), set) {
        ("items", false) => PageRequest::read(payload).map_or(Ask::Bad, |page| Ask::Items(page.unwrap_or_default())),
        ("publish", true) => item().and_then(published).map_or(Ask::Bad, Ask::Publish),
        ("retract", true) => item().and_then(|item| item.attr("id")).and_then(room).map_or(Ask::Bad, Ask::Retract),
        _ => Ask::Bad,
    }
}

fn published(item: &Element) -> Option<Published> {
    let room = room(item.attr("id")?)?;
    let joined = item.get_child("joined", ns::GC3)?;
    let way = match joined.attr("way") {
        None | Some("gc3") => Way::Gc3,
        Some("muc2") => Way::Muc2,
        Some(_) => return None,
    };
    let nick = crate::codec::nick::nick(joined).and_then(short);
    Some(Published { room, way, id: joined.attr("id").and_then(short), nick })
}
