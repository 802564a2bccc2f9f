//! How a stream breaks, is connected to anew, or ends for good.

use super::fate;
use super::host::{Link, Notice, Order, Out, Role, order, tell};
use super::machine::Queue;
use super::rules as rule;
use super::state::{Past, Phase};
use super::wire::StreamError;
use crate::codec::Condition;
use crate::rule::Rule;

impl Queue {
    /// The stream is closed because of what the peer did. It counts as broken.
    pub(super) fn fail(&mut self, link: Link, why: Rule, error: StreamError, out: &mut Out<'_>) {
        order(out, why, Order::Close { link, error: Some(error) });
        self.lost(link, out);
    }

    pub(super) fn lost(&mut self, link: Link, out: &mut Out<'_>) {
        let state = &mut self.state;
        if state.link() != Some(link) {
            return;
        }
        let resume_for = state.session.as_mut().filter(|session| session.id.is_some()).map(|session| {
            (session.ask_at, session.answer_by, session.unasked) = (None, None, 0);
            session.resume_for
        });
        let Some(resume_for) = resume_for else { return self.unresumable(rule::D8, out) };
        let until = state.now.plus(resume_for);
        state.phase = Phase::Broken(until);
        tell(out, rule::R1, Notice::Hibernates { until, kept: state.entries.len() });
        self.connect(rule::R9, out);
    }

    /// The stream is gone for good. A session ends; a server is connected to anew, if something waits for it.
    pub(super) fn unresumable(&mut self, why: Rule, out: &mut Out<'_>) {
        if self.state.role != Role::Outgoing {
            return self.end(why, out);
        }
        self.state.phase = Phase::Fresh;
        self.state.doubt();
        tell(out, why, Notice::Ended { left: self.state.entries.len() });
        self.give_up_stale(out);
        if self.is_empty() {
            self.state.connect_at = None;
        } else {
            self.connect(rule::R11, out);
        }
    }

    /// Has the host connect to the server, if we are who connects.
    pub(super) fn connect(&mut self, why: Rule, out: &mut Out<'_>) {
        if self.state.role == Role::Outgoing && !self.state.connecting {
            (self.state.connecting, self.state.connect_at) = (true, None);
            order(out, why, Order::Connect);
        }
    }

    pub(super) fn unreachable(&mut self, condition: Condition, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.connecting = false;
        if state.phase == Phase::Fresh && condition != Condition::RemoteServerTimeout {
            let all = state.take();
            return fate::give_up(state, all, condition == Condition::RemoteServerNotFound, out);
        }
        if matches!(state.phase, Phase::Broken(_)) || !state.entries.is_empty() {
            state.connect_at = Some(state.now.plus(state.backoff));
            state.backoff = state.backoff.doubled().min(state.limits.reconnect.1);
            tell(out, rule::R9, Notice::Also);
        }
    }

    /// The session is over, and with it all that was not acknowledged.
    pub(super) fn end(&mut self, why: Rule, out: &mut Out<'_>) {
        let state = &mut self.state;
        state.phase = Phase::Over;
        let until = state.now.plus(state.limits.remember_for);
        let session = state.session.take();
        state.past = session.and_then(|session| Some(Past { id: session.id?, handled: session.handled, until }));
        let all = state.take();
        tell(out, why, Notice::Ended { left: all.len() });
        fate::give_up(state, all, false, out);
    }
}
