//! The datatypes of XEP-0122: what is one, and which of two is greater. Without floating point.

use core::cmp::Ordering;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A boolean of XML Schema, which is also that of XEP-0004.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// Whether a text is a value of a datatype. What is not known takes everything.
pub(super) fn is_valid(datatype: &str, text: &str) -> bool {
    if let Some((min, max)) = integer_bounds(datatype) {
        return is_integer(text) && Value::of(datatype, text).is_some_and(|value| value.is_within(datatype, min, max));
    }
    match datatype {
        "xs:decimal" | "xs:date" | "xs:dateTime" | "xs:time" => Value::of(datatype, text).is_some(),
        "xs:double" | "xs:float" => is_double(text),
        "xs:boolean" => boolean(text).is_some(),
        "xs:language" => is_language(text),
        "xs:anyURI" => {
            !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(c))
        }
        _ => true,
    }
}

/// Whether a value is within bounds. A bound that is no value of the datatype bounds nothing, nor does any where the
/// datatype has no order.
pub(super) fn is_within(datatype: &str, text: &str, min: Option<&str>, max: Option<&str>) -> bool {
    Value::of(datatype, text).is_none_or(|value| value.is_within(datatype, min, max))
}

type Bounds = (Option<&'static str>, Option<&'static str>);

fn integer_bounds(datatype: &str) -> Option<Bounds> {
    Some(match datatype {
        "xs:integer" => (None, None),
        "xs:byte" => (Some("-128"), Some("127")),
        "xs:short" => (Some("-32768"), Some("32767")),
        "xs:int" => (Some("-2147483648"), Some("2147483647")),
        "xs:long" => (Some("-9223372036854775808"), Some("9223372036854775807")),
        "xs:nonNegativeInteger" => (Some("0"), None),
        "xs:positiveInteger" => (Some("1"), None),
        "xs:nonPositiveInteger" => (None, Some("0")),
        "xs:negativeInteger" => (None, Some("-1")),
        "xs:unsignedByte" => (Some("0"), Some("255")),
        "xs:unsignedShort" => (Some("0"), Some("65535")),
        "xs:unsignedInt" => (Some("0"), Some("4294967295")),
        "xs:unsignedLong" => (Some("0"), Some("18446744073709551615")),
        _ => return None,
    })
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    Moment(OffsetDateTime),
    Number(Decimal<'a>),
}

impl<'a> Value<'a> {
    fn of(datatype: &str, text: &'a str) -> Option<Self> {
        match datatype {
            "xs:dateTime" => moment(text).map(Self::Moment),
            // A day or a time of day is compared as the moment that it is of some other.
            "xs:date" => moment(&format!("{text}T00:00:00Z")).map(Self::Moment),
            "xs:time" => {
                let zone = if text.ends_with('Z') || text.get(8..).is_some_and(|rest| rest.contains(['+', '-'])) {
                    ""
                } else {
                    "Z"
                };
                moment(&format!("1970-01-02T{text}{zone}")).map(Self::Moment)
            }
            "xs:decimal" | "xs:double" | "xs:float" => Decimal::of(text).map(Self::Number),
            _ if integer_bounds(datatype).is_some() => Decimal::of(text).map(Self::Number),
            _ => None,
        }
    }

    fn is_within(&self, datatype: &str, min: Option<&str>, max: Option<&str>) -> bool {
        let order = |bound: Option<&str>| Some(self.cmp(&Value::of(datatype, bound?)?));
        order(min) != Some(Ordering::Less) && order(max) != Some(Ordering::Greater)
    }
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// A decimal number of any length, as its digits.
#[derive(PartialEq, Eq)]
struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    part: &'a str,
}

impl<'a> Decimal<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let fine = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
        if !fine || (whole.is_empty() && part.is_empty()) {
            return None;
        }
        let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
        let zero = whole.is_empty() && part.is_empty();
        Some(Self { negative: negative && !zero, whole, part })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            a.whole.len().cmp(&b.whole.len()).then_with(|| a.whole.cmp(b.whole)).then_with(|| a.part.cmp(b.part))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn is_integer(text: &str) -> bool {
    !text.contains('.')
}

fn is_double(text: &str) -> bool {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    matches!(text, "INF" | "-INF" | "NaN")
        || (Decimal::of(number).is_some() && is_integer(exponent) && Decimal::of(exponent).is_some())
}

fn is_language(text: &str) -> bool {
    let mut tags = text.split('-');
    let first =
        tags.next().is_some_and(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphabetic()));
    first && tags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_datatype() {
        for (datatype, fine, wrong) in [
            ("xs:integer", "-00123456789012345678901234567890", "1.0"),
            ("xs:byte", "-128", "128"),
            ("xs:int", "+2147483647", "2147483648"),
            ("xs:long", "-9223372036854775808", "-9223372036854775809"),
            ("xs:unsignedLong", "18446744073709551615", "-1"),
            ("xs:positiveInteger", "1", "0"),
            ("xs:decimal", ".5", "."),
            ("xs:decimal", "-0.50", "1e3"),
            ("xs:double", "-1.5E-3", "1e1.5"),
            ("xs:double", "-INF", "inf"),
            ("xs:date", "2026-02-28", "2026-02-30"),
            ("xs:dateTime", "1911-02-28T23:59:59.5+05:00", "2026-02-28"),
            ("xs:time", "23:59:59", "24:01:00"),
            ("xs:time", "07:00:00-03:00", "7:00"),
            ("xs:boolean", "true", "yes"),
            ("xs:language", "de-CH-1996", "de_CH"),
            ("xs:anyURI", "xmpp:room@rooms.example?join", "a b"),
        ] {
            assert!(is_valid(datatype, fine), "{datatype} {fine}");
            assert!(!is_valid(datatype, wrong), "{datatype} {wrong}");
            assert!(!is_valid(datatype, ""), "{datatype}");
        }
        assert!(is_valid("x:kettle", "anything") && is_valid("xs:string", ""));
    }

    #[test]
    fn values_have_an_order() {
        for (datatype, less, more) in [
            ("xs:integer", "-10", "-9"),
            ("xs:integer", "9", "010"),
            ("xs:decimal", "0.5", "0.51"),
            ("xs:decimal", "-0.1", "0"),
            ("xs:dateTime", "2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00Z"),
            ("xs:date", "1969-12-31", "2026-01-01"),
            ("xs:time", "08:00:00", "09:00:00Z"),
        ] {
            assert!(is_within(datatype, less, None, Some(more)) && is_within(datatype, more, Some(less), None));
            assert!(!is_within(datatype, more, None, Some(less)) && !is_within(datatype, less, Some(more), None));
            assert!(is_within(datatype, less, Some(less), Some(less)));
        }
        assert!(is_within("xs:integer", "5", Some("-0"), Some("x")), "what is no bound does not bind");
        assert!(is_within("xs:integer", "0", Some("-0"), Some("+0")));
    }
}
