//! A story that runs through a whole domain: a room, its copies, an account's router, a push service.

use xmpp_machines::sim::vectors::service;

/// What happens in a scenario after that beginning, as text: what is sent, and to whom.
fn story(given: &str, steps: &str) -> String {
    crate::story::story("service", &mut service(), &format!("<given use='{given}'/>{steps}"))
}

fn says(at: u64, id: &str, words: &str) -> String {
    format!(
        "<in at='{at}'><message xmlns='jabber:client' from='ann@tea.example/desk' to='{{room}}' id='{id}' \
         type='groupchat'><body>{words}</body></message></in>"
    )
}

/// A client of today: it registers, and that is all that it knows.
#[test]
fn a_client_of_today_registers_and_goes_to_sleep() {
    let steps = [
        "<note>Ben entered by presence, registered without a word about messages while away, left, and sleeps. Dee is at \
         another server. Ann says something by group chat 3.</note>"
            .to_owned(),
        says(10_000, "g1", "Who brings cups?"),
        "<out to='push.fig.example'><iq xmlns='jabber:client' type='set' id='{p1}' from='tea.example' \
         xmlns:v='xmpp-machines:vectors:0' v:more='yes'/></out>"
            .to_owned(),
        "<in at='11000'><iq xmlns='jabber:client' type='result' id='{p1}' from='push.fig.example' to='tea.example'/></in>"
            .to_owned(),
        "<note>The phone wakes and enters: what it missed is in the history of the room.</note>".to_owned(),
        "<host at='20000' session='ben@tea.example/phone' bound='yes'/>".to_owned(),
        "<in><presence xmlns='jabber:client' from='ben@tea.example/phone' to='{room}/Ben'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence></in>"
            .to_owned(),
        "<note>What is said now it hears from the room, and Dee still by copies.</note>".to_owned(),
        says(30_000, "g2", "And spoons?"),
        "<note>Dee has had enough.</note>".to_owned(),
        "<in at='40000'><iq xmlns='jabber:client' type='set' id='r2' from='dee@oak.example/den' to='{room}'>\
         <query xmlns='jabber:iq:register'><remove/></query></iq></in>"
            .to_owned(),
        says(50_000, "g3", "I have both."),
    ];
    insta::assert_snapshot!(story("registered", &steps.concat()));
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
    insta::assert_snapshot!(story("push", &steps.concat()));
}
