//! `retention explain`: what a policy does to a history of uploads, file by file, as text and as a picture.

mod events;
mod life;
mod picture;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use xmpp_machines::retention::{Policy, write_bytes};

use super::{Ended, Trouble, files};

/// Reads both files, plays the history, prints it, and draws it if that is wanted.
pub(super) fn explain(policy: &Path, history: &Path, svg: Option<&PathBuf>, out: &mut dyn Write) -> Ended {
    let text = files::text(policy).map_err(Trouble::Bad)?;
    let policy = Policy::from_toml(&text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|fault| format!("{}:{fault}", policy.display())).collect();
        Trouble::Bad(lines.join("\n"))
    })?;
    let text = files::text(history).map_err(Trouble::Bad)?;
    let name = history.display();
    let events = events::read(&text).map_err(|bad| Trouble::Bad(format!("{name}:{bad}")))?;
    let story = life::play(policy, &events).map_err(|bad| Trouble::Bad(format!("{name}:{bad}")))?;
    print(&story, out)?;
    if let Some(path) = svg {
        fs::write(path, picture::draw(&story)).map_err(|error| Trouble::Bad(format!("{}: {error}", path.display())))?;
    }
    Ok(true)
}

fn print(story: &life::Story, out: &mut dyn Write) -> std::io::Result<()> {
    for life in &story.lives {
        writeln!(out, "{}  {} of {}, {}", life.label, write_bytes(life.size), life.owner, life.bucket)?;
        for entry in &life.entries {
            writeln!(out, "  {}  {:<14} {}", entry.at, entry.why.to_string(), entry.what)?;
        }
        writeln!(out)?;
    }
    writeln!(out, "The rules that decided:")?;
    for rule in &story.rules {
        writeln!(out, "  {:<14} {}", rule.to_string(), rule.says())?;
    }
    Ok(())
}
