//! Random uploads by a client, and a service that answers as it likes: for the laws, by property test and by fuzzing.

use super::bench::Bench;
use super::laws::{self, Bounds, Moment};
use super::transcript::Line;
use super::vectors::{Program, START, UPLOADS};
use crate::codec::Reader;
use crate::limits::RetentionClientLimits;
use crate::ns;
use crate::retention::{Client, ClientInput, Use, Wanted};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// Actions of one call: a word for each upload that waited, and some more.
const ACTIONS: usize = 64;

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// What.
    pub what: u8,
    /// Which upload.
    pub which: u8,
    /// How.
    pub how: u8,
}

impl Deed {
    /// Deeds that are read from bytes, for fuzzing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let deeds = bytes.as_chunks::<5>().0.iter().take(120);
        deeds
            .map(|&[long, after, what, which, how]| Self { after: u64::from(after) << (long % 36), what, which, how })
            .collect()
    }
}

/// The client of these histories.
///
/// # Panics
/// Never: its address is one.
#[must_use]
#[expect(clippy::expect_used, reason = "an address of this file")]
pub fn client() -> Client {
    let limits = RetentionClientLimits { uploads: 4, kept: 2, ..RetentionClientLimits::default() };
    Client::new(UPLOADS, limits, Seed::new([7; 32])).expect("the address is one")
}

/// What the service may answer: to a question what it offers, to a request, to anything.
const ANSWERS: [&str; 10] = [
    "<iq type='result' id='{id}' from='up.example'><query xmlns='http://jabber.org/protocol/disco#info'>\
     <feature var='urn:xmpp:http:upload:0'/><feature var='urn:xmpp:http:upload:purpose:0#profile'/>\
     <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:http:upload:0</value>\
     </field><field var='max-file-size'><value>200</value></field></x></query></iq>",
    "<iq type='result' id='{id}' from='up.example'><query xmlns='http://jabber.org/protocol/disco#info'>\
     <feature var='urn:xmpp:http:upload:0'/><feature var='urn:xmpp:http:upload:purpose:0#ephemeral'/>\
     <feature var='urn:xmpp:http:upload:purpose:0#permanent'/></query></iq>",
    "<iq type='result' id='{id}' from='up.example'><slot xmlns='urn:xmpp:http:upload:0'>\
     <put url='https://up.example/a'><header name='Cookie'>c</header></put><get url='https://up.example/a'/></slot></iq>",
    "<iq type='result' id='{id}' from='up.example'><slot xmlns='urn:xmpp:http:upload:0'>\
     <put url='https://up.example/b'/><get url='https://up.example/b'/></slot></iq>",
    "<iq type='result' id='{id}' from='up.example'/>",
    "<iq type='error' id='{id}' from='up.example'><error type='wait'>\
     <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
     <retry xmlns='urn:xmpp:http:upload:0' stamp='{stamp}'/></error></iq>",
    "<iq type='error' id='{id}' from='up.example'><error type='wait'>\
     <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='error' id='{id}' from='up.example'><error type='modify'>\
     <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><file-too-large xmlns='urn:xmpp:http:upload:0'>\
     <max-file-size>100</max-file-size></file-too-large></error></iq>",
    "<iq type='error' id='{id}' from='up.example'><error type='cancel'>\
     <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='result' id='{id}' from='eve@ash.example/x'/>",
];

/// Plays a history; gives everything that went in, and the client as it was left.
///
/// # Errors
/// What is wrong, on one line.
pub fn play(deeds: &[Deed]) -> Result<(Vec<Moment<ClientInput>>, Client), String> {
    let mut bench = Bench::new(client(), Program::default(), START);
    let mut now = START;
    let mut ids: Vec<String> = Vec::new();
    for deed in deeds {
        now = Time::from_millis(now.millis().saturating_add(deed.after));
        let token = u64::from(deed.which % 6);
        let for_ = match deed.how % 6 {
            0 => Use::Avatar,
            1 => Use::Story { until: None },
            2 => Use::Story { until: Some(now.plus(Span::from_mins(3))) },
            3 => Use::Timed { timer: Span::from_secs(u64::from(deed.how)) },
            4 => Use::Lasting,
            _ => Use::Message,
        };
        let file = Wanted { name: "f.png".into(), size: u64::from(deed.how), content_type: None, for_ };
        let input = match deed.what % 16 {
            0..=3 => ClientInput::Upload { token, file },
            4..=9 => {
                let text = ANSWERS.get(usize::from(deed.how) % ANSWERS.len()).copied().unwrap_or(ANSWERS[0]);
                // The latest question is the likeliest.
                let at = ids.len().saturating_sub(1 + usize::from(deed.which % 4));
                let text = text.replace("{id}", ids.get(at).map_or("none", String::as_str));
                let text = text.replace("{stamp}", &now.plus(Span::from_secs(u64::from(deed.which))).to_string());
                let stanza = Reader::one(ns::CLIENT, text.as_bytes()).map_err(|why| format!("{why}: {text}"))?;
                ClientInput::Stanza(stanza)
            }
            10..=12 => {
                let status = [None, Some(201), Some(413), Some(507)].get(usize::from(deed.how % 4)).copied().flatten();
                ClientInput::Put { token, status }
            }
            13 => ClientInput::Consent { token, yes: deed.how % 3 > 0 },
            14 => ClientInput::Lost { token },
            _ => ClientInput::Cancel { token },
        };
        // A program that mixes up its numbers is told so.
        let _ = bench.handle(now, input).map_err(|restless| restless.to_string())?;
        bench.host.orders.clear();
        bench.machine.check()?;
        for line in bench.take_lines() {
            if let Line::Send { stanza, .. } = line {
                ids.extend(stanza.attr("id").map(str::to_owned));
            }
        }
    }
    Ok((bench.journal().to_vec(), bench.machine))
}

/// Plays the history and tries laws 1 to 7 and 9 on it.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let (journal, _) = play(deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |client: &Client| client.check().map_err(str::to_owned) };
    laws::all(client, &journal, &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a history. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    assert_eq!(lawful(&Deed::from_bytes(deeds), u64::from(*seed)).err(), None, "a client keeps every law");
}
