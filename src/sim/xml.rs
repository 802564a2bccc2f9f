//! XML as the tools of this folder need it: a tree that knows its lines, read from text and written as one line or many.
//!
//! Machines never see these trees. Vectors are read into them because a complaint about a vector has to name a line.

use core::fmt;
use std::collections::BTreeMap;

use rxml::error::EndOrError;
use rxml::{Event, Options, Parse as _, Parser, WithOptions as _};

use crate::ns;

/// Nesting that a file may have: far more than any stanza may, far less than what the stack holds.
const DEPTH: usize = 200;

/// An element, without prefixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Its namespace; empty if it has none.
    pub ns: String,
    /// Its local name.
    pub name: String,
    /// Its attributes by (namespace, local name), in that order.
    pub attrs: BTreeMap<(String, String), String>,
    /// What it holds. Adjacent texts are one.
    pub nodes: Vec<Node>,
    /// The line on which its start tag begins, from 1.
    pub line: u32,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Another element.
    Tree(Tree),
    /// Text.
    Text(String),
}

/// What is wrong with a text that should be XML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1; 0 if the whole line is meant.
    pub column: u32,
    /// What is wrong.
    pub what: String,
}

impl Flaw {
    /// A flaw of a whole line.
    #[must_use]
    pub fn at(line: u32, what: impl Into<String>) -> Self {
        Self { line, column: 0, what: what.into() }
    }
}

/// Writes `line: what` or `line:column: what`, to stand behind a file name and a colon.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}: {}", self.line, self.what),
            column => write!(f, "{}:{column}: {}", self.line, self.what),
        }
    }
}

impl core::error::Error for Flaw {}

/// Reads one element. Comments are allowed; they hold nothing.
///
/// # Errors
/// A [`Flaw`] if the text is not well-formed XML of the kind XMPP allows, or nested too deeply.
pub fn read(text: &str) -> Result<Tree, Flaw> {
    let text = blank_comments(text);
    let all = text.as_bytes();
    let skipped = all.len() - text.trim_start().len();
    let mut rest = &all[skipped..];
    let mut lines = Lines { all, seen: 0, line: 1, start: 0 };
    let mut parser = Parser::with_options(Options { max_token_length: 1 << 20, ..Options::default() });
    let mut stack: Vec<Tree> = Vec::new();
    loop {
        let before = all.len() - rest.len();
        let event = parser.parse(&mut rest, true);
        let after = all.len() - rest.len();
        match event {
            Ok(Some(Event::StartElement(_, (ns, name), attrs))) => {
                // White space between the declaration and the root comes with no event of its own.
                let space = all[before..after].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let (line, column) = lines.at(before + space);
                if stack.len() >= DEPTH {
                    return Err(Flaw { line, column, what: format!("more than {DEPTH} elements inside each other") });
                }
                let attrs = attrs
                    .iter()
                    .map(|((ns, name), value)| ((ns.as_str().to_owned(), name.as_str().to_owned()), value.clone()));
                stack.push(Tree {
                    ns: ns.as_str().to_owned(),
                    name: name.as_str().to_owned(),
                    attrs: attrs.collect(),
                    nodes: Vec::new(),
                    line,
                });
            }
            Ok(Some(Event::Text(_, text))) => {
                if let Some(top) = stack.last_mut() {
                    top.push_text(&text);
                }
            }
            Ok(Some(Event::EndElement(_))) => {
                let Some(done) = stack.pop() else { continue };
                match stack.last_mut() {
                    Some(parent) => parent.nodes.push(Node::Tree(done)),
                    None if rest.iter().all(u8::is_ascii_whitespace) => return Ok(done),
                    None => {
                        let (line, column) = lines.at(after);
                        return Err(Flaw { line, column, what: "something follows the element".into() });
                    }
                }
            }
            Ok(Some(Event::XmlDeclaration(..))) => {}
            Ok(None) | Err(EndOrError::NeedMoreData) => {
                let (line, column) = lines.at(after);
                return Err(Flaw { line, column, what: "the text ends in the middle of an element".into() });
            }
            Err(EndOrError::Error(error)) => {
                let (line, column) = lines.at(after);
                return Err(Flaw { line, column, what: error.to_string() });
            }
        }
    }
}

/// Reads one stanza as it stands in a stream, whose default namespace it inherits.
///
/// # Errors
/// As [`read`].
pub fn read_stanza(text: &str, ns: &str) -> Result<Tree, Flaw> {
    let mut tree = read(text)?;
    tree.inherit(ns);
    Ok(tree)
}

/// Counts lines forwards only, so that reading stays linear.
struct Lines<'a> {
    all: &'a [u8],
    seen: usize,
    line: u32,
    start: usize,
}

impl Lines<'_> {
    fn at(&mut self, offset: usize) -> (u32, u32) {
        for (at, byte) in self.all.iter().enumerate().take(offset).skip(self.seen) {
            if *byte == b'\n' {
                self.line += 1;
                self.start = at + 1;
            }
        }
        self.seen = self.seen.max(offset);
        (self.line, u32::try_from(offset.saturating_sub(self.start)).unwrap_or(u32::MAX).saturating_add(1))
    }
}

/// Replaces comments by white space of the same shape: XMPP has none, so its XML readers know none.
fn blank_comments(text: &str) -> String {
    let mut blank = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        blank.push_str(before);
        let (inside, after) = comment.split_once("-->").unwrap_or((comment, ""));
        for byte in "<!--".bytes().chain(inside.bytes()).chain("-->".bytes()) {
            blank.push(if byte == b'\n' { '\n' } else { ' ' });
        }
        rest = after;
    }
    blank.push_str(rest);
    blank
}

impl Tree {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str, ns: &str) -> Self {
        Self { ns: ns.into(), name: name.into(), attrs: BTreeMap::new(), nodes: Vec::new(), line: 0 }
    }

    /// The attribute without namespace of that name.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.get(&(String::new(), name.to_owned())).map(String::as_str)
    }

    /// Sets an attribute without namespace.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.attrs.insert((String::new(), name.to_owned()), value.into());
    }

    /// Takes an attribute without namespace away.
    pub fn unset(&mut self, name: &str) -> Option<String> {
        self.attrs.remove(&(String::new(), name.to_owned()))
    }

    /// Whether it is that element.
    #[must_use]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The elements directly inside, in order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Tree(tree) => Some(tree),
            Node::Text(_) => None,
        })
    }

    /// The texts directly inside, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.nodes.iter().fold(String::new(), |mut all, node| {
            if let Node::Text(text) = node {
                all.push_str(text);
            }
            all
        })
    }

    /// Adds text, to the text before it if there is one.
    pub fn push_text(&mut self, text: &str) {
        match self.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => self.nodes.push(Node::Text(text.into())),
        }
    }

    /// The element without the white space between elements, as people read it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let mut trimmed = self.clone();
        let leaf = self.children().next().is_none();
        trimmed.nodes.retain(|node| match node {
            Node::Text(text) => leaf || !text.trim().is_empty(),
            Node::Tree(_) => true,
        });
        for node in &mut trimmed.nodes {
            if let Node::Tree(child) = node {
                *child = child.trimmed();
            }
        }
        trimmed
    }

    /// Gives a namespace to what has none, down to where another begins.
    fn inherit(&mut self, ns: &str) {
        if self.ns.is_empty() {
            self.ns = ns.into();
            for node in &mut self.nodes {
                if let Node::Tree(child) = node {
                    child.inherit(ns);
                }
            }
        }
    }

    /// The element on one line. `around` is the namespace inherited from where it will stand.
    #[must_use]
    pub fn line(&self, around: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, around, None);
        out
    }

    /// The element on many lines: each element that holds elements is opened, indented by two spaces a level.
    #[must_use]
    pub fn lines(&self, around: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, around, Some(0));
        out
    }

    fn write(&self, out: &mut String, around: &str, indent: Option<usize>) {
        out.push('<');
        out.push_str(&self.name);
        if self.ns != around {
            push_attr(out, "xmlns", &self.ns);
        }
        let mut prefixes = 0;
        for ((ns, name), value) in &self.attrs {
            match ns.as_str() {
                "" => push_attr(out, name, value),
                ns::XML => push_attr(out, &format!("xml:{name}"), value),
                ns => {
                    push_attr(out, &format!("xmlns:p{prefixes}"), ns);
                    push_attr(out, &format!("p{prefixes}:{name}"), value);
                    prefixes += 1;
                }
            }
        }
        if self.nodes.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        let indent = indent.filter(|_| self.children().next().is_some());
        for node in &self.nodes {
            match (node, indent) {
                (Node::Text(text), Some(_)) if text.trim().is_empty() => {}
                (Node::Text(text), _) => escape(out, text, false),
                (Node::Tree(tree), None) => tree.write(out, &self.ns, None),
                (Node::Tree(tree), Some(level)) => {
                    new_line(out, level + 1);
                    tree.write(out, &self.ns, Some(level + 1));
                }
            }
        }
        if let Some(level) = indent {
            new_line(out, level);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

impl From<&minidom::Element> for Tree {
    fn from(element: &minidom::Element) -> Self {
        let attrs = element
            .attrs()
            .iter()
            .map(|((ns, name), value)| ((ns.as_str().to_owned(), name.as_str().to_owned()), value.clone()));
        let mut tree = Self::new(element.name(), &element.ns());
        tree.attrs = attrs.collect();
        for node in element.nodes() {
            match node {
                minidom::Node::Element(child) => tree.nodes.push(Node::Tree(Self::from(child))),
                minidom::Node::Text(text) => tree.push_text(text),
            }
        }
        tree
    }
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}

fn push_attr(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(out, value, true);
    out.push('\'');
}

/// Appends `text` escaped for XML; line breaks too, so that what is written on one line stays there.
pub(crate) fn escape(out: &mut String, text: &str, in_attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' if in_attribute => out.push_str("&#39;"),
            '\n' => out.push_str("&#xa;"),
            '\r' => out.push_str("&#xd;"),
            '\t' => out.push_str("&#x9;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_as_it_was_read() {
        let text = "<a xmlns='x' b='1&#39;2'><c xmlns='y' xml:lang='de'>t&amp;&#xa;</c><d/></a>";
        let tree = read(text).unwrap();
        assert_eq!(tree.line(""), text);
        assert_eq!(read(&tree.lines("")).unwrap().children().count(), 2);
        assert_eq!(
            tree.lines(""),
            "<a xmlns='x' b='1&#39;2'>\n  <c xmlns='y' xml:lang='de'>t&amp;&#xa;</c>\n  <d/>\n</a>"
        );
    }

    #[test]
    fn attributes_of_other_namespaces_keep_them() {
        let tree = read("<a xmlns:v='w' v:more='yes'/>").unwrap();
        assert_eq!(read(&tree.line("")).unwrap(), tree);
    }

    #[test]
    fn lines_are_counted_through_comments() {
        let tree =
            read("<?xml version='1.0'?>\n<!-- two\nlines -->\n<a>\n <b/><!-- <c> -->\n <d\n  e='f'/></a>\n").unwrap();
        let lines: Vec<_> = tree.children().map(|c| (c.name.as_str(), c.line)).collect();
        assert_eq!((tree.line, lines), (4, vec![("b", 5), ("d", 6)]));
    }

    #[test]
    fn a_flaw_names_its_place() {
        for (text, place) in [
            ("<a>\n<b></a>", (2, "")),
            ("<a/>\n<b/>", (1, "something follows")),
            ("<a>\n", (2, "")),
            ("", (1, "")),
            ("<a b='1'\n b='2'/>", (2, "")),
            (&"<a>".repeat(300), (1, "more than 200")),
        ] {
            let flaw = read(text).unwrap_err();
            assert!(flaw.line == place.0 && flaw.what.starts_with(place.1), "{text:?}: {flaw}");
        }
    }
}
