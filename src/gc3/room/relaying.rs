//! What is sent on for somebody, what comes back, and what is lost.

use super::judge::{Private, Request};
use super::state::Asker;
use super::{Out, Room, say};
use crate::codec::Stanza;
use crate::gc3::host::Notice;
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::party::Seat;
use crate::rule::Rule;

impl Room {
    /// Relays a request to an account.
    pub(super) fn relay(&mut self, why: Rule, stanza: &Stanza, request: &Request, out: &mut Out<'_>) {
        let asker = Asker {
            full: stanza.from.as_ref().map_or("", |from| from.as_str()),
            id: stanza.id.as_deref().unwrap_or_default(),
            asked: stanza.element.attr("to").unwrap_or_default(),
        };
        if let Some(id) = self.state.relay(asker, request.asker, request.target, request.what) {
            say::relay(&self.state, out, why, request, &id);
        }
    }

    /// An account answered.
    pub(super) fn relayed(&mut self, why: Rule, number: u64, answer: &Stanza, out: &mut Out<'_>) {
        if let Some(relay) = self.state.end_relay(number) {
            say::relayed(&self.state, out, why, &relay, answer);
        }
    }

    /// An account did not answer.
    pub(super) fn relay_late(&mut self, number: u64, out: &mut Out<'_>) {
        if let Some(relay) = self.state.end_relay(number) {
            say::relay_late(out, &relay);
        }
    }

    /// Sends a private message.
    pub(super) fn private(&self, why: Rule, stanza: &Stanza, private: &Private, out: &mut Out<'_>) {
        say::private(&self.state, out, why, stanza, private);
    }

    /// A session may be gone: it is asked.
    pub(super) fn check_session(&mut self, why: Rule, seat: Seat, out: &mut Out<'_>) {
        let id = self.state.check_session(seat);
        say::check_session(&self.state, out, why, self.state.sessions.jid(seat), &id);
    }

    /// A session is gone.
    pub(super) fn lose(&mut self, why: Rule, seat: Seat, out: &mut Out<'_>) {
        if self.state.sessions.get(seat).is_some_and(|session| session.dialect.is_by_presence()) {
            return self.lose_occupant(seat, out);
        }
        let Some((jid, present)) = self.state.lose(seat) else { return };
        out.push(why, Action::Tell(Notice::SessionEnded { jid: jid.as_str().into() }));
        if let Some(present) = present {
            say::presence(&self.state, out, rule::P3, present);
        }
    }
}
