//! The client as a machine: finds out what a stanza is about, and has it followed.

use super::book::NickBook;
use super::host::{ClientConfig, Command, Gap, Input, Notice, Order, Standing, Why};
use super::muc::has_status;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Person, State};
use crate::codec::{Condition, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::limits::ClientLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::ns;
use crate::party::{Audience, bare};
use crate::reactions::{Own, Restrictions};
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// A device in one room. See the [module](super).
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) state: State,
}

impl Client {
    /// A client that is not in the room yet, and not connected. `seed` is a secret of this device and room.
    #[must_use]
    pub fn new(config: ClientConfig, limits: ClientLimits, seed: Seed) -> Self {
        Self { state: State::new(config, limits, seed) }
    }

    /// Whether the client is in.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.state.standing
    }

    /// The room's address, its own where it was joined by an alias.
    #[must_use]
    pub fn room(&self) -> &str {
        self.state.room()
    }

    /// The own name in the room.
    #[must_use]
    pub fn nick(&self) -> &str {
        &self.state.nick
    }

    /// The own occupant-id, if it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.state.id.as_deref()
    }

    /// Who is there: by participant ID, or by nickname in a room of XEP-0045.
    pub fn people(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.state.people.iter().map(|(id, person)| (&**id, person))
    }

    /// Whether [`people`](Self::people) is everybody; else the room has more than are kept.
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.state.whole
    }

    /// The names of people, those who left included.
    #[must_use]
    pub const fn book(&self) -> &NickBook {
        &self.state.book
    }

    /// The reactions that the room allows, as far as it is known.
    #[must_use]
    pub const fn allowed(&self) -> &Restrictions {
        &self.state.restrictions
    }

    /// The user's own reactions to a message, as they are shown.
    #[must_use]
    pub fn reactions(&self, to: &str) -> &[String] {
        self.own(to).map_or(&[], Own::shown)
    }

    /// Where messages may be missing, the oldest first.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.state.history.gaps.iter()
    }

    /// The message up to which nothing is missing but the [`gaps`](Self::gaps).
    #[must_use]
    pub fn certain(&self) -> Option<&str> {
        self.state.history.certain.as_deref()
    }

    /// Whether everything in it fits together.
    ///
    /// # Errors
    /// What does not fit. A client never gets there by its inputs; this is for tests.
    pub fn check_state(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn command(&mut self, command: Command, out: &mut Out<'_>) {
        match command {
            Command::Join => {
                let was = core::mem::replace(&mut self.state.want, true);
                self.state.owes_leave = false;
                if !was && !self.state.gc3() {
                    self.state.nick = self.state.config.nick.as_str().into();
                }
                if self.state.online && (!was || self.state.standing != Standing::In) {
                    (self.state.rejoined, self.state.pause) = (false, self.state.limits.retry.0);
                    self.join(rule::J1, out);
                }
            }
            Command::Leave => self.leave(out),
            Command::Online => {
                let names = self.state.book.len();
                self.state.book.forget(self.state.now);
                if self.state.book.len() < names {
                    say::also(out, rule::N2);
                }
                self.forget_session();
                (self.state.online, self.state.pause) = (true, self.state.limits.retry.0);
                if !self.state.want {
                    return if self.state.owes_leave {
                        self.say_leave(rule::L2, out)
                    } else {
                        say::also(out, rule::S1)
                    };
                }
                let known = matches!(self.state.standing, Standing::In | Standing::Unsure);
                if known && self.state.history.based {
                    self.stand(Standing::Unsure, rule::S1, out);
                    self.check(rule::S1, out);
                } else {
                    self.join(rule::J1, out);
                }
            }
            Command::Offline => {
                self.forget_session();
                self.state.online = false;
                if self.state.want {
                    self.stand(Standing::Unsure, rule::S8, out);
                }
            }
            Command::Listed(listed) => {
                self.state.listed = listed;
                say::also(out, rule::S4);
            }
            Command::Seen(seen) => {
                self.state.seen = seen;
                say::also(out, rule::S7);
            }
            Command::React { to, wish } => self.react(to, &wish, out),
        }
    }

    fn stanza(&mut self, stanza: &Stanza, contact: bool, out: &mut Out<'_>) {
        // An answer of the own account may come without a sender (RFC 6120 §8.1.2.1).
        let account = self.state.config.me.to_bare().to_string();
        let from = stanza.from.as_ref().map_or(account.as_str(), |from| from.as_str()).to_owned();
        let bare = bare(&from).to_owned();
        let answer = stanza.kind == StanzaKind::Iq && matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
        if stanza.fault.is_some() || !self.state.online {
            return say::tell(out, rule::E2, Notice::NotMine);
        }
        if answer {
            return self.answer(stanza, &from, out);
        }
        let wanted = self.state.is_room(&bare);
        match (stanza.kind, stanza.type_) {
            (StanzaKind::Presence, StanzaType::Subscribe) => self.subscribe(&bare, contact, out),
            _ if !wanted => say::tell(out, rule::E2, Notice::NotMine),
            (StanzaKind::Presence, StanzaType::Available | StanzaType::Unavailable | StanzaType::Error)
                if !self.state.gc3() =>
            {
                let nick = from.split_once('/').map(|(_, nick)| nick);
                self.occupant(stanza, nick, out);
            }
            (StanzaKind::Iq, StanzaType::Get) if stanza.payload().is_some_and(|ping| ping.is("ping", ns::PING)) => {
                if let Some(pong) = Outgoing::result(stanza, |_| {}) {
                    out.push(rule::S9, Action::Send { to: Audience::one(&from), stanza: &pong });
                }
            }
            // An error of the room comes from where the message went; an occupant's is no answer of the room.
            (StanzaKind::Message, StanzaType::Error) => {
                let id = stanza.id.as_deref().unwrap_or_default();
                if from != self.state.room() || !self.reactions_refused(id, out) {
                    say::tell(out, rule::E2, Notice::NotMine);
                }
            }
            (StanzaKind::Message, type_) => self.room_message(stanza, type_, &from, &bare, out),
            _ => say::tell(out, rule::E2, Notice::NotMine),
        }
    }

    /// A message of the room, of somebody in it, or of somebody who would like to be the room.
    fn room_message(&mut self, stanza: &Stanza, type_: StanzaType, from: &str, bare: &str, out: &mut Out<'_>) {
        if !self.state.want {
            return say::tell(out, rule::E2, Notice::NotMine);
        }
        let result = stanza.child("result", ns::MAM);
        let gc3 = |name: &str| stanza.child(name, ns::GC3);
        let states = ["participants", "destroyed", "config"].iter().any(|name| gc3(name).is_some());
        let states = states || result.is_some();
        if states && from != bare {
            // Only the room itself says such things (GC3 G6.3).
            return say::also(out, rule::P4);
        }
        if let Some(result) = result {
            return self.archived(result, out);
        }
        if let Some(change) = gc3("participants") {
            self.proved();
            return self.people_changed(change, out);
        }
        if gc3("destroyed").is_some() {
            return self.out_of(Why::Gone, rule::S3, out);
        }
        match type_ {
            StanzaType::Groupchat => {
                self.message(stanza, out);
                // Status 104 is a new configuration in the words of XEP-0045.
                if from == bare && has_status(stanza.child("x", ns::MUC_USER), "104") {
                    self.ask_allowed(out);
                }
            }
            // A new configuration proves that the room serves this session.
            StanzaType::Normal if gc3("config").is_some() => {
                self.proved();
                say::also(out, rule::S6);
                self.ask_allowed(out);
            }
            _ => say::tell(out, rule::E2, Notice::NotMine),
        }
    }

    /// An answer to one of the open requests, if it comes from whoever was asked.
    fn answer(&mut self, stanza: &Stanza, from: &str, out: &mut Out<'_>) {
        let id = stanza.id.as_deref().unwrap_or_default();
        let room = self.state.room() == from;
        let open = self.state.open.as_ref().is_some_and(|open| *open.id == *id);
        let listing = self.state.listing.as_ref().is_some_and(|listing| *listing.id == *id);
        let walk = self.state.history.walk.as_ref().is_some_and(|walk| *walk.id == *id);
        let allowed = self.state.asking.as_ref().is_some_and(|asking| *asking.id == *id);
        if open {
            let Some(open) = self.state.open.take_if(|open| *open.to == *from) else {
                return say::also(out, rule::E1);
            };
            let not_found = StanzaError::read(stanza).is_some_and(|e| e.condition == Condition::ItemNotFound);
            if not_found && self.renamed_meanwhile(&open) {
                return self.ping_again(rule::M4, out);
            }
            self.answered(&open, stanza, out);
        } else if (listing || walk || allowed) && !room {
            say::also(out, rule::E1);
        } else if allowed {
            self.allowed_came(stanza, out);
        } else if listing && !self.state.gc3() {
            self.who_is_there(stanza, out);
        } else if listing {
            self.people_came(stanza, out);
        } else if walk {
            self.page_came(stanza, out);
        } else {
            say::tell(out, rule::E2, Notice::NotMine);
        }
    }
}

impl Machine for Client {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        self.state.now = self.state.now.max(now);
        match input {
            Input::Stanza { stanza, contact } => self.stanza(&stanza, contact, out),
            Input::Command(command) => self.command(command, out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        let now = self.state.now;
        self.state.book.forget(now);
        self.wake_live(now, out);
        self.wake_people(now, out);
        self.wake_history(now, out);
        self.wake_reactions(now, out);
    }

    fn deadline(&self) -> Option<Time> {
        self.state.deadline()
    }
}

impl Snapshot for Client {
    const FORMAT: u16 = 2;
    const KIND: &'static str = "gc3.client";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let state: State = snapshot::take(body)?;
        state.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&state, body)?;
        Ok(Self { state })
    }
}
