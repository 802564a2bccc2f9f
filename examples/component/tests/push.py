"""Somebody who is away is woken: their server's own push module (Prosody with mod_cloud_notify) gets the room's copies.

Started by live.rs: push.py C2S_PORT COMPONENT_PORT MODE, where MODE is the host's setting of push. It prints what it does, one step a line; a line "host: ..." asks
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

from stage.clients import CLIENT, DOMAIN, GC3, SERVICE, WAIT, Device, form, host, sid, step

PUSH, PUBSUB, SERVICE_OF_PUSH = "urn:xmpp:push:0", "http://jabber.org/protocol/pubsub", f"push.{DOMAIN}"
DISCO = "http://jabber.org/protocol/disco#info"
MUC_OFFLINE, OFFLINE = "http://tigase.org/protocol/muc#offline", "{http://tigase.org/protocol/muc}offline"
REGISTER = "http://jabber.org/protocol/muc#register"


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


async def meet(c2s, component):
    """A push service, and a room of Ann's in which Ben wants every message, with the push of his phone enabled."""
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
    # So the room hears when a device of Ben's is gone.
    await phone.until("the room's subscription", lambda it: it.get("type") == "subscribe" and it.get("from") == room)
    phone.send_presence(pto=room, ptype="subscribed")
    await wants(phone, room, "always")
    step(f"Ben has joined {room} and wants every message")
    return service, ann, phone, room


async def always(c2s, component):
    service, ann, phone, room = await meet(c2s, component)
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

    await registers(c2s, service, ann, room)

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
    await leave(ann, desk, service)


async def registers(c2s, service, ann, room):
    """Cid has a client of today: it registers by XEP-0045 as its library does, and knows nothing of copies."""
    cid = Device(f"cid@{DOMAIN}/tablet", c2s)
    for plugin in ("xep_0004", "xep_0030", "xep_0045", "xep_0077"):
        cid.register_plugin(plugin)
    await cid.start()
    await cid.ask("set", f"cid@{DOMAIN}", f"<enable xmlns='{PUSH}' jid='{SERVICE_OF_PUSH}' node='cids-tablet'/>")
    await ann.ask("set", room, f"<access xmlns='{GC3}'><item jid='cid@{DOMAIN}' affiliation='member'/></access>")
    info = await cid.plugin["xep_0030"].get_info(jid=room, timeout=WAIT)
    assert MUC_OFFLINE in info["disco_info"]["features"], info
    asked = await cid.plugin["xep_0077"].get_registration(jid=room, timeout=WAIT)
    fields = asked["register"]["form"].get_fields()
    assert fields[OFFLINE]["value"] in (True, "1", ["1"]), ET.tostring(asked.xml)
    request = cid.make_iq_set(ito=room)
    request["register"]["form"]["type"] = "submit"
    request["register"]["form"].add_field(var="FORM_TYPE", ftype="hidden", value=REGISTER)
    request["register"]["form"].add_field(var="muc#register_roomnick", value="Cid")
    await request.send(timeout=WAIT)
    cid.disconnect()
    await asyncio.sleep(1)
    before = len(service.nodes)
    ann.say(room, "Cups for everybody.", "m4a")
    await service.until(before + 2, "the pushes for Ben and for Cid")
    assert sorted(service.nodes[before:]) == ["bens-phone", "cids-tablet"], service.nodes
    step("who registered with a client of today is woken, too")

    cid = Device(f"cid@{DOMAIN}/tablet", c2s)
    await cid.start()
    await cid.ask("set", room, "<query xmlns='jabber:iq:register'><remove/></query>")
    cid.disconnect()
    await asyncio.sleep(1)
    ann.say(room, "And spoons.", "m4b")
    await service.until(before + 3, "the push for Ben alone")
    assert service.nodes[-1] == "bens-phone", service.nodes
    # What follows counts from before Cid came.
    del service.nodes[before:]
    step("and is left in peace after giving the registration up")


async def absent_only(c2s, component):
    service, ann, phone, room = await meet(c2s, component)
    await phone.sync(room, ["message"])
    ann.say(room, "Is there tea?", "m1")
    await phone.hears(room, "Is there tea?")
    await service.until(0, "nothing, for who hears the room")
    step("the phone hears the room, and nothing wakes it")

    phone.disconnect()
    await asyncio.sleep(1)
    ann.say(room, "There is.", "m2")
    await service.until(1, "the push for who is away")
    assert service.nodes == ["bens-phone"], service.nodes
    step("the phone is away, and is woken once")

    desk = Device(f"ben@{DOMAIN}/desk", c2s)
    await desk.start()
    await desk.sync(room, ["message"])
    ann.say(room, "Cake, too!", "m3")
    await desk.hears(room, "Cake, too!")
    await service.until(1, "nothing more, beside a desktop")
    step("a desktop hears the room, and the phone is left in peace")

    await wants(desk, room, "never")
    desk.disconnect()
    await asyncio.sleep(1)
    ann.say(room, "Ben! Ben!", "m4")
    await ann.hears(room, "Ben! Ben!")
    await service.until(1, "nothing more")
    step("who says never is left in peace when away, too")
    await leave(ann, service)


async def leave(*everybody):
    for client in everybody:
        client.disconnect()
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    story = {"always": always, "absent-only": absent_only}[sys.argv[3]]
    asyncio.run(story(int(sys.argv[1]), int(sys.argv[2])))
    step("done")
