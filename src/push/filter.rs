//! Which chats a registration wants to hear of: the filters of Tigase inside a XEP-0357 `<enable/>`, those of Push 2.0
//! inside a `<match/>`, and the chat settings of XEP-0492.

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;
use serde::{Deserialize, Serialize};

use super::mention::Nick;
use crate::codec::{Writer, parse_jid};
use crate::ns;
use crate::time::Span;

/// The filters of Tigase: what a XEP-0357 registration says beside its node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Chats that never push (`tigase:push:filter:muted:0`): bare JIDs.
    pub muted: BTreeSet<Box<str>>,
    /// The rooms that push, if only some do (`tigase:push:filter:groupchat:0`): bare JIDs.
    pub rooms: Option<BTreeMap<Box<str>, Allow>>,
    /// Who is not in the roster does not push (`tigase:push:filter:ignore-unknown:0`).
    pub ignore_unknown: bool,
    /// High priority is told to the push service (`tigase:push:priority:0`).
    pub priority: bool,
}

/// What of a room pushes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allow {
    /// Everything.
    Always,
    /// Nothing.
    Never,
    /// What mentions somebody of this nickname.
    Mentioned(Option<Nick>),
}

impl Filters {
    /// Reads the filters of an `<enable/>`. What is no JID, or allows what is not known, is passed over.
    #[must_use]
    pub fn read(enable: &Element) -> Self {
        let mut filters = Self {
            ignore_unknown: enable.has_child("ignore-unknown", ns::TIGASE_UNKNOWN),
            priority: enable.has_child("priority", ns::TIGASE_PRIORITY),
            ..Self::default()
        };
        if let Some(muted) = enable.get_child("muted", ns::TIGASE_MUTED) {
            filters.muted.extend(muted.children().filter(|item| item.name() == "item").filter_map(bare_of));
        }
        if let Some(rooms) = enable.get_child("groupchat", ns::TIGASE_GROUPCHAT) {
            let rules = rooms.children().filter(|room| room.name() == "room");
            filters.rooms = Some(rules.filter_map(|room| Some((bare_of(room)?, Allow::read(room)?))).collect());
        }
        filters
    }

    /// Writes the filters into an open `<enable/>`. A nickname is written folded, as it is kept.
    pub fn write(&self, writer: &mut Writer) {
        if !self.muted.is_empty() {
            writer.open("muted", ns::TIGASE_MUTED);
            for jid in &self.muted {
                writer.open("item", ns::TIGASE_MUTED).attr("jid", jid).close();
            }
            writer.close();
        }
        if let Some(rooms) = &self.rooms {
            writer.open("groupchat", ns::TIGASE_GROUPCHAT);
            for (jid, allow) in rooms {
                writer.open("room", ns::TIGASE_GROUPCHAT).attr("jid", jid).attr("allow", allow.as_str());
                if let Allow::Mentioned(Some(nick)) = allow {
                    writer.attr("nick", nick.as_str());
                }
                writer.close();
            }
            writer.close();
        }
        if self.ignore_unknown {
            writer.open("ignore-unknown", ns::TIGASE_UNKNOWN).close();
        }
        if self.priority {
            writer.open("priority", ns::TIGASE_PRIORITY).close();
        }
    }

    /// How many chats are named.
    #[must_use]
    pub fn len(&self) -> usize {
        self.muted.len() + self.rooms.as_ref().map_or(0, BTreeMap::len)
    }

    /// Whether no chat is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Allow {
    fn read(room: &Element) -> Option<Self> {
        match room.attr("allow")? {
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            "mentioned" => Some(Self::Mentioned(room.attr("nick").and_then(Nick::new))),
            _ => None,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Mentioned(_) => "mentioned",
        }
    }
}

fn bare_of(item: &Element) -> Option<Box<str>> {
    Some(parse_jid(item.attr("jid")?)?.to_bare().as_str().into())
}

/// A `<match/>` of Push 2.0: which messages, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Which messages at all.
    pub profile: Profile,
    /// How long activity on another session holds pushes back.
    pub grace: Span,
    /// Chats of which only some messages push: bare JIDs.
    pub filters: BTreeMap<Box<str>, ChatFilter>,
}

/// What of one chat pushes all the same; with neither it is muted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatFilter {
    /// Mentions.
    pub mention: bool,
    /// Replies to what one said.
    pub reply: bool,
}

/// Which messages a `<match/>` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Profile {
    /// All.
    All,
    /// Those that say something to a person.
    Important,
    /// Those that the user's archive holds.
    Archived,
    /// Those of them that have a body.
    ArchivedWithBody,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 4] = [Self::All, Self::Important, Self::Archived, Self::ArchivedWithBody];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "urn:xmpp:push2:match:all",
            Self::Important => "urn:xmpp:push2:match:important",
            Self::Archived => "urn:xmpp:push2:match:archived",
            Self::ArchivedWithBody => "urn:xmpp:push2:match:archived-with-body",
        }
    }

    /// The profile of a name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == name)
    }
}

impl Match {
    /// Reads a `<match/>`, but for its `<send/>`; `None` if its profile is not known. A filter that names no JID is
    /// passed over; a grace that is no number is none.
    #[must_use]
    pub fn read(element: &Element) -> Option<Self> {
        let profile = Profile::from_name(element.attr("profile")?)?;
        let mut found = Self { profile, grace: Span::ZERO, filters: BTreeMap::new() };
        for child in element.children().filter(|child| child.has_ns(ns::PUSH2)) {
            match child.name() {
                "grace" => found.grace = Span::from_secs(child.text().trim().parse().unwrap_or(0)),
                "filter" => {
                    if let Some(jid) = bare_of(child) {
                        let has = |name| child.has_child(name, ns::PUSH2);
                        found.filters.insert(jid, ChatFilter { mention: has("mention"), reply: has("reply") });
                    }
                }
                _ => {}
            }
        }
        Some(found)
    }

    /// Writes the `<match/>` in the form of the module text, its `<send/>` inside.
    pub fn write(&self, writer: &mut Writer) {
        writer.open("match", ns::PUSH2).attr("profile", self.profile.as_str());
        if self.grace > Span::ZERO {
            writer.leaf("grace", ns::PUSH2, &(self.grace.millis() / 1000).to_string());
        }
        for (jid, filter) in &self.filters {
            writer.open("filter", ns::PUSH2).attr("jid", jid);
            for (name, there) in [("mention", filter.mention), ("reply", filter.reply)] {
                if there {
                    writer.open(name, ns::PUSH2).close();
                }
            }
            writer.close();
        }
        writer.open("send", super::enable::NOTIFY_ONLY).close();
        writer.close();
    }
}

/// When a chat may disturb (XEP-0492).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// For every message.
    Always,
    /// For messages that mention one.
    OnMention,
    /// Never.
    Never,
}

/// The settings of one chat, as a bookmark holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings(Vec<For>);

/// Whom a setting is for, category and type, and the setting.
type For = (Option<Box<str>>, Option<Box<str>>, Setting);

/// Settings of one chat that are kept: one for each kind of client there is, and more.
const KEPT: usize = 32;

impl Settings {
    /// Reads a `<notify/>`. A type without a category is not allowed and passed over; what is there twice counts once.
    #[must_use]
    pub fn read(notify: &Element) -> Self {
        let mut settings = Self::default();
        for child in notify.children().filter(|child| child.has_ns(ns::NOTIFY)) {
            let setting = match child.name() {
                "always" => Setting::Always,
                "on-mention" => Setting::OnMention,
                "never" => Setting::Never,
                _ => continue,
            };
            let (category, type_) = (child.attr("identity-category"), child.attr("identity-type"));
            let odd = type_.is_some() && category.is_none();
            if !odd && settings.of(category, type_).is_none() && settings.0.len() < KEPT {
                settings.0.push((category.map(Into::into), type_.map(Into::into), setting));
            }
        }
        settings
    }

    fn of(&self, category: Option<&str>, type_: Option<&str>) -> Option<Setting> {
        let fits = |(c, t, _): &&For| c.as_deref() == category && t.as_deref() == type_;
        self.0.iter().find(fits).map(|(_, _, setting)| *setting)
    }

    /// The setting for a client of that identity, the most specific first (XEP-0492 §3): category and type, category,
    /// neither.
    #[must_use]
    pub fn get(&self, identity: Option<(&str, &str)>) -> Option<Setting> {
        if self.0.is_empty() {
            return None;
        }
        let specific = identity.and_then(|(category, type_)| {
            self.of(Some(category), Some(type_)).or_else(|| self.of(Some(category), None))
        });
        specific.or_else(|| self.of(None, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    fn element(inner: &str) -> Element {
        let xml = format!("<iq type='set' id='1'>{inner}</iq>");
        Reader::one(ns::CLIENT, xml.as_bytes()).unwrap().element.children().next().unwrap().clone()
    }

    fn written(name: &str, space: &str, write: impl FnOnce(&mut Writer)) -> Element {
        let mut writer = Writer::inheriting(ns::CLIENT);
        writer.open("iq", ns::CLIENT).attr("type", "set").attr("id", "1").open(name, space);
        write(&mut writer);
        writer.close().close();
        Reader::one(ns::CLIENT, &writer.finish()).unwrap().element.children().next().unwrap().clone()
    }

    #[test]
    fn filters_of_tigase_are_read_and_written() {
        let filters = Filters::read(&element(
            "<enable xmlns='urn:xmpp:push:0'><muted xmlns='tigase:push:filter:muted:0'><item jid='ben@oak.example/x'/>\
             <item jid='@'/></muted><groupchat xmlns='tigase:push:filter:groupchat:0'>\
             <room jid='tea@rooms.example' allow='mentioned' nick='Ann'/><room jid='cake@rooms.example' allow='always'/>\
             <room jid='pie@rooms.example' allow='sometimes'/></groupchat>\
             <ignore-unknown xmlns='tigase:push:filter:ignore-unknown:0'/><priority xmlns='tigase:push:priority:0'/>\
             </enable>",
        ));
        assert!(filters.ignore_unknown && filters.priority && filters.muted.contains("ben@oak.example"));
        assert_eq!(filters.len(), 3);
        assert_eq!(
            filters.rooms.as_ref().and_then(|rooms| rooms.get("tea@rooms.example")),
            Some(&Allow::Mentioned(Nick::new("ann")))
        );
        assert_eq!(Filters::read(&written("enable", ns::PUSH, |writer| filters.write(writer))), filters);
        assert!(Filters::read(&element("<enable xmlns='urn:xmpp:push:0'/>")).is_empty());
    }

    #[test]
    fn a_match_is_read_and_written() {
        let of = element(
            "<match xmlns='urn:xmpp:push2:0' profile='urn:xmpp:push2:match:important'><grace>144</grace>\
             <filter jid='tea@rooms.example'><mention/></filter><filter jid='cake@rooms.example'/><filter/></match>",
        );
        let found = Match::read(&of).unwrap();
        assert_eq!((found.profile, found.grace, found.filters.len()), (Profile::Important, Span::from_secs(144), 2));
        assert!(found.filters.get("tea@rooms.example").is_some_and(|filter| filter.mention && !filter.reply));
        let again = written("enable", ns::PUSH2, |writer| found.write(writer));
        assert_eq!(Match::read(again.children().next().unwrap()), Some(found));
        assert_eq!(Match::read(&element("<match xmlns='urn:xmpp:push2:0' profile='mine'/>")), None);
    }

    #[test]
    fn the_most_specific_setting_wins() {
        let settings = Settings::read(&element(
            "<notify xmlns='urn:xmpp:notification-settings:1'><never identity-category='client' identity-type='pc'/>\
             <on-mention identity-category='client'/><always/><never/><never identity-type='phone'/></notify>",
        ));
        assert_eq!(settings.get(Some(("client", "pc"))), Some(Setting::Never));
        assert_eq!(settings.get(Some(("client", "phone"))), Some(Setting::OnMention));
        assert_eq!(settings.get(Some(("gateway", "phone"))), Some(Setting::Always));
        assert_eq!(settings.get(None), Some(Setting::Always));
        assert_eq!(Settings::default().get(None), None);
    }
}
