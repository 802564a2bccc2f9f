//! A world of several machines: virtual time, streams between them, and faults that a seed decides.
//!
//! A [`Node`] is anything that hears stanzas and sends some: a room service, a home server, a device. Nodes are joined by
//! streams. A stream keeps its order (XMPP promises that), different streams do not wait for each other, and everything
//! may be lost: a stanza alone, or all of a time in which a stream is cut. What is lost may come back to its sender as
//! an error, as a server does, or may not. The same seed is the same world.
//!
//! - [`World`] is time and the nodes; [`Net`] is the streams between; [`Climate`] is how bad they are.
//! - [`chat`] plays devices, home servers and a room service against each other: Schrödinger's chat.

pub mod chat;
mod device;
mod home;
mod net;
mod rooms;

pub use device::Device;
pub use home::Home;
pub use net::{Climate, Dice, Net};
pub use rooms::Rooms;

use crate::codec::Stanza;
use crate::time::{Span, Time};

/// A node, by its number in the world.
pub type Id = usize;

/// Stanzas that a node sends, each to the node at the other end of a stream.
pub type Sending = Vec<(Id, Stanza)>;

/// Steps that one moment may take: a world that goes on longer does not come to rest.
const RESTLESS: usize = 1_000_000;

/// Something that hears stanzas and sends some.
pub trait Node {
    /// A stanza came over the stream from `from`.
    fn hear(&mut self, now: Time, from: Id, stanza: Stanza, out: &mut Sending);

    /// Its deadline has come.
    fn wake(&mut self, now: Time, out: &mut Sending);

    /// When it wants to be woken.
    fn deadline(&self) -> Option<Time>;
}

/// Nodes, the net between them, and the time.
#[derive(Clone, Debug)]
pub struct World<N> {
    /// The nodes.
    pub nodes: Vec<N>,
    /// The streams between them.
    pub net: Net,
    /// Now.
    pub now: Time,
    /// What arrived, if somebody wants to know: when, from whom, at whom, and what.
    pub log: Option<Vec<(Time, Id, Id, Stanza)>>,
}

/// The world does not come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restless;

impl<N: Node> World<N> {
    /// A world that begins at `now`.
    #[must_use]
    pub const fn new(nodes: Vec<N>, net: Net, now: Time) -> Self {
        Self { nodes, net, now, log: None }
    }

    /// Has something happen at a node now: what it sends goes on its way.
    pub fn act(&mut self, id: Id, deed: impl FnOnce(&mut N, Time, &mut Sending)) {
        let mut out = Sending::new();
        if let Some(node) = self.nodes.get_mut(id) {
            deed(node, self.now, &mut out);
        }
        self.send(id, out);
    }

    fn send(&mut self, from: Id, out: Sending) {
        for (to, stanza) in out {
            self.net.send(self.now, from, to, stanza);
        }
    }

    /// Lets that much time pass; `watch` sees the world after each step.
    ///
    /// # Errors
    /// [`Restless`].
    pub fn pass(&mut self, span: Span, mut watch: impl FnMut(&Self)) -> Result<(), Restless> {
        let end = self.now.plus(span);
        for _ in 0..RESTLESS {
            let due = self.nodes.iter().enumerate().filter_map(|(id, node)| Some((node.deadline()?, id))).min();
            let flight = self.net.next();
            match (due, flight) {
                // What arrives at one moment arrives before anybody wakes.
                (due, Some(at)) if at <= end && due.is_none_or(|(due, _)| at <= due) => {
                    self.now = self.now.max(at);
                    if let Some((from, to, stanza)) = self.net.land() {
                        if let Some(log) = &mut self.log {
                            log.push((at, from, to, stanza.clone()));
                        }
                        self.act(to, |node, now, out| node.hear(now, from, stanza, out));
                    }
                }
                (Some((due, id)), _) if due <= end => {
                    self.now = self.now.max(due);
                    self.act(id, Node::wake);
                }
                _ => {
                    self.now = end;
                    watch(self);
                    return Ok(());
                }
            }
            watch(self);
        }
        Err(Restless)
    }
}
