//! What an upload is for ([XEP-0363 §5](https://xmpp.org/extensions/xep-0363.html#purpose)).

use core::fmt;

use serde::{Deserialize, Serialize};

/// What an upload is for. Files of one purpose live by one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Sent in a message. What is assumed where nothing is said.
    #[default]
    Message,
    /// An avatar or a cover photo: small, and kept for long.
    Profile,
    /// Gone at a set moment at the latest.
    Ephemeral,
    /// A picture of a blog: kept until somebody deletes it.
    Permanent,
}

impl Purpose {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 4] = [Self::Message, Self::Profile, Self::Ephemeral, Self::Permanent];

    /// The name of its element.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Profile => "profile",
            Self::Ephemeral => "ephemeral",
            Self::Permanent => "permanent",
        }
    }

    /// The purpose of an element's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }

    /// The feature that a service advertises.
    #[must_use]
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Message => "urn:xmpp:http:upload:purpose:0#message",
            Self::Profile => "urn:xmpp:http:upload:purpose:0#profile",
            Self::Ephemeral => "urn:xmpp:http:upload:purpose:0#ephemeral",
            Self::Permanent => "urn:xmpp:http:upload:purpose:0#permanent",
        }
    }

    /// Its place among the buckets.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Message => 0,
            Self::Profile => 1,
            Self::Ephemeral => 2,
            Self::Permanent => 3,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
