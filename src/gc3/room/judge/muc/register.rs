//! Registration of members and of their nicknames (XEP-0045 §7.10, §7.12), and its approval (§9.9).

use jid::BareJid;
use minidom::Element;

use super::super::administration::{Actor, enlist, whole};
use crate::codec::{Allow, Form, FormType, Stanza, StanzaType};
use crate::gc3::acl::{Affiliation, Verb};
use crate::gc3::config::Registration;
use crate::gc3::nick;
use crate::gc3::refusals::{BAD_REQUEST, CONFLICT, FORBIDDEN, INCOMPLETE, NOT_ALLOWED, TOO_FAST, TOO_MANY};
use crate::gc3::room::judge::{Change, Reply, Sender, Verdict, refuse};
use crate::gc3::room::state::{Bound, Edits, Reserve, State};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::rule::Rule;

/// The field by which a member asks for messages while it is away.
pub(crate) const OFFLINE: &str = "{http://tigase.org/protocol/muc}offline";

/// Decides about a request of `jabber:iq:register`.
pub(super) fn register(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let id = state.id_of(sender.bare);
    let affiliation = state.access.affiliation(sender.bare, id);
    if !may_register(state, sender.bare, affiliation) {
        return refuse(rule::RG2, NOT_ALLOWED);
    }
    if stanza.type_ != StanzaType::Set {
        return (rule::RG1, Verdict::Answer(Reply::Register(sender.bare.into())));
    }
    let mut edits = Edits::by(id);
    if query.get_child("remove", ns::REGISTER).is_some() {
        edits.reserve.push(Reserve { bare: sender.bare.into(), nick: None, own: true, offline: None });
        return (rule::RG5, Verdict::Accept(Change::Edit(edits)));
    }
    let allow = Allow { type_form: false, no_form_type: false };
    let form = query.get_child("x", ns::DATA).and_then(|x| Form::submitted(x, ns::MUC_REGISTER, allow).ok());
    let Some(form) = form else { return refuse(rule::RG4, BAD_REQUEST) };
    if form.type_ == FormType::Cancel {
        return (rule::RG1, Verdict::Answer(Reply::Done));
    }
    let offline = form.flag(OFFLINE);
    if offline.is_none() && form.get(OFFLINE).is_some_and(|text| !text.is_empty()) {
        return refuse(rule::RG4, BAD_REQUEST);
    }
    let Some(wanted) = form.get("muc#register_roomnick") else { return refuse(rule::RG4, BAD_REQUEST) };
    let Some(nick) = nick::prepare(wanted) else { return refuse(rule::RG4, INCOMPLETE) };
    if state.nick_is_anothers(&nick, sender.bare) {
        return refuse(rule::RG3, CONFLICT);
    }
    let reserve = Reserve { bare: sender.bare.into(), nick: Some(nick.into()), own: true, offline };
    if affiliation == Affiliation::None && state.config.registration == Registration::Approval {
        return request(state, reserve);
    }
    // A stranger becomes a member. Who is one by its domain alone gets an entry of its own, for a registration hangs on one.
    enlist(state, sender.bare, affiliation.max(Affiliation::Member), None, &mut edits.entries);
    edits.reserve.push(reserve);
    match whole(state, edits) {
        Ok(edits) => (rule::RG6, Verdict::Accept(Change::Edit(edits))),
        Err((why, error)) => refuse(why, error),
    }
}

/// Who may register: members, and strangers as the configuration says.
fn may_register(state: &State, bare: &str, affiliation: Affiliation) -> bool {
    match (affiliation, state.config.registration) {
        (Affiliation::Outcast, _) | (Affiliation::None, Registration::Closed) => false,
        (Affiliation::None, Registration::Open) => !state.config.members_only && state.admits(bare, affiliation),
        (Affiliation::None, Registration::Approval)
        | (Affiliation::Member | Affiliation::Admin | Affiliation::Owner, _) => true,
    }
}

/// A registration that has to be approved (§9.9). What is asked already is asked no second time.
fn request(state: &State, reserve: Reserve) -> (Rule, Verdict) {
    let before = state.registry.request(&reserve.bare);
    if before.is_some_and(|before| Some(&before.nick) == reserve.nick.as_ref()) {
        return (rule::RG9, Verdict::Answer(Reply::Done));
    }
    if !state.allowance(Bound::Register, &reserve.bare).allows(state.limits.registrations, state.now) {
        return refuse(rule::RG11, TOO_FAST);
    }
    if before.is_none() && state.registry.requests() >= state.limits.requests {
        return refuse(rule::RG11, TOO_MANY);
    }
    (rule::RG9, Verdict::Accept(Change::AskRegistration(reserve)))
}

/// Decides about the form by which a registration is approved or refused (§9.9).
pub(super) fn approve(state: &State, sender: &Sender<'_>, x: &Element) -> (Rule, Verdict) {
    if !state.permits(sender.bare, Verb::ChangeMembers) {
        return refuse(rule::AL6, FORBIDDEN);
    }
    let allow = Allow { type_form: false, no_form_type: false };
    let Ok(form) = Form::submitted(x, ns::MUC_REGISTER, allow) else { return refuse(rule::RG4, BAD_REQUEST) };
    let (Some(allowed), FormType::Submit) = (form.flag("muc#register_allow"), form.type_) else {
        // Who skips the request leaves it to others.
        return (rule::RG10, Verdict::Drop);
    };
    // Without the address that the form had, the nickname says who is meant, if it is one only.
    let named = form.get("muc#jid").and_then(|jid| BareJid::new(jid).ok());
    let mut same = form.get("muc#register_roomnick").into_iter().flat_map(|nick| state.registry.waiting(nick));
    let bare = match (&named, same.next(), same.next()) {
        (Some(jid), _, _) => Some(jid.as_str()),
        (None, one, None) => one,
        _ => None,
    };
    let Some((bare, wanted)) = bare.and_then(|bare| Some((bare, state.registry.request(bare)?))) else {
        return (rule::RG10, Verdict::Drop);
    };
    if !allowed {
        return (rule::RG10, Verdict::Accept(Change::DenyRegistration { bare: bare.into() }));
    }
    if state.nick_is_anothers(&wanted.nick, bare) {
        return refuse(rule::RG3, CONFLICT);
    }
    let actor = Actor::of(state, sender);
    let mut edits = Edits::by(actor.id);
    enlist(state, bare, Affiliation::Member, None, &mut edits.entries);
    // It asked itself, and only waited for the answer.
    let nick = Some(wanted.nick.clone());
    edits.reserve.push(Reserve { bare: bare.into(), nick, own: true, offline: wanted.offline });
    super::inviting::welcome(state, &mut edits);
    match whole(state, actor.notes(state, edits)) {
        Ok(edits) => (rule::RG10, Verdict::Accept(Change::Edit(edits))),
        Err((why, error)) => refuse(why, error),
    }
}
