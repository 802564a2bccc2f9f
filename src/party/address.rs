//! An address as it is kept and compared.

use core::fmt;

use jid::{BareJid, Jid};

/// An address as text, normalised. Bare or full: the first `/` ends the bare part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(Box<str>);

impl Address {
    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> &str {
        bare(&self.0)
    }

    /// The resource, if there is one.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, resource)| resource)
    }

    /// The address of a text that [`as_str`](Self::as_str) gave, as a snapshot holds it. Looks at its shape only: that
    /// the text was not changed since is what the checksum is for.
    pub(crate) fn from_saved(text: &str) -> Option<Self> {
        let hollow = text.split_once('/').is_some_and(|(_, resource)| resource.is_empty());
        let fits = !domain(text).is_empty() && !text.starts_with('@') && !hollow && text.len() <= 3 * 1023 + 2;
        fits.then(|| Self(text.into()))
    }

    /// The bare part as an address of its own.
    #[must_use]
    pub fn to_bare(&self) -> Self {
        Self(self.bare().into())
    }

    /// The address of a text that is already normalised, as a snapshot holds it; `None` if it is not one.
    #[must_use]
    pub fn from_normalised(text: &str) -> Option<Self> {
        let jid = Jid::new(text).ok()?;
        (jid.as_str() == text).then(|| Self::from(&jid))
    }
}

/// The bare part of an address: what stands before the first `/`.
pub(crate) fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

/// The domain of an address.
pub(crate) fn domain(jid: &str) -> &str {
    let bare = bare(jid);
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}

impl From<&Jid> for Address {
    fn from(jid: &Jid) -> Self {
        Self(jid.as_str().into())
    }
}

impl From<&BareJid> for Address {
    fn from(jid: &BareJid) -> Self {
        let jid: &Jid = jid;
        Self::from(jid)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        Self::from_saved(text).ok_or_else(|| serde::de::Error::custom("not a JID"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
