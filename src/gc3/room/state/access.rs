//! The access list: affiliations of bare JIDs, of domains, and of outcasts also by participant ID.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gc3::acl::Affiliation;
use crate::gc3::id::ParticipantId;
use crate::time::Time;

/// Whom an entry is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    /// An account, by its normalised bare JID.
    Account(Box<str>),
    /// Every account of exactly this domain.
    Domain(Box<str>),
    /// An outcast whose JID is not known any more.
    Id(ParticipantId),
}

impl Key {
    /// What it is written as.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Account(text) | Self::Domain(text) => text,
            Self::Id(id) => id.as_str(),
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Never `None`: such entries are tombstones in `removed`.
    pub(crate) affiliation: Affiliation,
    pub(crate) nick: Option<Box<str>>,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) version: u64,
}

/// The access list, with its own version (XEP-0463).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    entries: BTreeMap<Key, Entry>,
    /// Entries that were taken off, with the version of that: so that `since` can tell.
    removed: BTreeMap<Key, u64>,
    pub(crate) version: u64,
    /// Versions below are not known: entries taken off before were forgotten.
    pub(crate) floor: u64,
    owners: u32,
}

impl Access {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many accounts own the room.
    pub(crate) const fn owners(&self) -> u32 {
        self.owners
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }

    /// Entries taken off the list after `version`.
    pub(crate) fn removed_since(&self, version: u64) -> impl Iterator<Item = &Key> {
        self.removed.iter().filter(move |&(_, &at)| at > version).map(|(key, _)| key)
    }

    /// What an account is to the room: its own entry beats that of its domain; an outcast by ID is one by any name.
    pub(crate) fn affiliation(&self, bare: &str, id: ParticipantId) -> Affiliation {
        self.own(bare, id).or_else(|| self.by_domain(bare)).unwrap_or_default()
    }

    /// The affiliation by the account's own entry.
    pub(crate) fn own(&self, bare: &str, id: ParticipantId) -> Option<Affiliation> {
        if self.entries.is_empty() {
            return None;
        }
        let by_id = self.entries.get(&Key::Id(id));
        by_id.or_else(|| self.entries.get(&Key::Account(bare.into()))).map(|entry| entry.affiliation)
    }

    fn by_domain(&self, bare: &str) -> Option<Affiliation> {
        let domain = bare.split_once('@').map_or(bare, |(_, domain)| domain);
        self.entries.get(&Key::Domain(domain.into())).map(|entry| entry.affiliation)
    }

    /// Sets or removes an entry (`Affiliation::None` removes, but for a domain, where it is an entry of its own) and
    /// raises the version.
    pub(crate) fn set(&mut self, key: Key, affiliation: Affiliation, reason: Option<Box<str>>, nick: Option<Box<str>>) {
        self.version += 1;
        let version = self.version;
        let was = self.entries.get(&key).map(|entry| entry.affiliation);
        self.owners -= u32::from(was == Some(Affiliation::Owner));
        self.owners += u32::from(affiliation == Affiliation::Owner);
        if affiliation == Affiliation::None {
            if self.entries.remove(&key).is_some() {
                self.removed.insert(key, version);
            }
        } else {
            self.removed.remove(&key);
            self.entries.insert(key, Entry { affiliation, nick, reason, version });
        }
    }

    /// Forgets the oldest removals beyond `keep`.
    pub(crate) fn trim(&mut self, keep: usize) {
        let Some(excess) = self.removed.len().checked_sub(keep).filter(|&excess| excess > 0) else { return };
        let mut versions: Vec<u64> = self.removed.values().copied().collect();
        let (_, &mut last, _) = versions.select_nth_unstable(excess - 1);
        self.removed.retain(|_, &mut at| at > last);
        self.floor = self.floor.max(last);
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let owners = self.entries.values().filter(|e| e.affiliation == Affiliation::Owner).count();
        let versions = self.entries.values().map(|e| e.version).chain(self.removed.values().copied());
        let apart = self.removed.keys().all(|key| !self.entries.contains_key(key));
        let ranks = self.entries.iter().all(|(key, e)| match key {
            Key::Account(_) => e.affiliation != Affiliation::None,
            Key::Domain(_) => matches!(e.affiliation, Affiliation::Outcast | Affiliation::Member),
            Key::Id(_) => e.affiliation == Affiliation::Outcast,
        });
        if owners != self.owners as usize || versions.max().unwrap_or(0) > self.version || !apart || !ranks {
            return Err("the access list does not fit itself");
        }
        Ok(())
    }
}

/// Why somebody is not in any more (G2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Why {
    Left,
    Kicked,
    Banned,
    /// The configuration does not admit it any more.
    Config,
    /// The access list does not admit it any more.
    Unlisted,
    /// Its last session was lost, and it was in by sessions only.
    Lost,
    /// The account does not exist any more.
    AccountGone,
}

impl Why {
    /// Whether somebody else, or the room, put it out.
    pub(crate) const fn is_removal(self) -> bool {
        matches!(self, Self::Kicked | Self::Banned | Self::Config | Self::Unlisted)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Left | Self::Lost => "left",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Config | Self::Unlisted => "config",
            Self::AccountGone => "account-gone",
        }
    }
}

/// What is kept of somebody who left (L1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tomb {
    pub(crate) nick: Box<str>,
    /// The real JID, until it is forgotten.
    pub(crate) jid: Option<Box<str>>,
    pub(crate) left: Time,
    pub(crate) why: Why,
    pub(crate) version: u64,
    pub(crate) spoke: bool,
    /// Whether it left a trace that is worth a name (G2.7). Without one it is kept only so that a list since an older
    /// version is right.
    pub(crate) trace: bool,
    /// Whether it was a moderator while it was in: then also those who see only moderators learn that it left.
    pub(crate) seen: bool,
    pub(crate) since_seq: u64,
}

/// All tombstones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tombs {
    tombs: BTreeMap<ParticipantId, Tomb>,
    #[serde(skip)]
    by_version: BTreeMap<u64, ParticipantId>,
    /// In the order in which they are evicted.
    #[serde(skip)]
    by_worth: BTreeMap<(bool, bool, u64), ParticipantId>,
}

impl Tomb {
    /// Those without a trace go first, then those who never spoke, and the oldest first among them.
    const fn worth(&self) -> (bool, bool, u64) {
        (self.trace, self.trace && self.spoke, self.version)
    }
}

impl Tombs {
    pub(crate) fn get(&self, id: ParticipantId) -> Option<&Tomb> {
        self.tombs.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ParticipantId, &Tomb)> {
        self.tombs.iter()
    }

    pub(crate) fn insert(&mut self, id: ParticipantId, tomb: Tomb) {
        self.remove(id);
        self.by_version.insert(tomb.version, id);
        self.by_worth.insert(tomb.worth(), id);
        self.tombs.insert(id, tomb);
    }

    pub(crate) fn remove(&mut self, id: ParticipantId) -> Option<Tomb> {
        let tomb = self.tombs.remove(&id)?;
        self.by_version.remove(&tomb.version);
        self.by_worth.remove(&tomb.worth());
        Some(tomb)
    }

    /// Forgets the real JID of those who left before `time`; whether there was one to forget.
    pub(crate) fn forget_jids(&mut self, before: Time) -> usize {
        let due = self.tombs.values_mut().filter(|tomb| tomb.left <= before && tomb.jid.is_some());
        due.map(|tomb| tomb.jid = None).count()
    }

    /// When the one who left first of all did.
    pub(crate) fn oldest(&self) -> Option<Time> {
        self.tombs.values().map(|tomb| tomb.left).min()
    }

    /// Forgets all who left at that moment or before; gives back the highest version that went with them.
    pub(crate) fn evict(&mut self, before: Time) -> Option<u64> {
        let old = self.tombs.iter().filter(|(_, tomb)| tomb.left <= before).map(|(id, _)| *id);
        let old: Vec<ParticipantId> = old.collect();
        old.into_iter().filter_map(|id| self.remove(id)).map(|tomb| tomb.version).max()
    }

    /// When the next real JID or name has to be forgotten, by the oldest departure.
    pub(crate) fn oldest_with_jid(&self) -> Option<Time> {
        self.tombs.values().filter(|tomb| tomb.jid.is_some()).map(|tomb| tomb.left).min()
    }

    pub(crate) fn changed_since(&self, version: u64) -> impl Iterator<Item = (ParticipantId, &Tomb)> {
        let after = (core::ops::Bound::Excluded(version), core::ops::Bound::Unbounded);
        self.by_version.range(after).filter_map(|(_, id)| Some((*id, self.tombs.get(id)?)))
    }

    /// Evicts down to `keep`: the oldest first, those without a trace before those who never spoke, and these before
    /// the others. Gives back the highest version that was evicted.
    pub(crate) fn trim(&mut self, keep: usize) -> Option<u64> {
        let mut highest = None;
        while self.tombs.len() > keep {
            let id = self.by_worth.values().next().copied()?;
            highest = highest.max(self.remove(id).map(|tomb| tomb.version));
        }
        highest
    }

    /// Rebuilds what is not saved; `false` if two have one version.
    pub(super) fn reindex(&mut self) -> bool {
        self.by_version = self.tombs.iter().map(|(id, tomb)| (tomb.version, *id)).collect();
        self.by_worth = self.tombs.iter().map(|(id, tomb)| (tomb.worth(), *id)).collect();
        self.by_version.len() == self.tombs.len()
    }
}
