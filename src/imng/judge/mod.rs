//! Decides what becomes of a stanza, and by which rule. Changes nothing.

mod iq;
mod message;
mod presence;

use super::rules::table as rule;
use super::set::SessionSet;
use super::state::State;
use super::wire::{self, Route, Traits};
use crate::codec::{Condition, ErrorType, Fault, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::ns;
use crate::party::{Seat, bare};
use crate::rule::Rule;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Another account or one of its devices, or a service.
    Outside,
    /// A room of the account's room set, in a groupchat message.
    Room,
    /// The account's own server, or the account itself by its server.
    Server,
    /// A session of the account.
    Own(Seat),
}

/// Whom a stanza is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The account, by its bare JID or because nobody else is named.
    Bare,
    /// A session of the account.
    Session(Seat),
    /// A full JID of the account that no session has.
    Unmatched,
    /// Somebody else.
    Elsewhere,
}

/// A stanza and what it asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) stanza: &'a Stanza,
    pub(super) source: Source,
    pub(super) target: Target,
    pub(super) traits: Traits,
    pub(super) route: Route,
    /// The sender's address, normalised; empty if there is none.
    pub(super) from: &'a str,
    /// The addressee's, normalised; the account's where nobody is named.
    pub(super) to: &'a str,
}

/// What becomes of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that decided.
    pub why: Rule,
    /// Rules that led there.
    pub also: [Option<Rule>; 3],
    /// Who gets the stanza itself.
    pub deliver: SessionSet,
    /// Who gets it beyond that because of IM-NG, and by which rule.
    pub imng: Option<(Rule, SessionSet)>,
    /// Who gets a copy.
    pub copies: Copies,
    /// Who gets back what they or another session sent, by IM-NG.
    pub reflect: SessionSet,
    /// Whether it is archived, and by which rule or why not.
    pub archive: Option<(Rule, bool)>,
    /// What happens besides.
    pub then: Then,
}

/// Who gets a copy of a message (XEP-0280).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Why it is copied, or why it is not. `None` where the question does not arise.
    pub why: Option<Rule>,
    /// Whether it is one that is copied, whoever is there.
    pub eligible: bool,
    /// Whether the copies are `sent` copies, and not `received` ones.
    pub sent: bool,
    /// Who gets one.
    pub to: SessionSet,
}

/// What happens to a stanza besides being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// It goes to whom it is for, who is not of this account.
    Forward,
    /// It is kept for later, by this rule.
    Store(Rule),
    /// Its sender is told that it failed.
    Refuse(Refusal),
    /// It is dropped.
    Drop,
    /// The host does the rest.
    Host(Errand),
    /// The account answers.
    Answer(Answer),
    /// The session's stream ends.
    End,
}

/// What the host does with a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// It changes a subscription.
    Subscription,
    /// It asks for presence.
    Probe,
    /// It is a session's presence for everybody.
    Broadcast,
    /// It is a request that the host answers.
    Iq,
    /// It is a room's member copy.
    MemberCopy,
}

/// What the account answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but that it is done.
    Done,
    /// Carbons are on or off now.
    Carbons(bool),
    /// IM-NG is on now.
    Imng,
    /// The block list.
    BlockList,
    /// They are blocked now.
    Block,
    /// They are not blocked any more.
    Unblock,
    /// What the account is.
    Info,
}

/// How a stanza fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `modify/bad-request`
    BadRequest,
    /// `auth/forbidden`
    Forbidden,
    /// `modify/jid-malformed`
    JidMalformed,
    /// `cancel/not-acceptable`, with `blocked`
    Blocked,
    /// `cancel/not-allowed`
    NotAllowed,
    /// `modify/policy-violation`
    TooLarge,
    /// `wait/resource-constraint`
    TooMany,
    /// `wait/recipient-unavailable`
    Gone,
    /// `cancel/service-unavailable`
    Unavailable,
}

impl Refusal {
    /// The error.
    #[must_use]
    pub const fn error(self) -> StanzaError<'static> {
        const fn error(type_: ErrorType, condition: Condition) -> StanzaError<'static> {
            StanzaError::new(type_, condition)
        }
        match self {
            Self::BadRequest => error(ErrorType::Modify, Condition::BadRequest),
            Self::Forbidden => error(ErrorType::Auth, Condition::Forbidden),
            Self::JidMalformed => error(ErrorType::Modify, Condition::JidMalformed),
            Self::Blocked => error(ErrorType::Cancel, Condition::NotAcceptable).app("blocked", ns::BLOCKING_ERRORS),
            Self::NotAllowed => error(ErrorType::Cancel, Condition::NotAllowed),
            Self::TooLarge => error(ErrorType::Modify, Condition::PolicyViolation),
            Self::TooMany => error(ErrorType::Wait, Condition::ResourceConstraint),
            Self::Gone => error(ErrorType::Wait, Condition::RecipientUnavailable),
            Self::Unavailable => error(ErrorType::Cancel, Condition::ServiceUnavailable),
        }
    }
}

impl Verdict {
    pub(super) fn new(why: Rule, then: Then) -> Self {
        Self {
            why,
            also: [None; 3],
            deliver: SessionSet::EMPTY,
            imng: None,
            copies: Copies::default(),
            reflect: SessionSet::EMPTY,
            archive: None,
            then,
        }
    }

    pub(super) fn refuse(why: Rule, refusal: Refusal) -> Self {
        Self::new(why, Then::Refuse(refusal))
    }

    pub(super) fn drop(why: Rule) -> Self {
        Self::new(why, Then::Drop)
    }

    fn deliver(why: Rule, to: SessionSet) -> Self {
        Self { deliver: to, ..Self::new(why, Then::Nothing) }
    }

    fn because(mut self, rule: Rule) -> Self {
        if let Some(free) = self.also.iter_mut().find(|also| also.is_none()) {
            *free = Some(rule);
        }
        self
    }

    /// Why it is not archived, where somebody got it or keeps it.
    pub(super) fn archive_matters(&self) -> Option<(Rule, bool)> {
        let matters = !self.reached().is_empty() || matches!(self.then, Then::Store(_) | Then::Forward);
        self.archive.filter(|_| matters)
    }

    /// Everybody who gets the stanza or a copy.
    #[must_use]
    pub fn reached(&self) -> SessionSet {
        let imng = self.imng.map_or(SessionSet::EMPTY, |(_, set)| set);
        self.deliver | imng | self.copies.to | self.reflect
    }
}

/// Reads the stanza: who speaks, to whom, about what.
pub(super) fn read<'a>(state: &'a State, stanza: &'a Stanza, sender: Option<Seat>) -> Ask<'a> {
    let account = state.account();
    let session = sender.and_then(|seat| state.roster.get(seat));
    let from = match session {
        Some(address) => address.as_str(),
        None => stanza.from.as_ref().map_or("", |jid| jid.as_str()),
    };
    let to = stanza.to.as_ref().map_or(account, |jid| jid.as_str());
    let target = match to.strip_prefix(account) {
        Some("") => Target::Bare,
        Some(rest) if rest.starts_with('/') => state.roster.find(to).map_or(Target::Unmatched, Target::Session),
        _ => Target::Elsewhere,
    };
    let source = match sender {
        Some(seat) => Source::Own(seat),
        None if from == state.config.server() || from == account => Source::Server,
        None if stanza.type_ == StanzaType::Groupchat && state.in_room_set(bare(from)) => Source::Room,
        None => Source::Outside,
    };
    let (traits, route) = wire::traits(stanza, account);
    Ask { stanza, source, target, traits, route, from, to }
}

/// Decides. The order of the tests is part of the rules: first what cannot be, then who is blocked, then who is meant.
pub(super) fn judge(state: &State, ask: &Ask<'_>) -> Verdict {
    if let Some(verdict) = faulty(state, ask) {
        return verdict;
    }
    let stanza = ask.stanza;
    if let Source::Own(_) = ask.source {
        if state.is_blocked(ask.to) {
            return if matches!(stanza.type_, StanzaType::Error | StanzaType::Result) {
                Verdict::drop(rule::K5)
            } else {
                Verdict::refuse(rule::K5, Refusal::Blocked)
            };
        }
    } else if state.is_blocked(ask.from) {
        return blocked(stanza);
    }
    match stanza.kind {
        StanzaKind::Message => message::judge(state, ask),
        StanzaKind::Presence => presence::judge(state, ask),
        StanzaKind::Iq => iq::judge(state, ask),
    }
}

/// What cannot be answered as it asks.
fn faulty(state: &State, ask: &Ask<'_>) -> Option<Verdict> {
    let stanza = ask.stanza;
    let error = stanza.type_ == StanzaType::Error;
    let refuse = |why, refusal| {
        let quiet = matches!(stanza.type_, StanzaType::Error | StanzaType::Result)
            || (stanza.kind == StanzaKind::Presence && !matches!(ask.source, Source::Own(_)));
        Some(if quiet { Verdict::drop(why) } else { Verdict::refuse(why, refusal) })
    };
    match ask.source {
        Source::Own(_) => {
            let own =
                stanza.from.as_ref().is_none_or(|jid| jid.as_str() == ask.from || jid.as_str() == state.account());
            if !own || stanza.fault == Some(Fault::From) {
                return Some(Verdict::new(rule::X3, Then::End));
            }
        }
        _ => {
            if stanza.fault == Some(Fault::From) {
                return refuse(rule::Z3, Refusal::JidMalformed);
            }
            if ask.from.is_empty() {
                return Some(Verdict::drop(rule::Z3));
            }
            if ask.from.len() > state.account().len() && bare(ask.from) == state.account() {
                return Some(Verdict::drop(rule::Z8));
            }
        }
    }
    match stanza.fault {
        Some(Fault::To) => return refuse(rule::Z9, Refusal::JidMalformed),
        Some(Fault::Type) if stanza.kind == StanzaKind::Presence => return refuse(rule::Z5, Refusal::BadRequest),
        Some(Fault::Priority) => return refuse(rule::Z5, Refusal::BadRequest),
        Some(Fault::Type | Fault::Iq) => return refuse(rule::Z4, Refusal::BadRequest),
        Some(Fault::From) | None => {}
    }
    if stanza.id.as_ref().is_some_and(|id| id.len() > state.limits.id_bytes) {
        return refuse(rule::Z7, Refusal::TooLarge);
    }
    if !error && ask.traits.has(Traits::FORGED_COPY) {
        return refuse(rule::Z6, Refusal::BadRequest);
    }
    // From outside it can only be for somebody whom there is not.
    (ask.target == Target::Elsewhere && !matches!(ask.source, Source::Own(_))).then(|| nobody(stanza))
}

/// What becomes of a stanza whose addressee does not exist (RFC 6121 §8.5.1).
#[must_use]
pub fn nobody(stanza: &Stanza) -> Verdict {
    match (stanza.kind, stanza.type_) {
        (StanzaKind::Message, StanzaType::Error) => Verdict::drop(rule::N2),
        (StanzaKind::Message, _) => Verdict::refuse(rule::N1, Refusal::Unavailable),
        (StanzaKind::Presence, _) => Verdict::drop(rule::N3),
        (StanzaKind::Iq, StanzaType::Get | StanzaType::Set) => Verdict::refuse(rule::N4, Refusal::Unavailable),
        (StanzaKind::Iq, _) => Verdict::drop(rule::N5),
    }
}

/// Decides about a stanza that a session never acknowledged. The session is gone, so that its full JID is unmatched.
pub(super) fn lost(state: &State, ask: &Ask<'_>) -> Verdict {
    let stanza = ask.stanza;
    let own = ask.from == state.account() || ask.target == Target::Elsewhere;
    match (stanza.kind, stanza.type_) {
        _ if own => Verdict::drop(rule::G5),
        (StanzaKind::Message, StanzaType::Groupchat) => Verdict::refuse(rule::G3, Refusal::Gone),
        (StanzaKind::Message, StanzaType::Chat | StanzaType::Normal) => message::lost(state, ask),
        (StanzaKind::Iq, StanzaType::Get | StanzaType::Set) => Verdict::refuse(rule::G4, Refusal::Gone),
        _ => Verdict::drop(rule::G5),
    }
}

fn blocked(stanza: &Stanza) -> Verdict {
    match (stanza.kind, stanza.type_) {
        (_, StanzaType::Error | StanzaType::Result) => Verdict::drop(rule::K4),
        (StanzaKind::Presence, _) => Verdict::drop(rule::K2),
        (StanzaKind::Message, _) => Verdict::refuse(rule::K1, Refusal::Unavailable),
        (StanzaKind::Iq, _) => Verdict::refuse(rule::K3, Refusal::Unavailable),
    }
}
