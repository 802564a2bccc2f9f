//! Discovery, requests to participants, private messages, bounces and reports: what goes in, what comes out, and by
//! which rule.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use jid::BareJid;
use world::*;
use xmpp_machines::gc3::config::{Config, Kind, PrivateMessages};
use xmpp_machines::gc3::{Command, Input, Notice};
use xmpp_machines::limits::Gc3Limits;

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
        let by = format!(" by='{ROOM}'");
        has(&said[0], &by);
        [said[0].replacen(&by, "", 1)]
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
    for (id, condition) in [("none", "item-not-found"), ("m4", "not-acceptable")] {
        assert_eq!(world.say(CID, "m4", "<body>Tea</body>").len(), 3);
        assert!(world.send(&bounce(id, condition)).is_empty());
        world.by("gc3.P6");
    }
    assert_eq!(world.say(CID, "m4", "<body>Tea</body>").len(), 3);
    assert!(world.send(&bounce("m4", "item-not-found")).is_empty());
    assert!(world.notices.contains(&Notice::SessionEnded { jid: BEN.into() }));
    assert_eq!(world.say(CID, "m5", "<body>Tea</body>").len(), 2);
    let subscribe = "<subscribe xmlns='urn:xmpp:gc3:0' type='message'/>";
    world.iq(BEN, "set", subscribe);
    world.say(CID, "m6", "<body>Tea</body>");
    world.send(&bounce("m6", "gone"));
    assert_eq!(world.say(CID, "m7", "<body>Tea</body>").len(), 3, "one a minute");
}

#[test]
fn an_ambiguous_bounce_is_verified() {
    let mut world = talk();
    world.say(CID, "m4", "<body>Tea</body>");
    world.say(CID, "m5", "<body>Tea</body>");
    let said = world.send(&bounce("m4", "service-unavailable"));
    let ping = attribute(&said[0], "id").to_owned();
    let expected =
        format!("<iq to='{BEN}' from='{ROOM}' id='{ping}' type='get'><ping xmlns='urn:xmpp:ping'></ping></iq>");
    assert_eq!(said, [expected]);
    assert!(world.send(&bounce("m5", "service-unavailable")).is_empty(), "asked already");
    world.send(&format!("<iq type='result' id='{ping}' from='{BEN}' to='{ROOM}'/>"));
    world.by("gc3.P6");
    world.later(120_000);
    assert_eq!(world.say(CID, "m6", "<body>Tea</body>").len(), 3);
    world.send(&bounce("m6", "service-unavailable"));
    world.later(60_000);
    assert!(world.notices.contains(&Notice::SessionEnded { jid: BEN.into() }));
    assert_eq!(world.say(CID, "m7", "<body>Tea</body>").len(), 2);
}

#[test]
fn who_was_lost_is_asked_for() {
    let mut world = talk();
    world.send(&format!("<presence type='subscribed' from='ben@oak.example' to='{ROOM}'/>"));
    world.send(&format!("<presence from='{BEN}' to='{ROOM}'/>"));
    world.say(CID, "m4", "<body>Tea</body>");
    world.send(&bounce("m4", "gone"));
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
