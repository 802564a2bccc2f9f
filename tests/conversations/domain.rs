//! A story that runs through a whole domain: a room, its copies, an account's router, a push service.

use std::fmt::Write as _;

use xmpp_machines::sim::vectors::{Outcome, play, read_scenario, service};

/// What happens in a scenario after everybody has come to the room, as text: what is sent, and to whom.
fn story(steps: &str) -> String {
    let text =
        format!("<scenario xmlns='xmpp-machines:vectors:0' topic='service'><given use='push'/>{steps}</scenario>");
    let mut given = |name: &str| {
        let path = format!("spec-vectors/service/given/{name}.xml");
        std::fs::read_to_string(&path).map(|text| (path.clone(), text)).map_err(|why| format!("{path}: {why}"))
    };
    let scenario = read_scenario("story.xml", &text, &mut given).unwrap();
    let played = play(&scenario, &mut service());
    assert!(matches!(played.outcome, Outcome::Passed), "{:?}", played.outcome);
    let mut text = String::new();
    for line in played.lines {
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn says(at: u64, id: &str, words: &str) -> String {
    format!(
        "<in at='{at}'><message xmlns='jabber:client' from='ann@tea.example/desk' to='{{room}}' id='{id}' \
         type='groupchat'><body>{words}</body></message></in>"
    )
}

/// The case that started it: one device is in the room, another sleeps. The push service forgets the phone in the end.
#[test]
fn one_device_is_in_the_room_and_another_sleeps() {
    let steps = [
        "<note>The phone enabled push and goes to sleep. The desktop stays in the room.</note>".to_owned(),
        "<in at='6000'><gone xmlns='xmpp-machines:service:0' session='ben@tea.example/phone'/></in>".to_owned(),
        "<note>The desktop hears it from the room; the copy wakes the phone.</note>".to_owned(),
        says(10_000, "g1", "Who brings cups?"),
        "<out to='push.fig.example'><iq xmlns='jabber:client' type='set' id='{p1}' from='tea.example' \
         xmlns:v='xmpp-machines:vectors:0' v:more='yes'/></out>"
            .to_owned(),
        "<note>The phone was told: one push stands for all that follows.</note>".to_owned(),
        says(20_000, "g2", "And spoons?"),
        "<note>A stranger says that a room said something.</note>".to_owned(),
        "<in at='30000'><message xmlns='jabber:client' from='den@oak.example/Eve' to='ben@tea.example' id='x1' \
         type='groupchat'><body>Hello!</body><stanza-id xmlns='urn:xmpp:sid:0' by='den@oak.example' id='s1'/>\
         </message></in>"
            .to_owned(),
        "<note>The push service does not know the phone any more.</note>".to_owned(),
        "<in at='40000'><iq xmlns='jabber:client' type='error' id='{p1}' from='push.fig.example' to='tea.example'>\
         <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></in>"
            .to_owned(),
        "<host restarted='yes'/>".to_owned(),
        "<note>The server was restarted, and leaves the phone in peace.</note>".to_owned(),
        says(50_000, "g3", "I have both."),
    ];
    insta::assert_snapshot!(story(&steps.concat()));
}
