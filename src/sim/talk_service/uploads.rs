//! What happens around the uploads of a domain in a random conversation: requests, what comes by HTTP, and the operator.

use jid::{BareJid, FullJid};

use super::super::talk_retention::{granted, policy};
use super::super::xml::Tree;
use super::{Deed, PEOPLE};
use crate::codec::{Reader, Stanza};
use crate::ns;
use crate::retention::{Input as Told, Reference, SlotId, Which};
use crate::service::Input;
use crate::sim::choice::{one_of, pick};
use crate::time::{Span, Time};

/// The uploads' domain.
pub(super) const DOMAIN: &str = "uploads.tea.example";

/// Those who ask from outside: one whom the policy lets in, and one whom it does not.
const OUTSIDE: [&str; 2] = ["eve@oak.example/hut", "eve@ash.example/tin"];

/// What is no slot that anybody was granted.
const NOWHERE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A slot that was granted.
#[derive(Clone, Debug)]
struct Slot {
    id: Box<str>,
    pass: Box<str>,
    size: u64,
    /// Whether its PUT began, and whether it ended.
    begun: bool,
    stored: bool,
}

/// The slots that were granted, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

impl Slots {
    /// Learns what was granted. The id of the request says its size.
    pub(super) fn heard(&mut self, stanza: &Tree) {
        let size = stanza.attr("id").and_then(|id| id.strip_prefix('u')?.parse().ok());
        if let (Some((id, pass)), Some(size)) = (granted(stanza), size) {
            self.0.push(Slot { id: id.into(), pass: pass.into(), size, begun: false, stored: false });
        }
    }

    /// What happens next.
    pub(super) fn input(&mut self, deed: Deed, now: Time) -> Option<Input> {
        let account = pick(&PEOPLE, deed.person);
        // Of the latest slots, which are the likeliest to be open.
        let known = self.0.iter().rev().nth(usize::from(deed.how % 3)).or_else(|| self.0.last()).cloned();
        let text = known.as_ref().map_or(NOWHERE, |known| &known.id);
        let (slot, text) = (SlotId::parse(text)?, Box::from(text));
        let size = known.as_ref().map_or(1, |known| known.size);
        let (token, even) = (u64::from(deed.how % 4), deed.how.is_multiple_of(2));
        let by = Reference { account: account.into(), node: "n".into(), item: format!("i{}", deed.how % 4).into() };
        Some(Input::Uploads(match deed.what % 16 {
            0..=7 => return self.next(deed, now),
            8 => {
                let from = pick(&OUTSIDE, deed.how);
                let peer = FullJid::new(from).ok()?;
                let peer = BareJid::new(peer.domain().as_str()).ok()?;
                return Some(Input::FromServer { peer, stanza: request(from, deed, now)? });
            }
            9 => Told::Get { token, slot: text },
            10 => {
                let authorization = known.filter(|_| even).map(|known| known.pass);
                Told::Put { token, slot: text, authorization, length: even.then_some(size), content_type: None }
            }
            11 if even => Told::Failed { slot },
            11 => Told::Stored { token: 1, slot, bytes: size + 1 },
            12 => match deed.how % 4 {
                0 => Told::Pin { slot, on: deed.how < 128 },
                1 => Told::Referenced { slot: text, by },
                2 => Told::Unreferenced { slot: text, by },
                _ => Told::Linked { slot, published: now, item_expire: Some(Span::from_mins(5)) },
            },
            13 => match deed.how % 3 {
                0 => Told::Remove { slot },
                1 => Told::Retract { token, account: account.into(), which: Which::Slot(text) },
                _ => Told::AccountRemoved { account: account.into() },
            },
            14 if even => Told::Policy(Box::new(policy(deed.how))),
            // A class that a policy may not have, and no bare JID: a misuse is tried too.
            14 => {
                let class = one_of(&[Some("guest"), Some("nobody"), None], deed.how)?.map(Into::into);
                Told::Class { account: if deed.how < 200 { account } else { OUTSIDE[0] }.into(), class }
            }
            // Another one.
            _ => Told::Stanza(request(OUTSIDE[0], deed, now)?),
        }))
    }

    /// The next step of an upload: its slot, its PUT, its end.
    fn next(&mut self, deed: Deed, now: Time) -> Option<Input> {
        let Some(slot) = self.0.last_mut().filter(|slot| !slot.stored) else {
            let session = FullJid::new(&format!("{}/desk", pick(&PEOPLE, deed.person))).ok()?;
            let stanza = request(session.as_str(), deed, now)?;
            return Some(Input::FromSession { session, stanza });
        };
        let (length, token) = (Some(slot.size), 1);
        Some(Input::Uploads(if slot.begun {
            slot.stored = true;
            Told::Stored { token, slot: SlotId::parse(&slot.id)?, bytes: slot.size }
        } else {
            slot.begun = true;
            let authorization = Some(slot.pass.clone());
            Told::Put { token, slot: slot.id.clone(), authorization, length, content_type: None }
        }))
    }
}

/// A request for a slot, for a message or for a few minutes.
fn request(from: &str, deed: Deed, now: Time) -> Option<Stanza> {
    let size = deed.how % 64;
    let until = now.plus(Span::from_secs(400));
    let ephemeral = format!("<ephemeral xmlns='{}' expire-before='{until}'/>", ns::UPLOAD_PURPOSE);
    let purpose = if deed.what.is_multiple_of(2) { "" } else { &ephemeral };
    let text = format!(
        "<iq type='get' id='u{size}' from='{from}' to='{DOMAIN}'><request xmlns='{}' filename='f.png' size='{size}'>\
         {purpose}</request></iq>",
        ns::UPLOAD
    );
    Reader::one(ns::CLIENT, text.as_bytes()).ok()
}
