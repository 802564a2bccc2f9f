//! What an operator decides, as data: for each class of accounts and each bucket how large, how many, how long.
//!
//! A policy is built in code or read from a file ([`Policy::from_toml`], feature `toml`), and [checked](Policy::check)
//! before it is used: a policy that contradicts itself is refused as a whole.

mod check;
#[cfg(test)]
mod tests;
#[cfg(feature = "toml")]
mod toml;
mod units;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::PolicyFault;
#[cfg(feature = "toml")]
pub use toml::BadPolicy;
pub use units::{parse_bytes, parse_span, write_bytes, write_span};

use super::Purpose;
use crate::limits::Rate;
use crate::time::Span;

/// The most operator buckets of a policy.
pub const DIRECTORIES: usize = 32;

/// The most files that one bucket of one account may hold.
pub const FILES_PER_BUCKET: u32 = 10_000;

/// The policy of an upload service.
///
/// ```
/// use xmpp_machines::retention::{Keep, Policy, Purpose};
/// use xmpp_machines::time::Span;
///
/// let mut policy = Policy::default();
/// let message = policy.classes[0].bucket_mut(Purpose::Message);
/// message.keep = Keep::For(Span::from_days(14));
/// assert!(policy.check().is_empty());
///
/// policy.classes[0].bucket_mut(Purpose::Message).soft = u64::MAX;
/// let fault = policy.check().remove(0);
/// assert_eq!(fault.to_string(), "class.everybody.message.soft: more than hard (1 GiB): eviction would never stop there");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Bytes that all files and open slots may take together.
    pub hard: u64,
    /// Down to how many bytes files are evicted when `hard` is reached.
    pub soft: u64,
    /// How long a granted slot waits for its PUT. XEP-0363 recommends about 300 s.
    pub slot_for: Span,
    /// How much longer a file lives at least, when a change of policy shortens its life.
    pub notice: Span,
    /// How long a deleted file is remembered, to answer 410 instead of 404.
    pub tombstone_for: Span,
    /// How long a profile file lives after the last item that referred to it is gone.
    pub profile_grace: Span,
    /// How long a profile file may wait for its first reference. After that it lives as a message's file does.
    pub profile_unused: Span,
    /// Whether the host reports which items refer to files. Without it a profile file lives `keep` after it was last
    /// read.
    pub references: bool,
    /// Whether `<profile/>` is taken as `<message/>` where profile files are not offered, for old clients. Else the
    /// request is refused, so that nothing is promised that is not kept.
    pub downgrade_profile: bool,
    /// Whether uploads are items of the directory `/uploaded` (XEP-0498), and can be deleted there.
    pub uploaded_node: bool,
    /// How long backups live: a deletion does not reach them. `None` says that this is unknown.
    pub backups: Option<Backups>,
    /// Whether files are encrypted where they are stored.
    pub encrypted_at_rest: bool,
    /// Buckets that the operator adds to the four purposes, by the name of their directory.
    pub directories: BTreeMap<String, Purpose>,
    /// Who may upload. The first class that an account is in counts; whoever is in none may not.
    pub classes: Vec<Class>,
}

/// How long backups live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backups {
    /// There are none.
    Never,
    /// That long.
    For(Span),
    /// For ever.
    Infinite,
}

/// A class of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Everybody is in it.
    pub everybody: bool,
    /// Accounts of these domains are in it.
    pub domains: Vec<String>,
    /// These accounts are in it, bare JIDs.
    pub accounts: Vec<String>,
    /// Bytes of one account over all its buckets: nobody gets more by asking for another purpose.
    pub hard: u64,
    /// The four purposes. That of messages is always on.
    pub purposes: [Bucket; 4],
    /// The operator's buckets that are open to this class.
    pub directories: BTreeMap<String, Bucket>,
}

/// What one account may have in one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Whether it is offered.
    pub enabled: bool,
    /// Bytes of one file.
    pub max_file: u64,
    /// Bytes of all files and open slots together. Never exceeded after a PUT.
    pub hard: u64,
    /// Down to how many bytes files are evicted when `hard` would be exceeded.
    pub soft: u64,
    /// Files and open slots.
    pub max_files: u32,
    /// How long a file is kept.
    pub keep: Keep,
    /// How old a file must be before it can be evicted.
    pub min_age: Span,
    /// Content types that are taken: `image/png`, `image/*`, `*/*`.
    pub types: Vec<String>,
    /// How many slots are granted.
    pub rate: Rate,
    /// Whether old files make room for new ones. Else a full bucket refuses.
    pub evict: bool,
    /// Under global pressure, buckets of one purpose with a lower number lose files first.
    pub priority: u8,
}

/// How long a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// That long.
    For(Span),
    /// Until somebody deletes it.
    Infinite,
}

/// A bucket: one of the four purposes, or one of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketName<'a> {
    /// The bucket of a purpose.
    Of(Purpose),
    /// An operator's bucket, by the name of its directory.
    Directory(&'a str),
}

impl Class {
    /// A class of that name which nobody is in yet, with the buckets of [`Policy::default`].
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            everybody: false,
            domains: Vec::new(),
            accounts: Vec::new(),
            hard: 2 * GIB,
            purposes: Purpose::ALL.map(Bucket::of),
            directories: BTreeMap::new(),
        }
    }

    /// The bucket of a purpose.
    #[must_use]
    pub const fn bucket(&self, purpose: Purpose) -> &Bucket {
        &self.purposes[purpose.index()]
    }

    /// The bucket of a purpose, to change it.
    pub const fn bucket_mut(&mut self, purpose: Purpose) -> &mut Bucket {
        &mut self.purposes[purpose.index()]
    }

    /// Whether an account is in this class.
    #[must_use]
    pub fn holds(&self, account: &str) -> bool {
        let domain = account.split_once('@').map_or(account, |(_, domain)| domain);
        self.everybody || self.accounts.iter().any(|a| a == account) || self.domains.iter().any(|d| d == domain)
    }
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

impl Bucket {
    /// What a purpose has if nothing else is said.
    #[must_use]
    pub fn of(purpose: Purpose) -> Self {
        let day = Span::from_days(1);
        let any = || vec!["*/*".to_owned()];
        let message = Self {
            enabled: true,
            max_file: 100 * MIB,
            hard: GIB,
            soft: 800 * MIB,
            max_files: FILES_PER_BUCKET,
            keep: Keep::For(Span::from_days(30)),
            min_age: day,
            types: any(),
            rate: Rate::per(100, Span::from_hours(1)),
            evict: true,
            priority: 0,
        };
        match purpose {
            Purpose::Message => message,
            Purpose::Ephemeral => Self { hard: 512 * MIB, soft: 400 * MIB, ..message },
            Purpose::Profile => Self {
                max_file: MIB,
                hard: 10 * MIB,
                soft: 8 * MIB,
                max_files: 50,
                keep: Keep::For(Span::from_days(730)),
                types: vec!["image/*".to_owned()],
                rate: Rate::per(10, Span::from_hours(1)),
                ..message
            },
            Purpose::Permanent => Self {
                enabled: false,
                max_file: 10 * MIB,
                hard: 100 * MIB,
                soft: 100 * MIB,
                max_files: 1000,
                keep: Keep::Infinite,
                evict: false,
                ..message
            },
        }
    }

    /// Whether files of that content type are taken. Parameters and case do not count; none at all is
    /// `application/octet-stream`.
    #[must_use]
    pub fn takes(&self, content_type: Option<&str>) -> bool {
        let text = content_type.unwrap_or(OCTETS);
        let text = text.split(';').next().unwrap_or_default().trim();
        let Some((main, sub)) = text.split_once('/').filter(|(main, sub)| !main.is_empty() && !sub.is_empty()) else {
            return false;
        };
        self.types.iter().any(|allowed| {
            allowed.split_once('/').is_some_and(|(a, b)| {
                (a == "*" || a.eq_ignore_ascii_case(main)) && (b == "*" || b.eq_ignore_ascii_case(sub))
            })
        })
    }
}

/// The content type of bytes of which nothing is known, and of everything that is encrypted end to end.
pub(crate) const OCTETS: &str = "application/octet-stream";

impl Default for Policy {
    /// A gigabyte for 30 days to everybody, avatars as long as they are used, nothing permanent, 100 GiB in all.
    fn default() -> Self {
        Self {
            hard: 100 * GIB,
            soft: 90 * GIB,
            slot_for: Span::from_secs(300),
            notice: Span::from_days(7),
            tombstone_for: Span::from_days(30),
            profile_grace: Span::from_days(30),
            profile_unused: Span::from_days(1),
            references: false,
            downgrade_profile: false,
            uploaded_node: false,
            backups: None,
            encrypted_at_rest: false,
            directories: BTreeMap::new(),
            classes: vec![Class { everybody: true, ..Class::new("everybody") }],
        }
    }
}

impl Policy {
    /// The class that an account is in, by its bare JID.
    #[must_use]
    pub fn class_of(&self, account: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.holds(account))
    }

    /// The class of that name.
    #[must_use]
    pub fn class_named(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// How long data lives at the longest, over all buckets that are offered to anybody.
    #[must_use]
    pub fn longest(&self) -> Keep {
        let mut longest = Span::ZERO;
        for class in &self.classes {
            for (name, bucket) in self.buckets(class).filter(|(_, bucket)| bucket.enabled) {
                match (self.purpose(name), bucket.keep) {
                    // A profile file lives while it is used.
                    (Purpose::Profile, _) | (_, Keep::Infinite) => return Keep::Infinite,
                    (_, Keep::For(span)) => longest = longest.max(span),
                }
            }
        }
        Keep::For(longest)
    }

    /// The purpose of a bucket.
    #[must_use]
    pub fn purpose(&self, name: BucketName<'_>) -> Purpose {
        match name {
            BucketName::Of(purpose) => purpose,
            BucketName::Directory(name) => self.directories.get(name).copied().unwrap_or_default(),
        }
    }

    /// The buckets of a class: the purposes, then the operator's by name.
    pub fn buckets<'a>(&'a self, class: &'a Class) -> impl Iterator<Item = (BucketName<'a>, &'a Bucket)> {
        let purposes = Purpose::ALL.into_iter().zip(&class.purposes).map(|(p, bucket)| (BucketName::Of(p), bucket));
        purposes.chain(class.directories.iter().map(|(name, bucket)| (BucketName::Directory(name.as_str()), bucket)))
    }
}

impl core::fmt::Display for BucketName<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Of(purpose) => purpose.as_str(),
            Self::Directory(name) => name,
        })
    }
}
