//! The participant list: read and looked up (G2.1–G2.12).

use minidom::Element;

use super::{FORBIDDEN, NOT_IN, Reply, Sender, Verdict, refuse};
use crate::codec::{PageRequest, Stanza, StanzaType};
use crate::gc3::acl::Verb;
use crate::gc3::config::History;
use crate::gc3::id::ParticipantId;
use crate::gc3::paging::{Paged, part};
use crate::gc3::room::state::{Person, Slot, State, View};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// The answer to `<participants/>`.
#[derive(Clone, Debug)]
pub(crate) struct ListReply {
    /// How much the reader may see.
    pub(crate) view: View,
    pub(crate) listed: Vec<Listed>,
    /// The version that only what came after is told of.
    pub(crate) since: Option<u64>,
    pub(crate) paged: Option<Paged>,
    /// Further rules that took part.
    pub(crate) rules: Vec<Rule>,
}

/// One item of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Somebody who is in.
    Here(Slot),
    /// Somebody who left.
    Gone(ParticipantId),
}

/// Decides about `<participants/>`.
pub(super) fn participants(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    if stanza.type_ == StanzaType::Set {
        return super::administration::participants(state, sender, element);
    }
    let person = sender.who.and_then(|who| state.people.get(who));
    if person.is_none() && !state.is_admin(sender.bare) {
        return refuse(rule::G14_9, NOT_IN);
    }
    let view = person.filter(|_| !state.is_admin(sender.bare)).map_or(View::Jids, |person| state.view(person));
    if element.children().any(|child| child.is("item", ns::GC3)) {
        return look_up(state, person, view, element);
    }
    let Ok(request) = PageRequest::read(element) else { return refuse(rule::G14_12, BAD_REQUEST) };
    let given = element.attr("since");
    let joined = person.map_or(0, |person| person.joined);
    let since = given.and_then(|text| state.known_version(text)).filter(|&version| version >= joined);
    let reader = Reader { state, view, who: sender.who };
    let mut reply = match since {
        Some(since) => reader.since(since, request),
        None => reader.everybody(request),
    };
    if given.is_some() {
        reply.rules.extend([rule::G2_4, rule::G2_5, rule::L2, rule::L4]);
    }
    if view == View::Moderators {
        reply.rules.push(rule::G2_10);
    }
    let why = match given {
        Some(_) => rule::G2_6,
        None if reply.paged.is_some() => rule::G2_8,
        None => rule::G2_3,
    };
    (why, Verdict::Answer(Reply::Participants(reply)))
}

/// Somebody who reads the list.
struct Reader<'a> {
    state: &'a State,
    view: View,
    who: Option<Slot>,
}

impl Reader<'_> {
    /// Whether it may see somebody who is in. Of changes, whoever was ever shown is told: else nobody would learn that
    /// one is a moderator no more.
    fn sees(&self, slot: Slot, person: &Person, changes: bool) -> bool {
        self.view != View::Moderators
            || self.who == Some(slot)
            || (if changes { person.seen } else { self.state.is_shown(person) })
    }

    fn id(&self, listed: Listed) -> Option<ParticipantId> {
        match listed {
            Listed::Here(slot) => self.state.people.get(slot).map(|person| person.id),
            Listed::Gone(id) => Some(id),
        }
    }

    fn reply(&self, listed: Vec<Listed>, since: Option<u64>, paged: Option<Paged>) -> ListReply {
        let mut rules = vec![rule::G2_1];
        if listed.iter().any(|listed| matches!(listed, Listed::Gone(_))) {
            rules.push(rule::G2_2);
        }
        if self.view != View::Jids {
            rules.push(rule::V1);
        }
        if paged.is_some() {
            rules.push(rule::G2_8);
        }
        ListReply { view: self.view, listed, since, paged, rules }
    }

    /// Everybody who is in.
    fn everybody(&self, request: Option<PageRequest<'_>>) -> ListReply {
        let sees = |&slot: &Slot| {
            self.view != View::Moderators || self.state.people.get(slot).is_some_and(|p| self.sees(slot, p, false))
        };
        let seen: Vec<Slot> = self.state.people.by_id().filter(sees).collect();
        let part = part(&seen, request, self.state.limits.list_page, |&slot, key| {
            self.id(Listed::Here(slot)).as_ref().map_or("", ParticipantId::as_str).cmp(key)
        });
        let page = seen.get(part.range).unwrap_or_default();
        self.reply(page.iter().map(|&slot| Listed::Here(slot)).collect(), None, part.paged)
    }

    /// Whoever changed or left after a version.
    fn since(&self, since: u64, request: Option<PageRequest<'_>>) -> ListReply {
        let State { people, tombs, .. } = self.state;
        let here = people.changed_since(since);
        let here = here.filter(|&slot| people.get(slot).is_some_and(|person| self.sees(slot, person, true)));
        let gone = tombs.changed_since(since).filter(|(_, tomb)| self.view != View::Moderators || tomb.seen);
        let mut all: Vec<Listed> = here.map(Listed::Here).chain(gone.map(|(id, _)| Listed::Gone(id))).collect();
        all.sort_by_cached_key(|&listed| self.id(listed));
        let part = part(&all, request, self.state.limits.list_page, |&listed, key| {
            self.id(listed).as_ref().map_or("", ParticipantId::as_str).cmp(key)
        });
        let page = all.get(part.range).unwrap_or_default();
        self.reply(page.to_vec(), Some(since), part.paged)
    }
}

/// Decides about a look-up: who may read the history may know who wrote it (G2.9).
fn look_up(state: &State, person: Option<&Person>, view: View, element: &Element) -> (Rule, Verdict) {
    let history = state.config.history != History::None;
    if !person.is_some_and(|person| history && state.may(person, Verb::ViewHistory)) {
        return refuse(rule::G2_9, FORBIDDEN);
    }
    let items = || element.children().filter(|child| child.is("item", ns::GC3));
    if items().count() > state.limits.look_up {
        return refuse(rule::G2_19, BAD_REQUEST);
    }
    if !items().all(|item| item.attr("id").is_some()) {
        return refuse(rule::G14_12, BAD_REQUEST);
    }
    let mut ids: Vec<ParticipantId> = items().filter_map(|item| ParticipantId::parse(item.attr("id")?)).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = |id: ParticipantId| match state.people.find_id(id) {
        Some(slot) => Some(Listed::Here(slot)),
        None => state.tombs.get(id).filter(|tomb| tomb.trace).map(|_| Listed::Gone(id)),
    };
    let listed: Vec<Listed> = ids.into_iter().filter_map(known).collect();
    let gone = listed.iter().any(|listed| matches!(listed, Listed::Gone(_)));
    let rules = if gone { vec![rule::G2_1, rule::G2_2, rule::L1] } else { vec![rule::G2_1] };
    // What one may read names its author, whoever may see the list.
    let view = view.max(View::Plain);
    (rule::G2_9, Verdict::Answer(Reply::Participants(ListReply { view, listed, since: None, paged: None, rules })))
}
