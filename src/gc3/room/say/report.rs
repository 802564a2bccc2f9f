//! Reports reach those who can act on them (RP5).

use super::{also, own_header, result, send_one, write_occupant_id};
use crate::codec::{Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::host::Notice;
use crate::gc3::room::Out;
use crate::gc3::room::judge::Report;
use crate::gc3::room::state::{Key, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::write_report;
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;

/// Sends a report, rebuilt, to the owners and admins, but not to the one whom it is about.
pub(crate) fn reported(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, report: &Report) {
    result(out, why, stanza, |_| {});
    let Some(element) = stanza.payload().and_then(|payload| payload.get_child("report", ns::REPORTING)) else { return };
    let room = state.address.as_str();
    let messages: Vec<(&str, &str)> = report.messages.iter().map(|id| (room, &**id)).collect();
    let message = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
        writer.open("report-participant", ns::GC_REPORT);
        write_occupant_id(writer, report.reported);
        write_report(element, &messages, writer);
        writer.close();
        write_occupant_id(writer, report.reporter);
    });
    for (key, entry) in state.access.iter() {
        if let Key::Account(jid) = key
            && entry.affiliation >= Affiliation::Admin
            && state.id_of(jid) != report.reported
        {
            send_one(out, rule::RP5, jid, &message);
        }
    }
    if report.dropped {
        also(out, rule::RP4);
    }
    if let Ok(room) = jid::BareJid::new(room) {
        out.push(rule::RP5, Action::Tell(Notice::Reported { room }));
    }
}
