//! What a room knows for the sake of those who enter by presence: the names under which XEP-0045 addresses its occupants,
//! and the presence that each session sent.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jid::ResourcePart;
use serde::{Deserialize, Serialize};

use super::{
    Departed, Dialect, Joining, Level, Marks, Origin, Person, Session, Show, Slot, State, Timer, Topics, Turn, Why,
};
use crate::gc3::id::ParticipantId;
use crate::gc3::nick;
use crate::gc3::wire::muc::Shown;
use crate::party::{Address, Seat};
use crate::time::Span;

/// Names of those whose nickname is no resource, or is another's name already (G10.1). Few have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Names {
    of: BTreeMap<Slot, Box<str>>,
    /// Who holds a name, by what names are compared by.
    #[serde(skip)]
    held: BTreeMap<Box<str>, Slot>,
}

impl Names {
    fn get(&self, who: Slot) -> Option<&str> {
        self.of.get(&who).map(|name| &**name)
    }

    /// Who holds a name that cannot be told from this one.
    fn find(&self, name: &str) -> Option<Slot> {
        if self.held.is_empty() {
            return None;
        }
        self.held.get(nick::key(name).as_str()).copied()
    }

    fn set(&mut self, who: Slot, name: Option<Box<str>>) {
        if let Some(old) = self.of.remove(&who) {
            self.held.remove(nick::key(&old).as_str());
        }
        if let Some(name) = name {
            self.held.insert(nick::key(&name).into(), who);
            self.of.insert(who, name);
        }
    }

    /// Builds what is derived, after loading; `false` if two have one name.
    pub(super) fn reindex(&mut self) -> bool {
        self.held = self.of.iter().map(|(&who, name)| (nick::key(name).into(), who)).collect();
        self.held.len() == self.of.len()
    }

    /// Whose names there are.
    pub(super) fn holders(&self) -> impl Iterator<Item = Slot> + '_ {
        self.of.keys().copied()
    }
}

/// The room's picture (XEP-0486).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Avatar {
    /// The SHA-1 of each form of it, in hexadecimal.
    pub(crate) hashes: Vec<Box<str>>,
    /// The vCard, as bytes.
    pub(crate) card: Bytes,
}

/// The presence that a session directs to the room.
#[derive(Clone, Debug)]
pub(crate) struct Directed {
    pub(crate) full: Address,
    pub(crate) show: Show,
    pub(crate) priority: i8,
    /// Its children without forgeries, as they are passed on.
    pub(crate) payload: Bytes,
}

impl Directed {
    /// What a full JID sent that wants to be shown so.
    pub(crate) fn of(full: Address, shown: &Shown) -> Self {
        let payload = shown.payload.bytes().clone();
        Self { full, show: shown.show, priority: shown.priority, payload }
    }
}

/// Somebody enters by presence: an account that is not in yet, or one more session of one that is.
#[derive(Clone, Debug)]
pub(crate) struct Entering {
    pub(crate) who: Result<Slot, Joining>,
    pub(crate) directed: Directed,
    pub(crate) dialect: Dialect,
    /// How much presence it wants, where the dialect lets it choose.
    pub(crate) level: Level,
}

/// What came of entering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entered {
    pub(crate) who: Slot,
    pub(crate) seat: Seat,
    /// Whether the account was not in before.
    pub(crate) new: bool,
    /// Whether others see another presence of it now.
    pub(crate) changed: bool,
    /// Whether it became available by it.
    pub(crate) turn: Turn,
    /// Whether its account is in otherwise as well, and would stay.
    pub(crate) both: bool,
    /// The dialect that the session spoke before, if there was one.
    pub(crate) before: Option<Dialect>,
    /// Whether its JID was hidden until now.
    pub(crate) released: bool,
}

/// What came of the end of a session that was in by presence.
#[derive(Clone, Debug)]
pub(crate) enum Exited {
    /// The account is not in any more.
    Departed(Box<Departed>),
    /// It still is: the session that ended, in its dialect, whether its account was available, and whether others see
    /// another presence of it now. `back`: it is a session of GC3 again.
    Session { who: Slot, jid: Address, dialect: Dialect, online: bool, changed: bool, back: bool },
}

impl State {
    /// The name by which XEP-0045 addresses a participant.
    pub(crate) fn name(&self, who: Slot) -> &str {
        match self.names.get(who) {
            Some(name) => name,
            None => self.people.get(who).map_or("", |person| &person.nick),
        }
    }

    /// Whether there are too many for all to be shown to all (G10.4).
    pub(crate) fn is_crowd(&self) -> bool {
        self.people.len() > self.limits.crowd as usize
    }

    /// Those who spoke last, as far as the room remembers it.
    pub(crate) fn speakers(&self) -> BTreeSet<ParticipantId> {
        let mut speakers = BTreeSet::new();
        for author in self.talk.recent.iter().rev().filter_map(|said| said.author) {
            if speakers.len() >= self.limits.crowd_speakers {
                break;
            }
            speakers.insert(author);
        }
        speakers
    }

    /// Has somebody shown from now on; whether it was not before.
    pub(crate) fn display(&mut self, who: Slot) -> bool {
        let hidden = |person: &&mut Person| !person.displayed;
        self.people.get_mut(who).filter(hidden).map(|person| person.displayed = true).is_some()
    }

    /// Whether a participant's name is not its nickname.
    pub(crate) fn has_other_name(&self, who: Slot) -> bool {
        self.names.get(who).is_some()
    }

    /// The occupant JID.
    pub(crate) fn occupant_jid(&self, name: &str) -> String {
        let room = self.address.as_str();
        let mut jid = String::with_capacity(room.len() + 1 + name.len());
        jid.push_str(room);
        jid.push('/');
        jid.push_str(name);
        jid
    }

    /// The address of a participant in a dialect.
    pub(crate) fn address_in(&self, dialect: Dialect, who: Slot) -> String {
        match dialect {
            Dialect::Muc => self.occupant_jid(self.name(who)),
            Dialect::Gc3 | Dialect::Muc2 => {
                self.people.get(who).map_or_else(String::new, |person| self.participant_jid(person.id))
            }
        }
    }

    /// Whether a participant is available, as far as others are told.
    pub(crate) fn is_online(&self, who: Slot) -> bool {
        self.spoken_for(who).is_some() || self.people.get(who).is_some_and(|person| person.shown.is_some())
    }

    /// Whether a participant became available or unavailable since it was `online` or not.
    pub(crate) fn turn_since(&self, who: Slot, online: bool) -> Turn {
        if self.is_online(who) == online { Turn::Other } else { Turn::Online }
    }

    /// Who is addressed by a resource: a participant ID, a name, or a nickname.
    pub(crate) fn holder(&self, resource: &str) -> Option<Slot> {
        if resource.starts_with('-') {
            return self.people.find_id(ParticipantId::parse(resource)?);
        }
        self.names.find(resource).or_else(|| self.people.find_nick(resource))
    }

    /// Gives a participant the name that fits its nickname now (G10.1).
    pub(crate) fn give_name(&mut self, who: Slot) {
        self.names.set(who, None);
        let Some(person) = self.people.get(who) else { return };
        let name = self.name_for(who, &person.nick, person.id);
        self.names.set(who, name);
    }

    /// The name of somebody with that nickname; `None` if it is the nickname.
    fn name_for(&self, who: Slot, nick: &str, id: ParticipantId) -> Option<Box<str>> {
        let taken = |name: &str| {
            let holder = self.names.find(name).or_else(|| self.people.find_nick(name));
            holder.is_some_and(|holder| holder != who)
        };
        if is_resource(nick) && self.names.find(nick).is_none() {
            return None;
        }
        let plain = resource_of(nick);
        if !plain.is_empty() && !taken(&plain) {
            return Some(plain.into());
        }
        let tail: String = id.as_str().chars().skip(1).take(4).collect();
        let name = format!("{plain} ({tail})");
        let name = name.trim_start();
        // Participant IDs are resources, and nobody else's name.
        Some(if is_resource(name) && !taken(name) { name.into() } else { id.as_str().into() })
    }

    /// A participant is in by request from now on, and stays when its devices go; whether that is new.
    pub(crate) fn stay(&mut self, who: Slot) -> bool {
        let stays = self.people.get(who).is_some_and(|person| !person.is(Marks::BY_REQUEST));
        if stays {
            if let Some(person) = self.people.get_mut(who) {
                person.marks.set(Marks::BY_REQUEST, true);
            }
            self.touch(who);
        }
        stays
    }

    /// Lets somebody in by presence.
    pub(crate) fn enter(&mut self, entering: Entering) -> Entered {
        let Directed { full, show, priority, payload } = entering.directed;
        let online = entering.who.as_ref().is_ok_and(|&who| self.is_online(who));
        let (who, new) = match entering.who {
            Ok(who) => (who, false),
            Err(joining) => (self.admit(joining), true),
        };
        // It was told by status 100 who sees its JID now.
        let released = self.release(who);
        let topics = if entering.dialect == Dialect::Muc2 { entering.level.topics() } else { Topics::ALL };
        let known = self.sessions.find(full.as_str()).and_then(|seat| self.sessions.get(seat));
        let spoke = known.map(|session| session.dialect);
        let seat = self.attach(who, &full, Origin::Directed);
        self.timers.clear(Timer::Session(seat));
        self.settle(seat);
        let before = self.spoken_for(who).map(|(_, payload)| payload.clone());
        self.sessions.change(seat, |session| {
            session.dialect = entering.dialect;
            session.topics = topics;
            if session.origin == Origin::Bare {
                session.origin = Origin::Directed;
            }
        });
        self.direct(seat, show, priority, payload);
        let changed = released || self.spoken_for(who).map(|(_, payload)| payload) != before.as_ref();
        if released {
            self.touch(who);
        }
        let both = self.people.get(who).is_some_and(|person| !person.is_ephemeral());
        Entered { who, seat, new, changed, turn: self.turn_since(who, online), both, before: spoke, released }
    }

    /// Notes the presence that a session directs to the room.
    pub(crate) fn direct(&mut self, seat: Seat, show: Show, priority: i8, payload: Bytes) {
        let now = self.now;
        self.occupancy.insert(seat, payload);
        self.sessions.change(seat, |session| {
            (session.show, session.priority, session.last) = (show, priority, now);
        });
    }

    /// A participant's directed presence is told now, however often that was done before.
    pub(crate) fn tell(&mut self, who: Slot) {
        let (now, rate) = (self.now, self.limits.input);
        if let Some(person) = self.people.get_mut(who) {
            person.allowance.take(rate, now);
        }
        self.stale.remove(&who);
    }

    /// Whether a participant's directed presence may be told now; if not, it is told later (P14).
    pub(crate) fn may_tell(&mut self, who: Slot) -> bool {
        let (now, rate) = (self.now, self.limits.input);
        let Some(person) = self.people.get_mut(who) else { return false };
        if person.allowance.take(rate, now) {
            self.stale.remove(&who);
            return true;
        }
        self.stale.insert(who);
        if self.timers.get(Timer::Presence(who)).is_none() {
            self.timers.set(Timer::Presence(who), now.plus(rate.every.max(Span::from_millis(1))));
        }
        false
    }

    /// Gives a participant another nickname, and the name that fits it.
    pub(crate) fn rename(&mut self, who: Slot, nick: Box<str>) {
        self.people.rename(who, nick);
        self.give_name(who);
        self.touch(who);
    }

    /// Ends the presence of a session in the room. A participant by request stays in, and so does one that has further
    /// sessions.
    pub(crate) fn exit(&mut self, seat: Seat, why: Why) -> Option<Exited> {
        let session = *self.sessions.get(seat)?;
        let who = session.person;
        let before = self.spoken_for(who).map(|(_, payload)| payload.clone());
        let (online, dialect) = (self.is_online(who), session.dialect);
        let alone = self.occupants_of(who).len() == 1;
        if alone && self.people.get(who)?.is_ephemeral() {
            return Some(Exited::Departed(self.depart(who, why, None)?.into()));
        }
        self.occupancy.remove(&seat);
        let jid = self.sessions.roster().get(seat)?.clone();
        if session.origin == Origin::Presence {
            // It is a session of the other dialect again, and hears nothing until it asks (J10).
            self.sessions.change(seat, |session| {
                session.dialect = Dialect::Gc3;
                (session.topics, session.explicit) = (Topics::NONE, Topics::ALL);
            });
        } else {
            self.detach(seat);
        }
        self.stale.remove(&who);
        let changed = self.spoken_for(who).map(|(_, payload)| payload) != before.as_ref();
        Some(Exited::Session { who, jid, dialect, online, changed, back: session.origin == Origin::Presence })
    }

    /// Ends the presence of a session in the room, and the session with it.
    pub(crate) fn end_occupant(&mut self, seat: Seat, why: Why) -> Option<Exited> {
        self.sessions.change(seat, |session| session.origin = Origin::Directed);
        self.exit(seat, why)
    }

    /// The session of a full JID that is in by presence.
    pub(crate) fn occupant(&self, full: &str) -> Option<(Seat, &Session)> {
        let seat = self.sessions.find(full)?;
        Some((seat, self.sessions.get(seat).filter(|session| session.dialect.is_by_presence())?))
    }

    /// The presence that speaks for a participant who is in by presence: the session's that sent it, and what it sent.
    pub(crate) fn spoken_for(&self, who: Slot) -> Option<(Seat, &Bytes)> {
        let seat = self.sessions.best_occupant(&self.people, who)?;
        Some((seat, self.occupancy.get(&seat)?))
    }

    /// The sessions of a participant that are in by presence, in seat order.
    pub(crate) fn occupants_of(&self, who: Slot) -> Vec<Seat> {
        let occupies = |seat: &Seat| self.occupancy.contains_key(seat);
        self.sessions.of(&self.people, who).filter(occupies).collect()
    }

    /// The same by the dialects that they speak.
    pub(crate) fn occupants_by_dialect(&self, who: Slot) -> impl Iterator<Item = (Dialect, Vec<Seat>)> {
        let own = self.occupants_of(who);
        let of = move |dialect| {
            let speaks = |seat: &Seat| self.sessions.get(*seat).is_some_and(|session| session.dialect == dialect);
            (dialect, own.iter().copied().filter(speaks).collect::<Vec<Seat>>())
        };
        Dialect::BY_PRESENCE.into_iter().map(of).filter(|(_, seats)| !seats.is_empty())
    }
}

/// Whether a text is a resource, and stays what it is when it is prepared as one.
fn is_resource(text: &str) -> bool {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    plain(text) || ResourcePart::new(text).is_ok_and(|resource| resource.as_str() == text)
}

/// What of a text can stand in a resource.
fn resource_of(nick: &str) -> String {
    let fine = |c: &char| {
        let text = c.to_string();
        ResourcePart::new(&text).is_ok_and(|one| one.as_str() == text)
    };
    let kept: String = nick.chars().filter(fine).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name = words.join(" ");
    let name = name.trim_start_matches('-');
    if is_resource(name) { name.to_owned() } else { String::new() }
}
