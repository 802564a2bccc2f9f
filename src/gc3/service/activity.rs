//! Activity indicators (XEP-0437): a device that is not in a room learns that something was said there. Once for each room,
//! until it has been in again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::machine::Out;
use super::state::{Bound, State};
use crate::codec::{Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::host::Notice;
use crate::gc3::refusals::{TOO_FAST, TOO_MANY};
use crate::gc3::room::RoomState;
use crate::gc3::rules::muc as rule;
use crate::machine::Action;
use crate::ns;
use crate::party::{Audience, bare};
use crate::rule::Rule;

/// A device that wants to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Subscriber {
    /// The rooms of whose next message it is told.
    waits: BTreeSet<u32>,
    /// The rooms that it was told of.
    told: BTreeSet<u32>,
}

/// Everybody who wants to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Indicators {
    /// By full JID.
    subscribers: BTreeMap<Box<str>, Subscriber>,
    /// Who waits for a room. Derived.
    #[serde(skip)]
    waiting: BTreeMap<u32, BTreeSet<Box<str>>>,
}

impl Indicators {
    pub(super) const fn new() -> Self {
        Self { subscribers: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    /// Builds what is derived, after loading.
    pub(super) fn reindex(&mut self) {
        self.waiting.clear();
        for (full, subscriber) in &self.subscribers {
            for serial in &subscriber.waits {
                self.waiting.entry(*serial).or_default().insert(full.clone());
            }
        }
    }

    /// Whether all rooms are there that somebody waits for.
    pub(super) fn check(&self, exists: impl Fn(u32) -> bool) -> bool {
        self.subscribers.values().all(|one| {
            one.waits.is_disjoint(&one.told) && one.waits.iter().chain(&one.told).all(|serial| exists(*serial))
        })
    }

    /// A room is gone.
    pub(super) fn forget(&mut self, serial: u32) {
        self.waiting.remove(&serial);
        for subscriber in self.subscribers.values_mut() {
            subscriber.waits.remove(&serial);
            subscriber.told.remove(&serial);
        }
    }

    fn wait(&mut self, full: &str, serial: u32) {
        let Some(subscriber) = self.subscribers.get_mut(full) else { return };
        subscriber.told.remove(&serial);
        subscriber.waits.insert(serial);
        self.waiting.entry(serial).or_default().insert(full.into());
    }

    /// A device does not wait for a room any more.
    fn rest(&mut self, full: &str, serial: u32) {
        if let Some(subscriber) = self.subscribers.get_mut(full) {
            subscriber.waits.remove(&serial);
        }
        if let Some(waiting) = self.waiting.get_mut(&serial) {
            waiting.remove(full);
            if waiting.is_empty() {
                self.waiting.remove(&serial);
            }
        }
    }

    fn told(&mut self, full: &str, serial: u32) {
        self.rest(full, serial);
        if let Some(subscriber) = self.subscribers.get_mut(full) {
            subscriber.told.insert(serial);
        }
    }

    fn remove(&mut self, full: &str) -> bool {
        let Some(subscriber) = self.subscribers.get(full) else { return false };
        let waits: Vec<u32> = subscriber.waits.iter().copied().collect();
        waits.into_iter().for_each(|serial| self.rest(full, serial));
        self.subscribers.remove(full).is_some()
    }
}

/// Takes presence for the service, or an error; whether it was about this.
pub(super) fn heard(state: &mut State, stanza: &Stanza, out: &mut Out<'_>) -> bool {
    let Some(full) = stanza.from.as_ref().filter(|from| from.resource().is_some()) else { return false };
    if !state.config.muc && !state.config.muc2 {
        return false;
    }
    let ends = match (stanza.kind, stanza.type_) {
        (StanzaKind::Presence, StanzaType::Available) => return subscribes(state, stanza, out),
        (StanzaKind::Presence, StanzaType::Unavailable) => true,
        // The device is gone, or does not want what it was sent.
        (StanzaKind::Presence | StanzaKind::Message, StanzaType::Error) => true,
        _ => false,
    };
    if ends && state.indicators.remove(full.as_str()) {
        out.push(rule::RA5, Action::Tell(Notice::Also));
        return true;
    }
    false
}

fn subscribes(state: &mut State, stanza: &Stanza, out: &mut Out<'_>) -> bool {
    let Some(full) = stanza.from.as_ref().filter(|_| stanza.child("rai", ns::RAI).is_some()) else { return false };
    let full = full.as_str();
    let bare = bare(full);
    let new = !state.indicators.subscribers.contains_key(full);
    let error = if !state.spend(Bound::Indication, bare) {
        Some(TOO_FAST)
    } else if new && (state.indicators.subscribers.len() >= state.limits.indicated || too_many(state, bare)) {
        Some(TOO_MANY)
    } else {
        None
    };
    if let Some(error) = error {
        if let Some(answer) = Outgoing::error(stanza, &error) {
            out.push(rule::RA6, Action::Send { to: Audience::one(full), stanza: &answer });
        }
        out.push(rule::RA6, Action::Tell(Notice::Refused { from: Some(full.into()) }));
        return true;
    }
    let known = state.indicators.subscribers.entry(full.into()).or_default().clone();
    let (mut news, mut waits) = (Vec::new(), Vec::new());
    for (&serial, held) in &state.rooms {
        let room = &held.room.state;
        // Where it is in, it hears everything, and waits when it is not any more.
        if known.told.contains(&serial) || !room.belongs(bare) || room.is_listening(full) {
            continue;
        }
        if room.has_news_for(bare) { news.push(serial) } else { waits.push(serial) }
    }
    waits.iter().for_each(|&serial| state.indicators.wait(full, serial));
    tell(state, out, rule::RA1, full, &news);
    out.push(rule::RA1, Action::Tell(Notice::Also));
    true
}

/// Whether an account has as many subscriptions as it may have sessions.
fn too_many(state: &State, bare: &str) -> bool {
    let first = format!("{bare}/");
    let own = state
        .indicators
        .subscribers
        .range::<str, _>((core::ops::Bound::Included(first.as_str()), core::ops::Bound::Unbounded));
    own.take_while(|(full, _)| full.starts_with(&first)).count() >= state.limits.sessions as usize
}

/// Tells a device of rooms, which it is not told of again.
fn tell(state: &mut State, out: &mut Out<'_>, why: Rule, full: &str, serials: &[u32]) {
    let address = |serial: &u32| state.rooms.get(serial).map(|held| held.room.address().as_str());
    for chunk in serials.chunks(state.limits.list_page.max(1)) {
        let told = Outgoing::new(&state.word(), |writer| {
            writer.open("rai", ns::RAI);
            chunk.iter().filter_map(address).for_each(|room| {
                writer.leaf("activity", ns::RAI, room);
            });
            writer.close();
        });
        out.push(why, Action::Send { to: Audience::one(full), stanza: &told });
    }
    serials.iter().for_each(|&serial| state.indicators.told(full, serial));
}

/// After a call of a room: tells who waits for it that something was said, and lets those wait who left it.
pub(super) fn after(state: &mut State, serial: u32, out: &mut Out<'_>) {
    let Some(held) = state.rooms.get_mut(&serial) else { return };
    let ceased = core::mem::take(&mut held.room.state.heard.ceased);
    let spoken = core::mem::replace(&mut held.spoken, held.room.state.talk.spoken) != held.spoken;
    if spoken && let Some(waiting) = state.indicators.waiting.remove(&serial) {
        for full in waiting {
            let room = state.rooms.get(&serial).map(|held| &held.room.state);
            let listens = |room: &RoomState| room.is_listening(&full);
            if room.is_some_and(|room| room.belongs(bare(&full)) && !listens(room)) {
                tell(state, out, rule::RA2, &full, &[serial]);
            } else {
                // Whoever is in waits again when it leaves; whoever belongs to the room no more does not.
                let why = if room.is_some_and(listens) { rule::RA3 } else { rule::RA4 };
                out.push(why, Action::Tell(Notice::Also));
                state.indicators.rest(&full, serial);
            }
        }
    }
    for full in ceased {
        let belongs = |room: &RoomState| room.belongs(bare(&full)) && !room.is_listening(&full);
        if state.indicators.subscribers.contains_key(&full)
            && state.rooms.get(&serial).is_some_and(|held| belongs(&held.room.state))
        {
            state.indicators.wait(&full, serial);
            out.push(rule::RA3, Action::Tell(Notice::Also));
        }
    }
}
