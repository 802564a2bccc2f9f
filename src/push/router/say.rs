//! Writes what was decided.

use std::sync::Arc;

use minidom::{Element, Node};

use super::input::{Notice, Order};
use super::state::State;
use crate::codec::{Condition, Header, Outgoing, Stanza, StanzaError};
use crate::machine::{Action, Sink};
use crate::party::{Audience, Seat};
use crate::rule::Rule;

pub(super) type Out<'a> = dyn Sink<Order, Notice> + 'a;

pub(super) fn tell(out: &mut Out<'_>, why: Rule, notice: Notice) {
    out.push(why, Action::Tell(notice));
}

/// A further rule took part.
pub(super) fn also(out: &mut Out<'_>, why: Rule) {
    tell(out, why, Notice::Also);
}

pub(super) fn send(out: &mut Out<'_>, why: Rule, to: &str, stanza: &Outgoing) {
    out.push(why, Action::Send { to: Audience::one(to), stanza });
}

/// Answers a stanza with an error, if it may be answered. The text is the same whether or not an account exists.
pub(super) fn refuse(out: &mut Out<'_>, why: Rule, stanza: &Stanza, condition: Condition) {
    let answer = Outgoing::error(stanza, &StanzaError::of(condition));
    match (answer, stanza.sender()) {
        (Some(answer), Some(sender)) => send(out, why, sender, &answer),
        _ => dropped(out, why, stanza),
    }
}

pub(super) fn dropped(out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    tell(out, why, Notice::Dropped { from: stanza.sender().unwrap_or_default().into() });
}

/// Delivers a member copy to sessions, as it was addressed.
pub(super) fn deliver(state: &State, out: &mut Out<'_>, why: Rule, copy: &Stanza, seats: &[Seat]) {
    if seats.is_empty() {
        return;
    }
    let from = copy.sender().unwrap_or_default();
    let header =
        Header { kind: copy.kind, type_: copy.type_, from, id: copy.id.as_deref(), lang: copy.lang.as_deref() };
    let stanza = Outgoing::new(&header, |writer| {
        for node in copy.element.nodes() {
            match node {
                Node::Element(child) => {
                    writer.element(child);
                }
                Node::Text(text) => {
                    writer.text(text);
                }
            }
        }
    });
    let stanza = stanza.addressed_to(state.account.as_str());
    out.push(why, Action::Send { to: Audience::few(state.sessions.roster(), seats), stanza: &stanza });
}

/// The words of a message: its first body, cut to a number of bytes.
pub(super) fn body(message: &Element, bytes: usize) -> Option<Box<str>> {
    let text = message.get_child("body", crate::ns::CLIENT)?.text();
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).map(Into::into)
}

/// A chat's name for a notice.
pub(super) fn named(state: &State, chat: &str) -> Arc<str> {
    state.name(chat).unwrap_or_else(|| chat.into())
}
