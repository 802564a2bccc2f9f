//! Reactions to messages, and restrictions of them (XEP-0444): for the room or gateway that keeps to them, and for the
//! client that offers what is allowed.
//!
//! ```
//! use xmpp_machines::reactions::{Own, Refused, Restrictions, Wish};
//! use xmpp_machines::{Span, Time};
//!
//! // What a room publishes: one reaction each, of two.
//! let hearts = Restrictions { max: Some(1), allowed: vec!["❤".into(), "💜".into()] };
//! assert_eq!(hearts.check([], ["💜"]), Ok(()));
//! assert_eq!(hearts.check([], ["👍"]), Err(Refused::NotOffered));
//! assert_eq!(hearts.check([], ["❤", "💜"]), Err(Refused::TooMany));
//!
//! // What a client sends: where one is allowed, another takes its place; with the mark for colour it is the same.
//! let mut own = Own::default();
//! let now = Time::from_millis(1_800_000_000_000);
//! let purple = own.wanted(&hearts, &Wish::Add("💜".into()))?;
//! own.sent("r1", purple, now.plus(Span::from_secs(30)));
//! let red = own.wanted(&hearts, &Wish::Add("❤\u{fe0f}".into()))?;
//! assert_eq!(red, ["❤\u{fe0f}"]);
//! // The room refuses the first after all: what was accepted last is shown again.
//! assert_eq!(own.refused("r1"), Some(&[][..]));
//! # Ok::<(), xmpp_machines::reactions::Refused>(())
//! ```
//!
//! [`gc3::Client`](crate::gc3::Client) does all of this for a device in a room: it asks what is allowed, sends, and takes
//! back what was refused.

use icu_normalizer::ComposingNormalizerBorrowed;
use minidom::Element;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::codec::{Field, FieldType, Form, FormType};
use crate::ns;
use crate::time::Time;

/// The most reactions that a client sends to one message, whatever it may.
pub const MOST: usize = 16;

/// The longest reaction that can be allowed, or sent by a client, in bytes: families and flags have some thirty.
pub const LONGEST: usize = 64;

/// What a room or a gateway allows. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restrictions {
    /// How many reactions one may have at a message; `None`: as many as one likes, 0: none.
    pub max: Option<u32>,
    /// The reactions that are allowed; empty: all.
    pub allowed: Vec<String>,
}

/// How a user changes the own reactions to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// One more, or one instead of the other where one is allowed.
    Add(Box<str>),
    /// One less.
    Remove(Box<str>),
    /// Exactly these.
    Set(Vec<Box<str>>),
}

/// Why reactions are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// One of them is not one character, as people see it, or longer than [`LONGEST`].
    NoCharacter,
    /// One of them is not allowed.
    NotOffered,
    /// They are too many.
    TooMany,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoCharacter => "not one character",
            Self::NotOffered => "not allowed",
            Self::TooMany => "too many",
        })
    }
}

impl core::error::Error for Refused {}

/// The form in which a reaction is compared: composed, without the mark that asks for colour. Tones of skin differ.
#[must_use]
pub fn key(reaction: &str) -> String {
    let plain: String = reaction.trim().chars().filter(|c| *c != '\u{fe0f}').collect();
    ComposingNormalizerBorrowed::new_nfc().normalize(&plain).into_owned()
}

/// Whether a reaction is one character as people see it: one extended grapheme cluster (UAX #29).
#[must_use]
pub fn is_one(reaction: &str) -> bool {
    let mut clusters = reaction.graphemes(true);
    clusters.next().is_some() && clusters.next().is_none()
}

/// Whether a client sends it: one character, and not too long.
fn is_sent(reaction: &str) -> bool {
    reaction.len() <= LONGEST && is_one(reaction)
}

/// The set in which each reaction stands once, in the first way in which it is written.
fn merged<'a>(set: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for reaction in set {
        if known.insert(key(reaction)) {
            all.push(reaction.to_owned());
        }
    }
    all
}

/// The message whose reactions a message gives, and the reactions: each once, and only those that are one character.
/// Nothing if it gives none, or more than one set, or none that says to what.
#[must_use]
pub fn given(message: &Element) -> Option<(&str, Vec<String>)> {
    let mut all = message.children().filter(|child| child.is("reactions", ns::REACTIONS));
    let (Some(reactions), None) = (all.next(), all.next()) else { return None };
    let to = reactions.attr("id").filter(|id| !id.is_empty())?;
    let each = reactions.children().filter(|child| child.is("reaction", ns::REACTIONS)).map(Element::text);
    let each: Vec<String> = each.map(|text| text.trim().to_owned()).filter(|text| is_one(text)).collect();
    Some((to, merged(each.iter().map(String::as_str))))
}

/// The different reactions of a set, each as it is compared.
fn keys<'a>(set: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut keys: Vec<String> = set.into_iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Restrictions {
    /// Whether everything is allowed.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.max.is_none() && self.allowed.is_empty()
    }

    /// Reads them in an answer to disco#info; `None` if it publishes none. A number that is none is passed over.
    #[must_use]
    pub fn published(query: &Element) -> Option<Self> {
        let forms = query.children().filter(|child| child.is("x", ns::DATA)).filter_map(|x| Form::read(x).ok());
        let form = { forms }.find(|form| form.get_form_type() == Some(ns::REACTION_RESTRICTIONS))?;
        let max = form.get("max_reactions_per_user").and_then(|text| text.trim().parse().ok());
        match form.field("allowlist") {
            // A list of nothing allows nothing.
            Some(list) if list.values.iter().all(|value| value.trim().is_empty()) => {
                Some(Self { max: Some(0), allowed: Vec::new() })
            }
            list => Some(Self { max, allowed: list.map_or_else(Vec::new, |list| list.values.clone()) }),
        }
    }

    /// The same in so many reactions at the most, and without those that no client sends. What is left of a list in
    /// which nothing can be sent allows nothing.
    #[must_use]
    pub fn kept(mut self, most: usize) -> Self {
        let listed = !self.allowed.is_empty();
        let sent = self.allowed.iter().map(|reaction| reaction.trim()).filter(|reaction| is_sent(reaction));
        self.allowed = sent.take(most).map(str::to_owned).collect();
        if listed && self.allowed.is_empty() {
            self.max = Some(0);
        }
        self
    }

    /// The form that publishes them, if there are any.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        if self.is_none() {
            return None;
        }
        let mut form = Form::new(FormType::Result).form_type(ns::REACTION_RESTRICTIONS);
        if let Some(max) = self.max {
            form = form.with(Field::new("max_reactions_per_user", FieldType::TextSingle).value(&max.to_string()));
        }
        if !self.allowed.is_empty() {
            let list = Field::new("allowlist", FieldType::ListMulti);
            form = form.with(self.allowed.iter().fold(list, |list, reaction| list.value(reaction)));
        }
        Some(form)
    }

    /// Whether somebody whose reactions to a message were `last` may have `wanted` instead. To take some away is always
    /// allowed, whatever was allowed meanwhile.
    ///
    /// # Errors
    /// Why not.
    pub fn check<'a>(
        &self,
        last: impl IntoIterator<Item = &'a str>,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Refused> {
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let (last, new) = (keys(last), keys(wanted.iter().copied()));
        let shrinks = new.len() < last.len() && new.iter().all(|reaction| last.contains(reaction));
        if self.is_none() || new.is_empty() || shrinks {
            return Ok(());
        }
        if !wanted.iter().all(|reaction| is_one(reaction.trim())) {
            return Err(Refused::NoCharacter);
        }
        let allowed = keys(self.allowed.iter().map(String::as_str));
        if !allowed.is_empty() && !new.iter().all(|reaction| allowed.contains(reaction)) {
            return Err(Refused::NotOffered);
        }
        if self.max.is_some_and(|max| new.len() > max as usize) {
            return Err(Refused::TooMany);
        }
        Ok(())
    }
}

/// One's own reactions to one message, as a client keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    accepted: Vec<String>,
    /// When that was accepted: what an archive tells later may be older.
    since: Time,
    /// What was sent and neither came back nor was refused, in order.
    open: Vec<Open>,
}

/// A set that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    /// The id of the stanza.
    id: Box<str>,
    set: Vec<String>,
    /// How long it is waited for.
    until: Time,
}

impl Own {
    /// What is shown: what was sent last, whether it was accepted or not.
    #[must_use]
    pub fn shown(&self) -> &[String] {
        self.open.last().map_or(&self.accepted, |open| &open.set)
    }

    /// Whether something that was sent has neither come back nor been refused.
    #[must_use]
    pub const fn waits(&self) -> bool {
        !self.open.is_empty()
    }

    /// The set to send for what is wished. To wish for less is always right.
    ///
    /// # Errors
    /// Why there is none.
    pub fn wanted(&self, restrictions: &Restrictions, wish: &Wish) -> Result<Vec<String>, Refused> {
        let shown = self.shown();
        let set = match wish {
            Wish::Remove(reaction) => {
                return Ok(shown.iter().filter(|one| key(one) != key(reaction)).cloned().collect());
            }
            Wish::Add(reaction) if shown.iter().any(|one| key(one) == key(reaction)) => return Ok(shown.to_vec()),
            Wish::Add(reaction) if restrictions.max == Some(1) => vec![String::from(&**reaction)],
            Wish::Add(reaction) => shown.iter().cloned().chain([String::from(&**reaction)]).collect(),
            Wish::Set(set) => merged(set.iter().map(|reaction| &**reaction)),
        };
        let new = |reaction: &String| !shown.contains(reaction);
        if !{ set.iter() }.filter(|one| new(one)).all(|reaction| is_sent(reaction)) {
            return Err(Refused::NoCharacter);
        }
        if set.len() > MOST {
            return Err(Refused::TooMany);
        }
        restrictions.check(shown.iter().map(String::as_str), set.iter().map(String::as_str))?;
        Ok(set)
    }

    /// A set was sent in a stanza of that id, and is waited for until then. Only the last 16 are waited for.
    pub fn sent(&mut self, id: &str, set: Vec<String>, until: Time) {
        if self.open.len() >= MOST {
            self.open.remove(0);
        }
        self.open.push(Open { id: id.into(), set, until });
    }

    /// A set of the same author came from the room, in a stanza of that id: what is shown now, if that is something else.
    /// Of what is accepted at different times the latest holds.
    pub fn accepted(&mut self, id: Option<&str>, set: Vec<String>, at: Time) -> Option<&[String]> {
        let before = self.shown().to_vec();
        if let Some(place) = self.open.iter().position(|open| Some(&*open.id) == id) {
            // What was sent before it is overtaken.
            self.open.drain(..=place);
        }
        if at >= self.since {
            self.since = at;
            self.accepted = set;
            // Nobody can send more or longer ones from here, so what did has no need to be remembered whole.
            self.accepted.retain(|reaction| reaction.len() <= LONGEST);
            self.accepted.truncate(MOST);
        }
        self.changed(&before)
    }

    /// The stanza of that id was refused: gives back what is to be shown now.
    pub fn refused(&mut self, id: &str) -> Option<&[String]> {
        let at = self.open.iter().position(|open| *open.id == *id)?;
        self.open.remove(at);
        Some(self.shown())
    }

    /// Until when the first is waited for.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.open.iter().map(|open| open.until).min()
    }

    /// It is later: what did not come in time is not shown any more. What is shown now, if that is something else.
    pub fn late(&mut self, now: Time) -> Option<&[String]> {
        let before = self.shown().to_vec();
        self.open.retain(|open| open.until > now);
        self.changed(&before)
    }

    fn changed(&self, before: &[String]) -> Option<&[String]> {
        Some(self.shown()).filter(|shown| *shown != before)
    }

    /// Whether it is something that the others make.
    pub(crate) fn check(&self) -> bool {
        let fits = |set: &Vec<String>| set.len() <= MOST && set.iter().all(|reaction| reaction.len() <= LONGEST);
        self.open.len() <= MOST && fits(&self.accepted) && self.open.iter().all(|open| fits(&open.set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_as_people_see_it() {
        for one in ["a", "👍", "👍🏽", "❤️", "👨‍👩‍👧‍👦", "🇪🇺", "é", "e\u{301}", "한", "1️⃣", "🏴\u{e0067}\u{e0062}\u{e007f}"]
        {
            assert!(is_one(one), "{one}");
        }
        for other in ["", "ab", "👍👍", "🇪🇺🇪", "❤️a", " 👍", "👍\u{200d}a", "\r\u{301}"] {
            assert!(!is_one(other), "{other}");
        }
    }

    #[test]
    fn what_is_compared() {
        assert_eq!(key("❤\u{fe0f}"), key("❤"));
        assert_eq!(key("e\u{301}"), key("é"));
        assert_ne!(key("👍🏽"), key("👍"));
        let one = Restrictions { max: Some(1), allowed: Vec::new() };
        assert_eq!(one.check([], ["❤", "❤\u{fe0f}"]), Ok(()));
    }

    #[test]
    fn to_take_away_is_always_allowed() {
        let none = Restrictions { max: Some(0), allowed: vec!["👍".into()] };
        assert_eq!(none.check(["a", "b", "c"], ["a", "c"]), Ok(()));
        assert_eq!(none.check(["a"], []), Ok(()));
        assert_eq!(none.check(["a", "b"], ["a", "d"]), Err(Refused::NotOffered));
        assert_eq!(none.check(["a"], ["a"]), Err(Refused::NotOffered));
        assert_eq!(none.check([], ["👍"]), Err(Refused::TooMany));
        assert_eq!(none.check([], ["👍👍"]), Err(Refused::NoCharacter));
    }

    #[test]
    fn what_is_published_is_read() {
        let some = Restrictions { max: Some(2), allowed: vec!["👍".into(), "💜".into()] };
        let mut writer = crate::codec::Writer::new();
        writer.open("query", ns::DISCO_INFO);
        some.form().unwrap().write(&mut writer);
        writer.close();
        let written = String::from_utf8(writer.finish()).unwrap();
        let query: Element = written.parse().unwrap();
        assert_eq!(Restrictions::published(&query), Some(some));
        let read = |fields: &str| {
            let text = format!(
                "<query xmlns='{}'><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>\
                 <value>{}</value></field>{fields}</x></query>",
                ns::DISCO_INFO,
                ns::REACTION_RESTRICTIONS
            );
            Restrictions::published(&text.parse().unwrap()).unwrap()
        };
        assert!(read("<field var='max_reactions_per_user'><value>-1</value></field>").is_none());
        let nothing = read("<field var='allowlist'/>");
        assert_eq!(nothing.check([], ["👍"]), Err(Refused::TooMany));
        assert_eq!(Restrictions::published(&"<query xmlns='a'/>".parse().unwrap()), None);
    }

    /// Adds, at a time that is never over.
    fn add(own: &mut Own, id: &str, reaction: &str) -> Result<(), Refused> {
        let set = own.wanted(&Restrictions::default(), &Wish::Add(reaction.into()))?;
        own.sent(id, set, Time::from_millis(100));
        Ok(())
    }

    #[test]
    fn a_client_goes_back_to_what_was_accepted() {
        let mut own = Own::default();
        for (id, reaction) in [("1", "👍"), ("2", "💜"), ("3", "🐢")] {
            add(&mut own, id, reaction).unwrap();
        }
        assert_eq!(own.accepted(Some("1"), vec!["👍".into()], Time::from_millis(5)), None);
        assert_eq!(own.shown().len(), 3);
        assert_eq!(own.refused("3"), Some(&["👍".to_owned(), "💜".to_owned()][..]));
        assert_eq!(own.refused("2"), Some(&["👍".to_owned()][..]));
        assert_eq!(own.refused("2"), None);
        assert_eq!(own.wanted(&Restrictions::default(), &Wish::Remove("👍\u{fe0f}".into())), Ok(Vec::new()));
        assert_eq!(add(&mut own, "4", "👍👍"), Err(Refused::NoCharacter));
        assert_eq!(add(&mut own, "4", &format!("e{}", "\u{301}".repeat(40))), Err(Refused::NoCharacter));
    }

    #[test]
    fn what_is_older_or_comes_too_late() {
        let mut own = Own::default();
        let heart = || vec!["💜".to_owned()];
        assert_eq!(own.accepted(None, heart(), Time::from_millis(5)), Some(&heart()[..]));
        assert_eq!(own.accepted(None, Vec::new(), Time::from_millis(4)), None, "an archive is behind");
        add(&mut own, "1", "👍").unwrap();
        assert_eq!((own.deadline(), own.late(Time::from_millis(99))), (Some(Time::from_millis(100)), None));
        assert_eq!(own.late(Time::from_millis(100)), Some(&heart()[..]));
        assert!(!own.waits() && own.refused("1").is_none());
        let both = vec!["💜".to_owned(), "👍".to_owned()];
        assert_eq!(own.accepted(Some("1"), both.clone(), Time::from_millis(200)), Some(&both[..]));
    }

    #[test]
    fn a_client_keeps_within_its_own_bounds() {
        let mut own = Own::default();
        for n in 0..40 {
            let letter = char::from(b'A' + n);
            let added = add(&mut own, &n.to_string(), &letter.to_string());
            assert_eq!(added.is_ok(), n < 16, "{letter}");
        }
        let many: Vec<String> = (b'a'..=b'z').map(|letter| char::from(letter).to_string()).collect();
        _ = own.accepted(None, many, Time::from_millis(1));
        own.late(Time::from_millis(100));
        assert!(own.check() && own.shown().len() == MOST);
        let list = Restrictions { max: None, allowed: vec!["ab".into(), "a".repeat(99)] };
        assert_eq!(list.kept(2), Restrictions { max: Some(0), allowed: Vec::new() });
        let list = Restrictions { max: Some(2), allowed: vec!["a".into(), "bb".into(), "c".into(), "d".into()] };
        assert_eq!(list.kept(2), Restrictions { max: Some(2), allowed: vec!["a".into(), "c".into()] });
    }

    #[test]
    fn what_a_message_gives() {
        let read = |inner: &str| {
            let text = format!("<message xmlns='jabber:client'>{inner}</message>");
            let message: Element = text.parse().unwrap();
            given(&message).map(|(to, set)| (to.to_owned(), set.join(" ")))
        };
        let one = |id: &str, each: &str| format!("<reactions xmlns='urn:xmpp:reactions:0'{id}>{each}</reactions>");
        let each =
            "<reaction>❤</reaction><reaction> ❤\u{fe0f} </reaction><reaction>👍👍</reaction><reaction>👍</reaction>";
        assert_eq!(read(&one(" id='s1'", each)), Some(("s1".to_owned(), "❤ 👍".to_owned())));
        assert_eq!(read(&one(" id='s1'", "")), Some(("s1".to_owned(), String::new())));
        assert_eq!(read(&one("", each)), None);
        assert_eq!(read(&one(" id='s1'", each).repeat(2)), None);
        assert_eq!(read("<body>hello</body>"), None);
    }
}
