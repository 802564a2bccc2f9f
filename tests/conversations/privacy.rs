//! What readers must not learn: real addresses (V1), and that a secret room is there (V4).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use xmpp_machines::gc3::{Input, Service};
use xmpp_machines::sim::laws::Op;
use xmpp_machines::sim::talk::{self, Deed, PEOPLE, Talk};
use xmpp_machines::sim::vectors::START;
use xmpp_machines::sim::{Bench, Line, SimHost};
use xmpp_machines::{Action, Machine as _, Rule, Time};

use super::world::{ANN, BEN, DEE, World, form, stanza};

/// A stanza that somebody received, without their own address.
struct Received {
    why: Rule,
    to: String,
    from: String,
    text: String,
}

/// The bare JID of an address.
fn bare(jid: &str) -> &str {
    jid.split('/').next().unwrap_or_default()
}

/// Everything that was sent in a step.
fn step(service: &mut Service, now: Time, op: Op<Input>) -> Vec<Received> {
    let mut all = Vec::new();
    let mut sink = |why: Rule, action: Action<'_, _, _>| {
        let Action::Send { to, stanza } = action else { return };
        for to in to {
            let mut bytes = Vec::new();
            stanza.head_into("", &mut bytes);
            bytes.extend_from_slice(stanza.tail());
            let text = String::from_utf8(bytes).unwrap();
            let from = text.split(" from='").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
            all.push(Received { why, to: to.jid.to_owned(), from: from.to_owned(), text });
        }
    };
    match op {
        // An answer may be to a question that another answer has settled.
        Op::Input(input) => service.handle(now, input, &mut sink).unwrap(),
        Op::Wake => service.wake(now, &mut sink),
    }
    all
}

/// Who may see real JIDs, as far as can be told from outside: creators, administrators of the service, everybody in a
/// group, and from the first set of affiliations on whoever it may have made a moderator.
#[derive(Default)]
struct Entitled {
    groups: BTreeSet<String>,
    people: BTreeSet<(String, String)>,
    /// The kinds of rooms that are being created, by the id of the request.
    kinds: BTreeMap<(String, String), bool>,
}

impl Entitled {
    fn heard(&mut self, input: &Input) {
        let Input::Stanza(stanza) = input else { return };
        let text = String::from_utf8(stanza.to_bytes()).unwrap();
        let id = stanza.element.attr("id").unwrap_or_default().to_owned();
        let from = stanza.from.as_ref().map(ToString::to_string).unwrap_or_default();
        let room = bare(&stanza.to.as_ref().map(ToString::to_string).unwrap_or_default()).to_owned();
        if text.contains("<create") {
            self.kinds.insert((from, id), text.contains(">group<"));
        } else if ["'owner'", "'admin'", "'moderator'", "roomadmins", "roomowners"]
            .iter()
            .any(|rank| text.contains(rank))
        {
            // Whoever is named by ID or nickname may be anybody.
            let anybody = text.contains(" id='-") || text.contains(" nick='");
            let named = |person: &str| text.contains(person) || anybody;
            let named = PEOPLE.iter().filter(|person| named(person));
            self.people.extend(named.map(|person| (room.clone(), (*person).to_owned())));
        } else if text.contains("_whois'><value>anyone<") {
            // To whom a room was promised to hide them is another property's.
            self.groups.insert(room);
        }
    }

    fn told(&mut self, received: &Received) {
        if received.text.contains("code='201'") {
            self.people.insert((bare(&received.from).to_owned(), bare(&received.to).to_owned()));
        }
        let Some((_, created)) = received.text.split_once("<created") else { return };
        let room =
            created.split("<subscription-jid>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
        let id = received.text.split(" id='").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        if self.kinds.get(&(received.to.clone(), id.to_owned())) == Some(&true) {
            self.groups.insert(room.clone());
        }
        self.people.insert((room, bare(&received.to).to_owned()));
    }

    fn may(&self, received: &Received) -> bool {
        let (room, reader) = (bare(&received.from).to_owned(), bare(&received.to).to_owned());
        reader == PEOPLE[4] || self.groups.contains(&room) || self.people.contains(&(room, reader))
    }
}

/// Replays a conversation and looks at every copy of every stanza. Gives how many were looked at, by rule.
fn hides(talk: &Talk) -> Result<BTreeMap<&'static str, usize>, String> {
    let mut service = talk::service();
    let mut entitled = Entitled::default();
    let mut looked = BTreeMap::new();
    for (now, op) in &talk.journal {
        if let Op::Input(input) = op {
            entitled.heard(input);
        }
        for received in step(&mut service, *now, op.clone()) {
            entitled.told(&received);
            // Who invited somebody by its address is told by that address that it declines.
            if entitled.may(&received) || received.why.id() == "muc.I6" {
                continue;
            }
            *looked.entry(received.why.id()).or_default() += 1;
            let own = bare(&received.to);
            let others = PEOPLE.iter().filter(|person| **person != own);
            let secrets = others.copied().chain(["/phone", "/desk", "/den'", "at my desk"]);
            for secret in secrets {
                if received.text.contains(secret) {
                    return Err(format!("{} tells {} of {secret}: {}", received.why, received.to, received.text));
                }
            }
        }
    }
    Ok(looked)
}

pub(super) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(any::<u8>(), 7 * 20..7 * 110).prop_map(|bytes| {
        let mut deeds = Deed::from_bytes(&bytes);
        for deed in &mut deeds {
            // Seconds, so that people are not forgotten while they talk; one room, and no administrator.
            deed.after %= 20_000;
            deed.room = 0;
            deed.person %= 4;
            // New rooms would crowd out all else.
            deed.what = deed.what.max(14);
        }
        deeds
    })
}

/// A channel of four, in which as much is open as can be, and the conversation that follows.
pub(super) fn talked(deeds: &[Deed]) -> Result<Talk, String> {
    let create = form(
        "create-form",
        &[
            ("nickname", "Ann"),
            ("kind", "channel"),
            ("name", "Tea"),
            ("private-messages", "anyone"),
            ("profile-relay", "1"),
        ],
    );
    let mut opening = vec![format!(
        "<iq type='set' id='c' from='ann@tea.example/phone' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>{create}</create></iq>"
    )];
    for (person, nick) in PEOPLE.iter().skip(1).zip(["Ben", "Cid", "Dee"]) {
        let join = form("join-form", &[("nickname", nick)]);
        let topics = "<subscribe type='message'/><subscribe type='presence'/><subscribe type='participant'/>";
        let profile = form("participant", &[("profile", "1")]);
        for payload in [
            format!("<join xmlns='urn:xmpp:gc3:0'>{join}{topics}</join>"),
            format!("<participant xmlns='urn:xmpp:gc3:0'>{profile}</participant>"),
        ] {
            opening.push(format!("<iq type='set' id='o' from='{person}/phone' to='{{room}}'>{payload}</iq>"));
        }
        opening.push(format!("<presence type='subscribed' from='{person}' to='{{room}}'/>"));
    }
    talk::talk_after(&opening.iter().map(String::as_str).collect::<Vec<_>>(), deeds)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn real_addresses_are_hidden(deeds in deeds()) {
        let talk = talked(&deeds).map_err(TestCaseError::fail)?;
        hides(&talk).map_err(TestCaseError::fail)?;
    }
}

/// What the property looks at is known to be much.
#[test]
fn the_search_for_addresses_sees_enough() {
    use proptest::strategy::ValueTree as _;
    let mut runner = TestRunner::deterministic();
    let mut looked: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..30 {
        let talk = talked(&deeds().new_tree(&mut runner).unwrap().current()).unwrap();
        for (rule, times) in hides(&talk).unwrap() {
            *looked.entry(rule).or_default() += times;
        }
    }
    for rule in [
        "gc3.M2",
        "gc3.G2.11",
        "gc3.P3",
        "gc3.G7.3",
        "gc3.G6.6",
        "gc3.G2.6",
        "muc.P7",
        "muc.P8",
        "muc.W1",
        "muc2.P7",
        "muc2.W1",
        "muc2.P8",
        "muc2.N1",
        "muc2.X1",
    ] {
        assert!(looked.contains_key(rule), "{rule} is not among {looked:?}");
    }
}

/// Another address for Cid.
const OTHER: (&str, &str) = ("cid@fig.example", "zed@plum.example");

/// What all who may not see addresses received, Cid aside, when Cid has this address: step by step, and with one name for
/// Cid's ID.
fn received(talk: &Talk, cid: &str) -> Result<Vec<String>, String> {
    let address = |text: &str| text.replace(OTHER.0, cid);
    let mut bench = Bench::new(talk::service(), SimHost::default(), START);
    let mut entitled = Entitled::default();
    let mut ids = Vec::new();
    let mut all = Vec::new();
    for (now, op) in &talk.journal {
        let input = match op {
            Op::Input(Input::Stanza(stanza)) => {
                let text = String::from_utf8(stanza.to_bytes()).map_err(|why| why.to_string())?;
                // The address of a room hangs on who creates it.
                if text.contains("<create ") && text.contains(&format!(" from='{}/", OTHER.0)) {
                    continue;
                }
                // Whoever named Cid by ID names the same person.
                let text = ids.iter().fold(address(&text), |text, (was, is): &(String, String)| text.replace(was, is));
                talk::stanza(&text)?
            }
            Op::Input(command @ Input::Command(_)) => command.clone(),
            // The host and the clock of this bench answer by themselves.
            _ => continue,
        };
        entitled.heard(&input);
        bench.handle(*now, input).map_err(|why| why.to_string())?.map_err(|why| why.to_string())?;
        for line in bench.take_lines() {
            let Line::Send { to, stanza, why, .. } = line else { continue };
            for to in to {
                let text = stanza.line("");
                let from = stanza.attr("from").unwrap_or_default().to_owned();
                let received = Received { why, to: to.clone(), from, text };
                entitled.told(&received);
                if !entitled.may(&received) && bare(&to) != cid {
                    // Lists are in the order of the IDs.
                    let mut parts: Vec<&str> = received.text.split("<item ").collect();
                    parts.sort_unstable();
                    all.push(format!("{now:?} {to} {}", parts.join("<item ")));
                }
            }
        }
        // Also in the room that is created by entering it, and once more if that is done again.
        for room in talk.rooms.first().map(String::as_str).into_iter().chain(["cake@rooms.example"]) {
            let id = |of: &str| {
                let (room, account) = (jid::BareJid::new(room).ok()?, jid::BareJid::new(of).ok()?);
                Some(bench.machine.participant_id(&room, &account)?.to_string())
            };
            let Some((was, is)) = id(OTHER.0).zip(id(cid)) else { continue };
            if !ids.iter().any(|(known, _)| *known == was) {
                // The name by which clients of XEP-0045 address somebody may end in the beginning of the ID (muc.G10.1).
                let short = |id: &str| format!("({})", id.get(1..5).unwrap_or_default());
                ids.push((short(&was), short(&is)));
                ids.push((was, is));
            }
        }
    }
    let name = |text: &String| {
        ids.iter().fold(text.clone(), |text, (was, is)| {
            text.replace(is, if was.starts_with('(') { "({cid})" } else { "{cid}" })
        })
    };
    let mut named: Vec<String> = all.iter().map(name).collect();
    for text in &mut named {
        // Once more, for the name sorts otherwise than the ID.
        let mut parts: Vec<&str> = text.split("<item ").collect();
        parts.sort_unstable();
        *text = parts.join("<item ");
    }
    Ok(named)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that a reader without the right to see addresses receives changes with another's address, but its ID.
    #[test]
    fn nothing_hangs_on_the_address_of_another(deeds in deeds()) {
        let talk = talked(&deeds).map_err(TestCaseError::fail)?;
        let one = received(&talk, OTHER.0).map_err(TestCaseError::fail)?;
        let other = received(&talk, OTHER.1).map_err(TestCaseError::fail)?;
        prop_assert!(!one.is_empty());
        for (one, other) in one.iter().zip(&other) {
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(one.len(), other.len());
    }
}

/// What somebody who may not know a room sends to it, in every shape that an address, a kind, a type and a payload can
/// make together.
fn shapes(from: &str) -> Vec<String> {
    let kinds = [
        ("iq", &["get", "set", "result", "error"][..]),
        ("message", &["chat", "groupchat", "normal", "headline", "error", ""][..]),
        (
            "presence",
            &["", "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"][..],
        ),
    ];
    let payloads = [
        "",
        "<join xmlns='urn:xmpp:gc3:0'/>",
        "<join xmlns='urn:xmpp:gc3:0'><subscribe type='message'/></join>",
        "<join-form xmlns='urn:xmpp:gc3:0'/>",
        "<leave xmlns='urn:xmpp:gc3:0'/>",
        "<sync xmlns='urn:xmpp:gc3:0'/>",
        "<subscribe xmlns='urn:xmpp:gc3:0' type='nonsense'/>",
        "<unsubscribe xmlns='urn:xmpp:gc3:0' type='message'/>",
        "<participants xmlns='urn:xmpp:gc3:0'/>",
        "<participants xmlns='urn:xmpp:gc3:0'><item id='{ann}' kick='yes'/></participants>",
        "<access xmlns='urn:xmpp:gc3:0'/>",
        "<access xmlns='urn:xmpp:gc3:0'><item jid='dee@elm.example' affiliation='owner'/></access>",
        "<config xmlns='urn:xmpp:gc3:0'/>",
        "<participant xmlns='urn:xmpp:gc3:0'/>",
        "<destroy xmlns='urn:xmpp:gc3:0'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='urn:xmpp:mam:2'/>",
        "<metadata xmlns='urn:xmpp:mam:2'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub>",
        "<moderate xmlns='urn:xmpp:message-moderate:1' id='x'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>",
        "<report-participant xmlns='urn:xmpp:gcreport:0'/>",
        "<brew xmlns='urn:example:tea'/>",
        "<body>hello</body>",
        "<body>hello</body><body xml:lang='de'>hallo</body>",
        "<subject>Tea</subject>",
        "<retract xmlns='urn:xmpp:message-retract:1' id='x'/>",
        "<x xmlns='http://jabber.org/protocol/muc'/>",
        "<x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'><nickname>Dee</nickname></muc2></x>",
        "<x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'/><presence level='some'/></x>",
        "<muc2 xmlns='urn:xmpp:muc:0'/>",
        "<join xmlns='urn:xmpp:muc:0'><nickname>Dee</nickname></join>",
        "<leave xmlns='urn:xmpp:muc:0'/>",
        "<show>away</show>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='x' ver='AAAA'/>",
        "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
    ];
    let mut all = Vec::new();
    for (kind, types) in kinds {
        for type_ in types {
            let type_ = if type_.is_empty() { String::new() } else { format!(" type='{type_}'") };
            for resource in ["", "/Ann", "/{ann}", "/-AAAAAAAAAAAAAAAAAAAA", "/x y"] {
                for payload in payloads {
                    for id in [" id='i1'", ""] {
                        // A request always has an id.
                        if kind == "iq" && id.is_empty() {
                            continue;
                        }
                        all.push(format!(
                            "<{kind}{type_}{id} from='{from}' to='{{room}}{resource}'>{payload}</{kind}>"
                        ));
                    }
                }
            }
        }
    }
    all
}

/// A group with Ann and Ben, and what else may differ between rooms.
fn group() -> World {
    let mut w = World::muc();
    w.create("group", &[("password", "kettle")], &["message", "participant", "presence"]);
    w.set(ANN, "<access xmlns='urn:xmpp:gc3:0'><item jid='ben@oak.example' affiliation='member'/></access>");
    w.presence(ANN, "", "");
    w.say(ANN, "m1", "Between us");
    w.wait(2000);
    w
}

const NOWHERE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa@rooms.example";

/// Sends the same to the room and to a name that does not exist, and compares what comes back.
fn alike(w: &World, from: &str) -> usize {
    let room = w.fill("{room}");
    let mut answered = 0;
    for shape in shapes(from) {
        let (mut there, mut nowhere) = (w.bench.machine.clone(), w.bench.machine.clone());
        let text = w.fill(&shape);
        let elsewhere = text.replace(&room, NOWHERE);
        let one = step(&mut there, w.now(), Op::Input(stanza(&text)));
        let other = step(&mut nowhere, w.now(), Op::Input(stanza(&elsewhere)));
        let seen = |all: &[Received]| -> Vec<(String, String)> {
            all.iter().map(|r| (r.to.clone(), r.text.replace(&room, NOWHERE))).collect()
        };
        assert_eq!(seen(&one), seen(&other), "{text}");
        assert!(one.iter().all(|received| received.to == from), "others notice: {text}");
        // Nor does it set anything off later.
        assert_eq!(there.deadline(), nowhere.deadline(), "{text}");
        answered += one.len();
    }
    answered
}

#[test]
fn a_secret_room_is_no_room_to_a_stranger() {
    let w = group();
    assert!(alike(&w, DEE) > 300);
    assert!(alike(&w, "dee@elm.example") > 300);
}

#[test]
fn nor_after_it_is_destroyed_nor_to_one_who_was_taken_off_the_list() {
    let mut w = group();
    w.set(ANN, "<access xmlns='urn:xmpp:gc3:0'><item jid='ben@oak.example' affiliation='none'/></access>");
    w.wait(2000);
    assert!(alike(&w, BEN) > 300);
    w.set(ANN, "<destroy xmlns='urn:xmpp:gc3:0'/>");
    w.wait(2000);
    assert!(alike(&w, DEE) > 300);
    assert!(alike(&w, BEN) > 300);
}

/// Asking often is no way to find out either: the same flood, told apart by nothing.
#[test]
fn a_flood_learns_nothing() {
    let w = group();
    let room = w.fill("{room}");
    let (mut there, mut nowhere) = (w.bench.machine.clone(), w.bench.machine.clone());
    for shape in shapes(DEE).iter().step_by(3) {
        let text = w.fill(shape);
        let one = step(&mut there, w.now(), Op::Input(stanza(&text)));
        let other = step(&mut nowhere, w.now(), Op::Input(stanza(&text.replace(&room, NOWHERE))));
        assert_eq!(one.len(), other.len(), "{text}");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one.text.replace(&room, NOWHERE), other.text);
        }
    }
    assert!(there.deadline() == nowhere.deadline());
}
