//! The host of a room service under test: an archive in memory, facts on demand, every question answered at once.

use std::collections::{BTreeMap, BTreeSet};

use jid::BareJid;

use super::bench::Host;
use super::transcript::{Show, What};
use crate::gc3::{Answer, Input, Order, ParentFact, Query, Record};
use crate::machine::Machine;

/// A host that answers a room service's orders at once, from memory.
#[derive(Clone, Debug, Default)]
pub struct SimHost {
    /// What was stored, by room, in rising order.
    pub archives: BTreeMap<BareJid, Vec<Record>>,
    /// Whether questions to the archive stay without an answer.
    pub archive_silent: bool,
    /// Parent spaces, by URI. Of others nobody is a member or a publisher.
    pub parents: BTreeMap<String, Parent>,
    /// Whether questions about parents stay without an answer.
    pub parents_silent: bool,
}

/// A space as the host knows it.
#[derive(Clone, Debug, Default)]
pub struct Parent {
    /// Who is subscribed to its node.
    pub members: BTreeSet<BareJid>,
    /// Who may publish to its node.
    pub publishers: BTreeSet<BareJid>,
}

impl SimHost {
    fn answer(&mut self, order: Order) -> Option<Input> {
        match order {
            Order::Store { room, record } => {
                self.archives.entry(room).or_default().push(record);
                None
            }
            Order::Replace { room, record } => {
                let archive = self.archives.entry(room).or_default();
                if let Some(stored) = archive.iter_mut().find(|stored| stored.seq == record.seq) {
                    *stored = record;
                }
                None
            }
            Order::Drop { room } => {
                self.archives.remove(&room);
                None
            }
            Order::Fetch { token, room, query } => {
                let answer = query.answer(self.archive(&room));
                (!self.archive_silent).then_some(Input::Answer { token, answer })
            }
            Order::Find { token, room, id } => {
                let answer = Query::find(id).answer(self.archive(&room));
                (!self.archive_silent).then_some(Input::Answer { token, answer })
            }
            Order::Parent { token, uri, jid, fact } => {
                let parent = self.parents.get(&uri);
                let holds = parent.is_some_and(|parent| match fact {
                    ParentFact::Member => parent.members.contains(&jid),
                    ParentFact::Publisher => parent.publishers.contains(&jid),
                });
                let answer = if holds { Answer::Yes } else { Answer::No };
                (!self.parents_silent).then_some(Input::Answer { token, answer })
            }
        }
    }

    fn archive(&self, room: &BareJid) -> impl Iterator<Item = &Record> + Clone {
        self.archives.get(room).into_iter().flatten()
    }
}

impl<M> Host<M> for SimHost
where
    M: Machine<Input = Input, Order = Order>,
{
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.answer(order)
    }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Stanza(stanza) => stanza.element.attr("from").unwrap_or("nobody").to_owned(),
            Self::Answer { .. } | Self::Command(_) => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza(stanza) => What::stanza(stanza),
            Self::Answer { token, answer } => What::Text(format!("answer {token} {answer:?}")),
            Self::Command(command) => What::Text(format!("{command:?}")),
        }
    }
}
