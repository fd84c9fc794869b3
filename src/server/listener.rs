//! The accept loop of one listener and what its connections share.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::Notify;

#[cfg(unix)]
use super::bind::SocketFile;
use super::bind::{Bound, BoundSocket};
use super::connection::converse;
use super::{ListenerConfig, Plain, Reception, Routes};
use crate::transport::{Addresses, Stream};

/// Connections of one listener that may be in the control plane at a time. Beyond it nothing is
/// accepted, and further clients wait in the kernel's backlog.
const MAX_CONNECTIONS: usize = 65_536;

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Bytes that one read may bring.
const READ_SIZE: usize = 16 * 1024;

/// Stops a listener. Dropping it does not.
#[derive(Debug)]
pub struct ListenerHandle {
    shared: Rc<Shared>,
}

impl ListenerHandle {
    /// Stops accepting and drops keep-alive connections that are between two requests, as Node
    /// does since version 19. Requests that have begun are finished; [`Reception::listener_closed`]
    /// comes after the last. Calling it again has no effect.
    pub fn close(&self) {
        self.shared.closing.set(true);
        self.shared.close.notify_waiters();
    }

    /// Changes what is done with plain requests, for those that come from now on.
    pub fn set_plain(&self, plain: Plain) {
        self.shared.plain.set(plain);
    }
}

/// What the accept loop and the connections of one listener share.
pub(super) struct Shared {
    pub(super) config: ListenerConfig,
    /// What is done with plain requests; begins as the configuration says.
    pub(super) plain: Cell<Plain>,
    pub(super) routes: Routes,
    pub(super) reception: Rc<dyn Reception>,
    /// One buffer for all reads: a connection without a request has none of its own.
    pub(super) buffer: RefCell<Box<[u8]>>,
    closing: Cell<bool>,
    close: Notify,
    connections: Cell<usize>,
    left: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .field("closing", &self.closing)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Resolves when the listener is told to close, at once if it has been.
    pub(super) async fn closing(&self) {
        let notified = self.close.notified();
        if !self.closing.get() {
            notified.await;
        }
    }
}

/// Counts a connection as long as it is in the control plane.
#[derive(Debug)]
pub(super) struct Presence(Rc<Shared>);

impl Presence {
    fn new(shared: Rc<Shared>) -> Self {
        shared.connections.set(shared.connections.get() + 1);
        Self(shared)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Ends the count; what is shared may still be used.
    pub(super) fn leave(self) -> Rc<Shared> {
        Rc::clone(&self.0)
    }
}

impl Drop for Presence {
    // Also runs when the task panics or the runtime is torn down: it must call nobody.
    fn drop(&mut self) {
        self.0
            .connections
            .set(self.0.connections.get().saturating_sub(1));
        self.0.left.notify_one();
    }
}

/// Starts to accept. Call it on the IO thread, inside the runtime and its `LocalSet`.
///
/// # Errors
///
/// The kernel's, from registering the socket with the runtime; the socket is closed then.
///
/// # Panics
///
/// Outside of a `LocalSet`, or of a runtime with IO and time enabled.
pub fn serve(
    bound: Bound,
    config: ListenerConfig,
    routes: Routes,
    reception: Rc<dyn Reception>,
) -> io::Result<ListenerHandle> {
    let listener = match bound.socket {
        BoundSocket::Tcp(listener) => Listener::tcp(TcpListener::from_std(listener)?)?,
        #[cfg(unix)]
        BoundSocket::Unix(listener, file) => Listener::Unix {
            listener: UnixListener::from_std(listener)?,
            _file: file,
        },
    };
    let shared = Rc::new(Shared {
        plain: Cell::new(config.plain),
        config,
        routes,
        reception,
        buffer: RefCell::new(vec![0; READ_SIZE].into_boxed_slice()),
        closing: Cell::new(false),
        close: Notify::new(),
        connections: Cell::new(0),
        left: Notify::new(),
    });
    let handle = ListenerHandle {
        shared: Rc::clone(&shared),
    };
    tokio::task::spawn_local(listen(listener, shared));
    Ok(handle)
}

/// The life of a listener.
async fn listen(listener: Listener, shared: Rc<Shared>) {
    let error = tokio::select! {
        biased;
        () = shared.closing() => None,
        error = accept_all(&listener, &shared) => Some(error),
    };
    drop(listener);
    if error.is_some() {
        // Nobody is going to close it: idle connections must not wait for that.
        shared.closing.set(true);
        shared.close.notify_waiters();
    }
    while shared.connections.get() > 0 {
        shared.left.notified().await;
    }
    shared.reception.listener_closed(shared.config.id, error);
}

/// Accepts until that is not possible any more. tokio takes one connection after the other without
/// waiting as long as the kernel has some, and yields to other tasks by its cooperative budget.
async fn accept_all(listener: &Listener, shared: &Rc<Shared>) -> io::Error {
    loop {
        while shared.connections.get() >= MAX_CONNECTIONS {
            shared.left.notified().await;
        }
        match listener.accept().await {
            Ok((stream, addresses)) => {
                let presence = Presence::new(Rc::clone(shared));
                tokio::task::spawn_local(converse(stream, addresses, presence));
            }
            Err(error) => match Failure::of(&error) {
                Failure::Connection => {}
                Failure::Resources => tokio::time::sleep(ACCEPT_BACKOFF).await,
                Failure::Listener => return error,
            },
        }
    }
}

/// What a failed accept was about.
enum Failure {
    /// That one connection, for instance reset in the backlog.
    Connection,
    /// Descriptors or memory, which may come back.
    Resources,
    /// The listening socket itself.
    Listener,
}

impl Failure {
    fn of(error: &io::Error) -> Self {
        #[cfg(unix)]
        match error.raw_os_error() {
            Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EOPNOTSUPP) => {
                return Self::Listener;
            }
            Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
                return Self::Resources;
            }
            _ => {}
        }
        match error.kind() {
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted => Self::Connection,
            // An unknown error must not become a busy loop.
            _ => Self::Resources,
        }
    }
}

/// A listening socket in the runtime.
enum Listener {
    Tcp {
        listener: TcpListener,
        /// The address that all accepted sockets have, unless the listener has a wildcard.
        local: Option<SocketAddr>,
    },
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        _file: Option<SocketFile>,
    },
}

impl Listener {
    fn tcp(listener: TcpListener) -> io::Result<Self> {
        let local = listener.local_addr()?;
        let local = (!local.ip().is_unspecified()).then_some(local);
        Ok(Self::Tcp { listener, local })
    }

    async fn accept(&self) -> io::Result<(Stream, Addresses)> {
        match self {
            Self::Tcp { listener, local } => {
                let (stream, remote) = listener.accept().await?;
                // Elsewhere accepted sockets have it from the listener. Nothing depends on it.
                #[cfg(windows)]
                let _ = stream.set_nodelay(true);
                let local = local.or_else(|| stream.local_addr().ok());
                Ok((
                    stream.into(),
                    Addresses {
                        remote: Some(remote),
                        local,
                    },
                ))
            }
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((stream.into(), Addresses::default()))
            }
        }
    }
}
