//! Presence of occupants (XEP-0045 §7.2, §7.6, §7.7, §7.14, §8–§10).

use super::{history, versions, write_real_nick, write_status};
use crate::codec::{Fragment, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::{Config, Visibility, Who};
use crate::gc3::id::ParticipantId;
use crate::gc3::room::Out;
use crate::gc3::room::say::{also, own_header, send, send_one, write_occupant_id};
use crate::gc3::room::state::{Departed, Dialect, Edited, Ending, Entered, Person, Slot, State, View, Why};
use crate::gc3::rules::{muc as rule, table};
use crate::gc3::wire::muc::History;
use crate::ns;
use crate::party::{Address, Audience, Seat};
use crate::rule::Rule;
use crate::time::Time;

/// What a presence of an occupant says besides who it is.
#[derive(Clone, Copy, Default)]
struct Extra<'a> {
    codes: &'a [u16],
    /// The new nickname.
    nick: Option<&'a str>,
    /// Who did it.
    actor: Option<ParticipantId>,
    reason: Option<&'a str>,
    /// The version of the access list before, if there is one, and now (XEP-0463).
    mav: Option<(Option<u64>, u64)>,
    /// The id of the presence that it answers.
    id: Option<&'a str>,
}

/// Writes the presence of a participant, as a reader with that view may see it.
fn presence_of(state: &State, who: Slot, view: View, extra: Extra<'_>) -> Outgoing {
    let from = state.occupant_jid(state.name(who));
    let header =
        Header { kind: StanzaKind::Presence, type_: StanzaType::Available, from: &from, id: extra.id, lang: None };
    Outgoing::new(&header, |writer| {
        let Some(person) = state.people.get(who) else { return };
        let best = state.spoken_for(who);
        match best {
            Some((_, payload)) => {
                writer.fragment(&Fragment::of(payload.clone()));
            }
            None => match person.shown {
                Some(show) => {
                    if let Some(name) = show.name() {
                        writer.leaf("show", ns::CLIENT, name);
                    }
                }
                // It is in, and none of its devices is there (P4).
                None => {
                    writer.leaf("show", ns::CLIENT, "xa");
                    let since = Time::from_millis(u64::from(person.last_seen) * 1000);
                    writer.open("idle", ns::IDLE).attr("since", &since.to_string()).close();
                }
            },
        }
        write_occupant_id(writer, person.id);
        write_real_nick(state, who, writer);
        crate::gc3::room::say::write_hats(&state.hats, state.people.jid(who), writer);
        let jid = match best {
            Some((seat, _)) => state.sessions.jid(seat),
            None => state.people.jid(who),
        };
        let jid = Some(jid).filter(|_| view == View::Jids);
        write_x(state, (person.affiliation, Some(state.role(person))), jid, extra, writer);
    })
}

/// Writes `<x/>` with its item: the role is none for whoever is not there.
fn write_x(
    state: &State,
    (affiliation, role): (Affiliation, Option<Role>),
    jid: Option<&str>,
    extra: Extra<'_>,
    writer: &mut Writer,
) {
    writer.open("x", ns::MUC_USER);
    if let Some((since, until)) = extra.mav {
        versions::write_mav(state, since, until, writer);
    }
    writer.open("item", ns::MUC_USER);
    writer.attr("affiliation", affiliation.name()).attr("role", role.map_or("none", Role::name));
    writer.attr_opt("jid", jid).attr_opt("nick", extra.nick);
    let actor = extra.actor.and_then(|id| state.people.find_id(id));
    if let Some(actor) = actor {
        writer.open("actor", ns::MUC_USER).attr("nick", state.name(actor)).close();
    }
    if let Some(reason) = extra.reason {
        writer.leaf("reason", ns::MUC_USER, reason);
    }
    writer.close();
    extra.codes.iter().for_each(|&code| write_status(writer, code));
    writer.close();
}

/// Whether readers who see only moderators see a participant: whoever was one is told of still, so that all learn that it
/// is none any more.
fn seen(state: &State, who: Slot, view: View) -> bool {
    let shown = |person: &Person| person.displayed && (view != View::Moderators || person.seen);
    state.people.get(who).is_some_and(shown)
}

/// Sends to every other occupant what `write` writes for its view.
fn to_others(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, write: impl Fn(View) -> Outgoing) {
    let own = state.occupants_of(who);
    if state.has_other_name(who) {
        also(out, rule::G10_1);
    }
    for view in View::ALL {
        if !seen(state, who, view) {
            if !readers(state, view).is_empty() {
                also(out, rule::G10_3);
            }
            continue;
        }
        let audience = Audience::all_but(state.sessions.roster(), readers(state, view), &own);
        if !audience.is_empty() {
            send(out, why, audience, &write(view));
            if view != View::Jids {
                also(out, table::V1);
            }
        }
    }
}

fn readers(state: &State, view: View) -> &crate::party::Seats {
    state.sessions.hearing_changes(Dialect::Muc, view)
}

/// The view of a participant's own sessions.
fn own_view(state: &State, who: Slot) -> View {
    state.people.get(who).map_or(View::Plain, |person| state.view(person))
}

/// Somebody entered: all others are shown to it, then it is shown to all, then comes what was said before.
pub(crate) fn entered(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    entered: &Entered,
    as_asked: bool,
    history: History,
) {
    let Entered { who, seat, new, changed, both } = *entered;
    let (view, to) = (own_view(state, who), state.sessions.jid(seat));
    let asked = versions::asked(stanza);
    if let Some(asked) = asked {
        versions::on_entry(state, out, who, to, asked, stanza);
    }
    let mut away = false;
    let crowd = state.is_crowd().then(|| state.speakers());
    let shown = |person: &Person| crowd.as_ref().is_none_or(|speakers| speakers.contains(&person.id));
    for (other, person) in state.people.iter().filter(|&(other, _)| other != who) {
        if (view != View::Moderators && shown(person)) || state.role(person) == Role::Moderator {
            send_one(out, why, to, &presence_of(state, other, view, Extra::default()));
            away |= person.shown.is_none();
        }
    }
    if away {
        also(out, rule::P4);
    }
    if crowd.is_some() {
        also(out, rule::G10_4);
    }
    if new || changed {
        to_others(state, out, why, who, |view| presence_of(state, who, view, Extra::default()));
    }
    let siblings: Vec<Seat> = state.occupants_of(who).into_iter().filter(|&other| other != seat).collect();
    if changed && !siblings.is_empty() {
        let own = presence_of(state, who, view, Extra { codes: &[110], ..Extra::default() });
        send(out, why, Audience::few(state.sessions.roster(), &siblings), &own);
    }
    let codes = [
        (state.config.visibility == Visibility::Everyone, 100),
        (true, 110),
        (state.config.has_archive(), 170),
        (state.locked, 201),
        (!as_asked, 210),
    ];
    let codes: Vec<u16> = codes.into_iter().filter_map(|(there, code)| there.then_some(code)).collect();
    let extra = Extra {
        codes: &codes,
        id: stanza.id.as_deref(),
        mav: asked.map(|_| (None, state.access.version)),
        ..Extra::default()
    };
    send_one(out, why, to, &presence_of(state, who, view, extra));
    also(out, rule::S1);
    if view == View::Moderators {
        also(out, rule::G10_3);
    }
    if both {
        also(out, rule::J10);
    }
    history::send(state, out, who, to, history);
    history::subject(state, out, to);
}

/// An occupant's presence is another: others see it if it is the one that speaks for it, and all its own sessions.
pub(crate) fn shown(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, changed: bool, seat: Seat) {
    let own = presence_of(state, who, own_view(state, who), Extra { codes: &[110], ..Extra::default() });
    if changed {
        shown_to_others(state, out, why, who);
        send(out, why, Audience::few(state.sessions.roster(), &state.occupants_of(who)), &own);
    } else {
        send_one(out, why, state.sessions.jid(seat), &own);
    }
}

/// All other occupants see the presence of a participant.
pub(crate) fn shown_to_others(state: &State, out: &mut Out<'_>, why: Rule, who: Slot) {
    to_others(state, out, why, who, |view| presence_of(state, who, view, Extra::default()));
}

/// A participant has another nickname: the old one goes, the new one comes (§7.6).
pub(crate) fn renamed(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, old: &str, not_as_asked: Option<Seat>) {
    let Some(person) = state.people.get(who) else { return };
    let from = state.occupant_jid(old);
    let header =
        Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
    let jid = state.spoken_for(who).map_or_else(|| state.people.jid(who), |(seat, _)| state.sessions.jid(seat));
    let left = |view: View, codes: &[u16]| {
        Outgoing::new(&header, |writer| {
            write_occupant_id(writer, person.id);
            let extra = Extra { codes, nick: Some(state.name(who)), ..Extra::default() };
            let jid = Some(jid).filter(|_| view == View::Jids);
            write_x(state, (person.affiliation, Some(state.role(person))), jid, extra, writer);
        })
    };
    let own = state.occupants_of(who);
    let view = own_view(state, who);
    to_others(state, out, why, who, |view| left(view, &[303]));
    send(out, why, Audience::few(state.sessions.roster(), &own), &left(view, &[110, 303]));
    shown_to_others(state, out, why, who);
    let siblings: Vec<Seat> = own.iter().copied().filter(|&seat| Some(seat) != not_as_asked).collect();
    let again = presence_of(state, who, view, Extra { codes: &[110], ..Extra::default() });
    send(out, why, Audience::few(state.sessions.roster(), &siblings), &again);
    if let Some(seat) = not_as_asked {
        let again = presence_of(state, who, view, Extra { codes: &[110, 210], ..Extra::default() });
        send_one(out, why, state.sessions.jid(seat), &again);
    }
}

/// A session ended, and its account is still in: only the session itself is told that it is out.
pub(crate) fn ended(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, jid: &Address, words: &Fragment) {
    let Some(person) = state.people.get(who) else { return };
    let from = state.occupant_jid(state.name(who));
    let header =
        Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
    let own = Outgoing::new(&header, |writer| {
        writer.fragment(words);
        write_occupant_id(writer, person.id);
        write_x(state, (person.affiliation, None), None, Extra { codes: &[110], ..Extra::default() }, writer);
    });
    send_one(out, why, jid.as_str(), &own);
    also(out, rule::P7);
}

/// Somebody is not in any more.
pub(crate) fn gone(state: &State, out: &mut Out<'_>, why: Rule, gone: &Departed) {
    let why = if gone.why.is_removal() { rule::X2 } else { why };
    let code: &[u16] = match gone.why {
        Why::Left | Why::AccountGone => &[],
        Why::Kicked => &[307],
        Why::Banned => &[301],
        Why::Config => &[322],
        Why::Unlisted => &[321],
        Why::Lost => &[333],
    };
    let affiliation = match gone.why {
        Why::Banned => Affiliation::Outcast,
        Why::Config | Why::Unlisted => Affiliation::None,
        Why::Left | Why::AccountGone | Why::Kicked | Why::Lost => gone.person.affiliation,
    };
    let from = state.occupant_jid(&gone.name);
    let header =
        Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
    let occupants = || gone.sessions.iter().filter(|(_, session)| session.dialect == Dialect::Muc);
    let best = occupants().max_by_key(|(_, session)| (session.priority, session.last));
    let jid = best.map_or(gone.jid.as_str(), |(jid, _)| jid.as_str());
    let write = |view: View, codes: &[u16]| {
        Outgoing::new(&header, |writer| {
            writer.fragment(&gone.words);
            write_occupant_id(writer, gone.person.id);
            let extra =
                Extra { codes, actor: gone.actor, reason: gone.reason.as_deref(), mav: gone.mav, ..Extra::default() };
            write_x(state, (affiliation, None), Some(jid).filter(|_| view == View::Jids), extra, writer);
        })
    };
    let codes: Vec<u16> = core::iter::once(110).chain(code.iter().copied()).collect();
    let mut own = None;
    for (jid, session) in occupants() {
        let own = own.get_or_insert_with(|| write(session.view, &codes));
        send_one(out, why, jid.as_str(), own);
    }
    let shown = |&view: &View| gone.person.displayed && (view != View::Moderators || gone.person.seen);
    for view in View::ALL.into_iter().filter(shown) {
        let audience = Audience::all(state.sessions.roster(), readers(state, view));
        if !audience.is_empty() {
            send(out, why, audience, &write(view, code));
        }
    }
}

/// Affiliations or roles are others: each is told as presence, to all.
pub(crate) fn changed(state: &State, out: &mut Out<'_>, edited: &Edited, actor: Option<ParticipantId>) {
    if !state.muc {
        return;
    }
    for (&who, reason) in &edited.changed {
        let mav =
            edited.versions.filter(|_| edited.affiliated.contains(&who)).map(|(since, until)| (Some(since), until));
        let extra = Extra { actor, reason: reason.as_deref(), mav, ..Extra::default() };
        to_others(state, out, rule::R1, who, |view| presence_of(state, who, view, extra));
        let own = state.occupants_of(who);
        if !own.is_empty() {
            if state.config.list_visible == Who::Moderators && own_view(state, who) != View::Moderators {
                // Who moderates now sees all of them.
                for (other, _) in state.people.iter().filter(|&(other, _)| other != who) {
                    let presence = presence_of(state, other, own_view(state, who), Extra::default());
                    send(out, rule::G10_3, Audience::few(state.sessions.roster(), &own), &presence);
                }
            }
            let told = presence_of(state, who, own_view(state, who), Extra { codes: &[110], ..extra });
            send(out, rule::R1, Audience::few(state.sessions.roster(), &own), &told);
        }
    }
    if let Some(before_and_now) = edited.versions {
        if !edited.affiliated.is_empty() {
            also(out, rule::E3);
        }
        versions::changed(state, out, &edited.keys, before_and_now);
    }
}

/// The configuration is another (§10.2.1): what changed, as far as there is a code for it.
pub(crate) fn configured(state: &State, out: &mut Out<'_>, was: &Config) {
    let is = &state.config;
    let mut codes = Vec::new();
    if is.has_archive() != was.has_archive() {
        codes.push(if is.has_archive() { 170 } else { 171 });
    }
    if is.visibility != was.visibility {
        codes.push(if is.visibility == Visibility::Everyone { 172 } else { 173 });
    }
    let coded = Config { archive: was.archive, history: was.history, visibility: was.visibility, ..is.clone() };
    if coded != *was || codes.is_empty() {
        codes.insert(0, 104);
    }
    let told = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Groupchat), |writer| {
        writer.open("x", ns::MUC_USER);
        codes.iter().for_each(|&code| write_status(writer, code));
        writer.close();
    });
    send(out, rule::C2, Audience::all(state.sessions.roster(), state.sessions.all(Dialect::Muc)), &told);
}

/// Somebody who is in by presence when the room ends.
pub(crate) struct Last {
    name: Box<str>,
    id: ParticipantId,
    sessions: Vec<Box<str>>,
}

/// Those who are in by presence, as they are to be told of the end of the room.
pub(crate) fn before_the_end(state: &State) -> Vec<Last> {
    let person = |(who, person): (Slot, &Person)| {
        let sessions: Vec<Box<str>> =
            state.occupants_of(who).into_iter().map(|seat| state.sessions.jid(seat).into()).collect();
        (!sessions.is_empty()).then(|| Last { name: state.name(who).into(), id: person.id, sessions })
    };
    state.people.iter().filter_map(person).collect()
}

/// The room is gone (§10.9): each occupant is told so by its own presence.
pub(crate) fn destroyed(state: &State, out: &mut Out<'_>, ending: &Ending, occupants: &[Last]) {
    for Last { name, id, sessions } in occupants {
        let from = state.occupant_jid(name);
        let header =
            Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
        let told = Outgoing::new(&header, |writer| {
            write_occupant_id(writer, *id);
            writer.open("x", ns::MUC_USER).open("item", ns::MUC_USER);
            writer.attr("affiliation", "none").attr("role", "none").close();
            writer.open("destroy", ns::MUC_USER).attr_opt("jid", ending.alternate.as_deref());
            if let Some(reason) = &ending.reason {
                writer.leaf("reason", ns::MUC_USER, reason);
            }
            if let Some(password) = &ending.password {
                writer.leaf("password", ns::MUC_USER, password);
            }
            writer.close();
            write_status(writer, 110);
            writer.close();
        });
        for jid in sessions {
            send_one(out, rule::X3, jid, &told);
        }
    }
}

/// Tells somebody who believes to be in that it is not (§7.2.18).
pub(crate) fn astray(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    let (Some(from), Some(to)) = (&stanza.from, stanza.element.attr("to")) else { return };
    let affiliation = state.rank(from.to_bare().as_str());
    let header = Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: to, id: None, lang: None };
    let told = Outgoing::new(&header, |writer| {
        let extra = Extra { codes: &[110, 307, 333], ..Extra::default() };
        write_x(state, (affiliation, None), None, extra, writer);
    });
    send_one(out, why, from.as_str(), &told);
}

/// The service shuts down: each occupant is told so by its own presence.
pub(crate) fn shut_down(state: &State, out: &mut Out<'_>) {
    for Last { name, id, sessions } in before_the_end(state) {
        let from = state.occupant_jid(&name);
        let header =
            Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
        let affiliation = state.people.find_id(id).and_then(|who| state.people.get(who)).map(|p| p.affiliation);
        let told = Outgoing::new(&header, |writer| {
            write_occupant_id(writer, id);
            let extra = Extra { codes: &[110, 332], ..Extra::default() };
            write_x(state, (affiliation.unwrap_or_default(), None), None, extra, writer);
        });
        for jid in &sessions {
            send_one(out, rule::X4, jid, &told);
        }
    }
}
