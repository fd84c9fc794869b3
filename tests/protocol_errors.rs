//! Every rule of the protocol core: which bytes break it, and the error's text and codes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use ferrows::protocol::config::Config;
use ferrows::protocol::error::ProtocolError as Violation;
use protocol_wire::{Form, KEY, Peer, Seen, frame_as, masked, plain, play_both, stream, text};

fn server() -> Config {
    Config::server()
}

/// The bytes, preceded by a message, must bring the message and then this error and nothing else,
/// also if a further message follows, and not a byte later than in `bytes`.
fn breaks(config: &Config, bytes: &[u8], expected: Violation) {
    let masked_input = config.require_mask || !config.reject_mask;
    let message = if masked_input {
        masked(0x81, "ok")
    } else {
        plain(0x81, "ok")
    };
    let error = Seen::Error(expected.index(), expected.detail());
    let input = [&message, bytes, &message].concat();
    assert_eq!(
        play_both(config, &input),
        [text("ok"), error],
        "{expected} for {bytes:02x?}"
    );

    let mut peer = Peer::new(config.clone());
    let (last, before) = bytes.split_last().unwrap();
    let _ = peer.receive(before);
    assert!(
        !peer.connection.is_stopped(),
        "{expected} comes too early for {bytes:02x?}"
    );
    let _ = peer.receive(&[*last]);
    assert!(
        peer.connection.is_stopped(),
        "{expected} does not come yet for {bytes:02x?}"
    );
}

#[test]
fn texts_and_codes_are_those_of_ws() {
    let frame = |text: &str| format!("Invalid WebSocket frame: {text}");
    let table = [
        (
            Violation::ExpectedFin,
            frame("FIN must be set"),
            "EXPECTED_FIN",
            1002,
            0,
        ),
        (
            Violation::ExpectedMask,
            frame("MASK must be set"),
            "EXPECTED_MASK",
            1002,
            0,
        ),
        (
            Violation::InvalidCloseCode(1005),
            frame("invalid status code 1005"),
            "INVALID_CLOSE_CODE",
            1002,
            1005,
        ),
        (
            Violation::InvalidControlPayloadLength(126),
            frame("invalid payload length 126"),
            "INVALID_CONTROL_PAYLOAD_LENGTH",
            1002,
            126,
        ),
        (
            Violation::InvalidOpcode(3),
            frame("invalid opcode 3"),
            "INVALID_OPCODE",
            1002,
            3,
        ),
        (
            Violation::InvalidUtf8,
            frame("invalid UTF-8 sequence"),
            "INVALID_UTF8",
            1007,
            0,
        ),
        (
            Violation::TooManyFragments,
            "Too many message fragments".into(),
            "TOO_MANY_BUFFERED_PARTS",
            1008,
            0,
        ),
        (
            Violation::TooManyChunks,
            "Too many buffered chunks".into(),
            "TOO_MANY_BUFFERED_PARTS",
            1008,
            0,
        ),
        (
            Violation::UnexpectedMask,
            frame("MASK must be clear"),
            "UNEXPECTED_MASK",
            1002,
            0,
        ),
        (
            Violation::UnexpectedRsv1,
            frame("RSV1 must be clear"),
            "UNEXPECTED_RSV_1",
            1002,
            0,
        ),
        (
            Violation::UnexpectedRsv23,
            frame("RSV2 and RSV3 must be clear"),
            "UNEXPECTED_RSV_2_3",
            1002,
            0,
        ),
        (
            Violation::UnsupportedDataPayloadLength,
            "Unsupported WebSocket frame: payload length > 2^53 - 1".into(),
            "UNSUPPORTED_DATA_PAYLOAD_LENGTH",
            1009,
            0,
        ),
        (
            Violation::UnsupportedMessageLength,
            "Max payload size exceeded".into(),
            "UNSUPPORTED_MESSAGE_LENGTH",
            1009,
            0,
        ),
        (
            Violation::FrameTooLarge(65_537),
            "Frame size of 65537 bytes exceeds maximum accepted frame size".into(),
            "UNSUPPORTED_MESSAGE_LENGTH",
            1009,
            65_537,
        ),
    ];
    for (index, (violation, text, code, close_code, detail)) in table.into_iter().enumerate() {
        assert_eq!(violation.index(), index as u32);
        assert_eq!(violation.to_string(), text);
        assert_eq!(violation.code(), format!("WS_ERR_{code}"));
        assert_eq!(violation.close_code(), close_code);
        assert_eq!(violation.detail(), detail);
    }
    assert_eq!(Violation::FrameTooLarge(1 << 40).detail(), u32::MAX);
}

#[test]
fn reserved_bits() {
    for first in [0xa1, 0x91, 0xb2, 0xf1, 0xa9, 0x98, 0xa3] {
        breaks(&server(), &[first, 0x80], Violation::UnexpectedRsv23);
    }
    for first in [0xc1, 0xc2, 0xc9, 0xca, 0xc8, 0xc0, 0xc3, 0x41] {
        breaks(&server(), &[first, 0x80], Violation::UnexpectedRsv1);
    }
}

#[test]
fn reserved_bit_of_an_extension() {
    let config = Config {
        accept_rsv1: true,
        ..server()
    };
    let start = masked(0x41, [0xff]);
    assert_eq!(
        play_both(&config, &[start.clone(), masked(0x80, [0xfe])].concat()),
        [Seen::Text(vec![0xff, 0xfe])],
        "is collected without an UTF-8 check"
    );
    assert_eq!(
        play_both(&config, &masked(0xc1, [0xff])),
        [Seen::Text(vec![0xff])]
    );
    let continuation = [start, vec![0xc0, 0x80]].concat();
    breaks(&config, &continuation, Violation::UnexpectedRsv1);
    for first in [0xc0, 0xc8, 0xc9, 0xca] {
        breaks(&config, &[first, 0x80], Violation::UnexpectedRsv1);
    }
    breaks(&config, &[0x49, 0x80], Violation::ExpectedFin);
    breaks(&config, &[0xc3, 0x80], Violation::InvalidOpcode(3));
    breaks(&config, &[0xe1, 0x80], Violation::UnexpectedRsv23);
}

#[test]
fn op_codes() {
    for code in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        breaks(
            &server(),
            &[0x80 | code, 0x80],
            Violation::InvalidOpcode(code),
        );
        breaks(&server(), &[code, 0x80], Violation::InvalidOpcode(code));
    }
    breaks(&server(), &[0x00, 0x80], Violation::InvalidOpcode(0));
    breaks(&server(), &[0x80, 0x80], Violation::InvalidOpcode(0));
    for code in [1, 2] {
        let within = [masked(0x01, "a"), vec![0x80 | code, 0x80]].concat();
        breaks(&server(), &within, Violation::InvalidOpcode(code));
        let empty_start = [masked(0x02, ""), vec![code, 0x80]].concat();
        breaks(&server(), &empty_start, Violation::InvalidOpcode(code));
    }
    let after_the_end = [masked(0x01, "a"), masked(0x80, "b"), vec![0x80, 0x80]].concat();
    let seen = play_both(&server(), &after_the_end);
    assert_eq!(seen, [text("ab"), Seen::Error(4, 0)]);
}

#[test]
fn control_frames() {
    for code in [8, 9, 10] {
        breaks(&server(), &[code, 0x80], Violation::ExpectedFin);
        breaks(&server(), &[code, 0xff], Violation::ExpectedFin);
        for length in [126, 127] {
            let error = Violation::InvalidControlPayloadLength(length);
            breaks(&server(), &[0x80 | code, 0x80 | length], error);
        }
    }
    breaks(
        &server(),
        &[0x88, 0x81],
        Violation::InvalidControlPayloadLength(1),
    );
    // The longest and, for others than close frames, one byte are in order.
    let longest = [7_u8; 125];
    let seen = play_both(&server(), &stream(&[(0x89, &longest), (0x8a, &[1])]));
    assert_eq!(
        seen,
        [Seen::Ping(longest.to_vec(), false), Seen::Pong(vec![1])]
    );
}

#[test]
fn masks() {
    for first in [0x81, 0x82, 0x01, 0x88, 0x89, 0x8a] {
        breaks(&server(), &[first, 0], Violation::ExpectedMask);
        breaks(&Config::client(), &[first, 0x80], Violation::UnexpectedMask);
    }
    breaks(&server(), &[0x81, 0x7f], Violation::ExpectedMask);
    let either = Config {
        require_mask: false,
        ..server()
    };
    let input = [plain(0x81, "plain"), masked(0x81, "masked")].concat();
    assert_eq!(play_both(&either, &input), [text("plain"), text("masked")]);
}

#[test]
fn lengths_are_refused_from_the_header() {
    let header = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes()].concat();
    let unlimited = Config {
        max_payload: 0,
        ..server()
    };
    for length in [1 << 53, 1 << 62, 1 << 63, u64::MAX] {
        breaks(
            &server(),
            &header(length),
            Violation::UnsupportedDataPayloadLength,
        );
        breaks(
            &unlimited,
            &header(length),
            Violation::UnsupportedDataPayloadLength,
        );
    }
    let max = server().max_payload;
    for length in [max + 1, (1 << 53) - 1] {
        breaks(
            &server(),
            &header(length),
            Violation::UnsupportedMessageLength,
        );
    }
    // What a record cannot say.
    breaks(
        &unlimited,
        &header(1 << 32),
        Violation::UnsupportedMessageLength,
    );
    let mut peer = Peer::new(unlimited);
    let _ = peer.receive(&[&header((1 << 32) - 1)[..], &KEY].concat());
    assert!(!peer.connection.is_stopped());
}

#[test]
fn message_length_counts_over_fragments() {
    let config = Config {
        max_payload: 10,
        ..server()
    };
    breaks(&config, &[0x82, 0x8b], Violation::UnsupportedMessageLength);
    breaks(
        &config,
        &[0x82, 0xfe, 0, 11],
        Violation::UnsupportedMessageLength,
    );
    let parts = [
        masked(0x01, "12345"),
        masked(0x89, "ping"),
        vec![0x00, 0x86],
    ]
    .concat();
    let mut peer = Peer::new(config.clone());
    let _ = peer.receive(&parts);
    assert_eq!(
        peer.seen(),
        [Seen::Ping(b"ping".to_vec(), false), Seen::Error(12, 0)]
    );
    // Exactly the limit is in order, and every message has its own.
    let full = [
        masked(0x01, "12345"),
        masked(0x00, ""),
        masked(0x80, "67890"),
    ]
    .concat();
    let twice = [full.clone(), masked(0x81, "1234567890"), full].concat();
    assert_eq!(
        play_both(&config, &twice),
        [text("1234567890"), text("1234567890"), text("1234567890")]
    );
    // Control frames do not count.
    assert_eq!(play_both(&config, &masked(0x8a, "12345678901")).len(), 1);
}

#[test]
fn frame_length() {
    let config = Config {
        max_frame: 130,
        max_payload: 0,
        ..server()
    };
    breaks(
        &config,
        &[0x82, 0xfe, 0, 131],
        Violation::FrameTooLarge(131),
    );
    breaks(
        &config,
        &[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0],
        Violation::FrameTooLarge(1 << 32),
    );
    let long = [b'a'; 130];
    let input = stream(&[(0x01, &long), (0x80, &long)]);
    assert_eq!(play_both(&config, &input), [text([b'a'; 260])]);
}

#[test]
fn lengths_in_a_longer_form_are_accepted_as_in_ws() {
    for form in [Form::Shortest, Form::Sixteen, Form::SixtyFour] {
        let input = frame_as(0x81, b"short", Some(KEY), form);
        assert_eq!(play_both(&server(), &input), [text("short")]);
        let input = frame_as(0x82, &[1; 300], Some(KEY), form);
        assert_eq!(play_both(&server(), &input), [Seen::Binary(vec![1; 300])]);
        let input = frame_as(0x81, b"", Some(KEY), form);
        assert_eq!(play_both(&server(), &input), [text("")]);
    }
}

#[test]
fn close_codes() {
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
    ];
    for code in valid.into_iter().chain([3999, 4000, 4999]) {
        let input = masked(0x88, u16::to_be_bytes(code));
        assert_eq!(play_both(&server(), &input), [Seen::Close(code, vec![])]);
    }
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        let input = masked(0x88, u16::to_be_bytes(code));
        breaks(&server(), &input, Violation::InvalidCloseCode(code));
    }
    let both_wrong = masked(0x88, [0x03, 0xed, 0xff]);
    breaks(&server(), &both_wrong, Violation::InvalidCloseCode(1005));
    breaks(
        &server(),
        &masked(0x88, [0x03, 0xe8, 0xce]),
        Violation::InvalidUtf8,
    );
    let lenient = Config {
        skip_utf8_validation: true,
        ..server()
    };
    let input = masked(0x88, [0x03, 0xe8, 0xce]);
    assert_eq!(play_both(&lenient, &input), [Seen::Close(1000, vec![0xce])]);
}

/// Several rules broken at once: the first in the order of `ws` speaks.
#[test]
fn order_of_the_checks() {
    let table: [(&[u8], Violation); 9] = [
        (&[0xff, 0x7f], Violation::UnexpectedRsv23),
        (&[0x4f, 0x7f], Violation::UnexpectedRsv1),
        (&[0x48, 0x7f], Violation::UnexpectedRsv1),
        (&[0x0f, 0x7f], Violation::InvalidOpcode(15)),
        (&[0x00, 0x7f], Violation::InvalidOpcode(0)),
        (&[0x08, 0x7f], Violation::ExpectedFin),
        (&[0x88, 0x7f], Violation::InvalidControlPayloadLength(127)),
        (&[0x88, 0x01], Violation::InvalidControlPayloadLength(1)),
        (&[0x82, 0x7f], Violation::ExpectedMask),
    ];
    for (bytes, expected) in table {
        breaks(&server(), bytes, expected);
    }
    let config = Config {
        max_payload: 10,
        max_fragments: 1,
        ..server()
    };
    let long_second = [masked(0x02, "1"), vec![0x80, 0xfe, 0, 10]].concat();
    breaks(&config, &long_second, Violation::UnsupportedMessageLength);
}
