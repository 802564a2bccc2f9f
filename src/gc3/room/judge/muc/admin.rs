//! Administration by XEP-0045 (§8, §9, §10.3–10.8): lists are read, and sets of items change affiliations and roles.

use std::collections::BTreeSet;

use jid::Jid;
use minidom::Element;

use super::super::administration::{Actor, Judged, domain, enlist, no, once, whole};
use crate::codec::{Stanza, StanzaType};
use crate::gc3::acl::{Affiliation, Role, Verb};
use crate::gc3::nick;
use crate::gc3::refusals::{BAD_REQUEST, CONFLICT, FORBIDDEN, INCOMPLETE, JID_MALFORMED, NOT_FOUND};
use crate::gc3::room::judge::{Change, Reply, Sender, Verdict, refuse};
use crate::gc3::room::state::{Edits, Key, Reserve, Slot, State, View, short_reason};
use crate::gc3::rules::{muc as rule, table};
use crate::ns;
use crate::rule::Rule;

/// A list of items.
#[derive(Clone, Debug)]
pub(crate) enum AdminReply {
    /// The accounts and domains of an affiliation, in the order of their texts; whether with the nicknames of those who are
    /// not in.
    Affiliation(Vec<Key>, bool),
    /// The participants of a role, in the order of their IDs; whose real addresses the asker sees.
    Role(Vec<Slot>, View),
}

/// Decides about a request of `muc#admin`.
pub(super) fn admin(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    if stanza.type_ != StanzaType::Set {
        return list(state, sender, query);
    }
    let mut actor = Actor::of(state, sender);
    // An owner may give up being one while there is another (§10.2).
    actor.may_step_down = true;
    match edits(state, &actor, query) {
        Ok(edits) => (edits.why, Verdict::Accept(Change::Edit(edits.edits))),
        Err((why, error)) => refuse(why, error),
    }
}

/// Decides about a list.
fn list(state: &State, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let mut items = query.children();
    let (Some(item), None) = (items.next().filter(|item| item.is("item", ns::MUC_ADMIN)), items.next()) else {
        return refuse(rule::AL5, BAD_REQUEST);
    };
    match (item.attr("affiliation"), item.attr("role")) {
        (Some(name), None) => match Affiliation::parse(name).filter(|a| *a != Affiliation::None) {
            Some(affiliation) => by_affiliation(state, sender, affiliation),
            None => refuse(rule::AL5, BAD_REQUEST),
        },
        (None, Some(name)) => match Role::parse(name) {
            Some(role) => by_role(state, sender, role),
            None => refuse(rule::AL5, BAD_REQUEST),
        },
        _ => refuse(rule::AL5, BAD_REQUEST),
    }
}

fn by_affiliation(state: &State, sender: &Sender<'_>, affiliation: Affiliation) -> (Rule, Verdict) {
    let (may, why) = match affiliation {
        Affiliation::Outcast | Affiliation::None => (state.permits(sender.bare, Verb::Ban), rule::AL1),
        Affiliation::Member => (state.reads_members(sender.bare), rule::AL2),
        // §10.5 and §10.8 leave no choice, though members of a private room would like to know.
        Affiliation::Admin | Affiliation::Owner => (state.permits(sender.bare, Verb::ChangeOwners), rule::AL3),
    };
    if !may {
        return refuse(rule::AL6, FORBIDDEN);
    }
    let of = state.access.iter().filter(|(_, entry)| entry.affiliation == affiliation).map(|(key, _)| key.clone());
    // Who was banned by ID has no address any more that could stand here.
    let mut keys: Vec<Key> = of.filter(|key| !matches!(key, Key::Id(_)) || real(state, key).is_some()).collect();
    keys.sort_unstable_by(|a, b| a.text().cmp(b.text()));
    (why, Verdict::Answer(Reply::MucAdmin(AdminReply::Affiliation(keys, state.reads_nicks(sender.bare)))))
}

/// The address that a ban by ID stands for, if it is still known.
pub(crate) fn real<'s>(state: &'s State, key: &'s Key) -> Option<&'s str> {
    match key {
        Key::Account(jid) | Key::Domain(jid) => Some(jid),
        Key::Id(id) => state.real_jid(*id),
    }
}

fn by_role(state: &State, sender: &Sender<'_>, role: Role) -> (Rule, Verdict) {
    let verb = if role == Role::Moderator { Verb::ChangeModerators } else { Verb::Kick };
    if !state.permits(sender.bare, verb) {
        return refuse(rule::AL6, FORBIDDEN);
    }
    let of = |who: &Slot| state.people.get(*who).is_some_and(|person| state.role(person) == role);
    let people: Vec<Slot> = state.people.by_id().filter(of).collect();
    let view = match sender.who.and_then(|who| state.people.get(who)) {
        Some(person) => state.sight(person),
        None if state.permits(sender.bare, Verb::ViewRealJid) => View::Jids,
        None => View::Plain,
    };
    (rule::AL4, Verdict::Answer(Reply::MucAdmin(AdminReply::Role(people, view))))
}

/// Changes, and the rule that they come from.
#[derive(Debug)]
struct Judging {
    edits: Edits,
    why: Rule,
}

fn edits(state: &State, actor: &Actor<'_>, query: &Element) -> Judged<Judging> {
    let items: Vec<&Element> = query.children().collect();
    if items.is_empty() || !items.iter().all(|item| item.is("item", ns::MUC_ADMIN)) {
        return no(rule::AL5, BAD_REQUEST);
    }
    let mut judging = Judging { edits: Edits::by(actor.id), why: rule::B1 };
    if items.len() > 1 {
        judging.edits.rules.push(rule::B1);
    }
    let (mut ids, mut domains) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        let reason = item.get_child("reason", ns::MUC_ADMIN).map(|reason| short_reason(&reason.text()));
        let reason = reason.filter(|reason| !reason.is_empty());
        let seen = (&mut ids, &mut domains);
        match (item.attr("affiliation"), item.attr("role")) {
            (Some(name), None) => affiliate(state, actor, (item, name, reason), seen, &mut judging)?,
            (None, Some(name)) => give_role(state, actor, (item, name, reason), seen.0, &mut judging)?,
            // §9.2 and §8.5: each item is about one of the two.
            _ => return no(rule::AL5, BAD_REQUEST),
        }
    }
    let Judging { mut edits, why } = judging;
    super::inviting::welcome(state, &mut edits);
    Ok(Judging { edits: whole(state, actor.notes(state, edits))?, why })
}

type Item<'a> = (&'a Element, &'a str, Option<Box<str>>);

/// An item that gives an affiliation, to an address or, by its nickname, to an occupant's.
fn affiliate(
    state: &State,
    actor: &Actor<'_>,
    (item, name, reason): Item<'_>,
    (ids, domains): (&mut BTreeSet<crate::gc3::id::ParticipantId>, &mut BTreeSet<jid::BareJid>),
    judging: &mut Judging,
) -> Judged<()> {
    let Some(to) = Affiliation::parse(name) else { return no(rule::AL5, BAD_REQUEST) };
    let jid = match (item.attr("jid"), item.attr("nick")) {
        (Some(text), _) => match Jid::new(text) {
            // A full JID stands for its account (§10.3).
            Ok(jid) => jid.to_bare(),
            Err(_) => return no(rule::AL5, JID_MALFORMED),
        },
        (None, Some(nick)) => match state.holder(nick) {
            Some(who) => jid::BareJid::new(state.people.jid(who)).map_err(|_| (rule::AL7, NOT_FOUND))?,
            None => return no(rule::AL7, NOT_FOUND),
        },
        (None, None) => return no(rule::AL5, BAD_REQUEST),
    };
    if jid.node().is_none() {
        domain(state, actor, &jid, to, reason, &mut judging.edits.entries)?;
        return if domains.insert(jid) { Ok(()) } else { no(rule::B1, BAD_REQUEST) };
    }
    let bare = jid.as_str();
    let id = state.id_of(bare);
    once(ids, id)?;
    let from = state.access.affiliation(bare, id);
    actor.may_affiliate(state, id, from, to)?;
    enlist(state, bare, to, reason, &mut judging.edits.entries);
    judging.why = match to {
        Affiliation::Outcast => rule::B2,
        Affiliation::None | Affiliation::Member if from < Affiliation::Admin => rule::B3,
        _ => rule::B4,
    };
    if to == Affiliation::Outcast {
        judging.edits.reserve.push(Reserve { bare: bare.into(), nick: None, own: false, offline: None });
    } else if let (Some(nick), Some(_)) = (item.attr("nick"), item.attr("jid")) {
        let nick = if to == Affiliation::None { None } else { reserved(state, bare, nick, &judging.edits.reserve)? };
        judging.edits.reserve.push(Reserve { bare: bare.into(), nick, own: false, offline: None });
    }
    Ok(())
}

/// The nickname that is to be reserved for an account, beside those of the items before; none if it is empty (§9.5).
fn reserved(state: &State, bare: &str, text: &str, before: &[Reserve]) -> Judged<Option<Box<str>>> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some(nick) = nick::prepare(text) else { return no(rule::RG8, INCOMPLETE) };
    let key = nick::key(&nick);
    let same = |other: &Reserve| other.nick.as_deref().is_some_and(|other| nick::key(other) == key);
    if state.nick_is_anothers(&nick, bare) || before.iter().any(same) {
        return no(rule::RG8, CONFLICT);
    }
    Ok(Some(nick.into()))
}

/// An item that gives a role, to an occupant by its nickname or its address. The role none is a kick.
fn give_role(
    state: &State,
    actor: &Actor<'_>,
    (item, name, reason): Item<'_>,
    ids: &mut BTreeSet<crate::gc3::id::ParticipantId>,
    judging: &mut Judging,
) -> Judged<()> {
    let who = match (item.attr("nick"), item.attr("jid")) {
        (Some(nick), _) => state.holder(nick),
        (None, Some(text)) => match Jid::new(text) {
            Ok(jid) => state.people.find(jid.to_bare().as_str()),
            Err(_) => return no(rule::AL5, JID_MALFORMED),
        },
        (None, None) => return no(rule::AL5, BAD_REQUEST),
    };
    let to = if name == "none" { None } else { Some(Role::parse(name).ok_or((rule::AL5, BAD_REQUEST))?) };
    let Some((who, person)) = who.and_then(|who| Some((who, state.people.get(who)?))) else {
        // Whether there is such a nickname is no business of those who could do nothing about it.
        actor.needs(state, Verb::Kick)?;
        return no(rule::AL7, NOT_FOUND);
    };
    once(ids, person.id)?;
    match to {
        None => {
            actor.may_kick(state, person.id, person.affiliation)?;
            judging.why = rule::K1;
            judging.edits.kicks.push((who, reason));
        }
        Some(to) => {
            let from = state.role(person);
            actor.may_change_role(state, person.id, person.affiliation, (from, to))?;
            judging.why = if to == Role::Moderator || from == Role::Moderator { rule::K3 } else { rule::K2 };
            if to != from {
                judging.edits.roles.push((who, to, reason));
            }
        }
    }
    Ok(())
}

/// The rule of this dialect that is the same as one of the other.
pub(super) fn in_this_dialect(why: Rule) -> Rule {
    let same = [(table::G14_10, rule::AL6), (table::C4, rule::B5), (table::G2_17, rule::B6), (table::G2_15, rule::B1)];
    same.into_iter().find(|(theirs, _)| *theirs == why).map_or(why, |(_, ours)| ours)
}
