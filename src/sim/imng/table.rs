//! The decision table of an account's router, made by asking it: one question for every cell.
//!
//! `spec-vectors/imng/TABLE.md` holds what comes out; a test says that it still does.

use jid::{BareJid, FullJid};

use crate::codec::{Reader, Stanza};
use crate::imng::{Account, AccountConfig, Event, Explanation, Input, Outcome, SessionSet, Then, Verdict};
use crate::limits::ImngLimits;
use crate::machine::Machine as _;
use crate::ns;
use crate::seed::Seed;
use crate::time::Time;

/// The account that is asked.
pub const ACCOUNT: &str = "ann@tea.example";

/// A session of a situation: its resource, its priority if it is available, and what it has enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its resource.
    pub name: &'static str,
    /// Its priority, if it is available.
    pub priority: Option<i8>,
    /// Whether it has carbons.
    pub carbons: bool,
    /// Whether it has IM-NG.
    pub imng: bool,
}

impl Device {
    /// A session without carbons and IM-NG.
    #[must_use]
    pub const fn plain(name: &'static str, priority: Option<i8>) -> Self {
        Self { name, priority, carbons: false, imng: false }
    }
}

/// Who is there, by the columns of RFC 6121's own table.
pub const SITUATIONS: [(&str, &[Device]); 5] = [
    ("no session", &[]),
    ("connected only", &[Device::plain("desk", None)]),
    ("only negative", &[Device::plain("desk", Some(-1))]),
    ("one reachable", &[Device::plain("desk", Some(0)), Device::plain("phone", Some(-5))]),
    (
        "more reachable",
        &[Device::plain("desk", Some(5)), Device::plain("phone", Some(1)), Device::plain("tablet", Some(-1))],
    ),
];

/// Every kind and type of stanza, with something inside.
pub const STANZAS: [(&str, &str, &str); 16] = [
    ("message", "normal", "<body>tea</body>"),
    ("message", "chat", "<body>tea</body>"),
    ("message", "groupchat", "<body>tea</body>"),
    ("message", "headline", "<body>tea</body>"),
    ("message", "error", "<error type='cancel'/>"),
    ("presence", "available", ""),
    ("presence", "unavailable", ""),
    ("presence", "subscribe", ""),
    ("presence", "subscribed", ""),
    ("presence", "unsubscribe", ""),
    ("presence", "unsubscribed", ""),
    ("presence", "probe", ""),
    ("iq", "get", "<query xmlns='jabber:iq:version'/>"),
    ("iq", "set", "<query xmlns='jabber:iq:version'/>"),
    ("iq", "result", ""),
    ("iq", "error", "<error type='cancel'/>"),
];

/// Where a stanza may go.
pub const ADDRESSES: [(&str, &str); 4] = [
    ("nobody", "nobody@tea.example"),
    ("bare", ACCOUNT),
    ("full, matches", "ann@tea.example/desk"),
    ("full, unmatched", "ann@tea.example/gone"),
];

/// An account with these sessions.
#[must_use]
pub fn account(devices: &[Device]) -> Account {
    account_of(devices, |_| {})
}

/// An account with these sessions, set as one likes.
pub fn account_of(devices: &[Device], set: impl FnOnce(&mut AccountConfig)) -> Account {
    let mut ask = |_, _: crate::Action<'_, _, _>| {};
    let bare = BareJid::new(ACCOUNT).unwrap_or_else(|_| unreachable!("it is one"));
    let mut config = AccountConfig::new(&bare);
    set(&mut config);
    let mut account = Account::new(config, ImngLimits::default(), Seed::new([7; 32]));
    for device in devices {
        let Ok(session) = FullJid::new(&format!("{ACCOUNT}/{}", device.name)) else { continue };
        let mut events = vec![Event::Bound];
        events.extend(device.priority.map(|priority| Event::Available { priority }));
        events.extend(device.carbons.then_some(Event::Carbons(true)));
        events.extend(device.imng.then_some(Event::Imng(true)));
        for event in events {
            let done = account.handle(Time::EPOCH, Input::Session { session: session.clone(), event }, &mut ask);
            debug_assert!(done.is_ok(), "{done:?}");
        }
    }
    account
}

/// A stanza from `from`; `type_` may be a default.
#[must_use]
pub fn stanza(kind: &str, type_: &str, from: &str, to: &str, inside: &str) -> Stanza {
    let type_ = match type_ {
        "normal" | "available" => String::new(),
        other => format!(" type='{other}'"),
    };
    let text = format!("<{kind}{type_} id='1' from='{from}' to='{to}'>{inside}</{kind}>");
    Reader::one(ns::CLIENT, text.as_bytes()).unwrap_or_else(|_| unreachable!("every cell can be read"))
}

/// What becomes of a stanza, in the words of the table.
#[must_use]
pub fn outcome(account: &Account, devices: &[Device], verdict: &Verdict) -> &'static str {
    let set = |wanted: &dyn Fn(&Device) -> bool| -> SessionSet {
        let seat = |device: &Device| account.seat(&FullJid::new(&format!("{ACCOUNT}/{}", device.name)).ok()?);
        devices.iter().filter(|device| wanted(device)).filter_map(seat).collect()
    };
    match verdict.then {
        Then::Store(_) => "kept",
        Then::Refuse(_) => "error",
        Then::Drop => "ignored",
        Then::Host(_) => "host",
        Then::Answer(_) => "answered",
        Then::Forward => "sent on",
        Then::End => "ended",
        Then::Nothing => {
            let best = devices.iter().filter_map(|device| device.priority).filter(|priority| *priority >= 0).max();
            let reachable = set(&|device| device.priority.is_some_and(|priority| priority >= 0));
            let top = set(&|device| best.is_some() && device.priority == best);
            let available = set(&|device| device.priority.is_some());
            let to = verdict.deliver;
            if to == SessionSet::EMPTY {
                "copies"
            } else if to.len() == 1 && verdict_names_one(verdict) {
                "delivered"
            } else if to == top && top.len() < available.len() && top != reachable {
                "most available"
            } else if to == reachable && reachable != available {
                if reachable.len() == 1 { "the reachable one" } else { "all reachable" }
            } else if to == available {
                "all available"
            } else {
                "some"
            }
        }
    }
}

/// Whether the stanza is delivered because it names that session.
fn verdict_names_one(verdict: &Verdict) -> bool {
    ["imng.F1", "imng.P5", "imng.Q6", "imng.Q8", "imng.Q10", "imng.I6"].contains(&verdict.why.id())
}

/// One cell: what becomes of a stanza from a stranger, and by which rule.
#[must_use]
pub fn cell(kind: &str, type_: &str, inside: &str, to: &str, devices: &[Device]) -> (&'static str, &'static str) {
    let account = account(devices);
    let verdict = account.judge(&stanza(kind, type_, "ben@oak.example/hut", to, inside), None);
    let by = match verdict.then {
        Then::Store(by) => by,
        _ => verdict.why,
    };
    (outcome(&account, devices, &verdict), by.id().trim_start_matches("imng."))
}

/// The messages of the second table.
const MESSAGES: [(&str, &str, &str); 12] = [
    ("chat", "chat", "<body>tea</body>"),
    ("chat, only a chat state", "chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
    ("normal with body", "normal", "<body>tea</body>"),
    ("normal, nothing for people", "normal", "<cup xmlns='urn:example:tea'/>"),
    ("normal with a receipt", "normal", "<received xmlns='urn:xmpp:receipts' id='0'/>"),
    ("direct invitation", "normal", "<x xmlns='jabber:x:conference' jid='pot@rooms.example'/>"),
    ("chat with private", "chat", "<body>tea</body><private xmlns='urn:xmpp:carbons:2'/>"),
    ("chat with no-store", "chat", "<body>tea</body><no-store xmlns='urn:xmpp:hints'/>"),
    ("chat with the mark", "chat", "<body>tea</body><im-ng xmlns='urn:xmpp:im-ng:0'/>"),
    ("groupchat", "groupchat", "<body>tea</body>"),
    ("headline", "headline", "<body>tea</body>"),
    ("error", "error", "<error type='cancel'/>"),
];

/// The sessions of the second table: one of each kind, and one that sends.
const MIXTURE: [Device; 4] = [
    Device::plain("desk", Some(5)),
    Device::plain("watch", Some(0)),
    Device { name: "phone", priority: Some(1), carbons: true, imng: false },
    Device { name: "tablet", priority: Some(1), carbons: false, imng: true },
];

/// Both tables as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Decision table\n\nMade by asking the implementation for every cell: `xmpp-machines rules --table imng`. A cell \
         says what becomes of the\nstanza and by which rule of [PROFILE.md](PROFILE.md).\n\n## A stranger's stanza\n\n\
         No session has carbons or IM-NG. *Kept* is the offline store, *host* means that the roster decides.\n\n",
    );
    page.push_str("| stanza | address |");
    SITUATIONS.iter().for_each(|(name, _)| page.push_str(&format!(" {name} |")));
    page.push_str("\n|---|---|---|---|---|---|---|\n");
    for (address, to) in ADDRESSES {
        for (kind, type_, inside) in STANZAS {
            page.push_str(&format!("| {kind} {type_} | {address} |"));
            for (_, devices) in SITUATIONS {
                if to.ends_with("/desk") && devices.is_empty() {
                    page.push_str(" – |");
                    continue;
                }
                let (what, why) = cell(kind, type_, inside, to, devices);
                page.push_str(&format!(" {what} **{why}** |"));
            }
            page.push('\n');
        }
    }
    page.push_str(
        "\n## Mixtures\n\nAn account with a plain session `desk` of priority 5, a plain `watch` of 0, a `phone` with carbons \
         of 1 and a\n`tablet` with IM-NG of 1.\n\n| message | from | to | desk | watch | phone | tablet | besides |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let account = account(&MIXTURE);
    let sender = FullJid::new(&format!("{ACCOUNT}/watch")).ok();
    let ways = [
        ("a stranger", "the account", "ben@oak.example/hut", ACCOUNT, None),
        ("a stranger", "`desk`", "ben@oak.example/hut", "ann@tea.example/desk", None),
        ("a stranger", "a device that is gone", "ben@oak.example/hut", "ann@tea.example/gone", None),
        ("`watch`", "a contact", "ann@tea.example/watch", "ben@oak.example", sender.as_ref()),
        ("`watch`", "a contact’s device", "ann@tea.example/watch", "ben@oak.example/hut", sender.as_ref()),
        ("`watch`", "the account", "ann@tea.example/watch", ACCOUNT, sender.as_ref()),
    ];
    for (by, whom, from, to, session) in ways {
        for (name, type_, inside) in MESSAGES {
            let explained = account.explain(&stanza("message", type_, from, to, inside), session);
            page.push_str(&format!("| {name} | {by} | {whom} |{}\n", row(&account, &explained)));
        }
    }
    page
}

/// What each session gets, and what else happens.
fn row(account: &Account, explained: &Explanation) -> String {
    let mut row = String::new();
    let rule = |id: &'static str| id.trim_start_matches("imng.");
    for device in MIXTURE {
        let name = format!("{ACCOUNT}/{}", device.name);
        // Seats stand in the order of the mixture, and before everything else.
        let session = explained.told.iter().take(account.sessions().count()).find(|told| *told.who == *name);
        match session.map(|told| (told.what, rule(told.why.id()))) {
            Some((Outcome::Nothing, why)) => row.push_str(&format!(" – {why} |")),
            Some((what, why)) => row.push_str(&format!(" {what} **{why}** |")),
            None => row.push_str(" |"),
        }
    }
    let others = explained.told.iter().skip(account.sessions().count());
    let besides = others.filter(|told| told.what != Outcome::Nothing).map(|told| {
        let who = match told.what {
            Outcome::Error => "error to the sender",
            Outcome::Forwarded => "sent on",
            _ => &told.who,
        };
        format!("{who} {}", rule(told.why.id()))
    });
    let besides: Vec<String> = besides.collect();
    row + &format!(" {} |", if besides.is_empty() { "–".to_owned() } else { besides.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of RFC 6121 §8.5 as data: kind, type, address, and the outcome for each situation in order.
    const EXPECTED: &[(&str, &str, &str, [&str; 5])] = &[
        // 8.5.1
        ("message", "normal", "nobody", ["error"; 5]),
        ("message", "chat", "nobody", ["error"; 5]),
        ("message", "groupchat", "nobody", ["error"; 5]),
        ("message", "headline", "nobody", ["error"; 5]),
        ("message", "error", "nobody", ["ignored"; 5]),
        ("presence", "available", "nobody", ["ignored"; 5]),
        ("presence", "unavailable", "nobody", ["ignored"; 5]),
        ("presence", "subscribe", "nobody", ["ignored"; 5]),
        ("presence", "subscribed", "nobody", ["ignored"; 5]),
        ("presence", "unsubscribe", "nobody", ["ignored"; 5]),
        ("presence", "unsubscribed", "nobody", ["ignored"; 5]),
        ("presence", "probe", "nobody", ["ignored"; 5]),
        ("iq", "get", "nobody", ["error"; 5]),
        ("iq", "set", "nobody", ["error"; 5]),
        ("iq", "result", "nobody", ["ignored"; 5]),
        ("iq", "error", "nobody", ["ignored"; 5]),
        // 8.5.2
        ("message", "normal", "bare", ["kept", "kept", "kept", "the reachable one", "most available"]),
        ("message", "chat", "bare", ["kept", "kept", "kept", "the reachable one", "most available"]),
        ("message", "groupchat", "bare", ["error"; 5]),
        ("message", "headline", "bare", ["ignored", "ignored", "ignored", "the reachable one", "all reachable"]),
        ("message", "error", "bare", ["ignored"; 5]),
        ("presence", "available", "bare", ["ignored", "ignored", "all available", "all available", "all available"]),
        ("presence", "unavailable", "bare", ["ignored", "ignored", "all available", "all available", "all available"]),
        ("presence", "subscribe", "bare", ["host"; 5]),
        ("presence", "subscribed", "bare", ["host"; 5]),
        ("presence", "unsubscribe", "bare", ["host"; 5]),
        ("presence", "unsubscribed", "bare", ["host"; 5]),
        ("presence", "probe", "bare", ["host"; 5]),
        ("iq", "get", "bare", ["error"; 5]),
        ("iq", "set", "bare", ["error"; 5]),
        ("iq", "result", "bare", ["ignored"; 5]),
        ("iq", "error", "bare", ["ignored"; 5]),
        // 8.5.3.1; there is no such session in the first situation.
        ("message", "normal", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("message", "chat", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("message", "groupchat", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("message", "headline", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("message", "error", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("presence", "available", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("presence", "unavailable", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("presence", "subscribe", "full, matches", ["", "host", "host", "host", "host"]),
        ("presence", "subscribed", "full, matches", ["", "host", "host", "host", "host"]),
        ("presence", "unsubscribe", "full, matches", ["", "host", "host", "host", "host"]),
        ("presence", "unsubscribed", "full, matches", ["", "host", "host", "host", "host"]),
        ("presence", "probe", "full, matches", ["", "host", "host", "host", "host"]),
        ("iq", "get", "full, matches", ["", "error", "error", "error", "error"]),
        ("iq", "set", "full, matches", ["", "error", "error", "error", "error"]),
        ("iq", "result", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        ("iq", "error", "full, matches", ["", "delivered", "delivered", "delivered", "delivered"]),
        // 8.5.3.2
        ("message", "normal", "full, unmatched", ["error"; 5]),
        ("message", "chat", "full, unmatched", ["kept", "kept", "kept", "the reachable one", "most available"]),
        ("message", "groupchat", "full, unmatched", ["error"; 5]),
        ("message", "headline", "full, unmatched", ["ignored"; 5]),
        ("message", "error", "full, unmatched", ["ignored"; 5]),
        ("presence", "available", "full, unmatched", ["ignored"; 5]),
        ("presence", "unavailable", "full, unmatched", ["ignored"; 5]),
        ("presence", "subscribe", "full, unmatched", ["host"; 5]),
        ("presence", "subscribed", "full, unmatched", ["ignored"; 5]),
        ("presence", "unsubscribe", "full, unmatched", ["ignored"; 5]),
        ("presence", "unsubscribed", "full, unmatched", ["ignored"; 5]),
        ("presence", "probe", "full, unmatched", ["host"; 5]),
        ("iq", "get", "full, unmatched", ["error"; 5]),
        ("iq", "set", "full, unmatched", ["error"; 5]),
        ("iq", "result", "full, unmatched", ["ignored"; 5]),
        ("iq", "error", "full, unmatched", ["ignored"; 5]),
    ];

    #[test]
    fn every_cell_is_that_of_rfc_6121() {
        assert_eq!(EXPECTED.len(), STANZAS.len() * ADDRESSES.len(), "every stanza at every address");
        for (kind, type_, address, expected) in EXPECTED {
            let inside = STANZAS.iter().find(|(k, t, _)| k == kind && t == type_).map(|(.., inside)| *inside).unwrap();
            let to = ADDRESSES.iter().find(|(name, _)| name == address).map(|(_, to)| *to).unwrap();
            for ((situation, devices), expected) in SITUATIONS.iter().zip(expected) {
                if !expected.is_empty() {
                    let (what, why) = cell(kind, type_, inside, to, devices);
                    assert_eq!(what, *expected, "{kind} {type_} to {address}, {situation}: {why}");
                }
            }
        }
    }

    #[test]
    fn the_table_that_is_written_down_is_the_code() {
        let written = include_str!("../../../spec-vectors/imng/TABLE.md");
        assert!(
            written == markdown(),
            "`xmpp-machines rules --table imng > spec-vectors/imng/TABLE.md` writes it anew"
        );
    }
}
