//! The host behind a real server, with real clients: Prosody, and clients in Python. See the scripts for what happens.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

mod stage;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use stage::{Host, World};
use tempfile::TempDir;

/// The room service.
const ROOMS: Host = Host {
    program: env!("CARGO_BIN_EXE_component"),
    domain: "rooms.tea.example",
    config: |world| {
        format!(
            "domain = 'rooms.tea.example'\nserver = '127.0.0.1:{}'\nsecret-file = 'secret'\nstore = 'rooms.redb'\n\
             administrators = ['ann@tea.example']\nlog = 'debug'\n",
            world.component
        )
    },
};

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[test]
fn real_clients_behind_a_real_server() {
    let world = World::new(ROOMS);
    world.act_out(&script("live.py"), "slixmpp", &[]);
    assert!(world.log("host.log").contains("rule=\"gc3."), "each decision is logged with its rule");
}

#[test]
fn clients_of_today_share_a_room_with_one_of_tomorrow() {
    let world = World::new(ROOMS);
    world.act_out(&script("muc.py"), "slixmpp, aioxmpp", &[]);
    decided(&world.log("host.log"), &["muc.C6", "muc.J1", "muc.J2", "muc.K1", "muc.B2"]);
}

/// The room service, with copies for members wherever they are.
const ALWAYS: Host = Host { config: |world| format!("{}push = 'always'\n", (ROOMS.config)(world)), ..ROOMS };

/// The room service, with copies for members without a session in the room.
const ABSENT_ONLY: Host = Host { config: |world| format!("{}push = 'absent-only'\n", (ROOMS.config)(world)), ..ROOMS };

/// Acts out a story of push behind a Prosody that pushes, and gives what the host logged.
fn pushed(host: Host, mode: &str) -> String {
    let push = "Component \"push.tea.example\"\n component_secret = \"oolong\"";
    let world = World::new(host).with_prosody(&["cloud_notify"], push);
    let component = world.component.to_string();
    world.act_out(&script("push.py"), "slixmpp", &[component, mode.to_owned()]);
    world.log("host.log")
}

fn decided(log: &str, rules: &[&str]) {
    for rule in rules {
        assert!(log.contains(&format!("rule=\"{rule}\"")), "{rule} decided nothing");
    }
}

#[test]
fn a_phone_that_sleeps_is_woken_by_its_own_server() {
    decided(&pushed(ALWAYS, "always"), &["push-room.R4", "push-room.R7a", "push-room.T5"]);
}

#[test]
fn who_hears_the_room_is_not_woken() {
    decided(&pushed(ABSENT_ONLY, "absent-only"), &["push-room.R5"]);
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
