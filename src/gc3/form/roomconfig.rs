//! The configuration form of XEP-0045: exactly the fields that the room keeps to (§10.2).

use minidom::Element;

use super::config::{fits, take};
use super::{Problem, flag, offer, one};
use crate::codec::{Allow, Field, FieldType, Form, FormFault, FormType, Writer};
use crate::gc3::config::{Config, Kind, PrivateMessages, Visibility, Who};
use crate::limits::Gc3Limits;
use crate::ns;

/// The prefix of the fields.
const PREFIX: &str = "muc#roomconfig_";

/// What an owner sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RoomConfig {
    /// The room as it is.
    AsItIs,
    /// The form was called off.
    CalledOff,
    /// What the room will be set to.
    Config(Box<Config>),
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
        let mut protected = None;
        for field in &form.fields {
            let Some(var) = field.var.as_deref().filter(|&var| var != "FORM_TYPE") else { continue };
            let name = var.strip_prefix(PREFIX).ok_or(Problem::Unknown)?;
            if name == "passwordprotectedroom" {
                protected = flag(&field.values)?;
            } else {
                set(&mut config, name, &field.values)?;
            }
        }
        match protected {
            Some(false) => config.password.clear(),
            // A password that is blank protects nothing (§10.1.3).
            Some(true) if config.password.is_empty() => return Err(Problem::Missing),
            _ => {}
        }
        fits(&config, old.kind)?;
        Ok(Self::Config(Box::new(config)))
    }
}

/// Takes one field. Those that mean what a field of the other form means are read as that.
fn set(config: &mut Config, name: &str, values: &[String]) -> Result<(), Problem> {
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
    take(config, theirs, values).map(|_| ())
}

/// Writes the form, with the present values.
pub(crate) fn write_roomconfig(config: &Config, room: &str, limits: &Gc3Limits, writer: &mut Writer) {
    let field = |name: &str, type_, label: &str| Field::new(&format!("{PREFIX}{name}"), type_).label(label);
    let boolean = |name, label, value| field(name, FieldType::Boolean, label).flag(value);
    let choice = |name, label: &str, options: &[(&str, &str)], chosen: &str| {
        let field = field(name, FieldType::ListSingle, label).value(chosen);
        options.iter().fold(field, |field, &(value, label)| field.option(Some(label), value))
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
        field("roomname", FieldType::TextSingle, "Name").value(&config.name),
        field("roomdesc", FieldType::TextSingle, "Description").value(&lines),
        boolean("publicroom", "Listed by the service", config.listed),
        boolean("persistentroom", "Stays when the last occupant leaves", config.persistent),
        boolean("membersonly", "Only members may enter", config.members_only),
        boolean("allowinvites", "Members may invite others", config.allow_invites),
        boolean("moderatedroom", "Only those with voice may speak", config.moderated),
        boolean("passwordprotectedroom", "A password is needed to enter", !config.password.is_empty()),
        field("roomsecret", FieldType::TextPrivate, "Password").value(&config.password),
        field("maxusers", FieldType::TextSingle, "Most occupants").value(&most.to_string()),
        boolean("changesubject", "Occupants may change the subject", config.subject_by == Who::Participants),
        choice("allowpm", "Who may send private messages", &private, config.private_messages.name()),
        choice("whois", "Who sees real addresses", &[("moderators", "Moderators"), ("anyone", "Anyone")], whois),
        boolean("enablelogging", "Keep an archive", config.archive),
        field("slow_mode_duration", FieldType::TextSingle, "Seconds between two messages of one occupant")
            .value(&config.slow_mode.to_string()),
    ]);
    // What is fixed by the kind of the room is no question.
    if config.kind != Kind::Classic {
        let fixed = ["persistentroom", "whois"].map(|name| format!("{PREFIX}{name}"));
        form.fields.retain(|field| field.var.as_ref().is_none_or(|var| !fixed.contains(var)));
    }
    form.write(writer);
}
