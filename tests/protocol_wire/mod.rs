//! Frames as bytes for the protocol tests, and what a connection makes of them.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file uses a part of this; tests may fail by a panic"
)]

use std::sync::Arc;

use ferrows::protocol::config::Config;
use ferrows::protocol::connection::{Connection, Flow, Replies};
use ferrows::protocol::event::{EventQueue, PING_OWED, SMALL_PAYLOAD_MAX, kind};

/// Mask key of all frames that the tests send to a server.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Mask key of the frames that a client under test sends.
pub const OWN_KEY: [u8; 4] = [1, 2, 3, 4];

/// Id of the connection in all records.
pub const ID: u32 = 42;

/// How a frame says its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As short as possible.
    Shortest,
    /// In 16 bits, where that is enough.
    Sixteen,
    /// In 64 bits.
    SixtyFour,
}

/// A frame, byte by byte; nothing here is shared with the code under test.
pub fn frame_as(first: u8, payload: &[u8], key: Option<[u8; 4]>, form: Form) -> Vec<u8> {
    let mask_bit = if key.is_some() { 0x80 } else { 0 };
    let length = payload.len();
    let mut bytes = vec![first];
    match form {
        Form::Shortest if length < 126 => bytes.push(mask_bit | length as u8),
        Form::Shortest | Form::Sixteen if length < 65_536 => {
            bytes.push(mask_bit | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let key_bytes = key.unwrap_or([0; 4]);
    if key.is_some() {
        bytes.extend_from_slice(&key_bytes);
    }
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(i, byte)| byte ^ key_bytes[i % 4]),
    );
    bytes
}

/// A frame as a client sends it.
pub fn masked(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame_as(first, payload.as_ref(), Some(KEY), Form::Shortest)
}

/// A frame as a server sends it.
pub fn plain(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame_as(first, payload.as_ref(), None, Form::Shortest)
}

/// Frames as a client sends them, one after the other.
pub fn stream(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(first, payload)| masked(*first, payload))
        .collect()
}

/// A record with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Text message.
    Text(Vec<u8>),
    /// Binary message.
    Binary(Vec<u8>),
    /// Lengths of the frames of the binary message that follows.
    Fragments(Vec<u32>),
    /// Ping; whether JavaScript has to answer.
    Ping(Vec<u8>, bool),
    /// Pong.
    Pong(Vec<u8>),
    /// Close frame: status code, reason.
    Close(u16, Vec<u8>),
    /// Violation: index, detail.
    Error(u32, u32),
}

/// Shorthand for a text message.
pub fn text(payload: impl AsRef<[u8]>) -> Seen {
    Seen::Text(payload.as_ref().to_vec())
}

/// Shorthand for a binary message.
pub fn binary(payload: impl AsRef<[u8]>) -> Seen {
    Seen::Binary(payload.as_ref().to_vec())
}

/// The queue's records with their payloads. Checks what holds for every record.
pub fn read(events: &EventQueue) -> Vec<Seen> {
    let small = |offset: u32, length: u32| {
        assert_eq!(offset % 8, 0, "payloads begin at multiples of 8");
        events.payloads[offset as usize..][..length as usize].to_vec()
    };
    let message = |offset, length| {
        assert!(length as usize <= SMALL_PAYLOAD_MAX);
        small(offset, length)
    };
    let large = |index: u32, length: u32| {
        let payload = events.large[index as usize].clone();
        assert_eq!(payload.len(), length as usize);
        assert!(payload.len() > SMALL_PAYLOAD_MAX);
        payload
    };
    let one = |record: &ferrows::protocol::event::Record| {
        assert_eq!(record.connection, ID);
        let (a, b) = (record.a, record.b);
        match record.kind {
            kind::TEXT => Seen::Text(message(a, b)),
            kind::BINARY => Seen::Binary(message(a, b)),
            kind::TEXT_LARGE => Seen::Text(large(a, b)),
            kind::BINARY_LARGE => Seen::Binary(large(a, b)),
            kind::PING => Seen::Ping(small(a, b & !PING_OWED), b & PING_OWED != 0),
            kind::PONG => Seen::Pong(small(a, b)),
            kind::CLOSE_FRAME => Seen::Close((b & 0xffff) as u16, small(a, b >> 16)),
            kind::PROTOCOL_ERROR => Seen::Error(a, b),
            kind::FRAGMENTS => Seen::Fragments(
                small(a, b * 4)
                    .chunks(4)
                    .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
                    .collect(),
            ),
            other => panic!("no record of kind {other} comes from a connection"),
        }
    };
    events.records.iter().map(one).collect()
}

/// A connection under test with everything around it.
pub struct Peer {
    /// The connection.
    pub connection: Connection,
    /// What it reported.
    pub events: EventQueue,
    /// What it answered.
    pub out: Vec<u8>,
    /// Whether it answers pings.
    pub auto_pong: bool,
    /// Whether JavaScript answers them.
    pub owed: bool,
}

impl Peer {
    /// A new connection.
    pub fn new(config: Config) -> Self {
        Self {
            connection: Connection::new(Arc::new(config)),
            events: EventQueue::default(),
            out: Vec::new(),
            auto_pong: true,
            owed: false,
        }
    }

    /// Gives it a chunk.
    pub fn receive(&mut self, bytes: &[u8]) -> Flow {
        let mut replies = Replies {
            out: &mut self.out,
            auto_pong: self.auto_pong,
            owed: self.owed,
            owed_behind: false,
            mask: &mut || OWN_KEY,
        };
        let mut input = bytes.to_vec();
        self.connection
            .receive(ID, &mut input, &mut self.events, &mut replies)
    }

    /// Appends as much as is wanted to the payload buffer, as the engine does; returns how much.
    pub fn fill(&mut self, bytes: &[u8]) -> (usize, Flow) {
        let wanted = self.connection.payload_wanted().unwrap();
        let buffer = self.connection.payload_buffer();
        let from = buffer.len();
        let room = buffer.capacity() - from;
        assert!(room > 0, "the buffer comes with room");
        let count = wanted.min(room).min(bytes.len());
        buffer.extend_from_slice(&bytes[..count]);
        let mut replies = Replies {
            out: &mut self.out,
            auto_pong: self.auto_pong,
            owed: self.owed,
            owed_behind: false,
            mask: &mut || OWN_KEY,
        };
        let flow = self
            .connection
            .payload_filled(ID, from, &mut self.events, &mut replies);
        (count, flow)
    }

    /// What it reported so far.
    pub fn seen(&self) -> Vec<Seen> {
        read(&self.events)
    }
}

/// What a connection makes of bytes that come in one chunk.
pub fn play(config: &Config, bytes: &[u8]) -> Vec<Seen> {
    let mut peer = Peer::new(config.clone());
    let _ = peer.receive(bytes);
    peer.seen()
}

/// What a connection makes of bytes that come one at a time.
pub fn play_bytewise(config: &Config, bytes: &[u8]) -> Vec<Seen> {
    let mut peer = Peer::new(config.clone());
    for byte in bytes {
        let _ = peer.receive(&[*byte]);
    }
    peer.seen()
}

/// Both ways of playing, which must not differ.
pub fn play_both(config: &Config, bytes: &[u8]) -> Vec<Seen> {
    let whole = play(config, bytes);
    assert_eq!(
        whole,
        play_bytewise(config, bytes),
        "whole and byte by byte"
    );
    whole
}
