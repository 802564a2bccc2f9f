//! The command line as a program sees it: exit status, last line, complaints.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    let run = Command::new(env!("CARGO_BIN_EXE_xmpp-machines"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: run.status.code().unwrap(), out: text(run.stdout), err: text(run.stderr) }
}

/// A file of its own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// One line on standard error, nothing on standard output, status 2.
fn complains(args: &[&str], complaint: &str) {
    let ran = run(args);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.lines().count()), (2, "", 1), "{args:?}: {}{}", ran.out, ran.err);
    assert!(ran.err.contains(complaint), "{}", ran.err);
}

#[test]
fn without_arguments_it_plays_a_conversation_and_lists_the_commands() {
    let ran = run(&[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for part in ["@1000 in  ann@", " gc3.M4 send [", "Usage: xmpp-machines", "  play ", "  vectors ", "  rules "] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn the_vectors_of_the_project_pass() {
    let ran = run(&["vectors"]);
    let last = ran.out.lines().last().unwrap_or_default();
    let passed = last.strip_suffix(" passed, 0 failed").and_then(|count| count.parse::<u32>().ok());
    assert!(passed.is_some_and(|count| count > 0), "{}{}", ran.out, ran.err);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let one = run(&["vectors", "--topic", "gc3"]);
    let last = one.out.lines().last().unwrap_or_default();
    assert!(last.ends_with(" passed, 0 failed") && !ran.out.ends_with(&one.out), "{}", one.out);
}

const VECTOR: &str = "<vector xmlns='xmpp-machines:vectors:0' id='NAME' rule='gc3.G13.5' spec='x' verdict='must'>
  <why>A client waits for ever.</why>
  <in at='1000'><iq xmlns='jabber:client' type='get' id='b' from='ann@tea.example/1' to='rooms.example'><brew xmlns='urn:example:tea'/></iq></in>
  <out to='ann@tea.example/1'><iq xmlns='jabber:client' type='error' id='b' from='rooms.example'><error type='cancel'><CONDITION xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></out>
</vector>";

fn vector(name: &str, condition: &str) -> PathBuf {
    file(&format!("{name}.xml"), &VECTOR.replace("NAME", name).replace("CONDITION", condition))
}

#[test]
fn a_failed_vector_is_a_difference_and_status_1() {
    let good = vector("good", "service-unavailable");
    let bad = vector("bad", "conflict");
    let ran = run(&["vectors", good.to_str().unwrap(), bad.to_str().unwrap()]);
    assert_eq!(
        (ran.status, ran.out.lines().last(), ran.err.as_str()),
        (1, Some("1 passed, 1 failed"), ""),
        "{}",
        ran.out
    );
    for part in ["-       <conflict xmlns=", "+       <service-unavailable xmlns=", "bad.xml:4: ", "gc3.G13.5 send ["] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours where nobody sees them");
}

#[test]
fn a_scenario_is_played_in_every_format() {
    let steps = VECTOR.split_once("</why>").unwrap().1.split_once("<out").unwrap().0;
    let scenario = file("tea.xml", &format!("<scenario xmlns='xmpp-machines:vectors:0'>{steps}</scenario>"));
    let scenario = scenario.to_str().unwrap();
    let text = run(&["play", scenario]);
    assert_eq!((text.status, text.err.as_str()), (0, ""));
    assert!(text.out.starts_with("@1000 in  ann@tea.example/1 <iq id='b'"), "{}", text.out);
    assert!(
        text.out.contains("        gc3.G13.5 send [ann@tea.example/1] <iq from='rooms.example' id='b' type='error'>"),
        "{}",
        text.out
    );
    assert!(run(&["play", scenario, "--format", "mermaid"]).out.starts_with("sequenceDiagram\n"));
    assert!(run(&["play", scenario, "--format", "svg"]).out.starts_with("<svg xmlns="));
    assert_eq!(run(&["play", scenario]).out, text.out, "twice the same");
}

#[test]
fn a_vector_is_played_too() {
    let good = run(&["play", vector("good-play", "service-unavailable").to_str().unwrap()]);
    assert_eq!((good.status, good.err.as_str()), (0, ""));
    let bad = run(&["play", vector("bad-play", "conflict").to_str().unwrap()]);
    assert_eq!((bad.status, bad.err.lines().count()), (1, 1));
    assert!(bad.err.contains("bad-play.xml:4: what ann@tea.example/1 received is different"), "{}", bad.err);
}

#[test]
fn every_rule_is_listed_and_has_a_vector() {
    let ran = run(&["rules", "--topic", "gc3"]);
    assert!(ran.out.lines().last().is_some_and(|last| last.ends_with(" rules, 0 without a vector")), "{}", ran.out);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("gc3.J4") && ran.out.contains("PROFILE#joining"), "{}", ran.out);
}

#[test]
fn a_rule_leads_to_its_text_code_and_vectors() {
    let ran = run(&["rule", "gc3.J4"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for part in ["**J4**", "rule::J4 in src/gc3", "gc3/J4-nick-variant.xml (unspecified): "] {
        assert!(ran.out.contains(part), "{}", ran.out);
    }
    complains(&["rule", "gc3.J404"], "there is no rule gc3.J404");
}

#[test]
fn a_rule_without_a_vector_is_status_1() {
    let alone = vector("alone", "service-unavailable");
    let ran = run(&["rules", alone.to_str().unwrap()]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.lines().last().is_some_and(|last| last.ends_with(" without a vector")), "{}", ran.out);
}

#[test]
fn a_manifest_is_written_and_missed_files_are_named() {
    let folder = file("shelf/gc3/one.xml", &VECTOR.replace("NAME", "one").replace("CONDITION", "service-unavailable"));
    let folder = folder.parent().unwrap().parent().unwrap().to_str().unwrap().to_owned();
    let extra = Path::new(&folder).join("gc3/two.xml");
    let _ = fs::remove_file(&extra);
    let ran = run(&["vectors", "--write-manifest", &folder]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert_eq!(run(&["vectors", &folder]).status, 0);
    fs::write(&extra, VECTOR.replace("NAME", "two").replace("CONDITION", "service-unavailable")).unwrap();
    let ran = run(&["vectors", &folder]);
    assert_eq!((ran.status, ran.out.lines().last()), (1, Some("2 passed, 0 failed")));
    assert!(ran.err.contains("manifest.xml does not list gc3/two.xml"), "{}", ran.err);
}

#[test]
fn what_cannot_be_tried_is_one_line_with_its_place() {
    complains(&["play", "no-such-file.xml"], "no-such-file.xml: ");
    complains(&["vectors", "no-such-folder"], "no-such-folder: ");
    complains(&["vectors", "--topic", "tea"], "there are no vectors of topic tea");
    complains(&["rules", "--topic", "tea"], "there is no topic tea");
    let broken = file("broken.xml", "<scenario xmlns='xmpp-machines:vectors:0'>\n  <in at='1'>\n</scenario>");
    complains(&["play", broken.to_str().unwrap()], "broken.xml:3:");
    complains(&["vectors", broken.to_str().unwrap()], "broken.xml:3:");
    let strange = file("strange.xml", "<scenario xmlns='xmpp-machines:vectors:0'>\n  <sing/>\n</scenario>");
    complains(&["play", strange.to_str().unwrap()], "strange.xml:2: <sing ");
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli/binary.xml");
    fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
    complains(&["play", binary.to_str().unwrap()], "binary.xml: ");
}

#[test]
fn a_router_explains_itself_and_prints_its_table() {
    let ran = run(&["play", "spec-vectors/imng/B1-chat-more.xml", "--explain", "m1"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("ann@tea.example/tablet  nothing        imng.B3"), "{}", ran.out);
    assert!(ran.out.contains("RFC 6121 §8.5.2.1.1"), "{}", ran.out);
    complains(&["play", "spec-vectors/imng/B1-chat-more.xml", "--explain", "none"], "no stanza with the id 'none'");
    let ran = run(&["rules", "--table", "imng"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, include_str!("../spec-vectors/imng/TABLE.md")));
    complains(&["rules", "--table", "gc3"], "gc3 has no decision table; imng has");
}

#[test]
fn bad_arguments_are_status_2() {
    for args in [
        &["brew"][..],
        &["play"],
        &["vectors", "--patience", "soon"],
        &["vectors", "--write-manifest", "--topic", "gc3"],
    ] {
        let ran = run(args);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
}

#[test]
fn every_command_has_help() {
    for args in
        [&["--help"][..], &["play", "--help"], &["vectors", "--help"], &["rule", "--help"], &["rules", "--help"]]
    {
        let ran = run(args);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("Usage: xmpp-machines"), "{}", ran.out);
    }
}

#[test]
fn a_reader_who_left_is_no_trouble() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_xmpp-machines"));
    let run = command.args(["play", "src/cli/showcase.xml"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let run = run.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!((run.status.code(), String::from_utf8(run.stderr).unwrap()), (Some(0), String::new()));
}
