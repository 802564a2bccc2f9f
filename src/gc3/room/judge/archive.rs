//! Reading the archive (G7, XEP-0313).

use minidom::Element;

use super::{Change, FORBIDDEN, Reply, Sender, TOO_LARGE, TOO_MANY, Verdict, refuse};
use crate::codec::{
    Allow, Form, FormFault, FormType, PageRequest, Position, Stanza, StanzaError, StanzaType, parse_jid,
};
use crate::gc3::acl::{Subject, Verb};
use crate::gc3::config::History;
use crate::gc3::form::PREFIX;
use crate::gc3::host::{Edge, Query};
use crate::gc3::id::ParticipantId;
use crate::gc3::refusals::NOT_OFFERED;
use crate::gc3::room::state::{Bound, Dialect, State};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::{BAD_REQUEST, UNAVAILABLE};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

/// Why a request is refused.
type Refused = (Rule, StanzaError<'static>);

/// How an archived message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// From the Participant JID, as GC3 and `urn:xmpp:muc:0` have it.
    Gc3,
    /// From room/nick.
    Muc,
}

/// A query of the archive.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) query: Query,
    pub(crate) rendering: Rendering,
    /// Whether the page is sent from its end.
    pub(crate) flip: bool,
    /// Whether the page was cut to the greatest size.
    pub(crate) cut: bool,
}

/// What has to be read from the archive.
#[derive(Debug)]
pub(crate) enum Reading {
    Page(Query),
    /// The first and the last readable message.
    Ends(Query),
}

/// Decides about a request to the archive.
pub(super) fn archive(state: &State, stanza: &Stanza, sender: &Sender<'_>, request: &Element) -> (Rule, Verdict) {
    if let Err((why, error)) = horizon(state, sender) {
        return refuse(why, error);
    }
    let reading = match (request.name(), stanza.type_) {
        ("query", StanzaType::Get) => return (rule::G7_7, Verdict::Answer(Reply::QueryForm)),
        ("metadata", StanzaType::Get) => match ends(state, sender) {
            Ok(query) => Reading::Ends(query),
            Err((why, error)) => return refuse(why, error),
        },
        ("query", StanzaType::Set) => match asked(state, sender, request) {
            Ok(asked) => Reading::Page(asked.query),
            Err((why, error)) => return refuse(why, error),
        },
        _ => return refuse(rule::G13_5, UNAVAILABLE),
    };
    let allowed = state.allowance(Bound::Archive, sender.bare).allows(state.limits.archive, state.now);
    if !allowed || !state.may_ask_host() {
        return refuse(rule::G7_6, TOO_MANY);
    }
    let why = if matches!(reading, Reading::Ends(_)) { rule::G7_7 } else { rule::G7_3 };
    (why, Verdict::Accept(Change::Read(reading)))
}

/// The sequence number above which somebody may read; `None`: all. Refused to whoever may read nothing (G7.2).
pub(crate) fn horizon(state: &State, sender: &Sender<'_>) -> Result<Option<u64>, Refused> {
    const REFUSED: Refused = (rule::G7_2, FORBIDDEN);
    if !state.config.has_archive() {
        return Err(REFUSED);
    }
    let since = match sender.who.and_then(|who| Some((who, state.people.get(who)?))) {
        Some((who, person)) => {
            let by_parent = state.by_parent.contains(&who);
            if !by_parent && !state.may(person, Verb::ViewHistory) {
                return Err(REFUSED);
            }
            person.since_seq
        }
        None => {
            // Whoever may enter now, without being asked for anything, may read.
            let id = state.id_of(sender.bare);
            let subject =
                Subject { affiliation: state.access.affiliation(sender.bare, id), ..state.subject(sender.bare) };
            if !state.decides(&subject, Verb::ViewHistory) || !state.config.password.is_empty() {
                return Err(REFUSED);
            }
            state.tombs.get(id).map_or(state.talk.seq, |tomb| tomb.since_seq)
        }
    };
    Ok((state.config.history == History::SinceJoin).then_some(since))
}

/// The query for one message at an end of the archive.
pub(crate) fn ends(state: &State, sender: &Sender<'_>) -> Result<Query, Refused> {
    Ok(Query { above_seq: horizon(state, sender)?, max: 1, ..Query::default() })
}

/// Reads a query.
pub(crate) fn asked(state: &State, sender: &Sender<'_>, request: &Element) -> Result<Asked, Refused> {
    let mut query = Query { above_seq: horizon(state, sender)?, ..Query::default() };
    let session = state.sessions.find(sender.full).and_then(|seat| state.sessions.get(seat));
    let by_name = session.is_none_or(|session| session.dialect == Dialect::Muc);
    let mut rendering = if by_name { Rendering::Muc } else { Rendering::Gc3 };
    if let Some(x) = request.get_child("x", ns::DATA) {
        let allow = Allow { type_form: true, no_form_type: false };
        let form = Form::submitted(x, ns::MAM, allow).map_err(|error| match error.fault {
            FormFault::NotAForm | FormFault::Type | FormFault::FormType => (rule::G1_1, BAD_REQUEST),
            _ => (rule::G1_3, BAD_REQUEST),
        })?;
        if form.type_ == FormType::Cancel {
            return Err((rule::G1_1, BAD_REQUEST));
        }
        fields(state, &form, &mut query, &mut rendering)?;
    }
    let page = PageRequest::read(request).map_err(|_| (rule::G14_12, BAD_REQUEST))?.unwrap_or_default();
    query.from = match page.at {
        Position::First | Position::Index(0) => Edge::First,
        Position::After(id) => Edge::After(id.to_owned()),
        Position::Before(id) => Edge::Before(id.to_owned()),
        Position::Last => Edge::Last,
        Position::Index(_) => return Err((rule::G7_5, NOT_OFFERED)),
    };
    let most = state.limits.archive_page;
    query.max = page.max.unwrap_or(most).min(most);
    let flip = request.has_child("flip-page", ns::MAM);
    Ok(Asked { query, rendering, flip, cut: page.max.is_some_and(|max| max > most) })
}

fn fields(state: &State, form: &Form, query: &mut Query, rendering: &mut Rendering) -> Result<(), Refused> {
    const BAD: Refused = (rule::G1_3, BAD_REQUEST);
    if form.fields.len() > state.limits.form_fields {
        return Err((rule::G14_13, TOO_LARGE));
    }
    for field in &form.fields {
        let Some(var) = field.var.as_deref().filter(|var| *var != "FORM_TYPE") else { continue };
        let one = || match field.values.as_slice() {
            [value] => Ok(value.as_str()),
            _ => Err(BAD),
        };
        match var {
            "start" => query.start = Some(Time::parse(one()?).ok_or(BAD)?),
            "end" => query.end = Some(Time::parse(one()?).ok_or(BAD)?),
            "with" => query.author = Some(author(state, one()?).ok_or(BAD)?),
            "before-id" => query.before_id = Some(one()?.to_owned()),
            "after-id" => query.after_id = Some(one()?.to_owned()),
            "ids" if field.values.len() > state.limits.archive_page as usize => {
                return Err((rule::G7_6, TOO_MANY));
            }
            "ids" => query.ids.clone_from(&field.values),
            _ if var.strip_prefix(PREFIX) == Some("dialect") => {
                *rendering = match one()? {
                    "gc3" | "muc2" => Rendering::Gc3,
                    "muc" => Rendering::Muc,
                    _ => return Err(BAD),
                };
            }
            _ => return Err((rule::G7_5, NOT_OFFERED)),
        }
    }
    Ok(())
}

/// The author that `with` names: by Participant JID, or by the nickname that a participant has now. A real JID names
/// nobody, or the answer would tell who is who. `None`: it is no JID.
fn author(state: &State, with: &str) -> Option<ParticipantId> {
    let with = parse_jid(with)?;
    let here = with.to_bare().as_str() == state.address.as_str();
    let id = with.resource().filter(|_| here).and_then(|resource| {
        let resource = resource.as_str();
        let by_nick = || state.people.find_nick(resource).and_then(|slot| state.people.get(slot)).map(|p| p.id);
        ParticipantId::parse(resource).or_else(by_nick)
    });
    Some(id.unwrap_or(ParticipantId::NOBODY))
}
