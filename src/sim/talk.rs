//! Random conversations with a room service: for the laws, by property test and by fuzzing.
//!
//! Somebody does something, all chosen by number. A number means the same whatever came before, so that a conversation
//! that shows a fault can be made shorter by leaving deeds out.

use super::bench::Bench;
use super::choice::{pick, weighted};
use super::host::SimHost;
use super::laws::{self, Bounds, Moment, Op};
use super::talk_deeds::DEEDS;
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
    let limits = Gc3Limits { participants: 4, sessions: 2, tombstones: 2, recent: 4, rooms: 3, ..narrow() };
    Service::new(config, limits, Seed::new([3; 32]))
}

/// Bounds of what the room remembers of people, such as a few people meet.
fn narrow() -> Gc3Limits {
    Gc3Limits {
        requests: 1,
        indicated: 3,
        heard: 2,
        reacted: 2,
        invitations: 2,
        tokens: 2,
        tokens_each: 1,
        ..Gc3Limits::default()
    }
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

    /// The stanza, after what was told so far. Empty: the host was restored.
    fn stanza(self, step: usize, told: &Told) -> String {
        let (rooms, ids) = (told.rooms.as_slice(), &told.ids);
        let account = pick(&PEOPLE, self.person);
        let id = ids.get(usize::from(self.how) % ids.len().max(1)).map_or("none", String::as_str);
        // The newest ids are the most interesting, so half of the deeds take one of them.
        let id = if self.how >= 128 { ids.last().map_or(id, String::as_str) } else { id };
        // A token that was given, over or used up by now or not, or one that never was.
        let token = match self.how % 8 {
            0 => "none",
            1..5 => told.tokens.last().map_or("none", String::as_str),
            _ => told.tokens.get(usize::from(self.how) % told.tokens.len().max(1)).map_or("none", String::as_str),
        };
        let mut text = weighted(DEEDS, self.what).to_owned();
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
            ("option", pick(&OPTIONS, self.how.wrapping_add(self.device)).replace("{other}", pick(&PEOPLE, self.how))),
            ("faces", pick(&FACES, self.how).to_owned()),
            ("role", pick(&["visitor", "participant", "moderator", "none"], self.how).to_owned()),
            ("yes", pick(&["1", "0", "1"], self.how).to_owned()),
            ("place", place(self.room, rooms)),
            ("topic", pick(&["message", "participant", "presence"], self.how).to_owned()),
            ("affiliation", pick(&["owner", "admin", "member", "none", "outcast"], self.how).to_owned()),
            ("verb", Verb::ALL.get(usize::from(self.how) % Verb::ALL.len()).map_or("", |verb| verb.id()).to_owned()),
            ("value", pick(&["false", "true", "default"], self.how).to_owned()),
            ("level", pick(&["full", "join", "none", "full", "some"], self.how).to_owned()),
            ("visibility", pick(&["anonymous", "non-anonymous"], self.how).to_owned()),
            ("hats", pick(&["create", "assign", "create", "unassign", "destroy", "list"], self.how).to_owned()),
            ("group", pick(&GROUPS, self.device.wrapping_add(self.how)).to_owned()),
            ("other", pick(&PEOPLE, self.how).to_owned()),
            // Half of what takes an owner is done by who administers the service.
            ("chief", format!("{}/desk", if self.device.is_multiple_of(2) { "adm@tea.example" } else { account })),
            ("from", format!("{account}/{}", pick(&["phone", "desk", "den"], self.device))),
            ("account", account.to_owned()),
            // One more than there are: a room that there is not.
            ("room", rooms.get(usize::from(self.room) % (rooms.len() + 1)).map_or(NOWHERE, String::as_str).to_owned()),
            ("id", id.to_owned()),
            ("token", token.to_owned()),
            // Two in three enter without a password.
            (
                "password",
                if self.how.is_multiple_of(3) { format!("<password>{token}</password>") } else { String::new() },
            ),
            (
                "password-field",
                if self.how.is_multiple_of(3) { field(&format!("password {token}")) } else { String::new() },
            ),
            ("uses", pick(&["", " counter='1'", " counter='2' delay='60'"], self.how).to_owned()),
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
pub(super) const SHUTDOWN: &str = "shutdown";

const GROUPS: [&str; 7] = [
    "<group type='urn:xmpp:hats:0' address='urn:x-hat:tea'/>",
    "<group type='xmpp-machines:acl:0#jid' address='ben@oak.example'/>",
    "<group type='xmpp-machines:acl:0#domain' address='fig.example'/>",
    "<group type='xmpp-machines:acl:0#role' address='participant'/>",
    "<group type='xmpp-machines:acl:0#affiliation' address='owner'/>",
    "<group type='xmpp-machines:acl:0#affiliation' address='none'/>",
    "<group type='urn:xmpp:entity-acl:0' address='urn:xmpp:entity-acl:everyone:0'/>",
];

/// Options of the configuration form of XEP-0045, and who governs.
const OPTIONS: [&str; 16] = [
    "<field var='muc#roomconfig_whois'><value>anyone</value></field>",
    "<field var='muc#roomconfig_whois'><value>moderators</value></field>",
    "<field var='muc#roomconfig_persistentroom'><value>1</value></field>",
    "<field var='muc#roomconfig_moderatedroom'><value>1</value></field>",
    "<field var='muc#roomconfig_presencebroadcast'><value>moderator</value></field>",
    "<field var='muc#roomconfig_presencebroadcast'><value>moderator</value><value>participant</value></field>",
    "<field var='muc#roomconfig_presencebroadcast'><value>moderator</value><value>participant</value>\
     <value>visitor</value></field>",
    "<field var='muc#roomconfig_getmemberlist'><value>moderator</value><value>visitor</value></field>",
    "<field var='muc#roomconfig_membersonly'><value>1</value></field>\
     <field var='{xmpp-machines:muc:0}registration'><value>approval</value></field>",
    "<field var='{xmpp-machines:muc:0}registration'><value>approval</value></field>",
    "<field var='muc#roomconfig_membersonly'><value>0</value></field>",
    "<field var='muc#roomconfig_roomadmins'><value>{other}</value></field>",
    "<field var='muc#roomconfig_roomowners'><value>ann@tea.example</value><value>{other}</value></field>",
    "<field var='muc#maxhistoryfetch'><value>1</value></field>\
     <field var='muc#roomconfig_passwordprotectedroom'><value>0</value></field>",
    "<field var='{xmpp-machines:muc:0}reactions'><value>+</value></field>\
     <field var='{xmpp-machines:muc:0}reactions-per-user'><value>1</value></field>",
    "<field var='{xmpp-machines:muc:0}reactions'/><field var='{xmpp-machines:muc:0}reactions-per-user'/>",
];

/// Sets of reactions.
const FACES: [&str; 5] = [
    "",
    "<reaction>+</reaction>",
    "<reaction>-</reaction><reaction>+</reaction>",
    "<reaction>-</reaction><reaction>+</reaction><reaction>x</reaction>",
    "<reaction>+-</reaction>",
];

/// A room by request, the one that is created by entering it, or one that there is not.
fn place(number: u8, rooms: &[String]) -> String {
    let at = usize::from(number) % (rooms.len() + 2);
    rooms.get(at).map_or(if at == rooms.len() { "cake@rooms.example" } else { NOWHERE }, String::as_str).to_owned()
}

/// A room that there is not.
const NOWHERE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa@rooms.example";

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
    let mut told = Told::default();
    let mut end = START;
    let opening = opening.iter().map(|text| (1000, Err(*text)));
    for (step, (after, what)) in opening.chain(deeds.iter().map(|deed| (deed.after, Ok(deed)))).enumerate() {
        end = Time::from_millis(end.millis().saturating_add(after));
        let text = match what {
            Ok(deed) => deed.stanza(step, &told),
            Err(text) => text.replace("{room}", told.rooms.first().map_or(NOWHERE, String::as_str)),
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
                stanza.children().for_each(|child| told.remember(child));
                told.ids.extend(stanza.attr("id").map(str::to_owned));
            }
        }
    }
    bench.machine.check()?;
    Ok(Talk { journal: bench.journal().to_vec(), rooms: told.rooms, end, service: bench.machine })
}

/// A stanza as the service takes it.
///
/// # Errors
/// The codec's complaint.
pub fn stanza(text: &str) -> Result<Input, String> {
    Reader::one(ns::CLIENT, text.as_bytes()).map(Input::Stanza).map_err(|why| format!("{why}: {text}"))
}

/// What a client would keep of what anybody was told.
#[derive(Clone, Debug, Default)]
struct Told {
    /// The addresses of new rooms.
    rooms: Vec<String>,
    /// Ids and versions.
    ids: Vec<String>,
    /// Tokens that let somebody in.
    tokens: Vec<String>,
}

impl Told {
    fn remember(&mut self, told: &Tree) {
        match told.name.as_str() {
            "created" => {
                self.rooms.extend(told.children().find(|child| child.name == "subscription-jid").map(Tree::text));
            }
            "token" => self.tokens.push(told.text()),
            _ => {}
        }
        self.ids.extend(["id", "last", "version"].iter().filter_map(|name| told.attr(name)).map(str::to_owned));
        told.children().filter(|child| child.name == "item").for_each(|item| self.remember(item));
    }
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
