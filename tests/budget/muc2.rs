//! A room whose occupants speak three dialects.

use allocation_counter::measure;
use jid::BareJid;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::{Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Machine as _, Time, ns};

const HALL: &str = "hall@rooms.example";

fn stanza(text: &str) -> Input {
    Input::Stanza(Reader::one(ns::CLIENT, text.as_bytes()).unwrap())
}

fn give(service: &mut Service, at: u64, text: &str) {
    service.handle_with(Time::from_millis(1_800_000_000_000 + at), stanza(text), |_, _| {}).unwrap();
}

/// A room with so many occupants of each dialect, and Ann, who opened it.
fn room_of(each: usize) -> Service {
    let config = ServiceConfig { muc: true, muc2: true, ..ServiceConfig::new(&BareJid::new("rooms.example").unwrap()) };
    let limits = Gc3Limits { participants: 1_000_000, ..Gc3Limits::default() };
    let mut service = Service::new(config, limits, Seed::new([6; 32]));
    let enter = |who: &str, nick: &str| {
        format!("<presence from='{who}' to='{HALL}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    };
    give(&mut service, 0, &enter("ann@tea.example/pot", "Ann"));
    let config = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
                  <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
                  <field var='muc#roomconfig_maxusers'><value>100000</value></field></x></query>";
    give(&mut service, 1, &format!("<iq type='set' id='o' from='ann@tea.example/pot' to='{HALL}'>{config}</iq>"));
    for n in 0..each {
        give(&mut service, 2, &enter(&format!("name{n}@oak.example/pot"), &format!("Name{n}")));
        let by_id = format!(
            "<presence from='id{n}@fig.example/pot' to='{HALL}'><x xmlns='http://jabber.org/protocol/muc'>\
             <muc2 xmlns='urn:xmpp:muc:0'><nickname>Id{n}</nickname></muc2></x></presence>"
        );
        give(&mut service, 3, &by_id);
        let form = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value>\
                    </field><field var='urn:xmpp:gc3:fields:nickname'>";
        let join = format!(
            "<iq type='set' id='j' from='gc{n}@elm.example/pot' to='{HALL}'><join xmlns='urn:xmpp:gc3:0'>{form}\
             <value>Gc{n}</value></field></x><subscribe type='message'/></join></iq>"
        );
        give(&mut service, 4, &join);
    }
    service
}

/// How many allocations a stanza costs, and how many recipients it reached.
fn cost(service: &mut Service, at: u64, text: &str) -> (u64, usize) {
    let input = stanza(text);
    let mut reached = 0;
    let later = Time::from_millis(1_800_000_000_000 + at);
    let counted = measure(|| {
        service
            .handle_with(later, input, |_, action| {
                if let Action::Send { to, .. } = action {
                    reached += to.len();
                }
            })
            .unwrap();
    });
    (counted.count_total, reached)
}

#[test]
fn a_message_costs_the_same_whoever_listens() {
    let say = |n: u32| {
        format!("<message type='groupchat' id='m{n}' from='ann@tea.example/pot' to='{HALL}'><body>Tea</body></message>")
    };
    let cost_of = |each: usize| {
        let mut service = room_of(each);
        give(&mut service, 20_000, &say(1));
        cost(&mut service, 30_000, &say(2))
    };
    let ((few, reached_few), (many, reached_many)) = (cost_of(10), cost_of(1000));
    assert_eq!((reached_few, reached_many), (31, 3001));
    assert_eq!(few, many, "allocations must not depend on the number of recipients");
    assert!(few <= 20, "a message in three dialects costs {few} allocations");
}

#[test]
fn presence_costs_the_same_whoever_listens() {
    let show =
        |show: &str| format!("<presence from='name0@oak.example/pot' to='{HALL}/Name0'><show>{show}</show></presence>");
    let cost_of = |each: usize| {
        let mut service = room_of(each);
        give(&mut service, 20_000, &show("away"));
        cost(&mut service, 30_000, &show("dnd"))
    };
    let ((few, reached_few), (many, reached_many)) = (cost_of(10), cost_of(1000));
    assert_eq!((reached_few, reached_many), (21, 2001));
    assert_eq!(few, many, "allocations must not depend on the number of recipients");
    assert!(few <= 60, "presence in two dialects costs {few} allocations");
}

#[test]
fn an_entry_is_written_once_for_each_dialect_and_view() {
    // What others hear of it; the one who enters hears of each of them.
    let written = |each: usize| {
        let mut service = room_of(each);
        let text = format!(
            "<presence from='new@tea.example/pot' to='{HALL}/New'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        );
        let (mut stanzas, mut reached) = (0, 0);
        service
            .handle_with(Time::from_millis(1_800_000_020_000), stanza(&text), |_, action| {
                if let Action::Send { to, .. } = action {
                    let others = to.iter().filter(|one| one.jid != "new@tea.example/pot").count();
                    (stanzas, reached) = (stanzas + usize::from(others > 0), reached + others);
                }
            })
            .unwrap();
        (stanzas, reached)
    };
    // Those who are addressed by name and by ID, and Ann, who sees JIDs.
    assert_eq!((written(10), written(200)), ((3, 21), (3, 401)));
}
