//! A device with a client as a node.

use std::collections::BTreeSet;

use super::{Id, Node, Sending};
use crate::codec::Stanza;
use crate::gc3::Client;
use crate::gc3::client::{Command, Input, Notice, Order};
use crate::machine::{Action, Machine as _};
use crate::rule::Rule;
use crate::snapshot::Snapshot as _;
use crate::time::Time;

/// A device in one room, connected to its home server or not.
#[derive(Clone, Debug)]
pub struct Device {
    /// The client.
    pub client: Client,
    /// Its full JID.
    pub jid: String,
    /// Its home server.
    pub home: Id,
    /// Whether its stream is up, as it knows itself.
    pub connected: bool,
    /// The ids of the messages that were shown.
    pub shown: BTreeSet<String>,
    /// Messages that were shown twice.
    pub twice: usize,
    /// How many gaps were shown.
    pub gaps: usize,
}

impl Device {
    /// A device that is not connected yet.
    #[must_use]
    pub const fn new(client: Client, jid: String, home: Id) -> Self {
        Self { client, jid, home, connected: false, shown: BTreeSet::new(), twice: 0, gaps: 0 }
    }

    /// The user, or the device itself, does something.
    pub fn command(&mut self, now: Time, command: Command, out: &mut Sending) {
        self.give(now, Input::Command(command), out);
    }

    /// The device is switched off and on: what it knows is loaded again.
    pub fn restart(&mut self) {
        if let Ok(client) = Client::load(&self.client.save()) {
            self.client = client;
        }
    }

    fn give(&mut self, now: Time, input: Input, out: &mut Sending) {
        let mut said = Vec::new();
        let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(action, &mut said, self.home, out);
        // A client knows no misuse.
        let _ = self.client.handle(now, input, &mut sink);
        self.show(said);
    }

    fn show(&mut self, said: Vec<Order>) {
        for order in said {
            match order {
                Order::Message(heard) => {
                    if let Some(id) = heard.id {
                        self.twice += usize::from(!self.shown.insert(id.into()));
                    }
                }
                Order::Gap(_) => self.gaps += 1,
                Order::Standing(_) | Order::Reactions(_) | Order::Offer(_) => {}
            }
        }
    }
}

fn gather(action: Action<'_, Order, Notice>, said: &mut Vec<Order>, home: Id, out: &mut Sending) {
    match action {
        Action::Send { to, stanza } => {
            out.extend(to.iter().filter_map(|one| Some((home, stanza.to_stanza(one.jid).ok()?))));
        }
        Action::Do(order) => said.push(order),
        Action::Tell(_) => {}
    }
}

impl Node for Device {
    fn hear(&mut self, now: Time, _: Id, stanza: Stanza, out: &mut Sending) {
        if self.connected {
            self.give(now, Input::Stanza { stanza, contact: false }, out);
        }
    }

    fn wake(&mut self, now: Time, out: &mut Sending) {
        let mut said = Vec::new();
        let home = self.home;
        let mut sink = |_: Rule, action: Action<'_, Order, Notice>| gather(action, &mut said, home, out);
        self.client.wake(now, &mut sink);
        self.show(said);
    }

    fn deadline(&self) -> Option<Time> {
        self.client.deadline()
    }
}
