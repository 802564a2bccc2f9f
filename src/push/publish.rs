//! What a push service is told: a publish of XEP-0357, or a message of Push 2.0.

use serde::{Deserialize, Serialize};

use super::enable::{Enable, Target, write_options};
use crate::codec::{Field, FieldType, Form, FormType, Header, Outgoing, StanzaKind, StanzaType, Writer};
use crate::ns;

/// How much a push may cost the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// The device may look whether there is anything.
    Low,
    /// There is a message.
    Normal,
    /// Somebody calls, or means this person.
    High,
}

impl Priority {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// What is told about a message. The less, the better: it passes through other hands (XEP-0357 §10).
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// Unread messages.
    pub count: u32,
    /// How much it may cost.
    pub priority: Priority,
    /// Who wrote what, if that may be told.
    pub text: Option<Text<'a>>,
}

/// Who wrote what.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The address of the author: in a room the occupant's.
    pub sender: &'a str,
    /// The author's nickname, in a room.
    pub nick: Option<&'a str>,
    /// The words.
    pub body: &'a str,
}

impl Notification<'_> {
    /// The stanza that tells a push service, from the server's own domain.
    ///
    /// In XEP-0357 the priority is written only for those who asked for it, and only if it is high, as Tigase does.
    #[must_use]
    pub fn to(&self, registration: &Enable, from: &str, id: &str) -> Outgoing {
        match &registration.target {
            Target::Node { node, options, filters } => {
                let header = Header { kind: StanzaKind::Iq, type_: StanzaType::Set, from, id: Some(id), lang: None };
                Outgoing::new(&header, |writer| {
                    writer.open("pubsub", ns::PUBSUB).open("publish", ns::PUBSUB).attr_opt("node", node.as_deref());
                    writer.open("item", ns::PUBSUB);
                    self.write_first(filters.priority, writer);
                    writer.close().close();
                    if !options.is_empty() {
                        writer.open("publish-options", ns::PUBSUB);
                        write_options(options, writer);
                        writer.close();
                    }
                    writer.close();
                })
            }
            Target::Client { client, .. } => {
                let header =
                    Header { kind: StanzaKind::Message, type_: StanzaType::Normal, from, id: Some(id), lang: None };
                Outgoing::new(&header, |writer| {
                    writer.open("notification", ns::PUSH2).leaf("client", ns::PUSH2, client);
                    writer.leaf("priority", ns::PUSH2, self.priority.as_str()).close();
                })
            }
        }
    }

    fn write_first(&self, priority: bool, writer: &mut Writer) {
        writer.open("notification", ns::PUSH);
        let mut form = Form::new(FormType::Submit)
            .form_type(ns::PUSH_SUMMARY)
            .with(Field::of("message-count", &self.count.to_string()));
        if let Some(text) = self.text {
            form = form
                .with(Field::of("last-message-sender", text.sender))
                .with(Field::of("last-message-body", text.body));
        }
        form.write(writer);
        if let Some(nick) = self.text.and_then(|text| text.nick) {
            writer.open("groupchat", ns::TIGASE_OFFLINE).leaf("nickname", ns::TIGASE_OFFLINE, nick).close();
        }
        if priority && self.priority == Priority::High {
            writer.leaf("priority", ns::TIGASE_PRIORITY, self.priority.as_str());
        }
        debug_assert!(form.field("FORM_TYPE").is_some_and(|field| field.type_ == Some(FieldType::Hidden)));
        writer.close();
    }
}
