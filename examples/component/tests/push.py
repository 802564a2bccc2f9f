"""Somebody who is away is woken: their server's own push module (Prosody with mod_cloud_notify) gets the room's copies.

Started by live.rs: push.py C2S_PORT COMPONENT_PORT. It prints what it does, one step a line; a line "host: ..." asks
live.rs to do that to the host. Any other end than exit status 0 is a failure.
"""

import asyncio
import logging
import sys
import time
import xml.etree.ElementTree as ET

from slixmpp.componentxmpp import ComponentXMPP
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from live import CLIENT, DOMAIN, GC3, SERVICE, WAIT, Device, form, host, sid, step

PUSH, PUBSUB, SERVICE_OF_PUSH = "urn:xmpp:push:0", "http://jabber.org/protocol/pubsub", f"push.{DOMAIN}"
DISCO = "http://jabber.org/protocol/disco#info"


class PushService(ComponentXMPP):
    """What wakes phones: keeps the nodes to which something was published."""

    def __init__(self, port):
        super().__init__(SERVICE_OF_PUSH, "oolong", "127.0.0.1", port)
        self.nodes, self.news = [], asyncio.Event()
        # A component's stanzas are in a namespace of their own, or are not, by the version of the library.
        for ns in ("jabber:component:accept", CLIENT):
            path = MatchXPath(f"{{{ns}}}iq/{{{PUBSUB}}}pubsub")
            self.register_handler(Callback(f"publish {ns}", path, self.published))

    def published(self, iq):
        publish = iq.xml.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish")
        notification = publish.find(f"{{{PUBSUB}}}item/{{{PUSH}}}notification")
        assert notification is not None, ET.tostring(iq.xml)
        self.nodes.append(publish.get("node"))
        self.news.set()
        iq.reply(clear=True).send()

    async def start(self):
        ready = asyncio.Event()
        self.add_event_handler("session_start", lambda _: ready.set())
        self.connect()
        await asyncio.wait_for(ready.wait(), WAIT)

    async def until(self, count, what):
        end = time.monotonic() + WAIT
        while len(self.nodes) < count:
            self.news.clear()
            left = end - time.monotonic()
            assert left > 0, f"the push service waited in vain for {what}: it has {self.nodes}"
            try:
                await asyncio.wait_for(self.news.wait(), left)
            except asyncio.TimeoutError:
                pass
        await asyncio.sleep(0.5)
        assert len(self.nodes) == count, f"{what} came {self.nodes}"


async def wants(device, room, push):
    settings = form("participant", push=push)
    await device.ask("set", room, f"<participant xmlns='{GC3}'>{settings}</participant>")


async def scenario(c2s, component):
    service = PushService(component)
    await service.start()
    ann = Device(f"ann@{DOMAIN}/laptop", c2s)
    phone = Device(f"ben@{DOMAIN}/phone", c2s)
    await ann.start()
    await phone.start()
    step("a push service, Ann's laptop and Ben's phone are there")

    info = await phone.ask("get", f"ben@{DOMAIN}", f"<query xmlns='{DISCO}'/>")
    assert any(feature.get("var") == PUSH for feature in info), ET.tostring(info)
    await phone.ask("set", f"ben@{DOMAIN}", f"<enable xmlns='{PUSH}' jid='{SERVICE_OF_PUSH}' node='bens-phone'/>")
    step("Ben's server can push, and knows where")

    creation = form("create-form", nickname="Ann", name="Tea room", kind="group")
    created = await ann.ask("set", SERVICE, f"<create xmlns='{GC3}'>{creation}<subscribe type='message'/></create>")
    room = created.findtext(f"{{{GC3}}}subscription-jid")
    await ann.ask("set", room, f"<access xmlns='{GC3}'><item jid='ben@{DOMAIN}' affiliation='member'/></access>")
    await phone.ask("set", room, f"<join xmlns='{GC3}'>{form('join-form', nickname='Ben')}</join>")
    await wants(phone, room, "always")
    step(f"Ben has joined {room} and wants every message")

    phone.disconnect()
    await asyncio.sleep(1)
    ann.say(room, "Is there tea?", "m1")
    await service.until(1, "the first push")
    assert service.nodes == ["bens-phone"], service.nodes
    step("the phone is away, and is woken")

    # Prosody answers each copy with an error although it has pushed: the room goes on.
    ann.say(room, "There is.", "m2")
    await service.until(2, "the push after a bounce")
    step("the error that came back has ended nothing")

    await host("kill")
    await host("start")
    ann.say(room, "Still warm.", "m3")
    await service.until(3, "the push after a restart")
    step("killed and started again, the room knows who is away")

    # The case that a room cannot see: a desktop is there, and the phone sleeps.
    desk = Device(f"ben@{DOMAIN}/desk", c2s)
    await desk.start()
    await desk.sync(room, ["message"])
    ann.say(room, "Cake, too!", "m4")
    live = await desk.hears(room, "Cake, too!")
    assert sid(live) is not None, ET.tostring(live)
    await service.until(4, "the push beside a desktop")
    heard = [stanza for stanza in desk.got if stanza.findtext(f"{{{CLIENT}}}body") == "Cake, too!"]
    assert len(heard) == 1, "the desktop gets the message once"
    step("the desktop has heard it, once, and the phone was woken as well")

    await wants(desk, room, "mentions")
    ann.say(room, "Nothing for anybody in particular.", "m5")
    await desk.hears(room, "Nothing for anybody in particular.")
    ann.say(room, "A cup for you, Ben?", "m6")
    await service.until(5, "the push for a mention")
    step("with mentions only, only a mention has woken the phone")

    await wants(desk, room, "never")
    ann.say(room, "Ben! Ben!", "m7")
    await desk.hears(room, "Ben! Ben!")
    await service.until(5, "nothing more")
    step("who says never is left in peace")
    for device in (ann, desk, service):
        device.disconnect()
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(scenario(int(sys.argv[1]), int(sys.argv[2])))
    step("done")
