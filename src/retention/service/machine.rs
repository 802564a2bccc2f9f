//! The service as a machine: reads, judges, applies, says.

use serde::{Deserialize, Serialize};

use super::disco;
use super::state::State;
use crate::codec::{Condition, Fault, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType, Writer};
use crate::limits::RetentionLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::ns;
use crate::party::Audience;
use crate::retention::host::{Input, Notice, Order};
use crate::retention::policy::Policy;
use crate::retention::rules::table as rule;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;

/// Where a service says things.
pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

/// What a service is told at its start, and what it does not find out by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// Its address: a domain.
    pub domain: String,
    /// Its name for people.
    pub name: String,
    /// What URLs of PUTs begin with, up to and with the last slash.
    pub put_base: String,
    /// What URLs of GETs begin with, up to and with the last slash.
    pub get_base: String,
    /// Signs what a PUT brings along. A secret of the host's, which its HTTP server knows too.
    pub secret: Seed,
}

impl ServiceConfig {
    /// A service at that domain, with one base for both kinds of URLs.
    #[must_use]
    pub fn new(domain: &str, base: &str, secret: Seed) -> Self {
        Self {
            domain: domain.to_owned(),
            name: "HTTP File Upload".to_owned(),
            put_base: base.to_owned(),
            get_base: base.to_owned(),
            secret,
        }
    }

    /// Whether a service can be run with it.
    fn check(&self) -> Result<(), Misuse> {
        let bases = [&self.put_base, &self.get_base];
        if bases.iter().any(|base| !base.starts_with("https://") || !base.ends_with('/')) {
            let what =
                "a base begins with https:// (XEP-0363 §4 demands TLS) and ends with a slash: https://up.example/";
            return Err(Misuse::Impossible { what });
        }
        let jid = crate::codec::parse_jid(&self.domain);
        if jid.is_none_or(|jid| jid.as_str() != self.domain || jid.node().is_some() || jid.resource().is_some()) {
            return Err(Misuse::Impossible { what: "the address of an upload service is a domain, normalised" });
        }
        Ok(())
    }
}

/// An upload service.
///
/// Its host routes to it all stanzas for its domain, asks it about each PUT and each GET, and does what it
/// [orders](Order). See [the module](crate::retention) for the whole life of a file.
#[derive(Clone, Debug)]
pub struct Service {
    pub(super) config: ServiceConfig,
    pub(super) state: State,
}

impl Service {
    /// A service without files. `seed` is a secret: who knows it knows the names of all files.
    ///
    /// # Errors
    /// [`Misuse::Impossible`] if the configuration or the policy cannot be: ask [`Policy::check`] for what is wrong.
    pub fn new(config: ServiceConfig, policy: Policy, limits: RetentionLimits, seed: Seed) -> Result<Self, Misuse> {
        config.check()?;
        possible(&policy)?;
        Ok(Self { config, state: State::new(policy, limits, seed) })
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &ServiceConfig {
        &self.config
    }

    /// Puts another configuration in force, such as other URLs or a new secret. URLs that were given out stay as they
    /// are.
    ///
    /// # Errors
    /// [`Misuse::Impossible`] if it cannot be.
    pub fn reconfigure(&mut self, config: ServiceConfig) -> Result<(), Misuse> {
        config.check()?;
        self.config = config;
        Ok(())
    }

    /// The policy in force. [`Input::Policy`] puts another one in force.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.state.policy
    }

    /// How many files and open slots there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.state.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.state.count == 0
    }

    /// Bytes of all files.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.state.used
    }

    /// Whether everything in the service fits together.
    ///
    /// # Errors
    /// What does not fit. A service never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn stanza(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let here = stanza.to.as_ref().is_some_and(|to| to.domain().as_str() == self.config.domain);
        let answered = matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
        if !here || answered || stanza.sender().is_none() || stanza.kind == StanzaKind::Presence {
            return out.push(rule::I5, Action::Tell(Notice::Dropped));
        }
        if stanza.fault == Some(Fault::From) {
            return refuse(out, rule::I4, stanza, &StanzaError::of(Condition::JidMalformed));
        }
        let bare = stanza.to.as_ref().is_some_and(|to| to.node().is_none() && to.resource().is_none());
        if stanza.kind != StanzaKind::Iq || !bare {
            return refuse(out, rule::I4, stanza, &StanzaError::of(Condition::ServiceUnavailable));
        }
        if stanza.fault.is_some() {
            return refuse(out, rule::I4, stanza, &StanzaError::of(Condition::BadRequest));
        }
        let get = stanza.type_ == StanzaType::Get;
        match stanza.payload() {
            Some(payload) if get && payload.is("request", ns::UPLOAD) => self.request(stanza, payload, out),
            Some(payload) if get && payload.is("query", ns::DISCO_INFO) && payload.attr("node").is_none() => {
                disco::info(self, stanza, out);
            }
            Some(payload) if get && payload.is("query", ns::DISCO_ITEMS) && payload.attr("node").is_none() => {
                result(out, rule::I1, stanza, |writer| {
                    writer.open("query", ns::DISCO_ITEMS).close();
                });
            }
            Some(payload) if get && payload.is("query", ns::DISCO_INFO) => {
                refuse(out, rule::I4, stanza, &StanzaError::of(Condition::ItemNotFound));
            }
            Some(payload) if get && payload.is("ping", ns::PING) => result(out, rule::I1, stanza, |_| {}),
            _ => refuse(out, rule::I4, stanza, &StanzaError::of(Condition::ServiceUnavailable)),
        }
    }

    /// What the embedding program must not do; looked at before anything changes.
    fn misused(&self, input: &Input) -> Result<(), Misuse> {
        match input {
            Input::Policy(policy) => {
                possible(policy)?;
                let room = self.state.room_for(policy);
                let what = "too many operator buckets have files of earlier policies: delete those files first";
                if room { Ok(()) } else { Err(Misuse::Impossible { what }) }
            }
            Input::Class { class: Some(class), account } => {
                if self.state.policy.class_named(class).is_none() {
                    return Err(Misuse::Impossible { what: "there is no such class: name one of the policy in force" });
                }
                account_of(account)
            }
            Input::Class { account, .. } | Input::AccountRemoved { account } => account_of(account),
            _ => Ok(()),
        }
    }
}

fn possible(policy: &Policy) -> Result<(), Misuse> {
    let what = "this policy contradicts itself or cannot be kept: Policy::check says where";
    if policy.check().is_empty() { Ok(()) } else { Err(Misuse::Impossible { what }) }
}

fn account_of(account: &str) -> Result<(), Misuse> {
    let bare = crate::codec::parse_jid(account).is_some_and(|jid| jid.as_str() == account && jid.resource().is_none());
    if bare { Ok(()) } else { Err(Misuse::Impossible { what: "an account is named by its bare JID, normalised" }) }
}

/// Answers with an error; drops what cannot be answered.
pub(super) fn refuse(out: &mut Out<'_>, why: Rule, stanza: &Stanza, error: &StanzaError<'_>) {
    match (Outgoing::error(stanza, error), stanza.sender()) {
        (Some(answer), Some(to)) => out.push(why, Action::Send { to: Audience::one(to), stanza: &answer }),
        _ => out.push(why, Action::Tell(Notice::Dropped)),
    }
}

/// Answers with a result.
pub(super) fn result(out: &mut Out<'_>, why: Rule, stanza: &Stanza, payload: impl FnOnce(&mut Writer)) {
    if let (Some(answer), Some(to)) = (Outgoing::result(stanza, payload), stanza.sender()) {
        out.push(why, Action::Send { to: Audience::one(to), stanza: &answer });
    }
}

impl Machine for Service {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out<'_>) -> Result<(), Misuse> {
        self.misused(&input)?;
        self.state.now = self.state.now.max(now);
        self.sweep(out);
        self.state.forget();
        match input {
            Input::Stanza(stanza) => self.stanza(&stanza, out),
            Input::Put { token, slot, authorization, length, content_type } => {
                self.put(token, &slot, authorization.as_deref(), length, content_type.as_deref(), out);
            }
            Input::Stored { token, slot, bytes } => self.stored(token, slot, bytes, out),
            Input::Failed { slot } => self.failed(slot, out),
            Input::Get { token, slot } => self.get(token, slot, out),
            Input::Retract { token, account, which } => self.retract(token, &account, &which, out),
            Input::Referenced { slot, by } => self.referenced(&slot, by, out),
            Input::Unreferenced { slot, by } => self.unreferenced(&slot, &by, out),
            Input::Linked { slot, published, item_expire } => self.linked(slot, published, item_expire, out),
            Input::Pin { slot, on } => self.pin(slot, on, out),
            Input::Remove { slot } => self.remove(slot, out),
            Input::AccountRemoved { account } => self.account_removed(&account, out),
            Input::Class { account, class } => self.class(&account, class, out),
            Input::Policy(policy) => self.policy_in_force(*policy, out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut Out<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        self.sweep(out);
        self.state.forget();
    }

    fn deadline(&self) -> Option<Time> {
        let slot = self.state.slots_due.first().map(|(at, _)| *at);
        let file = self.state.next_due().map(|(at, _)| at);
        // At the end of time there is no later.
        let next = slot.into_iter().chain(file).min()?.max(self.state.resting);
        (self.state.now < Time::from_millis(u64::MAX)).then_some(next)
    }
}

impl Snapshot for Service {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "retention";

    fn save_body(&self, into: &mut Vec<u8>) {
        super::save::save(self, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        super::save::load(format, body)
    }
}
