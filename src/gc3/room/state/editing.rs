//! Changes of rights by those who may: affiliations, roles, kicks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Departed, Key, Person, Reserve, Slot, State, Why};
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::Shown;
use crate::gc3::id::ParticipantId;
use crate::rule::Rule;

/// The longest reason that is kept, in bytes. What is longer is cut: a full access list must not hold gigabytes.
const REASON_BYTES: usize = 1024;

/// A reason as it is kept.
pub(crate) fn short_reason(text: &str) -> Box<str> {
    let text = text.trim();
    let mut end = text.len().min(REASON_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

/// A set of changes that happens whole.
#[derive(Clone, Debug)]
pub(crate) struct Edits {
    /// Who makes them, by participant ID, in the room or not.
    pub(crate) actor: ParticipantId,
    pub(crate) entries: Vec<EntryEdit>,
    /// Roles, with the reason.
    pub(crate) roles: Vec<(Slot, Role, Option<Box<str>>)>,
    /// Who is put out, with the reason.
    pub(crate) kicks: Vec<(Slot, Option<Box<str>>)>,
    /// Nicknames that are reserved, or not any more.
    pub(crate) reserve: Vec<Reserve>,
    /// The accounts that are invited because they are members now.
    pub(crate) welcome: Vec<Box<str>>,
    /// Further rules that took part.
    pub(crate) rules: Vec<Rule>,
}

/// What came of a set of changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edited {
    /// Who is not in any more.
    pub(crate) departed: Vec<Departed>,
    /// Whose affiliation or role is another, with the reason.
    pub(crate) changed: BTreeMap<Slot, Option<Box<str>>>,
    /// Whose affiliation is another.
    pub(crate) affiliated: BTreeSet<Slot>,
    /// The entries that changed, but those of who departed.
    pub(crate) keys: Vec<Key>,
    /// The version of the access list before and after, if they differ.
    pub(crate) versions: Option<(u64, u64)>,
}

/// A change of the access list.
#[derive(Clone, Debug)]
pub(crate) struct EntryEdit {
    pub(crate) key: Key,
    /// `None` takes the entry off.
    pub(crate) affiliation: Affiliation,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) nick: Option<Box<str>>,
}

impl Edits {
    /// No changes yet.
    pub(crate) const fn by(actor: ParticipantId) -> Self {
        Self {
            actor,
            entries: Vec::new(),
            roles: Vec::new(),
            kicks: Vec::new(),
            reserve: Vec::new(),
            welcome: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl State {
    /// Makes changes that were judged; gives back who is not in any more, and who is something else.
    pub(crate) fn edit(&mut self, edits: Edits) -> Edited {
        let (actor, before) = (edits.actor, self.access.version);
        let keys: Vec<Key> = edits.entries.iter().map(|edit| edit.key.clone()).collect();
        let mut touched: BTreeMap<Slot, Option<Box<str>>> = BTreeMap::new();
        let mut domains: BTreeMap<Box<str>, Option<Box<str>>> = BTreeMap::new();
        for EntryEdit { key, affiliation, reason, nick } in edits.entries {
            self.note(actor, format!("{} {}", key.text(), affiliation.name()));
            match &key {
                Key::Account(bare) => touched.extend(self.people.find(bare).map(|who| (who, reason.clone()))),
                Key::Id(id) => touched.extend(self.people.find_id(*id).map(|who| (who, reason.clone()))),
                Key::Domain(domain) => drop(domains.insert(domain.clone(), reason.clone())),
            }
            if let Key::Account(bare) = &key {
                self.registry.settle(bare);
                // A nickname is reserved for those on the list.
                if affiliation <= Affiliation::None {
                    self.registry.remove(bare);
                    self.heard.forget(bare);
                }
            }
            self.access.set(key, affiliation, reason, nick);
        }
        for reserve in edits.reserve {
            self.reserve(reserve);
        }
        self.access.trim(self.limits.access);
        // Once for all domains: a set names thousands, and there may be a hundred thousand people.
        for (who, _) in self.people.iter().filter(|_| !domains.is_empty()) {
            if let Some(reason) = self.people.jid(who).rsplit('@').next().and_then(|domain| domains.get(domain)) {
                touched.entry(who).or_insert_with(|| reason.clone());
            }
        }
        let standing = |state: &Self, who| state.people.get(who).map(|person| (person.affiliation, state.role(person)));
        let (mut changed, mut affiliated) = (BTreeMap::new(), BTreeSet::new());
        let mut departed = Vec::new();
        for (who, reason) in touched {
            let was = standing(self, who);
            departed.extend(self.reassess(who, reason.clone()));
            if standing(self, who).is_some_and(|is| was.is_some_and(|was| was.0 != is.0)) {
                affiliated.insert(who);
            }
            if standing(self, who).is_some_and(|is| Some(is) != was) {
                changed.insert(who, reason);
            }
        }
        for (who, role, reason) in edits.roles {
            let Some(person) = self.people.get(who) else { continue };
            let (id, initial) = (person.id, Role::initial(&self.config, person.affiliation));
            if let Some(person) = self.people.get_mut(who) {
                person.kept_role = (role != initial).then_some(role);
            }
            self.note(actor, format!("{id} {}", role.name()));
            self.rights_changed(who);
            changed.entry(who).or_insert(reason);
        }
        for (who, reason) in edits.kicks {
            if let Some(person) = self.people.get(who) {
                self.note(actor, format!("{} kick", person.id));
            }
            departed.extend(self.depart(who, Why::Kicked, reason));
        }
        let versions = Some((before, self.access.version)).filter(|(before, after)| before != after);
        for gone in &mut departed {
            gone.actor = Some(actor);
            gone.mav = versions.filter(|_| gone.why != Why::Kicked).map(|(before, after)| (Some(before), after));
        }
        changed.retain(|&who, _| self.people.get(who).is_some());
        // Who just left by it is shown by its last presence.
        let left = |key: &Key| {
            departed.iter().any(|gone| match key {
                Key::Account(bare) => **bare == *gone.jid.as_str(),
                Key::Id(id) => *id == gone.person.id,
                Key::Domain(_) => false,
            })
        };
        let keys = keys.into_iter().filter(|key| !left(key)).collect();
        Edited { departed, changed, affiliated, keys, versions }
    }

    /// Brings a participant's affiliation up to date with the access list; ends the participation if it may not be in
    /// any more.
    pub(crate) fn reassess(&mut self, who: Slot, reason: Option<Box<str>>) -> Option<Departed> {
        let person = self.people.get(who)?;
        let listed = self.access.affiliation(self.people.jid(who), person.id);
        let admitted = listed == Affiliation::None && self.by_parent.contains(&who);
        let affiliation = if admitted { Affiliation::Member } else { listed };
        if affiliation == Affiliation::Outcast {
            return self.depart(who, Why::Banned, reason);
        }
        if !self.admits(self.people.jid(who), affiliation) {
            let listed = affiliation == Affiliation::None && self.config.members_only;
            return self.depart(who, if listed { Why::Unlisted } else { Why::Config }, reason);
        }
        if affiliation != person.affiliation {
            if let Some(person) = self.people.get_mut(who) {
                person.affiliation = affiliation;
                // The role that was kept was given to another standing.
                person.kept_role = None;
            }
            self.rights_changed(who);
        }
        None
    }

    /// What follows when a participant's role may be another.
    pub(crate) fn rights_changed(&mut self, who: Slot) {
        self.note_seen(who);
        self.touch(who);
        self.refresh_view(who);
    }

    /// Whether somebody has a role in which everybody sees it.
    pub(crate) fn is_shown(&self, person: &Person) -> bool {
        self.role(person) == Role::Moderator || self.config.list_visible.holds(self.role(person))
    }

    /// Notes that somebody is seen by those, too, who do not see all.
    pub(crate) fn note_seen(&mut self, who: Slot) {
        let Some((role, shown)) = self.people.get(who).map(|person| (self.role(person), self.is_shown(person))) else {
            return;
        };
        let moderates = role == Role::Moderator;
        let seen = moderates || (shown && self.config.list_visible != Shown::Participants);
        if let Some(person) = self.people.get_mut(who) {
            person.seen |= seen;
            person.displayed |= moderates;
        }
    }
}
