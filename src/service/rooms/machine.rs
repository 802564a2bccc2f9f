//! The rooms and their copies as one machine.

use std::collections::{BTreeMap, BTreeSet};

use jid::{BareJid, FullJid};
use serde::{Deserialize, Serialize};

use crate::codec::{Stanza, StanzaKind, StanzaType};
use crate::gc3::rules::muc2;
use crate::gc3::{self, Accepted, Ground, Input, Member, Order, Service, ServiceConfig};
use crate::limits::{Gc3Limits, PushRoomLimits};
use crate::machine::{Action, Machine, Misuse, Sink, Within};
use crate::push::content::Content;
use crate::push::mention::Mentions;
use crate::push::room::{self as copies, Affiliation, Broadcast, Dialect, Mode, Participant, Registration, Role, Wish};
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// How members who are away are told. The rest of it each room's own configuration says: what participants get who set
/// nothing (`push-default`), and whether real JIDs are hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copies {
    /// When copies are sent.
    pub mode: Mode,
    /// Bounds of each room's copies.
    pub limits: PushRoomLimits,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What a room or the service tells.
    Room(gc3::Notice),
    /// What the copies of a room tell.
    Copies {
        /// The room.
        room: Box<str>,
        /// What.
        notice: copies::Notice,
    },
}

/// A room service that sends copies to members who are away.
#[derive(Clone, Debug)]
pub struct Rooms {
    service: Service,
    push: Option<Copies>,
    secret: Seed,
    /// The copies of those rooms that have somebody to send them to, by address.
    rooms: BTreeMap<Box<str>, Held>,
    deadlines: BTreeSet<(Time, Box<str>)>,
    now: Time,
}

#[derive(Clone, Debug)]
struct Held {
    room: copies::Room,
    /// The deadline that the index knows.
    deadline: Option<Time>,
}

type Out<'a> = dyn Sink<Order, Notice> + 'a;

/// What a groupchat message holds, read before the room takes it.
#[derive(Clone, Debug, Default)]
struct Heard {
    content: Option<Content>,
    mentions: Option<Mentions>,
}

impl Rooms {
    /// A service without rooms. `push`: how copies are sent; `None`: none are. `seed` is a secret.
    #[must_use]
    pub fn new(config: ServiceConfig, limits: Gc3Limits, seed: Seed, push: Option<Copies>) -> Self {
        let secret = seed.child("copies", &[]);
        Self::beside(Service::new(config, limits, seed), push, secret)
    }

    /// A service that there is already, and copies for its rooms; `secret` is drawn from no other seed's purpose.
    #[must_use]
    pub fn beside(mut service: Service, push: Option<Copies>, secret: Seed) -> Self {
        service.watch(push.is_some());
        let (rooms, deadlines) = (BTreeMap::new(), BTreeSet::new());
        let now = service.now();
        let mut new = Self { service, push, secret, rooms, deadlines, now };
        new.adopt();
        new
    }

    /// The room service.
    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// The copies of a room, if anybody has something to do with them.
    #[must_use]
    pub fn copies(&self, room: &BareJid) -> Option<&copies::Room> {
        self.rooms.get(room.as_str()).map(|held| &held.room)
    }

    /// Puts another configuration in force. Where copies begin, whoever is in a room by then is told of what follows.
    ///
    /// # Errors
    /// As [`Service::reconfigure`].
    pub fn reconfigure(&mut self, config: ServiceConfig, push: Option<Copies>) -> Result<(), Misuse> {
        self.service.reconfigure(config)?;
        let begins = self.push.is_none();
        self.push = push;
        self.service.watch(push.is_some());
        if push.is_none() {
            self.rooms.clear();
            self.deadlines.clear();
        } else if begins {
            self.adopt();
        } else {
            let rooms: Vec<Box<str>> = self.rooms.keys().cloned().collect();
            for room in rooms {
                self.configure(&room, &mut nowhere());
            }
        }
        Ok(())
    }

    /// Whether everything fits together.
    ///
    /// # Errors
    /// What does not fit. It never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.service.check()?;
        if self.push.is_none() && !self.rooms.is_empty() {
            return Err("there are copies though none are sent");
        }
        for (address, held) in &self.rooms {
            held.room.check()?;
            if self.service.room_named(address).is_none() {
                return Err("there are copies of no room");
            }
            if held.deadline != held.room.deadline() {
                return Err("a deadline is not known");
            }
        }
        Ok(())
    }

    /// Begins copies for everybody who is in a room.
    fn adopt(&mut self) {
        for room in self.service.addresses().filter(|_| self.push.is_some()).collect::<Vec<_>>() {
            self.everybody(&room, &mut nowhere());
            let hearing: Vec<Box<str>> =
                self.service.room_named(&room).into_iter().flat_map(gc3::Room::hearing).map(Into::into).collect();
            for session in hearing {
                self.hears(&room, &session, true, &mut nowhere());
            }
        }
    }

    /// The room that a stanza is for, if it has copies.
    fn room_of(&self, stanza: &Stanza) -> Option<&Held> {
        self.rooms.get(stanza.to.as_ref()?.to_bare().as_str())
    }

    /// Whether a stanza is an error that may answer a copy: copies go to bare JIDs only.
    fn answers_copy(&self, stanza: &Stanza) -> bool {
        let bare = stanza.from.as_ref().is_some_and(|from| from.resource().is_none());
        bare && stanza.kind == StanzaKind::Message
            && stanza.type_ == StanzaType::Error
            && self.room_of(stanza).is_some()
    }

    /// What a message holds, if there is somebody to whom it may be sent.
    fn read(&self, stanza: &Stanza) -> Option<Heard> {
        if stanza.kind != StanzaKind::Message || stanza.type_ != StanzaType::Groupchat {
            return None;
        }
        let held = self.room_of(stanza)?;
        let mentions = held.room.reads().then(|| Mentions::read(&stanza.element));
        Some(Heard { content: Content::of(&stanza.element), mentions })
    }

    /// What has become of the accounts and messages of a room is told to its copies.
    fn follow(&mut self, told: Vec<gc3::Notice>, mut heard: Option<Heard>, out: &mut Out<'_>) {
        for notice in told {
            match notice {
                gc3::Notice::Accepted(accepted) => self.accepted(*accepted, heard.take(), out),
                gc3::Notice::Changed { room, jid: Some(jid), own } => self.one(&room, &jid, own, out),
                gc3::Notice::Changed { room, jid: None, .. } => self.everybody(&room, out),
                gc3::Notice::Hears { room, jid, on } => self.hears(&room, &jid, on, out),
                gc3::Notice::Left { room, jid } => self.one(room.as_str(), jid.as_str(), None, out),
                gc3::Notice::Destroyed { room } => self.drop(room.as_str()),
                _ => {}
            }
        }
    }

    fn accepted(&mut self, accepted: Accepted, heard: Option<Heard>, out: &mut Out<'_>) {
        let Accepted { room, author, id, identified, message, as_muc } = accepted;
        let Some(held) = self.rooms.get(&room) else { return };
        let heard = heard.or_else(|| {
            // It was judged again: what came in is not at hand any more.
            let stanza = message.to_stanza(&room).ok()?;
            let mentions = held.room.reads().then(|| Mentions::read(&stanza.element));
            Some(Heard { content: Content::of(&stanza.element), mentions })
        });
        let Heard { content, mentions } = heard.unwrap_or_default();
        let role = self.service.room_named(&room).and_then(|found| found.role_of(&author)).map(role);
        let mut broadcast = Broadcast::new(BareJid::new(&author).ok(), id, content).written(Dialect::Gc3, message);
        broadcast.role = role.unwrap_or_default();
        if let Some(as_muc) = as_muc {
            broadcast = broadcast.written(Dialect::Muc, as_muc);
        }
        broadcast.identified = identified;
        broadcast.mentions = mentions;
        self.tell(&room, copies::Input::Broadcast(broadcast), out);
    }

    /// Something about an account may be different now.
    fn one(&mut self, room: &str, jid: &str, own: Option<Ground>, out: &mut Out<'_>) {
        let (Ok(jid), Some(found)) = (BareJid::new(jid), self.service.room_named(room)) else { return };
        let member = found.member(jid.as_str());
        let occupies = member.is_some_and(|member| member.occupies);
        let inputs = match &member {
            Some(member) => [participation(&jid, member, own), registration(&jid, member, own)],
            None => {
                let affiliation = affiliation(found.affiliation_of(jid.as_str()));
                // What it may not be any more comes first, so that nothing else is told of it.
                let barred = copies::Input::Affiliation { jid: jid.clone(), affiliation };
                self.tell(room, barred, out);
                [copies::Input::Departed { jid: jid.clone() }, copies::Input::Unregistered { jid: jid.clone() }]
            }
        };
        for input in inputs {
            self.tell(room, input, out);
        }
        self.occupancy(room, &jid, (occupies, own), out);
    }

    /// An account occupies a room by its bare JID, or does not. Only its own word is a sign of life.
    fn occupancy(&mut self, room: &str, jid: &BareJid, (on, own): (bool, Option<Ground>), out: &mut Out<'_>) {
        let was = self.rooms.get(room).is_some_and(|held| held.room.is_occupied_by(jid.as_str()));
        if on != was || (on && own == Some(Ground::Occupancy)) {
            self.tell(room, copies::Input::Occupancy { jid: jid.clone(), on }, out);
            if on {
                out.push(muc2::B5, Action::Tell(Notice::Room(gc3::Notice::Also)));
            }
        }
    }

    /// Something about everybody may be different now: the configuration, or many rights at once.
    fn everybody(&mut self, room: &str, out: &mut Out<'_>) {
        self.configure(room, out);
        let known = self.rooms.get(room).into_iter().flat_map(|held| held.room.grounded());
        let members = self.service.room_named(room).into_iter().flat_map(gc3::Room::members);
        let all: BTreeSet<Box<str>> = known.chain(members).map(Into::into).collect();
        for jid in all {
            self.one(room, &jid, None, out);
        }
    }

    fn configure(&mut self, room: &str, out: &mut Out<'_>) {
        let Some(config) = self.config_of(room) else { return };
        if self.rooms.get(room).is_some_and(|held| *held.room.config() != config) {
            self.tell(room, copies::Input::Configure(config), out);
        }
    }

    fn config_of(&self, room: &str) -> Option<copies::Config> {
        let (found, push) = (self.service.room_named(room)?, self.push?);
        let (wish, hidden) = found.push_defaults();
        Some(copies::Config { mode: push.mode, participants: self::wish(wish), hidden, ..copies::Config::default() })
    }

    fn hears(&mut self, room: &str, session: &str, on: bool, out: &mut Out<'_>) {
        let Ok(jid) = FullJid::new(session) else { return };
        let input = if on { copies::Input::Joined { jid } } else { copies::Input::Left { jid } };
        self.tell(room, input, out);
    }

    /// Hands something to the copies of a room, which are made if there are none yet.
    fn tell(&mut self, room: &str, input: copies::Input, out: &mut Out<'_>) {
        if !self.rooms.contains_key(room) {
            use copies::Input::{Affiliation, Departed, Unregistered};
            if let Affiliation { .. } | Departed { .. } | Unregistered { .. } = input {
                return;
            }
            let (Some(config), Some(push), Ok(address)) = (self.config_of(room), self.push, BareJid::new(room)) else {
                return;
            };
            let secret = self.secret.child("room", &[room.as_bytes()]);
            let new = copies::Room::new(&address, config, push.limits, &secret);
            self.rooms.insert(room.into(), Held { room: new, deadline: None });
        }
        let Some(held) = self.rooms.get_mut(room) else { return };
        let mut within = within(room, out);
        // The copies misuse nothing: they take whatever comes.
        let _ = held.room.handle(self.now, input, &mut within);
        self.reindex(room);
    }

    fn reindex(&mut self, room: &str) {
        let Some(held) = self.rooms.get_mut(room) else { return };
        let (old, new) = (held.deadline, held.room.deadline());
        if old == new {
            return;
        }
        held.deadline = new;
        if let Some(old) = old {
            self.deadlines.remove(&(old, room.into()));
        }
        if let Some(new) = new {
            self.deadlines.insert((new, room.into()));
        }
    }

    fn drop(&mut self, room: &str) {
        if let Some(Held { deadline: Some(at), .. }) = self.rooms.remove(room) {
            self.deadlines.remove(&(at, room.into()));
        }
    }
}

/// Hears what the room service says: what concerns copies is kept, all else is passed on.
fn watching<'s>(
    out: &'s mut Out<'_>,
    told: &'s mut Vec<gc3::Notice>,
) -> Within<'s, Order, Notice, impl FnMut(Order) -> Option<Order>, impl FnMut(gc3::Notice) -> Option<Notice> + 's> {
    Within {
        out,
        order: Some,
        notice: |notice| match notice {
            notice @ (gc3::Notice::Accepted(_) | gc3::Notice::Changed { .. } | gc3::Notice::Hears { .. }) => {
                told.push(notice);
                None
            }
            notice => {
                if let gc3::Notice::Left { .. } | gc3::Notice::Destroyed { .. } = &notice {
                    told.push(notice.clone());
                }
                Some(Notice::Room(notice))
            }
        },
    }
}

/// What copies say, as this machine says it. That a further rule took part is not worth telling here.
fn within<'s>(
    room: &'s str,
    out: &'s mut Out<'_>,
) -> Within<
    's,
    Order,
    Notice,
    impl FnMut(core::convert::Infallible) -> Option<Order>,
    impl FnMut(copies::Notice) -> Option<Notice> + 's,
> {
    Within {
        out,
        order: |never: core::convert::Infallible| match never {},
        notice: move |notice| (notice != copies::Notice::Also).then(|| Notice::Copies { room: room.into(), notice }),
    }
}

/// A sink for what nobody is told: it follows from a decision of the host.
fn nowhere() -> impl FnMut(crate::rule::Rule, Action<'_, Order, Notice>) {
    |_, _| {}
}

/// What copies have to know of an account's participation.
fn participation(jid: &BareJid, member: &Member<'_>, own: Option<Ground>) -> copies::Input {
    let jid = jid.clone();
    let Some((nick, push)) = member.participation else { return copies::Input::Departed { jid } };
    copies::Input::Participant(Participant {
        jid,
        id: member.id.as_str().into(),
        nick: nick.into(),
        push: push.map(wish),
        affiliation: affiliation(member.affiliation),
        role: role(member.role),
        own: own == Some(Ground::Participation),
    })
}

/// What copies have to know of an account's registration.
fn registration(jid: &BareJid, member: &Member<'_>, own: Option<Ground>) -> copies::Input {
    let jid = jid.clone();
    let Some(registered) = member.registration else { return copies::Input::Unregistered { jid } };
    copies::Input::Registered(Registration {
        jid,
        id: member.id.as_str().into(),
        nick: registered.nick.clone(),
        offline: registered.offline,
        affiliation: affiliation(member.affiliation),
        role: role(member.role),
        own: own == Some(Ground::Registration),
    })
}

const fn wish(push: gc3::config::Push) -> Wish {
    match push {
        gc3::config::Push::Always => Wish::Always,
        gc3::config::Push::Mentions => Wish::Mentions,
        gc3::config::Push::Never => Wish::Never,
    }
}

const fn role(role: gc3::acl::Role) -> Role {
    match role {
        gc3::acl::Role::Visitor => Role::Visitor,
        gc3::acl::Role::Participant => Role::Participant,
        gc3::acl::Role::Moderator => Role::Moderator,
    }
}

const fn affiliation(affiliation: gc3::acl::Affiliation) -> Affiliation {
    match affiliation {
        gc3::acl::Affiliation::Outcast => Affiliation::Outcast,
        gc3::acl::Affiliation::None => Affiliation::None,
        gc3::acl::Affiliation::Member => Affiliation::Member,
        gc3::acl::Affiliation::Admin => Affiliation::Admin,
        gc3::acl::Affiliation::Owner => Affiliation::Owner,
    }
}

impl Machine for Rooms {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out<'_>) -> Result<(), Misuse> {
        let mut heard = None;
        let mut alive = None;
        if let Input::Stanza(stanza) = &input {
            if self.answers_copy(stanza) {
                self.now = self.now.max(now);
                let room = stanza.to.as_ref().map(|to| to.to_bare());
                let error = copies::Input::Returned(stanza.clone());
                self.tell(room.as_ref().map_or("", |room| room.as_str()), error, out);
                return Ok(());
            }
            heard = self.read(stanza);
            alive = self.alive(stanza);
        }
        let mut told = Vec::new();
        self.service.handle(now, input, &mut watching(out, &mut told))?;
        self.now = self.now.max(now);
        if let Some((room, jid)) = alive {
            self.tell(&room, copies::Input::Alive { jid }, out);
        }
        self.follow(told, heard, out);
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut Out<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.now = self.now.max(now);
        let mut told = Vec::new();
        self.service.wake(now, &mut watching(out, &mut told));
        self.follow(told, None, out);
        while let Some((at, room)) = self.deadlines.first().cloned() {
            if at > self.now {
                break;
            }
            if let Some(held) = self.rooms.get_mut(&room) {
                held.room.wake(self.now, &mut within(&room, out));
            }
            self.reindex(&room);
        }
    }

    fn deadline(&self) -> Option<Time> {
        let copies = self.deadlines.first().map(|(at, _)| *at);
        self.service.deadline().into_iter().chain(copies).min()
    }
}

impl Rooms {
    /// The account of a session that does something in a room with copies. An error or a result may be the word of a
    /// server, and so may whatever comes from a bare JID.
    fn alive(&self, stanza: &Stanza) -> Option<(Box<str>, BareJid)> {
        let from = stanza.from.as_ref().filter(|from| from.resource().is_some())?;
        let says = !matches!(stanza.type_, StanzaType::Error | StanzaType::Result);
        let (room, bare) = (stanza.to.as_ref()?.to_bare(), from.to_bare());
        let known = says && self.room_of(stanza)?.room.knows(bare.as_str());
        known.then(|| (room.as_str().into(), bare))
    }
}

/// As it is saved: each machine as its own body.
#[derive(Serialize, Deserialize)]
struct Saved {
    now: Time,
    push: Option<Copies>,
    secret: Seed,
    service: Vec<u8>,
    rooms: Vec<(Box<str>, Vec<u8>)>,
}

impl Snapshot for Rooms {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "service.rooms";

    fn save_body(&self, into: &mut Vec<u8>) {
        let mut service = Vec::new();
        self.service.save_body(&mut service);
        let body = |held: &Held| {
            let mut body = Vec::new();
            held.room.save_body(&mut body);
            body
        };
        let rooms = self.rooms.iter().map(|(room, held)| (room.clone(), body(held))).collect();
        let secret = self.secret.clone();
        snapshot::put(&Saved { now: self.now, push: self.push, secret, service, rooms }, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        let saved: Saved = snapshot::take(body)?;
        let mut service = Service::load_body(Service::FORMAT, &saved.service)?;
        service.watch(saved.push.is_some());
        let (rooms, deadlines) = (BTreeMap::new(), BTreeSet::new());
        let mut all = Self { service, push: saved.push, secret: saved.secret, rooms, deadlines, now: saved.now };
        for (address, body) in saved.rooms {
            let room = copies::Room::load_body(copies::Room::FORMAT, &body)?;
            if room.address() != &*address {
                return Err(Corrupt::Body("copies of another room"));
            }
            all.rooms.insert(address.clone(), Held { room, deadline: None });
            all.reindex(&address);
        }
        all.check().map_err(Corrupt::Body)?;
        let mut again = Vec::with_capacity(body.len());
        all.save_body(&mut again);
        if again == body { Ok(all) } else { Err(Corrupt::Body("not the canonical form")) }
    }
}
