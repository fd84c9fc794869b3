//! Live connections over the protocol core: table, receive buffer, outboxes, timers, records out.
//!
//! [`Engine`] is a plain struct that owns no thread; a driver (`io_thread`) turns it. It knows neither HTTP nor JavaScript:
//! commands come in as [`commands::CommandBatch`], events go out as [`EventQueue`]s.

pub mod commands;
mod compress;
mod connection;
mod execute;
pub mod io_thread;
mod masks;
mod outbox;
pub mod progress;
mod receive;
mod timers;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::task::Waker;

use self::compress::Compressor;
use self::connection::Live;
use self::masks::Masks;
use self::progress::Progress;
use self::timers::TimerWheel;
use crate::protocol::config::Config;
use crate::protocol::connection::Connection;
use crate::protocol::event::{EventQueue, kind};
use crate::transport::Transport;

/// Bytes that one read may bring. One buffer for all connections of an engine: it stays in the cache.
const RECEIVE_BUFFER: usize = 128 * 1024;

/// How many connections may have compressors of their own at the same time; each takes about 300 KiB
/// with zlib's default window and memory level. The others start every message with an empty window.
pub const OWN_COMPRESSORS_MAX: usize = 512;

/// The errno of a CLOSED record after a panic in the connection's own code.
pub const INTERNAL_ERROR: u32 = 0xffff;

enum Slot<T> {
    Free,
    Live(Box<Live<T>>),
    /// CLOSED was recorded, RELEASE has not come.
    Closed,
}

/// The table of connections and everything that they share.
pub struct Engine<T> {
    slots: Vec<Slot<T>>,
    receive_buffer: Box<[u8]>,
    /// Reply bytes of the connection that is being read.
    replies: Vec<u8>,
    events: EventQueue,
    /// Sequence number of the batch that `events` will become.
    sequence: u64,
    timers: TimerWheel,
    /// When to ask a connection whether it still needs its compressor.
    idle: TimerWheel,
    compressor: Compressor,
    fired: Vec<(u32, u32)>,
    masks: Masks,
    configs: Vec<Arc<Config>>,
    progress: Arc<Progress>,
    stalled: Vec<u32>,
    generation: u32,
    now_ms: u64,
    /// Woken when `events` stops being empty.
    publisher: Option<Waker>,
    announced: bool,
}

impl<T: Transport> Engine<T> {
    /// An engine without connections; `now_ms` is the driver's clock.
    #[must_use]
    pub fn new(progress: Arc<Progress>, now_ms: u64) -> Self {
        Self {
            slots: Vec::new(),
            receive_buffer: vec![0; RECEIVE_BUFFER].into_boxed_slice(),
            replies: Vec::new(),
            events: EventQueue::default(),
            sequence: 1,
            timers: TimerWheel::new(now_ms),
            idle: TimerWheel::new(now_ms),
            compressor: Compressor::default(),
            fired: Vec::new(),
            masks: Masks::default(),
            configs: Vec::new(),
            progress,
            stalled: Vec::new(),
            generation: 0,
            now_ms,
            publisher: None,
            announced: false,
        }
    }

    /// Adds configuration `index`, which START commands name.
    pub fn configure(&mut self, index: usize, config: Arc<Config>) {
        while self.configs.len() <= index {
            self.configs.push(Arc::clone(&config));
        }
        if let Some(slot) = self.configs.get_mut(index) {
            *slot = config;
        }
    }

    /// Adopts a raw connection. `rest` are bytes already read. Returns its generation.
    pub fn insert(&mut self, id: u32, stream: T, rest: Vec<u8>) -> u32 {
        let index = id as usize;
        while self.slots.len() <= index {
            self.slots.push(Slot::Free);
        }
        self.generation = self.generation.wrapping_add(1);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot::Live(Box::new(Live::new(stream, rest, self.generation)));
        }
        self.progress.report(id, 0, false);
        self.generation
    }

    /// A record that concerns no connection's bytes (requests, listeners). `payload` is copied.
    pub fn record(&mut self, connection: u32, kind: u32, payload: &[u8]) {
        let offset = self.events.append_payload(payload);
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.events.push(connection, kind, offset, length);
        self.mark_event(connection);
        self.announce();
    }

    /// As [`Self::record`], without a payload.
    pub fn record_plain(&mut self, connection: u32, kind: u32, a: u32, b: u32) {
        self.events.push(connection, kind, a, b);
        self.announce();
    }

    /// Takes the events so far; `empty` is used for the next ones. Returns the batch's sequence number as well.
    pub fn take_events(&mut self, empty: EventQueue) -> (EventQueue, u64) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.announced = false;
        (std::mem::replace(&mut self.events, empty), sequence)
    }

    /// Whether events wait to be taken.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Who is woken when events wait.
    pub fn set_publisher(&mut self, waker: &Waker) {
        self.publisher = Some(waker.clone());
    }

    /// JavaScript has caught up: connections that were stalled are read again.
    pub fn unstall(&mut self) {
        for id in std::mem::take(&mut self.stalled) {
            if let Some(live) = self.live(id) {
                live.stalled = false;
                live.wake();
            }
        }
    }

    /// Moves the clock; connections whose time is over are dropped.
    pub fn advance(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        let mut fired = std::mem::take(&mut self.fired);
        self.timers.advance(now_ms, &mut fired);
        for (id, generation) in fired.drain(..) {
            if self
                .live(id)
                .is_some_and(|live| live.generation == generation)
            {
                self.close(id, 0);
            }
        }
        self.idle.advance(now_ms, &mut fired);
        for (id, generation) in fired.drain(..) {
            self.check_idle(id, generation);
        }
        self.fired = fired;
        self.announce();
    }

    /// Milliseconds until [`Self::advance`] is needed, if it is.
    #[must_use]
    pub fn next_wake(&self, now_ms: u64) -> Option<u64> {
        let (drop, check) = (self.timers.next_wake(now_ms), self.idle.next_wake(now_ms));
        drop.into_iter().chain(check).min()
    }

    /// Drops a connection and records CLOSED with `errno` (0: none).
    pub fn close(&mut self, id: u32, errno: u32) {
        let Some(slot) = self.slots.get_mut(id as usize) else {
            return;
        };
        if let Slot::Live(live) = std::mem::replace(slot, Slot::Closed) {
            live.wake();
            let protocol = live.protocol.as_ref();
            self.compressor.own -= usize::from(protocol.is_some_and(Connection::holds_deflate));
            // Callbacks of bytes that the engine still holds fail; if it holds none, they succeed.
            self.events
                .push(id, kind::CLOSED, errno, u32::from(live.waiting() == 0));
            self.announce();
        }
    }

    fn fail(&mut self, id: u32, error: &io::Error) {
        let errno = error
            .raw_os_error()
            .and_then(|errno| u32::try_from(errno).ok());
        self.close(id, errno.unwrap_or(0));
    }

    fn live(&mut self, id: u32) -> Option<&mut Live<T>> {
        match self.slots.get_mut(id as usize) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }

    fn mark_event(&mut self, id: u32) {
        let sequence = self.sequence;
        if let Some(live) = self.live(id) {
            live.last_event = sequence;
        }
    }

    fn announce(&mut self) {
        if !self.announced && !self.events.is_empty() {
            self.announced = true;
            if let Some(waker) = &self.publisher {
                waker.wake_by_ref();
            }
        }
    }
}
