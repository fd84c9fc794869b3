//! Payloads that arrive in pieces, and the way around the receive buffer for long ones.

use super::{Connection, Flow, Phase, Replies, Turn};
use crate::protocol::error::ProtocolError;
use crate::protocol::event::EventQueue;
use crate::protocol::frame::Header;
use crate::protocol::rules;

/// From this many missing bytes on a payload is worth being received into its own vector.
const DIRECT_MIN: u64 = 4096;

/// Most bytes of room made before they arrive, unless the message is longer already.
const AHEAD_MAX: usize = 64 * 1024;

impl Connection {
    /// How many bytes are missing of a data frame's payload that goes to a vector of its own, if
    /// that many are missing (4096) that reading them into [`payload_buffer`](Self::payload_buffer)
    /// is better than [`receive`](Self::receive).
    #[must_use]
    pub fn payload_wanted(&self) -> Option<usize> {
        let missing = self.missing();
        let direct = self.phase == Phase::Data && missing >= DIRECT_MIN && self.message.is_large();
        if direct {
            usize::try_from(missing).ok()
        } else {
            None
        }
    }

    /// Where received bytes, still masked, may be appended: at most
    /// [`payload_wanted`](Self::payload_wanted) of them, then
    /// [`payload_filled`](Self::payload_filled) must be called. There is spare capacity, up to
    /// 64 KiB or the length of what has arrived; it is better to fill that than to let the vector grow.
    pub fn payload_buffer(&mut self) -> &mut Vec<u8> {
        let missing = usize::try_from(self.missing()).unwrap_or(usize::MAX);
        let spare = self.message.bytes.capacity() - self.message.bytes.len();
        if self.phase == Phase::Data && spare < missing.min(AHEAD_MAX / 4) {
            let room = missing.min(AHEAD_MAX);
            self.message.reserve(room, self.missing(), &self.frame);
        }
        &mut self.message.bytes
    }

    /// Takes the bytes that were appended to the payload buffer, which had the length `from`:
    /// unmasks and checks them, and finishes the frame when it is complete. Counts as a chunk.
    pub fn payload_filled(
        &mut self,
        id: u32,
        from: usize,
        events: &mut EventQueue,
        replies: &mut Replies<'_>,
    ) -> Flow {
        if self.phase != Phase::Data {
            return if self.is_stopped() {
                Flow::Stopped
            } else {
                Flow::Continue
            };
        }
        let added = self.message.bytes.len().saturating_sub(from) as u64;
        if added == 0 {
            return Flow::Continue;
        }
        let mut turn = Turn::new(id, events, replies);
        let unconsumed = self.unconsumed().saturating_add(added);
        let result = if rules::reached(self.chunks, self.config.max_buffered_chunks) {
            Err(ProtocolError::TooManyChunks)
        } else {
            self.fill(from, added, &mut turn)
        };
        self.settle(result, unconsumed, &mut turn)
    }

    /// Bytes of the current frame's payload that have not arrived.
    pub(super) fn missing(&self) -> u64 {
        self.frame.length.saturating_sub(self.received)
    }

    /// Begins a payload that is not complete or not a whole message.
    pub(super) fn begin_payload(&mut self, header: &Header) {
        self.frame = *header;
        self.received = 0;
        if header.is_control() {
            self.phase = Phase::Control;
        } else {
            self.phase = Phase::Data;
            self.message
                .begin_frame(header, self.config.skip_utf8_validation);
        }
    }

    /// Takes the next bytes of the current frame's payload, at most what is missing.
    pub(super) fn payload(
        &mut self,
        part: &[u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        let from = self.message.bytes.len();
        if self.phase == Phase::Control {
            self.message.bytes.reserve_exact(part.len());
            self.message.bytes.extend_from_slice(part);
            self.received += part.len() as u64;
            return self.end_control(turn);
        }
        self.message
            .reserve(part.len(), self.missing(), &self.frame);
        self.message.bytes.extend_from_slice(part);
        self.accept(from, part.len() as u64, turn)
    }

    /// Takes `added` bytes that were appended to the message at `from` as they came.
    fn accept(
        &mut self,
        from: usize,
        added: u64,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        self.message.accept(from, self.frame.key, self.received)?;
        self.received += added;
        if self.missing() == 0 {
            self.phase = Phase::Header;
            if self.message.is_compressed() {
                return self.end_compressed(turn);
            }
            self.message.end_frame(&self.frame, turn.id, turn.events)?;
        }
        Ok(())
    }

    /// As `accept`, but survives a caller that appended more than the frame's payload.
    fn fill(
        &mut self,
        from: usize,
        added: u64,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        let missing = self.missing();
        if added <= missing {
            return self.accept(from, added, turn);
        }
        // `missing` is less than the length of a vector here.
        let mut excess = self.message.bytes.split_off(from + missing as usize);
        self.accept(from, missing, turn)?;
        self.consume(&mut excess, turn)
    }
}
