//! An uploading client.

use std::collections::BTreeMap;

use super::super::super::bench::{Bench, Host};
use super::super::super::transcript::{Show, What};
use super::super::super::xml::{Node, Tree};
use super::super::{Stop, Vector};
use super::retention::UPLOADS;
use super::{Builtin, START, Stage, read, set_limit, unknown};
use crate::limits::RetentionClientLimits;
use crate::ns;
use crate::retention::{Client, ClientInput, ClientOrder, GaveUp, Use, Wanted, Warning};
use crate::seed::Seed;
use crate::time::{Span, Time};

/// The program around a client under test: it does nothing and remembers what it was told to do.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// What it was told to do since somebody looked.
    pub orders: Vec<ClientOrder>,
}

impl Host<Client> for Program {
    fn obey(&mut self, order: ClientOrder) -> Option<ClientInput> {
        self.orders.push(order);
        None
    }
}

impl Show for ClientInput {
    fn from(&self) -> String {
        match self {
            Self::Stanza(stanza) => stanza.element.attr("from").unwrap_or("nobody").to_owned(),
            _ => "program".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Stanza(stanza) => What::stanza(stanza),
            other => What::Text(format!("{other:?}")),
        }
    }
}

/// The stage of uploading clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uploading;

impl Stage for Uploading {
    type Machine = Client;
    type Host = Program;

    fn set_up(&mut self, vector: &Vector) -> Result<(Client, Program), Stop> {
        let mut limits = RetentionClientLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        let client = Client::new(UPLOADS, limits, Seed::new([7; 32]));
        Ok((client.map_err(|misuse| Stop::Fail(misuse.to_string()))?, Program::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<ClientInput, Stop> {
        if element.ns == ns::RETENTION {
            return fact(element).map_err(Stop::Fail);
        }
        let stanza = read::stanza(element)?;
        Ok(ClientInput::Stanza(stanza))
    }

    fn host(&mut self, _: &mut Bench<Client, Program>, _: Time, facts: &BTreeMap<String, String>) -> Result<(), Stop> {
        facts.iter().try_for_each(|(name, value)| Err(unknown(name, value)))
    }

    fn ordered(&mut self, host: &mut Program) -> Vec<Tree> {
        host.orders.drain(..).map(|order| element(&order)).collect()
    }
}

fn limit(limits: &mut RetentionClientLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers uploads kept tries features headers text_bytes; rates);
    Ok(())
}

/// What an element that is no stanza stands for.
fn fact(element: &Tree) -> Result<ClientInput, String> {
    let text = |name: &str| element.attr(name).ok_or_else(|| format!("<{}> without {name}=", element.name));
    let number = |name: &str| {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{name}='{text}' is no number"));
        element.attr(name).map(number).transpose()
    };
    let token = number("token")?.ok_or_else(|| format!("<{}> without token=", element.name))?;
    Ok(match element.name.as_str() {
        "upload" => {
            let until = number("until")?.map(|at| Time::from_millis(START.millis().saturating_add(at)));
            let for_ = match text("for")? {
                "message" => Use::Message,
                "avatar" => Use::Avatar,
                "lasting" => Use::Lasting,
                "story" => Use::Story { until },
                "timed" => Use::Timed { timer: Span::from_secs(number("timer")?.unwrap_or(0)) },
                other => return Err(format!("a file is never for '{other}'")),
            };
            let size = number("size")?.unwrap_or(1);
            let content_type = element.attr("content-type").map(Into::into);
            ClientInput::Upload { token, file: Wanted { name: text("name")?.into(), size, content_type, for_ } }
        }
        "put-ended" => {
            let status = number("status")?.and_then(|status| u16::try_from(status).ok());
            ClientInput::Put { token, status }
        }
        "consent" => ClientInput::Consent { token, yes: text("yes")? == "yes" },
        "lost" => ClientInput::Lost { token },
        "cancel" => ClientInput::Cancel { token },
        other => return Err(format!("there is no input <{other}>")),
    })
}

/// An order as an element.
fn element(order: &ClientOrder) -> Tree {
    let make = |name: &str, token: u64, attrs: &[(&str, &str)]| {
        let mut tree = Tree::new(name, ns::RETENTION);
        tree.set("token", token.to_string());
        for (name, value) in attrs {
            tree.set(name, *value);
        }
        tree
    };
    match order {
        ClientOrder::Put { token, url, headers, size, content_type } => {
            let mut tree = make("put", *token, &[("url", url), ("size", &size.to_string())]);
            if let Some(content_type) = content_type {
                tree.set("content-type", &**content_type);
            }
            for (name, value) in headers {
                let mut header = Tree::new("header", ns::RETENTION);
                header.set("name", &**name);
                header.push_text(value);
                tree.nodes.push(Node::Tree(header));
            }
            tree
        }
        ClientOrder::Ask { token, warning } => make("ask", *token, &[("warning", warning_name(*warning))]),
        ClientOrder::Warn { token, warning } => make("warn", *token, &[("warning", warning_name(*warning))]),
        ClientOrder::Uploaded { token, url } => make("uploaded", *token, &[("url", url)]),
        ClientOrder::GaveUp { token, why } => {
            let name = match why {
                GaveUp::NotOffered => "not-offered",
                GaveUp::Declined => "declined",
                GaveUp::Cancelled => "cancelled",
                GaveUp::TooLarge { .. } => "too-large",
                GaveUp::Forbidden => "forbidden",
                GaveUp::NotAcceptable => "not-acceptable",
                GaveUp::Broken => "broken",
                GaveUp::Exhausted => "exhausted",
                GaveUp::Expired => "expired",
            };
            let mut tree = make("gave-up", *token, &[("why", name)]);
            if let GaveUp::TooLarge { max } = why {
                tree.set("max", max.to_string());
            }
            tree
        }
    }
}

const fn warning_name(warning: Warning) -> &'static str {
    match warning {
        Warning::ProfileAsMessage => "profile-as-message",
        Warning::PermanentAsMessage => "permanent-as-message",
        Warning::EphemeralAsMessage => "ephemeral-as-message",
    }
}

/// An uploading client of this crate, as vectors test it.
#[must_use]
pub fn retention_client() -> Builtin<Uploading> {
    Builtin::new(Uploading)
}
