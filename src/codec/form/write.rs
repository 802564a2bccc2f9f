//! Writes forms.

use super::{Field, FieldType, Form, Method, Validate};
use crate::codec::Writer;
use crate::ns;

impl Form {
    /// Writes the `<x/>`.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("x", ns::DATA).attr("type", self.type_.as_str());
        if let Some(title) = &self.title {
            writer.leaf("title", ns::DATA, title);
        }
        for line in &self.instructions {
            writer.leaf("instructions", ns::DATA, line);
        }
        for field in &self.fields {
            field.write(writer);
        }
        for (name, fields) in (!self.reported.is_empty())
            .then_some(("reported", &self.reported))
            .into_iter()
            .chain(self.items.iter().map(|item| ("item", item)))
        {
            writer.open(name, ns::DATA);
            for field in fields {
                field.write(writer);
            }
            writer.close();
        }
        writer.close();
    }
}

impl Field {
    fn write(&self, writer: &mut Writer) {
        writer.open("field", ns::DATA).attr_opt("var", self.var.as_deref());
        writer.attr_opt("type", self.type_.map(FieldType::as_str)).attr_opt("label", self.label.as_deref());
        if let Some(desc) = &self.desc {
            writer.leaf("desc", ns::DATA, desc);
        }
        if self.required {
            writer.open("required", ns::DATA).close();
        }
        if let Some(validate) = &self.validate {
            validate.write(writer);
        }
        for value in &self.values {
            writer.leaf("value", ns::DATA, value);
        }
        for option in &self.options {
            writer.open("option", ns::DATA).attr_opt("label", option.label.as_deref());
            writer.leaf("value", ns::DATA, &option.value).close();
        }
        writer.close();
    }
}

impl Validate {
    fn write(&self, writer: &mut Writer) {
        const NS: &str = ns::DATA_VALIDATE;
        writer.open("validate", NS).attr_opt("datatype", self.datatype.as_deref());
        match &self.method {
            Method::Basic => writer.open("basic", NS).close(),
            Method::Open => writer.open("open", NS).close(),
            Method::Range { min, max } => {
                writer.open("range", NS).attr_opt("min", min.as_deref()).attr_opt("max", max.as_deref()).close()
            }
            Method::Regex(pattern) => writer.leaf("regex", NS, pattern),
        };
        if let Some((min, max)) = self.list_range {
            let text = |n: Option<u32>| n.map(|n| n.to_string());
            writer.open("list-range", NS).attr_opt("min", text(min).as_deref());
            writer.attr_opt("max", text(max).as_deref()).close();
        }
        writer.close();
    }
}
