//! Participant IDs: stable for (room, account), unguessable, never reused (XEP-0421 §3).

use core::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::seed::Seed;

/// A participant's ID in one room. As text it is `-` and 20 characters of base64url; it is also the occupant-id and the
/// resource of the Participant JID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId([u8; 21]);

impl ParticipantId {
    /// The ID of an account, by its normalised bare JID, under the room's secret.
    #[must_use]
    pub fn of(secret: &Seed, bare: &str) -> Self {
        let mut text = [b'-'; 21];
        let drawn = secret.hmac(&[bare.as_bytes()]).base64url();
        text[1..].copy_from_slice(drawn.as_bytes());
        Self(text)
    }

    /// An ID of the right shape that no account has: for filters that match nothing.
    pub(crate) const NOBODY: Self = Self([b'-'; 21]);

    /// The ID that a text writes; `None` if the text has not the shape of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 21] = text.as_bytes().try_into().ok()?;
        let shaped = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (bytes[0] == b'-' && bytes.iter().all(shaped)).then_some(Self(bytes))
    }

    /// The ID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Both constructors admit ASCII only.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Saved as its text.
impl Serialize for ParticipantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ParticipantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(<&str>::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a participant ID"))
    }
}

impl fmt::Debug for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
