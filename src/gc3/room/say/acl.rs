//! What is said of rights and hats.

use super::{also, result, settings};
use crate::codec::{Field, FieldType, Form, FormType, Stanza, Writer};
use crate::gc3::acl::{Value, Verb};
use crate::gc3::room::Out;
use crate::gc3::room::judge::{
    ACL_FORM, AclReply, Command, CommandReply, Stage, all_changes, kind_and_address, present_policy,
};
use crate::gc3::room::state::{Departed, Hat, Hats, Ruled, State};
use crate::gc3::rules::acl as rule;
use crate::ns;
use crate::rule::Rule;

/// Answers a question about rights.
pub(super) fn acl(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &AclReply) {
    let policy = present_policy(state);
    let version = state.version_text(policy.version);
    let group = |at: usize, writer: &mut Writer| {
        let Some(group) = policy.groups().get(at) else { return };
        let (kind, address) = kind_and_address(&group.of);
        writer.open("group", ns::ENTITY_ACL).attr("type", kind).attr("address", address);
    };
    result(out, why, stanza, |writer| match reply {
        AclReply::Groups => {
            writer.open("acl-groups", ns::ENTITY_ACL).attr("mutable", "true").attr("version", &version);
            for (at, of) in policy.groups().iter().enumerate() {
                group(at, writer);
                writer.attr("removable", if of.of.is_given() { "false" } else { "true" }).close();
            }
            writer.close();
        }
        AclReply::Values(at, held) => {
            writer.open("group-access-list", ns::ENTITY_ACL).attr("version", &version);
            group(*at, writer);
            writer.close();
            let values = policy
                .groups()
                .get(*at)
                .into_iter()
                .flat_map(|of| Verb::ALL.iter().map(|&verb| (verb, of.value(&state.config, verb))));
            for (verb, value) in values {
                action(verb, value, Some(held.contains(&verb) && !verb.is_fixed()), writer);
            }
            writer.close();
        }
        AclReply::Mine(held) => {
            writer.open("my-access", ns::ACL).attr("version", &version);
            for &verb in Verb::ALL {
                action(verb, if held.contains(&verb) { Value::Allow } else { Value::Deny }, None, writer);
            }
            writer.close();
        }
        AclReply::Ranks => {
            writer.open("role-changes", ns::ACL).attr("version", &version);
            for change in all_changes().filter(|&change| policy.may_change(change)) {
                writer.open("change", ns::ACL).attr("actor", change.actor.name());
                writer.attr("from", change.from.name()).attr("to", change.to.name()).close();
            }
            for (affiliation, most) in &policy.most {
                writer.open("count", ns::ACL).attr("of", affiliation.name()).attr("max", &most.to_string()).close();
            }
            writer.close();
        }
    });
}

/// Writes what holds of a verb; to who may change it, also what it means.
fn action(verb: Verb, value: Value, can_modify: Option<bool>, writer: &mut Writer) {
    let ns = if can_modify.is_some() { ns::ENTITY_ACL } else { ns::ACL };
    writer.open("action", ns).attr("id", verb.id());
    if let Some(can) = can_modify {
        writer.attr("name", verb.says()).attr("can_modify", if can { "true" } else { "false" });
    }
    writer.attr("value", value.name());
    if verb.is_for_clients() {
        writer.attr("enforced-by", "client");
    }
    writer.close();
}

/// Answers a change of rights or hats, and says what follows.
pub(crate) fn ruled(
    state: &State,
    out: &mut Out<'_>,
    why: Rule,
    stanza: &Stanza,
    (what, rules): (&Ruled, &[Rule]),
    departed: &[Departed],
) {
    let node = stanza.payload().and_then(|payload| payload.attr("node"));
    match Command::ALL.into_iter().find(|command| Some(command.node()) == node) {
        Some(command) => {
            let reply = CommandReply { command, stage: Stage::Done };
            self::command(state, out, why, stanza, &reply);
        }
        None => result(out, why, stanza, |_| {}),
    }
    settings::removed(state, out, departed);
    if !departed.is_empty() {
        also(out, rule::A12);
    }
    rules.iter().for_each(|&rule| also(out, rule));
    // The list of hats is part of the configuration; who wears one is not.
    if matches!(what, Ruled::Policy(_)) || [rule::H1, rule::H2].contains(&why) {
        settings::reconfigured(state, out, why);
    }
}

/// Answers a command.
pub(super) fn command(state: &State, out: &mut Out<'_>, why: Rule, stanza: &Stanza, reply: &CommandReply) {
    let CommandReply { command, stage } = reply;
    result(out, why, stanza, |writer| {
        let status = match stage {
            Stage::Form => "executing",
            Stage::Done => "completed",
            Stage::Canceled => "canceled",
        };
        writer.open("command", ns::COMMANDS).attr("node", command.node());
        // Every stage stands for itself, so that all sessions are one.
        writer.attr("sessionid", "hats").attr("status", status);
        match (stage, command) {
            (Stage::Form, _) => {
                writer.open("actions", ns::COMMANDS).attr("execute", "complete");
                writer.open("complete", ns::COMMANDS).close().close();
                form(&state.hats, *command).write(writer);
            }
            (Stage::Done, Command::List) => list(&state.hats).write(writer),
            (Stage::Done, Command::ListAssigned) => assigned(&state.hats).write(writer),
            _ => {}
        }
        writer.close();
    });
}

fn form(hats: &Hats, command: Command) -> Form {
    let mut form = Form::new(FormType::Form).form_type(ACL_FORM);
    form.title = Some(command.name().to_owned());
    let field = |var: &str, type_, label: &str, required| {
        let mut field = Field::new(var, type_).label(label);
        field.required = required;
        field
    };
    let uri = hats.known.iter().fold(field("hats#uri", FieldType::ListSingle, "Hat", true), |field, (uri, hat)| {
        field.option(Some(&hat.title), uri)
    });
    match command {
        Command::Create => form
            .with(field("hats#title", FieldType::TextSingle, "Title", true))
            .with(field("hats#uri", FieldType::TextSingle, "URI", true))
            .with(field("hats#hue", FieldType::TextSingle, "Hue", false)),
        Command::Destroy => form.with(uri),
        _ => form.with(field("hats#jid", FieldType::JidSingle, "Account", true)).with(uri),
    }
}

fn cell(var: &str, value: &str) -> Field {
    let mut field = Field::new(var, FieldType::TextSingle).value(value);
    field.type_ = None;
    field
}

fn table(title: &str, columns: &[&str], rows: Vec<Vec<Field>>) -> Form {
    let mut form = Form::new(FormType::Result);
    form.title = Some(title.to_owned());
    form.reported = columns.iter().map(|var| Field::new(var, FieldType::TextSingle)).collect();
    form.items = rows;
    form
}

/// What is told of a hat.
fn cells(uri: &str, hat: &Hat) -> Vec<Field> {
    let hue = hat.hue.as_deref().map(|hue| cell("hats#hue", hue));
    [cell("hats#uri", uri), cell("hats#title", &hat.title)].into_iter().chain(hue).collect()
}

fn list(hats: &Hats) -> Form {
    let rows = hats.known.iter().map(|(uri, hat)| cells(uri, hat)).collect();
    table("Hats", &["hats#uri", "hats#title", "hats#hue"], rows)
}

fn assigned(hats: &Hats) -> Form {
    let worn = hats.worn.iter().flat_map(|(bare, uris)| uris.iter().map(move |uri| (bare, uri)));
    let rows = worn.filter_map(|(bare, uri)| {
        let mut row = vec![cell("hats#jid", bare)];
        row.extend(cells(uri, hats.known.get(uri)?));
        Some(row)
    });
    table("Who wears which hat", &["hats#jid", "hats#uri", "hats#title", "hats#hue"], rows.collect())
}

/// Writes the hats that an account wears, if any; whether there were some (XEP-0317 §3.1).
pub(crate) fn write_hats(hats: &Hats, bare: &str, writer: &mut Writer) -> bool {
    let Some(worn) = hats.of(bare) else { return false };
    writer.open("hats", ns::HATS);
    for (uri, hat) in worn.iter().filter_map(|uri| Some((uri, hats.known.get(uri)?))) {
        writer.open("hat", ns::HATS).attr("uri", uri).attr("title", &hat.title);
        writer.attr_opt("hue", hat.hue.as_deref()).close();
    }
    writer.close();
    true
}

/// A hash of the list of hats, for who keeps it.
pub(crate) fn hats_hash(hats: &Hats) -> Option<String> {
    use sha2::{Digest, Sha256};
    if hats.known.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    for (uri, hat) in &hats.known {
        for part in [&**uri, &*hat.title, hat.hue.as_deref().unwrap_or_default()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    Some(hash.finalize().iter().take(20).map(|byte| format!("{byte:02x}")).collect())
}
