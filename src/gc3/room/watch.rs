//! What a parent that sends messages to those who are away learns from a room: who takes part, who listens, what was
//! accepted. Nothing of it is told unless the parent watches.

use super::state::{Edits, Key, Speech, State};
use super::{Out, Room};
use crate::codec::Outgoing;
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::{Push, Visibility};
use crate::gc3::host::{Accepted, Notice};
use crate::gc3::id::ParticipantId;
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::party::{Address, Seat};

/// Somebody who takes part, as far as it matters to who is told what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) jid: &'a str,
    pub(crate) id: ParticipantId,
    pub(crate) nick: &'a str,
    /// Its own setting; `None`: the room's default.
    pub(crate) push: Option<Push>,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
}

impl Room {
    /// From now on the parent is told, or is not any more. It says so again after loading.
    pub(crate) fn watch(&mut self, on: bool) {
        self.state.sessions.watch(on);
    }

    /// Somebody who takes part.
    pub(crate) fn member(&self, bare: &str) -> Option<Member<'_>> {
        let who = self.state.people.find(bare)?;
        self.member_at(who)
    }

    /// All who take part.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'_>> {
        self.state.people.iter().filter_map(|(who, _)| self.member_at(who))
    }

    fn member_at(&self, who: Seat) -> Option<Member<'_>> {
        // Who is in by its presence alone is in as long as that lasts, and asked for nothing more.
        let person = self.state.people.get(who).filter(|person| !person.ephemeral)?;
        Some(Member {
            jid: self.state.people.jid(who),
            id: person.id,
            nick: &person.nick,
            push: person.push,
            affiliation: person.affiliation,
            role: self.state.role(person),
        })
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

/// Tells that something about somebody, or about everybody, may be different now.
pub(super) fn changed(state: &State, out: &mut Out<'_>, who: Option<Seat>, own: bool) {
    if state.sessions.is_watched() {
        let jid = who.map(|who| state.people.jid(who).into());
        let room = state.address.as_str().into();
        out.push(rule::G1_7, Action::Tell(Notice::Changed { room, jid, own }));
    }
}

/// Whom a set of changes concerns: one participant, or (`None`) perhaps everybody.
pub(super) fn concerned(state: &State, edits: &Edits) -> Option<Seat> {
    match (edits.entries.as_slice(), edits.roles.as_slice()) {
        ([], [(who, _, _)]) => Some(*who),
        ([one], []) => match &one.key {
            Key::Account(bare) => state.people.find(bare),
            Key::Id(id) => state.people.find_id(*id),
            Key::Domain(_) => None,
        },
        _ => None,
    }
}

/// Tells that a message was accepted.
pub(super) fn accepted(state: &State, out: &mut Out<'_>, speech: &Speech, message: &Outgoing) {
    if state.sessions.is_watched() {
        let accepted = Accepted {
            room: state.address.as_str().into(),
            author: state.people.jid(speech.who).into(),
            id: speech.id.clone(),
            identified: speech.identified,
            message: message.clone(),
        };
        out.push(rule::M4, Action::Tell(Notice::Accepted(Box::new(accepted))));
    }
}
