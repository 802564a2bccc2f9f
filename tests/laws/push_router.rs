//! The user's server's side of push.

use proptest::prelude::*;
use xmpp_machines::sim::talk::Deed;
use xmpp_machines::sim::talk_push_router as talk;

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![
        6 => 0..300_u64,
        3 => 300..5_000_u64,
        2 => 5_000..120_000_u64,
        1 => 120_000..5_000_000_000_u64,
    ];
    (after, 0..4_u8, 0..3_u8, any::<u8>(), any::<u8>()).prop_map(|(after, device, room, what, how)| Deed {
        after,
        person: 0,
        device,
        room,
        what,
        how,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The laws; and that each session and each registration has every copy, is pushed, or is told why not; that no device
    /// is pushed twice for one message; that a restart loses nothing and repeats nothing but what it says again.
    #[test]
    fn a_router_keeps_every_law_and_its_promises(deeds in prop::collection::vec(deed(), 1..90), seed: u64) {
        talk::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_flood_of_strangers_never_pushes(deeds in prop::collection::vec(deed(), 1..40)) {
        talk::flood(&deeds).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        talk::fuzz(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let strategy = prop::collection::vec(deed(), 80..90);
    let reached = crate::reached(60, strategy, |_, deeds| (talk::router(), talk::talk(&deeds).unwrap().journal));
    assert_eq!(reached.misused, 0, "nothing is a misuse");
    let wanted = [
        "MC1", "MC2", "MC4", "MC5", "MC6", "P1", "P2", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "T1",
        "T2", "T3", "T4", "T5", "T8", "T8.1", "C1", "E1", "E8", "E9", "X1", "X2", "X3", "X6", "X7", "X8", "S1", "E10",
        "S5", "N2", "X4", "X5", "X12", "MC3",
    ];
    assert_eq!(reached.missing("push-router", wanted), [""; 0], "{reached:?}");
}
