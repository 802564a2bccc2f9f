//! Nicknames: how they are prepared, and when two of them are one (G11).

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint};
use jid::ResourcePart;

/// The longest nickname, in bytes after preparation.
pub const MAX_BYTES: usize = 256;

/// A nickname as the room keeps it: NFC, without white space around it, runs of white space as one space. `None` if it
/// is refused: empty or too long, beginning with `-` (as participant IDs do), with control characters or controls of
/// writing direction, or with nothing visible in it.
#[must_use]
pub fn prepare(raw: &str) -> Option<String> {
    // Normalisation never makes a text shorter than a third of its bytes, so what is far too long is not looked at.
    if raw.len() > MAX_BYTES * 8 {
        return None;
    }
    let nfc = ComposingNormalizerBorrowed::new_nfc().normalize(raw);
    let mut nick = String::with_capacity(nfc.len());
    for word in nfc.split_whitespace() {
        if !nick.is_empty() {
            nick.push(' ');
        }
        nick.push_str(word);
    }
    let bidi = CodePointSetData::new::<BidiControl>();
    let hidden = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let forbidden = |c: char| c.is_control() || bidi.contains(c) || matches!(c, '\u{fffe}' | '\u{ffff}');
    let visible = |c: char| !c.is_whitespace() && !hidden.contains(c);
    let fine =
        !nick.starts_with('-') && nick.len() <= MAX_BYTES && !nick.chars().any(forbidden) && nick.chars().any(visible);
    fine.then_some(nick)
}

/// What two nicknames are compared by: compatibility forms, case and invisible characters do not distinguish them, nor
/// does what a stock client would see as one resource.
#[must_use]
pub fn key(nick: &str) -> String {
    if nick.is_ascii() {
        return nick.to_ascii_lowercase();
    }
    let hidden = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let shown: String = nfkc.normalize(nick).chars().filter(|&c| !hidden.contains(c)).collect();
    let folded = CaseMapper::new().fold_string(&shown).into_owned();
    let key = nfkc.normalize(&folded).into_owned();
    match ResourcePart::new(&key) {
        Ok(resource) => resource.as_str().to_owned(),
        Err(_) => key,
    }
}

/// The `n`-th variant of a nickname that is held by another: the nickname, a space and the number, cut to fit.
#[must_use]
pub fn variant(nick: &str, n: u32) -> String {
    let tail = format!(" {n}");
    let mut end = nick.len().min(MAX_BYTES - tail.len());
    while !nick.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", nick[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preparation_trims_and_collapses() {
        assert_eq!(prepare("  Ann \t of\u{a0}Oak "), Some("Ann of Oak".to_owned()));
        assert_eq!(prepare("e\u{301}"), Some("é".to_owned()));
        assert_eq!(prepare("🦊 fox"), Some("🦊 fox".to_owned()));
    }

    #[test]
    fn what_deceives_is_refused() {
        for bad in ["", "   ", "-ann", "\u{200b}", "a\u{202e}b", "a\u{7}b", &"x".repeat(257), "\u{2066}x"] {
            assert_eq!(prepare(bad), None, "{bad:?}");
        }
        assert!(prepare(&"x".repeat(256)).is_some());
    }

    #[test]
    fn look_alikes_have_one_key() {
        assert_eq!(key("Ann"), key("aNN"));
        assert_eq!(key("Straße"), key("STRASSE"));
        assert_eq!(key("ﬁx"), key("FIX"));
        assert_eq!(key("a\u{200b}b"), key("ab"));
        assert_eq!(key("Ⅷ"), key("viii"));
        assert_ne!(key("ann"), key("anna"));
    }

    #[test]
    fn a_variant_fits() {
        assert_eq!(variant("Ann", 2), "Ann 2");
        let long = "é".repeat(128);
        assert!(variant(&long, 100).len() <= MAX_BYTES);
    }
}
