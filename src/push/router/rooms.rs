//! The room set, and which session has which room live: observed from the stanzas that pass.

use std::sync::Arc;

use jid::Jid;
use minidom::Element;

use super::copies;
use super::input::{Item, Membership, Notice, RoomFact};
use super::say::{self, Out};
use super::state::{Allowed, Awaited, Grounds, Pending, Room, State, bit};
use super::table as rule;
use crate::codec::{Form, Stanza, StanzaKind, StanzaType, parse_jid, sid};
use crate::ns;
use crate::party::Seat;
use crate::push::filter::Settings;
use crate::push::mention::Nick;
use crate::time::Time;

/// A session sends something that may concern a room.
pub(super) fn sent(state: &mut State, out: &mut Out<'_>, seat: Seat, stanza: &Stanza) {
    let Some(to) = &stanza.to else {
        // Unavailable to everybody: the server tells each room (RFC 6121 §4.5.2).
        if stanza.kind == StanzaKind::Presence && stanza.type_ == StanzaType::Unavailable {
            leave_all(state, out, seat);
            if let Some(session) = state.sessions.get_mut(seat) {
                session.indicated.clear();
            }
        }
        return;
    };
    let room = to.to_bare();
    let room = room.as_str();
    let now = state.now;
    if let Some(heard) = state.room_mut(room).and_then(|room| room.heard.get_mut(&seat.0)) {
        *heard = now;
    }
    match stanza.kind {
        StanzaKind::Presence if to.node().is_none() => indicate(state, seat, room, stanza),
        StanzaKind::Presence => match stanza.type_ {
            StanzaType::Available if stanza.child("x", ns::MUC).is_some() && to.resource().is_some() => {
                expect(state, seat, "", room, Awaited::Join);
            }
            StanzaType::Unavailable => change_live(state, out, seat, room, |room, bit| room.occupants &= !bit),
            StanzaType::Subscribed | StanzaType::Unsubscribed => {
                if let Some(room) = state.room_mut(room) {
                    room.approved = stanza.type_ == StanzaType::Subscribed;
                }
            }
            _ => {}
        },
        StanzaKind::Iq if stanza.type_ == StanzaType::Set => {
            if let (Some(what), Some(id)) = (stanza.payload().and_then(awaited), stanza.id.as_deref()) {
                expect(state, seat, id, room, what);
            }
        }
        StanzaKind::Iq | StanzaKind::Message => {}
    }
}

/// A session asks a service for indications of activity, or does so no more (XEP-0437 §3).
fn indicate(state: &mut State, seat: Seat, service: &str, presence: &Stanza) {
    let most = state.limits.services;
    let Some(session) = state.sessions.get_mut(seat) else { return };
    match presence.type_ {
        StanzaType::Available if presence.child("rai", ns::RAI).is_some() && session.indicated.len() < most => {
            session.indicated.insert(service.into());
        }
        StanzaType::Unavailable => {
            session.indicated.remove(service);
        }
        _ => {}
    }
}

/// What the answer to a request to a room will mean, if it is of interest.
fn awaited(payload: &Element) -> Option<Awaited> {
    let message = |element: &Element| element.attr("type") == Some("message");
    let subscribes = || payload.children().any(|child| child.is("subscribe", ns::GC3) && message(child));
    if payload.is("query", ns::REGISTER) {
        if payload.has_child("remove", ns::REGISTER) {
            return Some(Awaited::Unregister);
        }
        let form = payload.children().find(|child| child.is("x", ns::DATA)).and_then(|x| Form::read(x).ok())?;
        return Some(Awaited::Register(form.get("muc#register_roomnick").unwrap_or_default().into()));
    }
    if !payload.has_ns(ns::GC3) {
        return None;
    }
    match payload.name() {
        "join" | "create" => Some(Awaited::Joined(subscribes())),
        "leave" => Some(Awaited::Leave),
        "subscribe" if message(payload) => Some(Awaited::Subscribe),
        "sync" if subscribes() => Some(Awaited::Subscribe),
        "unsubscribe" if message(payload) => Some(Awaited::Unsubscribe),
        _ => None,
    }
}

/// An answer is waited for; the oldest is forgotten if there are too many.
fn expect(state: &mut State, seat: Seat, id: &str, room: &str, what: Awaited) {
    let most = state.limits.pending.max(1);
    let Some(session) = state.sessions.get_mut(seat) else { return };
    session.pending.retain(|pending| *pending.id != *id || *pending.room != *room);
    if session.pending.len() >= most {
        session.pending.remove(0);
    }
    session.pending.push(Pending { id: id.into(), room: room.into(), what });
}

/// What a session waits for from that address, and waits for no longer.
fn take(state: &mut State, seat: Seat, id: &str, room: &str) -> Option<Awaited> {
    let session = state.sessions.get_mut(seat)?;
    let at = session.pending.iter().position(|pending| *pending.id == *id && *pending.room == *room)?;
    Some(session.pending.remove(at).what)
}

/// Something arrives for a session that may be of a room.
pub(super) fn arrived(state: &mut State, out: &mut Out<'_>, seat: Seat, stanza: &Stanza) {
    let Some(from) = &stanza.from else { return };
    match stanza.kind {
        StanzaKind::Message => copies::live(state, out, seat, stanza),
        StanzaKind::Presence => presence(state, out, seat, stanza, from),
        StanzaKind::Iq if matches!(stanza.type_, StanzaType::Result | StanzaType::Error) => {
            let bare = from.to_bare();
            let id = stanza.id.as_deref().unwrap_or_default();
            if let Some(what) = take(state, seat, id, bare.as_str()) {
                if stanza.type_ == StanzaType::Result {
                    answered(state, out, seat, bare.as_str(), what, stanza);
                }
            } else if from.resource().is_none()
                && state.is_member(bare.as_str())
                && let Some(info) = stanza.payload().filter(|payload| payload.is("query", ns::DISCO_INFO))
            {
                describe(state, bare.as_str(), info);
            }
        }
        StanzaKind::Iq => {}
    }
}

fn presence(state: &mut State, out: &mut Out<'_>, seat: Seat, stanza: &Stanza, from: &Jid) {
    let bare = from.to_bare();
    let room = bare.as_str();
    if stanza.type_ == StanzaType::Error {
        take(state, seat, "", room);
        // The service does not indicate anything.
        if let Some(session) = state.sessions.get_mut(seat).filter(|_| from.node().is_none()) {
            session.indicated.remove(room);
        }
        return;
    }
    let Some(user) = stanza.child("x", ns::MUC_USER) else { return };
    let status =
        |code: &str| user.children().any(|child| child.is("status", ns::MUC_USER) && child.attr("code") == Some(code));
    let (Some(nick), true) = (from.resource(), status("110")) else { return };
    let inside = state.room(room).is_some_and(|room| room.occupants & bit(seat) != 0);
    match stanza.type_ {
        // The room alone cannot make the account an occupant: the session has asked.
        StanzaType::Available => {
            let joins = take(state, seat, "", room).is_some();
            if !joins && !inside {
                return;
            }
            let occupant = stanza.child("occupant-id", ns::OCCUPANT_ID).and_then(|child| child.attr("id"));
            let shown = status("100");
            change_live(state, out, seat, room, |known, bit| {
                known.occupants |= bit;
                if joins {
                    known.shown = Some(shown);
                }
                set_nick(known, room, nick.as_str());
                if let Some(occupant) = occupant {
                    known.occupant = Some(occupant.into());
                }
            });
        }
        StanzaType::Unavailable if inside => {
            let new = user.get_child("item", ns::MUC_USER).and_then(|item| item.attr("nick")).filter(|_| status("303"));
            change_live(state, out, seat, room, |known, bit| match new {
                Some(new) => set_nick(known, room, new),
                None => known.occupants &= !bit,
            });
        }
        _ => {}
    }
}

fn set_nick(known: &mut Room, room: &str, nick: &str) {
    known.nick = Nick::new(nick);
    known.nick_text = Some(nick.into());
    set_address(known, room, 0, nick);
}

/// The addresses by which others name the account in a room: by nickname, and by participant ID.
fn set_address(known: &mut Room, room: &str, at: usize, resource: &str) {
    let address = format!("{room}/{resource}");
    let address: Box<str> = parse_jid(&address).map_or_else(|| address.as_str().into(), |jid| jid.as_str().into());
    if known.addresses.len() <= at {
        known.addresses.resize(at + 1, address.clone());
    }
    known.addresses[at] = address;
}

/// A room said yes.
fn answered(state: &mut State, out: &mut Out<'_>, seat: Seat, room: &str, what: Awaited, stanza: &Stanza) {
    let now = state.now;
    match what {
        // Only by presence.
        Awaited::Join => {}
        Awaited::Register(nick) => {
            ground(state, out, room, Grounds::REGISTERED, true);
            if let Some(known) = state.room_mut(room).filter(|known| !nick.is_empty() && known.nick.is_none()) {
                set_nick(known, room, &nick);
            }
        }
        Awaited::Unregister => ground(state, out, room, Grounds::REGISTERED, false),
        Awaited::Joined(message) => {
            let joined =
                stanza.payload().filter(|payload| payload.is("joined", ns::GC3) || payload.is("created", ns::GC3));
            // An alias and a service answer with the room's address; a room speaks for none but those of its own service.
            let named = joined.and_then(|joined| joined.get_child("subscription-jid", ns::GC3)).map(Element::text);
            let named = named.and_then(|text| parse_jid(&text)).map(|jid| jid.to_bare());
            let service = |jid: &str| jid.split_once('@').map_or(jid, |(_, domain)| domain).to_owned();
            let canonical = named.filter(|jid| service(jid.as_str()) == service(room));
            let room = canonical.as_ref().map_or(room, |jid| jid.as_str());
            ground(state, out, room, Grounds::GC3, true);
            if message {
                subscribe(state, out, seat, room, now);
            }
            let Some(known) = state.room_mut(room) else { return };
            if let Some(nick) = joined.and_then(|joined| joined.get_child("nick", ns::NICK)) {
                set_nick(known, room, &nick.text());
            }
            if let Some(id) = joined.and_then(|joined| joined.attr("id")) {
                known.occupant = Some(id.into());
                set_address(known, room, 1, id);
            }
        }
        Awaited::Leave => member(state, out, room, Membership::Gc3, false),
        Awaited::Subscribe => subscribe(state, out, seat, room, now),
        Awaited::Unsubscribe => change_live(state, out, seat, room, |known, bit| {
            known.subscribed &= !bit;
            known.unsubscribed |= bit;
            known.heard.remove(&seat.0);
        }),
    }
}

fn subscribe(state: &mut State, out: &mut Out<'_>, seat: Seat, room: &str, now: Time) {
    change_live(state, out, seat, room, |known, bit| {
        known.subscribed |= bit;
        known.unsubscribed &= !bit;
        known.heard.insert(seat.0, now);
    });
}

/// Changes what a session has of a room, and tells it (MC5).
fn change_live(state: &mut State, out: &mut Out<'_>, seat: Seat, room: &str, change: impl FnOnce(&mut Room, u64)) {
    let (now, bare_for) = (state.now, state.limits.bare_for);
    let Some(session) = state.sessions.get(seat) else { return };
    let (default_receive, jid) = (session.default_receive, session.jid.clone());
    let Some(known) = state.make_room(room) else { return say::tell(out, rule::S3, Notice::PassedOver) };
    let before = known.is_live(seat, default_receive, bare_for, now);
    change(known, bit(seat));
    let after = known.is_live(seat, default_receive, bare_for, now);
    if before != after {
        let notice = Notice::Live { room: say::named(state, room), jid: jid.as_str().into(), on: after };
        say::tell(out, rule::MC5, notice);
    }
    reground(state, out, room);
}

fn ground(state: &mut State, out: &mut Out<'_>, room: &str, ground: Grounds, on: bool) {
    if !on && state.room(room).is_none() {
        return;
    }
    match state.make_room(room) {
        Some(known) => known.grounds.set(ground, on),
        None => return say::tell(out, rule::S3, Notice::PassedOver),
    }
    reground(state, out, room);
}

/// Takes a room into the room set, or has it leave after a while (MC2).
pub(super) fn reground(state: &mut State, out: &mut Out<'_>, room: &str) {
    let Some(name) = state.name(room) else { return };
    let Some(known) = state.room_mut(room) else { return };
    let grounded = known.is_grounded();
    if grounded && !known.inside {
        known.inside = true;
        say::tell(out, rule::MC2, Notice::RoomIn { room: name });
    } else if grounded && known.left.is_some() {
        state.set_left(&name, None);
    } else if !grounded && known.inside && known.left.is_none() {
        let now = state.now;
        state.set_left(&name, Some(now));
    } else if !grounded && !known.inside && !known.bookmarked {
        state.forget_chat(&name);
    }
}

/// A room's time without grounds is over.
pub(super) fn due(state: &mut State, out: &mut Out<'_>, name: &Arc<str>) {
    state.set_left(name, None);
    let Some(known) = state.room_mut(name) else { return };
    known.inside = false;
    say::tell(out, rule::MC2, Notice::RoomOut { room: Arc::clone(name) });
    reground(state, out, name);
}

/// A session is over or is unavailable: it occupies no room any more.
fn leave_all(state: &mut State, out: &mut Out<'_>, seat: Seat) {
    let occupied = |known: &Room| known.occupants & bit(seat) != 0;
    for name in rooms_where(state, occupied) {
        change_live(state, out, seat, &name, |known, bit| known.occupants &= !bit);
    }
}

/// A session is over: nothing of it remains in any room.
pub(super) fn forget_session(state: &mut State, out: &mut Out<'_>, seat: Seat) {
    let of = |known: &Room| (known.occupants | known.subscribed | known.unsubscribed) & bit(seat) != 0;
    for name in rooms_where(state, of) {
        if let Some(known) = state.room_mut(&name) {
            known.forget(seat);
        }
        reground(state, out, &name);
    }
    state.chats.values_mut().for_each(|chat| chat.seen.forget_session(seat));
}

fn rooms_where(state: &State, holds: impl Fn(&Room) -> bool) -> Vec<Arc<str>> {
    let rooms = state.chats.iter().filter(|(_, chat)| chat.room.as_deref().is_some_and(&holds));
    rooms.map(|(name, _)| Arc::clone(name)).collect()
}

fn member(state: &mut State, out: &mut Out<'_>, room: &str, how: Membership, on: bool) {
    let ground_of = match how {
        Membership::Gc3 => Grounds::GC3,
        Membership::Muc2 => Grounds::MUC2,
        Membership::Registered => Grounds::REGISTERED,
    };
    if let (Membership::Gc3, false, Some(known)) = (how, on, state.room_mut(room)) {
        // With the membership go the subscriptions.
        (known.approved, known.subscribed, known.unsubscribed) = (false, 0, 0);
        known.heard.clear();
    }
    ground(state, out, room, ground_of, on);
}

/// A fact that the host tells.
pub(super) fn fact(state: &mut State, out: &mut Out<'_>, room: &str, fact: RoomFact) {
    if let RoomFact::Member(how, on) = fact {
        return member(state, out, room, how, on);
    }
    if let RoomFact::Bookmarked(on) = fact {
        return ground(state, out, room, Grounds::BOOKMARK, on);
    }
    let Some(known) = state.room_mut(room) else { return say::tell(out, rule::S3, Notice::PassedOver) };
    match fact {
        RoomFact::Member(..) | RoomFact::Bookmarked(_) => {}
        RoomFact::Approved(on) => known.approved = on,
        RoomFact::Nick(nick) => set_nick(known, room, &nick),
        RoomFact::OccupantId(id) => {
            set_address(known, room, 1, &id);
            known.occupant = Some(id.into());
        }
        RoomFact::Open(on) => known.open = Some(on),
        RoomFact::JidsShown(on) => known.shown = Some(on),
    }
}

/// What a room says of itself (XEP-0045 §6.4, XEP-0513 §3.5).
fn describe(state: &mut State, room: &str, info: &Element) {
    let Some(known) = state.room_mut(room) else { return };
    let has = |name: &str| info.children().any(|child| child.name() == "feature" && child.attr("var") == Some(name));
    if has("muc_membersonly") || has("muc_hidden") {
        known.open = Some(false);
    } else if has("muc_open") || has("muc_public") {
        known.open = Some(true);
    }
    if has("muc_nonanonymous") {
        known.shown = Some(true);
    } else if has("muc_semianonymous") {
        known.shown = Some(false);
    }
    let forms = info.children().filter(|child| child.is("x", ns::DATA)).filter_map(|x| Form::read(x).ok());
    for form in forms {
        if let Some(count) = form.get("mentions#count").and_then(|count| count.trim().parse().ok()) {
            // Who may more than a participant is not known of each message's author.
            let everybody = |name: &str| form.get(name) == Some("participants");
            known.permitted = Some(Allowed {
                count,
                individual: everybody("mentions#individual"),
                channel: everybody("mentions#channel"),
                associations: everybody("mentions#associations"),
            });
        }
    }
}

/// An item of the account's own nodes.
pub(super) fn item(state: &mut State, out: &mut Out<'_>, item: &Item) {
    let Some(jid) = parse_jid(&item.id) else { return };
    match item.node.as_str() {
        ns::BOOKMARKS => bookmark(state, out, jid.to_bare().as_str(), item.payload.as_ref()),
        ns::MDS => {
            let displayed = item.payload.as_ref().filter(|payload| payload.is("displayed", ns::MDS));
            let id = displayed.and_then(|displayed| sid::stanza_ids(displayed).next());
            if let Some((id, _)) = id {
                super::sessions::displayed(state, out, jid.as_str(), id);
            }
        }
        _ => {}
    }
}

fn bookmark(state: &mut State, out: &mut Out<'_>, room: &str, payload: Option<&Element>) {
    let conference = payload.filter(|payload| payload.is("conference", ns::BOOKMARKS));
    if conference.is_none() && state.room(room).is_none() {
        return;
    }
    let Some(_) = state.make_room(room) else { return say::tell(out, rule::S3, Notice::PassedOver) };
    let autojoin = conference.and_then(|conference| conference.attr("autojoin"));
    let autojoin = matches!(autojoin, Some("true" | "1"));
    let extensions = conference.and_then(|conference| conference.get_child("extensions", ns::BOOKMARKS));
    let notify = extensions.and_then(|extensions| extensions.get_child("notify", ns::NOTIFY));
    if let Some(chat) = state.chats.get_mut(room) {
        chat.settings = notify.map_or_else(Settings::default, Settings::read);
        if let Some(known) = &mut chat.room {
            known.bookmarked = conference.is_some();
            known.grounds.set(Grounds::BOOKMARK, autojoin);
            let nick = conference.and_then(|conference| conference.get_child("nick", ns::BOOKMARKS));
            if let Some(nick) = nick.filter(|_| known.nick.is_none()) {
                set_nick(known, room, &nick.text());
            }
        }
    }
    reground(state, out, room);
}
