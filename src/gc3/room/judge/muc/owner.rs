//! What owners do by XEP-0045: configure the room, the first time and later, and end it (§10.1, §10.2, §10.9).

use std::collections::BTreeSet;

use jid::{BareJid, Jid};
use minidom::Element;

use super::super::administration::{Actor, Judged, enlist, no, whole};
use crate::codec::{Stanza, StanzaError, StanzaType};
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::config::Config;
use crate::gc3::form::{self, Problem, Ranks, RoomConfig};
use crate::gc3::refusals::{BAD_REQUEST, FORBIDDEN, INCOMPLETE, JID_MALFORMED, NOT_FOUND};
use crate::gc3::room::judge::{Change, Reply, Sender, Verdict, answered, refuse};
use crate::gc3::room::state::{Configuring, Edits, Ending, State, short_reason};
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
        return (rule::O1, Verdict::Answer(Reply::MucConfig(ranks(state, sender.bare))));
    }
    let Some(x) = query.get_child("x", ns::DATA) else { return refuse(rule::O8, BAD_REQUEST) };
    match RoomConfig::read(x, &state.config, &state.limits) {
        Ok(RoomConfig::CalledOff) if state.locked => (rule::O3, Verdict::Accept(Change::Destroy(Ending::default()))),
        Ok(RoomConfig::CalledOff) => (rule::O4, Verdict::Answer(Reply::Done)),
        Ok(RoomConfig::AsItIs) if state.locked => (rule::O2, Verdict::Accept(Change::Unlock)),
        Ok(RoomConfig::AsItIs) => (rule::O4, Verdict::Answer(Reply::Done)),
        Ok(RoomConfig::Config(config, ranks)) => match governing(state, sender, &ranks) {
            Ok(edits) => configure(state, sender, *config, edits),
            Err((why, error)) => refuse(why, error),
        },
        Err(problem) => {
            let (why, error) = broken(problem);
            refuse(why, error)
        }
    }
}

/// What changes by a form that can be read: options, and who governs the room.
fn configure(state: &State, sender: &Sender<'_>, config: Config, edits: Edits) -> (Rule, Verdict) {
    let same = config == state.config;
    match (state.locked, edits.entries.is_empty()) {
        (true, true) if same => return (rule::O2, Verdict::Accept(Change::Unlock)),
        (false, true) if same => return (rule::O5, Verdict::Answer(Reply::Done)),
        (false, false) if same => return (rule::O13, Verdict::Accept(Change::Edit(edits))),
        _ => {}
    }
    let mut rules = if state.locked { vec![rule::O10] } else { Vec::new() };
    let old = &state.config;
    let said = |config: &Config| (config.language.clone(), config.pubsub.clone(), config.max_history);
    let took_part = [
        (!edits.entries.is_empty(), rule::O13),
        (config.list_visible != old.list_visible, rule::O14),
        (config.member_list != old.member_list, rule::O15),
        (said(&config) != said(old), rule::O16),
    ];
    rules.extend(took_part.into_iter().filter_map(|(is, rule)| is.then_some(rule)));
    let actor = state.id_of(sender.bare);
    let configuring = Configuring { config, actor, rules, edits: Some(edits) };
    (rule::O5, Verdict::Accept(Change::Configure(Box::new(configuring))))
}

/// The changes of the access list after which exactly those govern whom the lists name. Who is an owner no more is an
/// administrator, and who is neither a member (§10.2).
fn governing(state: &State, sender: &Sender<'_>, ranks: &Ranks) -> Judged<Edits> {
    if *ranks == Ranks::default() {
        return Ok(Edits::by(state.id_of(sender.bare)));
    }
    let present = present(state);
    let (admins, owners) = (ranks.admins.as_ref(), ranks.owners.as_ref());
    if admins.zip(owners).is_some_and(|(admins, owners)| !admins.is_disjoint(owners)) {
        return no(rule::O7, INCOMPLETE);
    }
    let wanted = |jid: &BareJid, was: Affiliation| {
        let named = |list: Option<&BTreeSet<BareJid>>| list.map(|list| list.contains(jid));
        match (named(owners), named(admins)) {
            (Some(true), _) => Affiliation::Owner,
            (None, _) if was == Affiliation::Owner => Affiliation::Owner,
            (_, Some(true)) => Affiliation::Admin,
            (Some(false), None) if was == Affiliation::Owner => Affiliation::Admin,
            (_, Some(false)) if was >= Affiliation::Admin => Affiliation::Member,
            _ => was,
        }
    };
    let mut actor = Actor::of(state, sender);
    actor.may_step_down = true;
    let mut edits = Edits::by(actor.id);
    let lists = [&present.admins, &present.owners, &ranks.admins, &ranks.owners];
    let all: BTreeSet<&BareJid> = lists.into_iter().flatten().flatten().collect();
    for jid in all {
        let (bare, id) = (jid.as_str(), state.id_of(jid.as_str()));
        let was = state.access.affiliation(bare, id);
        let to = wanted(jid, was);
        if to != was {
            actor.may_affiliate(state, id, was, to)?;
            enlist(state, bare, to, None, &mut edits.entries);
        }
    }
    whole(state, actor.notes(state, edits))
}

/// Who governs the room now, by the entries of the access list.
fn present(state: &State) -> Ranks {
    let of = |rank: Affiliation| {
        let listed = state.access.iter().filter(|(_, entry)| entry.affiliation == rank);
        Some(listed.filter_map(|(key, _)| BareJid::new(key.text()).ok()).collect())
    };
    Ranks { admins: of(Affiliation::Admin), owners: of(Affiliation::Owner) }
}

/// The lists that a form shows to somebody: those who may not change them do not see them.
pub(crate) fn ranks(state: &State, bare: &str) -> Ranks {
    if state.permits(bare, Verb::ChangeOwners) { present(state) } else { Ranks::default() }
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
    (rule::O12, Verdict::Accept(Change::Destroy(Ending::default())))
}
