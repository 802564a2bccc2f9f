//! Settings, configuration, parents, and the end of a room.

use super::*;
use crate::gc3::config::ParentJoin;
use crate::gc3::host::{Answer, Command, Order, ParentFact};

const KITCHEN: &str = "xmpp:spaces.example?;node=kitchen";
const CONFIG: &str = "<config xmlns='urn:xmpp:gc3:0'/>";

fn config(fields: &[(&str, &str)]) -> String {
    format!("<config xmlns='urn:xmpp:gc3:0'>{}</config>", form("config", fields))
}

fn own(fields: &[(&str, &str)]) -> String {
    format!("<participant xmlns='urn:xmpp:gc3:0'>{}</participant>", form("participant", fields))
}

fn value<'x>(xml: &'x str, field: &str) -> &'x str {
    let field = xml.split(&format!("fields:{field}'")).nth(1).unwrap().split("<field").next().unwrap();
    field.split("<value>").nth(1).unwrap_or_default().split("</value>").next().unwrap()
}

#[test]
fn own_settings_are_answered_as_assigned() {
    let mut world = World::channel();
    world.subscribe(ANN, "participant");
    let said = world.get(BEN, "<participant xmlns='urn:xmpp:gc3:0'/>");
    assert_eq!(value(said.answer("gc3.G1.7"), "push"), "mentions");
    let said = world.set(BEN, &own(&[("nickname", "cid"), ("push", "never"), ("profile", "true")]));
    let xml = said.answer("gc3.G1.7");
    assert!(xml.contains("type='result'><field"));
    assert_eq!((value(xml, "nickname"), value(xml, "push"), value(xml, "profile")), ("cid 2", "never", "1"));
    said.has_rule("gc3.J4");
    assert!(world.wait(1000).to(ANN)[0].contains("nick='cid 2'"));
    // What looks like one's own nickname is free for oneself.
    let said = world.set(CID, &own(&[("nickname", "CID")]));
    assert_eq!(value(said.answer("gc3.G1.7"), "nickname"), "CID");
    world.set(BEN, &own(&[("nickname", "-ben")])).refused("gc3.G11.1", "modify", "not-acceptable");
    world.set(BEN, &own(&[("colour", "green")])).refused("gc3.G1.2", "modify", "bad-request");
    world.get(DEE, "<participant xmlns='urn:xmpp:gc3:0'/>").refused("gc3.G14.9", "cancel", "not-acceptable");
}

#[test]
fn who_hides_its_presence_is_shown_as_gone() {
    let mut world = World::channel();
    world.send(&format!("<presence type='subscribed' from='ben@oak.example' to='{ROOM}'/>"));
    world.subscribe(ANN, "presence");
    assert_eq!(world.send(&format!("<presence from='{BEN}' to='{ROOM}'/>")).to(ANN).len(), 1);
    let said = world.set(BEN, &own(&[("show-presence", "0")]));
    assert!(said.to(ANN)[0].contains("type='unavailable'"));
    let said = world.set(BEN, &own(&[("show-presence", "1")]));
    assert!(!said.to(ANN)[0].contains("type="));
}

#[test]
fn a_configuration_is_announced_and_read_back() {
    let mut world = World::channel();
    world.subscribe(BEN, "message");
    let said = world.set(ANN, &config(&[("description", "All about tea"), ("password", "jasmine")]));
    said.answer("gc3.G1.6");
    assert!(said.to(BEN)[0].contains("<config xmlns='urn:xmpp:gc3:0' version='"));
    said.has_rule("gc3.C2");
    assert_eq!(world.set(ANN, &config(&[("name", "Tea")])).to(BEN), [""; 0]);
    let said = world.get(BEN, CONFIG);
    let xml = said.answer("gc3.G1.1");
    assert_eq!((value(xml, "description"), value(xml, "password")), ("All about tea", ""));
    let version = xml.split(" version='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert_eq!(value(world.get(ANN, CONFIG).answer("gc3.G1.1"), "password"), "jasmine");
    world.get(DEE, CONFIG).refused("gc3.G14.10", "auth", "forbidden");
    world.set(BEN, &config(&[("name", "Mine")])).refused("gc3.G14.10", "auth", "forbidden");
    world.set(ANN, &config(&[("name", "Kettle")])).answer("gc3.G1.6");
    let stale = config(&[("name", "Pot")]).replace("<config ", &format!("<config if-version='{version}' "));
    world.set(ANN, &stale).refused("gc3.G2.18", "cancel", "conflict");
    // Now the password is wanted, of those who come back too.
    let said = world.join(DEE, "Dee");
    said.refused("gc3.J9", "auth", "not-authorized");
    assert!(said.sent[0].2.contains("fields:password' type='text-private' label='Password'><required/>"));
    world.join(BEN, "Ben").refused("gc3.J9", "auth", "not-authorized");
}

#[test]
fn every_value_that_is_offered_is_accepted() {
    for kind in Kind::ALL {
        let mut world = World::new(kind, |_| {});
        world.join(ANN, "Ann");
        let said = world.get(ANN, CONFIG);
        let offered = said.answer("gc3.G1.1");
        let x = &offered[offered.find("<x ").unwrap()..offered.find("</config>").unwrap()];
        world.set(ANN, &format!("<config xmlns='urn:xmpp:gc3:0'>{x}</config>")).answer("gc3.G1.6");
        assert_eq!(world.room.state.config_version, 1, "the same values are no change");
    }
}

#[test]
fn what_a_configuration_refuses() {
    let mut world = World::channel();
    let mut refused = |field: &str, value: &str, rule: &str, type_: &str, condition: &str| {
        world.set(ANN, &config(&[(field, value)])).refused(rule, type_, condition);
    };
    refused("kind", "group", "gc3.C1", "cancel", "not-allowed");
    refused("visibility", "everyone", "gc3.C1", "cancel", "not-allowed");
    refused("parent-join", "members", "gc3.G1.5", "cancel", "not-allowed");
    refused("colour", "green", "gc3.G1.2", "modify", "bad-request");
    refused("max-participants", "0", "gc3.G1.3", "modify", "bad-request");
    refused("slow-mode", "99999999999", "gc3.G1.3", "modify", "bad-request");
    refused("name", "", "gc3.G1.3", "modify", "bad-request");
    refused("description", &"x".repeat(4097), "gc3.G1.3", "modify", "bad-request");
    for parent in
        ["xmpp:spaces.example", "https://spaces.example/?;node=x", "xmpp:spaces.example?;node=", "xmpp:@?;node=x"]
    {
        refused("parent", parent, "gc3.SP2", "modify", "bad-request");
    }
    refused("aliases", "tea@rooms.example", "gc3.G12.3", "auth", "forbidden");
    refused("aliases", "tea@other.example", "gc3.G12.1", "modify", "bad-request");
}

#[test]
fn owners_of_listed_rooms_set_aliases_where_the_service_lets_them() {
    let mut world = World::channel();
    world.room.belong(&Policy { admins: &[].into(), owners_set_aliases: true, muc: false, muc2: false });
    let said = world.set(ANN, &config(&[("aliases", "tea@rooms.example")]));
    said.answer("gc3.G1.6");
    assert_eq!(said.orders, [RoomOrder::Aliases(vec!["tea".into()])]);
    world.room.state.alias_check = Some(Err((crate::gc3::rules::table::G12_2, super::super::judge::CONFLICT)));
    world.set(ANN, &config(&[("aliases", "pot@rooms.example")])).refused("gc3.G12.2", "cancel", "conflict");
    world.room.state.alias_check = None;
    world.set(ANN, &config(&[("listed", "0"), ("aliases", "pot@rooms.example")])).refused(
        "gc3.G12.3",
        "auth",
        "forbidden",
    );
    for name in ["b", "c", "d", "e"] {
        world.set(ANN, &config(&[("aliases", &format!("{name}@rooms.example"))])).answer("gc3.G1.6");
    }
    world.set(ANN, &config(&[("aliases", "f@rooms.example")])).refused("gc3.G12.4", "wait", "policy-violation");
}

#[test]
fn a_parent_is_named_by_who_may_publish_there_and_admits_its_members() {
    let mut world = World::new(Kind::Channel, |config| config.members_only = true);
    world.join(ANN, "Ann");
    let naming = config(&[("parent", KITCHEN), ("parent-join", "members")]);
    let said = world.set(ANN, &naming);
    let Some(RoomOrder::Host(Order::Parent { token, uri, jid, fact: ParentFact::Publisher })) = said.orders.first()
    else {
        panic!("the host is asked: {:?}", said.orders)
    };
    assert_eq!((uri.as_str(), jid.as_str()), (KITCHEN, "ann@tea.example"));
    world.answer(*token, Answer::No).refused("gc3.SP3", "auth", "forbidden");
    world.wait(11 * 60_000);
    let token = world.set(ANN, &naming).token();
    world.answer(token, Answer::Yes).answer("gc3.G1.6");
    let token = world.join(DEE, "Dee").token();
    let said = world.answer(token, Answer::Yes);
    said.answer("gc3.G3.1");
    world.subscribe(DEE, "message");
    let token = world.join(BEN, "Ben").token();
    world.answer(token, Answer::No).refused("gc3.SP5", "auth", "registration-required");
    let token = world.join(CID, "Cid").token();
    world.answer(token, Answer::Yes).answer("gc3.G3.1");
    let said =
        world.command(Command::ParentLost { uri: KITCHEN.into(), jid: BareJid::new("dee@elm.example").unwrap() });
    assert!(said.to(DEE)[0].contains("why='config'"));
    said.has_rule("gc3.SP8");
    // The parent is gone: who is in stays in, nobody else enters.
    world.command(Command::ParentGone { uri: KITCHEN.into() }).has_rule("gc3.SP10");
    assert!(world.room.state.people.find("cid@fig.example").is_some());
    world.join(DEE, "Dee").refused("gc3.J2", "auth", "registration-required");
    assert_eq!(world.room.state.config.parent_join, ParentJoin::None);
    world.set(ANN, &config(&[("name", "Still here")])).answer("gc3.G1.6");
    assert!(world.room.state.people.find("cid@fig.example").is_some());
}

#[test]
fn another_parent_admits_only_its_own() {
    let mut world = World::new(Kind::Channel, |config| config.members_only = true);
    world.join(ANN, "Ann");
    let token = world.set(ANN, &config(&[("parent", KITCHEN), ("parent-join", "members")])).token();
    world.answer(token, Answer::Yes);
    let token = world.join(DEE, "Dee").token();
    world.answer(token, Answer::Yes).answer("gc3.G3.1");
    world.subscribe(DEE, "message");
    let said = world.set(ANN, &config(&[("parent", "")]));
    said.answer("gc3.G1.6");
    assert!(said.to(DEE)[0].contains("why='config'"));
    said.has_rule("gc3.C3");
}

#[test]
fn the_end_of_a_room_is_told_and_remembered() {
    let limits = Gc3Limits { farewells: 2, ..Gc3Limits::default() };
    let mut world = World::within(Kind::Group, limits, |_| {});
    world.join(ANN, "Ann");
    let members: String = ["ben@oak.example", "cid@fig.example", "fay@ivy.example"]
        .iter()
        .map(|jid| format!("<item jid='{jid}' affiliation='member'/>"))
        .collect();
    world.set(ANN, &format!("<access xmlns='urn:xmpp:gc3:0'>{members}</access>"));
    world.join(BEN, "Ben");
    world.join(CID, "Cid");
    world.subscribe(BEN, "message");
    let destroy = "<destroy xmlns='urn:xmpp:gc3:0' jid='tea@other.example'><reason>We moved</reason></destroy>";
    world.set(BEN, destroy).refused("gc3.G14.10", "auth", "forbidden");
    let said = world.set(ANN, destroy);
    said.answer("gc3.G3.5");
    let told = "<destroyed xmlns='urn:xmpp:gc3:0' jid='tea@other.example'><reason>We moved</reason></destroyed>";
    assert!(said.to(BEN)[0].contains(told));
    assert!(matches!(said.orders[..], [RoomOrder::Host(Order::Drop { .. })]));
    let bye = |said: &Said| said.sent.iter().filter(|(.., xml)| xml.contains("type='unsubscribe'")).count();
    assert_eq!(bye(&said), 2);
    assert_eq!(bye(&world.wait(1000)), 1);
    let gone = "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:tea@other.example?join</gone>";
    for (from, knows) in [(BEN, true), ("fay@ivy.example/x", true), (DEE, false)] {
        let said = world.join(from, "x");
        assert_eq!(said.sent[0].2.contains(gone), knows, "{from}");
        let said = world.get(from, "<unknown xmlns='urn:example:x'/>");
        assert_eq!(said.sent[0].2.contains(gone), knows, "{from}");
    }
    assert!(!world.room.has_vanished());
    world.wait(31 * 24 * 3_600_000);
    assert!(world.room.has_vanished());
}

#[test]
fn who_changed_what_is_kept() {
    let limits = Gc3Limits { audit: 2, ..Gc3Limits::default() };
    let mut world = World::within(Kind::Channel, limits, |_| {});
    world.join(ANN, "Ann");
    world.join(BEN, "Ben");
    let access = |jid, to| format!("<access xmlns='urn:xmpp:gc3:0'><item jid='{jid}' affiliation='{to}'/></access>");
    world.set(ANN, &access("ben@oak.example", "admin"));
    world.set(BEN, &access("dee@elm.example", "outcast"));
    world.set(ANN, &config(&[("name", "Coffee")]));
    let [ann, ben] = ["ann@tea.example", "ben@oak.example"].map(|jid| world.room.state.id_of(jid));
    let kept: Vec<_> = world.room.audit().map(|audit| (audit.actor, &*audit.what)).collect();
    assert_eq!(kept, [(ben, "dee@elm.example outcast"), (ann, "config")]);
}
