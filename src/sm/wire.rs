//! The elements of stream management (XEP-0198), and the stream errors that go with it.

use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::codec::{Condition, Writer};
use crate::ns;

/// An element of stream management. It is no stanza, and is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nonza {
    /// `<enable/>`: the initiator wants the stream to be counted.
    Enable {
        /// Whether it wants to be able to resume it.
        resume: bool,
        /// For how many seconds at most.
        max: Option<u32>,
    },
    /// `<enabled/>`: it is counted from now on.
    Enabled {
        /// The id by which it can be resumed; none if it cannot.
        id: Option<Box<str>>,
        /// For how many seconds.
        max: Option<u32>,
    },
    /// `<r/>`: how far are you?
    Request,
    /// `<a/>`: this far.
    Ack {
        /// Stanzas handled, modulo 2^32.
        h: u32,
    },
    /// `<resume/>`: go on where the other stream broke off.
    Resume {
        /// Stanzas handled, modulo 2^32.
        h: u32,
        /// The id of the broken stream.
        previd: Box<str>,
    },
    /// `<resumed/>`: gone on.
    Resumed {
        /// Stanzas handled, modulo 2^32.
        h: u32,
        /// The id of the broken stream.
        previd: Box<str>,
    },
    /// `<failed/>`: no.
    Failed {
        /// Why.
        condition: Condition,
        /// Stanzas handled before the stream ended, if that is still known.
        h: Option<u32>,
    },
}

/// Why an element is none of [`Nonza`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNonza {
    /// It is of another namespace or name.
    NotMine,
    /// An attribute is missing or is not what it must be.
    Malformed,
}

impl Nonza {
    /// Reads an element.
    ///
    /// # Errors
    /// [`NotNonza`].
    pub fn read(element: &Element) -> Result<Self, NotNonza> {
        if !element.has_ns(ns::SM) {
            return Err(NotNonza::NotMine);
        }
        let h = || number(element, "h")?.ok_or(NotNonza::Malformed);
        let previd = || element.attr("previd").map(Into::into).ok_or(NotNonza::Malformed);
        Ok(match element.name() {
            "enable" => Self::Enable { resume: boolean(element, "resume")?, max: number(element, "max")? },
            "enabled" => {
                let id = element.attr("id").map(Into::into).filter(|_| boolean(element, "resume") == Ok(true));
                Self::Enabled { id, max: number(element, "max")? }
            }
            "r" => Self::Request,
            "a" => Self::Ack { h: h()? },
            "resume" => Self::Resume { h: h()?, previd: previd()? },
            "resumed" => Self::Resumed { h: h()?, previd: previd()? },
            "failed" => {
                let condition = element.children().find(|child| child.has_ns(ns::STANZAS));
                let condition = condition.and_then(|child| Condition::from_name(child.name()));
                Self::Failed { condition: condition.unwrap_or(Condition::UndefinedCondition), h: number(element, "h")? }
            }
            _ => return Err(NotNonza::NotMine),
        })
    }

    /// Appends its bytes, as they go into a stream.
    pub fn write(&self, writer: &mut Writer) {
        let number = |h: &u32| h.to_string();
        match self {
            Self::Enable { resume, max } => {
                writer.open("enable", ns::SM).attr_opt("resume", resume.then_some("true"));
                writer.attr_opt("max", max.as_ref().map(number).as_deref());
            }
            Self::Enabled { id, max } => {
                writer.open("enabled", ns::SM).attr_opt("id", id.as_deref());
                writer.attr_opt("max", max.as_ref().map(number).as_deref());
                writer.attr_opt("resume", id.as_ref().map(|_| "true"));
            }
            Self::Request => {
                writer.open("r", ns::SM);
            }
            Self::Ack { h } => {
                writer.open("a", ns::SM).attr("h", &number(h));
            }
            Self::Resume { h, previd } => {
                writer.open("resume", ns::SM).attr("h", &number(h)).attr("previd", previd);
            }
            Self::Resumed { h, previd } => {
                writer.open("resumed", ns::SM).attr("h", &number(h)).attr("previd", previd);
            }
            Self::Failed { condition, h } => {
                writer.open("failed", ns::SM).attr_opt("h", h.as_ref().map(number).as_deref());
                writer.open(condition.as_str(), ns::STANZAS).close();
            }
        }
        writer.close();
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::inheriting(ns::CLIENT);
        self.write(&mut writer);
        writer.finish()
    }
}

/// An attribute that is an unsignedInt of XML Schema, if it is there.
fn number(element: &Element, name: &str) -> Result<Option<u32>, NotNonza> {
    let Some(text) = element.attr(name).map(str::trim) else { return Ok(None) };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotNonza::Malformed);
    }
    text.parse().map(Some).map_err(|_| NotNonza::Malformed)
}

/// An attribute that is a boolean of XML Schema; absent is false.
fn boolean(element: &Element, name: &str) -> Result<bool, NotNonza> {
    match element.attr(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(NotNonza::Malformed),
    }
}

/// Why a stream is closed by an error (RFC 6120 §4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamError {
    /// The session lives on in another stream.
    Conflict,
    /// Nothing was heard in time.
    ConnectionTimeout,
    /// An element that cannot be understood.
    BadFormat,
    /// Something that may be done once was done again.
    PolicyViolation,
    /// More was acknowledged than was sent.
    TooHigh {
        /// What was acknowledged.
        h: u32,
        /// What was sent.
        sent: u32,
    },
}

impl StreamError {
    /// The name of its condition.
    #[must_use]
    pub const fn condition(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::ConnectionTimeout => "connection-timeout",
            Self::BadFormat => "bad-format",
            Self::PolicyViolation => "policy-violation",
            Self::TooHigh { .. } => "undefined-condition",
        }
    }

    /// Appends the `<error/>` of the stream.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("error", ns::STREAM);
        writer.open(self.condition(), ns::STREAMS).close();
        if let Self::TooHigh { h, sent } = self {
            writer.open("handled-count-too-high", ns::SM);
            writer.attr("h", &h.to_string()).attr("send-count", &sent.to_string()).close();
        }
        writer.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str) -> Result<Nonza, NotNonza> {
        Nonza::read(&xml.replace("/>", " xmlns='urn:xmpp:sm:3'/>").parse().unwrap())
    }

    #[test]
    fn each_reads_as_written() {
        for nonza in [
            Nonza::Enable { resume: true, max: Some(60) },
            Nonza::Enable { resume: false, max: None },
            Nonza::Enabled { id: Some("a b".into()), max: Some(300) },
            Nonza::Enabled { id: None, max: None },
            Nonza::Request,
            Nonza::Ack { h: u32::MAX },
            Nonza::Resume { h: 0, previd: "<'>".into() },
            Nonza::Resumed { h: 7, previd: "x".into() },
            Nonza::Failed { condition: Condition::ItemNotFound, h: Some(3) },
            Nonza::Failed { condition: Condition::UnexpectedRequest, h: None },
        ] {
            let text = String::from_utf8(nonza.to_bytes()).unwrap();
            assert_eq!(Nonza::read(&text.parse().unwrap()), Ok(nonza), "{text}");
        }
    }

    #[test]
    fn numbers_and_booleans_are_those_of_xml_schema() {
        assert_eq!(read("<a h=' 07 '/>"), Ok(Nonza::Ack { h: 7 }));
        assert_eq!(read("<enable resume='1'/>"), Ok(Nonza::Enable { resume: true, max: None }));
        for bad in ["<a/>", "<a h=''/>", "<a h='-1'/>", "<a h='4294967296'/>", "<a h='x'/>", "<enable resume='yes'/>"] {
            assert_eq!(read(bad), Err(NotNonza::Malformed), "{bad}");
        }
        assert_eq!(read("<b/>"), Err(NotNonza::NotMine));
        assert_eq!(read("<enabled id='i'/>"), Ok(Nonza::Enabled { id: None, max: None }), "not resumable");
    }
}
