//! Stories of an account: who hears what on which device, line by line, with the rule that decided each; and what a host
//! may not do.

use jid::{BareJid, FullJid};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::imng::{Account, AccountConfig, Event, Input, Stored, refuse_for_nobody};
use xmpp_machines::limits::ImngLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::laws;
use xmpp_machines::sim::vectors::{imng, play_explaining, read_scenario};
use xmpp_machines::{Machine as _, Misuse, Outbox, Snapshot as _, Time};

fn played(steps: &str, id: Option<&str>) -> (String, Vec<String>) {
    let text = format!("<scenario xmlns='xmpp-machines:vectors:0' topic='imng'>{steps}</scenario>");
    let mut none = |name: &str| Err(format!("there is no {name}"));
    let scenario = read_scenario("story.xml", &text, &mut none).unwrap();
    let (played, explained) = play_explaining(&scenario, &mut imng(), id);
    (played.lines.iter().map(|line| format!("{line}\n")).collect(), explained)
}

fn told(steps: &[&str]) -> String {
    played(&steps.concat(), None).0
}

fn message(at: u64, id: &str, type_: &str, from: &str, to: &str, inside: &str) -> String {
    format!(
        "<in at='{at}'><message xmlns='jabber:client' id='{id}' type='{type_}' from='{from}' to='{to}'>{inside}</message></in>"
    )
}

const ANN: &str = "ann@tea.example";
const DESK: &str = "ann@tea.example/desk";
const BEN: &str = "ben@oak.example/hut";
const TEA: &str = "<body>Tea at five?</body>";

#[test]
fn a_conversation_on_three_devices() {
    let steps = [
        "<note>Ann has a desk with an old client, a phone with carbons, and a new tablet with IM-NG that is starting.</note>
         <host at='0' session='desk' bound='yes' priority='5'/>
         <host session='phone' bound='yes' priority='1' carbons='on'/>
         <host session='tablet' bound='yes' imng='on'/>
         <note>Ben writes to her: the desk is the most available, and the others see it too, under one id.</note>",
        &message(1000, "b1", "chat", BEN, ANN, TEA),
        "<note>She answers from the desk, to his device, as old clients do. IM-NG reflects what is for an account only.</note>",
        &message(2000, "a1", "chat", DESK, BEN, "<body>At six.</body>"),
        "<note>From the tablet, to his account.</note>",
        &message(3000, "a2", "chat", "ann@tea.example/tablet", "ben@oak.example", "<body>Bring cake.</body>"),
        "<note>That fails. The error names the tablet, and all that showed the message learn it.</note>",
        &message(4000, "a2", "error", "ben@oak.example", "ann@tea.example/tablet", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
        "<note>What is only for the desk is only for the desk.</note>",
        &message(5000, "b2", "chat", BEN, DESK, "<body>psst</body><im-ng xmlns='urn:xmpp:im-ng:0'/>"),
    ];
    insta::assert_snapshot!(told(&steps));
}

#[test]
fn a_night_and_a_morning() {
    let steps = [
        "<note>Nobody is online. A chat is kept, typing is not, an alert is for nobody.</note>",
        &message(0, "b1", "chat", BEN, ANN, TEA),
        &message(1000, "b2", "chat", BEN, ANN, "<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
        &message(2000, "b3", "headline", BEN, ANN, "<body>Sale!</body>"),
        "<note>A tablet comes that wants copies but no messages: what comes now is copied to it, and kept all the same.</note>
         <host at='10000' session='tablet' bound='yes' priority='-1' carbons='on'/>",
        &message(11_000, "b4", "chat", BEN, ANN, "<body>Or at six?</body>"),
        "<note>In the morning the desk comes: what was kept is delivered to it, once, with its times.</note>
         <host at='30000000' session='desk' bound='yes'/>
         <in><presence xmlns='jabber:client' from='ann@tea.example/desk'/></in>
         <note>The phone comes later and gets nothing of it.</note>
         <host session='phone' bound='yes' priority='9'/>",
    ];
    insta::assert_snapshot!(told(&steps));
}

#[test]
fn a_room_and_a_stranger_who_claims_to_be_one() {
    let room = "pot@rooms.example/Ben";
    let id = "<body>Tea is ready</body><stanza-id xmlns='urn:xmpp:sid:0' by='pot@rooms.example' id='r1'/>";
    let steps = [
        "<host at='0' room='pot@rooms.example' grounds='registered'/>
         <host session='desk' bound='yes' priority='5' room-live='pot@rooms.example' nick='Ann'/>
         <host session='phone' bound='yes' priority='1' imng='on'/>
         <host session='tablet' bound='yes' priority='1' carbons='on' room-live='pot@rooms.example' nick='Ann'/>
         <note>The room writes to each device that is in it, and to the account.</note>",
        &message(1000, "r1", "groupchat", room, DESK, id),
        &message(1000, "r1", "groupchat", room, ANN, id),
        "<note>A stranger does the same.</note>",
        &message(2000, "x1", "groupchat", "kettle@rooms.evil.example/Ben", ANN, "<body>Click here</body>"),
        "<note>A private message of the room is for one device; an answer to it is copied where the same name is worn.</note>",
        &message(3000, "p1", "chat", room, DESK, TEA),
        &message(4000, "p2", "chat", DESK, room, "<body>Yes</body>"),
        "<note>Ann leaves for good, and blocks the room.</note>
         <host at='5000' room='pot@rooms.example' grounds=''/>
         <host session='desk' room-ended='pot@rooms.example'/><host session='tablet' room-ended='pot@rooms.example'/>",
        &message(6000, "r2", "groupchat", room, ANN, id),
        "<in at='7000'><iq xmlns='jabber:client' type='set' id='k1' from='ann@tea.example/desk'>
           <block xmlns='urn:xmpp:blocking'><item jid='pot@rooms.example'/></block></iq></in>",
        &message(
            8000,
            "r3",
            "normal",
            "pot@rooms.example",
            ANN,
            "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
        ),
    ];
    insta::assert_snapshot!(told(&steps));
}

#[test]
fn a_phone_in_a_tunnel() {
    let steps = [
        "<host at='0' push='yes' session='desk' bound='yes' priority='0' active='no'/>",
        "<host at='0' session='phone' bound='yes' priority='5'/><host session='phone' hibernated='yes'/>
         <note>The phone lost its network. It is addressed as before.</note>",
        &message(1000, "b1", "chat", BEN, ANN, TEA),
        "<note>It does not come back. What it never got goes to the desk.</note>
         <in at='400000'><gone xmlns='xmpp-machines:imng:0' session='phone'>
           <message xmlns='jabber:client' id='b1' type='chat' from='ben@oak.example/hut' to='ann@tea.example'>
             <body>Tea at five?</body></message>
           <message xmlns='jabber:client' id='r1' type='groupchat' from='pot@rooms.example/Cid' to='ann@tea.example/phone'>
             <body>hello</body></message>
           <iq xmlns='jabber:client' id='q1' type='get' from='cid@fig.example/lab' to='ann@tea.example/phone'>
             <query xmlns='jabber:iq:version'/></iq>
         </gone></in>",
    ];
    let steps: Vec<String> = steps.iter().map(|step| step.replace("push='yes' ", "")).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    insta::assert_snapshot!(told(&steps));
}

/// The answer to "why did my phone not get it?".
#[test]
fn why_did_my_phone_not_get_it() {
    let steps = [
        "<host at='0' session='desk' bound='yes' priority='5'/><host session='phone' bound='yes' priority='-1'/>
         <host session='tablet' bound='yes' priority='1' carbons='on'/><host session='stove' bound='yes'/>
         <host session='watch' bound='yes' priority='0' imng='on'/>",
        &message(1000, "why", "chat", BEN, ANN, "<body>psst</body><private xmlns='urn:xmpp:carbons:2'/>"),
        &message(2000, "why", "groupchat", BEN, ANN, TEA),
    ];
    let (_, explained) = played(&steps.concat(), Some("why"));
    insta::assert_snapshot!(explained.join("\n"));
}

fn account() -> Account {
    let config = AccountConfig::new(&BareJid::new(ANN).unwrap());
    Account::new(config, ImngLimits::default(), Seed::new([7; 32]))
}

fn read(text: &str) -> Stanza {
    Reader::one("jabber:client", text.as_bytes()).unwrap()
}

#[test]
fn what_the_host_may_not_do_changes_nothing() {
    let desk = || FullJid::new(DESK).unwrap();
    let session = |session: FullJid, event| Input::Session { session, event };
    let stored = Stored { stamp: Time::EPOCH, stanza: read("<message/>") };
    let mut account = account();
    let misused = |account: &mut Account, input: Input| {
        laws::try_input(account, Time::EPOCH, input).unwrap().expect_err("this is misuse").to_string()
    };
    assert!(misused(&mut account, session(desk(), Event::Resumed)).contains("Event::Bound"));
    let stanza = read("<message to='ben@oak.example'/>");
    assert!(misused(&mut account, Input::FromSession { session: desk(), stanza }).contains("Event::Bound"));
    let other = FullJid::new("ben@oak.example/hut").unwrap();
    assert!(misused(&mut account, session(other, Event::Bound)).contains("another account"));
    let offline = Input::Offline { token: 7, messages: vec![stored], more: false };
    assert_eq!(misused(&mut account, offline), Misuse::NotAsked { token: 7 }.to_string());
    let member_copy = Input::MemberCopy { stanza: read("<presence/>"), to: Vec::new() };
    assert!(misused(&mut account, member_copy).contains("a message"));
    for event in [Event::Bound, Event::Imng(true)] {
        account.handle_with(Time::EPOCH, session(desk(), event), |_, _| {}).unwrap();
    }
    assert!(misused(&mut account, session(desk(), Event::Carbons(true))).contains("never both"));
    let again = Account::load(&account.save()).unwrap();
    assert_eq!(again.save(), account.save());
}

/// A stranger cannot tell an account that exists and takes nothing from one that does not exist.
#[test]
fn an_account_that_takes_nothing_looks_like_none() {
    for inside in ["<query xmlns='jabber:iq:version'/>", "<ping xmlns='urn:xmpp:ping'/>"] {
        let iq = format!("<iq type='get' id='q' from='{BEN}' to='{ANN}'>{inside}</iq>");
        let mut there: Outbox<_, _> = Outbox::new();
        account().handle(Time::EPOCH, Input::Stanza(read(&iq)), &mut there).unwrap();
        let mut none: Outbox<xmpp_machines::imng::Order, _> = Outbox::new();
        refuse_for_nobody(&read(&iq), &mut none);
        let bytes = |said: &Outbox<_, _>| -> Vec<Vec<u8>> {
            said.deliveries().map(|delivery| [delivery.head, delivery.tail].concat()).collect()
        };
        assert_eq!(bytes(&there), bytes(&none));
        assert_eq!(bytes(&there).len(), 1);
    }
}
