//! Tells the whole path of a stanza: what was decided, and for each session what it gets or why not.

use core::fmt;

use super::judge::{Ask, Source, Target, Then, Verdict};
use super::rules::table as rule;
use super::set::SessionSet;
use super::state::State;
use crate::codec::StanzaKind;
use crate::party::Seat;
use crate::rule::Rule;

/// What becomes of one stanza, and why, for everybody whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The stanza, in a few words.
    pub stanza: String,
    /// What was decided.
    pub verdict: Verdict,
    /// What each session gets, in seat order, and then what else happens.
    pub told: Vec<Told>,
}

/// What somebody gets, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// A session's address, or `sender`, `archive`, `store`, `host`, `addressee`.
    pub who: Box<str>,
    /// What it gets.
    pub what: Outcome,
    /// The rule that decided it.
    pub why: Rule,
}

/// What somebody gets of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The stanza itself.
    Delivered,
    /// A copy of what came.
    Received,
    /// A copy of what was sent.
    Sent,
    /// What was sent, as the archive has it.
    Reflected,
    /// Nothing.
    Nothing,
    /// It is put there.
    Stored,
    /// It goes on to there.
    Forwarded,
    /// An error.
    Error,
    /// An answer.
    Answered,
    /// The decision about what happens next.
    Handed,
    /// The end of its stream.
    Ended,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Received => "received copy",
            Self::Sent => "sent copy",
            Self::Reflected => "reflected",
            Self::Nothing => "nothing",
            Self::Stored => "stored",
            Self::Forwarded => "forwarded",
            Self::Error => "error",
            Self::Answered => "answered",
            Self::Handed => "handed over",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Explanation {
    /// Every rule that took part, in the order in which it is met, each once.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = vec![self.verdict.why];
        let told = self.told.iter().map(|told| told.why);
        for rule in self.verdict.also.iter().flatten().copied().chain(told) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }
}

/// A line for the stanza and one for everybody, then the rules, each with its place and its sentence.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.stanza)?;
        let width = self.told.iter().map(|told| told.who.chars().count()).max().unwrap_or(0);
        for Told { who, what, why } in &self.told {
            writeln!(f, "  {who:<width$}  {what:<13}  {why}")?;
        }
        write!(f, "because of {}", self.verdict.why)?;
        for also in self.verdict.also.iter().flatten() {
            write!(f, " with {also}")?;
        }
        writeln!(f)?;
        for rule in self.rules() {
            writeln!(f, "  {rule:<9}  {}\n             [{}]", rule.says(), rule.anchor())?;
        }
        Ok(())
    }
}

pub(super) fn explain(state: &State, ask: &Ask<'_>, verdict: Verdict) -> Explanation {
    let stanza = ask.stanza;
    let mut told = Vec::new();
    let mut tell = |who: &str, what, why| told.push(Told { who: who.into(), what, why });
    for (seat, address, _) in state.sessions() {
        let (what, why) = share(state, ask, &verdict, seat);
        tell(address.as_str(), what, why);
    }
    let sender = if ask.from.is_empty() { stanza.sender().unwrap_or("nobody") } else { ask.from };
    match verdict.then {
        Then::Refuse(_) => tell(sender, Outcome::Error, verdict.why),
        Then::Forward => tell(ask.to, Outcome::Forwarded, verdict.why),
        Then::Store(by) => tell("offline store", Outcome::Stored, by),
        Then::Host(_) => tell("host", Outcome::Handed, verdict.why),
        Then::Answer(_) => tell(sender, Outcome::Answered, verdict.why),
        Then::End => tell(sender, Outcome::Ended, verdict.why),
        Then::Nothing | Then::Drop => {}
    }
    if let Some((why, yes)) = verdict.archive_matters() {
        tell("archive", if yes { Outcome::Stored } else { Outcome::Nothing }, why);
    }
    let kind = stanza.kind.as_str();
    let id = stanza.id.as_deref().map_or_else(String::new, |id| format!(" '{id}'"));
    let stanza = format!("{kind}{id} of type {} from {sender} to {}", stanza.type_.as_str(), ask.to);
    Explanation { stanza, verdict, told }
}

/// What one session gets, and by which rule; or the rule because of which it gets nothing.
fn share(state: &State, ask: &Ask<'_>, verdict: &Verdict, seat: Seat) -> (Outcome, Rule) {
    if verdict.deliver.contains(seat) {
        return (Outcome::Delivered, verdict.why);
    }
    if let Some((why, set)) = verdict.imng
        && set.contains(seat)
    {
        return (Outcome::Delivered, why);
    }
    if verdict.reflect.contains(seat) {
        return (Outcome::Reflected, rule::I8);
    }
    let copies = &verdict.copies;
    if copies.to.contains(seat) {
        let what = if copies.sent { Outcome::Sent } else { Outcome::Received };
        return (what, copies.why.unwrap_or(verdict.why));
    }
    (Outcome::Nothing, why_not(state, ask, verdict, seat))
}

fn why_not(state: &State, ask: &Ask<'_>, verdict: &Verdict, seat: Seat) -> Rule {
    let sets = &state.sets;
    let settled = matches!(verdict.then, Then::Refuse(_) | Then::Drop | Then::Host(_) | Then::Answer(_) | Then::End);
    if settled || ask.stanza.kind != StanzaKind::Message || ask.source == Source::Own(seat) {
        return verdict.why;
    }
    if sets.carbons.contains(seat)
        && let Some(why) = verdict.copies.why
    {
        let unavailable = state.config.policy.only_available_get_copies && !sets.available.contains(seat);
        return if verdict.copies.eligible && unavailable { rule::C18 } else { why };
    }
    if sets.imng.contains(seat) && state.config.policy.only_available_get_copies && !sets.available.contains(seat) {
        return rule::I11;
    }
    let to_account =
        ask.target == Target::Bare || (ask.target == Target::Unmatched && verdict.deliver != SessionSet::EMPTY);
    match (to_account, sets.available.contains(seat), sets.reachable.contains(seat)) {
        (true, false, _) => rule::B4,
        (true, true, false) => rule::B3,
        _ => verdict.why,
    }
}
