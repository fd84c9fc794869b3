//! The state machine of one connection (RFC 6455 sections 5 to 7), for both ends.

use std::sync::Arc;

use super::config::Config;
use super::deflate::context::Context;
use super::error::ProtocolError;
use super::event::{EventQueue, SMALL_PAYLOAD_MAX, kind};
use super::frame::{FIN, Header, PartialHeader, RSV1, opcode};
use super::message::Message;
use super::{mask, rules, utf8};

mod compression;
mod control;
mod payload;

pub use control::Replies;

/// How to go on after some input.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Everything was taken, more is welcome.
    Continue,
    /// A close frame or a violation was recorded; the rest of the input and later input is ignored.
    Stopped,
    /// Too many automatic pongs wait: drop the connection. As in `ws` the ping itself and what came
    /// with it was recorded. Later input is ignored.
    Terminate,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Of a header, `Connection::header` being its beginning.
    Header,
    /// Of a text, binary or continuation frame's payload.
    Data,
    /// Of a close, ping or pong frame's payload.
    Control,
    /// Of no interest.
    Stopped,
}

/// One connection after its handshake: received bytes in, records and pongs out.
///
/// How the input is divided makes no difference to the records, except for `max_buffered_chunks`
/// and `max_pending_pongs`, which count chunks and what was written between them.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    message: Message,
    /// Made by the first compressed message, in or out.
    compression: Option<Box<Context>>,
    /// Header of the frame whose payload is arriving.
    frame: Header,
    /// Bytes of its payload that arrived.
    received: u64,
    /// Chunks that hold bytes of the unfinished frame.
    chunks: u32,
    /// Automatic pongs that were sent and not yet written.
    pending_pongs: u32,
    /// Beginning of a header whose end has not arrived.
    header: PartialHeader,
    phase: Phase,
}

/// One call of `receive` or `payload_filled`.
struct Turn<'t, 'r> {
    id: u32,
    events: &'t mut EventQueue,
    replies: &'t mut Replies<'r>,
    /// Records that were there before.
    before: usize,
    /// Pings of this turn that JavaScript has to answer.
    owed: u32,
    terminate: bool,
}

impl<'t, 'r> Turn<'t, 'r> {
    fn new(id: u32, events: &'t mut EventQueue, replies: &'t mut Replies<'r>) -> Self {
        Self {
            id,
            before: events.records.len(),
            events,
            replies,
            owed: 0,
            terminate: false,
        }
    }

    /// Whether JavaScript has to answer the ping that comes next.
    fn is_owed(&self) -> bool {
        let behind = self.events.records.len() > self.before;
        self.replies.owed || self.replies.owed_behind && behind
    }
}

impl Connection {
    /// A connection at its first frame.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            message: Message::default(),
            compression: None,
            frame: Header::default(),
            received: 0,
            chunks: 0,
            pending_pongs: 0,
            header: PartialHeader::default(),
            phase: Phase::Header,
        }
    }

    /// Takes a chunk of received bytes, all of it, and appends what it completes to `events`. An
    /// incomplete frame is kept inside; `input` may be unmasked in place. `id` goes into the
    /// records.
    pub fn receive(
        &mut self,
        id: u32,
        input: &mut [u8],
        events: &mut EventQueue,
        replies: &mut Replies<'_>,
    ) -> Flow {
        if self.is_stopped() {
            return Flow::Stopped;
        }
        if input.is_empty() {
            return Flow::Continue;
        }
        let mut turn = Turn::new(id, events, replies);
        let unconsumed = self.unconsumed().saturating_add(input.len() as u64);
        let result = if rules::reached(self.chunks, self.config.max_buffered_chunks) {
            Err(ProtocolError::TooManyChunks)
        } else {
            self.consume(input, &mut turn)
        };
        self.settle(result, unconsumed, &mut turn)
    }

    /// Everything that was queued, automatic pongs included, was accepted by the kernel.
    pub fn pongs_written(&mut self) {
        self.pending_pongs = 0;
    }

    /// JavaScript queued the pong for a ping that was recorded as owed.
    pub fn pong_queued(&mut self) {
        self.pending_pongs = self.pending_pongs.saturating_add(1);
    }

    /// Whether further input is ignored.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    fn stop(&mut self) {
        self.phase = Phase::Stopped;
        self.message = Message::default();
        if let Some(compression) = &mut self.compression {
            compression.stop_receiving();
        }
    }

    /// Ends a turn: counts its chunk, records its error. `unconsumed` is what would wait if nothing
    /// had been completed.
    fn settle(
        &mut self,
        result: Result<(), ProtocolError>,
        unconsumed: u64,
        turn: &mut Turn<'_, '_>,
    ) -> Flow {
        if let Err(error) = result {
            turn.events
                .push(turn.id, kind::PROTOCOL_ERROR, error.index(), error.detail());
            self.stop();
        }
        if turn.terminate {
            self.stop();
            return Flow::Terminate;
        }
        if self.is_stopped() {
            return Flow::Stopped;
        }
        self.chunks = match self.unconsumed() {
            0 => 0,
            waiting if waiting == unconsumed => self.chunks.saturating_add(1),
            // Something was completed, and the earlier chunks were part of it.
            _ => 1,
        };
        Flow::Continue
    }

    /// Bytes that `ws` would still have in its list of chunks.
    fn unconsumed(&self) -> u64 {
        match self.phase {
            Phase::Header => self.header.unconsumed() as u64,
            Phase::Data | Phase::Control => self.received,
            Phase::Stopped => 0,
        }
    }

    fn consume(
        &mut self,
        mut input: &mut [u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        while !input.is_empty() {
            input = match self.phase {
                Phase::Header if self.header.is_empty() => {
                    let header = rules::read_header(input, &self.config, &self.message)?;
                    let Some(header) = header else {
                        self.header.append(input);
                        return Ok(());
                    };
                    let (_, body) = split(input, u64::from(header.size));
                    self.frame(&header, body, turn)?
                }
                Phase::Header => self.resume_header(input, turn)?,
                Phase::Data | Phase::Control => {
                    let (part, rest) = split(input, self.missing());
                    self.payload(part, turn)?;
                    rest
                }
                Phase::Stopped => return Ok(()),
            };
        }
        Ok(())
    }

    /// Takes a frame whose header is complete; `body` is the rest of the input. Returns what comes
    /// after the frame.
    #[inline(always)]
    fn frame<'i>(
        &mut self,
        header: &Header,
        body: &'i mut [u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<&'i mut [u8], ProtocolError> {
        if header.length <= body.len() as u64 {
            let plain = header.first & RSV1 == 0 || self.config.deflate.is_none();
            if plain && header.is_final() && !header.is_control() && !self.message.is_open() {
                self.whole_message(header, body, turn)?;
                return Ok(split(body, header.length).1);
            }
            let (payload, rest) = split(body, header.length);
            if header.is_control() {
                mask::apply(payload, header.key, 0);
                self.control(header.opcode(), payload, turn)?;
                return Ok(rest);
            }
            self.begin_payload(header);
            self.payload(payload, turn)?;
            return Ok(rest);
        }
        self.begin_payload(header);
        let (part, rest) = split(body, header.length);
        if !part.is_empty() {
            self.payload(part, turn)?;
        }
        Ok(rest)
    }

    /// A message of one frame that is completely there: the usual case, and the only one in which
    /// nothing is stored.
    #[inline]
    fn whole_message(
        &mut self,
        header: &Header,
        body: &[u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        let size = header.length as usize;
        let events = &mut *turn.events;
        // RSV1 is no part of this: a compressed text is not UTF-8 yet.
        let text = header.first == FIN | opcode::TEXT;
        let check = text && !self.config.skip_utf8_validation;
        if size <= SMALL_PAYLOAD_MAX {
            let offset = events.align();
            mask::append(&mut events.payloads, body, size, header.key);
            if check
                && !events
                    .payloads
                    .get(offset as usize..)
                    .is_some_and(utf8::is_valid)
            {
                events.payloads.truncate(offset as usize);
                return Err(ProtocolError::InvalidUtf8);
            }
            events.push(
                turn.id,
                u32::from(header.opcode()),
                offset,
                header.length as u32,
            );
        } else {
            let mut payload = Vec::new();
            mask::append(&mut payload, body, size, header.key);
            if check && !utf8::is_valid(&payload) {
                return Err(ProtocolError::InvalidUtf8);
            }
            events.push_large(turn.id, header.opcode(), payload);
        }
        Ok(())
    }

    /// Goes on with a header that began in an earlier chunk. Returns the rest of the input.
    fn resume_header<'i>(
        &mut self,
        input: &'i mut [u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<&'i mut [u8], ProtocolError> {
        let kept = self.header.bytes().len() as u64;
        self.header.append(input);
        let header = rules::read_header(self.header.bytes(), &self.config, &self.message)?;
        let Some(header) = header else {
            return Ok(&mut []);
        };
        self.header.clear();
        let (_, body) = split(input, u64::from(header.size).saturating_sub(kept));
        self.frame(&header, body, turn)
    }
}

/// The first `at` bytes, or all if there are fewer, and the rest.
#[inline]
fn split(bytes: &mut [u8], at: u64) -> (&mut [u8], &mut [u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at_mut(at)
}
