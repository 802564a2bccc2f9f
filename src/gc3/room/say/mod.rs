//! Who hears what, in which words. Reads the state after a change; decides nothing.

mod acl;
mod archive;
mod changes;
mod disco;
mod joining;
mod lists;
pub(crate) mod muc;
mod relay;
mod report;
mod settings;
mod speaking;
mod sync;
pub(crate) mod tokens;

pub(crate) use acl::{ruled, write_hats};
pub(crate) use archive::{metadata, page};
pub(crate) use changes::{announce, deliver_held, presence, present_state, probe};
pub(crate) use joining::{ask, created, departed, joined, left};
pub(crate) use lists::edited;
pub(crate) use relay::{check_session, private, relay, relay_late, relayed};
pub(crate) use report::reported;
pub(crate) use settings::{configured, destroyed, farewell, own_set, reconfigured, removed};
pub(crate) use speaking::{Spoken, moderated, moderation, reflection, spoken};
pub(crate) use sync::synced;

use super::Out;
use super::judge::{Refusal, Reply};
use super::state::State;
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::host::Notice;
use crate::gc3::id::ParticipantId;
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;

/// Sends one stanza to one address.
pub(super) fn send_one(out: &mut Out<'_>, why: Rule, to: &str, stanza: &Outgoing) {
    out.push(why, Action::Send { to: Audience::one(to), stanza });
}

/// Sends to an audience, if there is anybody in it.
pub(super) fn send(out: &mut Out<'_>, why: Rule, to: Audience<'_>, stanza: &Outgoing) {
    if !to.is_empty() {
        out.push(why, Action::Send { to, stanza });
    }
}

/// Notes a further rule that took part.
pub(crate) fn also(out: &mut Out<'_>, why: Rule) {
    out.push(why, Action::Tell(Notice::Also));
}

/// Tells for which sessions a message was dropped that had been held for them (G4.6).
pub(crate) fn overfull(out: &mut Out<'_>, sessions: Vec<Box<str>>) {
    for jid in sessions {
        out.push(rule::G4_6, Action::Tell(Notice::NotHeld { jid }));
    }
}

/// Where an answer goes: the sender's address, normalised if it can be.
fn addressee(stanza: &Stanza) -> Option<&str> {
    stanza.from.as_ref().map(|from| from.as_str()).or_else(|| stanza.sender())
}

/// Answers a request with a result.
pub(super) fn result(out: &mut Out<'_>, why: Rule, stanza: &Stanza, payload: impl FnOnce(&mut Writer)) {
    let (Some(answer), Some(to)) = (Outgoing::result(stanza, payload), addressee(stanza)) else { return };
    send_one(out, why, to, &answer);
}

/// Refuses a stanza, if it is one that is answered.
pub(crate) fn refuse(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, refusal: &Refusal) {
    if !super::judge::answered(stanza) && !refusal.insist {
        return drop(out, why, stanza);
    }
    let mut error = refusal.error;
    error.uri = refusal.uri.as_deref();
    let answer = if refusal.form {
        Outgoing::error_beside(stanza, &error, |writer| joining::write_form(state, stanza, writer))
    } else {
        Outgoing::error(stanza, &error)
    };
    if let (Some(answer), Some(to)) = (answer, addressee(stanza)) {
        send_one(out, why, to, &answer);
        out.push(why, Action::Tell(Notice::Refused { from: Some(to.into()) }));
        if why == rule::J3 {
            also(out, rule::G1_4);
        }
        if let Some(rule) = refusal.also {
            also(out, rule);
        }
    }
}

/// Tells that a stanza was dropped.
pub(crate) fn drop(out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    out.push(why, Action::Tell(Notice::Dropped { from: stanza.sender().map(Into::into) }));
}

/// Gives an answer that only looks.
pub(crate) fn answer(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &Reply) {
    match reply {
        Reply::Done => result(out, why, stanza, |_| {}),
        Reply::JoinForm => result(out, why, stanza, |writer| joining::write_form(state, stanza, writer)),
        Reply::Participants(reply) => lists::participants(state, out, why, stanza, reply),
        Reply::Access(reply) => lists::access(state, out, why, stanza, reply),
        Reply::Acl(reply) => acl::acl(state, out, why, stanza, reply),
        Reply::Command(reply) => acl::command(state, out, why, stanza, reply),
        Reply::MucAdmin(reply) => muc::admin::list(state, out, why, stanza, reply),
        Reply::MucConfig(ranks) => muc::admin::config(state, out, why, stanza, ranks),
        Reply::Register(bare) => muc::admin::register(state, out, why, stanza, bare),
        Reply::RoomNick(bare) => muc::admin::room_nick(state, out, why, stanza, bare),
        Reply::Own(who, type_) => settings::own(state, out, why, stanza, *who, *type_),
        Reply::Config { configures } => settings::config(state, out, why, stanza, *configures),
        Reply::Sync(reply) => synced(state, out, why, stanza, reply),
        Reply::Info { aliased, subject } => disco::info(state, out, why, stanza, *aliased, *subject),
        Reply::Items(items) => disco::items(state, out, why, stanza, items),
        Reply::Card => result(out, why, stanza, |writer| muc::write_card(state, writer)),
        Reply::Tokens(of) => tokens::list(state, out, why, stanza, *of),
        Reply::QueryForm => archive::query_form(state, out, why, stanza),
    }
}

/// The header of what the room itself says.
pub(super) fn own_header(state: &State, kind: StanzaKind, type_: StanzaType) -> Header<'_> {
    Header { kind, type_, from: state.address.as_str(), id: None, lang: None }
}

/// Writes a nickname (XEP-0172).
pub(super) fn write_nick(writer: &mut Writer, nick: &str) {
    writer.leaf("nick", ns::NICK, nick);
}

/// Writes an occupant-id (XEP-0421).
pub(super) fn write_occupant_id(writer: &mut Writer, id: ParticipantId) {
    writer.open("occupant-id", ns::OCCUPANT_ID).attr("id", id.as_str()).close();
}
