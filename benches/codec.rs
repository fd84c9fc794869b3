//! Cost of the protocol core: nanoseconds per small frame, gigabytes per second for large ones.
//!
//! `cargo bench --no-default-features --bench codec`. Each figure is the best of several rounds.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::{Connection, Flow, Replies};
use ferrows::protocol::event::EventQueue;
use ferrows::protocol::{frame, mask};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const ROUNDS: usize = 15;
const CHUNK: usize = 64 * 1024;

fn main() {
    small_frames("text, ASCII", 0x81, &[b'a'; 64]);
    small_frames("text, not ASCII", 0x81, "ß".repeat(32).as_bytes());
    small_frames("binary", 0x82, &[0xa5; 64]);
    small_frames("ping (with pong)", 0x89, &[0xa5; 64]);
    fragments();
    for size in [1024, 16 * 1024, 1024 * 1024] {
        unmask(size);
        messages("binary", 0x82, size);
        messages("text", 0x81, size);
    }
    direct(1024 * 1024);
    write_frames();
}

/// The shortest time that one of some rounds took.
fn best(mut round: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::write_header(&mut bytes, first, payload.len() as u64, Some(KEY));
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if let Some(masked) = bytes.get_mut(start..) {
        mask::apply(masked, KEY, 0);
    }
    bytes
}

/// Receives chunks (copied before, since they are unmasked in place) and empties the queue after
/// each, as a turn of the engine does. The copies are not timed.
fn receive(connection: &mut Connection, chunks: &[Vec<u8>]) -> Duration {
    let mut events = EventQueue::default();
    let mut out = Vec::new();
    let mut time = Duration::ZERO;
    let mut input = Vec::new();
    for chunk in chunks {
        input.clear();
        input.extend_from_slice(chunk);
        let start = Instant::now();
        let mut replies = Replies {
            out: &mut out,
            auto_pong: true,
            owed: false,
            owed_behind: false,
            mask: &mut || KEY,
        };
        let flow = connection.receive(1, black_box(&mut input), &mut events, &mut replies);
        time += start.elapsed();
        assert_eq!(flow, Flow::Continue);
        black_box(&events);
        events.clear();
        out.clear();
        connection.pongs_written();
    }
    time
}

fn connection() -> Connection {
    Connection::new(Arc::new(Config {
        max_pending_pongs: 0,
        ..Config::server()
    }))
}

fn chunks(stream: &[u8]) -> Vec<Vec<u8>> {
    stream.chunks(CHUNK).map(<[u8]>::to_vec).collect()
}

fn small_frames(name: &str, first: u8, payload: &[u8]) {
    let count = 100_000;
    let chunks = chunks(&frame(first, payload).repeat(count));
    let mut connection = connection();
    let time = best(|| receive(&mut connection, &chunks));
    let each = time.as_secs_f64() * 1e9 / count as f64;
    println!(
        "{:>4} B frames, {name}: {each:.1} ns per frame",
        payload.len()
    );
}

fn fragments() {
    let count = 25_000;
    let parts = [(0x01, "abcd"), (0x00, "efgh"), (0x00, ""), (0x80, "ijkl")];
    let message: Vec<u8> = parts
        .iter()
        .flat_map(|(first, t)| frame(*first, t.as_bytes()))
        .collect();
    let chunks = chunks(&message.repeat(count));
    let mut connection = connection();
    let time = best(|| receive(&mut connection, &chunks));
    let each = time.as_secs_f64() * 1e9 / count as f64;
    println!(
        "text messages of {} fragments: {each:.1} ns per message",
        parts.len()
    );
}

fn rate(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e9
}

fn unmask(size: usize) {
    let mut bytes = vec![0xa5_u8; size];
    let repeat = (64 << 20) / size;
    let time = best(|| {
        let start = Instant::now();
        for _ in 0..repeat {
            mask::apply(black_box(&mut bytes), KEY, 1);
        }
        start.elapsed()
    });
    println!(
        "{size:>8} B unmask in place: {:.1} GB/s",
        rate(size * repeat, time)
    );
}

fn messages(name: &str, first: u8, size: usize) {
    let repeat = (16 << 20) / size;
    let payload = vec![b'a'; size];
    let chunks = chunks(&frame(first, &payload).repeat(repeat));
    let mut connection = connection();
    let time = best(|| receive(&mut connection, &chunks));
    println!(
        "{size:>8} B {name}, chunks of 64 KiB: {:.1} GB/s",
        rate(size * repeat, time)
    );
}

/// Payload appended to the message's own vector, 256 KiB at most a time, as the engine reads it.
fn direct(size: usize) {
    let payload = frame(0x82, &vec![0xa5; size]);
    let mut connection = connection();
    let time = best(|| {
        let start = Instant::now();
        for _ in 0..16 {
            one_direct(&mut connection, &payload);
        }
        start.elapsed()
    });
    println!(
        "{size:>8} B binary, read into place: {:.1} GB/s",
        rate(size * 16, time)
    );
}

fn one_direct(connection: &mut Connection, bytes: &[u8]) {
    let mut events = EventQueue::default();
    let mut out = Vec::new();
    let mut replies = Replies {
        out: &mut out,
        auto_pong: true,
        owed: false,
        owed_behind: false,
        mask: &mut || KEY,
    };
    let (head, mut rest) = bytes.split_at(1000);
    let _ = connection.receive(1, &mut head.to_vec(), &mut events, &mut replies);
    while let Some(wanted) = connection.payload_wanted() {
        let buffer = connection.payload_buffer();
        let from = buffer.len();
        let room = (buffer.capacity() - from).min(wanted).min(256 * 1024);
        let (now, later) = rest.split_at(room.min(rest.len()));
        buffer.extend_from_slice(now);
        rest = later;
        let _ = connection.payload_filled(1, from, &mut events, &mut replies);
    }
    let _ = connection.receive(1, &mut rest.to_vec(), &mut events, &mut replies);
    assert_eq!(events.large.len(), 1);
    black_box(&events);
}

fn write_frames() {
    let count = 100_000;
    let mut out = Vec::with_capacity(count * 80);
    let time = best(|| {
        out.clear();
        let start = Instant::now();
        for _ in 0..count {
            frame::write_header(black_box(&mut out), 0x82, 64, Some(KEY));
            out.extend_from_slice(&[0; 64]);
        }
        start.elapsed()
    });
    let written = time.as_secs_f64() * 1e9 / count as f64;
    let time = best(|| {
        let start = Instant::now();
        assert_eq!(frame::mask_frames(black_box(&mut out)), Ok(()));
        start.elapsed()
    });
    let masked = time.as_secs_f64() * 1e9 / count as f64;
    println!("  64 B client frames: {written:.1} ns to write, {masked:.1} ns to mask");
}
