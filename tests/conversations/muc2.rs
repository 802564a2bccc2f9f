//! Clients of the New MUC draft beside those of GC3 and of XEP-0045: all states of a session, a whole story, and an
//! account's server that joins for its account.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use jid::BareJid;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::gc3::account::{self, Order};
use xmpp_machines::gc3::{Account, Input, Service, ServiceConfig};
use xmpp_machines::limits::{AccountLimits, Gc3Limits};
use xmpp_machines::seed::Seed;
use xmpp_machines::service::Rooms;
use xmpp_machines::service::rooms::Copies;
use xmpp_machines::sim::laws::Op;
use xmpp_machines::sim::talk::{self, Talk};
use xmpp_machines::{Action, Machine as _, Rule, Snapshot as _, Time, ns};

use super::privacy::{deeds, talked};
use super::world::{ANN, BEN, CID, DEE, World, form, stanza};

/// What a stanza makes a copy of the service say, by recipient, and how many different stanzas that were.
fn given(service: &Service, now: Time, text: &str) -> (Service, BTreeMap<String, String>, usize) {
    let mut service = service.clone();
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    let mut written = BTreeSet::new();
    service
        .handle_with(now, stanza(text), |_, action| {
            if let Action::Send { to, stanza } = action {
                written.insert(stanza.tail().clone());
                for to in to {
                    let text = String::from_utf8(stanza.encode(to.jid)).unwrap();
                    *sent.entry(to.jid.to_owned()).or_default() += &text;
                }
            }
        })
        .unwrap();
    service.check().unwrap();
    (service, sent, written.len())
}

fn muc2(wishes: &str) -> String {
    format!("<x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'>{wishes}</muc2></x>")
}

/// Ben in each of the ways in which his phone can be attached; Cid looks on, at the level full.
fn phone(how: &str) -> World {
    let mut w = World::muc();
    w.create("channel", &[], &[]);
    w.enter_by_id(CID, "Cid", "full");
    if how.contains("of a member") || how.contains("over gc3") {
        w.join("ben@oak.example/desk", "Ben", &[]);
    }
    if how.contains("over gc3") {
        w.presence("ben@oak.example", "subscribed", "");
        w.presence(BEN, "", "");
    }
    match how.split(' ').next().unwrap() {
        "muc2" => drop(w.enter_by_id(BEN, "Ben", "full")),
        "muc" => drop(w.enter(BEN, "Ben")),
        "gc3" => drop(w.join(BEN, "Ben", &["message"])),
        _ => {}
    }
    w.wait(5000);
    w
}

/// In which dialect a session hears a message, if it does.
fn hears(service: &Service, now: Time, room: &str, full: &str) -> &'static str {
    let say = format!("<message type='groupchat' id='z1' from='{CID}' to='{room}'><body>Look.</body></message>");
    let (after, sent, _) = given(service, now, &say);
    let Some(heard) = sent.get(full) else { return "out" };
    if heard.contains("/Cid'") {
        return "muc";
    }
    let subscribe = format!(
        "<iq type='set' id='z2' from='{full}' to='{room}'><subscribe xmlns='urn:xmpp:gc3:0' type='message'/></iq>"
    );
    if given(&after, now, &subscribe).1[full].contains("<conflict") { "muc2" } else { "gc3" }
}

/// Every presence that Ben's phone may send, in every state that it may be in.
#[test]
fn presence_in_every_state() {
    let inputs = [
        ("enter", format!("<presence from='{BEN}' to='{{room}}'>{}</presence>", muc2("<nickname>Ben</nickname>"))),
        (
            "enter as another",
            format!("<presence from='{BEN}' to='{{room}}'>{}</presence>", muc2("<nickname>Cid</nickname>")),
        ),
        (
            "enter by name",
            format!("<presence from='{BEN}' to='{{room}}/Ben'><x xmlns='http://jabber.org/protocol/muc'/></presence>"),
        ),
        ("show to the room", format!("<presence from='{BEN}' to='{{room}}'><show>away</show></presence>")),
        ("show", format!("<presence from='{BEN}' to='{{room}}/{{ben}}'><show>away</show></presence>")),
        ("rename by address", format!("<presence from='{BEN}' to='{{room}}/Benny'/>")),
        ("leave", format!("<presence type='unavailable' from='{BEN}' to='{{room}}/{{ben}}'/>")),
        ("gone", format!("<presence type='unavailable' from='{BEN}' to='{{room}}'/>")),
    ];
    // State, input: how the phone hears afterwards, what it is told, whether Cid is told. What is not named changes
    // nothing and is told to nobody.
    let table = [
        ("out", "enter", ("muc2", "code='110'", true)),
        ("out", "enter as another", ("muc2", ">Cid 2<", true)),
        ("out", "enter by name", ("muc", "code='110'", true)),
        ("out", "show", ("out", "code='333'", false)),
        ("out", "rename by address", ("out", "code='333'", false)),
        ("gc3", "enter", ("muc2", "code='110'", true)),
        ("gc3", "enter as another", ("muc2", "code='210'", true)),
        ("gc3", "enter by name", ("muc", "code='110'", true)),
        // His server's word that the device is there, though the room has not asked for it yet.
        ("gc3", "show to the room", ("gc3", "", true)),
        ("gc3", "gone", ("out", "", false)),
        ("muc", "enter", ("muc2", "code='110'", false)),
        ("muc", "enter as another", ("muc2", "code='210'", false)),
        ("muc", "enter by name", ("muc", "code='110'", false)),
        ("muc", "show", ("muc", "<show>away", true)),
        ("muc", "rename by address", ("muc", "code='303'", true)),
        ("muc", "leave", ("out", "role='none'", true)),
        ("muc", "gone", ("out", "role='none'", true)),
        ("muc2", "enter", ("muc2", "code='110'", false)),
        ("muc2", "enter as another", ("muc2", ">Cid 2<", true)),
        ("muc2", "enter by name", ("muc", "code='110'", false)),
        ("muc2", "show to the room", ("muc2", "<show>away", true)),
        ("muc2", "show", ("muc2", "<show>away", true)),
        ("muc2", "rename by address", ("muc2", "<not-acceptable", false)),
        ("muc2", "leave", ("out", "role='none'", true)),
        ("muc2", "gone", ("out", "role='none'", true)),
        ("muc2 over gc3", "enter", ("muc2", "code='110'", false)),
        ("muc2 over gc3", "enter as another", ("muc2", ">Cid 2<", true)),
        ("muc2 over gc3", "enter by name", ("muc", "code='110'", false)),
        // It may be what was written for friends.
        ("muc2 over gc3", "show", ("muc2", "<show>away", true)),
        ("muc2 over gc3", "rename by address", ("muc2", "<not-acceptable", false)),
        ("muc2 over gc3", "leave", ("out", "role='none'", true)),
        ("muc2 over gc3", "gone", ("out", "role='none'", true)),
    ];
    for how in ["out", "gc3", "muc", "muc2", "muc2 over gc3"] {
        let w = phone(how);
        let (service, now, room) = (&w.bench.machine, w.now(), w.fill("{room}"));
        let ben = service.participant_id(&BareJid::new(&room).unwrap(), &BareJid::new("ben@oak.example").unwrap());
        let before = how.split(' ').next().unwrap();
        assert_eq!(hears(service, now, &room, BEN), before, "{how}");
        for (name, text) in &inputs {
            let text = w.fill(text).replace("{ben}", ben.unwrap().as_str());
            let (after, sent, _) = given(service, now, &text);
            let named = table.iter().find(|(state, input, _)| (*state, *input) == (how, *name));
            let (state, told, others) = named.map_or((before, "", false), |(.., wanted)| *wanted);
            let heard = |who: &str| sent.get(who).map_or("", String::as_str);
            assert_eq!(hears(&after, now, &room, BEN), state, "{name} when {how}: {sent:?}");
            assert!(heard(BEN).contains(told), "{name} when {how}: {}", heard(BEN));
            assert_eq!(heard(BEN).is_empty(), told.is_empty(), "{name} when {how}: {}", heard(BEN));
            assert_eq!(!heard(CID).is_empty(), others, "{name} when {how}: {}", heard(CID));
        }
    }
}

/// A message is written once for those who know names and once for those who know IDs, however many read it.
#[test]
fn three_dialects_are_two_writings() {
    let mut w = World::muc();
    w.create("channel", &[], &["message"]);
    w.join("fay@ash.example/tv", "Fay", &["message"]);
    for (n, from) in [BEN, CID, DEE].iter().enumerate() {
        w.enter(from, &format!("Name{n}"));
        w.enter_by_id(&from.replace('@', "2@"), &format!("Id{n}"), "none");
    }
    w.wait(2000);
    for from in [ANN, BEN, "ben2@oak.example/phone"] {
        let said = w.fill(&format!(
            "<message type='groupchat' id='m1' from='{from}' to='{{room}}'><body>hello</body></message>"
        ));
        let (_, sent, written) = given(&w.bench.machine, w.now(), &said);
        assert_eq!((sent.len(), written), (8, 2), "{sent:?}");
    }
    // Presence: for each dialect, and there for those who see addresses and those who do not.
    w.enter_by_id(ANN, "Ann", "full");
    w.enter("adm@tea.example/laptop", "Adm");
    w.set(ANN, "<access xmlns='urn:xmpp:gc3:0'><item jid='adm@tea.example' affiliation='admin'/></access>");
    for from in [BEN, CID, DEE] {
        w.enter_by_id(&from.replace('@', "2@"), "Full", "full");
    }
    let shows = w.fill(&format!("<presence from='{BEN}' to='{{room}}/Name0'><show>away</show></presence>"));
    let (_, sent, written) = given(&w.bench.machine, w.now(), &shows);
    // And once more for himself.
    assert_eq!((sent.len(), written), (8, 5), "{sent:?}");
}

/// A room of all three kinds of clients, with a restart between.
#[test]
fn a_day_in_three_dialects() {
    let mut w = World::muc();
    w.note("Ann makes a room with a client of GC3.");
    w.create("channel", &[], &["message", "presence", "participant"]);
    w.wait(2000);
    w.note("Ben enters by his ID, and Cid by name.");
    w.enter_by_id(BEN, "Ben", "full");
    w.enter(CID, "Cid");
    w.note("Dee's phone wants to know who is there, and not how they are.");
    w.enter_by_id(DEE, "Dee", "join");
    w.wait(2000);
    w.say(BEN, "m1", "Is there tea?");
    w.say(CID, "m2", "Green or black?");
    w.say(ANN, "m3", "Both.");
    w.note("Cid goes to look.");
    w.send(1000, &format!("<presence from='{CID}' to='{{room}}/Cid'><show>away</show></presence>"));
    w.note("The service restarts.");
    let saved = w.bench.machine.save();
    w.fall_back(&saved);
    let config = ServiceConfig { muc: true, muc2: true, ..w.bench.machine.config().clone() };
    w.bench.machine.reconfigure(config).unwrap();
    w.note("Ben takes another name, by entering again; and Cid, by another address.");
    w.enter_by_id(BEN, "Benny", "full");
    w.send(1000, &format!("<presence from='{CID}' to='{{room}}/Cedric'/>"));
    w.note("Cid tries a client of the New MUC on the same device.");
    w.enter_by_id(CID, "Cedric", "none");
    w.note("Ann puts Dee out.");
    w.set(
        ANN,
        "<participants xmlns='urn:xmpp:gc3:0'><item id='{dee}' kick='yes'><reason>Late</reason></item></participants>",
    );
    w.note("Ben leaves.");
    w.send(
        1000,
        &format!("<presence type='unavailable' from='{BEN}' to='{{room}}'><status>Good night.</status></presence>"),
    );
    w.wait(2000);
    assert_snapshot!(w.story());
}

/// An account's server, and a service of rooms at another.
struct Two {
    rooms: Rooms,
    account: Account,
    now: u64,
    /// What Ann's kettle was sent.
    kettle: Vec<String>,
    orders: Vec<Order>,
    /// What went to others.
    others: Vec<(String, String)>,
}

const ACCOUNT: &str = "ann@tea.example";

fn read(text: &str) -> Stanza {
    Reader::one(ns::CLIENT, text.as_bytes()).unwrap()
}

impl Two {
    fn new() -> Self {
        let config =
            ServiceConfig { muc: true, muc2: true, ..ServiceConfig::new(&BareJid::new("rooms.example").unwrap()) };
        let rooms = Rooms::new(config, Gc3Limits::default(), Seed::new([4; 32]), Some(Copies::default()));
        let account = Account::new(&BareJid::new(ACCOUNT).unwrap(), AccountLimits::default(), Seed::new([5; 32]));
        let (kettle, orders, others) = Default::default();
        Self { rooms, account, now: 1_800_000_000_000, kettle, orders, others }
    }

    fn at(&self) -> Time {
        Time::from_millis(self.now)
    }

    /// Something comes to the service of the rooms, from anybody.
    fn at_rooms(&mut self, text: &str) {
        let mut sent = Vec::new();
        let mut sink = |_, action: Action<'_, _, _>| {
            if let Action::Send { to, stanza } = action {
                sent.extend(
                    to.into_iter().map(|to| (to.jid.to_owned(), String::from_utf8(stanza.encode(to.jid)).unwrap())),
                );
            }
        };
        self.rooms.handle_with(self.at(), Input::Stanza(read(text)), &mut sink).unwrap();
        self.rooms.check().unwrap();
        for (to, text) in sent {
            if to == ACCOUNT {
                self.at_account(account::Input::Foreign { stanza: read(&text), contact: false });
            } else {
                self.others.push((to, text));
            }
        }
    }

    fn at_account(&mut self, input: account::Input) {
        let (mut sent, mut orders) = (Vec::new(), Vec::new());
        let sink = |_, action: Action<'_, _, _>| match action {
            Action::Send { to, stanza } => {
                sent.extend(
                    to.into_iter().map(|to| (to.jid.to_owned(), String::from_utf8(stanza.encode(to.jid)).unwrap())),
                );
            }
            Action::Do(order) => orders.push(order),
            Action::Tell(_) => {}
        };
        self.account.handle_with(self.at(), input, sink).unwrap();
        self.orders.extend(orders);
        for (to, text) in sent {
            if to.contains("rooms.example") {
                self.at_rooms(&text);
            } else {
                self.kettle.push(text);
            }
        }
    }

    fn kettle_says(&mut self, payload: &str) {
        self.now += 10_000;
        let text = format!("<iq type='set' id='k' from='{ACCOUNT}/kettle' to='{ACCOUNT}'>{payload}</iq>");
        self.at_account(account::Input::Own(read(&text)));
    }

    fn ben(&mut self, text: &str) {
        self.now += 10_000;
        self.at_rooms(text);
    }

    fn take_orders(&mut self) -> Vec<Order> {
        core::mem::take(&mut self.orders)
    }

    fn copies(&mut self) -> usize {
        self.take_orders().iter().filter(|order| matches!(order, Order::MemberCopy { .. })).count()
    }
}

/// A session asks its account's server, that asks the room, and both know it: messages arrive as copies, once each, until
/// the account leaves or is removed.
#[test]
fn an_account_and_a_room_fit_together() {
    const HALL: &str = "hall@rooms.example";
    let join = format!("<join xmlns='urn:xmpp:muc:0' room='{HALL}'><nickname>Ben</nickname></join>");
    let say =
        |n: u32| format!("<message type='groupchat' id='b{n}' from='{BEN}' to='{HALL}'><body>Tea?</body></message>");
    let mut two = Two::new();
    two.ben(&format!("<presence from='{BEN}' to='{HALL}'>{}</presence>", muc2("<nickname>Ben</nickname>")));
    let open = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
    two.ben(&format!("<iq type='set' id='o' from='{BEN}' to='{HALL}'>{open}</iq>"));

    // The room has another nickname for it, and says so all the way back.
    two.kettle_says(&join);
    assert_eq!(two.kettle.len(), 1);
    assert!(two.kettle[0].contains("type='result'") && two.kettle[0].contains(">Ben 2<"), "{:?}", two.kettle);
    let orders = two.take_orders();
    let ground = |holds| Order::Ground { room: BareJid::new(HALL).unwrap(), way: account::Way::Muc2, holds };
    assert_eq!(orders[0], ground(true));
    // The subject comes after the answer, so it is no stranger's message any more.
    assert!(matches!(&orders[1], Order::MemberCopy { stanza, .. } if stanza.child("metadata", ns::MAM).is_some()));
    assert_eq!(orders.len(), 2);

    two.ben(&say(1));
    assert_eq!(two.copies(), 1);
    // A device that is in hears for itself; the account gets its one copy still.
    two.ben(&format!("<presence from='{ACCOUNT}/pot' to='{HALL}'>{}</presence>", muc2("<presence level='none'/>")));
    two.ben(&say(2));
    assert_eq!(two.copies(), 1);
    two.ben(&format!("<presence type='unavailable' from='{ACCOUNT}/pot' to='{HALL}'/>"));
    two.ben(&say(3));
    assert_eq!(two.copies(), 1);

    // Both services restart.
    two.rooms = Rooms::load(&two.rooms.save()).unwrap();
    two.account = Account::load(&two.account.save()).unwrap();
    two.ben(&say(4));
    assert_eq!(two.copies(), 1);

    two.kettle_says(&format!("<leave xmlns='urn:xmpp:muc:0' room='{HALL}'/>"));
    assert_eq!(two.take_orders(), [ground(false)]);
    two.others.clear();
    two.ben(&say(5));
    assert_eq!((two.copies(), two.others.len()), (0, 1), "only Ben hears himself: {:?}", two.others);

    // In again, and put out: the account's server learns of it, too.
    two.kettle_says(&join);
    assert_eq!(two.take_orders()[0], ground(true));
    let kick = "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='Ben 2' role='none'/></query>";
    two.ben(&format!("<iq type='set' id='x' from='{BEN}' to='{HALL}'>{kick}</iq>"));
    assert_eq!(two.take_orders(), [ground(false)]);
    two.ben(&say(6));
    assert_eq!(two.copies(), 0);

    // Joined in both ways it still gets one copy of each message.
    two.kettle_says(&join);
    let both = form("join-form", &[("nickname", "Ann")]);
    two.ben(&format!(
        "<iq type='set' id='g' from='{ACCOUNT}/pot' to='{HALL}'><join xmlns='urn:xmpp:gc3:0'>{both}</join></iq>"
    ));
    two.take_orders();
    two.ben(&say(7));
    assert_eq!(two.copies(), 1);
    // The end of the room is told to the account.
    two.ben(&format!(
        "<iq type='set' id='d' from='{BEN}' to='{HALL}'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>"
    ));
    assert!(two.take_orders().contains(&ground(false)));
}

/// What a session of the New MUC knows of who is available, from what it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Knows {
    level: &'static str,
    online: BTreeSet<String>,
}

/// A session: its full JID, and the room.
type Seen = (String, String);

/// The presence that a step sends to sessions: to whom, from whom, whether it is the session's own, whether it is
/// available.
fn presence(service: &mut Service, now: Time, op: Op<Input>, hidden: &mut bool) -> Vec<(Seen, String, bool, bool)> {
    let mut all = Vec::new();
    let mut sink = |why: Rule, action: Action<'_, _, _>| {
        *hidden |= why.id() == "muc.G10.3";
        let Action::Send { to, stanza } = action else { return };
        let Ok(read) = stanza.to_stanza("x@example") else { return };
        let from = read.element.attr("from").unwrap_or_default().to_owned();
        let Some((room, id)) = from.split_once('/').filter(|(_, id)| id.starts_with('-')) else { return };
        let type_ = read.element.attr("type");
        let Some(x) = read.child("x", ns::MUC_USER).filter(|_| read.element.name() == "presence") else { return };
        let own = x.children().any(|child| child.attr("code") == Some("110"));
        let known = x.children().any(|child| child.name() == "nickname");
        if known && type_ != Some("error") {
            for to in to {
                all.push(((to.jid.to_owned(), room.to_owned()), id.to_owned(), own, type_.is_none()));
            }
        }
    };
    match op {
        Op::Input(input) => service.handle(now, input, &mut sink).unwrap(),
        Op::Wake => service.wake(now, &mut sink),
    }
    all
}

/// The session and the level of an entry by ID.
fn entry(op: &Op<Input>) -> Option<(Seen, &'static str)> {
    let Op::Input(Input::Stanza(stanza)) = op else { return None };
    let x = stanza.child("x", ns::MUC)?;
    let muc2 = x.get_child("muc2", ns::MUC2)?;
    let level = muc2.get_child("presence", ns::MUC2).and_then(|presence| presence.attr("level")).unwrap_or("full");
    let level = ["full", "join", "none"].into_iter().find(|known| *known == level)?;
    Some(((stanza.element.attr("from")?.to_owned(), stanza.element.attr("to")?.to_owned()), level))
}

/// Replays a conversation as the sessions of the New MUC see it. Gives how many presences of others were told in between,
/// and how many sessions were asked in the end, by level.
fn levels_are_kept(talk: &Talk) -> Result<BTreeMap<(&'static str, bool), usize>, String> {
    let mut service = talk::service();
    let mut sessions: BTreeMap<Seen, Knows> = BTreeMap::new();
    let mut hidden = false;
    let mut looked = BTreeMap::new();
    for (now, op) in &talk.journal {
        let entry = entry(op);
        if let Op::Input(Input::Stanza(stanza)) = op {
            hidden |= String::from_utf8(stanza.to_bytes()).unwrap().contains("presencebroadcast");
        }
        let mut entering = BTreeSet::new();
        for (to, id, own, available) in presence(&mut service, *now, op.clone(), &mut hidden) {
            let begins = entry.as_ref().filter(|(session, _)| *session == to);
            match (own, begins) {
                (true, Some((session, level))) if available => {
                    let online = core::mem::take(&mut entering);
                    sessions.insert(session.clone(), Knows { level, online });
                }
                (true, _) if !available => drop(sessions.remove(&to)),
                (true, _) => {}
                (false, Some((_, "none"))) => return Err(format!("{to:?} is told of {id} when it enters")),
                (false, Some(_)) => {
                    if available {
                        entering.insert(id);
                    }
                }
                (false, None) => {
                    let Some(knows) = sessions.get_mut(&to) else { continue };
                    *looked.entry((knows.level, false)).or_default() += 1;
                    let turns = if available { knows.online.insert(id.clone()) } else { knows.online.remove(&id) };
                    if knows.level == "none" || (knows.level == "join" && !turns) {
                        return Err(format!("{to:?} of the level {} is told of {id}", knows.level));
                    }
                }
            }
        }
        // Whoever enters by name from then on knows names.
        if let Op::Input(Input::Stanza(stanza)) = op
            && entry.is_none()
            && stanza.child("x", ns::MUC).is_some()
        {
            let from = stanza.element.attr("from").unwrap_or_default();
            sessions.retain(|(session, _), _| session != from);
        }
    }
    // Each knows what it would be told if it began anew, unless not all were shown to all at some time: what was shown
    // before that is not taken back.
    if hidden {
        return Ok(looked);
    }
    for ((session, room), knows) in sessions.iter().filter(|(_, knows)| knows.level != "none") {
        let again = format!("<presence from='{session}' to='{room}'>{}</presence>", muc2("<presence level='full'/>"));
        let told = presence(&mut service.clone(), talk.end, Op::Input(stanza(&again)), &mut false);
        let mine: Vec<_> = told.into_iter().filter(|((to, _), ..)| to == session).collect();
        if !mine.iter().any(|(_, _, own, _)| *own) {
            continue;
        }
        *looked.entry((knows.level, true)).or_default() += 1;
        let online: BTreeSet<String> =
            mine.into_iter().filter(|(_, _, own, on)| *on && !own).map(|(_, id, ..)| id).collect();
        if online != knows.online {
            return Err(format!("{session} of the level {} knows {:?} and not {online:?}", knows.level, knows.online));
        }
    }
    Ok(looked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn levels_of_presence_are_kept_and_enough(deeds in deeds()) {
        let talk = talked(&deeds).map_err(TestCaseError::fail)?;
        levels_are_kept(&talk).map_err(TestCaseError::fail)?;
    }
}

/// What the property looks at is known to be much.
#[test]
fn the_look_at_levels_sees_enough() {
    let mut runner = TestRunner::deterministic();
    let mut looked: BTreeMap<_, usize> = BTreeMap::new();
    for _ in 0..120 {
        let talk = talked(&deeds().new_tree(&mut runner).unwrap().current()).unwrap();
        for (what, times) in levels_are_kept(&talk).unwrap() {
            *looked.entry(what).or_default() += times;
        }
    }
    let enough = |what| looked.get(&what).is_some_and(|times| *times > 15);
    assert!([("full", false), ("full", true), ("join", false), ("join", true)].into_iter().all(enough), "{looked:?}");
}
