//! Which namespace a prefix stands for, at each level of a stream.

use std::collections::BTreeMap;

use minidom::rxml::{Namespace, NcName};

use super::ReadFault;
use crate::ns;

/// What prefixes mean.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Default namespaces, with the level that bound them. Level 0 is the stream.
    pub(super) defaults: Vec<(usize, Namespace<'static>)>,
    prefixes: BTreeMap<NcName, Vec<(usize, Namespace<'static>)>>,
    /// The prefixes in the order in which they were bound.
    bound: Vec<(usize, NcName)>,
    /// The present stanza used a prefix of the stream.
    pub(super) borrowed: bool,
}

impl Scope {
    pub(super) fn bind(&mut self, level: usize, prefix: NcName, ns: Namespace<'static>) -> Result<(), ReadFault> {
        let meanings = self.prefixes.entry(prefix.clone()).or_default();
        if meanings.last().is_some_and(|(at, _)| *at == level) {
            return Err(ReadFault::DuplicateAttribute);
        }
        meanings.push((level, ns));
        self.bound.push((level, prefix));
        Ok(())
    }

    pub(super) fn look_up(&mut self, prefix: &NcName) -> Result<Namespace<'static>, ReadFault> {
        if *prefix == "xml" {
            return Ok(Namespace::XML);
        }
        let (level, ns) = self.prefixes.get(prefix).and_then(|meanings| meanings.last()).ok_or(ReadFault::Prefix)?;
        self.borrowed |= *level == 0;
        Ok(ns.clone())
    }

    pub(super) fn default_namespace(&self) -> Namespace<'static> {
        self.defaults.last().map_or(Namespace::NONE, |(_, ns)| ns.clone())
    }

    /// Forgets what an element bound.
    pub(super) fn leave(&mut self, level: usize) {
        while self.defaults.pop_if(|(at, _)| *at == level).is_some() {}
        while let Some((_, prefix)) = self.bound.pop_if(|(at, _)| *at == level) {
            if let Some(meanings) = self.prefixes.get_mut(&prefix) {
                meanings.pop();
                if meanings.is_empty() {
                    self.prefixes.remove(&prefix);
                }
            }
        }
    }
}

/// Stanzas of any stream are `jabber:client` in this crate.
pub(super) fn mapped(ns: String) -> Namespace<'static> {
    match ns.as_str() {
        ns::SERVER | ns::COMPONENT => Namespace::from(ns::CLIENT),
        _ => Namespace::from(ns),
    }
}
