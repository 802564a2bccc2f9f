//! Plays a scenario and prints it.

use std::io::Write;
use std::path::Path;

use xmpp_machines::Rule;
use xmpp_machines::sim::vectors::{self, Outcome, Played, Vector};
use xmpp_machines::sim::{Line, chart};

use super::{Ended, Format, Trouble, files};

/// The conversation that is played when nothing is asked for.
const SHOWCASE: &str = include_str!("showcase.xml");

pub(super) fn showcase(out: &mut dyn Write) -> Ended {
    let mut find = |name: &str| Err(format!("nothing is given, {name} neither"));
    let scenario = vectors::read_scenario("showcase.xml", SHOWCASE, &mut find);
    let scenario = scenario.map_err(|bad| Trouble::Bad(bad.to_string()))?;
    writeln!(out, "A conversation with a group chat service. '@ms in' goes in; what follows is said by the service,")?;
    writeln!(out, "each action after the rule that decided it. What the rules say stands at the end.\n")?;
    print(&scenario, Format::Text, out)
}

pub(super) fn file(path: &Path, format: Format, out: &mut dyn Write) -> Ended {
    let text = files::text(path).map_err(Trouble::Bad)?;
    let name = path.display().to_string();
    let scenario = vectors::read_scenario(&name, &text, &mut files::given(path));
    print(&scenario.map_err(|bad| Trouble::Bad(bad.to_string()))?, format, out)
}

/// Prints the whole path of the stanzas of one id.
pub(super) fn explain(path: &Path, id: &str, out: &mut dyn Write) -> Ended {
    let text = files::text(path).map_err(Trouble::Bad)?;
    let name = path.display().to_string();
    let scenario = vectors::read_scenario(&name, &text, &mut files::given(path));
    let scenario = scenario.map_err(|bad| Trouble::Bad(bad.to_string()))?;
    let topic = files::known(&scenario).map_err(Trouble::Bad)?;
    let (_, explained) = vectors::play_explaining(&scenario, (topic.subject)().as_mut(), Some(id));
    if explained.is_empty() {
        let what = format!("{name}: no stanza with the id '{id}' comes in, or the topic {} explains none", topic.name);
        return Err(Trouble::Bad(what));
    }
    for (at, explanation) in explained.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write!(out, "{explanation}")?;
    }
    Ok(true)
}

fn print(scenario: &Vector, format: Format, out: &mut dyn Write) -> Ended {
    let topic = files::known(scenario).map_err(Trouble::Bad)?;
    let Played { outcome, lines, .. } = vectors::play(scenario, (topic.subject)().as_mut());
    match format {
        Format::Text => text(&lines, out)?,
        Format::Mermaid => out.write_all(chart::mermaid(topic.machine, &lines).as_bytes())?,
        Format::Svg => out.write_all(chart::svg(topic.machine, &lines).as_bytes())?,
    }
    match outcome {
        Outcome::Passed => Ok(true),
        // A scenario that cannot go on is a bad file; a vector that fails has failed.
        Outcome::Failed(failure) => {
            out.flush()?;
            let what = format!("{}:{}: {}", failure.file, failure.line, failure.what);
            if scenario.rules.is_empty() {
                return Err(Trouble::Bad(what));
            }
            // The difference is for people, and not a part of the chart.
            let _ = writeln!(std::io::stderr(), "{what}");
            Ok(false)
        }
        Outcome::Skipped(why) => Err(Trouble::Bad(why)),
    }
}

/// The transcript, with an empty line before each note, and what the rules in it say.
fn text(lines: &[Line], out: &mut dyn Write) -> std::io::Result<()> {
    for (at, line) in lines.iter().enumerate() {
        if at > 0 && matches!(line, Line::Note { .. }) {
            writeln!(out)?;
        }
        writeln!(out, "{line}")?;
    }
    let mut rules: Vec<Rule> = Vec::new();
    for rule in lines.iter().filter_map(Line::rule) {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if !rules.is_empty() {
        writeln!(out, "\nThe rules that decided:")?;
    }
    for rule in rules {
        writeln!(out, "  {rule:<11} {}", rule.says())?;
    }
    Ok(())
}
