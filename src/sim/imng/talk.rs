//! Random conversations of an account with its sessions and with others: for the laws, by property test and by fuzzing.
//!
//! Something happens, all chosen by number. A number means the same whatever came before, so that a conversation that
//! shows a fault can be made shorter by leaving deeds out.

use jid::{BareJid, FullJid, Jid};

use super::host::AccountHost;
use super::table::ACCOUNT;
use crate::codec::{Reader, Stanza};
use crate::imng::{Account, AccountConfig, Event, Fact, Grounds, Input, Subscription};
use crate::limits::ImngLimits;
use crate::machine::Machine as _;
use crate::ns;
use crate::seed::Seed;
use crate::sim::bench::Bench;
use crate::sim::choice::pick;
use crate::sim::laws::{self, Bounds, Moment};
use crate::sim::vectors::START;
use crate::snapshot::Snapshot as _;
use crate::time::Time;

/// Actions of one call: those of PROFILE, Limits; what comes back from the store in pages of four is less.
pub const ACTIONS: usize = 16;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 120;

const SESSIONS: [&str; 6] = ["desk", "phone", "tablet", "watch", "car", "stove"];
const OTHERS: [&str; 5] =
    ["ben@oak.example/hut", "cid@fig.example/lab", "pot@rooms.example/Ben", "pot@rooms.example", "tea.example"];
const PEERS: [&str; 4] = ["ben@oak.example", "cid@fig.example", "pot@rooms.example", "oak.example"];

/// What a message may hold.
const INSIDE: [&str; 16] = [
    "<body>tea</body>",
    "<body>tea</body><body xml:lang='de'>Tee</body><thread>t</thread>",
    "",
    "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "<received xmlns='urn:xmpp:receipts' id='0'/>",
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='0'/>",
    "<body>tea</body><private xmlns='urn:xmpp:carbons:2'/>",
    "<body>tea</body><no-store xmlns='urn:xmpp:hints'/>",
    "<store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>",
    "<body>tea</body><im-ng xmlns='urn:xmpp:im-ng:0'/>",
    "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
    "<body>tea</body><x xmlns='http://jabber.org/protocol/muc#user'/>",
    "<body>tea</body><route xmlns='xmpp-machines:route:0' mode='first' fallback='store'/>",
    "<body>tea</body><route xmlns='xmpp-machines:route:0' mode='store-only' fallback='drop'/>",
    "<received xmlns='urn:xmpp:carbons:2'/>",
    "<body>tea</body><stanza-id xmlns='urn:xmpp:sid:0' by='ANN@tea.example' id='0'/>",
];

/// What a request may ask.
const REQUESTS: [&str; 10] = [
    "<enable xmlns='urn:xmpp:carbons:2'/>",
    "<disable xmlns='urn:xmpp:carbons:2'/>",
    "<enable xmlns='urn:xmpp:im-ng:0'/>",
    "<blocklist xmlns='urn:xmpp:blocking'/>",
    "<block xmlns='urn:xmpp:blocking'><item jid='ben@oak.example'/></block>",
    "<unblock xmlns='urn:xmpp:blocking'/>",
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='jabber:iq:roster'/>",
    "<query xmlns='jabber:iq:version'/>",
];

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// To which session, or by which.
    pub session: u8,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
    /// To whom or from whom.
    pub whom: u8,
}

fn session(number: u8) -> Option<FullJid> {
    FullJid::new(&format!("{ACCOUNT}/{}", pick(&SESSIONS, number))).ok()
}

fn read(text: &str) -> Option<Stanza> {
    Reader::one(ns::CLIENT, text.as_bytes()).ok()
}

/// An account that remembers little, so that its bounds are reached.
#[must_use]
pub fn account() -> Account {
    let bare = BareJid::new(ACCOUNT).unwrap_or_else(|_| unreachable!("it is one"));
    let mut config = AccountConfig::new(&bare);
    config.push = true;
    let limits = ImngLimits {
        sessions: 5,
        offline: 6,
        offline_page: 4,
        message_bytes: 400,
        blocked: 3,
        contacts: 2,
        rooms: 1,
        directed: 2,
        recent: 4,
        ..ImngLimits::default()
    };
    Account::new(config, limits, Seed::new([7; 32]))
}

/// The input of a deed; `None` if it is none.
fn input(deed: Deed) -> Option<Input> {
    let Deed { session: who, what, how, whom, .. } = deed;
    let jid = session(who)?;
    let event = |event| Some(Input::Session { session: jid.clone(), event });
    let other = pick(&OTHERS, whom);
    let peer = pick(&PEERS, whom);
    // Addresses of the account: bare, each session, one that is gone.
    let own = match how >> 5 {
        0..=2 => ACCOUNT.to_owned(),
        3..=5 => format!("{ACCOUNT}/{}", pick(&SESSIONS, whom)),
        _ => format!("{ACCOUNT}/gone"),
    };
    let type_ =
        pick(&["", " type='chat'", " type='chat'", " type='groupchat'", " type='headline'", " type='error'"], whom);
    let inside = pick(&INSIDE, how);
    match what % 24 {
        0..=1 => event(Event::Bound),
        2..=3 => event(Event::Available { priority: [5, 0, -1, 5][usize::from(how) % 4] }),
        4 => event(match how % 8 {
            0 => Event::Unavailable,
            1 => Event::Carbons(how & 8 == 0),
            2 => Event::Imng(how & 8 == 0),
            3 => Event::Active(how & 8 == 0),
            4 => Event::Capable(how & 8 == 0),
            5 => Event::Hibernated,
            6 => Event::Resumed,
            _ => Event::RoomLive { room: BareJid::new("pot@rooms.example").ok()?, nick: Some("Ann".into()) },
        }),
        5 => event(Event::Carbons(true)),
        6 => event(Event::Imng(true)),
        7 => {
            let unacked = [
                format!("<message type='chat' id='g' from='{other}' to='{own}'>{inside}</message>"),
                format!("<iq type='get' id='g' from='{other}' to='{own}'><a xmlns='urn:x'/></iq>"),
                format!("<message type='groupchat' id='g' from='{other}' to='{own}'/>"),
            ];
            event(Event::Gone {
                unacked: unacked.iter().take(usize::from(how) % 4).filter_map(|text| read(text)).collect(),
            })
        }
        8 => Some(Input::Fact(match how % 4 {
            0 => Fact::Blocked(vec![Jid::new(peer).ok()?]),
            1 => Fact::Blocked(Vec::new()),
            2 => Fact::Contact { jid: BareJid::new(peer).ok()?, subscription: Subscription::Both },
            _ => {
                let grounds = Grounds { joined: how & 8 == 0, ..Grounds::default() };
                Fact::Room { room: BareJid::new(peer).ok()?, grounds }
            }
        })),
        9..=13 => read(&format!("<message{type_} id='m{how}' from='{other}' to='{own}'>{inside}</message>"))
            .map(Input::Stanza),
        14..=16 => {
            let to = match how & 48 {
                0 => String::new(),
                16 => format!(" to='{own}'"),
                _ => format!(" to='{other}'"),
            };
            let text = format!("<message{type_} id='m{how}'{to}>{inside}</message>");
            read(&text).map(|stanza| Input::FromSession { session: jid.clone(), stanza })
        }
        17..=18 => {
            let request = pick(&REQUESTS, how);
            let type_ = if matches!(how % 10, 3 | 6..=9) { "get" } else { "set" };
            let text = format!("<iq type='{type_}' id='q{how}'>{request}</iq>");
            read(&text).map(|stanza| Input::FromSession { session: jid.clone(), stanza })
        }
        19 => {
            let type_ = pick(&["get", "set", "result", "error", "ask"], whom ^ how);
            let request = pick(&REQUESTS, how);
            read(&format!("<iq type='{type_}' id='q{how}' from='{other}' to='{own}'>{request}</iq>")).map(Input::Stanza)
        }
        20 => {
            let type_ = pick(&["", " type='unavailable'"], whom);
            let priority =
                pick(&["", "<priority>-1</priority>", "<priority>7</priority>", "<priority>x</priority>"], how);
            let to = if how & 8 == 0 { String::new() } else { format!(" to='{other}'") };
            let text = format!("<presence{type_}{to}>{priority}</presence>");
            read(&text).map(|stanza| Input::FromSession { session: jid.clone(), stanza })
        }
        21 => {
            let types =
                ["", " type='unavailable'", " type='subscribe'", " type='probe'", " type='error'", " type='odd'"];
            let type_ = pick(&types, how);
            read(&format!("<presence{type_} from='{other}' to='{own}'/>")).map(Input::Stanza)
        }
        // The program does what it must not.
        22 => Some(Input::Offline { token: u64::from(how), messages: Vec::new(), more: false }),
        _ => {
            let text = format!("<message type='groupchat' from='{other}' to='{ACCOUNT}'>{inside}</message>");
            read(&text).map(|stanza| Input::MemberCopy { stanza, to: vec![jid.clone()] })
        }
    }
}

/// Holds a conversation with an account and its host. What went in is the script.
#[must_use]
pub fn talk(deeds: &[Deed]) -> Vec<Moment<Input>> {
    let mut bench = Bench::new(account(), AccountHost::default(), START);
    let mut now = START;
    for deed in deeds.iter().take(LONGEST) {
        now = Time::from_millis(now.millis().saturating_add(deed.after));
        if let Some(input) = input(*deed) {
            // A misuse is part of the script; an account never wakes, so it comes to rest.
            drop(bench.handle(now, input));
        }
    }
    bench.journal().to_vec()
}

/// A conversation keeps every law.
///
/// # Errors
/// The law that was broken.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let bounds = Bounds { actions: ACTIONS, check: Account::check };
    laws::all(account, &talk(deeds), &bounds, seed).map_err(|broken| broken.to_string())
}

fn deeds_of(bytes: &[u8]) -> Vec<Deed> {
    let deed = |[after, session, what, how, whom]: &[u8; 5]| Deed {
        after: u64::from(*after) * 50,
        session: *session,
        what: *what,
        how: *how,
        whom: *whom,
    };
    bytes.as_chunks::<5>().0.iter().map(deed).collect()
}

/// The body of a fuzz target: any bytes are a conversation, five a deed. Panics if the account breaks a law.
pub fn fuzz(bytes: &[u8]) {
    let deeds = deeds_of(bytes);
    assert_eq!(lawful(&deeds, bytes.len() as u64), Ok(()), "an account keeps every law");
}

/// The body of a fuzz target: the bytes are a short conversation, and damage to the snapshot after it, behind the
/// checksum's back. Panics if what is damaged is loaded and not what an account would write, or if it cannot go on.
pub fn fuzz_snapshot(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let (deeds, damage) = rest.split_at_checked(usize::from(*count % 16) * 5).unwrap_or((rest, &[]));
    let mut machine = account();
    for (now, op) in talk(&deeds_of(deeds)) {
        if let laws::Op::Input(input) = op {
            drop(machine.handle(now, input, &mut |_: crate::Rule, _: crate::Action<'_, _, _>| {}));
        }
    }
    let mut body = Vec::new();
    machine.save_body(&mut body);
    for [high, low, value] in damage.as_chunks::<3>().0 {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % body.len().max(1);
        if let Some(byte) = body.get_mut(place) {
            *byte = *value;
        }
    }
    let loaded = laws::canonical::<Account>(Account::FORMAT, &body);
    assert!(loaded.is_ok(), "what is loaded is what an account writes");
    if let Ok(Some(account)) = loaded {
        assert_eq!(account.check(), Ok(()), "what is loaded makes sense");
    }
}
