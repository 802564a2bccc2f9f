//! Random conversations with a push router: for the laws, by property test and by fuzzing.
//!
//! A number means the same whatever came before, as in [`talk`](super::talk). Beside the laws of all machines a
//! conversation is held to what the router is for: nobody is forgotten in silence, no device is pushed twice for one
//! message, and no stranger pushes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jid::{BareJid, FullJid};

use super::bench::Bench;
use super::choice::pick;
use super::laws::{self, Bounds, Moment, Op};
use super::talk::Deed;
use super::transcript::Line;
use super::vectors::{ACCOUNT, NoOrders, START};
use crate::codec::{Reader, Stanza, StanzaKind, StanzaType};
use crate::limits::{PushRouterLimits, Rate};
use crate::machine::{Action, Machine as _};
use crate::ns;
use crate::push::router::{
    Candidate, Input, Item, Judgement, MemberCopy, Membership, Notice, Push, RoomFact, Router, RouterConfig,
    SessionEvent,
};
use crate::rule::Rule;
use crate::seed::Seed;
use crate::snapshot::Snapshot as _;
use crate::time::{Span, Time};

/// Actions of one call: three chats and four devices at the most, each with a few words.
const ACTIONS: usize = 256;

const DEVICES: [&str; 4] = ["desk", "phone", "tab", "lap"];
const ROOMS: [&str; 3] = ["kettle@rooms.example", "cake@rooms.example", "trap@bad.example"];
const PEOPLE: [&str; 2] = ["ben@oak.example", "cid@fig.example"];

/// The room whose messages nobody has asked for, unless a deed joins it.
const TRAP: &str = ROOMS[2];

/// A router with small limits, so that a short conversation meets them.
///
/// Its seed is public: never run one like it.
#[must_use]
pub fn router() -> Router {
    let account = BareJid::new(ACCOUNT).unwrap_or_else(|_| unreachable!("a constant"));
    let limits = PushRouterLimits {
        sessions: 3,
        registrations: 3,
        contacts: 1,
        seen: 8,
        pending: 2,
        in_flight: 2,
        tries: 2,
        errors: 2,
        publishes: Rate::per(6, Span::from_mins(1)),
        ..PushRouterLimits::default()
    };
    Router::new(&RouterConfig { bodies: true, ..RouterConfig::new(&account) }, limits, Seed::new([3; 32]))
}

/// A conversation: everything that went into the router, the wakes included.
#[derive(Clone, Debug)]
pub struct Talk {
    /// What went in, and when.
    pub journal: Vec<Moment<Input>>,
    /// The router as it was left.
    pub router: Router,
}

fn stanza(text: &str) -> Result<Stanza, String> {
    Reader::one(ns::CLIENT, text.as_bytes()).map_err(|why| format!("{why}: {text}"))
}

/// A room's message.
fn message(deed: Deed, step: usize, to: &str) -> String {
    let room = pick(&ROOMS, deed.room);
    // Neighbours are often about one message: live, as a copy, displayed.
    let id = step / 3;
    let words = match deed.how % 8 {
        0..=2 => "<body>Is there tea?</body>",
        3 => "<body>Ann?</body>",
        4 => "<encrypted xmlns='urn:xmpp:omemo:2'/>",
        5 => "<invite xmlns='urn:xmpp:call-invites:0'/>",
        6 => "<mention xmlns='urn:xmpp:mentions:0' occupantid='o-Ann'/><body>Here.</body>",
        _ => "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    };
    let nick = if deed.how % 32 == 8 { "Ann" } else { "Ben" };
    format!(
        "<message type='groupchat' id='m{id}' from='{room}/{nick}' to='{to}'>{words}\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='o-{nick}'/></message>"
    )
}

/// What a deed is. `ids` are the ids of publishes so far, and to whom they went.
fn input(deed: Deed, step: usize, ids: &[(String, String)]) -> Result<Input, String> {
    let (device, room) = (pick(&DEVICES, deed.device), pick(&ROOMS, deed.room));
    let full = format!("{ACCOUNT}/{device}");
    let jid = FullJid::new(&full).map_err(|why| why.to_string())?;
    let how = deed.how;
    let event = |event| Ok(Input::Session { jid: jid.clone(), event });
    let sent = |text: String| Ok(Input::Sent { session: jid.clone(), stanza: stanza(&text)? });
    let arrived = |text: String| Ok(Input::Arrived(stanza(&text)?));
    let unacked = || {
        let live = how.is_multiple_of(2);
        let one = live.then(|| stanza(&message(Deed { how: 1, ..deed }, step.saturating_sub(1), &full)));
        one.transpose().map(|one| one.into_iter().collect::<Vec<_>>())
    };
    match deed.what % 40 {
        0..=2 => {
            let client = (!how.is_multiple_of(3)).then(|| format!("client-{device}"));
            event(SessionEvent::Up { client, enable: None })
        }
        3 => event(SessionEvent::Gone { unacked: unacked()? }),
        4 => event(SessionEvent::Hibernated { unacked: unacked()? }),
        5 => event(SessionEvent::Resumed),
        6 => event(SessionEvent::Features {
            features: match how % 3 {
                0 => Vec::new(),
                1 => vec![ns::TIGASE_OFFLINE.to_owned()],
                _ => vec!["urn:xmpp:gc3:0:default-receive:message".to_owned()],
            },
            identity: how.is_multiple_of(2).then(|| ("client".to_owned(), "phone".to_owned())),
        }),
        7 => event(SessionEvent::ImNg(how.is_multiple_of(2))),
        8 => event(SessionEvent::Active(how.is_multiple_of(2))),
        9..=11 => {
            let filters = match how % 5 {
                0 => format!("<muted xmlns='tigase:push:filter:muted:0'><item jid='{room}'/></muted>"),
                1 => format!(
                    "<groupchat xmlns='tigase:push:filter:groupchat:0'>\
                     <room jid='{room}' allow='mentioned' nick='Ann'/></groupchat>"
                ),
                _ => String::new(),
            };
            sent(format!(
                "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.{device}.example' node='n{}'>{filters}\
                 </enable></iq>",
                how % 2
            ))
        }
        12 | 13 => {
            let profile = ["all", "important", "archived"][usize::from(how % 3)];
            let filter =
                if how.is_multiple_of(4) { format!("<filter jid='{room}'><mention/></filter>") } else { String::new() };
            let grace = if how.is_multiple_of(2) { "<grace>30</grace>" } else { "" };
            sent(format!(
                "<iq type='set' id='e'><enable xmlns='urn:xmpp:push2:0'><service>push2.{device}.example</service>\
                 <client>c{step}</client><match profile='urn:xmpp:push2:match:{profile}'>{grace}{filter}\
                 <send xmlns='urn:xmpp:push2:send:notify-only:0'/></match></enable></iq>"
            ))
        }
        14 if how.is_multiple_of(2) => {
            sent("<iq type='set' id='x'><disable xmlns='urn:xmpp:push2:0'/></iq>".to_owned())
        }
        14 => {
            sent(format!("<iq type='set' id='x'><disable xmlns='urn:xmpp:push:0' jid='push.{device}.example'/></iq>"))
        }
        15 => sent(format!("<presence to='{room}/Ann'><x xmlns='http://jabber.org/protocol/muc'/></presence>")),
        16 | 17 => arrived(format!(
            "<presence from='{room}/Ann' to='{full}'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <status code='110'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0' id='o-Ann'/></presence>"
        )),
        18 if how.is_multiple_of(5) => {
            sent("<presence to='rooms.example'><rai xmlns='urn:xmpp:rai:0'/></presence>".to_owned())
        }
        18 => sent(format!("<presence type='unavailable' to='{room}/Ann'/>")),
        19 => {
            sent(format!("<iq type='set' id='g' to='{room}'><subscribe xmlns='urn:xmpp:gc3:0' type='message'/></iq>"))
        }
        20 => arrived(format!("<iq type='result' id='g' from='{room}' to='{full}'/>")),
        21 | 22 => {
            let room = BareJid::new(if how.is_multiple_of(8) { TRAP } else { room }).map_err(|why| why.to_string())?;
            Ok(Input::Room { room, fact: RoomFact::Member(Membership::Registered, how % 4 != 1) })
        }
        23..=28 => arrived(message(deed, step, ACCOUNT)),
        29 | 30 => arrived(message(deed, step, &full)),
        31 | 32 => Ok(Input::Candidate(Candidate {
            message: stanza(&format!(
                "<message type='chat' id='c{step}' from='{}/x' to='{ACCOUNT}'><body>Hello</body></message>",
                pick(&PEOPLE, how)
            ))?,
            stanza_id: how.is_multiple_of(2).then(|| format!("a{step}")),
            archived: how.is_multiple_of(3),
            known: !how.is_multiple_of(5),
        })),
        33 => {
            let id = (step / 3).saturating_sub(usize::from(how % 3));
            let text = format!(
                "<iq type='set' id='i'><displayed xmlns='urn:xmpp:mds:displayed:0'>\
                 <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/></displayed></iq>"
            );
            let payload = stanza(&text)?.payload().cloned();
            Ok(Input::Item(Item { node: ns::MDS.to_owned(), id: room.to_owned(), payload }))
        }
        34 => {
            let setting = ["always", "on-mention", "never"][usize::from(how % 3)];
            let text = format!(
                "<iq type='set' id='i'><conference xmlns='urn:xmpp:bookmarks:1' autojoin='{}'><extensions>\
                 <notify xmlns='urn:xmpp:notification-settings:1'><{setting}/></notify></extensions></conference></iq>",
                how % 2
            );
            let payload = stanza(&text)?.payload().cloned().filter(|_| !how.is_multiple_of(5));
            Ok(Input::Item(Item { node: ns::BOOKMARKS.to_owned(), id: room.to_owned(), payload }))
        }
        35..=37 => {
            let nobody = ("none".to_owned(), "push.bad.example".to_owned());
            let (id, service) = ids.iter().rev().nth(usize::from(how / 64)).unwrap_or(&nobody);
            let second = service.starts_with("push2.");
            let kind = if second { "message" } else { "iq" };
            let error = |type_: &str, condition: &str| {
                format!(
                    "<{kind} type='error' id='{id}' from='{service}' to='tea.example'><error type='{type_}'>\
                     <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{kind}>"
                )
            };
            arrived(match how % 6 {
                0 => error("wait", "resource-constraint"),
                1 => error("cancel", "item-not-found"),
                2 => error("cancel", "internal-server-error"),
                _ if second => error("wait", "remote-server-timeout"),
                _ => format!("<iq type='result' id='{id}' from='{service}' to='tea.example'/>"),
            })
        }
        38 => arrived(format!(
            "<message from='{room}' to='{ACCOUNT}'><mentions xmlns='urn:xmpp:mmn:0'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></mentions></message>",
            message(deed, step, room)
        )),
        _ if how.is_multiple_of(2) => Ok(Input::Blocked(room.parse().into_iter().collect())),
        _ => Ok(Input::Blocked(Vec::new())),
    }
}

/// Holds a conversation with a fresh [`router`].
///
/// # Errors
/// What is wrong.
pub fn talk(deeds: &[Deed]) -> Result<Talk, String> {
    let mut bench = Bench::new(router(), NoOrders, START);
    let (mut ids, mut end) = (Vec::new(), START);
    for (step, deed) in deeds.iter().enumerate() {
        end = Time::from_millis(end.millis().saturating_add(deed.after));
        let input = input(*deed, step, &ids)?;
        let done = bench.handle(end, input).map_err(|restless| restless.to_string())?;
        done.map_err(|misuse| misuse.to_string())?;
        for line in bench.take_lines() {
            if let Line::Send { stanza, to, .. } = line {
                let id = stanza.attr("id").unwrap_or_default().to_owned();
                ids.extend(to.into_iter().filter(|to| to.starts_with("push")).map(|to| (id.clone(), to)));
            }
        }
        bench.machine.check()?;
    }
    Ok(Talk { journal: bench.journal().to_vec(), router: bench.machine })
}

/// What one call said, as far as the promises go.
#[derive(Default, PartialEq, Eq)]
struct Heard {
    claimed: bool,
    bounced: bool,
    /// The push service, the node or client, and the rule.
    sent: Vec<(String, String, &'static str)>,
    told: BTreeSet<u64>,
    delivered: u32,
    withheld: u32,
}

/// The node to which something is published, or the client that is told.
fn target_of(stanza: &Stanza) -> Option<String> {
    if let Some(notification) = stanza.child("notification", ns::PUSH2) {
        return notification.get_child("client", ns::PUSH2).map(minidom::Element::text);
    }
    let publish = stanza.payload()?.get_child("publish", ns::PUBSUB)?;
    publish.attr("node").map(str::to_owned)
}

fn listen(router: &mut Router, now: Time, op: &Op<Input>) -> Result<Heard, String> {
    let mut heard = Heard::default();
    let mut sink = |why: Rule, action: Action<'_, _, Notice>| match action {
        Action::Send { to, stanza } => {
            for one in to {
                if one.jid.starts_with("push") {
                    let target = stanza.to_stanza(one.jid).ok().and_then(|stanza| target_of(&stanza));
                    heard.sent.push((one.jid.to_owned(), target.unwrap_or_default(), why.id()));
                } else if one.seat.is_some() {
                    heard.delivered += 1;
                }
            }
            heard.bounced |= matches!(why.id(), "push-router.P1" | "push-router.P2");
        }
        Action::Do(order) => match order {},
        Action::Tell(Notice::Claimed { .. }) => heard.claimed = true,
        Action::Tell(Notice::Withheld { sessions, .. }) => heard.withheld += sessions,
        Action::Tell(Notice::NotPushed { registration, .. } | Notice::Deferred { registration, .. }) => {
            heard.told.insert(registration);
        }
        Action::Tell(_) => {}
    };
    match op {
        Op::Input(input) => router.handle(now, input.clone(), &mut sink).map_err(|misuse| misuse.to_string())?,
        Op::Wake => router.wake(now, &mut sink),
    }
    Ok(heard)
}

/// The room and the id of a message of a room, whichever way it comes.
fn message_of(input: &Input) -> Option<(String, String, bool)> {
    let Input::Arrived(stanza) = input else { return None };
    let to_bare = stanza.to.as_ref()?.resource().is_none();
    let inner = stanza
        .child("mentions", ns::MMN)
        .and_then(|mentions| mentions.get_child("forwarded", ns::FORWARD)?.get_child("message", ns::CLIENT));
    let message = inner.unwrap_or(&stanza.element);
    let id = message.get_child("stanza-id", ns::SID)?.attr("id")?;
    let copy = to_bare && inner.is_none() && stanza.type_ == StanzaType::Groupchat;
    Some((stanza.from.as_ref()?.to_bare().to_string(), id.to_owned(), copy))
}

/// What a router says beforehand of a member copy.
fn judged(router: &Router, now: Time, op: &Op<Input>) -> Option<(Arc<MemberCopy>, Judgement)> {
    let Op::Input(input @ Input::Arrived(stanza)) = op else { return None };
    let copy = message_of(input).is_some_and(|(_, _, copy)| copy);
    copy.then(|| {
        let copy = Arc::new(MemberCopy::read(stanza.clone()));
        let (_, judgement) = router.judge(&copy, now);
        (copy, judgement)
    })
}

/// A message for a session, as it goes in if it was read already.
fn live_of(input: &Input) -> Option<Input> {
    let Input::Arrived(stanza) = input else { return None };
    let session = stanza.to.as_ref()?.try_as_full().ok()?.clone();
    let room = stanza.kind == StanzaKind::Message && stanza.type_ == StanzaType::Groupchat;
    room.then(|| Input::Live { session, copy: Arc::new(MemberCopy::read(stanza.clone())) })
}

/// Whether a router did what it said beforehand.
fn kept(judgement: &Judgement, heard: &Heard) -> Result<(), String> {
    let fine = match judgement {
        Judgement::Refused(_) => heard.bounced && !heard.claimed,
        Judgement::Dropped => !heard.bounced && !heard.claimed,
        Judgement::Taken { sessions, devices } => {
            let gets = sessions.iter().filter(|(_, gets, _)| *gets).count();
            let quiet = |push: &Push| matches!(push, Push::No | Push::Stands | Push::Waits(..));
            let spoken = devices.iter().filter(|(_, push, _)| !quiet(push)).count();
            let told = |(number, push, _): &(u64, Push, Rule)| !quiet(push) || heard.told.contains(number);
            heard.claimed && gets == heard.delivered as usize && heard.sent.len() <= spoken && devices.iter().all(told)
        }
    };
    if fine { Ok(()) } else { Err(format!("it is done otherwise than judged: {judgement:?}")) }
}

/// Whether a router kept its promises in a conversation: of every copy each session and each registration has something
/// or is told why not; no device is pushed twice for one message; what is bounced pushes nobody.
///
/// # Errors
/// The promise that was broken.
pub fn promises(journal: &[Moment<Input>]) -> Result<(), String> {
    let mut router = router();
    let mut pushed: BTreeMap<[String; 4], u32> = BTreeMap::new();
    for (at, (now, op)) in journal.iter().enumerate() {
        let (registrations, sessions) = router.census();
        let (before, judged) = (router.clone(), judged(&router, *now, op));
        let heard = listen(&mut router, *now, op)?;
        let Op::Input(input) = op else { continue };
        if let Some((_, judgement)) = &judged {
            kept(judgement, &heard).map_err(|why| format!("{at}: {why}"))?;
        }
        if let Some(again) = judged.map(|(copy, _)| Input::Copy(copy)).or_else(|| live_of(input)) {
            let mut other = before;
            let same = listen(&mut other, *now, &Op::Input(again))?;
            if same != heard || other.save() != router.save() {
                return Err(format!("{at}: a message that was read already is another one"));
            }
        }
        // A registration made anew may be pushed anew.
        if let Input::Sent { stanza, .. } = input
            && let Some(enable) = stanza.payload().filter(|payload| payload.name() == "enable")
        {
            let service = enable.get_child("service", ns::PUSH2).map(minidom::Element::text);
            let service = enable.attr("jid").map(str::to_owned).or(service);
            pushed.retain(|[to, ..], _| Some(to) != service.as_ref());
        }
        let Some((room, id, copy)) = message_of(input) else { continue };
        if heard.bounced && !heard.sent.is_empty() {
            return Err(format!("{at}: what was refused pushed {:?}", heard.sent));
        }
        for (service, target, why) in &heard.sent {
            let key = [service.clone(), target.clone(), room.clone(), id.clone()];
            let count = pushed.entry(key).or_default();
            *count += 1;
            if *count > 1 {
                return Err(format!("{at}: {service} was pushed twice for {id} of {room}, now by {why}"));
            }
        }
        if copy && heard.claimed {
            let answered: BTreeSet<u64> = registrations
                .iter()
                .filter(|(number, service)| {
                    heard.told.contains(number) || heard.sent.iter().any(|(to, ..)| to == service)
                })
                .map(|(number, _)| *number)
                .collect();
            if answered.len() != registrations.len() {
                return Err(format!("{at}: of {registrations:?} only {answered:?} are pushed or told why not"));
            }
            if heard.delivered + heard.withheld != sessions {
                return Err(format!("{at}: {sessions} sessions, {} got it, {} not", heard.delivered, heard.withheld));
            }
        }
    }
    Ok(())
}

/// A restart in the middle: the router is loaded from what it saved some moments ago, and hears those moments again, as a
/// host's journal has them. Nothing that was said is missing.
///
/// # Errors
/// What is missing.
pub fn restarted(journal: &[Moment<Input>], saved: usize, died: usize) -> Result<(), String> {
    let (saved, died) = (saved.min(died).min(journal.len()), died.min(journal.len()));
    let mut router = router();
    for (now, op) in &journal[..saved] {
        listen(&mut router, *now, op)?;
    }
    let snapshot = router.save();
    let mut once = Vec::new();
    for (now, op) in &journal[saved..died] {
        let heard = listen(&mut router, *now, op)?;
        once.push((heard.sent, heard.delivered));
    }
    let mut loaded = Router::load(&snapshot).map_err(|why| why.to_string())?;
    for ((now, op), before) in journal[saved..died].iter().zip(once) {
        let again = listen(&mut loaded, *now, op)?;
        // What was said and perhaps lost is said once more: at most one duplicate, and no loss.
        if (again.sent, again.delivered) != before {
            return Err("after a restart it is said otherwise".to_owned());
        }
    }
    if loaded.save() == router.save() { Ok(()) } else { Err("after a restart it is another router".to_owned()) }
}

/// Holds the conversation and tries all of it: laws 1 to 7 and 9, the promises, and a restart.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let talk = talk(deeds)?;
    let bounds = Bounds { actions: ACTIONS, check: |router: &Router| router.check().map_err(str::to_owned) };
    laws::all(router, &talk.journal, &bounds, seed).map_err(|broken| broken.to_string())?;
    promises(&talk.journal)?;
    let length = talk.journal.len() as u64 + 1;
    restarted(&talk.journal, (seed % length) as usize, (seed / 7 % length) as usize)
}

/// A flood of strangers: however many rooms that nobody asked for write to the account, nobody is pushed.
///
/// # Errors
/// Who was.
pub fn flood(deeds: &[Deed]) -> Result<(), String> {
    let mut router = router();
    let setup = talk(deeds)?;
    for (now, op) in &setup.journal {
        listen(&mut router, *now, op)?;
    }
    let now = setup.journal.last().map_or(START, |(now, _)| *now);
    for number in 0..50 {
        let room = format!("flood{number}@bad.example");
        let text = message(Deed { room: 2, how: 3, ..Deed::default() }, 10_000 + number, ACCOUNT).replace(TRAP, &room);
        let heard = listen(&mut router, now, &Op::Input(Input::Arrived(stanza(&text)?)))?;
        if !heard.sent.is_empty() || heard.delivered > 0 || !heard.bounced {
            return Err(format!("{room} reached {:?}", heard.sent));
        }
    }
    Ok(())
}

/// The body of a fuzz target: the bytes are a conversation. Panics if a law or a promise is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    let broken = lawful(&Deed::from_bytes(deeds), u64::from(*seed)).err();
    assert_eq!(broken, None, "a push router keeps every law");
}
