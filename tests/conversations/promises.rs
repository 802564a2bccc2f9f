//! Who came while real JIDs were hidden is not shown with its own when that changes, until it comes again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use xmpp_machines::gc3::{Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::vectors::START;
use xmpp_machines::sim::{Bench, Line, SimHost};

use super::world::stanza;

const ROOM: &str = "cake@rooms.example";
const OWNER: &str = "ann@tea.example/laptop";
const PEOPLE: [(&str, &str); 4] =
    [("ben@oak.example", "Ben"), ("cid@fig.example", "Cid"), ("dee@elm.example", "Dee"), ("eve@yew.example", "Eve")];

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Enter(usize, bool),
    Join(usize),
    Leave(usize, bool),
    Show(usize),
    Rename(usize, u8),
    Speak(usize),
    Look(usize),
    Read(usize),
    Members(usize),
    Whois(bool),
    Member(usize),
    Kick(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = || 0..PEOPLE.len();
    prop_oneof![
        6 => (who(), any::<bool>()).prop_map(|(who, second)| Deed::Enter(who, second)),
        2 => who().prop_map(Deed::Join),
        3 => (who(), any::<bool>()).prop_map(|(who, second)| Deed::Leave(who, second)),
        2 => who().prop_map(Deed::Show),
        1 => (who(), any::<u8>()).prop_map(|(who, to)| Deed::Rename(who, to)),
        3 => who().prop_map(Deed::Speak),
        2 => who().prop_map(Deed::Look),
        2 => who().prop_map(Deed::Read),
        1 => who().prop_map(Deed::Members),
        3 => any::<bool>().prop_map(Deed::Whois),
        1 => who().prop_map(Deed::Member),
        1 => who().prop_map(Deed::Kick),
    ]
}

/// The stanza of a deed.
fn text(deed: &Deed) -> String {
    let x = "<x xmlns='http://jabber.org/protocol/muc'/>";
    let full = |who: usize, second: bool| format!("{}/{}", PEOPLE[who].0, if second { "den" } else { "phone" });
    let nick = |who: usize| PEOPLE[who].1;
    let admin = |item: String| {
        format!(
            "<iq type='set' id='a' from='{OWNER}' to='{ROOM}'>\
             <query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query></iq>"
        )
    };
    match *deed {
        Deed::Enter(who, second) => {
            format!("<presence from='{}' to='{ROOM}/{}'>{x}</presence>", full(who, second), nick(who))
        }
        Deed::Join(who) => format!(
            "<iq type='set' id='j' from='{}' to='{ROOM}'><join xmlns='urn:xmpp:gc3:0'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field>\
             <field var='urn:xmpp:gc3:fields:nickname'><value>{}</value></field></x>\
             <subscribe type='participant'/></join></iq>",
            full(who, true),
            nick(who)
        ),
        Deed::Leave(who, second) => {
            format!("<presence type='unavailable' from='{}' to='{ROOM}/{}'/>", full(who, second), nick(who))
        }
        Deed::Show(who) => {
            format!("<presence from='{}' to='{ROOM}/{}'><show>dnd</show></presence>", full(who, false), nick(who))
        }
        Deed::Rename(who, to) => format!("<presence from='{}' to='{ROOM}/{}{to}'/>", full(who, false), nick(who)),
        Deed::Speak(who) => {
            format!(
                "<message type='groupchat' id='m' from='{}' to='{ROOM}'><body>tea</body></message>",
                full(who, false)
            )
        }
        Deed::Look(who) => format!(
            "<iq type='get' id='l' from='{}' to='{ROOM}'><participants xmlns='urn:xmpp:gc3:0'/></iq>",
            full(who, false)
        ),
        Deed::Read(who) => format!(
            "<iq type='set' id='r' from='{}' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>",
            full(who, false)
        ),
        Deed::Members(who) => format!(
            "<iq type='get' id='n' from='{}' to='{ROOM}'>\
             <query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query></iq>",
            full(who, false)
        ),
        Deed::Whois(everybody) => format!(
            "<iq type='set' id='w' from='{OWNER}' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
             <value>http://jabber.org/protocol/muc#roomconfig</value></field>\
             <field var='muc#roomconfig_whois'><value>{}</value></field></x></query></iq>",
            if everybody { "anyone" } else { "moderators" }
        ),
        Deed::Member(who) => admin(format!("<item jid='{}' affiliation='member'/>", PEOPLE[who].0)),
        Deed::Kick(who) => admin(format!("<item nick='{}' role='none'/>", nick(who))),
    }
}

/// How many were told of somebody who agreed to it; an error if somebody did not.
fn seen(told: &[(String, String)], agreed: &BTreeMap<usize, bool>, by: &str) -> Result<usize, String> {
    let mut shown = 0;
    for (to, told) in told {
        for (who, (bare, _)) in PEOPLE.iter().enumerate() {
            let secret = !to.starts_with("ann@") && !to.starts_with(bare) && told.contains(bare);
            // The member list, and its versions in a message, have no nicknames: they say who is a member, not who is who.
            let versions = told.starts_with("<message") && told.contains("<mav ");
            let list = (versions || told.contains("muc#admin")) && !told.contains("nick=");
            if secret && !list && !agreed.get(&who).copied().unwrap_or(false) {
                return Err(format!("{to} is told of {bare} by {by}: {told}"));
            }
            shown += usize::from(secret);
        }
    }
    Ok(shown)
}

/// Plays a conversation; says what was told that was not to be. Nobody but Ann ever moderates.
fn play(deeds: &[Deed]) -> Result<usize, String> {
    let mut config = ServiceConfig::new(&jid::BareJid::new("rooms.example").unwrap());
    config.muc = true;
    let service = Service::new(config, Gc3Limits::default(), Seed::new([4; 32]));
    let mut bench = Bench::new(service, SimHost::default(), START);
    let mut now = START.millis();
    let mut give = |bench: &mut Bench<Service, SimHost>, text: &str| -> Vec<(String, String)> {
        now += 5000;
        bench.handle(xmpp_machines::Time::from_millis(now), stanza(text)).unwrap().unwrap();
        let told = bench.take_lines().into_iter().filter_map(|line| match line {
            Line::Send { to, stanza, .. } => Some(to.into_iter().map(|to| (to, stanza.line(""))).collect()),
            _ => None,
        });
        told.collect::<Vec<Vec<_>>>().concat()
    };
    let open = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
        <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
        <field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query>";
    give(
        &mut bench,
        &format!("<presence from='{OWNER}' to='{ROOM}/Ann'><x xmlns='http://jabber.org/protocol/muc'/></presence>"),
    );
    give(&mut bench, &format!("<iq type='set' id='o' from='{OWNER}' to='{ROOM}'>{open}</iq>"));
    let (mut everybody, mut shown) = (false, 0);
    // Who came since everybody sees real JIDs.
    let mut agreed: BTreeMap<usize, bool> = BTreeMap::new();
    for deed in deeds {
        let text = text(deed);
        // What was due before is told under what held before.
        let mut told = give(
            &mut bench,
            &format!("<iq type='get' id='p' from='{OWNER}' to='{ROOM}'><ping xmlns='urn:xmpp:ping'/></iq>"),
        );
        shown += seen(&told, &agreed, &text)?;
        match *deed {
            Deed::Whois(to) if to != everybody => {
                everybody = to;
                agreed.clear();
            }
            Deed::Enter(who, _) | Deed::Join(who) => drop(agreed.insert(who, everybody)),
            _ => {}
        }
        told = give(&mut bench, &text);
        shown += seen(&told, &agreed, &text)?;
        bench.machine.check().map_err(str::to_owned)?;
    }
    Ok(shown)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_promise_is_kept(deeds in prop::collection::vec(deed(), 1..60)) {
        play(&deeds).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn who_comes_again_is_shown() {
    let deeds = [Deed::Enter(0, false), Deed::Enter(1, false), Deed::Whois(true), Deed::Show(0), Deed::Enter(0, false)];
    assert_eq!(play(&deeds[..4]), Ok(0));
    assert_eq!(play(&deeds), Ok(1));
}
