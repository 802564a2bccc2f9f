//! Nothing that was accepted is lost, wherever the process is killed.
//!
//! A kill is a copy of the file while the store is open: that is all that a dead process leaves.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

mod stub;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use component::engine::{Checkpoints, Engine, Taken};
use component::store::{Entry, Store};
use stub::Stub;
use tempfile::TempDir;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::Command;
use xmpp_machines::{Span, Time, ns};

const SELDOM: Checkpoints = Checkpoints { inputs: 1_000_000, every: Span::from_days(1000) };
const OFTEN: Checkpoints = Checkpoints { inputs: 3, every: Span::from_days(1000) };

fn at(seconds: u64) -> Time {
    Time::from_millis(1_000_000 + 1000 * seconds)
}

fn open(path: &Path, checkpoints: Checkpoints) -> Engine<Stub> {
    Engine::open(Store::open(path).unwrap(), checkpoints, at(0), |seed| Stub::new(&seed), |_| Ok(())).unwrap()
}

fn bytes(text: &str) -> Bytes {
    format!("<message from='ann@tea.example/desk' to='room@rooms.tea.example'><body>{text}</body></message>").into()
}

fn message(text: &str) -> Taken {
    Taken::stanza(Box::new(Reader::one(ns::CLIENT, &bytes(text)).unwrap()), bytes(text))
}

/// An input in the journal.
fn stanza(text: &str) -> Entry {
    Entry::Stanza(bytes(text))
}

/// Everything that waits to be sent.
fn waiting(engine: &mut Engine<Stub>) -> Vec<String> {
    let text = |(_, head, tail): (u64, &[u8], &[u8])| {
        let stanza = Reader::one(ns::CLIENT, &[head, tail].concat()).unwrap();
        stanza.child("body", ns::CLIENT).unwrap().text()
    };
    engine.queue().iter().map(text).collect()
}

fn send_all(engine: &mut Engine<Stub>) -> Vec<String> {
    let sent = waiting(engine);
    let bytes = engine.queue().bytes();
    engine.queue().advance(bytes);
    sent
}

/// Kills the process that has the file at `path` open, and gives what it leaves.
fn killed(folder: &TempDir, path: &Path, name: &str) -> PathBuf {
    let copy = folder.path().join(name);
    std::fs::copy(path, &copy).unwrap();
    copy
}

const TALK: [&[&str]; 6] = [
    &["hello"],
    &["store one", "store two", "ask"],
    &["remind tea"],
    &["store three", "ask", "panic", "ask", "after the fall"],
    &["ask"],
    &["good bye"],
];

#[test]
fn whenever_it_is_killed_it_goes_on_as_if_nothing_had_been() {
    for checkpoints in [SELDOM, OFTEN] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("whole");
        let mut engine = open(&path, checkpoints);
        let mut left = vec![killed(&folder, &path, "0")];
        for (n, batch) in TALK.iter().enumerate() {
            if engine.deadline().is_some_and(|due| due <= at(20 * n as u64)) {
                engine.take(at(20 * n as u64), vec![Taken::wake()]).unwrap();
            }
            engine.take(at(20 * n as u64), batch.iter().map(|text| message(text)).collect()).unwrap();
            left.push(killed(&folder, &path, &format!("{}", n + 1)));
        }
        let (all, whole) = (waiting(&mut engine), engine.machine().clone());
        assert!(all.contains(&"remember tea".to_owned()) && all.contains(&"stored: one, two".to_owned()), "{all:?}");
        assert!(
            all.contains(&"stored: one, two, three".to_owned()) && all.contains(&"11 good bye".to_owned()),
            "{all:?}"
        );
        assert!(!all.iter().any(|said| said.starts_with("half")), "what a panic cut off is not said: {all:?}");

        for (done, path) in left.iter().enumerate() {
            let mut engine = open(path, checkpoints);
            for (n, batch) in TALK.iter().enumerate().skip(done) {
                if engine.deadline().is_some_and(|due| due <= at(20 * n as u64)) {
                    engine.take(at(20 * n as u64), vec![Taken::wake()]).unwrap();
                }
                engine.take(at(20 * n as u64), batch.iter().map(|text| message(text)).collect()).unwrap();
            }
            assert_eq!(engine.machine(), &whole, "killed after {done}");
            assert_eq!(waiting(&mut engine), all, "killed after {done}");
        }
    }
}

#[test]
fn what_was_sent_is_not_sent_again_and_what_was_not_is() {
    for checkpoints in [SELDOM, OFTEN] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("whole");
        let mut engine = open(&path, checkpoints);
        engine.take(at(1), vec![message("a"), message("b")]).unwrap();
        assert_eq!(send_all(&mut engine), ["1 a", "2 b"]);
        // Sent, but not noted: it comes again rather than not at all.
        let unnoted = killed(&folder, &path, "unnoted");
        engine.note_sent().unwrap();
        let noted = killed(&folder, &path, "noted");
        engine.take(at(2), vec![message("c"), message("d")]).unwrap();
        let waits = killed(&folder, &path, "waits");
        assert_eq!(waiting(&mut open(&unnoted, checkpoints)), ["1 a", "2 b"]);
        assert!(waiting(&mut open(&noted, checkpoints)).is_empty());
        assert_eq!(waiting(&mut open(&waits, checkpoints)), ["3 c", "4 d"]);
    }
}

#[test]
fn a_question_whose_answer_was_not_journalled_is_answered_after_the_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    drop(open(&path, SELDOM));
    let mut store = Store::open(&path).unwrap();
    store.append(at(1), &[stanza("store one"), stanza("ask"), stanza("ask")], 0).unwrap();
    drop(store);
    assert_eq!(waiting(&mut open(&path, SELDOM)), ["1 store one", "2 ask", "3 ask", "stored: one", "stored: one"]);
    // Now they are journalled, and not given twice.
    let mut engine = open(&path, SELDOM);
    assert_eq!(waiting(&mut engine).len(), 5);
    engine.take(at(2), vec![message("x")]).unwrap();
    assert_eq!(waiting(&mut engine).last().unwrap(), "4 x");
}

#[test]
fn a_stop_leaves_a_snapshot_and_an_empty_journal() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let mut engine = open(&path, SELDOM);
    engine.take(at(1), vec![message("a"), Taken::command(Command::Shutdown)]).unwrap();
    engine.checkpoint(at(2)).unwrap();
    let machine = engine.machine().clone();
    drop(engine);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.journal_len().unwrap(), 0);
    assert_eq!(store.saved().unwrap().unwrap().seq, 2);
    drop(store);
    let mut engine = open(&path, SELDOM);
    assert_eq!(engine.machine(), &machine);
    assert_eq!(waiting(&mut engine), ["1 a", "good night"]);
}

#[test]
fn a_panic_while_replaying_is_left_out_too() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    drop(open(&path, SELDOM));
    let mut store = Store::open(&path).unwrap();
    store.append(at(1), &[stanza("a"), stanza("panic"), Entry::Stanza("<odd".into()), stanza("b")], 0).unwrap();
    drop(store);
    for _ in 0..2 {
        let mut engine = open(&path, SELDOM);
        assert_eq!(engine.machine().heard(), ["a", "b"]);
        // The entries before the panic said their part in the attempt that it ended.
        assert_eq!(waiting(&mut engine), ["1 a", "2 b"]);
    }
}

#[test]
fn the_seed_stays_and_another_store_has_another() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let seed = Store::open(&one).unwrap().seed().unwrap();
    assert!(seed == Store::open(&one).unwrap().seed().unwrap());
    assert!(seed != Store::open(&two).unwrap().seed().unwrap());
}

#[test]
fn a_store_in_use_and_a_file_that_is_none_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let held = Store::open(&path).unwrap();
    assert!(Store::open(&path).unwrap_err().to_string().contains("cannot open the store"));
    drop(held);
    let other = folder.path().join("other");
    std::fs::write(&other, b"not a store at all, but long enough to be looked at").unwrap();
    assert!(Store::open(&other).is_err());
}
