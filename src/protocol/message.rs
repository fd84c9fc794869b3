//! The data message whose frames are arriving (RFC 6455 section 5.4).

use super::error::ProtocolError;
use super::event::{EventQueue, SMALL_PAYLOAD_MAX, kind};
use super::frame::{Header, RSV1, opcode};
use super::{mask, utf8};

/// Most frames of a binary message whose lengths are told; `max_fragments` of `ws`.
const LISTED_FRAMES_MAX: usize = 16 * 1024;

/// Everything known of an unfinished message. Without one it holds no memory.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Unmasked payload so far, of all frames; of a compressed message that is to be inflated, of
    /// the current frame. While a control frame is incomplete its payload lies
    /// at the end, since the message does not go on before the control frame is finished.
    pub(super) bytes: Vec<u8>,
    /// Lengths of the finished frames that were not empty, for binary messages of several frames.
    #[expect(
        clippy::box_collection,
        reason = "nearly always absent: a pointer instead of three"
    )]
    lengths: Option<Box<Vec<u32>>>,
    /// Sum of the lengths in the frames' headers. Never above u32::MAX.
    announced: u64,
    /// Frames so far, the current one included.
    frames: u32,
    /// Op code of the first frame, 0 if there is no unfinished message.
    opcode: u8,
    /// Whether `bytes` is checked as UTF-8 while it grows.
    checked: bool,
    /// Whether the payload is compressed: the first frame had RSV1.
    compressed: bool,
    /// Bytes at the end of `bytes` that belong to an unfinished UTF-8 sequence.
    open: u8,
}

impl Message {
    /// Whether a message has begun and not ended.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.opcode != 0
    }

    /// Whether its first frame had RSV1.
    #[inline]
    pub(super) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Whether it is a text message.
    pub(super) fn is_text(&self) -> bool {
        self.opcode == opcode::TEXT
    }

    /// Payload bytes announced by the headers so far.
    #[inline]
    pub(super) fn announced(&self) -> u64 {
        self.announced
    }

    /// Frames so far.
    #[inline]
    pub(super) fn frames(&self) -> u32 {
        self.frames
    }

    /// Whether the message will be a vector of its own.
    #[inline]
    pub(super) fn is_large(&self) -> bool {
        self.announced > SMALL_PAYLOAD_MAX as u64
    }

    /// Takes a data frame's header, which the rules have let pass.
    pub(super) fn begin_frame(&mut self, header: &Header, skip_utf8: bool) {
        if !self.is_open() {
            self.opcode = header.opcode();
            // What a compressed message inflates to is for the inflater to check.
            self.compressed = header.first & RSV1 != 0;
            self.checked = self.opcode == opcode::TEXT && !self.compressed && !skip_utf8;
        }
        self.frames = self.frames.saturating_add(1);
        self.announced = self.announced.saturating_add(header.length);
    }

    /// Makes room for `room` bytes, more if the message grew so far that doubling is due, but not
    /// more than the `expected` bytes of the frame unless further frames are likely.
    pub(super) fn reserve(&mut self, room: usize, expected: u64, header: &Header) {
        if self.bytes.capacity() - self.bytes.len() >= room {
            return;
        }
        if header.is_final() {
            let expected = usize::try_from(expected).unwrap_or(usize::MAX);
            self.bytes
                .reserve_exact(room.max(self.bytes.len().min(expected)));
        } else {
            self.bytes.reserve(room);
        }
    }

    /// Unmasks and checks the bytes from `from` on, which were appended to `bytes` as they came and
    /// begin at `offset` of the frame's payload.
    #[inline]
    pub(super) fn accept(
        &mut self,
        from: usize,
        key: [u8; 4],
        offset: u64,
    ) -> Result<(), ProtocolError> {
        let Some(added) = self.bytes.get_mut(from..) else {
            return Ok(());
        };
        // Only the last two bits matter to the mask.
        mask::apply(added, key, (offset & 3) as usize);
        if self.checked {
            let from = from.saturating_sub(usize::from(self.open));
            let unchecked = self.bytes.get(from..).unwrap_or_default();
            // At most three bytes are open.
            self.open = utf8::check_prefix(unchecked)? as u8;
        }
        Ok(())
    }

    /// Finishes a frame of `length` bytes; with the message's last one the message goes out.
    pub(super) fn end_frame(
        &mut self,
        header: &Header,
        id: u32,
        events: &mut EventQueue,
    ) -> Result<(), ProtocolError> {
        if self.opcode == opcode::BINARY && header.length > 0 && self.is_fragmented(header) {
            // One more than can be told marks that there were too many.
            let lengths = self.lengths.get_or_insert_default();
            if lengths.len() <= LISTED_FRAMES_MAX {
                lengths.push(u32::try_from(header.length).unwrap_or(u32::MAX));
            }
        }
        if !header.is_final() {
            return Ok(());
        }
        if self.open > 0 {
            return Err(ProtocolError::InvalidUtf8);
        }
        let Self {
            bytes,
            lengths,
            frames,
            opcode,
            ..
        } = std::mem::take(self);
        if opcode == opcode::BINARY && frames > 1 {
            let lengths = lengths
                .as_ref()
                .map_or(&[][..], |lengths| lengths.as_slice());
            if lengths.len() <= LISTED_FRAMES_MAX {
                push_lengths(id, lengths, events);
            }
        }
        if bytes.len() > SMALL_PAYLOAD_MAX {
            events.push_large(id, opcode, trimmed(bytes));
        } else {
            events.push_small(id, opcode, &bytes);
        }
        Ok(())
    }

    /// Whether the frame with this header is one of several.
    fn is_fragmented(&self, header: &Header) -> bool {
        self.frames > 1 || !header.is_final()
    }
}

fn push_lengths(id: u32, lengths: &[u32], events: &mut EventQueue) {
    let offset = events.append_payload(&[]);
    for length in lengths {
        events.payloads.extend_from_slice(&length.to_le_bytes());
    }
    let count = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
    events.push(id, kind::FRAGMENTS, offset, count);
}

/// Gives back the spare capacity where it is worth a reallocation: JavaScript may keep the vector.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.capacity() - bytes.len() > bytes.len() / 8 {
        bytes.shrink_to_fit();
    }
    bytes
}
