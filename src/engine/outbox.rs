//! What a connection has to write and the kernel has not taken yet.

use std::collections::VecDeque;
use std::io::IoSlice;

/// Small writes are gathered in chunks of this size.
const CHUNK: usize = 32 * 1024;

/// How many slices one `writev` gets.
pub(crate) const SLICES: usize = 16;

/// A queue of byte chunks, written from the front.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first chunk that are already written.
    start: usize,
    length: usize,
    marks: Option<Marks>,
}

/// Where compressed bytes end, in a queue whose length says nothing of what JavaScript has given.
#[derive(Debug)]
struct Marks {
    /// How far JavaScript's bytes were written when we last knew.
    accepted: u64,
    /// Position in everything ever queued, and bytes given by JavaScript up to there.
    ends: VecDeque<(u64, u64)>,
}

impl Outbox {
    /// Bytes not written yet.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Whether everything is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Queues a copy of `bytes`; neighbours share a chunk.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.length += bytes.len();
        match self.chunks.back_mut() {
            Some(last) if last.len() + bytes.len() <= CHUNK => last.extend_from_slice(bytes),
            _ => self.chunks.push_back(bytes.to_vec()),
        }
    }

    /// Queues `bytes` from `from` on, without copying.
    pub(crate) fn push_owned(&mut self, bytes: Vec<u8>, from: usize) {
        let Some(rest) = bytes.len().checked_sub(from).filter(|rest| *rest > 0) else {
            return;
        };
        if self.is_empty() {
            self.start = from;
            self.length = rest;
            self.chunks.push_back(bytes);
        } else if from == 0 {
            self.length += rest;
            self.chunks.push_back(bytes);
        } else if let Some(tail) = bytes.get(from..) {
            self.push(tail);
        }
    }

    /// From now on `accepted` goes by marks. `accepted`: bytes given that were written before.
    pub(crate) fn begin_marks(&mut self, accepted: u64) {
        self.marks.get_or_insert_with(|| Marks {
            accepted,
            ends: VecDeque::new(),
        });
    }

    /// All bytes given so far are written when `queued` bytes are, if there are marks at all.
    pub(crate) fn mark(&mut self, queued: u64, given: u64) {
        if let Some(marks) = &mut self.marks {
            marks.ends.push_back((queued, given));
        }
    }

    /// How many given bytes are written for sure when `written` of the queued ones are; `None`
    /// without marks.
    pub(crate) fn accepted(&mut self, written: u64) -> Option<u64> {
        let marks = self.marks.as_mut()?;
        while let Some((queued, given)) = marks.ends.front() {
            if *queued > written {
                break;
            }
            marks.accepted = *given;
            marks.ends.pop_front();
        }
        Some(marks.accepted)
    }

    /// Fills `slices` with what comes first; returns how many were filled.
    pub(crate) fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut count = 0;
        for (slot, (index, chunk)) in slices.iter_mut().zip(self.chunks.iter().enumerate()) {
            let from = if index == 0 { self.start } else { 0 };
            *slot = IoSlice::new(chunk.get(from..).unwrap_or_default());
            count += 1;
        }
        count
    }

    /// The first `written` bytes are the kernel's now. Memory of an empty outbox is given back.
    pub(crate) fn advance(&mut self, written: usize) {
        let mut left = written.min(self.length);
        self.length -= left;
        while let Some(first) = self.chunks.front() {
            let remaining = first.len() - self.start;
            if left < remaining {
                self.start += left;
                return;
            }
            left -= remaining;
            self.start = 0;
            self.chunks.pop_front();
        }
        self.chunks = VecDeque::new();
    }
}
