//! The push test (T): for one message and each registration, whether it is pushed, and how.

use core::cell::OnceCell;

use smallvec::SmallVec;

use super::{Asked, Kind, hopeless};
use crate::party::bare;
use crate::push::content::Content;
use crate::push::enable::Target;
use crate::push::filter::{Allow, ChatFilter, Match, Profile, Setting};
use crate::push::mention::{Answer, How, Me, Nick};
use crate::push::publish::Priority;
use crate::push::router::state::{Chat, Registration, Room, State};
use crate::push::router::table as rule;
use crate::rule::Rule;
use crate::time::{Span, Time};

/// What the test says of one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// No push.
    No,
    /// A push of that priority, now or when grace is over; whether it takes one of the raised priorities (T8.2).
    Push { priority: Priority, until: Option<Time>, raised: bool },
    /// The push that stands for this chat stands for this message too.
    Stands,
    /// The push that stands gets high priority; whether it takes one of the raised priorities.
    Raise { raised: bool },
}

/// What the test says, of whom, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tested {
    pub(crate) slot: u8,
    pub(crate) why: Rule,
    pub(crate) test: Test,
    /// A mention came too often (T8.2).
    pub(crate) too_often: bool,
}

/// Whether a registration wants a message.
#[derive(Clone, Copy, Debug)]
enum Want {
    No(Rule),
    /// It does; `wake` if nobody can know whether it should.
    Yes {
        why: Rule,
        mention: bool,
        wake: bool,
        grace: Span,
    },
}

/// What is found out about a message at most once, however many registrations there are.
struct Found<'a> {
    asked: &'a Asked<'a>,
    room: Option<&'a Room>,
    account: &'a str,
    active: bool,
    own: OnceCell<Answer>,
}

impl Found<'_> {
    /// Whether the account is mentioned, by its own nickname in the room or by another one.
    fn answer(&self, nick: Option<&Nick>) -> Answer {
        if self.asked.kind == Kind::Forwarded {
            return Answer::Yes(How::Reference);
        }
        match nick {
            None => *self.own.get_or_init(|| self.ask(self.room.and_then(|room| room.nick.as_ref()), true)),
            Some(nick) => self.ask(Some(nick), true),
        }
    }

    fn ask(&self, nick: Option<&Nick>, named: bool) -> Answer {
        let Some(room) = self.room else { return Answer::No };
        let mut addresses: SmallVec<[&str; 4]> = SmallVec::new();
        if named {
            addresses.push(self.account);
            addresses.extend(room.addresses.iter().map(|address| &**address));
        }
        let me = Me {
            occupant_id: room.occupant.as_deref(),
            addresses: &addresses,
            nick,
            room: Some(self.asked.chat),
            groups: &[],
            active: self.active,
        };
        self.asked.read.mentions(self.asked.message).answer(&me, &room.permitted())
    }

    /// Whether it answers what the account said, and whether it mentions it otherwise.
    fn reply_or_mention(&self) -> (bool, bool, bool) {
        match self.answer(None) {
            Answer::Yes(How::Reply) => {
                let nick = self.room.and_then(|room| room.nick.as_ref());
                (true, matches!(self.ask(nick, false), Answer::Yes(_)), false)
            }
            Answer::Yes(_) => (false, true, false),
            Answer::No => (false, false, false),
            Answer::Unreadable => (false, false, true),
        }
    }
}

/// Tests a message for the registrations of a set of slots.
pub(crate) fn tests(state: &State, chat: &Chat, asked: &Asked<'_>, slots: u16, now: Time) -> SmallVec<[Tested; 16]> {
    let mut tested = SmallVec::new();
    let told = asked.known.told;
    let displayed = chat.is_displayed(asked.id);
    let hopeless = hopeless(asked);
    let found = Found {
        asked,
        room: chat.room.as_deref(),
        account: state.account.as_str(),
        active: state.sessions.iter().any(|(_, session)| session.connected && session.active),
        own: OnceCell::new(),
    };
    let mut may_raise = OnceCell::new();
    for (slot, registration) in state.each() {
        let bit = 1 << slot;
        if slots & bit == 0 {
            continue;
        }
        let no = |why| Tested { slot, why, test: Test::No, too_often: false };
        if let Some(why) = hopeless {
            tested.push(no(why));
        } else if registration.disabled {
            tested.push(no(rule::X12));
        } else if state.connected & bit != 0 {
            tested.push(no(if is_inactive(state, registration) { rule::P11 } else { rule::P9 }));
        } else if told & bit != 0 {
            tested.push(no(if state.hibernated & bit != 0 { rule::P10 } else { rule::MC6 }));
        } else {
            let want = wants(chat, &found, registration);
            match want {
                Want::No(why) => tested.push(no(why)),
                Want::Yes { .. } if displayed => tested.push(no(rule::T7)),
                Want::Yes { why, mention, wake, grace } => {
                    let allowed = || *may_raise.get_or_init(|| may_mention(state, found.room, now));
                    tested.push(stands(state, &found, slot, registration, (why, mention, wake, grace), allowed, now));
                }
            }
        }
    }
    let _ = may_raise.take();
    tested
}

/// Whether all connected sessions of a registration's device are inactive.
fn is_inactive(state: &State, registration: &Registration) -> bool {
    let mut connected =
        state.sessions.iter().filter(|(_, session)| session.connected && registration.owner.is(session));
    !connected.any(|(_, session)| session.active)
}

/// Whether a mention may have high priority (T8.2).
fn may_mention(state: &State, room: Option<&Room>, now: Time) -> bool {
    let here = room.is_none_or(|room| room.mentions.allows(state.limits.mentions_room, now));
    here && state.mentions.allows(state.limits.mentions_account, now)
}

/// T1 to T6: whether a registration wants it.
fn wants(chat: &Chat, found: &Found<'_>, registration: &Registration) -> Want {
    let asked = found.asked;
    match &registration.enable.target {
        Target::Node { filters, .. } => {
            let bare = bare(asked.chat);
            if filters.muted.contains(bare) {
                return Want::No(rule::T1);
            }
            match asked.kind {
                Kind::Person { known: false, .. } if filters.ignore_unknown => return Want::No(rule::T1_1),
                Kind::Room | Kind::Forwarded => match filters.rooms.as_ref().map(|rooms| rooms.get(bare)) {
                    Some(None | Some(Allow::Never)) => return Want::No(rule::T2),
                    Some(Some(Allow::Always)) => return always(rule::T2, found, Span::ZERO),
                    Some(Some(Allow::Mentioned(nick))) => {
                        return on_mention(rule::T2, found.answer(nick.as_ref()), Span::ZERO);
                    }
                    None => {}
                },
                Kind::Person { .. } => {}
            }
            settings(chat, found, registration, Span::ZERO)
        }
        Target::Client { matches, .. } => {
            let mut last = Want::No(rule::T3_1);
            for one in matches {
                last = matched(chat, found, registration, one);
                if matches!(last, Want::Yes { .. }) {
                    break;
                }
            }
            last
        }
    }
}

fn matched(chat: &Chat, found: &Found<'_>, registration: &Registration, one: &Match) -> Want {
    let asked = found.asked;
    let archived = matches!(asked.kind, Kind::Person { archived: true, .. });
    let body = asked.message.has_child("body", crate::ns::CLIENT);
    let meant = match one.profile {
        // What says nothing to a person never comes here (P13).
        Profile::All | Profile::Important => true,
        Profile::Archived => archived,
        Profile::ArchivedWithBody => archived && body,
    };
    if !meant {
        return Want::No(rule::T3_1);
    }
    let bare = bare(asked.chat);
    let Some(ChatFilter { mention, reply }) = one.filters.get(bare).copied() else {
        return settings(chat, found, registration, one.grace);
    };
    if !mention && !reply {
        return Want::No(rule::T3);
    }
    let (is_reply, is_mention, unreadable) = found.reply_or_mention();
    if unreadable {
        return Want::Yes { why: rule::T6, mention: false, wake: true, grace: one.grace };
    }
    if (reply && is_reply) || (mention && is_mention) {
        return Want::Yes { why: rule::T3, mention: true, wake: false, grace: one.grace };
    }
    Want::No(rule::T3)
}

/// T4: the chat's setting, or the default.
fn settings(chat: &Chat, found: &Found<'_>, registration: &Registration, grace: Span) -> Want {
    let identity = registration.identity.as_ref().map(|(category, type_)| (&**category, &**type_));
    let setting = chat.settings.get(identity).unwrap_or_else(|| match found.room {
        Some(room) if room.open == Some(true) => Setting::OnMention,
        _ => Setting::Always,
    });
    match setting {
        Setting::Always => always(rule::T4, found, grace),
        Setting::Never => Want::No(rule::T4),
        Setting::OnMention => on_mention(rule::T5, found.answer(None), grace),
    }
}

fn always(why: Rule, found: &Found<'_>, grace: Span) -> Want {
    // Whether it is a mention decides the priority only.
    let mention = found.room.is_some() && matches!(found.answer(None), Answer::Yes(_));
    Want::Yes { why, mention, wake: false, grace }
}

const fn on_mention(why: Rule, answer: Answer, grace: Span) -> Want {
    match answer {
        Answer::Yes(_) => Want::Yes { why, mention: true, wake: false, grace },
        Answer::No => Want::No(why),
        Answer::Unreadable => Want::Yes { why: rule::T6, mention: false, wake: true, grace },
    }
}

/// T8 and P12: what a push that is wanted becomes beside what stands already.
fn stands(
    state: &State,
    found: &Found<'_>,
    slot: u8,
    registration: &Registration,
    (why, mention, wake, grace): (Rule, bool, bool, Span),
    may_mention: impl Fn() -> bool,
    now: Time,
) -> Tested {
    let call = found.asked.read.content == Some(Content::Call);
    let tested = |why, test, too_often| Tested { slot, why, test, too_often };
    if let Some(note) = registration.notes.get(found.asked.chat) {
        let could = (call || mention) && !note.raised && note.priority < Priority::High;
        if !could {
            return tested(rule::T8, Test::Stands, false);
        }
        if call || may_mention() {
            return tested(rule::T8_1, Test::Raise { raised: !call }, false);
        }
        return tested(rule::T8, Test::Stands, true);
    }
    if let Target::Client { limit: Some(limit), .. } = registration.enable.target
        && registration.sent >= limit
    {
        return tested(rule::T8_3, Test::No, false);
    }
    let raised = mention && !call && may_mention();
    let priority = match (call || raised, wake) {
        (true, _) => Priority::High,
        (false, true) => Priority::Low,
        (false, false) => Priority::Normal,
    };
    let until = if call { None } else { held_until(state, registration, grace.min(state.limits.grace), now) };
    tested(why, Test::Push { priority, until, raised }, mention && !raised && !call)
}

/// P12: until when another session's activity holds a push back.
fn held_until(state: &State, registration: &Registration, grace: Span, now: Time) -> Option<Time> {
    if grace == Span::ZERO {
        return None;
    }
    let others = state.sessions.iter().filter(|(_, session)| session.connected && !registration.owner.is(session));
    let last = others.filter_map(|(_, session)| session.last).max()?;
    Some(last.plus(grace)).filter(|until| *until > now)
}
