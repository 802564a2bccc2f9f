//! The life of files, as the service hears, says and orders it: slots, a quota, a deletion by hand and a deadline.

use xmpp_machines::codec::Reader;
use xmpp_machines::limits::RetentionLimits;
use xmpp_machines::retention::{Input, Service, ServiceConfig, SlotId, Which};
use xmpp_machines::seed::Seed;
use xmpp_machines::sim::vectors::{START, Shelves, UPLOADS, policy_of_vectors};
use xmpp_machines::sim::xml::Tree;
use xmpp_machines::sim::{Bench, Line};
use xmpp_machines::time::Span;
use xmpp_machines::{Time, ns};

struct Story {
    bench: Bench<Service, Shelves>,
    now: Time,
    text: String,
    /// Slots and passes by the names of their files.
    names: Vec<(String, String)>,
    token: u64,
}

impl Story {
    fn new() -> Self {
        let config = ServiceConfig::new(UPLOADS, "https://up.example/", Seed::new([3; 32]));
        let service =
            Service::new(config, policy_of_vectors(), RetentionLimits::default(), Seed::new([7; 32])).unwrap();
        let bench = Bench::new(service, Shelves::default(), START);
        Self { bench, now: START, text: String::new(), names: Vec::new(), token: 0 }
    }

    fn note(&mut self, what: &str) {
        self.text += &format!("# {what}\n");
    }

    fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
        self.bench.pass(self.now).unwrap();
        self.flush();
    }

    fn give(&mut self, input: Input) -> Vec<Line> {
        self.now = self.now.plus(Span::from_secs(1));
        self.bench.handle(self.now, input).unwrap().unwrap();
        self.flush()
    }

    fn flush(&mut self) -> Vec<Line> {
        self.bench.host.orders.clear();
        let lines = self.bench.take_lines();
        self.text.extend(lines.iter().map(|line| format!("{line}\n")));
        lines
    }

    /// Somebody asks for a slot. Gives it with its pass, if there is one.
    fn ask(&mut self, name: &str, size: u64) -> Option<(SlotId, String)> {
        let text = format!(
            "<iq type='get' id='u' from='ann@tea.example/pot' to='{UPLOADS}'>\
             <request xmlns='urn:xmpp:http:upload:0' filename='{name}' size='{size}'/></iq>"
        );
        let lines = self.give(Input::Stanza(Reader::one(ns::CLIENT, text.as_bytes()).unwrap()));
        let answer = lines.iter().find_map(|line| match line {
            Line::Send { stanza, .. } => Some(stanza),
            _ => None,
        })?;
        let put = answer.children().next()?.children().find(|child| child.name == "put")?;
        let slot = put.attr("url")?.strip_prefix("https://up.example/")?.split('/').next()?.to_owned();
        let pass = put.children().next().map(Tree::text)?;
        let short = name.split('.').next().unwrap();
        self.names.push((slot.clone(), format!("{{{short}}}")));
        self.names.push((pass.clone(), format!("{{pass of {short}}}")));
        Some((SlotId::parse(&slot)?, pass))
    }

    fn put(&mut self, (slot, pass): (SlotId, String), bytes: u64) {
        self.token += 1;
        let token = self.token;
        let authorization = Some(pass.into());
        self.give(Input::Put { token, slot: slot.text(), authorization, length: Some(bytes), content_type: None });
        self.give(Input::Stored { token, slot, bytes });
    }

    fn get(&mut self, slot: SlotId) {
        self.token += 1;
        self.give(Input::Get { token: self.token, slot: slot.text() });
    }

    fn told(self) -> String {
        self.names.iter().fold(self.text, |text, (drawn, name)| text.replace(drawn.as_str(), name))
    }
}

#[test]
fn the_life_of_three_files() {
    let mut story = Story::new();
    story.note("Ann may have 100 bytes, 60 in one file, each for 30 days. She uploads two files.");
    let cup = story.ask("cup.webp", 50).unwrap();
    story.put(cup.clone(), 50);
    story.wait(Span::from_days(1));
    let pot = story.ask("pot.webp", 40).unwrap();
    story.put(pot.clone(), 40);
    story.note("A film is too large for any slot.");
    assert_eq!(story.ask("film.webm", 61), None);
    story.wait(Span::from_days(2));
    story.note("A third file has a slot, for the oldest will go. It goes when the new one is there, and not before.");
    let cake = story.ask("cake.webp", 30).unwrap();
    story.get(cup.0);
    story.put(cake.clone(), 30);
    story.get(cup.0);
    story.note("She deletes the third by hand.");
    story.token += 1;
    let (token, account) = (story.token, "ann@tea.example".into());
    story.give(Input::Retract { token, account, which: Which::Slot(cake.0.text()) });
    story.note("After 30 days the second is over, by itself.");
    story.wait(Span::from_days(28));
    story.get(pot.0);
    insta::assert_snapshot!(story.told());
}
