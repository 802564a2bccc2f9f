//! What `urn:xmpp:muc:0` decides otherwise than XEP-0045: entering at the room's bare address, and occupancy of bare JIDs.
//! Everything else of it is judged as XEP-0045 has it.

mod entering;
mod occupying;

pub(crate) use occupying::Occupying;

use super::muc;
use super::{Change, Sender, Verdict};
use crate::codec::{Stanza, StanzaError};
use crate::gc3::nick;
use crate::gc3::refusals::{CONFLICT, INCOMPLETE, UNAVAILABLE};
use crate::gc3::room::state::{Dialect, Directed, Slot, State};
use crate::gc3::rules::{muc2 as rule, table};
use crate::gc3::wire::muc as wire;
use crate::gc3::wire::muc2::Ask;
use crate::party::Address;
use crate::rule::Rule;

/// Decides about what is asked in this dialect.
pub(super) fn decide(state: &State, stanza: &Stanza, sender: &Sender<'_>, ask: &Ask<'_>) -> (Rule, Verdict) {
    if !state.muc2 {
        return match ask {
            Ask::Enter(enter) => not_spoken(muc::presence(state, stanza, sender, &enter.plain)),
            Ask::Occupy { .. } | Ask::Vacate => super::refuse(table::G13_5, UNAVAILABLE),
        };
    }
    match ask {
        Ask::Enter(enter) => entering::enter(state, stanza, sender, enter),
        Ask::Occupy { nickname, password } => occupying::occupy(state, sender, nickname.as_deref(), *password),
        Ask::Vacate => occupying::vacate(state, sender),
    }
}

/// What is decided of a presence as one of XEP-0045, with the rule that it is one.
fn not_spoken((why, mut verdict): (Rule, Verdict)) -> (Rule, Verdict) {
    match &mut verdict {
        Verdict::Refuse(refusal) => refusal.also = refusal.also.or(Some(rule::F3)),
        Verdict::Accept(Change::Muc(muc::Change::Enter { rules, .. })) => rules.push(rule::F3),
        _ => {}
    }
    (why, verdict)
}

/// A nickname that somebody gets.
#[derive(Debug)]
struct Named {
    nick: Box<str>,
    why: Rule,
    /// Whether it is what was wished.
    as_asked: bool,
}

/// The nickname under which somebody is in: what it wishes or a free variant of it, or what the room knows of it.
fn nickname(state: &State, bare: &str, wished: Option<&str>) -> Result<Named, (Rule, StanzaError<'static>)> {
    let (wanted, why) = match (wished, state.known_nick(bare)) {
        (Some(raw), _) => (nick::prepare(raw).ok_or((rule::N2, INCOMPLETE))?, rule::P8),
        (None, Some(known)) => (known.to_owned(), rule::J7),
        (None, None) => return Err((rule::J3, INCOMPLETE)),
    };
    let own = state.people.find(bare);
    let free = super::joining::free_variant(state, &wanted, own, bare).ok_or((table::G11_3, CONFLICT))?;
    let why = if free == wanted { why } else { rule::J4 };
    let as_asked = wished.is_none_or(|wished| *wished == *free);
    Ok(Named { nick: free.into(), why, as_asked })
}

/// The nickname that somebody who is in wishes, if it is another than its own.
fn another(
    state: &State,
    who: Slot,
    bare: &str,
    wished: Option<&str>,
) -> Result<Option<Named>, (Rule, StanzaError<'static>)> {
    let Some(raw) = wished else { return Ok(None) };
    let named = nickname(state, bare, Some(raw))?;
    Ok(Some(named).filter(|named| state.people.get(who).is_some_and(|person| person.nick != named.nick)))
}

/// Decides about presence to the room's bare address from a session of this dialect; `None` if it is from no such
/// session, or may be what the account's server broadcasts.
pub(super) fn shown(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> Option<(Rule, Verdict)> {
    let (seat, session) = state.occupant(sender.full).filter(|(_, session)| session.dialect == Dialect::Muc2)?;
    let who = session.person;
    if state.people.get(who).is_none_or(|person| person.standing.is_subscribed()) {
        return None;
    }
    let full = Address::from_normalised(sender.full)?;
    let directed = Directed::of(full, &wire::shown(stanza));
    let change = muc::Change::Show { seat, who, directed, nick: None };
    Some((rule::U2, Verdict::Accept(Change::Muc(change))))
}

/// Decides about unavailable presence to the room's bare address from a session of this dialect, likewise.
pub(super) fn gone(state: &State, sender: &Sender<'_>) -> Option<(Rule, Verdict)> {
    let (seat, _) = state.occupant(sender.full).filter(|(_, session)| session.dialect == Dialect::Muc2)?;
    Some(match state.locked {
        true => muc::abandoned(),
        false => (rule::X1, Verdict::Accept(Change::Muc(muc::Change::Exit { seat, whole: true }))),
    })
}
