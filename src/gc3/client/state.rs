//! What a client knows of its room. Plain data; decides nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::book::NickBook;
use super::host::{ClientConfig, Dialect, Gap, Standing, Why};
use crate::limits::ClientLimits;
use crate::reactions::{LONGEST, Own, Restrictions};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// The longest text of the room's making that is kept, in bytes.
pub(super) const TEXT_BYTES: usize = 1023;

/// Versions that are remembered, to know an older one.
const VERSIONS: usize = 16;

/// Somebody in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name, now.
    pub nick: Box<str>,
    /// The affiliation, in the words of the room.
    pub affiliation: Box<str>,
    /// The role, where the room says it.
    pub role: Option<Box<str>>,
    /// The real bare JID, where one may see it.
    pub jid: Option<Box<str>>,
    /// Whether it was online when the room said so last.
    pub online: bool,
    /// The occupant-id, where the room is one of XEP-0045 and people are known by their nickname.
    pub occupant: Option<Box<str>>,
}

/// What was asked last about being in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Join,
    Sync,
    Ping,
    Leave,
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) what: What,
    pub(super) id: Box<str>,
    /// Who answers; the own occupant address where presence is.
    pub(super) to: Box<str>,
    pub(super) until: Time,
}

/// A participant list that is being read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) id: Box<str>,
    pub(super) until: Time,
    /// The version of the first page.
    pub(super) first: Option<Box<str>>,
    /// The pages so far, of a list that is read whole.
    pub(super) fresh: BTreeMap<Box<str>, Person>,
}

/// Where the archive is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reading {
    /// Forwards from what is certain.
    Onwards,
    /// The last page, after a gap.
    Newest,
    /// The last message, with which history begins.
    End,
    /// Only how many there are.
    Count,
}

/// A query of the archive that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) reading: Reading,
    pub(super) id: Box<str>,
    pub(super) until: Time,
    pub(super) pages: u32,
    /// The first message of this page, if there is one yet.
    pub(super) first: Option<Box<str>>,
    /// How many messages of this page came.
    pub(super) came: u64,
}

/// What is known of the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// Whether there is a beginning: since the join.
    pub(super) based: bool,
    /// Up to this message nothing is missing but the gaps; none: up to the beginning of the archive.
    pub(super) certain: Option<Box<str>>,
    /// Heard live after it, in order.
    pub(super) live: VecDeque<Box<str>>,
    /// Ids that were told.
    pub(super) seen: VecDeque<Box<str>>,
    pub(super) gaps: VecDeque<Gap>,
    pub(super) walk: Option<Walk>,
    /// When a page that did not come is asked for again.
    pub(super) again: Option<Time>,
    /// How many messages came of the last page that was shorter than it might be.
    pub(super) cut: Option<u64>,
    /// Whether the room did not know a version that it once gave: it may know less than its archive.
    pub(super) doubt: bool,
    /// The newest message that the room named.
    pub(super) goal: Option<Box<str>>,
}

/// A subscription request that came before the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Early {
    pub(super) from: Box<str>,
    pub(super) contact: bool,
    pub(super) until: Time,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) config: ClientConfig,
    pub(super) limits: ClientLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    pub(super) drawn: u64,
    /// The room's own address, when it is known to be another than the one that was asked.
    pub(super) canonical: Option<Box<str>>,
    pub(super) want: bool,
    pub(super) online: bool,
    pub(super) listed: bool,
    /// Whether the room has still to be told that the client left.
    pub(super) owes_leave: bool,
    /// Whether the room sees this device's presence.
    pub(super) seen: bool,
    /// Whether it was joined again since it was lost, without being proved to last.
    pub(super) rejoined: bool,
    pub(super) standing: Standing,
    pub(super) id: Option<Box<str>>,
    pub(super) nick: Box<str>,
    pub(super) open: Option<Open>,
    pub(super) retry: Option<Time>,
    pub(super) pause: Span,
    /// When the room proved last that it serves this session.
    pub(super) heard: Time,
    /// When the last request about being in was sent.
    pub(super) spoke: Time,
    pub(super) version: Option<Box<str>>,
    pub(super) versions: VecDeque<Box<str>>,
    pub(super) whole: bool,
    pub(super) people: BTreeMap<Box<str>, Person>,
    pub(super) listing: Option<Listing>,
    pub(super) history: History,
    /// Before when the client does not look again, in a room of XEP-0045, whether it was shown everybody.
    pub(super) anew: Time,
    pub(super) early: Option<Early>,
    /// Until when a subscription request belongs to the join that was answered.
    pub(super) approve_until: Option<Time>,
    pub(super) book: NickBook,
    /// What the room allows.
    pub(super) restrictions: Restrictions,
    /// The open question what it allows.
    pub(super) asking: Option<Asking>,
    /// The own reactions, by message; that which was reacted to last stands last.
    pub(super) reacted: VecDeque<(Box<str>, Own)>,
}

/// The question what the room allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asking {
    pub(super) id: Box<str>,
    pub(super) until: Time,
}

impl State {
    pub(super) fn new(config: ClientConfig, limits: ClientLimits, seed: Seed) -> Self {
        Self {
            nick: config.nick.as_str().into(),
            config,
            limits,
            seed,
            now: Time::EPOCH,
            drawn: 0,
            canonical: None,
            want: false,
            online: false,
            listed: false,
            owes_leave: false,
            seen: false,
            rejoined: false,
            standing: Standing::Out(Why::Never),
            id: None,
            open: None,
            retry: None,
            pause: limits.retry.0,
            heard: Time::EPOCH,
            spoke: Time::EPOCH,
            version: None,
            versions: VecDeque::new(),
            whole: true,
            people: BTreeMap::new(),
            listing: None,
            history: History::default(),
            anew: Time::EPOCH,
            early: None,
            approve_until: None,
            book: NickBook::new(limits.names, limits.names_for),
            restrictions: Restrictions::default(),
            asking: None,
            reacted: VecDeque::new(),
        }
    }

    /// The room's own address, as far as it is known.
    pub(super) fn room(&self) -> &str {
        self.canonical.as_deref().unwrap_or(self.config.room.as_str())
    }

    /// Whether an address is the room: its own, or the one by which it was joined.
    pub(super) fn is_room(&self, bare: &str) -> bool {
        bare == self.room() || bare == self.config.room.as_str()
    }

    pub(super) const fn gc3(&self) -> bool {
        matches!(self.config.dialect, Dialect::Gc3)
    }

    /// An id that nobody can guess.
    pub(super) fn draw(&mut self) -> Box<str> {
        self.drawn += 1;
        self.seed.draw_nth("client", self.drawn).base32().into()
    }

    /// The version that is in force now.
    pub(super) fn set_version(&mut self, version: &str) {
        if version.len() > TEXT_BYTES || self.version.as_deref() == Some(version) {
            return;
        }
        self.version = Some(version.into());
        self.versions.push_back(version.into());
        while self.versions.len() > VERSIONS {
            self.versions.pop_front();
        }
    }

    /// When the client asks next whether it is in.
    pub(super) fn check_at(&self) -> Option<Time> {
        let rests = self.open.is_none() && self.retry.is_none();
        if !self.online || !self.want || self.standing != Standing::In || !rests {
            return None;
        }
        let silent = self.heard.plus(self.limits.silence);
        let kept = self.spoke.plus(self.limits.keep_alive);
        Some(if self.gc3() && !self.seen { silent.min(kept) } else { silent })
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let times = [
            self.open.as_ref().map(|open| open.until),
            self.retry.filter(|_| self.online),
            self.check_at(),
            self.listing.as_ref().map(|listing| listing.until),
            self.history.walk.as_ref().map(|walk| walk.until),
            self.history.again.filter(|_| self.online && self.standing == Standing::In && self.history.walk.is_none()),
            self.early.as_ref().map(|early| early.until),
            self.asking.as_ref().map(|asking| asking.until),
            self.reacted.iter().filter_map(|(_, own)| own.deadline()).min(),
        ];
        times.into_iter().flatten().min()
    }

    /// Whether everything fits together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.people.len() > self.limits.people || !self.book.check() {
            return Err("more people than there may be");
        }
        let most = self.limits.seen.max(1);
        if self.history.seen.len() > most || self.history.live.len() > most {
            return Err("more messages than there may be");
        }
        if self.history.gaps.len() > self.limits.gaps.max(1) || self.versions.len() > VERSIONS {
            return Err("more gaps or versions than there may be");
        }
        if self.standing == Standing::In && (!self.online || !self.want) {
            return Err("in, and yet not connected");
        }
        self.check_reactions()?;
        let asks = self.open.is_some() || self.asking.is_some() || self.listing.is_some();
        if !self.online && (asks || self.history.walk.is_some()) {
            return Err("a request is open without a stream");
        }
        Ok(())
    }

    fn check_reactions(&self) -> Result<(), &'static str> {
        let ids: BTreeSet<&str> = self.reacted.iter().map(|(to, _)| &**to).collect();
        let twice = ids.len() < self.reacted.len();
        let long = |text: &&str| text.is_empty() || text.len() > TEXT_BYTES;
        if twice || ids.iter().any(long) || !self.reacted.iter().all(|(_, own)| own.check()) {
            return Err("reactions that nobody gives");
        }
        let allowed = &self.restrictions.allowed;
        let many = self.reacted.len() > self.limits.reacted.max(1) || allowed.len() > self.limits.offered;
        if many || allowed.iter().any(|reaction| reaction.len() > LONGEST) {
            return Err("more reactions than there may be");
        }
        Ok(())
    }
}
