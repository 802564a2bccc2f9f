"""Two people upload files for each purpose, read them, run into a quota, and wait until their time is over.

Started by live.rs: live.py C2S_PORT HTTP_PORT. It prints what it does, one step a line; a line "host: ..." asks live.rs to
do that to the service, and a line on standard input says that it is done. Any other end than exit status 0 is a failure.
"""

import asyncio
import datetime
import logging
import os
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

from slixmpp.exceptions import IqError

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", "component", "tests"))
from stage.clients import DOMAIN, Device, host, step  # noqa: E402

SERVICE = f"upload.{DOMAIN}"
UPLOAD, PURPOSE, FORMS = "urn:xmpp:http:upload:0", "urn:xmpp:http:upload:purpose:0", "jabber:x:data"
URL = "https://files.tea.example/"


def stamp(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def http(method, url, body=None, headers=()):
    """Status, headers and body of an HTTP request."""

    # What stands before the service and speaks TLS is left out.
    assert url.startswith(URL), url
    url = url.replace(URL, f"http://127.0.0.1:{sys.argv[2]}/")

    def go():
        request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    return await asyncio.get_running_loop().run_in_executor(None, go)


class Slot:
    def __init__(self, slot):
        put, get = slot.find(f"{{{UPLOAD}}}put"), slot.find(f"{{{UPLOAD}}}get")
        self.put_url, self.url = put.get("url"), get.get("url")
        self.headers = {header.get("name"): header.text for header in put}

    async def put(self, body, **more):
        headers = self.headers | {"Content-Type": "image/webp"} | more
        return (await http("PUT", self.put_url, body, headers.items()))[0]

    async def get(self, method="GET", **headers):
        return await http(method, self.url, None, headers.items())


async def slot(device, name, size, purpose="", content_type="image/webp"):
    request = (
        f"<request xmlns='{UPLOAD}' filename='{name}' size='{size}' content-type='{content_type}'>{purpose}</request>"
    )
    return Slot(await device.ask("get", SERVICE, request))


async def refused(device, name, size, purpose=""):
    """Condition, and when to try again if that is said."""
    try:
        await slot(device, name, size, purpose)
    except IqError as error:
        retry = error.iq.xml.find(f".//{{{UPLOAD}}}retry")
        return error.condition, None if retry is None else retry.get("stamp")
    raise AssertionError(f"a slot for {size} bytes was granted")


def purpose(kind, **attributes):
    inside = "".join(f" {name.replace('_', '-')}='{value}'" for name, value in attributes.items())
    return f"<{kind} xmlns='{PURPOSE}'{inside}/>"


async def scenario(port):
    ann, ben = Device(f"ann@{DOMAIN}/laptop", port), Device(f"ben@{DOMAIN}/desk", port)
    for device in (ann, ben):
        await device.start()
    info = await ann.ask("get", SERVICE, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    features = {feature.get("var") for feature in info if feature.get("var")}
    assert UPLOAD in features and f"{PURPOSE}#ephemeral" in features, features
    assert any(identity.get("type") == "file" for identity in info), ET.tostring(info)
    fields = {field.get("var"): field.findtext(f"{{{FORMS}}}value") for field in info.findall(f".//{{{FORMS}}}field")}
    assert fields.get("max-file-size"), fields
    step(f"the service offers {', '.join(sorted(f.partition('#')[2] for f in features if f.startswith(PURPOSE)))}")

    # Each purpose, there and back.
    soon = purpose("ephemeral", expire_before=stamp(3600))
    kinds = {"message": "", "profile": purpose("profile"), "ephemeral": soon, "permanent": purpose("permanent")}
    files, pictures = {}, {}
    for kind, child in kinds.items():
        picture = pictures[kind] = os.urandom(4000 if kind == "profile" else 9000)
        files[kind] = await slot(ann, f"{kind}.webp", len(picture), child)
        status, _, _ = await files[kind].get()
        assert status == 404, f"nothing is there yet, but {status}"
        assert await files[kind].put(picture) == 201
        status, headers, body = await files[kind].get()
        assert (status, body) == (200, picture), (status, len(body))
        assert headers["Content-Type"] == "image/webp" and headers["X-Content-Type-Options"] == "nosniff", headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], headers
        step(f"{kind}: stored and read again, Cache-Control: {headers['Cache-Control']}")
    _, headers, _ = await files["ephemeral"].get()
    assert headers["Cache-Control"].startswith("private") and headers["Expires"], headers
    status, headers, body = await files["message"].get("HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "9000"), (status, headers)
    status, headers, body = await files["message"].get(Range="bytes=10-19")
    assert (status, body) == (206, pictures["message"][10:20]), (status, headers)

    # What is wrong is refused, and nothing is stored.
    wrong = await slot(ben, "wrong.webp", 100)
    assert await wrong.put(b"x" * 99) in (400, 403, 413)
    assert (await wrong.get())[0] in (404, 410)
    forged = await slot(ben, "forged.webp", 100)
    assert await forged.put(b"x" * 100, Authorization="Bearer nonsense") == 403
    assert await files["message"].put(pictures["message"]) in (403, 409), "a slot is used once"
    assert (await http("GET", URL + "a" * 26 + "/message.webp"))[0] == 404
    assert (await refused(ben, "big.webp", 10_000_000))[0] == "not-acceptable"
    assert (await refused(ben, "a/b", 10))[0] == "bad-request"
    assert (await refused(ben, "late.webp", 10, purpose("ephemeral", expire_before=stamp(-60))))[0] == "not-acceptable"
    step("wrong lengths, forged and used slots, files too large and moments gone by are refused")

    # The service is killed in the middle of everything.
    open_slot = await slot(ann, "after.webp", 9000)
    await host("kill")
    await host("start")
    for kind, file in files.items():
        status, _, body = await file.get()
        assert (status, body) == (200, pictures[kind]), f"{kind} was lost: {status}"
    assert await open_slot.put(bytes(9000)) == 201
    step("killed and started again, it still has every file, and the slot that was open still takes one")

    # Ben's quota: 40 kB for messages, of which the oldest go first, down to 30 kB.
    mine = []
    for n in range(5):
        mine.append(await slot(ben, f"{n}.webp", 9000))
        assert await mine[n].put(bytes([n]) * 9000) == 201
        await asyncio.sleep(0.05)
    there = [(await file.get())[0] for file in mine]
    assert there == [410, 410, 200, 200, 200], there
    assert (await files["message"].get())[0] == 200, "somebody else's file went"
    step("beyond his quota, Ben's two oldest files made room for the newest; nobody else's did")
    await slot(ben, "p1.webp", 4000, purpose("profile"))
    condition, retry = await refused(ben, "p2.webp", 4000, purpose("profile"))
    assert condition == "resource-constraint", condition
    step(f"a quota that nothing may be deleted for is refused; he may try again at {retry}")

    # Deadlines: messages live for eight seconds here.
    status = 200
    for _ in range(100):
        status, _, _ = await files["message"].get()
        if status != 200:
            break
        await asyncio.sleep(0.2)
    assert status == 410, status
    assert (await files["permanent"].get())[0] == 200
    step("past its deadline a message's file is gone; what is permanent stays")
    for device in (ann, ben):
        device.disconnect()
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(scenario(int(sys.argv[1])))
    step("done")
