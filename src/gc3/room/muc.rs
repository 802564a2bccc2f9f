//! What follows when presence that enters, shows or leaves was judged (XEP-0045, `urn:xmpp:muc:0`), and the request of a
//! bare JID: apply, then say.

use super::judge::muc::{Change, Renaming};
use super::judge::muc2::Occupying;
use super::say::muc::Entry;
use super::state::{Asker, Edited, Entering, Exited, Ruled, Session, Slot, State, Turn, Why};
use super::{Out, Room, RoomOrder, say, watch};
use crate::codec::{Fragment, Stanza};
use crate::gc3::host::{Ground, Notice, Order};
use crate::gc3::id::ParticipantId;
use crate::gc3::rules::{acl, muc as rule, table};
use crate::gc3::wire::Ask as Any;
use crate::gc3::wire::muc::{Ask, History, farewell};
use crate::machine::Action;
use crate::party::Seat;
use crate::rule::Rule;

impl Room {
    /// Applies a change by presence and says what follows from it.
    pub(super) fn perform_muc(&mut self, why: Rule, stanza: &Stanza, ask: &Any<'_>, change: Change, out: &mut Out<'_>) {
        let state = &mut self.state;
        match change {
            Change::Enter { entering, nick, history, as_asked, rules } => {
                if let (Some(nick), Ok(who)) = (nick, &entering.who) {
                    let seat = state.sessions.find(entering.directed.full.as_str());
                    self.rename(*who, nick, seat.map(|seat| (seat, &[][..])), out);
                }
                self.enter(why, stanza, *entering, (history, as_asked), out);
                rules.iter().filter(|&&rule| rule != why).for_each(|&rule| say::also(out, rule));
            }
            Change::Show { seat, who, directed, nick: None } => {
                let before = state.spoken_for(who).map(|(_, payload)| payload.clone());
                state.direct(seat, directed.show, directed.priority, directed.payload);
                let changed = state.spoken_for(who).map(|(_, payload)| payload) != before.as_ref();
                if !changed || state.may_tell(who) {
                    say::muc::shown(state, out, why, who, changed, seat);
                }
                self.announce_presence(who, out);
            }
            Change::Show { seat, who, directed, nick: Some(Renaming { nick, as_asked }) } => {
                state.direct(seat, directed.show, directed.priority, directed.payload);
                self.rename(who, nick, (!as_asked).then_some((seat, &[110, 210][..])), out);
                self.announce_presence(who, out);
            }
            Change::Exit { seat, whole } => {
                let words = match ask {
                    Any::Muc(Ask::Exit(words)) => words.clone(),
                    _ => farewell(stanza),
                };
                let exited = if whole { state.end_occupant(seat, Why::Left) } else { state.exit(seat, Why::Left) };
                self.exited(why, exited, &words, out);
            }
            Change::Avatar { avatar, actor } => {
                state.avatar = avatar;
                state.config_version += 1;
                state.note(actor, "avatar".to_owned());
                say::answer(state, out, why, stanza, &super::judge::Reply::Done);
                say::reconfigured(state, out, table::C2);
                say::muc::configured(state, out, &state.config);
            }
            Change::Astray => say::muc::astray(state, out, why, stanza),
            Change::Forward(forward) => {
                let asker = Asker {
                    full: stanza.from.as_ref().map_or("", |from| from.as_str()),
                    id: stanza.id.as_deref().unwrap_or_default(),
                    asked: stanza.element.attr("to").unwrap_or_default(),
                };
                if let Some(id) = state.forward(asker, (forward.asker, forward.target), forward.seat) {
                    say::muc::forwarded(state, out, why, &forward, &id);
                }
            }
        }
    }

    /// Somebody has another nickname from now on. `apart`: a session that is told so in other words, see
    /// [`say::muc::renamed`].
    fn rename(&mut self, who: Slot, nick: Box<str>, apart: Option<(Seat, &[u16])>, out: &mut Out<'_>) {
        let state = &mut self.state;
        let old = state.name(who).to_owned();
        state.rename(who, nick);
        state.tell(who);
        say::muc::renamed(state, out, rule::N1, (who, &old), apart);
        watch::changed(state, out, Some(state.people.jid(who)), None);
    }

    /// A bare JID occupies the room (MUC2-PAM).
    pub(super) fn occupy(&mut self, why: Rule, stanza: &Stanza, occupying: Occupying, out: &mut Out<'_>) {
        let Occupying { who, nick, rules } = occupying;
        if let Err(joining) = &who {
            self.redeem(joining, out);
        }
        if let (Some(nick), Ok(who)) = (nick, &who) {
            self.rename(*who, nick, None, out);
        }
        let state = &mut self.state;
        if let Some(from) = &stanza.from {
            let rate = state.limits.entries;
            state.spend(super::state::Bound::Enter, from.to_bare().as_str(), rate);
        }
        let (who, new) = state.occupy(who);
        if new {
            joined(state, out, why, who);
        }
        say::muc::occupied(state, out, why, stanza, who);
        rules.iter().for_each(|&rule| say::also(out, rule));
        watch::changed(state, out, Some(state.people.jid(who)), Some(Ground::Occupancy));
        if new {
            say::muc::shown_to_others(state, out, why, (who, Turn::Other));
        }
    }

    /// A bare JID does not occupy the room any more.
    pub(super) fn vacate(&mut self, why: Rule, stanza: &Stanza, who: Slot, out: &mut Out<'_>) {
        let gone = self.state.vacate(who);
        say::left(out, why, stanza);
        match gone {
            Some(gone) => say::departed(&self.state, out, why, &gone),
            None => watch::changed(&self.state, out, Some(self.state.people.jid(who)), None),
        }
    }

    /// A room that is not persistent ends with its last participant, and leaves nothing behind (§7.14).
    pub(super) fn vanish_if_left(&mut self, had: bool, out: &mut Out<'_>) {
        let state = &mut self.state;
        if !had || state.config.persistent || !state.people.is_empty() || state.destroyed.is_some() || state.vanished {
            return;
        }
        state.vanished = true;
        state.timers = super::state::Timers::default();
        (state.questions, state.relays) = Default::default();
        if let Ok(room) = jid::BareJid::new(state.address.as_str()) {
            if !state.config.aliases.is_empty() {
                out.push(rule::X1, Action::Do(RoomOrder::Aliases(Vec::new())));
            }
            out.push(rule::X1, Action::Do(RoomOrder::Host(Order::Drop { room: room.clone() })));
            out.push(rule::X1, Action::Tell(Notice::Destroyed { room }));
        }
    }

    fn enter(
        &mut self,
        why: Rule,
        stanza: &Stanza,
        entering: Entering,
        (history, as_asked): (History, bool),
        out: &mut Out<'_>,
    ) {
        if let Err(joining) = &entering.who {
            self.redeem(joining, out);
        }
        let state = &mut self.state;
        let again = state.occupant(entering.directed.full.as_str()).is_some();
        if !again && let Some(from) = &stanza.from {
            let rate = state.limits.entries;
            state.spend(super::state::Bound::Enter, from.to_bare().as_str(), rate);
        }
        let mut entered = state.enter(entering);
        if !entered.new && entered.changed && entered.turn == Turn::Other {
            // Who enters over and over tells others no more than who shows itself so (P14).
            entered.changed = state.may_tell(entered.who);
        }
        if entered.new {
            joined(state, out, why, entered.who);
        }
        say::muc::entered(state, out, why, &Entry { stanza, entered, as_asked, history });
        self.announce_presence(entered.who, out);
    }

    /// Tells those who read the other dialect of a presence that changed.
    fn announce_presence(&mut self, who: Slot, out: &mut Out<'_>) {
        if let Some(present) = self.state.present(who) {
            say::presence(&self.state, out, table::P3, present);
        }
    }

    /// A session that was in by presence is gone, and maybe its account with it.
    pub(super) fn exited(&mut self, why: Rule, exited: Option<Exited>, words: &Fragment, out: &mut Out<'_>) {
        match exited {
            Some(Exited::Departed(mut gone)) => {
                gone.words = words.clone();
                say::departed(&self.state, out, why, &gone);
            }
            Some(Exited::Session { who, jid, dialect, online, changed, back }) => {
                say::muc::ended(&self.state, out, why, (who, dialect), &jid, words);
                let present = self.state.present(who);
                // Without another session it is shown by what the room knows of it, which the announcement tells.
                if changed && (present.is_none() || self.state.spoken_for(who).is_some()) {
                    let turn = self.state.turn_since(who, online);
                    say::muc::shown_to_others(&self.state, out, why, (who, turn));
                }
                if let Some(present) = present {
                    say::presence(&self.state, out, table::P3, present);
                }
                if back {
                    say::also(out, rule::J10);
                }
            }
            None => {}
        }
    }

    /// The service shuts down: every occupant is out, and told so (XEP-0045 §11.2).
    pub(super) fn shut_down(&mut self, out: &mut Out<'_>) {
        say::muc::shut_down(&self.state, out);
        let occupies = |(seat, session): (Seat, &Session)| session.dialect.is_by_presence().then_some(seat);
        let seats: Vec<Seat> = self.state.sessions.iter().filter_map(occupies).collect();
        for seat in seats {
            // Nobody is told of anybody else: all of them go.
            self.state.end_occupant(seat, Why::Lost);
        }
    }

    /// A session that was in by presence could not be reached.
    pub(super) fn lose_occupant(&mut self, seat: Seat, out: &mut Out<'_>) {
        let jid = self.state.sessions.jid(seat).into();
        let exited = self.state.lose_occupant(seat);
        out.push(table::P6, Action::Tell(Notice::SessionEnded { jid }));
        self.exited(rule::P6, exited, &Fragment::default(), out);
    }

    /// Shows occupants who wears which hat, and that the rules are others.
    pub(super) fn show_rights(&mut self, why: Rule, what: &Ruled, actor: ParticipantId, out: &mut Out<'_>) {
        let state = &self.state;
        if let Ruled::Hats(_, touched) = what {
            let changed = touched.iter().filter_map(|bare| Some((state.people.find(bare)?, None))).collect();
            if !touched.is_empty() {
                say::also(out, rule::H1);
            }
            say::muc::changed(state, out, &Edited { changed, ..Edited::default() }, Some(actor));
        }
        if matches!(what, Ruled::Policy(_)) || [acl::H1, acl::H2].contains(&why) {
            say::muc::configured(state, out, &state.config.clone());
        }
    }
}

/// Tells the host that an account is in.
fn joined(state: &State, out: &mut Out<'_>, why: Rule, who: Slot) {
    let jid = jid::BareJid::new(state.people.jid(who));
    if let (Ok(jid), Ok(room)) = (jid, jid::BareJid::new(state.address.as_str())) {
        out.push(why, Action::Tell(Notice::Joined { room, jid }));
    }
}
