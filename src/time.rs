//! Time as an argument: milliseconds since the Unix epoch, and spans of them.
//!
//! Machines never look at a clock; the host passes [`Time`] with every call. All arithmetic saturates, so any `u64` is
//! safe. The text form is that of [XEP-0082](https://xmpp.org/extensions/xep-0082.html).

use core::fmt;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The last moment that XEP-0082 can write: 9999-12-31T23:59:59.999Z.
const LAST_WRITABLE: u64 = 253_402_300_799_999;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(u64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(u64);

impl Time {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// A moment given in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This moment and `span` more; saturates at the end of time.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; zero if it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Reads an XEP-0082 DateTime. Moments before the epoch are refused (`None`), as is whatever is not a DateTime.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        u64::try_from(millis).ok().map(Self)
    }
}

/// Writes the XEP-0082 DateTime in UTC, with milliseconds only where there are some. A moment after the year 9999 is
/// written as the last millisecond of that year.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.min(LAST_WRITABLE);
        let nanos = i128::from(millis) * 1_000_000;
        let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC);
        let (date, time) = (moment.date(), moment.time());
        write!(f, "{:04}-{:02}-{:02}T", date.year(), u8::from(date.month()), date.day())?;
        write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        match time.millisecond() {
            0 => f.write_str("Z"),
            some => write!(f, ".{some:03}Z"),
        }
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A span of seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// A span of minutes; saturates.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// A span of hours; saturates.
    #[must_use]
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_mins(hours.saturating_mul(60))
    }

    /// A span of days of 24 hours; saturates.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self::from_hours(days.saturating_mul(24))
    }

    /// Its length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Twice as long; saturates. For back-off.
    #[must_use]
    pub const fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_written_as_xep_0082() {
        assert_eq!(Time::EPOCH.to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Time::from_millis(1_770_000_000_007).to_string(), "2026-02-02T02:40:00.007Z");
        assert_eq!(Time::from_millis(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_stamp_reads_back() {
        for millis in [0, 1, 999, 1000, 1_770_000_000_007, LAST_WRITABLE] {
            let time = Time::from_millis(millis);
            assert_eq!(Time::parse(&time.to_string()), Some(time));
        }
        assert_eq!(Time::parse("2026-02-02T03:40:00+01:00"), Time::parse("2026-02-02T02:40:00Z"));
        for bad in ["", "2026-02-02", "1969-12-31T23:59:59Z", "20260202T02:40:00", "2026-02-30T00:00:00Z"] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Time::from_millis(u64::MAX);
        assert_eq!(end.plus(Span::from_days(u64::MAX)), end);
        assert_eq!(Time::EPOCH.since(end), Span::ZERO);
    }
}
