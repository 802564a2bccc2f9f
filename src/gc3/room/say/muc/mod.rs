//! What is told to those who enter by presence, in XEP-0045 and in `urn:xmpp:muc:0`: written once for each dialect and
//! class of readers, and once for the one whom it is about.
//!
//! Presence of an occupant is written by [`presence`]; everything that changes what somebody is in the room
//! ([`changed`]), removes somebody ([`gone`]) or reconfigures the room ([`configured`]) is told from here, whichever
//! dialect it was asked in.

pub(crate) mod admin;
mod ends;
mod history;
mod joining;
mod presence;
mod talk;
pub(crate) mod versions;

pub(crate) use ends::{astray, before_the_end, configured, destroyed, ended, gone, shut_down};
pub(crate) use joining::occupied;
pub(crate) use presence::{Entry, changed, entered, hidden, renamed, revealed, shown, shown_to_others};
pub(crate) use talk::{forwarded, moderated, private, reflection, spoken};

use crate::codec::{Fragment, Writer};
use crate::gc3::room::state::{Slot, State};
use crate::ns;

/// Writes a status code of `muc#user`.
fn write_status(writer: &mut Writer, code: u16) {
    writer.open("status", ns::MUC_USER).attr("code", &code.to_string()).close();
}

/// Writes the nickname of somebody whose name is another.
fn write_real_nick(state: &State, who: Slot, writer: &mut Writer) {
    if state.has_other_name(who)
        && let Some(person) = state.people.get(who)
    {
        super::write_nick(writer, &person.nick);
    }
}

/// Writes the vCard that holds the room's picture, empty if it has none.
pub(super) fn write_card(state: &State, writer: &mut Writer) {
    match &state.avatar {
        Some(avatar) => {
            writer.fragment(&Fragment::of(avatar.card.clone()));
        }
        None => {
            writer.open("vCard", ns::VCARD).close();
        }
    }
}
