//! A stream management queue.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::prelude::*;
use xmpp_machines::limits::SmLimits;
use xmpp_machines::party::Address;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::talk_sm::{self, Deed};
use xmpp_machines::sm::{Copies, Input, Nonza, Notice, Order, Pair, Parcel, Queue, Role, rules};
use xmpp_machines::{Action, Machine as _, Rule, Time};

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..300_u64, 3 => 300..8_000_u64, 2 => 8_000..70_000_u64, 1 => 70_000..5_000_000_u64];
    (after, any::<u8>(), any::<u8>()).prop_map(|(after, what, how)| Deed { after, what, how })
}

/// A stream in use, so that few deeds reach far: opened, and enabled or answered.
fn opened(role: Role) -> Vec<Deed> {
    let then = if role == Role::Outgoing { 21 } else { 20 };
    let how = if role == Role::Outgoing { 0 } else { 1 };
    vec![Deed { after: 0, what: 23, how: 0 }, Deed { after: 0, what: then, how }]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_queue_keeps_every_law(role in 0..3_u8, deeds in prop::collection::vec(deed(), 1..60), seed: u64) {
        let role = talk_sm::role(role);
        let mut all = opened(role);
        all.extend(deeds);
        talk_sm::lawful(role, &all, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_life_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        talk_sm::fuzz(&bytes);
        talk_sm::fuzz_snapshot(&bytes);
    }

    /// An honest client on a network that loses the end of what was written. It gets each message once and in order,
    /// and what it did not get comes back.
    #[test]
    fn nothing_is_lost_silently_and_nothing_comes_twice(acts in prop::collection::vec((0..10_u8, 0..5_usize), 1..80)) {
        honest(&acts)?;
    }
}

#[test]
fn lives_reach_what_they_should() {
    let reached = crate::reached(90, prop::collection::vec(deed(), 50..60), |round, deeds| {
        let role = talk_sm::role(round as u8);
        let all: Vec<Deed> = opened(role).into_iter().chain(deeds).collect();
        (talk_sm::queue(role), talk_sm::live(role, &all).unwrap().0)
    });
    assert_eq!(reached.missing_of(rules::ALL, &[]), [""; 0], "{reached:?}");
}

/// A client that counts what it gets.
struct Client {
    queue: Queue,
    pair: Pair,
    now: u64,
    link: u64,
    up: bool,
    /// Written and not yet arrived.
    wire: Vec<Order>,
    got: Vec<String>,
    returned: Vec<String>,
}

impl Client {
    fn give(&mut self, input: Input) -> Result<(), TestCaseError> {
        let mut orders = Vec::new();
        let mut lost = false;
        let done = self.queue.handle_with(Time::from_millis(self.now), input, |_, action| match action {
            Action::Do(order) => orders.push(order),
            Action::Send { .. } => lost = true,
            Action::Tell(notice) => lost |= matches!(notice, Notice::Dropped { .. }),
        });
        prop_assert!(done.is_ok() && !lost, "{:?}", done);
        self.obey(orders);
        Ok(())
    }

    fn obey(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Return { stanza, .. } => self.returned.extend(stanza.id.as_deref().map(str::to_owned)),
                Order::Close { .. } => self.up = false,
                other => self.wire.push(other),
            }
        }
    }

    /// So many of what is on the wire arrive; the answers follow.
    fn arrive(&mut self, count: usize) -> Result<(), TestCaseError> {
        let count = count.min(self.wire.len());
        for order in self.wire.drain(..count).collect::<Vec<_>>() {
            match order {
                Order::Stanza { head, .. } => {
                    let text = String::from_utf8_lossy(&head).into_owned();
                    let id = text.split("id='").nth(1).and_then(|rest| rest.split('\'').next());
                    self.got.extend(id.map(str::to_owned));
                }
                Order::Nonza { nonza: Nonza::Request, .. } if self.up => {
                    self.element(&format!("<a h='{}'/>", self.got.len()))?
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn element(&mut self, text: &str) -> Result<(), TestCaseError> {
        let element =
            text.replace("/>", " xmlns='urn:xmpp:sm:3'/>").parse().map_err(|_| TestCaseError::fail("no XML"))?;
        self.give(Input::Element { link: self.link, pair: self.pair.clone(), element })
    }
}

fn honest(acts: &[(u8, usize)]) -> Result<(), TestCaseError> {
    let address = |text| Address::from_normalised(text).ok_or_else(|| TestCaseError::fail("no address"));
    let pair = Pair { peer: address("ann@tea.example/pot")?, local: address("tea.example")? };
    let limits = SmLimits { stanzas: 5, ask_every: 2, ..SmLimits::default() };
    let queue = Queue::new(Role::Client, pair.clone(), limits, Seed::new([9; 32]));
    let (wire, got, returned) = (Vec::new(), Vec::new(), Vec::new());
    let mut client = Client { queue, pair, now: 1000, link: 1, up: true, wire, got, returned };
    client.give(Input::Open { link: 1, offered: true })?;
    client.element("<enable resume='true'/>")?;
    let mut sent = Vec::new();
    for &(what, how) in acts {
        client.now += 300 * how as u64;
        match what {
            0..=4 => {
                let id = format!("m{}", sent.len());
                let text = format!("<message to='ann@tea.example/pot' from='ben@oak.example' id='{id}'></message>");
                sent.push(id);
                client.give(Input::Send(Parcel::of(Bytes::from(text), Bytes::new()).copies(Copies::Only)))?;
            }
            5 | 6 if client.up => client.arrive(how)?,
            7 if client.up => {
                // What is still on the wire never arrives.
                client.arrive(how)?;
                client.wire.clear();
                client.up = false;
                client.give(Input::Lost { link: client.link })?;
            }
            8 if !client.up => {
                let id = client.queue.id().unwrap_or_default().to_owned();
                client.link += 1;
                client.up = true;
                let h = client.got.len();
                client.element(&format!("<resume previd='{id}' h='{h}'/>"))?;
            }
            _ => {
                let mut orders = Vec::new();
                let now = Time::from_millis(client.now);
                client.queue.wake_with(now, |_: Rule, action| {
                    if let Action::Do(order) = action {
                        orders.push(order);
                    }
                });
                client.obey(orders);
            }
        }
    }
    if client.up {
        client.arrive(usize::MAX)?;
    }
    client.give(Input::Close)?;
    let place: BTreeMap<&str, usize> = sent.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let order: Vec<usize> = client.got.iter().filter_map(|id| place.get(id.as_str()).copied()).collect();
    prop_assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "not once and in order: {:?}", client.got);
    let known: BTreeSet<&String> = client.got.iter().chain(&client.returned).collect();
    prop_assert!(sent.iter().all(|id| known.contains(id)), "lost silently: sent {:?}, known {:?}", sent, known);
    Ok(())
}
