//! What a room is set to: kinds, and every option of the configuration form.

use serde::{Deserialize, Serialize};

use super::acl::Role;
use crate::reactions::Restrictions;

/// The kinds of room. A room keeps its kind for life (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Private and secret: members only, everybody sees real JIDs, strangers cannot tell that it exists.
    Group,
    /// Public: open to join, only moderators see real JIDs.
    Channel,
    /// Public, where only administrators, owners and those given voice speak.
    Announcement,
    /// As XEP-0045 has it: created by entering it, everything else by configuration.
    Classic,
}

impl Kind {
    /// The kinds that can be created by a form, in its order.
    pub const ALL: [Self; 3] = [Self::Group, Self::Channel, Self::Announcement];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Channel => "channel",
            Self::Announcement => "announcement",
            Self::Classic => "classic",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Group, Self::Channel, Self::Announcement, Self::Classic].into_iter().find(|kind| kind.name() == text)
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value, in the order of the form.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value of that name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == text)
            }
        }
    };
}

choices! {
    /// Who sees real JIDs (`F:visibility`).
    Visibility {
        /// Every participant.
        Everyone = "everyone",
        /// Moderators.
        Moderators = "moderators",
    }
}
choices! {
    /// Participants or moderators: for options that know no other class.
    Who {
        /// Every participant with voice.
        Participants = "participants",
        /// Moderators.
        Moderators = "moderators",
    }
}
choices! {
    /// Whom those who do not moderate see in the participant list (`F:list-visible`).
    Shown {
        /// Every participant.
        Participants = "participants",
        /// Those with voice.
        Voice = "voice",
        /// Moderators.
        Moderators = "moderators",
    }
}

impl Shown {
    /// Whether somebody of that role is seen by everybody.
    #[must_use]
    pub const fn holds(self, role: Role) -> bool {
        match self {
            Self::Participants => true,
            Self::Voice => !matches!(role, Role::Visitor),
            Self::Moderators => matches!(role, Role::Moderator),
        }
    }
}

choices! {
    /// What becomes of somebody who registers with the room (XEP-0045 §7.10).
    Registration {
        /// It becomes a member at once; where only members enter, strangers do not register.
        Open = "open",
        /// Administrators are asked, for strangers to a members-only room, too.
        Approval = "approval",
        /// Only those on the access list register.
        Closed = "closed",
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Roles(u8);

impl Roles {
    /// The same set with one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// Whether a role is in it.
    #[must_use]
    pub const fn holds(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }
}

choices! {
    /// Who may send private messages (`F:private-messages`).
    PrivateMessages {
        /// Every participant, visitors too.
        Anyone = "anyone",
        /// Participants with voice.
        Participants = "participants",
        /// Moderators.
        Moderators = "moderators",
        /// Nobody.
        None = "none",
    }
}
choices! {
    /// How much of the archive participants may read (`F:history`).
    History {
        /// All of it.
        All = "all",
        /// What was said since they first joined.
        SinceJoin = "since-join",
        /// Nothing.
        None = "none",
    }
}
choices! {
    /// When a member who is away is pushed (`F:push`, `F:push-default`).
    Push {
        /// For every message.
        Always = "always",
        /// When mentioned.
        Mentions = "mentions",
        /// Never.
        Never = "never",
    }
}
choices! {
    /// Whether members of the parent space may join (`F:parent-join`).
    ParentJoin {
        /// They are strangers as others are.
        None = "none",
        /// They may join as members.
        Members = "members",
    }
}

/// The configuration of a room. The bounds are those of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Fixed at creation.
    pub kind: Kind,
    /// Fixed at creation.
    pub visibility: Visibility,
    /// 1 to 256 bytes.
    pub name: String,
    /// At most 4 KiB.
    pub description: String,
    /// Whether the service lists it.
    pub listed: bool,
    /// Whether one must be on the access list to join.
    pub members_only: bool,
    /// Whether one needs to be given voice.
    pub moderated: bool,
    /// Empty: none.
    pub password: String,
    /// How many participants there may be.
    pub max_participants: u32,
    /// Who may change the subject.
    pub subject_by: Who,
    /// Who may send private messages.
    pub private_messages: PrivateMessages,
    /// How much of the archive may be read.
    pub history: History,
    /// Whether messages are archived.
    pub archive: bool,
    /// Whom those see in the participant list who do not moderate.
    pub list_visible: Shown,
    /// Whether participants may let others read their avatar through the room.
    pub profile_relay: bool,
    /// The push setting of those who set none.
    pub push_default: Push,
    /// Seconds between two messages of one participant; 0: none.
    pub slow_mode: u32,
    /// Localparts under which the room can also be found, at most 8.
    pub aliases: Vec<String>,
    /// The space it belongs to, an XMPP URI with a node; empty: none.
    pub parent: String,
    /// Whether the members of that space may join.
    pub parent_join: ParentJoin,
    /// Whether members may invite others into a members-only room, who are members then.
    pub allow_invites: bool,
    /// Whether it stays when the last participant leaves. Every kind but the classic one always does.
    pub persistent: bool,
    /// The language that is spoken, as a tag (RFC 5646); empty: it is not said.
    pub language: String,
    /// How many messages are sent to who enters by XEP-0045, at the most as many as the room keeps.
    pub max_history: u32,
    /// The roles in which one may read the member list, if one sees real JIDs.
    pub member_list: Roles,
    /// The pubsub node that belongs to the room, an XMPP URI; empty: none.
    pub pubsub: String,
    /// What becomes of those who register.
    pub registration: Registration,
    /// Which reactions are allowed, and how many.
    pub reactions: Restrictions,
}

impl Config {
    /// The defaults of a kind. The name is still to be given.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        let group = matches!(kind, Kind::Group);
        let announcement = matches!(kind, Kind::Announcement);
        let classic = matches!(kind, Kind::Classic);
        Self {
            kind,
            visibility: if group { Visibility::Everyone } else { Visibility::Moderators },
            name: String::new(),
            description: String::new(),
            listed: !group,
            members_only: group,
            moderated: announcement,
            password: String::new(),
            max_participants: if group || classic { 1000 } else { 100_000 },
            subject_by: if group { Who::Participants } else { Who::Moderators },
            private_messages: if classic { PrivateMessages::Anyone } else { PrivateMessages::None },
            history: if group { History::SinceJoin } else { History::All },
            archive: true,
            list_visible: if announcement { Shown::Moderators } else { Shown::Participants },
            profile_relay: group,
            push_default: if group || classic { Push::Always } else { Push::Mentions },
            slow_mode: 0,
            aliases: Vec::new(),
            parent: String::new(),
            parent_join: ParentJoin::None,
            allow_invites: false,
            persistent: !classic,
            language: String::new(),
            max_history: 50,
            member_list: Roles(0),
            pubsub: String::new(),
            registration: Registration::Open,
            reactions: Restrictions { max: None, allowed: Vec::new() },
        }
    }

    /// Whether there is an archive that somebody may read (`M2`): only then is a stanza-id a promise.
    #[must_use]
    pub const fn has_archive(&self) -> bool {
        self.archive && !matches!(self.history, History::None)
    }

    /// Whether strangers must not learn that it exists (`V4`).
    #[must_use]
    pub const fn secret(&self) -> bool {
        matches!(self.kind, Kind::Group)
    }
}
