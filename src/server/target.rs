//! The grammar of a request target, as llhttp in strict mode sees it: looser than RFC 9112 section
//! 3.2 in what a path may contain, but only visible ASCII, and only four beginnings.

/// Whether Node's parser accepts the target. `connect`: of a CONNECT request, which begins with an
/// authority.
pub(super) fn is_valid(target: &[u8], connect: bool) -> bool {
    if connect {
        return is_valid_from_authority(target);
    }
    match target {
        [b'/' | b'*', path @ ..] => path.iter().copied().all(is_visible),
        [first, ..] if first.is_ascii_alphabetic() => {
            let end = target.iter().position(|byte| !byte.is_ascii_alphabetic());
            let behind = target
                .get(end.unwrap_or(target.len())..)
                .unwrap_or_default();
            behind
                .strip_prefix(b"://")
                .is_some_and(is_valid_from_authority)
        }
        _ => false,
    }
}

/// An authority, then optionally a path or a query. The authority may be empty, and only one `@`
/// may follow another directly or not at all, as in llhttp: `a@b@c` passes, `a@@b` does not.
fn is_valid_from_authority(bytes: &[u8]) -> bool {
    let end = bytes
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(bytes.len());
    let (authority, rest) = bytes.split_at(end);
    authority.iter().copied().all(is_authority_byte)
        && !authority.windows(2).any(|pair| pair == b"@@")
        && rest.iter().copied().all(is_visible)
}

fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

fn is_authority_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()%;:&=+$,@[]".contains(&byte)
}
