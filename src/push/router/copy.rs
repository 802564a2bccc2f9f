//! A room's message for the bare JIDs of its members, read once, for however many accounts of a server it is.

use std::sync::{Arc, OnceLock};

use jid::BareJid;
use minidom::Element;

use crate::codec::{Stanza, sid};
use crate::ns;
use crate::push::content::Content;
use crate::push::mention::Mentions;

/// A message of type groupchat for a bare JID, with what a router looks for in it.
///
/// A server that hosts many accounts of one room reads the message once and gives every account's router the same copy
/// ([`Input::Copy`](super::Input::Copy)). To whom the stanza is addressed does not matter: each router takes it as its own
/// account's.
#[derive(Clone, Debug)]
pub struct MemberCopy {
    stanza: Stanza,
    room: Option<BareJid>,
    read: Read,
}

/// What a router looks for in a room's message.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// The id that the room gave it.
    pub(super) id: Option<Arc<str>>,
    /// The author's occupant id.
    pub(super) author: Option<Box<str>>,
    pub(super) content: Option<Content>,
    /// Whom it mentions, found when somebody asks.
    pub(super) mentions: OnceLock<Mentions>,
}

impl MemberCopy {
    /// Reads a message.
    #[must_use]
    pub fn read(stanza: Stanza) -> Self {
        let room = stanza.from.as_ref().map(|from| from.to_bare());
        let read = Read::of(&stanza.element, room.as_ref().map_or("", |room| room.as_str()));
        Self { stanza, room, read }
    }

    /// The message.
    #[must_use]
    pub const fn stanza(&self) -> &Stanza {
        &self.stanza
    }

    /// The room, if the message says of whom it is.
    #[must_use]
    pub const fn room(&self) -> Option<&BareJid> {
        self.room.as_ref()
    }

    /// What it holds; `None`: nothing for people.
    #[must_use]
    pub const fn content(&self) -> Option<Content> {
        self.read.content
    }

    /// Whom it mentions.
    #[must_use]
    pub fn mentions(&self) -> &Mentions {
        self.read.mentions(&self.stanza.element)
    }

    pub(super) const fn inner(&self) -> &Read {
        &self.read
    }
}

impl Read {
    pub(super) fn of(message: &Element, room: &str) -> Self {
        let author = message.get_child("occupant-id", ns::OCCUPANT_ID).and_then(|child| child.attr("id"));
        Self {
            id: sid::stanza_id(message, room).map(Into::into),
            author: author.map(Into::into),
            content: Content::of(message),
            mentions: OnceLock::new(),
        }
    }

    pub(super) fn mentions(&self, message: &Element) -> &Mentions {
        self.mentions.get_or_init(|| Mentions::read(message))
    }
}
