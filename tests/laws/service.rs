//! A whole domain.

use proptest::prelude::*;
use xmpp_machines::sim::talk_service::{self, Deed};

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..300_u64, 3 => 300..5_000_u64, 1 => 5_000..120_000_u64];
    let byte = any::<u8>;
    (after, byte(), byte(), byte(), byte()).prop_map(|(after, person, side, what, how)| Deed {
        after,
        person,
        side,
        what,
        how,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_domain_keeps_every_law(deeds in prop::collection::vec(deed(), 1..50), seed: u64) {
        talk_service::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..160)) {
        talk_service::fuzz(&bytes);
        talk_service::fuzz_snapshot(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let strategy = prop::collection::vec(deed(), 80..90);
    let reached = crate::reached(160, strategy, |_, deeds| {
        (talk_service::domain().unwrap(), talk_service::talk(&deeds).unwrap().0)
    });
    // Vectors show these. With routers few member copies find no room set.
    let rare = ["service.S2", "service.M1", "service.L2", "service.G5"];
    assert_eq!(reached.missing_of(xmpp_machines::service::rules::ALL, &rare), [""; 0], "{reached:?}");
    assert_eq!(reached.missing("gc3", ["G3.6", "M2"]), [""; 0], "{reached:?}");
    assert_eq!(reached.missing("imng", ["B1", "O1", "P1"]), [""; 0], "{reached:?}");
    assert_eq!(reached.missing("retention", ["A1", "D2", "H5", "R2", "S1"]), [""; 0], "{reached:?}");
}
