//! Data forms ([XEP-0004](https://xmpp.org/extensions/xep-0004.html)) with their validation
//! ([XEP-0122](https://xmpp.org/extensions/xep-0122.html)) and their `FORM_TYPE`
//! ([XEP-0068](https://xmpp.org/extensions/xep-0068.html)).
//!
//! ```
//! use xmpp_machines::codec::{Field, FieldType, Form, FormType};
//!
//! let offered = Form::new(FormType::Form)
//!     .form_type("urn:example:kettle")
//!     .with(Field::new("degrees", FieldType::TextSingle).datatype("xs:int").range(Some("0"), Some("100")).required());
//! let filled = Form::new(FormType::Submit).form_type("urn:example:kettle").with(Field::of("degrees", "120"));
//! assert_eq!(filled.check(&offered).unwrap_err().to_string(), "field 'degrees': value out of range");
//! ```

mod check;
mod datatype;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::Allow;

use core::fmt;
use std::collections::BTreeSet;

const FORM_TYPE: &str = "FORM_TYPE";

/// A form: offered, filled in, called off, or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub type_: FormType,
    /// A title for people.
    pub title: Option<String>,
    /// Instructions for people, a line each.
    pub instructions: Vec<String>,
    /// Its fields, in order, with `FORM_TYPE`.
    pub fields: Vec<Field>,
    /// The columns of a result with several items.
    pub reported: Vec<Field>,
    /// The rows of a result with several items.
    pub items: Vec<Vec<Field>>,
}

/// What a form is for (XEP-0004 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormType {
    /// To be filled in.
    Form,
    /// Filled in.
    Submit,
    /// Called off.
    Cancel,
    /// Data.
    Result,
}

/// What a field takes (XEP-0004 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldType {
    /// yes or no
    Boolean,
    /// text for people, which is not filled in
    Fixed,
    /// nothing for people
    Hidden,
    /// any number of JIDs
    JidMulti,
    /// one JID
    JidSingle,
    /// any number of the options
    ListMulti,
    /// one of the options
    ListSingle,
    /// lines of text
    TextMulti,
    /// one line that is not shown
    TextPrivate,
    /// one line
    TextSingle,
}

/// A field, or its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name; only fixed fields go without.
    pub var: Option<String>,
    /// What it takes; left out where a form is filled in.
    pub type_: Option<FieldType>,
    /// A name for people.
    pub label: Option<String>,
    /// An explanation for people.
    pub desc: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Its values, or the defaults.
    pub values: Vec<String>,
    /// What can be chosen.
    pub options: Vec<Choice>,
    /// What values are valid.
    pub validate: Option<Validate>,
}

/// One option of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// A name for people.
    pub label: Option<String>,
    /// The value.
    pub value: String,
}

/// What values of a field are valid (XEP-0122).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validate {
    /// The datatype: `xs:int`; `None` is `xs:string`.
    pub datatype: Option<String>,
    /// How values are checked beyond their datatype.
    pub method: Method,
    /// How few and how many values a `list-multi` takes.
    pub list_range: Option<(Option<u32>, Option<u32>)>,
}

/// How values are checked beyond their datatype (XEP-0122 §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    #[default]
    Basic,
    /// Options may be added to.
    Open,
    /// From the least to the greatest, in the order of the datatype.
    Range {
        /// The least.
        min: Option<String>,
        /// The greatest.
        max: Option<String>,
    },
    /// A POSIX extended regular expression. It is carried and never evaluated: a pattern of somebody else's making may
    /// cost any amount of time.
    Regex(String),
}

/// What is wrong with a form, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    /// The name of the field.
    pub field: Option<String>,
    /// What is wrong.
    pub fault: FormFault,
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FormFault {
    /// No form of any type.
    NotAForm,
    /// A form of another type than it must have here.
    Type,
    /// `FORM_TYPE` is missing or another one.
    FormType,
    /// A field without a name.
    NoVar,
    /// A field given twice.
    Twice,
    /// An option without a value, or with several.
    Option,
    /// `<range/>` beside another method, or a `<list-range/>` that is no number.
    Validate,
    /// `<reported/>` twice or after an item.
    Reported,
    /// More values than the field takes.
    Values,
    /// A required field without a value.
    Missing,
    /// A value that is none of the options.
    Choice,
    /// A value that is not of the field's datatype.
    Value,
    /// A value below the least or above the greatest.
    Range,
    /// Fewer or more values than the list takes.
    Count,
}

impl FormError {
    fn form(fault: FormFault) -> Self {
        Self { field: None, fault }
    }

    fn field(var: Option<&str>, fault: FormFault) -> Self {
        Self { field: var.map(Into::into), fault }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "field '{field}': ")?;
        }
        f.write_str(match self.fault {
            FormFault::NotAForm => "not a form",
            FormFault::Type => "a form of this type is not expected",
            FormFault::FormType => "FORM_TYPE is missing or not the expected one",
            FormFault::NoVar => "a field without a name",
            FormFault::Twice => "given twice",
            FormFault::Option => "an option has exactly one value",
            FormFault::Validate => "its validation contradicts itself",
            FormFault::Reported => "reported comes once, before all items",
            FormFault::Values => "too many values",
            FormFault::Missing => "required",
            FormFault::Choice => "not one of the options",
            FormFault::Value => "not a value of its type",
            FormFault::Range => "value out of range",
            FormFault::Count => "too few or too many values",
        })
    }
}

impl core::error::Error for FormError {}

impl FormType {
    const ALL: [Self; 4] = [Self::Form, Self::Submit, Self::Cancel, Self::Result];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Submit => "submit",
            Self::Cancel => "cancel",
            Self::Result => "result",
        }
    }
}

impl FieldType {
    const ALL: [Self; 10] = [
        Self::Boolean,
        Self::Fixed,
        Self::Hidden,
        Self::JidMulti,
        Self::JidSingle,
        Self::ListMulti,
        Self::ListSingle,
        Self::TextMulti,
        Self::TextPrivate,
        Self::TextSingle,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Fixed => "fixed",
            Self::Hidden => "hidden",
            Self::JidMulti => "jid-multi",
            Self::JidSingle => "jid-single",
            Self::ListMulti => "list-multi",
            Self::ListSingle => "list-single",
            Self::TextMulti => "text-multi",
            Self::TextPrivate => "text-private",
            Self::TextSingle => "text-single",
        }
    }

    /// Whether it takes one value at most.
    #[must_use]
    pub const fn is_single(self) -> bool {
        matches!(self, Self::Boolean | Self::JidSingle | Self::ListSingle | Self::TextPrivate | Self::TextSingle)
    }
}

impl Form {
    /// An empty form.
    #[must_use]
    pub const fn new(type_: FormType) -> Self {
        Self {
            type_,
            title: None,
            instructions: Vec::new(),
            fields: Vec::new(),
            reported: Vec::new(),
            items: Vec::new(),
        }
    }

    /// With a hidden field `FORM_TYPE`.
    #[must_use]
    pub fn form_type(self, ns: &str) -> Self {
        self.with(Field::new(FORM_TYPE, FieldType::Hidden).value(ns))
    }

    /// With one more field.
    #[must_use]
    pub fn with(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// The first field of that name.
    #[must_use]
    pub fn field(&self, var: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.var.as_deref() == Some(var))
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, var: &str) -> Option<&str> {
        self.values(var).first().map(String::as_str)
    }

    /// The values of a field; none if it is not there.
    #[must_use]
    pub fn values(&self, var: &str) -> &[String] {
        self.field(var).map_or(&[], |field| &field.values)
    }

    /// The value of a boolean field; `None` if it is not there or no boolean.
    #[must_use]
    pub fn flag(&self, var: &str) -> Option<bool> {
        datatype::boolean(self.get(var)?)
    }

    /// What the form is about. A `FORM_TYPE` that is not hidden says nothing, except where a form is filled in
    /// (XEP-0068 §3).
    #[must_use]
    pub fn get_form_type(&self) -> Option<&str> {
        let field = self.field(FORM_TYPE)?;
        let filled = matches!(self.type_, FormType::Submit | FormType::Cancel);
        (filled || field.type_ == Some(FieldType::Hidden)).then(|| field.values.first().map(String::as_str)).flatten()
    }

    /// The name of a field that is given twice.
    #[must_use]
    pub fn duplicate(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.fields.iter().filter_map(|field| field.var.as_deref()).find(|var| !seen.insert(*var))
    }
}

impl Field {
    /// A field to fill in, or of a result.
    #[must_use]
    pub fn new(var: &str, type_: FieldType) -> Self {
        Self { var: Some(var.to_owned()), type_: Some(type_), ..Self::default() }
    }

    /// A field that is filled in with one value.
    #[must_use]
    pub fn of(var: &str, value: &str) -> Self {
        Self { var: Some(var.to_owned()), values: vec![value.to_owned()], ..Self::default() }
    }

    /// Text between fields.
    #[must_use]
    pub fn fixed(text: &str) -> Self {
        Self { type_: Some(FieldType::Fixed), values: vec![text.to_owned()], ..Self::default() }
    }

    /// With one more value.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.values.push(value.to_owned());
        self
    }

    /// With a boolean value.
    #[must_use]
    pub fn flag(self, value: bool) -> Self {
        self.value(if value { "1" } else { "0" })
    }

    /// With a name for people.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    /// With an explanation for people.
    #[must_use]
    pub fn desc(mut self, desc: &str) -> Self {
        self.desc = Some(desc.to_owned());
        self
    }

    /// To be filled in without fail.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With one more option.
    #[must_use]
    pub fn option(mut self, label: Option<&str>, value: &str) -> Self {
        self.options.push(Choice { label: label.map(Into::into), value: value.to_owned() });
        self
    }

    /// With a datatype: `xs:int`.
    #[must_use]
    pub fn datatype(mut self, datatype: &str) -> Self {
        self.validate.get_or_insert_default().datatype = Some(datatype.to_owned());
        self
    }

    /// With a least and a greatest value.
    #[must_use]
    pub fn range(mut self, min: Option<&str>, max: Option<&str>) -> Self {
        let method = Method::Range { min: min.map(Into::into), max: max.map(Into::into) };
        self.validate.get_or_insert_default().method = method;
        self
    }

    /// With options that may be added to.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.validate.get_or_insert_default().method = Method::Open;
        self
    }

    /// With a least and a greatest number of values.
    #[must_use]
    pub fn list_range(mut self, min: Option<u32>, max: Option<u32>) -> Self {
        self.validate.get_or_insert_default().list_range = Some((min, max));
        self
    }
}
