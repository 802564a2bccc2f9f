//! What happens to the state when settings change, and when the room ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Bound, Departed, Destroyed, Edited, Edits, People, Person, Present, Promises, Question, Rates, Sessions, Slot,
    State, Timer, Timers, Why,
};
use crate::gc3::acl::Affiliation;
use crate::gc3::config::{Config, ParentJoin, Push, Shown};
use crate::gc3::host::ParentFact;
use crate::gc3::id::ParticipantId;
use crate::rule::Rule;
use crate::time::Span;

/// What a participant changes of its own; `None` stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct OwnSettings {
    pub(crate) who: Slot,
    /// Free.
    pub(crate) nick: Option<Box<str>>,
    pub(crate) push: Option<Push>,
    pub(crate) profile: Option<bool>,
    pub(crate) show_presence: Option<bool>,
    /// Further rules that took part.
    pub(crate) rules: Vec<Rule>,
}

/// Another configuration.
#[derive(Clone, Debug)]
pub(crate) struct Configuring {
    pub(crate) config: Config,
    /// Who sets it, by participant ID, in the room or not.
    pub(crate) actor: ParticipantId,
    pub(crate) rules: Vec<Rule>,
    /// Who governs the room, where that changes with it.
    pub(crate) edits: Option<Edits>,
}

/// How the room ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    pub(crate) alternate: Option<Box<str>>,
    pub(crate) reason: Option<Box<str>>,
    /// For the alternate room.
    pub(crate) password: Option<Box<str>>,
    pub(crate) rules: Vec<Rule>,
}

impl State {
    /// Changes what is somebody's own; gives back the presence to announce.
    pub(crate) fn set_own(&mut self, own: OwnSettings) -> Option<Present> {
        let who = own.who;
        let person = self.people.get_mut(who)?;
        person.push = own.push.or(person.push);
        person.profile = own.profile.unwrap_or(person.profile);
        person.show_presence = own.show_presence.unwrap_or(person.show_presence);
        if let Some(nick) = own.nick {
            self.rename(who, nick);
        }
        self.present(who)
    }

    /// Changes the configuration; gives back who may not be in any more (C3), and whose role is another.
    pub(crate) fn configure(&mut self, config: Config, actor: ParticipantId) -> Edited {
        let old = core::mem::replace(&mut self.config, config);
        self.config_version += 1;
        let first = self.locked;
        self.unlock();
        self.note(actor, "config".to_owned());
        if old.aliases != self.config.aliases {
            let rate = self.limits.alias_changes;
            self.spend(Bound::Aliases, "", rate);
        }
        let mut departed = Vec::new();
        if (self.config.parent_join, &self.config.parent) != (old.parent_join, &old.parent) {
            for who in core::mem::take(&mut self.by_parent) {
                departed.extend(self.reassess(who, None));
            }
        }
        if self.config.members_only && !old.members_only {
            let stranger = |(who, affiliation)| (!self.admits(self.people.jid(who), affiliation)).then_some(who);
            let people = self.people.iter().map(|(who, person)| (who, person.affiliation));
            let strangers: Vec<Slot> = people.filter_map(stranger).collect();
            departed.extend(strangers.into_iter().filter_map(|who| self.depart(who, Why::Config, None)));
        }
        if (self.config.list_visible, self.config.moderated) != (old.list_visible, old.moderated) {
            let people: Vec<Slot> = self.people.iter().map(|(who, _)| who).collect();
            for who in people {
                // Who was shown to everybody is told of until it leaves.
                if old.list_visible == Shown::Participants && self.config.list_visible != Shown::Participants {
                    self.people.get_mut(who).into_iter().for_each(|person| person.seen = true);
                }
                self.note_seen(who);
            }
        }
        if self.config.visibility != old.visibility {
            self.reveal(actor, first);
        }
        if (self.config.list_visible, self.config.visibility) != (old.list_visible, old.visibility) {
            self.refresh_views();
        }
        self.note_revealed();
        let mut changed = BTreeMap::new();
        if self.config.moderated != old.moderated {
            let by_default = |p: &Person| p.kept_role.is_none() && p.affiliation == Affiliation::None;
            changed.extend(self.people.iter().filter(|(_, p)| by_default(p)).map(|(who, _)| (who, None)));
        }
        Edited { departed, changed, ..Edited::default() }
    }

    /// The room has its first configuration.
    pub(crate) fn unlock(&mut self) {
        self.locked = false;
        self.timers.clear(Timer::Unconfigured);
    }

    /// An account is no longer a member of the parent; gives back its participation if that ends (SP8).
    pub(crate) fn parent_lost(&mut self, uri: &str, bare: &str) -> Option<Departed> {
        self.learn(bare, uri, ParentFact::Member, false);
        let who = self.people.find(bare).filter(|_| self.config.parent == *uri)?;
        if self.by_parent.remove(&who) { self.reassess(who, None) } else { None }
    }

    /// The parent is gone: it admits nobody, and removes nobody (SP10).
    pub(crate) fn parent_gone(&mut self, uri: &str) {
        self.facts.retain(|(_, of, _), _| **of != *uri);
        self.config.parent.clear();
        self.config.parent_join = ParentJoin::None;
        self.config_version += 1;
    }

    /// Ends the room. Gives back the sessions that there were; the accounts follow by [`farewells`](Self::farewells).
    pub(crate) fn destroy(&mut self, ending: Ending) -> Sessions {
        let key = Self::key(&self.secret);
        let farewells = self.all_accounts();
        let secret = self.config.secret();
        let entitled = if secret { farewells.iter().cloned().collect() } else { BTreeSet::new() };
        self.people = People::new(key);
        self.promises = Promises::default();
        (self.names, self.occupancy, self.stale) = Default::default();
        let sessions = core::mem::replace(&mut self.sessions, Sessions::new(key));
        self.pending = BTreeMap::new();
        self.relays = BTreeMap::new();
        self.asked = BTreeMap::new();
        self.rates = Rates::new();
        self.by_parent = BTreeSet::new();
        // The host may still answer what it was asked; questions for features went with the sessions.
        self.questions.retain(|_, question| !matches!(question, Question::Features(_)));
        let mut timers = Timers::default();
        for &token in self.questions.keys() {
            if let Some(at) = self.timers.get(Timer::Question(token)) {
                timers.set(Timer::Question(token), at);
            }
        }
        timers.set(Timer::Vanish, self.now.plus(self.limits.remember_destroyed));
        self.timers = timers;
        self.forget_later();
        let Ending { alternate, reason, .. } = ending;
        self.destroyed = Some(Destroyed { at: self.now, alternate, reason, farewells, entitled });
        sessions
    }

    /// Takes the accounts out that are told now that the room is gone: so many a second (G3.5).
    pub(crate) fn farewells(&mut self) -> Vec<Box<str>> {
        let most = self.limits.farewells.max(1) as usize;
        let Some(gone) = &mut self.destroyed else { return Vec::new() };
        let now = gone.farewells.drain(..most.min(gone.farewells.len())).collect();
        if !gone.farewells.is_empty() {
            self.timers.set(Timer::Farewell, self.now.plus(Span::from_secs(1)));
        }
        now
    }
}
