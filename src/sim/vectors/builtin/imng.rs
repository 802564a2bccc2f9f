//! An account's router.

use std::collections::{BTreeMap, BTreeSet};

use jid::Jid;

use super::super::super::bench::Bench;
use super::super::super::imng::{AccountHost, NS};
use super::super::super::xml::Tree;
use super::super::{Stop, Vector};
use super::read::{bare, full, number, stanza, unknown};
use super::{Builtin, Stage, facts, put, set_limit};
use crate::codec::Stanza;
use crate::imng::{Account, AccountConfig, Event, Fact, Grounds, Input, Subscription};
use crate::limits::ImngLimits;
use crate::seed::Seed;
use crate::time::Time;

/// The account that is tested.
const ACCOUNT: &str = "ann@tea.example";

/// The stage of accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    /// The sessions that are bound: what they send comes from inside.
    bound: BTreeSet<String>,
    blocked: Vec<Jid>,
}

/// An account of this crate, as vectors test it. Its seed is public: never run one like it.
#[must_use]
pub fn imng() -> Builtin<Accounts> {
    Builtin::new(Accounts::default())
}

impl Stage for Accounts {
    type Machine = Account;
    type Host = AccountHost;

    fn set_up(&mut self, vector: &Vector) -> Result<(Account, AccountHost), Stop> {
        *self = Self::default();
        let mut config = AccountConfig::new(&bare(ACCOUNT)?);
        for policy in facts(vector, "policy").flat_map(|all| all.split_whitespace()) {
            let switch = match policy {
                "normal-to-unmatched-as-bare" => &mut config.policy.normal_to_unmatched_as_bare,
                "deliver-iq-from-strangers" => &mut config.policy.deliver_iq_from_strangers,
                "deliver-to-all" => &mut config.policy.deliver_to_all,
                "only-available-get-copies" => &mut config.policy.only_available_get_copies,
                other => return Err(unknown("policy", other)),
            };
            *switch = true;
        }
        config.push = facts(vector, "push").any(|push| push == "yes");
        config.archive = !facts(vector, "archive").any(|archive| archive == "none");
        config.host_answers.extend(facts(vector, "answers").map(|ns| ns.as_str().into()));
        config.features.extend(facts(vector, "feature").map(|feature| feature.as_str().into()));
        let mut limits = ImngLimits::default();
        for (name, value) in &vector.limits {
            limit(&mut limits, name, *value).map_err(Stop::Fail)?;
        }
        Ok((Account::new(config, limits, Seed::new([7; 32])), AccountHost::default()))
    }

    fn input(&mut self, element: &Tree) -> Result<Input, Stop> {
        if element.ns != NS {
            let stanza = stanza(element)?;
            let session = element.attr("from").filter(|from| self.bound.contains(*from));
            return Ok(match session {
                Some(session) => Input::FromSession { session: full(session)?, stanza },
                None => Input::Stanza(stanza),
            });
        }
        let session = || {
            let name =
                element.attr("session").ok_or_else(|| Stop::Fail(format!("<{}> without session=", element.name)))?;
            full(&format!("{ACCOUNT}/{name}"))
        };
        let inside: Vec<Stanza> = element.children().map(stanza).collect::<Result<_, _>>()?;
        let one = |inside: Vec<Stanza>| {
            inside.into_iter().next().ok_or_else(|| Stop::Fail(format!("<{}> without a stanza", element.name)))
        };
        Ok(match element.name.as_str() {
            "from-session" => Input::FromSession { session: session()?, stanza: one(inside)? },
            "from-outside" => Input::Stanza(one(inside)?),
            "gone" => {
                let session = session()?;
                self.bound.remove(session.as_str());
                Input::Session { session, event: Event::Gone { unacked: inside } }
            }
            "member-copy" => {
                let to = element.attr("to").unwrap_or_default().split_whitespace();
                let to = to.map(|name| full(&format!("{ACCOUNT}/{name}"))).collect::<Result<_, _>>()?;
                Input::MemberCopy { stanza: one(inside)?, to }
            }
            other => return Err(Stop::Fail(format!("there is no input <{other} xmlns='{NS}'>"))),
        })
    }

    fn host(
        &mut self,
        bench: &mut Bench<Account, AccountHost>,
        now: Time,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        if let Some(name) = facts.get("session") {
            return self.session(bench, now, name, facts);
        }
        for (name, value) in facts {
            let fact = match (name.as_str(), value.as_str()) {
                // Known from the start.
                ("policy" | "push" | "archive" | "answers" | "feature", _) => continue,
                ("store", answer @ ("silent" | "on")) => {
                    bench.host.store_answers = answer == "on";
                    if let (true, Some((token, max))) = (bench.host.store_answers, bench.host.open.take()) {
                        let answer = bench.host.fetched(token, max);
                        put(bench, now, answer)?;
                    }
                    continue;
                }
                ("router", answer @ ("silent" | "on")) => {
                    bench.host.router_answers = answer == "on";
                    continue;
                }
                ("offline", count) => Fact::OfflineCount(number(count)?),
                ("blocked", jid) => {
                    self.blocked.push(blocked(jid)?);
                    Fact::Blocked(self.blocked.clone())
                }
                ("subscription" | "grounds", _) => continue,
                (name, value) => account_fact(name, value, facts)?,
            };
            put(bench, now, Input::Fact(fact))?;
        }
        Ok(())
    }

    fn ordered(&mut self, host: &mut AccountHost) -> Vec<Tree> {
        host.take_ordered()
    }

    fn explain(&mut self, machine: &Account, element: &Tree) -> Option<String> {
        match self.input(element).ok()? {
            Input::Stanza(stanza) => Some(machine.explain(&stanza, None).to_string()),
            Input::FromSession { session, stanza } => Some(machine.explain(&stanza, Some(&session)).to_string()),
            _ => None,
        }
    }
}

impl Accounts {
    /// All that happens to one session at one moment, in the order in which it makes sense.
    fn session(
        &mut self,
        bench: &mut Bench<Account, AccountHost>,
        now: Time,
        name: &str,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let session = full(&format!("{ACCOUNT}/{name}"))?;
        let fact = |name: &str| facts.get(name).map(String::as_str);
        let on = |name: &str| fact(name).map(|value| matches!(value, "yes" | "on"));
        let mut events = Vec::new();
        if on("bound") == Some(true) {
            self.bound.insert(session.to_string());
            events.push(Event::Bound);
        }
        events.extend(on("imng").map(Event::Imng));
        events.extend(on("carbons").map(Event::Carbons));
        events.extend(on("capable").map(Event::Capable));
        if let Some(room) = fact("room-live") {
            events.push(Event::RoomLive { room: bare(room)?, nick: fact("nick").map(Into::into) });
        }
        if let Some(room) = fact("room-ended") {
            events.push(Event::RoomEnded { room: bare(room)? });
        }
        match fact("priority") {
            Some("none") => events.push(Event::Unavailable),
            Some(priority) => events.push(Event::Available { priority: number(priority)? }),
            None => {}
        }
        events.extend(on("active").map(Event::Active));
        if on("hibernated") == Some(true) {
            events.push(Event::Hibernated);
        }
        if on("resumed") == Some(true) {
            events.push(Event::Resumed);
        }
        let known = [
            "session",
            "bound",
            "imng",
            "carbons",
            "capable",
            "room-live",
            "nick",
            "room-ended",
            "priority",
            "active",
            "hibernated",
            "resumed",
        ];
        if let Some((name, value)) = facts.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(unknown(name, value));
        }
        for event in events {
            put(bench, now, Input::Session { session: session.clone(), event })?;
        }
        Ok(())
    }
}

fn limit(limits: &mut ImngLimits, name: &str, value: u64) -> Result<(), String> {
    set_limit!(limits, name, value;
        numbers sessions offline offline_page message_bytes id_bytes blocked contacts rooms directed recent; rates);
    Ok(())
}

/// What an account's roster and its rooms say to routing.
pub(super) fn account_fact(name: &str, value: &str, facts: &BTreeMap<String, String>) -> Result<Fact, Stop> {
    match name {
        "contact" => {
            let subscription = match facts.get("subscription").map(String::as_str) {
                Some("none") => Subscription::None,
                Some("to") => Subscription::To,
                Some("from") => Subscription::From,
                Some("both") => Subscription::Both,
                _ => return Err(Stop::Fail("contact= without subscription=".into())),
            };
            Ok(Fact::Contact { jid: bare(value)?, subscription })
        }
        "room" => {
            let has = |name| facts.get("grounds").is_some_and(|all| all.split_whitespace().any(|g| g == name));
            let grounds =
                Grounds { joined: has("joined"), registered: has("registered"), bookmarked: has("bookmarked") };
            Ok(Fact::Room { room: bare(value)?, grounds })
        }
        _ => Err(unknown(name, value)),
    }
}

/// A JID that is blocked.
pub(super) fn blocked(jid: &str) -> Result<Jid, Stop> {
    Jid::new(jid).map_err(|why| Stop::Fail(format!("'{jid}': {why}")))
}
