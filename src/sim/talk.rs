//! Random conversations with a room service: for the laws, by property test and by fuzzing.
//!
//! Somebody does something, all chosen by number. A number means the same whatever came before, so that a conversation
//! that shows a fault can be made shorter by leaving deeds out.

use super::bench::Bench;
use super::host::SimHost;
use super::laws::{self, Bounds, Moment, Op};
use super::transcript::Line;
use super::vectors::{DOMAIN, START};
use super::xml::Tree;
use crate::codec::Reader;
use crate::gc3::acl::Verb;
use crate::gc3::{Command, Creators, Input, Service, ServiceConfig};
use crate::limits::Gc3Limits;
use crate::ns;
use crate::seed::Seed;
use crate::time::Time;

/// Actions of one call. This service says a few things to a few audiences, and a hundred farewells at the most.
const ACTIONS: usize = 256;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 120;

/// The accounts. The last administers the service.
pub const PEOPLE: [&str; 5] =
    ["ann@tea.example", "ben@oak.example", "cid@fig.example", "dee@elm.example", "adm@tea.example"];

/// One thing that somebody does. Every value of every field is something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// Who.
    pub person: u8,
    /// From which device.
    pub device: u8,
    /// In which of the rooms that there are by then, or in one that there is not.
    pub room: u8,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
}

/// What can be done: how often out of the sum of all, and the stanza with its gaps. `{from}` is a device, `{account}`
/// its account, `{id}` something that anybody was told as an id, `{other}` another account.
const DEEDS: &[(u32, &str)] = &[
    (
        12,
        "<iq type='set' id='s{step}' from='{from}' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{create-form}{nickname}<field var='urn:xmpp:gc3:fields:kind'><value>{kind}</value></field>\
         <field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field></x><subscribe type='{topic}'/></create></iq>",
    ),
    (
        14,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><join xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{join-form}{nickname}</x><subscribe type='{topic}'/></join></iq>",
    ),
    (4, "<iq type='set' id='s{step}' from='{from}' to='{room}'><leave xmlns='urn:xmpp:gc3:0'/></iq>"),
    (
        5,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><subscribe xmlns='urn:xmpp:gc3:0' type='{topic}'/></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><unsubscribe xmlns='urn:xmpp:gc3:0' type='{topic}'/></iq>",
    ),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}'><sync xmlns='urn:xmpp:gc3:0' last='{id}'/></iq>"),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><sync xmlns='urn:xmpp:gc3:0' last='{id}'>\
         <subscribe type='message'/></sync></iq>",
    ),
    (
        3,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0' since='{id}'/></iq>",
    ),
    (
        2,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'><item id='{id}'/>\
         </participants></iq>",
    ),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}'><access xmlns='urn:xmpp:gc3:0'/></iq>"),
    (
        5,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><access xmlns='urn:xmpp:gc3:0'>\
         <item jid='{other}' affiliation='{affiliation}'/></access></iq>",
    ),
    (
        2,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'>\
         <item id='{id}' kick='yes'><reason>late</reason></item></participants></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'>\
         <item id='{id}' affiliation='{affiliation}'/></participants></iq>",
    ),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><config xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{config}{setting}</x></config></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participant xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{participant}{nickname}</x></participant></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><destroy xmlns='urn:xmpp:gc3:0'>\
         <reason>cold</reason></destroy></iq>",
    ),
    (
        2,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    ),
    (
        1,
        "<iq type='get' id='s{step}' from='{from}' to='rooms.example'>\
         <query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    ),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><group-access-list xmlns='urn:xmpp:entity-acl:0'>{group}\
         <action id='{verb}' value='{value}'/></group-access-list></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><acl-groups xmlns='urn:xmpp:entity-acl:0'>{group}\
         <group type='xmpp-machines:acl:0#role' address='moderator'/>\
         <group type='xmpp-machines:acl:0#role' address='participant'/>\
         <group type='xmpp-machines:acl:0#role' address='visitor'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='owner'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='admin'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='member'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='none'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='outcast'/>\
         <group type='urn:xmpp:entity-acl:0' address='urn:xmpp:entity-acl:everyone:0'/></acl-groups></iq>",
    ),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}'><my-access xmlns='xmpp-machines:acl:0'/></iq>"),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'>\
         <command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{hats}'>\
         <x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>\
         <field var='hats#uri'><value>urn:x-hat:tea</value></field>\
         <field var='hats#title'><value>Tea</value></field>\
         <field var='hats#jid'><value>{other}</value></field></x></command></iq>",
    ),
    (1, "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='urn:xmpp:mam:2' queryid='q'/></iq>"),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before>{id}</before></set></query></iq>",
    ),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><vCard xmlns='vcard-temp'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}'><brew xmlns='urn:example:tea'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='rooms.example'/>"),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><report-participant xmlns='urn:xmpp:gcreport:0'>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>\
         <report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'/></report-participant></iq>",
    ),
    (2, "<presence type='subscribed' from='{account}' to='{room}'/>"),
    (1, "<presence type='unsubscribed' from='{account}' to='{room}'/>"),
    (4, "<presence from='{from}' to='{room}'><show>away</show></presence>"),
    (
        2,
        "<presence from='{from}' to='{room}'>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='x' ver='{kind}'/></presence>",
    ),
    (3, "<presence type='unavailable' from='{from}' to='{room}'/>"),
    (
        2,
        "<message type='error' id='m{how}' from='{from}' to='{room}'><error type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
    (
        2,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'>\
         <retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'>\
         <retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>",
    ),
    (2, "<message type='groupchat' id='m{step}' from='{from}' to='{room}'><subject>Cake</subject></message>"),
    (
        1,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'>\
         <reactions xmlns='urn:xmpp:reactions:0' id='{id}'><reaction>+</reaction></reactions></message>",
    ),
    (2, "<message type='chat' id='m{step}' from='{from}' to='{room}/{id}'><body>psst</body></message>"),
    (
        12,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'><body>hello {step}</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/></message>",
    ),
    (
        14,
        "<presence id='p{step}' from='{from}' to='{room}/{name}'><show>away</show>\
         <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='{how}'/></x></presence>",
    ),
    (9, "<presence from='{from}' to='{room}/{name}'><status>{step}</status></presence>"),
    (3, "<presence type='unavailable' from='{from}' to='{room}/{name}'><status>bye</status></presence>"),
    (
        2,
        "<presence type='error' from='{from}' to='{room}/{name}'><error type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    ),
    (
        2,
        "<message type='error' id='m{how}' from='{from}' to='{room}/{name}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
    (3, "<message type='chat' id='m{step}' from='{from}' to='{room}/{name}'><body>psst</body></message>"),
    (3, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><query xmlns='jabber:iq:version'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><vCard xmlns='vcard-temp'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='{room}/{name}'><query xmlns='jabber:iq:version'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    (
        16,
        "<presence id='p{step}' from='{from}' to='{room}'><x xmlns='http://jabber.org/protocol/muc'>\
         <muc2 xmlns='urn:xmpp:muc:0'><nickname>{name}</nickname><presence level='{level}'/></muc2></x></presence>",
    ),
    (
        3,
        "<presence id='p{step}' from='{from}' to='{room}'><show>dnd</show><x xmlns='http://jabber.org/protocol/muc'>\
         <muc2 xmlns='urn:xmpp:muc:0'/><visibility type='{visibility}'/></x></presence>",
    ),
    (5, "<presence from='{from}' to='{room}/{id}'><status>{step}</status></presence>"),
    (3, "<presence type='unavailable' from='{from}' to='{room}/{id}'><status>bye</status></presence>"),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><query xmlns='jabber:iq:version'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='{room}/{id}'/>"),
    (
        2,
        "<iq type='set' id='s{step}' from='{account}' to='{room}'><join xmlns='urn:xmpp:muc:0'>\
         <nickname>{name}</nickname></join></iq>",
    ),
    (1, "<iq type='set' id='s{step}' from='{account}' to='{room}'><leave xmlns='urn:xmpp:muc:0'/></iq>"),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item nick='{name}' role='{role}'/></query></iq>",
    ),
    // Not a stanza: the service shuts down.
    (1, SHUTDOWN),
    // Not a stanza: the host was restored from a state that may be too old.
    (1, ""),
];

/// A service with small limits, so that a short conversation meets them.
///
/// Its seed is public: never run one like it.
#[must_use]
pub fn service() -> Service {
    let config = ServiceConfig {
        domain: DOMAIN.into(),
        name: "Talk".into(),
        admins: PEOPLE.last().map(|&admin| admin.to_owned()).into_iter().collect(),
        create: Creators::Everybody,
        owners_set_aliases: true,
        muc: true,
        muc2: true,
    };
    let limits = Gc3Limits { participants: 4, sessions: 2, tombstones: 2, recent: 4, rooms: 3, ..Gc3Limits::default() };
    Service::new(config, limits, Seed::new([3; 32]))
}

/// A conversation: everything that went into the service, its host's answers and the wakes included.
#[derive(Clone, Debug)]
pub struct Talk {
    /// What went in, and when.
    pub journal: Vec<Moment<Input>>,
    /// The rooms that were created.
    pub rooms: Vec<String>,
    /// When the last deed was done.
    pub end: Time,
    /// The service as it was left.
    pub service: Service,
}

impl Deed {
    /// The deeds that bytes stand for, seven bytes each. Any bytes are a conversation; what is too long is cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (deeds, _) = bytes.as_chunks::<7>();
        let read = |&[scale, after, person, device, room, what, how]: &[u8; 7]| Self {
            // From nothing to three months.
            after: u64::from(after) << (scale % 26),
            person,
            device,
            room,
            what,
            how,
        };
        deeds.iter().take(LONGEST).map(read).collect()
    }

    /// The stanza. `rooms` are those that were created so far, `ids` the ids that anybody was told. Empty: the host
    /// was restored.
    fn stanza(self, step: usize, rooms: &[String], ids: &[String]) -> String {
        let all: u32 = DEEDS.iter().map(|(weight, _)| weight).sum();
        let mut left = u32::from(self.what) % all;
        let row = DEEDS.iter().find(|(weight, _)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        });
        let account = pick(&PEOPLE, self.person);
        let id = ids.get(usize::from(self.how) % ids.len().max(1)).map_or("none", String::as_str);
        // The newest ids are the most interesting, so half of the deeds take one of them.
        let id = if self.how >= 128 { ids.last().map_or(id, String::as_str) } else { id };
        let mut text = row.map(|(_, text)| (*text).to_owned()).unwrap_or_default();
        let settings =
            ["moderated 1", "archive 0", "members-only 1", "slow-mode 2", "history none", "aliases tea@rooms.example"];
        for (gap, value) in [
            ("create-form", form("create-form")),
            ("join-form", form("join-form")),
            ("config", form("config")),
            ("participant", form("participant")),
            ("setting", field(pick(&settings, self.how))),
            ("nickname", field(&format!("nickname {}", pick(&NICKS, self.how)))),
            ("name", pick(&NAMES, self.how).to_owned()),
            ("kind", pick(&["channel", "group", "announcement"], self.how).to_owned()),
            ("topic", pick(&["message", "participant", "presence"], self.how).to_owned()),
            ("affiliation", pick(&["owner", "admin", "member", "none", "outcast"], self.how).to_owned()),
            ("verb", Verb::ALL.get(usize::from(self.how) % Verb::ALL.len()).map_or("", |verb| verb.id()).to_owned()),
            ("value", pick(&["false", "true", "default"], self.how).to_owned()),
            ("level", pick(&["full", "join", "none", "full", "some"], self.how).to_owned()),
            ("visibility", pick(&["anonymous", "non-anonymous"], self.how).to_owned()),
            ("role", pick(&["none", "visitor", "participant"], self.how).to_owned()),
            ("hats", pick(&["create", "assign", "create", "unassign", "destroy", "list"], self.how).to_owned()),
            ("group", pick(&GROUPS, self.device.wrapping_add(self.how)).to_owned()),
            ("other", pick(&PEOPLE, self.how).to_owned()),
            ("from", format!("{account}/{}", pick(&["phone", "desk", "den"], self.device))),
            ("account", account.to_owned()),
            // One more than there are: a room that there is not.
            ("room", rooms.get(usize::from(self.room) % (rooms.len() + 1)).map_or(NOWHERE, String::as_str).to_owned()),
            ("id", id.to_owned()),
            ("how", self.how.to_string()),
            ("step", step.to_string()),
        ] {
            text = text.replace(&format!("{{{gap}}}"), &value);
        }
        text
    }
}

const NICKS: [&str; 7] = ["Ann", "Ben", "Cid", "-Dee", "  Eve  Eve ", "ann", "Ben \u{1f98a}"];

/// Names in the addresses of occupants.
const NAMES: [&str; 7] = ["Ann", "Ben", "ben", "Dee", "-Cid", "Eve", "Flo"];

/// What stands for the end of the service.
const SHUTDOWN: &str = "shutdown";

const GROUPS: [&str; 7] = [
    "<group type='urn:xmpp:hats:0' address='urn:x-hat:tea'/>",
    "<group type='xmpp-machines:acl:0#jid' address='ben@oak.example'/>",
    "<group type='xmpp-machines:acl:0#domain' address='fig.example'/>",
    "<group type='xmpp-machines:acl:0#role' address='participant'/>",
    "<group type='xmpp-machines:acl:0#affiliation' address='owner'/>",
    "<group type='xmpp-machines:acl:0#affiliation' address='none'/>",
    "<group type='urn:xmpp:entity-acl:0' address='urn:xmpp:entity-acl:everyone:0'/>",
];

/// A room that there is not.
const NOWHERE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa@rooms.example";

fn pick<'a>(list: &[&'a str], number: u8) -> &'a str {
    list.get(usize::from(number) % list.len().max(1)).copied().unwrap_or_default()
}

fn form(kind: &str) -> String {
    format!("<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:gc3:{kind}</value></field>")
}

fn field(name_and_value: &str) -> String {
    let (name, value) = name_and_value.split_once(' ').unwrap_or((name_and_value, ""));
    format!("<field var='urn:xmpp:gc3:fields:{name}'><value>{value}</value></field>")
}

/// Holds a conversation with a fresh [`service`] and its host.
///
/// # Errors
/// What is wrong: the service does not come to rest, takes a stanza for a misuse, or its state makes no sense.
pub fn talk(deeds: &[Deed]) -> Result<Talk, String> {
    talk_after(&[], deeds)
}

/// The same, after an opening: stanzas a second apart, in which `{room}` is the first room that was created.
///
/// # Errors
/// As [`talk`].
pub fn talk_after(opening: &[&str], deeds: &[Deed]) -> Result<Talk, String> {
    let mut bench = Bench::new(service(), SimHost::default(), START);
    let (mut rooms, mut ids) = (Vec::new(), Vec::new());
    let mut end = START;
    let opening = opening.iter().map(|text| (1000, Err(*text)));
    for (step, (after, what)) in opening.chain(deeds.iter().map(|deed| (deed.after, Ok(deed)))).enumerate() {
        end = Time::from_millis(end.millis().saturating_add(after));
        let text = match what {
            Ok(deed) => deed.stanza(step, &rooms, &ids),
            Err(text) => text.replace("{room}", rooms.first().map_or(NOWHERE, String::as_str)),
        };
        let input = match text.as_str() {
            "" => Input::Command(Command::Restored),
            SHUTDOWN => Input::Command(Command::Shutdown),
            text => stanza(text)?,
        };
        let done = bench.handle(end, input).map_err(|restless| restless.to_string())?;
        done.map_err(|misuse| format!("{misuse}: {text}"))?;
        for line in bench.take_lines() {
            if let Line::Send { stanza, .. } = line {
                stanza.children().for_each(|child| remember(child, &mut rooms, &mut ids));
                ids.extend(stanza.attr("id").map(str::to_owned));
            }
        }
    }
    bench.machine.check()?;
    Ok(Talk { journal: bench.journal().to_vec(), rooms, end, service: bench.machine })
}

/// A stanza as the service takes it.
///
/// # Errors
/// The codec's complaint.
pub fn stanza(text: &str) -> Result<Input, String> {
    Reader::one(ns::CLIENT, text.as_bytes()).map(Input::Stanza).map_err(|why| format!("{why}: {text}"))
}

/// Keeps what a client would: addresses of new rooms, ids, versions.
fn remember(told: &Tree, rooms: &mut Vec<String>, ids: &mut Vec<String>) {
    if told.name == "created" {
        rooms.extend(told.children().find(|child| child.name == "subscription-jid").map(Tree::text));
    }
    ids.extend(["id", "last", "version"].iter().filter_map(|name| told.attr(name)).map(str::to_owned));
    told.children().filter(|child| child.name == "item").for_each(|item| remember(item, rooms, ids));
}

/// Holds the conversation and tries laws 1 to 7 and 9 on it, and law 10 if there are two rooms.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let talk = talk(deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |service: &Service| service.check().map_err(str::to_owned) };
    laws::all(service, &talk.journal, &bounds, seed).map_err(|broken| broken.to_string())?;
    let [one, other, ..] = talk.rooms.as_slice() else { return Ok(()) };
    let say = |who: &str, room: &str| {
        let text =
            format!("<message type='groupchat' id='z' from='{who}/phone' to='{room}'><body>hello</body></message>");
        stanza(&text).map(|input| (talk.end, Op::Input(input)))
    };
    let (one, other) = (say(pick(&PEOPLE, 0), one)?, say(pick(&PEOPLE, 1), other)?);
    laws::commuting(service, &talk.journal, &one, &other).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    let broken = lawful(&Deed::from_bytes(deeds), u64::from(*seed)).err();
    assert_eq!(broken, None, "a service keeps every law");
}

/// The body of a fuzz target: the bytes are a short conversation, and damage to the snapshot after it, behind the
/// checksum's back. Panics if what is damaged is loaded and not what a service would write, or if it cannot go on: what
/// the checksum alone keeps out may be wrong, and yet must do no harm.
pub fn fuzz_snapshot(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let (deeds, damage) = rest.split_at_checked(usize::from(*count % 16) * 7).unwrap_or((rest, &[]));
    let said = talk(&Deed::from_bytes(deeds));
    assert_eq!(said.as_ref().err(), None, "a service talks");
    let Ok(Talk { service, journal, .. }) = said else { return };
    assert_eq!(laws::survives(&service, damage, journal).err(), None, "only what a service writes is loaded");
}
