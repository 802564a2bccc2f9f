//! What a room is set to: kinds, and every option of the configuration form.

use serde::{Deserialize, Serialize};

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
        /// Every participant with voice, or for the list every participant.
        Participants = "participants",
        /// Moderators.
        Moderators = "moderators",
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
    /// Who may read the participant list.
    pub list_visible: Who,
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
            list_visible: if announcement { Who::Moderators } else { Who::Participants },
            profile_relay: group,
            push_default: if group || classic { Push::Always } else { Push::Mentions },
            slow_mode: 0,
            aliases: Vec::new(),
            parent: String::new(),
            parent_join: ParentJoin::None,
            allow_invites: false,
            persistent: !classic,
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
