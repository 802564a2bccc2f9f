//! Presence sent to a room's bare address: what a server broadcasts for an account that the room is subscribed to.

use minidom::Element;

use super::{Ask, Read};
use crate::codec::{Stanza, StanzaType};
use crate::gc3::room::Show;
use crate::gc3::rules::table as rule;
use crate::ns;

/// A presence stanza.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence<'a> {
    /// A session is available.
    Available { show: Show, priority: i8, caps: Option<Caps<'a>> },
    /// A session is not available any more; from a bare JID: no session is.
    Unavailable,
    /// The account agrees to the room's subscription.
    Subscribed,
    /// The account refuses it, or takes its agreement back.
    Unsubscribed,
}

/// What a session says of its features: the hash by which they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caps<'a> {
    /// The hash function, by the name that the protocol gives it.
    pub(crate) hash: &'a str,
    /// The hash.
    pub(crate) ver: &'a str,
    /// The node under which the features are asked for.
    pub(crate) node: &'a str,
    /// Whether it is of XEP-0390 rather than of XEP-0115.
    pub(crate) second: bool,
}

pub(super) fn read(stanza: &Stanza) -> Read<'_> {
    let presence = match stanza.type_ {
        // A room of other dialects takes these for a join; a subscription's presence never has them.
        StanzaType::Available if joins(&stanza.element) => return Read::Silent(rule::P1),
        StanzaType::Available => Presence::Available {
            show: stanza.child("show", ns::CLIENT).map_or(Show::Online, |show| Show::parse(show.text().trim())),
            priority: stanza.child("priority", ns::CLIENT).and_then(|p| p.text().trim().parse().ok()).unwrap_or(0),
            caps: caps(&stanza.element),
        },
        StanzaType::Unavailable => Presence::Unavailable,
        StanzaType::Subscribed => Presence::Subscribed,
        StanzaType::Unsubscribed => Presence::Unsubscribed,
        // There is no subscription behind these: the room has no presence of its own.
        StanzaType::Unsubscribe => return Read::Silent(rule::P2),
        _ => return Read::Silent(rule::G4_8),
    };
    Read::Ask(Ask::Presence(presence))
}

fn joins(presence: &Element) -> bool {
    presence.children().any(|child| child.is("x", ns::MUC) || child.has_ns(ns::MUC2))
}

/// The longest hash and the longest node that are remembered, in bytes: many are, for as long as nobody answers.
const HASH_BYTES: usize = 128;
const NODE_BYTES: usize = 1024;

fn caps(presence: &Element) -> Option<Caps<'_>> {
    let caps = named_caps(presence)?;
    let short = caps.hash.len() <= HASH_BYTES && caps.ver.len() <= HASH_BYTES && caps.node.len() <= NODE_BYTES;
    short.then_some(caps)
}

fn named_caps(presence: &Element) -> Option<Caps<'_>> {
    let second = presence.get_child("c", ns::CAPS2).and_then(|c| {
        let known = |h: &&Element| h.is("hash", ns::HASHES) && h.attr("algo") == Some("sha-256");
        let ver = c.children().find(known)?.nodes().find_map(|node| node.as_text())?;
        Some(Caps { hash: "sha-256", ver, node: "", second: true })
    });
    if second.is_some() {
        return second;
    }
    let c = presence.get_child("c", ns::CAPS)?;
    Some(Caps { hash: c.attr("hash")?, ver: c.attr("ver")?, node: c.attr("node")?, second: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_hashes_to_is_not_remembered() {
        let caps = |ver: usize, node: usize| {
            let (ver, node) = ("v".repeat(ver), "n".repeat(node));
            let xml = format!(
                "<presence xmlns='jabber:client'>\
                 <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='{ver}' node='{node}'/></presence>"
            );
            caps(&xml.parse().unwrap()).is_some()
        };
        assert!(caps(28, 40) && caps(128, 1024));
        assert!(!caps(129, 40) && !caps(28, 1025));
    }
}
