//! A message on its way to those who are away: written once for each dialect, and read once.

use std::sync::Arc;

use jid::BareJid;
use minidom::Element;

use super::host::{Dialect, Role};
use crate::codec::sid::stanza_id;
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::ns;
use crate::push::content::Content;
use crate::push::mention::Mentions;

/// A message that a room accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The author's account, where the room knows it.
    pub author: Option<BareJid>,
    /// The author's role, on which depends whom a message may mention.
    pub role: Role,
    /// The message's id.
    pub id: Arc<str>,
    /// Whether the room gave it a stanza-id, by which copies and live messages are known to be the same.
    pub identified: bool,
    /// What it holds; `None`: nothing that is worth a copy.
    pub content: Option<Content>,
    /// Whom it mentions; `None`: not known, as if it could not be read.
    pub mentions: Option<Mentions>,
    /// Whether something that shows a real JID was left out.
    pub stripped: bool,
    /// The message as it goes to accounts of each dialect. Where one is missing, the first there is goes to them too.
    renderings: [Option<Outgoing>; 3],
}

impl Broadcast {
    /// A message whose parts the room knows already.
    #[must_use]
    pub const fn new(author: Option<BareJid>, id: Arc<str>, content: Option<Content>) -> Self {
        Self {
            author,
            role: Role::Participant,
            id,
            identified: true,
            content,
            mentions: None,
            stripped: false,
            renderings: [const { None }; 3],
        }
    }

    /// Reads the message that a room sends to those who are there. Its stanza-id counts if it is by the bare JID that
    /// the message is from.
    #[must_use]
    pub fn read(author: Option<BareJid>, message: &Stanza) -> Self {
        let id = message.id.as_deref().unwrap_or_default().into();
        let content = match message.type_ {
            StanzaType::Groupchat => Content::of(&message.element),
            _ => None,
        };
        let room = message.from.as_ref().map(|from| from.to_bare());
        let identified = room.is_some_and(|room| stanza_id(&message.element, room.as_str()).is_some());
        let mentions = Some(Mentions::read(&message.element));
        Self { identified, mentions, ..Self::new(author, id, content) }
    }

    /// With the author's role.
    #[must_use]
    pub const fn by(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// With whom it mentions.
    #[must_use]
    pub fn mentioning(mut self, mentions: Mentions) -> Self {
        self.mentions = Some(mentions);
        self
    }

    /// With the words of a dialect, as the room writes them already. They show no real JID.
    #[must_use]
    pub fn written(mut self, dialect: Dialect, message: Outgoing) -> Self {
        self.renderings[dialect.index()] = Some(message);
        self
    }

    /// With the words of a dialect, written anew; where JIDs are hidden, without what shows them.
    #[must_use]
    pub fn rendered(mut self, dialect: Dialect, message: &Stanza, hidden: bool) -> Self {
        let header = Header {
            kind: StanzaKind::Message,
            type_: message.type_,
            from: message.sender().unwrap_or_default(),
            id: message.id.as_deref(),
            lang: message.lang.as_deref(),
        };
        let mut stripped = false;
        let written = Outgoing::new(&header, |writer| {
            for child in message.element.children() {
                if hidden && shows_jid(child) {
                    stripped = true;
                } else {
                    writer.element(child);
                }
            }
        });
        self.stripped |= stripped;
        self.written(dialect, written)
    }

    /// The words for accounts of a dialect.
    #[must_use]
    pub fn rendering(&self, dialect: Dialect) -> Option<&Outgoing> {
        self.renderings[dialect.index()].as_ref().or_else(|| self.renderings.iter().find_map(Option::as_ref))
    }
}

/// Whether a child shows a real JID: an item of XEP-0045, or addresses of XEP-0033.
fn shows_jid(child: &Element) -> bool {
    let item = |item: &Element| item.is("item", ns::MUC_USER) && item.attr("jid").is_some();
    child.has_ns(ns::ADDRESS) || (child.is("x", ns::MUC_USER) && child.children().any(item))
}

/// A message forwarded to somebody whom it mentions (XEP-0452): of type normal, from the room itself.
pub(super) fn forwarded(room: &str, id: &str, stamp: &str, message: &Outgoing) -> Option<Outgoing> {
    let inner = message.to_stanza(room).ok()?;
    let header = Header { kind: StanzaKind::Message, type_: StanzaType::Normal, from: room, id: Some(id), lang: None };
    let write = |writer: &mut Writer| {
        writer.open("mentions", ns::MMN).open("forwarded", ns::FORWARD);
        writer.open("delay", ns::DELAY).attr("stamp", stamp).close();
        writer.element(&inner.element);
        writer.close();
        writer.close();
    };
    Some(Outgoing::new(&header, write))
}
