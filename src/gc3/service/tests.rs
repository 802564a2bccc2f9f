//! A service driven stanza by stanza, where rooms get in each other's way.

use jid::BareJid;

use super::{Service, ServiceConfig};
use crate::codec::Reader;
use crate::gc3::host::{Answer, Input, Notice, Order, Token};
use crate::gc3::room::tests::form;
use crate::limits::Gc3Limits;
use crate::machine::Machine;
use crate::ns;
use crate::outbox::Outbox;
use crate::seed::Seed;
use crate::snapshot::Snapshot;
use crate::time::Time;

const ANN: &str = "ann@tea.example/laptop";

struct World {
    service: Service,
    now: u64,
}

impl World {
    fn new() -> Self {
        let mut config = ServiceConfig::new(&BareJid::new("rooms.example").unwrap());
        config.admins.insert("ann@tea.example".into());
        let limits = Gc3Limits { rooms_per_account: 3, ..Gc3Limits::default() };
        Self { service: Service::new(config, limits, Seed::new([4; 32])), now: 1_000_000 }
    }

    /// Hands over an input; gives back what was sent, and the token of what is asked about a parent.
    fn give(&mut self, input: Input) -> (String, Option<Token>) {
        self.now += 1000;
        let mut out: Outbox<Order, Notice> = Outbox::new();
        self.service.handle(Time::from_millis(self.now), input, &mut out).unwrap();
        assert_eq!(self.service.check(), Ok(()));
        let bytes: Vec<u8> = out.deliveries().flat_map(|d| [d.head, d.tail].concat()).collect();
        let token = out.orders().iter().find_map(|(_, order)| match order {
            Order::Parent { token, .. } => Some(*token),
            _ => None,
        });
        (String::from_utf8(bytes).unwrap(), token)
    }

    fn set(&mut self, to: &str, payload: &str) -> (String, Option<Token>) {
        let xml = format!("<iq type='set' id='q' from='{ANN}' to='{to}'>{payload}</iq>");
        self.give(Input::Stanza(Reader::one(ns::CLIENT, xml.as_bytes()).unwrap()))
    }

    /// Creates a channel; gives back its address, if it is created.
    fn create(&mut self) -> Option<String> {
        let fields = form("create-form", &[("nickname", "Ann"), ("name", "Tea"), ("kind", "channel")]);
        let said = self.set("rooms.example", &format!("<create xmlns='urn:xmpp:gc3:0'>{fields}</create>")).0;
        let (_, rest) = said.split_once("<subscription-jid>")?;
        Some(rest.split_once('<')?.0.to_owned())
    }

    fn configure(&mut self, room: &str, fields: &[(&str, &str)]) -> (String, Option<Token>) {
        self.set(room, &format!("<config xmlns='urn:xmpp:gc3:0'>{}</config>", form("config", fields)))
    }
}

#[test]
fn a_name_that_another_got_meanwhile_is_taken() {
    let mut world = World::new();
    let (first, second) = (world.create().unwrap(), world.create().unwrap());
    let alias = ("aliases", "oak@rooms.example");
    let parent = ("parent", "xmpp:spaces.example?;node=kitchen");
    let (_, token) = world.configure(&first, &[alias, parent]);
    assert!(world.configure(&second, &[alias]).0.contains("type='result'"));
    let mut later = World { service: Service::load(&world.service.save()).unwrap(), now: world.now };
    let answer = || Input::Answer { token: token.unwrap(), answer: Answer::Yes };
    let said = world.give(answer()).0;
    assert!(said.contains("<conflict"), "{said}");
    assert_eq!(later.give(answer()).0, said);
    assert_eq!(later.service.save(), world.service.save());
}

#[test]
fn rooms_are_counted_by_who_created_them() {
    let mut world = World::new();
    let rooms: Vec<String> = (0..3).map(|_| world.create().unwrap()).collect();
    assert_eq!(world.create(), None);
    world.set(&rooms[0], "<destroy xmlns='urn:xmpp:gc3:0'/>");
    world.service = Service::load(&world.service.save()).unwrap();
    assert!(world.create().is_some());
    assert_eq!(world.create(), None);
}

#[test]
fn what_nobody_says_of_its_features_is_given_up() {
    let mut world = World::new();
    let room = world.create().unwrap();
    let xml = format!(
        "<presence from='{ANN}' to='{room}'>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='v' node='n'/></presence>"
    );
    world.give(Input::Stanza(Reader::one(ns::CLIENT, xml.as_bytes()).unwrap()));
    assert_eq!(world.service.state.caps_queries.len(), 1);
    world.service = Service::load(&world.service.save()).unwrap();
    let due = Time::from_millis(world.now + 30_000);
    assert_eq!(world.service.state.caps_due.first().map(|&(at, _)| at), Some(due));
    world.service.wake(due, &mut Outbox::new());
    let state = &world.service.state;
    assert!(state.caps_queries.is_empty() && state.caps_ids.is_empty() && state.caps_due.is_empty());
}
