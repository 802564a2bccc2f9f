//! Writes XML straight into bytes.

use minidom::Element;

/// Writes elements straight into bytes, without building a tree. Filled in by the codec.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
}

impl Writer {
    /// Starts an element. `xmlns` is written only where it differs from what is inherited.
    pub fn open(&mut self, _name: &str, _ns: &str) -> &mut Self {
        self
    }
    /// Adds an attribute to the element just opened.
    pub fn attr(&mut self, _name: &str, _value: &str) -> &mut Self {
        self
    }
    /// Adds text.
    pub fn text(&mut self, _text: &str) -> &mut Self {
        self
    }
    /// Adds a whole element.
    pub fn element(&mut self, _element: &Element) -> &mut Self {
        self
    }
    /// Ends the element opened last.
    pub fn close(&mut self) -> &mut Self {
        self
    }
}
