//! What an account is set to: the switches where the specifications leave a choice.

use std::collections::BTreeSet;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use crate::ns;
use crate::party::Address;

/// The account, and how its server treats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountConfig {
    /// The account's bare JID.
    pub(crate) account: Address,
    /// What the specifications leave open.
    pub policy: Policy,
    /// Whether there is an archive. Without one no message gets an archive id. Default yes.
    pub archive: bool,
    /// Whether the host wants to hear of each message that a sleeping device may have to be woken for
    /// ([`Order::Push`](super::Order::Push)). Default no.
    pub push: bool,
    /// Namespaces of requests to the account that the host answers itself ([`Order::Iq`](super::Order::Iq)). Default: the
    /// roster.
    pub host_answers: BTreeSet<Box<str>>,
    /// Features that the host adds to those of the account in service discovery. Default none.
    pub features: BTreeSet<Box<str>>,
}

impl AccountConfig {
    /// The defaults for an account.
    #[must_use]
    pub fn new(account: &BareJid) -> Self {
        Self {
            account: Address::from(account),
            policy: Policy::default(),
            archive: true,
            push: false,
            host_answers: BTreeSet::from([ns::ROSTER.into()]),
            features: BTreeSet::new(),
        }
    }

    /// The account's bare JID, normalised.
    #[must_use]
    pub fn account(&self) -> &str {
        self.account.as_str()
    }

    /// The account's server.
    #[must_use]
    pub fn server(&self) -> &str {
        self.account().split_once('@').map_or_else(|| self.account(), |(_, domain)| domain)
    }
}

/// Where the texts allow more than one thing, or where popular servers depart from them. The default is the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// A message of type normal to a full JID that nothing matches is treated as if it were for the bare JID, as Prosody
    /// and ejabberd do. RFC 6121 §8.5.3.2.1 ignores it or answers with an error. Default no.
    pub normal_to_unmatched_as_bare: bool,
    /// A request to a full JID is delivered whoever it is from, as Prosody and ejabberd do, which tells strangers who is
    /// online. RFC 6121 §8.5.3.1 advises against it. Default no.
    pub deliver_iq_from_strangers: bool,
    /// Of several sessions that may get a message to the bare JID, all get it and not only the most available. RFC 6121
    /// §8.5.2.1.1 allows both. Default no.
    pub deliver_to_all: bool,
    /// Sessions that have sent no presence get neither copies nor messages by IM-NG, as in ejabberd. The texts are silent.
    /// Default no: they do.
    pub only_available_get_copies: bool,
}
