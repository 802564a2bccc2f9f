//! Random conversations in a domain, among accounts, rooms, uploads and other servers: for the laws, by property test and
//! by fuzzing.

mod uploads;

use jid::{BareJid, FullJid};

use super::bench::Bench;
use super::laws::{self, Bounds, Moment, Op};
use super::service::DomainHost;
use super::talk_retention;
use super::transcript::Line;
use super::vectors::START;
use super::vectors::builtin::service::uploads_of_vectors;
use super::xml::Tree;
use crate::codec::Reader;
use crate::gc3::ServiceConfig;
use crate::imng::{Event, Fact, Grounds, Subscription};
use crate::limits::{AccountLimits, Gc3Limits, PushRouterLimits, ServiceLimits};
use crate::ns;
use crate::seed::Seed;
use crate::service::rooms::Copies;
use crate::service::{Domain, DomainConfig, Input};
use crate::time::{Span, Time};

/// Actions of one call: a few for each of the few sessions, and for each delivery inside the domain.
const ACTIONS: usize = 512;

/// Deeds of one conversation that is read from bytes.
const LONGEST: usize = 100;

/// How many sides there are, and the first that has to do with uploads.
const SIDES: u8 = 18;
const UPLOADS: u8 = 16;

/// The accounts of the domain.
pub const PEOPLE: [&str; 3] = ["ann@tea.example", "ben@tea.example", "cid@tea.example"];

const OUTSIDE: &str = "eve@oak.example";

/// One thing that somebody does. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// Who.
    pub person: u8,
    /// Which side does it: a session, another server, the host.
    pub side: u8,
    /// What.
    pub what: u8,
    /// How, where there are several ways.
    pub how: u8,
}

impl Deed {
    /// The deeds that bytes stand for, six bytes each. Any bytes are a conversation; what is too long is cut.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (deeds, _) = bytes.as_chunks::<6>();
        let read = |&[scale, after, person, side, what, how]: &[u8; 6]| Self {
            after: u64::from(after) << (scale % 26),
            person,
            side,
            what,
            how,
        };
        deeds.iter().take(LONGEST).map(read).collect()
    }
}

/// What is said, by a session or from outside: `{to}` is somebody or something, `{account}` one of the accounts.
const SAID: [&str; 46] = [
    "<message from='{from}' to='{to}' id='m{n}' type='chat'><body>Tea?</body></message>",
    "<message from='{from}' to='{to}' id='m{n}'><body>Tea?</body></message>",
    "<message from='{from}' to='{to}' id='m{n}' type='headline'><body>Tea!</body></message>",
    "<message from='{from}' to='{room}' id='m{n}' type='groupchat'><body>All?</body></message>",
    "<message from='{from}' to='{room}' id='m{n}' type='groupchat'><body>All!</body></message>",
    "<message from='{from}' to='{to}' id='m{n}' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    "<presence from='{from}'/>",
    "<presence from='{from}'><show>away</show><priority>-1</priority></presence>",
    "<presence from='{from}' type='unavailable'/>",
    "<presence from='{from}' to='{to}'/>",
    "<presence from='{from}' to='{account}' type='probe'/>",
    "<presence from='{from}' to='{account}' type='subscribe'/>",
    "<iq from='{from}' to='{to}' id='q{n}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq from='{from}' to='{to}' id='q{n}' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq from='{from}' to='tea.example' id='q{n}' type='get'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    "<iq from='{from}' to='{to}' id='q{n}' type='result'/>",
    "<iq from='{from}' id='q{n}' type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><block xmlns='urn:xmpp:blocking'><item jid='{account}'/></block></iq>",
    "<iq from='{from}' to='rooms.tea.example' id='q{n}' type='set'><create xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>urn:xmpp:gc3:create-form</value></field><field var='urn:xmpp:gc3:fields:nickname'><value>Ann</value></field>\
     <field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field><field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field></x>\
     <subscribe type='message'/></create></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><join xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field><field var='urn:xmpp:gc3:fields:nickname'><value>Ben</value></field></x>\
     <subscribe type='message'/></join></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><leave xmlns='urn:xmpp:gc3:0'/></iq>",
    "<presence from='{from}' to='{room}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    "<iq from='{from}' id='q{n}' type='set'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='{n}'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><enable xmlns='urn:xmpp:push:0' jid='{to}' node='n'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><disable xmlns='urn:xmpp:push:0' jid='push.fig.example'/></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><subscribe xmlns='urn:xmpp:gc3:0' type='message'/></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><participant xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>urn:xmpp:gc3:participant</value></field><field var='urn:xmpp:gc3:fields:push'>\
     <value>always</value></field></x></participant></iq>",
    "<message from='{from}' to='{account}' id='m{n}' type='groupchat'><body>All!</body>\
     <stanza-id xmlns='urn:xmpp:sid:0' by='eve@oak.example' id='s{n}'/></message>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
     <field var='muc#register_roomnick'><value>Cid{n}</value></field></x></query></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><query xmlns='jabber:iq:register'><remove/></query></iq>",
    "<presence from='{from}' to='{room}/Nick{n}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    "<presence from='{from}' to='{room}'><x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'>\
     <nickname>Dee</nickname></muc2></x></presence>",
    "<presence from='{from}' to='{room}'><x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'>\
     <nickname>Dee</nickname><presence level='none'/></muc2></x></presence>",
    "<presence from='{from}' to='{room}' type='unavailable'/>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><join xmlns='urn:xmpp:muc:0'><nickname>Dee</nickname></join></iq>",
    "<iq from='{from}' to='{room}' id='q{n}' type='set'><leave xmlns='urn:xmpp:muc:0'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><create xmlns='urn:xmpp:gc3:0' service='rooms.tea.example'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>urn:xmpp:gc3:create-form</value></field><field var='urn:xmpp:gc3:fields:nickname'><value>Ann</value></field>\
     <field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field><field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field></x></create></iq>",
    "<iq from='{from}' id='q{n}' type='set'><join xmlns='urn:xmpp:gc3:0' room='{room}'><x xmlns='jabber:x:data' type='submit'>\
     <field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field><field var='urn:xmpp:gc3:fields:nickname'><value>Ben</value></field></x></join></iq>",
    "<iq from='{from}' id='q{n}' type='set'><join xmlns='urn:xmpp:gc3:0' room='den@oak.example'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><join xmlns='urn:xmpp:muc:0' room='{room}'><nickname>Dee</nickname></join></iq>",
    "<iq from='{from}' id='q{n}' type='set'><block xmlns='urn:xmpp:blocking'><item jid='den@oak.example'/></block></iq>",
    "<iq from='{from}' id='q{n}' type='set'><unblock xmlns='urn:xmpp:blocking'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><leave xmlns='urn:xmpp:gc3:0' room='{room}'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><leave xmlns='urn:xmpp:gc3:0' room='den@oak.example'/></iq>",
    "<iq from='{from}' id='q{n}' type='set'><leave xmlns='urn:xmpp:muc:0' room='{room}'/></iq>",
    "<iq from='{from}' id='q{n}' type='get'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:gc3:0:joined'/></pubsub></iq>",
];

/// What a phone asks for before it sleeps.
const ENABLES: &str =
    "<iq id='e' type='set'><enable xmlns='urn:xmpp:push:0' jid='push.fig.example' node='phone'/></iq>";

/// What a push service answers to a publish: with its id, and in its place.
const ANSWERED: [&str; 3] = [
    "<iq from='push.fig.example' to='tea.example' id='{id}' type='result'/>",
    "<iq from='push.fig.example' to='tea.example' id='{id}' type='error'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq from='push.fig.example' to='tea.example' id='{id}' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
];

/// What a room elsewhere answers to the join of an account and does then; `{id}` is that of what it was asked.
const HOSTED: [&str; 7] = [
    "<iq from='den@oak.example' to='{account}' id='{id}' type='result'><joined xmlns='urn:xmpp:gc3:0' id='-d'>\
     <subscription-jid>den@oak.example</subscription-jid></joined></iq>",
    "<iq from='den@oak.example' to='{account}' id='{id}' type='result'><joined xmlns='urn:xmpp:gc3:0' id='-d'>\
     <subscription-jid>eve@oak.example</subscription-jid></joined></iq>",
    "<iq from='den@oak.example' to='{account}' id='{id}' type='result'/>",
    "<presence from='den@oak.example' to='{account}' type='subscribe'/>",
    "<presence from='eve@oak.example' to='{account}' type='subscribe'/>",
    "<presence from='den@oak.example' to='{account}' type='unsubscribe'/>",
    "<message from='den@oak.example/Eve' to='{account}' id='m{n}' type='groupchat'><body>All!</body>\
     <stanza-id xmlns='urn:xmpp:sid:0' by='den@oak.example' id='s{n}'/></message>",
];

/// A domain with small limits, so that a short conversation meets them.
///
/// Its seed is public: never run one like it.
///
/// # Errors
/// Never: the domains are three.
pub fn domain() -> Result<Domain, String> {
    let bare = |text: &str| BareJid::new(text).map_err(|why| why.to_string());
    let rooms = ServiceConfig { muc: true, muc2: true, ..ServiceConfig::new(&bare("rooms.tea.example")?) };
    let config = DomainConfig::new(&bare("tea.example")?).with_rooms(rooms);
    let config = config.with_copies(Copies::default()).with_push().with_pam();
    let config = config.with_uploads(uploads_of_vectors(), talk_retention::policy(0));
    let rooms = Gc3Limits { participants: 4, sessions: 2, tombstones: 2, recent: 4, rooms: 3, ..Gc3Limits::default() };
    let limits = ServiceLimits {
        accounts: 3,
        deliveries: 4,
        hops: 4,
        presence_bytes: 120,
        contacts: 3,
        rooms,
        // Copies are on their way for longer than the room set knows their room.
        push: PushRouterLimits { left_for: Span::from_secs(1), ..PushRouterLimits::default() },
        pam: AccountLimits { rooms: 3, open: 3, early: 2, leaving: 3, ..AccountLimits::default() },
        uploads: talk_retention::limits(),
        ..Default::default()
    };
    Domain::new(config, limits, Seed::new([3; 32])).map_err(|why| why.to_string())
}

/// Holds a conversation. Gives everything that went in, and the domain as it was left.
///
/// # Errors
/// What is wrong: the domain does not come to rest, or takes what others do for a misuse.
pub fn talk(deeds: &[Deed]) -> Result<(Vec<Moment<Input>>, Domain, Time), String> {
    let mut bench = Bench::new(domain()?, DomainHost::default(), START);
    let mut now = START;
    let (mut heard, mut slots) = (Heard::default(), uploads::Slots::default());
    for person in PEOPLE {
        let account = BareJid::new(person).map_err(|why| why.to_string())?;
        give(&mut bench, now, Input::Create { account })?;
        let session = FullJid::new(&format!("{person}/desk")).map_err(|why| why.to_string())?;
        give(&mut bench, now, Input::Session { session, event: Event::Bound })?;
        // A phone that sleeps.
        let phone = FullJid::new(&format!("{person}/phone")).map_err(|why| why.to_string())?;
        give(&mut bench, now, Input::Session { session: phone.clone(), event: Event::Bound })?;
        let stanza = Reader::one(ns::CLIENT, ENABLES.as_bytes()).map_err(|why| why.to_string())?;
        give(&mut bench, now, Input::FromSession { session: phone.clone(), stanza })?;
        give(&mut bench, now, Input::Session { session: phone, event: Event::Gone { unacked: Vec::new() } })?;
    }
    for (step, deed) in deeds.iter().enumerate() {
        now = now.plus(Span::from_millis(deed.after));
        let input = match deed.side % SIDES {
            UPLOADS.. => slots.input(*deed, now),
            _ => deed.input(step, &heard),
        };
        let Some(input) = input else { continue };
        // What others send is never misuse. What the host does may be: that is tried too.
        let others = matches!(input, Input::FromServer { .. });
        let done = bench.handle(now, input).map_err(|why| why.to_string())?;
        if let (true, Err(misuse)) = (others, done) {
            return Err(format!("what others sent is a misuse: {misuse}"));
        }
        for line in bench.take_lines() {
            if let Line::Send { to, stanza, .. } = line {
                slots.heard(&stanza);
                heard.take(&to, &stanza);
            }
        }
    }
    Ok((bench.journal().to_vec(), bench.machine, now))
}

/// What was said that others may answer.
#[derive(Default)]
struct Heard {
    rooms: Vec<String>,
    /// Ids of publishes.
    publishes: Vec<String>,
    /// Who asked a room elsewhere, and by which id.
    asked: Vec<(String, String)>,
}

impl Heard {
    fn take(&mut self, to: &[String], stanza: &Tree) {
        let id = stanza.attr("id").map(str::to_owned);
        let publish = stanza.children().any(|child| child.is("pubsub", ns::PUBSUB));
        let told = stanza.children().find(|child| child.is("created", ns::GC3));
        { &mut self.rooms }
            .extend(told.into_iter().flat_map(Tree::children).find(|c| c.name == "subscription-jid").map(Tree::text));
        if to == ["den@oak.example"] {
            self.asked.extend(stanza.attr("from").map(str::to_owned).zip(id));
        } else if publish {
            self.publishes.extend(id);
        }
    }
}

fn give(bench: &mut Bench<Domain, DomainHost>, now: Time, input: Input) -> Result<(), String> {
    bench.handle(now, input).map_err(|why| why.to_string())?.map_err(|why| why.to_string())
}

impl Deed {
    fn input(self, step: usize, heard: &Heard) -> Option<Input> {
        let Heard { rooms, publishes, asked } = heard;
        let pick = |list: &[&str], n: u8| list.get(usize::from(n) % list.len()).map(|text| (*text).to_owned());
        let account = pick(&PEOPLE, self.person)?;
        let other = pick(&PEOPLE, self.how)?;
        let device = if self.how.is_multiple_of(3) { "phone" } else { "desk" };
        let session = FullJid::new(&format!("{account}/{device}")).ok()?;
        let bare = BareJid::new(&account).ok()?;
        let room = rooms.get(usize::from(self.how) % (rooms.len() + 1)).cloned();
        let room = room.unwrap_or_else(|| "nowhere@rooms.tea.example".into());
        let to = [
            other.clone(),
            format!("{other}/desk"),
            "tea.example".into(),
            OUTSIDE.into(),
            "nobody@tea.example".into(),
            room.clone(),
            uploads::DOMAIN.into(),
            "ben@tea.example/phone".into(),
        ];
        let to = to.get(usize::from(self.how) % to.len())?;
        let said = |from: &str| {
            let text = SAID.get(usize::from(self.what) % SAID.len())?;
            let gaps = [("from", from), ("to", to), ("account", &other), ("room", &room), ("n", &step.to_string())];
            let text =
                gaps.iter().fold((*text).to_owned(), |text, (gap, value)| text.replace(&format!("{{{gap}}}"), value));
            Reader::one(ns::CLIENT, text.as_bytes()).ok()
        };
        Some(match self.side % SIDES {
            7 if !asked.is_empty() => {
                let newest = asked.len() - 1 - usize::from(self.how % 3).min(asked.len() - 1);
                let (account, id) = asked.get(newest)?;
                let text = pick(&HOSTED, self.what)?
                    .replace("{id}", id)
                    .replace("{account}", account)
                    .replace("{n}", &step.to_string());
                let peer = BareJid::new("oak.example").ok()?;
                Input::FromServer { peer, stanza: Reader::one(ns::CLIENT, text.as_bytes()).ok()? }
            }
            0..=7 => Input::FromSession { session: session.clone(), stanza: said(session.as_str())? },
            8 if !publishes.is_empty() && self.person.is_multiple_of(2) => {
                let id = publishes.get(usize::from(self.how) % publishes.len())?;
                let text = pick(&ANSWERED, self.what)?.replace("{id}", id);
                let peer = BareJid::new("push.fig.example").ok()?;
                Input::FromServer { peer, stanza: Reader::one(ns::CLIENT, text.as_bytes()).ok()? }
            }
            8 | 9 => {
                let peer = if self.how.is_multiple_of(9) { "fig.example" } else { "oak.example" };
                Input::FromServer { peer: BareJid::new(peer).ok()?, stanza: said("eve@oak.example/hut")? }
            }
            10 => Input::FromHost { stanza: said(if self.how < 128 { "tea.example" } else { bare.as_str() })? },
            11..=13 => {
                let all = [Subscription::None, Subscription::To, Subscription::From, Subscription::Both];
                let jid = [other, OUTSIDE.into(), "dee@elm.example".into(), room];
                let jid = BareJid::new(jid.get(usize::from(self.what) % jid.len())?).ok()?;
                let subscription = *all.get(usize::from(self.how / 4) % all.len())?;
                Input::Fact { account: bare, fact: Fact::Contact { jid, subscription } }
            }
            14 => match self.what % 6 {
                5 => Input::Wants { session },
                0..=2 => Input::Session { session, event: Event::Bound },
                3 => {
                    let unacked = said("eve@oak.example/hut").into_iter().collect();
                    Input::Session { session, event: Event::Gone { unacked } }
                }
                _ => Input::Session { session, event: Event::Hibernated },
            },
            _ => match self.what % 6 {
                0 => Input::Remove { account: bare },
                1 | 2 => Input::Create { account: bare },
                3 => {
                    let grounds = Grounds { joined: self.how < 200, bookmarked: self.how % 4 == 1, registered: false };
                    let room = if self.how.is_multiple_of(2) { OUTSIDE.to_owned() } else { room };
                    Input::Fact { account: bare, fact: Fact::Room { room: BareJid::new(&room).ok()?, grounds } }
                }
                _ => {
                    let text = format!("<presence from='{bare}' to='{room}' type='subscribed'/>");
                    Input::FromHost { stanza: Reader::one(ns::CLIENT, text.as_bytes()).ok()? }
                }
            },
        })
    }
}

/// Holds the conversation and tries laws 1 to 7 and 9 on it, and law 10 on two accounts that write to other servers.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let (journal, _, end) = talk(deeds)?;
    let make = || domain().unwrap_or_else(|why| unreachable!("{why}"));
    let bounds = Bounds { actions: ACTIONS, check: |domain: &Domain| domain.check() };
    laws::all(make, &journal, &bounds, seed).map_err(|broken| broken.to_string())?;
    let say = |who: &str, to: &str| {
        let text = format!("<message to='{to}' id='z' type='chat'><body>hello</body></message>");
        let stanza = Reader::one(ns::CLIENT, text.as_bytes()).map_err(|why| why.to_string())?;
        let session = FullJid::new(&format!("{who}/desk")).map_err(|why| why.to_string())?;
        Ok::<_, String>((end, Op::Input(Input::FromSession { session, stanza })))
    };
    let (one, other) = (say("ann@tea.example", "dee@elm.example")?, say("ben@tea.example", "eve@oak.example")?);
    laws::commuting(make, &journal, &one, &other).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    let broken = lawful(&Deed::from_bytes(deeds), u64::from(*seed)).err();
    assert_eq!(broken, None, "a domain keeps every law");
}

/// The body of a fuzz target: the bytes are a short conversation, and damage to the snapshot after it. Panics if what is
/// damaged is loaded and not what a domain would write, or if it cannot go on.
pub fn fuzz_snapshot(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let (deeds, damage) = rest.split_at_checked(usize::from(*count % 16) * 6).unwrap_or((rest, &[]));
    let said = talk(&Deed::from_bytes(deeds));
    assert_eq!(said.as_ref().err(), None, "a domain talks");
    let Ok((journal, domain, _)) = said else { return };
    assert_eq!(laws::survives(&domain, damage, journal).err(), None, "only what a domain writes is loaded");
}
