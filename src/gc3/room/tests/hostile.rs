//! Those who want the room to hold, or to do, more than it should.

use super::*;
use crate::gc3::acl::Affiliation;
use crate::gc3::host::ParentFact;
use crate::gc3::room::state::Key;

const QUERY: &str = "<query xmlns='urn:xmpp:mam:2'/>";

#[test]
fn sessions_without_features_do_not_keep_others_from_the_archive() {
    let limits = Gc3Limits { in_flight: 2, ..Gc3Limits::default() };
    let mut world = World::within(Kind::Channel, limits, |config| config.archive = true);
    world.join(ANN, "Ann");
    world.join(BEN, "Ben");
    for n in 0..8 {
        world.send(&format!(
            "<presence from='ben@oak.example/{n}' to='{ROOM}'>\
             <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='v{n}' node='n'/></presence>"
        ));
    }
    assert_eq!(world.room.state.pending.len(), 8);
    world.set(ANN, QUERY).has_rule("gc3.G7.3");
    world.set(ANN, QUERY).has_rule("gc3.G7.3");
    world.set(ANN, QUERY).refused("gc3.G7.6", "wait", "resource-constraint");
}

#[test]
fn what_the_host_said_of_strangers_is_bounded() {
    let limits = Gc3Limits { rates_remembered: 4, ..Gc3Limits::default() };
    let state = &mut World::within(Kind::Channel, limits, |_| {}).room.state;
    for n in 0..20u64 {
        state.now = Time::from_millis(1_000_000 + n);
        let bare = format!("x{n}@yew.example");
        state.learn(&bare, "xmpp:spaces.example?;node=a", ParentFact::Member, true);
        assert_eq!(state.fact(&bare, "xmpp:spaces.example?;node=a", ParentFact::Member), Some(true));
        assert!(state.facts.len() <= 4);
    }
    assert_eq!(state.fact("x16@yew.example", "xmpp:spaces.example?;node=a", ParentFact::Member), Some(true));
    assert_eq!(state.fact("x15@yew.example", "xmpp:spaces.example?;node=a", ParentFact::Member), None);
}

#[test]
fn the_oldest_of_what_was_taken_off_is_forgotten() {
    let mut access = World::channel().room.state.access.clone();
    let key = |n: u32| Key::Account(format!("x{n}@yew.example").into());
    (0..20).for_each(|n| access.set(key(n), Affiliation::Member, None, None));
    (0..20).rev().for_each(|n| access.set(key(n), Affiliation::None, None, None));
    access.trim(5);
    assert_eq!(access.removed_since(0).cloned().collect::<Vec<_>>(), [0, 1, 2, 3, 4].map(key));
    assert_eq!(access.floor, access.version - 5);
    access.trim(5);
    assert_eq!(access.removed_since(0).count(), 5);
}

#[test]
fn bans_of_domains_and_of_accounts_meet() {
    let mut world = World::channel();
    let items = "<item jid='oak.example' affiliation='outcast'><reason>all</reason></item>\
                 <item jid='ben@oak.example' affiliation='outcast'><reason>you</reason></item>\
                 <item jid='fig.example' affiliation='outcast'/>";
    world.subscribe(BEN, "message");
    world.subscribe(CID, "message");
    let said = world.set(ANN, &format!("<access xmlns='urn:xmpp:gc3:0'>{items}</access>"));
    assert!(said.to(BEN).concat().contains("<reason>you</reason>"), "{:?}", said.to(BEN));
    assert!(said.to(CID).concat().contains("why='banned'"));
    assert_eq!(world.room.state.people.len(), 1);
}

#[test]
fn an_id_is_no_place_for_a_message() {
    let mut world = World::channel();
    let say = |world: &mut World, length: usize| {
        let id = "i".repeat(length);
        world
            .send(&format!("<message type='groupchat' id='{id}' from='{BEN}' to='{ROOM}'><body>hello</body></message>"))
    };
    say(&mut world, 1025).refused("gc3.M13", "modify", "policy-violation");
    assert_eq!(world.room.state.talk.recent.len(), 0);
    say(&mut world, 1024).answer("gc3.M4");
    assert_eq!(world.room.state.talk.recent.len(), 1);
}

#[test]
fn a_room_that_may_never_speak_does_not_try_without_end() {
    let input = crate::limits::Rate { burst: 0, every: crate::time::Span::ZERO };
    let mut world = World::within(Kind::Channel, Gc3Limits { input, ..Gc3Limits::default() }, |_| {});
    world.join(ANN, "Ann");
    world.send(&format!("<presence from='{ANN}' to='{ROOM}'/>"));
    world.wait(1);
    assert!(world.room.deadline() > Some(world.now));
}

#[test]
fn what_is_held_for_a_session_is_bounded_in_bytes() {
    let limits = Gc3Limits { held_bytes: 10_000, ..Gc3Limits::default() };
    let mut world = World::within(Kind::Channel, limits, |_| {});
    world.join(ANN, "Ann");
    world.join(BEN, "Ben");
    world.send(&format!(
        "<presence from='{BEN}' to='{ROOM}'>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='v' node='n'/></presence>"
    ));
    for n in 0..8 {
        let body = "x".repeat(2500);
        world.send(&format!(
            "<message type='groupchat' id='m{n}' from='{ANN}' to='{ROOM}'><body>{body}</body></message>"
        ));
    }
    let held: Vec<usize> = world.room.state.pending.values().flat_map(|p| p.held.iter().map(|h| h.1.len())).collect();
    assert_eq!(held.len(), 3);
    assert!(held.iter().sum::<usize>() <= 10_000);
}

#[test]
fn a_page_that_comes_after_the_horizon_moved_shows_nothing_below_it() {
    let mut world = World::new(Kind::Channel, |config| config.archive = true);
    world.join(ANN, "Ann");
    let said =
        world.send(&format!("<message type='groupchat' id='m' from='{ANN}' to='{ROOM}'><body>old</body></message>"));
    let record = said.orders.iter().find_map(|order| match order {
        RoomOrder::Host(Order::Store { record, .. }) => Some(record.clone()),
        _ => None,
    });
    world.join(BEN, "Ben");
    let token = match world.set(BEN, QUERY).orders.first() {
        Some(&RoomOrder::Host(Order::Fetch { token, .. })) => token,
        other => panic!("the archive is asked, not {other:?}"),
    };
    let fields = form("config", &[("history", "since-join")]);
    world.set(ANN, &format!("<config xmlns='urn:xmpp:gc3:0'>{fields}</config>")).answer("gc3.G1.6");
    let page = crate::gc3::Page { records: vec![record.unwrap()], complete: true, index: 0, count: 1 };
    let said = world.answer(token, Answer::Page(page));
    assert!(said.to(BEN).concat().contains("<fin"));
    assert!(!said.to(BEN).concat().contains("old"));
}
