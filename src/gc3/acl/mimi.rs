//! Policies in the words of MIMI room policy (draft-ietf-mimi-room-policy-03), for rooms that are MLS groups: one role
//! for each person, with a set of capabilities and the role changes that it may make.
//!
//! A role stands for one *effective set*: what somebody of that affiliation, role and hats may do. Whatever MIMI has no
//! word for ([`Verb::capabilities`] is empty) is left out. Limits of time and rules about the target's hats are not
//! representable.

use std::collections::{BTreeMap, BTreeSet};

use super::{Affiliation, Group, Of, Policy, RankChange, Role, Subject, Value, Verb};
use crate::gc3::config::Config;

/// The role of who is not on the participant list.
pub const NO_ROLE: u32 = 0;
/// The role of who is banned.
pub const BANNED: u32 = 1;

/// The prefix of the hats that stand for the roles of a policy that came from MIMI.
pub const HAT_PREFIX: &str = "xmpp-machines:acl:0#mimi-";

/// A role as MIMI defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MimiRole {
    /// `role_index`
    pub index: u32,
    /// `role_name`: what its people are here.
    pub name: String,
    /// `role_capabilities`
    pub capabilities: BTreeSet<u16>,
    /// `authorized_role_changes`: from a role, to each of these.
    pub changes: BTreeMap<u32, BTreeSet<u32>>,
    /// `minimum_participants_constraint`
    pub least: u32,
    /// `maximum_participants_constraint`; `None`: as many as like.
    pub most: Option<u32>,
}

/// What distinguishes people: everybody of one label has the same rights.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The affiliation.
    pub affiliation: Affiliation,
    /// The role; `None`: not in.
    pub role: Option<Role>,
    /// The hats.
    pub hats: BTreeSet<Box<str>>,
}

impl Label {
    fn subject<'a>(&'a self, jid: &'a str) -> Subject<'a> {
        Subject { jid, affiliation: self.affiliation, role: self.role, hats: Some(&self.hats) }
    }

    fn name(&self) -> String {
        let mut name = self.affiliation.name().to_owned();
        for part in self.role.iter().map(|role| role.name()).chain(self.hats.iter().map(|hat| &**hat)) {
            name.push('+');
            name.push_str(part);
        }
        name
    }
}

/// The capabilities that somebody has.
fn capabilities(config: &Config, policy: &Policy, subject: &Subject<'_>) -> BTreeSet<u16> {
    let verbs = Verb::ALL.iter().filter(|&&verb| policy.decide(config, subject, verb).allowed);
    verbs.flat_map(|verb| verb.capabilities().iter().copied()).collect()
}

/// The roles of a room, and which one each person has.
///
/// `people` are the accounts that have something to do with the room, each with its label: participants, and who is on
/// the access list. Role 0 is that of a stranger, role 1 that of outcasts; the others are numbered in the order of their
/// labels. Two people whose rights differ by a group of their account or their domain get two roles.
#[must_use]
pub fn to_mimi<'a>(
    config: &Config,
    policy: &Policy,
    people: impl IntoIterator<Item = (&'a str, Label)>,
) -> (Vec<MimiRole>, BTreeMap<&'a str, u32>) {
    let stranger = Label { affiliation: Affiliation::None, role: None, hats: BTreeSet::new() };
    let people: BTreeMap<&str, Label> = people.into_iter().collect();
    let outsider = capabilities(config, policy, &stranger.subject(""));
    // One role for each label and effective set.
    let mut sets: BTreeMap<(Label, BTreeSet<u16>), Vec<&str>> = BTreeMap::new();
    for (jid, label) in &people {
        let set = capabilities(config, policy, &label.subject(jid));
        if label.affiliation != Affiliation::Outcast && (*label != stranger || set != outsider) {
            sets.entry((label.clone(), set)).or_default().push(*jid);
        }
    }
    let role = |index, name: String, capabilities| MimiRole {
        index,
        name,
        capabilities,
        changes: BTreeMap::new(),
        least: 0,
        most: None,
    };
    let mut roles = vec![role(NO_ROLE, "no-role".into(), outsider), role(BANNED, "banned".into(), BTreeSet::new())];
    let mut assigned: BTreeMap<&str, u32> = BTreeMap::new();
    let mut ranks: Vec<Affiliation> = vec![Affiliation::None, Affiliation::Outcast];
    for ((label, set), holders) in sets {
        let index = roles.len() as u32;
        assigned.extend(holders.into_iter().map(|jid| (jid, index)));
        ranks.push(label.affiliation);
        roles.push(role(index, label.name(), set));
        if let Some(last) = roles.last_mut() {
            last.least = u32::from(label.affiliation == Affiliation::Owner);
            last.most = policy.most.get(&label.affiliation).copied();
        }
    }
    for (jid, label) in &people {
        let index = if label.affiliation == Affiliation::Outcast { BANNED } else { NO_ROLE };
        assigned.entry(jid).or_insert(index);
    }
    let all: Vec<(u32, Affiliation)> = roles.iter().map(|role| role.index).zip(ranks).collect();
    for (role, &(_, actor)) in roles.iter_mut().zip(&all).skip(2) {
        for &(from_index, from) in &all {
            let to = all.iter().filter(|(index, to)| {
                *index != from_index && authorized(policy, &role.capabilities, RankChange { actor, from, to: *to })
            });
            let to: BTreeSet<u32> = to.map(|(index, _)| *index).collect();
            if !to.is_empty() {
                role.changes.insert(from_index, to);
            }
        }
    }
    (roles, assigned)
}

/// Whether holders of these capabilities may make a change: the verb, the rank and the room's own table allow it.
fn authorized(policy: &Policy, capabilities: &BTreeSet<u16>, change: RankChange) -> bool {
    let has = |verb: Verb| verb.capabilities().iter().all(|code| capabilities.contains(code));
    let high = change.from.max(change.to) >= Affiliation::Admin;
    let by_verb = match (change.from, change.to) {
        (_, Affiliation::Outcast) | (Affiliation::Outcast, Affiliation::None) => has(Verb::Ban),
        _ => has(Verb::ChangeMembers),
    };
    let by_rank = change.from <= change.actor && (!high || change.actor == Affiliation::Owner);
    by_verb && by_rank && policy.may_change(change)
}

/// The policy that a set of MIMI roles stands for: a hat for each role, with everything that its capabilities do not
/// allow denied. Give everybody exactly the [hat] of their role.
///
/// What MIMI has no word for stays as the tables of XEP-0045 decide it.
#[must_use]
pub fn from_mimi(roles: &[MimiRole]) -> Policy {
    let mut policy = Policy::default();
    let mut at = 0;
    for role in roles {
        // Outcasts and strangers wear no hats.
        if role.index == BANNED || role.index == NO_ROLE {
            continue;
        }
        let mut group = Group::new(Of::Hat(hat(role.index)));
        spoken(role).for_each(|(verb, value)| group.set(verb, value));
        policy.insert(at, group);
        at += 1;
    }
    if let Some(stranger) = roles.iter().find(|role| role.index == NO_ROLE)
        && let Some(at) = policy.find(&Of::Affiliation(Affiliation::None))
    {
        spoken(stranger).for_each(|(verb, value)| policy.set(at, verb, value));
    }
    policy
}

/// The hat that stands for a MIMI role.
#[must_use]
pub fn hat(index: u32) -> Box<str> {
    format!("{HAT_PREFIX}{index}").into()
}

/// What a role says of every verb that MIMI has a word for.
fn spoken(role: &MimiRole) -> impl Iterator<Item = (Verb, Value)> + '_ {
    let verbs = Verb::ALL.iter().copied().filter(|verb| !verb.capabilities().is_empty() && !verb.is_fixed());
    verbs.map(|verb| {
        let allowed = verb.capabilities().iter().all(|code| role.capabilities.contains(code));
        (verb, if allowed { Value::Allow } else { Value::Deny })
    })
}
