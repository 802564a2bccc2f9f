//! Plays a vector on a subject and compares.

use std::collections::{BTreeMap, BTreeSet};

use super::super::transcript::{Line, What};
use super::super::xml::Tree;
use super::matching::{Bound, beside, counted, fill_in, fill_text, match_stanza, unbound, unbound_text};
use super::{Act, Event, Said, Sent, Step, Stop, Subject, Vector};
use crate::ns;

/// How a vector went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Everything came out as expected.
    Passed,
    /// Something did not.
    Failed(Box<Failure>),
    /// The subject does not claim to do this, and why.
    Skipped(String),
}

/// What went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The file in which the failed step stands.
    pub file: String,
    /// The line of the failed step.
    pub line: u32,
    /// What is wrong, on one line.
    pub what: String,
    /// What was expected and what was got, on many lines each, to be compared line by line; names and wildcards are
    /// filled in where they agree.
    pub texts: Option<(String, String)>,
    /// What went in and was said in the failed step, as far as the subject tells.
    pub lines: Vec<Line>,
}

/// A vector that was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// How it went.
    pub outcome: Outcome,
    /// Everything that happened, what was given included.
    pub lines: Vec<Line>,
    /// What the names stood for in the end.
    pub bound: Bound,
}

/// Plays a vector from a fresh start up to its end or the first failure.
pub fn play(vector: &Vector, subject: &mut dyn Subject) -> Played {
    play_explaining(vector, subject, None).0
}

/// Plays a vector, and tells the whole path of each stanza with this id before it goes in, if the subject can.
pub fn play_explaining(vector: &Vector, subject: &mut dyn Subject, id: Option<&str>) -> (Played, Vec<String>) {
    let (bound, lines) = (Bound::new(), Vec::new());
    let mut player = Player { subject, now: 0, bound, lines, rules: None, wanted: id, explained: Vec::new() };
    let outcome = player.run(vector).err().unwrap_or(Outcome::Passed);
    (Played { outcome, lines: player.lines, bound: player.bound }, player.explained)
}

fn failed(file: &str, line: u32, what: impl Into<String>) -> Outcome {
    Outcome::Failed(Box::new(Failure { file: file.into(), line, what: what.into(), texts: None, lines: Vec::new() }))
}

fn stopped(file: &str, line: u32, stop: Stop) -> Outcome {
    match stop {
        Stop::Skip(why) => Outcome::Skipped(why),
        Stop::Fail(what) => failed(file, line, what),
    }
}

/// Stanzas by recipient, in order.
type Inboxes = BTreeMap<String, Vec<Tree>>;

struct Player<'s> {
    subject: &'s mut dyn Subject,
    /// The id of the stanzas that are to be explained.
    wanted: Option<&'s str>,
    explained: Vec<String>,
    now: u64,
    bound: Bound,
    lines: Vec<Line>,
    rules: Option<BTreeSet<String>>,
}

impl Player<'_> {
    /// Plays to the end, or to an outcome that ends it earlier.
    fn run(&mut self, vector: &Vector) -> Result<(), Outcome> {
        self.subject.start(vector).map_err(|stop| stopped(&vector.file, 1, stop))?;
        for given in &vector.given {
            given.steps.iter().try_for_each(|step| self.step(&given.file, step, false))?;
        }
        self.rules = None;
        vector.steps.iter().try_for_each(|step| self.step(&vector.file, step, true))?;
        let Some(pushed) = &self.rules else { return Ok(()) };
        match vector.rules.iter().find(|rule| !pushed.contains(*rule)) {
            None => Ok(()),
            Some(rule) => {
                let pushed: Vec<&str> = pushed.iter().map(String::as_str).collect();
                let what = format!("{rule} decided nothing while it played; it was {}", pushed.join(" "));
                Err(failed(&vector.file, 1, what))
            }
        }
    }

    fn step(&mut self, file: &str, step: &Step, exactly: bool) -> Result<(), Outcome> {
        let first = self.lines.len();
        let mut got = Inboxes::new();
        for act in &step.acts {
            let said = self.act(act).map_err(|stop| stopped(file, act.line, stop))?;
            if let Some(rules) = said.rules {
                self.rules.get_or_insert_default().extend(rules);
            }
            self.lines.extend(said.lines);
            for Sent { to, stanza } in said.sent {
                got.entry(address(&to)).or_default().push(stanza);
            }
        }
        if let Some(what) = &step.note {
            // What became due before the step is no part of what the note is about.
            let start = step.acts.first().and_then(|act| act.at).unwrap_or(self.now);
            let begins = |line: &Line| matches!(line, Line::In { at, .. } if *at >= start);
            let lines = self.lines.get(first..).unwrap_or_default();
            let place = first + lines.iter().position(begins).unwrap_or(0);
            self.lines.insert(place, Line::Note { what: what.clone() });
        }
        let compared = if exactly { self.compare(step, &got) } else { self.bind(step, &got) };
        compared.map_err(|Differs { line, what, texts }| {
            let lines = self.lines.get(first..).unwrap_or_default().to_vec();
            Outcome::Failed(Box::new(Failure { file: file.into(), line, what, texts: Some(texts), lines }))
        })
    }

    fn act(&mut self, act: &Act) -> Result<Said, Stop> {
        self.now = act.at.unwrap_or(self.now);
        let no_value = |name: &str| Stop::Fail(format!("{{{name}}} has no value here"));
        let what = match &act.what {
            Event::In(stanza) => {
                if let Some(name) = unbound(stanza, &self.bound) {
                    return Err(no_value(name));
                }
                Event::In(fill_in(stanza, &self.bound))
            }
            Event::Wake => Event::Wake,
            Event::Host(facts) => {
                if let Some(name) = facts.values().find_map(|value| unbound_text(value, &self.bound)) {
                    return Err(no_value(name));
                }
                Event::Host(facts.iter().map(|(k, v)| (k.clone(), fill_text(v, &self.bound))).collect())
            }
        };
        if let (Event::In(stanza), Some(wanted)) = (&what, self.wanted) {
            let inside = || stanza.children().find_map(|child| child.attr("id"));
            if stanza.attr("id").or_else(inside) == Some(wanted) {
                self.explained.extend(self.subject.explain(stanza));
            }
        }
        let mut said = self.subject.act(self.now, &what)?;
        // A machine that had nothing to do at a wake says nothing about it either.
        if said.lines.is_empty() && said.rules.is_none() {
            said.lines.push(in_line(self.now, what));
        }
        Ok(said)
    }

    /// Binds names from what is given: each out must be there, in order for each recipient; there may be more.
    fn bind(&mut self, step: &Step, got: &Inboxes) -> Result<(), Differs> {
        let mut from: BTreeMap<String, usize> = BTreeMap::new();
        for out in &step.outs {
            for to in &out.to {
                let to = address(&fill_text(to, &self.bound));
                if !self.subject.sees(&to, &out.stanza.name) {
                    continue;
                }
                let inbox = got.get(&to).map(Vec::as_slice).unwrap_or_default();
                let start = from.entry(to.clone()).or_default();
                let rest = inbox.iter().enumerate().skip(*start);
                let found = rest.filter_map(|(at, stanza)| Some((at, match_stanza(&out.stanza, stanza, &self.bound)?)));
                let Some((at, bound)) = { found }.next() else {
                    let wanted = beside(&out.stanza, inbox.get(*start), true, &self.bound);
                    let what = format!("what is given did not come about: {to} did not receive this");
                    let wanted = BTreeMap::from([(to.clone(), vec![wanted.lines(ns::CLIENT)])]);
                    let got = BTreeMap::from([(to, texts(inbox))]);
                    return Err(Differs { line: out.line, what, texts: (listed(&wanted), listed(&got)) });
                };
                *start = at + 1;
                self.bound = bound;
            }
        }
        Ok(())
    }

    /// Compares everything: for each recipient, what came must be what was expected, in order and complete.
    fn compare(&mut self, step: &Step, got: &Inboxes) -> Result<(), Differs> {
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut problem: Option<(u32, String)> = None;
        for out in &step.outs {
            for to in &out.to {
                let to = address(&fill_text(to, &self.bound));
                if !self.subject.sees(&to, &out.stanza.name) {
                    continue;
                }
                let texts = wanted.entry(to.clone()).or_default();
                let stanza = got.get(&to).and_then(|inbox| inbox.get(texts.len()));
                let matched = stanza.and_then(|stanza| match_stanza(&out.stanza, stanza, &self.bound));
                match (matched, stanza) {
                    (Some(bound), Some(stanza)) => {
                        self.bound = bound;
                        texts.push(counted(stanza).lines(ns::CLIENT));
                    }
                    (_, stanza) => {
                        let what = match stanza {
                            Some(_) => format!("what {to} received is different"),
                            None => format!("{to} did not receive this"),
                        };
                        problem.get_or_insert((out.line, what));
                        texts.push(beside(&out.stanza, stanza, true, &self.bound).lines(ns::CLIENT));
                    }
                }
            }
        }
        for (to, inbox) in got {
            let expected = wanted.get(to).map_or(0, Vec::len);
            if inbox.len() > expected {
                let what = format!("{to} received what is not expected");
                problem.get_or_insert((step.line, what));
            }
        }
        let Some((line, what)) = problem else { return Ok(()) };
        let got = got.iter().map(|(to, inbox)| (to.clone(), texts(inbox))).collect();
        Err(Differs { line, what, texts: (listed(&wanted), listed(&got)) })
    }
}

struct Differs {
    line: u32,
    what: String,
    texts: (String, String),
}

/// An address in the case in which addresses are compared: an account may be written in capitals (RFC 7622 §3).
fn address(to: &str) -> String {
    let bare = to.find('/').unwrap_or(to.len());
    let (bare, resource) = to.split_at(bare);
    bare.to_ascii_lowercase() + resource
}

/// Stanzas as they are compared, each on many lines.
fn texts(stanzas: &[Tree]) -> Vec<String> {
    stanzas.iter().map(|stanza| counted(stanza).lines(ns::CLIENT)).collect()
}

/// Stanzas by recipient as text, each under its recipient.
fn listed(inboxes: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::new();
    for (to, stanzas) in inboxes {
        for stanza in stanzas {
            text.push_str("to ");
            text.push_str(to);
            text.push('\n');
            for line in stanza.lines() {
                text.push_str("  ");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// The line of a transcript for an act on a subject that keeps none.
fn in_line(at: u64, what: Event) -> Line {
    match what {
        Event::In(mut stanza) => {
            let from = stanza.unset("from").unwrap_or_default();
            Line::In { at, from, what: What::Stanza(stanza.trimmed()) }
        }
        Event::Wake => Line::Wake { at },
        Event::Host(facts) => {
            let facts: Vec<String> = facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
            Line::In { at, from: "host".into(), what: What::Text(facts.join(" ")) }
        }
    }
}
