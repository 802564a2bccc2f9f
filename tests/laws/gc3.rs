//! A room service.

use proptest::prelude::*;
use xmpp_machines::sim::talk::{self, Deed};

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![
        6 => 0..300_u64,
        3 => 300..5_000_u64,
        2 => 5_000..120_000_u64,
        1 => 120_000..5_000_000_000_u64,
    ];
    (after, 0..5_u8, 0..3_u8, 0..4_u8, any::<u8>(), any::<u8>())
        .prop_map(|(after, person, device, room, what, how)| Deed { after, person, device, room, what, how })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_service_keeps_every_law(deeds in prop::collection::vec(deed(), 1..70), seed: u64) {
        talk::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        talk::fuzz(&bytes);
        talk::fuzz_snapshot(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let mut crowded = 0;
    let reached = crate::reached(160, prop::collection::vec(deed(), 60..70), |_, deeds| {
        let talk = talk::talk(&deeds).unwrap();
        crowded += usize::from(talk.rooms.len() > 1);
        (talk::service(), talk.journal)
    });
    assert_eq!(reached.misused, 0, "nothing is a misuse");
    assert!(crowded > 20, "only {crowded} of 160 conversations have rooms that could disturb each other");
    for (topic, wanted) in [
        (
            "gc3",
            &[
                "G3.6", "G3.1", "J4", "J5", "G3.2", "M1", "M2", "M3", "G5.2", "V4", "G2.11", "G13.4", "G2.13", "G3.3",
                "G4.1", "G4.5", "C2", "G7.3", "G8.1", "P1", "P6", "L1", "G3.5",
            ][..],
        ),
        (
            "muc",
            &[
                "J4", "J10", "P8", "N1", "P11", "X1", "W1", "G7.8", "T1", "S1", "X4", "C6", "O2", "O5", "AL6", "B3",
                "RG6", "I1", "RA1",
            ][..],
        ),
        (
            "muc2",
            &["F1", "F2", "P8", "P7", "J5", "J10", "J11", "N1", "P5", "P5.1", "P5.2", "P5.3", "X1", "W1", "T1", "B6"][..],
        ),
        ("acl", &["A2", "A7", "W3", "W4", "W13", "H1", "D1"][..]),
    ] {
        assert_eq!(reached.missing(topic, wanted.iter().copied()), [""; 0], "{reached:?}");
    }
}

/// The same in a room that is entered by presence, with its owner and two others in it: the wanted rules
/// that nothing was decided by. `option` is a field of the room's configuration, `then` what else they do first.
fn missing_among_occupants(option: &str, then: &[&str], wanted: &[&'static str]) -> Vec<&'static str> {
    let enter = |who: &str, nick: &str| {
        format!(
            "<presence from='{who}' to='cake@rooms.example/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
    };
    let asks = |query: &str, inner: &str| {
        format!(
            "<iq type='set' id='o' from='ann@tea.example/phone' to='cake@rooms.example'>\
             <query xmlns='http://jabber.org/protocol/muc#{query}'>{inner}</query></iq>"
        )
    };
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
         <field var='muc#roomconfig_persistentroom'><value>1</value></field>{option}</x>"
    );
    let opening = [
        enter("ann@tea.example/phone", "Ann"),
        asks("owner", &form),
        asks("admin", "<item jid='ben@oak.example' affiliation='member'/>"),
        enter("ben@oak.example/phone", "Ben"),
        enter("cid@fig.example/desk", "Eve"),
    ];
    let opening: Vec<&str> = opening.iter().map(String::as_str).chain(then.iter().copied()).collect();
    let reached = crate::reached(160, prop::collection::vec(deed(), 60..70), |_, deeds| {
        (talk::service(), talk::talk_after(&opening, &deeds).unwrap().journal)
    });
    assert_eq!(reached.misused, 0, "nothing is a misuse");
    reached.missing("muc", wanted.iter().copied())
}

#[test]
fn conversations_of_occupants_reach_what_they_should() {
    let wanted = ["K2", "B3", "O13", "O14", "RG6", "RG10", "RA1", "RA3", "Q1", "I1", "R1", "K1", "C9"];
    assert_eq!(missing_among_occupants("", &[], &wanted), [""; 0]);
}

#[test]
fn conversations_in_a_closed_room_reach_what_tokens_do() {
    let closed = "<field var='muc#roomconfig_membersonly'><value>1</value></field>\
        <field var='muc#roomconfig_allowinvites'><value>1</value></field>";
    let asks = "<iq type='set' id='t' from='ben@oak.example/phone' to='cake@rooms.example'>\
        <request xmlns='urn:xmpp:muc-token-invite:0'/></iq>";
    assert_eq!(missing_among_occupants(closed, &[asks], &["TK1", "TK2", "TK3", "TK4", "TK5", "TK6"]), [""; 0]);
}
