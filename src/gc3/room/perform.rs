//! What follows when something was decided: apply the change, then say it. Each change has its arm, and no arm decides.

use super::judge::{self, Change};
use super::say::{self, Spoken};
use super::state::{Bound, Configuring, Ending, Joining, Pass, Redeeming, Timer, Topics, Turn, Why};
use super::watch::{self, Concerned};
use super::{Out, Room, RoomOrder};
use crate::codec::Stanza;
use crate::gc3::host::Notice;
use crate::gc3::rules::{acl, muc, table as rule};
use crate::gc3::wire::{Ask, Presence};
use crate::machine::Action;
use crate::rule::Rule;

impl Room {
    /// Applies a change and says what follows from it.
    pub(super) fn perform(&mut self, why: Rule, stanza: &Stanza, ask: &Ask<'_>, change: Change, out: &mut Out<'_>) {
        let state = &mut self.state;
        match change {
            Change::Join { joining, full, topics } => {
                self.redeem(&joining, out);
                let state = &mut self.state;
                let who = state.join(joining);
                if !topics.is_empty() {
                    state.subscribe(who, &full, topics, Topics::NONE);
                }
                say::joined(state, out, why, stanza, who, true);
                watch::took_part(state, out, who);
                say::present_state(state, out, rule::P3, &full, Topics::NONE);
                say::muc::shown_to_others(state, out, muc::P4, (who, Turn::Other));
                if why == rule::J4 {
                    say::also(out, rule::G11_2);
                    say::also(out, rule::G11_3);
                }
            }
            Change::Rejoin { who, full, topics, ask } => {
                let was = state.topics(&full);
                if !topics.is_empty() {
                    state.subscribe(who, &full, topics, Topics::NONE);
                }
                if ask {
                    state.ask(who);
                }
                if state.stay(who) {
                    say::also(out, muc::J10);
                }
                let released = state.release(who);
                if released {
                    state.touch(who);
                }
                say::joined(state, out, why, stanza, who, ask);
                watch::took_part(state, out, who);
                say::present_state(state, out, rule::P3, &full, was);
                if released {
                    say::muc::shown_to_others(state, out, muc::C9, (who, Turn::Other));
                }
            }
            Change::Leave { who } => {
                let gone = state.depart(who, Why::Left, None);
                say::left(out, why, stanza);
                if let Some(gone) = gone {
                    say::departed(state, out, why, &gone);
                }
            }
            Change::Subscribe { who, full, add, remove } => {
                let was = state.topics(&full);
                state.subscribe(who, &full, add, remove);
                say::answer(state, out, why, stanza, &judge::Reply::Done);
                if state.sessions.of(&state.people, who).nth(1).is_some() {
                    say::also(out, rule::J10);
                }
                say::present_state(state, out, why, &full, was);
            }
            Change::Sync { who, full, topics, reply } => {
                state.spend(Bound::Sync, full.as_str(), state.limits.sync);
                let was = state.topics(&full);
                state.attune(who, &full, topics, Topics::ALL.without(topics));
                say::synced(state, out, why, stanza, &reply);
                say::present_state(state, out, why, &full, was);
            }
            Change::Looked { reply } => {
                if let Some(from) = &stanza.from {
                    state.spend(Bound::Sync, from.as_str(), state.limits.sync);
                }
                say::synced(state, out, why, stanza, &reply);
            }
            Change::Available { who, full, show, priority, approve } => {
                if approve {
                    state.approve(who);
                    say::also(out, rule::G4_1);
                }
                let Ask::Presence(Presence::Available { caps, .. }) = ask else { return };
                let applied = state.available(who, &full, show, priority, caps.is_some());
                out.push(why, Action::Tell(Notice::Also));
                if let (Some(token), Some(caps)) = (applied.features, caps) {
                    let features = RoomOrder::Features {
                        token,
                        jid: full.as_str().into(),
                        hash: caps.hash.into(),
                        ver: caps.ver.into(),
                        node: caps.node.into(),
                        second: caps.second,
                    };
                    out.push(rule::G4_6, Action::Do(features));
                }
                if let Some(present) = applied.present {
                    say::presence(state, out, rule::P3, present);
                }
            }
            Change::Unavailable { who, seats } => {
                state.timers.clear(Timer::Probe(who));
                out.push(why, Action::Tell(Notice::Also));
                for seat in seats {
                    let state = &mut self.state;
                    if state.sessions.get(seat).is_some_and(|session| session.dialect.is_by_presence()) {
                        let exited = state.end_occupant(seat, Why::Left);
                        self.exited(muc::P10, exited, &Default::default(), out);
                    } else if let (_, Some(present)) = state.unavailable(seat) {
                        say::presence(state, out, rule::P3, present);
                    }
                }
            }
            Change::Approve { who } => {
                state.approve(who);
                out.push(why, Action::Tell(Notice::Also));
            }
            Change::Decline { who } => {
                let (closed, present) = state.decline(who);
                say::also(out, why);
                if !closed.is_empty() {
                    say::also(out, rule::G4_4);
                }
                if let Some(present) = present {
                    say::presence(state, out, rule::G4_4, present);
                }
            }
            Change::Gone { who } => {
                if let Some(gone) = state.depart(who, Why::AccountGone, None) {
                    say::departed(state, out, why, &gone);
                }
            }
            Change::AskLater { who } => {
                state.ask_later(who);
                say::also(out, why);
            }
            Change::Edit(mut edits) => {
                let rules = core::mem::take(&mut edits.rules);
                let actor = edits.actor;
                let concerned = watch::concerned(state, &edits);
                let welcome = core::mem::take(&mut edits.welcome);
                let edited = state.edit(edits);
                say::edited(state, out, why, stanza, &rules, &edited.departed);
                say::muc::changed(state, out, &edited, Some(actor));
                for invitee in &welcome {
                    state.invite(invitee, actor);
                }
                say::muc::admin::welcome(state, out, actor, &welcome);
                match concerned {
                    Concerned::Nobody => {}
                    Concerned::One(whom, own) => watch::changed(state, out, Some(&whom), own),
                    Concerned::Many => watch::changed(state, out, None, None),
                }
                // What is no request has no answer that would say why.
                if stanza.kind == crate::codec::StanzaKind::Message {
                    say::also(out, why);
                }
            }
            Change::Rule(mut ruling) => {
                if let Some(from) = &stanza.from {
                    state.spend(Bound::Acl, from.to_bare().as_str(), state.limits.acl);
                }
                let (what, rules) = (ruling.what.clone(), core::mem::take(&mut ruling.rules));
                let actor = ruling.actor;
                let departed = state.rule(ruling);
                say::ruled(state, out, why, stanza, (&what, &rules), &departed);
                self.show_rights(why, &what, actor, out);
            }
            Change::Relay(request) => self.relay(why, stanza, &request, out),
            Change::Relayed { number } => self.relayed(why, number, stanza, out),
            Change::Private(private) => self.private(why, stanza, &private, out),
            Change::Check { seat } => self.check_session(why, seat, out),
            Change::Checked { seat } => {
                state.checked(seat);
                say::also(out, why);
            }
            Change::Lost { seat } => self.lose(why, seat, out),
            Change::Report(report) => {
                if let Some(from) = &stanza.from {
                    state.spend(Bound::Report, from.to_bare().as_str(), state.limits.reports);
                }
                say::reported(state, out, why, stanza, &report);
            }
            Change::Own(mut own) => {
                let (who, rules) = (own.who, core::mem::take(&mut own.rules));
                let old = own.nick.as_ref().map(|_| state.name(who).to_owned());
                let present = state.set_own(own);
                say::own_set(state, out, why, stanza, (who, &rules), present);
                watch::took_part(state, out, who);
                if let Some(old) = old {
                    say::muc::renamed(state, out, muc::N1, (who, &old), None);
                    if state.spoken_for(who).is_some() {
                        say::also(out, muc::J10);
                    }
                }
            }
            Change::Configure(new) => self.configure(why, stanza, *new, out),
            Change::Destroy(ending) => {
                say::answer(state, out, why, stanza, &judge::Reply::Done);
                self.end(why, &ending, out);
            }
            Change::Unlock => {
                state.unlock();
                say::answer(state, out, why, stanza, &judge::Reply::Done);
            }
            Change::Invite(inviting) => {
                let edits = inviting.edits.clone();
                let actor = edits.actor;
                let edited = state.edit(edits);
                for invitee in &inviting.invitees {
                    state.invite(&invitee.bare, actor);
                }
                say::muc::admin::invite(state, out, why, stanza, &inviting);
                say::muc::changed(state, out, &edited, Some(actor));
            }
            Change::Declined(declining) => {
                if let Some(by) = state.people.get(declining.to).map(|person| person.id) {
                    state.uninvite(&declining.bare, by);
                }
                say::muc::admin::decline(state, out, why, stanza, &declining);
            }
            Change::AskRegistration(reserve) => {
                let rate = state.limits.registrations;
                state.spend(Bound::Register, &reserve.bare, rate);
                state.ask_registration(&reserve);
                say::answer(state, out, why, stanza, &judge::Reply::Done);
                say::muc::admin::ask_registration(state, out, why, stanza, &reserve);
            }
            Change::DenyRegistration { bare } => {
                state.registry.settle(&bare);
                say::also(out, why);
            }
            Change::GiveToken(invite) => {
                let token = state.give_token(invite);
                say::tokens::given(state, out, why, stanza, &token);
            }
            Change::RevokeToken(token) => {
                state.invites.revoke(&token);
                say::answer(state, out, why, stanza, &judge::Reply::Done);
            }
            Change::AskVoice { who } => {
                say::muc::admin::ask_voice(state, out, why, stanza, who);
                say::also(out, why);
            }
            Change::Muc(change) => self.perform_muc(why, stanza, ask, change, out),
            Change::Occupy(occupying) => self.occupy(why, stanza, *occupying, out),
            Change::Vacate { who } => self.vacate(why, stanza, who, out),
            Change::AskParent { fact, uri } => self.ask_parent(why, stanza, fact, uri, out),
            Change::Find { id } => self.find(why, stanza, id, out),
            Change::Read(reading) => self.read(why, stanza, reading, out),
            Change::Moderate(moderation) => {
                let (stanza_id, record) = state.moderate(&moderation);
                let announcement = say::moderation(state, &moderation, &stanza_id);
                say::overfull(out, state.hold(&announcement));
                say::answer(state, out, why, stanza, &judge::Reply::Done);
                say::moderated(state, out, why, &moderation, (&announcement, &stanza_id), record.as_ref());
            }
            Change::Speak(speech) => {
                let Ask::Speak(words) = ask else { return };
                let hidden = state.by_presence() && state.display(speech.who);
                let (_, stanza_id, record) = state.speak(&speech);
                if hidden {
                    say::muc::shown_to_others(state, out, muc::G10_4, (speech.who, Turn::Other));
                }
                let Some(reflection) = say::reflection(state, stanza, &speech, &stanza_id) else { return };
                say::overfull(out, state.hold(&reflection));
                let as_muc = say::muc::reflection(state, stanza, &speech, &stanza_id);
                let spoken = Spoken { record, stanza: reflection, as_muc };
                watch::accepted(state, out, &speech, &spoken);
                say::spoken(state, out, why, stanza, &speech, &spoken);
                if words.stripped {
                    say::also(out, rule::M3);
                    say::also(out, rule::G6_2);
                    say::also(out, rule::G6_3);
                }
            }
        }
    }

    /// Whom a token lets in becomes a member before it comes in, in the name of who gave the token.
    pub(super) fn redeem(&mut self, joining: &Joining, out: &mut Out<'_>) {
        let Pass::Token(redeeming) = &joining.pass else { return };
        let redeeming = Redeeming::clone(redeeming);
        let actor = redeeming.edits.actor;
        let edited = self.state.redeem(redeeming);
        say::also(out, muc::TK3);
        say::also(out, acl::A11);
        say::muc::changed(&self.state, out, &edited, Some(actor));
    }

    /// Ends the room, and tells everybody.
    pub(super) fn end(&mut self, why: Rule, ending: &Ending, out: &mut Out<'_>) {
        let state = &mut self.state;
        let occupants = say::muc::before_the_end(state);
        let sessions = state.destroy(ending.clone());
        say::destroyed(state, out, why, ending, &sessions);
        say::muc::destroyed(out, ending, &occupants);
        let accounts = state.farewells();
        say::farewell(state, out, why, &accounts);
    }

    /// Sets the room to something else, and says what follows for those who are in.
    fn configure(&mut self, why: Rule, stanza: &Stanza, new: Configuring, out: &mut Out<'_>) {
        let state = &mut self.state;
        let Configuring { config, actor, rules, edits } = new;
        let aliases = (config.aliases != state.config.aliases).then(|| config.aliases.clone());
        let (was, hidden) = (state.config.clone(), say::muc::hidden(state));
        let mut governed = edits.filter(|edits| !edits.entries.is_empty()).map(|edits| state.edit(edits));
        let mut edited = state.configure(config, actor);
        let before = governed.as_mut().map(|governed| core::mem::take(&mut governed.departed));
        edited.departed.splice(0..0, before.into_iter().flatten());
        say::configured(state, out, why, stanza, &rules, &edited.departed);
        say::muc::configured(state, out, &was);
        if let Some(governed) = governed {
            say::muc::changed(state, out, &governed, Some(actor));
        }
        say::muc::changed(state, out, &edited, None);
        say::muc::revealed(state, out, hidden);
        watch::changed(state, out, None, None);
        if let Some(aliases) = aliases {
            out.push(rule::G12_1, Action::Do(RoomOrder::Aliases(aliases)));
        }
    }
}
