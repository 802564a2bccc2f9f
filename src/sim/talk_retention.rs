//! Random histories of an upload service: for the laws, by property test and by fuzzing. A model that knows nothing but
//! what was asked and ordered watches that no quota is exceeded, that nothing goes that must not, and that nothing is
//! served after its end.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::Bench;
use super::choice::one_of;
use super::laws::{self, Bounds, Moment};
use super::transcript::Line;
use super::vectors::{START, Shelves, UPLOADS, policy_of_vectors};
use super::xml::Tree;
use crate::codec::Reader;
use crate::limits::{Rate, RetentionLimits};
use crate::ns;
use crate::retention::{Input, Keep, Order, Policy, Purpose, Reason, Reference, Service, ServiceConfig, SlotId, Which};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// Actions of one call: a sweep of all that there may be, and a word for each.
const ACTIONS: usize = 1024;

/// Deeds of one history that is read from bytes.
const LONGEST: usize = 120;

/// The accounts. The last may not upload.
pub const OWNERS: [&str; 5] =
    ["ann@tea.example", "ben@oak.example", "cid@fig.example", "dee@elm.example", "eve@ash.example"];

/// One thing that happens. Every value of every field is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Milliseconds since the deed before.
    pub after: u64,
    /// Who.
    pub person: u8,
    /// What.
    pub what: u8,
    /// Which slot, of those that were granted.
    pub which: u8,
    /// How large.
    pub size: u8,
    /// How, where there are several ways.
    pub how: u8,
}

impl Deed {
    /// Deeds that are read from bytes, for fuzzing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let deeds = bytes.as_chunks::<7>().0.iter().take(LONGEST);
        deeds
            .map(|&[long, after, person, what, which, size, how]| Self {
                // From a millisecond to some eighty years.
                after: u64::from(after) << (long % 36),
                person,
                what,
                which,
                size,
                how,
            })
            .collect()
    }
}

/// The policy of these histories: as that of the vectors, with everything on, and files that grow old within a minute.
#[must_use]
pub fn policy(how: u8) -> Policy {
    let mut policy = policy_of_vectors();
    (policy.hard, policy.soft, policy.uploaded_node) = (400, 350, true);
    policy.references = how & 1 == 0;
    for class in &mut policy.classes {
        let purposes = class.purposes.iter_mut().chain(class.directories.values_mut());
        for bucket in purposes {
            bucket.min_age = Span::from_secs(60);
            bucket.rate = Rate::per(60, Span::from_hours(1));
        }
    }
    let member = &mut policy.classes[0];
    member.bucket_mut(Purpose::Permanent).enabled = how & 4 == 0;
    member.bucket_mut(Purpose::Profile).enabled = how & 8 == 0;
    if how & 16 != 0 {
        let message = member.bucket_mut(Purpose::Message);
        (message.max_file, message.hard, message.soft) = (40, 60, 50);
        message.keep = Keep::For(Span::from_days(1));
    }
    if how & 32 != 0 {
        policy.hard = 250;
        policy.soft = 240;
    }
    if how & 64 != 0 {
        member.directories.clear();
        policy.directories.clear();
    }
    policy
}

/// Small limits, so that a short history meets them.
#[must_use]
pub fn limits() -> RetentionLimits {
    RetentionLimits { open_slots: 4, references: 3, tombstones: 20, forget: 3, ..RetentionLimits::default() }
}

/// The service of these histories.
///
/// # Panics
/// Never: its policy can be kept.
#[must_use]
#[expect(clippy::expect_used, reason = "a policy of this file")]
pub fn service() -> Service {
    let config = ServiceConfig::new(UPLOADS, "https://up.example/", Seed::new([3; 32]));
    Service::new(config, policy(0), limits(), Seed::new([7; 32])).expect("the policy can be kept")
}

/// A slot as its client knows it.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    pass: String,
    owner: &'static str,
    name: String,
    size: u64,
    bucket: String,
    expire_before: Option<Time>,
}

/// A file as the model knows it.
#[derive(Clone, Debug)]
struct Stored {
    owner: String,
    bucket: String,
    size: u64,
    expire_before: Option<Time>,
    pinned: bool,
    /// Its own item expires.
    linked: bool,
    references: BTreeSet<Reference>,
}

/// What came of a history.
#[derive(Debug)]
pub struct History {
    /// Everything that went in, and every wake.
    pub journal: Vec<Moment<Input>>,
    /// What was ordered, in order, and when at the latest.
    pub orders: Vec<(Time, Order)>,
    /// The service as it was left.
    pub service: Service,
}

/// The world around a service.
struct World {
    bench: Bench<Service, Shelves>,
    now: Time,
    slots: Vec<Known>,
    files: BTreeMap<SlotId, Stored>,
    orders: Vec<(Time, Order)>,
}

impl World {
    fn act(&mut self, deed: &Deed) -> Result<(), String> {
        self.now = Time::from_millis(self.now.millis().saturating_add(deed.after));
        // What falls due before it happens before it.
        self.bench.pass(self.now).map_err(|restless| restless.to_string())?;
        self.heard()?;
        let owner = OWNERS.get(usize::from(deed.person) % OWNERS.len()).copied().unwrap_or(OWNERS[0]);
        // Of the latest slots, which are the likeliest to be open.
        let back = usize::from(deed.which % 6) + 1;
        let known = self.slots.len().checked_sub(back).and_then(|at| self.slots.get(at)).cloned();
        let text: Box<str> = known.as_ref().map_or("aaaaaaaaaaaaaaaaaaaaaaaaaa", |known| known.id.as_str()).into();
        let slot = SlotId::parse(&text).ok_or("a slot is no slot")?;
        let by = Reference {
            account: known.as_ref().filter(|_| deed.how & 3 != 0).map_or(owner, |known| known.owner).into(),
            node: "n".into(),
            item: format!("i{}", deed.size % 5).into(),
        };
        let token = if deed.how % 16 == 15 { 2 } else { 1 };
        let size = known.as_ref().map_or(1, |known| known.size);
        let input = match deed.what % 32 {
            0..=2 => return self.request(owner, deed),
            3..=11 => return self.upload(owner, deed),
            12..=14 => Input::Put {
                token,
                slot: text,
                authorization: known.filter(|_| deed.how & 7 != 0).map(|known| known.pass.into()),
                length: [Some(size), None, Some(size + 1)]
                    .get(usize::from(deed.how) % 16)
                    .copied()
                    .unwrap_or(Some(size)),
                content_type: None,
            },
            15..=17 => Input::Stored { token, slot, bytes: size + u64::from(deed.how & 7 == 0) },
            18 => Input::Failed { slot },
            19 | 20 => Input::Get { token, slot: text },
            21 => {
                let which = if deed.how & 1 == 0 {
                    Which::Slot(text)
                } else {
                    let item = known.map_or_else(String::new, |known| known.name);
                    Which::Item { node: ns::FILE_SHARING_UPLOADED.into(), item: item.into() }
                };
                Input::Retract { token, account: owner.into(), which }
            }
            22 | 23 => Input::Referenced { slot: text, by },
            24 => Input::Unreferenced { slot: text, by },
            25 => {
                let item_expire = (deed.how & 3 != 0).then(|| Span::from_mins(u64::from(deed.size)));
                Input::Linked { slot, published: self.now, item_expire }
            }
            26 => Input::Pin { slot, on: deed.how & 1 == 0 },
            27 => Input::Remove { slot },
            28 if deed.how & 3 == 0 => Input::AccountRemoved { account: owner.into() },
            29 => {
                let class = [Some("member".into()), Some("guest".into()), None];
                Input::Class { account: owner.into(), class: one_of(&class, deed.how).cloned().flatten() }
            }
            30 => Input::Policy(Box::new(policy(deed.how))),
            _ => {
                let text = format!(
                    "<iq type='get' id='i' from='{owner}/x' to='{UPLOADS}'>\
                     <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
                );
                return self.give(stanza(&text)?).map(drop);
            }
        };
        self.watch(&input);
        self.give(input).map(drop)
    }

    /// A whole upload in one moment.
    fn upload(&mut self, owner: &'static str, deed: &Deed) -> Result<(), String> {
        let before = self.slots.len();
        self.request(owner, deed)?;
        let Some(known) = self.slots.get(before).cloned() else { return Ok(()) };
        let slot = SlotId::parse(&known.id).ok_or("a slot is no slot")?;
        let (length, authorization) = (Some(known.size), Some(known.pass.into()));
        self.give(Input::Put { token: 1, slot: slot.text(), authorization, length, content_type: None })?;
        self.give(Input::Stored { token: 1, slot, bytes: known.size }).map(drop)
    }

    /// Notes what the model must know, before it happens.
    fn watch(&mut self, input: &Input) {
        match input {
            Input::Pin { slot, on } => {
                if let Some(file) = self.files.get_mut(slot) {
                    file.pinned = *on;
                }
            }
            Input::Referenced { slot, by } => {
                let file = SlotId::parse(slot).and_then(|slot| self.files.get_mut(&slot));
                if let Some(file) = file.filter(|file| file.owner == *by.account && file.references.len() < 3) {
                    file.references.insert(by.clone());
                }
            }
            Input::Linked { slot, item_expire: Some(_), .. } => {
                if let Some(file) = self.files.get_mut(slot) {
                    file.linked = true;
                }
            }
            Input::Unreferenced { slot, by } => {
                if let Some(file) = SlotId::parse(slot).and_then(|slot| self.files.get_mut(&slot)) {
                    file.references.remove(by);
                }
            }
            _ => {}
        }
    }

    fn request(&mut self, owner: &'static str, deed: &Deed) -> Result<(), String> {
        // Far beyond the end of any bucket, and within it.
        let expire = match deed.which % 4 {
            0 => Time::from_millis(253_402_300_799_000),
            more => self.now.plus(Span::from_hours(u64::from(more) * 5)),
        };
        let ephemeral = format!("<ephemeral xmlns='{}' expire-before='{expire}'/>", ns::UPLOAD_PURPOSE);
        let purpose = |name: &str| format!("<{name} xmlns='{}'/>", ns::UPLOAD_PURPOSE);
        let stories = format!("{ephemeral}<bucket xmlns='{}' name='stories'/>", ns::RETENTION);
        let (bucket, child) = match deed.how % 8 {
            0 => ("profile", purpose("profile")),
            1 => ("ephemeral", ephemeral.clone()),
            2 => ("permanent", purpose("permanent")),
            3 => ("stories", stories),
            4 => ("", purpose("heirloom")),
            _ => ("message", String::new()),
        };
        let size = match deed.size {
            255 => u64::MAX,
            size => u64::from(size % 64),
        };
        let name = format!("f{}.png", deed.size % 3);
        let text = format!(
            "<iq type='get' id='r' from='{owner}/x' to='{UPLOADS}'><request xmlns='{}' filename='{name}' size='{size}' \
             content-type='image/png'>{child}</request></iq>",
            ns::UPLOAD
        );
        let lines = self.give(stanza(&text)?)?;
        for line in lines {
            let (Line::Send { stanza, .. }, expire_before) =
                (line, (child.contains("expire-before")).then_some(expire))
            else {
                continue;
            };
            let Some((id, pass)) = granted(&stanza) else { continue };
            let (name, bucket) = (name.clone(), bucket.to_owned());
            self.slots.push(Known { id, pass, owner, name, size, bucket, expire_before });
        }
        Ok(())
    }

    fn give(&mut self, input: Input) -> Result<Vec<Line>, String> {
        let done = self.bench.handle(self.now, input).map_err(|restless| restless.to_string())?;
        // The host of these histories names classes that a policy may have lost.
        if let Err(misuse) = done {
            return Err(format!("misuse: {misuse}"));
        }
        self.heard()?;
        Ok(self.bench.take_lines())
    }

    /// What was ordered since somebody listened, judged by the model.
    fn heard(&mut self) -> Result<(), String> {
        let orders = core::mem::take(&mut self.bench.host.orders);
        for (at, order) in orders.iter().enumerate() {
            self.judge(order, orders.get(at + 1..).unwrap_or_default())?;
        }
        self.orders.extend(orders.into_iter().map(|order| (self.now, order)));
        let counted: u64 = self.files.values().map(|file| file.size).sum();
        if counted != self.bench.machine.used() {
            return Err(format!("{counted} bytes are stored; the service counts {}", self.bench.machine.used()));
        }
        Ok(())
    }

    /// What the model thinks of an order, with those that follow it.
    fn judge(&mut self, order: &Order, after: &[Order]) -> Result<(), String> {
        match order {
            Order::Accept { slot, .. } => {
                let known = self.slots.iter().find(|known| known.id == *slot.text());
                let known = known.ok_or("a file of a slot that was never granted")?;
                let file = Stored {
                    owner: known.owner.to_owned(),
                    bucket: known.bucket.clone(),
                    size: known.size,
                    expire_before: known.expire_before,
                    pinned: false,
                    linked: false,
                    references: BTreeSet::new(),
                };
                self.files.insert(*slot, file);
                self.within_quota(*slot)
            }
            Order::Delete { slot, reason, owner, size, .. } => {
                let file = self.files.remove(slot).ok_or("what is not there is deleted")?;
                if *file.owner != **owner || file.size != *size {
                    return Err(format!("{slot} is deleted under another name"));
                }
                let held = file.pinned || !file.references.is_empty() || file.bucket == "permanent";
                let for_whom = after.iter().find_map(|order| match order {
                    Order::Accept { slot, .. } => self.slots.iter().find(|known| known.id == *slot.text()),
                    _ => None,
                });
                let wrong = match reason {
                    Reason::Evicted => {
                        held || for_whom.is_none_or(|new| *new.owner != *file.owner || new.bucket != file.bucket)
                    }
                    Reason::Pressure => held || for_whom.is_none(),
                    Reason::Retracted => file.pinned,
                    Reason::Expired => file.pinned || (file.bucket == "permanent" && !file.linked),
                    _ => false,
                };
                if wrong { Err(format!("{slot} of {} must not go ({reason:?}): {file:?}", file.owner)) } else { Ok(()) }
            }
            Order::Serve { slot, .. } => {
                let file = self.files.get(slot).ok_or("what is not there is served")?;
                let over = file.expire_before.is_some_and(|end| end <= self.now);
                if over { Err(format!("{slot} is served after its end")) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// After a PUT no hard quota is exceeded.
    fn within_quota(&self, slot: SlotId) -> Result<(), String> {
        let policy = self.bench.machine.policy();
        let Some(file) = self.files.get(&slot) else { return Ok(()) };
        let sum = |of: &dyn Fn(&&Stored) -> bool| self.files.values().filter(of).map(|file| file.size).sum::<u64>();
        let all = sum(&|_| true);
        let own = sum(&|other| other.owner == file.owner);
        let bucket = sum(&|other| other.owner == file.owner && other.bucket == file.bucket);
        // Whatever class the account is in, it is none with more than that.
        let most = policy.classes.iter().map(|class| class.hard).max().unwrap_or(0);
        let buckets = policy.classes.iter().flat_map(|class| policy.buckets(class));
        let hard = buckets.filter(|(name, _)| name.to_string() == file.bucket).map(|(_, bucket)| bucket.hard).max();
        if all > policy.hard || own > most || hard.is_some_and(|hard| bucket > hard) {
            return Err(format!("after a PUT: {bucket} in {}, {own} of {}, {all} of all", file.bucket, file.owner));
        }
        Ok(())
    }
}

fn stanza(text: &str) -> Result<Input, String> {
    Reader::one(ns::CLIENT, text.as_bytes()).map(Input::Stanza).map_err(|why| format!("{why}: {text}"))
}

/// The name of a slot that was granted, and its pass.
pub(super) fn granted(stanza: &Tree) -> Option<(String, String)> {
    let put = stanza.children().find(|child| child.name == "slot")?.children().find(|child| child.name == "put")?;
    // After the scheme, nothing, and the host.
    let id = put.attr("url")?.split('/').nth(3)?.to_owned();
    Some((id, put.children().next()?.text()))
}

/// Plays a history.
///
/// # Errors
/// What is wrong, on one line.
pub fn play(deeds: &[Deed]) -> Result<History, String> {
    let bench = Bench::new(service(), Shelves::default(), START);
    let mut world = World { bench, now: START, slots: Vec::new(), files: BTreeMap::new(), orders: Vec::new() };
    for deed in deeds {
        match world.act(deed) {
            // A class that the policy lost is a misuse of the host's.
            Err(what) if what.starts_with("misuse") => {}
            done => done?,
        }
        world.bench.machine.check()?;
    }
    let World { bench, orders, .. } = world;
    Ok(History { journal: bench.journal().to_vec(), orders, service: bench.machine })
}

/// Plays the history, twice, and tries laws 1 to 7 and 9 on it.
///
/// # Errors
/// What is wrong, on one line.
pub fn lawful(deeds: &[Deed], seed: u64) -> Result<(), String> {
    let history = play(deeds)?;
    if play(deeds)?.orders != history.orders {
        return Err("the same history, and other files go".to_owned());
    }
    let bounds = Bounds { actions: ACTIONS, check: |service: &Service| service.check().map_err(str::to_owned) };
    laws::all(service, &history.journal, &bounds, seed).map_err(|broken| broken.to_string())
}

/// The body of a fuzz target: the bytes are a history. Panics if a law is broken, or the model is surprised.
pub fn fuzz(bytes: &[u8]) {
    let Some((seed, deeds)) = bytes.split_first() else { return };
    assert_eq!(lawful(&Deed::from_bytes(deeds), u64::from(*seed)).err(), None, "a service keeps every law");
}

/// The body of a fuzz target: a short history, and damage to the snapshot after it, behind the checksum's back. Panics
/// if what is damaged is loaded and not what a service would write, or if it cannot go on.
pub fn fuzz_snapshot(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let (deeds, damage) = rest.split_at_checked(usize::from(*count % 16) * 7).unwrap_or((rest, &[]));
    let Ok(History { service, journal, .. }) = play(&Deed::from_bytes(deeds)) else { return };
    assert_eq!(laws::survives(&service, damage, journal).err(), None, "only what a service writes is loaded");
}
