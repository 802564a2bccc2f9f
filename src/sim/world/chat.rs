//! Schrödinger's chat: devices, their home servers and a room service, through faults and out of them.
//!
//! A history is drawn from a seed: people join, speak, leave, are renamed or kicked, go offline, vanish without a word;
//! streams lose stanzas or are cut; the service restarts, sometimes into the past. At every step no device may claim to
//! be in for longer than [`BOUND`] when the room has lost it. Then the faults end, and after [`CALM`] every device must
//! see what the room sees. Each device speaks the dialect that the seed gives it: GC3, or XEP-0045.

use std::collections::BTreeMap;

use jid::{BareJid, FullJid};

use super::{Climate, Device, Dice, Home, Id, Net, Node, Rooms, Sending, World};
use crate::codec::Stanza;
use crate::gc3::account::Way;
use crate::gc3::client::{ClientConfig, Command, Dialect, Person, Standing};
use crate::gc3::{Account, Client, Service, ServiceConfig};
use crate::limits::{AccountLimits, ClientLimits, Gc3Limits};
use crate::seed::Seed;
use crate::sim::vectors::{DOMAIN, START};
use crate::time::{Span, Time};

/// For how long a device may claim to be in after the room has lost it: 15 minutes of silence, 30 seconds of waiting for
/// an answer, and what was still under way.
pub const BOUND: Span = Span::from_secs(16 * 60);

/// How long the calm lasts before everything must fit: the longest pause between two tries is an hour.
pub const CALM: Span = Span::from_mins(150);

/// The people: account, device, nickname.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("ann@tea.example", "pot", "Ann"),
    ("ben@oak.example", "hut", "Ben"),
    ("cid@fig.example", "desk", "Cid"),
    ("dee@elm.example", "den", "Dee"),
];

/// A node of this world.
#[derive(Clone, Debug)]
pub enum Actor {
    /// The room service.
    Rooms(Box<Rooms>),
    /// A home server.
    Home(Box<Home>),
    /// A device.
    Device(Box<Device>),
}

impl Node for Actor {
    fn hear(&mut self, now: Time, from: Id, stanza: Stanza, out: &mut Sending) {
        match self {
            Self::Rooms(node) => node.hear(now, from, stanza, out),
            Self::Home(node) => node.hear(now, from, stanza, out),
            Self::Device(node) => node.hear(now, from, stanza, out),
        }
    }

    fn wake(&mut self, now: Time, out: &mut Sending) {
        match self {
            Self::Rooms(node) => node.wake(now, out),
            Self::Home(node) => node.wake(now, out),
            Self::Device(node) => node.wake(now, out),
        }
    }

    fn deadline(&self) -> Option<Time> {
        match self {
            Self::Rooms(node) => node.deadline(),
            Self::Home(node) => node.deadline(),
            Self::Device(node) => node.deadline(),
        }
    }
}

/// The room service is node 0; of person `n` the home server is node `1 + 2n`, the device the one after.
const ROOMS: Id = 0;

const fn home(person: usize) -> Id {
    1 + 2 * person
}

const fn device(person: usize) -> Id {
    2 + 2 * person
}

/// The world, and what is watched in it.
#[derive(Clone, Debug)]
pub struct Chat {
    /// The world.
    pub world: World<Actor>,
    room: BareJid,
    /// Which dialect each device speaks.
    speaks: [Dialect; 4],
    /// Since when each device claims to be in though the room has lost it.
    wrong: [Option<Time>; 4],
    /// The longest that one claimed so.
    pub longest: Span,
    said: u64,
    /// Whether the service ever fell back into the past.
    pub fallen: bool,
    /// What happened, in words.
    pub story: Vec<String>,
}

impl Chat {
    /// A room of Ann's, and everybody connected by the dialect named. Of those who speak GC3 every second person's
    /// account joins for its devices.
    ///
    /// # Errors
    /// What is wrong with the world.
    pub fn new(seed: u64, speaks: [Dialect; 4]) -> Result<Self, String> {
        let wrong = |why: jid::Error| why.to_string();
        let config = ServiceConfig::new(&BareJid::new(DOMAIN).map_err(wrong)?);
        let config = ServiceConfig { muc: speaks.contains(&Dialect::Muc), ..config };
        let service = Service::new(config, Gc3Limits::default(), Seed::new([9; 32]));
        let domain = |jid: &str| jid.split_once('@').map_or(jid, |(_, domain)| domain).to_owned();
        let peers = PEOPLE.iter().enumerate().map(|(n, (jid, ..))| (domain(jid), home(n))).collect();
        let mut nodes = vec![Actor::Rooms(Rooms::new(service, peers).into())];
        for (n, (jid, ..)) in PEOPLE.iter().enumerate() {
            let jid = BareJid::new(jid).map_err(wrong)?;
            let account = Account::new(&jid, AccountLimits::default(), Seed::new([n as u8; 32]));
            nodes.push(Actor::Home(Home::new(account, BTreeMap::from([(DOMAIN.to_owned(), ROOMS)])).into()));
            nodes.push(Actor::Device(placeholder(n, speaks[n])?.into()));
        }
        let mut world = World::new(nodes, Net::new(seed), START);
        // Ann's device creates the room by hand: a client knows one room.
        connect(&mut world, 0);
        let create = format!(
            "<iq type='set' id='create' from='{}' to='{DOMAIN}'><create xmlns='urn:xmpp:gc3:0'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:create-form</value></field>\
             <field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field>\
             <field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field>\
             <field var='urn:xmpp:gc3:fields:nickname'><value>Ann</value></field></x></create></iq>",
            full(0)
        );
        let create = crate::codec::Reader::one(crate::ns::CLIENT, create.as_bytes()).map_err(|why| why.to_string())?;
        world.act(device(0), |_, _, out| out.push((home(0), create)));
        world.pass(Span::from_secs(5), |_| {}).map_err(|_| "restless")?;
        let Some(Actor::Rooms(rooms)) = world.nodes.first() else { return Err("no rooms".into()) };
        let room = rooms.service.rooms().next().ok_or("no room was created")?;
        for (n, dialect) in speaks.into_iter().enumerate() {
            let client = client(n, &room, dialect)?;
            if let Some(Actor::Device(device)) = world.nodes.get_mut(device(n)) {
                device.client = client;
            }
        }
        let mut chat = Self {
            world,
            room,
            speaks,
            wrong: [None; 4],
            longest: Span::ZERO,
            said: 0,
            fallen: false,
            story: Vec::new(),
        };
        for n in 0..PEOPLE.len() {
            chat.online(n);
            chat.command(n, Command::Join);
        }
        chat.pass(Span::from_secs(10))?;
        if let Some(Actor::Rooms(rooms)) = chat.world.nodes.get_mut(ROOMS) {
            rooms.keep();
        }
        Ok(chat)
    }

    /// The room's address.
    #[must_use]
    pub fn room(&self) -> &str {
        self.room.as_str()
    }

    /// A person's device.
    ///
    /// # Panics
    /// There is no such person.
    #[must_use]
    #[expect(clippy::panic, reason = "who asks knows how many there are")]
    pub fn device(&self, person: usize) -> &Device {
        match self.world.nodes.get(device(person)) {
            Some(Actor::Device(device)) => device,
            _ => panic!("there is no person {person}"),
        }
    }

    /// Connects a device.
    pub fn online(&mut self, person: usize) {
        connect(&mut self.world, person);
        self.command(person, Command::Online);
    }

    /// A device goes offline. If it is silent, its server goes on believing in it, until it `notices`.
    pub fn offline(&mut self, person: usize, silent: bool) {
        self.command(person, Command::Offline);
        if let Some(Actor::Device(device)) = self.world.nodes.get_mut(device(person)) {
            device.connected = false;
        }
        if !silent {
            self.notice(person);
        }
    }

    /// A home server ends the session of a device.
    pub fn notice(&mut self, person: usize) {
        let full = full(person);
        self.world.act(home(person), |node, now, out| {
            if let Actor::Home(home) = node {
                home.disconnect(now, &full, out);
            }
        });
    }

    /// A user, or a device, does something.
    pub fn command(&mut self, person: usize, command: Command) {
        self.world.act(device(person), |node, now, out| {
            if let Actor::Device(device) = node {
                device.command(now, command, out);
            }
        });
    }

    /// Somebody says something in the room.
    pub fn say(&mut self, person: usize) {
        self.said += 1;
        let text = format!("word {}", self.said);
        let stanza = Stanza::message(&full(person), self.room.as_str())
            .with_type(crate::codec::StanzaType::Groupchat)
            .with_id(&format!("m{}", self.said))
            .with_body(&text);
        self.send(person, stanza);
    }

    /// A device sends something that its client knows nothing of.
    fn send(&mut self, person: usize, stanza: Stanza) {
        if self.device(person).connected {
            self.world.act(device(person), |_, _, out| out.push((home(person), stanza)));
        }
    }

    /// A request to the room, which a user makes by other means than the client.
    pub fn request(&mut self, person: usize, payload: &str) {
        self.said += 1;
        let (from, id) = (full(person), self.said);
        let text = format!("<iq type='set' id='r{id}' from='{from}' to='{}'>{payload}</iq>", self.room);
        if let Ok(stanza) = crate::codec::Reader::one(crate::ns::CLIENT, text.as_bytes()) {
            self.send(person, stanza);
        }
    }

    /// Somebody takes another name.
    pub fn rename(&mut self, person: usize, nick: &str) {
        match self.speaks[person] {
            Dialect::Muc => self.send(person, Stanza::presence(&full(person), &format!("{}/{nick}", self.room))),
            Dialect::Gc3 => self.request(
                person,
                &format!(
                    "<participant xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>\
                     <field var='FORM_TYPE'><value>urn:xmpp:gc3:participant</value></field>\
                     <field var='urn:xmpp:gc3:fields:nickname'><value>{nick}</value></field></x></participant>"
                ),
            ),
        }
    }

    /// Ann, whose room it is, kicks somebody.
    pub fn kick(&mut self, person: usize) {
        let client = &self.device(person).client;
        let Some(id) = client.id() else { return };
        let nick = client.nick();
        let payload = match self.speaks[0] {
            Dialect::Muc => {
                format!("<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{nick}' role='none'/></query>")
            }
            Dialect::Gc3 => format!("<participants xmlns='urn:xmpp:gc3:0'><item id='{id}' kick='yes'/></participants>"),
        };
        self.request(0, &payload);
    }

    /// The room service restarts, from now or from the state that was kept last.
    pub fn restart(&mut self, lossy: bool) {
        self.fallen |= lossy;
        self.world.act(ROOMS, |node, now, out| {
            if let Actor::Rooms(rooms) = node {
                rooms.restart(lossy, now, out);
            }
        });
    }

    /// Lets time pass and watches what devices claim.
    ///
    /// # Errors
    /// A device claims to be in for too long, or something makes no sense.
    pub fn pass(&mut self, span: Span) -> Result<(), String> {
        let (mut wrong, mut longest, mut broken) = (self.wrong, self.longest, None);
        let room = self.room.clone();
        self.world
            .pass(span, |world| {
                for (person, since) in wrong.iter_mut().enumerate() {
                    let lies = claims(world, person) && !serves(world, &room, person);
                    *since = lies.then(|| since.unwrap_or(world.now));
                    let lasts = since.map_or(Span::ZERO, |since| world.now.since(since));
                    longest = longest.max(lasts);
                    if lasts > BOUND {
                        broken.get_or_insert_with(|| {
                            format!("{} claims to be in for {} s", PEOPLE[person].2, lasts.millis() / 1000)
                        });
                    }
                }
            })
            .map_err(|_| "the world does not come to rest")?;
        (self.wrong, self.longest) = (wrong, longest);
        broken.map_or(Ok(()), Err)
    }

    /// Whether every device sees what the room sees.
    ///
    /// # Errors
    /// What does not fit.
    pub fn converged(&self) -> Result<(), String> {
        let Some(Actor::Rooms(rooms)) = self.world.nodes.first() else { return Err("no rooms".into()) };
        let room = rooms.service.room_at(&self.room).ok_or("the room is gone")?;
        room.check()?;
        let names: BTreeMap<String, String> =
            room.participants().map(|(id, nick)| (id.as_str().to_owned(), nick.to_owned())).collect();
        let archive: Vec<String> =
            rooms.host.archives.get(&self.room).into_iter().flatten().map(|r| r.stanza_id.to_string()).collect();
        for (person, (jid, _, nick)) in PEOPLE.iter().enumerate() {
            let device = self.device(person);
            device.client.check_state()?;
            let listed = room.has_participant(jid);
            match device.client.standing() {
                Standing::In => {
                    if !listed || !serves(&self.world, &self.room, person) {
                        return Err(format!("{nick} claims to be in, and the room does not serve that device"));
                    }
                }
                Standing::Out(_) if !listed => continue,
                // By XEP-0045 a device is out, and its account may be in by request.
                Standing::Out(_) if self.speaks[person] == Dialect::Muc && !serves(&self.world, &self.room, person) => {
                    continue;
                }
                // A service that falls back forgets a leave, and nobody is asked again who is out: the account is in, and
                // no device of it hears anything.
                Standing::Out(_) if self.fallen => continue,
                other => return Err(format!("{nick} is {other:?}, and the room says {listed}")),
            }
            let id = |id: &str, person: &Person| person.occupant.as_deref().unwrap_or(id).to_owned();
            let seen: BTreeMap<String, String> =
                device.client.people().map(|(key, person)| (id(key, person), person.nick.to_string())).collect();
            if seen != names {
                return Err(format!("{nick} sees {seen:?}, and there are {names:?}"));
            }
            let own = device.client.id().and_then(|id| names.get(id));
            if own.map(String::as_str) != Some(device.client.nick()) {
                return Err(format!("{nick} believes to be called {}, and is {own:?}", device.client.nick()));
            }
            // After its first message nothing may be missing.
            let first = archive.iter().position(|id| device.shown.contains(id)).unwrap_or(archive.len());
            let missing = archive.iter().skip(first).filter(|id| !device.shown.contains(*id)).count();
            if missing > 0 && device.gaps == 0 {
                let (shown, certain) = (&device.shown, device.client.certain());
                return Err(format!(
                    "{nick} misses {missing} messages, and shows no gap: certain {certain:?} shown {shown:?} archive {archive:?}"
                ));
            }
            if device.twice > 0 {
                return Err(format!("{nick} was shown {} messages twice", device.twice));
            }
        }
        Ok(())
    }

    /// One thing that chance chooses.
    fn deed(&mut self, dice: &mut Dice) {
        let person = dice.throw(PEOPLE.len() as u64) as usize;
        let nick = PEOPLE[person].2;
        let connected = self.device(person).connected;
        let told = match dice.throw(23) {
            0..=6 => {
                self.say(person);
                format!("{nick} speaks")
            }
            7 | 8 => {
                self.offline(person, false);
                format!("{nick} goes offline")
            }
            9 | 10 => {
                self.offline(person, true);
                format!("{nick} vanishes")
            }
            11 | 12 if !connected => {
                self.online(person);
                format!("{nick} is back")
            }
            13 => {
                self.command(person, if dice.throw(2) == 0 { Command::Leave } else { Command::Join });
                format!("{nick} leaves or joins")
            }
            14 => {
                self.restart(false);
                "the service restarts".to_owned()
            }
            15 => {
                self.restart(true);
                "the service falls back".to_owned()
            }
            16 => {
                if let Some(Actor::Rooms(rooms)) = self.world.nodes.get_mut(ROOMS) {
                    rooms.keep();
                }
                "the service saves".to_owned()
            }
            17 => {
                let until = self.world.now.plus(Span::from_secs(dice.throw(1800)));
                self.world.net.cut(ROOMS, home(person), until);
                format!("the stream to {nick} is cut")
            }
            18 => {
                let loss = [0, 10, 100, 400][dice.throw(4) as usize];
                let climate = Climate { loss, bounce: dice.throw(1001) as u32, delay: Span::from_millis(2000) };
                self.world.net.climate = climate;
                format!("{climate:?}")
            }
            19 | 20 => {
                let new = format!("{nick}{}", dice.throw(4));
                self.rename(person, &new);
                format!("{nick} is renamed to {new}")
            }
            21 => {
                self.kick(person);
                format!("{nick} is kicked")
            }
            _ => {
                self.notice(person);
                if let Some(Actor::Device(device)) = self.world.nodes.get_mut(device(person)) {
                    device.restart();
                }
                if connected {
                    self.offline(person, false);
                    self.online(person);
                }
                format!("{nick} restarts")
            }
        };
        self.story.push(format!("{} s: {told}", self.world.now.since(START).millis() / 1000));
    }

    /// Ends all faults: streams are whole, everybody is connected.
    pub fn calm(&mut self) {
        self.world.net.climate = Climate::CALM;
        self.world.net.mend();
        for person in 0..PEOPLE.len() {
            if !self.device(person).connected {
                self.notice(person);
                self.online(person);
            }
        }
        self.story.push(format!("{} s: calm", self.world.now.since(START).millis() / 1000));
    }
}

/// Which dialect each device speaks in the world of a seed: all GC3, all XEP-0045, or a mixture.
#[must_use]
pub const fn dialects(seed: u64) -> [Dialect; 4] {
    let mut dice = Dice::new(seed ^ 0xd1a1);
    let mixture = [0, 15, dice.throw(16)][dice.throw(3) as usize];
    let mut speaks = [Dialect::Gc3; 4];
    let mut person = 0;
    while person < speaks.len() {
        if mixture >> person & 1 == 1 {
            speaks[person] = Dialect::Muc;
        }
        person += 1;
    }
    speaks
}

/// A whole history of a seed: faults, and then calm. Gives what happened.
///
/// # Errors
/// What is wrong at the end of it, after what happened.
pub fn history(seed: u64, deeds: usize) -> Result<Chat, String> {
    let mut chat = Chat::new(seed, dialects(seed))?;
    let mut dice = Dice::new(seed ^ 0x5eed);
    let told = |chat: &Chat, what: String| format!("seed {seed}, {:?}: {what}\n{}", chat.speaks, chat.story.join("\n"));
    for _ in 0..deeds {
        chat.deed(&mut dice);
        let scale = 10 + dice.throw(11);
        let span = Span::from_millis(dice.throw(1 << scale));
        chat.pass(span).map_err(|what| told(&chat, what))?;
    }
    chat.calm();
    chat.pass(CALM).map_err(|what| told(&chat, what))?;
    chat.converged().map_err(|what| told(&chat, what))?;
    Ok(chat)
}

/// The body of a fuzz target: the bytes are a seed and how much happens. Panics if the views do not come together.
pub fn fuzz(bytes: &[u8]) {
    let Some((deeds, seed)) = bytes.split_first() else { return };
    let seed = seed.iter().fold(0_u64, |seed, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte)));
    assert_eq!(history(seed, usize::from(*deeds) % 60).err(), None, "the views come together");
}

/// Whether a device claims to be in.
fn claims(world: &World<Actor>, person: usize) -> bool {
    matches!(world.nodes.get(device(person)), Some(Actor::Device(device)) if device.client.standing() == Standing::In)
}

/// Whether the room has a session of that device that hears messages.
fn serves(world: &World<Actor>, room: &BareJid, person: usize) -> bool {
    let Some(Actor::Rooms(rooms)) = world.nodes.first() else { return false };
    let Some(room) = rooms.service.room_at(room) else { return false };
    room.hears_messages(&full(person))
}

fn full(person: usize) -> String {
    let (jid, resource, _) = PEOPLE[person];
    format!("{jid}/{resource}")
}

fn client(person: usize, room: &BareJid, dialect: Dialect) -> Result<Client, String> {
    let config = ClientConfig {
        room: room.clone(),
        me: FullJid::new(&full(person)).map_err(|why| why.to_string())?,
        dialect,
        nick: PEOPLE[person].2.into(),
        password: None,
        archive: true,
        occupant_ids: true,
        reactions: false,
        account: person % 2 == 1 && dialect == Dialect::Gc3,
    };
    Ok(Client::new(config, ClientLimits::default(), Seed::new([100 + person as u8; 32])))
}

/// A device before the room's address is known.
fn placeholder(person: usize, dialect: Dialect) -> Result<Device, String> {
    let nowhere = BareJid::new("nowhere@rooms.example").map_err(|why| why.to_string())?;
    Ok(Device::new(client(person, &nowhere, dialect)?, full(person), home(person)))
}

fn connect(world: &mut World<Actor>, person: usize) {
    if let Some(Actor::Device(device)) = world.nodes.get_mut(device(person)) {
        device.connected = true;
    }
    world.act(home(person), |node, _, out| {
        if let Actor::Home(home) = node {
            home.connect(&full(person), device(person), out);
        }
    });
}

/// Whether an account is in a room by GC3, as its own server believes.
#[must_use]
pub fn listed(chat: &Chat, person: usize) -> bool {
    match chat.world.nodes.get(home(person)) {
        Some(Actor::Home(home)) => home.account.rooms().any(|(room, way)| room == chat.room() && way == Way::Gc3),
        _ => false,
    }
}
