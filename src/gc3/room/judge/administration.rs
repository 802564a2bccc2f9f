//! Who changes whose rights: sets of the participant list and of the access list (G2.13–G2.18, C4, C5).

use std::collections::BTreeSet;

use jid::BareJid;
use minidom::Element;

use super::{CONFLICT, Change, FORBIDDEN, NOT_FOUND, NOT_IN, Sender, TOO_MANY, Verdict, refuse};
use crate::codec::StanzaError;
use crate::gc3::acl::{Affiliation, RankChange, Role, Verb};
use crate::gc3::id::ParticipantId;
pub(super) use crate::gc3::refusals::NOT_ALLOWED;
use crate::gc3::room::state::{Edits, EntryEdit, Key, Slot, State, short_reason};
use crate::gc3::rules::{acl, table as rule};
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// What is fine, or the refusal.
pub(super) type Judged<T> = Result<T, (Rule, StanzaError<'static>)>;

pub(super) const fn no<T>(why: Rule, error: StanzaError<'static>) -> Judged<T> {
    Err((why, error))
}

/// Who acts.
#[derive(Debug)]
pub(super) struct Actor<'a> {
    bare: &'a str,
    pub(super) id: ParticipantId,
    affiliation: Affiliation,
    /// Whether it may give itself less than it has.
    pub(super) may_step_down: bool,
}

impl<'a> Actor<'a> {
    pub(super) fn of(state: &State, sender: &Sender<'a>) -> Self {
        Self {
            bare: sender.bare,
            id: state.id_of(sender.bare),
            affiliation: state.rank(sender.bare),
            may_step_down: false,
        }
    }

    /// Notes the rule by which an administrator of the service acts.
    pub(super) fn notes(&self, state: &State, mut edits: Edits) -> Edits {
        edits.rules.extend(state.is_admin(self.bare).then_some(rule::G13_1));
        edits
    }

    pub(super) fn needs(&self, state: &State, verb: Verb) -> Judged<()> {
        if state.permits(self.bare, verb) { Ok(()) } else { no(rule::G14_10, FORBIDDEN) }
    }

    /// Whether it may give the affiliation `to` to whoever has `from` (A4–A6).
    pub(super) fn may_affiliate(
        &self,
        state: &State,
        id: ParticipantId,
        from: Affiliation,
        to: Affiliation,
    ) -> Judged<()> {
        let change = RankChange { actor: self.affiliation, from, to };
        let possible = from == to || state.policy.as_ref().is_none_or(|policy| policy.may_change(change));
        if to == Affiliation::Outcast {
            self.needs(state, Verb::Ban)?;
            if self.id == id {
                return no(rule::G2_17, CONFLICT);
            }
            let high = from >= Affiliation::Admin && self.affiliation < Affiliation::Owner;
            if from > self.affiliation || high {
                return no(rule::G2_17, NOT_ALLOWED);
            }
            return if possible { Ok(()) } else { no(acl::A4, NOT_ALLOWED) };
        }
        let high = from >= Affiliation::Admin || to >= Affiliation::Admin;
        self.needs(
            state,
            match from {
                _ if high => Verb::ChangeOwners,
                // Who forgives may only undo a ban; more than that is the member list.
                Affiliation::Outcast if to == Affiliation::None => Verb::Ban,
                _ => Verb::ChangeMembers,
            },
        )?;
        if !possible {
            return no(acl::A4, NOT_ALLOWED);
        }
        if self.id == id && to < from && !self.may_step_down {
            let last = from == Affiliation::Owner && state.access.owners() <= 1;
            return no(if last { rule::C4 } else { rule::G2_17 }, CONFLICT);
        }
        Ok(())
    }

    pub(super) fn may_kick(&self, state: &State, id: ParticipantId, target: Affiliation) -> Judged<()> {
        self.needs(state, Verb::Kick)?;
        if self.id == id {
            return no(rule::G2_17, CONFLICT);
        }
        if target > self.affiliation { no(rule::G2_17, NOT_ALLOWED) } else { Ok(()) }
    }

    /// Whether it may change somebody's role: voice is a moderator's to give, the moderator's role an admin's (A5).
    pub(super) fn may_change_role(
        &self,
        state: &State,
        id: ParticipantId,
        target: Affiliation,
        (from, to): (Role, Role),
    ) -> Judged<()> {
        let moderators = from == Role::Moderator || to == Role::Moderator;
        self.needs(state, if moderators { Verb::ChangeModerators } else { Verb::Kick })?;
        if to >= from {
            return Ok(());
        }
        if self.id == id {
            return no(rule::G2_17, CONFLICT);
        }
        let voice = to == Role::Visitor && target >= self.affiliation;
        if voice || target >= Affiliation::Admin { no(rule::G2_17, NOT_ALLOWED) } else { Ok(()) }
    }
}

/// Decides about a set of `<participants/>`.
pub(super) fn participants(state: &State, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    if sender.who.is_none() {
        return refuse(rule::G14_9, NOT_IN);
    }
    let present = state.version_text(state.version.counter);
    match participant_edits(state, &Actor::of(state, sender), element, &present) {
        Ok(edits) if edits.kicks.is_empty() => (rule::G2_14, Verdict::Accept(Change::Edit(edits))),
        Ok(edits) => (rule::G2_17, Verdict::Accept(Change::Edit(edits))),
        Err((why, error)) => refuse(why, error),
    }
}

/// Decides about a set of `<access/>`.
pub(super) fn access(state: &State, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    let present = state.version_text(state.access.version);
    match access_edits(state, &Actor::of(state, sender), element, &present) {
        Ok(edits) => (rule::G2_13, Verdict::Accept(Change::Edit(edits))),
        Err((why, error)) => refuse(why, error),
    }
}

/// The items of a set that is for the present version.
fn items<'e>(element: &'e Element, present: &str, rules: &mut Vec<Rule>) -> Judged<Vec<&'e Element>> {
    fresh(element, present, rules)?;
    let children: Vec<&Element> = element.children().collect();
    let items = !children.is_empty() && children.iter().all(|child| child.is("item", ns::GC3));
    if items { Ok(children) } else { no(rule::G14_12, BAD_REQUEST) }
}

/// Whether a set is for the present version, if it says for which (G2.18).
pub(super) fn fresh(element: &Element, present: &str, rules: &mut Vec<Rule>) -> Judged<()> {
    match element.attr("if-version") {
        Some(version) if version != present => no(rule::G2_18, CONFLICT),
        Some(_) => {
            rules.push(rule::G2_18);
            Ok(())
        }
        None => Ok(()),
    }
}

fn reason(item: &Element) -> Option<Box<str>> {
    item.get_child("reason", ns::GC3).map(|reason| short_reason(&reason.text())).filter(|reason| !reason.is_empty())
}

fn participant_edits(state: &State, actor: &Actor<'_>, element: &Element, present: &str) -> Judged<Edits> {
    let mut edits = Edits::by(actor.id);
    let mut seen = BTreeSet::new();
    for item in items(element, present, &mut edits.rules)? {
        let changes = ["affiliation", "role", "kick"].map(|name| item.attr(name));
        let Some(text) = item.attr("id") else { return no(rule::G14_12, BAD_REQUEST) };
        let twice = !seen.insert(text) || changes.iter().flatten().count() > 1;
        if twice {
            return no(rule::G2_15, BAD_REQUEST);
        }
        let found = ParticipantId::parse(text).and_then(|id| state.people.find_id(id));
        let Some((slot, person)) = found.and_then(|slot| Some((slot, state.people.get(slot)?))) else {
            return no(rule::G2_14, NOT_FOUND);
        };
        match changes {
            [Some(name), None, None] => {
                let Some(to) = Affiliation::parse(name) else { return no(rule::G14_12, BAD_REQUEST) };
                actor.may_affiliate(state, person.id, person.affiliation, to)?;
                if to == Affiliation::Outcast {
                    edits.rules.push(rule::G2_16);
                }
                let target = Target { id: Some(person.id), account: Some(state.people.jid(slot)) };
                target.entries(state, to, to == Affiliation::Outcast, reason(item), &mut edits.entries);
            }
            [None, Some(name), None] => {
                let Some(to) = Role::parse(name) else { return no(rule::G14_12, BAD_REQUEST) };
                let from = state.role(person);
                actor.may_change_role(state, person.id, person.affiliation, (from, to))?;
                if to != from {
                    edits.roles.push((slot, to, reason(item)));
                }
            }
            [None, None, Some("yes")] => {
                actor.may_kick(state, person.id, person.affiliation)?;
                edits.kicks.push((slot, reason(item)));
            }
            _ => return no(rule::G14_12, BAD_REQUEST),
        }
    }
    whole(state, actor.notes(state, edits))
}

/// Has the access list give an account an affiliation.
pub(super) fn enlist(
    state: &State,
    bare: &str,
    to: Affiliation,
    reason: Option<Box<str>>,
    entries: &mut Vec<EntryEdit>,
) {
    let target = Target { id: Some(state.id_of(bare)), account: Some(bare) };
    target.entries(state, to, false, reason, entries);
}

/// Whose entry an item of the access list is.
struct Target<'a> {
    /// The participant ID; `None` for a domain.
    id: Option<ParticipantId>,
    account: Option<&'a str>,
}

impl Target<'_> {
    /// The entries that have to change so that it gets this affiliation. An account has one entry at most, by its JID
    /// or by its ID.
    fn entries(
        &self,
        state: &State,
        to: Affiliation,
        by_id: bool,
        reason: Option<Box<str>>,
        edits: &mut Vec<EntryEdit>,
    ) {
        let nick = self.id.and_then(|id| match state.people.find_id(id) {
            Some(slot) => state.people.get(slot).map(|person| person.nick.clone()),
            None => state.tombs.get(id).filter(|tomb| tomb.trace).map(|tomb| tomb.nick.clone()),
        });
        let by_jid = self.account.map(|account| Key::Account(account.into()));
        let (set, clear) = if by_id { (self.id.map(Key::Id), by_jid) } else { (by_jid, self.id.map(Key::Id)) };
        if let Some(key) = clear.filter(|key| state.access.get(key).is_some()) {
            edits.push(EntryEdit { key, affiliation: Affiliation::None, reason: None, nick: None });
        }
        let Some(key) = set else { return };
        let new = match state.access.get(&key) {
            None => to != Affiliation::None,
            Some(entry) => entry.affiliation != to || (reason.is_some() && entry.reason != reason),
        };
        if new {
            edits.push(EntryEdit { key, affiliation: to, reason, nick });
        }
    }
}

fn access_edits(state: &State, actor: &Actor<'_>, element: &Element, present: &str) -> Judged<Edits> {
    if !state.permits(actor.bare, Verb::Ban) && !state.permits(actor.bare, Verb::ChangeOwners) {
        actor.needs(state, Verb::ChangeMembers)?;
    }
    let mut edits = Edits::by(actor.id);
    let (mut ids, mut domains) = (BTreeSet::new(), BTreeSet::new());
    for item in items(element, present, &mut edits.rules)? {
        let to = item.attr("affiliation").and_then(Affiliation::parse);
        let (Some(to), reason) = (to, reason(item)) else { return no(rule::G14_12, BAD_REQUEST) };
        match (item.attr("jid"), item.attr("id")) {
            (Some(text), None) => {
                let Ok(jid) = BareJid::new(text) else { return no(rule::G14_12, BAD_REQUEST) };
                if jid.node().is_none() {
                    domain(state, actor, &jid, to, reason, &mut edits.entries)?;
                    if !domains.insert(jid) {
                        return no(rule::G2_15, BAD_REQUEST);
                    }
                    continue;
                }
                let id = state.id_of(jid.as_str());
                once(&mut ids, id)?;
                actor.may_affiliate(state, id, state.access.affiliation(jid.as_str(), id), to)?;
                enlist(state, jid.as_str(), to, reason, &mut edits.entries);
            }
            (None, Some(text)) => {
                let Some(id) = ParticipantId::parse(text) else { return no(rule::G2_14, NOT_FOUND) };
                once(&mut ids, id)?;
                let who = state.people.find_id(id);
                by_id(state, actor, (id, who), to, reason, &mut edits)?;
            }
            _ => return no(rule::G14_12, BAD_REQUEST),
        }
    }
    whole(state, actor.notes(state, edits))
}

pub(super) fn once(seen: &mut BTreeSet<ParticipantId>, id: ParticipantId) -> Judged<()> {
    if seen.insert(id) { Ok(()) } else { no(rule::G2_15, BAD_REQUEST) }
}

/// An item for a whole domain (G2.13).
pub(super) fn domain(
    state: &State,
    actor: &Actor<'_>,
    domain: &BareJid,
    to: Affiliation,
    reason: Option<Box<str>>,
    edits: &mut Vec<EntryEdit>,
) -> Judged<()> {
    if to >= Affiliation::Admin {
        return no(rule::G2_13, NOT_ALLOWED);
    }
    let from =
        state.access.get(&Key::Domain(domain.as_str().into())).map_or(Affiliation::None, |entry| entry.affiliation);
    actor.needs(
        state,
        match (from, to) {
            (_, Affiliation::Outcast) | (Affiliation::Outcast, Affiliation::None) => Verb::Ban,
            _ => Verb::ChangeMembers,
        },
    )?;
    let own = actor.bare.rsplit('@').next() == Some(domain.as_str());
    if to == Affiliation::Outcast && own && state.access.own(actor.bare, actor.id).is_none() {
        return no(rule::G2_17, CONFLICT);
    }
    let key = Key::Domain(domain.as_str().into());
    let from = state.access.get(&key);
    let new = match from {
        None => to != Affiliation::None,
        Some(entry) => entry.affiliation != to || (reason.is_some() && entry.reason != reason),
    };
    if new {
        edits.push(EntryEdit { key, affiliation: to, reason, nick: None });
    }
    Ok(())
}

/// An item by participant ID: a ban is kept by it (G2.16), everything else is for the account of somebody who is in.
fn by_id(
    state: &State,
    actor: &Actor<'_>,
    (id, who): (ParticipantId, Option<Slot>),
    to: Affiliation,
    reason: Option<Box<str>>,
    edits: &mut Edits,
) -> Judged<()> {
    let tomb = state.tombs.get(id).filter(|tomb| tomb.trace);
    let account = match who {
        Some(slot) => Some(state.people.jid(slot)),
        None => tomb.and_then(|tomb| tomb.jid.as_deref()),
    };
    let banned = state.access.get(&Key::Id(id)).is_some();
    let from = match account {
        Some(bare) => state.access.affiliation(bare, id),
        None if banned => Affiliation::Outcast,
        None => Affiliation::None,
    };
    // An ID that the room never gave is nobody's; without an account, all that can be done is to ban and to forgive.
    let known = who.is_some() || tomb.is_some() || banned;
    if !known || (account.is_none() && to > Affiliation::None) {
        return no(rule::G2_14, NOT_FOUND);
    }
    actor.may_affiliate(state, id, from, to)?;
    if to == Affiliation::Outcast {
        edits.rules.push(rule::G2_16);
    }
    let by_id = to == Affiliation::Outcast || account.is_none();
    Target { id: Some(id), account }.entries(state, to, by_id, reason, &mut edits.entries);
    Ok(())
}

/// The set as a whole: an owner is left (C4), and the list is not too long (G14.15).
pub(super) fn whole(state: &State, mut edits: Edits) -> Judged<Edits> {
    let (mut owners, mut length) = (u64::from(state.access.owners()), state.access.len());
    for edit in &edits.entries {
        let was = state.access.get(&edit.key).map(|entry| entry.affiliation);
        owners -= u64::from(was == Some(Affiliation::Owner));
        owners += u64::from(edit.affiliation == Affiliation::Owner);
        length -= usize::from(was.is_some());
        length += usize::from(edit.affiliation != Affiliation::None);
    }
    if owners == 0 && state.access.owners() > 0 {
        return no(rule::C4, CONFLICT);
    }
    counted(state, &edits.entries)?;
    if length > state.limits.access.max(state.access.len()) {
        return no(rule::G14_15, TOO_MANY);
    }
    edits.rules.push(rule::G2_15);
    if !edits.entries.is_empty() {
        edits.rules.push(rule::C5);
    }
    Ok(edits)
}

/// What a policy wants of the access list as a whole: not too many of an affiliation, and somebody who governs.
fn counted(state: &State, edits: &[EntryEdit]) -> Judged<()> {
    let Some(policy) = &state.policy else { return Ok(()) };
    for (&affiliation, &most) in &policy.most {
        let count = state.listed(edits).filter(|&(_, listed)| listed == affiliation).count();
        let raised = edits.iter().any(|edit| edit.affiliation == affiliation);
        if raised && count > most as usize {
            return no(acl::A6, CONFLICT);
        }
    }
    super::acl::governed(state, policy, &state.hats, edits)
}
