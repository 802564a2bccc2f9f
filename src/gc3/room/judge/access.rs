//! The access list: who reads how much of it (G2.12).

use minidom::Element;

use super::{FORBIDDEN, Reply, Sender, Verdict, refuse};
use crate::codec::{PageRequest, Stanza, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::paging::{Paged, part};
use crate::gc3::room::state::{Key, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::rule::Rule;

/// The answer to `<access/>`.
#[derive(Clone, Debug)]
pub(crate) struct AccessReply {
    /// In the order of their texts; entries that were taken off are not on the list any more.
    pub(crate) keys: Vec<Key>,
    pub(crate) since: Option<u64>,
    pub(crate) paged: Option<Paged>,
    /// Whether it says the nicknames of those who are not in.
    pub(crate) nicks: bool,
}

/// Decides about `<access/>`.
pub(super) fn access(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    if stanza.type_ == StanzaType::Set {
        return super::administration::access(state, sender, element);
    }
    if !state.reads_members(sender.bare) {
        return refuse(rule::G2_12, FORBIDDEN);
    }
    let Ok(request) = PageRequest::read(element) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let all = state.rank(sender.bare) >= Affiliation::Admin;
    // To who does not see outcasts, no change tells the whole truth: it gets what there is.
    let since = element.attr("since").filter(|_| all).and_then(|text| state.known_access_version(text));
    let mut keys: Vec<&Key> = match since {
        Some(since) => {
            let set = state.access.iter().filter(|(_, entry)| entry.version > since).map(|(key, _)| key);
            set.chain(state.access.removed_since(since)).collect()
        }
        None => {
            let seen = state.access.iter().filter(|(_, entry)| all || entry.affiliation > Affiliation::Outcast);
            seen.map(|(key, _)| key).collect()
        }
    };
    keys.sort_unstable_by_key(|key| key.text());
    let part = part(&keys, request, state.limits.list_page, |key, text| key.text().cmp(text));
    let page = keys.get(part.range).unwrap_or_default();
    let keys = page.iter().map(|&key| key.clone()).collect();
    (
        rule::G2_12,
        Verdict::Answer(Reply::Access(AccessReply {
            keys,
            since,
            paged: part.paged,
            nicks: state.reads_nicks(sender.bare),
        })),
    )
}
