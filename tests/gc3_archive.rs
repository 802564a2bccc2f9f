//! The archive, retraction, privacy and reports of a room: what goes in, what comes out, and by which rule.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use jid::BareJid;
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::gc3::config::{Config, History, Kind, PrivateMessages};
use xmpp_machines::gc3::{Answer, Command, Input, Notice, Order, Page, ParticipantId, Record, Room, RoomOrder};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::time::Time;
use xmpp_machines::{Machine, Outbox, ns};

const ROOM: &str = "room@rooms.example";

/// A room with a host that keeps an archive and answers at once.
struct World {
    room: Room,
    now: u64,
    records: Vec<Record>,
    /// Whether the host answers questions.
    answers: bool,
    rules: Vec<&'static str>,
    notices: Vec<Notice>,
    asked: Vec<Order>,
}

fn config(kind: Kind) -> Config {
    Config { name: "Tea".to_owned(), ..Config::of(kind) }
}

fn id(bare: &str) -> String {
    ParticipantId::of(&Seed::new([7; 32]), bare).to_string()
}

fn at(bare: &str) -> String {
    format!("{ROOM}/{}", id(bare))
}

impl World {
    fn new(config: Config) -> Self {
        Self::with(config, Gc3Limits::default())
    }

    fn with(config: Config, limits: Gc3Limits) -> Self {
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
    fn join(&mut self, full: &str, nick: &str) {
        let form = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value>\
             </field><field var='urn:xmpp:gc3:fields:nickname'><value>{nick}</value></field></x>"
        );
        self.iq(full, "set", &format!("<join xmlns='urn:xmpp:gc3:0'>{form}<subscribe type='message'/></join>"));
        self.later(2000);
    }

    fn say(&mut self, full: &str, message_id: &str, payload: &str) -> Vec<String> {
        self.send(&format!("<message type='groupchat' id='{message_id}' from='{full}' to='{ROOM}'>{payload}</message>"))
    }

    fn iq(&mut self, from: &str, type_: &str, payload: &str) -> Vec<String> {
        self.iq_to(ROOM, from, type_, payload)
    }

    fn iq_to(&mut self, to: &str, from: &str, type_: &str, payload: &str) -> Vec<String> {
        self.send(&format!("<iq type='{type_}' id='q' from='{from}' to='{to}'>{payload}</iq>"))
    }

    /// What comes of a stanza; the host's answers included.
    fn send(&mut self, xml: &str) -> Vec<String> {
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

    fn handle(&mut self, input: Input) -> Vec<String> {
        let mut out = Outbox::new();
        self.room.handle(Time::from_millis(self.now), input, &mut out).unwrap();
        self.take(&out)
    }

    fn later(&mut self, millis: u64) -> Vec<String> {
        self.now += millis;
        self.rules.clear();
        self.notices.clear();
        let mut out = Outbox::new();
        self.room.wake(Time::from_millis(self.now), &mut out);
        self.take(&out)
    }

    fn take(&mut self, out: &Outbox<RoomOrder, Notice>) -> Vec<String> {
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

    fn sid(&self, nth: usize) -> String {
        self.records[nth].stanza_id.to_string()
    }

    #[track_caller]
    fn by(&self, rule: &str) {
        assert!(self.rules.contains(&rule), "{rule} is not in {:?}", self.rules);
    }
}

#[track_caller]
fn has(stanza: &str, part: &str) {
    assert!(stanza.contains(part), "no {part}\nin {stanza}");
}

#[track_caller]
fn error(said: &[String], type_: &str, condition: &str) {
    let [only] = said else { panic!("one error expected: {said:#?}") };
    has(only, &format!("<error type='{type_}'><{condition} "));
}

const ANN: &str = "ann@tea.example/laptop";
const BEN: &str = "ben@oak.example/phone";
const CID: &str = "cid@fig.example/desk";

fn talk() -> World {
    let mut world = World::new(config(Kind::Channel));
    world.join(BEN, "Ben");
    world.join(CID, "Cid");
    world.say(BEN, "m1", "<body>Kettle is on.</body>");
    world.say(CID, "m2", "<body>Green or black?</body>");
    world.say(BEN, "m3", "<body>Green.</body>");
    world
}

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

fn rsm(inside: &str) -> String {
    format!("<set xmlns='http://jabber.org/protocol/rsm'>{inside}</set>")
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

#[test]
fn discovery_of_a_room() {
    let mut world = talk();
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let said = world.iq("dee@elm.example/tablet", "get", info);
    for feature in ["urn:xmpp:gc3:0", "urn:xmpp:mam:2", "urn:xmpp:mam:2#extended", "muc_open", "muc_semianonymous"] {
        has(&said[0], &format!("<feature var='{feature}'></feature>"));
    }
    has(&said[0], "<identity category='conference' type='text' name='Tea'></identity>");
    has(&said[0], "<value>http://jabber.org/protocol/muc#roominfo</value>");
    world.by("gc3.G13.7");
    let said = world.send(&format!("<iq type='get' id='q' from='{BEN}' to='tea@rooms.example'>{info}</iq>"));
    has(&said[0], "var='urn:xmpp:gc3:fields:canonical' type='jid-single'><value>room@rooms.example</value>");
    world.by("gc3.G12.5");
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let said = world.iq("dee@elm.example/tablet", "get", items);
    has(&said[0], "<query xmlns='http://jabber.org/protocol/disco#items'></query>");
    let said = world.iq(BEN, "get", items);
    has(&said[0], &format!("<item jid='{}' name='Cid'></item>", at("cid@fig.example")));
    assert!(!said[0].contains("fig.example"));
    let paged = format!("<query xmlns='http://jabber.org/protocol/disco#items'>{}</query>", rsm("<max>2</max>"));
    let said = world.iq(BEN, "get", &paged);
    assert_eq!(said[0].matches("<item ").count(), 2);
    has(&said[0], "<count>3</count>");
    let parent = "xmpp:spaces.example?;node=kit%20chen".to_owned();
    let mut world = World::new(Config { parent, ..config(Kind::Group) });
    let node = |node| format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{node}'/>");
    has(&world.iq(ANN, "get", &node("urn:xmpp:related:0"))[0], "node='urn:xmpp:related:0#urn:xmpp:spaces:0'></item>");
    let said = world.iq(ANN, "get", &node("urn:xmpp:related:0#urn:xmpp:spaces:0"));
    has(
        &said[0],
        "<item jid='spaces.example' node='kit chen'><relation xmlns='urn:xmpp:related:0' rel='parent'></relation>",
    );
    world.by("gc3.SP9");
    error(&world.iq(CID, "get", &node("urn:xmpp:related:0")), "cancel", "item-not-found");
    error(&world.iq(ANN, "get", &node("urn:example:teas")), "cancel", "item-not-found");
    let ping = world.iq(ANN, "get", "<ping xmlns='urn:xmpp:ping'/>");
    has(&ping[0], "type='result'");
}

#[test]
fn the_own_address_is_pinged() {
    let mut world = talk();
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let said = world.iq_to(&at("ben@oak.example"), BEN, "get", ping);
    has(&said[0], &format!("from='{}' id='q' type='result'", at("ben@oak.example")));
    world.by("gc3.P9");
    has(&world.iq_to("room@rooms.example/Ben", BEN, "get", ping)[0], "type='result'");
    error(&world.iq_to(&at("ben@oak.example"), "ben@oak.example/tv", "get", ping), "cancel", "not-acceptable");
    world.by("gc3.P9");
    has(&world.iq_to(&at("ben@oak.example"), CID, "get", ping)[0], "type='result'");
    world.by("gc3.G9.1");
    error(&world.iq_to(&at("ben@oak.example"), "dee@elm.example/tv", "get", ping), "cancel", "not-acceptable");
    world.by("gc3.G9.4");
    error(&world.iq_to(&at("dee@elm.example"), BEN, "get", ping), "cancel", "item-not-found");
    world.by("gc3.P15");
    error(&world.iq_to("room@rooms.example/Dee", BEN, "get", ping), "cancel", "item-not-found");
}

fn attribute<'s>(stanza: &'s str, name: &str) -> &'s str {
    stanza.split_once(&format!(" {name}='")).unwrap().1.split_once('\'').unwrap().0
}

#[test]
fn a_vcard_is_asked_of_the_account_and_rebuilt() {
    let mut world = talk();
    let ben = at("ben@oak.example");
    let vcard = "<vCard xmlns='vcard-temp'/>";
    error(&world.iq_to(&ben, CID, "get", vcard), "cancel", "service-unavailable");
    world.by("gc3.G9.2");
    error(&world.iq_to(&ben, ANN, "get", "<time xmlns='urn:xmpp:time'/>"), "cancel", "service-unavailable");
    let said = world.iq_to(&ben, ANN, "get", vcard);
    world.by("gc3.V7");
    let id = attribute(&said[0], "id").to_owned();
    let asked = format!(
        "<iq to='ben@oak.example' from='rooms.example' id='{id}' type='get'><vCard xmlns='vcard-temp'></vCard></iq>"
    );
    assert_eq!(said, [asked]);
    assert!(id.starts_with("1."), "{id}");
    let answer = |from: &str| {
        format!(
            "<iq type='result' id='{id}' from='{from}' to='rooms.example'><vCard xmlns='vcard-temp'><FN>Ben Oak</FN>\
             <X-ROSTER>all friends</X-ROSTER></vCard></iq>"
        )
    };
    assert!(world.send(&answer("cid@fig.example")).is_empty(), "only the account that was asked answers");
    world.by("gc3.G13.6");
    let said = world.send(&answer("ben@oak.example"));
    let rebuilt = format!(
        "<iq to='{ANN}' from='{ben}' id='q' type='result'><vCard xmlns='vcard-temp'><FN>Ben Oak</FN></vCard></iq>"
    );
    assert_eq!(said, [rebuilt]);
    world.by("gc3.G9.3");
    assert!(world.send(&answer("ben@oak.example")).is_empty(), "an answer counts once");
}

#[test]
fn relayed_errors_and_silence() {
    let mut world = talk();
    let ben = at("ben@oak.example");
    let avatar = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'><item id='a1'/></items></pubsub>";
    let mut failed = |condition: &str| {
        let said = world.iq_to(&ben, ANN, "get", avatar);
        has(&said[0], "<items node='urn:xmpp:avatar:data'><item id='a1'></item></items>");
        let id = attribute(&said[0], "id").to_owned();
        let said = world.send(&format!(
            "<iq type='error' id='{id}' from='ben@oak.example' to='rooms.example'><error type='cancel' by='oak.example'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>\
             ben@oak.example says no</text></error></iq>"
        ));
        world.by("gc3.G9.5");
        assert!(!said[0].contains("oak.example"), "{said:?}");
        said
    };
    error(&failed("item-not-found"), "cancel", "item-not-found");
    error(&failed("internal-server-error"), "cancel", "service-unavailable");
    world.iq_to(&ben, ANN, "get", avatar);
    assert!(world.later(59_000).is_empty());
    error(&world.later(1000), "wait", "remote-server-timeout");
    world.by("gc3.G9.6");
    world.later(60_000);
    for _ in 0..10 {
        assert_eq!(world.iq_to(&ben, ANN, "get", avatar).len(), 1);
    }
    error(&world.iq_to(&ben, ANN, "get", avatar), "wait", "resource-constraint");
    world.by("gc3.G9.7");
}

#[test]
fn a_private_message_goes_to_the_account() {
    let mut world = World::new(Config { private_messages: PrivateMessages::Participants, ..config(Kind::Channel) });
    world.join(BEN, "Ben");
    world.join(CID, "Cid");
    let pm = |from: &str, to: &str| {
        format!(
            "<message type='normal' id='pm1' from='{from}' to='{to}'><body>Psst</body>\
             <nick xmlns='http://jabber.org/protocol/nick'>Ann</nick></message>"
        )
    };
    let said = world.send(&pm(BEN, "room@rooms.example/Cid"));
    let (ben, from) = (id("ben@oak.example"), at("ben@oak.example"));
    let sent = format!(
        "<message to='cid@fig.example' from='{from}' id='pm1' type='chat'><body>Psst</body>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{ben}'></occupant-id>\
         <nick xmlns='http://jabber.org/protocol/nick'>Ben</nick></message>"
    );
    assert_eq!(said, [sent]);
    world.by("gc3.G6.6");
    world.by("gc3.G6.2");
    assert!(world.records.is_empty());
    error(&world.send(&pm("dee@elm.example/tv", &at("cid@fig.example"))), "cancel", "not-acceptable");
    world.by("gc3.M1");
    let mut world = talk();
    error(&world.send(&pm(BEN, &at("cid@fig.example"))), "cancel", "service-unavailable");
    world.by("gc3.M8");
}

fn bounce(id: &str, condition: &str) -> String {
    format!(
        "<message type='error' id='{id}' from='{BEN}' to='{ROOM}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
}

#[test]
fn bounces_end_only_what_is_gone() {
    let mut world = talk();
    for (id, condition) in [("none", "item-not-found"), ("m2", "not-acceptable")] {
        assert!(world.send(&bounce(id, condition)).is_empty());
        world.by("gc3.P6");
        assert_eq!(world.say(CID, "m4", "<body>Tea</body>").len(), 3);
    }
    assert!(world.send(&bounce("m2", "item-not-found")).is_empty());
    assert!(world.notices.contains(&Notice::SessionEnded { jid: BEN.into() }));
    assert_eq!(world.say(CID, "m5", "<body>Tea</body>").len(), 2);
    let subscribe = "<subscribe xmlns='urn:xmpp:gc3:0' type='message'/>";
    world.iq(BEN, "set", subscribe);
    world.send(&bounce("m2", "gone"));
    assert_eq!(world.say(CID, "m6", "<body>Tea</body>").len(), 3, "one a minute");
}

#[test]
fn an_ambiguous_bounce_is_verified() {
    let mut world = talk();
    let said = world.send(&bounce("m2", "service-unavailable"));
    let ping = attribute(&said[0], "id").to_owned();
    let expected =
        format!("<iq to='{BEN}' from='{ROOM}' id='{ping}' type='get'><ping xmlns='urn:xmpp:ping'></ping></iq>");
    assert_eq!(said, [expected]);
    assert!(world.send(&bounce("m3", "service-unavailable")).is_empty(), "asked already");
    world.send(&format!("<iq type='result' id='{ping}' from='{BEN}' to='{ROOM}'/>"));
    world.by("gc3.P6");
    world.later(120_000);
    assert_eq!(world.say(CID, "m4", "<body>Tea</body>").len(), 3);
    world.send(&bounce("m2", "service-unavailable"));
    world.later(60_000);
    assert!(world.notices.contains(&Notice::SessionEnded { jid: BEN.into() }));
    assert_eq!(world.say(CID, "m5", "<body>Tea</body>").len(), 2);
}

#[test]
fn who_was_lost_is_asked_for() {
    let mut world = talk();
    world.send(&format!("<presence type='subscribed' from='ben@oak.example' to='{ROOM}'/>"));
    world.send(&format!("<presence from='{BEN}' to='{ROOM}'/>"));
    world.send(&bounce("m2", "gone"));
    let probe = [format!("<presence to='ben@oak.example' from='{ROOM}' type='probe'></presence>")];
    assert!(world.later(29_999).is_empty());
    assert_eq!(world.later(1), probe);
    world.by("gc3.G4.7");
    assert!(world.later(59_999).is_empty());
    assert_eq!(world.later(1), probe);
    world.send(&format!("<presence type='unavailable' from='ben@oak.example' to='{ROOM}'/>"));
    assert!(world.later(86_400_000).is_empty());
    world.handle(Input::Command(Command::Restored));
    assert_eq!(world.later(30_000), probe);
    let sync = "<sync xmlns='urn:xmpp:gc3:0'/>";
    let before = attribute(&world.iq(BEN, "get", sync)[0], "version").to_owned();
    world.handle(Input::Command(Command::Restored));
    let after = attribute(&world.iq(BEN, "get", sync)[0], "version").to_owned();
    assert_ne!(before.split('.').next(), after.split('.').next());
    assert!(world.handle(Input::Command(Command::Shutdown)).is_empty());
    world.by("gc3.G13.3");
}

#[test]
fn a_name_is_forgotten() {
    let mut world = talk();
    world.iq(BEN, "set", "<leave xmlns='urn:xmpp:gc3:0'/>");
    let ben = id("ben@oak.example");
    let sync = "<sync xmlns='urn:xmpp:gc3:0'/>";
    has(&world.iq(BEN, "get", sync)[0], "<left ");
    world.handle(Input::Command(Command::Forget { room: BareJid::new(ROOM).unwrap(), id: ben }));
    world.by("gc3.L1");
    assert!(!world.iq(BEN, "get", sync)[0].contains("<left "));
}

fn report(occupant: &str, inside: &str) -> String {
    format!(
        "<report-participant xmlns='urn:xmpp:gcreport:0'><occupant-id xmlns='urn:xmpp:occupant-id:0' id='{occupant}'/>\
         <report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>{inside}</report></report-participant>"
    )
}

#[test]
fn a_participant_is_reported() {
    let mut world = talk();
    let (ben, cid) = (id("ben@oak.example"), id("cid@fig.example"));
    let message = |id: &str| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{id}'/>");
    let (own, other) = (world.sid(0), world.sid(1));
    let inside = format!("{}{}<text>Third time</text>", message(&own), message(&other));
    let said = world.iq(CID, "set", &report(&ben, &inside));
    let told = format!(
        "<message to='ann@tea.example' from='{ROOM}'><report-participant xmlns='urn:xmpp:gcreport:0'>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{ben}'></occupant-id>\
         <report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{own}'></stanza-id><text>Third time</text></report>\
         </report-participant><occupant-id xmlns='urn:xmpp:occupant-id:0' id='{cid}'></occupant-id></message>"
    );
    has(&said[0], "type='result'></iq>");
    assert_eq!(said[1..], [told]);
    for rule in ["gc3.RP1", "gc3.RP4", "gc3.RP5"] {
        world.by(rule);
    }
    assert_eq!(world.iq(CID, "set", &report(&id("ann@tea.example"), "")).len(), 1, "the reported is not told");
    error(&world.iq("dee@elm.example/tv", "set", &report(&ben, "")), "auth", "forbidden");
    world.by("gc3.RP2");
    error(&world.iq(CID, "set", &report(&id("dee@elm.example"), "")), "cancel", "item-not-found");
    world.by("gc3.RP3");
    error(&world.iq(CID, "set", "<report-chat xmlns='urn:xmpp:gcreport:0'/>"), "modify", "bad-request");
    world.by("gc3.RP1");
    for _ in 0..8 {
        world.now += 5000;
        assert_eq!(world.iq(CID, "set", &report(&ben, "")).len(), 2);
    }
    error(&world.iq(CID, "set", &report(&ben, "")), "wait", "policy-violation");
    world.by("gc3.RP7");
    world.iq(BEN, "set", "<leave xmlns='urn:xmpp:gc3:0'/>");
    assert_eq!(world.iq(BEN, "set", &report(&cid, "")).len(), 2, "for a week after leaving");
    world.later(7 * 86_400_000);
    error(&world.iq(BEN, "set", &report(&cid, "")), "auth", "forbidden");
}

#[test]
fn a_report_names_an_old_message() {
    let limits = Gc3Limits { recent: 1, ..Gc3Limits::default() };
    let mut world = World::with(config(Kind::Channel), limits);
    world.join(BEN, "Ben");
    world.say(BEN, "m1", "<body>Buy</body>");
    world.say(BEN, "m2", "<body>Tea</body>");
    let old = world.sid(0);
    let inside = format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{old}'/>");
    let ben = id("ben@oak.example");
    has(&world.iq(ANN, "set", &report(&ben, &inside))[1], &old);
    world.answers = false;
    assert!(world.iq(ANN, "set", &report(&ben, &inside)).is_empty());
    let said = world.later(30_000);
    assert_eq!(said.len(), 2, "it stands without the message");
    assert!(!said[1].contains(&old));
    world.by("gc3.RP4");
}
