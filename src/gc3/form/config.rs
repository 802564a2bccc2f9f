//! The configuration form, and the create form that holds most of it.

use jid::{BareJid, Jid};
use minidom::Element;

use super::{JoinForm, Problem, choice, field, fields, flag, list, offer, one, push_field, submitted};
use crate::codec::{Field, FieldType, Form, Writer};
use crate::gc3::config::{Config, History, Kind, ParentJoin, PrivateMessages, Push, Shown, Visibility, Who};
use crate::gc3::nick;
use crate::limits::Gc3Limits;
use crate::ns;
use crate::reactions;

const CONFIG: &str = "urn:xmpp:gc3:config";
const CREATE: &str = "urn:xmpp:gc3:create-form";

/// The longest name of a room, in bytes.
const NAME_BYTES: usize = 256;
/// The longest description, in bytes.
const DESCRIPTION_BYTES: usize = 4096;
/// The longest password and the longest address of a parent, in bytes.
const SHORT_BYTES: usize = 1024;

/// A configuration form that was filled in, applied to what the room was set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigForm {
    /// What the room will be set to.
    pub(crate) config: Config,
}

impl ConfigForm {
    /// Reads a form that changes `old`; aliases are of `domain`.
    pub(crate) fn read(form: &Element, old: &Config, domain: &str, limits: &Gc3Limits) -> Result<Self, Problem> {
        let form = submitted(form, CONFIG, limits)?;
        let mut config = old.clone();
        let mut joins = false;
        for field in fields(&form) {
            let (name, values) = field.map_err(|_| Problem::Unknown)?;
            joins |= name == "parent-join";
            if name == "aliases" {
                config.aliases = aliases(values, domain, limits)?;
            } else if !take(&mut config, name, values, limits)? {
                return Err(Problem::Unknown);
            }
        }
        if config.parent.is_empty() && !joins {
            config.parent_join = ParentJoin::None;
        }
        fits(&config, old.kind)?;
        Ok(Self { config })
    }
}

/// A create form that was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateForm {
    /// What the creator joins with; its nickname is there and prepared.
    pub(crate) join: JoinForm,
    /// What the room is set to.
    pub(crate) config: Config,
}

impl CreateForm {
    /// Reads a form. Fields of other names are passed over (G1.2).
    pub(crate) fn read(form: &Element, limits: &Gc3Limits) -> Result<Self, Problem> {
        let form = submitted(form, CREATE, limits)?;
        let kind = match form.field(&format!("{}kind", super::PREFIX)) {
            Some(field) => {
                let offered = |text: &str| Kind::parse(text).filter(|kind| Kind::ALL.contains(kind));
                choice(&field.values, offered)?.unwrap_or(Kind::Group)
            }
            None => Kind::Group,
        };
        let mut config = Config::of(kind);
        let mut join = JoinForm::default();
        for (name, values) in fields(&form).flatten() {
            join.take(name, values)?;
            if name != "push" {
                take(&mut config, name, values, limits)?;
            }
        }
        fits(&config, kind)?;
        let raw = join.nickname.ok_or(Problem::Missing)?;
        join.nickname = Some(nick::prepare(&raw).ok_or(Problem::Nick)?);
        if config.name.is_empty() { Err(Problem::Missing) } else { Ok(Self { join, config }) }
    }
}

/// Takes one field; whether it is one of a configuration (aliases apart).
pub(super) fn take(config: &mut Config, name: &str, values: &[String], limits: &Gc3Limits) -> Result<bool, Problem> {
    fn set<T>(to: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *to = value;
        }
    }
    match name {
        "kind" => set(&mut config.kind, choice(values, Kind::parse)?),
        "visibility" => set(&mut config.visibility, choice(values, Visibility::parse)?),
        "name" => {
            let name = one(values)?.unwrap_or_default().trim();
            if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
                return Err(Problem::Field);
            }
            name.clone_into(&mut config.name);
        }
        "description" => {
            config.description = values.join("\n");
            if config.description.len() > DESCRIPTION_BYTES {
                return Err(Problem::Field);
            }
        }
        "listed" => set(&mut config.listed, flag(values)?),
        "members-only" => set(&mut config.members_only, flag(values)?),
        "moderated" => set(&mut config.moderated, flag(values)?),
        "password" => config.password = short(values)?,
        "max-participants" => {
            let most = number(values)?;
            if most == Some(0) {
                return Err(Problem::Field);
            }
            set(&mut config.max_participants, most);
        }
        "subject-by" => set(&mut config.subject_by, choice(values, Who::parse)?),
        "private-messages" => set(&mut config.private_messages, choice(values, PrivateMessages::parse)?),
        "history" => set(&mut config.history, choice(values, History::parse)?),
        "archive" => set(&mut config.archive, flag(values)?),
        "list-visible" => set(&mut config.list_visible, choice(values, Shown::parse)?),
        "profile-relay" => set(&mut config.profile_relay, flag(values)?),
        "push-default" => set(&mut config.push_default, choice(values, Push::parse)?),
        "slow-mode" => set(&mut config.slow_mode, number(values)?),
        "parent" => {
            config.parent = short(values)?;
            if !config.parent.is_empty() && parse_parent(&config.parent).is_none() {
                return Err(Problem::Parent);
            }
        }
        "reactions" => config.reactions.allowed = reactions(values, limits)?,
        "reactions-per-user" => config.reactions.max = bound(values)?,
        "parent-join" => set(&mut config.parent_join, choice(values, ParentJoin::parse)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Reactions, each one character as people see it, and each once.
pub(super) fn reactions(values: &[String], limits: &Gc3Limits) -> Result<Vec<String>, Problem> {
    let mut all: Vec<String> = Vec::new();
    for reaction in values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()) {
        if reaction.len() > reactions::LONGEST || !reactions::is_one(reaction) || all.len() >= limits.form_fields {
            return Err(Problem::Field);
        }
        if !all.iter().any(|known| reactions::key(known) == reactions::key(reaction)) {
            all.push(reaction.to_owned());
        }
    }
    Ok(all)
}

pub(super) fn short(values: &[String]) -> Result<String, Problem> {
    let text = one(values)?.unwrap_or_default();
    if text.len() > SHORT_BYTES || text.chars().any(char::is_control) { Err(Problem::Field) } else { Ok(text.into()) }
}

pub(super) fn number(values: &[String]) -> Result<Option<u32>, Problem> {
    choice(values, |text| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten())
}

/// A number, or nothing where there is no bound.
pub(super) fn bound(values: &[String]) -> Result<Option<u32>, Problem> {
    if values.iter().all(|value| value.trim().is_empty()) { Ok(None) } else { number(values) }
}

/// Whether a configuration is one that the kind of the room admits (C1), and does not contradict itself (G1.5).
pub(super) fn fits(config: &Config, kind: Kind) -> Result<(), Problem> {
    let by_kind = Config::of(kind);
    let group = kind == Kind::Group;
    let fixed = config.kind == kind
        && (kind == Kind::Classic || config.visibility == by_kind.visibility)
        && (!group || (!config.listed && config.members_only && config.aliases.is_empty()))
        && (!group || config.parent_join == ParentJoin::None)
        && (kind == Kind::Classic || config.persistent)
        && (kind != Kind::Announcement || config.moderated);
    if !fixed {
        return Err(Problem::Fixed);
    }
    if config.parent.is_empty() && config.parent_join == ParentJoin::Members {
        return Err(Problem::Contradiction);
    }
    Ok(())
}

/// The localparts of aliases, in order and each once.
fn aliases(values: &[String], domain: &str, limits: &Gc3Limits) -> Result<Vec<String>, Problem> {
    let mut aliases = Vec::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        let jid = BareJid::new(value).map_err(|_| Problem::Field)?;
        let local = jid.node().filter(|_| jid.domain().as_str() == domain).ok_or(Problem::Alias)?;
        if is_drawn(local.as_str()) {
            return Err(Problem::Alias);
        }
        aliases.push(local.as_str().to_owned());
    }
    aliases.sort_unstable();
    aliases.dedup();
    if aliases.len() > limits.aliases { Err(Problem::Aliases) } else { Ok(aliases) }
}

/// The localparts of the aliases that a submitted configuration names, as far as they can be read: what is wrong with the
/// others is for the form itself to say. Empty if it names none.
pub(crate) fn named_aliases(form: &Element) -> Vec<String> {
    let field = form.children().find(|f| f.attr("var").and_then(|v| v.strip_prefix(super::PREFIX)) == Some("aliases"));
    let values = field.into_iter().flat_map(Element::children).filter(|value| value.is("value", ns::DATA));
    values.filter_map(|value| Some(BareJid::new(&value.text()).ok()?.node()?.as_str().to_owned())).collect()
}

/// Whether a localpart has the shape of those that the service draws.
pub(crate) fn is_drawn(local: &str) -> bool {
    local.len() == 26 && local.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

/// The address and the node of a parent space, of an XMPP URI such as `xmpp:spaces.example?;node=kitchen` (SP2).
pub(crate) fn parse_parent(uri: &str) -> Option<(Jid, String)> {
    let (path, query) = uri.strip_prefix("xmpp:")?.split_once('?')?;
    let jid = Jid::new(&unescape(path)?).ok()?;
    let node = query.split(';').skip(1).find_map(|pair| pair.strip_prefix("node="))?;
    Some((jid, unescape(node).filter(|node| !node.is_empty())?))
}

/// A part of a URI without its percent signs.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = digits.iter().all(u8::is_ascii_hexdigit).then(|| core::str::from_utf8(&digits).ok()).flatten();
            plain.push(u8::from_str_radix(digits?, 16).ok()?);
        } else {
            plain.push(byte);
        }
    }
    String::from_utf8(plain).ok()
}

/// Writes the configuration form, with the present values; to who may configure, with the password.
pub(crate) fn write_config(config: &Config, domain: &str, configures: bool, limits: &Gc3Limits, writer: &mut Writer) {
    let mut form = offer(CONFIG);
    add_fields(&mut form, config, configures, limits);
    let aliases = field("aliases", FieldType::JidMulti, "Other addresses");
    form = form.with(config.aliases.iter().fold(aliases, |field, local| field.value(&format!("{local}@{domain}"))));
    form.write(writer);
}

/// Writes the create form, with the values that a group starts with.
pub(crate) fn write_create(limits: &Gc3Limits, writer: &mut Writer) {
    let mut form = offer(CREATE).with(field("nickname", FieldType::TextSingle, "Nickname").required());
    let config = Config::of(Kind::Group);
    form = form.with(push_field("push", "Notify", config.push_default));
    add_fields(&mut form, &config, true, limits);
    form.write(writer);
}

const SHOWN: [(&str, &str); 3] = [
    (Shown::Participants.name(), "All participants"),
    (Shown::Voice.name(), "Those with voice"),
    (Shown::Moderators.name(), "Moderators"),
];
const CLASSES: [(&str, &str); 2] = [(Who::Participants.name(), "Participants"), (Who::Moderators.name(), "Moderators")];

/// A field with the reactions that are allowed.
pub(super) fn allowed(field: Field, config: &Config) -> Field {
    config.reactions.allowed.iter().fold(field, |field, reaction| field.value(reaction))
}

/// A field with the number of reactions that one may have at a message, empty where there is no bound.
pub(super) fn most_reactions(field: Field, config: &Config) -> Field {
    let field = field.datatype("xs:integer").range(Some("0"), None);
    config.reactions.max.iter().fold(field, |field, max| field.value(&max.to_string()))
}

/// Adds every field of the configuration but the aliases.
fn add_fields(form: &mut Form, config: &Config, configures: bool, limits: &Gc3Limits) {
    let mut kinds = vec![
        (Kind::Group.name(), "Private group"),
        (Kind::Channel.name(), "Public channel"),
        (Kind::Announcement.name(), "Announcements"),
    ];
    if config.kind == Kind::Classic {
        kinds.push((Kind::Classic.name(), "Room of XEP-0045"));
    }
    let visibilities = [(Visibility::Everyone.name(), "Everyone"), (Visibility::Moderators.name(), "Moderators")];
    let private = [
        (PrivateMessages::Anyone.name(), "Anyone"),
        (PrivateMessages::Participants.name(), "Participants with voice"),
        (PrivateMessages::Moderators.name(), "Moderators"),
        (PrivateMessages::None.name(), "Nobody"),
    ];
    let histories = [
        (History::All.name(), "All of it"),
        (History::SinceJoin.name(), "Since they joined"),
        (History::None.name(), "None of it"),
    ];
    let joins = [(ParentJoin::None.name(), "Nobody"), (ParentJoin::Members.name(), "Its members")];
    let boolean = |name, label, value| field(name, FieldType::Boolean, label).flag(value);
    let text = |name, label, value: &str| field(name, FieldType::TextSingle, label).value(value);
    let integer = |name, label, value: u32, least, most: u32| {
        let number = text(name, label, &value.to_string()).datatype("xs:integer");
        number.range(Some(least), Some(&most.to_string()))
    };
    let lines = config.description.lines();
    let description = lines.fold(field("description", FieldType::TextMulti, "Description"), Field::value);
    let name = match &*config.name {
        "" => field("name", FieldType::TextSingle, "Name").required(),
        name => text("name", "Name", name).required(),
    };
    form.fields.extend([
        list("kind", "Kind of room", &kinds, config.kind.name()),
        list("visibility", "Who sees real addresses", &visibilities, config.visibility.name()),
        name,
        description,
        boolean("listed", "Listed by the service", config.listed),
        boolean("members-only", "Only those on the access list may join", config.members_only),
        boolean("moderated", "Only those with voice may speak", config.moderated),
    ]);
    let password = field("password", FieldType::TextPrivate, "Password");
    form.fields.push(if configures { password.value(&config.password) } else { password });
    form.fields.extend([
        integer("max-participants", "Most participants", config.max_participants, "1", limits.participants),
        list("subject-by", "Who may change the subject", &CLASSES, config.subject_by.name()),
        list("private-messages", "Who may send private messages", &private, config.private_messages.name()),
        list("history", "How much history participants may read", &histories, config.history.name()),
        boolean("archive", "Keep an archive", config.archive),
        list("list-visible", "Whom participants see in the list", &SHOWN, config.list_visible.name()),
        boolean("profile-relay", "Participants may show their pictures", config.profile_relay),
        push_field("push-default", "Notify by default", config.push_default),
        integer("slow-mode", "Seconds between two messages", config.slow_mode, "0", u32::MAX),
        text("parent", "Parent space", &config.parent),
        allowed(field("reactions", FieldType::TextMulti, "Reactions that are allowed, if not all"), config),
        most_reactions(field("reactions-per-user", FieldType::TextSingle, "Most reactions to a message"), config),
        list("parent-join", "Who may join by the parent space", &joins, config.parent_join.name()),
    ]);
}
