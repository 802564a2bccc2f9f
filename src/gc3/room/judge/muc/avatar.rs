//! The room's picture (XEP-0486): a vCard that owners set and everybody may read.

use data_encoding::BASE64_MIME_PERMISSIVE;
use minidom::Element;
use sha1::{Digest as _, Sha1};

use super::Change;
use crate::codec::{Fragment, Stanza, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::refusals::{BAD_REQUEST, FORBIDDEN, TOO_LARGE, UNAVAILABLE};
use crate::gc3::room::judge::{Change as Any, Reply, Sender, Verdict, refuse};
use crate::gc3::room::state::{Avatar, State};
use crate::gc3::rules::{muc as rule, table};
use crate::ns;
use crate::rule::Rule;

/// The most pictures of one vCard: all show the same, in several types.
const PICTURES: usize = 4;

/// Decides about a `vcard-temp` request to the room itself.
pub(crate) fn card(state: &State, stanza: &Stanza, sender: &Sender<'_>, card: &Element) -> (Rule, Verdict) {
    if !state.by_presence() {
        return refuse(table::G13_5, UNAVAILABLE);
    }
    if stanza.type_ != StanzaType::Set {
        return (rule::A1, Verdict::Answer(Reply::Card));
    }
    if state.rank(sender.bare) != Affiliation::Owner {
        return refuse(rule::A2, FORBIDDEN);
    }
    let photos: Vec<&Element> = card.children().filter(|child| child.is("PHOTO", ns::VCARD)).collect();
    let text = |photo: &Element, name: &str| photo.get_child(name, ns::VCARD).map(Element::text).unwrap_or_default();
    let mut hashes = Vec::new();
    for photo in &photos {
        let binval: String = text(photo, "BINVAL").split_whitespace().collect();
        match BASE64_MIME_PERMISSIVE.decode(binval.as_bytes()) {
            Ok(picture) if !picture.is_empty() => hashes.push(hex(&Sha1::digest(&picture)).into()),
            _ => return refuse(rule::A2, BAD_REQUEST),
        }
    }
    let body = Fragment::new(|writer| {
        writer.open("vCard", ns::VCARD);
        for photo in &photos {
            writer.open("PHOTO", ns::VCARD).leaf("TYPE", ns::VCARD, text(photo, "TYPE").trim());
            writer.leaf("BINVAL", ns::VCARD, text(photo, "BINVAL").trim()).close();
        }
        writer.close();
    });
    if body.bytes().len() > state.limits.avatar_bytes || hashes.len() > PICTURES {
        return refuse(rule::A2, TOO_LARGE);
    }
    let avatar = (!hashes.is_empty()).then(|| Avatar { hashes, card: body.bytes().clone() });
    if avatar == state.avatar {
        return (rule::A1, Verdict::Answer(Reply::Done));
    }
    (rule::A1, Verdict::Accept(Any::Muc(Change::Avatar { avatar, actor: state.id_of(sender.bare) })))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
