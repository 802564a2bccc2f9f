//! What a client of XEP-0045 asks of a room by presence: to enter, to be shown otherwise or under another name, to leave.
//!
//! Administration and configuration by XEP-0045 (`muc#admin`, `muc#owner`) have their places beside this: requests are
//! read where [`wire`](super) reads requests, judged in `judge::muc`, and what follows is written in `say::muc`.

use minidom::Element;

use super::{Ask as Any, Read};
use crate::codec::{Fragment, Stanza, StanzaType};
use crate::gc3::room::Show;
use crate::gc3::rules::table;
use crate::ns;
use crate::time::Time;

/// What somebody asks by presence to an occupant's address.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    /// To enter, or to begin anew.
    Enter(Enter<'a>),
    /// To be shown so, under this name.
    Show(Shown),
    /// To leave, with these words.
    Exit(Fragment),
}

/// A presence that wants to join.
#[derive(Debug)]
pub(crate) struct Enter<'a> {
    pub(crate) password: Option<&'a Element>,
    pub(crate) history: History,
    pub(crate) shown: Shown,
}

/// How somebody wants to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) show: Show,
    pub(crate) priority: i8,
    /// The children without forgeries.
    pub(crate) payload: Fragment,
}

/// How much of the history is wanted at the most (XEP-0045 §7.2.14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) chars: Option<u64>,
    pub(crate) stanzas: Option<u64>,
    pub(crate) seconds: Option<u64>,
    pub(crate) since: Option<Time>,
}

/// Bytes of a presence above which only known children are passed on.
const LARGE: usize = 4096;

/// Reads a presence to an occupant's address.
pub(super) fn read(stanza: &Stanza) -> Read<'_> {
    let ask = match stanza.type_ {
        StanzaType::Available => match stanza.child("x", ns::MUC) {
            Some(x) => Ask::Enter(Enter {
                password: x.get_child("password", ns::MUC),
                history: x.get_child("history", ns::MUC).map_or_else(History::default, history),
                shown: shown(stanza),
            }),
            None => Ask::Show(shown(stanza)),
        },
        StanzaType::Unavailable => Ask::Exit(farewell(stanza)),
        // Nobody is subscribed to an occupant.
        _ => return Read::Silent(table::G4_8),
    };
    Read::Ask(Any::Muc(ask))
}

/// What cannot be read as a limit is none.
fn history(history: &Element) -> History {
    let number = |name| history.attr(name).and_then(|text| text.trim().parse().ok());
    History {
        chars: number("maxchars"),
        stanzas: number("maxstanzas"),
        seconds: number("seconds"),
        since: history.attr("since").and_then(Time::parse),
    }
}

/// How a presence wants to be shown.
pub(crate) fn shown(stanza: &Stanza) -> Shown {
    let all = passed_on(stanza, |_| true);
    let payload = if all.bytes().len() > LARGE { passed_on(stanza, known) } else { all };
    Shown {
        show: stanza.child("show", ns::CLIENT).map_or(Show::Online, |show| Show::parse(show.text().trim())),
        priority: stanza.child("priority", ns::CLIENT).and_then(|p| p.text().trim().parse().ok()).unwrap_or(0),
        payload: if payload.bytes().len() > LARGE { Fragment::default() } else { payload },
    }
}

/// The last words of somebody who leaves.
pub(crate) fn farewell(stanza: &Stanza) -> Fragment {
    let status = |child: &Element| child.is("status", ns::CLIENT);
    let words = passed_on(stanza, status);
    if words.bytes().len() > LARGE { Fragment::default() } else { words }
}

/// The children that are passed on.
fn passed_on(stanza: &Stanza, which: impl Fn(&Element) -> bool) -> Fragment {
    Fragment::new(|writer| {
        let passes = |child: &&Element| !child.has_ns(ns::MUC) && !super::forged(child, stanza) && which(child);
        for child in stanza.element.children().filter(passes) {
            writer.element(child);
        }
    })
}

/// What everybody knows what to do with.
fn known(child: &Element) -> bool {
    let state = ["show", "status", "priority"];
    (child.has_ns(ns::CLIENT) && state.contains(&child.name()))
        || [ns::CAPS, ns::CAPS2, ns::IDLE, ns::VCARD_UPDATE].iter().any(|ns| child.has_ns(*ns))
}
