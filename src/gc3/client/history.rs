//! What was said: live messages, the archive, and the gaps between.

use minidom::Element;

use super::host::{Gap, Heard, Notice, Order, Reactions, Standing};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Reading, TEXT_BYTES, Walk};
use crate::codec::{Condition, Delay, ErrorType, Page, PageRequest, Position, Stanza, StanzaError, StanzaType, sid};
use crate::ns;
use crate::reactions;
use crate::rule::Rule;
use crate::time::Time;

impl Client {
    /// The newest message that is known.
    pub(super) fn newest(&self) -> Option<&str> {
        self.state.history.live.back().or(self.state.history.certain.as_ref()).map(|id| &**id)
    }

    /// History begins here, unless it began before.
    pub(super) fn base(&mut self, last: Option<&str>) {
        let history = &mut self.state.history;
        if !history.based {
            history.based = true;
            history.certain = last.map(Into::into);
        }
    }

    /// Whether a message is new; remembers it.
    fn fresh(&mut self, id: &str) -> bool {
        let history = &mut self.state.history;
        if history.seen.iter().any(|seen| **seen == *id) {
            return false;
        }
        history.seen.push_back(id.into());
        while history.seen.len() > self.state.limits.seen.max(1) {
            history.seen.pop_front();
        }
        true
    }

    /// A groupchat message came live. `author` is its occupant-id.
    pub(super) fn message(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let room = self.state.room().to_owned();
        let id = sid::stanza_id(&stanza.element, &room).filter(|id| id.len() <= TEXT_BYTES).map(Box::from);
        let stamp = Delay::by(&stanza.element, &room).map(|delay| delay.stamp);
        let heard = self.heard(&stanza.element, id.clone(), stamp, true, out);
        let by_id = heard.author.is_some() && heard.author == self.state.id;
        let by_name = !self.state.gc3() && heard.nick.as_deref() == Some(&*self.state.nick);
        // What is told again of what was said before may be of another who had the name then.
        let own = by_id || (by_name && heard.author.is_none() && heard.stamp.is_none());
        // Its own words come back to whoever spoke, with a session or without (GC3 M4).
        if !by_id && !by_name {
            self.proved();
        }
        if let Some(id) = &id {
            if !self.fresh(id) {
                return say::also(out, rule::C5);
            }
            if !self.asks_for_end() {
                self.base(None);
            }
            self.state.history.live.push_back(id.clone());
        }
        self.show(heard, own, rule::C5, out);
        if self.state.history.live.len() >= self.state.limits.seen.max(2) / 2 {
            self.verify(false, out);
            while self.state.history.live.len() > self.state.limits.seen.max(1) {
                self.state.history.live.pop_front();
            }
        }
    }

    /// Shows a message, and what it says of the user's own reactions.
    fn show(&mut self, heard: Heard, own: bool, why: Rule, out: &mut Out<'_>) {
        let reactions = heard.reactions.clone();
        let sent = heard.message.attr("id").map(str::to_owned);
        let at = heard.stamp.unwrap_or(self.state.now).min(self.state.now);
        say::order(out, why, Order::Message(Box::new(heard)));
        match reactions {
            Some(reactions) if own => self.reflected(sent.as_deref(), &reactions, at, out),
            Some(_) => say::also(out, rule::R12),
            None => {}
        }
    }

    fn heard(
        &mut self,
        message: &Element,
        id: Option<Box<str>>,
        stamp: Option<Time>,
        live: bool,
        out: &mut Out<'_>,
    ) -> Heard {
        let text = |text: &str| (!text.is_empty() && text.len() <= TEXT_BYTES).then(|| Box::<str>::from(text));
        let author = self.occupant_id(message.get_child("occupant-id", ns::OCCUPANT_ID), out);
        let nick = match crate::codec::nick::nick(message) {
            Some(nick) if self.state.gc3() => text(nick),
            _ => message.attr("from").and_then(|from| from.split_once('/')).and_then(|(_, nick)| text(nick)),
        };
        if let (Some(author), Some(nick)) = (&author, &nick) {
            let at = stamp.unwrap_or(self.state.now).min(self.state.now);
            if self.state.book.learn(author, nick, at) {
                say::also(out, rule::N1);
            }
        }
        let reactions = reactions::given(message).map(|(to, set)| Box::new(Reactions { to: to.into(), set }));
        Heard { id, author, nick, stamp, live, reactions, message: message.clone() }
    }

    /// Reads the archive on from what is certain (G5.4).
    pub(super) fn read_on(&mut self, goal: Option<&str>, why: Rule, out: &mut Out<'_>) {
        self.state.history.goal = goal.map(Into::into);
        self.state.history.again = None;
        if !self.state.config.archive {
            return self.cannot_read(rule::C3, out);
        }
        if self.asks_for_end() {
            return self.query(Reading::End, 0, rule::M9, out);
        }
        self.query(Reading::Onwards, 0, why, out);
    }

    /// Whether history begins with the end of the archive, which a room of XEP-0045 does not tell at the entry (M9).
    fn asks_for_end(&self) -> bool {
        !self.state.gc3() && self.state.config.archive && !self.state.history.based
    }

    /// Counts what was heard live against the archive (C4), also where nothing was heard if there is a `doubt`.
    pub(super) fn verify(&mut self, doubt: bool, out: &mut Out<'_>) {
        let history = &self.state.history;
        let counts = history.based && self.state.config.archive && self.state.online;
        if counts && history.walk.is_none() && (doubt || !history.live.is_empty()) {
            self.query(Reading::Count, 0, rule::C4, out);
        }
    }

    fn query(&mut self, reading: Reading, pages: u32, why: Rule, out: &mut Out<'_>) {
        let id = self.state.draw();
        let to = self.state.room().to_owned();
        let page = match reading {
            Reading::Onwards => PageRequest { max: Some(self.state.limits.page), at: Position::First },
            Reading::Newest => PageRequest { max: Some(self.state.limits.page), at: Position::Last },
            Reading::End => PageRequest { max: Some(1), at: Position::Last },
            Reading::Count => PageRequest { max: Some(0), at: Position::First },
        };
        say::iq(&self.state, out, why, &to, &id, StanzaType::Set, |writer| {
            say::query(writer, &id, self.state.history.certain.as_deref(), page);
        });
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.state.history.walk = Some(Walk { reading, id, until, pages, first: None, came: 0 });
    }

    /// A message of the archive came.
    pub(super) fn archived(&mut self, result: &Element, out: &mut Out<'_>) {
        let Some(walk) = &mut self.state.history.walk else { return say::also(out, rule::E1) };
        let forwarded = result.get_child("forwarded", ns::FORWARD);
        let message = forwarded.and_then(|forwarded| forwarded.get_child("message", ns::CLIENT));
        let id = result.attr("id").filter(|id| !id.is_empty() && id.len() <= TEXT_BYTES);
        let (Some(forwarded), Some(message), Some(id)) = (forwarded, message, id) else {
            return say::also(out, rule::E1);
        };
        if result.attr("queryid") != Some(&*walk.id) {
            return say::also(out, rule::E1);
        }
        walk.first.get_or_insert_with(|| id.into());
        walk.came = walk.came.saturating_add(1);
        let id: Box<str> = id.into();
        let stamp = forwarded.children().find_map(Delay::read).map(|delay| delay.stamp);
        // What was heard live is certain now that the archive has it, and what was heard before it is older.
        if let Some(place) = self.state.history.live.iter().position(|live| *live == id) {
            self.state.history.live.drain(..=place);
        }
        let heard = self.heard(message, Some(id.clone()), stamp, false, out);
        if !self.fresh(&id) {
            return say::also(out, rule::C5);
        }
        let own = heard.author.is_some() && heard.author == self.state.id;
        self.show(heard, own, rule::C2, out);
    }

    /// The end of a page came, or an error.
    pub(super) fn page_came(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let Some(walk) = self.state.history.walk.take() else { return };
        let fin = stanza.payload().filter(|payload| payload.is("fin", ns::MAM));
        let Some(fin) = fin.filter(|_| stanza.type_ == StanzaType::Result) else {
            return self.page_failed(&walk, StanzaError::read(stanza), out);
        };
        let page = Page::read(fin).ok().flatten().unwrap_or_default();
        let last = page.ends.map(|ends| ends.1).filter(|id| !id.is_empty() && id.len() <= TEXT_BYTES);
        let complete = matches!(fin.attr("complete"), Some("true" | "1"));
        // A page says how many there are: those that did not come were lost on the way.
        let rest = page.index.zip(page.count).map(|(index, count)| count.saturating_sub(index));
        let most = if walk.reading == Reading::End { 1 } else { self.state.limits.page };
        let wanted = rest.map(|rest| rest.min(u64::from(most)));
        // A service may cut its pages shorter: what came twice in the same number is all there is.
        let short = wanted.is_some_and(|wanted| wanted > walk.came);
        let cut = short && !complete && self.state.history.cut.replace(walk.came) == Some(walk.came);
        if walk.reading != Reading::Count && short && !cut {
            say::also(out, rule::C7);
            return self.page_late(out);
        }
        match walk.reading {
            Reading::Count => {
                let live = self.state.history.live.len() as u64;
                if page.count == Some(live) {
                    self.state.history.doubt = false;
                    if let Some(newest) = self.state.history.live.pop_back() {
                        self.state.history.certain = Some(newest);
                    }
                    self.state.history.live.clear();
                    return say::tell(out, rule::C4, Notice::CaughtUp);
                }
                self.query(Reading::Onwards, 0, rule::C4, out);
            }
            Reading::Onwards => {
                let moved = last.is_some_and(|last| self.state.history.certain.as_deref() != Some(last));
                if let Some(last) = last {
                    self.state.history.certain = Some(last.into());
                }
                if complete || !moved {
                    return self.caught_up(out);
                }
                if walk.pages + 1 >= self.state.limits.pages {
                    return self.query(Reading::Newest, 0, rule::C3, out);
                }
                self.query(Reading::Onwards, walk.pages + 1, rule::C2, out);
            }
            Reading::End => {
                self.base(last);
                self.caught_up(out);
            }
            Reading::Newest => {
                let after = self.state.history.certain.clone();
                if walk.first.is_some() || last.is_some() {
                    self.gap(Gap { after, before: walk.first.clone() }, out);
                }
                if let Some(last) = last {
                    self.state.history.certain = Some(last.into());
                }
                self.caught_up(out);
            }
        }
    }

    fn caught_up(&mut self, out: &mut Out<'_>) {
        (self.state.history.goal, self.state.history.doubt) = (None, false);
        say::tell(out, rule::C2, Notice::CaughtUp);
    }

    fn page_failed(&mut self, walk: &Walk, error: Option<StanzaError<'_>>, out: &mut Out<'_>) {
        let error = error.unwrap_or(StanzaError::of(Condition::UndefinedCondition));
        let unreached = matches!(error.condition, Condition::RemoteServerNotFound | Condition::RemoteServerTimeout);
        if error.type_ == ErrorType::Wait || unreached {
            return self.page_late(out);
        }
        match (walk.reading, error.condition) {
            // What is certain is not in the archive any more: the room has forgotten how it goes on from there.
            (Reading::Onwards | Reading::Count, Condition::ItemNotFound) if self.state.history.certain.is_some() => {
                self.query(Reading::Newest, 0, rule::C3, out);
            }
            (Reading::Count, _) => say::also(out, rule::C4),
            // An archive that cannot be read has no end: history begins with what was heard.
            (Reading::End, _) => {
                let newest = self.state.history.live.drain(..).next_back();
                self.base(newest.as_deref());
                say::also(out, rule::M9);
            }
            _ => self.cannot_read(rule::C3, out),
        }
    }

    /// The archive cannot be read: what is missing is a gap.
    fn cannot_read(&mut self, why: Rule, out: &mut Out<'_>) {
        let history = &mut self.state.history;
        let (after, goal) = (history.certain.clone(), history.goal.take());
        let before = history.live.front().cloned();
        history.certain = goal.or_else(|| history.live.back().cloned()).or_else(|| history.certain.take());
        history.live.clear();
        say::also(out, why);
        self.gap(Gap { after, before }, out);
    }

    fn gap(&mut self, gap: Gap, out: &mut Out<'_>) {
        let history = &mut self.state.history;
        if history.gaps.back() == Some(&gap) {
            return say::also(out, rule::C3);
        }
        history.gaps.push_back(gap.clone());
        while history.gaps.len() > self.state.limits.gaps.max(1) {
            let Some(first) = history.gaps.pop_front() else { break };
            if let Some(second) = history.gaps.front_mut() {
                second.after = first.after;
            }
        }
        say::order(out, rule::C3, Order::Gap(gap));
    }

    /// A page did not come: nothing counts as certain, and it is asked for again.
    fn page_late(&mut self, out: &mut Out<'_>) {
        self.state.history.again = Some(self.state.now.plus(self.state.limits.retry.0));
        say::also(out, rule::C6);
    }

    /// A query that was open on a stream that is down.
    pub(super) fn drop_walk(&mut self) {
        if self.state.history.walk.take().is_some() {
            self.state.history.again = Some(self.state.now);
        }
    }

    pub(super) fn wake_history(&mut self, now: Time, out: &mut Out<'_>) {
        if self.state.history.walk.take_if(|walk| walk.until <= now).is_some() {
            self.page_late(out);
        }
        let ready = self.state.online && self.state.standing == Standing::In && self.state.history.walk.is_none();
        if ready && self.state.history.again.take_if(|at| *at <= now).is_some() {
            let goal = self.state.history.goal.clone();
            self.read_on(goal.as_deref(), rule::C6, out);
        }
    }
}
