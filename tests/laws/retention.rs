//! An upload service and an uploading client.

use proptest::prelude::*;
use xmpp_machines::sim::talk_retention::{self as service, Deed};
use xmpp_machines::sim::talk_upload as client;

fn after() -> impl Strategy<Value = u64> {
    prop_oneof![
        24 => 0..10_000_u64,
        12 => 10_000..400_000_u64,
        6 => 400_000..90_000_000_u64,
        1 => 90_000_000..90_000_000_000_u64,
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    (after(), 0..5_u8, any::<u8>(), 0..12_u8, any::<u8>(), any::<u8>())
        .prop_map(|(after, person, what, which, size, how)| Deed { after, person, what, which, size, how })
}

fn upload() -> impl Strategy<Value = client::Deed> {
    (after(), any::<u8>(), 0..8_u8, any::<u8>()).prop_map(|(after, what, which, how)| client::Deed {
        after,
        what,
        which,
        how,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Quotas hold, nothing goes that must not, sums are right, and the laws are kept.
    #[test]
    fn a_service_keeps_every_law(deeds in prop::collection::vec(deed(), 1..80), seed: u64) {
        service::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_client_keeps_every_law(deeds in prop::collection::vec(upload(), 1..60), seed: u64) {
        client::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_history_and_damage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        service::fuzz(&bytes);
        service::fuzz_snapshot(&bytes);
        client::fuzz(&bytes);
    }
}

#[test]
fn histories_reach_what_they_should() {
    let strategy = prop::collection::vec(deed(), 110..120);
    let reached = crate::reached(60, strategy, |_, deeds| (service::service(), service::play(&deeds).unwrap().journal));
    let wanted = [
        "S1", "S3", "S5", "S8", "S13", "S14", "S15", "S17", "S18", "E1", "E2", "D1", "D2", "D9", "D10", "H3", "R1",
        "R3", "R5", "A1", "A2", "A3", "A4",
    ];
    assert_eq!(reached.missing("retention", wanted), [""; 0], "{reached:?}");
}
