//! Retracting one's own message (G8.1, G8.2).

use super::{FORBIDDEN, Verdict, refuse};
use crate::gc3::host::Record;
use crate::gc3::id::ParticipantId;
use crate::gc3::room::state::State;
use crate::gc3::rules::table as rule;
use crate::rule::Rule;

/// The tombstone of a message that its author retracts.
pub(super) fn own(state: &State, author: ParticipantId, id: &str) -> Result<Box<Record>, (Rule, Verdict)> {
    let _ = (state, author, id);
    Err(refuse(rule::G8_1, FORBIDDEN))
}
