//! Subscriptions by request, and `sync`: the cure for Schrödinger's chat (G4.5, G5).

use super::{CONFLICT, Change, NOT_IN, Reply, Sender, SyncReply, TOO_FAST, TOO_MANY, Verdict, refuse};
use crate::gc3::config::History;
use crate::gc3::room::state::{Bound, Slot, State, Topics};
use crate::gc3::rules::{muc, table as rule};
use crate::gc3::wire::Sync;
use crate::party::Address;
use crate::rule::Rule;
use crate::time::Time;

/// Decides about `<subscribe/>` and `<unsubscribe/>`.
pub(super) fn subscribe(state: &State, sender: &Sender<'_>, add: Topics, remove: Topics) -> (Rule, Verdict) {
    let Some(who) = sender.who else { return refuse(rule::G14_9, NOT_IN) };
    if state.occupant(sender.full).is_some() {
        return refuse(muc::J10, CONFLICT);
    }
    let Some(full) = full(sender) else { return refuse(rule::G14_12, crate::gc3::wire::BAD_REQUEST) };
    if let Some(refused) = no_room(state, who, sender, add) {
        return refused;
    }
    (rule::G4_5, Verdict::Accept(Change::Subscribe { who, full, add, remove }))
}

/// A full JID that wants a session when its account has as many as it may.
pub(super) fn no_room(state: &State, who: Slot, sender: &Sender<'_>, add: Topics) -> Option<(Rule, Verdict)> {
    if !add.is_empty() && state.occupant(sender.full).is_some() {
        return Some(refuse(muc::J10, CONFLICT));
    }
    let opens = !add.is_empty() && sender.is_full && state.sessions.find(sender.full).is_none();
    let full = opens && state.sessions.of(&state.people, who).count() >= state.limits.sessions as usize;
    full.then(|| refuse(rule::G14_15, TOO_MANY))
}

fn full(sender: &Sender<'_>) -> Option<Address> {
    Address::from_normalised(sender.full).filter(|_| sender.is_full)
}

/// Decides about `<sync/>`.
pub(super) fn sync(state: &State, sender: &Sender<'_>, sync: &Sync<'_>) -> (Rule, Verdict) {
    if !state.allowance(Bound::Sync, sender.full).allows(state.limits.sync, state.now) {
        return refuse(rule::G5_6, TOO_FAST);
    }
    let Some(who) = sender.who else {
        let reply = SyncReply { who: None, session: false, topics: Topics::NONE, missed: "unknown" };
        return (rule::G5_5, Verdict::Accept(Change::Looked { reply }));
    };
    let session = state.sessions.find(sender.full).and_then(|seat| state.sessions.get(seat));
    let reply = SyncReply {
        who: Some(who),
        session: session.is_some(),
        topics: session.map_or(Topics::NONE, |s| s.topics),
        missed: missed(state, who, sync.last),
    };
    let Some(topics) = sync.topics else {
        let why = if sync.last.is_some() { rule::G5_3 } else { rule::G5_1 };
        return (why, Verdict::Accept(Change::Looked { reply }));
    };
    let Some(full) = full(sender) else { return refuse(rule::G14_12, crate::gc3::wire::BAD_REQUEST) };
    if let Some(refused) = no_room(state, who, sender, Topics::ALL) {
        return refused;
    }
    (rule::G5_2, Verdict::Accept(Change::Sync { who, full, topics, reply }))
}

/// The newest archived message that a participant may read.
pub(crate) fn last_readable(state: &State, who: Slot) -> Option<&str> {
    last_readable_at(state, who).map(|(id, _)| id)
}

/// The same, and when it was said.
pub(crate) fn last_readable_at(state: &State, who: Slot) -> Option<(&str, Time)> {
    let (seq, id, stamp) = state.talk.last_archived.as_ref()?;
    let person = state.people.get(who)?;
    let readable = match state.config.history {
        History::All => true,
        History::SinceJoin => *seq > person.since_seq,
        History::None => false,
    };
    readable.then_some((id, *stamp))
}

/// Whether something came after the last message that a client knows (G5.3).
fn missed(state: &State, who: Slot, last: Option<&str>) -> &'static str {
    let newest = last_readable(state, who);
    match last {
        last if last == newest => "no",
        Some(last) if state.talk.find(last).is_some_and(|said| said.archived) => "yes",
        _ => "unknown",
    }
}

impl From<SyncReply> for Reply {
    fn from(reply: SyncReply) -> Self {
        Self::Sync(reply)
    }
}
