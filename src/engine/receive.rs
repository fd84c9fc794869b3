//! Reading: one connection's turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::{AsyncRead, ReadBuf};

use super::connection::Live;
use super::{Engine, Slot};
use crate::protocol::connection::{Connection, Flow, Replies};
use crate::protocol::event::{EventQueue, kind};
use crate::transport::Transport;

/// Reads of one turn, so that a fast peer does not starve the others.
const READS_PER_TURN: usize = 8;

/// Room that is made for a payload of its own, at first; then it doubles. Never more than what is missing.
const FIRST_RESERVE: usize = 64 * 1024;

/// What one read came to.
enum Read {
    Bytes(Flow),
    Closed,
}

impl<T: Transport> Engine<T> {
    /// Everything that is ready on connection `id`. `Ready`: the connection is gone and its task can end.
    pub fn turn(&mut self, id: u32, generation: u32, cx: &mut Context<'_>) -> Poll<()> {
        match self.live(id) {
            Some(live) if live.generation == generation => live.set_waker(cx),
            _ => return Poll::Ready(()),
        }
        if let Err(error) = self.turn_connection(id, cx) {
            self.fail(id, &error);
        }
        self.announce();
        match self.live(id) {
            Some(live) if live.generation == generation => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }

    fn turn_connection(&mut self, id: u32, cx: &mut Context<'_>) -> io::Result<()> {
        self.flush(id, cx)?;
        for turn in 0.. {
            if !self.live(id).is_some_and(|live| live.wants_read()) {
                return Ok(());
            }
            if self.progress.is_full(self.events.weight()) {
                if let Some(live) = self.live(id) {
                    live.stalled = true;
                    self.stalled.push(id);
                }
                return Ok(());
            }
            if turn == READS_PER_TURN {
                cx.waker().wake_by_ref();
                return Ok(());
            }
            let Poll::Ready(read) = self.read(id, cx) else {
                return Ok(());
            };
            match read? {
                Read::Bytes(Flow::Terminate) => {
                    self.close(id, 0);
                    return Ok(());
                }
                Read::Bytes(_) => self.write_replies(id, cx)?,
                Read::Closed => {
                    self.read_closed(id);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One read and what it brings.
    fn read(&mut self, id: u32, cx: &mut Context<'_>) -> Poll<io::Result<Read>> {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return Poll::Ready(Ok(Read::Closed));
        };
        let Live {
            stream,
            protocol,
            auto_pong,
            last_event,
            rest,
            ending,
            ..
        } = &mut **live;
        let before = self.events.records.len();
        let mut replies = Replies {
            out: &mut self.replies,
            auto_pong: *auto_pong,
            // JavaScript answers where something of this connection waits for it: its own sends come first, as in ws.
            owed: !self.progress.is_settled(*last_event),
            owed_behind: true,
            mask: &mut || self.masks.next(),
        };
        let raw = protocol.is_none() && !*ending;
        let receiving = protocol.as_mut().filter(|protocol| !protocol.is_stopped());
        let flow = match receiving {
            Some(protocol) if protocol.payload_wanted().is_some() => {
                let read = read_payload(protocol, stream, cx, id, &mut self.events, &mut replies);
                match std::task::ready!(read)? {
                    Some(flow) => flow,
                    None => return Poll::Ready(Ok(Read::Closed)),
                }
            }
            receiving => {
                let mut buffer = ReadBuf::new(&mut self.receive_buffer);
                std::task::ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
                let input = buffer.filled_mut();
                match receiving {
                    _ if input.is_empty() => return Poll::Ready(Ok(Read::Closed)),
                    Some(protocol) => protocol.receive(id, input, &mut self.events, &mut replies),
                    None if raw => {
                        rest.extend_from_slice(input);
                        Flow::Continue
                    }
                    // After a close frame, an error, or a refusal: read on only to see the peer's FIN.
                    None => Flow::Stopped,
                }
            }
        };
        if self.events.records.len() > before {
            *last_event = self.sequence;
        }
        Poll::Ready(Ok(Read::Bytes(flow)))
    }

    /// Feeds bytes that were read before START.
    pub(super) fn receive_rest(&mut self, id: u32) -> io::Result<()> {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return Ok(());
        };
        let mut rest = std::mem::take(&mut live.rest);
        let Some(protocol) = live.protocol.as_mut().filter(|_| !rest.is_empty()) else {
            return Ok(());
        };
        let mut replies = Replies {
            out: &mut self.replies,
            auto_pong: live.auto_pong,
            owed: true,
            owed_behind: true,
            mask: &mut || self.masks.next(),
        };
        let flow = protocol.receive(id, &mut rest, &mut self.events, &mut replies);
        live.last_event = self.sequence;
        if matches!(flow, Flow::Terminate) {
            self.close(id, 0);
            return Ok(());
        }
        let replies = std::mem::take(&mut self.replies);
        let written = live.write(&replies);
        self.replies = replies;
        self.replies.clear();
        written
    }

    fn write_replies(&mut self, id: u32, cx: &mut Context<'_>) -> io::Result<()> {
        if self.replies.is_empty() {
            return Ok(());
        }
        let replies = std::mem::take(&mut self.replies);
        let written = self.live(id).map_or(Ok(()), |live| live.write(&replies));
        self.replies = replies;
        self.replies.clear();
        written?;
        self.flush(id, cx)
    }

    /// Writes what waits, reports it, and closes a connection that is finished in both directions.
    pub(super) fn flush(&mut self, id: u32, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return Ok(());
        };
        let waiting = live.waiting() > 0;
        if waiting || live.ending && !live.write_closed {
            live.flush(cx)?;
        }
        self.settle(id);
        Ok(())
    }

    /// After writing: counters, WRITTEN records, the end of a connection.
    pub(super) fn settle(&mut self, id: u32) {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return;
        };
        live.report(id, &self.progress);
        if let Some(token) = live.due_notify() {
            self.events.push(id, kind::WRITTEN, token, 0);
        }
        if live.write_closed && live.read_closed {
            self.close(id, 0);
        }
    }

    fn read_closed(&mut self, id: u32) {
        let sequence = self.sequence;
        let Some(live) = self.live(id) else { return };
        live.read_closed = true;
        live.last_event = sequence;
        // What a raw connection's peer has said is known when JavaScript has decided.
        if live.protocol.is_some() || live.ending {
            self.end(id);
        }
    }

    /// Records the peer's FIN; the connection is closed if ours was sent before.
    pub(super) fn end(&mut self, id: u32) {
        self.events.push(id, kind::END, 0, 0);
        if self.live(id).is_some_and(|live| live.write_closed) {
            self.close(id, 0);
        }
    }
}

/// Reads straight into the payload's own vector. `None`: the peer's FIN.
fn read_payload<T: AsyncRead + Unpin>(
    protocol: &mut Connection,
    stream: &mut T,
    cx: &mut Context<'_>,
    id: u32,
    events: &mut EventQueue,
    replies: &mut Replies<'_>,
) -> Poll<io::Result<Option<Flow>>> {
    let wanted = protocol.payload_wanted().unwrap_or(0);
    let buffer = protocol.payload_buffer();
    let from = buffer.len();
    if buffer.capacity() == from {
        // Memory follows the bytes that came, not the length that was announced.
        buffer.reserve_exact(wanted.min(from.max(FIRST_RESERVE)));
    }
    let room = wanted.min(buffer.capacity() - from);
    let read = {
        let mut limited = (&mut *buffer).limit(room);
        std::task::ready!(tokio_util::io::poll_read_buf(
            Pin::new(stream),
            cx,
            &mut limited
        ))?
    };
    if read == 0 {
        return Poll::Ready(Ok(None));
    }
    Poll::Ready(Ok(Some(protocol.payload_filled(id, from, events, replies))))
}
