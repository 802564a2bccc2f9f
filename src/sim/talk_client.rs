//! Random conversations with a device in a room: for the laws, by property test and by fuzzing.

use super::choice::{one_of, pick};
use super::laws::{self, Bounds, Moment, Op};
use super::vectors::START;
use crate::codec::Reader;
use crate::gc3::Client;
use crate::gc3::client::{ClientConfig, Command, Dialect, Input};
use crate::limits::ClientLimits;
use crate::machine::{Action, Machine as _};
use crate::ns;
use crate::reactions::Wish;
use crate::rule::Rule;
use crate::seed::Seed;
use crate::time::Time;

/// Things that happen in one conversation that is read from bytes.
const LONGEST: usize = 160;

/// Actions of one call.
const ACTIONS: usize = 64;

const COMMANDS: [Command; 8] = [
    Command::Online,
    Command::Join,
    Command::Online,
    Command::Offline,
    Command::Leave,
    Command::Listed(false),
    Command::Listed(true),
    Command::Seen(true),
];

/// What the user reacts with: nothing, one character, some, more than are sent, and what is none.
const FACES: [&str; 8] = ["+", "-", "x", "+ -", "+ - x", "", "a b c d e f g h i j k l m n o p q", "+- x"];

/// The user reacts to a message: there is none without an id.
fn react(n: u8, how: u8) -> Command {
    let face = pick(&FACES, how / 8);
    let wish = match how % 4 {
        0 | 1 => Wish::Add(face.into()),
        2 => Wish::Remove(face.into()),
        _ => Wish::Set(face.split(' ').map(Into::into).collect()),
    };
    Command::React { to: pick(&["s1", "s2", "s1", "s1", "s3", ""], n).into(), wish }
}

/// What comes. `{id}` is an id that the client gave a request of its own, `{to}` whom it asked, `{info}` the id
/// of its last question what the room allows, `{n}` a small number. The first three bring a client in.
const COMES: &[&str] = &[
    "<iq type='result' id='{id}' from='{to}' to='{me}'><joined xmlns='urn:xmpp:gc3:0' id='-me' version='v{n}' last='s{n}'>\
     <subscription-jid>tea@rooms.example</subscription-jid></joined></iq>",
    "<presence from='tea@rooms.example/Ann' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <item affiliation='none' role='participant'/><status code='110'/></x></presence>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><sync xmlns='urn:xmpp:gc3:0' joined='yes' id='-me' nick='Ann' \
     version='v{n}' last='s{n}' missed='yes'/></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><joined xmlns='urn:xmpp:gc3:0' id='-me' version='v{n}'>\
     <subscription-jid>tea@other.example</subscription-jid></joined></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><sync xmlns='urn:xmpp:gc3:0' joined='yes' session='yes' \
     version='v{n}' last='s{n}' missed='no'/></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><sync xmlns='urn:xmpp:gc3:0' joined='no'/></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><sync xmlns='urn:xmpp:gc3:0' joined='no'>\
     <left why='kicked'/></sync></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><participants xmlns='urn:xmpp:gc3:0' version='v{n}'>\
     <item id='-p{n}' nick='P{n}' affiliation='none'/></participants></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><participants xmlns='urn:xmpp:gc3:0' version='v{n}'>\
     <item id='-p{n}' nick='P'/><set xmlns='http://jabber.org/protocol/rsm'><first index='{n}'>-p{n}</first>\
     <last>-p{n}</last><count>5</count></set></participants></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><participants xmlns='urn:xmpp:gc3:0' since='v1' version='v{n}'>\
     <item id='-p{n}' nick='P' left='2026-01-01T00:00:00Z' why='left'/></participants></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><fin xmlns='urn:xmpp:mam:2' complete='true'>\
     <set xmlns='http://jabber.org/protocol/rsm'><first index='0'>s1</first><last>s{n}</last><count>{n}</count></set></fin></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><fin xmlns='urn:xmpp:mam:2'>\
     <set xmlns='http://jabber.org/protocol/rsm'><first index='0'>s1</first><last>s{n}</last><count>900</count></set></fin></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><fin xmlns='urn:xmpp:mam:2' complete='true'/></iq>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'/>",
    "<iq type='error' id='{id}' from='{to}' to='{me}'><error type='cancel'>\
     <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='error' id='{id}' from='{to}' to='{me}'><error type='wait'>\
     <remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='error' id='{id}' from='{to}' to='{me}'><error type='cancel'>\
     <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<message from='tea@rooms.example' to='{me}'><result xmlns='urn:xmpp:mam:2' queryid='{id}' id='s{n}'>\
     <forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='tea@rooms.example/-p{n}'><body>old</body>\
     <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-p{n}'/></message></forwarded></result></message>",
    "<message type='groupchat' from='tea@rooms.example/-p{n}' to='{me}'><body>new</body>\
     <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='s{n}'/>\
     <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-p{n}'/><nick xmlns='http://jabber.org/protocol/nick'>P{n}</nick></message>",
    "<message type='groupchat' from='tea@rooms.example/-p{n}' to='{me}'><body>new</body></message>",
    "<message from='tea@rooms.example' to='{me}'><participants xmlns='urn:xmpp:gc3:0' since='v1' version='v{n}'>\
     <item id='-p{n}' nick='Q{n}' affiliation='none'/></participants></message>",
    "<message from='tea@rooms.example' to='{me}'><participants xmlns='urn:xmpp:gc3:0' since='v1' version='v{n}'>\
     <item id='-me' nick='Ann' left='2026-01-01T00:00:00Z' why='banned'/></participants></message>",
    "<presence type='subscribe' from='tea@rooms.example' to='ann@tea.example'/>",
    "<presence from='tea@rooms.example/P{n}' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'/></presence>",
    "<presence type='unavailable' from='tea@rooms.example/Ann' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <status code='110'/><status code='333'/></x></presence>",
    "<presence type='unavailable' from='tea@rooms.example/Ann' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <item nick='Annie'/><status code='303'/><status code='110'/></x></presence>",
    "<presence type='unavailable' from='tea@rooms.example/Ann' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <status code='110'/><status code='307'/></x></presence>",
    "<iq type='result' id='{id}' from='{to}' to='{me}'><query xmlns='http://jabber.org/protocol/disco#items'>\
     <item jid='tea@rooms.example/Ann'/><item jid='tea@rooms.example/P{n}'/></query></iq>",
    "<presence type='error' from='tea@rooms.example/Ann' to='{me}'><error type='wait'/></presence>",
    "<iq type='get' id='p' from='tea@rooms.example' to='{me}'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<message type='groupchat' id='{id}' from='tea@rooms.example/Ann' to='{me}'>\
     <reactions xmlns='urn:xmpp:reactions:0' id='s{n}'><reaction>+</reaction><reaction>+-</reaction></reactions>\
     <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-me'/></message>",
    "<message type='groupchat' id='{id}' from='tea@rooms.example/Ann' to='{me}'>\
     <reactions xmlns='urn:xmpp:reactions:0' id='s{n}'/>\
     <stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.example' id='r{n}'/></message>",
    "<message type='groupchat' id='{id}' from='tea@rooms.example/-p{n}' to='{me}'>\
     <reactions xmlns='urn:xmpp:reactions:0' id='s{n}'><reaction>x</reaction></reactions>\
     <occupant-id xmlns='urn:xmpp:occupant-id:0' id='-p{n}'/></message>",
    "<message from='tea@rooms.example' to='{me}'><result xmlns='urn:xmpp:mam:2' queryid='{id}' id='r{n}'>\
     <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:0{n}Z'/>\
     <message xmlns='jabber:client' from='tea@rooms.example/-me'><reactions xmlns='urn:xmpp:reactions:0' id='s{n}'>\
     <reaction>-</reaction></reactions><occupant-id xmlns='urn:xmpp:occupant-id:0' id='-me'/>\
     </message></forwarded></result></message>",
    "<message type='error' id='{id}' from='{to}' to='{me}'><error type='modify'>\
     <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    "<message type='error' id='{id}' from='{to}/-p{n}' to='{me}'><error type='modify'>\
     <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    "<iq type='result' id='{info}' from='tea@rooms.example' to='{me}'><query xmlns='http://jabber.org/protocol/disco#info'>\
     <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>\
     <value>urn:xmpp:reactions:0:restrictions</value></field>\
     <field var='max_reactions_per_user'><value>{n}</value></field>\
     <field var='allowlist'><value>-</value><value>+</value></field></x></query></iq>",
    "<iq type='result' id='{info}' from='tea@rooms.example' to='{me}'><query xmlns='http://jabber.org/protocol/disco#info'>\
     <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>\
     <value>urn:xmpp:reactions:0:restrictions</value></field><field var='allowlist'><value>+</value><value>+{n}</value>\
     <value>-</value><value>x</value></field></x></query></iq>",
    "<iq type='result' id='{info}' from='tea@rooms.example' to='{me}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<message from='tea@rooms.example' to='{me}'><config xmlns='urn:xmpp:gc3:0'/></message>",
    "<message type='groupchat' from='tea@rooms.example' to='{me}'><x xmlns='http://jabber.org/protocol/muc#user'>\
     <status code='104'/></x></message>",
];

/// A client with small limits, by one dialect or the other, with an account that joins or without, in a room that says
/// what it allows or not. Its seed is public:
/// never run one like it.
///
/// # Panics
/// Never: its addresses are some.
#[must_use]
#[expect(clippy::expect_used, reason = "the addresses are constants")]
pub fn client(kind: u8) -> Client {
    let config = ClientConfig {
        room: jid::BareJid::new("tea@rooms.example").expect("a JID"),
        me: jid::FullJid::new("ann@tea.example/pot").expect("a JID"),
        dialect: if kind & 1 == 0 { Dialect::Gc3 } else { Dialect::Muc },
        nick: "Ann".into(),
        password: None,
        archive: kind & 2 == 0,
        occupant_ids: true,
        account: kind & 4 != 0,
        reactions: kind & 8 == 0,
    };
    let limits = ClientLimits { people: 3, names: 4, page: 2, pages: 2, seen: 4, gaps: 2, ..few() };
    Client::new(config, limits, Seed::new([3; 32]))
}

/// Bounds of what a client remembers of reactions, such as a few wishes meet.
fn few() -> ClientLimits {
    ClientLimits { reacted: 3, offered: 2, ..ClientLimits::default() }
}

/// What bytes stand for: five of them are one thing that happens. Any bytes are a conversation.
#[must_use]
pub fn script(kind: u8, bytes: &[u8]) -> Vec<Moment<Input>> {
    let mut machine = client(kind);
    let mut journal: Vec<Moment<Input>> = Vec::new();
    let mut now = START;
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut info = String::new();
    let first = [Command::Online, Command::Join].map(|command| Some(Op::Input(Input::Command(command))));
    let first = first.into_iter().map(|op| ([0; 5], op));
    // Half of the clients are in from the beginning: by themselves they seldom get there.
    let enters = [0, 1, 2].map(|what| ([0, 0, what, 0, 0], None)).into_iter().filter(|_| kind & 16 != 0);
    let deeds = bytes.as_chunks::<5>().0.iter().take(LONGEST).map(|&deed| (deed, None));
    for (deed, op) in first.chain(enters).chain(deeds) {
        let [scale, after, what, n, how] = deed;
        now = Time::from_millis(now.millis().saturating_add(u64::from(after) << (scale % 20)));
        let newest = asked.len().wrapping_sub(1).wrapping_sub(usize::from(how % 3));
        let (id, to) = asked.get(newest).map_or(("none", "nobody.example"), |(id, to)| (id.as_str(), to.as_str()));
        let text = pick(COMES, what)
            .replace("{id}", id)
            .replace("{info}", &info)
            .replace("{to}", to)
            .replace("{me}", "ann@tea.example/pot")
            .replace("{n}", &(n % 6).to_string());
        let came = || {
            let stanza = Reader::one(ns::CLIENT, text.as_bytes()).ok()?;
            Some(Op::Input(Input::Stanza { stanza, contact: how > 250 }))
        };
        let op = op.or_else(|| match what {
            248.. => Some(Op::Wake),
            216..248 => one_of(&COMMANDS, n).map(|command| Op::Input(Input::Command(command.clone()))),
            184..216 => Some(Op::Input(Input::Command(react(n, how)))),
            _ => came(),
        });
        let op = op.unwrap_or(Op::Wake);
        let mut hear = |_: Rule, action: Action<'_, _, _>| {
            if let Action::Send { to, stanza } = action
                && let Some(first) = to.iter().next()
                && let Ok(stanza) = stanza.to_stanza(first.jid)
            {
                if stanza.payload().is_some_and(|payload| payload.is("query", ns::DISCO_INFO)) {
                    info = stanza.id.as_deref().unwrap_or_default().to_owned();
                }
                asked.extend(stanza.id.map(|id| (id.to_string(), first.jid.to_owned())));
            }
        };
        match &op {
            Op::Input(input) => drop(machine.handle(now, input.clone(), &mut hear)),
            Op::Wake => machine.wake(now, &mut hear),
        }
        journal.push((now, op));
    }
    journal
}

/// Tries laws 1 to 7 and 9 on the conversation that bytes stand for.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(kind: u8, bytes: &[u8], seed: u64) -> Result<(), String> {
    let bounds = Bounds { actions: ACTIONS, check: |client: &Client| client.check_state().map_err(str::to_owned) };
    laws::all(|| client(kind), &script(kind, bytes), &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a conversation, and then damage to a snapshot. Panics if a law is broken.
pub fn fuzz(bytes: &[u8]) {
    let Some((kind, deeds)) = bytes.split_first() else { return };
    assert_eq!(lawful(*kind, deeds, u64::from(*kind)).err(), None, "a client keeps every law");
    let (mut machine, script) = (client(*kind), script(*kind, deeds));
    laws::live(&mut machine, script.clone());
    let damage = deeds.get(deeds.len().saturating_sub(9)..).unwrap_or_default();
    assert_eq!(laws::survives(&machine, damage, script).err(), None, "only what a client writes is loaded");
}
