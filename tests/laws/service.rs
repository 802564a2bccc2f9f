//! A whole domain.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
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

/// Conversations of a fixed kind, so that what the laws are tried on is known to reach far enough.
#[test]
fn conversations_reach_what_they_should() {
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(deed(), 80..90);
    let mut decided = BTreeSet::new();
    for _ in 0..160 {
        let Ok(deeds) = strategy.new_tree(&mut runner) else { continue };
        let Ok((journal, ..)) = talk_service::talk(&deeds.current()) else { continue };
        let Ok(mut domain) = talk_service::domain() else { continue };
        crate::live(&mut domain, journal, &mut decided);
    }
    // Vectors show these. With routers few member copies find no room set.
    let rare = ["service.S2", "service.M1", "service.L2", "service.G5"];
    let all = xmpp_machines::service::rules::ALL.iter().map(|rule| rule.id());
    let missing: Vec<_> = all.filter(|id| !decided.contains(id) && !rare.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} never decided anything");
    for rule in [
        "gc3.G3.6",
        "gc3.M2",
        "imng.B1",
        "imng.O1",
        "imng.P1",
        "retention.A1",
        "retention.D2",
        "retention.H5",
        "retention.R2",
        "retention.S1",
    ] {
        assert!(decided.contains(rule), "{rule} is not among {decided:?}");
    }
}
