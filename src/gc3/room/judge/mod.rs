//! What a room decides: pure functions of its state, the stanza and the time. Nothing changes here.

mod access;
mod acl;
mod administration;
mod archive;
mod bounce;
mod disco;
mod hats;
mod joining;
mod lists;
pub(crate) mod muc;
pub(crate) mod muc2;
mod presence;
mod relay;
mod report;
mod retraction;
mod settings;
mod speaking;
mod sync;
mod tokens;

use super::state::{
    Configuring, Edits, Ending, Invite, Joining, Moderation, OwnSettings, Reserve, Ruling, Show, Slot, Speech, State,
    Topics,
};
use crate::codec::{Condition, ErrorType, FormType, Stanza, StanzaError, StanzaKind};
use crate::gc3::host::ParentFact;
use crate::gc3::id::ParticipantId;
pub(crate) use crate::gc3::refusals::{CONFLICT, FORBIDDEN, JID_MALFORMED, NOT_FOUND, NOT_IN, TOO_FAST, TOO_MANY};
use crate::gc3::rules::table as rule;
use crate::gc3::wire::{Ask, TOO_LARGE};

pub(crate) use crate::gc3::paging::Paged;
use crate::party::{Address, Seat};
use crate::rule::Rule;
pub(crate) use access::AccessReply;
pub(crate) use acl::{AclReply, all_changes, kind_and_address, present as present_policy};
pub(crate) use archive::{Asked, Reading, Rendering, asked, ends, horizon};
pub(crate) use bounce::may_end;
pub(crate) use disco::{Items, RELATED_INDEX, RELATED_SPACES};
pub(crate) use hats::{COMMANDS as ACL_FORM, Command, CommandReply, Stage};
pub(crate) use lists::{ListReply, Listed};
pub(crate) use relay::{Private, Request, pair};
pub(crate) use report::Report;
pub(crate) use sync::{last_readable, last_readable_at};

/// What was decided about a stanza.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is refused.
    Refuse(Refusal),
    /// It is dropped without an answer.
    Drop,
    /// It is answered, and nothing changes.
    Answer(Reply),
    /// Something changes.
    Accept(Change),
}

/// An error, with what stands beside it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) error: StanzaError<'static>,
    /// For `gone`: where the room is now.
    pub(crate) uri: Option<Box<str>>,
    /// Whether the join form is sent along, for the client to ask again.
    pub(crate) form: bool,
    /// A further rule that took part.
    pub(crate) also: Option<Rule>,
    /// Whether it is told even in answer to presence.
    pub(crate) insist: bool,
}

impl From<StanzaError<'static>> for Refusal {
    fn from(error: StanzaError<'static>) -> Self {
        Self { error, uri: None, form: false, also: None, insist: false }
    }
}

/// Answers that only look.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An empty result.
    Done,
    JoinForm,
    /// The state of the asker, as it is now.
    Sync(SyncReply),
    /// What the room is and can do; whether an alias was asked, and whether the asker may read the subject.
    Info {
        aliased: bool,
        subject: bool,
    },
    Items(Items),
    /// What the archive may be asked for.
    QueryForm,
    Participants(ListReply),
    Access(AccessReply),
    /// A list of `muc#admin`.
    MucAdmin(muc::AdminReply),
    /// The configuration by XEP-0045.
    MucConfig(crate::gc3::form::Ranks),
    /// What an account registered, or the form to do so.
    Register(Box<str>),
    /// The nickname that an account reserved.
    RoomNick(Box<str>),
    /// Groups and their values.
    Acl(AclReply),
    /// How far a command is.
    Command(CommandReply),
    /// Somebody's own settings.
    Own(Slot, FormType),
    /// The tokens of a participant, or all of the room.
    Tokens(Option<ParticipantId>),
    /// The room's picture.
    Card,
    /// The configuration, and whether the asker may change it.
    Config {
        configures: bool,
    },
}

/// The answer to `<sync/>` (G5.2).
#[derive(Clone, Debug)]
pub(crate) struct SyncReply {
    pub(crate) who: Option<Slot>,
    pub(crate) session: bool,
    pub(crate) topics: Topics,
    pub(crate) missed: &'static str,
}

/// Everything that can happen to a room by a stanza.
#[derive(Debug)]
pub(crate) enum Change {
    Join {
        joining: Joining,
        full: Address,
        topics: Topics,
    },
    Rejoin {
        who: Slot,
        full: Address,
        topics: Topics,
        ask: bool,
    },
    Leave {
        who: Slot,
    },
    Subscribe {
        who: Slot,
        full: Address,
        add: Topics,
        remove: Topics,
    },
    Sync {
        who: Slot,
        full: Address,
        topics: Topics,
        reply: SyncReply,
    },
    Available {
        who: Slot,
        full: Address,
        show: Show,
        priority: i8,
        approve: bool,
    },
    Unavailable {
        who: Slot,
        seats: Vec<Seat>,
    },
    Approve {
        who: Slot,
    },
    Decline {
        who: Slot,
    },
    Gone {
        who: Slot,
    },
    /// The account's server cannot be reached: it is asked again later.
    AskLater {
        who: Slot,
    },
    /// The host is asked about the sender and the parent space, and the stanza is judged again with its answer.
    AskParent {
        fact: ParentFact,
        uri: String,
    },
    /// Nothing but a rate is spent on an answer.
    Looked {
        reply: SyncReply,
    },
    Speak(Speech),
    /// The host is asked for a message, and the stanza is judged again with its answer.
    Find {
        id: Box<str>,
    },
    /// The archive is read.
    Read(Reading),
    Moderate(Moderation),
    /// Affiliations, roles, kicks.
    Edit(Edits),
    /// Who may do what, or who wears which hat.
    Rule(Ruling),
    /// Owners and admins are told of a participant.
    Report(Report),
    /// A request goes to an account.
    Relay(Request),
    /// An account answered the request of that number.
    Relayed {
        number: u64,
    },
    Private(Private),
    /// A session may be gone: it is asked.
    Check {
        seat: Seat,
    },
    /// A session is there.
    Checked {
        seat: Seat,
    },
    /// A session is gone.
    Lost {
        seat: Seat,
    },
    Own(OwnSettings),
    Configure(Box<Configuring>),
    Destroy(Ending),
    /// The room is configured as it is, for the first time.
    Unlock,
    Invite(Box<muc::Inviting>),
    Declined(muc::Declining),
    /// Who changes the member list is asked whether an account may register.
    AskRegistration(Reserve),
    /// An account may not register.
    DenyRegistration {
        bare: Box<str>,
    },
    /// A token is given.
    GiveToken(Invite),
    /// A token is taken back.
    RevokeToken(Box<str>),
    /// A visitor asks for voice.
    AskVoice {
        who: Slot,
    },
    /// By presence to an occupant's address, and other things of XEP-0045.
    Muc(muc::Change),
    /// A bare JID occupies the room (MUC2-PAM).
    Occupy(Box<muc2::Occupying>),
    /// A bare JID does not occupy the room any more.
    Vacate {
        who: Slot,
    },
}

pub(super) fn refuse(why: Rule, error: StanzaError<'static>) -> (Rule, Verdict) {
    (why, Verdict::Refuse(error.into()))
}

/// The sender of a stanza, as judges need it.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    /// The full JID, or the bare one where there is no resource.
    pub(crate) full: &'a str,
    /// The account, normalised.
    pub(crate) bare: &'a str,
    /// Whether there is a resource.
    pub(crate) is_full: bool,
    /// The participant that it is.
    pub(crate) who: Option<Slot>,
}

impl<'a> Sender<'a> {
    /// The sender of a stanza that has one.
    pub(crate) fn of(state: &State, stanza: &'a Stanza) -> Option<Self> {
        let from = stanza.from.as_ref()?;
        let full = from.as_str();
        let resource = from.resource().map(|resource| resource.as_str().len() + 1);
        let bare = full.get(..full.len() - resource.unwrap_or(0)).unwrap_or(full);
        Some(Self { full, bare, is_full: resource.is_some(), who: state.people.find(bare) })
    }
}

/// Decides about a stanza from a sender who may know the room.
pub(crate) fn judge(state: &State, stanza: &Stanza, sender: &Sender<'_>, ask: &Ask<'_>) -> (Rule, Verdict) {
    if let Some(verdict) = destroyed(state, stanza) {
        return verdict;
    }
    if let Some(verdict) = muc::hidden(state, stanza, sender) {
        return verdict;
    }
    if let Some(verdict) = too_fast(state, stanza, sender) {
        return verdict;
    }
    match ask {
        Ask::JoinForm => (rule::G1_1, Verdict::Answer(Reply::JoinForm)),
        Ask::Join(join) => joining::join(state, stanza, sender, join),
        Ask::Leave => joining::leave(sender),
        Ask::Subscribe(add, remove) => sync::subscribe(state, sender, *add, *remove),
        Ask::Sync(sync) => sync::sync(state, sender, sync),
        Ask::Presence(presence) => presence::presence(state, stanza, sender, presence),
        Ask::Speak(words) => speaking::speak(state, stanza, sender, words),
        Ask::Archive(request) => archive::archive(state, stanza, sender, request),
        Ask::Moderate(demand) => retraction::moderate(state, sender, demand),
        Ask::Info(query) => disco::info(state, stanza, sender, query),
        Ask::Items(query) => disco::items(state, sender, query),
        Ask::Ping => (rule::G9_1, Verdict::Answer(Reply::Done)),
        Ask::Participants(element) => lists::participants(state, stanza, sender, element),
        Ask::Access(element) => access::access(state, stanza, sender, element),
        Ask::Acl(element) => acl::acl(state, stanza, sender, element),
        Ask::Command(element) => hats::command(state, stanza, sender, element),
        Ask::Tokens(asked) => tokens::tokens(state, sender, asked),
        Ask::Report(demand) => report::report(state, sender, demand),
        Ask::Occupant(resource) => relay::occupant(state, stanza, sender, resource),
        Ask::Own(element) => settings::own(state, stanza, sender, element),
        Ask::Config(element) => settings::config(state, stanza, sender, element),
        Ask::Destroy(element) => settings::destroy(state, sender, element),
        Ask::Card(card) => muc::card(state, stanza, sender, card),
        Ask::Request(asked) => muc::administer(state, stanza, sender, *asked),
        Ask::Muc(ask) => muc::presence(state, stanza, sender, ask),
        Ask::Muc2(ask) => muc2::decide(state, stanza, sender, ask),
        Ask::Returned => presence::returned(state, stanza, sender),
    }
}

/// Refuses what a verb is missing for; what decided so is told where a policy did.
pub(super) fn lacks(state: &State, why: Rule) -> (Rule, Verdict) {
    let also = state.policy.is_some().then_some(crate::gc3::rules::acl::A2);
    (why, Verdict::Refuse(Refusal { also, ..FORBIDDEN.into() }))
}

/// Has the host asked about the sender and a parent space, if not too much is asked already: every open question keeps a
/// stanza.
fn ask_parent(state: &State, why: Rule, fact: ParentFact, uri: &str) -> (Rule, Verdict) {
    if !state.may_ask_host() {
        return refuse(rule::G14_15, TOO_MANY);
    }
    (why, Verdict::Accept(Change::AskParent { fact, uri: uri.to_owned() }))
}

/// A destroyed room answers that it is gone, to those who may know that it was (G3.5).
pub(crate) fn destroyed(state: &State, stanza: &Stanza) -> Option<(Rule, Verdict)> {
    let gone = state.destroyed.as_ref()?;
    if !answered(stanza) {
        return Some((rule::G3_5, Verdict::Drop));
    }
    let mut refusal = Refusal::from(StanzaError::new(ErrorType::Cancel, Condition::Gone));
    refusal.uri = gone.alternate.as_ref().map(|jid| format!("xmpp:{jid}?join").into());
    Some((rule::G3_5, Verdict::Refuse(refusal)))
}

/// The token bucket of a participant's messages and requests.
fn too_fast(state: &State, stanza: &Stanza, sender: &Sender<'_>) -> Option<(Rule, Verdict)> {
    let person = state.people.get(sender.who?)?;
    if stanza.kind == StanzaKind::Presence || !answered(stanza) {
        return None;
    }
    // What the host was asked about was paid for when it came.
    let allowed = state.again || person.allowance.allows(state.limits.input, state.now);
    let why = if stanza.kind == StanzaKind::Message { rule::M7 } else { rule::G14_14 };
    (!allowed).then(|| refuse(why, TOO_FAST))
}

/// Whether a stanza is of those that are answered at all, when something is wrong.
pub(crate) fn answered(stanza: &Stanza) -> bool {
    use crate::codec::StanzaType as T;
    match stanza.type_ {
        T::Get | T::Set | T::Chat | T::Groupchat | T::Normal => true,
        // Only a presence that wants to join is answered.
        T::Available => {
            stanza.element.children().any(|child| child.is("x", crate::ns::MUC) || child.has_ns(crate::ns::MUC2))
        }
        _ => false,
    }
}
