"""Three clients that know nothing of each other share a room: slixmpp and aioxmpp as XEP-0045 clients, a third by GC3.

Started by live.rs: muc.py C2S_PORT. It prints what it does, one step a line. Any other end than exit status 0 is a
failure. With `muc.py C2S_PORT plain` the part of GC3 is left out: then it runs on any XEP-0045 service.
"""

import asyncio
import logging
import os
import sys
import xml.etree.ElementTree as ET

import aioxmpp
import aioxmpp.connector
import aioxmpp.muc
import aioxmpp.security_layer
from slixmpp import JID
from slixmpp.exceptions import IqError, PresenceError

from stage.clients import CLIENT, DOMAIN, GC3, NICK, OCCUPANT, SERVICE, WAIT, Device, form, step

MUC, USER, OWNER = (f"http://jabber.org/protocol/muc{part}" for part in ("", "#user", "#owner"))
ROOM = JID(f"kettle-{os.getpid()}@{SERVICE}")


class Stock(Device):
    """slixmpp as it is, with its plugin for XEP-0045."""

    def __init__(self, jid, port):
        super().__init__(jid, port)
        self.register_plugin("xep_0045")
        self.muc = self.plugin["xep_0045"]

    async def occupant(self, who, since=0, **wanted):
        """Waits for a presence of that nick whose item has these attributes, or whose type or status is this."""

        def test(stanza):
            if stanza.tag != f"{{{CLIENT}}}presence" or stanza.get("from") != f"{ROOM}/{who}":
                return None
            item = stanza.find(f"{{{USER}}}x/{{{USER}}}item")
            status = [s.get("code") for s in stanza.findall(f"{{{USER}}}x/{{{USER}}}status")]
            for name, value in wanted.items():
                got = {"type": stanza.get("type"), "status": value if value in status else None}
                if (got[name] if name in got else item is not None and item.get(name)) != value:
                    return None
            return stanza

        return await self.until(f"the presence of {who} with {wanted}", test, since)

    async def whispered(self, sender, text):
        def test(stanza):
            same = stanza.findtext(f"{{{CLIENT}}}body") == text and stanza.get("from") == f"{ROOM}/{sender}"
            return stanza if same and stanza.get("type") == "chat" else None

        return await self.until(f"{text!r} from {sender} alone", test)

    async def configure(self, **fields):
        settings = await self.muc.get_room_config(ROOM)
        known = settings.get_fields()
        for name, value in fields.items():
            var = f"muc#roomconfig_{name}"
            assert var in known, f"the room has no {var}"
            settings.set_values({var: value})
        settings["type"] = "submit"
        await self.muc.set_room_config(ROOM, settings)


class Other:
    """aioxmpp as it is, with its service for XEP-0045."""

    def __init__(self, jid, port):
        async def password(*_):
            return "leaves"

        layer = aioxmpp.security_layer.SecurityLayer(
            aioxmpp.security_layer.default_ssl_context,
            aioxmpp.security_layer.PKIXCertificateVerifier,
            False,
            (aioxmpp.security_layer.PasswordSASLProvider(password),),
        )
        where = [("127.0.0.1", port, aioxmpp.connector.STARTTLSConnector())]
        self.client = aioxmpp.PresenceManagedClient(aioxmpp.JID.fromstr(jid), layer, override_peer=where)
        self.muc = self.client.summon(aioxmpp.MUCClient)
        self.news, self.events, self.room = asyncio.Event(), [], None
        dispatcher = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, self.heard)

    async def start(self):
        ready = asyncio.Event()
        self.client.on_stream_established.connect(lambda: ready.set())
        self.client.presence = aioxmpp.PresenceState(available=True)
        await asyncio.wait_for(ready.wait(), WAIT)

    def note(self, *event):
        self.events.append(event)
        self.news.set()

    def heard(self, message):
        self.note("private", str(message.from_), message.body.any() if message.body else None)

    async def until(self, what, *event, since=0):
        async def search():
            while not any(seen[: len(event)] == event for seen in self.events[since:]):
                self.news.clear()
                await self.news.wait()

        try:
            await asyncio.wait_for(search(), WAIT)
        except asyncio.TimeoutError:
            raise AssertionError(f"{what}: {event} did not come; there is {self.events[since:]}") from None

    async def join(self, nick, history=None):
        """Joins; gives the events since then. Raises what the library raises where the room refuses."""
        since = len(self.events)
        # The library reports every refusal as a failure of the room.
        room, joined = self.muc.join(aioxmpp.JID.fromstr(str(ROOM)), nick, history=history, autorejoin=False)
        room.on_message.connect(
            lambda message, member, source, **_: self.note(
                "message", member.nick if member else None, message.body.any() if message.body else None
            )
        )
        room.on_join.connect(lambda member, **_: self.note("join", member.nick))
        room.on_leave.connect(lambda member, muc_leave_mode=None, **_: self.note("leave", member.nick, muc_leave_mode.name))
        room.on_exit.connect(lambda muc_leave_mode=None, **_: self.note("exit", muc_leave_mode.name))
        room.on_nick_changed.connect(lambda member, old, new, **_: self.note("nick", old, new))
        room.on_topic_changed.connect(lambda member, topic, **_: self.note("topic", topic.any()))
        room.on_muc_role_changed.connect(lambda _, member, **__: self.note("role", member.nick, member.role))
        await asyncio.wait_for(joined, WAIT)
        self.room = room
        return since

    def say(self, text):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
        message.body[None] = text
        self.room.send_message(message)

    async def whisper(self, nick, text):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=self.room.jid.replace(resource=nick))
        message.body[None] = text
        await self.client.send(message)

    def members(self):
        return sorted(member.nick for member in self.room.members)


async def stock(ben, cid):
    """What two MUC clients do in a room that one of them makes."""
    presence, subject, others, history = await ben.muc.join_muc_wait(ROOM, "ben", maxstanzas=0, timeout=WAIT)
    codes = {int(s.get("code")) for s in presence.xml.findall(f"{{{USER}}}x/{{{USER}}}status")}
    assert {110, 201} <= codes and len(others) <= 1 and not history, (codes, others, history)
    try:
        await cid.join("cid")
        raise AssertionError("a room that is not configured yet let somebody in")
    except aioxmpp.errors.XMPPCancelError as error:
        assert error.condition == aioxmpp.ErrorCondition.ITEM_NOT_FOUND, error
    await ben.configure(roomname="The kettle", persistentroom=True)
    step("ben (slixmpp) has made a room by entering it; until it was configured nobody else came in")

    await cid.join("cid", aioxmpp.muc.xso.History(maxstanzas=0))
    await ben.occupant("cid", affiliation="none", role="participant")
    assert cid.members() == ["ben", "cid"], cid.members()
    step("cid (aioxmpp) has entered")

    ben.say(ROOM, "tea?", "m1")
    await cid.until("the message", "message", "ben", "tea?")
    cid.say("please")
    heard = await ben.hears(str(ROOM), "please")
    assert heard.get("from") == f"{ROOM}/cid" and heard.find(f"{{{OCCUPANT}}}occupant-id") is not None
    step("they talk")

    mark = len(ben.got)
    await cid.room.set_nick("cyd")
    await cid.until("the new nick", "nick", "cid", "cyd")
    await ben.occupant("cid", mark, type="unavailable", status="303", nick="cyd")
    await ben.occupant("cyd", mark, role="participant")
    cid.events.clear()
    await cid.room.set_nick("ben")
    await asyncio.sleep(0.5)
    assert ("nick", "cyd", "ben") not in cid.events and cid.room.me.nick == "cyd"
    step("cid is now cyd; the nick of somebody else is refused")

    await cid.whisper("ben", "one sugar")
    await ben.whispered("cyd", "one sugar")
    ben.send_message(mto=f"{ROOM}/cyd", mbody="noted", mtype="chat")
    await cid.until("the answer", "private", f"{ROOM}/cyd".replace("cyd", "ben"), "noted")
    step("private messages go both ways")

    ben.muc.set_subject(ROOM, "Which tea?")
    await cid.until("the subject", "topic", "Which tea?")
    step("the subject has changed for both")

    await cid.room.leave()
    await ben.occupant("cyd", mark, type="unavailable", role="none")
    ben.say(ROOM, "while cid was away", "m2")
    await ben.hears(str(ROOM), "while cid was away")
    since = await cid.join("cid", aioxmpp.muc.xso.History(maxstanzas=1))
    await cid.until("the history", "message", "ben", "while cid was away", since=since)
    await cid.until("the subject", "topic", "Which tea?", since=since)
    assert ("message", "ben", "tea?") not in cid.events[since:], "more history than was asked for"
    step("one message of history was asked for and came, then the subject")

    await ben.muc.set_role(ROOM, "cid", "visitor")
    await cid.until("the loss of voice", "role", "cid", "visitor")
    await ben.muc.set_role(ROOM, "cid", "participant")
    await ben.muc.set_role(ROOM, "cid", "none", reason="too loud")
    await cid.until("the kick", "exit", "KICKED")
    await ben.occupant("cid", type="unavailable", status="307")
    since = await cid.join("cid")
    step("voice taken and given; cid was kicked and is back")

    await ben.muc.set_affiliation(ROOM, "outcast", jid=JID(f"cid@{DOMAIN}"))
    await cid.until("the ban", "exit", "BANNED", since=since)
    assert [str(jid) for jid in await ben.muc.get_affiliation_list(ROOM, "outcast")] == [f"cid@{DOMAIN}"]
    try:
        await cid.join("cid")
        raise AssertionError("an outcast came in")
    except aioxmpp.errors.XMPPAuthError as error:
        assert error.condition == aioxmpp.ErrorCondition.FORBIDDEN, error
    await ben.muc.set_affiliation(ROOM, "none", jid=JID(f"cid@{DOMAIN}"))
    step("cid was banned and cannot come back until the ban is lifted")

    await ben.configure(membersonly=True)
    try:
        await cid.join("cid")
        raise AssertionError("a stranger came into a members-only room")
    except aioxmpp.errors.XMPPAuthError as error:
        assert error.condition == aioxmpp.ErrorCondition.REGISTRATION_REQUIRED, error
    await ben.muc.set_affiliation(ROOM, "member", jid=JID(f"cid@{DOMAIN}"))
    since = await cid.join("cid")
    await ben.configure(membersonly=False)
    step("members only: a stranger is refused, a member is not")

    assert set(ben.muc.get_roster(ROOM)) >= {"ben", "cid"}
    await ben.ask("get", f"{ROOM}/ben", "<ping xmlns='urn:xmpp:ping'/>")
    info = await ben.ask("get", str(ROOM), "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert any(feature.get("var") == MUC for feature in info), ET.tostring(info)
    assert any(identity.get("category") == "conference" for identity in info), ET.tostring(info)
    step("a self-ping is answered, and the room says what it is")
    return since


async def mixed(ann, ben, cid):
    """Somebody comes by GC3."""
    fields = form("join-form", nickname="Ann \N{TEAPOT}")
    topics = "<subscribe type='message'/><subscribe type='participant'/>"
    since, mark, gc3 = len(cid.events), len(ben.got), len(ann.got)
    joined = await ann.ask("set", str(ROOM), f"<join xmlns='{GC3}'>{fields}{topics}</join>")
    ann_id, ann_nick = joined.get("id"), joined.findtext(f"{{{NICK}}}nick")
    assert ann_nick == "Ann \N{TEAPOT}", ET.tostring(joined)
    ann.send_presence(pto=str(ROOM), ptype="subscribed")

    def of_ann(stanza):
        found = stanza.find(f"{{{OCCUPANT}}}occupant-id")
        return stanza if found is not None and found.get("id") == ann_id and stanza.get("type") is None else None

    shown = await ben.until("Ann's presence", of_ann, mark)
    resource = shown.get("from").partition("/")[2]
    await cid.until("Ann's entering", "join", resource, since=since)
    step(f"ann has joined by GC3 as {ann_nick!r}; MUC clients see {resource!r}")

    ann.say(str(ROOM), "hello from the other side", "g1")
    message = await ben.hears(str(ROOM), "hello from the other side", mark)
    assert message.get("from") == f"{ROOM}/{resource}" and message.get("id") == "g1"
    await cid.until("her message", "message", resource, "hello from the other side", since=since)
    cid.say("hello back")
    heard = await ann.hears(str(ROOM), "hello back", gc3)
    assert heard.findtext(f"{{{NICK}}}nick") == "cid" and heard.get("from").partition("/")[2].startswith("-")
    cid_id = heard.find(f"{{{OCCUPANT}}}occupant-id").get("id")
    step("messages go both ways between GC3 and XEP-0045")

    await cid.whisper(resource, "can you see this?")
    whispered = await ann.until("the whisper", lambda s: s if s.findtext(f"{{{CLIENT}}}body") == "can you see this?" else None)
    assert whispered.get("type") == "chat", ET.tostring(whispered)
    ann.send_message(mto=f"{ROOM}/{cid_id}", mbody="I can", mtype="chat")
    await cid.until("her answer", "private", f"{ROOM}/{resource}", "I can")
    step("private messages cross too")

    def tells(test):
        def found(stanza):
            items = stanza.findall(f"{{{GC3}}}participants/{{{GC3}}}item")
            return any(item.get("id") == cid_id and test(item) for item in items)

        return found

    gc3 = len(ann.got)
    await cid.room.set_nick("cyd")
    await ann.until("cid's new nick", tells(lambda item: item.get("nick") == "cyd"), gc3)
    await cid.room.leave()
    await ann.until("cid's leaving", tells(lambda item: item.get("left") or item.get("why")), gc3)
    since = await cid.join("cid")
    await ann.until("cid's coming back", tells(lambda item: item.get("nick") == "cid" and not item.get("left")), gc3)
    step("the GC3 client sees MUC occupants come, go and change their nick")

    # Offline, she stays in; those who enter later still see somebody sane.
    ann.disconnect()
    await asyncio.sleep(1)
    ben.say(str(ROOM), "is ann still there?", "m9")
    await cid.until("life without her", "message", "ben", "is ann still there?", since=since)
    await cid.room.leave()
    since = await cid.join("cid")
    assert {"ben", "cid"} <= set(cid.members()), cid.members()
    step(f"with ann offline, the room goes on; cid sees {cid.members()}")


async def scenario(port, plain):
    ben, cid = Stock(f"ben@{DOMAIN}/desk", port), Other(f"cid@{DOMAIN}/pot", port)
    ann = Device(f"ann@{DOMAIN}/laptop", port, [f"{GC3}:default-receive:message"])
    for client in (ann, ben, cid):
        await client.start()
    step("three clients are online")
    since = await stock(ben, cid)
    if not plain:
        await mixed(ann, ben, cid)
    await ben.muc.destroy(ROOM, reason="the kettle is empty")
    await cid.until("the end of the room", "exit", since=since)
    info = await ben.refused("get", str(ROOM), "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert info in ("item-not-found", "gone"), info
    step("the room is destroyed for everybody")
    for client in (ben, ann):
        client.disconnect()
    cid.client.presence = aioxmpp.PresenceState(available=False)
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(asyncio.wait_for(scenario(int(sys.argv[1]), "plain" in sys.argv[2:]), 150))
    step("done")
