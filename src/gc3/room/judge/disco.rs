//! What service discovery is asked of a room (G13.7, V3, SP4).

use core::cmp::Ordering;

use minidom::Element;

use super::{NOT_FOUND, Reply, Sender, Verdict, refuse};
use crate::codec::{PageRequest, Stanza};
use crate::gc3::form::parse_parent;
use crate::gc3::paging::{self, Paged};
use crate::gc3::room::state::{Slot, State, View};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// The node that lists the nodes of related entities.
pub(crate) const RELATED_INDEX: &str = ns::RELATED;
/// The node of related spaces.
pub(crate) const RELATED_SPACES: &str = "urn:xmpp:related:0#urn:xmpp:spaces:0";

/// The answer to disco#items of a room.
#[derive(Clone, Debug)]
pub(crate) enum Items {
    /// Participants, in the order of their IDs.
    People { slots: Vec<Slot>, paged: Option<Paged> },
    /// The commands about hats.
    Commands,
    /// The nodes under which related entities are found.
    Index,
    /// The parent space: its service and its node.
    Parent(Option<(jid::Jid, String)>),
}

/// Decides about disco#info.
pub(super) fn info(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    if query.attr("node") == Some("x-roomuser-item") && state.by_presence() {
        return (crate::gc3::rules::muc::RG7, Verdict::Answer(Reply::RoomNick(sender.bare.into())));
    }
    if query.attr("node").is_some() {
        return refuse(rule::G13_7, NOT_FOUND);
    }
    let aliased = stanza.to.as_ref().is_some_and(|to| to.to_bare().as_str() != state.address.as_str());
    // A subject is read by those who may enter without being let in by somebody.
    let open = !state.config.members_only && state.config.password.is_empty();
    let why = if aliased { rule::G12_5 } else { rule::G13_7 };
    (why, Verdict::Answer(Reply::Info { aliased, subject: open || sender.who.is_some() }))
}

/// Decides about disco#items.
pub(super) fn items(state: &State, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let why = if state.config.secret() { rule::SP9 } else { rule::SP4 };
    match query.attr("node") {
        None => people(state, sender, query),
        Some(ns::COMMANDS) => (crate::gc3::rules::acl::H10, Verdict::Answer(Reply::Items(Items::Commands))),
        Some(RELATED_INDEX) => (why, Verdict::Answer(Reply::Items(Items::Index))),
        Some(RELATED_SPACES) => (why, Verdict::Answer(Reply::Items(Items::Parent(parse_parent(&state.config.parent))))),
        Some(_) => refuse(rule::V3, NOT_FOUND),
    }
}

/// The participants that a participant may see; nobody for others.
fn people(state: &State, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let Ok(request) = PageRequest::read(query) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let reader = sender.who.and_then(|who| Some((who, state.people.get(who)?)));
    let mut all: Vec<Slot> = Vec::new();
    if let Some((who, person)) = reader {
        let shows = |slot: &Slot| {
            state.view(person) != View::Moderators
                || *slot == who
                || state.people.get(*slot).is_some_and(|p| state.is_shown(p))
        };
        all = state.people.by_id().filter(shows).collect();
    }
    let key = |slot: &Slot, id: &str| state.people.get(*slot).map_or(Ordering::Less, |p| p.id.as_str().cmp(id));
    let part = paging::part(&all, request, state.limits.list_page, key);
    let reply = Items::People { slots: all.get(part.range).unwrap_or_default().to_vec(), paged: part.paged };
    (rule::V3, Verdict::Answer(Reply::Items(reply)))
}
