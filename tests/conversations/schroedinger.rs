//! Schrödinger's chat, as what goes over the wire: the room falls back to a time before Cid joined, both are silent, and
//! his client finds out by itself, joins again and reads what was said meanwhile. And the same by XEP-0045, where the room
//! cannot say what was missed. And reactions, where the client shows what the room has not taken yet.

use xmpp_machines::Span;
use xmpp_machines::gc3::Client;
use xmpp_machines::gc3::client::{ClientConfig, Command, Dialect, Standing};
use xmpp_machines::jid::{BareJid, FullJid};
use xmpp_machines::limits::ClientLimits;
use xmpp_machines::ns;
use xmpp_machines::reactions::Wish;
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::vectors::START;
use xmpp_machines::sim::world::chat::{Actor, Chat};
use xmpp_machines::sim::xml::Tree;

const ANN: usize = 0;
const BEN: usize = 1;
const CID: usize = 2;

struct Story {
    chat: Chat,
    text: String,
    names: Vec<(String, String)>,
}

impl Story {
    fn note(&mut self, what: &str) {
        self.flush();
        self.text += &format!("# {what}\n");
    }

    fn wait(&mut self, seconds: u64) {
        self.chat.pass(Span::from_secs(seconds)).unwrap();
        self.flush();
    }

    /// What went between the room and Cid since the last call.
    fn flush(&mut self) {
        let log = self.chat.world.log.replace(Vec::new()).unwrap_or_default();
        for (at, from, to, stanza) in log {
            let cid = [from, to].contains(&(1 + 2 * CID)) && [from, to].contains(&0);
            if cid {
                let arrow = if to == 0 { "cid → room" } else { "room → cid" };
                let mut tree = Tree::from(&stanza.element).trimmed();
                if to == 0 {
                    tree.unset("from");
                }
                tree.unset("to");
                let seconds = at.since(START).millis() / 1000;
                self.text += &format!("@{seconds} {arrow} {}\n", tree.line(ns::CLIENT));
            }
        }
    }

    /// Names for what was drawn, in the order in which it comes up.
    fn told(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text).replace(self.chat.room(), "{room}");
        let drawn = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        let words: Vec<String> = text.split(|c| !drawn(c)).filter(|word| word.len() == 26).map(str::to_owned).collect();
        for word in words {
            if !self.names.iter().any(|(known, _)| *known == word) {
                self.names.push((word, format!("{{{}}}", self.names.len() + 1)));
            }
        }
        for (word, name) in &self.names {
            text = text.replace(word.as_str(), name);
        }
        text
    }
}

#[test]
fn client_and_room_come_together_again() {
    let mut chat = Chat::new(1, [Dialect::Gc3; 4]).unwrap();
    chat.command(CID, Command::Leave);
    chat.pass(Span::from_secs(10)).unwrap();
    if let Some(Actor::Rooms(rooms)) = chat.world.nodes.first_mut() {
        rooms.keep();
    }
    chat.world.log = Some(Vec::new());
    let mut story = Story { chat, text: String::new(), names: Vec::new() };
    story.note("Cid joins. His client approves the room's subscription and reads who is there.");
    story.chat.command(CID, Command::Join);
    story.wait(10);
    story.note("The service falls back to a time before he came. Nobody tells him: his client still shows the room.");
    story.chat.restart(true);
    story.wait(10);
    assert_eq!(story.chat.device(CID).client.standing(), Standing::In);
    story.note("Ann speaks, and Cid hears nothing.");
    story.chat.say(ANN);
    story.wait(60);
    story.note(
        "After a quarter of an hour without a proof his client asks, is told the truth, joins again and reads on.",
    );
    story.wait(15 * 60);
    assert_eq!(story.chat.device(CID).client.standing(), Standing::In);
    assert!(story.chat.longest <= xmpp_machines::sim::world::chat::BOUND);
    assert_eq!(story.chat.device(CID).shown.len(), 1, "what Ann said is there after all");
    insta::assert_snapshot!(story.told());
}

#[test]
fn an_occupant_finds_out_who_has_left() {
    let mut chat = Chat::new(1, [Dialect::Gc3, Dialect::Muc, Dialect::Muc, Dialect::Gc3]).unwrap();
    chat.world.log = Some(Vec::new());
    let mut story = Story { chat, text: String::new(), names: Vec::new() };
    story.note("The stream to Cid's server is broken for a minute. Meanwhile Ann speaks, and Ben leaves.");
    let until = story.chat.world.now.plus(Span::from_secs(60));
    story.chat.world.net.cut(0, 1 + 2 * CID, until);
    story.chat.say(ANN);
    story.chat.command(BEN, Command::Leave);
    story.wait(60);
    story.note("Nobody tells Cid: his client shows Ben, and not what Ann said.");
    let sees = |story: &Story, name: &str| story.chat.device(CID).client.people().any(|(nick, _)| nick == name);
    assert!(sees(&story, "Ben") && story.chat.device(CID).shown.is_empty());
    story
        .note("After a quarter of an hour it asks whether it is in, what was said, and who is there; and enters anew.");
    story.wait(16 * 60);
    assert_eq!(story.chat.device(CID).client.standing(), Standing::In);
    assert!(!sees(&story, "Ben") && sees(&story, "Ann") && story.chat.device(CID).shown.len() == 1);
    insta::assert_snapshot!(story.told());
}

/// What a room allows, as Ann submits it.
fn allow(reactions: &[&str], each: u32) -> String {
    let values: String = reactions.iter().map(|reaction| format!("<value>{reaction}</value>")).collect();
    format!(
        "<config xmlns='urn:xmpp:gc3:0'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
         <value>urn:xmpp:gc3:config</value></field><field var='urn:xmpp:gc3:fields:reactions'>{values}</field>\
         <field var='urn:xmpp:gc3:fields:reactions-per-user'><value>{each}</value></field></x></config>"
    )
}

#[test]
fn a_client_shows_reactions_before_the_room_has_them_and_takes_back_what_it_refuses() {
    let mut chat = Chat::new(1, [Dialect::Gc3; 4]).unwrap();
    chat.command(CID, Command::Leave);
    chat.pass(Span::from_secs(10)).unwrap();
    let config = ClientConfig {
        room: BareJid::new(chat.room()).unwrap(),
        me: FullJid::new("cid@fig.example/desk").unwrap(),
        dialect: Dialect::Gc3,
        nick: "Cid".into(),
        password: None,
        archive: true,
        occupant_ids: true,
        account: false,
        reactions: true,
    };
    if let Some(Actor::Device(device)) = chat.world.nodes.get_mut(2 + 2 * CID) {
        device.client = Client::new(config, ClientLimits::default(), Seed::new([102; 32]));
    }
    chat.command(CID, Command::Online);
    chat.command(CID, Command::Join);
    chat.pass(Span::from_secs(10)).unwrap();
    chat.say(ANN);
    chat.pass(Span::from_secs(10)).unwrap();
    let said = chat.device(CID).shown.iter().next().cloned().unwrap();
    let react = |story: &mut Story, wish: Wish| {
        story.chat.command(CID, Command::React { to: said.as_str().into(), wish });
        story.chat.device(CID).client.reactions(&said).to_vec()
    };
    let shown = |story: &Story| story.chat.device(CID).client.reactions(&said).to_vec();
    chat.world.log = Some(Vec::new());
    let mut story = Story { chat, text: String::new(), names: Vec::new() };
    story.note("Cid reacts twice to what Ann said. His client shows it at once, and the room sends it to everybody.");
    react(&mut story, Wish::Add("👍".into()));
    assert_eq!(react(&mut story, Wish::Add("🍵".into())), ["👍", "🍵"]);
    story.wait(10);
    story.note("Ann allows one of two from now on. His client hears that something changed, and asks; his two stay.");
    story.chat.request(ANN, &allow(&["👍", "💜"], 1));
    story.wait(10);
    assert_eq!(story.chat.device(CID).client.allowed().allowed, ["👍", "💜"]);
    assert_eq!(shown(&story), ["👍", "🍵"]);
    story.note("What is not offered is not sent. What is takes the place of the others.");
    assert_eq!(react(&mut story, Wish::Add("🎉".into())), ["👍", "🍵"]);
    assert_eq!(react(&mut story, Wish::Add("💜".into())), ["💜"]);
    story.wait(10);
    story.note("Ann takes one off the list, and before he hears of it he gives it: it is refused, and taken back.");
    story.chat.request(ANN, &allow(&["💜"], 1));
    story.chat.pass(Span::from_millis(40)).unwrap();
    assert_eq!(react(&mut story, Wish::Add("👍".into())), ["👍"]);
    story.wait(10);
    assert_eq!(shown(&story), ["💜"]);
    story.note("To take it away is always allowed.");
    assert_eq!(react(&mut story, Wish::Remove("💜".into())), [""; 0]);
    story.wait(10);
    assert_eq!(shown(&story), [""; 0]);
    insta::assert_snapshot!(story.told());
}
