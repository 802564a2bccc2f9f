//! A whole domain.

use std::collections::{BTreeMap, BTreeSet};

use jid::{FullJid, Jid};

use super::super::super::bench::Bench;
use super::super::super::service::{DomainHost, NS};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::imng::{account_fact, blocked};
use super::push_router::payload;
use super::read::{bare, full, restart, stanza, unknown};
use super::retention::{Uploads, policy_of_vectors};
use super::{Builtin, Stage, facts, put, set_limit};
use crate::gc3;
use crate::imng::{Event, Fact};
use crate::limits::ServiceLimits;
use crate::ns;
use crate::push::router::{Input as Push, Item, SessionEvent};
use crate::retention::ServiceConfig;
use crate::seed::Seed;
use crate::service::rooms::Copies;
use crate::service::{Domain, DomainConfig, Input};
use crate::time::Time;

/// The domain of the accounts.
const DOMAIN: &str = "tea.example";

/// The domain of the rooms.
const ROOMS: &str = "rooms.tea.example";

/// The upload service of domains under test. Its secret is public: never run one like it.
pub(in crate::sim) fn uploads_of_vectors() -> ServiceConfig {
    ServiceConfig::new("uploads.tea.example", "https://uploads.tea.example/", Seed::new([3; 32]))
}

/// The stage of domains.
#[derive(Debug, Default)]
pub struct Domains {
    /// The sessions that are bound.
    bound: BTreeSet<String>,
    blocked: BTreeMap<String, Vec<Jid>>,
    uploads: Uploads,
}

/// A domain of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn service() -> Builtin<Domains> {
    Builtin::new(Domains::default())
}

impl Stage for Domains {
    type Machine = Domain;
    type Host = DomainHost;

    fn set_up(&mut self, vector: &Vector) -> Result<(Domain, DomainHost), Stop> {
        *self = Self { uploads: Uploads::of_vectors(), ..Self::default() };
        let mut config = DomainConfig::new(&bare(DOMAIN)?);
        let rooms = |what: &str| facts(vector, "rooms").any(|rooms| rooms == what);
        if !rooms("none") {
            config =
                config.with_rooms(gc3::ServiceConfig { muc: rooms("muc"), ..gc3::ServiceConfig::new(&bare(ROOMS)?) });
        }
        if facts(vector, "push").any(|push| push == "yes") {
            config = config.with_copies(Copies::default()).with_push();
        }
        if facts(vector, "pam").any(|pam| pam == "yes") {
            config = config.with_pam();
        }
        if facts(vector, "uploads").any(|uploads| uploads == "yes") {
            config = config.with_uploads(uploads_of_vectors(), policy_of_vectors());
        }
        let mut limits = ServiceLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        let domain = Domain::new(config, limits, Seed::new([7; 32])).map_err(|why| Stop::Fail(why.to_string()))?;
        Ok((domain, DomainHost::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        if element.ns == ns::RETENTION {
            return self.uploads.fact(element).map(Input::Uploads).map_err(Stop::Fail);
        }
        if element.ns != NS {
            let stanza = stanza(element)?;
            let from = element.attr("from").unwrap_or_default();
            if self.bound.contains(from) {
                return Ok(Input::FromSession { session: full(from)?, stanza });
            }
            let domain = from.split('/').next().unwrap_or_default().rsplit('@').next().unwrap_or_default();
            return Ok(match domain {
                DOMAIN => Input::FromHost { stanza },
                other => Input::FromServer { peer: bare(other)?, stanza },
            });
        }
        let stanzas = || element.children().map(stanza).collect::<Result<Vec<_>, _>>();
        let need =
            |name: &str| element.attr(name).ok_or_else(|| Stop::Fail(format!("<{}> without {name}=", element.name)));
        let one = || {
            let first = stanzas()?.into_iter().next();
            first.ok_or_else(|| Stop::Fail(format!("<{}> without a stanza", element.name)))
        };
        Ok(match element.name.as_str() {
            "from-session" => Input::FromSession { session: full(need("session")?)?, stanza: one()? },
            "from-server" => Input::FromServer { peer: bare(need("peer")?)?, stanza: one()? },
            "item" => {
                let payload = element.children().next().map(payload).transpose()?;
                let item = Item { node: need("node")?.into(), id: need("id")?.into(), payload };
                return Ok(Input::Push { account: bare(need("account")?)?, input: Push::Item(item) });
            }
            "unacknowledged" => {
                let session = full(need("session")?)?;
                let event = SessionEvent::Hibernated { unacked: stanzas()? };
                let account = session.to_bare();
                return Ok(Input::Push { account, input: Push::Session { jid: session, event } });
            }
            "gone" => {
                let session = full(need("session")?)?;
                self.bound.remove(session.as_str());
                Input::Session { session, event: Event::Gone { unacked: stanzas()? } }
            }
            other => return Err(Stop::Fail(format!("there is no input <{other} xmlns='{NS}'>"))),
        })
    }

    fn host(
        &mut self,
        bench: &mut Bench<Domain, DomainHost>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        if let Some(session) = facts.get("session") {
            return self.session(bench, now, &full(session)?, facts);
        }
        let account = || {
            let account = facts.get("account").ok_or_else(|| Stop::Fail("whose fact? account= is missing".into()))?;
            bare(account)
        };
        for (name, value) in facts {
            let fact = match (name.as_str(), value.as_str()) {
                // Known from the start, or part of another fact.
                ("rooms" | "push" | "pam" | "uploads" | "account" | "subscription" | "grounds", _) => continue,
                ("create", all) => {
                    for account in all.split_whitespace() {
                        put(bench, now, Input::Create { account: bare(account)? })?;
                    }
                    continue;
                }
                ("restarted", _) => {
                    restart(bench)?;
                    continue;
                }
                ("remove", account) => {
                    let account = bare(account)?;
                    self.bound.retain(|session| session.split('/').next() != Some(account.as_str()));
                    put(bench, now, Input::Remove { account })?;
                    continue;
                }
                ("blocked", jid) => {
                    let all = self.blocked.entry(account()?.to_string()).or_default();
                    all.push(blocked(jid)?);
                    Fact::Blocked(all.clone())
                }
                (name, value) => account_fact(name, value, facts)?,
            };
            put(bench, now, Input::Fact { account: account()?, fact })?;
        }
        Ok(())
    }

    fn ordered(&mut self, host: &mut DomainHost) -> Vec<Tree> {
        host.take_ordered()
    }
}

impl Domains {
    /// What happens to one session at one moment, in the order in which it makes sense.
    fn session(
        &mut self,
        bench: &mut Bench<Domain, DomainHost>,
        now: Time,
        session: &FullJid,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let known =
            ["session", "bound", "client", "carbons", "imng", "capable", "active", "hibernated", "resumed", "wants"];
        if let Some((name, value)) = facts.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(unknown(name, value));
        }
        let on = |name: &str| facts.get(name).is_some_and(|value| value == "yes");
        let mut events = Vec::new();
        if on("bound") {
            self.bound.insert(session.to_string());
            events.push(Event::Bound);
        }
        events.extend(on("carbons").then_some(Event::Carbons(true)));
        events.extend(on("imng").then_some(Event::Imng(true)));
        events.extend(on("capable").then_some(Event::Capable(true)));
        events.extend(facts.get("active").map(|value| Event::Active(value == "yes")));
        events.extend(on("hibernated").then_some(Event::Hibernated));
        events.extend(on("resumed").then_some(Event::Resumed));
        for event in events {
            put(bench, now, Input::Session { session: session.clone(), event })?;
        }
        if let Some(client) = facts.get("client") {
            let event = SessionEvent::Up { client: Some(client.clone()), enable: None };
            let input = Push::Session { jid: session.clone(), event };
            put(bench, now, Input::Push { account: session.to_bare(), input })?;
        }
        if on("wants") {
            put(bench, now, Input::Wants { session: session.clone() })?;
        }
        Ok(())
    }
}

fn limit(limits: &mut ServiceLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value; numbers accounts deliveries hops presence_bytes contacts; rates);
    Ok(())
}
