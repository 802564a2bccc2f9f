//! Registration of members and of their nicknames (XEP-0045 §7.10, §7.12).

use minidom::Element;

use super::super::administration::{Target, whole};
use crate::codec::{Allow, Form, FormType, Stanza, StanzaType};
use crate::gc3::acl::Affiliation;
use crate::gc3::nick;
use crate::gc3::refusals::{BAD_REQUEST, CONFLICT, INCOMPLETE, NOT_ALLOWED};
use crate::gc3::room::judge::{Change, Reply, Sender, Verdict, refuse};
use crate::gc3::room::state::{Edits, Reserve, State};
use crate::gc3::rules::muc as rule;
use crate::ns;
use crate::rule::Rule;

/// The field by which a member asks for messages while it is away.
pub(crate) const OFFLINE: &str = "{http://tigase.org/protocol/muc}offline";

/// Decides about a request of `jabber:iq:register`.
pub(super) fn register(state: &State, stanza: &Stanza, sender: &Sender<'_>, query: &Element) -> (Rule, Verdict) {
    let id = state.id_of(sender.bare);
    let affiliation = state.access.affiliation(sender.bare, id);
    // Members, and in an open room everybody who is not banned.
    let may = match affiliation {
        Affiliation::Outcast => false,
        Affiliation::None => !state.config.members_only && state.admits(sender.bare, affiliation),
        Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
    };
    if !may {
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
    if affiliation == Affiliation::None {
        let target = Target { id: Some(id), account: Some(sender.bare) };
        target.entries(state, Affiliation::Member, false, None, &mut edits.entries);
    }
    // Who is a member by its domain alone gets an entry of its own, for a registration hangs on one.
    else if state.access.own(sender.bare, id).is_none() {
        let target = Target { id: Some(id), account: Some(sender.bare) };
        target.entries(state, affiliation, false, None, &mut edits.entries);
    }
    edits.reserve.push(Reserve { bare: sender.bare.into(), nick: Some(nick.into()), own: true, offline });
    match whole(state, edits) {
        Ok(edits) => (rule::RG6, Verdict::Accept(Change::Edit(edits))),
        Err((why, error)) => refuse(why, error),
    }
}
