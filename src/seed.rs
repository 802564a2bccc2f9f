//! Randomness as a value: ids are drawn from a [`Seed`], each by its purpose and number, so that a draw added in one
//! place changes no id elsewhere, and replay gives the same ids.
//!
//! A seed is a **secret**: who knows it can predict every id that is drawn from it. What clients see and might guess
//! (stanza-ids, participant ids) is drawn from a [`Seed`] of its own, one per room.

use core::fmt;
use std::sync::Arc;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// 32 bytes from the host's random generator, kept secret and never reused for another service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed of the given bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// 256 bits that depend on this seed, the purpose and the parts, and on nothing else. Each part is preceded by its
    /// length, so that no two lists of parts mean the same.
    #[must_use]
    pub fn draw(&self, purpose: &str, parts: &[&[u8]]) -> Draw {
        let mut mac = self.mac();
        feed(&mut mac, purpose.as_bytes());
        for part in parts {
            feed(&mut mac, part);
        }
        Draw(mac.finalize().into_bytes().into())
    }

    /// A draw by number.
    #[must_use]
    pub fn draw_nth(&self, purpose: &str, counter: u64) -> Draw {
        self.draw(purpose, &[&counter.to_be_bytes()])
    }

    /// A seed for a part of the machine, independent of all others.
    #[must_use]
    pub fn child(&self, purpose: &str, parts: &[&[u8]]) -> Self {
        Self(self.draw(purpose, parts).0)
    }

    /// HMAC-SHA-256 under this seed over exactly these bytes, where a profile prescribes what is hashed.
    #[must_use]
    pub fn hmac(&self, message: &[&[u8]]) -> Draw {
        let mut mac = self.mac();
        for part in message {
            mac.update(part);
        }
        Draw(mac.finalize().into_bytes().into())
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }
}

fn feed(mac: &mut Hmac<Sha256>, part: &[u8]) {
    mac.update(&(part.len() as u64).to_be_bytes());
    mac.update(part);
}

/// Hides the bytes: a seed is a secret.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(secret)")
    }
}

/// 256 bits drawn from a [`Seed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw([u8; 32]);

impl Draw {
    /// The bits.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 128 bits as 26 characters of a–z and 2–7.
    #[must_use]
    pub fn base32(&self) -> String {
        let mut text = BASE32_NOPAD.encode(&self.0[..16]);
        text.make_ascii_lowercase();
        text
    }

    /// [`base32`](Self::base32) as shared text, without a copy in between.
    #[must_use]
    pub fn base32_shared(&self) -> Arc<str> {
        let mut text = [0; 26];
        BASE32_NOPAD.encode_mut(&self.0[..16], &mut text);
        text.make_ascii_lowercase();
        core::str::from_utf8(&text).unwrap_or_default().into()
    }

    /// The first 40 bits as 8 characters of a–z and 2–7.
    #[must_use]
    pub fn base32_short(&self) -> String {
        let mut text = BASE32_NOPAD.encode(&self.0[..5]);
        text.make_ascii_lowercase();
        text
    }

    /// The first 120 bits as 20 characters of base64url.
    #[must_use]
    pub fn base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0[..15])
    }

    /// The first 64 bits as a number.
    #[must_use]
    pub fn number(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let seed = Seed::new([7; 32]);
        assert_ne!(seed.draw("a", &[b"bc", b"d"]), seed.draw("a", &[b"b", b"cd"]));
        assert_ne!(seed.draw("a", &[b"b"]), seed.draw("ab", &[]));
        assert_eq!(seed.draw_nth("a", 1), seed.draw_nth("a", 1));
    }

    #[test]
    fn texts_have_the_promised_shape() {
        let draw = Seed::new([7; 32]).draw_nth("shape", 0);
        assert_eq!(draw.base32().len(), 26);
        assert!(draw.base32().bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
        assert_eq!(draw.base32_short().len(), 8);
        assert_eq!(draw.base64url().len(), 20);
    }

    #[test]
    fn a_seed_does_not_print_itself() {
        assert_eq!(format!("{:?}", Seed::new([1; 32])), "Seed(secret)");
    }
}
