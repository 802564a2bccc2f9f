//! Stanza errors ([RFC 6120 §8.3](https://www.rfc-editor.org/rfc/rfc6120#section-8.3)).

use minidom::Element;

use super::{Stanza, StanzaType, Writer};
use crate::ns;

/// What the sender of a failed stanza may do about it (RFC 6120 §8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorType {
    /// Retry after providing credentials.
    Auth,
    /// Do not retry: it cannot succeed.
    Cancel,
    /// Proceed: it was only a warning.
    Continue,
    /// Retry after changing what was sent.
    Modify,
    /// Retry after waiting.
    Wait,
}

impl ErrorType {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }

    /// The type of a name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auth, Self::Cancel, Self::Continue, Self::Modify, Self::Wait].into_iter().find(|t| t.as_str() == name)
    }
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $type_:ident;)*) => {
        /// What went wrong (RFC 6120 §8.3.3). Each has a [usual type](Self::usual_type).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Condition { $($(#[$doc])* $name,)* }

        impl Condition {
            /// All conditions, in the order of the RFC.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its element's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The error type that RFC 6120 associates with it.
            #[must_use]
            pub const fn usual_type(self) -> ErrorType {
                match self { $(Self::$name => ErrorType::$type_,)* }
            }

            /// The condition of an element's name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

conditions! {
    /// Malformed or not understood.
    BadRequest = "bad-request", Modify;
    /// The name or the thing exists already.
    Conflict = "conflict", Cancel;
    /// Known, but not done here.
    FeatureNotImplemented = "feature-not-implemented", Cancel;
    /// The sender has not the right to do it.
    Forbidden = "forbidden", Auth;
    /// The addressee is here no longer, perhaps at [`uri`](StanzaError::uri).
    Gone = "gone", Cancel;
    /// The service failed by its own fault.
    InternalServerError = "internal-server-error", Cancel;
    /// There is no such thing.
    ItemNotFound = "item-not-found", Cancel;
    /// An address is none.
    JidMalformed = "jid-malformed", Modify;
    /// Understood, but not within what is accepted here.
    NotAcceptable = "not-acceptable", Modify;
    /// Nobody may do it.
    NotAllowed = "not-allowed", Cancel;
    /// The sender must show credentials first.
    NotAuthorized = "not-authorized", Auth;
    /// Against the local policy.
    PolicyViolation = "policy-violation", Modify;
    /// The addressee is away for now.
    RecipientUnavailable = "recipient-unavailable", Wait;
    /// Ask at [`uri`](StanzaError::uri) for now.
    Redirect = "redirect", Modify;
    /// The sender must register first.
    RegistrationRequired = "registration-required", Auth;
    /// The domain does not exist or cannot be resolved.
    RemoteServerNotFound = "remote-server-not-found", Cancel;
    /// The domain was not reached in time.
    RemoteServerTimeout = "remote-server-timeout", Wait;
    /// Something is used up or the sender is too fast.
    ResourceConstraint = "resource-constraint", Wait;
    /// Not offered here.
    ServiceUnavailable = "service-unavailable", Cancel;
    /// The sender must subscribe first.
    SubscriptionRequired = "subscription-required", Auth;
    /// None of the others; see the application's own condition.
    UndefinedCondition = "undefined-condition", Cancel;
    /// Out of order.
    UnexpectedRequest = "unexpected-request", Wait;
}

/// A stanza error: cheap to copy, and a constant where all of it is known.
///
/// ```
/// use xmpp_machines::codec::{Condition, ErrorType, StanzaError};
///
/// const FULL: StanzaError<'static> = StanzaError::new(ErrorType::Wait, Condition::ServiceUnavailable).text("full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StanzaError<'a> {
    /// What the sender may do about it.
    pub type_: ErrorType,
    /// What went wrong.
    pub condition: Condition,
    /// A text for people, in no stated language.
    pub text: Option<&'a str>,
    /// Who found it, if not the addressee.
    pub by: Option<&'a str>,
    /// Where the addressee is now, for [`Condition::Gone`] and [`Condition::Redirect`].
    pub uri: Option<&'a str>,
    /// The application's own condition: name and namespace.
    pub app: Option<(&'a str, &'a str)>,
}

impl<'a> StanzaError<'a> {
    /// An error.
    #[must_use]
    pub const fn new(type_: ErrorType, condition: Condition) -> Self {
        Self { type_, condition, text: None, by: None, uri: None, app: None }
    }

    /// An error of the condition's usual type.
    #[must_use]
    pub const fn of(condition: Condition) -> Self {
        Self::new(condition.usual_type(), condition)
    }

    /// With a text for people.
    #[must_use]
    pub const fn text(mut self, text: &'a str) -> Self {
        self.text = Some(text);
        self
    }

    /// With the address of whoever found it.
    #[must_use]
    pub const fn by(mut self, by: &'a str) -> Self {
        self.by = Some(by);
        self
    }

    /// With the address where the addressee is now; written for `gone` and `redirect` only.
    #[must_use]
    pub const fn uri(mut self, uri: &'a str) -> Self {
        self.uri = Some(uri);
        self
    }

    /// With the application's own condition, an empty element.
    #[must_use]
    pub const fn app(mut self, name: &'a str, ns: &'a str) -> Self {
        self.app = Some((name, ns));
        self
    }

    /// Writes the `<error/>`. The stanza around it has type `error`.
    pub fn write(&self, writer: &mut Writer) {
        self.write_with(writer, |_| {});
    }

    /// Writes the `<error/>` with more inside, after all else: an application's own condition that is not empty.
    pub fn write_with(&self, writer: &mut Writer, more: impl FnOnce(&mut Writer)) {
        writer.open("error", ns::CLIENT).attr_opt("by", self.by).attr("type", self.type_.as_str());
        writer.open(self.condition.as_str(), ns::STANZAS);
        if let (Condition::Gone | Condition::Redirect, Some(uri)) = (self.condition, self.uri) {
            writer.text(uri);
        }
        writer.close();
        if let Some(text) = self.text {
            writer.leaf("text", ns::STANZAS, text);
        }
        if let Some((name, ns)) = self.app {
            writer.open(name, ns).close();
        }
        more(writer);
        writer.close();
    }

    /// Reads the error of an error stanza; `None` if it is none. Whatever it lacks or does badly is taken in the most
    /// general sense: `cancel`, `undefined-condition`.
    #[must_use]
    pub fn read(stanza: &'a Stanza) -> Option<Self> {
        if stanza.type_ != StanzaType::Error {
            return None;
        }
        let Some(error) = stanza.child("error", ns::CLIENT) else {
            return Some(Self::of(Condition::UndefinedCondition));
        };
        Some(Self::from_element(error))
    }

    /// Reads an `<error/>`, wherever it stands.
    #[must_use]
    pub fn from_element(error: &'a Element) -> Self {
        let mut found = Self::of(Condition::UndefinedCondition);
        let mut seen = false;
        for child in error.children() {
            if !child.has_ns(ns::STANZAS) {
                continue;
            }
            if child.name() == "text" {
                found.text = found.text.or_else(|| child.texts().next());
            } else if let (false, Some(condition)) = (seen, Condition::from_name(child.name())) {
                seen = true;
                found.condition = condition;
                if matches!(condition, Condition::Gone | Condition::Redirect) {
                    found.uri = child.texts().next();
                }
            }
        }
        let type_ = error.attr("type").and_then(ErrorType::from_name);
        found.type_ = type_.unwrap_or_else(|| found.condition.usual_type());
        found.by = error.attr("by");
        found
    }

    /// The application's own condition in an `<error/>`: its first child of another namespace.
    #[must_use]
    pub fn app_of(error: &Element) -> Option<&Element> {
        error.children().find(|child| !child.has_ns(ns::STANZAS) && !child.has_ns(ns::CLIENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Outgoing, Reader};

    #[test]
    fn each_condition_reads_as_written() {
        let stanza = Stanza::message("ann@tea.example", "ben@tea.example");
        for &condition in Condition::ALL {
            for type_ in [ErrorType::Auth, ErrorType::Cancel, ErrorType::Continue, ErrorType::Modify, ErrorType::Wait] {
                let mut error = StanzaError::new(type_, condition).text("a < b").by("tea.example").uri("xmpp:c@d?join");
                let answer = Outgoing::error(&stanza, &error).unwrap().to_stanza("ann@tea.example").unwrap();
                if !matches!(condition, Condition::Gone | Condition::Redirect) {
                    error.uri = None;
                }
                assert_eq!(StanzaError::read(&answer), Some(error));
            }
            assert_eq!(Condition::from_name(condition.as_str()), Some(condition));
        }
        assert_eq!(Condition::ALL.len(), 22);
        assert_eq!(StanzaError::read(&stanza), None);
    }

    #[test]
    fn a_bad_error_is_a_general_one() {
        let general = StanzaError::of(Condition::UndefinedCondition);
        for xml in [
            "<message type='error'/>",
            "<message type='error'><error/></message>",
            "<message type='error'><error type='odd'><forbidden/></error></message>",
            "<message type='error'><error><odd xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
        ] {
            let stanza = Reader::one(ns::CLIENT, xml.as_bytes()).unwrap();
            assert_eq!(StanzaError::read(&stanza), Some(general), "{xml}");
        }
    }
}
