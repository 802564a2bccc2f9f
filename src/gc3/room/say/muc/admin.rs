//! Answers to administration by XEP-0045, and what the room itself writes to people: invitations, declines, requests.

use super::presence::in_words_of;
use crate::codec::{Field, FieldType, Form, FormType, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::form;
use crate::gc3::id::ParticipantId;
use crate::gc3::room::Out;
use crate::gc3::room::judge::muc::{AdminReply, Declining, Inviting, OFFLINE, real};
use crate::gc3::room::say::{own_header, result, send, send_one};
use crate::gc3::room::state::{Dialect, Key, Reserve, Slot, State, View};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::party::{Audience, Seat};
use crate::rule::Rule;

/// Answers with a list.
pub(crate) fn list(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &AdminReply) {
    result(out, why, stanza, |writer| {
        writer.open("query", ns::MUC_ADMIN);
        match reply {
            AdminReply::Affiliation(keys, nicks) => keys.iter().for_each(|key| entry(state, key, *nicks, writer)),
            AdminReply::Role(people, view) => people.iter().for_each(|&who| occupant(state, who, *view, writer)),
        }
        writer.close();
    });
}

fn entry(state: &State, key: &Key, nicks: bool, writer: &mut Writer) {
    let (Some(entry), Some(jid)) = (state.access.get(key), real(state, key)) else { return };
    writer.open("item", ns::MUC_ADMIN).attr("affiliation", entry.affiliation.name()).attr("jid", jid);
    let registered = state.registry.get(jid).filter(|_| nicks || state.people.find(jid).is_some());
    writer.attr_opt("nick", registered.map(|registered| &*registered.nick));
    if let Some(reason) = &entry.reason {
        writer.leaf("reason", ns::MUC_ADMIN, reason);
    }
    writer.close();
}

fn occupant(state: &State, who: Slot, view: View, writer: &mut Writer) {
    let Some(person) = state.people.get(who) else { return };
    writer.open("item", ns::MUC_ADMIN).attr("affiliation", person.affiliation.name());
    let jid = state.spoken_for(who).map_or_else(|| state.people.jid(who), |(seat, _)| state.sessions.jid(seat));
    writer.attr_opt("jid", Some(jid).filter(|_| state.shows_jid(view, who)));
    writer.attr("nick", state.name(who)).attr("role", state.role(person).name()).close();
}

/// Answers with the form of the configuration.
pub(crate) fn config(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, ranks: &form::Ranks) {
    result(out, why, stanza, |writer| {
        writer.open("query", ns::MUC_OWNER);
        form::write_roomconfig(&state.config, state.address.as_str(), ranks, &state.limits, writer);
        writer.close();
    });
}

/// Answers with what an account registered, or with the form to do so.
pub(crate) fn register(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, bare: &str) {
    let registered = state.registry.get(bare);
    result(out, why, stanza, |writer| {
        writer.open("query", ns::REGISTER);
        if let Some(registered) = registered {
            writer.open("registered", ns::REGISTER).close();
            writer.leaf("username", ns::REGISTER, &registered.nick);
        }
        let mut nick = Field::new("muc#register_roomnick", FieldType::TextSingle).label("Nickname");
        nick.required = true;
        nick.values = registered.map(|registered| registered.nick.to_string()).into_iter().collect();
        let mut form = Form::new(FormType::Form).form_type(ns::MUC_REGISTER).with(nick);
        if state.serves_the_absent() {
            let offline = Field::new(OFFLINE, FieldType::Boolean).label("Send me messages while I am away");
            form = form.with(offline.flag(registered.and_then(|registered| registered.offline).unwrap_or(true)));
        }
        form.title = Some("Registration".to_owned());
        form.write(writer);
        writer.close();
    });
}

/// Answers with the nickname that an account reserved, if any (§7.12).
pub(crate) fn room_nick(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, bare: &str) {
    result(out, why, stanza, |writer| {
        writer.open("query", ns::DISCO_INFO).attr("node", "x-roomuser-item");
        if let Some(registered) = state.registry.get(bare) {
            writer.open("identity", ns::DISCO_INFO).attr("category", "conference");
            writer.attr("name", &registered.nick).attr("type", "text").close();
        }
        writer.close();
    });
}

/// The header of a message of the room with the id of the one that it comes from.
fn header<'a>(state: &'a State, stanza: &'a Stanza) -> Header<'a> {
    let own = own_header(state, StanzaKind::Message, StanzaType::Normal);
    Header { id: stanza.id.as_deref(), ..own }
}

/// Sends invitations, from the occupant address of who invites, with the password (§7.8.2).
pub(crate) fn invite(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, inviting: &Inviting) {
    let from = state.occupant_jid(state.name(inviting.by));
    for invitee in &inviting.invitees {
        let told = Outgoing::new(&header(state, stanza), |writer| {
            writer.open("x", ns::MUC_USER).open("invite", ns::MUC_USER).attr("from", &from);
            if let Some(reason) = &invitee.reason {
                writer.leaf("reason", ns::MUC_USER, reason);
            }
            if let Some(thread) = &invitee.continues {
                writer.open("continue", ns::MUC_USER).attr_opt("thread", thread.as_deref()).close();
            }
            writer.close();
            if !state.config.password.is_empty() {
                writer.leaf("password", ns::MUC_USER, &state.config.password);
            }
            writer.close();
        });
        send_one(out, why, &invitee.to, &told);
    }
}

/// Invites those who are members now, in the name of who made them so (§9.5).
pub(crate) fn welcome(state: &State, out: &mut Out<'_>, actor: ParticipantId, invitees: &[Box<str>]) {
    if invitees.is_empty() {
        return;
    }
    let actor = state.people.find_id(actor).map(|who| state.occupant_jid(state.name(who)));
    let from = actor.as_deref().unwrap_or(state.address.as_str());
    let told = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
        writer.open("x", ns::MUC_USER).open("invite", ns::MUC_USER).attr("from", from).close();
        if !state.config.password.is_empty() {
            writer.leaf("password", ns::MUC_USER, &state.config.password);
        }
        writer.close();
    });
    for invitee in invitees {
        send_one(out, rule::I8, invitee, &told);
    }
}

/// Asks those who change the member list whether an account may register (§9.9): where they are in, or else at home.
pub(crate) fn ask_registration(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reserve: &Reserve) {
    let write = |jid: bool| {
        Outgoing::new(&header(state, stanza), |writer| {
            let field = |var: &str, type_, label: &str, value: &str| Field::new(var, type_).label(label).value(value);
            let mut form = Form::new(FormType::Form).form_type(ns::MUC_REGISTER);
            form.title = Some("Request for registration".to_owned());
            if jid {
                form = form.with(field("muc#jid", FieldType::JidSingle, "Account", &reserve.bare));
            }
            let nick = reserve.nick.as_deref().unwrap_or_default();
            form.with(field("muc#register_roomnick", FieldType::TextSingle, "Nickname", nick))
                .with(Field::new("muc#register_allow", FieldType::Boolean).label("Make it a member").flag(false))
                .write(writer);
        })
    };
    let mut seats: [Vec<Seat>; 2] = Default::default();
    for (seat, session) in state.sessions.iter().filter(|(_, session)| session.dialect.is_by_presence()) {
        let bare = state.people.jid(session.person);
        if state.permits(bare, Verb::ChangeMembers) {
            let sees = state.rank(bare) >= Affiliation::Admin || state.sees_through(bare);
            seats[usize::from(sees)].push(seat);
        }
    }
    for (seats, jid) in seats.iter().zip([false, true]).filter(|(seats, _)| !seats.is_empty()) {
        send(out, why, Audience::few(state.sessions.roster(), seats), &write(jid));
    }
    let told = write(true);
    for (key, _) in state.access.iter().filter(|(_, entry)| entry.affiliation >= Affiliation::Admin) {
        let here = |jid: &str| state.people.find(jid).is_some_and(|who| !state.occupants_of(who).is_empty());
        if let Key::Account(jid) = key
            && !here(jid)
            && state.permits(jid, Verb::ChangeMembers)
        {
            send_one(out, why, jid, &told);
        }
    }
}

/// Passes on that an invitation is declined, to who invited.
pub(crate) fn decline(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, declining: &Declining) {
    let told = Outgoing::new(&header(state, stanza), |writer| {
        writer.open("x", ns::MUC_USER).open("decline", ns::MUC_USER).attr("from", &declining.bare);
        if let Some(reason) = &declining.reason {
            writer.leaf("reason", ns::MUC_USER, reason);
        }
        writer.close().close();
    });
    let sessions = state.occupants_of(declining.to);
    if sessions.is_empty() {
        return send_one(out, why, state.people.jid(declining.to), &told);
    }
    send(out, why, Audience::few(state.sessions.roster(), &sessions), &told);
}

/// Asks those who give voice to give it (§8.6).
pub(crate) fn ask_voice(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, who: Slot) {
    let gives = |(seat, session): (Seat, &crate::gc3::room::state::Session)| {
        let person = state.people.get(session.person)?;
        let fits = session.dialect.is_by_presence() && state.may(person, Verb::Kick);
        fits.then(|| (seat, session.dialect, state.shows_jid(state.sight(person), who)))
    };
    let moderators: Vec<(Seat, Dialect, bool)> = state.sessions.iter().filter_map(gives).collect();
    let classes = Dialect::BY_PRESENCE.into_iter().flat_map(|dialect| [(dialect, true), (dialect, false)]);
    for (dialect, jids) in classes {
        let fits = |&&(_, speaks, sees): &&(Seat, Dialect, bool)| (speaks, sees) == (dialect, jids);
        let seats: Vec<Seat> = moderators.iter().filter(fits).map(|(seat, ..)| *seat).collect();
        let nick = match dialect {
            Dialect::Muc => state.name(who),
            Dialect::Gc3 | Dialect::Muc2 => state.people.get(who).map_or("", |person| &person.nick),
        };
        if seats.is_empty() {
            continue;
        }
        let told = Outgoing::new(&header(state, stanza), |writer| {
            let field = |var: &str, type_, label: &str, value: &str| Field::new(var, type_).label(label).value(value);
            let mut form = Form::new(FormType::Form).form_type(ns::MUC_REQUEST);
            form.title = Some("Request for voice".to_owned());
            form = form.with(field("muc#role", FieldType::ListSingle, "Role", "participant"));
            if jids {
                form = form.with(field("muc#jid", FieldType::JidSingle, "Account", state.people.jid(who)));
            }
            form = form.with(field("muc#roomnick", FieldType::TextSingle, "Nickname", nick));
            form.with(Field::new("muc#request_allow", FieldType::Boolean).label("Give voice").flag(false))
                .write(writer);
        });
        send(out, in_words_of(dialect, why), Audience::few(state.sessions.roster(), &seats), &told);
    }
}
