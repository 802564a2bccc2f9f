//! The forms of a room: what the fields are called, how they are read and written (G1).

use minidom::Element;

use super::config::Push;
use super::room::State;
use super::rules::table as rule;
use super::wire::{BAD_REQUEST, TOO_LARGE};
use crate::codec::{StanzaError, Writer};
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
    /// A field twice, or a value that is not of its type.
    Field,
    /// More fields than are allowed.
    Size,
}

/// The refusal of a broken form.
pub(crate) fn refusal(problem: Problem) -> (Rule, StanzaError<'static>) {
    match problem {
        Problem::Kind => (rule::G1_1, BAD_REQUEST),
        Problem::Field => (rule::G1_3, BAD_REQUEST),
        Problem::Size => (rule::G14_13, TOO_LARGE),
    }
}

/// A submitted join form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JoinForm {
    pub(crate) nickname: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) push: Option<Push>,
}

impl JoinForm {
    /// Reads a submitted form.
    pub(crate) fn read(form: &Element, limits: &Gc3Limits) -> Result<Self, Problem> {
        let mut read = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        if !matches!(form.attr("type"), Some("submit" | "form")) {
            return Err(Problem::Kind);
        }
        for field in form.children().filter(|child| child.is("field", ns::DATA)) {
            let Some(var) = field.attr("var") else { return Err(Problem::Field) };
            if seen.contains(&var) {
                return Err(Problem::Field);
            }
            seen.push(var);
            if seen.len() > limits.form_fields {
                return Err(Problem::Size);
            }
            let value = field.get_child("value", ns::DATA).map(Element::text);
            match var.strip_prefix(PREFIX) {
                Some("nickname") => read.nickname = value,
                Some("password") => read.password = value,
                Some("push") => {
                    let push = value.as_deref().map(|v| Push::parse(v).ok_or(Problem::Field));
                    read.push = push.transpose()?;
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

/// Writes the join form for an account.
pub(crate) fn write_join(state: &State, bare: &str, writer: &mut Writer) {
    let _ = (state, bare, writer);
}
