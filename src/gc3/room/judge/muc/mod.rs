//! What XEP-0045 decides: presence to an occupant's address, and requests of one occupant to another.
//!
//! The seam for its other half: a request of `muc#admin` or `muc#owner` is judged by a file beside these, from an `Ask`
//! of its own in `wire`, into a [`Verdict`]. Affiliations, roles, kicks and bans become [`Change::Edit`], configuration
//! [`Change::Configure`] and the end of a room [`Change::Destroy`], as in the other dialect: what occupants are told
//! of them is written already, in both dialects, whoever asked. A room that is created by entering it is one of kind
//! `Classic`, with `state.locked` until it is configured; see [`entering`] for who may enter meanwhile.

mod admin;
mod avatar;
mod entering;
mod inviting;
mod owner;
mod register;
mod requests;
mod showing;

use super::{Refusal, Sender, Verdict};
pub(crate) use admin::{AdminReply, real};
pub(super) use entering::{admitted, has_space};
pub(super) use inviting::may_add;
pub(crate) use inviting::{Declining, Inviting};
use minidom::Element;
pub(super) use owner::{abandoned, hidden};
pub(crate) use register::OFFLINE;

use crate::codec::{Stanza, StanzaError, StanzaKind};
use crate::gc3::id::ParticipantId;
use crate::gc3::refusals::UNAVAILABLE;
use crate::gc3::room::state::{Avatar, Directed, Entering, Slot, State};
use crate::gc3::rules::table;
use crate::gc3::wire::muc::{Ask, History};
use crate::party::Seat;
use crate::rule::Rule;
pub(crate) use avatar::card;
pub(crate) use requests::{Forward, request};

/// What changes by presence to an occupant's address.
#[derive(Debug)]
pub(crate) enum Change {
    /// Somebody enters, or begins anew.
    Enter {
        entering: Box<Entering>,
        /// Its new nickname, if it is in and wants another.
        nick: Option<Box<str>>,
        history: History,
        /// Whether it asked for the name that it has now.
        as_asked: bool,
        rules: Vec<Rule>,
    },
    /// An occupant shows itself otherwise, and maybe under another nickname.
    Show { seat: Seat, who: Slot, directed: Directed, nick: Option<Renaming> },
    /// A session leaves; `whole`, so that it is no session of GC3 any more either.
    Exit { seat: Seat, whole: bool },
    /// Somebody believes to be in and is not.
    Astray,
    /// A request is forwarded.
    Forward(Forward),
    /// The room has another picture, or none.
    Avatar { avatar: Option<Avatar>, actor: ParticipantId },
}

/// Another nickname.
#[derive(Clone, Debug)]
pub(crate) struct Renaming {
    pub(crate) nick: Box<str>,
    /// Whether it is what was asked for.
    pub(crate) as_asked: bool,
}

/// What is asked in XEP-0045 beside presence.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// `muc#admin`
    Admin(&'a Element),
    /// `muc#owner`
    Owner(&'a Element),
    /// `jabber:iq:register`
    Register(&'a Element),
    /// An invitation, or a decline.
    Mediate(&'a Element),
    /// A form of `muc#request`.
    Voice(&'a Element),
    /// A form of `muc#register` in a message: a registration is approved or refused.
    Approve(&'a Element),
}

/// Decides about a request, or a message to the room that is not for all.
pub(super) fn administer(state: &State, stanza: &Stanza, sender: &Sender<'_>, asked: Asked<'_>) -> (Rule, Verdict) {
    if !state.by_presence() {
        return match stanza.kind {
            StanzaKind::Iq => super::refuse(table::G13_5, UNAVAILABLE),
            StanzaKind::Message | StanzaKind::Presence => (table::G4_8, Verdict::Drop),
        };
    }
    let (why, verdict) = match asked {
        Asked::Admin(query) => admin::admin(state, stanza, sender, query),
        Asked::Owner(query) => owner::owner(state, stanza, sender, query),
        Asked::Register(query) => register::register(state, stanza, sender, query),
        Asked::Mediate(x) => inviting::mediate(state, sender, x),
        Asked::Voice(x) => inviting::voice(state, sender, x),
        Asked::Approve(x) => register::approve(state, sender, x),
    };
    (admin::in_this_dialect(why), verdict)
}

/// Decides about presence to an occupant's address, or to the room without a nickname.
pub(super) fn presence(state: &State, stanza: &Stanza, sender: &Sender<'_>, ask: &Ask<'_>) -> (Rule, Verdict) {
    if !state.by_presence() {
        return (table::G4_8, Verdict::Drop);
    }
    let name = stanza.to.as_ref().and_then(|to| to.resource()).map_or("", |resource| resource.as_str());
    match ask {
        Ask::Enter(_) if !state.muc => (table::G4_8, Verdict::Drop),
        Ask::Enter(enter) => entering::enter(state, sender, name, enter),
        Ask::Show(shown) => showing::show(state, sender, name, shown),
        Ask::Exit(_) => showing::exit(state, sender),
    }
}

/// A refusal of presence, which is told though other presence is never answered.
pub(super) fn refuse(why: Rule, error: StanzaError<'static>) -> (Rule, Verdict) {
    (why, Verdict::Refuse(Refusal { insist: true, ..error.into() }))
}
