//! Presence of occupants (XEP-0045 §7.2, §7.6, §7.7, §8–§10), written for each dialect that enters by presence and each
//! class of its readers.

use std::collections::BTreeSet;

use super::{history, versions, write_real_nick, write_status};
use crate::codec::{Fragment, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::acl::{Affiliation, Role};
use crate::gc3::config::{Shown, Visibility};
use crate::gc3::id::ParticipantId;
use crate::gc3::room::Out;
use crate::gc3::room::say::{also, send, send_one, write_occupant_id};
use crate::gc3::room::state::{Dialect, Edited, Entered, Level, Person, Slot, State, Topics, Turn, View};
use crate::gc3::rules::{muc as rule, muc2, table};
use crate::gc3::wire::muc::History;
use crate::ns;
use crate::party::{Audience, Seat, Seats};
use crate::rule::Rule;
use crate::time::Time;

/// Those for whom presence is written in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) dialect: Dialect,
    pub(super) view: View,
}

impl Reader {
    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let views = |dialect| View::ALL.into_iter().map(move |view| Self { dialect, view });
        Dialect::BY_PRESENCE.into_iter().flat_map(views)
    }

    /// Whether it sees the JIDs of all.
    pub(super) fn sees_jids(self) -> bool {
        self.view == View::Jids
    }
}

/// What a presence of an occupant says besides who it is.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'a> {
    pub(super) codes: &'a [u16],
    /// The new nickname.
    pub(super) nick: Option<&'a str>,
    /// Who did it.
    pub(super) actor: Option<ParticipantId>,
    pub(super) reason: Option<&'a str>,
    /// The version of the access list before, if there is one, and now (XEP-0463).
    pub(super) mav: Option<(Option<u64>, u64)>,
    /// The id of the presence that it answers.
    pub(super) id: Option<&'a str>,
}

/// Writes the presence of a participant, as a reader may see it.
fn presence_of(state: &State, who: Slot, reader: Reader, extra: Extra<'_>) -> Outgoing {
    let from = state.address_in(reader.dialect, who);
    // Where people are addressed by ID, one who is in without a device is what it is: unavailable (P4).
    let away = reader.dialect == Dialect::Muc2 && !state.is_online(who);
    let type_ = if away { StanzaType::Unavailable } else { StanzaType::Available };
    let header = Header { kind: StanzaKind::Presence, type_, from: &from, id: extra.id, lang: None };
    Outgoing::new(&header, |writer| {
        let Some(person) = state.people.get(who) else { return };
        let best = state.spoken_for(who);
        match (best, person.shown) {
            (Some((_, payload)), _) => {
                writer.fragment(&Fragment::of(payload.clone()));
            }
            (None, Some(show)) => {
                if let Some(name) = show.name() {
                    writer.leaf("show", ns::CLIENT, name);
                }
            }
            (None, None) if away => {}
            // It is in, and none of its devices is there (P4).
            (None, None) => {
                writer.leaf("show", ns::CLIENT, "xa");
                let since = Time::from_millis(u64::from(person.last_seen) * 1000);
                writer.open("idle", ns::IDLE).attr("since", &since.to_string()).close();
            }
        }
        write_occupant_id(writer, person.id);
        if reader.dialect == Dialect::Muc {
            write_real_nick(state, who, writer);
        }
        crate::gc3::room::say::write_hats(&state.hats, state.people.jid(who), writer);
        let jid = match best {
            Some((seat, _)) => state.sessions.jid(seat),
            None => state.people.jid(who),
        };
        let jid = Some(jid).filter(|_| state.shows_jid(reader.view, who));
        write_x(
            state,
            (person.affiliation, Some(state.role(person))),
            jid,
            (reader.dialect, &person.nick),
            extra,
            writer,
        );
    })
}

/// Writes `<x/>` with its item: the role is none for whoever is not in. Where people are addressed by ID, it holds the
/// nickname.
pub(super) fn write_x(
    state: &State,
    (affiliation, role): (Affiliation, Option<Role>),
    jid: Option<&str>,
    (dialect, nick): (Dialect, &str),
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
    if let Some((actor, id)) = extra.actor.and_then(|id| Some((state.people.find_id(id)?, id))) {
        writer.open("actor", ns::MUC_USER);
        match dialect {
            Dialect::Muc2 => {
                let nick = state.people.get(actor).map_or("", |person| &person.nick);
                writer.attr("nick", nick);
                write_occupant_id(writer, id);
            }
            Dialect::Gc3 | Dialect::Muc => {
                writer.attr("nick", state.name(actor));
            }
        }
        writer.close();
    }
    if let Some(reason) = extra.reason {
        writer.leaf("reason", ns::MUC_USER, reason);
    }
    writer.close();
    if dialect == Dialect::Muc2 {
        writer.leaf("nickname", ns::MUC2, nick);
    }
    extra.codes.iter().for_each(|&code| write_status(writer, code));
    writer.close();
}

/// The rules that are one and the same, in the words of XEP-0045 (or of GC3) and in those of `urn:xmpp:muc:0`.
const SAME: [(Rule, Rule); 26] = [
    (rule::P8, muc2::P8),
    (rule::J5, muc2::J5),
    (rule::P7, muc2::P7),
    (rule::P4, muc2::P4),
    (rule::P4, muc2::B1),
    (table::P3, muc2::P4),
    (table::P14, muc2::P4),
    (rule::U1, muc2::U1),
    (rule::N1, muc2::N1),
    (rule::X1, muc2::X1),
    (rule::X1, muc2::B4),
    (rule::P10, muc2::X1),
    (rule::X2, muc2::X2),
    (rule::X3, muc2::X3),
    (rule::X4, muc2::X3),
    (rule::R1, muc2::R1),
    (rule::C2, muc2::C2),
    (rule::W1, muc2::W1),
    (rule::W2, muc2::W2),
    (rule::T1, muc2::T1),
    (rule::G6_6, muc2::G6_6),
    (rule::G7_8, muc2::G7_8),
    (rule::V2, muc2::V2),
    (rule::P6, muc2::P6),
    (rule::P12, muc2::P12),
    (rule::Q1, muc2::Q1),
];

/// A rule in the words of a dialect, where it has words of its own for it.
pub(super) fn in_words_of(dialect: Dialect, why: Rule) -> Rule {
    let of = |&(theirs, ours): &(Rule, Rule)| match dialect {
        Dialect::Muc2 => (theirs == why).then_some(ours),
        Dialect::Gc3 | Dialect::Muc => (ours == why).then_some(theirs),
    };
    SAME.iter().find_map(of).unwrap_or(why)
}

/// Whether readers who see only moderators see a participant: whoever was one is told of still, so that all learn that it
/// is none any more.
fn seen(state: &State, who: Slot, view: View) -> bool {
    let shown = |person: &Person| person.displayed && (view != View::Moderators || person.seen);
    state.people.get(who).is_some_and(shown)
}

/// The readers who are told of a presence.
pub(super) fn readers(state: &State, Reader { dialect, view }: Reader, turn: Turn) -> &Seats {
    state.sessions.hearing_turn(dialect, view, turn)
}

/// Sends to every other occupant what `write` writes for it.
fn to_others(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    (who, turn): (Slot, Turn),
    write: impl Fn(Reader) -> Outgoing,
) {
    let own = state.occupants_of(who);
    for reader in Reader::all() {
        let hearers = readers(state, reader, turn);
        if hearers.is_empty() {
            continue;
        }
        if !seen(state, who, reader.view) {
            also(out, rule::G10_3);
            continue;
        }
        let audience = Audience::all_but(state.sessions.roster(), hearers, &own);
        if !audience.is_empty() {
            send(out, in_words_of(reader.dialect, why), audience, &write(reader));
            if !reader.sees_jids() {
                also(out, table::V1);
            }
        }
    }
    told(state, out, who);
}

/// Notes which rules of names and of levels took part in what all others were told.
fn told(state: &State, out: &mut Out<'_>, who: Slot) {
    if state.has_other_name(who) {
        also(out, rule::G10_1);
    }
    let everybody = state.sessions.all(Dialect::Muc2).len();
    if everybody == 0 {
        return;
    }
    let hearing = |turn| -> usize {
        View::ALL.into_iter().map(|view| state.sessions.hearing_turn(Dialect::Muc2, view, turn).len()).sum()
    };
    let (every, turns) = (hearing(Turn::Other), hearing(Turn::Online));
    if every > 0 {
        also(out, muc2::P5);
    }
    if turns > every {
        also(out, muc2::P5_1);
    }
    if everybody > turns {
        also(out, muc2::P5_2);
    }
}

/// How the sessions of a participant see it, in each dialect that they speak.
fn own_readers(state: &State, who: Slot) -> impl Iterator<Item = (Reader, Vec<Seat>)> {
    let view = own_view(state, who);
    state.occupants_by_dialect(who).map(move |(dialect, seats)| (Reader { dialect, view }, seats))
}

/// The view of a participant's own sessions.
fn own_view(state: &State, who: Slot) -> View {
    state.people.get(who).map_or(View::Plain, |person| state.view(person))
}

/// Sends to sessions of a participant what it is itself; `every`: also to those that want no presence.
fn to_own(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    (who, every): (Slot, bool),
    which: impl Fn(Seat) -> bool,
    write: impl Fn(Reader) -> Outgoing,
) {
    for (reader, seats) in own_readers(state, who) {
        let wants = |seat: &Seat| {
            let hears = state.sessions.get(*seat).is_some_and(|session| session.topics.contains(Topics::PRESENCE));
            which(*seat) && (every || hears)
        };
        let told: Vec<Seat> = seats.into_iter().filter(wants).collect();
        if told.is_empty() {
            continue;
        }
        send(out, in_words_of(reader.dialect, why), Audience::few(state.sessions.roster(), &told), &write(reader));
        if reader.dialect == Dialect::Muc2 && every {
            also(out, muc2::P5_3);
        }
    }
}

/// Somebody entered, as it asked to.
pub(crate) struct Entry<'a> {
    pub(crate) stanza: &'a Stanza,
    pub(crate) entered: Entered,
    /// Whether it has the name that it asked for.
    pub(crate) as_asked: bool,
    pub(crate) history: History,
}

/// Somebody entered: all others are shown to it, then it is shown to all, then comes what was said before.
pub(crate) fn entered(state: &State, out: &mut Out<'_>, why: Rule, entry: &Entry<'_>) {
    let Entry { stanza, entered: Entered { who, seat, new, changed, turn, both, before, released }, as_asked, history } =
        *entry;
    let Some(session) = state.sessions.get(seat) else { return };
    let reader = Reader { dialect: session.dialect, view: own_view(state, who) };
    let to = state.sessions.jid(seat);
    let asked = versions::asked(stanza);
    if let Some(asked) = asked {
        versions::on_entry(state, out, who, to, asked, stanza);
    }
    if session.topics.contains(Topics::PARTICIPANT) {
        others(state, out, why, who, (reader, to));
    }
    if new || changed {
        to_others(state, out, why, (who, turn), |reader| presence_of(state, who, reader, Extra::default()));
    }
    if changed {
        let own = |reader| presence_of(state, who, reader, Extra { codes: &[110], ..Extra::default() });
        to_own(state, out, why, (who, false), |other| other != seat, own);
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
    send_one(out, why, to, &presence_of(state, who, reader, extra));
    also(out, rule::S1);
    if reader.view == View::Moderators {
        also(out, rule::G10_3);
    }
    let turned = before.is_some_and(|before| before != reader.dialect);
    if both || turned {
        let by_id = reader.dialect == Dialect::Muc2 || before == Some(Dialect::Muc2);
        also(out, if by_id { muc2::J10 } else { rule::J10 });
    }
    if reader.dialect == Dialect::Muc2 {
        also(out, muc2::P5_3);
        also(
            out,
            match session.topics {
                Topics::ALL => muc2::P5,
                topics if topics == Level::Join.topics() => muc2::P5_1,
                _ => muc2::P5_2,
            },
        );
    }
    if released {
        also(out, rule::C9);
    }
    history::send(state, out, who, (reader.dialect, to), history);
    history::subject(state, out, who, (reader.dialect, to));
}

/// Shows all others to who enters, as far as it is shown them.
fn others(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, (reader, to): (Reader, &str)) {
    let mut away = false;
    let crowd = state.is_crowd().then(|| state.speakers());
    let shown = |person: &Person| crowd.as_ref().is_none_or(|speakers| speakers.contains(&person.id));
    for (other, person) in state.people.iter().filter(|&(other, _)| other != who) {
        let sees = shown(person) && (reader.view != View::Moderators || state.is_shown(person));
        if sees || state.role(person) == Role::Moderator {
            send_one(out, why, to, &presence_of(state, other, reader, Extra::default()));
            away |= person.shown.is_none();
        }
    }
    if away {
        also(out, in_words_of(reader.dialect, rule::P4));
    }
    if crowd.is_some() {
        also(out, rule::G10_4);
    }
}

/// An occupant's presence is another: others see it if it is the one that speaks for it, and all its own sessions.
pub(crate) fn shown(state: &State, out: &mut Out<'_>, why: Rule, who: Slot, changed: bool, seat: Seat) {
    let own = |reader| presence_of(state, who, reader, Extra { codes: &[110], ..Extra::default() });
    if changed {
        shown_to_others(state, out, rule::U1, (who, Turn::Other));
    }
    let others = |other: Seat| changed && other != seat;
    to_own(state, out, why, (who, true), |other| other == seat, own);
    to_own(state, out, why, (who, false), others, own);
}

/// All other occupants see the presence of a participant.
pub(crate) fn shown_to_others(state: &State, out: &mut Out<'_>, why: Rule, (who, turn): (Slot, Turn)) {
    to_others(state, out, why, (who, turn), |reader| presence_of(state, who, reader, Extra::default()));
}

/// A participant has another nickname. Where it is part of the address, the old one goes and the new one comes (§7.6).
/// `apart`: a session that is told in other words, with these status codes; with none, by an answer of its own.
pub(crate) fn renamed(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    (who, old): (Slot, &str),
    apart: Option<(Seat, &[u16])>,
) {
    let Some(person) = state.people.get(who) else { return };
    let from = state.occupant_jid(old);
    let header =
        Header { kind: StanzaKind::Presence, type_: StanzaType::Unavailable, from: &from, id: None, lang: None };
    let jid = state.spoken_for(who).map_or_else(|| state.people.jid(who), |(seat, _)| state.sessions.jid(seat));
    let left = |reader: Reader, codes: &[u16]| {
        Outgoing::new(&header, |writer| {
            write_occupant_id(writer, person.id);
            let extra = Extra { codes, nick: Some(state.name(who)), ..Extra::default() };
            let jid = Some(jid).filter(|_| state.shows_jid(reader.view, who));
            let rights = (person.affiliation, Some(state.role(person)));
            write_x(state, rights, jid, (reader.dialect, &person.nick), extra, writer);
        })
    };
    let own = state.occupants_of(who);
    for view in View::ALL.into_iter().filter(|&view| seen(state, who, view)) {
        let reader = Reader { dialect: Dialect::Muc, view };
        let audience = Audience::all_but(state.sessions.roster(), readers(state, reader, Turn::Other), &own);
        if !audience.is_empty() {
            send(out, in_words_of(Dialect::Muc, why), audience, &left(reader, &[303]));
            if !reader.sees_jids() {
                also(out, table::V1);
            }
        }
    }
    for (reader, seats) in own_readers(state, who).filter(|(reader, _)| reader.dialect == Dialect::Muc) {
        let why = in_words_of(Dialect::Muc, why);
        send(out, why, Audience::few(state.sessions.roster(), &seats), &left(reader, &[110, 303]));
    }
    shown_to_others(state, out, why, (who, Turn::Other));
    let again =
        |codes: &'static [u16]| move |reader| presence_of(state, who, reader, Extra { codes, ..Extra::default() });
    to_own(state, out, why, (who, true), |seat| apart.is_none_or(|(other, _)| other != seat), again(&[110]));
    if let Some((seat, codes)) = apart.filter(|(_, codes)| !codes.is_empty()) {
        let own = |reader| presence_of(state, who, reader, Extra { codes, ..Extra::default() });
        to_own(state, out, why, (who, true), |other| other == seat, own);
    }
}

/// Affiliations or roles are others: each is told as presence, to all.
pub(crate) fn changed(state: &State, out: &mut Out<'_>, edited: &Edited, actor: Option<ParticipantId>) {
    if !state.by_presence() {
        return;
    }
    for (&who, reason) in &edited.changed {
        let mav =
            edited.versions.filter(|_| edited.affiliated.contains(&who)).map(|(since, until)| (Some(since), until));
        let extra = Extra { actor, reason: reason.as_deref(), mav, ..Extra::default() };
        to_others(state, out, rule::R1, (who, Turn::Other), |reader| presence_of(state, who, reader, extra));
        let view = own_view(state, who);
        if state.config.list_visible != Shown::Participants && view != View::Moderators {
            // Who moderates now sees all of them.
            for (other, _) in state.people.iter().filter(|&(other, _)| other != who) {
                let presence = |reader| presence_of(state, other, reader, Extra::default());
                to_own(state, out, rule::G10_3, (who, false), |_| true, presence);
            }
        }
        let told = |reader| presence_of(state, who, reader, Extra { codes: &[110], ..extra });
        to_own(state, out, rule::R1, (who, true), |_| true, told);
    }
    if let Some(before_and_now) = edited.versions {
        if !edited.affiliated.is_empty() {
            also(out, rule::E3);
        }
        versions::changed(state, out, &edited.keys, before_and_now);
    }
}

/// What not everybody sees while not all are broadcast.
pub(crate) struct Hidden {
    people: Vec<Slot>,
    /// Who does not see them.
    readers: BTreeSet<Seat>,
}

/// Who is hidden now, and from whom.
pub(crate) fn hidden(state: &State) -> Option<Hidden> {
    let blind = Dialect::BY_PRESENCE.into_iter().map(|dialect| Reader { dialect, view: View::Moderators });
    let readers: BTreeSet<Seat> = blind.flat_map(|reader| readers(state, reader, Turn::Online).iter()).collect();
    let unseen = state.people.iter().filter(|(_, person)| !person.seen).map(|(who, _)| who);
    (!readers.is_empty()).then(|| Hidden { people: unseen.collect(), readers })
}

/// Those who were hidden and are not any more are shown to who did not see them.
pub(crate) fn revealed(state: &State, out: &mut Out<'_>, hidden: Option<Hidden>) {
    let Some(Hidden { people, readers: blind }) = hidden else { return };
    for reader in Reader::all() {
        let readers: Vec<Seat> =
            readers(state, reader, Turn::Online).iter().filter(|seat| blind.contains(seat)).collect();
        for &who in people.iter().filter(|&&who| seen(state, who, reader.view)) {
            let others = readers.iter().filter(|&&seat| state.sessions.get(seat).is_some_and(|s| s.person != who));
            let others: Vec<Seat> = others.copied().collect();
            let presence = presence_of(state, who, reader, Extra::default());
            let why = in_words_of(reader.dialect, rule::G10_3);
            send(out, why, Audience::few(state.sessions.roster(), &others), &presence);
        }
    }
}
