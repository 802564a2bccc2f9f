//! Every rank that acts on every rank by `muc#admin`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/ranks.rs"]
mod ranks;

use std::collections::BTreeMap;

use jid::BareJid;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::{Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Machine as _, Time, ns};

use ranks::{ACTIONS, RANKS, expected};

const ROOM: &str = "cake@rooms.example";
const ANN: &str = "ann@tea.example/laptop";
const BEN: &str = "ben@oak.example/phone";
const CID: &str = "cid@fig.example/desk";

/// Hands a stanza to a service; gives back what it sends.
fn give(service: &mut Service, at: u64, text: &str) -> String {
    let mut sent = String::new();
    let input = Input::Stanza(Reader::one(ns::CLIENT, text.as_bytes()).unwrap());
    service
        .handle_with(Time::from_millis(1_800_000_000_000 + at), input, |_, action| {
            if let Action::Send { to, stanza } = action {
                for to in to {
                    sent += &String::from_utf8(stanza.encode(to.jid)).unwrap();
                }
            }
        })
        .unwrap();
    service.check().unwrap();
    sent
}

fn set(from: &str, items: &str) -> String {
    format!(
        "<iq type='set' id='a' from='{from}' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query></iq>"
    )
}

/// Ann owns the room; Ben and Cid are in it as told.
fn room(ben: (&str, &str), cid: (&str, &str)) -> Service {
    let mut config = ServiceConfig::new(&BareJid::new("rooms.example").unwrap());
    config.muc = true;
    let mut service = Service::new(config, Gc3Limits::default(), Seed::new([5; 32]));
    let enter = |from: &str, nick: &str| {
        format!("<presence from='{from}' to='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    };
    give(&mut service, 0, &enter(ANN, "Ann"));
    let open = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
    give(&mut service, 1, &format!("<iq type='set' id='o' from='{ANN}' to='{ROOM}'>{open}</iq>"));
    for (n, (who, nick, (affiliation, role))) in [(BEN, "Ben", ben), (CID, "Cid", cid)].into_iter().enumerate() {
        let at = 10 * (n as u64 + 1);
        give(&mut service, at, &enter(who, nick));
        let bare = who.split('/').next().unwrap();
        for item in [
            format!("<item jid='{bare}' affiliation='{affiliation}'/>"),
            format!("<item nick='{nick}' role='{role}'/>"),
        ] {
            give(&mut service, at + 1, &set(ANN, &item));
        }
    }
    service
}

#[test]
fn every_rank_acts_on_every_rank_as_the_text_says() {
    let mut met = BTreeMap::new();
    for actor in RANKS {
        for target in RANKS {
            let service = room(actor, target);
            for oneself in [false, true] {
                let (nick, bare, target) =
                    if oneself { ("Ben", "ben@oak.example", actor) } else { ("Cid", "cid@fig.example", target) };
                for action in ACTIONS {
                    // By nickname and by address it is the same.
                    for named in [format!("nick='{nick}'"), format!("jid='{bare}'")] {
                        let (verb, wanted) = action;
                        let answer = give(
                            &mut service.clone(),
                            60_000,
                            &set(BEN, &format!("<item {named} {verb}='{wanted}'/>")),
                        );
                        // Ann is an owner still, so that another may step down.
                        let condition = expected(actor, target, oneself, action);
                        let what =
                            format!("{actor:?} gives {target:?} ({named}) {action:?}, oneself: {oneself}: {answer}");
                        if condition.is_empty() {
                            assert!(answer.contains("type='result'"), "{what}");
                        } else {
                            assert!(answer.contains(&format!("<{condition} xmlns")), "not {condition}: {what}");
                            assert!(!answer.contains("<presence"), "a refusal changes nothing: {what}");
                        }
                        *met.entry(condition).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    assert_eq!(met.values().sum::<i32>(), 8 * 8 * 2 * 9 * 2);
    assert!(ranks::all_met(&met), "{met:?}");
}
