//! Who came while real JIDs were hidden, in a room where everybody sees them now: their JIDs stay hidden until they come
//! again (C8).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Person, Slot, State, View};
use crate::gc3::acl::{Verb, allows};
use crate::gc3::config::{Config, Visibility};
use crate::gc3::id::ParticipantId;

/// What was promised to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Promises {
    to: BTreeSet<Slot>,
    /// The number of the last message when everybody began to see real JIDs, if that was ever changed.
    opened: Option<u64>,
}

impl State {
    /// Notes that another class of readers sees real JIDs now. Who changed it knows, and `first` tells whether that was the
    /// first configuration, before which nobody was promised anything.
    pub(super) fn reveal(&mut self, actor: ParticipantId, first: bool) {
        self.promises = Promises::default();
        if self.config.visibility == Visibility::Everyone && !first {
            self.promises.to =
                self.people.iter().filter(|(_, person)| person.id != actor).map(|(who, _)| who).collect();
            self.promises.opened = Some(self.talk.seq);
        }
    }

    /// Somebody comes in, or leaves: nothing is promised to it any more. Whether something was.
    pub(crate) fn release(&mut self, who: Slot) -> bool {
        if !self.promises.to.remove(&who) {
            return false;
        }
        if self.promises.to.is_empty() {
            self.refresh_views();
        }
        true
    }

    /// Whether the JID of somebody is hidden from those who see real JIDs only since everybody does.
    pub(crate) fn is_promised(&self, who: Slot) -> bool {
        self.promises.to.contains(&who)
    }

    /// Whether an account sees real JIDs, whoever else does.
    pub(crate) fn sees_through(&self, bare: &str) -> bool {
        let config = Config { visibility: Visibility::Moderators, ..self.config.clone() };
        let subject = self.subject(bare);
        match &self.policy {
            Some(policy) if !self.is_admin(bare) => policy.decide(&config, &subject, Verb::ViewRealJid).allowed,
            _ => allows(&config, subject.affiliation, subject.role, Verb::ViewRealJid),
        }
    }

    /// Whether a participant may see real JIDs, and whose.
    pub(crate) fn sight(&self, person: &Person) -> View {
        if !self.may(person, Verb::ViewRealJid) {
            return View::Plain;
        }
        let all = self.promises.to.is_empty() || {
            let jid = self.people.find_id(person.id).map_or("", |who| self.people.jid(who));
            self.sees_through(jid)
        };
        if all { View::Jids } else { View::Open }
    }

    /// Whether readers of a class see the JID of somebody.
    pub(crate) fn shows_jid(&self, view: View, who: Slot) -> bool {
        view == View::Jids || (view == View::Open && !self.is_promised(who))
    }

    /// Whether an account reads the member list: not while it holds JIDs that are hidden from it.
    pub(crate) fn reads_members(&self, bare: &str) -> bool {
        self.permits(bare, Verb::ViewMembers) && (self.promises.to.is_empty() || self.sees_through(bare))
    }

    /// Whether a list says to an account which nicknames belonged to whom: not where some of them were hidden from it.
    pub(crate) fn reads_nicks(&self, bare: &str) -> bool {
        self.promises.opened.is_none() || self.sees_through(bare)
    }

    /// Whether a reader may learn who wrote the archived message of that number.
    pub(crate) fn reads_author(&self, reader: &Person, seq: u64) -> bool {
        let since = |opened: u64| seq > opened;
        self.may(reader, Verb::ViewRealJid)
            && (self.promises.opened.is_none_or(since)
                || self.people.find_id(reader.id).is_some_and(|who| self.sees_through(self.people.jid(who))))
    }

    /// Whether promises fit the room.
    pub(super) fn check_promises(&self) -> Result<(), &'static str> {
        let open = self.config.visibility == Visibility::Everyone;
        let here = self.promises.to.iter().all(|&who| self.people.get(who).is_some());
        let fits = open || (self.promises.to.is_empty() && self.promises.opened.is_none());
        let late = self.promises.opened.is_some_and(|opened| opened > self.talk.seq);
        if here && fits && !late { Ok(()) } else { Err("a JID is hidden that nobody was promised to hide") }
    }
}
