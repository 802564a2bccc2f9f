//! Requests to accounts that are open, and sessions that were lost on the way.

use super::{Asked, Bound, Exited, Origin, Present, Relay, Relayed, Slot, Standing, State, Timer, Why};
use crate::party::{Address, Seat};
use crate::time::{Span, Time};

/// More messages than anybody can have accepted between a saved state and its loss.
const LOST_AT_MOST: u64 = 1 << 32;

/// Who asked for something that is relayed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) full: &'a str,
    /// The id of its request.
    pub(crate) id: &'a str,
    /// The address that it asked.
    pub(crate) asked: &'a str,
}

impl State {
    /// Notes a request to an account, and when it is too late for the answer; gives back the id to send it with.
    pub(crate) fn relay(&mut self, asker: Asker<'_>, who: Slot, target: Slot, what: Relayed) -> Option<String> {
        let (from, to) = (self.people.get(who)?.id, self.people.get(target)?.id);
        let limits = self.limits;
        self.spend(Bound::RelayPair, &crate::gc3::room::judge::pair(from, to), limits.relay_pair);
        self.spend(Bound::RelayAsker, from.as_str(), limits.relay_asker);
        self.spend(Bound::RelayTarget, to.as_str(), limits.relay_target);
        let (number, id) = self.next_request();
        let relay = Relay {
            id: id.as_str().into(),
            to: self.people.jid(target).into(),
            asker: asker.full.into(),
            asker_id: asker.id.into(),
            asked: asker.asked.into(),
            what,
        };
        self.relays.insert(number, relay);
        self.timers.set(Timer::Relay(number), self.now.plus(limits.relay_for));
        Some(id)
    }

    /// Notes a request to an occupant's session, likewise.
    pub(crate) fn forward(&mut self, asker: Asker<'_>, (who, target): (Slot, Slot), seat: Seat) -> Option<String> {
        let to = self.sessions.roster().get(seat)?.as_str().into();
        let id = self.relay(asker, who, target, Relayed::Forward)?;
        if let Some(relay) = self.relays.get_mut(&self.drawn) {
            relay.to = to;
        }
        Some(id)
    }

    /// Ends a request; gives it back if it was open.
    pub(crate) fn end_relay(&mut self, number: u64) -> Option<Relay> {
        self.timers.clear(Timer::Relay(number));
        self.relays.remove(&number)
    }

    /// Notes that a session is asked whether it is there; gives back the id to ask with.
    pub(crate) fn check_session(&mut self, seat: Seat) -> String {
        let (number, id) = self.next_request();
        let nobody: Box<str> = "".into();
        let relay = Relay {
            id: id.as_str().into(),
            to: self.sessions.jid(seat).into(),
            asker: nobody.clone(),
            asker_id: nobody.clone(),
            asked: nobody,
            what: Relayed::Check(seat),
        };
        self.relays.insert(number, relay);
        self.timers.set(Timer::Check(seat), self.now.plus(self.limits.relay_for));
        id
    }

    /// A session said that it is there.
    pub(crate) fn checked(&mut self, seat: Seat) {
        self.timers.clear(Timer::Check(seat));
        self.relays.retain(|_, relay| relay.what != Relayed::Check(seat));
    }

    /// Ends a session that could not be reached; its account is asked for its presence (G4.7). Gives back who it was.
    pub(crate) fn lose(&mut self, seat: Seat) -> Option<(Address, Option<Present>)> {
        let jid = self.sessions.jid(seat).to_owned();
        self.spend(Bound::Bounce, &jid, self.limits.bounces);
        let (closed, present) = self.unavailable(seat);
        let (address, session) = closed?;
        if session.origin == Origin::Presence {
            let at = self.now.plus(self.limits.probe_after);
            self.probe_from(session.person, at);
        }
        Some((address, present))
    }

    /// The same for a session that is in by presence.
    pub(crate) fn lose_occupant(&mut self, seat: Seat) -> Option<Exited> {
        let session = *self.sessions.get(seat)?;
        let jid = self.sessions.jid(seat).to_owned();
        self.spend(Bound::Bounce, &jid, self.limits.bounces);
        let exited = self.end_occupant(seat, Why::Lost);
        if session.origin == Origin::Presence && self.people.get(session.person).is_some() {
            let at = self.now.plus(self.limits.probe_after);
            self.probe_from(session.person, at);
        }
        exited
    }

    /// Has an account asked for its presence at some time, and again with growing pauses until it answers.
    fn probe_from(&mut self, who: Slot, at: Time) {
        let now = self.now;
        self.asked.insert(who, Asked { at: now, wait: self.limits.probe_after, since: now });
        self.timers.set(Timer::Probe(who), at);
    }

    /// Something may be lost: versions that clients hold are void, and presence is asked for again, not too much at once
    /// (G2.4, G4.7).
    pub(crate) fn restored(&mut self) {
        self.drawn += 1;
        let parts = [&self.now.millis().to_be_bytes()[..], &self.drawn.to_be_bytes()];
        self.version.tag = self.secret.draw("version-tag", &parts).base32_short().into();
        // Messages that were lost here may be in the archive: none of their numbers and ids is given again.
        // The time goes in too: a state may be restored more than once, and must not count the same way again.
        // A clock that runs ahead without bounds must not use up the numbers.
        self.talk.seq = self.talk.seq.saturating_add(LOST_AT_MOST).max(self.now.millis().min(1 << 53));
        let approved: Vec<Slot> =
            self.people.iter().filter(|(_, p)| p.standing == Standing::Approved).map(|(slot, _)| slot).collect();
        let at_once = self.limits.farewells.max(1) as usize;
        for (second, slots) in approved.chunks(at_once).enumerate() {
            let wait = Span::from_secs(second as u64);
            for &who in slots {
                self.probe_from(who, self.now.plus(self.limits.probe_after).plus(wait));
            }
        }
    }

    /// Nobody needs the name of somebody who left any more (L1). Lists since before are not known any more, for they
    /// could not tell of it.
    pub(crate) fn forget_name(&mut self, id: crate::gc3::id::ParticipantId) -> bool {
        let Some(tomb) = self.tombs.remove(id) else { return false };
        self.version.floor = self.version.floor.max(tomb.version);
        true
    }
}
