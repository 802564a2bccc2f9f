use jid::BareJid;

use super::{Copies, Rooms};
use crate::codec::Reader;
use crate::gc3::{Input, Service, ServiceConfig};
use crate::limits::Gc3Limits;
use crate::machine::{Action, Machine};
use crate::ns;
use crate::seed::Seed;
use crate::snapshot::Snapshot;
use crate::time::Time;

struct World {
    rooms: Rooms,
    room: String,
    at: u64,
    step: u32,
}

/// Recipient, rule, stanza.
type Sent = Vec<(String, &'static str, String)>;

impl World {
    /// A room that Ann has created, who listens at her laptop. Ben and Cid joined it and are away: Ben wants everything,
    /// Cid what mentions her.
    fn new(rooms: Rooms) -> Self {
        let mut world = Self { rooms, room: String::new(), at: 1_800_000_000_000, step: 0 };
        let said = world.give(
            "<iq type='set' id='c' from='ann@tea.example/laptop' to='rooms.example'><create xmlns='urn:xmpp:gc3:0'>
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:create-form</value></field>
             <field var='urn:xmpp:gc3:fields:nickname'><value>Ann</value></field>
             <field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field>
             <field var='urn:xmpp:gc3:fields:name'><value>Tea</value></field></x><subscribe type='message'/></create></iq>",
        );
        let room = said[0].2.split("<subscription-jid>").nth(1).unwrap().split('<').next().unwrap();
        world.room = room.to_owned();
        world.join("ben@oak.example/phone", "Ben", "always");
        world.join("cid@fig.example/desk", "Cid", "mentions");
        world
    }

    fn pushing() -> Self {
        Self::new(rooms(Some(Copies::default())))
    }

    fn give(&mut self, stanza: &str) -> Sent {
        self.at += 10_000;
        let stanza = Reader::one(ns::CLIENT, stanza.replace("{room}", &self.room).as_bytes()).unwrap();
        let mut said = Vec::new();
        let at = Time::from_millis(self.at);
        while let Some(due) = self.rooms.deadline().filter(|due| *due <= at) {
            self.rooms.wake_with(due, |_, _| {});
        }
        self.rooms
            .handle_with(at, Input::Stanza(stanza), |why, action| {
                if let Action::Send { to, stanza } = action {
                    for to in to {
                        let text = String::from_utf8(stanza.encode("x")).unwrap();
                        said.push((to.jid.to_owned(), why.id(), text));
                    }
                }
            })
            .unwrap();
        self.rooms.check().unwrap();
        let again = Rooms::load(&self.rooms.save()).unwrap();
        assert_eq!(again.save(), self.rooms.save());
        said
    }

    fn join(&mut self, who: &str, nick: &str, push: &str) -> Sent {
        let said = self.give(&format!(
            "<iq type='set' id='j' from='{who}' to='{{room}}'><join xmlns='urn:xmpp:gc3:0'>
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field>
             <field var='urn:xmpp:gc3:fields:nickname'><value>{nick}</value></field></x></join></iq>"
        ));
        self.push(who, push);
        said
    }

    fn push(&mut self, who: &str, push: &str) {
        let said = self.give(&format!(
            "<iq type='set' id='p' from='{who}' to='{{room}}'><participant xmlns='urn:xmpp:gc3:0'>
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:participant</value></field>
             <field var='urn:xmpp:gc3:fields:push'><value>{push}</value></field></x></participant></iq>"
        ));
        assert!(said[0].2.contains("type='result'"), "{said:?}");
    }

    fn listen(&mut self, who: &str, does: &str) {
        let said = self.give(&format!(
            "<iq type='set' id='l' from='{who}' to='{{room}}'><{does} xmlns='urn:xmpp:gc3:0' type='message'/></iq>"
        ));
        assert!(said[0].2.contains("type='result'"), "{said:?}");
    }

    /// Ann says something; who gets a copy, and by which rule.
    fn say(&mut self, body: &str) -> Vec<(String, &'static str)> {
        self.say_from("ann@tea.example/laptop", body)
    }

    fn say_from(&mut self, who: &str, body: &str) -> Vec<(String, &'static str)> {
        self.step += 1;
        let step = self.step;
        let message = format!("<message type='groupchat' id='m{step}' from='{who}' to='{{room}}'>{body}</message>");
        let said = self.give(&message);
        let live: Vec<&String> = said.iter().filter(|sent| sent.1.starts_with("gc3.")).map(|sent| &sent.2).collect();
        let (copies, _): (Vec<_>, Vec<_>) = said.iter().partition(|sent| sent.1.starts_with("push-room."));
        for copy in &copies {
            let as_muc = copy.2.contains("/Ann'") || copy.2.contains("/Ann\"");
            assert!(as_muc || live.contains(&&copy.2), "a copy is the live message: {copy:?}");
        }
        copies.into_iter().map(|(to, why, _)| (to.clone(), *why)).collect()
    }

    fn bounce(&mut self, who: &str, condition: &str) {
        let step = self.step;
        let said = self.give(&format!(
            "<message type='error' id='m{step}' from='{who}' to='{{room}}/-x'><error type='cancel'>
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        ));
        assert_eq!(said, []);
    }
}

fn rooms(push: Option<Copies>) -> Rooms {
    Rooms::new(config(), Gc3Limits::default(), Seed::new([7; 32]), push)
}

fn config() -> ServiceConfig {
    ServiceConfig::new(&BareJid::new("rooms.example").unwrap())
}

const TEA: &str = "<body>Tea?</body>";

fn ben(why: &'static str) -> Vec<(String, &'static str)> {
    vec![("ben@oak.example".to_owned(), why)]
}

#[test]
fn a_member_who_is_away_gets_a_copy_of_the_live_message() {
    let mut world = World::pushing();
    assert_eq!(world.say(TEA), ben("push-room.R4"));
    world.listen("ben@oak.example/desk", "subscribe");
    assert_eq!(world.say(TEA), ben("push-room.R4"), "the phone may sleep beside the desk");
    let both = vec![("ben@oak.example".to_owned(), "push-room.R4"), ("cid@fig.example".to_owned(), "push-room.T5")];
    assert_eq!(world.say("<body>Tea, Cid?</body>"), both);
}

#[test]
fn what_is_no_content_and_private_messages_are_not_copied() {
    let mut world = World::pushing();
    assert_eq!(world.say("<subject>Cake</subject>"), []);
    assert_eq!(world.say("<composing xmlns='http://jabber.org/protocol/chatstates'/>"), []);
    assert_eq!(world.say("<body>psst</body><no-store xmlns='urn:xmpp:hints'/>"), [], "it carries no stanza-id");
    let said = world
        .give("<message type='chat' id='p1' from='ann@tea.example/laptop' to='{room}/-x'><body>x</body></message>");
    assert!(said.iter().all(|sent| !sent.1.starts_with("push-room.")), "{said:?}");
    let stranger = "<message type='groupchat' id='s' from='eve@ash.example/x' to='{room}'><body>x</body></message>";
    let said = world.give(stranger);
    assert!(said.iter().all(|sent| sent.1 == "gc3.M1"), "{said:?}");
}

#[test]
fn in_mode_absent_only_who_listens_gets_none() {
    let push = Copies { mode: crate::push::room::Mode::AbsentOnly, ..Copies::default() };
    let mut world = World::new(rooms(Some(push)));
    world.listen("ben@oak.example/desk", "subscribe");
    assert_eq!(world.say(TEA), []);
    world.listen("ben@oak.example/desk", "unsubscribe");
    assert_eq!(world.say(TEA), ben("push-room.R5"));
    world.listen("ben@oak.example/desk", "subscribe");
    world.at += 16 * 60_000; // A session that says nothing is forgotten after a quarter of an hour.
    assert_eq!(world.say(TEA), ben("push-room.R5"));
}

#[test]
fn settings_rights_and_the_end_of_a_participation_count_at_once() {
    let mut world = World::pushing();
    world.push("ben@oak.example/phone", "never");
    assert_eq!(world.say(TEA), []);
    world.push("ben@oak.example/phone", "always");
    let access = |affiliation: &str| {
        format!(
            "<iq type='set' id='a' from='ann@tea.example/laptop' to='{{room}}'><access xmlns='urn:xmpp:gc3:0'>
             <item jid='ben@oak.example' affiliation='{affiliation}'/></access></iq>"
        )
    };
    world.give(&access("member"));
    assert_eq!(world.say(TEA), ben("push-room.R4"));
    world.give(&access("outcast"));
    assert_eq!(world.say(TEA), []);
    world.give(&access("none"));
    world.join("ben@oak.example/phone", "Ben", "always");
    assert_eq!(world.say(TEA), ben("push-room.R4"));
    world.give("<iq type='set' id='x' from='ben@oak.example/phone' to='{room}'><leave xmlns='urn:xmpp:gc3:0'/></iq>");
    assert_eq!(world.say(TEA), []);
}

#[test]
fn the_rooms_default_counts_for_who_set_nothing() {
    let mut world = World::pushing();
    world.give(
        "<iq type='set' id='j' from='dee@elm.example/den' to='{room}'><join xmlns='urn:xmpp:gc3:0'>
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:join-form</value></field>
         <field var='urn:xmpp:gc3:fields:nickname'><value>Dee</value></field></x></join></iq>",
    );
    assert_eq!(world.say(TEA), ben("push-room.R4"), "in a channel the default is mentions");
    world.give(
        "<iq type='set' id='c' from='ann@tea.example/laptop' to='{room}'><config xmlns='urn:xmpp:gc3:0'>
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:config</value></field>
         <field var='urn:xmpp:gc3:fields:push-default'><value>always</value></field></x></config></iq>",
    );
    let all = world.say(TEA).into_iter().map(|(to, _)| to).collect::<Vec<_>>();
    assert_eq!(all, ["ann@tea.example", "ben@oak.example", "dee@elm.example"]);
}

#[test]
fn what_comes_back_ends_copies_and_not_the_participation() {
    let mut world = World::pushing();
    world.say(TEA);
    world.bounce("ben@oak.example", "service-unavailable");
    assert_eq!(world.say(TEA), ben("push-room.R4"), "he asked, and was here today");
    world.bounce("eve@ash.example", "gone");
    assert_eq!(world.say(TEA), ben("push-room.R4"), "nothing was sent to her");
    world.bounce("ben@oak.example", "gone");
    assert_eq!(world.say(TEA), []);
    let room = BareJid::new(&world.room).unwrap();
    assert!(world.rooms.service().room_at(&room).unwrap().member("ben@oak.example").is_some());
    world.push("ben@oak.example/phone", "always");
    assert_eq!(world.say(TEA), ben("push-room.R4"));
}

#[test]
fn a_holiday_of_two_months_ends_copies_at_the_first_bounce() {
    let mut world = World::pushing();
    world.at += 60 * 86_400_000;
    assert_eq!(world.say(TEA), ben("push-room.R4"));
    world.bounce("ben@oak.example", "service-unavailable");
    assert_eq!(world.say(TEA), []);
    let room = BareJid::new(&world.room).unwrap();
    assert!(world.rooms.service().room_at(&room).unwrap().member("ben@oak.example").is_some());
    // A message of his is a sign of life, but does not ask for copies.
    world.say_from("ben@oak.example/phone", TEA);
    assert_eq!(world.say(TEA), []);
}

#[test]
fn a_room_that_is_gone_has_no_copies() {
    let mut world = World::pushing();
    world
        .give("<iq type='set' id='d' from='ann@tea.example/laptop' to='{room}'><destroy xmlns='urn:xmpp:gc3:0'/></iq>");
    assert!(world.rooms.copies(&BareJid::new(&world.room).unwrap()).is_none());
}

#[test]
fn copies_can_begin_and_end_while_the_rooms_go_on() {
    let mut world = World::new(rooms(None));
    assert_eq!(world.say(TEA), []);
    world.listen("ben@oak.example/desk", "subscribe");
    let push = Copies { mode: crate::push::room::Mode::AbsentOnly, ..Copies::default() };
    world.rooms.reconfigure(config(), Some(push)).unwrap();
    assert_eq!(world.say(TEA), [], "he listens, and that is known");
    world.rooms.reconfigure(config(), Some(Copies::default())).unwrap();
    assert_eq!(world.say(TEA), ben("push-room.R4"));
    world.rooms.reconfigure(config(), None).unwrap();
    assert_eq!(world.say(TEA), []);
}

#[test]
fn a_service_that_there_was_before_gets_copies() {
    let world = World::new(rooms(None));
    let service = Service::load(&world.rooms.service().save()).unwrap();
    let rooms = Rooms::beside(service, Some(Copies::default()), Seed::new([8; 32]));
    let mut world = World { rooms, room: world.room, at: world.at, step: 0 };
    assert_eq!(world.say(TEA), ben("push-room.R4"));
}

/// Dee registers with a client of today, and is not there any more.
const REGISTERS: &str =
    "<iq type='set' id='r' from='dee@elm.example/den' to='{room}'><query xmlns='jabber:iq:register'>
    <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value>
    </field><field var='muc#register_roomnick'><value>Dee</value></field></x></query></iq>";

fn and_dee() -> Vec<(String, &'static str)> {
    let mut both = ben("push-room.R4");
    both.push(("dee@elm.example".to_owned(), "push-room.R4"));
    both
}

#[test]
fn who_registered_before_there_were_copies_gets_them_and_is_known_to_live() {
    let muc = ServiceConfig { muc: true, ..config() };
    let mut world = World::new(Rooms::new(muc.clone(), Gc3Limits::default(), Seed::new([7; 32]), None));
    world.give(REGISTERS);
    assert_eq!(world.say(TEA), []);
    world.rooms.reconfigure(muc, Some(Copies::default())).unwrap();
    assert_eq!(world.say(TEA), and_dee());
    let service = Service::load(&world.rooms.service().save()).unwrap();
    let rooms = Rooms::beside(service, Some(Copies::default()), Seed::new([8; 32]));
    let mut world = World { rooms, room: world.room, at: world.at, step: world.step };
    assert_eq!(world.say(TEA), and_dee());
    world.bounce("ben@oak.example", "service-unavailable");
    assert_eq!(world.say(TEA), and_dee(), "he was here when the copies began");
}

#[test]
fn many_rights_at_once_end_a_registration() {
    let muc = ServiceConfig { muc: true, ..config() };
    let rooms = Rooms::new(muc, Gc3Limits::default(), Seed::new([7; 32]), Some(Copies::default()));
    let mut world = World::new(rooms);
    world.give(REGISTERS);
    assert_eq!(world.say(TEA), and_dee());
    world.give(
        "<iq type='set' id='a' from='ann@tea.example/laptop' to='{room}'><access xmlns='urn:xmpp:gc3:0'>
         <item jid='dee@elm.example' affiliation='none'/><item jid='eve@ash.example' affiliation='member'/></access></iq>",
    );
    assert_eq!(world.say(TEA), ben("push-room.R4"));
}

const OCCUPIES: &str = "<iq type='set' id='o' from='dee@elm.example' to='{room}'><join xmlns='urn:xmpp:muc:0'>
                        <nickname>Dee</nickname></join></iq>";

/// A bare JID asked for its copies itself: what comes back ends them only where nobody lives, and it may ask again.
#[test]
fn a_bare_jid_that_occupies_the_room_gets_copies() {
    let muc2 = ServiceConfig { muc2: true, ..config() };
    let service = Rooms::new(muc2.clone(), Gc3Limits::default(), Seed::new([7; 32]), Some(Copies::default()));
    let mut world = World::new(service);
    world.give(OCCUPIES);
    assert_eq!(world.say(TEA), and_dee());
    for _ in 0..4 {
        world.bounce("dee@elm.example", "service-unavailable");
        world.at += 60_000;
        assert_eq!(world.say(TEA), and_dee());
    }
    // Copies that begin anew find it.
    world.rooms.reconfigure(muc2.clone(), None).unwrap();
    assert_eq!(world.say(TEA), []);
    world.rooms.reconfigure(muc2, Some(Copies::default())).unwrap();
    assert_eq!(world.say(TEA), and_dee());
    world.at += 31 * 86_400_000;
    assert_eq!(world.say(TEA), and_dee());
    world.bounce("dee@elm.example", "service-unavailable");
    assert_eq!(world.say(TEA), ben("push-room.R4"), "nobody lives there");
    world.give(OCCUPIES);
    assert_eq!(world.say(TEA), and_dee());
    world.give("<iq type='set' id='l' from='dee@elm.example' to='{room}'><leave xmlns='urn:xmpp:muc:0'/></iq>");
    assert_eq!(world.say(TEA), ben("push-room.R4"));
}

#[test]
fn damage_is_refused() {
    let world = World::pushing();
    let mut body = Vec::new();
    world.rooms.save_body(&mut body);
    for at in (0..body.len()).step_by(17) {
        let mut damaged = body.clone();
        damaged[at] ^= 1;
        if let Ok(loaded) = Rooms::load_body(Rooms::FORMAT, &damaged) {
            let mut again = Vec::new();
            loaded.save_body(&mut again);
            assert_eq!(again, damaged, "only what would be saved is loaded");
        }
    }
}
