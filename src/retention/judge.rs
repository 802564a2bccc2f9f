//! Decides, changing nothing: whether a slot is granted, and which files would go for it.
//!
//! For hosts that keep a ledger of their own, all of it is public: [`judge`] takes a policy, a [`Ledger`] and a request,
//! and gives the rule and the verdict.

use super::Purpose;
use super::policy::{Bucket, BucketName, Class, Keep, Policy};
use super::rules::table as rule;
use crate::codec::{Condition, ErrorType};
use crate::limits::{Allowance, RetentionLimits};
use crate::rule::Rule;
use crate::time::{Span, Time};

/// What a client asks for, as it came. Everything that can be wrong with it is a value of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRequest<'a> {
    /// The name of the file; empty where there is none.
    pub name: &'a str,
    /// Its size in bytes. `None` where there is no whole number; more than can be counted is `u64::MAX`.
    pub size: Option<u64>,
    /// Its content type.
    pub content_type: Option<&'a str>,
    /// What it is for.
    pub wish: Wish,
    /// The operator's bucket that it is for.
    pub directory: Option<&'a str>,
}

/// What a request says that the file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: a message.
    Unsaid,
    /// A message.
    Message,
    /// An avatar.
    Profile,
    /// A file that is gone at that moment; `None` where it is missing or no moment.
    Ephemeral(Option<Time>),
    /// A file that stays.
    Permanent,
    /// More than one.
    Several,
    /// One that nobody knows.
    Unknown,
}

/// What one owner has, as far as a decision needs to know. Bytes of open slots count, less what is planned for them.
pub trait Ledger {
    /// Bytes and files of the owner in a bucket.
    fn bucket(&self, bucket: BucketName<'_>) -> (u64, u64);
    /// Bytes of the owner in all buckets.
    fn account(&self) -> u64;
    /// Bytes of everybody.
    fn service(&self) -> u64;
    /// Whether the service takes any more files and accounts.
    fn full(&self) -> bool;
    /// How many slots of the owner are open, and when the first of them ends.
    fn open(&self) -> (usize, Option<Time>);
    /// What is left of the rate of a bucket.
    fn allowance(&self, bucket: BucketName<'_>) -> Allowance;
    /// The earliest deadline of the owner's files in a bucket.
    fn first_deadline(&self, bucket: BucketName<'_>) -> Option<Time>;
    /// Shows the owner's files in a bucket from the oldest on, until `more` is `false`: those that are neither pinned
    /// nor referenced nor planned for another slot.
    fn oldest(&self, bucket: BucketName<'_>, more: &mut dyn FnMut(Candidate) -> bool);
    /// Shows the files of everybody that may go when the service is full, in the order of rule E4, until `more` is
    /// `false`.
    fn pressed(&self, now: Time, more: &mut dyn FnMut(Candidate) -> bool);
}

/// A file that may have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What the ledger knows it by.
    pub file: u64,
    /// Its size.
    pub size: u64,
    /// When it was stored.
    pub stored: Time,
}

/// What is decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is granted.
    Grant(Grant),
    /// It is refused.
    Deny(Denial),
}

/// A slot that is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The purpose that counts.
    pub purpose: Purpose,
    /// The operator's bucket, if it is one.
    pub directory: Option<String>,
    /// When an ephemeral file is gone, whatever else happens.
    pub expire_before: Option<Time>,
    /// What goes when the file is stored.
    pub plan: Plan,
}

/// Which files go for a new one, in this order, and how far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The files: first `own` of the same bucket, then those of others.
    pub files: Vec<Candidate>,
    /// How many are of the same owner and bucket.
    pub own: usize,
    /// Nothing more goes when the bucket holds no more than this.
    pub bucket_target: u64,
    /// Nothing more of others goes when the service holds no more than this.
    pub service_target: u64,
}

/// Why a slot is refused, as XEP-0363 says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The type of the error.
    pub type_: ErrorType,
    /// Its condition.
    pub condition: Condition,
    /// How large a file may be.
    pub max_file_size: Option<u64>,
    /// When to ask again.
    pub retry: Option<Time>,
}

impl Denial {
    const fn of(type_: ErrorType, condition: Condition) -> Self {
        Self { type_, condition, max_file_size: None, retry: None }
    }

    const BAD_REQUEST: Self = Self::of(ErrorType::Modify, Condition::BadRequest);
    const FORBIDDEN: Self = Self::of(ErrorType::Auth, Condition::Forbidden);
    const NOT_ACCEPTABLE: Self = Self::of(ErrorType::Modify, Condition::NotAcceptable);
    const NOT_OFFERED: Self = Self::of(ErrorType::Cancel, Condition::FeatureNotImplemented);
    const WAIT: Self = Self::of(ErrorType::Wait, Condition::ResourceConstraint);

    const fn too_large(max: u64) -> Self {
        Self { max_file_size: Some(max), ..Self::NOT_ACCEPTABLE }
    }

    fn until(retry: Option<Time>) -> Self {
        // The end of time is no moment to come back at.
        let retry = match retry {
            Some(at) if at.millis() < u64::MAX => Some(at),
            _ => None,
        };
        Self { retry, ..Self::WAIT }
    }
}

/// Where a request does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// In the quota of its owner.
    Owner,
    /// In the service.
    Service,
}

/// Decides about a request, in the order of rules S1 to S16.
///
/// `class` is the class that the owner is in, of `policy`. Nothing is changed: a ledger that takes the grant reserves
/// its size, counts the slot against the rate, and keeps the planned files for it.
#[must_use]
pub fn judge(
    policy: &Policy,
    limits: &RetentionLimits,
    class: Option<&Class>,
    ledger: &dyn Ledger,
    request: &SlotRequest<'_>,
    now: Time,
) -> (Rule, Verdict) {
    match decide(policy, limits, class, ledger, request, now) {
        Ok((why, grant)) => (why, Verdict::Grant(grant)),
        Err((why, denial)) => (why, Verdict::Deny(denial)),
    }
}

type Decided<T> = Result<T, (Rule, Denial)>;

fn decide(
    policy: &Policy,
    limits: &RetentionLimits,
    class: Option<&Class>,
    ledger: &dyn Ledger,
    request: &SlotRequest<'_>,
    now: Time,
) -> Decided<(Rule, Grant)> {
    let class = class.ok_or((rule::S1, Denial::FORBIDDEN))?;
    if !is_name(request.name, limits) {
        return Err((rule::S2, Denial::BAD_REQUEST));
    }
    let size = request.size.filter(|size| *size > 0).ok_or((rule::S3, Denial::BAD_REQUEST))?;
    let (purpose, downgraded) = purpose(policy, class, request)?;
    let (name, bucket) = bucket(policy, class, request, purpose)?;
    let expire_before = expire_before(policy, request, purpose, now)?;
    // A policy that was checked has no file that is larger than a quota; one that was not may.
    let most = bucket.max_file.min(bucket.hard).min(class.hard).min(policy.hard);
    if size > most {
        return Err((rule::S8, Denial::too_large(most)));
    }
    let long = request.content_type.is_some_and(|text| text.len() > limits.type_bytes);
    if long || !bucket.takes(request.content_type) {
        return Err((rule::S9, Denial::NOT_ACCEPTABLE));
    }
    let allowance = ledger.allowance(name);
    if !allowance.allows(bucket.rate, now) {
        return Err((rule::S10, Denial::until(Some(allowance.free_at(bucket.rate, now)))));
    }
    let (open, first) = ledger.open();
    if open >= limits.open_slots {
        return Err((rule::S12, Denial::until(first)));
    }
    if ledger.full() {
        return Err((rule::S16, Denial::WAIT));
    }
    let plan = fit(policy, limits, class, bucket, name, ledger, size, now).map_err(|unfit| match unfit {
        Unfit::Owner => (rule::S15, Denial::until(ledger.first_deadline(name))),
        Unfit::Service => (rule::S16, Denial::WAIT),
    })?;
    let directory = match name {
        BucketName::Of(_) => None,
        BucketName::Directory(name) => Some(name.to_owned()),
    };
    let why = match (plan.files.is_empty(), downgraded) {
        (_, true) => rule::S21,
        (true, false) => rule::S13,
        (false, false) => rule::S14,
    };
    Ok((why, Grant { purpose, directory, expire_before, plan }))
}

/// Whether a file may be called that.
fn is_name(name: &str, limits: &RetentionLimits) -> bool {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    !name.is_empty() && name.len() <= limits.name_bytes && name != "." && name != ".." && !name.contains(bad)
}

/// The purpose that counts, and whether it is less than was asked for (S4, S5, S21).
fn purpose(policy: &Policy, class: &Class, request: &SlotRequest<'_>) -> Decided<(Purpose, bool)> {
    let wanted = match request.wish {
        Wish::Several => return Err((rule::S4, Denial::BAD_REQUEST)),
        Wish::Unknown => return Err((rule::S5, Denial::NOT_OFFERED)),
        // A bucket of the operator's says by itself what it is for.
        Wish::Unsaid => request.directory.and_then(|name| policy.directories.get(name)).copied().unwrap_or_default(),
        Wish::Message => Purpose::Message,
        Wish::Profile => Purpose::Profile,
        Wish::Ephemeral(_) => Purpose::Ephemeral,
        Wish::Permanent => Purpose::Permanent,
    };
    let downgrade = wanted == Purpose::Profile
        && policy.downgrade_profile
        && request.directory.is_none()
        && !class.bucket(wanted).enabled;
    Ok(if downgrade { (Purpose::Message, true) } else { (wanted, false) })
}

/// The bucket (S5).
fn bucket<'a>(
    policy: &'a Policy,
    class: &'a Class,
    request: &SlotRequest<'a>,
    purpose: Purpose,
) -> Decided<(BucketName<'a>, &'a Bucket)> {
    let found = match request.directory {
        None => Some((BucketName::Of(purpose), class.bucket(purpose))),
        Some(name) => {
            let of_purpose = policy.directories.get(name) == Some(&purpose);
            class.directories.get(name).filter(|_| of_purpose).map(|bucket| (BucketName::Directory(name), bucket))
        }
    };
    found.filter(|(_, bucket)| bucket.enabled).ok_or((rule::S5, Denial::NOT_OFFERED))
}

/// The moment at which an ephemeral file is gone (S6, S7).
fn expire_before(policy: &Policy, request: &SlotRequest<'_>, purpose: Purpose, now: Time) -> Decided<Option<Time>> {
    if purpose != Purpose::Ephemeral {
        return Ok(None);
    }
    let Wish::Ephemeral(Some(at)) = request.wish else { return Err((rule::S6, Denial::BAD_REQUEST)) };
    if at <= now.plus(policy.slot_for) {
        return Err((rule::S7, Denial::NOT_ACCEPTABLE));
    }
    Ok(Some(at))
}

/// What must go so that `size` more bytes fit: nothing, old files, or it cannot be done (E2, E4).
///
/// # Errors
/// [`Unfit`]: where it does not fit, whatever went.
#[expect(clippy::too_many_arguments, reason = "each is another thing, and all of them are read")]
pub fn fit(
    policy: &Policy,
    limits: &RetentionLimits,
    class: &Class,
    bucket: &Bucket,
    name: BucketName<'_>,
    ledger: &dyn Ledger,
    size: u64,
    now: Time,
) -> Result<Plan, Unfit> {
    let target = |would: u64, soft: u64, hard: u64| if would > hard && size <= soft { soft } else { hard };
    let (bytes, files) = ledger.bucket(name);
    let would = bytes.saturating_add(size);
    let account = ledger.account().saturating_add(size);
    let service = ledger.service().saturating_add(size);
    let mut plan = Plan {
        bucket_target: target(would, bucket.soft, bucket.hard),
        service_target: target(service, policy.soft, policy.hard),
        ..Plan::default()
    };
    let most = u64::from(bucket.max_files);
    let fits = |plan: &Plan, freed: u64, bytes: u64| {
        let left = files.saturating_sub(plan.files.len() as u64);
        would.saturating_sub(freed) <= bytes && account.saturating_sub(freed) <= class.hard && left < most
    };
    let mut freed = 0_u64;
    if !fits(&plan, 0, bucket.hard) {
        if bucket.evict {
            let done = plan.bucket_target;
            ledger.oldest(name, &mut |file| {
                let old = file.stored.plus(bucket.min_age) <= now;
                if !old || plan.files.len() >= limits.plan_files || fits(&plan, freed, done) {
                    return false;
                }
                freed = freed.saturating_add(file.size);
                plan.files.push(file);
                true
            });
        }
        if !fits(&plan, freed, bucket.hard) {
            return Err(Unfit::Owner);
        }
    }
    plan.own = plan.files.len();
    let left = |freed: u64| service.saturating_sub(freed);
    if left(freed) > policy.hard {
        let target = plan.service_target;
        ledger.pressed(now, &mut |file| {
            if left(freed) <= target || plan.files.len() >= limits.plan_files {
                return false;
            }
            if !plan.files[..plan.own].iter().any(|own| own.file == file.file) {
                freed = freed.saturating_add(file.size);
                plan.files.push(file);
            }
            true
        });
        if left(freed) > policy.hard {
            return Err(Unfit::Service);
        }
    }
    Ok(plan)
}

/// When a new file goes, and by which rule; `None` is never (D1 to D7).
///
/// `granted` is when its slot was granted, `stored` when its PUT ended.
#[must_use]
pub fn deadline(
    policy: &Policy,
    class: &Class,
    bucket: &Bucket,
    purpose: Purpose,
    expire_before: Option<Time>,
    (granted, stored): (Time, Time),
) -> (Rule, Option<Time>) {
    let after = |start: Time, keep: Keep| match keep {
        Keep::Infinite => None,
        Keep::For(span) => Some(start.plus(span)),
    };
    match purpose {
        Purpose::Message => (rule::D1, after(stored, bucket.keep)),
        Purpose::Ephemeral => {
            let kept = after(granted, bucket.keep).into_iter().chain(expire_before).min();
            (rule::D2, kept)
        }
        Purpose::Profile if policy.references => {
            let unused = |span: Span| Some(stored.plus(span.max(policy.profile_unused)));
            match class.bucket(Purpose::Message).keep {
                Keep::Infinite => (rule::D5, None),
                Keep::For(span) => (rule::D5, unused(span)),
            }
        }
        Purpose::Profile => (rule::D6, after(stored, bucket.keep)),
        Purpose::Permanent => (rule::D7, None),
    }
}
