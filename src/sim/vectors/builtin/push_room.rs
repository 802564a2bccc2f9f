//! The copies of a room.

use core::convert::Infallible;
use std::collections::BTreeMap;
use std::str::FromStr;

use jid::{BareJid, FullJid};

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::{Builtin, Stage, set_limit, unknown};
use crate::codec::{Reader, Stanza};
use crate::limits::PushRoomLimits;
use crate::ns;
use crate::push::Room;
use crate::push::room::{Affiliation, Broadcast, Config, Dialect, Input, Mode, Participant, Registration, Role, Wish};
use crate::seed::Seed;
use crate::time::Time;

/// The namespace of what comes in besides stanzas.
pub(in crate::sim) const NS: &str = "xmpp-machines:push-room:0";

/// The room whose copies are tested.
pub(in crate::sim) const ROOM: &str = "tea@rooms.example";

/// The stage of copies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copies {
    hidden: bool,
}

/// Nobody does anything for these machines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Idle;

impl Host<Room> for Idle {
    fn obey(&mut self, order: Infallible) -> Option<Input> {
        match order {}
    }
}

/// The copies of a room of this crate, as vectors test them.
#[must_use]
pub fn push_room() -> Builtin<Copies> {
    Builtin::new(Copies::default())
}

impl Stage for Copies {
    type Machine = Room;
    type Host = Idle;

    fn set_up(&mut self, vector: &Vector) -> Result<(Room, Idle), Stop> {
        let mut limits = PushRoomLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        self.hidden = true;
        let room = parse::<BareJid>(ROOM).map_err(Stop::Fail)?;
        Ok((Room::new(&room, Config::default(), limits, &Seed::new([7; 32])), Idle))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        let input = input(element, self.hidden).map_err(Stop::Fail)?;
        if let Input::Configure(config) = &input {
            self.hidden = config.hidden;
        }
        Ok(input)
    }

    fn host(&mut self, _: &mut Bench<Room, Idle>, _: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop> {
        let (name, value) = facts.iter().next().map_or(("", ""), |(name, value)| (name, value));
        Err(unknown(name, value))
    }
}

fn limit(limits: &mut PushRoomLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers members accounts sessions recent strikes; rates bounces);
    Ok(())
}

/// What an element stands for, in a room where real JIDs are hidden or are not.
///
/// # Errors
/// What is wrong with it.
pub(in crate::sim) fn input(element: &Tree, hidden: bool) -> Result<Input, String> {
    if element.ns == ns::CLIENT {
        return Ok(Input::Returned(stanza(element)?));
    }
    if element.ns != NS {
        return Err(format!("<{} xmlns='{}'> stands for nothing here", element.name, element.ns));
    }
    let jid = || required::<BareJid>(element, "jid");
    let session = || required::<FullJid>(element, "jid");
    let text = |name: &str| -> Box<str> { element.attr(name).unwrap_or_default().into() };
    let flag = |name: &str| element.attr(name) == Some("yes");
    let affiliation = || known(element, "affiliation", "member", Affiliation::parse);
    let role = || known(element, "role", "participant", role_of);
    Ok(match element.name.as_str() {
        "participant" => Input::Participant(Participant {
            jid: jid()?,
            id: text("id"),
            nick: text("nick"),
            push: element.attr("push").map(|_| known(element, "push", "", Wish::parse)).transpose()?,
            affiliation: affiliation()?,
            role: role()?,
            own: flag("own"),
        }),
        "departed" => Input::Departed { jid: jid()? },
        "registered" => Input::Registered(Registration {
            jid: jid()?,
            id: text("id"),
            nick: text("nick"),
            offline: element.attr("offline").map(|on| on == "yes"),
            affiliation: affiliation()?,
            role: role()?,
            own: element.attr("own") != Some("no"),
        }),
        "unregistered" => Input::Unregistered { jid: jid()? },
        "occupancy" => Input::Occupancy { jid: jid()?, on: flag("on") },
        "affiliation" => Input::Affiliation { jid: jid()?, affiliation: affiliation()? },
        "joined" => Input::Joined { jid: session()? },
        "left" => Input::Left { jid: session()? },
        "alive" => Input::Alive { jid: jid()? },
        "configure" => Input::Configure(config(element)?),
        "broadcast" => {
            let author = element.attr("author").map(parse::<BareJid>).transpose()?;
            Input::Broadcast(broadcast(element, author, hidden)?.by(role()?))
        }
        other => return Err(format!("<{other}> stands for nothing here")),
    })
}

/// A message: once for all dialects, or once in an element of the dialect's name.
fn broadcast(element: &Tree, author: Option<BareJid>, hidden: bool) -> Result<Broadcast, String> {
    let mut said: Option<Broadcast> = None;
    for child in element.children() {
        let (dialect, message) = match Dialect::ALL.into_iter().find(|dialect| child.is(dialect.name(), NS)) {
            Some(dialect) => (dialect, child.children().next().ok_or("a dialect without a message")?),
            None => (Dialect::Muc, child),
        };
        let message = stanza(message)?;
        let so_far = said.take().unwrap_or_else(|| Broadcast::read(author.clone(), &message));
        said = Some(so_far.rendered(dialect, &message, hidden));
    }
    said.ok_or_else(|| "a broadcast without a message".to_owned())
}

fn config(element: &Tree) -> Result<Config, String> {
    let default = Config::default();
    let mode = |name: &str| match name {
        "always" => Some(Mode::Always),
        "absent-only" => Some(Mode::AbsentOnly),
        "mentions-only" => Some(Mode::MentionsOnly),
        _ => None,
    };
    Ok(Config {
        mode: known(element, "mode", "always", mode)?,
        participants: known(element, "participants", "always", Wish::parse)?,
        registered: element.attr("registered") != Some("no"),
        hidden: element.attr("hidden") != Some("no"),
        mentions: element.attr("mentions").map(parse::<usize>).transpose()?.unwrap_or(default.mentions),
        groups: known(element, "groups", "moderator", role_of)?,
    })
}

fn role_of(name: &str) -> Option<Role> {
    match name {
        "visitor" => Some(Role::Visitor),
        "participant" => Some(Role::Participant),
        "moderator" => Some(Role::Moderator),
        _ => None,
    }
}

pub(super) fn stanza(element: &Tree) -> Result<Stanza, String> {
    Reader::one(ns::CLIENT, element.line("").as_bytes()).map_err(|why| format!("the codec refuses this stanza: {why}"))
}

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|why: T::Err| format!("'{text}': {}", why.to_string()))
}

pub(super) fn required<T: FromStr<Err: ToString>>(element: &Tree, name: &str) -> Result<T, String> {
    parse(element.attr(name).ok_or_else(|| format!("<{}> without {name}=", element.name))?)
}

pub(super) fn known<T>(element: &Tree, name: &str, default: &str, read: fn(&str) -> Option<T>) -> Result<T, String> {
    let text = element.attr(name).unwrap_or(default);
    read(text).ok_or_else(|| format!("{name}='{text}' is none that there is"))
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Returned(stanza) => stanza.sender().unwrap_or("nobody").to_owned(),
            _ => "room".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Returned(stanza) => What::stanza(stanza),
            Self::Broadcast(said) => {
                let by = said.author.as_ref().map_or("somebody", |author| author.as_str());
                let written = said.rendering(Dialect::Gc3).map(|message| message.encode(ROOM));
                What::Text(format!("by {by} {}", String::from_utf8_lossy(&written.unwrap_or_default())))
            }
            other => What::Text(format!("{other:?}")),
        }
    }
}
