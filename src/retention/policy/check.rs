//! What a policy cannot be: contradictions, rules that nothing reaches, promises that cannot be kept.

use core::fmt;

use super::{Backups, Bucket, BucketName, Class, DIRECTORIES, FILES_PER_BUCKET, Keep, OCTETS, Policy};
use super::{write_bytes, write_span};
use crate::retention::Purpose;
use crate::time::Span;

/// Something that is wrong with a policy, and in which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The field, as it is called in the file: `class.member.message.soft`.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
}

impl core::error::Error for PolicyFault {}

/// A day and a half: a slot that lives longer is no slot, and quota nobody uses.
const LONGEST_SLOT: Span = Span::from_hours(36);

/// Collects faults.
struct Faults(Vec<PolicyFault>);

impl Faults {
    fn when(&mut self, wrong: bool, field: impl fmt::Display, what: impl FnOnce() -> String) {
        if wrong {
            self.0.push(PolicyFault { field: field.to_string(), what: what() });
        }
    }
}

impl Policy {
    /// Everything that is wrong with this policy; nothing, if it can be put in force.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyFault> {
        let mut faults = Faults(Vec::new());
        self.service(&mut faults);
        self.directories(&mut faults);
        self.classes(&mut faults);
        for class in &self.classes {
            self.class(class, &mut faults);
        }
        faults.0
    }

    fn service(&self, faults: &mut Faults) {
        faults.when(self.hard == 0, "service.hard", || "nothing could ever be stored".into());
        faults.when(self.soft == 0, "service.soft", || "reaching hard would delete everything".into());
        faults.when(self.soft > self.hard, "service.soft", || {
            format!("more than hard ({}): eviction would never stop there", write_bytes(self.hard))
        });
        faults.when(self.slot_for == Span::ZERO, "service.slot-for", || "no slot could ever be used".into());
        faults.when(self.slot_for > LONGEST_SLOT, "service.slot-for", || {
            format!("longer than {}: slots that nobody uses would hold quota", write_span(LONGEST_SLOT))
        });
        faults.when(self.references && self.profile_grace == Span::ZERO, "service.profile-grace", || {
            "an avatar would be gone while it is being replaced".into()
        });
        faults.when(self.backups == Some(Backups::For(Span::ZERO)), "service.backups", || "say \"never\"".into());
    }

    fn directories(&self, faults: &mut Faults) {
        faults.when(self.directories.len() > DIRECTORIES, "directory", || format!("more than {DIRECTORIES}"));
        for name in self.directories.keys() {
            let field = format!("directory.{name}");
            let bad = name.is_empty() || name.len() > 64 || name.contains('/') || name.chars().any(char::is_control);
            faults.when(bad, &field, || "a name is 1 to 64 bytes without '/' and control characters".into());
            faults.when(name == "uploaded" || Purpose::from_name(name).is_some(), &field, || {
                "this name is taken: it is a purpose's, or XEP-0498's".into()
            });
            let open = |class: &Class| class.directories.get(name).is_some_and(|bucket| bucket.enabled);
            faults.when(!self.classes.iter().any(open), &field, || "no class can use it".into());
        }
    }

    /// Who is in which class: nobody is found twice, and nothing stands behind a class of everybody.
    fn classes(&self, faults: &mut Faults) {
        faults.when(self.classes.is_empty(), "class", || "there is none, so that nobody may upload".into());
        for (at, class) in self.classes.iter().enumerate() {
            let field = format!("class.{}", class.name);
            let before = self.classes.get(..at).unwrap_or_default();
            faults.when(class.name.is_empty(), "class.name", || "empty".into());
            faults.when(before.iter().any(|other| other.name == class.name), format!("{field}.name"), || {
                "another class has it".into()
            });
            if let Some(all) = before.iter().find(|other| other.everybody) {
                let what = format!("never reached: class '{}' before it takes everybody", all.name);
                faults.when(true, &field, || what);
                continue;
            }
            let nobody = !class.everybody && class.domains.is_empty() && class.accounts.is_empty();
            faults.when(nobody, &field, || "nobody is in it: name domains or accounts, or say everybody".into());
            let some = !class.domains.is_empty() || !class.accounts.is_empty();
            faults.when(class.everybody && some, format!("{field}.everybody"), || {
                "domains and accounts beside it say nothing".into()
            });
            for (n, domain) in class.domains.iter().enumerate() {
                let field = format!("{field}.domains");
                faults.when(!address(domain) || domain.contains('@'), &field, || {
                    format!("'{domain}' is no domain as addresses have it")
                });
                faults.when(class.domains.iter().take(n).any(|d| d == domain), &field, || {
                    format!("'{domain}' stands there twice")
                });
                if let Some(other) = before.iter().find(|other| other.domains.contains(domain)) {
                    faults.when(true, &field, || format!("'{domain}' is in class '{}' already", other.name));
                }
            }
            for (n, account) in class.accounts.iter().enumerate() {
                let field = format!("{field}.accounts");
                faults.when(!address(account), &field, || format!("'{account}' is no bare JID as addresses have it"));
                faults.when(class.accounts.iter().take(n).any(|a| a == account), &field, || {
                    format!("'{account}' stands there twice")
                });
                let domain = account.split_once('@').map_or(account.as_str(), |(_, domain)| domain);
                faults.when(class.domains.iter().any(|d| d == domain), &field, || {
                    format!("'{account}' is in it already by its domain")
                });
                if let Some(other) = before.iter().find(|other| other.holds(account)) {
                    faults.when(true, &field, || format!("'{account}' is in class '{}' already", other.name));
                }
            }
        }
    }

    fn class(&self, class: &Class, faults: &mut Faults) {
        let name = format!("class.{}", class.name);
        faults.when(class.hard == 0, format!("{name}.hard"), || "nobody could ever store anything".into());
        faults.when(class.hard > self.hard, format!("{name}.hard"), || {
            format!("promises more than the whole service has ({})", write_bytes(self.hard))
        });
        for directory in class.directories.keys().filter(|name| !self.directories.contains_key(*name)) {
            faults.when(true, format!("{name}.{directory}"), || {
                "neither a purpose nor a directory of this policy".into()
            });
        }
        faults.when(!class.bucket(Purpose::Message).enabled, format!("{name}.message.enabled"), || {
            "messages are always on: it is what is assumed where no purpose is said".into()
        });
        for (bucket_name, bucket) in self.buckets(class).filter(|(_, bucket)| bucket.enabled) {
            self.bucket(&format!("{name}.{bucket_name}"), class, bucket_name, bucket, faults);
        }
    }

    fn bucket(&self, at: &str, class: &Class, name: BucketName<'_>, bucket: &Bucket, faults: &mut Faults) {
        let field = |name: &str| format!("{at}.{name}");
        let hard = write_bytes(bucket.hard);
        faults.when(bucket.max_file == 0, field("max-file"), || "no file fits".into());
        faults
            .when(bucket.max_file > bucket.hard, field("max-file"), || format!("never reached: hard ({hard}) is less"));
        faults.when(bucket.hard > class.hard, field("hard"), || {
            format!("promises more than an account of class '{}' may have ({})", class.name, write_bytes(class.hard))
        });
        faults.when(bucket.hard > self.hard, field("hard"), || {
            format!("promises more than the whole service has ({})", write_bytes(self.hard))
        });
        faults.when(bucket.soft > bucket.hard, field("soft"), || {
            format!("more than hard ({hard}): eviction would never stop there")
        });
        faults
            .when(bucket.evict && bucket.soft == 0, field("soft"), || "every eviction would delete everything".into());
        faults.when(bucket.max_files == 0, field("max-files"), || "no file fits".into());
        faults
            .when(bucket.max_files > FILES_PER_BUCKET, field("max-files"), || format!("more than {FILES_PER_BUCKET}"));
        faults.when(bucket.rate.burst == 0, field("rate"), || "no slot could ever be granted".into());
        self.keep(at, name, bucket, faults);
        types(&field("types"), self.purpose(name), bucket, faults);
    }

    fn keep(&self, at: &str, name: BucketName<'_>, bucket: &Bucket, faults: &mut Faults) {
        let purpose = self.purpose(name);
        let field = |name: &str| format!("{at}.{name}");
        match (purpose, bucket.keep) {
            (Purpose::Permanent, Keep::For(_)) => {
                faults.when(true, field("keep"), || "a permanent file is kept: say \"infinite\"".into());
            }
            (Purpose::Ephemeral, Keep::Infinite) => faults.when(true, field("keep"), || {
                "an ephemeral file needs an end, also where its sender names the year 9999".into()
            }),
            (_, Keep::For(span)) => {
                faults.when(span == Span::ZERO, field("keep"), || "a file would be gone as it is stored".into());
                faults.when(bucket.evict && bucket.min_age >= span, field("min-age"), || {
                    format!("never reached: files are kept for {}, so that none is ever evicted", write_span(span))
                });
            }
            (_, Keep::Infinite) => {}
        }
        faults.when(purpose == Purpose::Permanent && bucket.evict, field("evict"), || {
            "a permanent file is never evicted".into()
        });
    }
}

/// The list of content types: each one a type, none behind one that holds it, and encrypted files not shut out.
fn types(at: &str, purpose: Purpose, bucket: &Bucket, faults: &mut Faults) {
    let whole = |text: &str| {
        let token = |part: &str| {
            part == "*"
                || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b)))
        };
        text.split_once('/').is_some_and(|(main, sub)| token(main) && token(sub) && (main != "*" || sub == "*"))
    };
    faults.when(bucket.types.is_empty(), at, || "no content type is taken".into());
    for (n, text) in bucket.types.iter().enumerate() {
        if !whole(text) {
            faults.when(true, at, || format!("'{text}' is no content type: write image/png, image/* or */*"));
            continue;
        }
        let before = Bucket { types: bucket.types.iter().take(n).cloned().collect(), ..bucket.clone() };
        let held = before.takes(Some(&text.replace('*', "\u{1}"))) || before.types.contains(text);
        faults.when(held, at, || format!("'{text}' is never reached: something before it takes it already"));
    }
    let open = matches!(purpose, Purpose::Message | Purpose::Ephemeral);
    faults.when(open && !bucket.types.is_empty() && !bucket.takes(Some(OCTETS)), at, || {
        format!("{OCTETS} is missing: files that are encrypted end to end have no other type")
    });
}

/// Whether a text is a bare JID as it is compared: normalised.
fn address(text: &str) -> bool {
    crate::codec::parse_jid(text).is_some_and(|jid| jid.as_str() == text && jid.resource().is_none())
}
