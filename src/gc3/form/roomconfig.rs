//! The configuration form of XEP-0045: exactly the fields that the room keeps to (§10.2).

use std::collections::BTreeSet;

use jid::{BareJid, Jid};
use minidom::Element;

use super::config::{allowed, bound, fits, most_reactions, number, parse_parent, reactions, short, take};
use super::{Problem, choice, flag, offer, one};
use crate::codec::{Allow, Field, FieldType, Form, FormFault, FormType, Writer};
use crate::gc3::acl::Role;
use crate::gc3::config::{Config, Kind, PrivateMessages, Registration, Roles, Shown, Visibility, Who};
use crate::limits::Gc3Limits;
use crate::ns;

/// The prefix of the fields.
const PREFIX: &str = "muc#roomconfig_";
/// The field of the most messages that are sent to who enters, which has another prefix.
const HISTORY: &str = "muc#maxhistoryfetch";
/// The field of what becomes of those who register.
const REGISTRATION: &str = "{xmpp-machines:muc:0}registration";
/// The fields of the reactions that are allowed.
const REACTIONS: &str = "{xmpp-machines:muc:0}reactions";
const MOST_REACTIONS: &str = "{xmpp-machines:muc:0}reactions-per-user";
/// The longest tag of a language, in bytes: the longest that is registered has 35.
const LANGUAGE_BYTES: usize = 64;

/// The accounts of the two upper ranks, each list whole; `None` leaves it as it is (§10.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranks {
    pub(crate) admins: Option<BTreeSet<BareJid>>,
    pub(crate) owners: Option<BTreeSet<BareJid>>,
}

/// What an owner sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RoomConfig {
    /// The room as it is.
    AsItIs,
    /// The form was called off.
    CalledOff,
    /// What the room will be set to, and who governs it.
    Config(Box<Config>, Ranks),
}

impl RoomConfig {
    /// Reads a form that changes `old`.
    pub(crate) fn read(x: &Element, old: &Config, limits: &Gc3Limits) -> Result<Self, Problem> {
        if x.attr("type") == Some("cancel") {
            return Ok(Self::CalledOff);
        }
        if x.attr("type") == Some("submit") && x.children().next().is_none() {
            return Ok(Self::AsItIs);
        }
        if x.children().filter(|child| child.is("field", ns::DATA)).count() > limits.form_fields {
            return Err(Problem::Size);
        }
        let allow = Allow { type_form: false, no_form_type: false };
        let form = Form::submitted(x, ns::MUC_ROOMCONFIG, allow).map_err(|error| match error.fault {
            FormFault::NotAForm | FormFault::Type | FormFault::FormType => Problem::Kind,
            _ => Problem::Field,
        })?;
        let mut config = old.clone();
        let mut ranks = Ranks::default();
        let mut protected = None;
        for field in &form.fields {
            let Some(var) = field.var.as_deref().filter(|&var| var != "FORM_TYPE") else { continue };
            let values = &field.values;
            match (var, var.strip_prefix(PREFIX)) {
                (HISTORY, _) => config.max_history = number(values)?.unwrap_or(config.max_history),
                (REGISTRATION, _) => {
                    config.registration = choice(values, Registration::parse)?.unwrap_or(config.registration);
                }
                (REACTIONS, _) => config.reactions.allowed = reactions(values, limits)?,
                (MOST_REACTIONS, _) => config.reactions.max = bound(values)?,
                (_, Some("passwordprotectedroom")) => protected = flag(values)?,
                (_, Some("roomadmins")) => ranks.admins = Some(accounts(values)?),
                (_, Some("roomowners")) => ranks.owners = Some(accounts(values)?),
                (_, Some(name)) => set(&mut config, name, values, limits)?,
                _ => return Err(Problem::Unknown),
            }
        }
        match protected {
            Some(false) => config.password.clear(),
            // A password that is blank protects nothing (§10.1.3).
            Some(true) if config.password.is_empty() => return Err(Problem::Missing),
            _ => {}
        }
        fits(&config, old.kind)?;
        Ok(Self::Config(Box::new(config), ranks))
    }
}

/// The accounts of a list. A full JID stands for its account, and a domain governs nothing.
fn accounts(values: &[String]) -> Result<BTreeSet<BareJid>, Problem> {
    let jids = values.iter().map(|value| value.trim()).filter(|value| !value.is_empty());
    let bare = |text| Jid::new(text).ok().map(|jid| jid.to_bare()).filter(|jid| jid.node().is_some());
    jids.map(|text| bare(text).ok_or(Problem::Field)).collect()
}

/// The roles of a list.
fn roles(values: &[String]) -> Result<Roles, Problem> {
    let role = |name: &String| Role::parse(name).ok_or(Problem::Field);
    values.iter().try_fold(Roles::default(), |roles, name| Ok(roles.with(role(name)?)))
}

/// Whom everybody sees, by the roles whose presence is broadcast; nobody who has a role with more rights is seen by fewer.
fn broadcast(values: &[String]) -> Result<Shown, Problem> {
    let wanted = roles(values)?;
    let fits = |shown: &&Shown| Role::ALL.iter().all(|&role| shown.holds(role) == wanted.holds(role));
    Shown::ALL.iter().find(fits).copied().ok_or(Problem::Contradiction)
}

/// The tag of a language, in its letters and digits.
fn language(values: &[String]) -> Result<String, Problem> {
    let tag = one(values)?.unwrap_or_default().trim();
    let fine = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = tag.is_empty() || (tag.len() <= LANGUAGE_BYTES && tag.split('-').all(fine));
    if fits { Ok(tag.to_owned()) } else { Err(Problem::Field) }
}

/// Takes one field. Those that mean what a field of the other form means are read as that.
fn set(config: &mut Config, name: &str, values: &[String], limits: &Gc3Limits) -> Result<(), Problem> {
    let theirs = match name {
        "roomname" if values.iter().all(|name| name.trim().is_empty()) => {
            config.name.clear();
            return Ok(());
        }
        "roomname" => "name",
        "roomdesc" => "description",
        "publicroom" => "listed",
        "membersonly" => "members-only",
        "moderatedroom" => "moderated",
        "roomsecret" => "password",
        "allowpm" => "private-messages",
        "enablelogging" => "archive",
        "slow_mode_duration" => "slow-mode",
        "maxusers" => match one(values)? {
            // As many as a room may have at all.
            None | Some("none" | "") => {
                config.max_participants = u32::MAX;
                return Ok(());
            }
            Some(_) => "max-participants",
        },
        "changesubject" => {
            if let Some(all) = flag(values)? {
                config.subject_by = if all { Who::Participants } else { Who::Moderators };
            }
            return Ok(());
        }
        "allowinvites" => {
            config.allow_invites = flag(values)?.unwrap_or(config.allow_invites);
            return Ok(());
        }
        "persistentroom" => {
            config.persistent = flag(values)?.unwrap_or(config.persistent);
            return Ok(());
        }
        "presencebroadcast" => {
            config.list_visible = broadcast(values)?;
            return Ok(());
        }
        "getmemberlist" => {
            config.member_list = roles(values)?;
            return Ok(());
        }
        "lang" => {
            config.language = language(values)?;
            return Ok(());
        }
        "pubsub" => {
            config.pubsub = short(values)?;
            let node = config.pubsub.is_empty() || parse_parent(&config.pubsub).is_some();
            return if node { Ok(()) } else { Err(Problem::Field) };
        }
        "whois" => {
            config.visibility = match one(values)? {
                Some("anyone") => Visibility::Everyone,
                Some("moderators") => Visibility::Moderators,
                None => config.visibility,
                Some(_) => return Err(Problem::Field),
            };
            return Ok(());
        }
        _ => return Err(Problem::Unknown),
    };
    take(config, theirs, values, limits).map(|_| ())
}

/// The roles, with their names for people.
const ROLES: [(Role, &str); 3] =
    [(Role::Moderator, "Moderators"), (Role::Participant, "Participants"), (Role::Visitor, "Visitors")];

/// Writes the form, with the present values; with the lists of who governs, each as it is, for those who may change them.
pub(crate) fn write_roomconfig(config: &Config, room: &str, ranks: &Ranks, limits: &Gc3Limits, writer: &mut Writer) {
    let field = |name: &str, type_, label: &str| Field::new(&format!("{PREFIX}{name}"), type_).label(label);
    let text = |name, label, value: &str| field(name, FieldType::TextSingle, label).value(value);
    let boolean = |name, label, value| field(name, FieldType::Boolean, label).flag(value);
    let options = |field: Field, options: &[(&str, &str)]| {
        options.iter().fold(field, |field, &(value, label)| field.option(Some(label), value))
    };
    let choice = |name, label: &str, all: &[(&str, &str)], chosen: &str| {
        options(field(name, FieldType::ListSingle, label).value(chosen), all)
    };
    let roles = |name, label: &str, holds: &dyn Fn(Role) -> bool| {
        let chosen = ROLES.iter().filter(|(role, _)| holds(*role));
        let chosen = chosen.fold(field(name, FieldType::ListMulti, label), |field, (role, _)| field.value(role.name()));
        ROLES.iter().fold(chosen, |field, (role, label)| field.option(Some(label), role.name()))
    };
    let mut form = offer(ns::MUC_ROOMCONFIG);
    form.type_ = FormType::Form;
    form.title = Some(format!("Configuration of {room}"));
    let most = config.max_participants.min(limits.participants);
    let private = [
        (PrivateMessages::Anyone.name(), "Anyone"),
        (PrivateMessages::Participants.name(), "Anyone with voice"),
        (PrivateMessages::Moderators.name(), "Moderators"),
        (PrivateMessages::None.name(), "Nobody"),
    ];
    let whois = if config.visibility == Visibility::Everyone { "anyone" } else { "moderators" };
    let lines = config.description.lines().collect::<Vec<_>>().join(" ");
    form.fields.extend([
        text("roomname", "Name", &config.name),
        text("roomdesc", "Description", &lines),
        text("lang", "Language", &config.language),
        boolean("publicroom", "Listed by the service", config.listed),
        boolean("persistentroom", "Stays when the last occupant leaves", config.persistent),
        boolean("membersonly", "Only members may enter", config.members_only),
        boolean("allowinvites", "Members may invite others", config.allow_invites),
        boolean("moderatedroom", "Only those with voice may speak", config.moderated),
        boolean("passwordprotectedroom", "A password is needed to enter", !config.password.is_empty()),
        field("roomsecret", FieldType::TextPrivate, "Password").value(&config.password),
        text("maxusers", "Most occupants", &most.to_string()),
        boolean("changesubject", "Occupants may change the subject", config.subject_by == Who::Participants),
        choice("allowpm", "Who may send private messages", &private, config.private_messages.name()),
        choice("whois", "Who sees real addresses", &[("moderators", "Moderators"), ("anyone", "Anyone")], whois),
        roles("presencebroadcast", "Whom everybody sees", &|role| config.list_visible.holds(role)),
        roles("getmemberlist", "Who may read the member list, if they see real addresses", &|role| {
            config.member_list.holds(role)
        }),
        boolean("enablelogging", "Keep an archive", config.archive),
        text("slow_mode_duration", "Seconds between two messages of one occupant", &config.slow_mode.to_string()),
        text("pubsub", "Its pubsub node", &config.pubsub),
        Field::new(HISTORY, FieldType::TextSingle)
            .label("Most messages that are sent to who enters")
            .value(&history(config, limits).to_string()),
        options(
            Field::new(REGISTRATION, FieldType::ListSingle)
                .label("Who may register as a member")
                .value(config.registration.name()),
            &[
                (Registration::Open.name(), "Who may enter"),
                (Registration::Approval.name(), "Whom an administrator approves"),
                (Registration::Closed.name(), "Nobody else"),
            ],
        ),
        allowed(Field::new(REACTIONS, FieldType::TextMulti).label("Reactions that are allowed, if not all"), config),
        most_reactions(
            Field::new(MOST_REACTIONS, FieldType::TextSingle).label("Most reactions of one occupant to a message"),
            config,
        ),
    ]);
    let lists = [("roomadmins", "Administrators", &ranks.admins), ("roomowners", "Owners", &ranks.owners)];
    for (name, label, list) in lists {
        let accounts = |list: &BTreeSet<BareJid>| {
            list.iter().fold(field(name, FieldType::JidMulti, label), |field, jid| field.value(jid.as_str()))
        };
        form.fields.extend(list.as_ref().map(accounts));
    }
    // What is fixed by the kind of the room is no question.
    if config.kind != Kind::Classic {
        let fixed = ["persistentroom", "whois"].map(|name| format!("{PREFIX}{name}"));
        form.fields.retain(|field| field.var.as_ref().is_none_or(|var| !fixed.contains(var)));
    }
    form.write(writer);
}

/// How many messages are sent to who enters.
pub(crate) fn history(config: &Config, limits: &Gc3Limits) -> u32 {
    config.max_history.min(u32::try_from(limits.ring).unwrap_or(u32::MAX))
}
