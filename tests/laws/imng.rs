//! An account's router: every mixture of up to four sessions with every kind of message, and random conversations.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use jid::FullJid;
use proptest::prelude::*;
use xmpp_machines::codec::{Stanza, StanzaType};
use xmpp_machines::imng::{Account, Input, Order, Outcome, SessionSet, Then, Verdict};
use xmpp_machines::sim::imng::table::{ACCOUNT, Device, account, stanza};
use xmpp_machines::sim::imng::talk::{self, Deed};
use xmpp_machines::{Action, Machine as _, Time};

const NAMES: [&str; 64] = [
    "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13", "s14", "s15",
    "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31",
    "s32", "s33", "s34", "s35", "s36", "s37", "s38", "s39", "s40", "s41", "s42", "s43", "s44", "s45", "s46", "s47",
    "s48", "s49", "s50", "s51", "s52", "s53", "s54", "s55", "s56", "s57", "s58", "s59", "s60", "s61", "s62", "s63",
];

const BODY: &str = "<body>tea</body>";
const PRIVATE: &str = "<private xmlns='urn:xmpp:carbons:2'/>";
const MARK: &str = "<im-ng xmlns='urn:xmpp:im-ng:0'/>";

/// Types, contents, and whether XEP-0280 §6.1 copies them, written down beside the code that decides it.
const MESSAGES: [(&str, &[&str], bool); 20] = [
    ("normal", &[BODY], true),
    ("normal", &["<cup xmlns='urn:example:tea'/>"], false),
    ("normal", &["<received xmlns='urn:xmpp:receipts' id='0'/>"], true),
    ("normal", &["<displayed xmlns='urn:xmpp:chat-markers:0' id='0'/>"], true),
    ("normal", &["<x xmlns='jabber:x:conference' jid='pot@rooms.example'/>"], true),
    ("normal", &["<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>"], true),
    ("normal", &[BODY, PRIVATE], false),
    ("normal", &[BODY, MARK], true),
    ("chat", &[BODY], true),
    ("chat", &[], true),
    ("chat", &["<composing xmlns='http://jabber.org/protocol/chatstates'/>"], true),
    ("chat", &[BODY, "<no-copy xmlns='urn:xmpp:hints'/>"], true),
    ("chat", &[BODY, "<no-store xmlns='urn:xmpp:hints'/>"], true),
    ("chat", &[BODY, PRIVATE], false),
    ("chat", &[BODY, MARK], true),
    ("headline", &[BODY], false),
    ("headline", &["<received xmlns='urn:xmpp:receipts' id='0'/>"], true),
    ("headline", &[BODY, MARK], false),
    ("groupchat", &[BODY], false),
    ("error", &["<error type='cancel'/>"], false),
];

/// Where a message comes from and goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From outside to the bare JID.
    InBare,
    /// From outside to the first session.
    InFull,
    /// From outside to a session that is gone.
    InGone,
    /// From the first session to somebody's bare JID.
    OutBare,
    /// From the first session to somebody's device.
    OutFull,
    /// From the first session to the own account.
    OwnBare,
    /// From the first session to the last.
    OwnFull,
}

const WAYS: [Way; 7] = [Way::InBare, Way::InFull, Way::InGone, Way::OutBare, Way::OutFull, Way::OwnBare, Way::OwnFull];

impl Way {
    fn by_session(self) -> bool {
        matches!(self, Self::OutBare | Self::OutFull | Self::OwnBare | Self::OwnFull)
    }

    fn stanza(self, type_: &str, inside: &str, sessions: usize) -> Stanza {
        let (own, last) = (format!("{ACCOUNT}/s00"), format!("{ACCOUNT}/{}", NAMES[sessions.max(1) - 1]));
        let other = "ben@oak.example/hut";
        let (from, to) = match self {
            Self::InBare => (other, ACCOUNT),
            Self::InFull => (other, own.as_str()),
            Self::InGone => (other, "ann@tea.example/gone"),
            Self::OutBare => (own.as_str(), "ben@oak.example"),
            Self::OutFull => (own.as_str(), other),
            Self::OwnBare => (own.as_str(), ACCOUNT),
            Self::OwnFull => (own.as_str(), last.as_str()),
        };
        stanza("message", type_, from, to, inside)
    }
}

/// Sets of sessions of a mixture.
struct Sets {
    all: SessionSet,
    carbons: SessionSet,
    imng: SessionSet,
    reachable: SessionSet,
}

fn sets(account: &Account, devices: &[Device]) -> Sets {
    let set = |wanted: &dyn Fn(&Device) -> bool| -> SessionSet {
        let seat =
            |device: &Device| account.seat(&FullJid::new(&format!("{ACCOUNT}/{}", device.name)).unwrap()).unwrap();
        devices.iter().filter(|device| wanted(device)).map(seat).collect()
    };
    Sets {
        all: set(&|_| true),
        carbons: set(&|device| device.carbons),
        imng: set(&|device| device.imng),
        reachable: set(&|device| device.priority.is_some_and(|priority| priority >= 0)),
    }
}

/// What must hold for one verdict; a text says what does not.
fn check(
    sets: &Sets,
    way: Way,
    message: &(&str, &[&str], bool),
    stanza: &Stanza,
    sender: SessionSet,
    verdict: &Verdict,
) -> Result<(), String> {
    let (type_, inside, eligible) = message;
    let marked = inside.contains(&MARK);
    let imng = verdict.imng.map_or(SessionSet::EMPTY, |(_, set)| set);
    let shares = [verdict.deliver, imng, verdict.copies.to, verdict.reflect];
    let fail = |what: &str| Err(format!("{what}: {way:?} {type_} {inside:?}, {verdict:?}"));
    // Nobody gets anything twice, and only sessions that there are.
    let sum: usize = shares.iter().map(|share| share.len()).sum();
    if sum != verdict.reached().len() || !verdict.reached().without(sets.all).is_empty() {
        return fail("somebody gets it twice");
    }
    // The sender gets no copy of what it sent.
    if !(verdict.copies.to & sender).is_empty() {
        return fail("the sender gets a copy");
    }
    // By the bare JID nobody unreachable gets it, those who asked for everything apart.
    if matches!(way, Way::InBare | Way::OwnBare | Way::InGone)
        && !verdict.deliver.without(sets.reachable | sets.imng).is_empty()
    {
        return fail("an unreachable session gets it by the bare JID");
    }
    // Copies go to those who want them, reflections and shares of IM-NG to those with IM-NG.
    if !verdict.copies.to.without(sets.carbons).is_empty() || !(imng | verdict.reflect).without(sets.imng).is_empty() {
        return fail("somebody gets what they did not ask for");
    }
    // No error answers an error, and nothing vanishes without a rule that says so.
    let refused = matches!(verdict.then, Then::Refuse(_));
    if stanza.type_ == StanzaType::Error && refused {
        return fail("an error is answered");
    }
    if verdict.then == Then::Nothing && verdict.reached().is_empty() {
        return fail("it vanishes");
    }
    if refused && !verdict.reached().is_empty() {
        return fail("it is refused and delivered");
    }
    // What is refused or dropped is not archived.
    let archived = verdict.archive.is_some_and(|(_, yes)| yes);
    if archived && matches!(verdict.then, Then::Refuse(_) | Then::Drop) {
        return fail("what is refused is archived");
    }
    // Marks are about full JIDs.
    let full = matches!(way, Way::InFull | Way::InGone | Way::OutFull | Way::OwnFull);
    if marked && full {
        let one = verdict.reached().len() <= 1 && verdict.copies.to.is_empty() && verdict.reflect.is_empty();
        return if one && !archived { Ok(()) } else { fail("what is marked reaches others") };
    }
    if verdict.copies.eligible != *eligible {
        // Where nobody is asked the question, nobody gets a copy.
        let asked = !matches!(verdict.then, Then::Refuse(_) | Then::Drop);
        return if asked || verdict.copies.eligible {
            fail("what is copied is not what XEP-0280 says")
        } else {
            no_loss(sets, sender, verdict, *eligible, fail)
        };
    }
    if *eligible {
        // XEP-0409 reflects nothing that is for a full JID, and a headline for one is exactly for that one.
        let exact = way == Way::OutFull || (full && *type_ == "headline");
        let wanted = if exact { sets.carbons } else { sets.carbons | sets.imng };
        if !wanted.without(verdict.reached() | sender).is_empty() {
            return fail("an eligible message does not reach everybody who wants everything");
        }
    }
    Ok(())
}

/// A message that somebody would want is only refused where there is nobody.
fn no_loss(
    sets: &Sets,
    sender: SessionSet,
    verdict: &Verdict,
    eligible: bool,
    fail: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    if eligible && !(sets.carbons | sets.imng).without(sender | verdict.reached()).is_empty() {
        return fail("it is refused although somebody wants everything");
    }
    Ok(())
}

/// Priorities and flavours of one session.
fn kinds() -> Vec<Device> {
    let mut kinds = Vec::new();
    for priority in [None, Some(-1), Some(0), Some(5)] {
        for (carbons, imng) in [(false, false), (true, false), (false, true)] {
            kinds.push(Device { name: "", priority, carbons, imng });
        }
    }
    kinds
}

/// Every mixture of that many sessions. The first is the one that is named and that sends; of the others the order
/// does not matter.
fn mixtures(size: usize) -> Vec<Vec<Device>> {
    let kinds = kinds();
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for at in 0..size {
        all = all
            .iter()
            .flat_map(|chosen| {
                let from = if at < 2 { 0 } else { *chosen.last().unwrap() };
                (from..kinds.len()).map(move |kind| [chosen.as_slice(), &[kind]].concat())
            })
            .collect();
    }
    let name = |(at, kind): (usize, usize)| Device { name: NAMES[at], ..kinds[kind] };
    all.into_iter().map(|chosen| chosen.into_iter().enumerate().map(name).collect()).collect()
}

fn exhaust(size: usize, mut more: impl FnMut(&Account, &Stanza, Option<&FullJid>, &Verdict)) -> usize {
    let mut count = 0;
    let first = FullJid::new(&format!("{ACCOUNT}/s00")).unwrap();
    let cases: Vec<_> = WAYS
        .into_iter()
        .filter(|way| size > 0 || !way.by_session())
        .flat_map(|way| {
            MESSAGES.iter().map(move |message| (way, message, way.stanza(message.0, &message.1.concat(), size)))
        })
        .collect();
    for devices in mixtures(size) {
        let account = account(&devices);
        let sets = sets(&account, &devices);
        for (way, message, stanza) in &cases {
            let session = way.by_session().then_some(&first);
            let sender = session.and_then(|session| account.seat(session)).map_or(SessionSet::EMPTY, SessionSet::of);
            let verdict = account.judge(stanza, session);
            if let Err(what) = check(&sets, *way, message, stanza, sender, &verdict) {
                panic!("{what}\n{devices:?}");
            }
            more(&account, stanza, session, &verdict);
            count += 1;
        }
    }
    count
}

#[test]
fn every_mixture_of_up_to_four_sessions_keeps_the_promises() {
    let counts: Vec<usize> = (0..=4).map(|size| exhaust(size, |_, _, _, _| {})).collect();
    // 12 kinds of session, 20 messages, 7 ways; without a session there are 3.
    assert_eq!(counts, [60, 12 * 140, 144 * 140, 12 * 78 * 140, 12 * 364 * 140]);
}

/// What is said is what was decided, the archive hears of a message at most once, and the explanation tells the same.
#[test]
fn up_to_two_sessions_hear_what_was_decided() {
    for size in 0..=2 {
        exhaust(size, |account, stanza, session, verdict| {
            let mut account = account.clone();
            let explained = account.explain(stanza, session);
            assert_eq!(explained.verdict, *verdict);
            let mut heard: Vec<String> = Vec::new();
            let (mut archived, mut errors) = (0, 0);
            let input = match session {
                Some(session) => Input::FromSession { session: session.clone(), stanza: stanza.clone() },
                None => Input::Stanza(stanza.clone()),
            };
            let mut actions = 0;
            let done = account.handle_with(Time::EPOCH, input, |_, action| {
                actions += 1;
                match action {
                    Action::Send { to, stanza } => {
                        let to: Vec<_> = to.iter().map(|recipient| recipient.jid.to_owned()).collect();
                        let type_ = stanza.to_stanza(&to[0]).unwrap().type_;
                        errors += usize::from(type_ == StanzaType::Error && matches!(verdict.then, Then::Refuse(_)));
                        heard.extend(to);
                    }
                    Action::Do(Order::Archive(_)) => archived += 1,
                    Action::Do(_) | Action::Tell(_) => {}
                }
            });
            done.unwrap();
            assert!(actions <= talk::ACTIONS, "{actions} actions: {explained}");
            let yes = verdict.archive.is_some_and(|(_, yes)| yes);
            assert_eq!(archived, usize::from(yes), "{explained}");
            assert_eq!(errors, usize::from(matches!(verdict.then, Then::Refuse(_))), "{explained}");
            let mut told: Vec<String> = explained
                .told
                .iter()
                .filter(|told| {
                    !matches!(told.what, Outcome::Nothing | Outcome::Stored | Outcome::Handed | Outcome::Ended)
                })
                .map(|told| told.who.to_string())
                .collect();
            heard.sort();
            told.sort();
            assert_eq!(heard, told, "{explained}");
        });
    }
}

fn device() -> impl Strategy<Value = Device> {
    let priority = prop_oneof![Just(None), (-128..=127_i8).prop_map(Some), (0..3_i8).prop_map(Some)];
    (priority, 0..3_u8).prop_map(|(priority, flavour)| Device {
        name: "",
        priority,
        carbons: flavour == 1,
        imng: flavour == 2,
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..300_u64, 1 => 300..5_000_000_000_u64];
    (after, 0..6_u8, 0..24_u8, any::<u8>(), any::<u8>()).prop_map(|(after, session, what, how, whom)| Deed {
        after,
        session,
        what,
        how,
        whom,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mixtures_of_many_sessions_keep_the_promises(devices in prop::collection::vec(device(), 5..=64)) {
        let devices: Vec<Device> =
            devices.into_iter().enumerate().map(|(at, device)| Device { name: NAMES[at], ..device }).collect();
        let account = account(&devices);
        let sets = sets(&account, &devices);
        let first = FullJid::new(&format!("{ACCOUNT}/s00")).unwrap();
        for way in WAYS {
            for message in &MESSAGES {
                let stanza = way.stanza(message.0, &message.1.concat(), devices.len());
                let session = way.by_session().then_some(&first);
                let sender = session.and_then(|s| account.seat(s)).map_or(SessionSet::EMPTY, SessionSet::of);
                let verdict = account.judge(&stanza, session);
                check(&sets, way, message, &stanza, sender, &verdict).map_err(TestCaseError::fail)?;
            }
        }
    }

    #[test]
    fn an_account_keeps_every_law(deeds in prop::collection::vec(deed(), 1..70), seed: u64) {
        talk::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        talk::fuzz(&bytes);
        talk::fuzz_snapshot(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    // Misuse is part of the script.
    let strategy = prop::collection::vec(deed(), 60..70);
    let reached = crate::reached(60, strategy, |_, deeds| (talk::account(), talk::talk(&deeds)));
    let wanted = [
        "B1", "B5", "B6", "F1", "U1", "U5", "P1", "P3", "P8", "P9", "Q1", "Q2", "Q3", "Q4", "Q7", "X1", "X2", "X4",
        "C1", "C5", "C9", "C13", "I1", "I2", "I3", "I4", "I6", "I8", "M1", "M2", "O1", "O5", "O6", "O7", "A1", "A3",
        "A8", "K1", "K5", "K7", "T3", "T4", "G1", "G3", "G4", "G6", "W1", "Z2", "Z4", "Z5", "Z6", "Z10",
    ];
    assert_eq!(reached.missing("imng", wanted), [""; 0]);
}
