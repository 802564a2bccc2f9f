//! An upload service.

use std::collections::BTreeMap;

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::{Builtin, START, Stage, read, set_limit, unknown};
use crate::limits::{Rate, RetentionLimits};
use crate::ns;
use crate::retention::{
    Bucket, Class, Input, Keep, Order, Policy, Purpose, Reason, Reference, Retracted, Service, ServiceConfig, SlotId,
    Which,
};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// The domain of an upload service under test.
pub const UPLOADS: &str = "up.example";

/// The host of an upload service under test: it does nothing and remembers what it was told to do.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    /// What it was told to do since somebody looked.
    pub orders: Vec<Order>,
}

impl Host<Service> for Shelves {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.orders.push(order);
        None
    }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Stanza(stanza) => stanza.element.attr("from").unwrap_or("nobody").to_owned(),
            Self::Put { .. } | Self::Get { .. } => "http".to_owned(),
            _ => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza(stanza) => What::stanza(stanza),
            Self::Policy(_) => What::Text("Policy".to_owned()),
            other => What::Text(format!("{other:?}")),
        }
    }
}

/// The stage of upload services.
#[derive(Clone, Debug, Default)]
pub struct Uploads {
    policy: Policy,
}

/// The policy of the vectors, before a vector changes numbers in it (`retention/PROFILE.md`, The policy of the vectors).
#[must_use]
pub fn policy_of_vectors() -> Policy {
    let bucket = |purpose: Purpose, max_file: u64, hard: u64, soft: u64, keep: Keep| Bucket {
        enabled: purpose != Purpose::Permanent,
        max_file,
        hard,
        soft,
        max_files: 10,
        keep,
        rate: Rate::per(20, Span::from_hours(1)),
        ..Bucket::of(purpose)
    };
    let days = |days| Keep::For(Span::from_days(days));
    let mut member = Class::new("member");
    member.domains = ["tea.example", "oak.example", "fig.example"].map(str::to_owned).to_vec();
    member.hard = 250;
    member.purposes = [
        bucket(Purpose::Message, 60, 100, 80, days(30)),
        bucket(Purpose::Profile, 20, 40, 30, days(730)),
        bucket(Purpose::Ephemeral, 60, 100, 80, days(7)),
        bucket(Purpose::Permanent, 60, 100, 100, Keep::Infinite),
    ];
    member.directories.insert("stories".to_owned(), bucket(Purpose::Ephemeral, 60, 60, 50, days(1)));
    if let Some(stories) = member.directories.get_mut("stories") {
        stories.min_age = Span::from_hours(1);
    }
    let mut guest = Class::new("guest");
    guest.domains = vec!["elm.example".to_owned()];
    guest.hard = 50;
    guest.purposes = Purpose::ALL.map(|purpose| Bucket {
        enabled: purpose == Purpose::Message,
        ..bucket(purpose, 40, 50, 40, if purpose == Purpose::Permanent { Keep::Infinite } else { days(1) })
    });
    guest.purposes[0].min_age = Span::from_hours(1);
    guest.purposes[0].evict = false;
    Policy {
        hard: 1000,
        soft: 900,
        references: true,
        uploaded_node: false,
        directories: [("stories".to_owned(), Purpose::Ephemeral)].into(),
        classes: vec![member, guest],
        ..Policy::default()
    }
}

/// Changes a number of the policy by its name; whether there is one of that name.
fn set(policy: &mut Policy, name: &str, value: u64) -> bool {
    let secs = Span::from_secs(value);
    let on = value != 0;
    match name {
        "hard" => policy.hard = value,
        "soft" => policy.soft = value,
        "slot-for" => policy.slot_for = secs,
        "notice" => policy.notice = secs,
        "tombstone-for" => policy.tombstone_for = secs,
        "references" => policy.references = on,
        "uploaded-node" => policy.uploaded_node = on,
        "downgrade-profile" => policy.downgrade_profile = on,
        "encrypted-at-rest" => policy.encrypted_at_rest = on,
        _ => return set_bucket(policy, name, value),
    }
    true
}

fn set_bucket(policy: &mut Policy, name: &str, value: u64) -> bool {
    let Some(member) = policy.classes.first_mut() else { return false };
    if name == "member-hard" {
        member.hard = value;
        return true;
    }
    let Some((bucket, field)) = name.split_once('-') else { return false };
    let bucket = match Purpose::from_name(bucket) {
        Some(purpose) => Some(member.bucket_mut(purpose)),
        None => member.directories.get_mut(bucket),
    };
    let Some(bucket) = bucket else { return false };
    match field {
        "enabled" => bucket.enabled = value != 0,
        "max-file" => bucket.max_file = value,
        "hard" => bucket.hard = value,
        "soft" => bucket.soft = value,
        "max-files" => bucket.max_files = u32::try_from(value).unwrap_or(u32::MAX),
        "keep" => bucket.keep = Keep::For(Span::from_secs(value)),
        "min-age" => bucket.min_age = Span::from_secs(value),
        "rate" => bucket.rate = Rate::per(u32::try_from(value).unwrap_or(u32::MAX), Span::from_hours(1)),
        "evict" => bucket.evict = value != 0,
        "priority" => bucket.priority = u8::try_from(value).unwrap_or(u8::MAX),
        _ => return false,
    }
    true
}

fn limit(limits: &mut RetentionLimits, name: &str, value: u64) -> Result<(), String> {
    if name == "put-for" {
        limits.put_for = Span::from_secs(value);
        return Ok(());
    }
    set_limit!(limits, name, value;
        numbers name_bytes type_bytes open_slots plan_files sweep references reference_bytes tombstones accounts files
            forget; rates);
    Ok(())
}

impl Stage for Uploads {
    type Machine = Service;
    type Host = Shelves;

    fn set_up(&mut self, vector: &Vector) -> Result<(Service, Shelves), Stop> {
        *self = Self::of_vectors();
        let mut limits = RetentionLimits::default();
        for (name, value) in &vector.limits {
            if !set(&mut self.policy, name, *value) {
                limit(&mut limits, name, *value).map_err(Stop::Fail)?;
            }
        }
        let config = ServiceConfig::new(UPLOADS, "https://up.example/", Seed::new([3; 32]));
        let service = Service::new(config, self.policy.clone(), limits, Seed::new([7; 32]));
        let faults = self.policy.check();
        let service = service.map_err(|misuse| Stop::Fail(format!("{misuse} {faults:?}")))?;
        Ok((service, Shelves::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        if element.ns == ns::RETENTION {
            return self.fact(element).map_err(Stop::Fail);
        }
        let stanza = read::stanza(element)?;
        Ok(Input::Stanza(stanza))
    }

    fn host(&mut self, _: &mut Bench<Service, Shelves>, _: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop> {
        facts.iter().try_for_each(|(name, value)| Err(unknown(name, value)))
    }

    fn ordered(&mut self, host: &mut Shelves) -> Vec<Tree> {
        host.orders.drain(..).map(|order| element(&order)).collect()
    }
}

impl Uploads {
    /// With the policy of the vectors.
    pub(super) fn of_vectors() -> Self {
        Self { policy: policy_of_vectors() }
    }

    /// What an element that is no stanza stands for.
    pub(super) fn fact(&mut self, element: &Tree) -> Result<Input, String> {
        let text = |name: &str| element.attr(name).ok_or_else(|| format!("<{}> without {name}=", element.name));
        let boxed = |name: &str| text(name).map(Into::into);
        let optional = |name: &str| element.attr(name).map(Into::into);
        let number = |name: &str| {
            let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{name}='{text}' is no number"));
            element.attr(name).map(number).transpose()
        };
        let needed = |name: &str| number(name)?.ok_or_else(|| format!("<{}> without {name}=", element.name));
        let slot = || SlotId::parse(text("slot")?).ok_or_else(|| "slot= is no slot".to_owned());
        let token = number("token")?.unwrap_or(0);
        let by =
            || Ok::<_, String>(Reference { account: boxed("account")?, node: boxed("node")?, item: boxed("item")? });
        Ok(match element.name.as_str() {
            "put" => Input::Put {
                token,
                slot: boxed("slot")?,
                authorization: optional("authorization"),
                length: number("length")?,
                content_type: optional("content-type"),
            },
            "stored" => Input::Stored { token, slot: slot()?, bytes: needed("bytes")? },
            "failed" => Input::Failed { slot: slot()? },
            "get" => Input::Get { token, slot: boxed("slot")? },
            "retract" => {
                let which = match element.attr("slot") {
                    Some(slot) => Which::Slot(slot.into()),
                    None => Which::Item { node: boxed("node")?, item: boxed("item")? },
                };
                Input::Retract { token, account: boxed("account")?, which }
            }
            "referenced" => Input::Referenced { slot: boxed("slot")?, by: by()? },
            "unreferenced" => Input::Unreferenced { slot: boxed("slot")?, by: by()? },
            "linked" => Input::Linked {
                slot: slot()?,
                published: Time::from_millis(START.millis().saturating_add(needed("published")?)),
                item_expire: number("item-expire")?.map(Span::from_secs),
            },
            "pin" => Input::Pin { slot: slot()?, on: text("on")? == "yes" },
            "remove" => Input::Remove { slot: slot()? },
            "account-removed" => Input::AccountRemoved { account: boxed("account")? },
            "class" => Input::Class { account: boxed("account")?, class: optional("class") },
            "policy" => {
                for ((_, name), value) in &element.attrs {
                    let number = value.parse().map_err(|_| format!("{name}='{value}' is no number"))?;
                    if !set(&mut self.policy, name, number) {
                        return Err(format!("the policy has no {name}"));
                    }
                }
                Input::Policy(Box::new(self.policy.clone()))
            }
            other => return Err(format!("there is no input <{other}>")),
        })
    }
}

/// An order as an element.
pub(in crate::sim) fn element(order: &Order) -> Tree {
    let make = |name: &str, attrs: &[(&str, String)]| {
        let mut tree = Tree::new(name, ns::RETENTION);
        for (name, value) in attrs {
            tree.set(name, value.clone());
        }
        tree
    };
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    match order {
        Order::Receive { token, slot, size, content_type, until } => make(
            "receive",
            &[
                ("token", token.to_string()),
                ("slot", slot.to_string()),
                ("size", size.to_string()),
                ("content-type", content_type.to_string()),
                ("until", until.to_string()),
            ],
        ),
        Order::Accept { token, slot } => make("accept", &[("token", token.to_string()), ("slot", slot.to_string())]),
        Order::Refuse { token, slot, status } => {
            make("refuse", &[("token", token.to_string()), ("slot", slot.to_string()), ("status", status.to_string())])
        }
        Order::Serve { token, slot, meta } => {
            let mut tree = make(
                "serve",
                &[
                    ("token", token.to_string()),
                    ("slot", slot.to_string()),
                    ("max-age", (meta.max_age.millis() / 1000).to_string()),
                    ("private", yes(meta.private)),
                    ("inline", yes(meta.inline)),
                ],
            );
            if let Some(expires) = meta.expires {
                tree.set("expires", expires.to_string());
            }
            tree
        }
        Order::Delete { slot, owner, name, size, reason } => make(
            "delete",
            &[
                ("slot", slot.to_string()),
                ("owner", owner.to_string()),
                ("name", name.to_string()),
                ("size", size.to_string()),
                ("reason", reason_name(*reason).to_owned()),
            ],
        ),
        Order::Retracted { token, done } => {
            let done = match done {
                Retracted::Done => "done",
                Retracted::NotFound => "item-not-found",
                Retracted::Forbidden => "forbidden",
            };
            make("retracted", &[("token", token.to_string()), ("done", done.to_owned())])
        }
        Order::Publish { account, node, item, file } => make(
            "publish",
            &[
                ("account", account.to_string()),
                ("node", node.to_string()),
                ("item", item.to_string()),
                ("name", file.name.to_string()),
                ("size", file.size.to_string()),
                ("content-type", file.content_type.to_string()),
                ("url", file.url.to_string()),
            ],
        ),
        Order::Unpublish { account, node, item } => make(
            "unpublish",
            &[("account", account.to_string()), ("node", node.to_string()), ("item", item.to_string())],
        ),
    }
}

/// How a reason is called in vectors.
const fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "expired",
        Reason::Evicted => "evicted",
        Reason::Pressure => "pressure",
        Reason::Retracted => "retracted",
        Reason::Removed => "removed",
        Reason::AccountRemoved => "account-removed",
    }
}

/// An upload service of this crate, as vectors test it. Its seed and its secret are public: never run one like it.
#[must_use]
pub fn retention() -> Builtin<Uploads> {
    Builtin::new(Uploads::default())
}
