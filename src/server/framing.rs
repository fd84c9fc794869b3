//! What a head says about the message: whether it is an upgrade, what body follows, whether the
//! connection goes on. The rules are those of Node's parser (llhttp, strict) and HTTP server.

use super::head::{Head, HeadError};

/// The body behind a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Content-Length, 0 without one.
    Length(u64),
    /// A transfer coding; its end is not looked for.
    Coded,
}

/// The value of `Expect` in HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    None,
    Continue,
    Unknown,
}

/// The facts about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    /// An `Upgrade` header that is not empty, and `upgrade` among the Connection tokens.
    pub(super) upgrade: bool,
    pub(super) body: Body,
    /// Whether another request may follow.
    pub(super) keep_alive: bool,
    pub(super) has_host: bool,
    pub(super) expectation: Expectation,
}

impl Framing {
    /// Reads the headers.
    ///
    /// An error is a request that two parsers could understand differently: more than one
    /// Content-Length, one that is no number, one beside a Transfer-Encoding, or a coding behind
    /// `chunked` (RFC 9112 section 6.3).
    pub(super) fn of(head: &Head) -> Result<Self, HeadError> {
        let mut length = None;
        let (mut coded, mut chunked) = (false, false);
        let (mut upgrade, mut connection_upgrade) = (false, false);
        let (mut close, mut keep_alive) = (false, false);
        let mut has_host = false;
        let mut expectation = Expectation::None;
        for (name, value) in head.untrimmed_headers() {
            let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
            match name.len() {
                4 if is(b"Host") => has_host = true,
                6 if is(b"Expect") && head.minor_version == 1 => {
                    expectation = match expectation {
                        Expectation::Continue => Expectation::Continue,
                        _ if names_continue(value) => Expectation::Continue,
                        _ => Expectation::Unknown,
                    };
                }
                7 if is(b"Upgrade") => upgrade |= !value.trim_ascii().is_empty(),
                10 | 16 if is(b"Connection") || is(b"Proxy-Connection") => {
                    for token in value.split(|byte| *byte == b',').map(trim_blanks) {
                        connection_upgrade |= token.eq_ignore_ascii_case(b"upgrade");
                        close |= token.eq_ignore_ascii_case(b"close");
                        keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if is(b"Content-Length") => {
                    if length.is_some() || coded {
                        return Err(HeadError::Malformed);
                    }
                    length = Some(parse_length(value).ok_or(HeadError::Malformed)?);
                }
                17 if is(b"Transfer-Encoding") => {
                    if length.is_some() || chunked {
                        return Err(HeadError::Malformed);
                    }
                    coded = true;
                    for token in value.split(|byte| *byte == b',').map(trim_blanks) {
                        if chunked {
                            return Err(HeadError::Malformed);
                        }
                        chunked = token.eq_ignore_ascii_case(b"chunked");
                    }
                }
                _ => {}
            }
        }
        Ok(Self {
            upgrade: upgrade && connection_upgrade,
            body: if coded {
                Body::Coded
            } else {
                Body::Length(length.unwrap_or(0))
            },
            keep_alive: if head.minor_version == 0 {
                keep_alive
            } else {
                !close
            },
            has_host,
            expectation,
        })
    }
}

/// Blanks around a list element as llhttp knows them: tabs in front of it only.
fn trim_blanks(mut token: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' '] = token {
        token = rest;
    }
    token
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = trim_blanks(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `100-continue` as a word of its own anywhere in the value, as Node looks for it.
fn names_continue(value: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    value.windows(12).enumerate().any(|(index, window)| {
        window.eq_ignore_ascii_case(b"100-continue")
            && !index
                .checked_sub(1)
                .and_then(|before| value.get(before))
                .is_some_and(word)
            && !value.get(index + 12).is_some_and(word)
    })
}
