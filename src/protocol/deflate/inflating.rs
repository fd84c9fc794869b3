//! Decompression into a growing vector, with a limit on its length.

use zlib_rs::{Inflate, InflateError, InflateFlush, Status};

use crate::protocol::error::ProtocolError;

/// What zlib says of damaged data; the place in this list is the detail of a `PROTOCOL_ERROR`
/// record and is shared with `lib/core/errors.js`.
pub const DATA_ERRORS: [&str; 15] = [
    "unexpected end of file",
    "invalid block type",
    "invalid stored block lengths",
    "too many length or distance symbols",
    "invalid code lengths set",
    "invalid bit length repeat",
    "invalid code -- missing end-of-block",
    "invalid literal/lengths set",
    "invalid distances set",
    "invalid literal/length code",
    "invalid distance code",
    "invalid distance too far back",
    "incorrect header check",
    "incorrect data check",
    "not enough memory",
];

/// Room for the output of a first step, at least; small messages need one step.
const FIRST_MIN: usize = 512;

/// Most room of a first step, whatever the input's length.
const FIRST_MAX: usize = 256 * 1024;

/// What became of one call of [`inflate`].
pub(super) struct Inflated {
    /// The stream has ended (a block with BFINAL), and this many bytes of the input came after it.
    pub(super) ended: Option<usize>,
}

/// Decompresses all of `input` to the end of `output`, which must not get longer than `limit`
/// bytes.
///
/// # Errors
/// `UnsupportedMessageLength` as soon as the output is longer than `limit`, `DamagedData`.
pub(super) fn inflate(
    inflate: &mut Inflate,
    mut input: &[u8],
    output: &mut Vec<u8>,
    limit: usize,
) -> Result<Inflated, ProtocolError> {
    let mut room = input.len().saturating_mul(4).clamp(FIRST_MIN, FIRST_MAX);
    loop {
        let start = output.len();
        // One byte more than allowed, so that too much is seen and never stored.
        let space = room.min((limit - start.min(limit)).saturating_add(1));
        output.resize(start + space, 0);
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let target = output.get_mut(start..).unwrap_or_default();
        let status = inflate.decompress(input, target, InflateFlush::SyncFlush);
        let read = (inflate.total_in() - read) as usize;
        let written = (inflate.total_out() - written) as usize;
        output.truncate(start + written);
        input = input.get(read..).unwrap_or_default();
        if output.len() > limit {
            return Err(ProtocolError::UnsupportedMessageLength);
        }
        match status {
            Ok(Status::StreamEnd) => {
                return Ok(Inflated {
                    ended: Some(input.len()),
                });
            }
            // Room is left: everything that could come out has come out.
            Ok(_) if written < space => return Ok(Inflated { ended: None }),
            Ok(_) => room = output.len().max(FIRST_MIN),
            Err(error) => return Err(failure(inflate, error)),
        }
    }
}

fn failure(inflate: &Inflate, error: InflateError) -> ProtocolError {
    if error == InflateError::MemError {
        return ProtocolError::DamagedData("not enough memory");
    }
    let text = match inflate.error_message() {
        Some("invalid distance code too far back") => "invalid distance too far back",
        Some(text) => text,
        None => "",
    };
    let known = DATA_ERRORS.iter().find(|known| **known == text);
    ProtocolError::DamagedData(known.copied().unwrap_or("invalid block type"))
}
