//! The bytes of the files, one file of the disk for each, by the name of its slot.
//!
//! What is being received lies in another folder until the machine has accepted it: so a file in `files` is one that the
//! machine knows, and at a start whatever lies in `incoming` was never accepted.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use xmpp_machines::retention::SlotId;

/// The folders.
#[derive(Clone, Debug)]
pub struct Files {
    files: PathBuf,
    types: PathBuf,
    incoming: PathBuf,
}

/// A file that is being received.
#[derive(Debug)]
pub struct Receiving {
    file: File,
    bytes: u64,
}

impl Files {
    /// Opens the folders below this one, or makes them.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (files, types, incoming) = (folder.join("files"), folder.join("types"), folder.join("incoming"));
        std::fs::create_dir_all(&files)?;
        std::fs::create_dir_all(&types)?;
        std::fs::create_dir_all(&incoming)?;
        Ok(Self { files, types, incoming })
    }

    /// Drops everything that was received and never accepted: at a start, when the journal is replayed.
    ///
    /// # Errors
    /// The disk fails.
    pub fn tidy(&self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.incoming)?;
        std::fs::create_dir_all(&self.incoming)
    }

    /// Begins a file.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn receive(&self, slot: SlotId) -> io::Result<Receiving> {
        let file = File::create(self.incoming.join(slot.to_string())).await?;
        Ok(Receiving { file, bytes: 0 })
    }

    /// Puts a file that was received in its place, once the machine has accepted it.
    ///
    /// # Errors
    /// The disk fails.
    pub fn keep(&self, slot: SlotId) -> io::Result<()> {
        let name = slot.to_string();
        match std::fs::rename(self.incoming.join(&name), self.files.join(&name)) {
            // In a replay: it was done before the crash.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.files.join(&name).exists() => return Ok(()),
            done => done?,
        }
        std::fs::File::open(&self.files)?.sync_all()
    }

    /// Drops what was received.
    pub async fn drop(&self, slot: SlotId) {
        // What cannot be removed now goes at the next start.
        let _ = fs::remove_file(self.incoming.join(slot.to_string())).await;
    }

    /// Deletes a file, which may be deleted already.
    ///
    /// # Errors
    /// The disk fails.
    pub fn delete(&self, slot: SlotId) -> io::Result<()> {
        for folder in [&self.files, &self.types] {
            match std::fs::remove_file(folder.join(slot.to_string())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Notes the content type of what will be received.
    ///
    /// # Errors
    /// The disk fails.
    pub fn note_type(&self, slot: SlotId, content_type: &str) -> io::Result<()> {
        std::fs::write(self.types.join(slot.to_string()), content_type)
    }

    /// The content type that was noted.
    #[must_use]
    pub fn content_type(&self, slot: SlotId) -> String {
        // Bytes of no known type are what a browser saves.
        std::fs::read_to_string(self.types.join(slot.to_string())).unwrap_or_default()
    }

    /// Where a file is.
    #[must_use]
    pub fn path(&self, slot: SlotId) -> PathBuf {
        self.files.join(slot.to_string())
    }
}

impl Receiving {
    /// Takes some bytes; `false` if that would be more than `size`.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn take(&mut self, bytes: &[u8], size: u64) -> io::Result<bool> {
        let sum = self.bytes.saturating_add(bytes.len() as u64);
        if sum > size {
            return Ok(false);
        }
        self.file.write_all(bytes).await?;
        self.bytes = sum;
        Ok(true)
    }

    /// Waits until everything is on the disk; how much it is.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn finish(self) -> io::Result<u64> {
        self.file.sync_all().await?;
        Ok(self.bytes)
    }
}
