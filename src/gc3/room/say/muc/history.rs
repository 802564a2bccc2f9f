//! What comes after the presence of all: what was said before, and the subject (XEP-0045 §7.2.13–§7.2.15).

use crate::codec::sid::write_stanza_id;
use crate::codec::{Delay, Fragment, Header, Outgoing, StanzaKind, StanzaType};
use crate::gc3::config::History as Readable;
use crate::gc3::room::Out;
use crate::gc3::room::say::{also, own_header, send_one, write_occupant_id};
use crate::gc3::room::state::{Past, Slot, State};
use crate::gc3::rules::muc as rule;
use crate::gc3::wire::muc::History;
use crate::ns;
use crate::time::Time;

/// Sends the history: as much as is wanted and as the configuration lets the reader read, the newest (§7.2.14).
pub(super) fn send(state: &State, out: &mut Out<'_>, who: Slot, to: &str, wanted: History) {
    let since_seq = match state.config.history {
        Readable::All => 0,
        Readable::SinceJoin => state.people.get(who).map_or(u64::MAX, |person| person.since_seq),
        Readable::None => return,
    };
    let from = wanted.seconds.map(|seconds| state.now.millis().saturating_sub(seconds.saturating_mul(1000)));
    let from = from.max(wanted.since.map(Time::millis)).unwrap_or(0);
    let most = usize::try_from(wanted.stanzas.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let mut chars = wanted.chars.unwrap_or(u64::MAX);
    let mut sent = Vec::new();
    for past in state.talk.ring.iter().rev().take(most) {
        if past.seq <= since_seq || past.stamp.millis() < from {
            break;
        }
        let message = render(state, past);
        if wanted.chars.is_some() {
            let length = String::from_utf8_lossy(&message.encode(to)).chars().count() as u64;
            let Some(left) = chars.checked_sub(length) else { break };
            chars = left;
        }
        sent.push(message);
    }
    for message in sent.iter().rev() {
        send_one(out, rule::G7_8, to, message);
    }
    if !state.talk.ring.is_empty() {
        also(out, rule::M14);
        also(out, rule::G7_8);
    }
}

/// A message of the past, delayed by the room.
fn render(state: &State, past: &Past) -> Outgoing {
    let from = state.occupant_jid(&past.name);
    let header =
        Header { kind: StanzaKind::Message, type_: StanzaType::Groupchat, from: &from, id: Some(&past.id), lang: None };
    Outgoing::new(&header, |writer| {
        writer.fragment(&Fragment::of(past.body.clone()));
        write_occupant_id(writer, past.author);
        write_stanza_id(writer, &past.stanza_id, state.address.as_str());
        Delay { stamp: past.stamp, from: Some(state.address.as_str()), reason: None }.write(writer);
    })
}

/// Sends the subject, empty if there is none.
pub(super) fn subject(state: &State, out: &mut Out<'_>, to: &str) {
    let room = state.address.as_str();
    let Some(subject) = &state.talk.subject else {
        let none = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Groupchat), |writer| {
            writer.open("subject", ns::CLIENT).close();
        });
        return send_one(out, rule::T1, to, &none);
    };
    // A nickname that is no resource cannot stand in an address.
    let from = match jid::ResourcePart::new(&subject.nick) {
        Ok(nick) if nick.as_str() == &*subject.nick => state.occupant_jid(&subject.nick),
        _ => room.to_owned(),
    };
    let header = Header { kind: StanzaKind::Message, type_: StanzaType::Groupchat, from: &from, id: None, lang: None };
    let told = Outgoing::new(&header, |writer| {
        writer.fragment(&Fragment::of(subject.body.clone()));
        write_occupant_id(writer, subject.author);
        Delay { stamp: subject.stamp, from: Some(room), reason: None }.write(writer);
    });
    send_one(out, rule::T1, to, &told);
}
