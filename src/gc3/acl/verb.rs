//! The verbs: what somebody may be allowed to do.

use serde::{Deserialize, Serialize};

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $id:literal $says:literal $capabilities:tt;)*) => {
        /// Something that one may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Verb { $($(#[$doc])* $name),* }

        impl Verb {
            /// All of them, in the order in which they are listed.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its identifier on the wire.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            /// What it is, for people.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$name => $says),* }
            }

            /// The capabilities of MIMI that it stands for (draft-ietf-mimi-room-policy-03 §10); none: MIMI has no word
            /// for it.
            #[must_use]
            pub const fn capabilities(self) -> &'static [u16] {
                match self { $(Self::$name => &$capabilities),* }
            }
        }
    };
}

verbs! {
    /// Be in the room, and hear what is said.
    ViewMessage = "view-message" "May be in the room and hear what is said" [0x0101];
    /// Change one's own nickname.
    ChangeNick = "change-nick" "May change the own nickname" [];
    /// Send a message to all.
    SendMessage = "send-message" "May send messages to all" [0x0100];
    /// React to a message (XEP-0444).
    React = "react" "May react to messages" [0x0105, 0x0106, 0x0107];
    /// Answer a certain message (XEP-0461).
    Reply = "reply" "May answer a certain message" [0x0104];
    /// Correct one's own message (XEP-0308).
    EditOwn = "edit-own" "May correct own messages" [0x0109];
    /// Retract one's own message (XEP-0424).
    RetractOwn = "retract-own" "May retract own messages" [0x010a];
    /// Mention one person (XEP-0513). Who is mentioned decides whether that counts.
    MentionIndividual = "mention-individual" "May mention one person" [];
    /// Mention many at once (XEP-0513). Who is mentioned decides whether that counts.
    MentionGroup = "mention-group" "May mention many at once" [];
    /// Send a private message.
    SendPm = "send-pm" "May send private messages" [];
    /// Change the subject.
    ChangeSubject = "change-subject" "May change the subject" [0x0303];
    /// Invite somebody through the room, where everybody may enter.
    Invite = "invite" "May invite others" [];
    /// Kick, give voice, take voice.
    Kick = "kick" "May put others out, and give and take voice" [0x000c];
    /// Retract somebody else's message (XEP-0425).
    RetractOther = "retract-other" "May retract messages of others" [0x010b];
    /// See real JIDs.
    ViewRealJid = "view-real-jid" "May see real addresses" [];
    /// Enter.
    JoinOpen = "join-open" "May enter" [0x0004];
    /// Read the archive.
    ViewHistory = "view-history" "May read the history" [];
    /// Read the access list.
    ViewMembers = "view-members" "May read the list of members" [];
    /// Add members and take them off.
    ChangeMembers = "change-members" "May add and remove members" [0x0000, 0x0001];
    /// Ban and forgive.
    Ban = "ban" "May ban and forgive" [0x000a, 0x000b];
    /// Make and unmake moderators.
    ChangeModerators = "change-moderators" "May make and unmake moderators" [0x000f];
    /// Change the lists of administrators and owners.
    ChangeOwners = "change-owners" "May make and unmake administrators and owners" [];
    /// Configure the room.
    Configure = "configure" "May configure the room" [0x0300, 0x0301, 0x0302, 0x0502];
    /// Read and change who may do what.
    ChangeAcl = "change-acl" "May change who may do what" [0x0503, 0x0504];
    /// Make hats, and give and take them.
    GrantHat = "grant-hat" "May make hats, and give and take them" [];
    /// Destroy the room.
    Destroy = "destroy" "May destroy the room" [0x0501];
    /// Leave. Nobody can be denied it.
    Leave = "leave" "May leave" [0x0006];
    /// Report somebody to those who run the room. Nobody can be denied it.
    Report = "report" "May report others" [0x0103];
}

impl Verb {
    /// The verb of that identifier.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.id() == text)
    }

    /// Whether nobody can be denied it, an outcast neither.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::Leave | Self::Report)
    }

    /// Whether the room cannot know when somebody does it, so that clients have to keep to it.
    #[must_use]
    pub const fn is_for_clients(self) -> bool {
        matches!(self, Self::MentionIndividual | Self::MentionGroup)
    }
}
