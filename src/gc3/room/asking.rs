//! Questions to the host that a stanza waits for: pages of the archive, and single messages of it.

use bytes::Bytes;

use super::judge::{self, Reading, Sender, Verdict};
use super::state::{Bound, Found, Question, State, Timer};
use super::{Out, Room, RoomOrder, due, say};
use crate::codec::Stanza;
use crate::gc3::host::{Answer, Edge, Order, Page, Query, Record, Token};
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

/// Puts a question about the archive to the host.
fn ask(
    state: &mut State,
    out: &mut Out<'_>,
    why: Rule,
    question: Question,
    order: impl FnOnce(Token, jid::BareJid) -> Order,
) {
    let Ok(room) = jid::BareJid::new(state.address.as_str()) else { return };
    let token = state.next_token();
    state.questions.insert(token, question);
    state.timers.set(Timer::Question(token), state.now.plus(state.limits.archive_for));
    out.push(why, Action::Do(RoomOrder::Host(order(token, room))));
}

impl Room {
    /// Reads the archive for somebody.
    pub(super) fn read(&mut self, why: Rule, stanza: &Stanza, reading: Reading, out: &mut Out<'_>) {
        let state = &mut self.state;
        if let Some(from) = &stanza.from {
            state.spend(Bound::Archive, from.to_bare().as_str(), state.limits.archive);
        }
        let kept: Bytes = stanza.to_bytes().into();
        let (question, query) = match reading {
            Reading::Page(query) => (Question::Page(kept), query),
            Reading::Ends(query) => (Question::Ends { stanza: kept, first: None }, query),
        };
        ask(state, out, why, question, |token, room| Order::Fetch { token, room, query });
    }

    /// Has the host find a message, for a stanza that is judged again with the answer.
    pub(super) fn find(&mut self, why: Rule, stanza: &Stanza, id: Box<str>, out: &mut Out<'_>) {
        let question = Question::Find { stanza: stanza.to_bytes().into(), id: id.clone() };
        ask(&mut self.state, out, why, question, |token, room| Order::Find { token, room, id: id.into() });
    }

    /// The host has looked for a message.
    pub(super) fn looked_up(&mut self, stanza: &Bytes, id: Box<str>, answer: Answer, out: &mut Out<'_>) {
        let record = match answer {
            Answer::Page(page) => page.records.into_iter().next(),
            Answer::NoSuchId => None,
            _ => return self.not_found(stanza, id, out),
        };
        self.judge_again(stanza, id, record, out);
    }

    /// The host cannot say whether there is such a message. A report stands without it (RP4), all else has to wait.
    pub(super) fn not_found(&mut self, stanza: &Bytes, id: Box<str>, out: &mut Out<'_>) {
        let reports = |stanza: &Stanza| stanza.payload().is_some_and(|payload| payload.has_ns(ns::GC_REPORT));
        if due::reread(stanza).is_some_and(|stanza| reports(&stanza)) {
            self.judge_again(stanza, id, None, out);
        } else {
            due::host_silent(self, rule::G7_3, stanza, out);
        }
    }

    fn judge_again(&mut self, stanza: &Bytes, id: Box<str>, record: Option<Record>, out: &mut Out<'_>) {
        self.state.found = Some(Found { id, record });
        due::again(self, stanza, out);
        self.state.found = None;
    }

    /// The host has read a page.
    pub(super) fn page(&mut self, kept: &Bytes, answer: Answer, out: &mut Out<'_>) {
        let Some((mut page, stanza)) = self.readable(kept, answer, out) else { return };
        let Some(sender) = Sender::of(&self.state, &stanza) else { return };
        let Some(Ok(asked)) = stanza.payload().map(|query| judge::asked(&self.state, &sender, query)) else { return };
        // The horizon may be another than when the host was asked.
        page.records.retain(|record| asked.query.above_seq.is_none_or(|above| record.seq > above));
        say::page(&self.state, out, &stanza, &sender, &asked, &page);
    }

    /// The host has read one end of the archive; the other may be missing yet.
    pub(super) fn ends(&mut self, kept: Bytes, first: Option<(Box<str>, Time)>, answer: Answer, out: &mut Out<'_>) {
        let Some((page, stanza)) = self.readable(&kept, answer, out) else { return };
        let end = page.records.first().map(|record| (&*record.stanza_id, record.stamp));
        match (first, end) {
            (None, Some((id, stamp))) if page.count != 1 => {
                let Some(sender) = Sender::of(&self.state, &stanza) else { return };
                let Ok(query) = judge::ends(&self.state, &sender) else { return };
                let query = Query { from: Edge::Last, ..query };
                let question = Question::Ends { stanza: kept, first: Some((id.into(), stamp)) };
                ask(&mut self.state, out, rule::G7_7, question, |token, room| Order::Fetch { token, room, query });
            }
            (None, end) => say::metadata(out, &stanza, end.map(|only| [only, only])),
            (Some((id, stamp)), end) => {
                let first = (&*id, stamp);
                say::metadata(out, &stanza, Some([first, end.unwrap_or(first)]));
            }
        }
    }

    /// The page that the host answered, and the stanza that it is for. Rights that were lost meanwhile count (C3).
    fn readable(&self, kept: &Bytes, answer: Answer, out: &mut Out<'_>) -> Option<(Page, Stanza)> {
        let stanza = due::reread(kept)?;
        let page = match answer {
            Answer::Page(page) => page,
            Answer::NoSuchId => {
                say::refuse(&self.state, out, rule::G7_4, &stanza, &judge::NOT_FOUND.into());
                return None;
            }
            _ => {
                due::host_silent(self, rule::G7_3, kept, out);
                return None;
            }
        };
        let gone = judge::destroyed(&self.state, &stanza);
        let lost = judge::horizon(&self.state, &Sender::of(&self.state, &stanza)?).err();
        if let Some((why, verdict)) = gone {
            if let Verdict::Refuse(refusal) = verdict {
                say::refuse(&self.state, out, why, &stanza, &refusal);
            }
            return None;
        }
        if let Some((why, error)) = lost {
            say::refuse(&self.state, out, why, &stanza, &error.into());
            return None;
        }
        Some((page, stanza))
    }
}
