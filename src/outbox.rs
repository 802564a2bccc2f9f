//! An owned, reusable copy of what a machine said, for hosts that write to their sockets after the call.

use core::ops::Range;

use bytes::Bytes;

use crate::machine::{Action, Sink};
use crate::party::Seat;
use crate::rule::Rule;

/// A sink that keeps everything: the head of every recipient in one arena, and each payload once.
///
/// [`clear`](Self::clear) keeps the memory, so that a host that reuses one outbox allocates nothing per recipient.
///
/// ```
/// use xmpp_machines::codec::{Header, Outgoing, StanzaKind, StanzaType};
/// use xmpp_machines::party::Audience;
/// use xmpp_machines::{Action, Outbox, Sink, gc3};
///
/// let mut said: Outbox<(), ()> = Outbox::new(); // a machine pushes into it
/// let from = "rooms.example";
/// let header = Header { kind: StanzaKind::Iq, type_: StanzaType::Result, from, id: Some("1"), lang: None };
/// let pong = Outgoing::new(&header, |_| {});
/// said.push(gc3::rules::table::G9_1, Action::Send { to: Audience::one("ann@tea.example/pot"), stanza: &pong });
///
/// for delivery in said.deliveries() {
///     // With a vectored write nothing is copied: head and tail together are the whole stanza.
///     let stanza = [delivery.head, delivery.tail].concat();
///     assert!(stanza.starts_with(b"<iq to='ann@tea.example/pot' from='rooms.example' id='1'"));
///     assert_eq!((delivery.why.id(), delivery.to), ("gc3.G9.1", "ann@tea.example/pot"));
/// }
/// said.clear();
/// assert!(said.is_empty());
/// ```
#[derive(Debug)]
pub struct Outbox<O, N> {
    arena: Vec<u8>,
    deliveries: Vec<Sent>,
    tails: Vec<(Rule, Bytes)>,
    orders: Vec<(Rule, O)>,
    notices: Vec<(Rule, N)>,
}

#[derive(Debug)]
struct Sent {
    head: Range<u32>,
    to: Range<u32>,
    tail: u32,
    seat: Option<Seat>,
}

/// One stanza for one recipient: `head` and then `tail` are its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The rule that decided it.
    pub why: Rule,
    /// The recipient.
    pub to: &'a str,
    /// The recipient's seat, where there is one.
    pub seat: Option<Seat>,
    /// The beginning of the stanza, up to the end of the `to` attribute.
    pub head: &'a [u8],
    /// The rest, shared by all recipients of the action.
    pub tail: &'a Bytes,
}

impl<O, N> Outbox<O, N> {
    /// An empty outbox.
    #[must_use]
    pub const fn new() -> Self {
        Self { arena: Vec::new(), deliveries: Vec::new(), tails: Vec::new(), orders: Vec::new(), notices: Vec::new() }
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.deliveries.clear();
        self.tails.clear();
        self.orders.clear();
        self.notices.clear();
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.orders.is_empty() && self.notices.is_empty()
    }

    /// All stanzas, one for each recipient, in the order in which they were said.
    pub fn deliveries(&self) -> impl Iterator<Item = Delivery<'_>> {
        self.deliveries.iter().filter_map(|sent| {
            let (why, tail) = self.tails.get(sent.tail as usize)?;
            let to = core::str::from_utf8(self.slice(&sent.to)).ok()?;
            Some(Delivery { why: *why, to, seat: sent.seat, head: self.slice(&sent.head), tail })
        })
    }

    /// What the host must do, each with the rule that decided it.
    #[must_use]
    pub fn orders(&self) -> &[(Rule, O)] {
        &self.orders
    }

    /// Takes the orders out, also where the iterator is dropped before its end.
    pub fn take_orders(&mut self) -> impl Iterator<Item = (Rule, O)> + '_ {
        self.orders.drain(..)
    }

    /// What the host may like to know, each with the rule that decided it.
    #[must_use]
    pub fn notices(&self) -> &[(Rule, N)] {
        &self.notices
    }

    fn slice(&self, range: &Range<u32>) -> &[u8] {
        self.arena.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn mark(&self) -> u32 {
        // Four gigabytes of heads would be a hundred million recipients of one call.
        u32::try_from(self.arena.len()).unwrap_or(u32::MAX)
    }
}

impl<O, N> Default for Outbox<O, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O, N> Sink<O, N> for Outbox<O, N> {
    fn push(&mut self, why: Rule, action: Action<'_, O, N>) {
        match action {
            Action::Send { to, stanza } => {
                let tail = u32::try_from(self.tails.len()).unwrap_or(u32::MAX);
                self.tails.push((why, stanza.tail().clone()));
                for recipient in to {
                    let start = self.mark();
                    let to = stanza.head_into(recipient.jid, &mut self.arena);
                    let head = start..self.mark();
                    let to = match to {
                        // The address stands in the head as it is.
                        Some(at) => {
                            let at = start + at;
                            at..at + recipient.jid.len() as u32
                        }
                        // The head had to escape it: keep it beside.
                        None => {
                            let at = self.mark();
                            self.arena.extend_from_slice(recipient.jid.as_bytes());
                            at..self.mark()
                        }
                    };
                    self.deliveries.push(Sent { head, to, tail, seat: recipient.seat });
                }
            }
            Action::Do(order) => self.orders.push((why, order)),
            Action::Tell(notice) => self.notices.push((why, notice)),
        }
    }
}
