//! Stories: what a room service hears, says, orders and tells, line by line, with the rule that decided each.
//!
//! `{room}`, `{ann}` and the like stand for what was drawn. Each snapshot was read against the profile.

use xmpp_machines::Snapshot as _;
use xmpp_machines::gc3::Command;

use super::world::{ANN, BEN, CID, DEE, World};

const LISTEN: &[&str] = &["message", "participant"];

#[test]
fn the_life_of_a_channel() {
    let mut w = World::new();
    w.note("Ann creates a channel; the service draws its address and asks for a presence subscription.");
    w.create("channel", &[], LISTEN);
    w.note("Ben and Cid join. Ann hears of both in one change.");
    w.join(BEN, "Ben", &["message"]);
    w.send(
        300,
        &format!(
            "<iq type='set' id='q' from='{CID}' to='{{room}}'><join xmlns='urn:xmpp:gc3:0'>{}<subscribe type='message'/></join></iq>",
            super::world::form("join-form", &[("nickname", "ben")])
        ),
    );
    w.wait(1000);
    w.note("They talk. Ben's forged nickname and stanza-id do not pass.");
    w.say(ANN, "m1", "Who brings the cups?");
    w.send(
        1000,
        &format!(
            "<message type='groupchat' id='m2' from='{BEN}' to='{{room}}'><body>I do.</body>\
             <nick xmlns='http://jabber.org/protocol/nick'>Ann</nick>\
             <stanza-id xmlns='urn:xmpp:sid:0' by='{{room}}' id='x'/><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>"
        ),
    );
    w.note("Only moderators change the subject of a channel.");
    w.send(
        1000,
        &format!("<message type='groupchat' id='s1' from='{BEN}' to='{{room}}'><subject>Cake</subject></message>"),
    );
    w.send(
        1000,
        &format!("<message type='groupchat' id='s2' from='{ANN}' to='{{room}}'><subject>Tea</subject></message>"),
    );
    w.note("Cid leaves, and cannot speak any more.");
    w.set(CID, "<leave xmlns='urn:xmpp:gc3:0'/>");
    w.say(CID, "m3", "Still there?");
    w.note("Ben may not destroy the room, Ann may. What comes later is told where they went.");
    w.set(BEN, "<destroy xmlns='urn:xmpp:gc3:0'/>");
    w.set(ANN, "<destroy xmlns='urn:xmpp:gc3:0' jid='pot@rooms.example'><reason>We moved</reason></destroy>");
    w.say(BEN, "m4", "Hello?");
    insta::assert_snapshot!(w.story());
}

#[test]
fn schroedingers_chat() {
    let mut w = World::new();
    w.create("channel", &[], &["message"]);
    w.join(BEN, "Ben", &[]);
    w.note("Ben's server approves, and his phone is online. He asks for messages.");
    w.presence("ben@oak.example", "subscribed", "");
    w.presence(BEN, "", "");
    w.set(BEN, "<subscribe xmlns='urn:xmpp:gc3:0' type='message'/>");
    w.say(ANN, "m1", "Can you hear me?");
    w.note("The message comes back: the phone is gone without a word. The session ends, and the room will ask.");
    w.send(
        100,
        &format!(
            "<message type='error' id='m1' from='{BEN}' to='{{room}}'><error type='wait'>\
             <recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        ),
    );
    w.say(ANN, "m2", "Ben?");
    w.note("Half a minute later it probes.");
    w.wait(30_000);
    w.note("The phone wakes up and believes that it is still subscribed. Sync tells it that it is not, and cures it.");
    w.set(BEN, "<sync xmlns='urn:xmpp:gc3:0' last='{m1-id}'><subscribe type='message'/></sync>");
    w.note("It reads what it missed, and hears again.");
    w.set(
        BEN,
        "<query xmlns='urn:xmpp:mam:2' queryid='missed'><set xmlns='http://jabber.org/protocol/rsm'>\
         <after>{m1-id}</after></set></query>",
    );
    w.presence(BEN, "", "");
    w.say(ANN, "m3", "There you are.");
    w.set(BEN, "<sync xmlns='urn:xmpp:gc3:0' last='{m3-id}'><subscribe type='message'/></sync>");
    insta::assert_snapshot!(w.story());
}

#[test]
fn a_secret_group_and_a_stranger() {
    let mut w = World::new();
    w.create("group", &[], LISTEN);
    w.note("Dee knows the address and nothing else. For her there is no such room.");
    w.get(DEE, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    w.join(DEE, "Dee", &["message"]);
    w.say(DEE, "m1", "Anybody?");
    w.presence(DEE, "", "");
    w.send(
        1000,
        &format!("<iq type='get' id='q' from='{DEE}' to='{{room}}/{{ann}}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    );
    w.note("A name that does not exist answers the same.");
    w.send(1000, &format!("<iq type='get' id='q' from='{DEE}' to='aaaaaaaaaaaaaaaaaaaaaaaaaa@rooms.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"));
    w.note("Ann puts Ben on the list. Nothing is sent to him; he joins by himself, and here everybody sees real JIDs.");
    w.set(ANN, "<access xmlns='urn:xmpp:gc3:0'><item jid='ben@oak.example' affiliation='member'/></access>");
    w.join(BEN, "Ben", LISTEN);
    w.wait(1000);
    w.get(BEN, "<participants xmlns='urn:xmpp:gc3:0'/>");
    w.note("Ann bans Ben. He is told why. That the room is there he knows, and it says no more than that he is out.");
    w.set(
        ANN,
        "<participants xmlns='urn:xmpp:gc3:0'><item id='{ben}' affiliation='outcast'><reason>Crumbs</reason></item></participants>",
    );
    w.get(BEN, "<participants xmlns='urn:xmpp:gc3:0'/>");
    w.set(BEN, "<query xmlns='urn:xmpp:mam:2'/>");
    w.join(BEN, "Ben", &[]);
    w.get(BEN, "<sync xmlns='urn:xmpp:gc3:0'/>");
    insta::assert_snapshot!(w.story());
}

#[test]
fn kicks_and_bans() {
    let mut w = World::new();
    w.create("channel", &[], LISTEN);
    w.join(BEN, "Ben", LISTEN);
    w.join(CID, "Cid", &["message"]);
    w.join(DEE, "Dee", &["message"]);
    w.wait(1000);
    w.note("Ben is made a moderator.");
    w.set(ANN, "<participants xmlns='urn:xmpp:gc3:0'><item id='{ben}' role='moderator'/></participants>");
    w.note("He kicks Cid, who is told at her session; a moderator may not ban.");
    w.set(
        BEN,
        "<participants xmlns='urn:xmpp:gc3:0'><item id='{cid}' kick='yes'><reason>Too loud</reason></item></participants>",
    );
    w.set(BEN, "<access xmlns='urn:xmpp:gc3:0'><item jid='cid@fig.example' affiliation='outcast'/></access>");
    w.note("A kick does not prevent a return, under the old ID and nickname.");
    w.join(CID, "Cid", &["message"]);
    w.wait(1000);
    w.note(
        "Ann bans a whole domain, but names Cid of it as a member: she stays. Dee's domain is banned too: Dee goes.",
    );
    w.set(
        ANN,
        "<access xmlns='urn:xmpp:gc3:0'><item jid='cid@fig.example' affiliation='member'/>\
         <item jid='fig.example' affiliation='outcast'/>\
         <item jid='elm.example' affiliation='outcast'><reason>Floods</reason></item></access>",
    );
    w.note("Another account of the domain cannot enter; one of a subdomain can.");
    w.join("eve@fig.example/x", "Eve", &[]);
    w.join("eve@deep.fig.example/x", "Eve", &[]);
    w.note("Nobody bans the owner, and Ann cannot throw herself out.");
    w.set(BEN, "<participants xmlns='urn:xmpp:gc3:0'><item id='{ann}' kick='yes'/></participants>");
    w.set(ANN, "<access xmlns='urn:xmpp:gc3:0'><item jid='ann@tea.example' affiliation='none'/></access>");
    w.note("The list, as the owner reads it.");
    w.get(ANN, "<access xmlns='urn:xmpp:gc3:0'/>");
    insta::assert_snapshot!(w.story());
}

#[test]
fn the_archive() {
    let mut w = World::new();
    w.create("channel", &[("history", "since-join")], &["message"]);
    w.say(ANN, "m1", "Before anybody came.");
    w.join(BEN, "Ben", &["message"]);
    w.say(ANN, "m2", "Welcome.");
    w.say(BEN, "m3", "Thanks, you old kettle.");
    w.say(BEN, "m4", "Sorry.");
    w.note("Ben reads from his own join on: three messages, two on a page, backwards.");
    let page = |before: &str| {
        format!(
            "<query xmlns='urn:xmpp:mam:2' queryid='p'><set xmlns='http://jabber.org/protocol/rsm'><max>2</max>{before}</set></query>"
        )
    };
    w.set(BEN, &page("<before/>"));
    w.set(BEN, &page("<before>{m3-id}</before>"));
    w.note("What was before his time is not there, whatever he calls it.");
    w.set(BEN, &page("<after>{m1-id}</after>"));
    w.note("He retracts his own message; Ann's is not his to retract.");
    let retract = |id: &str, own: &str| {
        format!(
            "<message type='groupchat' id='{own}' from='{BEN}' to='{{room}}'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
        )
    };
    w.send(1000, &retract("{m3-id}", "r1"));
    w.send(1000, &retract("{m2-id}", "r2"));
    w.note("Ann moderates the other. Once more is a result and nothing else.");
    let moderate = "<moderate xmlns='urn:xmpp:message-moderate:1' id='{m4-id}'>\
                    <retract xmlns='urn:xmpp:message-retract:1'/><reason>Off topic</reason></moderate>";
    w.set(BEN, moderate);
    w.set(ANN, moderate);
    w.set(ANN, moderate);
    w.note("In the archive stand tombstones.");
    w.set(ANN, "<query xmlns='urn:xmpp:mam:2' queryid='all'/>");
    w.note("A stranger to an open channel reads what it would read after entering: nothing yet.");
    w.set(DEE, "<query xmlns='urn:xmpp:mam:2' queryid='all'/>");
    insta::assert_snapshot!(w.story());
}

#[test]
fn relays_and_private_messages() {
    let mut w = World::new();
    w.create("channel", &[], &["message"]);
    w.join(BEN, "Ben", &["message"]);
    w.join(CID, "Cid", &["message"]);
    w.wait(1000);
    let pm = |id: &str| {
        format!("<message type='chat' id='{id}' from='{BEN}' to='{{room}}/{{cid}}'><body>psst</body></message>")
    };
    w.note("Private messages are off unless somebody changes it.");
    w.send(1000, &pm("p1"));
    w.set(
        ANN,
        &format!(
            "<config xmlns='urn:xmpp:gc3:0'>{}</config>",
            super::world::form("config", &[("private-messages", "participants"), ("profile-relay", "1")])
        ),
    );
    w.note("Now one reaches Cid's account once, from Ben's participant address.");
    w.send(1000, &pm("p2"));
    w.note("A ping of another participant is answered by the room. Cid's avatar is not shown before he agrees.");
    let ask =
        |id: &str, payload: &str| format!("<iq type='get' id='{id}' from='{BEN}' to='{{room}}/{{cid}}'>{payload}</iq>");
    w.send(1000, &ask("i1", "<ping xmlns='urn:xmpp:ping'/>"));
    w.send(1000, &ask("i2", "<vCard xmlns='vcard-temp'/>"));
    w.set(
        CID,
        &format!(
            "<participant xmlns='urn:xmpp:gc3:0'>{}</participant>",
            super::world::form("participant", &[("profile", "1")])
        ),
    );
    w.note("He agrees. The request goes to his account from the service; of his card only the picture passes.");
    w.send(1000, &ask("i3", "<vCard xmlns='vcard-temp'/>"));
    w.send(
        200,
        "<iq type='result' id='{relayed}' from='cid@fig.example' to='rooms.example'><vCard xmlns='vcard-temp'>\
         <FN>Cid of Fig</FN><JABBERID>cid@fig.example</JABBERID>\
         <PHOTO><TYPE>image/png</TYPE><BINVAL>aGVsbG8=</BINVAL></PHOTO></vCard></iq>",
    );
    w.note(
        "Other requests are not relayed, and strangers relay nothing. An account that never answers costs a minute.",
    );
    w.send(1000, &ask("i4", "<query xmlns='jabber:iq:version'/>"));
    w.send(
        1000,
        &format!("<iq type='get' id='i5' from='{DEE}' to='{{room}}/{{cid}}'><vCard xmlns='vcard-temp'/></iq>"),
    );
    w.send(1000, &ask("i6", "<vCard xmlns='vcard-temp'/>"));
    w.wait(60_000);
    insta::assert_snapshot!(w.story());
}

#[test]
fn a_session_that_is_pending() {
    let mut w = World::new();
    w.create("channel", &[], &["message"]);
    w.join(BEN, "Ben", &[]);
    w.presence("ben@oak.example", "subscribed", "");
    w.note("Ben's client names a hash that nobody knows. The service asks him what it stands for; messages wait.");
    // The hash of the features below: XEP-0115 §5.1 over the identity client/phone and two features.
    w.presence(
        BEN,
        "",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:pot' ver='QOzS5GMsWY9NvzgW58qyFbmgQ6U='/>",
    );
    w.say(ANN, "m1", "While you think");
    w.say(ANN, "m2", "about it");
    w.note("The features name messages and participants: what was held is sent, in order.");
    w.send(
        500,
        &format!(
            "<iq type='result' id='{{asked}}' from='{BEN}' to='rooms.example'>\
             <query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='phone'/>\
             <feature var='urn:xmpp:gc3:0:default-receive:message'/>\
             <feature var='urn:xmpp:gc3:0:default-receive:participants'/></query></iq>"
        ),
    );
    w.say(ANN, "m3", "Back to tea.");
    w.note("A second device names the same hash. It was verified: nobody is asked.");
    w.presence(
        "ben@oak.example/watch",
        "",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:pot' ver='QOzS5GMsWY9NvzgW58qyFbmgQ6U='/>",
    );
    w.say(ANN, "m4", "One for both?");
    w.note(
        "A third one names another and never answers. Half a minute later it hears nothing, and need not be held for.",
    );
    w.presence(
        "ben@oak.example/den",
        "",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:pan' ver='AAAAAAAAAAAAAAAAAAAAAAAAAAA='/>",
    );
    w.wait(30_000);
    w.say(ANN, "m5", "Two of three.");
    insta::assert_snapshot!(w.story());
}

#[test]
fn restored_with_a_loss() {
    let mut w = World::new();
    w.create("channel", &[], LISTEN);
    w.join(BEN, "Ben", &[]);
    w.presence("ben@oak.example", "subscribed", "");
    w.presence(BEN, "", "");
    w.set(BEN, "<sync xmlns='urn:xmpp:gc3:0'><subscribe type='message'/><subscribe type='participant'/></sync>");
    w.wait(1000);
    let saved = w.bench.machine.save();
    w.note("The state is saved here. Then Cid joins, and Ann speaks.");
    w.join(CID, "Cid", &["message"]);
    w.wait(1000);
    w.say(ANN, "m1", "This will be lost.");
    w.note("The machine falls, and comes up again with the old state: versions are void, and presence is asked for.");
    w.fall_back(&saved);
    w.command(60_000, Command::Restored);
    w.wait(10_000);
    w.note("Ben asks what changed since a version that is void: he gets everybody. Cid learns that he is not in.");
    w.get(BEN, "<participants xmlns='urn:xmpp:gc3:0' since='{tag}.1'/>");
    w.get(BEN, "<sync xmlns='urn:xmpp:gc3:0' last='{m1-id}'/>");
    w.set(CID, "<sync xmlns='urn:xmpp:gc3:0'><subscribe type='message'/></sync>");
    w.note("What is said now has a place and an id of its own; the lost message keeps its own in the archive.");
    w.say(ANN, "m2", "Where were we?");
    w.set(BEN, "<query xmlns='urn:xmpp:mam:2' queryid='all'/>");
    w.note("The probe that was due is sent, and Ben's server answers it.");
    w.wait(30_000);
    w.presence(BEN, "", "");
    w.wait(120_000);
    insta::assert_snapshot!(w.story());
}
