//! Presence: to whom it goes. What it does to a subscription is the host's business.

use super::{Ask, Errand, Refusal, Source, Target, Then, Verdict, rule};
use crate::codec::StanzaType;
use crate::imng::set::SessionSet;
use crate::imng::state::State;

pub(super) fn judge(state: &State, ask: &Ask<'_>) -> Verdict {
    let type_ = ask.stanza.type_;
    if matches!(ask.source, Source::Own(_)) {
        if ask.stanza.to.is_none() {
            return match type_ {
                StanzaType::Available | StanzaType::Unavailable => host(rule::P8, Errand::Broadcast),
                StanzaType::Error => Verdict::drop(rule::Z5),
                _ => Verdict::refuse(rule::Z5, Refusal::BadRequest),
            };
        }
        if ask.target == Target::Elsewhere {
            return match type_ {
                StanzaType::Available | StanzaType::Unavailable => Verdict::new(rule::P9, Then::Forward),
                StanzaType::Subscribe | StanzaType::Subscribed | StanzaType::Unsubscribe | StanzaType::Unsubscribed => {
                    host(rule::P3, Errand::Subscription)
                }
                _ => Verdict::new(rule::X1, Then::Forward),
            };
        }
    }
    match type_ {
        StanzaType::Probe => host(rule::P4, Errand::Probe),
        // RFC 6121 §8.5.3.2.2: to a full JID that is not there only `subscribe` is more than nothing.
        StanzaType::Subscribed | StanzaType::Unsubscribe | StanzaType::Unsubscribed
            if ask.target == Target::Unmatched =>
        {
            Verdict::drop(rule::P6)
        }
        StanzaType::Subscribe | StanzaType::Subscribed | StanzaType::Unsubscribe | StanzaType::Unsubscribed => {
            host(rule::P3, Errand::Subscription)
        }
        _ => match ask.target {
            Target::Session(seat) => Verdict::deliver(rule::P5, SessionSet::of(seat)),
            _ if type_ == StanzaType::Error => Verdict::drop(rule::P7),
            Target::Bare if state.sets.available.is_empty() => Verdict::drop(rule::P2),
            Target::Bare => Verdict::deliver(rule::P1, state.sets.available),
            Target::Unmatched | Target::Elsewhere => Verdict::drop(rule::P6),
        },
    }
}

fn host(why: crate::Rule, errand: Errand) -> Verdict {
    Verdict::new(why, Then::Host(errand))
}
