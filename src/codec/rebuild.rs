//! Copies an element of anybody's making into a canonical one, without recursion.

use minidom::{Element, Node};

use super::ReadFault;
use super::write::is_name;
use crate::limits::CodecLimits;
use crate::ns;

/// A canonical copy: no prefixes, adjacent texts joined, each namespace mapped.
pub(super) fn rebuild(
    from: &Element,
    limits: &CodecLimits,
    map: impl for<'n> Fn(&'n str) -> &'n str,
) -> Result<Element, ReadFault> {
    let mut count = 0;
    let mut bare = |from: &Element, depth: usize| {
        count += 1;
        if depth > limits.depth {
            return Err(ReadFault::Depth);
        }
        if count > limits.elements {
            return Err(ReadFault::Elements);
        }
        if from.attrs().len() > limits.attributes {
            return Err(ReadFault::Attributes);
        }
        if from.has_ns(ns::XMLNS) || from.attrs().iter().any(|((ns, _), _)| *ns == ns::XMLNS) {
            return Err(ReadFault::Reserved);
        }
        if !is_name(from.name()) {
            return Err(ReadFault::Name);
        }
        let ns = from.ns();
        if ns.len() > limits.namespace_bytes {
            return Err(ReadFault::Namespace);
        }
        let mut bare = Element::bare(from.name(), map(&ns));
        *bare.attrs_mut() = from.attrs().clone();
        Ok(bare)
    };
    let mut top = (bare(from, 1)?, from.nodes());
    let mut above = Vec::new();
    loop {
        match top.1.next() {
            Some(Node::Text(text)) => top.0.append_text(text.as_str()),
            Some(Node::Element(child)) => {
                let child = (bare(child, above.len() + 2)?, child.nodes());
                above.push(core::mem::replace(&mut top, child));
            }
            None => {
                let Some(parent) = above.pop() else { return Ok(top.0) };
                let (done, _) = core::mem::replace(&mut top, parent);
                top.0.append_child(done);
            }
        }
    }
}
