//! Patterns: does a stanza look as a vector says, and which names does that bind?
//!
//! `{name}` stands for the same characters wherever it occurs, at least one; `{*}` stands for anything, an absent
//! attribute too. Braces around anything else are themselves.

use core::cell::Cell;
use std::collections::BTreeMap;

use super::super::xml::{Node, Tree};
use super::NS;
use crate::ns;

/// Names and what they stand for.
pub type Bound = BTreeMap<String, String>;

/// Comparisons of elements spent on one stanza before it counts as different. Patterns of any order could otherwise
/// try every order.
const EFFORT: u32 = 200_000;

enum Piece<'a> {
    Literal(&'a str),
    Name(&'a str),
    Any,
}

/// Cuts a pattern into its pieces.
fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while let Some(open) = pattern.get(at..).and_then(|rest| rest.find('{')).map(|found| at + found) {
        let close = pattern.get(open..).and_then(|rest| rest.find('}')).map(|found| open + found);
        let inside = close.and_then(|close| pattern.get(open + 1..close)).unwrap_or_default();
        let Some(close) = close.filter(|_| inside == "*" || is_name(inside)) else {
            at = open + 1;
            continue;
        };
        if let Some(before) = pattern.get(literal..open).filter(|before| !before.is_empty()) {
            pieces.push(Piece::Literal(before));
        }
        pieces.push(if inside == "*" { Piece::Any } else { Piece::Name(inside) });
        at = close + 1;
        literal = at;
    }
    if let Some(rest) = pattern.get(literal..).filter(|rest| !rest.is_empty()) {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The pattern with the names that are bound filled in.
pub(super) fn fill_text(pattern: &str, bound: &Bound) -> String {
    pieces(pattern).iter().fold(String::new(), |mut text, piece| {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Any => text.push_str("{*}"),
            Piece::Name(name) => match bound.get(*name) {
                Some(value) => text.push_str(value),
                None => {
                    text.push('{');
                    text.push_str(name);
                    text.push('}');
                }
            },
        }
        text
    })
}

/// The tree with the names that are bound filled in.
pub(super) fn fill_in(tree: &Tree, bound: &Bound) -> Tree {
    let mut filled = tree.clone();
    for value in filled.attrs.values_mut() {
        *value = fill_text(value, bound);
    }
    for node in &mut filled.nodes {
        match node {
            Node::Tree(child) => *child = fill_in(child, bound),
            Node::Text(text) => *text = fill_text(text, bound),
        }
    }
    filled
}

/// A name in a text that has no value yet.
pub(super) fn unbound_text<'t>(text: &'t str, bound: &Bound) -> Option<&'t str> {
    pieces(text).into_iter().find_map(|piece| match piece {
        Piece::Name(name) if !bound.contains_key(name) => Some(name),
        Piece::Any => Some("*"),
        Piece::Name(_) | Piece::Literal(_) => None,
    })
}

/// A name in a tree that has no value yet.
pub(super) fn unbound<'t>(tree: &'t Tree, bound: &Bound) -> Option<&'t str> {
    tree.attrs.values().find_map(|value| unbound_text(value, bound)).or_else(|| {
        tree.nodes.iter().find_map(|node| match node {
            Node::Tree(child) => unbound(child, bound),
            Node::Text(text) => unbound_text(text, bound),
        })
    })
}

/// Whether `got` looks like `pattern`, and what is bound then.
pub(super) fn match_text(pattern: &str, got: &str, bound: &Bound) -> Option<Bound> {
    match_pieces(&pieces(pattern), got, bound)
}

fn match_pieces(pieces: &[Piece<'_>], got: &str, bound: &Bound) -> Option<Bound> {
    let Some((first, rest)) = pieces.split_first() else {
        return got.is_empty().then(|| bound.clone());
    };
    match first {
        Piece::Literal(literal) => match_pieces(rest, got.strip_prefix(literal)?, bound),
        Piece::Any if rest.is_empty() => Some(bound.clone()),
        Piece::Any => ends(got).find_map(|end| match_pieces(rest, got.get(end..)?, bound)),
        Piece::Name(name) => match bound.get(*name) {
            Some(value) => match_pieces(rest, got.strip_prefix(value.as_str())?, bound),
            None => ends(got).skip(1).find_map(|end| {
                let mut bound = bound.clone();
                bound.insert((*name).to_owned(), got.get(..end)?.to_owned());
                match_pieces(rest, got.get(end..)?, &bound)
            }),
        },
    }
}

fn ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices().map(|(at, _)| at).chain([text.len()])
}

/// Whether the stanza `got` looks like `pattern`, and what is bound then. Neither has a `to`.
pub(super) fn match_stanza(pattern: &Tree, got: &Tree, bound: &Bound) -> Option<Bound> {
    match_tree(pattern, got, true, bound, &Cell::new(EFFORT))
}

fn match_tree(pattern: &Tree, got: &Tree, stanza: bool, bound: &Bound, effort: &Cell<u32>) -> Option<Bound> {
    effort.set(effort.get().checked_sub(1)?);
    if pattern.name != got.name || pattern.ns != got.ns {
        return None;
    }
    let more = has_more(pattern);
    let mut bound = bound.clone();
    for (key, value) in &pattern.attrs {
        if key.0 == NS || is_default(pattern, stanza, key, value) {
            continue;
        }
        bound = match got.attrs.get(key) {
            Some(got) => match_text(value, got, &bound)?,
            None if value == "{*}" => bound,
            None => return None,
        };
    }
    let surplus = |(key, value): (&(String, String), &String)| {
        !pattern.attrs.contains_key(key) && !is_default(got, stanza, key, value)
    };
    if !more && got.attrs.iter().any(surplus) {
        return None;
    }
    if pattern.children().next().is_none() && !(more && pattern.nodes.is_empty()) && got.children().next().is_none() {
        return match_text(&pattern.text(), &got.text(), &bound);
    }
    let patterns = contents(pattern);
    let found = contents(got);
    if patterns.len() > found.len() || (!more && patterns.len() < found.len()) {
        return None;
    }
    let any_order = stanza || in_any_order(pattern);
    match_contents(&patterns, &found, &mut vec![false; found.len()], any_order, more, &bound, effort)
}

/// Matches the first pattern with one of what was found, then the others with the others.
fn match_contents(
    patterns: &[&Node],
    found: &[&Node],
    used: &mut Vec<bool>,
    any_order: bool,
    more: bool,
    bound: &Bound,
    effort: &Cell<u32>,
) -> Option<Bound> {
    let Some((first, rest)) = patterns.split_first() else {
        return Some(bound.clone());
    };
    // In order, what follows must come after the last one used; without `more` it is the very next.
    let start = if any_order { 0 } else { used.iter().rposition(|used| *used).map_or(0, |last| last + 1) };
    let end = if any_order || more { found.len() } else { (start + 1).min(found.len()) };
    for at in start..end {
        let free = used.get(at).is_some_and(|used| !used);
        let Some(candidate) = found.get(at).filter(|_| free) else { continue };
        let matched = match (first, candidate) {
            (Node::Tree(pattern), Node::Tree(got)) => match_tree(pattern, got, false, bound, effort),
            (Node::Text(pattern), Node::Text(got)) => match_text(pattern.trim(), got.trim(), bound),
            _ => None,
        };
        let Some(matched) = matched else { continue };
        used[at] = true;
        if let Some(all) = match_contents(rest, found, used, any_order, more, &matched, effort) {
            return Some(all);
        }
        used[at] = false;
    }
    None
}

/// What counts inside an element that holds elements: not the white space between them, not the text of an error.
fn contents(tree: &Tree) -> Vec<&Node> {
    let leaf = tree.children().next().is_none();
    let counts = |node: &&Node| match node {
        Node::Tree(child) => !(tree.name == "error" && child.is("text", ns::STANZAS)),
        Node::Text(text) => leaf || !text.trim().is_empty(),
    };
    tree.nodes.iter().filter(counts).collect()
}

/// Elements whose specification gives their children no order.
fn in_any_order(tree: &Tree) -> bool {
    match tree.ns.as_str() {
        ns::DATA => ["x", "item", "reported"].contains(&tree.name.as_str()),
        ns::DISCO_INFO | ns::DISCO_ITEMS => tree.name == "query",
        ns::BLOCKING => ["blocklist", "block", "unblock"].contains(&tree.name.as_str()),
        _ => false,
    }
}

fn has_more(pattern: &Tree) -> bool {
    pattern.attrs.iter().any(|((ns, name), value)| ns == NS && name == "more" && value == "yes")
}

/// A type that may as well be absent (RFC 6121 §5.2.2).
fn is_default(tree: &Tree, stanza: bool, (ns, name): &(String, String), value: &str) -> bool {
    stanza && tree.name == "message" && ns.is_empty() && name == "type" && value == "normal"
}

/// The pattern as it reads beside `got`: where the two agree, it shows what was got, so that only real differences
/// differ.
pub(super) fn beside(pattern: &Tree, got: Option<&Tree>, stanza: bool, bound: &Bound) -> Tree {
    let Some(got) = got else { return fill_in(pattern, bound) };
    let more = has_more(pattern);
    let mut shown = Tree::new(&pattern.name, &pattern.ns);
    for (key, value) in pattern.attrs.iter().filter(|(key, _)| key.0 != NS) {
        match got.attrs.get(key) {
            Some(got) if match_text(value, got, bound).is_some() => shown.attrs.insert(key.clone(), got.clone()),
            None if value == "{*}" => None,
            _ => shown.attrs.insert(key.clone(), fill_text(value, bound)),
        };
    }
    if more {
        for (key, value) in got.attrs.iter().filter(|(key, _)| !pattern.attrs.contains_key(*key)) {
            shown.attrs.insert(key.clone(), value.clone());
        }
    }
    if pattern.children().next().is_none() && !(more && pattern.nodes.is_empty()) {
        let agrees = got.children().next().is_none() && match_text(&pattern.text(), &got.text(), bound).is_some();
        let text = if agrees { got.text() } else { fill_text(&pattern.text(), bound) };
        if !text.is_empty() {
            shown.push_text(&text);
        }
        return shown;
    }
    // Each child of the pattern is shown beside the first free child that it matches, or that at least is of its name.
    let found = contents(got);
    let mut partner: Vec<Option<&Node>> = vec![None; found.len()];
    let patterns = contents(pattern);
    let same = |pattern: &Node, got: &Node, exactly: bool| match (pattern, got) {
        (Node::Tree(pattern), Node::Tree(got)) if exactly => {
            match_tree(pattern, got, false, bound, &Cell::new(1000)).is_some()
        }
        (Node::Tree(pattern), Node::Tree(got)) => pattern.name == got.name && pattern.ns == got.ns,
        (Node::Text(_), Node::Text(_)) => true,
        _ => false,
    };
    let mut left = patterns;
    for exactly in [true, false] {
        left.retain(|pattern| {
            let free = |(at, got): (usize, &&Node)| partner[at].is_none() && same(pattern, got, exactly);
            let Some(at) = found.iter().enumerate().position(free) else { return true };
            partner[at] = Some(pattern);
            false
        });
    }
    // Where order matters the pattern's order is shown, so that a wrong order shows too.
    let mut order: Vec<usize> = (0..found.len()).collect();
    if !(stanza || in_any_order(pattern)) {
        let place = |node: &Node| contents(pattern).iter().position(|other| core::ptr::eq(*other, node));
        order.sort_by_key(|&at| partner[at].and_then(place));
    }
    for at in order {
        match (partner[at], found[at]) {
            (Some(Node::Tree(pattern)), Node::Tree(got)) => {
                shown.nodes.push(Node::Tree(beside(pattern, Some(got), false, bound)));
            }
            (Some(Node::Text(pattern)), _) => shown.push_text(&fill_text(pattern.trim(), bound)),
            (None, got) if more => shown.nodes.push(got.clone()),
            _ => {}
        }
    }
    for node in left {
        match node {
            Node::Tree(child) => shown.nodes.push(Node::Tree(fill_in(child, bound))),
            Node::Text(text) => shown.push_text(&fill_text(text.trim(), bound)),
        }
    }
    shown
}

/// What was got as it is compared: without the parts that never count.
pub(super) fn counted(tree: &Tree) -> Tree {
    let mut shown = tree.clone();
    shown.nodes = contents(tree)
        .into_iter()
        .map(|node| match node {
            Node::Tree(child) => Node::Tree(counted(child)),
            Node::Text(text) => Node::Text(text.clone()),
        })
        .collect();
    shown
}
