//! The parsed stanza: header typed, everything else lossless.

use jid::Jid;
use minidom::Element;
use minidom::rxml::{Namespace, NcName};

use super::rebuild::rebuild;
use super::{ReadFault, Writer};
use crate::limits::CodecLimits;
use crate::ns;
use crate::party::bare;

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

impl StanzaKind {
    /// Its element's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
        }
    }

    fn of(element: &Element) -> Option<Self> {
        if !element.has_ns(ns::CLIENT) {
            return None;
        }
        [Self::Message, Self::Presence, Self::Iq].into_iter().find(|kind| kind.as_str() == element.name())
    }
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

impl StanzaType {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Groupchat => "groupchat",
            Self::Headline => "headline",
            Self::Normal => "normal",
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
            Self::Probe => "probe",
            Self::Get => "get",
            Self::Set => "set",
            Self::Result => "result",
            Self::Error => "error",
        }
    }

    /// The value of the attribute; `None` for the defaults, which are not written: `Normal` and `Available`.
    #[must_use]
    pub const fn as_attr(self) -> Option<&'static str> {
        match self {
            Self::Normal | Self::Available => None,
            other => Some(other.as_str()),
        }
    }

    /// Whether a stanza of that kind can have this type.
    #[must_use]
    pub const fn is_of(self, kind: StanzaKind) -> bool {
        match self {
            Self::Chat | Self::Groupchat | Self::Headline | Self::Normal => matches!(kind, StanzaKind::Message),
            Self::Available
            | Self::Unavailable
            | Self::Subscribe
            | Self::Subscribed
            | Self::Unsubscribe
            | Self::Unsubscribed
            | Self::Probe => matches!(kind, StanzaKind::Presence),
            Self::Get | Self::Set | Self::Result => matches!(kind, StanzaKind::Iq),
            Self::Error => true,
        }
    }

    /// The type that an attribute says, and whether it may say so. What may not be answered like the most harmless type:
    /// a probe, a get.
    fn read(kind: StanzaKind, attr: Option<&str>) -> (Self, bool) {
        let (default, types): (Self, &[Self]) = match kind {
            StanzaKind::Message => {
                let types = &[Self::Chat, Self::Groupchat, Self::Headline, Self::Normal, Self::Error];
                (Self::Normal, types)
            }
            StanzaKind::Presence if attr.is_none() => return (Self::Available, true),
            StanzaKind::Presence => {
                const TYPES: &[StanzaType] = &[
                    StanzaType::Unavailable,
                    StanzaType::Subscribe,
                    StanzaType::Subscribed,
                    StanzaType::Unsubscribe,
                    StanzaType::Unsubscribed,
                    StanzaType::Probe,
                    StanzaType::Error,
                ];
                (Self::Probe, TYPES)
            }
            StanzaKind::Iq => (Self::Get, &[Self::Get, Self::Set, Self::Result, Self::Error]),
        };
        match types.iter().find(|t| Some(t.as_str()) == attr) {
            Some(&type_) => (type_, true),
            None => (default, kind == StanzaKind::Message),
        }
    }
}

/// What is wrong with a stanza's header. The stanza can still be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// `from` is not a JID, or one that normalisation changes other than in ASCII case, or whose domain ends in a dot.
    From,
    /// `to` is not a JID, or its domain ends in a dot.
    To,
    /// `type` is not one of its kind (presence and iq). The stanza then has the most harmless type: probe, get.
    Type,
    /// an iq without `id`, or a get or set without exactly one child element, or a result with several
    Iq,
    /// `<priority/>` of a presence is not a number from -128 to 127 (RFC 6121 §4.7.2.3).
    Priority,
}

/// A stanza as a machine takes it.
///
/// The header fields are read from `element` once; whoever changes the one changes the other.
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

impl Stanza {
    /// Takes an element as if it had come over the wire: prefixes are dropped, adjacent texts are joined, the namespaces
    /// of server and component streams become `jabber:client`.
    ///
    /// # Errors
    /// It is over the limits (depth, elements, attributes), uses the namespace of `xmlns` or an impossible name, or is
    /// no stanza.
    pub fn from_element(element: &Element, limits: &CodecLimits) -> Result<Self, ReadFault> {
        let element = rebuild(element, limits, |ns| match ns {
            ns::SERVER | ns::COMPONENT => ns::CLIENT,
            other => other,
        })?;
        Self::of_canonical(element).map_err(|_| ReadFault::NotAStanza)
    }

    /// The header of an element that is canonical already; gives it back if it is no stanza.
    pub(super) fn of_canonical(element: Element) -> Result<Self, Element> {
        let Some(kind) = StanzaKind::of(&element) else { return Err(element) };
        let (type_, type_ok) = StanzaType::read(kind, element.attr("type"));
        let (from, from_ok) = match element.attr("from") {
            None => (None, true),
            // Else two texts that a server keeps apart would be one sender here: `ß` and `ss`.
            Some(text) => match parse_jid(text).filter(|jid| jid.as_str().eq_ignore_ascii_case(text)) {
                Some(jid) => (Some(jid), true),
                None => (None, false),
            },
        };
        let (to, to_ok) = match element.attr("to") {
            None => (None, true),
            Some(text) => match parse_jid(text) {
                Some(jid) => (Some(jid), true),
                None => (None, false),
            },
        };
        let id = element.attr("id").map(Into::into);
        let lang = element.attr_ns(ns::XML, "lang").map(Into::into);
        let fault = if !from_ok {
            Some(Fault::From)
        } else if !to_ok {
            Some(Fault::To)
        } else if !type_ok {
            Some(Fault::Type)
        } else {
            content_fault(kind, type_, &element)
        };
        Ok(Self { kind, type_, from, to, id, lang, fault, element })
    }

    /// A message of type normal. Addresses that are none become faults.
    #[must_use]
    pub fn message(from: &str, to: &str) -> Self {
        Self::build(StanzaKind::Message, from, to)
    }

    /// An available presence. Addresses that are none become faults.
    #[must_use]
    pub fn presence(from: &str, to: &str) -> Self {
        Self::build(StanzaKind::Presence, from, to)
    }

    /// An iq of type get; without id and child it has a fault. Addresses that are none become faults.
    #[must_use]
    pub fn iq(from: &str, to: &str) -> Self {
        Self::build(StanzaKind::Iq, from, to).with_type(StanzaType::Get)
    }

    /// The same stanza for another addressee.
    #[must_use]
    pub fn readdressed(mut self, to: Jid) -> Self {
        self.readdress(to);
        self
    }

    /// Gives it another addressee.
    pub fn readdress(&mut self, to: Jid) {
        if let Ok(name) = NcName::try_from("to") {
            self.element.attrs_mut().insert(Namespace::NONE, name, to.as_str().to_owned());
        }
        self.to = Some(to);
    }

    /// The same stanza in the name of this sender.
    #[must_use]
    pub fn sent_by(mut self, from: Jid) -> Self {
        set(&mut self.element, "from", Some(from.as_str()));
        self.from = Some(from);
        self
    }

    /// With one more child.
    #[must_use]
    pub fn with_child(self, child: Element) -> Self {
        self.with(|element| {
            element.append_child(child);
        })
    }

    /// With an id.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        self.with(|element| set(element, "id", Some(id)))
    }

    /// With a type.
    #[must_use]
    pub fn with_type(self, type_: StanzaType) -> Self {
        self.with(|element| set(element, "type", type_.as_attr()))
    }

    /// With a `<body/>`.
    #[must_use]
    pub fn with_body(self, text: &str) -> Self {
        self.with_child(Element::builder("body", ns::CLIENT).append(text).build())
    }

    fn build(kind: StanzaKind, from: &str, to: &str) -> Self {
        let element = Element::bare(kind.as_str(), ns::CLIENT);
        let bare =
            Self { kind, type_: StanzaType::Normal, from: None, to: None, id: None, lang: None, fault: None, element };
        bare.with(|element| {
            set(element, "from", Some(from));
            set(element, "to", Some(to));
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Element)) -> Self {
        change(&mut self.element);
        // The name and the namespace stay, so it stays a stanza.
        match Self::of_canonical(self.element) {
            Ok(stanza) => stanza,
            Err(element) => Self { element, ..self },
        }
    }

    /// The text of `from`, even if it is no JID: where an answer goes.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        self.element.attr("from")
    }

    /// The first child of that name and namespace.
    #[must_use]
    pub fn child(&self, name: &str, ns: &str) -> Option<&Element> {
        self.element.get_child(name, ns)
    }

    /// What an iq is about: the child of a get or a set, that of a result if it has one, and what an error sends back.
    #[must_use]
    pub fn payload(&self) -> Option<&Element> {
        if self.kind != StanzaKind::Iq {
            return None;
        }
        self.element.children().find(|child| self.type_ != StanzaType::Error || !child.is("error", ns::CLIENT))
    }

    /// The bytes, as they go into a stream: `xmlns` is inherited. [`Reader::one`](super::Reader::one) with
    /// `jabber:client` reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.element(&self.element);
        writer.finish()
    }
}

/// Reads a JID from outside. Refuses a domain that ends in a dot, which `Jid::new` takes: it is another text for the same
/// domain, and the parts of such a JID come out wrong (the resource of `a@b./c` begins with the slash).
#[must_use]
pub fn parse_jid(text: &str) -> Option<Jid> {
    if bare(text).ends_with('.') {
        return None;
    }
    Jid::new(text).ok()
}

fn content_fault(kind: StanzaKind, type_: StanzaType, element: &Element) -> Option<Fault> {
    let children = || element.children().take(2).count();
    let fine = match (kind, type_) {
        (StanzaKind::Iq, _) if element.attr("id").is_none() => false,
        (StanzaKind::Iq, StanzaType::Get | StanzaType::Set) => children() == 1,
        (StanzaKind::Iq, StanzaType::Result) => children() <= 1,
        (StanzaKind::Presence, StanzaType::Available) => {
            let priority = element.get_child("priority", ns::CLIENT).map(Element::text);
            return priority.is_some_and(|text| text.trim().parse::<i8>().is_err()).then_some(Fault::Priority);
        }
        _ => true,
    };
    (!fine).then_some(Fault::Iq)
}

fn set(element: &mut Element, name: &str, value: Option<&str>) {
    match (NcName::try_from(name), value) {
        (Ok(name), Some(value)) => {
            element.attrs_mut().insert(Namespace::NONE, name, value.to_owned());
        }
        (Ok(_), None) => {
            element.attrs_mut().remove(&Namespace::NONE, name);
        }
        (Err(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Outgoing, Reader, StanzaError};

    fn read(xml: &str) -> Stanza {
        Reader::one(ns::CLIENT, xml.as_bytes()).unwrap()
    }

    #[test]
    fn a_faulty_stanza_can_be_answered() {
        const ERROR: StanzaError<'static> = StanzaError::of(crate::codec::Condition::BadRequest);
        for (xml, fault) in [
            ("<message from='a@ß.example'/>", Fault::From),
            ("<message from='ß@a.example'/>", Fault::From),
            ("<message from='a@b.example./c'/>", Fault::From),
            ("<message from='b.example.'/>", Fault::From),
            ("<message from='a@b/🍵'/>", Fault::From),
            ("<message from='a@b/Ⅷ'/>", Fault::From),
            ("<message from=''/>", Fault::From),
            ("<message from='@' to='@'/>", Fault::From),
            ("<message to=''/>", Fault::To),
            ("<message to='a@b.example./c'/>", Fault::To),
            ("<presence to='a@b/🍵' type='odd'/>", Fault::To),
            ("<presence type='odd'/>", Fault::Type),
            ("<presence type='available'/>", Fault::Type),
            ("<presence type='get'/>", Fault::Type),
            ("<iq id='1'><a/></iq>", Fault::Type),
            ("<iq type='chat' id='1'><a/></iq>", Fault::Type),
            ("<iq type='get'><a/></iq>", Fault::Iq),
            ("<iq type='get' id='1'/>", Fault::Iq),
            ("<iq type='set' id='1'><a/><b/></iq>", Fault::Iq),
            ("<presence><priority>128</priority></presence>", Fault::Priority),
        ] {
            let stanza = read(xml);
            assert_eq!(stanza.fault, Some(fault), "{xml}");
            let answer = Outgoing::error(&stanza, &ERROR).unwrap();
            let answer = answer.to_stanza(stanza.sender().unwrap_or("tea.example")).unwrap();
            assert_eq!((answer.kind, answer.type_, answer.id), (stanza.kind, StanzaType::Error, stanza.id), "{xml}");
        }
    }

    #[test]
    fn what_is_odd_but_fine_has_no_fault() {
        for (xml, type_) in [
            ("<message type='odd' from='A@B.Example/C'/>", StanzaType::Normal),
            ("<message type='get'/>", StanzaType::Normal),
            ("<message/>", StanzaType::Normal),
            ("<presence><priority> -128\n</priority></presence>", StanzaType::Available),
            ("<presence type='unavailable'><priority>x</priority></presence>", StanzaType::Unavailable),
            ("<iq type='result' id=''/>", StanzaType::Result),
            ("<iq type='error' id='1'><a/><error type='cancel'/></iq>", StanzaType::Error),
        ] {
            let stanza = read(xml);
            assert_eq!((stanza.fault, stanza.type_), (None, type_), "{xml}");
        }
        assert_eq!(read("<message from='A@B.Example/C'/>").from, Jid::new("a@b.example/C").ok());
        let error = read("<iq type='error' id='1'><error type='cancel'/><a xmlns='urn:x'/></iq>");
        assert!(error.payload().unwrap().is("a", "urn:x"));
        let result = read("<iq type='result' id='1'/>");
        assert_eq!((result.payload(), result.fault), (None, None));
    }

    #[test]
    fn each_type_reads_as_written() {
        use StanzaType::*;
        let types = [
            (StanzaKind::Message, &[Chat, Groupchat, Headline, Normal, Error][..]),
            (
                StanzaKind::Presence,
                &[Available, Unavailable, Subscribe, Subscribed, Unsubscribe, Unsubscribed, Probe, Error],
            ),
            (StanzaKind::Iq, &[Get, Set, Result, Error]),
        ];
        for (kind, types) in types {
            for &type_ in types {
                let stanza = Stanza::build(kind, "ann@tea.example", "ben@tea.example").with_type(type_);
                let again = Reader::one(ns::CLIENT, &stanza.to_bytes()).unwrap();
                assert_eq!((again.kind, again.type_), (kind, type_));
                assert!(type_.is_of(kind));
            }
        }
    }

    #[test]
    fn an_element_of_any_making_becomes_canonical() {
        let limits = CodecLimits::default();
        let prefixed: Element =
            "<s:message xmlns:s='jabber:server' xmlns:p='u'><p:a xmlns:p='u2'/>a&amp;b</s:message>".parse().unwrap();
        let stanza = Stanza::from_element(&prefixed, &limits).unwrap();
        assert_eq!(stanza.to_bytes(), b"<message><a xmlns='u2'></a>a&amp;b</message>");
        assert_eq!(Reader::one(ns::CLIENT, &stanza.to_bytes()), Ok(stanza));

        let refused = |element: Element| Stanza::from_element(&element, &limits).unwrap_err();
        let message = |child| Element::builder("message", ns::CLIENT).append(child).build();
        let mut deep = Element::bare("a", "u");
        for _ in 0..5000 {
            deep = Element::builder("a", "u").append(deep).build();
        }
        assert_eq!(refused(message(deep)), ReadFault::Depth);
        assert_eq!(refused(message(Element::bare("a b", "u"))), ReadFault::Name);
        assert_eq!(refused(message(Element::bare("a", ns::XMLNS))), ReadFault::Reserved);
        assert_eq!(refused(Element::bare("message", "")), ReadFault::NotAStanza);
        let wide = Element::builder("message", ns::CLIENT).append_all((0..9000).map(|_| Element::bare("a", "u")));
        assert_eq!(refused(wide.build()), ReadFault::Elements);
    }
}
