//! A policy: ordered groups with a value for some verbs. The first group that one is in and that has a value decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Affiliation, Role, Verb, by_affiliation, by_role};
use crate::gc3::config::Config;

/// Somebody, as far as rights go.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The account, by its normalised bare JID.
    pub jid: &'a str,
    /// What it is to the room.
    pub affiliation: Affiliation,
    /// What it is in the room; `None`: it is not in.
    pub role: Option<Role>,
    /// The URIs of the hats that it wears.
    pub hats: Option<&'a BTreeSet<Box<str>>>,
}

impl Subject<'_> {
    fn domain(&self) -> &str {
        self.jid.split_once('@').map_or(self.jid, |(_, domain)| domain)
    }
}

/// Whom a group is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Of {
    /// One account, by its normalised bare JID.
    Account(Box<str>),
    /// Who wears a hat, by its URI (XEP-0317).
    Hat(Box<str>),
    /// Who has a role.
    Role(Role),
    /// Who has an affiliation.
    Affiliation(Affiliation),
    /// The accounts of exactly this domain.
    Domain(Box<str>),
    /// Everybody. This group is always the last.
    Everyone,
}

impl Of {
    /// Whether somebody is in the group.
    #[must_use]
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Account(jid) => **jid == *subject.jid,
            Self::Hat(uri) => subject.hats.is_some_and(|hats| hats.contains(uri)),
            Self::Role(role) => subject.role == Some(*role),
            Self::Affiliation(affiliation) => subject.affiliation == *affiliation,
            Self::Domain(domain) => **domain == *subject.domain(),
            Self::Everyone => true,
        }
    }

    /// Whether every policy has it, so that nobody can take it off.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        matches!(self, Self::Role(_) | Self::Affiliation(_) | Self::Everyone)
    }
}

/// What a group says about a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// It is allowed.
    Allow,
    /// It is not allowed.
    Deny,
    /// A later group decides.
    Default,
}

impl Value {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "true",
            Self::Deny => "false",
            Self::Default => "default",
        }
    }

    /// The value of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(Self::Allow),
            "false" | "0" => Some(Self::Deny),
            "default" => Some(Self::Default),
            _ => None,
        }
    }

    const fn of(allowed: Option<bool>) -> Self {
        match allowed {
            Some(true) => Self::Allow,
            Some(false) => Self::Deny,
            None => Self::Default,
        }
    }
}

/// A group of people, with what was said about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Whom it is of.
    pub of: Of,
    values: BTreeMap<Verb, Value>,
}

impl Group {
    /// A group about which nothing was said.
    #[must_use]
    pub const fn new(of: Of) -> Self {
        Self { of, values: BTreeMap::new() }
    }

    /// Says something about a verb.
    pub fn set(&mut self, verb: Verb, value: Value) {
        // What nobody said is the same as `Default`, but where the tables say something.
        if value == Value::Default && !self.of.is_given() {
            self.values.remove(&verb);
        } else {
            self.values.insert(verb, value);
        }
    }

    /// What it says about a verb: what somebody said, or else the tables of XEP-0045 as they are configured.
    #[must_use]
    pub fn value(&self, config: &Config, verb: Verb) -> Value {
        if let Some(value) = self.values.get(&verb) {
            return *value;
        }
        match self.of {
            Of::Role(role) => Value::of(by_role(config, Some(role), verb)),
            Of::Affiliation(affiliation) => Value::of(by_affiliation(config, affiliation, verb)),
            Of::Everyone => Value::of(Some(verb.is_fixed())),
            Of::Account(_) | Of::Hat(_) | Of::Domain(_) => Value::Default,
        }
    }
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// Nobody can be denied it.
    Fixed,
    /// An outcast may do nothing else.
    Outcast,
    /// The group at this place.
    Group(usize),
}

/// What was decided, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// What decided.
    pub by: Decider,
}

/// That who has one affiliation may turn a second one into a third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RankChange {
    /// What the actor is.
    pub actor: Affiliation,
    /// What the target is.
    pub from: Affiliation,
    /// What the target becomes.
    pub to: Affiliation,
}

/// Who may do what in a room whose owners changed something about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    groups: Vec<Group>,
    /// Raised by each change.
    pub(crate) version: u64,
    /// The changes of affiliation that are possible; `None`: all. It only takes away from what verbs and ranks allow.
    pub changes: Option<BTreeSet<RankChange>>,
    /// How many accounts may have an affiliation.
    pub most: BTreeMap<Affiliation, u32>,
}

impl Default for Policy {
    /// The groups that every policy has. It decides as [`allows`](super::allows) does.
    fn default() -> Self {
        let roles = Role::ALL.into_iter().rev().map(Of::Role);
        let affiliations = Affiliation::ALL.into_iter().rev().map(Of::Affiliation);
        let groups = roles.chain(affiliations).chain([Of::Everyone]).map(Group::new).collect();
        Self { groups, version: 0, changes: None, most: BTreeMap::new() }
    }
}

impl Policy {
    /// The groups, in the order in which they are asked.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The place of a group.
    #[must_use]
    pub fn find(&self, of: &Of) -> Option<usize> {
        self.groups.iter().position(|group| group.of == *of)
    }

    /// Puts a group at a place, but never behind everyone. Does nothing if there is such a group.
    pub fn insert(&mut self, at: usize, group: Group) {
        if self.find(&group.of).is_none() {
            self.groups.insert(at.min(self.groups.len().saturating_sub(1)), group);
        }
    }

    /// Says something about a verb for the group at a place.
    pub fn set(&mut self, at: usize, verb: Verb, value: Value) {
        if let Some(group) = self.groups.get_mut(at) {
            group.set(verb, value);
        }
    }

    /// The same policy with exactly these groups in this order: those that it has keep their values. `None` if one comes
    /// twice, a given one is missing, or the last is not everyone.
    #[must_use]
    pub fn arranged(&self, order: &[Of]) -> Option<Self> {
        let given = order.iter().filter(|of| of.is_given()).count();
        let distinct: BTreeSet<&Of> = order.iter().collect();
        let all = self.groups.iter().filter(|group| group.of.is_given()).count();
        if distinct.len() != order.len() || given != all || order.last() != Some(&Of::Everyone) {
            return None;
        }
        let group = |of: &Of| {
            self.find(of).and_then(|at| self.groups.get(at).cloned()).unwrap_or_else(|| Group::new(of.clone()))
        };
        Some(Self { groups: order.iter().map(group).collect(), ..self.clone() })
    }

    /// Decides whether somebody may do something.
    #[must_use]
    pub fn decide(&self, config: &Config, subject: &Subject<'_>, verb: Verb) -> Decision {
        if verb.is_fixed() {
            return Decision { allowed: true, by: Decider::Fixed };
        }
        if subject.affiliation == Affiliation::Outcast {
            return Decision { allowed: false, by: Decider::Outcast };
        }
        for (at, group) in self.groups.iter().enumerate() {
            if !group.of.holds(subject) {
                continue;
            }
            match group.value(config, verb) {
                Value::Default => {}
                value => return Decision { allowed: value == Value::Allow, by: Decider::Group(at) },
            }
        }
        Decision { allowed: false, by: Decider::Group(self.groups.len().saturating_sub(1)) }
    }

    /// Which groups decide about a verb, in their order, and how.
    pub(crate) fn deciders<'a>(&'a self, config: &'a Config, verb: Verb) -> impl Iterator<Item = (&'a Of, Value)> {
        let said = self.groups.iter().map(move |group| (&group.of, group.value(config, verb)));
        said.filter(|(_, value)| *value != Value::Default)
    }

    /// Whether a change of affiliation is possible at all.
    #[must_use]
    pub fn may_change(&self, change: RankChange) -> bool {
        self.changes.as_ref().is_none_or(|changes| changes.contains(&change))
    }

    /// Whether it fits itself, for what was read from a snapshot.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let order: Vec<Of> = self.groups.iter().map(|group| group.of.clone()).collect();
        let everyone = self.groups.last().is_some_and(|group| group.values.values().all(|v| *v != Value::Default));
        let given = Self::default().groups.iter().all(|group| self.find(&group.of).is_some());
        let canonical = self
            .groups
            .iter()
            .all(|group| group.of.is_given() || group.values.values().all(|value| *value != Value::Default));
        if self.arranged(&order).is_none() || !everyone || !given || !canonical {
            return Err("the policy does not fit itself");
        }
        Ok(())
    }
}
