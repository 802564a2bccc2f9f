//! What the domain itself answers.

use super::machine::Domain;
use super::post::{Out, Work};
use super::rules as rule;
use super::{Notice, StreamCondition};
use crate::codec::{Condition, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::machine::Action;
use crate::ns;
use crate::rule::Rule;

/// What a domain can, beside what the host adds.
const FEATURES: [&str; 3] = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING];

impl Domain {
    /// Takes a stanza for the domain itself.
    pub(super) fn server(&mut self, stanza: &Stanza, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        if self.published(stanza, hops, work, out) {
            return;
        }
        let config = &self.state.config;
        let get = stanza.type_ == StanzaType::Get && stanza.fault.is_none();
        let bare = stanza.to.as_ref().is_some_and(|to| to.resource().is_none());
        let asked = stanza.payload().filter(|_| get && bare);
        let here = |name: &str, ns: &str| {
            asked.is_some_and(|asked| asked.is(name, ns) && asked.attr("node").is_none_or(str::is_empty))
        };
        let (why, answer) = if here("query", ns::DISCO_INFO) {
            let answer = Outgoing::result(stanza, |writer| {
                writer.open("query", ns::DISCO_INFO);
                writer.open("identity", ns::DISCO_INFO).attr("category", "server").attr("type", "im");
                writer.attr("name", &config.name).close();
                for feature in FEATURES {
                    writer.open("feature", ns::DISCO_INFO).attr("var", feature).close();
                }
                writer.close();
            });
            (rule::D1, answer)
        } else if here("query", ns::DISCO_ITEMS) {
            let answer = Outgoing::result(stanza, |writer| {
                writer.open("query", ns::DISCO_ITEMS);
                let rooms = config.rooms.as_ref().map(|rooms| (rooms.domain.as_str(), &*rooms.name));
                let uploads = config.uploads.as_ref().map(|uploads| (&*uploads.service.domain, &*uploads.service.name));
                for (jid, name) in rooms.into_iter().chain(uploads) {
                    writer.open("item", ns::DISCO_ITEMS).attr("jid", jid).attr("name", name).close();
                }
                writer.close();
            });
            (rule::D2, answer)
        } else if here("ping", ns::PING) {
            (rule::D3, Outgoing::result(stanza, |_| {}))
        } else {
            let silent = stanza.kind == StanzaKind::Presence || stanza.type_ == StanzaType::Headline;
            (rule::D4, Outgoing::error(stanza, &UNAVAILABLE).filter(|_| !silent))
        };
        match (answer, &stanza.from) {
            (Some(answer), Some(from)) => self.post(hops, work, out).to(why, from.as_str(), &answer),
            _ => dropped(rule::D5, stanza, out),
        }
    }

    /// Takes a stanza from another server, if that may send it.
    pub(super) fn hear(&mut self, peer: jid::BareJid, stanza: Stanza, work: &mut Work, out: &mut Out<'_>) {
        let authentic = stanza.from.as_ref().is_some_and(|from| from.domain() == peer.domain());
        let close = |why, condition, out: &mut Out<'_>| {
            out.push(why, Action::Do(super::Order::Close { peer: peer.clone(), condition }));
        };
        if !authentic || self.here().has(peer.as_str()) {
            return close(rule::S1, StreamCondition::InvalidFrom, out);
        }
        match &stanza.to {
            None if stanza.element.attr("to").is_none() => close(rule::S2, StreamCondition::ImproperAddressing, out),
            Some(to) if self.here().has(to.as_str()) => work.push(super::post::Job::Stanza(stanza, 1)),
            _ => dropped(rule::S3, &stanza, out),
        }
    }
}

const UNAVAILABLE: StanzaError<'static> = StanzaError::of(Condition::ServiceUnavailable);

fn dropped(why: Rule, stanza: &Stanza, out: &mut Out<'_>) {
    let (from, to) = (stanza.sender().map(Into::into), stanza.element.attr("to").map(Into::into));
    out.push(why, Action::Tell(Notice::Dropped { from, to }));
}
