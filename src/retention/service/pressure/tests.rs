//! The trees beside a ledger that looks through all accounts: both show the same files in the same order.

use core::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::codec::Reader;
use crate::limits::{Rate, RetentionLimits};
use crate::machine::{Action, Machine as _};
use crate::retention::host::{Input, Notice, Reason, Reference};
use crate::retention::policy::{Bucket, Class, Keep, Policy};
use crate::retention::service::machine::{Service, ServiceConfig};
use crate::retention::token::Pass;
use crate::retention::{Order, SlotId};
use crate::seed::Seed;
use crate::snapshot::Snapshot as _;

/// Rule E4 word for word, without an index.
struct Naive<'a>(&'a State);

/// A lot that may have to give.
struct Share {
    lot: u32,
    priority: u8,
    used: u64,
    min_age: Span,
}

impl Naive<'_> {
    fn pressed(&self, now: Time, more: &mut dyn FnMut(Candidate) -> bool) {
        for purpose in [Purpose::Message, Purpose::Ephemeral, Purpose::Profile] {
            let mut lots = self.lots_of(purpose);
            lots.sort_by_key(|share| share.priority);
            for lots in lots.chunk_by(|a, b| a.priority == b.priority) {
                if !self.share(lots, now, more) {
                    return;
                }
            }
        }
    }

    fn lots_of(&self, purpose: Purpose) -> Vec<Share> {
        let all = (0..).zip(&self.0.lots);
        let shares = all.filter_map(|(index, lot)| {
            let lot = lot.as_ref().filter(|lot| !lot.queue.is_empty())?;
            if self.0.bucket_name(lot.bucket).1 != purpose {
                return None;
            }
            let (_, bucket) = self.0.terms(index)?;
            bucket.evict.then_some(Share {
                lot: index,
                priority: bucket.priority,
                used: lot.used,
                min_age: bucket.min_age,
            })
        });
        shares.collect()
    }

    fn share(&self, lots: &[Share], now: Time, more: &mut dyn FnMut(Candidate) -> bool) -> bool {
        let sum: u128 = lots.iter().map(|share| u128::from(share.used)).sum();
        let fair = u64::try_from(sum / lots.len().max(1) as u128).unwrap_or(u64::MAX);
        let mut at: Vec<(usize, u64)> = lots.iter().map(|share| (0, share.used)).collect();
        for only_over in [true, false] {
            let gives = |left: u64| !only_over || left > fair;
            let mut oldest: BinaryHeap<Reverse<(Time, u64, usize)>> = (0..lots.len())
                .filter(|n| gives(at[*n].1))
                .filter_map(|n| self.front(lots, n, at[n].0, now).map(Reverse))
                .collect();
            while let Some(Reverse((_, _, n))) = oldest.pop() {
                let index = self.0.lot(lots[n].lot).unwrap().queue[at[n].0];
                let file = self.0.file(index).unwrap();
                if !more(Candidate { file: u64::from(index), size: file.size, stored: file.stored }) {
                    return false;
                }
                at[n] = (at[n].0 + 1, at[n].1.saturating_sub(file.size));
                if gives(at[n].1) {
                    oldest.extend(self.front(lots, n, at[n].0, now).map(Reverse));
                }
            }
        }
        true
    }

    fn front(&self, lots: &[Share], n: usize, at: usize, now: Time) -> Option<(Time, u64, usize)> {
        let share = &lots[n];
        let file = self.0.file(*self.0.lot(share.lot)?.queue.get(at)?)?;
        (file.stored.plus(share.min_age) <= now).then_some((file.stored, file.number, n))
    }
}

const OWNERS: usize = 12;

fn owner(n: usize) -> String {
    format!("user{n}@{}.example", ["tea", "oak", "fig"][n % 3])
}

/// Three classes, two of them by domain; each digit of `how` is a choice of its own.
fn policy(how: u32) -> Policy {
    let mut digits = how;
    let mut choose = |most: u32| {
        let chosen = digits % most;
        digits = digits / most + how.rotate_left(7) % 5;
        chosen
    };
    let mut bucket = |purpose: Purpose| {
        let evict = choose(6) != 0;
        Bucket {
            enabled: true,
            max_file: 60,
            hard: 300,
            soft: 250,
            keep: Keep::For(Span::from_days(20)),
            min_age: [Span::ZERO, Span::from_secs(60), Span::from_hours(2)][choose(3) as usize],
            types: vec!["*/*".into()],
            rate: Rate::per(500, Span::from_hours(1)),
            evict,
            priority: choose(3) as u8,
            ..Bucket::of(purpose)
        }
    };
    let mut classes = Vec::new();
    for name in ["tea", "oak", "rest"] {
        let mut class = Class::new(name);
        class.hard = 600;
        match name {
            "rest" => class.everybody = true,
            domain => class.domains = vec![format!("{domain}.example")],
        }
        for purpose in [Purpose::Message, Purpose::Ephemeral, Purpose::Profile] {
            *class.bucket_mut(purpose) = bucket(purpose);
        }
        for (name, purpose) in [("album", Purpose::Message), ("stories", Purpose::Ephemeral)] {
            class.directories.insert(name.into(), bucket(purpose));
        }
        classes.push(class);
    }
    // What a directory is for may change with the policy, and one of them may be gone.
    let album = [Purpose::Message, Purpose::Profile][(how % 2) as usize];
    let mut directories = [("album".to_owned(), album), ("stories".to_owned(), Purpose::Ephemeral)].to_vec();
    if how % 5 == 4 {
        directories.pop();
        for class in &mut classes {
            class.directories.remove("stories");
        }
    }
    // A class that the host put somebody into may be gone.
    if how % 7 == 6 {
        classes.remove(1);
    }
    let hard = 700 + u64::from(how % 3) * 300;
    Policy {
        hard,
        soft: hard - 150,
        references: !how.is_multiple_of(3),
        directories: directories.into_iter().collect(),
        classes,
        ..Policy::default()
    }
}

fn service(how: u32) -> Service {
    let config = ServiceConfig::new("up.example", "https://up.example/", Seed::new([3; 32]));
    let limits = RetentionLimits { forget: 3, ..RetentionLimits::default() };
    Service::new(config, policy(how), limits, Seed::new([7; 32])).unwrap()
}

#[derive(Clone, Debug)]
struct Deed {
    after: u64,
    who: usize,
    what: u8,
    which: usize,
    size: u64,
    how: u32,
}

fn deed() -> impl Strategy<Value = Deed> {
    let after = prop_oneof![6 => 0..3_u64, 4 => 0..100_000_u64, 2 => 0..10_000_000_u64, 1 => 0..900_000_000_u64];
    (after, 0..OWNERS, 0..40_u8, 0..60_usize, 1..60_u64, any::<u32>())
        .prop_map(|(after, who, what, which, size, how)| Deed { after, who, what, which, size, how })
}

struct World {
    service: Service,
    now: Time,
    slots: Vec<(SlotId, String, u64, Time)>,
    pressed: usize,
    seen: BTreeSet<String>,
}

impl World {
    fn give(&mut self, input: Input) {
        let (slots, pressed) = (&mut self.slots, &mut self.pressed);
        self.service
            .handle_with(self.now, input, |_, action| match action {
                Action::Tell(Notice::Granted { slot, owner, until, .. }) => {
                    slots.push((slot, owner.to_string(), 0, until));
                }
                Action::Do(Order::Delete { reason: Reason::Pressure, .. }) => *pressed += 1,
                _ => {}
            })
            .unwrap();
    }

    fn act(&mut self, deed: &Deed) {
        self.now = self.now.plus(Span::from_millis(deed.after));
        let back = self.slots.len().checked_sub(1 + deed.which);
        let known = back.and_then(|at| self.slots.get(at)).cloned();
        let Some((slot, of, ..)) = known.or_else(|| self.slots.last().cloned()) else {
            return self.upload(deed, true);
        };
        let by = Reference { account: of.as_str().into(), node: "n".into(), item: format!("{}", deed.how % 2).into() };
        match deed.what {
            0..=22 => self.upload(deed, true),
            23 | 24 => self.upload(deed, false),
            25..=27 => self.give(Input::Referenced { slot: slot.text(), by }),
            28 => self.give(Input::Unreferenced { slot: slot.text(), by }),
            29 | 30 => self.give(Input::Pin { slot, on: deed.how & 1 == 0 }),
            31 => self.give(Input::Remove { slot }),
            32 => self.give(Input::Failed { slot }),
            33 if deed.how & 1 == 0 => self.give(Input::AccountRemoved { account: owner(deed.who).into() }),
            34 | 35 => {
                let class = [None, Some("tea"), Some("oak"), Some("rest")][(deed.how % 4) as usize];
                let class = class.filter(|class| self.service.policy().class_named(class).is_some());
                self.give(Input::Class { account: owner(deed.who).into(), class: class.map(Into::into) });
            }
            36 | 37 => self.give(Input::Policy(Box::new(policy(deed.how)))),
            38 => self.service = Service::load(&self.service.save()).unwrap(),
            _ => {}
        }
    }

    fn upload(&mut self, deed: &Deed, whole: bool) {
        let (size, until) = (deed.size, self.now.plus(Span::from_days(30)));
        let purpose = match deed.how % 9 {
            0..=2 => String::new(),
            3 => "<bucket xmlns='xmpp-machines:retention:0' name='album'/>".to_owned(),
            4 | 5 => "<profile xmlns='urn:xmpp:http:upload:purpose:0'/>".to_owned(),
            other => {
                let bucket = "<bucket xmlns='xmpp-machines:retention:0' name='stories'/>";
                let bucket = if other == 6 { "" } else { bucket };
                format!("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' expire-before='{until}'/>{bucket}")
            }
        };
        let text = format!(
            "<iq type='get' id='u' from='{}/x' to='up.example'>\
             <request xmlns='urn:xmpp:http:upload:0' filename='a.webp' size='{size}'>{purpose}</request></iq>",
            owner(deed.who)
        );
        let before = self.slots.len();
        self.give(Input::Stanza(Reader::one("jabber:client", text.as_bytes()).unwrap()));
        let Some((slot, _, known, until)) = self.slots.get_mut(before) else { return };
        *known = size;
        if !whole {
            return;
        }
        let slot = *slot;
        let authorization = Some(Pass { size, until: *until }.sign(&Seed::new([3; 32]), slot).into());
        let put = Input::Put { token: 1, slot: slot.text(), authorization, length: Some(size), content_type: None };
        self.give(put);
        self.give(Input::Stored { token: 1, slot, bytes: size });
    }

    /// Both ways show the same, now and later, also to one that has seen enough.
    fn compare(&mut self, how: u32) {
        assert_eq!(self.service.check(), Ok(()));
        let state = &self.service.state;
        for later in [0, 60_000, 7_200_000] {
            let now = state.now.plus(Span::from_millis(later));
            let (mut all, mut same) = (Vec::new(), Vec::new());
            Naive(state).pressed(now, &mut |file| {
                all.push(file);
                true
            });
            state.pressed(now, &mut |file| {
                same.push(file);
                true
            });
            assert_eq!(same, all);
            let enough = how as usize % (all.len() + 1);
            let mut some = Vec::new();
            state.pressed(now, &mut |file| {
                some.push(file);
                some.len() < enough
            });
            assert_eq!(some, all[..enough.max(1).min(all.len())]);
        }
        // What the histories reach.
        let trees = &state.pressure.trees;
        let groups: BTreeSet<_> = trees.keys().map(Home::group).collect();
        let mut see = |what: &str, is: bool| {
            if is {
                self.seen.insert(what.to_owned());
            }
        };
        see("several ages in a group", groups.len() < trees.len());
        see("several priorities", groups.iter().any(|(turn, p)| *p > 0 && groups.contains(&(*turn, 0))));
        see("all purposes", groups.iter().map(|(turn, _)| turn).collect::<BTreeSet<_>>().len() == 3);
        see("eight lots in a tree", trees.values().any(|tree| tree.lots >= 8));
        see("files of others go", self.pressed > 0);
        see("files of others are planned", !state.planned.is_empty());
    }
}

fn play(deeds: &[Deed], how: u32) -> BTreeSet<String> {
    let now = Time::from_millis(1_800_000_000_000);
    let mut world = World { service: service(how), now, slots: Vec::new(), pressed: 0, seen: BTreeSet::new() };
    for deed in deeds {
        world.act(deed);
        world.compare(deed.how >> 8);
    }
    world.seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_files_go_as_if_all_accounts_were_looked_through(
        deeds in prop::collection::vec(deed(), 1..120),
        how: u32,
    ) {
        play(&deeds, how);
    }

    #[test]
    fn a_tree_knows_its_oldest_whatever_comes_and_goes(
        ops in prop::collection::vec((0..200_u32, any::<bool>(), 0..8_u64, 0..1000_u64), 0..600),
    ) {
        let mut nodes = Nodes::new([7; 16]);
        let mut root = NOWHERE;
        let mut lots = BTreeMap::new();
        for (lot, comes, used, stored) in ops {
            if lots.remove(&lot).is_some() {
                nodes.remove(&mut root, lot);
            }
            if comes {
                nodes.insert(&mut root, lot, HOME, used, (Time::from_millis(stored), u64::from(lot)));
                lots.insert(lot, (used, stored));
            }
            let sum = lots.values().map(|(used, _)| u128::from(*used)).sum();
            prop_assert_eq!(nodes.check(root, HOME), Ok((lots.len() as u64, sum)));
            let oldest = lots.iter().map(|(lot, (_, stored))| (Time::from_millis(*stored), u64::from(*lot))).min();
            prop_assert_eq!(nodes.get(root).map(|node| node.oldest), oldest);
        }
    }
}

const HOME: Home = Home { turn: Turn::Message, priority: 0, min_age: Span::ZERO };

#[test]
fn histories_reach_what_they_should() {
    let mut runner = TestRunner::deterministic();
    let strategy = (prop::collection::vec(deed(), 150), any::<u32>());
    let mut seen = BTreeSet::new();
    for _ in 0..10 {
        let (deeds, how) = strategy.new_tree(&mut runner).unwrap().current();
        seen.extend(play(&deeds, how));
    }
    for what in [
        "several ages in a group",
        "several priorities",
        "all purposes",
        "eight lots in a tree",
        "files of others go",
        "files of others are planned",
    ] {
        assert!(seen.contains(what), "no history has: {what}");
    }
}

/// Accounts that all use the same, or ever more, are the worst that there is for a tree or for classes of sizes.
#[test]
fn a_tree_of_many_lots_is_not_deep() {
    for used in [|_: u32| 9000, |lot: u32| u64::from(lot), |lot: u32| u64::from(u32::MAX - lot)] {
        let mut nodes = Nodes::new([7; 16]);
        let mut root = NOWHERE;
        for lot in 0..50_000 {
            nodes.insert(&mut root, lot, HOME, used(lot), (Time::from_millis(u64::from(lot)), u64::from(lot)));
        }
        let (mut deepest, mut open) = (0, vec![(root, 1)]);
        while let Some((lot, depth)) = open.pop() {
            let Some(node) = nodes.get(lot) else { continue };
            deepest = deepest.max(depth);
            open.extend([(node.left, depth + 1), (node.right, depth + 1)]);
        }
        assert!(deepest <= 60, "{deepest} levels");
    }
}
