//! Pages of the archive, each message written for its reader (G7.7, L3, XEP-0313, XEP-0297).

use super::{also, own_header, result, send_one, write_nick};
use crate::codec::{Delay, Field, FieldType, Form, FormType, Fragment, Outgoing, Page as PageEnds};
use crate::codec::{Stanza, StanzaKind, StanzaType, Writer};
use crate::gc3::form::PREFIX;
use crate::gc3::host::{Page, Record};
use crate::gc3::room::Out;
use crate::gc3::room::judge::{Asked, Rendering, Sender};
use crate::gc3::room::state::{Dialect, State};
use crate::gc3::rules::{muc2, table as rule};
use crate::ns;
use crate::rule::Rule;
use crate::time::Time;

/// Answers a get of the query form.
pub(super) fn query_form(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza) {
    let field = |var, type_| Field::new(var, type_);
    let dialect = format!("{PREFIX}dialect");
    let dialects = field(&dialect, FieldType::ListSingle).option(None, "gc3").option(None, "muc");
    let dialects = if state.muc2 { dialects.option(None, "muc2") } else { dialects };
    let form = Form::new(FormType::Form)
        .form_type(ns::MAM)
        .with(field("with", FieldType::JidSingle))
        .with(field("start", FieldType::TextSingle).datatype("xs:dateTime"))
        .with(field("end", FieldType::TextSingle).datatype("xs:dateTime"))
        .with(field("before-id", FieldType::TextSingle))
        .with(field("after-id", FieldType::TextSingle))
        .with(field("ids", FieldType::ListMulti).open())
        .with(dialects);
    result(out, why, stanza, |writer| {
        writer.open("query", ns::MAM);
        form.write(writer);
        writer.close();
    });
}

/// Answers a query with a page: each message by itself, and then the end.
pub(crate) fn page(state: &State, out: &mut Out<'_>, stanza: &Stanza, sender: &Sender<'_>, asked: &Asked, page: &Page) {
    let queryid = stanza.payload().and_then(|query| query.attr("queryid"));
    let reader = sender.who.and_then(|who| state.people.get(who));
    let jids = |seq| reader.is_some_and(|person| state.reads_author(person, seq));
    let mut send = |record: &Record| {
        let message = Outgoing::new(&own_header(state, StanzaKind::Message, StanzaType::Normal), |writer| {
            writer.open("result", ns::MAM).attr_opt("queryid", queryid).attr("id", &record.stanza_id);
            writer.open("forwarded", ns::FORWARD);
            Delay { stamp: record.stamp, from: None, reason: None }.write(writer);
            archived(state, record, asked.rendering, jids(record.seq), writer);
            writer.close().close();
        });
        send_one(out, rule::G7_3, sender.full, &message);
    };
    if asked.flip {
        page.records.iter().rev().for_each(&mut send);
    } else {
        page.records.iter().for_each(&mut send);
    }
    result(out, rule::G7_3, stanza, |writer| {
        writer.open("fin", ns::MAM).attr_opt("complete", page.complete.then_some("true"));
        let ends = page.records.first().zip(page.records.last());
        let ends = ends.map(|(first, last)| (&*first.stanza_id, &*last.stanza_id));
        PageEnds { ends, index: Some(page.index), count: Some(page.count) }.write(writer);
        writer.close();
    });
    also(out, rule::G7_7);
    if state.occupant(sender.full).is_some_and(|(_, session)| session.dialect == Dialect::Muc2) {
        also(out, muc2::G7_7);
    }
    if asked.cut {
        also(out, rule::G7_6);
    }
    if !page.records.is_empty() {
        also(out, rule::L3);
        if !page.records.iter().all(|record| jids(record.seq)) {
            also(out, rule::V1);
        }
    }
}

/// Writes an archived message as it was sent.
fn archived(state: &State, record: &Record, rendering: Rendering, jids: bool, writer: &mut Writer) {
    let author = record.author;
    let from = match (author, rendering) {
        (None, _) => state.address.as_str().to_owned(),
        (Some(id), Rendering::Gc3) => state.participant_jid(id),
        (Some(id), Rendering::Muc) => match jid::ResourcePart::new(&record.nick) {
            Ok(nick) if nick.as_str() == &*record.nick => format!("{}/{nick}", state.address),
            // A name that is no resource cannot stand in an address.
            _ => state.participant_jid(id),
        },
    };
    writer.open("message", ns::CLIENT).attr("type", "groupchat").attr("id", &record.id).attr("from", &from);
    writer.fragment(&Fragment::of(record.body.clone()));
    if let Some(id) = author {
        super::write_occupant_id(writer, id);
        write_nick(writer, &record.nick);
        let jid = record.jid.as_deref().filter(|_| jids && rendering == Rendering::Muc);
        // A JID that the room has forgotten is not told, whatever the store still holds.
        if let Some(jid) = jid.filter(|_| state.real_jid(id).is_some()) {
            writer.open("x", ns::MUC_USER).open("item", ns::MUC_USER).attr("jid", jid).close().close();
        }
    }
    writer.close();
}

/// Answers a question for metadata: the first and the last message that the reader may read.
pub(crate) fn metadata(out: &mut Out<'_>, stanza: &Stanza, ends: Option<[(&str, Time); 2]>) {
    result(out, rule::G7_7, stanza, |writer| {
        writer.open("metadata", ns::MAM);
        for (name, (id, stamp)) in ["start", "end"].into_iter().zip(ends.into_iter().flatten()) {
            writer.open(name, ns::MAM).attr("id", id).attr("timestamp", &stamp.to_string()).close();
        }
        writer.close();
    });
}
