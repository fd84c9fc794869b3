//! Compression to the end of a vector, up to a byte boundary.

use zlib_rs::{Deflate, DeflateFlush, Status};

/// A step gets at least this much room: less than 7 bytes may repeat the flush marker (zlib.h).
const ROOM_MIN: usize = 64;

/// Most room of one step.
const ROOM_MAX: usize = 64 * 1024;

/// An empty block that is not compressed, up to where the tail begins (RFC 7692 section 7.2.3.6).
const EMPTY: [u8; 1] = [0];

/// Compresses `payload` to the end of `output` as one frame's payload; `is_final`: the last frame
/// of its message. Without an error of zlib's, which only wrong parameters can cause, the peer can
/// decompress everything given so far.
pub(super) fn deflate(
    deflate: &mut Deflate,
    payload: &[u8],
    is_final: bool,
    output: &mut Vec<u8>,
) -> bool {
    let begin = output.len();
    if payload.is_empty() {
        // A second flush in a row would give nothing at all.
        output.extend_from_slice(&EMPTY);
        if !is_final {
            output.extend_from_slice(&super::TAIL);
        }
        return true;
    }
    let mut rest = payload;
    loop {
        let start = output.len();
        let room = (rest.len() / 2 + ROOM_MIN).min(ROOM_MAX);
        output.resize(start + room, 0);
        let (read, written) = (deflate.total_in(), deflate.total_out());
        let target = output.get_mut(start..).unwrap_or_default();
        let status = deflate.compress(rest, target, DeflateFlush::SyncFlush);
        let read = (deflate.total_in() - read) as usize;
        let written = (deflate.total_out() - written) as usize;
        output.truncate(start + written);
        rest = rest.get(read..).unwrap_or_default();
        match status {
            Ok(Status::Ok | Status::BufError) if written == room => {}
            Ok(_) => break,
            Err(_) => return false,
        }
    }
    if is_final
        && output
            .get(begin..)
            .is_some_and(|made| made.ends_with(&super::TAIL))
    {
        output.truncate(output.len() - super::TAIL.len());
    }
    true
}
