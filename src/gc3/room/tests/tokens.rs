//! Tokens that outlive a restart, that are never in two hands more often than they may be, and that end.

use std::collections::BTreeSet;

use super::*;
use crate::snapshot::Snapshot;

const NS: &str = "xmlns='urn:xmpp:muc-token-invite:0'";

fn closed() -> World {
    let mut world = World::new(Kind::Channel, |config| config.members_only = true);
    world.join(ANN, "Ann");
    world
}

impl World {
    fn token(&mut self, wishes: &str) -> String {
        let said = self.set(ANN, &format!("<request {NS} {wishes}/>"));
        let answer = said.answer("muc.TK1");
        answer.split('>').nth(2).and_then(|text| text.split('<').next()).unwrap().to_owned()
    }

    fn join_by(&mut self, from: &str, nick: &str, token: &str) -> Said {
        let form = form("join-form", &[("nickname", nick), ("password", token)]);
        self.set(from, &format!("<join xmlns='urn:xmpp:gc3:0'>{form}</join>"))
    }
}

#[test]
fn a_token_outlives_a_restart_and_no_more_come_in_than_may() {
    let mut world = closed();
    let token = world.token("counter='2'");
    for (n, who) in [BEN, CID, DEE].into_iter().enumerate() {
        world.room = Room::load(&world.room.save()).unwrap();
        let said = world.join_by(who, &format!("N{n}"), &token);
        let inside = n < 2;
        assert_eq!(said.rules.contains(&"muc.TK3"), inside, "{who}");
        assert_eq!(said.rules.contains(&"gc3.J2"), !inside, "{who}");
    }
    // Who came in by it is a member, and needs it no more.
    world.set(BEN, "<leave xmlns='urn:xmpp:gc3:0'/>");
    assert!(!world.join(BEN, "N0").rules.contains(&"gc3.J2"));
}

#[test]
fn tokens_differ_and_do_not_stay_for_ever() {
    let mut world = closed();
    let tokens: BTreeSet<String> = (0..10).map(|_| world.token("delay='3600'")).collect();
    assert_eq!(tokens.len(), 10);
    // No account takes all that a room has; when those are over it may have more.
    world.set(ANN, &format!("<request {NS}/>")).refused("muc.TK6", "wait", "resource-constraint");
    let full = world.room.save().len();
    world.wait(3_600_000);
    world.token("");
    assert!(world.room.save().len() < full, "those that are over go");
    for token in tokens.iter().take(3) {
        world.join_by(DEE, "Dee", token).refused("gc3.J2", "auth", "registration-required");
    }
}

#[test]
fn a_token_is_refused_with_everything_else_as_it_was() {
    let mut world = closed();
    let token = world.token("counter='1'");
    // A nickname that nobody may have: the token is as good as before.
    assert!(!world.join_by(BEN, "-x", &token).rules.contains(&"muc.TK3"));
    assert!(world.join_by(BEN, "Ben", &token).rules.contains(&"muc.TK3"));
}
