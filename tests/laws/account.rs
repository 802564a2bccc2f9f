//! An account at its own server.

use proptest::prelude::*;
use xmpp_machines::sim::talk_account as talk;

/// Bytes in which deeds follow each other quickly, so that answers come in time.
fn deeds() -> impl Strategy<Value = Vec<u8>> {
    let deed = (0..10_u8, any::<u8>(), any::<u8>(), 0..5_u8, 0..5_u8, any::<u8>())
        .prop_map(|(scale, after, what, room, other, how)| [scale, after, what, room, other, how]);
    prop::collection::vec(deed, 1..70).prop_map(|deeds| deeds.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_account_keeps_every_law(deeds in deeds(), seed: u64) {
        talk::lawful(&deeds, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_bytes_are_a_conversation(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        talk::fuzz(&bytes);
    }
}

#[test]
fn conversations_reach_what_they_should() {
    let reached = crate::reached(400, deeds(), |_, deeds| (talk::account(), talk::script(&deeds)));
    // A contact that is a joined room is too rare to come up by chance: its vectors show it.
    let missing = reached.missing_of(xmpp_machines::gc3::account::rules::ALL, &["account.J13.c"]);
    assert_eq!(missing, [""; 0], "{reached:?}");
}
