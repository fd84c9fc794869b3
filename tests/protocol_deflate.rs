//! permessage-deflate: what one connection compresses another one inflates, limits, damaged data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use std::sync::Arc;

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::{Connection, Flow};
use ferrows::protocol::deflate::{Codec, DATA_ERRORS, Parameters};
use ferrows::protocol::error::ProtocolError;
use proptest::collection::vec;
use proptest::prelude::*;
use protocol_wire::{Peer, Seen, binary, masked, text};

/// A server's rules with these parameters.
fn with(parameters: Parameters) -> Config {
    Config {
        accept_rsv1: true,
        deflate: Some(Arc::new(Codec::new(parameters))),
        ..Config::server()
    }
}

/// The sender of messages to a peer with these parameters: the other end's view of them.
fn sender(parameters: Parameters) -> Connection {
    Connection::new(Arc::new(with(Parameters {
        send_window_bits: parameters.receive_window_bits,
        send_reset: parameters.receive_reset,
        ..parameters
    })))
}

fn deflate(sender: &mut Connection, payload: &[u8], is_final: bool) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(sender.deflate(payload, is_final, true, &mut out));
    out
}

/// A message as frames of `pieces`; each piece is compressed on its own.
fn message(sender: &mut Connection, opcode: u8, pieces: &[Vec<u8>]) -> Vec<u8> {
    let last = pieces.len() - 1;
    let frame = |(index, piece): (usize, &Vec<u8>)| {
        let first = if index == 0 { 0x40 | opcode } else { 0 };
        let fin = if index == last { 0x80 } else { 0 };
        masked(first | fin, deflate(sender, piece, index == last))
    };
    pieces.iter().enumerate().flat_map(frame).collect()
}

/// What a peer with default parameters sees of the payload of one compressed text message.
fn inflate(config: &Config, payload: &[u8]) -> Vec<Seen> {
    let mut peer = Peer::new(config.clone());
    let _ = peer.receive(&masked(0xc1, payload));
    peer.seen()
}

fn broken(error: ProtocolError) -> Vec<Seen> {
    vec![Seen::Error(error.index(), error.detail())]
}

fn parameters() -> impl Strategy<Value = Parameters> {
    (8..16_u8, any::<bool>(), -1..10_i8, 1..10_u8, 0..5_u8).prop_map(
        |(bits, reset, level, mem_level, strategy)| Parameters {
            receive_window_bits: bits,
            receive_reset: reset,
            level,
            mem_level,
            strategy,
            ..Parameters::default()
        },
    )
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        "[a-c]{1,200}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..300),
        (
            any::<u8>(),
            prop_oneof![Just(8192_usize), Just(8193), Just(70_000)]
        )
            .prop_map(|(byte, length)| vec![byte; length]),
        (0..4_u32, 1..40_000_usize).prop_map(|(seed, length)| {
            (0..length as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761 + seed) >> 27) as u8)
                .collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every window, level, strategy, with and without context, whole and in fragments.
    #[test]
    fn round_trip(
        parameters in parameters(),
        messages in vec((vec(piece(), 1..4), any::<bool>()), 1..6),
        chunk in prop_oneof![Just(usize::MAX), 1..4000_usize],
    ) {
        let mut sender = sender(parameters);
        let mut peer = Peer::new(with(parameters));
        let mut expected = Vec::new();
        let mut bytes = Vec::new();
        for (pieces, idle) in &messages {
            bytes.extend(message(&mut sender, 2, pieces));
            let lengths: Vec<u32> =
                pieces.iter().map(|piece| piece.len() as u32).filter(|length| *length > 0).collect();
            if pieces.len() > 1 {
                expected.push(Seen::Fragments(lengths));
            }
            expected.push(binary(pieces.concat()));
            if *idle {
                // The first call only marks it as unused.
                sender.release_idle_deflate();
                prop_assert!(!sender.release_idle_deflate());
            }
        }
        for chunk in bytes.chunks(chunk) {
            prop_assert_eq!(peer.receive(chunk), Flow::Continue);
        }
        prop_assert_eq!(peer.seen(), expected);
    }

    /// Whatever comes in, the limit holds and nothing panics.
    #[test]
    fn hostile_payloads(payloads in vec(vec(any::<u8>(), 0..200), 1..4), reset in any::<bool>()) {
        let parameters = Parameters { receive_reset: reset, ..Parameters::default() };
        let mut peer = Peer::new(Config { max_payload: 4096, ..with(parameters) });
        for payload in payloads {
            let _ = peer.receive(&masked(0xc2, payload));
        }
        for seen in peer.seen() {
            if let Seen::Binary(payload) = seen {
                prop_assert!(payload.len() <= 4096);
            }
        }
    }

    /// A bit flipped on the way is zlib's error, another text, or nothing worse.
    #[test]
    fn damaged_streams(bit in 0..800_usize) {
        let mut sender = sender(Parameters::default());
        let mut payload = deflate(&mut sender, "permessage-deflate ".repeat(20).as_bytes(), true);
        let bit = bit % (payload.len() * 8);
        payload[bit / 8] ^= 1 << (bit % 8);
        let mut peer = Peer::new(with(Parameters::default()));
        let flow = peer.receive(&masked(0xc2, payload));
        match peer.seen().as_slice() {
            [Seen::Error(14, detail)] => prop_assert!((*detail as usize) < DATA_ERRORS.len()),
            [Seen::Binary(_)] => prop_assert_eq!(flow, Flow::Continue),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

/// The examples of RFC 7692 section 7.2.3.
#[test]
fn examples_of_the_rfc() {
    let config = with(Parameters::default());
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(inflate(&config, &hello), [text("Hello")]);
    // 7.2.3.2: the second message refers to the first.
    let mut peer = Peer::new(config.clone());
    let _ = peer.receive(&masked(0xc1, hello));
    let _ = peer.receive(&masked(0xc1, [0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(peer.seen(), [text("Hello"), text("Hello")]);
    // 7.2.3.3: a block without compression.
    let stored = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    assert_eq!(inflate(&config, &stored), [text("Hello")]);
    // 7.2.3.4: a block with BFINAL.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let mut peer = Peer::new(config.clone());
    let _ = peer.receive(&masked(0xc1, last));
    let _ = peer.receive(&masked(0xc1, last));
    assert_eq!(peer.seen(), [text("Hello"), text("Hello")]);
    // 7.2.3.5: two blocks. 7.2.3.6: nothing.
    let blocks = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    assert_eq!(inflate(&config, &blocks), [text("Hello")]);
    assert_eq!(inflate(&config, &[0x00]), [text("")]);
    assert_eq!(inflate(&config, &[]), [text("")]);
    // In two frames, 7.2.3.1.
    let mut peer = Peer::new(config);
    let _ = peer.receive(&[masked(0x41, &hello[..3]), masked(0x80, &hello[3..])].concat());
    assert_eq!(peer.seen(), [text("Hello")]);
}

#[test]
fn an_empty_message_is_one_byte() {
    let mut sender = sender(Parameters::default());
    assert_eq!(deflate(&mut sender, b"", true), [0]);
    assert!(!deflate(&mut sender, b"x", true).is_empty());
    assert_eq!(deflate(&mut sender, b"", true), [0]);
}

#[test]
fn context_is_kept_or_not() {
    let again = "the same words once more, and no others";
    for (reset, shorter) in [(false, true), (true, false)] {
        let mut sender = sender(Parameters {
            receive_reset: reset,
            ..Parameters::default()
        });
        let first = deflate(&mut sender, again.as_bytes(), true);
        let second = deflate(&mut sender, again.as_bytes(), true);
        assert_eq!(second.len() < first.len() / 2, shorter);
        assert_eq!(second == first, !shorter);
        assert_eq!(sender.holds_deflate(), !reset);
    }
}

#[test]
fn the_limit_holds_for_the_output() {
    let limit = |max_payload| Config {
        max_payload,
        ..with(Parameters::default())
    };
    let mut from = sender(Parameters::default());
    let bomb = deflate(&mut from, &vec![0; 4_000_000], true);
    assert!(bomb.len() < 5000);
    let too_long = broken(ProtocolError::UnsupportedMessageLength);
    let mut peer = Peer::new(limit(4_000_000));
    let _ = peer.receive(&masked(0xc2, &bomb));
    assert_eq!(peer.seen(), [binary(vec![0; 4_000_000])]);
    let mut peer = Peer::new(limit(3_999_999));
    assert_eq!(peer.receive(&masked(0xc2, &bomb)), Flow::Stopped);
    assert_eq!(peer.seen(), too_long);
    // Across fragments the sum counts, at the frame that exceeds.
    let mut from = sender(Parameters::default());
    let frames = [
        masked(0x42, deflate(&mut from, &[0; 600], false)),
        masked(0x00, deflate(&mut from, &[0; 600], false)),
    ];
    let mut peer = Peer::new(limit(1000));
    assert_eq!(peer.receive(&frames[0]), Flow::Continue);
    assert_eq!(peer.receive(&frames[1]), Flow::Stopped);
    assert_eq!(peer.seen(), too_long);
}

#[test]
fn damage_has_the_words_of_zlib() {
    let config = with(Parameters::default());
    let cases: [(&[u8], &str); 5] = [
        (&[0x07], "invalid block type"),
        (
            &[0x00, 0x01, 0x00, 0x01, 0x00],
            "invalid stored block lengths",
        ),
        (&[0xfc, 0x00, 0x00], "too many length or distance symbols"),
        (&[0x04, 0x00, 0xfe, 0xff], "invalid code lengths set"),
        (
            &[0xf2, 0x00, 0x11, 0x00, 0x00],
            "invalid distance too far back",
        ),
    ];
    for (payload, words) in cases {
        assert_eq!(
            inflate(&config, payload),
            broken(ProtocolError::DamagedData(words)),
            "{words}"
        );
    }
}

#[test]
fn text_is_checked_after_inflating() {
    let mut sender = sender(Parameters::default());
    let bytes = deflate(&mut sender, &[0xff], true);
    let config = with(Parameters::default());
    assert_eq!(inflate(&config, &bytes), broken(ProtocolError::InvalidUtf8));
    let lenient = Config {
        skip_utf8_validation: true,
        ..config
    };
    assert_eq!(inflate(&lenient, &bytes), [text([0xff])]);
}

#[test]
fn plain_messages_and_pings_between_compressed_ones() {
    let mut from = sender(Parameters::default());
    let mut peer = Peer::new(with(Parameters::default()));
    let bytes = [
        masked(0x81, "plain"),
        masked(0x41, deflate(&mut from, b"com", false)),
        masked(0x89, "p"),
        masked(0x80, deflate(&mut from, b"pressed", true)),
        masked(0x01, "pl"),
        masked(0x80, "ain"),
    ];
    for byte in bytes.concat() {
        assert_eq!(peer.receive(&[byte]), Flow::Continue);
    }
    let expected = [
        text("plain"),
        Seen::Ping(b"p".to_vec(), false),
        text("compressed"),
        text("plain"),
    ];
    assert_eq!(peer.seen(), expected);
}

/// Spare decompressors that one connection gives back serve the next one with a clean window.
#[test]
fn spares_are_clean() {
    let parameters = Parameters {
        receive_reset: true,
        ..Parameters::default()
    };
    let config = with(parameters);
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(inflate(&config, &hello), [text("Hello")]);
    let reference = [0xf2, 0x00, 0x11, 0x00, 0x00];
    let far = broken(ProtocolError::DamagedData("invalid distance too far back"));
    assert_eq!(inflate(&config, &reference), far);
    assert_eq!(inflate(&config, &hello), [text("Hello")]);
}
