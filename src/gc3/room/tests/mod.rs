//! Rooms driven stanza by stanza.

mod hostile;
mod lists;
mod settings;
mod tokens;

use jid::BareJid;

use super::{Policy, Room, RoomOrder};
use crate::codec::Reader;
use crate::gc3::config::{Config, Kind};
use crate::gc3::host::{Answer, Command, Input, Notice, Order, Token};
use crate::limits::Gc3Limits;
use crate::machine::Machine;
use crate::ns;
use crate::outbox::Outbox;
use crate::seed::Seed;
use crate::time::Time;

const ROOM: &str = "vdq3o2c7iypmbi4sfk6x2wzn5e@rooms.example";
const ANN: &str = "ann@tea.example/laptop";
const BEN: &str = "ben@oak.example/phone";
const CID: &str = "cid@fig.example/desk";
const DEE: &str = "dee@elm.example/tablet";

/// A room, owned by Ann, who has not joined it yet, and its clock.
struct World {
    room: Room,
    now: Time,
}

/// What was said in one call.
struct Said {
    /// Recipient, rule, stanza.
    sent: Vec<(String, &'static str, String)>,
    orders: Vec<RoomOrder>,
    /// All rules that decided something.
    rules: Vec<&'static str>,
}

impl World {
    fn new(kind: Kind, change: impl FnOnce(&mut Config)) -> Self {
        Self::within(kind, Gc3Limits::default(), change)
    }

    fn within(kind: Kind, limits: Gc3Limits, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { name: "Tea".into(), ..Config::of(kind) };
        change(&mut config);
        let (address, owner) = (BareJid::new(ROOM).unwrap(), BareJid::new("ann@tea.example").unwrap());
        let now = Time::from_millis(1_000_000);
        Self { room: Room::new(&address, 1, &owner, config, limits, Seed::new([7; 32]), now), now }
    }

    /// A channel with Ann, its owner, Ben and Cid.
    fn channel() -> Self {
        let mut world = Self::new(Kind::Channel, |_| {});
        world.join(ANN, "Ann");
        world.join(BEN, "Ben");
        world.join(CID, "Cid");
        world.wait(2000);
        world
    }

    fn collect(&mut self, act: impl FnOnce(&mut Room, Time, &mut Outbox<RoomOrder, Notice>)) -> Said {
        let mut out = Outbox::new();
        act(&mut self.room, self.now, &mut out);
        assert_eq!(self.room.check(), Ok(()));
        let mut rules: Vec<_> = out.orders().iter().map(|(why, _)| why.id()).collect();
        rules.extend(out.notices().iter().map(|(why, _)| why.id()));
        let sent: Vec<_> = out
            .deliveries()
            .map(|d| {
                let xml = [d.head, d.tail].concat();
                (d.to.to_owned(), d.why.id(), short(&String::from_utf8(xml).unwrap()))
            })
            .collect();
        rules.extend(sent.iter().map(|&(_, why, _)| why));
        Said { sent, orders: out.orders().iter().map(|(_, order)| order.clone()).collect(), rules }
    }

    /// Sends a stanza, in `jabber:client`, a second after the last one.
    fn send(&mut self, xml: &str) -> Said {
        self.now = Time::from_millis(self.now.millis() + 1000);
        let stanza = Reader::one(ns::CLIENT, xml.as_bytes()).unwrap();
        self.collect(|room, now, out| room.handle(now, Input::Stanza(stanza), out).unwrap())
    }

    fn iq(&mut self, type_: &str, from: &str, payload: &str) -> Said {
        self.send(&format!("<iq type='{type_}' id='q' from='{from}' to='{ROOM}'>{payload}</iq>"))
    }

    fn get(&mut self, from: &str, payload: &str) -> Said {
        self.iq("get", from, payload)
    }

    fn set(&mut self, from: &str, payload: &str) -> Said {
        self.iq("set", from, payload)
    }

    fn join(&mut self, from: &str, nick: &str) -> Said {
        let form = form("join-form", &[("nickname", nick)]);
        self.set(from, &format!("<join xmlns='urn:xmpp:gc3:0'>{form}</join>"))
    }

    fn subscribe(&mut self, from: &str, topic: &str) -> Said {
        self.set(from, &format!("<subscribe xmlns='urn:xmpp:gc3:0' type='{topic}'/>"))
    }

    /// Answers a question of the room, at once.
    fn answer(&mut self, token: Token, answer: Answer) -> Said {
        self.collect(|room, now, out| room.handle(now, Input::Answer { token, answer }, out).unwrap())
    }

    fn command(&mut self, command: Command) -> Said {
        self.collect(|room, now, out| room.handle(now, Input::Command(command), out).unwrap())
    }

    /// Lets time pass, and what is due happen.
    fn wait(&mut self, millis: u64) -> Said {
        self.now = Time::from_millis(self.now.millis() + millis);
        self.collect(|room, now, out| room.wake(now, out))
    }

    /// The participant ID of a JID.
    fn id(&self, jid: &str) -> String {
        self.room.state.id_of(jid.split('/').next().unwrap()).to_string()
    }
}

impl Said {
    /// The token of the question about a parent.
    #[track_caller]
    fn token(&self) -> Token {
        match self.orders.first() {
            Some(&RoomOrder::Host(Order::Parent { token, .. })) => token,
            _ => panic!("the host is asked about a parent, not {:?} {:?}", self.orders, self.sent),
        }
    }

    /// Everything that was sent to a JID, in order.
    fn to(&self, jid: &str) -> Vec<&str> {
        self.sent.iter().filter(|(to, ..)| to == jid).map(|(.., xml)| xml.as_str()).collect()
    }

    /// The answer to the request, after its rule was found to be this one.
    #[track_caller]
    fn answer(&self, rule: &str) -> &str {
        let (_, why, xml) = self.sent.first().expect("an answer");
        assert_eq!(*why, rule, "{xml}");
        xml
    }

    /// That the request was refused, by this rule and with this error, and that nothing else was said.
    #[track_caller]
    fn refused(&self, rule: &str, type_: &str, condition: &str) {
        let xml = self.answer(rule);
        let error = format!("<error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
        assert!(xml.contains(&error), "{xml}");
        assert_eq!(self.sent.len(), 1);
    }

    #[track_caller]
    fn has_rule(&self, rule: &str) {
        assert!(self.rules.contains(&rule), "{rule} is not among {:?}", self.rules);
    }
}

/// The same XML, with empty elements written short.
fn short(xml: &str) -> String {
    let mut rest = xml;
    let mut short = String::new();
    while let Some((before, after)) = rest.split_once("></") {
        short += before;
        let opened = short.rfind('<').unwrap();
        if short[opened..].starts_with("</") {
            short += "></";
            rest = after;
        } else {
            short += "/>";
            rest = after.split_once('>').unwrap().1;
        }
    }
    short + rest
}

/// A form that was filled in.
pub(in crate::gc3) fn form(name: &str, fields: &[(&str, &str)]) -> String {
    let mut form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:{name}</value></field>"
    );
    for (name, value) in fields {
        form += &format!("<field var='urn:xmpp:gc3:fields:{name}'><value>{value}</value></field>");
    }
    form + "</x>"
}
