//! Schrödinger's chat: after any history of faults, what the devices see is what the room sees.

use proptest::prelude::*;
use xmpp_machines::gc3::client::Dialect;
use xmpp_machines::sim::world::chat::{self, BOUND, Chat};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whether they speak GC3, XEP-0045 or both: no device claims to be in for longer than the bound when the room has lost it; after the faults everybody sees
    /// the same people, and has every message or shows where some are missing.
    #[test]
    fn the_views_come_together(seed: u64, deeds in 1..40_usize) {
        let chat = chat::history(seed, deeds).map_err(TestCaseError::fail)?;
        prop_assert!(chat.longest <= BOUND);
    }
}

/// The world is bad enough to mean something: stanzas are lost, and devices do claim to be in for a while when they are
/// not.
#[test]
fn histories_hold_faults() {
    let chats: Vec<Chat> = (0..24).map(|seed| chat::history(seed, 30).unwrap()).collect();
    assert!(chats.iter().map(|chat| chat.world.net.lost).sum::<u64>() > 100);
    assert!(chats.iter().any(|chat| chat.longest.millis() > 60_000));
    assert!(chats.iter().any(|chat| chat.fallen));
    let happens = |what: &str| chats.iter().flat_map(|chat| &chat.story).any(|told| told.contains(what));
    assert!(happens("is renamed") && happens("is kicked") && happens("restarts") && happens("is cut"));
    let worlds: Vec<usize> =
        (0..24).map(|seed| chat::dialects(seed).iter().filter(|dialect| **dialect == Dialect::Muc).count()).collect();
    assert!(worlds.contains(&0) && worlds.contains(&4) && worlds.iter().any(|muc| (1..4).contains(muc)));
}

/// The same seed is the same world.
#[test]
fn a_history_repeats() {
    let (one, other) = (chat::history(7, 30).unwrap(), chat::history(7, 30).unwrap());
    assert_eq!((one.story, one.world.now, one.longest), (other.story, other.world.now, other.longest));
    assert_eq!(one.world.net.lost, other.world.net.lost);
}
