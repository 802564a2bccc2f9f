//! Uploads: a service at a domain of its own, which grants slots to sessions and to those whom its policy lets in.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::machine::Domain;
use super::post::{Here, Out, Post, Work};
use super::rules as rule;
use super::state::DomainConfig;
use super::{Notice, Order};
use crate::codec::Stanza;
use crate::limits::RetentionLimits;
use crate::machine::{Action, Machine as _, Misuse, Sink};
use crate::retention::{self, Input, Policy, Service, ServiceConfig};
use crate::rule::Rule;
use crate::seed::Seed;

/// The upload service of a domain, as it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Uploads {
    pub(super) service: ServiceConfig,
    /// The policy at the beginning; which one is in force is the service's to say.
    policy: Policy,
}

impl Uploads {
    /// The service, without files.
    pub(super) fn start(&self, limits: RetentionLimits, seed: &Seed) -> Result<Service, Misuse> {
        Service::new(self.service.clone(), self.policy.clone(), limits, seed.child("uploads", &[]))
    }
}

impl DomainConfig {
    /// With an upload service at a domain of its own, which begins with that policy.
    ///
    /// Other servers reach it too, and the policy says who may upload. That of
    /// [`Policy::default`] is everybody in the world: name the domain of the accounts in
    /// [`Class::domains`](crate::retention::Class::domains) instead.
    ///
    /// ```
    /// use xmpp_machines::jid::BareJid;
    /// use xmpp_machines::limits::ServiceLimits;
    /// use xmpp_machines::retention::{Class, Policy, ServiceConfig};
    /// use xmpp_machines::seed::Seed;
    /// use xmpp_machines::service::{Domain, DomainConfig};
    ///
    /// let mut people = Class::new("people");
    /// people.domains = vec!["tea.example".to_owned()];
    /// let policy = Policy { classes: vec![people], ..Policy::default() };
    /// let uploads = ServiceConfig::new("up.tea.example", "https://up.tea.example/", Seed::new([3; 32]));
    /// let config = DomainConfig::new(&BareJid::new("tea.example")?).with_uploads(uploads, policy);
    /// let domain = Domain::new(config, ServiceLimits::default(), Seed::new([7; 32]))?;
    /// assert_eq!(domain.uploads().map(|uploads| uploads.used()), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_uploads(mut self, service: ServiceConfig, policy: Policy) -> Self {
        self.uploads = Some(Box::new(Uploads { service, policy }));
        self
    }

    /// The domain of the uploads.
    #[must_use]
    pub fn uploads(&self) -> Option<&str> {
        self.uploads.as_ref().map(|uploads| uploads.service.domain.as_str())
    }

    /// Whether accounts, rooms and uploads are each at a domain of their own: else a stanza is for two.
    pub(super) fn apart(&self) -> Result<(), &'static str> {
        if self.rooms() == Some(self.domain()) {
            return Err("rooms and accounts share a domain: give the rooms one of their own");
        }
        if self.uploads().is_some_and(|uploads| uploads == self.domain() || self.rooms() == Some(uploads)) {
            return Err("the uploads share a domain with accounts or rooms: give the uploads one of their own");
        }
        Ok(())
    }
}

impl Domain {
    /// The upload service. A host that answers GETs asks it to [`look`](Service::look).
    #[must_use]
    pub const fn uploads(&self) -> Option<&Service> {
        self.state.uploads.as_ref()
    }

    /// A stanza for the uploads' domain.
    pub(super) fn ask_uploads(&mut self, stanza: Stanza, hops: u8, work: &mut Work, out: &mut Out<'_>) {
        out.push(rule::R4, Action::Tell(Notice::Also));
        // A stanza is no misuse.
        let _ = self.hand_uploads(Input::Stanza(stanza), hops, work, out);
    }

    /// What the host tells the uploads.
    pub(super) fn tell_uploads(&mut self, input: Input, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        // It would pass by the account of its sender, and by the check of the server that sent it.
        if matches!(input, Input::Stanza(_)) {
            return Err(Misuse::Impossible {
                what: "a stanza for the uploads comes from somebody: give it as FromSession, FromServer or FromHost",
            });
        }
        self.hand_uploads(input, 0, work, out)
    }

    /// An account is no more: what it uploaded goes with it.
    pub(super) fn account_gone(&mut self, account: &BareJid, work: &mut Work, out: &mut Out<'_>) {
        if self.state.uploads.is_some() {
            out.push(rule::A2, Action::Tell(Notice::Also));
            // The name of an account is no misuse.
            let _ = self.hand_uploads(Input::AccountRemoved { account: account.as_str().into() }, 0, work, out);
        }
    }

    /// Does what is due of the uploads.
    pub(super) fn wake_uploads(&mut self, work: &mut Work, out: &mut Out<'_>) {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        if let Some(uploads) = &mut state.uploads {
            uploads.wake(state.now, &mut FromUploads(Post { here, work, out, hops: 0 }));
        }
    }

    fn hand_uploads(&mut self, input: Input, hops: u8, work: &mut Work, out: &mut Out<'_>) -> Result<(), Misuse> {
        let state = &mut self.state;
        let here = Here::of(&state.config);
        let Some(uploads) = &mut state.uploads else {
            return Err(Misuse::Impossible { what: "there are no uploads: configure them first" });
        };
        uploads.handle(state.now, input, &mut FromUploads(Post { here, work, out, hops }))
    }
}

/// The uploads' view of the sink.
struct FromUploads<'a, 'o>(Post<'a, 'o>);

impl Sink<retention::Order, retention::Notice> for FromUploads<'_, '_> {
    fn push(&mut self, why: Rule, action: Action<'_, retention::Order, retention::Notice>) {
        match action {
            Action::Send { to, stanza } => self.0.all(why, to, stanza),
            Action::Do(order) => self.0.out.push(why, Action::Do(Order::Uploads(order))),
            Action::Tell(notice) => self.0.out.push(why, Action::Tell(Notice::Uploads(notice))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outbox;
    use crate::codec::Reader;
    use crate::gc3;
    use crate::limits::ServiceLimits;
    use crate::ns;
    use crate::retention::SlotId;
    use crate::service::Input;
    use crate::snapshot::{Corrupt, Snapshot as _};
    use crate::time::Time;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn uploads(domain: &str) -> ServiceConfig {
        ServiceConfig::new(domain, "https://up.example/", Seed::new([3; 32]))
    }

    fn config() -> DomainConfig {
        DomainConfig::new(&BareJid::new("tea.example").unwrap())
    }

    fn domain(config: DomainConfig) -> Result<Domain, Misuse> {
        Domain::new(config, ServiceLimits::default(), Seed::new([7; 32]))
    }

    fn with(domain_: &str) -> Domain {
        domain(config().with_uploads(uploads(domain_), Policy::default())).unwrap()
    }

    #[test]
    fn accounts_rooms_and_uploads_are_apart() {
        let rooms = |domain: &str| gc3::ServiceConfig::new(&BareJid::new(domain).unwrap());
        let three = |r: &str, u: &str| config().with_rooms(rooms(r)).with_uploads(uploads(u), Policy::default());
        for (r, u) in
            [("rooms.example", "tea.example"), ("rooms.example", "rooms.example"), ("tea.example", "up.example")]
        {
            let misuse = domain(three(r, u)).unwrap_err();
            assert!(misuse.to_string().contains("one of their own"), "{misuse}");
        }
        assert!(domain(three("rooms.example", "up.example")).is_ok());
    }

    #[test]
    fn uploads_that_cannot_be_are_refused() {
        let plain = ServiceConfig::new("up.example", "http://up.example/", Seed::new([3; 32]));
        let policy = Policy { soft: u64::MAX, ..Policy::default() };
        for (service, policy) in [(plain, Policy::default()), (uploads("up.example"), policy)] {
            assert!(domain(config().with_uploads(service, policy)).is_err());
        }
    }

    #[test]
    fn what_the_host_must_not_tell_changes_nothing() {
        let text = b"<iq type='get' id='1' from='ann@tea.example/a' to='up.example'><ping xmlns='urn:xmpp:ping'/></iq>";
        let stanza = retention::Input::Stanza(Reader::one(ns::CLIENT, text).unwrap());
        let class = retention::Input::Class { account: "ann@tea.example".into(), class: Some("nobody".into()) };
        let failed = retention::Input::Failed { slot: SlotId::parse("aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap() };
        let cases = [(with("up.example"), stanza), (with("up.example"), class), (domain(config()).unwrap(), failed)];
        for (mut domain, input) in cases {
            let (before, mut said) = (domain.save(), Outbox::new());
            let misuse = domain.handle(NOW, Input::Uploads(input), &mut said).unwrap_err();
            assert!(matches!(misuse, Misuse::Impossible { .. }), "{misuse}");
            assert_eq!((domain.save(), said.deliveries().count(), said.orders().len()), (before, 0, 0));
        }
    }

    #[test]
    fn only_its_own_uploads_are_loaded_with_a_domain() {
        let whole = with("up.example");
        assert_eq!(Domain::load(&whole.save()).unwrap().save(), whole.save());
        let mut lost = whole.clone();
        lost.state.uploads = None;
        let mut others = whole.clone();
        others.state.uploads = with("files.example").state.uploads;
        let mut secret = whole.clone();
        let other = ServiceConfig { secret: Seed::new([4; 32]), ..uploads("up.example") };
        secret.state.uploads.as_mut().unwrap().reconfigure(other).unwrap();
        let mut shared = with("up.example");
        let same = uploads("tea.example");
        shared.state.uploads.as_mut().unwrap().reconfigure(same.clone()).unwrap();
        shared.state.config.uploads.as_mut().unwrap().service = same;
        let mut unknown = domain(config()).unwrap();
        unknown.state.uploads = whole.state.uploads;
        for domain in [lost, others, secret, shared, unknown] {
            let loaded = Domain::load(&domain.save()).map(drop);
            assert!(matches!(loaded, Err(Corrupt::Body(_))), "{loaded:?}");
            assert!(domain.check().is_err());
        }
    }
}
