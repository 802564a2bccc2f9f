//! Requests: the server answers for the account, and a session is only asked by those who may see it.

use super::{Answer, Ask, Errand, Refusal, Source, Target, Then, Verdict, rule};
use crate::codec::StanzaType;
use crate::imng::set::SessionSet;
use crate::imng::state::State;
use crate::imng::wire::{self, Request};
use crate::party::{Seat, bare};

pub(super) fn judge(state: &State, ask: &Ask<'_>) -> Verdict {
    let asks = matches!(ask.stanza.type_, StanzaType::Get | StanzaType::Set);
    match (ask.target, asks) {
        (Target::Elsewhere, _) => Verdict::new(rule::X1, Then::Forward),
        (Target::Session(seat), false) => Verdict::deliver(rule::Q10, SessionSet::of(seat)),
        (Target::Bare | Target::Unmatched, false) => Verdict::drop(rule::Q5),
        (Target::Unmatched, true) => Verdict::refuse(rule::Q9, Refusal::Unavailable),
        (Target::Session(seat), true) => {
            let to = SessionSet::of(seat);
            if may_ask(state, ask, seat) {
                Verdict::deliver(rule::Q6, to)
            } else if state.config.policy.deliver_iq_from_strangers {
                Verdict::deliver(rule::Q8, to)
            } else {
                Verdict::refuse(rule::Q7, Refusal::Unavailable)
            }
        }
        (Target::Bare, true) => account(state, ask),
    }
}

/// Whether the sender may know that the session is there.
fn may_ask(state: &State, ask: &Ask<'_>, seat: Seat) -> bool {
    match ask.source {
        Source::Own(_) | Source::Server => true,
        Source::Outside | Source::Room => {
            let directed = state.session(seat).is_some_and(|session| {
                session.directed.contains(ask.from) || session.directed.contains(bare(ask.from))
            });
            directed || state.sees_account(bare(ask.from))
        }
    }
}

fn account(state: &State, ask: &Ask<'_>) -> Verdict {
    let own = match ask.source {
        Source::Own(seat) => state.session(seat),
        _ => None,
    };
    let sees = own.is_some() || ask.source == Source::Server || state.sees_account(bare(ask.from));
    let Some(payload) = ask.stanza.payload() else { return Verdict::refuse(rule::Z4, Refusal::BadRequest) };
    let answer = |why, answer| Verdict::new(why, Then::Answer(answer));
    let unknown = Verdict::refuse(rule::Q4, Refusal::Unavailable);
    match wire::request(ask.stanza, payload) {
        Request::Carbons(_) | Request::BadCarbons if own.is_none() => Verdict::refuse(rule::C4, Refusal::NotAllowed),
        Request::Carbons(true) if own.is_some_and(|session| session.imng) => {
            Verdict::refuse(rule::I3, Refusal::Forbidden)
        }
        Request::Carbons(on) => answer(if on { rule::C1 } else { rule::C2 }, Answer::Carbons(on)),
        Request::BadCarbons => Verdict::refuse(rule::C3, Refusal::BadRequest),
        Request::Imng | Request::BadImng if own.is_none() => Verdict::refuse(rule::I12, Refusal::NotAllowed),
        Request::Imng => answer(rule::I2, Answer::Imng),
        Request::BadImng => Verdict::refuse(rule::I12, Refusal::BadRequest),
        Request::Ping if sees => answer(rule::Q1, Answer::Done),
        Request::Info if sees => answer(rule::Q2, Answer::Info),
        Request::Ping | Request::Info => unknown,
        Request::BlockList | Request::Block | Request::Unblock | Request::BadBlocking if own.is_none() => unknown,
        Request::BlockList => answer(rule::K6, Answer::BlockList),
        Request::BadBlocking => Verdict::refuse(rule::K10, Refusal::BadRequest),
        asked @ (Request::Block | Request::Unblock) => {
            let Some(items) = wire::items(payload) else {
                return Verdict::refuse(rule::K10, Refusal::JidMalformed);
            };
            if asked == Request::Unblock {
                return answer(if items.is_empty() { rule::K9 } else { rule::K8 }, Answer::Unblock);
            }
            if items.is_empty() {
                return Verdict::refuse(rule::K10, Refusal::BadRequest);
            }
            if items.iter().any(|jid| jid.bare() == state.account()) {
                return Verdict::refuse(rule::K11, Refusal::NotAllowed);
            }
            if !state.may_block(&items) {
                return Verdict::refuse(rule::K12, Refusal::TooMany);
            }
            answer(rule::K7, Answer::Block)
        }
        Request::Other if state.config.host_answers.contains(payload.ns().as_str()) => {
            Verdict::new(rule::Q3, Then::Host(Errand::Iq))
        }
        Request::Other => unknown,
    }
}
