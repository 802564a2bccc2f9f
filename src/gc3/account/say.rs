//! What is said, to rooms and to the account's own sessions.

use jid::BareJid;

use super::judge::{Joined, Joining};
use super::rules as rule;
use super::state::{Entry, Request, State};
use super::{NODE, Notice, Order, Way};
use crate::codec::{Header, Outgoing, Page, PageRequest, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::gc3::paging;
use crate::machine::{Action, Sink};
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;

/// Where an account says things.
pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

pub(super) fn tell(out: &mut Out<'_>, why: Rule, notice: Notice) {
    out.push(why, Action::Tell(notice));
}

pub(super) fn also(out: &mut Out<'_>, why: Rule) {
    tell(out, why, Notice::Also);
}

pub(super) fn order(out: &mut Out<'_>, why: Rule, order: Order) {
    out.push(why, Action::Do(order));
}

pub(super) fn pass(out: &mut Out<'_>, why: Rule, stanza: Stanza) {
    order(out, why, Order::Pass(Box::new(stanza)));
}

fn one(out: &mut Out<'_>, why: Rule, to: &str, stanza: &Outgoing) {
    out.push(why, Action::Send { to: Audience::one(to), stanza });
}

/// Answers a session's request with a result.
pub(super) fn result(out: &mut Out<'_>, why: Rule, stanza: &Stanza, payload: impl FnOnce(&mut Writer)) {
    if let (Some(answer), Some(to)) = (Outgoing::result(stanza, payload), stanza.sender()) {
        one(out, why, to, &answer);
    }
}

/// Refuses a session's request.
pub(super) fn refuse(out: &mut Out<'_>, why: Rule, stanza: &Stanza, error: &StanzaError<'_>) {
    if let (Some(answer), Some(to)) = (Outgoing::error(stanza, error), stanza.sender()) {
        one(out, why, to, &answer);
        tell(out, why, Notice::Refused { to: to.into() });
    }
}

/// Sends a join on, in the account's name.
pub(super) fn ask(state: &State, out: &mut Out<'_>, why: Rule, id: &str, joining: &Joining) {
    let stanza = Outgoing::new(&request(state, id), |writer| {
        writer.fragment(&joining.content);
    });
    one(out, why, joining.to.as_str(), &stanza);
}

/// Tells a room that the account leaves it.
pub(super) fn leave(state: &State, out: &mut Out<'_>, why: Rule, id: &str, room: &str, way: Way) {
    let space = if way == Way::Gc3 { ns::GC3 } else { ns::MUC2 };
    let stanza = Outgoing::new(&request(state, id), |writer| {
        writer.open("leave", space).close();
    });
    one(out, why, room, &stanza);
}

fn request<'a>(state: &'a State, id: &'a str) -> Header<'a> {
    Header { kind: StanzaKind::Iq, type_: StanzaType::Set, from: state.account.as_str(), id: Some(id), lang: None }
}

/// Approves a room's subscription, or takes the approval back.
pub(super) fn subscription(state: &State, out: &mut Out<'_>, why: Rule, room: &BareJid, approve: bool) {
    let type_ = if approve { StanzaType::Subscribed } else { StanzaType::Unsubscribed };
    let header = Header { kind: StanzaKind::Presence, type_, from: state.account.as_str(), id: None, lang: None };
    let stanza = Outgoing::new(&header, |_| {});
    if !approve {
        // It sees that everybody goes before it sees nobody any more (RFC 6121 §3.2.2).
        order(out, why, Order::Revoke { room: room.clone() });
    }
    one(out, why, room.as_str(), &stanza);
    if approve {
        order(out, why, Order::Approve { room: room.clone() });
    }
}

/// The head of what answers the session that asked for a join.
fn answer<'a>(state: &'a State, request: &'a Request, type_: StanzaType) -> Header<'a> {
    let from = state.account.as_str();
    Header { kind: StanzaKind::Iq, type_, from, id: Some(&request.id), lang: None }
}

/// Reflects that the account is in.
pub(super) fn joined(state: &State, out: &mut Out<'_>, why: Rule, request: &Request, joined: &Joined<'_>) {
    let answer = Outgoing::new(&answer(state, request, StanzaType::Result), |writer| match request.way {
        Way::Muc2 => {
            writer.open("join", ns::MUC2).attr("room", joined.room.as_str());
            writer.leaf("nickname", ns::MUC2, joined.nick.as_deref().unwrap_or_default()).close();
        }
        Way::Gc3 => {
            writer.open(if request.create { "created" } else { "joined" }, ns::GC3);
            writer.attr("room", request.to.as_str()).attr_opt("id", joined.id.as_deref());
            writer.attr_opt("version", joined.version).attr_opt("last", joined.last);
            writer.leaf("subscription-jid", ns::GC3, joined.room.as_str());
            if let Some(nick) = &joined.nick {
                crate::codec::nick::write_nick(writer, nick);
            }
            writer.close();
        }
    });
    one(out, why, request.asker.as_str(), &answer);
}

/// Reflects a refusal; with the form of the room beside it, if there is one. An error of the account's own has no `by`.
pub(super) fn refused(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    request: &Request,
    error: &StanzaError<'_>,
    of: Option<&Stanza>,
) {
    let form = of.and_then(|stanza| {
        let name = if request.create { "create-form" } else { "join-form" };
        stanza.child(name, ns::GC3)
    });
    let answer = Outgoing::new(&answer(state, request, StanzaType::Error), |writer| {
        let by = of.map(|_| request.to.as_str());
        StanzaError { by, ..*error }.write(writer);
        if let Some(form) = form {
            writer.element(form);
        }
    });
    one(out, why, request.asker.as_str(), &answer);
    tell(out, why, Notice::Refused { to: request.asker.as_str().into() });
}

/// Tells the sessions that a room is on the list, or that it is not any more.
pub(super) fn event(state: &State, out: &mut Out<'_>, room: &str, entry: Option<&Entry>) {
    let audience = Audience::all(&state.sessions, state.sessions.taken());
    if audience.is_empty() {
        return;
    }
    let from = state.account.as_str();
    let header = Header { kind: StanzaKind::Message, type_: StanzaType::Headline, from, id: None, lang: None };
    let stanza = Outgoing::new(&header, |writer| {
        writer.open("event", ns::PUBSUB_EVENT).open("items", ns::PUBSUB_EVENT).attr("node", NODE);
        match entry {
            Some(entry) => item(writer, ns::PUBSUB_EVENT, room, entry),
            None => {
                writer.open("retract", ns::PUBSUB_EVENT).attr("id", room).close();
            }
        }
        writer.close().close();
    });
    out.push(rule::D4_1, Action::Send { to: audience, stanza: &stanza });
}

fn item(writer: &mut Writer, space: &str, room: &str, entry: &Entry) {
    writer.open("item", space).attr("id", room).open("joined", ns::GC3);
    writer.attr("way", if entry.way == Way::Gc3 { "gc3" } else { "muc2" }).attr_opt("id", entry.id.as_deref());
    writer.attr("since", &entry.since.to_string());
    if let Some(nick) = &entry.nick {
        crate::codec::nick::write_nick(writer, nick);
    }
    writer.close().close();
}

/// Answers with a page of the list.
pub(super) fn items(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, page: PageRequest<'_>) {
    let rooms: Vec<(&str, &Entry)> = state.rooms.iter().map(|(room, entry)| (&**room, entry)).collect();
    let order = |(room, _): &(&str, &Entry), key: &str| (*room).cmp(key);
    let asked = (page != PageRequest::default()).then_some(page);
    let part = paging::part(&rooms, asked, state.limits.page, order);
    let shown = rooms.get(part.range.clone()).unwrap_or_default();
    result(out, why, stanza, |writer| {
        writer.open("pubsub", ns::PUBSUB).open("items", ns::PUBSUB).attr("node", NODE);
        for (room, entry) in shown {
            item(writer, ns::PUBSUB, room, entry);
        }
        writer.close();
        if let Some(paged) = part.paged {
            let ends = shown.first().zip(shown.last()).map(|(first, last)| (first.0, last.0));
            Page { ends, index: ends.map(|_| paged.index), count: Some(paged.count) }.write(writer);
        }
        writer.close();
    });
}

/// Answers a publish.
pub(super) fn published(out: &mut Out<'_>, why: Rule, stanza: &Stanza, room: &BareJid) {
    result(out, why, stanza, |writer| {
        writer.open("pubsub", ns::PUBSUB).open("publish", ns::PUBSUB).attr("node", NODE);
        writer.open("item", ns::PUBSUB).attr("id", room.as_str()).close().close().close();
    });
}
