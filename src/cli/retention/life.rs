//! Plays a history on an upload service and keeps the life of each file: what was decided about it, when, by which rule.

use std::collections::BTreeMap;

use xmpp_machines::codec::{Reader, Stanza, Writer};
use xmpp_machines::limits::RetentionLimits;
use xmpp_machines::retention::{
    Input, Notice, Order, Policy, Purpose, Reason, Reference, Retracted, Service, ServiceConfig, SlotId, Which,
};
use xmpp_machines::seed::Seed;
use xmpp_machines::{Action, Machine, Rule, Time, ns};

use super::events::{BadLine, Event, Upload, What};

/// One thing that was decided.
pub(super) struct Entry {
    pub(super) at: Time,
    pub(super) why: Rule,
    pub(super) what: String,
}

/// The life of a file.
pub(super) struct Life {
    pub(super) label: String,
    pub(super) owner: String,
    pub(super) bucket: String,
    pub(super) purpose: Purpose,
    pub(super) size: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) stored: Option<Time>,
    pub(super) ended: Option<(Time, Reason)>,
    /// The deadlines that it had, each from when on.
    pub(super) deadlines: Vec<(Time, Option<Time>)>,
}

/// What came of a history.
pub(super) struct Story {
    pub(super) policy: Policy,
    pub(super) lives: Vec<Life>,
    pub(super) start: Time,
    pub(super) end: Time,
    /// The rules that decided, each once.
    pub(super) rules: Vec<Rule>,
}

/// Plays a history.
pub(super) fn play(policy: Policy, events: &[Event]) -> Result<Story, BadLine> {
    let start = events.first().map_or(Time::EPOCH, |event| event.at);
    let config = ServiceConfig::new("up.example", "https://up.example/", Seed::new([3; 32]));
    let service = Service::new(config, policy.clone(), RetentionLimits::default(), Seed::new([7; 32]));
    let service = service.map_err(|misuse| BadLine { line: 1, what: misuse.to_string() })?;
    let story = Story { policy, lives: Vec::new(), start, end: start, rules: Vec::new() };
    let mut player = Player { service, story, by_label: BTreeMap::new(), by_slot: BTreeMap::new(), current: None };
    for event in events {
        player.pass(event.at);
        player.story.end = event.at;
        player.act(event).map_err(|what| BadLine { line: event.line, what })?;
    }
    Ok(player.story)
}

struct Player {
    service: Service,
    story: Story,
    by_label: BTreeMap<String, usize>,
    by_slot: BTreeMap<SlotId, usize>,
    /// The file that is being uploaded.
    current: Option<usize>,
}

/// What a call said, without what was borrowed.
enum Heard {
    Answer(Stanza),
    Order(Order),
    Notice(Notice),
}

impl Player {
    fn pass(&mut self, until: Time) {
        while let Some(due) = self.service.deadline().filter(|due| *due <= until) {
            let mut heard = Vec::new();
            self.service.wake_with(due, |why, action| heard.extend(own(why, action)));
            self.tell(due, heard);
        }
    }

    fn give(&mut self, at: Time, input: Input) -> Result<Vec<Order>, String> {
        let mut heard = Vec::new();
        let done = self.service.handle_with(at, input, |why, action| heard.extend(own(why, action)));
        done.map_err(|misuse| misuse.to_string())?;
        let orders = heard.iter().filter_map(|(_, heard)| match heard {
            Heard::Order(order) => Some(order.clone()),
            _ => None,
        });
        let orders = orders.collect();
        self.tell(at, heard);
        Ok(orders)
    }

    fn slot(&self, label: &str) -> Result<SlotId, String> {
        let life = self.by_label.get(label).ok_or_else(|| format!("no file '{label}' was uploaded before"))?;
        let slot = self.by_slot.iter().find(|(_, index)| *index == life).map(|(slot, _)| *slot);
        slot.ok_or_else(|| format!("'{label}' was refused: there is no such file"))
    }

    fn owner(&self, label: &str) -> Box<str> {
        let life = self.by_label.get(label).and_then(|index| self.story.lives.get(*index));
        life.map(|life| life.owner.as_str()).unwrap_or_default().into()
    }

    fn act(&mut self, event: &Event) -> Result<(), String> {
        let input = match &event.what {
            What::Upload(upload) => return self.upload(event.at, upload),
            What::Refer { label, item, on } => {
                let by = Reference { account: self.owner(label), node: "".into(), item: item.as_str().into() };
                let slot = self.slot(label)?.text();
                if *on { Input::Referenced { slot, by } } else { Input::Unreferenced { slot, by } }
            }
            What::Read { label } => Input::Get { token: 0, slot: self.slot(label)?.text() },
            What::Delete { label } => {
                let which = Which::Slot(self.slot(label)?.text());
                Input::Retract { token: 0, account: self.owner(label), which }
            }
            What::Remove { label } => Input::Remove { slot: self.slot(label)? },
            What::Pin { label, on } => Input::Pin { slot: self.slot(label)?, on: *on },
            What::Leave { account } => Input::AccountRemoved { account: account.as_str().into() },
            What::Class { account, class } => {
                Input::Class { account: account.as_str().into(), class: class.as_deref().map(Into::into) }
            }
            What::End => return Ok(()),
        };
        self.current = match &event.what {
            What::Refer { label, .. } | What::Read { label } | What::Delete { label } | What::Pin { label, .. } => {
                self.by_label.get(label).copied()
            }
            _ => None,
        };
        let done = self.give(event.at, input).map(drop);
        self.current = None;
        done
    }

    fn upload(&mut self, at: Time, upload: &Upload) -> Result<(), String> {
        if self.by_label.contains_key(&upload.label) {
            return Err(format!("'{}' was uploaded before: give each file a name of its own", upload.label));
        }
        let directory = upload.bucket.as_deref();
        let of_bucket = directory.and_then(|name| self.story.policy.directories.get(name)).copied();
        let purpose = upload.purpose.or(of_bucket).unwrap_or_default();
        let index = self.story.lives.len();
        self.story.lives.push(Life {
            label: upload.label.clone(),
            owner: upload.owner.clone(),
            bucket: directory.map_or_else(|| purpose.to_string(), str::to_owned),
            purpose,
            size: upload.size,
            entries: Vec::new(),
            stored: None,
            ended: None,
            deadlines: Vec::new(),
        });
        self.by_label.insert(upload.label.clone(), index);
        self.current = Some(index);
        let stanza = request(upload, purpose).filter(|stanza| stanza.fault.is_none() && stanza.from.is_some());
        let stanza = stanza.ok_or_else(|| format!("'{}' is no account", upload.owner))?;
        let done = self.transfer(at, upload, stanza);
        self.current = None;
        done
    }

    fn transfer(&mut self, at: Time, upload: &Upload, stanza: Stanza) -> Result<(), String> {
        let mut pass = None;
        let mut heard = Vec::new();
        let done = self.service.handle_with(at, Input::Stanza(stanza), |why, action| heard.extend(own(why, action)));
        done.map_err(|misuse| misuse.to_string())?;
        for (_, heard) in &heard {
            if let Heard::Answer(answer) = heard {
                pass = granted(answer);
            }
        }
        self.tell(at, heard);
        let Some((slot, authorization)) = pass.filter(|_| !upload.unused) else { return Ok(()) };
        let content_type = upload.content_type.as_deref().map(Into::into);
        let authorization = Some(authorization.into());
        let length = Some(upload.size);
        let orders = self.give(at, Input::Put { token: 0, slot: slot.text(), authorization, length, content_type })?;
        if orders.iter().any(|order| matches!(order, Order::Receive { .. })) {
            self.give(at, Input::Stored { token: 0, slot, bytes: upload.size })?;
        }
        Ok(())
    }

    /// Writes down what was said, in the lives that it is about.
    fn tell(&mut self, at: Time, heard: Vec<(Rule, Heard)>) {
        for (why, heard) in heard {
            if !self.story.rules.contains(&why) {
                self.story.rules.push(why);
            }
            if let Some((index, what)) = self.about(at, why, &heard)
                && let Some(life) = self.story.lives.get_mut(index)
            {
                life.entries.push(Entry { at, why, what });
            }
        }
    }

    fn label(&self, slot: SlotId) -> &str {
        let life = self.by_slot.get(&slot).and_then(|index| self.story.lives.get(*index));
        life.map(|life| life.label.as_str()).unwrap_or_default()
    }

    fn labels(&self, plan: &[SlotId]) -> String {
        plan.iter().map(|slot| self.label(*slot)).collect::<Vec<_>>().join(", ")
    }

    /// Which life it is about, and what it says of it.
    fn about(&mut self, at: Time, why: Rule, heard: &Heard) -> Option<(usize, String)> {
        let of = |slot: &SlotId, player: &Self| player.by_slot.get(slot).copied();
        Some(match heard {
            Heard::Answer(answer) => (self.current?, answered(answer)?),
            Heard::Notice(Notice::Granted { slot, plan, .. }) => {
                let index = self.current?;
                self.by_slot.insert(*slot, index);
                let plan = self.labels(plan);
                (index, if plan.is_empty() { "granted".into() } else { format!("granted; will go for it: {plan}") })
            }
            Heard::Notice(Notice::Ended { slot }) => (of(slot, self)?, "its slot ended unused".into()),
            Heard::Notice(Notice::Replanned { slot, plan }) => {
                (of(slot, self)?, format!("another plan: {}", self.labels(plan)))
            }
            Heard::Notice(Notice::Spared { slot }) => (of(slot, self)?, "stays: it is no longer in the way".into()),
            Heard::Notice(Notice::Deadline { slot, at: deadline }) => {
                let index = of(slot, self)?;
                let life = self.story.lives.get_mut(index)?;
                life.stored = life.stored.or(Some(at));
                life.deadlines.push((at, *deadline));
                (index, deadline.map_or_else(|| "has no deadline".into(), |deadline| format!("goes {deadline}")))
            }
            Heard::Notice(Notice::Done) => (self.current?, done(why).to_owned()),
            Heard::Notice(Notice::NothingChanged) => (self.current?, "nothing changed".into()),
            Heard::Order(Order::Accept { slot, .. }) => {
                let index = of(slot, self)?;
                self.story.lives.get_mut(index)?.stored = Some(at);
                (index, "stored".into())
            }
            Heard::Order(Order::Refuse { status, .. }) => (self.current?, format!("HTTP {status}")),
            Heard::Order(Order::Serve { meta, .. }) => {
                (self.current?, format!("read; may be cached for {} s", meta.max_age.millis() / 1000))
            }
            Heard::Order(Order::Delete { slot, reason, .. }) => {
                let index = of(slot, self)?;
                self.story.lives.get_mut(index)?.ended = Some((at, *reason));
                let for_whom = self.current.and_then(|index| self.story.lives.get(index)).map(|life| &life.label);
                let what = match (reason, for_whom) {
                    (Reason::Expired, _) => "deleted: its time was over".to_owned(),
                    (Reason::Evicted, Some(new)) => format!("deleted to make room for {new}"),
                    (Reason::Pressure, Some(new)) => format!("deleted: the service was full, for {new}"),
                    (Reason::Retracted, _) => "deleted by its owner".to_owned(),
                    (Reason::AccountRemoved, _) => "deleted with its account".to_owned(),
                    _ => "deleted by the operator".to_owned(),
                };
                (index, what)
            }
            Heard::Order(Order::Retracted { done, .. }) if *done != Retracted::Done => {
                (self.current?, format!("not deleted: {done:?}"))
            }
            _ => return None,
        })
    }
}

/// What a notice means that says only that something is as it should be.
fn done(why: Rule) -> &'static str {
    match why.id() {
        "retention.D3" => "an item refers to it: it makes no room for others",
        "retention.D4" => "nothing refers to it any more",
        "retention.A3" => "held by the operator, or let go",
        _ => "done",
    }
}

fn own(why: Rule, action: Action<'_, Order, Notice>) -> Option<(Rule, Heard)> {
    let heard = match action {
        Action::Send { to, stanza } => Heard::Answer(stanza.to_stanza(to.iter().next()?.jid).ok()?),
        Action::Do(order) => Heard::Order(order),
        Action::Tell(notice) => Heard::Notice(notice),
    };
    Some((why, heard))
}

/// The stanza that asks for a slot, read as the service would get it.
fn request(upload: &Upload, purpose: Purpose) -> Option<Stanza> {
    let mut writer = Writer::inheriting(ns::CLIENT);
    let from = format!("{}/explain", upload.owner);
    writer.open("iq", ns::CLIENT).attr("type", "get").attr("id", "u").attr("from", &from).attr("to", "up.example");
    writer.open("request", ns::UPLOAD).attr("filename", &upload.name).attr("size", &upload.size.to_string());
    writer.attr_opt("content-type", upload.content_type.as_deref());
    if upload.purpose.is_some() || purpose != Purpose::Message {
        writer.open(purpose.as_str(), ns::UPLOAD_PURPOSE);
        writer.attr_opt("expire-before", upload.until.map(|until| until.to_string()).as_deref()).close();
    }
    if let Some(bucket) = &upload.bucket {
        writer.open("bucket", ns::RETENTION).attr("name", bucket).close();
    }
    writer.close().close();
    Reader::one(ns::CLIENT, &writer.finish()).ok()
}

/// The slot of an answer, and what proves it.
fn granted(answer: &Stanza) -> Option<(SlotId, String)> {
    let put = answer.child("slot", ns::UPLOAD)?.get_child("put", ns::UPLOAD)?;
    let slot = put.attr("url")?.strip_prefix("https://up.example/")?.split('/').next()?;
    Some((SlotId::parse(slot)?, put.get_child("header", ns::UPLOAD)?.text()))
}

/// What a refusal says; nothing for a slot, of which the notice says more.
fn answered(answer: &Stanza) -> Option<String> {
    let error = answer.child("error", ns::CLIENT)?;
    let condition = error.children().find(|child| child.has_ns(ns::STANZAS) && child.name() != "text")?;
    let mut what = format!("refused: {}/{}", error.attr("type").unwrap_or_default(), condition.name());
    if let Some(max) = error.get_child("file-too-large", ns::UPLOAD) {
        what += &format!(", at most {} bytes", max.text().trim());
    }
    if let Some(stamp) = error.get_child("retry", ns::UPLOAD).and_then(|retry| retry.attr("stamp")) {
        what += &format!(", again at {stamp}");
    }
    Some(what)
}
