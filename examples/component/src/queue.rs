//! Output on its way to the server: whole stanzas, in order, each with the journal entry it came from.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// How many slices one write takes at the most.
const SLICES: usize = 128;

/// Stanzas that wait to be written.
///
/// What was handed to the operating system counts as sent. Where the connection breaks in the middle of a stanza, that
/// stanza is sent again as a whole.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// Bytes of the first that are written.
    done: usize,
    bytes: usize,
    last: u64,
}

#[derive(Debug)]
struct Waiting {
    seq: u64,
    head: Bytes,
    tail: Bytes,
}

impl Queue {
    /// Takes a stanza that the journal entry `seq` brought forth.
    pub fn push(&mut self, seq: u64, head: Bytes, tail: Bytes) {
        self.bytes += head.len() + tail.len();
        self.waiting.push_back(Waiting { seq, head, tail });
    }

    /// Takes a stanza of the host itself.
    pub fn push_own(&mut self, head: Bytes, tail: Bytes) {
        self.push(self.last.saturating_add(1), head, tail);
    }

    /// Notes that everything that follows from the entry `seq`, and from those before it, was pushed.
    pub fn complete(&mut self, seq: u64) {
        self.last = self.last.max(seq);
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Up to which journal entry everything was sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.waiting.front().map_or(self.last, |first| self.last.min(first.seq.saturating_sub(1)))
    }

    /// All that waits: journal entry, beginning and end of each stanza.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8], &[u8])> {
        self.waiting.iter().map(|waiting| (waiting.seq, &waiting.head[..], &waiting.tail[..]))
    }

    /// What to write next.
    #[must_use]
    pub fn slices(&self) -> Vec<IoSlice<'_>> {
        let mut skip = self.done;
        let mut slices = Vec::with_capacity(SLICES.min(2 * self.waiting.len()));
        for part in self.waiting.iter().flat_map(|waiting| [&waiting.head, &waiting.tail]).take(SLICES) {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            if !rest.is_empty() {
                slices.push(IoSlice::new(rest));
            }
        }
        slices
    }

    /// Notes that this many bytes of [`slices`](Self::slices) were written.
    pub fn advance(&mut self, written: usize) {
        self.done += written;
        while let Some(first) = self.waiting.front() {
            let len = first.head.len() + first.tail.len();
            if self.done < len {
                break;
            }
            self.done -= len;
            self.bytes -= len;
            self.waiting.pop_front();
        }
    }

    /// Notes that the connection is lost.
    pub fn rewind(&mut self) {
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(queue: &Queue) -> Vec<u8> {
        queue.slices().iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn a_stanza_that_was_cut_is_sent_again() {
        let mut queue = Queue::default();
        queue.push(4, Bytes::from_static(b"<a"), Bytes::from_static(b"/>"));
        queue.push(7, Bytes::from_static(b"<b"), Bytes::from_static(b"/>"));
        queue.complete(9);
        assert_eq!(queue.sent(), 3);
        queue.advance(3);
        assert_eq!(written(&queue), b"><b/>");
        queue.rewind();
        assert_eq!(written(&queue), b"<a/><b/>");
        queue.advance(5);
        assert_eq!((written(&queue), queue.sent(), queue.bytes()), (b"b/>".to_vec(), 6, 4));
        queue.advance(3);
        assert_eq!((queue.sent(), queue.bytes(), queue.is_empty()), (9, 0, true));
    }
}
