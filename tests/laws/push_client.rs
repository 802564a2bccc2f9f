//! The push of a device.

use proptest::prelude::*;
use xmpp_machines::sim::talk_push_client::{self as talk, Deed};

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..1_000_u64, 3 => 1_000..40_000_u64, 1 => 40_000..5_000_000_u64];
    (after, any::<u8>(), any::<u8>()).prop_map(|(after, what, how)| Deed { after, what, how })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_device_keeps_every_law(deeds in prop::collection::vec(deed(), 1..80), seed: u64) {
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
    let reached = crate::reached(60, strategy, |_, deeds| (talk::client().unwrap(), talk::talk(&deeds).unwrap().0));
    assert_eq!(reached.misused, 0, "nothing is a misuse");
    assert_eq!(reached.missing_of(xmpp_machines::push::client::rules::ALL, &[]), [""; 0], "{reached:?}");
}
