//! Reports (XEP-0377), rebuilt: only what the text knows goes on.

use minidom::Element;

use crate::codec::Writer;
use crate::ns;

/// Writes a report with its reason, its texts, and those stanza-ids that count.
pub(crate) fn write_report(report: &Element, stanza_ids: &[(&str, &str)], writer: &mut Writer) {
    writer.open("report", ns::REPORTING).attr_opt("reason", report.attr("reason"));
    for (by, id) in stanza_ids {
        writer.open("stanza-id", ns::SID).attr("by", by).attr("id", id).close();
    }
    for text in report.children().filter(|child| child.is("text", ns::REPORTING)) {
        writer.open("text", ns::REPORTING);
        if let Some(lang) = text.attr_ns(ns::XML, "lang") {
            writer.attr_ns(ns::XML, "lang", lang);
        }
        writer.text(&text.text()).close();
    }
    writer.close();
}
