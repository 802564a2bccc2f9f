//! Announcements to those who subscribed to them: changes of the participant list, and presence.

use super::lists::{write_item, write_tomb};
use super::{also, muc, own_header, send, send_one, write_nick, write_occupant_id};
use crate::codec::{Header, Outgoing, StanzaKind, StanzaType};
use crate::gc3::id::ParticipantId;
use crate::gc3::room::Out;
use crate::gc3::room::state::{Dialect, Pending, Person, Present, Show, Slot, State, Topics, View};
use crate::gc3::rules::table as rule;
use crate::ns;
use crate::party::{Address, Audience, Seat, Seats};
use crate::rule::Rule;

/// Sends everything that changed in the participant list since the last announcement (G2.11).
pub(crate) fn announce(state: &State, out: &mut Out<'_>) {
    let since = state.version.announced;
    let mut changed: Vec<(u64, ParticipantId, Option<Slot>)> = state
        .people
        .changed_since(since)
        .filter_map(|slot| state.people.get(slot).map(|p| (p.version, p.id, Some(slot))))
        .chain(state.tombs.changed_since(since).map(|(id, tomb)| (tomb.version, id, None)))
        .collect();
    changed.sort_unstable_by_key(|&(version, ..)| version);
    let mut before = since;
    let chunks = changed.len().div_ceil(state.limits.announce_items.max(1));
    for (nth, chunk) in changed.chunks_mut(state.limits.announce_items.max(1)).enumerate() {
        let last = nth + 1 == chunks;
        let after = if last { state.version.counter } else { chunk.last().map_or(before, |&(version, ..)| version) };
        chunk.sort_unstable_by_key(|&(_, id, _)| id);
        for view in View::ALL {
            let hearers = state.sessions.hearing_changes(Dialect::Gc3, view);
            if !hearers.is_empty() {
                let changes = Changes { state, before, after, changed: chunk };
                if view != View::Jids {
                    also(out, rule::V1);
                }
                let own = changes.of_oneself(out, hearers, view);
                let stanza = changes.write(view, None);
                send(out, rule::G2_11, Audience::all_but(state.sessions.roster(), hearers, &own), &stanza);
            }
        }
        before = after;
    }
}

/// What changed between two versions.
struct Changes<'a> {
    state: &'a State,
    before: u64,
    after: u64,
    changed: &'a [(u64, ParticipantId, Option<Slot>)],
}

impl Changes<'_> {
    /// Tells those who see only moderators of their own changes; gives back their seats, in order.
    fn of_oneself(&self, out: &mut Out<'_>, hearers: &Seats, view: View) -> Vec<Seat> {
        let mut told = Vec::new();
        if view == View::Moderators {
            let state = self.state;
            for slot in self.changed.iter().filter_map(|&(.., slot)| slot) {
                let hears = |seat: &Seat| hearers.contains(*seat);
                let seats: Vec<Seat> = state.sessions.of(&state.people, slot).filter(hears).collect();
                if !seats.is_empty() && state.people.get(slot).is_some_and(|person| !person.seen) {
                    let stanza = self.write(view, Some(slot));
                    send(out, rule::G2_11, Audience::few(state.sessions.roster(), &seats), &stanza);
                    told.extend(seats);
                }
            }
            told.sort_unstable();
        }
        told
    }

    /// Writes the change message, as a reader with that view may see it; `oneself` is always seen.
    fn write(&self, view: View, oneself: Option<Slot>) -> Outgoing {
        let state = self.state;
        Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
            writer.open("participants", ns::GC3).attr("since", &state.version_text(self.before));
            writer.attr("version", &state.version_text(self.after));
            for &(_, id, slot) in self.changed {
                match slot.and_then(|slot| Some((slot, state.people.get(slot)?))) {
                    // Whoever was a moderator is told of still, so that all learn that it is none any more.
                    Some((slot, person)) if view != View::Moderators || person.seen || oneself == Some(slot) => {
                        write_item(state, slot, person, view, writer);
                    }
                    Some(_) => {}
                    None => {
                        if let Some(tomb) = state.tombs.get(id).filter(|tomb| view != View::Moderators || tomb.seen) {
                            write_tomb(id.as_str(), tomb, writer);
                        }
                    }
                }
            }
            writer.close();
        })
    }
}

/// Announces a participant's presence (P3).
pub(crate) fn presence(state: &State, out: &mut Out<'_>, why: Rule, present: Present) {
    if let Some(person) = state.people.get(present.who) {
        write_presence(state, out, why, person, present.show);
        // Who directs presence to the room is shown by that.
        if state.spoken_for(present.who).is_none() {
            muc::shown_to_others(state, out, why, (present.who, present.turn));
        }
    }
}

/// Writes a participant's presence to all who subscribed to it.
pub(super) fn write_presence(state: &State, out: &mut Out<'_>, why: Rule, person: &Person, show: Option<Show>) {
    let hearers = state.sessions.hearing_presence(Dialect::Gc3);
    if !hearers.is_empty() {
        let stanza = presence_of(state, person, show);
        send(out, why, Audience::all(state.sessions.roster(), hearers), &stanza);
    }
}

/// A participant's presence as the room writes it.
pub(crate) fn presence_of(state: &State, person: &Person, show: Option<Show>) -> Outgoing {
    let from = state.participant_jid(person.id);
    let type_ = if show.is_some() { StanzaType::Available } else { StanzaType::Unavailable };
    let header = Header { kind: StanzaKind::Presence, type_, from: &from, id: None, lang: None };
    Outgoing::new(&header, |writer| {
        if let Some(name) = show.and_then(Show::name) {
            writer.leaf("show", ns::CLIENT, name);
        }
        write_occupant_id(writer, person.id);
        write_nick(writer, &person.nick);
    })
}

/// Gives a session that has just subscribed to presence its beginning: who of the others is online.
pub(crate) fn present_state(state: &State, out: &mut Out<'_>, why: Rule, full: &Address, was: Topics) {
    let Some(session) = state.sessions.find(full.as_str()).and_then(|seat| state.sessions.get(seat)) else { return };
    if was.contains(Topics::PRESENCE) || !session.topics.contains(Topics::PRESENCE) {
        return;
    }
    for (slot, person) in state.people.iter() {
        if slot != session.person && person.shown.is_some() {
            send_one(out, why, full.as_str(), &presence_of(state, person, person.shown));
        }
    }
}

/// Sends what was held for a session while its features were not known, as far as it hears it.
pub(crate) fn deliver_held(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    jid: &Address,
    heard: Topics,
    pending: Pending,
) {
    for (kind, tail) in pending.held {
        if heard.contains(Topics::MESSAGE) {
            send_one(out, why, jid.as_str(), &Outgoing::of(kind.into(), tail));
        }
    }
    present_state(state, out, why, jid, Topics::NONE);
}

/// Asks an account's server for its presence (G4.7).
pub(crate) fn probe(state: &State, out: &mut Out<'_>, why: Rule, who: Slot) {
    let stanza = Outgoing::new(&own_header(state, StanzaKind::Presence, StanzaType::Probe), |_| {});
    send_one(out, why, state.people.jid(who), &stanza);
}
