//! Stanza → what the service says.

use minidom::Element;

use crate::codec::{Form, Stanza, StanzaError};
use crate::limits::RetentionClientLimits;
use crate::ns;
use crate::retention::Purpose;
use crate::time::Time;

use super::state::Offer;

/// A slot as a PUT needs it.
pub(super) struct Granted {
    pub(super) put: Box<str>,
    pub(super) get: Box<str>,
    pub(super) headers: Vec<(Box<str>, Box<str>)>,
}

/// What a service offers; `None` if it takes no uploads.
pub(super) fn offer(info: &Element, limits: &RetentionClientLimits, now: Time) -> Option<Offer> {
    let features: Vec<&str> = info
        .children()
        .filter(|child| child.is("feature", ns::DISCO_INFO))
        .filter_map(|feature| feature.attr("var"))
        .take(limits.features)
        .collect();
    if !features.contains(&ns::UPLOAD) {
        return None;
    }
    let mut offer = Offer { at: now, offered: [true, false, false, false], max: [None; 4] };
    for purpose in Purpose::ALL {
        offer.offered[purpose.index()] |= features.contains(&purpose.feature());
    }
    let forms = info.children().filter(|child| child.is("x", ns::DATA));
    for form in forms.filter_map(|form| Form::read(form).ok()) {
        if form.get_form_type() != Some(ns::UPLOAD) {
            continue;
        }
        let number = |name: &str| form.get(name).and_then(|text| text.trim().parse::<u64>().ok());
        let all = number("max-file-size");
        for purpose in Purpose::ALL {
            let own = number(&format!("{{{}}}{purpose}-max-file-size", ns::RETENTION));
            // The field of XEP-0363 speaks of messages; a limit of its own says more of another purpose.
            offer.max[purpose.index()] =
                if purpose == Purpose::Message { own.into_iter().chain(all).min() } else { own.or(all) };
        }
    }
    Some(offer)
}

/// A slot; `None` if it is none (C13).
pub(super) fn slot(payload: &Element, limits: &RetentionClientLimits) -> Option<Granted> {
    if !payload.is("slot", ns::UPLOAD) {
        return None;
    }
    let put = payload.get_child("put", ns::UPLOAD)?;
    let address = |element: &Element| {
        let url = element.attr("url").unwrap_or_default();
        let fine =
            url.starts_with("https://") && url.len() <= limits.text_bytes && url.bytes().all(|b| b.is_ascii_graphic());
        fine.then(|| url.into())
    };
    let mut headers = Vec::new();
    for header in put.children().filter(|child| child.is("header", ns::UPLOAD)).take(limits.headers) {
        let plain = |text: &str| -> Box<str> { text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect() };
        let name = plain(header.attr("name").unwrap_or_default());
        let allowed = ["Authorization", "Cookie", "Expires"];
        let value = plain(&header.text());
        if allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name)) && value.len() <= limits.text_bytes {
            headers.push((name, value));
        }
    }
    let get = payload.get_child("get", ns::UPLOAD)?;
    Some(Granted { put: address(put)?, get: address(get)?, headers })
}

/// What an error says beside its condition: how large a file may be, and when to come back.
pub(super) fn details(stanza: &Stanza) -> (Option<StanzaError<'_>>, Option<u64>, Option<Time>) {
    let error = stanza.child("error", ns::CLIENT);
    let inside = |name| error.and_then(|error| error.get_child(name, ns::UPLOAD));
    let max = inside("file-too-large").and_then(|large| large.get_child("max-file-size", ns::UPLOAD));
    let max = max.and_then(|max| max.text().trim().parse().ok());
    let retry = inside("retry").and_then(|retry| retry.attr("stamp")).and_then(Time::parse);
    (StanzaError::read(stanza), max, retry)
}
