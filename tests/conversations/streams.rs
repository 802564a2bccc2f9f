//! Stories of streams that break: what a queue hears, orders and tells, line by line, with the rule that decided each.

use xmpp_machines::sim::vectors::sm;

fn told(steps: &str) -> String {
    crate::story::story("sm", &mut sm(), steps)
}

/// Who is there, as every story here begins.
const ENABLED: &str = "
    <note>A phone binds its resource and wants to be able to come back.</note>
    <host at='0' open='1'/>
    <in><enable xmlns='urn:xmpp:sm:3' resume='true'/></in>
    <out to='host'><write xmlns='xmpp-machines:sm:0' link='1'>
        <enabled xmlns='urn:xmpp:sm:3' id='{sm}' max='300' resume='true'/></write></out>";

fn message(at: u64, id: &str, from: &str, type_: &str) -> String {
    format!(
        "<in at='{at}'><message xmlns='jabber:client' to='ann@tea.example/pot' from='{from}' id='{id}' type='{type_}'>\
         <body>{id}</body></message></in>"
    )
}

#[test]
fn a_tunnel() {
    let steps = [
        ENABLED.to_owned(),
        message(1000, "m1", "ben@oak.example/hat", "chat"),
        message(2000, "m2", "ben@oak.example/hat", "chat"),
        "<note>It got the first of two messages when the train enters the tunnel.</note>
         <in at='3000'><a xmlns='urn:xmpp:sm:3' h='1'/></in>"
            .to_owned(),
        "<note>The server asks, and hears nothing.</note><wake at='70000'/>".to_owned(),
        message(80_000, "m3", "ben@oak.example/hat", "chat"),
        "<note>Out of the tunnel, on another network: what it has not comes again, with its time.</note>
         <host at='90000' link='2'/><in><resume xmlns='urn:xmpp:sm:3' previd='{sm}' h='1'/></in>
         <in at='91000'><a xmlns='urn:xmpp:sm:3' h='3'/></in>"
            .to_owned(),
    ];
    insta::assert_snapshot!(told(&steps.concat()));
}

#[test]
fn a_phone_that_never_comes_back() {
    let steps = [
        ENABLED.to_owned(),
        message(1000, "m1", "ben@oak.example/hat", "chat"),
        message(1100, "g1", "den@rooms.example/-cid", "groupchat"),
        "<note>The battery is empty.</note><host at='2000' lost='1'/>".to_owned(),
        message(3000, "g2", "den@rooms.example/-dee", "groupchat"),
        "<in at='4000'><iq xmlns='jabber:client' to='ann@tea.example/pot' from='ben@oak.example/hat' id='q1' type='get'>\
         <ping xmlns='urn:xmpp:ping'/></iq></in>"
            .to_owned(),
        "<note>Five minutes later nobody waits for it any more.</note><wake at='302000'/>".to_owned(),
        "<note>It comes back after all, and learns what the server had.</note>
         <host at='400000' link='2'/><in><resume xmlns='urn:xmpp:sm:3' previd='{sm}' h='0'/></in>
         <wake at='4000000'/>"
            .to_owned(),
    ];
    insta::assert_snapshot!(told(&steps.concat()));
}

#[test]
fn a_server_restarts() {
    let sent = |at: u64, id: &str| {
        format!(
            "<in at='{at}'><message xmlns='jabber:client' to='eve@oak.example/hut' from='ann@tea.example/pot' id='{id}'>\
             <body>{id}</body></message></in>"
        )
    };
    let steps = [
        "<note>The first message has our server connect to the other one.</note><host at='0' role='outgoing'/>"
            .to_owned(),
        sent(100, "m1"),
        "<host at='200' open='1'/><in><enabled xmlns='urn:xmpp:sm:3' id='oak-1' resume='true' max='120'/></in>
         <in at='300'><a xmlns='urn:xmpp:sm:3' h='1'/></in>"
            .to_owned(),
        sent(1000, "m2"),
        "<note>It restarts; nobody knows whether it had the second message.</note>
         <host at='1100' lost='1'/><host at='1200' unreachable='remote-server-timeout'/><wake at='7000'/>"
            .to_owned(),
        sent(8000, "m3"),
        "<note>It is back and remembers nothing: the second is sent once more, the third for the first time.</note>
         <host at='9000' open='2'/><in><failed xmlns='urn:xmpp:sm:3'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed></in>"
            .to_owned(),
    ];
    insta::assert_snapshot!(told(&steps.concat()));
}
