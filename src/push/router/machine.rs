//! The router as a machine: what comes in goes to where it is decided.

use jid::BareJid;

use super::copy::MemberCopy;
use super::input::{Input, Notice, Order, RouterConfig};
use super::judgement::Judgement;
use super::say::Out;
use super::state::{Due, State};
use super::{copies, judgement, publishing, rooms, sessions};
use crate::codec::{Stanza, StanzaKind, StanzaType};
use crate::limits::PushRouterLimits;
use crate::machine::{Machine, Misuse, Sink};
use crate::ns;
use crate::party::Address;
use crate::push::enable;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// The router of one account.
#[derive(Clone, Debug)]
pub struct Router {
    state: State,
}

impl Router {
    /// A router without sessions, registrations and rooms. `seed` must belong to this account alone.
    #[must_use]
    pub fn new(config: &RouterConfig, limits: PushRouterLimits, seed: Seed) -> Self {
        Self { state: State::new(config, limits, seed) }
    }

    /// Whether a room is in the room set (MC2): what comes from it is a member copy.
    #[must_use]
    pub fn is_member(&self, room: &BareJid) -> bool {
        self.state.is_member(room.as_str())
    }

    /// What becomes of a message of type groupchat for the bare JID, and by which rule. Changes nothing.
    ///
    /// ```
    /// use jid::BareJid;
    /// use xmpp_machines::Time;
    /// use xmpp_machines::codec::{Condition, Reader};
    /// use xmpp_machines::limits::PushRouterLimits;
    /// use xmpp_machines::push::router::{Judgement, MemberCopy, Router, RouterConfig};
    /// use xmpp_machines::seed::Seed;
    ///
    /// let ann = BareJid::new("ann@tea.example")?;
    /// let router = Router::new(&RouterConfig::new(&ann), PushRouterLimits::default(), Seed::new([7; 32]));
    /// let copy = br#"<message type="groupchat" from="kettle@rooms.example/Ben" to="ann@tea.example">
    ///     <body>Tea?</body><stanza-id xmlns="urn:xmpp:sid:0" by="kettle@rooms.example" id="s1"/></message>"#;
    /// let copy = MemberCopy::read(Reader::one("jabber:client", copy)?);
    /// let (why, judgement) = router.judge(&copy, Time::EPOCH);
    /// assert_eq!(why.id(), "push-router.P1"); // nobody here has anything to do with that room
    /// assert_eq!(judgement, Judgement::Refused(Condition::ServiceUnavailable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn judge(&self, copy: &MemberCopy, now: Time) -> (Rule, Judgement) {
        judgement::judge(&self.state, copy, now)
    }

    /// How many messages of a chat are unread, and the id of the last (MC4).
    #[must_use]
    pub fn pointer(&self, chat: &str) -> Option<(u32, &str)> {
        let chat = self.state.chats.get(chat)?;
        Some((chat.unread, chat.last.as_deref()?))
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.state.account.as_str()
    }

    /// The ids of the publishes that are not answered yet: an answer to one of them is for this account.
    pub fn awaited(&self) -> impl Iterator<Item = &str> {
        self.state.flights.values().map(|flight| &*flight.id)
    }

    /// How many registrations there are that were not disabled by failures.
    #[must_use]
    pub fn registrations(&self) -> usize {
        self.state.each().filter(|(_, registration)| !registration.disabled).count()
    }

    /// The registrations, by number, with the addresses of their services, and how many sessions there are. For tests.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn census(&self) -> (Vec<(u64, String)>, u32) {
        let each = self.state.each();
        let registrations = each.map(|(_, one)| (one.number, one.enable.service.to_string())).collect();
        (registrations, self.state.sessions.roster().len() as u32)
    }

    /// Whether everything fits together. For tests and fuzzing.
    ///
    /// # Errors
    /// What does not.
    #[cfg(feature = "sim")]
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn arrived(&mut self, stanza: Stanza, out: &mut Out<'_>) {
        let state = &mut self.state;
        let Some(to) = &stanza.to else { return };
        if to.as_str() == state.domain() {
            let answer = match stanza.kind {
                StanzaKind::Iq => matches!(stanza.type_, StanzaType::Result | StanzaType::Error),
                StanzaKind::Message => stanza.type_ == StanzaType::Error,
                StanzaKind::Presence => false,
            };
            if answer {
                publishing::answered(state, out, &stanza);
            }
        } else if to.resource().is_some() {
            if let Some(seat) = state.sessions.find(to.as_str()) {
                rooms::arrived(state, out, seat, &stanza);
            }
        } else if state.is_account(&to.to_bare()) && stanza.kind == StanzaKind::Message {
            if stanza.type_ == StanzaType::Groupchat {
                copies::groupchat(state, out, &MemberCopy::read(stanza));
            } else if let Some(inner) = copies::forwards(&stanza) {
                copies::forwarded(state, out, &stanza, inner);
            } else if let Some(pubsub) = stanza.child("pubsub", ns::PUBSUB) {
                sessions::revoked(state, out, &stanza, pubsub);
            }
        }
    }

    fn sent(&mut self, session: &str, stanza: &Stanza, out: &mut Out<'_>) {
        let state = &mut self.state;
        let seat = state.sessions.find(session);
        let own = match &stanza.to {
            Some(to) => to.resource().is_none() && state.is_account(&to.to_bare()),
            // A faulty address is not the account's own.
            None => stanza.element.attr("to").is_none(),
        };
        let asks = stanza.fault.is_none() && matches!(stanza.type_, StanzaType::Get | StanzaType::Set);
        if let Some(element) = stanza.payload().filter(|element| own && asks && enable::is_request(element)) {
            return sessions::request(state, out, session, stanza, element);
        }
        let Some(seat) = seat else { return };
        if stanza.kind == StanzaKind::Message && stanza.type_ != StanzaType::Error {
            sessions::touch(state, seat);
        }
        rooms::sent(state, out, seat, stanza);
    }
}

impl Machine for Router {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        let session = match &input {
            Input::Sent { session, .. } => Some(session),
            Input::Session { jid, .. } | Input::Live { session: jid, .. } => Some(jid),
            _ => None,
        };
        if session.is_some_and(|jid| !self.state.is_account(&jid.to_bare())) {
            return Err(Misuse::Impossible { what: "this router is another account's: give each account its own" });
        }
        self.state.now = self.state.now.max(now);
        match input {
            Input::Arrived(stanza) => self.arrived(stanza, out),
            Input::Copy(copy) => copies::groupchat(&mut self.state, out, &copy),
            Input::Live { session, copy } => {
                if let Some(seat) = self.state.sessions.find(session.as_str()) {
                    copies::live(&mut self.state, out, seat, copy.stanza());
                }
            }
            Input::Sent { session, stanza } => self.sent(session.as_str(), &stanza, out),
            Input::Candidate(candidate) => copies::person(&mut self.state, out, &candidate),
            Input::Session { jid, event } => sessions::event(&mut self.state, out, Address::from(&*jid), event),
            Input::Room { room, fact } => rooms::fact(&mut self.state, out, room.as_str(), fact),
            Input::Blocked(list) => {
                if list.len() > self.state.limits.blocked {
                    super::say::tell(out, super::table::S4, Notice::PassedOver);
                }
                let kept = list.iter().take(self.state.limits.blocked);
                self.state.blocked = kept.map(|jid| jid.as_str().into()).collect();
            }
            Input::Item(item) => rooms::item(&mut self.state, out, &item),
            Input::Bodies(choice) => self.state.user_bodies = choice,
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.state.next_due().is_none_or(|due| due > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        let now = self.state.now;
        while let Some(due) = self.state.pop_due(now) {
            match due {
                Due::Room(room) => rooms::due(&mut self.state, out, &room),
                Due::Note(slot, chat) => publishing::due(&mut self.state, out, slot, &chat),
                Due::Flight(number) => {
                    if let Some(flight) = self.state.land(number) {
                        publishing::silent(&mut self.state, out, &flight);
                    }
                }
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.state.next_due()
    }
}

impl Snapshot for Router {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "push.router";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let mut state: State = snapshot::take(body)?;
        snapshot::canonical(&state, body)?;
        state.check().map_err(Corrupt::Body)?;
        state.relink();
        Ok(Self { state })
    }
}
