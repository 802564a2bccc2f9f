//! Presence: who is told of a session, and who may ask (RFC 6121 §4).

use super::Notice;
use super::machine::Domain;
use super::post::{Out, Work, passed};
use super::rules as rule;
use super::state::Home;
use crate::codec::{Header, Outgoing, Reader, Stanza, StanzaKind, StanzaType};
use crate::imng::Subscription;
use crate::machine::Action;
use crate::ns;
use crate::party::{Address, Audience, bare};

impl Domain {
    /// A session's presence for everybody.
    #[expect(clippy::too_many_arguments, reason = "the fields of one order")]
    pub(super) fn broadcast(
        &mut self,
        name: &str,
        session: &str,
        was: Option<i8>,
        directed: &[Address],
        stanza: &Stanza,
        hops: u8,
        work: &mut Work,
        out: &mut Out<'_>,
    ) {
        let most = self.state.limits.presence_bytes;
        let Some(home) = self.state.homes.get_mut(name) else { return };
        let available = stanza.type_ == StanzaType::Available;
        let sent = passed(stanza);
        if available {
            let mut bytes = stanza.to_bytes();
            if bytes.len() > most {
                bytes = plain(session, StanzaType::Available).encode("");
                out.push(rule::L3, Action::Tell(Notice::Also));
            }
            home.shown.insert(session.into(), bytes.into());
        } else {
            home.shown.remove(session);
        }
        let why = if available { rule::P1 } else { rule::P7 };
        let others: Vec<(Box<str>, Box<[u8]>)> =
            home.shown.iter().map(|(other, bytes)| (other.clone(), bytes.clone())).collect();
        for (other, _) in &others {
            out.push(why, Action::Send { to: Audience::one(other), stanza: &sent });
        }
        let contacts: Vec<(Box<str>, Subscription)> = home
            .contacts
            .iter()
            .filter(|(jid, _)| !jid::Jid::new(jid).is_ok_and(|jid| home.account.is_blocked(&jid)))
            .map(|(jid, subscription)| (jid.clone(), *subscription))
            .collect();
        let mut post = self.post(hops, work, out);
        for (jid, _) in contacts.iter().filter(|(_, subscription)| subscription.sees_account()) {
            post.to(why, jid, &sent);
        }
        for jid in directed {
            let told = contacts.iter().any(|(contact, s)| s.sees_account() && **contact == *jid.bare());
            if !told {
                post.to(why, jid.as_str(), &sent);
            }
        }
        if !available || was.is_some() {
            return;
        }
        let probe = plain(session, StanzaType::Probe);
        for (jid, _) in contacts.iter().filter(|(_, subscription)| subscription.sees_contact()) {
            post.to(rule::P2, jid, &probe);
        }
        for (other, bytes) in others.iter().filter(|(other, _)| **other != *session) {
            debug_assert!(other.starts_with(name), "the account's own");
            if let Ok(shown) = Reader::one(ns::CLIENT, bytes) {
                let shown = passed(&shown);
                post.out.push(rule::P3, Action::Send { to: Audience::one(session), stanza: &shown });
            }
        }
    }

    /// Somebody asks for an account's presence.
    pub(super) fn probe(&mut self, name: &str, stanza: &Stanza, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        let Some(home) = self.state.homes.get(name) else { return };
        let Some(from) = &stanza.from else { return };
        let asker = bare(from.as_str());
        let may = asker == name || home.contacts.get(asker).is_some_and(|subscription| subscription.sees_account());
        let shown = if may { shown(home) } else { Vec::new() };
        let mut post = self.post(hops, work, out);
        if !may {
            return post.to(rule::P6, asker, &plain(name, StanzaType::Unsubscribed));
        }
        if shown.is_empty() {
            return post.to(rule::P5, from.as_str(), &plain(name, StanzaType::Unavailable));
        }
        for presence in &shown {
            post.to(rule::P4, from.as_str(), presence);
        }
    }

    /// The host knows a subscription.
    pub(super) fn contact(&mut self, name: &str, fact: &crate::imng::Fact, out: &mut Out<'_>) {
        let crate::imng::Fact::Contact { jid, subscription } = fact else { return };
        let most = self.state.limits.contacts;
        let Some(home) = self.state.homes.get_mut(name) else { return };
        let known = home.contacts.contains_key(jid.as_str());
        if *subscription == Subscription::None {
            home.contacts.remove(jid.as_str());
        } else if known || home.contacts.len() < most {
            home.contacts.insert(jid.as_str().into(), *subscription);
        } else {
            out.push(rule::L3, Action::Tell(Notice::Also));
        }
    }
}

/// The last presence of each available session.
pub(super) fn shown(home: &Home) -> Vec<Outgoing> {
    let read = home.shown.values().filter_map(|bytes| Reader::one(ns::CLIENT, bytes).ok());
    read.map(|stanza| passed(&stanza)).collect()
}

/// A presence with nothing in it.
pub(super) fn plain(from: &str, type_: StanzaType) -> Outgoing {
    let header = Header { kind: StanzaKind::Presence, type_, from, id: None, lang: None };
    Outgoing::new(&header, |_| {})
}
