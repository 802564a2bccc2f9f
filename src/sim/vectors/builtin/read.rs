//! What elements and facts of vectors stand for, whatever the topic.

use core::fmt;
use core::str::FromStr;

use jid::{BareJid, FullJid};

use super::super::super::bench::Bench;
use super::super::super::xml::Tree;
use super::super::Stop;
use crate::codec::{Reader, Stanza};
use crate::machine::Machine;
use crate::ns;
use crate::snapshot::Snapshot;

pub(super) fn stanza(element: &Tree) -> Result<Stanza, Stop> {
    let text = element.line("");
    Reader::one(ns::CLIENT, text.as_bytes()).map_err(|why| Stop::Fail(format!("the codec refuses this stanza: {why}")))
}

pub(super) fn bare(text: &str) -> Result<BareJid, Stop> {
    BareJid::new(text).map_err(|why| Stop::Fail(format!("'{text}' is no bare JID: {why}")))
}

pub(super) fn full(text: &str) -> Result<FullJid, Stop> {
    FullJid::new(text).map_err(|why| Stop::Fail(format!("'{text}' is no full JID: {why}")))
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, Stop> {
    text.parse().map_err(|_| Stop::Fail(format!("'{text}' is no number that fits")))
}

/// The machine is saved, and goes on as what is loaded.
pub(super) fn restart<M: Machine + Snapshot, H>(bench: &mut Bench<M, H>) -> Result<(), Stop> {
    bench.machine = M::load(&bench.machine.save()).map_err(|why| Stop::Fail(why.to_string()))?;
    Ok(())
}

/// A fact that no host of this topic can have.
pub(super) fn unknown(name: &str, value: impl fmt::Display) -> Stop {
    Stop::Fail(format!("the host does not know {name}='{value}'"))
}
