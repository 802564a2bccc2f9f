//! The forms of a room: what the fields are called, how they are read and written (G1).

mod config;
mod join;
mod own;
mod roomconfig;

use minidom::Element;

pub(crate) use config::{ConfigForm, CreateForm, is_drawn, named_aliases, parse_parent, write_config, write_create};
pub(crate) use join::{JoinForm, write_join};
pub(crate) use own::{OwnForm, write_own};
pub(crate) use roomconfig::{Ranks, RoomConfig, history, write_roomconfig};

use super::config::Push;
use super::rules::table as rule;
use super::wire::{BAD_REQUEST, TOO_LARGE};
use crate::codec::{Allow, Field, FieldType, Form, FormFault, FormType, StanzaError};
pub(crate) use crate::gc3::refusals::{INCOMPLETE, NOT_ALLOWED, TOO_MANY};
use crate::limits::Gc3Limits;
use crate::ns;
use crate::rule::Rule;

/// The prefix of every field that this protocol names.
pub(crate) const PREFIX: &str = "urn:xmpp:gc3:fields:";

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A wrong FORM_TYPE or type of form.
    Kind,
    /// A field that the form does not have, where that matters.
    Unknown,
    /// A field twice, or a value that is not of its type.
    Field,
    /// More fields than are allowed.
    Size,
    /// A mandatory field is missing.
    Missing,
    /// A nickname that nobody may have.
    Nick,
    /// Another value for what the kind of the room fixes.
    Fixed,
    /// Values that exclude each other.
    Contradiction,
    /// An alias of another domain, or of the shape of a drawn localpart.
    Alias,
    /// More aliases than a room may have.
    Aliases,
    /// A parent that is no XMPP URI with a node.
    Parent,
}

/// The refusal of a form, and whether an empty form beside it would help.
pub(crate) fn refusal(problem: Problem) -> (Rule, StanzaError<'static>) {
    match problem {
        Problem::Kind => (rule::G1_1, BAD_REQUEST),
        Problem::Unknown => (rule::G1_2, BAD_REQUEST),
        Problem::Field => (rule::G1_3, BAD_REQUEST),
        Problem::Size => (rule::G14_13, TOO_LARGE),
        Problem::Missing => (rule::J3, INCOMPLETE),
        Problem::Nick => (rule::G11_1, INCOMPLETE),
        Problem::Fixed => (rule::C1, NOT_ALLOWED),
        Problem::Contradiction => (rule::G1_5, NOT_ALLOWED),
        Problem::Alias => (rule::G12_1, BAD_REQUEST),
        Problem::Aliases => (rule::G14_15, TOO_MANY),
        Problem::Parent => (rule::SP2, BAD_REQUEST),
    }
}

impl Problem {
    /// Whether another try with the form can help: then the form stands beside the error.
    pub(crate) const fn form_helps(self) -> bool {
        matches!(self, Self::Missing | Self::Nick)
    }
}

/// Reads a form that was filled in, of that FORM_TYPE.
fn submitted(form: &Element, form_type: &str, limits: &Gc3Limits) -> Result<Form, Problem> {
    if form.children().filter(|child| child.is("field", ns::DATA)).count() > limits.form_fields {
        return Err(Problem::Size);
    }
    let allow = Allow { type_form: true, no_form_type: false };
    let read = Form::submitted(form, form_type, allow).map_err(|error| match error.fault {
        FormFault::NotAForm | FormFault::Type | FormFault::FormType => Problem::Kind,
        _ => Problem::Field,
    })?;
    if read.type_ == FormType::Cancel { Err(Problem::Kind) } else { Ok(read) }
}

/// The fields of this protocol in a form, by their short names. `Err` is the full name of another one.
fn fields(form: &Form) -> impl Iterator<Item = Result<(&str, &[String]), &str>> {
    form.fields.iter().filter_map(|field| {
        let var = field.var.as_deref().filter(|&var| var != "FORM_TYPE")?;
        Some(var.strip_prefix(PREFIX).map(|name| (name, field.values.as_slice())).ok_or(var))
    })
}

/// The value of a field that takes one, if there is one.
fn one(values: &[String]) -> Result<Option<&str>, Problem> {
    match values {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(Problem::Field),
    }
}

/// The value of a list-single.
fn choice<T>(values: &[String], parse: fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    one(values)?.map(|value| parse(value).ok_or(Problem::Field)).transpose()
}

/// The value of a boolean.
fn flag(values: &[String]) -> Result<Option<bool>, Problem> {
    choice(values, |text| match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    })
}

/// An empty form to be filled in.
fn offer(form_type: &str) -> Form {
    Form::new(FormType::Form).form_type(form_type)
}

/// A field of this protocol.
fn field(name: &str, type_: FieldType, label: &str) -> Field {
    Field::new(&format!("{PREFIX}{name}"), type_).label(label)
}

/// A list-single with its options and the one that is chosen.
fn list(name: &str, label: &str, options: &[(&str, &str)], chosen: &str) -> Field {
    let field = field(name, FieldType::ListSingle, label).value(chosen);
    options.iter().fold(field, |field, &(value, label)| field.option(Some(label), value))
}

/// The field of a push setting.
fn push_field(name: &str, label: &str, chosen: Push) -> Field {
    let options = [
        (Push::Always.name(), "For every message"),
        (Push::Mentions.name(), "When mentioned"),
        (Push::Never.name(), "Never"),
    ];
    list(name, label, &options, chosen.name())
}
