//! A stage for live tests: a Prosody of our own on free ports, a host behind it as its component, and clients in Python
//! that say what they want done to the host.

#![allow(dead_code, reason = "each test uses its own part")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A whole test must be over by then.
const LONGEST: Duration = Duration::from_secs(180);

/// The accounts that there are, at `tea.example`, each with the password `leaves`.
const PEOPLE: [&str; 3] = ["ann", "ben", "cid"];

/// A process that does not outlive the test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The host under test: a program that connects to Prosody as a component.
pub struct Host {
    /// The program.
    pub program: &'static str,
    /// The domain of the component.
    pub domain: &'static str,
    /// Its configuration, a TOML file, for the port of Prosody's listener for components.
    pub config: fn(&World) -> String,
}

/// Everything that a test starts.
pub struct World {
    pub folder: TempDir,
    pub c2s: u16,
    pub component: u16,
    /// A port for the host's own use.
    pub spare: u16,
    host: Host,
    /// Modules of Prosody that the test needs besides the usual ones.
    modules: &'static [&'static str],
    /// Further lines of Prosody's configuration.
    more: &'static str,
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn wait_for(what: &str, mut test: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !test() {
        assert!(Instant::now() < end, "{what} did not happen within 30 seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The first Python that has these libraries.
fn python(libraries: &str) -> &'static str {
    let has = |python: &&str| {
        let import = Command::new(python).args(["-c", &format!("import {libraries}")]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    let Some(found) = found else {
        panic!(
            "this test needs {libraries} for the python3 in PATH or /usr/bin/python3: apt-get install python3-NAME, or \
             pip install NAME"
        )
    };
    found
}

impl World {
    /// A world in which nothing is started yet.
    pub fn new(host: Host) -> Self {
        let (c2s, component, spare) = (free_port(), free_port(), free_port());
        Self { folder: TempDir::new().unwrap(), c2s, component, spare, host, modules: &[], more: "" }
    }

    /// The same, with more in Prosody's configuration.
    pub fn with_prosody(mut self, modules: &'static [&'static str], more: &'static str) -> Self {
        (self.modules, self.more) = (modules, more);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn output(&self, name: &str) -> File {
        File::options().create(true).append(true).open(self.path(name)).unwrap()
    }

    fn prosody(&self) -> Process {
        for user in PEOPLE {
            let accounts = self.path("data/tea%2eexample/accounts");
            fs::create_dir_all(&accounts).unwrap();
            fs::write(accounts.join(format!("{user}.dat")), "return { password = \"leaves\" };\n").unwrap();
        }
        let modules: String = self.modules.iter().map(|module| format!(", \"{module}\"")).collect();
        let config = format!(
            r#"
            run_as_root = true
            daemonize = false
            pidfile = "{folder}/prosody.pid"
            data_path = "{folder}/data"
            certificates = "{folder}"
            log = {{ info = "*console" }}
            modules_enabled = {{ "c2s", "saslauth", "roster", "presence", "message", "iq", "disco", "ping"{modules} }}
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
            {more}
            Component "{domain}"
                component_secret = "oolong"
            "#,
            folder = self.folder.path().display(),
            c2s = self.c2s,
            component = self.component,
            domain = self.host.domain,
            more = self.more,
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
        fs::write(self.path("secret"), "oolong\n").unwrap();
        fs::write(self.path("host.toml"), (self.host.config)(self)).unwrap();
        let connected = |log: String| log.matches(" connected ").count();
        let before = connected(self.log("host.log"));
        let host = Command::new(self.host.program)
            .arg("--config")
            .arg(self.path("host.toml"))
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

    /// Starts everything and has the clients of a script do what it says; what they want done to the host is done.
    ///
    /// The script is called with Prosody's port for clients and the arguments, prints what it does, and asks for
    /// `host: kill` and `host: start`.
    pub fn act_out(&self, script: &Path, libraries: &str, arguments: &[String]) {
        let python = python(libraries);
        let _prosody = self.prosody();
        let mut host = Some(self.host());
        let errors = self.output("live.log");
        let mut clients = Process(
            Command::new(python)
                .arg(script)
                .arg(self.c2s.to_string())
                .args(arguments)
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
                        Some("start") => host = Some(self.host()),
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
            show("host.log", &self.log("host.log"));
            show("prosody.log", &self.log("prosody.log"));
            show("live.log", &self.log("live.log"));
            panic!("{failure}");
        }
        let log = self.log("host.log");
        assert!(!log.contains("panicked"), "the host panicked:\n{log}");
        let Some(host) = host else { panic!("the host is not there at the end") };
        self.stops(host);
    }

    /// A stop that was asked for leaves everything saved.
    fn stops(&self, mut host: Process) {
        let asked = Command::new("kill").arg(host.0.id().to_string()).status().unwrap();
        assert!(asked.success());
        wait_for("the host's end", || host.0.try_wait().unwrap().is_some());
        assert!(host.0.wait().unwrap().success());
        assert!(self.log("host.log").contains("everything is saved"));
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
