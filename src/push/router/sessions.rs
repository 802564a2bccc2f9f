//! The account's sessions, what they enable, and what they displayed.

use std::sync::Arc;

use minidom::Element;

use super::copies;
use super::input::{Notice, SessionEvent};
use super::publishing::{settle, settle_device};
use super::rooms;
use super::say::{self, Out};
use super::state::{Owner, Registration, Session, Stage, State};
use super::table as rule;
use crate::codec::{Condition, Outgoing, Stanza, StanzaError, StanzaType};
use crate::ns;
use crate::party::{Address, Seat};
use crate::push::enable::{Enable, Flaw, Request, Target};
use crate::rule::Rule;
use crate::time::{Span, Time};

/// Something happens to a session.
pub(super) fn event(state: &mut State, out: &mut Out<'_>, jid: Address, event: SessionEvent) {
    let seat = state.sessions.find(jid.as_str());
    if let SessionEvent::Up { client, enable } = event {
        let most = state.limits.sessions.min(64) as usize;
        match seat {
            // The same full JID bound anew: the old session is over.
            Some(seat) => rooms::forget_session(state, out, seat),
            None if state.sessions.roster().len() >= most => return say::tell(out, rule::S1, Notice::PassedOver),
            None => {}
        }
        let seat = state.sessions.seat(Session::new(jid, client.map(Into::into)));
        state.relink_devices();
        arrived(state, out, seat);
        if let Some(enable) = enable {
            inline(state, out, seat, &enable);
        }
        return;
    }
    let Some(seat) = seat else { return say::tell(out, rule::S2, Notice::PassedOver) };
    let now = state.now;
    let Some(session) = state.sessions.get_mut(seat) else { return };
    match event {
        SessionEvent::Up { .. } => {}
        SessionEvent::Features { features, identity } => {
            let has = |name: &str| features.iter().any(|feature| feature == name);
            session.announced = has(ns::TIGASE_OFFLINE);
            session.default_receive = has("urn:xmpp:gc3:0:default-receive:message");
            session.identity = identity.map(|(category, type_)| (category.into(), type_.into()));
            identify(state, seat);
            state.relink_devices();
        }
        SessionEvent::ImNg(on) => {
            session.im_ng = on;
            state.relink_devices();
        }
        SessionEvent::Active(on) => {
            session.active = on;
            if on {
                session.last = Some(now);
            }
        }
        SessionEvent::Hibernated { unacked } => {
            session.connected = false;
            let session = session.clone();
            state.relink_devices();
            lost(state, out, &session, &unacked);
        }
        SessionEvent::Resumed => {
            session.connected = true;
            state.relink_devices();
            arrived(state, out, seat);
        }
        SessionEvent::Gone { unacked } => {
            rooms::forget_session(state, out, seat);
            let Some(session) = state.sessions.unseat(seat) else { return };
            state.relink_devices();
            lost(state, out, &session, &unacked);
        }
    }
}

/// What a lost session never acknowledged is tested, unless its device has another one.
fn lost(state: &mut State, out: &mut Out<'_>, session: &Session, unacked: &[Stanza]) {
    let device = state.device(session) & !state.connected;
    copies::unacked(state, out, device, unacked);
}

/// A device is there.
fn arrived(state: &mut State, out: &mut Out<'_>, seat: Seat) {
    let device = state.sessions.get(seat).map_or(0, |session| state.device(session));
    settle_device(state, out, device);
    identify(state, seat);
}

/// The registrations of a device are of its client's identity (XEP-0492 §3).
fn identify(state: &mut State, seat: Seat) {
    let Some(session) = state.sessions.get(seat) else { return };
    let (device, identity) = (state.device(session), session.identity.clone());
    for slot in (0..16).filter(|slot| device & (1 << slot) != 0) {
        if let (Some(registration), Some(_)) = (state.registration_mut(slot), &identity) {
            registration.identity.clone_from(&identity);
        }
    }
}

/// Somebody does something in a session.
pub(super) fn touch(state: &mut State, seat: Seat) {
    let now = state.now;
    if let Some(session) = state.sessions.get_mut(seat) {
        session.last = Some(now);
    }
}

/// A device of the account displayed a chat up to a message (T7).
pub(super) fn displayed(state: &mut State, out: &mut Out<'_>, chat: &str, id: &str) {
    let id = state.mark(id);
    let Some(name) = state.name(chat) else { return };
    let Some(known) = state.chats.get_mut(&name) else { return };
    if known.displayed.is_some_and(|old| known.seen.is_before(id, old)) {
        return;
    }
    known.displayed = Some(id);
    known.unread = known.unread.saturating_sub(known.seen.read_up_to(id));
    let (count, last) = (known.unread, known.last.clone());
    let mut settled = Vec::new();
    for (slot, registration) in state.each() {
        if let Some(note) = registration.notes.get(&name)
            && state.chats.get(&name).is_some_and(|chat| chat.is_displayed(note.newest))
        {
            settled.push((slot, if note.stage == Stage::Sent { rule::T8 } else { rule::T7 }));
        }
    }
    if let Some(last) = last {
        say::tell(out, rule::MC4, Notice::Unread { chat: Arc::clone(&name), last, count });
    }
    for (slot, why) in settled {
        settle(state, out, why, slot, &name);
    }
}

/// A request to enable or disable push, by iq.
pub(super) fn request(state: &mut State, out: &mut Out<'_>, jid: &str, stanza: &Stanza, element: &Element) {
    if stanza.type_ == StanzaType::Get {
        return refuse(out, rule::E11, jid, stanza, Condition::BadRequest);
    }
    let known = state.sessions.find(jid).and_then(|seat| state.sessions.get(seat)).cloned();
    // A session that is not looked after is known by its resource.
    let session = known.or_else(|| Some(Session::new(Address::from_saved(jid)?, None)));
    let Some(session) = session else { return };
    match decide(state, &session, element) {
        Err((why, condition)) => refuse(out, why, jid, stanza, condition),
        Ok((why, change)) => {
            if let Some(answer) = Outgoing::result(stanza, |_| {}) {
                say::send(out, why, jid, &answer);
            }
            carry_out(state, out, &session, why, change);
        }
    }
}

fn refuse(out: &mut Out<'_>, why: Rule, jid: &str, stanza: &Stanza, condition: Condition) {
    if let Some(answer) = Outgoing::error(stanza, &StanzaError::of(condition)) {
        say::send(out, why, jid, &answer);
    }
}

/// A request to enable push while a session binds.
fn inline(state: &mut State, out: &mut Out<'_>, seat: Seat, element: &Element) {
    let Some(session) = state.sessions.get(seat).cloned() else { return };
    if !crate::push::enable::is_request(element) {
        return say::tell(out, rule::E2, Notice::Refused { condition: Condition::BadRequest });
    }
    match decide(state, &session, element) {
        Err((why, condition)) => say::tell(out, why, Notice::Refused { condition }),
        Ok((why, change)) => carry_out(state, out, &session, why, change),
    }
}

/// What a request changes.
enum Change {
    /// In that slot, after those others ended.
    Enable {
        slot: u8,
        enable: Box<Enable>,
        ends: Vec<(u8, Rule)>,
    },
    Disable(Vec<u8>),
}

fn decide(state: &State, session: &Session, element: &Element) -> Result<(Rule, Change), (Rule, Condition)> {
    let limits = &state.limits;
    let request = Request::read(element, limits.filters, limits.enable_bytes).map_err(|flaw| match flaw {
        Flaw::Service | Flaw::Incomplete => (rule::E2, Condition::BadRequest),
        Flaw::Options => (rule::E4, Condition::BadRequest),
        Flaw::Profile => (rule::E7, Condition::FeatureNotImplemented),
        Flaw::Filters | Flaw::Long => (rule::E6, Condition::PolicyViolation),
    })?;
    let owner = Owner::of(session);
    let slots = |holds: &dyn Fn(&Registration) -> bool| -> Vec<u8> {
        state.each().filter(|(_, registration)| holds(registration)).map(|(slot, _)| slot).collect()
    };
    let enable = match request {
        Request::Enable(enable) => enable,
        Request::DisableDevice => {
            let ends = slots(&|registration| registration.is_second() && registration.owner.same(&owner));
            return Ok((rule::E9, Change::Disable(ends)));
        }
        Request::DisableNodes { service, node } => {
            let ends = slots(&|registration| match &registration.enable.target {
                Target::Node { node: has, .. } => {
                    registration.enable.service == service && (node.is_none() || *has == node)
                }
                Target::Client { .. } => false,
            });
            return Ok((rule::E8, Change::Disable(ends)));
        }
    };
    if is_own(state, &enable.service) {
        return Err((rule::E3, Condition::NotAllowed));
    }
    let same = |registration: &Registration| match (&registration.enable.target, &enable.target) {
        (Target::Node { node: has, .. }, Target::Node { node, .. }) => {
            registration.enable.service == enable.service && has == node
        }
        (Target::Client { .. }, Target::Client { .. }) => registration.owner.same(&owner),
        _ => false,
    };
    // A client that tells its id has one registration with a service, whatever node it has now.
    let moved = |registration: &Registration| match (&registration.enable.target, &enable.target) {
        (Target::Node { .. }, Target::Node { .. }) => {
            owner.client.is_some() && registration.owner.same(&owner) && registration.enable.service == enable.service
        }
        _ => false,
    };
    let mut ends: Vec<(u8, Rule)> =
        slots(&|one| moved(one) && !same(one)).into_iter().map(|slot| (slot, rule::E10)).collect();
    let most = limits.registrations.clamp(1, 16) as u8;
    let slot = slots(&same).first().copied().or_else(|| ends.first().map(|(slot, _)| *slot));
    let slot = slot.or_else(|| (0..most).find(|slot| state.registration(*slot).is_none()));
    let slot = slot.or_else(|| {
        // One that failed makes room.
        let failed = slots(&|registration| registration.disabled).first().copied();
        ends.extend(failed.map(|slot| (slot, rule::X12)));
        failed
    });
    let slot = slot.ok_or((rule::E5, Condition::ResourceConstraint))?;
    Ok((rule::E1, Change::Enable { slot, enable, ends }))
}

/// Whether a push service is the account itself, or one session of an account here: it would push itself.
fn is_own(state: &State, service: &str) -> bool {
    let (bare, resource) = service.split_once('/').map_or((service, None), |(bare, resource)| (bare, Some(resource)));
    let local = bare.split_once('@').is_some_and(|(_, domain)| domain == state.domain());
    bare == state.account.as_str() || (local && resource.is_some())
}

fn carry_out(state: &mut State, out: &mut Out<'_>, session: &Session, why: Rule, change: Change) {
    match change {
        Change::Disable(slots) => slots.into_iter().for_each(|slot| end(state, out, why, slot)),
        Change::Enable { slot, enable, ends } => {
            ends.into_iter().for_each(|(slot, why)| end(state, out, why, slot));
            let known = state.registration(slot).map(|registration| registration.number);
            let number = known.unwrap_or_else(|| {
                state.drawn += 1;
                state.drawn
            });
            if known.is_some() {
                settle_device(state, out, 1 << slot);
                // What was published before says nothing about what is enabled now.
                state.land_all(slot);
            }
            let at = usize::from(slot);
            if state.registrations.len() <= at {
                state.registrations.resize(at + 1, None);
            }
            state.registrations[at] = Some(Registration {
                number,
                owner: Owner::of(session),
                enable: *enable,
                identity: session.identity.clone(),
                disabled: false,
                errors: 0,
                wait: Span::ZERO,
                hold: None,
                failing: None,
                next: Time::EPOCH,
                sent: 0,
                notes: std::collections::BTreeMap::new(),
            });
            state.relink_devices();
            say::tell(out, why, Notice::Enabled { registration: number });
        }
    }
}

fn end(state: &mut State, out: &mut Out<'_>, why: Rule, slot: u8) {
    if let Some(gone) = state.take_registration(slot) {
        say::tell(out, why, Notice::Disabled { registration: gone.number });
    }
}

/// A push service takes the right to publish away (XEP-0357 §8).
pub(super) fn revoked(state: &mut State, out: &mut Out<'_>, stanza: &Stanza, pubsub: &Element) {
    let from = stanza.from.as_ref().map_or("", |from| from.as_str());
    let node = pubsub.attr("node");
    let revoked = pubsub.children().filter(|child| child.is("affiliation", ns::PUBSUB)).any(|affiliation| {
        let whose = affiliation.attr("jid").and_then(crate::codec::parse_jid);
        let may = matches!(affiliation.attr("affiliation"), Some("owner" | "publisher" | "publish-only"));
        !may && whose.is_some_and(|whose| {
            let bare = whose.to_bare();
            state.is_account(&bare) || bare.as_str() == state.domain()
        })
    });
    if !revoked {
        return;
    }
    let of = |registration: &Registration| match &registration.enable.target {
        Target::Node { node: has, .. } => *registration.enable.service == *from && has.as_deref() == node,
        Target::Client { .. } => false,
    };
    let slots: Vec<u8> = state.each().filter(|(_, one)| of(one)).map(|(slot, _)| slot).collect();
    slots.into_iter().for_each(|slot| end(state, out, rule::X11, slot));
}
