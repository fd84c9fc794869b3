//! What valid frames become: messages, fragments, control frames, close frames, pongs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::Flow;
use ferrows::protocol::event::{SMALL_PAYLOAD_MAX, kind};
use protocol_wire::{
    ID, KEY, OWN_KEY, Peer, Seen, binary, frame_as, masked, plain, play, play_both, stream, text,
};

fn server() -> Config {
    Config::server()
}

#[test]
fn messages_of_one_frame() {
    let input = stream(&[
        (0x81, b"Hello"),
        (0x82, &[0, 255]),
        (0x81, b""),
        (0x82, b""),
    ]);
    let expected = [text("Hello"), binary([0, 255]), text(""), binary("")];
    assert_eq!(play_both(&server(), &input), expected);
    let rfc = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(play_both(&server(), &rfc), [text("Hello")]);
    let rfc = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(play_both(&Config::client(), &rfc), [text("Hello")]);
}

#[test]
fn records_say_where_the_payload_is() {
    let mut peer = Peer::new(server());
    let flow = peer.receive(&stream(&[(0x81, b"Hello"), (0x82, &[9]), (0x81, b"")]));
    assert_eq!(flow, Flow::Continue);
    let words: Vec<_> = peer
        .events
        .records
        .iter()
        .map(|r| (r.connection, r.kind, r.a, r.b))
        .collect();
    assert_eq!(
        words,
        [
            (ID, kind::TEXT, 0, 5),
            (ID, kind::BINARY, 8, 1),
            (ID, kind::TEXT, 16, 0)
        ]
    );
    assert_eq!(peer.events.payloads, b"Hello\0\0\0\x09\0\0\0\0\0\0\0");
    assert_eq!(peer.events.weight(), 3 * 16 + 16);
}

#[test]
fn every_length_around_the_boundaries() {
    let lengths = (0..300).chain([
        SMALL_PAYLOAD_MAX - 1,
        SMALL_PAYLOAD_MAX,
        SMALL_PAYLOAD_MAX + 1,
    ]);
    for length in lengths.chain([65_535, 65_536, 200_000]) {
        let payload: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        // Something before and behind, so that nothing is aligned by chance.
        let input = stream(&[(0x81, b"a"), (0x82, &payload), (0x81, b"b")]);
        assert_eq!(
            play(&server(), &input),
            [text("a"), binary(&payload), text("b")]
        );
        let plain_input = [plain(0x82, &payload), plain(0x81, "b")].concat();
        assert_eq!(
            play(&Config::client(), &plain_input),
            [binary(&payload), text("b")]
        );
        if length > 0 {
            let (start, end) = input.split_at(input.len() - 8);
            let mut peer = Peer::new(server());
            let _ = peer.receive(start);
            let _ = peer.receive(end);
            assert_eq!(peer.seen(), [text("a"), binary(&payload), text("b")]);
        }
    }
}

#[test]
fn large_payloads_are_vectors_of_their_own() {
    let payload = vec![b'x'; SMALL_PAYLOAD_MAX + 1];
    let mut peer = Peer::new(server());
    let _ = peer.receive(&stream(&[(0x81, &payload), (0x82, &payload)]));
    let words: Vec<_> = peer
        .events
        .records
        .iter()
        .map(|r| (r.kind, r.a, r.b as usize))
        .collect();
    let length = payload.len();
    assert_eq!(
        words,
        [
            (kind::TEXT_LARGE, 0, length),
            (kind::BINARY_LARGE, 1, length)
        ]
    );
    assert_eq!(peer.events.large, [payload.clone(), payload]);
    assert_eq!(peer.events.weight(), 2 * 16 + 2 * length);
    peer.events.clear();
    assert!(peer.events.is_empty());
    assert_eq!(peer.events.weight(), 0);
}

#[test]
fn fragments_make_one_message() {
    let input = stream(&[
        (0x01, b"Hel"),
        (0x00, b""),
        (0x00, b"l"),
        (0x80, b"o"),
        (0x81, b"next"),
    ]);
    assert_eq!(play_both(&server(), &input), [text("Hello"), text("next")]);
}

#[test]
fn fragments_of_binary_messages_are_told() {
    let fragments = |lengths: &[u32]| Seen::Fragments(lengths.to_vec());
    let input = stream(&[(0x02, b"ab"), (0x00, b"c"), (0x80, b"defg")]);
    assert_eq!(
        play_both(&server(), &input),
        [fragments(&[2, 1, 4]), binary("abcdefg")]
    );
    // As in `ws` empty frames are no fragments.
    let input = stream(&[(0x02, b""), (0x00, b"ab"), (0x80, b"")]);
    assert_eq!(
        play_both(&server(), &input),
        [fragments(&[2]), binary("ab")]
    );
    let input = stream(&[(0x02, b""), (0x80, b""), (0x82, b"one")]);
    assert_eq!(
        play_both(&server(), &input),
        [fragments(&[]), binary(""), binary("one")]
    );
}

#[test]
fn fragments_are_told_up_to_a_number() {
    let config = Config {
        max_fragments: 0,
        ..server()
    };
    for (count, told) in [(16_384, true), (16_385, false)] {
        let mut input = masked(0x02, "a");
        input.extend(masked(0x00, "b").repeat(count - 2));
        input.extend(masked(0x80, "c"));
        let seen = play(&config, &input);
        let lengths = matches!(&seen[0], Seen::Fragments(all) if all.len() == count);
        assert_eq!((lengths, seen.len()), (told, if told { 2 } else { 1 }));
        assert!(matches!(seen.last(), Some(Seen::Binary(payload)) if payload.len() == count));
    }
}

#[test]
fn control_frames_between_fragments() {
    let input = stream(&[
        (0x01, "ä".as_bytes()),
        (0x89, b"1"),
        (0x00, &"ö".as_bytes()[..1]),
        (0x8a, b"2"),
        (0x89, b""),
        (0x80, &"ö".as_bytes()[1..]),
        (0x8a, b"3"),
    ]);
    let expected = [
        Seen::Ping(b"1".to_vec(), false),
        Seen::Pong(b"2".to_vec()),
        Seen::Ping(vec![], false),
        text("äö"),
        Seen::Pong(b"3".to_vec()),
    ];
    assert_eq!(play_both(&server(), &input), expected);
}

#[test]
fn close_frames_end_everything() {
    let table: [(&[u8], Seen); 3] = [
        (&[], Seen::Close(1005, vec![])),
        (&[0x03, 0xe8], Seen::Close(1000, vec![])),
        (
            b"\x0f\xa0bye \xe2\x82\xac",
            Seen::Close(4000, "bye €".into()),
        ),
    ];
    for (payload, expected) in table {
        let input = stream(&[(0x81, b"a"), (0x88, payload), (0x81, b"b"), (0x8f, b"")]);
        assert_eq!(play_both(&server(), &input), [text("a"), expected.clone()]);
        let mut peer = Peer::new(server());
        assert_eq!(peer.receive(&input), Flow::Stopped);
        assert!(peer.connection.is_stopped());
        assert_eq!(peer.receive(&masked(0x81, "c")), Flow::Stopped);
        assert_eq!(peer.seen(), [text("a"), expected]);
    }
    let within = stream(&[(0x01, b"a"), (0x88, b""), (0x80, b"b")]);
    assert_eq!(play_both(&server(), &within), [Seen::Close(1005, vec![])]);
}

#[test]
fn pings_are_answered_at_once() {
    let mut peer = Peer::new(server());
    assert_eq!(
        peer.receive(&stream(&[(0x89, b"abc"), (0x81, b"m"), (0x89, b"")])),
        Flow::Continue
    );
    let ping = |payload: &[u8]| Seen::Ping(payload.to_vec(), false);
    assert_eq!(peer.seen(), [ping(b"abc"), text("m"), ping(b"")]);
    assert_eq!(peer.out, [plain(0x8a, "abc"), plain(0x8a, "")].concat());

    let mut peer = Peer::new(Config::client());
    let _ = peer.receive(&[plain(0x89, "abcde"), plain(0x89, "")].concat());
    let pong =
        |payload: &[u8]| frame_as(0x8a, payload, Some(OWN_KEY), protocol_wire::Form::Shortest);
    assert_eq!(peer.out, [pong(b"abcde"), pong(b"")].concat());
}

#[test]
fn pings_are_left_to_javascript() {
    let mut peer = Peer::new(server());
    peer.owed = true;
    assert_eq!(peer.receive(&masked(0x89, "abc")), Flow::Continue);
    peer.auto_pong = false;
    assert_eq!(peer.receive(&masked(0x89, "d")), Flow::Continue);
    peer.owed = false;
    assert_eq!(peer.receive(&masked(0x89, "e")), Flow::Continue);
    let ping = |payload: &[u8], owed| Seen::Ping(payload.to_vec(), owed);
    assert_eq!(
        peer.seen(),
        [ping(b"abc", true), ping(b"d", false), ping(b"e", false)]
    );
    assert!(peer.out.is_empty());
}

#[test]
fn a_key_of_zeros_is_a_key() {
    let input = frame_as(0x81, b"Hello", Some([0; 4]), protocol_wire::Form::Shortest);
    assert_eq!(play_both(&server(), &input), [text("Hello")]);
    assert_ne!(KEY, [0; 4]);
}

#[test]
fn payload_read_into_place() {
    let payload: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    let input = stream(&[(0x02, &payload), (0x80, &payload), (0x81, b"next")]);
    let mut peer = Peer::new(server());
    assert_eq!(peer.connection.payload_wanted(), None);
    let mut rest = &input[..];
    let mut direct = 0;
    while !rest.is_empty() {
        let used = if peer.connection.payload_wanted().is_some() {
            let (used, flow) = peer.fill(&rest[..rest.len().min(50_001)]);
            assert_eq!(flow, Flow::Continue);
            direct += used;
            used
        } else {
            let used = rest.len().min(1_000);
            assert_eq!(peer.receive(&rest[..used]), Flow::Continue);
            used
        };
        rest = &rest[used..];
    }
    assert!(
        direct > 590_000,
        "nearly everything went the direct way: {direct}"
    );
    let whole = [&payload[..], &payload].concat();
    let fragments = Seen::Fragments(vec![300_000, 300_000]);
    assert_eq!(peer.seen(), [fragments, binary(whole), text("next")]);
}

#[test]
fn payload_is_wanted_only_for_long_remainders_of_large_messages() {
    let header =
        |length: u32| [&[0x82, 0xff, 0, 0, 0, 0][..], &length.to_be_bytes(), &KEY].concat();
    for (length, wanted) in [(4_096, None), (8_192, None), (8_193, Some(8_193))] {
        let mut peer = Peer::new(server());
        let _ = peer.receive(&header(length));
        assert_eq!(peer.connection.payload_wanted(), wanted);
    }
    let mut peer = Peer::new(server());
    let _ = peer.receive(&header(10_000));
    let _ = peer.receive(&[0; 5_904]);
    assert_eq!(peer.connection.payload_wanted(), Some(4_096));
    let _ = peer.receive(&[0; 1]);
    assert_eq!(peer.connection.payload_wanted(), None);
    let mut peer = Peer::new(server());
    let _ = peer.receive(&[&header(10_000)[..], &masked(0x89, "")[..3]].concat());
    assert!(
        peer.connection.payload_wanted().is_some(),
        "the second frame is payload here"
    );
}

#[test]
fn more_than_wanted_in_the_payload_buffer_is_parsed() {
    let payload = vec![7; 20_000];
    let input = stream(&[(0x82, &payload), (0x81, b"next"), (0x89, b"p")]);
    let mut peer = Peer::new(server());
    let _ = peer.receive(&input[..100]);
    let buffer = peer.connection.payload_buffer();
    let from = buffer.len();
    buffer.extend_from_slice(&input[100..]);
    let mut replies = ferrows::protocol::connection::Replies {
        out: &mut peer.out,
        auto_pong: true,
        owed: false,
        owed_behind: false,
        mask: &mut || OWN_KEY,
    };
    let flow = peer
        .connection
        .payload_filled(ID, from, &mut peer.events, &mut replies);
    assert_eq!(flow, Flow::Continue);
    assert_eq!(
        peer.seen(),
        [
            binary(payload),
            text("next"),
            Seen::Ping(b"p".to_vec(), false)
        ]
    );
}
