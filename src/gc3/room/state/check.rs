//! What a room relies on: built anew after loading, and checked.

use super::{Key, Person, Question, Relay, Relayed, Session, Slot, State, Timer};
use crate::gc3::acl::Affiliation;
use crate::gc3::host::Token;
use crate::party::Seat;

impl State {
    /// Builds what is derived, after loading, and checks what the room relies on.
    pub(crate) fn relink(&mut self) -> Result<(), &'static str> {
        let key = Self::key(&self.secret);
        if self.people.roster().key() != key || self.sessions.roster().key() != key {
            return Err("the tables are not keyed by the room's secret");
        }
        self.timers.reindex();
        if !self.registry.reindex() {
            return Err("two reserved one nickname");
        }
        self.rates.reindex();
        if !self.names.reindex() {
            return Err("two have one name");
        }
        if !self.tombs.reindex() {
            return Err("two tombstones have one version");
        }
        if !self.sessions.relink(&mut self.people) {
            return Err("a session belongs to nobody");
        }
        Ok(())
    }

    /// Whether everything fits together. For tests, fuzzing and loaded snapshots.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.check_loaded()?;
        self.people.check()?;
        if !self.people.iter().all(|(slot, p)| p.id == self.id_of(self.people.jid(slot))) {
            return Err("a participant ID is not that of its account");
        }
        Ok(())
    }

    /// All of [`check`](Self::check) that a snapshot is worth: an ID that is another's is what the checksum is for.
    pub(crate) fn check_loaded(&self) -> Result<(), &'static str> {
        self.access.check()?;
        self.check_rights()?;
        self.check_promises()?;
        if !self.reacted.check() {
            return Err("reactions are remembered that there are not");
        }
        let listed =
            |bare: &str| self.access.get(&Key::Account(bare.into())).is_some_and(|e| e.affiliation > Affiliation::None);
        if !self.registry.check() {
            return Err("two reserved one nickname");
        }
        if !self.registry.iter().all(|(bare, _)| listed(bare)) {
            return Err("somebody registered who is not on the list");
        }
        let fits = |person: &Person| {
            person.version <= self.version.counter
                && person.joined <= person.version
                && person.since_seq <= self.talk.seq
        };
        if !self.people.iter().all(|(_, person)| fits(person)) {
            return Err("a participant is newer than the room");
        }
        if !self.sessions.iter().all(|(_, s)| self.people.get(s.person).is_some()) {
            return Err("a session belongs to nobody");
        }
        if self.tombs.iter().any(|(id, tomb)| self.people.find_id(*id).is_some() || tomb.version > self.version.counter)
        {
            return Err("somebody is both here and gone");
        }
        let occupies = |(_, s): &(Seat, &Session)| s.dialect.is_by_presence();
        if !self.sessions.iter().filter(occupies).map(|(seat, _)| seat).eq(self.occupancy.keys().copied()) {
            return Err("a session is in by presence that it did not send");
        }
        let here = |slot: Slot| self.people.get(slot).is_some();
        if !self.names.holders().all(here) || !self.stale.iter().all(|&slot| here(slot)) {
            return Err("somebody who is not here has a name");
        }
        let stays = |(slot, p): (Slot, &Person)| !p.is_ephemeral() || self.spoken_for(slot).is_some();
        if !self.people.iter().all(stays) {
            return Err("somebody is in by presence without a session");
        }
        if !self.pending.keys().all(|&seat| self.sessions.get(seat).is_some()) {
            return Err("a pending session is none");
        }
        let awaited = |timer| self.timers.get(timer).is_some();
        let expires = |(&number, relay): (&u64, &Relay)| match relay.what {
            Relayed::Check(seat) => self.sessions.get(seat).is_some() && awaited(Timer::Check(seat)),
            _ => awaited(Timer::Relay(number)),
        };
        if !self.relays.iter().all(expires) {
            return Err("a request is never given up");
        }
        let expires = |(&token, question): (&Token, &Question)| match question {
            Question::Features(seat) => awaited(Timer::Pending(*seat)),
            _ => awaited(Timer::Question(token)),
        };
        if !self.questions.iter().all(expires) {
            return Err("a question is never given up");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::mem::size_of;

    use super::*;

    #[test]
    fn what_there_are_many_of_is_small() {
        assert_eq!(size_of::<Option<Person>>(), 96);
        assert_eq!(size_of::<Option<Session>>(), 24);
    }
}
