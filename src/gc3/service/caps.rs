//! Entity capabilities: the features behind a hash, asked for once and verified (XEP-0115 §5, XEP-0390 §4).

use data_encoding::BASE64;
use minidom::Element;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::codec::Form;
use crate::gc3::DefaultTopics;
use crate::ns;

/// The features that a client names to be subscribed without asking.
const DEFAULT_RECEIVE: &str = "urn:xmpp:gc3:0:default-receive:";

/// The subscriptions that the features of a disco#info answer stand for.
pub(super) fn topics(query: &Element) -> DefaultTopics {
    let mut topics = DefaultTopics::default();
    for feature in features(query) {
        match feature.strip_prefix(DEFAULT_RECEIVE) {
            Some("message") => topics.message = true,
            Some("presence") => topics.presence = true,
            Some("participants") => topics.participants = true,
            _ => {}
        }
    }
    topics
}

fn features(query: &Element) -> impl Iterator<Item = &str> {
    query.children().filter(|child| child.is("feature", ns::DISCO_INFO)).filter_map(|feature| feature.attr("var"))
}

/// Whether a disco#info answer has that hash.
pub(super) fn verifies(query: &Element, hash: &str, ver: &str, second: bool) -> bool {
    let text = if second { second_input(query) } else { first_input(query) };
    let Some(text) = text else { return false };
    let digest = match (hash, second) {
        ("sha-1", false) => BASE64.encode(&Sha1::digest(&text)),
        ("sha-256", _) => BASE64.encode(&Sha256::digest(&text)),
        _ => return false,
    };
    digest == ver
}

/// One identity: category, type, language, name.
fn identities(query: &Element) -> Vec<[&str; 4]> {
    query
        .children()
        .filter(|child| child.is("identity", ns::DISCO_INFO))
        .map(|e| {
            [
                e.attr("category").unwrap_or_default(),
                e.attr("type").unwrap_or_default(),
                e.attr_ns(ns::XML, "lang").unwrap_or_default(),
                e.attr("name").unwrap_or_default(),
            ]
        })
        .collect()
}

/// A form: its fields by name, each with its values.
type Fields = Vec<(String, Vec<String>)>;

/// The forms, each as its fields with their values, in the order of the hash.
fn forms(query: &Element) -> Option<Vec<Fields>> {
    let mut forms = Vec::new();
    for x in query.children().filter(|child| child.is("x", ns::DATA)) {
        let form = Form::read(x).ok()?;
        let mut fields = Fields::new();
        for field in &form.fields {
            let mut values = field.values.clone();
            values.sort_unstable();
            fields.push((field.var.clone().unwrap_or_default(), values));
        }
        fields.sort_unstable();
        forms.push(fields);
    }
    Some(forms)
}

/// Whether no other answer of the same hash can stand for other subscriptions. The text that XEP-0115 hashes does not say
/// where a feature ends and a name, a form or a value begins: whoever answers could hide the features of everybody with
/// that client in one of them.
fn unambiguous(query: &Element, text: &[u8]) -> bool {
    let named = features(query).filter(|feature| feature.starts_with(DEFAULT_RECEIVE)).count();
    let found = text.windows(DEFAULT_RECEIVE.len()).filter(|part| *part == DEFAULT_RECEIVE.as_bytes()).count();
    named == found && !features(query).any(|feature| feature.contains('<'))
}

/// The text that XEP-0115 hashes. `None` if the answer is one that must not be believed: the same identity or feature
/// twice, two forms of one type, or a text that could mean something else.
fn first_input(query: &Element) -> Option<Vec<u8>> {
    let mut identities = identities(query);
    identities.sort_unstable();
    let mut all: Vec<&str> = features(query).collect();
    all.sort_unstable();
    let twice = |w: &[&str]| w.first() == w.get(1);
    if all.windows(2).any(twice) || identities.windows(2).any(|w| w.first() == w.get(1)) {
        return None;
    }
    let mut text = Vec::new();
    for [category, type_, lang, name] in identities {
        text.extend_from_slice(format!("{category}/{type_}/{lang}/{name}<").as_bytes());
    }
    for feature in all {
        text.extend_from_slice(feature.as_bytes());
        text.push(b'<');
    }
    let form_type = |fields: &Fields| {
        fields.iter().find(|(var, _)| var == "FORM_TYPE").and_then(|(_, values)| values.first().cloned())
    };
    let mut forms: Vec<_> = forms(query)?.into_iter().filter_map(|form| Some((form_type(&form)?, form))).collect();
    forms.sort_unstable();
    if forms.windows(2).any(|w| w.first().map(|f| &f.0) == w.get(1).map(|f| &f.0)) {
        return None;
    }
    for (type_, fields) in forms {
        text.extend_from_slice(type_.as_bytes());
        text.push(b'<');
        for (var, values) in fields.iter().filter(|(var, _)| var != "FORM_TYPE") {
            text.extend_from_slice(var.as_bytes());
            text.push(b'<');
            for value in values {
                text.extend_from_slice(value.as_bytes());
                text.push(b'<');
            }
        }
    }
    unambiguous(query, &text).then_some(text)
}

/// The text that XEP-0390 hashes: features, identities and forms, each sorted, with separators that no text holds.
fn second_input(query: &Element) -> Option<Vec<u8>> {
    const UNIT: u8 = 0x1f;
    const RECORD: u8 = 0x1e;
    const GROUP: u8 = 0x1d;
    const FILE: u8 = 0x1c;
    let sorted = |mut parts: Vec<Vec<u8>>| {
        parts.sort_unstable();
        let mut text = parts.concat();
        text.push(FILE);
        text
    };
    let ended = |text: &str, end: u8| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(end);
        bytes
    };
    let mut text = sorted(features(query).map(|feature| ended(feature, UNIT)).collect());
    let identity = |parts: [&str; 4]| {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| ended(part, UNIT)).collect();
        bytes.push(RECORD);
        bytes
    };
    text.extend(sorted(identities(query).into_iter().map(identity).collect()));
    let mut written = Vec::new();
    for form in forms(query)? {
        let field = |(var, values): &(String, Vec<String>)| {
            let mut values: Vec<Vec<u8>> = values.iter().map(|value| ended(value, UNIT)).collect();
            values.sort_unstable();
            let mut bytes = ended(var, UNIT);
            bytes.extend(values.concat());
            bytes.push(RECORD);
            bytes
        };
        let mut fields: Vec<Vec<u8>> = form.iter().map(field).collect();
        fields.sort_unstable();
        let mut bytes = fields.concat();
        bytes.push(GROUP);
        written.push(bytes);
    }
    text.extend(sorted(written));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(inside: &str) -> Element {
        format!("<query xmlns='http://jabber.org/protocol/disco#info'>{inside}</query>").parse().unwrap()
    }

    /// The hash of the text, whoever would believe it.
    fn ver(text: &str) -> String {
        BASE64.encode(&Sha1::digest(text.as_bytes()))
    }

    #[test]
    fn an_answer_cannot_hide_the_features_of_others() {
        let identity = "<identity category='client' type='pc' name='Oak'/>";
        let honest = query(&format!(
            "{identity}<feature var='urn:a:b'/><feature var='urn:xmpp:gc3:0:default-receive:message'/>"
        ));
        let ver = ver("client/pc//Oak<urn:a:b<urn:xmpp:gc3:0:default-receive:message<");
        assert!(verifies(&honest, "sha-1", &ver, false));
        assert!(topics(&honest).message);
        let form = "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:a:b</value>\
            </field><field var='urn:xmpp:gc3:0:default-receive:message'/></x>";
        for inside in [
            format!("{identity}{form}"),
            format!("{identity}<feature var='urn:a:b&lt;urn:xmpp:gc3:0:default-receive:message'/>"),
            "<identity category='client' type='pc' name='Oak&lt;urn:a:b&lt;urn:xmpp:gc3:0:default-receive:message'/>"
                .to_owned(),
        ] {
            assert!(!verifies(&query(&inside), "sha-1", &ver, false), "{inside}");
        }
    }
}
