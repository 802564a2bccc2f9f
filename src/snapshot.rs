//! Saved state: a format number, a canonical body and a checksum.
//!
//! Equal machines save equal bytes. What is damaged or written by another format gives [`Corrupt`], never a panic and
//! never another machine.

use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = *b"xmpm";
const CHECKSUM: usize = 16;

/// A machine whose whole state can be saved at any moment between two calls.
pub trait Snapshot: Sized {
    /// The number of the format that [`save`](Self::save) writes.
    const FORMAT: u16;
    /// Which machine this is: a snapshot of another one is refused.
    const KIND: &'static str;

    /// Appends the body. Canonical: equal machines, equal bytes.
    fn save_body(&self, into: &mut Vec<u8>);

    /// Reads a body and checks that it makes sense. Public for fuzzing: hosts call [`load`](Self::load).
    ///
    /// # Errors
    /// [`Corrupt`] for whatever `save_body` would not have written.
    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt>;

    /// The whole state as bytes: magic, kind, format, body, checksum.
    #[must_use]
    fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(Self::KIND.len() as u8);
        bytes.extend_from_slice(Self::KIND.as_bytes());
        bytes.extend_from_slice(&Self::FORMAT.to_be_bytes());
        self.save_body(&mut bytes);
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum[..CHECKSUM]);
        bytes
    }

    /// The machine that was saved.
    ///
    /// # Errors
    /// [`Corrupt`] if the bytes are damaged, cut, of another machine or of a format that this version cannot read.
    fn load(bytes: &[u8]) -> Result<Self, Corrupt> {
        let end = bytes.len().checked_sub(CHECKSUM).ok_or(Corrupt::Cut)?;
        let (content, sum) = bytes.split_at(end);
        let rest = content.strip_prefix(&MAGIC).ok_or(Corrupt::NotASnapshot)?;
        let (&length, rest) = rest.split_first().ok_or(Corrupt::Cut)?;
        let (kind, rest) = rest.split_at_checked(usize::from(length)).ok_or(Corrupt::Cut)?;
        if Sha256::digest(content)[..CHECKSUM] != *sum {
            return Err(Corrupt::Checksum);
        }
        if kind != Self::KIND.as_bytes() {
            return Err(Corrupt::OtherMachine);
        }
        let (format, body) = rest.split_first_chunk::<2>().ok_or(Corrupt::Cut)?;
        Self::load_body(u16::from_be_bytes(*format), body)
    }
}

/// Appends `value` in the form that all snapshots use.
pub(crate) fn put(value: &impl Serialize, into: &mut Vec<u8>) {
    struct Tail<'a>(&'a mut Vec<u8>);
    impl postcard::ser_flavors::Flavor for Tail<'_> {
        type Output = ();
        #[inline]
        fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
            self.0.push(byte);
            Ok(())
        }
        #[inline]
        fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }
    let done = postcard::serialize_with_flavor(value, Tail(into));
    debug_assert!(done.is_ok(), "plain data of known length always serialises");
}

/// Reads what [`put`] wrote, and nothing more.
pub(crate) fn take<T: DeserializeOwned>(body: &[u8]) -> Result<T, Corrupt> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|_| Corrupt::Body("not readable"))?;
    if rest.is_empty() { Ok(value) } else { Err(Corrupt::Body("bytes after the end")) }
}

/// Refuses a body that says the same as another one: equal machines have equal bytes.
pub(crate) fn canonical(value: &impl Serialize, body: &[u8]) -> Result<(), Corrupt> {
    let mut again = Vec::with_capacity(body.len());
    put(value, &mut again);
    if again == body { Ok(()) } else { Err(Corrupt::Body("not the canonical form")) }
}

/// Why a snapshot was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corrupt {
    /// It does not begin as a snapshot does.
    NotASnapshot,
    /// It ends too early.
    Cut,
    /// It is damaged.
    Checksum,
    /// It is a snapshot of another kind of machine.
    OtherMachine,
    /// Its format is unknown to this version.
    Format(u16),
    /// It is whole, but no machine can be in that state.
    Body(&'static str),
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("this is not a snapshot of a machine"),
            Self::Cut => f.write_str("the snapshot ends too early"),
            Self::Checksum => f.write_str("the snapshot is damaged: its checksum does not fit"),
            Self::OtherMachine => f.write_str("this is a snapshot of another kind of machine"),
            Self::Format(format) => write!(f, "snapshot format {format} is unknown to this version"),
            Self::Body(what) => write!(f, "the snapshot makes no sense: {what}"),
        }
    }
}

impl core::error::Error for Corrupt {}
