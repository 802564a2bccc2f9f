//! What accounts that belong to the room have heard of it, for activity indicators (XEP-0437).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Session, State};
use crate::gc3::acl::Affiliation;
use crate::party::bare;

/// Up to which message accounts have heard that hear nothing now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    up_to: BTreeMap<Box<str>, u64>,
    /// Full JIDs that ceased to hear messages in this call, for the service. Not saved.
    #[serde(skip)]
    pub(crate) ceased: Vec<Box<str>>,
}

impl Heard {
    /// Forgets an account.
    pub(super) fn forget(&mut self, bare: &str) {
        self.up_to.remove(bare);
    }
}

impl State {
    /// Notes what those have heard who ceased to listen in this call.
    pub(crate) fn note_heard(&mut self) {
        for full in self.sessions.take_ceased() {
            let bare = bare(&full);
            if self.hears(bare) {
                self.heard.up_to.remove(bare);
            } else if self.belongs(bare) {
                let room = self.heard.up_to.len() < self.limits.heard || self.heard.up_to.contains_key(bare);
                if room {
                    self.heard.up_to.insert(bare.into(), self.talk.spoken);
                }
            }
            self.heard.ceased.push(full);
        }
    }

    /// Whether an account belongs to the room and may be in it: whoever is on the access list, or in by request.
    pub(crate) fn belongs(&self, bare: &str) -> bool {
        if self.destroyed.is_some() || self.vanished || self.locked {
            return false;
        }
        let person = self.people.find(bare).and_then(|who| self.people.get(who));
        let affiliation = match person {
            Some(person) => person.affiliation,
            None => self.access.affiliation(bare, self.id_of(bare)),
        };
        let belongs = affiliation >= Affiliation::Member || person.is_some_and(|person| !person.is_ephemeral());
        belongs && self.admits(bare, affiliation)
    }

    /// Whether a device of an account hears messages.
    fn hears(&self, bare: &str) -> bool {
        let Some(who) = self.people.find(bare) else { return false };
        self.sessions.of(&self.people, who).any(|seat| self.sessions.get(seat).is_some_and(Session::hears_messages))
    }

    /// Whether a full JID hears messages.
    pub(crate) fn is_listening(&self, full: &str) -> bool {
        let session = self.sessions.find(full).and_then(|seat| self.sessions.get(seat));
        session.is_some_and(Session::hears_messages)
    }

    /// Whether something was said since an account that belongs to the room last heard what was said.
    pub(crate) fn has_news_for(&self, bare: &str) -> bool {
        !self.hears(bare) && self.talk.spoken > self.heard.up_to.get(bare).copied().unwrap_or(0)
    }
}
