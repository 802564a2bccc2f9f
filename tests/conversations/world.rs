//! A room service and its host, with names for what is drawn.

use jid::BareJid;
use xmpp_machines::codec::Reader;
use xmpp_machines::gc3::{Command, Input, Service, ServiceConfig};
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::xml::Tree;
use xmpp_machines::sim::{Bench, Line, SimHost};
use xmpp_machines::{Snapshot as _, Time, ns};

pub(crate) const START: Time = Time::from_millis(1_800_000_000_000);

pub(crate) const ANN: &str = "ann@tea.example/laptop";
pub(crate) const BEN: &str = "ben@oak.example/phone";
pub(crate) const CID: &str = "cid@fig.example/desk";
pub(crate) const DEE: &str = "dee@elm.example/tablet";

pub(crate) fn service() -> Service {
    let config = ServiceConfig::new(&BareJid::new("rooms.example").unwrap());
    Service::new(config, Gc3Limits::default(), Seed::new([9; 32]))
}

pub(crate) fn stanza(text: &str) -> Input {
    Input::Stanza(Reader::one(ns::CLIENT, text.as_bytes()).unwrap())
}

/// A filled-in form; `fields` are names and values.
pub(crate) fn form(kind: &str, fields: &[(&str, &str)]) -> String {
    let mut form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:{kind}</value></field>"
    );
    for (name, value) in fields {
        form += &format!("<field var='urn:xmpp:gc3:fields:{name}'><value>{value}</value></field>");
    }
    form + "</x>"
}

/// A service on its bench. What it draws gets names: rooms, participants, messages.
pub(crate) struct World {
    pub(crate) bench: Bench<Service, SimHost>,
    at: u64,
    lines: Vec<Line>,
    /// Names and what they stand for, in the order in which they came up.
    names: Vec<(String, String)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let bench = Bench::new(service(), SimHost::default(), START);
        Self { bench, at: 0, lines: Vec::new(), names: Vec::new() }
    }

    /// The same, with rooms that are entered by presence, too, in either dialect.
    pub(crate) fn muc() -> Self {
        let mut world = Self::new();
        let config = ServiceConfig { muc: true, muc2: true, ..world.bench.machine.config().clone() };
        world.bench.machine.reconfigure(config).unwrap();
        world
    }

    /// Somebody enters by presence.
    pub(crate) fn enter(&mut self, from: &str, nick: &str) -> Vec<(Vec<String>, Tree)> {
        let x = "<x xmlns='http://jabber.org/protocol/muc'/>";
        self.send(1000, &format!("<presence from='{from}' to='{{room}}/{nick}'>{x}</presence>"))
    }

    /// Somebody enters by `urn:xmpp:muc:0`, and wants presence of that level.
    pub(crate) fn enter_by_id(&mut self, from: &str, nick: &str, level: &str) -> Vec<(Vec<String>, Tree)> {
        let wishes = format!("<nickname>{nick}</nickname><presence level='{level}'/>");
        let x = format!("<x xmlns='http://jabber.org/protocol/muc'><muc2 xmlns='urn:xmpp:muc:0'>{wishes}</muc2></x>");
        self.send(1000, &format!("<presence from='{from}' to='{{room}}'>{x}</presence>"))
    }

    /// Text in which `{names}` are filled in.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    pub(crate) fn note(&mut self, what: &str) {
        self.lines.push(Line::Note { what: what.to_owned() });
    }

    /// A stanza comes in, that many milliseconds after the one before. Gives what is sent.
    pub(crate) fn send(&mut self, after: u64, text: &str) -> Vec<(Vec<String>, Tree)> {
        let input = stanza(&self.fill(text));
        self.give(after, input)
    }

    pub(crate) fn command(&mut self, after: u64, command: Command) {
        self.give(after, Input::Command(command));
    }

    fn give(&mut self, after: u64, input: Input) -> Vec<(Vec<String>, Tree)> {
        self.at += after;
        self.bench.handle(Time::from_millis(START.millis() + self.at), input).unwrap().unwrap();
        self.hear()
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, millis: u64) -> Vec<(Vec<String>, Tree)> {
        self.at += millis;
        self.bench.pass(Time::from_millis(START.millis() + self.at)).unwrap();
        self.hear()
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_millis(START.millis() + self.at)
    }

    fn hear(&mut self) -> Vec<(Vec<String>, Tree)> {
        self.bench.machine.check().unwrap();
        let lines = self.bench.take_lines();
        let mut sent = Vec::new();
        for line in &lines {
            if let Line::Send { to, stanza, .. } = line {
                self.name(stanza);
                sent.push((to.clone(), stanza.clone()));
            }
        }
        self.lines.extend(lines);
        sent
    }

    fn name(&mut self, stanza: &Tree) {
        for child in stanza.children() {
            let text = |name: &str| child.children().find(|c| c.name == name).map(Tree::text);
            match (child.name.as_str(), child.attr("id")) {
                ("created" | "joined", Some(id)) => {
                    if child.name == "created" {
                        self.bind("room", text("subscription-jid").unwrap());
                        let version = child.attr("version").unwrap();
                        self.bind("tag", version.split('.').next().unwrap().to_owned());
                    }
                    self.bind(&text("nick").unwrap().to_lowercase(), id.to_owned());
                }
                ("stanza-id", Some(id)) => {
                    let name = stanza.attr("id").filter(|own| own.len() < 10).unwrap_or("moderation");
                    self.bind(&format!("{name}-id"), id.to_owned());
                }
                ("occupant-id", Some(id)) => {
                    let x = stanza.children().find(|c| c.name == "x");
                    let nick = x.and_then(|x| x.children().find(|c| c.name == "nickname")).map(Tree::text);
                    if let Some(nick) = nick {
                        self.bind(&nick.to_lowercase(), id.to_owned());
                    }
                }
                ("query", _) if stanza.attr("from") == Some("rooms.example") => {
                    self.bind("asked", stanza.attr("id").unwrap().to_owned());
                }
                ("vCard", _) if stanza.attr("from") == Some("rooms.example") => {
                    self.bind("relayed", stanza.attr("id").unwrap().to_owned());
                }
                _ => {}
            }
        }
    }

    /// Gives something a name, unless it has one. A name that is taken gets a number.
    pub(crate) fn bind(&mut self, name: &str, value: String) {
        if self.names.iter().any(|(_, known)| *known == value) {
            return;
        }
        let taken = |name: &str| self.names.iter().any(|(known, _)| known == name);
        let name = (1..).map(|n| if n == 1 { name.to_owned() } else { format!("{name}{n}") }).find(|n| !taken(n));
        self.names.extend(name.map(|name| (name, value)));
    }

    pub(crate) fn create(&mut self, kind: &str, fields: &[(&str, &str)], topics: &[&str]) {
        let mut all = vec![("nickname", "Ann"), ("kind", kind), ("name", "Tea")];
        all.extend(fields);
        let form = form("create-form", &all);
        let topics = subscribes(topics);
        self.send(
            1000,
            &format!(
                "<iq type='set' id='create' from='{ANN}' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>{form}{topics}</create></iq>"
            ),
        );
    }

    pub(crate) fn join(&mut self, from: &str, nick: &str, topics: &[&str]) -> Vec<(Vec<String>, Tree)> {
        let form = form("join-form", &[("nickname", nick)]);
        self.set(from, &format!("<join xmlns='urn:xmpp:gc3:0'>{form}{}</join>", subscribes(topics)))
    }

    pub(crate) fn set(&mut self, from: &str, payload: &str) -> Vec<(Vec<String>, Tree)> {
        self.send(1000, &format!("<iq type='set' id='q' from='{from}' to='{{room}}'>{payload}</iq>"))
    }

    pub(crate) fn get(&mut self, from: &str, payload: &str) -> Vec<(Vec<String>, Tree)> {
        self.send(1000, &format!("<iq type='get' id='q' from='{from}' to='{{room}}'>{payload}</iq>"))
    }

    pub(crate) fn say(&mut self, from: &str, id: &str, body: &str) -> Vec<(Vec<String>, Tree)> {
        let body = format!("<body>{body}</body>");
        self.send(1000, &format!("<message type='groupchat' id='{id}' from='{from}' to='{{room}}'>{body}</message>"))
    }

    pub(crate) fn presence(&mut self, from: &str, type_: &str, content: &str) -> Vec<(Vec<String>, Tree)> {
        let type_ = if type_.is_empty() { String::new() } else { format!(" type='{type_}'") };
        self.send(500, &format!("<presence{type_} from='{from}' to='{{room}}'>{content}</presence>"))
    }

    /// Loses everything since that snapshot was taken.
    pub(crate) fn fall_back(&mut self, saved: &[u8]) {
        self.bench.machine = Service::load(saved).unwrap();
    }

    /// Everything that happened, with names for what was drawn.
    pub(crate) fn story(&self) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        names.iter().fold(text, |text, (name, value)| text.replace(value.as_str(), &format!("{{{name}}}")))
    }
}

fn subscribes(topics: &[&str]) -> String {
    topics.iter().map(|topic| format!("<subscribe type='{topic}'/>")).collect()
}
