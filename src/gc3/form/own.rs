//! A participant's own settings.

use minidom::Element;

use super::{Problem, choice, field, fields, flag, offer, one, push_field, submitted};
use crate::codec::{FieldType, FormType, Writer};
use crate::gc3::config::Push;
use crate::gc3::nick;
use crate::gc3::room::{Person, State};
use crate::limits::Gc3Limits;

const OWN: &str = "urn:xmpp:gc3:participant";

/// What a participant sets of its own; `None` stays as it is (G1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnForm {
    /// Prepared.
    pub(crate) nickname: Option<String>,
    pub(crate) push: Option<Push>,
    pub(crate) profile: Option<bool>,
    pub(crate) show_presence: Option<bool>,
}

impl OwnForm {
    /// Reads a form that was filled in.
    pub(crate) fn read(form: &Element, limits: &Gc3Limits) -> Result<Self, Problem> {
        let form = submitted(form, OWN, limits)?;
        let mut read = Self::default();
        for field in fields(&form) {
            let (name, values) = field.map_err(|_| Problem::Unknown)?;
            match name {
                "nickname" => {
                    read.nickname = one(values)?.map(|raw| nick::prepare(raw).ok_or(Problem::Nick)).transpose()?;
                }
                "push" => read.push = choice(values, Push::parse)?,
                "profile" => read.profile = flag(values)?,
                "show-presence" => read.show_presence = flag(values)?,
                _ => return Err(Problem::Unknown),
            }
        }
        Ok(read)
    }
}

/// Writes a participant's settings: to be changed, or as they are now.
pub(crate) fn write_own(state: &State, person: &Person, type_: FormType, writer: &mut Writer) {
    let push = person.push.unwrap_or(state.config.push_default);
    let mut form = offer(OWN)
        .with(field("nickname", FieldType::TextSingle, "Nickname").value(&person.nick))
        .with(push_field("push", "Notify", push))
        .with(field("profile", FieldType::Boolean, "Show my picture").flag(person.profile))
        .with(field("show-presence", FieldType::Boolean, "Show when I am online").flag(person.show_presence));
    form.type_ = type_;
    form.write(writer);
}
