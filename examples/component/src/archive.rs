//! The rooms' messages: stored by order of the machine, found again for its questions.
//!
//! Records are kept by room and sequence number. Every record also has its *place*, counted from 0, in the list of its
//! room and in the list of its room and author; from places alone follow the counts and indexes that a page must state
//! (XEP-0059), so that a page costs the same in a large archive as in a small one.

use std::ops::Range;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use xmpp_machines::gc3::{Answer, Edge, Page, ParticipantId, Query, Record};

use crate::store::StoreError;

/// room, sequence → the record.
const RECORDS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("archive");
/// room, list, sequence → place in that list. The list "" holds all records of the room, "=author" those of one.
const PLACES: TableDefinition<'_, (&str, &str, u64), u64> = TableDefinition::new("archive-places");
/// room, stanza-id → sequence.
const IDS: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("archive-ids");
/// room, stamp, sequence. Stamps of a room never fall while sequence numbers rise.
const STAMPS: TableDefinition<'_, (&str, u64, u64), ()> = TableDefinition::new("archive-stamps");

const ALL: &str = "";
/// Above every list and every stanza-id.
const END: &str = "\u{10FFFF}";

/// Makes the tables.
pub(crate) fn open(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(RECORDS)?;
    write.open_table(PLACES)?;
    write.open_table(IDS)?;
    write.open_table(STAMPS)?;
    Ok(())
}

/// Stores a record, or puts it in the place of the one with the same sequence number. Doing so twice is doing so once,
/// which is what a replay does.
///
/// # Errors
/// The disk fails.
pub fn put(write: &WriteTransaction, room: &str, record: &Record) -> Result<(), StoreError> {
    let seq = record.seq;
    let mut records = write.open_table(RECORDS)?;
    let mut ids = write.open_table(IDS)?;
    let old = records.get((room, seq))?.and_then(|bytes| Record::from_bytes(bytes.value()));
    match old {
        Some(old) if old.stanza_id != record.stanza_id => {
            ids.remove((room, &*old.stanza_id))?;
        }
        Some(_) => {}
        None => {
            let mut places = write.open_table(PLACES)?;
            let author = list_of(record.author);
            for list in [ALL, &author] {
                let last = places.range((room, list, 0)..=(room, list, u64::MAX))?.next_back().transpose()?;
                let last = last.map(|(key, place)| (key.value().2, place.value()));
                if last.is_some_and(|(last, _)| last > seq) {
                    tracing::error!(room, seq, "a record came out of order and is not stored");
                    return Ok(());
                }
                places.insert((room, list, seq), last.map_or(0, |(_, place)| place + 1))?;
            }
            write.open_table(STAMPS)?.insert((room, record.stamp.millis(), seq), ())?;
        }
    }
    records.insert((room, seq), record.to_bytes().as_slice())?;
    ids.insert((room, &*record.stanza_id), seq)?;
    Ok(())
}

/// Forgets a room.
///
/// # Errors
/// The disk fails.
pub fn drop_room(write: &WriteTransaction, room: &str) -> Result<(), StoreError> {
    write.open_table(RECORDS)?.retain_in((room, 0)..=(room, u64::MAX), |_, _| false)?;
    write.open_table(PLACES)?.retain_in((room, ALL, 0)..=(room, END, u64::MAX), |_, _| false)?;
    write.open_table(IDS)?.retain_in((room, "")..=(room, END), |_, _| false)?;
    write.open_table(STAMPS)?.retain_in((room, 0, 0)..=(room, u64::MAX, u64::MAX), |_, ()| false)?;
    Ok(())
}

fn list_of(author: Option<ParticipantId>) -> String {
    format!("={}", author.as_ref().map_or("", ParticipantId::as_str))
}

/// The archive of all rooms, as it was at one moment.
#[derive(Debug)]
pub struct Archive {
    records: ReadOnlyTable<(&'static str, u64), &'static [u8]>,
    places: ReadOnlyTable<(&'static str, &'static str, u64), u64>,
    ids: ReadOnlyTable<(&'static str, &'static str), u64>,
    stamps: ReadOnlyTable<(&'static str, u64, u64), ()>,
}

/// What a query can read, in rising order of sequence numbers.
enum List<'q> {
    /// A list of [`PLACES`].
    Stored { room: &'q str, list: String },
    /// The ids that were asked for.
    Chosen(Vec<u64>),
}

impl Archive {
    pub(crate) fn read(read: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            records: read.open_table(RECORDS)?,
            places: read.open_table(PLACES)?,
            ids: read.open_table(IDS)?,
            stamps: read.open_table(STAMPS)?,
        })
    }

    /// Answers [`Order::Find`](xmpp_machines::gc3::Order::Find).
    ///
    /// # Errors
    /// The disk fails, or the file is damaged.
    pub fn find(&self, room: &str, id: &str) -> Result<Answer, StoreError> {
        let Some(seq) = self.seq_of(room, id)? else { return Ok(Answer::NoSuchId) };
        let (index, count) = (self.place(room, ALL, seq)?, self.place(room, ALL, u64::MAX)?);
        Ok(Answer::Page(Page { records: vec![self.record(room, seq)?], complete: true, index, count }))
    }

    /// Answers [`Order::Fetch`](xmpp_machines::gc3::Order::Fetch), as [`Query::answer`] would.
    ///
    /// # Errors
    /// The disk fails, or the file is damaged.
    pub fn fetch(&self, room: &str, query: &Query) -> Result<Answer, StoreError> {
        let Some(mut within) = self.bounds(room, query)? else { return Ok(Answer::NoSuchId) };
        let list = if query.ids.is_empty() {
            List::Stored { room, list: query.author.map_or_else(String::new, |author| list_of(Some(author))) }
        } else {
            let Some(chosen) = self.chosen(room, query)? else { return Ok(Answer::NoSuchId) };
            List::Chosen(chosen)
        };
        let edge = match &query.from {
            Edge::After(id) | Edge::Before(id) => match self.readable(room, id, query)? {
                Some(seq) => seq,
                None => return Ok(Answer::NoSuchId),
            },
            Edge::First | Edge::Last => 0,
        };
        let (low, high) = (self.rank(&list, within.start)?, self.rank(&list, within.end)?);
        let (seqs, start, complete) = match &query.from {
            Edge::First | Edge::After(_) => {
                if matches!(query.from, Edge::After(_)) {
                    within.start = edge.saturating_add(1).clamp(within.start, within.end);
                }
                let start = self.rank(&list, within.start)?;
                let seqs = self.take(&list, within, query.max, false)?;
                let complete = start + seqs.len() as u64 == high;
                (seqs, start, complete)
            }
            Edge::Last | Edge::Before(_) => {
                if matches!(query.from, Edge::Before(_)) {
                    within.end = edge.clamp(within.start, within.end);
                }
                let end = self.rank(&list, within.end)?;
                let seqs = self.take(&list, within, query.max, true)?;
                let start = end - seqs.len() as u64;
                (seqs, start, start == low)
            }
        };
        let records = seqs.into_iter().map(|seq| self.record(room, seq)).collect::<Result<_, _>>()?;
        Ok(Answer::Page(Page { records, complete, index: start - low, count: high - low }))
    }

    /// The sequence numbers between which the query reads, or `None` if an id in it names nothing.
    fn bounds(&self, room: &str, query: &Query) -> Result<Option<Range<u64>>, StoreError> {
        let (mut start, mut end) = (query.above_seq.map_or(0, |above| above.saturating_add(1)), u64::MAX);
        if let Some(id) = &query.after_id {
            let Some(seq) = self.readable(room, id, query)? else { return Ok(None) };
            start = start.max(seq.saturating_add(1));
        }
        if let Some(id) = &query.before_id {
            let Some(seq) = self.readable(room, id, query)? else { return Ok(None) };
            end = end.min(seq);
        }
        if let Some(time) = query.start {
            start = start.max(self.first_since(room, time.millis())?);
        }
        if let Some(time) = query.end.and_then(|time| time.millis().checked_add(1)) {
            end = end.min(self.first_since(room, time)?);
        }
        Ok(Some(start..end.max(start)))
    }

    /// The sequence number of the first record whose stamp is not before this one.
    fn first_since(&self, room: &str, millis: u64) -> Result<u64, StoreError> {
        let found = self.stamps.range((room, millis, 0)..=(room, u64::MAX, u64::MAX))?.next().transpose()?;
        Ok(found.map_or(u64::MAX, |(key, _)| key.value().2))
    }

    /// What the ids of a query name; `None` if one of them names nothing that the reader may see.
    fn chosen(&self, room: &str, query: &Query) -> Result<Option<Vec<u64>>, StoreError> {
        let mut seqs = Vec::new();
        for id in &query.ids {
            let Some(seq) = self.readable(room, id, query)? else { return Ok(None) };
            seqs.push(seq);
        }
        seqs.sort_unstable();
        seqs.dedup();
        if let Some(author) = query.author {
            let mut of_author = Vec::new();
            for seq in seqs {
                if self.places.get((room, list_of(Some(author)).as_str(), seq))?.is_some() {
                    of_author.push(seq);
                }
            }
            seqs = of_author;
        }
        Ok(Some(seqs))
    }

    /// How many of a list stand before this sequence number.
    fn rank(&self, list: &List<'_>, seq: u64) -> Result<u64, StoreError> {
        match list {
            List::Stored { room, list } => self.place(room, list, seq),
            List::Chosen(seqs) => Ok(seqs.partition_point(|&s| s < seq) as u64),
        }
    }

    fn place(&self, room: &str, list: &str, seq: u64) -> Result<u64, StoreError> {
        if let Some(row) = self.places.range((room, list, seq)..=(room, list, u64::MAX))?.next() {
            return Ok(row?.1.value());
        }
        let last = self.places.range((room, list, 0)..(room, list, seq))?.next_back().transpose()?;
        Ok(last.map_or(0, |(_, place)| place.value() + 1))
    }

    /// Up to `max` of a list within bounds, from the beginning or from the end, always in rising order.
    fn take(&self, list: &List<'_>, within: Range<u64>, max: u32, last: bool) -> Result<Vec<u64>, StoreError> {
        let max = max as usize;
        match list {
            List::Stored { room, list } => {
                let (room, list) = (*room, list.as_str());
                let range = self.places.range((room, list, within.start)..(room, list, within.end))?;
                let rows: Vec<_> = if last { range.rev().take(max).collect() } else { range.take(max).collect() };
                let mut seqs = Vec::with_capacity(rows.len());
                for row in rows {
                    seqs.push(row?.0.value().2);
                }
                if last {
                    seqs.reverse();
                }
                Ok(seqs)
            }
            List::Chosen(seqs) => {
                let from = seqs.partition_point(|&seq| seq < within.start);
                let to = seqs.partition_point(|&seq| seq < within.end);
                let (from, to) = if last { (from.max(to.saturating_sub(max)), to) } else { (from, to.min(from + max)) };
                Ok(seqs.get(from..to).unwrap_or_default().to_vec())
            }
        }
    }

    /// Where a record stands, if its id names one that the reader may see.
    fn readable(&self, room: &str, id: &str, query: &Query) -> Result<Option<u64>, StoreError> {
        Ok(self.seq_of(room, id)?.filter(|&seq| query.above_seq.is_none_or(|above| seq > above)))
    }

    fn seq_of(&self, room: &str, id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.ids.get((room, id))?.map(|seq| seq.value()))
    }

    fn record(&self, room: &str, seq: u64) -> Result<Record, StoreError> {
        let record = self.records.get((room, seq))?.and_then(|bytes| Record::from_bytes(bytes.value()));
        record.ok_or_else(|| StoreError::Damaged(format!("record {seq} of {room} cannot be read")))
    }
}
