//! Reactions to messages, and restrictions of them (XEP-0444): for the room or gateway that keeps to them, and for the
//! client that offers what is allowed.
//!
//! ```
//! use xmpp_machines::reactions::{Own, Refused, Restrictions};
//!
//! // What a room publishes: one reaction each, of two.
//! let hearts = Restrictions { max: Some(1), allowed: vec!["❤".into(), "💜".into()] };
//! assert_eq!(hearts.check([], ["💜"]), Ok(()));
//! assert_eq!(hearts.check([], ["👍"]), Err(Refused::NotOffered));
//! assert_eq!(hearts.check([], ["❤", "💜"]), Err(Refused::TooMany));
//!
//! // What a client sends: where one is allowed, another takes its place; with the mark for colour it is the same.
//! let mut own = Own::default();
//! assert_eq!(own.add(&hearts, "💜"), Ok(vec!["💜".to_owned()]));
//! own.sent("r1", vec!["💜".to_owned()]);
//! assert_eq!(own.add(&hearts, "❤\u{fe0f}"), Ok(vec!["❤\u{fe0f}".to_owned()]));
//! // The room refuses it after all: what was accepted last is shown again.
//! assert_eq!(own.refused("r1"), Some(&[][..]));
//! ```

use icu_normalizer::ComposingNormalizerBorrowed;
use minidom::Element;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::codec::{Field, FieldType, Form, FormType};
use crate::ns;

/// The most reactions that a client sends to one message, whatever it may.
pub const MOST: usize = 16;

/// The longest reaction that can be allowed, in bytes: families and flags have some thirty.
pub const LONGEST: usize = 64;

/// What a room or a gateway allows. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restrictions {
    /// How many reactions one may have at a message; `None`: as many as one likes, 0: none.
    pub max: Option<u32>,
    /// The reactions that are allowed; empty: all.
    pub allowed: Vec<String>,
}

/// Why reactions are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// One of them is not one character, as people see it.
    NoCharacter,
    /// One of them is not allowed.
    NotOffered,
    /// They are too many.
    TooMany,
}

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    accepted: Vec<String>,
    /// What was sent and neither came back nor was refused, in order, by the ids of the stanzas.
    open: Vec<(String, Vec<String>)>,
}

impl Own {
    /// What is shown: what was sent last, whether it was accepted or not.
    #[must_use]
    pub fn shown(&self) -> &[String] {
        self.open.last().map_or(&self.accepted, |(_, set)| set)
    }

    /// The set to send in order to add a reaction. Where only one is allowed, it takes the place of the other.
    ///
    /// # Errors
    /// Why there is none.
    pub fn add(&self, restrictions: &Restrictions, reaction: &str) -> Result<Vec<String>, Refused> {
        let mut set = if restrictions.max == Some(1) { Vec::new() } else { self.shown().to_vec() };
        set.retain(|one| key(one) != key(reaction));
        set.push(reaction.to_owned());
        if set.len() > MOST {
            return Err(Refused::TooMany);
        }
        if !is_one(reaction) {
            return Err(Refused::NoCharacter);
        }
        restrictions.check([], set.iter().map(String::as_str))?;
        Ok(set)
    }

    /// The set to send in order to take a reaction away.
    #[must_use]
    pub fn without(&self, reaction: &str) -> Vec<String> {
        self.shown().iter().filter(|one| key(one) != key(reaction)).cloned().collect()
    }

    /// A set was sent in a stanza of that id. Only the last 16 can be refused: a peer that never answers is not waited for.
    pub fn sent(&mut self, id: &str, set: Vec<String>) {
        self.open.push((id.to_owned(), set));
        if self.open.len() > MOST {
            self.accepted = self.open.remove(0).1;
        }
    }

    /// The stanza of that id came back from the room, or was received.
    pub fn accepted(&mut self, id: &str) {
        if let Some(at) = self.open.iter().position(|(sent, _)| sent == id) {
            // What was sent before it is overtaken.
            if let Some((_, set)) = self.open.drain(..=at).next_back() {
                self.accepted = set;
            }
        }
    }

    /// The stanza of that id was refused: gives back what is to be shown now.
    pub fn refused(&mut self, id: &str) -> Option<&[String]> {
        let at = self.open.iter().position(|(sent, _)| sent == id)?;
        self.open.remove(at);
        Some(self.shown())
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

    #[test]
    fn a_client_goes_back_to_what_was_accepted() {
        let free = Restrictions::default();
        let mut own = Own::default();
        for (id, reaction) in [("1", "👍"), ("2", "💜"), ("3", "🐢")] {
            let set = own.add(&free, reaction).unwrap();
            own.sent(id, set);
        }
        own.accepted("1");
        assert_eq!(own.shown().len(), 3);
        assert_eq!(own.refused("3"), Some(&["👍".to_owned(), "💜".to_owned()][..]));
        assert_eq!(own.refused("2"), Some(&["👍".to_owned()][..]));
        assert_eq!(own.refused("2"), None);
        assert_eq!(own.without("👍"), [""; 0]);
        assert_eq!(own.add(&free, "👍👍"), Err(Refused::NoCharacter));
    }
}
