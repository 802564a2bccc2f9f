//! How what is said finds its way: to a session, to somebody else in the domain, or to another server.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use jid::{BareJid, FullJid, Jid};
use smallvec::SmallVec;

use super::host::{Notice, Order};
use super::state::DomainConfig;
use super::{rooms, rules as rule};
use crate::codec::{Header, Outgoing, Stanza};
use crate::limits::ServiceLimits;
use crate::machine::{Action, Sink};
use crate::party::{Audience, Seat, bare, domain};
use crate::push::router::{self, MemberCopy};
use crate::rule::Rule;
use crate::{gc3, imng};

/// Where a domain says things.
pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

/// Something to be done inside the domain in answer to one input.
pub(super) enum Job {
    /// A stanza is handed to whoever it is for.
    Stanza(Stanza, u8),
    /// The stanza of a batch is handed to one more of those whom it is for.
    Shared(Jid, Batch, u8),
    /// An account is answered.
    Account(Box<str>, imng::Input, u8),
}

/// Stanzas that differ in their addressees only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Batch(u32);

/// What is still to be done in answer to one input.
pub(super) struct Work {
    jobs: VecDeque<Job>,
    taken: usize,
    lost: usize,
    most: usize,
    hops: u8,
    batches: u32,
    /// The stanza of each batch that is not served yet, oldest first, addressed to whoever got it last.
    shared: VecDeque<(Batch, Box<Stanza>)>,
    /// Of which batch the stanza is that is at hand.
    batch: Option<Batch>,
    /// The last member copy that was read, and its batch.
    read: Option<(Batch, Arc<MemberCopy>)>,
}

impl Work {
    pub(super) const fn new(limits: &ServiceLimits) -> Self {
        let (most, hops) = (limits.deliveries, limits.hops);
        let jobs = VecDeque::new();
        let shared = VecDeque::new();
        Self { jobs, taken: 0, lost: 0, most, hops, batches: 0, shared, batch: None, read: None }
    }

    pub(super) fn next(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.batch = match &job {
            Job::Shared(_, batch, _) => Some(*batch),
            Job::Stanza(..) | Job::Account(..) => None,
        };
        Some(job)
    }

    /// Begins a batch.
    fn share(&mut self, stanza: Stanza) -> Batch {
        self.batches += 1;
        let batch = Batch(self.batches);
        self.shared.push_back((batch, Box::new(stanza)));
        batch
    }

    /// Takes the stanza of a batch, to be given back. Those before it are served.
    pub(super) fn lend(&mut self, batch: Batch) -> Option<Box<Stanza>> {
        while self.shared.front().is_some_and(|(other, _)| *other < batch) {
            self.shared.pop_front();
        }
        let found = self.shared.front().is_some_and(|(other, _)| *other == batch);
        found.then(|| self.shared.pop_front()).flatten().map(|(_, stanza)| stanza)
    }

    pub(super) fn give_back(&mut self, batch: Batch, stanza: Box<Stanza>) {
        self.shared.push_front((batch, stanza));
    }

    /// A message of a room for routers, read once for all accounts that get the stanza at hand.
    pub(super) fn copy(&mut self, stanza: Cow<'_, Stanza>) -> Arc<MemberCopy> {
        if let Some((batch, copy)) = &self.read
            && Some(*batch) == self.batch
        {
            return Arc::clone(copy);
        }
        let copy = Arc::new(MemberCopy::read(stanza.into_owned()));
        self.read = self.batch.map(|batch| (batch, Arc::clone(&copy)));
        copy
    }

    pub(super) fn push(&mut self, job: Job) {
        if self.taken < self.most {
            self.taken += 1;
            self.jobs.push_back(job);
        } else {
            self.lost += 1;
        }
    }

    /// How many were not taken.
    pub(super) const fn lost(&self) -> usize {
        self.lost
    }
}

/// Which domains are here.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) domain: &'a str,
    pub(super) rooms: Option<&'a str>,
    pub(super) uploads: Option<&'a str>,
}

impl<'a> Here<'a> {
    pub(super) fn of(config: &'a DomainConfig) -> Self {
        Self { domain: config.domain(), rooms: config.rooms(), uploads: config.uploads() }
    }

    /// Whether an address is in one of them.
    pub(super) fn has(&self, jid: &str) -> bool {
        let domain = domain(jid);
        domain == self.domain || self.rooms == Some(domain) || self.uploads == Some(domain)
    }
}

/// Sends to anybody.
pub(super) struct Post<'a, 'o> {
    pub(super) here: Here<'a>,
    pub(super) work: &'a mut Work,
    pub(super) out: &'a mut Out<'o>,
    /// How many stanzas led to this.
    pub(super) hops: u8,
}

impl Post<'_, '_> {
    /// Sends to one address.
    pub(super) fn to(&mut self, why: Rule, jid: &str, stanza: &Outgoing) {
        self.all(why, Audience::one(jid), stanza);
    }

    /// Sends to each: what is for somebody here waits for its turn, and the rest goes to other servers.
    pub(super) fn all(&mut self, why: Rule, to: Audience<'_>, stanza: &Outgoing) {
        let mut batch: Option<Batch> = None;
        let (mut inside, mut outside, mut elsewhere) = (false, false, SmallVec::<[Seat; 8]>::new());
        for recipient in to {
            if !self.here.has(recipient.jid) {
                outside = true;
                elsewhere.extend(recipient.seat);
                continue;
            }
            inside = true;
            if self.hops >= self.work.hops {
                self.lost(rule::L2, recipient.jid);
                continue;
            }
            if batch.is_none() {
                batch = stanza.to_stanza(recipient.jid).ok().map(|stanza| self.work.share(stanza));
            }
            match batch.zip(Jid::new(recipient.jid).ok()) {
                Some((batch, to)) => self.work.push(Job::Shared(to, batch, self.hops + 1)),
                None => self.lost(rule::L3, recipient.jid),
            }
        }
        if outside {
            self.out.push(why, Action::Send { to: to.addresses(&elsewhere), stanza });
        }
        if inside {
            self.out.push(why, Action::Tell(Notice::Also));
        }
        if outside {
            self.out.push(rule::R3, Action::Tell(Notice::Also));
        }
    }

    fn lost(&mut self, why: Rule, to: &str) {
        self.out.push(why, Action::Tell(Notice::Dropped { from: None, to: Some(to.into()) }));
    }
}

/// A stanza that is passed on as it is.
pub(super) fn passed(stanza: &Stanza) -> Outgoing {
    let from = stanza.from.as_ref().map_or("", |jid| jid.as_str());
    let (id, lang) = (stanza.id.as_deref(), stanza.lang.as_deref());
    let header = Header { kind: stanza.kind, type_: stanza.type_, from, id, lang };
    Outgoing::new(&header, |writer| {
        for node in stanza.element.nodes() {
            match node {
                minidom::Node::Text(text) => writer.text(text),
                minidom::Node::Element(child) => writer.element(child),
            };
        }
    })
}

/// An account's view of the sink: what goes to its sessions passes through, and its orders are kept.
pub(super) struct FromAccount<'a, 'o> {
    pub(super) post: Post<'a, 'o>,
    pub(super) orders: &'a mut Vec<(Rule, imng::Order)>,
}

impl Sink<imng::Order, imng::Notice> for FromAccount<'_, '_> {
    fn push(&mut self, why: Rule, action: Action<'_, imng::Order, imng::Notice>) {
        match action {
            Action::Send { to, stanza } => {
                // Only sessions of its own have seats.
                let own = to.iter().next().is_some_and(|recipient| recipient.seat.is_some());
                if own {
                    self.post.out.push(why, Action::Send { to, stanza });
                } else {
                    self.post.all(why, to, stanza);
                }
            }
            Action::Do(order) => self.orders.push((why, order)),
            Action::Tell(notice) => self.post.out.push(why, Action::Tell(Notice::Account(notice))),
        }
    }
}

/// The rooms' view of the sink.
pub(super) struct FromRooms<'a, 'o>(pub(super) Post<'a, 'o>);

impl Sink<gc3::Order, rooms::Notice> for FromRooms<'_, '_> {
    fn push(&mut self, why: Rule, action: Action<'_, gc3::Order, rooms::Notice>) {
        match action {
            Action::Send { to, stanza } => self.0.all(why, to, stanza),
            Action::Do(order) => self.0.out.push(why, Action::Do(Order::Rooms(order))),
            Action::Tell(rooms::Notice::Room(notice)) => self.0.out.push(why, Action::Tell(Notice::Rooms(notice))),
            Action::Tell(rooms::Notice::Copies { room, notice }) => {
                self.0.out.push(why, Action::Tell(Notice::Copies { room, notice }));
            }
        }
    }
}

/// A push router's view of the sink: what it sends goes out, and what its account has to do is kept.
pub(super) struct FromRouter<'a, 'o> {
    pub(super) post: Post<'a, 'o>,
    pub(super) account: &'a str,
    /// The sessions that get a member copy.
    pub(super) named: &'a mut Vec<FullJid>,
    /// What the account has to know.
    pub(super) known: &'a mut Vec<imng::Input>,
}

impl Sink<router::Order, router::Notice> for FromRouter<'_, '_> {
    fn push(&mut self, why: Rule, action: Action<'_, router::Order, router::Notice>) {
        match action {
            Action::Send { to, stanza } => {
                // Only for copies it names seats.
                if to.iter().next().is_some_and(|recipient| recipient.seat.is_some()) {
                    self.named.extend(to.iter().filter_map(|recipient| FullJid::new(recipient.jid).ok()));
                    self.post.out.push(why, Action::Tell(Notice::Also));
                } else if to.iter().next().is_some_and(|one| bare(one.jid) == self.account && one.jid.contains('/')) {
                    self.post.out.push(why, Action::Send { to, stanza });
                } else {
                    self.post.all(why, to, stanza);
                }
            }
            Action::Do(never) => match never {},
            Action::Tell(router::Notice::Also) => self.post.out.push(why, Action::Tell(Notice::Also)),
            Action::Tell(notice) => {
                self.known.extend(known(&notice));
                self.post.out.push(why, Action::Tell(Notice::Push(notice)));
            }
        }
    }
}

/// What a router tells, as its account has to know it.
fn known(notice: &router::Notice) -> Option<imng::Input> {
    let room = |room: &str| BareJid::new(room).ok();
    Some(match notice {
        router::Notice::RoomIn { room: name } => {
            let grounds = imng::Grounds { joined: true, ..imng::Grounds::default() };
            imng::Input::Fact(imng::Fact::Room { room: room(name)?, grounds })
        }
        router::Notice::RoomOut { room: name } => {
            imng::Input::Fact(imng::Fact::Room { room: room(name)?, grounds: imng::Grounds::default() })
        }
        router::Notice::Live { room: name, jid, on } => {
            let room = room(name)?;
            let event = if *on { imng::Event::RoomLive { room, nick: None } } else { imng::Event::RoomEnded { room } };
            imng::Input::Session { session: FullJid::new(jid).ok()?, event }
        }
        _ => return None,
    })
}
