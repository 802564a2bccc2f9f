//! Random conversations with the push of a device: for the laws, by property test and by fuzzing.

use core::convert::Infallible;

use super::choice::{pick, weighted};
use super::laws::{self, Bounds, Moment, Op};
use super::vectors::builtin::push_client::{ACCOUNT, input};
use super::xml;
use crate::limits::PushClientLimits;
use crate::machine::{Action, Machine as _};
use crate::push::Client;
use crate::push::client::{Input, Notice};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// Actions of one call.
const ACTIONS: usize = 64;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 150;

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
}

/// What can happen: `{id}` is the id of a request, `{asked}` whom it went to.
const DEEDS: &[(u32, &str)] = &[
    (
        3,
        "<want xmlns='xmpp-machines:push-client:0'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n{n}'/></want>",
    ),
    (
        2,
        "<want xmlns='xmpp-machines:push-client:0'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example'/>\
         <enable xmlns='urn:xmpp:push2:0'><service>push.fig.example</service><client>c{n}</client>\
         <match profile='urn:xmpp:push2:match:all'><send xmlns='urn:xmpp:push2:send:notify-only:0'/></match></enable></want>",
    ),
    (1, "<want xmlns='xmpp-machines:push-client:0'/>"),
    (5, "<room xmlns='xmpp-machines:push-client:0' jid='r{n}@rooms.example' nick='Ann' copies='{wish}'/>"),
    (2, "<room xmlns='xmpp-machines:push-client:0' jid='r{n}@rooms.example' copies='{wish}'/>"),
    (1, "<room xmlns='xmpp-machines:push-client:0' jid='r{n}@rooms.example' forget='yes'/>"),
    (4, "<online xmlns='xmpp-machines:push-client:0' push='{yes}' push2='{yes2}'/>"),
    (2, "<online xmlns='xmpp-machines:push-client:0' push='{yes}' push2='{yes2}' resumed='yes'/>"),
    (2, "<offline xmlns='xmpp-machines:push-client:0'/>"),
    (
        1,
        "<removed xmlns='xmpp-machines:push-client:0'>\
         <enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='n{n}'/></removed>",
    ),
    (1, "<logout xmlns='xmpp-machines:push-client:0' last='{yes}'/>"),
    (
        24,
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{asked}'><query xmlns='jabber:iq:register'>\
         <x xmlns='jabber:x:data' type='form'>\
         <field type='boolean' var='&#x7b;http://tigase.org/protocol/muc&#x7d;offline'/></x></query></iq>",
    ),
    (2, "<iq xmlns='jabber:client' type='result' id='{id}' from='eve@ash.example'/>"),
    (
        4,
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{asked}'><error type='{type}'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    ),
];

impl Deed {
    /// The deeds that bytes stand for, four bytes each. Any bytes are a conversation; what is too long is cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (deeds, _) = bytes.as_chunks::<4>();
        let read = |&[scale, after, what, how]: &[u8; 4]| Self { after: u64::from(after) << (scale % 24), what, how };
        deeds.iter().take(LONGEST).map(read).collect()
    }

    fn text(self, asked: &[(String, String)]) -> String {
        let mut text = weighted(DEEDS, self.what).to_owned();
        let back = asked.len().saturating_sub(1 + usize::from(self.how % 8 / 3));
        let (id, to) = asked.get(back).map_or(("none", ACCOUNT), |(id, to)| (id, to));
        for (gap, value) in [
            ("id", id),
            ("asked", to),
            ("n", pick(&["1", "2", "3", "4"], self.how)),
            ("wish", pick(&["always", "never", "mentions"], self.how / 4)),
            ("yes", pick(&["yes", "yes", "no"], self.how / 2)),
            ("yes2", pick(&["no", "no", "yes"], self.how)),
            ("type", pick(&["wait", "cancel", "auth"], self.how / 8)),
            ("condition", pick(&["item-not-found", "remote-server-timeout", "not-allowed"], self.how / 4)),
        ] {
            text = text.replace(&format!("{{{gap}}}"), value);
        }
        text
    }
}

/// The push of a device, with small limits, so that a short conversation meets them.
#[must_use]
pub fn client() -> Option<Client> {
    let limits = PushClientLimits { rooms: 3, undo: 1, in_flight: 2, tries: 2, ..PushClientLimits::default() };
    Some(Client::new(&jid::BareJid::new(ACCOUNT).ok()?, limits, Seed::new([3; 32])))
}

/// Notes the requests that an action sends, as their id and whom they went to.
fn note(action: &Action<'_, Infallible, Notice>, asked: &mut Vec<(String, String)>) {
    let Action::Send { to, stanza } = action else { return };
    for to in *to {
        let id = stanza.to_stanza(to.jid).ok().and_then(|sent| sent.id);
        asked.push((id.unwrap_or_default().into(), to.jid.to_owned()));
    }
}

/// Holds a conversation with a fresh device: what went in, and the machine as it was left.
///
/// # Errors
/// What is wrong: something is sent without a session, or the state makes no sense.
pub fn talk(deeds: &[Deed]) -> Result<(Vec<Moment<Input>>, Client), String> {
    let mut machine = client().ok_or("the account has no address")?;
    let mut now = Time::from_millis(1_767_225_600_000);
    let (mut journal, mut asked, mut online) = (Vec::new(), Vec::new(), false);
    // Whether it was told that the device is to be logged out, and not yet that it may go.
    let mut leaving = false;
    for deed in deeds {
        now = Time::from_millis(now.millis().saturating_add(deed.after));
        let before = asked.len();
        while let Some(due) = machine.deadline().filter(|due| *due <= now) {
            journal.push((due, Op::Wake));
            machine.wake(due, &mut |_: Rule, action: Action<'_, _, _>| {
                leaving &= !matches!(action, Action::Tell(Notice::Finished));
                note(&action, &mut asked);
            });
        }
        if asked.len() > before && !online {
            return Err("something is sent without a session when time has passed".to_owned());
        }
        let before = asked.len();
        let text = deed.text(&asked);
        let tree = xml::read(&text).map_err(|flaw| format!("{flaw}: {text}"))?;
        let input = input(&tree)?;
        match &input {
            Input::Online { .. } => online = true,
            Input::Offline => online = false,
            Input::Logout { .. } => leaving = true,
            Input::Want(_) => leaving = false,
            _ => {}
        }
        let mut keep = |_: Rule, action: Action<'_, _, _>| {
            leaving &= !matches!(action, Action::Tell(Notice::Finished));
            note(&action, &mut asked);
        };
        machine.handle(now, input.clone(), &mut keep).map_err(|misuse| format!("{misuse}: {text}"))?;
        if asked.len() > before && !online {
            return Err(format!("something is sent without a session: {text}"));
        }
        machine.check()?;
        if online && leaving && machine.deadline().is_none() {
            return Err(format!("it is never told that it may go: {text}"));
        }
        journal.push((now, Op::Input(input)));
    }
    Ok((journal, machine))
}

/// Holds the conversation and tries laws 1 to 7 and 9 on it.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let (journal, end) = talk(deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |client: &Client| client.check().map_err(str::to_owned) };
    laws::all(|| client().unwrap_or_else(|| end.clone()), &journal, &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation, and damage to the snapshot after it. Panics if a law is
/// broken, or what is damaged is loaded as what was never saved.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, rest)) = bytes.split_first() else { return };
    let deeds = Deed::from_bytes(rest);
    assert_eq!(lawful(&deeds, u64::from(*seed)).err(), None, "a device keeps every law");
    let Ok((journal, machine)) = talk(&deeds) else { return };
    let damage = rest.get(..usize::from(*seed % 4) * 3).unwrap_or_default();
    assert_eq!(laws::survives(&machine, damage, journal).err(), None, "only what was saved is loaded");
}
