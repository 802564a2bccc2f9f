//! What the service is and which rooms it lists (G13.2, G13.7).

use minidom::Element;

use super::machine::{Out, refuse, result};
use super::state::{Name, State};
use crate::codec::{Page, PageRequest, Stanza};
use crate::gc3::paging::part;
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
        let config = &state.config;
        let dialects = [(config.muc, ns::MUC), (config.muc2, ns::MUC2), (config.muc || config.muc2, ns::RAI)];
        for feature in
            FEATURES.into_iter().chain(dialects.into_iter().filter_map(|(on, feature)| on.then_some(feature)))
        {
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
        let open = room.config.listed && !room.locked;
        let listed = admin || open || room.people.find(asker).is_some();
        (listed && room.destroyed.is_none()).then_some(room)
    };
    let Ok(request) = PageRequest::read(payload) else {
        return refuse(out, rule::G14_12, stanza, &BAD_REQUEST);
    };
    // In the order of their addresses: they differ in the name only.
    let rooms = state.names.values().filter_map(|name| match name {
        Name::Room(serial) => shown(serial),
        Name::Alias(_) => None,
    });
    let all: Vec<_> = rooms.collect();
    let part = part(&all, request, state.limits.rooms_page, |room, key| room.address.as_str().cmp(key));
    let page = all.get(part.range).unwrap_or_default();
    let ends = page.first().zip(page.last()).map(|(a, b)| (a.address.as_str(), b.address.as_str()));
    result(out, rule::G13_2, stanza, |writer| {
        writer.open("query", ns::DISCO_ITEMS);
        for room in page {
            writer.open("item", ns::DISCO_ITEMS).attr("jid", room.address.as_str());
            writer.attr("name", &room.config.name).close();
        }
        if let Some(paged) = part.paged {
            Page { ends, index: Some(paged.index), count: Some(paged.count) }.write(writer);
        }
        writer.close();
    });
}
