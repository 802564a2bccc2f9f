//! What a room knows for the sake of `urn:xmpp:muc:0`: accounts that occupy it by their bare JIDs.

use super::{Departed, Joining, Marks, Person, Slot, State, Why};
use crate::gc3::acl::{Affiliation, Role, Subject, Verb};

impl State {
    /// Whether rooms of this service are entered by presence, in one dialect or another.
    pub(crate) const fn by_presence(&self) -> bool {
        self.muc || self.muc2
    }

    /// Whether somebody who is nothing in particular sees real JIDs.
    pub(crate) fn shows_jids(&self) -> bool {
        let anybody = Subject { jid: "", affiliation: Affiliation::None, role: Some(Role::Participant), hats: None };
        self.decides(&anybody, Verb::ViewRealJid)
    }

    /// Notes whose real JIDs can be seen now.
    pub(crate) fn note_revealed(&mut self) {
        if self.shows_jids() {
            let seen = |(who, _): (Slot, &Person)| (!self.is_promised(who)).then_some(who);
            let people: Vec<Slot> = self.people.iter().filter_map(seen).collect();
            for who in people {
                if let Some(person) = self.people.get_mut(who) {
                    person.marks.set(Marks::REVEALED, true);
                }
            }
        }
    }

    /// An account occupies the room by its bare JID from now on; who it is, and whether it was not in at all before.
    pub(crate) fn occupy(&mut self, who: Result<Slot, Joining>) -> (Slot, bool) {
        let (who, new) = match who {
            Ok(who) => (who, false),
            Err(joining) => (self.admit(joining), true),
        };
        if let Some(person) = self.people.get_mut(who)
            && !person.is(Marks::BARE)
        {
            person.marks.set(Marks::BARE, true);
            self.touch(who);
        }
        (who, new)
    }

    /// An account does not occupy the room by its bare JID any more; gives it back if it is not in otherwise.
    pub(crate) fn vacate(&mut self, who: Slot) -> Option<Departed> {
        let person = self.people.get_mut(who)?;
        person.marks.set(Marks::BARE, false);
        if person.is_ephemeral() && self.occupants_of(who).is_empty() {
            return self.depart(who, Why::Left, None);
        }
        self.touch(who);
        None
    }
}
