//! Frame headers as bytes (RFC 6455 section 5.2) and the masking of finished frames.
//!
//! Writing is tungstenite's `FrameHeader`. Reading is our own: the rules need the length before the
//! mask key has arrived and the first two bytes before the length has, and tungstenite answers only
//! for whole headers. Both accept lengths in a longer form than needed, as `ws` does.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::OpCode;

use super::mask;

/// Longest header in bytes: two, eight of length, four of mask key.
pub const HEADER_MAX: usize = 14;

/// Bit of the first byte: last frame of its message.
pub const FIN: u8 = 0x80;
/// Bit of the first byte: an extension's, "compressed" with permessage-deflate.
pub const RSV1: u8 = 0x40;
/// Bits of the first byte that nobody uses.
pub const RSV23: u8 = 0x30;
/// Bit of the second byte: a mask key follows.
pub const MASK: u8 = 0x80;

/// Op codes (RFC 6455 section 11.8).
pub mod opcode {
    /// A further frame of a message.
    pub const CONTINUATION: u8 = 0;
    /// First frame of a text message.
    pub const TEXT: u8 = 1;
    /// First frame of a binary message.
    pub const BINARY: u8 = 2;
    /// Close frame.
    pub const CLOSE: u8 = 8;
    /// Ping.
    pub const PING: u8 = 9;
    /// Pong.
    pub const PONG: u8 = 10;
}

/// A header as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// FIN, RSV bits and op code.
    pub first: u8,
    /// Length of the header itself in bytes.
    pub size: u8,
    /// The mask key, all zero if there is none.
    pub key: [u8; 4],
    /// Length of the payload in bytes.
    pub length: u64,
}

impl Header {
    /// Whether this is the last frame of its message.
    #[inline]
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.first & FIN != 0
    }

    /// The op code.
    #[inline]
    #[must_use]
    pub fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    /// Whether the frame is a close, ping or pong (or a reserved control frame).
    #[inline]
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.first & 0x08 != 0
    }
}

/// Payload length and the header's size up to it, or `None` if the bytes end before.
#[inline]
#[must_use]
pub fn read_length(bytes: &[u8]) -> Option<(u64, u8)> {
    let (&[_, second], rest) = bytes.split_first_chunk()?;
    match second & 0x7f {
        126 => rest
            .first_chunk()
            .map(|length| (u64::from(u16::from_be_bytes(*length)), 4)),
        127 => rest
            .first_chunk()
            .map(|length| (u64::from_be_bytes(*length), 10)),
        length => Some((u64::from(length), 2)),
    }
}

/// The whole header once [`read_length`] has answered, or `None` if the mask key is not there yet.
#[inline]
#[must_use]
pub fn read_key(bytes: &[u8], (length, size): (u64, u8)) -> Option<Header> {
    let &[first, second] = bytes.first_chunk()?;
    if second & MASK == 0 {
        return Some(Header {
            first,
            size,
            key: [0; 4],
            length,
        });
    }
    let key = *bytes.get(usize::from(size)..)?.first_chunk()?;
    Some(Header {
        first,
        size: size + 4,
        key,
        length,
    })
}

/// The beginning of a header whose end has not arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartialHeader {
    bytes: [u8; HEADER_MAX],
    length: u8,
}

impl PartialHeader {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// Takes bytes until the longest header would be complete; the rest is left alone.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        let free = self
            .bytes
            .get_mut(usize::from(self.length)..)
            .unwrap_or_default();
        for (slot, byte) in free.iter_mut().zip(bytes) {
            *slot = *byte;
            self.length += 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Bytes that `ws` would still have in its list of chunks: it takes out the first two bytes,
    /// the extended length and the mask key each as soon as they are whole.
    pub(super) fn unconsumed(&self) -> usize {
        let whole = match read_length(self.bytes()) {
            Some((_, size)) => usize::from(size),
            None if self.length < 2 => 0,
            None => 2,
        };
        self.bytes().len() - whole
    }
}

/// Appends a header in its shortest form. `first` is FIN, RSV bits and op code; with a key the mask
/// bit is set and the key appended, the payload must be masked by the caller.
pub fn write_header(out: &mut Vec<u8>, first: u8, length: u64, mask: Option<[u8; 4]>) {
    if let (None, Ok(short @ 0..=125)) = (mask, u8::try_from(length)) {
        out.extend_from_slice(&[first, short]);
        return;
    }
    let header = FrameHeader {
        is_final: first & FIN != 0,
        rsv1: first & RSV1 != 0,
        rsv2: first & 0x20 != 0,
        rsv3: first & 0x10 != 0,
        opcode: OpCode::from(first & 0x0f),
        mask,
    };
    // A vector takes whatever is written to it.
    let _ = header.format(length, out);
}

/// Bytes given to [`mask_frames`] that are not a sequence of whole frames with mask keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed client frame at byte {at}")]
pub struct MalformedFrames {
    /// Where the frame begins that cannot be masked. The frames before it are masked.
    pub at: usize,
}

/// The first of several whole frames: its header, its payload, and the frames behind it.
///
/// # Errors
/// [`MalformedFrames`] if the bytes end within the frame.
pub fn first_frame(frames: &[u8]) -> Result<(Header, &[u8], &[u8]), MalformedFrames> {
    let malformed = MalformedFrames { at: 0 };
    let header = read_length(frames)
        .and_then(|length| read_key(frames, length))
        .ok_or(malformed)?;
    let length = usize::try_from(header.length).map_err(|_| malformed)?;
    let (payload, rest) = frames
        .get(usize::from(header.size)..)
        .and_then(|body| body.split_at_checked(length))
        .ok_or(malformed)?;
    Ok((header, payload, rest))
}

/// Masks the payloads of whole client frames in place: each has its mask bit set and its key in
/// place, the payload as JavaScript wrote it.
///
/// # Errors
/// [`MalformedFrames`] if the mask bit is missing or the bytes end within a frame.
pub fn mask_frames(frames: &mut [u8]) -> Result<(), MalformedFrames> {
    let total = frames.len();
    let mut rest = frames;
    while !rest.is_empty() {
        let malformed = MalformedFrames {
            at: total - rest.len(),
        };
        let header = read_length(rest)
            .and_then(|length| read_key(rest, length))
            .ok_or(malformed)?;
        let masked = rest.get(1).is_some_and(|second| second & MASK != 0);
        let length = usize::try_from(header.length).map_err(|_| malformed)?;
        let (_, body) = rest
            .split_at_mut_checked(usize::from(header.size))
            .ok_or(malformed)?;
        let (payload, next) = body.split_at_mut_checked(length).ok_or(malformed)?;
        if !masked {
            return Err(malformed);
        }
        mask::apply(payload, header.key, 0);
        rest = next;
    }
    Ok(())
}
