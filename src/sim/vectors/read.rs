//! Reads vectors, what is given to them, and scenarios.

use std::collections::{BTreeMap, BTreeSet};

use super::super::xml::{self, Flaw, Node, Tree};
use super::matching::{Bound, fill_in};
use super::{Act, BadFile, Event, Given, NS, Out, Step, Vector, Verdict};

/// Files that are given to files that are given …: deeper than this is a circle.
const GIVEN_DEPTH: usize = 8;

/// Rounds of one `repeat`.
const ROUNDS: u64 = 100_000;

/// Finds what `<given use='name'/>` names: the file's name for complaints, and its text.
pub type Find<'a> = dyn FnMut(&str) -> Result<(String, String), String> + 'a;

/// Reads a vector. `find` brings what is given to it.
///
/// # Errors
/// [`BadFile`] with the first thing that is wrong, in this file or in a given one.
pub fn read(file: &str, text: &str, find: &mut Find<'_>) -> Result<Vector, BadFile> {
    let bad = |flaw| BadFile { file: file.into(), flaw };
    let root = xml::read(text).map_err(bad)?;
    let header = header(&root, file).map_err(bad)?;
    body(header, &root, file, find)
}

/// Reads a scenario: a root `scenario` with the steps of a vector, whose outs only bind names; or a vector.
///
/// # Errors
/// As [`read`].
pub fn read_scenario(file: &str, text: &str, find: &mut Find<'_>) -> Result<Vector, BadFile> {
    let root = xml::read(text).map_err(|flaw| BadFile { file: file.into(), flaw })?;
    if root.is("vector", NS) {
        return read(file, text, find);
    }
    if !root.is("scenario", NS) {
        let what = format!("the root is neither a <scenario xmlns='{NS}'> nor a <vector> of that namespace");
        return Err(BadFile { file: file.into(), flaw: Flaw::at(root.line, what) });
    }
    let scenario = Vector {
        file: file.into(),
        id: stem(file).into(),
        topic: root.attr("topic").unwrap_or("gc3").into(),
        rules: Vec::new(),
        spec: String::new(),
        verdict: Verdict::Unspecified,
        why: String::new(),
        limits: BTreeMap::new(),
        given: Vec::new(),
        steps: Vec::new(),
    };
    let mut scenario = body(scenario, &root, file, find)?;
    let steps = core::mem::take(&mut scenario.steps);
    scenario.given.push(Given { file: file.into(), steps });
    Ok(scenario)
}

fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".xml").unwrap_or(name)
}

fn header(root: &Tree, file: &str) -> Result<Vector, Flaw> {
    if !root.is("vector", NS) {
        return Err(Flaw::at(root.line, format!("the root is not a <vector xmlns='{NS}'>")));
    }
    only(root, &["id", "rule", "spec", "verdict"])?;
    let need = |name: &str| root.attr(name).ok_or_else(|| Flaw::at(root.line, format!("the vector has no {name}=")));
    let id = need("id")?;
    if id != stem(file) {
        return Err(Flaw::at(root.line, format!("id='{id}' is not the name of the file")));
    }
    let verdict = match need("verdict")? {
        "must" => Verdict::Must,
        "may" => Verdict::May,
        "unspecified" => Verdict::Unspecified,
        other => return Err(Flaw::at(root.line, format!("verdict='{other}' is none of must, may, unspecified"))),
    };
    let rules: Vec<String> = need("rule")?.split_whitespace().map(Into::into).collect();
    if rules.is_empty() {
        return Err(Flaw::at(root.line, "rule= names no rule"));
    }
    let why = root.children().find(|child| child.is("why", NS)).map(Tree::text).unwrap_or_default();
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    if why.is_empty() {
        return Err(Flaw::at(root.line, "there is no <why>: one sentence about what a failure does to users"));
    }
    Ok(Vector {
        file: file.into(),
        id: id.into(),
        topic: rules.first().and_then(|rule| rule.split_once('.')).map(|(topic, _)| topic.into()).unwrap_or_default(),
        rules,
        spec: need("spec")?.into(),
        verdict,
        why,
        limits: BTreeMap::new(),
        given: Vec::new(),
        steps: Vec::new(),
    })
}

fn body(mut vector: Vector, root: &Tree, file: &str, find: &mut Find<'_>) -> Result<Vector, BadFile> {
    let bad = |flaw| BadFile { file: file.into(), flaw };
    given(root, file, find, &mut vector.given, 0)?;
    for child in root.children().filter(|child| child.is("limits", NS)) {
        for ((_, name), value) in &child.attrs {
            let value =
                value.parse().map_err(|_| bad(Flaw::at(child.line, format!("{name}='{value}' is no number"))))?;
            vector.limits.insert(name.clone(), value);
        }
    }
    vector.steps = steps(root).map_err(bad)?;
    if vector.steps.is_empty() {
        return Err(bad(Flaw::at(root.line, "nothing happens in it")));
    }
    Ok(vector)
}

/// Appends what is given to `root`, and before that what is given to it.
fn given(root: &Tree, file: &str, find: &mut Find<'_>, into: &mut Vec<Given>, depth: usize) -> Result<(), BadFile> {
    for child in root.children().filter(|child| child.is("given", NS)) {
        let here = |what: String| BadFile { file: file.into(), flaw: Flaw::at(child.line, what) };
        only(child, &["use"]).map_err(|flaw| BadFile { file: file.into(), flaw })?;
        let name = child.attr("use").ok_or_else(|| here("<given> without use=".into()))?;
        if depth >= GIVEN_DEPTH {
            return Err(here(format!("'{name}' is given to itself")));
        }
        let (given_file, text) = find(name).map_err(here)?;
        let bad = |flaw| BadFile { file: given_file.clone(), flaw };
        let root = xml::read(&text).map_err(bad)?;
        if !root.is("given", NS) {
            return Err(bad(Flaw::at(root.line, format!("the root is not a <given xmlns='{NS}'>"))));
        }
        given(&root, &given_file, find, into, depth + 1)?;
        let steps = steps(&root).map_err(bad)?;
        into.push(Given { file: given_file, steps });
    }
    Ok(())
}

fn steps(root: &Tree) -> Result<Vec<Step>, Flaw> {
    let mut steps: Vec<Step> = Vec::new();
    let mut begun = false;
    let mut note = None;
    for child in root.children() {
        if child.ns != NS {
            return Err(unknown(child));
        }
        match child.name.as_str() {
            "why" | "given" | "limits" if begun => {
                return Err(Flaw::at(child.line, format!("<{}> comes after the first step", child.name)));
            }
            "why" | "given" | "limits" => {}
            "out" => expect(&mut steps, out(child)?, child)?,
            "in" | "wake" | "host" => {
                let acts = vec![act(child)?];
                steps.push(Step { line: child.line, note: note.take(), acts, outs: Vec::new() });
            }
            "repeat" => repeat(child, &mut note, &mut steps)?,
            "note" => note = Some(child.text().split_whitespace().collect::<Vec<_>>().join(" ")),
            _ => return Err(unknown(child)),
        }
        begun |= !steps.is_empty();
    }
    Ok(steps)
}

fn expect(steps: &mut [Step], out: Out, at: &Tree) -> Result<(), Flaw> {
    let step = steps.last_mut().ok_or_else(|| Flaw::at(at.line, "an <out> before anything happened"))?;
    step.outs.push(out);
    Ok(())
}

/// Unrolls a `repeat`: of acts, which are one step together, or of outs, which belong to the step before.
fn repeat(tree: &Tree, note: &mut Option<String>, steps: &mut Vec<Step>) -> Result<(), Flaw> {
    only(tree, &["times", "as"])?;
    let times = tree.attr("times").and_then(|times| times.parse::<u64>().ok()).filter(|times| *times <= ROUNDS);
    let times = times.ok_or_else(|| Flaw::at(tree.line, format!("times= is no number up to {ROUNDS}")))?;
    let name = tree.attr("as").unwrap_or("i");
    let all_outs = tree.children().all(|child| child.is("out", NS));
    let mut acts = Vec::new();
    for round in 1..=times {
        let bound = Bound::from([(name.to_owned(), round.to_string())]);
        for child in tree.children() {
            let child = fill_in(child, &bound);
            match child.name.as_str() {
                "in" | "wake" | "host" if child.ns == NS => acts.push(act(&child)?),
                "out" if child.ns == NS && all_outs => expect(steps, out(&child)?, tree)?,
                "out" => {
                    return Err(Flaw::at(child.line, "outs of a <repeat> of steps follow it, for all rounds together"));
                }
                _ => return Err(unknown(&child)),
            }
        }
    }
    if !all_outs {
        steps.push(Step { line: tree.line, note: note.take(), acts, outs: Vec::new() });
    }
    Ok(())
}

fn act(tree: &Tree) -> Result<Act, Flaw> {
    let at = match tree.attr("at") {
        Some(at) => {
            Some(at.parse().map_err(|_| Flaw::at(tree.line, format!("at='{at}' is no number of milliseconds")))?)
        }
        None => None,
    };
    let what = match tree.name.as_str() {
        "in" => {
            only(tree, &["at"])?;
            Event::In(stanza(tree)?)
        }
        "wake" => {
            only(tree, &["at"])?;
            if at.is_none() {
                return Err(Flaw::at(tree.line, "<wake> without at="));
            }
            Event::Wake
        }
        _ => {
            let plain = tree.attrs.iter().filter(|((ns, name), _)| ns.is_empty() && name != "at");
            let facts: BTreeMap<_, _> = plain.map(|((_, name), value)| (name.clone(), value.clone())).collect();
            if facts.is_empty() {
                return Err(Flaw::at(tree.line, "<host> without a fact"));
            }
            Event::Host(facts)
        }
    };
    Ok(Act { line: tree.line, at, what })
}

fn out(tree: &Tree) -> Result<Out, Flaw> {
    only(tree, &["to"])?;
    let to: Vec<String> = tree.attr("to").unwrap_or_default().split_whitespace().map(Into::into).collect();
    if to.is_empty() {
        return Err(Flaw::at(tree.line, "<out> without to="));
    }
    let unique: BTreeSet<_> = to.iter().collect();
    if unique.len() < to.len() {
        return Err(Flaw::at(tree.line, "to= names a recipient twice: write the <out> twice"));
    }
    let stanza = stanza(tree)?;
    if stanza.attr("to").is_some_and(|fixed| unique.iter().any(|to| *to == fixed)) {
        return Err(Flaw::at(
            tree.line,
            "the stanza of an <out> has no to= where it is the recipient: the <out> has it",
        ));
    }
    Ok(Out { line: tree.line, to, stanza })
}

/// The one stanza inside.
fn stanza(tree: &Tree) -> Result<Tree, Flaw> {
    let mut inside = tree.children();
    let (Some(stanza), None) = (inside.next(), inside.next()) else {
        return Err(Flaw::at(tree.line, format!("<{}> does not hold exactly one stanza", tree.name)));
    };
    if stanza.ns == NS {
        return Err(Flaw::at(stanza.line, format!("<{}> lacks xmlns='jabber:client'", stanza.name)));
    }
    if tree.nodes.iter().any(|node| matches!(node, Node::Text(text) if !text.trim().is_empty())) {
        return Err(Flaw::at(tree.line, format!("text beside the stanza in <{}>", tree.name)));
    }
    Ok(stanza.clone())
}

fn only(tree: &Tree, names: &[&str]) -> Result<(), Flaw> {
    match tree.attrs.keys().find(|(ns, name)| !ns.is_empty() || !names.contains(&name.as_str())) {
        Some((_, name)) => {
            Err(Flaw::at(tree.line, format!("<{}> has no {name}=; it has {}", tree.name, names.join("=, ") + "=")))
        }
        None => Ok(()),
    }
}

fn unknown(tree: &Tree) -> Flaw {
    Flaw::at(tree.line, format!("<{} xmlns='{}'> does not belong here", tree.name, tree.ns))
}
