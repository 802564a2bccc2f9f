//! From and to the types of `xmpp-parsers`.
//!
//! Those types are bound to one namespace when they are compiled, which any crate of a build may switch by a feature:
//! here it is always the one that they say they have.

use minidom::Element;
use xmpp_parsers::ns::DEFAULT_NS;
use xso::error::Error;
use xso::{AsXml, FromXml};

use super::rebuild::rebuild;
use super::{ReadFault, Stanza};
use crate::limits::CodecLimits;
use crate::ns;

impl Stanza {
    /// Takes an `xmpp_parsers` stanza: a `Message`, `Presence`, `Iq`, or the `Stanza` of all three.
    ///
    /// # Errors
    /// As [`from_element`](Self::from_element); what cannot be written is [`ReadFault::NotAStanza`].
    pub fn from_xmpp_parsers(stanza: &impl AsXml, limits: &CodecLimits) -> Result<Self, ReadFault> {
        let element: Element = xso::transform(stanza).map_err(|_| ReadFault::NotAStanza)?;
        let element = rebuild(&element, limits, |ns| if ns == DEFAULT_NS { ns::CLIENT } else { ns })?;
        Self::from_element(&element, limits)
    }

    /// Makes an `xmpp_parsers` stanza: a `Message`, `Presence`, `Iq`, or the `Stanza` of all three. They do not hold
    /// all that a stanza may have (unknown attributes, `xml:lang`, the order of children).
    ///
    /// # Errors
    /// They are stricter than XMPP is: an unknown type or a JID that is none fails.
    pub fn to_xmpp_parsers<T: FromXml>(&self) -> Result<T, Error> {
        let unlimited = CodecLimits { elements: usize::MAX, attributes: usize::MAX, ..CodecLimits::default() };
        let element = rebuild(&self.element, &unlimited, |ns| if ns == ns::CLIENT { DEFAULT_NS } else { ns });
        xso::transform(&element.map_err(|_| Error::TypeMismatch)?)
    }
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::iq::Iq;
    use xmpp_parsers::message::{Lang, Message};
    use xmpp_parsers::stanza::Stanza as Parsed;

    use super::*;
    use crate::codec::StanzaType;

    #[test]
    fn stanzas_come_and_go() {
        let ours = Stanza::message("ann@tea.example/Pot", "ben@tea.example")
            .with_type(StanzaType::Chat)
            .with_id("m1")
            .with_body("tea?")
            .with_child(Element::bare("origin-id", ns::SID));
        let theirs: Message = ours.to_xmpp_parsers().unwrap();
        assert_eq!(theirs.bodies.get(&Lang::default()).map(String::as_str), Some("tea?"));
        let back = Stanza::from_xmpp_parsers(&theirs, &CodecLimits::default()).unwrap();
        assert_eq!(back, ours);
        assert!(matches!(ours.to_xmpp_parsers::<Parsed>(), Ok(Parsed::Message(_))));
        assert!(matches!(ours.to_xmpp_parsers::<Iq>(), Err(Error::TypeMismatch)));
    }

    #[test]
    fn a_forwarded_stanza_is_renamed_too() {
        let inner = Stanza::message("ann@tea.example", "ben@tea.example").with_body("in").element;
        let forwarded = Element::builder("forwarded", ns::FORWARD).append(inner).build();
        let ours = Stanza::message("ann@tea.example", "ben@tea.example").with_child(forwarded);
        let theirs: Message = ours.to_xmpp_parsers().unwrap();
        assert!(theirs.payloads[0].has_child("message", DEFAULT_NS));
        assert_eq!(Stanza::from_xmpp_parsers(&theirs, &CodecLimits::default()).unwrap(), ours);
    }
}
