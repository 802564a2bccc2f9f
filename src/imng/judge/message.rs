//! Messages: who gets one, who gets a copy, whether it is kept, archived or refused.

use super::{Ask, Copies, Errand, Refusal, Source, Target, Then, Verdict, rule};
use crate::codec::StanzaType;
use crate::imng::set::SessionSet;
use crate::imng::state::{State, Way};
use crate::imng::wire::{Fallback, Mode, Traits};
use crate::party::{Seat, bare};
use crate::rule::Rule;

pub(super) fn judge(state: &State, ask: &Ask<'_>) -> Verdict {
    match (ask.target, ask.stanza.type_) {
        (Target::Elsewhere, _) => outward(state, ask),
        (target, StanzaType::Error) => error(state, ask, target),
        (target, StanzaType::Groupchat) => groupchat(state, ask, target),
        (target, StanzaType::Headline) => headline(state, ask, target),
        (target, _) => talk(state, ask, target),
    }
}

/// The sessions with IM-NG that a message for all of them goes to.
fn imng(state: &State) -> SessionSet {
    let sets = &state.sets;
    if state.config.policy.only_available_get_copies { sets.imng & sets.available } else { sets.imng }
}

/// The sessions that get copies.
fn carbons(state: &State) -> SessionSet {
    let sets = &state.sets;
    if state.config.policy.only_available_get_copies { sets.carbons & sets.available } else { sets.carbons }
}

fn sender(ask: &Ask<'_>) -> SessionSet {
    match ask.source {
        Source::Own(seat) => SessionSet::of(seat),
        Source::Outside | Source::Room | Source::Server => SessionSet::EMPTY,
    }
}

/// Whether a private message of a room: from an occupant to one session. The room writes to each session in it.
fn is_from_occupant(state: &State, ask: &Ask<'_>) -> bool {
    let addressed = matches!(ask.target, Target::Session(_) | Target::Unmatched);
    let occupant = bare(ask.from).len() < ask.from.len();
    addressed && occupant && (ask.traits.has(Traits::ROOM) || state.has_live(bare(ask.from)))
}

/// Why a message is copied (XEP-0280 §6.1), or why it is not.
fn eligible(state: &State, ask: &Ask<'_>) -> Result<Rule, Rule> {
    let traits = ask.traits;
    let type_ = ask.stanza.type_;
    if traits.has(Traits::PRIVATE) {
        return Err(rule::C13);
    }
    if type_ == StanzaType::Groupchat {
        return Err(rule::C11);
    }
    if type_ == StanzaType::Error {
        return if answers_a_copied_one(state, ask) { Ok(rule::C8) } else { Err(rule::C17) };
    }
    // A mediated invitation comes from a room, and is no private message.
    if traits.has(Traits::INVITATION) {
        return Ok(rule::C9);
    }
    if ask.target != Target::Elsewhere && is_from_occupant(state, ask) {
        return Err(rule::C12);
    }
    match type_ {
        StanzaType::Chat => Ok(rule::C5),
        StanzaType::Normal if traits.has(Traits::BODY) => Ok(rule::C6),
        _ if traits.any(Traits::STATE | Traits::RECEIPT) => Ok(rule::C7),
        _ => Err(rule::C14),
    }
}

fn answers_a_copied_one(state: &State, ask: &Ask<'_>) -> bool {
    let Some(id) = ask.stanza.id.as_deref() else { return false };
    match ask.target {
        Target::Elsewhere => state.remembers(Way::In, bare(ask.to), id),
        _ => state.remembers(Way::Out, bare(ask.from), id),
    }
}

/// Why a message is archived, or why it is not. `all` if it goes to all sessions with IM-NG, of which there are some.
fn archive(state: &State, ask: &Ask<'_>, all: bool) -> Option<(Rule, bool)> {
    if !state.config.archive {
        return None;
    }
    let traits = ask.traits;
    let type_ = ask.stanza.type_;
    Some(if type_ == StanzaType::Groupchat {
        (rule::A7, false)
    } else if traits.any(Traits::NO_STORE | Traits::NO_PERMANENT_STORE) {
        (rule::A3, false)
    } else if matches!(type_, StanzaType::Chat | StanzaType::Normal) && traits.has(Traits::BODY) {
        (rule::A1, true)
    } else if traits.has(Traits::STORE) {
        (rule::A2, true)
    } else if all {
        (rule::A5, true)
    } else {
        (rule::A4, false)
    })
}

/// Adds the copies for those who have not got the message yet.
fn copied(mut verdict: Verdict, state: &State, ask: &Ask<'_>) -> Verdict {
    let got = verdict.deliver | verdict.imng.map_or(SessionSet::EMPTY, |(_, set)| set);
    let own = matches!(ask.source, Source::Own(_));
    verdict.copies = match eligible(state, ask) {
        Ok(why) => {
            let to = carbons(state).without(got | sender(ask));
            if ask.traits.has(Traits::NO_COPY) && !to.is_empty() {
                verdict = verdict.because(rule::C15);
            }
            if !state.sets.carbons.without(carbons(state) | got | sender(ask)).is_empty() {
                verdict = verdict.because(rule::C18);
            }
            Copies { why: Some(why), eligible: true, sent: own, to }
        }
        Err(why) => Copies { why: Some(why), eligible: false, sent: own, to: SessionSet::EMPTY },
    };
    verdict
}

/// What is exactly for one session, and for nobody beside it.
fn exactly(why: Rule, seat: Seat) -> Verdict {
    Verdict::deliver(why, SessionSet::of(seat))
}

fn error(state: &State, ask: &Ask<'_>, target: Target) -> Verdict {
    let verdict = match target {
        // An error about a copy comes from a session, to the account that made the copy.
        Target::Bare if matches!(ask.source, Source::Own(_)) => return Verdict::drop(rule::C16),
        Target::Bare | Target::Elsewhere => return Verdict::drop(rule::B8),
        Target::Session(seat) if ask.traits.has(Traits::MARK) => return exactly(rule::I6, seat),
        Target::Unmatched if ask.traits.has(Traits::MARK) => return Verdict::drop(rule::U6),
        Target::Session(seat) => {
            let mut verdict = exactly(rule::F1, seat);
            let more = imng(state).without(verdict.deliver);
            verdict.imng = (!more.is_empty()).then_some((rule::I10, more));
            verdict
        }
        Target::Unmatched => {
            let all = imng(state);
            if all.is_empty() { Verdict::drop(rule::U6) } else { Verdict::deliver(rule::I10, all) }
        }
    };
    let mut verdict = copied(verdict, state, ask);
    if verdict.then == Then::Drop && !verdict.copies.to.is_empty() {
        verdict.then = Then::Nothing;
    }
    verdict.archive = archive(state, ask, verdict.then != Then::Drop && !imng(state).is_empty());
    verdict
}

fn groupchat(state: &State, ask: &Ask<'_>, target: Target) -> Verdict {
    match target {
        Target::Bare if ask.source == Source::Room => Verdict::new(rule::M1, Then::Host(Errand::MemberCopy)),
        Target::Bare | Target::Elsewhere => Verdict::refuse(rule::B5, Refusal::Unavailable),
        Target::Session(seat) => {
            let mut verdict = exactly(if ask.traits.has(Traits::MARK) { rule::I6 } else { rule::F1 }, seat);
            verdict.copies.why = Some(rule::C11);
            verdict.archive = archive(state, ask, false);
            verdict
        }
        Target::Unmatched if ask.traits.has(Traits::MARK) => Verdict::refuse(rule::I7, Refusal::Unavailable),
        Target::Unmatched => Verdict::refuse(rule::U3, Refusal::Unavailable),
    }
}

fn headline(state: &State, ask: &Ask<'_>, target: Target) -> Verdict {
    let mut verdict = match target {
        Target::Session(seat) if ask.traits.has(Traits::MARK) => return marked(state, seat),
        Target::Unmatched if ask.traits.has(Traits::MARK) => {
            return Verdict::refuse(rule::I7, Refusal::Unavailable);
        }
        Target::Session(seat) => exactly(rule::F1, seat),
        Target::Unmatched | Target::Elsewhere => Verdict::drop(rule::U4),
        Target::Bare => {
            let sets = &state.sets;
            let more = imng(state).without(sets.reachable);
            if !sets.reachable.is_empty() {
                let mut verdict = Verdict::deliver(rule::B6, sets.reachable);
                verdict.imng = (!more.is_empty()).then_some((rule::I1, more));
                verdict
            } else if more.is_empty() {
                Verdict::drop(rule::B7)
            } else {
                Verdict::deliver(rule::I1, more)
            }
        }
    };
    verdict = copied(verdict, state, ask);
    if verdict.then == Then::Drop {
        if verdict.copies.to.is_empty() {
            return verdict;
        }
        verdict.then = Then::Nothing;
    }
    verdict.archive = archive(state, ask, target == Target::Bare && !imng(state).is_empty());
    verdict
}

/// Only the session that is named gets it, and nobody keeps it.
fn marked(state: &State, seat: Seat) -> Verdict {
    let mut verdict = exactly(rule::I6, seat);
    verdict.copies.why = Some(rule::I6);
    verdict.archive = state.config.archive.then_some((rule::A6, false));
    verdict
}

/// Messages of type normal and chat.
fn talk(state: &State, ask: &Ask<'_>, target: Target) -> Verdict {
    let chat = ask.stanza.type_ == StanzaType::Chat;
    let mark = ask.traits.has(Traits::MARK);
    match target {
        Target::Session(seat) if mark => marked(state, seat),
        Target::Session(seat) => {
            let mut verdict = exactly(rule::F1, seat);
            let more = imng(state).without(verdict.deliver);
            let occupant = is_from_occupant(state, ask) && !ask.traits.has(Traits::INVITATION);
            if occupant && !imng(state).is_empty() {
                verdict = verdict.because(rule::I5);
            } else if !more.is_empty() {
                verdict.imng = Some((rule::I4, more));
            }
            verdict.archive = archive(state, ask, !occupant && !imng(state).is_empty());
            copied(verdict, state, ask)
        }
        Target::Unmatched => unmatched(state, ask, chat, mark),
        Target::Bare | Target::Elsewhere => {
            let verdict = to_account(state, ask, ask.route.mode);
            if ask.stanza.to.is_none() { verdict.because(rule::X2) } else { verdict }
        }
    }
}

/// To a device that is gone.
fn unmatched(state: &State, ask: &Ask<'_>, chat: bool, mark: bool) -> Verdict {
    let as_bare = |rule| to_account(state, ask, None).because(rule);
    if ask.route.fallback == Some(Fallback::All) {
        return as_bare(rule::T5);
    }
    if mark {
        return fallback(state, ask, Verdict::refuse(rule::I7, Refusal::Unavailable));
    }
    if chat {
        return as_bare(rule::U5);
    }
    if state.config.policy.normal_to_unmatched_as_bare {
        return as_bare(rule::U2);
    }
    // Whoever else is to see such messages gets it; then nobody need be told.
    let all = imng(state);
    let mut verdict = Verdict::new(rule::U1, Then::Nothing);
    verdict.imng = (!all.is_empty()).then_some((rule::I4, all));
    verdict = copied(verdict, state, ask);
    if verdict.reached().is_empty() {
        return fallback(state, ask, Verdict::refuse(rule::U1, Refusal::Unavailable));
    }
    verdict.archive = archive(state, ask, !all.is_empty());
    verdict
}

/// What a message says for the case that nobody gets it; else `otherwise`.
fn fallback(state: &State, ask: &Ask<'_>, otherwise: Verdict) -> Verdict {
    let store = |by: Rule| {
        let mut verdict = Verdict::new(otherwise.why, Then::Store(by));
        verdict.archive = archive(state, ask, false);
        verdict
    };
    let full = state.offline >= state.limits.offline;
    match ask.route.fallback {
        Some(Fallback::Store) if ask.traits.has(Traits::NO_STORE) => otherwise.because(rule::T9),
        Some(Fallback::Error | Fallback::Drop) if ask.traits.has(Traits::STORE) && !full => {
            store(rule::O4).because(rule::T9)
        }
        Some(Fallback::Store) if full => otherwise.because(rule::O5),
        Some(Fallback::Store) => store(rule::T7),
        Some(Fallback::Error) => Verdict::refuse(rule::T6, Refusal::Unavailable),
        Some(Fallback::Drop) => Verdict::drop(rule::T8),
        Some(Fallback::All) | None => otherwise,
    }
}

/// To the bare JID, or as if it were.
fn to_account(state: &State, ask: &Ask<'_>, mode: Option<Mode>) -> Verdict {
    let sets = &state.sets;
    let (why, chosen) = match mode {
        Some(Mode::StoreOnly) => return store_only(state, ask),
        Some(Mode::One) => (rule::T2, one(sets.top)),
        Some(Mode::First) => (rule::T3, first(state)),
        Some(Mode::All) => (rule::T1, sets.reachable),
        None if state.config.policy.deliver_to_all => (rule::B2, sets.reachable),
        None => (rule::B1, sets.top),
    };
    let one_only = matches!(mode, Some(Mode::One | Mode::First));
    let all = if one_only { SessionSet::EMPTY } else { imng(state) };
    let mut verdict = Verdict::deliver(why, chosen);
    let more = all.without(chosen);
    verdict.imng = (!more.is_empty()).then_some((rule::I1, more));
    if one_only {
        verdict.copies.why = Some(why);
    } else {
        verdict = copied(verdict, state, ask);
    }
    if !one_only && !state.sets.imng.without(all | chosen).is_empty() {
        verdict = verdict.because(rule::I11);
    }
    verdict.archive = archive(state, ask, !all.is_empty());
    if chosen.is_empty() {
        verdict.why = if sets.available.is_empty() { rule::B4 } else { rule::B3 };
        verdict = keep(state, ask, verdict);
    }
    if matches!(ask.source, Source::Own(_)) {
        verdict = verdict.because(rule::X4);
    }
    verdict
}

/// The first in seat order.
fn one(set: SessionSet) -> SessionSet {
    set.first().map_or(SessionSet::EMPTY, SessionSet::of)
}

/// One session: of those that somebody looks at, the one of the highest priority; else the most available.
fn first(state: &State) -> SessionSet {
    let sets = &state.sets;
    if sets.active.is_empty() {
        return one(sets.top);
    }
    let priority = |seat: &Seat| state.session(*seat).and_then(|session| session.priority);
    let best = sets.active.iter().map(|seat| priority(&seat)).max().flatten();
    one(sets.active.iter().filter(|seat| priority(seat) == best).collect())
}

/// Nobody may get it live; those who see everything may have got it all the same.
fn keep(state: &State, ask: &Ask<'_>, mut verdict: Verdict) -> Verdict {
    let reached = !verdict.reached().is_empty();
    if !reached && ask.route.fallback.is_some_and(|fallback| fallback != Fallback::All) {
        return fallback(state, ask, Verdict { then: Then::Refuse(Refusal::Unavailable), ..verdict });
    }
    match storable(state, ask) {
        Ok(by) => {
            verdict.then = Then::Store(by);
            verdict
        }
        Err(_) if reached => verdict.because(rule::O9),
        Err(by) => {
            let also = verdict.also;
            Verdict { also, ..Verdict::refuse(by, Refusal::Unavailable) }
        }
    }
}

/// By which rule a message is kept for later, or why it is not.
fn storable(state: &State, ask: &Ask<'_>) -> Result<Rule, Rule> {
    let traits = ask.traits;
    if traits.has(Traits::NO_STORE) {
        return Err(rule::O3);
    }
    let bare = !traits.any(Traits::CONTENT) && (ask.stanza.type_ == StanzaType::Chat || traits.has(Traits::STATE));
    let by = match (traits.has(Traits::STORE), bare) {
        (true, _) => rule::O4,
        (false, true) => return Err(rule::O2),
        (false, false) => rule::O1,
    };
    if state.offline >= state.limits.offline { Err(rule::O5) } else { Ok(by) }
}

fn store_only(state: &State, ask: &Ask<'_>) -> Verdict {
    let refused = |why| Verdict::refuse(why, Refusal::Unavailable).because(rule::T4);
    if ask.traits.has(Traits::NO_STORE) {
        return refused(rule::T9);
    }
    if state.offline >= state.limits.offline {
        return refused(rule::O5);
    }
    let mut verdict = Verdict::new(rule::T4, Then::Store(rule::T4));
    verdict.copies.why = Some(rule::T4);
    verdict.archive = archive(state, ask, false);
    verdict
}

/// A message that a session never acknowledged: the others that have not seen it get it, or it is kept.
pub(super) fn lost(state: &State, ask: &Ask<'_>) -> Verdict {
    if ask.traits.has(Traits::MARK) && ask.target == Target::Unmatched {
        return fallback(state, ask, Verdict::refuse(rule::I7, Refusal::Unavailable));
    }
    if is_from_occupant(state, ask) && !ask.traits.has(Traits::INVITATION) {
        return Verdict::refuse(rule::G3, Refusal::Gone);
    }
    let copied = eligible(state, ask).is_ok() && !carbons(state).is_empty();
    if copied || !imng(state).is_empty() {
        return Verdict::drop(rule::G2);
    }
    if !state.sets.top.is_empty() {
        return Verdict::deliver(rule::G1, state.sets.top);
    }
    match storable(state, ask) {
        Ok(_) => Verdict::new(rule::G1, Then::Store(rule::G1)),
        Err(why) => Verdict::refuse(why, Refusal::Unavailable),
    }
}

/// From a session to somebody else.
fn outward(state: &State, ask: &Ask<'_>) -> Verdict {
    let type_ = ask.stanza.type_;
    let mut verdict = Verdict::new(rule::X1, Then::Forward);
    if ask.traits.has(Traits::MARK) && bare(ask.to).len() < ask.to.len() {
        verdict.copies = Copies { why: Some(rule::I6), sent: true, ..Copies::default() };
        verdict.archive = state.config.archive.then_some((rule::A6, false));
        return verdict;
    }
    verdict = copied(verdict, state, ask);
    if type_ == StanzaType::Groupchat {
        if !imng(state).is_empty() {
            verdict = verdict.because(rule::I9);
        }
        verdict.archive = archive(state, ask, false);
        return verdict;
    }
    let Source::Own(seat) = ask.source else { return verdict };
    let room = bare(ask.to);
    let full = room.len() < ask.to.len();
    if verdict.copies.eligible && full && state.has_live(room) && type_ != StanzaType::Error {
        verdict.copies.why = Some(rule::C10);
        verdict.copies.to = verdict.copies.to & state.same_nick(seat, room);
    }
    if !full && type_ != StanzaType::Error {
        verdict.reflect = imng(state);
    }
    verdict.archive = archive(state, ask, !verdict.reflect.is_empty());
    verdict
}
