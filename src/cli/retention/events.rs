//! A history of uploads, a line each: when, what, of which file. The format stands in `examples/retention/README.md`.

use core::fmt;

use xmpp_machines::Time;
use xmpp_machines::retention::{Purpose, parse_bytes, parse_span};

/// A line that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// Its number, from 1.
    pub(super) line: usize,
    pub(super) what: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// Something that happens.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) line: usize,
    pub(super) at: Time,
    pub(super) what: What,
}

/// What happens.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Upload(Upload),
    Refer { label: String, item: String, on: bool },
    Read { label: String },
    Delete { label: String },
    Remove { label: String },
    Pin { label: String, on: bool },
    Leave { account: String },
    Class { account: String, class: Option<String> },
    End,
}

/// A file that somebody uploads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) label: String,
    pub(super) owner: String,
    pub(super) size: u64,
    pub(super) name: String,
    pub(super) content_type: Option<String>,
    pub(super) purpose: Option<Purpose>,
    pub(super) until: Option<Time>,
    pub(super) bucket: Option<String>,
    /// Its slot is granted and never used.
    pub(super) unused: bool,
}

/// Reads a history.
pub(super) fn read(text: &str) -> Result<Vec<Event>, BadLine> {
    let mut events: Vec<Event> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |what: String| BadLine { line: number, what };
        let before = events.last().map(|event| event.at);
        let mut words = line.split_whitespace();
        let at = moment(words.next().unwrap_or_default(), before).map_err(bad)?;
        if before.is_some_and(|before| at < before) {
            return Err(bad("time goes back".to_owned()));
        }
        let words: Vec<&str> = words.collect();
        let what = what(&words, at).map_err(bad)?;
        events.push(Event { line: number, at, what });
    }
    if events.is_empty() { Err(BadLine { line: 1, what: "nothing happens in it".to_owned() }) } else { Ok(events) }
}

/// A moment, or a time after the one before.
fn moment(text: &str, before: Option<Time>) -> Result<Time, String> {
    let found = match (text.strip_prefix('+'), before) {
        (Some(_), None) => return Err("the first line has a moment: 2026-03-01T10:00:00Z".to_owned()),
        (Some(span), Some(before)) => parse_span(span).map(|span| before.plus(span)),
        (None, _) => Time::parse(text),
    };
    found.ok_or_else(|| format!("'{text}' is no moment (2026-03-01T10:00:00Z) and no time after the line before (+2h)"))
}

fn what(words: &[&str], at: Time) -> Result<What, String> {
    let (verb, rest) = words.split_first().ok_or("what happens?")?;
    let (plain, options): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| !word.contains('='));
    let takes = |names: &[&str], form: &str| {
        if plain.len() == names.len() { Ok(()) } else { Err(format!("{verb} takes {form}")) }
    };
    let word = |n: usize| plain.get(n).map(|word| (*word).to_owned()).unwrap_or_default();
    if *verb != "upload" && !options.is_empty() {
        return Err(format!("{verb} takes no {}", options.join(" ")));
    }
    Ok(match *verb {
        "upload" => {
            takes(&["label", "owner", "size"], "FILE OWNER SIZE and name= type= for= until= bucket= put=")?;
            What::Upload(upload(word(0), word(1), &word(2), &options, at)?)
        }
        "refer" | "unrefer" => {
            takes(&["label", "item"], "FILE ITEM")?;
            What::Refer { label: word(0), item: word(1), on: *verb == "refer" }
        }
        "read" | "delete" | "remove" | "pin" | "unpin" => {
            takes(&["label"], "FILE")?;
            let label = word(0);
            match *verb {
                "read" => What::Read { label },
                "delete" => What::Delete { label },
                "remove" => What::Remove { label },
                _ => What::Pin { label, on: *verb == "pin" },
            }
        }
        "leave" => {
            takes(&["account"], "ACCOUNT")?;
            What::Leave { account: word(0) }
        }
        "class" => {
            takes(&["account", "class"], "ACCOUNT CLASS, or - to leave it to the policy")?;
            What::Class { account: word(0), class: Some(word(1)).filter(|class| class != "-") }
        }
        "end" => {
            takes(&[], "nothing")?;
            What::End
        }
        other => {
            return Err(format!(
                "'{other}' is none of upload, refer, unrefer, read, delete, remove, pin, unpin, leave, class, end"
            ));
        }
    })
}

fn upload(label: String, owner: String, size: &str, options: &[&str], at: Time) -> Result<Upload, String> {
    let size = parse_bytes(size).ok_or_else(|| format!("'{size}' is no size: write 2MiB"))?;
    let name = label.clone();
    let mut upload = Upload {
        label,
        owner,
        size,
        name,
        content_type: None,
        purpose: None,
        until: None,
        bucket: None,
        unused: false,
    };
    for option in options {
        let (key, value) = option.split_once('=').unwrap_or_default();
        match key {
            "name" => value.clone_into(&mut upload.name),
            "type" => upload.content_type = Some(value.to_owned()),
            "for" => {
                let purpose = Purpose::from_name(value);
                let none = || format!("for={value}: there are message, profile, ephemeral, permanent");
                upload.purpose = Some(purpose.ok_or_else(none)?);
            }
            "until" => upload.until = Some(moment(value, Some(at))?),
            "bucket" => upload.bucket = Some(value.to_owned()),
            "put" if value == "never" => upload.unused = true,
            _ => return Err(format!("{option}: there are name= type= for= until= bucket= put=never")),
        }
    }
    Ok(upload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named() {
        let bad = |text: &str| read(text).unwrap_err().to_string();
        for (text, complaint) in [
            ("", "1: nothing happens in it"),
            ("+1h end", "1: the first line has a moment"),
            ("# tea\n\nsoon end", "3: 'soon' is no moment"),
            ("2026-01-01T00:00:00Z end\n2025-01-01T00:00:00Z end", "2: time goes back"),
            ("2026-01-01T00:00:00Z", "1: what happens?"),
            ("2026-01-01T00:00:00Z brew", "1: 'brew' is none of upload"),
            ("2026-01-01T00:00:00Z upload a b", "1: upload takes FILE OWNER SIZE"),
            ("2026-01-01T00:00:00Z upload a b large", "1: 'large' is no size"),
            ("2026-01-01T00:00:00Z upload a b 1 for=ever", "1: for=ever: there are message"),
            ("2026-01-01T00:00:00Z upload a b 1 colour=red", "1: colour=red: there are name="),
            ("2026-01-01T00:00:00Z read a x=1", "1: read takes no x=1"),
        ] {
            assert!(bad(text).starts_with(complaint), "{text}: {}", bad(text));
        }
        let events = read("2026-01-01T00:00:00Z upload a b@c 2MiB until=+1d # a story\n+1h read a").unwrap();
        assert_eq!(events[1].at.since(events[0].at).millis(), 3_600_000);
    }
}
