//! What HTTP says of a file: how long it may be cached, and headers that keep a browser from running it.

use core::fmt::Write as _;

use time::OffsetDateTime;

use crate::time::{Span, Time};

/// The longest that anything is cached. Default of the web: longer ones are cut by caches.
const YEAR: Span = Span::from_days(365);

/// What goes out with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpMeta {
    /// For how long it may be cached: never beyond the file's deadline.
    pub max_age: Span,
    /// When it is gone, for files that must not outlive a set moment in any cache.
    pub expires: Option<Time>,
    /// Only the reader's own cache may keep it.
    pub private: bool,
    /// A browser may show it in place: it is a picture, sound, film or plain text. Anything else is saved as a file.
    pub inline: bool,
    /// Reading it lengthens its life: say [`Input::Get`](super::Input::Get).
    pub touch: bool,
}

impl HttpMeta {
    /// What goes out with a file that goes at `deadline`.
    pub(super) fn new(now: Time, deadline: Option<Time>, ephemeral: bool, inline: bool) -> Self {
        let left = deadline.map_or(YEAR, |deadline| deadline.since(now).min(YEAR));
        Self { max_age: left, expires: deadline.filter(|_| ephemeral), private: ephemeral, inline, touch: false }
    }

    /// The headers, for a file of that name.
    ///
    /// ```
    /// use xmpp_machines::retention::HttpMeta;
    /// use xmpp_machines::time::{Span, Time};
    ///
    /// let gone = Time::from_millis(1_782_986_400_000);
    /// let meta = HttpMeta {
    ///     max_age: Span::from_millis(90_500),
    ///     expires: Some(gone),
    ///     private: true,
    ///     inline: false,
    ///     touch: false,
    /// };
    /// let headers = meta.headers("tea & cake.html");
    /// assert_eq!(headers[0], ("Cache-Control", "private, max-age=90, immutable".into()));
    /// assert_eq!(headers[1], ("Expires", "Thu, 02 Jul 2026 10:00:00 GMT".into()));
    /// assert_eq!(headers[4].1, "attachment; filename*=UTF-8''tea%20%26%20cake.html");
    /// ```
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<(&'static str, String)> {
        let scope = if self.private { "private" } else { "public" };
        let mut headers =
            vec![("Cache-Control", format!("{scope}, max-age={}, immutable", self.max_age.millis() / 1000))];
        if let Some(expires) = self.expires {
            headers.push(("Expires", http_date(expires)));
        }
        let place = if self.inline { "inline" } else { "attachment" };
        headers.push(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'".into()));
        headers.push(("X-Content-Type-Options", "nosniff".into()));
        headers.push(("Content-Disposition", format!("{place}; filename*=UTF-8''{}", percent(name))));
        headers
    }
}

/// Whether a browser may show that type in place. A drawing (`image/svg+xml`) may hold a program.
pub(super) fn harmless(content_type: &str) -> bool {
    let text = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (main, sub) = text.split_once('/').unwrap_or_default();
    match main {
        "image" => !sub.contains("svg") && !sub.contains("xml"),
        "audio" | "video" => !sub.contains("xml"),
        _ => text == "text/plain",
    }
}

/// A path segment (RFC 3986): everything but unreserved characters is percent-encoded.
pub(super) fn percent(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The date of HTTP (RFC 9110 §5.6.7), rounded down: never later than the moment.
fn http_date(at: Time) -> String {
    let secs = i64::try_from(at.millis() / 1000).unwrap_or(i64::MAX).min(253_402_300_799);
    let at = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let short = |text: String| text.chars().take(3).collect::<String>();
    let (day, month) = (short(at.weekday().to_string()), short(at.month().to_string()));
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_run_is_shown_in_place() {
        for (text, shown) in [
            ("image/png", true),
            ("IMAGE/JPEG; q=1", true),
            ("video/mp4", true),
            ("text/plain;charset=utf-8", true),
            ("image/svg+xml", false),
            ("text/html", false),
            ("application/pdf", false),
            ("", false),
        ] {
            assert_eq!(harmless(text), shown, "{text}");
        }
    }

    #[test]
    fn a_cache_never_keeps_a_file_beyond_its_deadline() {
        let at = Time::from_millis;
        let meta = |deadline, ephemeral| HttpMeta::new(at(1000), deadline, ephemeral, true);
        assert_eq!(meta(None, false).max_age, YEAR);
        assert_eq!(meta(Some(at(61_999)), false).max_age, Span::from_millis(60_999));
        assert_eq!(meta(Some(at(500)), true).max_age, Span::ZERO);
        assert_eq!(meta(Some(at(u64::MAX)), true).max_age, YEAR);
        assert!(meta(Some(at(u64::MAX)), true).headers("a")[1].1.ends_with("9999 23:59:59 GMT"));
    }
}
