//! Random lives of a stream management queue: for the laws, by property test and by fuzzing.

use bytes::Bytes;

use super::bench::Bench;
use super::laws::{self, Bounds, Moment};
use super::sm::{SmHost, pair};
use super::vectors::START;
use crate::codec::Condition;
use crate::limits::SmLimits;
use crate::party::Address;
use crate::seed::Seed;
use crate::sm::{Copies, Input, Link, Nonza, Order, Pair, Parcel, Queue, Role};
use crate::time::Span;

/// Actions of one call: each of the few stanzas that are kept is written and told about, and errors are sent.
const ACTIONS: usize = 64;

/// Deeds of one life that is read from bytes.
const LONGEST: usize = 200;

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
}

impl Deed {
    /// The deeds that bytes stand for, four bytes each. Any bytes are a life; what is too long is cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (deeds, _) = bytes.as_chunks::<4>();
        let read = |&[scale, after, what, how]: &[u8; 4]| Self { after: u64::from(after) << (scale % 24), what, how };
        deeds.iter().take(LONGEST).map(read).collect()
    }
}

/// What is sent to the peer.
const STANZAS: [&str; 10] = [
    "<message to='{to}' from='ben@oak.example/hat' id='m{n}'><body>Tea?</body></message>",
    "<message to='{to}' from='ben@oak.example/hat' type='chat'><body>No id</body></message>",
    "<message to='{to}' from='den@rooms.example/-x' id='g{n}' type='groupchat'><body>All</body></message>",
    "<message to='{to}' from='den@rooms.example/-y' id='g{n}' type='groupchat'><body>All</body></message>",
    "<message to='{to}' from='pub@rooms.example' id='h{n}' type='headline'/>",
    "<message to='{to}' from='ben@oak.example/hat' id='e{n}' type='error'/>",
    "<iq to='{to}' from='ben@oak.example/hat' id='q{n}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq to='{to}' from='ben@oak.example/hat' id='q{n}' type='result'/>",
    "<presence to='{to}' from='ben@oak.example/hat'/>",
    "<presence to='{to}' from='ben@oak.example' type='subscribe'/>",
];

/// A queue with small limits, so that a short life meets them.
///
/// Its seed is public: never run one like it.
#[must_use]
pub fn queue(role: Role) -> Queue {
    let limits = SmLimits { stanzas: 6, bytes: 600, ask_every: 3, bounces: 2, ..SmLimits::default() };
    Queue::new(role, pair(role), limits, Seed::new([3; 32]))
}

/// Lives a life. Gives everything that went in, and the queue as it was left.
///
/// # Errors
/// What is wrong: the queue does not come to rest, or takes what a peer does for a misuse.
pub fn live(role: Role, deeds: &[Deed]) -> Result<(Vec<Moment<Input>>, Queue), String> {
    let mut bench = Bench::new(queue(role), SmHost::default(), START);
    let mut now = START;
    let mut newest: Link = 0;
    let mut count = Count::default();
    for (step, deed) in deeds.iter().enumerate() {
        now = now.plus(Span::from_millis(deed.after));
        let input = deed.input(step, role, &bench.machine, &mut newest, &count);
        // What a peer does is never misuse. What the host does may be: that is tried too.
        let peer = matches!(input, Input::Element { .. } | Input::Handled { .. } | Input::Lost { .. });
        let done = bench.handle(now, input).map_err(|why| why.to_string())?;
        if let (true, Err(misuse)) = (peer, done) {
            return Err(format!("what a peer did is a misuse: {misuse}"));
        }
        count.see(&bench.host.orders);
        bench.host.orders.clear();
    }
    Ok((bench.journal().to_vec(), bench.machine))
}

/// What a peer would have counted if nothing was ever lost.
#[derive(Debug, Default)]
struct Count(u32);

impl Count {
    fn see(&mut self, orders: &[Order]) {
        for order in orders {
            match order {
                Order::Stanza { .. } => self.0 = self.0.wrapping_add(1),
                Order::Nonza { nonza: Nonza::Enable { .. } | Nonza::Enabled { .. }, .. } => self.0 = 0,
                _ => {}
            }
        }
    }
}

impl Deed {
    fn input(self, step: usize, role: Role, queue: &Queue, newest: &mut Link, count: &Count) -> Input {
        let open = queue.link().unwrap_or(*newest);
        let own = pair(role);
        let element = |link, pair: &Pair, text: &str| Input::Element {
            link,
            pair: pair.clone(),
            element: text.parse().unwrap_or_else(|_| minidom::Element::bare("r", crate::ns::SM)),
        };
        let sm = |link, text: &str| element(link, &own, &text.replace("/>", " xmlns='urn:xmpp:sm:3'/>"));
        let h = match self.how % 32 {
            0 => count.0.wrapping_add(1),
            1 => count.0.wrapping_sub(1),
            2 => u32::from(self.how),
            3..=8 => 0,
            _ => count.0,
        };
        let id = queue.id().unwrap_or("none").to_owned();
        // A server that we connect to resumes nothing: there those deeds lead to an open stream, and on from it.
        let what = match (self.what % 32, role, queue.link()) {
            (22..=26, Role::Outgoing, None) => 23,
            (24..=26, Role::Outgoing, Some(_)) => [21, 22, 27, 28][usize::from(self.how / 8) % 4],
            (what, ..) => what,
        };
        match what {
            0..=11 => {
                let to = if role == Role::Client { "ann@tea.example/pot" } else { "eve@oak.example" };
                let text = STANZAS.get(usize::from(self.how) % STANZAS.len()).copied().unwrap_or_default();
                let text = text.replace("{to}", to).replace("{n}", &step.to_string());
                let copies = if self.how >= 200 { Copies::Others } else { Copies::Only };
                Input::Send(Parcel::of(Bytes::from(text), Bytes::new()).copies(copies))
            }
            12..=14 => Input::Handled { count: if self.how < 128 { u32::from(self.how) << 25 } else { 1 } },
            15..=18 => sm(open, &format!("<a h='{h}'/>")),
            19 => sm(open, "<r/>"),
            20 => sm(
                open,
                ["<enable/>", "<enable resume='true'/>", "<enable resume='1' max='20'/>"][usize::from(self.how) % 3],
            ),
            21 => sm(
                open,
                ["<enabled resume='1' id='x' max='60'/>", "<enabled/>", "<failed/>"][usize::from(self.how) % 3],
            ),
            22 => Input::Lost { link: open },
            23 => {
                *newest += 1;
                Input::Open { link: *newest, offered: self.how < 200 }
            }
            24..=26 => {
                *newest += 1;
                let mut pair = own.clone();
                if self.how.is_multiple_of(16) {
                    pair.peer = Address::from_normalised("eve@tea.example").unwrap_or(pair.peer);
                }
                let text = format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>");
                element(*newest, &pair, &text)
            }
            27 => sm(open, &format!("<resumed previd='{id}' h='{h}'/>")),
            28 => {
                let text = if self.how < 64 { "<failed/>".to_owned() } else { format!("<failed h='{h}'/>") };
                sm(open, &text)
            }
            29 => sm(open, ["<a h='x'/>", "<b/>", "<resume h='0' previd='x'/>"][usize::from(self.how) % 3]),
            30 => {
                if self.how < 128 {
                    Input::Closed { link: open }
                } else {
                    Input::Close
                }
            }
            _ => {
                let all = [Condition::RemoteServerTimeout, Condition::RemoteServerNotFound];
                Input::Unreachable { condition: all[usize::from(self.how) % 2] }
            }
        }
    }
}

/// The role that a number stands for.
#[must_use]
pub const fn role(number: u8) -> Role {
    match number % 3 {
        0 => Role::Client,
        1 => Role::Incoming,
        _ => Role::Outgoing,
    }
}

/// Lives a life and tries laws 1 to 7 and 9 on it, and that no stanza is lost silently or written twice to one session.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(role: Role, deeds: &[Deed], seed: u64) -> Result<(), String> {
    let (journal, _) = live(role, deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |queue: &Queue| queue.check().map_err(str::to_owned) };
    laws::all(|| queue(role), &journal, &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a life. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    let broken = lawful(role(*seed), &Deed::from_bytes(deeds), u64::from(*seed)).err();
    assert_eq!(broken, None, "a queue keeps every law");
}

/// The body of a fuzz target: the bytes are a body of a snapshot. Panics if what is loaded is not what a queue would
/// write, or cannot go on.
pub fn fuzz_snapshot(bytes: &[u8]) {
    let Some((seed, rest)) = bytes.split_first() else { return };
    let (deeds, damage) = rest.split_at_checked(usize::from(*seed % 16) * 4).unwrap_or((rest, &[]));
    let said = live(role(*seed), &Deed::from_bytes(deeds));
    assert_eq!(said.as_ref().err(), None, "a queue lives");
    let Ok((journal, machine)) = said else { return };
    assert_eq!(laws::survives(&machine, damage, journal).err(), None, "only what a queue writes is loaded");
}
