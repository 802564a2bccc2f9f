//! Answers about invitations by token (XEP-0488).

use super::super::state::{Invite, State};
use super::{Out, result};
use crate::codec::{Stanza, Writer};
use crate::gc3::id::ParticipantId;
use crate::ns;
use crate::rule::Rule;

/// A token that was just given.
pub(crate) fn given(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, token: &str) {
    let Some(invite) = state.invites.get(token, state.now) else { return };
    result(out, why, stanza, |writer| write(state, writer, token, invite));
}

/// The tokens that somebody gave, or all.
pub(super) fn list(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, of: Option<ParticipantId>) {
    result(out, why, stanza, |writer| {
        writer.open("tokens", ns::TOKEN_INVITE);
        for (token, invite) in state.invites.iter(state.now).filter(|(_, invite)| of.is_none_or(|id| id == invite.by)) {
            write(state, writer, token, invite);
        }
        writer.close();
    });
}

/// A token with what is left of it: whole seconds, at least one.
fn write(state: &State, writer: &mut Writer, token: &str, invite: &Invite) {
    let seconds = (invite.until.since(state.now).millis() / 1000).max(1);
    writer.open("token", ns::TOKEN_INVITE).attr("delay", &seconds.to_string());
    if let Some(uses) = invite.uses {
        writer.attr("counter", &uses.to_string());
    }
    writer.text(token).close();
}
