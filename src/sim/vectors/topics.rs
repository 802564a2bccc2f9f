//! The topics: their rules, their code, and what their vectors are played on.

use super::builtin;
use super::{DOMAIN, Subject};
use crate::Rule;
use crate::gc3;
use crate::imng;
use crate::push;
use crate::retention;
use crate::service;
use crate::sm;

/// A topic: a table of rules and what plays its vectors.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its name: the folder of its vectors, and what stands before the dot of its rules.
    pub name: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
    /// Where its code is.
    pub code: &'static str,
    /// The name of what is tested in a chart.
    pub machine: &'static str,
    /// Its machine, to play vectors on.
    pub subject: fn() -> Box<dyn Subject>,
    /// Its decision table as Markdown, if it has one.
    pub table: Option<fn() -> String>,
}

/// Every topic.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "account",
        rules: gc3::account::rules::ALL,
        code: "src/gc3/account",
        machine: "ann@tea.example",
        subject: || Box::new(builtin::account()),
        table: None,
    },
    Topic {
        name: "acl",
        rules: gc3::rules::acl::ALL,
        code: "src/gc3/acl",
        machine: DOMAIN,
        subject: || Box::new(builtin::gc3()),
        table: None,
    },
    Topic {
        name: "client",
        rules: gc3::client::rules::ALL,
        table: None,
        code: "src/gc3/client",
        machine: "ann@tea.example/pot",
        subject: || Box::new(builtin::client()),
    },
    Topic {
        name: "gc3",
        rules: gc3::rules::table::ALL,
        code: "src/gc3",
        machine: DOMAIN,
        subject: || Box::new(builtin::gc3()),
        table: None,
    },
    Topic {
        name: "imng",
        rules: imng::rules::table::ALL,
        code: "src/imng",
        machine: "ann@tea.example",
        subject: || Box::new(builtin::imng()),
        table: Some(crate::sim::imng::table::markdown),
    },
    Topic {
        name: "muc",
        rules: gc3::rules::muc::ALL,
        code: "src/gc3",
        machine: DOMAIN,
        subject: || Box::new(builtin::gc3()),
        table: None,
    },
    Topic {
        name: "muc2",
        rules: gc3::rules::muc2::ALL,
        code: "src/gc3",
        machine: DOMAIN,
        subject: || Box::new(builtin::muc2()),
        table: None,
    },
    Topic {
        name: "push-client",
        rules: push::client::rules::ALL,
        code: "src/push/client",
        machine: builtin::push_client::ACCOUNT,
        subject: || Box::new(builtin::push_client()),
        table: None,
    },
    Topic {
        name: "push-room",
        rules: push::room::rules::ALL,
        code: "src/push/room",
        machine: builtin::push_room::ROOM,
        subject: || Box::new(builtin::push_room()),
        table: None,
    },
    Topic {
        name: "push-router",
        rules: push::router::table::ALL,
        code: "src/push/router",
        machine: "ann@tea.example",
        subject: || Box::new(builtin::push_router()),
        table: None,
    },
    Topic {
        name: "retention",
        rules: retention::rules::table::ALL,
        code: "src/retention",
        machine: builtin::UPLOADS,
        subject: || Box::new(builtin::retention()),
        table: None,
    },
    Topic {
        name: "retention-client",
        rules: retention::rules::client::ALL,
        code: "src/retention/client",
        machine: "client",
        subject: || Box::new(builtin::retention_client()),
        table: None,
    },
    Topic {
        name: "service",
        rules: service::rules::ALL,
        code: "src/service",
        machine: "tea.example",
        subject: || Box::new(builtin::service()),
        table: None,
    },
    Topic {
        name: "sm",
        rules: sm::rules::ALL,
        code: "src/sm",
        machine: "queue",
        subject: || Box::new(builtin::sm()),
        table: None,
    },
];

impl Topic {
    /// The topic of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// The rule of that id, and its topic.
    #[must_use]
    pub fn rule(id: &str) -> Option<(&'static Self, Rule)> {
        let all = TOPICS.iter().flat_map(|topic| topic.rules.iter().map(move |rule| (topic, *rule)));
        { all }.find(|(_, rule)| rule.id() == id)
    }
}
