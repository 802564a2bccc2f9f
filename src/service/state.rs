//! What a domain knows: its accounts, whom they know, and what was last heard of their sessions.

use std::collections::BTreeMap;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use crate::gc3::{self, ServiceConfig};
use crate::imng::{Account, AccountConfig, Subscription};
use crate::limits::ServiceLimits;
use crate::party::Address;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot as _};
use crate::time::Time;

/// A domain, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainConfig {
    /// The domain.
    pub(super) domain: Address,
    /// The name that service discovery shows.
    pub name: Box<str>,
    /// How each account that is created from now on is set.
    pub account: AccountConfig,
    /// The rooms, at a domain of their own; none if there are none.
    pub(super) rooms: Option<ServiceConfig>,
}

impl DomainConfig {
    /// A domain with accounts and nothing else.
    #[must_use]
    pub fn new(domain: &BareJid) -> Self {
        Self { domain: domain.into(), name: "XMPP".into(), account: AccountConfig::new(domain), rooms: None }
    }

    /// With rooms.
    #[must_use]
    pub fn with_rooms(mut self, rooms: ServiceConfig) -> Self {
        self.rooms = Some(rooms);
        self
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.domain.as_str()
    }

    /// The domain of the rooms.
    #[must_use]
    pub fn rooms(&self) -> Option<&str> {
        self.rooms.as_ref().map(|rooms| rooms.domain.as_str())
    }
}

/// An account and what the domain knows about it.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) account: Account,
    /// Those with a subscription, by bare JID.
    pub(super) contacts: BTreeMap<Box<str>, Subscription>,
    /// The last presence of each available session, as bytes.
    pub(super) shown: BTreeMap<Box<str>, Box<[u8]>>,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) config: DomainConfig,
    pub(super) limits: ServiceLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    /// Accounts that were created.
    pub(super) created: u64,
    pub(super) homes: BTreeMap<Box<str>, Home>,
    pub(super) rooms: Option<gc3::Service>,
}

/// A domain as a snapshot holds it: what is in it as bodies of its own.
#[derive(Serialize, Deserialize)]
struct Saved {
    config: DomainConfig,
    limits: ServiceLimits,
    seed: Seed,
    now: Time,
    created: u64,
    homes: Vec<SavedHome>,
    rooms: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct SavedHome {
    name: Box<str>,
    account: Vec<u8>,
    contacts: BTreeMap<Box<str>, Subscription>,
    shown: BTreeMap<Box<str>, Box<[u8]>>,
}

impl State {
    pub(super) fn save(&self, into: &mut Vec<u8>) {
        let body = |save: &dyn Fn(&mut Vec<u8>)| {
            let mut body = Vec::new();
            save(&mut body);
            body
        };
        let homes = self.homes.iter().map(|(name, home)| SavedHome {
            name: name.clone(),
            account: body(&|into| home.account.save_body(into)),
            contacts: home.contacts.clone(),
            shown: home.shown.clone(),
        });
        let saved = Saved {
            config: self.config.clone(),
            limits: self.limits,
            seed: self.seed.clone(),
            now: self.now,
            created: self.created,
            homes: homes.collect(),
            rooms: self.rooms.as_ref().map(|rooms| body(&|into| rooms.save_body(into))),
        };
        snapshot::put(&saved, into);
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let saved: Saved = snapshot::take(body)?;
        let mut homes = BTreeMap::new();
        let mut last: Option<Box<str>> = None;
        for SavedHome { name, account, contacts, shown } in saved.homes {
            if last.as_ref().is_some_and(|last| *last >= name) {
                return Err(Corrupt::Body("accounts are not in order"));
            }
            last = Some(name.clone());
            let account = Account::load_body(Account::FORMAT, &account)?;
            homes.insert(name, Home { account, contacts, shown });
        }
        let rooms = saved.rooms.map(|body| gc3::Service::load_body(gc3::Service::FORMAT, &body)).transpose()?;
        let Saved { config, limits, seed, now, created, .. } = saved;
        let state = Self { config, limits, seed, now, created, homes, rooms };
        state.check().map_err(Corrupt::Body)?;
        let mut again = Vec::with_capacity(body.len());
        state.save(&mut again);
        if again == body { Ok(state) } else { Err(Corrupt::Body("not the canonical form")) }
    }

    /// Whether everything fits together. What accounts and rooms hold checks itself when it is loaded.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.config.rooms() != self.rooms.as_ref().map(|rooms| rooms.config().domain.as_str()) {
            return Err("the rooms are elsewhere");
        }
        if self.config.rooms() == Some(self.config.domain()) {
            return Err("rooms and accounts share a domain");
        }
        for (name, home) in &self.homes {
            if home.account.config().account() != &**name {
                return Err("an account is kept under another's name");
            }
            if name.split_once('@').is_none_or(|(_, domain)| domain != self.config.domain()) {
                return Err("an account of another domain");
            }
            if home.contacts.len() > self.limits.contacts {
                return Err("more contacts than there may be");
            }
            let own = |session: &str| session.split_once('/').is_some_and(|(bare, _)| *bare == **name);
            if !home.shown.keys().all(|session| own(session)) {
                return Err("presence of another account's session");
            }
            if home.shown.values().any(|bytes| bytes.len() > self.limits.presence_bytes.max(8192)) {
                return Err("a presence that is too long");
            }
        }
        Ok(())
    }
}
