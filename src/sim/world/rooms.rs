//! A room service and its host as a node.

use std::collections::BTreeMap;

use super::{Id, Node, Sending};
use crate::codec::Stanza;
use crate::gc3::{Command, Input, Notice, Order, Service};
use crate::machine::{Action, Machine as _};
use crate::rule::Rule;
use crate::sim::SimHost;
use crate::sim::bench::Host;
use crate::snapshot::Snapshot as _;
use crate::time::Time;

/// A room service with its archive, and the streams to the domains that it writes to.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// The service.
    pub service: Service,
    /// Its host.
    pub host: SimHost,
    /// Which node serves a domain.
    pub peers: BTreeMap<String, Id>,
    /// A state that it may fall back to.
    saved: Vec<u8>,
}

impl Rooms {
    /// A service, and who serves which domain.
    #[must_use]
    pub fn new(service: Service, peers: BTreeMap<String, Id>) -> Self {
        let saved = service.save();
        Self { service, host: SimHost::default(), peers, saved }
    }

    /// Keeps the present state.
    pub fn keep(&mut self) {
        self.saved = self.service.save();
    }

    /// Restarts from the present state, or from the one that was kept, and knows then that something may be missing.
    pub fn restart(&mut self, lossy: bool, now: Time, out: &mut Sending) {
        let saved = if lossy { self.saved.clone() } else { self.service.save() };
        if let Ok(service) = Service::load(&saved) {
            self.service = service;
        }
        if lossy {
            self.give(now, Input::Command(Command::Restored), out);
        }
    }

    fn give(&mut self, now: Time, input: Input, out: &mut Sending) {
        let mut open = vec![input];
        while let Some(input) = open.pop() {
            let mut orders = Vec::new();
            let peers = &self.peers;
            let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(peers, action, &mut orders, out);
            // A stanza is no misuse, and answers are given once.
            let _ = self.service.handle(now, input, &mut sink);
            self.obey(orders, &mut open);
        }
    }

    fn obey(&mut self, orders: Vec<Order>, open: &mut Vec<Input>) {
        for order in orders {
            let answer = <SimHost as Host<Service>>::obey(&mut self.host, order);
            open.extend(answer);
        }
    }
}

fn gather(peers: &BTreeMap<String, Id>, action: Action<'_, Order, Notice>, orders: &mut Vec<Order>, out: &mut Sending) {
    match action {
        Action::Send { to, stanza } => {
            for recipient in to {
                let bare = recipient.jid.split('/').next().unwrap_or_default();
                let domain = bare.split_once('@').map_or(bare, |(_, domain)| domain);
                if let (Some(peer), Ok(stanza)) = (peers.get(domain), stanza.to_stanza(recipient.jid)) {
                    out.push((*peer, stanza));
                }
            }
        }
        Action::Do(order) => orders.push(order),
        Action::Tell(_) => {}
    }
}

impl Node for Rooms {
    fn hear(&mut self, now: Time, _: Id, stanza: Stanza, out: &mut Sending) {
        self.give(now, Input::Stanza(stanza), out);
    }

    fn wake(&mut self, now: Time, out: &mut Sending) {
        let (mut orders, mut open) = (Vec::new(), Vec::new());
        let peers = &self.peers;
        let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(peers, action, &mut orders, out);
        self.service.wake(now, &mut sink);
        self.obey(orders, &mut open);
        for input in open {
            self.give(now, input, out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.service.deadline()
    }
}
