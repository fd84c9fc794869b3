//! The engine over in-memory transports: what commands do to the wire, what bytes do to the events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod compress;
mod outbox;
mod serving;
mod timers;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::commands::{Command, CommandBatch, op};
use super::io_thread::Driver;
use super::progress::Progress;
use crate::protocol::config::Config;
use crate::protocol::event::{EventQueue, Record, kind};
use crate::protocol::{frame, mask};

/// A transport of tests: an in-memory pipe, or one whose code panics.
pub(super) enum Pipe {
    Memory(DuplexStream),
    Panics,
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Memory(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Panics => panic!("injected"),
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Memory(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Panics => panic!("injected"),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Panics => panic!("injected"),
        }
    }
}

impl crate::transport::Transport for Pipe {}

/// What JavaScript would have seen: records, with their payloads.
#[derive(Default)]
pub(super) struct Seen {
    events: Vec<(Record, Vec<u8>)>,
    batches: Vec<(usize, u64)>,
}

/// A driver, and everything it has published.
pub(super) struct Bench {
    pub(super) driver: Driver<Pipe>,
    pub(super) progress: Arc<Progress>,
    pub(super) seen: Rc<RefCell<Seen>>,
}

impl Bench {
    /// `drain`: whether batches count as dispatched at once, as with an idle JavaScript thread.
    pub(super) fn start(drain: bool) -> Self {
        let (progress, seen) = (
            Arc::new(Progress::default()),
            Rc::new(RefCell::<Seen>::default()),
        );
        let (counters, log) = (Arc::clone(&progress), Rc::clone(&seen));
        let driver = Driver::start(
            Arc::clone(&progress),
            move |events: EventQueue, sequence| {
                let weight = events.weight();
                counters.published(weight);
                let mut log = log.borrow_mut();
                for record in &events.records {
                    log.events.push((*record, payload(record, &events)));
                }
                log.batches.push((weight, sequence));
                if drain {
                    let _ = counters.consumed(weight);
                    counters.drained(sequence);
                }
                EventQueue::default()
            },
        );
        driver.engine().configure(0, Arc::new(Config::server()));
        Self {
            driver,
            progress,
            seen,
        }
    }

    /// A started connection; the peer's end of its pipe, which holds `capacity` bytes each way.
    pub(super) fn connect(&self, id: u32, capacity: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(capacity);
        self.driver.insert(id, Pipe::Memory(ours), Vec::new());
        self.send(&[[id, op::START, 0, 1]], &[]);
        theirs
    }

    pub(super) fn send(&self, commands: &[[u32; 4]], data: &[u8]) {
        let commands = commands
            .iter()
            .map(|&[connection, op, a, b]| Command {
                connection,
                op,
                a,
                b,
            })
            .collect();
        let mut batch = CommandBatch {
            commands,
            data: data.to_vec(),
            large: Vec::new(),
        };
        self.driver.execute(&mut batch, |_, _| {});
    }

    /// Waits until a record of `kind` of connection `id` was published; its words and payload.
    pub(super) async fn event(&self, id: u32, kind: u32) -> (Record, Vec<u8>) {
        let found = async {
            loop {
                let position = {
                    let seen = self.seen.borrow();
                    seen.events
                        .iter()
                        .position(|(r, _)| r.connection == id && r.kind == kind)
                };
                if let Some(position) = position {
                    return self.seen.borrow_mut().events.remove(position);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), found)
            .await
            .expect("the event comes")
    }

    pub(super) fn count(&self, id: u32, kind: u32) -> usize {
        let seen = self.seen.borrow();
        seen.events
            .iter()
            .filter(|(r, _)| r.connection == id && r.kind == kind)
            .count()
    }

    /// Lets everything that is ready happen.
    pub(super) async fn settle(&self) {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
}

fn payload(record: &Record, events: &EventQueue) -> Vec<u8> {
    match record.kind {
        kind::TEXT_LARGE | kind::BINARY_LARGE => events.large[record.a as usize].clone(),
        kind::TEXT | kind::BINARY | kind::PONG | kind::PING => {
            let length = (record.b & 0x7fff_ffff) as usize;
            events.payloads[record.a as usize..][..length].to_vec()
        }
        _ => Vec::new(),
    }
}

/// A masked client frame.
pub(super) fn client_frame(first: u8, bytes: &[u8]) -> Vec<u8> {
    let key = [7, 21, 101, 250];
    let mut out = Vec::new();
    frame::write_header(&mut out, first, bytes.len() as u64, Some(key));
    let start = out.len();
    out.extend_from_slice(bytes);
    mask::apply(&mut out[start..], key, 0);
    out
}

/// Runs a test inside a runtime as the IO thread has it.
pub(super) fn run<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { test().await });
}

/// Ten thousand idle connections are ten thousand of these.
#[test]
fn an_idle_connection_is_small() {
    let size = size_of::<super::connection::Live<crate::transport::Stream>>();
    assert!(size <= 256, "{size} bytes");
}
