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

/// The text that XEP-0115 hashes. `None` if the answer is one that must not be believed: the same identity or feature
/// twice, or two forms of one type.
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
    Some(text)
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
