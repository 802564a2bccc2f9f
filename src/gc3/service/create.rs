//! Creating rooms (C7, G3.6–G3.8), aliases as far as the service knows more than the room (G12), and reports of whole
//! rooms (RP6).

use jid::BareJid;
use minidom::Element;

use super::machine::{self, NOT_FOUND, Out, result, within};
use super::state::{Bound, Name, State};
use crate::codec::{Outgoing, Reader, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::gc3::config::{Config, Kind};
use crate::gc3::form::{self, CreateForm};
use crate::gc3::host::{Notice, Token};
use crate::gc3::refusals::{CONFLICT, FORBIDDEN, NOT_ALLOWED, TOO_FAST, TOO_MANY};
use crate::gc3::room::{Question, Room, Topics};
use crate::gc3::rules::{muc, table as rule};
use crate::gc3::wire;
use crate::machine::Action;
use crate::ns;
use crate::party::{Address, Audience};
use crate::rule::Rule;

/// Sends the form to create a room.
pub(super) fn form(state: &State, out: &mut Out<'_>, stanza: &Stanza) {
    result(out, rule::G1_1, stanza, |writer| write_form(state, writer));
}

fn write_form(state: &State, writer: &mut Writer) {
    writer.open("create-form", ns::GC3);
    form::write_create(&state.limits, writer);
    writer.close();
}

/// Refuses a creation; with the form beside the error, where that helps.
pub(super) fn refuse(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    error: &StanzaError<'_>,
    with_form: bool,
) {
    if !with_form {
        return machine::refuse(out, why, stanza, error);
    }
    let answer = Outgoing::error_beside(stanza, error, |writer| write_form(state, writer));
    if let (Some(answer), Some(to)) = (answer, stanza.sender()) {
        out.push(why, Action::Send { to: Audience::one(to), stanza: &answer });
        out.push(why, Action::Tell(Notice::Refused { from: Some(to.into()) }));
    }
}

/// A room that is to be.
#[derive(Debug)]
pub(super) struct Founding {
    pub(super) serial: u32,
    localpart: String,
    creator: BareJid,
    full: Address,
    nick: String,
    config: Config,
    push: Option<crate::gc3::config::Push>,
    topics: Topics,
}

/// Whether the service has room for one more of this account, and the account is not too fast.
fn has_room_for(state: &State, bare: &str) -> Result<(), (Rule, StanzaError<'static>)> {
    if state.rooms.len() >= state.limits.rooms || state.created_by(bare) >= state.limits.rooms_per_account {
        return Err((rule::G3_8, TOO_MANY));
    }
    if state.allows(Bound::Creation, bare) { Ok(()) } else { Err((rule::G3_7, TOO_FAST)) }
}

/// Decides whether a room is created. Counts the attempt.
pub(super) fn judge(state: &mut State, stanza: &Stanza) -> Result<Founding, (Rule, StanzaError<'static>, bool)> {
    let (Some(from), Some(payload)) = (&stanza.from, stanza.payload()) else {
        return Err((rule::G14_12, wire::BAD_REQUEST, false));
    };
    let creator = from.to_bare();
    let bare = creator.as_str();
    if !state.config.may_create(bare) {
        return Err((rule::C7, FORBIDDEN, false));
    }
    has_room_for(state, bare).map_err(|(why, error)| (why, error, false))?;
    let topics = wire::topics(payload).ok_or((rule::G14_12, wire::BAD_REQUEST, false))?;
    let x = payload.get_child("x", ns::DATA).ok_or((rule::J3, form::INCOMPLETE, true))?;
    let submitted = CreateForm::read(x, &state.limits).map_err(|problem| {
        let (why, error) = form::refusal(problem);
        (why, error, problem.form_helps())
    })?;
    let nick = submitted.join.nickname.ok_or((rule::J3, form::INCOMPLETE, true))?;
    state.spend(Bound::Creation, bare);
    let localpart = draw_name(state, from.as_str(), stanza.id.as_deref().unwrap_or_default());
    Ok(Founding {
        serial: state.next_serial,
        localpart,
        full: Address::from(from),
        creator,
        nick,
        config: submitted.config,
        push: submitted.join.push,
        topics,
    })
}

/// A name for a new room: drawn from who asks, when and under which id, so that what others create does not change it.
/// The moment keeps the name, and all secrets that hang on it, from coming back when the room is forgotten or lost.
fn draw_name(state: &State, from: &str, id: &str) -> String {
    let mut attempt = 0u64;
    loop {
        let parts = [from.as_bytes(), id.as_bytes(), &state.now.millis().to_be_bytes(), &attempt.to_be_bytes()];
        let drawn = state.seed.draw("localpart", &parts);
        let name = drawn.base32();
        if !state.names.contains_key(name.as_str()) {
            return name;
        }
        attempt += 1;
    }
}

/// Whether a stanza for a name that there is not wants a room of that name (XEP-0045 §10.1).
pub(super) fn wants_room(state: &State, stanza: &Stanza) -> bool {
    let to_occupant = stanza.to.as_ref().and_then(|to| to.resource()).is_some();
    // In one dialect at an occupant's address, in the other at the room's.
    let by_id = state.config.muc2 && wire::muc2::is_named(stanza);
    (if by_id { !to_occupant } else { state.config.muc && to_occupant })
        && stanza.kind == StanzaKind::Presence
        && stanza.type_ == StanzaType::Available
        && stanza.child("x", ns::MUC).is_some()
        && stanza.from.as_ref().is_some_and(|from| from.resource().is_some())
        // Nobody learns by this whether a secret room has that name (V4).
        && stanza.to.as_ref().and_then(|to| to.node()).is_some_and(|node| !form::is_drawn(node.as_str()))
}

/// Creates the room that somebody enters: it is locked until it is configured. Counts the attempt.
pub(super) fn by_entering(
    state: &mut State,
    stanza: &Stanza,
    out: &mut Out<'_>,
) -> Result<u32, (Rule, StanzaError<'static>)> {
    let (Some(from), Some(to)) = (&stanza.from, &stanza.to) else { return Err((muc::C7, NOT_FOUND)) };
    let (creator, address) = (from.to_bare(), to.to_bare());
    let bare = creator.as_str();
    if !state.config.may_create(bare) {
        return Err((muc::C7, NOT_ALLOWED));
    }
    has_room_for(state, bare)?;
    state.spend(Bound::Creation, bare);
    let now = state.now;
    let localpart = address.node().map(|node| node.as_str().to_owned()).unwrap_or_default();
    let serial = state.next_serial;
    // A name may come back: what is secret about the room must not.
    let secret =
        state.seed.child("classic-room", &[localpart.as_bytes(), &now.millis().to_be_bytes(), &serial.to_be_bytes()]);
    let config = Config { name: localpart.clone(), ..Config::of(Kind::Classic) };
    let mut room = Room::new(&address, serial, &creator, config, state.limits, secret, now);
    room.lock();
    room.belong(&state.config.policy());
    room.watch(state.watched);
    out.push(muc::C6, Action::Tell(Notice::Created { room: address }));
    state.add(&localpart, bare, serial, room);
    Ok(serial)
}

/// Creates the room: its creator owns it and is its first participant.
pub(super) fn found(state: &mut State, founding: Founding, stanza: &Stanza, out: &mut Out<'_>) {
    let Founding { serial, localpart, creator, full, nick, config, push, topics } = founding;
    let Ok(address) = BareJid::new(&format!("{localpart}@{}", state.config.domain)) else { return };
    let secret = state.seed.child("room", &[localpart.as_bytes()]);
    let mut room = Room::new(&address, serial, &creator, config, state.limits, secret, state.now);
    room.belong(&state.config.policy());
    room.watch(state.watched);
    out.push(rule::G3_6, Action::Tell(Notice::Created { room: address }));
    let mut own = Vec::new();
    room.found(stanza, &full, nick, push, topics, &mut within(out, &mut own));
    state.add(&localpart, creator.as_str(), serial, room);
}

/// A configuration with aliases is about names, and only the service knows which of them are free (G12.2): it says so
/// before the room judges the rest.
pub(super) fn check_aliases(state: &mut State, serial: u32, stanza: &Stanza) {
    if stanza.type_ != StanzaType::Set {
        return;
    }
    let Some(config) = stanza.payload().filter(|payload| payload.is("config", ns::GC3)) else { return };
    let names = config.get_child("x", ns::DATA).map(form::named_aliases).unwrap_or_default();
    let taken = |name: &String| state.names.get(name.as_str()).is_some_and(|found| *found != Name::Alias(serial));
    let check = if names.iter().any(taken) { Err((rule::G12_2, CONFLICT)) } else { Ok(()) };
    if let Some(held) = state.rooms.get_mut(&serial) {
        held.room.state.alias_check = Some(check);
    }
}

/// The same for a configuration that waited for the host: meanwhile another room may have got the name.
pub(super) fn check_aliases_again(state: &mut State, serial: u32, token: Token) {
    let question = state.rooms.get(&serial).and_then(|held| held.room.state.questions.get(&token));
    let Some(Question::Parent { stanza, .. }) = question else { return };
    if let Ok(stanza) = Reader::one(ns::CLIENT, stanza) {
        check_aliases(state, serial, &stanza);
    }
}

/// A report of a whole room, which goes to the administrators.
pub(super) fn report(state: &mut State, out: &mut Out<'_>, stanza: &Stanza, payload: &Element) {
    let Some(from) = stanza.from.as_ref().map(|from| from.to_bare()) else { return };
    let jids: Vec<&Element> = payload.children().filter(|child| child.is("jid", ns::GC_REPORT)).collect();
    let reports: Vec<&Element> = payload.children().filter(|child| child.is("report", ns::REPORTING)).collect();
    let ([jid], [report]) = (jids.as_slice(), reports.as_slice()) else {
        return machine::refuse(out, rule::RP1, stanza, &wire::BAD_REQUEST);
    };
    let Ok(room) = BareJid::new(jid.text().trim()) else {
        return machine::refuse(out, rule::RP1, stanza, &wire::BAD_REQUEST);
    };
    if !state.spend(Bound::Report, from.as_str()) {
        return machine::refuse(out, rule::RP7, stanza, &TOO_FAST);
    }
    let node = room.node().filter(|_| room.domain().as_str() == state.config.domain);
    let held = node.and_then(|node| state.names.get(node.as_str())).and_then(|name| state.rooms.get(&name.serial()));
    let Some(held) = held.filter(|held| held.room.may_be_known_to(from.as_str())) else {
        return machine::refuse(out, rule::RP6, stanza, &NOT_FOUND);
    };
    let reporter = held.room.state.id_of(from.as_str());
    let told = Outgoing::new(&state.word(), |writer| {
        writer.open("report-chat", ns::GC_REPORT).leaf("jid", ns::GC_REPORT, held.room.state.address.as_str());
        wire::write_report(report, &[], writer);
        writer.close();
        writer.open("occupant-id", ns::OCCUPANT_ID).attr("id", reporter.as_str()).close();
    });
    result(out, rule::RP6, stanza, |_| {});
    for admin in &state.config.admins {
        out.push(rule::RP6, Action::Send { to: Audience::one(admin), stanza: &told });
    }
    if let Ok(room) = BareJid::new(held.room.state.address.as_str()) {
        out.push(rule::RP6, Action::Tell(Notice::Reported { room }));
    }
}
