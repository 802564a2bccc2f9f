//! Writes XML straight into bytes, without building a tree.
//!
//! What comes out is what `xso::to_vec` writes for the same canonical element (the tests hold it to that), in a tenth of
//! the time. It is well-formed whatever the values are: see [`Writer`].

use core::ops::Range;

use bytes::Bytes;
use minidom::rxml::{Namespace, NcNameStr};
use minidom::{Element, Node};
use smallvec::SmallVec;

use super::escape::{Place, escape_into};
use crate::ns;

/// Writes elements straight into bytes.
///
/// Values are escaped. A character that XML forbids is written as U+FFFD. An [`element`](Self::element) whose name is
/// none, or which is in the namespace of `xmlns` itself, is left out with all it holds, and so is such an attribute.
/// Names given to [`open`](Self::open) and [`attr`](Self::attr) are the program's own and only asserted.
///
/// ```
/// use xmpp_machines::codec::Writer;
///
/// let mut writer = Writer::inheriting("jabber:client");
/// writer.open("message", "jabber:client").attr("id", "a'b").leaf("body", "jabber:client", "1 < 2").close();
/// assert_eq!(writer.finish(), b"<message id='a&#39;b'><body>1 &lt; 2</body></message>");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
    /// The default namespaces of the open elements, end to end; `spaces[ns]` of the innermost is the current one.
    spaces: String,
    open: SmallVec<[Open; 8]>,
    /// What the outermost elements inherit: a range of `spaces`.
    inherited: Range<usize>,
    /// The start tag written last still misses its `>`.
    in_head: bool,
    /// Namespaces that the head being written has bound to `tns…`, after those of `roots`.
    bound: Vec<Box<str>>,
    /// Namespaces that the head of the root has bound, which holds for all the document; only where nothing is inherited.
    roots: Vec<Box<str>>,
    fragment: bool,
}

/// Stands for `jabber:client`, which nearly everything inherits and which need not be copied.
const CLIENT: Range<usize> = usize::MAX..usize::MAX;

#[derive(Clone, Debug)]
struct Open {
    /// Where in `buf` the element's name stands, with its prefix.
    name: Range<usize>,
    /// Where in `spaces` its default namespace stands.
    ns: Range<usize>,
}

/// Bytes written once, for any number of stanzas: elements below `jabber:client`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment(Bytes);

impl Fragment {
    /// Writes a fragment. Elements of `jabber:client` carry no `xmlns` in it.
    #[must_use]
    pub fn new(write: impl FnOnce(&mut Writer)) -> Self {
        let mut writer = Writer::inheriting(ns::CLIENT);
        write(&mut writer);
        Self(writer.finish().into())
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The fragment that these bytes were taken from.
    #[must_use]
    pub(crate) const fn of(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Writer {
    /// A writer of a document of its own: nothing is inherited.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer inside of something whose default namespace is `ns`: a stream, or a stanza.
    #[must_use]
    pub fn inheriting(ns: &str) -> Self {
        // Room for a usual stanza: growing to it step by step would cost more than writing it.
        let client = ns == ns::CLIENT;
        Self {
            buf: Vec::with_capacity(512),
            spaces: if client { String::new() } else { ns.to_owned() },
            inherited: if client { CLIENT } else { 0..ns.len() },
            fragment: true,
            ..Self::default()
        }
    }

    /// A writer in the middle of a start tag in namespace `ns`, which somebody else opened and will close.
    pub(super) fn within_head(ns: &str) -> Self {
        Self { in_head: true, ..Self::inheriting(ns) }
    }

    /// Starts an element. `xmlns` is written only where `ns` differs from what is inherited.
    pub fn open(&mut self, name: &str, ns: &str) -> &mut Self {
        debug_assert!(is_name(name), "{name:?} is no element name");
        let inherits = self.space(&self.current()) == ns;
        self.start(name, if inherits { None } else { Some(ns) })
    }

    /// Starts an element of another namespace than the current one, or of the current one (`None`).
    fn start(&mut self, name: &str, other: Option<&str>) -> &mut Self {
        self.end_head();
        self.buf.push(b'<');
        let start = self.buf.len();
        let prefix = other.and_then(|ns| self.prefix_of(ns));
        match prefix {
            Some(Prefix::Xml) => self.buf.extend_from_slice(b"xml:"),
            Some(Prefix::Bound(n)) => self.prefix(n),
            None => {}
        }
        self.buf.extend_from_slice(name.as_bytes());
        let name = start..self.buf.len();
        let mut space = self.current();
        if let (Some(ns), None) = (other, prefix) {
            self.buf.extend_from_slice(b" xmlns='");
            escape_into(ns, Place::Attribute, &mut self.buf);
            self.buf.push(b'\'');
            let start = self.spaces.len();
            if self.spaces.capacity() == 0 {
                self.spaces.reserve(256);
            }
            self.spaces.push_str(ns);
            space = start..self.spaces.len();
        }
        self.open.push(Open { name, ns: space });
        self.in_head = true;
        self.bound.clear();
        self
    }

    /// Adds an attribute to the element just opened. Each name once.
    pub fn attr(&mut self, name: &str, value: &str) -> &mut Self {
        debug_assert!(self.in_head, "attributes come before text and children");
        debug_assert!(is_name(name) && name != "xmlns", "{name:?} is no attribute name");
        if self.in_head {
            self.buf.push(b' ');
            self.buf.extend_from_slice(name.as_bytes());
            self.value(value);
        }
        self
    }

    /// Adds an attribute if there is a value.
    pub fn attr_opt(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.attr(name, value);
        }
        self
    }

    /// Adds an attribute of a namespace: `xml:lang` is `attr_ns(ns::XML, "lang", ..)`.
    pub fn attr_ns(&mut self, ns: &str, name: &str, value: &str) -> &mut Self {
        if ns.is_empty() {
            return self.attr(name, value);
        }
        debug_assert!(self.in_head, "attributes come before text and children");
        debug_assert!(is_name(name), "{name:?} is no attribute name");
        if !self.in_head || ns == ns::XMLNS {
            return self;
        }
        if ns == ns::XML {
            self.buf.extend_from_slice(b" xml:");
        } else {
            let known = self.roots.iter().chain(&self.bound).position(|bound| **bound == *ns);
            let n = known.unwrap_or_else(|| {
                let n = self.roots.len() + self.bound.len();
                self.buf.extend_from_slice(b" xmlns:tns");
                self.number(n);
                self.buf.extend_from_slice(b"='");
                escape_into(ns, Place::Attribute, &mut self.buf);
                self.buf.push(b'\'');
                self.bound.push(ns.into());
                n
            });
            self.buf.push(b' ');
            self.prefix(n);
        }
        self.buf.extend_from_slice(name.as_bytes());
        self.value(value);
        self
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.end_head();
        escape_into(text, Place::Text, &mut self.buf);
        self
    }

    /// Adds a whole element. Needs no stack, however deep it is.
    pub fn element(&mut self, element: &Element) -> &mut Self {
        let base = self.open.len();
        let mut levels = Vec::new();
        if !self.head_of(element) {
            return self;
        }
        levels.push(element.nodes());
        while let Some(level) = levels.last_mut() {
            match level.next() {
                Some(Node::Text(text)) => {
                    self.text(text);
                }
                Some(Node::Element(child)) => {
                    if self.head_of(child) {
                        levels.push(child.nodes());
                    }
                }
                None => {
                    self.close();
                    levels.pop();
                }
            }
        }
        debug_assert_eq!(self.open.len(), base);
        self
    }

    /// Adds bytes written before. They inherit `jabber:client`, so that must be the namespace here.
    pub fn fragment(&mut self, fragment: &Fragment) -> &mut Self {
        debug_assert_eq!(self.space(&self.current()), ns::CLIENT, "a fragment inherits jabber:client");
        self.end_head();
        self.buf.extend_from_slice(&fragment.0);
        self
    }

    /// Adds an element that holds nothing but text.
    pub fn leaf(&mut self, name: &str, ns: &str, text: &str) -> &mut Self {
        self.open(name, ns).text(text).close()
    }

    /// Ends the element opened last.
    pub fn close(&mut self) -> &mut Self {
        debug_assert!(!self.open.is_empty(), "nothing is open");
        if self.open.is_empty() {
            return self;
        }
        self.end_head();
        if let Some(open) = self.open.pop() {
            if self.open.is_empty() {
                self.roots.clear();
            }
            self.buf.extend_from_slice(b"</");
            self.buf.extend_from_within(open.name);
            self.buf.push(b'>');
            let end = |range: Range<usize>| if range == CLIENT { 0 } else { range.end };
            self.spaces.truncate(end(self.current()).max(end(self.inherited.clone())));
        }
        self
    }

    /// The bytes. Whatever is still open is closed.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        debug_assert!(self.open.is_empty(), "each element that is opened is closed");
        while !self.open.is_empty() {
            self.close();
        }
        self.end_head();
        self.buf
    }

    fn end_head(&mut self) {
        if self.in_head {
            self.buf.push(b'>');
            self.in_head = false;
            if self.open.len() == 1 && !self.fragment {
                self.roots.append(&mut self.bound);
            }
        }
    }

    /// Opens the element and writes its attributes; `false` if XML cannot say it.
    fn head_of(&mut self, element: &Element) -> bool {
        if !is_name(element.name()) || element.has_ns(ns::XMLNS) {
            return false;
        }
        // The usual case: no copy of the namespace is made.
        if element.has_ns(self.space(&self.current())) {
            self.start(element.name(), None);
        } else {
            self.start(element.name(), Some(&element.ns()));
        }
        for ((ns, name), value) in element.attrs() {
            if ns.is_none() && name == "xmlns" {
                continue;
            }
            self.attr_ns(Namespace::as_str(ns), name, value);
        }
        true
    }

    fn prefix_of(&self, ns: &str) -> Option<Prefix> {
        if ns == ns::XML {
            return Some(Prefix::Xml);
        }
        self.roots.iter().position(|bound| **bound == *ns).map(Prefix::Bound)
    }

    fn current(&self) -> Range<usize> {
        self.open.last().map_or_else(|| self.inherited.clone(), |open| open.ns.clone())
    }

    fn space(&self, range: &Range<usize>) -> &str {
        if *range == CLIENT { ns::CLIENT } else { self.spaces.get(range.clone()).unwrap_or_default() }
    }

    fn value(&mut self, value: &str) {
        self.buf.extend_from_slice(b"='");
        escape_into(value, Place::Attribute, &mut self.buf);
        self.buf.push(b'\'');
    }

    fn prefix(&mut self, n: usize) {
        self.buf.extend_from_slice(b"tns");
        self.number(n);
        self.buf.push(b':');
    }

    fn number(&mut self, n: usize) {
        self.buf.extend_from_slice(n.to_string().as_bytes());
    }
}

#[derive(Clone, Copy)]
enum Prefix {
    Xml,
    Bound(usize),
}

pub(super) fn is_name(name: &str) -> bool {
    let usual = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    usual || <&NcNameStr>::try_from(name).is_ok()
}
