//! The user's server's half of group chat: what it hears for an account, and what follows from what it says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jid::{BareJid, FullJid};

use super::machine::Domain;
use super::post::{Here, Out, Post, Work};
use super::presence::{plain, shown};
use super::rules as rule;
use super::state::{Home, State};
use super::{Notice, Order};
use crate::codec::{Outgoing, Stanza, StanzaKind, StanzaType, parse_jid};
use crate::gc3::Account;
use crate::gc3::account::{self, FEATURES, Way};
use crate::imng::{self, AccountConfig, Errand, Fact, Grounds, Refusal, Subscription, Then};
use crate::machine::{Action, Machine as _, Misuse, Sink};
use crate::party::{Audience, bare};
use crate::push::router::{self, Membership, RoomFact};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// The half of group chat of a new account, which lets it name what it can.
pub(super) fn pam(config: &mut AccountConfig, account: &BareJid, state: &State, seed: &Seed) -> Account {
    config.features.extend(FEATURES.map(Into::into));
    Account::new(account, state.limits.pam, seed.child("pam", &[]))
}

/// Its view of the sink: what it sends goes out, and its orders are kept.
struct FromPam<'a, 'o> {
    post: Post<'a, 'o>,
    account: &'a str,
    contacts: &'a BTreeMap<Box<str>, Subscription>,
    shown: &'a BTreeMap<Box<str>, Box<[u8]>>,
    orders: &'a mut Vec<(Rule, account::Order)>,
}

impl Sink<account::Order, account::Notice> for FromPam<'_, '_> {
    fn push(&mut self, why: Rule, action: Action<'_, account::Order, account::Notice>) {
        match action {
            Action::Send { to, stanza } => {
                let first = to.iter().next().map_or("", |recipient| recipient.jid);
                if bare(first) == self.account && first.len() > self.account.len() {
                    self.post.out.push(why, Action::Send { to, stanza });
                } else {
                    self.post.all(why, to, stanza);
                }
            }
            Action::Do(order) => {
                if let account::Order::Revoke { room } = &order {
                    self.go(room);
                }
                self.orders.push((why, order));
            }
            Action::Tell(account::Notice::Also) => self.post.out.push(why, Action::Tell(Notice::Also)),
            Action::Tell(notice) => self.post.out.push(why, Action::Tell(Notice::Pam(notice))),
        }
    }
}

impl FromPam<'_, '_> {
    /// A room sees every session go, while it still sees the account.
    fn go(&mut self, room: &BareJid) {
        if !self.contacts.get(room.as_str()).is_some_and(|subscription| subscription.sees_account()) {
            return;
        }
        for session in self.shown.keys() {
            self.post.to(rule::G4, room.as_str(), &plain(session, StanzaType::Unavailable));
        }
    }
}

/// Whether what a session says is for its account's half of group chat. What the account refuses itself is not, nor is
/// that of a session which it ends.
fn is_asked(home: &Home, session: &FullJid, stanza: &Stanza) -> bool {
    let Some(pam) = home.pam.as_deref().filter(|_| home.account.seat(session).is_some()) else { return false };
    pam.is_asked(stanza)
        && match home.account.judge(stanza, Some(session)).then {
            // Nobody else answers it.
            Then::Refuse(refusal) => refusal == Refusal::Unavailable,
            Then::End | Then::Drop => false,
            _ => true,
        }
}

/// Whether what comes for an account is for its half of group chat. What a blocked address says is not, but for the answers
/// that the account waits for; nor is a member copy of the room set, with which there is nothing more to be done.
fn is_concerned(home: &Home, stanza: &Stanza) -> bool {
    let (Some(pam), Some(to)) = (home.pam.as_deref(), &stanza.to) else { return false };
    let answers = stanza.kind == StanzaKind::Iq && matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
    let blocked = || !answers && stanza.from.as_ref().is_some_and(|from| home.account.is_blocked(from));
    (to.resource().is_none() || stanza.kind == StanzaKind::Presence)
        && pam.is_concerned(stanza)
        && !blocked()
        && home.account.judge(stanza, None).then != Then::Host(Errand::MemberCopy)
}

/// Whether a request to an account would have it ask an address that it blocks.
fn is_blocked(home: &Home, stanza: &Stanza) -> bool {
    let own = stanza.to.as_ref().is_none_or(|to| to.as_str() == home.account.config().account());
    let Some(asks) = stanza.payload().filter(|_| own) else { return false };
    let whom = match asks.name() {
        "join" => asks.attr("room"),
        "create" => asks.attr("service"),
        _ => None,
    };
    whom.and_then(parse_jid).is_some_and(|whom| home.account.is_blocked(&whom))
}

/// Whether somebody is a person to an account, and no room that its list has approved.
fn is_contact(home: &Home, from: &str) -> bool {
    let seen = home.contacts.get(from).is_some_and(|subscription| subscription.sees_contact());
    seen && !home.pam.as_deref().is_some_and(|pam| pam.approved(from))
}

impl Domain {
    /// Lets an account's half of group chat do something, and the domain what follows. `session`: whose stanza it is about.
    fn takes_part(
        &mut self,
        name: &str,
        session: Option<&FullJid>,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
        run: impl FnOnce(&mut Account, Time, &mut dyn Sink<account::Order, account::Notice>) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(home) = state.homes.get_mut(name) else { return Ok(()) };
        let Some(pam) = home.pam.as_deref_mut() else { return Ok(()) };
        let mut orders = Vec::new();
        let post = Post { here, work, out, hops };
        let (contacts, shown) = (&home.contacts, &home.shown);
        run(pam, state.now, &mut FromPam { post, account: name, contacts, shown, orders: &mut orders })?;
        state.reindex(name);
        for (why, order) in orders {
            self.follow(name, session, why, order, hops, work, out);
        }
        Ok(())
    }

    /// A session says something. Gives back what is not for its account's half of group chat.
    pub(super) fn leaves(
        &mut self,
        session: &FullJid,
        stanza: Stanza,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Option<Stanza> {
        let name = bare(session.as_str());
        let home = self.state.homes.get(name).filter(|home| is_asked(home, session, &stanza));
        let Some(home) = home else { return Some(stanza) };
        let stanza = stanza.sent_by(session.clone().into());
        out.push(rule::G1, Action::Tell(Notice::Also));
        if is_blocked(home, &stanza) {
            let error = Refusal::Blocked.error();
            if let Some(answer) = Outgoing::error(&stanza, &error) {
                out.push(rule::G7, Action::Send { to: Audience::one(session.as_str()), stanza: &answer });
            }
            let refused = imng::Notice::Refused { from: Some(session.as_str().into()), condition: error.condition };
            out.push(rule::G7, Action::Tell(Notice::Account(refused)));
            return None;
        }
        // What its own session sends is no misuse.
        let _ = self.takes_part(name, Some(session), 0, work, out, |pam, now, sink| {
            pam.handle(now, account::Input::Own(stanza), sink)
        });
        None
    }

    /// Something comes for an account. Gives back what is not for its half of group chat.
    pub(super) fn arrives<'s>(
        &mut self,
        name: &str,
        stanza: Cow<'s, Stanza>,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) -> Option<Cow<'s, Stanza>> {
        let home = self.state.homes.get(name).filter(|home| is_concerned(home, &stanza));
        let Some(home) = home else { return Some(stanza) };
        let from = stanza.from.as_ref().map_or("", |from| bare(from.as_str()));
        let contact = stanza.type_ == StanzaType::Subscribe && is_contact(home, from);
        out.push(rule::G1, Action::Tell(Notice::Also));
        if contact {
            out.push(rule::G9, Action::Tell(Notice::Also));
        }
        let input = account::Input::Foreign { stanza: stanza.into_owned(), contact };
        // What comes for the account is no misuse.
        let _ = self.takes_part(name, None, hops, work, out, |pam, now, sink| pam.handle(now, input, sink));
        None
    }

    /// Does what an account's half of group chat orders.
    #[expect(clippy::too_many_arguments, reason = "an order, where it comes from, and where to say things")]
    fn follow(
        &mut self,
        name: &str,
        session: Option<&FullJid>,
        why: Rule,
        order: account::Order,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        let also = |out: &mut Out<'_>, rule| out.push(rule, Action::Tell(Notice::Also));
        match order {
            account::Order::Pass(stanza) | account::Order::Info(stanza) => {
                also(out, why);
                let input = match session {
                    Some(session) => imng::Input::FromSession { session: session.clone(), stanza: *stanza },
                    None => imng::Input::Stanza(*stanza),
                };
                // The session is bound, else it would not have been heard.
                let _ = self.hand(name, input, hops, work, out);
            }
            account::Order::MemberCopy { room, stanza } => {
                let Some(home) = self.state.homes.get(name) else { return };
                also(out, rule::G5);
                if home.router.as_deref().is_some_and(|router| router.is_member(&room)) {
                    let copy = work.copy(Cow::Owned(*stanza));
                    return self.member_copy(name, why, copy, hops, work, out);
                }
                also(out, why);
                let candidates = home.account.candidates(&room);
                Self::to_candidates(name, *stanza, &candidates, hops, work, out);
            }
            account::Order::Ground { room, way, holds } => {
                also(out, why);
                also(out, rule::G2);
                self.ground(name, &room, way, holds, hops, work, out);
            }
            account::Order::Approve { room } => {
                also(out, why);
                self.recontact(rule::G3, name, &room, true, hops, work, out);
                let Some(home) = self.state.homes.get(name) else { return };
                // To whom nobody would say that they go, nobody says that they are there.
                let sees = home.contacts.get(room.as_str()).is_some_and(|subscription| subscription.sees_account());
                let shown = if sees { shown(home) } else { Vec::new() };
                let mut post = self.post(hops, work, out);
                shown.iter().for_each(|presence| post.to(rule::G3, room.as_str(), presence));
            }
            account::Order::Revoke { room } => {
                also(out, why);
                self.recontact(rule::G4, name, &room, false, hops, work, out);
            }
        }
    }

    /// A room has come on the list, or has gone off it.
    #[expect(clippy::too_many_arguments, reason = "the fields of one order")]
    fn ground(
        &mut self,
        name: &str,
        room: &BareJid,
        way: Way,
        holds: bool,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        let Some(home) = self.state.homes.get(name) else { return };
        if home.router.is_none() {
            let grounds = Grounds { joined: holds, ..home.account.grounds(room) };
            let fact = Fact::Room { room: room.clone(), grounds };
            let _ = self.hand(name, imng::Input::Fact(fact), hops, work, out);
            return;
        }
        let how = match way {
            Way::Gc3 => Membership::Gc3,
            Way::Muc2 => Membership::Muc2,
        };
        let mut facts = vec![RoomFact::Member(how, holds)];
        if let Some(listed) = home.pam.as_deref().and_then(|pam| pam.listed(room.as_str())).filter(|_| holds) {
            facts.extend(listed.nick.map(|nick| RoomFact::Nick(nick.to_owned())));
            facts.extend(listed.id.map(|id| RoomFact::OccupantId(id.to_owned())));
        }
        for fact in facts {
            self.observe(name, router::Input::Room { room: room.clone(), fact }, hops, work, out);
        }
    }

    /// A room sees the account from now on, or sees it no more.
    #[expect(clippy::too_many_arguments, reason = "a subscription, why it changes, and where to say things")]
    fn recontact(
        &mut self,
        why: Rule,
        name: &str,
        room: &BareJid,
        sees: bool,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        out.push(why, Action::Tell(Notice::Also));
        if self.has_router(name) {
            let fact = RoomFact::Approved(sees);
            self.observe(name, router::Input::Room { room: room.clone(), fact }, hops, work, out);
        }
        let Some(home) = self.state.homes.get(name) else { return };
        let was = home.contacts.get(room.as_str()).copied().unwrap_or_default();
        let subscription = match (was.sees_contact(), sees) {
            (false, false) => Subscription::None,
            (false, true) => Subscription::From,
            (true, false) => Subscription::To,
            (true, true) => Subscription::Both,
        };
        let Some(account) = BareJid::new(name).ok().filter(|_| was != subscription) else { return };
        let fact = Fact::Contact { jid: room.clone(), subscription };
        self.contact(name, &fact, out);
        let _ = self.hand(name, imng::Input::Fact(fact), hops, work, out);
        out.push(why, Action::Do(Order::Contact { account, jid: room.clone(), subscription }));
    }

    /// What the host knows of a room, beside what the list says.
    pub(super) fn listed(&self, name: &str, mut fact: Fact, out: &mut Out<'_>) -> Fact {
        if let Fact::Room { room, grounds } = &mut fact
            && let Some(home) = self.state.homes.get(name)
            && let Some(listed) = home.pam.as_deref().and_then(|pam| pam.listed(room.as_str()))
            && !grounds.joined
            // A router knows both ways in, and the host means this one.
            && (home.router.is_none() || listed.way == Way::Gc3)
        {
            grounds.joined = true;
            out.push(rule::G2, Action::Tell(Notice::Also));
        }
        fact
    }

    /// A session wants to hear of changes of the list.
    pub(super) fn wants(&mut self, session: FullJid, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        let name = bare(session.as_str()).to_owned();
        let home = self.state.homes.get(name.as_str());
        if home.is_none_or(|home| home.pam.is_none()) {
            return Err(Misuse::Impossible {
                what: "this account takes no part in group chat: configure that before it is created",
            });
        }
        if home.is_none_or(|home| home.account.seat(&session).is_none()) {
            return Err(Misuse::Impossible { what: "the session is not bound: say `Event::Bound` first" });
        }
        let input = account::Input::Wants(session);
        self.takes_part(&name, None, 0, work, out, |pam, now, sink| pam.handle(now, input, sink))?;
        out.push(rule::G6, Action::Tell(Notice::Also));
        Ok(())
    }

    /// A session is over.
    pub(super) fn over(&mut self, session: &FullJid, work: &mut Work, out: &mut Out<'_>) {
        let input = account::Input::Gone(session.clone());
        let name = bare(session.as_str());
        let _ = self.takes_part(name, None, 0, work, out, |pam, now, sink| pam.handle(now, input, sink));
    }

    /// An account ends: it leaves its rooms.
    pub(super) fn leave_rooms(&mut self, name: &str, work: &mut Work, out: &mut Out<'_>) {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(home) = state.homes.get_mut(name) else { return };
        let Some(mut pam) = home.pam.take() else { return };
        out.push(rule::G8, Action::Tell(Notice::Also));
        // What it would order is about an account that is no more.
        let mut orders = Vec::new();
        let post = Post { here, work, out, hops: 0 };
        let (contacts, shown) = (&home.contacts, &home.shown);
        pam.end(state.now, &mut FromPam { post, account: name, contacts, shown, orders: &mut orders });
    }

    /// Does what is due of an account's half of group chat.
    pub(super) fn wake_pam(&mut self, name: &str, work: &mut Work, out: &mut Out<'_>) {
        let _ = self.takes_part(name, None, 0, work, out, |pam, now, sink| {
            pam.wake(now, sink);
            Ok(())
        });
    }
}
