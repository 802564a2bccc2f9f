//! Random conversations with an account at its own server: for the laws, by property test and by fuzzing.

use super::choice::pick;
use super::laws::{self, Bounds, Moment, Op};
use super::vectors::START;
use crate::codec::{Reader, Stanza};
use crate::gc3::Account;
use crate::gc3::account::Input;
use crate::limits::AccountLimits;
use crate::machine::{Action, Machine as _};
use crate::ns;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 120;

/// Actions of one call: with small limits, a few for each room and leave that is due at once.
const ACTIONS: usize = 128;

const ROOMS: [&str; 5] =
    ["tea@rooms.example", "cups@rooms.example", "den@caves.example", "rooms.example", "dee@elm.example/hut"];

/// What can be done. `{room}` and `{other}` are rooms, `{id}` an id that the account gave a request of its own.
const DEEDS: &[&str] = &[
    "<iq type='set' id='s{n}' from='{me}' to='ann@tea.example'><join xmlns='urn:xmpp:gc3:0' room='{room}'/></iq>",
    "<iq type='set' id='s{n}' from='{me}'><join xmlns='urn:xmpp:muc:0' room='{room}'><nickname>Ann</nickname></join></iq>",
    "<iq type='set' id='s{n}' from='{me}'><create xmlns='urn:xmpp:gc3:0' service='{room}'/></iq>",
    "<iq type='set' id='s{n}' from='{me}' to='ann@tea.example'><leave xmlns='urn:xmpp:gc3:0' room='{room}'/></iq>",
    "<iq type='set' id='s{n}' from='{me}' to='{room}'><leave xmlns='urn:xmpp:gc3:0'/></iq>",
    "<iq type='set' id='s{n}' from='{me}' to='{room}'><join xmlns='urn:xmpp:gc3:0'/></iq>",
    "<iq type='get' id='s{n}' from='{me}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
     <items node='urn:xmpp:gc3:0:joined'/></pubsub></iq>",
    "<iq type='set' id='s{n}' from='{me}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
     <publish node='urn:xmpp:gc3:0:joined'><item id='{room}'><joined xmlns='urn:xmpp:gc3:0'/></item></publish></pubsub></iq>",
    "<iq type='set' id='s{n}' from='{me}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
     <retract node='urn:xmpp:gc3:0:joined'><item id='{room}'/></retract></pubsub></iq>",
    "<iq type='result' id='{id}' from='{room}' to='ann@tea.example'><joined xmlns='urn:xmpp:gc3:0' id='-a'>\
     <subscription-jid>{other}</subscription-jid></joined></iq>",
    "<iq type='result' id='{id}' from='{asked}' to='ann@tea.example'><joined xmlns='urn:xmpp:gc3:0' id='-a'>\
     <subscription-jid>{asked}</subscription-jid></joined></iq>",
    "<iq type='result' id='{id}' from='{asked}' to='ann@tea.example'><joined xmlns='urn:xmpp:gc3:0'>\
     <subscription-jid>{other}</subscription-jid></joined></iq>",
    "<iq type='result' id='{id}' from='{asked}' to='ann@tea.example'><join xmlns='urn:xmpp:muc:0'/></iq>",
    "<iq type='error' id='{id}' from='{asked}' to='ann@tea.example'><error type='wait'>\
     <remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='result' id='{id}' from='{asked}' to='ann@tea.example'/>",
    "<presence type='subscribe' from='{room}' to='ann@tea.example'/>",
    "<presence type='subscribe' from='{asked}' to='ann@tea.example'/>",
    "<presence type='unsubscribe' from='{room}' to='ann@tea.example'/>",
    "<presence type='unavailable' from='{room}/-a' to='ann@tea.example'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <item affiliation='none' role='none'/><status code='110'/></x></presence>",
    "<message type='groupchat' from='{room}' to='ann@tea.example'><body>hello</body></message>",
    "<iq type='get' id='s{n}' from='{me}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<presence from='{me}' to='{room}'/>",
];

/// An account with small limits. Its seed is public: never run one like it.
///
/// # Panics
/// Never: its address is one.
#[must_use]
#[expect(clippy::expect_used, reason = "the address is a constant")]
pub fn account() -> Account {
    let limits = AccountLimits { rooms: 3, open: 3, early: 2, leaving: 3, sessions: 2, ..AccountLimits::default() };
    let jid = jid::BareJid::new("ann@tea.example").expect("a JID");
    Account::new(&jid, limits, Seed::new([3; 32]))
}

/// What bytes stand for: six of them are one deed. Gives what went in; any bytes are a conversation.
#[must_use]
pub fn script(bytes: &[u8]) -> Vec<Moment<Input>> {
    let mut machine = account();
    let mut journal: Vec<Moment<Input>> = Vec::new();
    let mut now = START;
    let mut asked: Vec<(String, String)> = Vec::new();
    for (n, &[scale, after, what, room, other, how]) in bytes.as_chunks::<6>().0.iter().take(LONGEST).enumerate() {
        now = Time::from_millis(now.millis().saturating_add(u64::from(after) << (scale % 22)));
        let newest = asked.len().wrapping_sub(1).wrapping_sub(usize::from(how % 3));
        let (id, to) = asked.get(newest).map_or(("none", "nobody.example"), |(id, to)| (id.as_str(), to.as_str()));
        let me = if how.is_multiple_of(2) { "ann@tea.example/pot" } else { "ann@tea.example/kettle" };
        let text = pick(DEEDS, what)
            .replace("{n}", &n.to_string())
            .replace("{me}", me)
            .replace("{room}", pick(&ROOMS, room))
            .replace("{other}", pick(&ROOMS, other))
            .replace("{asked}", to)
            .replace("{id}", id);
        let op = match what {
            252.. => Op::Wake,
            250..=251 => match jid::FullJid::new(me) {
                Ok(full) if what == 250 => Op::Input(Input::Wants(full)),
                Ok(full) => Op::Input(Input::Gone(full)),
                Err(_) => Op::Wake,
            },
            _ => match read(&text) {
                Some(stanza) if text.contains("from='ann@tea.example") => Op::Input(Input::Own(stanza)),
                Some(stanza) => Op::Input(Input::Foreign { stanza, contact: how % 4 == 3 }),
                None => Op::Wake,
            },
        };
        let mut hear = |_: Rule, action: Action<'_, _, _>| {
            if let Action::Send { to, stanza } = action
                && let Some(first) = to.iter().next()
                && let Ok(stanza) = stanza.to_stanza(first.jid)
            {
                asked.extend(stanza.id.map(|id| (id.to_string(), first.jid.to_owned())));
            }
        };
        match &op {
            // A script may hold a misuse: it is part of what the laws are about.
            Op::Input(input) => drop(machine.handle(now, input.clone(), &mut hear)),
            Op::Wake => machine.wake(now, &mut hear),
        }
        journal.push((now, op));
    }
    journal
}

fn read(text: &str) -> Option<Stanza> {
    Reader::one(ns::CLIENT, text.as_bytes()).ok()
}

/// Tries laws 1 to 7 and 9 on the conversation that bytes stand for.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(bytes: &[u8], seed: u64) -> Result<(), String> {
    let bounds = Bounds { actions: ACTIONS, check: |account: &Account| account.check().map_err(str::to_owned) };
    laws::all(account, &script(bytes), &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation, and then damage to a snapshot. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    assert_eq!(lawful(deeds, u64::from(*seed)).err(), None, "an account keeps every law");
    let (mut machine, script) = (account(), script(deeds));
    laws::live(&mut machine, script.clone());
    let damage = deeds.get(deeds.len().saturating_sub(9)..).unwrap_or_default();
    assert_eq!(laws::survives(&machine, damage, script).err(), None, "only what an account writes is loaded");
}
