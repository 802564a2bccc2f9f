//! A domain with accounts and a room of theirs, for the tests and benches that count.

#![allow(dead_code, unreachable_pub, reason = "each test and bench uses its part")]
#![allow(clippy::expect_used, reason = "a test may fail")]

use jid::{BareJid, FullJid};
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::ServiceConfig;
use xmpp_machines::imng::Event;
use xmpp_machines::limits::ServiceLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::service::rooms::Copies;
use xmpp_machines::service::{Domain, DomainConfig, Input};
use xmpp_machines::{Machine, Outbox, Time};

/// The session of an account.
pub fn session(n: usize) -> FullJid {
    FullJid::new(&format!("user{n:05}@tea.example/pot")).expect("it is a full JID")
}

/// A second later.
pub fn at(at: &mut u64) -> Time {
    *at += 1000;
    Time::from_millis(*at)
}

/// A domain with so many accounts, each with an available session; and the moment. With push, rooms send copies and
/// accounts have routers.
pub fn domain(accounts: usize, push: bool) -> (Domain, u64) {
    let bare = |text: &str| BareJid::new(text).expect("it is a JID");
    let rooms = ServiceConfig { muc: true, ..ServiceConfig::new(&bare("rooms.tea.example")) };
    let mut config = DomainConfig::new(&bare("tea.example")).with_rooms(rooms);
    if push {
        config = config.with_copies(Copies::default()).with_push();
    }
    let mut domain = Domain::new(config, ServiceLimits::default(), Seed::new([7; 32])).expect("two domains");
    let mut now = 1_800_000_000_000;
    for n in 0..accounts {
        let session = session(n);
        let time = at(&mut now);
        let mut give = |input| domain.handle_with(time, input, |_, _| {}).expect("it is no misuse");
        give(Input::Create { account: session.to_bare() });
        give(Input::Session { session: session.clone(), event: Event::Bound });
        give(said(&session, "<presence/>"));
    }
    (domain, now)
}

/// What a session sends.
pub fn said(session: &FullJid, xml: &str) -> Input {
    let stanza = Reader::one("jabber:client", xml.as_bytes()).expect("it is a stanza");
    Input::FromSession { session: session.clone(), stanza }
}

fn form(kind: &str, nick: &str) -> String {
    let field = |name: &str, value: &str| format!("<field var='{name}'><value>{value}</value></field>");
    let f = "urn:xmpp:gc3:fields:";
    format!(
        "<{kind} xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>{}{}{}{}</x><subscribe type='message'/></{kind}>",
        field("FORM_TYPE", &format!("urn:xmpp:gc3:{kind}-form")),
        field(&format!("{f}nickname"), nick),
        field(&format!("{f}kind"), "channel"),
        field(&format!("{f}name"), "Tea"),
    )
}

/// A room of the first account, which listens.
fn create(domain: &mut Domain, now: &mut u64) -> String {
    let mut outbox = Outbox::new();
    let create = format!("<iq type='set' id='c' to='rooms.tea.example'>{}</iq>", form("create", "Nick"));
    domain.handle(at(now), said(&session(0), &create), &mut outbox).expect("it is no misuse");
    let first = outbox.deliveries().next().expect("an answer");
    let text = String::from_utf8_lossy(first.tail).into_owned();
    text.split("<subscription-jid>").nth(1).and_then(|rest| rest.split('<').next()).expect("a room").to_owned()
}

/// A domain and the address of a room in which all accounts listen.
pub fn listening(accounts: usize) -> (Domain, u64, String) {
    let (mut domain, mut now) = domain(accounts, false);
    let room = create(&mut domain, &mut now);
    for n in 1..accounts {
        let join = format!("<iq type='set' id='j' to='{room}'>{}</iq>", form("join", &format!("Nick{n}")));
        domain.handle_with(at(&mut now), said(&session(n), &join), |_, _| {}).expect("it is no misuse");
    }
    (domain, now, room)
}

/// A domain and the address of a room in which all accounts but the first are registered, each with a phone that sleeps.
pub fn asleep(accounts: usize) -> (Domain, u64, String) {
    let (mut domain, mut now) = domain(accounts, true);
    let room = create(&mut domain, &mut now);
    for n in 1..accounts {
        let register = format!(
            "<iq type='set' id='r' to='{room}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
             <field var='muc#register_roomnick'><value>Nick{n}</value></field></x></query></iq>"
        );
        let enable = "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n'/></iq>";
        let mut give = |input| domain.handle_with(at(&mut now), input, |_, _| {}).expect("it is no misuse");
        give(said(&session(n), &register));
        give(said(&session(n), enable));
        give(Input::Session { session: session(n), event: Event::Gone { unacked: Vec::new() } });
    }
    (domain, now, room)
}

/// What the first account says in the room.
pub fn message(room: &str) -> Input {
    let xml = format!("<message to='{room}' id='g' type='groupchat'><body>Who brings the cups?</body></message>");
    said(&session(0), &xml)
}
