//! Invitations by token (XEP-0488): who is given one, who sees and revokes them, and whom they let in.

use super::administration::{enlist, whole};
use super::muc::may_add;
use super::{Change, FORBIDDEN, NOT_FOUND, NOT_IN, Reply, Sender, TOO_MANY, Verdict, refuse};
use crate::codec::StanzaError;
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::room::state::{Edits, Invite, Redeeming, State};
use crate::gc3::rules::{acl, muc as rule};
use crate::gc3::wire::Tokens;
use crate::rule::Rule;

/// Decides about a request that concerns tokens.
pub(super) fn tokens(state: &State, sender: &Sender<'_>, asked: &Tokens) -> (Rule, Verdict) {
    let Some(person) = sender.who.and_then(|who| state.people.get(who)) else { return refuse(rule::TK2, NOT_IN) };
    let may = state.takes_tokens() && may_add(state, sender.bare);
    // Who keeps order in the room sees all of them.
    let all = state.permits(sender.bare, Verb::Kick);
    if !may && !all {
        return refuse(rule::TK2, FORBIDDEN);
    }
    match asked {
        Tokens::Request { .. } if !may => refuse(rule::TK2, FORBIDDEN),
        Tokens::Request { seconds, uses } => {
            let all = state.invites.iter(state.now);
            let own = all.clone().filter(|(_, invite)| invite.by == person.id);
            if all.count() >= state.limits.tokens || own.count() >= state.limits.tokens_each {
                return refuse(rule::TK6, TOO_MANY);
            }
            let until = state.now.plus(state.token_life(*seconds));
            let invite = Invite { by: person.id, bare: sender.bare.into(), until, uses: *uses };
            (rule::TK1, Verdict::Accept(Change::GiveToken(invite)))
        }
        Tokens::List => (rule::TK5, Verdict::Answer(Reply::Tokens((!all).then_some(person.id)))),
        Tokens::Revoke(token) => {
            let own = |invite: &&Invite| all || invite.by == person.id;
            match state.invites.get(token, state.now).filter(own) {
                Some(_) => (rule::TK5, Verdict::Accept(Change::RevokeToken(token.clone()))),
                None => refuse(rule::TK5, NOT_FOUND),
            }
        }
    }
}

/// What a token does for an account that is on no list: nothing, if it is none, or if who gave it may not invite any more.
pub(super) fn redeemed(
    state: &State,
    bare: &str,
    token: Option<&str>,
) -> Result<Option<Redeeming>, (Rule, StanzaError<'static>)> {
    let Some(token) = token.filter(|_| state.takes_tokens()) else { return Ok(None) };
    let Some(invite) = state.invites.get(token, state.now).filter(|invite| may_add(state, &invite.bare)) else {
        return Ok(None);
    };
    if state.policy.is_some() && !state.admits(bare, Affiliation::Member) {
        return Err((acl::A11, FORBIDDEN));
    }
    let mut edits = Edits::by(invite.by);
    enlist(state, bare, Affiliation::Member, None, &mut edits.entries);
    Ok(Some(Redeeming { token: token.into(), edits: whole(state, edits)? }))
}
