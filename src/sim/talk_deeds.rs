//! What can be done in a random conversation with a room service.

/// What can be done: how often out of the sum of all, and the stanza with its gaps. `{from}` is a device, `{account}`
/// its account, `{id}` something that anybody was told as an id, `{other}` another account.
pub(super) const DEEDS: &[(u32, &str)] = &[
    (
        11,
        "<iq type='set' id='s{step}' from='{from}' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{create-form}{nickname}<field var='urn:xmpp:gc3:fields:kind'><value>{kind}</value></field>\
         <field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field></x><subscribe type='{topic}'/></create></iq>",
    ),
    (
        13,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><join xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{join-form}{nickname}{password-field}</x><subscribe type='{topic}'/></join></iq>",
    ),
    (4, "<iq type='set' id='s{step}' from='{from}' to='{room}'><leave xmlns='urn:xmpp:gc3:0'/></iq>"),
    (
        5,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><subscribe xmlns='urn:xmpp:gc3:0' type='{topic}'/></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><unsubscribe xmlns='urn:xmpp:gc3:0' type='{topic}'/></iq>",
    ),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}'><sync xmlns='urn:xmpp:gc3:0' last='{id}'/></iq>"),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><sync xmlns='urn:xmpp:gc3:0' last='{id}'>\
         <subscribe type='message'/></sync></iq>",
    ),
    (
        3,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0' since='{id}'/></iq>",
    ),
    (
        2,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'><item id='{id}'/>\
         </participants></iq>",
    ),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}'><access xmlns='urn:xmpp:gc3:0'/></iq>"),
    (
        5,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><access xmlns='urn:xmpp:gc3:0'>\
         <item jid='{other}' affiliation='{affiliation}'/></access></iq>",
    ),
    (
        2,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'>\
         <item id='{id}' kick='yes'><reason>late</reason></item></participants></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participants xmlns='urn:xmpp:gc3:0'>\
         <item id='{id}' affiliation='{affiliation}'/></participants></iq>",
    ),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><config xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{config}{setting}</x></config></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><participant xmlns='urn:xmpp:gc3:0'>\
         <x xmlns='jabber:x:data' type='submit'>{participant}{nickname}</x></participant></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><destroy xmlns='urn:xmpp:gc3:0'>\
         <reason>cold</reason></destroy></iq>",
    ),
    (
        2,
        "<iq type='get' id='s{step}' from='{from}' to='{room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    ),
    (
        1,
        "<iq type='get' id='s{step}' from='{from}' to='rooms.example'>\
         <query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    ),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><group-access-list xmlns='urn:xmpp:entity-acl:0'>{group}\
         <action id='{verb}' value='{value}'/></group-access-list></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><acl-groups xmlns='urn:xmpp:entity-acl:0'>{group}\
         <group type='xmpp-machines:acl:0#role' address='moderator'/>\
         <group type='xmpp-machines:acl:0#role' address='participant'/>\
         <group type='xmpp-machines:acl:0#role' address='visitor'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='owner'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='admin'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='member'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='none'/>\
         <group type='xmpp-machines:acl:0#affiliation' address='outcast'/>\
         <group type='urn:xmpp:entity-acl:0' address='urn:xmpp:entity-acl:everyone:0'/></acl-groups></iq>",
    ),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}'><my-access xmlns='xmpp-machines:acl:0'/></iq>"),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'>\
         <command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{hats}'>\
         <x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>\
         <field var='hats#uri'><value>urn:x-hat:tea</value></field>\
         <field var='hats#title'><value>Tea</value></field>\
         <field var='hats#jid'><value>{other}</value></field></x></command></iq>",
    ),
    (1, "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='urn:xmpp:mam:2' queryid='q'/></iq>"),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before>{id}</before></set></query></iq>",
    ),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><vCard xmlns='vcard-temp'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}'><brew xmlns='urn:example:tea'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='rooms.example'/>"),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><report-participant xmlns='urn:xmpp:gcreport:0'>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>\
         <report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'/></report-participant></iq>",
    ),
    (2, "<presence type='subscribed' from='{account}' to='{room}'/>"),
    (1, "<presence type='unsubscribed' from='{account}' to='{room}'/>"),
    (4, "<presence from='{from}' to='{room}'><show>away</show></presence>"),
    (
        2,
        "<presence from='{from}' to='{room}'>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='x' ver='{kind}'/></presence>",
    ),
    (3, "<presence type='unavailable' from='{from}' to='{room}'/>"),
    (
        2,
        "<message type='error' id='m{how}' from='{from}' to='{room}'><error type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
    (
        2,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'>\
         <retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'>\
         <retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>",
    ),
    (2, "<message type='groupchat' id='m{step}' from='{from}' to='{room}'><subject>Cake</subject></message>"),
    (
        1,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'>\
         <reactions xmlns='urn:xmpp:reactions:0' id='{id}'><reaction>+</reaction></reactions></message>",
    ),
    (2, "<message type='chat' id='m{step}' from='{from}' to='{room}/{id}'><body>psst</body></message>"),
    (
        9,
        "<message type='groupchat' id='m{step}' from='{from}' to='{room}'><body>hello {step}</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{room}' id='{id}'/></message>",
    ),
    (
        13,
        "<presence id='p{step}' from='{from}' to='{room}/{name}'><show>away</show>\
         <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='{how}'/>{password}</x></presence>",
    ),
    (8, "<presence from='{from}' to='{room}/{name}'><status>{step}</status></presence>"),
    (3, "<presence type='unavailable' from='{from}' to='{room}/{name}'><status>bye</status></presence>"),
    (
        2,
        "<presence type='error' from='{from}' to='{room}/{name}'><error type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    ),
    (
        2,
        "<message type='error' id='m{how}' from='{from}' to='{room}/{name}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ),
    (3, "<message type='chat' id='m{step}' from='{from}' to='{room}/{name}'><body>psst</body></message>"),
    (3, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><query xmlns='jabber:iq:version'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><vCard xmlns='vcard-temp'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='{room}/{name}'><query xmlns='jabber:iq:version'/></iq>"),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{room}/{name}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    (
        16,
        "<presence id='p{step}' from='{from}' to='{room}'><x xmlns='http://jabber.org/protocol/muc'>\
         <muc2 xmlns='urn:xmpp:muc:0'><nickname>{name}</nickname><presence level='{level}'/></muc2></x></presence>",
    ),
    (
        3,
        "<presence id='p{step}' from='{from}' to='{room}'><show>dnd</show><x xmlns='http://jabber.org/protocol/muc'>\
         <muc2 xmlns='urn:xmpp:muc:0'/><visibility type='{visibility}'/></x></presence>",
    ),
    (5, "<presence from='{from}' to='{room}/{id}'><status>{step}</status></presence>"),
    (3, "<presence type='unavailable' from='{from}' to='{room}/{id}'><status>bye</status></presence>"),
    (2, "<iq type='get' id='s{step}' from='{from}' to='{room}/{id}'><query xmlns='jabber:iq:version'/></iq>"),
    (2, "<iq type='result' id='{id}' from='{from}' to='{room}/{id}'/>"),
    (
        2,
        "<iq type='set' id='s{step}' from='{account}' to='{room}'><join xmlns='urn:xmpp:muc:0'>\
         <nickname>{name}</nickname></join></iq>",
    ),
    (1, "<iq type='set' id='s{step}' from='{account}' to='{room}'><leave xmlns='urn:xmpp:muc:0'/></iq>"),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{room}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item nick='{name}' role='{role}'/></query></iq>",
    ),
    (
        6,
        "<presence id='p{step}' from='{from}' to='cake@rooms.example/{name}'>\
         <x xmlns='http://jabber.org/protocol/muc'>{password}</x></presence>",
    ),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='cake@rooms.example'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='cake@rooms.example'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='tea@rooms.example'><reason>cold</reason></destroy></query></iq>",
    ),
    (
        1,
        "<iq type='get' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'/></iq>",
    ),
    (
        6,
        "<iq type='set' id='s{step}' from='{chief}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{option}</x></query></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{chief}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{name}' role='{role}'/></query></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{chief}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item jid='{other}' affiliation='{affiliation}'/></query></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{chief}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item jid='{other}' affiliation='member' nick='{name}'/>\
         <item jid='elm.example' affiliation='{affiliation}'/></query></iq>",
    ),
    (
        2,
        "<iq type='get' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query></iq>",
    ),
    (
        1,
        "<iq type='get' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item role='{role}'/></query></iq>",
    ),
    (
        3,
        "<iq type='set' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
         <field var='muc#register_roomnick'><value>{name}</value></field></x></query></iq>",
    ),
    (
        1,
        "<iq type='get' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='jabber:iq:register'/></iq>",
    ),
    (
        1,
        "<iq type='set' id='s{step}' from='{from}' to='{place}'>\
         <query xmlns='jabber:iq:register'><remove/></query></iq>",
    ),
    (
        2,
        "<message id='m{step}' from='{chief}' to='{place}'>\
         <x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
         <field var='muc#jid'><value>{other}</value></field>\
         <field var='muc#register_allow'><value>{yes}</value></field></x></message>",
    ),
    (
        2,
        "<message id='m{step}' from='{from}' to='{place}'>\
         <x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>\
         <field var='muc#role'><value>participant</value></field></x></message>",
    ),
    (
        2,
        "<message id='m{step}' from='{chief}' to='{place}'>\
         <x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>\
         <field var='muc#role'><value>participant</value></field><field var='muc#roomnick'><value>{name}</value></field>\
         <field var='muc#request_allow'><value>{yes}</value></field></x></message>",
    ),
    (
        2,
        "<message id='m{step}' from='{from}' to='{place}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><invite to='{other}'/></x></message>",
    ),
    (
        1,
        "<message id='m{step}' from='{from}' to='{place}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><decline to='{place}/{name}'/></x></message>",
    ),
    (
        3,
        "<message type='groupchat' id='m{step}' from='{from}' to='{place}'>\
         <reactions xmlns='urn:xmpp:reactions:0' id='{id}'>{faces}</reactions></message>",
    ),
    (3, "<message type='groupchat' id='m{step}' from='{from}' to='{place}'><body>hello {step}</body></message>"),
    (
        4,
        "<iq type='set' id='s{step}' from='{from}' to='{place}'>\
         <request xmlns='urn:xmpp:muc-token-invite:0'{uses}/></iq>",
    ),
    (1, "<iq type='get' id='s{step}' from='{from}' to='{place}'><tokens xmlns='urn:xmpp:muc-token-invite:0'/></iq>"),
    (
        2,
        "<iq type='set' id='s{step}' from='{from}' to='{place}'>\
         <revoke xmlns='urn:xmpp:muc-token-invite:0'>{token}</revoke></iq>",
    ),
    (3, "<presence from='{from}' to='rooms.example'><rai xmlns='urn:xmpp:rai:0'/></presence>"),
    (2, "<presence type='unavailable' from='{from}' to='rooms.example'/>"),
    (2, "<presence type='unavailable' from='{from}' to='cake@rooms.example/{name}'/>"),
    // Not a stanza: the service shuts down.
    (1, super::talk::SHUTDOWN),
    // Not a stanza: the host was restored from a state that may be too old.
    (1, ""),
];
