//! What a peer can do wrong, with the texts and codes of `ws` 8.23.

use super::deflate::DATA_ERRORS;

/// A violation by the peer. It ends the connection: nothing is parsed after it.
///
/// `Display` is the message of the error that `ws` emits. The order of the variants is the index in
/// a `PROTOCOL_ERROR` record and is shared with `lib/core/errors.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A control frame without the FIN bit.
    #[error("Invalid WebSocket frame: FIN must be set")]
    ExpectedFin,
    /// An unmasked frame where masked ones are required (at a server).
    #[error("Invalid WebSocket frame: MASK must be set")]
    ExpectedMask,
    /// A close frame whose status code (given here) may not be sent.
    #[error("Invalid WebSocket frame: invalid status code {0}")]
    InvalidCloseCode(u16),
    /// A control frame longer than 125 bytes or a close frame of one byte; the 7-bit length.
    #[error("Invalid WebSocket frame: invalid payload length {0}")]
    InvalidControlPayloadLength(u8),
    /// A reserved op code, a continuation of nothing, or a new message within a fragmented one.
    #[error("Invalid WebSocket frame: invalid opcode {0}")]
    InvalidOpcode(u8),
    /// Text or a close reason that is not UTF-8.
    #[error("Invalid WebSocket frame: invalid UTF-8 sequence")]
    InvalidUtf8,
    /// More frames in a message than `Config::max_fragments`.
    #[error("Too many message fragments")]
    TooManyFragments,
    /// More chunks behind an unfinished frame than `Config::max_buffered_chunks`.
    #[error("Too many buffered chunks")]
    TooManyChunks,
    /// A masked frame where unmasked ones are required (at a client).
    #[error("Invalid WebSocket frame: MASK must be clear")]
    UnexpectedMask,
    /// RSV1 without an extension, or on a continuation or control frame.
    #[error("Invalid WebSocket frame: RSV1 must be clear")]
    UnexpectedRsv1,
    /// RSV2 or RSV3.
    #[error("Invalid WebSocket frame: RSV2 and RSV3 must be clear")]
    UnexpectedRsv23,
    /// A frame of more than 2^53 - 1 bytes, the top bit included.
    #[error("Unsupported WebSocket frame: payload length > 2^53 - 1")]
    UnsupportedDataPayloadLength,
    /// A message longer than `Config::max_payload` (or than a record can say, 2^32 - 1 bytes).
    #[error("Max payload size exceeded")]
    UnsupportedMessageLength,
    /// A frame longer than `Config::max_frame`; its length. Only the `websocket` package has this.
    #[error("Frame size of {0} bytes exceeds maximum accepted frame size")]
    FrameTooLarge(u64),
    /// A compressed message that zlib cannot decompress; its words, one of
    /// [`DATA_ERRORS`](super::deflate::DATA_ERRORS).
    #[error("{0}")]
    DamagedData(&'static str),
}

impl ProtocolError {
    /// The first word of a `PROTOCOL_ERROR` record.
    #[must_use]
    pub fn index(&self) -> u32 {
        match self {
            Self::ExpectedFin => 0,
            Self::ExpectedMask => 1,
            Self::InvalidCloseCode(_) => 2,
            Self::InvalidControlPayloadLength(_) => 3,
            Self::InvalidOpcode(_) => 4,
            Self::InvalidUtf8 => 5,
            Self::TooManyFragments => 6,
            Self::TooManyChunks => 7,
            Self::UnexpectedMask => 8,
            Self::UnexpectedRsv1 => 9,
            Self::UnexpectedRsv23 => 10,
            Self::UnsupportedDataPayloadLength => 11,
            Self::UnsupportedMessageLength => 12,
            Self::FrameTooLarge(_) => 13,
            Self::DamagedData(_) => 14,
        }
    }

    /// The number in the text, or the text's number, 0 if there is none; `u32::MAX` if it is larger than that.
    #[must_use]
    pub fn detail(&self) -> u32 {
        match *self {
            Self::InvalidCloseCode(code) => u32::from(code),
            Self::InvalidControlPayloadLength(n) | Self::InvalidOpcode(n) => u32::from(n),
            Self::FrameTooLarge(length) => u32::try_from(length).unwrap_or(u32::MAX),
            Self::DamagedData(text) => {
                let place = DATA_ERRORS.iter().position(|known| *known == text);
                place.map_or(0, |place| place as u32)
            }
            _ => 0,
        }
    }

    /// The `code` property of the JavaScript error, as in `ws`. `FrameTooLarge` does not occur
    /// there and shares the code of the other error that closes with 1009 for a limit.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ExpectedFin => "WS_ERR_EXPECTED_FIN",
            Self::ExpectedMask => "WS_ERR_EXPECTED_MASK",
            Self::InvalidCloseCode(_) => "WS_ERR_INVALID_CLOSE_CODE",
            Self::InvalidControlPayloadLength(_) => "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
            Self::InvalidOpcode(_) => "WS_ERR_INVALID_OPCODE",
            Self::InvalidUtf8 => "WS_ERR_INVALID_UTF8",
            Self::TooManyFragments | Self::TooManyChunks => "WS_ERR_TOO_MANY_BUFFERED_PARTS",
            Self::UnexpectedMask => "WS_ERR_UNEXPECTED_MASK",
            Self::UnexpectedRsv1 => "WS_ERR_UNEXPECTED_RSV_1",
            Self::UnexpectedRsv23 => "WS_ERR_UNEXPECTED_RSV_2_3",
            Self::UnsupportedDataPayloadLength => "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
            Self::UnsupportedMessageLength | Self::FrameTooLarge(_) => {
                "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
            }
            Self::DamagedData("not enough memory") => "Z_MEM_ERROR",
            Self::DamagedData(_) => "Z_DATA_ERROR",
        }
    }

    /// The status code of the close frame that answers the violation (RFC 6455 section 7.4.1).
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::DamagedData(_) => 1007,
            Self::TooManyFragments | Self::TooManyChunks => 1008,
            Self::UnsupportedDataPayloadLength
            | Self::UnsupportedMessageLength
            | Self::FrameTooLarge(_) => 1009,
            _ => 1002,
        }
    }
}
