//! Lists and rights: who is here, who may, who was put out.

use proptest::prelude::*;

use super::*;
use crate::gc3::acl::Affiliation;

const LIST: &str = "<participants xmlns='urn:xmpp:gc3:0'/>";

fn items(xml: &str) -> Vec<&str> {
    xml.split("<item ").skip(1).map(|item| item.split("</participants>").next().unwrap()).collect()
}

fn version(xml: &str) -> &str {
    xml.split(" version='").nth(1).unwrap().split('\'').next().unwrap()
}

fn since(version: &str) -> String {
    format!("<participants xmlns='urn:xmpp:gc3:0' since='{version}'/>")
}

fn edit(items: &str) -> String {
    format!("<participants xmlns='urn:xmpp:gc3:0'>{items}</participants>")
}

fn access(items: &str) -> String {
    format!("<access xmlns='urn:xmpp:gc3:0'>{items}</access>")
}

#[test]
fn a_full_list_is_sorted_and_shows_jids_to_moderators_only() {
    let mut world = World::channel();
    let said = world.get(BEN, LIST);
    let list = items(said.answer("gc3.G2.3"));
    let ids: Vec<&str> = list.iter().map(|item| item.split('\'').nth(1).unwrap()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted());
    assert!(!said.sent[0].2.contains("jid="));
    let said = world.get(ANN, LIST);
    assert!(said.answer("gc3.G2.3").contains("jid='cid@fig.example'"));
    let ann = format!("<item id='{}' nick='Ann' affiliation='owner' role='moderator' jid=", world.id(ANN));
    assert!(said.sent[0].2.contains(&ann), "{}", said.sent[0].2);
    world.get(DEE, LIST).refused("gc3.G14.9", "cancel", "not-acceptable");
}

#[test]
fn a_list_since_a_version_tells_who_changed_and_who_left() {
    let mut world = World::channel();
    let said = world.get(ANN, LIST);
    let first = version(said.answer("gc3.G2.3")).to_owned();
    let said = world.get(ANN, &since(&first));
    assert_eq!(items(said.answer("gc3.G2.6")), [""; 0]);
    assert!(said.sent[0].2.contains(&format!("since='{first}'")));
    world.set(CID, "<leave xmlns='urn:xmpp:gc3:0'/>");
    world.join(DEE, "Dee");
    let said = world.get(ANN, &since(&first));
    let list = items(said.answer("gc3.G2.6"));
    assert_eq!(list.len(), 2);
    assert!(list.iter().any(|item| item.contains("nick='Cid' left=") && item.contains("why='left'")));
    // Dee came after that version: it is unknown to her, and she does not learn who left.
    let said = world.get(DEE, &since(&first));
    assert!(!said.answer("gc3.G2.6").contains("since="));
    assert!(!said.sent[0].2.contains("Cid"));
    // Nor does a version of another room count.
    let said = world.get(ANN, &since("zzzzzzzz.1"));
    assert_eq!(items(said.answer("gc3.G2.6")).len(), 3);
}

#[test]
fn a_list_comes_in_pages() {
    let mut world = World::channel();
    let page = |more: &str| {
        format!(
            "<participants xmlns='urn:xmpp:gc3:0'><set xmlns='http://jabber.org/protocol/rsm'><max>2</max>{more}</set></participants>"
        )
    };
    let said = world.get(ANN, &page(""));
    let xml = said.answer("gc3.G2.8").to_owned();
    assert_eq!(items(&xml).len(), 2);
    assert!(xml.contains("<count>3</count>") && xml.contains("<first index='0'>"));
    let last = xml.split("<last>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let said = world.get(ANN, &page(&format!("<after>{last}</after>")));
    let xml = said.answer("gc3.G2.8");
    assert_eq!(items(xml).len(), 1);
    assert!(xml.contains("<first index='2'>"));
    world.get(ANN, &page("<after>x</after><before/>")).refused("gc3.G14.12", "modify", "bad-request");
}

#[test]
fn a_look_up_finds_the_present_and_the_departed() {
    let mut world = World::channel();
    let (ben, cid, dee) = (world.id(BEN), world.id(CID), world.id(DEE));
    world.send(&format!("<message type='groupchat' from='{CID}' to='{ROOM}'><body>Hi</body></message>"));
    world.set(CID, "<leave xmlns='urn:xmpp:gc3:0'/>");
    let ask = edit(&format!("<item id='{ben}'/><item id='{cid}'/><item id='{dee}'/>"));
    let said = world.get(ANN, &ask);
    let list = items(said.answer("gc3.G2.9"));
    assert_eq!(list.len(), 2);
    assert!(list.iter().any(|item| item.contains("nick='Cid' left=")));
    let many = format!("<item id='{ben}'/>").repeat(51);
    world.get(ANN, &edit(&many)).refused("gc3.G2.19", "modify", "bad-request");
}

#[test]
fn who_may_not_read_the_list_sees_moderators_and_itself() {
    let mut world = World::new(Kind::Announcement, |_| {});
    world.join(ANN, "Ann");
    world.join(BEN, "Ben");
    world.join(CID, "Cid");
    world.wait(2000);
    world.subscribe(BEN, "participant");
    world.subscribe(CID, "participant");
    let said = world.get(BEN, LIST);
    said.has_rule("gc3.G2.10");
    let xml = said.answer("gc3.G2.3");
    assert!(xml.contains("'Ann'") && xml.contains("'Ben'") && !xml.contains("'Cid'"));
    // Whose own voice changes is told, and others are not told whose.
    let ben = world.id(BEN);
    world.set(ANN, &edit(&format!("<item id='{ben}' role='participant'/>"))).answer("gc3.G2.14");
    let said = world.wait(1000);
    assert!(said.to(BEN)[0].contains("nick='Ben'"));
    assert_eq!(said.to(BEN).len(), 1);
    assert!(!said.to(CID)[0].contains("nick='Ben'"));
    // A moderator that is none any more is told of once more.
    world.set(ANN, &edit(&format!("<item id='{ben}' role='moderator'/>"))).answer("gc3.G2.14");
    assert!(world.wait(1000).to(CID)[0].contains("role='moderator'"));
    world.set(ANN, &edit(&format!("<item id='{ben}' role='participant'/>"))).answer("gc3.G2.14");
    assert!(
        world.wait(1000).to(CID)[0]
            .contains(&format!("<item id='{ben}' nick='Ben' affiliation='none' role='participant'/>"))
    );
}

#[test]
fn a_kick_is_told_at_every_session_and_ends_them() {
    let mut world = World::channel();
    world.subscribe(BEN, "presence");
    let ben = world.id(BEN);
    let kick = edit(&format!("<item id='{ben}' kick='yes'><reason>Enough</reason></item>"));
    let said = world.set(ANN, &kick);
    assert_eq!(said.answer("gc3.G2.17"), format!("<iq to='{ANN}' from='{ROOM}' id='q' type='result'/>"));
    let told = said.to(BEN);
    assert!(
        told[0].contains(&format!("<item id='{ben}' nick='Ben' left=")) && told[0].contains("<reason>Enough</reason>")
    );
    assert_eq!(said.to("ben@oak.example").len(), 1);
    said.has_rule("gc3.G3.3");
    world.set(CID, &kick).refused("gc3.G2.14", "cancel", "item-not-found");
    // It does not keep anybody from coming back.
    world.join(BEN, "Ben").answer("gc3.G3.1");
}

#[test]
fn rank_guards_everybody() {
    let mut world = World::channel();
    let (ann, ben, cid) = (world.id(ANN), world.id(BEN), world.id(CID));
    let item = |id: &str, what: &str| edit(&format!("<item id='{id}' {what}/>"));
    world.set(BEN, &item(&cid, "kick='yes'")).refused("gc3.G14.10", "auth", "forbidden");
    world.set(BEN, &item(&cid, "affiliation='member'")).refused("gc3.G14.10", "auth", "forbidden");
    world.set(ANN, &item(&ben, "affiliation='admin'")).answer("gc3.G2.14");
    world.set(BEN, &item(&ann, "kick='yes'")).refused("gc3.G2.17", "cancel", "not-allowed");
    world.set(BEN, &item(&ann, "affiliation='outcast'")).refused("gc3.G2.17", "cancel", "not-allowed");
    world.set(BEN, &item(&ann, "affiliation='member'")).refused("gc3.G14.10", "auth", "forbidden");
    world.set(BEN, &item(&ben, "kick='yes'")).refused("gc3.G2.17", "cancel", "conflict");
    world.set(BEN, &item(&ben, "role='participant'")).refused("gc3.G2.17", "cancel", "conflict");
    world.set(ANN, &item(&ben, "role='participant'")).refused("gc3.G2.17", "cancel", "not-allowed");
    world.set(ANN, &item(&ann, "affiliation='member'")).refused("gc3.C4", "cancel", "conflict");
    world.set(BEN, &item(&cid, "role='moderator'")).answer("gc3.G2.14");
    // A moderator of no affiliation takes no voice from its like, nor the role from another.
    world.join(DEE, "Dee");
    let dee = world.id(DEE);
    world.set(CID, &item(&dee, "role='visitor'")).refused("gc3.G2.17", "cancel", "not-allowed");
    world.set(CID, &item(&dee, "role='moderator'")).refused("gc3.G14.10", "auth", "forbidden");
    world.set(CID, &item(&dee, "kick='yes'")).answer("gc3.G2.17");
}

#[test]
fn a_set_is_whole_or_nothing() {
    let mut world = World::channel();
    let (ben, cid, dee) = (world.id(BEN), world.id(CID), world.id(DEE));
    let set = format!("<item id='{ben}' affiliation='member'/><item id='{dee}' affiliation='member'/>");
    world.set(ANN, &edit(&set)).refused("gc3.G2.14", "cancel", "item-not-found");
    let set = format!("<item id='{ben}' affiliation='member'/><item id='{ben}' role='visitor'/>");
    world.set(ANN, &edit(&set)).refused("gc3.G2.15", "modify", "bad-request");
    let set = format!("<item id='{ben}' affiliation='member' role='visitor'/>");
    world.set(ANN, &edit(&set)).refused("gc3.G2.15", "modify", "bad-request");
    world.set(ANN, &edit("")).refused("gc3.G14.12", "modify", "bad-request");
    let said = world.get(ANN, LIST);
    assert!(!said.sent[0].2.contains("'member'"));
    let version = version(&said.sent[0].2).to_owned();
    let set = format!("<item id='{ben}' affiliation='member'/><item id='{cid}' role='visitor'/>");
    world.set(ANN, &edit(&set)).answer("gc3.G2.14");
    let stale = format!("<participants xmlns='urn:xmpp:gc3:0' if-version='{version}'>{set}</participants>");
    world.set(ANN, &stale).refused("gc3.G2.18", "cancel", "conflict");
    let said = world.get(ANN, LIST);
    assert!(said.sent[0].2.contains("'member'") && said.sent[0].2.contains("role='visitor'"));
}

#[test]
fn a_ban_removes_by_account_by_domain_and_by_id() {
    for ban in ["jid='ben@oak.example'", "jid='oak.example'", "id"] {
        let mut world = World::channel();
        world.subscribe(BEN, "message");
        let by_id = format!("id='{}'", world.id(BEN));
        let ban = if ban == "id" { &by_id } else { ban };
        let said = world.set(ANN, &access(&format!("<item {ban} affiliation='outcast'><reason>Spam</reason></item>")));
        assert!(said.answer("gc3.G2.13").contains("type='result'"));
        assert!(said.to(BEN)[0].contains("why='banned'") && said.to(BEN)[0].contains("<reason>Spam</reason>"));
        said.has_rule("gc3.G3.3");
        said.has_rule("gc3.C5");
        let by_id = ban.starts_with("id=");
        let said = world.join(BEN, "Ben");
        said.refused("gc3.J1", "auth", "forbidden");
        assert_eq!(said.rules.contains(&"gc3.G2.16"), by_id);
        said.has_rule("gc3.J12");
        let said = world.get(ANN, &access(""));
        let xml = said.answer("gc3.G2.12");
        assert!(xml.contains(&format!("{ban} affiliation='outcast'")), "{xml}");
        // Forgiven by account or domain, whichever way the ban was kept.
        let who = if by_id { "jid='ben@oak.example'" } else { ban };
        world.set(ANN, &access(&format!("<item {who} affiliation='none'/>"))).answer("gc3.G2.13");
        world.join(BEN, "Ben").answer("gc3.G3.1");
    }
}

#[test]
fn the_access_list_has_its_own_versions_and_readers() {
    let mut world = World::channel();
    let said = world.get(ANN, &access(""));
    let first = version(said.answer("gc3.G2.12")).to_owned();
    assert!(said.sent[0].2.contains("<item jid='ann@tea.example' affiliation='owner' nick='Ann'/>"));
    world.get(BEN, &access("")).refused("gc3.G2.12", "auth", "forbidden");
    world.get(DEE, &access("")).refused("gc3.G2.12", "auth", "forbidden");
    world.set(BEN, &access("<item jid='x.example' affiliation='outcast'/>")).refused("gc3.G14.10", "auth", "forbidden");
    let set = "<item jid='dee@elm.example' affiliation='member'/><item jid='eve@elm.example' affiliation='member'/>";
    world.set(ANN, &access(set)).answer("gc3.G2.13");
    world.set(ANN, &access("<item jid='dee@elm.example' affiliation='none'/>")).answer("gc3.G2.13");
    let said = world.get(ANN, &format!("<access xmlns='urn:xmpp:gc3:0' since='{first}'/>"));
    let xml = said.answer("gc3.G2.12");
    assert!(xml.contains(&format!("since='{first}'")));
    assert!(xml.contains(
        "<item jid='dee@elm.example' affiliation='none'/><item jid='eve@elm.example' affiliation='member'/>"
    ));
    assert!(!xml.contains("jid='ann@"));
    let stale =
        format!("<access xmlns='urn:xmpp:gc3:0' if-version='{first}'><item jid='a@b' affiliation='none'/></access>");
    world.set(ANN, &stale).refused("gc3.G2.18", "cancel", "conflict");
}

#[test]
fn what_the_access_list_refuses() {
    let limits = Gc3Limits { access: 3, ..Gc3Limits::default() };
    let mut world = World::within(Kind::Channel, limits, |_| {});
    world.join(ANN, "Ann");
    let item = |text: &str| access(&format!("<item {text}/>"));
    world.set(ANN, &item("jid='elm.example' affiliation='admin'")).refused("gc3.G2.13", "cancel", "not-allowed");
    world.set(ANN, &item("jid='ann@tea.example' affiliation='none'")).refused("gc3.C4", "cancel", "conflict");
    world.set(ANN, &item("jid='ann@tea.example' affiliation='outcast'")).refused("gc3.G2.17", "cancel", "conflict");
    world.set(ANN, &item("jid='d@elm.example/x' affiliation='member'")).refused("gc3.G14.12", "modify", "bad-request");
    world.set(ANN, &item("id='-nobody' affiliation='outcast'")).refused("gc3.G2.14", "cancel", "item-not-found");
    let twice = "<item jid='d@elm.example' affiliation='member'/><item jid='D@elm.example' affiliation='none'/>";
    world.set(ANN, &access(twice)).refused("gc3.G2.15", "modify", "bad-request");
    let many: String = (0..3).map(|n| format!("<item jid='{n}@elm.example' affiliation='member'/>")).collect();
    world.set(ANN, &access(&many)).refused("gc3.G14.15", "wait", "resource-constraint");
}

#[test]
fn who_loses_membership_of_a_members_only_room_is_removed() {
    let mut world = World::new(Kind::Group, |_| {});
    world.join(ANN, "Ann");
    world.join(BEN, "Ben").refused("gc3.V4", "cancel", "item-not-found");
    world.set(ANN, &access("<item jid='ben@oak.example' affiliation='member'/>")).answer("gc3.G2.13");
    world.join(BEN, "Ben").answer("gc3.G3.1");
    world.subscribe(BEN, "message");
    let said = world.set(ANN, &access("<item jid='ben@oak.example' affiliation='none'/>"));
    assert!(said.to(BEN)[0].contains("why='config'"));
    said.has_rule("gc3.C3");
}

#[test]
fn an_administrator_of_the_service_sets_access_without_being_in() {
    let mut world = World::new(Kind::Group, |_| {});
    let admins = [String::from("dee@elm.example")].into();
    world.room.belong(&Policy { admins: &admins, owners_set_aliases: false, muc: false, muc2: false });
    world.set(DEE, &access("<item jid='ben@oak.example' affiliation='owner'/>")).answer("gc3.G2.13");
    world.set(DEE, &access("<item jid='ann@tea.example' affiliation='none'/>")).answer("gc3.G2.13");
    world.set(DEE, &access("<item jid='ben@oak.example' affiliation='none'/>")).refused("gc3.C4", "cancel", "conflict");
    world.get(DEE, LIST).answer("gc3.G2.3");
    world.join(DEE, "Dee").refused("gc3.J2", "auth", "registration-required");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked by whom: the room fits together (every step checks that), an owner is left, nobody but owners
    /// changes who administers, and nobody acts on a higher rank.
    #[test]
    fn no_set_breaks_the_order_of_ranks(
        steps in proptest::collection::vec((0..5usize, 0..5usize, 0..9usize, any::<bool>()), 1..40),
    ) {
        const ALL: [&str; 5] = [ANN, BEN, CID, DEE, "eve@oak.example/pc"];
        let mut world = World::new(Kind::Channel, |config| config.moderated = true);
        for (nth, jid) in ALL.into_iter().enumerate() {
            world.join(jid, &format!("n{nth}"));
        }
        for (actor, target, what, by_access) in steps {
            let (actor, target) = (ALL[actor], ALL[target]);
            let bare = |jid: &str| jid.split('/').next().unwrap().to_owned();
            let rank = |world: &World, jid: &str| world.room.state.rank(&bare(jid));
            let (high, low) = (rank(&world, target), rank(&world, actor));
            let id = world.id(target);
            let name = Affiliation::ALL.get(what).map(|a| a.name());
            let said = match name {
                Some(name) if by_access => {
                    world.set(actor, &access(&format!("<item jid='{}' affiliation='{name}'/>", bare(target))))
                }
                Some(name) => world.set(actor, &edit(&format!("<item id='{id}' affiliation='{name}'/>"))),
                None => {
                    let change = ["kick='yes'", "role='visitor'", "role='participant'", "role='moderator'"][what - 5];
                    world.set(actor, &edit(&format!("<item id='{id}' {change}/>")))
                }
            };
            let done = said.sent[0].2.contains("type='result'");
            prop_assert!(world.room.state.access.owners() > 0);
            if done && low < Affiliation::Owner {
                prop_assert_eq!(high >= Affiliation::Admin, rank(&world, target) >= Affiliation::Admin);
            }
            if done && high > low {
                prop_assert!(rank(&world, target) == high && world.room.state.people.find(&bare(target)).is_some());
            }
            world.join(target, "back");
        }
    }
}
