//! Escaping: one table for everything that is written.

/// Where a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Attribute,
}

const PLAIN: u8 = 0;
const BOTH: u8 = 1;
const ATTRIBUTE: u8 = 2;
/// Control characters, and the first byte of U+FFFE and U+FFFF.
const SUSPECT: u8 = 3;

const CLASS: [u8; 256] = {
    let mut class = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        class[byte] = SUSPECT;
        byte += 1;
    }
    class[b'\t' as usize] = ATTRIBUTE;
    class[b'\n' as usize] = ATTRIBUTE;
    class[b'\r' as usize] = BOTH;
    class[b'&' as usize] = BOTH;
    class[b'<' as usize] = BOTH;
    class[b'>' as usize] = BOTH;
    class[b'\'' as usize] = ATTRIBUTE;
    class[b'"' as usize] = ATTRIBUTE;
    class[0xef] = SUSPECT;
    class
};

/// Whether a value can stand in an attribute as it is. May say no of some that could (with a byte 0xEF).
pub(super) fn is_plain(value: &str) -> bool {
    // Without an early end, so that the compiler looks at many bytes at once.
    !value.bytes().fold(false, |found, byte| {
        found | (byte < 0x20) | matches!(byte, b'&' | b'<' | b'>' | b'\'' | b'"') | (byte == 0xef)
    })
}

/// Appends a value, escaped for its place. What XML forbids becomes U+FFFD.
pub(super) fn escape_into(value: &str, place: Place, into: &mut Vec<u8>) {
    if is_plain(value) {
        into.extend_from_slice(value.as_bytes());
        return;
    }
    let bytes = value.as_bytes();
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let (written, len): (&[u8], usize) = match CLASS[byte as usize] {
            PLAIN => continue,
            ATTRIBUTE if place == Place::Text => continue,
            SUSPECT if byte != 0xef => ("\u{fffd}".as_bytes(), 1),
            SUSPECT => match bytes.get(at + 1..at + 3) {
                Some([0xbf, 0xbe | 0xbf]) => ("\u{fffd}".as_bytes(), 3),
                _ => continue,
            },
            _ => match byte {
                b'&' => (b"&amp;", 1),
                b'<' => (b"&lt;", 1),
                b'>' => (b"&gt;", 1),
                b'\'' => (b"&#39;", 1),
                b'"' => (b"&#34;", 1),
                b'\t' => (b"&#x9;", 1),
                b'\n' => (b"&#xa;", 1),
                _ => (b"&#xd;", 1),
            },
        };
        into.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        into.extend_from_slice(written);
        done = at + len;
    }
    into.extend_from_slice(bytes.get(done..).unwrap_or_default());
}
