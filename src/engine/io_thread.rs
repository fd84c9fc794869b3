//! The IO-thread driver: turns an [`Engine`] on a tokio current_thread runtime.
//!
//! One task per connection (its transport wakes it), one that publishes what the others produced after they all had their turn,
//! one for the timer wheel. All on one thread, so the engine needs no lock.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::commands::CommandBatch;
use super::progress::Progress;
use super::{Engine, INTERNAL_ERROR};
use crate::protocol::event::EventQueue;
use crate::transport::Transport;

/// An engine on the current thread's runtime. Cheap to clone.
pub struct Driver<T> {
    engine: Rc<RefCell<Engine<T>>>,
    timers: Rc<Notify>,
    started: Instant,
}

impl<T> Clone for Driver<T> {
    fn clone(&self) -> Self {
        Self {
            engine: Rc::clone(&self.engine),
            timers: Rc::clone(&self.timers),
            started: self.started,
        }
    }
}

impl<T: Transport + 'static> Driver<T> {
    /// Starts the driver's tasks. `publish` gets each batch of events with its sequence number and returns an empty queue
    /// for the next one. Must be called inside a `LocalSet`.
    pub fn start(
        progress: Arc<Progress>,
        publish: impl FnMut(EventQueue, u64) -> EventQueue + Unpin + 'static,
    ) -> Self {
        let engine = Rc::new(RefCell::new(Engine::new(progress, 0)));
        let driver = Self {
            engine,
            timers: Rc::new(Notify::new()),
            started: Instant::now(),
        };
        tokio::task::spawn_local(Publisher {
            engine: Rc::clone(&driver.engine),
            publish,
            spare: EventQueue::default(),
        });
        tokio::task::spawn_local(driver.clone().turn_timers());
        driver
    }

    /// The engine. The borrow must not be held across an await.
    #[must_use]
    pub fn engine(&self) -> std::cell::RefMut<'_, Engine<T>> {
        self.engine.borrow_mut()
    }

    /// Adopts a raw connection and serves it until it is closed.
    pub fn insert(&self, id: u32, stream: T, rest: Vec<u8>) {
        let generation = self.engine().insert(id, stream, rest);
        tokio::task::spawn_local(ConnectionTask {
            engine: Rc::clone(&self.engine),
            id,
            generation,
        });
    }

    /// Carries out a batch of commands.
    pub fn execute(&self, batch: &mut CommandBatch, hand_over: impl FnMut(&mut Engine<T>, u32)) {
        self.engine().advance(self.now_ms());
        self.engine().execute(batch, hand_over);
        if self.engine().next_wake(0).is_some() {
            self.timers.notify_one();
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn turn_timers(self) {
        loop {
            let wake = self.engine().next_wake(self.now_ms());
            match wake {
                // A timer that is inserted meanwhile may be due earlier.
                Some(ms) => {
                    let sleep = tokio::time::sleep(Duration::from_millis(ms));
                    tokio::select! { () = sleep => {}, () = self.timers.notified() => {} }
                }
                None => self.timers.notified().await,
            }
            self.engine().advance(self.now_ms());
        }
    }
}

/// Serves one connection.
struct ConnectionTask<T> {
    engine: Rc<RefCell<Engine<T>>>,
    id: u32,
    generation: u32,
}

impl<T: Transport> Future for ConnectionTask<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (id, generation) = (self.id, self.generation);
        let turn = || self.engine.borrow_mut().turn(id, generation, cx);
        catch_unwind(AssertUnwindSafe(turn)).unwrap_or_else(|_| {
            self.engine.borrow_mut().close(id, INTERNAL_ERROR);
            Poll::Ready(())
        })
    }
}

/// Hands the events over once everybody who was ready has had a turn: it is woken by the first event of a batch, so it stands in the
/// run queue behind all the connections that were ready at that moment.
struct Publisher<T, F> {
    engine: Rc<RefCell<Engine<T>>>,
    publish: F,
    spare: EventQueue,
}

impl<T, F> Future for Publisher<T, F>
where
    T: Transport,
    F: FnMut(EventQueue, u64) -> EventQueue + Unpin,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut engine = this.engine.borrow_mut();
        engine.set_publisher(cx.waker());
        if engine.has_events() {
            let (events, sequence) = engine.take_events(std::mem::take(&mut this.spare));
            drop(engine);
            this.spare = (this.publish)(events, sequence);
        }
        Poll::Pending
    }
}
