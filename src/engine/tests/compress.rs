use std::sync::Arc;

use tokio::io::{AsyncReadExt, DuplexStream};

use super::{Bench, run};
use crate::engine::commands::op;
use crate::protocol::config::Config;
use crate::protocol::connection::{Connection, Replies};
use crate::protocol::deflate::{Codec, Parameters};
use crate::protocol::event::{EventQueue, kind};
use crate::protocol::frame;

/// A frame as JavaScript writes it for compression.
fn to_compress(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_header(&mut out, first, payload.len() as u64, key);
    out.extend_from_slice(payload);
    out
}

fn config(send_reset: bool) -> Arc<Config> {
    let parameters = Parameters {
        send_reset,
        ..Parameters::default()
    };
    Arc::new(Config {
        accept_rsv1: true,
        deflate: Some(Arc::new(Codec::new(parameters))),
        ..Config::server()
    })
}

async fn read_frame(peer: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(peer.read_u8().await.unwrap());
        if frame::first_frame(&bytes).is_ok() {
            return bytes;
        }
    }
}

/// Payloads of the binary messages in these frames.
fn understand(config: Config, frames: &[u8]) -> Vec<Vec<u8>> {
    let mut events = EventQueue::default();
    let mut replies = Replies {
        out: &mut Vec::new(),
        auto_pong: false,
        owed: false,
        owed_behind: false,
        mask: &mut || [0; 4],
    };
    let mut peer = Connection::new(Arc::new(config));
    let _ = peer.receive(0, &mut frames.to_vec(), &mut events, &mut replies);
    let messages = events
        .records
        .iter()
        .filter(|record| record.kind == kind::BINARY);
    messages
        .map(|record| events.payloads[record.a as usize..][..record.b as usize].to_vec())
        .collect()
}

fn anybody(config: &Config) -> Config {
    Config {
        require_mask: false,
        ..config.clone()
    }
}

#[test]
fn compresses_in_order_with_what_is_not_compressed() {
    run(|| async {
        let bench = Bench::start(true);
        let config = config(false);
        bench.driver.engine().configure(0, Arc::clone(&config));
        let mut peer = bench.connect(0, 4096);
        let text = b"again and again and again and again and again";
        let plain = b"\x82\x02hi";
        let compressed = to_compress(0xc2, text, None);
        let masked = to_compress(0xc2, text, Some([1, 2, 3, 4]));
        let data = [plain.as_slice(), &compressed, &masked, plain].concat();
        let (a, b) = (4, data.len() as u32 - 4);
        bench.send(
            &[
                [0, op::DATA, 0, a],
                [0, op::DATA_DEFLATE, a, b],
                [0, op::DATA, b, b + 4],
            ],
            &data,
        );
        let mut frames = Vec::new();
        for _ in 0..4 {
            frames.extend(read_frame(&mut peer).await);
        }
        assert!(frames.len() < data.len());
        let expected: [&[u8]; 4] = [b"hi", text, text, b"hi"];
        assert_eq!(understand(anybody(&config), &frames), expected);
    });
}

#[test]
fn the_same_message_is_compressed_once() {
    run(|| async {
        let bench = Bench::start(true);
        let config = config(true);
        bench.driver.engine().configure(0, Arc::clone(&config));
        let mut peers: Vec<_> = (0..3).map(|id| bench.connect(id, 4096)).collect();
        let one = to_compress(0xc2, b"to all of you, to all of you", None);
        let other = to_compress(0xc2, b"to some of you, to all of you", None);
        let data = [one.clone(), one.clone(), one.clone(), other].concat();
        let size = one.len() as u32;
        let run = |id: u32, at: u32| [id, op::DATA_DEFLATE, at * size, (at + 1) * size];
        let last = [2, op::DATA_DEFLATE, 3 * size, data.len() as u32];
        bench.send(&[run(0, 0), run(1, 1), run(2, 2), last], &data);
        // In a later batch, too.
        bench.send(&[run(0, 0)], &data);
        assert_eq!(bench.driver.engine().compressor.remembered.len(), 2);
        let mut wires = Vec::new();
        for peer in &mut peers {
            wires.push(read_frame(peer).await);
        }
        assert!(wires.iter().all(|wire| *wire == wires[0]));
        let expected = [b"to all of you, to all of you"];
        assert_eq!(understand(anybody(&config), &wires[0]), expected);
        assert_eq!(read_frame(&mut peers[0]).await, wires[0]);
        assert_ne!(read_frame(&mut peers[2]).await, wires[0]);
    });
}

#[test]
fn bytes_count_as_accepted_when_what_they_became_is_written() {
    run(|| async {
        let bench = Bench::start(true);
        bench.driver.engine().configure(0, config(false));
        let mut peer = bench.connect(0, 20);
        let noise: Vec<u8> = (0..5000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let frame = to_compress(0xc2, &noise, None);
        let plain = to_compress(0x82, &[0x55; 100], None);
        let data = [frame.clone(), plain.clone()].concat();
        let (a, b) = (frame.len() as u32, data.len() as u32);
        bench.send(&[[0, op::DATA_DEFLATE, 0, a], [0, op::DATA, a, b]], &data);
        bench.settle().await;
        // Nothing of the payload is through as long as a part of the frame waits.
        assert_eq!(bench.progress.accepted(0), (0, true));
        let wire = read_frame(&mut peer).await;
        assert!(wire.len() > 100);
        bench.settle().await;
        assert_eq!(bench.progress.accepted(0), (5000, true));
        assert_eq!(read_frame(&mut peer).await, plain);
        bench.settle().await;
        assert_eq!(
            bench.progress.accepted(0),
            (5000 + plain.len() as u64, false)
        );
    });
}

#[test]
fn an_idle_compressor_is_given_up() {
    run(|| async {
        let bench = Bench::start(true);
        let config = config(false);
        bench.driver.engine().configure(0, Arc::clone(&config));
        let mut peer = bench.connect(0, 4096);
        let frame = to_compress(0xc2, b"words and words and words", None);
        let command = [0, op::DATA_DEFLATE, 0, frame.len() as u32];
        let holds = || {
            let mut engine = bench.driver.engine();
            let live = engine.live(0).unwrap();
            live.protocol.as_ref().unwrap().holds_deflate()
        };
        bench.send(&[command], &frame);
        assert!(holds());
        // In use since the last look, then not.
        bench.driver.engine().advance(15_000);
        assert!(holds());
        bench.driver.engine().advance(30_000);
        assert!(!holds());
        assert_eq!(bench.driver.engine().compressor.own, 0);
        assert!(bench.driver.engine().next_wake(30_000).is_none());
        bench.send(&[command], &frame);
        let frames = [read_frame(&mut peer).await, read_frame(&mut peer).await].concat();
        let expected = [b"words and words and words"; 2];
        assert_eq!(understand(anybody(&config), &frames), expected);
    });
}

#[test]
fn compressors_of_their_own_are_counted() {
    run(|| async {
        let bench = Bench::start(true);
        let config = config(false);
        bench.driver.engine().configure(0, Arc::clone(&config));
        let frame = to_compress(0xc2, b"words and words and words", None);
        let peers: Vec<_> = (0..600).map(|id| bench.connect(id, 256)).collect();
        for id in 0..600 {
            let command = [id, op::DATA_DEFLATE, 0, frame.len() as u32];
            bench.send(&[command, command], &[frame.as_slice(), &frame].concat());
        }
        assert_eq!(bench.driver.engine().compressor.own, 512);
        for (id, mut peer) in peers.into_iter().enumerate() {
            let frames = [read_frame(&mut peer).await, read_frame(&mut peer).await];
            assert_eq!(frames[0] == frames[1], id >= 512, "{id}");
            let expected = [b"words and words and words"; 2];
            assert_eq!(understand(anybody(&config), &frames.concat()), expected);
            bench.send(&[[id as u32, op::DESTROY, 0, 0]], &[]);
        }
        assert_eq!(bench.driver.engine().compressor.own, 0);
    });
}

#[test]
fn malformed_frames_close_the_connection() {
    run(|| async {
        let bench = Bench::start(true);
        bench.driver.engine().configure(0, config(false));
        let _peer = bench.connect(0, 64);
        bench.send(&[[0, op::DATA_DEFLATE, 0, 2]], b"\xc2\x05");
        bench.event(0, kind::CLOSED).await;
    });
}
