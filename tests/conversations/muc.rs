//! Clients of XEP-0045 in rooms of GC3: all pairs of the small automata, and whole stories.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use xmpp_machines::gc3::{Notice, Service};
use xmpp_machines::{Action, Machine as _, Snapshot as _, Time};

use super::world::{ANN, BEN, CID, DEE, World, form, stanza};

const X: &str = "<x xmlns='http://jabber.org/protocol/muc'/>";

/// What a stanza makes a copy of the service say, by recipient.
fn given(service: &Service, now: Time, text: &str) -> (Service, BTreeMap<String, String>) {
    let mut service = service.clone();
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    service
        .handle_with(now, stanza(text), |_, action| match action {
            Action::Send { to, stanza } => {
                for to in to {
                    let text = String::from_utf8(stanza.encode(to.jid)).unwrap();
                    *sent.entry(to.jid.to_owned()).or_default() += &text;
                }
            }
            Action::Tell(Notice::Dropped { .. }) => *sent.entry(String::new()).or_default() += "DROPPED",
            _ => {}
        })
        .unwrap();
    service.check().unwrap();
    (service, sent)
}

/// How a full JID is attached to the room, as can be told from outside: by presence, by request, or not.
fn attached(service: &Service, now: Time, room: &str, full: &str) -> &'static str {
    let sync = format!("<iq type='get' id='look' from='{full}' to='{room}'><sync xmlns='urn:xmpp:gc3:0'/></iq>");
    let answer = given(service, now, &sync).1.remove(full).unwrap_or_default();
    // Whoever is in by presence is refused a subscription.
    let set = format!(
        "<iq type='set' id='try' from='{full}' to='{room}'><subscribe xmlns='urn:xmpp:gc3:0' type='message'/></iq>"
    );
    let refused = given(service, now, &set).1.remove(full).unwrap_or_default().contains("<conflict");
    match () {
        () if !answer.contains("joined='yes'") => "out",
        () if refused => "muc",
        () if answer.contains("session='yes'") => "gc3",
        () => "in",
    }
}

const PHONE: &str = BEN;

/// Ben in each of the ways in which his phone can be attached.
fn phone(how: &str) -> World {
    let mut w = World::muc();
    w.create("channel", &[("private-messages", "anyone")], &[]);
    w.enter(CID, "Cid");
    match how {
        "out" => {}
        "muc" => drop(w.enter(PHONE, "Ben")),
        "muc of a member" => {
            w.join("ben@oak.example/desk", "Ben", &[]);
            w.enter(PHONE, "Ben");
        }
        "muc over gc3" => {
            w.join(PHONE, "Ben", &["message"]);
            w.presence("ben@oak.example", "subscribed", "");
            w.presence(PHONE, "", "");
            w.enter(PHONE, "Ben");
        }
        "gc3" => drop(w.join(PHONE, "Ben", &["message"])),
        _ => drop(w.join("ben@oak.example/desk", "Ben", &[])),
    }
    w.wait(5000);
    w
}

/// Every presence that Ben's phone may send, in every state that it may be in.
#[test]
fn presence_in_every_state() {
    let inputs = [
        ("enter", format!("<presence from='{PHONE}' to='{{room}}/Ben'>{X}</presence>")),
        ("enter without a nickname", format!("<presence from='{PHONE}' to='{{room}}'>{X}</presence>")),
        ("enter as another", format!("<presence from='{PHONE}' to='{{room}}/Cid'>{X}</presence>")),
        ("show", format!("<presence from='{PHONE}' to='{{room}}/Ben'><show>away</show></presence>")),
        ("rename", format!("<presence from='{PHONE}' to='{{room}}/Benny'/>")),
        ("rename to another", format!("<presence from='{PHONE}' to='{{room}}/Cid'/>")),
        ("leave", format!("<presence type='unavailable' from='{PHONE}' to='{{room}}/Ben'/>")),
        ("leave by another name", format!("<presence type='unavailable' from='{PHONE}' to='{{room}}/Cid'/>")),
        ("gone", format!("<presence type='unavailable' from='{PHONE}' to='{{room}}'/>")),
        ("probe", format!("<presence type='probe' from='{PHONE}' to='{{room}}/Ben'/>")),
        ("subscribe", format!("<presence type='subscribe' from='{PHONE}' to='{{room}}/Ben'/>")),
        (
            "error",
            format!(
                "<presence type='error' from='{PHONE}' to='{{room}}/Cid'><error type='cancel'>\
                 <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
            ),
        ),
    ];
    // State, input: the state after, what the phone is told, whether Cid is told. What is not named changes nothing and
    // is told to nobody.
    let table = [
        ("out", "enter", ("muc", "code='110'", true)),
        ("out", "enter without a nickname", ("out", "<jid-malformed", false)),
        ("out", "enter as another", ("out", "<conflict", false)),
        ("out", "show", ("out", "code='333'", false)),
        ("out", "rename", ("out", "code='333'", false)),
        ("out", "rename to another", ("out", "code='333'", false)),
        ("in", "enter", ("muc", "code='110'", true)),
        ("in", "enter without a nickname", ("in", "<jid-malformed", false)),
        // The account has its nickname already.
        ("in", "enter as another", ("muc", "code='210'", true)),
        ("in", "show", ("in", "code='333'", false)),
        ("in", "rename", ("in", "code='333'", false)),
        ("in", "rename to another", ("in", "code='333'", false)),
        ("gc3", "enter", ("muc", "code='110'", true)),
        ("gc3", "enter without a nickname", ("gc3", "<jid-malformed", false)),
        ("gc3", "enter as another", ("muc", "code='210'", true)),
        ("gc3", "gone", ("in", "", false)),
        ("muc", "enter", ("muc", "code='110'", false)),
        ("muc", "enter without a nickname", ("muc", "<jid-malformed", false)),
        ("muc", "enter as another", ("muc", "code='210'", false)),
        ("muc", "show", ("muc", "<show>away", true)),
        ("muc", "rename", ("muc", "code='303'", true)),
        ("muc", "rename to another", ("muc", "<conflict", false)),
        ("muc", "leave", ("out", "type='unavailable'", true)),
        ("muc", "leave by another name", ("out", "type='unavailable'", true)),
        ("muc", "gone", ("out", "type='unavailable'", true)),
        ("muc", "error", ("out", "code='333'", true)),
        ("muc of a member", "enter", ("muc", "code='110'", false)),
        ("muc of a member", "enter without a nickname", ("muc", "<jid-malformed", false)),
        ("muc of a member", "enter as another", ("muc", "code='210'", false)),
        ("muc of a member", "show", ("muc", "<show>away", true)),
        ("muc of a member", "rename", ("muc", "code='303'", true)),
        ("muc of a member", "rename to another", ("muc", "<conflict", false)),
        ("muc of a member", "leave", ("in", "type='unavailable'", true)),
        ("muc of a member", "leave by another name", ("in", "type='unavailable'", true)),
        ("muc of a member", "gone", ("in", "type='unavailable'", true)),
        ("muc of a member", "error", ("in", "type='unavailable'", true)),
        ("muc over gc3", "enter", ("muc", "code='110'", false)),
        ("muc over gc3", "enter without a nickname", ("muc", "<jid-malformed", false)),
        ("muc over gc3", "enter as another", ("muc", "code='210'", false)),
        ("muc over gc3", "show", ("muc", "<show>away", true)),
        ("muc over gc3", "rename", ("muc", "code='303'", true)),
        ("muc over gc3", "rename to another", ("muc", "<conflict", false)),
        // It is a session of GC3 again.
        ("muc over gc3", "leave", ("gc3", "type='unavailable'", true)),
        ("muc over gc3", "leave by another name", ("gc3", "type='unavailable'", true)),
        ("muc over gc3", "gone", ("in", "type='unavailable'", true)),
        ("muc over gc3", "error", ("in", "type='unavailable'", true)),
    ];
    for how in ["out", "in", "gc3", "muc", "muc of a member", "muc over gc3"] {
        let w = phone(how);
        let (service, now, room) = (&w.bench.machine, w.now(), w.fill("{room}"));
        let before = how.split(' ').next().unwrap();
        assert_eq!(attached(service, now, &room, PHONE), before, "{how}");
        for (name, text) in &inputs {
            let (after, sent) = given(service, now, &w.fill(text));
            let named = table.iter().find(|(state, input, _)| (*state, *input) == (how, *name));
            let (state, told, others) = named.map_or((before, "", false), |(.., wanted)| *wanted);
            let heard = |who: &str| sent.get(who).map_or("", String::as_str);
            assert_eq!(attached(&after, now, &room, PHONE), state, "{name} when {how}: {sent:?}");
            assert!(heard(PHONE).contains(told), "{name} when {how}: {}", heard(PHONE));
            assert_eq!(heard(PHONE).is_empty(), told.is_empty(), "{name} when {how}: {}", heard(PHONE));
            assert_eq!(!heard(CID).is_empty(), others, "{name} when {how}: {}", heard(CID));
        }
    }
}

/// Who hears a message of whom, in every pair of dialects.
#[test]
fn messages_between_all_dialects() {
    let mut w = World::muc();
    w.create("channel", &[], &["message"]);
    w.join(DEE, "Dee", &["message"]);
    w.enter(BEN, "Ben");
    w.enter(CID, "Cid");
    w.wait(2000);
    let gc3 = [ANN, DEE];
    for from in [ANN, BEN, CID, DEE] {
        let said = w.fill(&format!(
            "<message type='groupchat' id='m1' from='{from}' to='{{room}}'><body>hello</body></message>"
        ));
        let (_, sent) = given(&w.bench.machine, w.now(), &said);
        assert_eq!(sent.len(), 4);
        for (to, text) in sent {
            let by_id = text.contains(" from='") && text.split(" from='").nth(1).unwrap().contains("/-");
            assert_eq!(by_id, gc3.contains(&to.as_str()), "{from} to {to}: {text}");
        }
    }
}

/// Requests and private messages, between whoever there can be.
#[test]
fn words_between_two() {
    let mut w = World::muc();
    w.create("channel", &[("private-messages", "anyone")], &["message"]);
    w.join(DEE, "Dee", &["message"]);
    w.enter(BEN, "Ben");
    w.enter(CID, "Cid");
    w.wait(2000);
    let people = [("Ann", ANN, true), ("Ben", BEN, false), ("Cid", CID, false), ("Dee", DEE, true)];
    for (_, from, from_gc3) in people {
        for (to, full, to_gc3) in people {
            let version = "<query xmlns='jabber:iq:version'/>";
            let ask = format!("<iq type='get' id='q1' from='{from}' to='{{room}}/{to}'>{version}</iq>");
            let (_, sent) = given(&w.bench.machine, w.now(), &w.fill(&ask));
            if from_gc3 || to_gc3 {
                assert!(sent[from].contains("<service-unavailable"), "{from} asks {to}: {sent:?}");
            } else {
                assert!(sent[full].contains("jabber:iq:version"), "{from} asks {to}: {sent:?}");
            }
            let psst =
                format!("<message type='chat' id='pm' from='{from}' to='{{room}}/{to}'><body>psst</body></message>");
            let (_, sent) = given(&w.bench.machine, w.now(), &w.fill(&psst));
            let account = full.split('/').next().unwrap();
            let reached = if to_gc3 { account } else { full };
            assert_eq!(sent.keys().collect::<Vec<_>>(), [reached], "{from} writes to {to}");
            assert_eq!(sent[reached].contains("muc#user"), !to_gc3, "{from} writes to {to}: {sent:?}");
        }
    }
}

/// A room of both kinds of clients from its first message to its end, with a restart between.
#[test]
fn a_day_in_two_dialects() {
    let mut w = World::muc();
    w.note("Ann makes a room with a new client.");
    w.create("channel", &[], &["message", "presence", "participant"]);
    w.wait(2000);
    w.note("Ben enters with an old one.");
    w.enter(BEN, "Ben");
    w.wait(2000);
    w.say(BEN, "m1", "Is there tea?");
    w.say(ANN, "m2", "Green or black?");
    w.note("Cid comes late.");
    w.enter(CID, "Cid");
    w.note("The service restarts.");
    let saved = w.bench.machine.save();
    w.fall_back(&saved);
    let config = xmpp_machines::gc3::ServiceConfig { muc: true, muc2: true, ..w.bench.machine.config().clone() };
    w.bench.machine.reconfigure(config).unwrap();
    w.note("Ben takes another name.");
    w.send(1000, &format!("<presence from='{BEN}' to='{{room}}/Benny'/>"));
    w.note("Cid makes it his room with a new client, and closes the old one.");
    let join = form("join-form", &[("nickname", "Cid")]);
    w.send(
        1000,
        &format!("<iq type='set' id='j' from='cid@fig.example/new' to='{{room}}'><join xmlns='urn:xmpp:gc3:0'>{join}</join></iq>"),
    );
    w.send(1000, &format!("<presence type='unavailable' from='{CID}' to='{{room}}/Cid'/>"));
    w.wait(2000);
    w.note("Ben is put out.");
    w.bind(
        "benny",
        w.bench
            .machine
            .participant_id(
                &jid::BareJid::new(&w.fill("{room}")).unwrap(),
                &jid::BareJid::new("ben@oak.example").unwrap(),
            )
            .unwrap()
            .to_string(),
    );
    w.set(ANN, "<participants xmlns='urn:xmpp:gc3:0'><item id='{benny}' kick='yes'><reason>Cold tea</reason></item></participants>");
    assert_snapshot!(w.story());
}

/// A set of the owner's form.
fn options(fields: &[(&str, &[&str])]) -> String {
    let field = |(name, values): &(&str, &[&str])| {
        let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
        format!("<field var='{name}'>{values}</field>")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x></query>"
    )
}

fn items(items: &str) -> String {
    format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>")
}

fn message(form_type: &str, fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("<field var='{name}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
         <value>http://jabber.org/protocol/{form_type}</value></field>{fields}</x>"
    )
}

/// The whole life of a room, by nothing but what stock clients send.
#[test]
fn an_owner_runs_a_room() {
    const ROOM: &str = "cake@rooms.example";
    let mut w = World::muc();
    let enter = |who: &str, nick: &str| format!("<presence from='{who}' to='{ROOM}/{nick}'>{X}</presence>");
    let set = |who: &str, what: String| format!("<iq type='set' id='q' from='{who}' to='{ROOM}'>{what}</iq>");
    let tell = |who: &str, what: String| format!("<message id='r' from='{who}' to='{ROOM}'>{what}</message>");
    w.note("Ann reserves a room; nobody gets in before it is configured.");
    w.send(1000, &enter(ANN, "Ann"));
    w.send(1000, &enter(BEN, "Ben"));
    let first: [(&str, &[&str]); 6] = [
        ("muc#roomconfig_roomname", &["Cake"]),
        ("muc#roomconfig_persistentroom", &["1"]),
        ("muc#roomconfig_moderatedroom", &["1"]),
        ("muc#roomconfig_lang", &["en"]),
        ("{xmpp-machines:muc:0}registration", &["approval"]),
        ("muc#roomconfig_roomadmins", &["cid@fig.example"]),
    ];
    w.send(1000, &set(ANN, options(&first)));
    w.note("Ben may listen, and asks for voice.");
    w.send(1000, &enter(BEN, "Ben"));
    w.send(1000, &tell(BEN, message("muc#request", &[("muc#role", "participant")])));
    let yes = [("muc#role", "participant"), ("muc#roomnick", "Ben"), ("muc#request_allow", "1")];
    w.send(1000, &tell(ANN, message("muc#request", &yes)));
    w.send(1000, &format!("<message type='groupchat' id='m1' from='{BEN}' to='{ROOM}'><body>Cake?</body></message>"));
    w.note("Dee registers; Cid, who is named an administrator, decides about it from home.");
    let wish = message("muc#register", &[("muc#register_roomnick", "Dee")]);
    w.send(1000, &set(DEE, format!("<query xmlns='jabber:iq:register'>{wish}</query>")));
    let yes = [("muc#jid", "dee@elm.example"), ("muc#register_roomnick", "Dee"), ("muc#register_allow", "1")];
    w.send(1000, &tell(CID, message("muc#register", &yes)));
    w.send(1000, &enter(DEE, "Dee"));
    w.note("Ann makes Ben a member and closes the door to all others.");
    w.send(1000, &set(ANN, items("<item jid='ben@oak.example' affiliation='member'/>")));
    w.send(1000, &set(ANN, options(&[("muc#roomconfig_membersonly", &["1"])])));
    w.send(1000, &enter("eve@yew.example/tv", "Eve"));
    w.note("Ben is banned, Dee leaves, and Ann ends the room.");
    w.send(1000, &set(ANN, items("<item jid='ben@oak.example' affiliation='outcast'><reason>Crumbs</reason></item>")));
    w.send(1000, &format!("<presence type='unavailable' from='{DEE}' to='{ROOM}/Dee'/>"));
    let end = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='pie@rooms.example'>\
        <reason>Eaten</reason></destroy></query>";
    w.send(1000, &set(ANN, end.to_owned()));
    w.send(1000, &enter(DEE, "Dee"));
    assert_snapshot!(w.story());
}

/// Rights that XEP-0045 has no word for: a hat by which somebody puts others out, and one who must be silent.
#[test]
fn rights_of_ones_own() {
    let mut w = World::muc();
    w.create("channel", &[], &[]);
    for (who, nick) in [(BEN, "Ben"), (CID, "Cid"), (DEE, "Dee")] {
        w.enter(who, nick);
    }
    w.note("Ann makes a hat, gives it to Ben, and lets those who wear it put others out.");
    let command = |node: &str, fields: &[(&str, &str)]| {
        let field = |(name, value): &(&str, &str)| format!("<field var='{name}'><value>{value}</value></field>");
        let fields: String = fields.iter().map(field).collect();
        format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{node}'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>\
             {fields}</x></command>"
        )
    };
    w.set(ANN, &command("create", &[("hats#uri", "urn:x-hat:host"), ("hats#title", "Host")]));
    w.set(ANN, &command("assign", &[("hats#uri", "urn:x-hat:host"), ("hats#jid", "ben@oak.example")]));
    let group = |group: &str, action: &str| {
        format!("<group-access-list xmlns='urn:xmpp:entity-acl:0'>{group}{action}</group-access-list>")
    };
    let given: String = ["moderator", "participant", "visitor"]
        .iter()
        .map(|role| format!("<group type='xmpp-machines:acl:0#role' address='{role}'/>"))
        .chain(
            ["owner", "admin", "member", "none", "outcast"]
                .iter()
                .map(|affiliation| format!("<group type='xmpp-machines:acl:0#affiliation' address='{affiliation}'/>")),
        )
        .collect();
    let hosts = "<group type='urn:xmpp:hats:0' address='urn:x-hat:host'/>";
    let cid = "<group type='xmpp-machines:acl:0#jid' address='cid@fig.example'/>";
    let everyone = "<group type='urn:xmpp:entity-acl:0' address='urn:xmpp:entity-acl:everyone:0'/>";
    w.set(ANN, &format!("<acl-groups xmlns='urn:xmpp:entity-acl:0'>{cid}{hosts}{given}{everyone}</acl-groups>"));
    w.set(ANN, &group(hosts, "<action id='kick' value='true'/>"));
    w.set(ANN, &group(cid, "<action id='send-message' value='false'/>"));
    w.note("Cid is silent, and Ben puts him out by his client of XEP-0045.");
    w.send(1000, &format!("<message type='groupchat' id='m1' from='{CID}' to='{{room}}'><body>But.</body></message>"));
    w.set(BEN, &items("<item nick='Cid' role='none'><reason>Enough</reason></item>"));
    w.note("Dee has no such hat.");
    w.set(DEE, &items("<item nick='Ben' role='none'/>"));
    assert_snapshot!(w.story());
}
