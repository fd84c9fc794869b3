//! Counters that both threads read without a lock: how far each connection's output got, and how much input JavaScript owes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

const PAGE: usize = 1024;
const PAGES: usize = 4096;

/// Above this many bytes of batches that JavaScript has not taken, connections are not read.
const HIGH_WATER: usize = 4 * 1024 * 1024;
/// Below this many they are read again.
const LOW_WATER: usize = 1024 * 1024;

/// Shared counters of one engine and its JavaScript side.
#[derive(Debug)]
pub struct Progress {
    /// For each connection: bytes of JavaScript's that the kernel took, shifted by one; bit 0: the connection is backed up.
    accepted: Box<[OnceLock<Box<[AtomicU64]>>]>,
    /// Sequence number of the last batch whose records were dispatched and whose replies were queued.
    drained: AtomicU64,
    /// Commands are queued that the engine has not taken.
    queued: AtomicBool,
    /// Weight of published batches that JavaScript has not drained.
    in_flight: AtomicUsize,
    /// The engine stopped reading because of the high-water mark.
    stalled: AtomicBool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            accepted: (0..PAGES).map(|_| OnceLock::new()).collect(),
            drained: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            stalled: AtomicBool::new(false),
        }
    }
}

impl Progress {
    fn cell(&self, connection: u32) -> Option<&AtomicU64> {
        let index = connection as usize;
        self.accepted
            .get(index / PAGE)?
            .get_or_init(|| (0..PAGE).map(|_| AtomicU64::new(0)).collect())
            .get(index % PAGE)
    }

    /// The engine's report for a connection.
    pub(crate) fn report(&self, connection: u32, accepted: u64, backed_up: bool) {
        if let Some(cell) = self.cell(connection) {
            cell.store(accepted << 1 | u64::from(backed_up), Ordering::Release);
        }
    }

    /// Bytes of JavaScript's frames that the kernel has taken, and whether the engine holds more for this connection.
    #[must_use]
    pub fn accepted(&self, connection: u32) -> (u64, bool) {
        let value = self
            .cell(connection)
            .map_or(0, |cell| cell.load(Ordering::Acquire));
        (value >> 1, value & 1 == 1)
    }

    /// Batch `sequence` has been dispatched and what it caused has been queued.
    pub fn drained(&self, sequence: u64) {
        self.drained.store(sequence, Ordering::Release);
    }

    /// Whether JavaScript has seen batch `sequence` and nothing of its answers waits in the command queue.
    pub(crate) fn is_settled(&self, sequence: u64) -> bool {
        sequence <= self.drained.load(Ordering::Acquire) && !self.queued.load(Ordering::Acquire)
    }

    /// Commands were queued, or all of them were taken.
    pub fn set_queued(&self, queued: bool) {
        self.queued.store(queued, Ordering::Release);
    }

    /// A batch of this weight was published.
    pub fn published(&self, weight: usize) {
        self.in_flight.fetch_add(weight, Ordering::AcqRel);
    }

    /// A batch of this weight was drained. True if the engine has to be told that it may read again.
    #[must_use]
    pub fn consumed(&self, weight: usize) -> bool {
        let before = self.in_flight.fetch_sub(weight, Ordering::AcqRel);
        before.saturating_sub(weight) <= LOW_WATER && self.stalled.swap(false, Ordering::AcqRel)
    }

    /// Whether so much waits for JavaScript that nothing more may be read; `unpublished` is what the engine itself still holds.
    pub(crate) fn is_full(&self, unpublished: usize) -> bool {
        if self.in_flight.load(Ordering::Acquire) + unpublished < HIGH_WATER {
            return false;
        }
        self.stalled.store(true, Ordering::Release);
        // The consumer may have drained everything between the two; then nobody would tell.
        if self.in_flight.load(Ordering::Acquire) + unpublished < HIGH_WATER {
            self.stalled.store(false, Ordering::Release);
            return false;
        }
        true
    }
}
