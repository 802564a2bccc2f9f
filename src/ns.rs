//! Every namespace once, with the specification that owns it.

macro_rules! namespaces {
    ($($name:ident = $value:literal, $spec:literal;)*) => {
        $(#[doc = concat!("`", $value, "` — ", $spec, ".")] pub const $name: &str = $value;)*
    };
}

namespaces! {
    CLIENT = "jabber:client", "RFC 6120: stanzas, in this crate of any stream";
    SERVER = "jabber:server", "RFC 6120: stanzas between servers, mapped to `jabber:client` when read";
    COMPONENT = "jabber:component:accept", "XEP-0114: stanzas of a component, mapped to `jabber:client` when read";
    STREAM = "http://etherx.jabber.org/streams", "RFC 6120: the stream's own elements";
    STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas", "RFC 6120: stanza error conditions";
    STREAMS = "urn:ietf:params:xml:ns:xmpp-streams", "RFC 6120: stream error conditions";
    XML = "http://www.w3.org/XML/1998/namespace", "XML: the prefix `xml`";
    XMLNS = "http://www.w3.org/2000/xmlns/", "XML: the prefix `xmlns`";

    ROSTER = "jabber:iq:roster", "RFC 6121: the roster";
    DATA = "jabber:x:data", "XEP-0004: data forms";
    DATA_VALIDATE = "http://jabber.org/protocol/xdata-validate", "XEP-0122: validation of data forms";
    COMMANDS = "http://jabber.org/protocol/commands", "XEP-0050: ad-hoc commands";
    DISCO_INFO = "http://jabber.org/protocol/disco#info", "XEP-0030: what an entity is";
    DISCO_ITEMS = "http://jabber.org/protocol/disco#items", "XEP-0030: what an entity holds";
    ADDRESS = "http://jabber.org/protocol/address", "XEP-0033: extended addressing";
    MUC = "http://jabber.org/protocol/muc", "XEP-0045: joining";
    MUC_USER = "http://jabber.org/protocol/muc#user", "XEP-0045: occupants";
    MUC_ROOMINFO = "http://jabber.org/protocol/muc#roominfo", "XEP-0045: the form in disco#info";
    MUC_STABLE_ID = "http://jabber.org/protocol/muc#stable_id", "XEP-0045: the room keeps message ids";
    SELF_PING = "http://jabber.org/protocol/muc#self-ping-optimization", "XEP-0410: self-ping";
    RSM = "http://jabber.org/protocol/rsm", "XEP-0059: result set management";
    PUBSUB = "http://jabber.org/protocol/pubsub", "XEP-0060: publish-subscribe";
    PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event", "XEP-0060: notifications";
    VCARD = "vcard-temp", "XEP-0054: vcard-temp";
    VCARD_UPDATE = "vcard-temp:x:update", "XEP-0153: vCard-based avatars";
    VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0", "XEP-0292: vCard4";
    AVATAR_DATA = "urn:xmpp:avatar:data", "XEP-0084: avatar data";
    AVATAR_METADATA = "urn:xmpp:avatar:metadata", "XEP-0084: avatar metadata";
    DELAY = "urn:xmpp:delay", "XEP-0203: delayed delivery";
    DELAY_LEGACY = "jabber:x:delay", "XEP-0091: legacy delayed delivery";
    CAPS = "http://jabber.org/protocol/caps", "XEP-0115: entity capabilities";
    CAPS2 = "urn:xmpp:caps", "XEP-0390: entity capabilities 2.0";
    HASHES = "urn:xmpp:hashes:2", "XEP-0300: hashes";
    IDLE = "urn:xmpp:idle:1", "XEP-0319: last user interaction in presence";
    NICK = "http://jabber.org/protocol/nick", "XEP-0172: nicknames";
    PING = "urn:xmpp:ping", "XEP-0199: ping";
    CARBONS = "urn:xmpp:carbons:2", "XEP-0280: message carbons";
    FORWARD = "urn:xmpp:forward:0", "XEP-0297: stanza forwarding";
    BLOCKING = "urn:xmpp:blocking", "XEP-0191: blocking";
    BLOCKING_ERRORS = "urn:xmpp:blocking:errors", "XEP-0191: why a stanza was not sent";
    CARBONS_RULES = "urn:xmpp:carbons:rules:0", "XEP-0280: which messages are copied";
    CHAT_STATES = "http://jabber.org/protocol/chatstates", "XEP-0085: chat states";
    CONFERENCE = "jabber:x:conference", "XEP-0249: direct invitations";
    IMNG = "urn:xmpp:im-ng:0", "XEP-0409: IM routing";
    MARKERS = "urn:xmpp:chat-markers:0", "XEP-0333: markers";
    RECEIPTS = "urn:xmpp:receipts", "XEP-0184: receipts";
    ROUTE = "xmpp-machines:route:0", "routing stated per message, of this project";
    CORRECT = "urn:xmpp:message-correct:0", "XEP-0308: last message correction";
    OOB = "jabber:x:oob", "XEP-0066: out-of-band data";
    HINTS = "urn:xmpp:hints", "XEP-0334: processing hints";
    MAM = "urn:xmpp:mam:2", "XEP-0313: message archive management";
    MAM_EXTENDED = "urn:xmpp:mam:2#extended", "XEP-0313: extended queries";
    PSA = "urn:xmpp:psa", "XEP-0310: presence state annotations";
    HATS = "urn:xmpp:hats:0", "XEP-0317: hats";
    SM = "urn:xmpp:sm:3", "XEP-0198: stream management";
    SID = "urn:xmpp:sid:0", "XEP-0359: unique and stable stanza ids";
    REPORTING = "urn:xmpp:reporting:1", "XEP-0377: reports";
    REFERENCE = "urn:xmpp:reference:0", "XEP-0372: references";
    FALLBACK = "urn:xmpp:fallback:0", "XEP-0428: fallback indication";
    EME = "urn:xmpp:eme:0", "XEP-0380: explicit message encryption";
    OMEMO = "urn:xmpp:omemo:2", "XEP-0384: OMEMO";
    OMEMO_LEGACY = "eu.siacs.conversations.axolotl", "XEP-0384 before version 0.4";
    PGP_LEGACY = "jabber:x:encrypted", "XEP-0027: OpenPGP before XEP-0373";
    OPENPGP = "urn:xmpp:openpgp:0", "XEP-0373: OpenPGP";
    OCCUPANT_ID = "urn:xmpp:occupant-id:0", "XEP-0421: occupant ids";
    RETRACT = "urn:xmpp:message-retract:1", "XEP-0424: message retraction";
    RETRACT_TOMBSTONE = "urn:xmpp:message-retract:1#tombstone", "XEP-0424: tombstones";
    MODERATE = "urn:xmpp:message-moderate:1", "XEP-0425: moderated retraction";
    JINGLE_MESSAGE = "urn:xmpp:jingle-message:0", "XEP-0353: call invitations before there were others";
    SFS = "urn:xmpp:sfs:0", "XEP-0447: stateless file sharing";
    CALL_INVITES = "urn:xmpp:call-invites:0", "XEP-0482: call invites";
    REACTIONS = "urn:xmpp:reactions:0", "XEP-0444: reactions";
    MAV = "urn:xmpp:muc:affiliations:1", "XEP-0463: affiliation versioning";
    RELATED = "urn:xmpp:related:0", "ProtoXEP related entities";
    MMN = "urn:xmpp:mmn:0", "XEP-0452: mention notifications";
    REPLY = "urn:xmpp:reply:0", "XEP-0461: replies";
    MENTIONS = "urn:xmpp:mentions:0", "XEP-0513: explicit mentions";
    GC3 = "urn:xmpp:gc3:0", "ProtoXEP group chat 3";
    MUC2 = "urn:xmpp:muc:0", "ProtoXEP new MUC";
    ENTITY_ACL = "urn:xmpp:entity-acl:0", "ProtoXEP entity access control lists";
    ACL = "xmpp-machines:acl:0", "this project's additions to access control lists";
    ACL_JID = "xmpp-machines:acl:0#jid", "groups of one account";
    ACL_DOMAIN = "xmpp-machines:acl:0#domain", "groups of the accounts of a domain";
    ACL_ROLE = "xmpp-machines:acl:0#role", "groups of who has a role";
    ACL_AFFILIATION = "xmpp-machines:acl:0#affiliation", "groups of who has an affiliation";
    GC_REPORT = "urn:xmpp:gcreport:0", "ProtoXEP group chat reporting";
}
