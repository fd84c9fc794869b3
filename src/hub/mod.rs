//! What the JavaScript thread and the IO thread of one Node environment share: inbox, command queue, ids, doorbell.
//!
//! Knows the two threads, not N-API: the doorbell is a closure. The IO thread starts with the first thing it is asked to do.

mod io;
pub mod request;

use std::collections::VecDeque;
use std::io as std_io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;

use crate::engine::commands::CommandBatch;
use crate::engine::progress::Progress;
use crate::protocol::config::Config;
use crate::protocol::event::EventQueue;
use crate::server::{Bound, ListenerConfig, Plain, Routes};

/// Events that were produced together.
#[derive(Debug)]
pub struct Batch {
    /// Records and payloads.
    pub events: EventQueue,
    sequence: u64,
    weight: usize,
}

/// What the IO thread is asked to do.
pub enum Message {
    /// Carry out commands.
    Commands(CommandBatch),
    /// Know configuration `.0` for START commands.
    Configure(usize, Arc<Config>),
    /// Serve a connection that Node accepted or opened.
    #[cfg(unix)]
    Adopt {
        /// The connection's id.
        id: u32,
        /// A descriptor of our own.
        descriptor: std::os::fd::OwnedFd,
        /// Bytes that Node had read already.
        rest: Vec<u8>,
    },
    /// Accept connections.
    Listen {
        /// The bound socket.
        bound: Bound,
        /// What to do with requests.
        config: ListenerConfig,
        /// Paths, where the listener is routed.
        routes: Routes,
    },
    /// Stop accepting.
    CloseListener(u32),
    /// From now on, do this with plain HTTP.
    SetPlain(u32, Plain),
    /// Answer when everything before this was carried out.
    Barrier(mpsc::Sender<()>),
    /// Batches were drained; stalled connections may be read again.
    Unstall,
    /// Stop the thread.
    Shutdown,
}

#[derive(Default)]
struct Ids {
    free: Vec<u32>,
    next: u32,
}

/// The shared state. One per Node environment (and per realm that loads the package).
pub struct Hub {
    inbox: Mutex<VecDeque<Batch>>,
    spare_events: Mutex<Vec<EventQueue>>,
    rung: AtomicBool,
    doorbell: Box<dyn Fn() + Send + Sync>,
    outbox: Mutex<VecDeque<Message>>,
    outbox_ready: Notify,
    spare_commands: Mutex<Vec<CommandBatch>>,
    ids: Mutex<Ids>,
    progress: Arc<Progress>,
    thread: Mutex<Option<JoinHandle<()>>>,
    started: AtomicBool,
}

/// How many emptied queues are kept for the next batches.
const SPARES: usize = 8;
/// An emptied queue that grew beyond this many bytes is not kept.
const SPARE_LIMIT: usize = 1024 * 1024;

impl Hub {
    /// A hub whose IO thread calls `doorbell` when the inbox stops being empty.
    #[must_use]
    pub fn new(doorbell: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            inbox: Mutex::default(),
            spare_events: Mutex::default(),
            rung: AtomicBool::new(false),
            doorbell: Box::new(doorbell),
            outbox: Mutex::default(),
            outbox_ready: Notify::new(),
            spare_commands: Mutex::default(),
            ids: Mutex::default(),
            progress: Arc::default(),
            thread: Mutex::default(),
            started: AtomicBool::new(false),
        })
    }

    /// Sends a message to the IO thread, which is started if it was not.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn send(self: &Arc<Self>, message: Message) -> std_io::Result<()> {
        if !self.started.swap(true, Ordering::AcqRel) {
            let hub = Arc::clone(self);
            let spawned = std::thread::Builder::new()
                .name("ferrows-io".into())
                .spawn(move || io::run(&hub));
            match spawned {
                Ok(thread) => *lock(&self.thread) = Some(thread),
                Err(error) => {
                    self.started.store(false, Ordering::Release);
                    return Err(error);
                }
            }
        }
        let mut outbox = lock(&self.outbox);
        let idle = outbox.is_empty();
        outbox.push_back(message);
        self.progress.set_queued(true);
        drop(outbox);
        if idle {
            self.outbox_ready.notify_one();
        }
        Ok(())
    }

    /// An empty command batch, if possible one that has memory already.
    #[must_use]
    pub fn spare_commands(&self) -> CommandBatch {
        lock(&self.spare_commands).pop().unwrap_or_default()
    }

    /// Waits until the IO thread has carried out everything sent so far, at most `limit`.
    pub fn barrier(self: &Arc<Self>, limit: Duration) {
        if !self.started.load(Ordering::Acquire) {
            return;
        }
        let (sender, receiver) = mpsc::channel();
        if self.send(Message::Barrier(sender)).is_ok() {
            // Timing out is all right: the process is about to end.
            let _ = receiver.recv_timeout(limit);
        }
    }

    /// Stops the IO thread and waits for it. Connections are dropped.
    pub fn shutdown(self: &Arc<Self>) {
        if self.started.load(Ordering::Acquire) && self.send(Message::Shutdown).is_ok() {
            let thread = lock(&self.thread).take();
            if let Some(thread) = thread {
                let _ = thread.join();
            }
        }
    }

    /// Moves the batches that wait to `into`. Called by the JavaScript thread after the doorbell rang.
    pub fn take_batches(&self, into: &mut VecDeque<Batch>) {
        self.rung.store(false, Ordering::SeqCst);
        into.append(&mut lock(&self.inbox));
    }

    /// A batch was dispatched and what it caused was sent.
    pub fn drained(self: &Arc<Self>, batch: Batch) {
        self.progress.drained(batch.sequence);
        if self.progress.consumed(batch.weight) {
            // Without a thread there is nobody to tell.
            let _ = self.send(Message::Unstall);
        }
        recycle_events(&self.spare_events, batch.events);
    }

    /// A new connection or listener id, unused until [`Self::release_id`].
    #[must_use]
    pub fn allocate_id(&self) -> u32 {
        let mut ids = lock(&self.ids);
        ids.free.pop().unwrap_or_else(|| {
            let id = ids.next;
            ids.next = id.wrapping_add(1);
            id
        })
    }

    /// Gives an id back.
    pub fn release_id(&self, id: u32) {
        // JavaScript may ask about the next connection before the engine knows of it.
        self.progress.report(id, 0, false);
        lock(&self.ids).free.push(id);
    }

    /// Counters of the engine.
    #[must_use]
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    fn publish(&self, events: EventQueue, sequence: u64) -> EventQueue {
        let weight = events.weight();
        self.progress.published(weight);
        lock(&self.inbox).push_back(Batch {
            events,
            sequence,
            weight,
        });
        if !self.rung.swap(true, Ordering::SeqCst) {
            (self.doorbell)();
        }
        lock(&self.spare_events).pop().unwrap_or_default()
    }

    fn take_messages(&self, into: &mut VecDeque<Message>) -> bool {
        let mut outbox = lock(&self.outbox);
        into.append(&mut outbox);
        if into.is_empty() {
            self.progress.set_queued(false);
        }
        !into.is_empty()
    }

    fn recycle_commands(&self, mut batch: CommandBatch) {
        batch.clear();
        let mut spares = lock(&self.spare_commands);
        if spares.len() < SPARES && batch.data.capacity() <= SPARE_LIMIT {
            spares.push(batch);
        }
    }
}

fn recycle_events(spares: &Mutex<Vec<EventQueue>>, mut events: EventQueue) {
    events.clear();
    let mut spares = lock(spares);
    if spares.len() < SPARES && events.payloads.capacity() <= SPARE_LIMIT {
        spares.push(events);
    }
}

/// A panic elsewhere leaves these collections whole: every critical section is a push or an append.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
