//! Invitations by token (XEP-0488): whoever holds one comes in as a member, and nobody has to know its address before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Edited, Edits, State};
use crate::gc3::id::ParticipantId;
use crate::time::{Span, Time};

/// A token that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invite {
    /// Who asked for it.
    pub(crate) by: ParticipantId,
    /// The account of who asked for it: a token ends with the right to invite.
    pub(crate) bare: Box<str>,
    /// When it ends.
    pub(crate) until: Time,
    /// How many may still use it; `None`: any number.
    pub(crate) uses: Option<u32>,
}

/// The tokens that were given, by their text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invites(BTreeMap<Box<str>, Invite>);

/// Somebody comes in by a token.
#[derive(Clone, Debug)]
pub(crate) struct Redeeming {
    pub(crate) token: Box<str>,
    /// What makes the account a member, in the name of who asked for the token.
    pub(crate) edits: Edits,
}

impl Invites {
    /// A token, if it has not ended.
    pub(crate) fn get(&self, token: &str, now: Time) -> Option<&Invite> {
        self.0.get(token).filter(|invite| invite.until > now)
    }

    /// All that have not ended, in the order of their texts.
    pub(crate) fn iter(&self, now: Time) -> impl Iterator<Item = (&str, &Invite)> + Clone {
        self.0.iter().filter(move |(_, invite)| invite.until > now).map(|(token, invite)| (&**token, invite))
    }

    /// Takes a token back.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.0.remove(token);
    }
}

impl State {
    /// Whether tokens open this room: it is closed, and neither a password nor secrecy stands before it.
    pub(crate) fn takes_tokens(&self) -> bool {
        self.config.members_only && self.config.password.is_empty() && !self.config.secret()
    }

    /// How long a token lives of which so many seconds are wanted.
    pub(crate) fn token_life(&self, seconds: Option<u32>) -> Span {
        let most = self.limits.token_life;
        seconds.map_or(most, |seconds| Span::from_secs(seconds.into()).min(most))
    }

    /// Gives a token. Those that have ended go.
    pub(crate) fn give_token(&mut self, invite: Invite) -> Box<str> {
        let now = self.now;
        self.invites.0.retain(|_, invite| invite.until > now);
        self.drawn += 1;
        let token: Box<str> = self.secret.draw_nth("invite", self.drawn).base32().into();
        self.invites.0.insert(token.clone(), invite);
        token
    }

    /// A token makes an account a member, and is used once more.
    pub(crate) fn redeem(&mut self, redeeming: Redeeming) -> Edited {
        let Redeeming { token, edits } = redeeming;
        if let Some(invite) = self.invites.0.get_mut(&token)
            && let Some(uses) = &mut invite.uses
        {
            *uses = uses.saturating_sub(1);
            if *uses == 0 {
                self.invites.revoke(&token);
            }
        }
        self.edit(edits)
    }
}
