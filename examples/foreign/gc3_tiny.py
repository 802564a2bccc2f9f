#!/usr/bin/env python3
"""A room service without rooms: the smallest implementation that the vectors can be run against.

    xmpp-machines vectors --against "python3 examples/foreign/gc3_tiny.py"

It reads one JSON object a line and answers each with one. It knows what a service does before the first room exists,
and says "skip" to everything else, so that a vector that needs more counts neither as passed nor as failed. Start from
here: replace `skip` by what your implementation does, one rule after another.
"""

import json
import sys
import xml.etree.ElementTree as ET

CLIENT = "jabber:client"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
GC3 = "urn:xmpp:gc3:0"
REPORT = "urn:xmpp:gcreport:0"
FEATURES = [GC3, "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items",
            "http://jabber.org/protocol/rsm", "urn:xmpp:occupant-id:0", "http://jabber.org/protocol/muc#stable_id",
            "urn:xmpp:ping", REPORT]


class Skip(Exception):
    """What this implementation does not claim to do."""


class Service:
    """A service that nobody has created a room on."""

    def __init__(self, topic, domain, limits):
        if topic != "gc3":
            raise Skip("this is a room service")
        if limits:
            raise Skip("limits cannot be changed here")
        self.domain = domain

    def handle(self, stanza):
        """The stanzas that answer a stanza, and the rules that decided it."""
        kind = stanza.tag.removeprefix("{%s}" % CLIENT)
        type_ = stanza.get("type")
        if type_ in ("error", "result"):
            return [], ["gc3.G13.6"]
        if kind == "presence":
            raise Skip("presence is not implemented")
        if stanza.get("to") != self.domain:
            return [error(stanza, "cancel", "item-not-found")], ["gc3.G13.4"]
        if kind != "iq":
            raise Skip("messages to the service are not implemented")
        payload = stanza[0]
        namespace = payload.tag[1:].partition("}")[0]
        if type_ == "get" and payload.tag == "{%s}query" % DISCO_INFO and payload.get("node") is None:
            return [self.info(stanza)], ["gc3.G13.7"]
        if namespace in (GC3, REPORT, DISCO_INFO, DISCO_ITEMS):
            raise Skip("<%s/> to the service is not implemented" % payload.tag.partition("}")[2])
        return [error(stanza, "cancel", "service-unavailable")], ["gc3.G13.5"]

    def info(self, request):
        """What service discovery says about the service."""
        answer = reply(request, "result")
        query = ET.SubElement(answer, "{%s}query" % DISCO_INFO)
        ET.SubElement(query, "{%s}identity" % DISCO_INFO, category="conference", type="text")
        for feature in FEATURES:
            ET.SubElement(query, "{%s}feature" % DISCO_INFO, var=feature)
        return answer


def reply(stanza, type_):
    """The beginning of an answer."""
    head = {"type": type_, "to": stanza.get("from"), "from": stanza.get("to")}
    if stanza.get("id") is not None:
        head["id"] = stanza.get("id")
    return ET.Element(stanza.tag, head)


def error(stanza, type_, condition):
    """The error that answers a stanza."""
    answer = reply(stanza, "error")
    inside = ET.SubElement(answer, "{%s}error" % CLIENT, type=type_)
    ET.SubElement(inside, "{%s}%s" % (STANZAS, condition))
    return answer


def main():
    service = None
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        try:
            do = request["do"]
            if do == "start":
                service = Service(request.get("topic", "gc3"), request["domain"], request["limits"])
                answer["ok"] = True
            elif do == "in":
                out, answer["rules"] = service.handle(ET.fromstring(request["stanza"]))
                answer["out"] = [ET.tostring(stanza, encoding="unicode") for stanza in out]
            elif do == "wake":
                # Nothing ever becomes due here.
                answer["out"] = []
            else:
                raise Skip("the host has nothing to say here")
        except Skip as skip:
            answer = {"skip": str(skip)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
