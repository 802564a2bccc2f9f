//! The user's own reactions (XEP-0444): what the room allows, what was sent, and what was accepted.

use super::host::{NotSent, Notice, Order, Reactions, Standing};
use super::machine::Client;
use super::rules as rule;
use super::say::{self, Out};
use super::state::{Asking, TEXT_BYTES};
use crate::codec::{Header, Outgoing, Stanza, StanzaKind, StanzaType};
use crate::machine::Action;
use crate::ns;
use crate::party::Audience;
use crate::reactions::{MOST, Own, Refused, Restrictions, Wish};
use crate::rule::Rule;
use crate::time::Time;

impl Client {
    /// Asks the room what it allows. An older question is nobody's any more: its answer may be older than a change.
    pub(super) fn ask_allowed(&mut self, out: &mut Out<'_>) {
        if !self.state.config.reactions || self.state.standing != Standing::In {
            return;
        }
        let (id, to) = (self.state.draw(), self.state.room().to_owned());
        say::iq(&self.state, out, rule::R2, &to, &id, StanzaType::Get, |writer| {
            writer.open("query", ns::DISCO_INFO).close();
        });
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.state.asking = Some(Asking { id, until });
    }

    /// What the room allows, or an error: then what was known holds.
    pub(super) fn allowed_came(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        self.state.asking = None;
        let info = stanza.payload().filter(|payload| payload.is("query", ns::DISCO_INFO));
        let Some(info) = info.filter(|_| stanza.type_ == StanzaType::Result) else { return say::also(out, rule::R2) };
        let published = Restrictions::published(info).unwrap_or_default().kept(self.state.limits.offered);
        if self.state.restrictions == published {
            return say::also(out, rule::R2);
        }
        self.state.restrictions = published.clone();
        say::order(out, rule::R3, Order::Offer(Box::new(published)));
    }

    /// The user wishes something.
    pub(super) fn react(&mut self, to: Box<str>, wish: &Wish, out: &mut Out<'_>) {
        let refuse = |why: Rule, to: Box<str>, what: NotSent, out: &mut Out<'_>| {
            say::tell(out, why, Notice::NotSent { to, why: what });
        };
        if self.state.standing != Standing::In {
            return refuse(rule::R13, to, NotSent::NotIn, out);
        }
        if to.is_empty() || to.len() > TEXT_BYTES {
            return refuse(rule::R13, to, NotSent::NoMessage, out);
        }
        let restrictions = &self.state.restrictions;
        let fresh = Own::default();
        let own = self.own(&to).unwrap_or(&fresh);
        let set = match own.wanted(restrictions, wish) {
            Ok(set) => set,
            Err(why) => {
                let rule = match why {
                    Refused::NoCharacter => rule::R8,
                    Refused::NotOffered => rule::R5,
                    Refused::TooMany if restrictions.max.is_some_and(|max| max as usize <= MOST) => rule::R6,
                    Refused::TooMany => rule::R4,
                };
                return refuse(rule, to, NotSent::Refused(why), out);
            }
        };
        let less = set.iter().all(|reaction| own.shown().contains(reaction));
        if less && set.len() == own.shown().len() {
            return say::also(out, rule::R8);
        }
        let replaces = matches!(wish, Wish::Add(_)) && restrictions.max == Some(1) && !own.shown().is_empty();
        let rule = match () {
            () if less => rule::R7,
            () if replaces => rule::R6,
            () => rule::R1,
        };
        self.send_reactions(to, set, rule, out);
    }

    fn send_reactions(&mut self, to: Box<str>, set: Vec<String>, why: Rule, out: &mut Out<'_>) {
        let (id, room) = (self.state.draw(), self.state.room().to_owned());
        let from = self.state.config.me.as_str();
        let header =
            Header { kind: StanzaKind::Message, type_: StanzaType::Groupchat, from, id: Some(&id), lang: None };
        let stanza = Outgoing::new(&header, |writer| {
            writer.open("reactions", ns::REACTIONS).attr("id", &to);
            set.iter().for_each(|reaction| _ = writer.leaf("reaction", ns::REACTIONS, reaction));
            writer.close();
            writer.open("store", ns::HINTS).close();
        });
        out.push(why, Action::Send { to: Audience::one(&room), stanza: &stanza });
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.touch(&to, |own| own.sent(&id, set.clone(), until), out);
        say::order(out, why, Order::Reactions(Box::new(Reactions { to, set })));
    }

    /// The own reactions to a message, if any are remembered.
    pub(super) fn own(&self, to: &str) -> Option<&Own> {
        self.state.reacted.iter().rev().find(|(known, _)| **known == *to).map(|(_, own)| own)
    }

    /// Changes the own reactions to a message, which is the last that was reacted to from now on. Others are forgotten if
    /// they are too many.
    fn touch<T>(&mut self, to: &str, change: impl FnOnce(&mut Own) -> T, out: &mut Out<'_>) -> T {
        let reacted = &mut self.state.reacted;
        let known = reacted.iter().rposition(|(known, _)| **known == *to).and_then(|place| reacted.remove(place));
        if known.is_none() && reacted.len() >= self.state.limits.reacted.max(1) {
            // What waits for an answer may yet have to be taken back.
            let place = reacted.iter().position(|(_, own)| !own.waits()).unwrap_or_default();
            reacted.remove(place);
            say::also(out, rule::E4);
        }
        let (to, mut own) = known.unwrap_or_else(|| (to.into(), Own::default()));
        let changed = change(&mut own);
        reacted.push_back((to, own));
        changed
    }

    /// The user's own reactions came from the room, at that time.
    pub(super) fn reflected(&mut self, id: Option<&str>, reactions: &Reactions, at: Time, out: &mut Out<'_>) {
        if reactions.to.len() > TEXT_BYTES {
            return say::also(out, rule::R13);
        }
        let accept = |own: &mut Own| own.accepted(id, reactions.set.clone(), at).map(<[String]>::to_vec);
        let shown = self.touch(&reactions.to, accept, out);
        show(&reactions.to, shown, rule::R10, out);
    }

    /// An error came for a message. Whether it was for reactions of this client.
    pub(super) fn reactions_refused(&mut self, id: &str, out: &mut Out<'_>) -> bool {
        let mut refused = self.state.reacted.iter_mut().filter_map(|(to, own)| {
            let before = own.shown().to_vec();
            let shown = own.refused(id)?.to_vec();
            Some((to.clone(), (shown != before).then_some(shown)))
        });
        let Some((to, shown)) = refused.next() else { return false };
        show(&to, shown, rule::R9, out);
        // The room may allow less than it did.
        if self.state.asking.is_none() {
            self.ask_allowed(out);
        }
        true
    }

    /// Time has passed.
    pub(super) fn wake_reactions(&mut self, now: Time, out: &mut Out<'_>) {
        if self.state.asking.take_if(|asking| asking.until <= now).is_some() {
            say::also(out, rule::R2);
        }
        for (to, own) in &mut self.state.reacted {
            if own.deadline().is_some_and(|until| until <= now) {
                show(to, own.late(now).map(<[String]>::to_vec), rule::R11, out);
            }
        }
    }
}

/// Tells what is to be shown as the user's own, if that has changed.
fn show(to: &str, shown: Option<Vec<String>>, why: Rule, out: &mut Out<'_>) {
    match shown {
        Some(set) => say::order(out, why, Order::Reactions(Box::new(Reactions { to: to.into(), set }))),
        None => say::also(out, why),
    }
}
