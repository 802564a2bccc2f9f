//! Reports of participants (RP1–RP7).

use minidom::Element;

use super::{Change, FORBIDDEN, NOT_FOUND, Sender, TOO_FAST, Verdict, refuse, retraction};
use crate::gc3::id::ParticipantId;
use crate::gc3::room::state::{Bound, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// How many reported messages one report may name.
const MESSAGES: usize = 16;

/// A report of a participant.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) reporter: ParticipantId,
    pub(crate) reported: ParticipantId,
    /// The reported messages that are there and theirs.
    pub(crate) messages: Vec<Box<str>>,
    /// Whether others were named.
    pub(crate) dropped: bool,
}

/// Decides about a report.
pub(super) fn report(state: &State, sender: &Sender<'_>, demand: &Element) -> (Rule, Verdict) {
    let Some((occupant, report)) = parts(demand) else { return refuse(rule::RP1, BAD_REQUEST) };
    let reporter = state.id_of(sender.bare);
    let lately = |left| state.now.since(left) <= state.limits.report_after;
    if sender.who.is_none() && !state.tombs.get(reporter).is_some_and(|tomb| lately(tomb.left)) {
        return refuse(rule::RP2, FORBIDDEN);
    }
    if !state.allowance(Bound::Report, sender.bare).allows(state.limits.reports, state.now) {
        return refuse(rule::RP7, TOO_FAST);
    }
    let known = |id: &ParticipantId| state.people.find_id(*id).is_some() || state.tombs.get(*id).is_some();
    let Some(reported) = occupant.attr("id").and_then(ParticipantId::parse).filter(known) else {
        return refuse(rule::RP3, NOT_FOUND);
    };
    let mut messages: Vec<Box<str>> = Vec::new();
    let mut dropped = false;
    for message in report.children().filter(|child| child.is("stanza-id", ns::SID)).take(MESSAGES) {
        let id = message.attr("id").filter(|_| message.attr("by") == Some(state.address.as_str())).unwrap_or_default();
        match retraction::find(state, id) {
            retraction::Known::Original(original) if original.archived && original.record.author == Some(reported) => {
                messages.push(id.into());
            }
            // The host is asked once: for the first message that only it can know.
            retraction::Known::Ask if state.found.is_none() => return retraction::ask(state, id),
            _ => dropped = true,
        }
    }
    let report = Report { reporter, reported, messages, dropped };
    (rule::RP1, Verdict::Accept(Change::Report(report)))
}

/// The one occupant-id and the one report of a `<report-participant/>`.
fn parts(demand: &Element) -> Option<(&Element, &Element)> {
    let one = |name: &str, namespace: &str| {
        let mut all = demand.children().filter(|child| child.is(name, namespace));
        all.next().filter(|_| all.next().is_none())
    };
    let report = one("report", ns::REPORTING).filter(|report| report.attr("reason").is_some())?;
    Some((one("occupant-id", ns::OCCUPANT_ID)?, report)).filter(|_| demand.name() == "report-participant")
}
