//! Another implementation as a subject: a process that is asked and answers in lines of JSON.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use xmpp_machines::ns;
use xmpp_machines::sim::vectors::{DOMAIN, Event, Said, Sent, Stop, Subject, Vector};
use xmpp_machines::sim::xml;

/// The longest line that is read: more than any answer to one act.
const LINE: u64 = 16 << 20;

/// What is kept of the standard error, from its end.
const TAIL: usize = 2000;

pub(super) struct Foreign {
    words: Vec<String>,
    patience: Duration,
    running: Option<Running>,
    /// Recipients of which it cannot tell what they are sent.
    unseen: Vec<String>,
    /// Recipients of which it can tell only elements of these names.
    seen: BTreeMap<String, Vec<String>>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; either way it is not waited for without having been ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Foreign {
    /// A program to be started when the first vector starts.
    pub(super) fn new(command: &str, patience: Duration) -> Result<Self, String> {
        let words: Vec<String> = command.split_whitespace().map(Into::into).collect();
        if words.is_empty() {
            return Err("--against names no program".into());
        }
        let mut foreign = Self { words, patience, running: None, unseen: Vec::new(), seen: BTreeMap::new() };
        // Whether it can be started at all is known before anything is tried.
        foreign.running = Some(foreign.run()?);
        Ok(foreign)
    }

    fn run(&self) -> Result<Running, String> {
        let [program, words @ ..] = self.words.as_slice() else { return Err("no program".into()) };
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let (Some(stdin), Some(stdout), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("{program}: it has no standard streams"));
        };
        let (line, lines) = channel();
        aside(move || {
            let mut stdout = BufReader::new(stdout);
            let mut bytes = Vec::new();
            while (&mut stdout).take(LINE).read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                if line.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let tail = Arc::clone(&stderr);
        aside(move || {
            let mut errors = errors;
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = errors.read(&mut bytes) {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend_from_slice(bytes.get(..read).unwrap_or_default());
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
        });
        Ok(Running { child, stdin, lines, stderr })
    }

    /// Asks one thing. Whatever goes wrong ends the process; the next vector starts another.
    fn ask(&mut self, question: &Value) -> Result<Value, Stop> {
        let Some(running) = &mut self.running else { return Err(Stop::Fail("it does not run".into())) };
        let asked = writeln!(running.stdin, "{question}").and_then(|()| running.stdin.flush());
        let answer = match asked {
            Ok(()) => running.lines.recv_timeout(self.patience),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        let wrong = match answer {
            Ok(line) => match serde_json::from_str::<Value>(&line) {
                Ok(Value::Object(answer)) => {
                    if let Some(reason) = answer.get("skip") {
                        return Err(Stop::Skip(reason.as_str().unwrap_or_default().to_owned()));
                    }
                    return Ok(Value::Object(answer));
                }
                _ => format!("it answered what is no JSON object: {}", shortened(line.trim_end())),
            },
            Err(RecvTimeoutError::Timeout) => format!("it was silent for {} ms", self.patience.as_millis()),
            Err(RecvTimeoutError::Disconnected) => self.obituary(),
        };
        self.running = None;
        Err(Stop::Fail(wrong))
    }

    /// How it ended, and its last words.
    fn obituary(&mut self) -> String {
        let Some(running) = &mut self.running else { return "it does not run".into() };
        // Its output is closed, so it is ending or will be ended.
        let _ = running.stdin.flush();
        let mut status = None;
        for _ in 0..50 {
            status = running.child.try_wait().ok().flatten();
            if status.is_some() {
                break;
            }
            pause();
        }
        // The thread that reads the last words may need a moment more.
        pause();
        let stderr = running.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(&stderr).trim_end().to_owned();
        let ended =
            status.map_or_else(|| "it closed its output".to_owned(), |status| format!("it ended with {status}"));
        if words.is_empty() { ended } else { format!("{ended}: {words}") }
    }
}

#[expect(clippy::disallowed_methods, reason = "a pipe is read aside so that a silent program can be given up")]
fn aside(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work);
}

#[expect(clippy::disallowed_methods, reason = "waits for another process, not in a machine")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl Subject for Foreign {
    fn sees(&self, recipient: &str, element: &str) -> bool {
        match self.seen.get(recipient) {
            Some(seen) => seen.iter().any(|name| name == element),
            None => !self.unseen.iter().any(|unseen| unseen == recipient),
        }
    }

    fn start(&mut self, vector: &Vector) -> Result<(), Stop> {
        if self.running.is_none() {
            self.running = Some(self.run().map_err(Stop::Fail)?);
        }
        let question = json!({"do": "start", "vector": vector.id, "topic": vector.topic, "domain": DOMAIN, "limits": vector.limits});
        let answer = self.ask(&question)?;
        self.unseen = texts(answer.get("unseen"));
        let seen = answer.get("seen").and_then(Value::as_object).into_iter().flatten();
        self.seen = seen.map(|(recipient, names)| (recipient.clone(), texts(Some(names)))).collect();
        Ok(())
    }

    fn act(&mut self, at: u64, what: &Event) -> Result<Said, Stop> {
        let answer = self.ask(&match what {
            Event::In(stanza) => json!({"do": "in", "at": at, "stanza": stanza.line("")}),
            Event::Wake => json!({"do": "wake", "at": at}),
            Event::Host(facts) => json!({"do": "host", "at": at, "facts": facts}),
        })?;
        let wrong = |name: &str| {
            Stop::Fail(format!("'{name}' in its answer is no list of texts: {}", shortened(&answer.to_string())))
        };
        let list = |name: &str| match answer.get(name) {
            None => Ok(None),
            Some(list) => list.as_array().map(Some).ok_or_else(|| wrong(name)),
        };
        let mut said = Said::default();
        for sent in list("out")?.into_iter().flatten() {
            // A stanza with its own `to`; or, where that is not the recipient, both.
            let (to, text) = match sent {
                Value::String(text) => (None, Some(text.as_str())),
                other => (other.get("to").and_then(Value::as_str), other.get("stanza").and_then(Value::as_str)),
            };
            let text = text.ok_or_else(|| wrong("out"))?;
            let stanza = xml::read_stanza(text, ns::CLIENT);
            let stanza = stanza.map_err(|flaw| Stop::Fail(format!("it sent what is no XML ({flaw}): {text}")))?;
            let to = to.or_else(|| stanza.attr("to")).map(str::to_owned);
            let to = to.ok_or_else(|| Stop::Fail(format!("it sent a stanza without 'to': {text}")))?;
            said.sent.push(Sent::new(to, stanza));
        }
        let rules = list("rules")?.map(|rules| rules.iter().map(|id| id.as_str().map(Into::into)).collect());
        said.rules = rules.map(|rules: Option<_>| rules.ok_or_else(|| wrong("rules"))).transpose()?;
        Ok(said)
    }
}
