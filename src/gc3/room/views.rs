//! What a host may look at in a room.

use super::machine::Room;
use super::state::Dialect;
use crate::gc3::id::ParticipantId;

impl Room {
    /// Everybody in the room with the name that they have now, in no order to rely on.
    pub fn participants(&self) -> impl Iterator<Item = (ParticipantId, &str)> {
        self.state.people.iter().map(|(_, person)| (person.id, &*person.nick))
    }

    /// Whether an account, by its normalised bare JID, is in the room.
    #[must_use]
    pub fn has_participant(&self, bare: &str) -> bool {
        self.state.people.find(bare).is_some()
    }

    /// Whether a full JID, normalised, has a session that hears messages.
    #[must_use]
    pub fn hears_messages(&self, full: &str) -> bool {
        let sessions = &self.state.sessions;
        let hears = |seat| Dialect::ALL.iter().any(|&dialect| sessions.hearing_messages(dialect).contains(seat));
        sessions.find(full).is_some_and(hears)
    }
}
