//! Writes what was decided. A payload is walked once, however many forms of it are sent.

use minidom::Element;
use minidom::rxml::Namespace;

use super::host::{Notice, Order};
use super::judge::{Refusal, Verdict};
use super::set::SessionSet;
use super::state::State;
use super::wire;
use crate::codec::{Delay, Fault, Fragment, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer, sid};
use crate::machine::{Action, Sink};
use crate::ns;
use crate::party::{Audience, Seat};
use crate::rule::Rule;

/// Where an account says things.
pub(super) type Out<'s> = dyn Sink<Order, Notice> + 's;

/// What every form of a stanza has in common.
#[derive(Clone, Copy)]
pub(super) struct Letter<'a> {
    pub(super) stanza: &'a Stanza,
    /// The sender, normalised.
    pub(super) from: &'a str,
    /// The addressee, as it was written.
    pub(super) to: &'a str,
    pub(super) account: &'a str,
    /// Whether something of it must not pass ([`wire::is_forged`]).
    pub(super) strip: bool,
    pub(super) id: Option<&'a str>,
}

/// The forms in which one stanza is needed.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    /// As the account's sessions and the archive have it.
    pub(super) kept: bool,
    /// As it goes to others.
    pub(super) sent: bool,
    /// As a copy: of which kind.
    pub(super) copy: Option<bool>,
}

/// The forms of one stanza.
#[derive(Default)]
pub(super) struct Forms {
    pub(super) kept: Option<Outgoing>,
    pub(super) sent: Option<Outgoing>,
    pub(super) copy: Option<Outgoing>,
    /// Bytes of the largest form that is no copy, or of the payload.
    pub(super) bytes: usize,
}

impl Letter<'_> {
    /// Writes what is wanted.
    pub(super) fn write(&self, wanted: Wanted) -> Forms {
        let mut forms = Forms::default();
        let count = u8::from(wanted.kept) + u8::from(wanted.sent) + u8::from(wanted.copy.is_some());
        let shared = (count > 1).then(|| Fragment::new(|writer| self.children(writer)));
        let payload = |writer: &mut Writer, id: Option<&str>| {
            match &shared {
                Some(shared) => {
                    writer.fragment(shared);
                }
                None => self.children(writer),
            }
            if let Some(id) = id {
                sid::write_stanza_id(writer, id, self.account);
            }
        };
        let plain = |id: Option<&str>| {
            Outgoing::new(&self.header(), |writer| {
                self.attributes(writer);
                payload(writer, id);
            })
        };
        forms.bytes = shared.as_ref().map_or(0, |shared| shared.bytes().len());
        if wanted.kept {
            let kept = plain(self.id);
            forms.bytes = kept.tail().len();
            forms.kept = Some(kept.addressed_to(self.to));
        }
        if wanted.sent {
            let sent = plain(None);
            forms.bytes = forms.bytes.max(sent.tail().len());
            forms.sent = Some(sent);
        }
        if let Some(out) = wanted.copy {
            let type_ = self.stanza.type_;
            let header = Header { kind: StanzaKind::Message, type_, from: self.account, id: None, lang: None };
            let copy = Outgoing::new(&header, |writer| {
                writer.open(if out { "sent" } else { "received" }, ns::CARBONS).open("forwarded", ns::FORWARD);
                writer.open("message", ns::CLIENT).attr("from", self.from).attr("to", self.to);
                writer.attr_opt("id", self.stanza.id.as_deref());
                writer.attr_opt("type", type_.as_attr());
                if let Some(lang) = &self.stanza.lang {
                    writer.attr_ns(ns::XML, "lang", lang);
                }
                self.attributes(writer);
                payload(writer, self.id);
                writer.close().close().close();
            });
            forms.bytes = forms.bytes.max(if count > 1 { 0 } else { copy.tail().len() });
            forms.copy = Some(copy);
        }
        forms
    }

    fn header(&self) -> Header<'_> {
        let stanza = self.stanza;
        let (id, lang) = (stanza.id.as_deref(), stanza.lang.as_deref());
        Header { kind: stanza.kind, type_: stanza.type_, from: self.from, id, lang }
    }

    /// Attributes of the stanza that no header knows, and a type that is none: they pass as they are.
    fn attributes(&self, writer: &mut Writer) {
        for ((namespace, name), value) in self.stanza.element.attrs() {
            let (namespace, name) = (Namespace::as_str(namespace), name.as_str());
            let known = match (namespace, name) {
                ("", "from" | "to" | "id" | "xmlns") | (ns::XML, "lang") => true,
                ("", "type") => self.stanza.type_ != StanzaType::Normal || value == "normal",
                _ => false,
            };
            if !known {
                writer.attr_ns(namespace, name, value);
            }
        }
    }

    fn children(&self, writer: &mut Writer) {
        if !self.strip && self.stanza.element.texts().next().is_none() {
            for child in self.stanza.element.children() {
                writer.element(child);
            }
            return;
        }
        for node in self.stanza.element.nodes() {
            match node {
                minidom::Node::Text(text) => {
                    writer.text(text);
                }
                minidom::Node::Element(child) if self.strip && wire::is_forged(child, self.account) => {}
                minidom::Node::Element(child) => {
                    writer.element(child);
                }
            }
        }
    }
}

/// A message that was kept, as it is delivered later. Where its server has noted already since when it is late, that
/// stays: what others note in the server's name was taken out when it came (A8).
pub(super) fn delayed(stanza: &Stanza, stamp: crate::Time, server: &str) -> Outgoing {
    let from = stanza.element.attr("from").unwrap_or_default();
    let to = stanza.element.attr("to").unwrap_or_default();
    let letter = Letter { stanza, from, to, account: "", strip: false, id: None };
    let noted = Delay::by(&stanza.element, server).is_some();
    Outgoing::new(&letter.header(), |writer| {
        letter.attributes(writer);
        letter.children(writer);
        if !noted {
            Delay { stamp, from: Some(server), reason: None }.write(writer);
        }
    })
    .addressed_to(to)
}

pub(super) fn send(out: &mut Out<'_>, state: &State, why: Rule, to: SessionSet, stanza: &Outgoing) {
    if !to.is_empty() {
        out.push(why, Action::Send { to: Audience::word(&state.roster, to.bits()), stanza });
    }
}

pub(super) fn order(out: &mut Out<'_>, why: Rule, order: Order) {
    out.push(why, Action::Do(order));
}

pub(super) fn tell(out: &mut Out<'_>, why: Rule, notice: Notice) {
    out.push(why, Action::Tell(notice));
}

/// The rules that took part and did nothing that can be seen.
pub(super) fn also(out: &mut Out<'_>, verdict: &Verdict) {
    for rule in verdict.also.iter().flatten() {
        tell(out, *rule, Notice::Also);
    }
}

/// Who a stanza is from, as far as it can be told.
pub(super) fn sender(stanza: &Stanza) -> Option<Box<str>> {
    stanza.sender().map(Into::into)
}

/// Sends an answer to whoever sent the stanza.
fn answer(out: &mut Out<'_>, state: &State, why: Rule, stanza: &Stanza, session: Option<Seat>, answer: &Outgoing) {
    match session {
        Some(seat) => send(out, state, why, SessionSet::of(seat), answer),
        None => {
            let to = stanza.from.as_ref().map_or_else(|| stanza.sender().unwrap_or_default(), |jid| jid.as_str());
            out.push(why, Action::Send { to: Audience::one(to), stanza: answer });
        }
    }
}

/// The address that answers come from: the one that was asked, or the account where none was named.
fn asked<'a>(state: &'a State, stanza: &'a Stanza) -> &'a str {
    match stanza.fault {
        Some(Fault::To) => state.account(),
        _ => stanza.element.attr("to").unwrap_or_else(|| state.account()),
    }
}

pub(super) fn refuse(
    out: &mut Out<'_>,
    state: &State,
    why: Rule,
    stanza: &Stanza,
    session: Option<Seat>,
    refusal: Refusal,
) {
    let error = refusal.error();
    if matches!(stanza.type_, StanzaType::Error | StanzaType::Result) {
        // No error answers an error.
        return tell(out, why, Notice::Dropped { from: sender(stanza) });
    }
    let (id, from) = (stanza.id.as_deref(), asked(state, stanza));
    let header = Header { kind: stanza.kind, type_: StanzaType::Error, from, id, lang: None };
    let refused = Outgoing::new(&header, |writer| error.write(writer));
    answer(out, state, why, stanza, session, &refused);
    tell(out, why, Notice::Refused { from: sender(stanza), condition: error.condition });
}

/// Answers a request with a result.
pub(super) fn result(
    out: &mut Out<'_>,
    state: &State,
    why: Rule,
    stanza: &Stanza,
    session: Option<Seat>,
    write: impl FnOnce(&mut Writer),
) {
    let (id, from) = (stanza.id.as_deref(), asked(state, stanza));
    let header = Header { kind: StanzaKind::Iq, type_: StanzaType::Result, from, id, lang: None };
    answer(out, state, why, stanza, session, &Outgoing::new(&header, write));
}

/// The features of an account's own, beside those that the host adds.
pub const FEATURES: [&str; 8] =
    [ns::DISCO_INFO, "msgoffline", ns::BLOCKING, ns::CARBONS, ns::CARBONS_RULES, ns::IMNG, ns::PING, ns::SID];

pub(super) fn info(writer: &mut Writer, state: &State) {
    writer.open("query", ns::DISCO_INFO);
    writer.open("identity", ns::DISCO_INFO).attr("category", "account").attr("type", "registered").close();
    let more = state.config.features.iter().map(|feature| &**feature);
    let mut features: Vec<&str> = FEATURES.into_iter().chain(more).collect();
    features.sort_unstable();
    features.dedup();
    for feature in features {
        writer.open("feature", ns::DISCO_INFO).attr("var", feature).close();
    }
    writer.close();
}

pub(super) fn block_list(writer: &mut Writer, state: &State) {
    writer.open("blocklist", ns::BLOCKING);
    for jid in state.blocked() {
        writer.open("item", ns::BLOCKING).attr("jid", jid).close();
    }
    writer.close();
}

/// Tells the sessions that asked for the block list what has changed in it.
pub(super) fn block_push(out: &mut Out<'_>, state: &State, why: Rule, id: &str, change: &Element) {
    let from = state.account();
    let header = Header { kind: StanzaKind::Iq, type_: StanzaType::Set, from, id: Some(id), lang: None };
    let push = Outgoing::new(&header, |writer| {
        writer.open(change.name(), ns::BLOCKING);
        for item in change.children().filter(|child| child.is("item", ns::BLOCKING)) {
            let jid = item.attr("jid").and_then(crate::codec::parse_jid);
            writer.open("item", ns::BLOCKING).attr("jid", jid.as_ref().map_or("", |jid| jid.as_str())).close();
        }
        writer.close();
    });
    send(out, state, why, state.watching_blocks(), &push);
}
