//! Joining and leaving (J1–J12, G3.1, G3.2, G11).

use super::{CONFLICT, Change, FORBIDDEN, NOT_IN, Refusal, Sender, Verdict, refuse, tokens};
use crate::codec::{Stanza, StanzaError};
use crate::gc3::acl::Affiliation;
use crate::gc3::config::ParentJoin;
use crate::gc3::form::{self, JoinForm};
use crate::gc3::host::ParentFact;
use crate::gc3::nick;
use crate::gc3::refusals::{FULL, INCOMPLETE, NOT_ON_LIST, PASSWORD};
use crate::gc3::room::state::{Joining, Pass, Slot, State};
use crate::gc3::rules::{acl, muc, table as rule};
use crate::gc3::wire::Join;
use crate::party::Address;
use crate::rule::Rule;

/// A refusal with the form beside it, so that the client can ask again.
fn with_form(why: Rule, error: StanzaError<'static>) -> (Rule, Verdict) {
    (why, Verdict::Refuse(Refusal { form: true, ..error.into() }))
}

/// Decides about a join. The checks run in the order of J12.
pub(super) fn join(state: &State, stanza: &Stanza, sender: &Sender<'_>, join: &Join<'_>) -> (Rule, Verdict) {
    let Some(full) = stanza.from.as_ref().map(Address::from) else { return (rule::G4_8, Verdict::Drop) };
    let form = join.form.map_or_else(|| Ok(JoinForm::default()), |x| JoinForm::read(x, &state.limits));
    let password = form.as_ref().ok().and_then(|form| form.password.as_deref());
    let password_fits = state.config.password.is_empty() || password == Some(&*state.config.password);
    if let Some(who) = sender.who {
        if !password_fits {
            return with_form(rule::J9, PASSWORD);
        }
        if let Some(refused) = super::sync::no_room(state, who, sender, join.topics) {
            return refused;
        }
        let ask = state.may_ask_again(who);
        return (rule::J5, Verdict::Accept(Change::Rejoin { who, full, topics: join.topics, ask }));
    }
    let id = state.id_of(sender.bare);
    let affiliation = state.access.affiliation(sender.bare, id);
    let pass = match admission(state, sender, affiliation, password) {
        Ok(pass) => pass,
        Err(refused) => return *refused,
    };
    if !password_fits {
        return with_form(rule::J9, PASSWORD);
    }
    let most = state.config.max_participants.min(state.limits.participants) as usize;
    if state.people.len() >= most && affiliation < Affiliation::Admin {
        return refuse(rule::J6, FULL);
    }
    let form = match form {
        Ok(form) => form,
        Err(problem) => {
            let (why, error) = form::refusal(problem);
            return refuse(why, error);
        }
    };
    let (why, wanted) = match (&form.nickname, state.known_nick(sender.bare)) {
        (Some(raw), _) => (rule::G3_1, nick::prepare(raw)),
        (None, Some(known)) => (rule::J7, Some(known.to_owned())),
        (None, None) => return with_form(rule::J3, INCOMPLETE),
    };
    let Some(wanted) = wanted else { return with_form(rule::G11_1, INCOMPLETE) };
    let Some(free) = free_variant(state, &wanted, None, sender.bare) else { return refuse(rule::G11_3, CONFLICT) };
    let why = match stanza.to.as_ref() {
        _ if free != wanted => rule::J4,
        Some(to) if to.to_bare().as_str() != state.address.as_str() => rule::J8,
        _ => why,
    };
    let affiliation = pass.affiliation(affiliation);
    let joining = Joining { jid: full.to_bare(), id, nick: free.into(), affiliation, push: form.push, pass };
    (why, Verdict::Accept(Change::Join { joining, full, topics: join.topics }))
}

/// Whether an account that is not in may be, and why; `token` is what it gave as password.
pub(super) fn admission(
    state: &State,
    sender: &Sender<'_>,
    affiliation: Affiliation,
    token: Option<&str>,
) -> Result<Pass, Box<(Rule, Verdict)>> {
    let refused = |why, error| Err(refuse(why, error).into());
    match affiliation {
        Affiliation::Outcast => {
            let id = state.id_of(sender.bare);
            let by_id = state.access.get(&crate::gc3::room::state::Key::Id(id)).is_some();
            let parent = (state.config.parent_join == ParentJoin::Members).then_some(rule::SP7);
            let policy = state.policy.is_some().then_some(acl::A1);
            let also = if by_id { Some(rule::G2_16) } else { parent.or(policy) };
            Err((rule::J1, Verdict::Refuse(Refusal { also, ..FORBIDDEN.into() })).into())
        }
        _ if state.policy.is_some() && state.admits(sender.bare, affiliation) => Ok(Pass::Own),
        Affiliation::None if state.config.members_only => {
            match tokens::redeemed(state, sender.bare, token) {
                Ok(Some(redeeming)) => return Ok(Pass::Token(Box::new(redeeming))),
                Ok(None) => {}
                Err((why, error)) => return refused(why, error),
            }
            let no_token = token.filter(|_| state.takes_tokens()).map(|_| muc::TK4);
            let unlisted = |why| (why, Verdict::Refuse(Refusal { also: no_token, ..NOT_ON_LIST.into() }));
            let parent = &state.config.parent;
            if state.config.parent_join != ParentJoin::Members || parent.is_empty() || state.config.secret() {
                return Err(unlisted(rule::J2).into());
            }
            // What the room says of an account itself beats the parent, and the host is not even asked.
            if state.policy.is_some() && !state.admits(sender.bare, Affiliation::Member) {
                return refused(acl::A13, FORBIDDEN);
            }
            match state.fact(sender.bare, parent, ParentFact::Member) {
                Some(true) => Ok(Pass::Parent),
                Some(false) => Err(unlisted(rule::SP5).into()),
                None => Err(super::ask_parent(state, rule::SP6, ParentFact::Member, parent).into()),
            }
        }
        _ if state.policy.is_some() => refused(acl::A2, FORBIDDEN),
        _ => Ok(Pass::Own),
    }
}

/// The nickname itself, or its first variant that nobody but `own` holds (G11.3).
pub(super) fn free_variant(state: &State, wanted: &str, own: Option<Slot>, bare: &str) -> Option<String> {
    let free = |nick: &String| {
        state.people.find_nick(nick).is_none_or(|holder| own == Some(holder))
            && state.registry.holder(nick).is_none_or(|holder| holder == bare)
    };
    let variants = (2..=100).map(|n| nick::variant(wanted, n));
    core::iter::once(wanted.to_owned()).chain(variants).find(free)
}

/// Decides about a leave.
pub(super) fn leave(sender: &Sender<'_>) -> (Rule, Verdict) {
    match sender.who {
        Some(who) => (rule::G3_2, Verdict::Accept(Change::Leave { who })),
        None => refuse(rule::G14_9, NOT_IN),
    }
}
