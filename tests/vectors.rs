//! Every vector under `spec-vectors` passes, the manifest lists them all, and rules and vectors know each other.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../src/cli/files.rs"]
#[expect(dead_code, reason = "the command line uses more of it")]
mod files;

use std::path::Path;

use xmpp_machines::sim::vectors::{Outcome, Shelf, play};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/spec-vectors"))
}

fn shelf() -> Shelf {
    files::shelf(folder()).unwrap()
}

#[test]
fn every_vector_passes() {
    let shelf = shelf();
    assert!(!shelf.vectors.is_empty());
    let mut failed = Vec::new();
    for (path, vector) in &shelf.vectors {
        let topic = files::known(vector).unwrap();
        match play(vector, (topic.subject)().as_mut()).outcome {
            Outcome::Passed => {}
            Outcome::Skipped(why) => failed.push(format!("{path}: skipped: {why}")),
            Outcome::Failed(failure) => {
                let mut report = format!("{}:{}: {}\n", failure.file, failure.line, failure.what);
                for line in &failure.lines {
                    report += &format!("    {line}\n");
                }
                if let Some((expected, got)) = &failure.texts {
                    report += &format!("  expected\n{expected}  got\n{got}");
                }
                failed.push(report);
            }
        }
    }
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), shelf.vectors.len(), failed.join("\n"));
}

#[test]
fn the_manifest_lists_what_is_there() {
    let file = folder().join(files::MANIFEST);
    let text = files::text(&file).unwrap();
    let complaints = shelf().compare(files::MANIFEST, &text).unwrap();
    assert_eq!(complaints, [""; 0], "`xmpp-machines vectors --write-manifest` writes it anew");
}

#[test]
fn every_rule_has_a_vector_and_every_vector_names_rules() {
    assert_eq!(shelf().complaints(), [""; 0]);
}

#[test]
fn every_given_file_is_used() {
    let shelf = shelf();
    let used = |path: &String| {
        let end = Path::new(path);
        shelf.vectors.values().any(|vector| vector.given.iter().any(|given| Path::new(&given.file).ends_with(end)))
    };
    let unused: Vec<&String> = shelf.given.iter().filter(|path| !used(path)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
