//! What owners do by XEP-0045: configure the room, the first time and later, and end it (§10.1, §10.2, §10.9).

use jid::Jid;
use minidom::Element;

use crate::codec::{Stanza, StanzaError, StanzaType};
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::form::{self, Problem, RoomConfig};
use crate::gc3::refusals::{BAD_REQUEST, FORBIDDEN, INCOMPLETE, JID_MALFORMED, NOT_FOUND};
use crate::gc3::room::judge::{Change, Reply, Sender, Verdict, answered, refuse};
use crate::gc3::room::state::{Configuring, Ending, State, short_reason};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::rule::Rule;

/// Decides about a request of `muc#owner`.
pub(super) fn owner(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    if let Some(destroy) = query.get_child("destroy", ns::MUC_OWNER).filter(|_| stanza.type_ == StanzaType::Set) {
        return end(state, sender, destroy);
    }
    if !state.permits(sender.bare, Verb::Configure) {
        return refuse(rule::O6, FORBIDDEN);
    }
    if stanza.type_ != StanzaType::Set {
        return (rule::O1, Verdict::Answer(Reply::MucConfig));
    }
    let Some(x) = query.get_child("x", ns::DATA) else { return refuse(rule::O8, BAD_REQUEST) };
    match RoomConfig::read(x, &state.config, &state.limits) {
        Ok(RoomConfig::CalledOff) if state.locked => {
            let ending = Ending { alternate: None, reason: None, password: None, rules: Vec::new() };
            (rule::O3, Verdict::Accept(Change::Destroy(ending)))
        }
        Ok(RoomConfig::CalledOff) => (rule::O4, Verdict::Answer(Reply::Done)),
        Ok(RoomConfig::AsItIs) if state.locked => (rule::O2, Verdict::Accept(Change::Unlock)),
        Ok(RoomConfig::AsItIs) => (rule::O4, Verdict::Answer(Reply::Done)),
        Ok(RoomConfig::Config(config)) if *config == state.config => match state.locked {
            true => (rule::O2, Verdict::Accept(Change::Unlock)),
            false => (rule::O5, Verdict::Answer(Reply::Done)),
        },
        Ok(RoomConfig::Config(config)) => {
            let rules = if state.locked { vec![rule::O10] } else { Vec::new() };
            let actor = state.id_of(sender.bare);
            let configuring = Configuring { config: *config, actor, rules };
            (rule::O5, Verdict::Accept(Change::Configure(Box::new(configuring))))
        }
        Err(problem) => {
            let (why, error) = broken(problem);
            refuse(why, error)
        }
    }
}

/// A form that cannot be read is bad; one that says what the room cannot be is not acceptable (§10.1.3).
fn broken(problem: Problem) -> (Rule, StanzaError<'static>) {
    match problem {
        Problem::Kind | Problem::Field => (rule::O8, BAD_REQUEST),
        Problem::Unknown | Problem::Missing | Problem::Fixed | Problem::Contradiction => (rule::O7, INCOMPLETE),
        _ => form::refusal(problem),
    }
}

/// Decides about the end of the room.
fn end(state: &State, sender: &Sender<'_>, destroy: &Element) -> (Rule, Verdict) {
    if !state.permits(sender.bare, Verb::Destroy) {
        return refuse(rule::O6, FORBIDDEN);
    }
    let alternate = match destroy.attr("jid").filter(|jid| !jid.is_empty()).map(Jid::new) {
        None => None,
        Some(Ok(jid)) => Some(jid.to_bare().as_str().into()),
        Some(Err(_)) => return refuse(rule::O9, JID_MALFORMED),
    };
    let text = |name| destroy.get_child(name, ns::MUC_OWNER).map(|child| short_reason(&child.text()));
    let (reason, password) =
        (text("reason").filter(|text| !text.is_empty()), text("password").filter(|text| !text.is_empty()));
    (rule::O9, Verdict::Accept(Change::Destroy(Ending { alternate, reason, password, rules: Vec::new() })))
}

/// A room that waits for its first configuration is there for its owner alone.
pub(in super::super) fn hidden(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> Option<(Rule, Verdict)> {
    if !state.locked || state.rank(sender.bare) == Affiliation::Owner {
        return None;
    }
    Some(if answered(stanza) { refuse(rule::O11, NOT_FOUND) } else { (rule::O11, Verdict::Drop) })
}

/// Whoever leaves before the first configuration takes the room along (§10.1.3).
pub(in super::super) fn abandoned() -> (Rule, Verdict) {
    let ending = Ending { alternate: None, reason: None, password: None, rules: Vec::new() };
    (rule::O12, Verdict::Accept(Change::Destroy(ending)))
}
