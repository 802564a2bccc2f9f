//! Nicknames that members reserved (XEP-0045 §7.10), and invitations that may still be declined.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
use crate::gc3::id::ParticipantId;
use crate::gc3::nick;
use crate::time::Time;

/// What a member registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) nick: Box<str>,
    /// Whether the account itself registered. Who reserves a nickname for somebody else consents to nothing for them.
    pub(crate) own: bool,
    /// Whether it wants messages while it is away; `None`: it never said.
    pub(crate) offline: Option<bool>,
}

/// Registrations, by bare JID, and requests for them. Whoever registered stands on the access list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registry {
    by_account: BTreeMap<Box<str>, Registered>,
    /// What waits for approval, by bare JID.
    requests: BTreeMap<Box<str>, Registered>,
    /// By what nicknames are compared by. Not saved.
    #[serde(skip)]
    by_nick: BTreeMap<Box<str>, Box<str>>,
}

impl Registry {
    pub(crate) fn get(&self, bare: &str) -> Option<&Registered> {
        self.by_account.get(bare)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Registered)> {
        self.by_account.iter().map(|(bare, registered)| (&**bare, registered))
    }

    /// Who reserved a nickname that cannot be told from this one.
    pub(crate) fn holder(&self, wanted: &str) -> Option<&str> {
        if self.by_nick.is_empty() {
            return None;
        }
        self.by_nick.get(nick::key(wanted).as_str()).map(|bare| &**bare)
    }

    pub(crate) fn set(&mut self, bare: &str, registered: Registered) {
        self.remove(bare);
        self.by_nick.insert(nick::key(&registered.nick).into(), bare.into());
        self.by_account.insert(bare.into(), registered);
    }

    pub(crate) fn remove(&mut self, bare: &str) -> Option<Registered> {
        let registered = self.by_account.remove(bare)?;
        self.by_nick.remove(nick::key(&registered.nick).as_str());
        Some(registered)
    }

    /// What an account asked for and nobody decided yet.
    pub(crate) fn request(&self, bare: &str) -> Option<&Registered> {
        self.requests.get(bare)
    }

    /// Who asked for a nickname and still waits, in the order of their addresses.
    pub(crate) fn waiting(&self, nick: &str) -> impl Iterator<Item = &str> {
        self.requests.iter().filter(move |(_, wanted)| *wanted.nick == *nick).map(|(bare, _)| &**bare)
    }

    /// How many wait.
    pub(crate) fn requests(&self) -> usize {
        self.requests.len()
    }

    /// It was decided about an account.
    pub(crate) fn settle(&mut self, bare: &str) {
        self.requests.remove(bare);
    }

    /// Builds what is derived, after loading; `false` if two reserved one nickname.
    pub(super) fn reindex(&mut self) -> bool {
        let by_nick = self.by_account.iter().map(|(bare, of)| (nick::key(&of.nick).into(), bare.clone()));
        self.by_nick = by_nick.collect();
        self.check()
    }

    /// Whether each reserved a nickname of its own.
    pub(super) fn check(&self) -> bool {
        self.by_nick.len() == self.by_account.len()
    }
}

/// A reservation that is made, changed or given up.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    pub(crate) bare: Box<str>,
    /// `None`: the account has no nickname of its own any more.
    pub(crate) nick: Option<Box<str>>,
    /// Whether the account itself does so.
    pub(crate) own: bool,
    /// `None`: as it was.
    pub(crate) offline: Option<bool>,
}

/// Who was invited by whom, and when: whoever was not has nothing to decline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invited(BTreeMap<(Box<str>, ParticipantId), Time>);

impl State {
    /// Whether a nickname is held or reserved by another account than this.
    pub(crate) fn nick_is_anothers(&self, nick: &str, bare: &str) -> bool {
        let held = self.holder(nick).is_some_and(|who| self.people.jid(who) != bare);
        held || self.registry.holder(nick).is_some_and(|holder| holder != bare)
    }

    /// Makes a reservation that was judged.
    pub(super) fn reserve(&mut self, reserve: Reserve) {
        let Reserve { bare, nick, own, offline } = reserve;
        match nick {
            Some(nick) => {
                let was = self.registry.get(&bare);
                let own = own || was.is_some_and(|was| was.own);
                let offline = offline.or_else(|| was?.offline);
                self.registry.set(&bare, Registered { nick, own, offline });
            }
            None => {
                self.registry.settle(&bare);
                self.registry.remove(&bare);
            }
        }
    }

    /// Keeps a registration until somebody decides about it.
    pub(crate) fn ask_registration(&mut self, reserve: &Reserve) {
        let Reserve { bare, nick: Some(nick), own, offline } = reserve else { return };
        let wanted = Registered { nick: nick.clone(), own: *own, offline: *offline };
        self.registry.requests.insert(bare.clone(), wanted);
    }

    /// Notes an invitation. The oldest are forgotten beyond the limit.
    pub(crate) fn invite(&mut self, bare: &str, by: ParticipantId) {
        let Invited(all) = &mut self.invited;
        all.insert((bare.into(), by), self.now);
        while all.len() > self.limits.invitations {
            let Some(oldest) = all.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone()) else { break };
            all.remove(&oldest);
        }
    }

    /// Who invited an account, the latest first.
    pub(crate) fn inviters(&self, bare: &str) -> Vec<ParticipantId> {
        let mut all: Vec<(Time, ParticipantId)> = self
            .invited
            .0
            .iter()
            .filter(|((invitee, _), _)| **invitee == *bare)
            .map(|((_, by), at)| (*at, *by))
            .collect();
        all.sort_unstable_by_key(|&(at, _)| core::cmp::Reverse(at));
        all.into_iter().map(|(_, by)| by).collect()
    }

    /// Forgets an invitation that was declined.
    pub(crate) fn uninvite(&mut self, bare: &str, by: ParticipantId) {
        self.invited.0.remove(&(Box::from(bare), by));
    }
}
