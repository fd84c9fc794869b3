//! What one connection keeps for compression. It exists from its first compressed message on.

use std::fmt;

use zlib_rs::{Deflate, Inflate};

use super::{Codec, TAIL, deflating, inflating};
use crate::protocol::error::ProtocolError;

/// A connection's compressor, decompressor and half-inflated message.
#[derive(Default)]
pub(in crate::protocol) struct Context {
    inflate: Option<Box<Inflate>>,
    /// The stream of `inflate` has ended; what follows is ignored, as in Node.
    ended: bool,
    /// What the frames of the current message have been inflated to.
    pub(in crate::protocol) output: Vec<u8>,
    deflate: Option<Box<Deflate>>,
    /// `deflate` was used since somebody asked.
    used: bool,
}

impl Context {
    /// Inflates a frame's payload to the end of `output`, which may have `limit` bytes at most.
    /// Returns how many bytes it gave.
    ///
    /// # Errors
    /// As [`inflating::inflate`]. The context must not be used for further input then.
    pub(in crate::protocol) fn inflate_frame(
        &mut self,
        codec: &Codec,
        payload: &[u8],
        is_final: bool,
        limit: usize,
    ) -> Result<usize, ProtocolError> {
        let from = self.output.len();
        let mut inflate = self.inflate.take().unwrap_or_else(|| codec.take_inflate());
        let tail: &[u8] = if is_final { &TAIL } else { &[] };
        let mut trailing = 0;
        for input in [payload, tail] {
            if self.ended {
                trailing += input.len();
            } else if !input.is_empty() {
                let made = inflating::inflate(&mut inflate, input, &mut self.output, limit)?;
                self.ended = made.ended.is_some();
                trailing += made.ended.unwrap_or(0);
            }
        }
        if trailing > 0 {
            // The peer has closed its stream: a new one follows, with an empty window.
            self.ended = false;
        } else if is_final && codec.parameters().receive_reset {
            codec.put_inflate(inflate);
        } else {
            self.inflate = Some(inflate);
        }
        Ok(self.output.len() - from)
    }

    /// Compresses a frame's payload to the end of `output`. `keep`: a compressor may become ours.
    pub(in crate::protocol) fn deflate_frame(
        &mut self,
        codec: &Codec,
        payload: &[u8],
        is_final: bool,
        output: &mut Vec<u8>,
        keep: bool,
    ) -> bool {
        let keep = keep || self.deflate.is_some();
        let mut deflate = self.deflate.take().unwrap_or_else(|| codec.take_deflate());
        let done = deflating::deflate(&mut deflate, payload, is_final, output);
        if codec.parameters().send_reset || !keep {
            // Frames end at byte boundaries, so that even the next frame of the same message may
            // begin with an empty window.
            codec.put_deflate(deflate);
        } else {
            self.deflate = Some(deflate);
            self.used = true;
        }
        done
    }

    /// Nothing more will be received.
    pub(in crate::protocol) fn stop_receiving(&mut self) {
        self.inflate = None;
        self.output = Vec::new();
    }

    /// Whether there is a compressor of its own.
    pub(in crate::protocol) fn holds_deflate(&self) -> bool {
        self.deflate.is_some()
    }

    /// Gives the compressor up if it was not used since the last call. The peer does not notice:
    /// what a new one makes refers to nothing that came before.
    pub(in crate::protocol) fn release_idle(&mut self) -> bool {
        if !std::mem::take(&mut self.used) {
            self.deflate = None;
        }
        self.deflate.is_some()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("inflate", &self.inflate.is_some())
            .field("deflate", &self.deflate.is_some())
            .field("output", &self.output.len())
            .finish_non_exhaustive()
    }
}
