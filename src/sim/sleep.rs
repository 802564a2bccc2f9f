//! Two ways to keep a device that sleeps informed, side by side in one world.
//!
//! - **Copies**: the room sends a copy to the bare JID, the router wakes the device, and keeps a pointer for each room.
//! - **Hibernated**: the registration is a hibernated XEP-0198 session that stays in its rooms. The room sends live
//!   messages to it, the router wakes the device, and the server keeps every stanza for it, in memory, until the device
//!   comes back or the session times out after 72 hours, as servers do that offer this.
//!
//! The same people say the same things in both. The numbers are exact: what is held is counted in bytes that a router
//! saves and in bytes of stanzas that are queued.

use core::fmt::Write as _;

use jid::{BareJid, FullJid};

use super::vectors::{ACCOUNT, START};
use crate::codec::{Reader, Stanza};
use crate::limits::PushRouterLimits;
use crate::machine::{Action, Machine as _};
use crate::ns;
use crate::push::router::{Input, Membership, Notice, RoomFact, Router, RouterConfig, SessionEvent};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::Snapshot as _;
use crate::time::{Span, Time};

/// How long a hibernated session may come back.
const RESUMABLE: Span = Span::from_hours(72);

/// What is said, and how often the devices are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    /// Rooms of the account.
    pub rooms: u32,
    /// Messages a day, in all rooms together.
    pub daily: u32,
    /// For so many days.
    pub days: u32,
    /// Devices that sleep.
    pub phones: u32,
    /// Hours after which each device is looked at for a moment; never if 0.
    pub looks: u32,
}

/// How devices that sleep are kept informed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By copies to the bare JID.
    Copies,
    /// By hibernated sessions.
    Hibernated,
}

/// What a way costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Stanzas that are held for devices, at most.
    pub stored: usize,
    /// Bytes of what is held, at most: the router's state and the queues.
    pub memory: usize,
    /// Stanzas that a restart of the server loses, at the worst moment.
    pub lost: usize,
    /// Pushes sent.
    pub pushes: u32,
    /// Messages of which a device was not told: neither by a push nor by one that stands.
    pub missed: u32,
}

/// The stories of the table.
pub const STORIES: [Story; 4] = [
    Story { rooms: 1, daily: 50, days: 3, phones: 1, looks: 8 },
    Story { rooms: 10, daily: 200, days: 3, phones: 1, looks: 8 },
    Story { rooms: 10, daily: 200, days: 7, phones: 1, looks: 0 },
    Story { rooms: 50, daily: 1000, days: 3, phones: 2, looks: 24 },
];

struct World {
    router: Router,
    way: Way,
    story: Story,
    now: Time,
    /// What each device's hibernated session holds; none if the session has timed out.
    queues: Vec<Option<Vec<Vec<u8>>>>,
    asleep: Time,
    cost: Cost,
}

/// What one call said of the pushes.
#[derive(Default)]
struct Told {
    pushes: Vec<(String, String)>,
    reached: u32,
}

fn parse(text: &str) -> Option<Stanza> {
    Reader::one(ns::CLIENT, text.as_bytes()).ok()
}

fn phone(number: usize) -> String {
    format!("{ACCOUNT}/phone{number}")
}

fn room(number: u32) -> String {
    format!("room{number}@rooms.example")
}

impl World {
    fn new(story: Story, way: Way) -> Option<Self> {
        let config = RouterConfig::new(&BareJid::new(ACCOUNT).ok()?);
        let router = Router::new(&config, PushRouterLimits::default(), Seed::new([9; 32]));
        let queues = vec![Some(Vec::new()); story.phones as usize];
        let mut world = Self { router, way, story, now: START, queues, asleep: START, cost: Cost::default() };
        let desk = format!("{ACCOUNT}/desk");
        world.session(&desk, SessionEvent::Up { client: None, enable: None })?;
        for number in 0..story.rooms {
            let bare = BareJid::new(&room(number)).ok()?;
            world.say(Input::Room { room: bare, fact: RoomFact::Member(Membership::Registered, true) });
            world.join(&desk, number)?;
        }
        for number in 0..story.phones as usize {
            world.wake_up(number)?;
            let enable = format!(
                "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push{number}.fig.example' node='n'/></iq>"
            );
            world.say(Input::Sent { session: FullJid::new(&phone(number)).ok()?, stanza: parse(&enable)? });
            world.sleep(number)?;
        }
        Some(world)
    }

    fn session(&mut self, jid: &str, event: SessionEvent) -> Option<Told> {
        Some(self.say(Input::Session { jid: FullJid::new(jid).ok()?, event }))
    }

    /// A session enters a room by XEP-0045.
    fn join(&mut self, session: &str, number: u32) -> Option<()> {
        let room = room(number);
        let joins = format!("<presence to='{room}/Ann'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        let joined = format!(
            "<presence from='{room}/Ann' to='{session}'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <status code='110'/></x></presence>"
        );
        self.say(Input::Sent { session: FullJid::new(session).ok()?, stanza: parse(&joins)? });
        self.say(Input::Arrived(parse(&joined)?));
        Some(())
    }

    /// Hands an input to the router; every push is answered at once.
    fn say(&mut self, input: Input) -> Told {
        let mut told = Told::default();
        let mut sink = |_: Rule, action: Action<'_, _, Notice>| match action {
            Action::Send { to, stanza } => {
                for one in to {
                    if one.jid.starts_with("push") {
                        let id = stanza.to_stanza(one.jid).ok().and_then(|stanza| stanza.id);
                        told.pushes.push((one.jid.to_owned(), id.map(String::from).unwrap_or_default()));
                    }
                }
            }
            Action::Do(order) => match order {},
            Action::Tell(Notice::NotPushed { .. } | Notice::Deferred { .. }) => told.reached += 1,
            Action::Tell(_) => {}
        };
        let done = self.router.handle(self.now, input, &mut sink);
        debug_assert!(done.is_ok(), "the account is the router's own");
        self.cost.pushes += told.pushes.len() as u32;
        told.reached += told.pushes.len() as u32;
        for (service, id) in core::mem::take(&mut told.pushes) {
            let answer = format!("<iq type='result' id='{id}' from='{service}' to='tea.example'/>");
            if let Some(answer) = parse(&answer) {
                self.say(Input::Arrived(answer));
            }
        }
        told
    }

    fn pass(&mut self, now: Time) {
        while let Some(due) = self.router.deadline().filter(|due| *due <= now) {
            let mut pushes = 0;
            self.router.wake_with(due, |_, action| pushes += u32::from(matches!(action, Action::Send { .. })));
            self.cost.pushes += pushes;
        }
        self.now = now;
    }

    /// What is held now counts if it is more than ever before.
    fn weigh(&mut self) {
        let queued = || self.queues.iter().flatten().flatten();
        let (stored, bytes) = (queued().count(), queued().map(Vec::len).sum::<usize>());
        self.cost.stored = self.cost.stored.max(stored);
        // A queue is lost with the process; the router's state is saved.
        self.cost.lost = self.cost.lost.max(stored);
        self.cost.memory = self.cost.memory.max(self.router.save().len() + bytes);
    }

    fn wake_up(&mut self, number: usize) -> Option<()> {
        let resumable = self.now > START && self.way == Way::Hibernated && self.queues.get(number)?.is_some();
        if resumable {
            self.session(&phone(number), SessionEvent::Resumed)?;
        } else {
            self.session(&phone(number), SessionEvent::Up { client: None, enable: None })?;
            if self.way == Way::Hibernated {
                (0..self.story.rooms).try_for_each(|room| self.join(&phone(number), room))?;
            }
        }
        *self.queues.get_mut(number)? = Some(Vec::new());
        Some(())
    }

    fn sleep(&mut self, number: usize) -> Option<()> {
        self.asleep = self.now;
        let event = match self.way {
            Way::Copies => SessionEvent::Gone { unacked: Vec::new() },
            Way::Hibernated => SessionEvent::Hibernated { unacked: Vec::new() },
        };
        self.session(&phone(number), event).map(|_| ())
    }

    /// Hibernated sessions that cannot come back any more are over.
    fn time_out(&mut self) -> Option<()> {
        if self.way != Way::Hibernated || self.now.since(self.asleep) < RESUMABLE {
            return Some(());
        }
        for number in 0..self.queues.len() {
            if self.queues.get_mut(number)?.take().is_some() {
                self.session(&phone(number), SessionEvent::Gone { unacked: Vec::new() })?;
            }
        }
        Some(())
    }

    /// Somebody says something in a room.
    fn message(&mut self, count: u32) -> Option<()> {
        let room = room(count % self.story.rooms.max(1));
        let text = |to: &str| {
            format!(
                "<message type='groupchat' id='m{count}' from='{room}/Ben' to='{to}'><body>{}</body>\
                 <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{count:026}'/>\
                 <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-Zk1cWq8yTn0b4RfLxJ2s'/></message>",
                "Is there any tea left in the kettle?"
            )
        };
        self.say(Input::Arrived(parse(&text(&format!("{ACCOUNT}/desk")))?));
        let mut reached = 0;
        match self.way {
            Way::Copies => reached += self.say(Input::Arrived(parse(&text(ACCOUNT))?)).reached,
            Way::Hibernated => {
                for number in 0..self.queues.len() {
                    let live = text(&phone(number));
                    let Some(queue) = self.queues.get_mut(number)? else { continue };
                    queue.push(live.clone().into_bytes());
                    reached += self.say(Input::Arrived(parse(&live)?)).reached;
                }
            }
        }
        self.cost.missed += self.story.phones.saturating_sub(reached);
        Some(())
    }
}

/// What a story costs in one way; nothing if the world cannot be built.
#[must_use]
pub fn cost(story: Story, way: Way) -> Cost {
    fn tell(story: Story, way: Way) -> Option<Cost> {
        let mut world = World::new(story, way)?;
        let day = Span::from_days(1).millis();
        let messages = story.daily * story.days;
        let (mut looked, every) = (START, Span::from_hours(u64::from(story.looks)));
        for count in 1..=messages {
            world.pass(Time::from_millis(START.millis() + u64::from(count) * day / u64::from(story.daily)));
            world.time_out()?;
            if story.looks > 0 && world.now.since(looked) >= every {
                looked = world.now;
                world.weigh();
                for number in 0..story.phones as usize {
                    world.wake_up(number)?;
                    world.sleep(number)?;
                }
            }
            world.message(count)?;
            // The worst moment is near the end of a sleep.
            if count.is_multiple_of(50) {
                world.weigh();
            }
        }
        world.weigh();
        Some(world.cost)
    }
    tell(story, way).unwrap_or_default()
}

/// The comparison, as the profile shows it.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "| conversation | way | stanzas stored | bytes held | lost on restart | pushes | messages untold |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for story in STORIES {
        let Story { rooms, daily, days, phones, looks } = story;
        let looked = if looks == 0 { "never".to_owned() } else { format!("every {looks} h") };
        for (way, name) in [(Way::Copies, "copies"), (Way::Hibernated, "hibernated")] {
            let Cost { stored, memory, lost, pushes, missed } = cost(story, way);
            let _ = writeln!(
                text,
                "| rooms {rooms}, messages {daily} a day, days {days}, sleeping devices {phones}, looked at {looked} \
                 | {name} | {stored} | {memory} | {lost} | {pushes} | {missed} |"
            );
        }
    }
    text
}
