//! A message to the whole room: what it holds, without what its sender may not say.

use minidom::Element;

use super::{Ask, Read};
use crate::codec::{Fragment, Stanza};
use crate::gc3::room::Reacting;
use crate::ns;

/// A groupchat message, read once and written once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// The children, without forgeries, as they will be sent.
    pub(crate) payload: Fragment,
    /// Whether something was removed.
    pub(crate) stripped: bool,
    pub(crate) body: bool,
    /// The `<subject/>` elements, if it changes the subject: there are some and nothing else to read.
    pub(crate) subject: Option<Fragment>,
    /// Whether it is worth keeping: G7.1.
    pub(crate) content: bool,
    /// Whether its sender wants it not to be kept.
    pub(crate) no_store: bool,
    /// The stanza-id of the message that it retracts.
    pub(crate) retracts: Option<Box<str>>,
    /// The reactions that it sets.
    pub(crate) reactions: Option<Reacting>,
    /// Whether it corrects an earlier message, and whether it answers a certain one.
    pub(crate) corrects: bool,
    pub(crate) replies: bool,
    /// Whether it retracts, or reacts, more than once, or retracts nothing: readers would not agree on what it does.
    pub(crate) ambiguous: bool,
}

pub(super) fn read(stanza: &Stanza) -> Read<'_> {
    let mut words = Words::default();
    let (mut store, mut no_store, mut no_permanent) = (false, false, false);
    let mut subject = false;
    words.payload = Fragment::new(|writer| {
        for child in stanza.element.children() {
            if forged(child, stanza) {
                words.stripped = true;
                continue;
            }
            writer.element(child);
            match (known(child), child.name()) {
                (ns::CLIENT, "body") => words.body = true,
                (ns::CLIENT, "subject") => subject = true,
                (ns::HINTS, "store") => store = true,
                (ns::HINTS, "no-store") => no_store = true,
                (ns::HINTS, "no-permanent-store") => no_permanent = true,
                (ns::RETRACT, "retract") => {
                    words.content = true;
                    words.ambiguous |= words.retracts.is_some() || child.attr("id").is_none();
                    words.retracts = child.attr("id").map(Into::into);
                }
                (ns::REACTIONS, "reactions") => {
                    words.content = true;
                    words.ambiguous |= words.reactions.is_some();
                    let each = child.children().filter(|r| r.is("reaction", ns::REACTIONS));
                    let to = child.attr("id").unwrap_or_default().into();
                    words.reactions = Some(Reacting { to, set: each.map(|r| r.text().trim().into()).collect() });
                }
                (ns::CORRECT, "replace") => {
                    words.content = true;
                    words.corrects = true;
                }
                (ns::REPLY, "reply") => words.replies = true,
                (ns::EME, "encryption") | (ns::OMEMO | ns::OMEMO_LEGACY, "encrypted") | (ns::OPENPGP, "openpgp") => {
                    words.content = true
                }
                _ => {}
            }
        }
    });
    if subject && !words.body && !stanza.element.children().any(|child| child.is("thread", ns::CLIENT)) {
        let all = stanza.element.children().filter(|child| child.is("subject", ns::CLIENT));
        words.subject = Some(Fragment::new(|writer| {
            all.for_each(|child| {
                writer.element(child);
            })
        }));
    }
    words.content |= words.body || subject || store;
    words.no_store = no_store || (no_permanent && !words.body);
    Read::Ask(Ask::Speak(words))
}

/// The namespaces that mean something in a message. A child's own text of it would have to be copied to be looked at.
const KNOWN: [&str; 28] = [
    ns::CLIENT,
    ns::SID,
    ns::HINTS,
    ns::RETRACT,
    ns::REACTIONS,
    ns::CORRECT,
    ns::REPLY,
    ns::EME,
    ns::OMEMO,
    ns::OMEMO_LEGACY,
    ns::OPENPGP,
    ns::MUC_USER,
    ns::MUC2,
    ns::OCCUPANT_ID,
    ns::NICK,
    ns::HATS,
    ns::MAV,
    ns::DELAY,
    ns::DELAY_LEGACY,
    ns::ADDRESS,
    ns::CARBONS,
    ns::MAM,
    ns::PUBSUB_EVENT,
    ns::MMN,
    ns::FORWARD,
    ns::MODERATE,
    ns::GC3,
    ns::PSA,
];

/// The namespace of a child, if it is one that means something; else nothing.
fn known(child: &Element) -> &'static str {
    KNOWN.into_iter().find(|ns| child.has_ns(*ns)).unwrap_or_default()
}

/// Whether a child says what only a room, a server or an archive may say (G6.2).
pub(crate) fn forged(child: &Element, stanza: &Stanza) -> bool {
    match (known(child), child.name()) {
        (ns::SID, "stanza-id") => stanza.to.as_ref().is_none_or(|to| {
            let bare = to.to_bare();
            child.attr("by").is_none_or(|by| jid::BareJid::new(by).map_or(true, |by| by == bare))
        }),
        (ns::RETRACT, name) => name != "retract",
        (ns::MUC_USER, "x")
        | (
            ns::MUC2
            | ns::OCCUPANT_ID
            | ns::NICK
            | ns::HATS
            | ns::MAV
            | ns::DELAY
            | ns::DELAY_LEGACY
            | ns::ADDRESS
            | ns::CARBONS
            | ns::MAM
            | ns::PUBSUB_EVENT
            | ns::MMN
            | ns::FORWARD
            | ns::MODERATE
            | ns::GC3
            | ns::PSA,
            _,
        ) => true,
        _ => false,
    }
}
