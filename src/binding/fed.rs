//! Fed connections: sockets that only JavaScript can read. The same codec, on the JavaScript thread: `feed(chunk)` in, records out.

use std::sync::Arc;

use napi::{Env, Result};

use super::crossing::{new_slab, payload_range, place};
use super::memory::{Slab, Strong, Words};
use crate::engine::OWN_COMPRESSORS_MAX;
use crate::protocol::config::Config;
use crate::protocol::connection::{Connection, Replies};
use crate::protocol::event::{EventQueue, kind};

/// Set in what `feed` returns when records are left for `more`.
const MORE: u32 = 1 << 30;

/// Events of one `feed` that JavaScript has not got yet.
struct Pending {
    events: EventQueue,
    next: usize,
}

/// All fed connections of a hub.
#[derive(Default)]
pub(super) struct Fed {
    connections: Vec<Option<Box<Connection>>>,
    /// A stack: a listener may feed another connection (in-memory streams) before the outer feed is finished.
    pending: Vec<Pending>,
    /// Large payloads, indexed by what their records say.
    large: Vec<Vec<u8>>,
    spare: EventQueue,
    scratch: Vec<u8>,
    slab: Slab,
    compressed: Vec<u8>,
    /// Connections that have a compressor of their own.
    own: usize,
}

/// Larger working memory is given back.
const KEPT: usize = 256 * 1024;

impl Fed {
    pub(super) fn open(&mut self, id: u32, config: Arc<Config>) {
        let index = id as usize;
        if self.connections.len() <= index {
            self.connections.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.connections.get_mut(index) {
            *slot = Some(Box::new(Connection::new(config)));
        }
    }

    pub(super) fn close(&mut self, id: u32) {
        if let Some(slot) = self.connections.get_mut(id as usize) {
            let held = slot.as_ref().is_some_and(|closed| closed.holds_deflate());
            self.own -= usize::from(held);
            *slot = None;
        }
    }

    /// Parses a chunk. The events wait for [`Self::place`].
    pub(super) fn feed(&mut self, id: u32, chunk: &[u8]) {
        let mut events = std::mem::take(&mut self.spare);
        let slot = self
            .connections
            .get_mut(id as usize)
            .and_then(Option::as_mut);
        if let Some(connection) = slot {
            let mut out = Vec::new();
            let mut replies = Replies {
                out: &mut out,
                auto_pong: true,
                // JavaScript answers pings itself: it is here, and its order is the original's.
                owed: true,
                owed_behind: true,
                mask: &mut || [0; 4],
            };
            let mut chunk = chunk;
            // The middle of a large payload goes where it belongs; the rest through scratch memory, since parsing
            // unmasks in place and the chunk may have other readers.
            if let Some(wanted) = connection.payload_wanted() {
                let (payload, rest) = chunk.split_at(wanted.min(chunk.len()));
                let buffer = connection.payload_buffer();
                let from = buffer.len();
                buffer.extend_from_slice(payload);
                // Stopped or not, what follows is fed: a stopped connection ignores it.
                let _ = connection.payload_filled(id, from, &mut events, &mut replies);
                chunk = rest;
            }
            if !chunk.is_empty() {
                self.scratch.clear();
                self.scratch.extend_from_slice(chunk);
                let _ = connection.receive(id, &mut self.scratch, &mut events, &mut replies);
            }
        }
        self.pending.push(Pending { events, next: 0 });
    }

    /// Places as many records as fit; how many, with [`MORE`] if some are left. `refill` makes a slab.
    pub(super) fn place(
        &mut self,
        env: Env,
        records: &Words,
        refill: &Strong,
        receiver: &Strong,
    ) -> Result<u32> {
        self.slab.revalidate(env.raw());
        let Some(mut pending) = self.pending.pop() else {
            return Ok(0);
        };
        let capacity = records.len() / 4;
        let mut count = 0;
        while let Some(record) = pending.events.records.get(pending.next) {
            if count == capacity {
                break;
            }
            let Some(mut words) = place(&mut self.slab, record, &pending.events.payloads) else {
                if count > 0 {
                    // One slab for each call: the records placed so far name the old one.
                    break;
                }
                self.slab.release();
                self.slab = new_slab(env, refill, receiver, payload_range(record).1)?;
                continue;
            };
            if matches!(record.kind, kind::TEXT_LARGE | kind::BINARY_LARGE) {
                let payload = pending.events.large.get_mut(record.a as usize);
                let index = self.keep_large(payload.map(std::mem::take).unwrap_or_default());
                words = [record.connection, record.kind, index, record.b];
            }
            records.set_record(count, words);
            count += 1;
            pending.next += 1;
        }
        let mut result = u32::try_from(count).unwrap_or(0);
        if pending.next < pending.events.records.len() {
            self.pending.push(pending);
            result |= MORE;
        } else {
            pending.events.clear();
            self.spare = pending.events;
        }
        Ok(result)
    }

    fn keep_large(&mut self, payload: Vec<u8>) -> u32 {
        if self.large.iter().all(Vec::is_empty) {
            self.large.clear();
        }
        self.large.push(payload);
        u32::try_from(self.large.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn take_large(&mut self, index: usize) -> Vec<u8> {
        self.large
            .get_mut(index)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Compresses a frame's payload; `None` without a connection that negotiated compression.
    pub(super) fn deflate(&mut self, id: u32, payload: &[u8], is_final: bool) -> Option<&[u8]> {
        if self.compressed.capacity() > KEPT {
            self.compressed = Vec::new();
        }
        self.compressed.clear();
        let connection = self.connections.get_mut(id as usize)?.as_mut()?;
        let held = connection.holds_deflate();
        let keep = self.own < OWN_COMPRESSORS_MAX;
        let done = connection.deflate(payload, is_final, keep, &mut self.compressed);
        self.own += usize::from(!held && connection.holds_deflate());
        done.then_some(self.compressed.as_slice())
    }

    /// See `Connection::release_idle_deflate`.
    pub(super) fn release_idle_deflate(&mut self, id: u32) -> bool {
        let connection = self.connections.get_mut(id as usize);
        let Some(connection) = connection.and_then(Option::as_mut) else {
            return false;
        };
        let held = connection.holds_deflate();
        let holds = connection.release_idle_deflate();
        self.own -= usize::from(held && !holds);
        holds
    }
}
