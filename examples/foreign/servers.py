"""Private servers: Prosody and ejabberd on 127.0.0.1, with configuration, data and ports of their own in a directory."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

HOST, SECRET = "127.0.0.1", "tea"
DOMAIN = "tea.example"
# Domains of external components.
ELSEWHERE = ["oak.example", "fig.example", "elm.example", "rooms.example"]

PATIENCE = 4.0


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def prosody(directory):
    client, port = free_port(), free_port()
    config = directory / "prosody.cfg.lua"
    parts = "\n".join("Component \"%s\"\n  component_secret = \"%s\"" % (domain, SECRET) for domain in ELSEWHERE)
    config.write_text("""
pidfile = "%(dir)s/prosody.pid"; data_path = "%(dir)s/data"; run_as_root = true
log = { warn = "%(dir)s/server.log" }
interfaces = { "%(host)s" }; c2s_ports = { %(client)d }; component_ports = { %(component)d }; component_interfaces = { "%(host)s" }
s2s_ports = {}; http_ports = {}; https_ports = {}; c2s_direct_tls_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "ping", "register_ibr", "carbons", "mam", "blocklist", "offline", "pep" }
modules_disabled = { "s2s", "tls" }
allow_registration = true; c2s_require_encryption = false; allow_unencrypted_plain_auth = true
authentication = "internal_plain"; storage = "internal"; archive_expires_after = "never"; default_archive_policy = true
VirtualHost "%(domain)s"
%(parts)s
""" % {"dir": directory, "host": HOST, "domain": DOMAIN, "parts": parts, "client": client, "component": port})
    (directory / "data").mkdir()
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "prosody"], capture_output=True, text=True)
    return ["prosody", "-F", "--config", str(config)], "Prosody " + version.stdout, {}, {
        "client": client, "component": {domain: port for domain in ELSEWHERE}}


def ejabberd(directory):
    # A connection of a component speaks for all hosts of its port: so each has one of its own.
    client, ports = free_port(), {domain: free_port() for domain in ELSEWHERE}
    config = directory / "ejabberd.yml"
    parts = "".join("""
  - port: %d
    ip: "%s"
    module: ejabberd_service
    access: all
    hosts:
      %s:
        password: "%s\"""" % (port, HOST, domain, SECRET) for domain, port in ports.items())
    config.write_text("""
hosts: ["%(domain)s"]
loglevel: warning
default_db: mnesia
listen:
  - port: %(client)d
    ip: "%(host)s"
    module: ejabberd_c2s
    access: all
    shaper: none
    starttls_required: false%(parts)s
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
access_rules:
  register:
    - allow
modules:
  mod_roster: {}
  mod_disco: {}
  mod_ping: {}
  mod_register:
    ip_access: all
    access: all
  mod_carboncopy: {}
  mod_mam:
    default: always
  mod_blocking: {}
  mod_privacy: {}
  mod_offline: {}
""" % {"host": HOST, "domain": DOMAIN, "parts": parts, "client": client})
    for name in ("spool", "logs", "home"):
        (directory / name).mkdir()
    # Without distribution: no node name, no port mapper, nothing that outlives the server.
    env = {"HOME": str(directory / "home"), "EJABBERD_CONFIG_PATH": str(config),
           "EJABBERD_LOG_PATH": str(directory / "logs" / "ejabberd.log")}
    beams = subprocess.run("ls -d /usr/lib/*/ejabberd-*/ebin /usr/lib/erlang/lib/ejabberd-*/ebin 2>/dev/null",
                           shell=True, capture_output=True, text=True).stdout.split()
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "ejabberd"], capture_output=True, text=True)
    words = ["erl", "-noinput", "-mnesia", "dir", json.dumps(str(directory / "spool")), "-s", "ejabberd"]
    for beam in beams:
        words[1:1] = ["-pa", beam]
    return words, "ejabberd " + version.stdout, env, {"client": client, "component": ports}


SERVERS = {"prosody": prosody, "ejabberd": ejabberd}


def started(server, directory):
    """Starts a private server and waits until it lets components in. Gives its process and its version."""
    words, version, env, ports = SERVERS[server](directory)
    (directory / "ports.json").write_text(json.dumps(ports))
    output = (directory / "output").open("w")
    process = subprocess.Popen(words, cwd=directory, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                               stdout=output, stderr=output, start_new_session=True)
    for _ in range(120):
        if process.poll() is not None:
            break
        try:
            for port in {ports["client"], *ports["component"].values()}:
                socket.create_connection((HOST, port), PATIENCE).close()
            return process, version
        except OSError:
            time.sleep(0.25)
    stop(process)
    sys.exit("%s does not start:\n%s" % (server, (directory / "output").read_text()[-2000:]))


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
