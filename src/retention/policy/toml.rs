//! Reads a policy from a TOML file. Everything that is wrong is told at once, each with its line and its field.

use core::fmt;
use core::ops::Range;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Backups, Bucket, Class, Keep, Policy, parse_bytes, parse_span};
use crate::limits::Rate;
use crate::retention::Purpose;

/// Something that is wrong with the file of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPolicy {
    /// The line, counted from 1.
    pub line: usize,
    /// The field: `class.member.message.soft`. Empty where the file is no TOML.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for BadPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

impl core::error::Error for BadPolicy {}

impl Policy {
    /// Reads and [checks](Self::check) a policy. What the file does not say is as in [`Policy::default`]; a bucket that
    /// it does not name is not offered, except that of messages.
    ///
    /// ```
    /// use xmpp_machines::retention::{Policy, Purpose};
    ///
    /// let policy = Policy::from_toml(r#"
    ///     [service]
    ///     hard = "10 GiB"
    ///     soft = "9 GiB"
    ///     [[class]]
    ///     name = "tea"
    ///     domains = ["tea.example"]
    ///     [class.message]
    ///     max-file = "20 MiB"
    ///     [class.ephemeral]
    /// "#).unwrap();
    /// assert!(policy.class_of("ann@tea.example").unwrap().bucket(Purpose::Ephemeral).enabled);
    /// assert!(policy.class_of("ben@oak.example").is_none());
    ///
    /// let wrong = Policy::from_toml("[service]\nsoft = \"200 GiB\"\n[[class]]\neverybody = true\nname = 'all'").unwrap_err();
    /// assert_eq!(wrong[0].to_string(), "2: service.soft: more than hard (100 GiB): eviction would never stop there");
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the lines.
    pub fn from_toml(text: &str) -> Result<Self, Vec<BadPolicy>> {
        let root = DeTable::parse(text).map_err(|error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            vec![BadPolicy { line, field: String::new(), what: error.message().to_owned() }]
        })?;
        let mut reading = Reading { text, lines: BTreeMap::new(), bad: Vec::new() };
        let policy = reading.policy(root.get_ref());
        // What could not be read would only be complained about twice.
        if reading.bad.is_empty() {
            for fault in policy.check() {
                let line = reading.line(&fault.field);
                reading.bad.push(BadPolicy { line, field: fault.field, what: fault.what });
            }
        }
        reading.bad.sort_by_key(|bad| bad.line);
        if reading.bad.is_empty() { Ok(policy) } else { Err(reading.bad) }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

type Value<'a> = Spanned<DeValue<'a>>;

/// A file that is being read.
struct Reading<'t> {
    text: &'t str,
    /// Where each field stands.
    lines: BTreeMap<String, usize>,
    bad: Vec<BadPolicy>,
}

impl Reading<'_> {
    /// The line of a field, or of what it would stand in.
    fn line(&self, field: &str) -> usize {
        let mut name = field;
        loop {
            if let Some(line) = self.lines.get(name) {
                return *line;
            }
            match name.rfind('.') {
                Some(dot) => name = &name[..dot],
                None => return 1,
            }
        }
    }

    fn complain(&mut self, span: Range<usize>, field: &str, what: impl Into<String>) {
        let line = line_of(self.text, span.start);
        self.bad.push(BadPolicy { line, field: field.to_owned(), what: what.into() });
    }

    /// Calls `read` with each field of a table; complains of those that it does not know.
    fn table(&mut self, value: &Value<'_>, at: &str, mut read: impl FnMut(&mut Self, &str, &str, &Value<'_>) -> bool) {
        let Some(table) = value.get_ref().as_table() else {
            return self.complain(value.span(), at, "a table is expected");
        };
        for (key, value) in table {
            let name = key.get_ref();
            let field = if at.is_empty() { name.to_string() } else { format!("{at}.{name}") };
            self.lines.insert(field.clone(), line_of(self.text, key.span().start));
            if !read(self, name, &field, value) {
                self.complain(key.span(), &field, "there is no such field");
            }
        }
    }

    fn policy(&mut self, root: &DeTable<'_>) -> Policy {
        let mut policy = Policy { classes: Vec::new(), ..Policy::default() };
        // Directories first: a class may stand before them and use them.
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            self.lines.insert(name.to_owned(), line_of(self.text, key.span().start));
            match name {
                "directory" => self.table(value, "directory", |reading, name, field, value| {
                    let mut purpose = None;
                    reading.table(value, field, |reading, name, field, value| {
                        let known = name == "purpose";
                        if known {
                            purpose = reading.purpose(field, value);
                        }
                        known
                    });
                    if purpose.is_none() && reading.bad.is_empty() {
                        reading.complain(value.span(), field, "say which purpose it belongs to");
                    }
                    policy.directories.insert(name.to_owned(), purpose.unwrap_or_default());
                    true
                }),
                "service" | "class" => {}
                _ => self.complain(key.span(), name, "there is no such table: there are service, directory and class"),
            }
        }
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "service" => self.service(value, &mut policy),
                "class" => match value.get_ref().as_array() {
                    Some(classes) => classes.iter().for_each(|class| {
                        let class = self.class(class, &policy.directories);
                        policy.classes.push(class);
                    }),
                    None => self.complain(value.span(), "class", "there may be several: write [[class]]"),
                },
                _ => {}
            }
        }
        policy
    }

    fn service(&mut self, value: &Value<'_>, policy: &mut Policy) {
        self.table(value, "service", |reading, name, field, value| {
            match name {
                "hard" => reading.bytes(field, value, &mut policy.hard),
                "soft" => reading.bytes(field, value, &mut policy.soft),
                "slot-for" => reading.span(field, value, &mut policy.slot_for),
                "notice" => reading.span(field, value, &mut policy.notice),
                "tombstone-for" => reading.span(field, value, &mut policy.tombstone_for),
                "profile-grace" => reading.span(field, value, &mut policy.profile_grace),
                "profile-unused" => reading.span(field, value, &mut policy.profile_unused),
                "references" => reading.flag(field, value, &mut policy.references),
                "downgrade-profile" => reading.flag(field, value, &mut policy.downgrade_profile),
                "uploaded-node" => reading.flag(field, value, &mut policy.uploaded_node),
                "encrypted-at-rest" => reading.flag(field, value, &mut policy.encrypted_at_rest),
                "backups" => {
                    let backups = |text: &str| match text {
                        "unknown" => Some(None),
                        "never" => Some(Some(Backups::Never)),
                        "infinite" => Some(Some(Backups::Infinite)),
                        span => parse_span(span).map(|span| Some(Backups::For(span))),
                    };
                    let what = "a time such as \"30 d\", \"never\", \"infinite\" or \"unknown\" is expected";
                    reading.text(field, value, what, backups, &mut policy.backups);
                }
                _ => return false,
            }
            true
        });
    }

    fn class(&mut self, value: &Value<'_>, directories: &BTreeMap<String, Purpose>) -> Class {
        let table = value.get_ref().as_table();
        let name = table.and_then(|table| table.get("name")).and_then(|name| name.get_ref().as_str());
        let name = name.unwrap_or_default();
        let at = format!("class.{name}");
        let mut class = Class::new(name);
        for bucket in &mut class.purposes[1..] {
            bucket.enabled = false;
        }
        self.lines.entry(at.clone()).or_insert_with(|| line_of(self.text, value.span().start));
        if name.is_empty() {
            self.complain(value.span(), "class", "a class has a name");
        }
        self.table(value, &at, |reading, name, field, value| {
            match name {
                "name" => {}
                "everybody" => reading.flag(field, value, &mut class.everybody),
                "domains" => reading.texts(field, value, &mut class.domains),
                "accounts" => reading.texts(field, value, &mut class.accounts),
                "hard" => reading.bytes(field, value, &mut class.hard),
                name => {
                    if let Some(purpose) = Purpose::from_name(name) {
                        *class.bucket_mut(purpose) = reading.bucket(field, value, purpose);
                    } else if let Some(purpose) = directories.get(name) {
                        let bucket = reading.bucket(field, value, *purpose);
                        class.directories.insert(name.to_owned(), bucket);
                    } else {
                        return false;
                    }
                }
            }
            true
        });
        class
    }

    fn bucket(&mut self, at: &str, value: &Value<'_>, purpose: Purpose) -> Bucket {
        let mut bucket = Bucket { enabled: true, ..Bucket::of(purpose) };
        self.table(value, at, |reading, name, field, value| {
            match name {
                "enabled" => reading.flag(field, value, &mut bucket.enabled),
                "max-file" => reading.bytes(field, value, &mut bucket.max_file),
                "hard" => reading.bytes(field, value, &mut bucket.hard),
                "soft" => reading.bytes(field, value, &mut bucket.soft),
                "max-files" => reading.number(field, value, &mut bucket.max_files),
                "keep" => {
                    let keep = |text: &str| match text {
                        "infinite" => Some(Keep::Infinite),
                        span => parse_span(span).map(Keep::For),
                    };
                    reading.text(
                        field,
                        value,
                        "a time such as \"30 d\" or \"infinite\" is expected",
                        keep,
                        &mut bucket.keep,
                    );
                }
                "min-age" => reading.span(field, value, &mut bucket.min_age),
                "types" => reading.texts(field, value, &mut bucket.types),
                "rate" => {
                    let what = "a rate such as \"100 per 1 h\" is expected";
                    reading.text(field, value, what, rate, &mut bucket.rate);
                }
                "evict" => reading.flag(field, value, &mut bucket.evict),
                "priority" => reading.number(field, value, &mut bucket.priority),
                _ => return false,
            }
            true
        });
        bucket
    }

    fn purpose(&mut self, field: &str, value: &Value<'_>) -> Option<Purpose> {
        let mut purpose = None;
        let read = |text: &str| Purpose::from_name(text).map(Some);
        self.text(field, value, "message, profile, ephemeral or permanent is expected", read, &mut purpose);
        purpose
    }

    fn text<T>(
        &mut self,
        field: &str,
        value: &Value<'_>,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
        into: &mut T,
    ) {
        match value.get_ref().as_str().and_then(read) {
            Some(read) => *into = read,
            None => self.complain(value.span(), field, what),
        }
    }

    fn bytes(&mut self, field: &str, value: &Value<'_>, into: &mut u64) {
        match integer(value) {
            Some(number) => *into = number,
            None => self.text(field, value, "a size such as \"100 MiB\" is expected", parse_bytes, into),
        }
    }

    fn span(&mut self, field: &str, value: &Value<'_>, into: &mut crate::time::Span) {
        self.text(field, value, "a time with its unit is expected, such as \"30 d\"", parse_span, into);
    }

    fn number<T: TryFrom<u64>>(&mut self, field: &str, value: &Value<'_>, into: &mut T) {
        match integer(value).and_then(|number| T::try_from(number).ok()) {
            Some(number) => *into = number,
            None => self.complain(value.span(), field, "a whole number is expected, and not so large a one"),
        }
    }

    fn flag(&mut self, field: &str, value: &Value<'_>, into: &mut bool) {
        match value.get_ref().as_bool() {
            Some(flag) => *into = flag,
            None => self.complain(value.span(), field, "true or false is expected"),
        }
    }

    fn texts(&mut self, field: &str, value: &Value<'_>, into: &mut Vec<String>) {
        let texts = value.get_ref().as_array().and_then(|array| {
            array.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        match texts {
            Some(texts) => *into = texts,
            None => self.complain(value.span(), field, "a list of texts is expected"),
        }
    }
}

fn integer(value: &Value<'_>) -> Option<u64> {
    let number = value.get_ref().as_integer()?;
    u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

/// `100 per 1 h`.
fn rate(text: &str) -> Option<Rate> {
    let (count, window) = text.split_once(" per ")?;
    Some(Rate::per(count.trim().parse().ok()?, parse_span(window)?))
}
