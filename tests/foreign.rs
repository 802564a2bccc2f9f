//! The protocol by which another implementation is tested, with programs that keep it and programs that do not.
//! Needs `python3`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own with two vectors: an unknown room, and an unknown request to the service.
fn vectors(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("gc3")).unwrap();
    let iq = |id: &str, to: &str| {
        format!(
            "<iq xmlns='jabber:client' type='get' id='{id}' from='ann@tea.example/1' to='{to}'><brew xmlns='urn:example:tea'/></iq>"
        )
    };
    let error = |id: &str, from: &str, condition: &str| {
        format!(
            "<out to='ann@tea.example/1'><iq xmlns='jabber:client' type='error' id='{id}' from='{from}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></out>"
        )
    };
    let vector = |id: &str, rule: &str, steps: String| {
        let text = format!(
            "<vector xmlns='xmpp-machines:vectors:0' id='{id}' rule='{rule}' spec='PROFILE#service' verdict='must'>\n\
             <why>A client waits for ever.</why>\n{steps}\n<wake at='60000'/>\n</vector>\n"
        );
        fs::write(folder.join("gc3").join(format!("{id}.xml")), text).unwrap();
    };
    let room = "nobody@rooms.example";
    let steps = format!("<in at='1000'>{}</in>\n{}", iq("a", room), error("a", room, "item-not-found"));
    vector("unknown-room", "gc3.G13.4", steps);
    let service = "rooms.example";
    let steps = format!("<in at='1000'>{}</in>\n{}", iq("b", service), error("b", service, "service-unavailable"));
    vector("unknown-request", "gc3.G13.5", steps);
    folder
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Ran {
    fn last(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }
}

fn against(vectors: &Path, program: &str) -> Ran {
    let run = Command::new(env!("CARGO_BIN_EXE_xmpp-machines"))
        .args(["vectors", "--patience", "2000", "--against", program])
        .arg(vectors)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: run.status.code().unwrap(), out: text(run.stdout), err: text(run.stderr) }
}

/// A program whose answer to each line is written in Python: `line` and `n`, the number of the line, are known.
fn program(folder: &Path, answer: &str) -> String {
    let file = folder.join("program.py");
    let text = format!(
        "import json, sys, time\nfor n, line in enumerate(sys.stdin):\n    do = json.loads(line)['do']\n    {answer}\n    sys.stdout.flush()\n"
    );
    fs::write(&file, text).unwrap();
    format!("python3 {}", file.display())
}

fn tiny() -> String {
    format!("python3 {}", Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/foreign/gc3_tiny.py").display())
}

#[test]
fn the_tiny_implementation_passes_what_it_claims() {
    let ran = against(&vectors("tiny"), &tiny());
    assert_eq!((ran.last(), ran.status, ran.err.as_str()), ("2 passed, 0 failed", 0, ""), "{}", ran.out);
}

#[test]
fn the_tiny_implementation_fails_no_vector_of_the_project() {
    let ran = against(&Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-vectors"), &tiny());
    assert!(ran.last().contains(" passed, 0 failed, ") && ran.last().ends_with(" skipped"), "{}", ran.out);
    assert!(!ran.last().starts_with("0 passed"), "{}", ran.out);
    assert_eq!(ran.status, 0);
}

#[test]
fn skipped_is_neither_passed_nor_failed() {
    let folder = vectors("skips");
    let ran = against(&folder, &program(&folder, r#"print('{"skip": "no time"}')"#));
    assert_eq!((ran.last(), ran.status), ("0 passed, 0 failed, 2 skipped", 0), "{}", ran.out);
}

#[test]
fn what_a_program_cannot_tell_is_not_compared() {
    let error = |id: &str, from: &str, condition: &str| {
        format!(
            "<iq type='error' id='{id}' to='ann@tea.example/1' from='{from}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    let first = error("a", "nobody@rooms.example", "item-not-found");
    let second = error("b", "rooms.example", "service-unavailable");
    let code = |start: &str| {
        format!(
            "print(json.dumps({start} if do == 'start' else {{'out': [\"{first}\" if 'nobody' in line else \"{second}\"] \
             if do == 'in' else []}}))"
        )
    };
    let silent = |start: &str| format!("print(json.dumps({start} if do == 'start' else {{'out': []}}))");
    for (code, last) in [
        (code("{}"), "2 passed, 0 failed"),
        (silent("{}"), "0 passed, 2 failed"),
        (silent("{'unseen': ['ann@tea.example/1']}"), "2 passed, 0 failed"),
        (silent("{'seen': {'ann@tea.example/1': ['message']}}"), "2 passed, 0 failed"),
        (silent("{'seen': {'ann@tea.example/1': ['iq']}}"), "0 passed, 2 failed"),
        // What it shows all the same is compared.
        (code("{'seen': {'ann@tea.example/1': ['message']}}"), "0 passed, 2 failed"),
    ] {
        let folder = vectors("unseen");
        let ran = against(&folder, &program(&folder, &code));
        assert_eq!(ran.last(), last, "{code}: {}", ran.out);
    }
}

#[test]
fn another_answer_is_shown_as_a_difference() {
    let folder = vectors("differs");
    let answer = "<iq type='error' id='a' to='ann@tea.example/1' from='nobody@rooms.example'><error type='wait'>\
                  <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    let code = format!("print(json.dumps({{'out': [\"{answer}\"] if do == 'in' else []}}))");
    let ran = against(&folder, &program(&folder, &code));
    assert_eq!((ran.last(), ran.status), ("0 passed, 2 failed", 1), "{}", ran.out);
    assert!(ran.out.contains("-     <error type='cancel'>\n  +     <error type='wait'>"), "{}", ran.out);
    assert!(ran.out.contains("@1000 in  ann@tea.example/1 <iq id='a'"), "{}", ran.out);
    assert!(ran.out.contains("A client waits for ever."), "{}", ran.out);
}

#[test]
fn a_crash_fails_its_vector_with_its_last_words_and_the_next_starts_afresh() {
    let folder = vectors("crash");
    let ran = against(&folder, &program(&folder, "print('{}') if do == 'start' else sys.exit('out of water')"));
    assert_eq!((ran.last(), ran.status), ("0 passed, 2 failed", 1), "{}", ran.out);
    assert_eq!(ran.out.matches("it ended with exit status: 1: out of water").count(), 2, "{}", ran.out);
}

#[test]
fn silence_is_given_up() {
    let folder = vectors("silence");
    let ran = against(&folder, &program(&folder, "print('{}') if do == 'start' else time.sleep(60)"));
    assert_eq!((ran.last(), ran.status), ("0 passed, 2 failed", 1), "{}", ran.out);
    assert_eq!(ran.out.matches("it was silent for 2000 ms").count(), 2, "{}", ran.out);
}

#[test]
fn garbage_fails() {
    for (name, answer, complaint) in [
        ("words", "print('hello')", "it answered what is no JSON object: hello"),
        ("list", "print('[]')", "it answered what is no JSON object: []"),
        ("number", "print('{\"out\": 1}')", "'out' in its answer is no list of texts: {\"out\":1}"),
        ("xml", "print('{\"out\": [\"<iq\"]}')", "it sent what is no XML"),
        ("nobody", "print('{\"out\": [\"<iq/>\"]}')", "it sent a stanza without 'to': <iq/>"),
        ("bytes", "sys.stdout.buffer.write(b'\\xff\\xfe\\n')", "it answered what is no JSON object"),
    ] {
        let folder = vectors(&format!("garbage-{name}"));
        let ran = against(&folder, &program(&folder, answer));
        assert_eq!((ran.last(), ran.status), ("0 passed, 2 failed", 1), "{}", ran.out);
        assert!(ran.out.contains(complaint), "{complaint}: {}", ran.out);
    }
}

#[test]
fn a_rule_that_it_says_it_followed_is_checked() {
    let folder = vectors("rules");
    let answer = "<iq type='error' id='b' to='ann@tea.example/1' from='rooms.example'><error type='cancel'>\
                  <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    let code = format!("print(json.dumps({{'out': [\"{answer}\"] if do == 'in' else [], 'rules': ['gc3.M1']}}))");
    let ran = against(&folder.join("gc3/unknown-request.xml"), &program(&folder, &code));
    assert_eq!((ran.last(), ran.status), ("0 passed, 1 failed", 1), "{}", ran.out);
    assert!(ran.out.contains("gc3.G13.5 decided nothing while it played; it was gc3.M1"), "{}", ran.out);
}

#[test]
fn a_program_that_is_not_there_cannot_be_tried() {
    let ran = against(&vectors("nobody"), "no-such-program --really");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("xmpp-machines: no-such-program: ") && ran.err.lines().count() == 1, "{}", ran.err);
}
