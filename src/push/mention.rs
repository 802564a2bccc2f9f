//! Whom a message of a room mentions.
//!
//! Four ways, from the plainest to the vaguest: an explicit mention ([XEP-0513](https://xmpp.org/extensions/xep-0513.html)),
//! a reference ([XEP-0372](https://xmpp.org/extensions/xep-0372.html)), a reply to what one said
//! ([XEP-0461](https://xmpp.org/extensions/xep-0461.html)), and one's nickname as a word of the text. A message is read
//! once, and then asked about as many people as there are.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::push::mention::{Answer, How, Me, Mentions, Nick, Permitted};
//!
//! let message = br#"<message type='groupchat'><body>Is there tea, Ben?</body></message>"#;
//! let mentions = Mentions::read(&Reader::one("jabber:client", message)?.element);
//! let ben = Nick::new("ben");
//! let me = Me { nick: ben.as_ref(), ..Me::default() };
//! assert_eq!(mentions.answer(&me, &Permitted::default()), Answer::Yes(How::Nick));
//! assert_eq!(mentions.answer(&Me::default(), &Permitted::default()), Answer::No);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, WordBreak};
use icu_properties::{CodePointMapData, CodePointSetData};
use minidom::Element;

use super::content::is_encrypted;
use crate::codec::parse_jid;
use crate::ns;

/// How many mentions of a message are kept. What comes after is counted and not looked at: no room permits so many.
const KEPT: usize = 64;

/// What a message says of people, read once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// XEP-0513: those that ask for attention.
    explicit: Vec<Explicit>,
    /// XEP-0513: how many there are, those that ask for none included.
    count: usize,
    /// XEP-0372: who is referred to.
    references: Vec<Box<str>>,
    /// XEP-0461: whose message is answered.
    reply: Option<Box<str>>,
    /// The text, folded, without what only quotes another message; empty where it is encrypted.
    text: Box<str>,
    encrypted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Explicit {
    whom: Whom,
    active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Occupant(Box<str>),
    Jid(Box<str>),
    /// A group: what follows the `#`, and where it is, if it says so.
    Group(Box<str>, Option<Box<str>>),
}

/// Who asks whether they are mentioned, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Me<'a> {
    /// The occupant id in the room (XEP-0421), or the participant ID.
    pub occupant_id: Option<&'a str>,
    /// Addresses: the own bare JID, and the address of the own occupant. Normalised.
    pub addresses: &'a [&'a str],
    /// The nickname in the room.
    pub nick: Option<&'a Nick>,
    /// The room's bare JID, to which a mention of everybody may name itself bound.
    pub room: Option<&'a str>,
    /// The groups of XEP-0513 that one is in, beside `channel`, in which everybody is: `moderators`, `owner` and so on.
    pub groups: &'a [&'a str],
    /// Whether one is there now: some mentions are for those only.
    pub active: bool,
}

/// Which explicit mentions a room allows this message's sender (XEP-0513 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// How many mentions a message may have; with more, none of them counts.
    pub count: usize,
    /// Whether the sender may mention persons.
    pub individual: bool,
    /// Whether the sender may mention everybody in the room.
    pub channel: bool,
    /// Whether the sender may mention those of a role or an affiliation.
    pub associations: bool,
}

/// What holds where a room says nothing: five persons, as in the form of XEP-0513, and no groups, since nothing tells
/// who may mention them.
impl Default for Permitted {
    fn default() -> Self {
        Self { count: 5, individual: true, channel: false, associations: false }
    }
}

/// By what somebody is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Named by an explicit mention.
    Explicit,
    /// In a group that is mentioned.
    Group,
    /// Referred to by address.
    Reference,
    /// The message answers theirs.
    Reply,
    /// Their nickname is a word of the text.
    Nick,
}

/// Somebody whom a message names in clear, other than by a nickname in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<'a> {
    /// By what.
    pub whom: Name<'a>,
    /// Whether it is meant only if they are there.
    pub active: bool,
}

/// By what somebody is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name<'a> {
    /// An occupant id.
    Occupant(&'a str),
    /// The address of an account or of an occupant.
    Address(&'a str),
    /// A group in the room: `channel`, `moderators`, `owner` and so on.
    Group(&'a str),
}

/// Whether somebody is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Yes.
    Yes(How),
    /// No.
    No,
    /// It cannot be read: the text is encrypted and nothing else says.
    Unreadable,
}

impl Mentions {
    /// Reads a message.
    #[must_use]
    pub fn read(message: &Element) -> Self {
        let mut found = Self::default();
        for child in message.children() {
            match child.name() {
                "mention" if child.has_ns(ns::MENTIONS) => found.mention(child),
                "reference" if child.has_ns(ns::REFERENCE) => found.reference(child),
                "reply" if child.has_ns(ns::REPLY) && found.reply.is_none() => {
                    found.reply = child.attr("to").map(normalised);
                }
                _ => found.encrypted |= is_encrypted(child),
            }
        }
        if !found.encrypted {
            found.text = text(message).into();
        }
        found
    }

    fn mention(&mut self, child: &Element) {
        self.count = self.count.saturating_add(1);
        if self.explicit.len() >= KEPT || child.has_child("noping", ns::MENTIONS) {
            return;
        }
        let group = child.attr("mentions").map(|uri| {
            let name = uri.strip_prefix(ns::MENTIONS).and_then(|rest| rest.strip_prefix('#'));
            Whom::Group(name.unwrap_or_default().into(), child.attr("uri").map(jid_of))
        });
        let whom = group
            .or_else(|| child.attr("occupantid").map(|id| Whom::Occupant(id.into())))
            .or_else(|| child.attr("jid").map(|jid| Whom::Jid(normalised(jid))));
        if let Some(whom) = whom {
            self.explicit.push(Explicit { whom, active: child.has_child("active", ns::MENTIONS) });
        }
    }

    fn reference(&mut self, child: &Element) {
        let here = child.attr("anchor").is_none() && child.attr("type") == Some("mention");
        if let Some(uri) = child.attr("uri").filter(|uri| here && uri.starts_with("xmpp:"))
            && self.references.len() < KEPT
        {
            self.references.push(jid_of(uri));
        }
    }

    /// Whether somebody is mentioned, by a sender to whom the room permits this much.
    #[must_use]
    pub fn answer(&self, me: &Me<'_>, permitted: &Permitted) -> Answer {
        if self.count <= permitted.count
            && let Some(how) = self.explicit.iter().find_map(|mention| mention.hits(me, permitted))
        {
            return Answer::Yes(how);
        }
        if self.references.iter().any(|who| me.addresses.contains(&&**who)) {
            return Answer::Yes(How::Reference);
        }
        if self.reply.as_deref().is_some_and(|who| me.addresses.contains(&who)) {
            return Answer::Yes(How::Reply);
        }
        if me.nick.is_some_and(|nick| nick.stands_in(&self.text)) {
            return Answer::Yes(How::Nick);
        }
        if self.is_unreadable() { Answer::Unreadable } else { Answer::No }
    }

    /// All whom the message names in clear, by a sender to whom the room permits this much: for a room that looks up
    /// whom they are, instead of asking for each of its members.
    pub fn named<'a>(&'a self, room: &'a str, permitted: &'a Permitted) -> impl Iterator<Item = Named<'a>> {
        let few = self.count <= permitted.count;
        let explicit = self.explicit.iter().filter(move |_| few).filter_map(move |mention| {
            let whom = match &mention.whom {
                Whom::Occupant(id) if permitted.individual => Name::Occupant(id),
                Whom::Jid(jid) if permitted.individual => Name::Address(jid),
                Whom::Group(name, at) if at.as_deref().is_none_or(|at| at == room) => {
                    let fine = if &**name == "channel" { permitted.channel } else { permitted.associations };
                    fine.then_some(Name::Group(name))?
                }
                _ => return None,
            };
            Some(Named { whom, active: mention.active })
        });
        let addresses = self.references.iter().chain(&self.reply);
        explicit.chain(addresses.map(|jid| Named { whom: Name::Address(jid), active: false }))
    }

    /// Whether nothing can be known of it: the text is encrypted, and nothing in clear names anybody.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        self.encrypted && self.count == 0 && self.references.is_empty() && self.reply.is_none()
    }

    /// The folded text, in which a [`Nick`] is looked for.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Explicit {
    fn hits(&self, me: &Me<'_>, permitted: &Permitted) -> Option<How> {
        if self.active && !me.active {
            return None;
        }
        match &self.whom {
            Whom::Occupant(id) => (permitted.individual && me.occupant_id == Some(id)).then_some(How::Explicit),
            Whom::Jid(jid) => (permitted.individual && me.addresses.contains(&&**jid)).then_some(How::Explicit),
            Whom::Group(name, at) => {
                let here = at.is_none() || at.as_deref() == me.room;
                let hit = match &**name {
                    "channel" => permitted.channel,
                    other => permitted.associations && me.groups.contains(&other),
                };
                (here && hit).then_some(How::Group)
            }
        }
    }
}

/// A nickname, folded so that case, compatibility forms and invisible characters do not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Nick(Box<str>);

impl Nick {
    /// A nickname to look for; `None` if there is nothing in it.
    #[must_use]
    pub fn new(nick: &str) -> Option<Self> {
        let folded = fold(nick);
        (!folded.is_empty()).then(|| Self(folded.into()))
    }

    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first word, under which it can be looked up.
    #[must_use]
    pub fn first_word(&self) -> &str {
        words(&self.0).next().map_or(&self.0, |(_, word)| word)
    }

    /// Whether it stands in a folded text as a word or words of its own.
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        text.match_indices(&*self.0).any(|(at, _)| self.ends_at(text, at) && starts(text, at))
    }

    /// Whether it stands at that place of a text, up to the end of a word.
    #[must_use]
    pub fn stands_at(&self, text: &str, at: usize) -> bool {
        text.get(at..).is_some_and(|rest| rest.starts_with(&*self.0)) && self.ends_at(text, at)
    }

    fn ends_at(&self, text: &str, at: usize) -> bool {
        let after = text.get(at + self.0.len()..).unwrap_or_default().chars().next();
        match (self.0.chars().next_back(), after) {
            (Some(last), Some(next)) => parts(last, next),
            _ => true,
        }
    }
}

fn starts(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    match (before.chars().next_back(), rest.chars().next()) {
        (Some(last), Some(first)) => parts(last, first),
        _ => true,
    }
}

/// The words of a folded text, and where each begins. What is no letter is a word of one character; white space is none.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    core::iter::from_fn(move || {
        let begin = rest;
        let mut chars = text.get(begin..)?.char_indices();
        let (_, mut last) = chars.next()?;
        let end = chars.find_map(|(at, next)| {
            let parted = parts(last, next);
            last = next;
            parted.then_some(begin + at)
        });
        rest = end.unwrap_or(text.len());
        Some((begin, &text[begin..rest]))
    })
    .filter(|(_, word)| *word != " ")
}

/// Whether a word may end between two characters: the pairs of UAX #29, so that scripts which write no spaces have a
/// boundary wherever a name can end. Unlike there, an apostrophe or a full stop inside ends a word: `Ann's` names Ann.
fn parts(a: char, b: char) -> bool {
    if a.is_ascii() && b.is_ascii() {
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        return !(in_word(a) && in_word(b));
    }
    let breaks = CodePointMapData::<WordBreak>::new();
    let (a, b) = (breaks.get(a), breaks.get(b));
    let joins = |class| {
        matches!(class, WordBreak::ALetter | WordBreak::HebrewLetter | WordBreak::Numeric | WordBreak::ExtendNumLet)
    };
    let marks = matches!(b, WordBreak::Extend | WordBreak::Format | WordBreak::ZWJ);
    let katakana = a == WordBreak::Katakana && b == WordBreak::Katakana;
    // A mark belongs to the letter before it, and so does the letter after it.
    let marked = matches!(a, WordBreak::Extend | WordBreak::Format | WordBreak::ZWJ) && joins(b);
    !(marks || katakana || marked || (joins(a) && joins(b)))
}

/// What texts are compared by: compatibility forms, case, invisible characters and the amount of white space do not
/// count.
fn fold(text: &str) -> String {
    let folded = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let hidden = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let nfkc = ComposingNormalizerBorrowed::new_nfkc();
        let shown: String = nfkc.normalize(text).chars().filter(|&c| !hidden.contains(c)).collect();
        let folded = CaseMapper::new().fold_string(&shown).into_owned();
        nfkc.normalize(&folded).into_owned()
    };
    let mut joined = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// All bodies of a message, folded, without what XEP-0461 says is only the quotation of another message.
fn text(message: &Element) -> String {
    let quoted: Vec<(usize, usize)> = message
        .children()
        .filter(|child| child.is("fallback", ns::FALLBACK) && child.attr("for") == Some(ns::REPLY))
        .flat_map(Element::children)
        .filter(|range| range.is("body", ns::FALLBACK))
        .filter_map(|range| {
            let at = |name| range.attr(name).map_or(Some(None), |text| text.parse().ok().map(Some));
            Some((at("start")?.unwrap_or(0), at("end")?.unwrap_or(usize::MAX)))
        })
        .take(KEPT)
        .collect();
    let mut text = String::new();
    for body in message.children().filter(|child| child.is("body", ns::CLIENT)) {
        let body = body.text();
        if !text.is_empty() {
            text.push('\n');
        }
        if quoted.is_empty() {
            text.push_str(&body);
        } else {
            let kept = body.chars().enumerate().filter(|(n, _)| !quoted.iter().any(|(from, to)| from <= n && n < to));
            text.extend(kept.map(|(_, c)| c));
        }
    }
    fold(&text)
}

/// The JID in an XMPP URI, without its query, with what is written in percent read.
fn jid_of(uri: &str) -> Box<str> {
    let rest = uri.strip_prefix("xmpp:").unwrap_or(uri);
    let path = rest.split_once(['?', ';', '#']).map_or(rest, |(path, _)| path);
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((&byte, rest)) = left.split_first() {
        let hex = |at: usize| rest.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                left = &rest[2..];
            }
            _ => {
                bytes.push(byte);
                left = rest;
            }
        }
    }
    normalised(&String::from_utf8_lossy(&bytes))
}

/// A JID in its normalised form, or the text if it is none.
fn normalised(text: &str) -> Box<str> {
    parse_jid(text).map_or_else(|| text.into(), |jid| jid.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    const ALL: Permitted = Permitted { count: 5, individual: true, channel: true, associations: true };

    fn read(inner: &str) -> Mentions {
        let xml = format!("<message type='groupchat'>{inner}</message>");
        Mentions::read(&Reader::one(ns::CLIENT, xml.as_bytes()).unwrap().element)
    }

    fn ask(inner: &str, permitted: &Permitted) -> Answer {
        let nick = Nick::new("Ben").unwrap();
        let me = Me {
            occupant_id: Some("-ben"),
            addresses: &["ben@oak.example", "tea@rooms.example/Ben of Oak"],
            nick: Some(&nick),
            room: Some("tea@rooms.example"),
            groups: &["owner"],
            active: false,
        };
        read(inner).answer(&me, permitted)
    }

    #[test]
    fn explicit_mentions_name_whom_they_are_for() {
        let mention = |attrs: &str, inner: &str| {
            ask(&format!("<mention xmlns='urn:xmpp:mentions:0' {attrs}>{inner}</mention>"), &ALL)
        };
        assert_eq!(mention("occupantid='-ben'", ""), Answer::Yes(How::Explicit));
        let all = read("<mention xmlns='urn:xmpp:mentions:0' mentions='urn:xmpp:mentions:0#channel'/>");
        let names = |permitted| all.named("tea@rooms.example", permitted).map(|named| named.whom).collect::<Vec<_>>();
        assert_eq!((names(&ALL), names(&Permitted::default())), (vec![Name::Group("channel")], vec![]));
        assert_eq!(mention("occupantid='-cid'", ""), Answer::No);
        assert_eq!(mention("jid='Ben@Oak.example'", ""), Answer::Yes(How::Explicit));
        assert_eq!(mention("occupantid='-ben'", "<noping xmlns='urn:xmpp:mentions:0'/>"), Answer::No);
        assert_eq!(mention("occupantid='-ben'", "<active xmlns='urn:xmpp:mentions:0'/>"), Answer::No);
        let group = |name: &str, uri: &str| mention(&format!("mentions='urn:xmpp:mentions:0{name}' {uri}"), "");
        assert_eq!(group("#channel", ""), Answer::Yes(How::Group));
        assert_eq!(group("#channel", "uri='xmpp:tea@rooms.example?join'"), Answer::Yes(How::Group));
        assert_eq!(group("#channel", "uri='xmpp:cake@rooms.example'"), Answer::No);
        assert_eq!(group("channel", ""), Answer::No);
        assert_eq!(group("#owner", ""), Answer::Yes(How::Group));
        assert_eq!(group("#admin", ""), Answer::No);
        assert_eq!(group("#server", "uri='xmpp:oak.example'"), Answer::No);
    }

    #[test]
    fn a_room_permits_some_of_them() {
        let me = "<mention xmlns='urn:xmpp:mentions:0' occupantid='-ben'/>";
        let all = "<mention xmlns='urn:xmpp:mentions:0' mentions='urn:xmpp:mentions:0#channel'/>";
        assert_eq!(ask(&me.repeat(5), &Permitted::default()), Answer::Yes(How::Explicit));
        assert_eq!(ask(&me.repeat(6), &Permitted::default()), Answer::No);
        assert_eq!(ask(&me.repeat(70), &Permitted { count: 64, ..ALL }), Answer::No);
        assert_eq!(ask(all, &Permitted::default()), Answer::No);
        assert_eq!(ask(me, &Permitted { individual: false, ..ALL }), Answer::No);
        assert_eq!(ask("<mention xmlns='urn:xmpp:mentions:0' mentions='urn:xmpp:mentions:0#owner'/>", &ALL), {
            Answer::Yes(How::Group)
        });
    }

    #[test]
    fn references_and_replies_name_addresses() {
        let reference = |attrs: &str| ask(&format!("<reference xmlns='urn:xmpp:reference:0' {attrs}/>"), &ALL);
        assert_eq!(reference("type='mention' uri='xmpp:ben@oak.example'"), Answer::Yes(How::Reference));
        assert_eq!(reference("type='mention' uri='xmpp:tea@rooms.example/Ben%20of%20Oak'"), {
            Answer::Yes(How::Reference)
        });
        assert_eq!(reference("type='mention' uri='xmpp:tea@rooms.example/%zz%f'"), Answer::No);
        assert_eq!(reference("type='data' uri='xmpp:ben@oak.example'"), Answer::No);
        assert_eq!(reference("type='mention' uri='xmpp:ben@oak.example' anchor='xmpp:x'"), Answer::No);
        let reply = "<reply xmlns='urn:xmpp:reply:0' id='1' to='tea@rooms.example/Ben of Oak'/>";
        assert_eq!(ask(reply, &ALL), Answer::Yes(How::Reply));
        assert_eq!(ask("<reply xmlns='urn:xmpp:reply:0' id='1' to='tea@rooms.example/Cid'/>", &ALL), Answer::No);
    }

    #[test]
    fn a_nickname_is_a_word() {
        for (nick, text, found) in [
            ("Ben", "ben: tea?", true),
            ("Ben", "@BEN!", true),
            ("Ben", "Ben's tea", true),
            ("Ben", "Bengal tea", false),
            ("Ben", "rubben", false),
            ("Ben", "ben_2", false),
            ("Ben", "rubben, ben", true),
            ("Ben of Oak", "is ben  OF\noak here?", true),
            ("Ben of Oak", "ben of oaks", false),
            ("Straße", "STRASSE!", true),
            ("Zoë", "zoe\u{308}, tea", true),
            ("Zoe", "zoe\u{308}, tea", false),
            ("アン", "アンさん、お茶は？", true),
            ("アン", "アンナさん", false),
            ("安子", "安子在吗", true),
            ("ﬁx", "FIX it", true),
            ("a\u{200b}nn", "Ann?", true),
            ("🦊", "hello🦊!", true),
            ("🦊 fox", "a 🦊 fox", true),
            ("c++", "I write c++.", true),
            ("آن", "سلام آن!", true),
            ("ann", "", false),
        ] {
            let nick = Nick::new(nick).unwrap();
            let text = fold(text);
            assert_eq!(nick.stands_in(&text), found, "{nick:?} in {text:?}");
            let by_words = words(&text).any(|(at, word)| word == nick.first_word() && nick.stands_at(&text, at));
            assert_eq!(by_words, found, "{nick:?} by its first word in {text:?}");
        }
        assert_eq!(Nick::new(" \u{200b} "), None);
    }

    #[test]
    fn what_is_only_quoted_mentions_nobody() {
        let quoted =
            "<body>> Ben wrote:\n> tea\nYes</body><reply xmlns='urn:xmpp:reply:0' id='1' to='tea@rooms.example/x'/>
            <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='19'/></fallback>";
        assert_eq!(ask(quoted, &ALL), Answer::No);
        assert_eq!(ask(&quoted.replace("Yes", "Yes, Ben"), &ALL), Answer::Yes(How::Nick));
        assert_eq!(ask(&quoted.replace("for='urn:xmpp:reply:0'", "for='x'"), &ALL), Answer::Yes(How::Nick));
        assert_eq!(ask(&quoted.replace("start='0' end='19'", ""), &ALL), Answer::No);
        assert_eq!(ask(&quoted.replace("'19'", "'x'"), &ALL), Answer::Yes(How::Nick));
    }

    #[test]
    fn what_is_encrypted_cannot_be_read() {
        let encrypted = "<encrypted xmlns='urn:xmpp:omemo:2'/><body>Ben, this is encrypted</body>";
        assert_eq!(ask(encrypted, &ALL), Answer::Unreadable);
        let other = format!("{encrypted}<mention xmlns='urn:xmpp:mentions:0' occupantid='-cid'/>");
        assert_eq!(ask(&other, &ALL), Answer::No);
        let me = format!("{encrypted}<mention xmlns='urn:xmpp:mentions:0' occupantid='-ben'/>");
        assert_eq!(ask(&me, &ALL), Answer::Yes(How::Explicit));
    }
}
