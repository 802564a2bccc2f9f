//! Stanza → what is asked of the upload service. Reads, and judges nothing: whatever can be wrong with a request is a
//! value of [`SlotRequest`].

use minidom::Element;

use super::judge::{SlotRequest, Wish};
use crate::ns;
use crate::time::Time;

/// Reads a `<request/>`.
pub(super) fn request(element: &Element) -> SlotRequest<'_> {
    let directory = element.children().find(|child| child.is("bucket", ns::RETENTION));
    SlotRequest {
        name: element.attr("filename").unwrap_or_default(),
        size: element.attr("size").and_then(size),
        content_type: element.attr("content-type"),
        wish: wish(element),
        directory: directory.map(|bucket| bucket.attr("name").unwrap_or_default()),
    }
}

/// A number of bytes. One that is larger than can be counted is the largest: it is too large, and not malformed.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

fn wish(element: &Element) -> Wish {
    let mut purposes = element.children().filter(|child| child.has_ns(ns::UPLOAD_PURPOSE));
    let Some(purpose) = purposes.next() else { return Wish::Unsaid };
    if purposes.next().is_some() {
        return Wish::Several;
    }
    match purpose.name() {
        "message" => Wish::Message,
        "profile" => Wish::Profile,
        "ephemeral" => Wish::Ephemeral(purpose.attr("expire-before").and_then(Time::parse)),
        "permanent" => Wish::Permanent,
        _ => Wish::Unknown,
    }
}
