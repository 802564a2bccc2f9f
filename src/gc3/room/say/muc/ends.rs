//! What occupants are told when a session, an occupant, the room or the service ends (XEP-0045 §7.2.18, §7.14, §8.2, §9.1,
//! §10.9, §11.2), and when the room is another (§10.2.1).

use super::presence::{Extra, Reader, in_words_of, readers, write_x};
use super::write_status;
use crate::codec::{Fragment, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::acl::Affiliation;
use crate::gc3::config::{Config, Visibility};
use crate::gc3::id::ParticipantId;
use crate::gc3::room::Out;
use crate::gc3::room::say::{also, own_header, send, send_one, write_occupant_id};
use crate::gc3::room::state::{Departed, Dialect, Ending, Marks, Person, Slot, State, Turn, View, Why};
use crate::gc3::rules::{muc as rule, muc2};
use crate::ns;
use crate::party::{Address, Audience};
use crate::rule::Rule;

/// Unavailable presence from an occupant's address.
fn unavailable(from: &str, payload: impl FnOnce(&mut Writer)) -> Outgoing {
    let header = Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from, id: None, lang: None };
    Outgoing::new(&header, payload)
}

/// A session ended, and its account is still in: only the session itself is told that it is out.
pub(crate) fn ended(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    (who, dialect): (Slot, Dialect),
    jid: &Address,
    words: &Fragment,
) {
    let Some(person) = state.people.get(who) else { return };
    let own = unavailable(&state.address_in(dialect, who), |writer| {
        writer.fragment(words);
        write_occupant_id(writer, person.id);
        let extra = Extra { codes: &[110], ..Extra::default() };
        write_x(state, (person.affiliation, None), None, (dialect, &person.nick), extra, writer);
    });
    send_one(out, in_words_of(dialect, why), jid.as_str(), &own);
    also(out, in_words_of(dialect, rule::P7));
}

/// Somebody is not in any more.
pub(crate) fn gone(state: &State, out: &mut Out<'_>, why: Rule, gone: &Departed) {
    let why = if gone.why.is_removal() { rule::X2 } else { why };
    let code: &[u16] = match gone.why {
        Why::Left | Why::AccountGone => &[],
        Why::Kicked => &[307],
        Why::Banned => &[301],
        Why::Config => &[322],
        Why::Unlisted => &[321],
        Why::Lost => &[333],
    };
    let affiliation = match gone.why {
        Why::Banned => Affiliation::Outcast,
        Why::Config | Why::Unlisted => Affiliation::None,
        Why::Left | Why::AccountGone | Why::Kicked | Why::Lost => gone.person.affiliation,
    };
    let occupants = || gone.sessions.iter().filter(|(_, session)| session.dialect.is_by_presence());
    let best = occupants().max_by_key(|(_, session)| (session.priority, session.last));
    let jid = best.map_or(gone.jid.as_str(), |(jid, _)| jid.as_str());
    let write = |reader: Reader, codes: &[u16]| {
        let from = match reader.dialect {
            Dialect::Muc => state.occupant_jid(&gone.name),
            Dialect::Gc3 | Dialect::Muc2 => state.participant_jid(gone.person.id),
        };
        unavailable(&from, |writer| {
            writer.fragment(&gone.words);
            write_occupant_id(writer, gone.person.id);
            let extra =
                Extra { codes, actor: gone.actor, reason: gone.reason.as_deref(), mav: gone.mav, ..Extra::default() };
            // Who read it until now may have been the last for whom it was hidden.
            let sees = matches!(reader.view, View::Jids | View::Open) && !gone.promised;
            let jid = Some(jid).filter(|_| sees);
            write_x(state, (affiliation, None), jid, (reader.dialect, &gone.person.nick), extra, writer);
        })
    };
    let codes: Vec<u16> = core::iter::once(110).chain(code.iter().copied()).collect();
    for dialect in Dialect::BY_PRESENCE {
        let mut own = None;
        for (jid, session) in occupants().filter(|(_, session)| session.dialect == dialect) {
            let own = own.get_or_insert_with(|| write(Reader { dialect, view: session.view }, &codes));
            send_one(out, in_words_of(dialect, why), jid.as_str(), own);
        }
    }
    if gone.person.is(Marks::BARE) && gone.why.is_removal() {
        // Its devices may all be away, and its server would go on to expect messages.
        let own = write(Reader { dialect: Dialect::Muc2, view: View::Plain }, &codes);
        send_one(out, muc2::B8, gone.jid.as_str(), &own);
    }
    let online = gone.person.shown.is_some() || best.is_some();
    let turn = if online { Turn::Online } else { Turn::Other };
    let shown = |reader: &Reader| gone.person.displayed && (reader.view != View::Moderators || gone.person.seen);
    for reader in Reader::all().filter(shown) {
        let audience = Audience::all(state.sessions.roster(), readers(state, reader, turn));
        if !audience.is_empty() {
            send(out, in_words_of(reader.dialect, why), audience, &write(reader, code));
        }
    }
}

/// The configuration is another (§10.2.1): what changed, as far as there is a code for it.
pub(crate) fn configured(state: &State, out: &mut Out<'_>, was: &Config) {
    let is = &state.config;
    let mut codes = Vec::new();
    if is.has_archive() != was.has_archive() {
        codes.push(if is.has_archive() { 170 } else { 171 });
    }
    if is.visibility != was.visibility {
        codes.push(if is.visibility == Visibility::Everyone { 172 } else { 173 });
    }
    let coded = Config { archive: was.archive, history: was.history, visibility: was.visibility, ..is.clone() };
    if coded != *was || codes.is_empty() {
        codes.insert(0, 104);
    }
    let told = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Groupchat), |writer| {
        writer.open("x", ns::MUC_USER);
        codes.iter().for_each(|&code| write_status(writer, code));
        writer.close();
    });
    for dialect in Dialect::BY_PRESENCE {
        let audience = Audience::all(state.sessions.roster(), state.sessions.all(dialect));
        send(out, in_words_of(dialect, rule::C2), audience, &told);
    }
}

/// Somebody who is in by presence, or by its bare JID, when the room ends.
pub(crate) struct Last {
    id: ParticipantId,
    affiliation: Affiliation,
    nick: Box<str>,
    /// Where it is told so, and from which address.
    told: Vec<(Dialect, String, Vec<Box<str>>)>,
}

/// Those who are in by presence or by their bare JIDs, as they are to be told of the end of the room.
pub(crate) fn before_the_end(state: &State) -> Vec<Last> {
    let person = |(who, person): (Slot, &Person)| {
        let own = state.occupants_of(who);
        let told = Dialect::BY_PRESENCE.into_iter().map(|dialect| {
            let speaks = |seat| state.sessions.get(seat).is_some_and(|session| session.dialect == dialect);
            let seats = own.iter().copied().filter(|&seat| speaks(seat));
            let mut jids: Vec<Box<str>> = seats.map(|seat| state.sessions.jid(seat).into()).collect();
            if dialect == Dialect::Muc2 && person.is(Marks::BARE) {
                jids.push(state.people.jid(who).into());
            }
            (dialect, state.address_in(dialect, who), jids)
        });
        let told: Vec<_> = told.filter(|(_, _, jids)| !jids.is_empty()).collect();
        let (id, affiliation, nick) = (person.id, person.affiliation, person.nick.clone());
        (!told.is_empty()).then_some(Last { id, affiliation, nick, told })
    };
    state.people.iter().filter_map(person).collect()
}

/// The room is gone (§10.9): each occupant is told so by its own presence.
pub(crate) fn destroyed(out: &mut Out<'_>, ending: &Ending, occupants: &[Last]) {
    for Last { id, nick, told, .. } in occupants {
        for (dialect, from, jids) in told {
            let stanza = unavailable(from, |writer| {
                write_occupant_id(writer, *id);
                writer.open("x", ns::MUC_USER).open("item", ns::MUC_USER);
                writer.attr("affiliation", "none").attr("role", "none").close();
                if *dialect == Dialect::Muc2 {
                    writer.leaf("nickname", ns::MUC2, nick);
                }
                writer.open("destroy", ns::MUC_USER).attr_opt("jid", ending.alternate.as_deref());
                if let Some(reason) = &ending.reason {
                    writer.leaf("reason", ns::MUC_USER, reason);
                }
                if let Some(password) = &ending.password {
                    writer.leaf("password", ns::MUC_USER, password);
                }
                writer.close();
                write_status(writer, 110);
                writer.close();
            });
            for jid in jids {
                send_one(out, in_words_of(*dialect, rule::X3), jid, &stanza);
            }
        }
    }
}

/// Tells somebody who believes to be in that it is not (§7.2.18).
pub(crate) fn astray(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    let (Some(from), Some(to)) = (&stanza.from, stanza.element.attr("to")) else { return };
    let affiliation = state.rank(from.to_bare().as_str());
    let told = unavailable(to, |writer| {
        let extra = Extra { codes: &[110, 307, 333], ..Extra::default() };
        write_x(state, (affiliation, None), None, (Dialect::Muc, ""), extra, writer);
    });
    send_one(out, why, from.as_str(), &told);
}

/// The service shuts down: each session is told so by its own presence. Who is in by its bare JID stays.
pub(crate) fn shut_down(state: &State, out: &mut Out<'_>) {
    for Last { id, affiliation, nick, told } in before_the_end(state) {
        for (dialect, from, jids) in told {
            let stanza = unavailable(&from, |writer| {
                write_occupant_id(writer, id);
                let extra = Extra { codes: &[110, 332], ..Extra::default() };
                write_x(state, (affiliation, None), None, (dialect, &nick), extra, writer);
            });
            for jid in jids.iter().filter(|jid| jid.contains('/')) {
                send_one(out, in_words_of(dialect, rule::X4), jid, &stanza);
            }
        }
    }
}
