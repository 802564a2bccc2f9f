//! What a client of `urn:xmpp:muc:0` asks of a room: by presence to its bare address, and for its bare JID by request.
//!
//! The draft's example closes `<muc2/>` twice, so it leaves open whether the wishes stand inside it or beside it. Inside is
//! what its text says, and what counts. Where `<muc2/>` is empty, those beside it count, in its namespace or in that of
//! `<x/>`: nothing of XEP-0045 has their names.

use minidom::Element;

use super::{Ask as Any, BAD_REQUEST, Read, muc};
use crate::codec::Stanza;
use crate::gc3::room::Level;
use crate::gc3::rules::muc2 as rule;
use crate::ns;

/// What somebody asks in this dialect.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    /// To enter, or to begin anew.
    Enter(Enter<'a>),
    /// That the sender's bare JID occupies the room, under this nickname.
    Occupy { nickname: Option<String>, password: Option<&'a Element> },
    /// That it does not any more.
    Vacate,
}

/// A presence that wants to join in this dialect.
#[derive(Debug)]
pub(crate) struct Enter<'a> {
    /// What it asks as one of XEP-0045, which it is where this dialect is not spoken.
    pub(crate) plain: muc::Ask<'a>,
    /// What it wishes; `None`: it cannot be read.
    pub(crate) wish: Option<Wish>,
}

/// What somebody who enters wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) nickname: Option<String>,
    pub(crate) level: Level,
    pub(crate) visibility: Option<Visibility>,
}

/// Whether somebody wants its real JID to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Anonymous,
    NonAnonymous,
}

/// Whether a presence names this dialect.
pub(crate) fn is_named(stanza: &Stanza) -> bool {
    stanza.child("x", ns::MUC).is_some_and(|x| x.get_child("muc2", ns::MUC2).is_some())
}

/// Reads a presence that names this dialect.
pub(super) fn read(stanza: &Stanza) -> Read<'_> {
    let plain = match muc::read(stanza) {
        Read::Ask(Any::Muc(plain)) => plain,
        other => return other,
    };
    let wish = stanza.child("x", ns::MUC).and_then(wish);
    Read::Ask(Any::Muc2(Ask::Enter(Enter { plain, wish })))
}

fn wish(x: &Element) -> Option<Wish> {
    let mut named = x.children().filter(|child| child.is("muc2", ns::MUC2));
    let muc2 = named.next()?;
    if named.next().is_some() {
        return None;
    }
    let beside = muc2.children().next().is_none();
    let children = |name: &'static str| {
        let inside = muc2.children().filter(move |child| child.is(name, ns::MUC2));
        let of_x = x.children().filter(move |child| beside && (child.is(name, ns::MUC2) || child.is(name, ns::MUC)));
        inside.chain(of_x)
    };
    Some(Wish {
        nickname: only(children("nickname"))?.map(Element::text),
        level: match only(children("presence"))?.and_then(|presence| presence.attr("level")) {
            Some(name) => Level::parse(name)?,
            None => Level::default(),
        },
        visibility: match only(children("visibility"))? {
            Some(visibility) => Some(match visibility.attr("type")? {
                "anonymous" => Visibility::Anonymous,
                "non-anonymous" => Visibility::NonAnonymous,
                _ => return None,
            }),
            None => None,
        },
    })
}

/// The only one of some elements, if there is any; `None` if there are more.
fn only<'a>(mut all: impl Iterator<Item = &'a Element>) -> Option<Option<&'a Element>> {
    let first = all.next();
    if all.next().is_none() { Some(first) } else { None }
}

/// Reads the request of a bare JID to occupy the room.
pub(super) fn occupy(join: &Element) -> Read<'_> {
    match only(join.children().filter(|child| child.is("nickname", ns::MUC2))) {
        Some(nickname) => {
            let password = join.get_child("password", ns::MUC2);
            Read::Ask(Any::Muc2(Ask::Occupy { nickname: nickname.map(Element::text), password }))
        }
        None => Read::Malformed(rule::F2, BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Option<Wish> {
        let xml = format!("<x xmlns='http://jabber.org/protocol/muc'>{inner}</x>");
        wish(&xml.parse().unwrap())
    }

    #[test]
    fn wishes_stand_inside_or_beside_an_empty_element() {
        let all = Wish { nickname: Some("Ann".into()), level: Level::Join, visibility: Some(Visibility::Anonymous) };
        let children = "<nickname>Ann</nickname><presence level='join'/><visibility type='anonymous'/>";
        assert_eq!(read(&format!("<muc2 xmlns='urn:xmpp:muc:0'>{children}</muc2>")), Some(all.clone()));
        assert_eq!(read(&format!("<muc2 xmlns='urn:xmpp:muc:0'/>{children}")), Some(all.clone()));
        let own = "<nickname xmlns='urn:xmpp:muc:0'>Ann</nickname><presence xmlns='urn:xmpp:muc:0' level='join'/>\
                   <visibility xmlns='urn:xmpp:muc:0' type='anonymous'/>";
        assert_eq!(read(&format!("<muc2 xmlns='urn:xmpp:muc:0'/>{own}")), Some(all));
        assert_eq!(read("<muc2 xmlns='urn:xmpp:muc:0'/>"), Some(Wish::default()));
    }

    #[test]
    fn what_is_inside_beats_what_is_beside() {
        let nick = |wish: Option<Wish>| wish.unwrap().nickname;
        let both = "<muc2 xmlns='urn:xmpp:muc:0'><nickname>Ann</nickname></muc2><nickname>Ben</nickname>";
        assert_eq!(nick(read(both)).as_deref(), Some("Ann"));
        let other = "<muc2 xmlns='urn:xmpp:muc:0'><presence/></muc2><nickname>Ben</nickname>";
        assert_eq!(nick(read(other)), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_wish() {
        for inner in [
            "<nickname>Ann</nickname><nickname>Ben</nickname>",
            "<presence level='some'/>",
            "<presence/><presence/>",
            "<visibility/>",
            "<visibility type='invisible'/>",
        ] {
            assert_eq!(read(&format!("<muc2 xmlns='urn:xmpp:muc:0'>{inner}</muc2>")), None, "{inner}");
        }
        assert_eq!(read("<muc2 xmlns='urn:xmpp:muc:0'/><muc2 xmlns='urn:xmpp:muc:0'/>"), None);
    }
}
