//! What a bare JID is told that occupies the room.

use super::history;
use crate::codec::Stanza;
use crate::gc3::room::Out;
use crate::gc3::room::say::result;
use crate::gc3::room::state::{Dialect, Slot, State};
use crate::ns;
use crate::rule::Rule;

/// Answers with the nickname, and sends the subject. The answer comes first: until it has that, an account's server takes
/// no message of the room.
pub(crate) fn occupied(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, who: Slot) {
    let Some(person) = state.people.get(who) else { return };
    result(out, why, stanza, |writer| {
        writer.open("join", ns::MUC2).leaf("nickname", ns::MUC2, &person.nick).close();
    });
    history::subject(state, out, who, (Dialect::Muc2, state.people.jid(who)));
}
