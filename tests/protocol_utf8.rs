//! Text is refused at the very byte that makes it invalid, however it is divided.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use ferrows::protocol::config::Config;
use ferrows::protocol::utf8;
use protocol_wire::{Peer, Seen, masked, play_both, stream, text};

const INVALID: Seen = Seen::Error(5, 0);

/// Valid beginnings and the byte that spoils them, wherever it can be known first.
const SPOILED: &[&[u8]] = &[
    b"\x80",
    b"\xbf",
    b"\xc0",
    b"\xc1",
    b"\xf5",
    b"\xff",
    b"\xc2A",
    b"\xc2\xc2",
    b"\xe0\x9f",
    b"\xed\xa0",
    b"\xe2\x82A",
    b"\xf0\x8f",
    b"\xf4\x90",
    b"\xf0\x90\x80A",
    b"\xf0\x90\xc0",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90",
];

fn server() -> Config {
    Config::server()
}

#[test]
fn valid_text_in_any_division() {
    let word = "κόσμε \u{0} \u{7f} \u{80} \u{7ff} \u{800} \u{ffff} \u{10000} \u{10ffff} 😀";
    let bytes = word.as_bytes();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            let input = stream(&[(0x01, parts[0]), (0x00, parts[1]), (0x80, parts[2])]);
            assert_eq!(play_both(&server(), &input), [text(word)]);
        }
    }
}

#[test]
fn invalid_text_in_whole_messages() {
    for spoiled in SPOILED {
        for before in ["", "a", &"ascii ".repeat(30), &"ü".repeat(5_000)] {
            let payload = [before.as_bytes(), spoiled, b" more"].concat();
            let input = stream(&[(0x81, b"ok"), (0x81, &payload), (0x81, b"late")]);
            assert_eq!(
                play_both(&server(), &input),
                [text("ok"), INVALID],
                "{spoiled:02x?}"
            );
        }
    }
}

#[test]
fn invalid_text_leaves_nothing_in_the_queue() {
    let mut peer = Peer::new(server());
    let _ = peer.receive(&masked(0x81, b"a\xff"));
    assert_eq!(peer.seen(), [INVALID]);
    assert_eq!(peer.events.weight(), 16);
}

#[test]
fn invalid_text_is_refused_at_the_byte() {
    for spoiled in SPOILED {
        let (last, valid) = spoiled.split_last().unwrap();
        // The frame announces more than will ever come (Autobahn 6.4.3, 6.4.4).
        let mut payload = spoiled.to_vec();
        payload.extend_from_slice(&[b'x'; 20]);
        let frame = masked(0x81, &payload);
        let start = frame.len() - 20;
        let mut peer = Peer::new(server());
        let _ = peer.receive(&frame[..start - 1]);
        assert_eq!(peer.seen(), [], "{spoiled:02x?}");
        let _ = peer.receive(&frame[start - 1..start]);
        assert_eq!(peer.seen(), [INVALID], "{spoiled:02x?}");

        // The last byte in a fragment of its own (Autobahn 6.4.1, 6.4.2).
        let mut peer = Peer::new(server());
        let _ = peer.receive(&stream(&[(0x01, valid), (0x00, b""), (0x89, b"")]));
        assert_eq!(peer.seen().len(), 1, "{spoiled:02x?}");
        let _ = peer.receive(&masked(0x00, [*last]));
        assert_eq!(peer.seen()[1..], [INVALID], "{spoiled:02x?}");
    }
}

#[test]
fn unfinished_sequences_are_refused_at_the_end() {
    for open in ["ä", "€", "😀"] {
        let bytes = open.as_bytes();
        for end in 1..bytes.len() {
            let cut = &bytes[..end];
            assert_eq!(play_both(&server(), &masked(0x81, cut)), [INVALID]);
            let input = stream(&[(0x01, cut), (0x80, b"")]);
            assert_eq!(play_both(&server(), &input), [INVALID]);
            let input = stream(&[(0x01, b"a"), (0x80, cut)]);
            assert_eq!(play_both(&server(), &input), [INVALID]);
        }
    }
}

#[test]
fn a_control_frame_in_pieces_leaves_the_open_sequence_alone() {
    let word = "😀".as_bytes();
    let input = stream(&[(0x01, &word[..3]), (0x89, &[0xff; 100]), (0x80, &word[3..])]);
    let expected = [Seen::Ping(vec![0xff; 100], false), text("😀")];
    assert_eq!(play_both(&server(), &input), expected);
}

#[test]
fn invalid_text_read_into_place() {
    let mut payload = "ü".repeat(50_000).into_bytes();
    payload[70_001] = b'A';
    let frame = masked(0x81, &payload);
    let mut peer = Peer::new(server());
    let _ = peer.receive(&frame[..1_000]);
    let mut at = 1_000;
    while !peer.connection.is_stopped() {
        let end = (at + 7_001).min(frame.len());
        at += peer.fill(&frame[at..end]).0;
    }
    assert_eq!(peer.seen(), [INVALID]);
    assert!(at < 80_000, "stopped at {at}");
}

#[test]
fn validation_can_be_skipped() {
    let config = Config {
        skip_utf8_validation: true,
        ..server()
    };
    let input = stream(&[(0x81, &[0xff]), (0x01, &[0xc2]), (0x80, &[0x41])]);
    assert_eq!(
        play_both(&config, &input),
        [text([0xff]), text([0xc2, 0x41])]
    );
}

#[test]
fn prefix_check_agrees_with_the_standard_library() {
    // Every sequence of up to three bytes around the interesting values.
    let mut bytes: Vec<u8> = vec![0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xff];
    bytes.extend([0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef]);
    bytes.extend([0xf0, 0xf1, 0xf3, 0xf4, 0xf5]);
    let agree = |text: &[u8]| {
        let expected = match std::str::from_utf8(text) {
            Ok(_) => Some(0),
            Err(error) if error.error_len().is_none() => Some(text.len() - error.valid_up_to()),
            Err(_) => None,
        };
        assert_eq!(utf8::check_prefix(text).ok(), expected, "{text:02x?}");
        assert_eq!(utf8::is_valid(text), expected == Some(0));
    };
    agree(&[]);
    for &a in &bytes {
        agree(&[a]);
        for &b in &bytes {
            agree(&[a, b]);
            for &c in &bytes {
                agree(&[a, b, c]);
                for &d in &bytes {
                    agree(&[a, b, c, d]);
                    agree(&[b'x', a, b, c, d]);
                }
            }
        }
    }
}
