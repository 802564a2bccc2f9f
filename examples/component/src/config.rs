//! The configuration: a TOML file, checked before anything starts, with messages that name the field.

use std::fs;
use std::path::{Path, PathBuf};

use jid::BareJid;
use serde::Deserialize;
use xmpp_machines::Span;
use xmpp_machines::gc3::{Creators, ServiceConfig};
use xmpp_machines::push::room::Mode;
use xmpp_machines::service::rooms::Copies;

use crate::engine::Checkpoints;

/// What the file says, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The domain of the rooms.
    pub domain: BareJid,
    /// Host and port of the server's component listener.
    pub server: String,
    /// What the server and the component both know.
    pub secret: String,
    /// The file that holds all state.
    pub store: PathBuf,
    /// What the rooms are told.
    pub service: ServiceConfig,
    /// How members who are away are told; `None`: they are not.
    pub push: Option<Copies>,
    /// Which log lines are written, in the syntax of `tracing`.
    pub log: String,
    /// Whether a stop is announced to clients of classic rooms.
    pub announce_shutdown: bool,
    /// Inputs between two snapshots.
    pub snapshot_inputs: u64,
    /// Minutes between two snapshots.
    pub snapshot_minutes: u64,
}

/// Hides the secret.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("domain", &self.domain).field("server", &self.server).finish_non_exhaustive()
    }
}

/// What is wrong with the configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{field}: cannot read {}: {error}", path.display())]
    Read {
        /// Which field names it.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        error: String,
    },
    /// It is not the TOML that it should be.
    #[error("{}: {error}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: String,
    },
    /// A field holds what it must not.
    #[error("{}: {field}: {what}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// What is wrong and what would be right.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    domain: String,
    server: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    store: PathBuf,
    #[serde(default = "group_chat")]
    name: String,
    #[serde(default)]
    administrators: Vec<String>,
    #[serde(default)]
    push: Push,
    #[serde(default)]
    policy: Policy,
    #[serde(default = "info")]
    log: String,
    #[serde(default)]
    announce_shutdown: bool,
    #[serde(default = "yes")]
    muc: bool,
    #[serde(default = "yes")]
    muc2: bool,
    #[serde(default)]
    snapshots: Snapshots,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Snapshots {
    inputs: u64,
    minutes: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { inputs: 10_000, minutes: 60 }
    }
}

/// When copies of messages go to members' bare JIDs.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Push {
    #[default]
    Off,
    Always,
    AbsentOnly,
    MentionsOnly,
}

impl Push {
    fn copies(self) -> Option<Copies> {
        let mode = match self {
            Self::Off => return None,
            Self::Always => Mode::Always,
            Self::AbsentOnly => Mode::AbsentOnly,
            Self::MentionsOnly => Mode::MentionsOnly,
        };
        Some(Copies { mode, ..Copies::default() })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Policy {
    create: Create,
    owners_set_aliases: bool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "\"everybody\", \"administrators\" or a list of domains")]
enum Create {
    Named(NamedCreators),
    Domains(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NamedCreators {
    Everybody,
    Administrators,
}

impl Default for Create {
    fn default() -> Self {
        Self::Named(NamedCreators::Everybody)
    }
}

fn group_chat() -> String {
    "Group chat".to_owned()
}

/// Most people's clients speak XEP-0045.
fn yes() -> bool {
    true
}

fn info() -> String {
    "info".to_owned()
}

impl Config {
    /// Reads the file and checks it.
    ///
    /// # Errors
    /// It cannot be read, or a field is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::Read {
            field: "--config",
            path: path.to_owned(),
            error: error.to_string(),
        })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a file. Paths in it are relative to the folder of `path`.
    ///
    /// # Errors
    /// A field is wrong, or the file with the secret cannot be read.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text)
            .map_err(|error| ConfigError::Syntax { path: path.to_owned(), error: error.to_string() })?;
        let wrong = |field, what: String| ConfigError::Field { path: path.to_owned(), field, what };
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let peer = Peer { domain: raw.domain, server: raw.server, secret: raw.secret, secret_file: raw.secret_file };
        let (domain, server, secret) = peer.check(path)?;
        let administrators = raw.administrators.iter().map(|text| match BareJid::new(text) {
            Ok(jid) if jid.node().is_some() => Ok(jid.as_str().to_owned()),
            Ok(_) => Err(wrong("administrators", format!("{text:?} is a domain: name accounts"))),
            Err(error) => Err(wrong("administrators", format!("{text:?}: {error}"))),
        });
        let mut service = ServiceConfig::new(&domain);
        service.name = raw.name;
        (service.muc, service.muc2) = (raw.muc, raw.muc2);
        service.admins = administrators.collect::<Result<_, _>>()?;
        service.owners_set_aliases = raw.policy.owners_set_aliases;
        service.create = match raw.policy.create {
            Create::Named(NamedCreators::Everybody) => Creators::Everybody,
            Create::Named(NamedCreators::Administrators) => Creators::Admins,
            Create::Domains(domains) => {
                if let Some(bad) = domains.iter().find(|domain| plain_domain(domain).is_none()) {
                    return Err(wrong("policy.create", format!("{bad:?} is not a plain domain")));
                }
                Creators::Domains(domains.into_iter().collect())
            }
        };
        let store = folder.join(&raw.store);
        if !store.parent().is_some_and(Path::is_dir) {
            return Err(wrong("store", format!("the folder of {} does not exist", store.display())));
        }
        if store.is_dir() {
            return Err(wrong("store", format!("{} is a folder: name a file", store.display())));
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&raw.log) {
            return Err(wrong("log", format!("{:?}: {error}", raw.log)));
        }
        if raw.snapshots.inputs == 0 {
            return Err(wrong("snapshots.inputs", "at least 1".to_owned()));
        }
        if raw.snapshots.minutes == 0 {
            return Err(wrong("snapshots.minutes", "at least 1".to_owned()));
        }
        Ok(Self {
            domain,
            server,
            secret,
            store,
            service,
            push: raw.push.copies(),
            log: raw.log,
            announce_shutdown: raw.announce_shutdown,
            snapshot_inputs: raw.snapshots.inputs,
            snapshot_minutes: raw.snapshots.minutes,
        })
    }

    /// When snapshots are taken.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints { inputs: self.snapshot_inputs, every: Span::from_mins(self.snapshot_minutes) }
    }
}

/// How a component and its server know each other, as a file says it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds a secret")]
pub struct Peer {
    /// The domain of the component.
    pub domain: String,
    /// Host and port of the server's listener for components.
    pub server: String,
    /// The secret,
    pub secret: Option<String>,
    /// or the file that holds it.
    pub secret_file: Option<PathBuf>,
}

impl Peer {
    /// Domain, server and secret, checked. `path` is the file that said so.
    ///
    /// # Errors
    /// A field is wrong, or the file with the secret cannot be read.
    pub fn check(self, path: &Path) -> Result<(BareJid, String, String), ConfigError> {
        let wrong = |field, what: String| ConfigError::Field { path: path.to_owned(), field, what };
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let Some(domain) = plain_domain(&self.domain) else {
            return Err(wrong("domain", format!("{:?} is not a plain domain such as rooms.example.org", self.domain)));
        };
        if !self.server.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
            return Err(wrong("server", format!("{:?} is not host:port, such as 127.0.0.1:5347", self.server)));
        }
        let secret = match (self.secret, self.secret_file) {
            (Some(secret), None) => secret,
            (None, Some(file)) => {
                let path = folder.join(file);
                let read = fs::read_to_string(&path);
                let text =
                    read.map_err(|error| ConfigError::Read { field: "secret-file", path, error: error.to_string() })?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (Some(_), Some(_)) => return Err(wrong("secret", "give secret or secret-file, not both".to_owned())),
            (None, None) => return Err(wrong("secret", "give secret, or the name of a secret-file".to_owned())),
        };
        if secret.is_empty() {
            return Err(wrong("secret", "it is empty".to_owned()));
        }
        Ok((domain, self.server, secret))
    }
}

/// A domain as servers write it: normalised, without account or resource, and without what would need escaping.
fn plain_domain(text: &str) -> Option<BareJid> {
    let jid = BareJid::new(text).ok()?;
    (jid.as_str() == text && !text.contains(['@', '\'', '"', '<', '>', '&'])).then_some(jid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
        domain = 'rooms.tea.example'
        server = '127.0.0.1:5347'
        secret = 'oolong'
        store = 'rooms.redb'
        administrators = ['ann@tea.example']
    ";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, &std::env::temp_dir().join("component.toml"))
    }

    #[test]
    fn a_good_file_is_read() {
        let config = parse(GOOD).unwrap();
        assert_eq!((config.domain.as_str(), config.secret.as_str()), ("rooms.tea.example", "oolong"));
        assert_eq!(config.store, std::env::temp_dir().join("rooms.redb"));
        assert!(!format!("{config:?}").contains("oolong"));
        assert_eq!(config.push, None);
        let pushing = parse(&format!("{GOOD}push = 'absent-only'")).unwrap();
        assert_eq!(pushing.push, Some(Copies { mode: Mode::AbsentOnly, ..Copies::default() }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, says) in [
            ("'rooms.tea.example'", "'ann@tea.example'", "domain: \"ann@tea.example\" is not a plain domain"),
            ("'127.0.0.1:5347'", "'127.0.0.1'", "server: \"127.0.0.1\" is not host:port"),
            ("'oolong'", "''", "secret: it is empty"),
            ("secret = 'oolong'", "", "secret: give secret, or the name of a secret-file"),
            ("secret = 'oolong'", "secret-file = '/nowhere/at/all'", "secret-file: cannot read /nowhere/at/all"),
            ("'rooms.redb'", "'no/such/folder/rooms.redb'", "store: the folder of"),
            ("'ann@tea.example'", "'tea.example'", "administrators: \"tea.example\" is a domain"),
            ("administrators", "log = 'a=b=c'\nadministrators", "log: \"a=b=c\""),
            (
                "administrators",
                "policy.create = 'nobody'\nadministrators",
                "\"everybody\", \"administrators\" or a list",
            ),
            (
                "administrators",
                "policy.create = ['a@b']\nadministrators",
                "policy.create: \"a@b\" is not a plain domain",
            ),
            ("administrators", "snapshots = { inputs = 0 }\nadministrators", "snapshots.inputs: at least 1"),
            ("administrators", "push = 'sometimes'\nadministrators", "unknown variant `sometimes`"),
            ("secret =", "sceret =", "unknown field `sceret`"),
            ("'oolong'", "7", "invalid type: integer"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(says), "{error:?} does not say {says:?}");
        }
    }
}
