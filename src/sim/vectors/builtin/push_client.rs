//! The push of a device.

use core::convert::Infallible;
use std::collections::BTreeMap;

use jid::BareJid;

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::push_room::{known, required, stanza};
use super::{Builtin, Idle, Stage, set_limit, unknown};
use crate::limits::PushClientLimits;
use crate::ns;
use crate::push::Client;
use crate::push::client::{By, Features, Input, OptIn, Wanted};
use crate::push::enable::{Enable, Request};
use crate::push::room::Wish;
use crate::seed::Seed;
use crate::time::Time;

/// The namespace of what comes in besides stanzas.
const NS: &str = "xmpp-machines:push-client:0";

/// The account whose device is tested.
pub(in crate::sim) const ACCOUNT: &str = "ann@tea.example";

/// The stage of a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Device;

impl Host<Client> for Idle {
    fn obey(&mut self, order: Infallible) -> Option<Input> {
        match order {}
    }
}

/// The push of a device, as vectors test it.
#[must_use]
pub fn push_client() -> Builtin<Device> {
    Builtin::new(Device)
}

impl Stage for Device {
    type Machine = Client;
    type Host = Idle;

    fn set_up(&mut self, vector: &Vector) -> Result<(Client, Idle), Stop> {
        let mut limits = PushClientLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        let account = BareJid::new(ACCOUNT).map_err(|why| Stop::Fail(why.to_string()))?;
        Ok((Client::new(&account, limits, Seed::new([7; 32])), Idle))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        input(element).map_err(Stop::Fail)
    }

    fn host(&mut self, _: &mut Bench<Client, Idle>, _: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop> {
        let (name, value) = facts.iter().next().map_or(("", ""), |(name, value)| (name, value));
        Err(unknown(name, value))
    }
}

fn limit(limits: &mut PushClientLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers rooms undo in_flight tries; rates);
    Ok(())
}

/// What an element stands for.
///
/// # Errors
/// What is wrong with it.
pub(in crate::sim) fn input(element: &Tree) -> Result<Input, String> {
    if element.ns == ns::CLIENT {
        return Ok(Input::Stanza(stanza(element)?));
    }
    if element.ns != NS {
        return Err(format!("<{} xmlns='{}'> stands for nothing here", element.name, element.ns));
    }
    let flag = |name: &str| element.attr(name) == Some("yes");
    Ok(match element.name.as_str() {
        "want" => {
            let mut wanted = Wanted::default();
            for child in element.children() {
                let enable = Some(enable(child)?);
                if child.ns == ns::PUSH2 {
                    wanted.client = enable;
                } else {
                    wanted.node = enable;
                }
            }
            Input::Want(wanted)
        }
        "room" => {
            let by = match element.attr("nick") {
                Some(nick) => By::Registration { nick: nick.into() },
                None => By::Participation,
            };
            let copies = known(element, "copies", "always", Wish::parse)?;
            Input::Room { room: required(element, "jid")?, want: (!flag("forget")).then_some(OptIn { by, copies }) }
        }
        "online" => {
            let features = Features { push: flag("push"), push2: flag("push2") };
            Input::Online { features, resumed: flag("resumed") }
        }
        "offline" => Input::Offline,
        "removed" => Input::Removed(enable(element.children().next().ok_or("a device without a registration")?)?),
        "logout" => Input::Logout { last: flag("last") },
        other => return Err(format!("<{other}> stands for nothing here")),
    })
}

fn enable(element: &Tree) -> Result<Enable, String> {
    let mut iq = Tree::new("iq", ns::CLIENT);
    iq.set("type", "set");
    iq.set("id", "e");
    iq.nodes.push(super::super::super::xml::Node::Tree(element.clone()));
    let iq = stanza(&iq)?;
    match iq.payload().map(|payload| Request::read(payload, 256, 8192)) {
        Some(Ok(Request::Enable(enable))) => Ok(*enable),
        other => Err(format!("<{}> is no registration: {other:?}", element.name)),
    }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Stanza(stanza) => stanza.sender().unwrap_or("server").to_owned(),
            _ => "user".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza(stanza) => What::stanza(stanza),
            other => What::Text(format!("{other:?}")),
        }
    }
}
