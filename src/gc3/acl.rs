//! Who may do what: affiliations, roles, verbs, and the tables of XEP-0045 §5 over them.

use serde::{Deserialize, Serialize};

use super::config::{Config, PrivateMessages, Visibility, Who};

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

/// Something that one may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Send a message to all.
    SendMessage,
    /// Send a private message.
    SendPm,
    /// Change the subject.
    ChangeSubject,
    /// Kick, give voice, take voice.
    Kick,
    /// Retract somebody else's message.
    RetractOther,
    /// See real JIDs.
    ViewRealJid,
    /// Enter, and read history.
    JoinOpen,
    /// Read the archive.
    ViewHistory,
    /// Read the access list.
    ViewMembers,
    /// Ban, and change the member list; adds participants to members-only rooms.
    ChangeMembers,
    /// Make and unmake moderators.
    ChangeModerators,
    /// Change the lists of administrators and owners.
    ChangeOwners,
    /// Configure the room.
    Configure,
    /// Destroy the room.
    Destroy,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::SendMessage,
        Self::SendPm,
        Self::ChangeSubject,
        Self::Kick,
        Self::RetractOther,
        Self::ViewRealJid,
        Self::JoinOpen,
        Self::ViewHistory,
        Self::ViewMembers,
        Self::ChangeMembers,
        Self::ChangeModerators,
        Self::ChangeOwners,
        Self::Configure,
        Self::Destroy,
    ];
}

/// Whether the default policy allows it. A verb depends on the role or on the affiliation, never on both.
#[must_use]
pub fn allows(config: &Config, affiliation: Affiliation, role: Role, verb: Verb) -> bool {
    let moderator = role == Role::Moderator;
    let voice = role >= Role::Participant;
    match verb {
        Verb::SendMessage => voice,
        Verb::SendPm => match config.private_messages {
            PrivateMessages::Anyone => true,
            PrivateMessages::Participants => voice,
            PrivateMessages::Moderators => moderator,
            PrivateMessages::None => false,
        },
        Verb::ChangeSubject => moderator || (voice && config.subject_by == Who::Participants),
        Verb::Kick | Verb::RetractOther => moderator,
        Verb::ViewRealJid => moderator || config.visibility == Visibility::Everyone,
        Verb::JoinOpen | Verb::ViewHistory => match affiliation {
            Affiliation::Outcast => false,
            Affiliation::None => !config.members_only,
            Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
        },
        Verb::ViewMembers => {
            affiliation >= Affiliation::Admin
                || (affiliation == Affiliation::Member && (moderator || config.visibility == Visibility::Everyone))
        }
        Verb::ChangeMembers | Verb::ChangeModerators => affiliation >= Affiliation::Admin,
        Verb::ChangeOwners | Verb::Configure | Verb::Destroy => affiliation == Affiliation::Owner,
    }
}
