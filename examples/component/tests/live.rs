//! The host behind a real server, with real clients: Prosody, and clients in Python. See `live.py` for what happens.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The whole test must be over by then.
const LONGEST: Duration = Duration::from_secs(180);

/// A process that does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct World {
    folder: TempDir,
    c2s: u16,
    component: u16,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(what: &str, mut test: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !test() {
        assert!(Instant::now() < end, "{what} did not happen within 30 seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The first Python that has slixmpp.
fn python() -> &'static str {
    let has = |python: &&str| {
        let import = Command::new(python).args(["-c", "import slixmpp"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has).expect(
        "this test needs slixmpp for the python3 in PATH or /usr/bin/python3: apt-get install python3-slixmpp, or pip install slixmpp",
    )
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn output(&self, name: &str) -> File {
        File::options().create(true).append(true).open(self.path(name)).unwrap()
    }

    fn prosody(&self) -> Process {
        for user in ["ann", "ben", "cid"] {
            let accounts = self.path("data/tea%2eexample/accounts");
            fs::create_dir_all(&accounts).unwrap();
            fs::write(accounts.join(format!("{user}.dat")), "return { password = \"leaves\" };\n").unwrap();
        }
        let config = format!(
            r#"
            run_as_root = true
            daemonize = false
            pidfile = "{folder}/prosody.pid"
            data_path = "{folder}/data"
            certificates = "{folder}"
            log = {{ info = "*console" }}
            modules_enabled = {{ "c2s", "saslauth", "roster", "presence", "message", "iq", "disco", "ping" }}
            modules_disabled = {{ "s2s", "tls", "offline" }}
            interfaces = {{ "127.0.0.1" }}
            local_interfaces = {{ "127.0.0.1" }}
            c2s_ports = {{ {c2s} }}
            component_ports = {{ {component} }}
            c2s_direct_tls_ports = {{ }}
            http_ports = {{ }}
            https_ports = {{ }}
            c2s_require_encryption = false
            allow_unencrypted_plain_auth = true
            authentication = "internal_plain"
            storage = "internal"
            VirtualHost "tea.example"
            Component "rooms.tea.example"
                component_secret = "oolong"
            "#,
            folder = self.folder.path().display(),
            c2s = self.c2s,
            component = self.component
        );
        fs::write(self.path("prosody.cfg.lua"), config).unwrap();
        let log = self.output("prosody.log");
        let started = Command::new("/usr/bin/prosody")
            .args(["-F", "--config"])
            .arg(self.path("prosody.cfg.lua"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .stdout(log)
            .spawn();
        let mut prosody = Process(started.expect("this test needs Prosody: apt-get install prosody"));
        wait_for("Prosody's listening", || {
            if let Some(status) = prosody.0.try_wait().unwrap() {
                panic!("Prosody ended with {status}:\n{}", self.log("prosody.log"));
            }
            [self.c2s, self.component].iter().all(|&port| TcpStream::connect(("127.0.0.1", port)).is_ok())
        });
        prosody
    }

    fn host(&self) -> Process {
        let config = format!(
            "domain = 'rooms.tea.example'\nserver = '127.0.0.1:{}'\nsecret-file = 'secret'\nstore = 'rooms.redb'\n\
             administrators = ['ann@tea.example']\nlog = 'debug'\n",
            self.component
        );
        fs::write(self.path("secret"), "oolong\n").unwrap();
        fs::write(self.path("component.toml"), config).unwrap();
        let connected = |log: String| log.matches(" connected ").count();
        let before = connected(self.log("host.log"));
        let host = Command::new(env!("CARGO_BIN_EXE_component"))
            .arg("--config")
            .arg(self.path("component.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.output("host.log"))
            .spawn();
        let mut host = Process(host.unwrap());
        wait_for("the host's connection", || {
            if let Some(status) = host.0.try_wait().unwrap() {
                panic!("the host ended with {status}:\n{}", self.log("host.log"));
            }
            connected(self.log("host.log")) > before
        });
        host
    }
}

/// Prints the end of a log.
fn show(name: &str, log: &str) {
    let lines: Vec<_> = log.lines().collect();
    println!("---- the end of {name} ----");
    for line in lines.iter().skip(lines.len().saturating_sub(150)) {
        println!("{line}");
    }
}

/// Starts everything and has the clients of a script do what it says; what they want done to the host is done.
fn act_out(script: &str) {
    let python = python();
    let world = World { folder: TempDir::new().unwrap(), c2s: free_port(), component: free_port() };
    let _prosody = world.prosody();
    let mut host = Some(world.host());

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let errors = world.output("live.log");
    let mut clients = Process(
        Command::new(python)
            .arg(script)
            .arg(world.c2s.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap(),
    );
    let mut answers = clients.0.stdin.take().unwrap();
    let said = BufReader::new(clients.0.stdout.take().unwrap());
    let (lines, line) = mpsc::channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));

    let end = Instant::now() + LONGEST;
    let mut done = false;
    let failure = loop {
        match line.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                done |= line.ends_with("] done");
                match line.strip_prefix("host: ") {
                    Some("kill") => drop(host.take()),
                    Some("start") => host = Some(world.host()),
                    Some(other) => break Some(format!("the clients want {other:?}")),
                    None => continue,
                }
                if answers.write_all(b"done\n").is_err() {
                    break Some("the clients do not listen".to_owned());
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => break Some(format!("not over after {LONGEST:?}")),
            Err(mpsc::RecvTimeoutError::Disconnected) => break (!done).then(|| "the clients gave up".to_owned()),
        }
    };
    let failure = failure.or_else(|| {
        let status = clients.0.wait().unwrap();
        (!status.success()).then(|| format!("the clients ended with {status}"))
    });
    if let Some(failure) = failure {
        show("host.log", &world.log("host.log"));
        show("prosody.log", &world.log("prosody.log"));
        show("live.log", &world.log("live.log"));
        panic!("{failure}");
    }
    let log = world.log("host.log");
    assert!(log.contains("rule=\"gc3."), "each decision is logged with its rule");
    assert!(!log.contains("panicked"), "the machine panicked:\n{log}");
    stops(host.unwrap(), &world);
}

/// A stop that was asked for leaves everything saved.
fn stops(mut host: Process, world: &World) {
    let asked = Command::new("kill").arg(host.0.id().to_string()).status().unwrap();
    assert!(asked.success());
    wait_for("the host's end", || host.0.try_wait().unwrap().is_some());
    assert!(host.0.wait().unwrap().success());
    assert!(world.log("host.log").contains("everything is saved"));
}

#[test]
fn real_clients_behind_a_real_server() {
    act_out("live.py");
}

#[test]
fn a_bad_configuration_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("component.toml");
    fs::write(&file, "domain = 'rooms.tea.example'\nserver = 'nowhere'\nsecret = 'x'\nstore = 'rooms.redb'\n").unwrap();
    let mut checked = Command::new(env!("CARGO_BIN_EXE_component"))
        .arg("--check")
        .arg("--config")
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    checked.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!checked.wait().unwrap().success());
    assert!(said.contains("server: \"nowhere\" is not host:port"), "{said}");
    assert!(!folder.path().join("rooms.redb").exists());
}
