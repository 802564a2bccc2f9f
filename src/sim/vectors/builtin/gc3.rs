//! A room service.

use core::fmt;
use std::collections::BTreeMap;

use jid::BareJid;

use super::super::super::bench::Bench;
use super::super::super::host::SimHost;
use super::super::super::xml::Tree;
use super::super::{DOMAIN, Stop, Vector};
use super::{Builtin, Stage, facts, put, read, set_limit, unknown};
use crate::gc3::{Command, Creators, Input, Order, Service, ServiceConfig};
use crate::limits::Gc3Limits;
use crate::machine::Machine;
use crate::seed::Seed;
use crate::service::{self, rooms::Copies};
use crate::time::Time;

/// The stage of room services, made by a function.
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Rooms<M> {
    make: fn(&Fresh<'_>) -> Result<M, String>,
}

impl<M> Rooms<M> {
    /// A stage on which services are started with `make`.
    pub const fn new(make: fn(&Fresh<'_>) -> Result<M, String>) -> Self {
        Self { make }
    }
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
    /// Whether rooms are entered by XEP-0045, too.
    pub muc: bool,
    /// Whether rooms are entered by `urn:xmpp:muc:0`, too.
    pub muc2: bool,
    /// Whether messages are sent on to those who are away.
    pub copies: bool,
}

impl<M> Stage for Rooms<M>
where
    M: Machine<Input = Input, Order = Order, Notice: fmt::Debug>,
{
    type Machine = M;
    type Host = SimHost;

    fn set_up(&mut self, vector: &Vector) -> Result<(M, SimHost), Stop> {
        let admins: Vec<BareJid> = facts(vector, "admin").map(|text| jid(text)).collect::<Result<_, _>>()?;
        let only_admins_create = facts(vector, "creators").any(|who| who == "admins");
        let off = |name| facts(vector, name).any(|value| value == "off");
        let muc2 = vector.topic == "muc2" && !off("muc2");
        let muc = matches!(vector.topic.as_str(), "muc" | "muc2");
        let copies = vector.topic == "muc2" && !off("copies");
        let fresh = Fresh { limits: &vector.limits, admins: &admins, only_admins_create, muc, muc2, copies };
        let machine = (self.make)(&fresh).map_err(Stop::Fail)?;
        Ok((machine, SimHost::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        let stanza = read::stanza(element)?;
        Ok(Input::Stanza(stanza))
    }

    fn host(&mut self, bench: &mut Bench<M, SimHost>, now: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop> {
        tell(bench, now, facts)
    }
}

/// A room service of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn gc3() -> Builtin<Rooms<Service>> {
    Builtin::new(Rooms::new(|fresh| {
        let (config, limits) = wanted(fresh)?;
        Ok(Service::new(config, limits, Seed::new([7; 32])))
    }))
}

/// The same where messages are sent on to those who are away.
#[must_use]
pub fn muc2() -> Builtin<Rooms<service::Rooms>> {
    Builtin::new(Rooms::new(|fresh| {
        let (config, limits) = wanted(fresh)?;
        Ok(service::Rooms::new(config, limits, Seed::new([7; 32]), fresh.copies.then(Copies::default)))
    }))
}

fn wanted(fresh: &Fresh<'_>) -> Result<(ServiceConfig, Gc3Limits), String> {
    let domain = BareJid::new(DOMAIN).map_err(|why| why.to_string())?;
    let mut config = ServiceConfig::new(&domain);
    config.admins = fresh.admins.iter().map(ToString::to_string).collect();
    (config.muc, config.muc2) = (fresh.muc, fresh.muc2);
    if fresh.only_admins_create {
        config.create = Creators::Admins;
    }
    let mut limits = Gc3Limits::default();
    for (name, value) in fresh.limits {
        limit(&mut limits, name, *value)?;
    }
    Ok((config, limits))
}

fn limit(limits: &mut Gc3Limits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value;
        numbers avatar_bytes crowd crowd_speakers participants sessions access aliases message_bytes subject_bytes form_fields tombstones recent
            held held_bytes in_flight archive_page list_page look_up announce_items farewells audit reactions rooms
            rooms_per_account rooms_page caps rates_remembered acl_groups hats hats_worn requests tokens tokens_each indicated heard reactions_together reacted;
        rates acl alias_changes entries input relay_pair relay_asker relay_target sync archive bounces reports creation registrations indications);
    Ok(())
}

fn jid(text: &str) -> Result<BareJid, Stop> {
    BareJid::new(text).map_err(|why| Stop::Fail(format!("'{text}' is no bare JID: {why}")))
}

/// Tells the host what it is to know, and the machine what the host tells it then.
fn tell<M>(bench: &mut Bench<M, SimHost>, now: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop>
where
    M: Machine<Input = Input, Order = Order, Notice: fmt::Debug>,
{
    let parent = facts.get("parent").map(String::as_str);
    for (name, value) in facts {
        let uri = || parent.map(str::to_owned).ok_or_else(|| Stop::Fail(format!("{name}= without parent=")));
        match (name.as_str(), value.as_str()) {
            ("archive", "silent") => bench.host.archive_silent = true,
            ("archive", "on") => bench.host.archive_silent = false,
            // Known from the start.
            ("admin", _) | ("creators", "admins" | "everybody") | ("muc2" | "copies", "on" | "off") => {}
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
