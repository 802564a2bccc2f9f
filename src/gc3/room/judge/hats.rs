//! Hats: made, destroyed, given, taken and listed by commands (XEP-0317, XEP-0050).

use std::collections::BTreeSet;

use jid::Jid;
use minidom::Element;

use super::acl::{guarded, no, present};
use super::administration::Judged;
use super::{Change, FORBIDDEN, Reply, Sender, TOO_FAST, TOO_MANY, Verdict, refuse};
use crate::codec::{Allow, Form, FormType, Stanza, StanzaType};
use crate::gc3::acl::{Of, Value, Verb};
use crate::gc3::refusals::{NOT_ALLOWED, NOT_FOUND};
use crate::gc3::room::state::{Bound, Hat, Hats, Promises, Ruled, Ruling, State};
use crate::gc3::rules::acl as rule;
use crate::gc3::wire::BAD_REQUEST;
use crate::ns;
use crate::rule::Rule;

/// The form type of every command.
pub(crate) const COMMANDS: &str = "urn:xmpp:hats:commands";

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Create,
    Destroy,
    Assign,
    Unassign,
    List,
    ListAssigned,
}

impl Command {
    pub(crate) const ALL: [Self; 6] =
        [Self::Create, Self::Destroy, Self::Assign, Self::Unassign, Self::List, Self::ListAssigned];

    /// Its node.
    pub(crate) const fn node(self) -> &'static str {
        match self {
            Self::Create => "urn:xmpp:hats:commands:create",
            Self::Destroy => "urn:xmpp:hats:commands:destroy",
            Self::Assign => "urn:xmpp:hats:commands:assign",
            Self::Unassign => "urn:xmpp:hats:commands:unassign",
            Self::List => "urn:xmpp:hats:commands:list",
            Self::ListAssigned => "urn:xmpp:hats:commands:list-assigned",
        }
    }

    /// What it does, for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "Make a hat, or change one",
            Self::Destroy => "Destroy a hat",
            Self::Assign => "Give a hat",
            Self::Unassign => "Take a hat",
            Self::List => "List the hats",
            Self::ListAssigned => "List who wears which hat",
        }
    }

    const fn rule(self) -> Rule {
        match self {
            Self::Create => rule::H1,
            Self::Destroy => rule::H2,
            Self::Assign => rule::H3,
            Self::Unassign => rule::H4,
            Self::List => rule::H5,
            Self::ListAssigned => rule::H6,
        }
    }

    const fn looks(self) -> bool {
        matches!(self, Self::List | Self::ListAssigned)
    }
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub(crate) struct CommandReply {
    pub(crate) command: Command,
    pub(crate) stage: Stage,
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The form is to be filled in.
    Form,
    Done,
    Canceled,
}

/// Decides about `<command/>`.
pub(super) fn command(state: &State, stanza: &Stanza, sender: &Sender<'_>, element: &Element) -> (Rule, Verdict) {
    let node = element.attr("node").unwrap_or_default();
    let Some(command) = Command::ALL.into_iter().find(|command| command.node() == node) else {
        return refuse(rule::H7, NOT_FOUND);
    };
    if stanza.type_ != StanzaType::Set {
        return refuse(rule::H7, BAD_REQUEST);
    }
    let answer = |why, stage| (why, Verdict::Answer(Reply::Command(CommandReply { command, stage })));
    let may = match command {
        Command::List => sender.who.is_some() || state.permits(sender.bare, Verb::GrantHat),
        Command::ListAssigned => {
            state.permits(sender.bare, Verb::ViewRealJid)
                && (state.promises == Promises::default() || state.sees_through(sender.bare))
                && (sender.who.is_some() || state.permits(sender.bare, Verb::GrantHat))
        }
        _ => state.permits(sender.bare, Verb::GrantHat),
    };
    if !may {
        return refuse(if command.looks() { command.rule() } else { rule::H9 }, FORBIDDEN);
    }
    let form = element.get_child("x", ns::DATA);
    let canceled = element.attr("action") == Some("cancel") || form.is_some_and(|x| x.attr("type") == Some("cancel"));
    match (canceled, form) {
        (true, _) => answer(rule::H7, Stage::Canceled),
        (false, _) if command.looks() => answer(command.rule(), Stage::Done),
        (false, None) => answer(rule::H7, Stage::Form),
        (false, Some(form)) => match changed(state, sender, command, form) {
            Ok(ruling) => (command.rule(), Verdict::Accept(Change::Rule(ruling))),
            Err((why, error)) => refuse(why, error),
        },
    }
}

/// The value of a field, not empty and not too long.
fn value<'f>(form: &'f Form, var: &str, most: usize) -> Judged<&'f str> {
    let value = form.get(var).map(str::trim).filter(|value| !value.is_empty() && value.len() <= most);
    value.ok_or((rule::W10, BAD_REQUEST))
}

fn changed(state: &State, sender: &Sender<'_>, command: Command, form: &Element) -> Judged<Ruling> {
    if !state.allowance(Bound::Acl, sender.bare).allows(state.limits.acl, state.now) {
        return no(rule::W9, TOO_FAST);
    }
    let allow = Allow { type_form: false, no_form_type: false };
    let form = Form::submitted(form, COMMANDS, allow).map_err(|_| (rule::W10, BAD_REQUEST))?;
    if form.type_ == FormType::Cancel {
        return no(rule::W10, BAD_REQUEST);
    }
    // One client fills the field in that the draft's form for destroying offers under another name.
    let uri: Box<str> = value(&form, "hats#uri", 1024).or_else(|_| value(&form, "hat", 1024))?.into();
    let mut hats = state.hats.clone();
    let mut touched = BTreeSet::new();
    let wearers = |hats: &Hats| -> BTreeSet<Box<str>> {
        let worn = hats.worn.iter().filter(|(_, hats)| hats.contains(&uri));
        worn.map(|(bare, _)| bare.clone()).collect()
    };
    if command == Command::Create {
        let title = value(&form, "hats#title", 256)?.into();
        let hue = match form.get("hats#hue").map(str::trim).filter(|hue| !hue.is_empty()) {
            Some(hue) if !hue_fits(hue) => return no(rule::W10, BAD_REQUEST),
            hue => hue.map(Into::into),
        };
        if hats.known.insert(uri.clone(), Hat { title, hue }).is_none() && hats.known.len() > state.limits.hats {
            return no(rule::W8, TOO_MANY);
        }
        touched = wearers(&hats);
    } else {
        if !hats.known.contains_key(&uri) {
            return no(rule::W6, NOT_FOUND);
        }
        if command == Command::Destroy {
            touched = wearers(&hats);
            hats.known.remove(&uri);
            touched.iter().for_each(|bare| hats.wear(bare, &uri, false));
        } else {
            let jid = Jid::new(value(&form, "hats#jid", 3071)?).map_err(|_| (rule::W10, BAD_REQUEST))?.to_bare();
            if jid.node().is_none() {
                return no(rule::W10, BAD_REQUEST);
            }
            if jid.domain().as_str() == state.domain() {
                return no(rule::W10, BAD_REQUEST);
            }
            hats.wear(jid.as_str(), &uri, command == Command::Assign);
            let (each, all) = (hats.of(jid.as_str()).map_or(0, BTreeSet::len), hats.worn.len());
            if command == Command::Assign && (each > state.limits.hats_worn || all > state.limits.access) {
                return no(rule::W8, TOO_MANY);
            }
            touched.insert(jid.as_str().into());
        }
        let rank = state.rank(sender.bare);
        if touched.iter().any(|bare| state.rank(bare) > rank) {
            return no(rule::A5, NOT_ALLOWED);
        }
        // Whoever gives or takes a hat gives or takes what it stands for.
        let policy = present(state);
        let stands_for = policy.find(&Of::Hat(uri.clone())).and_then(|at| policy.groups().get(at));
        let values =
            |verb: &&Verb| stands_for.is_some_and(|group| group.value(&state.config, **verb) != Value::Default);
        if Verb::ALL.iter().filter(values).any(|&verb| !state.permits(sender.bare, verb)) {
            return no(rule::A8, FORBIDDEN);
        }
        guarded(state, sender.bare, &policy, &hats)?;
    }
    let note = format!("{} {uri}", command.node());
    Ok(Ruling { actor: state.id_of(sender.bare), what: Ruled::Hats(Box::new(hats), touched), note, rules: Vec::new() })
}

/// Whether a hue is an angle of 0 to 360 degrees, written in digits.
fn hue_fits(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && whole.parse::<u64>().is_ok_and(|degrees| degrees <= 360)
}
