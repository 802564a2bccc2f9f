//! The service behind a real server, with real clients: Prosody, slixmpp and HTTP. See `live.py` for what happens.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "../../component/tests/stage/mod.rs"]
mod stage;

use std::fs;
use std::path::Path;
use std::process::Command;

use stage::{Host, World};
use tempfile::TempDir;

/// Small quotas and short lives, so that a test can see their end.
const POLICY: &str = "
[service]
slot-for = '60 s'
notice = '0 s'

[[class]]
name = 'people'
domains = ['tea.example']

[class.message]
max-file = '20 kB'
hard = '40 kB'
soft = '30 kB'
keep = '8 s'
min-age = '0 s'

[class.profile]
max-file = '5 kB'
hard = '5 kB'
soft = '5 kB'
keep = '2 y'

[class.ephemeral]
keep = '2 d'

[class.permanent]
";

const UPLOAD: Host = Host {
    program: env!("CARGO_BIN_EXE_upload"),
    domain: "upload.tea.example",
    config: |world| {
        fs::write(world.path("policy.toml"), POLICY).unwrap();
        fs::create_dir_all(world.path("kept")).unwrap();
        format!(
            "domain = 'upload.tea.example'\nserver = '127.0.0.1:{}'\nsecret-file = 'secret'\nfolder = 'kept'\n\
             listen = '127.0.0.1:{}'\nurl = 'https://files.tea.example/'\npolicy = 'policy.toml'\nlog = 'debug'\n",
            world.component, world.spare
        )
    },
};

#[test]
fn files_come_and_go_as_the_policy_says() {
    let world = World::new(UPLOAD);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live.py");
    world.act_out(&script, "slixmpp", &[world.spare.to_string()]);
    assert!(world.log("host.log").contains("rule=\"retention."), "each decision is logged with its rule");
}

#[test]
fn a_bad_policy_is_refused_with_line_and_field() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("policy.toml", &POLICY.replace("soft = '30 kB'", "soft = '50 kB'"));
    write(
        "upload.toml",
        "domain = 'upload.tea.example'\nserver = '127.0.0.1:5347'\nsecret = 'x'\nfolder = '.'\n\
         listen = '127.0.0.1:5050'\nurl = 'https://files.tea.example'\npolicy = 'policy.toml'\n",
    );
    let check = || {
        let file = folder.path().join("upload.toml");
        Command::new(env!("CARGO_BIN_EXE_upload")).arg("--check").arg("--config").arg(file).output().unwrap()
    };
    let said = check();
    let text = String::from_utf8(said.stderr).unwrap();
    assert!(!said.status.success() && text.contains("line 13: class.people.message.soft"), "{text}");
    write("policy.toml", POLICY);
    assert!(check().status.success());
}
