//! What a parent that sends messages to those who are away learns from a room: who takes part, who listens, what was
//! accepted. Nothing of it is told unless the parent watches.

use super::say::Spoken;
use super::state::{Edits, Key, Marks, Registered, Slot, Speech, State};
use super::{Out, Room};
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::{Push, Visibility};
use crate::gc3::host::{Accepted, Ground, Notice};
use crate::gc3::id::ParticipantId;
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::party::Address;

/// Somebody whom the room remembers whether or not a session of theirs is there, as far as it matters to who is told
/// what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) id: ParticipantId,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    /// That it takes part: its nickname, and its own push setting; `None`: the room's default.
    pub(crate) participation: Option<(&'a str, Option<Push>)>,
    /// Whether its bare JID occupies the room.
    pub(crate) occupies: bool,
    /// That it registered.
    pub(crate) registration: Option<&'a Registered>,
}

impl Room {
    /// From now on the parent is told, or is not any more. It says so again after loading.
    pub(crate) fn watch(&mut self, on: bool) {
        self.state.sessions.watch(on);
    }

    /// What the room remembers of an account. Who is in by its presence alone is in as long as that lasts, and asked for
    /// nothing more.
    pub(crate) fn member(&self, bare: &str) -> Option<Member<'_>> {
        let state = &self.state;
        let person = state.people.find(bare).and_then(|who| state.people.get(who));
        let by_request = person.filter(|person| person.is(Marks::BY_REQUEST));
        let participation = by_request.map(|person| (&*person.nick, person.push));
        let occupies = person.is_some_and(|person| person.is(Marks::BARE));
        let registration = state.registry.get(bare).filter(|registered| registered.own);
        if participation.is_none() && registration.is_none() && !occupies {
            return None;
        }
        let id = person.map_or_else(|| state.id_of(bare), |person| person.id);
        let affiliation = person.map_or_else(|| state.access.affiliation(bare, id), |person| person.affiliation);
        let role = person.map_or_else(|| Role::initial(&state.config, affiliation), |person| state.role(person));
        Some(Member { id, affiliation, role, participation, occupies, registration })
    }

    /// The accounts of which the room remembers something; one that takes part and is registered comes twice.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        let people = self.state.people.iter().filter(|(_, person)| !person.is_ephemeral());
        let registered = self.state.registry.iter().filter(|(_, registered)| registered.own);
        people.map(|(who, _)| self.state.people.jid(who)).chain(registered.map(|(bare, _)| bare))
    }

    /// The role of somebody who is in the room.
    pub(crate) fn role_of(&self, bare: &str) -> Option<Role> {
        let person = self.state.people.get(self.state.people.find(bare)?)?;
        Some(self.state.role(person))
    }

    /// What an account is to the room, in it or not.
    pub(crate) fn affiliation_of(&self, bare: &str) -> Affiliation {
        self.state.access.affiliation(bare, self.state.id_of(bare))
    }

    /// The sessions that hear messages.
    pub(crate) fn hearing(&self) -> impl Iterator<Item = &str> {
        let hearing = self.state.sessions.iter().filter(|(_, session)| session.hears_messages());
        hearing.map(|(seat, _)| self.state.sessions.jid(seat))
    }

    /// What those get who set nothing, and whether real JIDs are hidden.
    pub(crate) const fn push_defaults(&self) -> (Push, bool) {
        (self.state.config.push_default, matches!(self.state.config.visibility, Visibility::Moderators))
    }

    /// The room's address.
    pub(crate) const fn address(&self) -> &Address {
        &self.state.address
    }
}

/// Tells which sessions hear messages now, or do not any more.
pub(super) fn hearing(state: &mut State, out: &mut Out<'_>) {
    for (jid, on) in state.sessions.take_changes() {
        let room = state.address.as_str().into();
        out.push(rule::M4, Action::Tell(Notice::Hears { room, jid, on }));
    }
}

/// Tells that somebody has just joined, or set something of its own.
pub(super) fn took_part(state: &State, out: &mut Out<'_>, who: Slot) {
    changed(state, out, Some(state.people.jid(who)), Some(Ground::Participation));
}

/// Tells that something about somebody, or about everybody, may be different now, and by what the account itself said
/// so.
pub(super) fn changed(state: &State, out: &mut Out<'_>, whom: Option<&str>, own: Option<Ground>) {
    if state.serves_the_absent() {
        let room = state.address.as_str().into();
        out.push(rule::G1_7, Action::Tell(Notice::Changed { room, jid: whom.map(Into::into), own }));
    }
}

/// Whom a set of changes concerns.
pub(super) enum Concerned {
    /// Nobody, but for those who are put out, of whom `Left` tells.
    Nobody,
    /// One account, and whether it registered itself.
    One(Box<str>, Option<Ground>),
    /// Perhaps everybody.
    Many,
}

/// Whom a set of changes concerns, before it is made.
pub(super) fn concerned(state: &State, edits: &Edits) -> Concerned {
    let own = edits.reserve.iter().any(|reserve| reserve.own).then_some(Ground::Registration);
    let entries = edits.entries.iter().map(|edit| match &edit.key {
        Key::Account(bare) => Some(&**bare),
        Key::Id(id) => state.real_jid(*id),
        Key::Domain(_) => None,
    });
    let roles = edits.roles.iter().map(|(who, _, _)| Some(state.people.jid(*who)));
    let reserve = edits.reserve.iter().map(|reserve| Some(&*reserve.bare));
    let mut all = entries.chain(roles).chain(reserve);
    match all.next() {
        None => Concerned::Nobody,
        Some(Some(first)) if all.all(|other| other == Some(first)) => Concerned::One(first.into(), own),
        Some(_) => Concerned::Many,
    }
}

/// Tells that a message was accepted.
pub(super) fn accepted(state: &State, out: &mut Out<'_>, speech: &Speech, spoken: &Spoken) {
    if state.serves_the_absent() {
        let accepted = Accepted {
            room: state.address.as_str().into(),
            author: state.people.jid(speech.who).into(),
            id: speech.id.clone(),
            identified: speech.identified,
            message: spoken.stanza.clone(),
            as_muc: spoken.as_muc.clone(),
        };
        out.push(rule::M4, Action::Tell(Notice::Accepted(Box::new(accepted))));
    }
}

impl State {
    /// Whether somebody sends to those who are away what is accepted here.
    pub(crate) const fn serves_the_absent(&self) -> bool {
        self.sessions.is_watched()
    }
}
