//! What happens to sessions: they come, become reachable, go, and what they never got finds another way.

use jid::FullJid;
use minidom::Element;
use minidom::rxml::{Namespace, NcName};

use super::host::{EndCondition, Event, Notice, Order, Stored};
use super::judge::{self, Then};
use super::machine::Account;
use super::rules::table as rule;
use super::say::{self, Letter, Out, Wanted};
use super::set::SessionSet;
use super::state::Session;
use crate::codec::{Outgoing, Stanza, StanzaType};
use crate::limits::CodecLimits;
use crate::machine::Misuse;
use crate::ns;
use crate::party::{Address, Seat, bare};
use crate::rule::Rule;
use crate::time::Time;

impl Account {
    pub(super) fn event(&mut self, now: Time, jid: FullJid, event: Event, out: &mut Out<'_>) -> Result<(), Misuse> {
        let impossible = |what| Err(Misuse::Impossible { what });
        if bare(jid.as_str()) != self.state.account() {
            return impossible("the session is of another account: give it to that one");
        }
        if matches!(event, Event::Bound) {
            if let Some(seat) = self.seat(&jid) {
                // One of that name is gone without a word.
                self.gone(now, seat, &jid, Vec::new(), out);
            }
            if self.state.bind(Address::from(&*jid)).is_none() {
                let condition = EndCondition::ResourceConstraint;
                say::order(out, rule::Z2, Order::End { session: jid, condition });
            }
            return Ok(());
        }
        let Some(seat) = self.seat(&jid) else {
            return impossible("the session is not bound: say `Event::Bound` first, and nothing after `Event::Gone`");
        };
        let imng = self.state.session(seat).is_some_and(|session| session.imng);
        match event {
            Event::Bound => {}
            Event::Available { priority } => {
                self.available(rule::P8, seat, Address::from(&*jid), Some(priority), None, out);
            }
            Event::Unavailable => self.available(rule::P8, seat, Address::from(&*jid), None, None, out),
            Event::Carbons(true) if imng => {
                return impossible("a session has carbons or IM-NG, never both: turn IM-NG off first");
            }
            Event::Carbons(on) => self.set(seat, |session| session.carbons = on),
            Event::Imng(on) => self.set(seat, |session| {
                session.imng = on;
                session.carbons &= !on;
            }),
            Event::Active(active) => self.set(seat, |session| session.inactive = !active),
            Event::Capable(capable) => self.set(seat, |session| session.capable = capable),
            Event::Hibernated => self.set(seat, |session| session.hibernated = true),
            Event::Resumed => self.set(seat, |session| (session.hibernated, session.inactive) = (false, false)),
            Event::RoomLive { room, nick } => {
                let fits = self.state.set_live(seat, room.as_str(), nick);
                self.remembered(fits, out);
            }
            Event::RoomEnded { room } => self.state.end_live(seat, room.as_str()),
            Event::Gone { unacked } => self.gone(now, seat, &jid, unacked, out),
        }
        Ok(())
    }

    fn set(&mut self, seat: Seat, change: impl FnOnce(&mut Session)) {
        self.state.change(seat, change);
    }

    pub(super) fn remembered(&self, fits: bool, out: &mut Out<'_>) {
        if !fits {
            say::tell(out, rule::Z10, Notice::Also);
        }
    }

    /// A session is gone. Its contacts are told, and what it never got finds another way.
    fn gone(&mut self, now: Time, seat: Seat, jid: &FullJid, unacked: Vec<Stanza>, out: &mut Out<'_>) {
        let shown = self.state.session(seat).is_some_and(|s| s.priority.is_some() || !s.directed.is_empty());
        if shown {
            let address = Address::from(&**jid);
            let stanza = farewell(&address).map(Box::new);
            self.available(rule::P8, seat, address, None, stanza, out);
        }
        self.state.unseat(seat);
        for stanza in unacked {
            self.again(now, &stanza, out);
        }
    }

    /// A stanza that a session never acknowledged (XEP-0198 §6).
    fn again(&mut self, now: Time, stanza: &Stanza, out: &mut Out<'_>) {
        let verdict = judge::lost(&self.state, &judge::read(&self.state, stanza, None));
        let kept = match verdict.then {
            Then::Store(by) => Some(by),
            _ => None,
        };
        if let (Some(by), Some(stanza)) = (kept, self.as_it_was(stanza)) {
            self.state.offline = self.state.offline.saturating_add(1);
            return say::order(out, by, Order::StoreOffline { stamp: now, stanza });
        }
        let state = &self.state;
        match verdict.then {
            Then::Refuse(refusal) => say::refuse(out, state, verdict.why, stanza, None, refusal),
            Then::Nothing => {
                let delayed = say::delayed(stanza, now, state.config.server());
                say::send(out, state, verdict.why, verdict.deliver, &delayed);
            }
            _ => say::tell(out, verdict.why, Notice::Dropped { from: say::sender(stanza) }),
        }
        say::also(out, &verdict);
    }

    /// A stanza of the account's own writing, to be kept as it is.
    fn as_it_was(&self, stanza: &Stanza) -> Option<Outgoing> {
        let from = stanza.element.attr("from").unwrap_or_default();
        let to = stanza.element.attr("to").unwrap_or_else(|| self.state.account());
        let letter = Letter { stanza, from, to, account: self.state.account(), strip: false, id: None };
        letter.write(Wanted { kept: true, ..Wanted::default() }).kept
    }

    /// What was kept comes back.
    pub(super) fn handed_back(&mut self, seat: Option<u32>, messages: Vec<Stored>, more: bool, out: &mut Out<'_>) {
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        // An empty store has the last word.
        self.state.offline = if count == 0 && !more { 0 } else { self.state.offline.saturating_sub(count) };
        let sets = &self.state.sets;
        let wanted = seat.map(Seat).filter(|seat| sets.reachable.contains(*seat));
        let Some(seat) = wanted.or_else(|| sets.top.first()) else {
            for Stored { stamp, stanza } in messages {
                self.state.offline = self.state.offline.saturating_add(1);
                if let Some(stanza) = self.as_it_was(&stanza) {
                    say::order(out, rule::O8, Order::StoreOffline { stamp, stanza });
                }
            }
            return;
        };
        for Stored { stamp, stanza } in &messages {
            let delayed = say::delayed(stanza, *stamp, self.state.config.server());
            say::send(out, &self.state, rule::O7, SessionSet::of(seat), &delayed);
        }
        if more && count > 0 {
            self.state.offline = self.state.offline.max(1);
            self.fetch(seat, out);
        }
    }

    /// A session becomes available, changes its priority or becomes unavailable.
    pub(super) fn available(
        &mut self,
        why: Rule,
        seat: Seat,
        session: Address,
        priority: Option<i8>,
        stanza: Option<Box<Stanza>>,
        out: &mut Out<'_>,
    ) {
        let Some((was, directed)) = self.state.change(seat, |session| {
            let was = core::mem::replace(&mut session.priority, priority);
            let directed = if priority.is_none() { core::mem::take(&mut session.directed) } else { Default::default() };
            (was, directed)
        }) else {
            return;
        };
        if let Some(stanza) = stanza {
            let directed = directed.iter().filter_map(|jid| Address::from_saved(jid)).collect();
            say::order(out, why, Order::Broadcast { session, was, directed, stanza });
        }
        let newly = was.is_none_or(|was| was < 0) && priority.is_some_and(|priority| priority >= 0);
        if newly {
            self.fetch(seat, out);
        }
    }

    /// Asks for what is kept, unless it is asked for already.
    fn fetch(&mut self, seat: Seat, out: &mut Out<'_>) {
        if self.state.offline > 0 && self.state.open.is_none() {
            let token = self.state.next_token();
            self.state.open = Some((token, Some(seat.0)));
            say::order(out, rule::O6, Order::FetchOffline { token, max: self.state.limits.offline_page });
        }
    }
}

/// The presence of a session that is gone without a word.
fn farewell(session: &Address) -> Option<Stanza> {
    let mut element = Element::bare("presence", ns::CLIENT);
    for (name, value) in [("from", session.as_str()), ("type", StanzaType::Unavailable.as_str())] {
        let name = NcName::try_from(name).ok()?;
        element.attrs_mut().insert(Namespace::NONE, name, value.to_owned());
    }
    Stanza::from_element(&element, &CodecLimits::default()).ok()
}
