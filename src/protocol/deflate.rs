//! permessage-deflate (RFC 7692) over zlib-rs: compressed payloads in and out.
//!
//! [`Codec`] is what connections with the same negotiated parameters share: the parameters, and
//! compressors and decompressors that are between two messages and belong to nobody. A connection
//! whose side keeps no context (`*_no_context_takeover`) borrows one for a message; one that keeps
//! its context has its own, made at the first message that needs it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zlib_rs::{Deflate, DeflateConfig, Inflate, Strategy};

pub(super) mod context;
mod deflating;
mod inflating;

pub use inflating::DATA_ERRORS;

/// What ends every message and is not sent (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How many idle compressors, and how many decompressors, are kept for the next message.
const SPARES: usize = 2;

/// What was negotiated, seen from our side, and how we compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// Window of what we send, 8 to 15; 8 is treated as 9, as in Node: zlib cannot do 8 in a raw
    /// stream.
    pub send_window_bits: u8,
    /// Every message we send starts with an empty window.
    pub send_reset: bool,
    /// Window of what we receive, 8 to 15. A peer that was promised 8 may use 9, see above.
    pub receive_window_bits: u8,
    /// Every message we receive starts with an empty window.
    pub receive_reset: bool,
    /// zlib's level: 0 to 9, or -1 for its default.
    pub level: i8,
    /// zlib's memory level, 1 to 9.
    pub mem_level: u8,
    /// zlib's strategy, 0 to 4.
    pub strategy: u8,
}

impl Default for Parameters {
    /// No parameter negotiated, zlib's defaults.
    fn default() -> Self {
        Self {
            send_window_bits: 15,
            send_reset: false,
            receive_window_bits: 15,
            receive_reset: false,
            level: -1,
            mem_level: 8,
            strategy: 0,
        }
    }
}

impl Parameters {
    fn new_deflate(&self) -> Box<Deflate> {
        Box::new(Deflate::new_with_config(DeflateConfig {
            level: i32::from(self.level).clamp(-1, 9),
            window_bits: -i32::from(self.send_window_bits.clamp(9, 15)),
            mem_level: i32::from(self.mem_level).clamp(1, 9),
            strategy: Strategy::try_from(i32::from(self.strategy)).unwrap_or_default(),
            ..DeflateConfig::default()
        }))
    }

    fn new_inflate(&self) -> Box<Inflate> {
        Box::new(Inflate::new(false, self.receive_window_bits.clamp(9, 15)))
    }
}

/// Compressors and decompressors that nobody uses at the moment.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "connections hold boxes, too")]
struct Spares {
    deflate: Vec<Box<Deflate>>,
    inflate: Vec<Box<Inflate>>,
}

/// Parameters and the spare compressors of all connections that negotiated them.
pub struct Codec {
    parameters: Parameters,
    spares: Mutex<Spares>,
}

impl Codec {
    /// A codec without memory of its own; compressors are made when they are needed.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            spares: Mutex::default(),
        }
    }

    /// What was negotiated.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// A compressor with an empty window.
    fn take_deflate(&self) -> Box<Deflate> {
        let spare = self.spares().deflate.pop();
        spare.unwrap_or_else(|| self.parameters.new_deflate())
    }

    fn put_deflate(&self, mut deflate: Box<Deflate>) {
        deflate.reset();
        let mut spares = self.spares();
        if spares.deflate.len() < SPARES {
            spares.deflate.push(deflate);
        }
    }

    /// A decompressor with an empty window.
    fn take_inflate(&self) -> Box<Inflate> {
        let spare = self.spares().inflate.pop();
        spare.unwrap_or_else(|| self.parameters.new_inflate())
    }

    /// Only for one that has not failed. Its window may be larger afterwards than was negotiated:
    /// that is lenient, and what comes out does not change.
    fn put_inflate(&self, mut inflate: Box<Inflate>) {
        inflate.reset(false);
        let mut spares = self.spares();
        if spares.inflate.len() < SPARES {
            spares.inflate.push(inflate);
        }
    }

    /// A panic elsewhere leaves the collections whole.
    fn spares(&self) -> MutexGuard<'_, Spares> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parameters.fmt(f)
    }
}

impl PartialEq for Codec {
    fn eq(&self, other: &Self) -> bool {
        self.parameters == other.parameters
    }
}

impl Eq for Codec {}
