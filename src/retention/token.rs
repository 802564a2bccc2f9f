//! What proves to the HTTP host that a PUT was granted: the value of the header `Authorization`.
//!
//! It is signed with the host's secret and says slot, size and end, so that an HTTP server elsewhere can check it
//! without asking anybody.

use data_encoding::BASE64URL_NOPAD;

use super::slot::SlotId;
use crate::seed::Seed;
use crate::time::Time;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The size that was granted.
    pub size: u64,
    /// Until when a PUT may begin.
    pub until: Time,
}

impl Pass {
    /// Signs this for a slot.
    #[must_use]
    pub fn sign(&self, secret: &Seed, slot: SlotId) -> String {
        format!("Bearer {}.{}.{}", self.size, self.until.millis(), BASE64URL_NOPAD.encode(&self.mac(secret, slot)))
    }

    /// Reads a header for a slot; `None` if it was not signed with this secret for that slot.
    ///
    /// ```
    /// use xmpp_machines::Time;
    /// use xmpp_machines::retention::{Pass, SlotId};
    /// use xmpp_machines::seed::Seed;
    ///
    /// let secret = Seed::new([3; 32]);
    /// let slot = SlotId::parse("aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    /// let pass = Pass { size: 9000, until: Time::from_millis(1_800_000_000_000) };
    /// let header = pass.sign(&secret, slot);
    /// assert_eq!(Pass::read(&secret, slot, &header), Some(pass));
    /// assert_eq!(Pass::read(&secret, slot, &header.replace("9000", "9001")), None);
    /// ```
    #[must_use]
    pub fn read(secret: &Seed, slot: SlotId, header: &str) -> Option<Self> {
        let mut parts = header.strip_prefix("Bearer ")?.splitn(3, '.');
        let size = parts.next()?.parse().ok()?;
        let until = parts.next()?.parse().map(Time::from_millis).ok()?;
        let pass = Self { size, until };
        // The whole header is compared, so that there is one way only to write it, in a time that tells nothing.
        let wanted = pass.sign(secret, slot);
        let differs = wanted.bytes().zip(header.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
        (differs == 0 && wanted.len() == header.len()).then_some(pass)
    }

    fn mac(&self, secret: &Seed, slot: SlotId) -> [u8; 16] {
        let parts: [&[u8]; 3] = [slot.bytes(), &self.size.to_be_bytes(), &self.until.millis().to_be_bytes()];
        let mut mac = [0; 16];
        mac.copy_from_slice(&secret.draw("put", &parts).bytes()[..16]);
        mac
    }
}
