//! What the service is and which rooms it lists (G13.2, G13.7).

use minidom::Element;

use super::machine::{Out, refuse, result};
use super::state::{Name, State};
use crate::codec::{Page, PageRequest, Position, Stanza};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;

/// The features of the domain.
const FEATURES: [&str; 8] =
    [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::RSM, ns::GC3, ns::OCCUPANT_ID, ns::MUC_STABLE_ID, ns::GC_REPORT, ns::PING];

/// Answers disco#info.
pub(super) fn info(state: &State, out: &mut Out<'_>, stanza: &Stanza) {
    result(out, rule::G13_7, stanza, |writer| {
        writer.open("query", ns::DISCO_INFO);
        writer.open("identity", ns::DISCO_INFO).attr("category", "conference").attr("type", "text");
        writer.attr("name", &state.config.name).close();
        for feature in FEATURES {
            writer.open("feature", ns::DISCO_INFO).attr("var", feature).close();
        }
        writer.close();
    });
}

/// Answers disco#items: listed rooms, those that the asker is in, and all of them to administrators.
pub(super) fn items(state: &State, out: &mut Out<'_>, stanza: &Stanza, payload: &Element) {
    let asker = stanza.from.as_ref().map(|from| from.to_bare());
    let asker = asker.as_ref().map_or("", |jid| jid.as_str());
    let admin = state.config.admins.contains(asker);
    let shown = |serial: &u32| {
        let held = state.rooms.get(serial)?;
        let room = &held.room.state;
        let listed = admin || room.config.listed || room.people.find(asker).is_some();
        (listed && room.destroyed.is_none()).then_some(room)
    };
    let rooms = state.names.values().filter_map(|name| match name {
        Name::Room(serial) => shown(serial),
        Name::Alias(_) => None,
    });
    let Ok(request) = PageRequest::read(payload) else {
        return refuse(out, rule::G14_12, stanza, &BAD_REQUEST);
    };
    let most = state.limits.rooms_page;
    let max = request.as_ref().and_then(|r| r.max).map_or(most, |max| (max as usize).min(most));
    let all: Vec<_> = rooms.collect();
    let (start, end) = match request.as_ref().map(|r| r.at) {
        Some(Position::After(id)) => {
            let start = all.partition_point(|room| room.address.as_str() <= id);
            (start, (start + max).min(all.len()))
        }
        Some(Position::Before(id)) => {
            let end = all.partition_point(|room| room.address.as_str() < id);
            (end.saturating_sub(max), end)
        }
        Some(Position::Last) => (all.len().saturating_sub(max), all.len()),
        Some(Position::Index(index)) => {
            let start = usize::try_from(index).unwrap_or(usize::MAX).min(all.len());
            (start, start.saturating_add(max).min(all.len()))
        }
        _ => (0, max.min(all.len())),
    };
    let page = all.get(start..end).unwrap_or_default();
    let ends = page.first().zip(page.last()).map(|(a, b)| (a.address.as_str(), b.address.as_str()));
    result(out, rule::G13_2, stanza, |writer| {
        writer.open("query", ns::DISCO_ITEMS);
        for room in page {
            writer.open("item", ns::DISCO_ITEMS).attr("jid", room.address.as_str());
            writer.attr("name", &room.config.name).close();
        }
        if request.is_some() || page.len() < all.len() {
            Page { ends, index: Some(start as u64), count: Some(all.len() as u64) }.write(writer);
        }
        writer.close();
    });
}
