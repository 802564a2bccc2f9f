//! The parsed stanza: header typed, everything else lossless.

use jid::Jid;
use minidom::Element;

/// Which of the three kinds of stanza (RFC 6120 §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StanzaKind {
    /// `<message/>`
    Message,
    /// `<presence/>`
    Presence,
    /// `<iq/>`
    Iq,
}

/// The `type` of a stanza, of any kind. A message of unknown or no type is `Normal` (RFC 6121 §5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StanzaType {
    /// message: one to one
    Chat,
    /// message: group chat
    Groupchat,
    /// message: alert
    Headline,
    /// message: single
    Normal,
    /// presence without type
    Available,
    /// presence: no longer available
    Unavailable,
    /// presence: asks for a subscription
    Subscribe,
    /// presence: allows a subscription
    Subscribed,
    /// presence: ends one's own subscription
    Unsubscribe,
    /// presence: refuses or ends another's subscription
    Unsubscribed,
    /// presence: a server asks for the present state
    Probe,
    /// iq: question
    Get,
    /// iq: demand
    Set,
    /// iq: answer
    Result,
    /// any kind: something failed
    Error,
}

/// What is wrong with a stanza's header. The stanza can still be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// `from` is not a JID, or one that normalisation changes other than in ASCII case, or whose domain ends in a dot.
    From,
    /// `to` is not a JID.
    To,
    /// `type` is not one of its kind (presence and iq).
    Type,
    /// an iq without `id`, or a get or set without exactly one child element
    Iq,
}

/// A stanza as a machine takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stanza {
    /// Message, presence or iq.
    pub kind: StanzaKind,
    /// Its type.
    pub type_: StanzaType,
    /// The sender; `None` if absent or faulty.
    pub from: Option<Jid>,
    /// The addressee; `None` if absent or faulty.
    pub to: Option<Jid>,
    /// Its id, as sent.
    pub id: Option<Box<str>>,
    /// Its `xml:lang`, as sent.
    pub lang: Option<Box<str>>,
    /// The first thing that is wrong with the header.
    pub fault: Option<Fault>,
    /// The whole stanza: canonical, without prefixes, its namespace `jabber:client`.
    pub element: Element,
}
