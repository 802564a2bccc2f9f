//! A room with a host that keeps an archive and answers at once, spoken to in XML.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use jid::BareJid;
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::gc3::config::{Config, Kind};
use xmpp_machines::gc3::{Answer, Input, Notice, Order, Page, ParticipantId, Record, Room, RoomOrder};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::time::Time;
use xmpp_machines::{Machine, Outbox, ns};
pub const ROOM: &str = "room@rooms.example";

/// A room with a host that keeps an archive and answers at once.
pub struct World {
    pub room: Room,
    pub now: u64,
    pub records: Vec<Record>,
    /// Whether the host answers questions.
    pub answers: bool,
    pub rules: Vec<&'static str>,
    pub notices: Vec<Notice>,
    pub asked: Vec<Order>,
}

pub fn config(kind: Kind) -> Config {
    Config { name: "Tea".to_owned(), ..Config::of(kind) }
}

pub fn id(bare: &str) -> String {
    ParticipantId::of(&Seed::new([7; 32]), bare).to_string()
}

pub fn at(bare: &str) -> String {
    format!("{ROOM}/{}", id(bare))
}

impl World {
    pub fn new(config: Config) -> Self {
        Self::with(config, Gc3Limits::default())
    }

    pub fn with(config: Config, limits: Gc3Limits) -> Self {
        let bare = |text| BareJid::new(text).unwrap();
        let owner = bare("ann@tea.example");
        let secret = Seed::new([7; 32]);
        let room = Room::new(&bare(ROOM), 1, &owner, config, limits, secret, Time::from_millis(1_000_000));
        let mut world = Self {
            room,
            now: 1_000_000,
            records: Vec::new(),
            answers: true,
            rules: Vec::new(),
            notices: Vec::new(),
            asked: Vec::new(),
        };
        world.join("ann@tea.example/laptop", "Ann");
        world
    }

    /// Joins with a session that hears messages.
    pub fn join(&mut self, full: &str, nick: &str) {
        let form = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value>\
             </field><field var='urn:xmpp:gc3:fields:nickname'><value>{nick}</value></field></x>"
        );
        self.iq(full, "set", &format!("<join xmlns='urn:xmpp:gc3:0'>{form}<subscribe type='message'/></join>"));
        self.later(2000);
    }

    pub fn say(&mut self, full: &str, message_id: &str, payload: &str) -> Vec<String> {
        self.send(&format!("<message type='groupchat' id='{message_id}' from='{full}' to='{ROOM}'>{payload}</message>"))
    }

    pub fn iq(&mut self, from: &str, type_: &str, payload: &str) -> Vec<String> {
        self.iq_to(ROOM, from, type_, payload)
    }

    pub fn iq_to(&mut self, to: &str, from: &str, type_: &str, payload: &str) -> Vec<String> {
        self.send(&format!("<iq type='{type_}' id='q' from='{from}' to='{to}'>{payload}</iq>"))
    }

    /// What comes of a stanza; the host's answers included.
    pub fn send(&mut self, xml: &str) -> Vec<String> {
        let stanza: Stanza = Reader::one(ns::CLIENT, xml.as_bytes()).unwrap();
        self.now += 10;
        self.rules.clear();
        self.notices.clear();
        let mut said = self.handle(Input::Stanza(stanza));
        while self.answers && !self.asked.is_empty() {
            for order in std::mem::take(&mut self.asked) {
                let (token, answer) = match order {
                    Order::Fetch { token, query, .. } => (token, query.answer(self.records.iter())),
                    Order::Find { token, id, .. } => {
                        let found = self.records.iter().find(|r| *r.stanza_id == *id).cloned();
                        let page = |r| Answer::Page(Page { records: vec![r], complete: true, index: 0, count: 1 });
                        (token, found.map_or(Answer::NoSuchId, page))
                    }
                    other => panic!("nobody answers {other:?}"),
                };
                said.extend(self.handle(Input::Answer { token, answer }));
            }
        }
        said
    }

    pub fn handle(&mut self, input: Input) -> Vec<String> {
        let mut out = Outbox::new();
        self.room.handle(Time::from_millis(self.now), input, &mut out).unwrap();
        self.take(&out)
    }

    pub fn later(&mut self, millis: u64) -> Vec<String> {
        self.now += millis;
        self.rules.clear();
        self.notices.clear();
        let mut out = Outbox::new();
        self.room.wake(Time::from_millis(self.now), &mut out);
        self.take(&out)
    }

    pub fn take(&mut self, out: &Outbox<RoomOrder, Notice>) -> Vec<String> {
        for (why, order) in out.orders() {
            self.rules.push(why.id());
            match order {
                RoomOrder::Host(Order::Store { record, .. }) => self.records.push(record.clone()),
                RoomOrder::Host(Order::Replace { record, .. }) => {
                    let place = self.records.iter_mut().find(|r| r.seq == record.seq).unwrap();
                    *place = record.clone();
                }
                RoomOrder::Host(order) => self.asked.push(order.clone()),
                other => panic!("unexpected {other:?}"),
            }
        }
        for (why, notice) in out.notices() {
            self.rules.push(why.id());
            self.notices.push(notice.clone());
        }
        self.room.check().unwrap();
        let text = |d: xmpp_machines::Delivery<'_>| String::from_utf8([d.head, d.tail].concat()).unwrap();
        self.rules.extend(out.deliveries().map(|d| d.why.id()));
        out.deliveries().map(text).collect()
    }

    pub fn sid(&self, nth: usize) -> String {
        self.records[nth].stanza_id.to_string()
    }

    #[track_caller]
    pub fn by(&self, rule: &str) {
        assert!(self.rules.contains(&rule), "{rule} is not in {:?}", self.rules);
    }
}

#[track_caller]
pub fn has(stanza: &str, part: &str) {
    assert!(stanza.contains(part), "no {part}\nin {stanza}");
}

#[track_caller]
pub fn error(said: &[String], type_: &str, condition: &str) {
    let [only] = said else { panic!("one error expected: {said:#?}") };
    has(only, &format!("<error type='{type_}'><{condition} "));
}

pub const ANN: &str = "ann@tea.example/laptop";
pub const BEN: &str = "ben@oak.example/phone";
pub const CID: &str = "cid@fig.example/desk";

pub fn talk() -> World {
    let mut world = World::new(config(Kind::Channel));
    world.join(BEN, "Ben");
    world.join(CID, "Cid");
    world.say(BEN, "m1", "<body>Kettle is on.</body>");
    world.say(CID, "m2", "<body>Green or black?</body>");
    world.say(BEN, "m3", "<body>Green.</body>");
    world
}

pub fn rsm(inside: &str) -> String {
    format!("<set xmlns='http://jabber.org/protocol/rsm'>{inside}</set>")
}
