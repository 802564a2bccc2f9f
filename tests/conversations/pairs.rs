//! All pairs of the small automata, against tables that were written from the specifications and not from the code.

use xmpp_machines::gc3::{Notice, Service};
use xmpp_machines::{Action, Machine as _, Time};

use super::ranks::{ACTIONS, RANKS, all_met, expected, rank};
use super::world::{ANN, BEN, CID, World, stanza};

/// What comes to a full JID when a stanza is given to a copy of the service.
fn given(service: &Service, now: Time, text: &str) -> (Service, String) {
    let mut service = service.clone();
    let mut sent = String::new();
    service
        .handle_with(now, stanza(text), |_, action| match action {
            Action::Send { to, stanza } => {
                let mut bytes = Vec::new();
                for to in to {
                    stanza.head_into(to.jid, &mut bytes);
                }
                bytes.extend_from_slice(stanza.tail());
                sent += &String::from_utf8(bytes).unwrap();
            }
            Action::Tell(Notice::Dropped { .. }) => sent += "DROPPED",
            _ => {}
        })
        .unwrap();
    service.check().unwrap();
    (service, sent)
}

#[test]
fn rank_is_guarded_for_every_pair() {
    let mut met = std::collections::BTreeMap::new();
    let rank_of = |w: &mut World, who: &str, (affiliation, role): (&str, &str)| {
        for change in [format!("affiliation='{affiliation}'"), format!("role='{role}'")] {
            w.set(ANN, &format!("<participants xmlns='urn:xmpp:gc3:0'><item id='{{{who}}}' {change}/></participants>"));
        }
    };
    for actor in RANKS {
        for target in RANKS {
            let mut w = World::new();
            w.create("channel", &[], &[]);
            w.join(BEN, "Ben", &[]);
            w.join(CID, "Cid", &[]);
            rank_of(&mut w, "ben", actor);
            rank_of(&mut w, "cid", target);
            w.wait(5000);
            for oneself in [false, true] {
                let (who, target) = if oneself { ("ben", actor) } else { ("cid", target) };
                for (verb, to) in ACTIONS {
                    let action =
                        if to == "none" && verb == "role" { "kick='yes'".into() } else { format!("{verb}='{to}'") };
                    let change =
                        format!("<participants xmlns='urn:xmpp:gc3:0'><item id='{{{who}}}' {action}/></participants>");
                    let text = w.fill(&format!("<iq type='set' id='act' from='{BEN}' to='{{room}}'>{change}</iq>"));
                    let (_, answer) = given(&w.bench.machine, w.now(), &text);
                    let wanted = match expected(actor, target, oneself, (verb, to)) {
                        // In a room of group chat 3 nobody takes an affiliation from oneself.
                        "" if oneself && verb == "affiliation" && rank(to) < rank(target.0) => "conflict",
                        wanted => wanted,
                    };
                    let what = format!("{actor:?} sets {action} of {target:?}, oneself: {oneself}: {answer}");
                    if wanted.is_empty() {
                        assert!(answer.contains("type='result'"), "{what}");
                    } else {
                        assert!(answer.contains(&format!("<{wanted} xmlns")), "not {wanted}: {what}");
                    }
                    *met.entry(wanted).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(all_met(&met), "{met:?}");
}

/// Asks about a full JID without a trace: whether it is in, has a session, and what it subscribed to.
fn looked(service: &Service, now: Time, room: &str, full: &str) -> String {
    let sync = "<sync xmlns='urn:xmpp:gc3:0'/>";
    let (_, answer) = given(service, now, &format!("<iq type='get' id='look' from='{full}' to='{room}'>{sync}</iq>"));
    let value = |name: &str| {
        let (_, rest) = answer.split_once(&format!(" {name}='"))?;
        rest.split_once('\'').map(|(value, _)| value.to_owned())
    };
    if value("joined").as_deref() != Some("yes") {
        return "not in".to_owned();
    }
    match value("session").as_deref() {
        Some("yes") => format!("[{}]", value("subscribed").unwrap_or_default()),
        _ => "-".to_owned(),
    }
}

/// The standing of a subscription, by what it makes of further stanzas.
fn standing(service: &Service, now: Time, room: &str) -> &'static str {
    let presence = |type_: &str, from: &str| format!("<presence{type_} from='{from}' to='{room}'/>");
    let drops = |text: &str| given(service, now, text).1 == "DROPPED";
    let bare = "ben@oak.example";
    match () {
        () if looked(service, now, room, BEN) == "not in" => "gone",
        () if drops(&presence(" type='subscribed'", bare)) => "approved",
        () if drops(&presence(" type='unsubscribed'", bare)) => "declined",
        () if drops(&presence("", bare)) => "none",
        () => "asked",
    }
}

const PHONE: &str = BEN;
const DESK: &str = "ben@oak.example/desk";

/// Ben is in, with a bare session at his desk that hears messages and, if he approved, a presence session on his phone.
fn subscriber(standing: &str) -> World {
    let mut w = World::new();
    w.create("channel", &[], &[]);
    w.join(DESK, "Ben", &["message"]);
    if standing != "asked" {
        w.presence("ben@oak.example", "subscribed", "");
        w.presence(PHONE, "", "");
    }
    if standing == "declined" {
        w.presence("ben@oak.example", "unsubscribed", "");
    }
    // Longer than an answer to the request is waited for.
    w.wait(61_000);
    w
}

#[test]
fn standings_and_presence() {
    let error = |type_: &str, condition: &str| {
        format!("<error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
    };
    let inputs = [
        ("available phone", PHONE, "", String::new()),
        ("available account", "ben@oak.example", "", String::new()),
        ("unavailable phone", PHONE, " type='unavailable'", String::new()),
        ("unavailable desk", DESK, " type='unavailable'", String::new()),
        ("unavailable account", "ben@oak.example", " type='unavailable'", String::new()),
        ("subscribed", "ben@oak.example", " type='subscribed'", String::new()),
        ("unsubscribed", "ben@oak.example", " type='unsubscribed'", String::new()),
        ("unsubscribe", "ben@oak.example", " type='unsubscribe'", String::new()),
        ("subscribe", "ben@oak.example", " type='subscribe'", String::new()),
        ("probe", "ben@oak.example", " type='probe'", String::new()),
        ("item-not-found", "ben@oak.example", " type='error'", error("cancel", "item-not-found")),
        ("gone", "ben@oak.example", " type='error'", error("cancel", "gone")),
        ("remote-server-not-found", "ben@oak.example", " type='error'", error("cancel", "remote-server-not-found")),
        ("remote-server-timeout", "ben@oak.example", " type='error'", error("wait", "remote-server-timeout")),
        ("service-unavailable", "ben@oak.example", " type='error'", error("cancel", "service-unavailable")),
        ("forbidden", "ben@oak.example", " type='error'", error("auth", "forbidden")),
        ("gone phone", PHONE, " type='error'", error("cancel", "gone")),
    ];
    // Standing before, input: standing, phone, desk after. What is not named changes nothing.
    let changes = [
        ("asked", "available phone", ("approved", "[]", "[message]")),
        ("asked", "available account", ("approved", "-", "[message]")),
        ("asked", "unavailable desk", ("asked", "-", "-")),
        ("asked", "subscribed", ("approved", "-", "[message]")),
        ("asked", "unsubscribed", ("declined", "-", "[message]")),
        ("asked", "item-not-found", ("gone", "not in", "not in")),
        ("asked", "gone", ("gone", "not in", "not in")),
        ("approved", "unavailable phone", ("approved", "-", "[message]")),
        ("approved", "unavailable desk", ("approved", "[]", "-")),
        ("approved", "unavailable account", ("approved", "-", "[message]")),
        ("approved", "unsubscribed", ("declined", "-", "[message]")),
        ("declined", "subscribed", ("approved", "-", "[message]")),
        ("declined", "unavailable desk", ("declined", "-", "-")),
    ];
    for before in ["asked", "approved", "declined"] {
        let w = subscriber(before);
        let (service, now, room) = (&w.bench.machine, w.now(), w.fill("{room}"));
        let state = |service: &Service| {
            (standing(service, now, &room), looked(service, now, &room, PHONE), looked(service, now, &room, DESK))
        };
        let unchanged = (before, if before == "approved" { "[]" } else { "-" }, "[message]");
        for (name, from, type_, content) in &inputs {
            let (after, _) =
                given(service, now, &format!("<presence{type_} from='{from}' to='{room}'>{content}</presence>"));
            let named = changes.iter().find(|(standing, input, _)| (standing, input) == (&before, name));
            let (standing, phone, desk) = named.map_or(unchanged, |(.., after)| *after);
            assert_eq!(state(&after), (standing, phone.to_owned(), desk.to_owned()), "{name} to {before}");
        }
    }
}

/// A hash that nobody knows.
const CAPS: &str = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:pot' ver='AAAA'/>";

/// Ben's phone in each of the ways in which it can be attached. All but the first hear presence.
fn attached(kind: &str) -> World {
    let mut w = World::new();
    w.create("channel", &[], &[]);
    w.join(DESK, "Ben", &[]);
    w.presence("ben@oak.example", "subscribed", "");
    match kind {
        "presence" => drop(w.presence(PHONE, "", "")),
        "pending" => drop(w.presence(PHONE, "", CAPS)),
        _ => {}
    }
    if kind != "none" {
        w.set(PHONE, "<subscribe xmlns='urn:xmpp:gc3:0' type='presence'/>");
    }
    w.wait(2000);
    w
}

/// What kind of session the phone has: pending is what takes the features that it was asked for, presence is what is
/// online, bare what is neither. And what it hears.
fn kind(service: &Service, now: Time, room: &str, asked: &str) -> String {
    let heard = looked(service, now, room, PHONE);
    if heard == "-" {
        return "none".to_owned();
    }
    let features = format!(
        "<iq type='result' id='{asked}' from='{PHONE}' to='rooms.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <feature var='urn:xmpp:gc3:0:default-receive:participants'/></query></iq>"
    );
    let pending = looked(&given(service, now, &features).0, now, room, PHONE) != heard;
    let list = "<participants xmlns='urn:xmpp:gc3:0'/>";
    let (_, list) = given(service, now, &format!("<iq type='get' id='l' from='{DESK}' to='{room}'>{list}</iq>"));
    let kind = match list.contains("online='yes'") {
        _ if pending => "pending",
        true => "presence",
        false => "bare",
    };
    format!("{kind} {heard}")
}

#[test]
fn kinds_of_sessions_and_inputs() {
    let gc3 = |payload: &str| format!("<iq type='set' id='i' from='{PHONE}' to='{{room}}'>{payload}</iq>");
    let inputs = [
        ("subscribe", gc3("<subscribe xmlns='urn:xmpp:gc3:0' type='message'/>")),
        ("unsubscribe", gc3("<unsubscribe xmlns='urn:xmpp:gc3:0' type='presence'/>")),
        ("sync", gc3("<sync xmlns='urn:xmpp:gc3:0'><subscribe type='message'/></sync>")),
        ("sync to nothing", gc3("<sync xmlns='urn:xmpp:gc3:0'/>")),
        ("available", format!("<presence from='{PHONE}' to='{{room}}'/>")),
        ("available with a hash", format!("<presence from='{PHONE}' to='{{room}}'>{CAPS}</presence>")),
        ("unavailable", format!("<presence type='unavailable' from='{PHONE}' to='{{room}}'/>")),
        ("message", format!("<message type='groupchat' id='m' from='{PHONE}' to='{{room}}'><body>hi</body></message>")),
    ];
    // After a sync there is nothing that features could add: it said exactly what is wanted.
    #[rustfmt::skip]
    let table = [
        ("none", ["bare [message]", "none", "bare [message]", "bare []", "presence []", "pending []", "none", "none"]),
        ("bare", ["bare [message presence]", "bare []", "bare [message]", "bare []", "presence [presence]",
            "pending [presence]", "none", "bare [presence]"]),
        ("presence", ["presence [message presence]", "presence []", "presence [message]", "presence []",
            "presence [presence]", "presence [presence]", "none", "presence [presence]"]),
        ("pending", ["pending [message presence]", "pending []", "presence [message]", "presence []",
            "pending [presence]", "pending [presence]", "none", "pending [presence]"]),
    ];
    for (before, row) in table {
        for ((name, input), wanted) in inputs.iter().zip(row) {
            let mut w = attached(before);
            w.send(100, input);
            let found = kind(&w.bench.machine, w.now(), &w.fill("{room}"), &w.fill("{asked}"));
            assert_eq!(found, wanted, "{name} with {before}");
        }
    }
}
