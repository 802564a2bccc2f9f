//! Who can be spoken to: a [`Roster`] of addresses, sets of [`Seats`] in it, and the [`Audience`] of one action.
//!
//! A seat is a slot in a roster. The lowest free slot is given to the next who comes, so that the order of recipients
//! depends on who is here and never on how they came; that order is also what a snapshot restores.

mod address;
mod audience;
mod roster;
mod seats;

pub use address::Address;
pub(crate) use address::{bare, domain};
pub use audience::{Audience, Recipient, Recipients};
pub use roster::{Roster, Seat};
pub use seats::Seats;

#[cfg(test)]
mod tests {
    use jid::Jid;
    use proptest::prelude::*;

    use super::*;

    fn address(n: u32) -> Address {
        Address::from(&Jid::new(&format!("user{n}@tea.example/pot")).unwrap())
    }

    #[test]
    fn an_address_knows_its_parts() {
        let full = Address::from(&Jid::new("Ann@Tea.example/Pot/1").unwrap());
        assert_eq!((full.as_str(), full.bare()), ("ann@tea.example/Pot/1", "ann@tea.example"));
        assert_eq!(full.resource(), Some("Pot/1"));
        let bare = Address::from(&Jid::new("tea.example").unwrap());
        assert_eq!((bare.bare(), bare.resource()), ("tea.example", None));
        assert_eq!(Address::from_normalised("Ann@tea.example"), None);
    }

    #[test]
    fn the_lowest_free_seat_is_given() {
        let mut roster = Roster::new([1; 16]);
        for n in 0..130 {
            assert_eq!(roster.seat(address(n)), Seat(n));
        }
        assert_eq!(roster.seat(address(5)), Seat(5), "one address has one seat");
        roster.unseat(Seat(70));
        roster.unseat(Seat(3));
        assert_eq!(roster.seat(address(500)), Seat(3));
        assert_eq!(roster.seat(address(501)), Seat(70));
        assert_eq!(roster.seat(address(502)), Seat(130));
        assert_eq!(roster.find("user500@tea.example/pot"), Some(Seat(3)));
        assert_eq!(roster.find("user3@tea.example/pot"), None);
    }

    #[test]
    fn an_audience_can_leave_some_out() {
        let mut roster = Roster::new([1; 16]);
        let seats: Seats = (0..4).map(|n| roster.seat(address(n))).collect();
        let audience = Audience::all_but(&roster, &seats, &[Seat(1), Seat(2)]);
        assert_eq!(audience.len(), 2);
        assert_eq!(format!("{audience:?}"), r#"["user0@tea.example/pot", "user3@tea.example/pot"]"#);
        assert!(Audience::few(&roster, &[]).is_empty());
        let word = Audience::word(&roster, 0b100_0101);
        assert_eq!(format!("{word:?}"), r#"["user0@tea.example/pot", "user2@tea.example/pot"]"#);
        assert_eq!((word.len(), Audience::word(&roster, 1 << 40).is_empty()), (2, true));
        assert_eq!(Audience::one("a@b").iter().next(), Some(Recipient { seat: None, jid: "a@b" }));
    }

    proptest! {
        #[test]
        fn seats_are_a_sorted_set(ops in prop::collection::vec((any::<bool>(), 0u32..300), 0..200)) {
            let mut set = Seats::new();
            let mut model = std::collections::BTreeSet::new();
            for (add, n) in ops {
                if add {
                    prop_assert_eq!(set.insert(Seat(n)), model.insert(n));
                } else {
                    prop_assert_eq!(set.remove(Seat(n)), model.remove(&n));
                }
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().map(|s| s.0).eq(model.iter().copied()));
            let gap = (0..).find(|n| !model.contains(n)).unwrap();
            prop_assert_eq!(set.first_gap(0), gap);
        }

        #[test]
        fn a_roster_finds_whom_it_seats(ops in prop::collection::vec((any::<bool>(), 0u32..60), 0..200)) {
            let mut roster = Roster::new([9; 16]);
            let mut model = std::collections::BTreeMap::new();
            for (come, n) in ops {
                if come {
                    let lowest = (0..).find(|s| !model.values().any(|v| v == s)).unwrap();
                    let seat = roster.seat(address(n));
                    prop_assert_eq!(seat.0, *model.entry(n).or_insert(lowest));
                } else if let Some(seat) = model.remove(&n) {
                    prop_assert_eq!(roster.unseat(Seat(seat)), Some(address(n)));
                }
                for n in 0..60 {
                    prop_assert_eq!(roster.find(address(n).as_str()).map(|s| s.0), model.get(&n).copied());
                }
            }
        }
    }
}
