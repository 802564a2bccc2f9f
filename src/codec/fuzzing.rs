//! What must hold for any bytes: the bodies of the fuzz targets in `fuzz/`, kept here so that every build of `sim` and
//! every test run compiles them. Each panics if the codec is wrong.

use bytes::Bytes;
use minidom::Element;

use super::{Form, Incoming, ReadError, Reader, Stanza, Writer};
use crate::limits::CodecLimits;
use crate::ns;

const HEADER: &[u8] =
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:x:p'>";

/// A stream means the same in whatever pieces it comes, and each record stands alone. The first byte is the length of
/// the pieces.
pub fn read(data: &[u8]) {
    let Some((&size, bytes)) = data.split_first() else { return };
    let size = usize::from(size).max(1);
    let whole = read_pieces(Reader::default(), bytes, bytes.len().max(1));
    assert_eq!(read_pieces(Reader::default(), bytes, size), whole, "a split changes nothing");
    let forgiving = || Reader::forgiving(CodecLimits::default());
    let forgiven = read_pieces(forgiving(), bytes, bytes.len().max(1));
    assert_eq!(read_pieces(forgiving(), bytes, size), forgiven, "a split changes nothing");
    assert!(forgiven.0.starts_with(&whole.0), "forgiving changes nothing that needs none");
    for found in whole.0 {
        if let Incoming::Stanza(stanza, record) = found {
            assert_eq!(Reader::one(ns::CLIENT, &record).as_ref(), Ok(&*stanza), "a record stands alone");
            rewrite(&stanza);
        }
    }
}

/// What is read and written reads back the same, as `xso` writes it too.
pub fn roundtrip(data: &[u8]) {
    if let Ok(stanza) = Reader::one(ns::CLIENT, data) {
        rewrite(&stanza);
    }
}

/// A form that is read and written reads back the same, and can be held against any other.
pub fn form(data: &[u8]) {
    let Ok(stanza) = Reader::one(ns::CLIENT, data) else { return };
    let forms: Vec<Form> = stanza.element.children().filter_map(|child| Form::read(child).ok()).collect();
    for form in &forms {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("message", ns::CLIENT);
        form.write(&mut writer);
        writer.close();
        let again = Reader::one_within(wide(), ns::CLIENT, &writer.finish()).map(|stanza| stanza.element);
        let again = again.ok().and_then(|message| Form::read(message.get_child("x", ns::DATA)?).ok());
        assert_eq!(again.as_ref(), Some(form), "a form reads back");
        for other in &forms {
            if let Err(error) = form.check(other) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

fn read_pieces(mut reader: Reader, bytes: &[u8], size: usize) -> (Vec<Incoming>, Option<ReadError>) {
    let mut all = Vec::new();
    for mut piece in [HEADER].into_iter().chain(bytes.chunks(size)) {
        loop {
            match reader.feed(&mut piece) {
                Ok(Some(found)) => all.push(found),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        assert!(piece.is_empty(), "all is taken before more is asked for");
    }
    (all, None)
}

fn rewrite(stanza: &Stanza) {
    let bytes = Bytes::from(stanza.to_bytes());
    assert_eq!(Reader::one_within(wide(), ns::CLIENT, &bytes).as_ref(), Ok(stanza), "write then read is identity");
    assert_eq!(Stanza::from_element(&stanza.element, &wide()).as_ref(), Ok(stanza), "what is canonical stays so");
    assert_eq!(xso::to_vec::<Element>(&stanza.element).ok(), Some(document(&stanza.element)), "as xso writes it");
}

fn document(element: &Element) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.element(element);
    writer.finish()
}

/// What is written may be longer than what was read: references, namespaces.
fn wide() -> CodecLimits {
    CodecLimits { stanza_bytes: usize::MAX, token_bytes: 1 << 24, attributes: 1 << 10, ..CodecLimits::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scraps() -> impl Strategy<Value = Vec<u8>> {
        let scrap = prop::sample::select(vec![
            "<message",
            "<presence/>",
            "</message>",
            ">",
            "/>",
            "<x xmlns='jabber:x:data' type='form'",
            "</x>",
            "<p:a",
            " xmlns='urn:x:y'",
            " xmlns:p='jabber:client'",
            " p:b='&#x9;'",
            " to='ann@tea.example'",
            " var='a'",
            "&amp;",
            "<field var='b' type='boolean'>",
            "</field>",
            "<value>1</value>",
            "<![CDATA[<]]>",
            " ",
            "é",
            "</stream:stream>",
        ]);
        prop::collection::vec(scrap, 0..12).prop_map(|scraps| scraps.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn all_holds_for_scraps(data in scraps(), size in any::<u8>()) {
            read(&[&[size], &data[..]].concat());
            roundtrip(&data);
            form(&data);
            form(&[b"<message>", &data[..], b"</message>"].concat());
        }
    }
}
