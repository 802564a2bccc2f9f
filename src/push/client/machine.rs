//! A device's push as a machine: every wish becomes a job, and jobs are done one after the other.

use core::convert::Infallible;

use jid::BareJid;

use super::host::{By, Features, Input, Notice, OptIn, Wanted};
use super::rules as rule;
use super::say;
use super::state::{Job, Key, State, Status, What};
use crate::codec::{Condition, ErrorType, Form, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::limits::PushClientLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::ns;
use crate::party::{Address, Audience};
use crate::push::enable::Enable;
use crate::push::room::Wish;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// The push of one device: what it has enabled at its server, and what its account has asked of rooms.
///
/// Its stanzas go into the device's own session: those for the account to its bare JID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    state: State,
}

type Out<'a> = dyn Sink<Infallible, Notice> + 'a;

impl Client {
    /// A device that wants nothing yet. `seed`: from which ids of requests are drawn.
    #[must_use]
    pub fn new(account: &BareJid, limits: PushClientLimits, seed: Seed) -> Self {
        Self {
            state: State {
                account: Address::from(account),
                limits,
                seed,
                now: Time::EPOCH,
                drawn: 0,
                online: None,
                wanted: Wanted::default(),
                enabled: None,
                jobs: std::collections::BTreeMap::new(),
                leaving: false,
            },
        }
    }

    /// Whether the server is known to push this device as it wants to be.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.state.is_registered()
    }

    /// Whether everything fits together.
    ///
    /// # Errors
    /// What does not fit. It never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn want(&mut self, wanted: Wanted, out: &mut Out<'_>) {
        let nothing = wanted == Wanted::default();
        let same = wanted == self.state.wanted && self.state.jobs.contains_key(&Key::Own);
        self.state.wanted = wanted;
        self.state.leaving = false;
        if nothing {
            self.end(out, false);
        } else if !same {
            let now = self.state.now;
            // What is wanted again is not undone.
            let again = [self.state.wanted.node.as_ref(), self.state.wanted.client.as_ref()];
            let again: Vec<Key> = again.into_iter().flatten().map(Key::undo).collect();
            self.state.jobs.retain(|key, _| !again.contains(key));
            self.may_have();
            self.state.jobs.insert(Key::Own, Job::due(What::Enable(None), now));
        }
    }

    /// What was sent and not answered may be enabled.
    fn may_have(&mut self) {
        if let Some(Job { what: What::Enable(Some(sent)), status: Status::Asked(..), .. }) =
            self.state.jobs.get(&Key::Own)
        {
            self.state.enabled = Some(Enable::clone(sent));
        }
    }

    /// Ends this device's registration.
    fn end(&mut self, out: &mut Out<'_>, last: bool) {
        self.may_have();
        self.state.jobs.remove(&Key::Own);
        if let Some(enabled) = self.state.enabled.take() {
            self.undo(rule::U1, &enabled, last, out);
        }
    }

    /// Undoes a registration, unless that would undo those of other devices too.
    fn undo(&mut self, why: Rule, enable: &Enable, last: bool, out: &mut Out<'_>) {
        let key = Key::undo(enable);
        if matches!(&key, Key::Undo(_, None, false)) && !last {
            return out.push(rule::U2, Action::Tell(Notice::Left { service: enable.service.clone() }));
        }
        let undoing = self.state.jobs.keys().filter(|key| matches!(key, Key::Undo(..))).count();
        if undoing >= self.state.limits.undo && !self.state.jobs.contains_key(&key) {
            return out.push(rule::L1, Action::Tell(Notice::Full));
        }
        also(out, why);
        let due = Job::due(What::Disable, self.state.now);
        self.state.jobs.insert(key, due);
    }

    fn room(&mut self, room: &BareJid, want: Option<OptIn>, out: &mut Out<'_>) {
        let key = Key::Room(room.as_str().into());
        let Some(want) = want else {
            self.state.jobs.remove(&key);
            return also(out, rule::R5);
        };
        match self.state.jobs.get(&key) {
            Some(Job { what: What::Room(old, _), status, .. }) if *old == want && *status != Status::Refused => {
                return also(out, rule::R5);
            }
            None if self.state.jobs.keys().filter(|key| matches!(key, Key::Room(_))).count()
                >= self.state.limits.rooms =>
            {
                return out.push(rule::L1, Action::Tell(Notice::Full));
            }
            _ => {}
        }
        if want.copies > Wish::Never && !self.state.is_registered() {
            also(out, rule::R4);
        }
        let seen = want.by == By::Participation;
        let due = Job::due(What::Room(want, seen), self.state.now);
        self.state.jobs.insert(key, due);
    }

    fn online(&mut self, features: Features, resumed: bool, out: &mut Out<'_>) {
        let now = self.state.now;
        self.state.online = Some(features);
        if resumed {
            return also(out, rule::E5);
        }
        self.may_have();
        if self.state.is_registered() {
            also(out, rule::E4);
        }
        for (key, job) in &mut self.state.jobs {
            let again = match job.status {
                Status::Asked(..) | Status::Refused | Status::Due(_) => true,
                Status::Done => *key == Key::Own,
            };
            if again {
                job.status = Status::Due(now);
                job.tries = 0;
                if let What::Room(want, seen) = &mut job.what {
                    *seen = want.by == By::Participation;
                }
            }
        }
        if self.state.fitting().is_none() && self.state.jobs.contains_key(&Key::Own) {
            out.push(rule::E3, Action::Tell(Notice::Unsupported));
        }
    }

    fn removed(&mut self, enable: &Enable, out: &mut Out<'_>) {
        if self.state.enabled.as_ref().is_some_and(|own| Key::undo(own) == Key::undo(enable)) {
            // Somebody removed this very device.
            self.state.wanted = Wanted::default();
            return self.end(out, false);
        }
        if matches!(Key::undo(enable), Key::Undo(_, _, true)) {
            // Push 2.0 keeps registrations by device: none can speak for another, and the server drops it with the
            // device.
            return out.push(rule::U2, Action::Tell(Notice::Left { service: enable.service.clone() }));
        }
        self.undo(rule::U3, enable, false, out);
    }

    fn logout(&mut self, last: bool, out: &mut Out<'_>) {
        let now = self.state.now;
        self.state.wanted = Wanted::default();
        self.end(out, last);
        for (key, job) in &mut self.state.jobs {
            if let (Key::Room(_), What::Room(want, seen)) = (key, &mut job.what)
                && want.copies > Wish::Never
                && last
            {
                want.copies = Wish::Never;
                *seen = want.by == By::Participation;
                (job.status, job.tries) = (Status::Due(now), 0);
            }
        }
        if !last {
            self.state.jobs.retain(|key, _| !matches!(key, Key::Room(_)));
        }
        self.state.leaving = true;
        also(out, rule::U4);
    }

    /// Sends what is due, as far as the limit on requests in flight allows.
    fn pump(&mut self, out: &mut Out<'_>) {
        if self.state.online.is_none() {
            return;
        }
        while let Some(key) = self.due() {
            if self.state.in_flight() >= self.state.limits.in_flight {
                out.push(rule::L1, Action::Tell(Notice::Later));
                break;
            }
            if !self.send(&key, out) {
                break;
            }
        }
        // Copies that somebody wants meanwhile wait for a registration that does not come.
        let over = self.state.jobs.iter().all(|(key, job)| job.is_over() || !self.is_time(key, &job.what));
        if self.state.leaving && over {
            self.state.leaving = false;
            out.push(rule::U4, Action::Tell(Notice::Finished));
        }
    }

    /// The first job that is due.
    fn due(&self) -> Option<Key> {
        let due = |(key, job): &(&Key, &Job)| {
            matches!(job.status, Status::Due(at) if at <= self.state.now) && self.is_time(key, &job.what)
        };
        self.state.jobs.iter().find(due).map(|(key, _)| key.clone())
    }

    /// Sends the request of a job; `false` if there is none to send.
    fn send(&mut self, key: &Key, out: &mut Out<'_>) -> bool {
        self.state.drawn += 1;
        let id = self.state.seed.draw_nth("push-client", self.state.drawn).base32_short();
        let account = self.state.account.as_str().to_owned();
        let fitting = self.state.fitting().cloned();
        let until = self.state.now.plus(self.state.limits.answer_for);
        let Some(job) = self.state.jobs.get_mut(key) else { return false };
        let (why, to, stanza): (Rule, String, Outgoing) = match (key, &mut job.what) {
            (Key::Own, What::Enable(sent)) => {
                let Some(enable) = fitting else { return false };
                let why = match enable.target {
                    crate::push::enable::Target::Node { .. } => rule::E1,
                    crate::push::enable::Target::Client { .. } => rule::E2,
                };
                let stanza = say::enable(&id, &enable);
                *sent = Some(Box::new(enable));
                (why, account, stanza)
            }
            (Key::Undo(service, node, second), _) => {
                (rule::U1, account, say::disable(&id, service, node.as_deref(), *second))
            }
            (Key::Room(room), What::Room(want, seen)) => {
                let registers = matches!(want.by, By::Registration { .. });
                match (registers, *seen) {
                    (true, false) => (rule::R1, room.to_string(), say::ask(&id)),
                    (true, true) => {
                        let why = if want.copies > Wish::Never { rule::R2 } else { rule::R6 };
                        (why, room.to_string(), say::opt_in(&id, want))
                    }
                    (false, _) => (rule::R3, room.to_string(), say::opt_in(&id, want)),
                }
            }
            _ => return false,
        };
        job.status = Status::Asked(id.into(), until);
        out.push(why, Action::Send { to: Audience::one(&to), stanza: &stanza });
        true
    }

    /// Whether what else must be done first is done.
    fn is_time(&self, key: &Key, what: &What) -> bool {
        match (key, what) {
            (Key::Own, _) => self.state.fitting().is_some(),
            // The new registration first: then nothing is lost between.
            (Key::Undo(..), _) => self.state.jobs.get(&Key::Own).is_none_or(Job::is_over),
            (Key::Room(_), What::Room(want, _)) => want.copies == Wish::Never || self.state.is_registered(),
            (Key::Room(_), _) => false,
        }
    }

    /// Takes an answer; `false` if it is none.
    fn stanza(&mut self, stanza: &Stanza, out: &mut Out<'_>) -> bool {
        let answers = stanza.kind == StanzaKind::Iq && matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
        let key = stanza.id.as_deref().filter(|_| answers).and_then(|id| self.asked(id));
        let from = stanza.from.as_ref().map(|from| from.as_str());
        let Some(key) = key.filter(|key| match key {
            Key::Own | Key::Undo(..) => from.is_none_or(|from| from == self.state.account.as_str()),
            Key::Room(room) => from == Some(room),
        }) else {
            out.push(rule::A1, Action::Tell(Notice::Ignored));
            return false;
        };
        match StanzaError::read(stanza) {
            None => self.accepted(&key, stanza, out),
            Some(error) => self.failed(&key, &error, out),
        }
        true
    }

    /// What was asked under an id.
    fn asked(&self, id: &str) -> Option<Key> {
        let asked = |job: &Job| matches!(&job.status, Status::Asked(asked, _) if **asked == *id);
        self.state.jobs.iter().find(|(_, job)| asked(job)).map(|(key, _)| key.clone())
    }

    fn accepted(&mut self, key: &Key, answer: &Stanza, out: &mut Out<'_>) {
        let now = self.state.now;
        let Some(job) = self.state.jobs.get_mut(key) else { return };
        job.tries = 0;
        match (key, &mut job.what) {
            (Key::Own, What::Enable(sent)) => {
                job.status = Status::Done;
                let sent = sent.as_deref().cloned();
                let old = core::mem::replace(&mut self.state.enabled, sent);
                out.push(rule::A1, Action::Tell(Notice::Enabled));
                let new = self.state.enabled.as_ref().map(Key::undo);
                if let Some(old) = old.filter(|old| replaces(new.as_ref(), &Key::undo(old))) {
                    self.undo(rule::E6, &old, false, out);
                }
            }
            (Key::Undo(service, ..), _) => {
                out.push(rule::A1, Action::Tell(Notice::Disabled { service: service.clone() }));
                self.state.jobs.remove(key);
            }
            (Key::Room(room), What::Room(want, seen)) => {
                if matches!(want.by, By::Registration { .. }) && !*seen {
                    if is_offered(answer) {
                        *seen = true;
                        job.status = Status::Due(now);
                        return also(out, rule::R1);
                    }
                    job.status = Status::Refused;
                    return out.push(rule::R1, Action::Tell(Notice::NotOffered { room: room.clone() }));
                }
                job.status = Status::Done;
                out.push(rule::A1, Action::Tell(Notice::Settled { room: room.clone() }));
            }
            _ => {}
        }
    }

    fn failed(&mut self, key: &Key, error: &StanzaError<'_>, out: &mut Out<'_>) {
        let wait = error.type_ == ErrorType::Wait
            || matches!(error.condition, Condition::RemoteServerNotFound | Condition::RemoteServerTimeout);
        if wait {
            return self.later(key, Some(error.condition), out);
        }
        if let Key::Undo(service, ..) = key
            && error.condition == Condition::ItemNotFound
        {
            // It is undone already.
            self.state.jobs.remove(key);
            return out.push(rule::A1, Action::Tell(Notice::Disabled { service: service.clone() }));
        }
        self.refused(rule::A3, key, Some(error.condition), out);
    }

    /// Something did not work, and is tried again if it was not tried too often.
    fn later(&mut self, key: &Key, condition: Option<Condition>, out: &mut Out<'_>) {
        let Some(tries) = self.state.jobs.get(key).map(|job| job.tries.saturating_add(1)) else { return };
        if tries >= self.state.limits.tries || self.state.leaving {
            return self.refused(rule::A2, key, condition, out);
        }
        let at = self.state.now.plus(self.state.pause(tries));
        if let Some(job) = self.state.jobs.get_mut(key) {
            (job.status, job.tries) = (Status::Due(at), tries);
        }
        out.push(rule::A2, Action::Tell(Notice::Later));
    }

    fn refused(&mut self, why: Rule, key: &Key, condition: Option<Condition>, out: &mut Out<'_>) {
        if let Some(job) = self.state.jobs.get_mut(key) {
            job.status = Status::Refused;
        }
        let by = match key {
            Key::Own | Key::Undo(..) => self.state.account.as_str().into(),
            Key::Room(room) => room.clone(),
        };
        out.push(why, Action::Tell(Notice::Refused { by, condition }));
    }

    /// The next moment at which something is due, as long as there is a session.
    fn next(&self) -> Option<Time> {
        self.state.online?;
        let full = self.state.in_flight() >= self.state.limits.in_flight;
        let at = |(key, job): (&Key, &Job)| match job.status {
            Status::Due(at) if !full && self.is_time(key, &job.what) => Some(at),
            Status::Asked(_, until) => Some(until),
            _ => None,
        };
        self.state.jobs.iter().filter_map(at).min()
    }
}

/// Whether a new registration leaves an old one behind at the server: two pairs of XEP-0357 stand side by side, and so
/// do the two protocols; a device has one registration of Push 2.0.
fn replaces(new: Option<&Key>, old: &Key) -> bool {
    match (new, old) {
        (Some(Key::Undo(_, _, true)), Key::Undo(_, _, true)) => false,
        (new, old) => new != Some(old),
    }
}

/// Whether a room's form asks for what is known, and has the field for copies.
fn is_offered(answer: &Stanza) -> bool {
    let form = answer.payload().and_then(|query| query.get_child("x", ns::DATA));
    let Some(form) = form.and_then(|form| Form::read(form).ok()) else { return false };
    let known = ["FORM_TYPE", say::NICK_FIELD, say::OFFLINE_FIELD];
    let is = |field: &crate::codec::Field, name: &str| field.var.as_deref() == Some(name);
    let offered = form.fields.iter().any(|field| is(field, say::OFFLINE_FIELD));
    offered && form.fields.iter().all(|field| !field.required || known.iter().any(|name| is(field, name)))
}

fn also(out: &mut Out<'_>, why: Rule) {
    out.push(why, Action::Tell(Notice::Also));
}

impl Machine for Client {
    type Input = Input;
    type Order = Infallible;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out<'_>) -> Result<(), Misuse> {
        self.state.now = self.state.now.max(now);
        match input {
            Input::Want(wanted) => self.want(wanted, out),
            Input::Room { room, want } => self.room(&room, want, out),
            Input::Online { features, resumed } => self.online(features, resumed, out),
            Input::Offline => self.state.online = None,
            // Most of what comes answers nothing, and then there is nothing new to send.
            Input::Stanza(stanza) if !self.stanza(&stanza, out) => return Ok(()),
            Input::Stanza(_) => {}
            Input::Removed(enable) => self.removed(&enable, out),
            Input::Logout { last } => self.logout(last, out),
        }
        self.pump(out);
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut Out<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        let now = self.state.now;
        let late = |job: &Job| matches!(job.status, Status::Asked(_, until) if until <= now);
        let late: Vec<Key> = self.state.jobs.iter().filter(|(_, job)| late(job)).map(|(key, _)| key.clone()).collect();
        for key in late {
            self.later(&key, None, out);
        }
        self.pump(out);
    }

    fn deadline(&self) -> Option<Time> {
        self.next()
    }
}

impl Snapshot for Client {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "push.client";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let client = Self { state: snapshot::take(body)? };
        client.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&client.state, body)?;
        Ok(client)
    }
}
