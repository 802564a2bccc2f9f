//! Errors and results that come back to the room (P6, G9.5).

use super::{Sender, Verdict};
use crate::codec::Stanza;
use crate::gc3::room::state::State;
use crate::gc3::rules::table as rule;
use crate::rule::Rule;

/// Decides about a result or an error.
pub(super) fn returned(_state: &State, _stanza: &Stanza, _sender: &Sender<'_>) -> (Rule, Verdict) {
    (rule::G13_6, Verdict::Drop)
}
