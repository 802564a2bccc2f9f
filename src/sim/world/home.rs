//! A home server as a node: one account, its sessions, its presence, and RFC 6121 as far as rooms notice it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Node, Sending};
use crate::codec::{Condition, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::gc3::Account;
use crate::gc3::account::{Input, Notice, Order};
use crate::machine::{Action, Machine as _};
use crate::rule::Rule;
use crate::time::Time;

/// A home server of one account.
#[derive(Clone, Debug)]
pub struct Home {
    /// The account.
    pub account: Account,
    /// Who serves each other domain.
    pub peers: BTreeMap<String, Id>,
    /// Sessions by full JID: their device. A session may be a ghost, whose device is gone without a word.
    pub sessions: BTreeMap<String, Id>,
    /// Rooms that are subscribed to the account's presence.
    pub subscribed: BTreeSet<String>,
    /// Whom each session sent presence by address: they are told when it ends (RFC 6121 §4.6.6).
    directed: BTreeSet<(String, String)>,
}

impl Home {
    /// A home server without sessions.
    #[must_use]
    pub const fn new(account: Account, peers: BTreeMap<String, Id>) -> Self {
        Self { account, peers, sessions: BTreeMap::new(), subscribed: BTreeSet::new(), directed: BTreeSet::new() }
    }

    /// A device has connected and is available.
    pub fn connect(&mut self, full: &str, device: Id, out: &mut Sending) {
        self.sessions.insert(full.to_owned(), device);
        for room in self.subscribed.clone() {
            self.route(Stanza::presence(full, &room), out);
        }
    }

    /// A session has ended: its device said so, or its silence was too long.
    pub fn disconnect(&mut self, now: Time, full: &str, out: &mut Sending) {
        if self.sessions.remove(full).is_none() {
            return;
        }
        let (ended, kept) = core::mem::take(&mut self.directed).into_iter().partition(|(session, _)| session == full);
        self.directed = kept;
        let ended: BTreeSet<(String, String)> = ended;
        let told = self.subscribed.iter().chain(ended.iter().map(|(_, to)| to));
        for to in told.cloned().collect::<Vec<String>>() {
            self.route(Stanza::presence(full, &to).with_type(StanzaType::Unavailable), out);
        }
        if let Ok(full) = jid::FullJid::new(full) {
            self.give(now, Input::Gone(full), out);
        }
    }

    fn give(&mut self, now: Time, input: Input, out: &mut Sending) {
        let mut said = Vec::new();
        let mut orders = Vec::new();
        let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(action, &mut said, &mut orders);
        // What is given is the account's own by construction.
        let _ = self.account.handle(now, input, &mut sink);
        self.follow(said, orders, out);
    }

    fn follow(&mut self, said: Vec<Stanza>, orders: Vec<Order>, out: &mut Sending) {
        for stanza in said {
            self.route(stanza, out);
        }
        for order in orders {
            match order {
                Order::Pass(stanza) | Order::Info(stanza) => self.ordinary(*stanza, out),
                // Distributing and pushing is another machine's; here they are not bounced.
                Order::MemberCopy { .. } | Order::Ground { .. } => {}
                Order::Approve { room } => self.subscribe(room.as_str(), out),
                Order::Revoke { room } => self.revoke(room.as_str(), out),
            }
        }
    }

    fn subscribe(&mut self, room: &str, out: &mut Sending) {
        self.subscribed.insert(room.to_owned());
        let sessions: Vec<String> = self.sessions.keys().cloned().collect();
        for full in sessions {
            self.route(Stanza::presence(&full, room), out);
        }
    }

    fn revoke(&mut self, room: &str, out: &mut Sending) {
        if self.subscribed.remove(room) {
            let sessions: Vec<String> = self.sessions.keys().cloned().collect();
            for full in sessions {
                self.route(Stanza::presence(&full, room).with_type(StanzaType::Unavailable), out);
            }
        }
    }

    /// What a server does without an account machine.
    fn ordinary(&mut self, stanza: Stanza, out: &mut Sending) {
        let account = self.account.account().to_owned();
        let own = stanza.from.as_ref().is_some_and(|from| from.to_bare().as_str() == account);
        let from = stanza.from.as_ref().map(|from| from.to_bare().to_string()).unwrap_or_default();
        let to = stanza.to.as_ref().map_or_else(|| account.clone(), ToString::to_string);
        if own && to != account {
            if stanza.kind == StanzaKind::Presence && stanza.type_ == StanzaType::Subscribed {
                self.subscribed.insert(to.clone());
                self.route(stanza, out);
                return self.subscribe(&to, out);
            }
            self.note_directed(&stanza, &to);
            return self.route(stanza, out);
        }
        if to.contains('/') {
            return match self.sessions.get(&to) {
                Some(device) => out.push((*device, stanza)),
                None => self.refuse(&stanza, out),
            };
        }
        match (stanza.kind, stanza.type_) {
            (StanzaKind::Presence, StanzaType::Subscribe) if self.subscribed.contains(&from) => {
                // The server answers for an approval that stands (RFC 6121 §3.1.3).
                self.route(Stanza::presence(&account, &from).with_type(StanzaType::Subscribed), out);
            }
            (StanzaKind::Presence, StanzaType::Subscribe) => {
                out.extend(self.sessions.values().map(|device| (*device, stanza.clone())));
            }
            (StanzaKind::Presence, StanzaType::Unsubscribe) => self.revoke(&from, out),
            (StanzaKind::Presence, StanzaType::Probe) if self.subscribed.contains(&from) => {
                let sessions: Vec<String> = self.sessions.keys().cloned().collect();
                if sessions.is_empty() {
                    let gone = Stanza::presence(&account, &from).with_type(StanzaType::Unavailable);
                    self.route(gone, out);
                }
                for full in sessions {
                    self.route(Stanza::presence(&full, &from), out);
                }
            }
            (StanzaKind::Presence, _) => {}
            _ => self.refuse(&stanza, out),
        }
    }

    fn note_directed(&mut self, stanza: &Stanza, to: &str) {
        let from = stanza.from.as_ref().map(ToString::to_string).unwrap_or_default();
        match (stanza.kind, stanza.type_) {
            (StanzaKind::Presence, StanzaType::Available) => drop(self.directed.insert((from, to.to_owned()))),
            (StanzaKind::Presence, StanzaType::Unavailable) => drop(self.directed.remove(&(from, to.to_owned()))),
            _ => {}
        }
    }

    fn refuse(&self, stanza: &Stanza, out: &mut Sending) {
        if stanza.kind == StanzaKind::Presence {
            return;
        }
        let error = StanzaError::of(Condition::ServiceUnavailable);
        let answer = Outgoing::error(stanza, &error).zip(stanza.sender());
        if let Some(stanza) = answer.and_then(|(error, to)| error.to_stanza(to).ok()) {
            self.route(stanza, out);
        }
    }

    /// Sends a stanza where its address says.
    fn route(&self, stanza: Stanza, out: &mut Sending) {
        let Some(to) = &stanza.to else { return };
        if let Some(device) = self.sessions.get(to.as_str()) {
            out.push((*device, stanza));
        } else if let Some(peer) = self.peers.get(to.domain().as_str()) {
            out.push((*peer, stanza));
        }
    }
}

fn gather(action: Action<'_, Order, Notice>, said: &mut Vec<Stanza>, orders: &mut Vec<Order>) {
    match action {
        Action::Send { to, stanza } => said.extend(to.iter().filter_map(|one| stanza.to_stanza(one.jid).ok())),
        Action::Do(order) => orders.push(order),
        Action::Tell(_) => {}
    }
}

impl Node for Home {
    fn hear(&mut self, now: Time, _: Id, stanza: Stanza, out: &mut Sending) {
        let account = self.account.account();
        let own = stanza.from.as_ref().is_some_and(|from| from.to_bare().as_str() == account);
        let here = stanza.to.as_ref().is_none_or(|to| to.to_bare().as_str() == account);
        match (own, here) {
            // A session that is over speaks no more.
            (true, _) if !stanza.from.as_ref().is_some_and(|from| self.known(from.as_str())) => {}
            (true, _) => self.give(now, Input::Own(stanza), out),
            (false, true) => self.give(now, Input::Foreign { stanza, contact: false }, out),
            (false, false) => {}
        }
    }

    fn wake(&mut self, now: Time, out: &mut Sending) {
        let (mut said, mut orders) = (Vec::new(), Vec::new());
        let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(action, &mut said, &mut orders);
        self.account.wake(now, &mut sink);
        self.follow(said, orders, out);
    }

    fn deadline(&self) -> Option<Time> {
        self.account.deadline()
    }
}

impl Home {
    /// Whether an address of the account is that of a session, or the account itself.
    fn known(&self, from: &str) -> bool {
        from == self.account.account() || self.sessions.contains_key(from)
    }
}
