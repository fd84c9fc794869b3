//! Compressed messages (RFC 7692 section 6).

use std::sync::Arc;

use super::{Connection, Turn};
use crate::protocol::deflate::Codec;
use crate::protocol::error::ProtocolError;
use crate::protocol::frame::Header;
use crate::protocol::utf8;

impl Connection {
    /// What was negotiated of permessage-deflate, if it was.
    #[must_use]
    pub fn codec(&self) -> Option<&Arc<Codec>> {
        self.config.deflate.as_ref()
    }

    /// Compresses the payload of a frame that is to be sent, to the end of `out`. `is_final`: the
    /// last frame of its message. `keep`: whether the connection may keep a compressor for the next
    /// message, if the parameters allow it; without one each frame starts with an empty window.
    /// False, and nothing usable in `out`, without a codec.
    pub fn deflate(
        &mut self,
        payload: &[u8],
        is_final: bool,
        keep: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(codec) = &self.config.deflate else {
            return false;
        };
        self.compression
            .get_or_insert_default()
            .deflate_frame(codec, payload, is_final, out, keep)
    }

    /// Whether the connection has a compressor of its own.
    #[must_use]
    pub fn holds_deflate(&self) -> bool {
        self.compression
            .as_ref()
            .is_some_and(|compression| compression.holds_deflate())
    }

    /// Gives the compressor up if it was not used since the last call; true if there still is one.
    pub fn release_idle_deflate(&mut self) -> bool {
        self.compression
            .as_mut()
            .is_some_and(|compression| compression.release_idle())
    }

    /// Ends a frame of a compressed message: inflates it, and with the last one the message goes
    /// out. As in `ws` the rules speak at the end of each frame, UTF-8 at the end of the message.
    pub(super) fn end_compressed(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), ProtocolError> {
        let Some(codec) = &self.config.deflate else {
            return self.message.end_frame(&self.frame, turn.id, turn.events);
        };
        let limit = match self.config.max_payload {
            0 => u32::MAX as usize,
            limit => usize::try_from(limit)
                .map_or(u32::MAX as usize, |limit| limit.min(u32::MAX as usize)),
        };
        let is_final = self.frame.is_final();
        let context = self.compression.get_or_insert_default();
        let payload = std::mem::take(&mut self.message.bytes);
        let made = context.inflate_frame(codec, &payload, is_final, limit)?;
        let frame = Header {
            length: made as u64,
            ..self.frame
        };
        if is_final {
            self.message.bytes = std::mem::take(&mut context.output);
            let check = self.message.is_text() && !self.config.skip_utf8_validation;
            if check && !utf8::is_valid(&self.message.bytes) {
                return Err(ProtocolError::InvalidUtf8);
            }
        }
        self.message.end_frame(&frame, turn.id, turn.events)
    }
}
