//! Reads a stream of stanzas, or one stanza, from bytes that nobody vouches for.

mod fault;
mod pass;
mod scope;

use bytes::{Bytes, BytesMut};
use minidom::Element;
use minidom::rxml::error::EndOrError;
use minidom::rxml::parser::RawQName;
use minidom::rxml::{self, AttrMap, Namespace, Options, Parse, RawEvent, RawParser, WithOptions};

use self::scope::{Scope, mapped};
use super::{Stanza, Writer};
use crate::limits::CodecLimits;
use crate::ns;

pub use self::fault::{ReadError, ReadFault, Syntax};

/// What a [`Reader`] found in a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The stream was opened.
    Open(StreamHeader),
    /// A stanza, and its bytes for a journal: [`Reader::one`] reads them again. They are those of the wire, except where
    /// the stanza uses a prefix that only the stream's header binds: then they are written anew.
    Stanza(Box<Stanza>, Bytes),
    /// An element of the stream itself, which is no stanza: features, a stream error, the handshake of a component
    /// (XEP-0114; its namespace is mapped to `jabber:client` too).
    Element(Element),
    /// Something that was refused and passed over, by a [forgiving](Reader::forgiving) reader. Its header, for an answer
    /// where one is due: none if that too is at fault, or if it is no stanza.
    Refused(Option<Box<Stanza>>, ReadFault),
    /// The stream was closed by its peer.
    Close,
}

/// The header of a stream (RFC 6120 §4.7), as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// `from`
    pub from: Option<Box<str>>,
    /// `to`
    pub to: Option<Box<str>>,
    /// `id`
    pub id: Option<Box<str>>,
    /// `version`
    pub version: Option<Box<str>>,
    /// `xml:lang`, which holds for all stanzas without one of their own.
    pub lang: Option<Box<str>>,
}

/// Reads one stream, from its header to its end, in whatever pieces the bytes come.
///
/// After an error nothing more is read: the same error comes again. A stream that begins anew (after TLS or SASL) is
/// read by a new reader.
///
/// ```
/// use xmpp_machines::codec::{Incoming, Reader};
///
/// let mut reader = Reader::default();
/// let mut stanzas = 0;
/// for mut piece in [
///     &b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><mess"[..],
///     b"age to='ann@tea.example'/>",
/// ] {
///     while let Some(found) = reader.feed(&mut piece)? {
///         stanzas += usize::from(matches!(found, Incoming::Stanza(..)));
///     }
/// }
/// assert_eq!(stanzas, 1);
/// # Ok::<(), xmpp_machines::codec::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    limits: CodecLimits,
    parser: RawParser,
    scope: Scope,
    state: State,
    /// The elements begun and not ended, below the stream.
    open: Vec<Element>,
    /// How many elements the present stanza has.
    elements: usize,
    /// Bytes that the present stanza is longer by when it is written without prefixes.
    spread: usize,
    /// The start tag being read.
    head: Option<Head>,
    /// The bytes of the present stanza so far.
    raw: BytesMut,
    /// Whether `raw` is kept.
    keep: bool,
    /// Whether one stanza at fault leaves the stream alive.
    forgiving: bool,
    /// How many elements of the present stanza are begun and not ended, passed over or not.
    nesting: usize,
    /// What is wrong with the present stanza, which is passed over.
    refused: Option<ReadFault>,
    /// Bytes of the present stanza so far; those of all before it.
    unit: usize,
    before: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the header.
    Start,
    /// Between stanzas.
    Idle,
    /// In a stanza or in the header.
    Inside {
        header: bool,
    },
    /// The stream ended with its header.
    Ending,
    /// After the end.
    Closed,
    Failed(ReadError),
}

#[derive(Debug)]
struct Head {
    name: RawQName,
    attributes: Vec<(RawQName, String)>,
    count: usize,
    default: Option<Namespace<'static>>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(CodecLimits::default())
    }
}

impl Reader {
    /// A reader of a stream from its beginning.
    #[must_use]
    pub fn new(limits: CodecLimits) -> Self {
        let options = Options { max_token_length: limits.token_bytes, ..Options::default() };
        Self {
            limits,
            parser: RawParser::with_options(options),
            scope: Scope::default(),
            state: State::Start,
            open: Vec::new(),
            elements: 0,
            spread: 0,
            head: None,
            raw: BytesMut::new(),
            keep: true,
            forgiving: false,
            nesting: 0,
            refused: None,
            unit: 0,
            before: 0,
        }
    }

    /// A reader that passes over a stanza which is over a limit, or badly named, and reads on after it. For a stream that
    /// carries the stanzas of many, such as a server's to its component: nobody's stanza may end it for all others.
    /// What is no XML ends the stream still, a name or attribute value over
    /// [`token_bytes`](CodecLimits::token_bytes) included: have that not below what the peer lets through.
    #[must_use]
    pub fn forgiving(limits: CodecLimits) -> Self {
        Self { forgiving: true, ..Self::new(limits) }
    }

    /// Reads on, and takes what it has read off the front of `bytes`. `None` when all is taken and more is needed.
    ///
    /// # Errors
    /// The stream is not what it must be, or over a limit.
    pub fn feed(&mut self, bytes: &mut &[u8]) -> Result<Option<Incoming>, ReadError> {
        if let State::Failed(error) = self.state {
            return Err(error);
        }
        self.read(bytes).map_err(|fault| {
            let error = ReadError { at: self.before + self.unit as u64, fault };
            self.state = State::Failed(error);
            error
        })
    }

    /// The default namespace of the stream, mapped: what [`one`](Self::one) needs to read its stanzas again. Empty
    /// before the header.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.scope.defaults.first().map_or("", |(_, ns)| Namespace::as_str(ns))
    }

    /// Reads one stanza that inherits the default namespace `ns`, within default limits.
    ///
    /// # Errors
    /// It is not exactly one stanza, or over a limit.
    pub fn one(ns: &str, bytes: &[u8]) -> Result<Stanza, ReadError> {
        Self::one_within(CodecLimits::default(), ns, bytes)
    }

    /// Reads one stanza that inherits the default namespace `ns`.
    ///
    /// # Errors
    /// It is not exactly one stanza, or over a limit.
    pub fn one_within(limits: CodecLimits, ns: &str, mut bytes: &[u8]) -> Result<Stanza, ReadError> {
        let len = bytes.len();
        let mut reader = Self::inside(limits, ns);
        let error = |fault| ReadError { at: len as u64, fault };
        match reader.feed(&mut bytes)? {
            Some(Incoming::Stanza(stanza, _)) if bytes.is_empty() => Ok(*stanza),
            Some(Incoming::Stanza(..)) => Err(ReadError { at: (len - bytes.len()) as u64, fault: ReadFault::Trailing }),
            Some(_) => Err(error(ReadFault::NotAStanza)),
            None => Err(error(ReadFault::Incomplete)),
        }
    }

    /// A reader within a stream whose header is known.
    fn inside(limits: CodecLimits, ns: &str) -> Self {
        let mut reader = Self::new(limits);
        let mut header = &b"<x>"[..];
        while let Ok(Some(_)) = reader.parser.parse(&mut header, false) {}
        reader.scope.defaults.push((0, mapped(ns.to_owned())));
        reader.state = State::Idle;
        reader.keep = false;
        reader
    }

    fn read(&mut self, bytes: &mut &[u8]) -> Result<Option<Incoming>, ReadFault> {
        match self.state {
            State::Start | State::Idle | State::Closed => {
                let rest = trim_start(bytes);
                self.before += (bytes.len() - rest.len()) as u64;
                *bytes = rest;
                match (rest.first(), self.state) {
                    (None, _) => return Ok(None),
                    (Some(_), State::Closed) => return Err(ReadFault::Trailing),
                    (Some(b'<'), State::Start) => self.state = State::Inside { header: true },
                    (Some(b'<'), _) => self.state = State::Inside { header: false },
                    (Some(_), State::Start) => return Err(ReadFault::NotAStream),
                    (Some(_), _) => return Err(ReadFault::StrayText),
                }
            }
            State::Ending => {
                self.state = State::Closed;
                return Ok(Some(Incoming::Close));
            }
            State::Inside { .. } | State::Failed(_) => {}
        }
        loop {
            // Never more than the limit goes into the parser, which might keep it for a token that does not end.
            let left = self.limits.stanza_bytes.saturating_sub(self.unit);
            let passing = self.refused.is_some();
            let mut piece = bytes.get(..left).filter(|_| !passing).unwrap_or(bytes);
            let given = piece.len();
            let event = self.parser.parse(&mut piece, false);
            let taken = given - piece.len();
            let (read, rest) = bytes.split_at_checked(taken).unwrap_or_default();
            *bytes = rest;
            self.unit += taken;
            if self.keep && !passing {
                self.raw.extend_from_slice(read);
            }
            match event {
                Ok(Some(event)) => {
                    if let Some(found) = self.event_or_pass(event)? {
                        return Ok(Some(found));
                    }
                }
                Err(EndOrError::NeedMoreData) if bytes.is_empty() => return Ok(None),
                Err(EndOrError::NeedMoreData) => self.pass_over(ReadFault::Bytes)?,
                Err(EndOrError::Error(rxml::Error::ReservedNamespacePrefix | rxml::Error::ReservedNamespaceName)) => {
                    return Err(ReadFault::Reserved);
                }
                Err(EndOrError::Error(error)) => return Err(ReadFault::Syntax(Syntax(error))),
                Ok(None) => return Err(ReadFault::Incomplete),
            }
        }
    }

    fn event(&mut self, event: RawEvent) -> Result<Option<Incoming>, ReadFault> {
        match event {
            RawEvent::XmlDeclaration(..) => {}
            RawEvent::ElementHeadOpen(_, name) => {
                self.head = Some(Head { name, attributes: Vec::new(), count: 0, default: None });
            }
            RawEvent::Attribute(_, name, value) => self.attribute(name, value)?,
            RawEvent::ElementHeadClose(_) => {
                let Some(head) = self.head.take() else { return Ok(None) };
                let element = self.resolve(head)?;
                if let State::Inside { header: true } = self.state {
                    return self.opened(&element).map(Some);
                }
                self.open.push(element);
            }
            RawEvent::Text(_, text) => match self.open.last_mut() {
                Some(element) => element.append_text(text),
                None => return Err(ReadFault::StrayText),
            },
            RawEvent::ElementFoot(_) => {
                self.scope.leave(self.open.len());
                let Some(element) = self.open.pop() else {
                    self.next_unit();
                    self.state = State::Closed;
                    return Ok(Some(Incoming::Close));
                };
                match self.open.last_mut() {
                    Some(parent) => {
                        parent.append_child(element);
                    }
                    None => return Ok(Some(self.ended(element))),
                }
            }
        }
        Ok(None)
    }

    fn attribute(&mut self, name: RawQName, value: String) -> Result<(), ReadFault> {
        let level = self.level();
        let Some(head) = self.head.as_mut() else { return Ok(()) };
        head.count += 1;
        if head.count > self.limits.attributes {
            return Err(ReadFault::Attributes);
        }
        let binds_default = name.0.is_none() && name.1 == "xmlns";
        let binds_prefix = name.0.as_ref().is_some_and(|prefix| *prefix == "xmlns");
        if (binds_default || binds_prefix) && value == ns::XMLNS {
            return Err(ReadFault::Reserved);
        }
        if (binds_default || binds_prefix) && value.len() > self.limits.namespace_bytes {
            return Err(ReadFault::Namespace);
        }
        if binds_default {
            if head.default.replace(mapped(value)).is_some() {
                return Err(ReadFault::DuplicateAttribute);
            }
        } else if binds_prefix {
            self.scope.bind(level, name.1, mapped(value))?;
        } else {
            head.attributes.push((name, value));
        }
        Ok(())
    }

    /// The level of the element whose head is being read: 0 is the stream.
    fn level(&self) -> usize {
        if matches!(self.state, State::Inside { header: true }) { 0 } else { self.open.len() + 1 }
    }

    fn resolve(&mut self, head: Head) -> Result<Element, ReadFault> {
        let level = self.level();
        if level > self.limits.depth {
            return Err(ReadFault::Depth);
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(ReadFault::Elements);
        }
        if let Some(ns) = head.default {
            self.scope.defaults.push((level, ns));
        }
        let (prefix, name) = head.name;
        let ns = match prefix {
            None => self.scope.default_namespace(),
            Some(prefix) => self.scope.look_up(&prefix)?,
        };
        if !self.open.last().is_some_and(|parent| parent.has_ns(Namespace::as_str(&ns))) {
            self.spread += ns.len();
        }
        let mut element = Element::bare(name, Namespace::as_str(&ns));
        let mut attributes = AttrMap::new();
        for ((prefix, name), value) in head.attributes {
            let ns = match prefix {
                None => Namespace::NONE,
                Some(prefix) => {
                    let ns = self.scope.look_up(&prefix)?;
                    self.spread += ns.len();
                    ns
                }
            };
            if attributes.insert(ns, name, value).is_some() {
                return Err(ReadFault::DuplicateAttribute);
            }
        }
        // A namespace bound once and used often must not become many times what was sent when it is sent on.
        if self.unit.saturating_add(self.spread) > self.limits.stanza_bytes {
            return Err(ReadFault::Bytes);
        }
        *element.attrs_mut() = attributes;
        Ok(element)
    }

    fn opened(&mut self, element: &Element) -> Result<Incoming, ReadFault> {
        if !element.is("stream", ns::STREAM) {
            return Err(ReadFault::NotAStream);
        }
        if self.scope.defaults.is_empty() {
            self.scope.defaults.push((0, Namespace::NONE));
        }
        let attr = |name| element.attr(name).map(Into::into);
        let header = StreamHeader {
            from: attr("from"),
            to: attr("to"),
            id: attr("id"),
            version: attr("version"),
            lang: element.attr_ns(ns::XML, "lang").map(Into::into),
        };
        // A header that ends itself leaves its end in the parser.
        let ends = matches!(self.parser.parse(&mut &[][..], false), Ok(Some(_)));
        self.state = if ends { State::Ending } else { State::Idle };
        self.next_unit();
        Ok(Incoming::Open(header))
    }

    fn ended(&mut self, element: Element) -> Incoming {
        let raw = self.raw.split().freeze();
        let borrowed = self.scope.borrowed;
        self.next_unit();
        self.state = State::Idle;
        match Stanza::of_canonical(element) {
            Ok(stanza) if borrowed => {
                let mut writer = Writer::inheriting(self.namespace());
                writer.element(&stanza.element);
                Incoming::Stanza(Box::new(stanza), writer.finish().into())
            }
            Ok(stanza) => Incoming::Stanza(Box::new(stanza), raw),
            Err(element) => Incoming::Element(element),
        }
    }

    fn next_unit(&mut self) {
        self.raw.clear();
        self.before += self.unit as u64;
        self.unit = 0;
        self.elements = 0;
        self.spread = 0;
        self.refused = None;
        self.scope.borrowed = false;
    }
}

/// Without leading XML white space: keep-alives between stanzas.
fn trim_start(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    bytes.get(blank..).unwrap_or_default()
}
