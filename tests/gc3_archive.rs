//! The archive and retraction: what goes in, what comes out, and by which rule.

mod world;

use world::*;
use xmpp_machines::gc3::Order;
use xmpp_machines::gc3::config::{Config, History, Kind};
use xmpp_machines::limits::Gc3Limits;

#[test]
fn an_author_retracts() {
    let mut world = talk();
    let sid = world.sid(0);
    let retract = format!("<retract xmlns='urn:xmpp:message-retract:1' id='{sid}'/>");
    error(&world.say(CID, "r0", &retract), "auth", "forbidden");
    world.by("gc3.G8.1");
    let said = world.say(BEN, "r1", &retract);
    assert_eq!(said.len(), 3);
    has(&said[0], retract.trim_end_matches("/>"));
    world.by("gc3.G8.2");
    let tombstone = &world.records[0];
    assert_eq!((&*tombstone.id, &*tombstone.nick), ("m1", "Ben"));
    let body = std::str::from_utf8(&tombstone.body).unwrap();
    assert!(body.starts_with("<retracted xmlns='urn:xmpp:message-retract:1' id='r1' stamp='1970-"), "{body}");
    assert_eq!(world.records.len(), 4);
    error(&world.say(BEN, "r2", &retract), "auth", "forbidden");
    let unknown = "<retract xmlns='urn:xmpp:message-retract:1' id='aaaaaaaaaaaaaaaaaaaaaaaaaa'/>";
    error(&world.say(BEN, "r3", unknown), "auth", "forbidden");
    world.by("gc3.G8.1");
}

#[test]
fn an_old_message_is_found_by_the_host() {
    let limits = Gc3Limits { recent: 2, ..Gc3Limits::default() };
    let mut world = World::with(config(Kind::Channel), limits);
    world.join(BEN, "Ben");
    for n in 0..5 {
        world.say(BEN, &format!("m{n}"), "<body>Green.</body>");
    }
    let sid = world.sid(0);
    let retract = format!("<retract xmlns='urn:xmpp:message-retract:1' id='{sid}'/>");
    error(&world.say(ANN, "r0", &retract), "auth", "forbidden");
    assert_eq!(world.say(BEN, "r1", &retract).len(), 2);
    world.by("gc3.G7.3");
    world.by("gc3.G8.2");
    has(std::str::from_utf8(&world.records[0].body).unwrap(), "<retracted");
    let moderate = |sid: &str| {
        format!(
            "<moderate xmlns='urn:xmpp:message-moderate:1' id='{sid}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>"
        )
    };
    let said = world.iq(ANN, "set", &moderate(&sid));
    assert_eq!(said.len(), 1, "{said:?}");
    world.by("gc3.G8.4");
    let second = world.sid(1);
    assert_eq!(world.iq(ANN, "set", &moderate(&second)).len(), 3);
    world.answers = false;
    let third = world.sid(2);
    assert!(world.iq(ANN, "set", &moderate(&third)).is_empty());
    error(&world.later(30_000), "wait", "internal-server-error");
    world.by("gc3.G7.3");
}

#[test]
fn a_moderator_retracts() {
    let mut world = talk();
    let sid = world.sid(1);
    let demand = format!(
        "<moderate xmlns='urn:xmpp:message-moderate:1' id='{sid}'><retract xmlns='urn:xmpp:message-retract:1'/>\
         <reason>Not here</reason></moderate>"
    );
    error(&world.iq(BEN, "set", &demand), "auth", "forbidden");
    world.by("gc3.M6");
    let said = world.iq(ANN, "set", &demand);
    assert_eq!(said.len(), 4);
    has(&said[0], "<iq to='ann@tea.example/laptop' from='room@rooms.example' id='q' type='result'></iq>");
    let ann = id("ann@tea.example");
    let signed = format!(
        "<moderated xmlns='urn:xmpp:message-moderate:1' by='{ROOM}/{ann}'>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{ann}'></occupant-id></moderated><reason>Not here</reason>"
    );
    has(&said[1], &format!("<retract xmlns='urn:xmpp:message-retract:1' id='{sid}'>{signed}</retract>"));
    has(&said[1], "from='room@rooms.example' id='");
    has(&said[1], "<stanza-id xmlns='urn:xmpp:sid:0' by='room@rooms.example' id='");
    assert!(!said.concat().contains("<actor") && !said[1].contains("tea.example<"));
    has(std::str::from_utf8(&world.records[1].body).unwrap(), &signed);
    assert_eq!(world.records[3].author, None);
    let said = world.iq(ANN, "set", &demand);
    assert_eq!(said.len(), 1);
    world.by("gc3.G8.4");
    error(&world.iq(ANN, "set", &demand.replace(&sid, "aaaa")), "cancel", "item-not-found");
    error(&world.iq(ANN, "set", "<moderate xmlns='urn:xmpp:message-moderate:1'/>"), "modify", "bad-request");
}

fn query(inside: &str) -> String {
    format!("<query xmlns='urn:xmpp:mam:2' queryid='q7'>{inside}</query>")
}

fn form(fields: &[(&str, &str)]) -> String {
    let each = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(each).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>{fields}</x>"
    )
}

#[test]
fn the_archive_is_read_in_pages() {
    let mut world = talk();
    let said = world.iq(CID, "set", &query(""));
    let ben = id("ben@oak.example");
    let first = format!(
        "<message to='cid@fig.example/desk' from='{ROOM}'><result xmlns='urn:xmpp:mam:2' queryid='q7' id='{sid}'>\
         <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='{stamp}'></delay>\
         <message xmlns='jabber:client' type='groupchat' id='m1' from='{ROOM}/{ben}'><body>Kettle is on.</body>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{ben}'></occupant-id>\
         <nick xmlns='http://jabber.org/protocol/nick'>Ben</nick></message></forwarded></result></message>",
        sid = world.sid(0),
        stamp = world.records[0].stamp,
    );
    assert_eq!(said[0], first);
    assert_eq!(said.len(), 4);
    let fin = |complete: &str, ends: [usize; 2], index: usize| {
        format!(
            "<fin xmlns='urn:xmpp:mam:2'{complete}><set xmlns='http://jabber.org/protocol/rsm'>\
             <first index='{index}'>{}</first><last>{}</last><count>3</count></set></fin>",
            world.sid(ends[0]),
            world.sid(ends[1])
        )
    };
    let (whole, second) = (fin(" complete='true'", [0, 2], 0), fin("", [1, 1], 1));
    has(&said[3], &whole);
    for rule in ["gc3.G7.3", "gc3.G7.7", "gc3.L3", "gc3.V1"] {
        world.by(rule);
    }
    let after = world.sid(0);
    let said = world.iq(CID, "set", &query(&rsm(&format!("<max>1</max><after>{after}</after>"))));
    has(&said[1], &second);
    let flipped = world.iq(CID, "set", &query("<flip-page/>"));
    has(&flipped[0], "id='m3'");
    has(&flipped[3], &whole);
    let said = world.iq(CID, "set", &query(&rsm("<max>0</max>")));
    has(&said[0], "<fin xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><count>3</count></set>");
    let with = form(&[("with", &at("cid@fig.example"))]);
    assert_eq!(world.iq(CID, "set", &query(&with)).len(), 2);
    assert_eq!(world.iq(CID, "set", &query(&form(&[("with", &format!("{ROOM}/Cid"))]))).len(), 2);
    // Who is behind a name is not told by trying.
    assert_eq!(world.iq(CID, "set", &query(&form(&[("with", "ben@oak.example")]))).len(), 1);
    world.later(60_000);
    error(&world.iq(CID, "set", &query(&rsm("<after>aaaa</after>"))), "cancel", "item-not-found");
    world.by("gc3.G7.4");
    error(&world.iq(CID, "set", &query(&form(&[("kind", "green")]))), "cancel", "feature-not-implemented");
    world.by("gc3.G7.5");
    error(&world.iq(CID, "set", &query(&form(&[("start", "tea time")]))), "modify", "bad-request");
    world.by("gc3.G1.3");
    error(&world.iq(CID, "set", &query(&rsm("<index>2</index>"))), "cancel", "feature-not-implemented");
}

#[test]
fn archived_messages_suit_their_reader() {
    let mut world = talk();
    let muc = query(&form(&[("urn:xmpp:gc3:fields:dialect", "muc")]));
    let said = world.iq(CID, "set", &muc);
    has(&said[0], "from='room@rooms.example/Ben'>");
    assert!(!said.concat().contains("oak.example"), "{said:?}");
    let said = world.iq(ANN, "set", &muc);
    has(&said[0], "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='ben@oak.example'></item></x>");
    // Without a session and a wish: as XEP-0045 has it.
    let said = world.iq("cid@fig.example/reader", "set", &query(""));
    has(&said[0], "from='room@rooms.example/Ben'>");
    let said = world.iq("dee@elm.example/tablet", "set", &query(""));
    assert_eq!(said.len(), 4, "whoever may enter may read");
}

#[test]
fn the_archive_is_guarded() {
    let mut world = World::new(Config { history: History::None, ..config(Kind::Channel) });
    error(&world.iq(ANN, "set", &query("")), "auth", "forbidden");
    world.by("gc3.G7.2");
    let mut world = World::new(Config { members_only: true, ..config(Kind::Channel) });
    error(&world.iq(CID, "set", &query("")), "auth", "forbidden");
    world.by("gc3.G7.2");
    world.answers = false;
    assert!(world.iq(ANN, "set", &query("")).is_empty());
    error(&world.later(30_000), "wait", "internal-server-error");
    world.by("gc3.G7.3");
    assert!(matches!(world.asked[..], [Order::Fetch { .. }]));
    let mut world = World::new(config(Kind::Group));
    error(&world.iq(CID, "set", &query("")), "cancel", "item-not-found");
    world.by("gc3.V4");
}

#[test]
fn history_begins_with_the_first_join() {
    let mut world = World::new(Config { history: History::SinceJoin, ..config(Kind::Channel) });
    world.say(ANN, "m1", "<body>Before</body>");
    world.join(BEN, "Ben");
    world.say(ANN, "m2", "<body>After</body>");
    let said = world.iq(BEN, "set", &query(""));
    assert_eq!(said.len(), 2);
    has(&said[0], "id='m2'");
    let old = world.sid(0);
    error(&world.iq(BEN, "set", &query(&rsm(&format!("<after>{old}</after>")))), "cancel", "item-not-found");
    let said = world.iq(BEN, "get", "<metadata xmlns='urn:xmpp:mam:2'/>");
    let only = &world.records[1];
    let ends =
        ["start", "end"].map(|end| format!("<{end} id='{}' timestamp='{}'></{end}>", only.stanza_id, only.stamp));
    has(&said[0], &format!("<metadata xmlns='urn:xmpp:mam:2'>{}</metadata>", ends.concat()));
}

#[test]
fn metadata_and_form() {
    let mut world = talk();
    let said = world.iq(CID, "get", "<metadata xmlns='urn:xmpp:mam:2'/>");
    assert_eq!(said.len(), 1);
    has(&said[0], &format!("<start id='{}' ", world.sid(0)));
    has(&said[0], &format!("<end id='{}' ", world.sid(2)));
    world.by("gc3.G7.7");
    let said = world.iq(CID, "get", &query(""));
    for var in ["with", "start", "end", "before-id", "after-id", "ids", "urn:xmpp:gc3:fields:dialect"] {
        has(&said[0], &format!("var='{var}'"));
    }
    let mut empty = World::new(config(Kind::Channel));
    let said = empty.iq(ANN, "get", "<metadata xmlns='urn:xmpp:mam:2'/>");
    has(&said[0], "<metadata xmlns='urn:xmpp:mam:2'></metadata>");
}

#[test]
fn reading_is_bounded() {
    let mut world = World::with(config(Kind::Channel), Gc3Limits { archive_page: 2, ..Gc3Limits::default() });
    for n in 0..3 {
        world.say(ANN, &format!("m{n}"), "<body>Tea</body>");
    }
    let said = world.iq(ANN, "set", &query(&rsm("<max>100</max>")));
    assert_eq!(said.len(), 3);
    world.by("gc3.G7.6");
    let mut refused = Vec::new();
    for _ in 0..30 {
        world.now += 1000;
        refused = world.iq(ANN, "set", &query(""));
    }
    assert_eq!(refused.len(), 3);
    world.now -= 500;
    for _ in 0..40 {
        refused = world.iq("dee@elm.example/tablet", "set", &query(""));
    }
    error(&refused, "wait", "resource-constraint");
    world.by("gc3.G7.6");
}
