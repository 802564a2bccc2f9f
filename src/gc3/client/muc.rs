//! Rooms of XEP-0045: entered by presence, asked by self-ping (XEP-0410), and compared by service discovery.

use std::collections::BTreeMap;

use minidom::Element;

use super::host::{Notice, Standing, Why};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Listing, Open, Person, TEXT_BYTES, What};
use crate::codec::{Condition, Page, Stanza, StanzaError, StanzaType};
use crate::ns;
use crate::rule::Rule;

/// Whether the room's own words in a stanza have a status of that code.
pub(super) fn has_status(x: Option<&Element>, code: &str) -> bool {
    let mut statuses = x.into_iter().flat_map(Element::children).filter(|child| child.is("status", ns::MUC_USER));
    statuses.any(|status| status.attr("code") == Some(code))
}

impl Client {
    /// Enters by presence.
    pub(super) fn enter(&mut self, why: Rule, out: &mut Out<'_>) {
        self.begin(why, out);
        self.stand(Standing::Joining, why, out);
    }

    /// Sends the presence that enters. Whoever is in already is told of everybody anew (XEP-0045 §17.3).
    fn begin(&mut self, why: Rule, out: &mut Out<'_>) {
        let me = self.state.config.me.to_string();
        let to = self.own_address();
        self.ask(What::Join, &to);
        self.state.listing = None;
        self.state.people.clear();
        self.state.whole = true;
        let (archive, password) = (self.state.config.archive, self.state.config.password.clone());
        say::presence(out, why, &me, &to, StanzaType::Available, |writer| {
            writer.open("x", ns::MUC);
            if archive {
                // What was missed is read from the archive, in order and without what is known.
                writer.open("history", ns::MUC).attr("maxstanzas", "0").close();
            }
            if let Some(password) = &password {
                writer.leaf("password", ns::MUC, password);
            }
            writer.close();
        });
    }

    pub(super) fn own_address(&self) -> String {
        format!("{}/{}", self.state.room(), self.state.nick)
    }

    /// Leaves by presence. A leave that is repeated is followed by a self-ping, whose answer says whether it arrived.
    pub(super) fn exit(&mut self, why: Rule, out: &mut Out<'_>) {
        let (me, to) = (self.state.config.me.to_string(), self.own_address());
        let id = self.ask(What::Leave, &to);
        say::presence(out, why, &me, &to, StanzaType::Unavailable, |_| {});
        if why == rule::L2 {
            say::iq(&self.state, out, why, &to, &id, StanzaType::Get, |writer| {
                writer.open("ping", ns::PING).close();
            });
        }
    }

    /// The answer to a self-ping.
    pub(super) fn pinged(&mut self, error: Option<&StanzaError<'_>>, out: &mut Out<'_>) {
        match error.map(|error| error.condition) {
            _ if Self::in_by_ping(error) => {
                let unsure = self.state.standing != Standing::In;
                self.proved();
                (self.state.rejoined, self.state.pause) = (false, self.state.limits.retry.0);
                self.stand(Standing::In, rule::M2, out);
                if unsure && self.state.config.archive {
                    self.read_on(None, rule::C1, out);
                } else {
                    self.verify(true, out);
                }
                self.ask_who_is_there(out);
            }
            Some(Condition::RemoteServerNotFound | Condition::RemoteServerTimeout) => self.later(rule::S5, out),
            Some(Condition::ItemNotFound) => self.lost(rule::M4, out),
            _ => self.lost(rule::M3, out),
        }
    }

    /// Presence of the room: somebody's, or an error.
    pub(super) fn occupant(&mut self, stanza: &Stanza, nick: Option<&str>, out: &mut Out<'_>) {
        let x = stanza.child("x", ns::MUC_USER);
        let has = |code: &str| has_status(x, code);
        // Who is out, or going, hears the room's farewell and no more.
        if !self.state.want {
            let farewell = stanza.type_ == StanzaType::Unavailable && has("110") && !has("303");
            return if farewell && self.state.owes_leave { self.has_left(out) } else { say::also(out, rule::E2) };
        }
        if stanza.type_ == StanzaType::Error {
            return self.enter_refused(stanza, out);
        }
        let Some(nick) = nick.filter(|nick| nick.len() <= TEXT_BYTES) else { return say::also(out, rule::E2) };
        let own = has("110");
        let item = x.and_then(|x| x.get_child("item", ns::MUC_USER));
        match stanza.type_ {
            StanzaType::Available => {
                self.here(stanza, nick, item, out);
                if own {
                    self.state.nick = nick.into();
                    self.state.open.take_if(|open| open.what == What::Join);
                    self.state.id = self.occupant_id(stanza.child("occupant-id", ns::OCCUPANT_ID), out);
                    self.proved();
                    let back = self.state.standing != Standing::In;
                    self.stand(Standing::In, rule::M1, out);
                    if back {
                        self.state.pause = self.state.limits.retry.0;
                        self.entered(out);
                    }
                }
                say::tell(out, rule::M1, Notice::People);
            }
            StanzaType::Unavailable => {
                let renamed = has("303").then(|| item.and_then(|item| item.attr("nick"))).flatten();
                if let Some(new) = renamed.filter(|new| new.len() <= TEXT_BYTES) {
                    return self.renamed(nick, new, own, out);
                }
                self.gone(nick);
                say::tell(out, rule::P3, Notice::People);
                // What comes before the answer to an entry is about what was before it: a leave, or a kick.
                let entering = self.state.open.as_ref().is_some_and(|open| open.what == What::Join);
                match (own, entering) {
                    (true, true) => say::also(out, rule::M5),
                    (true, false) => self.put_out(x, &has, out),
                    (false, _) => {}
                }
            }
            _ => say::also(out, rule::E2),
        }
    }

    /// Entered: what was missed meanwhile is read from the archive.
    fn entered(&mut self, out: &mut Out<'_>) {
        match (self.state.config.archive, self.state.history.based) {
            (true, _) => self.read_on(None, rule::C1, out),
            // Without an archive nobody knows what was missed.
            (false, true) => self.read_on(None, rule::C3, out),
            (false, false) => self.base(None),
        }
    }

    /// Asks for the occupants, to compare them with those that presence has shown: a lost presence says nothing itself.
    fn ask_who_is_there(&mut self, out: &mut Out<'_>) {
        if self.state.listing.is_some() || !self.state.whole || self.state.anew > self.state.now {
            return;
        }
        let (id, to) = (self.state.draw(), self.state.room().to_owned());
        say::iq(&self.state, out, rule::M8, &to, &id, StanzaType::Get, |writer| {
            writer.open("query", ns::DISCO_ITEMS).close();
        });
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.state.listing = Some(Listing { id, until, first: None, fresh: BTreeMap::new() });
    }

    /// The occupants by service discovery: if they are others than those shown, the client begins anew.
    pub(super) fn who_is_there(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        self.state.listing = None;
        let list = stanza.payload().filter(|payload| payload.is("query", ns::DISCO_ITEMS));
        if let Some(list) = list.filter(|_| stanza.type_ == StanzaType::Result)
            && self.state.open.is_none()
            && self.shows_others(list)
        {
            self.state.anew = self.state.now.plus(self.state.limits.retry.1);
            return self.begin(rule::M8, out);
        }
        say::also(out, rule::M8);
    }

    /// Whether a list of occupants, or its first page, differs from what presence has shown. A list in which the client
    /// itself is missing is kept from it, or is one of something else.
    fn shows_others(&self, list: &Element) -> bool {
        let (mut count, mut own, mut known) = (0_u64, false, true);
        for item in list.children().filter(|child| child.is("item", ns::DISCO_ITEMS)) {
            let address = item.attr("jid").and_then(|jid| jid.split_once('/'));
            let Some((_, nick)) = address.filter(|(room, _)| *room == self.state.room()) else { return false };
            count = count.saturating_add(1);
            own |= nick == &*self.state.nick;
            known &= self.state.people.contains_key(nick);
        }
        let all = Page::read(list).ok().flatten().and_then(|page| page.count).unwrap_or(count);
        let readable = own || (count > 0 && all > count);
        readable && (!known || all != self.state.people.len() as u64)
    }

    fn enter_refused(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let joining = self.state.open.take_if(|open| open.what == What::Join);
        let wished = Box::<str>::from(self.state.config.nick.as_str());
        match (joining, StanzaError::read(stanza)) {
            (Some(_), Some(error)) if error.condition == Condition::Conflict && self.state.nick != wished => {
                // The name that it had last is somebody else's by now.
                self.state.nick = wished;
                self.enter(rule::M7, out);
            }
            (Some(_), Some(error)) => self.refused(&error, out),
            _ => say::also(out, rule::E1),
        }
    }

    fn here(&mut self, stanza: &Stanza, nick: &str, item: Option<&Element>, out: &mut Out<'_>) {
        let text = |name: &str| {
            item.and_then(|item| item.attr(name)).filter(|text| text.len() <= TEXT_BYTES).map(Box::<str>::from)
        };
        let occupant = self.occupant_id(stanza.child("occupant-id", ns::OCCUPANT_ID), out);
        if let Some(id) = &occupant {
            self.state.book.learn(id, nick, self.state.now);
            self.state.book.back(id);
        }
        let person = Person {
            nick: nick.into(),
            affiliation: text("affiliation").unwrap_or_else(|| "none".into()),
            role: text("role"),
            jid: text("jid"),
            online: true,
            occupant,
        };
        if self.state.people.contains_key(nick) || self.state.people.len() < self.state.limits.people {
            self.state.people.insert(nick.into(), person);
        } else {
            self.state.whole = false;
        }
    }

    fn gone(&mut self, nick: &str) {
        if let Some(id) = self.state.people.remove(nick).and_then(|person| person.occupant) {
            self.state.book.left(&id, self.state.now);
        }
    }

    fn renamed(&mut self, old: &str, new: &str, own: bool, out: &mut Out<'_>) {
        if let Some(person) = self.state.people.remove(old) {
            if let Some(id) = &person.occupant {
                self.state.book.learn(id, new, self.state.now);
            }
            self.state.people.insert(new.into(), Person { nick: new.into(), ..person });
        }
        if own {
            self.state.nick = new.into();
        }
        say::tell(out, rule::M7, Notice::People);
    }

    /// The client's own unavailable presence: removed for good, or for technical reasons.
    fn put_out(&mut self, x: Option<&Element>, has: &dyn Fn(&str) -> bool, out: &mut Out<'_>) {
        let destroyed = x.is_some_and(|x| x.get_child("destroy", ns::MUC_USER).is_some());
        if has("333") || has("332") {
            (self.state.open, self.state.retry) = (None, None);
            return self.lost(rule::M6, out);
        }
        let why = match () {
            () if destroyed => Why::Gone,
            () if has("301") => Why::Banned,
            () if has("307") => Why::Kicked,
            () if has("321") || has("322") => Why::Config,
            () => Why::Left,
        };
        self.out_of(why, rule::M5, out);
    }

    /// Whether an item-not-found was for a nickname that is not the client's any more: then it asks again (M4).
    pub(super) fn renamed_meanwhile(&self, open: &Open) -> bool {
        open.what == What::Ping && *open.to != *self.own_address()
    }

    pub(super) fn ping_again(&mut self, why: Rule, out: &mut Out<'_>) {
        self.ping(why, out);
    }

    /// The occupant-id that the room gave somebody, if it gives any: else it is a word of whoever wrote it (N3).
    pub(super) fn occupant_id(&self, id: Option<&Element>, out: &mut Out<'_>) -> Option<Box<str>> {
        let id = id?.attr("id").filter(|id| !id.is_empty() && id.len() <= TEXT_BYTES)?;
        if self.state.gc3() || self.state.config.occupant_ids {
            return Some(id.into());
        }
        say::also(out, rule::N3);
        None
    }
}
