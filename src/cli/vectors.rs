//! Runs vectors and says how they went.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use similar::{ChangeTag, TextDiff};
use xmpp_machines::sim::vectors::{Failure, Outcome, Shelf, Vector, play};

use super::foreign::Foreign;
use super::{Ended, Trouble, files};

/// So many vectors take long enough for a progress bar.
const MANY: u64 = 40;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Vectors, or folders of them
    #[arg(default_value = files::DEFAULT, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only the vectors of this topic
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Run them on a program that speaks the protocol of spec-vectors/README.md on its standard input and output
    ///
    /// Words are separated by spaces; no shell is involved. See examples/foreign/gc3_tiny.py for a program to start
    /// from.
    #[arg(long, value_name = "CMD")]
    against: Option<String>,
    /// How long that program may take for an answer
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5000, requires = "against")]
    patience: u64,
    /// Write the manifest of each folder anew, and run nothing
    #[arg(long, conflicts_with_all = ["topic", "against"])]
    write_manifest: bool,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Ended {
    let mut chosen: Vec<Vector> = Vec::new();
    let mut complaints = Vec::new();
    for path in &args.paths {
        let shelf = files::shelf(path).map_err(Trouble::Bad)?;
        if args.write_manifest {
            write_manifest(path, &shelf, out)?;
        } else if args.topic.is_none() && args.against.is_none() {
            complaints.extend(compare_manifest(path, &shelf)?);
        }
        chosen.extend(shelf.vectors.into_values());
    }
    if args.write_manifest {
        return Ok(true);
    }
    if let Some(topic) = &args.topic {
        chosen.retain(|vector| vector.topic == *topic);
    }
    if chosen.is_empty() {
        let paths: Vec<_> = args.paths.iter().map(|path| path.display().to_string()).collect();
        let of = args.topic.as_ref().map(|topic| format!(" of topic {topic}")).unwrap_or_default();
        return Err(Trouble::Bad(format!("there are no vectors{of} in {}", paths.join(" "))));
    }
    let foreign = args.against.as_ref().map(|command| Foreign::new(command, Duration::from_millis(args.patience)));
    let mut foreign = foreign.transpose().map_err(Trouble::Bad)?;
    let well = play_all(&chosen, foreign.as_mut(), out)?;
    // A manifest that is wrong is no failed vector, and yet not well.
    for complaint in &complaints {
        let _ = writeln!(std::io::stderr(), "{complaint}");
    }
    Ok(well && complaints.is_empty())
}

fn play_all(vectors: &[Vector], mut foreign: Option<&mut Foreign>, out: &mut dyn Write) -> Ended {
    let count = vectors.len() as u64;
    let visible = count >= MANY && std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(count), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let colour = std::io::stdout().is_terminal();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for vector in vectors {
        bar.set_message(vector.id.clone());
        let tally = tallies.entry(vector.topic.clone()).or_default();
        let played = match &mut foreign {
            Some(foreign) => play(vector, *foreign),
            None => {
                let topic = files::known(vector).map_err(Trouble::Bad)?;
                play(vector, (topic.subject)().as_mut())
            }
        };
        match played.outcome {
            Outcome::Passed => tally.passed += 1,
            Outcome::Skipped(_) => tally.skipped += 1,
            Outcome::Failed(failure) => {
                tally.failed += 1;
                bar.suspend(|| show(vector, &failure, colour, out))?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["topic", "vectors", "passed", "failed", "skipped"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut all = Tally::default();
    for (topic, Tally { passed, failed, skipped }) in &tallies {
        let cells = [passed + failed + skipped, *passed, *failed, *skipped].map(|count| count.to_string());
        table.add_row([topic.clone()].into_iter().chain(cells));
        all = Tally { passed: all.passed + passed, failed: all.failed + failed, skipped: all.skipped + skipped };
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    write!(out, "{} passed, {} failed", all.passed, all.failed)?;
    if all.skipped > 0 {
        write!(out, ", {} skipped", all.skipped)?;
    }
    writeln!(out)?;
    Ok(all.failed == 0)
}

/// A failure: where, what, why it matters, what happened, and the difference.
fn show(vector: &Vector, failure: &Failure, colour: bool, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{} ({}, {})", vector.id, vector.rules.join(" "), vector.verdict)?;
    writeln!(out, "  {}:{}: {}", failure.file, failure.line, failure.what)?;
    writeln!(out, "  {}", vector.why)?;
    for line in &failure.lines {
        writeln!(out, "    {line}")?;
    }
    if let Some((expected, got)) = &failure.texts {
        let diff = TextDiff::from_lines(expected.as_str(), got.as_str());
        for (at, group) in diff.grouped_ops(3).iter().enumerate() {
            if at > 0 {
                writeln!(out, "   …")?;
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (sign, start) = match change.tag() {
                    ChangeTag::Delete => ('-', "\u{1b}[31m"),
                    ChangeTag::Insert => ('+', "\u{1b}[32m"),
                    ChangeTag::Equal => (' ', ""),
                };
                let line = change.value().trim_end_matches('\n');
                if colour && !start.is_empty() {
                    writeln!(out, "  {start}{sign} {line}\u{1b}[0m")?;
                } else {
                    writeln!(out, "  {sign} {line}")?;
                }
            }
        }
    }
    writeln!(out)
}

fn write_manifest(path: &Path, shelf: &Shelf, out: &mut dyn Write) -> Result<(), Trouble> {
    if !path.is_dir() {
        return Err(Trouble::Bad(format!("{}: only a folder has a manifest", path.display())));
    }
    let file = path.join(files::MANIFEST);
    fs::write(&file, shelf.manifest()).map_err(|error| Trouble::Bad(format!("{}: {error}", file.display())))?;
    writeln!(out, "{}: {} vectors, {} given", file.display(), shelf.vectors.len(), shelf.given.len())?;
    Ok(())
}

fn compare_manifest(path: &Path, shelf: &Shelf) -> Result<Vec<String>, Trouble> {
    let file = path.join(files::MANIFEST);
    if !path.is_dir() || !file.exists() {
        return Ok(Vec::new());
    }
    let text = files::text(&file).map_err(Trouble::Bad)?;
    shelf.compare(&file.display().to_string(), &text).map_err(|bad| Trouble::Bad(bad.to_string()))
}
