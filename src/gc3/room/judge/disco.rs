//! What service discovery is asked of a room (G13.7, V3, SP4).

use minidom::Element;

use super::{NOT_FOUND, Reply, Sender, Verdict, refuse};
use crate::codec::{PageRequest, Position, Stanza};
use crate::gc3::acl::Role;
use crate::gc3::form::parse_parent;
use crate::gc3::id::ParticipantId;
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
    /// Participants, in the order of their IDs; with a page number if the list was paged.
    People { slots: Vec<Slot>, index: u64, count: u64, paged: bool },
    /// The nodes under which related entities are found.
    Index,
    /// The parent space: its service and its node.
    Parent(Option<(jid::Jid, String)>),
}

/// Decides about disco#info.
pub(super) fn info(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
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
        Some(RELATED_INDEX) => (why, Verdict::Answer(Reply::Items(Items::Index))),
        Some(RELATED_SPACES) => (why, Verdict::Answer(Reply::Items(Items::Parent(parse_parent(&state.config.parent))))),
        Some(_) => refuse(rule::V3, NOT_FOUND),
    }
}

/// The participants that a participant may see; nobody for others.
fn people(state: &State, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let Ok(request) = PageRequest::read(query) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let asked = request.is_some();
    let reader = sender.who.and_then(|who| Some((who, state.people.get(who)?)));
    let mut all: Vec<Slot> = Vec::new();
    if let Some((who, person)) = reader {
        let shows = |slot: &Slot| {
            state.view(person) != View::Moderators
                || *slot == who
                || state.people.get(*slot).is_some_and(|p| state.role(p) == Role::Moderator)
        };
        all = state.people.after_id(None).iter().copied().filter(shows).collect();
    }
    let request = request.unwrap_or_default();
    let max = request.max.map_or(state.limits.list_page, |max| (max as usize).min(state.limits.list_page));
    let place = |id: &str| {
        let wanted = ParticipantId::parse(id)?;
        all.iter().position(|&slot| state.people.get(slot).is_some_and(|p| p.id == wanted))
    };
    let start = match request.at {
        Position::First => 0,
        Position::Index(index) => usize::try_from(index).unwrap_or(usize::MAX).min(all.len()),
        Position::Last => all.len().saturating_sub(max),
        Position::After(id) => match place(id) {
            Some(at) => at + 1,
            None => return refuse(rule::V3, NOT_FOUND),
        },
        Position::Before(id) => match place(id) {
            Some(at) => at.saturating_sub(max),
            None => return refuse(rule::V3, NOT_FOUND),
        },
    };
    let end = match request.at {
        Position::Before(id) => place(id).unwrap_or(start),
        _ => start.saturating_add(max).min(all.len()),
    };
    let slots = all.get(start..end).unwrap_or_default().to_vec();
    let paged = asked || slots.len() < all.len();
    let reply = Items::People { slots, index: start as u64, count: all.len() as u64, paged };
    (rule::V3, Verdict::Answer(Reply::Items(reply)))
}
