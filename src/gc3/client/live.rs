//! Being in: joining, staying, losing and leaving, and which subscription requests are approved.

use jid::BareJid;

use super::host::{Dialect, Order, Standing, Why};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Early, Open, TEXT_BYTES, What};
use crate::codec::{Condition, ErrorType, Stanza, StanzaError, StanzaType, parse_jid};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

impl Client {
    /// Shows where the client stands, if that has changed.
    pub(super) fn stand(&mut self, standing: Standing, why: Rule, out: &mut Out<'_>) {
        if self.state.standing == standing {
            return say::also(out, why);
        }
        self.state.standing = standing;
        say::order(out, why, Order::Standing(standing));
        // What the room allows may have changed since the client was in.
        self.ask_allowed(out);
    }

    /// Asks something about being in, and waits for the answer.
    pub(super) fn ask(&mut self, what: What, to: &str) -> Box<str> {
        let id = self.state.draw();
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.state.open = Some(Open { what, id: id.clone(), to: to.into(), until });
        self.state.retry = None;
        self.state.spoke = self.state.now;
        id
    }

    /// The room proved that it serves this session.
    pub(super) fn proved(&mut self) {
        self.state.heard = self.state.heard.max(self.state.now);
    }

    pub(super) fn join(&mut self, why: Rule, out: &mut Out<'_>) {
        if self.state.config.dialect == Dialect::Muc {
            return self.enter(why, out);
        }
        let account = self.state.config.account;
        let asked = self.state.config.room.to_string();
        let to = if account { self.state.config.me.to_bare().to_string() } else { asked.clone() };
        let id = self.ask(What::Join, &to);
        say::iq(&self.state, out, why, &to, &id, StanzaType::Set, |writer| {
            writer.open("join", ns::GC3).attr_opt("room", account.then_some(asked.as_str()));
            say::form(&self.state, writer);
            if !account {
                say::subscribes(writer);
            }
            writer.close();
        });
        self.stand(Standing::Joining, why, out);
    }

    /// Asks whether it is in, in the words of the room.
    pub(super) fn check(&mut self, why: Rule, out: &mut Out<'_>) {
        if self.state.config.dialect == Dialect::Muc {
            return self.ping(why, out);
        }
        let to = self.state.room().to_owned();
        let id = self.ask(What::Sync, &to);
        say::iq(&self.state, out, why, &to, &id, StanzaType::Set, |writer| {
            writer.open("sync", ns::GC3).attr_opt("version", self.state.version.as_deref());
            writer.attr_opt("last", self.newest());
            say::subscribes(writer);
            writer.close();
        });
    }

    pub(super) fn ping(&mut self, why: Rule, out: &mut Out<'_>) {
        let to = self.own_address();
        let id = self.ask(What::Ping, &to);
        say::iq(&self.state, out, why, &to, &id, StanzaType::Get, |writer| {
            writer.open("ping", ns::PING).close();
        });
    }

    pub(super) fn leave(&mut self, out: &mut Out<'_>) {
        self.state.want = false;
        self.state.listed = false;
        if self.state.standing == Standing::Out(Why::Left) {
            // What is owed to the room is repeated in its time.
            return say::also(out, rule::L1);
        }
        // A room of XEP-0045 that has put the client out itself need not be told.
        let told = match self.state.standing {
            Standing::Out(_) => !self.state.gc3(),
            Standing::Joining | Standing::In | Standing::Unsure => false,
        };
        if self.state.online && !told {
            self.say_leave(rule::L1, out);
        }
        self.state.owes_leave |= !told;
        self.out_of(Why::Left, rule::L1, out);
    }

    /// Tells the room, or the account, that it leaves; until there is an answer this is owed.
    pub(super) fn say_leave(&mut self, why: Rule, out: &mut Out<'_>) {
        if self.state.config.dialect == Dialect::Muc {
            return self.exit(why, out);
        }
        let (account, room) = (self.state.config.account, self.state.room().to_owned());
        let to = if account { self.state.config.me.to_bare().to_string() } else { room.clone() };
        let id = self.ask(What::Leave, &to);
        say::iq(&self.state, out, why, &to, &id, StanzaType::Set, |writer| {
            writer.open("leave", ns::GC3).attr_opt("room", account.then_some(room.as_str())).close();
        });
    }

    /// Whether an answer to a self-ping says that the client is in.
    pub(super) const fn in_by_ping(error: Option<&StanzaError<'_>>) -> bool {
        match error {
            None => true,
            Some(error) => {
                matches!(error.condition, Condition::ServiceUnavailable | Condition::FeatureNotImplemented)
            }
        }
    }

    /// The answer to a leave: all but those that say that the room was not reached mean that the client is out.
    fn left(&mut self, error: Option<&StanzaError<'_>>, out: &mut Out<'_>) {
        let unreached = error.is_some_and(|error| {
            let remote = matches!(error.condition, Condition::RemoteServerNotFound | Condition::RemoteServerTimeout);
            error.type_ == ErrorType::Wait || remote
        });
        // By XEP-0045 the answer is that to a self-ping: there a result says that the client is still in.
        let in_yet = !self.state.gc3() && Self::in_by_ping(error);
        if unreached || in_yet {
            return self.leave_later(out);
        }
        self.has_left(out);
    }

    /// The room knows that the client has left.
    pub(super) fn has_left(&mut self, out: &mut Out<'_>) {
        self.state.owes_leave = false;
        self.state.open.take_if(|open| open.what == What::Leave);
        self.state.retry = None;
        say::also(out, rule::L1);
    }

    fn leave_later(&mut self, out: &mut Out<'_>) {
        self.state.retry = Some(self.state.now.plus(self.state.pause));
        let most = self.state.limits.retry.1;
        self.state.pause = self.state.pause.doubled().min(most).max(crate::Span::from_secs(1));
        say::also(out, rule::L2);
    }

    /// The client is out, and stays out.
    pub(super) fn out_of(&mut self, why_out: Why, why: Rule, out: &mut Out<'_>) {
        let leaving = self.state.open.take_if(|open| open.what == What::Leave);
        self.forget_session();
        self.state.open = leaving;
        self.state.want = false;
        self.state.people.clear();
        (self.state.version, self.state.early, self.state.approve_until) = (None, None, None);
        self.state.versions.clear();
        self.stand(Standing::Out(why_out), why, out);
    }

    /// Nothing that was asked on the old stream is answered on a new one.
    pub(super) fn forget_session(&mut self) {
        (self.state.open, self.state.retry, self.state.listing) = (None, None, None);
        self.state.asking = None;
        self.drop_walk();
    }

    /// The room does not know this client (G5.7).
    pub(super) fn lost(&mut self, why: Rule, out: &mut Out<'_>) {
        self.state.history.walk = None;
        self.state.listing = None;
        // A room of XEP-0045 is on no list: there the user's wish is enough.
        if self.state.gc3() && !self.state.listed {
            return self.out_of(Why::Lost, why, out);
        }
        if !self.state.rejoined {
            self.state.rejoined = true;
            return self.join(why, out);
        }
        self.later(why, out);
    }

    /// Tries again after a pause; until then nothing is claimed.
    pub(super) fn later(&mut self, why: Rule, out: &mut Out<'_>) {
        self.state.retry = Some(self.state.now.plus(self.state.pause));
        let most = self.state.limits.retry.1;
        self.state.pause = self.state.pause.doubled().min(most).max(crate::Span::from_secs(1));
        self.stand(Standing::Unsure, why, out);
    }

    /// What a pause was for: to ask whether it is in if it may still be, else to join.
    pub(super) fn retry(&mut self, out: &mut Out<'_>) {
        self.state.retry = None;
        if !self.state.want {
            if self.state.owes_leave {
                self.say_leave(rule::L2, out);
            }
            return;
        }
        if self.state.rejoined {
            self.join(rule::S4, out);
        } else if self.state.id.is_some() || self.state.history.based {
            self.check(rule::S5, out);
        } else {
            self.join(rule::J1, out);
        }
    }

    /// An answer about being in.
    pub(super) fn answered(&mut self, open: &Open, stanza: &Stanza, out: &mut Out<'_>) {
        let error = StanzaError::read(stanza);
        match (open.what, error) {
            (What::Leave, error) => self.left(error.as_ref(), out),
            (What::Join, None) => self.joined(stanza, out),
            (What::Join, Some(error)) => self.refused(&error, out),
            (What::Sync, None) => self.synced(stanza, out),
            (What::Sync, Some(error)) => match error.condition {
                Condition::Gone => self.out_of(Why::Gone, rule::S3, out),
                // Out, or a room that must not be known.
                Condition::ItemNotFound => self.lost_or_gone(out),
                Condition::Forbidden => self.out_of(Why::Banned, rule::S3, out),
                Condition::NotAcceptable => self.lost(rule::S4, out),
                _ => self.later(rule::S5, out),
            },
            (What::Ping, error) => self.pinged(error.as_ref(), out),
        }
    }

    /// A secret room says to strangers that it does not exist: it is asked for a join once, like one that has lost the
    /// client.
    fn lost_or_gone(&mut self, out: &mut Out<'_>) {
        if self.state.rejoined { self.out_of(Why::Gone, rule::S3, out) } else { self.lost(rule::S4, out) }
    }

    /// The answer to a request did not come.
    pub(super) fn unanswered(&mut self, open: &Open, out: &mut Out<'_>) {
        match open.what {
            What::Leave => self.leave_later(out),
            What::Join | What::Sync | What::Ping => self.later(rule::S5, out),
        }
    }

    pub(super) fn refused(&mut self, error: &StanzaError<'_>, out: &mut Out<'_>) {
        let unreached = matches!(error.condition, Condition::RemoteServerNotFound | Condition::RemoteServerTimeout);
        if error.type_ == ErrorType::Wait || unreached {
            return self.later(rule::J2, out);
        }
        let why = match error.condition {
            Condition::Forbidden => Why::Banned,
            Condition::Gone | Condition::ItemNotFound => Why::Gone,
            _ => Why::Refused,
        };
        self.out_of(why, rule::J2, out);
    }

    fn joined(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let joined = stanza.payload().filter(|payload| payload.is("joined", ns::GC3));
        let told = joined.and_then(|joined| joined.get_child("subscription-jid", ns::GC3)).map(minidom::Element::text);
        let told = told.as_deref().map(str::trim).and_then(parse_jid);
        let asked = &self.state.config.room;
        let fits = told
            .as_ref()
            .is_some_and(|jid| jid.resource().is_none() && jid.node().is_some() && jid.domain() == asked.domain());
        let (Some(joined), Some(room), true) = (joined, told.as_ref().map(|jid| jid.to_bare()), fits) else {
            return self.failed(told.map(|jid| jid.to_bare()), rule::J13_A, out);
        };
        if room.as_str() != asked.as_str() {
            self.state.canonical = Some(room.as_str().into());
        }
        self.state.id = joined.attr("id").filter(|id| id.len() <= TEXT_BYTES).map(Into::into);
        if let Some(nick) = crate::codec::nick::nick(joined).filter(|nick| nick.len() <= TEXT_BYTES) {
            self.state.nick = nick.into();
        }
        self.state.listed = true;
        self.state.pause = self.state.limits.retry.0;
        self.state.approve_until = Some(self.state.now.plus(self.state.limits.approve_for));
        self.proved();
        if let (Some(id), at) = (self.state.id.clone(), self.state.now) {
            let nick = self.state.nick.clone();
            self.state.book.learn(&id, &nick, at);
        }
        self.stand(Standing::In, rule::J1, out);
        if let Some(early) = self.state.early.take() {
            say::also(out, rule::J13_D);
            self.approval(&early.from, early.contact, out);
        }
        if self.state.standing != Standing::In {
            return;
        }
        let last = joined.attr("last").filter(|id| id.len() <= TEXT_BYTES).map(str::to_owned);
        if self.state.config.account {
            // The account joined without a session: sync opens one, and tells the rest.
            self.base(last.as_deref());
            return self.check(rule::S1, out);
        }
        self.arrived(joined.attr("version").map(str::to_owned), last, out);
    }

    /// In, with a session: reads who is there and what was missed.
    fn arrived(&mut self, version: Option<String>, last: Option<String>, out: &mut Out<'_>) {
        let back = self.state.history.based;
        self.base(last.as_deref());
        if self.state.version.is_none() || self.state.version.as_deref() != version.as_deref() {
            self.read_people(rule::P1, out);
        }
        if back && self.newest() != last.as_deref() {
            self.read_on(last.as_deref(), rule::C1, out);
        }
    }

    fn synced(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let Some(sync) = stanza.payload().filter(|payload| payload.is("sync", ns::GC3)) else {
            return self.later(rule::S5, out);
        };
        if sync.attr("joined") != Some("yes") {
            let left = sync.get_child("left", ns::GC3).and_then(|left| left.attr("why"));
            return match left {
                Some("left") => self.out_of(Why::Left, rule::S3, out),
                Some("kicked") => self.out_of(Why::Kicked, rule::S3, out),
                Some("banned") => self.out_of(Why::Banned, rule::S3, out),
                _ => self.lost(rule::S4, out),
            };
        }
        self.proved();
        self.state.pause = self.state.limits.retry.0;
        self.state.rejoined = false;
        if let Some(id) = sync.attr("id").filter(|id| id.len() <= TEXT_BYTES) {
            self.state.id = Some(id.into());
        }
        if let Some(nick) = sync.attr("nick").filter(|nick| nick.len() <= TEXT_BYTES) {
            self.state.nick = nick.into();
        }
        self.stand(Standing::In, rule::S2, out);
        let last = sync.attr("last").filter(|id| id.len() <= TEXT_BYTES).map(str::to_owned);
        let changed = self.state.version.is_none() || self.state.version.as_deref() != sync.attr("version");
        if changed {
            self.read_people(rule::P2, out);
        }
        if !self.state.history.based {
            self.base(last.as_deref());
        } else if sync.attr("missed") == Some("no") {
            // A room that fell back into the past knows less than its archive, and has another version.
            let doubt = changed || self.state.history.doubt || sync.attr("session") != Some("yes");
            self.verify(doubt, out);
        } else {
            self.read_on(last.as_deref(), rule::C1, out);
        }
    }

    /// J13: whether a subscription request is approved.
    pub(super) fn approval(&mut self, from: &str, contact: bool, out: &mut Out<'_>) {
        let account = self.state.config.me.to_bare().to_string();
        if contact {
            return self.failed(BareJid::new(from).ok(), rule::J13_C, out);
        }
        self.state.seen = true;
        say::presence(out, rule::J13, &account, from, StanzaType::Subscribed, |_| {});
    }

    /// A subscription request.
    pub(super) fn subscribe(&mut self, from: &str, contact: bool, out: &mut Out<'_>) {
        let recent = self.state.approve_until.is_some_and(|until| until > self.state.now);
        let in_force = self.state.want && (recent || (self.state.listed && self.state.standing == Standing::In));
        if in_force && from == self.state.room() {
            return self.approval(from, contact, out);
        }
        let joining = self.state.open.as_ref().is_some_and(|open| open.what == What::Join) && self.state.gc3();
        let near =
            BareJid::new(from).is_ok_and(|jid| jid.node().is_some() && jid.domain() == self.state.config.room.domain());
        if joining && near && !self.state.config.account && self.state.early.is_none() {
            let until = self.state.now.plus(self.state.limits.approve_for);
            self.state.early = Some(Early { from: from.into(), contact, until });
            return say::also(out, rule::J13_D);
        }
        say::tell(out, rule::J13_B, super::Notice::AskUser { from: from.into() });
    }

    /// A join that must not stand although the room says so: both addresses are left.
    fn failed(&mut self, told: Option<BareJid>, why: Rule, out: &mut Out<'_>) {
        let asked = self.state.config.room.clone();
        let told = told.filter(|told| told.node().is_some() && *told != asked);
        for room in core::iter::once(&asked).chain(&told) {
            let id = self.state.draw();
            say::iq(&self.state, out, why, room.as_str(), &id, StanzaType::Set, |writer| {
                writer.open("leave", ns::GC3).close();
            });
        }
        self.state.canonical = None;
        self.out_of(Why::Refused, why, out);
    }

    /// Time has passed.
    pub(super) fn wake_live(&mut self, now: Time, out: &mut Out<'_>) {
        if let Some(open) = self.state.open.take_if(|open| open.until <= now) {
            self.unanswered(&open, out);
        }
        if let Some(early) = self.state.early.take_if(|early| early.until <= now) {
            say::tell(out, rule::J13_D, super::Notice::AskUser { from: early.from });
        }
        if self.state.online && self.state.retry.is_some_and(|at| at <= now) {
            self.retry(out);
        }
        if self.state.check_at().is_some_and(|at| at <= now) {
            let silent = self.state.heard.plus(self.state.limits.silence) <= now;
            self.check(if silent { rule::S6 } else { rule::S7 }, out);
        }
    }
}
