//! What the service says of itself, made from the policy and never by hand (I1 to I3).

use super::machine::{Out, Service, result};
use crate::codec::{Field, FieldType, Form, FormType, Stanza};
use crate::machine::Action;
use crate::ns;
use crate::retention::host::Notice;
use crate::retention::policy::{Backups, BucketName, Class, Keep, Policy};
use crate::retention::rules::table as rule;
use crate::time::Span;

const FEATURES: [&str; 5] = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::UPLOAD, ns::DATA_POLICY];

/// Answers disco#info, for the class that the asker is in.
pub(super) fn info(service: &Service, stanza: &Stanza, out: &mut Out<'_>) {
    let Some(asker) = stanza.from.as_ref().map(|from| from.to_bare()) else { return };
    let policy = service.policy();
    let class = service.state.class_of(asker.as_str());
    result(out, rule::I1, stanza, |writer| {
        writer.open("query", ns::DISCO_INFO);
        writer.open("identity", ns::DISCO_INFO).attr("category", "store").attr("type", "file");
        writer.attr("name", &service.config.name).close();
        for feature in policy.features(class) {
            writer.open("feature", ns::DISCO_INFO).attr("var", feature).close();
        }
        if let Some(class) = class {
            policy.upload_form(class).write(writer);
        }
        policy.data_policy_form().write(writer);
        writer.close();
    });
    out.push(rule::I2, Action::Tell(Notice::Also));
    out.push(rule::I3, Action::Tell(Notice::Also));
}

fn hours(span: Span) -> u64 {
    span.millis().div_ceil(3_600_000)
}

impl Policy {
    /// The features of an upload service under this policy, as somebody of that class sees them.
    #[must_use]
    pub fn features(&self, class: Option<&Class>) -> Vec<&'static str> {
        let mut features = FEATURES.to_vec();
        if let Some(class) = class {
            let offered = crate::retention::Purpose::ALL.into_iter().filter(|purpose| class.bucket(*purpose).enabled);
            features.extend(offered.map(crate::retention::Purpose::feature));
        }
        features
    }

    /// The form of XEP-0363, with the limits of each bucket under names of this project's namespace: `max-file-size`,
    /// `quota-bytes`, `max-files`, `retention-hours` (or `infinite`) and `types`, each after the name of its bucket.
    #[must_use]
    pub fn upload_form(&self, class: &Class) -> Form {
        let text = |name: &str, value: &str| Field::new(name, FieldType::TextSingle).value(value);
        let message = class.bucket(crate::retention::Purpose::Message).max_file;
        let mut form =
            Form::new(FormType::Result).form_type(ns::UPLOAD).with(text("max-file-size", &message.to_string()));
        for (name, bucket) in self.buckets(class).filter(|(_, bucket)| bucket.enabled) {
            // Operator buckets have a namespace of their own, so that none is taken for a purpose.
            let at = match name {
                BucketName::Of(purpose) => format!("{{{}}}{purpose}", ns::RETENTION),
                BucketName::Directory(name) => format!("{{{}#bucket}}{name}", ns::RETENTION),
            };
            let keep = match bucket.keep {
                Keep::Infinite => "infinite".to_owned(),
                Keep::For(span) => hours(span).to_string(),
            };
            form = form
                .with(text(&format!("{at}-max-file-size"), &bucket.max_file.to_string()))
                .with(text(&format!("{at}-quota-bytes"), &bucket.hard.to_string()))
                .with(text(&format!("{at}-max-files"), &bucket.max_files.to_string()))
                .with(text(&format!("{at}-retention-hours"), &keep));
            let mut types = Field::new(&format!("{at}-types"), FieldType::TextMulti);
            types.values.clone_from(&bucket.types);
            form = form.with(types);
        }
        form
    }

    /// The data policy of XEP-0504. Retention is the longest of all buckets that anybody is offered: it is a promise.
    #[must_use]
    pub fn data_policy_form(&self) -> Form {
        let text = |name: &str, value: String| Field::new(name, FieldType::TextSingle).value(&value);
        // XEP-0504 writes booleans as words.
        let flag = |name: &str, on: bool| Field::new(name, FieldType::Boolean).value(if on { "true" } else { "false" });
        let keep = match self.longest() {
            Keep::Infinite => "infinite".to_owned(),
            Keep::For(span) => hours(span).to_string(),
        };
        let backups = match self.backups {
            None => "unknown".to_owned(),
            Some(Backups::Never) => "0".to_owned(),
            Some(Backups::Infinite) => "infinite".to_owned(),
            Some(Backups::For(span)) => hours(span).to_string(),
        };
        Form::new(FormType::Result)
            .form_type(ns::DATA_POLICY)
            .with(text("data_retention", keep))
            .with(flag("data_deletion", self.uploaded_node))
            .with(flag("encryption_at_rest", self.encrypted_at_rest))
            .with(flag("full_erasure", true))
            .with(text("backup_retention", backups))
    }
}

impl crate::retention::Shared {
    /// Writes the payload of the item (XEP-0447, as XEP-0498 §4 demands): name, type, size and where to read it.
    pub fn write(&self, writer: &mut crate::codec::Writer) {
        writer.open("file-sharing", ns::SFS);
        writer.open("file", ns::FILE_METADATA);
        writer.leaf("media-type", ns::FILE_METADATA, &self.content_type);
        writer.leaf("name", ns::FILE_METADATA, &self.name);
        writer.leaf("size", ns::FILE_METADATA, &self.size.to_string()).close();
        writer.open("sources", ns::SFS);
        writer.open("url-data", ns::URL_DATA).attr("target", &self.url).close();
        writer.close();
        writer.close();
    }
}
