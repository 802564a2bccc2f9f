//! Messages that may push: a room's copies and live messages, forwarded mentions, messages of one person.

use std::sync::Arc;

use jid::Jid;
use minidom::Element;

use super::copy::{MemberCopy, Read};
use super::input::{Candidate, Notice};
use super::judge::{self, Asked, EVERY, Kind, Refusal, Taken, Test, Tested};
use super::publishing::{self, deferred};
use super::say::{self, Out};
use super::state::{Mask, Note, Owing, Stage, State, Words, bit};
use super::table as rule;
use crate::codec::{Condition, Stanza, StanzaType, parse_jid, sid};
use crate::ns;
use crate::party::Seat;
use crate::push::content::Content;
use crate::push::publish::Priority;
use crate::rule::Rule;

/// A message of type groupchat for the bare JID (P).
pub(super) fn groupchat(state: &mut State, out: &mut Out<'_>, copy: &MemberCopy) {
    let stanza = copy.stanza();
    let taken = match judge::copy(state, copy, state.now) {
        Ok(taken) => taken,
        Err(Refusal { why, condition: None }) => return say::dropped(out, why, stanza),
        Err(Refusal { why, condition: Some(condition) }) => {
            refuse(state, out, why, stanza, condition);
            if why == rule::P1 && stanza.from.is_some() && state.sessions.iter().any(|(_, session)| session.im_ng) {
                say::also(out, rule::MC3);
            }
            return;
        }
    };
    let Taken { name, mark, known, own, sessions, tested } = taken;
    say::tell(out, rule::MC1, Notice::Claimed { room: Arc::clone(&name) });
    let Some(from) = &stanza.from else { return };
    let (message, read) = (&stanza.element, copy.inner());
    let asked = Asked { chat: &name, id: mark, message, read, known, own, kind: Kind::Room };
    let keep = state.keep();
    let delivered = sessions.deliver.iter().fold(0, |mask: Mask, seat| mask | bit(*seat));
    if let Some(chat) = state.chats.get_mut(&name) {
        let mark = chat.seen.note(mark, keep);
        mark.copied = true;
        mark.has |= delivered;
        chat.last.clone_from(&copy.inner().id);
    }
    say::deliver(state, out, rule::P7, stanza, &sessions.deliver);
    for (why, set) in sessions.withheld() {
        if set != 0 {
            say::tell(out, why, Notice::Withheld { room: Arc::clone(&name), sessions: set.count_ones() });
        }
    }
    count(state, out, &name, &asked, true);
    apply(state, out, &name, &asked, from, &tested);
}

/// Refuses a copy in the account's own name, to whomever of its owners it was addressed.
fn refuse(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, condition: Condition) {
    let account = parse_jid(state.account.as_str()).filter(|account| {
        let to = stanza.to.as_ref();
        to.is_none_or(|to| to.to_bare().as_str() != account.as_str())
    });
    match account {
        Some(account) => say::refuse(out, why, &stanza.clone().readdressed(account), condition),
        None => say::refuse(out, why, stanza, condition),
    }
}

/// A room's message for one of the account's sessions, which others deliver.
pub(super) fn live(state: &mut State, out: &mut Out<'_>, seat: Seat, stanza: &Stanza) {
    let Some(from) = &stanza.from else { return };
    let bare = from.to_bare();
    let room = bare.as_str();
    if stanza.type_ != StanzaType::Groupchat || !state.is_member(room) {
        return;
    }
    let (Some(name), Some(id)) = (state.name(room), sid::stanza_id(&stanza.element, room)) else { return };
    let (mark, keep) = (state.mark(id), state.keep());
    if let Some(chat) = state.chats.get_mut(&name) {
        chat.seen.note(mark, keep).has |= bit(seat);
    }
    let Some(session) = state.sessions.get(seat).filter(|session| !session.connected) else { return };
    let device = state.device(session);
    if device != 0 {
        say::also(out, rule::P10);
        again(state, out, &name, device, stanza, from);
    }
}

/// A session is lost: what it never acknowledged is tested for its device (P6).
pub(super) fn unacked(state: &mut State, out: &mut Out<'_>, device: u16, stanzas: &[Stanza]) {
    if device == 0 {
        return;
    }
    for stanza in stanzas {
        let Some(from) = stanza.from.as_ref().filter(|_| stanza.type_ == StanzaType::Groupchat) else { continue };
        let bare = from.to_bare();
        let Some(name) = state.name(bare.as_str()).filter(|_| state.is_member(bare.as_str())) else { continue };
        say::also(out, rule::P6);
        again(state, out, &name, device, stanza, from);
    }
}

/// Tests a room's message for some registrations only.
fn again(state: &mut State, out: &mut Out<'_>, name: &Arc<str>, slots: u16, stanza: &Stanza, from: &Jid) {
    let read = Read::of(&stanza.element, name);
    let Some(id) = &read.id else { return };
    let (mark, keep) = (state.mark(id), state.keep());
    if let Some(chat) = state.chats.get_mut(name) {
        chat.seen.note(mark, keep);
    }
    let Some(chat) = state.chats.get(name) else { return };
    let own = judge::is_own(chat, from, &read);
    let asked = Asked::of((name, chat), mark, &stanza.element, &read, own);
    let tested = judge::tests(state, chat, &asked, slots, state.now);
    count(state, out, name, &asked, true);
    apply(state, out, name, &asked, from, &tested);
}

/// A mention that a room forwards in a message of type normal (XEP-0452).
pub(super) fn forwarded(state: &mut State, out: &mut Out<'_>, stanza: &Stanza, inner: &Element) {
    let inner_from = inner.attr("from").and_then(parse_jid);
    let (Some(from), Some(author)) = (&stanza.from, inner_from) else { return say::dropped(out, rule::M2, stanza) };
    if state.is_blocked(from) {
        return say::dropped(out, rule::P2, stanza);
    }
    let room = from.as_str();
    let bare = author.to_bare();
    let Some(name) = state.name(room).filter(|_| bare.as_str() == room && state.is_member(room)) else {
        return say::dropped(out, rule::M2, stanza);
    };
    let read = Read::of(inner, room);
    let Some(id) = &read.id else { return say::dropped(out, rule::P3, stanza) };
    let (mark, keep) = (state.mark(id), state.keep());
    if let Some(chat) = state.chats.get_mut(&name) {
        chat.seen.note(mark, keep);
    }
    let Some(chat) = state.chats.get(&name) else { return };
    let own = judge::is_own(chat, &author, &read);
    let asked = Asked { kind: Kind::Forwarded, ..Asked::of((room, chat), mark, inner, &read, own) };
    let tested = judge::tests(state, chat, &asked, EVERY, state.now);
    say::also(out, rule::M1);
    count(state, out, &name, &asked, true);
    apply(state, out, &name, &asked, &author, &tested);
}

/// The message of a room inside a message that forwards a mention, if it is one.
pub(super) fn forwards(stanza: &Stanza) -> Option<&Element> {
    let mentions = stanza.child("mentions", ns::MMN).filter(|_| stanza.type_ == StanzaType::Normal)?;
    mentions.get_child("forwarded", ns::FORWARD)?.get_child("message", ns::CLIENT)
}

/// A message of one person (C1).
pub(super) fn person(state: &mut State, out: &mut Out<'_>, candidate: &Candidate) {
    let Candidate { message: stanza, stanza_id, archived, known } = candidate;
    let Some(from) = &stanza.from else { return say::dropped(out, rule::P13, stanza) };
    if matches!(stanza.type_, StanzaType::Groupchat | StanzaType::Error) {
        return say::dropped(out, rule::P13, stanza);
    }
    let bare = from.to_bare();
    // An occupant who writes in private is a chat of its own (XEP-0490 §4.1).
    let occupant = from.resource().is_some() && state.room(bare.as_str()).is_some();
    let chat_name = if occupant { from.as_str() } else { bare.as_str() };
    make_room_for(state, out, chat_name);
    state.make_contact(chat_name);
    let id = match (stanza_id, &stanza.id) {
        (Some(id), _) => state.mark(id),
        (None, Some(id)) => state.mark(&format!("{from} {id}")),
        (None, None) => {
            state.drawn += 1;
            state.mark(&format!("nameless {}", state.drawn))
        }
    };
    let keep = state.keep();
    let Some(name) = state.name(chat_name) else { return };
    if let Some(chat) = state.chats.get_mut(&name) {
        chat.seen.note(id, keep);
        if let Some(id) = stanza_id {
            chat.last = Some(id.as_str().into());
        }
    }
    let Some(chat) = state.chats.get(&name) else { return };
    let headline = stanza.type_ == StanzaType::Headline;
    let mut read = Read::of(&stanza.element, "");
    read.content = read.content.filter(|_| !headline);
    let kind = Kind::Person { known: *known, archived: *archived };
    let asked = Asked { kind, ..Asked::of((chat_name, chat), id, &stanza.element, &read, false) };
    let tested = judge::tests(state, chat, &asked, EVERY, state.now);
    say::also(out, rule::C1);
    count(state, out, &name, &asked, stanza_id.is_some());
    apply(state, out, &name, &asked, from, &tested);
}

/// With too many contacts, the one that was looked at longest ago goes. What it is owed goes out before (S5).
fn make_room_for(state: &mut State, out: &mut Out<'_>, contact: &str) {
    let Some(gone) = state.surplus_contact(contact) else { return };
    for slot in 0..16 {
        publishing::hurry(state, out, slot, &gone);
    }
    state.forget_chat(&gone);
}

/// Counts a message as unread, once, unless it says nothing, is the account's own or was displayed; and tells where the
/// chat's pointer is (MC4).
fn count(state: &mut State, out: &mut Out<'_>, name: &Arc<str>, asked: &Asked<'_>, pointed: bool) {
    let keep = state.keep();
    let Some(chat) = state.chats.get_mut(name) else { return };
    if asked.read.content.is_none() || asked.own {
        return;
    }
    if !chat.is_displayed(asked.id) {
        let mark = chat.seen.note(asked.id, keep);
        if !core::mem::replace(&mut mark.unread, true) {
            chat.unread = chat.unread.saturating_add(1);
        }
    }
    if let Some(last) = chat.last.as_ref().filter(|_| pointed && asked.kind == Kind::Room) {
        let notice = Notice::Unread { chat: Arc::clone(name), last: Arc::clone(last), count: chat.unread };
        say::tell(out, rule::MC4, notice);
    }
}

/// Does what the tests said.
fn apply(state: &mut State, out: &mut Out<'_>, name: &Arc<str>, asked: &Asked<'_>, author: &Jid, tested: &[Tested]) {
    let mut spent = false;
    let told = tested.iter().filter(|one| one.test != Test::No).fold(0, |set: u16, one| set | 1 << one.slot);
    if told != 0 {
        let keep = state.keep();
        if let Some(chat) = state.chats.get_mut(name) {
            chat.seen.note(asked.id, keep).told |= told;
        }
    }
    let (words, about) = if told == 0 { (None, rule::N1) } else { words(state, name, asked, author) };
    for &Tested { slot, why, test, too_often } in tested {
        match test {
            Test::No => not_pushed(state, out, why, slot, name),
            Test::Stands => {
                stand(state, slot, name, asked.id, words.clone());
                not_pushed(state, out, why, slot, name);
            }
            Test::Push { priority, until, raised } => {
                spent |= raised;
                let stage = until.map_or(Stage::Sent, |until| Stage::Owed(until, Owing::Grace));
                let raised = priority == Priority::High;
                let note = Note { stage, priority, raised, tries: 0, newest: asked.id, text: words.clone() };
                match until {
                    Some(until) => {
                        state.put_note(slot, name, note);
                        deferred(state, out, rule::P12, slot, name, until);
                    }
                    None => publishing::send_or_owe(state, out, why, slot, name, note),
                }
                say::also(out, about);
            }
            Test::Raise { raised } => {
                spent |= raised;
                raise(state, out, slot, name, asked.id, words.clone());
                say::also(out, about);
            }
        }
        if too_often {
            say::also(out, rule::T8_2);
        }
    }
    if spent {
        spend(state, name);
    }
}

fn not_pushed(state: &State, out: &mut Out<'_>, why: Rule, slot: u8, name: &Arc<str>) {
    if let Some(registration) = state.registration(slot) {
        say::tell(out, why, Notice::NotPushed { registration: registration.number, chat: Arc::clone(name) });
    }
}

/// A push stands for one message more.
fn stand(state: &mut State, slot: u8, name: &str, newest: u64, words: Option<Words>) {
    if let Some(note) = state.registration_mut(slot).and_then(|registration| registration.notes.get_mut(name)) {
        note.newest = newest;
        note.text = words;
    }
}

/// A push gets high priority: at once, unless grace holds it back.
fn raise(state: &mut State, out: &mut Out<'_>, slot: u8, name: &Arc<str>, newest: u64, words: Option<Words>) {
    let Some(mut note) = state.drop_note(slot, name) else { return };
    note.raised = true;
    note.priority = Priority::High;
    note.newest = newest;
    note.text = words;
    match note.stage {
        Stage::Owed(until, Owing::Grace) => {
            state.put_note(slot, name, note);
            deferred(state, out, rule::T8_1, slot, name, until);
        }
        Stage::Owed(..) | Stage::Sent => {
            // If it has to wait again, that is told again.
            note.stage = Stage::Sent;
            publishing::send_or_owe(state, out, rule::T8_1, slot, name, note);
        }
    }
}

/// A mention took one of the raised priorities (T8.2).
fn spend(state: &mut State, name: &str) {
    let (now, limits) = (state.now, state.limits);
    let _ = state.mentions.take(limits.mentions_account, now);
    if let Some(room) = state.room_mut(name) {
        let _ = room.mentions.take(limits.mentions_room, now);
    }
}

/// What a notification may tell of a message, and by which rule (N1, N2).
fn words(state: &State, name: &str, asked: &Asked<'_>, author: &Jid) -> (Option<Words>, Rule) {
    if !state.bodies || state.user_bodies == Some(false) || asked.read.content != Some(Content::Body) {
        return (None, rule::N1);
    }
    let room = state.room(name);
    let hidden = room.is_some_and(|room| room.shown != Some(true));
    if hidden && state.user_bodies != Some(true) {
        return (None, rule::N2);
    }
    let nick = room.and_then(|_| author.resource()).map(|nick| nick.as_str().into());
    let body = say::body(asked.message, state.limits.body_bytes);
    (body.map(|body| Words { sender: author.as_str().into(), nick, body }), rule::N2)
}
