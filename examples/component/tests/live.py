"""Two people with two devices each talk in a room, while the host of the room is killed and started again.

Started by live.rs: live.py C2S_PORT. It prints what it does, one step a line; a line "host: ..." asks live.rs to do that
to the host, and a line on standard input says that it is done. Any other end than exit status 0 is a failure.
"""

import asyncio
import logging
import sys
import xml.etree.ElementTree as ET

from stage.clients import CLIENT, DOMAIN, FORMS, GC3, NICK, OCCUPANT, SERVICE, Device, form, host, sid, step


async def scenario(port):
    receive = ["default-receive:message", "default-receive:participants"]
    features = [f"{GC3}:{feature}" for feature in receive]
    ann = Device(f"ann@{DOMAIN}/laptop", port, features)
    ann_phone = Device(f"ann@{DOMAIN}/phone", port)
    ben = Device(f"ben@{DOMAIN}/desk", port)
    ben_phone = Device(f"ben@{DOMAIN}/phone", port, features)
    everyone = [ann, ann_phone, ben, ben_phone]
    for device in everyone:
        await device.start()
    step("four devices are online")

    await ann.ask("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>")
    info = await ann.ask("get", SERVICE, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert any(f.get("var") == GC3 for f in info), ET.tostring(info)
    step("the service answers a ping and says what it is")

    # Creating, and the room's subscription.
    created = await ann.ask(
        "set", SERVICE, f"<create xmlns='{GC3}'>{form('create-form', nickname='Ann', name='Tea room', kind='channel')}</create>"
    )
    assert created.tag == f"{{{GC3}}}created", created.tag
    room, ann_id = created.findtext(f"{{{GC3}}}subscription-jid"), created.get("id")
    assert room.endswith("@" + SERVICE) and ann_id.startswith("-"), (room, ann_id)

    def asks(stanza):
        return stanza.get("type") == "subscribe" and stanza.get("from") == room

    await ann.until("the room's subscription", asks)
    ann.send_presence(pto=room, ptype="subscribed")
    step(f"Ann's laptop has created {room} and approved its subscription")

    # A second device asks where it stands, and subscribes.
    sync = await ann_phone.sync(room, ["message", "participant"])
    assert (sync.get("joined"), sync.get("id"), sync.get("nick")) == ("yes", ann_id, "Ann"), ET.tostring(sync)
    step("Ann's phone has found out by sync that the account is in the room")

    # Another account joins; its nick is taken, and it gets a variant.
    joining = await ben.ask("get", room, f"<join-form xmlns='{GC3}'/>")
    assert joining.find(f"{{{FORMS}}}x") is not None, ET.tostring(joining)
    topics = "<subscribe type='message'/><subscribe type='participant'/>"
    joined = await ben.ask("set", room, f"<join xmlns='{GC3}'>{form('join-form', nickname='ann')}{topics}</join>")
    ben_id, ben_nick = joined.get("id"), joined.findtext(f"{{{NICK}}}nick")
    assert ben_nick == "ann 2" and ben_id != ann_id, ET.tostring(joined)
    await ben_phone.until("the room's subscription", asks)
    ben_phone.send_presence(pto=room, ptype="subscribed")

    def tells(ident, name, value):
        def test(stanza):
            items = stanza.findall(f"{{{GC3}}}participants/{{{GC3}}}item")
            return any(item.get("id") == ident and item.get(name) == value for item in items)

        return test

    await ann_phone.until("the news of Ben", tells(ben_id, "nick", "ann 2"))
    step("Ben has joined, and Ann's phone has heard of it")

    # All devices hear; presence sessions by what their caps say, the others by what they asked for.
    await asyncio.sleep(1)
    ann.say(room, "good morning", "m1")
    ids = set()
    for device in everyone:
        message = await device.hears(room, "good morning")
        assert message.get("from") == f"{room}/{ann_id}" and message.get("id") == "m1"
        assert message.findtext(f"{{{NICK}}}nick") == "Ann"
        assert message.find(f"{{{OCCUPANT}}}occupant-id").get("id") == ann_id
        ids.add(sid(message))
    assert len(ids) == 1 and None not in ids, ids
    step("a message has reached all four devices under one id")

    # Unsubscribing is for one device, and can be taken back.
    await ben_phone.ask("set", room, f"<unsubscribe xmlns='{GC3}' type='message'/>")
    ann_phone.say(room, "not for the phone", "m2")
    for device in (ann, ann_phone, ben):
        await device.hears(room, "not for the phone")
    await ben_phone.ask("set", room, f"<subscribe xmlns='{GC3}' type='message'/>")
    ben.say(room, "for the phone again", "m3")
    await ben_phone.hears(room, "for the phone again")
    assert not any(stanza.findtext(f"{{{CLIENT}}}body") == "not for the phone" for stanza in ben_phone.got)
    step("a device that unsubscribed heard nothing until it subscribed again")

    # The archive.
    kept = await ann_phone.archive(room)
    texts = [message.findtext(f"{{{CLIENT}}}body") for _, message in kept]
    assert texts == ["good morning", "not for the phone", "for the phone again"], texts
    assert kept[0][0] in ids
    page = await ben.archive(room, after=kept[1][0])
    assert [ident for ident, _ in page] == [kept[2][0]]
    step("the archive has all three messages")

    # What is odd is refused or ignored, and stops nothing.
    deep = "<a xmlns='urn:example:deep'>" + "<b>" * 2000 + "</b>" * 2000 + "</a>"
    wide = "<a xmlns='urn:example:wide'>" + "<b/>" * 50000 + "</a>"
    for odd in (deep, wide):
        ben.send_raw(f"<message to='{room}' type='groupchat' id='odd'><body>odd</body>{odd}</message>")
    ben.send_raw(f"<iq to='{room}' type='get' id='odd1'/>")
    ben.send_raw(f"<presence to='{room}/\N{TEACUP WITHOUT HANDLE}'><priority>high</priority></presence>")
    ben.send_raw(f"<message to='{room}' type='nonsense'><body>a</body><body>b</body><thread/><thread/></message>")
    assert await ben.refused("get", f"nobody@{SERVICE}", f"<sync xmlns='{GC3}'/>") == "item-not-found"
    await ben.ask("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>")
    step("odd stanzas have stopped nothing")

    # The host is killed in the middle of a conversation.
    before = await ann.sync(room)
    marks = [len(device.got) for device in everyone]

    async def talk(device, name, count):
        for n in range(count):
            device.say(room, f"{name} {n}", f"{name}-{n}")
            await asyncio.sleep(0.25)

    # No more than a room takes from one participant: 20 at once, and one a second.
    talks = [asyncio.create_task(talk(ann, "tea", 14)), asyncio.create_task(talk(ben, "cake", 14))]
    await ben.hears(room, "tea 4", marks[2])
    await host("kill")
    await asyncio.sleep(0.5)
    await host("start")
    await asyncio.gather(*talks)
    step("the host was killed and started while both talked")
    ann.say(room, "who is there?", "m4")
    for device, mark in zip(everyone, marks):
        await device.hears(room, "who is there?", mark)
    step("all four devices hear the room again, without doing anything")

    kept = await ben_phone.archive(room)
    order = [ident for ident, _ in kept]
    texts = {ident: message.findtext(f"{{{CLIENT}}}body") for ident, message in kept}
    assert len(order) == len(set(order)), "something was archived twice"
    for device, mark in zip(everyone, marks):
        live = []
        for stanza in device.got[mark:]:
            if stanza.get("type") == "groupchat" and sid(stanza) is not None and sid(stanza) not in live:
                live.append(sid(stanza))
                assert texts.get(sid(stanza)) == stanza.findtext(f"{{{CLIENT}}}body"), "what was heard is not archived"
        assert [ident for ident in order if ident in live] == live, "the order differs"
        missing = [texts[ident] for ident in order[3:] if ident not in live]
        assert not missing, f"{device.boundjid} never heard {missing}"
    said = [text for text in texts.values() if text.startswith(("tea", "cake"))]
    errors = [stanza.get("id") for device in (ann, ben) for stanza in device.got if stanza.get("type") == "error"]
    bounced = [ident for ident in errors if ident.startswith(("tea-", "cake-"))]
    assert not [ident for ident in bounced if ident.replace("-", " ") in said], "archived, and yet it came back"
    lost = [
        f"{name} {n}" for name in ("tea", "cake") for n in range(14)
        if f"{name} {n}" not in said and f"{name}-{n}" not in bounced
    ]
    step(f"of 28 messages {len(said)} are archived and heard by all, {len(bounced)} came back, {len(lost)} were on the wire")
    assert len(said) >= 14, said

    # sync tells each device the truth.
    for device in everyone:
        sync = await device.sync(room, version=before.get("version"), last=order[-1])
        who = (ann_id, "Ann") if device in (ann, ann_phone) else (ben_id, "ann 2")
        assert (sync.get("joined"), sync.get("session")) == ("yes", "yes"), ET.tostring(sync)
        assert (sync.get("id"), sync.get("nick")) == who, ET.tostring(sync)
        assert "message" in sync.get("subscribed").split(), ET.tostring(sync)
        assert (sync.get("last"), sync.get("missed")) == (order[-1], "no"), ET.tostring(sync)
        assert sync.get("version") == before.get("version"), ET.tostring(sync)
    sync = await ann_phone.sync(room, last=order[5])
    assert sync.get("missed") == "yes", ET.tostring(sync)
    step("sync tells each device that it is joined, what is newest, and what it missed")

    # Leaving; the nick of who left is still known.
    await ben.ask("set", room, f"<leave xmlns='{GC3}'/>")
    await ann_phone.until("the news that Ben left", tells(ben_id, "why", "left"))
    changes = await ann.ask("get", room, f"<participants xmlns='{GC3}' since='{before.get('version')}'/>")
    left = [item for item in changes if item.get("id") == ben_id]
    assert left and left[0].get("nick") == "ann 2" and left[0].get("left"), ET.tostring(changes)
    found = await ann.ask("get", room, f"<participants xmlns='{GC3}'><item id='{ben_id}'/></participants>")
    assert [item.get("nick") for item in found] == ["ann 2"], ET.tostring(found)
    sync = await ben_phone.sync(room)
    assert sync.get("joined") == "no" and sync.find(f"{{{GC3}}}left").get("why") == "left", ET.tostring(sync)
    since = len(ben_phone.got)
    ann.say(room, "he is gone", "m5")
    await ann_phone.hears(room, "he is gone")
    ben.say(room, "am I?", "m6")
    await ben.until("the refusal", lambda s: s.get("id") == "m6" and s.get("type") == "error")
    assert not any(stanza.findtext(f"{{{CLIENT}}}body") == "he is gone" for stanza in ben_phone.got[since:])
    step("Ben has left: his nick is still known, and he hears nothing any more")

    # A quiet restart: nothing is sent twice.
    await asyncio.sleep(1)
    marks = [len(device.got) for device in (ann, ann_phone)]
    await host("kill")
    await host("start")
    ann_phone.say(room, "good night", "m7")
    for device, mark in zip((ann, ann_phone), marks):
        await device.hears(room, "good night", mark)
        bodies = [stanza.findtext(f"{{{CLIENT}}}body") for stanza in device.got[mark:]]
        assert [body for body in bodies if body] == ["good night"], bodies
    step("killed while nobody spoke, it has said nothing twice")
    for device in everyone:
        device.disconnect()
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(scenario(int(sys.argv[1])))
    step("done")
