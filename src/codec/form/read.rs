//! Reads forms.

use minidom::Element;

use super::{Choice, FORM_TYPE, Field, FieldType, Form, FormError, FormFault, FormType, Method, Validate};
use crate::ns;

/// What a form that was filled in may lack. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Its type may be `form`.
    pub type_form: bool,
    /// It may be without `FORM_TYPE`.
    pub no_form_type: bool,
}

impl Form {
    /// Reads an `<x/>`. Media and whatever else is unknown is passed over; a field of an unknown type is `text-single`
    /// (XEP-0004 §3.3). Values are not checked, and a field may be there twice.
    ///
    /// # Errors
    /// It is no form, or one that contradicts itself.
    pub fn read(element: &Element) -> Result<Self, FormError> {
        if !element.is("x", ns::DATA) {
            return Err(FormError::form(FormFault::NotAForm));
        }
        let type_ = FormType::ALL.into_iter().find(|t| Some(t.as_str()) == element.attr("type"));
        let mut form = Self::new(type_.ok_or_else(|| FormError::form(FormFault::NotAForm))?);
        let mut reported = false;
        for child in element.children().filter(|child| child.has_ns(ns::DATA)) {
            match child.name() {
                "title" => form.title = Some(child.text()),
                "instructions" => form.instructions.push(child.text()),
                "field" => form.fields.push(Field::read(child)?),
                "reported" if reported || !form.items.is_empty() => {
                    return Err(FormError::form(FormFault::Reported));
                }
                "reported" => {
                    reported = true;
                    form.reported = fields(child)?;
                }
                "item" => form.items.push(fields(child)?),
                _ => {}
            }
        }
        Ok(form)
    }

    /// Reads a form that was filled in, or called off: of type `submit` or `cancel`, with that `FORM_TYPE` unless it is
    /// called off, no field twice.
    ///
    /// # Errors
    /// As [`read`](Self::read), or it is another form than that.
    pub fn submitted(element: &Element, form_type: &str, allow: Allow) -> Result<Self, FormError> {
        let form = Self::read(element)?;
        match form.type_ {
            FormType::Submit => {}
            FormType::Cancel => return Ok(form),
            FormType::Form if allow.type_form => {}
            FormType::Form | FormType::Result => return Err(FormError::form(FormFault::Type)),
        }
        if let Some(var) = form.duplicate() {
            return Err(FormError::field(Some(var), FormFault::Twice));
        }
        match form.get(FORM_TYPE) {
            Some(found) if found == form_type => Ok(form),
            None if allow.no_form_type => Ok(form),
            _ => Err(FormError::field(Some(FORM_TYPE), FormFault::FormType)),
        }
    }
}

fn fields(element: &Element) -> Result<Vec<Field>, FormError> {
    element.children().filter(|child| child.is("field", ns::DATA)).map(Field::read).collect()
}

impl Field {
    fn read(element: &Element) -> Result<Self, FormError> {
        let var = element.attr("var");
        let type_ = element
            .attr("type")
            .map(|name| FieldType::ALL.into_iter().find(|t| t.as_str() == name).unwrap_or(FieldType::TextSingle));
        if var.is_none() && type_ != Some(FieldType::Fixed) {
            return Err(FormError::form(FormFault::NoVar));
        }
        let mut field =
            Self { var: var.map(Into::into), type_, label: element.attr("label").map(Into::into), ..Self::default() };
        for child in element.children() {
            if child.is("validate", ns::DATA_VALIDATE) {
                field.validate = Some(Validate::read(child).ok_or_else(|| FormError::field(var, FormFault::Validate))?);
            } else if child.has_ns(ns::DATA) {
                match child.name() {
                    "desc" => field.desc = Some(child.text()),
                    "required" => field.required = true,
                    "value" => field.values.push(child.text()),
                    "option" => {
                        let choice = Choice::read(child).ok_or_else(|| FormError::field(var, FormFault::Option))?;
                        field.options.push(choice);
                    }
                    _ => {}
                }
            }
        }
        Ok(field)
    }
}

impl Choice {
    fn read(element: &Element) -> Option<Self> {
        let mut values = element.children().filter(|child| child.is("value", ns::DATA));
        let value = values.next()?.text();
        let label = element.attr("label").map(Into::into);
        values.next().is_none().then_some(Self { label, value })
    }
}

impl Validate {
    fn read(element: &Element) -> Option<Self> {
        let mut validate = Self { datatype: element.attr("datatype").map(Into::into), ..Self::default() };
        let mut methods = 0;
        for child in element.children().filter(|child| child.has_ns(ns::DATA_VALIDATE)) {
            let text = |name| child.attr(name).map(String::from);
            let method = match child.name() {
                "basic" => Method::Basic,
                "open" => Method::Open,
                "range" => Method::Range { min: text("min"), max: text("max") },
                "regex" => Method::Regex(child.text()),
                "list-range" => {
                    let number = |name| child.attr(name).map(str::parse).transpose();
                    validate.list_range = Some((number("min").ok()?, number("max").ok()?));
                    continue;
                }
                _ => continue,
            };
            validate.method = method;
            methods += 1;
        }
        (methods <= 1).then_some(validate)
    }
}
