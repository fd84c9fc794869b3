//! Masking of payloads (RFC 6455 section 5.3). The same operation masks and unmasks.

/// Applies the key to bytes that begin at position `offset` of their frame's payload.
#[inline]
pub fn apply(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    let word = at_offset(key, offset);
    if word == 0 {
        return;
    }
    let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
    let wide = repeated(word);
    for block in blocks {
        *block = masked(block, &wide);
    }
    let long = u64::from(word) << 32 | u64::from(word);
    let (eights, rest) = rest.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_le_bytes(*eight) ^ long).to_le_bytes();
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_le_bytes(*four) ^ word).to_le_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(word.to_le_bytes()) {
        *byte ^= key;
    }
}

/// Appends the first `length` of `bytes`, a payload from its beginning, with the key applied: one
/// pass instead of two. What follows the payload in `bytes` is read where that makes blocks whole,
/// but does not get into `out`.
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8], length: usize, key: [u8; 4]) {
    let end = out.len() + length;
    out.reserve(length.next_multiple_of(BLOCK));
    let wide = repeated(u32::from_le_bytes(key));
    let whole = bytes.get(..length.next_multiple_of(BLOCK)).unwrap_or(bytes);
    let (fours, rest) = whole.as_chunks::<{ 4 * BLOCK }>();
    for four in fours {
        let mut four = *four;
        for (byte, key) in four.iter_mut().zip([wide; 4].as_flattened()) {
            *byte ^= key;
        }
        out.extend_from_slice(&four);
    }
    let (blocks, rest) = rest.as_chunks::<BLOCK>();
    for block in blocks {
        out.extend_from_slice(&masked(block, &wide));
    }
    if out.len() < end {
        out.extend(rest.iter().zip(wide).map(|(byte, key)| byte ^ key));
    }
    out.truncate(end);
}

/// Bytes that are masked together; a multiple of four.
const BLOCK: usize = 16;

/// The key as a little-endian word, turned to where the bytes begin: little-endian words have
/// byte i of the key at bits 8 i whatever the machine, and one byte on is a rotation to the right.
#[inline]
fn at_offset(key: [u8; 4], offset: usize) -> u32 {
    let turn = match offset & 3 {
        0 => 0,
        1 => 8,
        2 => 16,
        _ => 24,
    };
    u32::from_le_bytes(key).rotate_right(turn)
}

#[inline]
fn repeated(word: u32) -> [u8; BLOCK] {
    let [a, b, c, d] = word.to_le_bytes();
    [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d]
}

#[inline]
fn masked(block: &[u8; BLOCK], wide: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut result = *block;
    for (byte, key) in result.iter_mut().zip(wide) {
        *byte ^= key;
    }
    result
}
