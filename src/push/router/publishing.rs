//! Pushes on their way to the push services, and what comes back.

use std::sync::Arc;

use super::input::Notice;
use super::say::{self, Out};
use super::state::{Flight, Note, Owing, Stage, State};
use super::table as rule;
use crate::codec::{Condition, ErrorType, Stanza, StanzaError};
use crate::push::publish::{Notification, Priority, Text};
use crate::rule::Rule;
use crate::time::{Span, Time};

/// Sends a push now, or has it wait for what is in its way.
pub(super) fn send_or_owe(state: &mut State, out: &mut Out<'_>, why: Rule, slot: u8, chat: &Arc<str>, mut note: Note) {
    let Some((until, owing)) = obstacle(state, slot, note.priority) else {
        return publish(state, out, why, slot, chat, note);
    };
    let same = matches!(note.stage, Stage::Owed(_, old) if old == owing);
    note.stage = Stage::Owed(until, owing);
    state.put_note(slot, chat, note);
    if !same {
        deferred(state, out, reason(owing), slot, chat, until);
    }
}

pub(super) fn deferred(state: &State, out: &mut Out<'_>, why: Rule, slot: u8, chat: &Arc<str>, until: Time) {
    if let Some(registration) = state.registration(slot) {
        let (registration, chat) = (registration.number, Arc::clone(chat));
        say::tell(out, why, Notice::Deferred { registration, chat, until });
    }
}

/// The rule by which a push waits.
pub(super) const fn reason(owing: Owing) -> Rule {
    match owing {
        Owing::Grace => rule::P12,
        Owing::Pace => rule::X8,
        Owing::Rate => rule::X9,
        Owing::Busy => rule::X7,
        Owing::Retry => rule::X2,
    }
}

/// What is in the way of a push, and until when.
fn obstacle(state: &State, slot: u8, priority: Priority) -> Option<(Time, Owing)> {
    let (now, limits) = (state.now, &state.limits);
    let registration = state.registration(slot)?;
    let later = |at: Time| at.max(now.plus(Span::from_millis(1)));
    if let Some(hold) = registration.hold.filter(|hold| *hold > now) {
        return Some((hold, Owing::Retry));
    }
    if state.flying(slot) >= limits.in_flight.max(1) {
        return Some((later(now.plus(limits.answer_for)), Owing::Busy));
    }
    if priority < Priority::High && registration.next > now {
        return Some((registration.next, Owing::Pace));
    }
    if !state.publishes.allows(limits.publishes, now) {
        return Some((later(now.plus(limits.publishes.every)), Owing::Rate));
    }
    None
}

fn publish(state: &mut State, out: &mut Out<'_>, why: Rule, slot: u8, chat: &Arc<str>, mut note: Note) {
    let (now, limits) = (state.now, state.limits);
    state.drawn += 1;
    let id = state.seed.draw_nth("publish", state.drawn).base32();
    let count = state.unread().max(1);
    let Some(registration) = state.registration(slot) else { return };
    let text =
        note.text.as_ref().map(|words| Text { sender: &words.sender, nick: words.nick.as_deref(), body: &words.body });
    let stanza = Notification { count, priority: note.priority, text }.to(&registration.enable, state.domain(), &id);
    say::send(out, why, &registration.enable.service, &stanza);
    if let Some(registration) = state.registration_mut(slot) {
        registration.next = now.plus(limits.pace);
        registration.sent = registration.sent.saturating_add(1);
    }
    let _ = state.publishes.take(limits.publishes, now);
    let due = now.plus(limits.answer_for.max(Span::from_millis(1)));
    state.take_off(Flight { id: id.into(), slot, chat: Arc::clone(chat), due });
    note.stage = Stage::Sent;
    state.put_note(slot, chat, note);
}

/// A push that waited is due.
pub(super) fn due(state: &mut State, out: &mut Out<'_>, slot: u8, chat: &Arc<str>) {
    let Some(note) = state.drop_note(slot, chat) else { return };
    if let Stage::Owed(_, owing) = note.stage {
        send_or_owe(state, out, reason(owing), slot, chat, note);
    }
}

/// A push that waits goes out now, because nothing of its chat will be remembered; or is given up, if it cannot.
pub(super) fn hurry(state: &mut State, out: &mut Out<'_>, slot: u8, chat: &Arc<str>) {
    let Some(note) = state.drop_note(slot, chat).filter(|note| matches!(note.stage, Stage::Owed(..))) else { return };
    if obstacle(state, slot, note.priority).is_none() {
        return publish(state, out, rule::S5, slot, chat, note);
    }
    if let Some(registration) = state.registration(slot) {
        let (registration, chat) = (registration.number, Arc::clone(chat));
        say::tell(out, rule::S5, Notice::GivenUp { registration, chat });
    }
}

/// Something that was in the way of a registration's pushes is not any more: sends what it is owed, as far as it goes.
fn go_on(state: &mut State, out: &mut Out<'_>, slot: u8) {
    loop {
        let Some(registration) = state.registration(slot) else { return };
        let waits = |note: &Note| matches!(note.stage, Stage::Owed(_, Owing::Busy | Owing::Retry));
        let Some((chat, note)) = registration.notes.iter().find(|(_, note)| waits(note)) else { return };
        if obstacle(state, slot, note.priority).is_some() {
            return;
        }
        let (chat, note) = (Arc::clone(chat), note.clone());
        let Stage::Owed(_, owing) = note.stage else { return };
        publish(state, out, reason(owing), slot, &chat, note);
    }
}

/// Something that a push service answered. The server has many accounts: what none of this account's publishes is
/// answered by is ignored.
pub(super) fn answered(state: &mut State, out: &mut Out<'_>, stanza: &Stanza) {
    let id = stanza.id.as_deref().unwrap_or_default();
    let found =
        state.flights.iter().find(|(_, flight)| *flight.id == *id).map(|(&number, flight)| (number, flight.slot));
    let from = stanza.from.as_ref().map_or("", |from| from.as_str());
    let fits = |slot| state.registration(slot).is_some_and(|registration| *registration.enable.service == *from);
    let Some((number, slot)) = found.filter(|&(_, slot)| fits(slot)) else {
        return say::dropped(out, rule::X6, stanza);
    };
    let Some(flight) = state.land(number) else { return };
    match StanzaError::read(stanza) {
        None => succeeded(state, out, slot),
        Some(error) => failed(state, out, &flight, error.type_, error.condition),
    }
}

/// A publish was not answered in time: for XEP-0357 a failure, for a message of Push 2.0 a success.
pub(super) fn silent(state: &mut State, out: &mut Out<'_>, flight: &Flight) {
    match state.registration(flight.slot) {
        Some(registration) if registration.is_second() => succeeded(state, out, flight.slot),
        Some(_) => wait(state, out, flight),
        None => {}
    }
}

fn succeeded(state: &mut State, out: &mut Out<'_>, slot: u8) {
    if let Some(registration) = state.registration_mut(slot) {
        registration.errors = 0;
        registration.wait = Span::ZERO;
        registration.hold = None;
        registration.failing = None;
    }
    say::also(out, rule::X1);
    go_on(state, out, slot);
}

fn failed(state: &mut State, out: &mut Out<'_>, flight: &Flight, type_: ErrorType, condition: Condition) {
    if type_ == ErrorType::Wait {
        return wait(state, out, flight);
    }
    let gone = matches!(
        condition,
        Condition::ItemNotFound | Condition::Gone | Condition::Forbidden | Condition::NotAuthorized
    );
    if gone {
        return disable(state, out, rule::X3, flight.slot);
    }
    let (now, errors) = (state.now, state.limits.errors);
    let Some(registration) = state.registration_mut(flight.slot) else { return };
    registration.errors = registration.errors.saturating_add(1);
    registration.failing.get_or_insert(now);
    if registration.errors >= errors {
        return disable(state, out, rule::X4, flight.slot);
    }
    if too_long(state, flight.slot) {
        return disable(state, out, rule::X10, flight.slot);
    }
    // It is not retried; the next message is told anew.
    give_up(state, out, rule::X4, flight);
    go_on(state, out, flight.slot);
}

fn wait(state: &mut State, out: &mut Out<'_>, flight: &Flight) {
    let (now, (first, last)) = (state.now, state.limits.retry);
    let Some(registration) = state.registration_mut(flight.slot) else { return };
    registration.failing.get_or_insert(now);
    registration.wait = if registration.wait == Span::ZERO { first } else { registration.wait.doubled().min(last) };
    let hold = now.plus(registration.wait.max(Span::from_millis(1)));
    registration.hold = Some(hold);
    if too_long(state, flight.slot) {
        return disable(state, out, rule::X10, flight.slot);
    }
    let Some(mut note) = state.drop_note(flight.slot, &flight.chat) else {
        return say::also(out, rule::X2);
    };
    if note.stage != Stage::Sent {
        state.put_note(flight.slot, &flight.chat, note);
        return say::also(out, rule::X2);
    }
    note.tries = note.tries.saturating_add(1);
    if note.tries >= state.limits.tries {
        return given_up(state, out, rule::X5, flight);
    }
    note.stage = Stage::Owed(hold, Owing::Retry);
    state.put_note(flight.slot, &flight.chat, note);
    deferred(state, out, rule::X2, flight.slot, &flight.chat, hold);
}

fn too_long(state: &State, slot: u8) -> bool {
    let failing = state.registration(slot).and_then(|registration| registration.failing);
    failing.is_some_and(|since| state.now.since(since) >= state.limits.failing_for)
}

fn give_up(state: &mut State, out: &mut Out<'_>, why: Rule, flight: &Flight) {
    let sent = |note: &Note| note.stage == Stage::Sent;
    let registration = state.registration(flight.slot);
    if registration.and_then(|registration| registration.notes.get(&flight.chat)).is_some_and(sent) {
        state.drop_note(flight.slot, &flight.chat);
    }
    given_up(state, out, why, flight);
}

fn given_up(state: &State, out: &mut Out<'_>, why: Rule, flight: &Flight) {
    if let Some(registration) = state.registration(flight.slot) {
        let (registration, chat) = (registration.number, Arc::clone(&flight.chat));
        say::tell(out, why, Notice::GivenUp { registration, chat });
    }
}

/// A registration gets nothing until it is enabled again.
fn disable(state: &mut State, out: &mut Out<'_>, why: Rule, slot: u8) {
    let Some(registration) = state.registration(slot) else { return };
    let number = registration.number;
    let chats: Vec<Arc<str>> = registration.notes.keys().map(Arc::clone).collect();
    for chat in chats {
        state.drop_note(slot, &chat);
    }
    state.land_all(slot);
    if let Some(registration) = state.registration_mut(slot) {
        registration.disabled = true;
    }
    state.relink_devices();
    say::tell(out, why, Notice::Disabled { registration: number });
}

/// A device is there: whatever it is owed is settled, and counts begin anew.
pub(super) fn settle_device(state: &mut State, out: &mut Out<'_>, slots: u16) {
    for slot in (0..16).filter(|slot| slots & (1 << slot) != 0) {
        let Some(registration) = state.registration_mut(slot) else { continue };
        registration.sent = 0;
        let chats: Vec<Arc<str>> = registration.notes.keys().map(Arc::clone).collect();
        for chat in chats {
            settle(state, out, rule::T8, slot, &chat);
        }
    }
}

pub(super) fn settle(state: &mut State, out: &mut Out<'_>, why: Rule, slot: u8, chat: &Arc<str>) {
    state.drop_note(slot, chat);
    if let Some(registration) = state.registration(slot) {
        let (registration, chat) = (registration.number, Arc::clone(chat));
        say::tell(out, why, Notice::Settled { registration, chat });
    }
}
