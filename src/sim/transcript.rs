//! The one rendering of what goes into a machine and what it says: for snapshots, played scenarios, failed vectors and
//! crash reports.
//!
//! ```text
//! @1000 in  ben@tea.example/phone <iq id='j1' to='…' type='set'><join xmlns='urn:xmpp:gc3:0'/></iq>
//!         gc3.J4 send [ben@tea.example/phone] <iq from='…' id='j1' type='result'>…</iq>
//!         gc3.M4 send [ann@tea.example/laptop cid@tea.example/desk … +9998] <message …/>
//!         gc3.G7.3 do Fetch { … }
//!         gc3.V4 tell Refused { … }
//! @2000 wake
//! ```

use core::fmt;

use crate::codec::Stanza;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

use super::xml::{self, Tree};

/// Recipients of one action that are written out; of the others only their number.
const NAMED: usize = 8;

/// How an input is written in a transcript.
pub trait Show {
    /// Who it comes from.
    fn from(&self) -> String;
    /// What it is, on one line; a stanza as XML.
    fn what(&self) -> What;
}

/// The content of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A stanza, without its `from`.
    Stanza(Tree),
    /// Anything else, as text.
    Text(String),
}

impl What {
    /// A stanza as it is written behind its sender.
    #[must_use]
    pub fn stanza(stanza: &Stanza) -> Self {
        let mut tree = Tree::from(&stanza.element).trimmed();
        tree.unset("from");
        Self::Stanza(tree)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stanza(tree) => f.write_str(&tree.line(ns::CLIENT)),
            Self::Text(text) => f.write_str(&one_line(text)),
        }
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Something went in.
    In {
        /// When, in milliseconds after the beginning of the transcript.
        at: u64,
        /// From whom.
        from: String,
        /// What.
        what: What,
    },
    /// What a scenario says about what follows.
    Note {
        /// The words.
        what: String,
    },
    /// The machine was woken.
    Wake {
        /// When, in milliseconds after the beginning of the transcript.
        at: u64,
    },
    /// The machine sent a stanza.
    Send {
        /// The rule that decided it.
        why: Rule,
        /// To whom, in the machine's order.
        to: Vec<String>,
        /// The stanza, without `to`.
        stanza: Tree,
    },
    /// The machine wants something done.
    Do {
        /// The rule that decided it.
        why: Rule,
        /// What, as its `Debug` writes it.
        what: String,
    },
    /// The machine tells something.
    Tell {
        /// The rule that decided it.
        why: Rule,
        /// What, as its `Debug` writes it.
        what: String,
    },
    /// The machine refused what the embedding program did.
    Misuse {
        /// The refusal.
        what: Misuse,
    },
}

impl Line {
    /// The rule that decided it, if the machine says it.
    #[must_use]
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Send { why, .. } | Self::Do { why, .. } | Self::Tell { why, .. } => Some(*why),
            Self::In { .. } | Self::Note { .. } | Self::Wake { .. } | Self::Misuse { .. } => None,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In { at, from, what } => write!(f, "@{at} in  {from} {what}"),
            Self::Note { what } => write!(f, "# {}", one_line(what)),
            Self::Wake { at } => write!(f, "@{at} wake"),
            Self::Send { why, to, stanza } => {
                write!(f, "        {why} send [")?;
                for (at, jid) in to.iter().take(NAMED).enumerate() {
                    write!(f, "{}{jid}", if at == 0 { "" } else { " " })?;
                }
                if to.len() > NAMED {
                    write!(f, " … +{}", to.len() - NAMED)?;
                }
                write!(f, "] {}", stanza.line(ns::CLIENT))
            }
            Self::Do { why, what } => write!(f, "        {why} do {}", one_line(what)),
            // A further rule took part: there is no more to tell.
            Self::Tell { why, what } if what == "Also" => write!(f, "        {why} also"),
            Self::Tell { why, what } => write!(f, "        {why} tell {}", one_line(what)),
            Self::Misuse { what } => write!(f, "        misuse: {what}"),
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// A sink that keeps everything said, with the inputs before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    start: Time,
    lines: Vec<Line>,
}

impl Transcript {
    /// An empty transcript whose times count from `start`.
    #[must_use]
    pub const fn new(start: Time) -> Self {
        Self { start, lines: Vec::new() }
    }

    /// Hands an input to a machine and writes down both.
    ///
    /// # Errors
    /// The machine's [`Misuse`], which is written down too.
    pub fn handle<M>(&mut self, machine: &mut M, now: Time, input: M::Input) -> Result<(), Misuse>
    where
        M: Machine<Input: Show, Order: fmt::Debug, Notice: fmt::Debug>,
    {
        self.heard(now, &input);
        let done = machine.handle(now, input, self);
        if let Err(what) = &done {
            self.misused(what.clone());
        }
        done
    }

    /// Wakes a machine and writes it down, if the machine had anything to do.
    pub fn wake<M>(&mut self, machine: &mut M, now: Time)
    where
        M: Machine<Order: fmt::Debug, Notice: fmt::Debug>,
    {
        let due = machine.deadline().is_some_and(|deadline| deadline <= now);
        if due {
            self.woken(now);
        }
        machine.wake(now, self);
    }

    /// Writes down an input that went in elsewhere.
    pub fn heard(&mut self, now: Time, input: &impl Show) {
        self.lines.push(Line::In { at: now.since(self.start).millis(), from: input.from(), what: input.what() });
    }

    /// Writes down that the machine was woken elsewhere.
    pub fn woken(&mut self, now: Time) {
        self.lines.push(Line::Wake { at: now.since(self.start).millis() });
    }

    /// Writes down a misuse elsewhere.
    pub fn misused(&mut self, what: Misuse) {
        self.lines.push(Line::Misuse { what });
    }

    /// Everything so far, in order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Takes the lines out; the transcript goes on empty.
    pub fn take(&mut self) -> Vec<Line> {
        core::mem::take(&mut self.lines)
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl<O: fmt::Debug, N: fmt::Debug> Sink<O, N> for Transcript {
    fn push(&mut self, why: Rule, action: Action<'_, O, N>) {
        self.lines.push(match action {
            Action::Send { to, stanza } => {
                let mut bytes = Vec::new();
                stanza.head_into("", &mut bytes);
                bytes.extend_from_slice(stanza.tail());
                let text = String::from_utf8_lossy(&bytes);
                let mut stanza = xml::read_stanza(&text, ns::CLIENT).unwrap_or_else(|flaw| broken(&flaw, &text));
                if stanza.attr("to") == Some("") {
                    stanza.unset("to");
                }
                Line::Send { why, to: to.iter().map(|r| r.jid.to_owned()).collect(), stanza }
            }
            Action::Do(order) => Line::Do { why, what: format!("{order:?}") },
            Action::Tell(notice) => Line::Tell { why, what: format!("{notice:?}") },
        });
    }
}

/// Stands for bytes that a machine sent and that are no XML: a transcript shows them rather than hiding them.
fn broken(flaw: &xml::Flaw, text: &str) -> Tree {
    let mut tree = Tree::new("NOT-XML", ns::CLIENT);
    tree.set("flaw", flaw.to_string());
    tree.push_text(text);
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc3::rules::table;
    use crate::gc3::{Command, Input};
    use crate::sim::toy::{Toy, stanza};

    #[test]
    fn what_goes_in_and_what_is_said_are_lines() {
        let start = Time::from_millis(500);
        let mut transcript = Transcript::new(start);
        let mut toy = Toy::default();
        let at = |millis: u64| Time::from_millis(500 + millis);
        let iq = "<iq from='ann@tea.example/1' to='room@rooms.example' type='get' id='1'><later xmlns='toy' a='&#xa;'/></iq>";
        transcript.handle(&mut toy, at(0), Input::Stanza(stanza(iq))).unwrap();
        transcript.wake(&mut toy, at(999));
        transcript.wake(&mut toy, at(1000));
        transcript.handle(&mut toy, at(2000), Input::Command(Command::Shutdown)).unwrap_err();
        let wanted = "\
@0 in  ann@tea.example/1 <iq id='1' to='room@rooms.example' type='get'><later xmlns='toy' a='&#xa;'/></iq>
@1000 wake
        gc3.P1 send [] <message from='room@rooms.example' type='groupchat'><body>later</body><stanza-id xmlns='urn:xmpp:sid:0' id='n1'/></message>
@2000 in  host Shutdown
        misuse: a toy takes no commands
";
        assert_eq!(transcript.to_string(), wanted);
    }

    #[test]
    fn of_many_recipients_the_first_are_named() {
        let to = (0..20).map(|at| format!("p{at}@a")).collect();
        let line = Line::Send { why: table::M4, to, stanza: Tree::new("message", ns::CLIENT) };
        let text = "        gc3.M4 send [p0@a p1@a p2@a p3@a p4@a p5@a p6@a p7@a … +12] <message/>";
        assert_eq!(line.to_string(), text);
    }
}
