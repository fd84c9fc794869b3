//! A hashed timer wheel. It owns no clock: the driver tells the time in milliseconds.
//!
//! Entries are not removed when they lose their meaning; the owner compares the generation when one fires.

const SLOTS: usize = 512;

/// Width of a slot. A timer fires at most this much late, never early.
const TICK_MS: u64 = 8;

#[derive(Debug, Clone, Copy)]
struct Entry {
    deadline_ms: u64,
    connection: u32,
    generation: u32,
}

/// Deadlines of connections.
#[derive(Debug)]
pub(crate) struct TimerWheel {
    slots: Vec<Vec<Entry>>,
    /// The tick up to which everything has fired.
    tick: u64,
    pending: usize,
}

impl TimerWheel {
    /// An empty wheel that starts at `now_ms`.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            tick: now_ms / TICK_MS,
            pending: 0,
        }
    }

    /// Fires `(connection, generation)` once `deadline_ms` has passed.
    pub(crate) fn insert(&mut self, deadline_ms: u64, connection: u32, generation: u32) {
        // The slot after the deadline's own, so that a timer never fires early.
        let tick = (deadline_ms / TICK_MS + 1).max(self.tick + 1);
        if let Some(slot) = self.slots.get_mut(tick as usize % SLOTS) {
            slot.push(Entry {
                deadline_ms,
                connection,
                generation,
            });
            self.pending += 1;
        }
    }

    /// Whether the driver has to come back by itself, and after how many milliseconds at the latest.
    pub(crate) fn next_wake(&self, now_ms: u64) -> Option<u64> {
        if self.pending == 0 {
            return None;
        }
        let ahead = (1..=SLOTS as u64)
            .find(|ahead| {
                self.slots
                    .get((self.tick + ahead) as usize % SLOTS)
                    .is_some_and(|slot| !slot.is_empty())
            })
            .unwrap_or(1);
        Some(
            ((self.tick + ahead) * TICK_MS)
                .saturating_sub(now_ms)
                .max(1),
        )
    }

    /// Moves the hand to `now_ms` and appends what fired to `fired`.
    pub(crate) fn advance(&mut self, now_ms: u64, fired: &mut Vec<(u32, u32)>) {
        let target = now_ms / TICK_MS;
        // After a long sleep each slot needs to be looked at only once.
        let first = self.tick + 1;
        let last = target.min(self.tick + SLOTS as u64);
        for tick in first..=last {
            let Some(slot) = self.slots.get_mut(tick as usize % SLOTS) else {
                continue;
            };
            let before = slot.len();
            slot.retain(|entry| {
                let due = entry.deadline_ms / TICK_MS < target;
                if due {
                    fired.push((entry.connection, entry.generation));
                }
                !due
            });
            self.pending -= before - slot.len();
            if slot.is_empty() {
                *slot = Vec::new();
            }
        }
        self.tick = self.tick.max(target);
    }
}
