//! What is said of settings, of the configuration, and of the end of the room (G1.6, G1.7, G3.5).

use jid::BareJid;

use super::{also, joining, lists, own_header, result, send, send_one};
use crate::codec::{FormType, Outgoing, Stanza, StanzaKind, StanzaType};
use crate::gc3::form;
use crate::gc3::host::{Notice, Order};
use crate::gc3::room::state::{Departed, Dialect, Ending, Present, Sessions, Slot, State};
use crate::gc3::room::{Out, RoomOrder};
use crate::gc3::rules::table as rule;
use crate::machine::Action;
use crate::ns;
use crate::party::Audience;
use crate::rule::Rule;

/// Answers with somebody's own settings.
pub(super) fn own(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, who: Slot, type_: FormType) {
    let Some(person) = state.people.get(who) else { return };
    result(out, why, stanza, |writer| {
        writer.open("participant", ns::GC3);
        form::write_own(state, person, type_, writer);
        writer.close();
    });
}

/// Answers a change of somebody's own settings, and announces the presence that follows.
pub(crate) fn own_set(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    (who, rules): (Slot, &[Rule]),
    present: Option<Present>,
) {
    own(state, out, why, stanza, who, FormType::Result);
    rules.iter().for_each(|&rule| also(out, rule));
    if let Some(present) = present {
        super::presence(state, out, rule::P3, present);
    }
}

/// Answers with the configuration form.
pub(super) fn config(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, configures: bool) {
    result(out, why, stanza, |writer| {
        writer.open("config", ns::GC3).attr("version", &state.version_text(state.config_version));
        form::write_config(&state.config, state.domain(), configures, &state.limits, writer);
        writer.close();
    });
}

/// Answers a change of the configuration, says who is not in any more by it, and announces it.
pub(crate) fn configured(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    rules: &[Rule],
    departed: &[Departed],
) {
    result(out, why, stanza, |_| {});
    removed(state, out, departed);
    rules.iter().for_each(|&rule| also(out, rule));
    reconfigured(state, out, rule::C2);
}

/// Says who is not in any more.
pub(crate) fn removed(state: &State, out: &mut Out<'_>, departed: &[Departed]) {
    for gone in departed {
        joining::departed(state, out, lists::removal(gone.why), gone);
    }
}

/// Announces the version of the configuration to every session.
pub(crate) fn reconfigured(state: &State, out: &mut Out<'_>, why: Rule) {
    let stanza = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
        writer.open("config", ns::GC3).attr("version", &state.version_text(state.config_version)).close();
    });
    send(out, why, Audience::all(state.sessions.roster(), state.sessions.all(Dialect::Gc3)), &stanza);
    also(out, why);
}

/// Tells those who were in that the room is gone.
pub(crate) fn destroyed(state: &State, out: &mut Out<'_>, why: Rule, ending: &Ending, sessions: &Sessions) {
    let told = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
        writer.open("destroyed", ns::GC3).attr_opt("jid", ending.alternate.as_deref());
        if let Some(reason) = &ending.reason {
            writer.leaf("reason", ns::GC3, reason);
        }
        writer.close();
    });
    send(out, why, Audience::all(sessions.roster(), sessions.all(Dialect::Gc3)), &told);
    ending.rules.iter().for_each(|&rule| also(out, rule));
    if let Ok(room) = BareJid::new(state.address.as_str()) {
        if !state.config.aliases.is_empty() {
            out.push(why, Action::Do(RoomOrder::Aliases(Vec::new())));
        }
        out.push(why, Action::Do(RoomOrder::Host(Order::Drop { room: room.clone() })));
        out.push(why, Action::Tell(Notice::Destroyed { room }));
    }
}

/// Gives up the subscription to accounts of a room that is gone.
pub(crate) fn farewell(state: &State, out: &mut Out<'_>, why: Rule, accounts: &[Box<str>]) {
    let stanza = Outgoing::new(&own_header(state, StanzaKind::Presence, StanzaType::Unsubscribe), |_| {});
    for account in accounts {
        send_one(out, why, account, &stanza);
    }
}
