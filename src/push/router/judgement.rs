//! What a router would do with a member copy, for those who want only the decision.

use super::copy::MemberCopy;
use super::judge::{self, Refusal, Test};
use super::state::{State, bit};
use super::table as rule;
use crate::codec::Condition;
use crate::push::publish::Priority;
use crate::rule::Rule;
use crate::time::Time;

/// What becomes of a message of type groupchat for the bare JID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Its sender is answered with this error, and nobody is woken.
    Refused(Condition),
    /// Nothing.
    Dropped,
    /// It is a member copy.
    Taken {
        /// Each session in seat order: whether it gets the copy, and by which rule.
        sessions: Vec<(Box<str>, bool, Rule)>,
        /// Each registration by its number: what it gets, and by which rule.
        devices: Vec<(u64, Push, Rule)>,
    },
}

/// What a message is to a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Push {
    /// Nothing.
    No,
    /// A push, as soon as limits and failures of the push service let it go.
    Sent(Priority),
    /// A push, if the message is not displayed until then.
    Waits(Priority, Time),
    /// A push that was sent stands for it.
    Stands,
    /// A push that was sent is sent again, with high priority.
    Raised,
}

pub(super) fn judge(state: &State, copy: &MemberCopy, now: Time) -> (Rule, Judgement) {
    let taken = match judge::copy(state, copy, now.max(state.now)) {
        Ok(taken) => taken,
        Err(Refusal { why, condition }) => return (why, condition.map_or(Judgement::Dropped, Judgement::Refused)),
    };
    let told = state.sessions.iter().map(|(seat, session)| {
        let kept = taken.sessions.withheld().into_iter().find(|(_, set)| set & bit(seat) != 0);
        let (gets, why) = kept.map_or((true, rule::P7), |(why, _)| (false, why));
        (session.jid.as_str().into(), gets, why)
    });
    let devices = taken.tested.iter().filter_map(|tested| {
        let push = match tested.test {
            Test::No => Push::No,
            Test::Push { priority, until: None, .. } => Push::Sent(priority),
            Test::Push { priority, until: Some(until), .. } => Push::Waits(priority, until),
            Test::Stands => Push::Stands,
            Test::Raise { .. } => Push::Raised,
        };
        Some((state.registration(tested.slot)?.number, push, tested.why))
    });
    (rule::MC1, Judgement::Taken { sessions: told.collect(), devices: devices.collect() })
}
