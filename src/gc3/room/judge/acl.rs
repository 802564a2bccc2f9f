//! Who says who may do what: reading and changing groups, their values, and the table of affiliations.

use std::collections::{BTreeMap, BTreeSet};

use jid::BareJid;
use minidom::Element;

use super::administration::Judged;
use super::{CONFLICT, Change, FORBIDDEN, Reply, Sender, TOO_FAST, TOO_MANY, Verdict, refuse};
use crate::codec::{Stanza, StanzaError, StanzaType};
use crate::gc3::acl::{Affiliation, Of, Policy, RankChange, Role, Value, Verb};
use crate::gc3::refusals::{NOT_ALLOWED, NOT_FOUND};
use crate::gc3::room::state::{Bound, EntryEdit, Hats, Ruled, Ruling, State};
use crate::gc3::rules::acl as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// The address of the group that everybody is in.
pub(crate) const EVERYONE: &str = "urn:xmpp:entity-acl:everyone:0";

/// What is read.
#[derive(Clone, Debug)]
pub(crate) enum AclReply {
    Groups,
    /// The values of the group at that place, and which verbs the asker holds.
    Values(usize, BTreeSet<Verb>),
    /// What the asker may do.
    Mine(BTreeSet<Verb>),
    /// The table of affiliations.
    Ranks,
}

pub(super) const fn no<T>(why: Rule, error: StanzaError<'static>) -> Judged<T> {
    Err((why, error))
}

/// Decides about everything in the namespaces of access control.
pub(super) fn acl(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    let set = stanza.type_ == StanzaType::Set;
    if element.name() == "my-access" {
        let why = match state.policy {
            _ if state.rank(sender.bare) == Affiliation::Outcast => rule::A1,
            Some(_) => rule::W5,
            None => rule::D1,
        };
        return (why, Verdict::Answer(Reply::Acl(AclReply::Mine(held(state, sender.bare)))));
    }
    if !state.permits(sender.bare, Verb::ChangeAcl) {
        return refuse(rule::W13, FORBIDDEN);
    }
    if set && !state.allowance(Bound::Acl, sender.bare).allows(state.limits.acl, state.now) {
        return refuse(rule::W9, TOO_FAST);
    }
    let changed = match (element.name(), set) {
        ("acl-groups", false) => return (rule::W1, Verdict::Answer(Reply::Acl(AclReply::Groups))),
        ("group-access-list", false) => return values(state, sender, element),
        ("acl-groups", true) => groups(state, element),
        ("group-access-list", true) => set_values(state, sender, element),
        (_, false) => return (rule::W12, Verdict::Answer(Reply::Acl(AclReply::Ranks))),
        (_, true) => ranks(state, sender, element),
    };
    let why = match element.name() {
        "acl-groups" => rule::W4,
        "group-access-list" => rule::W3,
        _ => rule::W12,
    };
    let judged = changed.and_then(|(policy, note)| {
        let Some(policy) = policy else { return Ok(None) };
        guarded(state, sender.bare, &policy, &state.hats)?;
        let mut rules = vec![rule::A7];
        rules.extend(element.attr("if-version").map(|_| rule::W7));
        let what = Ruled::Policy(Box::new(policy));
        Ok(Some(Ruling { actor: state.id_of(sender.bare), what, note, rules }))
    });
    match judged {
        Ok(Some(ruling)) => (why, Verdict::Accept(Change::Rule(ruling))),
        // Nothing is another than before.
        Ok(None) => (why, Verdict::Answer(Reply::Done)),
        Err((why, error)) => refuse(why, error),
    }
}

/// The policy as it is, also where nobody changed it.
pub(crate) fn present(state: &State) -> Policy {
    state.policy.as_deref().cloned().unwrap_or_default()
}

/// The verbs that an account holds.
pub(super) fn held(state: &State, bare: &str) -> BTreeSet<Verb> {
    Verb::ALL.iter().copied().filter(|&verb| state.permits(bare, verb)).collect()
}

/// What both kinds of change must not do: touch verbs that the asker does not hold (A8), take something from those who
/// rank above it (A5), or leave nobody to govern (A9).
pub(super) fn guarded(state: &State, actor: &str, after: &Policy, hats: &Hats) -> Judged<()> {
    let before = present(state);
    let held = held(state, actor);
    for &verb in Verb::ALL.iter().filter(|verb| !held.contains(verb)) {
        if !before.deciders(&state.config, verb).eq(after.deciders(&state.config, verb)) {
            return no(rule::A8, FORBIDDEN);
        }
    }
    let rank = state.rank(actor);
    for (bare, affiliation) in state.listed(&[]).filter(|&(_, affiliation)| affiliation > rank) {
        let (was, is) =
            (state.subject_under(bare, affiliation, &state.hats), state.subject_under(bare, affiliation, hats));
        let loses = |verb: &Verb| {
            before.decide(&state.config, &was, *verb).allowed && !after.decide(&state.config, &is, *verb).allowed
        };
        if Verb::ALL.iter().any(loses) {
            return no(rule::A5, NOT_ALLOWED);
        }
    }
    governed(state, after, hats, &[])
}

/// Whether somebody on the access list may configure the room and change rights.
pub(super) fn governed(state: &State, policy: &Policy, hats: &Hats, edits: &[EntryEdit]) -> Judged<()> {
    let governs = |(bare, affiliation): (&str, Affiliation)| {
        let subject = state.subject_under(bare, affiliation, hats);
        let may = |verb| policy.decide(&state.config, &subject, verb).allowed;
        may(Verb::Configure) && may(Verb::ChangeAcl)
    };
    if state.listed(edits).any(governs) { Ok(()) } else { no(rule::A9, CONFLICT) }
}

/// Reads `<group type= address=/>`.
fn group(element: &Element) -> Judged<Of> {
    let (Some(kind), Some(address)) = (element.attr("type"), element.attr("address")) else {
        return no(rule::W10, BAD_REQUEST);
    };
    if address.is_empty() || address.len() > 2048 {
        return no(rule::W10, BAD_REQUEST);
    }
    let unknown = (rule::W6, NOT_FOUND);
    let jid = || BareJid::new(address).map_err(|_| (rule::W10, BAD_REQUEST));
    match kind {
        ns::ENTITY_ACL if address == EVERYONE => Ok(Of::Everyone),
        ns::HATS => Ok(Of::Hat(address.into())),
        ns::ACL_ROLE => Role::parse(address).map(Of::Role).ok_or(unknown),
        ns::ACL_AFFILIATION => Affiliation::parse(address).map(Of::Affiliation).ok_or(unknown),
        ns::ACL_JID => jid().and_then(|jid| match jid.node() {
            Some(_) => Ok(Of::Account(jid.as_str().into())),
            None => no(rule::W10, BAD_REQUEST),
        }),
        ns::ACL_DOMAIN => jid().and_then(|jid| match jid.node() {
            None => Ok(Of::Domain(jid.as_str().into())),
            Some(_) => no(rule::W10, BAD_REQUEST),
        }),
        _ => Err(unknown),
    }
}

/// The one group that a request is about, with its place.
fn one_group(policy: &Policy, element: &Element) -> Judged<usize> {
    let mut groups = element.children().filter(|child| child.is("group", ns::ENTITY_ACL));
    let (Some(child), None) = (groups.next(), groups.next()) else { return no(rule::W10, BAD_REQUEST) };
    policy.find(&group(child)?).ok_or((rule::W6, NOT_FOUND))
}

fn values(state: &State, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    match one_group(&present(state), element) {
        Ok(at) => (rule::W2, Verdict::Answer(Reply::Acl(AclReply::Values(at, held(state, sender.bare))))),
        Err((why, error)) => refuse(why, error),
    }
}

/// A policy that is another, or none if it stays as it is; and what the audit list says.
type Changed = Judged<(Option<Policy>, String)>;

fn fresh(state: &State, element: &Element) -> Judged<()> {
    let version = state.version_text(state.policy.as_ref().map_or(0, |policy| policy.version));
    match element.attr("if-version") {
        Some(given) if given != version => no(rule::W7, CONFLICT),
        _ => Ok(()),
    }
}

/// Decides about values of one group.
fn set_values(state: &State, sender: &Sender<'_>, element: &Element) -> Changed {
    fresh(state, element)?;
    let mut policy = present(state);
    let at = one_group(&policy, element)?;
    // The draft's examples write the actions both beside the group and as if inside it.
    let inside = element.get_child("group", ns::ENTITY_ACL).into_iter().flat_map(|group| group.children());
    let beside = element.children().filter(|child| !child.is("group", ns::ENTITY_ACL));
    let actions: Vec<&Element> = inside.chain(beside).collect();
    if !actions.iter().all(|action| action.is("action", ns::ENTITY_ACL)) {
        return no(rule::A10, BAD_REQUEST);
    }
    let (held, mut seen) = (held(state, sender.bare), BTreeSet::new());
    let Some(group) = policy.groups().get(at).cloned() else { return no(rule::W6, NOT_FOUND) };
    let mut changed = false;
    for action in &actions {
        let (Some(id), Some(value)) = (action.attr("id"), action.attr("value")) else {
            return no(rule::W10, BAD_REQUEST);
        };
        let Some(verb) = Verb::parse(id) else { return no(rule::W6, NOT_FOUND) };
        let Some(value) = Value::parse(value) else { return no(rule::W10, BAD_REQUEST) };
        if !seen.insert(verb) {
            return no(rule::A7, BAD_REQUEST);
        }
        if group.of == Of::Everyone && value == Value::Default {
            return no(rule::A3, BAD_REQUEST);
        }
        if group.value(&state.config, verb) == value {
            continue;
        }
        if verb.is_fixed() {
            return no(rule::W11, NOT_ALLOWED);
        }
        if !held.contains(&verb) {
            return no(rule::A8, FORBIDDEN);
        }
        policy.set(at, verb, value);
        changed = true;
    }
    if actions.is_empty() {
        return no(rule::W10, BAD_REQUEST);
    }
    Ok((changed.then_some(policy), format!("acl {}", kind_and_address(&group.of).1)))
}

/// Decides about the list of groups.
fn groups(state: &State, element: &Element) -> Changed {
    fresh(state, element)?;
    let before = present(state);
    let mut order: Vec<Of> = Vec::new();
    for child in element.children() {
        if !child.is("group", ns::ENTITY_ACL) || child.children().next().is_some() {
            return no(rule::A10, BAD_REQUEST);
        }
        let of = group(child)?;
        if order.contains(&of) {
            return no(rule::A7, BAD_REQUEST);
        }
        order.push(of);
        if order.len() > state.limits.acl_groups {
            return no(rule::W8, TOO_MANY);
        }
    }
    let Some(after) = before.arranged(&order) else { return no(rule::W11, NOT_ALLOWED) };
    let same = before.groups().iter().map(|group| &group.of).eq(order.iter());
    Ok(((!same).then_some(after), "acl groups".to_owned()))
}

/// Decides about the table of affiliations: which changes are possible, and how many of each there may be.
fn ranks(state: &State, sender: &Sender<'_>, element: &Element) -> Changed {
    fresh(state, element)?;
    let mut after = present(state);
    let (mut changes, mut most) = (BTreeSet::new(), BTreeMap::new());
    let affiliation =
        |child: &Element, name: &str| child.attr(name).and_then(Affiliation::parse).ok_or((rule::W10, BAD_REQUEST));
    for child in element.children() {
        let new = if child.is("change", ns::ACL) {
            let [actor, from, to] = ["actor", "from", "to"].map(|name| affiliation(child, name));
            changes.insert(RankChange { actor: actor?, from: from?, to: to? })
        } else if child.is("count", ns::ACL) {
            let count = child.attr("max").and_then(|max| max.parse::<u32>().ok()).ok_or((rule::W10, BAD_REQUEST))?;
            most.insert(affiliation(child, "of")?, count).is_none()
        } else {
            return no(rule::A10, BAD_REQUEST);
        };
        if !new {
            return no(rule::A7, BAD_REQUEST);
        }
    }
    // What a higher rank may do is not the asker's to say.
    let rank = state.rank(sender.bare);
    let of_higher = |changes: &BTreeSet<RankChange>| {
        let higher: BTreeSet<RankChange> = changes.iter().copied().filter(|change| change.actor > rank).collect();
        higher
    };
    let changes = if changes.len() == all_changes().count() { None } else { Some(changes) };
    let full = |changes: &Option<BTreeSet<RankChange>>| changes.clone().unwrap_or_else(|| all_changes().collect());
    if of_higher(&full(&after.changes)) != of_higher(&full(&changes)) {
        return no(rule::A5, NOT_ALLOWED);
    }
    let same = after.changes == changes && after.most == most;
    after.changes = changes;
    after.most = most;
    Ok(((!same).then_some(after), "acl ranks".to_owned()))
}

/// Every change of affiliation that is one.
pub(crate) fn all_changes() -> impl Iterator<Item = RankChange> {
    let pairs = Affiliation::ALL.into_iter().flat_map(|from| Affiliation::ALL.map(|to| (from, to)));
    let pairs = pairs.filter(|(from, to)| from != to);
    pairs
        .flat_map(|(from, to)| Affiliation::ALL.map(|actor| RankChange { actor, from, to }))
        .filter(|change| change.actor > Affiliation::Outcast)
}

/// How a group is written.
pub(crate) fn kind_and_address(of: &Of) -> (&'static str, &str) {
    match of {
        Of::Account(jid) => (ns::ACL_JID, jid),
        Of::Hat(uri) => (ns::HATS, uri),
        Of::Role(role) => (ns::ACL_ROLE, role.name()),
        Of::Affiliation(affiliation) => (ns::ACL_AFFILIATION, affiliation.name()),
        Of::Domain(domain) => (ns::ACL_DOMAIN, domain),
        Of::Everyone => (ns::ENTITY_ACL, EVERYONE),
    }
}
