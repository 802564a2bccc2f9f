//! What is said to the room, to the account, and to the host.

use super::host::{Notice, Order};
use super::state::State;
use crate::codec::{Header, Outgoing, PageRequest, Position, StanzaKind, StanzaType, Writer};
use crate::machine::{Action, Sink};
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;

/// Where a client says things.
pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

pub(super) fn tell(out: &mut Out<'_>, why: Rule, notice: Notice) {
    out.push(why, Action::Tell(notice));
}

pub(super) fn also(out: &mut Out<'_>, why: Rule) {
    tell(out, why, Notice::Also);
}

pub(super) fn order(out: &mut Out<'_>, why: Rule, order: Order) {
    out.push(why, Action::Do(order));
}

/// Sends a request from this device.
pub(super) fn iq(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    to: &str,
    id: &str,
    type_: StanzaType,
    payload: impl FnOnce(&mut Writer),
) {
    let from = state.config.me.as_str();
    let header = Header { kind: StanzaKind::Iq, type_, from, id: Some(id), lang: None };
    let stanza = Outgoing::new(&header, payload);
    out.push(why, Action::Send { to: Audience::one(to), stanza: &stanza });
}

/// Sends presence, from this device or from its account.
pub(super) fn presence(
    out: &mut Out<'_>,
    why: Rule,
    from: &str,
    to: &str,
    type_: StanzaType,
    payload: impl FnOnce(&mut Writer),
) {
    let header = Header { kind: StanzaKind::Presence, type_, from, id: None, lang: None };
    let stanza = Outgoing::new(&header, payload);
    out.push(why, Action::Send { to: Audience::one(to), stanza: &stanza });
}

/// What the client subscribes to.
pub(super) const TOPICS: [&str; 2] = ["message", "participant"];

pub(super) fn subscribes(writer: &mut Writer) {
    for topic in TOPICS {
        writer.open("subscribe", ns::GC3).attr("type", topic).close();
    }
}

/// The form of a join.
pub(super) fn form(state: &State, writer: &mut Writer) {
    writer.open("x", ns::DATA).attr("type", "submit");
    let mut field = |name: &str, type_: Option<&str>, value: &str| {
        writer.open("field", ns::DATA).attr("var", name).attr_opt("type", type_);
        writer.leaf("value", ns::DATA, value).close();
    };
    field("FORM_TYPE", Some("hidden"), "urn:xmpp:gc3:join-form");
    field("urn:xmpp:gc3:fields:nickname", None, &state.config.nick);
    if let Some(password) = &state.config.password {
        field("urn:xmpp:gc3:fields:password", None, password);
    }
    writer.close();
}

/// A query of the archive: after a message or from the beginning, as a page, the last page, or a mere count.
pub(super) fn query(writer: &mut Writer, id: &str, after: Option<&str>, page: PageRequest<'_>) {
    writer.open("query", ns::MAM).attr("queryid", id);
    if let (Some(after), Position::First) = (after, page.at) {
        writer.open("x", ns::DATA).attr("type", "submit");
        let mut field = |name: &str, type_: Option<&str>, value: &str| {
            writer.open("field", ns::DATA).attr("var", name).attr_opt("type", type_);
            writer.leaf("value", ns::DATA, value).close();
        };
        field("FORM_TYPE", Some("hidden"), ns::MAM);
        field("after-id", None, after);
        writer.close();
    }
    page.write(writer);
    writer.close();
}
