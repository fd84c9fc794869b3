//! The IO thread: one tokio current_thread runtime with the control plane and the engine.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::commands::op;
use crate::engine::io_thread::Driver;
use crate::hub::{Hub, Message, request};
use crate::protocol::event::kind;
use crate::server::{self, ListenerHandle, Reception, Refused, Request};
use crate::transport::Stream;

/// How often tokio looks for new readiness while tasks are runnable. Larger than its default: a batch should be a batch.
const EVENT_INTERVAL: u32 = 256;

/// Runs until [`Message::Shutdown`].
pub(super) fn run(hub: &Arc<Hub>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build();
    match runtime {
        Ok(runtime) => {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, serve(Arc::clone(hub)));
        }
        // No descriptors left: whoever asked sees connections that never open; the log line says why.
        Err(error) => eprintln!("ferrows: the IO thread could not start: {error}"),
    }
}

async fn serve(hub: Arc<Hub>) {
    let publisher = Arc::clone(&hub);
    let driver = Driver::start(Arc::clone(hub.progress()), move |events, sequence| {
        publisher.publish(events, sequence)
    });
    let desk = Rc::new(Desk {
        hub: Arc::clone(&hub),
        driver,
        listeners: RefCell::default(),
    });
    let mut messages = VecDeque::new();
    loop {
        if !hub.take_messages(&mut messages) {
            hub.outbox_ready.notified().await;
            continue;
        }
        for message in messages.drain(..) {
            if !desk.handle(message) {
                // A listener's handle and the desk hold each other.
                desk.listeners.borrow_mut().clear();
                return;
            }
        }
        // Connections that became ready meanwhile have their turn.
        tokio::task::yield_now().await;
    }
}

/// Where messages of JavaScript and connections of the control plane arrive.
struct Desk {
    hub: Arc<Hub>,
    driver: Driver<Stream>,
    listeners: RefCell<HashMap<u32, ListenerHandle>>,
}

impl Desk {
    /// False when the thread shall stop.
    fn handle(self: &Rc<Self>, message: Message) -> bool {
        match message {
            Message::Commands(mut batch) => {
                self.driver
                    .execute(&mut batch, |engine, id| self.give_away(engine, id));
                // An id is free when both sides have let go of it; commands come in order, so nothing older can follow.
                for command in batch
                    .commands
                    .iter()
                    .filter(|command| command.op == op::RELEASE)
                {
                    self.hub.release_id(command.connection);
                }
                self.hub.recycle_commands(batch);
            }
            Message::Configure(index, config) => self.driver.engine().configure(index, config),
            #[cfg(unix)]
            Message::Adopt {
                id,
                descriptor,
                rest,
            } => match Stream::from_owned_fd(descriptor) {
                Ok(stream) => self.driver.insert(id, stream, rest),
                Err(error) => {
                    let errno = errno_of(&error);
                    self.driver
                        .engine()
                        .record_plain(id, kind::CLOSED, errno, 0);
                }
            },
            Message::Listen {
                bound,
                config,
                routes,
            } => {
                let id = config.id;
                let reception: Rc<dyn Reception> = Rc::clone(self) as _;
                match server::serve(bound, config, routes, reception) {
                    Ok(handle) => {
                        self.listeners.borrow_mut().insert(id, handle);
                    }
                    Err(error) => self.listener_closed(id, Some(error)),
                }
            }
            Message::CloseListener(id) => {
                if let Some(handle) = self.listeners.borrow().get(&id) {
                    handle.close();
                }
            }
            Message::SetPlain(id, plain) => {
                if let Some(handle) = self.listeners.borrow().get(&id) {
                    handle.set_plain(plain);
                }
            }
            Message::Barrier(done) => {
                // The one who asked may have stopped waiting.
                let _ = done.send(());
            }
            Message::Unstall => self.driver.engine().unstall(),
            Message::Shutdown => return false,
        }
        true
    }

    /// Gives a raw connection's descriptor to JavaScript.
    fn give_away(&self, engine: &mut Engine<Stream>, id: u32) {
        let Some((stream, rest)) = engine.take_raw(id) else {
            return;
        };
        match request::handed_over(stream, &rest) {
            Ok(payload) => engine.record(id, kind::HANDED_OVER, &payload),
            Err(error) => engine.record_plain(id, kind::CLOSED, errno_of(&error), 0),
        }
    }
}

impl Reception for Desk {
    fn request(&self, request: Request) {
        let payload = request::encode(
            request.listener,
            request.route,
            &request.head,
            &request.addresses,
        );
        let id = self.hub.allocate_id();
        self.driver.insert(id, request.stream, request.rest);
        self.driver.engine().record(id, kind::REQUEST, &payload);
    }

    fn unhandled(&self, refused: Refused) {
        let payload = request::encode(refused.listener, None, &refused.head, &refused.addresses);
        self.driver
            .engine()
            .record(refused.listener, kind::UNHANDLED, &payload);
    }

    fn hand_over(&self, listener: u32, stream: Stream, read: Vec<u8>) {
        // Without a descriptor there is nothing to hand over; the peer sees the connection close.
        if let Ok(payload) = request::handed_over(stream, &read) {
            self.driver
                .engine()
                .record(listener, kind::HANDED_OVER, &payload);
        }
    }

    fn listener_closed(&self, listener: u32, error: Option<io::Error>) {
        self.listeners.borrow_mut().remove(&listener);
        let errno = error.as_ref().map_or(0, errno_of);
        self.driver
            .engine()
            .record_plain(listener, kind::LISTENER_CLOSED, errno, 0);
    }
}

fn errno_of(error: &io::Error) -> u32 {
    error
        .raw_os_error()
        .and_then(|errno| u32::try_from(errno).ok())
        .unwrap_or(0)
}
