//! The machine of this crate as a subject.

use core::fmt;
use std::collections::BTreeMap;

use jid::BareJid;

use super::super::bench::{Bench, Restless};
use super::super::host::SimHost;
use super::super::transcript::Line;
use super::super::xml::Tree;
use super::{DOMAIN, Event, Said, Sent, Stop, Subject, Vector};
use crate::codec::Reader;
use crate::gc3::{Command, Creators, Input, Notice, Order, Service, ServiceConfig};
use crate::limits::Gc3Limits;
use crate::machine::Machine;
use crate::ns;
use crate::seed::Seed;
use crate::time::Time;

/// The moment 0 of a vector: 2026-01-01T00:00:00Z.
pub const START: Time = Time::from_millis(1_767_225_600_000);

/// A room service on a bench, started afresh for each vector.
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Builtin<M: Machine> {
    make: fn(&Fresh<'_>) -> Result<M, String>,
    bench: Option<Bench<M, SimHost>>,
}

/// What a vector wants of a fresh service.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// Limits that differ from the default, by name.
    pub limits: &'a BTreeMap<String, u64>,
    /// The administrators of the service: all that the vector ever names.
    pub admins: &'a [BareJid],
    /// Whether nobody else may create rooms.
    pub only_admins_create: bool,
}

impl<M> Builtin<M>
where
    M: Machine<Input = Input, Order = Order, Notice = Notice>,
{
    /// A subject that starts services with `make`.
    pub const fn new(make: fn(&Fresh<'_>) -> Result<M, String>) -> Self {
        Self { make, bench: None }
    }

    /// The service as the last vector left it.
    #[must_use]
    pub const fn bench(&self) -> Option<&Bench<M, SimHost>> {
        self.bench.as_ref()
    }
}

impl<M> Subject for Builtin<M>
where
    M: Machine<Input = Input, Order = Order, Notice = Notice>,
{
    fn start(&mut self, vector: &Vector) -> Result<(), Stop> {
        let admins: Vec<BareJid> = facts(vector, "admin").map(|text| jid(text)).collect::<Result<_, _>>()?;
        let only_admins_create = facts(vector, "creators").any(|who| who == "admins");
        let fresh = Fresh { limits: &vector.limits, admins: &admins, only_admins_create };
        let machine = (self.make)(&fresh).map_err(Stop::Fail)?;
        self.bench = Some(Bench::new(machine, SimHost::default(), START));
        Ok(())
    }

    fn act(&mut self, at: u64, what: &Event) -> Result<Said, Stop> {
        let bench = self.bench.as_mut().ok_or_else(|| Stop::Fail("not started".into()))?;
        let now = Time::from_millis(START.millis().saturating_add(at));
        bench.pass(now).map_err(failed)?;
        match what {
            Event::In(stanza) => {
                let text = stanza.line("");
                let stanza = Reader::one(ns::CLIENT, text.as_bytes())
                    .map_err(|why| Stop::Fail(format!("the codec refuses this stanza: {why}")))?;
                put(bench, now, Input::Stanza(stanza))?;
            }
            Event::Wake => {}
            Event::Host(facts) => host(bench, now, facts)?,
        }
        Ok(said(bench.take_lines()))
    }
}

/// A room service of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn gc3() -> Builtin<Service> {
    Builtin::new(|fresh| {
        let domain = BareJid::new(DOMAIN).map_err(|why| why.to_string())?;
        let mut config = ServiceConfig::new(&domain);
        config.admins = fresh.admins.iter().map(ToString::to_string).collect();
        if fresh.only_admins_create {
            config.create = Creators::Admins;
        }
        let mut limits = Gc3Limits::default();
        for (name, value) in fresh.limits {
            limit(&mut limits, name, *value)?;
        }
        Ok(Service::new(config, limits, Seed::new([7; 32])))
    })
}

/// Sets a limit by its name in the format. A rate is set by how much is allowed at once.
fn limit(limits: &mut Gc3Limits, name: &str, value: u64) -> Result<(), String> {
    let large = |_| format!("the limit {name}='{value}' is too large");
    macro_rules! set {
        (numbers $($number:ident)*; rates $($rate:ident)*) => {
            match name.replace('-', "_").as_str() {
                $(stringify!($number) => limits.$number = value.try_into().map_err(large)?,)*
                $(stringify!($rate) => limits.$rate.burst = value.try_into().map_err(large)?,)*
                _ => return Err(format!("there is no limit {name}")),
            }
        };
    }
    set! {
        numbers participants sessions access aliases message_bytes subject_bytes form_fields tombstones recent
            held held_bytes in_flight archive_page list_page look_up announce_items farewells audit reactions rooms
            rooms_per_account rooms_page caps rates_remembered;
        rates alias_changes input relay_pair relay_asker relay_target sync archive bounces reports creation
    }
    Ok(())
}

fn failed(why: Restless) -> Stop {
    Stop::Fail(why.to_string())
}

fn put<M>(bench: &mut Bench<M, SimHost>, now: Time, input: Input) -> Result<(), Stop>
where
    M: Machine<Input = Input, Order = Order, Notice = Notice>,
{
    let done = bench.handle(now, input).map_err(failed)?;
    done.map_err(|misuse| Stop::Fail(format!("the host did what it must not: {misuse}")))
}

fn said(lines: Vec<Line>) -> Said {
    let mut said = Said { rules: Some(Vec::new()), ..Said::default() };
    for line in &lines {
        if let (Some(rule), Some(rules)) = (line.rule(), &mut said.rules) {
            rules.push(rule.id().to_owned());
        }
        if let Line::Send { to, stanza, .. } = line {
            let copies = to.iter().map(|to| Sent { to: to.clone(), stanza: Tree::clone(stanza) });
            said.sent.extend(copies);
        }
    }
    said.lines = lines;
    said
}

/// What a vector ever says of the host under one name: some of it a service knows from the start.
fn facts<'v>(vector: &'v Vector, name: &'static str) -> impl Iterator<Item = &'v String> {
    let given = vector.given.iter().flat_map(|given| &given.steps);
    let acts = given.chain(&vector.steps).flat_map(|step| &step.acts);
    acts.filter_map(move |act| match &act.what {
        Event::Host(facts) => facts.get(name),
        Event::In(_) | Event::Wake => None,
    })
}

fn jid(text: &str) -> Result<BareJid, Stop> {
    BareJid::new(text).map_err(|why| Stop::Fail(format!("'{text}' is no bare JID: {why}")))
}

fn unknown(name: &str, value: impl fmt::Display) -> Stop {
    Stop::Fail(format!("the host does not know {name}='{value}'"))
}

/// Tells the host what it is to know, and the machine what the host tells it then.
fn host<M>(bench: &mut Bench<M, SimHost>, now: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop>
where
    M: Machine<Input = Input, Order = Order, Notice = Notice>,
{
    let parent = facts.get("parent").map(String::as_str);
    for (name, value) in facts {
        let uri = || parent.map(str::to_owned).ok_or_else(|| Stop::Fail(format!("{name}= without parent=")));
        match (name.as_str(), value.as_str()) {
            ("archive", "silent") => bench.host.archive_silent = true,
            ("archive", "on") => bench.host.archive_silent = false,
            // Known from the start.
            ("admin", _) | ("creators", "admins" | "everybody") => {}
            ("shutdown", "yes") => put(bench, now, Input::Command(Command::Shutdown))?,
            ("restored", "lossy") => put(bench, now, Input::Command(Command::Restored))?,
            ("parent", uri) => {
                bench.host.parents.entry(uri.to_owned()).or_default();
            }
            ("member", who) => {
                let who = jid(who)?;
                bench.host.parents.entry(uri()?).or_default().members.insert(who);
            }
            ("publisher", who) => {
                let who = jid(who)?;
                bench.host.parents.entry(uri()?).or_default().publishers.insert(who);
            }
            ("lost", who) => {
                let (uri, jid) = (uri()?, jid(who)?);
                bench.host.parents.entry(uri.clone()).or_default().members.remove(&jid);
                put(bench, now, Input::Command(Command::ParentLost { uri, jid }))?;
            }
            ("gone", "yes") => {
                let uri = uri()?;
                bench.host.parents.remove(&uri);
                put(bench, now, Input::Command(Command::ParentGone { uri }))?;
            }
            ("silent", "yes") => bench.host.parents_silent = true,
            ("silent", "no") => bench.host.parents_silent = false,
            (name, value) => return Err(unknown(name, value)),
        }
    }
    Ok(())
}
