//! Messages as occupants hear them (XEP-0045 §7.4).

use super::presence::in_words_of;
use super::write_real_nick;
use crate::codec::sid::write_stanza_id;
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::room::Out;
use crate::gc3::room::judge::Private;
use crate::gc3::room::judge::muc::Forward;
use crate::gc3::room::say::{Spoken, send, send_one, write_nick, write_occupant_id};
use crate::gc3::room::state::{Dialect, Moderation, Speech, State};
use crate::gc3::rules::{muc as rule, muc2};
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

/// Sends a message to every occupant. Where people are addressed by ID, it is in the words of GC3.
pub(crate) fn spoken(state: &State, out: &mut Out<'_>, spoken: &Spoken) {
    let to = |dialect| Audience::all(state.sessions.roster(), state.sessions.hearing_messages(dialect));
    send(out, muc2::W1, to(Dialect::Muc2), &spoken.stanza);
    if let Some(as_muc) = &spoken.as_muc {
        send(out, rule::W1, to(Dialect::Muc), as_muc);
    }
}

/// Announces to every occupant that a moderator retracted a message, likewise.
pub(crate) fn moderated(
    state: &State,
    out: &mut Out<'_>,
    moderation: &Moderation,
    (by_id, stanza_id): (&Outgoing, &str),
) {
    let to = |dialect| Audience::all(state.sessions.roster(), state.sessions.hearing_messages(dialect));
    send(out, muc2::W2, to(Dialect::Muc2), by_id);
    if to(Dialect::Muc).is_empty() {
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
    send(out, rule::W2, to(Dialect::Muc), &message);
}

/// Sends a private message to every session of its target (§7.5), from the sender's address in the session's dialect.
pub(crate) fn private(state: &State, out: &mut Out<'_>, stanza: &Stanza, private: &Private) {
    let Some(author) = state.people.get(private.author) else { return };
    for (dialect, to) in state.occupants_by_dialect(private.target) {
        let from = state.address_in(dialect, private.author);
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
            match dialect {
                Dialect::Gc3 | Dialect::Muc2 => write_nick(writer, &author.nick),
                Dialect::Muc => write_real_nick(state, private.author, writer),
            }
            // Servers copy no message with this to an account's other devices, which have their own.
            writer.open("x", ns::MUC_USER).close();
        });
        let to = Audience::few(state.sessions.roster(), &to);
        send(out, in_words_of(dialect, rule::G6_6), to, &message);
    }
}

/// Sends a request on to an occupant's session, from the asker's address in that session's dialect.
pub(crate) fn forwarded(state: &State, out: &mut Out<'_>, why: Rule, forward: &Forward, id: &str) {
    let dialect = state.sessions.get(forward.seat).map_or(Dialect::Muc, |session| session.dialect);
    let from = state.address_in(dialect, forward.asker);
    let header = Header { kind: StanzaKind::Iq, type_: forward.type_, from: &from, id: Some(id), lang: None };
    let request = Outgoing::new(&header, |writer| {
        writer.fragment(&forward.payload);
    });
    send_one(out, in_words_of(dialect, why), state.sessions.jid(forward.seat), &request);
}
