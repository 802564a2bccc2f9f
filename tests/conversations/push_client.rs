//! The story of a device that wants to be woken, line by line, with the rule that decided each.

use xmpp_machines::sim::vectors::push_client;

use crate::story::story;

fn happens(at: u64, what: &str) -> String {
    format!("<in at='{at}'>{}</in>", what.replacen(' ', " xmlns='xmpp-machines:push-client:0' ", 1))
}

fn answered(at: u64, id: &str, from: &str, inside: &str) -> String {
    format!("<in at='{at}'><iq xmlns='jabber:client' type='result' id='{{{id}}}' from='{from}'>{inside}</iq></in>")
}

/// What is sent, by which its id is known.
fn sent(id: &str, to: &str, type_: &str) -> String {
    format!(
        "<out to='{to}'><iq xmlns='jabber:client' type='{type_}' id='{{{id}}}' xmlns:v='xmpp-machines:vectors:0' \
         v:more='yes'/></out>"
    )
}

/// From the first session to the last, with a room of today's kind.
#[test]
fn the_life_of_a_device() {
    let (account, room) = ("ann@tea.example", "tea@rooms.example");
    let form = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='form'>\
        <field type='text-single' var='muc#register_roomnick'><required/></field>\
        <field type='boolean' var='{http://tigase.org/protocol/muc}offline'/></x></query>";
    let steps = [
        "<note>The device wants to be woken, and to hear of a room, before it has a session.</note>".to_owned(),
        "<in at='0'><want xmlns='xmpp-machines:push-client:0'>\
         <enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n1'/></want></in>"
            .to_owned(),
        happens(0, "<room jid='tea@rooms.example' nick='Ann' copies='always'/>"),
        "<note>Online, it registers first: nobody could be woken by the room's messages before.</note>".to_owned(),
        happens(1000, "<online push='yes'/>"),
        sent("e", account, "set"),
        answered(1100, "e", account, ""),
        sent("r", room, "get"),
        answered(1200, "r", room, form),
        sent("s", room, "set"),
        answered(1300, "s", room, ""),
        "<note>It sleeps and wakes: the server is asked again, the room is not.</note>".to_owned(),
        happens(2000, "<offline />"),
        happens(90_000, "<online push='yes'/>"),
        sent("e2", account, "set"),
        answered(90_100, "e2", account, ""),
        "<note>It is logged out, as the account's last device. A room that is joined in that moment holds nobody up.</note>"
            .to_owned(),
        happens(100_000, "<logout last='yes'/>"),
        sent("d", account, "set"),
        sent("r2", room, "get"),
        happens(100_050, "<room jid='cake@rooms.example' nick='Ann' copies='always'/>"),
        answered(100_100, "d", account, ""),
        answered(100_200, "r2", room, form),
        sent("s2", room, "set"),
        answered(100_300, "s2", room, ""),
    ];
    insta::assert_snapshot!(story("push-client", &mut push_client(), &steps.concat()));
}
