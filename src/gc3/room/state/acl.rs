//! Rights as they are kept: the policy, if somebody changed it, and the hats.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Departed, EntryEdit, Key, Person, State, Why};
use crate::gc3::acl::{Affiliation, Policy, Role, Subject, Verb, allows};
use crate::gc3::id::ParticipantId;
use crate::rule::Rule;

/// A hat that the room knows (XEP-0317).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hat {
    pub(crate) title: Box<str>,
    /// The hue angle of its colour, as it was given.
    pub(crate) hue: Option<Box<str>>,
}

/// The hats of a room, and who wears them. A room without hats holds nothing for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hats {
    /// By URI.
    pub(crate) known: BTreeMap<Box<str>, Hat>,
    /// By bare JID: nobody is without one here.
    pub(crate) worn: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

impl Hats {
    /// What an account wears.
    pub(crate) fn of(&self, bare: &str) -> Option<&BTreeSet<Box<str>>> {
        if self.worn.is_empty() { None } else { self.worn.get(bare) }
    }

    /// Gives a hat, or takes it.
    pub(crate) fn wear(&mut self, bare: &str, uri: &str, on: bool) {
        if on {
            self.worn.entry(bare.into()).or_default().insert(uri.into());
        } else if let Some(hats) = self.worn.get_mut(bare) {
            hats.remove(uri);
            if hats.is_empty() {
                self.worn.remove(bare);
            }
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let known = |hats: &BTreeSet<Box<str>>| hats.iter().all(|uri| self.known.contains_key(uri));
        if self.worn.values().all(|hats| !hats.is_empty() && known(hats)) {
            Ok(())
        } else {
            Err("somebody wears a hat that there is not")
        }
    }
}

/// What changes about rights.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub(crate) actor: ParticipantId,
    pub(crate) what: Ruled,
    /// What the audit list says.
    pub(crate) note: String,
    pub(crate) rules: Vec<Rule>,
}

/// What is another afterwards.
#[derive(Clone, Debug)]
pub(crate) enum Ruled {
    Policy(Box<Policy>),
    /// The hats, and the accounts whose hats are others now.
    Hats(Box<Hats>, BTreeSet<Box<str>>),
}

impl State {
    /// Somebody as far as rights go; in the room or not. Who is not in has no role.
    pub(crate) fn subject<'a>(&'a self, bare: &'a str) -> Subject<'a> {
        let affiliation = self.rank(bare);
        let person = self.people.find(bare).and_then(|who| self.people.get(who));
        let role = person.map(|person| self.role(person));
        let role = if self.is_admin(bare) { Some(Role::Moderator) } else { role };
        Subject { jid: bare, affiliation, role, hats: self.hats.of(bare) }
    }

    /// Whether an account may do something, in the room or not. An administrator of the service is bound by no policy.
    pub(crate) fn permits(&self, bare: &str, verb: Verb) -> bool {
        let subject = self.subject(bare);
        if self.is_admin(bare) {
            return allows(&self.config, subject.affiliation, subject.role, verb);
        }
        self.decides(&subject, verb)
    }

    /// What the policy decides of somebody.
    pub(crate) fn decides(&self, subject: &Subject<'_>, verb: Verb) -> bool {
        match &self.policy {
            Some(policy) => policy.decide(&self.config, subject, verb).allowed,
            None => allows(&self.config, subject.affiliation, subject.role, verb),
        }
    }

    /// Whether a participant may do something.
    pub(crate) fn may(&self, person: &Person, verb: Verb) -> bool {
        let role = Some(self.role(person));
        let Some(policy) = &self.policy else {
            return allows(&self.config, person.affiliation, role, verb);
        };
        let jid = self.people.find_id(person.id).map_or("", |who| self.people.jid(who));
        let subject = Subject { jid, affiliation: person.affiliation, role, hats: self.hats.of(jid) };
        policy.decide(&self.config, &subject, verb).allowed
    }

    /// Whether an account with that affiliation may enter, as far as rights go.
    pub(crate) fn admits(&self, bare: &str, affiliation: Affiliation) -> bool {
        let subject =
            Subject { affiliation, role: Some(Role::initial(&self.config, affiliation)), ..self.subject(bare) };
        match &self.policy {
            Some(policy) => [Verb::JoinOpen, Verb::ViewMessage]
                .iter()
                .all(|&verb| policy.decide(&self.config, &subject, verb).allowed),
            None => allows(&self.config, affiliation, subject.role, Verb::JoinOpen),
        }
    }

    /// The accounts of the access list as they would be after some changes of it.
    pub(crate) fn listed<'a>(&'a self, edits: &'a [EntryEdit]) -> impl Iterator<Item = (&'a str, Affiliation)> {
        let edited: BTreeMap<&Key, Affiliation> = edits.iter().map(|edit| (&edit.key, edit.affiliation)).collect();
        let stays: Vec<(&Key, Affiliation)> = self
            .access
            .iter()
            .filter(|(key, _)| !edited.contains_key(key))
            .map(|(key, e)| (key, e.affiliation))
            .collect();
        stays.into_iter().chain(edited).filter_map(|(key, affiliation)| match key {
            Key::Account(bare) if affiliation > Affiliation::Outcast => Some((&**bare, affiliation)),
            _ => None,
        })
    }

    /// A listed account under other hats, with the role that it has or would get.
    pub(crate) fn subject_under<'a>(&'a self, bare: &'a str, affiliation: Affiliation, hats: &'a Hats) -> Subject<'a> {
        let person = self.people.find(bare).and_then(|who| self.people.get(who));
        let kept = person.filter(|person| person.affiliation == affiliation).map(|person| self.role(person));
        let role = Some(kept.unwrap_or_else(|| Role::initial(&self.config, affiliation)));
        Subject { jid: bare, affiliation, role, hats: hats.of(bare) }
    }

    /// Makes a change of rights that was judged; gives back who is not in any more.
    pub(crate) fn rule(&mut self, ruling: Ruling) -> Vec<Departed> {
        let Ruling { actor, what, note, .. } = ruling;
        self.note(actor, note);
        match what {
            Ruled::Policy(mut policy) => {
                policy.version = self.policy.as_ref().map_or(0, |old| old.version) + 1;
                self.policy = Some(policy);
                self.recheck()
            }
            Ruled::Hats(hats, touched) => {
                self.hats = *hats;
                for bare in touched {
                    if let Some(who) = self.people.find(&bare) {
                        self.touch(who);
                    }
                }
                if self.policy.is_some() { self.recheck() } else { Vec::new() }
            }
        }
    }

    /// Ends the participation of who may not be in any more, and shows everybody what they may see now.
    fn recheck(&mut self) -> Vec<Departed> {
        let lost = |(who, person): (_, &Person)| (!self.may(person, Verb::ViewMessage)).then_some(who);
        let lost: Vec<_> = self.people.iter().filter_map(lost).collect();
        let departed = lost.into_iter().filter_map(|who| self.depart(who, Why::Config, None)).collect();
        self.refresh_views();
        self.note_revealed();
        departed
    }

    pub(super) fn check_rights(&self) -> Result<(), &'static str> {
        self.hats.check()?;
        self.policy.as_ref().map_or(Ok(()), |policy| policy.check())
    }
}
