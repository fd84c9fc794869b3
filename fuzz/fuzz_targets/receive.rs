//! Bytes from a peer, in one piece, in pieces and read into place: no panic, the same records.

#![no_main]

use std::sync::Arc;

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::{Connection, Replies};
use ferrows::protocol::deflate::{Codec, Parameters};
use ferrows::protocol::event::{EventQueue, Record, kind};
use libfuzzer_sys::fuzz_target;

/// A record with its payload instead of the payload's place.
type Event = (u32, u32, Vec<u8>);

fn config(choice: u8) -> Config {
    let role = if choice & 1 == 0 {
        Config::server()
    } else {
        Config::client()
    };
    Config {
        max_payload: if choice & 2 == 0 {
            role.max_payload
        } else {
            1_000
        },
        max_frame: if choice & 4 == 0 { 0 } else { 500 },
        max_fragments: if choice & 8 == 0 {
            role.max_fragments
        } else {
            3
        },
        max_buffered_chunks: 0,
        max_pending_pongs: 0,
        skip_utf8_validation: choice & 16 != 0,
        accept_rsv1: choice & 160 != 0,
        deflate: (choice & 128 != 0).then(|| Arc::new(Codec::new(Parameters::default()))),
        require_mask: role.require_mask && choice & 64 == 0,
        ..role
    }
}

fn event(events: &EventQueue, record: &Record) -> Event {
    let (a, b) = (record.a as usize, record.b as usize);
    let length = match record.kind {
        kind::TEXT | kind::BINARY | kind::PING | kind::PONG => b,
        kind::TEXT_LARGE | kind::BINARY_LARGE => {
            return (record.kind, record.b, events.large[a].clone());
        }
        kind::FRAGMENTS => b * 4,
        kind::CLOSE_FRAME => b >> 16,
        _ => return (record.kind, record.b, vec![record.a as u8]),
    };
    (
        record.kind,
        record.b,
        events.payloads[a..a + length].to_vec(),
    )
}

fn play(config: &Arc<Config>, bytes: &[u8], piece: usize, direct: bool) -> (Vec<Event>, Vec<u8>) {
    let mut connection = Connection::new(Arc::clone(config));
    let mut events = EventQueue::default();
    let mut out = Vec::new();
    for chunk in bytes.chunks(piece) {
        let mut replies = Replies {
            out: &mut out,
            auto_pong: true,
            owed: false,
            owed_behind: false,
            mask: &mut || [1, 2, 3, 4],
        };
        let wanted = connection.payload_wanted().unwrap_or(0);
        if direct && chunk.len() <= wanted {
            let buffer = connection.payload_buffer();
            let from = buffer.len();
            buffer.extend_from_slice(chunk);
            let _ = connection.payload_filled(1, from, &mut events, &mut replies);
        } else {
            let _ = connection.receive(1, &mut chunk.to_vec(), &mut events, &mut replies);
        }
    }
    (
        events
            .records
            .iter()
            .map(|record| event(&events, record))
            .collect(),
        out,
    )
}

fuzz_target!(|input: (u8, u8, Vec<u8>)| {
    let (choice, piece, bytes) = input;
    let config = Arc::new(config(choice));
    let whole = play(&config, &bytes, usize::MAX, false);
    let piece = usize::from(piece).max(1);
    assert_eq!(whole, play(&config, &bytes, piece, false));
    assert_eq!(whole, play(&config, &bytes, piece * 64, true));
});
