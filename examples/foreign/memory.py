"""What a server remembers of an account: its archive (XEP-0313), and what it keeps for later (XEP-0160).

Orders to the host of a vector are what a real server does silently. It is asked afterwards: for its archive by any
session, for its offline store by the means that each server has.
"""

import re

from servers import DOMAIN

MAM, FORWARD, OFFLINE, RSM = (
    "urn:xmpp:mam:2", "urn:xmpp:forward:0", "http://jabber.org/protocol/offline", "http://jabber.org/protocol/rsm")
# As `serve` writes them in vectors.
SEEN = ["archive", "store-offline"]


class Memory:
    """What came into the archive and the offline store of one account since it was last looked at."""

    def __init__(self, server, directory, user, session):
        self.server, self.directory, self.user, self.session = server, directory, user, session
        self.last, self.kept, self.known = None, [], {}

    def news(self):
        """The orders that a host would have been given."""
        return [*self.archived(), *self.stored()]

    def archived(self):
        after = "<set xmlns='%s'>%s</set>" % (RSM, "<after>%s</after>" % self.last if self.last else "")
        results = self.collect("<iq type='set' id='memory'><query xmlns='%s' queryid='memory'>%s</query></iq>"
                               % (MAM, after), "{%s}result" % MAM)
        for result in results:
            self.last = result.get("id")
            message = result[0].find("{jabber:client}message")
            # Without `from` or `to` it is from the account, or for it.
            own = "%s@%s" % (self.user, DOMAIN)
            from_, to = message.get("from") or own, message.get("to") or own
            out = from_.partition("/")[0] == own
            with_ = to if out else from_
            yield order("archive", id=result.get("id"), direction="out" if out else "in",
                        message=message.get("id"), **{"with": with_})

    def stored(self):
        before, self.kept = list(self.kept), self.prosody() if self.server == "prosody" else self.ejabberd()
        for id_ in self.kept:
            if id_ in before:
                before.remove(id_)
            else:
                yield order("store-offline", message=id_)

    def prosody(self):
        """The file of the account, which the server writes before it answers."""
        name = "".join(c if c.isalnum() else "%%%02x" % ord(c) for c in self.user)
        path = self.directory / "data" / DOMAIN.replace(".", "%2e") / "offline" / (name + ".list")
        if not path.exists():
            return []
        ids = []
        for item in re.split(r"(?m)^item\(", path.read_text())[1:]:
            # What is deepest comes with the most tabs: the stanza's own attributes have the fewest.
            found = sorted(re.findall(r'(?m)^(\t+)\["id"\] = "([^"]*)";', item), key=lambda pair: len(pair[0]))
            ids.append(found[0][1] if found else None)
        return ids

    def ejabberd(self):
        """What a session may look at without taking it away (XEP-0013)."""
        asked = "<iq type='get' id='memory'><query xmlns='http://jabber.org/protocol/disco#items' node='%s'/></iq>" % OFFLINE
        nodes = [item.get("node") for item in self.session.ask(asked, "memory")[0]]
        for node in nodes:
            if node not in self.known:
                view = "<item action='view' node='%s'/>" % node
                messages = self.collect("<iq type='get' id='memory'><offline xmlns='%s'>%s</offline></iq>" % (OFFLINE, view))
                self.known[node] = messages[0].get("id")
        return [self.known[node] for node in nodes]

    def collect(self, iq, tag=None):
        """Asks, and gives the messages that come before the answer, or what they hold under a name."""
        inbox, self.session.inbox = self.session.inbox, []
        self.session.ask(iq, "memory")
        found, self.session.inbox = self.session.inbox, inbox
        messages = [element for element in found if element.tag == "{jabber:client}message"]
        return messages if tag is None else [one for one in (m.find(tag) for m in messages) if one is not None]


def order(name, **facts):
    """An order to the host of a vector."""
    from xml.sax.saxutils import quoteattr
    words = "".join(" %s=%s" % (key, quoteattr(value)) for key, value in facts.items() if value is not None)
    return "<%s xmlns='xmpp-machines:imng:0'%s/>" % (name, words)
