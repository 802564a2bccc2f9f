//! What a client asks its server for: `<enable/>` and `<disable/>` of XEP-0357 and of Push 2.0.
//!
//! Push 2.0 is read in the form of its module text, which is also what is written: `<send/>` inside `<match/>`. The
//! older text is accepted: `<send profile='…'/>` beside `<match/>`, and `<limit/>`.

use minidom::Element;
use serde::{Deserialize, Serialize};

use super::filter::{Filters, Match};
use crate::codec::{Allow, Field, FieldType, Form, FormType, Writer, parse_jid};
use crate::ns;

/// The only way to tell a push service that this crate knows: nothing of the message.
pub const NOTIFY_ONLY: &str = "urn:xmpp:push2:send:notify-only:0";

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To be pushed.
    Enable(Box<Enable>),
    /// To be pushed no longer by a service, or by one node of it (XEP-0357).
    DisableNodes {
        /// The service's address, normalised.
        service: Box<str>,
        /// The node; all of them if there is none.
        node: Option<Box<str>>,
    },
    /// The device that asks wants to be pushed no longer (Push 2.0).
    DisableDevice,
}

/// Where pushes go, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enable {
    /// The push service's address, normalised.
    pub service: Box<str>,
    /// How it is told.
    pub target: Target,
}

/// A field of the publish options: its name and its values.
pub type PublishOption = (Box<str>, Vec<Box<str>>);

/// How a push service is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// XEP-0357: by publishing to a node.
    Node {
        /// The node; the text says that there should be one.
        node: Option<Box<str>>,
        /// What is to come back with every publish: fields and their values, without `FORM_TYPE`.
        options: Vec<PublishOption>,
        /// Which messages.
        filters: Filters,
    },
    /// Push 2.0: by a message.
    Client {
        /// An opaque text for the push service.
        client: Box<str>,
        /// Which messages.
        matches: Vec<Match>,
        /// How many pushes there may be while the device is away; as many as needed if there is none.
        limit: Option<u32>,
    },
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It names no service, or one that is no JID.
    Service,
    /// Its publish options are no such form.
    Options,
    /// It names no client, or matches nothing.
    Incomplete,
    /// It has a match or send profile that is not known here.
    Profile,
    /// It has more filters than are allowed.
    Filters,
    /// It is longer than allowed.
    Long,
}

/// Matches of one registration: there are four profiles.
const MATCHES: usize = 4;

/// Whether an element is such a request.
#[must_use]
pub fn is_request(element: &Element) -> bool {
    matches!(element.name(), "enable" | "disable") && (element.has_ns(ns::PUSH) || element.has_ns(ns::PUSH2))
}

impl Request {
    /// Reads the child of an iq, or of a Bind 2 request.
    ///
    /// # Errors
    /// What is wrong, if it [is a request](is_request) at all.
    pub fn read(element: &Element, filters: usize, bytes: usize) -> Result<Self, Flaw> {
        if element.name() == "disable" {
            if element.has_ns(ns::PUSH2) {
                return Ok(Self::DisableDevice);
            }
            return Ok(Self::DisableNodes { service: service(element.attr("jid"))?, node: node(element) });
        }
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.element(element);
        if writer.finish().len() > bytes {
            return Err(Flaw::Long);
        }
        let enable = if element.has_ns(ns::PUSH2) { Enable::second(element)? } else { Enable::first(element)? };
        let named = match &enable.target {
            Target::Node { filters, .. } => filters.len(),
            Target::Client { matches, .. } => matches.iter().map(|one| one.filters.len()).sum(),
        };
        if named > filters {
            return Err(Flaw::Filters);
        }
        Ok(Self::Enable(Box::new(enable)))
    }
}

fn service(text: Option<&str>) -> Result<Box<str>, Flaw> {
    text.and_then(parse_jid).map(|jid| jid.as_str().into()).ok_or(Flaw::Service)
}

fn node(element: &Element) -> Option<Box<str>> {
    element.attr("node").filter(|node| !node.is_empty()).map(Into::into)
}

impl Enable {
    fn first(element: &Element) -> Result<Self, Flaw> {
        let service = service(element.attr("jid"))?;
        let options = match element.children().find(|child| child.is("x", ns::DATA)) {
            Some(form) => options(form)?,
            None => Vec::new(),
        };
        let target = Target::Node { node: node(element), options, filters: Filters::read(element) };
        Ok(Self { service, target })
    }

    fn second(element: &Element) -> Result<Self, Flaw> {
        let text = |name| element.get_child(name, ns::PUSH2).map(|child| child.text().trim().to_owned());
        let service = service(text("service").as_deref())?;
        let client = text("client").filter(|client| !client.is_empty()).ok_or(Flaw::Incomplete)?.into();
        let mut matches = Vec::new();
        let beside = element.children().filter(|child| child.name() == "send").any(is_notify_only);
        for found in element.children().filter(|child| child.is("match", ns::PUSH2)) {
            let sends = || found.children().filter(|child| child.name() == "send");
            if !sends().any(is_notify_only) && (sends().next().is_some() || !beside) {
                return Err(Flaw::Profile);
            }
            matches.push(Match::read(found).ok_or(Flaw::Profile)?);
        }
        if matches.is_empty() || matches.len() > MATCHES {
            return Err(Flaw::Incomplete);
        }
        let limit = text("limit").and_then(|limit| limit.parse().ok());
        Ok(Self { service, target: Target::Client { client, matches, limit } })
    }

    /// Writes the `<enable/>`.
    pub fn write(&self, writer: &mut Writer) {
        match &self.target {
            Target::Node { node, options, filters } => {
                writer.open("enable", ns::PUSH).attr("jid", &self.service).attr_opt("node", node.as_deref());
                if !options.is_empty() {
                    write_options(options, writer);
                }
                filters.write(writer);
            }
            Target::Client { client, matches, limit } => {
                writer.open("enable", ns::PUSH2);
                writer.leaf("service", ns::PUSH2, &self.service).leaf("client", ns::PUSH2, client);
                matches.iter().for_each(|one| one.write(writer));
                if let Some(limit) = limit {
                    writer.leaf("limit", ns::PUSH2, &limit.to_string());
                }
            }
        }
        writer.close();
    }
}

/// Whether a `<send/>` is by a profile that is known here, in the form of the module text or of the older one.
fn is_notify_only(send: &Element) -> bool {
    let known = |name: &str| name.strip_suffix(":0").unwrap_or(name) == "urn:xmpp:push2:send:notify-only";
    if send.has_ns(ns::PUSH2) { send.attr("profile").is_some_and(known) } else { known(&send.ns()) }
}

fn options(form: &Element) -> Result<Vec<PublishOption>, Flaw> {
    let form = Form::submitted(form, ns::PUBLISH_OPTIONS, Allow::default()).map_err(|_| Flaw::Options)?;
    if form.type_ != FormType::Submit {
        return Err(Flaw::Options);
    }
    let fields = form.fields.into_iter().filter(|field| field.var.as_deref() != Some("FORM_TYPE"));
    let plain = |field: Field| {
        let values = field.values.into_iter().map(String::into_boxed_str).collect();
        field.var.map(|var| (var.into_boxed_str(), values))
    };
    Ok(fields.filter_map(plain).collect())
}

/// Writes the form of the publish options.
pub(crate) fn write_options(options: &[PublishOption], writer: &mut Writer) {
    let mut form = Form::new(FormType::Submit).form_type(ns::PUBLISH_OPTIONS);
    for (var, values) in options {
        let mut field = Field { var: Some(var.to_string()), ..Field::default() };
        field.values.extend(values.iter().map(ToString::to_string));
        form.fields.push(field);
    }
    debug_assert!(form.fields.iter().all(|field| field.type_ != Some(FieldType::Fixed)), "fields have names");
    form.write(writer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    fn read(inner: &str) -> Result<Request, Flaw> {
        let xml = format!("<iq type='set' id='1'>{inner}</iq>");
        let stanza = Reader::one(ns::CLIENT, xml.as_bytes()).unwrap();
        let element = stanza.payload().unwrap();
        assert!(is_request(element), "{inner}");
        Request::read(element, 2, 1000)
    }

    fn again(request: &Request) -> Result<Request, Flaw> {
        let Request::Enable(enable) = request else { panic!("{request:?}") };
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("iq", ns::CLIENT).attr("type", "set").attr("id", "1");
        enable.write(&mut writer);
        writer.close();
        let stanza = Reader::one(ns::CLIENT, &writer.finish()).unwrap();
        Request::read(stanza.payload().unwrap(), 2, 1000)
    }

    const FORM: &str = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
        <value>http://jabber.org/protocol/pubsub#publish-options</value></field>\
        <field var='secret'><value>s</value></field></x>";

    #[test]
    fn what_is_written_reads_as_it_was() {
        let node = read(&format!("<enable xmlns='urn:xmpp:push:0' jid='Push.Fig.example' node='n'>{FORM}</enable>"));
        let node = node.unwrap();
        assert_eq!(again(&node).as_ref(), Ok(&node));
        let module = "<enable xmlns='urn:xmpp:push2:0'><service>p@push.fig.example</service><client>c</client>\
            <match profile='urn:xmpp:push2:match:important'><grace>5</grace><filter jid='tea@rooms.example'/>\
            <send xmlns='urn:xmpp:push2:send:notify-only:0'/></match></enable>";
        let module = read(module).unwrap();
        assert_eq!(again(&module).as_ref(), Ok(&module));
        let pad = "<enable xmlns='urn:xmpp:push2:0'><service>p@push.fig.example</service><client>c</client>\
            <match profile='urn:xmpp:push2:match:important'><grace>5</grace><filter jid='tea@rooms.example'/></match>\
            <send profile='urn:xmpp:push2:send:notify-only'/></enable>";
        assert_eq!(read(pad), Ok(module));
    }

    #[test]
    fn each_flaw_is_told() {
        let second =
            |inner: &str| format!("<enable xmlns='urn:xmpp:push2:0'><service>p.example</service>{inner}</enable>");
        let of = |inner: &str| format!("<enable xmlns='urn:xmpp:push:0' jid='p.example'>{inner}</enable>");
        for (text, flaw) in [
            ("<enable xmlns='urn:xmpp:push:0'/>".to_owned(), Flaw::Service),
            ("<enable xmlns='urn:xmpp:push:0' jid='@'/>".to_owned(), Flaw::Service),
            ("<disable xmlns='urn:xmpp:push:0'/>".to_owned(), Flaw::Service),
            ("<enable xmlns='urn:xmpp:push2:0'/>".to_owned(), Flaw::Service),
            (of(&FORM.replace("submit", "form")), Flaw::Options),
            (of(&FORM.replace("submit", "cancel")), Flaw::Options),
            (of(&FORM.replace("publish-options", "meta-data")), Flaw::Options),
            (second(""), Flaw::Incomplete),
            (second("<client>c</client>"), Flaw::Incomplete),
            (second("<client>c</client><match profile='urn:xmpp:push2:match:all'/>"), Flaw::Profile),
            (
                second(
                    "<client>c</client><match profile='x'><send xmlns='urn:xmpp:push2:send:notify-only:0'/></match>",
                ),
                { Flaw::Profile },
            ),
            (second("<client>c</client><match profile='urn:xmpp:push2:match:all'><send xmlns='x'/></match>"), {
                Flaw::Profile
            }),
            (of(&"<a/>".repeat(300)), Flaw::Long),
            (
                of("<muted xmlns='tigase:push:filter:muted:0'><item jid='a'/><item jid='b'/><item jid='c'/></muted>"),
                Flaw::Filters,
            ),
        ] {
            assert_eq!(read(&text), Err(flaw), "{text}");
        }
        assert_eq!(read("<disable xmlns='urn:xmpp:push2:0'/>"), Ok(Request::DisableDevice));
    }
}
