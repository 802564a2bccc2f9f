//! What one is to a room: affiliations, which last, and roles, which one has while one is in (XEP-0045 §5).

use serde::{Deserialize, Serialize};

use crate::gc3::config::Config;

/// What an account is to the room, whether it is in or not (XEP-0045 §5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Affiliation {
    /// Must not enter.
    Outcast,
    /// A stranger.
    #[default]
    None,
    /// May enter a members-only room.
    Member,
    /// Moderates, and keeps the member list.
    Admin,
    /// Configures the room.
    Owner,
}

impl Affiliation {
    /// All of them, by rank.
    pub const ALL: [Self; 5] = [Self::Outcast, Self::None, Self::Member, Self::Admin, Self::Owner];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The affiliation of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == text)
    }
}

/// What a participant may do while it is in (XEP-0045 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Listens.
    Visitor,
    /// Speaks.
    Participant,
    /// Keeps order.
    Moderator,
}

impl Role {
    /// All of them, by rank.
    pub const ALL: [Self; 3] = [Self::Visitor, Self::Participant, Self::Moderator];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == text)
    }

    /// The role that an affiliation brings along.
    #[must_use]
    pub const fn initial(config: &Config, affiliation: Affiliation) -> Self {
        match affiliation {
            Affiliation::Owner | Affiliation::Admin => Self::Moderator,
            Affiliation::Member => Self::Participant,
            Affiliation::None | Affiliation::Outcast if config.moderated => Self::Visitor,
            Affiliation::None | Affiliation::Outcast => Self::Participant,
        }
    }
}
