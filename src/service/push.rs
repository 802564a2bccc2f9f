//! Push: what an account's router sees of its account, and what follows from what it says.

use std::borrow::Cow;
use std::sync::Arc;

use jid::{BareJid, FullJid, Jid};

use super::machine::Domain;
use super::post::{FromRouter, Here, Out, Post, Work};
use super::rules as rule;
use super::state::{Home, State};
use super::{Notice, Order};
use crate::codec::{Stanza, StanzaKind, StanzaType};
use crate::imng::{self, AccountConfig, Errand, Event, Fact, Then};
use crate::machine::{Action, Machine as _, Misuse, Sink};
use crate::ns;
use crate::push::enable::is_request;
use crate::push::router::{
    self, Candidate, Input, MemberCopy, Membership, RoomFact, Router, RouterConfig, SessionEvent,
};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// The router of a new account, which lets it answer for push.
pub(super) fn router(config: &mut AccountConfig, account: &BareJid, state: &State, seed: &Seed) -> Router {
    config.push = true;
    for ns in [ns::PUSH, ns::PUSH2] {
        config.host_answers.insert(ns.into());
        config.features.insert(ns.into());
    }
    let mut router = RouterConfig::new(account);
    router.bodies = state.config.push_bodies;
    Router::new(&router, state.limits.push, seed.child("push", &[]))
}

/// What the router of an account sees of an input, if there is one and it has to do with it.
pub(super) fn seen(home: &Home, input: &imng::Input) -> Option<Input> {
    home.router.as_ref()?;
    match input {
        imng::Input::Session { session, event } => {
            let event = match event {
                Event::Bound => SessionEvent::Up { client: None, enable: None },
                Event::Imng(on) => SessionEvent::ImNg(*on),
                Event::Active(on) => SessionEvent::Active(*on),
                Event::Capable(on) => {
                    let features = on.then(|| ns::TIGASE_OFFLINE.to_owned()).into_iter().collect();
                    SessionEvent::Features { features, identity: None }
                }
                Event::Hibernated => SessionEvent::Hibernated { unacked: Vec::new() },
                Event::Resumed => SessionEvent::Resumed,
                Event::Gone { unacked } => SessionEvent::Gone { unacked: unacked.clone() },
                _ => return None,
            };
            Some(Input::Session { jid: session.clone(), event })
        }
        imng::Input::FromSession { session, stanza } => {
            // A request about push is judged by the account first, which hands it on.
            let push = stanza.payload().is_some_and(is_request);
            (!push).then(|| Input::Sent { session: session.clone(), stanza: stanza.clone() })
        }
        imng::Input::Stanza(stanza) => concerns(home, stanza).then(|| Input::Arrived(stanza.clone())),
        _ => None,
    }
}

/// What the router of an account sees of a stanza that is for others too.
pub(super) fn seen_shared(home: &Home, stanza: &Stanza, work: &mut Work) -> Option<Input> {
    home.router.as_ref().filter(|_| concerns(home, stanza))?;
    let session = stanza.to.as_ref().and_then(|to| to.try_as_full().ok());
    let room = stanza.kind == StanzaKind::Message && stanza.type_ == StanzaType::Groupchat;
    Some(match session.filter(|_| room) {
        Some(session) => Input::Live { session: session.clone(), copy: work.copy(Cow::Borrowed(stanza)) },
        None => Input::Arrived(stanza.clone()),
    })
}

/// Whether a stanza from outside has to do with push.
fn concerns(home: &Home, stanza: &Stanza) -> bool {
    let Some(to) = &stanza.to else { return false };
    let full = to.resource().is_some();
    let blocked = stanza.from.as_ref().is_some_and(|from| home.account.is_blocked(from));
    let concerns = match stanza.kind {
        StanzaKind::Message if full => stanza.type_ == StanzaType::Groupchat,
        StanzaKind::Message => stanza.child("mentions", ns::MMN).is_some() || revokes(stanza),
        StanzaKind::Presence => full,
        StanzaKind::Iq => full && matches!(stanza.type_, StanzaType::Result | StanzaType::Error),
    };
    concerns && !blocked
}

fn revokes(stanza: &Stanza) -> bool {
    stanza.type_ != StanzaType::Groupchat && stanza.child("pubsub", ns::PUBSUB).is_some()
}

impl Domain {
    pub(super) fn has_router(&self, name: &str) -> bool {
        self.state.homes.get(name).is_some_and(|home| home.router.is_some())
    }

    /// Lets a router do something, and its account what follows. `copy`: the member copy that it decides about.
    fn routed(
        &mut self,
        name: &str,
        copy: Option<Arc<MemberCopy>>,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
        run: impl FnOnce(&mut Router, Time, &mut dyn Sink<router::Order, router::Notice>),
    ) {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(router) = state.homes.get_mut(name).and_then(|home| home.router.as_deref_mut()) else { return };
        let (mut named, mut known) = (Vec::new(), Vec::new());
        let post = Post { here, work, out, hops };
        run(router, state.now, &mut FromRouter { post, account: name, named: &mut named, known: &mut known });
        state.reindex(name);
        if !known.is_empty() {
            out.push(rule::U3, Action::Tell(Notice::Also));
        }
        if let (Some(copy), Ok(account)) = (copy.filter(|_| !named.is_empty()), Jid::new(name)) {
            let stanza = copy.stanza().clone().readdressed(account);
            known.push(imng::Input::MemberCopy { stanza, to: named });
        }
        for input in known {
            // A session that the account does not know has nothing to be told.
            let _ = self.hand(name, input, hops, work, out);
        }
    }

    /// A router sees something.
    pub(super) fn observe(&mut self, name: &str, input: Input, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        let imng = match &input {
            Input::Sent { session, stanza } if stanza.kind == StanzaKind::Iq && stanza.type_ == StanzaType::Set => {
                let own = stanza.to.as_ref().is_none_or(|to| to.as_str() == name);
                let home = self.state.homes.get(name).filter(|_| own);
                home.map(|home| (session.clone(), home.account.speaks_imng(session)))
            }
            _ => None,
        };
        self.routed(name, None, hops, work, out, |router, now, sink| drop(router.handle(now, input, sink)));
        if let Some((jid, on)) = imng {
            let input = Input::Session { jid, event: SessionEvent::ImNg(on) };
            self.routed(name, None, hops, work, out, |router, now, sink| drop(router.handle(now, input, sink)));
        }
    }

    /// By which rule a stanza is a member copy that an account hands to its router, if it is one.
    pub(super) fn is_copy(&self, name: &str, stanza: &Stanza) -> Option<Rule> {
        let home = self.state.homes.get(name).filter(|home| home.router.is_some())?;
        let room = stanza.kind == StanzaKind::Message && stanza.type_ == StanzaType::Groupchat;
        let verdict = room.then(|| home.account.judge(stanza, None))?;
        (verdict.then == Then::Host(Errand::MemberCopy)).then_some(verdict.why)
    }

    /// An account's router decides about a member copy.
    pub(super) fn member_copy(
        &mut self,
        name: &str,
        why: Rule,
        copy: Arc<MemberCopy>,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        out.push(why, Action::Tell(Notice::Also));
        out.push(rule::M2, Action::Tell(Notice::Also));
        let input = Input::Copy(Arc::clone(&copy));
        self.routed(name, Some(copy), hops, work, out, |router, now, sink| drop(router.handle(now, input, sink)));
    }

    /// Takes an order that an account's router carries out; gives back any other.
    pub(super) fn push_order(
        &mut self,
        name: &str,
        why: Rule,
        order: imng::Order,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Option<imng::Order> {
        if !self.has_router(name) {
            return Some(order);
        }
        let (by, input) = match order {
            imng::Order::MemberCopy { stanza, .. } => {
                let copy = work.copy(Cow::Owned(*stanza));
                self.member_copy(name, why, copy, hops, work, out);
                return None;
            }
            imng::Order::Push(candidate) => {
                let imng::PushCandidate { stanza: message, archive_id, .. } = *candidate;
                let home = self.state.homes.get(name)?;
                let from = message.from.as_ref().map(Jid::to_bare);
                let known = from.is_some_and(|from| home.contacts.contains_key(from.as_str()));
                let (archived, stanza_id) = (archive_id.is_some(), archive_id.map(String::from));
                (why, Input::Candidate(Candidate { message, stanza_id, archived, known }))
            }
            imng::Order::Iq { session: Some(session), stanza } if stanza.payload().is_some_and(is_request) => {
                let session = FullJid::new(session.as_str()).ok()?;
                (rule::U1, Input::Sent { session, stanza: *stanza })
            }
            order @ (imng::Order::Block(_) | imng::Order::Unblock(_)) => {
                let blocked = self.state.homes.get(name)?.account.blocked();
                let blocked = Input::Blocked(blocked.filter_map(|jid| Jid::new(jid).ok()).collect());
                self.observe(name, blocked, hops, work, out);
                return Some(order);
            }
            order => return Some(order),
        };
        out.push(why, Action::Tell(Notice::Also));
        if by != why {
            out.push(by, Action::Tell(Notice::Also));
        }
        self.routed(name, None, hops, work, out, |router, now, sink| drop(router.handle(now, input, sink)));
        None
    }

    /// Tells a router what the host knows; gives back what the account has to know, too.
    pub(super) fn push_fact(&mut self, name: &str, fact: Fact, work: &mut Work, out: &mut Out<'_>) -> Option<Fact> {
        if !self.has_router(name) {
            return Some(fact);
        }
        match fact {
            Fact::Room { room, grounds } => {
                let told = [
                    RoomFact::Member(Membership::Gc3, grounds.joined),
                    RoomFact::Member(Membership::Registered, grounds.registered),
                    RoomFact::Bookmarked(grounds.bookmarked),
                ];
                for fact in told {
                    self.observe(name, Input::Room { room: room.clone(), fact }, 0, work, out);
                }
                None
            }
            Fact::Blocked(all) => {
                self.observe(name, Input::Blocked(all.clone()), 0, work, out);
                Some(Fact::Blocked(all))
            }
            fact => Some(fact),
        }
    }

    /// The host tells a router what nobody else wants to know.
    pub(super) fn push_input(
        &mut self,
        name: &str,
        input: Input,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Result<(), Misuse> {
        if !self.has_router(name) {
            return Err(Misuse::Impossible {
                what: "this account has no push router: configure push before it is created",
            });
        }
        let told = match &input {
            Input::Item(_) | Input::Bodies(_) | Input::Room { .. } => true,
            Input::Session { jid, event } => {
                let hibernated = || self.state.homes.get(name)?.account.is_hibernated(jid);
                match event {
                    SessionEvent::Features { .. } => jid.to_bare().as_str() == name,
                    // More of what the domain knows already.
                    SessionEvent::Up { .. } => hibernated() == Some(false),
                    SessionEvent::Hibernated { .. } => hibernated() == Some(true),
                    _ => false,
                }
            }
            _ => false,
        };
        if !told {
            return Err(Misuse::Impossible {
                what: "the domain tells the push router this itself: say it to the domain",
            });
        }
        self.observe(name, input, 0, work, out);
        Ok(())
    }

    /// The host speaks for an account: it may approve of a room's subscription, or withdraw that.
    pub(super) fn spoken(&mut self, stanza: &Stanza, work: &mut Work, out: &mut Out<'_>) {
        let approves = matches!(stanza.type_, StanzaType::Subscribed | StanzaType::Unsubscribed);
        if stanza.kind != StanzaKind::Presence || !approves {
            return;
        }
        let (Some(from), Some(to)) = (&stanza.from, &stanza.to) else { return };
        let (name, room) = (from.to_bare(), to.to_bare());
        if self.state.homes.get(name.as_str()).and_then(|home| home.router.as_ref()).is_some_and(|r| r.is_member(&room))
        {
            let fact = RoomFact::Approved(stanza.type_ == StanzaType::Subscribed);
            self.observe(name.as_str(), Input::Room { room, fact }, 0, work, out);
        }
    }

    /// Takes what a push service answers. Whether it was that.
    pub(super) fn published(&mut self, stanza: &Stanza, hops: u8, work: &mut Work, out: &mut Out<'_>) -> bool {
        let answers = match stanza.kind {
            StanzaKind::Iq => matches!(stanza.type_, StanzaType::Result | StanzaType::Error),
            StanzaKind::Message => stanza.type_ == StanzaType::Error,
            StanzaKind::Presence => false,
        };
        let id = stanza.id.as_deref().filter(|_| answers);
        let Some(name) = id.and_then(|id| self.state.publishes.get(id)).cloned() else { return false };
        out.push(rule::U2, Action::<Order, Notice>::Tell(Notice::Also));
        self.observe(&name, Input::Arrived(stanza.clone()), hops, work, out);
        true
    }

    /// Does what is due of a router.
    pub(super) fn wake_router(&mut self, name: &str, work: &mut Work, out: &mut Out<'_>) {
        self.routed(name, None, 0, work, out, |router, now, sink| router.wake(now, sink));
    }
}
