//! Requests of one occupant to another (V2, G9.8, XEP-0045 §17.4): forwarded, without telling either who the other is.

use minidom::Element;

use crate::codec::{Fragment, Stanza, StanzaType};
use crate::gc3::refusals::{NOT_ALLOWED, TOO_MANY, UNAVAILABLE};
use crate::gc3::room::judge::relay::{Request, allowed, request as known};
use crate::gc3::room::judge::{Change, Verdict, refuse};
use crate::gc3::room::state::{Relayed, Slot, State};
use crate::gc3::rules::{muc as rule, table};
use crate::ns;
use crate::party::Seat;
use crate::rule::Rule;

/// A request that is forwarded to an occupant's session.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) asker: Slot,
    pub(crate) target: Slot,
    pub(crate) seat: Seat,
    pub(crate) type_: StanzaType,
    pub(crate) payload: Fragment,
}

/// What only an account's own server may be asked: an occupant's client would take the room's word for its server's.
const REFUSED: [&str; 9] =
    [ns::ROSTER, ns::PRIVACY, ns::BLOCKING, ns::PRIVATE, ns::REGISTER, ns::MAM, ns::CARBONS, ns::PUSH, ns::SM];

/// Decides about a request to an occupant that is in by presence, from another.
pub(crate) fn request(
    state: &State,
    stanza: &Stanza,
    (asker, target): (Slot, Slot),
    seat: Seat,
    payload: &Element,
) -> (Rule, Verdict) {
    if REFUSED.iter().any(|ns| payload.has_ns(*ns)) {
        return refuse(rule::V2, NOT_ALLOWED);
    }
    let Some((from, to)) = state.people.get(asker).zip(state.people.get(target)) else {
        return refuse(table::G9_2, UNAVAILABLE);
    };
    if !allowed(state, from, to) {
        return refuse(table::G9_7, TOO_MANY);
    }
    let get = stanza.type_ == StanzaType::Get;
    if let Some((what, items)) = known(payload).filter(|(what, _)| get && *what != Relayed::Vcard4) {
        // The account's server knows these, whichever of its devices is in.
        let what = if what == Relayed::VcardTemp { Relayed::Card } else { what };
        return (rule::G9_8, Verdict::Accept(Change::Relay(Request { asker, target, what, items })));
    }
    let payload = Fragment::new(|writer| {
        writer.element(payload);
    });
    let forward = Forward { asker, target, seat, type_: stanza.type_, payload };
    (rule::V2, Verdict::Accept(Change::Muc(super::Change::Forward(forward))))
}
