//! Messages to the whole room (M1–M15, G6, G7.1).

use std::sync::Arc;

use super::{Change, NOT_IN, Sender, TOO_FAST, TOO_LARGE, Verdict, lacks, refuse};
use crate::codec::Stanza;
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::refusals::INCOMPLETE;
use crate::gc3::room::state::{Bound, Reacting, Speech, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::{BAD_REQUEST, Words};
use crate::reactions;
use crate::rule::Rule;

/// The longest id of a message, in bytes: it is remembered with each of the recent ones.
const ID_BYTES: usize = 1024;

/// Decides about a groupchat message.
pub(super) fn speak(state: &State, stanza: &Stanza, sender: &Sender<'_>, words: &Words) -> (Rule, Verdict) {
    let Some((who, person)) = sender.who.and_then(|who| Some((who, state.people.get(who)?))) else {
        return refuse(rule::M1, NOT_IN);
    };
    if words.subject.is_some() {
        if !state.may(person, Verb::ChangeSubject) {
            return lacks(state, rule::M5);
        }
    } else if !state.may(person, Verb::SendMessage) {
        return lacks(state, rule::M12);
    }
    // Only a policy tells these apart from speaking.
    let kinds = [
        (words.reactions.is_some(), Verb::React),
        (words.replies, Verb::Reply),
        (words.corrects, Verb::EditOwn),
        (words.retracts.is_some(), Verb::RetractOwn),
    ];
    if kinds.into_iter().any(|(is, verb)| is && !state.may(person, verb)) {
        return lacks(state, rule::M12);
    }
    if words.ambiguous {
        return refuse(rule::G14_12, BAD_REQUEST);
    }
    let size = words.payload.bytes().len();
    let subject_size = words.subject.as_ref().map_or(0, |subject| subject.bytes().len());
    let id_size = stanza.id.as_deref().map_or(0, str::len);
    if id_size > ID_BYTES || size > state.limits.message_bytes || subject_size > state.limits.subject_bytes {
        return refuse(rule::M13, TOO_LARGE);
    }
    if state.config.slow_mode > 0
        && words.body
        && !state.allowance(Bound::Slow, person.id.as_str()).allows(state.slow_rate(), state.now)
        && person.affiliation < Affiliation::Admin
    {
        return refuse(rule::M7, TOO_FAST);
    }
    if let Some(Reacting { to, set }) = &words.reactions {
        let own = || set.iter().map(|reaction| &**reaction);
        let together = || distinct(own().chain(state.reacted.others(to, person.id)));
        let all = !set.is_empty() && together() > state.limits.reactions_together;
        if all || distinct(own()) > state.limits.reactions {
            return refuse(rule::M15, TOO_LARGE);
        }
        if state.config.reactions.check(state.reacted.of(to, person.id), own()).is_err() {
            return refuse(rule::M10, INCOMPLETE);
        }
    }
    let id: Arc<str> = match stanza.id.as_deref() {
        Some(id) if !id.is_empty() => id.into(),
        _ => state.next_message_id().into(),
    };
    let retracts = match &words.retracts {
        None => None,
        Some(retracted) => match super::retraction::own(state, person.id, retracted, &id) {
            Ok(tombstone) => Some(tombstone),
            Err(not) => return not.verdict(state, retracted),
        },
    };
    let keeps = words.content && (!words.no_store || retracts.is_some());
    let archived = state.config.has_archive() && keeps;
    let identified = archived || (!state.config.has_archive() && words.content);
    let why = if words.subject.is_some() {
        rule::M5
    } else if retracts.is_some() {
        rule::M6
    } else {
        rule::M2
    };
    let speech = Speech {
        who,
        author: person.id,
        id,
        body: words.payload.clone(),
        archived,
        identified,
        subject: words.subject.as_ref().map(|subject| subject.bytes().clone()),
        retracts,
        paced: words.body,
        counted: words.body && !words.corrects,
        reactions: words.reactions.clone(),
    };
    (why, Verdict::Accept(Change::Speak(speech)))
}

/// How many different reactions there are: the same twice is one, with and without the mark that asks for colour.
fn distinct<'a>(reactions: impl Iterator<Item = &'a str>) -> usize {
    let mut all: Vec<String> = reactions.map(reactions::key).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}
