//! The configuration: a TOML file and the policy that it names, checked before anything starts.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use component::config::{ConfigError, Peer};
use jid::BareJid;
use serde::Deserialize;
use xmpp_machines::retention::Policy;

/// What the files say, checked.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a secret")]
pub struct Config {
    /// The domain of the service.
    pub domain: BareJid,
    /// Host and port of the server's listener for components.
    pub server: String,
    /// What the server and the service both know.
    pub secret: String,
    /// The folder that holds everything: the store and the files.
    pub folder: PathBuf,
    /// Where HTTP is spoken.
    pub listen: SocketAddr,
    /// What stands before the slot in URLs, up to and with the last slash.
    pub url: String,
    /// Who may upload what, and for how long it is kept.
    pub policy: Policy,
    /// Which log lines are written, in the syntax of `tracing`.
    pub log: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    domain: String,
    server: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    folder: PathBuf,
    listen: SocketAddr,
    url: String,
    policy: PathBuf,
    #[serde(default = "info")]
    log: String,
}

fn info() -> String {
    "info".to_owned()
}

impl Config {
    /// Reads the file and the policy that it names, and checks both.
    ///
    /// # Errors
    /// One of them cannot be read, or a field is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path, "--config")?;
        let raw: Raw = toml::from_str(&text)
            .map_err(|error| ConfigError::Syntax { path: path.to_owned(), error: error.to_string() })?;
        let wrong = |field, what: String| ConfigError::Field { path: path.to_owned(), field, what };
        let here = path.parent().unwrap_or_else(|| Path::new("."));
        let peer = Peer { domain: raw.domain, server: raw.server, secret: raw.secret, secret_file: raw.secret_file };
        let (domain, server, secret) = peer.check(path)?;
        let folder = here.join(&raw.folder);
        if !folder.is_dir() {
            return Err(wrong("folder", format!("{} is not a folder that exists", folder.display())));
        }
        let plain = |c: char| c.is_ascii_graphic() && !"'\"<>&?#".contains(c);
        if !raw.url.starts_with("https://") || !raw.url.chars().all(plain) {
            return Err(wrong("url", format!("{:?} is not a URL such as https://files.example.org/", raw.url)));
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&raw.log) {
            return Err(wrong("log", format!("{:?}: {error}", raw.log)));
        }
        let policy_path = here.join(&raw.policy);
        let policy = Policy::from_toml(&read(&policy_path, "policy")?).map_err(|bad| {
            let all: Vec<String> = bad.iter().map(|bad| format!("line {bad}")).collect();
            ConfigError::Syntax { path: policy_path, error: all.join("\n") }
        })?;
        let url = format!("{}/", raw.url.trim_end_matches('/'));
        Ok(Self { domain, server, secret, folder, listen: raw.listen, url, policy, log: raw.log })
    }
}

fn read(path: &Path, field: &'static str) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| ConfigError::Read {
        field,
        path: path.to_owned(),
        error: error.to_string(),
    })
}
