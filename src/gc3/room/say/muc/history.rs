//! What comes after the presence of all: what was said before, and the subject (XEP-0045 §7.2.13–§7.2.15).

use crate::codec::{Delay, Fragment, Header, Outgoing, StanzaKind, StanzaType};
use crate::gc3::room::Out;
use crate::gc3::room::say::{own_header, send_one, write_occupant_id};
use crate::gc3::room::state::{Slot, State};
use crate::gc3::rules::muc as rule;
use crate::gc3::wire::muc::History;
use crate::ns;

/// Sends the history, as much as is wanted and the configuration allows.
pub(super) fn send(_state: &State, _out: &mut Out<'_>, _who: Slot, _to: &str, _wanted: History) {}

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
