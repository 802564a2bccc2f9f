//! Requests to accounts, their answers rebuilt, and private messages (G9, V7, G6.6).

use minidom::Element;

use super::{also, muc, own_header, send_one, write_nick, write_occupant_id};
use crate::codec::{Condition, ErrorType, Header, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::gc3::host::Notice;
use crate::gc3::refusals::LATE;
use crate::gc3::room::Out;
use crate::gc3::room::judge::{Private, Request};
use crate::gc3::room::state::{Dialect, Person, Relay, Relayed, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::UNAVAILABLE;
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;

/// What of a vCard is passed on to those who see whose it is.
const VCARD: [&str; 17] = [
    "FN", "N", "NICKNAME", "PHOTO", "BDAY", "ADR", "LABEL", "TEL", "EMAIL", "JABBERID", "TZ", "GEO", "TITLE", "ROLE",
    "ORG", "NOTE", "URL",
];

/// Sends a request on to the account, from the service's own name (V7).
pub(crate) fn relay(state: &State, out: &mut Out<'_>, why: Rule, request: &Request, id: &str) {
    let header =
        Header { kind: StanzaKind::Iq, type_: StanzaType::Get, from: state.domain(), id: Some(id), lang: None };
    let stanza = Outgoing::new(&header, |writer| match request.what {
        Relayed::VcardTemp | Relayed::Card => {
            writer.open("vCard", ns::VCARD).close();
        }
        Relayed::Vcard4 => {
            writer.open("vcard", ns::VCARD4).close();
        }
        Relayed::AvatarMetadata => write_items(writer, ns::AVATAR_METADATA, &request.items),
        Relayed::AvatarData => write_items(writer, ns::AVATAR_DATA, &request.items),
        Relayed::Check(_) | Relayed::Forward => {}
    });
    send_one(out, why, state.people.jid(request.target), &stanza);
    also(out, rule::V7);
}

fn write_items(writer: &mut Writer, node: &str, items: &[Box<str>]) {
    writer.open("pubsub", ns::PUBSUB).open("items", ns::PUBSUB).attr("node", node);
    for id in items {
        writer.open("item", ns::PUBSUB).attr("id", id).close();
    }
    writer.close().close();
}

/// Answers the asker with what the account answered, rebuilt.
pub(crate) fn relayed(state: &State, out: &mut Out<'_>, why: Rule, relay: &Relay, answer: &Stanza) {
    let asker = jid::Jid::new(&relay.asker).ok();
    let person = asker.and_then(|jid| state.people.find(jid.to_bare().as_str())).and_then(|who| state.people.get(who));
    let Some(person) = person else { return refuse_relay(out, rule::G9_4, relay, &UNAVAILABLE) };
    if let Some(error) = StanzaError::read(answer) {
        let error = match relay.what {
            // Between occupants an error is what it is, without its words.
            Relayed::Forward => StanzaError::new(error.type_, error.condition),
            _ => rebuilt(&error).by(state.address.as_str()),
        };
        return refuse_relay(out, why, relay, &error);
    }
    let seen = |who| state.shows_jid(state.sight(person), who);
    let jids = state.people.find(&relay.to).is_some_and(seen) || state.id_of(&relay.to) == person.id;
    let header = answer_header(relay, StanzaType::Result);
    let stanza = Outgoing::new(&header, |writer| {
        if let Some(payload) = answer.payload() {
            if relay.what == Relayed::Forward {
                writer.element(payload);
                return;
            }
            rebuild(relay.what, payload, jids, writer);
        }
    });
    send_one(out, why, &relay.asker, &stanza);
    if !jids {
        also(out, rule::V1);
    }
}

/// Answers the asker that the account did not.
pub(crate) fn relay_late(out: &mut Out<'_>, relay: &Relay) {
    refuse_relay(out, rule::G9_6, relay, &LATE);
}

fn refuse_relay(out: &mut Out<'_>, why: Rule, relay: &Relay, error: &StanzaError<'_>) {
    let stanza = Outgoing::new(&answer_header(relay, StanzaType::Error), |writer| error.write(writer));
    send_one(out, why, &relay.asker, &stanza);
    out.push(why, Action::Tell(Notice::Refused { from: Some(relay.asker.clone()) }));
}

fn answer_header(relay: &Relay, type_: StanzaType) -> Header<'_> {
    Header { kind: StanzaKind::Iq, type_, from: &relay.asked, id: Some(&relay.asker_id), lang: None }
}

/// What an account's error tells the asker (G9.5).
fn rebuilt(error: &StanzaError<'_>) -> StanzaError<'static> {
    match error.condition {
        condition @ (Condition::ItemNotFound
        | Condition::FeatureNotImplemented
        | Condition::NotAllowed
        | Condition::RemoteServerNotFound
        | Condition::RemoteServerTimeout) => StanzaError::new(error.type_, condition),
        _ => StanzaError::new(ErrorType::Cancel, Condition::ServiceUnavailable),
    }
}

/// Writes what is known of an answer (G9.3): with `jids` to a reader who may see whose it is.
fn rebuild(what: Relayed, payload: &Element, jids: bool, writer: &mut Writer) {
    let card = what == Relayed::Card;
    match what {
        Relayed::VcardTemp | Relayed::Card if payload.is("vCard", ns::VCARD) => {
            writer.open("vCard", ns::VCARD);
            for child in payload.children().filter(|child| child.has_ns(ns::VCARD)) {
                match child.name() {
                    "PHOTO" => photo(child, writer),
                    name if (jids || card) && VCARD.contains(&name) && !(card && name == "JABBERID") => {
                        writer.element(child);
                    }
                    _ => {}
                }
            }
            writer.close();
        }
        Relayed::Vcard4 if payload.is("vcard", ns::VCARD4) => {
            writer.open("vcard", ns::VCARD4);
            for child in payload.children().filter(|child| child.has_ns(ns::VCARD4)) {
                let uri = child.get_child("uri", ns::VCARD4).map(Element::text);
                if jids {
                    writer.element(child);
                } else if let Some(uri) = uri.filter(|uri| child.name() == "photo" && uri.starts_with("data:")) {
                    // A picture that lies elsewhere tells where, and that is often who.
                    writer.open("photo", ns::VCARD4).leaf("uri", ns::VCARD4, &uri).close();
                }
            }
            writer.close();
        }
        Relayed::AvatarMetadata => items(payload, ns::AVATAR_METADATA, writer, |item, writer| {
            let Some(metadata) = item.get_child("metadata", ns::AVATAR_METADATA) else { return };
            writer.open("metadata", ns::AVATAR_METADATA);
            for info in metadata.children().filter(|info| info.is("info", ns::AVATAR_METADATA)) {
                writer.open("info", ns::AVATAR_METADATA);
                for name in ["bytes", "height", "id", "type", "width"] {
                    writer.attr_opt(name, info.attr(name));
                }
                writer.attr_opt("url", info.attr("url").filter(|_| jids)).close();
            }
            writer.close();
        }),
        Relayed::AvatarData => items(payload, ns::AVATAR_DATA, writer, |item, writer| {
            if let Some(data) = item.get_child("data", ns::AVATAR_DATA) {
                writer.leaf("data", ns::AVATAR_DATA, &data.text());
            }
        }),
        _ => {}
    }
}

/// The picture of a vCard, if it is in it.
fn photo(photo: &Element, writer: &mut Writer) {
    writer.open("PHOTO", ns::VCARD);
    for name in ["TYPE", "BINVAL"] {
        if let Some(child) = photo.get_child(name, ns::VCARD) {
            writer.leaf(name, ns::VCARD, &child.text());
        }
    }
    writer.close();
}

/// The items of a node, without who published them.
fn items(payload: &Element, node: &str, writer: &mut Writer, write: impl Fn(&Element, &mut Writer)) {
    let Some(items) = payload.get_child("items", ns::PUBSUB).filter(|items| items.attr("node") == Some(node)) else {
        return;
    };
    writer.open("pubsub", ns::PUBSUB).open("items", ns::PUBSUB).attr("node", node);
    for item in items.children().filter(|item| item.is("item", ns::PUBSUB)) {
        writer.open("item", ns::PUBSUB).attr_opt("id", item.attr("id"));
        write(item, writer);
        writer.close();
    }
    writer.close().close();
}

/// Sends a private message to its target's account.
pub(crate) fn private(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, private: &Private) {
    let Some(author) = state.people.get(private.author) else { return };
    let from = state.participant_jid(author.id);
    let header = Header {
        kind: StanzaKind::Message,
        type_: StanzaType::Chat,
        from: &from,
        id: stanza.id.as_deref(),
        lang: stanza.lang.as_deref(),
    };
    if state.people.get(private.target).is_some_and(Person::is_ephemeral) {
        muc::private(state, out, stanza, private);
    } else {
        let message = Outgoing::new(&header, |writer| {
            writer.fragment(&private.body);
            write_occupant_id(writer, author.id);
            write_nick(writer, &author.nick);
        });
        send_one(out, why, state.people.jid(private.target), &message);
    }
    if private.stripped {
        also(out, rule::M3);
        also(out, rule::G6_2);
    }
}

/// Asks a session whether it is there (P6).
///
/// It comes from the address that the session itself sent presence to, so that a server that guards requests by shared
/// presence lets it pass.
pub(crate) fn check_session(state: &State, out: &mut Out<'_>, why: Rule, to: &str, id: &str) {
    let by_name = state.occupant(to).filter(|(_, session)| session.dialect == Dialect::Muc);
    let own = by_name.map(|(_, session)| state.address_in(Dialect::Muc, session.person));
    let header = Header { id: Some(id), ..own_header(state, StanzaKind::Iq, StanzaType::Get) };
    let header = Header { from: own.as_deref().unwrap_or(header.from), ..header };
    let ping = Outgoing::new(&header, |writer| {
        writer.open("ping", ns::PING).close();
    });
    send_one(out, why, to, &ping);
}
