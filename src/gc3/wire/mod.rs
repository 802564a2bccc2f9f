//! What a stanza asks of a room. Knows stanzas and nothing of any room's state.

pub(crate) mod message;
pub(crate) mod muc;
pub(crate) mod muc2;
pub(crate) mod presence;
mod report;

use minidom::Element;

pub(crate) use message::{Words, forged};
pub(crate) use presence::Presence;
pub(crate) use report::write_report;

use super::room::{Asked, Topics};
use super::rules::table as rule;
use crate::codec::{Stanza, StanzaError, StanzaKind, StanzaType};
pub(crate) use crate::gc3::refusals::{BAD_REQUEST, TOO_LARGE, UNAVAILABLE};
use crate::ns;
use crate::rule::Rule;

/// What a stanza turned out to be.
#[derive(Debug)]
pub(crate) enum Read<'a> {
    /// Nothing that is answered, and why.
    Silent(Rule),
    /// Something that is refused for its form, whoever sent it.
    Malformed(Rule, StanzaError<'static>),
    /// A question or a demand.
    Ask(Ask<'a>),
}

/// What somebody asks of a room.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    JoinForm,
    Join(Join<'a>),
    Leave,
    /// Topics to add and to take away.
    Subscribe(Topics, Topics),
    Sync(Sync<'a>),
    Presence(Presence<'a>),
    Speak(Words),
    /// `<participants/>`: read, looked up, or set.
    Participants(&'a Element),
    /// `<access/>`: read or set.
    Access(&'a Element),
    /// `<participant/>`: one's own settings, read or set.
    Own(&'a Element),
    /// `<config/>`: read or set.
    Config(&'a Element),
    /// Anything in the namespaces of access control.
    Acl(&'a Element),
    /// What XEP-0045 asks beside presence.
    Request(Asked<'a>),
    /// A command (XEP-0050).
    Command(&'a Element),
    Destroy(&'a Element),
    /// Anything in the archive's namespace: query, form, metadata, preferences.
    Archive(&'a Element),
    /// Invitations by token.
    Tokens(Tokens),
    Moderate(&'a Element),
    Report(&'a Element),
    Info(&'a Element),
    Items(&'a Element),
    Ping,
    /// The room's picture: read or set (XEP-0486).
    Card(&'a Element),
    /// Anything but a groupchat message for an occupant: a private message, a request, presence.
    Occupant(&'a str),
    /// By presence to an occupant's address, or to the room without a nickname (XEP-0045).
    Muc(muc::Ask<'a>),
    /// In the dialect of `urn:xmpp:muc:0`.
    Muc2(muc2::Ask<'a>),
    /// A result or an error that may answer something that the room sent.
    Returned,
}

/// `<join/>`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Join<'a> {
    pub(crate) form: Option<&'a Element>,
    pub(crate) topics: Topics,
}

/// What is asked about invitations by token (XEP-0488).
#[derive(Clone, Debug)]
pub(crate) enum Tokens {
    /// One is wanted, for so many seconds and so many uses.
    Request {
        seconds: Option<u32>,
        uses: Option<u32>,
    },
    List,
    Revoke(Box<str>),
}

/// `<sync/>`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sync<'a> {
    /// For a set: exactly what is to be subscribed afterwards.
    pub(crate) topics: Option<Topics>,
    pub(crate) last: Option<&'a str>,
}

/// Reads a stanza that was sent to a room or to one of its occupants.
pub(crate) fn read(stanza: &Stanza) -> Read<'_> {
    let Some(to) = &stanza.to else { return Read::Silent(rule::G4_8) };
    if stanza.type_ == StanzaType::Error || stanza.type_ == StanzaType::Result {
        return Read::Ask(Ask::Returned);
    }
    let resource = to.resource().map(|resource| resource.as_str());
    match stanza.kind {
        StanzaKind::Iq if stanza.fault.is_some() => Read::Malformed(rule::G14_12, BAD_REQUEST),
        StanzaKind::Iq => match resource {
            Some(resource) => Read::Ask(Ask::Occupant(resource)),
            None => iq(stanza),
        },
        StanzaKind::Presence if stanza.fault.is_some() => Read::Silent(rule::G4_8),
        StanzaKind::Presence if stanza.type_ == StanzaType::Available && muc2::is_named(stanza) => muc2::read(stanza),
        StanzaKind::Presence => match resource {
            Some(_) => muc::read(stanza),
            None if stanza.type_ == StanzaType::Available && stanza.child("x", ns::MUC).is_some() => muc::read(stanza),
            None => presence::read(stanza),
        },
        StanzaKind::Message => match (stanza.type_, resource) {
            (StanzaType::Groupchat, Some(_)) => Read::Malformed(rule::G6_1, BAD_REQUEST),
            (StanzaType::Groupchat, None) => message::read(stanza),
            (StanzaType::Chat | StanzaType::Normal, Some(resource)) => Read::Ask(Ask::Occupant(resource)),
            (StanzaType::Normal, None) => to_the_room(stanza),
            _ => Read::Silent(rule::G4_8),
        },
    }
}

/// A message to the room that is not for all: an invitation, a decline, a request for voice.
fn to_the_room(stanza: &Stanza) -> Read<'_> {
    if let Some(x) = stanza.child("x", ns::MUC_USER)
        && ["invite", "decline"].iter().any(|name| x.get_child(name, ns::MUC_USER).is_some())
    {
        return Read::Ask(Ask::Request(Asked::Mediate(x)));
    }
    let Some(x) = stanza.child("x", ns::DATA) else { return Read::Silent(rule::G4_8) };
    let form_type = x.children().find(|field| field.attr("var") == Some("FORM_TYPE"));
    match form_type.and_then(|field| field.get_child("value", ns::DATA)).map(Element::text).as_deref() {
        Some(ns::MUC_REQUEST) => Read::Ask(Ask::Request(Asked::Voice(x))),
        Some(ns::MUC_REGISTER) => Read::Ask(Ask::Request(Asked::Approve(x))),
        _ => Read::Silent(rule::G4_8),
    }
}

fn iq(stanza: &Stanza) -> Read<'_> {
    let Some(payload) = stanza.payload() else { return Read::Malformed(rule::G14_12, BAD_REQUEST) };
    let set = stanza.type_ == StanzaType::Set;
    let namespace = payload.ns();
    match (namespace.as_str(), payload.name(), set) {
        (ns::GC3, "join-form", false) => Read::Ask(Ask::JoinForm),
        (ns::GC3, "join", true) => match topics(payload) {
            Some(topics) => Read::Ask(Ask::Join(Join { form: payload.get_child("x", ns::DATA), topics })),
            None => Read::Malformed(rule::G14_12, BAD_REQUEST),
        },
        (ns::GC3, "leave", true) => Read::Ask(Ask::Leave),
        (ns::GC3, "subscribe", true) => match topic(payload) {
            Some(topic) => Read::Ask(Ask::Subscribe(topic, Topics::NONE)),
            None => Read::Malformed(rule::G14_12, BAD_REQUEST),
        },
        (ns::GC3, "unsubscribe", true) => match topic(payload) {
            Some(topic) => Read::Ask(Ask::Subscribe(Topics::NONE, topic)),
            None => Read::Malformed(rule::G14_12, BAD_REQUEST),
        },
        (ns::GC3, "sync", _) => match topics(payload) {
            Some(topics) => Read::Ask(Ask::Sync(Sync { topics: set.then_some(topics), last: payload.attr("last") })),
            None => Read::Malformed(rule::G14_12, BAD_REQUEST),
        },
        (ns::GC3, "participants", _) => Read::Ask(Ask::Participants(payload)),
        (ns::GC3, "access", _) => Read::Ask(Ask::Access(payload)),
        (ns::GC3, "participant", _) => Read::Ask(Ask::Own(payload)),
        (ns::GC3, "config", _) => Read::Ask(Ask::Config(payload)),
        (ns::GC3, "destroy", true) => Read::Ask(Ask::Destroy(payload)),
        (ns::MUC2, "join", true) => muc2::occupy(payload),
        (ns::MUC2, "leave", true) => Read::Ask(Ask::Muc2(muc2::Ask::Vacate)),
        (ns::ENTITY_ACL, "acl-groups" | "group-access-list", _) => Read::Ask(Ask::Acl(payload)),
        (ns::ACL, "my-access", false) | (ns::ACL, "role-changes", _) => Read::Ask(Ask::Acl(payload)),
        (ns::COMMANDS, "command", _) => Read::Ask(Ask::Command(payload)),
        (ns::MUC_ADMIN, "query", _) => Read::Ask(Ask::Request(Asked::Admin(payload))),
        (ns::MUC_OWNER, "query", _) => Read::Ask(Ask::Request(Asked::Owner(payload))),
        (ns::REGISTER, "query", _) => Read::Ask(Ask::Request(Asked::Register(payload))),
        (ns::MAM, _, _) => Read::Ask(Ask::Archive(payload)),
        (ns::TOKEN_INVITE, "request", true) => match (count(payload, "delay"), count(payload, "counter")) {
            (Ok(seconds), Ok(uses)) => Read::Ask(Ask::Tokens(Tokens::Request { seconds, uses })),
            _ => Read::Malformed(rule::G14_12, BAD_REQUEST),
        },
        (ns::TOKEN_INVITE, "tokens", false) => Read::Ask(Ask::Tokens(Tokens::List)),
        (ns::TOKEN_INVITE, "revoke", true) => Read::Ask(Ask::Tokens(Tokens::Revoke(payload.text().trim().into()))),
        (ns::MODERATE, "moderate", true) => Read::Ask(Ask::Moderate(payload)),
        (ns::GC_REPORT, _, true) => Read::Ask(Ask::Report(payload)),
        (ns::DISCO_INFO, "query", false) => Read::Ask(Ask::Info(payload)),
        (ns::DISCO_ITEMS, "query", false) => Read::Ask(Ask::Items(payload)),
        (ns::PING, "ping", false) => Read::Ask(Ask::Ping),
        (ns::VCARD, "vCard", _) => Read::Ask(Ask::Card(payload)),
        _ => Read::Malformed(rule::G13_5, UNAVAILABLE),
    }
}

/// An attribute that counts something: at least one, if it is there.
fn count(element: &Element, name: &str) -> Result<Option<u32>, ()> {
    match element.attr(name).map(|text| text.trim().parse()) {
        None => Ok(None),
        Some(Ok(0) | Err(_)) => Err(()),
        Some(Ok(number)) => Ok(Some(number)),
    }
}

fn topic(element: &Element) -> Option<Topics> {
    Topics::parse(element.attr("type")?)
}

/// All `<subscribe type=/>` children; `None` if one of them names no topic.
pub(crate) fn topics(parent: &Element) -> Option<Topics> {
    let children = parent.children().filter(|child| child.is("subscribe", ns::GC3));
    children.map(topic).try_fold(Topics::NONE, |all, one| Some(all.with(one?)))
}
