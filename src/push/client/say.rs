//! The requests, as they are written.

use super::host::{By, OptIn};
use crate::codec::{Field, Form, FormType, Header, Outgoing, StanzaKind, StanzaType, Writer};
use crate::ns;
use crate::push::enable::Enable;
use crate::push::room::Wish;

/// The form of XEP-0045 §7.10.
pub(super) const REGISTER_FORM: &str = "http://jabber.org/protocol/muc#register";
/// The field for the nickname in it.
pub(super) const NICK_FIELD: &str = "muc#register_roomnick";
/// The field of Tigase in it: whether messages go to members who are offline.
pub(super) const OFFLINE_FIELD: &str = "{http://tigase.org/protocol/muc}offline";

fn iq(id: &str, type_: StanzaType, payload: impl FnOnce(&mut Writer)) -> Outgoing {
    Outgoing::new(&Header { kind: StanzaKind::Iq, type_, from: "", id: Some(id), lang: None }, payload)
}

/// Enables a registration.
pub(super) fn enable(id: &str, enable: &Enable) -> Outgoing {
    iq(id, StanzaType::Set, |writer| enable.write(writer))
}

/// Undoes one: of a service and node, or this device's of Push 2.0.
pub(super) fn disable(id: &str, service: &str, node: Option<&str>, second: bool) -> Outgoing {
    iq(id, StanzaType::Set, |writer| {
        if second {
            writer.open("disable", ns::PUSH2).close();
        } else {
            writer.open("disable", ns::PUSH).attr("jid", service).attr_opt("node", node).close();
        }
    })
}

/// Asks a room for its registration form.
pub(super) fn ask(id: &str) -> Outgoing {
    iq(id, StanzaType::Get, |writer| {
        writer.open("query", ns::REGISTER).close();
    })
}

/// Tells a room which copies are wanted.
pub(super) fn opt_in(id: &str, want: &OptIn) -> Outgoing {
    iq(id, StanzaType::Set, |writer| match &want.by {
        By::Registration { nick } => {
            let mut form = Form::new(FormType::Submit).form_type(REGISTER_FORM);
            form.fields.push(text(NICK_FIELD, nick));
            form.fields.push(text(OFFLINE_FIELD, if want.copies > Wish::Never { "1" } else { "0" }));
            writer.open("query", ns::REGISTER);
            form.write(writer);
            writer.close();
        }
        By::Participation => {
            let mut form = Form::new(FormType::Submit).form_type("urn:xmpp:gc3:participant");
            form.fields.push(text("urn:xmpp:gc3:fields:push", want.copies.name()));
            writer.open("participant", ns::GC3);
            form.write(writer);
            writer.close();
        }
    })
}

fn text(var: &str, value: &str) -> Field {
    Field { var: Some(var.to_owned()), values: vec![value.to_owned()], ..Field::default() }
}
