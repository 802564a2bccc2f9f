//! A message reaches everybody: written once, whoever reads it (M4, G6.4).

use super::{also, muc, send, send_one, write_nick, write_occupant_id};
use crate::codec::sid::write_stanza_id;
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::host::{Order, Record};
use crate::gc3::room::state::{Dialect, Moderation, Person, Speech, State, Tombstone};
use crate::gc3::room::{Out, RoomOrder};
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::party::Audience;
use crate::rule::Rule;

/// What follows from an accepted message.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) record: Option<Record>,
    /// The reflection as a pending session would get it later.
    pub(crate) stanza: Outgoing,
    /// The reflection by XEP-0045.
    pub(crate) as_muc: Option<Outgoing>,
}

/// The reflection of a message.
pub(crate) fn reflection(state: &State, stanza: &Stanza, speech: &Speech, stanza_id: &str) -> Option<Outgoing> {
    let person = state.people.get(speech.who)?;
    let from = state.participant_jid(speech.author);
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Groupchat,
        from: &from,
        id: Some(&speech.id),
        lang: stanza.lang.as_deref(),
    };
    Some(Outgoing::new(&header, |writer| {
        writer.fragment(&speech.body);
        write_author(state, person, stanza_id, writer);
    }))
}

/// Writes what the room adds to a message.
fn write_author(state: &State, person: &Person, stanza_id: &str, writer: &mut Writer) {
    write_occupant_id(writer, person.id);
    write_nick(writer, &person.nick);
    if !stanza_id.is_empty() {
        write_stanza_id(writer, stanza_id, state.address.as_str());
    }
}

/// Sends a message to all who hear messages, and to the full JID that sent it; has it stored.
pub(crate) fn spoken(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, speech: &Speech, spoken: &Spoken) {
    let hearers = state.sessions.hearing_messages(Dialect::Gc3);
    send(out, why, Audience::all(state.sessions.roster(), hearers), &spoken.stanza);
    muc::spoken(state, out, spoken);
    if let Some(from) = &stanza.from {
        let hears = |seat| Dialect::ALL.iter().any(|&d| state.sessions.hearing_messages(d).contains(seat));
        if !state.sessions.find(from.as_str()).is_some_and(hears) {
            send_one(out, rule::M4, from.as_str(), &spoken.stanza);
        }
    }
    keep(state, out, speech.retracts.as_ref(), spoken.record.as_ref());
    if stanza.id.as_deref().is_none_or(str::is_empty) {
        also(out, rule::G6_4);
    }
}

/// Announces that a moderator retracted a message, and has that kept.
pub(crate) fn moderated(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    moderation: &Moderation,
    (announcement, stanza_id): (&Outgoing, &str),
    record: Option<&Record>,
) {
    let hearers = state.sessions.hearing_messages(Dialect::Gc3);
    send(out, why, Audience::all(state.sessions.roster(), hearers), announcement);
    muc::moderated(state, out, moderation, (announcement, stanza_id));
    keep(state, out, Some(&moderation.tombstone), record);
    also(out, rule::M6);
    also(out, rule::G6_3);
    also(out, rule::V5);
}

/// The announcement that a moderator retracted a message.
pub(crate) fn moderation(state: &State, moderation: &Moderation, stanza_id: &str) -> Outgoing {
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Groupchat,
        from: state.address.as_str(),
        id: Some(&moderation.id),
        lang: None,
    };
    Outgoing::new(&header, |writer| {
        writer.fragment(&moderation.body);
        write_stanza_id(writer, stanza_id, state.address.as_str());
    })
}

/// Has a tombstone put in its place, and a new message stored.
fn keep(state: &State, out: &mut Out<'_>, tombstone: Option<&Tombstone>, record: Option<&Record>) {
    match tombstone {
        Some(Tombstone { record, archived: true }) => {
            store(state, out, rule::G8_2, |room| Order::Replace { room, record: (**record).clone() });
        }
        Some(_) => also(out, rule::G8_2),
        None => {}
    }
    if let Some(record) = record {
        store(state, out, rule::G7_1, |room| Order::Store { room, record: record.clone() });
    }
}

/// Orders something of the archive.
pub(super) fn store(state: &State, out: &mut Out<'_>, why: Rule, order: impl FnOnce(jid::BareJid) -> Order) {
    if let Ok(room) = jid::BareJid::new(state.address.as_str()) {
        out.push(why, Action::Do(RoomOrder::Host(order(room))));
    }
}
