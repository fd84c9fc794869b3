//! One live connection: its transport, its protocol state and what it still has to write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::outbox::{Outbox, SLICES};
use super::progress::Progress;
use crate::protocol::connection::Connection;
use crate::transport::Transport;

/// Bytes that are read from a raw connection before JavaScript has decided what it becomes.
const RAW_AHEAD: usize = 64 * 1024;

/// The state of a connection that the engine owns. `T` is its transport.
pub(crate) struct Live<T> {
    pub(crate) stream: T,
    /// `None` while the connection is raw: before START, or refused.
    pub(crate) protocol: Option<Connection>,
    /// Bytes that were read before START.
    pub(crate) rest: Vec<u8>,
    /// Allocated while something waits: most connections, most of the time, have nothing to write.
    outbox: Option<Box<Outbox>>,
    /// The driver's task; its transport wakes it.
    pub(crate) waker: Option<Waker>,
    /// Told apart from an earlier connection with the same id.
    pub(crate) generation: u32,
    /// Bytes queued so far, by whomever.
    queued: u64,
    /// Bytes queued so far by JavaScript.
    pub(crate) given: u64,
    /// WRITTEN records that were asked for: position in `queued`, token.
    #[expect(
        clippy::box_collection,
        reason = "nearly always absent: a pointer instead of three"
    )]
    notifies: Option<Box<Vec<(u64, u32)>>>,
    /// Sequence of the batch with this connection's last record.
    pub(crate) last_event: u64,
    pub(crate) paused: bool,
    pub(crate) read_closed: bool,
    pub(crate) ending: bool,
    pub(crate) write_closed: bool,
    pub(crate) auto_pong: bool,
    /// Not read because JavaScript has too much to do.
    pub(crate) stalled: bool,
}

impl<T: Transport> Live<T> {
    pub(crate) fn new(stream: T, rest: Vec<u8>, generation: u32) -> Self {
        Self {
            stream,
            protocol: None,
            rest,
            outbox: None,
            waker: None,
            generation,
            queued: 0,
            given: 0,
            notifies: None,
            last_event: 0,
            paused: false,
            read_closed: false,
            ending: false,
            write_closed: false,
            auto_pong: true,
            stalled: false,
        }
    }

    /// Bytes that the kernel has not taken.
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.as_ref().map_or(0, |outbox| outbox.len())
    }

    /// Where what the kernel does not take is kept.
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        self.outbox.get_or_insert_default()
    }

    /// Whether the driver should read. A raw connection is read a little way ahead, so that a reset is noticed while
    /// JavaScript decides, and to its end after a refusal.
    pub(crate) fn wants_read(&self) -> bool {
        !self.read_closed
            && !self.stalled
            && !self.paused
            && (self.protocol.is_some() || self.ending || self.rest.len() < RAW_AHEAD)
    }

    /// Makes sure that the driver's task is woken by the transport.
    pub(crate) fn set_waker(&mut self, cx: &Context<'_>) {
        if !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            self.waker = Some(cx.waker().clone());
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Writes `slices` at once where nothing waits. Returns how many bytes are the kernel's; the caller queues the rest.
    pub(crate) fn write_now(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        self.queued += length as u64;
        if self.waiting() > 0 || self.write_closed || length == 0 {
            return Ok(0);
        }
        // Before the task's first poll there is nobody to wake; that poll flushes the outbox.
        let waker = self.waker.take();
        let mut cx = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        let stream = Pin::new(&mut self.stream);
        let written = match slices {
            // The usual case; a plain write is the cheaper call.
            [only] => stream.poll_write(&mut cx, only),
            _ => stream.poll_write_vectored(&mut cx, slices),
        };
        let result = match written {
            Poll::Ready(Ok(written)) => Ok(written),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(0),
        };
        self.waker = waker;
        result
    }

    /// Writes one slice, queues what the kernel does not take.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.write_now(&[IoSlice::new(bytes)])?;
        if written < bytes.len() {
            self.outbox().push(bytes.get(written..).unwrap_or_default());
            self.wake();
        }
        Ok(())
    }

    /// Remembers that the bytes queued so far stand for all that JavaScript has given so far, if what
    /// waits is not what was given, byte for byte.
    pub(crate) fn mark(&mut self) {
        let (queued, given) = (self.queued, self.given);
        if let Some(outbox) = &mut self.outbox {
            outbox.mark(queued, given);
        }
    }

    /// As [`Self::write`], for `bytes` that `given` bytes of JavaScript's became.
    pub(crate) fn write_instead(&mut self, bytes: &[u8], given: u64) -> io::Result<()> {
        let accepted = self.given.saturating_sub(self.waiting() as u64);
        self.given += given;
        let written = self.write_now(&[IoSlice::new(bytes)])?;
        if written < bytes.len() {
            let outbox = self.outbox();
            outbox.begin_marks(accepted);
            outbox.push(bytes.get(written..).unwrap_or_default());
            self.mark();
            self.wake();
        }
        Ok(())
    }

    /// Writes what waits, then FIN if one was asked for.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(outbox) = self.outbox.as_mut().filter(|outbox| !outbox.is_empty()) {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outbox.fill(&mut slices);
            let ready = slices.get(..count).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write_vectored(cx, ready) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => outbox.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        self.outbox = None;
        if self.ending && !self.write_closed {
            match Pin::new(&mut self.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.write_closed = true,
                // The peer is gone already; nothing is left to say.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
                    self.write_closed = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Asks for a WRITTEN record with `token` when everything queued so far was accepted.
    pub(crate) fn notify(&mut self, token: u32) {
        self.notifies
            .get_or_insert_default()
            .push((self.queued, token));
    }

    /// The newest token whose bytes are all written, if any is due.
    pub(crate) fn due_notify(&mut self) -> Option<u32> {
        let written = self.queued - self.waiting() as u64;
        let notifies = self.notifies.as_mut()?;
        let due = notifies
            .iter()
            .take_while(|(position, _)| *position <= written)
            .count();
        let token = notifies.drain(..due).next_back().map(|(_, token)| token);
        if notifies.is_empty() {
            self.notifies = None;
        }
        token
    }

    /// Tells the other thread how far JavaScript's bytes got.
    pub(crate) fn report(&mut self, id: u32, progress: &Progress) {
        let waiting = self.waiting() as u64;
        let written = self.queued - waiting;
        let given = self.given;
        let accepted = match &mut self.outbox {
            Some(outbox) if waiting > 0 => outbox.accepted(written),
            _ => None,
        };
        let accepted = accepted.unwrap_or_else(|| given.saturating_sub(waiting));
        progress.report(id, accepted, waiting > 0);
        if waiting == 0
            && let Some(protocol) = &mut self.protocol
        {
            protocol.pongs_written();
        }
    }
}
