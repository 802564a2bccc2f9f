//! The copies of a room.

use proptest::prelude::*;
use xmpp_machines::sim::talk_push_room::{self as talk, Deed};

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![
        6 => 0..2_000_u64,
        3 => 2_000..70_000_u64,
        2 => 70_000..4_000_000_u64,
        1 => 4_000_000..5_000_000_000_u64,
    ];
    (after, 0..5_u8, any::<u8>(), any::<u8>()).prop_map(|(after, person, what, how)| Deed { after, person, what, how })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// In `talk` besides: no two copies of one message to one member, none to who never asked, and an error that answers
    /// no copy changes nothing.
    #[test]
    fn copies_keep_every_law(deeds in prop::collection::vec(deed(), 1..80), seed: u64) {
        talk::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..250)) {
        talk::fuzz(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let strategy = prop::collection::vec(deed(), 70..80);
    let reached = crate::reached(80, strategy, |_, deeds| (talk::room().unwrap(), talk::talk(&deeds).unwrap().0));
    assert_eq!(reached.misused, 0, "nothing is a misuse");
    // A conversation writes one dialect and no real JID.
    let never = ["push-room.MC8", "push-room.R12"];
    assert_eq!(reached.missing_of(xmpp_machines::push::room::rules::ALL, &never), [""; 0], "{reached:?}");
}
