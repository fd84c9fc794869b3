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
