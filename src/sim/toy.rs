//! A small machine with the interface of a room service, to try the tools of this folder on; and a fault for each law.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::codec::{Header, Outgoing, Reader, Stanza, StanzaKind, StanzaType};
use crate::gc3::rules::table;
use crate::gc3::{Answer, Input, Notice, Order};
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::party::{Address, Audience, Roster, Seat};
use crate::snapshot::{Corrupt, Snapshot, put, take};
use crate::time::{Span, Time};
use crate::{Rule, ns};

/// What is wrong with a toy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    #[default]
    None,
    Random,
    ChangesOnMisuse,
    ChangesOnEarlyWake,
    NeverRests,
    BelievesTheClock,
    ForgetsADeadline,
    AcceptsAnything,
    Chatters,
    RepeatsRecipients,
}

static DICE: AtomicU64 = AtomicU64::new(0);

/// A room in which every speaker hears everybody: messages get a number; `<later/>` brings a message after a second;
/// `<ask/>` asks the host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Toy {
    pub(crate) fault: Fault,
    latest: Time,
    count: u64,
    speakers: Vec<String>,
    due: Option<Time>,
    open: Option<(u64, String)>,
}

impl Toy {
    pub(crate) fn with(fault: Fault) -> Self {
        Self { fault, ..Self::default() }
    }

    fn roster(&self) -> (Roster, Vec<Seat>) {
        let mut roster = Roster::new([0; 16]);
        let mut seats: Vec<Seat> =
            self.speakers.iter().filter_map(|s| Address::from_normalised(s)).map(|a| roster.seat(a)).collect();
        seats.sort_unstable();
        (roster, seats)
    }

    fn tell_all(&mut self, why: Rule, body: &str, out: &mut dyn Sink<Order, Notice>) {
        self.count += 1;
        if self.fault == Fault::Random {
            self.count += DICE.fetch_add(1, Ordering::Relaxed);
        }
        let id = format!("n{}", self.count);
        let header = Header {
            kind: StanzaKind::Message,
            type_: StanzaType::Groupchat,
            from: "room@rooms.example",
            id: None,
            lang: None,
        };
        let stanza = Outgoing::new(&header, |w| {
            w.open("body", ns::CLIENT).text(body).close();
            w.open("stanza-id", ns::SID).attr("id", &id).close();
        });
        let (roster, seats) = self.roster();
        out.push(why, Action::Send { to: Audience::few(&roster, &seats), stanza: &stanza });
        if self.fault == Fault::Chatters {
            for _ in 0..20 {
                out.push(why, Action::Tell(Notice::Also));
            }
        }
        if self.fault == Fault::RepeatsRecipients {
            out.push(why, Action::Send { to: Audience::few(&roster, &[]), stanza: &stanza });
        }
    }
}

impl Machine for Toy {
    type Input = Input;
    type Order = Order;
    type Notice = Notice;

    fn handle(&mut self, now: Time, input: Input, out: &mut dyn Sink<Order, Notice>) -> Result<(), Misuse> {
        if self.fault == Fault::ChangesOnMisuse {
            self.count += 1;
        }
        let now = if self.fault == Fault::BelievesTheClock { now } else { self.latest.max(now) };
        match input {
            Input::Stanza(stanza) => {
                self.latest = now;
                let from = stanza.element.attr("from").unwrap_or_default().to_owned();
                if stanza.kind == StanzaKind::Iq {
                    if stanza.element.get_child("ask", "toy").is_some() {
                        self.count += 1;
                        let token = self.count;
                        self.open = Some((token, from));
                        let room = jid::BareJid::new("room@rooms.example").unwrap();
                        out.push(table::V3, Action::Do(Order::Find { token, room, id: "x".into() }));
                    } else if stanza.element.get_child("later", "toy").is_some() {
                        self.due = Some(now.plus(Span::from_secs(1)));
                    } else if let Some(result) = Outgoing::result(&stanza, |w| {
                        w.open("pong", "toy").attr("b", "2").attr("a", "1");
                        w.open("one", "toy").close().open("two", "toy").close().close();
                    }) {
                        out.push(table::P9, Action::Send { to: Audience::one(&from), stanza: &result });
                    } else {
                        out.push(table::M9, Action::Tell(Notice::Dropped { from: Some(from.into()) }));
                    }
                    return Ok(());
                }
                if !self.speakers.contains(&from) {
                    self.speakers.push(from);
                }
                let body = stanza.element.get_child("body", ns::CLIENT).map(|b| b.text()).unwrap_or_default();
                self.tell_all(table::M4, &body, out);
                Ok(())
            }
            Input::Answer { token, answer } => {
                let Some((_, who)) = self.open.take_if(|(open, _)| *open == token) else {
                    return Err(Misuse::NotAsked { token });
                };
                self.latest = now;
                let body = if answer == Answer::NoSuchId { "none" } else { "some" };
                self.speakers.push(who);
                self.tell_all(table::V3, body, out);
                Ok(())
            }
            Input::Command(_) => Err(Misuse::Impossible { what: "a toy takes no commands" }),
        }
    }

    fn wake(&mut self, now: Time, out: &mut dyn Sink<Order, Notice>) {
        if self.fault == Fault::ChangesOnEarlyWake {
            self.latest = self.latest.max(now);
        }
        let now = self.latest.max(now);
        if self.due.is_some_and(|due| due <= now) {
            self.latest = now;
            if self.fault != Fault::NeverRests {
                self.due = None;
            }
            self.tell_all(table::P1, "later", out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.due
    }
}

impl Snapshot for Toy {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "toy";

    fn save_body(&self, into: &mut Vec<u8>) {
        if self.fault == Fault::ForgetsADeadline {
            put(&Self { due: None, ..self.clone() }, into);
        } else {
            put(self, into);
        }
    }

    fn load_body(_format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        let toy: Self = take(body).or_else(|corrupt| match body.split_last() {
            Some((_, short)) if body.first() == Some(&(Fault::AcceptsAnything as u8)) => take(short),
            _ => Err(corrupt),
        })?;
        let mut canonical = Vec::new();
        toy.save_body(&mut canonical);
        let fits = canonical == body || toy.fault == Fault::AcceptsAnything;
        if fits { Ok(toy) } else { Err(Corrupt::Body("not canonical")) }
    }
}

pub(crate) fn stanza(text: &str) -> Stanza {
    Reader::one(ns::CLIENT, text.as_bytes()).unwrap()
}
