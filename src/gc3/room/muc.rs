//! What follows when presence to an occupant's address was judged (XEP-0045): apply, then say.

use super::judge::muc::{Change, Renaming};
use super::state::{Asker, Dialect, Edited, Entering, Exited, Ruled, Session, Why};
use super::{Out, Room, RoomOrder, say};
use crate::codec::{Fragment, Stanza};
use crate::gc3::host::{Notice, Order};
use crate::gc3::id::ParticipantId;
use crate::gc3::rules::{acl, muc as rule, table};
use crate::gc3::wire::Ask as Any;
use crate::gc3::wire::muc::{Ask, History};
use crate::machine::Action;
use crate::party::Seat;
use crate::rule::Rule;

impl Room {
    /// Applies a change by presence and says what follows from it.
    pub(super) fn perform_muc(&mut self, why: Rule, stanza: &Stanza, ask: &Any<'_>, change: Change, out: &mut Out<'_>) {
        let state = &mut self.state;
        match change {
            Change::Enter { entering, history, as_asked, rules } => {
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
                let old = state.name(who).to_owned();
                state.direct(seat, directed.show, directed.priority, directed.payload);
                state.rename(who, nick);
                state.may_tell(who);
                say::muc::renamed(state, out, why, who, &old, (!as_asked).then_some(seat));
                self.announce_presence(who, out);
            }
            Change::Exit { seat } => {
                let words = match ask {
                    Any::Muc(Ask::Exit(words)) => words.clone(),
                    _ => Fragment::default(),
                };
                let exited = state.exit(seat, Why::Left);
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
        let state = &mut self.state;
        let again = state.occupant(entering.directed.full.as_str()).is_some();
        if !again && let Some(from) = &stanza.from {
            let rate = state.limits.entries;
            state.spend(super::state::Bound::Enter, from.to_bare().as_str(), rate);
        }
        let entered = state.enter(entering);
        if entered.new {
            let jid = state.people.roster().get(entered.who).and_then(|jid| jid::BareJid::new(jid.as_str()).ok());
            if let (Some(jid), Ok(room)) = (jid, jid::BareJid::new(state.address.as_str())) {
                out.push(why, Action::Tell(Notice::Joined { room, jid }));
            }
        }
        say::muc::entered(state, out, why, stanza, &entered, as_asked, history);
        self.announce_presence(entered.who, out);
    }

    /// Tells those who read the other dialect of a presence that changed.
    fn announce_presence(&mut self, who: super::state::Slot, out: &mut Out<'_>) {
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
            Some(Exited::Session { who, jid, changed, back }) => {
                say::muc::ended(&self.state, out, why, who, &jid, words);
                let present = self.state.present(who);
                // Without another session it is shown by what the room knows of it, which the announcement tells.
                if changed && (present.is_none() || self.state.spoken_for(who).is_some()) {
                    say::muc::shown_to_others(&self.state, out, why, who);
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
        let occupies = |(seat, session): (Seat, &Session)| (session.dialect == Dialect::Muc).then_some(seat);
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
