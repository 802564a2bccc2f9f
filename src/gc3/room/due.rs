//! What happens when a timer is due, when an answer lets a stanza be judged again, and when the host commands.

use bytes::Bytes;

use super::state::{Ending, Question, Timer, Topics};
use super::{Out, Room, judge, say};
use crate::codec::{Reader, Stanza};
use crate::gc3::host::{Command, Notice};
use crate::gc3::id::ParticipantId;
use crate::gc3::refusals::SILENT;
use crate::gc3::rules::{muc, table as rule};
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;

/// Does what a timer stands for.
pub(super) fn due(room: &mut Room, timer: Timer, out: &mut Out<'_>) {
    let state = &mut room.state;
    match timer {
        Timer::Announce => {
            say::announce(state, out);
            state.version.announced = state.version.counter;
            state.forget_asked();
        }
        Timer::Session(seat) => {
            let Some(session) = state.sessions.get(seat) else { return };
            let ends = session.last.plus(state.limits.bare_for);
            if ends > state.now {
                state.timers.set(Timer::Session(seat), ends);
            } else if let (Some((jid, _)), _) = state.unavailable(seat) {
                out.push(rule::G4_5, Action::Tell(Notice::SessionEnded { jid: jid.as_str().into() }));
            }
        }
        Timer::Pending(seat) => room.ready(rule::G4_6, seat, Topics::NONE, out),
        Timer::Presence(who) => {
            if state.stale.contains(&who)
                && state.may_tell(who)
                && let Some((seat, _)) = state.spoken_for(who)
            {
                say::muc::shown(state, out, muc::U1, who, true, seat);
                say::also(out, rule::P14);
            }
            if let Some(present) = state.present(who) {
                say::presence(state, out, rule::P14, present);
            }
        }
        Timer::Probe(who) => {
            if state.probe_again(who) {
                say::probe(state, out, rule::G4_7, who);
            }
        }
        Timer::Resubscribe(who) => {
            if state.ask_again(who) {
                say::ask(state, out, rule::G4_2, who);
            }
        }
        Timer::Forget => {
            state.forget();
            say::also(out, rule::L1);
        }
        Timer::Question(token) => match state.questions.remove(&token) {
            Some(Question::Parent { stanza, .. }) => host_silent(room, rule::SP6, &stanza, out),
            Some(Question::Page(stanza) | Question::Ends { stanza, .. }) => {
                host_silent(room, rule::G7_3, &stanza, out);
            }
            Some(Question::Find { stanza, id }) => room.not_found(&stanza, id, out),
            Some(Question::Features(seat)) => room.ready(rule::G4_6, seat, Topics::NONE, out),
            None => {}
        },
        Timer::Check(seat) => {
            if judge::may_end(state, seat) {
                room.lose(rule::P6, seat, out);
            } else {
                state.checked(seat);
            }
        }
        Timer::Relay(number) => room.relay_late(number, out),
        Timer::Farewell => {
            let accounts = state.farewells();
            say::farewell(state, out, rule::G3_5, &accounts);
        }
        // Nothing is left to remember, and whoever holds the room drops it.
        Timer::Vanish => say::also(out, rule::G3_5),
        Timer::Unconfigured => {
            room.end(muc::O17, &Ending::default(), out);
        }
    }
}

/// Judges a stanza again, with what the host answered.
pub(super) fn again(room: &mut Room, stanza: &Bytes, out: &mut Out<'_>) {
    if let Some(stanza) = reread(stanza) {
        room.state.again = true;
        room.stanza(&stanza, out);
        room.state.again = false;
    }
}

/// Refuses a stanza because the host did not answer.
pub(super) fn host_silent(room: &Room, why: Rule, stanza: &Bytes, out: &mut Out<'_>) {
    if let Some(stanza) = reread(stanza) {
        say::refuse(&room.state, out, why, &stanza, &SILENT.into());
    }
}

/// The stanza that a question was kept with.
pub(super) fn reread(stanza: &Bytes) -> Option<Stanza> {
    Reader::one(ns::CLIENT, stanza).ok()
}

/// Does what the host commands.
pub(super) fn command(room: &mut Room, command: Command, out: &mut Out<'_>) {
    let state = &mut room.state;
    match command {
        // Sessions learn by sync what they missed.
        Command::Shutdown => {
            room.shut_down(out);
            say::also(out, rule::G13_3);
        }
        Command::Restored => {
            state.restored();
            say::also(out, rule::G2_4);
        }
        Command::Forget { room, id }
            if room.as_str() == state.address.as_str()
                && ParticipantId::parse(&id).is_some_and(|id| state.forget_name(id)) =>
        {
            say::also(out, rule::L1);
        }
        Command::ParentLost { uri, jid } => {
            let departed = state.parent_lost(&uri, jid.as_str());
            say::removed(state, out, departed.as_slice());
            say::also(out, rule::SP8);
        }
        Command::ParentGone { uri } if state.config.parent == uri => {
            state.parent_gone(&uri);
            say::reconfigured(state, out, rule::SP10);
        }
        _ => {}
    }
}
