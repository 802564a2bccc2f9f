//! An upload service.

use std::mem::size_of;

use allocation_counter::measure;
use xmpp_machines::retention::{Candidate, HttpMeta, SlotId};
use xmpp_machines::{Machine, Time};

#[path = "../common/uploads.rs"]
mod uploads;

use uploads::{request, service, store};

#[test]
fn a_file_costs_at_most_128_bytes_beyond_the_names() {
    const FILES: usize = 20_000;
    const OWNERS: usize = 20;
    let mut made = None;
    let counted = measure(|| {
        let mut service = service();
        for n in 0..FILES {
            store(&mut service, Time::from_millis(1_800_000_000_000 + n as u64), n % OWNERS);
        }
        made = Some(service);
    });
    let names = "cup.webp".len();
    let each = counted.bytes_current as usize / FILES - names;
    assert!(each <= 128, "a file costs {each} bytes beyond its name");
    drop(made);
}

#[test]
fn a_slot_costs_the_same_however_many_files_there_are() {
    let cost = |files: usize| {
        let mut service = service();
        let now = Time::from_millis(1_800_000_000_000);
        for n in 0..files {
            store(&mut service, now, n % 10);
        }
        let input = request(3);
        measure(|| service.handle_with(now, input, |_, _| {}).unwrap()).count_total
    };
    let (few, many) = (cost(40), cost(4000));
    assert!(many <= few + 2, "{few} allocations among few files, {many} among many");
    assert!(many <= 40, "a slot costs {many} allocations");
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<SlotId>(), 16);
    assert_eq!(size_of::<HttpMeta>(), 32);
    assert_eq!(size_of::<Candidate>(), 24);
}
