//! What a domain knows: its accounts, whom they know, and what was last heard of their sessions.

use std::collections::{BTreeMap, BTreeSet};

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::rooms::{Copies, Rooms};
use super::uploads::Uploads;
use crate::gc3::{self, ServiceConfig};
use crate::imng::{Account, AccountConfig, Subscription};
use crate::limits::ServiceLimits;
use crate::machine::Machine as _;
use crate::party::Address;
use crate::push::router::Router;
use crate::retention;
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
    /// How rooms send copies to members who are away; `None`: they send none.
    pub(super) copies: Option<Copies>,
    /// The upload service, at a domain of its own; none if there is none.
    pub(super) uploads: Option<Box<Uploads>>,
    /// Whether each account that is created from now on has a push router. Default no: the host does what a router would.
    pub push: bool,
    /// Whether the operator lets notifications say who wrote what. Default no.
    pub push_bodies: bool,
    /// Whether each account that is created from now on takes part in group chat itself. Default no: its sessions do.
    pub pam: bool,
}

impl DomainConfig {
    /// A domain with accounts and nothing else.
    #[must_use]
    pub fn new(domain: &BareJid) -> Self {
        Self {
            domain: domain.into(),
            name: "XMPP".into(),
            account: AccountConfig::new(domain),
            rooms: None,
            copies: None,
            uploads: None,
            push: false,
            push_bodies: false,
            pam: false,
        }
    }

    /// With rooms.
    #[must_use]
    pub fn with_rooms(mut self, rooms: ServiceConfig) -> Self {
        self.rooms = Some(rooms);
        self
    }

    /// With rooms that send copies to members who are away.
    #[must_use]
    pub const fn with_copies(mut self, copies: Copies) -> Self {
        self.copies = Some(copies);
        self
    }

    /// With a push router for each account.
    #[must_use]
    pub const fn with_push(mut self) -> Self {
        self.push = true;
        self
    }

    /// With a [`gc3::Account`] for each account, which joins rooms in its name (MUC2-PAM).
    #[must_use]
    pub const fn with_pam(mut self) -> Self {
        self.pam = true;
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
    /// Its push router.
    pub(super) router: Option<Box<Router>>,
    /// Its half of group chat.
    pub(super) pam: Option<Box<gc3::Account>>,
    /// The next deadline of these two, as the index knows it.
    pub(super) due: Option<Time>,
    /// The router's publishes that are not answered yet, as the index knows them.
    pub(super) awaited: Vec<Box<str>>,
}

impl Home {
    /// When something is due.
    fn deadline(&self) -> Option<Time> {
        let router = self.router.as_deref().and_then(Router::deadline);
        let pam = self.pam.as_deref().and_then(gc3::Account::deadline);
        router.into_iter().chain(pam).min()
    }
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
    pub(super) rooms: Option<Rooms>,
    pub(super) uploads: Option<retention::Service>,
    /// The deadlines of what the accounts have.
    pub(super) deadlines: BTreeSet<(Time, Box<str>)>,
    /// Whose each publish is that is not answered yet, by its id.
    pub(super) publishes: BTreeMap<Box<str>, Box<str>>,
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
    uploads: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct SavedHome {
    name: Box<str>,
    account: Vec<u8>,
    contacts: BTreeMap<Box<str>, Subscription>,
    shown: BTreeMap<Box<str>, Box<[u8]>>,
    router: Option<Vec<u8>>,
    pam: Option<Vec<u8>>,
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
            router: home.router.as_ref().map(|router| body(&|into| router.save_body(into))),
            pam: home.pam.as_ref().map(|pam| body(&|into| pam.save_body(into))),
        });
        let saved = Saved {
            config: self.config.clone(),
            limits: self.limits,
            seed: self.seed.clone(),
            now: self.now,
            created: self.created,
            homes: homes.collect(),
            rooms: self.rooms.as_ref().map(|rooms| body(&|into| rooms.save_body(into))),
            uploads: self.uploads.as_ref().map(|uploads| body(&|into| uploads.save_body(into))),
        };
        snapshot::put(&saved, into);
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let saved: Saved = snapshot::take(body)?;
        let mut homes = BTreeMap::new();
        let mut last: Option<Box<str>> = None;
        for SavedHome { name, account, contacts, shown, router, pam } in saved.homes {
            if last.as_ref().is_some_and(|last| *last >= name) {
                return Err(Corrupt::Body("accounts are not in order"));
            }
            last = Some(name.clone());
            let account = Account::load_body(Account::FORMAT, &account)?;
            let router = router.map(|body| Router::load_body(Router::FORMAT, &body)).transpose()?.map(Box::new);
            let pam = pam.map(|body| gc3::Account::load_body(gc3::Account::FORMAT, &body)).transpose()?.map(Box::new);
            homes.insert(name, Home { account, contacts, shown, router, pam, due: None, awaited: Vec::new() });
        }
        let rooms = saved.rooms.map(|body| Rooms::load_body(Rooms::FORMAT, &body)).transpose()?;
        let uploads = |body: Vec<u8>| retention::Service::load_body(retention::Service::FORMAT, &body);
        let uploads = saved.uploads.map(uploads).transpose()?;
        let Saved { config, limits, seed, now, created, .. } = saved;
        let names: Vec<Box<str>> = homes.keys().cloned().collect();
        let (deadlines, publishes) = (BTreeSet::new(), BTreeMap::new());
        let mut state = Self { config, limits, seed, now, created, homes, rooms, uploads, deadlines, publishes };
        names.iter().for_each(|name| state.reindex(name));
        state.check().map_err(Corrupt::Body)?;
        let mut again = Vec::with_capacity(body.len());
        state.save(&mut again);
        if again == body { Ok(state) } else { Err(Corrupt::Body("not the canonical form")) }
    }

    /// What the indexes say of an account is what its router and its half of group chat say.
    pub(super) fn reindex(&mut self, name: &str) {
        let Some(home) = self.homes.get_mut(name) else { return };
        let router = home.router.as_deref();
        let due = home.deadline();
        if due != home.due {
            if let Some(old) = home.due {
                self.deadlines.remove(&(old, name.into()));
            }
            if let Some(new) = due {
                self.deadlines.insert((new, name.into()));
            }
            home.due = due;
        }
        let awaits = |id: &str| router.is_some_and(|router| router.awaited().any(|awaited| awaited == id));
        home.awaited.retain(|id| awaits(id) || self.publishes.remove(id).is_none());
        for id in router.into_iter().flat_map(Router::awaited) {
            if self.publishes.get(id).is_none_or(|whose| **whose != *name) {
                self.publishes.insert(id.into(), name.into());
                home.awaited.push(id.into());
            }
        }
    }

    /// An account ends: the indexes forget it.
    pub(super) fn forget(&mut self, name: &str) {
        let Some(home) = self.homes.remove(name) else { return };
        home.awaited.iter().for_each(|id| drop(self.publishes.remove(id)));
        if let Some(due) = home.due {
            self.deadlines.remove(&(due, name.into()));
        }
    }

    /// Whether everything fits together. What accounts, rooms and uploads hold checks itself when it is loaded.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.config.rooms() != self.rooms.as_ref().map(|rooms| rooms.service().config().domain.as_str()) {
            return Err("the rooms are elsewhere");
        }
        if self.config.uploads.as_ref().map(|uploads| &uploads.service)
            != self.uploads.as_ref().map(retention::Service::config)
        {
            return Err("the uploads are others than they are set to");
        }
        self.config.apart()?;
        for (name, home) in &self.homes {
            if home.account.config().account() != &**name {
                return Err("an account is kept under another's name");
            }
            if home.router.as_ref().is_some_and(|router| router.account() != &**name) {
                return Err("a push router is kept under another's name");
            }
            if home.pam.as_ref().is_some_and(|pam| pam.account() != &**name) {
                return Err("a half of group chat is kept under another's name");
            }
            if home.due != home.deadline() {
                return Err("a deadline is not known");
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
