//! The name of a slot, which is the name of the file in it: 128 bits that nobody can guess.

use core::fmt;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use serde::{Deserialize, Serialize};

use crate::seed::Draw;

/// The name of a slot and of its file: 26 characters of a–z and 2–7 in URLs. Who knows it can read the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlotId([u8; 16]);

impl SlotId {
    /// The first 128 bits of a draw.
    pub(super) fn of(draw: &Draw) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&draw.bytes()[..16]);
        Self(id)
    }

    /// Reads the text form, exactly as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 26 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut id = [0; 16];
        let read = BASE32_NOPAD_NOCASE.decode_mut(text.as_bytes(), &mut id).ok()?;
        (read == 16).then_some(Self(id))
    }

    /// The 128 bits.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> Box<str> {
        self.to_string().into()
    }

    /// The first 8 characters, which tell files of one name apart.
    pub(super) fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }

    /// What it is found by: it was drawn, so that nobody can choose ids that collide.
    pub(super) fn hash(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 26];
        BASE32_NOPAD.encode_mut(&self.0, &mut text);
        text.make_ascii_lowercase();
        f.pad(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn an_id_reads_as_written_and_in_no_other_way() {
        let id = SlotId::of(&Seed::new([7; 32]).draw_nth("slot", 1));
        let text = id.to_string();
        assert_eq!(SlotId::parse(&text), Some(id));
        for bad in [
            "",
            "a",
            &text.to_uppercase(),
            &format!("{text}a"),
            &text.replace(&text[25..], "9"),
            "../../../etc/passwd/aaaaaaa",
        ] {
            assert_eq!(SlotId::parse(bad), None, "{bad}");
        }
        // The last character holds three bits only: another one would be a second name of the same file.
        let mut other = text.clone().into_bytes();
        other[25] = if other[25] == b'b' { b'c' } else { b'b' };
        assert_eq!(SlotId::parse(core::str::from_utf8(&other).unwrap()), None);
    }
}
