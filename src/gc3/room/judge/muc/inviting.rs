//! Invitations through the room, and declines (XEP-0045 §7.8.2); requests for voice and their approval (§7.13, §8.6).

use std::collections::BTreeSet;

use jid::Jid;
use minidom::Element;

use super::super::administration::{Actor, enlist, whole};
use crate::codec::{Allow, Form, FormType};
use crate::gc3::acl::{Affiliation, Role, Verb};
use crate::gc3::id::ParticipantId;
use crate::gc3::refusals::{BAD_REQUEST, FORBIDDEN, JID_MALFORMED, NOT_ALLOWED, NOT_IN};
use crate::gc3::room::judge::{Change, Sender, Verdict, refuse};
use crate::gc3::room::state::{Edits, Key, Slot, State, short_reason};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::rule::Rule;

/// The most that one message invites.
const MOST: usize = 16;

/// Invitations of one message.
#[derive(Clone, Debug)]
pub(crate) struct Inviting {
    pub(crate) by: Slot,
    pub(crate) invitees: Vec<Invitee>,
    /// Those who become members by it.
    pub(crate) edits: Edits,
}

/// Somebody who is invited.
#[derive(Clone, Debug)]
pub(crate) struct Invitee {
    /// As it was named.
    pub(crate) to: Box<str>,
    pub(crate) bare: Box<str>,
    pub(crate) reason: Option<Box<str>>,
    /// A conversation that is to be continued, with its thread.
    pub(crate) continues: Option<Option<Box<str>>>,
}

/// An invitation that is declined.
#[derive(Clone, Debug)]
pub(crate) struct Declining {
    pub(crate) bare: Box<str>,
    pub(crate) to: Slot,
    pub(crate) reason: Option<Box<str>>,
}

/// Decides about a message with `muc#user` to the room.
pub(super) fn mediate(state: &State, sender: &Sender<'_>, x: &Element) -> (Rule, Verdict) {
    match x.get_child("decline", ns::MUC_USER) {
        Some(decline) => self::decline(state, sender, decline),
        None => invite(state, sender, x),
    }
}

fn reason(of: &Element) -> Option<Box<str>> {
    of.get_child("reason", ns::MUC_USER).map(|reason| short_reason(&reason.text())).filter(|text| !text.is_empty())
}

/// Whether an account may bring others onto the list of a members-only room, by inviting them or by a token.
pub(in super::super) fn may_add(state: &State, bare: &str) -> bool {
    state.permits(bare, Verb::ChangeMembers) || (state.config.allow_invites && state.rank(bare) >= Affiliation::Member)
}

fn invite(state: &State, sender: &Sender<'_>, x: &Element) -> (Rule, Verdict) {
    let Some((by, person)) = sender.who.and_then(|who| Some((who, state.people.get(who)?))) else {
        return refuse(rule::I2, NOT_IN);
    };
    let may = if state.config.members_only { may_add(state, sender.bare) } else { state.may(person, Verb::Invite) };
    if !may {
        return refuse(rule::I3, FORBIDDEN);
    }
    let all = x.children().filter(|child| child.is("invite", ns::MUC_USER));
    let (mut invitees, mut edits) = (Vec::new(), Edits::by(person.id));
    let mut seen = BTreeSet::new();
    for invite in all {
        let Some(Ok(jid)) = invite.attr("to").map(Jid::new) else { return refuse(rule::I4, JID_MALFORMED) };
        let bare = jid.to_bare();
        if bare.node().is_none() || !seen.insert(bare.clone()) || invitees.len() >= MOST {
            return refuse(rule::I4, BAD_REQUEST);
        }
        let id = state.id_of(bare.as_str());
        let affiliation = state.access.affiliation(bare.as_str(), id);
        // Who was banned is not let in by the back door.
        if affiliation == Affiliation::Outcast {
            return refuse(rule::I5, NOT_ALLOWED);
        }
        if state.config.members_only && affiliation == Affiliation::None {
            enlist(state, bare.as_str(), Affiliation::Member, None, &mut edits.entries);
        }
        let continues = invite.get_child("continue", ns::MUC_USER).map(|c| c.attr("thread").map(short_reason));
        let (to, bare) = (jid.as_str().into(), bare.as_str().into());
        invitees.push(Invitee { to, bare, reason: reason(invite), continues });
    }
    if invitees.is_empty() {
        return refuse(rule::I4, BAD_REQUEST);
    }
    match whole(state, edits) {
        Ok(edits) => (rule::I1, Verdict::Accept(Change::Invite(Box::new(Inviting { by, invitees, edits })))),
        Err((why, error)) => refuse(why, error),
    }
}

/// Notes who is invited because it becomes a member of a room into which only members get, and is not in: as many as one
/// message invites (§9.5).
pub(super) fn welcome(state: &State, edits: &mut Edits) {
    if !state.config.members_only {
        return;
    }
    for edit in &edits.entries {
        if let Key::Account(bare) = &edit.key
            && edit.affiliation == Affiliation::Member
            && edits.welcome.len() < MOST
            && state.people.find(bare).is_none()
            && state.access.affiliation(bare, state.id_of(bare)) == Affiliation::None
        {
            edits.welcome.push(bare.clone());
        }
    }
}

/// Only who was invited declines, and only to who invited it and still is in.
fn decline(state: &State, sender: &Sender<'_>, decline: &Element) -> (Rule, Verdict) {
    let named = decline.attr("to").and_then(|to| Jid::new(to).ok());
    let names = |id: &ParticipantId| {
        let Some(who) = state.people.find_id(*id) else { return false };
        named.as_ref().is_some_and(|jid| match jid.resource() {
            Some(resource) if jid.to_bare().as_str() == state.address.as_str() => {
                state.holder(resource.as_str()) == Some(who)
            }
            _ => jid.to_bare().as_str() == state.people.jid(who),
        })
    };
    let inviter = state.inviters(sender.bare).into_iter().find(names).and_then(|id| state.people.find_id(id));
    match inviter {
        Some(to) => {
            let declining = Declining { bare: sender.bare.into(), to, reason: reason(decline) };
            (rule::I6, Verdict::Accept(Change::Declined(declining)))
        }
        None => (rule::I7, Verdict::Drop),
    }
}

/// Decides about a form of `muc#request`: who asks for voice, and who gives it.
pub(super) fn voice(state: &State, sender: &Sender<'_>, x: &Element) -> (Rule, Verdict) {
    let Some((who, person)) = sender.who.and_then(|who| Some((who, state.people.get(who)?))) else {
        return refuse(rule::Q4, NOT_IN);
    };
    let allow = Allow { type_form: false, no_form_type: false };
    let Ok(form) = Form::submitted(x, ns::MUC_REQUEST, allow) else { return refuse(rule::Q5, BAD_REQUEST) };
    if form.type_ == FormType::Cancel {
        return (rule::Q2, Verdict::Drop);
    }
    if form.get("muc#role") != Some("participant") {
        return refuse(rule::Q5, BAD_REQUEST);
    }
    let Some(name) = form.get("muc#roomnick").filter(|_| form.field("muc#request_allow").is_some()) else {
        // Who has voice needs none.
        return match state.role(person) {
            Role::Visitor => (rule::Q1, Verdict::Accept(Change::AskVoice { who })),
            _ => (rule::Q2, Verdict::Drop),
        };
    };
    let actor = Actor::of(state, sender);
    if !state.permits(sender.bare, Verb::Kick) {
        return refuse(rule::AL6, FORBIDDEN);
    }
    let named = form.get("muc#jid").and_then(|jid| Jid::new(jid).ok()).map(|jid| jid.to_bare());
    let of = |who: &Slot| named.as_ref().is_none_or(|jid| jid.as_str() == state.people.jid(*who));
    let visitor = state
        .holder(name)
        .filter(of)
        .filter(|who| state.people.get(*who).is_some_and(|person| state.role(person) == Role::Visitor));
    match visitor.filter(|_| form.flag("muc#request_allow") == Some(true)) {
        Some(visitor) => {
            let mut edits = Edits::by(actor.id);
            edits.roles.push((visitor, Role::Participant, None));
            (rule::Q3, Verdict::Accept(Change::Edit(edits)))
        }
        None => (rule::Q2, Verdict::Drop),
    }
}
