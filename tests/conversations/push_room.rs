//! Stories of a room's copies, line by line, with the rule that decided each.

use xmpp_machines::sim::vectors::push_room;

use crate::story::story;

fn says(at: u64, id: &str, author: &str, words: &str) -> String {
    format!(
        "<in at='{at}'><broadcast xmlns='xmpp-machines:push-room:0' author='{author}'>\
         <message xmlns='jabber:client' type='groupchat' id='{id}' from='tea@rooms.example/Ann'><body>{words}</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s-{id}'/></message></broadcast></in>"
    )
}

fn comes_back(at: u64, id: &str, from: &str, type_: &str, condition: &str) -> String {
    format!(
        "<in at='{at}'><message xmlns='jabber:client' type='error' id='{id}' from='{from}' to='tea@rooms.example/Ann'>\
         <error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message></in>"
    )
}

fn happens(at: u64, what: &str) -> String {
    format!("<in at='{at}'>{}</in>", what.replacen(' ', " xmlns='xmpp-machines:push-room:0' ", 1))
}

const ANN: &str = "ann@tea.example";

/// Three grounds, three wishes, and what each of them hears while it is away.
#[test]
fn who_is_told_while_away() {
    let steps = [
        "<note>Ann takes part. Ben has a new client and wants everything, Cid wants what means him, and Dee registered with \
         a client of today and said nothing.</note>"
            .to_owned(),
        happens(0, "<participant jid='ann@tea.example' id='-ann' nick='Ann' affiliation='owner' role='moderator' own='yes'/>"),
        happens(1000, "<participant jid='ben@oak.example' id='-ben' nick='Ben' push='always' own='yes'/>"),
        happens(2000, "<participant jid='cid@fig.example' id='-cid' nick='Cid' push='mentions' own='yes'/>"),
        happens(3000, "<registered jid='dee@elm.example' id='-dee' nick='Dee'/>"),
        "<note>Ben's desktop is in the room, and his phone may sleep.</note>".to_owned(),
        happens(4000, "<joined jid='ben@oak.example/desk'/>"),
        says(10_000, "m1", ANN, "Who brings cups?"),
        says(20_000, "m2", ANN, "Cid?"),
        "<note>Dee says no, and the owner cannot say yes for her.</note>".to_owned(),
        happens(30_000, "<registered jid='dee@elm.example' id='-dee' nick='Dee' offline='no'/>"),
        happens(31_000, "<affiliation jid='dee@elm.example' affiliation='admin'/>"),
        says(40_000, "m3", ANN, "Dee?"),
        "<note>Cid is banned, and nothing of what he asked for counts.</note>".to_owned(),
        happens(50_000, "<affiliation jid='cid@fig.example' affiliation='outcast'/>"),
        says(60_000, "m4", ANN, "Cid was here."),
    ];
    insta::assert_snapshot!(story("push-room", &mut push_room(), &steps.concat()));
}

/// What comes back: from a server that does not know copies, from one that cannot be reached, from nowhere.
#[test]
fn a_server_has_a_bad_week() {
    let ben = "ben@oak.example";
    let steps = [
        "<note>Ben asked for copies. Cid gets them because nobody said otherwise.</note>".to_owned(),
        happens(0, "<registered jid='ben@oak.example' nick='Ben' offline='yes'/>"),
        happens(1000, "<registered jid='cid@fig.example' nick='Cid'/>"),
        says(10_000, "m1", ANN, "Tea?"),
        "<note>Both servers know nothing of copies. Ben knows what he wants.</note>".to_owned(),
        comes_back(11_000, "m1", ben, "cancel", "service-unavailable"),
        comes_back(12_000, "m1", "cid@fig.example", "cancel", "service-unavailable"),
        says(100_000, "m2", ANN, "Tea!"),
        comes_back(101_000, "m2", "cid@fig.example", "cancel", "service-unavailable"),
        says(200_000, "m3", ANN, "Tea."),
        comes_back(201_000, "m3", "cid@fig.example", "cancel", "service-unavailable"),
        "<note>Three in a row, and Cid is left in peace. Ben's server is gone for a while.</note>".to_owned(),
        says(300_000, "m4", ANN, "Milk?"),
        comes_back(301_000, "m4", ben, "cancel", "remote-server-not-found"),
        says(330_000, "m5", ANN, "Sugar?"),
        "<wake at='361000'/>".to_owned(),
        says(400_000, "m6", ANN, "Cake?"),
        "<note>Somebody forges an error, and Ben's account is really gone.</note>".to_owned(),
        comes_back(401_000, "m6", "eve@ash.example", "cancel", "gone"),
        comes_back(402_000, "m6", ben, "cancel", "gone"),
        says(500_000, "m7", ANN, "Anybody?"),
    ];
    insta::assert_snapshot!(story("push-room", &mut push_room(), &steps.concat()));
}
