//! Everything that a room knows: plain ordered data, and the only ways in which it changes. No decisions.

mod access;
mod acl;
mod check;
mod editing;
mod heard;
mod invites;
mod joining;
mod muc;
mod muc2;
mod order;
mod parents;
mod people;
mod promises;
mod reacted;
mod registry;
mod relays;
mod sessions;
mod settings;
mod speaking;
mod talk;
mod timers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use crate::rate::{Allowance, Rate, Rates};
pub(crate) use access::{Access, Key, Tomb, Tombs, Why};
pub(crate) use acl::{Hat, Hats, Ruled, Ruling};
pub(crate) use editing::{Edited, Edits, EntryEdit, short_reason};
pub(crate) use heard::Heard;
pub(crate) use invites::{Invite, Invites, Redeeming};
pub(crate) use joining::{Departed, Joining, Pass, Present};
pub(crate) use muc::{Avatar, Directed, Entered, Entering, Exited, Names};
pub(crate) use people::{Marks, People, Person, Slot, Standing};
pub(crate) use promises::Promises;
pub(crate) use reacted::{Reacted, Reacting};
pub(crate) use registry::{Invited, Registered, Registry, Reserve};
pub(crate) use relays::Asker;
pub(crate) use sessions::{Dialect, Level, Origin, Session, Sessions, Show, Topics, Turn, View};
pub(crate) use settings::{Configuring, Ending, OwnSettings};
pub(crate) use speaking::{Moderation, Speech, Tombstone};
pub(crate) use talk::{Past, Said, Subject, Talk};
pub(crate) use timers::{Timer, Timers};

use crate::codec::StanzaKind;
use crate::gc3::acl::{Affiliation, Policy, Role};
use crate::gc3::config::{Config, Shown};
use crate::gc3::host::{Audit, ParentFact, Record, Token};
use crate::gc3::id::ParticipantId;
use crate::limits::Gc3Limits;
use crate::party::{Address, Seat};
use crate::seed::Seed;
use crate::time::Time;

/// Everything that a room knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The room's address, a bare JID.
    pub(crate) address: Address,
    /// The number of the room in its service: the upper half of its tokens.
    pub(crate) serial: u32,
    pub(crate) secret: Seed,
    pub(crate) limits: Gc3Limits,
    /// The latest time seen.
    pub(crate) now: Time,
    pub(crate) config: Config,
    /// Raised by each change of the configuration.
    pub(crate) config_version: u64,
    pub(crate) people: People,
    pub(crate) sessions: Sessions,
    pub(crate) access: Access,
    /// Who may do what; `None`: nobody ever changed it.
    pub(crate) policy: Option<Box<Policy>>,
    pub(crate) hats: Hats,
    /// Nicknames that are reserved.
    pub(crate) registry: Registry,
    /// Invitations by token (XEP-0488).
    pub(crate) invites: Invites,
    /// Whose real JIDs are hidden still.
    pub(crate) promises: Promises,
    /// Reactions, as far as they are remembered.
    pub(crate) reacted: Reacted,
    /// What members have heard.
    pub(crate) heard: Heard,
    /// Who may decline.
    pub(crate) invited: Invited,
    pub(crate) tombs: Tombs,
    pub(crate) version: Version,
    pub(crate) talk: Talk,
    pub(crate) timers: Timers,
    /// Sessions whose features are not known yet.
    pub(crate) pending: BTreeMap<Seat, Pending>,
    /// Questions to the host that are open.
    pub(crate) questions: BTreeMap<Token, Question>,
    /// Requests to accounts that are open.
    pub(crate) relays: BTreeMap<u64, Relay>,
    /// How many tokens, ids and requests were drawn.
    pub(crate) drawn: u64,
    /// When the account of a slot was last asked for its subscription, and whether that is to be repeated.
    pub(crate) asked: BTreeMap<Slot, Asked>,
    /// Rates that only few use at a time.
    pub(crate) rates: Rates<Bound>,
    /// What the host said of accounts and parent spaces, and when.
    pub(crate) facts: BTreeMap<AboutParent, (bool, Time)>,
    /// Accounts that are in by the parent's membership alone (SP8).
    pub(crate) by_parent: BTreeSet<Slot>,
    pub(crate) audit: VecDeque<Audit>,
    /// The administrators of the service. Not saved: the service says who they are.
    #[serde(skip)]
    pub(crate) admins: BTreeSet<Box<str>>,
    /// Whether owners of listed rooms may set aliases. Not saved: the service says so.
    #[serde(skip)]
    pub(crate) alias_policy: bool,
    /// What the service says of the aliases that the next stanza sets: free, or why not. Not saved.
    #[serde(skip)]
    pub(crate) alias_check: Option<Result<(), (crate::rule::Rule, crate::codec::StanzaError<'static>)>>,
    /// Set when the room was destroyed.
    pub(crate) destroyed: Option<Destroyed>,
    /// Whether it was not persistent and its last participant has left.
    pub(crate) vanished: bool,
    /// Whether it was created by entering it and is not configured yet (C6).
    pub(crate) locked: bool,
    /// The room's picture (XEP-0486).
    pub(crate) avatar: Option<Avatar>,
    /// Names that are not nicknames (G10.1).
    pub(crate) names: Names,
    /// The presence that each session directed to the room, without forgeries.
    pub(crate) occupancy: BTreeMap<Seat, Bytes>,
    /// Whose directed presence changed and was not told yet, because it changes too fast (P14).
    pub(crate) stale: BTreeSet<Slot>,
    /// Whether rooms of this service are entered by XEP-0045, too. Not saved: the service says so.
    #[serde(skip)]
    pub(crate) muc: bool,
    /// Whether they are entered by `urn:xmpp:muc:0`, too. Not saved: the service says so.
    #[serde(skip)]
    pub(crate) muc2: bool,
    /// What the host found in the archive, while the stanza that made the room ask is judged again; else none.
    #[serde(skip)]
    pub(crate) found: Option<Found>,
    /// Whether a stanza is judged again, with what the host answered. It was paid for when it came.
    #[serde(skip)]
    pub(crate) again: bool,
}

/// What the host found in the archive under a stanza-id.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: Box<str>,
    pub(crate) record: Option<Record>,
}

/// What is asked of the host about a parent space: the account, the URI, the fact.
pub(crate) type AboutParent = (Box<str>, Box<str>, ParentFact);

/// The version of the participant list (G2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Eight characters, drawn at creation and after a lossy restore.
    pub(crate) tag: Box<str>,
    pub(crate) counter: u64,
    /// Versions below are not known any more.
    pub(crate) floor: u64,
    /// The version up to which changes were sent.
    pub(crate) announced: u64,
}

/// A presence session that waits for its features (G4.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) token: Token,
    /// The messages that came meanwhile, ready to be sent.
    pub(crate) held: Vec<(HeldKind, Bytes)>,
}

/// The kind of a held stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HeldKind {
    Message,
    Presence,
}

impl From<HeldKind> for StanzaKind {
    fn from(kind: HeldKind) -> Self {
        match kind {
            HeldKind::Message => Self::Message,
            HeldKind::Presence => Self::Presence,
        }
    }
}

/// A question to the host, with what has to be done when the answer comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Question {
    /// The features of a pending session.
    Features(Seat),
    /// A page of the archive, for this query stanza.
    Page(Bytes),
    /// The first and the last message of the archive, for this stanza; the first once it is known.
    Ends { stanza: Bytes, first: Option<(Box<str>, Time)> },
    /// The message of this id, for this stanza, which is judged again with the answer.
    Find { stanza: Bytes, id: Box<str> },
    /// A fact about the parent space, for this stanza, which is judged again with the answer.
    Parent { stanza: Bytes, jid: Box<str>, uri: Box<str>, fact: ParentFact },
}

/// A request to an account on behalf of a participant (G9), or a ping that verifies a bounce (P6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relay {
    /// The id under which it was sent.
    pub(crate) id: Box<str>,
    /// To whom it was sent.
    pub(crate) to: Box<str>,
    /// The asker's full JID, the id of its request and the address that it asked.
    pub(crate) asker: Box<str>,
    pub(crate) asker_id: Box<str>,
    pub(crate) asked: Box<str>,
    /// What was asked, by which the answer is rebuilt.
    pub(crate) what: Relayed,
}

/// What may be asked of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Relayed {
    AvatarMetadata,
    AvatarData,
    VcardTemp,
    Vcard4,
    /// A `vcard-temp` for another occupant: all but the address.
    Card,
    /// Whatever an occupant asks of another's session.
    Forward,
    /// The room's own ping to a session that bounced.
    Check(Seat),
}

/// When somebody was asked for its subscription, and how that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) at: Time,
    /// The wait before the next attempt; zero: there is none.
    pub(crate) wait: crate::time::Span,
    /// When attempts began.
    pub(crate) since: Time,
}

/// What a rate bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Bound {
    /// `sync` of a full JID.
    Sync,
    /// Archive queries of an account.
    Archive,
    /// Relayed requests of an asker.
    RelayAsker,
    /// Relayed requests to a target.
    RelayTarget,
    /// Relayed requests of a pair.
    RelayPair,
    /// Reports of an account.
    Report,
    /// Changes of the aliases.
    Aliases,
    /// Changes of rights and hats by an account.
    Acl,
    /// Sessions ended by bounces, per full JID.
    Bounce,
    /// Slow mode of a participant.
    Slow,
    /// Entries of an account by presence.
    Enter,
    /// Registrations of an account that have to be approved.
    Register,
}

/// What remains of a destroyed room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Destroyed {
    pub(crate) at: Time,
    pub(crate) alternate: Option<Box<str>>,
    pub(crate) reason: Option<Box<str>>,
    /// Accounts that still have to be told by `unsubscribe`.
    pub(crate) farewells: VecDeque<Box<str>>,
    /// Who was in a secret room: they may know that it is gone, as may those on its access list.
    pub(crate) entitled: BTreeSet<Box<str>>,
}

impl State {
    /// An empty room.
    pub(crate) fn new(
        address: Address,
        serial: u32,
        config: Config,
        limits: Gc3Limits,
        secret: Seed,
        now: Time,
    ) -> Self {
        let key = Self::key(&secret);
        let tag = secret.draw("version-tag", &[&now.millis().to_be_bytes()]).base32_short();
        Self {
            address,
            serial,
            limits,
            now,
            config,
            config_version: 1,
            people: People::new(key),
            sessions: Sessions::new(key),
            access: Access::default(),
            policy: None,
            hats: Hats::default(),
            registry: Registry::default(),
            invites: Invites::default(),
            promises: Promises::default(),
            reacted: Reacted::default(),
            heard: Heard::default(),
            invited: Invited::default(),
            tombs: Tombs::default(),
            version: Version { tag: tag.into(), counter: 0, floor: 0, announced: 0 },
            talk: Talk::default(),
            timers: Timers::default(),
            pending: BTreeMap::new(),
            questions: BTreeMap::new(),
            relays: BTreeMap::new(),
            drawn: 0,
            asked: BTreeMap::new(),
            rates: Rates::new(),
            facts: BTreeMap::new(),
            by_parent: BTreeSet::new(),
            audit: VecDeque::new(),
            admins: BTreeSet::new(),
            alias_policy: false,
            alias_check: None,
            destroyed: None,
            vanished: false,
            locked: false,
            avatar: None,
            names: Names::default(),
            occupancy: BTreeMap::new(),
            stale: BTreeSet::new(),
            muc: false,
            muc2: false,
            found: None,
            again: false,
            secret,
        }
    }

    /// The key of the hash tables.
    pub(crate) fn key(secret: &Seed) -> [u8; 16] {
        let mut key = [0; 16];
        key.copy_from_slice(&secret.draw("hash-key", &[]).bytes()[..16]);
        key
    }

    /// The room's domain, under whose name requests to accounts are sent.
    pub(crate) fn domain(&self) -> &str {
        self.address.as_str().split_once('@').map_or(self.address.as_str(), |(_, domain)| domain)
    }

    /// The participant ID of an account.
    pub(crate) fn id_of(&self, bare: &str) -> ParticipantId {
        ParticipantId::of(&self.secret, bare)
    }

    /// The Participant JID.
    pub(crate) fn participant_jid(&self, id: ParticipantId) -> String {
        let room = self.address.as_str();
        let mut jid = String::with_capacity(room.len() + 1 + id.as_str().len());
        jid.push_str(room);
        jid.push('/');
        jid.push_str(id.as_str());
        jid
    }

    /// Whether an account administers the service (G13.1).
    pub(crate) fn is_admin(&self, bare: &str) -> bool {
        self.admins.contains(bare)
    }

    /// What an account may do by its affiliation, in the room or not; an administrator of the service is as good as an
    /// owner.
    pub(crate) fn rank(&self, bare: &str) -> Affiliation {
        if self.is_admin(bare) {
            return Affiliation::Owner;
        }
        match self.people.find(bare).and_then(|who| self.people.get(who)) {
            Some(person) => person.affiliation,
            None => self.access.affiliation(bare, self.id_of(bare)),
        }
    }

    /// The bare JID of an account that is in or whose JID is not forgotten yet.
    pub(crate) fn real_jid(&self, id: ParticipantId) -> Option<&str> {
        match self.people.find_id(id) {
            Some(slot) => Some(self.people.jid(slot)),
            None => self.tombs.get(id)?.jid.as_deref(),
        }
    }

    /// The role of a participant.
    pub(crate) fn role(&self, person: &Person) -> Role {
        person.kept_role.unwrap_or_else(|| Role::initial(&self.config, person.affiliation))
    }

    /// How much of the participant list a participant may see (G2.10, V1).
    pub(crate) fn view(&self, person: &Person) -> View {
        let moderator = self.role(person) == Role::Moderator;
        if self.config.list_visible != Shown::Participants && !moderator {
            View::Moderators
        } else {
            self.sight(person)
        }
    }

    /// Whether an account may know that a secret room exists (V4): it is in, was in, or stands on the access list.
    pub(crate) fn knows(&self, bare: &str) -> bool {
        if self.destroyed.as_ref().is_some_and(|gone| gone.entitled.contains(bare)) {
            return true;
        }
        if self.people.find(bare).is_some() {
            return true;
        }
        let id = self.id_of(bare);
        self.tombs.get(id).is_some_and(|tomb| tomb.trace) || self.access.affiliation(bare, id) != Affiliation::None
    }

    /// The nickname that the room knows of an account: its own, or that of its earlier time here.
    pub(crate) fn known_nick(&self, bare: &str) -> Option<&str> {
        if let Some(person) = self.people.find(bare).and_then(|who| self.people.get(who)) {
            return Some(&person.nick);
        }
        if let Some(registered) = self.registry.get(bare) {
            return Some(&registered.nick);
        }
        self.tombs.get(self.id_of(bare)).filter(|tomb| tomb.trace).map(|tomb| &*tomb.nick)
    }

    /// The version of the participant list as it is written.
    pub(crate) fn version_text(&self, counter: u64) -> String {
        format!("{}.{}", self.version.tag, base36(counter))
    }

    /// The counter of a version of the participant list that this room wrote and still knows; `None` for any other.
    pub(crate) fn known_version(&self, text: &str) -> Option<u64> {
        self.counter_of(text).filter(|counter| (self.version.floor..=self.version.counter).contains(counter))
    }

    /// The counter of a version of the access list, likewise.
    pub(crate) fn known_access_version(&self, text: &str) -> Option<u64> {
        self.counter_of(text).filter(|counter| (self.access.floor..=self.access.version).contains(counter))
    }

    fn counter_of(&self, text: &str) -> Option<u64> {
        let (tag, counter) = text.split_once('.')?;
        parse_base36(counter).filter(|_| *tag == *self.version.tag)
    }

    /// Raises the version by one.
    pub(crate) fn next_version(&mut self) -> u64 {
        self.version.counter += 1;
        self.version.counter
    }

    /// Marks a participant as changed, and has the change announced.
    pub(crate) fn touch(&mut self, slot: Slot) {
        let version = self.next_version();
        self.people.touch(slot, version);
        self.announce_soon();
    }

    /// Has the changes announced at the latest in a moment (G2.11).
    pub(crate) fn announce_soon(&mut self) {
        if self.timers.get(Timer::Announce).is_none() {
            self.timers.set(Timer::Announce, self.now.plus(self.limits.announce_after));
        }
    }

    /// Whether the host may be asked one thing more. Features are no such thing: they are asked of accounts, and one who
    /// has many sessions must not keep the others from the archive.
    pub(crate) fn may_ask_host(&self) -> bool {
        self.questions.len().saturating_sub(self.pending.len()) < self.limits.in_flight
    }

    /// A new token for a question to the host.
    pub(crate) fn next_token(&mut self) -> Token {
        self.drawn += 1;
        u64::from(self.serial) << 32 | (self.drawn & 0xffff_ffff)
    }

    /// The number and the id of a new request to an account. The id begins with the room's number, so that the service
    /// finds the room that an answer is for.
    pub(crate) fn next_request(&mut self) -> (u64, String) {
        self.drawn += 1;
        let drawn = self.secret.draw_nth("request", self.drawn).base32();
        (self.drawn, format!("{}.{drawn}", base36(u64::from(self.serial))))
    }

    /// Notes a change of rights or rules.
    pub(crate) fn note(&mut self, actor: ParticipantId, what: String) {
        self.audit.push_back(Audit { at: self.now, actor, what: what.into() });
        while self.audit.len() > self.limits.audit {
            self.audit.pop_front();
        }
    }

    /// What is left of a rate.
    pub(crate) fn allowance(&self, bound: Bound, whose: &str) -> Allowance {
        self.rates.get(bound, whose)
    }

    /// Spends one of a rate; whether it was allowed. Forgets rates that are full again when there are many.
    pub(crate) fn spend(&mut self, bound: Bound, whose: &str, rate: Rate) -> bool {
        self.rates.take(bound, whose, rate, self.limits.rates_remembered, self.now)
    }
}

/// A number in base 36, lower case.
pub(crate) fn base36(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(13);
    loop {
        let digit = (number % 36) as u8;
        digits.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

/// The number that [`base36`] writes so; nothing else is one.
pub(crate) fn parse_base36(text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text, 36).ok()?;
    (base36(number) == text).then_some(number)
}
