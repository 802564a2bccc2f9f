//! Conformance vectors: what goes into an implementation, and what must come out, as XML that anyone can read.
//!
//! The format stands in `spec-vectors/README.md`. [`read`] makes a [`Vector`] of a text, [`play`] tries it on a
//! [`Subject`]: the machine of this crate ([`Builtin`]) or any other implementation, which is the same
//! to it. Nothing here opens a file; who calls, reads.

pub(in crate::sim) mod builtin;
mod matching;
mod play;
mod read;
mod shelf;
#[cfg(test)]
mod tests;
mod topics;

use core::fmt;
use std::collections::BTreeMap;

use super::transcript::Line;
use super::xml::{Flaw, Tree};

pub use builtin::*;
pub use matching::Bound;
pub use play::{Failure, Outcome, Played, play, play_explaining};
pub use read::{Find, read, read_scenario};
pub use shelf::Shelf;
pub use topics::{TOPICS, Topic};

/// The namespace of the format.
pub const NS: &str = "xmpp-machines:vectors:0";

/// The domain of a room service under test.
pub const DOMAIN: &str = "rooms.example";

/// One case.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The file it was read from, as it was named to [`read`].
    pub file: String,
    /// Its name, which is the file's without extension.
    pub id: String,
    /// The topic whose machine it is played on: what stands before the dot of its first rule. A scenario names it.
    pub topic: String,
    /// The rules that it shows, for example `gc3.J4`.
    pub rules: Vec<String>,
    /// Where they are written.
    pub spec: String,
    /// How binding that is.
    pub verdict: Verdict,
    /// What an implementation that fails this does to users.
    pub why: String,
    /// Limits that differ from the default, by name.
    pub limits: BTreeMap<String, u64>,
    /// What is played first, outermost last.
    pub given: Vec<Given>,
    /// What is tested.
    pub steps: Vec<Step>,
}

/// How binding what a vector shows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A specification demands it.
    Must,
    /// A specification allows it, among others.
    May,
    /// The specifications are silent or disagree; this is the choice of the project.
    Unspecified,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::May => "may",
            Self::Unspecified => "unspecified",
        })
    }
}

/// Steps that bring about a situation, or a scenario. What comes out of them binds names and is not tested.
#[derive(Clone, Debug)]
pub struct Given {
    /// The file they were read from.
    pub file: String,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Something that happens, and what must come out of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it begins in its file.
    pub line: u32,
    /// What a reader should know about it, if the file says.
    pub note: Option<String>,
    /// What happens: one thing, or all rounds of a `repeat`.
    pub acts: Vec<Act>,
    /// What must come out, complete.
    pub outs: Vec<Out>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Act {
    /// Where it stands in its file.
    pub line: u32,
    /// When, in milliseconds after the start; `None` is the same moment as the act before.
    pub at: Option<u64>,
    /// What happens.
    pub what: Event,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// A stanza comes in, or an element that stands for another input, with `{names}` to fill in.
    In(Tree),
    /// Nothing but time passes.
    Wake,
    /// The host learns or decides something: facts by name, with `{names}` to fill in.
    Host(BTreeMap<String, String>),
}

/// A stanza that must come out.
#[derive(Clone, Debug)]
pub struct Out {
    /// Where it stands in its file.
    pub line: u32,
    /// Who must receive a copy, with `{names}` to fill in.
    pub to: Vec<String>,
    /// The pattern of the stanza, without `to`.
    pub stanza: Tree,
}

/// A file that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// The file.
    pub file: String,
    /// What is wrong, and where.
    pub flaw: Flaw,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.flaw)
    }
}

impl core::error::Error for BadFile {}

/// An implementation under test.
///
/// Before a stanza, a fact or a wake at some moment, it does all that has become due up to then; what that sends
/// belongs to the same answer.
pub trait Subject {
    /// Begins afresh, at moment 0: nothing has happened yet to what is tested.
    ///
    /// # Errors
    /// [`Stop`] if it cannot.
    fn start(&mut self, vector: &Vector) -> Result<(), Stop>;

    /// One thing happens, `at` milliseconds after the start; all names are filled in.
    ///
    /// # Errors
    /// [`Stop`] if it cannot go on.
    fn act(&mut self, at: u64, what: &Event) -> Result<Said, Stop>;

    /// Whether it can tell that this recipient is sent an element of this name. What it cannot tell is not compared.
    fn sees(&self, recipient: &str, element: &str) -> bool {
        let _ = (recipient, element);
        true
    }

    /// The whole path of a stanza that is about to come in: who gets what, and why. `None` if the subject does not tell.
    fn explain(&mut self, element: &Tree) -> Option<String> {
        let _ = element;
        None
    }
}

/// What a subject says in answer to one act.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The stanzas it sent, and what it ordered as elements for [`HOST`], each in order.
    pub sent: Vec<Sent>,
    /// The rules that decided its actions; `None` if it does not tell.
    pub rules: Option<Vec<String>>,
    /// The same as a transcript, if it keeps one.
    pub lines: Vec<Line>,
}

/// A stanza for one recipient.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The recipient.
    pub to: String,
    /// The stanza, without `to` where that is the recipient.
    pub stanza: Tree,
}

impl Sent {
    /// A stanza and who receives it.
    #[must_use]
    pub fn new(to: String, mut stanza: Tree) -> Self {
        if stanza.attr("to") == Some(&to) {
            stanza.unset("to");
        }
        Self { to, stanza }
    }
}

/// Why a subject does not go on with a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It does not claim to do this.
    Skip(String),
    /// It failed.
    Fail(String),
}

/// Most rounds of a `repeat` that [`fuzz`] plays: a file may ask for more than there is time for.
const ROUNDS: usize = 100;

/// The body of a fuzz target: the bytes are a file. Panics unless it is a vector or a scenario that can be played, or
/// is refused with its place.
pub fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut none = |name: &str| Err(format!("there is no {name}"));
    for read in [read("any.xml", &text, &mut none), read_scenario("any.xml", &text, &mut none)] {
        match read {
            Err(bad) => assert!(bad.to_string().starts_with("any.xml:"), "a complaint names its place: {bad}"),
            Ok(vector) => {
                let mut steps = vector.given.iter().flat_map(|given| &given.steps).chain(&vector.steps);
                if steps.all(|step| step.acts.len() <= ROUNDS) {
                    // However it goes: it must only not panic.
                    let topic = Topic::named(&vector.topic).unwrap_or(&TOPICS[0]);
                    drop(play(&vector, (topic.subject)().as_mut()));
                }
            }
        }
    }
}
