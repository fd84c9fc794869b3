//! Limits: fragments, chunks, pongs, memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail by a panic"
)]

mod protocol_wire;

use ferrows::protocol::config::{Config, Role};
use ferrows::protocol::connection::{Connection, Flow};
use protocol_wire::{KEY, Peer, Seen, binary, masked, plain, play_both, stream, text};

const TOO_MANY_FRAGMENTS: Seen = Seen::Error(6, 0);
const TOO_MANY_CHUNKS: Seen = Seen::Error(7, 0);

fn server() -> Config {
    Config::server()
}

/// Everything off that these tests do not ask for.
fn unlimited() -> Config {
    Config {
        max_payload: 0,
        max_fragments: 0,
        max_buffered_chunks: 0,
        max_pending_pongs: 0,
        ..server()
    }
}

#[test]
fn defaults_are_those_of_ws() {
    for (config, role) in [
        (Config::server(), Role::Server),
        (Config::client(), Role::Client),
    ] {
        assert_eq!(config.role, role);
        assert_eq!(config.max_payload, 104_857_600);
        assert_eq!(config.max_fragments, 16_384);
        assert_eq!(config.max_buffered_chunks, 262_144);
        assert_eq!(config.max_pending_pongs, 60);
        assert_eq!(config.max_frame, 0);
        assert!(!config.skip_utf8_validation && !config.accept_rsv1);
        assert_eq!(config.require_mask, role == Role::Server);
        assert_eq!(config.reject_mask, role == Role::Client);
    }
    assert_eq!(Config::default(), Config::server());
}

#[test]
fn fragments_are_counted_with_the_empty_ones() {
    let config = Config {
        max_fragments: 3,
        ..server()
    };
    let three = stream(&[(0x01, b"a"), (0x89, b""), (0x00, b""), (0x80, b"b")]);
    let twice = [&three[..], &three].concat();
    let ping = || Seen::Ping(vec![], false);
    assert_eq!(
        play_both(&config, &twice),
        [ping(), text("ab"), ping(), text("ab")]
    );
    let four = stream(&[(0x01, b""), (0x00, b""), (0x00, b""), (0x80, b"")]);
    assert_eq!(play_both(&config, &four), [TOO_MANY_FRAGMENTS]);
    let one = Config {
        max_fragments: 1,
        ..server()
    };
    assert_eq!(play_both(&one, &masked(0x82, "a")), [binary("a")]);
    assert_eq!(play_both(&one, &three), [ping(), TOO_MANY_FRAGMENTS]);
    let many = [
        masked(0x01, ""),
        masked(0x00, "").repeat(100_000),
        masked(0x80, ""),
    ]
    .concat();
    assert_eq!(play_both(&unlimited(), &many), [text("")]);
}

#[test]
fn a_fragment_too_many_is_refused_from_its_header() {
    let config = Config {
        max_fragments: 1,
        ..server()
    };
    let mut peer = Peer::new(config);
    let _ = peer.receive(&[masked(0x01, "a"), vec![0x80, 0xfe, 0xff, 0xff]].concat());
    assert_eq!(peer.seen(), []);
    assert_eq!(peer.receive(&KEY), Flow::Stopped);
    assert_eq!(peer.seen(), [TOO_MANY_FRAGMENTS]);
}

/// Gives a connection with a limit of three chunks these chunks; returns what it reported.
fn in_chunks(chunks: &[&[u8]]) -> Vec<Seen> {
    let mut peer = Peer::new(Config {
        max_buffered_chunks: 3,
        ..server()
    });
    for chunk in chunks {
        let _ = peer.receive(chunk);
    }
    peer.seen()
}

#[test]
fn chunks_of_an_unfinished_frame_are_counted() {
    let frame = masked(0x82, [7; 20]);
    let (header, payload) = frame.split_at(6);
    let start = [header, &payload[..5]].concat();
    let done = || vec![binary([7; 20])];
    // Three chunks may wait, and a fourth is not even looked at.
    assert_eq!(in_chunks(&[&start, &payload[5..6], &payload[6..]]), done());
    let waiting: [&[u8]; 3] = [&start, &payload[5..6], &payload[6..7]];
    assert_eq!(
        in_chunks(&[&waiting[..], &[&payload[7..]]].concat()),
        [TOO_MANY_CHUNKS]
    );
    // The header is taken out of the buffer part by part, so its chunks do not wait.
    let split: Vec<&[u8]> = vec![&header[..2], &header[2..6], &payload[..1], &payload[1..2]];
    assert_eq!(in_chunks(&[&split[..], &[&payload[2..]]].concat()), done());
    let mut bytes: Vec<&[u8]> = header.chunks(1).collect();
    bytes.push(payload);
    assert_eq!(
        in_chunks(&bytes),
        [TOO_MANY_CHUNKS],
        "the key alone waits in three chunks"
    );
    let sixteen = [
        &[0x82, 0xfe][..],
        &[0],
        &[20],
        &header[2..4],
        &header[4..],
        payload,
    ];
    assert_eq!(in_chunks(&sixteen), done());
}

#[test]
fn chunks_are_counted_anew_when_something_is_completed() {
    let frame = masked(0x81, "abcdef");
    let stream = frame.repeat(50);
    // Chunks of 11 bytes hold the end of one frame and the beginning of the next.
    let chunks: Vec<&[u8]> = stream.chunks(11).collect();
    assert_eq!(in_chunks(&chunks).len(), 50);
    let single = Config {
        max_buffered_chunks: 1,
        ..server()
    };
    let mut peer = Peer::new(single);
    assert_eq!(peer.receive(&frame), Flow::Continue);
    assert_eq!(peer.receive(&[]), Flow::Continue);
    assert_eq!(peer.receive(&frame[..7]), Flow::Continue);
    assert_eq!(peer.receive(&[]), Flow::Continue);
    assert_eq!(peer.receive(&frame[7..]), Flow::Stopped);
    assert_eq!(peer.seen(), [text("abcdef"), TOO_MANY_CHUNKS]);
}

#[test]
fn chunks_of_finished_frames_do_not_count() {
    let frame = masked(0x81, "abcdef");
    for at in 1..frame.len() {
        let halves = [&frame[..at], &frame[at..]].repeat(20);
        assert_eq!(in_chunks(&halves).len(), 20, "cut at {at}");
    }
}

#[test]
fn chunks_read_into_place_are_counted() {
    let frame = masked(0x82, [7; 100_000]);
    let mut peer = Peer::new(Config {
        max_buffered_chunks: 3,
        ..server()
    });
    let _ = peer.receive(&frame[..1_000]);
    assert_eq!(peer.fill(&frame[1_000..2_000]).1, Flow::Continue);
    assert_eq!(peer.fill(&frame[2_000..3_000]).1, Flow::Continue);
    assert_eq!(peer.fill(&frame[3_000..4_000]).1, Flow::Stopped);
    assert_eq!(peer.seen(), [TOO_MANY_CHUNKS]);
}

#[test]
fn too_many_pongs_terminate() {
    let mut peer = Peer::new(Config {
        max_pending_pongs: 3,
        ..server()
    });
    assert_eq!(peer.receive(&masked(0x89, "").repeat(3)), Flow::Continue);
    peer.connection.pongs_written();
    assert_eq!(peer.receive(&masked(0x89, "").repeat(2)), Flow::Continue);
    assert_eq!(peer.out, plain(0x8a, "").repeat(5));
    let more = stream(&[(0x89, b"3"), (0x89, b"4"), (0x81, b"m"), (0x89, b"5")]);
    let before = peer.seen().len();
    assert_eq!(peer.receive(&more), Flow::Terminate);
    assert!(peer.connection.is_stopped());
    // As in `ws`, everything of that chunk is still reported, but not answered.
    let ping = |payload: &[u8]| Seen::Ping(payload.to_vec(), false);
    assert_eq!(
        peer.seen()[before..],
        [ping(b"3"), ping(b"4"), text("m"), ping(b"5")]
    );
    assert_eq!(
        peer.out,
        [plain(0x8a, "").repeat(5), plain(0x8a, "3")].concat()
    );
    assert_eq!(peer.receive(&more), Flow::Stopped);
    assert_eq!(peer.seen().len(), before + 4);
}

#[test]
fn termination_outweighs_what_follows() {
    for end in [masked(0x88, ""), vec![0xff, 0xff]] {
        let mut peer = Peer::new(Config {
            max_pending_pongs: 1,
            ..server()
        });
        let input = [masked(0x89, "").repeat(2), end].concat();
        assert_eq!(peer.receive(&input), Flow::Terminate);
        assert_eq!(peer.seen().len(), 3);
    }
}

#[test]
fn pongs_that_javascript_owes_are_counted() {
    let mut peer = Peer::new(Config {
        max_pending_pongs: 3,
        ..server()
    });
    peer.owed = true;
    let owed = || Seen::Ping(vec![], true);
    // In one turn they count by themselves, later only once they are queued.
    assert_eq!(peer.receive(&masked(0x89, "").repeat(3)), Flow::Continue);
    assert_eq!(peer.receive(&masked(0x89, "")), Flow::Continue);
    assert_eq!(peer.seen(), [owed(), owed(), owed(), owed()]);
    peer.connection.pong_queued();
    peer.connection.pong_queued();
    assert_eq!(peer.receive(&masked(0x89, "")), Flow::Continue);
    peer.connection.pongs_written();
    assert_eq!(peer.receive(&masked(0x89, "").repeat(4)), Flow::Terminate);
    assert_eq!(peer.seen()[7..], [owed(), Seen::Ping(vec![], false)]);
    assert!(peer.out.is_empty());
}

#[test]
fn pongs_without_a_limit_or_not_wanted_never_terminate() {
    let mut peer = Peer::new(unlimited());
    assert_eq!(
        peer.receive(&masked(0x89, "").repeat(1_000)),
        Flow::Continue
    );
    let mut peer = Peer::new(Config {
        max_pending_pongs: 1,
        ..server()
    });
    peer.auto_pong = false;
    assert_eq!(
        peer.receive(&masked(0x89, "").repeat(1_000)),
        Flow::Continue
    );
    assert!(peer.out.is_empty());
}

#[test]
fn a_connection_is_small_and_holds_nothing_when_idle() {
    assert!(
        size_of::<Connection>() <= 200,
        "{} bytes",
        size_of::<Connection>()
    );
    let mut peer = Peer::new(server());
    let long = [b'a'; 20_000];
    let input = stream(&[
        (0x01, b"a"),
        (0x89, b"ping"),
        (0x80, b"b"),
        (0x82, &long),
        (0x02, &long),
        (0x80, b"c"),
        (0x8a, b"pong"),
    ]);
    assert_eq!(peer.connection.payload_buffer().capacity(), 0);
    for size in [1, 7, 5_000, 100_000] {
        for chunk in input.chunks(size) {
            let _ = peer.receive(chunk);
        }
        assert_eq!(
            peer.connection.payload_buffer().capacity(),
            0,
            "chunks of {size}"
        );
    }
    // Also when it was stopped within a message.
    let _ = peer.receive(&masked(0x02, long));
    let _ = peer.receive(&[0xff, 0xff]);
    assert_eq!(peer.connection.payload_buffer().capacity(), 0);
}

#[test]
fn nothing_is_allocated_for_what_is_only_announced() {
    let header = [
        &[0x82, 0xff, 0, 0, 0, 0][..],
        &(100_u32 << 20).to_be_bytes(),
        &KEY,
    ]
    .concat();
    let mut peer = Peer::new(server());
    let _ = peer.receive(&header);
    let mut held = 0;
    for size in [1, 10, 1_000, 100_000, 64 * 1024, 3] {
        let _ = peer.receive(&vec![0; size]);
        held += size;
        let capacity = peer.connection.payload_buffer().capacity();
        assert!(
            capacity <= (2 * held).max(held + 64 * 1024),
            "{capacity} bytes for {held}"
        );
    }
    while held < 20 << 20 {
        held += peer.fill(&vec![0; 100_000]).0;
        let capacity = peer.connection.payload_buffer().capacity();
        assert!(
            capacity <= (2 * held).max(held + 64 * 1024),
            "{capacity} bytes for {held}"
        );
    }
}

#[test]
fn vectors_handed_over_have_no_spare_room_to_speak_of() {
    let payload = vec![7; 1_000_000];
    let mut many: Vec<_> = payload.chunks(10_001).map(|part| (0x00, part)).collect();
    let count = many.len();
    (many[0].0, many[count - 1].0) = (0x02, 0x80);
    for input in [
        stream(&many),
        masked(0x82, &payload),
        stream(&[(0x02, &payload[..300_001]), (0x80, &payload[300_001..])]),
    ] {
        for chunk in [input.len(), 64 * 1024, 10_001] {
            let mut peer = Peer::new(server());
            let mut rest = &input[..];
            while !rest.is_empty() {
                let next = &rest[..rest.len().min(chunk)];
                let used = match peer.connection.payload_wanted() {
                    Some(_) => peer.fill(next).0,
                    None => {
                        let _ = peer.receive(next);
                        next.len()
                    }
                };
                rest = &rest[used..];
            }
            let vector = &peer.events.large[0];
            assert_eq!(*vector, payload);
            assert!(
                vector.capacity() <= vector.len() * 9 / 8,
                "{} bytes",
                vector.capacity()
            );
        }
    }
}

#[test]
fn fragments_of_one_byte_hold_little_more_than_that() {
    let mut peer = Peer::new(unlimited());
    let _ = peer.receive(&masked(0x02, "a"));
    let fragment = masked(0x00, "b");
    for _ in 0..16_000 {
        let _ = peer.receive(&fragment);
    }
    let buffer = peer.connection.payload_buffer();
    assert_eq!(buffer.len(), 16_001);
    assert!(buffer.capacity() <= 32_768);
}
