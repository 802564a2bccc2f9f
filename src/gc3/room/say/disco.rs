//! Answers to service discovery (XEP-0030, XEP-0128): what the room can do as it is configured now.

use super::{also, result};
use crate::codec::{Field, FieldType, Form, FormType, Page, Reader, Stanza, Writer};
use crate::gc3::config::{Registration, Visibility, Who};
use crate::gc3::form::{self, PREFIX};
use crate::gc3::room::Out;
use crate::gc3::room::judge::{Command, Items, Paged, RELATED_INDEX, RELATED_SPACES};
use crate::gc3::room::state::{Dialect, Slot, State};
use crate::gc3::rules::{muc, muc2, table as rule};
use crate::ns;
use crate::rule::Rule;

/// What every room of this kind of service can do.
const FEATURES: [&str; 16] = [
    ns::GC3,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::RSM,
    ns::PING,
    ns::OCCUPANT_ID,
    ns::MUC_STABLE_ID,
    ns::SELF_PING,
    ns::SID,
    ns::RETRACT,
    ns::MODERATE,
    ns::REACTIONS,
    ns::GC_REPORT,
    ns::COMMANDS,
    ns::ENTITY_ACL,
    ns::HATS,
];

/// Answers disco#info.
pub(super) fn info(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, aliased: bool, subject: bool) {
    result(out, why, stanza, |writer| {
        writer.open("query", ns::DISCO_INFO);
        writer.open("identity", ns::DISCO_INFO).attr("category", "conference").attr("type", "text");
        writer.attr("name", &state.config.name).close();
        for feature in FEATURES
            .into_iter()
            .chain(state.muc.then_some(ns::MUC))
            .chain(state.muc2.then_some(ns::MUC2))
            .chain(state.by_presence().then_some(ns::VCARD))
            .chain(configured(state))
        {
            writer.open("feature", ns::DISCO_INFO).attr("var", feature).close();
        }
        room_info(state, aliased, subject).write(writer);
        state.config.reactions.form().into_iter().for_each(|form| form.write(writer));
        writer.close();
    });
    if !state.hats.known.is_empty() {
        also(out, crate::gc3::rules::acl::H10);
    }
    if !state.config.reactions.is_none() {
        also(out, rule::M10);
    }
    if state.muc2 {
        also(out, muc2::D1);
    }
    if state.by_presence() {
        also(out, muc::D1);
        also(out, muc::D2);
        also(out, muc::D3);
    }
    if why != rule::G13_7 {
        also(out, rule::G13_7);
    }
}

/// The features that depend on the configuration.
fn configured(state: &State) -> Vec<&'static str> {
    let config = &state.config;
    let one_of = |yes: bool, on: &'static str, off: &'static str| if yes { on } else { off };
    let mut features = vec![
        one_of(config.members_only, "muc_membersonly", "muc_open"),
        one_of(config.listed, "muc_public", "muc_hidden"),
        one_of(config.password.is_empty(), "muc_unsecured", "muc_passwordprotected"),
        one_of(config.moderated, "muc_moderated", "muc_unmoderated"),
        one_of(config.visibility == Visibility::Everyone, "muc_nonanonymous", "muc_semianonymous"),
        one_of(config.persistent, "muc_persistent", "muc_temporary"),
    ];
    if state.by_presence() {
        features.extend([ns::MUC_REQUEST, ns::MAV]);
        let strangers = match config.registration {
            Registration::Open => !config.members_only,
            Registration::Approval => true,
            Registration::Closed => false,
        };
        if strangers {
            features.push(ns::REGISTER);
        }
        if state.serves_the_absent() {
            features.push(ns::MUC_OFFLINE);
        }
    }
    if state.takes_tokens() {
        features.push(ns::TOKEN_INVITE);
    }
    if config.has_archive() {
        features.extend([ns::MAM, ns::MAM_EXTENDED, ns::RETRACT_TOMBSTONE]);
    }
    features
}

/// The form `muc#roominfo`.
fn room_info(state: &State, aliased: bool, subject: bool) -> Form {
    let text = |var, value: &str| Field::new(var, FieldType::TextSingle).value(value);
    let mut form = Form::new(FormType::Result).form_type(ns::MUC_ROOMINFO);
    let mut description = Field::new("muc#roominfo_description", FieldType::TextSingle);
    description.values = vec![state.config.description.clone()];
    form = form.with(description);
    if let Some(subject) = subject.then(|| subject_text(state)).flatten() {
        form = form.with(text("muc#roominfo_subject", &subject));
    }
    form = form.with(text("muc#roominfo_occupants", &state.people.len().to_string()));
    if state.by_presence() {
        let moderators = state.config.subject_by == Who::Moderators;
        form = form.with(Field::new("muc#roominfo_subjectmod", FieldType::Boolean).flag(!moderators));
        let history = form::history(&state.config, &state.limits);
        form = form.with(text("muc#maxhistoryfetch", &history.to_string()));
    }
    if !state.config.language.is_empty() {
        form = form.with(text("muc#roominfo_lang", &state.config.language));
    }
    if !state.config.pubsub.is_empty() {
        form = form.with(text("muc#roomconfig_pubsub", &state.config.pubsub));
    }
    if state.config.slow_mode > 0 {
        form = form.with(text("muc#roominfo_slow_mode_duration", &state.config.slow_mode.to_string()));
    }
    if let Some(hash) = super::acl::hats_hash(&state.hats) {
        form = form.with(text("hats#hash", &hash));
    }
    if let Some(avatar) = &state.avatar {
        let field = Field::new("muc#roominfo_avatarhash", FieldType::TextMulti);
        form = form.with(avatar.hashes.iter().fold(field, |field, hash| field.value(hash)));
    }
    if state.by_presence() && state.is_crowd() {
        form = form.with(text("{xmpp-machines:muc:0}presence", "speakers"));
    }
    let open = config_is_open(state) && state.config.listed && state.config.persistent;
    if let Some(hourly) = state.talk.activity.hourly(state.now).filter(|_| open) {
        let value = format!("{}.{:02}", hourly / 100, hourly % 100);
        form = form.with(text("{urn:xmpp:muc-activity}message-activity", &value));
    }
    if aliased {
        let canonical = Field::new(&format!("{PREFIX}canonical"), FieldType::JidSingle);
        form = form.with(canonical.value(state.address.as_str()));
    }
    form
}

/// Whether strangers may enter.
fn config_is_open(state: &State) -> bool {
    !state.config.members_only && state.config.password.is_empty()
}

/// The text of the subject, in its first language.
fn subject_text(state: &State) -> Option<String> {
    let subject = state.talk.subject.as_ref()?;
    let mut bytes = b"<message>".to_vec();
    bytes.extend_from_slice(&subject.body);
    bytes.extend_from_slice(b"</message>");
    let message = Reader::one(ns::CLIENT, &bytes).ok()?;
    Some(message.child("subject", ns::CLIENT)?.text())
}

/// Answers disco#items.
pub(super) fn items(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, items: &Items) {
    result(out, why, stanza, |writer| {
        writer.open("query", ns::DISCO_ITEMS);
        match items {
            Items::People { slots, paged } => {
                let named = is_named(state, stanza);
                slots.iter().for_each(|&slot| person(state, slot, named, writer));
                if let Some(paged) = paged {
                    page(state, slots, *paged, writer);
                }
            }
            Items::Commands => {
                writer.attr("node", ns::COMMANDS);
                for command in Command::ALL {
                    writer.open("item", ns::DISCO_ITEMS).attr("jid", state.address.as_str());
                    writer.attr("node", command.node()).attr("name", command.name()).close();
                }
            }
            Items::Index => {
                writer.attr("node", RELATED_INDEX);
                if !state.config.parent.is_empty() {
                    writer.open("item", ns::DISCO_ITEMS).attr("jid", state.address.as_str());
                    writer.attr("node", RELATED_SPACES).close();
                }
            }
            Items::Parent(parent) => {
                writer.attr("node", RELATED_SPACES);
                if let Some((service, node)) = parent {
                    writer.open("item", ns::DISCO_ITEMS).attr("jid", service.as_str()).attr("node", node);
                    writer.open("relation", ns::RELATED).attr("rel", "parent").close().close();
                }
            }
        }
        writer.close();
    });
    if is_named(state, stanza) {
        also(out, muc::D1);
    }
    if why == rule::SP9 {
        also(out, rule::SP4);
    }
}

/// Whether who asks knows people by occupant addresses.
fn is_named(state: &State, stanza: &Stanza) -> bool {
    let asker = stanza.from.as_ref().and_then(|from| state.occupant(from.as_str()));
    asker.is_some_and(|(_, session)| session.dialect == Dialect::Muc)
}

/// A participant, by the address that the reader's dialect has for it.
fn person(state: &State, slot: Slot, named: bool, writer: &mut Writer) {
    if let Some(person) = state.people.get(slot) {
        let jid = if named { state.occupant_jid(state.name(slot)) } else { state.participant_jid(person.id) };
        writer.open("item", ns::DISCO_ITEMS).attr("jid", &jid);
        writer.attr("name", &person.nick).close();
    }
}

fn page(state: &State, slots: &[Slot], paged: Paged, writer: &mut Writer) {
    let id = |slot: Option<&Slot>| slot.and_then(|&slot| state.people.get(slot)).map(|p| p.id);
    let ends = id(slots.first()).zip(id(slots.last()));
    let ends = ends.as_ref().map(|(first, last)| (first.as_str(), last.as_str()));
    Page { ends, index: Some(paged.index), count: Some(paged.count) }.write(writer);
}
