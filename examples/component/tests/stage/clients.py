"""What the scripts of live tests share: clients that keep what they receive, and what is asked of who started them."""

import asyncio
import inspect
import sys
import time
import xml.etree.ElementTree as ET

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

DOMAIN, SERVICE = "tea.example", "rooms.tea.example"
GC3, MAM, CLIENT = "urn:xmpp:gc3:0", "urn:xmpp:mam:2", "jabber:client"
RSM, FORMS, SID = "http://jabber.org/protocol/rsm", "jabber:x:data", "urn:xmpp:sid:0"
NICK, OCCUPANT = "http://jabber.org/protocol/nick", "urn:xmpp:occupant-id:0"
WAIT = 15
STARTED = time.monotonic()


def step(text):
    print(f"[{time.monotonic() - STARTED:6.2f}] {text}", flush=True)


def xml(text):
    return ET.fromstring(text)


def form(of, **values):
    fields = {"FORM_TYPE": f"urn:xmpp:gc3:{of}"} | {f"urn:xmpp:gc3:fields:{name}": value for name, value in values.items()}
    inside = "".join(f"<field var='{var}'><value>{value}</value></field>" for var, value in fields.items())
    return f"<x xmlns='{FORMS}' type='submit'>{inside}</x>"


async def host(what):
    """Has something done to the host."""
    print(f"host: {what}", flush=True)
    answer = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    assert answer == "done\n", f"{what}: {answer!r}"


class Device(ClientXMPP):
    """A client that keeps everything it receives."""

    def __init__(self, jid, port, features=()):
        config = {"feature_mechanisms": {"unencrypted_scram": True, "unencrypted_plain": True}}
        super().__init__(jid, "leaves", plugin_config=config)
        self.auto_authorize, self.auto_subscribe = None, False
        self.port, self.got, self.news = port, [], asyncio.Event()
        if features:
            self.register_plugin("xep_0115")
            for feature in features:
                self.plugin["xep_0030"].add_feature(feature)
        for kind in ("message", "presence"):
            self.register_handler(Callback(f"keep {kind}", MatchXPath(f"{{{CLIENT}}}{kind}"), self.keep))

    def keep(self, stanza):
        self.got.append(stanza.xml)
        self.news.set()

    async def start(self):
        ready = asyncio.Event()
        self.add_event_handler("session_start", lambda _: ready.set())
        if "address" in inspect.signature(self.connect).parameters:
            self.connect(("127.0.0.1", self.port), disable_starttls=True)
        else:
            self.enable_starttls = self.enable_direct_tls = False
            self.enable_plaintext = True
            self.connect("127.0.0.1", self.port)
        await asyncio.wait_for(ready.wait(), WAIT)
        await self.get_roster()
        if "xep_0115" in self.plugin:
            await self.plugin["xep_0115"].update_caps()
        self.send_presence()

    async def until(self, what, test, since=0):
        """Waits until something that passes the test was received; gives it."""
        end = time.monotonic() + WAIT
        while True:
            for stanza in self.got[since:]:
                found = test(stanza)
                if found is not None and found is not False:
                    return found
            self.news.clear()
            left = end - time.monotonic()
            if left <= 0:
                seen = "\n".join(ET.tostring(stanza, "unicode") for stanza in self.got[since:])
                raise AssertionError(f"{self.boundjid} waited in vain for {what}; it has received\n{seen}")
            try:
                await asyncio.wait_for(self.news.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def ask(self, kind, to, payload):
        """An iq; gives the child of its result, or raises IqError."""
        iq = self.make_iq_get(ito=to) if kind == "get" else self.make_iq_set(ito=to)
        iq.append(xml(payload))
        result = await iq.send(timeout=WAIT)
        return result.xml[0] if len(result.xml) else None

    async def refused(self, kind, to, payload):
        """The condition with which an iq is refused."""
        try:
            await self.ask(kind, to, payload)
        except IqError as error:
            return error.condition
        raise AssertionError(f"{payload} was not refused")

    def say(self, room, text, ident):
        message = self.make_message(mto=room, mbody=text, mtype="groupchat")
        message["id"] = ident
        message.send()

    async def hears(self, room, text, since=0):
        """Waits for a message in the room."""

        def test(stanza):
            same = stanza.findtext(f"{{{CLIENT}}}body") == text and stanza.get("type") == "groupchat"
            return stanza if same and stanza.get("from").startswith(room + "/") else None

        return await self.until(f"the message {text!r}", test, since)

    async def sync(self, room, topics=None, **known):
        attributes = "".join(f" {name}='{value}'" for name, value in known.items())
        topics = None if topics is None else "".join(f"<subscribe type='{topic}'/>" for topic in topics)
        kind = "get" if topics is None else "set"
        return await self.ask(kind, room, f"<sync xmlns='{GC3}'{attributes}>{topics or ''}</sync>")

    async def archive(self, room, after=None):
        """The room's archive: a list of (id, message)."""
        since, page = len(self.got), [] if after is None else [f"<after>{after}</after>"]
        found = []
        while True:
            query = f"<set xmlns='{RSM}'><max>20</max>{''.join(page)}</set>"
            fin = await self.ask("set", room, f"<query xmlns='{MAM}' queryid='q{since}'>{query}</query>")
            found = []
            for stanza in self.got[since:]:
                result = stanza.find(f"{{{MAM}}}result")
                if result is not None:
                    found.append((result.get("id"), result.find(f".//{{{CLIENT}}}message")))
            if fin.get("complete") == "true":
                return found
            page = [f"<after>{found[-1][0]}</after>"]


def sid(stanza):
    found = stanza.find(f"{{{SID}}}stanza-id")
    return None if found is None else found.get("id")
