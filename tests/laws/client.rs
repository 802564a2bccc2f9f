//! A device in a room.

use proptest::prelude::*;
use xmpp_machines::sim::talk_client as talk;

/// Bytes in which things follow each other quickly, so that answers come in time.
fn deeds() -> impl Strategy<Value = Vec<u8>> {
    let scale = prop_oneof![2 => 0..9_u8, 1 => 9..15_u8];
    let deed = (scale, any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(scale, after, what, n, how)| [scale, after, what, n, how]);
    prop::collection::vec(deed, 1..80).prop_map(|deeds| deeds.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_client_keeps_every_law(kind in 0..32_u8, deeds in deeds(), seed: u64) {
        talk::lawful(kind, &deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        talk::fuzz(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let reached = crate::reached(960, deeds(), |round, deeds| {
        let kind = (round % 32) as u8;
        (talk::client(kind), talk::script(kind, &deeds))
    });
    let wanted = [
        "S1", "S2", "S3", "S4", "S5", "S7", "S8", "S9", "J1", "J13", "J13.a", "L1", "L2", "C1", "C2", "C3", "C5", "C6",
        "P1", "P2", "P3", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "E2", "E3", "N1", "R1", "R2", "R3",
        "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "E4",
    ];
    assert_eq!(reached.missing("client", wanted), [""; 0], "{reached:?}");
}
