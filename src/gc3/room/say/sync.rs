//! The answer to `<sync/>` (G5).

use super::result;
use crate::codec::Stanza;
use crate::gc3::room::Out;
use crate::gc3::room::judge::{SyncReply, last_readable};
use crate::gc3::room::state::State;
use crate::ns;
use crate::rule::Rule;

/// Tells somebody what the room knows of it.
pub(crate) fn synced(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &SyncReply) {
    result(out, why, stanza, |writer| {
        writer.open("sync", ns::GC3);
        match reply.who.and_then(|who| Some((who, state.people.get(who)?))) {
            Some((who, person)) => {
                writer.attr("joined", "yes").attr("session", if reply.session { "yes" } else { "no" });
                writer.attr("subscribed", &reply.topics.names());
                writer.attr("id", person.id.as_str()).attr("nick", &person.nick);
                writer.attr("version", &state.version_text(state.version.counter));
                writer.attr_opt("last", last_readable(state, who)).attr("missed", reply.missed);
            }
            None => {
                writer.attr("joined", "no");
                let bare = stanza.from.as_ref().map(|from| from.to_bare());
                let id = bare.as_ref().map(|bare| state.id_of(bare.as_str()));
                if let Some(tomb) = id.and_then(|id| state.tombs.get(id)).filter(|tomb| tomb.trace) {
                    writer.open("left", ns::GC3).attr("stamp", &tomb.left.to_string());
                    writer.attr("why", tomb.why.name()).close();
                }
            }
        }
        writer.close();
    });
}
