//! The codec against itself and against `xso`: whatever the bytes, the split, the recipient.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use bytes::Bytes;
use minidom::Element;
use minidom::rxml::{Namespace, NcName};
use proptest::prelude::*;
use xmpp_machines::codec::{
    Condition, Fragment, Header, Incoming, Outgoing, ReadError, ReadFault, Reader, Stanza, StanzaError, StanzaKind,
    StanzaType, Writer,
};
use xmpp_machines::limits::CodecLimits;
use xmpp_machines::ns;

const HEADER: &str =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s1' version='1.0'>";

fn set(element: &mut Element, ns: &str, name: &str, value: &str) {
    let ns = if ns.is_empty() { Namespace::NONE } else { Namespace::from(ns.to_owned()) };
    element.attrs_mut().insert(ns, NcName::try_from(name).unwrap(), value.to_owned());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,12}",
        1 => "[\\t\\r\\n'\"&<>]{0,6}",
        1 => "[🍵é漢\u{fdd0}\u{fffd}\u{ef00}\u{85}]{0,4}",
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![ns::CLIENT, "", "urn:x:a", "urn:x:b?q='1'&r=<2>", ns::XML])
}

fn head() -> impl Strategy<Value = Element> {
    let attribute = (space(), prop::sample::select(vec!["a", "b", "lang", "é"]), text());
    (space(), prop::sample::select(vec!["x", "body", "y-1"]), prop::collection::vec(attribute, 0..4)).prop_map(
        |(ns, name, attributes)| {
            let mut element = Element::bare(name, ns);
            for (ns, name, value) in attributes {
                set(&mut element, ns, name, &value);
            }
            element
        },
    )
}

fn tree() -> impl Strategy<Value = Element> {
    head().prop_recursive(6, 40, 4, |inner| {
        (head(), prop::collection::vec((text(), prop::option::of(inner)), 0..4)).prop_map(|(mut element, nodes)| {
            for (text, child) in nodes {
                if !text.is_empty() {
                    element.append_text(text);
                }
                if let Some(child) = child {
                    element.append_child(child);
                }
            }
            element
        })
    })
}

fn stanza() -> impl Strategy<Value = Stanza> {
    let kinds = prop::sample::select(vec!["message", "presence", "iq"]);
    let address = prop::sample::select(vec!["ann@tea.example/Pot", "tea.example", "🍵@tea.example", "b'n@tea.example"]);
    let type_ = prop::sample::select(vec!["set", "chat", "error", "odd", "unavailable"]);
    (kinds, address.clone(), address, prop::option::of(type_), text(), prop::collection::vec(tree(), 0..3)).prop_map(
        |(kind, from, to, type_, id, children)| {
            let mut element = Element::bare(kind, ns::CLIENT);
            set(&mut element, "", "from", from);
            set(&mut element, "", "to", to);
            set(&mut element, "", "id", &id);
            set(&mut element, ns::XML, "lang", "eo");
            if let Some(type_) = type_ {
                set(&mut element, "", "type", type_);
            }
            for child in children {
                element.append_child(child);
            }
            Stanza::from_element(&element, &CodecLimits::default()).unwrap()
        },
    )
}

fn read_all(pieces: &[&[u8]]) -> Result<Vec<Incoming>, ReadError> {
    let mut reader = Reader::default();
    let mut all = Vec::new();
    for mut piece in pieces.iter().copied() {
        while let Some(found) = reader.feed(&mut piece)? {
            all.push(found);
        }
        assert!(piece.is_empty(), "all is taken before more is asked for");
    }
    Ok(all)
}

proptest! {
    #[test]
    fn the_writer_writes_what_xso_writes(element in tree()) {
        let mut writer = Writer::new();
        writer.element(&element);
        prop_assert_eq!(String::from_utf8(writer.finish()).unwrap(), String::from_utf8(xso::to_vec(&element).unwrap()).unwrap());
    }

    #[test]
    fn what_is_written_reads_back(stanza in stanza()) {
        let read = Reader::one(ns::CLIENT, &stanza.to_bytes()).unwrap();
        prop_assert_eq!(&read, &stanza);
        prop_assert_eq!(read.to_bytes(), stanza.to_bytes());
    }

    #[test]
    fn a_split_changes_nothing(stanzas in prop::collection::vec(stanza(), 1..4), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut bytes = HEADER.as_bytes().to_vec();
        for stanza in &stanzas {
            bytes.extend_from_slice(b" \n");
            bytes.extend_from_slice(&stanza.to_bytes());
        }
        bytes.extend_from_slice(b"</stream:stream> ");
        let whole = read_all(&[&bytes]).unwrap();
        let found: Vec<_> = whole.iter().filter_map(|found| match found {
            Incoming::Stanza(stanza, bytes) => Some(((**stanza).clone(), bytes.clone())),
            _ => None,
        }).collect();
        let expected: Vec<_> = stanzas.iter().map(|stanza| (stanza.clone(), Bytes::from(stanza.to_bytes()))).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(whole.last(), Some(&Incoming::Close));

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(&read_all(&pieces).unwrap(), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read_all(&single).unwrap(), &whole);
    }

    #[test]
    fn each_recipient_gets_the_stanza_as_if_alone(
        payload in prop::collection::vec(tree(), 0..3),
        from in text(), to in text(), id in prop::option::of(text()), lang in prop::option::of("[a-z]{2}"),
    ) {
        let header = Header { kind: StanzaKind::Message, type_: StanzaType::Groupchat, from: &from, id: id.as_deref(), lang: lang.as_deref() };
        let outgoing = Outgoing::new(&header, |writer| for child in &payload { writer.element(child); });

        let mut alone = Writer::inheriting(ns::CLIENT);
        alone.open("message", ns::CLIENT).attr("to", &to);
        if !from.is_empty() {
            alone.attr("from", &from);
        }
        alone.attr_opt("id", id.as_deref()).attr("type", "groupchat");
        if let Some(lang) = &lang {
            alone.attr_ns(ns::XML, "lang", lang);
        }
        for child in &payload {
            alone.element(child);
        }
        alone.close();
        let encoded = outgoing.encode(&to);
        prop_assert_eq!(String::from_utf8(alone.finish()).unwrap(), String::from_utf8(encoded.clone()).unwrap());

        let mut heads = b"before".to_vec();
        let at = outgoing.head_into(&to, &mut heads);
        prop_assert_eq!([&heads[6..], outgoing.tail()].concat(), encoded);
        if let Some(at) = at {
            prop_assert_eq!(&heads[6 + at as usize..][..to.len()], to.as_bytes());
        }

        let fragment = Fragment::new(|writer| for child in &payload { writer.element(child); });
        let shared = Outgoing::new(&header, |writer| { writer.fragment(&fragment); });
        // A fragment that is empty still ends the start tag, as an empty payload does.
        prop_assert_eq!(shared, outgoing);
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_all(&[&bytes]);
        let _ = read_all(&[HEADER.as_bytes(), &bytes]);
        let _ = Reader::one(ns::CLIENT, &bytes);
    }

    #[test]
    fn what_xml_forbids_is_not_written(garbage in any::<String>()) {
        let mut message = Stanza::message("ann@tea.example", "ben@tea.example").with_body(&garbage);
        set(&mut message.element, "", "id", &garbage);
        let bytes = message.to_bytes();
        let read = Reader::one(ns::CLIENT, &bytes).unwrap();
        prop_assert_eq!(read.to_bytes(), bytes);
        if xso::to_vec(&message.element).is_ok() {
            prop_assert_eq!(read.id.as_deref(), Some(&*garbage));
        }
    }
}

#[test]
fn hostile_bytes_are_refused_with_their_place() {
    let deep = "<a>".repeat(400_000);
    let wide = format!("<message>{}</message>", "<a/>".repeat(9000));
    let many: String = (0..65).map(|n| format!(" a{n}=''")).collect();
    let many = format!("<message{many}/>");
    let long = format!("<message id='{}'/>", "x".repeat(70_000));
    let vast = format!("<message>{}</message>", "x".repeat(300_000));
    let endless = format!("<message {}", "x".repeat(300_000));
    let far = format!("<message><x xmlns='{}'/></message>", "u".repeat(513));
    let spread = format!("<message xmlns:p='{}'>{}</message>", "u".repeat(500), "<p:a/>".repeat(1000));
    let spread_default =
        format!("<message xmlns:p='v'><x xmlns='{}'>{}</x></message>", "u".repeat(500), "<p:a><b/></p:a>".repeat(1000));
    let far_prefix = format!("<message xmlns:p='{}'/>", "u".repeat(513));
    let bound: String = (0..70).map(|n| format!(" xmlns:p{n}='u'")).collect();
    let bound = format!("<message{bound}/>");
    for (bytes, fault) in [
        (&*deep, ReadFault::Depth),
        (&wide, ReadFault::Elements),
        (&many, ReadFault::Attributes),
        (&bound, ReadFault::Attributes),
        (&vast, ReadFault::Bytes),
        (&spread, ReadFault::Bytes),
        (&spread_default, ReadFault::Bytes),
        (&far, ReadFault::Namespace),
        (&far_prefix, ReadFault::Namespace),
        ("<message to='a@b' to='c@d'/>", ReadFault::DuplicateAttribute),
        ("<message xmlns='jabber:client' xmlns='urn:x:other'/>", ReadFault::DuplicateAttribute),
        ("<message xmlns:a='u' xmlns:a='u'/>", ReadFault::DuplicateAttribute),
        ("<message xmlns:a='u' xmlns:b='u' a:x='' b:x=''/>", ReadFault::DuplicateAttribute),
        ("<message xmlns='http://www.w3.org/2000/xmlns/'/>", ReadFault::Reserved),
        ("<message xmlns:a='http://www.w3.org/2000/xmlns/'/>", ReadFault::Reserved),
        ("<message><a xmlns:xmlns='u'/></message>", ReadFault::Reserved),
        ("<message xmlns:xml='u'/>", ReadFault::Reserved),
        ("<message xmlns:a='http://www.w3.org/XML/1998/namespace'/>", ReadFault::Reserved),
        ("<p:message/>", ReadFault::Prefix),
        ("<message p:x=''/>", ReadFault::Prefix),
        ("<message><a xmlns:p='u'/><p:b/></message>", ReadFault::Prefix),
        ("<message/><message/>", ReadFault::Trailing),
        ("<message/>x", ReadFault::Trailing),
        ("<message/></x>", ReadFault::Trailing),
        ("x<message/>", ReadFault::StrayText),
        ("&lt;message/>", ReadFault::StrayText),
        ("<![CDATA[x]]>", ReadFault::StrayText),
        ("<features/>", ReadFault::NotAStanza),
        ("<message xmlns=''/>", ReadFault::NotAStanza),
        ("<message xmlns='jabber:clients'/>", ReadFault::NotAStanza),
        ("</x>", ReadFault::NotAStanza),
        ("", ReadFault::Incomplete),
        ("<message>", ReadFault::Incomplete),
    ] {
        let error = Reader::one(ns::CLIENT, bytes.as_bytes()).unwrap_err();
        assert_eq!(error.fault, fault, "{}", &bytes[..bytes.len().min(80)]);
        assert!(error.at <= bytes.len() as u64);
    }
    for bytes in [
        &*long,
        &endless,
        "<message><a></message></a>",
        "<message>&nbsp;</message>",
        "<message>&#0;</message>",
        "<message>\u{1}</message>",
        "<message a=<></message>",
        "<message><!-- c --></message>",
        "<message><?php ?></message>",
        "<!DOCTYPE x [<!ENTITY e 'e'>]><message>&e;</message>",
        "<?xml version='1.0'?><message/>",
        "<message xmlns:a=''/>",
        "<a:b:message/>",
        "<1/>",
        "< message/>",
    ] {
        let error = Reader::one(ns::CLIENT, bytes.as_bytes()).unwrap_err();
        assert!(matches!(error.fault, ReadFault::Syntax(_)), "{}: {error}", &bytes[..bytes.len().min(80)]);
    }
    let error = Reader::one(ns::CLIENT, b"<message>\xff</message>").unwrap_err();
    assert_eq!(error.fault.stream_condition(), "not-well-formed");
    assert!((8..12).contains(&error.at), "{error}");
}

#[test]
fn a_megabyte_of_nesting_is_refused_at_once() {
    let deep = "<a>".repeat(1_000_000 / 3);
    let mut bytes = deep.as_bytes();
    let mut reader = Reader::default();
    assert_eq!(reader.feed(&mut HEADER.as_bytes()).unwrap(), Some(Incoming::Open(header())));
    let error = reader.feed(&mut bytes).unwrap_err();
    assert_eq!(error, ReadError { at: HEADER.len() as u64 + 65 * 3, fault: ReadFault::Depth });
    assert_eq!(deep.len() - bytes.len(), 65 * 3, "nothing behind it was looked at");
    assert_eq!(reader.feed(&mut &b"<message/>"[..]), Err(error), "an error stays");
}

fn header() -> xmpp_machines::codec::StreamHeader {
    xmpp_machines::codec::StreamHeader { id: Some("s1".into()), version: Some("1.0".into()), ..Default::default() }
}

#[test]
fn a_component_shakes_hands_with_the_same_reader() {
    let bytes = b"<?xml version='1.0'?>\n<stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
        xmlns='jabber:component:accept' xmlns:p='urn:x:p' id='s1' from='rooms.example'> <handshake/>\n\n\
        <message from='ann@tea.example/Pot' to='rooms.example'><body>hi</body><p:q/></message><presence/>\
        <stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
    let all = read_all(&[bytes]).unwrap();
    let [Incoming::Open(open), Incoming::Element(shake), Incoming::Stanza(message, record), rest @ ..] = &all[..]
    else {
        panic!("{all:?}");
    };
    assert_eq!((open.id.as_deref(), open.from.as_deref()), (Some("s1"), Some("rooms.example")));
    assert!(shake.is("handshake", ns::CLIENT));
    assert!(message.child("body", ns::CLIENT).is_some() && message.child("q", "urn:x:p").is_some());
    assert_eq!(Reader::one(ns::CLIENT, record).as_ref(), Ok(&**message), "a record stands alone");
    let [Incoming::Stanza(_, record), Incoming::Element(error), Incoming::Close] = rest else { panic!("{rest:?}") };
    assert_eq!(&record[..], b"<presence/>", "a record is what was sent");
    assert!(error.is("error", ns::STREAM));
}

#[test]
fn a_stream_is_a_stream() {
    let refused = |bytes: &str| read_all(&[bytes.as_bytes()]).unwrap_err().fault;
    assert_eq!(refused("<message/>"), ReadFault::NotAStream);
    assert_eq!(refused("GET / HTTP/1.1"), ReadFault::NotAStream);
    assert_eq!(refused(&format!("{HEADER}x")), ReadFault::StrayText);
    assert_eq!(refused(&format!("{HEADER}</stream:stream>x")), ReadFault::Trailing);
    let empty = HEADER.replace('>', "/>");
    assert_eq!(read_all(&[empty.as_bytes(), b" "]), Ok(vec![Incoming::Open(header()), Incoming::Close]));
    let default = "<stream xmlns='http://etherx.jabber.org/streams'><message xmlns='jabber:server'/></stream>";
    let all = read_all(&[default.as_bytes()]).unwrap();
    assert!(matches!(&all[1], Incoming::Stanza(stanza, _) if stanza.kind == StanzaKind::Message), "{all:?}");
}

#[test]
fn a_forgiving_reader_passes_over_one_stanza_and_reads_the_next() {
    let limits =
        CodecLimits { stanza_bytes: 4000, elements: 80, attributes: 8, namespace_bytes: 50, ..CodecLimits::default() };
    let cases = [
        ("<a xmlns:p='urn:x'>".repeat(90) + &"</a>".repeat(90), ReadFault::Depth),
        ("<a/>".repeat(90), ReadFault::Elements),
        (format!("<body>{}</body>", "x".repeat(9000)), ReadFault::Bytes),
        (format!("<a xmlns='urn:{}'><b/></a>", "x".repeat(90)), ReadFault::Namespace),
        (format!("<a {}/>", (0..9).map(|n| format!("a{n}='' ")).collect::<String>()), ReadFault::Attributes),
        ("<p:a/>".to_owned(), ReadFault::Prefix),
        ("<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''><c/></a>".to_owned(), ReadFault::DuplicateAttribute),
    ];
    let mut bytes = HEADER.as_bytes().to_vec();
    for (inside, _) in &cases {
        bytes.extend_from_slice(
            format!("<message id='odd' from='ann@tea.example/pot'>{inside}</message> <iq id='next'/>").as_bytes(),
        );
    }
    bytes.extend_from_slice(b"<p:message id='odd'><a/></p:message><presence/></stream:stream>");
    let read = |size: usize| {
        let mut reader = Reader::forgiving(limits);
        let mut all = Vec::new();
        for mut piece in bytes.chunks(size) {
            while let Some(found) = reader.feed(&mut piece).unwrap() {
                all.push(found);
            }
        }
        all
    };
    let all = read(bytes.len());
    let mut found = all.iter().skip(1);
    for (inside, fault) in &cases {
        let Some(Incoming::Refused(Some(header), why)) = found.next() else { panic!("{inside}") };
        assert_eq!(why, fault, "{inside}");
        assert_eq!((header.id.as_deref(), header.sender()), (Some("odd"), Some("ann@tea.example/pot")));
        assert_eq!(header.payload(), None);
        let Some(Incoming::Stanza(next, record)) = found.next() else { panic!("{inside}") };
        assert_eq!((next.id.as_deref(), &record[..]), (Some("next"), &b"<iq id='next'/>"[..]));
    }
    assert_eq!(found.next(), Some(&Incoming::Refused(None, ReadFault::Prefix)), "no header to answer");
    assert!(matches!(found.next(), Some(Incoming::Stanza(..))) && found.next() == Some(&Incoming::Close));
    for size in [1, 2, 7, 1000] {
        assert_eq!(read(size), all, "in pieces of {size}");
    }
    assert!(matches!(
        Reader::forgiving(limits).feed(&mut &b"<p:stream/>"[..]),
        Err(ReadError { fault: ReadFault::Prefix, .. })
    ));
}

#[test]
fn keep_alives_cost_nothing() {
    let mut reader = Reader::default();
    reader.feed(&mut HEADER.as_bytes()).unwrap();
    for _ in 0..1000 {
        assert_eq!(reader.feed(&mut &[b' '; 1000][..]), Ok(None));
    }
    assert!(matches!(reader.feed(&mut &b"<presence/>"[..]), Ok(Some(Incoming::Stanza(..)))));
}

#[test]
fn an_error_answers_all_but_errors_and_results() {
    const FULL: StanzaError<'static> =
        StanzaError::of(Condition::Gone).uri("xmpp:new@rooms.example").by("rooms.example");
    let ask = Stanza::iq("ann@tea.example/🍵", "room@rooms.example")
        .with_id("q'1")
        .with_child(Element::bare("query", "urn:x:q"));
    let answer = Outgoing::error(&ask, &FULL.text("moved").app("late", "urn:x:app")).unwrap();
    let read = answer.to_stanza(ask.sender().unwrap()).unwrap();
    assert_eq!((read.type_, read.id.as_deref()), (StanzaType::Error, Some("q'1")));
    assert_eq!(read.element.attr("to"), Some("ann@tea.example/🍵"), "even where the sender is no JID to us");
    assert_eq!(read.element.attr("from"), Some("room@rooms.example"));
    let error = StanzaError::read(&read).unwrap();
    assert_eq!(error, FULL.text("moved"));
    assert!(StanzaError::app_of(read.child("error", ns::CLIENT).unwrap()).unwrap().is("late", "urn:x:app"));
    assert_eq!(Outgoing::error(&read, &FULL), None);
    let result = Outgoing::result(&ask, |writer| {
        writer.leaf("query", "urn:x:q", "42");
    });
    let result = result.unwrap().to_stanza("ann@tea.example").unwrap();
    assert_eq!(result.payload().unwrap().text(), "42");
    assert_eq!(Outgoing::error(&result, &FULL), None);
    assert_eq!(Outgoing::result(&result, |_| {}), None);
}
