//! UTF-8, whole and in pieces (RFC 6455 section 8.1).

use super::error::ProtocolError;

/// Whether the bytes are UTF-8.
#[inline]
#[must_use]
pub fn is_valid(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Checks the beginning of a text. Returns how many bytes at its end, 0 to 3, begin a sequence that
/// is not complete yet: give them again, together with what follows.
///
/// # Errors
/// `InvalidUtf8` as soon as no continuation can make the bytes valid, so at the very byte.
pub fn check_prefix(bytes: &[u8]) -> Result<usize, ProtocolError> {
    let open = open_sequence(bytes);
    let (complete, tail) = bytes
        .split_at_checked(bytes.len() - open)
        .unwrap_or((bytes, &[]));
    if !is_valid(complete) {
        return Err(ProtocolError::InvalidUtf8);
    }
    match std::str::from_utf8(tail) {
        // A lead byte without enough continuation bytes is never valid by itself; an error without
        // a length says that the end came too early and nothing else is wrong.
        Err(error) if error.error_len().is_none() => Ok(open),
        Ok(_) => Ok(0),
        Err(_) => Err(ProtocolError::InvalidUtf8),
    }
}

/// Length of the last sequence if its lead byte promises more bytes than there are, else 0.
fn open_sequence(bytes: &[u8]) -> usize {
    for (back, byte) in bytes.iter().rev().take(3).enumerate() {
        let promised = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        return if promised > back + 1 { back + 1 } else { 0 };
    }
    0
}
