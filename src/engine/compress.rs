//! Frames that are compressed on their way out (RFC 7692 section 6.1).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use super::commands::{Command, CommandBatch, op};
use super::{Engine, OWN_COMPRESSORS_MAX, Slot};
use crate::protocol::connection::Connection;
use crate::protocol::deflate::Parameters;
use crate::protocol::frame::{self, FIN, MASK, RSV1};
use crate::protocol::mask;
use crate::transport::Transport;

/// A compressor that was not used for this long, up to twice as long, is given up.
const IDLE_MS: u64 = 10_000;

/// How many messages are remembered, so that sending them again costs no compression.
const REMEMBERED: usize = 8;

/// Most bytes of all remembered messages together, before and after compression, between batches.
const REMEMBERED_BYTES: usize = 128 * 1024;

/// A message and what it was compressed to.
pub(super) struct Remembered {
    hash: u64,
    parameters: Parameters,
    payload: Vec<u8>,
    compressed: Vec<u8>,
}

/// Working memory, and the messages that went out last.
#[derive(Default)]
pub(super) struct Compressor {
    /// Compressed payload of the frame in hand.
    payload: Vec<u8>,
    /// Finished frames of the command in hand.
    frames: Vec<u8>,
    hasher: RandomState,
    /// Connections that have a compressor of their own.
    pub(super) own: usize,
    /// The newest last.
    pub(super) remembered: Vec<Remembered>,
}

/// Larger working memory is given back.
const KEPT: usize = 256 * 1024;

impl Compressor {
    /// Compresses a run of frames to `self.frames`. Returns how many payload bytes they had.
    fn run(&mut self, protocol: &mut Connection, mut frames: &[u8]) -> io::Result<u64> {
        let mut given = 0;
        self.frames.clear();
        while !frames.is_empty() {
            let masked = frames.get(1).is_some_and(|second| second & MASK != 0);
            let Ok((header, payload, rest)) = frame::first_frame(frames) else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            let whole = header.first & (FIN | RSV1) == FIN | RSV1;
            self.compress(protocol, payload, header.is_final(), whole)?;
            let key = masked.then_some(header.key);
            let length = self.payload.len();
            frame::write_header(&mut self.frames, header.first, length as u64, key);
            mask::append(&mut self.frames, &self.payload, length, header.key);
            given += header.length;
            frames = rest;
        }
        Ok(given)
    }

    /// Compresses one frame's payload to `self.payload`; `whole`: it is a message of its own.
    fn compress(
        &mut self,
        protocol: &mut Connection,
        payload: &[u8],
        is_final: bool,
        whole: bool,
    ) -> io::Result<()> {
        self.payload.clear();
        let parameters = protocol.codec().map(|codec| *codec.parameters());
        // Only what starts with an empty window is the same for everybody.
        let shared = parameters.filter(|parameters| whole && parameters.send_reset);
        let hash = shared.map(|_| self.hash(payload));
        if let (Some(hash), Some(parameters)) = (hash, &shared)
            && let Some(known) = recall(&self.remembered, hash, parameters, payload)
        {
            self.payload.extend_from_slice(&known.compressed);
            return Ok(());
        }
        let held = protocol.holds_deflate();
        if !protocol.deflate(
            payload,
            is_final,
            self.own < OWN_COMPRESSORS_MAX,
            &mut self.payload,
        ) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if !held && protocol.holds_deflate() {
            self.own += 1;
        }
        if let (Some(hash), Some(parameters)) = (hash, shared) {
            if self.remembered.len() == REMEMBERED {
                self.remembered.remove(0);
            }
            self.remembered.push(Remembered {
                hash,
                parameters,
                payload: payload.to_vec(),
                compressed: self.payload.clone(),
            });
        }
        Ok(())
    }

    fn hash(&self, payload: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(payload);
        hasher.finish()
    }

    /// Gives memory back that is not worth being kept.
    pub(super) fn end_batch(&mut self) {
        let mut bytes = 0;
        let keep = self.remembered.iter().rev().take_while(|known| {
            bytes += known.payload.len() + known.compressed.len();
            bytes <= REMEMBERED_BYTES
        });
        let forget = self.remembered.len() - keep.count();
        self.remembered.drain(..forget);
        for buffer in [&mut self.payload, &mut self.frames] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

fn recall<'r>(
    remembered: &'r [Remembered],
    hash: u64,
    parameters: &Parameters,
    payload: &[u8],
) -> Option<&'r Remembered> {
    remembered.iter().rev().find(|known| {
        known.hash == hash && known.parameters == *parameters && known.payload == payload
    })
}

impl<T: Transport> Engine<T> {
    /// Compresses the frames that `command` names and writes them.
    pub(super) fn write_compressed(
        &mut self,
        id: u32,
        command: Command,
        batch: &mut CommandBatch,
    ) -> io::Result<()> {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return Ok(());
        };
        let Some(protocol) = live.protocol.as_mut().filter(|_| !live.ending) else {
            return Ok(());
        };
        let held = protocol.holds_deflate();
        let given = if command.op == op::LARGE_DEFLATE {
            let large = batch.large.get_mut(command.a as usize);
            self.compressor
                .run(protocol, &large.map(std::mem::take).unwrap_or_default())?
        } else {
            let frames = batch.data.get(command.a as usize..command.b as usize);
            self.compressor.run(protocol, frames.unwrap_or_default())?
        };
        if !held && protocol.holds_deflate() {
            self.idle.insert(self.now_ms + IDLE_MS, id, live.generation);
        }
        live.write_instead(&self.compressor.frames, given)?;
        self.settle(id);
        Ok(())
    }

    /// Takes a connection's compressor away if it was idle; asks again later if not.
    pub(super) fn check_idle(&mut self, id: u32, generation: u32) {
        let due = self.now_ms + IDLE_MS;
        let protocol = self
            .live(id)
            .filter(|live| live.generation == generation)
            .and_then(|live| live.protocol.as_mut());
        let Some(protocol) = protocol.filter(|protocol| protocol.holds_deflate()) else {
            return;
        };
        if protocol.release_idle_deflate() {
            self.idle.insert(due, id, generation);
        } else {
            self.compressor.own -= 1;
        }
    }
}
