//! Random conversations with the copies of a room: for the laws, by property test and by fuzzing.

use core::convert::Infallible;
use std::collections::{BTreeMap, BTreeSet};

use super::choice::{pick, weighted};
use super::laws::{self, Bounds, Moment, Op};
use super::vectors::builtin::push_room::{ROOM, input};
use super::xml;
use crate::limits::PushRoomLimits;
use crate::machine::{Action, Machine as _};
use crate::push::Room;
use crate::push::room::{Config, Input, Notice};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::Snapshot as _;
use crate::time::Time;

/// Actions of one call.
const ACTIONS: usize = 64;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 150;

/// The accounts. The last is a stranger, who never asks for anything.
pub const PEOPLE: [&str; 5] =
    ["ann@tea.example", "ben@oak.example", "cid@fig.example", "dee@elm.example", "eve@ash.example"];

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// Who it is about.
    pub person: u8,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
}

/// What can happen: `{jid}` is an account, `{ground}` one that is not the stranger, `{n}` the number of a message.
const DEEDS: &[(u32, &str)] = &[
    (
        4,
        "<participant xmlns='xmpp-machines:push-room:0' jid='{ground}' id='-{n}' nick='{nick}' push='{wish}' own='yes'/>",
    ),
    (2, "<participant xmlns='xmpp-machines:push-room:0' jid='{ground}' id='-{n}' nick='{nick}' affiliation='none'/>"),
    (2, "<departed xmlns='xmpp-machines:push-room:0' jid='{jid}'/>"),
    (3, "<registered xmlns='xmpp-machines:push-room:0' jid='{ground}' nick='{nick}'/>"),
    (3, "<registered xmlns='xmpp-machines:push-room:0' jid='{ground}' nick='{nick}' offline='{yes}'/>"),
    (1, "<unregistered xmlns='xmpp-machines:push-room:0' jid='{jid}'/>"),
    (2, "<occupancy xmlns='xmpp-machines:push-room:0' jid='{ground}' on='{yes}'/>"),
    (2, "<affiliation xmlns='xmpp-machines:push-room:0' jid='{jid}' affiliation='{affiliation}'/>"),
    (3, "<joined xmlns='xmpp-machines:push-room:0' jid='{jid}/{device}'/>"),
    (3, "<left xmlns='xmpp-machines:push-room:0' jid='{jid}/{device}'/>"),
    (1, "<alive xmlns='xmpp-machines:push-room:0' jid='{jid}'/>"),
    (1, "<configure xmlns='xmpp-machines:push-room:0' mode='{mode}' participants='{wish}' registered='{yes}'/>"),
    (
        12,
        "<broadcast xmlns='xmpp-machines:push-room:0' author='{jid}' role='{role}'>\
         <message xmlns='jabber:client' type='groupchat' id='m{step}' from='tea@rooms.example/{nick}'>\
         <body>{nick}, tea? {n}</body>{mention}\
         <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s{step}'/></message></broadcast>",
    ),
    (
        2,
        "<broadcast xmlns='xmpp-machines:push-room:0' author='{jid}'>\
         <message xmlns='jabber:client' type='groupchat' id='m{step}' from='tea@rooms.example/{nick}'>\
         <encrypted xmlns='urn:xmpp:omemo:2'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s{step}'/></message></broadcast>",
    ),
    (
        1,
        "<broadcast xmlns='xmpp-machines:push-room:0' author='{jid}'>\
         <message xmlns='jabber:client' type='groupchat' id='m{step}' from='tea@rooms.example/{nick}'>\
         <subject>{n}</subject></message></broadcast>",
    ),
    (
        10,
        "<message xmlns='jabber:client' type='error' id='m{recent}' from='{jid}' to='tea@rooms.example/Ann'>\
         <error type='{type}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
    (
        1,
        "<message xmlns='jabber:client' type='error' id='m{recent}' from='{jid}/{device}' to='tea@rooms.example/Ann'>\
         <error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
];

impl Deed {
    /// The deeds that bytes stand for, five bytes each. Any bytes are a conversation; what is too long is cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (deeds, _) = bytes.as_chunks::<5>();
        let read = |&[scale, after, person, what, how]: &[u8; 5]| Self {
            after: u64::from(after) << (scale % 26),
            person,
            what,
            how,
        };
        deeds.iter().take(LONGEST).map(read).collect()
    }

    fn text(self, step: usize) -> String {
        let mut text = weighted(DEEDS, self.what).to_owned();
        let (ground, _) = PEOPLE.split_at(PEOPLE.len() - 1);
        let mentions = [
            "",
            "<mention xmlns='urn:xmpp:mentions:0' occupantid='-1'/>",
            "<mention xmlns='urn:xmpp:mentions:0' mentions='urn:xmpp:mentions:0#channel'/>",
            "<reply xmlns='urn:xmpp:reply:0' id='s1' to='tea@rooms.example/Ben'/>",
        ];
        for (gap, value) in [
            ("mention", pick(&mentions, self.how).to_owned()),
            ("jid", pick(&PEOPLE, self.person).to_owned()),
            ("ground", pick(ground, self.person).to_owned()),
            ("device", pick(&["desk", "den", "phone"], self.how).to_owned()),
            ("nick", pick(&["Ann", "Ben", "Cid of Fig", "Dee"], self.how).to_owned()),
            ("wish", pick(&["always", "mentions", "never"], self.how).to_owned()),
            ("yes", pick(&["yes", "no"], self.how).to_owned()),
            ("role", pick(&["participant", "moderator"], self.how / 4).to_owned()),
            ("affiliation", pick(&["member", "none", "outcast", "owner"], self.how).to_owned()),
            ("mode", pick(&["always", "absent-only", "mentions-only"], self.how / 3).to_owned()),
            ("type", pick(&["cancel", "wait", "auth"], self.how).to_owned()),
            (
                "condition",
                pick(
                    &["service-unavailable", "item-not-found", "remote-server-not-found", "undefined-condition"],
                    self.how / 3,
                )
                .to_owned(),
            ),
            ("recent", step.saturating_sub(1 + usize::from(self.how % 8)).to_string()),
            ("n", (self.how % 4).to_string()),
            ("step", step.to_string()),
        ] {
            text = text.replace(&format!("{{{gap}}}"), &value);
        }
        text
    }
}

/// The copies of a room, with small limits, so that a short conversation meets them.
#[must_use]
pub fn room() -> Option<Room> {
    let limits = PushRoomLimits { members: 2, accounts: 4, sessions: 2, recent: 6, ..PushRoomLimits::default() };
    Some(Room::new(&jid::BareJid::new(ROOM).ok()?, Config::default(), limits, &Seed::new([3; 32])))
}

/// Holds a conversation with fresh copies: what went in, and the machine as it was left.
///
/// # Errors
/// What is wrong: somebody was sent what must not be sent, or the state makes no sense.
pub fn talk(deeds: &[Deed]) -> Result<(Vec<Moment<Input>>, Room), String> {
    let mut machine = room().ok_or("the room has no address")?;
    let mut now = Time::from_millis(1_767_225_600_000);
    let mut journal = Vec::new();
    let mut asked = BTreeSet::new();
    for (step, deed) in deeds.iter().enumerate() {
        now = Time::from_millis(now.millis().saturating_add(deed.after));
        while let Some(due) = machine.deadline().filter(|due| *due <= now) {
            journal.push((due, Op::Wake));
            machine.wake(due, &mut |_: Rule, _: Action<'_, Infallible, Notice>| {});
        }
        let text = deed.text(step);
        let tree = xml::read(&text).map_err(|flaw| format!("{flaw}: {text}"))?;
        let input = input(&tree, true)?;
        if let Input::Participant(_) | Input::Registered(_) | Input::Occupancy { .. } = &input {
            asked.extend(tree.attr("jid").map(str::to_owned));
        }
        let before = machine.save();
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        let mut ignored = false;
        let done = machine.handle_with(now, input.clone(), |_, action| match action {
            Action::Send { to, .. } => to.iter().for_each(|to| *told.entry(to.jid.to_owned()).or_default() += 1),
            Action::Tell(Notice::Ignored { .. }) => ignored = true,
            Action::Do(_) | Action::Tell(_) => {}
        });
        done.map_err(|misuse| format!("{misuse}: {text}"))?;
        if let Some((twice, _)) = told.iter().find(|(_, count)| **count > 1) {
            return Err(format!("{twice} got two copies of {text}"));
        }
        if let Some(stranger) = told.keys().find(|jid| !asked.contains(*jid)) {
            return Err(format!("{stranger} never asked, and got a copy of {text}"));
        }
        if !told.is_empty() && !matches!(input, Input::Broadcast(_)) {
            return Err(format!("copies without a message: {text}"));
        }
        if ignored && !same_but_time(&before, &machine, now) {
            return Err(format!("an error that answers no copy changed something: {text}"));
        }
        machine.check()?;
        journal.push((now, Op::Input(input)));
    }
    Ok((journal, machine))
}

/// Whether the machine is as it was, had only the time passed.
fn same_but_time(before: &[u8], after: &Room, now: Time) -> bool {
    let Ok(mut old) = Room::load(before) else { return false };
    // A departure of nobody changes nothing but the clock.
    let Ok(jid) = jid::BareJid::new("nobody@nowhere.example") else { return false };
    let done = old.handle_with(now, Input::Departed { jid }, |_, _| {});
    done.is_ok() && old.save() == after.save()
}

/// Holds the conversation and tries laws 1 to 7 and 9 on it.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let (journal, end) = talk(deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |room: &Room| room.check().map_err(str::to_owned) };
    laws::all(|| room().unwrap_or_else(|| end.clone()), &journal, &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation, and damage to the snapshot after it. Panics if a law is
/// broken, somebody gets what must not be sent, or what is damaged is loaded as what was never saved.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, rest)) = bytes.split_first() else { return };
    let deeds = Deed::from_bytes(rest);
    assert_eq!(lawful(&deeds, u64::from(*seed)).err(), None, "copies keep every law");
    let Ok((journal, machine)) = talk(&deeds) else { return };
    let damage = rest.get(..usize::from(*seed % 4) * 3).unwrap_or_default();
    assert_eq!(laws::survives(&machine, damage, journal).err(), None, "only what was saved is loaded");
}
