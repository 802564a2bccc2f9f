//! What becomes of a stanza that nobody acknowledged, and the errors that go to its sender.

use std::collections::BTreeMap;

use jid::Jid;
use serde::{Deserialize, Serialize};

use super::host::{Copies, Notice, Order, Out, Parcel, Role, order, tell};
use super::rules as rule;
use super::state::{Entry, Mark, State};
use crate::codec::{
    Condition, Delay, ErrorType, Header, Outgoing, Reader, Stanza, StanzaError, StanzaKind, StanzaType, Writer,
};
use crate::limits::CodecLimits;
use crate::machine::Action;
use crate::ns;
use crate::party::{Audience, domain};
use crate::rule::Rule;
use crate::time::{Span, Time};

/// What becomes of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is lost, and only the host is told.
    Drop(Rule),
    /// It is routed anew.
    Return,
    /// Its sender gets an error.
    Bounce(Failure),
}

/// Why a sender gets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Failure {
    /// A room's message did not reach a recipient.
    Room,
    /// A request did not reach a client.
    Request,
    /// A subscription did not reach a server.
    Subscription,
    /// A message or request did not reach a server.
    Server,
    /// There is no such server.
    NotFound,
}

impl Failure {
    const fn rule(self) -> Rule {
        match self {
            Self::Room => rule::D4,
            Self::Request => rule::D5,
            Self::Subscription => rule::D6,
            Self::Server => rule::D7,
            Self::NotFound => rule::D11,
        }
    }

    const fn error(self) -> StanzaError<'static> {
        let (type_, condition) = match self {
            Self::Room => (ErrorType::Wait, Condition::RecipientUnavailable),
            Self::Request => (ErrorType::Cancel, Condition::ServiceUnavailable),
            Self::Subscription | Self::Server => (ErrorType::Wait, Condition::RemoteServerTimeout),
            Self::NotFound => (ErrorType::Cancel, Condition::RemoteServerNotFound),
        };
        StanzaError::new(type_, condition)
    }
}

/// An error that waits until its domain may get another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bounce {
    failure: Failure,
    kind: Kind,
    /// Whether a room sent it.
    room: bool,
    /// Who did not get it.
    from: Box<str>,
    /// Who sent it; of a room the room itself.
    to: Box<str>,
    id: Option<Box<str>>,
}

/// The kinds of stanza, as a snapshot holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Message,
    Presence,
    Iq,
}

impl Bounce {
    fn domain(&self) -> &str {
        domain(&self.to)
    }

    fn send(&self, out: &mut Out<'_>) {
        let kind = match self.kind {
            Kind::Message => StanzaKind::Message,
            Kind::Presence => StanzaKind::Presence,
            Kind::Iq => StanzaKind::Iq,
        };
        let header = Header { kind, type_: StanzaType::Error, from: &self.from, id: self.id.as_deref(), lang: None };
        let stanza = Outgoing::new(&header, |writer| self.failure.error().write(writer));
        out.push(self.failure.rule(), Action::Send { to: Audience::one(&self.to), stanza: &stanza });
    }
}

/// Decides what becomes of a stanza of this role's peer.
pub(super) fn judge(role: Role, copies: Copies, stanza: &Stanza) -> Fate {
    let client = role == Role::Client;
    match stanza.type_ {
        StanzaType::Error | StanzaType::Result | StanzaType::Headline => Fate::Drop(rule::D1),
        StanzaType::Groupchat => Fate::Bounce(Failure::Room),
        StanzaType::Chat | StanzaType::Normal if !client => Fate::Bounce(Failure::Server),
        StanzaType::Chat | StanzaType::Normal => match copies {
            Copies::Only => Fate::Return,
            Copies::Others => Fate::Drop(rule::D3),
        },
        StanzaType::Get | StanzaType::Set => Fate::Bounce(if client { Failure::Request } else { Failure::Server }),
        StanzaType::Subscribe | StanzaType::Subscribed | StanzaType::Unsubscribe | StanzaType::Unsubscribed
            if !client =>
        {
            Fate::Bounce(Failure::Subscription)
        }
        StanzaType::Subscribe
        | StanzaType::Subscribed
        | StanzaType::Unsubscribe
        | StanzaType::Unsubscribed
        | StanzaType::Available
        | StanzaType::Unavailable
        | StanzaType::Probe => Fate::Drop(rule::D6),
    }
}

/// Whether a stanza that may have arrived may be sent once more: where the peer finds out that it has it already, and
/// where it does no harm.
pub(super) fn may_go_again(entry: &Entry, stanza: &Stanza, limit: Span, now: Time) -> bool {
    let young = now.since(entry.first) < limit && !entry.again;
    young
        && match stanza.type_ {
            StanzaType::Chat | StanzaType::Normal | StanzaType::Groupchat => stanza.id.is_some(),
            StanzaType::Subscribe | StanzaType::Subscribed | StanzaType::Unsubscribe | StanzaType::Unsubscribed => true,
            _ => false,
        }
}

/// Reads what is kept. It was written by this process, so its size is no matter.
pub(super) fn read(parcel: &Parcel) -> Option<Stanza> {
    let usual = CodecLimits::default();
    // What was read within the limits may have grown a little: by the address of its sender, by a stamp.
    let limits = CodecLimits {
        depth: usual.depth * 2,
        stanza_bytes: usual.stanza_bytes.max(parcel.len()) * 2,
        token_bytes: usual.token_bytes * 2,
        namespace_bytes: usual.namespace_bytes * 2,
        attributes: usual.attributes * 2,
        elements: usual.elements * 2,
    };
    Reader::one_within(limits, ns::CLIENT, &parcel.to_bytes()).ok()
}

/// The same message with the time of its first attempt, if that is past. It keeps one of ours that it has already.
pub(super) fn delayed(state: &State, entry: &Entry) -> Option<Parcel> {
    const FOOT: &[u8] = b"</message>";
    let (parcel, first) = (&entry.parcel, entry.first);
    // It takes a moment to connect to a server: that is no delay.
    let soon = if state.role == Role::Outgoing && entry.mark == Mark::New { Span::from_secs(1) } else { Span::ZERO };
    if state.now <= first.plus(soon) || parcel.kind() != Some(StanzaKind::Message) {
        return None;
    }
    let local = state.pair.local.as_str();
    if Delay::by(&read(parcel)?.element, local).is_some() {
        return None;
    }
    let mut bytes = parcel.to_bytes();
    bytes.truncate(bytes.strip_suffix(FOOT)?.len());
    let mut writer = Writer::inheriting(ns::CLIENT);
    Delay { stamp: first, from: Some(local), reason: None }.write(&mut writer);
    bytes.extend_from_slice(&writer.finish());
    bytes.extend_from_slice(FOOT);
    Some(Parcel::of(bytes.into(), bytes::Bytes::new()).copies(parcel.copies))
}

/// Who waits for which error: where in the queue of errors a room's error about one recipient is.
type Rooms = BTreeMap<(Box<str>, Box<str>), usize>;

/// Gives up stanzas, oldest first. Where no server was reached because there is none, that is what senders are told.
pub(super) fn give_up(state: &mut State, entries: impl IntoIterator<Item = Entry>, not_found: bool, out: &mut Out<'_>) {
    let waiting = state.bounces.iter().enumerate().filter(|(_, bounce)| bounce.room);
    let mut rooms: Rooms = waiting.map(|(at, bounce)| ((bounce.to.clone(), bounce.from.clone()), at)).collect();
    for entry in entries {
        give_up_one(state, &entry, not_found, &mut rooms, out);
    }
    flush(state, out);
}

fn give_up_one(state: &mut State, entry: &Entry, not_found: bool, rooms: &mut Rooms, out: &mut Out<'_>) {
    let kind = entry.parcel.kind().unwrap_or(StanzaKind::Message);
    let Some(stanza) = read(&entry.parcel) else {
        return tell(out, rule::D1, Notice::Dropped { kind });
    };
    match judge(state.role, entry.parcel.copies, &stanza) {
        Fate::Drop(why) => tell(out, why, Notice::Dropped { kind }),
        Fate::Return => {
            let later = delayed(state, entry).and_then(|parcel| read(&parcel));
            let stanza = Box::new(later.unwrap_or(stanza));
            order(out, rule::D2, Order::Return { stanza, first: entry.first });
        }
        Fate::Bounce(failure) => {
            let failure = if not_found { Failure::NotFound } else { failure };
            let Some(bounce) = bounce(failure, &stanza) else {
                return tell(out, rule::D1, Notice::Dropped { kind });
            };
            wait(state, bounce, rooms, out);
        }
    }
}

/// The error for the sender of a stanza: for the room itself if that is who sent it.
fn bounce(failure: Failure, stanza: &Stanza) -> Option<Bounce> {
    let (from, to) = (stanza.to.as_ref()?, stanza.from.as_ref()?);
    let kind = match stanza.kind {
        StanzaKind::Message => Kind::Message,
        StanzaKind::Presence => Kind::Presence,
        StanzaKind::Iq => Kind::Iq,
    };
    let room = stanza.type_ == StanzaType::Groupchat;
    let to = if room { Jid::from(to.to_bare()) } else { to.clone() };
    Some(Bounce { failure, kind, room, from: from.as_str().into(), to: to.as_str().into(), id: stanza.id.clone() })
}

/// Puts an error into the queue of errors; in place of an older one of the same room about the same recipient.
fn wait(state: &mut State, bounce: Bounce, rooms: &mut Rooms, out: &mut Out<'_>) {
    if bounce.room {
        let key = (bounce.to.clone(), bounce.from.clone());
        if let Some(older) = rooms.get(&key).and_then(|&at| state.bounces.get_mut(at)) {
            *older = bounce;
            return tell(out, rule::D10, Notice::Dropped { kind: StanzaKind::Message });
        }
        rooms.insert(key, state.bounces.len());
    }
    if state.bounces.len() >= state.limits.stanzas {
        return tell(out, rule::D9, Notice::Dropped { kind: StanzaKind::Message });
    }
    state.bounces.push_back(bounce);
}

/// Sends the errors that may be sent now.
pub(super) fn flush(state: &mut State, out: &mut Out<'_>) {
    if state.bounces.is_empty() {
        return;
    }
    if state.now >= state.window.plus(Span::from_secs(1)) {
        state.window = state.now;
        state.spent.clear();
    }
    let waiting = core::mem::take(&mut state.bounces);
    for bounce in waiting {
        let spent = state.spent.entry(bounce.domain().into()).or_default();
        if *spent < state.limits.bounces.max(1) {
            *spent += 1;
            bounce.send(out);
        } else {
            state.bounces.push_back(bounce);
        }
    }
    if !state.bounces.is_empty() {
        tell(out, rule::D9, Notice::Also);
    }
}
