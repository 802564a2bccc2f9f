//! Who is there: the participant list, its changes, and the names of those who left.

use std::collections::BTreeMap;

use minidom::Element;

use super::host::{Notice, Standing, Why};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Listing, Person, TEXT_BYTES};
use crate::codec::{Condition, Page, PageRequest, Position, Stanza, StanzaError, StanzaType};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

/// An attribute that may be kept.
fn short<'a>(item: &'a Element, name: &'a str) -> Option<&'a str> {
    item.attr(name).filter(|text| !text.is_empty() && text.len() <= TEXT_BYTES)
}

impl Client {
    /// Asks for the list, or for what changed since the version that is known.
    pub(super) fn read_people(&mut self, why: Rule, out: &mut Out<'_>) {
        self.state.listing = None;
        self.ask_people(None, None, BTreeMap::new(), why, out);
    }

    fn ask_people(
        &mut self,
        after: Option<&str>,
        first: Option<Box<str>>,
        fresh: BTreeMap<Box<str>, Person>,
        why: Rule,
        out: &mut Out<'_>,
    ) {
        let id = self.state.draw();
        let to = self.state.room().to_owned();
        say::iq(&self.state, out, why, &to, &id, StanzaType::Get, |writer| {
            writer.open("participants", ns::GC3).attr_opt("since", self.state.version.as_deref());
            if let Some(after) = after {
                PageRequest { max: None, at: Position::After(after) }.write(writer);
            }
            writer.close();
        });
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.state.listing = Some(Listing { id, until, first, fresh });
    }

    /// A page of the list came, or an error.
    pub(super) fn people_came(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let Some(Listing { first, mut fresh, .. }) = self.state.listing.take() else { return };
        let list = stanza.payload().filter(|payload| payload.is("participants", ns::GC3));
        let Some(list) = list.filter(|_| stanza.type_ == StanzaType::Result) else {
            // Who may not read the list keeps what it has; whoever is not in learns that by sync.
            let not_in = StanzaError::read(stanza).is_some_and(|error| error.condition == Condition::NotAcceptable);
            say::also(out, rule::P1);
            if not_in && self.state.open.is_none() && self.state.standing == Standing::In {
                self.check(rule::S6, out);
            }
            return;
        };
        let version = short(list, "version").map(Box::from);
        let page = Page::read(list).ok().flatten();
        let items = list.children().filter(|child| child.is("item", ns::GC3));
        if list.attr("since").is_some() {
            // Changes since the version that is known: applied to what there is.
            let mut own = None;
            items.for_each(|item| own = self.item(item).or(own));
            self.people_whole(version.as_deref(), own, out);
            return;
        }
        self.state.history.doubt |= self.state.version.is_some();
        let mut count = 0_u64;
        for item in items {
            count += 1;
            if let (Some(id), Some(person)) = (short(item, "id"), person(item)) {
                if fresh.len() < self.state.limits.people || fresh.contains_key(id) {
                    fresh.insert(id.into(), person);
                } else {
                    self.state.whole = false;
                }
            }
        }
        let first = first.or(version);
        let last = page.and_then(|page| page.ends).map(|ends| ends.1);
        let more = page
            .is_some_and(|page| page.index.unwrap_or(0).saturating_add(count) < page.count.unwrap_or(0) && count > 0);
        if let (true, Some(last)) = (more, last.filter(|last| last.len() <= TEXT_BYTES)) {
            // The whole list is asked for, so no version is named until it is there.
            self.state.version = None;
            let last = last.to_owned();
            return self.ask_people(Some(&last), first, fresh, rule::P1, out);
        }
        self.replace_people(fresh, out);
        let paged = page.is_some_and(|page| page.index.unwrap_or(0) > 0);
        self.people_whole(first.as_deref(), None, out);
        if paged {
            // What changed while the pages were read.
            self.read_people(rule::P1, out);
        }
    }

    fn people_whole(&mut self, version: Option<&str>, own: Option<Why>, out: &mut Out<'_>) {
        if let Some(version) = version {
            self.state.set_version(version);
        }
        say::tell(out, rule::P1, Notice::People);
        if let Some(why) = own {
            self.out_of(why, rule::S3, out);
        }
    }

    fn replace_people(&mut self, fresh: BTreeMap<Box<str>, Person>, out: &mut Out<'_>) {
        let now = self.state.now;
        for id in self.state.people.keys().filter(|id| !fresh.contains_key(*id)) {
            self.state.book.left(id, now);
        }
        for (id, person) in &fresh {
            self.state.book.learn(id, &person.nick, now);
            self.state.book.back(id);
        }
        self.state.people = fresh;
        if !self.state.whole {
            say::also(out, rule::E3);
        }
    }

    /// Applies an item: a state, so that twice does no harm. Whether it says that this client is out, and why.
    fn item(&mut self, item: &Element) -> Option<Why> {
        let id = short(item, "id")?;
        let left = item.attr("left");
        if let Some(left) = left {
            self.state.people.remove(id);
            let at = Time::parse(left).unwrap_or(self.state.now).min(self.state.now);
            if let Some(nick) = short(item, "nick") {
                self.state.book.learn(id, nick, at);
            }
            self.state.book.left(id, at);
            let own = self.state.id.as_deref() == Some(id);
            return own.then(|| match item.attr("why") {
                Some("kicked") => Why::Kicked,
                Some("banned") => Why::Banned,
                Some("config") => Why::Config,
                _ => Why::Left,
            });
        }
        let person = person(item)?;
        self.state.book.learn(id, &person.nick, self.state.now);
        self.state.book.back(id);
        if self.state.id.as_deref() == Some(id) {
            self.state.nick = person.nick.clone();
        }
        if self.state.people.contains_key(id) || self.state.people.len() < self.state.limits.people {
            self.state.people.insert(id.into(), person);
        } else {
            self.state.whole = false;
        }
        None
    }

    /// A change message came.
    pub(super) fn people_changed(&mut self, change: &Element, out: &mut Out<'_>) {
        let since = change.attr("since").unwrap_or_default();
        // A change up to the version that is known tells nothing that a list has not told.
        let told = self.state.version.is_some() && self.state.version.as_deref() == change.attr("version");
        let follows = told
            || self.state.version.as_deref() == Some(since)
            || self.state.versions.iter().any(|known| **known == *since);
        let mut own = None;
        let items: Vec<&Element> = change.children().filter(|child| child.is("item", ns::GC3)).collect();
        let leaver = items.iter().any(|item| item.attr("left").is_some());
        for item in items {
            own = self.item(item).or(own);
        }
        if !self.state.whole {
            say::also(out, rule::E3);
        }
        say::tell(out, if leaver { rule::P3 } else { rule::P2 }, Notice::People);
        if let Some(why) = own {
            return self.out_of(why, rule::S3, out);
        }
        match (follows, self.state.listing.is_some()) {
            (true, _) => {
                if let Some(version) = short(change, "version") {
                    self.state.set_version(version);
                }
            }
            // The answer that is under way may be older than this.
            (false, true) => {}
            (false, false) => self.read_people(rule::P2, out),
        }
    }

    /// A page did not come: the next sync asks again.
    pub(super) fn wake_people(&mut self, now: Time, out: &mut Out<'_>) {
        if self.state.listing.take_if(|listing| listing.until <= now).is_some() {
            self.state.version = None;
            say::also(out, rule::P1);
        }
    }
}

fn person(item: &Element) -> Option<Person> {
    Some(Person {
        nick: short(item, "nick")?.into(),
        affiliation: short(item, "affiliation").unwrap_or("none").into(),
        role: short(item, "role").map(Into::into),
        jid: short(item, "jid").map(Into::into),
        online: item.attr("online") == Some("yes"),
        occupant: None,
    })
}
