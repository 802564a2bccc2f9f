//! The tables of XEP-0045 §5.1.1 and §5.2.1, as far as they are configured: what holds where no policy says otherwise.
//! Every verb stands in one of the two; the member list may be opened to a role besides.

use super::{Affiliation, Role, Verb};
use crate::gc3::config::{Config, PrivateMessages, Visibility, Who};

/// What a role allows; `None` if the verb does not depend on the role. Without a role one is not in the room.
#[must_use]
pub const fn by_role(config: &Config, role: Option<Role>, verb: Verb) -> Option<bool> {
    let here = role.is_some();
    let voice = matches!(role, Some(Role::Participant | Role::Moderator));
    let moderator = matches!(role, Some(Role::Moderator));
    Some(match verb {
        Verb::ViewMessage | Verb::ChangeNick | Verb::Invite => here,
        Verb::SendMessage | Verb::React | Verb::Reply | Verb::EditOwn | Verb::RetractOwn | Verb::MentionIndividual => {
            voice
        }
        Verb::SendPm => match config.private_messages {
            PrivateMessages::Anyone => here,
            PrivateMessages::Participants => voice,
            PrivateMessages::Moderators => moderator,
            PrivateMessages::None => false,
        },
        Verb::ChangeSubject => moderator || (voice && matches!(config.subject_by, Who::Participants)),
        Verb::Kick | Verb::RetractOther | Verb::MentionGroup => moderator,
        Verb::ViewRealJid => moderator || (here && matches!(config.visibility, Visibility::Everyone)),
        // The list names accounts: it is for those who see them.
        Verb::ViewMembers => match role {
            Some(role) if config.member_list.holds(role) => match config.visibility {
                Visibility::Everyone => true,
                Visibility::Moderators if moderator => true,
                Visibility::Moderators => return None,
            },
            _ => return None,
        },
        Verb::JoinOpen
        | Verb::ViewHistory
        | Verb::ChangeMembers
        | Verb::Ban
        | Verb::ChangeModerators
        | Verb::ChangeOwners
        | Verb::Configure
        | Verb::ChangeAcl
        | Verb::GrantHat
        | Verb::Destroy
        | Verb::Leave
        | Verb::Report => return None,
    })
}

/// What an affiliation allows; `None` if the verb does not depend on the affiliation.
#[must_use]
pub const fn by_affiliation(config: &Config, affiliation: Affiliation, verb: Verb) -> Option<bool> {
    let owner = matches!(affiliation, Affiliation::Owner);
    let admin = owner || matches!(affiliation, Affiliation::Admin);
    let member = admin || matches!(affiliation, Affiliation::Member);
    Some(match verb {
        Verb::JoinOpen | Verb::ViewHistory => match affiliation {
            Affiliation::Outcast => false,
            Affiliation::None => !config.members_only,
            Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
        },
        Verb::ViewMembers => admin || (member && matches!(config.visibility, Visibility::Everyone)),
        Verb::ChangeMembers | Verb::Ban | Verb::ChangeModerators => admin,
        Verb::ChangeOwners | Verb::Configure | Verb::ChangeAcl | Verb::GrantHat | Verb::Destroy => owner,
        Verb::Leave | Verb::Report => true,
        Verb::ViewMessage
        | Verb::ChangeNick
        | Verb::SendMessage
        | Verb::React
        | Verb::Reply
        | Verb::EditOwn
        | Verb::RetractOwn
        | Verb::MentionIndividual
        | Verb::MentionGroup
        | Verb::SendPm
        | Verb::ChangeSubject
        | Verb::Invite
        | Verb::Kick
        | Verb::RetractOther
        | Verb::ViewRealJid => return None,
    })
}

/// Whether a room that never changed its policy allows it. An outcast may leave and report, and nothing else.
#[must_use]
pub const fn allows(config: &Config, affiliation: Affiliation, role: Option<Role>, verb: Verb) -> bool {
    if matches!(affiliation, Affiliation::Outcast) || verb.is_fixed() {
        return verb.is_fixed();
    }
    match (by_role(config, role, verb), by_affiliation(config, affiliation, verb)) {
        (Some(allowed), _) | (None, Some(allowed)) => allowed,
        (None, None) => false,
    }
}
