//! Stories of an account whose devices sleep, line by line, with the rule that decided each; and the comparison of two
//! ways to wake them.

use xmpp_machines::sim::sleep;
use xmpp_machines::sim::vectors::push_router;

/// What happens in a scenario, as text.
fn story(steps: &str) -> String {
    crate::story::story("push-router", &mut push_router(), steps)
}

fn session(at: u64, device: &str, event: &str) -> String {
    format!(
        "<in at='{at}'><session xmlns='xmpp-machines:push-router:0' jid='ann@tea.example/{device}' event='{event}'/></in>"
    )
}

fn enable(at: u64, device: &str, inner: &str) -> String {
    format!(
        "<in at='{at}'><iq xmlns='jabber:client' type='set' id='e-{device}' from='ann@tea.example/{device}'>\
         <enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='{device}'>{inner}</enable></iq></in>"
    )
}

fn join(at: u64, device: &str) -> String {
    let room = "kettle@rooms.example";
    format!(
        "<in at='{at}'><presence xmlns='jabber:client' from='ann@tea.example/{device}' to='{room}/Ann'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence></in>\
         <in><presence xmlns='jabber:client' from='{room}/Ann' to='ann@tea.example/{device}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-ann'/></presence></in>"
    )
}

fn says(at: u64, to: &str, id: &str, words: &str) -> String {
    let room = "kettle@rooms.example";
    format!(
        "<in at='{at}'><message xmlns='jabber:client' type='groupchat' from='{room}/Ben' to='{to}'><body>{words}</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-ben'/></message></in>"
    )
}

fn displayed(at: u64, id: &str) -> String {
    let room = "kettle@rooms.example";
    format!(
        "<in at='{at}'><item xmlns='xmpp-machines:push-router:0' node='urn:xmpp:mds:displayed:0' id='{room}'>\
         <displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/></displayed>\
         </item></in>"
    )
}

/// The case that started it: one device is in the room, another sleeps.
#[test]
fn one_device_is_in_the_room_and_another_sleeps() {
    let (bare, desk) = ("ann@tea.example", "ann@tea.example/desk");
    let steps = [
        "<note>The phone enables push and goes to sleep. The desktop is in the room.</note>".to_owned(),
        session(0, "phone", "up"),
        enable(0, "phone", "<priority xmlns='tigase:push:priority:0'/>"),
        session(1000, "phone", "gone"),
        session(1000, "desk", "up"),
        join(2000, "desk"),
        "<note>Ben speaks. The desktop has it from the room, the copy wakes the phone.</note>".to_owned(),
        says(10_000, desk, "s1", "Is there tea?"),
        says(10_000, bare, "s1", "Is there tea?"),
        "<note>He goes on: one push stands for all of it, until he means Ann.</note>".to_owned(),
        says(15_000, bare, "s2", "I have cake."),
        says(20_000, bare, "s3", "Ann?"),
        says(25_000, bare, "s4", "Ann!"),
        "<note>Ann reads it at the desktop; the next message wakes the phone again.</note>".to_owned(),
        displayed(30_000, "s4"),
        says(40_000, bare, "s5", "There you are."),
        "<note>The phone comes back and sleeps again.</note>".to_owned(),
        session(50_000, "phone", "up"),
        says(51_000, bare, "s6", "Milk?"),
        session(52_000, "phone", "gone"),
        says(60_000, bare, "s7", "No sugar left."),
    ];
    insta::assert_snapshot!(story(&steps.concat()));
}

#[test]
fn a_laptop_is_closed_with_a_message_on_its_way() {
    let (bare, laptop) = ("ann@tea.example", "ann@tea.example/laptop");
    let lost = says(0, laptop, "s1", "Wait!").replace("<in at='0'>", "").replace("</in>", "");
    let hibernated = session(12_000, "laptop", "hibernated").replace("/></in>", &format!(">{lost}</session></in>"));
    let steps = [
        session(0, "laptop", "up"),
        enable(0, "laptop", ""),
        join(1000, "laptop"),
        "<note>The message is on its way when the lid closes. The session may come back.</note>".to_owned(),
        says(10_000, laptop, "s1", "Wait!"),
        says(10_000, bare, "s1", "Wait!"),
        hibernated,
        "<note>What follows is covered by the push that stands.</note>".to_owned(),
        says(20_000, laptop, "s2", "Gone."),
        says(20_000, bare, "s2", "Gone."),
        session(30_000, "laptop", "resumed"),
    ];
    insta::assert_snapshot!(story(&steps.concat()));
}

#[test]
fn a_push_service_has_a_bad_night() {
    let bare = "ann@tea.example";
    let answer = |at: u64, id: &str, type_: &str, condition: &str| {
        format!(
            "<in at='{at}'><iq xmlns='jabber:client' type='error' id='{id}' from='push.fig.example' to='tea.example'>\
             <error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></in>"
        )
    };
    let publish = |id: &str| {
        format!(
            "<out to='push.fig.example'><iq xmlns='jabber:client' type='set' id='{id}' from='tea.example' \
             xmlns:v='xmpp-machines:vectors:0' v:more='yes'/></out>"
        )
    };
    let steps = [
        session(0, "phone", "up"),
        enable(0, "phone", ""),
        session(0, "phone", "gone"),
        "<in><room xmlns='xmpp-machines:push-router:0' jid='kettle@rooms.example' joined='registered'/></in>"
            .to_owned(),
        says(10_000, bare, "s1", "Is there tea?"),
        publish("{p1}"),
        "<note>It is full, and asks to wait.</note>".to_owned(),
        answer(11_000, "{p1}", "wait", "resource-constraint"),
        says(15_000, bare, "s2", "Hello?"),
        "<wake at='41000'/>".to_owned(),
        publish("{p2}"),
        "<note>Then it does not know the phone any more.</note>".to_owned(),
        answer(42_000, "{p2}", "cancel", "item-not-found"),
        says(50_000, bare, "s3", "Nobody there."),
    ];
    insta::assert_snapshot!(story(&steps.concat()));
}

/// The table of the profile is what the world measures now. `cargo run --features sim --example push_sleep` prints it.
#[test]
fn the_comparison_in_the_profile_is_measured() {
    let profile = include_str!("../../spec-vectors/push-router/PROFILE.md");
    let measured = sleep::table();
    assert!(profile.contains(&measured), "the profile should have\n{measured}");
}
