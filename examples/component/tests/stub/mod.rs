//! A small machine that does everything a host must cope with: it answers, orders, asks, waits, and panics.

#![allow(dead_code, reason = "each test uses its own part")]

use jid::BareJid;
use serde::{Deserialize, Serialize};
use xmpp_machines::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType};
use xmpp_machines::gc3::{Answer, Edge, Input, Notice, Order, Query, Record};
use xmpp_machines::party::Audience;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Corrupt, Machine, Misuse, Rule, Sink, Snapshot, Span, Time, ns};

mod rules {
    xmpp_machines::rules! { "stub";
        S1 "S1" "STUB#talk" "Whoever speaks is answered.";
        S2 "S2" "STUB#time" "Whoever asks to be reminded is.";
    }
}

/// The state: how many messages came, the last archived, what waits for its time, what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stub {
    seed: Vec<u8>,
    count: u64,
    heard: Vec<String>,
    reminders: Vec<(Time, String)>,
    asked: Vec<(u64, String)>,
    now: Time,
}

type Out<'a> = &'a mut dyn Sink<Order, Notice>;

impl Stub {
    pub fn new(seed: &Seed) -> Self {
        Self { seed: seed.draw("stub", &[]).bytes().to_vec(), ..Self::default() }
    }

    pub fn heard(&self) -> &[String] {
        &self.heard
    }

    fn say(why: Rule, to: &str, text: &str, out: Out<'_>) {
        let header = Header {
            kind: StanzaKind::Message,
            type_: StanzaType::Chat,
            from: "rooms.tea.example",
            id: None,
            lang: None,
        };
        let stanza = Outgoing::new(&header, |writer| {
            writer.leaf("body", ns::CLIENT, text);
        });
        out.push(why, Action::Send { to: Audience::one(to), stanza: &stanza });
    }

    fn hear(&mut self, stanza: &Stanza, out: Out<'_>) {
        let from = stanza.sender().unwrap_or_default().to_owned();
        let body = stanza.child("body", ns::CLIENT).map(|body| body.text()).unwrap_or_default();
        self.count += 1;
        self.heard.push(body.clone());
        let room = BareJid::new("room@rooms.tea.example").unwrap();
        match body.split_once(' ').unwrap_or((&body, "")) {
            ("panic", _) => {
                Self::say(rules::S1, &from, "half an ans", out);
                panic!("as asked")
            }
            ("store", text) => {
                let record = Record {
                    seq: self.count,
                    stanza_id: format!("id-{}", self.count).into(),
                    stamp: self.now,
                    author: None,
                    nick: "".into(),
                    jid: None,
                    id: "".into(),
                    body: text.to_owned().into(),
                };
                out.push(rules::S1, Action::Do(Order::Store { room, record }));
            }
            ("ask", _) => {
                self.asked.push((self.count, from.clone()));
                let query = Query { from: Edge::Last, max: 10, ..Query::default() };
                out.push(rules::S1, Action::Do(Order::Fetch { token: self.count, room, query }));
            }
            ("remind", text) => self.reminders.push((self.now.plus(Span::from_secs(10)), format!("{from} {text}"))),
            _ => {}
        }
        Self::say(rules::S1, &from, &format!("{} {body}", self.count), out);
    }
}

impl Machine for Stub {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: Out<'_>) -> Result<(), Misuse> {
        if let Input::Answer { token, .. } = &input
            && !self.asked.iter().any(|(asked, _)| asked == token)
        {
            return Err(Misuse::NotAsked { token: *token });
        }
        self.now = self.now.max(now);
        match input {
            Input::Stanza(stanza) => self.hear(&stanza, out),
            Input::Answer { token, answer } => {
                let Answer::Page(page) = answer else { panic!("a page was asked for") };
                let texts: Vec<_> =
                    page.records.iter().map(|r| String::from_utf8_lossy(&r.body).into_owned()).collect();
                let asked = self.asked.iter().position(|(asked, _)| *asked == token).unwrap();
                let (_, from) = self.asked.remove(asked);
                Self::say(rules::S1, &from, &format!("stored: {}", texts.join(", ")), out);
            }
            Input::Command(_) => Self::say(rules::S1, "ann@tea.example", "good night", out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: Out<'_>) {
        let (due, later) = std::mem::take(&mut self.reminders).into_iter().partition(|(at, _)| *at <= now);
        self.reminders = later;
        let due: Vec<(Time, String)> = due;
        for (_, reminder) in due {
            let (to, text) = reminder.split_once(' ').unwrap();
            Self::say(rules::S2, to, &format!("remember {text}"), out);
        }
        self.now = self.now.max(now);
    }

    fn deadline(&self) -> Option<Time> {
        self.reminders.iter().map(|(at, _)| *at).min()
    }
}

impl Snapshot for Stub {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "stub";

    fn save_body(&self, into: &mut Vec<u8>) {
        into.extend(postcard::to_allocvec(self).unwrap());
    }

    fn load_body(_: u16, body: &[u8]) -> Result<Self, Corrupt> {
        postcard::from_bytes(body).map_err(|_| Corrupt::Body("not a stub"))
    }
}
