//! The archive answers as the library's own answer over a list does, for any query.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

use component::archive::{drop_room, put};
use component::store::Store;
use tempfile::TempDir;
use xmpp_machines::Time;
use xmpp_machines::gc3::{Answer, Edge, ParticipantId, Query, Record};

/// A small generator: the same queries in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn maybe<T>(&mut self, one_in: u64, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(one_in) == 0).then(|| what(self))
    }
}

/// A participant's ID that begins with this name; of no name, the room itself.
fn author(name: &str) -> Option<ParticipantId> {
    ParticipantId::parse(&format!("-{}", name.repeat(7))[..21.min(1 + 7 * name.len())])
}

fn record(seq: u64, dice: &mut Dice) -> Record {
    Record {
        seq,
        stanza_id: format!("sid-{seq}").into(),
        stamp: Time::from_millis(1000 + seq / 3),
        author: author(["ann", "ben", ""][dice.roll(3) as usize]),
        nick: "nick".into(),
        jid: None,
        id: format!("m{seq}").into(),
        body: format!("<body>{seq}</body>").into(),
    }
}

#[test]
fn any_query_is_answered_as_a_list_would_be() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let mut dice = Dice(7);
    let mut records = Vec::new();
    let mut seq = 0;
    for _ in 0..40 {
        seq += 1 + dice.roll(3);
        records.push(record(seq, &mut dice));
    }
    let (ours, beside) = ("room@rooms.tea.example", "room2@rooms.tea.example");
    store
        .change_archive(|write| {
            for record in &records {
                put(write, beside, record)?;
                put(write, ours, record)?;
                // A replay stores again.
                put(write, ours, record)?;
            }
            // A tombstone takes the place of a message.
            records[5].body = "<retracted/>".into();
            put(write, ours, &records[5])?;
            drop_room(write, beside)
        })
        .unwrap();
    let archive = store.archive().unwrap();

    let (mut pages, mut refused, mut cut) = (0, 0, 0);
    for _ in 0..20_000 {
        let id = |dice: &mut Dice| format!("sid-{}", dice.roll(seq + 3));
        let known = |dice: &mut Dice| records[dice.roll(40) as usize].stanza_id.to_string();
        let query = Query {
            start: dice.maybe(4, |dice| Time::from_millis(995 + dice.roll(40))),
            end: dice.maybe(4, |dice| Time::from_millis(995 + dice.roll(40))),
            above_seq: dice.maybe(4, |dice| dice.roll(seq)),
            author: dice.maybe(3, |dice| author(["ann", "ben", "cid"][dice.roll(3) as usize])).flatten(),
            after_id: dice.maybe(6, known),
            before_id: dice.maybe(6, id),
            ids: dice.maybe(5, |dice| (0..=dice.roll(5)).map(|_| known(dice)).collect()).unwrap_or_default(),
            from: match dice.roll(4) {
                0 => Edge::First,
                1 => Edge::Last,
                2 => Edge::After(known(&mut dice)),
                _ => Edge::Before(known(&mut dice)),
            },
            max: dice.roll(12) as u32,
        };
        let expected = query.answer(records.iter());
        match &expected {
            Answer::Page(page) => {
                pages += 1;
                cut += u32::from(!page.complete && !page.records.is_empty());
            }
            _ => refused += 1,
        }
        assert_eq!(archive.fetch(ours, &query).unwrap(), expected, "{query:?}");
        assert_eq!(archive.fetch(beside, &query).unwrap(), query.answer([].iter()), "{query:?}");
    }
    assert!(pages > 5000 && refused > 500 && cut > 1000, "{pages} {refused} {cut}");
}

#[test]
fn a_record_is_found_by_its_id() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let mut dice = Dice(1);
    let records: Vec<_> = (1..4).map(|seq| record(seq, &mut dice)).collect();
    let room = "room@rooms.tea.example";
    store.change_archive(|write| records.iter().try_for_each(|record| put(write, room, record))).unwrap();
    let archive = store.archive().unwrap();
    let Answer::Page(page) = archive.find(room, "sid-2").unwrap() else { panic!("found") };
    assert_eq!((page.records, page.index, page.count), (vec![records[1].clone()], 1, 3));
    assert_eq!(archive.find(room, "sid-9").unwrap(), Answer::NoSuchId);
    assert_eq!(archive.find("other@rooms.tea.example", "sid-2").unwrap(), Answer::NoSuchId);
}
