//! Checks what was filled in against what was offered.

use crate::codec::parse_jid;

use super::{Field, FieldType, Form, FormError, FormFault, Method, datatype};

impl Form {
    /// Whether this form fills in the one that was `offered`. Fields that were not offered are passed over; an empty value
    /// counts as none, except of text.
    ///
    /// Checked are required fields, the number of values, options, JIDs, booleans, the datatypes of XEP-0122, ranges of
    /// numbers and dates, and list ranges. Not checked are regular expressions, datatypes that are not known, and ranges
    /// of an `xs:double` with an exponent.
    ///
    /// # Errors
    /// The first field that does not fit, in the order of this form, then the first required one that is missing.
    pub fn check(&self, offered: &Self) -> Result<(), FormError> {
        if let Some(var) = self.duplicate() {
            return Err(FormError::field(Some(var), FormFault::Twice));
        }
        for field in &self.fields {
            let Some(var) = field.var.as_deref() else { continue };
            let Some(wanted) = offered.field(var) else { continue };
            wanted.accept(&field.values).map_err(|fault| FormError::field(Some(var), fault))?;
        }
        for wanted in offered.fields.iter().filter(|field| field.required) {
            let Some(var) = wanted.var.as_deref() else { continue };
            if self.values(var).iter().all(String::is_empty) {
                return Err(FormError::field(Some(var), FormFault::Missing));
            }
        }
        Ok(())
    }
}

impl Field {
    /// Whether these values can fill in this field.
    ///
    /// # Errors
    /// What is wrong with the first one that cannot.
    pub fn accept(&self, values: &[String]) -> Result<(), FormFault> {
        let type_ = self.type_.unwrap_or(FieldType::TextSingle);
        if type_.is_single() && values.len() > 1 {
            return Err(FormFault::Values);
        }
        let validate = self.validate.as_ref();
        let method = validate.map_or(&Method::Basic, |validate| &validate.method);
        let datatype = validate.and_then(|validate| validate.datatype.as_deref()).unwrap_or("xs:string");
        if let (FieldType::ListMulti, Some((min, max))) = (type_, validate.and_then(|validate| validate.list_range)) {
            let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
            if min.is_some_and(|min| count < min) || max.is_some_and(|max| count > max) {
                return Err(FormFault::Count);
            }
        }
        for value in values {
            match type_ {
                FieldType::Fixed => continue,
                // The lines of a text are one value unless the method says otherwise (XEP-0122 §3.2.2).
                FieldType::TextMulti if *method == Method::Basic => continue,
                FieldType::TextMulti | FieldType::TextSingle | FieldType::TextPrivate | FieldType::Hidden => {}
                _ if value.is_empty() => continue,
                FieldType::Boolean if datatype::boolean(value).is_none() => return Err(FormFault::Value),
                FieldType::JidSingle | FieldType::JidMulti if parse_jid(value).is_none() => {
                    return Err(FormFault::Value);
                }
                FieldType::ListSingle | FieldType::ListMulti
                    if *method == Method::Basic && !self.options.iter().any(|option| option.value == *value) =>
                {
                    return Err(FormFault::Choice);
                }
                _ => {}
            }
            if value.is_empty() && datatype != "xs:string" {
                continue;
            }
            if !datatype::is_valid(datatype, value) {
                return Err(FormFault::Value);
            }
            if let Method::Range { min, max } = method
                && !datatype::is_within(datatype, value, min.as_deref(), max.as_deref())
            {
                return Err(FormFault::Range);
            }
        }
        Ok(())
    }
}
