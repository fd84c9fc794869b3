//! Which frame header may arrive, checked in the order of `ws` and as early as the bytes allow.

use super::config::Config;
use super::error::ProtocolError;
use super::frame::{self, FIN, Header, MASK, RSV1, RSV23, opcode};
use super::message::Message;

/// Largest length that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The header at the start of `bytes`, `None` if more bytes are needed. Depends on nothing but the
/// bytes and the state before them, so it may be asked again with more bytes.
///
/// # Errors
/// Every rule speaks as soon as its bytes are there: the first two, then the length, then the key.
/// `ws` counts fragments only when the payload is complete; here the header suffices.
#[inline(always)]
pub(super) fn read_header(
    bytes: &[u8],
    config: &Config,
    message: &Message,
) -> Result<Option<Header>, ProtocolError> {
    let Some(&[first, second]) = bytes.first_chunk() else {
        return Ok(None);
    };
    check_start(first, second, config, message)?;
    let Some(length) = frame::read_length(bytes) else {
        return Ok(None);
    };
    check_length(first, length.0, config, message)?;
    let Some(header) = frame::read_key(bytes, length) else {
        return Ok(None);
    };
    if !header.is_control() && reached(message.frames(), config.max_fragments) {
        return Err(ProtocolError::TooManyFragments);
    }
    Ok(Some(header))
}

/// Whether one more would be too many; 0 is no limit.
#[inline]
pub(super) fn reached(count: u32, limit: u32) -> bool {
    limit > 0 && count >= limit
}

#[inline]
fn check_start(
    first: u8,
    second: u8,
    config: &Config,
    message: &Message,
) -> Result<(), ProtocolError> {
    let rsv1 = first & RSV1 != 0;
    let code = first & 0x0f;
    if first & RSV23 != 0 {
        return Err(ProtocolError::UnexpectedRsv23);
    }
    if rsv1 && !config.accept_rsv1 {
        return Err(ProtocolError::UnexpectedRsv1);
    }
    match code {
        opcode::TEXT | opcode::BINARY => {
            if message.is_open() {
                return Err(ProtocolError::InvalidOpcode(code));
            }
        }
        opcode::CONTINUATION => {
            if rsv1 {
                return Err(ProtocolError::UnexpectedRsv1);
            }
            if !message.is_open() {
                return Err(ProtocolError::InvalidOpcode(code));
            }
        }
        opcode::CLOSE..=opcode::PONG => {
            let length = second & 0x7f;
            if first & FIN == 0 {
                return Err(ProtocolError::ExpectedFin);
            }
            if rsv1 {
                return Err(ProtocolError::UnexpectedRsv1);
            }
            if length > 125 || (code == opcode::CLOSE && length == 1) {
                return Err(ProtocolError::InvalidControlPayloadLength(length));
            }
        }
        _ => return Err(ProtocolError::InvalidOpcode(code)),
    }
    let masked = second & MASK != 0;
    if config.require_mask && !masked {
        return Err(ProtocolError::ExpectedMask);
    }
    if config.reject_mask && masked {
        return Err(ProtocolError::UnexpectedMask);
    }
    Ok(())
}

#[inline]
fn check_length(
    first: u8,
    length: u64,
    config: &Config,
    message: &Message,
) -> Result<(), ProtocolError> {
    if length > MAX_SAFE_INTEGER {
        return Err(ProtocolError::UnsupportedDataPayloadLength);
    }
    if config.max_frame > 0 && length > config.max_frame {
        return Err(ProtocolError::FrameTooLarge(length));
    }
    // Control frames count for nothing.
    if first & 0x08 == 0 {
        let total = message.announced() + length;
        let limited = config.max_payload > 0 && total > config.max_payload;
        if limited || total > u64::from(u32::MAX) {
            return Err(ProtocolError::UnsupportedMessageLength);
        }
    }
    Ok(())
}
