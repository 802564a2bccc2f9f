//! Retracting one's own message, and moderating another's (G8, XEP-0424, XEP-0425).

use minidom::Element;

use super::{Change, FORBIDDEN, NOT_FOUND, Reply, Sender, TOO_LARGE, TOO_MANY, Verdict, refuse};
use crate::codec::{Fragment, Writer};
use crate::gc3::acl::Verb;
use crate::gc3::host::Record;
use crate::gc3::id::ParticipantId;
use crate::gc3::room::state::{Moderation, State, Tombstone};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// What the body of every tombstone begins with.
const TOMBSTONE: &[u8] = b"<retracted xmlns='urn:xmpp:message-retract:1'";

/// What is known of a message that somebody names.
pub(super) enum Known {
    /// It is there.
    Original(Original),
    /// There is none.
    None,
    /// The archive has to be asked.
    Ask,
}

/// A message that was said, without its content.
pub(super) struct Original {
    pub(super) record: Record,
    pub(super) archived: bool,
    pub(super) retracted: bool,
}

/// Finds the message of a stanza-id: among those that the room remembers, else by what the host answered.
pub(super) fn find(state: &State, id: &str) -> Known {
    if let Some(said) = state.talk.find(id) {
        let Some(author) = said.author else { return Known::None };
        let record = Record {
            seq: said.seq,
            stanza_id: id.into(),
            stamp: said.stamp,
            author: Some(author),
            nick: said.nick.clone(),
            jid: state.real_jid(author).map(Into::into),
            id: said.id.clone(),
            body: Fragment::default().bytes().clone(),
        };
        return Known::Original(Original { record, archived: said.archived, retracted: said.retracted });
    }
    if !state.config.has_archive() || id.is_empty() {
        return Known::None;
    }
    match &state.found {
        Some(found) if *found.id == *id => match &found.record {
            Some(record) if *record.stanza_id == *id && record.author.is_some() => {
                let retracted = record.body.starts_with(TOMBSTONE);
                Known::Original(Original { record: record.clone(), archived: true, retracted })
            }
            _ => Known::None,
        },
        _ => Known::Ask,
    }
}

/// The verdict that has the host asked for a message. The stanza is judged again with the answer.
pub(super) fn ask(state: &State, id: &str) -> (Rule, Verdict) {
    if !state.may_ask_host() {
        return refuse(rule::G7_6, TOO_MANY);
    }
    (rule::G7_3, Verdict::Accept(Change::Find { id: id.into() }))
}

/// Why a message has no tombstone yet.
pub(super) enum Not {
    /// It is not there, or another's.
    Theirs,
    /// The archive has to be asked.
    Known,
}

impl Not {
    /// What becomes of the retraction.
    pub(super) fn verdict(self, state: &State, id: &str) -> (Rule, Verdict) {
        match self {
            Self::Theirs => refuse(rule::G8_1, FORBIDDEN),
            Self::Known => ask(state, id),
        }
    }
}

/// The tombstone of a message that its author retracts with the message `by`.
pub(super) fn own(state: &State, author: ParticipantId, id: &str, by: &str) -> Result<Tombstone, Not> {
    match find(state, id) {
        Known::Original(original) if original.record.author == Some(author) && !original.retracted => {
            Ok(tombstone(state, original, by, |_| {}))
        }
        Known::Ask => Err(Not::Known),
        _ => Err(Not::Theirs),
    }
}

fn tombstone(state: &State, original: Original, by: &str, inside: impl FnOnce(&mut Writer)) -> Tombstone {
    let body = Fragment::new(|writer| {
        writer.open("retracted", ns::RETRACT).attr("id", by).attr("stamp", &state.now.to_string());
        inside(writer);
        writer.close();
    });
    debug_assert!(body.bytes().starts_with(TOMBSTONE));
    let record = Record { body: body.bytes().clone(), ..original.record };
    Tombstone { record: Box::new(record), archived: original.archived }
}

/// Decides about `<moderate/>`.
pub(super) fn moderate(state: &State, sender: &Sender<'_>, demand: &Element) -> (Rule, Verdict) {
    let Some(id) = demand.attr("id").filter(|_| demand.has_child("retract", ns::RETRACT)) else {
        return refuse(rule::G14_12, BAD_REQUEST);
    };
    let person = sender.who.and_then(|who| state.people.get(who));
    let Some(moderator) = person.filter(|person| state.may(person, Verb::RetractOther)) else {
        return refuse(rule::M6, FORBIDDEN);
    };
    let reason = demand.get_child("reason", ns::MODERATE).map(Element::text).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.len() > state.limits.subject_bytes) {
        return refuse(rule::M13, TOO_LARGE);
    }
    let original = match find(state, id) {
        Known::Original(original) if original.retracted => return (rule::G8_4, Verdict::Answer(Reply::Done)),
        Known::Original(original) => original,
        Known::Ask => return ask(state, id),
        Known::None => return refuse(rule::G8_4, NOT_FOUND),
    };
    let by = state.next_message_id();
    let participant = state.participant_jid(moderator.id);
    let signed = |by: &str, writer: &mut Writer| {
        writer.open("moderated", ns::MODERATE).attr("by", by);
        writer.open("occupant-id", ns::OCCUPANT_ID).attr("id", moderator.id.as_str()).close().close();
        if let Some(reason) = &reason {
            writer.leaf("reason", ns::RETRACT, reason);
        }
    };
    let body = |by: &str| {
        Fragment::new(|writer| {
            writer.open("retract", ns::RETRACT).attr("id", id);
            signed(by, writer);
            writer.close();
        })
    };
    let by_name = sender.who.map(|who| body(&state.occupant_jid(state.name(who)))).unwrap_or_default();
    let body = body(&participant);
    let tombstone = tombstone(state, original, &by, |writer| signed(&participant, writer));
    let moderation = Moderation { actor: moderator.id, id: by.into(), body, by_name, tombstone };
    (rule::G8_3, Verdict::Accept(Change::Moderate(moderation)))
}
