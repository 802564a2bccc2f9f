//! One's own settings, the configuration, and the end of the room (G1.5–G1.7, C1, C2, G12, SP2, SP3, G3.5).

use jid::Jid;
use minidom::Element;

use super::administration::fresh;
use super::{CONFLICT, Change, FORBIDDEN, NOT_IN, Refusal, Reply, Sender, TOO_FAST, Verdict, joining, lacks, refuse};
use crate::codec::{FormType, Stanza, StanzaType};
use crate::gc3::acl::Verb;
use crate::gc3::config::Config;
use crate::gc3::form::{self, ConfigForm, OwnForm, Problem};
use crate::gc3::host::ParentFact;
use crate::gc3::room::state::{Bound, Configuring, Ending, OwnSettings, State, short_reason};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// The refusal of a form.
fn broken(problem: Problem) -> (Rule, Verdict) {
    let (why, error) = form::refusal(problem);
    // What contradicts the kind contradicts itself, too.
    let also = (problem == Problem::Fixed).then_some(rule::G1_5);
    (why, Verdict::Refuse(Refusal { also, ..error.into() }))
}

/// Decides about `<participant/>`.
pub(super) fn own(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    let Some((who, person)) = sender.who.and_then(|who| Some((who, state.people.get(who)?))) else {
        return refuse(rule::G14_9, NOT_IN);
    };
    if stanza.type_ != StanzaType::Set {
        return (rule::G1_7, Verdict::Answer(Reply::Own(who, FormType::Form)));
    }
    let Some(form) = element.get_child("x", ns::DATA) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let form = match OwnForm::read(form, &state.limits) {
        Ok(form) => form,
        Err(problem) => return broken(problem),
    };
    let mut rules = vec![rule::G1_5];
    let mut nick = None;
    if let Some(wanted) = form.nickname.filter(|wanted| **wanted != *person.nick) {
        let Some(free) = joining::free_variant(state, &wanted, Some(who), sender.bare) else {
            return refuse(rule::G11_3, CONFLICT);
        };
        rules.extend((free != wanted).then_some(rule::J4));
        if !state.may(person, Verb::ChangeNick) {
            return lacks(state, rule::G14_10);
        }
        if *free != *person.nick {
            rules.push(rule::J10);
            nick = Some(free.into());
        }
    }
    let OwnForm { push, profile, show_presence, .. } = form;
    (rule::G1_7, Verdict::Accept(Change::Own(OwnSettings { who, nick, push, profile, show_presence, rules })))
}

/// Decides about `<config/>`.
pub(super) fn config(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    let configures = state.permits(sender.bare, Verb::Configure);
    if stanza.type_ != StanzaType::Set {
        return match configures || sender.who.is_some() {
            true => (rule::G1_1, Verdict::Answer(Reply::Config { configures })),
            false => refuse(rule::G14_10, FORBIDDEN),
        };
    }
    if !configures {
        return lacks(state, rule::G14_10);
    }
    let mut rules = vec![rule::G1_5];
    if let Err((why, error)) = fresh(element, &state.version_text(state.config_version), &mut rules) {
        return refuse(why, error);
    }
    let Some(form) = element.get_child("x", ns::DATA) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let config = match ConfigForm::read(form, &state.config, state.domain(), &state.limits) {
        Ok(form) => form.config,
        Err(problem) => return broken(problem),
    };
    if config == state.config {
        return (rule::G1_6, Verdict::Answer(Reply::Done));
    }
    let administers = state.is_admin(sender.bare);
    if config.aliases != state.config.aliases
        && let Some(refused) = aliases(state, administers, &config)
    {
        return refused;
    }
    if config.parent != state.config.parent && !config.parent.is_empty() {
        match state.fact(sender.bare, &config.parent, ParentFact::Publisher) {
            Some(true) => {}
            Some(false) => return refuse(rule::SP3, FORBIDDEN),
            None => return super::ask_parent(state, rule::SP3, ParentFact::Publisher, &config.parent),
        }
    }
    rules.extend(administers.then_some(rule::G13_1));
    let actor = state.id_of(sender.bare);
    (rule::G1_6, Verdict::Accept(Change::Configure(Box::new(Configuring { config, actor, rules, edits: None }))))
}

/// Why other aliases cannot be set, if they cannot. Whether they are free is the service's word.
fn aliases(state: &State, administers: bool, config: &Config) -> Option<(Rule, Verdict)> {
    let may = administers || (state.alias_policy && config.listed);
    if !may {
        return Some(refuse(rule::G12_3, FORBIDDEN));
    }
    if !state.allowance(Bound::Aliases, "").allows(state.limits.alias_changes, state.now) {
        return Some(refuse(rule::G12_4, TOO_FAST));
    }
    match state.alias_check {
        Some(Err((why, error))) => Some(refuse(why, error)),
        _ => None,
    }
}

/// Decides about `<destroy/>`.
pub(super) fn destroy(state: &State, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    if !state.permits(sender.bare, Verb::Destroy) {
        return lacks(state, rule::G14_10);
    }
    let alternate = match element.attr("jid").map(Jid::new) {
        None => None,
        Some(Ok(jid)) => Some(jid.to_bare().as_str().into()),
        Some(Err(_)) => return refuse(rule::G14_12, BAD_REQUEST),
    };
    let reason = element.get_child("reason", ns::GC3).map(|reason| short_reason(&reason.text()));
    let rules = if state.is_admin(sender.bare) { vec![rule::G13_1] } else { Vec::new() };
    let reason = reason.filter(|reason| !reason.is_empty());
    (rule::G3_5, Verdict::Accept(Change::Destroy(Ending { alternate, reason, password: None, rules })))
}
