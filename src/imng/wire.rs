//! What a stanza says to a router: one look at each child, and nothing is copied.

use core::ops::{BitOr, BitOrAssign};

use jid::Jid;
use minidom::Element;

use crate::codec::{Stanza, StanzaKind, StanzaType, parse_jid, sid};
use crate::ns;
use crate::party::Address;

/// What a message holds, as far as routing cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(u32);

impl Traits {
    /// A `<body/>`.
    pub const BODY: Self = Self(1);
    /// A chat state (XEP-0085).
    pub const STATE: Self = Self(1 << 1);
    /// A receipt or a request for one (XEP-0184), or a marker (XEP-0333).
    pub const RECEIPT: Self = Self(1 << 2);
    /// `<private/>` (XEP-0280 §9).
    pub const PRIVATE: Self = Self(1 << 3);
    /// The hint `no-copy`.
    pub const NO_COPY: Self = Self(1 << 4);
    /// The hint `no-store`.
    pub const NO_STORE: Self = Self(1 << 5);
    /// The hint `no-permanent-store`.
    pub const NO_PERMANENT_STORE: Self = Self(1 << 6);
    /// The hint `store`.
    pub const STORE: Self = Self(1 << 7);
    /// The mark `<im-ng/>` (XEP-0409).
    pub const MARK: Self = Self(1 << 8);
    /// An invitation, direct (XEP-0249) or mediated (XEP-0045 §7.8.2).
    pub const INVITATION: Self = Self(1 << 9);
    /// `<x/>` of a room (XEP-0045) that is no invitation.
    pub const ROOM: Self = Self(1 << 10);
    /// Something that is worth keeping: anything but chat states, threads, hints, ids and routing.
    pub const CONTENT: Self = Self(1 << 11);
    /// A stanza-id in the account's name, or a delay in its server's.
    pub const FORGED_ID: Self = Self(1 << 12);
    /// A copy's wrapper (XEP-0280).
    pub const FORGED_COPY: Self = Self(1 << 13);

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything of `other` is in it.
    #[must_use]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Without what only other types of message may say.
    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Traits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Traits {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// How a message of type normal wants to be routed (`xmpp-machines:route:0`). What is absent or unknown is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Who gets it, at the bare JID.
    pub mode: Option<Mode>,
    /// What happens if that is nobody.
    pub fallback: Option<Fallback>,
}

/// Who gets a message to the bare JID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every session whose priority is not negative.
    All,
    /// The most available session.
    One,
    /// One session, preferably one that somebody looks at.
    First,
    /// Nobody now.
    StoreOnly,
}

/// What happens to a message that reaches nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// As if it were for the bare JID.
    All,
    /// Its sender is told.
    Error,
    /// It is kept for later.
    Store,
    /// Nothing.
    Drop,
}

impl Route {
    fn read(element: &Element) -> Self {
        let mode = match element.attr("mode") {
            Some("all") => Some(Mode::All),
            Some("one") => Some(Mode::One),
            Some("first") => Some(Mode::First),
            Some("store-only") => Some(Mode::StoreOnly),
            _ => None,
        };
        let fallback = match element.attr("fallback") {
            Some("all") => Some(Fallback::All),
            Some("error") => Some(Fallback::Error),
            Some("store") => Some(Fallback::Store),
            Some("drop") => Some(Fallback::Drop),
            _ => None,
        };
        Self { mode, fallback }
    }
}

/// What a message holds. Hints in errors are ignored (XEP-0334 §5), and so is routing on any type but normal.
pub(super) fn traits(stanza: &Stanza, account: &str) -> (Traits, Route) {
    let mut found = Traits::default();
    let mut route = Route::default();
    if stanza.kind != StanzaKind::Message {
        return (found, route);
    }
    for child in stanza.element.children() {
        found |= look(child, account, &mut route);
    }
    match stanza.type_ {
        StanzaType::Error => {
            let hints = Traits::NO_COPY | Traits::NO_STORE | Traits::NO_PERMANENT_STORE | Traits::STORE;
            (found.without(hints | Traits::FORGED_COPY), Route::default())
        }
        StanzaType::Normal => (found, route),
        _ => (found, Route::default()),
    }
}

fn look(child: &Element, account: &str, route: &mut Route) -> Traits {
    let content = Traits::CONTENT;
    let when = |namespace: &str, traits: Traits| if child.has_ns(namespace) { traits } else { content };
    match child.name() {
        "body" => when(ns::CLIENT, Traits::BODY | content),
        "thread" => when(ns::CLIENT, Traits::default()),
        "active" | "composing" | "paused" | "inactive" | "gone" => when(ns::CHAT_STATES, Traits::STATE),
        "request" => when(ns::RECEIPTS, Traits::RECEIPT),
        "markable" => when(ns::MARKERS, Traits::RECEIPT),
        "displayed" | "acknowledged" => when(ns::MARKERS, Traits::RECEIPT | content),
        "received" if child.has_ns(ns::CARBONS) => Traits::FORGED_COPY | content,
        "received" if child.has_ns(ns::RECEIPTS) => Traits::RECEIPT | content,
        "received" => when(ns::MARKERS, Traits::RECEIPT | content),
        "sent" => when(ns::CARBONS, Traits::FORGED_COPY | content),
        "private" => when(ns::CARBONS, Traits::PRIVATE),
        "no-copy" => when(ns::HINTS, Traits::NO_COPY),
        "no-store" => when(ns::HINTS, Traits::NO_STORE),
        "no-permanent-store" => when(ns::HINTS, Traits::NO_PERMANENT_STORE),
        "store" => when(ns::HINTS, Traits::STORE),
        "im-ng" => when(ns::IMNG, Traits::MARK),
        "route" if child.has_ns(ns::ROUTE) => {
            *route = Route::read(child);
            Traits::default()
        }
        "x" if child.has_ns(ns::CONFERENCE) => Traits::INVITATION | content,
        "x" if child.has_ns(ns::MUC_USER) => {
            let invitation = child.children().any(|inside| inside.is("invite", ns::MUC_USER));
            if invitation { Traits::INVITATION | content } else { Traits::ROOM }
        }
        "stanza-id" if child.has_ns(ns::SID) => {
            if sid::is_by(child, account) {
                Traits::FORGED_ID
            } else {
                Traits::default()
            }
        }
        "origin-id" => when(ns::SID, Traits::default()),
        "delay" if child.has_ns(ns::DELAY) => {
            if is_our_delay(child, account) {
                Traits::FORGED_ID
            } else {
                Traits::default()
            }
        }
        _ => content,
    }
}

/// Whether a child says something that only the account's server may say.
pub(super) fn is_forged(child: &Element, account: &str) -> bool {
    sid::is_by(child, account) || (child.is("delay", ns::DELAY) && is_our_delay(child, account))
}

fn is_our_delay(child: &Element, account: &str) -> bool {
    let Some(from) = child.attr("from") else { return false };
    let server = account.split_once('@').map_or(account, |(_, domain)| domain);
    [account, server].iter().any(|ours| from.eq_ignore_ascii_case(ours))
}

/// What a request to the account wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Carbons(bool),
    BadCarbons,
    Imng,
    BadImng,
    BlockList,
    Block,
    Unblock,
    BadBlocking,
    Ping,
    Info,
    Other,
}

/// Reads a request of type get or set. `payload` is its one child.
pub(super) fn request(stanza: &Stanza, payload: &Element) -> Request {
    let set = stanza.type_ == StanzaType::Set;
    match payload.name() {
        "enable" | "disable" if payload.has_ns(ns::CARBONS) => {
            if set {
                Request::Carbons(payload.name() == "enable")
            } else {
                Request::BadCarbons
            }
        }
        "enable" if payload.has_ns(ns::IMNG) && set => Request::Imng,
        "blocklist" if payload.has_ns(ns::BLOCKING) && !set => Request::BlockList,
        "block" if payload.has_ns(ns::BLOCKING) && set => Request::Block,
        "unblock" if payload.has_ns(ns::BLOCKING) && set => Request::Unblock,
        "ping" if payload.has_ns(ns::PING) && !set => Request::Ping,
        "query" if payload.has_ns(ns::DISCO_INFO) && !set && payload.attr("node").is_none() => Request::Info,
        _ if payload.has_ns(ns::CARBONS) => Request::BadCarbons,
        _ if payload.has_ns(ns::IMNG) => Request::BadImng,
        _ if payload.has_ns(ns::BLOCKING) => Request::BadBlocking,
        _ => Request::Other,
    }
}

/// The addresses of a block or an unblock; `None` if one is none.
pub(super) fn items(payload: &Element) -> Option<Vec<Address>> {
    let items = payload.children().filter(|child| child.is("item", ns::BLOCKING));
    items.map(|item| item.attr("jid").and_then(parse_jid).map(|jid: Jid| Address::from(&jid))).collect()
}

/// The priority that a presence shows (RFC 6121 §4.7.2.3).
pub(super) fn priority(stanza: &Stanza) -> i8 {
    let text = stanza.child("priority", ns::CLIENT).map(Element::text);
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
