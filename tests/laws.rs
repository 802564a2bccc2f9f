//! The laws of every machine, on a room service in random conversations.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use jid::BareJid;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::{Command, Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::laws::{self, Bounds, Moment, Op};
use xmpp_machines::sim::{Bench, Line, SimHost};
use xmpp_machines::{Time, ns};

const START: Time = Time::from_millis(1_767_225_600_000);

/// Actions of one call. A call of this service says a few things to a few audiences, and up to a hundred farewells.
const ACTIONS: usize = 256;

const PEOPLE: [&str; 5] =
    ["ann@tea.example", "ben@oak.example", "cid@fig.example", "dee@elm.example", "adm@tea.example"];
const DEVICES: [&str; 2] = ["phone", "desk"];

/// One thing that somebody does, with everything chosen by number.
#[derive(Clone, Copy, Debug)]
struct Deed {
    /// Milliseconds since the deed before.
    after: u64,
    person: usize,
    device: usize,
    room: usize,
    what: usize,
    how: usize,
}

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..300_u64, 3 => 300..5_000_u64, 2 => 5_000..120_000_u64, 1 => 120_000..4_000_000_u64];
    (after, 0..PEOPLE.len(), 0..DEVICES.len(), 0..3_usize, 0..100_usize, 0..60_usize)
        .prop_map(|(after, person, device, room, what, how)| Deed { after, person, device, room, what, how })
}

fn service() -> Service {
    let mut config = ServiceConfig::new(&BareJid::new("rooms.example").unwrap());
    config.admins.insert(PEOPLE[4].to_owned());
    // Small limits, so that a short conversation meets them.
    let limits =
        Gc3Limits { participants: 4, sessions: 2, tombstones: 2, ring: 3, recent: 4, rooms: 3, ..Gc3Limits::default() };
    Service::new(config, limits, Seed::new([3; 32]))
}

fn field(name: &str, value: &str) -> String {
    format!("<field var='urn:xmpp:gc3:fields:{name}'><value>{value}</value></field>")
}

fn form(kind: &str, fields: &str) -> String {
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:gc3:{kind}</value></field>{fields}</x>"
    )
}

/// The stanza of a deed. `rooms` are those that were created so far, `ids` the ids that anybody was told.
fn stanza(deed: Deed, step: usize, rooms: &[String], ids: &[String]) -> String {
    let Deed { person, device, room, what, how, .. } = deed;
    let from = format!("{}/{}", PEOPLE[person], DEVICES[device]);
    let nowhere = "aaaaaaaaaaaaaaaaaaaaaaaaaa@rooms.example".to_owned();
    let room = rooms.get(room).unwrap_or(&nowhere);
    let id = ids.get(how % ids.len().max(1)).cloned().unwrap_or_else(|| "none".into());
    let topic = ["message", "participant", "presence"][how % 3];
    let iq = |type_: &str, to: &str, payload: &str| {
        format!("<iq type='{type_}' id='s{step}' from='{from}' to='{to}'>{payload}</iq>")
    };
    let gc3 = |type_: &str, payload: &str| {
        iq(
            type_,
            room,
            &payload.replacen('>', " xmlns='urn:xmpp:gc3:0'>", 1).replacen(
                "/ xmlns='urn:xmpp:gc3:0'>",
                " xmlns='urn:xmpp:gc3:0'/>",
                1,
            ),
        )
    };
    let message = |type_: &str, to: &str, payload: &str| {
        format!("<message type='{type_}' id='m{step}' from='{from}' to='{to}'>{payload}</message>")
    };
    let presence = |from: &str, type_: &str| format!("<presence{type_} from='{from}' to='{room}'/>");
    let nick = ["Ann", "Ben", "Cid", "-Dee", "  Eve  Eve ", "ann"][how % 6];
    match what {
        0..12 => {
            let kind = ["channel", "group", "announcement"][how % 3];
            let fields = field("nickname", nick) + &field("kind", kind) + &field("name", "Tea");
            iq(
                "set",
                "rooms.example",
                &format!(
                    "<create xmlns='urn:xmpp:gc3:0'>{}<subscribe type='{topic}'/></create>",
                    form("create-form", &fields)
                ),
            )
        }
        12..26 => gc3(
            "set",
            &format!("<join>{}<subscribe type='{topic}'/></join>", form("join-form", &field("nickname", nick))),
        ),
        26..30 => gc3("set", "<leave/>"),
        30..35 => gc3("set", &format!("<subscribe type='{topic}'/>")),
        35..38 => gc3("set", &format!("<unsubscribe type='{topic}'/>")),
        38..43 => gc3(
            ["get", "set"][how % 2],
            &format!("<sync last='{id}'>{}</sync>", if how % 2 == 0 { "" } else { "<subscribe type='message'/>" }),
        ),
        43..46 => gc3("get", "<participants/>"),
        46..48 => gc3("get", &format!("<participants><item id='{id}'/></participants>")),
        48..51 => gc3("get", "<access/>"),
        51..56 => {
            let affiliation = ["owner", "admin", "member", "none", "outcast"][how % 5];
            gc3("set", &format!("<access><item jid='{}' affiliation='{affiliation}'/></access>", PEOPLE[how % 4]))
        }
        56..59 => {
            gc3("set", &format!("<participants><item id='{id}' kick='yes'><reason>late</reason></item></participants>"))
        }
        59..62 => {
            let fields = [
                field("moderated", "1"),
                field("archive", "0"),
                field("members-only", "1"),
                field("slow-mode", "2"),
                field("history", "none"),
            ];
            gc3("set", &format!("<config>{}</config>", form("config", &fields[how % 5])))
        }
        62 => gc3("set", "<destroy><reason>cold</reason></destroy>"),
        63..65 => iq("get", room, "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        65 => iq("get", "rooms.example", "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
        66..68 => iq(
            "set",
            room,
            &format!(
                "<query xmlns='urn:xmpp:mam:2' queryid='q'>{}</query>",
                if how % 2 == 0 { "" } else { "<set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set>" }
            ),
        ),
        68..70 => iq(
            "get",
            &format!("{room}/{id}"),
            ["<ping xmlns='urn:xmpp:ping'/>", "<vCard xmlns='vcard-temp'/>"][how % 2],
        ),
        70 => iq("get", room, "<brew xmlns='urn:example:tea'/>"),
        71 => iq("result", "rooms.example", ""),
        72..74 => presence(PEOPLE[person], [" type='subscribed'", " type='unsubscribed'"][how % 2]),
        74..79 => presence(&from, ["", " type='unavailable'"][how % 4 / 3]),
        79..81 => format!(
            "<message type='error' id='m{how}' from='{from}' to='{room}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        ),
        81..83 => message("groupchat", room, &format!("<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>")),
        83 => iq(
            "set",
            room,
            &format!(
                "<moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>"
            ),
        ),
        84..86 => message("groupchat", room, "<subject>Cake</subject>"),
        86..88 => message("chat", &format!("{room}/{id}"), "<body>psst</body>"),
        _ => message(
            "groupchat",
            room,
            &format!("<body>hello {step}</body><stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/>"),
        ),
    }
}

fn input(text: &str) -> Input {
    Input::Stanza(Reader::one(ns::CLIENT, text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}")))
}

/// A conversation: everything that went into the service, its host's answers and the wakes included.
struct Talk {
    journal: Vec<Moment<Input>>,
    rooms: Vec<String>,
    end: Time,
}

fn talk(deeds: &[Deed]) -> Talk {
    let mut bench = Bench::new(service(), SimHost::default(), START);
    let (mut rooms, mut ids) = (Vec::new(), Vec::new());
    let mut now = START;
    for (step, deed) in deeds.iter().enumerate() {
        now = Time::from_millis(now.millis() + deed.after);
        let input = if deed.what == 99 && deed.how == 0 {
            Input::Command(Command::Restored)
        } else {
            input(&stanza(*deed, step, &rooms, &ids))
        };
        bench.handle(now, input).unwrap().unwrap();
        for line in bench.take_lines() {
            let Line::Send { stanza, .. } = line else { continue };
            for child in stanza.children() {
                if child.name == "created" {
                    rooms.extend(child.children().find(|c| c.name == "subscription-jid").map(|c| c.text()));
                }
                ids.extend(child.attr("id").map(str::to_owned));
            }
        }
    }
    bench.machine.check().unwrap();
    Talk { journal: bench.journal().to_vec(), rooms, end: now }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_service_keeps_every_law(deeds in prop::collection::vec(deed(), 1..70), seed: u64) {
        let bounds = Bounds { actions: ACTIONS, check: |service: &Service| service.check().map_err(str::to_owned) };
        laws::all(service, &talk(&deeds).journal, &bounds, seed).map_err(|broken| TestCaseError::fail(broken.to_string()))?;
    }

    #[test]
    fn rooms_do_not_disturb_each_other(deeds in prop::collection::vec(deed(), 1..50)) {
        let Talk { journal, rooms, end } = talk(&deeds);
        prop_assume!(rooms.len() > 1);
        let say = |who: &str, room: &str| {
            let text = format!("<message type='groupchat' id='z' from='{who}/phone' to='{room}'><body>hello</body></message>");
            (end, Op::Input(input(&text)))
        };
        let (one, other) = (say(PEOPLE[0], &rooms[0]), say(PEOPLE[1], &rooms[1]));
        laws::commuting(service, &journal, &one, &other).map_err(|broken| TestCaseError::fail(broken.to_string()))?;
    }
}

/// A conversation of a fixed kind, so that what the laws are tried on is known to reach far enough.
#[test]
fn conversations_reach_what_they_should() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(deed(), 60..70);
    let mut decided = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let deeds = strategy.new_tree(&mut runner).unwrap().current();
        let mut machine = service();
        for (now, op) in talk(&deeds).journal {
            let mut sink = |why: xmpp_machines::Rule, _: xmpp_machines::Action<'_, _, _>| {
                decided.insert(why.id());
            };
            use xmpp_machines::Machine as _;
            match op {
                Op::Input(input) => machine.handle(now, input, &mut sink).unwrap(),
                Op::Wake => machine.wake(now, &mut sink),
            }
        }
    }
    for rule in [
        "gc3.G3.6",
        "gc3.G3.1",
        "gc3.J4",
        "gc3.J5",
        "gc3.G3.2",
        "gc3.M1",
        "gc3.M2",
        "gc3.G5.2",
        "gc3.V4",
        "gc3.G2.11",
        "gc3.G13.4",
    ] {
        assert!(decided.contains(rule), "{rule} is not among {decided:?}");
    }
}
