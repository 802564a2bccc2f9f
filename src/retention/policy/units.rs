//! Sizes and times as people write them: `100 MiB`, `30 d`.

use crate::time::Span;

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const SPANS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("y", 365 * 86_400_000)];

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.replace('_', "").parse().ok()?, unit.trim()))
}

/// Reads a number of bytes: `5242880`, `5 MiB`, `5MB`. `None` if it is none, or more than a `u64` holds.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let size = if unit.is_empty() { 1 } else { SIZES.iter().find(|(name, _)| *name == unit)?.1 };
    number.checked_mul(size)
}

/// Reads a length of time with its unit: `500 ms`, `300 s`, `5 min`, `12 h`, `30 d`, `2 y` (of 365 days). `None` if it
/// is none, or longer than can be.
#[must_use]
pub fn parse_span(text: &str) -> Option<Span> {
    let (number, unit) = split(text)?;
    let length = SPANS.iter().find(|(name, _)| *name == unit)?.1;
    number.checked_mul(length).map(Span::from_millis)
}

fn write(number: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, size): &&(&str, u64)| number >= *size && number.is_multiple_of(*size);
    let (name, size) = units.iter().rfind(fits).or_else(|| units.first()).copied().unwrap_or(("", 1));
    format!("{} {name}", number / size)
}

/// Writes a number of bytes so that [`parse_bytes`] reads exactly it back.
#[must_use]
pub fn write_bytes(bytes: u64) -> String {
    let binary = bytes.is_multiple_of(1024) || !bytes.is_multiple_of(1000);
    let units: Vec<_> = SIZES.into_iter().filter(|(name, _)| *name == "B" || name.contains('i') == binary).collect();
    write(bytes, &units)
}

/// Writes a length of time so that [`parse_span`] reads exactly it back. Years only where there is nothing left over.
#[must_use]
pub fn write_span(span: Span) -> String {
    write(span.millis(), &SPANS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_as_written() {
        for (text, bytes) in [("0 B", 0), ("5 MiB", 5 << 20), ("1500 B", 1500), ("2 kB", 2000), ("1 TiB", 1 << 40)] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
            assert_eq!(parse_bytes(&write_bytes(bytes)), Some(bytes));
        }
        assert_eq!((parse_bytes("100"), parse_bytes("1_000kB")), (Some(100), Some(1_000_000)));
        for bad in ["", "MiB", "-1", "1.5 GiB", "1 mib", "99999999999999999999", "18446744073709551615 KiB"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
        for (text, millis) in [("300 s", 300_000), ("30 d", 2_592_000_000), ("2 y", 63_072_000_000), ("7ms", 7)] {
            assert_eq!(parse_span(text).map(Span::millis), Some(millis), "{text}");
            assert_eq!(parse_span(&write_span(Span::from_millis(millis))).map(Span::millis), Some(millis));
        }
        assert_eq!(
            (write_span(Span::from_days(730)), write_span(Span::from_secs(300))),
            ("2 y".into(), "5 min".into())
        );
        for bad in ["", "30", "30 days", "1 month", "18446744073709551615 s"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
        assert_eq!(write_bytes(u64::MAX), "18446744073709551615 B");
    }
}
