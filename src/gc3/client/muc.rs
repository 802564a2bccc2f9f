//! Rooms of XEP-0045: entered by presence, and asked by self-ping (XEP-0410).

use minidom::Element;

use super::host::{Notice, Standing, Why};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Open, Person, TEXT_BYTES, What};
use crate::codec::{Condition, Stanza, StanzaError, StanzaType};
use crate::ns;
use crate::rule::Rule;

impl Client {
    /// Enters by presence.
    pub(super) fn enter(&mut self, why: Rule, out: &mut Out<'_>) {
        let (me, nick) = (self.state.config.me.to_string(), self.state.config.nick.clone());
        let to = format!("{}/{nick}", self.state.config.room);
        let until = self.state.now.plus(self.state.limits.answer_for);
        let id = self.state.draw();
        self.state.open = Some(Open { what: What::Join, id, to: to.as_str().into(), until });
        (self.state.retry, self.state.spoke, self.state.nick) = (None, self.state.now, nick.into());
        self.state.people.clear();
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
        self.stand(Standing::Joining, why, out);
    }

    /// The answer to a self-ping.
    pub(super) fn pinged(&mut self, error: Option<&StanzaError<'_>>, out: &mut Out<'_>) {
        match error.map(|error| error.condition) {
            None | Some(Condition::ServiceUnavailable | Condition::FeatureNotImplemented) => {
                self.proved();
                (self.state.rejoined, self.state.pause) = (false, self.state.limits.retry.0);
                self.stand(Standing::In, rule::M2, out);
            }
            Some(Condition::RemoteServerNotFound | Condition::RemoteServerTimeout) => self.later(rule::S5, out),
            Some(Condition::ItemNotFound) => self.lost(rule::M4, out),
            Some(_) => self.lost(rule::M3, out),
        }
    }

    /// Presence of the room: somebody's, or an error.
    pub(super) fn occupant(&mut self, stanza: &Stanza, nick: Option<&str>, out: &mut Out<'_>) {
        // Who is out, or going, hears the room's farewell and no more.
        if !self.state.want {
            return say::also(out, rule::E2);
        }
        let x = stanza.child("x", ns::MUC_USER);
        let has = |code: &str| {
            let mut statuses =
                x.into_iter().flat_map(Element::children).filter(|child| child.is("status", ns::MUC_USER));
            statuses.any(|status| status.attr("code") == Some(code))
        };
        if stanza.type_ == StanzaType::Error {
            return self.enter_refused(stanza, out);
        }
        let Some(nick) = nick.filter(|nick| nick.len() <= TEXT_BYTES) else { return say::also(out, rule::E2) };
        let own = has("110");
        let item = x.and_then(|x| x.get_child("item", ns::MUC_USER));
        match stanza.type_ {
            StanzaType::Available => {
                self.here(stanza, nick, item);
                if own {
                    self.state.nick = nick.into();
                    let open = self.state.open.take_if(|open| open.what == What::Join);
                    self.state.id = occupant_id(stanza);
                    self.proved();
                    let first = open.is_some() || self.state.standing != Standing::In;
                    self.stand(Standing::In, rule::M1, out);
                    if first {
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
                if own {
                    self.put_out(x, &has, out);
                }
            }
            _ => say::also(out, rule::E2),
        }
    }

    /// Entered: what was missed meanwhile is read from the archive.
    fn entered(&mut self, out: &mut Out<'_>) {
        if !self.state.history.based {
            return self.base(None);
        }
        if self.state.config.archive {
            self.read_on(None, rule::C1, out);
        } else {
            // Without an archive nobody knows what was missed.
            self.read_on(None, rule::C3, out);
        }
    }

    fn enter_refused(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let joining = self.state.open.take_if(|open| open.what == What::Join);
        match (joining, StanzaError::read(stanza)) {
            (Some(_), Some(error)) => self.refused(&error, out),
            _ => say::also(out, rule::E1),
        }
    }

    fn here(&mut self, stanza: &Stanza, nick: &str, item: Option<&Element>) {
        let text = |name: &str| {
            item.and_then(|item| item.attr(name)).filter(|text| text.len() <= TEXT_BYTES).map(Box::<str>::from)
        };
        let occupant = occupant_id(stanza);
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
        let now = format!("{}/{}", self.state.room(), self.state.nick);
        open.what == What::Ping && *open.to != *now
    }

    pub(super) fn ping_again(&mut self, why: Rule, out: &mut Out<'_>) {
        self.ping(why, out);
    }
}

fn occupant_id(stanza: &Stanza) -> Option<Box<str>> {
    let id = stanza.child("occupant-id", ns::OCCUPANT_ID)?.attr("id")?;
    (!id.is_empty() && id.len() <= TEXT_BYTES).then(|| id.into())
}
