//! What the embedding program must not do: nothing changes, nothing is said, and the text says what to do.

use jid::BareJid;
use xmpp_machines::gc3::config::{Config, Kind};
use xmpp_machines::gc3::{Answer, Input, Order, Page, Room, RoomOrder, ServiceConfig, Token};
use xmpp_machines::imng::Event;
use xmpp_machines::limits::{AccountLimits, Gc3Limits, ServiceLimits};
use xmpp_machines::seed::Seed;
use xmpp_machines::service::{self, Domain, DomainConfig};
use xmpp_machines::sim::laws::{Lawful, try_input};
use xmpp_machines::{Action, Machine, Misuse, Outbox, Snapshot as _, Time};

use super::world::{ANN, BEN, START, World, form, stanza};

/// Hands in an answer that is misuse. The law of misuse sees to it that nothing changes and nothing is said.
#[track_caller]
fn refused<M>(machine: &mut M, token: Token, answer: Answer) -> Misuse
where
    M: Lawful + Machine<Input = Input>,
{
    let before = machine.save();
    let later = Time::from_millis(START.millis() + 9_000_000);
    let done = try_input(machine, later, Input::Answer { token, answer }).unwrap();
    assert_eq!(machine.save(), before);
    done.unwrap_err()
}

/// Gives a stanza, and finds the token of what is asked.
fn asks<M: Machine<Input = Input>>(machine: &mut M, text: &str, token: impl Fn(&M::Order) -> Option<Token>) -> Token {
    let mut asked = None;
    let now = Time::from_millis(START.millis() + 8_000_000);
    let mut sink = |_, action: Action<'_, M::Order, M::Notice>| {
        if let Action::Do(order) = action {
            asked = token(&order);
        }
    };
    machine.handle(now, stanza(text), &mut sink).unwrap();
    asked.unwrap()
}

const ARCHIVE: &str = "<query xmlns='urn:xmpp:mam:2'/>";

fn of_order(order: &Order) -> Option<Token> {
    match order {
        Order::Fetch { token, .. } | Order::Find { token, .. } | Order::Parent { token, .. } => Some(*token),
        _ => None,
    }
}

#[test]
fn of_a_service() {
    let mut world = World::new();
    world.create("channel", &[], &[]);
    let query = world.fill(&format!("<iq type='set' id='q' from='{ANN}' to='{{room}}'>{ARCHIVE}</iq>"));
    let mut service = world.bench.machine;

    for token in [0, 1, u64::MAX, 1 << 32, (1 << 32) + 1, 7 << 32] {
        let misuse = refused(&mut service, token, Answer::Yes);
        assert_eq!(misuse, Misuse::NotAsked { token });
        let text = misuse.to_string();
        assert!(text.contains(&token.to_string()) && text.contains("at most once"), "{text}");
    }

    let token = asks(&mut service, &query, of_order);
    for answer in [Answer::Yes, Answer::No, Answer::Features(Default::default())] {
        let misuse = refused(&mut service, token, answer);
        assert_eq!(misuse, Misuse::WrongAnswer { token, wanted: "a page" });
        assert!(misuse.to_string().contains("wants a page"), "{misuse}");
    }
    // It is still open, is answered once, and then no more.
    let answer = || Input::Answer { token, answer: Answer::Page(Page::default()) };
    service.handle(START, answer(), &mut Outbox::new()).unwrap();
    assert_eq!(refused(&mut service, token, Answer::Page(Page::default())), Misuse::NotAsked { token });

    // What timed out was answered without the host.
    let token = asks(&mut service, &query, of_order);
    service.wake(Time::from_millis(START.millis() + 8_060_000), &mut Outbox::new());
    assert_eq!(refused(&mut service, token, Answer::Unavailable), Misuse::NotAsked { token });

    let before = service.save();
    let elsewhere = ServiceConfig::new(&BareJid::new("elsewhere.example").unwrap());
    let misuse = service.reconfigure(elsewhere).unwrap_err();
    assert!(matches!(misuse, Misuse::Impossible { what } if what.contains("make another service")), "{misuse}");
    assert_eq!(service.save(), before);
}

#[test]
fn of_a_room() {
    let address = BareJid::new("kettle@rooms.example").unwrap();
    let owner = BareJid::new("ann@tea.example").unwrap();
    let mut config = Config { name: "Tea".into(), ..Config::of(Kind::Channel) };
    config.members_only = true;
    config.parent = "xmpp:spaces.example?;node=kitchen".into();
    config.parent_join = xmpp_machines::gc3::config::ParentJoin::Members;
    let mut room = Room::new(&address, 3, &owner, config, Gc3Limits::default(), Seed::new([9; 32]), START);
    let iq = |from: &str, payload: &str| format!("<iq type='set' id='q' from='{from}' to='{address}'>{payload}</iq>");
    let join = |nick: &str| format!("<join xmlns='urn:xmpp:gc3:0'>{}</join>", form("join-form", &[("nickname", nick)]));
    let of_room = |order: &RoomOrder| match order {
        RoomOrder::Host(order) => of_order(order),
        RoomOrder::Features { token, .. } => Some(*token),
        RoomOrder::Aliases(_) => None,
    };
    room.handle(START, stanza(&iq(ANN, &join("Ann"))), &mut Outbox::new()).unwrap();

    let misuse = refused(&mut room, 3 << 32, Answer::Yes);
    assert_eq!(misuse, Misuse::NotAsked { token: 3 << 32 });

    let page = || Answer::Page(Page::default());
    let features = || Answer::Features(Default::default());

    let token = asks(&mut room, &iq(BEN, &join("Ben")), of_room);
    for answer in [page(), Answer::NoSuchId, features()] {
        assert_eq!(refused(&mut room, token, answer), Misuse::WrongAnswer { token, wanted: "yes or no" });
    }
    let token = asks(&mut room, &iq(ANN, ARCHIVE), of_room);
    for answer in [Answer::Yes, Answer::No, features()] {
        assert_eq!(refused(&mut room, token, answer), Misuse::WrongAnswer { token, wanted: "a page" });
    }
    let caps = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>";
    let presence = format!("<presence from='{ANN}' to='{address}'>{caps}</presence>");
    let token = asks(&mut room, &presence, of_room);
    for answer in [page(), Answer::NoSuchId, Answer::Yes, Answer::No] {
        assert_eq!(refused(&mut room, token, answer), Misuse::WrongAnswer { token, wanted: "features" });
    }
}

/// Who may want the list of rooms: a session that is there, of an account that keeps one, while there is space.
#[test]
fn of_a_domain_that_joins_for_its_accounts() {
    let bare = |text: &str| BareJid::new(text).unwrap();
    let session = |resource: &str| jid::FullJid::new(&format!("ann@tea.example/{resource}")).unwrap();
    let domain = |config: DomainConfig| {
        let pam = AccountLimits { sessions: 1, ..AccountLimits::default() };
        let limits = ServiceLimits { pam, ..ServiceLimits::default() };
        let mut domain = Domain::new(config, limits, Seed::new([7; 32])).unwrap();
        let create = service::Input::Create { account: bare("ann@tea.example") };
        domain.handle(START, create, &mut Outbox::new()).unwrap();
        for resource in ["pot", "pan"] {
            let bound = service::Input::Session { session: session(resource), event: Event::Bound };
            domain.handle(START, bound, &mut Outbox::new()).unwrap();
        }
        domain
    };
    let wants = |domain: &mut Domain, resource| {
        try_input(domain, START, service::Input::Wants { session: session(resource) })
            .unwrap()
            .map_err(|m| m.to_string())
    };
    let config = || DomainConfig::new(&bare("tea.example"));
    let says = wants(&mut domain(config()), "pot").unwrap_err();
    assert!(says.contains("takes no part in group chat"), "{says}");
    let mut domain = domain(config().with_pam());
    let says = wants(&mut domain, "cup").unwrap_err();
    assert!(says.contains("not bound"), "{says}");
    assert_eq!(wants(&mut domain, "pot"), Ok(()));
    assert_eq!(wants(&mut domain, "pot"), Ok(()));
    let says = wants(&mut domain, "pan").unwrap_err();
    assert!(says.contains("raise the limit"), "{says}");
    // Who is gone, or begins anew, makes space.
    let bound = service::Input::Session { session: session("pot"), event: Event::Bound };
    domain.handle(START, bound, &mut Outbox::new()).unwrap();
    assert_eq!(wants(&mut domain, "pan"), Ok(()));
}
