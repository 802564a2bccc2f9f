//! What comes after the presence of all: what was said before, and the subject (XEP-0045 §7.2.13–§7.2.15).

use super::presence::in_words_of;
use crate::codec::sid::write_stanza_id;
use crate::codec::{Delay, Fragment, Header, Outgoing, StanzaKind, StanzaType, Writer};
use crate::gc3::config::History as Readable;
use crate::gc3::form;
use crate::gc3::room::Out;
use crate::gc3::room::judge::last_readable_at;
use crate::gc3::room::say::{also, own_header, send_one, write_nick, write_occupant_id};
use crate::gc3::room::state::{Dialect, Past, Slot, State};
use crate::gc3::rules::muc as rule;
use crate::gc3::wire::muc::History;
use crate::ns;
use crate::time::Time;

/// Sends the history: as much as is wanted and as the configuration lets the reader read, the newest (§7.2.14).
pub(super) fn send(state: &State, out: &mut Out<'_>, who: Slot, (dialect, to): (Dialect, &str), wanted: History) {
    let since_seq = match state.config.history {
        Readable::All => 0,
        Readable::SinceJoin => state.people.get(who).map_or(u64::MAX, |person| person.since_seq),
        Readable::None => return,
    };
    let from = wanted.seconds.map(|seconds| state.now.millis().saturating_sub(seconds.saturating_mul(1000)));
    let from = from.max(wanted.since.map(Time::millis)).unwrap_or(0);
    let configured = u64::from(form::history(&state.config, &state.limits));
    let most = usize::try_from(wanted.stanzas.unwrap_or(u64::MAX).min(configured)).unwrap_or(usize::MAX);
    let mut chars = wanted.chars.unwrap_or(u64::MAX);
    let mut sent = Vec::new();
    for past in state.talk.ring.iter().rev().take(most) {
        if past.seq <= since_seq || past.stamp.millis() < from {
            break;
        }
        let message = render(state, past, dialect);
        if wanted.chars.is_some() {
            let length = String::from_utf8_lossy(&message.encode(to)).chars().count() as u64;
            let Some(left) = chars.checked_sub(length) else { break };
            chars = left;
        }
        sent.push(message);
    }
    for message in sent.iter().rev() {
        send_one(out, in_words_of(dialect, rule::G7_8), to, message);
    }
    if !state.talk.ring.is_empty() {
        also(out, rule::M14);
        also(out, in_words_of(dialect, rule::G7_8));
    }
}

/// A message of the past, delayed by the room.
fn render(state: &State, past: &Past, dialect: Dialect) -> Outgoing {
    let by_name = dialect == Dialect::Muc;
    let from = if by_name { state.occupant_jid(&past.name) } else { state.participant_jid(past.author) };
    let header =
        Header { kind: StanzaKind::Message, type_: StanzaType::Groupchat, from: &from, id: Some(&past.id), lang: None };
    Outgoing::new(&header, |writer| {
        writer.fragment(&Fragment::of(past.body.clone()));
        write_occupant_id(writer, past.author);
        if !by_name {
            write_nick(writer, state.talk.nick_of(past));
        }
        write_stanza_id(writer, &past.stanza_id, state.address.as_str());
        Delay { stamp: past.stamp, from: Some(state.address.as_str()), reason: None }.write(writer);
    })
}

/// Sends the subject, empty if there is none. Where people are addressed by ID, with what the archive holds: of the newest
/// message that the reader finds there. What the archive begins with, only the host knows.
pub(super) fn subject(state: &State, out: &mut Out<'_>, who: Slot, (dialect, to): (Dialect, &str)) {
    let room = state.address.as_str();
    let by_name = dialect == Dialect::Muc;
    let subject = state.talk.subject.as_ref();
    let from = match subject {
        None => room.to_owned(),
        Some(subject) if !by_name => state.participant_jid(subject.author),
        // A nickname that is no resource cannot stand in an address.
        Some(subject) => match jid::ResourcePart::new(&subject.nick) {
            Ok(nick) if nick.as_str() == &*subject.nick => state.occupant_jid(&subject.nick),
            _ => room.to_owned(),
        },
    };
    let header = Header { from: &from, ..own_header(state, StanzaKind::Message, StanzaType::Groupchat) };
    let told = Outgoing::new(&header, |writer| {
        match subject {
            Some(subject) => {
                writer.fragment(&Fragment::of(subject.body.clone()));
                write_occupant_id(writer, subject.author);
                if !by_name {
                    write_nick(writer, &subject.nick);
                }
                Delay { stamp: subject.stamp, from: Some(room), reason: None }.write(writer);
            }
            None => {
                writer.open("subject", ns::CLIENT).close();
            }
        }
        if !by_name && state.config.has_archive() {
            write_summary(state, who, writer);
        }
    });
    send_one(out, in_words_of(dialect, rule::T1), to, &told);
}

/// Writes what the archive ends with, for a participant.
fn write_summary(state: &State, who: Slot, writer: &mut Writer) {
    writer.open("metadata", ns::MAM);
    if let Some((id, stamp)) = last_readable_at(state, who) {
        writer.open("end", ns::MAM).attr("id", id).attr("timestamp", &stamp.to_string()).close();
    }
    writer.close();
}
