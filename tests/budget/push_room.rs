//! The copies of a room.

use std::mem::size_of;

use allocation_counter::measure;
use xmpp_machines::Machine;
use xmpp_machines::push::room::{Input, Mode, Wish};

use super::copies::{broadcast, later, room_of};

/// How many allocations a message costs, and how many recipients its copies reach.
fn cost(members: usize, mode: Mode, wish: Wish) -> (u64, usize) {
    let mut room = room_of(members, mode, wish);
    // The first message fills what grows once.
    room.handle_with(later(0), Input::Broadcast(broadcast(0)), |_, _| {}).unwrap();
    let message = broadcast(1);
    let mut reached = 0;
    let counted = measure(|| {
        room.handle_with(later(1), Input::Broadcast(message), |_, action| {
            if let xmpp_machines::Action::Send { to, .. } = action {
                reached += to.len();
            }
        })
        .unwrap();
    });
    (counted.count_total, reached)
}

#[test]
fn copies_cost_the_same_however_many_members_there_are() {
    // The author is one of them, and gets a copy in mode always only.
    for (mode, but) in [(Mode::Always, 0), (Mode::AbsentOnly, 1)] {
        let (few, reached_few) = cost(10, mode, Wish::Always);
        let (many, reached_many) = cost(10_000, mode, Wish::Always);
        assert_eq!((reached_few, reached_many), (10 - but, 10_000 - but));
        assert_eq!(few, many, "allocations must not depend on the number of members");
        assert!(few <= 1, "the copies of a message cost {few} allocations");
    }
}

#[test]
fn mentions_cost_the_same_however_many_want_them() {
    let (few, reached_few) = cost(10, Mode::Always, Wish::Mentions);
    let (many, reached_many) = cost(10_000, Mode::Always, Wish::Mentions);
    assert_eq!((reached_few, reached_many), (1, 1));
    assert_eq!(few, many, "allocations must not depend on the number of members");
}

#[test]
fn a_member_costs_at_most_420_bytes() {
    const MEMBERS: usize = 10_000;
    let mut room = None;
    let counted = measure(|| room = Some(room_of(MEMBERS, Mode::Always, Wish::Always)));
    let each = counted.bytes_current as usize / MEMBERS;
    assert!(each <= 420, "a member costs {each} bytes, its JID and names included");
    drop(room);
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<xmpp_machines::push::room::Notice>(), 32);
    assert_eq!(size_of::<Wish>(), 1);
}
