//! The room as a machine: read, judge, apply, say.

use std::collections::BTreeSet;

use jid::BareJid;

use super::judge::{self, Sender, Verdict};
use super::say;
use super::state::{Joining, Pass, Question, State, Timer, Topics};
use super::{Out, due, watch};
use crate::codec::{Fault, Stanza, StanzaKind, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::config::{Config, Push};
use crate::gc3::host::{Answer, Audit, Command, Input, Notice, Order, ParentFact, Token};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::{self, Ask, Read};
use crate::limits::Gc3Limits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::party::Address;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// A room. Usually held by a [`Service`](crate::gc3::Service), which finds it by its address and answers for it where
/// the room itself cannot. Held alone, it is fed the stanzas for its own address, and its host also obeys the orders of
/// [`RoomOrder`].
///
/// ```
/// use jid::BareJid;
/// use xmpp_machines::codec::Reader;
/// use xmpp_machines::gc3::config::{Config, Kind};
/// use xmpp_machines::gc3::{Input, Room};
/// use xmpp_machines::limits::Gc3Limits;
/// use xmpp_machines::seed::Seed;
/// use xmpp_machines::{Machine, Outbox, Time};
///
/// let (address, ann) = (BareJid::new("tea@rooms.example")?, BareJid::new("ann@tea.example")?);
/// let config = Config { name: "Tea".into(), ..Config::of(Kind::Channel) };
/// let now = Time::from_millis(1_800_000_000_000);
/// let mut room = Room::new(&address, 0, &ann, config, Gc3Limits::default(), Seed::new([7; 32]), now);
///
/// let early = b"<message type='groupchat' id='m1' from='ben@oak.example/hut' to='tea@rooms.example'>
///     <body>Is there tea?</body></message>";
/// let mut said = Outbox::new();
/// room.handle(now, Input::Stanza(Reader::one("jabber:client", early)?), &mut said)?;
/// let why: Vec<_> = said.deliveries().map(|delivery| (delivery.to, delivery.why.id())).collect();
/// assert_eq!(why, [("ben@oak.example/hut", "gc3.M1")]); // who is not in the room does not speak there
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) state: State,
}

/// What a service decides for all of its rooms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'a> {
    /// Who administers the service.
    pub(crate) admins: &'a BTreeSet<String>,
    /// Whether owners may set aliases.
    pub(crate) owners_set_aliases: bool,
    /// Whether rooms are entered by XEP-0045, too.
    pub(crate) muc: bool,
    /// Whether they are entered by `urn:xmpp:muc:0`, too.
    pub(crate) muc2: bool,
}

/// What a room has done for it: by the host, or by the service that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomOrder {
    /// For the host.
    Host(Order),
    /// Find out which subscriptions the capabilities of a session stand for. A service does this itself; answer with
    /// [`Answer::Features`] within 30 seconds.
    Features {
        /// Comes back with the answer.
        token: Token,
        /// The session's full JID.
        jid: Box<str>,
        /// The hash function of XEP-0115 or XEP-0390.
        hash: Box<str>,
        /// The hash.
        ver: Box<str>,
        /// The node under which the features are asked for, for XEP-0115.
        node: Box<str>,
        /// Whether the hash is of XEP-0390.
        second: bool,
    },
    /// The room's aliases are now these.
    Aliases(Vec<String>),
}

/// What a session subscribes to by the features that it names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DefaultTopics {
    /// `urn:xmpp:gc3:0:default-receive:message`
    pub message: bool,
    /// `urn:xmpp:gc3:0:default-receive:presence`
    pub presence: bool,
    /// `urn:xmpp:gc3:0:default-receive:participants`
    pub participants: bool,
}

impl From<DefaultTopics> for Topics {
    fn from(topics: DefaultTopics) -> Self {
        let when = |yes: bool, topic: Self| if yes { topic } else { Self::NONE };
        when(topics.message, Self::MESSAGE)
            .with(when(topics.presence, Self::PRESENCE))
            .with(when(topics.participants, Self::PARTICIPANT))
    }
}

impl Room {
    /// An empty room, to be owned by `owner`, who has still to join it.
    ///
    /// `serial` numbers the rooms of a host: it is the upper half of the tokens of this room's questions. `secret` must
    /// belong to this room alone.
    #[must_use]
    pub fn new(
        address: &BareJid,
        serial: u32,
        owner: &BareJid,
        config: Config,
        limits: Gc3Limits,
        secret: Seed,
        now: Time,
    ) -> Self {
        let mut state = State::new(Address::from(address), serial, config, limits, secret, now);
        let key = super::state::Key::Account(owner.as_str().into());
        state.access.set(key, Affiliation::Owner, None, None);
        Self { state }
    }

    /// Takes a stanza: reads it, judges it, applies the verdict and says what follows.
    pub(super) fn stanza(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        if stanza.fault == Some(Fault::From) {
            let refusal = judge::JID_MALFORMED.into();
            return say::refuse(&self.state, out, rule::V6, stanza, &refusal);
        }
        let Some(sender) = Sender::of(&self.state, stanza) else {
            return say::drop(out, rule::G4_8, stanza);
        };
        if sender.who.is_none() && !self.may_be_known_to(sender.bare) {
            return say::refuse(&self.state, out, rule::V4, stanza, &judge::NOT_FOUND.into());
        }
        if let Some((why, verdict)) = judge::destroyed(&self.state, stanza) {
            return match verdict {
                Verdict::Refuse(refusal) => say::refuse(&self.state, out, why, stanza, &refusal),
                _ => say::drop(out, why, stanza),
            };
        }
        let ask = match wire::read(stanza) {
            Read::Silent(why) => return say::drop(out, why, stanza),
            Read::Malformed(why, error) => return say::refuse(&self.state, out, why, stanza, &error.into()),
            Read::Ask(ask) => ask,
        };
        let (why, verdict) = judge::judge(&self.state, stanza, &sender, &ask);
        if !self.state.again {
            self.state.spend_input(sender.who, stanza);
        }
        // An error may be the word of a server for a device that is gone.
        if stanza.type_ != StanzaType::Error
            && let Some(seat) = sender.who.and_then(|_| self.state.sessions.find(sender.full))
        {
            self.state.seen(seat);
        }
        match verdict {
            Verdict::Refuse(refusal) => {
                say::refuse(&self.state, out, why, stanza, &refusal);
                if matches!(ask, Ask::Join(_)) {
                    say::also(out, rule::J12);
                } else if matches!(ask, Ask::Muc(wire::muc::Ask::Enter(_))) {
                    say::also(out, crate::gc3::rules::muc::J12);
                } else if matches!(ask, Ask::Muc2(wire::muc2::Ask::Enter(_))) {
                    say::also(out, crate::gc3::rules::muc2::J12);
                }
            }
            Verdict::Drop => {
                say::drop(out, why, stanza);
                if stanza.kind == StanzaKind::Message && stanza.type_ == StanzaType::Error {
                    say::also(out, rule::M9);
                }
            }
            Verdict::Answer(reply) => say::answer(&self.state, out, why, stanza, &reply),
            Verdict::Accept(change) => self.perform(why, stanza, &ask, change, out),
        }
    }

    /// Asks the host about the sender and the parent space.
    pub(super) fn ask_parent(&mut self, why: Rule, stanza: &Stanza, fact: ParentFact, uri: String, out: &mut Out<'_>) {
        let state = &mut self.state;
        let Some(jid) = stanza.from.as_ref().map(|from| from.to_bare()) else { return };
        let token = state.next_token();
        let (account, of) = (jid.as_str().into(), uri.as_str().into());
        let question = Question::Parent { stanza: stanza.to_bytes().into(), jid: account, uri: of, fact };
        state.questions.insert(token, question);
        state.timers.set(Timer::Question(token), state.now.plus(state.limits.parent_for));
        out.push(why, Action::Do(RoomOrder::Host(Order::Parent { token, uri, jid, fact })));
    }

    /// Takes the answer to a question.
    fn answer(&mut self, token: Token, answer: Answer, out: &mut Out<'_>) -> Result<(), Misuse> {
        let question = self.state.questions.get(&token).ok_or(Misuse::NotAsked { token })?;
        match (question, &answer) {
            (Question::Features(_), Answer::Features(_) | Answer::Unavailable)
            | (
                Question::Page(_) | Question::Ends { .. } | Question::Find { .. },
                Answer::Page(_) | Answer::NoSuchId | Answer::Unavailable,
            )
            | (Question::Parent { .. }, Answer::Yes | Answer::No | Answer::Unavailable) => {}
            (Question::Features(_), _) => return Err(Misuse::WrongAnswer { token, wanted: "features" }),
            (Question::Page(_) | Question::Ends { .. } | Question::Find { .. }, _) => {
                return Err(Misuse::WrongAnswer { token, wanted: "a page" });
            }
            (Question::Parent { .. }, _) => return Err(Misuse::WrongAnswer { token, wanted: "yes or no" }),
        }
        if let Some(question) = self.state.questions.remove(&token) {
            self.state.timers.clear(Timer::Question(token));
            self.answered(question, answer, out);
        }
        Ok(())
    }

    fn answered(&mut self, question: Question, answer: Answer, out: &mut Out<'_>) {
        match (question, answer) {
            (Question::Features(seat), Answer::Features(topics)) => {
                self.ready(rule::G4_6, seat, topics.into(), out);
            }
            (Question::Features(seat), _) => self.ready(rule::G4_6, seat, Topics::NONE, out),
            (Question::Parent { stanza, jid, uri, fact }, answer) => match answer {
                Answer::Yes | Answer::No => {
                    self.state.learn(&jid, &uri, fact, answer == Answer::Yes);
                    due::again(self, &stanza, out);
                }
                _ => due::host_silent(self, rule::SP6, &stanza, out),
            },
            (Question::Page(stanza), answer) => self.page(&stanza, answer, out),
            (Question::Ends { stanza, first }, answer) => self.ends(stanza, first, answer, out),
            (Question::Find { stanza, id }, answer) => self.looked_up(&stanza, id, answer, out),
        }
    }

    /// The subscriptions of a pending session are known: what was held is sent or dropped.
    pub(super) fn ready(&mut self, why: Rule, seat: crate::party::Seat, topics: Topics, out: &mut Out<'_>) {
        let pending = self.state.default_topics(seat, topics);
        let Some(session) = self.state.sessions.get(seat) else { return };
        let jid = self.state.sessions.roster().get(seat).cloned();
        say::also(out, why);
        let (Some(pending), Some(jid)) = (pending, jid) else { return };
        let heard = session.topics;
        say::deliver_held(&self.state, out, why, &jid, heard, pending);
    }

    fn command(&mut self, command: Command, out: &mut Out<'_>) {
        due::command(self, command, out);
    }

    /// Brings the clock forward; it never goes back.
    fn advance(&mut self, now: Time) {
        self.state.now = self.state.now.max(now);
    }

    /// What the service decides for its rooms. It says so again after loading.
    pub(crate) fn belong(&mut self, by: &Policy<'_>) {
        self.state.admins = by.admins.iter().map(|jid| jid.as_str().into()).collect();
        self.state.alias_policy = by.owners_set_aliases;
        (self.state.muc, self.state.muc2) = (by.muc, by.muc2);
        self.state.sessions.indicate(by.muc || by.muc2);
    }

    /// Whether nothing of a destroyed room is left to remember (G3.5).
    pub(crate) fn has_vanished(&self) -> bool {
        let remember = self.state.limits.remember_destroyed;
        match &self.state.destroyed {
            // Of a room that was never opened nothing is worth remembering.
            Some(gone) => self.state.locked || self.state.now >= gone.at.plus(remember),
            None => self.state.vanished,
        }
    }

    /// The address of a room that nobody ended.
    pub(crate) fn unended(&self) -> Option<BareJid> {
        if self.state.destroyed.is_some() {
            return None;
        }
        BareJid::new(self.state.address.as_str()).ok()
    }

    /// A room of XEP-0045 that waits for its first configuration.
    pub(crate) fn lock(&mut self) {
        let state = &mut self.state;
        state.locked = true;
        state.timers.set(Timer::Unconfigured, state.now.plus(state.limits.unconfigured));
    }

    /// The address of a room that waits for its first configuration and has nobody who could make it.
    pub(crate) fn never_entered(&self) -> Option<BareJid> {
        self.unended().filter(|_| self.state.locked && self.state.people.is_empty())
    }

    /// Whether an account may know that the room exists (V4).
    pub(crate) fn may_be_known_to(&self, bare: &str) -> bool {
        !self.state.config.secret() || self.state.is_admin(bare) || self.state.knows(bare)
    }

    /// The last changes of rights and rules, oldest first, with who made them.
    pub fn audit(&self) -> impl Iterator<Item = &Audit> {
        self.state.audit.iter()
    }

    /// The creator becomes the first participant, and is told so in answer to its `<create>` (G3.6).
    pub(crate) fn found(
        &mut self,
        stanza: &Stanza,
        full: &Address,
        nick: String,
        push: Option<Push>,
        topics: Topics,
        out: &mut Out<'_>,
    ) {
        let state = &mut self.state;
        let jid = full.to_bare();
        let id = state.id_of(jid.as_str());
        let affiliation = state.access.affiliation(jid.as_str(), id);
        let who = state.join(Joining { jid, id, nick: nick.into(), affiliation, push, pass: Pass::Own });
        if !topics.is_empty() {
            state.subscribe(who, full, topics, Topics::NONE);
        }
        say::created(state, out, rule::G3_6, stanza, who);
        watch::took_part(state, out, who);
        watch::hearing(state, out);
    }

    /// The room of a state that was just read from a snapshot.
    pub(crate) fn of(mut state: State) -> Result<Self, Corrupt> {
        state.relink().map_err(Corrupt::Body)?;
        state.check_loaded().map_err(Corrupt::Body)?;
        Ok(Self { state })
    }

    /// Whether everything in the room fits together.
    ///
    /// # Errors
    /// What does not fit. A room never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }
}

impl Machine for Room {
    type Input = Input;
    type Order = RoomOrder;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<RoomOrder, Notice>) -> Result<(), Misuse> {
        match input {
            Input::Stanza(stanza) => {
                self.advance(now);
                let had = !self.state.people.is_empty();
                self.stanza(&stanza, out);
                self.vanish_if_left(had, out);
            }
            Input::Answer { token, answer } => {
                if !self.state.questions.contains_key(&token) {
                    return Err(Misuse::NotAsked { token });
                }
                let before = self.state.now;
                self.advance(now);
                if let Err(misuse) = self.answer(token, answer, out) {
                    self.state.now = before;
                    return Err(misuse);
                }
            }
            Input::Command(command) => {
                self.advance(now);
                let had = !self.state.people.is_empty();
                self.command(command, out);
                self.vanish_if_left(had, out);
            }
        }
        watch::hearing(&mut self.state, out);
        self.state.note_heard();
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<RoomOrder, Notice>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.advance(now);
        let now = self.state.now;
        let had = !self.state.people.is_empty();
        while let Some(timer) = self.state.timers.pop(now) {
            due::due(self, timer, out);
        }
        self.vanish_if_left(had, out);
        watch::hearing(&mut self.state, out);
        self.state.note_heard();
    }

    fn deadline(&self) -> Option<Time> {
        self.state.timers.next()
    }
}

impl Snapshot for Room {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "gc3.room";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let room = Self::of(snapshot::take(body)?)?;
        snapshot::canonical(&room.state, body)?;
        Ok(room)
    }
}
