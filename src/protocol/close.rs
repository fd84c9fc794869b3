//! The payload of a close frame (RFC 6455 sections 5.5.1 and 7.4).

use super::error::ProtocolError;
use super::utf8;

/// Status code of a close frame without one (RFC 6455 section 7.1.5). Never sent.
pub const NO_STATUS: u16 = 1005;

/// Whether a close frame may carry the code: 1000 to 1003, 1007 to 1014, 3000 to 4999, as in `ws`.
/// (tungstenite's `CloseCode` knows 1014 as bad.)
#[must_use]
pub fn is_valid_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Status code and reason of an unmasked payload; [`NO_STATUS`] and nothing if it is empty.
///
/// # Errors
/// In this order, as in `ws`: a single byte, a code that may not be sent, a reason that is not
/// UTF-8 (unless `skip_utf8`).
pub fn parse(payload: &[u8], skip_utf8: bool) -> Result<(u16, &[u8]), ProtocolError> {
    match payload {
        [] => Ok((NO_STATUS, &[])),
        [_] => Err(ProtocolError::InvalidControlPayloadLength(1)),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_valid_code(code) {
                return Err(ProtocolError::InvalidCloseCode(code));
            }
            if !skip_utf8 && !utf8::is_valid(reason) {
                return Err(ProtocolError::InvalidUtf8);
            }
            Ok((code, reason))
        }
    }
}
