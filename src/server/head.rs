//! The head of a request: collected from any split of the input in linear time, then parsed once
//! by `httparse` under the rules of Node's parser (llhttp, strict).

use std::mem::MaybeUninit;
use std::ops::Range;

use super::target;

/// The methods that Node's parser knows (`http.METHODS`); others are malformed requests.
const METHODS: [&[u8]; 35] = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"PATCH",
    b"TRACE",
    b"ACL",
    b"BIND",
    b"CHECKOUT",
    b"COPY",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MOVE",
    b"NOTIFY",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"QUERY",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SOURCE",
    b"SUBSCRIBE",
    b"UNBIND",
    b"UNLINK",
    b"UNLOCK",
    b"UNSUBSCRIBE",
];

/// Bytes of a request line besides the target: the longest method, blanks, version, line end.
const REQUEST_LINE: usize = 32;

/// Bytes of a header line besides name and value: colon, blank, line end.
const HEADER_LINE: usize = 4;

/// Headers that are parsed without an allocation for the parser's own table.
const FEW_HEADERS: usize = 64;

/// The head of a request as received: case, order and repetitions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Everything from the method to the empty line, both included.
    pub bytes: Vec<u8>,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor_version: u8,
    /// The method is `bytes[..method_end]`.
    pub method_end: usize,
    /// Where the request target is within `bytes`.
    pub target: Range<usize>,
    /// Name start, name end, value start, value end within `bytes`, one entry for each line;
    /// values without the blanks around them.
    pub headers: Vec<[u32; 4]>,
}

impl Head {
    /// The method, one of `http.METHODS`.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.bytes.get(..self.method_end).unwrap_or_default()
    }

    /// The request target as sent, query included.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.bytes.get(self.target.clone()).unwrap_or_default()
    }

    /// Names and values in order.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers
            .iter()
            .map(|&[name, name_end, value, value_end]| {
                (self.slice(name, name_end), self.slice(value, value_end))
            })
    }

    /// Names and values, the blanks behind a value included, which matter to llhttp here and there.
    pub(super) fn untrimmed_headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers
            .iter()
            .map(|&[name, name_end, value, value_end]| {
                let behind = self.bytes.get(value_end as usize..).unwrap_or_default();
                let blanks = behind
                    .iter()
                    .take_while(|byte| matches!(byte, b' ' | b'\t'))
                    .count();
                let end = (value_end as usize).saturating_add(blanks);
                let raw = self.bytes.get(value as usize..end).unwrap_or_default();
                (self.slice(name, name_end), raw)
            })
    }

    fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// Why a head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadError {
    /// Not HTTP, or not in the form that Node's parser demands.
    Malformed,
    /// More bytes or more headers than allowed.
    TooLarge,
}

/// The limits of a head.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadLimits {
    /// Bytes of target, header names and values together must be fewer (`maxHeaderSize`).
    pub(super) bytes: usize,
    /// The number of headers.
    pub(super) headers: usize,
}

/// Collects one head. Every byte is looked at once here, however the input is split.
#[derive(Debug)]
pub(super) struct HeadReader {
    limits: HeadLimits,
    bytes: Vec<u8>,
    scanned: usize,
    line_start: usize,
    lines: usize,
    method_known: bool,
}

impl HeadReader {
    pub(super) fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            bytes: Vec::new(),
            scanned: 0,
            line_start: 0,
            lines: 0,
            method_known: false,
        }
    }

    /// Whether a head has begun, that is, anything but line ends in front of it has arrived.
    pub(super) fn has_begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Takes bytes as they arrive. The result is the head and everything behind it, or `None` if
    /// more is needed. Must not be called again after a head or an error.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Option<(Head, Vec<u8>)>, HeadError> {
        let chunk = if self.bytes.is_empty() {
            // llhttp skips line ends of any kind between requests (RFC 9112 section 2.2).
            let blank = chunk
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            chunk.get(blank..).unwrap_or_default()
        } else {
            chunk
        };
        if chunk.is_empty() {
            return Ok(None);
        }
        self.bytes.extend_from_slice(chunk);
        if !self.method_known {
            // Early, so that a TLS client on a plain port hears at once that this is not TLS.
            self.method_known = check_method(&self.bytes)?;
        }
        let end = self.scan()?;
        // llhttp counts target, names and values only; the rest of the lines comes on top.
        let lines = self
            .lines
            .saturating_mul(HEADER_LINE)
            .saturating_add(REQUEST_LINE);
        let limit = self.limits.bytes.saturating_add(lines);
        if end.unwrap_or(self.bytes.len()) > limit || self.lines > self.limits.headers + 2 {
            return Err(HeadError::TooLarge);
        }
        let Some(end) = end else { return Ok(None) };
        let mut bytes = std::mem::take(&mut self.bytes);
        let rest = if end < bytes.len() {
            bytes.split_off(end)
        } else {
            Vec::new()
        };
        // The request line and the empty line are not headers.
        parse(bytes, self.lines.saturating_sub(2), self.limits.bytes).map(|head| Some((head, rest)))
    }

    /// Goes over the new bytes; the result is the end of the head if they contain it.
    fn scan(&mut self) -> Result<Option<usize>, HeadError> {
        let mut before = match self.scanned.checked_sub(1) {
            Some(last) => self.bytes.get(last).copied().unwrap_or_default(),
            None => 0,
        };
        for (index, &byte) in self.bytes.iter().enumerate().skip(self.scanned) {
            match byte {
                b'\n' => {
                    if before != b'\r' {
                        return Err(HeadError::Malformed);
                    }
                    self.lines += 1;
                    if index == self.line_start + 1 {
                        self.scanned = index + 1;
                        return Ok(Some(index + 1));
                    }
                    self.line_start = index + 1;
                }
                // No control character is allowed anywhere but a tab in a value.
                0..=8 | 11 | 12 | 14..=31 | 127 => return Err(HeadError::Malformed),
                _ => {}
            }
            before = byte;
        }
        self.scanned = self.bytes.len();
        Ok(None)
    }
}

/// Whether the method is complete and known; an error as soon as it cannot become a known one.
fn check_method(bytes: &[u8]) -> Result<bool, HeadError> {
    let known = match bytes.iter().position(|byte| *byte == b' ') {
        Some(end) => METHODS
            .iter()
            .any(|method| bytes.get(..end) == Some(*method)),
        None => {
            return METHODS
                .iter()
                .any(|method| method.starts_with(bytes))
                .then_some(false)
                .ok_or(HeadError::Malformed);
        }
    };
    known.then_some(true).ok_or(HeadError::Malformed)
}

/// Parses a complete head of `count` headers.
fn parse(bytes: Vec<u8>, count: usize, limit: usize) -> Result<Head, HeadError> {
    let mut few = [const { MaybeUninit::uninit() }; FEW_HEADERS];
    let mut many = Vec::new();
    let table = if count <= FEW_HEADERS {
        few.as_mut_slice()
    } else {
        many.resize_with(count, MaybeUninit::uninit);
        many.as_mut_slice()
    };
    let mut request = httparse::Request::new(&mut []);
    let status = httparse::ParserConfig::default()
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .parse_request_with_uninit_headers(&mut request, &bytes, table);
    if status != Ok(httparse::Status::Complete(bytes.len())) {
        return Err(HeadError::Malformed);
    }
    let (Some(method), Some(path), Some(minor_version)) =
        (request.method, request.path, request.version)
    else {
        return Err(HeadError::Malformed);
    };
    if !target::is_valid(path.as_bytes(), method == "CONNECT") {
        return Err(HeadError::Malformed);
    }
    // Slices of `bytes`, so the difference of the addresses is the offset.
    let offset = |part: &[u8]| part.as_ptr().addr() - bytes.as_ptr().addr();
    let range = |part: &[u8]| offset(part)..offset(part) + part.len();
    let word = |index: usize| u32::try_from(index).map_err(|_| HeadError::TooLarge);
    let (method_end, target) = (method.len(), range(path.as_bytes()));
    let mut counted = target.len();
    let mut headers = Vec::with_capacity(request.headers.len());
    for header in request.headers.iter() {
        let name = range(header.name.as_bytes());
        // httparse has no address of its own for an empty value.
        let value = if header.value.is_empty() {
            name.end + 1..name.end + 1
        } else {
            range(header.value)
        };
        counted += name.len() + value.len();
        headers.push([
            word(name.start)?,
            word(name.end)?,
            word(value.start)?,
            word(value.end)?,
        ]);
    }
    if counted >= limit {
        return Err(HeadError::TooLarge);
    }
    Ok(Head {
        bytes,
        minor_version,
        method_end,
        target,
        headers,
    })
}
