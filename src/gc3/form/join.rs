//! The join form.

use minidom::Element;

use super::{Problem, choice, field, fields, offer, one, push_field, submitted};
use crate::codec::{FieldType, Writer};
use crate::gc3::config::Push;
use crate::gc3::room::State;
use crate::limits::Gc3Limits;

const JOIN: &str = "urn:xmpp:gc3:join-form";

/// A join form that was filled in. A field that is missing is none of its business (G1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JoinForm {
    /// As written, not yet prepared.
    pub(crate) nickname: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) push: Option<Push>,
}

impl JoinForm {
    /// Reads a form. Fields of other names are passed over (G1.2).
    pub(crate) fn read(form: &Element, limits: &Gc3Limits) -> Result<Self, Problem> {
        let form = submitted(form, JOIN, limits)?;
        let mut read = Self::default();
        for (name, values) in fields(&form).flatten() {
            read.take(name, values)?;
        }
        Ok(read)
    }

    /// Takes one field; whether it is one of a join.
    pub(super) fn take(&mut self, name: &str, values: &[String]) -> Result<bool, Problem> {
        match name {
            "nickname" => self.nickname = one(values)?.map(Into::into),
            "password" => self.password = one(values)?.map(Into::into),
            "push" => self.push = choice(values, Push::parse)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Writes the join form for an account, by an alias with the room's own address (G12.5).
pub(crate) fn write_join(state: &State, bare: &str, aliased: bool, writer: &mut Writer) {
    let nickname = field("nickname", FieldType::TextSingle, "Nickname");
    let nickname = match state.known_nick(bare) {
        Some(known) => nickname.value(known),
        None => nickname.required(),
    };
    let mut form = offer(JOIN).with(nickname);
    if !state.config.password.is_empty() {
        form = form.with(field("password", FieldType::TextPrivate, "Password").required());
    }
    if aliased {
        form = form.with(field("canonical", FieldType::JidSingle, "Address").value(state.address.as_str()));
    }
    form.with(push_field("push", "Notify", state.config.push_default)).write(writer);
}
