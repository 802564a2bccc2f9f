//! What a queue knows: where its stream is, what was counted, what is kept.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::fate::Bounce;
use super::host::{Link, Pair, Parcel, Role};
use crate::limits::SmLimits;
use crate::seed::Seed;
use crate::time::{Span, Time};

/// Where the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// There is none yet, or none any more and another may come.
    Fresh,
    /// Open and not counted.
    Open(Link),
    /// Open, `enable` was sent and not answered: what is sent is counted.
    Enabling(Link),
    /// Open, `resume` was sent and not answered.
    Resuming(Link),
    /// Open and counted.
    Counted(Link),
    /// Broken, and can be resumed until then.
    Broken(Time),
    /// The session is over.
    Over,
}

/// A stanza that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) parcel: Parcel,
    /// When it was to be sent at first.
    pub(super) first: Time,
    pub(super) mark: Mark,
    /// Whether it was in doubt and sent once more.
    pub(super) again: bool,
}

/// What is known about a kept stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// It was never written.
    New,
    /// It was written as that number of its stream.
    Sent(u32),
    /// It was written on a stream that is gone, and nobody knows whether it arrived.
    Doubt,
}

/// The counts of a counted stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// What we handled of the peer's.
    pub(super) handled: u32,
    /// What the peer acknowledged of ours.
    pub(super) acked: u32,
    /// What was written.
    pub(super) sent: u32,
    /// The id by which it can be resumed.
    pub(super) id: Option<Box<str>>,
    pub(super) resume_for: Span,
    /// Stanzas since the peer was asked.
    pub(super) unasked: u32,
    pub(super) ask_at: Option<Time>,
    pub(super) answer_by: Option<Time>,
}

/// What is remembered of a session that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) id: Box<str>,
    pub(super) handled: u32,
    pub(super) until: Time,
}

/// What an acknowledgement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// So many more than before.
    More(u32),
    /// Fewer than before.
    Back,
    /// More than was sent.
    TooHigh,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) role: Role,
    pub(super) pair: Pair,
    pub(super) limits: SmLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    pub(super) phase: Phase,
    pub(super) session: Option<Session>,
    pub(super) past: Option<Past>,
    pub(super) entries: VecDeque<Entry>,
    /// Bytes of the entries.
    pub(super) bytes: u64,
    /// Ids that were drawn.
    pub(super) drawn: u64,
    /// Whether the host was told to connect and has not answered.
    pub(super) connecting: bool,
    pub(super) connect_at: Option<Time>,
    /// The next wait before another try.
    pub(super) backoff: Span,
    /// Errors that wait because their domain got enough.
    pub(super) bounces: VecDeque<Bounce>,
    /// Errors of the second that began then, by domain.
    pub(super) window: Time,
    pub(super) spent: BTreeMap<Box<str>, u32>,
}

impl State {
    pub(super) fn new(role: Role, pair: Pair, limits: SmLimits, seed: Seed) -> Self {
        Self {
            role,
            pair,
            limits,
            seed,
            now: Time::EPOCH,
            phase: Phase::Fresh,
            session: None,
            past: None,
            entries: VecDeque::new(),
            bytes: 0,
            drawn: 0,
            connecting: false,
            connect_at: None,
            backoff: limits.reconnect.0,
            bounces: VecDeque::new(),
            window: Time::EPOCH,
            spent: BTreeMap::new(),
        }
    }

    /// The open connection.
    pub(super) const fn link(&self) -> Option<Link> {
        match self.phase {
            Phase::Open(link) | Phase::Enabling(link) | Phase::Resuming(link) | Phase::Counted(link) => Some(link),
            Phase::Fresh | Phase::Broken(_) | Phase::Over => None,
        }
    }

    /// Begins to count.
    pub(super) fn count(&mut self) {
        self.session = Some(Session {
            handled: 0,
            acked: 0,
            sent: 0,
            id: None,
            resume_for: Span::ZERO,
            unasked: 0,
            ask_at: None,
            answer_by: None,
        });
    }

    /// An id that was never given before.
    pub(super) fn draw_id(&mut self) -> Box<str> {
        self.drawn = self.drawn.wrapping_add(1);
        let (local, peer) = (self.pair.local.as_str().as_bytes(), self.pair.peer.as_str().as_bytes());
        self.seed.draw("sm-resume", &[local, peer, &self.drawn.to_be_bytes()]).base32().into()
    }

    pub(super) fn keep(&mut self, parcel: Parcel, mark: Mark) {
        self.bytes += parcel.len() as u64;
        self.entries.push_back(Entry { parcel, first: self.now, mark, again: false });
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.parcel.len() as u64;
        Some(entry)
    }

    /// Takes all that is kept.
    pub(super) fn take(&mut self) -> VecDeque<Entry> {
        self.bytes = 0;
        core::mem::take(&mut self.entries)
    }

    /// Puts back what was taken.
    pub(super) fn put_back(&mut self, entry: Entry) {
        self.bytes += entry.parcel.len() as u64;
        self.entries.push_back(entry);
    }

    pub(super) fn is_over_limits(&self) -> bool {
        self.entries.len() > self.limits.stanzas || self.bytes > self.limits.bytes as u64
    }

    /// Forgets all that up to `acked + more` was sent. Gives how many of them were kept.
    pub(super) fn acknowledge(&mut self, more: u32) -> usize {
        let Some(session) = &mut self.session else { return 0 };
        let before = session.acked;
        session.acked = before.wrapping_add(more);
        session.answer_by = None;
        let mut gone = 0;
        while let Some(Mark::Sent(seq)) = self.entries.front().map(|entry| entry.mark) {
            if seq.wrapping_sub(before) > more {
                break;
            }
            self.pop();
            gone += 1;
        }
        gone
    }

    /// What is kept of a stream that is gone for good is in doubt.
    pub(super) fn doubt(&mut self) {
        for entry in &mut self.entries {
            if let Mark::Sent(_) = entry.mark {
                entry.mark = Mark::Doubt;
            }
        }
        self.session = None;
    }

    /// When something is due next.
    pub(super) fn deadline(&self) -> Option<Time> {
        let session = self.session.as_ref();
        let counted = matches!(self.phase, Phase::Counted(_));
        let broken = match self.phase {
            Phase::Broken(until) => Some(until),
            _ => None,
        };
        [
            session.filter(|_| counted).and_then(|session| session.ask_at),
            session.filter(|_| counted).and_then(|session| session.answer_by),
            broken,
            self.stale(),
            self.connect_at,
            self.bounce_at(),
            self.past.as_ref().map(|past| past.until),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the oldest of what waits for a server is too old.
    pub(super) fn stale(&self) -> Option<Time> {
        let oldest = self.entries.front().filter(|_| self.phase == Phase::Fresh)?;
        Some(oldest.first.plus(self.limits.retry_for))
    }

    /// When more errors may be sent.
    pub(super) fn bounce_at(&self) -> Option<Time> {
        (!self.bounces.is_empty()).then(|| self.window.plus(Span::from_secs(1)))
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let bytes: u64 = self.entries.iter().map(|entry| entry.parcel.len() as u64).sum();
        if bytes != self.bytes {
            return Err("the bytes that are kept are miscounted");
        }
        if self.is_over_limits() {
            return Err("more is kept than may be");
        }
        if self.entries.iter().any(|entry| entry.parcel.kind().is_none()) {
            return Err("what is kept is no stanza");
        }
        let times = self.entries.iter().map(|entry| entry.first);
        if !times.is_sorted() || self.entries.back().is_some_and(|entry| entry.first > self.now) {
            return Err("what is kept is not in order");
        }
        let counted =
            matches!(self.phase, Phase::Enabling(_) | Phase::Resuming(_) | Phase::Counted(_) | Phase::Broken(_));
        if counted != self.session.is_some() {
            return Err("the counts do not fit the stream");
        }
        if matches!(self.phase, Phase::Open(_) | Phase::Over) && !self.entries.is_empty() {
            return Err("something is kept for nothing");
        }
        if self.past.is_some() && self.phase != Phase::Over {
            return Err("a session is over and is not");
        }
        let outgoing = self.role == Role::Outgoing;
        let initiating = matches!(self.phase, Phase::Enabling(_) | Phase::Resuming(_));
        if !outgoing && (initiating || self.connecting || self.connect_at.is_some()) {
            return Err("it connects to where it is connected from");
        }
        if outgoing && self.phase == Phase::Over {
            return Err("a server is given up for ever");
        }
        if self.bounces.len() > self.limits.stanzas {
            return Err("more errors wait than may");
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), &'static str> {
        let Some(session) = &self.session else {
            let sent = self.entries.iter().any(|entry| matches!(entry.mark, Mark::Sent(_)));
            return if sent { Err("numbers without counts") } else { Ok(()) };
        };
        let (mut last, mut new) = (0, false);
        for entry in &self.entries {
            match entry.mark {
                Mark::Sent(seq) => {
                    let after = seq.wrapping_sub(session.acked);
                    if new || after <= last || after > session.sent.wrapping_sub(session.acked) {
                        return Err("numbers are not in order");
                    }
                    last = after;
                }
                Mark::New => new = true,
                Mark::Doubt => return Err("a doubt about a stream that can be resumed"),
            }
        }
        let open = matches!(self.phase, Phase::Counted(_) | Phase::Enabling(_));
        if new && open {
            return Err("something is not written to an open stream");
        }
        if matches!(self.phase, Phase::Broken(_) | Phase::Resuming(_)) && session.id.is_none() {
            return Err("a stream without an id waits to be resumed");
        }
        Ok(())
    }
}

impl Session {
    /// What an acknowledgement up to `h` says. Numbers turn over, so what lies behind by less than half is behind.
    pub(super) const fn judge(&self, h: u32) -> Ack {
        let more = h.wrapping_sub(self.acked);
        if more <= self.sent.wrapping_sub(self.acked) {
            Ack::More(more)
        } else if self.acked.wrapping_sub(h) < 1 << 31 {
            Ack::Back
        } else {
            Ack::TooHigh
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(acked: u32, sent: u32) -> Session {
        Session { handled: 0, acked, sent, id: None, resume_for: Span::ZERO, unasked: 0, ask_at: None, answer_by: None }
    }

    #[test]
    fn acknowledgements_turn_over_with_the_numbers() {
        let turning = session(u32::MAX - 1, 3);
        for (h, ack) in [
            (u32::MAX - 1, Ack::More(0)),
            (u32::MAX, Ack::More(1)),
            (0, Ack::More(2)),
            (3, Ack::More(5)),
            (4, Ack::TooHigh),
            (u32::MAX - 2, Ack::Back),
        ] {
            assert_eq!(turning.judge(h), ack, "{h}");
        }
        assert_eq!(session(5, 9).judge(10), Ack::TooHigh);
        assert_eq!(session(5, 9).judge(4), Ack::Back);
        assert_eq!(session(0, 0).judge(1), Ack::TooHigh);
        assert_eq!(session(0, 0).judge(0), Ack::More(0));
    }
}
