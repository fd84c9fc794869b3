//! The connection against a naive model, under every division of the input, and hostile bytes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_model;
mod protocol_wire;

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::Flow;
use ferrows::protocol::frame::mask_frames;
use proptest::collection::vec;
use proptest::prelude::*;
use protocol_model::model;
use protocol_wire::{Form, OWN_KEY, Peer, Seen, frame_as, plain};

/// Pongs that a server owes for what the model saw.
fn pongs(seen: &[Seen]) -> Vec<u8> {
    let pong = |event: &Seen| match event {
        Seen::Ping(payload, _) => plain(0x8a, payload),
        _ => Vec::new(),
    };
    seen.iter().flat_map(pong).collect()
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z]{0,8}".prop_map(String::into_bytes),
        4 => "\\PC{0,40}".prop_map(String::into_bytes),
        // A character cut somewhere, to be continued by another frame or not.
        3 => ("[ä€😀]{1,3}", 0..12_usize, any::<bool>()).prop_map(|(text, at, front)| {
            let (left, right) = text.as_bytes().split_at(at.min(text.len()));
            if front { left.to_vec() } else { right.to_vec() }
        }),
        2 => vec(any::<u8>(), 0..130),
        1 => (any::<u8>(), prop_oneof![Just(126), Just(4_096), 8_190..8_196_usize, Just(70_000)])
            .prop_map(|(byte, length)| vec![byte & 0x7f; length]),
        1 => (prop_oneof![Just(1000_u16), any::<u16>()], "[a-zä]{0,5}").prop_map(|(code, reason)| {
            [&code.to_be_bytes(), reason.as_bytes()].concat()
        }),
    ]
}

fn first_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        8 => prop_oneof![Just(0x81_u8), Just(0x82)],
        8 => prop_oneof![Just(0x01_u8), Just(0x02), Just(0x00), Just(0x00), Just(0x80)],
        4 => prop_oneof![Just(0x89_u8), Just(0x8a)],
        1 => prop_oneof![Just(0x88_u8), Just(0xc1), Just(0xc2), Just(0x41)],
        1 => any::<u8>(),
    ]
}

fn one_frame(masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let long = prop_oneof![Just(Form::Sixteen), Just(Form::SixtyFour)];
    let form = prop_oneof![6 => Just(Form::Shortest), 2 => long];
    let key = prop_oneof![8 => Just(masked), 1 => any::<bool>()];
    // Rarely the length is a lie, up to 2^64 - 1.
    let lie = prop_oneof![40 => Just(None), 1 => (0..64_u32).prop_map(Some)];
    (first_byte(), payload(), key, any::<[u8; 4]>(), form, lie).prop_map(
        |(first, mut payload, masked, key, form, lie)| {
            let control = first & 8 != 0 && payload.len() > 125;
            if control && payload.len() % 2 == 0 {
                payload.truncate(125);
            }
            let form = if lie.is_some() { Form::SixtyFour } else { form };
            let mut frame = frame_as(first, &payload, masked.then_some(key), form);
            if let Some(bits) = lie {
                frame[2..10].copy_from_slice(&(u64::MAX >> bits).to_be_bytes());
            }
            frame
        },
    )
}

/// Mostly sensible frames; sometimes a byte is changed, sometimes the end is missing. Continuations
/// that continue nothing are made starts half of the time, so that messages get long.
fn wire(masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let damage =
        prop_oneof![6 => Just(None), 1 => any::<(prop::sample::Index, u8)>().prop_map(Some)];
    let cut = prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    (vec(one_frame(masked), 1..12), damage, cut, any::<bool>()).prop_map(
        |(frames, damage, cut, repair)| {
            let mut bytes = if repair { repaired(frames) } else { frames }.concat();
            if let Some((index, byte)) = damage {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(index) = cut {
                bytes.truncate(index.index(bytes.len()));
            }
            bytes
        },
    )
}

/// Makes the op codes of the data frames fit together.
fn repaired(mut frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut open = false;
    for frame in &mut frames {
        if frame[0] & 8 == 0 {
            let fin = frame[0] & 0x80;
            let start = if frame[0] & 15 == 2 { 2 } else { 1 };
            frame[0] = fin | if open { 0 } else { start };
            open = fin == 0;
        }
    }
    frames
}

fn rules() -> impl Strategy<Value = (Config, Vec<u8>)> {
    let limit = prop_oneof![3 => Just(0_u64), 1 => 1..200_u64, 1 => Just(8_192)];
    let role = prop_oneof![4 => Just(Config::server()), 2 => Just(Config::client())];
    let few = prop_oneof![3 => Just(0_u32), 1 => 1..4_u32];
    (role, limit.clone(), limit, few, any::<[bool; 3]>()).prop_flat_map(
        |(role, max_payload, max_frame, max_fragments, [skip, rsv1, any_mask])| {
            let config = Config {
                max_payload,
                max_frame,
                max_fragments,
                max_buffered_chunks: 0,
                max_pending_pongs: 0,
                skip_utf8_validation: skip && rsv1,
                accept_rsv1: rsv1,
                require_mask: role.require_mask && !any_mask,
                ..role
            };
            (Just(config.clone()), wire(!config.reject_mask))
        },
    )
}

/// Gives a connection the bytes in pieces of these lengths, over and over, and as much as possible
/// of them directly into the payload buffer.
fn play_in_pieces(config: &Config, bytes: &[u8], pieces: &[usize], direct: bool) -> Peer {
    let mut peer = Peer::new(config.clone());
    let mut rest = bytes;
    for piece in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let next = &rest[..(*piece).min(rest.len())];
        let used = if direct && peer.connection.payload_wanted().is_some() {
            peer.fill(next).0
        } else {
            let _ = peer.receive(next);
            next.len()
        };
        rest = &rest[used..];
    }
    peer
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_model_agrees_for_every_division(
        (config, bytes) in rules(),
        pieces in vec(prop_oneof![1..4_usize, 1..40_usize, 1..9_000_usize], 1..20),
    ) {
        let expected = model(&config, &bytes);
        let whole = play_in_pieces(&config, &bytes, &[usize::MAX], false);
        prop_assert_eq!(&whole.seen(), &expected, "in one piece");
        if config.reject_mask {
            prop_assert_eq!(whole.out.is_empty(), pongs(&expected).is_empty());
        } else {
            prop_assert_eq!(&whole.out, &pongs(&expected));
        }
        for (name, pieces, direct) in
            [("pieces", &pieces[..], false), ("into place", &pieces, true), ("bytes", &[1], false)]
        {
            let divided = play_in_pieces(&config, &bytes, pieces, direct);
            prop_assert_eq!(&divided.seen(), &expected, "{}", name);
            prop_assert_eq!(&divided.out, &whole.out, "{}", name);
            prop_assert_eq!(divided.connection.is_stopped(), whole.connection.is_stopped());
        }
    }

    #[test]
    fn hostile_bytes_stop_the_connection_or_wait(
        chunks in vec(vec(any::<u8>(), 0..300), 1..20),
        lenient in any::<bool>(),
        client in any::<bool>(),
    ) {
        let role = if client { Config::client() } else { Config::server() };
        let any_mask = Config { require_mask: false, reject_mask: false, ..role.clone() };
        let rules = Config { accept_rsv1: true, ..any_mask };
        let mut peer = Peer::new(if lenient { rules } else { role });
        for chunk in &chunks {
            let before = peer.events.records.len();
            let stopped = peer.connection.is_stopped();
            let flow = peer.receive(chunk);
            prop_assert_eq!(flow != Flow::Continue, peer.connection.is_stopped());
            prop_assert!(!stopped || peer.events.records.len() == before);
            let held = peer.connection.payload_buffer().capacity();
            prop_assert!(held <= 128 * 1024);
            let _ = peer.connection.payload_wanted();
        }
        let _ = peer.seen();
    }

    #[test]
    fn hostile_frames_are_masked_or_refused(bytes in prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(one_frame(true), 0..5).prop_map(|frames| frames.concat()),
    ]) {
        let mut once = bytes.clone();
        let result = mask_frames(&mut once);
        let mut twice = once.clone();
        prop_assert_eq!(mask_frames(&mut twice), result);
        prop_assert_eq!(twice, bytes, "masking twice is masking not at all");
    }

    #[test]
    fn what_one_end_writes_the_other_reads(payload in payload(), owed in any::<bool>()) {
        let payload = &payload[..payload.len().min(125)];
        let mut client = Peer::new(Config::client());
        client.owed = owed;
        let _ = client.receive(&plain(0x89, payload));
        prop_assert_eq!(client.seen(), [Seen::Ping(payload.to_vec(), owed)]);
        let mut server = Peer::new(Config::server());
        let _ = server.receive(&client.out);
        let pong = frame_as(0x8a, payload, Some(OWN_KEY), Form::Shortest);
        prop_assert_eq!(&client.out, if owed { &[][..] } else { &pong });
        let expected = if owed { Vec::new() } else { vec![Seen::Pong(payload.to_vec())] };
        prop_assert_eq!(server.seen(), expected);
    }
}

/// The generator must reach what the properties are about.
#[test]
fn the_generator_reaches_every_event_and_error() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached = [0_u32; 64];
    for _ in 0..6_000 {
        let (config, bytes) = rules().new_tree(&mut runner).unwrap().current();
        for event in model(&config, &bytes) {
            let index = match event {
                Seen::Error(index, _) => 16 + index as usize,
                Seen::Text(payload) => {
                    if payload.len() > 8_192 {
                        0
                    } else {
                        1
                    }
                }
                Seen::Binary(payload) => {
                    if payload.len() > 8_192 {
                        2
                    } else {
                        3
                    }
                }
                Seen::Fragments(_) => 4,
                Seen::Ping(..) => 5,
                Seen::Pong(..) => 6,
                Seen::Close(..) => 7,
            };
            reached[index] += 1;
        }
    }
    let missing: Vec<_> = (0..8).chain(16..30).filter(|i| reached[*i] == 0).collect();
    // Chunks are another test's.
    assert_eq!(missing, [16 + 7], "{reached:?}");
}
