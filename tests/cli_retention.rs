//! `retention explain` as a program sees it.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const POLICY: &str = "examples/retention/policy.toml";
const EVENTS: &str = "examples/retention/month.events";

/// Status, standard output, standard error.
fn explain(args: &[&str]) -> (i32, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_xmpp-machines"))
        .args(["retention", "explain"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (run.status.code().unwrap(), text(run.stdout), text(run.stderr))
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("retention").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn each_file_has_its_life_with_rules() {
    let (status, out, err) = explain(&[POLICY, EVENTS]);
    assert_eq!((status, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn the_picture_is_xml_and_shows_every_file() {
    let path = file("month.svg", "");
    let (status, _, err) = explain(&[POLICY, EVENTS, "--svg", &path.to_string_lossy()]);
    assert_eq!((status, err.as_str()), (0, ""));
    let svg = fs::read_to_string(path).unwrap();
    let root: minidom::Element = svg.parse().unwrap();
    assert_eq!(root.name(), "svg");
    for label in ["cups", "garden", "hike", "cake", "trip", "face2", "made room"] {
        assert!(svg.contains(&format!(">{label}</text>")), "{label}");
    }
    // What was refused has no bar.
    assert!(!svg.contains(">film</text>"));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let policy = file("bad.toml", "[service]\nsoft = \"1 TiB\"\n[[class]]\nname = \"a\"\neverybody = true\n");
    let policy = policy.to_string_lossy();
    let (status, out, err) = explain(&[&policy, EVENTS]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("bad.toml:2: service.soft: more than hard (100 GiB)"), "{err}");
    for (name, text, complaint) in [
        ("brew.events", "2026-01-01T00:00:00Z end\n+1h brew\n", ":2: 'brew' is none of upload"),
        (
            "twice.events",
            "2026-01-01T00:00:00Z upload a ann@tea.example 1\n+1s upload a ann@tea.example 1\n",
            ":2: 'a' was",
        ),
        ("nobody.events", "2026-01-01T00:00:00Z upload a @ 1\n", ":1: '@' is no account"),
        ("never.events", "2026-01-01T00:00:00Z read a\n", ":1: no file 'a' was uploaded before"),
        ("class.events", "2026-01-01T00:00:00Z class ann@tea.example duke\n", ":1: there is no such class"),
    ] {
        let events = file(name, text);
        let (status, _, err) = explain(&[POLICY, &events.to_string_lossy()]);
        assert_eq!(status, 2);
        assert!(err.contains(complaint), "{name}: {err}");
    }
}
