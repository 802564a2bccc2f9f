//! Messages as occupants hear them (XEP-0045 §7.4).

use super::write_real_nick;
use crate::codec::sid::write_stanza_id;
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::room::Out;
use crate::gc3::room::judge::Private;
use crate::gc3::room::judge::muc::Forward;
use crate::gc3::room::say::{send, send_one, write_occupant_id};
use crate::gc3::room::state::{Dialect, Moderation, Speech, State};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;

/// A message as occupants hear it, and whoever is told of it while away; `None` if there is neither.
pub(crate) fn reflection(state: &State, stanza: &Stanza, speech: &Speech, stanza_id: &str) -> Option<Outgoing> {
    let away = state.serves_the_absent() && !state.registry.is_empty();
    if !away && state.sessions.hearing_messages(Dialect::Muc).is_empty() {
        return None;
    }
    let from = state.occupant_jid(state.name(speech.who));
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Groupchat,
        from: &from,
        id: Some(&speech.id),
        lang: stanza.lang.as_deref(),
    };
    Some(Outgoing::new(&header, |writer| {
        writer.fragment(&speech.body);
        write_occupant_id(writer, speech.author);
        write_real_nick(state, speech.who, writer);
        if !stanza_id.is_empty() {
            write_stanza_id(writer, stanza_id, state.address.as_str());
        }
    }))
}

/// Sends a message to every occupant.
pub(crate) fn spoken(state: &State, out: &mut Out<'_>, message: &Outgoing) {
    let hearers = state.sessions.hearing_messages(Dialect::Muc);
    send(out, rule::W1, Audience::all(state.sessions.roster(), hearers), message);
}

/// Announces to every occupant that a moderator retracted a message.
pub(crate) fn moderated(state: &State, out: &mut Out<'_>, moderation: &Moderation, stanza_id: &str) {
    let hearers = state.sessions.hearing_messages(Dialect::Muc);
    if hearers.is_empty() {
        return;
    }
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Groupchat,
        from: state.address.as_str(),
        id: Some(&moderation.id),
        lang: None,
    };
    let message = Outgoing::new(&header, |writer| {
        writer.fragment(&moderation.by_name);
        write_stanza_id(writer, stanza_id, state.address.as_str());
    });
    send(out, rule::W2, Audience::all(state.sessions.roster(), hearers), &message);
}

/// Sends a private message to every session of its target (§7.5).
pub(crate) fn private(state: &State, out: &mut Out<'_>, stanza: &Stanza, private: &Private) {
    let Some(author) = state.people.get(private.author) else { return };
    let from = state.occupant_jid(state.name(private.author));
    let header = Header {
        kind: StanzaKind::Message,
        type_: stanza.type_,
        from: &from,
        id: stanza.id.as_deref(),
        lang: stanza.lang.as_deref(),
    };
    let message = Outgoing::new(&header, |writer| {
        writer.fragment(&private.body);
        write_occupant_id(writer, author.id);
        write_real_nick(state, private.author, writer);
        writer.open("x", ns::MUC_USER).close();
    });
    let to = state.occupants_of(private.target);
    send(out, rule::G6_6, Audience::few(state.sessions.roster(), &to), &message);
}

/// Sends a request on to an occupant's session, from the asker's address in the room.
pub(crate) fn forwarded(state: &State, out: &mut Out<'_>, why: Rule, forward: &Forward, id: &str) {
    let from = state.occupant_jid(state.name(forward.asker));
    let header = Header { kind: StanzaKind::Iq, type_: forward.type_, from: &from, id: Some(id), lang: None };
    let request = Outgoing::new(&header, |writer| {
        writer.fragment(&forward.payload);
    });
    send_one(out, why, state.sessions.jid(forward.seat), &request);
}
