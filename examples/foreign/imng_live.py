#!/usr/bin/env python3
"""A real server as an implementation: plays the vectors of routing (`imng`) on Prosody or ejabberd, over its own ports.

    python3 examples/foreign/imng_live.py prosody      # or ejabberd; needs `apt install prosody ejabberd`

It starts a private server on 127.0.0.1 with a configuration, data and ports of its own in a temporary directory, runs

    xmpp-machines vectors --topic imng --against "python3 examples/foreign/imng_live.py prosody --serve DIRECTORY"

and writes what came of it into `spec-vectors/imng/RESULTS.md`. Sessions of a vector are connections that authenticate,
bind and send presence; whoever is elsewhere is an external component (XEP-0114), which may speak for anybody in its
domain. Nothing waits for a while: after each step every connection asks the server for a pong, twice, so that all that
was sent before has come.
"""

import argparse
import base64
import datetime
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from memory import SEEN, Memory
from servers import DOMAIN, ELSEWHERE, HOST, PATIENCE, SECRET, SERVERS, started, stop

WORD = "cake"

CLIENT, COMPONENT = "jabber:client", "jabber:component:accept"
STREAM = "http://etherx.jabber.org/streams"
IMNG = "xmpp-machines:imng:0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# The moment 0 of a case.
START = datetime.datetime(2026, 1, 1)

# What a server puts on what passes and no text forbids; it is taken off before anything is compared.
ADDED = {"{urn:xmpp:mam:tmp}archived", "{jabber:x:delay}x"}


class Skip(Exception):
    """What a client of a real server cannot do."""


def text_of(element, around=CLIENT):
    """An element as text, every namespace written where it changes."""
    namespace, _, name = element.tag[1:].rpartition("}")
    if namespace == COMPONENT:
        namespace = CLIENT
    out = ["<", name]
    if namespace != around:
        out.append(" xmlns=%s" % quoteattr(namespace))
    for key, value in element.attrib.items():
        key = "xml:lang" if key == XML_LANG else key
        if key.startswith("{"):
            continue
        out.append(" %s=%s" % (key, quoteattr(value)))
    out.append(">")
    out.append(escape(element.text or ""))
    for child in element:
        out.append(text_of(child, namespace))
        out.append(escape(child.tail or ""))
    out.append("</%s>" % name)
    return "".join(out)


class Connection:
    """One stream to the server: what is sent goes out as it is, what comes is kept in order."""

    pings = 0

    def __init__(self, port, namespace, to):
        self.socket = socket.create_connection((HOST, port), PATIENCE)
        self.namespace, self.to, self.inbox = namespace, to, []
        self.open = True
        self.begin()

    def begin(self):
        self.parser = ET.XMLPullParser(["start", "end"])
        self.depth, self.root = 0, None
        version = " version='1.0'" if self.namespace == CLIENT else ""
        self.write("<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' to='%s'%s>"
                   % (self.namespace, STREAM, self.to, version))

    def write(self, text):
        try:
            self.socket.sendall(text.encode())
        except OSError:
            self.open = False

    def read(self, until):
        """Reads elements until `until` says that it is the one; that one is not kept."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for kind, element in self.parser.read_events():
                self.depth += 1 if kind == "start" else -1
                if kind == "start" and self.depth == 1:
                    self.root = element
                    if until(element):
                        return element
                elif kind == "end" and self.depth == 1:
                    self.root.remove(element)
                    if until(element):
                        return element
                    self.inbox.append(element)
                elif kind == "end" and self.depth == 0:
                    self.open = False
                    return None
            left = deadline - time.monotonic()
            if left <= 0:
                raise Skip("the server was silent for %d s" % PATIENCE)
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                data = b""
            if not data:
                self.open = False
                return None
            self.parser.feed(data)

    def wait_for(self, *names):
        return self.read(lambda element: element.tag.rpartition("}")[2] in names)

    def ask(self, iq, id_):
        """Sends a request and gives its answer. What else comes is kept."""
        self.write(iq)
        return self.read(lambda e: e.tag.endswith("}iq") and e.get("id") == id_ and e.get("type") in ("result", "error"))

    def pong(self, sender=None):
        """Waits until the server has done everything that was asked of it on this stream."""
        Connection.pings += 1
        id_ = "settle-%d" % Connection.pings
        name = " from='%s'" % sender if sender else ""
        self.ask("<iq type='get' id='%s'%s to='%s'><ping xmlns='urn:xmpp:ping'/></iq>" % (id_, name, DOMAIN), id_)

    def close(self):
        self.write("</stream:stream>")
        self.socket.close()
        self.open = False


class Session(Connection):
    """A client's stream with a bound resource."""

    def __init__(self, port, user, resource):
        super().__init__(port, CLIENT, DOMAIN)
        self.wait_for("features")
        plain = base64.b64encode(("\0%s\0%s" % (user, WORD)).encode()).decode()
        self.write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>" % plain)
        if not self.wait_for("success", "failure").tag.endswith("success"):
            raise Skip("the server does not let %s in" % user)
        self.begin()
        self.wait_for("features")
        bound = self.ask("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>%s"
                         "</resource></bind></iq>" % escape(resource), "bind")
        if bound.get("type") != "result":
            raise Skip("the server does not bind %s" % resource)
        self.ask("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>", "session")


def component(port, domain):
    """The stream of an external component."""
    import hashlib
    stream = Connection(port, COMPONENT, domain)
    opened = stream.wait_for("stream")
    digest = hashlib.sha1((opened.get("id") + SECRET).encode()).hexdigest()
    stream.write("<handshake>%s</handshake>" % digest)
    stream.wait_for("handshake")
    return stream


def register(port, user):
    """A new account, by in-band registration."""
    stream = Connection(port, CLIENT, DOMAIN)
    stream.wait_for("features")
    answer = stream.ask("<iq type='set' id='r' to='%s'><query xmlns='jabber:iq:register'><username>%s</username>"
                        "<password>%s</password></query></iq>" % (DOMAIN, user, WORD), "r")
    stream.close()
    if answer is None or answer.get("type") != "result":
        raise Skip("the server does not register accounts")


class World:
    """An account of its own for each vector, its sessions, and everybody elsewhere."""

    def __init__(self, server, directory, ports):
        self.server, self.directory, self.ports, self.number = server, directory, ports, 0
        self.elsewhere = {domain: component(ports["component"][domain], domain) for domain in ELSEWHERE}
        self.sessions, self.memory = {}, None
        # Accounts of an earlier run are not used again.
        self.run = "%x" % int(time.time())

    def start(self, question):
        for session in [*self.sessions.values(), *([self.watcher] if self.memory else [])]:
            session.close()
        self.sessions, self.directed, self.times = {}, set(), {}
        if question["limits"]:
            raise Skip("limits of a server cannot be changed from outside")
        self.number += 1
        self.user = "ann-%s-%d" % (self.run, self.number)
        register(self.ports["client"], self.user)
        # A session that is never available: nothing is routed to it.
        self.watcher = Session(self.ports["client"], self.user, "watcher")
        self.memory = Memory(self.server, self.directory, self.user, self.watcher)
        self.settle()
        for stream in self.elsewhere.values():
            stream.inbox.clear()

    def here(self, text):
        """The account of this vector instead of the one that it names."""
        return re.sub(r"(?i)\bann(?=@tea\.example)", lambda m: m.group(0) + self.user[3:], text)

    def there(self, text):
        return text.replace(self.user[3:], "")

    def session(self, name):
        if name not in self.sessions:
            raise Skip("%s is no session that was bound" % name)
        return self.sessions[name]

    def settle(self):
        """All that was sent has arrived: each connection has heard from the server, and again after all others had."""
        for _ in range(2):
            for domain, stream in self.elsewhere.items():
                stream.pong(domain)
            for session in [self.watcher, *self.sessions.values()]:
                if session.open:
                    session.pong()

    # What the host of a vector does

    def host(self, facts):
        known = {"session", "bound", "carbons", "priority", "contact", "subscription", "blocked"}
        for name, value in facts.items():
            if name not in known and not (name == "offline" and value == "0"):
                raise Skip("%s='%s' is nothing that a client can bring about" % (name, value))
        if "session" in facts:
            self.session_facts(facts["session"], facts)
        if "blocked" in facts:
            self.helper(lambda helper: helper.ask(
                "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid=%s/></block></iq>"
                % quoteattr(facts["blocked"]), "b"))
        if "contact" in facts:
            self.helper(lambda helper: self.subscribe(helper, facts["contact"], facts["subscription"]))
        self.settle()
        # That a session comes or goes is no part of what is compared: rosters are the host's business.
        self.forget()

    def session_facts(self, name, facts):
        if facts.get("bound") == "yes":
            self.sessions[name] = Session(self.ports["client"], self.user, name)
        session = self.session(name)
        if "carbons" in facts:
            verb = "enable" if facts["carbons"] in ("yes", "on") else "disable"
            session.ask("<iq type='set' id='c'><%s xmlns='urn:xmpp:carbons:2'/></iq>" % verb, "c")
        if facts.get("priority") == "none":
            session.write("<presence type='unavailable'/>")
        elif "priority" in facts:
            session.write("<presence><priority>%s</priority></presence>" % facts["priority"])

    def helper(self, work):
        helper = Session(self.ports["client"], self.user, "helper")
        try:
            work(helper)
            helper.pong()
        finally:
            helper.close()

    def subscribe(self, helper, contact, subscription):
        domain = contact.rpartition("@")[2]
        if domain not in self.elsewhere:
            raise Skip("nobody speaks for %s here" % domain)
        stream, account = self.elsewhere[domain], "%s@%s" % (self.user, DOMAIN)
        if subscription in ("from", "both"):
            stream.write("<presence type='subscribe' from='%s' to='%s'/>" % (contact, account))
            stream.pong(domain)
            helper.write("<presence type='subscribed' to='%s'/>" % contact)
        if subscription in ("to", "both"):
            helper.write("<presence type='subscribe' to='%s'/>" % contact)
            helper.pong()
            stream.pong(domain)
            stream.write("<presence type='subscribed' from='%s' to='%s'/>" % (contact, account))
            stream.pong(domain)
        helper.pong()

    # What goes in and comes out

    def say(self, text, at):
        element = ET.fromstring(text)
        if element.get("id"):
            stamp = (START + datetime.timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
            self.times[element.get("id")] = stamp.removesuffix(".000") + "Z"
        if element.tag.startswith("{%s}" % IMNG):
            if element.tag.endswith("from-session"):
                return self.send(self.session(element.get("session")), element[0])
            if element.tag.endswith("from-outside"):
                return self.from_elsewhere(element[0])
            if element.tag.endswith("gone") and not len(element):
                self.session(element.get("session")).close()
                del self.sessions[element.get("session")]
                return None
            raise Skip("<%s/> is nothing that a client can bring about" % element.tag.rpartition("}")[2])
        sender = element.get("from") or ""
        bare, _, resource = sender.partition("/")
        if bare == "ann@" + DOMAIN and resource in self.sessions:
            return self.send(self.sessions[resource], element)
        return self.from_elsewhere(element)

    def send(self, session, element):
        if element.tag.endswith("presence") and element.get("to"):
            self.directed.add(element.get("to"))
        session.write(self.here(text_of(element)))

    def from_elsewhere(self, element):
        sender = element.get("from") or ""
        domain = sender.partition("/")[0].rpartition("@")[2]
        if domain not in self.elsewhere:
            raise Skip("nobody speaks for '%s' here" % sender)
        if not element.get("to"):
            raise Skip("a stanza without 'to' ends the stream of a component")
        self.elsewhere[domain].write(self.here(text_of(element)))

    def forget(self):
        for stream in [*self.elsewhere.values(), *self.sessions.values(), self.watcher]:
            stream.inbox.clear()

    def heard(self, lang):
        """What has come since the last step, as it is compared."""
        out = []
        for domain, stream in self.elsewhere.items():
            out += [(element.get("to"), element) for element in stream.inbox]
        for name, session in self.sessions.items():
            out += [("%s@%s/%s" % (self.user, DOMAIN, name), element) for element in session.inbox]
        self.forget()
        return [self.shown(to, element, lang) for to, element in out if not self.is_roster(element)]

    def is_roster(self, element):
        """Presence and pushes that a server sends because of a roster: in vectors that is the host's business."""
        sender = (element.get("from") or "").partition("/")[0]
        own = not sender or sender == "%s@%s" % (self.user, DOMAIN)
        if element.tag.endswith("}presence") and (element.get("type") or "").startswith(("subscribe", "unsubscribe")):
            return True
        if element.tag.endswith("}presence"):
            return own and self.there(element.get("to") or "") not in self.directed
        return element.tag.endswith("}iq") and any(child.tag.startswith(("{jabber:iq:roster}", "{jabber:iq:privacy}")) for child in element)

    def shown(self, to, element, lang):
        for child in list(element):
            # An error may send back what it answers (RFC 6120 §8.3.1).
            if element.get("type") == "error" and not child.tag.endswith("}error"):
                element.remove(child)
        for message in element.iter("{%s}message" % CLIENT):
            for child in list(message):
                if child.tag in ADDED:
                    message.remove(child)
                elif child.tag == "{urn:xmpp:sid:0}stanza-id":
                    # Where it stands is no matter.
                    message.remove(child)
                    message.append(child)
        if not lang:
            for child in element.iter():
                child.attrib.pop(XML_LANG, None)
        # Without `from` it is from the account (RFC 6120 §8.1.2.1).
        if not element.get("from"):
            element.set("from", "%s@%s" % (self.user, DOMAIN))
        # The time of a case is not ours: what came at that time of the case is shown with it.
        delay = element.find("{urn:xmpp:delay}delay")
        if delay is not None and delay.get("from") == DOMAIN and element.get("id") in self.times:
            delay.set("stamp", self.times[element.get("id")])
        return {"to": self.there(to or ""), "stanza": self.there(text_of(element))}

    def answer(self, question):
        what = question["do"]
        if what == "start":
            self.start(question)
            return {"ok": True, "seen": {"host": SEEN}}
        lang, orders = "xml:lang" in question.get("stanza", ""), []
        if what == "host":
            self.host(question["facts"])
        elif what == "in":
            self.say(question["stanza"], question["at"])
            self.settle()
            orders = [{"to": "host", "stanza": self.there(order)} for order in self.memory.news()]
        return {"out": orders + self.heard(lang)}


def serve(server, directory):
    """Answers questions until there are none."""
    ports = json.loads((directory / "ports.json").read_text())
    world, log = World(server, directory, ports), (directory / "log").open("a")
    for line in sys.stdin:
        question = json.loads(line)
        if question["do"] == "start":
            print("start", question["vector"], file=log, flush=True)
        try:
            answer = world.answer(question)
        except Skip as why:
            print("skip", why, file=log, flush=True)
            answer = {"skip": str(why)}
        print(json.dumps(answer), flush=True)


# The results

RESULTS_HEAD = """# What real servers do with these vectors

Written by `python3 examples/foreign/imng_live.py prosody` and `… ejabberd`; each run replaces the part of its server.

A private server on 127.0.0.1 with one account for each vector. Sessions are connections that bind the resource and send
the presence that the vector says; other domains are external components. After each step all connections get a pong
twice before anything is compared. What the server archived is asked of it (XEP-0313), what it keeps for later is read
from its store. **What is not compared:** other orders to the host, because nobody outside can see them (a case of nothing
else passes if nobody gets anything); presence and pushes because of rosters, and of subscriptions; the time in a delay,
which is that of the case; an `xml:lang` that the server adds; what an error sends back of the stanza that it answers.
**Skipped:** what a client cannot bring about (limits, switches, IM-NG, hibernation, rooms, sleeping clients, a full
offline store).

A vector that is not passed is no verdict on a server: where a vector is `may` or `unspecified`, the server chose
otherwise; where it is `must`, look at the vector and judge for yourself.
"""


def results(version, root, log, output):
    """Writes the server's part of RESULTS.md."""
    tried, skipped = [], {}
    for line in log.splitlines():
        word, _, rest = line.partition(" ")
        if word == "start":
            tried.append(rest)
        else:
            skipped[tried[-1]] = rest
    failed, current = {}, None
    for line in output.splitlines():
        head = re.match(r"^(\S+) \(([^,()]*), (must|may|unspecified)\)$", line)
        if head and head.group(1) in set(tried):
            current = head.group(1)
            failed[current] = [head.group(3), head.group(2), ""]
        elif current and re.match(r"^  \S*\.xml:\d+: ", line):
            failed[current][2] = line.partition(": ")[2]
    for name in failed:
        skipped.pop(name, None)
    count = len(tried) - len(failed) - len(skipped)
    part = ["## %s" % version, "", "%s. %d vectors: %d passed, %d differ, %d skipped." % (
        datetime.date.today().isoformat(), len(tried), count, len(failed), len(skipped)), "",
        "| vector | verdict | rules | what differs |", "|---|---|---|---|"]
    order = {"must": 0, "may": 1, "unspecified": 2}
    for name, (verdict, rules, what) in sorted(failed.items(), key=lambda item: (order[item[1][0]], item[0])):
        part.append("| [%s](%s.xml) | %s | %s | %s |" % (name, name, verdict, rules, what.replace("|", "\\|")))
    reasons = {}
    for why in skipped.values():
        reasons[why] = reasons.get(why, 0) + 1
    part += ["", "Skipped: " + "; ".join("%s (%d)" % (why, n) for why, n in sorted(reasons.items(), key=lambda r: -r[1]))
             + ".", ""]
    path = root / "spec-vectors" / "imng" / "RESULTS.md"
    parts = {}
    if path.exists():
        for piece in re.split(r"(?m)^(?=## )", path.read_text())[1:]:
            parts[piece[3:].partition(" ")[0]] = piece.rstrip("\n") + "\n"
    parts[version.partition(" ")[0]] = "\n".join(part)
    path.write_text(RESULTS_HEAD + "\n" + "\n".join(parts[name] for name in sorted(parts)))
    print("%s: %d passed, %d differ, %d skipped; see %s" % (version, count, len(failed), len(skipped), path))


def main():
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("server", choices=sorted(SERVERS))
    words.add_argument("--serve", type=pathlib.Path, metavar="DIRECTORY", help="answer questions about a server that runs")
    words.add_argument("--runner", default="cargo run -q --features cli --", help="the command line of this project")
    words.add_argument("--keep", action="store_true", help="keep the server's files, and show all differences")
    words = words.parse_args()
    if words.serve:
        return serve(words.server, words.serve)
    root = pathlib.Path(__file__).resolve().parents[2]
    directory = pathlib.Path(tempfile.mkdtemp(prefix="imng-live-"))
    process = None
    try:
        process, version = started(words.server, directory)
        me = "%s %s %s --serve %s" % (sys.executable, pathlib.Path(__file__).resolve(), words.server, directory)
        runner = [*words.runner.split(), "vectors", "--topic", "imng", "--against", me]
        played = subprocess.run(runner, cwd=root, capture_output=True, text=True)
        (directory / "differences").write_text(played.stdout + played.stderr)
        if not (directory / "log").exists():
            sys.exit(played.stdout + played.stderr)
        results(version, root, (directory / "log").read_text(), played.stdout)
    finally:
        if process:
            stop(process)
        if words.keep:
            print("kept: %s" % directory)
        else:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
