use std::time::{Duration, Instant};

use super::super::head::{Head, HeadError, HeadLimits, HeadReader};

const LIMITS: HeadLimits = HeadLimits {
    bytes: 16 * 1024,
    headers: 2000,
};

const SAMPLE: &[u8] =
    b"GET  /x?y HTTP/1.1\r\nhOST: a\r\nEmpty:\r\nBlank:  \t\r\nSet: 1\r\nset:2 \t \r\n\
    High: \xe9\xff\r\nTab: a\tb\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// The first head of `chunks`, and everything read behind it.
fn read<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limits: HeadLimits,
) -> Result<Option<(Head, Vec<u8>)>, HeadError> {
    let mut reader = HeadReader::new(limits);
    for chunk in chunks {
        if let Some(found) = reader.push(chunk)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read_one(bytes: &[u8]) -> Result<Option<(Head, Vec<u8>)>, HeadError> {
    read([bytes], LIMITS)
}

#[test]
fn case_order_and_repeats_are_kept() {
    let (head, rest) = read_one(SAMPLE).unwrap().unwrap();
    assert!(rest.is_empty());
    assert_eq!(head.bytes, SAMPLE);
    assert_eq!(
        (head.method(), head.target(), head.minor_version),
        (&b"GET"[..], &b"/x?y"[..], 1)
    );
    let headers: Vec<_> = head.headers().collect();
    let expected: [(&[u8], &[u8]); 9] = [
        (b"hOST", b"a"),
        (b"Empty", b""),
        (b"Blank", b""),
        (b"Set", b"1"),
        (b"set", b"2"),
        (b"High", b"\xe9\xff"),
        (b"Tab", b"a\tb"),
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
    ];
    assert_eq!(headers, expected);
}

#[test]
fn every_split_gives_the_same_head() {
    let whole = read_one(SAMPLE).unwrap();
    let mut input = b"\r\n\n\r".to_vec();
    input.extend_from_slice(SAMPLE);
    for cut in 0..input.len() {
        let (front, back) = input.split_at(cut);
        assert_eq!(read([front, back], LIMITS).unwrap(), whole, "{cut}");
    }
    assert_eq!(read(input.chunks(1), LIMITS).unwrap(), whole);
}

#[test]
fn what_comes_behind_is_kept() {
    let mut input = SAMPLE.to_vec();
    input.extend_from_slice(b"\x81\x85\0\0\0\0\n\x7f");
    let (head, rest) = read_one(&input).unwrap().unwrap();
    assert_eq!(
        (head.bytes.as_slice(), rest.as_slice()),
        (SAMPLE, &b"\x81\x85\0\0\0\0\n\x7f"[..])
    );
}

#[test]
fn an_incomplete_head_is_waited_for() {
    for cut in 0..SAMPLE.len() {
        assert_eq!(read_one(&SAMPLE[..cut]), Ok(None), "{cut}");
    }
    let mut reader = HeadReader::new(LIMITS);
    assert_eq!(reader.push(b"\r\n\r\n"), Ok(None));
    assert!(!reader.has_begun());
    assert_eq!(reader.push(b"G"), Ok(None));
    assert!(reader.has_begun());
}

#[test]
fn what_node_refuses_is_malformed() {
    let cases: [&[u8]; 31] = [
        b"get / HTTP/1.1\r\n\r\n",
        b"FOO / HTTP/1.1\r\n\r\n",
        b"PLAY / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b" GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET / HTTP/1.2\r\n\r\n",
        b"GET / HTTP/1.1\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n\n",
        b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n",
        b"GET / HTTP/1.1\r\n A: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\t: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nabc\r\n\r\n",
        b"GET / HTTP/1.1\r\n\xe9: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n(a): b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \x7f\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET /\t HTTP/1.1\r\n\r\n",
        b"GET foo HTTP/1.1\r\n\r\n",
        b"GET http:/foo HTTP/1.1\r\n\r\n",
        b"GET\t/ HTTP/1.1\r\n\r\n",
        b"GET / http/1.1\r\n\r\n",
        b"GET / RTSP/1.0\r\n\r\n",
        b"GET /\r\n\r\n",
    ];
    for case in cases {
        let text = String::from_utf8_lossy(case);
        assert_eq!(read_one(case), Err(HeadError::Malformed), "{text:?}");
        assert_eq!(
            read(case.chunks(1), LIMITS),
            Err(HeadError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn foreign_protocols_are_refused_at_once() {
    for case in [&b"\x16\x03\x01"[..], b"SSH-2.0-x", b"GETT", b"P", b"HELO x"] {
        let malformed = read_one(case) == Err(HeadError::Malformed);
        assert_eq!(malformed, case != b"P", "{case:?}");
    }
}

#[test]
fn target_names_and_values_are_limited_as_in_node() {
    let request = |length: usize| format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(length));
    // Target and name are one byte each.
    let largest = LIMITS.bytes - 3;
    assert!(read_one(request(largest).as_bytes()).unwrap().is_some());
    assert_eq!(
        read_one(request(largest + 1).as_bytes()),
        Err(HeadError::TooLarge)
    );
    // Many short lines do not count for more than their names and values.
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "ab: cd\r\n".repeat(1999));
    assert!(read_one(many.as_bytes()).unwrap().is_some());
}

#[test]
fn an_endless_head_is_not_collected() {
    for line in ["GET /aaaaaaaaaaaaaaa", "a: b\r\n", "a:                "] {
        let mut reader = HeadReader::new(LIMITS);
        let mut result = reader.push(if line.starts_with('G') {
            b"GET /"
        } else {
            b"GET / HTTP/1.1\r\n"
        });
        let mut sent = 0;
        while result == Ok(None) {
            result = reader.push(line.trim_start_matches("GET ").as_bytes());
            sent += line.len();
            assert!(sent < 4 * LIMITS.bytes, "{line:?}");
        }
        assert_eq!(result, Err(HeadError::TooLarge), "{line:?}");
    }
}

#[test]
fn headers_are_counted() {
    let limits = HeadLimits {
        bytes: 16 * 1024,
        headers: 3,
    };
    let request = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert_eq!(
        read([request(3).as_bytes()], limits)
            .unwrap()
            .unwrap()
            .0
            .headers
            .len(),
        3
    );
    assert_eq!(
        read([request(4).as_bytes()], limits),
        Err(HeadError::TooLarge)
    );
}

/// 4 MiB byte by byte: a second look at what was there before would take hours.
#[test]
fn work_is_linear_for_single_bytes() {
    let limits = HeadLimits {
        bytes: 8 * 1024 * 1024,
        headers: 2000,
    };
    let request = format!(
        "GET / HTTP/1.1\r\nX: {}\r\n\r\n",
        "a".repeat(4 * 1024 * 1024)
    );
    let start = Instant::now();
    assert!(
        read(request.as_bytes().chunks(1), limits)
            .unwrap()
            .is_some()
    );
    assert!(start.elapsed() < Duration::from_secs(20));
}
