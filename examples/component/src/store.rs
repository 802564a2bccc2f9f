//! What survives a crash: the journal of inputs, the latest snapshot, the seed, and how far output was sent.
//!
//! One file holds everything, the archive too. [`Store::append`] is the only commit that waits for the disk in ordinary
//! running. Archive writes do not wait: a crash takes back those since the last append, and replaying the journal brings
//! them again. What an entry of the journal is, is the business of who writes and reads it.

use std::path::Path;

use bytes::Bytes;
use redb::{Database, Durability, ReadableTable, TableDefinition, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xmpp_machines::gc3::{Answer, Command, Token};
use xmpp_machines::seed::Seed;
use xmpp_machines::{Misuse, Time};

use crate::archive;

/// Number of the format of everything in the file.
const FORMAT: u64 = 1;

/// `format`, `next` (sequence number of the next journal entry), `sent` (up to which entry all output was sent).
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const SECRETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("secrets");
const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
/// Journal entries that made the machine panic, and are left out.
const POISON: TableDefinition<'_, u64, ()> = TableDefinition::new("poison");
/// One row: the last journal entry it covers, and the bytes.
const SNAPSHOT: TableDefinition<'_, (), (u64, &[u8])> = TableDefinition::new("snapshot");
/// Output that was not sent when the snapshot was taken: the journal entry it came from, and the stanza.
const UNSENT: TableDefinition<'_, u64, (u64, &[u8])> = TableDefinition::new("unsent");

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("cannot open the store: {0}")]
    Open(Box<redb::DatabaseError>),
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Io(Box<redb::Error>),
    /// It was written by another version of this program.
    #[error("the store has format {0}, this program reads format {FORMAT}")]
    Format(u64),
    /// What it holds makes no sense.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// What it holds does not go with the configuration.
    #[error("the store does not go with the configuration: {0}")]
    Configuration(Misuse),
    /// The operating system gives no random bytes for the seed.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

macro_rules! from_redb {
    ($($error:ty),*) => { $(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Io(Box::new(error.into()))
            }
        }
    )* };
}
from_redb!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);

/// One input of the machine, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// A stanza: its bytes as they came.
    Stanza(Bytes),
    /// The answer to a question of the machine.
    Answer {
        /// The question.
        token: Token,
        /// The answer.
        answer: Answer,
    },
    /// Something that the host decided.
    Command(Command),
    /// A deadline that was due.
    Wake,
}

/// A journal entry that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journalled<E = Entry> {
    /// Its sequence number.
    pub seq: u64,
    /// When it was given to the machine.
    pub at: Time,
    /// What was given.
    pub entry: E,
}

/// A saved machine, and what it had said that was not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The last journal entry it covers; 0 if there was none.
    pub seq: u64,
    /// The bytes of the snapshot.
    pub machine: Vec<u8>,
    /// Stanzas, each with the journal entry it came from.
    pub unsent: Vec<(u64, Vec<u8>)>,
}

/// The file.
#[derive(Debug)]
pub struct Store {
    db: Database,
    next: u64,
    sent: u64,
    /// Bytes appended since the file was opened or saved.
    appended: usize,
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It is in use, is no store, is damaged, or the disk fails.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Database::create(path).map_err(|error| StoreError::Open(Box::new(error)))?;
        let write = db.begin_write()?;
        let (next, sent);
        {
            let mut meta = write.open_table(META)?;
            let mut get = |key, default| -> Result<u64, StoreError> {
                let found = meta.get(key)?.map(|value| value.value());
                match found {
                    Some(value) => Ok(value),
                    None => {
                        meta.insert(key, default)?;
                        Ok(default)
                    }
                }
            };
            let format = get("format", FORMAT)?;
            if format != FORMAT {
                return Err(StoreError::Format(format));
            }
            next = get("next", 1)?;
            sent = get("sent", 0)?;
            let mut secrets = write.open_table(SECRETS)?;
            if secrets.get("seed")?.is_none() {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(StoreError::Random)?;
                secrets.insert("seed", &seed[..])?;
            }
            write.open_table(JOURNAL)?;
            write.open_table(POISON)?;
            write.open_table(SNAPSHOT)?;
            write.open_table(UNSENT)?;
            archive::open(&write)?;
        }
        write.commit()?;
        Ok(Self { db, next, sent, appended: 0 })
    }

    /// The secret from which the machine draws its ids. Made once, when the file was.
    ///
    /// # Errors
    /// The disk fails, or the file is damaged.
    pub fn seed(&self) -> Result<Seed, StoreError> {
        let table = self.db.begin_read()?.open_table(SECRETS)?;
        let seed = table.get("seed")?.and_then(|bytes| bytes.value().try_into().ok());
        seed.map(Seed::new).ok_or_else(|| StoreError::Damaged("the seed is missing".into()))
    }

    /// The sequence number that the next journal entry will have. The first is 1.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Up to which journal entry all output is known to be sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes were journalled since the store was opened or a snapshot kept.
    #[must_use]
    pub fn appended(&self) -> usize {
        self.appended
    }

    /// Journals the entries, all or none, and waits for the disk. Gives the sequence number of the first.
    ///
    /// # Errors
    /// The disk fails.
    pub fn append<E: Serialize>(&mut self, at: Time, entries: &[E], sent: u64) -> Result<u64, StoreError> {
        let first = self.next;
        let write = self.db.begin_write()?;
        let (mut next, mut appended) = (first, self.appended);
        {
            let mut journal = write.open_table(JOURNAL)?;
            for entry in entries {
                let bytes = postcard::to_allocvec(&(at, entry))
                    .map_err(|error| StoreError::Damaged(format!("an input cannot be journalled: {error}")))?;
                journal.insert(next, bytes.as_slice())?;
                next += 1;
                appended += bytes.len();
            }
            let mut meta = write.open_table(META)?;
            meta.insert("next", next)?;
            meta.insert("sent", sent)?;
        }
        write.commit()?;
        (self.next, self.sent, self.appended) = (next, sent, appended);
        Ok(first)
    }

    /// Notes that all output up to the entry `sent` was sent, and waits for the disk.
    ///
    /// # Errors
    /// The disk fails.
    pub fn mark_sent(&mut self, sent: u64) -> Result<(), StoreError> {
        if sent == self.sent {
            return Ok(());
        }
        let write = self.db.begin_write()?;
        write.open_table(META)?.insert("sent", sent)?;
        write.commit()?;
        self.sent = sent;
        Ok(())
    }

    /// Notes that an entry makes the machine panic: replays leave it out.
    ///
    /// # Errors
    /// The disk fails.
    pub fn poison(&mut self, seq: u64) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        write.open_table(POISON)?.insert(seq, ())?;
        write.commit()?;
        Ok(())
    }

    /// The journal after the entry `after`, without what is poisoned. An entry that cannot be read is left out and
    /// logged.
    ///
    /// # Errors
    /// The disk fails.
    pub fn journal<E: DeserializeOwned>(
        &self,
        after: u64,
        mut each: impl FnMut(Journalled<E>),
    ) -> Result<(), StoreError> {
        let read = self.db.begin_read()?;
        let (journal, poison) = (read.open_table(JOURNAL)?, read.open_table(POISON)?);
        for row in journal.range(after + 1..)? {
            let (seq, bytes) = row?;
            let seq = seq.value();
            if poison.get(seq)?.is_some() {
                continue;
            }
            match postcard::from_bytes(bytes.value()) {
                Ok((at, entry)) => each(Journalled { seq, at, entry }),
                Err(error) => tracing::error!(seq, %error, "a journal entry cannot be read and is left out"),
            }
        }
        Ok(())
    }

    /// How many entries the journal has.
    ///
    /// # Errors
    /// The disk fails.
    pub fn journal_len(&self) -> Result<u64, StoreError> {
        use redb::ReadableTableMetadata as _;
        Ok(self.db.begin_read()?.open_table(JOURNAL)?.len()?)
    }

    /// Keeps a snapshot that covers the whole journal, and drops the journal. `unsent` is what the machine said and
    /// nobody has received.
    ///
    /// # Errors
    /// The disk fails.
    pub fn save<'a>(
        &mut self,
        machine: &[u8],
        unsent: impl Iterator<Item = (u64, &'a [u8], &'a [u8])>,
        sent: u64,
    ) -> Result<(), StoreError> {
        let covered = self.next - 1;
        let write = self.db.begin_write()?;
        {
            write.open_table(SNAPSHOT)?.insert((), (covered, machine))?;
            write.open_table(JOURNAL)?.retain_in(..=covered, |_, _| false)?;
            write.open_table(POISON)?.retain_in(..=covered, |_, ()| false)?;
            let mut table = write.open_table(UNSENT)?;
            table.retain(|_, _| false)?;
            for (place, (seq, head, tail)) in unsent.enumerate() {
                table.insert(place as u64, (seq, [head, tail].concat().as_slice()))?;
            }
            write.open_table(META)?.insert("sent", sent)?;
        }
        write.commit()?;
        (self.sent, self.appended) = (sent, 0);
        Ok(())
    }

    /// The latest snapshot; `None` in a new file.
    ///
    /// # Errors
    /// The disk fails.
    pub fn saved(&self) -> Result<Option<Saved>, StoreError> {
        let read = self.db.begin_read()?;
        let snapshot = read.open_table(SNAPSHOT)?;
        let Some(row) = snapshot.get(())? else { return Ok(None) };
        let (seq, machine) = row.value();
        let mut unsent = Vec::new();
        for row in read.open_table(UNSENT)?.iter()? {
            let (_, value) = row?;
            let (seq, stanza) = value.value();
            unsent.push((seq, stanza.to_vec()));
        }
        Ok(Some(Saved { seq, machine: machine.to_vec(), unsent }))
    }

    /// Changes the archive, all or nothing, without waiting for the disk: see the top of this file.
    ///
    /// # Errors
    /// The disk fails.
    pub fn change_archive(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut write = self.db.begin_write()?;
        write.set_durability(Durability::None);
        change(&write)?;
        write.commit()?;
        Ok(())
    }

    /// The archive as it is now.
    ///
    /// # Errors
    /// The disk fails.
    pub fn archive(&self) -> Result<archive::Archive, StoreError> {
        archive::Archive::read(&self.db.begin_read()?)
    }
}
