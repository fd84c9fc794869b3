//! The path by which a routed listener looks a request up: `url.parse(target).pathname` of Node's
//! legacy parser, which ws-multipath uses, odd cases included. Nothing is percent-decoded.

use std::borrow::Cow;

/// The legacy parser's schemes that have no host, and those that are followed by `//`.
const HOSTLESS: &[u8] = b"javascript:";
const SLASHED: [&[u8]; 7] = [
    b"http:", b"https:", b"ftp:", b"gopher:", b"file:", b"ws:", b"wss:",
];

/// Longer host names are dropped by the legacy parser.
const MAX_HOST_NAME: usize = 255;

/// The pathname of a request target that passed `target::is_valid`; `None` where the legacy parser
/// has none or throws.
pub(super) fn pathname(target: &[u8]) -> Option<Cow<'_, [u8]>> {
    let end = target
        .iter()
        .position(|byte| matches!(byte, b'?' | b'#'))
        .unwrap_or(target.len());
    let (path, rest) = target.split_at(end);
    let path = if path.contains(&b'\\') {
        Cow::Owned(
            path.iter()
                .map(|&byte| if byte == b'\\' { b'/' } else { byte })
                .collect(),
        )
    } else {
        Cow::Borrowed(path)
    };
    let simple = path.starts_with(b"/") && !path.starts_with(b"///");
    if simple && !path.contains(&b'@') && !rest.contains(&b'#') {
        return Some(path);
    }
    slow_pathname([&path, rest].concat()).map(Cow::Owned)
}

/// Targets with a scheme, a fragment, an `@` or three slashes in front. The stages are those of
/// `Url.prototype.parse`.
fn slow_pathname(mut rest: Vec<u8>) -> Option<Vec<u8>> {
    let scheme_end = rest
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b".+-".contains(byte)))
        .filter(|&end| end > 0 && rest.get(end) == Some(&b':'));
    let scheme: Vec<u8> = scheme_end
        .map(|end| rest.drain(..=end).collect())
        .unwrap_or_default();
    let hostless = scheme.eq_ignore_ascii_case(HOSTLESS);
    let has_scheme = !scheme.is_empty();

    let slashes = (has_scheme || has_user_and_host(&rest)) && rest.starts_with(b"//");
    if slashes && !hostless {
        rest.drain(..2);
    }
    let mut host_name = Vec::new();
    // The case of the scheme counts here: `HTTP:host` has a host, `http:host` has none.
    if !hostless && (slashes || (has_scheme && !SLASHED.contains(&scheme.as_slice()))) {
        (host_name, rest) = split_host(rest)?;
    }
    if !hostless {
        rest = escape(&rest);
    }
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'?' | b'#'))
        .unwrap_or(rest.len());
    rest.truncate(end);
    if !rest.is_empty() {
        return Some(rest);
    }
    let slashed = SLASHED
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    (slashed && !host_name.is_empty()).then(|| b"/".to_vec())
}

/// `//user@host`, which is always taken for an authority.
fn has_user_and_host(bytes: &[u8]) -> bool {
    let Some(authority) = bytes.strip_prefix(b"//") else {
        return false;
    };
    let Some(end) = authority
        .iter()
        .position(|byte| matches!(byte, b'@' | b'/'))
    else {
        return false;
    };
    end > 0
        && authority.get(end) == Some(&b'@')
        && authority
            .get(end + 1)
            .is_some_and(|byte| !matches!(byte, b'@' | b'/'))
}

/// Splits what follows the slashes into host name and the rest, which begins with the first byte
/// that a host cannot have. `None` where the legacy parser throws.
fn split_host(mut rest: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut host_end = None;
    let mut at = None;
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            b'"' | b'%' | b'\'' | b';' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                host_end = host_end.or(Some(index));
            }
            b'#' | b'/' | b'?' => {
                host_end = host_end.or(Some(index));
                break;
            }
            // User names may have any byte; the last `@` decides.
            b'@' => {
                at = Some(index);
                host_end = None;
            }
            _ => {}
        }
    }
    let mut behind = rest.split_off(host_end.unwrap_or(rest.len()));
    let mut host = rest;
    if let Some(at) = at {
        let name = host.split_off(at + 1);
        host.truncate(at);
        is_decodable(&host).then_some(())?;
        host = name;
    }
    if let Some(colon) = host.iter().rposition(|byte| *byte == b':')
        && host
            .get(colon + 1..)
            .is_some_and(|port| port.iter().all(u8::is_ascii_digit))
    {
        host.truncate(colon);
    }
    let ipv6 = host.starts_with(b"[") && host.ends_with(b"]");
    if !ipv6 && let Some(end) = host.iter().position(|byte| *byte == b':') {
        let mut path = b"/".to_vec();
        path.extend(host.drain(end..));
        path.append(&mut behind);
        behind = path;
    }
    if host.len() > MAX_HOST_NAME {
        host.clear();
    }
    let forbidden: &[u8] = if ipv6 { b"@" } else { b"@[]" };
    if host.iter().any(|byte| forbidden.contains(byte)) {
        return None;
    }
    if ipv6 && !behind.starts_with(b"/") {
        behind.insert(0, b'/');
    }
    if ipv6 && host == b"[]" {
        host.clear();
    }
    Some((host, behind))
}

/// Whether `decodeURIComponent` accepts it.
fn is_decodable(bytes: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return false;
            };
            let digit = |byte: u8| {
                char::from(byte)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
            };
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
                return false;
            };
            decoded.push(high << 4 | low);
            rest = tail;
        } else {
            decoded.push(*first);
            rest = tail;
        }
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// The bytes that the legacy parser always escapes in a path, if it gets that far.
fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'"' => escaped.extend(b"%22"),
            b'\'' => escaped.extend(b"%27"),
            b'<' => escaped.extend(b"%3C"),
            b'>' => escaped.extend(b"%3E"),
            b'\\' => escaped.extend(b"%5C"),
            b'^' => escaped.extend(b"%5E"),
            b'`' => escaped.extend(b"%60"),
            b'{' => escaped.extend(b"%7B"),
            b'|' => escaped.extend(b"%7C"),
            b'}' => escaped.extend(b"%7D"),
            _ => escaped.push(byte),
        }
    }
    escaped
}
