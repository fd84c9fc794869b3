//! The pieces: headers, masks, the accept key, close payloads, the event queue.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use std::io::Cursor;

use ferrows::protocol::error::ProtocolError;
use ferrows::protocol::event::{EventQueue, Record};
use ferrows::protocol::frame::{self, MalformedFrames, mask_frames, write_header};
use ferrows::protocol::handshake::accept_key;
use ferrows::protocol::{close, mask};
use protocol_wire::{Form, KEY, frame_as, masked, plain};
use tungstenite::protocol::frame::FrameHeader;

const LENGTHS: [u64; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 32, (1 << 53) - 1];

#[test]
fn accept_keys() {
    // RFC 6455 section 1.3.
    assert_eq!(
        accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(accept_key(b""), "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
}

#[test]
fn written_headers() {
    for first in [0x81, 0x02, 0xc1, 0x80, 0x88, 0x8a, 0x72] {
        for length in [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 70_000] {
            for key in [None, Some(KEY)] {
                let payload = vec![0; length];
                let expected = frame_as(first, &payload, key, Form::Shortest);
                let mut out = b"before".to_vec();
                write_header(&mut out, first, length as u64, key);
                let header = &expected[..expected.len() - length];
                assert_eq!(out, [b"before", header].concat());
            }
        }
    }
}

#[test]
fn headers_are_read_as_tungstenite_reads_them() {
    for length in LENGTHS {
        for key in [None, Some(KEY)] {
            let mut bytes = Vec::new();
            write_header(&mut bytes, 0xc2, length, key);
            for end in 0..bytes.len() {
                let header = frame::read_length(&bytes[..end])
                    .and_then(|length| frame::read_key(&bytes[..end], length));
                assert_eq!(header, None, "{end} of {bytes:02x?}");
            }
            bytes.push(0xff);
            let mut cursor = Cursor::new(&bytes);
            let (theirs, their_length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            let read = frame::read_length(&bytes).unwrap();
            let ours = frame::read_key(&bytes, read).unwrap();
            assert_eq!(u64::from(ours.size), cursor.position());
            assert_eq!((ours.length, their_length), (length, length));
            assert_eq!(
                (ours.is_final(), ours.opcode()),
                (theirs.is_final, theirs.opcode.into())
            );
            assert_eq!(ours.key, theirs.mask.unwrap_or_default());
            assert!(!ours.is_control());
        }
    }
}

#[test]
fn masks_at_every_offset_and_length() {
    let plain: Vec<u8> = (0..200_u8).collect();
    for start in 0..20 {
        for end in start..plain.len() {
            for offset in [0, 1, 2, 3, 4, 7, usize::MAX] {
                let mut bytes = plain.clone();
                mask::apply(&mut bytes[start..end], KEY, offset);
                for (i, byte) in bytes.iter().enumerate() {
                    let key = KEY[(i.wrapping_sub(start) & 3).wrapping_add(offset & 3) & 3];
                    let expected = if (start..end).contains(&i) {
                        plain[i] ^ key
                    } else {
                        plain[i]
                    };
                    assert_eq!(*byte, expected);
                }
            }
        }
    }
}

#[test]
fn masks_while_appending() {
    let plain: Vec<u8> = (0..255_u8).collect();
    for length in 0..150 {
        // With all, some and none of the bytes that make the last block whole.
        for behind in [0, 1, 5, 15, 16, 100] {
            let source = &plain[3..3 + length + behind];
            let mut out = b"kept".to_vec();
            mask::append(&mut out, source, length, KEY);
            let mut expected = source[..length].to_vec();
            mask::apply(&mut expected, KEY, 0);
            assert_eq!(
                out,
                [b"kept", &expected[..]].concat(),
                "{length} with {behind} behind"
            );
        }
    }
}

#[test]
fn finished_client_frames_are_masked_in_place() {
    let payloads: [&[u8]; 5] = [b"", b"a", &[7; 126], &[8; 70_000], b"last"];
    let mut written = Vec::new();
    let mut expected = Vec::new();
    for (i, payload) in payloads.iter().enumerate() {
        let key = [i as u8, 2, 3, 4];
        write_header(&mut written, 0x81, payload.len() as u64, Some(key));
        written.extend_from_slice(payload);
        expected.extend(frame_as(0x81, payload, Some(key), Form::Shortest));
    }
    assert_eq!(mask_frames(&mut written), Ok(()));
    assert_eq!(written, expected);
    assert_eq!(mask_frames(&mut []), Ok(()));
}

#[test]
fn malformed_client_frames_are_refused() {
    let good = masked(0x81, "good");
    let long = frame_as(0x82, b"x", Some(KEY), Form::SixtyFour);
    for bad in [
        plain(0x81, "plain"),
        vec![0x81],
        good[..5].to_vec(),
        good[..9].to_vec(),
        long[..9].to_vec(),
        [&[0x82, 0xff][..], &u64::MAX.to_be_bytes(), &KEY, b"x"].concat(),
    ] {
        let mut frames = [&good[..], &bad].concat();
        let error = MalformedFrames { at: good.len() };
        assert_eq!(mask_frames(&mut frames), Err(error));
        assert_eq!(error.to_string(), "malformed client frame at byte 10");
        assert_eq!(frames[good.len()..], bad, "is left as it is");
    }
}

#[test]
fn close_payloads() {
    assert_eq!(close::parse(b"", false), Ok((1005, &[][..])));
    assert_eq!(close::parse(b"\x03\xe8", false), Ok((1000, &[][..])));
    assert_eq!(close::parse(b"\x03\xe8bye", false), Ok((1000, &b"bye"[..])));
    let one = Err(ProtocolError::InvalidControlPayloadLength(1));
    assert_eq!(close::parse(b"\x03", false), one);
    assert_eq!(
        close::parse(b"\x03\xe8\xff", false),
        Err(ProtocolError::InvalidUtf8)
    );
    assert_eq!(
        close::parse(b"\x03\xe8\xff", true),
        Ok((1000, &b"\xff"[..]))
    );
    let valid = (0..=u16::MAX)
        .filter(|code| close::is_valid_code(*code))
        .count();
    assert_eq!(valid, 4 + 8 + 2_000);
}

#[test]
fn event_queue() {
    let mut queue = EventQueue::default();
    assert!(queue.is_empty());
    assert_eq!(queue.append_payload(b"123"), 0);
    assert_eq!(queue.append_payload(b""), 8);
    assert_eq!(queue.append_payload(b"12345678"), 8);
    assert_eq!(queue.append_payload(b"9"), 16);
    assert_eq!(queue.payloads, b"123\0\0\0\0\x00123456789");
    queue.push(1, 2, 3, 4);
    queue.large.push(vec![0; 100]);
    assert_eq!(
        queue.records,
        [Record {
            connection: 1,
            kind: 2,
            a: 3,
            b: 4
        }]
    );
    assert_eq!(queue.weight(), 16 + 17 + 100);
    let capacity = queue.payloads.capacity();
    queue.clear();
    assert!(queue.is_empty());
    assert_eq!((queue.weight(), queue.payloads.capacity()), (0, capacity));
    assert_eq!(size_of::<Record>(), 16);
}
