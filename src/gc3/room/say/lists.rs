//! Items of the participant list (G2.1–G2.3).

use crate::codec::Writer;
use crate::gc3::acl::Role;
use crate::gc3::room::state::{Departed, Person, Slot, State, Tomb, View};
use crate::ns;
use crate::time::Time;

/// Writes the item of somebody who is in, as a reader with that view may see it.
pub(crate) fn write_item(state: &State, who: Slot, person: &Person, view: View, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", person.id.as_str()).attr("nick", &person.nick);
    writer.attr("affiliation", person.affiliation.name());
    let role = state.role(person);
    if role != Role::initial(&state.config, person.affiliation) || role != Role::Participant {
        writer.attr("role", role.name());
    }
    if view == View::Jids {
        writer.attr("jid", state.people.jid(who));
    }
    if person.shown.is_some() {
        writer.attr("online", "yes");
    }
    writer.close();
}

/// Writes the item of somebody who just left.
pub(crate) fn write_leaver(gone: &Departed, now: Time, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", gone.person.id.as_str()).attr("nick", &gone.person.nick);
    writer.attr("left", &now.to_string()).attr("why", gone.why.name());
    if let Some(reason) = &gone.reason {
        writer.leaf("reason", ns::GC3, reason);
    }
    writer.close();
}

/// Writes the item of somebody who left some time ago.
pub(crate) fn write_tomb(id: &str, tomb: &Tomb, writer: &mut Writer) {
    writer.open("item", ns::GC3).attr("id", id).attr("nick", &tomb.nick);
    writer.attr("left", &tomb.left.to_string()).attr("why", tomb.why.name()).close();
}
